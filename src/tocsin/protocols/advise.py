"""Advice: a protocol asked about patients' states at one moment.  A pure function of the timeline up to then.

``advise_many`` answers for all patients at once, as arrays; the words of one patient's advice are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.grade import grade
from tocsin.grading.result import Grades
from tocsin.protocols.protocol import Chapter, Protocol, Rule
from tocsin.protocols.sweep import BARRED, BLOCKED, DEPENDS, DUE, FALSE, NOT_DUE, TRUE, UNKNOWN, SweptChapter, sweep
from tocsin.protocols.together import status_at
from tocsin.timeline import Timeline

STATUS = {NOT_DUE: "not_due", DUE: "due", DEPENDS: "depends", BLOCKED: "blocked", BARRED: "depends"}
"""How a standing is called in advice; what a block forbids for certain still depends on whether it is asked for."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One recommendation at one moment.

    ``status``: due, not_due, blocked (``blocked_by`` says by what) or depends (``depends_on`` names the missing input).
    ``dose`` is null where the source gives a range, and where the weight or height is needed and not known; ``formula`` is then the
    dose, else its arithmetic.
    ``reason`` is the whole of it in words: the ``condition`` of the rule, the ``grade`` by the chapter's scale, the ``observations`` on which
    it rests, and the ``remarks``.  ``optional``: the source allows it without asking for it, or offers it instead of another treatment.
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
    condition: str = ""
    grade: str = ""
    observations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    optional: bool = False

    def record(self) -> dict[str, Any]:
        """The machine output of ``tocsin advise --json``."""
        out = asdict(self)
        for name in ("blocked_by", "depends_on", "cites", "observations", "remarks"):
            out[name] = list(out[name])
        return out


@dataclass(frozen=True)
class AdviceTable:
    """What every rule of a protocol says for every patient at one hour.

    ``status``: shape (patients, rules), a key of ``STATUS``.  What it rests on is looked up when words are asked for.
    """

    protocol: Protocol
    timeline: Timeline
    hour: float
    patients: tuple[str, ...]
    status: npt.NDArray[np.int8]
    carry: Mapping[str, float] | None = None

    @cached_property
    def chapters(self) -> tuple[SweptChapter, ...]:
        """The sweep of each chapter, with the observations behind what is true and the inputs that are missing."""
        return sweep(self.timeline, self.protocol, until=self.hour, carry=self.carry, keep_state=True, last_only=True)

    @cached_property
    def dose(self) -> npt.NDArray[np.float64]:
        """The dose that each rule asks for, shape (patients, rules), in the unit of the rule; nan where it has no number."""
        weight, height = (self._bodies[fact].fill_null(np.nan).to_numpy() for fact in ("weight_kg", "height_cm"))
        columns = [rule.dose.amounts(weight, height) if rule.dose else np.full(len(weight), np.nan) for rule in self.protocol.rules]
        return np.stack(columns, axis=1) if columns else np.empty((len(weight), 0))

    def frame(self) -> pl.DataFrame:
        """One row for each patient and rule that is not ``not_due``: patient, hour, rule, action, drug, dose, unit, status."""
        who, which = np.nonzero(self.status != NOT_DUE)
        rules = self.protocol.rules
        names = pl.DataFrame({
            "code": [self.protocol.code(r) for r in rules], "action": [r.action for r in rules], "drug": [r.drug for r in rules],
            "unit": [r.dose.unit if r.dose else None for r in rules],
        }, schema={"code": pl.String, "action": pl.String, "drug": pl.String, "unit": pl.String})[which]
        words = pl.Series([STATUS[k] for k in sorted(STATUS)])
        return pl.DataFrame({
            "patient": pl.Series(self.patients)[who], "hour": np.full(len(who), self.hour), "rule": names["code"], "action": names["action"],
            "drug": names["drug"], "dose": pl.Series(self.dose[who, which]).fill_nan(None), "unit": names["unit"],
            "status": words[self.status[who, which].astype(np.int64)],
        })

    def advice(self, patient: str) -> list[Advice]:
        """Every rule for one patient, in words, in the order of the protocol."""
        at = self.patients.index(patient)
        every = [(swept, rule) for swept in self.chapters for rule in swept.chapter.rules]
        return [self._advice(at, swept, rule, STATUS[int(status)]) for (swept, rule), status in zip(every, self.status[at], strict=True)]

    @cached_property
    def _bodies(self) -> pl.DataFrame:
        """Weight and height of each patient; null where not known."""
        return self.timeline.patients.select(pl.col("weight_kg", "height_cm").cast(pl.Float64).fill_nan(None))

    @cached_property
    def _grades(self) -> dict[str, Grades]:
        """The course by the scale of each chapter, for the words."""
        scales = {c.chapter.scale.id: c.chapter.scale for c in self.chapters}
        return {name: grade(self.timeline, scale, until=self.hour, carry=self.carry) for name, scale in scales.items()}

    def _advice(self, at: int, swept: SweptChapter, rule: Rule, status: str) -> Advice:
        protocol = self.protocol
        wanted = swept.state(at, rule.when)
        blocked = [b for b in rule.blocked_by if swept.state(at, b.predicate) == TRUE] if wanted == TRUE else []
        depends: dict[str, None] = {}
        if status == "depends":
            if wanted == UNKNOWN:
                depends.update(dict.fromkeys(swept.missing(at, rule.when)))
            for block in rule.blocked_by:
                if block.unknown_blocks and swept.state(at, block.predicate) == UNKNOWN:
                    depends.update(dict.fromkeys(swept.missing(at, block.predicate)))
        body = self._bodies.row(at)
        dose, formula = rule.dose.for_weight(*body) if rule.dose else (None, "")
        if rule.dose is not None and status in ("due", "blocked"):
            depends.update(dict.fromkeys(rule.dose.missing(*body)))
        last = swept.last_step(at)
        seen = swept.evidence(last, rule.when) if wanted == TRUE and last >= 0 else ()
        step = self._grades[swept.chapter.scale.id].at(self.hour, self.patients[at])
        # a grade that is certain is said also where none of its rules holds: who has ICANS of grade 2 is not one without a grade
        graded = _grade(swept.chapter, step) if step is not None and (wanted != FALSE or 0 < step["at_least"] == step["at_most"]) else ""
        local = protocol.local_to(rule)
        remarks = (*(words for p, words in rule.remarks if wanted != FALSE and swept.state(at, p) == TRUE), *(c.sentence() for c in local))
        verb = {TRUE: "Holds", FALSE: "Does not hold", UNKNOWN: "Not settled"}[wanted]
        parts = (f"{verb}: {rule.english()}.", graded if wanted != FALSE else "", f"Rests on: {'; '.join(seen)}." if seen else "", *remarks)
        return Advice(
            patient=self.patients[at], hour=self.hour, protocol=protocol.id, rule=protocol.code(rule), action=rule.action, drug=rule.drug,
            dose=dose, unit=rule.dose.unit if rule.dose else None, route=rule.route, status=status,
            blocked_by=tuple(f"{b.code}: {b.says}" for b in blocked), depends_on=tuple(depends), formula=formula,
            reason=" ".join(p for p in parts if p), condition=rule.english(), grade=graded, observations=seen, remarks=remarks,
            optional=rule.optional or bool(rule.instead_of),
            cites=tuple(dict.fromkeys((rule.cites, *(b.cites for b in blocked), *(c.cites for c in local)))), source_text=rule.source_text,
            reading=rule.reading, experimental=rule.experimental,
        )


def advise_table(timeline: Timeline, protocol: Protocol, at: float, carry: Mapping[str, float] | None = None) -> AdviceTable:
    """Every rule of the protocol for every patient, at hour ``at``; nothing later is looked at."""
    known = timeline.until(at)
    return AdviceTable(protocol, known, at, tuple(known.patients["patient"].to_list()), status_at(known, protocol, at, carry), carry)


def advise_with(timeline: Timeline, protocol: Protocol, at: float, carry: Mapping[str, float] | None = None) -> list[Advice]:
    """``advise_table`` in words, for every patient and rule."""
    table = advise_table(timeline, protocol, at, carry)
    return [a for patient in table.patients for a in table.advice(patient)]


def _grade(chapter: Chapter, step: dict[str, Any]) -> str:
    """What the scale of a chapter says at that moment."""
    low, high = step["at_least"], step["at_most"]
    span = f"{low}" if low == high else f"{low} to {high}"
    codes = ", ".join(c.split("/")[1] for c in step["because"])
    return f"{chapter.scale.title} {chapter.scale.unit} {span}" + (f" by {codes}." if codes else ".")
