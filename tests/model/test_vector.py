"""The exponential and the logarithm of the compiled code against those of the C library."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit, types
from numba.extending import intrinsic

from tocsin.model.vector import Lanes


def compiled(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function of Lanes for an array, number by number."""
    @intrinsic
    def of_one(typing_context: Any, x: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(Lanes(builder, 1), name)(arguments[0])

        return types.float64(types.float64), code

    @njit
    def of_all(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = of_one(x[i])
        return out

    return of_all


RNG = np.random.default_rng(3)


@pytest.mark.parametrize(("name", "at", "most"), [
    ("exp", np.concatenate([RNG.uniform(-700, 700, 20000), RNG.uniform(-1, 1, 20000), RNG.normal(0, 1e-8, 1000), [0.0]]), 2.0),
    ("ln", np.concatenate([np.exp(RNG.uniform(-700, 700, 20000)), RNG.uniform(0.5, 2, 20000), 1 + RNG.normal(0, 1e-8, 1000), [1.0]]), 3.5),
])
def test_it_is_right_to_a_few_units_in_the_last_place(name: str, at: np.ndarray, most: float) -> None:
    truth = np.array([{"exp": math.exp, "ln": math.log}[name](x) for x in at])
    assert (np.abs(compiled(name)(at) - truth) <= most * np.spacing(np.abs(truth))).all()


def test_what_is_no_number_stays_none_and_the_ends_are_finite_or_infinite_as_told() -> None:
    exp, ln = (compiled(name)(np.array([0.0, np.nan, -1.0, 1e9, -1e9])) for name in ("exp", "ln"))
    assert exp[0] == 1.0
    assert np.isnan(exp[1])
    assert np.isfinite(exp[3])
    assert 0.0 <= exp[4] < 1e-300
    assert ln[0] == -np.inf
    assert np.isnan(ln[1])
    assert np.isnan(ln[2])
