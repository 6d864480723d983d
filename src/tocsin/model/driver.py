"""The loop around the steps: a lane a patient, each with its own time and step; a finished lane takes the next patient.

This file is a pattern: ``compile_system`` writes it, with the programs of a model in place of the empty kernel below, into the cache directory,
and imports that copy, so that Numba keeps the machine code beside it.  It is not imported itself.
"""

import math

import numpy as np
from numba import njit

from tocsin.model.lower import Kernel, on_arrays, on_workspace

KERNEL = Kernel({}, {}, (), False, "rodas5p", 4)

LANES = KERNEL.lanes
ROWS = KERNEL.rows
N_ROWS, N_STATES, N_INPUTS, N_PREPARED = ROWS["rows"], KERNEL.sizes["y"], KERNEL.sizes["x"], KERNEL.sizes["q"]
N_DENSE = N_STATES * len(KERNEL.tableau.h)
T, H, THETA, ERROR, RTOL = ROWS["t"], ROWS["h"], ROWS["r"], ROWS["e"], ROWS["b"]
Y, Z, X, Q, ATOL, DENSE, O = ROWS["y"], ROWS["z"], ROWS["x"], ROWS["q"], ROWS["a"], ROWS["k"], ROWS["o"]  # noqa: E741

ORDER = KERNEL.tableau.embedded + 1
NOW, BEFORE = 0.7 / ORDER, 0.4 / ORDER  # the exponents of a PI step control: Hairer and Wanner, Solving ODEs II, section IV.2
SAFETY = math.log(0.9)
MOST_GROWTH, MOST_SHRINKING = math.log(8.0), math.log(0.1)
AT_FIRST = math.log(1e-4)
LARGEST = 300.0  # of the logarithm of an error that is a number
TOO_SMALL, NOT_FINITE, TOO_MANY = 1, 2, 3

prepare, initial, rates, jacobian = (on_arrays(KERNEL, name) for name in ("prepare", "initial", "rates", "jacobian"))
attempt, dense, observe = (on_workspace(KERNEL, name) for name in ("attempt", "dense", "observe"))

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": False, "boundscheck": False}


@njit("void(i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],b1)", **OPTIONS)
def prepare_all(first, last, parameters, prepared, y, with_initial):
    nothing = np.zeros(1)
    for i in range(first, last):
        prepare(parameters[i], nothing, nothing, nothing, nothing, prepared[i])
        if with_initial:
            initial(parameters[i], nothing, nothing, nothing, nothing, y[i])


@njit("void(f8[::1],f8[::1],f8[::1],f8[::1],f8[::1])", **OPTIONS)
def rates_of_one(q, y, x, t, out):
    rates(q, q, y, x, t, out)


@njit("void(f8[::1],f8[::1],f8[::1],f8[::1],f8[::1])", **OPTIONS)
def jacobian_of_one(q, y, x, t, out):
    jacobian(q, q, y, x, t, out)


@njit("void(i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],f8[::1],f8[::1],f8[::1],f8)", **OPTIONS)
def first_steps(first, last, prepared, y, x, t, h, atol, rtol):
    """A first step in which no state changes by more than a hundredth of itself or of its tolerance."""
    rate = np.empty(N_STATES)
    for i in range(first, last):
        rates(prepared[i], prepared[i], y[i], x[i], t[i:i + 1], rate)
        size = 0.0
        speed = 0.0
        for j in range(N_STATES):
            scale = atol[j] + rtol * abs(y[i, j])
            size += (y[i, j] / scale) ** 2
            speed += (rate[j] / scale) ** 2
        size, speed = math.sqrt(size / N_STATES), math.sqrt(speed / N_STATES)
        h[i] = 0.01 * max(size, 1.0) / speed if speed > 1e-5 else 1e-3
        if not h[i] < math.inf:
            h[i] = 1e-6


@njit(nogil=True, error_model="numpy")
def leave(lane, who, cause, w, time, y, x, status, counts, steps):
    """Writes back where a lane's patient stands, with the cause of its failure or 0, and frees the lane."""
    i = who[lane]
    status[i] = cause
    time[i] = w[T, lane]
    for j in range(N_STATES):
        y[i, j] = w[Y + j, lane]
    for j in range(N_INPUTS):
        x[i, j] = w[X + j, lane]
    counts[i, 0] += steps[lane, 0]
    counts[i, 1] += steps[lane, 1]
    who[lane] = -1


@njit(
    "void(i8,i8,f8[:,::1],f8[:,::1],f8[:,::1],f8[::1],f8[:,::1],f8[::1],i8[::1],f8[::1],i8[::1],f8[::1],f8[::1],f8,i8,i8[::1],f8[:,:,::1],f4[:,:,::1],i8[::1],i8[:,::1])",
    **OPTIONS,
)
def run(first, last, prepared, y, x, time, control, times, event_start, event_time, event_target, event_amount, atol, rtol, most_steps,
        columns, values, values_single, status, counts):
    """Carries patients ``first`` to ``last`` from their times to the last of ``times``, and writes their outputs.

    ``control`` (patients, 3): the proposed step, the logarithm of the last error, the step that the last restart took.  ``counts`` (patients, 2): steps
    accepted and rejected.  The outputs of these ``columns`` go to ``values``, or to ``values_single`` where that has elements.
    """
    w = np.zeros((N_ROWS, LANES))
    who = np.full(LANES, -1, np.int64)
    event = np.zeros(LANES, np.int64)
    output = np.zeros(LANES, np.int64)
    due = np.zeros(LANES, np.int64)
    accepted = np.zeros(LANES, np.bool_)
    reaches = np.zeros(LANES, np.bool_)
    restarted = np.zeros(LANES, np.bool_)
    steps = np.zeros((LANES, 2), np.int64)
    proposed, before, restart, stop = np.ones(LANES), np.zeros(LANES), np.ones(LANES), np.zeros(LANES)
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
                w[T, lane] = time[i]
                for j in range(N_STATES):
                    w[Y + j, lane] = y[i, j]
                    w[Z + j, lane] = 0.0
                for j in range(N_DENSE):
                    w[DENSE + j, lane] = 0.0
                for j in range(N_INPUTS):
                    w[X + j, lane] = x[i, j]
                for j in range(N_PREPARED):
                    w[Q + j, lane] = prepared[i, j]
                proposed[lane], before[lane], restart[lane] = control[i, 0], control[i, 1], control[i, 2]
                event[lane] = event_start[i]
                while event[lane] < event_start[i + 1] and event_time[event[lane]] < time[i]:
                    event[lane] += 1
                output[lane] = 0
                due[lane] = 1 if times[0] <= time[i] else 0
                accepted[lane] = False
                restarted[lane] = False
                steps[lane, 0] = steps[lane, 1] = 0
        # outputs within the steps just accepted, and at the start
        most = 0
        for lane in range(LANES):
            most = max(most, due[lane])
        for k in range(most):
            for lane in range(LANES):
                if k < due[lane]:
                    w[THETA, lane] = min(max((times[output[lane] + k] - w[T, lane]) / w[H, lane], 0.0), 1.0)
                else:
                    w[THETA, lane] = 0.0
            observe(w)
            for lane in range(LANES):
                if k < due[lane]:
                    at = output[lane] + k
                    if single:
                        for j in range(columns.shape[0]):
                            values_single[who[lane], at, j] = w[O + columns[j], lane]
                    else:
                        for j in range(columns.shape[0]):
                            values[who[lane], at, j] = w[O + columns[j], lane]
        # the state moves on; events; the next step
        active = 0
        freed = 0
        for lane in range(LANES):
            if who[lane] < 0:
                continue
            i = who[lane]
            output[lane] += due[lane]
            due[lane] = 0
            if accepted[lane]:
                accepted[lane] = False
                w[T, lane] = stop[lane] if reaches[lane] else w[T, lane] + w[H, lane]
                for j in range(N_STATES):
                    w[Y + j, lane] = w[Z + j, lane]
            if w[T, lane] >= end:
                control[i, 0], control[i, 1], control[i, 2] = proposed[lane], before[lane], restart[lane]
                leave(lane, who, 0, w, time, y, x, status, counts, steps)
                freed += 1
                continue
            if steps[lane, 0] + steps[lane, 1] >= most_steps:
                leave(lane, who, TOO_MANY, w, time, y, x, status, counts, steps)
                freed += 1
                continue
            active += 1
            stop[lane] = end
            near = 1e-13 * max(1.0, abs(w[T, lane]))
            changed = False
            while event[lane] < event_start[i + 1]:
                e = event[lane]
                if event_time[e] > w[T, lane] + near:
                    stop[lane] = min(end, event_time[e])
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
                before[lane] = AT_FIRST
                restarted[lane] = True
            left = stop[lane] - w[T, lane]
            reaches[lane] = proposed[lane] >= left
            w[H, lane] = left if reaches[lane] else 0.5 * left if proposed[lane] > 0.5 * left else proposed[lane]
        if freed > 0 and following < last:
            continue
        if active == 0:
            break
        attempt(w)
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
                error = max(error, AT_FIRST)
                grown = h * math.exp(min(max(SAFETY - NOW * error + BEFORE * before[lane], MOST_SHRINKING), MOST_GROWTH))
                proposed[lane] = grown if h >= proposed[lane] else max(grown, proposed[lane])
                before[lane] = error
                if restarted[lane]:
                    restarted[lane] = False
                    restart[lane] = h
                reached = stop[lane] if reaches[lane] else w[T, lane] + h
                k = output[lane]
                while k < n_times and times[k] <= reached:
                    k += 1
                due[lane] = k - output[lane]
                any_due = any_due or due[lane] > 0
            else:
                steps[lane, 1] += 1
                shrinking = max(SAFETY - error / ORDER, MOST_SHRINKING) if finite else MOST_SHRINKING
                proposed[lane] = h * math.exp(shrinking)
                if proposed[lane] < 1e-14 * max(abs(w[T, lane]), 1e-3):
                    leave(lane, who, TOO_SMALL if finite else NOT_FINITE, w, time, y, x, status, counts, steps)
        if any_due:
            dense(w)
