"""Compiled models solved for many patients at once: checks what is asked, spreads the patients over the cores, and gathers the answer."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from tocsin.errors import ModelError, SettingError, UnknownIdError
from tocsin.model import driver
from tocsin.model.compile import STEPS
from tocsin.model.emit import Programs
from tocsin.model.events import Changes, Events
from tocsin.model.system import System
from tocsin.model.trajectories import CAUSES, Failure, Floats, State, Trajectories

MOST_STEPS = 100_000
ROUNDING = 1e-12
BLOCK = 512
"""Patients that a core takes at a time: many enough that its lanes stay full, few enough that the cores end together."""
Parameters = ArrayLike | Mapping[str, ArrayLike]


@dataclass(frozen=True)
class Compiled:
    """A model ready to solve; made by ``compile_system``."""

    system: System
    outputs: tuple[str, ...]
    lanes: int
    programs: Programs
    module: ModuleType

    def solve(
        self,
        parameters: Parameters | None = None,
        initial: ArrayLike | None = None,
        times: ArrayLike = (),
        events: Events | None = None,
        *,
        rtol: float = 1e-6,
        atol: float | ArrayLike = 1e-8,
        outputs: Sequence[str] | None = None,
        state: State | None = None,
        start: float = 0.0,
        workers: int | None = None,
        dtype: DTypeLike = np.float64,
        most_steps: int = MOST_STEPS,
    ) -> Trajectories:
        """The outputs of every patient at ``times`` (days, rising).

        Args:
            parameters: (N, P), (P,) for one patient, or values by name: a number for all or N numbers; what is not named has the system's value.
            initial: the states at ``start`` (N, S) or (S,); by the system's expressions when absent.
            times: when outputs are wanted; the last one ends the stretch.
            events: doses and inputs.  Those from the beginning of the stretch up to, not at, its end are given; one at the end belongs to the next stretch.
                When a run goes on, only new ones: what was told before is kept with the state.
            rtol: relative error allowed in a step; with ``atol`` (a number, or one a state) the error norm is the root mean square over the states.
            atol: absolute error allowed in a step.
            outputs: some of the compiled outputs; all when absent.
            state: where an earlier stretch ended: goes on from there.  ``parameters`` are then kept when absent and replaced when given.
            start: the day at which the initial states hold, when no state is given.
            workers: how many threads; every core when absent.
            dtype: of the values, float64 or float32.  All is computed in float64.
            most_steps: a patient that needs more in this stretch fails.

        Raises:
            ModelError: shapes, times, parameters or doses that are impossible: names the patient and the cause.
            UnknownIdError: a parameter, output, state or input that the system does not have.

        A patient that diverges is no error: it stands in ``failures`` and its values are missing from there on; the others finish.
        """
        at = checked_times(times)
        single = _single(dtype)
        columns = self._columns(outputs)
        if not rtol > 0 or not rtol < 1:
            raise SettingError(f"rtol is {rtol!r}; it must lie between 0 and 1 (1e-6 is usual).")
        absolute = np.full(len(self.system.states), atol, np.float64)
        if not (absolute > 0).all():
            raise SettingError("atol must be above 0: without it a state near 0 has no tolerance.")
        now = self.begin(parameters, initial, start) if state is None else self._resume(state, parameters, initial)
        n = len(now)
        late = now.time > at[0]
        if (late & (now.status == 0)).any():
            i = int(np.flatnonzero(late & (now.status == 0))[0])
            raise ModelError(f"Patient {i} stands at day {now.time[i]:g}, after the first time asked for, {at[0]:g}.\n  Ask from there on, or set start.")
        now.tell(events, self.system, resumed=state is not None)
        ahead = now.ahead
        spread = _spread(n, workers)
        if state is None:
            first = np.empty(n)
            spread(lambda a, b: driver.first_steps(self.module.rates.address, a, b, now.prepared, now.held, now.inputs, now.time, first, absolute, rtol))
            now.control[:, 0] = first
            now.control[:, 2] = first
        shape = (n, len(at), len(columns))
        none = (0, 0, 0)
        values, values_single = np.empty(none if single else shape), np.empty(shape if single else none, np.float32)
        gone = now.status != 0
        spread(lambda a, b: driver.run(
            self._functions, self._layout, self._observed, self._seen, a, b, now.prepared, now.held, now.inputs, now.time, now.control, now.begun, at,
            ahead.start, ahead.time, ahead.target, ahead.amount, absolute, rtol, most_steps, columns, values, values_single, now.status, now.steps,
        ))
        kept = values_single if single else values
        failed = [int(i) for i in np.flatnonzero(now.status)]
        for patient in failed:
            kept[patient, (at > now.time[patient]) | gone[patient]] = np.nan
        failures = tuple(Failure(i, float(now.time[i]), CAUSES[int(now.status[i])]) for i in failed)
        return Trajectories(at, kept, tuple(self.outputs[c] for c in columns), now, failures)

    def rates(self, time: float, y: ArrayLike, parameters: ArrayLike, inputs: ArrayLike = ()) -> Floats:
        """The rates of change (S,) of one patient."""
        return self._single(self.module.rates.address, len(self.system.states), time, y, parameters, inputs)

    def jacobian(self, time: float, y: ArrayLike, parameters: ArrayLike, inputs: ArrayLike = ()) -> Floats:
        """The derivatives (S, S) of the rates of one patient: row, the rate; column, the state."""
        full = np.zeros((len(self.system.states), len(self.system.states)))
        entries = self._single(self.module.jacobian.address, len(self.programs.entries), time, y, parameters, inputs)
        for (i, j), value in zip(self.programs.entries, entries, strict=True):
            full[i, j] = value
        return full

    def initial_states(self, parameters: Parameters | None = None) -> Floats:
        """The states (N, S) at the start, by the system's expressions."""
        return self.begin(parameters, None, 0.0).held

    def prepared(self, parameters: Parameters) -> Floats:
        """What the compiled code keeps of each patient's parameters: (N, .)."""
        return self.begin(parameters, None, 0.0).prepared

    def _single(self, address: int, size: int, time: float, y: ArrayLike, parameters: ArrayLike, inputs: ArrayLike) -> Floats:
        out = np.zeros(size)
        x = np.zeros(max(1, len(self.system.inputs)))
        x[:np.size(inputs)] = inputs
        driver.one(address, self.prepared(parameters)[0], np.ascontiguousarray(y, np.float64), x, np.array([float(time)]), out)
        return out

    @cached_property
    def _layout(self) -> NDArray[np.int64]:
        return np.array(self.module.LAYOUT, np.int64)

    @cached_property
    def _observed(self) -> NDArray[np.int64]:
        return np.array(self.module.KERNEL.observed, np.int64)

    @cached_property
    def _seen(self) -> NDArray[np.int64]:
        return np.array(self.module.KERNEL.seen, np.int64)

    @cached_property
    def _functions(self) -> NDArray[np.int64]:
        return np.array([getattr(self.module, name).address for name in STEPS], np.int64)

    def _begun(self, n: int) -> Floats:
        """Room for a step of each of ``n`` patients that reaches beyond a stretch."""
        kernel = self.module.KERNEL
        return np.empty((n, len(self.system.states) + len(kernel.observed) * len(kernel.tableau.h)))

    def _settled(self, state: State) -> Floats:
        """The states (N, S) at the time at which patients stand."""
        y = np.empty_like(state.held)
        driver.settle(self._functions, self._layout, 0, len(y), state.prepared, state.held, state.inputs, state.time, state.control, y)
        y.flags.writeable = False
        return y

    # ------------------------------------------------------------ what is asked

    def _columns(self, outputs: Sequence[str] | None) -> NDArray[np.int64]:
        if outputs is None:
            return np.arange(len(self.outputs), dtype=np.int64)
        for name in outputs:
            if name not in self.outputs:
                raise UnknownIdError("compiled output", name, self.outputs, "compile_system(system, outputs=...)")
        return np.array([self.outputs.index(name) for name in outputs], np.int64)

    def _parameters(self, parameters: Parameters | None) -> Floats:
        names = self.system.parameter_names
        if parameters is None:
            parameters = {}
        if isinstance(parameters, Mapping):
            for name in parameters:
                if name not in names:
                    raise UnknownIdError("parameter", name, names)
            given = {name: np.atleast_1d(_numbers(name, value)) for name, value in parameters.items()}
            n = max((len(value) for value in given.values()), default=1)
            table = np.tile(np.array([p.value for p in self.system.parameters], np.float64), (n, 1))
            for name, value in given.items():
                if value.ndim != 1 or len(value) not in (1, n):
                    raise ModelError(f"The parameter {name} has {np.shape(value)} values where there are {n} patients.\n  Give one number, or one a patient.")
                table[:, names.index(name)] = value
        else:
            table = np.atleast_2d(np.ascontiguousarray(_numbers("parameters", parameters)))
            if table.ndim != 2 or table.shape[1] != len(names):
                raise ModelError(f"The parameters have the shape {table.shape}; {self.system.name} needs (patients, {len(names)}).")
        if not np.isfinite(table).all():
            i, k = (int(v) for v in np.argwhere(~np.isfinite(table))[0])
            raise ModelError(f"Patient {i}: the parameter {names[k]} is {table[i, k]}.\n  Every parameter must be a finite number.")
        low, high = self._bounds
        outside = (table < low) | (table > high)
        if outside.any():
            i, k = (int(v) for v in np.argwhere(outside)[0])
            p = self.system.parameters[k]
            least, most = ("any number" if bound is None else f"{bound:g}" for bound in (p.low, p.high))
            raise ModelError(
                f"Patient {i}: the parameter {p.name} is {table[i, k]:g}{' ' + p.unit if p.unit != '1' else ''}, outside its bounds, {least} to {most}.\n"
                "  Is it in this unit?  A value beyond the bounds has no meaning in the equations."
            )
        return table

    @cached_property
    def _bounds(self) -> tuple[Floats, Floats]:
        """The least and the largest value of each parameter, a rounding wider."""
        low = np.array([-np.inf if p.low is None else p.low for p in self.system.parameters])
        high = np.array([np.inf if p.high is None else p.high for p in self.system.parameters])
        return low - ROUNDING * np.abs(low), high + ROUNDING * np.abs(high)

    def begin(self, parameters: Parameters | None, initial: ArrayLike | None, start: float) -> State:
        """Where patients stand at the start; ModelError for what is impossible."""
        table = self._parameters(parameters)
        states = self.system.state_names
        given = None if initial is None else np.atleast_2d(np.asarray(initial, np.float64))
        if given is not None and given.shape[1:] != (len(states),):
            raise ModelError(f"The initial states have the shape {given.shape}; {self.system.name} needs (patients, {len(states)}).")
        n = max(len(table), 1 if given is None else len(given))
        for what, rows in (("parameters", len(table)), ("initial states", n if given is None else len(given))):
            if rows not in (1, n):
                raise ModelError(f"There are {n} patients but {rows} rows of {what}.\n  Give one row, or one a patient.")
        table = np.require(np.broadcast_to(table, (n, table.shape[1])), requirements=["C", "W"])
        y = np.zeros((n, len(states))) if given is None else np.array(np.broadcast_to(given, (n, len(states))))
        sizes = self.programs.sizes
        prepared = np.empty((n, max(1, sizes["q"])))
        driver.prepare_all(self.module.prepare.address, self.module.initial.address, 0, n, table, prepared, y, given is None)
        self._finite_start(y, prepared)
        inputs, status, counts = np.zeros((n, max(1, sizes["x"]))), np.zeros(n, np.int64), np.zeros((n, 2), np.int64)
        return State(np.full(n, float(start)), inputs, Changes.none(n), prepared, np.zeros((n, 6)), y, self._begun(n), status, counts, self._settled)

    def _finite_start(self, y: Floats, prepared: Floats) -> None:
        states = self.system.states
        if not np.isfinite(y).all():
            i, k = (int(v) for v in np.argwhere(~np.isfinite(y))[0])
            raise ModelError(f"Patient {i}: the initial value of {states[k].name} is {y[i, k]}.\n  Look at the parameters in: {states[k].initial}")
        for k, s in enumerate(states):
            if s.positive and (y[:, k] < 0).any():
                i = int(np.flatnonzero(y[:, k] < 0)[0])
                raise ModelError(f"Patient {i}: the initial value of {s.name} is {y[i, k]:g}, which is below 0.\n  Look at the parameters in: {s.initial}")
        if not np.isfinite(prepared).all():
            i, k = (int(v) for v in np.argwhere(~np.isfinite(prepared))[0])
            what = self.programs.texts["prepare"].splitlines()
            line = next(text for text in what if text.startswith(f"q[{k}] ="))
            used = self._used(line, what)
            raise ModelError(f"Patient {i}: the equations divide by 0 or have no value for its {', '.join(used)}.\n  Look for one that is 0 or negative.")

    def _used(self, line: str, lines: Sequence[str]) -> list[str]:
        """The parameters that a line of prepare depends on."""
        made = dict(text.split(" = ") for text in lines)
        left, used = [line.split(" = ")[1]], set[int]()
        while left:
            for word in left.pop().replace("(", " ").replace(")", " ").replace("-v", " v").split():
                if word.startswith("p["):
                    used.add(int(word[2:-1]))
                elif word in made:
                    left.append(made[word])
        return [self.system.parameter_names[k] for k in sorted(used)]

    def _resume(self, state: State, parameters: Parameters | None, initial: ArrayLike | None) -> State:
        if initial is not None:
            raise ModelError("Both a state and initial values are given.\n  A run either starts or goes on.")
        if state.held.shape[1] != len(self.system.states) or state.prepared.shape[1] != max(1, self.programs.sizes["q"]):
            raise ModelError(f"The state is not one of {self.system.name} compiled with these outputs.")
        now = state.copy()
        if parameters is not None:
            table = self._parameters(parameters)
            if len(table) not in (1, len(state)):
                raise ModelError(f"There are {len(state)} patients but {len(table)} rows of parameters.\n  Give one row, or one a patient.")
            now.prepared = np.empty_like(state.prepared)
            now.held = state.y.copy()
            now.control[:, 4] = 0.0  # a step that reaches beyond was made with the parameters of before
            table = np.require(np.broadcast_to(table, (len(state), table.shape[1])), requirements=["C", "W"])
            driver.prepare_all(self.module.prepare.address, self.module.initial.address, 0, len(state), table, now.prepared, now.held, False)
            self._finite_start(now.held[:0], now.prepared)
        return now


def _numbers(what: str, value: Any) -> Floats:
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{what}: {value!r} holds what is no number.") from None


def checked_times(times: ArrayLike) -> Floats:
    """The days asked for; ModelError where they do not rise."""
    at = np.array(times, np.float64)
    if at.ndim != 1 or not len(at):
        raise ModelError(f"The times have the shape {at.shape}.\n  Give one or more days in a row.")
    rises = at[1:] > at[:-1]
    if not (rises.all() and math.isfinite(at[0]) and math.isfinite(at[-1])):
        if not np.isfinite(at).all():
            raise ModelError("A time is not a finite number.")
        i = int(np.flatnonzero(~rises)[0])
        raise ModelError(f"The times must rise: {at[i + 1]:g} follows {at[i]:g}.\n  Sort them and drop what comes twice: numpy.unique(times).")
    return at


def _single(dtype: DTypeLike) -> bool:
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise SettingError(f"Values are float64 or float32, not {kind}.")
    return bool(kind == np.float32)


def _spread(n: int, workers: int | None) -> Any:
    """A function that calls another with (first, last) for blocks of patients, on every core."""
    if workers is not None and workers < 1:
        raise SettingError(f"workers is {workers}; give 1 or more, or leave it out for every core.")
    cores = workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    size = max(1, min(BLOCK, -(-n // cores)))
    blocks = [(a, min(a + size, n)) for a in range(0, n, size)]

    def spread(function: Callable[[int, int], None]) -> None:
        if cores == 1 or len(blocks) == 1:
            for a, b in blocks:
                function(a, b)
            return
        with ThreadPoolExecutor(min(cores, len(blocks))) as pool:
            for done in [pool.submit(function, a, b) for a, b in blocks]:
                done.result()

    return spread
