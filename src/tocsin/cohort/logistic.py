"""Logistic regression that survives separation: maximum likelihood where it exists, Firth's penalised likelihood where it does not.

Firth's estimate maximises the likelihood times the square root of the determinant of the information, Jeffreys' prior (firth1993); it
is finite also under separation (heinze2002).  Both are found by Newton steps that are halved until the (penalised) likelihood grows.
Intervals are those of the profile likelihood: all values of a coefficient that a likelihood-ratio test at that level does not reject,
which unlike Wald's do not collapse when an estimate is large.  Under separation maximum likelihood is not reported at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
import numpy.typing as npt

from tocsin.cohort.counts import level_of
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.separation import CITES as SEPARATION_CITES
from tocsin.cohort.separation import Separation, separation
from tocsin.errors import CohortError

Numbers = npt.NDArray[np.float64]
CONSTANT = "(constant)"
METHODS = ("auto", "ml", "firth")
STEPS = 60
SMALL = 1e-14
EVENTS_PER_COVARIATE = 10
FARTHEST_STEP = 5.0
"""The most that one step may change the log odds of a patient, while none is beyond twice as much."""
LEAST_WEIGHT = 1e-10
"""The least that a patient weighs in a step, so that one can be made where every outcome is all but certain."""
FARTHEST = 200.0
"""Where the search for a limit of a coefficient ends, in units of its standard error."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient (log odds per unit) with its standard error and profile-likelihood limits, and the p-value of its likelihood ratio.

    A limit is None where the profile never falls that far or cannot be followed there; the model then has a warning.  ``wald_p`` is Wald's, for comparison.
    """

    name: str
    value: float
    error: float
    low: float | None
    high: float | None
    p: float
    wald_p: float

    @property
    def odds_ratio(self) -> tuple[float, float | None, float | None]:
        """The odds ratio with its limits."""
        return exp(self.value), None if self.low is None else exp(self.low), None if self.high is None else exp(self.high)


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted model: ``method`` in words, the coefficients (the constant first), patients and events used, rows left out as incomplete.

    ``log_likelihood`` is penalised for Firth's method; ``p`` is the likelihood-ratio test of all covariates together.
    """

    method: str
    coefficients: tuple[Coefficient, ...]
    n: int
    events: int
    left_out: int
    log_likelihood: float
    p: float
    separation: Separation
    level: float
    software: str
    cites: tuple[str, ...]
    warnings: tuple[str, ...]

    def __getitem__(self, name: str) -> Coefficient:
        for one in self.coefficients:
            if one.name == name:
                return one
        raise CohortError(f"the model has no coefficient {name!r}; it has {', '.join(c.name for c in self.coefficients)}")


def logistic(outcome: Sequence[bool | int | None], covariates: Mapping[str, Sequence[float | None] | Numbers], *, method: str = "auto",
             level: float = 0.95) -> Logistic:
    """The log odds of ``outcome`` (0 or 1) by numeric covariates of the same length; a category is given as its 0/1 columns.

    ``method`` "ml" is maximum likelihood, "firth" Firth's, "auto" the first unless the outcome is separated.  Patients with a missing
    value are left out and counted.  CohortError for an outcome that everybody or nobody has, for covariates that determine one
    another, and for "ml" under separation.
    """
    level_of(level)
    if method not in METHODS:
        raise CohortError(f"logistic regression is done by {', '.join(METHODS)}, not by {method!r}")
    y, x, names, left_out = _prepared(outcome, covariates)
    apart = separation(x, y, names)
    if apart.kind != "none" and method == "ml":
        raise CohortError(f"{apart.kind} separation by {', '.join(apart.infinite)}: no maximum-likelihood estimate exists; use method='firth'")
    firth = method == "firth" or apart.kind != "none"
    unit = np.abs(x).max(axis=0)  # fitted in these units, so that ferritin and a yes or no are of one size
    fit = _Fit(x / unit, y.astype(float), firth)
    best, top = fit.maximise(np.zeros(x.shape[1]))
    covariance = np.linalg.inv(fit.information(best))
    errors = np.sqrt(np.diag(covariance))
    stats = needs("scipy.stats")
    drop = float(stats.chi2.ppf(level, 1)) / 2
    coefficients = []
    for j, name in enumerate(names):
        along, z = covariance[j] / errors[j], best[j] / errors[j]
        start = best - z * along
        start[j] = 0.0
        at_zero = fit.maximise(start, fixed=j)[1]
        low, high = (_limit(fit, best, along, top - drop, j, side) for side in (-1, 1))
        coefficients.append(Coefficient(
            name, float(best[j] / unit[j]), float(errors[j] / unit[j]), None if low is None else float(low / unit[j]),
            None if high is None else float(high / unit[j]), float(stats.chi2.sf(max(2 * (top - at_zero), 0.0), 1)),
            float(2 * stats.norm.sf(abs(z)))))
    open_ = [c.name for c in coefficients if c.low is None or c.high is None]
    k = x.shape[1] - 1
    null = _null(fit)
    p = float(stats.chi2.sf(max(2 * (top - null), 0.0), k)) if k else 1.0
    events = int(y.sum())
    log_likelihood = top + (float(np.log(unit).sum()) if firth else 0.0)  # Jeffreys' prior in the units given
    fewer = min(events, len(y) - events)
    warnings = []
    if apart.kind != "none":
        warnings.append(f"{apart.kind} separation by {', '.join(apart.infinite)}")
    if open_:
        warnings.append(f"no limit could be found on one side for {', '.join(open_)}")
    if k and fewer < EVENTS_PER_COVARIATE * k:
        warnings.append(f"{fewer} outcomes of the rarer kind for {k} covariate{'s' if k > 1 else ''}: fewer than {EVENTS_PER_COVARIATE} for each")
    return Logistic(
        "Firth's penalised likelihood" if firth else "maximum likelihood", tuple(coefficients), len(y), events, left_out, log_likelihood, p, apart, level,
        with_version("scipy"), (*(("firth1993:penalty", "heinze2002:separation") if firth else ()), *SEPARATION_CITES,
                                "peduzzi1996:events per variable"), tuple(warnings))


class _Fit:
    """The (penalised) log-likelihood of one data set and its maximum."""

    def __init__(self, x: Numbers, y: Numbers, firth: bool) -> None:
        self.x, self.y, self.firth = x, y, firth

    def information(self, b: Numbers) -> Numbers:
        """Fisher's information X' W X."""
        p = self._chance(b)
        return np.asarray(self.x.T @ (self.x * (p * (1 - p))[:, None]))

    def value(self, b: Numbers) -> float:
        eta = self.x @ b
        out = float((self.y * eta - np.logaddexp(0, eta)).sum())
        if self.firth:
            sign, log_det = np.linalg.slogdet(self.information(b))
            out = out + float(log_det) / 2 if sign > 0 else -np.inf
        return out

    def maximise(self, start: Numbers, fixed: int | tuple[int, ...] | None = None) -> tuple[Numbers, float]:
        """The maximum over the coefficients that are not ``fixed``, from ``start``; CohortError where it is not reached."""
        held = () if fixed is None else (fixed,) if isinstance(fixed, int) else fixed
        free = np.array([j for j in range(len(start)) if j not in held], int)
        b = np.array(start, float)
        now = self.value(b)
        if not len(free):
            return b, now
        for _ in range(STEPS):
            score, curve = self._slopes(b)
            step = np.linalg.solve(curve[np.ix_(free, free)], score[free])
            rise = float(score[free] @ step)
            if rise < SMALL:
                return b, now
            size, far = float(np.abs(self.x[:, free] @ step).max()), max(FARTHEST_STEP, float(np.abs(self.x @ b).max()) / 2)
            step *= min(1.0, far / size) if size > 0 else 1.0
            for _ in range(40):
                moved = b.copy()
                moved[free] += step
                then = self.value(moved)
                if then >= now:
                    break
                step /= 2
            else:
                return b, now  # no step uphill is left within the precision of the numbers
            gained, b, now = then - now, moved, then
            if rise < 1e-9 and gained <= 1e-14 * abs(now):
                return b, now  # within the precision of the numbers
        return self._slowly(b, free)

    def _slowly(self, b: Numbers, free: npt.NDArray[np.int_]) -> tuple[Numbers, float]:
        """The maximum by BFGS, where Firth's profile has a long flat part that Newton's steps only creep along."""
        def placed(at: Numbers) -> Numbers:
            moved = b.copy()
            moved[free] = at
            return moved

        found = needs("scipy.optimize").minimize(
            lambda at: -self.value(placed(at)), b[free], jac=lambda at: -self._slopes(placed(at))[0][free], method="BFGS",
            options={"gtol": 1e-7, "maxiter": 2000})
        out = placed(found.x)
        if float(np.abs(self._slopes(out)[0][free]).max()) > 1e-3:
            raise CohortError("the likelihood of the logistic regression was not maximised: too few patients for these covariates")
        return out, self.value(out)

    def _chance(self, b: Numbers) -> Numbers:
        return np.asarray(1 / (1 + np.exp(-np.clip(self.x @ b, -500, 500))))

    def _slopes(self, b: Numbers) -> tuple[Numbers, Numbers]:
        """The score and the information to step by.

        Firth's score is that of data in which every patient counts h / 2 more with and without the outcome, h being the leverage
        (heinze2002); the steps are those of these data.
        """
        p = self._chance(b)
        w, residual = np.maximum(p * (1 - p), LEAST_WEIGHT), self.y - p
        curve = self.x.T @ (self.x * w[:, None])
        if self.firth:
            h = w * ((self.x @ np.linalg.inv(curve)) * self.x).sum(axis=1)
            residual = residual + h * (0.5 - p)
            curve = self.x.T @ (self.x * (w * (1 + h))[:, None])
        return np.asarray(self.x.T @ residual), np.asarray(curve)


def _null(fit: _Fit) -> float:
    """The maximum with every covariate at zero, the constant free."""
    k = fit.x.shape[1]
    return fit.maximise(np.zeros(k), fixed=tuple(range(1, k)))[1]


def _limit(fit: _Fit, best: Numbers, along: Numbers, target: float, j: int, side: int) -> float | None:
    """Where the profile of coefficient j falls to ``target`` on one side; None when it never does.

    ``along`` is how all coefficients go when the j-th goes one standard error: the search begins there for each value.
    """
    def above(errors: float) -> float:
        return fit.maximise(best + side * errors * along, fixed=j)[1] - target

    inner, outer = 0.0, 1.5
    try:
        while above(outer) >= 0:
            inner, outer = outer, outer * 1.5
            if outer > FARTHEST:
                return None
        return float(best[j] + side * along[j] * needs("scipy.optimize").brentq(above, inner, outer, xtol=1e-10, rtol=1e-12))
    except CohortError:  # the others run away when this one is held far out
        return None


def _prepared(outcome: Sequence[bool | int | None], covariates: Mapping[str, Sequence[float | None] | Numbers]
              ) -> tuple[npt.NDArray[np.bool_], Numbers, tuple[str, ...], int]:
    """Outcome and design with the constant first, of the complete patients; how many were left out."""
    y = np.array([np.nan if v is None else float(v) for v in outcome], float)
    columns = [np.array([np.nan if v is None else float(v) for v in c], float) for c in covariates.values()]
    if any(len(c) != len(y) for c in columns):
        raise CohortError("every covariate needs one value for each patient of the outcome")
    x = np.column_stack([np.ones(len(y)), *columns])
    whole = np.isfinite(y) & np.isfinite(x).all(axis=1)
    y, x = y[whole], x[whole]
    if not np.isin(y, (0.0, 1.0)).all():
        raise CohortError("the outcome of a logistic regression is 0 or 1")
    if len(y) == 0 or y.min() == y.max():
        raise CohortError(f"nothing to regress on: {'nobody' if len(y) == 0 or y.max() == 0 else 'everybody'} of {len(y)} patients has the outcome")
    names = (CONSTANT, *covariates)
    scaled = x / np.where(np.abs(x).max(axis=0) > 0, np.abs(x).max(axis=0), 1.0)
    if np.linalg.matrix_rank(scaled) < x.shape[1]:
        for j in range(1, x.shape[1] + 1):
            if np.linalg.matrix_rank(scaled[:, :j]) < j:
                raise CohortError(f"{names[j - 1]} follows from the covariates before it in the {len(y)} complete patients; leave one out")
    return y.astype(bool), x, names, int((~whole).sum())
