"""Grading: a scale applied to a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tocsin.derived.baseline import is_baseline
from tocsin.derived.changes import CHANGES, with_changes
from tocsin.errors import SettingError
from tocsin.grading.days import grade_days
from tocsin.grading.encode import Events, encode
from tocsin.grading.engine import Swept, run
from tocsin.grading.formula import formula_range
from tocsin.grading.program import CONCEPT_CODE, CONCEPT_NAMES, Program, compile_program
from tocsin.grading.result import Grades, Numbers
from tocsin.grading.thin import Thin
from tocsin.rules import PatientLimit
from tocsin.scales import Kind, Scale
from tocsin.scales import scale as find_scale
from tocsin.timeline import ATTRIBUTIONS, Timeline
from tocsin.vocabulary import CONCEPTS, LYMPHODEPLETION


@dataclass(frozen=True, slots=True)
class Shared:
    """What is prepared once for several scales: the events thinned for all of them, and the record with the changes they read."""

    thin: Thin | None
    changed: tuple[Timeline, Events] | None


_PROGRAMS: dict[int, tuple[Scale, Program]] = {}


def program_of(scale: Scale) -> Program:
    """The compiled table of a scale; compiled once for each scale object."""
    kept = _PROGRAMS.get(id(scale))
    if kept is None:
        roots = [part.predicate for part in scale.parts]
        # an input of a formula weighs 1, so that it is asked for until it is known
        weights = [1 if scale.formula is not None else abs(c.grade) for c in scale.criteria]
        place = {name: i for i, name in enumerate(scale.items)}
        kept = _PROGRAMS[id(scale)] = (scale, compile_program(
            roots, weights + [-1] * len(scale.flags), scale.episode,
            items=[place.get(c.item, 0) for c in scale.criteria] + [0] * len(scale.flags),
            values=[t.concept for t in scale.formula.terms] if scale.formula is not None else (),
        ))
        while len(_PROGRAMS) > 256:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
    return kept[1]


def grade(
    timeline: Timeline, scale: str | Scale, *, settings: Mapping[str, object] | None = None,
    count: Sequence[str] | None = None, carry: Mapping[str, float] | None = None,
    from_hour: float = 0.0, until: float | None = None, events: Events | None = None, workers: int | None = None, shared: Shared | None = None,
) -> Grades:
    """The grade, score or value of each patient at every moment, as a range with reasons.

    ``scale``: an id such as "astct-crs-2019" or "hscore", or a Scale of any of the four kinds.  ``settings``: named choices of the scale to change.
    ``count``: the attributions whose findings count (default: the scale's, for CRS "crs" and "unknown").
    ``carry``: hours that a concept stays valid, where they differ from the vocabulary's.
    ``from_hour``: grading starts here (default 0, the infusion).  ``until``: nothing after this hour is looked at.
    ``events``: the timeline already encoded, to grade several scales without encoding it again (``grade_many`` does).
    ``workers``: how many threads; all cores when None.  ``shared``: what was prepared for
    several scales together.
    Raises UnknownIdError or SettingError for an unknown scale, setting, attribution or concept.
    """
    chosen = find_scale(scale, **(settings or {})) if isinstance(scale, str) else scale
    if settings and not isinstance(scale, str):
        raise SettingError("settings are given with the id of a scale; a Scale object already has its own")
    counts = tuple(count) if count is not None else chosen.counts
    if chosen.kind is Kind.DAYS:
        return grade_days(timeline, chosen, counts, until, events)
    program = program_of(chosen)
    coded = events if events is not None else encode(timeline)
    thin = shared.thin if shared is not None else None
    if changes_of(program):
        timeline, coded = shared.changed if shared is not None and shared.changed is not None else with_changes_of([program], timeline, coded)
    if changes_of(program) or any(is_baseline(f.name) for f in program.facts):
        thin = None
    stated = tuple(a for a in counts if a != "unknown")
    swept = run(program, timeline, coded if thin is None else thin.events, counts, carry=carry, from_hour=from_hour,
                until=np.inf if until is None else until, death_counts=stated, workers=workers)
    evidence = swept.evidence_row
    if thin is not None:
        evidence = thin.rows[evidence]
        now = np.flatnonzero(~swept.evidence_past)
        evidence[now] = thin.latest(evidence[now], np.repeat(swept.start, np.diff(swept.evidence_ptr))[now], coded)
    at_least, at_most = _range(chosen, swept, timeline)
    end = np.full(len(swept.start), np.nan)
    if len(end) > 1:
        same = swept.patient[1:] == swept.patient[:-1]
        end[:-1] = np.where(same, swept.start[1:], np.nan)
    return Grades(
        scale=chosen, timeline=timeline, assumptions=assumptions(timeline, chosen, counts, carry or {}, from_hour, program),
        patient_index=swept.patient, start=swept.start, end=end, at_least=at_least, at_most=at_most,
        true_bits=swept.true, asked_bits=swept.asked, evidence_offsets=swept.evidence_ptr, evidence_rows=evidence,
        patients=coded.patients, asked_names=program.ask_names,
    )


def changes_of(program: Program) -> list[str]:
    """The changes over time that a program reads."""
    return [name for c in program.slot_concept if (name := CONCEPT_NAMES[c]) in CHANGES]


def with_changes_of(programs: Sequence[Program], timeline: Timeline, coded: Events) -> tuple[Timeline, Events]:
    """The record with the changes that programs read, and with no more events than they, their baselines and the changes rest on."""
    wanted = [name for p in programs for name in changes_of(p)]
    names = {CHANGES[name].of for name in wanted} | set(LYMPHODEPLETION)
    used = np.zeros(len(CONCEPT_CODE), np.bool_)
    for program in programs:
        used |= program.reads
        names |= {x.name.partition("_")[2] for x in program.limits if isinstance(x, PatientLimit)} & CONCEPT_CODE.keys()
        names |= {f.name.partition("_")[2] for f in program.facts} & CONCEPT_CODE.keys()
    used[[CONCEPT_CODE[name] for name in names]] = True
    changed = with_changes(replace(timeline, events=timeline.events[coded.rows_of(used)]), wanted)
    return changed, encode(changed)


def _range(scale: Scale, swept: Swept, timeline: Timeline) -> tuple[Numbers, Numbers]:
    """The lowest and the highest value of each step."""
    if scale.formula is not None:
        weight = timeline.patients["weight_kg"].fill_null(np.nan).to_numpy()[swept.patient]
        return formula_range(scale.formula, swept.value, weight)
    at_least = np.zeros(len(swept.start), np.int64)
    at_most = np.zeros(len(swept.start), np.int64)
    for item in scale.items or ("",):
        low, high = np.zeros_like(at_least), np.zeros_like(at_least)
        for i, c in sorted(enumerate(scale.criteria), key=lambda pair: abs(pair[1].grade)):
            if c.item == item and c.grade != 0:
                bit = np.uint64(1) << np.uint64(i)
                low[(swept.true & bit) != 0] = c.grade
                high[((swept.true | swept.open) & bit) != 0] = c.grade
        # an item that takes points away is at its lowest where most of it may hold
        at_least += np.minimum(low, high)
        at_most += np.maximum(low, high)
    return at_least, at_most


def assumptions(
    timeline: Timeline, scale: Scale, counts: Sequence[str], carry: Mapping[str, float], from_hour: float, program: Program
) -> tuple[str, ...]:
    """What the grades rest on, in words: open and closed domains, attribution, carry-forward, settings that were changed."""
    out = list(timeline.complete.sentences())
    left = [a for a in ATTRIBUTIONS if a not in counts]
    out.append(f"attribution: findings put down to {' or '.join(counts)} count; {', '.join(left)} do not" if left
               else "attribution: findings count whatever they are put down to")
    used = [c for c in CONCEPTS if program.slot_of_concept[CONCEPT_CODE[c]] >= 0]
    kept: dict[float, list[str]] = {}
    for name in used:
        hours = carry.get(name, CONCEPTS[name].carry_forward_hours or 0.0)
        kept.setdefault(hours, []).append(name)
    out += [f"carry-forward: {h:g} h for {', '.join(names)}" for h, names in sorted(kept.items()) if h]
    out.append(f"grading starts at hour {from_hour:g} after the infusion")
    changed = {s.name: scale.settings[s.name] for s in scale.setting_docs if scale.settings[s.name] != s.default}
    out += [f"setting {name} = {value}" for name, value in changed.items()]
    return tuple(out)

