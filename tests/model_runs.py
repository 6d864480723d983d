"""The model solved by SciPy's LSODA on a right-hand side that SymPy lambdifies: slow, obvious, and independent of the product's own solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tocsin.model.load import load
from tocsin.model.system import System

F64 = npt.NDArray[np.float64]
Dose = tuple[float, str, float]
"""Day, drug, amount in the unit of the model's table."""


class Lambdified:
    """The right-hand side, the start and every named quantity of a system as functions of numbers."""

    def __init__(self, system: System) -> None:
        sympy = pytest.importorskip("sympy")
        self.system = system
        known = {q.name: sympy.Symbol(q.name) for q in (*system.states, *system.parameters, *system.inputs)}
        for a in system.assigned:
            known[a.name] = sympy.Symbol(a.name)

        def symbolic(text: str) -> Any:
            return sympy.sympify(text.replace("^", "**"), locals={**known, "ln": sympy.log})

        self.assigned = [(known[a.name], symbolic(a.expression)) for a in system.assigned]
        p = [known[n] for n in system.parameter_names]
        y = [known[n] for n in system.state_names]
        u = [known[n] for n in system.input_names]
        names = [s for s, _ in self.assigned]
        self._step = sympy.lambdify([y, p, u, names], [symbolic(s.rate) for s in system.states], "math", cse=True)
        self._start = sympy.lambdify([p], [symbolic(s.initial) for s in system.states], "math")
        lines = ["def assigned(y, p, u):"]
        for symbols, of in ((y, "y"), (p, "p"), (u, "u")):
            lines.append(f"    {', '.join(s.name for s in symbols)}, = {of}")
        lines += [f"    {s.name} = {sympy.pycode(e, fully_qualified_modules=False)}" for s, e in self.assigned]
        lines.append(f"    return [{', '.join(s.name for s in names)}]")
        from math import exp, log, sqrt

        space: dict[str, Any] = {"exp": exp, "log": log, "sqrt": sqrt}
        exec("\n".join(lines), space)
        self._assigned = space["assigned"]
        self.nothing = [0.0] * len(u)

    def parameters(self, given: Mapping[str, float]) -> list[float]:
        assert set(given) <= set(self.system.parameter_names)
        return [given.get(p.name, p.value) for p in self.system.parameters]

    def start(self, p: Sequence[float]) -> F64:
        return np.array(self._start(p), dtype=float)

    def rate(self, _t: float, y: Sequence[float], p: Sequence[float]) -> list[float]:
        return self._step(y, p, self.nothing, self._assigned(y, p, self.nothing))

    def named(self, y: Sequence[float], p: Sequence[float]) -> dict[str, float]:
        told = dict(zip((s.name for s, _ in self.assigned), self._assigned(y, p, self.nothing), strict=True))
        return {**dict(zip(self.system.state_names, (float(v) for v in y), strict=True)), **told}


@cache
def lambdified() -> Lambdified:
    return Lambdified(load())


@dataclass(frozen=True)
class Course:
    """One patient's course: hours apart, every state and assigned quantity by name."""

    days: F64
    states: F64
    values: Mapping[str, F64]

    def __getitem__(self, name: str) -> F64:
        return self.values[name]

    def at(self, name: str, day: float) -> float:
        return float(np.interp(day, self.days, self.values[name]))

    def first_day(self, name: str, least: float) -> float:
        above = self.values[name] >= least
        return float(self.days[above.argmax()]) if above.any() else float("inf")

    def peak_day(self, name: str) -> float:
        return float(self.days[self.values[name].argmax()])


def run(doses: Sequence[Dose] = (), days: float = 28, every: float = 1 / 12, rtol: float = 1e-7, **given: float) -> Course:
    """The course of a patient with these parameters and doses; a value at a dose is the one after it."""
    from scipy.integrate import solve_ivp

    model = lambdified()
    p = model.parameters(given)
    y = model.start(p)
    names = model.named(y, p)
    asked = np.arange(0, round(days / every) + 1) * every
    stops = sorted({0.0, days, *(d for d, _, _ in doses)})
    kept = np.empty((asked.size, y.size))
    for begin, end in zip(stops, [*stops[1:], days], strict=True):
        for day, drug, amount in doses:
            if day == begin:
                how = model.system.drugs[drug]
                known = {**dict(zip(model.system.parameter_names, p, strict=True)), "size": names["size"]}
                y[model.system.state_names.index(how.target)] += amount * eval(how.factor, {}, known)  # noqa: S307
        here = (asked >= begin - 1e-12) & ((asked < end - 1e-12) | (end >= days))
        if end > begin:
            wanted = np.unique(np.clip(np.append(asked[here], end), begin, end))
            done = solve_ivp(model.rate, (begin, end), y, method="LSODA", t_eval=wanted, rtol=rtol, atol=1e-10, args=(p,))
            assert done.success, done.message
            kept[here] = done.y.T[: int(here.sum())]
            y = done.y[:, -1].copy()
    rows = [model.named(row, p) for row in kept]
    return Course(asked, kept, {n: np.array([r[n] for r in rows]) for n in rows[0]})


def every(hours: float, times: int, first: float, drug: str, amount: float) -> list[Dose]:
    """Repeated doses."""
    return [(first + i * hours / 24, drug, amount) for i in range(times)]
