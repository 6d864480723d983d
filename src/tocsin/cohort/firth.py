"""Cox regression with Firth's penalty, for few events and monotone likelihood (heinze2001): every hazard ratio is finite.

The log-likelihood gets 1/2 log |I(beta)| added (firth1993), which takes off the first-order bias and keeps coefficients finite where
events fall on one side only.  Its gradient adds to the k-th score half the trace of I^-1 dI/dbeta_k; with V = L L' = I^-1 and z = L'x this is half of

    sum over terms of  cov(|z|^2, x_k) - 2 sum_a mean(z_a) cov(z_a, x_k)      (moments over those at risk),

so no third moment is ever stored.  Intervals and p-values are those of the profile penalised likelihood (heinze2001), for Wald's fail
exactly where the penalty is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf

import numpy as np

from tocsin.cohort.cox import prepare
from tocsin.cohort.design import Covariates
from tocsin.cohort.packages import needs
from tocsin.cohort.partial_likelihood import PartialLikelihood, Terms, Ties
from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Floats, Survival
from tocsin.cohort.tails import chi_squared_p, reach
from tocsin.errors import CohortError

CITES = ("heinze2001:Firth's penalty in Cox regression, profile likelihood", "firth1993:bias reduction")
MOST_STEPS = 200
WIDEST = 40.0
"""Log hazard ratio over the range of a covariate beyond which a limit is not looked for and given as infinite."""


@dataclass(frozen=True, slots=True)
class PenalisedCoefficient:
    """Log hazard ratio, its hazard ratio with profile-likelihood limits, and the p-value of the penalised likelihood ratio.

    A limit is infinite (or 0) where the profile does not fall far enough.  ``std_error`` is Wald's, for the record.
    """

    name: str
    term: str
    log_hazard_ratio: float
    std_error: float
    hazard_ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class FirthFit:
    """A Cox model fitted by penalised likelihood; ``test`` is the penalised likelihood-ratio test of all coefficients."""

    coefficients: tuple[PenalisedCoefficient, ...]
    loglik: tuple[float, float]
    """Penalised, at 0 and at the estimate."""
    test: TestResult
    n: int
    n_events: int
    dropped: int
    ties: Ties
    confidence: float
    method: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...] = CITES


def firth_cox(data: Survival, covariates: Covariates, *, levels: Mapping[str, Sequence[object]] | None = None, ties: Ties = "efron",
              strata: Iterable[object] | None = None, confidence: float = 0.95) -> FirthFit:
    """Fit by penalised likelihood; arguments as those of ``cox``."""
    made = prepare(data, covariates, levels, strata, None, None)
    columns = made.design.columns
    width = np.ptp(made.x, axis=0)
    like = _Penalised(PartialLikelihood(made.data, made.x / width, strata=made.strata, ties=ties))   # each covariate has range 1
    p = len(columns)
    beta, top = like.maximise(np.zeros(p), ())
    null, _ = like.value(np.zeros(p))
    units = float(np.log(width).sum())                                 # the penalty in the units of the covariates
    fall = reach(confidence) ** 2 / 2.0
    information = like.likelihood.information(like.likelihood.terms(beta))
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    terms = [term for term, own in made.design.terms.items() for _ in own]
    out = []
    for k in range(p):
        without = like.maximise(_with(beta, k, 0.0), (k,))[1]
        low, high = (like.limit(beta, top - fall, k, side * float(error[k])) for side in (-1, 1))
        b, r = float(beta[k]), float(width[k])
        out.append(PenalisedCoefficient(columns[k], terms[k], b / r, float(error[k]) / r, exp(b / r), exp(low / r) if low > -inf else 0.0,
                                        exp(high / r) if high < inf else inf, chi_squared_p(max(2.0 * (top - without), 0.0), 1)))
    events = int((made.data.event > 0).sum())
    ratio = max(2.0 * (top - null), 0.0)
    test = TestResult("penalised likelihood ratio test", chi_squared_p(ratio, p), ratio, "chi-squared", (p,), n=(len(made.data),), cites=CITES)
    warned = (f"{events} events for {p} coefficient{'' if p == 1 else 's'}: the intervals are wide for a reason.",) if events < 2 * p else ()
    method = f"Cox model with Firth's penalty, {ties.capitalize()} ties, profile penalised likelihood limits" + (", stratified" if strata is not None else "")
    return FirthFit(tuple(out), (null + units, top + units), test, len(made.data), events, made.dropped, ties, confidence, method, warned)


def _with(beta: Floats, k: int, value: float) -> Floats:
    out = beta.copy()
    out[k] = value
    return out


class _Penalised:
    """The penalised likelihood with its maximum, all coefficients free or some held."""

    def __init__(self, likelihood: PartialLikelihood) -> None:
        self.likelihood = likelihood

    def value(self, beta: Floats) -> tuple[float, Terms]:
        t = self.likelihood.terms(beta)
        if t.loglik == -inf:
            return -inf, t
        sign, log_size = np.linalg.slogdet(self.likelihood.information(t))
        return (t.loglik + 0.5 * float(log_size), t) if sign > 0 else (-inf, t)

    def slope(self, t: Terms) -> tuple[Floats, Floats]:
        """The penalised score and the information."""
        like = self.likelihood
        information = like.information(t)
        z = like.x @ np.linalg.cholesky(np.linalg.inv(information))
        length = (z**2).sum(axis=1)
        z_mean = t.mean @ np.linalg.cholesky(np.linalg.inv(information))
        length_mean = like.at_risk(t.hazard * length) * t.rate / like.term_weight
        third = (t.hazard * length * like.spread(t.rate)) @ like.x - (like.term_weight * length_mean) @ t.mean
        weight = t.hazard[:, None] * like.spread(z_mean * t.rate[:, None])            # (rows, a): a term's mean of z_a given to its rows
        third -= 2.0 * (np.einsum("ia,ia,ik->k", weight, z, like.x, optimize=True) - (like.term_weight * (z_mean**2).sum(axis=1)) @ t.mean)
        return like.score(t) + 0.5 * third, information

    def maximise(self, start: Floats, held: tuple[int, ...]) -> tuple[Floats, float]:
        """The highest point with some coefficients held where they start."""
        free = [j for j in range(len(start)) if j not in held]
        beta = start.copy()
        value, t = self.value(beta)
        if value == -inf:
            raise CohortError("The covariates cannot be told apart among those at risk when events happened: leave one of them out.")
        if not free:
            return beta, value
        score, information = self.slope(t)
        for _ in range(MOST_STEPS):
            move = np.zeros(len(beta))
            move[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
            move *= min(1.0, 1.0 / max(float(np.abs(move).max()), 1e-300))
            while True:
                fresh, at = self.value(beta + move)
                if fresh >= value - 1e-12 * abs(value) or np.abs(move).max() < 1e-9:
                    break
                move = move / 2.0
            if fresh == -inf:
                break
            before, (score, information) = score, self.slope(at)
            rise, left = float(before @ move), float(score @ move)
            if left < -0.5 * rise:                                     # far past the top: such steps would go to and fro for ever
                move = move * rise / (rise - left)
                fresh, at = self.value(beta + move)
                score, information = self.slope(at)
            beta, value, t = beta + move, fresh, at
            if np.abs(move).max() < 1e-9:
                return beta, value
        raise CohortError(f"The penalised likelihood did not settle in {MOST_STEPS} steps.")

    def limit(self, beta: Floats, target: float, k: int, step: float) -> float:
        """Where the profile of coefficient k falls to ``target`` on one side; infinite where it does not within ``WIDEST``."""
        inner = beta.copy()

        def above(value: float) -> float:
            nonlocal inner
            inner, profile = self.maximise(_with(inner, k, value), (k,))
            return profile - target

        near, far = float(beta[k]), float(beta[k]) + 2.0 * step
        while above(far) > 0:
            near, far = far, far + 2.0 * (far - near) if abs(far) < WIDEST / 4 else far + step
            if abs(far) > WIDEST:
                return inf if step > 0 else -inf
        try:
            return float(needs("scipy.optimize").brentq(above, near, far, xtol=1e-10))
        except ValueError:                                             # the profile is not followed twice along one path, so far out
            raise CohortError(f"A limit of coefficient {k + 1} cannot be found: the other coefficients run away where it is looked for.") from None
