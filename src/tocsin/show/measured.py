"""The course of a score, a formula or a count of days on a terminal: value, meaning, what it is made of, what is not told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.scales import Kind
from tocsin.show.times import Clock
from tocsin.show.values import Units
from tocsin.show.wording import capital, criterion_by_code, flag_words, missing_words, observation, printed

if TYPE_CHECKING:
    from rich.table import Table

    from tocsin.grading.result import Grades
    from tocsin.scales import Scale

MOST_ROWS = 40
MOST_MISSING = 6
"""Of more missing inputs than this the rest is counted; ``tocsin ask`` and ``--json`` name all."""


def value_range(at_least: float, at_most: float, unit: str = "") -> str:
    """The bare value with its unit: "169 points", "2.4 to 3", "0.8 or more", "any"."""
    name = "" if unit in ("", "1", "grade") else f" {printed(unit)}"
    if math.isinf(at_most):
        return f"{at_least:.4g}{name} or more" if at_least > 0 else "not known"
    return f"{at_least:.4g}{name}" if at_least == at_most else f"{at_least:.4g} to {at_most:.4g}{name}"


def fill_measured(table: Table, scale: Scale, grades: Grades, patient: str, clock: Clock, wide: bool) -> int:
    """Put the rows of one patient into a table (when, value, made of, not told); returns how many were left out."""
    frame = grades.frame.with_row_index("step").filter(pl.col("patient") == patient)
    for row in frame.head(MOST_ROWS).iter_rows(named=True):
        end = row["end_hour"] if row["end_hour"] is not None and math.isfinite(row["end_hour"]) else None
        missing = _missing(row["undecided"])
        cells = [capital(clock.span(row["start_hour"], end)), "\n".join(_value(scale, row)), "\n".join(_parts(grades, row, missing, wide))]
        table.add_row(*cells, *([missing] if wide else []))
    return max(0, len(frame) - MOST_ROWS)


def _value(scale: Scale, row: dict[str, Any]) -> list[str]:
    out = [value_range(row["at_least"], row["at_most"], scale.unit)]
    if "band" in row:
        out.append(row["band"])
    if "probability_at_least" in row:
        low, high = _percent(row["probability_at_least"]), _percent(row["probability_at_most"])
        out.append(f"probability {low if low == high else f'{low} to {high}'}")
    return out


def _percent(share: float) -> str:
    """A probability in whole per cent; near its ends as "<1%" and ">99%", for it is never 0 or 1."""
    return "<1%" if share < 0.01 else ">99%" if share > 0.99 else f"{share:.0%}"


def _missing(undecided: list[str]) -> str:
    """What is not told, in words; of a long list the beginning and how many more."""
    names = missing_words(undecided)
    more = len(names) - MOST_MISSING
    return ", ".join(names) if more < 2 else f"{', '.join(names[:MOST_MISSING])} and {more} more"


def _parts(grades: Grades, row: dict[str, Any], missing: str, wide: bool) -> list[str]:
    scale, out = grades.scale, []
    if scale.kind is Kind.FORMULA:
        out = list(dict.fromkeys(observation(event, Units.KEPT) for event in grades.evidence(row["step"])))
    for code in row["because"] if not out else ():
        found = criterion_by_code(scale, code)
        points = getattr(found, "grade", 0)
        if found is None or (scale.kind is Kind.SCORE and points == 0):
            continue
        words = printed(found.summary())
        out.append(f"{words} ({points:+d})" if scale.kind is Kind.SCORE else words)
    none = [c for c in row["because"] if getattr(criterion_by_code(scale, c), "grade", 1) == 0] if scale.kind is Kind.SCORE else []
    if none:
        out.append("no points: " + "; ".join(printed(c.summary()) for code in none if (c := criterion_by_code(scale, code)) is not None))
    if not out:
        out.append("nothing is told" if row["undecided"] else "nothing counts")
    out += [f"! {f}" for f in flag_words(scale, row["flags"])]
    return [*out, f"not told: {missing}"] if missing and not wide else out
