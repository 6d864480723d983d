"""The module of a model for a CUDA device, written from its programs and its method.

The loop at the end is that of ``driver`` for one patient; a step ends at events and at the end of the run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tocsin.model import driver
from tocsin.model.lower import TINY, Kernel
from tocsin.model.vector import SMALLEST

HEAD = '''"""A model for a CUDA device, written by tocsin.model.cuda_text."""

import math

from numba import cuda, float64


@cuda.jit(device=True)
def inv(a):
    return 1.0 / a if a != 0.0 else math.inf


@cuda.jit(device=True)
def exp(a):
    return math.exp(709.0) if a > 709.0 else math.exp(a)


@cuda.jit(device=True)
def ln(a):
    return math.log(a) if a > 0.0 else (-math.inf if a == 0.0 else math.nan)


@cuda.jit(device=True)
def sqrt(a):
    return math.sqrt(a) if a >= 0.0 else math.nan


@cuda.jit(device=True)
def floor(a):
    return {smallest!r} if a < {smallest!r} else a
'''
PROGRAM = '''

@cuda.jit(device=True)
def {name}({arguments}):
{body}
'''
KERNEL = '''

@cuda.jit
def run(prepared, states, inputs, control, now, times, event_start, event_time, event_target, event_amount, atol, rtol, most_steps, values, status, counts):
    n = cuda.grid(1)
    if n >= now.shape[0] or status[n] != 0:
        return
    y = cuda.local.array({n}, float64)
    z = cuda.local.array({n}, float64)
    g = cuda.local.array({n}, float64)
    c = cuda.local.array({n}, float64)
    d = cuda.local.array({n}, float64)
    u = cuda.local.array(({stages}, {n}), float64)
    w = cuda.local.array({factors}, float64)
    k = cuda.local.array({bends}, float64)
    o = cuda.local.array({outputs}, float64)
    x = cuda.local.array({inputs}, float64)
    s = cuda.local.array(3, float64)
    t = cuda.local.array(1, float64)
    for j in range({n}):
        y[j] = states[j, n]
        z[j] = y[j]
        d[j] = 0.0
    for j in range({inputs}):
        x[j] = inputs[j, n]
    for j in range({bends}):
        k[j] = 0.0
    time, proposed, before, restart = now[n], control[0, n], control[1, n], control[2, n]
    end = times[times.shape[0] - 1]
    event = event_start[n]
    while event < event_start[n + 1] and event_time[event] < time:
        event += 1
    output = 0
    if times[0] <= time:
        interpolate(k, y, z, 0.0, g)
        t[0] = time
        observe(prepared, n, g, x, t, o)
        for j in range({outputs}):
            values[0, j, n] = o[j]
        output = 1
    accepted = rejected = 0
    restarted = False
    cause = 0
    while time < end:
        if accepted + rejected >= most_steps:
            cause = {many}
            break
        stop = end
        near = 1e-13 * max(1.0, abs(time))
        changed = False
        while event < event_start[n + 1]:
            if event_time[event] > time + near or event_time[event] >= times[output]:
                stop = min(end, event_time[event])
                break
            target, amount = event_target[event], event_amount[event]
            changed = True
            if target < {n}:
                y[target] += amount
            elif target < {n} + {inputs}:
                level = x[target - {n}] + amount
                x[target - {n}] = level if abs(level) > 1e-12 * abs(amount) else 0.0
            else:
                x[target - {n} - {inputs}] = amount
            event += 1
        if changed:
            proposed = min(proposed, restart)
            before = 0.0
            restarted = True
        left = stop - time
        reaches = proposed >= left
        h = left if reaches else min(proposed, 0.5 * left)
        error = attempt(prepared, n, time, h, y, x, atol, rtol, z, g, c, d, u, w, s, t)
        finite = error < {largest!r}
        if finite and error <= 0.0:
            accepted += 1
            growth = min(max({safety!r} - {now!r} * error + {past!r} * before, {shrinking!r}), {growth!r})
            grown = h * math.exp(growth)
            proposed = grown if h >= proposed else max(grown, proposed)
            before = max(error, {at_first!r})
            if restarted:
                restarted = False
                from_here = h * math.exp(min({safety!r} - error / {order!r}, {growth!r}))
                restart = max(restart, from_here) if reaches else from_here
            reached = stop if reaches else time + h
            if output < times.shape[0] and times[output] <= reached:
                dense(u, k)
            while output < times.shape[0] and times[output] <= reached:
                theta = min(max((times[output] - time) / h, 0.0), 1.0)
                interpolate(k, y, z, theta, g)
                t[0] = time + theta * h
                observe(prepared, n, g, x, t, o)
                for j in range({outputs}):
                    values[output, j, n] = o[j]
                output += 1
            time = reached
            for j in range({n}):
                y[j] = z[j]
        else:
            rejected += 1
            proposed = h * math.exp(max({safety!r} - error / {order!r}, {shrinking!r}) if finite else {shrinking!r})
            if proposed < 1e-14 * max(abs(time), 1e-3):
                cause = {small} if finite else {not_finite}
                break
    status[n] = cause
    now[n] = time
    control[0, n], control[1, n], control[2, n] = proposed, before, restart
    counts[0, n] += accepted
    counts[1, n] += rejected
    for j in range({n}):
        states[j, n] = y[j]
    for j in range({inputs}):
        inputs[j, n] = x[j]
'''
ELEMENT = re.compile(r"\b([qu])\[(\d+)\]")
INDENT = "    "


def module_text(kernel: Kernel) -> str:
    """The text of the module of a model."""
    m, n, sizes = kernel.tableau, kernel.sizes["y"], kernel.sizes
    order = m.embedded + 1
    parts = [
        HEAD.format(smallest=SMALLEST),
        _program(kernel, "first", "prepared, n, y, x, t, s, w, d, u"),
        _program(kernel, "stage", "prepared, n, y, x, t, s, w, d, c, u, k"),
        _program(kernel, "observe", "prepared, n, y, x, t, o"),
        PROGRAM.format(name="dense", arguments="u, k", body=_indented(_dense(kernel))),
        PROGRAM.format(name="interpolate", arguments="k, y, z, theta, g", body=_indented(_interpolate(kernel))),
        PROGRAM.format(name="attempt", arguments="prepared, n, time, h, y, x, atol, rtol, z, g, c, d, u, w, s, t", body=_indented(_attempt(kernel))),
        KERNEL.format(
            n=n, stages=m.stages, factors=max(1, sizes["w"]), bends=max(1, len(kernel.observed) * len(m.h)), outputs=sizes["o"], inputs=max(1, sizes["x"]),
            largest=driver.LARGEST, safety=driver.SAFETY, now=driver.NOW / order, past=driver.BEFORE / order, shrinking=driver.MOST_SHRINKING,
            growth=driver.MOST_GROWTH, at_first=driver.AT_FIRST, order=order, many=driver.TOO_MANY, small=driver.TOO_SMALL, not_finite=driver.NOT_FINITE,
        ),
    ]
    return "".join(parts)


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(INDENT + line for line in lines) or INDENT + "pass"


def _program(kernel: Kernel, name: str, arguments: str) -> str:
    """A program as a device function; a stage is row k of u, and what was prepared for patient n is column n."""
    stage = "k" if name == "stage" else "0"
    text = ELEMENT.sub(lambda found: f"prepared[{found[2]}, n]" if found[1] == "q" else f"u[{stage}, {found[2]}]", kernel.texts[name])
    return PROGRAM.format(name=name, arguments=arguments, body=_indented(text.splitlines()))


def _sum(weights: Sequence[float], of: Sequence[str]) -> str:
    return " + ".join(f"{w!r} * {name}" for w, name in zip(weights, of, strict=False) if w != 0.0) or "0.0"


def _attempt(kernel: Kernel) -> list[str]:
    """One step: the new state to z; gives the logarithm of its error norm."""
    m, n = kernel.tableau, kernel.sizes["y"]
    lines = ["s[0] = 1.0 / h", f"s[1] = s[0] * {1.0 / m.gamma!r}", f"s[2] = h * {m.gamma!r}", "t[0] = time", "first(prepared, n, y, x, t, s, w, d, u)"]
    for k in range(1, m.stages):
        adds_one = m.a[k][:-1] == m.a[k - 1] and k > 1
        earlier = [f"u[{j}, i]" for j in range(k)]
        state = f"g[i] + {_sum(m.a[k][-1:], earlier[-1:])}" if adds_one else f"y[i] + {_sum(m.a[k], earlier)}"
        lines += [f"for i in range({n}):", f"    g[i] = {state}", f"    c[i] = {_sum(m.c[k], earlier)}"]
        if kernel.timed:
            gamma = float(m.gamma_sums[k]) if abs(m.gamma_sums[k]) > 1e-12 else 0.0
            lines += [f"t[0] = time + {float(m.alpha[k])!r} * h", f"s[2] = {gamma!r} * h"]
        lines.append(f"stage(prepared, n, g, x, t, s, w, d, c, u, {k})")
    lines += [
        "total = 0.0", f"for i in range({n}):", f"    new = g[i] + u[{m.stages - 1}, i]",
        f"    scaled = u[{m.stages - 1}, i] / (atol[i] + rtol * max(abs(y[i]), abs(new)))", "    total += scaled * scaled",
        f"    z[i] = 0.0 if abs(new) < {TINY!r} else new",
    ]
    lines += [f"z[{i}] = 0.0 if z[{i}] < 0.0 else z[{i}]" for i, positive in enumerate(kernel.positive) if positive]
    return [*lines, f"return 0.5 * ln(total / {n})"]


def _dense(kernel: Kernel) -> list[str]:
    count = len(kernel.observed)
    return [
        f"k[{r * count + at}] = {_sum(weights, [f'u[{j}, {i}]' for j in range(kernel.tableau.stages)])}"
        for r, weights in enumerate(kernel.tableau.h) for at, i in enumerate(kernel.observed)
    ]


def _interpolate(kernel: Kernel) -> list[str]:
    count, lines = len(kernel.observed), ["left = 1.0 - theta"]
    for at, i in enumerate(kernel.observed):
        inner = "0.0"
        for r in reversed(range(len(kernel.tableau.h))):
            inner = f"(k[{r * count + at}] + theta * {inner})"
        lines.append(f"g[{i}] = left * y[{i}] + theta * (z[{i}] + left * {inner})")
        if kernel.positive[i]:
            lines.append(f"g[{i}] = 0.0 if g[{i}] < 0.0 else g[{i}]")
    return lines
