"""Measures the solver of the mechanistic model against SciPy and libRoadRunner: same model, parameters, doses, tolerance and hourly outputs over 60 days.

python benchmarks/simulate.py                 the whole table
python benchmarks/simulate.py --quick         fewer patients, no growth

Ratios are of processor time on one core.  The error of a run is, for each patient, output and hour, |value - reference| / (|reference| + 1e-3 peak), the
reference being this solver at rtol 1e-10, itself compared with SciPy's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tocsin.model.compile import compile_system
from tocsin.model.events import Events
from tocsin.model.solver import Compiled
from tocsin.model.system import System
from tocsin.model.trajectories import Trajectories

RTOL, DAYS = 1e-6, 60
ABSOLUTE = 0.01
"""The absolute tolerance, by the relative one."""
WANTED = 1e-5
TOLERANCES = tuple(10 ** (-4 - k / 4) for k in range(17))
HOURS = np.arange(DAYS * 24 + 1) / 24.0
OUTPUTS = 6
PAIRS = 9


def subject() -> tuple[System, tuple[tuple[str, float, float], ...]]:
    """The model, and its doses as (target, amount, duration in days): an infusion, then two that are given at once."""
    from tocsin.model.load import load

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


def solved(model: Compiled, parameters: np.ndarray | None, events: Events, times: np.ndarray = HOURS, rtol: float = RTOL, **more: Any) -> Trajectories:
    """The product's own solver, at the tolerances of every solver here."""
    return model.solve(parameters, None, times, events, rtol=rtol, atol=ABSOLUTE * rtol, **more)


def first_of(events: Events, n: int) -> Events:
    return events.where(events.patient < n)


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


def lsoda(model: Compiled, parameters: np.ndarray, events: Events, rtol: float = RTOL) -> np.ndarray:
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
            part = solve_ivp(rates, (HOURS[a], HOURS[b]), y, "LSODA", HOURS[a:b + 1], rtol=rtol, atol=ABSOLUTE * rtol).y
            kept[a + (a > 0):b + 1] = part[at, (1 if a > 0 else 0):].T
            y = part[:, -1].copy()
        rows.append(kept)
    return np.array(rows)


def antimony_text(system: System) -> str:
    lines = [f"{p.name} = {p.value!r}" for p in system.parameters] + [f"{x.name} = 0" for x in system.inputs]
    lines += [f"{a.name} := {a.expression}" for a in system.assigned]
    return "\n".join(lines + [f"{s.name} = {s.initial}\n{s.name}' = {s.rate}" for s in system.states])


def libroadrunner(model: Compiled, parameters: np.ndarray, events: Events, rtol: float = RTOL) -> tuple[float, np.ndarray]:
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
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = rtol, ABSOLUTE * rtol
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


def every_six_hours(model: Compiled, parameters: np.ndarray, decided: Sequence[Events]) -> None:
    """Stops every 6 hours, reads the outputs, and only then tells the doses of the next 6 hours."""
    found = None
    for stretch, doses in enumerate(decided):
        times = HOURS[stretch * 6 + (stretch > 0):stretch * 6 + 7]
        if found is not None and not np.isfinite(found.values[:, -1]).all():
            raise RuntimeError("a patient has no values to decide by")
        found = solved(model, parameters if found is None else None, doses, times, state=found and found.state, workers=1)


def stopped(model: Compiled, parameters: np.ndarray, events: Events) -> float:
    """What decisions every 6 hours add to the processor time of a run without."""
    decided = [events.where((events.time >= k / 4) & (events.time < (k + 1) / 4)) for k in range(DAYS * 4)]
    found = []
    for _ in range(5):
        plain, _ = cpu(lambda: solved(model, parameters, events, workers=1), 3)
        often, _ = cpu(lambda: every_six_hours(model, parameters, decided), 3)
        found.append(often / plain - 1)
    return float(np.median(found))


def same_patients(model: Compiled, parameters: np.ndarray, events: Events, k: int, rtol: float, times: int = 32) -> float:
    """Processor seconds a patient for the first ``k`` patients, each ``times`` over, so that the lanes are full."""
    few = first_of(events, k)
    copies = np.repeat(np.arange(times) * k, len(few))
    columns = (np.tile(getattr(few, name), times) for name in ("time", "target", "amount", "duration"))
    many = Events(np.tile(few.patient, times) + copies, *columns, few.names)
    table = np.tile(parameters[:k], (times, 1))
    return cpu(lambda: solved(model, table, many, rtol=rtol, workers=1))[0] / (k * times)


def start_time(lanes: int, directory: str) -> float:
    """Seconds from the start of a process until the model has been solved for one patient."""
    code = f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})\n" \
           f"import simulate\nsimulate.compile_system(simulate.subject()[0], {lanes}).solve(None, None, [0.0, 1.0])"
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"TOCSIN_CACHE": directory, "NUMBA_CACHE_DIR": directory})
    return time.perf_counter() - begin


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(size: int) -> dict[str, float]:
    """Draws and simulates this many patients in parts of 5,000, on every core."""
    system, kinds = subject()
    model = compile_system(system, 4, outputs=chosen(system))
    begin, done, failed = time.perf_counter(), 0, 0
    while done < size:
        k = min(5000, size - done)
        failed += len(solved(model, drawn(system, k, done), dosed(kinds, k, done), dtype=np.float32).failures)
        done += k
    return {"seconds": time.perf_counter() - begin, "peak_mb": peak(), "failed": failed}


def compared(n: int) -> dict[str, Any]:
    """Everything that is measured on one core, and on every core without growth."""
    system, kinds = subject()
    names, few, fewer = chosen(system), 16, 8
    parameters, events = drawn(system, n), dosed(kinds, n)
    model = compile_system(system, 4, outputs=names)
    truth = solved(model, parameters[:256], first_of(events, 256), rtol=1e-10).values
    out: dict[str, Any] = {"name": system.name, "states": len(system.states), "parameters": len(system.parameters), "doses": len(events) / n, "outputs": names}
    strict = lsoda(model, parameters[:2], first_of(events, 2), 1e-10)
    out["reference"] = error(truth[:2], strict)[2]
    for lanes in (4, 1):
        one = compile_system(system, lanes, outputs=names)
        seconds, run = cpu(lambda one=one: solved(one, parameters, events, workers=1))
        steps = run.state.steps.mean(axis=0)
        out[f"lanes{lanes}"] = {"ms": seconds / n * 1e3, "steps": steps[0], "rejected": steps[1], "failed": len(run.failures),
                                "errors": error(run.values[:256], truth)}
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        solved(model, parameters, events)
        spent.append(time.perf_counter() - begin)
    out["every_core"] = n / min(spent)
    for size in sorted({256, n}):
        out[f"decisions{size}"] = stopped(model, parameters[:size], first_of(events, size))

    def own(k: int, rtol: float) -> tuple[float, np.ndarray]:
        return 0.0, solved(model, parameters[:k], first_of(events, k), rtol=rtol).values

    def by_lsoda(rtol: float) -> tuple[float, np.ndarray]:
        return cpu(lambda: lsoda(model, parameters[:few], first_of(events, few), rtol), 1)

    def by_roadrunner(rtol: float) -> tuple[float, np.ndarray]:
        return libroadrunner(model, parameters[:fewer], first_of(events, fewer), rtol)

    def loosest(solver: Callable[[float], tuple[float, np.ndarray]]) -> float:
        """The first tolerance that keeps the median over patients of the largest error within WANTED."""
        for rtol in TOLERANCES:
            values = solver(rtol)[1]
            if error(values, truth[:len(values)])[1] <= WANTED:
                return rtol
        raise RuntimeError(f"no tolerance down to {TOLERANCES[-1]:g} keeps the error within {WANTED:g}")

    for name, peer, k in (("lsoda", by_lsoda, few), ("roadrunner", by_roadrunner, fewer)):
        for kind, mine, theirs in (("", RTOL, RTOL), ("_enough", loosest(partial(own, k)), loosest(peer))):
            ratios = []
            for _ in range(PAIRS):  # the two sides of a ratio one after the other, so that they find the machine alike
                seconds, values = peer(theirs)
                ratios.append(seconds / k / same_patients(model, parameters, events, k, mine))
            out[name + kind] = {"ms": seconds / k * 1e3, "errors": error(values, truth[:k]), "tolerances": (mine, theirs),
                                "ratio": float(np.median(ratios)), "lowest": min(ratios), "highest": max(ratios)}
    return out


def chosen(system: System) -> tuple[str, ...]:
    return tuple(n for n in system.outputs if n in system.state_names)[:OUTPUTS]


def apart(task: str, *values: int) -> dict[str, Any]:
    """A task in a process of its own; what C code prints to standard error is dropped unless it fails."""
    done = subprocess.run([sys.executable, os.path.abspath(__file__), "--task", task, *map(str, values)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{task}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def rows(quick: bool = False) -> list[tuple[str, str, str, str, str]]:
    """The table of the manual: task, time, peak memory, target, ratio."""
    with tempfile.TemporaryDirectory() as directory:
        fresh, again = start_time(4, directory), start_time(4, directory)
    n = 256 if quick else 1024
    m = apart("compared", n)
    four, one = m["lanes4"], m["lanes1"]

    def wrong(of: dict[str, Any]) -> str:
        return f"median relative error {of['errors'][0]:.0e}, median over patients of the largest {of['errors'][1]:.0e}"

    def beside(what: str, name: str, target: str) -> list[tuple[str, str, str, str, str]]:
        of, freely = m[name], m[name + "_enough"]
        mine, theirs = freely["tolerances"]
        free = f"the two at the loosest tolerance, {theirs:.2g} here and {mine:.2g} in Tocsin, that keeps that largest error within {WANTED:g}; {wrong(freely)}"
        return [(text, f"{x['ms']:.1f} ms", "", target, f"{x['ratio']:.0f} ({PAIRS} pairs: {x['lowest']:.0f} to {x['highest']:.0f})")
                for text, x in ((f"the same by {what}; {wrong(of)}", of), (free, freely))]

    found = [
        (f"one patient on one core, 60 days, {len(m['outputs'])} outputs every hour, {m['doses']:.0f} doses ({m['name']}: {m['states']} states, "
         f"{m['parameters']} parameters; {four['steps']:.0f} steps, {four['rejected']:.0f} repeated); {wrong(four)}", f"{four['ms']:.3f} ms", "", "", "1"),
        ("the same, one patient a register instead of four", f"{one['ms']:.3f} ms", "", "", f"{one['ms'] / four['ms']:.1f}"),
        *beside("SciPy LSODA with the compiled right-hand side, called through Python at each evaluation", "lsoda", "at least 100 times"),
        *beside("libRoadRunner", "roadrunner", "at least 25 times"),
        (f"the reference (tolerance 1e-10) against LSODA at 1e-10: largest error {m['reference']:.0e}", "", "", "", ""),
        (f"a decision every 6 hours (stop, outputs read, doses of the next 6 hours appended, on), {n:,} patients at a time", "", "", "< 1.7",
         f"{1 + m[f'decisions{n}']:.2f}"),
        *([] if quick else [("the same, 256 patients at a time", "", "", "< 1.7", f"{1 + m['decisions256']:.2f}")]),
        (f"{n:,} patients on {os.cpu_count()} cores", f"{m['every_core']:,.0f} a second", "", "> 4,000 a second", ""),
        ("from the start of a process to the first patient, the model being compiled", f"{fresh:.1f} s", "", "", ""),
        ("the same from the cache", f"{again:.2f} s", "", "< 3 s", ""),
    ]
    for size in (100, 1_000) if quick else (100, 1_000, 10_000, 100_000):
        g = apart("growth", size)
        found.append((f"{size:,} patients drawn, dosed and simulated on every core ({g['failed']:.0f} failed)",
                      f"{g['seconds']:.1f} s: {size / g['seconds']:,.0f} a second", f"{g['peak_mb'] / 1000:.2f} GB", "memory flat" if size > 5000 else "", ""))
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--task", nargs=2, metavar=("NAME", "PATIENTS"))
    asked = options.parse_args()
    if asked.task:
        print(json.dumps({"compared": compared, "growth": growth}[asked.task[0]](int(asked.task[1]))))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for row in rows(asked.quick):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
