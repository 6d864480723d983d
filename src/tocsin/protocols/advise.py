"""Advice: a protocol asked about a patient's state at one moment.  A pure function of the timeline up to then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tocsin.errors import SettingError
from tocsin.grading.encode import encode
from tocsin.grading.engine import Swept, run
from tocsin.grading.grade import grade
from tocsin.grading.program import LASTING, UNLESS, Program, compile_program
from tocsin.grading.result import describe
from tocsin.protocols.protocol import Protocol, Rule
from tocsin.protocols.refractory import with_refractory
from tocsin.rules import Named, Predicate
from tocsin.timeline import Timeline

_FALSE, _TRUE, _UNKNOWN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation at one moment.

    ``status``: due, not_due, blocked (``blocked_by`` says by what) or depends (``depends_on`` names the missing input).
    ``dose`` is null where the weight is needed and not known; ``formula`` is then the dose, else its arithmetic.
    """

    patient: str
    hour: float
    protocol: str
    rule: str
    action: str
    drug: str | None
    dose: float | None
    unit: str | None
    route: str | None
    status: str
    blocked_by: tuple[str, ...]
    depends_on: tuple[str, ...]
    formula: str
    reason: str
    cites: tuple[str, ...]
    source_text: str = ""
    reading: str = ""
    experimental: bool = False

    def record(self) -> dict[str, Any]:
        """The machine output of ``tocsin advise --json``."""
        out = asdict(self)
        for name in ("blocked_by", "depends_on", "cites"):
            out[name] = list(out[name])
        return out


_PROGRAMS: dict[int, tuple[Protocol, Program]] = {}


def _program(protocol: Protocol) -> Program:
    kept = _PROGRAMS.get(id(protocol))
    if kept is None:
        roots = [r.when for r in protocol.rules] + [b.predicate for b in protocol.blocks]
        roots += [p for r in protocol.rules for p, _ in r.remarks]
        if len(roots) > 64:
            raise SettingError(f"{protocol.id}: a protocol may have at most 64 conditions, this one has {len(roots)}")
        kept = _PROGRAMS[id(protocol)] = (protocol, compile_program(roots, [1] * len(roots), protocol.episode))
        while len(_PROGRAMS) > 64:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
    return kept[1]


def _counted(timeline: Timeline, protocol: Protocol) -> Timeline:
    """The timeline in which what the protocol also counts is put down to nothing in particular."""
    events = timeline.events
    concept, attribution = pl.col("concept").cast(pl.String), pl.col("attribution").cast(pl.String)
    for cause, concepts in protocol.counts_also.items():
        also = concept.is_in(concepts) & (attribution == cause)
        events = events.with_columns(pl.when(also).then(pl.lit("unknown")).otherwise(attribution).alias("attribution"))
    return replace(timeline, events=events) if protocol.counts_also else timeline


def advise_with(timeline: Timeline, protocol: Protocol, at: float, carry: Mapping[str, float] | None = None) -> list[Advice]:
    """Every rule of the protocol for every patient, at hour ``at``; nothing later is looked at."""
    known = timeline.until(at)
    grades = grade(known, protocol.scale, until=at, carry=carry)
    refractory_hours = protocol.settings.get("refractory_hours")
    if refractory_hours is not None:
        known = with_refractory(known, grades, float(refractory_hours))
    program = _program(protocol)
    known = _counted(known, protocol)
    events = encode(known)
    swept = run(program, known, events, protocol.scale.counts, carry=carry, until=at, keep_state=True)
    out: list[Advice] = []
    weights = dict(zip(known.patients["patient"].to_list(), known.patients["weight_kg"].to_list(), strict=True))
    for index, patient in enumerate(events.patients):
        step = grades.at(at, patient)
        said = _Sayer(program, known, swept, index)
        out += [_advice(rule, protocol, patient, at, weights[patient], step, said) for rule in protocol.rules]
    return out


@dataclass(frozen=True)
class _Sayer:
    """The state of one patient at the moment asked, and the observations behind it."""

    program: Program
    timeline: Timeline
    swept: Swept
    index: int

    def status(self, p: Predicate) -> int:
        while isinstance(p, Named):
            p = p.of
        return int(self.swept.state[self.index, self.program.node_of[p]])

    def missing(self, p: Predicate) -> tuple[str, ...]:
        """The inputs whose absence leaves ``p`` unknown."""
        while isinstance(p, Named):
            p = p.of
        names: dict[str, None] = {}
        stack = [self.program.node_of[p]]
        state = self.swept.state[self.index]
        while stack:
            node = stack.pop()
            if state[node] != _UNKNOWN:
                continue
            if self.program.ask_bit[node] >= 0:
                names[self.program.ask_names[self.program.ask_bit[node]]] = None
            kind, *_, first, last = self.program.node[node]
            children = self.program.child[first:last]
            if kind == UNLESS and state[children[1]] == _TRUE:
                stack.append(int(children[1]))
            stack.extend(int(c) for c in (children[:1] if kind in (UNLESS, LASTING) else children))
        return tuple(names)

    def evidence(self, p: Predicate) -> list[str]:
        """The observations that make ``p`` true, in words."""
        while isinstance(p, Named):
            p = p.of
        node = self.program.node_of[p]
        steps = np.flatnonzero(self.swept.patient == self.index)
        if not len(steps):
            return []
        last = int(steps[-1])
        span = slice(int(self.swept.evidence_ptr[last]), int(self.swept.evidence_ptr[last + 1]))
        roots = self.program.roots[self.swept.evidence_root[span]]
        rows = sorted({int(r) for r, root in zip(self.swept.evidence_row[span], roots, strict=True) if root == node})
        return [describe(self.timeline.events.row(r, named=True)) for r in rows]


def _advice(
    rule: Rule, protocol: Protocol, patient: str, at: float, weight: float | None, step: dict[str, Any] | None, said: _Sayer
) -> Advice:
    wanted = said.status(rule.when)
    blocked = [b for b in rule.blocked_by if said.status(b.predicate) == _TRUE]
    unsure = [b for b in rule.blocked_by if b.unknown_blocks and said.status(b.predicate) == _UNKNOWN]
    depends: dict[str, None] = {}
    if wanted == _FALSE:
        status = "not_due"
    elif wanted == _TRUE and blocked:
        status = "blocked"
    elif wanted == _TRUE and not unsure:
        status = "due"
    else:
        status = "depends"
        if wanted == _UNKNOWN:
            depends.update(dict.fromkeys(said.missing(rule.when)))
        for block in unsure:
            depends.update(dict.fromkeys(said.missing(block.predicate)))
    dose, formula = rule.dose.for_weight(weight) if rule.dose else (None, "")
    if rule.dose is not None and rule.dose.per_kg is not None and weight is None and status in ("due", "blocked"):
        depends["weight_kg"] = None
    seen = said.evidence(rule.when) if wanted == _TRUE else []
    reason = _reason(rule, protocol, step, seen, wanted)
    for predicate, words in rule.remarks:
        if wanted != _FALSE and said.status(predicate) == _TRUE:
            reason += f" {words}"
    return Advice(
        patient=patient, hour=at, protocol=protocol.id, rule=protocol.code(rule), action=rule.action, drug=rule.drug, dose=dose,
        unit=rule.dose.unit if rule.dose else None, route=rule.route, status=status,
        blocked_by=tuple(f"{b.code}: {b.says}" for b in blocked), depends_on=tuple(depends), formula=formula, reason=reason,
        cites=tuple(dict.fromkeys((rule.cites, *(b.cites for b in blocked)))), source_text=rule.source_text, reading=rule.reading,
        experimental=rule.experimental,
    )


def _reason(rule: Rule, protocol: Protocol, step: dict[str, Any] | None, seen: list[str], wanted: int) -> str:
    verb = {_TRUE: "Holds", _FALSE: "Does not hold", _UNKNOWN: "Not settled"}[wanted]
    words = f"{verb}: {rule.english()}."
    if step is not None and wanted != _FALSE:
        low, high = step["at_least"], step["at_most"]
        span = f"{low}" if low == high else f"{low} to {high}"
        codes = ", ".join(c.split("/")[1] for c in step["because"])
        words += f" {protocol.scale.title} grade {span}" + (f" by {codes}." if codes else ".")
    if seen:
        words += f" Rests on: {'; '.join(seen)}."
    return words

