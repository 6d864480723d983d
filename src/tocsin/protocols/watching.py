"""What has to be watched and when: of each item whether it is done, due, overdue, not asked for, or depends on something untold.

An item is done by what is charted, whatever it is put down to: what was done and not written down counts as not done.  Only for
drugs and findings, where no row may mean "not told", it depends on whether the record is complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import inf, isfinite
from typing import Any

import numpy as np
import polars as pl

from tocsin.cite import Mark
from tocsin.errors import RuleError, SettingError
from tocsin.protocols.coverage import F64, I64, Bools, Line, Spans
from tocsin.protocols.protocol import Chapter, Protocol, Rule
from tocsin.protocols.sweep import FALSE, I8, TRUE, UNKNOWN, SweptChapter, sweep
from tocsin.rules import Fact, Predicate, Setting
from tocsin.scales import Scale
from tocsin.timeline import CLOSABLE, HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS, Kind

NOT_ASKED, DONE, DEPENDS, DUE, OVERDUE = range(5)
STATUS = ("not_asked", "done", "depends", "due", "overdue")
EXAMINATIONS = frozenset({"ecg", "echocardiogram"})
"""Findings that say that an examination was made: as with a value, where none is charted none was made."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be watched.

    ``done_by``: what must be charted: all of the groups, of each group any concept.  ``least``: the charted number must reach it.
    ``every``: hours from one to the next; whole days are counted as days: what was charted on day 2 and is daily is due on day 3, and
    overdue when that day is over.  Infinite: once in each stretch of time in which it is asked for, and then what was charted up to
    ``before`` hours earlier counts.  ``grace``: it is due for so many hours, and then overdue.
    ``start``, ``end``: from when to when after the infusion it is asked for.  ``when``: only while this holds (None: always).
    ``place``: "hospital" until discharge, "home" from then on.
    """

    code: str
    what: str
    done_by: tuple[tuple[str, ...], ...]
    every: float
    cites: str
    mark: Mark
    source_text: str
    when: Predicate | None = None
    start: float = 0.0
    end: float = inf
    grace: float = 0.0
    before: float = 0.0
    place: str = ""
    least: float | None = None
    reading: str = ""

    def __post_init__(self) -> None:
        if not self.every > 0 or self.start >= self.end or not self.done_by or self.place not in ("", "hospital", "home"):
            raise RuleError(f"{self.code}: an item needs an interval, a time, a place and something that is charted")
        if self.mark is Mark.DECISION and not self.reading:
            raise RuleError(f"{self.code}: a decision says what was chosen")
        for concept in self.concepts:
            if concept not in CONCEPTS:
                raise RuleError(f"{self.code}: {concept!r} is not a concept of the vocabulary")

    @property
    def concepts(self) -> tuple[str, ...]:
        """Everything whose charting counts."""
        return tuple(c for group in self.done_by for c in group)

    @property
    def by_day(self) -> bool:
        """Whether the interval is counted in days."""
        return isfinite(self.every) and self.every % HOURS_A_DAY == 0

    def next(self, done: F64) -> F64:
        """When it is due again."""
        return HOURS_A_DAY * np.floor(done / HOURS_A_DAY) + self.every if self.by_day else done + self.every

    def rule(self) -> Rule:
        """The condition as a rule, for the sweep."""
        assert self.when is not None
        return Rule(self.code, self.what, self.when, self.cites, self.mark, self.source_text)

    def english(self) -> str:
        """When it is asked for, in words."""
        days = (f"from {_day(self.start)}" if isfinite(self.start) and self.start else "from the infusion") + (
            f" to {_day(self.end)}" if isfinite(self.end) else "")
        where = {"": "", "hospital": ", until discharge", "home": ", after discharge"}[self.place]
        return (f"{days}{where}" if self.start >= 0 else "before the infusion") + (f", while {self.when.english()}" if self.when is not None else "")


def _day(hour: float) -> str:
    return f"day {hour / 24:g}"


@dataclass(frozen=True)
class Schedule:
    """The items that are watched, with the scale whose grades they mean."""

    items: tuple[Item, ...]
    scale: Scale
    counts_also: Mapping[str, tuple[str, ...]]
    settings: Mapping[str, float | bool]
    setting_docs: tuple[Setting, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        codes = [i.code for i in self.items]
        if len(set(codes)) < len(codes):
            raise RuleError("two items of the schedule have the same code")

    @cached_property
    def protocol(self) -> Protocol:
        """The conditions of the items as a protocol of one chapter."""
        rules = tuple(i.rule() for i in self.items if i.when is not None)
        chapter = Chapter("Monitoring", self.scale, rules, self.scale.episode, counts_also=self.counts_also)
        return Protocol("monitoring", "Monitoring", (chapter,), ())


@dataclass(frozen=True, slots=True)
class Check:
    """One item for one patient at one hour.

    ``status``: done, due, overdue, not_asked, depends (``depends_on`` names what is not told).  ``due_hour``: since when it is due, or
    when it is next; ``overdue_by_hours``: how long past that.  ``last_hour`` to ``last_hour_latest``: when it was last done.
    ``waits_for``: which of several things are not charted in time.
    """

    patient: str
    hour: float
    item: str
    what: str
    status: str
    overdue_by_hours: float | None
    due_hour: float | None
    last_hour: float | None
    last_hour_latest: float | None
    every_hours: float | None
    waits_for: tuple[str, ...]
    depends_on: tuple[str, ...]
    when: str
    cites: str
    mark: str
    source_text: str
    reading: str

    def record(self) -> dict[str, Any]:
        """The machine output of ``tocsin monitor --json``."""
        return {**asdict(self), "waits_for": list(self.waits_for), "depends_on": list(self.depends_on)}


@dataclass(frozen=True, slots=True)
class Asked:
    """When one item is asked for: steps of ``patient`` from ``start`` to ``end``, each TRUE or UNKNOWN."""

    patient: I64
    start: F64
    end: F64
    state: I8

    def spans(self, line: Line, *states: int) -> Spans:
        """The time in which the state is one of ``states``."""
        mine = np.isin(self.state, states)
        return Spans.of(line.place(self.patient[mine], self.start[mine]), line.place(self.patient[mine], self.end[mine]))

    def runs(self, *states: int) -> Asked:
        """Steps that follow each other without a gap, all of these states, as one; it begins with the first TRUE."""
        keep = np.isin(self.state, states)
        patient, start, end, state = self.patient[keep], self.start[keep], self.end[keep], self.state[keep]
        if not len(patient):
            return Asked(patient, start, end, state)
        new = np.ones(len(patient), np.bool_)
        new[1:] = (patient[1:] != patient[:-1]) | (start[1:] > end[:-1])
        run, first = np.cumsum(new) - 1, np.flatnonzero(new)
        begun = np.full(len(first), inf)
        np.minimum.at(begun, run[state == TRUE], start[state == TRUE])
        last = np.append(first[1:], len(patient)) - 1
        sure = np.isfinite(begun)
        return Asked(patient[first][sure], begun[sure], end[last][sure], np.full(int(sure.sum()), TRUE, np.int8))


@dataclass(frozen=True, slots=True)
class Charted:
    """The rows that count for one group of concepts: done between ``low`` and ``high``; ``until``: to when a course went on."""

    patient: I64
    low: F64
    high: F64
    until: F64


@dataclass(frozen=True)
class Record:
    """The record of many patients, prepared for the questions of all items."""

    timeline: Timeline
    line: Line
    chapter: SweptChapter
    end: F64
    _charted: dict[tuple[tuple[str, ...], float | None], Charted] = field(default_factory=dict)

    @classmethod
    def of(cls, timeline: Timeline, schedule: Schedule, until: float | None, carry: Mapping[str, float] | None, end: F64) -> Record:
        """``end``: to when each patient is looked at."""
        chapter, = sweep(timeline, schedule.protocol, until=until, carry=carry, keep_state=until is not None)
        starts = [i.start for i in schedule.items if isfinite(i.start)]
        first = min([0.0, *starts]) - 1.0
        return cls(timeline, Line(first, float(max([0.0, *end.tolist()])) + 1.0), chapter, end)

    @cached_property
    def _index(self) -> pl.DataFrame:
        ids = self.timeline.patient_ids
        return pl.DataFrame({"patient": ids, "index": np.arange(len(ids))}, schema={"patient": pl.String, "index": pl.Int64})

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The events that tell of something done, with the place of the patient."""
        text = pl.col("text").cast(pl.String).fill_null("")
        told = self.timeline.events.filter(~text.is_in(["absent", "unknown"])).select(
            pl.col("patient").cast(pl.String), pl.col("concept").cast(pl.String), "hour", "hour_latest", "end_hour", "value",
            pl.col("text").is_not_null().alias("coded"))
        return told.filter(pl.col("value").is_not_null() | pl.col("coded")).join(self._index, on="patient")

    def charted(self, group: tuple[str, ...], least: float | None) -> Charted:
        """The rows that count for a group."""
        if (group, least) not in self._charted:
            mine = self.rows.filter(pl.col("concept").is_in(group))
            if least is not None:
                mine = mine.filter(pl.col("value") >= least)
            low = mine["hour"].to_numpy()
            # a window or course that ends at midnight belongs to the day before
            high, until = (np.maximum(np.nextafter(mine[c].fill_null(float("-inf")).to_numpy(), -inf), low) for c in ("hour_latest", "end_hour"))
            until = np.maximum(until, high)
            self._charted[group, least] = Charted(mine["index"].to_numpy().astype(np.int64), low, high, until)
        return self._charted[group, least]

    def untold(self, group: tuple[str, ...]) -> Bools:
        """Of which patients no row does not mean "not done": drugs and findings of a record that is not complete."""
        open_ = [c for c in group if CONCEPTS[c].domain in CLOSABLE and CONCEPTS[c].kind is not Kind.MEASUREMENT and c not in EXAMINATIONS]
        complete = self.timeline.complete
        if not open_ or not complete.by_patient:
            return np.full(len(self.end), any(not complete.covers(c, "") for c in open_))
        return np.array([any(not complete.covers(c, p) for c in open_) for p in self.timeline.patient_ids], np.bool_)

    @cached_property
    def _left(self) -> tuple[F64, F64]:
        """The hour of discharge and of death of each patient; infinite where there is none."""
        out = []
        for concept in ("discharge", "death"):
            told = self.charted((concept,), None)
            hour = np.full(len(self.end), inf)
            np.minimum.at(hour, told.patient, told.low)
            out.append(hour)
        return out[0], out[1]

    def asked(self, item: Item, rule: int | None) -> Asked:
        """When an item is asked for; ``rule``: its place among the rules of the sweep."""
        discharge, death = self._left
        n = len(self.end)
        start = np.maximum(item.start, discharge) if item.place == "home" else np.full(n, item.start)
        end = np.minimum(np.minimum(item.end, death), self.end)
        if item.place == "hospital":
            end = np.minimum(end, discharge)
        if rule is None:
            steps = Asked(np.arange(n), start, end, np.full(n, TRUE, np.int8))
        else:
            assert item.when is not None
            patient, begin, stop, state = self._steps(rule, all(isinstance(p, Fact) for p in item.when.leaves()))
            steps = Asked(patient, np.maximum(begin, start[patient]), np.minimum(stop, end[patient]), state)
        real = (steps.end > steps.start) & (steps.state != FALSE)
        return Asked(steps.patient[real], steps.start[real], steps.end[real], steps.state[real])

    def _steps(self, rule: int, constant: bool) -> tuple[I64, F64, F64, I8]:
        """The steps of a condition: patient, start, end and state.

        Before the first entry of a record it is not known, unless it is ``constant``, a fact about the patient.
        """
        swept, state = self.chapter.swept, self.chapter.wanted[:, rule]
        first = np.append(True, swept.patient[1:] != swept.patient[:-1])[:len(swept.patient)]
        stop = np.append(swept.start[1:], inf)[:len(swept.patient)]
        stop[:-1][first[1:]] = inf
        before = np.flatnonzero(first)
        patient = np.concatenate([swept.patient[before], swept.patient])
        start = np.concatenate([np.full(len(before), -inf), swept.start])
        end = np.concatenate([swept.start[before], stop])
        state = np.concatenate([state[before] if constant else np.full(len(before), UNKNOWN, np.int8), state])
        order = np.lexsort((start, patient))
        return patient[order], start[order], end[order], state[order]

    def covered(self, item: Item, group: tuple[str, ...], asked: Asked, grace: float) -> tuple[Spans, Spans]:
        """When one group of an item is surely and possibly done, and ``grace`` hours longer."""
        done, place = self.charted(group, item.least), self.line.place
        if isfinite(item.every):
            sure_end = item.next(np.where(done.until > done.high, done.until, done.low)) + grace
            sure = Spans.of(place(done.patient, done.high), place(done.patient, sure_end))
            return sure, Spans.of(place(done.patient, done.low), place(done.patient, item.next(done.until) + grace))
        runs = asked.runs(TRUE, UNKNOWN)
        end = place(runs.patient, runs.end)
        out = []
        for early, late in ((done.low, done.high), (done.high, done.low)):
            at = place(done.patient, late)
            run = np.searchsorted(end, at, "right")           # the first stretch that ends after it
            fits = run < len(end)
            run = np.minimum(run, max(0, len(end) - 1))
            if len(end):
                fits &= (runs.patient[run] == done.patient) & (early >= runs.start[run] - item.before)
            out.append(Spans.of(np.minimum(at, end[run])[fits], end[run][fits]) if len(end) else Spans(at[:0], at[:0]))
        return out[0], out[1]

    def fresh(self, asked: Asked, grace: float) -> Spans:
        """The first hours of each stretch, in which an item is due and not yet overdue."""
        runs = asked.runs(TRUE)
        return Spans.of(self.line.place(runs.patient, runs.start), self.line.place(runs.patient, np.minimum(runs.start + grace, runs.end)))

    def standing(self, item: Item, asked: Asked, at: F64) -> I8:
        """How an item stands at each of some places."""
        who = self.line.patient(at)
        wanted = np.where(asked.spans(self.line, TRUE).holds(at), TRUE, np.where(asked.spans(self.line, UNKNOWN).holds(at), UNKNOWN, FALSE))
        sure, perhaps, in_grace = (np.ones(len(at), np.bool_) for _ in range(3))
        for group in item.done_by:
            untold = self.untold(group)[who]
            surely, possibly = self.covered(item, group, asked, 0.0)
            _, later = self.covered(item, group, asked, item.grace)
            sure &= surely.holds(at)
            perhaps &= possibly.holds(at) | untold
            in_grace &= later.holds(at) | untold
        in_grace |= self.fresh(asked, item.grace).holds(at)
        return np.select(
            [wanted == FALSE, sure, (wanted == UNKNOWN) | perhaps, in_grace], [NOT_ASKED, DONE, DEPENDS, DUE], OVERDUE).astype(np.int8)


@dataclass(frozen=True)
class Watch:
    """How every item stands for every patient at one hour.  ``status``: shape (patients, items), a place in ``STATUS``."""

    schedule: Schedule
    record: Record
    hour: float
    patients: tuple[str, ...]
    status: I8
    asked: tuple[Asked, ...]

    def _last(self, item: Item, group: tuple[str, ...]) -> tuple[F64, F64]:
        """The last time a group was done: the least and the most it can be for each patient, nan for never."""
        done = self.record.charted(group, item.least)
        low, high = np.full(len(self.patients), -inf), np.full(len(self.patients), -inf)
        by_then = done.high <= self.hour
        going_on = np.where(done.until > done.high, np.minimum(done.until, self.hour), done.low)
        np.maximum.at(low, done.patient[by_then], going_on[by_then])
        begun = done.low <= self.hour
        np.maximum.at(high, done.patient[begun], np.minimum(done.until, self.hour)[begun])
        return low, np.maximum(low, high)

    @cached_property
    def times(self) -> tuple[F64, F64, F64]:
        """Of each patient and item the earliest and latest hour at which it was last done, and since when it is asked for (nan: never)."""
        n = len(self.patients)
        shape = (n, len(self.schedule.items))
        low, high, since = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
        for i, item in enumerate(self.schedule.items):
            ends = [self._last(item, g) for g in item.done_by]
            low[:, i], high[:, i] = np.min([e[0] for e in ends], axis=0), np.min([e[1] for e in ends], axis=0)
            runs = self.asked[i].runs(TRUE)
            now = (runs.start <= self.hour) & (runs.end > self.hour)
            since[runs.patient[now], i] = runs.start[now]
        return np.where(np.isfinite(low), low, np.nan), np.where(np.isfinite(high), high, np.nan), since

    @cached_property
    def due(self) -> F64:
        """Since when each item is due, or when it is next: the latest it can be; nan where it is not asked for or not known."""
        low, high, since = self.times
        grace = np.array([0.0 if i.start >= 0 else i.grace for i in self.schedule.items])
        last = np.where(self.status == DONE, low, high)
        again = np.column_stack([i.next(last[:, n]) for n, i in enumerate(self.schedule.items)]) if self.schedule.items else last
        due = np.fmax(np.where(np.isfinite(again), again, np.nan), since + grace)
        due = np.where((self.status == DONE) & ~np.isfinite([i.every for i in self.schedule.items]), np.nan, due)
        return np.where(self.status == NOT_ASKED, np.nan, due)

    def frame(self) -> pl.DataFrame:
        """One row for each patient and item that is asked for: patient, hour, item, status, due_hour, overdue_by_hours."""
        who, which = np.nonzero(self.status != NOT_ASKED)
        status, due = self.status[who, which], self.due[who, which]
        return pl.DataFrame({
            "patient": pl.Series(self.patients, dtype=pl.String)[who], "hour": np.full(len(who), self.hour),
            "item": pl.Series([i.code for i in self.schedule.items])[which], "status": pl.Series(STATUS)[status.astype(np.int64)],
            "due_hour": pl.Series(due).fill_nan(None),
            "overdue_by_hours": pl.Series(np.where(status == OVERDUE, self.hour - due, np.nan)).fill_nan(None),
        })

    def checks(self, patient: str) -> list[Check]:
        """Every item for one patient, the longest overdue first."""
        at = self.patients.index(patient)
        found = [self._check(at, i) for i in range(len(self.schedule.items))]
        return sorted(found, key=lambda c: (-STATUS.index(c.status), -(c.overdue_by_hours or 0.0), c.due_hour if c.due_hour is not None else inf))

    def _check(self, at: int, which: int) -> Check:
        item, status = self.schedule.items[which], int(self.status[at, which])
        low, high, since = (float(x[at, which]) for x in self.times)
        due = float(self.due[at, which])
        late = self._late(at, item, since) if status in (DUE, OVERDUE, DEPENDS) else {}
        return Check(
            self.patients[at], self.hour, item.code, item.what, STATUS[status], _or_none(self.hour - due) if status == OVERDUE else None,
            _or_none(due) if status != DEPENDS else None, _or_none(low), _or_none(high), _or_none(item.every),
            tuple(g[0] for g in late) if len(item.done_by) > 1 else (), self._missing(at, which, late) if status == DEPENDS else (), item.english(),
            item.cites, str(item.mark), item.source_text, item.reading)

    def _late(self, at: int, item: Item, since: float) -> dict[tuple[str, ...], bool]:
        """The groups that are not surely done in time, and whether they may be."""
        out = {}
        for group in item.done_by:
            last = np.array([x[at] for x in self._last(item, group)])
            if isfinite(item.every):
                low, high = item.next(last) > self.hour
            else:
                low, high = last >= (since if isfinite(since) else self.hour) - item.before
            if not low:
                out[group] = bool(high)
        return out

    def _missing(self, at: int, which: int, late: Mapping[tuple[str, ...], bool]) -> tuple[str, ...]:
        item, names = self.schedule.items[which], list[str]()
        here = self.record.line.place(np.array([at]), np.array([self.hour]))
        if item.when is not None and not self.asked[which].spans(self.record.line, TRUE).holds(here)[0]:
            names += self.record.chapter.missing(at, item.when)
        names += [f"hour of {g[0]}" if perhaps else g[0] for g, perhaps in late.items() if perhaps or self.record.untold(g)[at]]
        return tuple(dict.fromkeys(names))


def _or_none(value: float) -> float | None:
    return value if isfinite(value) else None


def rules_of(schedule: Schedule) -> list[int | None]:
    """Of each item its place among the rules of the sweep, None for one that is always asked for."""
    numbers = iter(range(len(schedule.items)))
    return [next(numbers) if i.when is not None else None for i in schedule.items]


def watch(timeline: Timeline, schedule: Schedule, at: float, carry: Mapping[str, float] | None = None) -> Watch:
    """Every item of the schedule for every patient, at hour ``at``; nothing later is looked at.  Raises SettingError for no hour."""
    if not isfinite(at):
        raise SettingError(f"the hour to look at is a number of hours since the infusion, not {at}")
    known = timeline.until(at)
    ids = tuple(known.patient_ids)
    record = Record.of(known, schedule, at, carry, np.full(len(ids), np.nextafter(at, inf) + 1e-3))
    asked = tuple(record.asked(i, r) for i, r in zip(schedule.items, rules_of(schedule), strict=True))
    place = record.line.place(np.arange(len(ids)), np.full(len(ids), at))
    columns = [record.standing(i, a, place) for i, a in zip(schedule.items, asked, strict=True)]
    status = np.stack(columns, axis=1) if columns else np.empty((len(ids), 0), np.int8)
    return Watch(schedule, record, float(at), ids, status, asked)
