"""Where two guidelines part: from hour to hour what each says of the same treatment, and why they differ.

Both are asked about the same record, with the treatments that were really given.  They part for certain where both are settled and
differ; where either depends on something untold they may part, and it is said on what it depends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.grade import grade
from tocsin.grading.program import bare
from tocsin.grading.result import Grades
from tocsin.protocols.protocol import Protocol, Rule
from tocsin.protocols.standing import Standings, standings
from tocsin.protocols.sweep import BARRED, BLOCKED, DEPENDS, DUE, FALSE, SweptChapter, sweep
from tocsin.protocols.treatments import Compared, Regimen, compared
from tocsin.rules import And, Predicate
from tocsin.timeline import Timeline

ASKS, ALLOWS, DEPENDS_ON, NOT_NOW, NOT_ASKED, NO_RULE = "asks", "allows", "depends", "not_now", "not_asked", "no_rule"
MOST_RULES = 2
"""How many rules that nearly held are explained."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one protocol says of a treatment: its stance, the rules that carry it, and the doses they ask for.

    ``stance``: asks; allows (the source permits and does not ask); not_now (an interval, a maximum or a contraindication forbids it now);
    not_asked; depends
    (``missing`` says on what); no_rule.  ``why``: the criterion, clock or block behind it.  ``grade``: by the protocol's own scale.
    """

    protocol: str
    stance: str
    rules: tuple[str, ...]
    doses: tuple[str, ...]
    why: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    grade: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parting:
    """A stretch of time in which two protocols say different things of one treatment (``sure``), or may do so."""

    patient: str
    treatment: str
    title: str
    start_hour: float
    end_hour: float
    sure: bool
    by_dose: bool
    a: Said
    b: Said

    def record(self) -> dict[str, Any]:
        """A line of ``tocsin compare protocols --json``."""
        return {"kind": "parting", **asdict(self)}


@dataclass(frozen=True, slots=True)
class First:
    """When each protocol first asks for a treatment for certain (None: never), and when it may have at the earliest.

    ``hours_between``: by how many hours b is later than a; None unless both ask.
    """

    patient: str
    treatment: str
    title: str
    a_hour: float | None
    a_perhaps_hour: float | None
    b_hour: float | None
    b_perhaps_hour: float | None
    a_has_rule: bool
    b_has_rule: bool

    @property
    def hours_between(self) -> float | None:
        """By how many hours b asks later than a; negative where it is earlier."""
        return None if self.a_hour is None or self.b_hour is None else self.b_hour - self.a_hour

    def record(self) -> dict[str, Any]:
        """A line of ``tocsin compare protocols --json``."""
        return {"kind": "first", **asdict(self), "hours_between": self.hours_between}


@dataclass(frozen=True)
class Side:
    """One of the two protocols swept over the record."""

    protocol: Protocol
    stand: Standings

    def stance(self, step: int, rules: tuple[int, ...]) -> tuple[str, list[int]]:
        """What the rules together say at one step, and those that say it."""
        if not rules:
            return NO_RULE, []
        status = {i: int(self.stand.status[step, i]) for i in rules} if step >= 0 else dict.fromkeys(rules, DEPENDS)
        due = [i for i in rules if status[i] == DUE]
        for stance, some in (
            (ASKS, [i for i in due if not self.protocol.rules[i].optional]), (DEPENDS_ON, [i for i in rules if status[i] == DEPENDS]),
            (ALLOWS, due), (NOT_NOW, [i for i in rules if status[i] == BLOCKED]),
            # what is forbidden for certain is not given now, whether it is asked for or not
            (NOT_NOW, [i for i in rules if status[i] == BARRED]),
        ):
            if some:
                return stance, some
        return NOT_ASKED, []

    def regimens(self, rules: list[int], weight: float | None) -> tuple[list[Regimen], list[Regimen]]:
        """The doses of some rules, the alternatives to another left out and all of them."""
        asked = [(self.protocol.rules[i], Regimen.of(self.protocol.rules[i], weight)) for i in rules]
        every = list(dict.fromkeys(r for _, r in asked if r is not None))
        main = list(dict.fromkeys(r for rule, r in asked if r is not None and not rule.instead_of))
        return main or every, every


@dataclass(frozen=True)
class Partings:
    """Two protocols over the same record.  ``left_out``: of each the rules that are not compared."""

    a: Side
    b: Side
    timeline: Timeline
    compared: tuple[Compared, ...]
    left_out: tuple[tuple[str, ...], tuple[str, ...]]
    carry: Mapping[str, float] | None

    def of(self, patient: str) -> list[Parting]:
        """Every stretch in which the two part, or may, until the last entry of the record; in time."""
        one = self.timeline.of(patient)
        weight = one.patients["weight_kg"][0]
        edges = self._edges(patient)
        found: list[tuple[Compared, float, float, str, bool, tuple[int, int]]] = []
        for both in self.compared:
            if not both.a or not both.b:
                continue
            last: tuple[object, ...] | None = None
            for (start, end), steps in edges:
                verdict, key = self._verdict(both, steps, weight)
                if verdict and (verdict, key) == last and found and found[-1][2] == start:
                    found[-1] = (*found[-1][:2], end, *found[-1][3:])
                elif verdict:
                    found.append((both, start, end, verdict, verdict == "dose", steps))
                last = (verdict, key)
        explain = _Explain(one, self.a, self.b, self.carry)
        out = [Parting(patient, c.treatment.name, c.treatment.title, start, end, verdict != "perhaps", by_dose,
                       explain.said(0, steps[0], c.a, start, weight), explain.said(1, steps[1], c.b, start, weight))
               for c, start, end, verdict, by_dose, steps in found]
        return sorted(out, key=lambda p: (p.start_hour, not p.sure))

    def _edges(self, patient: str) -> list[tuple[tuple[float, float], tuple[int, int]]]:
        """The pieces of a course over which neither changes, with the step of each protocol that holds."""
        mine = [side.stand.steps(patient) for side in (self.a, self.b)]
        starts = [side.stand.start[s] for side, s in zip((self.a, self.b), mine, strict=True)]
        end = float(self._ends[self.timeline.patient_ids.index(patient)])
        edges = [float(x) for x in np.unique(np.concatenate(starts)) if x < end]
        pieces = zip(edges, [*edges[1:], end], strict=True) if edges else []
        out = []
        for piece in pieces:
            at = [s.start + int(np.searchsorted(begin, piece[0], "right")) - 1 for s, begin in zip(mine, starts, strict=True)]
            out.append((piece, (at[0] if at[0] >= mine[0].start else -1, at[1] if at[1] >= mine[1].start else -1)))
        return out

    @cached_property
    def _ends(self) -> npt.NDArray[np.float64]:
        """The last entry of each patient."""
        last = self.timeline.events.group_by(pl.col("patient").cast(pl.String)).agg(pl.max_horizontal("hour", "hour_latest").max().alias("end"))
        ids = pl.DataFrame({"patient": self.timeline.patient_ids}, schema={"patient": pl.String})
        return ids.join(last, on="patient", how="left", maintain_order="left")["end"].fill_null(-inf).to_numpy()

    @cached_property
    def hours(self) -> Hours:
        """The first hours of all patients."""
        a, b = ([first_hours(side, rules, self._ends) for rules in some] for side, some in (
            (self.a, [c.a for c in self.compared]), (self.b, [c.b for c in self.compared])))
        n = len(self._ends)
        a_hour, a_perhaps, b_hour, b_perhaps = (np.array([x[k] for x in side]).reshape(len(side), n) for side in (a, b) for k in (0, 1))
        return Hours(self.compared, a_hour, a_perhaps, b_hour, b_perhaps)

    def _verdict(self, both: Compared, steps: tuple[int, int], weight: float | None) -> tuple[str, object]:
        """"" where they agree, else stance, dose or perhaps; and what must stay the same for a stretch to go on."""
        (a, rules_a), (b, rules_b) = self.a.stance(steps[0], both.a), self.b.stance(steps[1], both.b)
        if DEPENDS_ON in (a, b):
            return ("perhaps", (a, b)) if a != b or a == DEPENDS_ON else ("", None)
        quiet = (NOT_NOW, NOT_ASKED)
        if a != b and not (a in quiet and b in quiet):
            return "stance", (a, b, tuple(self.a.regimens(rules_a, weight)[0]), tuple(self.b.regimens(rules_b, weight)[0]))
        if a == b and a in (ASKS, ALLOWS):
            main_a, all_a = self.a.regimens(rules_a, weight)
            main_b, all_b = self.b.regimens(rules_b, weight)
            same = all(any(x.like(y) for y in all_b) for x in main_a) and all(any(x.like(y) for y in all_a) for x in main_b)
            if main_a and main_b and not same:
                return "dose", (tuple(main_a), tuple(main_b))
        return "", None

    def first(self, patient: str) -> list[First]:
        """When each protocol first asks for each treatment that either asks for, or may ask for."""
        at, h = self.timeline.patient_ids.index(patient), self.hours
        out = []
        for n, both in enumerate(self.compared):
            a, a_perhaps, b, b_perhaps = (float(x[n, at]) if np.isfinite(x[n, at]) else None for x in (h.a, h.a_perhaps, h.b, h.b_perhaps))
            if a_perhaps is not None or b_perhaps is not None:
                out.append(First(patient, both.treatment.name, both.treatment.title, a, a_perhaps, b, b_perhaps, bool(both.a), bool(both.b)))
        return out


@dataclass(frozen=True)
class Hours:
    """Of each treatment and patient when each protocol first asks for it, and when it may at the earliest; infinite for never.

    Shape (treatments, patients).
    """

    compared: tuple[Compared, ...]
    a: npt.NDArray[np.float64]
    a_perhaps: npt.NDArray[np.float64]
    b: npt.NDArray[np.float64]
    b_perhaps: npt.NDArray[np.float64]


def first_hours(side: Side, rules: tuple[int, ...], end: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of each patient the first hour at which any of the rules is due (optional ones left out), and at which one is or may be.

    ``end``: the last entry of each record; later nothing is looked at.
    """
    stand, asked = side.stand, [i for i in rules if not side.protocol.rules[i].optional]
    out = []
    for wanted in ((DUE,), (DUE, DEPENDS)):
        hour = np.full(len(end), inf)
        found = np.isin(stand.status[:, asked], wanted).any(axis=1) & (stand.start <= end[stand.patient])
        np.minimum.at(hour, stand.patient[found], stand.start[found])
        out.append(hour)
    return out[0], out[1]


@dataclass(frozen=True, slots=True)
class Count:
    """One treatment over a cohort: how many patients would have been treated by both, by one alone, by neither.

    ``open``: of how many it cannot be told.  ``a_earlier``, ``b_earlier``, ``same_time``: of those treated by both;
    ``median_hours_between``: by how much b is later than a, of those.
    """

    treatment: str
    title: str
    both: int
    only_a: int
    only_b: int
    neither: int
    open: int
    a_earlier: int
    b_earlier: int
    same_time: int
    median_hours_between: float | None
    a_has_rule: bool
    b_has_rule: bool

    def record(self) -> dict[str, Any]:
        """A line of ``tocsin compare protocols --json``."""
        return {"kind": "treatment", **asdict(self)}


def counts(parts: list[Hours]) -> list[Count]:
    """Each treatment counted over all patients of one or several parts of a cohort."""
    out = []
    for i, both in enumerate(parts[0].compared):
        a, a_perhaps, b, b_perhaps = (np.concatenate([getattr(t, name)[i] for t in parts]) for name in ("a", "a_perhaps", "b", "b_perhaps"))
        asks_a, asks_b = np.isfinite(a), np.isfinite(b)
        never_a, never_b = ~np.isfinite(a_perhaps), ~np.isfinite(b_perhaps)
        treated = asks_a & asks_b
        between = b[treated] - a[treated]
        two, one, other, none = (int(x.sum()) for x in (treated, asks_a & never_b, asks_b & never_a, never_a & never_b))
        out.append(Count(
            both.treatment.name, both.treatment.title, two, one, other, none, len(a) - two - one - other - none, int((between > 0).sum()),
            int((between < 0).sum()),
            int((between == 0).sum()), float(np.median(between)) if len(between) else None, bool(both.a), bool(both.b)))
    return out


def partings(timeline: Timeline, a: Protocol, b: Protocol, carry: Mapping[str, float] | None = None) -> Partings:
    """Sweep two protocols over a record."""
    treatments, left = compared(a, b)
    return Partings(Side(a, standings(timeline, a, carry=carry)), Side(b, standings(timeline, b, carry=carry)), timeline, tuple(treatments), left, carry)


class _Explain:
    """The reasons of one patient's partings, worked out for the hours at which they begin."""

    def __init__(self, one: Timeline, a: Side, b: Side, carry: Mapping[str, float] | None) -> None:
        self._one, self._sides, self._carry = one, (a, b), carry
        self._swept: dict[tuple[int, float], tuple[SweptChapter, ...]] = {}
        self._grades: dict[str, Grades] = {}

    def said(self, side: int, step: int, rules: tuple[int, ...], hour: float, weight: float | None) -> Said:
        """What a protocol says, and why."""
        me = self._sides[side]
        protocol = me.protocol
        stance, some = me.stance(step, rules)
        codes = tuple(protocol.rules[i].code for i in some)
        doses = tuple(dict.fromkeys(f"{r.drug} {r.words}".strip() for r in me.regimens(some, weight)[0]))
        why: tuple[str, ...] = ()
        evidence: tuple[str, ...] = ()
        missing: tuple[str, ...] = ()
        if stance in (ASKS, ALLOWS):
            why = tuple(dict.fromkeys(protocol.rules[i].english() for i in some))
            evidence = me.stand.evidence(step, some[0])
        elif stance == NOT_NOW:
            why = tuple(b.says for b in me.stand.barring(step, some))
        elif stance == NOT_ASKED:
            why = self._nearest(side, rules, hour)
        elif stance == DEPENDS_ON:
            missing = self._missing(side, some, hour)
        return Said(protocol.id, stance, codes, doses, why, evidence, self._grade(protocol, rules, hour), missing)

    def _chapter(self, side: int, rule: Rule, hour: float) -> SweptChapter:
        """The chapter of a rule with its state at an hour."""
        if (side, hour) not in self._swept:
            protocol = self._sides[side].protocol
            self._swept[side, hour] = sweep(self._one, protocol, until=hour, carry=self._carry, keep_state=True, last_only=True)
        return next(c for c in self._swept[side, hour] if rule in c.chapter.rules)

    def _missing(self, side: int, some: list[int], hour: float) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for i in some:
            rule = self._sides[side].protocol.rules[i]
            swept = self._chapter(side, rule, hour)
            for p in (rule.when, *(b.predicate for b in rule.blocked_by if b.unknown_blocks)):
                names.update(dict.fromkeys(swept.missing(0, p)))
        return tuple(names)

    def _nearest(self, side: int, rules: tuple[int, ...], hour: float) -> tuple[str, ...]:
        """Of the rules that do not hold those that lack the least, and what they lack."""
        lacking: list[tuple[bool, int, str]] = []
        for i in rules:
            rule = self._sides[side].protocol.rules[i]
            swept = self._chapter(side, rule, hour)
            false = [p for p in _parts(rule.when) if bare(p) in swept.program.node_of and swept.state(0, p) == FALSE] or [rule.when]
            lacking.append((rule.experimental or bool(rule.instead_of), len(false), f"{rule.code} would need {' and '.join(p.english() for p in false)}"))
        main = [x for x in lacking if not x[0]] or lacking
        return tuple(words for *_, words in sorted(main, key=lambda x: x[1])[:MOST_RULES])

    def _grade(self, protocol: Protocol, rules: tuple[int, ...], hour: float) -> str:
        scale = protocol.chapter(protocol.rules[rules[0]]).scale if rules else protocol.scale
        if scale.id not in self._grades:
            self._grades[scale.id] = grade(self._one, scale, carry=self._carry)
        step = self._grades[scale.id].at(hour, self._one.patient_ids[0])
        if step is None:
            return ""
        low, high = step["at_least"], step["at_most"]
        top = ", ".join(c.split("/")[1] for c in step["because"])
        return f"{scale.title} {low if low == high else f'{low} to {high}'}" + (f" by {top}" if top else "")


def _parts(p: Predicate) -> tuple[Predicate, ...]:
    """The claims that must all hold."""
    inner = bare(p)
    return tuple(q for part in inner.of for q in _parts(part)) if isinstance(inner, And) and p.english() == inner.english() else (p,)
