"""One patient's pass over the events: what is known, what expires, what each claim is, and where a step begins.

See ``kernel.py`` for what the layers mean.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tocsin.grading.kernel_state import (
    BITS,
    CARRIED,
    EV_G,
    EV_L,
    EVER,
    EXP,
    HAZY,
    HOLDS,
    INF,
    KNOWN,
    LAPSED_END,
    LIVE,
    NAMED,
    OTHERS,
    POSSIBLE,
    TIME,
    V_APART,
    V_BITS,
    V_HAZY,
    V_STATE,
    WAITS,
    bit_of,
    compare,
    copy_state,
    doses,
    hiding,
    high_end,
    leaf,
    look,
    low_end,
    lowest,
    named,
    opening,
    put,
    shown,
    values,
    witness,
)
from tocsin.grading.kernel_steps import DOSE, earliest, expire, kept, outdate, reasons, resolution, seen, since_onset, soonest, wait_for
from tocsin.grading.program import (
    ABSENT_BIT,
    AND,
    ATLEAST,
    DOSES,
    EITHER,
    ELSE,
    EPISODE,
    GE,
    IN,
    KEPT,
    LASTING,
    LT,
    MASKED,
    NOT,
    OBSERVED,
    OR,
    RATE,
    UNKNOWN_BIT,
    UNLESS,
    WITHIN,
)

DAY = 24.0
NEVER_ASKED = np.uint64(0xFFFFFFFFFFFFFFFF)
"""What a node asks before it has been evaluated, so that its first evaluation counts as a change."""


@njit(nogil=True)
def patient(
    p, from_hour, stop_hour,
    # events, sorted by patient and hour
    ptr, ev_hour, ev_end, ev_latest, ev_concept, ev_value, ev_censored, ev_bits, ev_counted, ev_last,
    concept_kind, concept_carry,
    # the program
    node, number, child, parent_ptr, parent, group_ptr, group_slot, group_coef, slot_of_concept, slot_atoms_ptr, slot_atoms, resets,
    dose_ptr, dose_group, teller, roots, grade, item, ask_mask, need_mask, value_slot, value_runs, onset_node,
    active_node, suppressing, episode_hours, shown_slot,
    # per patient; arrays of one row serve all
    limit_lo, limit_hi, fact_status, fact_event, closed_slot, closed_dose,
    keep_state, final, lazy, nothing_told, every, always, timely, eager, woken,
    # what is kept, and its copy at the start of a quiet time; made once, used for every patient
    pf, pi, vf, vi, x_exp, x_ev, exact_at, act_of, dirty, dirty_list, status, since, absent_until, wait,
    ck_pf, ck_pi, ck_vf, ck_vi, ck_x_exp, ck_x_ev, ck_exact_at, ck_act_of, ck_status, ck_since, ck_absent, ck_wait,
    stack, stack_want, dose_nodes, n_dose_nodes, has_reset,
    # the steps found so far, and how many
    best, current, open_asks, touched, kind, o_patient, o_start, o_true, o_open, o_ask, o_value, o_ptr, e_row, e_root, first_out, first_ev,
):
    """Sweep one patient; returns the number of steps and of reasons so far, or -1 when there is no room for them.

    ``lazy``: only the state at ``stop_hour`` is wanted.  Nodes that remember (``eager``) are followed as ever, all others read once, at the end.
    Nodes to look at are bits, 64 a word: ``touched`` where something below changed, ``timely`` those that a moment waited for or a dose
    may change, ``woken`` these and each Observed that was true, ``always`` those looked at with every change; ``every`` is all.
    ``nothing_told``: what each node is before the first event of anybody; where nothing is asked for, only what differs is worked out.
    No array is assigned anew in the loop: that would cost more than the loop itself.
    """
    n_nodes, n_roots = len(node), len(roots)
    lo_ev, hi_ev = ptr[p], ptr[p + 1]
    lim_lo, lim_hi = limit_lo[min(p, len(limit_lo) - 1)], limit_hi[min(p, len(limit_hi) - 1)]
    facts = fact_status[min(p, len(fact_status) - 1)]
    fact_ev = fact_event[min(p, len(fact_event) - 1)]
    closed_s = closed_slot[min(p, len(closed_slot) - 1)]
    closed_d = closed_dose[min(p, len(closed_dose) - 1)]
    # How many events become doses or spans bounds the working lists.
    room = 8
    told = closed_d[suppressing] != 0
    names = False
    for i in range(lo_ev, hi_ev):
        c = ev_concept[i]
        for j in range(dose_ptr[c], dose_ptr[c + 1]):
            room += 1
            if dose_group[j] == suppressing and ev_bits[i] != ABSENT_BIT and ev_hour[i] <= stop_hour:
                told = True
        if ev_end[i] == ev_end[i] or ev_latest[i] > ev_hour[i]:
            room += 1
        names = names or ev_counted[i] == 2
    act_end, act = np.empty(room), np.empty((room, 3), np.int64)
    ck_act_end, ck_act = np.empty(room), np.empty((room, 3), np.int64)
    df, di = np.empty((room, 3)), np.empty((room, 3), np.int64)  # low, high, end; group, event, whether surely given
    row_base = n_out = first_out
    n_ev = first_ev
    n_act = d_n = n_dirty = 0
    ck_n_act = ck_d_n = ck_n_wait = ck_i = ck_rows = ck_evs = 0
    pf[:, :] = -INF
    pi[:, :] = 0
    x_exp[:] = -INF
    exact_at[:] = -INF
    act_of[:] = 0
    absent_until[:] = -INF
    since[:, :] = np.nan
    woken[:] = timely
    touched[:] = open_asks[:] = np.uint64(0)
    if n_roots > 0:
        touched[:], open_asks[:] = every, NEVER_ASKED
    opening(slot_atoms_ptr, slot_atoms, kind, node, group_ptr, group_slot, group_coef, lim_lo, lim_hi, closed_s, facts, nothing_told, vf, vi, status, touched)
    current[:] = np.nan
    begin = ev_hour[lo_ev] if lo_ev < hi_ev and ev_hour[lo_ev] > from_hour else from_hour
    wait[0] = begin
    n_wait = 1
    follows = False
    for n in range(n_nodes):
        follows = follows or kind[n] == MASKED or kind[n] == EPISODE
        names = names and len(shown_slot) > 0
        if kind[n] == WITHIN:
            n_wait = wait_for(wait, wait_for(wait, n_wait, lim_lo[node[n, 1]]), number[n])
    next_exp = INF
    next_wait = begin
    onset = onset_maybe = quiet_from = lapse_from = resolved = resolving = np.nan
    ck_onset = ck_onset_maybe = ck_time = np.nan
    onset_ev = mask_ev = ck_onset_ev = ck_mask_ev = np.int64(-1)
    # the time without a sign: since when, from when on it may have been quiet long enough, and what was not known in it; whether the
    # episode may have resolved since its onset, and the first onset since it may have
    calm_from = calm_until = ck_calm_from = ck_calm_until = np.nan
    doubt = doubt_here = ck_doubt = ck_doubt_here = False
    fresh = ck_fresh = np.nan
    fresh_ev = ck_fresh_ev = calm_d_n = np.int64(-1)
    calm_asks = doubt_asks = ck_calm_asks = ck_doubt_asks = np.uint64(0)
    i = lo_ev
    while True:
        if n_wait > len(wait):
            return -1, -1
        t = min(next_exp, next_wait)
        if i < hi_ev and ev_hour[i] < t:
            t = ev_hour[i]
        ended = t == INF or t > stop_hour
        if quiet_from == quiet_from:
            lapsed = lapse_from == lapse_from
            if ended or (lapsed and t > lapse_from + episode_hours[2]):
                # the quiet has come to its end
                resolved = resolution(quiet_from, lapse_from if lapsed else stop_hour, d_n, df, di, suppressing, episode_hours, told)
                quiet_from = lapse_from = np.nan
            else:
                # the quiet goes on: 24 h without a suppressing dose, or 48 h, settle it at its start
                until = lapse_from if lapsed else t
                if until >= quiet_from + episode_hours[1]:
                    resolved = quiet_from
                elif until >= quiet_from + episode_hours[0]:
                    when = resolution(quiet_from, quiet_from + episode_hours[0], d_n, df, di, suppressing, episode_hours, told)
                    if when == quiet_from:
                        resolved = when
        if resolved == resolved:
            # go back to the start of the quiet, and on from there to where the episode has resolved
            copy_state(ck_pf, ck_pi, ck_vf, ck_vi, ck_x_exp, ck_x_ev, ck_exact_at, ck_act_of, ck_status, ck_since, ck_absent,
                       pf, pi, vf, vi, x_exp, x_ev, exact_at, act_of, status, since, absent_until)
            n_act, d_n, n_wait, i = ck_n_act, ck_d_n, ck_n_wait, ck_i
            act_end[:n_act], act[:n_act] = ck_act_end[:n_act], ck_act[:n_act]
            wait[:n_wait] = ck_wait[:n_wait]
            onset, onset_maybe, onset_ev, mask_ev = ck_onset, ck_onset_maybe, ck_onset_ev, ck_mask_ev
            calm_from, calm_until, calm_asks, calm_d_n = ck_calm_from, ck_calm_until, ck_calm_asks, ck_d_n
            doubt, doubt_here, doubt_asks, fresh, fresh_ev = ck_doubt, ck_doubt_here, ck_doubt_asks, ck_fresh, ck_fresh_ev
            n_out, n_ev = ck_rows, ck_evs
            quiet_from = lapse_from = np.nan
            n_wait = wait_for(wait, n_wait, resolved)
            resolving = resolved
            resolved = np.nan
            touched[:] = every
            next_exp = next_wait = ck_time  # so that the true next ones are looked up
            continue
        finishing = ended and lazy and begin <= stop_hour
        if ended and not finishing:
            break
        if finishing:
            t = stop_hour
        timed = False
        moved = names
        # -- 1. what expires now
        if next_exp <= t:
            # what was replaced since does not expire; most often nothing does
            next_exp = soonest(pf, pi, x_exp, n_act, act_end)
            if next_exp <= t:
                n_act, n_dirty = expire(
                    t, n_act, act, act_end, act_of, n_dirty, dirty, dirty_list, pf, pi, x_exp, x_ev, exact_at, closed_s,
                    ev_hour, ev_end, ev_latest, ev_concept, ev_bits, ev_counted, concept_kind, concept_carry)
            elif next_wait > t and (i >= hi_ev or ev_hour[i] > t):
                continue
        # -- 2. what was waiting for now
        if next_wait <= t:
            timed = True
            next_wait = INF
            j = 0
            while j < n_wait:
                if wait[j] <= t:
                    n_wait -= 1
                    wait[j] = wait[n_wait]
                else:
                    next_wait = min(next_wait, wait[j])
                    j += 1
            if resolving <= t:
                onset = onset_maybe = resolving = np.nan
                mask_ev = np.int64(-1)
                doubt = doubt_here = False
                calm_from = calm_until = np.nan
        # -- 3. the events of now
        while i < hi_ev and ev_hour[i] == t:
            e = i
            i += 1
            c = ev_concept[e]
            s = slot_of_concept[c]
            if s < 0 and dose_ptr[c] == dose_ptr[c + 1] and teller[c] < 0:
                continue
            has_end = ev_end[e] == ev_end[e]
            window = ev_latest[e] - t if ev_latest[e] == ev_latest[e] else 0.0
            if teller[c] >= 0 and concept_kind[c] == DOSE and ev_bits[e] == ABSENT_BIT:
                until = ev_end[e] if has_end else t + max(window, DAY)
                absent_until[teller[c]] = max(absent_until[teller[c]], until)
                n_wait = wait_for(wait, n_wait, until)
                next_wait = min(next_wait, until)
                timed = True
            elif ev_bits[e] != ABSENT_BIT:
                for j in range(dose_ptr[c], dose_ptr[c + 1]):
                    g = dose_group[j]
                    di[d_n, 0], di[d_n, 1], di[d_n, 2] = g, e, 1 if ev_bits[e] != UNKNOWN_BIT else 0
                    df[d_n, 0], df[d_n, 1], df[d_n, 2] = t, t + window, ev_end[e] if has_end else t
                    timed = True
                    for q in range(n_dose_nodes):
                        n = dose_nodes[q]
                        if node[n, 1] != g:
                            continue
                        for turn in range(5):
                            # when the window or course ends, and when each end leaves the time that the node looks back
                            if (window == 0.0 and 0 < turn < 3) or (not has_end and turn > 2):
                                continue
                            when = df[d_n, (turn + 1) // 2] + (number[n] if turn % 2 == 0 else 0.0)
                            if when > t and when < INF:
                                n_wait = wait_for(wait, n_wait, when)
                                next_wait = min(next_wait, when)
                    d_n += 1
            if s < 0:
                continue
            if not has_end and window == 0.0:
                # an exact instant: the common case
                expires = ev_last[e] + concept_carry[c]
                exact_at[s] = t
                j = 0
                while act_of[s] > 0 and j < n_act:  # a later exact instant replaces what was carried forward
                    if act[j, 0] == s and CARRIED <= act[j, 2] <= LAPSED_END:
                        n_act -= 1
                        act_of[s] -= 1
                        act_end[j] = act_end[n_act]
                        act[j] = act[n_act]
                    else:
                        j += 1
                if ev_counted[e]:
                    if has_reset[s] and vi[s, V_STATE] == KNOWN and vi[s, V_BITS] != ev_bits[e]:
                        n_dirty, ends = outdate(s, t, resets, n_act, act, act_end, n_dirty, dirty, dirty_list, pf, pi, x_exp, x_ev, ev_hour)
                        if ends:
                            next_exp = t
                    next_exp = min(next_exp, expires)
                    if act_of[s] == 0 and x_exp[s] == -INF and pf[s, TIME] != t and expires > t and not dirty[s] and not vi[s, V_APART]:
                        v = ev_value[e]
                        cens = ev_censored[e]
                        known = v == v
                        renewed = known != (vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY])
                        lo = v if cens == 0 else low_end(v, cens)
                        hi = v if cens == 0 else high_end(v, cens)
                        pf[s, 0] = pf[s, 2] = lo if known else -INF
                        pf[s, 1] = pf[s, 3] = hi if known else INF
                        pf[s, EXP] = expires
                        pf[s, TIME] = t
                        pi[s, LIVE] = pi[s, EVER] = 1
                        pi[s, HAZY] = vi[s, V_HAZY] = 0 if known else 1
                        pi[s, BITS] = vi[s, V_BITS] = ev_bits[e]
                        pi[s, NAMED] = named(ev_counted[e], ev_bits[e]) if names else 0
                        pi[s, EV_G] = pi[s, EV_L] = e
                        vf[s, 0] = lo if known else -INF
                        vf[s, 1] = hi if known else -INF
                        vf[s, 2] = lo if known else INF
                        vf[s, 3] = hi if known else INF
                        vi[s, V_STATE], vi[s, V_APART] = KNOWN, 0
                        for j in range(slot_atoms_ptr[s], slot_atoms_ptr[s + 1]):
                            # the simple leaves are read here: a call that passes arrays costs more than they do
                            n = slot_atoms[j]
                            k = kind[n]
                            if k == IN:
                                new = 1 if ev_bits[e] & node[n, 2] else (2 if ev_bits[e] & (node[n, 3] | UNKNOWN_BIT) else 0)
                            elif k == GE or k == LT:
                                limit = node[n, 2]
                                new = compare(k, vf[s, 0], vf[s, 1], vf[s, 2], vf[s, 3], vi[s, V_HAZY], lim_lo[limit], lim_hi[limit])
                            elif k == ELSE:
                                continue  # a slot without spans was not put down elsewhere before
                            else:
                                new = leaf(n, node, group_ptr, group_slot, group_coef, vf, vi, lim_lo, lim_hi)
                            if new != status[n] or (renewed and need_mask[n] != 0):  # what is asked may differ
                                status[n] = new
                                moved = True
                                touched[n >> 6] |= bit_of(n)
                        continue
                    put(s, e, t, expires, ev_value[e], ev_censored[e], ev_bits[e], named(ev_counted[e], ev_bits[e]), pf, pi)
                    if x_exp[s] > -INF and ev_hour[x_ev[s]] < t:
                        x_exp[s] = -INF
                elif pf[s, TIME] < t or not pi[s, LIVE]:
                    pi[s, LIVE] = pi[s, EVER] = 0
                    x_exp[s] = expires
                    x_ev[s] = e
                    next_exp = min(next_exp, expires)
            else:
                until = t + window
                if window <= DAY:
                    what = HOLDS if ev_counted[e] else OTHERS
                    if has_end:
                        until = max(until, ev_end[e])
                else:
                    what = POSSIBLE if ev_counted[e] else WAITS
                if until > t:
                    act_end[n_act] = until
                    act[n_act, 0], act[n_act, 1], act[n_act, 2] = s, e, what
                    n_act += 1
                    act_of[s] += 1
                    next_exp = min(next_exp, until)
            if not dirty[s]:
                dirty[s] = True
                dirty_list[n_dirty] = s
                n_dirty += 1
        if next_exp <= t:
            next_exp = soonest(pf, pi, x_exp, n_act, act_end)
        # -- 4. views of the slots that changed, and their leaves
        for q in range(n_dirty):
            s = dirty_list[q]
            dirty[s] = False
            known = vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY]
            look(s, t, n_act, act, ev_value, ev_censored, ev_bits, pf, pi, x_exp, closed_s, vf, vi)
            renewed = known != (vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY])
            for j in range(slot_atoms_ptr[s], slot_atoms_ptr[s + 1]):
                n = slot_atoms[j]
                new = leaf(n, node, group_ptr, group_slot, group_coef, vf, vi, lim_lo, lim_hi)
                if new != status[n] or (renewed and need_mask[n] != 0):  # what is asked may differ
                    status[n] = new
                    moved = True
                    touched[n >> 6] |= bit_of(n)
        n_dirty = 0
        if (not (moved or timed or len(value_slot)) or t < from_hour) and not finishing:
            continue
        # -- 5. the nodes in order: those below which something changed, and those that time changes
        part = lazy and not finishing
        goes_on = names and onset == onset and shown(t, shown_slot, n_act, act, ev_counted, ev_bits, pf, pi)
        if goes_on:
            if doubt:
                for n in range(n_nodes):
                    if kind[n] == MASKED or kind[n] == EPISODE:
                        touched[n >> 6] |= bit_of(n)
            doubt = False
        elif t >= calm_until and not doubt_here:
            doubt = doubt_here = True
            doubt_asks, fresh = calm_asks, np.nan
        w = np.int64(-1)
        mask = pending = np.uint64(0)
        while True:
            todo = pending | (touched[w] & mask)
            if todo == 0:
                w += 1
                if w == len(touched):
                    break
                mask = eager[w] if part else every[w]
                pending = (woken[w] if timed or finishing else always[w]) & mask
                continue
            n = (w << 6) + lowest(todo)
            pending &= ~bit_of(n)
            touched[w] &= ~bit_of(n)
            k = kind[n]
            lost = False
            if k < AND:
                asks = np.uint64(0)
                changed = k != DOSES
                if k == DOSES:
                    v = doses(n, t, node, number, d_n, df, di, absent_until, closed_d)
                    changed = v != status[n] or open_asks[n] == NEVER_ASKED
                    status[n] = v
                if status[n] == 2:
                    asks = ask_mask[n]
                    if need_mask[n] != 0:
                        limit = node[n, 3] if k == RATE else node[n, 2]
                        if lim_lo[limit] != lim_hi[limit]:
                            s = node[n, 1]
                            only_limit = k != RATE and vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY]
                            asks = need_mask[n] if only_limit else asks | need_mask[n]
                open_asks[n] = asks
                if changed:
                    for j in range(parent_ptr[n], parent_ptr[n + 1]):
                        touched[parent[j] >> 6] |= bit_of(parent[j])
                continue
            a, b = node[n, 6], node[n, 7]
            u = status[child[a]] if b > a else 2
            v = u
            if k == AND:
                for j in range(a + 1, b):
                    u = status[child[j]]
                    v = 0 if u == 0 or v == 0 else max(u, v)
            elif k == OR:
                for j in range(a + 1, b):
                    u = status[child[j]]
                    v = 1 if u == 1 or v == 1 else max(u, v)
            elif k == EITHER:
                for j in range(a + 1, b):
                    u = status[child[j]]
                    v = 1 if u == 1 or v == 1 else min(u, v)
            elif k == NOT:
                v = 2 if u == 2 else 1 - u
            elif k == ATLEAST:
                sure = maybe = 0
                for j in range(a, b):
                    sure += 1 if status[child[j]] == 1 else 0
                    maybe += 1 if status[child[j]] == 2 else 0
                v = 1 if sure >= node[n, 1] else (2 if sure + maybe >= node[n, 1] else 0)
            elif k == UNLESS:
                v = 2 if status[child[a + 1]] == 1 else u
            elif k == LASTING:
                for q in range(2):
                    if (q == 0 and u != 1) or (q == 1 and u == 0):
                        since[n, q] = np.nan
                    elif since[n, q] != since[n, q]:
                        since[n, q] = t
                        if t + number[n] > t:
                            n_wait = wait_for(wait, n_wait, t + number[n])
                            next_wait = min(next_wait, t + number[n])
                v = 1 if t >= since[n, 0] + number[n] else (2 if t >= since[n, 1] + number[n] else 0)
            elif k == OBSERVED or k == WITHIN:
                event = np.int64(-1)
                if u == 1 and (since[n, 0] != since[n, 0] or (k == OBSERVED and since[n, 0] != INF)):
                    event = witness(child[a], node, child, status, pi, n_act, act, ev_bits, ev_value, vi, x_ev, stack)
                ends = k == OBSERVED and u != 1 and since[n, 0] == INF
                if u == 1:
                    woken[n >> 6] |= bit_of(n)
                v = seen(n, t, k, u, lim_lo[max(node[n, 1], 0)], number[n], since, event)
                if ends and t + number[n] < INF:
                    n_wait = wait_for(wait, n_wait, t + number[n])
                    next_wait = min(next_wait, t + number[n])
            elif k == KEPT:
                v = kept(n, u, status[child[a + 1]], node[n, 1], since)
            else:
                # the onset node stands before these, so its status is of now
                v, lost, mask_ev, again = since_onset(n, t, k, node, number, onset, onset_maybe, status[onset_node], doubt, fresh, mask_ev,
                                                      d_n, df, di, closed_d, absent_until)
                if again and t + number[n] > t:
                    n_wait = wait_for(wait, n_wait, t + number[n])
                    next_wait = min(next_wait, t + number[n])
            asks = np.uint64(0)
            if v == 2 and n_roots > 0 and k == UNLESS and status[child[a + 1]] == 1:
                asks = hiding(child[a + 1], node, child, status, ask_mask, stack)
            elif v == 2 and n_roots > 0:
                if k == MASKED or k == EPISODE:
                    b -= 1
                    if lost:
                        # what was not known of the signs since none was seen
                        asks = doubt_asks
                        if doubt_here and status[child[b]] == 2:
                            asks |= open_asks[child[b]]
                        b = a
                for j in range(a, b):
                    if status[child[j]] == 2:
                        asks |= open_asks[child[j]]
            if v != status[n] or asks != open_asks[n]:
                status[n], open_asks[n] = v, asks
                for j in range(parent_ptr[n], parent_ptr[n + 1]):
                    touched[parent[j] >> 6] |= bit_of(parent[j])
        u = status[onset_node]
        if u == 1 and onset != onset:
            onset = t
            onset_ev = witness(onset_node, node, child, status, pi, n_act, act, ev_bits, ev_value, vi, x_ev, stack)
        if u != 0 and onset_maybe != onset_maybe:
            onset_maybe = t
        if u == 1 and doubt and fresh != fresh:
            fresh = t
            fresh_ev = witness(onset_node, node, child, status, pi, n_act, act, ev_bits, ev_value, vi, x_ev, stack)
        if follows and not finishing:
            if u == 1 or status[active_node] == 1 or goes_on:
                calm_from = calm_until = np.nan
                doubt_here = False
            elif onset == onset:
                if calm_from != calm_from:
                    calm_from, calm_asks, calm_d_n = t, np.uint64(0), np.int64(-1)
                if status[active_node] == 2:
                    calm_asks |= open_asks[active_node]
                    if doubt_here:
                        doubt_asks = calm_asks
                if not doubt_here and calm_d_n != d_n:
                    calm_d_n = d_n
                    calm_until = earliest(calm_from, d_n, df, di, suppressing, episode_hours)
                    n_wait = wait_for(wait, n_wait, calm_until)
                    next_wait = min(next_wait, calm_until)
        # -- 6. quiet times
        u = status[active_node] if not finishing else 3
        begins = False
        if u == 0:
            lapse_from = np.nan
            begins = quiet_from != quiet_from and onset < t and resolving != resolving
            if begins:
                quiet_from = t
        elif u == 1:
            if quiet_from == quiet_from:
                until = lapse_from if lapse_from == lapse_from else t
                resolved = resolution(quiet_from, until, d_n, df, di, suppressing, episode_hours, told)
            quiet_from = lapse_from = np.nan
            if resolved == resolved:
                continue
        elif quiet_from == quiet_from and lapse_from != lapse_from:
            lapse_from = t
        # -- 7. a step where grade or reasons changed
        if part and not begins:
            continue
        true_bits = np.uint64(0)
        open_bits = np.uint64(0)
        best[:] = 0
        ask = np.uint64(0)
        for c in range(n_roots):
            u = status[roots[c]]
            if u == 1:
                true_bits |= np.uint64(1) << np.uint64(c)
                best[item[c]] = max(best[item[c]], grade[c])
            elif u == 2:
                open_bits |= np.uint64(1) << np.uint64(c)
        for c in range(n_roots):
            if status[roots[c]] == 2 and grade[c] > best[item[c]]:
                ask |= open_asks[roots[c]]
        valued = len(value_slot) > 0 and values(value_slot, value_runs, vf, vi, current)
        if n_out > row_base and o_start[n_out - 1] == t:
            n_out -= 1
            n_ev = o_ptr[n_out]
            valued = len(value_slot) > 0
        if not part and (valued or not (n_out > row_base and o_true[n_out - 1] == true_bits and o_open[n_out - 1] == open_bits and o_ask[n_out - 1] == ask)):
            if n_out + 1 >= len(o_start):
                return -1, -1
            o_patient[n_out], o_start[n_out] = p, t
            o_true[n_out], o_open[n_out], o_ask[n_out], o_ptr[n_out] = true_bits, open_bits, ask, n_ev
            for q in range(len(current)):
                o_value[n_out, q] = current[q]
            n_ev = reasons(t, best, n_ev, roots, grade, item, node, number, child, group_ptr, group_slot, status, since, fresh_ev if doubt else onset_ev,
                           mask_ev, fact_ev, d_n, df, di, n_act, act, pi, vi, x_ev, ev_bits, ev_value, stack, stack_want, e_row, e_root)
            if n_ev < 0:
                return -1, -1
            n_out += 1
            o_ptr[n_out] = n_ev
        if begins:
            # keep the state of now, to come back to should the quiet last
            copy_state(pf, pi, vf, vi, x_exp, x_ev, exact_at, act_of, status, since, absent_until,
                       ck_pf, ck_pi, ck_vf, ck_vi, ck_x_exp, ck_x_ev, ck_exact_at, ck_act_of, ck_status, ck_since, ck_absent)
            ck_n_act, ck_d_n, ck_n_wait, ck_i = n_act, d_n, n_wait, i
            ck_act_end[:n_act], ck_act[:n_act] = act_end[:n_act], act[:n_act]
            if n_wait > len(wait):
                return -1, -1
            ck_wait[:n_wait] = wait[:n_wait]
            ck_onset, ck_onset_maybe, ck_onset_ev, ck_mask_ev = onset, onset_maybe, onset_ev, mask_ev
            ck_calm_from, ck_calm_until, ck_calm_asks = calm_from, calm_until, calm_asks
            ck_doubt, ck_doubt_here, ck_doubt_asks, ck_fresh, ck_fresh_ev = doubt, doubt_here, doubt_asks, fresh, fresh_ev
            ck_rows, ck_evs, ck_time = n_out, n_ev, t
        if finishing:
            break
    if keep_state:
        final[:] = status
    return n_out, n_ev
