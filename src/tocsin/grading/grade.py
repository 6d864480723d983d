"""Grading: a scale applied to a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tocsin.errors import SettingError
from tocsin.grading.encode import Events, encode
from tocsin.grading.engine import run
from tocsin.grading.program import CONCEPT_CODE, Program, compile_program
from tocsin.grading.result import Grades
from tocsin.scales import Scale
from tocsin.scales import scale as find_scale
from tocsin.timeline import ATTRIBUTIONS, Timeline
from tocsin.vocabulary import CONCEPTS

_PROGRAMS: dict[int, tuple[Scale, Program]] = {}


def program_of(scale: Scale) -> Program:
    """The compiled table of a scale; compiled once for each scale object."""
    kept = _PROGRAMS.get(id(scale))
    if kept is None:
        roots = [c.predicate for c in scale.criteria] + [f.predicate for f in scale.flags]
        grades = [c.grade for c in scale.criteria] + [-1] * len(scale.flags)
        kept = _PROGRAMS[id(scale)] = (scale, compile_program(roots, grades, scale.episode))
        while len(_PROGRAMS) > 64:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
    return kept[1]


def grade(
    timeline: Timeline, scale: str | Scale, *, settings: Mapping[str, object] | None = None,
    count: Sequence[str] | None = None, carry: Mapping[str, float] | None = None,
    from_hour: float = 0.0, until: float | None = None, events: Events | None = None,
) -> Grades:
    """The grade of each patient at every moment, as a range with reasons.

    ``scale``: an id such as "astct-crs-2019", or a Scale.  ``settings``: named choices of the scale to change.
    ``count``: the attributions whose findings count (default: the scale's, for CRS "crs" and "unknown").
    ``carry``: hours that a concept stays valid, where they differ from the vocabulary's.
    ``from_hour``: grading starts here (default 0, the infusion).  ``until``: nothing after this hour is looked at.
    ``events``: the timeline already encoded, to grade several scales without encoding it again.
    Raises UnknownIdError or SettingError for an unknown scale, setting, attribution or concept.
    """
    chosen = find_scale(scale, **(settings or {})) if isinstance(scale, str) else scale
    if settings and not isinstance(scale, str):
        raise SettingError("settings are given with the id of a scale; a Scale object already has its own")
    counts = tuple(count) if count is not None else chosen.counts
    program = program_of(chosen)
    coded = events if events is not None else encode(timeline)
    stated = tuple(a for a in counts if a != "unknown")
    swept = run(program, timeline, coded, counts, carry=carry, from_hour=from_hour, until=np.inf if until is None else until,
                death_counts=stated)
    grades = np.array([c.grade for c in chosen.criteria], np.int64)
    at_least = np.zeros(len(swept.start), np.int64)
    at_most = np.zeros(len(swept.start), np.int64)
    for i in np.argsort(grades, kind="stable"):
        if grades[i] > 0:
            bit = np.uint64(1) << np.uint64(i)
            at_least[(swept.true & bit) != 0] = grades[i]
            at_most[((swept.true | swept.open) & bit) != 0] = grades[i]
    end = np.full(len(swept.start), np.nan)
    if len(end) > 1:
        same = swept.patient[1:] == swept.patient[:-1]
        end[:-1] = np.where(same, swept.start[1:], np.nan)
    return Grades(
        scale=chosen, timeline=timeline, assumptions=assumptions(timeline, chosen, counts, carry or {}, from_hour, program),
        patient_index=swept.patient, start=swept.start, end=end, at_least=at_least, at_most=at_most,
        true_bits=swept.true, asked_bits=swept.asked, evidence_offsets=swept.evidence_ptr, evidence_rows=swept.evidence_row,
        patients=coded.patients, asked_names=program.ask_names,
    )


def assumptions(
    timeline: Timeline, scale: Scale, counts: Sequence[str], carry: Mapping[str, float], from_hour: float, program: Program
) -> tuple[str, ...]:
    """What the grades rest on, in words: open and closed domains, attribution, carry-forward, settings that were changed."""
    out = list(timeline.complete.sentences())
    left = [a for a in ATTRIBUTIONS if a not in counts]
    out.append(f"attribution: findings put down to {' or '.join(counts)} count; {', '.join(left)} do not")
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

