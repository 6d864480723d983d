"""Whether hazards are proportional: the score test of a coefficient that changes with time, as cox.zph of R's survival 3 does it.

For each covariate the model gets a second coefficient, that of x g(t); the test is the score test of its being 0 (grambsch1994,
computed exactly rather than with an average variance: therneau2024).  With the Schoenfeld residuals r = x - mean at risk of the events,
U = sum of g(t) r, and I, C, D the information summed with weights 1, g, g^2, a set k of columns is tested by U_k' [D_kk - C_k. I^-1 C_.k]^-1 U_k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.cohort.cox import CoxFit
from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Floats
from tocsin.cohort.tails import chi_squared_p
from tocsin.errors import CohortError, SettingError

CITES = ("grambsch1994:test of proportional hazards", "therneau2024:cox.zph")
Transform = Literal["km", "rank", "identity", "log"]
TRANSFORMS: tuple[Transform, ...] = ("km", "rank", "identity", "log")


@dataclass(frozen=True, eq=False)
class ProportionalHazards:
    """The tests of each covariate and of all together, and what to plot.

    ``scaled`` (events, coefficients) are the scaled Schoenfeld residuals plus the coefficient: their smooth course over ``time``
    (``transformed`` as g) is that of the log hazard ratio.
    """

    tests: tuple[TestResult, ...]
    overall: TestResult
    transform: Transform
    time: Floats
    transformed: Floats
    columns: tuple[str, ...]
    residuals: Floats
    scaled: Floats


def proportional_hazards(fit: CoxFit, transform: Transform = "km") -> ProportionalHazards:
    """Test each covariate of a fitted model; ``transform`` is g: 1 - Kaplan-Meier, rank, time itself or its logarithm."""
    if transform not in TRANSFORMS:
        raise SettingError(f"Time is transformed by {', '.join(TRANSFORMS)}; given: {transform!r}.")
    if fit.infinite:
        raise CohortError(f"The coefficient of {', '.join(fit.infinite)} is infinite: its course over time cannot be tested.")
    if fit.likelihood.weight.min() != fit.likelihood.weight.max():
        raise CohortError("Proportional hazards are not tested for weighted fits.")
    like, at = fit.likelihood, fit.at_estimate
    if transform == "log" and (like.death_time <= 0).any():
        raise CohortError("An event at time 0 has no logarithm: choose another transform.")
    own = _transformed(fit, transform)                                # of each row, in the order of the likelihood
    dead = np.flatnonzero(like.event)
    g_of_group = np.zeros(len(like.death_time))
    g_of_group[like.group[dead]] = own[dead]
    centre = float(own[dead].mean())
    g = g_of_group[like.term] - centre
    u = like.score(at, g)
    info, cross, square = like.information(at), like.information(at, g), like.information(at, g**2)
    left = square - cross.T @ np.linalg.solve(info, cross)

    def test(name: str, columns: list[int]) -> TestResult:
        value = float(u[columns] @ np.linalg.solve(left[np.ix_(columns, columns)], u[columns]))
        return TestResult(name, chi_squared_p(value, len(columns)), value, "chi-squared", (len(columns),), f"time transformed by {transform}",
                          (fit.n,), cites=CITES)

    if len(like.death_time) < 2 or np.linalg.matrix_rank(left) < len(u):
        raise CohortError(f"{len(like.death_time)} distinct event times are too few to test proportional hazards of {len(u)} coefficients.")
    tests = tuple(test(f"proportional hazards of {term}", list(columns)) for term, columns in fit.design.terms.items())
    time, _, residuals = like.schoenfeld(at)
    order = np.lexsort((like.time[dead], like.stratum[dead]))
    scaled = fit.beta + len(dead) * residuals @ np.linalg.inv(info)
    return ProportionalHazards(tests, test("proportional hazards, all covariates", list(range(len(u)))), transform, time, own[dead][order],
                               fit.design.columns, residuals, scaled)


def _transformed(fit: CoxFit, transform: Transform) -> Floats:
    """Transformed time of each row's time: Kaplan-Meier is that of all rows together just before the time, ranks are average ranks of all times."""
    like = fit.likelihood
    if transform == "identity":
        return like.time
    if transform == "log":
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(like.time))
    distinct, place, count = np.unique(like.time, return_inverse=True, return_counts=True)
    if transform == "rank":
        return np.asarray((np.cumsum(count) - (count - 1) / 2.0)[place])
    n = np.cumsum(count[::-1])[::-1].astype(float)
    entries = fit.entries
    if entries is not None:
        n -= len(entries) - np.searchsorted(np.sort(entries), distinct, side="left")
    d = np.bincount(place, weights=like.event, minlength=len(distinct))
    before = np.concatenate([[1.0], np.cumprod(1.0 - np.divide(d, n, out=np.zeros(len(n)), where=n > 0))])[:-1]
    return np.asarray(1.0 - before[place])
