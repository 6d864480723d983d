"""Which days the figure shows, and what lies outside them in words.

Follow-up of months must not squash the days of the acute course: the axis ends with it, and the rest stands as text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tocsin.show.steps import Course
from tocsin.show.times import moment
from tocsin.show.values import Units
from tocsin.show.wording import observation
from tocsin.timeline import HOURS_A_DAY

ACUTE_DAYS = 35.0
EARLIEST_DAY = -10.0
SHORTEST_DAYS = 7
MOST_REMARKS = 12


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are drawn, first and last edge."""

    first: float
    last: float

    def holds(self, start_hour: float, end_hour: float | None = None) -> bool:
        """Whether anything of an event lies inside."""
        end = start_hour if end_hour is None else end_hour
        return start_hour < self.last * HOURS_A_DAY and max(end, start_hour) >= self.first * HOURS_A_DAY

    @property
    def days(self) -> float:
        """How many days are drawn."""
        return self.last - self.first

    @property
    def tick_every(self) -> int:
        """Every how many days the axis has a number."""
        return next((step for step in (1, 2, 5, 7, 14, 28) if self.days / step <= 32), 90)


def span_of(events: pl.DataFrame, shown: Iterable[Course], days: tuple[float, float] | None = None) -> Span:
    """The days to draw: those asked for, or the acute course within 35 days of the infusion."""
    if days is not None:
        first, last = (float(d) for d in days)
        return Span(first, max(last, first + 1))
    late = ACUTE_DAYS * HOURS_A_DAY
    acute = events.filter((pl.col("hour") >= EARLIEST_DAY * HOURS_A_DAY) & (pl.col("hour") < late))
    hours = [] if acute.is_empty() else acute["hour"].to_list()
    for name in ("hour_latest", "end_hour"):
        hours += [h - 1e-6 for h in acute[name].drop_nulls().to_list() if h <= late]
    if not hours:
        hours = [s.start for course in shown for s in course.steps if 0 < s.start < late]
    first = min([math.floor(h / HOURS_A_DAY) for h in hours] + [0])
    last = max([math.floor(h / HOURS_A_DAY) + 1 for h in hours] + [first + SHORTEST_DAYS])
    return Span(float(first), float(last))


def outside(events: Sequence[dict[str, Any]], span: Span, units: Units) -> list[str]:
    """What was recorded before or after the days that are drawn: "Day 75: Minimal residual disease: negative"."""
    out: dict[str, list[str]] = {}
    for event in events:
        if not span.holds(event["hour"], event["end_hour"] or event["hour_latest"]):
            when = moment(event["hour"], event["hour_latest"]).split(" (")[0]
            out.setdefault(when[:1].upper() + when[1:], []).append(observation(event, units))
    remarks = [
        f"{when}: {', '.join(said[:MOST_REMARKS])}{' and more' if len(said) > MOST_REMARKS else ''}" for when, said in out.items()
    ]
    if len(remarks) > MOST_REMARKS:
        remarks = [*remarks[:MOST_REMARKS], f"and {len(remarks) - MOST_REMARKS} more times in the record"]
    return remarks
