"""What a simulation gives back: the outputs, where each patient stands, and who failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from tocsin.errors import UnknownIdError

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

    time (N,) days; y (N, states); inputs (N, inputs); given (N,) how many changes by doses lie behind; the rest is the solver's: prepared (N, .) what
    depends on parameters only, control (N, 3) the next step, status (N,) 0 or the cause of a failure, steps (N, 2) accepted and rejected so far.
    """

    time: Floats
    y: Floats
    inputs: Floats
    given: Integers
    prepared: Floats
    control: Floats
    status: Integers
    steps: Integers

    def __len__(self) -> int:
        return len(self.time)

    def copy(self) -> State:
        """An independent copy; what depends on parameters only is shared, as it is never written to."""
        return State(*(getattr(self, f.name) if f.name == "prepared" else getattr(self, f.name).copy() for f in fields(self)))

    def __getitem__(self, patients: slice | Sequence[int] | Integers) -> State:
        """The patients of these rows, as copies; a row may come twice, which makes two arms of one patient."""
        rows = patients if isinstance(patients, slice) else np.asarray(patients)
        return State(*(np.ascontiguousarray(getattr(self, f.name)[rows]).copy() for f in fields(self)))


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
