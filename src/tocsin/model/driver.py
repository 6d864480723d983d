"""The loop around the steps: a lane a patient, each with its own time and step; a finished lane takes the next patient.

It is the same for every model: what a model computes is reached by the addresses of its compiled functions, and ``layout`` says where its numbers lie.
"""

import math
from typing import Any

import numpy as np
from numba import njit

from tocsin.model.lower import call_one, call_six

NOW, BEFORE = 1.0, 0.15
"""Over the order, the exponents of a PI step control (form: Hairer and Wanner, Solving ODEs II, section IV.2; these two chosen for the fewest steps)."""
SAFETY = math.log(0.93)
MOST_GROWTH, MOST_SHRINKING = math.log(8.0), math.log(0.1)
AT_FIRST = math.log(1e-4)
LONGEST = 30.0  # days: a state at rest lets steps grow, and one beyond the end shall not grow without bound
LARGEST = 300.0  # of the logarithm of an error that is a number
TOO_SMALL, NOT_FINITE, TOO_MANY = 1, 2, 3

OPTIONS: Any = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit("void(i8,i8,i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],b1)", **OPTIONS)
def prepare_all(prepare, initial, first, last, parameters, prepared, y, with_initial):
    """What depends on parameters only and, where asked for, the initial states."""
    nothing = np.zeros(1)
    for i in range(first, last):
        call_six(prepare, parameters[i], nothing, nothing, nothing, nothing, prepared[i])
        if with_initial:
            call_six(initial, parameters[i], nothing, nothing, nothing, nothing, y[i])


@njit("void(i8,f8[::1],f8[::1],f8[::1],f8[::1],f8[::1])", **OPTIONS)
def one(program, q, y, x, t, out):
    """A program for one patient."""
    call_six(program, q, q, y, x, t, out)


@njit("void(i8,i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],f8[::1],f8[::1],f8[::1],f8)", **OPTIONS)
def first_steps(rates, first, last, prepared, y, x, t, h, atol, rtol):
    """A first step in which no state changes by more than a hundredth of itself or of its tolerance."""
    n = y.shape[1]
    rate = np.empty(n)
    for i in range(first, last):
        call_six(rates, prepared[i], prepared[i], y[i], x[i], t[i:i + 1], rate)
        size = 0.0
        speed = 0.0
        for j in range(n):
            scale = atol[j] + rtol * abs(y[i, j])
            size += (y[i, j] / scale) ** 2
            speed += (rate[j] / scale) ** 2
        size, speed = math.sqrt(size / n), math.sqrt(speed / n)
        h[i] = 0.01 * max(size, 1.0) / speed if speed > 1e-5 else 1e-3
        if not h[i] < math.inf:
            h[i] = 1e-6


@njit(nogil=True, error_model="numpy")
def put(w, at, lane, rows, i, begin, count):
    """Writes ``count`` numbers of row ``i`` from ``begin`` on into one lane of the workspace from row ``at`` on.

    Indices without a sign need no test of it, and parts of arrays no count of who holds them: both would cost more than the numbers.
    """
    for j in range(np.uint64(count)):
        w[np.uint64(at) + j, np.uint64(lane)] = rows[np.uint64(i), np.uint64(begin) + j]


@njit(nogil=True, error_model="numpy")
def take(w, at, lane, rows, i, begin, count):
    """The way back of ``put``."""
    for j in range(np.uint64(count)):
        rows[np.uint64(i), np.uint64(begin) + j] = w[np.uint64(at) + j, np.uint64(lane)]


@njit(nogil=True, error_model="numpy")
def tell(w, at, lane, columns, values, i, k):
    """The outputs of one lane that are asked for."""
    for j in range(np.uint64(columns.shape[0])):
        values[np.uint64(i), np.uint64(k), j] = w[np.uint64(at + columns[j]), np.uint64(lane)]


@njit(nogil=True, error_model="numpy")
def leave(lane, who, cause, w, at_t, at_y, at_x, time, y, x, control, status, counts, steps):
    """Writes back where a lane's patient stands, no step being kept, with the cause of its failure or 0, and frees the lane."""
    i = who[lane]
    status[i] = cause
    control[i, 4] = 0.0
    time[i] = w[at_t, lane]
    take(w, at_y, lane, y, i, 0, y.shape[1])
    take(w, at_x, lane, x, i, 0, x.shape[1])
    counts[i, 0] += steps[lane, 0]
    counts[i, 1] += steps[lane, 1]
    who[lane] = -1


@njit("void(i8[::1],i8[::1],i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],f8[::1],f8[:,::1],f8[:,::1])", **OPTIONS)
def settle(functions, layout, first, last, prepared, held, x, time, control, y):
    """The states at ``time`` of patients ``first`` to ``last``: within the step that reaches beyond it, which is made again, or where they stand."""
    attempt, bend, within = functions[0], functions[4], functions[5]
    T, H, WHEN, RTOL, Y, G = layout[0], layout[1], layout[2], layout[4], layout[6], layout[8]
    X, Q, ATOL, N_ROWS, LANES = layout[9], layout[10], layout[11], layout[16], layout[17]
    w = np.zeros((N_ROWS, LANES))
    w[H, :] = w[RTOL, :] = 1.0
    w[ATOL:ATOL + y.shape[1], :] = 1.0
    for group in range(first, last, LANES):
        for lane in range(min(LANES, last - group)):
            i = group + lane
            kept = control[i, 4] > 0.0
            w[T, lane], w[H, lane] = (control[i, 3], control[i, 4]) if kept else (time[i], 1.0)
            w[WHEN, lane] = time[i]
            put(w, Y, lane, held, i, 0, held.shape[1])
            put(w, X, lane, x, i, 0, x.shape[1])
            put(w, Q, lane, prepared, i, 0, prepared.shape[1])
        call_one(attempt, w)
        call_one(bend, w)
        call_one(within, w)
        for lane in range(min(LANES, last - group)):
            i = group + lane
            for j in range(y.shape[1]):
                y[i, j] = w[G + j, lane] if control[i, 4] > 0.0 else held[i, j]


@njit(
    "void(i8[::1],i8[::1],i8[::1],i8[::1],i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],f8[::1],f8[:,::1],f8[:,::1],f8[::1],i8[::1],"
    "f8[::1],i8[::1],f8[::1],f8[::1],f8,i8,i8[::1],f8[:,:,::1],f4[:,:,::1],i8[::1],i8[:,::1])",
    **OPTIONS,
)
def run(functions, layout, observed, seen, first, last, prepared, y, x, time, control, begun, times, event_start, event_time, event_target, event_amount,
        atol, rtol, most_steps, columns, values, values_single, status, counts):
    """Carries patients ``first`` to ``last`` from their times to the last of ``times``, and writes their outputs.

    A step ends where it ends: at an event that is known, and else also beyond the last time; then ``y`` is the state at its start and ``begun`` keeps for
    the next stretch the state at its end and what its outputs need.  It is taken back there when an event has come to lie within it.

    ``functions``: the addresses of STEPS; ``layout``: where its numbers lie; ``observed`` and ``seen``: the states and prepared numbers that the outputs need.
    Where only outputs are told of a step that was made before, nothing of a patient is written but its time.
    ``control`` (patients, 6): the proposed step, the logarithm of the last error, the step for the next restart; start, length and end of the step that is
    kept, of length 0 where there is none.
    ``counts`` (patients, 2): steps accepted and rejected.  The outputs of these ``columns`` go to ``values``, or to ``values_single`` where that has elements.
    """
    attempt, dense, observe, advance = functions[0], functions[1], functions[2], functions[3]
    T, H, WHEN, ERROR, RTOL, MOVES, Y, Z = layout[0], layout[1], layout[2], layout[3], layout[4], layout[5], layout[6], layout[7]
    X, Q, ATOL, DENSE, OUT, N_DENSE, N_ROWS, LANES, ORDER = (
        layout[9], layout[10], layout[11], layout[12], layout[13], layout[15], layout[16], layout[17], layout[18])
    N_STATES, N_INPUTS = y.shape[1], x.shape[1]
    now, past = NOW / ORDER, BEFORE / ORDER
    w = np.zeros((N_ROWS, LANES))
    who = np.full(LANES, -1, np.int64)
    event = np.zeros(LANES, np.int64)
    output = np.zeros(LANES, np.int64)
    due = np.zeros(LANES, np.int64)
    accepted = np.zeros(LANES, np.bool_)
    reaches = np.zeros(LANES, np.bool_)
    restarted = np.zeros(LANES, np.bool_)
    whole = np.zeros(LANES, np.bool_)
    steps = np.zeros((LANES, 2), np.int64)
    proposed, before, restart, stop, reached = np.ones(LANES), np.zeros(LANES), np.ones(LANES), np.zeros(LANES), np.zeros(LANES)
    n_times = times.shape[0]
    end = times[n_times - 1]
    single = values_single.size > 0
    following = first
    w[H, :] = 1.0
    w[RTOL, :] = rtol
    for j in range(N_STATES):
        w[ATOL + j, :] = atol[j]
    while True:
        # idle lanes take the next patients
        for lane in range(LANES):
            while who[lane] < 0 and following < last:
                i = following
                following += 1
                if status[i] != 0:
                    continue
                who[lane] = i
                proposed[lane], before[lane], restart[lane] = control[i, 0], control[i, 1], control[i, 2]
                event[lane] = event_start[i]
                while event[lane] < event_start[i + 1] and event_time[event[lane]] < time[i]:
                    event[lane] += 1
                put(w, X, lane, x, i, 0, x.shape[1])
                output[lane] = due[lane] = 0
                kept = control[i, 4] > 0.0
                accepted[lane] = kept and not (event[lane] < event_start[i + 1] and event_time[event[lane]] < control[i, 5])
                whole[lane] = not accepted[lane]
                w[T, lane] = control[i, 3] if kept else time[i]
                if accepted[lane]:
                    w[H, lane] = control[i, 4]
                    reached[lane] = control[i, 5]
                    for j in observed:
                        w[Y + j, lane], w[Z + j, lane] = y[i, j], begun[i, j]
                    for j in seen:
                        w[Q + j, lane] = prepared[i, j]
                    put(w, DENSE, lane, begun, i, N_STATES, N_DENSE)
                    while due[lane] < n_times and times[due[lane]] <= reached[lane]:
                        due[lane] += 1
                else:
                    if kept:
                        proposed[lane] = min(proposed[lane], control[i, 4])
                    elif times[0] <= time[i]:
                        due[lane] = 1
                    put(w, Y, lane, y, i, 0, N_STATES)
                    put(w, Q, lane, prepared, i, 0, prepared.shape[1])
                    for j in observed:  # 0 times what a patient before left there must be 0
                        w[Z + j, lane] = 0.0
                    for j in range(N_DENSE):
                        w[DENSE + j, lane] = 0.0
                restarted[lane] = False
                steps[lane, 0] = steps[lane, 1] = 0
        # outputs within the steps just accepted, and at the start
        most = 0
        for lane in range(LANES):
            most = max(most, due[lane])
        for k in range(most):
            for lane in range(LANES):
                w[WHEN, lane] = times[output[lane] + k] if k < due[lane] else w[T, lane]
            call_one(observe, w)
            for lane in range(LANES):
                if k < due[lane]:
                    at = output[lane] + k
                    if single:
                        tell(w, OUT, lane, columns, values_single, who[lane], at)
                    else:
                        tell(w, OUT, lane, columns, values, who[lane], at)
        # the state moves on; a step beyond the end is kept
        moves = False
        freed = 0
        for lane in range(LANES):
            w[MOVES, lane] = 0.0
            if who[lane] < 0 or not accepted[lane]:
                continue
            if reached[lane] <= end:
                moves = True
                w[MOVES, lane] = 1.0
                if not whole[lane]:
                    whole[lane] = True
                    put(w, Z, lane, begun, who[lane], 0, N_STATES)  # which is about to become y
                    put(w, Q, lane, prepared, who[lane], 0, prepared.shape[1])
                continue
            i = who[lane]
            accepted[lane] = False
            due[lane] = 0
            freed += 1
            if not whole[lane]:
                time[i] = end
                who[lane] = -1
                continue
            take(w, Z, lane, begun, i, 0, N_STATES)
            take(w, DENSE, lane, begun, i, N_STATES, N_DENSE)
            leave(lane, who, 0, w, T, Y, X, time, y, x, control, status, counts, steps)
            time[i] = end
            control[i, 0], control[i, 1], control[i, 2] = proposed[lane], before[lane], restart[lane]
            control[i, 3], control[i, 4], control[i, 5] = w[T, lane], w[H, lane], reached[lane]
        if moves:
            call_one(advance, w)
        # events; the next step
        active = 0
        for lane in range(LANES):
            if who[lane] < 0:
                continue
            i = who[lane]
            output[lane] += due[lane]
            due[lane] = 0
            if accepted[lane]:
                accepted[lane] = False
                w[T, lane] = reached[lane]
            if w[T, lane] >= end:
                control[i, 0], control[i, 1], control[i, 2] = proposed[lane], before[lane], restart[lane]
                leave(lane, who, 0, w, T, Y, X, time, y, x, control, status, counts, steps)
                freed += 1
                continue
            if steps[lane, 0] + steps[lane, 1] >= most_steps:
                leave(lane, who, TOO_MANY, w, T, Y, X, time, y, x, control, status, counts, steps)
                freed += 1
                continue
            active += 1
            stop[lane] = math.inf
            near = 1e-13 * max(1.0, abs(w[T, lane]))
            changed = False
            while event[lane] < event_start[i + 1]:
                e = event[lane]
                if event_time[e] > w[T, lane] + near or event_time[e] >= times[output[lane]]:  # an output before it is told first
                    stop[lane] = event_time[e]
                    break
                target, amount = event_target[e], event_amount[e]
                changed = True
                if target < N_STATES:
                    w[Y + target, lane] += amount
                elif target < N_STATES + N_INPUTS:
                    level = w[X + target - N_STATES, lane] + amount
                    w[X + target - N_STATES, lane] = level if abs(level) > 1e-12 * abs(amount) else 0.0
                else:
                    w[X + target - N_STATES - N_INPUTS, lane] = amount
                event[lane] += 1
            if changed:
                proposed[lane] = min(proposed[lane], restart[lane])
                before[lane] = 0.0
                restarted[lane] = True
            left = stop[lane] - w[T, lane]
            reaches[lane] = proposed[lane] >= left
            w[H, lane] = left if reaches[lane] else min(proposed[lane], 0.5 * left, max(end - w[T, lane], LONGEST))
        if freed > 0 and following < last:
            continue
        if active == 0:
            break
        call_one(attempt, w)
        # accept or reject
        any_due = False
        for lane in range(LANES):
            if who[lane] < 0:
                continue
            error, h = w[ERROR, lane], w[H, lane]
            finite = error < LARGEST
            if finite and error <= 0.0:
                steps[lane, 0] += 1
                accepted[lane] = True
                growth = min(max(SAFETY - now * error + past * before[lane], MOST_SHRINKING), MOST_GROWTH)
                grown = h * math.exp(growth)
                proposed[lane] = grown if h >= proposed[lane] else max(grown, proposed[lane])
                before[lane] = max(error, AT_FIRST)
                if restarted[lane]:
                    restarted[lane] = False
                    from_here = h * math.exp(min(SAFETY - error / ORDER, MOST_GROWTH))
                    restart[lane] = max(restart[lane], from_here) if reaches[lane] else from_here
                reached[lane] = stop[lane] if reaches[lane] else w[T, lane] + h
                k = output[lane]
                while k < n_times and times[k] <= reached[lane]:
                    k += 1
                due[lane] = k - output[lane]
                any_due = any_due or due[lane] > 0 or reached[lane] > end
            else:
                steps[lane, 1] += 1
                shrinking = max(SAFETY - error / ORDER, MOST_SHRINKING) if finite else MOST_SHRINKING
                proposed[lane] = h * math.exp(shrinking)
                if proposed[lane] < 1e-14 * max(abs(w[T, lane]), 1e-3):
                    leave(lane, who, TOO_SMALL if finite else NOT_FINITE, w, T, Y, X, time, y, x, control, status, counts, steps)
        if any_due:
            call_one(dense, w)
