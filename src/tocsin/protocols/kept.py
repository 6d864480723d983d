"""How much of a schedule was kept: of each item the share of patient-days on which it was never overdue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from tocsin.protocols.coverage import F64, I64, Spans
from tocsin.protocols.sweep import TRUE, UNKNOWN
from tocsin.protocols.watching import DEPENDS, NOT_ASKED, OVERDUE, Asked, Item, Record, Schedule, rules_of
from tocsin.timeline import HOURS_A_DAY, Timeline

UNTIL = 24.0 * 28
"""The schedule is looked at for four weeks."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One item over all patients, until the last entry of each record.

    ``days``: patient-days on which it was asked for, or may have been (a daily item: on all of the day); ``kept``: never overdue on the day;
    ``missed``: overdue for some of it; ``open``: it cannot be told whether it was asked for, or overdue.  ``overdue_hours``: in all.
    ``patients``: of how many it was asked for or may have been; ``patients_missed``: how many had it overdue at some time.
    """

    item: str
    what: str
    patients: int
    patients_missed: int
    days: int
    kept: int
    missed: int
    open: int
    overdue_hours: float

    @property
    def share_kept(self) -> float | None:
        """Of the days of which it can be told; None where there are none."""
        told = self.kept + self.missed
        return self.kept / told if told else None

    def record(self) -> dict[str, Any]:
        """One line of ``tocsin monitor --summary --json``."""
        return {"kind": "kept", **asdict(self), "share_kept": self.share_kept}


def kept(timeline: Timeline, schedule: Schedule, carry: Mapping[str, float] | None = None) -> list[Kept]:
    """Each item of the schedule over all patients, from the infusion to the last entry of each record, at most to day 28."""
    last = timeline.events.group_by(pl.col("patient").cast(pl.String)).agg(pl.max_horizontal("hour", "hour_latest").max().alias("end"))
    ids = pl.DataFrame({"patient": timeline.patient_ids}, schema={"patient": pl.String})
    end = ids.join(last, on="patient", how="left", maintain_order="left")["end"].fill_null(0.0).to_numpy()
    end = np.minimum(end, UNTIL)
    record = Record.of(timeline, schedule, None, carry, end)
    return [_kept(record, i, record.asked(i, r)) for i, r in zip(schedule.items, rules_of(schedule), strict=True)]


def add(parts: Sequence[Sequence[Kept]]) -> list[Kept]:
    """The counts of several parts of a cohort together."""
    out = []
    for same in zip(*parts, strict=True):
        sums = {name: sum(getattr(k, name) for k in same) for name in ("patients", "patients_missed", "days", "kept", "missed", "open", "overdue_hours")}
        out.append(Kept(same[0].item, same[0].what, **sums))
    return out


def _kept(record: Record, item: Item, asked: Asked) -> Kept:
    days = _by_day(record, item, asked) if item.by_day else _by_hour(record, item, asked)
    by_day = days.group_by("patient", "day").agg(pl.col("late").any(), pl.col("open").any())
    missed = int(by_day["late"].sum())
    unsure = int((by_day["open"] & ~by_day["late"]).sum())
    late = days.filter("late")
    return Kept(item.code, item.what, days["patient"].n_unique(), late["patient"].n_unique(), len(by_day), len(by_day) - missed - unsure, missed, unsure,
                round(float(late["hours"].sum()), 3))


def _by_hour(record: Record, item: Item, asked: Asked) -> pl.DataFrame:
    """The pieces of time over which nothing changes: of which patient and day, whether overdue or open, and how long."""
    line = record.line
    edges = [asked.spans(line, TRUE).edges, asked.spans(line, UNKNOWN).edges, record.fresh(asked, item.grace).edges, line.place(*_days(asked))]
    for group in item.done_by:
        edges += [spans.edges for grace in (0.0, item.grace) for spans in record.covered(item, group, asked, grace)]
    at = np.unique(np.concatenate(edges))
    status = record.standing(item, asked, at)
    mine = (status != NOT_ASKED) & (line.hour(at) >= 0)
    long = np.diff(np.append(at, at[-1:]))
    day = np.floor(line.hour(at)[mine] / HOURS_A_DAY + 1e-9).astype(np.int64)
    return pl.DataFrame({"patient": line.patient(at)[mine], "day": day, "late": status[mine] == OVERDUE, "open": status[mine] == DEPENDS,
                         "hours": long[mine]})


def _by_day(record: Record, item: Item, asked: Asked) -> pl.DataFrame:
    """The days on all of which a daily item was asked for: late where nothing was charted in time, open where it cannot be told."""
    line = record.line
    patient, midnight = _days(asked)
    begin = np.unique(np.column_stack([np.concatenate([patient, asked.patient[asked.start <= 0]]), np.concatenate([
        midnight, np.zeros(int((asked.start <= 0).sum()))])]), axis=0)
    patient, first = begin[:, 0].astype(np.int64), begin[:, 1]
    start, end = line.place(patient, first), line.place(patient, first + HOURS_A_DAY - 1e-3)
    surely, perhaps = asked.spans(line, TRUE), asked.spans(line, TRUE, UNKNOWN)
    wanted, maybe = surely.holds(start) & surely.holds(end), perhaps.holds(start) & perhaps.holds(end)
    sure, possible = np.ones(len(start), np.bool_), np.ones(len(start), np.bool_)
    for group in item.done_by:
        done = record.charted(group, item.least)
        low, high = (HOURS_A_DAY * np.floor(x / HOURS_A_DAY) for x in (done.low, done.high))
        until = np.where(done.until > done.high, done.until, done.low)
        sure &= Spans.of(line.place(done.patient, high), line.place(done.patient, item.next(until))).holds(start)
        possible &= Spans.of(line.place(done.patient, low), line.place(done.patient, item.next(done.until))).holds(start)
        possible |= record.untold(group)[patient] & ~sure
    late = wanted & ~possible
    return pl.DataFrame({"patient": patient, "day": (first / HOURS_A_DAY).astype(np.int64), "late": late, "open": ~late & ~sure,
                         "hours": np.full(len(start), HOURS_A_DAY)}).filter(pl.Series(maybe))


def _days(asked: Asked) -> tuple[I64, F64]:
    """The patients and midnights within the time in which an item is asked for; a midnight between two steps of it lies within."""
    if not len(asked.start):
        return asked.patient, asked.start
    goes_on = (asked.patient[1:] == asked.patient[:-1]) & (asked.start[1:] == asked.end[:-1])
    begins, ends = np.append(True, ~goes_on), np.append(~goes_on, True)
    first = np.floor(np.maximum(asked.start[begins], 0.0) / HOURS_A_DAY) + 1
    number = np.maximum(0, np.ceil(asked.end[ends] / HOURS_A_DAY) - first).astype(np.int64)
    step = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
    return np.repeat(asked.patient[begins], number), (np.repeat(first, number) + step) * HOURS_A_DAY
