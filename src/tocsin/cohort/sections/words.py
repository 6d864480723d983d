"""How the sections write numbers: times in the study's unit, ratios, shares and p-values with their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan

from tocsin.cohort.result import Estimate, TestResult, p_in_words
from tocsin.cohort.sections.cells import NONE
from tocsin.cohort.study import Study
from tocsin.errors import CohortError

DAYS_A_MONTH = 30.4375
"""Days a month has on average, 365.25 / 12."""
Number = float | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of survival time: its name, its length in days, and the times at which survival is read (a choice of this software)."""

    name: str
    days: float
    marks: tuple[float, ...]

    def show(self, days: Number, never: str = "not reached") -> str:
        """A time in this unit, one decimal; ``never`` where it does not exist."""
        return never if days is None or isnan(days) else f"{days / self.days:.1f}"

    def interval(self, found: Estimate, never: str = "not reached") -> str:
        """An estimate of time as a table prints it: "18.3 (11.2 to not reached)"."""
        if found.value is None and found.low is None and found.high is None:
            return never
        return f"{self.show(found.value, never)} ({self.show(found.low, never)} to {self.show(found.high, never)})"

    def sentence(self, found: Estimate) -> str:
        """An estimate of time as a sentence has it: "18.3 months (95% CI 11.2 to not reached)"."""
        if found.value is None and found.low is None and found.high is None:
            return "not reached"
        value = "not reached" if found.value is None else f"{self.show(found.value)} {self.name}"
        return f"{value} ({level(found.level)} {self.show(found.low)} to {self.show(found.high)})"


UNITS = {"months": Unit("months", DAYS_A_MONTH, (6.0, 12.0, 24.0)), "days": Unit("days", 1.0, (90.0, 180.0, 365.0))}


def unit_of(study: Study) -> Unit:
    """The study's unit of survival time; CohortError for one that is not known."""
    if study.time_unit not in UNITS:
        raise CohortError(f"time_unit is {' or '.join(UNITS)}, not {study.time_unit!r}.")
    return UNITS[study.time_unit]


def level(confidence: float) -> str:
    """The name of an interval: "95% CI"."""
    return f"{100 * confidence:g}% CI"


def plain(x: Number) -> str:
    """A number of any size with about three digits; infinities by their name."""
    if x is None or isnan(x):
        return NONE
    if abs(x) == inf:
        return "infinite" if x > 0 else "-infinite"
    if x == 0:
        return "0"
    if abs(x) < 10:
        return f"{x:.2f}" if abs(x) >= 0.01 else f"{x:.1g}"
    return f"{x:.1f}" if abs(x) < 100 else f"{x:,.0f}" if abs(x) < 1e5 else f"{x:.0e}"


def percent(x: Number) -> str:
    """A share as a percentage with one decimal, without its sign."""
    return NONE if x is None or isnan(x) else f"{100 * x:.1f}"


def spread(value: Number, low: Number, high: Number, show: Callable[[Number], str] = plain) -> str:
    """A value with its limits as a table prints it: "1.42 (0.61 to 3.30)"."""
    if value is None or isnan(value):
        return NONE
    return show(value) if _absent(low) and _absent(high) else f"{show(value)} ({show(low)} to {show(high)})"


def with_limits(value: Number, low: Number, high: Number, confidence: float = 0.95, show: Callable[[Number], str] = plain) -> str:
    """A value with its limits as a sentence has it: "1.42 (95% CI 0.61 to 3.30)"."""
    if _absent(low) and _absent(high):
        return f"{show(value)} (no interval exists)"
    return f"{show(value)} ({level(confidence)} {show(low)} to {show(high)})"


def _absent(limit: Number) -> bool:
    return limit is None or isnan(limit)


def p_words(p: Number) -> str:
    """A p-value as a sentence has it: "p = 0.270", "p <0.001"."""
    return "p not available" if p is None or isnan(p) else f"p {p_in_words(p, sign=True)}"


def p_cell(p: Number) -> str:
    """A p-value as a table prints it."""
    return NONE if p is None or isnan(p) else p_in_words(p)


def tested(test: TestResult) -> str:
    """A test as a sentence has it: its name with its p-value, or why there is none."""
    return f"{test.called} {p_words(test.p)}" if test.p is not None else f"{test.name} not done: {test.not_done}"
