"""The same programs for a CUDA device: one thread a patient, the same method, step control and events, in double precision.

The texts of ``emit`` become device functions of Numba; what depends on parameters only, the initial states and the first step are computed on the processor.
A thread keeps its state and stages in its local memory, and patients lie side by side in every array, so that neighbouring threads read neighbouring numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.errors import ModelError, SettingError
from tocsin.model import cuda_text, driver
from tocsin.model.compile import load_module
from tocsin.model.events import Events
from tocsin.model.solver import MOST_STEPS, Compiled, Parameters, checked_times
from tocsin.model.trajectories import CAUSES, Failure, Trajectories

THREADS = 64
"""Patients in a block: few, as each thread needs many registers."""
INSTALL = "Install it with: pip install 'tocsin[cuda]'.  It needs a driver of NVIDIA; without a device set NUMBA_ENABLE_CUDASIM=1 for Numba's slow simulator."


def available() -> bool:
    """Whether there is a device, or Numba's simulator of one."""
    try:
        import numba.cuda
    except ImportError:
        return False
    found: Any = numba.cuda
    return bool(found.is_available())


@dataclass(frozen=True)
class OnCuda:
    """A compiled model on a CUDA device: made by ``on_cuda``."""

    compiled: Compiled

    @cached_property
    def text(self) -> str:
        """The generated module."""
        return cuda_text.module_text(self.compiled.module.KERNEL)

    @cached_property
    def _module(self) -> Any:
        return load_module(self.text)

    def solve(
        self, parameters: Parameters | None = None, initial: ArrayLike | None = None, times: ArrayLike = (), events: Events | None = None, *,
        rtol: float = 1e-6, atol: float | ArrayLike = 1e-8, start: float = 0.0, most_steps: int = MOST_STEPS,
    ) -> Trajectories:
        """The outputs of every patient at ``times``, as ``Compiled.solve`` gives them; its state can be gone on with on the processor.

        Raises ModelError and UnknownIdError as there, and SettingError where there is no device.
        """
        if not available():
            raise SettingError(f"There is no CUDA device here.\n  {INSTALL}")
        from numba import cuda

        c, at = self.compiled, checked_times(times)
        now = c.begin(parameters, initial, start)
        n, n_states = now.held.shape
        if start > at[0]:
            raise ModelError(f"The start, day {start:g}, is after the first time asked for, {at[0]:g}.")
        now.tell(events, c.system, resumed=False)
        ahead = now.ahead
        absolute = np.broadcast_to(np.asarray(atol, np.float64), (n_states,)).copy()
        first = np.empty(n)
        driver.first_steps(c.module.rates.address, 0, n, now.prepared, now.held, now.inputs, now.time, first, absolute, rtol)
        now.control[:, 0] = now.control[:, 2] = first
        sides = [cuda.to_device(np.ascontiguousarray(a.T)) for a in (now.prepared, now.held, now.inputs, now.control[:, :3])]
        rest = [cuda.to_device(a) for a in (now.time, at, ahead.start, *_filled(ahead.time, ahead.target, ahead.amount), absolute)]
        values = cuda.device_array((len(at), len(c.outputs), n), np.float64)
        status, counts = cuda.to_device(now.status), cuda.to_device(np.zeros((2, n), np.int64))
        blocks = -(-n // THREADS)
        self._module.run[blocks, min(THREADS, n)](*sides, *rest, rtol, most_steps, values, status, counts)
        _, held, inputs, control = sides
        now.held, now.inputs = (np.ascontiguousarray(a.copy_to_host().T) for a in (held, inputs))
        now.control[:, :3] = control.copy_to_host().T
        now.time, now.status, now.steps = rest[0].copy_to_host(), status.copy_to_host(), np.ascontiguousarray(counts.copy_to_host().T)
        kept = np.ascontiguousarray(values.copy_to_host().transpose(2, 0, 1))
        failed = [int(i) for i in np.flatnonzero(now.status)]
        for i in failed:
            kept[i, at > now.time[i]] = np.nan
        return Trajectories(at, kept, c.outputs, now, tuple(Failure(i, float(now.time[i]), CAUSES[int(now.status[i])]) for i in failed))


def _filled(*arrays: NDArray[Any]) -> list[NDArray[Any]]:
    """Arrays of one element where they are empty, as a device takes no empty one."""
    return [a if len(a) else np.zeros(1, a.dtype) for a in arrays]


def on_cuda(compiled: Compiled) -> OnCuda:
    """A compiled model for a CUDA device; SettingError where Numba has no CUDA."""
    try:
        import numba.cuda  # noqa: F401
    except ImportError:
        raise SettingError(f"Numba has no CUDA here.\n  {INSTALL}") from None
    return OnCuda(compiled)
