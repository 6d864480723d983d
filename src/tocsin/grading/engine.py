"""Runs a program over a timeline with the compiled sweep, in parallel over blocks of patients."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.grading.encode import CONCEPT_KIND, Events, carry_forward, closed_of, counted_attributions, facts_of, limits_of
from tocsin.grading.program import CONCEPT_CODE, Program
from tocsin.timeline import Timeline

BLOCK = 64
"""Patients a task; small enough to keep all cores busy to the end, large enough to cost nothing."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: one entry a step; ``true`` and ``open`` are bits over the program's roots, ``asked`` over its inputs."""

    patient: npt.NDArray[np.int64]
    start: npt.NDArray[np.float64]
    true: npt.NDArray[np.uint64]
    open: npt.NDArray[np.uint64]
    asked: npt.NDArray[np.uint64]
    evidence_ptr: npt.NDArray[np.int64]
    evidence_row: npt.NDArray[np.int64]
    evidence_root: npt.NDArray[np.int64]
    state: npt.NDArray[np.int8]


def run(
    program: Program, timeline: Timeline, events: Events, counts: Sequence[str], *, carry: Mapping[str, float] | None = None,
    from_hour: float = 0.0, until: float = np.inf, keep_state: bool = False, death_counts: Sequence[str] = (),
) -> Swept:
    """Sweep every patient.

    ``counts``: the attributions the program counts; ``death_counts``: those of a death that is a grade (never "unknown").
    ``until``: nothing later is looked at.  ``keep_state``: also return the last state of each node.
    """
    from tocsin.grading.kernel import sweep  # compiled code is loaded when it is first needed

    counted = counted_attributions(counts)[events.attribution]
    deaths = np.flatnonzero(events.concept == CONCEPT_CODE["death"])
    if len(deaths):
        counted[deaths] = counted_attributions(death_counts)[events.attribution[deaths]]
    low, high = limits_of(program, timeline)
    facts = facts_of(program, timeline)
    closed_slot, closed_dose = closed_of(program, timeline)
    concept_carry = carry_forward(carry or {})
    n = len(events.patients)

    def block(first: int) -> tuple[Any, ...]:
        out: tuple[Any, ...] = sweep(
            first, min(first + BLOCK, n), from_hour, until,
            events.ptr, events.hour, events.end, events.latest, events.concept, events.value, events.censored, events.bits,
            counted, CONCEPT_KIND, concept_carry,
            program.node, program.number, program.child, program.group_ptr, program.group_slot, program.group_coef,
            program.slot_of_concept, len(program.slot_concept), program.slot_atoms_ptr, program.slot_atoms, program.resets,
            program.dose_ptr, program.dose_group, program.teller, program.n_dose_groups, program.roots, program.grade, program.ask_bit,
            program.onset, program.active, program.suppressing, program.episode_hours,
            low, high, facts, closed_slot, closed_dose, keep_state,
        )
        return out

    starts = range(0, n, BLOCK)
    if len(starts) <= 1:
        parts = [block(s) for s in starts]
    else:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            parts = list(pool.map(block, starts))
    if not parts:
        parts = [block(0)]
    if len(parts) == 1:
        return Swept(*parts[0])
    pointers, offset = [np.zeros(1, np.int64)], 0
    for part in parts:
        pointers.append(part[5][1:] + offset)
        offset += int(part[5][-1])
    joined: list[Any] = [np.concatenate(pointers) if i == 5 else np.concatenate([p[i] for p in parts]) for i in range(len(parts[0]))]
    return Swept(*joined)
