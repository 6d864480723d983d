"""The slow, obvious grader: docs/how-a-grade-is-computed.md in plain Python, looking back over all events at every moment.

It keeps no state.  What is known of an input at hour t is worked out anew from the rows with ``hour <= t``; what depends on
the past (lasting, masking, resolution) is worked out from the list of earlier moments.  Claims are 0 false, 1 true, 2 unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from tocsin.derived.baseline import LOOK_BACK_DAYS, LYMPHODEPLETION_DAY
from tocsin.derived.limits import limit as find_limit
from tocsin.rules import (
    And,
    AtLeast,
    Compare,
    Constant,
    CountRunning,
    Doses,
    Either,
    Elsewhere,
    EpisodeFor,
    Fact,
    IsIn,
    Kept,
    Lasting,
    Masked,
    Named,
    Not,
    Observed,
    Or,
    PatientLimit,
    Predicate,
    RateSum,
    Unless,
    Within,
    values_of,
)
from tocsin.scales import Scale
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, LYMPHODEPLETION, Kind

FALSE, TRUE, UNKNOWN = 0, 1, 2
DAY = 24.0
NUMBERS = (Kind.MEASUREMENT,)
GIVEN = (Kind.INFUSION, Kind.DOSE)
RATED = {name for name, concept in CONCEPTS.items() if concept.kind in GIVEN}


# ---------------------------------------------------------------------------------------------------- rows
@dataclass(frozen=True)
class Row:
    concept: str
    hour: float
    end: float | None
    hour_latest: float | None
    value: float | None
    text: str | None
    censored: int
    attribution: str

    @property
    def latest(self) -> float:
        return self.hour if self.hour_latest is None else self.hour_latest

    @property
    def is_exact(self) -> bool:
        return self.end is None and self.latest == self.hour

    @property
    def is_long(self) -> bool:
        """The window is too long to hold as a whole: within it the row is only possible."""
        return self.latest - self.hour > DAY

    @property
    def over_at(self) -> float:
        """When the window or interval of a row that is not exact has passed."""
        return self.latest if self.end is None else max(self.end, self.latest)

    @property
    def reading(self) -> Reading:
        kind = CONCEPTS[self.concept].kind
        if kind in NUMBERS:
            return Reading(None, *self._range())
        if kind in GIVEN:
            if self.text == "unknown":
                return Reading("unknown", *self._range())
            if self.text == "absent" or (self.text != "present" and self.value == 0):
                return Reading("absent", 0.0, 0.0)
            return Reading("present", *self._range())
        return Reading(self.text if self.text in values_of(self.concept) else "unknown", -math.inf, math.inf)

    def _range(self) -> tuple[float, float]:
        if self.value is None:
            return -math.inf, math.inf
        if self.censored > 0:
            return float(np.nextafter(self.value, math.inf)), math.inf
        if self.censored < 0:
            return -math.inf, float(np.nextafter(self.value, -math.inf))
        return self.value, self.value


@dataclass(frozen=True)
class Reading:
    """What one row says: a coded value (None for a number; "unknown" when not told), and the range of the number."""

    code: str | None
    low: float
    high: float


ABSENT = Reading("absent", 0.0, 0.0)


@dataclass(frozen=True)
class Silence:
    """A time without a sign, and the hour from which on it could have been the quiet after which an episode has resolved."""

    start: float
    end: float
    long_enough: float


@dataclass(frozen=True)
class View:
    """What is known of one input at one moment."""

    held: tuple[Reading, ...]
    elsewhere: bool
    possible: tuple[Reading, ...]
    lapsed: tuple[Reading, ...]
    closed: bool
    named: bool = False  # something is there that the record puts down to the syndrome itself

    @property
    def apart(self) -> bool:
        """Put down elsewhere, and nothing counted lapsed before it in a complete record."""
        return self.elsewhere and not (self.closed and self.lapsed)


# ---------------------------------------------------------------------------------------------------- one patient
class Patient:
    def __init__(self, timeline: Timeline, patient: str, scale: Scale, counts: Sequence[str],
                 carry: Mapping[str, float], from_hour: float, until: float) -> None:
        one = timeline.of(patient)
        names = ("concept", "hour", "end_hour", "hour_latest", "value", "text", "censored", "attribution")
        self.rows = [Row(*(r[n] for n in names)) for r in one.events.iter_rows(named=True)]
        # an observation that ends as it begins is an instant
        self.rows = [replace(r, end=None) if r.end == r.hour and CONCEPTS[r.concept].kind not in GIVEN else r for r in self.rows]
        self.facts = one.patients.row(0, named=True)
        self.complete = timeline.complete
        self.patient = patient
        self.scale = scale
        self.counts = counts
        self.carry_given = carry
        self.until = until
        first = min((r.hour for r in self.rows), default=from_hour)
        self.begin = max(from_hour, first)
        self.resolutions: list[float] = []
        self.silences: list[Silence] = []
        self._views: dict[tuple[str, float], View] = {}
        self._truth: dict[tuple[int, float], int] = {}  # by identity: to hash a large claim costs more than to work it out
        self.by_concept: dict[str, list[Row]] = {}
        for row in self.rows:
            self.by_concept.setdefault(row.concept, []).append(row)

    def carry(self, concept: str) -> float:
        if CONCEPTS[concept].kind is Kind.STATEMENT:
            return math.inf
        return self.carry_given.get(concept, CONCEPTS[concept].carry_forward_hours or 0.0)

    def counted(self, row: Row) -> bool:
        if row.concept == "death" and row.attribution == "unknown":
            return False
        return row.attribution in self.counts

    def named(self, row: Row) -> bool:
        """The row says that something is there, and puts it down to the syndrome itself."""
        code = row.reading.code
        return (self.counted(row) and row.attribution in self.scale.episode.put_down_to
                and code not in (None, "absent", "unknown") and (row.concept in RATED or code != values_of(row.concept)[0]))

    # ------------------------------------------------------------------ what is known
    def view(self, concept: str, t: float) -> View:
        key = (concept, t)
        if key not in self._views:
            self._views[key] = self._look(concept, t)
        return self._views[key]

    def _look(self, concept: str, t: float) -> View:
        carry = self.carry(concept)
        rows = [r for r in self.by_concept.get(concept, []) if r.hour <= t and not (r.end == r.hour == r.latest)]
        changed = max(self._device_changes(t), default=-math.inf) if concept in ("oxygen_flow", "fio2") else -math.inf
        exact = [r for r in rows if r.is_exact]
        last_exact = max((r.hour for r in exact), default=-math.inf)
        newest = [r for r in exact if r.hour == last_exact]
        if any(self.counted(r) for r in newest):
            newest = [r for r in newest if self.counted(r)]
        spans = [r for r in rows if not r.is_exact]
        running = [r for r in spans if t < r.over_at and (t >= r.latest or not r.is_long)]
        possible = [r for r in spans if t < r.latest and r.is_long and self.counted(r)]
        over = [r for r in spans if t >= r.over_at]

        def outdated(latest: float) -> bool:
            """Another window or interval has come and gone that surely lies after this."""
            return any(o.hour >= latest and self.counted(o) for o in over)

        # what carries on: (reading, counted, until)
        carried = [
            (r.reading, self.counted(r), r.hour + carry, r) for r in newest
            if r.hour >= changed and not any(o.hour > r.hour and self.counted(o) for o in over)]
        for r in over:
            if last_exact >= r.hour or r.over_at <= changed:
                continue
            if r.end is None:
                if not outdated(r.latest):
                    carried.append((r.reading, self.counted(r), r.hour + carry, r))
            elif (CONCEPTS[concept].kind in (Kind.INFUSION, Kind.FINDING) and self.counted(r) and r.reading.code != "unknown"
                  and not any(o.hour >= r.over_at and self.counted(o) for o in over)):
                carried.append((ABSENT, True, r.over_at + carry, None))
        held = [r.reading for r in running if self.counted(r)] + [x for x, counted, end, _ in carried if counted and t < end]
        elsewhere = not held and (
            any(not self.counted(r) for r in running) or any(not counted and t < end for _, counted, end, _ in carried))
        here = [*running, *(r for _, _, end, r in carried if r is not None and t < end)]
        return View(tuple(held), elsewhere, tuple(r.reading for r in possible),
                    tuple(x for x, counted, _, _ in carried if counted), self.complete.covers(concept, self.patient),
                    any(self.named(r) for r in here))

    def _device_changes(self, t: float) -> list[float]:
        """When a counted exact device other than the one known until then was charted."""
        out = []
        for row in self.by_concept.get("oxygen_device", []):
            if row.hour <= t and row.is_exact and self.counted(row):
                before = self.view("oxygen_device", float(np.nextafter(row.hour, -math.inf)))
                if before.held and {x.code for x in before.held} != {row.reading.code}:
                    out.append(row.hour)
        return out

    # ------------------------------------------------------------------ claims
    def truth(self, p: Predicate, t: float) -> int:
        key = (id(p), t)
        if key not in self._truth:
            self._truth[key] = self._claim(p, t)
        return self._truth[key]

    def _claim(self, p: Predicate, t: float) -> int:
        match p:
            case Named(of=of):
                return self.truth(of, t)
            case Constant(value):
                return int(value)
            case Not(of):
                return {FALSE: TRUE, TRUE: FALSE, UNKNOWN: UNKNOWN}[self.truth(of, t)]
            case And(of):
                parts = [self.truth(x, t) for x in of]
                return FALSE if FALSE in parts else UNKNOWN if UNKNOWN in parts else TRUE
            case Or(of):
                parts = [self.truth(x, t) for x in of]
                return TRUE if TRUE in parts else UNKNOWN if UNKNOWN in parts else FALSE
            case Either(of):
                parts = [self.truth(x, t) for x in of]
                return TRUE if TRUE in parts else FALSE if FALSE in parts else UNKNOWN
            case AtLeast(number, of):
                parts = [self.truth(x, t) for x in of]
                return TRUE if parts.count(TRUE) >= number else FALSE if len(parts) - parts.count(FALSE) < number else UNKNOWN
            case Observed(of, hours):
                # a claim holds until the moment it changes, so what was true last ended at the next moment
                past = self.moments(t)
                over = [end for m, end in pairwise(past) if self.truth(of, m) == TRUE]
                return TRUE if any(t < end + hours for end in over) else self.truth(of, t)
            case Within(of, start, end):
                found = [self.truth(of, m) for m in self.moments(t) if start <= m < end]
                return TRUE if TRUE in found else FALSE if FALSE in found and t >= end else UNKNOWN
            case Unless(of, hidden_by):
                return UNKNOWN if self.truth(hidden_by, t) == TRUE else self.truth(of, t)
            case Compare():
                return self._compare(p, t)
            case IsIn():
                return self._is_in(p, t)
            case CountRunning():
                return self._count(p, t)
            case RateSum():
                return self._rate(p, t)
            case Doses():
                return self._doses(p, t)
            case Fact(name, op, value, _, assume):
                low, high = self._fact(name)
                if low is None:
                    return UNKNOWN if assume is None else int(assume)
                against = self._limit(value) if isinstance(value, PatientLimit) else (value,)
                ends = {{">=": told >= x, ">": told > x, "<": told < x, "<=": told <= x, "==": told == x}[op] for told in (low, high) for x in against}
                return UNKNOWN if len(ends) > 1 else int(ends.pop())
            case Elsewhere(concepts):
                return int(any(self.view(c, t).elsewhere for c in concepts))
            case Lasting(of, hours):
                return self._lasting(of, hours, t)
            case Kept(of, doses, otherwise):
                return self._kept(of, doses, otherwise, t)
            case Masked(onset, doses):
                return self._masked(onset, doses, t)
            case EpisodeFor(onset, hours):
                return self._episode_for(onset, hours, t)
        raise AssertionError(p)

    def _compare(self, p: Compare, t: float) -> int:
        low, high = self._limit(p.limit)
        upward = p.op in (">=", ">")

        def one(x: Reading) -> int:
            """One range against a limit that lies between low and high."""
            if x.low == -math.inf and x.high == math.inf:
                return UNKNOWN
            if p.op == ">=":
                return TRUE if x.low >= high else FALSE if x.high < low else UNKNOWN
            if p.op == ">":
                return TRUE if x.low > high else FALSE if x.high <= low else UNKNOWN
            if p.op == "<":
                return TRUE if x.high < low else FALSE if x.low >= high else UNKNOWN
            return TRUE if x.high <= low else FALSE if x.low > high else UNKNOWN

        # a number that was never told in a complete domain is not above a limit; whether it is below one is unknown
        return self._settle(self.view(p.concept, t), one, never=FALSE if upward else UNKNOWN, less=upward)

    def _fact(self, name: str) -> tuple[object, object]:
        """The range in which a fact about the patient lies; None twice when it is not told."""
        told = self.facts.get(name)
        concept = name.removeprefix("baseline_")
        if told is not None or concept == name or concept not in CONCEPTS:
            return told, told
        begins = [r.hour for r in self.rows if r.concept in LYMPHODEPLETION and r.hour < 0 and r.text not in ("absent", "unknown")]
        begin = min(begins, default=LYMPHODEPLETION_DAY * DAY)
        fitting = [r for r in self.rows if r.concept == concept and r.value is not None and not r.is_long
                   and begin - LOOK_BACK_DAYS * DAY <= r.hour <= begin]
        if not fitting:
            return None, None
        last = max(fitting, key=lambda r: r.hour)
        return [r for r in fitting if r.hour == last.hour][-1]._range()

    def _limit(self, limit: float | PatientLimit) -> tuple[float, float]:
        if not isinstance(limit, PatientLimit):
            return limit, limit
        name = limit.name
        if name.partition("_")[0] in ("uln", "lln", "baseline"):
            told_low, told_high = self._fact(name)
            low, high = (-math.inf, math.inf) if told_low is None else (told_low, told_high)
        else:
            numbers = {k: np.array([math.nan if v is None else v]) for k, v in self.facts.items() if not isinstance(v, str | bool)}
            low, high = (float(x[0]) for x in find_limit(name).compute(numbers))
        if (low, high) == (-math.inf, math.inf) and limit.default is not None:
            low = high = limit.default
        ends = (low * limit.factor + limit.plus, high * limit.factor + limit.plus)
        return tuple(round(x, 9) if abs(x) > 1e-6 else x for x in ends)

    def _is_in(self, p: IsIn, t: float) -> int:
        def one(x: Reading) -> int:
            return TRUE if x.code in p.values else UNKNOWN if x.code in p.maybe or x.code == "unknown" else FALSE

        normal = values_of(p.concept)[0]  # absent, none, awake, room air
        return self._settle(self.view(p.concept, t), one, never=one(Reading(normal, 0.0, 0.0)), less=True)

    def _settle(self, view: View, one, never: int, less: bool) -> int:
        """Several values at once, nothing known, and possible values.  ``less``: "that or less" leaves a false claim false."""
        if view.held:
            out = _any([one(x) for x in view.held])
        elif view.closed and view.lapsed:
            out = FALSE if less and _any([one(x) for x in view.lapsed]) == FALSE else UNKNOWN
        elif view.elsewhere:
            out = FALSE
        else:
            out = never if view.closed else UNKNOWN
        if out == FALSE and any(one(x) != FALSE for x in view.possible):
            out = UNKNOWN
        return out

    def _runs(self, concept: str, t: float) -> int:
        return self._is_in(IsIn(concept, ("present",)), t)

    def _count(self, p: CountRunning, t: float) -> int:
        running = [self._runs(c, t) for c in p.concepts]
        low = running.count(TRUE)
        high = low + running.count(UNKNOWN)
        number = self.view(p.count, t) if p.count is not None else None
        settled = number is not None and bool(number.held) and all(x.low > -math.inf or x.high < math.inf for x in number.held)
        if number is not None and not settled and not number.apart:
            # an explicit "unknown", a possible number, or one that lapsed in a complete record: up to that many may run
            may_be = (*number.held, *number.possible, *(number.lapsed if number.closed else ()))
            high = max([high, *(x.high for x in may_be)])
        if p.any_of is not None:
            told = self.view(p.any_of, t)
            any_runs = self._runs(p.any_of, t)
            said = bool(told.held or told.possible or (told.closed and told.lapsed and not told.apart))
            if p.any_counts and (any_runs == TRUE or (any_runs == UNKNOWN and said)):
                # a vasopressor that is not named: where none is named, how many they are is not told
                high = max(high, math.inf if low == 0 else 1)
                low = max(low, 1) if any_runs == TRUE else low
            elif told.held and any_runs == FALSE:
                high = low
        if number is not None and settled:
            low = max([low, *(math.ceil(x.low) for x in number.held if x.low > -math.inf)])
            high = max([low, *(math.floor(x.high) if x.high < math.inf else math.inf for x in (*number.held, *number.possible))])
        return TRUE if low >= p.number else UNKNOWN if high >= p.number else FALSE

    def _rate(self, p: RateSum, t: float) -> int:
        low = high = 0.0
        none_told = p.any_of is not None and bool(self.view(p.any_of, t).held) and self._runs(p.any_of, t) == FALSE
        for concept, factor in p.terms:
            view = self.view(concept, t)
            runs = self._runs(concept, t)
            if runs == TRUE:
                low += factor * max(max((x.low for x in view.held if x.code == "present"), default=0.0), 0.0)
                high += factor * max(x.high for x in (*view.held, *view.possible))
            elif runs == UNKNOWN and not none_told:
                told = (*view.held, *view.possible, *(view.lapsed if not view.held and not view.apart else ()))
                if not view.closed and not view.held and not view.apart:
                    high += math.inf
                else:
                    high += factor * max((x.high for x in told), default=math.inf)
        if p.any_of is not None and not none_told and not any(self._runs(c, t) == TRUE for c, _ in p.terms):
            told_any = self.view(p.any_of, t)
            said = bool(told_any.held or told_any.possible or (told_any.closed and told_any.lapsed and not told_any.apart))
            if said and self._runs(p.any_of, t) != FALSE:
                high = math.inf  # one runs that is not named, at a rate that is not told
        limit_low, limit_high = self._limit(p.limit)
        return TRUE if low >= limit_high else UNKNOWN if high >= limit_low else FALSE

    # ------------------------------------------------------------------ doses
    def _given(self, concepts: Iterable[str], t: float) -> list[tuple[Row, bool]]:
        """The doses told by now, and whether each was surely a dose (an explicit "unknown" only may be)."""
        return [
            (row, row.reading.code == "present") for concept in concepts for row in self.by_concept.get(concept, [])
            if row.hour <= t and row.reading.code != "absent"]

    def _told_none(self, p: Doses, t: float) -> bool:
        """A row that none was given holds for a day, its window or its interval."""
        teller = p.told_by or (p.concepts[0] if len(p.concepts) == 1 else "")
        return any(
            r.hour <= t < (r.end if r.end is not None else r.hour + max(r.latest - r.hour, DAY))
            for r in self.by_concept.get(teller, []) if r.reading.code == "absent")

    def _all_told(self, p: Doses, t: float) -> bool:
        return all(self.complete.covers(c, self.patient) for c in p.concepts) or self._told_none(p, t)

    def _doses(self, p: Doses, t: float) -> int:
        hours = math.inf if p.hours is None else p.hours
        sure = maybe = 0
        for row, certain in self._given(p.concepts, t):
            if p.since_infusion and max(row.latest, row.end if row.end is not None else row.hour) < 0:
                continue
            given_by_now = row.latest <= t
            in_part = row.end is not None and row.end > row.hour and row.end + hours > t
            if certain and given_by_now and (in_part or row.hour + hours > t):
                sure += 1
            elif max(row.latest, row.end if row.end is not None else row.hour) + hours > t:
                maybe += 1
        if sure >= p.number:
            return TRUE
        if self._all_told(p, t):
            return UNKNOWN if sure + maybe >= p.number else FALSE
        return UNKNOWN

    # ------------------------------------------------------------------ the past
    def moments(self, t: float) -> list[float]:
        return [m for m in self.times if m <= t]

    def _lasting(self, of: Predicate, hours: float, t: float) -> int:
        true_since = maybe_since = None
        for m in reversed(self.moments(t)):
            if self.truth(of, m) != TRUE:
                break
            true_since = m
        for m in reversed(self.moments(t)):
            if self.truth(of, m) == FALSE:
                break
            maybe_since = m
        if true_since is not None and t >= true_since + hours:
            return TRUE
        return UNKNOWN if maybe_since is not None and t >= maybe_since + hours else FALSE

    def _kept(self, of: Predicate, doses: Doses, otherwise: bool, t: float) -> int:
        given = self.truth(doses, t)
        after: list[int] = []  # what the claim was at each moment since the doses were surely given
        for m in reversed(self.moments(t)):
            if self.truth(doses, m) == FALSE:
                break
            if self.truth(doses, m) == TRUE:
                after = [self.truth(of, x) for x in self.moments(t) if x >= m]
        if given == FALSE or not after:
            return given
        if after[0] != TRUE:
            return int(otherwise) if after[0] == FALSE else UNKNOWN
        return FALSE if FALSE in after else UNKNOWN if UNKNOWN in after else TRUE

    def _since(self, onset: Predicate, t: float) -> tuple[float | None, float | None]:
        """When the onset was first true, and first possible, since the last resolution."""
        since = max((r for r in self.resolutions if r <= t), default=-math.inf)
        now = [m for m in self.moments(t) if m >= since]
        return (next((m for m in now if self.truth(onset, m) == TRUE), None), next((m for m in now if self.truth(onset, m) != FALSE), None))

    def _silence(self, onset: Predicate, t: float) -> Silence | None:
        """The last time since the onset in which the episode may have resolved."""
        began, _ = self._since(onset, t)
        found = [s for s in self.silences if began is not None and s.start > began and s.long_enough <= t]
        if not found or any(m >= found[-1].long_enough and self._goes_on(m) for m in self.moments(t)):
            return None
        return found[-1]

    def _goes_on(self, t: float) -> bool:
        """The record puts something that is there down to the syndrome itself."""
        return any(self.view(concept, t).named for concept in self.scale.episode.shown_by)

    def _surely_since(self, onset: Predicate, t: float) -> float | None:
        """The onset of the episode that surely goes on: the first since the last time in which it may have resolved."""
        silence = self._silence(onset, t)
        if silence is None:
            return self._since(onset, t)[0]
        return next((m for m in self.moments(t) if m >= silence.long_enough and self.truth(onset, m) == TRUE), None)

    def _episode_for(self, onset: Predicate, hours: float, t: float) -> int:
        began, may_have = self._since(onset, t)
        if began is not None:
            surely = self._surely_since(onset, t)
            return TRUE if surely is not None and t >= surely + hours else UNKNOWN if t >= began + hours else FALSE
        return UNKNOWN if may_have is not None and t >= may_have + hours else FALSE

    def _masked(self, onset: Predicate, doses: Doses, t: float) -> int:
        began, may_have = self._since(onset, t)
        given = self._given(doses.concepts, t)
        if began is not None:
            surely = self._surely_since(onset, t)
            if surely is not None and self._dose_after(given, surely, t):
                return TRUE
            if any(r.hour >= began or max(r.latest, r.end or r.hour) > began for r, _ in given):
                return UNKNOWN
            return FALSE if self._all_told(doses, t) else UNKNOWN
        if may_have is not None and any(r.hour >= may_have or max(r.latest, r.end or r.hour) > may_have for r, _ in given):
            return UNKNOWN
        return FALSE

    def _dose_after(self, given: Sequence[tuple[Row, bool]], began: float, t: float) -> bool:
        return any(certain and (not r.is_long or r.latest <= t) and (r.hour >= began or (r.end is not None and r.end > began))
                   for r, certain in given)

    def _lost(self, p: Masked | EpisodeFor, t: float) -> bool:
        """It is unknown only because the episode may have resolved."""
        began, _ = self._since(p.onset, t)
        if began is None or self.truth(p, t) != UNKNOWN:
            return False
        return t >= began + p.hours if isinstance(p, EpisodeFor) else self._dose_after(self._given(p.doses.concepts, t), began, t)

    # ------------------------------------------------------------------ resolution
    def find_silences(self) -> list[Silence]:
        """The times in which no sign is seen, known to be absent or not, and which could have been quiet for long enough."""
        rule = self.scale.episode
        signs = [(m, TRUE in (self.truth(rule.active, m), self.truth(rule.onset, m)) or self._goes_on(m)) for m in self.times]
        given = [(r, r.hour if r.end is None else r.end) for r, sure in self._given(rule.suppressing.concepts, self.until) if sure]
        q = rule.quiet_hours

        def asks_for_more(when: float) -> bool:
            """A drug was surely given in the quiet that begins here, or in the hours before it."""
            return any(r.latest < when + q and over > when - q and over + q > when for r, over in given)

        out = []
        starts = [m for (m, sign), (_, before) in zip(signs, [(0.0, True), *signs], strict=False) if not sign and before]
        for start in starts:
            end = next((m for m, sign in signs if m > start and sign), self.until)
            whens = sorted({start, *(over + q for _, over in given if over + q > start)})
            long_enough = min([when + q for when in whens if not asks_for_more(when)] + [start + rule.quiet_hours_suppressed])
            if long_enough <= end:
                out.append(Silence(start, end, long_enough))
        return out

    def find_resolutions(self) -> list[float]:
        rule = self.scale.episode
        signs = [(m, self.truth(rule.active, m)) for m in self.times]
        spells = []  # [first moment known quiet, end of the quiet)
        begun: float | None = None
        gap: float | None = None
        for m, sign in signs:
            if gap is not None and begun is not None and (m > gap + rule.lapse_hours or sign == TRUE):
                spells.append((begun, gap))
                begun = gap = None
            if sign == FALSE:
                gap = None
                begun = m if begun is None else begun
            elif sign == TRUE:
                if begun is not None:
                    spells.append((begun, m))
                begun = None
            elif begun is not None and gap is None:
                gap = m
        if begun is not None:
            spells.append((begun, gap if gap is not None else self.until))
        given = [r for r, _ in self._given(rule.suppressing.concepts, self.until)]
        told = bool(given) or all(self.complete.covers(c, self.patient) for c in rule.suppressing.concepts)
        ends = [max(r.latest, r.end if r.end is not None else r.hour) for r in given]

        def resolves(when: float, end: float) -> bool:
            if when + rule.quiet_hours_suppressed <= end:
                return True
            drugs = [r for r, last in zip(given, ends, strict=True)
                     if r.hour < when + rule.quiet_hours and last > when - rule.quiet_hours]
            return when + rule.quiet_hours <= end and told and not drugs

        onsets = [m for m in self.times if self.truth(rule.onset, m) == TRUE]
        out: list[float] = []
        for start, end in spells:
            if any(start > o >= (out[-1] if out else -math.inf) for o in onsets):
                moments = sorted({start, *(e + rule.quiet_hours for e in ends if start < e + rule.quiet_hours < end)})
                first = next((m for m in moments if resolves(m, end)), None)
                if first is not None:
                    out.append(first)
        return out

    # ------------------------------------------------------------------ steps
    @cached_property
    def _leaves(self) -> list[Predicate]:
        scale = self.scale
        roots = [*(c.predicate for c in (*scale.criteria, *scale.flags)), scale.episode.onset, scale.episode.active]
        return list({id(x): x for p in roots for x in _every(p)}.values())

    def candidate_times(self) -> list[float]:
        """Every moment at which anything could change, collected generously."""
        windows = sorted({p.hours for p in self._leaves if isinstance(p, Doses) and p.hours is not None})
        lasting = sorted({p.hours for p in self._leaves if isinstance(p, Lasting | Observed)})
        out = {self.begin}
        for r in self.rows:
            base = {r.hour, r.latest, r.over_at, r.hour + max(r.latest - r.hour, DAY)} | ({r.end} if r.end is not None else set())
            carry = self.carry(r.concept)
            out |= base | {b + carry for b in base}
            if CONCEPTS[r.concept].kind is Kind.DOSE:
                out |= {b + h for b in base for h in windows}
        for hours in lasting:
            out |= {m + hours for m in list(out)}
        out |= {m for p in self._leaves if isinstance(p, Within) for m in (p.start, p.end)}
        return sorted(m for m in out if self.begin <= m <= self.until and m < math.inf)

    def steps(self) -> list[dict[str, object]]:
        self.times = self.candidate_times()
        found = self.find_resolutions()
        self.resolutions = found
        self.silences = self.find_silences()
        self.times = sorted({*self.times, *found, *(s.long_enough for s in self.silences)})
        hours = {p.hours for p in self._leaves if isinstance(p, EpisodeFor)}
        self.times = sorted({*self.times, *(m + h for m in self.times for h in hours if m + h <= self.until)})
        self._truth.clear()
        out: list[dict[str, object]] = []
        for m in self.times:
            step = self._step(m)
            if not out or any(out[-1][k] != step[k] for k in step if k != "start_hour"):
                out.append(step)
        for one, following in zip(out, [*out[1:], None], strict=True):
            one["end_hour"] = None if following is None else following["start_hour"]
        return out

    def _step(self, t: float) -> dict[str, object]:
        scale = self.scale
        met = {c: self.truth(c.predicate, t) for c in scale.criteria}
        at_least = at_most = 0
        because: set[str] = set()
        undecided: set[str] = set()
        for item in scale.items or ("",):
            mine = {c: v for c, v in met.items() if c.item == item}
            sure = max((c for c, v in mine.items() if v == TRUE), key=lambda c: abs(c.grade), default=None)
            most = max((c for c, v in mine.items() if v != FALSE), key=lambda c: abs(c.grade), default=None)
            low, high = (c.grade if c is not None else 0 for c in (sure, most))
            at_least += min(low, high)
            at_most += max(low, high)
            if item:
                because |= {scale.code(sure)} if sure is not None else set()
            else:
                because |= {scale.code(c) for c, v in mine.items() if v == TRUE and (c.grade > 0) == (low > 0)}
            for c, v in mine.items():
                if v == UNKNOWN and abs(c.grade) > abs(low):
                    undecided |= self._asked(c.predicate, t)
        flags = {scale.code(f) for f in scale.flags if self.truth(f.predicate, t) == TRUE}
        return {"start_hour": t, "at_least": at_least, "at_most": at_most, "because": because, "undecided": undecided - {""}, "flags": flags}

    def _needed(self, p: Predicate, t: float) -> set[str]:
        """What the limit of an unknown leaf needs, where that is not told."""
        limit = limit_of(p)
        if limit is None:
            return set()
        low, high = self._limit(limit)
        return {find_limit(limit.name).needs} - {""} if low != high else set()

    def _only_limit_open(self, p: Predicate, t: float) -> bool:
        """The number is known and the limit is not."""
        if not isinstance(p, Compare) or not self._needed(p, t):
            return False
        held = self.view(p.concept, t).held
        return bool(held) and all(x.low > -math.inf or x.high < math.inf for x in held)

    def _asked(self, p: Predicate, t: float) -> set[str]:
        """The unknown inputs below an unknown claim; where something hides the answer, what hides it."""
        name = ask_name(p)
        if name is not None:
            return {name} | self._needed(p, t) if not self._only_limit_open(p, t) else self._needed(p, t)
        if isinstance(p, Unless) and self.truth(p.hidden_by, t) == TRUE:
            return {n for leaf in _every(p.hidden_by) if self.truth(leaf, t) == TRUE and (n := ask_name(leaf)) is not None}
        if isinstance(p, Masked | EpisodeFor) and self._lost(p, t):
            silence = self._silence(p.onset, t)
            assert silence is not None
            active = self.scale.episode.active
            unseen = [m for m in self.moments(t) if silence.start <= m < silence.end and self.truth(active, m) == UNKNOWN]
            return set().union(*(self._asked(active, m) for m in unseen))
        return set().union(*(self._asked(c, t) for c in p.children() if self.truth(c, t) == UNKNOWN))


def limit_of(p: Predicate) -> PatientLimit | None:
    """The limit by patient that a leaf compares with."""
    found = getattr(p, "limit", None)
    return found if isinstance(found, PatientLimit) else None


def ask_name(p: Predicate) -> str | None:
    """The input that a leaf asks for; "" where it asks for none of its own; None when it is no leaf."""
    match p:
        case Compare() | IsIn():
            return p.concept if p.ask else ""
        case CountRunning() | RateSum() | Doses():
            return p.label
        case Fact():
            return p.name
        case Elsewhere() | Constant():
            return ""
    return None


def _any(parts: Sequence[int]) -> int:
    """Several values at once: true when any is, false when all are."""
    return TRUE if TRUE in parts else UNKNOWN if UNKNOWN in parts else FALSE


def _every(p: Predicate) -> list[Predicate]:
    """The predicate and all below it."""
    return [p, *(x for c in p.children() for x in _every(c))]


def reference_steps(
    timeline: Timeline, scale: Scale, *, count: Sequence[str] | None = None, carry: Mapping[str, float] | None = None,
    from_hour: float = 0.0, until: float | None = None,
) -> list[dict[str, object]]:
    """The steps of every patient: patient, start_hour, end_hour, at_least, at_most, and sets because, undecided, flags."""
    counts = tuple(count) if count is not None else scale.counts
    until = math.inf if until is None else until
    out = []
    for patient in timeline.patient_ids:
        one = Patient(timeline, patient, scale, counts, carry or {}, from_hour, until)
        if one.begin <= until:
            out += [{"patient": patient, **{k: v - {""} if isinstance(v, set) else v for k, v in s.items()}} for s in one.steps()]
    return out
