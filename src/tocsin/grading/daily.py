"""Daily values of one measurement: the lowest of each day, with short gaps filled, and how far each patient was observed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.grading.encode import F64, I8, I64, Events, counted_attributions
from tocsin.grading.program import CONCEPT_CODE, value_bit
from tocsin.scales.days import Days
from tocsin.timeline import HOURS_A_DAY
from tocsin.vocabulary import CONCEPTS

Bools = npt.NDArray[np.bool_]

DUST = 9
"""Decimals beyond which a number is binary dust."""


@dataclass(frozen=True, slots=True)
class Daily:
    """The days of a window, shape (patients, days).

    ``low``, ``high``: the ends of the range in which the lowest value of the day lies; nan on a day that stays unknown.
    ``maybe``: the lowest that a value of an uncertain day may have made of it; nan where there is none.  ``row``: the row of
    events of the lowest value (-1: not measured).  ``exists``: days on which the patient was observed.  ``end_row``: the row of
    events that ended the observation early (-1: none).  ``seen``: the window was observed to its end.
    """

    low: F64
    high: F64
    maybe: F64
    row: I64
    exists: Bools
    end_row: I64
    seen: Bools

    @property
    def measured(self) -> Bools:
        """Days with a value of their own."""
        return self.row >= 0


@dataclass(frozen=True, slots=True)
class _Values:
    """The values that count, one entry each: whose, where in the events, its range, its days in the window, and whether they are sure."""

    patient: I64
    row: I64
    low: F64
    high: F64
    first: I64
    last: I64
    sure: Bools


def daily(events: Events, days: Days, counts: Sequence[str], until: float | None) -> Daily:
    """The daily values of every patient, in the order of the table of patients.

    A value known by a window of at most a day belongs to the day in which most of the window lies; one with an end, to each day of it.
    """
    shape = (len(events.patients), days.last - days.first + 1)
    number = np.arange(shape[1])
    end, end_row = _end_of_observation(events, days, until)
    row, lows, highs, maybe = _by_day(_values(events, days, counts, until), shape, end)
    if days.last_value_ends and (until is None or until >= (days.last + 1) * HOURS_A_DAY):
        last = np.where(row >= 0, number, -1).max(axis=1, initial=-1)
        end = np.where(last >= 0, np.minimum(end, last), end)
    today = np.inf if until is None else np.floor(until / HOURS_A_DAY) - days.first
    reached = end <= today
    lows, highs, near = _filled(lows, highs, row >= 0, end, reached, days)
    return Daily(lows, highs, maybe, row, number <= end[:, None], end_row, reached & (near | (end < 0)))


def _values(events: Events, days: Days, counts: Sequence[str], until: float | None) -> _Values:
    """The values of the measurement that count and had been taken by ``until``."""
    rows = _rows(events, days.concept, until)
    rows = rows[~np.isnan(events.value[rows]) & counted_attributions(counts)[events.attribution[rows]]]
    value, censored = events.value[rows], events.censored[rows]
    if days.round_measured and days.round_to:
        value = rounded(value, days.round_to)
    low, high = _ends(value, censored, CONCEPTS[days.concept].possible or (0.0, np.inf))
    hour, latest, finish = events.hour[rows], events.latest[rows], events.end[rows]
    sure = ~(latest - hour > HOURS_A_DAY)
    middle = np.where(np.isnan(latest), hour, (hour + latest) / 2)
    begin = np.where(sure, middle, hour)
    finish = np.where(sure, np.where(np.isnan(finish), begin, np.nextafter(finish, -np.inf)), np.nextafter(latest, -np.inf))
    first = _day(begin) - days.first
    return _Values(_whose(events, rows), rows, low, high, first, np.maximum(first, _day(finish) - days.first), sure)


def _ends(value: F64, censored: I8, possible: tuple[float, float]) -> tuple[F64, F64]:
    """The ends of the range in which each value lies; equal where it was not charted as beyond a number."""
    low = np.where(censored < 0, possible[0], np.where(censored > 0, np.nextafter(value, np.inf), value))
    high = np.where(censored > 0, possible[1], np.where(censored < 0, np.nextafter(value, -np.inf), value))
    return low, high


def _by_day(found: _Values, shape: tuple[int, int], end: I64) -> tuple[I64, F64, F64, F64]:
    """The row of the lowest value of each day, the ends of that lowest value, and the lowest that an uncertain day may make of it."""
    first, last = np.maximum(found.first, 0), np.minimum(found.last, end[found.patient])
    lengths = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(lengths)), lengths)
    day = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    patient, certain = found.patient[which], found.sure[which]
    row = np.full(shape, -1, np.int64)
    low, high, maybe = (np.full(shape, np.nan) for _ in range(3))
    place = patient * shape[1] + day
    np.fmin.at(maybe.reshape(-1), place[~certain], found.low[which[~certain]])
    which, place = which[certain], place[certain]
    np.fmin.at(low.reshape(-1), place, found.low[which])
    np.fmin.at(high.reshape(-1), place, found.high[which])
    lowest = np.flatnonzero(found.high[which] == high.reshape(-1)[place])[::-1]  # the first is written last, and stays
    row.reshape(-1)[place[lowest]] = found.row[which[lowest]]
    return row, low, high, maybe


def _end_of_observation(events: Events, days: Days, until: float | None) -> tuple[I64, I64]:
    """The last day of each patient's observation, counted from the first day of the window, and the row that ended it early (-1: none)."""
    end = np.full(len(events.patients), days.last - days.first, np.int64)
    end_row = np.full(len(events.patients), -1, np.int64)
    for told in days.ends:
        rows = _rows(events, told.concept, until)
        rows = rows[(events.bits[rows] & sum(value_bit(told.concept, v) for v in told.values)) != 0]
        latest = np.fmax(events.hour[rows], np.nextafter(events.latest[rows], -np.inf))
        for patient, day, row in zip(_whose(events, rows), np.maximum(_day(latest) - days.first, -1), rows, strict=True):
            if day < end[patient]:
                end[patient], end_row[patient] = day, row
    return end, end_row


def _rows(events: Events, concept: str, until: float | None) -> I64:
    """Where in the events those of a concept stand that had begun by ``until``."""
    rows = np.flatnonzero(events.concept == CONCEPT_CODE[concept])
    return rows if until is None else rows[events.hour[rows] <= until]


def _whose(events: Events, rows: I64) -> I64:
    return np.searchsorted(events.ptr, rows, side="right") - 1


def _day(hour: F64) -> I64:
    return np.floor(np.clip(hour, -1e6, 1e6) / HOURS_A_DAY).astype(np.int64)


def rounded(values: F64, step: float) -> F64:
    """Values to the nearest multiple of ``step``, halves to the even one."""
    return np.round(np.round(np.round(values / step, DUST)) * step, DUST)


def _filled(low: F64, high: F64, known: Bools, end: I64, reached: Bools, days: Days) -> tuple[F64, F64, Bools]:
    """The same with short gaps filled; and whether the last value lies near enough to the end of the observation."""
    width = known.shape[1]
    number = np.broadcast_to(np.arange(width), known.shape)
    before = np.maximum.accumulate(np.where(known, number, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, number, width)[:, ::-1], axis=1)[:, ::-1]
    has_before, has_after = before >= 0, after < width
    gap = np.where(has_after, after, end[:, None] + 1) - np.where(has_before, before, -1) - 1
    fill = ~known & (has_before | has_after) & (gap <= days.bridge) & (number <= end[:, None]) & (has_after | reached[:, None])
    left, right = np.where(has_before, before, after), np.where(has_after, after, before)
    share = np.where(right > left, (number - left) / np.maximum(right - left, 1), 0.0)
    out = []
    for values in (low, high):
        a = np.take_along_axis(values, np.clip(left, 0, width - 1), axis=1)
        b = np.take_along_axis(values, np.clip(right, 0, width - 1), axis=1)
        line = a + (b - a) * share
        if days.round_to:
            line = rounded(line, days.round_to)
        out.append(np.where(fill, line, values))
    last = np.where(known, number, -1).max(axis=1, initial=-1)
    within = days.bridge if days.seen_within is None else days.seen_within
    return out[0], out[1], (last >= 0) & (end - last <= within)
