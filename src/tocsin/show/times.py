"""Times in words, no more precise than the record.

Day d is the hours [24 d, 24 d + 24); day 0 is the day of the infusion.  A row known only by its day runs from hour 24 d to
hour_latest at the end of that day; a window of several days runs from the first to the end of the last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tocsin.show.numbers import number
from tocsin.timeline import HOURS_A_DAY

NEARLY_A_DAY = 23.0
"""A window that starts with a day and covers this much of it means the day."""


def day_number(hour: float) -> int:
    """The day that an hour lies in."""
    return math.floor(hour / HOURS_A_DAY)


def last_day_number(hour_latest: float) -> int:
    """The last day of a window that ends at ``hour_latest``; an end at midnight belongs to the day before."""
    return math.ceil(hour_latest / HOURS_A_DAY) - 1


def is_window(hour: float, hour_latest: float | None) -> bool:
    """Whether a time is known only as lying between two hours."""
    return hour_latest is not None and hour_latest > hour


def exact(hour: float) -> str:
    """An exactly known time: "day 5 (hour 120)"."""
    return f"day {day_number(hour)} (hour {number(round(hour, 2))})"


def moment(hour: float, hour_latest: float | None = None) -> str:
    """When something was: "day 5 (hour 120.5)", "day 5" when only the day is known, "between day 10 and day 17"."""
    if hour_latest is None or not is_window(hour, hour_latest):
        return exact(hour)
    first, last = day_number(hour), max(last_day_number(hour_latest), day_number(hour))
    if first != last:
        return f"between day {first} and day {last}"
    if hour == first * HOURS_A_DAY and hour_latest - hour >= NEARLY_A_DAY:
        return f"day {first}"
    return f"day {first} (between hour {number(round(hour, 2))} and hour {number(round(hour_latest, 2))})"


def on(hour: float, hour_latest: float | None = None) -> str:
    """The moment with its preposition: "on day 5", "between day 10 and day 17"."""
    text = moment(hour, hour_latest)
    return text if text.startswith("between") else f"on {text}"


def course(event: Mapping[str, Any]) -> str:
    """When an event held: as ``on`` for an instant, "from day 7 to day 17" for a course."""
    hour, latest, end = event["hour"], event.get("hour_latest"), event.get("end_hour")
    if end is None or end <= hour:
        return on(hour, latest)
    midnight = end % HOURS_A_DAY == 0
    whole_days = midnight and hour % HOURS_A_DAY == 0
    if whole_days and last_day_number(end) == day_number(hour):
        return on(hour, latest)
    begins = f"day {day_number(hour)}" if whole_days and not is_window(hour, latest) else moment(hour, latest)
    ends = f"day {last_day_number(end)}" if whole_days or (midnight and is_window(hour, latest)) else exact(end)
    if begins.startswith("between"):
        return f"begun {begins}, until {ends}"
    return f"from {begins} to {ends}"


@dataclass(frozen=True, slots=True)
class Clock:
    """Which edges of a patient's course are known to the hour, and which only to the day.

    A change of grade at the start of a day is told as the day alone when nothing that was timed exactly begins or ends then.
    """

    exact_hours: frozenset[float]

    @classmethod
    def of(cls, events: pl.DataFrame) -> Clock:
        """The clock of one patient's events."""
        timed = events.filter(pl.col("hour_latest").is_null() | (pl.col("hour_latest") <= pl.col("hour")))
        # An end at midnight of something that began at midnight is a course told in days.
        ends = timed.filter((pl.col("hour") % HOURS_A_DAY != 0) & pl.col("end_hour").is_not_null())["end_hour"]
        instants = timed.filter(~((pl.col("hour") % HOURS_A_DAY == 0) & (pl.col("end_hour") % HOURS_A_DAY == 0).fill_null(False)))
        return cls(frozenset(instants["hour"].to_list()) | frozenset(ends.to_list()))

    def to_the_day(self, hour: float) -> bool:
        """Whether this edge is known only to the day."""
        return hour % HOURS_A_DAY == 0 and hour not in self.exact_hours

    def edge(self, hour: float) -> str:
        """A time at which a grade begins."""
        return f"day {day_number(hour)}" if self.to_the_day(hour) else exact(hour)

    def span(self, start: float, end: float | None) -> str:
        """From when to when a step lasts: "day 4", "day 4 to day 9", "from day 25 on"."""
        if end is None or not math.isfinite(end):
            return f"from {self.edge(start)} on"
        first, last = day_number(start), last_day_number(end)
        if first == last and not (self.to_the_day(start) and self.to_the_day(end)):
            return f"day {first} (hour {number(round(start, 2))} to hour {number(round(end, 2))})"
        if self.to_the_day(end):
            if self.to_the_day(start) and last == first:
                return f"day {last}"
            return f"{self.edge(start)} to {'' if self.to_the_day(start) else 'the end of '}day {last}"
        return f"{self.edge(start)} to {exact(end)}"


def hours_words(hours: float) -> str:
    """A duration: "36 h", or from three days on "3.5 days (84 h)"."""
    text = f"{number(round(hours, 1))} h"
    return text if hours < 72 else f"{number(round(hours / HOURS_A_DAY, 1))} days ({text})"
