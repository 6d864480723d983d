"""The compiled sweep: one pass over each patient's events, in time, keeping what is known and when it expires.

Every scale and protocol is a table to it (``program.py``).  For each patient the current value of each input ("slot") comes
from four layers:

* point: the latest exact value, until it expires; values at the same moment are kept together;
* span: intervals, and values known only by a window of at most a day, which hold for the whole window;
* possible: what lies somewhere in a longer window: it can make a claim unknown, never true;
* apart: observations put down to a cause that the scale does not count: claims about them are false, and say why.

Where several values hold at once (a window, or the same moment) a claim is true when any of them makes it true.
An episode resolves at the start of a quiet time, which is known only when the quiet has lasted.  So the state is kept when a
quiet time begins (``ck_*``); when the episode proves to have resolved, the sweep goes back to it and on from there.
Where no sign is seen for so long that it may have resolved unseen (``doubt``), only a later onset surely opens an episode again.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tocsin.grading.kernel_patient import patient
from tocsin.grading.kernel_state import grow, grow_rows, masks
from tocsin.grading.program import DOSES, EPISODE, LASTING, MASKED, UNLESS, WITHIN

STAMP = "77e7abe9e84456fe"
"""SHA-256 of the files this one compiles with, so that a change there makes the compiled code of this file stale (see the tests).

Only ``sweep`` is cached: what it calls is compiled with it, and a cache of its own would not see a change in another file."""


TIMELY = np.zeros(EPISODE + 1, np.bool_)
"""The kinds of node that may change, or ask for something else, when nothing below them does; all but Unless only when time or a dose has come."""
TIMELY[np.array([DOSES, UNLESS, LASTING, WITHIN, MASKED, EPISODE])] = True


@njit(cache=True, nogil=True)
def sweep(
    first, last, from_hour, stop_hour,
    # events, sorted by patient and hour
    ptr, ev_hour, ev_end, ev_latest, ev_concept, ev_value, ev_censored, ev_bits, ev_counted, ev_last,
    concept_kind, concept_carry,
    # the program
    node, number, child, parent_ptr, parent, group_ptr, group_slot, group_coef, slot_of_concept, n_slots, slot_atoms_ptr, slot_atoms, resets,
    dose_ptr, dose_group, teller, n_dose_groups, roots, grade, item, ask_bit, need_bit, value_slot, value_runs, onset_node, active_node,
    suppressing, episode_hours, shown_slot,
    # per patient; arrays of one row serve all
    limit_lo, limit_hi, fact_status, fact_event, closed_slot, closed_dose, keep_state, lazy, eager,
):
    """Sweep patients ``first`` to ``last``; returns the steps, their reasons and, when asked, the last state of each node.

    ``stop_hour``: one for each patient, or one for all.  ``lazy``: the steps are one for each patient, at that hour.
    ``eager``: the nodes that must be followed all the same.
    """
    n_nodes = len(node)
    capacity = max(64, 32 * (last - first))
    o_patient, o_start = np.empty(capacity, np.int64), np.empty(capacity)
    o_true, o_open, o_ask = np.empty(capacity, np.uint64), np.empty(capacity, np.uint64), np.empty(capacity, np.uint64)
    o_value, current = np.empty((capacity, 2 * len(value_slot))), np.empty(2 * len(value_slot))
    best, open_asks = np.zeros(np.max(item) + 1 if len(item) else 1, np.int64), np.zeros(len(node), np.uint64)
    ask_mask, need_mask = masks(ask_bit), masks(need_bit)
    kind = node[:, 0].astype(np.int8)  # small enough to stay at hand
    o_ptr = np.zeros(capacity + 1, np.int64)
    e_row, e_root = np.empty(4 * capacity, np.int64), np.empty(4 * capacity, np.int64)
    n_out, n_ev = np.int64(0), np.int64(0)
    final = np.zeros((max(1, last - first) if keep_state else 1, n_nodes), np.int8)

    pf, pi = np.empty((n_slots, 6)), np.empty((n_slots, 7), np.int64)
    vf, vi = np.empty((n_slots, 8)), np.empty((n_slots, 6), np.int64)
    x_exp, x_ev, exact_at = np.empty(n_slots), np.empty(n_slots, np.int64), np.empty(n_slots)
    act_of = np.empty(n_slots, np.int64)
    dirty, dirty_list = np.zeros(n_slots, np.bool_), np.empty(n_slots, np.int64)
    status, since = np.empty(n_nodes, np.int8), np.empty((n_nodes, 3))
    absent_until = np.empty(max(n_dose_groups, 1))
    wait = np.empty(256)
    ck_pf, ck_pi, ck_vf, ck_vi = np.empty_like(pf), np.empty_like(pi), np.empty_like(vf), np.empty_like(vi)
    ck_x_exp, ck_x_ev, ck_exact_at, ck_act_of = np.empty_like(x_exp), np.empty_like(x_ev), np.empty_like(exact_at), np.empty_like(act_of)
    ck_status, ck_since, ck_absent, ck_wait = np.empty_like(status), np.empty_like(since), np.empty_like(absent_until), np.empty(256)
    stack, stack_want, dose_nodes = np.empty(8 * n_nodes + 16, np.int64), np.empty(8 * n_nodes + 16, np.int8), np.empty(n_nodes, np.int64)
    n_dose_nodes = np.int64(0)
    has_reset = np.zeros(n_slots, np.bool_)
    every, always, timely, followed, touched, woken = np.zeros((6, (n_nodes + 63) // 64), np.uint64)
    for n in range(n_nodes):
        bit = np.uint64(1) << np.uint64(n & 63)
        every[n >> 6] |= bit
        timely[n >> 6] |= bit if TIMELY[node[n, 0]] else np.uint64(0)
        always[n >> 6] |= bit if node[n, 0] == UNLESS else np.uint64(0)
        followed[n >> 6] |= bit if eager[n] else np.uint64(0)
        if node[n, 0] == DOSES and (eager[n] or not lazy):
            dose_nodes[n_dose_nodes] = n
            n_dose_nodes += 1
    for j in range(len(resets)):
        has_reset[resets[j, 0]] = True
    # where nothing is asked for, a patient of whom nothing is told goes first, and shows what all begin with
    nothing_told, no_events = np.full(n_nodes, 2, np.int8), np.zeros(last + 1, np.int64)
    for turn in range(first if len(roots) else first - 1, last):
        p, untold = max(turn, first), turn < first
        until = from_hour if untold else stop_hour[min(p, len(stop_hour) - 1)]
        mine_ptr = no_events if untold else ptr
        mine = final[p - first if keep_state else 0]
        while True:
            found = patient(
                p, from_hour, until, mine_ptr, ev_hour, ev_end, ev_latest, ev_concept, ev_value, ev_censored, ev_bits, ev_counted, ev_last,
                concept_kind, concept_carry, node, number, child, parent_ptr, parent, group_ptr, group_slot, group_coef, slot_of_concept, slot_atoms_ptr,
                slot_atoms, resets, dose_ptr, dose_group, teller, roots, grade, item, ask_mask, need_mask, value_slot, value_runs,
                onset_node, active_node, suppressing, episode_hours, shown_slot, limit_lo, limit_hi, fact_status, fact_event, closed_slot, closed_dose,
                keep_state, mine, lazy, nothing_told, every, always, timely, followed, woken,
                pf, pi, vf, vi, x_exp, x_ev, exact_at, act_of, dirty, dirty_list, status, since, absent_until, wait, ck_pf, ck_pi, ck_vf,
                ck_vi, ck_x_exp, ck_x_ev, ck_exact_at, ck_act_of, ck_status, ck_since, ck_absent, ck_wait, stack, stack_want, dose_nodes,
                n_dose_nodes, has_reset, best, current, open_asks, touched, kind, o_patient, o_start, o_true, o_open, o_ask, o_value, o_ptr, e_row, e_root,
                n_out, n_ev,
            )
            if found[0] >= 0:
                n_out, n_ev = found
                break
            o_patient, o_start, o_true = grow(o_patient), grow(o_start), grow(o_true)
            o_open, o_ask, o_ptr, o_value = grow(o_open), grow(o_ask), grow(o_ptr), grow_rows(o_value)
            e_row, e_root, wait, ck_wait = grow(e_row), grow(e_root), grow(wait), grow(ck_wait)
        if untold:
            nothing_told[:] = status
            n_out = n_ev = np.int64(0)
    return (o_patient[:n_out], o_start[:n_out], o_true[:n_out], o_open[:n_out], o_ask[:n_out], o_ptr[: n_out + 1],
            e_row[:n_ev], e_root[:n_ev], final, o_value[:n_out])
