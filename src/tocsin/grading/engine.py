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
from tocsin.grading.program import CONCEPT_CODE, PAST, Program
from tocsin.timeline import Timeline

FEW = 0.3
"""A program that reads fewer of the events than this is given those alone."""

BLOCK, BLOCK_EVENTS = 64, 50_000
"""Patients a task, or as many as have so many events; small enough to keep all cores busy to the end, large enough to cost nothing."""


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
    value: npt.NDArray[np.float64]  # (steps, 2 x values): low and high of each value of a formula
    evidence_past: npt.NDArray[np.bool_]  # whether an observation stands for a moment of the past


def run(
    program: Program, timeline: Timeline, events: Events, counts: Sequence[str], *, carry: Mapping[str, float] | None = None,
    from_hour: float = 0.0, until: float | npt.NDArray[np.float64] = np.inf, keep_state: bool = False, last_only: bool = False,
    death_counts: Sequence[str] = (), workers: int | None = None,
) -> Swept:
    """Sweep every patient.

    ``counts``: the attributions the program counts; ``death_counts``: those of a death that is a grade (never "unknown").
    ``until``: nothing later is looked at; one hour, or one for each patient.  ``keep_state``: also return the last state of each node.
    ``last_only``: one step for each patient, the state at ``until``, which must be given; much faster than all of them.
    ``workers``: how many threads; all cores when None.
    """
    from tocsin.grading.kernel import sweep  # compiled code is loaded when it is first needed

    stops = np.atleast_1d(np.asarray(until, np.float64))
    if last_only and not np.isfinite(stops).all():
        raise ValueError("the last state needs the hour at which it is asked for")
    facts, fact_rows = facts_of(program, timeline)
    events, rows = _needed(program, events, fact_rows)
    if rows is not None:
        fact_rows = np.where(fact_rows < 0, fact_rows, np.searchsorted(rows, fact_rows))
    counts_here = counted_attributions(counts)
    # 2 where the record puts it down to the syndrome itself
    counted = (counts_here.astype(np.int8) + (counts_here & counted_attributions(program.put_down_to)))[events.attribution]
    deaths = np.flatnonzero(events.concept == CONCEPT_CODE["death"])
    if len(deaths):
        counted[deaths] = counted_attributions(death_counts)[events.attribution[deaths]]
    low, high = limits_of(program, timeline)
    closed_slot, closed_dose = closed_of(program, timeline)
    concept_carry = carry_forward(carry or {})
    n = len(events.patients)
    threads = workers or os.cpu_count() or 1
    size = max(BLOCK, min(n * BLOCK_EVENTS // max(1, len(events.hour)), -(-n // (2 * threads))))

    def block(first: int) -> tuple[Any, ...]:
        out: tuple[Any, ...] = sweep(
            first, min(first + size, n), from_hour, stops,
            events.ptr, events.hour, events.end, events.latest, events.concept, events.value, events.censored, events.bits,
            counted, events.last, CONCEPT_KIND, concept_carry,
            program.node, program.number, program.child, program.parent_ptr, program.parent, program.group_ptr, program.group_slot, program.group_coef,
            program.slot_of_concept, len(program.slot_concept), program.slot_atoms_ptr, program.slot_atoms, program.resets,
            program.dose_ptr, program.dose_group, program.teller, program.n_dose_groups, program.roots, program.grade, program.item,
            program.ask_bit, program.need_bit, program.value_slot, program.value_runs,
            program.onset, program.active, program.suppressing, program.episode_hours, program.shown_slot,
            low, high, facts, fact_rows, closed_slot, closed_dose, keep_state, last_only, program.eager,
        )
        return out

    starts = range(0, n, size)
    if len(starts) <= 1 or threads == 1:
        parts = [block(s) for s in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(block, starts))
    if not parts:
        parts = [block(0)]
    return _joined(parts, rows)


def _needed(program: Program, events: Events, fact_rows: npt.NDArray[np.int64]) -> tuple[Events, npt.NDArray[np.int64] | None]:
    """The events that a program reads and the rows they were, or all of them (None) where it reads most.

    The first event of each patient stays, because grading begins with it.
    """
    used = program.reads
    number = events.number_of()
    if number[used].sum() > FEW * number.sum():
        return events, None
    rows = events.rows_of(used)
    if np.any(fact_rows >= 0):
        rows = np.union1d(rows, fact_rows[fact_rows >= 0])
    return events.only(rows), rows


def _joined(parts: Sequence[tuple[Any, ...]], rows: npt.NDArray[np.int64] | None) -> Swept:
    """The steps of all blocks as one; ``rows``: what the events were before some were left out."""
    pointers, offset = [np.zeros(1, np.int64)], 0
    for part in parts:
        pointers.append(part[5][1:] + offset)
        offset += int(part[5][-1])
    joined: list[Any] = [np.concatenate(pointers) if i == 5 else np.concatenate([p[i] for p in parts]) for i in range(10)]
    past = joined[6] >= PAST
    joined[6] &= PAST - 1
    if rows is not None:
        joined[6] = rows[joined[6]]
    return Swept(*[*joined, past])
