"""What a group of values is like: counts, mean and SD, median and quartiles by a named type of quantile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tocsin.errors import CohortError

QUANTILE_TYPES: Mapping[int, str] = MappingProxyType({
    1: "inverted_cdf", 2: "averaged_inverted_cdf", 3: "closest_observation", 4: "interpolated_inverted_cdf", 5: "hazen", 6: "weibull",
    7: "linear", 8: "median_unbiased", 9: "normal_unbiased",
})
"""The nine types of sample quantiles (hyndman1996) by numpy's names.  7 is the default of R, numpy and Excel; 6 that of SPSS, Minitab
and GraphPad Prism; 2 that of SAS; 8 is the one their paper recommends."""


@dataclass(frozen=True, slots=True)
class Summary:
    """``n`` values and how many are ``missing``; the rest is None where it does not exist (no value, or an SD of one value)."""

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    q1: float | None
    q3: float | None
    least: float | None
    most: float | None
    quantile_type: int = 7


def quantile(values: npt.ArrayLike, share: float | list[float], quantile_type: int = 7) -> npt.NDArray[np.float64]:
    """Sample quantiles by one of the nine types; CohortError for another type, or when there are no values."""
    method = QUANTILE_TYPES.get(quantile_type)
    if method is None:
        raise CohortError(f"quantiles have a type from 1 to 9 (7 as R, 6 as SPSS and Prism), not {quantile_type}")
    array = np.asarray(values, float)
    if not array.size:
        raise CohortError("no values have no quantiles")
    found: npt.NDArray[np.float64] = np.asarray(np.quantile(array, share, method=method))  # type: ignore[call-overload]
    return found


def summary(values: npt.ArrayLike, missing: int = 0, quantile_type: int = 7) -> Summary:
    """The summary of the values that are known; ``missing`` counts the others.  The SD has the divisor n - 1."""
    array = np.asarray(values, float)
    if not np.isfinite(array).all():
        raise CohortError("missing or infinite values are left out before a summary, and counted")
    if not array.size:
        return Summary(0, missing, None, None, None, None, None, None, None, quantile_type)
    q1, median, q3 = quantile(array, [0.25, 0.5, 0.75], quantile_type)
    sd = float(array.std(ddof=1)) if array.size > 1 else None
    return Summary(int(array.size), missing, float(array.mean()), sd, float(median), float(q1), float(q3), float(array.min()), float(array.max()),
                   quantile_type)


def short(x: float) -> str:
    """A number as tables print it: three significant digits, but whole numbers whole."""
    return f"{x:.0f}" if abs(x) >= 100 or x == int(x) else f"{x:.1f}" if abs(x) >= 10 else f"{x:.3g}"
