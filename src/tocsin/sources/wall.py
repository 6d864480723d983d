"""A timeline back on the wall clock, for the writers of formats that know no hour 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tocsin.errors import TimelineError
from tocsin.sources.clock import moment
from tocsin.timeline import Timeline

NO_CALENDAR = datetime(2000, 1, 1)
"""Hour 0 of a patient whose record has no calendar, as a case report's."""


@dataclass(frozen=True, slots=True)
class Wall:
    """``events``: those of the timeline with the columns start, latest and end (datetimes without a zone, in UTC when ``aware``).

    ``hour_0``: of each patient.  ``undated``: the patients whose hour 0 is NO_CALENDAR because the record has no calendar.
    """

    events: pl.DataFrame
    hour_0: Mapping[str, datetime]
    aware: bool
    undated: tuple[str, ...]


def wall_clock(timeline: Timeline) -> Wall:
    """The events at their wall-clock times, to the microsecond.

    Raises TimelineError when some patients' hour 0 has a time zone and that of others has none.
    """
    zero: dict[str, datetime] = {}
    undated: list[str] = []
    zones: set[bool] = set()
    for who, told in timeline.patients.select("patient", "infusion_time").iter_rows():
        found = moment(told, "dmy", None) if told is not None else None
        if found is None:
            undated.append(who)
            zero[who] = NO_CALENDAR
        else:
            zones.add(found.aware)
            zero[who] = found.when
    if len(zones) > 1:
        raise TimelineError("the infusion times of some patients have a time zone and those of others have none; they cannot stand in one file.")
    table = pl.DataFrame({"patient": list(zero), "_zero": list(zero.values())}, schema={"patient": pl.String, "_zero": pl.Datetime("us")})
    events = timeline.events.with_columns(pl.col("patient", "concept").cast(pl.String)).join(table, on="patient", how="left", maintain_order="left")

    def at(column: str) -> pl.Expr:
        return pl.col("_zero") + pl.duration(microseconds=(pl.col(column) * 3.6e9).round(0).cast(pl.Int64))

    events = events.with_columns(at("hour").alias("start"), at("hour_latest").alias("latest"), at("end_hour").alias("end")).drop("_zero")
    return Wall(events, zero, True in zones, tuple(undated))
