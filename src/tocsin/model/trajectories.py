"""What a simulation gives back: the outputs, where each patient stands, and who failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.events import Changes, Events, changes
from tocsin.model.system import System

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
CAUSES = {
    1: "the step became too small: the equations have no smooth solution here",
    2: "a number that is not finite: look for a division by 0 or a state that grows without bound",
    3: "too many steps; allow more with most_steps, or a looser tolerance",
}


@dataclass(frozen=True)
class Failure:
    """A patient whose equations could not be followed beyond ``time`` (days), and why."""

    patient: int
    time: float
    cause: str

    def __str__(self) -> str:
        return f"patient {self.patient}, day {self.time:g}: {self.cause}"


@dataclass
class State:
    """Where each of N patients stands; ``solve(..., state=state)`` goes on from here and leaves this object as it is.

    time (N,) days; y (N, states); inputs (N, inputs); ahead the changes by the doses told so far, those that lie behind among them; status (N,) 0 or the cause
    of a failure; steps (N, 2) accepted and rejected so far.  The rest is the solver's: prepared (N, .) what depends on parameters only; control (N, 6) the next
    step, and from where to where the one goes that reaches beyond ``time``; held (N, states) where that one begins, or y where there is none; begun (N, .)
    where it leads.
    """

    time: Floats
    inputs: Floats
    ahead: Changes
    prepared: Floats
    control: Floats
    held: Floats
    begun: Floats
    status: Integers
    steps: Integers
    settled: Callable[[State], Floats] = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.time)

    @cached_property
    def y(self) -> Floats:
        """The states (N, states) at ``time``; they are computed when they are asked for, and cannot be written to."""
        return self.settled(self)

    def tell(self, events: Events | None, system: System, resumed: bool) -> None:
        """Adds what events mean to the changes that lie ahead; ModelError for one that is impossible or lies behind."""
        if events is None or not len(events):
            return
        new = changes(events, system, len(self))
        some = np.flatnonzero(np.diff(new.start))
        first = new.time[new.start[some]]
        behind = (first < self.time[some]) & (self.status[some] == 0)
        if behind.any():
            k = int(np.flatnonzero(behind)[0])
            i, day, now = int(some[k]), first[k], self.time[some[k]]
            if not resumed:
                raise ModelError(f"Patient {i}: a dose on day {day:.12g} lies before the start, day {now:.12g}.\n  Set start to an earlier day.")
            raise ModelError(f"Patient {i} stands at day {now:.12g}, and a dose on day {day:.12g} lies behind it.\n"
                             "  Tell only new doses when a run goes on; those told before are kept with the state.")
        self.ahead = self.ahead.and_also(new, self.time)

    def copy(self) -> State:
        """An independent copy; what depends on parameters only and the changes are shared, as they are never written to."""
        copies: dict[str, Any] = {name: getattr(self, name).copy() for name in ARRAYS if name != "prepared"}
        return replace(self, **copies)

    def __getitem__(self, patients: slice | Sequence[int] | Integers) -> State:
        """The patients of these rows, as copies; a row may come twice, which makes two arms of one patient."""
        rows = patients if isinstance(patients, slice) else np.asarray(patients) if len(patients) else np.zeros(0, np.int64)
        copies: dict[str, Any] = {name: np.ascontiguousarray(getattr(self, name)[rows]).copy() for name in ARRAYS}
        return replace(self, ahead=self.ahead[rows], **copies)


ARRAYS = tuple(f.name for f in fields(State) if f.name not in ("ahead", "settled"))


@dataclass(frozen=True)
class Trajectories:
    """The outputs of N patients at T times: ``values`` (N, T, K), missing (NaN) from where a patient failed; ``state`` at the last time."""

    times: Floats
    values: NDArray[np.floating]
    names: tuple[str, ...]
    state: State
    failures: tuple[Failure, ...] = field(default=())

    def __getitem__(self, name: str) -> NDArray[np.floating]:
        """One output: (N, T)."""
        if name not in self.names:
            raise UnknownIdError("output", name, self.names)
        return np.asarray(self.values[:, :, self.names.index(name)])
