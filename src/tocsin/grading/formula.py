"""The range of a formula from the ranges of its inputs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.scales import Formula, How

F64 = npt.NDArray[np.float64]


def formula_range(formula: Formula, values: F64, weight_kg: F64) -> tuple[F64, F64]:
    """The lowest and the highest value of each step; an input that is not known lies anywhere from 0 up.

    ``values``: (steps, 2 x terms), low and high of each input.  ``weight_kg``: (steps,), nan where it is not known.
    Every term rises or falls steadily with its input, so its ends come from the ends of the input.
    """
    start = 1.0 if formula.how is How.PRODUCT else 0.0
    low, high = np.full(len(values), start), np.full(len(values), start)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i, term in enumerate(formula.terms):
            a, b = np.maximum(values[:, 2 * i], 0.0), values[:, 2 * i + 1]
            if term.per_kg:
                known = ~np.isnan(weight_kg)
                a, b = np.where(known, a / weight_kg, 0.0), np.where(known, b / weight_kg, np.where(b == 0, 0.0, np.inf))
            a, b = term.coefficient * a**term.power, term.coefficient * b**term.power
            if term.power < 0:
                a, b = b, a
            if formula.how is How.SUM:
                low, high = low + a, high + b
            else:
                # nothing times anything is nothing at the lower end, and not known at the upper
                low, high = np.nan_to_num(low * a, nan=0.0, posinf=np.inf), np.nan_to_num(high * b, nan=np.inf, posinf=np.inf)
    return low, high
