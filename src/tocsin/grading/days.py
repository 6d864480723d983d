"""Grading by days: how long a value stays at or below a limit, as a range where days are unknown.

Each claim is answered in two worlds: on the days that stay unknown the value is above every limit, or below it.  What holds in both is met,
what holds in neither is not met, and the rest is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.errors import RuleError
from tocsin.grading.daily import Bools, Daily, daily
from tocsin.grading.encode import I64, Events, encode
from tocsin.grading.result import Grades
from tocsin.rules import And, AtLeast, Constant, Named, Not, Or, Predicate
from tocsin.scales import Scale
from tocsin.scales.days import DaysLow, EndedBefore, Low, StillLow, ValuesLow
from tocsin.timeline import ATTRIBUTIONS, HOURS_A_DAY, Timeline


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim for each patient: surely true, possibly true; and the days, shape (patients, days), on which it rests where it is met."""

    surely: Bools
    possibly: Bools
    days: Bools


def grade_days(timeline: Timeline, scale: Scale, counts: Sequence[str], until: float | None, events: Events | None = None) -> Grades:
    """One step a patient, from the first to the end of the last day of the scale's window; none where ``until`` lies before it.

    ``counts``: the attributions whose values count.  ``until``: nothing after this hour is looked at; later days are unknown.
    Raises RuleError for a scale that asks for anything but its own measurement.
    """
    days = scale.days
    if days is None:
        raise RuleError(f"{scale.id} does not count days")
    coded = events if events is not None else encode(timeline)
    table = daily(coded, days, counts, until)
    claims = Claims(table, days.concept, days.first)
    answers = [claims.answer(part.predicate) for part in scale.parts]
    n = len(coded.patients)
    at_least, at_most, true_bits = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.uint64)
    for i, answer in enumerate(answers):
        true_bits |= np.where(answer.surely, np.uint64(1) << np.uint64(i), np.uint64(0))
        if i < len(scale.criteria):
            grade = scale.criteria[i].grade
            at_least = np.maximum(at_least, np.where(answer.surely, grade, 0))
            at_most = np.maximum(at_most, np.where(answer.possibly, grade, 0))
    began = until is None or until >= days.first * HOURS_A_DAY
    kept = np.arange(n if began else 0)
    offsets, rows = _evidence(scale, table, answers, at_least, kept)
    return Grades(
        scale=scale, timeline=timeline, assumptions=_assumptions(scale, counts, until), patient_index=kept,
        start=np.full(len(kept), days.first * HOURS_A_DAY), end=np.full(len(kept), (days.last + 1) * HOURS_A_DAY),
        at_least=at_least[kept], at_most=at_most[kept], true_bits=true_bits[kept],
        asked_bits=(at_least < at_most)[kept].astype(np.uint64), evidence_offsets=offsets, evidence_rows=rows,
        patients=coded.patients, asked_names=(days.concept,),
    )


# ---------------------------------------------------------------------------------------------------- claims
@dataclass(frozen=True, slots=True)
class Claims:
    """Answers claims about the daily values of one measurement; ``first`` is the number of the first day.

    ``runs`` keeps what several claims share: the days of the runs below a limit, surely and possibly.
    """

    table: Daily
    concept: str
    first: int
    runs: dict[tuple[float, bool, int], tuple[Bools, Bools]] = field(default_factory=dict)
    longest: dict[tuple[float, bool, int], tuple[I64, I64, Bools]] = field(default_factory=dict)

    def answer(self, claim: Predicate) -> Answer:
        """The answer to a claim, by Kleene's rules; RuleError for a claim about anything else."""
        nowhere = np.zeros(self.table.exists.shape, np.bool_)
        if isinstance(claim, EndedBefore):
            ended = ~_any(self.table.exists)
            return Answer(ended, ended, nowhere)
        if isinstance(claim, Constant):
            always = np.full(len(nowhere), claim.value)
            return Answer(always, always, nowhere)
        if isinstance(claim, Low) and claim.concept != self.concept:
            raise RuleError(f"a scale that counts days of {self.concept} cannot ask for {claim.concept}")
        if isinstance(claim, DaysLow):
            return self._days_low(claim)
        if isinstance(claim, StillLow):
            sure, maybe = (self._still(claim, low) for low in self._joined(claim, claim.joined))
            return Answer(_any(sure), _any(maybe), sure)
        if isinstance(claim, ValuesLow):
            return self._values_low(claim)
        if not isinstance(claim, And | Or | AtLeast | Not | Named):
            raise RuleError(f"a scale that counts days cannot ask whether {claim.english()}")
        parts = [self.answer(child) for child in claim.children()]
        if isinstance(claim, Not):
            return Answer(~parts[0].possibly, ~parts[0].surely, nowhere)
        least = claim.number if isinstance(claim, AtLeast) else 1 if isinstance(claim, Or) else len(parts)
        where: Bools = np.logical_or.reduce([p.days & p.surely[:, None] for p in parts])
        surely: Bools = np.stack([p.surely for p in parts]).sum(axis=0) >= least
        possibly: Bools = np.stack([p.possibly for p in parts]).sum(axis=0) >= least
        return Answer(surely, possibly, where)

    def _days_low(self, claim: DaysLow) -> Answer:
        """The longest run, or the days in all, against the number asked for."""
        sure, maybe = self._joined(claim, claim.joined)
        if not claim.run:
            return Answer(sure.sum(axis=1) >= claim.number, maybe.sum(axis=1) >= claim.number, sure)
        key = (claim.limit, claim.below, claim.joined)
        if key not in self.longest:
            length, days = _longest(sure)
            self.longest[key] = (length, _runs(maybe).max(axis=1), days)
        length, most, days = self.longest[key]
        return Answer(length >= claim.number, most >= claim.number, days)

    def _values_low(self, claim: ValuesLow) -> Answer:
        """How many measured days are low, against the number asked for or the number measured."""
        table = self.table
        below = np.less if claim.below else np.less_equal
        with np.errstate(invalid="ignore"):
            sure: Bools = table.measured & below(table.high, claim.limit)
            maybe: Bools = (table.measured & below(table.low, claim.limit)) | below(table.maybe, claim.limit)
        enough = np.clip(table.measured.sum(axis=1), 1, claim.number)
        settled = table.seen & np.isnan(table.maybe).all(axis=1)
        surely = sure.sum(axis=1) >= np.where(settled, enough, claim.number)
        unknown = (~table.seen | ~_any(table.measured)) & _any(table.exists)
        return Answer(surely, (maybe.sum(axis=1) >= enough) | unknown, sure)

    def _joined(self, claim: Low, across: int) -> tuple[Bools, Bools]:
        """The days of runs that are surely low, and of those that may be: on unknown days, or by a value of an uncertain day."""
        key = (claim.limit, claim.below, across)
        if key not in self.runs:
            table = self.table
            below = np.less if claim.below else np.less_equal
            with np.errstate(invalid="ignore"):
                sure = below(table.high, claim.limit)
                maybe = below(table.low, claim.limit) | below(table.maybe, claim.limit) | np.isnan(table.high)
            self.runs[key] = (_joined(sure & table.exists, across), _joined(maybe & table.exists, across))
        return self.runs[key]

    def _still(self, claim: StillLow, low: Bools) -> Bools:
        """The days of a run that had begun by a day and reached the last day of the observation; none where there is no such run."""
        last = self.table.exists.sum(axis=1) - 1
        length = np.where(last >= 0, np.take_along_axis(_runs(low), np.maximum(last, 0)[:, None], axis=1)[:, 0], 0)
        begin = last - length + 1
        holds = (length > 0) & (begin + self.first <= claim.begun_by)
        number = np.arange(low.shape[1])
        days: Bools = holds[:, None] & (number >= begin[:, None]) & (number <= last[:, None])
        return days


def _any(days: Bools) -> Bools:
    """The patients with one of these days."""
    out: Bools = np.logical_or.reduce(days, axis=1)
    return out


def _joined(low: Bools, across: int) -> Bools:
    """The low days and those of recoveries of at most ``across`` days between them."""
    if across <= 0:
        return low
    width = low.shape[1]
    number = np.arange(width)
    before = np.maximum.accumulate(np.where(low, number, -width - 1), axis=1)
    after = np.minimum.accumulate(np.where(low, number, 2 * width + 1)[:, ::-1], axis=1)[:, ::-1]
    return low | (after - before - 1 <= across)


def _runs(low: Bools) -> I64:
    """How many low days in a row each day ends."""
    number = np.arange(low.shape[1])
    return np.where(low, number - np.maximum.accumulate(np.where(low, -1, number), axis=1), 0)


def _longest(low: Bools) -> tuple[I64, Bools]:
    """The length of the first of the longest runs, and its days."""
    runs = _runs(low)
    last = runs.argmax(axis=1)
    length = runs.max(axis=1)
    number = np.arange(low.shape[1])
    return length, (number <= last[:, None]) & (number > (last - length)[:, None])


# ---------------------------------------------------------------------------------------------------- reasons
def _evidence(scale: Scale, table: Daily, answers: Sequence[Answer], at_least: I64, kept: I64) -> tuple[I64, I64]:
    """The rows of events behind each step: the days of what is met at the grade, or else the lowest value; and what ended the observation."""
    behind = np.zeros(table.exists.shape, np.bool_)
    for criterion, answer in zip(scale.criteria, answers, strict=False):
        if criterion.grade > 0:
            behind |= answer.days & (answer.surely & (at_least == criterion.grade))[:, None]
    lowest = np.where(table.measured, table.high, np.inf)
    none = ~behind.any(axis=1) & table.measured.any(axis=1)
    behind[none, lowest[none].argmin(axis=1)] = True
    rows = np.concatenate([np.where(behind, table.row, -1), table.end_row[:, None]], axis=1)[kept]
    told = rows >= 0
    offsets = np.concatenate([[0], np.cumsum(told.sum(axis=1))]).astype(np.int64)
    found: npt.NDArray[np.int64] = rows[told]
    return offsets, found


def _assumptions(scale: Scale, counts: Sequence[str], until: float | None) -> tuple[str, ...]:
    """What the grades rest on, in words."""
    days = scale.days
    assert days is not None
    out = [f"days: {days.english()}", "a day that stays without a value is unknown: at least counts it as above the limits, at most as below them"]
    left = [a for a in ATTRIBUTIONS if a not in counts]
    if left:
        out.append(f"attribution: values put down to {' or '.join(counts)} count; {', '.join(left)} do not")
    if until is not None:
        out.append(f"nothing after hour {until:g} is looked at; later days are unknown")
    out += [f"setting {s.name} = {scale.settings[s.name]}" for s in scale.setting_docs if scale.settings[s.name] != s.default]
    return tuple(out)
