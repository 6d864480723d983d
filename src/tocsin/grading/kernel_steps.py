"""What the sweep does rarely: end what ends, and gather the observations behind a step."""

from __future__ import annotations

import numpy as np
from numba import njit

from tocsin.grading.kernel_state import (
    CARRIED,
    CARRIED_OTHERS,
    DONE,
    ENDED,
    EVER,
    EXP,
    HOLDS,
    INF,
    KNOWN,
    LAPSED_END,
    LAPSED_VALUE,
    LIVE,
    OTHERS,
    POSSIBLE,
    TIME,
    V_APART,
    V_BITS,
    V_STATE,
    WAITS,
    passed,
    reads_group,
    source,
)
from tocsin.grading.program import (
    AND,
    COUNT,
    DOSES,
    ELSE,
    EPISODE,
    FACT,
    GE,
    IN,
    LASTING,
    LT,
    MASKED,
    NOT,
    OBSERVED,
    PAST,
    PRESENT_BIT,
    RATE,
    UNKNOWN_BIT,
    UNLESS,
    WITHIN,
)

DAY = 24.0
FINDING, INFUSION, DOSE = 2, 3, 4  # kinds of concept, as encode.py numbers them


@njit(nogil=True)
def wait_for(wait, n_wait, when):
    """Look again at ``when``; returns the length of the list, which may pass its room (the sweep then asks for more)."""
    if n_wait < len(wait):
        wait[n_wait] = when
    return n_wait + 1


@njit(nogil=True)
def resolution(quiet_from, quiet_until, d_n, df, di, group, hours, told):
    """The first moment of a quiet time at which the episode has resolved; nan when it has not.

    ``told``: whether the doses of ``group`` are known, because the record is complete or tells of any.
    """
    when = quiet_from
    while when + hours[0] <= quiet_until:
        blocking = -INF
        for j in range(d_n):
            if di[j, 0] == group and df[j, 0] < when + hours[0]:
                until = max(df[j, 1], df[j, 2])
                if until > when - hours[0]:
                    blocking = max(blocking, until)
        if (blocking == -INF and told) or when + hours[1] <= quiet_until:
            return when
        if blocking == -INF or blocking + hours[0] <= when:
            break
        when = blocking + hours[0]
    return np.nan


@njit(nogil=True)
def earliest(calm_from, d_n, df, di, group, hours):
    """The hour at which a time without a sign that began at ``calm_from`` may have been a quiet long enough, for all that is told of it.

    Only a dose of ``group`` that was surely given, whenever within its window, asks for the longer quiet.
    """
    when = calm_from
    while when + hours[0] < calm_from + hours[1]:
        blocking = -INF
        for j in range(d_n):
            if di[j, 0] == group and di[j, 2] and df[j, 1] < when + hours[0] and df[j, 2] > when - hours[0]:
                blocking = max(blocking, df[j, 2])
        if blocking == -INF or blocking + hours[0] <= when:
            return when + hours[0]
        when = blocking + hours[0]
    return calm_from + hours[1]


@njit(nogil=True)
def seen(n, t, k, u, start, end, since, event):
    """The truth of a node that looks back on its claim ``u``: Observed (``end``: hours) or Within; ``event``: why ``u`` is true now."""
    if k == OBSERVED:
        if u == 1:
            if since[n, 0] != INF:
                since[n, 2] = event
            since[n, 0] = INF
            return 1
        if since[n, 0] == INF:
            since[n, 0] = t
        return 1 if t < since[n, 0] + end else u
    if start <= t < end:
        if u == 1 and since[n, 0] != since[n, 0]:
            since[n, 0], since[n, 2] = t, event
        if u == 0:
            since[n, 1] = t
    if since[n, 0] == since[n, 0]:
        return 1
    return 0 if t >= end and since[n, 1] == since[n, 1] else 2


@njit(nogil=True)
def kept(n, u, given, otherwise, since):
    """The truth of a Kept node: its claim ``u`` when the doses had first been given (since 0), and at worst since then (since 1)."""
    if given == 0:
        since[n, 0] = np.nan
        return 0
    if since[n, 0] != since[n, 0]:
        if given == 2:
            return 2
        since[n, 0] = since[n, 1] = u
    elif u == 0 or (u == 2 and since[n, 1] == 1):
        since[n, 1] = u
    if since[n, 0] == 0:
        return otherwise
    return 2 if since[n, 0] == 2 else int(since[n, 1])


@njit(nogil=True)
def since_onset(n, t, k, node, number, onset, onset_maybe, now, doubt, fresh, mask_ev, d_n, df, di, closed, absent_until):
    """The truth of an Episode or Masked node, and of three more things.

    Whether it is unknown only because the episode may have resolved; the dose that hides the onset; whether its hours begin now.
    ``now``: the status of the onset.  ``doubt``: the episode may have resolved; ``fresh``: the first onset since it may have.
    """
    begun, surely = onset, fresh if doubt else onset
    if begun != begun and now == 1:
        begun = t
    if surely != surely and now == 1:
        surely = t
    v = 0
    lost = False
    if k == EPISODE:
        first = begun if begun == begun or onset_maybe == onset_maybe or now == 0 else t
        first = onset_maybe if first != first else first
        if t >= first + number[n]:
            v = 1 if t >= surely + number[n] else 2
            lost = v == 2 and begun == begun
        return v, lost, mask_ev, v != 1 and (first == t or surely == t)
    g = node[n, 1]
    sure = begun == begun
    if sure and not (closed[g] or absent_until[g] > t):
        v = 2
    if not sure:
        begun = onset_maybe
        if begun != begun and now == 2:
            begun = t
    for j in range(d_n):
        if di[j, 0] != g or df[j, 0] > t:
            continue
        lo, hi, end = df[j, 0], df[j, 1], df[j, 2]
        if sure and di[j, 2] and (hi - lo <= DAY or hi <= t) and (lo >= begun or end > begun):
            if lo >= surely or end > surely:
                return 1, False, di[j, 1], False
            lost = True
        if lo >= begun or max(hi, end) > begun:
            v = 2
    return v, lost, mask_ev, False


@njit(nogil=True)
def soonest(pf, pi, x_exp, n_act, act_end):
    """When the next of what is known expires."""
    out = INF
    for s in range(len(pf)):
        if pi[s, LIVE]:
            out = min(out, pf[s, EXP])
        if x_exp[s] > -INF:
            out = min(out, x_exp[s])
    for j in range(n_act):
        out = min(out, act_end[j])
    return out


@njit(nogil=True)
def outdate(s, t, resets, n_act, act, act_end, n_dirty, dirty, dirty_list, pf, pi, x_exp, x_ev, ev_hour):
    """Make older values of what slot ``s`` resets unknown; the number of slots to look at again, and whether something ends now."""
    ends = False
    for q in range(len(resets)):
        if resets[q, 0] != s:
            continue
        r = resets[q, 1]
        if not dirty[r]:
            dirty[r] = True
            dirty_list[n_dirty] = r
            n_dirty += 1
        if pf[r, TIME] < t:
            pi[r, LIVE] = pi[r, EVER] = 0
        if x_exp[r] > -INF and ev_hour[x_ev[r]] < t:
            x_exp[r] = -INF
        for j in range(n_act):
            if act[j, 0] == r and CARRIED <= act[j, 2] <= LAPSED_END:
                act[j, 2] = DONE
                act_end[j] = t
                ends = True
    return n_dirty, ends


@njit(nogil=True)
def reasons(t, best, n_ev, roots, grade, item, node, number, child, group_ptr, group_slot, status, since, onset_ev, mask_ev, fact_ev,
            d_n, df, di, n_act, act, pi, vi, x_ev, ev_bits, ev_value, stack, stack_want, e_row, e_root):
    """Write the observations behind each criterion that is met, after ``n_ev``; their number, or -1 when there is no room."""
    for c in range(len(roots)):
        if status[roots[c]] != 1 or (grade[c] == 0 and best[item[c]] > 0):
            continue
        top = 1
        stack[0] = roots[c]
        stack_want[0] = 1
        while top > 0:
            top -= 1
            n = stack[top]
            want = stack_want[top]
            k = node[n, 0]
            if n_ev + 16 + d_n + n_act + len(vi) >= len(e_row):
                return np.int64(-1)
            if k >= AND and k < MASKED:
                a, b = node[n, 6], node[n, 7]
                if k == NOT:
                    want = 1 - want
                if k == UNLESS or k == LASTING:
                    b = a + 1
                if (k == OBSERVED or k == WITHIN) and want == 1 and status[child[a]] != 1:
                    if since[n, 2] >= 0:
                        e_row[n_ev] = np.int64(since[n, 2]) | PAST
                        e_root[n_ev] = c
                        n_ev += 1
                    continue
                for j in range(a, b):
                    if status[child[j]] == want and top < len(stack) - 1:
                        stack[top] = child[j]
                        stack_want[top] = want
                        top += 1
                continue
            begin_ev = n_ev
            if k == MASKED or k == EPISODE:
                if want == 1:
                    e_row[n_ev] = onset_ev | PAST if onset_ev >= 0 else onset_ev
                    e_row[n_ev + 1] = mask_ev if k == MASKED else np.int64(-1)
                    n_ev += 2
            elif k == DOSES:
                if want == 1:
                    for j in range(d_n):
                        sure = di[j, 0] == node[n, 1] and di[j, 2] and df[j, 1] <= t
                        if sure and (df[j, 0] + number[n] > t or (df[j, 2] > df[j, 0] and df[j, 2] + number[n] > t)):
                            e_row[n_ev] = di[j, 1]
                            n_ev += 1
            elif k == FACT:
                e_row[n_ev] = fact_ev[node[n, 1]]
                n_ev += 1
            elif k == GE or k == LT or k == IN:
                e_row[n_ev] = source(k, node[n, 2], want, node[n, 1], pi, n_act, act, ev_bits, ev_value, vi, x_ev)
                n_ev += 1
            elif reads_group(k):
                for j in range(group_ptr[node[n, 1]], group_ptr[node[n, 1] + 1]):
                    s = group_slot[j]
                    shown = want == 1 and vi[s, V_STATE] == KNOWN and vi[s, V_BITS] & PRESENT_BIT
                    if (k != ELSE and shown) or (k == ELSE and vi[s, V_APART] == 1):
                        e_row[n_ev] = source(k, PRESENT_BIT, 1, s, pi, n_act, act, ev_bits, ev_value, vi, x_ev)
                        n_ev += 1
                for q in range(2, 5):
                    s = node[n, q] if (k == COUNT and q > 2) or (k == RATE and q == 2) else np.int64(-1)
                    if s >= 0 and vi[s, V_STATE] == KNOWN:
                        e_row[n_ev] = source(k, PRESENT_BIT, 1, s, pi, n_act, act, ev_bits, ev_value, vi, x_ev)
                        n_ev += 1
            keep = begin_ev
            for j in range(begin_ev, n_ev):
                if e_row[j] >= 0:
                    e_row[keep] = e_row[j]
                    e_root[keep] = c
                    keep += 1
            n_ev = keep
    return n_ev


@njit(nogil=True)
def expire(t, n_act, act, act_end, act_of, n_dirty, dirty, dirty_list, pf, pi, x_exp, x_ev, exact_at, closed_s,
           ev_hour, ev_end, ev_latest, ev_concept, ev_bits, ev_counted, concept_kind, concept_carry):
    """End what ends at ``t``: windows and intervals turn into what they leave behind, exact values lapse.

    Returns the new numbers of active rows and of slots to look at again.
    """
    for j in range(n_act):
        if act_end[j] > t:
            continue
        s, e, what = act[j, 0], act[j, 1], act[j, 2]
        c = ev_concept[e]
        if not dirty[s]:
            dirty[s] = True
            dirty_list[n_dirty] = s
            n_dirty += 1
        act_end[j] = INF
        if what == CARRIED or what == ENDED:
            act[j, 2] = DONE if not closed_s[s] else (LAPSED_VALUE if what == CARRIED else LAPSED_END)
            continue
        if what == CARRIED_OTHERS or what == DONE:
            act[j, 2] = DONE
            continue
        if (what == POSSIBLE or what == WAITS) and ev_end[e] > t:
            # the end of a window longer than a day: from now on it surely runs
            act[j, 2] = HOLDS if what == POSSIBLE else OTHERS
            act_end[j] = ev_end[e]
            continue
        # the window or interval has passed: what is surely older is out of date
        if ev_counted[e]:
            for q in range(n_act):
                if act[q, 0] == s and CARRIED <= act[q, 2] <= LAPSED_END and passed(act[q, 1], ev_hour, ev_end, ev_latest) <= ev_hour[e]:
                    act[q, 2] = DONE
            if pf[s, TIME] < ev_hour[e]:
                pi[s, LIVE] = pi[s, EVER] = 0
            if x_exp[s] > -INF and ev_hour[x_ev[s]] < ev_hour[e]:
                x_exp[s] = -INF
        k = concept_kind[c]
        act[j, 2] = DONE
        if exact_at[s] >= ev_hour[e]:
            continue
        if ev_end[e] != ev_end[e]:
            if ev_hour[e] + concept_carry[c] > t:
                act[j, 2] = CARRIED if ev_counted[e] else CARRIED_OTHERS
                act_end[j] = ev_hour[e] + concept_carry[c]
            elif ev_counted[e] and closed_s[s]:
                act[j, 2] = LAPSED_VALUE
        elif ev_counted[e] and (k == INFUSION or k == FINDING) and ev_bits[e] != UNKNOWN_BIT:
            # what ran is known to have stopped
            if concept_carry[c] > 0:
                act[j, 2] = ENDED
                act_end[j] = t + concept_carry[c]
            elif closed_s[s]:
                act[j, 2] = LAPSED_END
    j = 0
    while j < n_act:
        if act[j, 2] == DONE:
            n_act -= 1
            act_of[act[j, 0]] -= 1
            act_end[j] = act_end[n_act]
            act[j] = act[n_act]
        else:
            j += 1
    for s in range(len(pf)):
        gone = pi[s, LIVE] and pf[s, EXP] <= t
        if gone:
            pi[s, LIVE] = 0
        if x_exp[s] > -INF and x_exp[s] <= t:
            x_exp[s] = -INF
            gone = True
        if gone and not dirty[s]:
            dirty[s] = True
            dirty_list[n_dirty] = s
            n_dirty += 1
    return n_act, n_dirty
