"""What may be found of an input that is not known, and the record as it would be if it were found.

An answer is what a person would chart: a value at the hour asked, a fact about the patient, or that of a group of drugs nothing was
given.  Many answers are tried at once, each as one patient of a record of copies, and graded like any other record.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.derived.changes import CHANGES
from tocsin.grading.encode import encode, limits_of
from tocsin.grading.engine import run
from tocsin.grading.grade import grade, program_of
from tocsin.grading.program import Program
from tocsin.rules import Compare, CountRunning, Doses, Elsewhere, Fact, IsIn, PatientLimit, Predicate, RateSum, values_of
from tocsin.scales import Scale
from tocsin.timeline import Completeness, Timeline, is_patient_fact
from tocsin.vocabulary import CONCEPTS, Kind

FACT_BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType({"age_years": (0.0, 120.0), "weight_kg": (0.3, 400.0)})
"""Between which numbers a fact about a patient is looked for; a limit or baseline of a measurement has the limits of that."""
MOST_NUMBERS = 64
"""A score of up to so many whole numbers is tried number by number."""
UNKNOWN = 2
ROWS_AT_ONCE = 400_000
NUMBER_WORDS = ("none", "one", "two", "three", "four")

Edge = tuple[float, bool]
"""A limit, and a side of it: of a known limit whether it still belongs to what lies below, of a range whether it lies outside."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that may be found, and what tells it.

    ``rows`` (concept, value, text) at the hour asked, ``facts`` about the patient, or concepts that are then ``complete``.
    """

    rows: tuple[tuple[str, float | None, str | None], ...] = ()
    facts: tuple[tuple[str, object], ...] = ()
    complete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """An input that is asked for: its coded ``choices``, or a number between ``bounds`` that limits (``edges``) divide.

    ``leaves``: the nodes that read it, with which an answer must agree where they are known already.
    """

    input: str
    unit: str = ""
    choices: tuple[tuple[str, Answer], ...] = ()
    bounds: tuple[float, float] | None = None
    edges: tuple[Edge, ...] = ()
    whole: bool = False
    leaves: tuple[int, ...] = ()

    @property
    def is_rate(self) -> bool:
        """Whether it is the rate of an infusion."""
        return self.input in CONCEPTS and CONCEPTS[self.input].kind is Kind.INFUSION

    def number(self, value: float) -> Answer:
        """The answer that it is this number."""
        if is_patient_fact(self.input):
            return Answer(facts=((self.input, value),))
        if self.is_rate:
            return Answer(((self.input, value, None if value else "absent"),))
        return Answer(((self.input, value, None),))


# ---------------------------------------------------------------------------------------------------- questions
def asks(p: Predicate) -> str:
    """The input that a leaf asks for; empty where it asks for none."""
    match p:
        case Compare(concept=concept, ask=True) | IsIn(concept=concept, ask=True):
            return concept
        case CountRunning(label=label) | RateSum(label=label) | Doses(label=label):
            return label
        case Fact(name=name):
            return name
    return ""


def leaves_of(scale: Scale) -> tuple[Predicate, ...]:
    """Every leaf of the criteria."""
    return tuple(dict.fromkeys(leaf for c in scale.criteria for leaf in c.predicate.leaves()))


def reads(p: Predicate) -> set[str]:
    """The concepts that a leaf reads."""
    match p:
        case Compare(concept=concept) | IsIn(concept=concept):
            return {concept}
        case CountRunning(concepts=concepts, count=count, any_of=any_of):
            return {*concepts, count or "", any_of or ""}
        case RateSum(terms=terms, any_of=any_of):
            return {*(c for c, _ in terms), any_of or ""}
        case Doses(concepts=concepts):
            return set(concepts)
    return set()


def questions(scale: Scale, undecided: Iterable[str], record: Timeline, known: Sequence[int]) -> list[Question]:
    """The question behind each undecided input; ``known``: the truth of every node now."""
    program = program_of(scale)
    low, _ = limits_of(program, record)
    leaves = leaves_of(scale)
    out = []
    for name in undecided:
        mine = [p for p in leaves if asks(p) == name]
        nodes = tuple(program.node_of[p] for p in mine if p in program.node_of)
        found = _question(name, mine, program, low[0], {p: known[program.node_of[p]] for p in mine if p in program.node_of})
        out.append(replace(found, leaves=() if is_patient_fact(name) else nodes))
    return out


def _question(name: str, mine: Sequence[Predicate], program: Program, low: npt.NDArray[np.float64], known: Mapping[Predicate, int]) -> Question:
    if is_patient_fact(name):
        return _of_fact(name, [p for p in mine if isinstance(p, Fact)])
    if counts := [p for p in mine if isinstance(p, CountRunning)]:
        return _of_count(name, counts, known)
    if doses := [p for p in mine if isinstance(p, Doses)]:
        return _of_doses(name, doses)
    concept = CONCEPTS[name]
    if any(isinstance(p, Compare | RateSum) for p in mine):
        edges = {e for p in mine for e in _edges(p, name, program, low)}
        whole = concept.unit == "points"
        return Question(name, "" if whole else concept.unit or "", bounds=concept.possible or (0.0, 1e9), edges=tuple(sorted(edges)), whole=whole)
    vague = {v for p in mine if isinstance(p, IsIn) for v in p.maybe}
    values = values_of(name) if any(isinstance(p, IsIn) for p in mine) else ()
    return Question(name, choices=tuple((v.replace("_", " "), Answer(((name, None, v),))) for v in values if v not in vague))


def _edges(p: Predicate, concept: str, program: Program, low: npt.NDArray[np.float64]) -> list[Edge]:
    """The limits that a leaf sets to a number; one that differs between patients where it is known for this one."""
    if isinstance(p, Compare):
        strict, factor = p.op in (">", "<="), 1.0
    elif isinstance(p, RateSum) and concept in dict(p.terms):
        strict, factor = False, dict(p.terms)[concept]
    else:
        return []
    limit: float = p.limit if not isinstance(p.limit, PatientLimit) else math.nan
    if isinstance(p.limit, PatientLimit):
        place = next((i for i, x in enumerate(zip(program.limits, program.strict, strict=True)) if x == (p.limit, strict)), None)
        limit = float(low[place]) if place is not None else math.nan
    if isinstance(p.limit, PatientLimit) and strict:
        limit = math.nextafter(limit, -math.inf)
    return [(limit / factor, strict)] if math.isfinite(limit) else []


def _of_fact(name: str, mine: Sequence[Fact]) -> Question:
    if mine and all(isinstance(p.value, bool) for p in mine):
        return Question(name, choices=(("no", Answer(facts=((name, False),))), ("yes", Answer(facts=((name, True),)))))
    if mine and all(isinstance(p.value, str) for p in mine):
        values = dict.fromkeys(str(p.value) for p in mine)
        return Question(name, choices=(*((v, Answer(facts=((name, v),))) for v in values), ("another", Answer(facts=((name, "another"),)))))
    sides = {">=": (False,), "<": (False,), ">": (True,), "<=": (True,), "==": (False, True)}
    edges = {(float(p.value), side) for p in mine for side in sides[p.op] if isinstance(p.value, float | int)}
    concept = CONCEPTS.get(name.split("_", 1)[1])
    bounds = FACT_BOUNDS.get(name) or (concept.possible if concept is not None else None) or (0.0, 1e9)
    unit = {"age_years": "years", "weight_kg": "kg"}.get(name) or (concept.unit if concept is not None else None) or ""
    whole = unit == "points"
    return Question(name, "" if whole else unit, bounds=bounds, edges=tuple(sorted(edges)), whole=whole)


def _of_count(name: str, mine: Sequence[CountRunning], known: Mapping[Predicate, int]) -> Question:
    """How many run: none, one, ... up to the highest number that any criterion asks for."""
    most = max(p.number for p in mine)
    at_least = max((p.number for p in mine if known.get(p) == 1), default=0)
    first = mine[0]

    def answer(number: int) -> Answer:
        if number == 0 and first.any_of is not None and first.any_counts:
            return Answer(((first.any_of, None, "absent"),))
        if first.count is not None:
            return Answer(((first.count, float(number), None),))
        return Answer(tuple((c, None, "present" if i < number else "absent") for i, c in enumerate(first.concepts)))

    def words(number: int) -> str:
        if number == 0:
            return "none at all" if first.any_of is not None and first.any_counts else "none"
        return f"{NUMBER_WORDS[min(number, 4)]}{' or more' if number == most else ''}"

    return Question(name, choices=tuple((words(n), answer(n)) for n in range(at_least, most + 1)))


def _of_doses(name: str, mine: Sequence[Doses]) -> Question:
    """How many doses were given, at the hour asked; "none" is a row where one can say so, else that the record of them is complete."""
    most = max(p.number for p in mine)
    group = tuple(dict.fromkeys(c for p in mine for c in p.concepts))
    drug = name if name in group else group[0]
    tellers = {p.told_by or (p.concepts[0] if len(p.concepts) == 1 else "") for p in mine}
    none = Answer(((next(iter(tellers)), None, "absent"),)) if len(tellers) == 1 and "" not in tellers else Answer(complete=group)
    given = [(f"{NUMBER_WORDS[min(n, 4)]} given" if most > 1 else "given", Answer(((drug, None, None),) * n)) for n in range(1, most + 1)]
    return Question(name, choices=(("not given", none), *given))


# ---------------------------------------------------------------------------------------------------- trying answers
@dataclass(frozen=True, slots=True)
class Judged:
    """The range that an answer leaves, and the truth of every node then."""

    at_least: float
    at_most: float
    state: npt.NDArray[np.int8]


@dataclass
class Bench:
    """One patient at one moment, graded again under any number of answers; ``record`` holds nothing later than the moment."""

    record: Timeline
    scale: Scale
    at: float
    counts: tuple[str, ...]
    carry: Mapping[str, float] = field(default_factory=dict)
    from_hour: float = 0.0

    def __post_init__(self) -> None:
        program = program_of(self.scale)
        self._leaves = {p: n for p, n in program.node_of.items() if not p.children() and not isinstance(p, Elsewhere)}
        self._vague = {
            (p.concept, v) for p in leaves_of(self.scale) if isinstance(p, IsIn) for v in (*p.maybe, "unknown")}

    def judge(self, cases: Sequence[tuple[Answer, ...]]) -> list[Judged | None]:
        """The grade under each set of answers; None where nothing is graded yet."""
        size = max(1, ROWS_AT_ONCE // max(1, len(self.record.events)))
        return [j for i in range(0, len(cases), size) for j in self._judge(cases[i : i + size])]

    def _judge(self, cases: Sequence[tuple[Answer, ...]]) -> list[Judged | None]:
        supposed = self.supposed(cases)
        events = encode(supposed)
        options = {"carry": self.carry, "from_hour": self.from_hour, "until": self.at}
        grades = grade(supposed, self.scale, count=self.counts, events=events, **options)  # type: ignore[arg-type]
        if grades.timeline is not supposed:  # with the changes that grading derives
            events = encode(grades.timeline)
        swept = run(program_of(self.scale), grades.timeline, events, self.counts, keep_state=True,
                    death_counts=tuple(c for c in self.counts if c != "unknown"), **options)  # type: ignore[arg-type]
        last = {int(p): i for i, p in enumerate(grades.patient_index)}
        place = {p: i for i, p in enumerate(events.patients)}
        out: list[Judged | None] = []
        for number in range(len(cases)):
            index = place[_name(number)]
            step = last.get(index)
            out.append(None if step is None else Judged(float(grades.at_least[step]), float(grades.at_most[step]), swept.state[index]))
        return out

    def agrees(self, answer: Answer, now: Judged, then: Judged) -> bool:
        """Whether nothing that is known now would turn into its contrary, nor what is known of the input itself be lost.

        A fact about the patient may turn what was assumed without it.
        """
        told = {concept for concept, *_ in answer.rows}
        follows = {name for name, change in CHANGES.items() if change.of in told}  # a new value makes a new change
        changed = [p for p, n in self._leaves.items() if now.state[n] not in (UNKNOWN, then.state[n])]
        changed = [p for p in changed if not follows & reads(p)]
        return bool(answer.facts) or not any(told & reads(p) or then.state[self._leaves[p]] != UNKNOWN for p in changed)

    def supposed(self, cases: Sequence[tuple[Answer, ...]]) -> Timeline:
        """The record under each set of answers, as one patient each.

        A value is a new row at the hour asked.  Where a row that says too little still holds (a rate that is not told, "oxygen" without
        the device), the answer stands in its place.
        """
        names = [_name(i) for i in range(len(cases))]
        base = self.record.events.with_row_index("row")
        events = pl.DataFrame({"patient": names}, schema={"patient": pl.String}).join(base.drop("patient"), how="cross")
        told: list[dict[str, object]] = []
        new: list[dict[str, object]] = []
        for name, case in zip(names, cases, strict=True):
            for concept, value, text in (row for answer in case for row in answer.rows):
                unclear = self._unclear(concept, value is not None)
                told += [{"patient": name, "row": row, "value_": value, "text_": text} for row in unclear]
                if not unclear:
                    new.append({"patient": name, "hour": self.at, "concept": concept, "value": value, "text": text})
        if told:
            filled = pl.DataFrame(told, schema={"patient": pl.String, "row": base.schema["row"], "value_": pl.Float64, "text_": pl.String})
            events = events.join(filled.with_columns(filled_=True), on=["patient", "row"], how="left", maintain_order="left")
            here = pl.col("filled_").fill_null(False)
            events = events.with_columns(
                value=pl.when(here).then("value_").otherwise("value"), text=pl.when(here).then("text_").otherwise("text"),
                censored=pl.when(here).then(pl.lit(0, pl.Int8)).otherwise("censored"))
        schema = self.record.events.schema
        events = events.select(pl.col(c).cast(k) for c, k in schema.items())
        if new:
            attribution = "unknown" if "unknown" in self.counts else self.counts[0]
            rows = [{**dict.fromkeys(schema), "censored": 0, "attribution": attribution, "origin": "supposed", **r} for r in new]
            events = pl.concat([events, pl.DataFrame(rows, schema=schema)])
        events = events.sort("patient", "hour", maintain_order=True)
        return Timeline(events, self._patients(names, cases), self._complete(names, cases))

    def runs_untold(self, concept: str) -> bool:
        """Whether an infusion is charted as running now at a rate that is not told, so that the rate is not nought."""
        return any(self.record.events["text"][row] != "unknown" for row in self._unclear(concept, number=True))

    def _unclear(self, concept: str, number: bool) -> list[int]:
        """The rows that hold now, as an interval, a window or at this very hour, and do not say enough."""
        out: list[int] = []
        kind = CONCEPTS[concept].kind
        if kind is Kind.DOSE:
            return out
        for row, event in enumerate(self.record.events.iter_rows(named=True)):
            if event["concept"] != concept:
                continue
            until = max(x for x in (event["hour"], event["end_hour"], event["hour_latest"]) if x is not None)
            exact = event["end_hour"] is None and event["hour_latest"] is None
            holds = event["hour"] == self.at if exact else until > self.at
            untold = event["value"] is None or event["censored"] != 0
            vague = untold and event["text"] != "absent" if number else (concept, event["text"] or "unknown") in self._vague
            if kind is Kind.INFUSION and not number:
                vague = event["text"] == "unknown"
            if holds and vague:
                out.append(row)
        return out

    def _patients(self, names: Sequence[str], cases: Sequence[tuple[Answer, ...]]) -> pl.DataFrame:
        row = self.record.patients.row(0, named=True)
        schema = dict(self.record.patients.schema)
        rows = []
        for name, case in zip(names, cases, strict=True):
            facts = dict(fact for answer in case for fact in answer.facts)
            schema.update({f: pl.Float64() for f in facts if f not in schema})
            rows.append({**row, **facts, "patient": name})
        return pl.DataFrame([{**dict.fromkeys(schema), **r} for r in rows], schema=schema)

    def _complete(self, names: Sequence[str], cases: Sequence[tuple[Answer, ...]]) -> Completeness:
        complete = self.record.complete
        me = self.record.patient_ids[0]
        everywhere = complete.everywhere | {n for n, who in complete.by_patient.items() if me in who}
        by_patient: dict[str, set[str]] = {}
        for name, case in zip(names, cases, strict=True):
            for concept in (c for answer in case for c in answer.complete):
                by_patient.setdefault(concept, set()).add(name)
        return replace(complete, everywhere=frozenset(everywhere), by_patient={k: frozenset(v) for k, v in by_patient.items()})


def _name(number: int) -> str:
    return f"{number:08d}"
