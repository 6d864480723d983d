"""How numbers stand in the tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cohort.describe import quantile, short
from tocsin.cohort.result import Estimate

NONE = "–"


def share(count: int, of: int) -> str:
    """A count with its percentage: 9/17 (52.9)."""
    return f"{count}/{of} ({100 * count / of:.1f})" if of else NONE


def median_range(values: Sequence[float] | npt.NDArray[np.float64]) -> str:
    """The median with the range: 6.1 (2–14)."""
    return f"{short(float(quantile(values, 0.5)))} ({short(min(values))}–{short(max(values))})" if len(values) else NONE


def median_quartiles(values: Sequence[float] | npt.NDArray[np.float64]) -> str:
    """The median with the quartiles (quantiles of type 7)."""
    if not len(values):
        return NONE
    q1, m, q3 = (short(float(x)) for x in quantile(values, [0.25, 0.5, 0.75]))
    return f"{m} ({q1}–{q3})"


def with_interval(e: Estimate, percent: bool = False, unit: str = "") -> str:
    """An estimate with its limits: 1.42 (0.61 to 3.30); a limit that does not exist is an en dash."""
    if e.value is None:
        return NONE
    value, low, high = (_limit(x, percent) for x in (e.value, e.low, e.high))
    return f"{value}{unit} ({low} to {high})"


def _limit(x: float | None, percent: bool) -> str:
    if x is None:
        return NONE
    if isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{100 * x:.1f}" if percent else f"{x:.2f}" if abs(x) < 10 else short(x)


def frame(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> pl.DataFrame:
    """A table of texts."""
    return pl.DataFrame(list(rows), schema=dict.fromkeys(heads, pl.String), orient="row")


def joined(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def plural(n: int, one: str, many: str = "") -> str:
    """1 patient, 2 patients."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
