"""Measures the solver of the mechanistic model against SciPy and libRoadRunner: same model, parameters, doses, tolerance and hourly outputs over 60 days.

python benchmarks/simulate.py                 the whole table
python benchmarks/simulate.py --quick         fewer patients, no growth

Ratios are of processor time on one core.  The error of a run is, for each patient, output and hour, |value - reference| / (|reference| + 1e-3 peak), the
reference being this solver at rtol 1e-10, itself compared with SciPy's.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from tocsin.model.compile import compile_system
from tocsin.model.events import Events
from tocsin.model.solver import Compiled
from tocsin.model.system import Input, Parameter, State, System

RTOL, ATOL, DAYS = 1e-6, 1e-8, 60
HOURS = np.arange(DAYS * 24 + 1) / 24.0
OUTPUTS = 6


def stand_in() -> System:
    """24 states of several time scales: cells, six cytokines with production, saturable receptors and clearance, drugs that bind, slow markers."""
    values = {"grow": 0.9, "most": 50.0, "die": 0.3, "turn": 0.02, "kill": 0.4, "half": 5.0, "kon": 2000.0, "koff": 300.0, "make": 3.0, "clear": 20.0,
              "slow": 0.3, "drug_clear": 0.2, "drug_move": 1.5}
    states = [("car", "1e-3", "grow * car * tumour / (half + tumour) * (1 - car / most) - die * car"), ("memory", "0", "turn * car - turn * memory / 10"),
              ("tumour", "40", "0.1 * tumour * (1 - tumour / 100) - kill * car * tumour / (half + tumour)"),
              ("macrophage", "1", "car * kill * tumour / (half + tumour) + 1 - macrophage")]
    for k in range(6):
        before = "car" if k == 0 else f"cytokine{k - 1}"
        block = "free" if k == 2 else f"receptor{k}"
        states.append((f"cytokine{k}", "0.1", f"make * {before}^2 / (half^2 + {before}^2) * macrophage - clear * cytokine{k} * {block}"))
    states += [(f"receptor{k}", "1", f"slow * (1 - receptor{k}) - slow * cytokine{k} * receptor{k} / (half + cytokine{k})") for k in range(6)]
    states += [("free", "1", "-kon * free * drug / 100 + koff * bound + slow * (1 - free - bound)"),
               ("bound", "0", "kon * free * drug / 100 - koff * bound - slow * bound"),
               ("drug", "0", "infusion - drug_clear * drug - drug_move * (drug - far)"), ("far", "0", "drug_move * (drug - far)"),
               ("steroid", "0", "-5 * steroid"), ("marker1", "1", "slow * (1 + cytokine2 - marker1)"),
               ("marker2", "1", "slow * (1 + marker1 * cytokine5 - marker2)"),
               ("heat", "0", "clear * (cytokine0 + cytokine2) / (half + cytokine0 + cytokine2) / (1 + steroid) - clear * heat")]
    return System(
        "stand_in", tuple(State(n, "1", "", initial=i, rate=r) for n, i, r in states),
        tuple(Parameter(n, "1", "", "assumed", "assumed", value=v, cv=0.3) for n, v in values.items()), inputs=(Input("infusion", "1", ""),),
        outputs=("car", "cytokine0", "cytokine2", "marker1", "marker2", "heat"),
    )


def subject() -> tuple[System, tuple[tuple[str, float, float], ...]]:
    """The model, and its doses as (target, amount, duration in days): an infusion, then two that are given at once."""
    try:
        from tocsin.model.load import load
    except ImportError:
        return stand_in(), (("infusion", 100.0, 1 / 24), ("steroid", 1.0, 0.0), ("steroid", 0.5, 0.0))
    return load(), (("tocilizumab_rate", 560.0, 1 / 24), ("dexamethasone", 10.0, 0.0), ("ruxolitinib_gut", 10.0, 0.0))


def drawn(system: System, n: int, seed: int = 1) -> np.ndarray:
    """Log-normal parameters within their bounds."""
    rng = np.random.default_rng(seed)
    values, cv = (np.array([getattr(p, what) for p in system.parameters]) for what in ("value", "cv"))
    table = values * np.exp(rng.normal(size=(n, len(values))) * np.sqrt(np.log1p(np.minimum(cv, 0.5) ** 2)))
    low = np.array([-np.inf if p.low is None else p.low for p in system.parameters])
    high = np.array([np.inf if p.high is None else p.high for p in system.parameters])
    return np.clip(table, low, high)


def dosed(kinds: tuple[tuple[str, float, float], ...], n: int, seed: int = 2) -> Events:
    """About 12 doses a patient at whole hours: 0 to 3 of the first, courses of the second every 8 h in a half, of the third every 12 h in a fifth."""
    rng = np.random.default_rng(seed)
    columns: list[tuple[int, float, int]] = []
    for i in range(n):
        day = rng.integers(72, 240) / 24
        columns += [(i, day + j / 2, 0) for j in range(rng.integers(0, 4))]
        columns += [(i, day + 1 + j / 3, 1) for j in range(15 * (i % 2))]
        columns += [(i, day + 3 + j / 2, 2) for j in range(14 if i % 5 == 0 else 0)]
    patient, at, kind = (np.array(c) for c in zip(*columns, strict=True))
    amounts, durations = (np.array([of[which] for of in kinds])[kind] for which in (1, 2))
    return Events.make(patient, np.round(at * 24) / 24, [kinds[k][0] for k in kind], amounts, durations)


def first_of(events: Events, n: int) -> Events:
    keep = events.patient < n
    return Events(*(getattr(events, name)[keep] for name in ("patient", "time", "target", "amount", "duration")), events.names)


def cpu(task: Callable[[], Any], times: int = 7) -> tuple[float, Any]:
    """(the least processor seconds, as other work on the machine can only add to them; the last result)."""
    spent = []
    for _ in range(times):
        begin = time.process_time()
        result = task()
        spent.append(time.process_time() - begin)
    return min(spent), result


def error(values: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """(the median over everything, the median over patients of the largest, the largest)."""
    wrong = np.abs(values - truth) / (np.abs(truth) + 1e-3 * np.abs(truth).max(axis=1, keepdims=True) + 1e-30)
    return float(np.median(wrong)), float(np.median(wrong.max(axis=(1, 2)))), float(wrong.max())


def changes_of(events: Events, patient: int) -> list[tuple[int, str, float]]:
    """(hour, target, amount added) of one patient, in order."""
    found = []
    for i in np.flatnonzero(events.patient == patient):
        name, lasts = events.names[events.target[i]], events.duration[i]
        rate = events.amount[i] / lasts if lasts else events.amount[i]
        found.append((round(events.time[i] * 24), name, rate))
        if lasts:
            found.append((round((events.time[i] + lasts) * 24), name, -rate))
    return sorted(found)


def lsoda(model: Compiled, parameters: np.ndarray, events: Events, rtol: float = RTOL, atol: float = ATOL) -> np.ndarray:
    """SciPy's LSODA, from dose to dose, with the compiled right-hand side of this model."""
    from scipy.integrate import solve_ivp

    from tocsin.model import driver

    system, address = model.system, model.module.rates.address
    at = [system.state_names.index(n) for n in model.outputs if n in system.state_names]
    rate, now = np.zeros(len(system.states)), np.zeros(1)
    rows = []
    for i, row in enumerate(parameters):
        q, y, x = model.prepared(row)[0], model.initial_states(row)[0], np.zeros(max(1, len(system.inputs)))

        def rates(t: float, y: np.ndarray, q: np.ndarray = q, x: np.ndarray = x) -> np.ndarray:
            now[0] = t
            driver.one(address, q, y, x, now, rate)
            return rate.copy()

        stops = changes_of(events, i)
        edges = sorted({0, len(HOURS) - 1, *(hour for hour, _, _ in stops)})
        kept = np.empty((len(HOURS), len(at)))
        for a, b in pairwise(edges):
            for _, name, amount in (s for s in stops if s[0] == a):
                if name in system.state_names:
                    y[system.state_names.index(name)] += amount
                else:
                    x[system.input_names.index(name)] += amount
            solved = solve_ivp(rates, (HOURS[a], HOURS[b]), y, "LSODA", HOURS[a:b + 1], rtol=rtol, atol=atol).y
            kept[a + (a > 0):b + 1] = solved[at, (1 if a > 0 else 0):].T
            y = solved[:, -1].copy()
        rows.append(kept)
    return np.array(rows)


def antimony_text(system: System) -> str:
    lines = [f"{p.name} = {p.value!r}" for p in system.parameters] + [f"{x.name} = 0" for x in system.inputs]
    lines += [f"{a.name} := {a.expression}" for a in system.assigned]
    return "\n".join(lines + [f"{s.name} = {s.initial}\n{s.name}' = {s.rate}" for s in system.states])


def libroadrunner(model: Compiled, parameters: np.ndarray, events: Events) -> tuple[float, np.ndarray]:
    """(processor seconds of simulating, values): CVODE with its compiled right-hand side, paused at each dose."""
    import antimony
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)

    system = model.system
    names = [n for n in model.outputs if n in system.state_names]
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(antimony_text(system)) < 0:
        raise RuntimeError(antimony.getLastError())
    runner = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = RTOL, ATOL
    initial = model.initial_states(parameters)
    rows, spent = [], 0.0
    for i, row in enumerate(parameters):
        runner.resetAll()
        for name, value in zip(system.parameter_names, row, strict=True):
            runner[name] = value
        for name, value in zip(system.state_names, initial[i], strict=True):
            runner[name] = value
        for x in system.input_names:
            runner[x] = 0.0
        stops = changes_of(events, i)
        edges = sorted({0, len(HOURS) - 1, *(hour for hour, _, _ in stops)})
        kept = np.empty((len(HOURS), len(names)))
        begin = time.process_time()
        for a, b in pairwise(edges):
            for _, name, amount in (s for s in stops if s[0] == a):
                runner[name] = runner[name] + amount
            part = np.asarray(runner.simulate(HOURS[a], HOURS[b], b - a + 1, names))
            kept[a + (a > 0):b + 1] = part[(1 if a > 0 else 0):]
        spent += time.process_time() - begin
        rows.append(kept)
    return spent, np.array(rows)


def every_six_hours(model: Compiled, parameters: np.ndarray, events: Events) -> None:
    state = None
    for stretch in range(DAYS * 4):
        times = HOURS[stretch * 6 + (stretch > 0):stretch * 6 + 7]
        state = model.solve(parameters if state is None else None, None, times, events, rtol=RTOL, atol=ATOL, state=state, workers=1).state


def same_patients(model: Compiled, parameters: np.ndarray, events: Events, k: int, times: int = 32) -> float:
    """Processor seconds a patient for the first ``k`` patients, each ``times`` over, so that the lanes are full."""
    few = first_of(events, k)
    copies = np.repeat(np.arange(times) * k, len(few))
    columns = (np.tile(getattr(few, name), times) for name in ("time", "target", "amount", "duration"))
    many = Events(np.tile(few.patient, times) + copies, *columns, few.names)
    table = np.tile(parameters[:k], (times, 1))
    return cpu(lambda: model.solve(table, None, HOURS, many, rtol=RTOL, atol=ATOL, workers=1))[0] / (k * times)


def start_time(lanes: int, directory: str) -> float:
    """Seconds from the start of a process until the model has been solved for one patient."""
    code = f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n" \
           f"import simulate\nsimulate.compile_system(simulate.subject()[0], {lanes}).solve(None, None, [0.0, 1.0])"
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"TOCSIN_CACHE": directory, "NUMBA_CACHE_DIR": directory})
    return time.perf_counter() - begin


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    quick = options.parse_args().quick
    system, kinds = subject()
    names = tuple(n for n in system.outputs if n in system.state_names)[:OUTPUTS]
    n = 256 if quick else 1024
    parameters, events = drawn(system, n), dosed(kinds, n)
    print(f"{system.name}: {len(system.states)} states, {len(system.parameters)} parameters, {len(events) / n:.1f} doses a patient; outputs {', '.join(names)}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as directory:
        print(f"start without a cache {start_time(4, directory):.1f} s, from the cache {start_time(4, directory):.2f} s")

    model = compile_system(system, 4, outputs=names)
    truth = model.solve(parameters[:256], None, HOURS, first_of(events, 256), rtol=1e-10, atol=1e-12).values
    few, fewer = 16, 8
    strict = lsoda(model, parameters[:2], first_of(events, 2), 1e-10, 1e-12)
    print(f"reference against SciPy LSODA at rtol 1e-10, 2 patients: largest error {error(truth[:2], strict)[2]:.1e}")
    for lanes in (4, 1):
        one = compile_system(system, lanes, outputs=names)
        seconds, run = cpu(lambda one=one: one.solve(parameters, None, HOURS, events, rtol=RTOL, atol=ATOL, workers=1))
        steps = run.state.steps.mean(axis=0)
        print(f"this, {lanes} lanes: {seconds / n * 1e3:.3f} ms, {n / seconds:.0f} /core-s, {steps[0]:.0f}+{steps[1]:.1f} steps, failures {len(run.failures)}, "
              f"errors {error(run.values[:256], truth)}")
    one_of, eight_of = (same_patients(model, parameters, events, k) for k in (few, fewer))
    begin = time.perf_counter()
    model.solve(parameters, None, HOURS, events, rtol=RTOL, atol=ATOL)
    print(f"this, 4 lanes, every core: {n / (time.perf_counter() - begin):.0f} /s")
    seconds, values = cpu(lambda: lsoda(model, parameters[:few], first_of(events, few)), 3)
    print(f"SciPy LSODA: {seconds / few * 1e3:.1f} ms, ratio on the same patients {seconds / few / one_of:.0f}, errors {error(values, truth[:few])}")
    few_events = first_of(events, fewer)
    seconds, values = min((libroadrunner(model, parameters[:fewer], few_events) for _ in range(3)), key=lambda run: run[0])
    print(f"libRoadRunner: {seconds / fewer * 1e3:.1f} ms, ratio on the same patients {seconds / fewer / eight_of:.0f}, "
          f"errors {error(values, truth[:fewer])}")
    m = n
    plain, _ = cpu(lambda: model.solve(parameters[:m], None, HOURS, first_of(events, m), rtol=RTOL, atol=ATOL, workers=1))
    often, _ = cpu(lambda: every_six_hours(model, parameters[:m], first_of(events, m)))
    print(f"decisions every 6 h: {often / plain - 1:+.0%}")
    for size in () if quick else (100, 1_000, 10_000, 100_000):
        begin, done = time.perf_counter(), 0
        while done < size:
            k = min(5000, size - done)
            table, given = drawn(system, k, done), dosed(kinds, k, done)
            model.solve(table, None, HOURS, given, rtol=RTOL, atol=ATOL, dtype=np.float32)
            done += k
        spent = time.perf_counter() - begin
        print(f"{size} patients: {spent:.1f} s, {size / spent:.0f} /s with drawing and doses, peak memory {peak():.0f} MB, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
