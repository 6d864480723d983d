"""The kernel for a CUDA device against the processor: on a device where there is one, else in Numba's simulator, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from model.toys import compiled
from tocsin.model.cuda import available

CODE = """
import numpy as np
from model.toys import compiled
from tocsin.model.cuda import on_cuda
from tocsin.model.events import Events

def worst(model, *asked, **more):
    here, there = model.solve(*asked, **more), on_cuda(model).solve(*asked, **more)
    assert [str(f) for f in here.failures] == [str(f) for f in there.failures] or here.failures[0].patient == there.failures[0].patient
    size = np.nanmax(np.abs(here.values), axis=1, keepdims=True)
    assert (np.isnan(here.values) == np.isnan(there.values)).all()
    return float(np.nanmax(np.abs(here.values - there.values) / (np.abs(here.values) + 1e-6 * size + 1e-12)))

days = np.linspace(0.0, 2.0, 9)
fine = {"rtol": 1e-8, "atol": 1e-10}
doses = Events.of([(0, 0.3, "infusion", 6.0, 0.2), (1, 0.5, "amount", 4.0), (1, 1.0, "infusion", 2.0)])
print(worst(compiled("ONE_COMPARTMENT"), {"k": [3.0, 1.0]}, None, days, doses, **fine))
print(worst(compiled("SATURABLE"), {"n": [2.7, 0.8]}, None, days, **fine))
print(worst(compiled("WAVE"), {"k": [50.0, 5.0]}, None, days, **fine))
print(worst(compiled("GROWTH"), {"k": [0.1, 1.0]}, None, days))
"""


def test_the_kernel_gives_what_the_processor_gives():
    """Doses, infusions, set inputs, powers, time in an equation, and a patient that diverges."""
    if not available():
        pytest.importorskip("numba.cuda", reason="this Numba has no CUDA")
    environment = os.environ if available() else os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}
    more = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment | more, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert max(float(line) for line in done.stdout.split()) < 1e-6


def test_without_a_device_it_is_said_how_to_get_one():
    from tocsin.errors import SettingError
    from tocsin.model.cuda import on_cuda

    if available():
        pytest.skip("there is a device")
    with pytest.raises(SettingError, match=r"no CUDA device here(?s:.*)pip install"):
        on_cuda(compiled("DECAY")).solve(None, None, [1.0])
