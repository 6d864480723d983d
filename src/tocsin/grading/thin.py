"""Fewer events that say the same: hourly values that stay on one side of every limit are one event with a longer validity.

What a program makes of a number depends only on which of its limits the number reaches.  So of a run of values that reach the
same limits, each while the one before is still valid, the first stands for all, until the last of them expires.  Grades are the
same; the observation that a step names is put back to the latest one (``latest``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tocsin.grading.encode import CONCEPT_KIND, Events, carry_forward, limits_of
from tocsin.grading.program import CONCEPT_CODE, ELSE, GE, LT, RESETS, Program
from tocsin.timeline import Timeline

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MEASUREMENT = 0
FEWEST = 50_000
"""Below so many events there is nothing to win."""


@dataclass(frozen=True, slots=True)
class Thin:
    """The thinned events, the row that each was, and for each thinned concept its rows in order, to find the latest of a run."""

    events: Events
    rows: I64
    members: Mapping[int, I64]
    run_end: Mapping[int, I64]  # concept -> for each member the place of the last one of its run
    stands: npt.NDArray[np.bool_]  # whether a row of the whole stands for others after it

    def latest(self, row: I64, start: F64, whole: Events) -> I64:
        """The rows that steps beginning at ``start`` should name, for rows of ``whole`` that stand first in their run."""
        out = row.copy()
        standing = np.flatnonzero(self.stands[row])
        concepts = whole.concept[row[standing]]
        for concept, members in self.members.items():
            mine = standing[concepts == concept]
            if not len(mine):
                continue
            place = np.searchsorted(members, row[mine])
            # the rows of one patient stand together and in time, so the latest by then is found among all rows
            patient = np.searchsorted(whole.ptr, row[mine], "right")
            by_then = _search(whole.hour, members, whole.ptr[patient], place, start[mine])
            out[mine] = members[np.minimum(by_then, self.run_end[concept][place])]
        return out


def _search(hour: F64, members: I64, patient_end: I64, place: I64, start: F64) -> I64:
    """For each, the last place from ``place`` on whose hour is at most ``start`` within the same patient."""
    low, high = place.copy(), np.searchsorted(members, patient_end) - 1
    while np.any(low < high):
        middle = (low + high + 1) // 2
        fits = hour[members[middle]] <= start
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return low


def thinned(timeline: Timeline, events: Events, programs: Sequence[Program], carry: Mapping[str, float]) -> Thin | None:
    """The events thinned for these programs; None where nothing is won.

    Left as they are: concepts that a program reads otherwise than against limits, and patients with a value of the concept that
    is not exact, not told, beyond a number, or one of several at the same hour.
    """
    if len(events.hour) < FEWEST:
        return None
    keep = np.ones(len(events.hour), np.bool_)
    last = events.hour.copy()
    stands = np.zeros(len(events.hour), np.bool_)
    members: dict[int, I64] = {}
    run_end: dict[int, I64] = {}
    hours = carry_forward(carry)
    limits = [limits_of(p, timeline) for p in programs]

    def thin(concept: int) -> None:
        """Each concept writes to its own rows."""
        rows = events.rows_of_one(concept)
        if len(rows) < 2:
            return
        patient = np.searchsorted(events.ptr, rows, "right") - 1
        hour, value = events.hour[rows], events.value[rows]
        same_patient = patient[1:] == patient[:-1]
        plain = np.isnan(events.end[rows]) & ~(events.latest[rows] > hour) & (events.censored[rows] == 0) & ~np.isnan(value)
        plain[1:] &= ~(same_patient & (hour[1:] == hour[:-1]))
        sound = np.ones(len(events.patients), np.bool_)
        sound[patient[~plain]] = False
        joined = same_patient & sound[patient[1:]] & (hour[1:] <= hour[:-1] + hours[concept])
        joined &= events.attribution[rows[1:]] == events.attribution[rows[:-1]]
        for limit in _limits(concept, programs, limits):
            reached = value >= (limit[patient] if len(limit) > 1 else limit[0])
            joined &= reached[1:] == reached[:-1]
        begins = np.concatenate([[True], ~joined])
        ends = np.concatenate([np.flatnonzero(begins)[1:], [len(rows)]]) - 1
        run = np.cumsum(begins) - 1
        keep[rows[~begins]] = False
        last[rows[begins]] = hour[ends]
        stands[rows[begins]] = ends > np.flatnonzero(begins)
        members[concept], run_end[concept] = rows, ends[run]

    concepts = _by_limits_alone(programs)
    events.rows_of_one(0)  # sorted once, before the threads share it
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(thin, concepts))
    kept = np.flatnonzero(keep)
    return Thin(replace(events.only(kept), last=last[kept]), kept, members, run_end, stands) if len(kept) < len(keep) else None


def _by_limits_alone(programs: Sequence[Program]) -> list[int]:
    """The measurements that every program which reads them only compares with limits (or asks to what they are put down)."""
    fixed = {CONCEPT_CODE[name] for a, bs in RESETS.items() for name in (a, *bs)}
    read: set[int] = set()
    otherwise: set[int] = set(fixed)
    for p in programs:
        for slot, concept in enumerate(p.slot_concept):
            atoms = p.slot_atoms[p.slot_atoms_ptr[slot]:p.slot_atoms_ptr[slot + 1]]
            by_limits = all(k in (GE, LT, ELSE) for k in p.node[atoms, 0]) and slot not in p.value_slot
            (read if by_limits else otherwise).add(int(concept))
        otherwise |= {int(c) for c in np.flatnonzero(np.diff(p.dose_ptr) > 0)}
    return sorted(c for c in read - otherwise if CONCEPT_KIND[c] == MEASUREMENT)


def _limits(concept: int, programs: Sequence[Program], limits: Sequence[tuple[F64, F64]]) -> list[F64]:
    """Every limit with which a program compares the concept, each as one number or one for each patient."""
    out: dict[bytes, F64] = {}
    for p, (low, high) in zip(programs, limits, strict=True):
        slot = p.slot_of_concept[concept]
        if slot < 0:
            continue
        atoms = p.slot_atoms[p.slot_atoms_ptr[slot]:p.slot_atoms_ptr[slot + 1]]
        for n in atoms[p.node[atoms, 0] != ELSE]:
            for side in (low, high):
                one = np.ascontiguousarray(side[:, p.node[n, 2]])
                one = one[:1] if (one == one[0]).all() else one
                out[one.tobytes()] = one
    return list(out.values())

