"""The compiled sweep: one pass over each patient's events, in time, keeping what is known and when it expires.

Every scale and protocol is a table to it (``program.py``).  For each patient the current value of each input ("slot") comes
from four layers:

* point: the latest exact value, until it expires; values at the same moment are kept together;
* span: intervals, and values known only by a window of at most a day, which hold for the whole window;
* possible: what lies somewhere in a longer window: it can make a claim unknown, never true;
* elsewhere: observations put down to a cause that the scale does not count: claims about them are false, and say why.

Where several values hold at once (a window, or the same moment) a claim is true when any of them makes it true: the order
within the window is unknown, so the window carries its worst.  Claims are 0 false, 1 true, 2 unknown.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tocsin.grading.program import (
    ABSENT_BIT,
    AND,
    CONST,
    COUNT,
    DOSES,
    EITHER,
    ELSE,
    EPISODE,
    FACT,
    GE,
    IN,
    LASTING,
    LT,
    MASKED,
    NOT,
    OR,
    PRESENT_BIT,
    RATE,
    UNKNOWN_BIT,
    UNLESS,
)

INF = np.inf
DAY = 24.0
# Kinds of concept, as encode.py writes them.
MEASUREMENT, STATE, FINDING, INFUSION, DOSE = range(5)
# What a row that is not an exact instant does now: it holds, is put down elsewhere, or is possible; is carried forward after
# its window (counted, elsewhere); has ended, so the input is absent; has lapsed in a complete record; or is waiting or done.
HOLDS, OTHERS, POSSIBLE, CARRIED, CARRIED_OTHERS, ENDED, LAPSED_VALUE, LAPSED_END, WAITS, DONE = range(10)
# What a view of a slot says.
NOTHING, KNOWN, ELSEWHERE, CLOSED, LAPSED = range(5)
NONE64 = np.int64(0)


@njit(cache=True, nogil=True, inline="always")
def _compare(kind, glo, ghi, llo, lhi, hazy, thr_lo, thr_hi):
    """A value, or several at once, against a limit.  ``hazy``: at least one value is not told."""
    if kind == GE:
        if glo >= thr_hi:
            return 1
        if hazy:
            return 2
        return 0 if ghi < thr_lo else 2
    if lhi < thr_lo:
        return 1
    if hazy:
        return 2
    return 0 if llo >= thr_hi else 2


@njit(cache=True, nogil=True)
def _leaf(n, kind, arg, number, group_ptr, group_slot, group_coef, state, view, bits, hazy, maybe, mhazy, mbits,
          thr_lo, thr_hi, facts):
    """The truth of a leaf other than Doses, from the views of its slots."""
    k = kind[n]
    if k == GE or k == LT:
        s = arg[n, 0]
        t = arg[n, 1]
        st = state[s]
        out = 2
        if st == KNOWN or st == LAPSED:
            out = _compare(k, view[s, 0], view[s, 1], view[s, 2], view[s, 3], hazy[s], thr_lo[t], thr_hi[t])
            if st == LAPSED and (out == 1 or k == LT):
                out = 2
        elif st == ELSEWHERE:
            out = 0
        elif st == CLOSED and k == GE:
            out = 0
        if out == 0 and (mhazy[s] or maybe[s, 2] < INF):
            if _compare(k, maybe[s, 0], maybe[s, 1], maybe[s, 2], maybe[s, 3], mhazy[s], thr_lo[t], thr_hi[t]) != 0:
                out = 2
        return out
    if k == IN:
        return _coded(arg[n, 0], arg[n, 1], arg[n, 2], state, bits, mbits)
    if k == COUNT:
        low = 0
        possible = 0
        for j in range(group_ptr[arg[n, 0]], group_ptr[arg[n, 0] + 1]):
            status = _coded(group_slot[j], PRESENT_BIT, 0, state, bits, mbits)
            if status == 1:
                low += 1
            elif status == 2:
                possible += 1
        high = low + possible
        count_slot = arg[n, 2]
        settled = False
        if count_slot >= 0:
            settled = state[count_slot] == KNOWN and not hazy[count_slot]
            if not settled and state[count_slot] != ELSEWHERE:
                # an untold or possible number, or one that lapsed in a complete record: up to that many may run
                most = _most(count_slot, state, view, hazy, maybe, mhazy)
                if most > high:
                    high = int(min(most, 99.0))
        any_slot = arg[n, 3]
        if any_slot >= 0:
            told = _coded(any_slot, PRESENT_BIT, 0, state, bits, mbits)
            if arg[n, 4] == 1 and told == 1:
                low = max(low, 1)
                high = max(high, 1)
            elif arg[n, 4] == 1 and told == 2 and (state[any_slot] == KNOWN or state[any_slot] == LAPSED or mbits[any_slot] != 0):
                high = max(high, 1)
            elif told == 0 and state[any_slot] == KNOWN:
                high = low
        if settled:
            if view[count_slot, 0] > -INF:
                low = max(low, int(np.ceil(min(view[count_slot, 0], 99.0))))
            high = max(low, int(np.floor(min(_most(count_slot, state, view, hazy, maybe, mhazy), 99.0))))
        need = arg[n, 1]
        return 1 if low >= need else (2 if high >= need else 0)
    if k == RATE:
        low_sum = 0.0
        high_sum = 0.0
        any_slot = arg[n, 1]
        none_told = any_slot >= 0 and state[any_slot] == KNOWN and _coded(any_slot, PRESENT_BIT, 0, state, bits, mbits) == 0
        for j in range(group_ptr[arg[n, 0]], group_ptr[arg[n, 0] + 1]):
            s = group_slot[j]
            runs = _coded(s, PRESENT_BIT, 0, state, bits, mbits)
            if runs == 1 and view[s, 0] > 0:
                low_sum += group_coef[j] * view[s, 0]
            if runs == 1 or (runs == 2 and not none_told):
                high_sum += group_coef[j] * (INF if state[s] == NOTHING else _most(s, state, view, hazy, maybe, mhazy))
        return 1 if low_sum >= number[n] else (2 if high_sum >= number[n] else 0)
    if k == FACT:
        return facts[arg[n, 0]]
    if k == ELSE:
        for j in range(group_ptr[arg[n, 0]], group_ptr[arg[n, 0] + 1]):
            if state[group_slot[j]] == ELSEWHERE:
                return 1
        return 0
    return arg[n, 0]


@njit(cache=True, nogil=True)
def _most(s, state, view, hazy, maybe, mhazy):
    """The highest number that a slot may have by what was told of it; infinite where a row does not tell it."""
    most = 0.0
    if state[s] == KNOWN or state[s] == LAPSED:
        most = INF if hazy[s] else max(most, view[s, 1])
    if mhazy[s]:
        return INF
    return max(most, maybe[s, 1])


@njit(cache=True, nogil=True)
def _coded(s, wanted, perhaps, state, bits, mbits):
    """Whether a coded slot has one of the ``wanted`` values."""
    st = state[s]
    out = 2
    if st == KNOWN or st == LAPSED:
        if bits[s] & wanted:
            out = 1
        elif bits[s] & (perhaps | UNKNOWN_BIT):
            out = 2
        else:
            out = 0
        if st == LAPSED and out == 1:
            out = 2
    elif st == ELSEWHERE:
        out = 0
    elif st == CLOSED:  # never recorded: absent, none, awake, room air
        out = 1 if wanted & ABSENT_BIT else 0
    if out == 0 and mbits[s] & (wanted | perhaps | UNKNOWN_BIT):
        out = 2
    return out


@njit(cache=True, nogil=True)
def _doses(n, t, arg, number, d_n, d_group, d_lo, d_hi, d_end, d_sure, absent_until, closed):
    """Whether enough doses were given in the window that ends now."""
    g = arg[n, 0]
    need = arg[n, 1]
    since = t - number[n]
    sure = 0
    maybe = 0
    for i in range(d_n):
        if d_group[i] != g or d_lo[i] > t:
            continue
        last_hi = max(d_hi[i], d_end[i])
        if d_sure[i] and d_hi[i] <= t and (d_lo[i] > since or (d_end[i] > d_lo[i] and min(d_end[i], t) > since)):
            sure += 1
        elif last_hi > since:
            maybe += 1
    if sure >= need:
        return 1
    if closed[g] or absent_until[g] > t:
        return 2 if sure + maybe >= need else 0
    return 2


@njit(cache=True, nogil=True)
def _grow(a):
    out = np.empty(2 * len(a), a.dtype)
    out[: len(a)] = a
    return out


@njit(cache=True, nogil=True)
def sweep(
    first, last, from_hour, stop_hour,
    # events, sorted by patient and hour
    ptr, ev_hour, ev_end, ev_latest, ev_concept, ev_value, ev_censored, ev_bits, ev_counted,
    concept_kind, concept_carry,
    # the program
    kind, arg, number, child_ptr, child, group_ptr, group_slot, group_coef, slot_of_concept, slot_concept,
    slot_atoms_ptr, slot_atoms, resets, dose_ptr, dose_group, teller, n_dose_groups, roots, grade, ask_bit,
    onset_node, active_node, suppressing, episode_hours,
    # per patient; arrays of one row serve all
    limit_lo, limit_hi, fact_status, closed_slot, closed_dose,
    # what to keep
    keep_state,
):
    """Sweep patients ``first`` to ``last``; returns the steps, their reasons and, when asked, the last state of each node."""
    n_nodes = len(kind)
    n_slots = len(slot_concept)
    n_roots = len(roots)
    capacity = max(64, 16 * (last - first))
    o_patient = np.empty(capacity, np.int64)
    o_start = np.empty(capacity, np.float64)
    o_true = np.empty(capacity, np.uint64)
    o_open = np.empty(capacity, np.uint64)
    o_ask = np.empty(capacity, np.uint64)
    o_ptr = np.zeros(capacity + 1, np.int64)
    e_row = np.empty(4 * capacity, np.int64)
    e_root = np.empty(4 * capacity, np.int64)
    n_out = 0
    n_ev = 0
    final = np.zeros((last - first if keep_state else 0, n_nodes), np.int8)

    p_val = np.empty((n_slots, 4))
    p_hazy = np.empty(n_slots, np.bool_)
    p_bits = np.empty(n_slots, np.int64)
    p_exp = np.empty(n_slots)
    p_time = np.empty(n_slots)
    p_live = np.empty(n_slots, np.bool_)
    exact_at = np.empty(n_slots)
    p_ever = np.empty(n_slots, np.bool_)
    p_ev = np.empty((n_slots, 2), np.int64)
    x_exp = np.empty(n_slots)
    x_ev = np.empty(n_slots, np.int64)
    state = np.empty(n_slots, np.int64)
    view = np.empty((n_slots, 4))
    hazy = np.empty(n_slots, np.bool_)
    bits = np.empty(n_slots, np.int64)
    maybe = np.empty((n_slots, 4))
    mhazy = np.empty(n_slots, np.bool_)
    mbits = np.empty(n_slots, np.int64)
    dirty = np.empty(n_slots, np.bool_)
    status = np.empty(n_nodes, np.int8)
    since_true = np.empty(n_nodes)
    since_maybe = np.empty(n_nodes)
    absent_until = np.empty(max(n_dose_groups, 1))
    stack = np.empty(4 * n_nodes + 8, np.int64)
    stack_want = np.empty(4 * n_nodes + 8, np.int8)
    is_dose = np.zeros(n_nodes, np.bool_)
    for n in range(n_nodes):
        is_dose[n] = kind[n] == DOSES

    for p in range(first, last):
        lo_ev, hi_ev = ptr[p], ptr[p + 1]
        lim_lo = limit_lo[min(p, len(limit_lo) - 1)]
        lim_hi = limit_hi[min(p, len(limit_hi) - 1)]
        facts = fact_status[min(p, len(fact_status) - 1)]
        closed_s = closed_slot[min(p, len(closed_slot) - 1)]
        closed_d = closed_dose[min(p, len(closed_dose) - 1)]
        # How many events become doses or spans bounds the working lists.
        room = 8
        for i in range(lo_ev, hi_ev):
            c = ev_concept[i]
            groups = dose_ptr[c + 1] - dose_ptr[c]
            room += groups
            if slot_of_concept[c] >= 0 and (ev_end[i] == ev_end[i] or ev_latest[i] > ev_hour[i]):
                room += 1
        a_slot = np.empty(room, np.int64)
        a_end = np.empty(room)
        a_ev = np.empty(room, np.int64)
        a_what = np.empty(room, np.int8)
        d_group = np.empty(room, np.int64)
        d_lo = np.empty(room)
        d_hi = np.empty(room)
        d_end = np.empty(room)
        d_ev = np.empty(room, np.int64)
        d_sure = np.empty(room, np.bool_)  # False: an explicit "unknown", which may or may not have been given
        w_time = np.empty(256)
        resolved = np.empty(8)
        n_resolved = 0
        spell_a = np.empty(16)
        spell_b = np.empty(16)
        onset_at = np.empty(32)
        row_base = n_out
        ev_base = n_ev

        for attempt in range(2):
            n_act = 0
            d_n = 0
            n_wait = 0
            n_spell = 0
            n_onset = 0
            n_out = row_base
            n_ev = ev_base
            p_exp[:] = -INF
            p_time[:] = -INF
            p_live[:] = False
            p_ever[:] = False
            exact_at[:] = -INF
            x_exp[:] = -INF
            absent_until[:] = -INF
            since_true[:] = np.nan
            since_maybe[:] = np.nan
            for s in range(n_slots):
                state[s] = CLOSED if closed_s[s] else NOTHING
                bits[s] = 0
                mbits[s] = 0
                hazy[s] = False
                dirty[s] = True
            status[:] = 2
            next_exp = INF
            next_wait = INF
            next_resolved = 0
            onset = np.nan
            onset_ev = np.int64(-1)
            onset_maybe = np.nan
            quiet_from = np.nan
            lapse_from = np.nan
            mask_ev = np.int64(-1)
            fresh = True      # nothing evaluated yet
            i = lo_ev
            begin = from_hour
            if lo_ev < hi_ev and ev_hour[lo_ev] > from_hour:
                begin = ev_hour[lo_ev]
            w_time[0] = begin
            n_wait = 1
            next_wait = begin
            if attempt == 1:
                for r in range(n_resolved):
                    w_time[n_wait] = resolved[r]
                    n_wait += 1
                    next_wait = min(next_wait, resolved[r])
            while True:
                t = next_exp if next_exp < next_wait else next_wait
                if i < hi_ev and ev_hour[i] < t:
                    t = ev_hour[i]
                if t == INF or t > stop_hour:
                    break
                timed = False
                # -- 1. what expires now
                if next_exp <= t:
                    for j in range(n_act):
                        if a_end[j] > t:
                            continue
                        s = a_slot[j]
                        e = a_ev[j]
                        what = a_what[j]
                        c = ev_concept[e]
                        dirty[s] = True
                        a_end[j] = INF
                        if what == CARRIED or what == ENDED:
                            a_what[j] = DONE if not closed_s[s] else LAPSED_VALUE if what == CARRIED else LAPSED_END
                            continue
                        if what == CARRIED_OTHERS or what == DONE:
                            a_what[j] = DONE
                            continue
                        if (what == POSSIBLE or what == WAITS) and ev_end[e] > t:
                            # the end of a window longer than a day: from now on it surely runs
                            a_what[j] = HOLDS if what == POSSIBLE else OTHERS
                            a_end[j] = ev_end[e]
                            continue
                        # the window or interval has passed: what is surely older is out of date
                        if ev_counted[e]:
                            for q in range(n_act):
                                if (a_slot[q] == s and CARRIED <= a_what[q] <= LAPSED_END
                                        and _passed(a_ev[q], ev_hour, ev_end, ev_latest) <= ev_hour[e]):
                                    a_what[q] = DONE
                            if p_time[s] < ev_hour[e]:
                                p_live[s] = False
                                p_ever[s] = False
                            if x_exp[s] > -INF and ev_hour[x_ev[s]] < ev_hour[e]:
                                x_exp[s] = -INF
                        k = concept_kind[c]
                        a_what[j] = DONE
                        if exact_at[s] >= ev_hour[e]:
                            continue
                        if ev_end[e] != ev_end[e]:
                            if ev_hour[e] + concept_carry[c] > t:
                                a_what[j] = CARRIED if ev_counted[e] else CARRIED_OTHERS
                                a_end[j] = ev_hour[e] + concept_carry[c]
                            elif ev_counted[e] and closed_s[s]:
                                a_what[j] = LAPSED_VALUE
                        elif ev_counted[e] and (k == INFUSION or k == FINDING) and ev_bits[e] != UNKNOWN_BIT:
                            # what ran is known to have stopped
                            if concept_carry[c] > 0:
                                a_what[j] = ENDED
                                a_end[j] = t + concept_carry[c]
                            elif closed_s[s]:
                                a_what[j] = LAPSED_END
                    j = 0
                    while j < n_act:
                        if a_what[j] == DONE:
                            n_act -= 1
                            a_slot[j] = a_slot[n_act]
                            a_end[j] = a_end[n_act]
                            a_ev[j] = a_ev[n_act]
                            a_what[j] = a_what[n_act]
                        else:
                            j += 1
                    for s in range(n_slots):
                        if p_live[s] and p_exp[s] <= t:
                            p_live[s] = False
                            dirty[s] = True
                        if x_exp[s] <= t and x_exp[s] > -INF:
                            x_exp[s] = -INF
                            dirty[s] = True
                # -- 2. what was waiting for now
                if next_wait <= t:
                    timed = True
                    j = 0
                    while j < n_wait:
                        if w_time[j] <= t:
                            n_wait -= 1
                            w_time[j] = w_time[n_wait]
                        else:
                            j += 1
                    next_wait = INF
                    for j in range(n_wait):
                        next_wait = min(next_wait, w_time[j])
                    while attempt == 1 and next_resolved < n_resolved and resolved[next_resolved] <= t:
                        next_resolved += 1
                        onset = np.nan
                        onset_maybe = np.nan
                        mask_ev = -1
                # -- 3. the events of now
                while i < hi_ev and ev_hour[i] == t:
                    e = i
                    i += 1
                    c = ev_concept[e]
                    window = ev_latest[e] - t if ev_latest[e] == ev_latest[e] else 0.0
                    has_end = ev_end[e] == ev_end[e]
                    if teller[c] >= 0 and concept_kind[c] == DOSE and ev_bits[e] == ABSENT_BIT:
                        g = teller[c]
                        until = ev_end[e] if has_end else t + max(window, 24.0)
                        absent_until[g] = max(absent_until[g], until)
                        if n_wait + 1 >= len(w_time):
                            w_time = _grow(w_time)
                        w_time[n_wait] = until
                        n_wait += 1
                        next_wait = min(next_wait, until)
                        timed = True
                    elif ev_bits[e] != ABSENT_BIT:
                        for j in range(dose_ptr[c], dose_ptr[c + 1]):
                            g = dose_group[j]
                            d_group[d_n] = g
                            d_lo[d_n] = t
                            d_hi[d_n] = t + window
                            d_end[d_n] = ev_end[e] if has_end else t
                            d_ev[d_n] = e
                            d_sure[d_n] = ev_bits[e] != UNKNOWN_BIT
                            timed = True
                            for n in range(n_nodes):
                                if is_dose[n] and arg[n, 0] == g:
                                    for q in range(5):
                                        if q == 0:
                                            when = d_hi[d_n]
                                        elif q == 1:
                                            when = t + number[n]
                                        elif q == 2:
                                            when = d_hi[d_n] + number[n]
                                        elif q == 3:
                                            when = d_end[d_n]
                                        else:
                                            when = d_end[d_n] + number[n]
                                        if when > t and when < INF:
                                            if n_wait + 1 >= len(w_time):
                                                w_time = _grow(w_time)
                                            w_time[n_wait] = when
                                            n_wait += 1
                                            next_wait = min(next_wait, when)
                            d_n += 1
                    s = slot_of_concept[c]
                    if s < 0:
                        continue
                    dirty[s] = True
                    if not has_end and window == 0.0:
                        expires = t + concept_carry[c]
                        exact_at[s] = t
                        j = 0
                        while j < n_act:  # a later exact instant replaces what was carried forward
                            if a_slot[j] == s and CARRIED <= a_what[j] <= LAPSED_END:
                                n_act -= 1
                                a_slot[j] = a_slot[n_act]
                                a_end[j] = a_end[n_act]
                                a_ev[j] = a_ev[n_act]
                                a_what[j] = a_what[n_act]
                            else:
                                j += 1
                        if ev_counted[e]:
                            if state[s] == KNOWN and bits[s] != ev_bits[e]:
                                for q in range(len(resets)):
                                    if resets[q, 0] != s:
                                        continue
                                    r = resets[q, 1]
                                    dirty[r] = True
                                    if p_time[r] < t:
                                        p_live[r] = False
                                        p_ever[r] = False
                                    if x_exp[r] > -INF and ev_hour[x_ev[r]] < t:
                                        x_exp[r] = -INF
                                    for j in range(n_act):
                                        if a_slot[j] == r and CARRIED <= a_what[j] <= LAPSED_END:
                                            a_what[j] = DONE
                                            a_end[j] = t
                                            next_exp = t
                            _put(s, e, t, expires, ev_value, ev_censored, ev_bits, p_val, p_hazy, p_bits, p_exp, p_time,
                                 p_live, p_ever, p_ev)
                            if x_exp[s] > -INF and ev_hour[x_ev[s]] < t:
                                x_exp[s] = -INF
                            next_exp = min(next_exp, expires)
                        elif p_time[s] < t or not p_live[s]:
                            p_live[s] = False
                            p_ever[s] = False
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
                            a_slot[n_act] = s
                            a_end[n_act] = until
                            a_ev[n_act] = e
                            a_what[n_act] = what
                            n_act += 1
                            next_exp = min(next_exp, until)
                if next_exp <= t:
                    next_exp = INF
                    for s in range(n_slots):
                        if p_live[s]:
                            next_exp = min(next_exp, p_exp[s])
                        if x_exp[s] > -INF:
                            next_exp = min(next_exp, x_exp[s])
                    for j in range(n_act):
                        next_exp = min(next_exp, a_end[j])
                # -- 4. views of the slots that changed, and their leaves
                moved = timed or fresh
                for s in range(n_slots):
                    if not dirty[s]:
                        continue
                    dirty[s] = False
                    _look(s, t, n_act, a_slot, a_ev, a_what, ev_value, ev_censored, ev_bits, p_live, p_ever, p_exp, p_val, p_hazy,
                          p_bits, x_exp, closed_s, state, view, hazy, bits, maybe, mhazy, mbits)
                    for j in range(slot_atoms_ptr[s], slot_atoms_ptr[s + 1]):
                        n = slot_atoms[j]
                        new = _leaf(n, kind, arg, number, group_ptr, group_slot, group_coef, state, view, bits, hazy, maybe,
                                    mhazy, mbits, lim_lo, lim_hi, facts)
                        if new != status[n]:
                            status[n] = new
                            moved = True
                if not moved or t < from_hour:
                    continue
                # -- 5. all nodes in order
                for n in range(n_nodes):
                    k = kind[n]
                    if k == DOSES:
                        status[n] = _doses(n, t, arg, number, d_n, d_group, d_lo, d_hi, d_end, d_sure, absent_until, closed_d)
                    elif k == FACT or k == CONST:
                        status[n] = facts[arg[n, 0]] if k == FACT else arg[n, 0]
                    elif k >= AND:
                        a = child_ptr[n]
                        b = child_ptr[n + 1]
                        if k == AND:
                            v = 1
                            for j in range(a, b):
                                u = status[child[j]]
                                if u == 0:
                                    v = 0
                                    break
                                if u == 2:
                                    v = 2
                        elif k == OR:
                            v = 0
                            for j in range(a, b):
                                u = status[child[j]]
                                if u == 1:
                                    v = 1
                                    break
                                if u == 2:
                                    v = 2
                        elif k == EITHER:
                            v = 2
                            for j in range(a, b):
                                u = status[child[j]]
                                if u == 1:
                                    v = 1
                                    break
                                if u == 0:
                                    v = 0
                        elif k == NOT:
                            u = status[child[a]]
                            v = 2 if u == 2 else 1 - u
                        elif k == UNLESS:
                            v = 2 if status[child[a + 1]] == 1 else status[child[a]]
                        elif k == LASTING:
                            u = status[child[a]]
                            if u != 1:
                                since_true[n] = np.nan
                            elif since_true[n] != since_true[n]:
                                since_true[n] = t
                                if t + number[n] > t:
                                    if n_wait + 1 >= len(w_time):
                                        w_time = _grow(w_time)
                                    w_time[n_wait] = t + number[n]
                                    n_wait += 1
                                    next_wait = min(next_wait, t + number[n])
                            if u == 0:
                                since_maybe[n] = np.nan
                            elif since_maybe[n] != since_maybe[n]:
                                since_maybe[n] = t
                                if t + number[n] > t:
                                    if n_wait + 1 >= len(w_time):
                                        w_time = _grow(w_time)
                                    w_time[n_wait] = t + number[n]
                                    n_wait += 1
                                    next_wait = min(next_wait, t + number[n])
                            v = 0
                            if since_true[n] == since_true[n] and t >= since_true[n] + number[n]:
                                v = 1
                            elif since_maybe[n] == since_maybe[n] and t >= since_maybe[n] + number[n]:
                                v = 2
                        elif k == MASKED:
                            v = 0
                            g = arg[n, 0]
                            # the onset node stands before this one, so its status is of now
                            begun = onset
                            if begun != begun and status[onset_node] == 1:
                                begun = t
                            if begun == begun:
                                if not (closed_d[g] or absent_until[g] > t):
                                    v = 2
                                for j in range(d_n):
                                    if d_group[j] != g or d_lo[j] > t:
                                        continue
                                    if (d_sure[j] and (d_hi[j] - d_lo[j] <= DAY or d_hi[j] <= t)
                                            and (d_lo[j] >= begun or d_end[j] > begun)):
                                        v = 1
                                        mask_ev = d_ev[j]
                                        break
                                    if d_lo[j] >= begun or max(d_hi[j], d_end[j]) > begun:
                                        v = 2
                            else:
                                begun = onset_maybe
                                if begun != begun and status[onset_node] == 2:
                                    begun = t
                                for j in range(d_n):
                                    if (begun == begun and d_group[j] == g and d_lo[j] <= t
                                            and (d_lo[j] >= begun or max(d_hi[j], d_end[j]) > begun)):
                                        v = 2
                        else:  # EPISODE
                            begun = onset
                            if begun != begun and status[onset_node] == 1:
                                begun = t
                            v = 0
                            if begun == begun:
                                v = 1 if t >= begun + number[n] else 0
                                if v == 0 and begun == t:
                                    if n_wait + 1 >= len(w_time):
                                        w_time = _grow(w_time)
                                    w_time[n_wait] = t + number[n]
                                    n_wait += 1
                                    next_wait = min(next_wait, t + number[n])
                            elif onset_maybe == onset_maybe and t >= onset_maybe + number[n]:
                                v = 2
                        status[n] = v
                fresh = False
                u = status[onset_node]
                if u == 1 and onset != onset:
                    onset = t
                    onset_ev = _witness(onset_node, kind, arg, child_ptr, child, status, p_live, p_ev, n_act, a_slot, a_ev,
                                        a_what, ev_bits, ev_value, state, x_exp, x_ev, stack)
                if u != 0 and onset_maybe != onset_maybe:
                    onset_maybe = t
                if attempt == 0:
                    if u == 1 and (n_onset == 0 or onset_at[n_onset - 1] < t) and n_onset < 100000:
                        if n_onset == len(onset_at):
                            onset_at = _grow(onset_at)
                        onset_at[n_onset] = t
                        n_onset += 1
                    # quiet spells
                    if lapse_from == lapse_from and t > lapse_from + episode_hours[2]:
                        if quiet_from == quiet_from:
                            if n_spell == len(spell_a):
                                spell_a = _grow(spell_a)
                                spell_b = _grow(spell_b)
                            spell_a[n_spell] = quiet_from
                            spell_b[n_spell] = lapse_from
                            n_spell += 1
                        quiet_from = np.nan
                        lapse_from = np.nan
                    v = status[active_node]
                    if v == 0:
                        lapse_from = np.nan
                        if quiet_from != quiet_from:
                            quiet_from = t
                    elif v == 1:
                        if quiet_from == quiet_from:
                            if n_spell == len(spell_a):
                                spell_a = _grow(spell_a)
                                spell_b = _grow(spell_b)
                            spell_a[n_spell] = quiet_from
                            spell_b[n_spell] = lapse_from if lapse_from == lapse_from else t
                            n_spell += 1
                        quiet_from = np.nan
                        lapse_from = np.nan
                    elif quiet_from == quiet_from and lapse_from != lapse_from:
                        lapse_from = t
                # -- 6. emit a step where grade or reasons changed
                true_bits = np.uint64(0)
                open_bits = np.uint64(0)
                best = 0
                for c in range(n_roots):
                    u = status[roots[c]]
                    if u == 1:
                        true_bits |= np.uint64(1) << np.uint64(c)
                        best = max(best, grade[c])
                    elif u == 2:
                        open_bits |= np.uint64(1) << np.uint64(c)
                ask = np.uint64(0)
                for c in range(n_roots):
                    if status[roots[c]] == 2 and grade[c] > best:
                        ask |= _asked(roots[c], kind, child_ptr, child, status, ask_bit, stack)
                if n_out > row_base and o_start[n_out - 1] == t:
                    n_out -= 1
                    n_ev = o_ptr[n_out]
                if n_out > row_base and o_true[n_out - 1] == true_bits and o_open[n_out - 1] == open_bits and o_ask[n_out - 1] == ask:
                    continue
                if n_out + 1 >= len(o_start):
                    o_patient = _grow(o_patient)
                    o_start = _grow(o_start)
                    o_true = _grow(o_true)
                    o_open = _grow(o_open)
                    o_ask = _grow(o_ask)
                    o_ptr = _grow(o_ptr)
                o_patient[n_out] = p
                o_start[n_out] = t
                o_true[n_out] = true_bits
                o_open[n_out] = open_bits
                o_ask[n_out] = ask
                o_ptr[n_out] = n_ev
                for c in range(n_roots):
                    if status[roots[c]] != 1 or (grade[c] == 0 and best > 0):
                        continue
                    top = 1
                    stack[0] = roots[c]
                    stack_want[0] = 1
                    while top > 0:
                        top -= 1
                        n = stack[top]
                        want = stack_want[top]
                        k = kind[n]
                        if n_ev + 16 + d_n + n_act + n_slots >= len(e_row):
                            e_row = _grow(e_row)
                            e_root = _grow(e_root)
                        if k == NOT:
                            stack[top] = child[child_ptr[n]]
                            stack_want[top] = 1 - want
                            top += 1
                        elif k == LASTING or k == UNLESS:
                            stack[top] = child[child_ptr[n]]
                            stack_want[top] = want
                            top += 1
                        elif k == AND or k == OR or k == EITHER:
                            for j in range(child_ptr[n], child_ptr[n + 1]):
                                if status[child[j]] == want:
                                    stack[top] = child[j]
                                    stack_want[top] = want
                                    top += 1
                        elif k == MASKED or k == EPISODE:
                            if want == 1:
                                if onset_ev >= 0:
                                    e_row[n_ev] = onset_ev
                                    e_root[n_ev] = c
                                    n_ev += 1
                                if k == MASKED and mask_ev >= 0:
                                    e_row[n_ev] = mask_ev
                                    e_root[n_ev] = c
                                    n_ev += 1
                        elif k == DOSES:
                            since = t - number[n]
                            for j in range(d_n):
                                if d_group[j] == arg[n, 0] and d_lo[j] <= t and max(d_hi[j], d_end[j]) > since and d_sure[j] and want == 1:
                                    e_row[n_ev] = d_ev[j]
                                    e_root[n_ev] = c
                                    n_ev += 1
                        elif k == GE or k == LT or k == IN:
                            e = _source(n, want, arg[n, 0], kind, arg, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits,
                                        ev_value, state, x_exp, x_ev)
                            if e >= 0:
                                e_row[n_ev] = e
                                e_root[n_ev] = c
                                n_ev += 1
                        elif k == COUNT or k == RATE or k == ELSE:
                            for j in range(group_ptr[arg[n, 0]], group_ptr[arg[n, 0] + 1]):
                                s = group_slot[j]
                                shown = state[s] == ELSEWHERE if k == ELSE else (state[s] == KNOWN and bits[s] & PRESENT_BIT and want == 1)
                                if shown:
                                    e = _source(n, 1, s, kind, arg, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits, ev_value,
                                                state, x_exp, x_ev)
                                    if e >= 0:
                                        e_row[n_ev] = e
                                        e_root[n_ev] = c
                                        n_ev += 1
                            if k == COUNT or k == RATE:
                                for q in range(1, 4):
                                    s = np.int64(-1)
                                    if k == COUNT and q >= 2:
                                        s = arg[n, q]
                                    elif k == RATE and q == 1:
                                        s = arg[n, 1]
                                    if s >= 0 and state[s] == KNOWN:
                                        e = _source(n, 1, s, kind, arg, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits,
                                                    ev_value, state, x_exp, x_ev)
                                        if e >= 0:
                                            e_row[n_ev] = e
                                            e_root[n_ev] = c
                                            n_ev += 1
                n_out += 1
                o_ptr[n_out] = n_ev
            # ---- after the pass: did an episode resolve?
            if attempt == 1:
                break
            if quiet_from == quiet_from:
                if n_spell == len(spell_a):
                    spell_a = _grow(spell_a)
                    spell_b = _grow(spell_b)
                spell_a[n_spell] = quiet_from
                spell_b[n_spell] = lapse_from if lapse_from == lapse_from else min(stop_hour, INF)
                n_spell += 1
            n_resolved = 0
            drug_told = False
            for j in range(d_n):
                if d_group[j] == suppressing:
                    drug_told = True
            since = -INF
            at = 0
            for q in range(n_spell):
                while at < n_onset and onset_at[at] < since:
                    at += 1
                if at == n_onset or onset_at[at] >= spell_a[q]:
                    continue
                when = spell_a[q]
                while when + episode_hours[0] <= spell_b[q]:
                    blocking = -INF
                    for j in range(d_n):
                        if d_group[j] == suppressing and d_lo[j] < when + episode_hours[0]:
                            until = max(d_hi[j], d_end[j])
                            if until > when - episode_hours[0]:
                                blocking = max(blocking, until)
                    unsure = not closed_d[suppressing] and not drug_told
                    if (blocking == -INF and not unsure) or when + episode_hours[1] <= spell_b[q]:
                        if n_resolved + 1 >= len(resolved):
                            resolved = _grow(resolved)
                        resolved[n_resolved] = when
                        n_resolved += 1
                        since = when
                        break
                    if blocking == -INF or blocking + episode_hours[0] <= when:
                        break
                    when = blocking + episode_hours[0]
            if n_resolved + 2 >= len(w_time):
                w_time = np.empty(2 * n_resolved + 256)
            if n_resolved == 0:
                break
        if keep_state:
            for n in range(n_nodes):
                final[p - first, n] = status[n]
    return (o_patient[:n_out], o_start[:n_out], o_true[:n_out], o_open[:n_out], o_ask[:n_out], o_ptr[: n_out + 1],
            e_row[:n_ev], e_root[:n_ev], final)


@njit(cache=True, nogil=True)
def _put(s, e, time, expires, ev_value, ev_censored, ev_bits, p_val, p_hazy, p_bits, p_exp, p_time, p_live, p_ever, p_ev):
    """Make an event the point value of a slot, or keep it beside another of the same moment."""
    lo, hi = _ends(ev_value[e], ev_censored[e])
    unclear = lo != lo
    if unclear:
        lo, hi = -INF, INF
    if p_live[s] and p_time[s] == time:
        if not unclear:
            if p_hazy[s] and p_val[s, 0] == -INF and p_val[s, 1] == INF:
                p_val[s, 0] = lo
                p_val[s, 1] = hi
                p_val[s, 2] = lo
                p_val[s, 3] = hi
                p_ev[s, 0] = e
                p_ev[s, 1] = e
            else:
                if lo > p_val[s, 0]:
                    p_ev[s, 0] = e
                p_val[s, 0] = max(p_val[s, 0], lo)
                p_val[s, 1] = max(p_val[s, 1], hi)
                if hi < p_val[s, 3]:
                    p_ev[s, 1] = e
                p_val[s, 2] = min(p_val[s, 2], lo)
                p_val[s, 3] = min(p_val[s, 3], hi)
        elif ev_bits[e] & ~p_bits[s]:
            p_ev[s, 1] = e
        p_hazy[s] = p_hazy[s] or unclear
        p_bits[s] |= ev_bits[e]
        p_exp[s] = max(p_exp[s], expires)
        return
    p_val[s, 0] = lo
    p_val[s, 1] = hi
    p_val[s, 2] = lo
    p_val[s, 3] = hi
    p_hazy[s] = unclear
    p_bits[s] = ev_bits[e]
    p_exp[s] = expires
    p_time[s] = time
    p_live[s] = True
    p_ever[s] = True
    p_ev[s, 0] = e
    p_ev[s, 1] = e


@njit(cache=True, nogil=True)
def _ends(value, censored):
    """The range in which the true value lies; (nan, nan) when it is not told."""
    if censored > 0:
        return np.nextafter(value, INF), INF
    if censored < 0:
        return -INF, np.nextafter(value, -INF)
    return value, value


@njit(cache=True, nogil=True)
def _look(s, t, n_act, a_slot, a_ev, a_what, ev_value, ev_censored, ev_bits, p_live, p_ever, p_exp, p_val, p_hazy, p_bits, x_exp,
          closed, state, view, hazy, bits, maybe, mhazy, mbits):
    """The view of one slot from its layers: what holds, what may, and what lapsed."""
    elsewhere = x_exp[s] > t
    # 0 held, 1 possible, 2 lapsed
    found = np.zeros(3, np.bool_)
    unclear = np.zeros(3, np.bool_)
    coded = np.zeros(3, np.int64)
    ends = np.empty((3, 4))
    ends[:, :2] = -INF
    ends[:, 2:] = INF
    for j in range(n_act):
        if a_slot[j] != s:
            continue
        e = a_ev[j]
        what = a_what[j]
        if what == OTHERS or what == CARRIED_OTHERS:
            elsewhere = True
        if what == OTHERS or what == CARRIED_OTHERS or what == WAITS or what == DONE:
            continue
        g = 1 if what == POSSIBLE else 2 if what == LAPSED_VALUE or what == LAPSED_END else 0
        found[g] = True
        if what == ENDED or what == LAPSED_END:
            lo, hi = 0.0, 0.0
            coded[g] |= ABSENT_BIT
        else:
            lo, hi = _ends(ev_value[e], ev_censored[e])
            coded[g] |= ev_bits[e]
        if lo != lo:
            unclear[g] = True
        else:
            ends[g, 0] = max(ends[g, 0], lo)
            ends[g, 1] = max(ends[g, 1], hi)
            ends[g, 2] = min(ends[g, 2], lo)
            ends[g, 3] = min(ends[g, 3], hi)
    live = p_live[s] and p_exp[s] > t
    if live or p_ever[s]:
        g = 0 if live else 2
        found[g] = True
        coded[g] |= p_bits[s]
        unclear[g] = unclear[g] or p_hazy[s]
        if not (p_hazy[s] and p_val[s, 0] == -INF and p_val[s, 1] == INF):
            ends[g, 0] = max(ends[g, 0], p_val[s, 0])
            ends[g, 1] = max(ends[g, 1], p_val[s, 1])
            ends[g, 2] = min(ends[g, 2], p_val[s, 2])
            ends[g, 3] = min(ends[g, 3], p_val[s, 3])
    g = 0
    if found[0]:
        state[s] = KNOWN
    elif elsewhere:
        state[s] = ELSEWHERE
    elif not closed[s]:
        state[s] = NOTHING
    elif found[2]:
        state[s] = LAPSED
        g = 2
    else:
        state[s] = CLOSED
    view[s] = ends[g]
    hazy[s] = unclear[g]
    bits[s] = coded[g]
    maybe[s] = ends[1]
    mhazy[s] = unclear[1]
    mbits[s] = coded[1]


@njit(cache=True, nogil=True, inline="always")
def _passed(e, ev_hour, ev_end, ev_latest):
    """When the window or interval of an event has passed."""
    out = ev_hour[e]
    if ev_latest[e] > out:
        out = ev_latest[e]
    if ev_end[e] > out:
        out = ev_end[e]
    return out


@njit(cache=True, nogil=True)
def _source(n, want, s, kind, arg, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits, ev_value, state, x_exp, x_ev):
    """The event behind what a leaf says of slot ``s``; -1 when it rests on no observation."""
    if state[s] == ELSEWHERE:
        for j in range(n_act):
            if a_slot[j] == s and (a_what[j] == OTHERS or a_what[j] == CARRIED_OTHERS):
                return a_ev[j]
        return x_ev[s]
    if state[s] != KNOWN:
        return np.int64(-1)
    k = kind[n]
    wanted = arg[n, 1] if k == IN else np.int64(PRESENT_BIT)
    best = np.int64(-1)
    low_is_worse = k == LT
    for j in range(n_act + 2):
        if j < n_act:
            if a_slot[j] != s or not (a_what[j] == HOLDS or a_what[j] == CARRIED or (a_what[j] == ENDED and k == IN and want == 0)):
                continue
            e = a_ev[j]
        elif p_live[s]:
            e = p_ev[s, j - n_act]
        else:
            continue
        if (k == IN or k == COUNT or k == RATE) and want == 1:
            if ev_bits[e] & wanted and (best < 0 or e < best):
                best = e
            elif best < 0 and k != IN and ev_bits[e] != ABSENT_BIT:
                best = e
        elif k == IN:
            if best < 0 or e < best:
                best = e
        elif best < 0:
            best = e
        else:
            better = ev_value[e] < ev_value[best] if low_is_worse else ev_value[e] > ev_value[best]
            if better or (ev_value[e] == ev_value[best] and e < best):
                best = e
    return best


@njit(cache=True, nogil=True)
def _witness(root, kind, arg, child_ptr, child, status, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits, ev_value, state, x_exp,
             x_ev, stack):
    """One event that makes a true node true."""
    top = 1
    stack[0] = root
    while top > 0:
        top -= 1
        n = stack[top]
        k = kind[n]
        if k >= AND:
            for j in range(child_ptr[n], child_ptr[n + 1]):
                if status[child[j]] == 1:
                    stack[top] = child[j]
                    top += 1
            continue
        if k == GE or k == LT or k == IN:
            e = _source(n, 1, arg[n, 0], kind, arg, p_live, p_ev, n_act, a_slot, a_ev, a_what, ev_bits, ev_value, state, x_exp, x_ev)
            if e >= 0:
                return e
    return np.int64(-1)


@njit(cache=True, nogil=True)
def _asked(root, kind, child_ptr, child, status, ask_bit, stack):
    """The inputs whose absence leaves a node unknown, as bits."""
    out = np.uint64(0)
    top = 1
    stack[0] = root
    while top > 0:
        top -= 1
        n = stack[top]
        if n < 0:  # below what hides the answer: the inputs that are true
            n = -n - 1
            if ask_bit[n] >= 0:
                out |= np.uint64(1) << np.uint64(ask_bit[n])
            for j in range(child_ptr[n], child_ptr[n + 1]):
                if status[child[j]] == 1:
                    stack[top] = -child[j] - 1
                    top += 1
            continue
        if ask_bit[n] >= 0:
            out |= np.uint64(1) << np.uint64(ask_bit[n])
        if kind[n] == UNLESS and status[child[child_ptr[n] + 1]] == 1:
            stack[top] = -child[child_ptr[n] + 1] - 1
            top += 1
            continue
        for j in range(child_ptr[n], child_ptr[n + 1]):
            if status[child[j]] == 2:
                stack[top] = child[j]
                top += 1
    return out
