"""Fine and Gray's regression for the subdistribution hazard of one cause (fine1999), as R's cmprsk fits it.

Patients who had another event stay in the risk set with the weight G(t-) / G(T-), G the Kaplan-Meier estimate of remaining uncensored, so that
the coefficients speak of the cumulative incidence.  Ties by Breslow.  The variance is the sandwich of the paper, which counts that G is
estimated too.  The censoring is taken to be the same for all; a subdistribution hazard ratio is no rate ratio among those still
at risk: for causes look at the cause-specific hazards as well (latouche2013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.cohort.cox import FEW_EVENTS, Coefficient
from tocsin.cohort.design import Covariates, check_columns, design
from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Bools, Floats, Survival, nobody
from tocsin.cohort.tails import chi_squared_p, reach, two_sided
from tocsin.errors import CohortError

CITES = ("fine1999:subdistribution hazards", "latouche2013:report all cause-specific hazards too")
MOST_STEPS = 50


@dataclass(frozen=True)
class FineGrayFit:
    """Subdistribution hazard ratios (robust errors) and the Wald test of all coefficients."""

    coefficients: tuple[Coefficient, ...]
    cause: str
    test: TestResult
    loglik: tuple[float, float]
    n: int
    n_events: int
    n_competing: int
    dropped: int
    confidence: float
    method: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...] = CITES


def fine_gray(data: Survival, cause: str, covariates: Covariates, *, levels: Mapping[str, Sequence[object]] | None = None,
              confidence: float = 0.95) -> FineGrayFit:
    """Fit the model to the rows that have everything; CohortError with late entry, for which its weights are not defined here."""
    if data.entry is not None:
        raise CohortError("Fine and Gray's model is fitted to follow-up from 0 on only; with late entry model the cause-specific hazards (cox).")
    z = reach(confidence)
    code = data.code(cause)
    d = design(covariates, len(data), levels)
    kept = data.known & ~np.isnan(d.x).any(axis=1)
    nobody(kept, "a known time, event and all covariates")
    event = data.event[kept]
    if not (event == code).any():
        raise CohortError(f"Nobody of {len(event)} had {cause}: its hazard cannot be compared.")
    check_columns(d, kept)
    width = np.ptp(d.x[kept], axis=0)
    model = _Weighted(data.time[kept], event == code, (event > 0) & (event != code), d.x[kept] / width)
    beta = model.maximise(d.columns)
    covariance, bread = model.variance(beta)
    if np.linalg.matrix_rank(covariance) < len(beta):
        raise CohortError(f"{int((event == code).sum())} events of {cause} among {len(event)} patients leave no variance for {len(beta)} "
                          f"coefficient{'s' if len(beta) > 1 else ''}: the model cannot be fitted.")
    value = float(beta @ np.linalg.solve(covariance, beta))
    error, model_error = np.sqrt(np.diag(covariance)) / width, np.sqrt(np.diag(bread)) / width
    terms = [term for term, own in d.terms.items() for _ in own]
    coefficients = tuple(Coefficient(name, term, float(b), float(e), float(m), float(np.exp(b)), float(np.exp(b - z * e)),
                                     float(np.exp(b + z * e)), two_sided(float(b / e)))
                         for name, term, b, e, m in zip(d.columns, terms, beta / width, error, model_error, strict=True))
    events = int((event == code).sum())
    each = f"{len(beta)} coefficient{'s' if len(beta) > 1 else ''}"
    warned = (f"{events} events of {cause} for {each}: fewer than {FEW_EVENTS} each.",) if events < FEW_EVENTS * len(beta) else ()
    test = TestResult("Wald test", chi_squared_p(value, len(beta)), value, "chi-squared", (len(beta),), "robust", (len(event),), cites=CITES, warnings=warned)
    return FineGrayFit(coefficients, cause, test, (model.at(np.zeros(len(beta)))[0], model.at(beta)[0]), len(event), events,
                       int(((event > 0) & (event != code)).sum()), int((~kept).sum()), confidence,
                       f"Fine-Gray model of the subdistribution hazard of {cause}, Breslow ties, sandwich variance", warned)


class _Weighted:
    """The weighted partial likelihood; the weights factor into one of the time and one of the row, so nothing is ever rows by times."""

    def __init__(self, time: Floats, mine: Bools, other: Bools, x: Floats) -> None:
        order = np.argsort(time, kind="stable")
        self.time, self.mine, self.other = time[order], mine[order], other[order]
        self.x = x[order] - x.mean(axis=0)
        self.times, self.count = np.unique(self.time[self.mine], return_counts=True)
        self.censored = ~(self.mine | self.other)
        n = len(time)
        self.leaving = np.unique(self.time[self.censored])             # times of censoring, and what G does there
        self.risk = n - np.searchsorted(self.time, self.leaving, side="left")
        lost = np.bincount(np.searchsorted(self.leaving, self.time[self.censored]), minlength=len(self.leaving))
        self.hazard_c = lost / self.risk
        g = np.concatenate([[1.0], np.cumprod(1.0 - self.hazard_c)])
        self.g_time = g[np.searchsorted(self.leaving, self.times, side="left")]
        self.per_g = np.where(self.other, 1.0 / g[np.searchsorted(self.leaving, self.time, side="left")], 0.0)
        self._stay = np.searchsorted(self.time, self.times, side="left")       # rows before it have left by the time
        self._met = np.searchsorted(self.times, self.time, side="right")      # event times up to the row's own

    def at_risk(self, values: Floats) -> Floats:
        """Weighted sums over the risk set of each event time."""
        tall = (-1,) + (1,) * (values.ndim - 1)
        total, gone = _cumulative(values), _cumulative(values * self.per_g.reshape(tall))
        return np.asarray(total[-1] - total[self._stay] + self.g_time.reshape(tall) * gone[self._stay])

    def spread(self, of_times: Floats) -> Floats:
        """What the event times give to each row, by its weight there."""
        tall = (-1,) + (1,) * (of_times.ndim - 1)
        total, weighted = _cumulative(of_times), _cumulative(of_times * self.g_time.reshape(tall))
        return np.asarray(total[self._met] + self.per_g.reshape(tall) * (weighted[-1] - weighted[self._met]))

    def at(self, beta: Floats) -> tuple[float, Floats, Floats, Floats, Floats, Floats]:
        """Log-likelihood, score, information, exp(eta), hazard increments and mean covariates at ``beta``."""
        eta = self.x @ beta
        r = np.exp(eta - eta.max())
        below = self.at_risk(r)
        mean = self.at_risk(r[:, None] * self.x) / below[:, None]
        step = self.count / below
        value = float((eta - eta.max())[self.mine].sum() - (self.count * np.log(below)).sum())
        score = self.x[self.mine].sum(axis=0) - self.count @ mean
        information = (self.x * (r * self.spread(step))[:, None]).T @ self.x - (mean * self.count[:, None]).T @ mean
        return value, score, information, r, step, mean

    def maximise(self, columns: tuple[str, ...]) -> Floats:
        """Newton's method with halved steps; CohortError where the likelihood is monotone."""
        beta = np.zeros(len(columns))
        value, score, information, *_ = self.at(beta)
        for _ in range(MOST_STEPS):
            if (np.diag(information) <= 0).any() or np.linalg.cond(information) > 1e12 or np.abs(beta).max() > 30:
                break
            move = np.linalg.solve(information, score)
            move *= min(1.0, 5.0 / float(np.abs(move).max() + 1e-300))
            while True:
                fresh = self.at(beta + move)
                if fresh[0] >= value - 1e-12 * abs(value) or np.abs(move).max() < 1e-10:
                    break
                move = move / 2.0
            beta, (value, score, information, *_) = beta + move, fresh
            if np.abs(move).max() < 1e-10:
                return beta
        steep = ", ".join(c for c, b in zip(columns, beta, strict=True) if abs(b) > 8) or ", ".join(columns)
        raise CohortError(f"The subdistribution hazard ratio of {steep} does not exist: all events, or none, lie on one side. "
                          "Compare cumulative incidences (gray_test), or use firth_cox for the cause-specific hazard.")

    def variance(self, beta: Floats) -> tuple[Floats, Floats]:
        """The sandwich, and the inverse information."""
        _, _, information, r, step, mean = self.at(beta)
        bread = np.linalg.inv(information)
        own = np.zeros_like(self.x)
        own[self.mine] = self.x[self.mine] - mean[np.searchsorted(self.times, self.time[self.mine])]
        eta = own - r[:, None] * (self.x * self.spread(step)[:, None] - self.spread(mean * step[:, None]))
        # what a censoring at u changes: q(u) = sum over others gone before u of r / G(T-) times the rest of the integral from u on
        rest_step, rest_mean = _from(step * self.g_time), _from((mean * step[:, None]) * self.g_time[:, None])
        after = np.searchsorted(self.times, self.leaving, side="left")
        before = np.searchsorted(self.time, self.leaving, side="left")
        weight = r * self.per_g
        gone, gone_x = _cumulative(weight)[before], _cumulative(weight[:, None] * self.x)[before]
        q = gone_x * rest_step[after][:, None] - gone[:, None] * rest_mean[after]
        per = q / self.risk[:, None]
        integral = _cumulative(per * self.hazard_c[:, None])[np.searchsorted(self.leaving, self.time, side="right")]
        psi = -integral
        psi[self.censored] += per[np.searchsorted(self.leaving, self.time[self.censored])]
        influence = (eta + psi) @ bread
        return np.asarray(influence.T @ influence), np.asarray(bread, np.float64)


def _cumulative(values: Floats) -> Floats:
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])


def _from(values: Floats) -> Floats:
    """Sums from each place to the end, and 0 after it."""
    return np.concatenate([np.cumsum(values[::-1], axis=0)[::-1], np.zeros((1, *values.shape[1:]))])
