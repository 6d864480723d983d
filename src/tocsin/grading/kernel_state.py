"""What the sweep keeps of a patient while it passes over the events, and how a leaf reads it.

One row a slot (an input of the program):

* ``pf``: the latest exact value as four ends (greatest low, greatest high, least low, least high), when it expires, its hour
* ``pi``: live, ever, hazy, bits, event of the greatest, event of the least, whether one is present and put down to the syndrome
* ``vf``: the view: four ends of what is known, four of what is possible
* ``vi``: state, bits, hazy, possible bits, possible hazy, whether an observation was put down elsewhere and none counts

``act`` lists what is not an exact instant: slot, event, what it does now; ``act_end`` until when.  ``hazy`` means that a value is
present whose number is not told.  Claims are 0 false, 1 true, 2 unknown.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tocsin.grading.program import (
    ABSENT_BIT,
    AND,
    ATLEAST,
    CONST,
    COUNT,
    ELSE,
    FACT,
    GE,
    IN,
    KEPT,
    LT,
    OBSERVED,
    PRESENT_BIT,
    RATE,
    UNKNOWN_BIT,
)

INF = np.inf
# What a view says of a slot.
NOTHING, KNOWN, ELSEWHERE, CLOSED, LAPSED = range(5)
# What a row that is not an exact instant does now: it holds, is put down elsewhere, or is possible; is carried forward after
# its window (counted, elsewhere); has ended, so the input is absent; has lapsed in a complete record; or is waiting or done.
HOLDS, OTHERS, POSSIBLE, CARRIED, CARRIED_OTHERS, ENDED, LAPSED_VALUE, LAPSED_END, WAITS, DONE = range(10)
EXP, TIME = 4, 5
LIVE, EVER, HAZY, BITS, EV_G, EV_L, NAMED = range(7)
V_STATE, V_BITS, V_HAZY, V_MBITS, V_MHAZY, V_APART = range(6)

SPREAD = np.uint64(0x022FDD63CC95386D)
PLACE = np.zeros(64, np.int64)
"""The place of a single bit in a word, by the highest six bits of its product with SPREAD (a de Bruijn sequence)."""
for _place in range(64):
    PLACE[((1 << _place) * int(SPREAD) & 0xFFFFFFFFFFFFFFFF) >> 58] = _place


@njit(nogil=True)
def bit_of(n):
    """The bit of a node in its word."""
    return np.uint64(1) << np.uint64(n & 63)


@njit(nogil=True)
def lowest(word):
    """The place of the lowest bit of a word that is not 0."""
    return PLACE[np.int64(((word & (~word + np.uint64(1))) * SPREAD) >> np.uint64(58))]


@njit(nogil=True)
def low_end(value, censored):
    """The lower end of the range in which the true value lies."""
    if censored > 0:
        return np.nextafter(value, INF)
    return -INF if censored < 0 else value


@njit(nogil=True)
def high_end(value, censored):
    """The upper end of the range in which the true value lies."""
    if censored < 0:
        return np.nextafter(value, -INF)
    return INF if censored > 0 else value


@njit(nogil=True)
def grow(a):
    """The array with twice the room."""
    out = np.empty(2 * len(a), a.dtype)
    out[: len(a)] = a
    return out


@njit(nogil=True)
def grow_rows(a):
    """The table with room for twice as many rows."""
    out = np.empty((2 * len(a), a.shape[1]), a.dtype)
    out[: len(a)] = a
    return out


@njit(nogil=True)
def passed(e, ev_hour, ev_end, ev_latest):
    """When the window or interval of an event has passed."""
    out = ev_hour[e]
    if ev_latest[e] > out:
        out = ev_latest[e]
    if ev_end[e] > out:
        out = ev_end[e]
    return out


@njit(nogil=True)
def put(s, e, time, expires, value, censored, bits, named, pf, pi):
    """Make an event the point value of a slot, or keep it beside another of the same moment."""
    hazy = value != value
    lo = -INF if hazy else low_end(value, censored)
    hi = INF if hazy else high_end(value, censored)
    if pi[s, LIVE] and pf[s, TIME] == time:
        if hazy:
            if bits & ~pi[s, BITS]:
                pi[s, EV_L] = e
            pi[s, HAZY] = 1
        elif pi[s, HAZY] and pf[s, 0] == -INF and pf[s, 1] == INF:
            pf[s, 0] = pf[s, 2] = lo
            pf[s, 1] = pf[s, 3] = hi
            pi[s, EV_G] = pi[s, EV_L] = e
        else:
            if lo > pf[s, 0]:
                pi[s, EV_G] = e
            if hi < pf[s, 3]:
                pi[s, EV_L] = e
            pf[s, 0] = max(pf[s, 0], lo)
            pf[s, 1] = max(pf[s, 1], hi)
            pf[s, 2] = min(pf[s, 2], lo)
            pf[s, 3] = min(pf[s, 3], hi)
        pi[s, BITS] |= bits
        pi[s, NAMED] |= named
        pf[s, EXP] = max(pf[s, EXP], expires)
        return
    pf[s, 0] = pf[s, 2] = lo
    pf[s, 1] = pf[s, 3] = hi
    pf[s, EXP] = expires
    pf[s, TIME] = time
    pi[s, LIVE] = pi[s, EVER] = 1
    pi[s, HAZY] = 1 if hazy else 0
    pi[s, BITS] = bits
    pi[s, NAMED] = named
    pi[s, EV_G] = pi[s, EV_L] = e


@njit(nogil=True)
def look(s, t, n_act, act, ev_value, ev_censored, ev_bits, pf, pi, x_exp, closed, vf, vi):
    """Renew the view of one slot from its layers: what holds, what may, and what lapsed."""
    elsewhere = x_exp[s] > t
    held = lapsed = False
    hazy = mhazy = lhazy = 0
    bits = mbits = lbits = np.int64(0)
    l0, l1, l2, l3 = -INF, -INF, INF, INF
    vf[s, 0] = vf[s, 1] = vf[s, 4] = vf[s, 5] = -INF
    vf[s, 2] = vf[s, 3] = vf[s, 6] = vf[s, 7] = INF
    for j in range(n_act):
        if act[j, 0] != s:
            continue
        e = act[j, 1]
        what = act[j, 2]
        if what == OTHERS or what == CARRIED_OTHERS:
            elsewhere = True
            continue
        if what == WAITS or what == DONE:
            continue
        told = True
        if what == ENDED or what == LAPSED_END:
            lo = hi = 0.0
            b = np.int64(ABSENT_BIT)
        else:
            told = ev_value[e] == ev_value[e]
            lo = low_end(ev_value[e], ev_censored[e])
            hi = high_end(ev_value[e], ev_censored[e])
            b = ev_bits[e]
        if what == LAPSED_VALUE or what == LAPSED_END:
            lapsed = True
            lbits |= b
            if told:
                l0, l1, l2, l3 = max(l0, lo), max(l1, hi), min(l2, lo), min(l3, hi)
            else:
                lhazy = 1
            continue
        q = 0
        if what == POSSIBLE:
            q = 4
            mbits |= b
            if not told:
                mhazy = 1
        else:
            held = True
            bits |= b
            if not told:
                hazy = 1
        if told:
            vf[s, q] = max(vf[s, q], lo)
            vf[s, q + 1] = max(vf[s, q + 1], hi)
            vf[s, q + 2] = min(vf[s, q + 2], lo)
            vf[s, q + 3] = min(vf[s, q + 3], hi)
    if pi[s, EVER] or pi[s, LIVE]:
        told = not (pi[s, HAZY] and pf[s, 0] == -INF and pf[s, 1] == INF)
        if pi[s, LIVE] and pf[s, EXP] > t:
            held = True
            bits |= pi[s, BITS]
            if pi[s, HAZY]:
                hazy = 1
            if told:
                vf[s, 0] = max(vf[s, 0], pf[s, 0])
                vf[s, 1] = max(vf[s, 1], pf[s, 1])
                vf[s, 2] = min(vf[s, 2], pf[s, 2])
                vf[s, 3] = min(vf[s, 3], pf[s, 3])
        else:
            lapsed = True
            lbits |= pi[s, BITS]
            if pi[s, HAZY]:
                lhazy = 1
            if told:
                l0, l1, l2, l3 = max(l0, pf[s, 0]), max(l1, pf[s, 1]), min(l2, pf[s, 2]), min(l3, pf[s, 3])
    state = NOTHING
    if held:
        state = KNOWN
    elif closed[s] and lapsed:
        state = LAPSED
        bits, hazy = lbits, lhazy
        vf[s, 0], vf[s, 1], vf[s, 2], vf[s, 3] = l0, l1, l2, l3
    elif elsewhere:
        state = ELSEWHERE
    elif closed[s]:
        state = CLOSED
    vi[s, V_STATE] = state
    vi[s, V_BITS] = bits
    vi[s, V_HAZY] = hazy
    vi[s, V_MBITS] = mbits
    vi[s, V_MHAZY] = mhazy
    vi[s, V_APART] = 1 if elsewhere and not held else 0


@njit(nogil=True)
def unlooked(closed, vf, vi):
    """The views of all slots before the first event."""
    vf[:, 0:2] = vf[:, 4:6] = -INF
    vf[:, 2:4] = vf[:, 6:8] = INF
    vi[:, :] = 0
    for s in range(len(vi)):
        vi[s, V_STATE] = CLOSED if closed[s] else NOTHING


@njit(nogil=True)
def opening(slot_atoms_ptr, slot_atoms, kind, node, group_ptr, group_slot, group_coef, lim_lo, lim_hi, closed, facts, nothing_told, vf, vi, status,
            touched):
    """What each node is before the first event; touches the leaves that differ from ``nothing_told``, and what must be worked out all the same."""
    status[:] = nothing_told
    unlooked(closed, vf, vi)
    for s in range(len(vi)):
        for j in range(slot_atoms_ptr[s], slot_atoms_ptr[s + 1]):
            n = slot_atoms[j]
            new = 2  # a plain claim about what is not told is unknown
            if kind[n] > IN or closed[s]:
                new = leaf(n, node, group_ptr, group_slot, group_coef, vf, vi, lim_lo, lim_hi)
            if new != status[n]:
                status[n] = new
                touched[n >> 6] |= bit_of(n)
    for n in range(len(status)):
        k = kind[n]
        if k == FACT or k == CONST:
            new = facts[node[n, 1]] if k == FACT else node[n, 1]
            if new != status[n]:
                status[n] = new
                touched[n >> 6] |= bit_of(n)
        elif k == ATLEAST or k == KEPT or (k == OBSERVED and status[n] == 1):
            touched[n >> 6] |= bit_of(n)


@njit(nogil=True)
def compare(kind, glo, ghi, llo, lhi, hazy, below, above):
    """One or several values against a limit that lies between ``below`` and ``above``."""
    if kind == GE:
        if glo >= above:
            return 1
        return 2 if hazy or ghi >= below else 0
    if lhi < below:
        return 1
    return 2 if hazy or llo < above else 0


@njit(nogil=True)
def coded(s, wanted, perhaps, vi):
    """Whether a coded slot has one of the ``wanted`` values."""
    state = vi[s, V_STATE]
    out = 2
    if state == KNOWN or state == LAPSED:
        if vi[s, V_BITS] & wanted:
            out = 1 if state == KNOWN else 2
        elif not vi[s, V_BITS] & (perhaps | UNKNOWN_BIT):
            out = 0
    elif state == ELSEWHERE:
        out = 0
    elif state == CLOSED:  # never recorded: absent, none, awake, room air
        out = 1 if wanted & ABSENT_BIT else 0
    if out == 0 and vi[s, V_MBITS] & (wanted | perhaps | UNKNOWN_BIT):
        out = 2
    return out


@njit(nogil=True)
def most(s, vf, vi):
    """The highest number that a slot may have by what was told of it; infinite where a row does not tell it."""
    out = 0.0
    if vi[s, V_STATE] == KNOWN or vi[s, V_STATE] == LAPSED:
        out = INF if vi[s, V_HAZY] else max(out, vf[s, 1])
    if vi[s, V_MHAZY]:
        return INF
    return max(out, vf[s, 5])


@njit(nogil=True)
def leaf(n, node, group_ptr, group_slot, group_coef, vf, vi, lim_lo, lim_hi):
    """The truth of a leaf that rests on slots."""
    k = node[n, 0]
    if k == GE or k == LT:
        s = node[n, 1]
        limit = node[n, 2]
        state = vi[s, V_STATE]
        out = 2
        if state == KNOWN or state == LAPSED:
            out = compare(k, vf[s, 0], vf[s, 1], vf[s, 2], vf[s, 3], vi[s, V_HAZY], lim_lo[limit], lim_hi[limit])
            if state == LAPSED and (out == 1 or k == LT):
                out = 2
        elif state == ELSEWHERE or (state == CLOSED and k == GE):
            out = 0
        if out == 0 and (vi[s, V_MHAZY] or vf[s, 6] < INF):
            if compare(k, vf[s, 4], vf[s, 5], vf[s, 6], vf[s, 7], vi[s, V_MHAZY], lim_lo[limit], lim_hi[limit]) != 0:
                out = 2
        return out
    if k == IN:
        return coded(node[n, 1], node[n, 2], node[n, 3], vi)
    first, last = group_ptr[node[n, 1]], group_ptr[node[n, 1] + 1]
    if k == COUNT:
        low = high = 0
        for j in range(first, last):
            runs = coded(group_slot[j], PRESENT_BIT, 0, vi)
            if runs == 1:
                low += 1
            if runs > 0:
                high += 1
        counter = node[n, 3]
        settled = False
        if counter >= 0:
            settled = vi[counter, V_STATE] == KNOWN and not vi[counter, V_HAZY]
            if not settled and vi[counter, V_STATE] != ELSEWHERE:
                # an untold or possible number, or one that lapsed in a complete record: up to that many may run
                high = max(high, int(min(most(counter, vf, vi), 99.0)))
        told_by = node[n, 4]
        if told_by >= 0:
            told = coded(told_by, PRESENT_BIT, 0, vi)
            state = vi[told_by, V_STATE]
            if node[n, 5] == 1 and (told == 1 or (told == 2 and (state == KNOWN or state == LAPSED or vi[told_by, V_MBITS] != 0))):
                # one that is not named: where none is named, how many they are is not told
                high = max(high, 99 if low == 0 else 1)
                if told == 1:
                    low = max(low, 1)
            elif told == 0 and state == KNOWN:
                high = low
        if settled:
            if vf[counter, 0] > -INF:
                low = max(low, int(np.ceil(min(vf[counter, 0], 99.0))))
            high = max(low, int(np.floor(min(most(counter, vf, vi), 99.0))))
        need = node[n, 2]
        return 1 if low >= need else (2 if high >= need else 0)
    if k == RATE:
        low_sum = high_sum = 0.0
        named = False
        told_by = node[n, 2]
        none_told = told_by >= 0 and vi[told_by, V_STATE] == KNOWN and coded(told_by, PRESENT_BIT, 0, vi) == 0
        for j in range(first, last):
            s = group_slot[j]
            runs = coded(s, PRESENT_BIT, 0, vi)
            named = named or runs == 1
            if runs == 1 and vf[s, 0] > 0:
                low_sum += group_coef[j] * vf[s, 0]
            if runs == 1 or (runs == 2 and not none_told):
                high_sum += group_coef[j] * (INF if vi[s, V_STATE] == NOTHING else most(s, vf, vi))
        if told_by >= 0 and not named and not none_told and (vi[told_by, V_STATE] == KNOWN or vi[told_by, V_STATE] == LAPSED or vi[told_by, V_MBITS] != 0):
            if coded(told_by, PRESENT_BIT, 0, vi) != 0:
                high_sum = INF  # one runs that is not named, at a rate that is not told
        limit = node[n, 3]
        return 1 if low_sum >= lim_hi[limit] else (2 if high_sum >= lim_lo[limit] else 0)
    for j in range(first, last):  # ELSE
        if vi[group_slot[j], V_APART]:
            return 1
    return 0


@njit(nogil=True)
def doses(n, t, node, number, d_n, df, di, absent_until, closed):
    """Whether enough doses were given in the window that ends now."""
    g = node[n, 1]
    need = node[n, 2]
    hours = number[n]  # added to the dose, as where it is looked at again: t - hours may differ from that in the last digit
    sure = maybe = 0
    for i in range(d_n):
        if di[i, 0] != g or df[i, 0] > t or (node[n, 3] == 1 and max(df[i, 1], df[i, 2]) < 0.0):
            continue
        lo, hi, end = df[i, 0], df[i, 1], df[i, 2]
        if di[i, 2] and hi <= t and (lo + hours > t or (end > lo and end + hours > t)):
            sure += 1
        elif max(hi, end) + hours > t:
            maybe += 1
    if sure >= need:
        return 1
    if closed[g] or absent_until[g] > t:
        return 2 if sure + maybe >= need else 0
    return 2


@njit(nogil=True)
def named(counted, bits):
    """1 where an observation is put down to the syndrome itself (``counted`` is 2) and says that something is there."""
    return np.int64(1) if counted == 2 and bits & ~(ABSENT_BIT | UNKNOWN_BIT) else np.int64(0)


@njit(nogil=True)
def shown(t, shown_slot, n_act, act, ev_counted, ev_bits, pf, pi):
    """Whether something that is put down to the syndrome itself holds now."""
    for q in range(len(shown_slot)):
        s = shown_slot[q]
        if pi[s, LIVE] and pf[s, EXP] > t and pi[s, NAMED]:
            return True
        for j in range(n_act):
            if act[j, 0] == s and (act[j, 2] == HOLDS or act[j, 2] == CARRIED) and named(ev_counted[act[j, 1]], ev_bits[act[j, 1]]):
                return True
    return False


@njit(nogil=True)
def source(kind, wanted, want, s, pi, n_act, act, ev_bits, ev_value, vi, x_ev):
    """The event behind what a leaf of ``kind`` says of slot ``s``; -1 when it rests on no observation."""
    if vi[s, V_STATE] == ELSEWHERE or (kind == ELSE and vi[s, V_APART]):
        for j in range(n_act):
            if act[j, 0] == s and (act[j, 2] == OTHERS or act[j, 2] == CARRIED_OTHERS):
                return act[j, 1]
        return x_ev[s]
    best = np.int64(-1)
    if vi[s, V_STATE] != KNOWN:
        return best
    for j in range(n_act + 2):
        if j < n_act:
            what = act[j, 2]
            if act[j, 0] != s or not (what == HOLDS or what == CARRIED or (what == ENDED and kind == IN and want == 0)):
                continue
            e = act[j, 1]
        elif pi[s, LIVE]:
            e = pi[s, EV_G + j - n_act]
        else:
            continue
        if (kind == IN or kind == COUNT or kind == RATE) and want == 1:
            if ev_bits[e] & wanted and (best < 0 or e < best or not ev_bits[best] & wanted):
                best = e
            elif best < 0 and kind != IN and ev_bits[e] != ABSENT_BIT:
                best = e
        elif kind == IN:
            if best < 0 or e < best:
                best = e
        elif best < 0 or ev_value[best] != ev_value[best]:
            best = e
        else:
            better = ev_value[e] < ev_value[best] if kind == LT else ev_value[e] > ev_value[best]
            if better or (ev_value[e] == ev_value[best] and e < best):
                best = e
    return best


@njit(nogil=True)
def witness(root, node, child, status, pi, n_act, act, ev_bits, ev_value, vi, x_ev, stack):
    """One event that makes a true node true; -1 when there is none."""
    top = 1
    stack[0] = root
    while top > 0:
        top -= 1
        n = stack[top]
        k = node[n, 0]
        if k >= AND:
            for j in range(node[n, 6], node[n, 7]):
                if status[child[j]] == 1 and top < len(stack) - 1:
                    stack[top] = child[j]
                    top += 1
        elif k == GE or k == LT or k == IN:
            e = source(k, node[n, 2], 1, node[n, 1], pi, n_act, act, ev_bits, ev_value, vi, x_ev)
            if e >= 0:
                return e
    return np.int64(-1)


@njit(nogil=True)
def masks(bits):
    """A mask with one bit for each index; 0 for -1."""
    out = np.zeros(len(bits), np.uint64)
    for n in range(len(bits)):
        if bits[n] >= 0:
            out[n] = np.uint64(1) << np.uint64(bits[n])
    return out


@njit(nogil=True)
def hiding(root, node, child, status, ask_mask, stack):
    """The true inputs below what hides an answer, as bits."""
    out = np.uint64(0)
    top = 1
    stack[0] = root
    while top > 0:
        top -= 1
        n = stack[top]
        out |= ask_mask[n]
        for j in range(node[n, 6], node[n, 7]):
            if status[child[j]] == 1 and top < len(stack) - 1:
                stack[top] = child[j]
                top += 1
    return out


@njit(nogil=True)
def copy_state(pf, pi, vf, vi, x_exp, x_ev, exact_at, act_of, status, since, absent, to_pf, to_pi, to_vf, to_vi, to_x_exp, to_x_ev,
               to_exact_at, to_act_of, to_status, to_since, to_absent):
    """Copy what is kept of a patient."""
    to_pf[:, :], to_pi[:, :], to_vf[:, :], to_vi[:, :] = pf, pi, vf, vi
    to_x_exp[:], to_x_ev[:], to_exact_at[:], to_act_of[:] = x_exp, x_ev, exact_at, act_of
    to_status[:], to_since[:, :], to_absent[:] = status, since, absent


@njit(nogil=True)
def values(value_slot, value_runs, vf, vi, current):
    """The ranges in which the values of a formula lie, as low, high, low, high ...; whether one changed."""
    changed = False
    for q in range(len(value_slot)):
        s = value_slot[q]
        lo, hi = -INF, INF
        if value_runs[q]:
            runs = coded(s, PRESENT_BIT, 0, vi)
            lo = vf[s, 2] if runs == 1 and vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY] and vf[s, 2] > 0 else 0.0
            hi = 0.0 if runs == 0 else (INF if vi[s, V_STATE] == NOTHING else most(s, vf, vi))
        elif vi[s, V_STATE] == KNOWN and not vi[s, V_HAZY] and not vi[s, V_MHAZY]:
            lo, hi = min(vf[s, 2], vf[s, 6]), max(vf[s, 1], vf[s, 5])
        if current[2 * q] != lo or current[2 * q + 1] != hi:
            changed = True
        current[2 * q], current[2 * q + 1] = lo, hi
    return changed


@njit(nogil=True)
def reads_group(k):
    """Whether a leaf of this kind is read from a group of slots."""
    return k == COUNT or k == RATE or k == ELSE
