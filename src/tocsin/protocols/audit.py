"""Audit: the treatments that were given beside what the protocol asked for, in one vocabulary.

Each dose is judged by what was known just before it: treatments that begin at its hour or later are left out, and nothing
later than its hour (or the window in which it lies) is looked at.  A recommendation that nobody answered is sought in the whole
record, in which what later proved to be over is not counted as due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf, nextafter
from typing import Any

import numpy as np
import polars as pl

from tocsin.errors import SettingError
from tocsin.protocols.doses_given import DoseSeen, dose_seen, is_course
from tocsin.protocols.omitted import Answer, Omission, omissions, told_absent
from tocsin.protocols.protocol import Block, Protocol
from tocsin.protocols.standing import Standings, standings
from tocsin.protocols.sweep import BARRED, BLOCKED, DEPENDS, DUE, NOT_DUE
from tocsin.rules import Doses
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

VERDICTS = ("on_time", "late", "omitted", "not_indicated", "dose_off", "too_soon", "over_maximum", "undecidable")
WITHIN_HOURS = 6.0
"""A dose is on time within this of the moment at which it became due (a decision, ``tocsin:audit``)."""
DOSE_TOLERANCE = 0.10
"""A dose that differs by more than this part from the one asked for is off (a decision, ``tocsin:audit``)."""
HOUR = "hour of the dose"
NUMBER = "number of doses"
BLOCKS = "interval or maximum"


@dataclass(frozen=True, slots=True)
class Finding:
    """One dose given (``kind`` "dose"), or one recommendation that no dose answered ("recommendation").

    ``verdict``: one of ``VERDICTS``.  ``indication``: had, lacked or unknown; whether a rule asked for the treatment at that time,
    apart from how it was given.  ``hour`` and ``hour_latest``: when it was given, or from when to when it was due.
    ``hours_after_due``: how long before the dose it had become due (the least possible, where the time is known only by a window);
    ``late_by_hours``: that less what is allowed.  ``rules``: the codes that asked, or may have asked, for it.  ``missing``: what
    would decide it.  ``dose_given``, ``dose_asked``: in ``unit``; ``arithmetic``: how the one asked for comes about, and the one given.
    """

    patient: str
    protocol: str
    kind: str
    concept: str
    hour: float
    hour_latest: float | None
    verdict: str
    indication: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = ()
    hours_after_due: float | None = None
    late_by_hours: float | None = None
    dose_given: float | None = None
    dose_asked: float | None = None
    unit: str | None = None
    arithmetic: str = ""
    blocked_by: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    origin: str = ""

    def record(self) -> dict[str, Any]:
        """The machine output of ``tocsin audit --json``."""
        out = asdict(self)
        for name in ("rules", "reasons", "missing", "blocked_by", "cites"):
            out[name] = list(out[name])
        return out


def drugs_of(protocol: Protocol) -> tuple[str, ...]:
    """The treatments that the rules of a protocol name, or that answer them."""
    named = dict.fromkeys(c for r in protocol.rules if r.drug is not None for c in (r.drug, *r.answers))
    return tuple(c for c in named if CONCEPTS[c].kind in (Kind.DOSE, Kind.INFUSION, Kind.FINDING))


def audit(
    timeline: Timeline, protocol: Protocol, *, within_hours: float = WITHIN_HOURS, tolerance: float = DOSE_TOLERANCE,
    carry: Mapping[str, float] | None = None,
) -> list[Finding]:
    """Every dose from the infusion on of a treatment that the protocol names, and every recommendation without one.

    Each dose has exactly one verdict.  In the order of patients, then of hours.  Raises SettingError for a negative time or tolerance.
    """
    if not within_hours >= 0:
        raise SettingError(f"the time within which a dose is on time is a number of hours from 0 on, not {within_hours:g}")
    if not 0 <= tolerance < 1:
        raise SettingError(f"the tolerance of a dose is a part from 0 to 1, not {tolerance:g}")
    doses = _doses(timeline, protocol)
    bodies = {patient: (weight, height) for patient, weight, height in timeline.patients.select("patient", "weight_kg", "height_cm").iter_rows()}
    judge = _Judge(protocol, bodies, within_hours, tolerance)
    seen: dict[int, _Moment] = {}
    for cuts in _cuts(doses):
        known = _before(timeline, protocol, cuts)
        stand = standings(known, protocol, until={who: cut.until for who, cut in cuts.items()}, carry=carry)
        seen.update({dose["row"]: _Moment(stand, dose) for cut in cuts.values() for dose in cut.doses})
    findings: list[Finding] = []
    answers: dict[str, list[Answer]] = defaultdict(list)
    earlier: dict[str, list[tuple[dict[str, Any], Finding]]] = defaultdict(list)
    for dose in doses:
        who = dose["patient"]
        found = judge.dose(seen[dose["row"]], answers[who], earlier[who])
        earlier[who].append((dose, found))
        answers[who].append(judge.answer(seen[dose["row"]]))
        findings.append(found)
    if len(timeline.events):
        whole = standings(timeline, protocol, carry=carry)
        ends = dict(timeline.events.group_by("patient").agg(pl.max_horizontal("hour", "hour_latest").max()).iter_rows())
        for who in whole.index:
            if who in ends:
                mine = [d for d, _ in earlier[who]]
                findings += [judge.omission(whole, who, one, mine) for one in omissions(whole, who, answers[who], float(ends[who]), within_hours)]
    order = {p: i for i, p in enumerate(timeline.patient_ids)}
    return sorted((_with_local(f, protocol) for f in findings), key=lambda f: (order[f.patient], f.hour))


def _with_local(found: Finding, protocol: Protocol) -> Finding:
    """The finding with the hospital's own numbers on which its rules rest."""
    codes = {code.rpartition("/")[2] for code in found.rules}
    local = [c for c in protocol.local if codes & set(c.rules)]
    if not local:
        return found
    return replace(found, reasons=(*found.reasons, *(c.sentence() for c in local)), cites=tuple(dict.fromkeys((*found.cites, *(c.cites for c in local)))))


def _doses(timeline: Timeline, protocol: Protocol) -> list[dict[str, Any]]:
    """The rows that tell of a treatment given, in time, each with its place ``row`` in the record."""
    name, text = pl.col("concept").cast(pl.String), pl.col("text").cast(pl.String).fill_null("")
    findings = [c for c in drugs_of(protocol) if CONCEPTS[c].kind is Kind.FINDING]
    infusions = [c for c, v in CONCEPTS.items() if v.kind is Kind.INFUSION]
    rows = timeline.events.with_row_index("row").filter(
        name.is_in(drugs_of(protocol)) & (pl.col("hour") >= 0) & (text != "absent") & ~(name.is_in(findings) & (text == "unknown"))
        & ~(name.is_in(infusions) & (pl.col("value") == 0).fill_null(value=False)))
    rows = rows.with_columns(name.alias("concept"), pl.col("patient").cast(pl.String), pl.col("text").cast(pl.String))
    return list(rows.sort("hour", "row").iter_rows(named=True))


def _latest(dose: Mapping[str, Any]) -> float:
    latest = dose["hour_latest"]
    return float(latest) if latest is not None and latest > dose["hour"] else float(dose["hour"])


@dataclass(frozen=True)
class _Cut:
    """A moment of one patient at which doses are judged: what was known at ``until`` without the treatments from ``hour`` on.

    ``row``: of ``concept`` the rows of that hour that stand before this one count as given (two rows of one drug at one hour).
    """

    hour: float
    until: float
    concept: str
    row: int
    doses: list[dict[str, Any]]


def _cuts(doses: Sequence[dict[str, Any]]) -> list[dict[str, _Cut]]:
    """The moments of all patients, the first of each together, then the second, and so on: each set is one sweep."""
    mine: dict[str, dict[tuple[float, float, str, int], _Cut]] = defaultdict(dict)
    before: dict[tuple[str, str, float], int] = defaultdict(int)
    for dose in doses:
        who, concept, hour = dose["patient"], dose["concept"], dose["hour"]
        rank, latest = before[who, concept, hour], _latest(dose)
        before[who, concept, hour] += 1
        # a window ends just before its last hour, where what is told of the same day still holds
        until = nextafter(latest, -inf) if latest > hour else latest
        key = (hour, until, concept if rank else "", rank)
        mine[who].setdefault(key, _Cut(hour, until, concept if rank else "", dose["row"], [])).doses.append(dose)
    longest = max((len(cuts) for cuts in mine.values()), default=0)
    ordered = {who: list(cuts.values()) for who, cuts in mine.items()}
    return [{who: cuts[k] for who, cuts in ordered.items() if k < len(cuts)} for k in range(longest)]


def _before(timeline: Timeline, protocol: Protocol, cuts: Mapping[str, _Cut]) -> Timeline:
    """The record of these patients as it was known at their moments, without the treatments that begin then or later."""
    given = sorted({c for c, v in CONCEPTS.items() if v.kind in (Kind.DOSE, Kind.INFUSION)} | set(drugs_of(protocol)))
    limits = pl.DataFrame({
        "_who": list(cuts), "_hour": [c.hour for c in cuts.values()], "_until": [c.until for c in cuts.values()],
        "_now": [nextafter(c.until, inf) for c in cuts.values()], "_concept": [c.concept for c in cuts.values()],
        "_row": [c.row for c in cuts.values()],
    }, schema_overrides={"_concept": pl.String, "_row": pl.Int64})
    who, name = pl.col("patient").cast(pl.String), pl.col("concept").cast(pl.String)
    events = timeline.events.with_row_index("_place").with_columns(who.alias("_who")).join(limits, on="_who", how="inner", maintain_order="left")
    first = (name == pl.col("_concept")) & (pl.col("hour") == pl.col("_hour")) & (pl.col("_place").cast(pl.Int64) < pl.col("_row"))
    later = name.is_in(given) & (pl.col("hour") >= pl.col("_hour")) & ~first
    ended = pl.when(pl.col("end_hour") > pl.col("_until")).then("_now").otherwise("end_hour").alias("end_hour")
    events = events.filter(~later & (pl.col("hour") <= pl.col("_until"))).with_columns(ended).select(timeline.events.columns)
    return replace(timeline, events=events, patients=timeline.patients.filter(who.is_in(list(cuts))))


@dataclass(frozen=True)
class _Moment:
    """One dose, and how the rules stood while it may have been given."""

    stand: Standings
    dose: dict[str, Any]

    @property
    def about(self) -> list[int]:
        """The rules that the drug answers."""
        concept = self.dose["concept"]
        return [i for i, r in enumerate(self.stand.protocol.rules) if r.drug is not None and (concept == r.drug or concept in r.answers)]

    @property
    def steps(self) -> range:
        """The steps of the record in which the dose may lie; empty where the record had not begun."""
        mine = self.stand.steps(self.dose["patient"])
        start = self.stand.start[mine]
        first = max(0, int(np.searchsorted(start, self.dose["hour"], "right")) - 1)
        return range(mine.start + first, mine.stop)

    def kind_at(self, step: int) -> str:
        """How the drug stands at one step: none, limit, due, depends, or forbidden."""
        status = self.stand.status[step, self.about]
        if (status == NOT_DUE).all():
            return "none"
        if self.stand.limits(step, self.dose["concept"], self.about):
            return "limit"
        if (status == DUE).any():
            return "due"
        return "depends" if (status == DEPENDS).any() else "forbidden"


@dataclass(frozen=True)
class _Judge:
    """Gives each dose its verdict."""

    protocol: Protocol
    bodies: Mapping[str, tuple[float | None, float | None]]  # weight and height
    within: float
    tolerance: float

    def answer(self, moment: _Moment) -> Answer:
        """Which rules the dose answers, and from when to when it may count."""
        dose, rules = moment.dose, self.protocol.rules
        low, high = float(dose["hour"]), max(_latest(dose), float(dose["end_hour"] or dose["hour"]))
        steps = moment.steps
        if not len(steps) or high > _latest(dose):
            answered = set(moment.about)
        else:
            status = moment.stand.status[steps.start:steps.stop]
            answered = {i for i in moment.about if np.isin(status[:, i], (DUE, DEPENDS)).any()}
        codes = {rules[i].code for i in answered} | {rules[i].instead_of for i in answered} - {""}
        answered |= {i for i, r in enumerate(rules) if r.instead_of in codes or r.code in codes}
        return Answer(low, high, frozenset(answered))

    def dose(self, moment: _Moment, answers: Sequence[Answer], earlier: Sequence[tuple[dict[str, Any], Finding]]) -> Finding:
        """The one verdict on a dose."""
        dose = moment.dose
        for before, found in reversed(earlier):
            running = before["concept"] == dose["concept"] and CONCEPTS[dose["concept"]].kind is Kind.INFUSION
            if running and before["end_hour"] is not None and before["end_hour"] >= dose["hour"]:
                said = f"It continues what began at hour {before['hour']:g}."
                again: Finding = replace(found, hour=float(dose["hour"]), hour_latest=dose["hour_latest"], reasons=(said, *found.reasons),
                                         dose_given=dose["value"], origin=dose["origin"] or "")
                return again
        steps = moment.steps
        base = Finding(
            dose["patient"], self.protocol.id, "dose", dose["concept"], float(dose["hour"]), dose["hour_latest"], "undecidable", "unknown", (), (),
            dose_given=dose["value"], unit=CONCEPTS[dose["concept"]].unit, origin=dose["origin"] or "")
        if dose["text"] == "unknown":
            return replace(base, reasons=("Whether it was given is not told.",), missing=("whether it was given",))
        if not len(steps):
            codes = tuple(self.protocol.code(self.protocol.rules[i]) for i in moment.about)
            return replace(base, rules=codes, reasons=("Nothing is on record before it.",), missing=("everything before it",))
        kinds = {moment.kind_at(s) for s in steps}
        found = self._by_kind(kinds.pop(), base, moment, answers) if len(kinds) == 1 else self._depends(base, moment, mixed=True)
        extra = self._course(moment, earlier)
        if extra:
            open_now = found.verdict in ("on_time", "late", "undecidable")
            found = replace(found, verdict="undecidable" if open_now else found.verdict, reasons=(*found.reasons, *extra),
                            missing=(*found.missing, NUMBER) if open_now else found.missing)
        if dose["attribution"] not in (None, "", "unknown", "crs"):
            found = replace(found, reasons=(*found.reasons, f"The record puts it down to {dose['attribution']}."))
        return found

    def _by_kind(self, kind: str, base: Finding, moment: _Moment, answers: Sequence[Answer]) -> Finding:
        if kind == "due":
            return self._due(base, moment, answers)
        if kind == "depends":
            return self._depends(base, moment)
        return self._none(base, moment) if kind == "none" else self._barred(base, moment)

    def _none(self, base: Finding, moment: _Moment) -> Finding:
        codes = self._codes(moment.about)
        return replace(base, verdict="not_indicated", indication="lacked", rules=codes, cites=self._cites(moment.about),
                       reasons=("No rule of the protocol asked for it: none of " + ", ".join(codes) + " held.",))

    def _barred(self, base: Finding, moment: _Moment) -> Finding:
        step = moment.steps[-1]
        status = moment.stand.status[step]
        mine = [i for i in moment.about if status[i] != NOT_DUE]
        blocks = moment.stand.limits(step, base.concept, moment.about) or moment.stand.barring(step, mine)
        verdict = _limit_verdict(blocks)
        asked = bool((moment.stand.wanted[step, mine] == 1).any())
        indication = "lacked" if verdict == "not_indicated" else "had" if asked else "unknown"
        said = tuple(f"{b.code}: {b.says}" for b in blocks)
        reasons = said if verdict != "not_indicated" else tuple(f"Contraindicated. {s}" for s in said)
        return replace(
            base, verdict=verdict, indication=indication, rules=self._codes(mine), blocked_by=said,
            reasons=tuple(f"{s}." for s in reasons) + self._held(moment, step, mine),
            cites=tuple(dict.fromkeys((*self._cites(mine), *(b.cites for b in blocks)))))

    def _due(self, base: Finding, moment: _Moment, answers: Sequence[Answer]) -> Finding:
        steps, status = moment.steps, moment.stand.status
        step = steps[-1]
        due = [i for i in moment.about if status[step, i] == DUE]
        since = self._since(moment, answers)
        low = 0.0 if since is None else max(0.0, base.hour - since)
        high = 0.0 if since is None else max(0.0, _latest(moment.dose) - since)
        late: float | None = None
        missing: tuple[str, ...] = ()
        if since is None:
            verdict, said = "on_time", "Asked for, and answered before: a repeat while it is still due."
        elif high <= self.within:
            verdict, said = "on_time", f"Given {_range(low, high)} h after it became due at hour {since:g}; {self.within:g} h are allowed."
        elif low > self.within:
            verdict, late = "late", low - self.within
            said = f"Given {_range(low, high)} h after it became due at hour {since:g}; {self.within:g} h are allowed."
        else:
            verdict, missing = "undecidable", (HOUR,)
            said = f"It became due at hour {since:g}; given {_range(low, high)} h later, so on time or late. The hour of the dose would tell."
        found = replace(
            base, verdict=verdict, indication="had", rules=self._codes(due), missing=missing, hours_after_due=low, late_by_hours=late,
            reasons=(said, *self._held(moment, step, due)), cites=self._cites(due))
        own = [i for i in due if self.protocol.rules[i].drug == base.concept]
        return self._with_dose(found, own, moment.dose)

    def _depends(self, base: Finding, moment: _Moment, *, mixed: bool = False) -> Finding:
        step = moment.steps[-1]
        status = moment.stand.status[moment.steps.start:moment.steps.stop]
        maybe = [i for i in moment.about if np.isin(status[:, i], (DUE, DEPENDS, BLOCKED, BARRED)).any()]
        missing: dict[str, None] = {}
        for i in maybe:
            if moment.stand.status[step, i] == DEPENDS:
                missing.update(dict.fromkeys(moment.stand.missing(base.patient, self.protocol.rules[i])))
        said = "Whether a rule asked for it cannot be told."
        if mixed:
            missing[HOUR] = None
            said = "How the rules stood changed within the time in which it was given; the hour of the dose would help to tell."
        held = moment.stand.wanted[moment.steps.start:moment.steps.stop][:, moment.about] == 1
        had = bool(held.any(axis=1).all())
        if had and not mixed:
            said = "A rule held, but whether an interval or a maximum forbade it cannot be told."
        found = replace(base, indication="had" if had else "unknown", rules=self._codes(maybe), missing=tuple(missing),
                        reasons=(said, *(self._held(moment, step, maybe) if had else ())), cites=self._cites(maybe))
        own = [i for i in maybe if self.protocol.rules[i].drug == base.concept]
        return self._with_dose(found, own if len(own) == len(maybe) else [], moment.dose)

    def _with_dose(self, found: Finding, own: Sequence[int], dose: Mapping[str, Any]) -> Finding:
        """The finding with the dose given beside the doses that these rules ask for."""
        asked = [self.protocol.rules[i].dose for i in own]
        seen = [dose_seen(d, None if dose["censored"] else dose["value"], dose["text"], found.unit, self.bodies[found.patient], self.tolerance)
                for d in dict.fromkeys(d for d in asked if d is not None)]
        told = [s for s in seen if s is not None]
        if not told:
            return found
        best = next((s for s in told if s.fits), next((s for s in told if s.fits is None), told[0]))
        found = replace(found, dose_asked=best.asked, arithmetic=best.arithmetic, reasons=(*found.reasons, f"Dose: {best.arithmetic}."))
        if best.above_cap:
            return replace(found, verdict="over_maximum", reasons=(*found.reasons, "It is above the most that one dose may be."), missing=())
        whole = len(told) == len(asked) or len(told) == len(seen)
        if best.fits is False and whole:
            return replace(found, verdict="dose_off", missing=() if found.verdict in ("on_time", "late") else found.missing)
        if found.verdict == "undecidable":
            return replace(found, missing=tuple(dict.fromkeys((*found.missing, *_open(told)))))
        return found

    def _since(self, moment: _Moment, answers: Sequence[Answer]) -> float | None:
        """When it became due, without a break and unanswered; None where all that is due was answered before."""
        mine = moment.stand.steps(moment.dose["patient"])
        start = moment.stand.start
        status, first = moment.stand.status, moment.steps.start
        open_rules = []
        for i in moment.about:
            begun, s = None, first
            while s >= mine.start and status[s, i] == DUE:
                begun, s = float(start[s]), s - 1
            if begun is not None and not any(i in a.rules and a.high >= begun for a in answers):
                open_rules.append(begun)
        if not open_rules:
            return None
        since, s = min(open_rules), int(np.searchsorted(start[mine], min(open_rules), "right")) + mine.start - 2
        last = max((a.low for a in answers if a.rules & set(moment.about)), default=-inf)
        while s >= mine.start and (status[s, moment.about] == DUE).any() and start[s] > last:
            since, s = float(start[s]), s - 1
        return since

    def _course(self, moment: _Moment, earlier: Sequence[tuple[dict[str, Any], Finding]]) -> tuple[str, ...]:
        """Where one row tells of several doses: which maximum they reach with which dose."""
        dose = moment.dose
        if not is_course(dose["text"]):
            return ()
        before = [d for d, _ in earlier if d["concept"] == dose["concept"]]
        out = []
        for block in dict.fromkeys(b for i in moment.about for b in self.protocol.rules[i].blocked_by):
            p = block.predicate
            if isinstance(p, Doses) and p.hours is None and dose["concept"] in p.concepts and len(before) < p.number:
                out.append(f"The row tells of a course ({dose['text']}); {len(before)} doses are told before it, so that dose "
                           f"{p.number - len(before) + 1} of the course passes the maximum of {p.number} in all [{block.code}].")
        return tuple(out)

    def omission(self, whole: Standings, patient: str, one: Omission, doses: Sequence[Mapping[str, Any]]) -> Finding:
        """A recommendation that no dose answered: omitted where the record tells that none was given, else undecidable."""
        rules = [self.protocol.rules[i] for i in one.rules]
        formula = next((r.dose.for_weight(*self.bodies[patient]) for r in rules if r.dose is not None), (None, ""))
        concept = next(r.drug for r in rules if r.drug is not None)
        either = sorted({r.drug for r in self.protocol.rules if r.instead_of in {x.code for x in rules} and r.drug is not None})
        said = f"Asked for from hour {one.start:g} to hour {one.end:g} ({one.end - one.start:g} h; {self.within:g} h are allowed), and no dose of {concept}"
        said += "".join(f" or {d}" for d in either) + " is on record."
        missing = self._untold(whole, patient, one, doses, {c for r in rules for c in (r.drug, *r.answers) if c} | set(either))
        return Finding(
            patient, self.protocol.id, "recommendation", concept, one.start, one.end, "undecidable" if missing else "omitted", "had",
            self._codes(one.rules), (said, *missing.values(), *self._words(whole, one.step, one.rules)), tuple(missing),
            hours_after_due=one.end - one.start, dose_asked=formula[0],
            unit=CONCEPTS[concept].unit, arithmetic=formula[1], cites=self._cites(one.rules))

    def _untold(
        self, whole: Standings, patient: str, one: Omission, doses: Sequence[Mapping[str, Any]], treatments: set[str],
    ) -> dict[str, str]:
        """What keeps a missing dose from being a known omission, with the reason in words."""
        out: dict[str, str] = {}
        for dose in doses:
            if dose["concept"] in treatments and dose["hour"] <= one.end and dose["end_hour"] is None and is_course(dose["text"]):
                out[f"end of {dose['concept']}"] = f"A course of {dose['concept']} ({dose['text']}) began at hour {dose['hour']:g}; its end is not told."
        untold = sorted(c for c in treatments if not told_absent(whole.timeline, patient, c, one.start, one.end))
        for concept in untold:
            out[concept] = f"The record does not tell that no {concept} was given."
        if not one.sure and not untold:
            out[BLOCKS] = "Whether an interval or a maximum forbade it all that time is not known."
        return out

    def _held(self, moment: _Moment, step: int, rules: Sequence[int]) -> tuple[str, ...]:
        return self._words(moment.stand, step, [i for i in rules if moment.stand.wanted[step, i] == 1])

    def _words(self, stand: Standings, step: int, rules: Sequence[int]) -> tuple[str, ...]:
        """What held, and the observations behind it; rules that rest on the same stand together."""
        by_evidence: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for i in rules:
            by_evidence[stand.evidence(step, i)].append(self.protocol.rules[i].code)
        return tuple(", ".join(codes) + " held" + (f": {'; '.join(seen)}." if seen else ".") for seen, codes in by_evidence.items())

    def _codes(self, rules: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.protocol.code(self.protocol.rules[i]) for i in rules)

    def _cites(self, rules: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.protocol.rules[i].cites for i in rules))


def _limit_verdict(blocks: Sequence[Block]) -> str:
    """A maximum goes before an interval; a block that counts no doses is a contraindication."""
    counted = [b.predicate for b in blocks if isinstance(b.predicate, Doses)]
    if any(p.number > 1 or p.hours is None for p in counted):
        return "over_maximum"
    return "too_soon" if counted else "not_indicated"


def _range(low: float, high: float) -> str:
    return f"{low:g}" if high <= low else f"{low:g} to {high:g}"


def _open(seen: Iterable[DoseSeen]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m for s in seen for m in s.missing))
