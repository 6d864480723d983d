"""The turns of a course: where the grade changes or a treatment is given, what the protocol then says and what was given.

A treatment known only by its day is compared with what the protocol says at the start of that day, before it: the order
within the day is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tocsin.grading.grade import grade
from tocsin.protocols.advise import Advice, advise_with
from tocsin.protocols.protocol import Protocol
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

COMPARED = frozenset({
    "tocilizumab", "siltuximab", "anakinra", "ruxolitinib", "msc", "dexamethasone", "methylprednisolone", "hydrocortisone", "prednisone",
    "prednisolone", "corticosteroid", "fluid_bolus", "acetaminophen", "ibuprofen", "diclofenac", "metamizole", "nsaid", "antipyretic",
    "antibiotic", "cefmetazole", "imipenem", "filgrastim", "norepinephrine", "epinephrine", "vasopressin", "vasopressor",
})
"""Treatments that the protocols speak of; others given are not compared."""


@dataclass(frozen=True, slots=True)
class Given:
    """One treatment given, and what the protocol said of it just before.

    ``verdict``: asked_for, not_indicated, blocked (``why`` says by what), undecidable (``why`` names what is missing), not_covered.
    """

    concept: str
    hour: float
    hour_latest: float | None
    value: float | None
    text: str | None
    origin: str
    verdict: str
    rules: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: the grade, the advice that changed since the turn before, and the treatments given until the next."""

    patient: str
    hour: float
    grade_at_least: int
    grade_at_most: int
    advice: tuple[Advice, ...]
    changed: tuple[Advice, ...]
    given: tuple[Given, ...]


def _before(timeline: Timeline, hour: float) -> Timeline:
    """The record at ``hour`` without the treatments that begin then: what the team knew when it decided."""
    kinds = [c for c, v in CONCEPTS.items() if v.kind in (Kind.DOSE, Kind.INFUSION)]
    name = pl.col("concept").cast(pl.String)
    return replace(timeline, events=timeline.events.filter(~(name.is_in(kinds) & (pl.col("hour") >= hour))))


def turns(timeline: Timeline, protocol: Protocol, patient: str) -> list[Turn]:
    """The turns of one patient's course, in order.

    A turn is each hour at which the grade by the protocol's scale changes to something that is at least 1, or at which a
    treatment that the protocol speaks of is given.
    """
    mine = timeline.of(patient)
    grades = grade(mine, protocol.scale)
    steps = [(float(s), int(a), int(b)) for s, a, b in zip(grades.start, grades.at_least, grades.at_most, strict=True)]
    moments: set[float] = set()
    last: tuple[int, int] | None = None
    for start, low, high in steps:
        if (low, high) != last and low >= 1:
            moments.add(start)
        last = (low, high)
    treatments = mine.events.filter(pl.col("concept").cast(pl.String).is_in(sorted(COMPARED)) & (pl.col("hour") >= 0)
                                    & (pl.col("text").cast(pl.String).fill_null("") != "absent"))
    moments.update(treatments["hour"].to_list())
    out: list[Turn] = []
    shown: dict[str, str] = {}
    ordered = sorted(moments)
    starts = np.array([s for s, _, _ in steps])
    for i, hour in enumerate(ordered):
        until = ordered[i + 1] if i + 1 < len(ordered) else np.inf
        advice = [a for a in advise_with(_before(mine, hour), protocol, hour) if a.patient == patient]
        at = int(np.searchsorted(starts, hour, side="right")) - 1
        low, high = (steps[at][1], steps[at][2]) if at >= 0 else (0, 0)
        rows = treatments.filter((pl.col("hour") >= hour) & (pl.col("hour") < until))
        given = tuple(_judge(row, advice, protocol) for row in rows.iter_rows(named=True))
        changed = tuple(a for a in advice if a.status != "not_due" and shown.get(a.rule) != a.status)
        shown = {a.rule: a.status for a in advice}
        out.append(Turn(patient, hour, low, high, tuple(a for a in advice if a.status != "not_due"), changed, given))
    return out


def _judge(row: dict[str, Any], advice: list[Advice], protocol: Protocol) -> Given:
    concept = str(row["concept"])
    answering = {protocol.code(r) for r in protocol.rules if concept in r.answers}
    about = [a for a in advice if a.rule in answering]
    by_status: dict[str, list[Advice]] = {}
    for a in about:
        by_status.setdefault(a.status, []).append(a)
    if not about:
        verdict, rules, why = "not_covered", [], "the protocol does not speak of it"
    elif "due" in by_status:
        verdict, rules = "asked_for", by_status["due"]
        why = "; ".join(dict.fromkeys(_dose_note(row, a) for a in rules if _dose_note(row, a)))
    elif "blocked" in by_status:
        verdict, rules = "blocked", by_status["blocked"]
        why = "; ".join(dict.fromkeys(b for a in rules for b in a.blocked_by))
    elif "depends" in by_status:
        verdict, rules = "undecidable", by_status["depends"]
        why = "not told: " + ", ".join(dict.fromkeys(d for a in rules for d in a.depends_on))
    else:
        verdict, rules, why = "not_indicated", [], "no rule of the protocol asks for it at this moment"
    return Given(
        concept, row["hour"], row["hour_latest"], row["value"], row["text"], row["origin"] or "", verdict, tuple(a.rule for a in rules), why)


def _dose_note(row: dict[str, Any], advice: Advice) -> str:
    """Where the dose given differs from the one asked for."""
    if advice.drug != row["concept"] or not advice.formula:
        return ""
    if row["value"] is not None and advice.dose is not None and abs(row["value"] - advice.dose) > 0.05 * advice.dose:
        return f"dose given {row['value']:g} {advice.unit}, asked for {advice.formula}"
    if row["value"] is None and row["text"]:
        return f"dose given {row['text']}; asked for {advice.formula}"
    if row["value"] is not None and advice.dose is None:
        return f"dose given {row['value']:g} {advice.unit or ''}; asked for {advice.formula}".replace("  ", " ")
    return ""
