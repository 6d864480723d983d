"""Cox regression (cox1972): Efron or Breslow ties, strata, late entry, covariates that change over time, robust variance.

Covariates that change over time, and late entry, are rows in counting-process form (``Survival.of`` with ``entry``); give the patient as
``cluster`` where rows of one patient should count as one in the variance.  The robust variance is the sum over clusters of the outer product of
dfbeta residuals (lin1989), the sandwich.

Where a covariate predicts the events perfectly, the likelihood rises for ever and the coefficient is infinite (monotone likelihood).
It is then reported as infinite, without Wald limits, with a warning that points to Firth's penalised likelihood; the likelihood-ratio
and score tests remain valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.cohort.concordance import concordance
from tocsin.cohort.design import Covariates, Design, check_columns, design
from tocsin.cohort.partial_likelihood import CITES as LIKELIHOOD_CITES
from tocsin.cohort.partial_likelihood import PartialLikelihood, Terms, Ties
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.survival import Bools, Floats, Ints, Survival, groups_of, nobody, numbers
from tocsin.cohort.tails import chi_squared_p, reach, two_sided
from tocsin.errors import CohortError

CITES = ("andersen1982:counting-process form",)
ROBUST_CITES = ("lin1989:robust variance",)
FEW_EVENTS = 10
"""Events per coefficient below which a fit gets a warning (peduzzi1995)."""
MOST_STEPS = 60


@dataclass(frozen=True, eq=False)
class Coefficient:
    """One coefficient: log hazard ratio with its standard error, the hazard ratio with Wald limits, and the Wald p-value.

    ``std_error`` is the robust one where the fit is robust, ``model_error`` the one of the model.  NaN where the coefficient is infinite.
    """

    name: str
    term: str
    log_hazard_ratio: float
    std_error: float
    model_error: float
    hazard_ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted Cox model.

    ``tests`` are likelihood ratio, Wald and score test of all coefficients at once (the score test at 0 is the log-rank test where there is one grouping and
    no ties), and the robust score test where the fit is robust.  ``infinite`` names coefficients that the data push to infinity.
    ``dropped`` rows lacked a value.  ``covariance`` is that of ``std_error``.
    """

    coefficients: tuple[Coefficient, ...]
    covariance: Floats
    loglik: tuple[float, float]
    """At 0 and at the estimate."""
    tests: tuple[TestResult, ...]
    n: int
    n_events: int
    dropped: int
    concordance: Estimate
    ties: Ties
    infinite: tuple[str, ...]
    steps: int
    confidence: float
    method: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...]
    design: Design = field(repr=False)
    rows: Ints = field(repr=False)
    """Which rows of the data were used."""
    likelihood: PartialLikelihood = field(repr=False)
    at_estimate: Terms = field(repr=False)

    def __getitem__(self, name: str) -> Coefficient:
        for c in self.coefficients:
            if c.name == name:
                return c
        raise CohortError(f"There is no coefficient {name!r}; there are {', '.join(c.name for c in self.coefficients)}.")

    @property
    def entries(self) -> Floats | None:
        """When the rows came under observation; None where all did at the start."""
        return self.likelihood.entries

    @property
    def beta(self) -> Floats:
        """The log hazard ratios."""
        return np.array([c.log_hazard_ratio for c in self.coefficients])

    def test(self, name: str) -> TestResult:
        """One of ``tests`` by its name: "likelihood ratio test", "Wald test", "score test", "robust score test"."""
        return next(t for t in self.tests if t.name == name)

    def wald(self, term: str) -> TestResult:
        """The Wald test of one covariate with all its levels."""
        columns = list(self.design.terms[term])
        b, v = self.beta[columns], self.covariance[np.ix_(columns, columns)]
        value = _quadratic(b, v)
        return TestResult(f"Wald test of {term}", chi_squared_p(value, len(b)) if np.isfinite(value) else None, value, "chi-squared", (len(b),),
                          not_done="" if np.isfinite(value) else "a coefficient is infinite", cites=self.cites)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a Cox model is fitted to: the rows that have everything."""

    data: Survival
    design: Design
    kept: Bools
    x: Floats
    strata: Ints | None
    clusters: Ints | None
    weights: Floats | None

    @property
    def dropped(self) -> int:
        """Rows that lack a value."""
        return int((~self.kept).sum())


def cox(data: Survival, covariates: Covariates, *, levels: Mapping[str, Sequence[object]] | None = None, ties: Ties = "efron",
        strata: Iterable[object] | None = None, cluster: Iterable[object] | None = None, weights: npt.ArrayLike | None = None,
        confidence: float = 0.95) -> CoxFit:
    """Fit a Cox model to the rows that have everything.

    Args:
        data: follow-up; with ``entry`` for late entry or covariates that change over time.
        covariates: a column of numbers or categories by name.
        levels: the levels of categories, the reference first.
        ties: "efron" or "breslow".
        strata: a stratum for each row; each has its own baseline hazard.
        cluster: whose rows belong together (the patient); makes the variance robust.
        weights: of each row, above 0; with weights give ``cluster``, for the model's variance takes them for counts.
        confidence: level of the limits.
    """
    z = reach(confidence)
    made = prepare(data, covariates, levels, strata, cluster, weights)
    likelihood = PartialLikelihood(made.data, made.x, strata=made.strata, weights=made.weights, ties=ties)
    found = maximise(likelihood)
    names, infinite = made.design.columns, found.infinite
    null, at = likelihood.terms(np.zeros(len(names))), likelihood.terms(found.beta)
    model = _inverse(likelihood.information(at), ~infinite)
    covariance, warned = model, []
    residuals = None
    if made.clusters is not None:
        finite = np.where(np.isnan(model), 0.0, model)
        weight = np.ones(len(made.data)) if made.weights is None else made.weights
        residuals = _by_cluster(likelihood.residuals(at) * weight[:, None], made.clusters)
        covariance = (residuals @ finite).T @ (residuals @ finite)
        covariance[infinite, :] = covariance[:, infinite] = np.nan
        if made.clusters.max() + 1 < 2 * len(names) + 2:
            warned.append(f"The robust variance rests on {made.clusters.max() + 1} clusters only.")
    flat = ~infinite & ~(np.diag(covariance) > 1e-12 * np.diag(model))
    if flat.any():                                                    # no error can be given: the events lie with too few rows or clusters
        covariance = covariance.copy()
        covariance[flat, :] = covariance[:, flat] = np.nan
        warned.append(f"{', '.join(n for n, f in zip(names, flat, strict=True) if f)}: the {'robust ' if residuals is not None else ''}variance is 0, "
                      "there is no interval.")
    error, model_error = np.sqrt(np.diag(covariance)), np.sqrt(np.where(np.diag(model) > 0, np.diag(model), np.nan))
    beta = np.where(infinite, np.copysign(np.inf, found.beta), found.beta)
    events = int((made.data.event > 0).sum())
    warned += _warnings(names, infinite, events, found.settled)
    with np.errstate(over="ignore"):
        coefficients = tuple(
            Coefficient(name, term, float(b), float(e), float(m), float(np.exp(b)), float(np.exp(b - z * e)), float(np.exp(b + z * e)),
                        float("nan") if np.isnan(e) else two_sided(float(b / e)))
            for name, term, b, e, m in zip(names, _term_of(made.design), beta, error, model_error, strict=True))
    cites = LIKELIHOOD_CITES[ties] + (CITES if data.entry is not None else ()) + (ROBUST_CITES if residuals is not None else ())
    tests = _tests(likelihood, null, at, beta, covariance, made, cites, tuple(warned))
    method = f"Cox proportional hazards model, {ties.capitalize()} ties" + (", stratified" if strata is not None else "") + (
        ", robust variance by cluster" if residuals is not None else "") + (", weighted" if weights is not None else "") + (
        ", counting-process form" if data.entry is not None else "")
    agreement = concordance(made.data, made.x @ found.beta, strata=made.strata, clusters=made.clusters, weights=made.weights,
                            confidence=confidence)
    return CoxFit(coefficients, covariance, (null.loglik, at.loglik), tests, len(made.data), events, made.dropped, agreement, ties,
                  tuple(n for n, i in zip(names, infinite, strict=True) if i), found.steps, confidence, method, tuple(warned), cites, made.design,
                  np.flatnonzero(made.kept), likelihood, at)


def prepare(data: Survival, covariates: Covariates, levels: Mapping[str, Sequence[object]] | None, strata: Iterable[object] | None,
            cluster: Iterable[object] | None, weights: npt.ArrayLike | None) -> Prepared:
    """The complete rows; CohortError where they cannot carry a model."""
    data.one_cause()
    d = design(covariates, len(data), levels)
    kept = data.known & ~np.isnan(d.x).any(axis=1)
    layer = None if strata is None else groups_of(strata, len(data), "strata")[0]
    whose = None if cluster is None else groups_of(cluster, len(data), "cluster")[0]
    w = None if weights is None else numbers(weights, "weights")
    for codes in (layer, whose):
        kept = kept if codes is None else kept & (codes >= 0)
    if w is not None:
        if len(w) != len(data):
            raise CohortError(f"weights has {len(w)} values for {len(data)} rows: one is needed for each row.")
        kept &= ~np.isnan(w)
        if (w[kept] <= 0).any() or np.isinf(w[kept]).any():
            raise CohortError("Weights are above 0 and finite; leave out rows that should not count.")
    nobody(kept, "a known time, event and all covariates")
    if not data.event[kept].any():
        raise CohortError(f"No event happened in the {int(kept.sum())} rows that can be used: hazards cannot be compared.")
    check_columns(d, kept)
    again = None if whose is None else np.unique(whose[kept], return_inverse=True)[1].astype(np.int64)
    return Prepared(data.take(kept), d, kept, d.x[kept], None if layer is None else layer[kept], again, None if w is None else w[kept])


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is highest; ``infinite`` marks coefficients along which it rises for ever."""

    beta: Floats
    infinite: Bools
    steps: int
    settled: bool


def maximise(likelihood: PartialLikelihood) -> Maximum:
    """Newton's method with halved steps, from 0."""
    p = likelihood.x.shape[1]
    width = np.ptp(likelihood.x, axis=0)
    beta = np.zeros(p)
    at = likelihood.terms(beta)
    information = likelihood.information(at)
    blind = np.diag(information) <= 1e-12 * width**2 * max(len(likelihood.term), 1)
    if blind.any():
        raise CohortError(f"Coefficient {int(np.flatnonzero(blind)[0]) + 1} cannot be estimated: whenever an event happened, all at risk had the same value.")
    if _singular(information):
        raise CohortError("The covariates cannot be told apart among those at risk when events happened: leave one of them out.")
    for step in range(1, MOST_STEPS + 1):
        move = np.linalg.solve(information, likelihood.score(at))
        size = np.abs(move) * width
        move = move * min(1.0, 5.0 / max(float(size.max()), 1e-300))    # a hazard ratio of e^5 over the range of x at a time
        fresh = likelihood.terms(beta + move)
        halvings = 0
        while fresh.loglik < at.loglik - 1e-10 * abs(at.loglik) and halvings < 30:
            move, halvings = move / 2.0, halvings + 1
            fresh = likelihood.terms(beta + move)
        gain = fresh.loglik - at.loglik
        beta, at = beta + move, fresh
        size = np.abs(move) * width
        if size.max() < 1e-10 or (size.max() < 1e-6 and abs(gain) <= 1e-14 * abs(at.loglik)):
            return Maximum(beta, np.zeros(p, bool), step, True)
        if abs(gain) < 1e-8 * max(1.0, abs(at.loglik)) and size.max() > 0.2 and np.abs(beta * width).max() > 8.0:
            return Maximum(beta, size > 0.05, step, True)
        information = likelihood.information(at)
        if _singular(information):
            return Maximum(beta, np.abs(beta) * width > 8.0, step, True)
    return Maximum(beta, np.zeros(p, bool), MOST_STEPS, False)


def _singular(information: Floats) -> bool:
    """Whether some combination of the coefficients has no information, whatever their units."""
    size = np.diag(information)
    if not np.isfinite(information).all() or (size <= 0).any():
        return True
    return bool(np.linalg.eigvalsh(information / np.sqrt(np.outer(size, size)))[0] < 1e-9)


def _inverse(information: Floats, finite: Bools) -> Floats:
    """The covariance of the finite coefficients; NaN in the others."""
    out = np.full(information.shape, np.nan)
    if finite.any():
        out[np.ix_(finite, finite)] = np.linalg.inv(information[np.ix_(finite, finite)])
    return out


def _by_cluster(residuals: Floats, clusters: Ints) -> Floats:
    total = np.zeros((int(clusters.max()) + 1, residuals.shape[1]))
    np.add.at(total, clusters, residuals)
    return total


def _quadratic(b: Floats, v: Floats) -> float:
    return float("nan") if not np.isfinite(b).all() or not np.isfinite(v).all() else float(b @ np.linalg.solve(v, b))


def _tests(likelihood: PartialLikelihood, null: Terms, at: Terms, beta: Floats, covariance: Floats, made: Prepared, cites: tuple[str, ...],
           warned: tuple[str, ...]) -> tuple[TestResult, ...]:
    df = len(beta)
    u = likelihood.score(null)
    ratio = 2.0 * (at.loglik - null.loglik)
    score = float(u @ np.linalg.solve(likelihood.information(null), u))
    wald = _quadratic(beta, covariance)
    out = [("likelihood ratio test", ratio), ("Wald test", wald), ("score test", score)]
    if made.clusters is not None:
        weight = np.ones(len(made.data)) if made.weights is None else made.weights
        r = _by_cluster(likelihood.residuals(null) * weight[:, None], made.clusters)
        total, spread = r.sum(axis=0), r.T @ r
        out.append(("robust score test", float(total @ np.linalg.solve(spread, total)) if np.linalg.matrix_rank(spread) == df else float("nan")))
    return tuple(TestResult(name, chi_squared_p(value, df) if np.isfinite(value) else None, value if np.isfinite(value) else None, "chi-squared", (df,),
                            n=(len(made.data),), not_done="" if np.isfinite(value) else "a coefficient is infinite, or there are too few clusters",
                            cites=cites, warnings=warned)
                 for name, value in out)


def _term_of(d: Design) -> list[str]:
    return [term for term, columns in d.terms.items() for _ in columns]


def _warnings(names: tuple[str, ...], infinite: Bools, events: int, settled: bool) -> list[str]:
    warned = [f"{name}: the likelihood is monotone (all events, or none, lie on one side), the hazard ratio is infinite or 0 and has no Wald limits; "
              "use Firth's penalised likelihood." for name, i in zip(names, infinite, strict=True) if i]
    if events < FEW_EVENTS * len(names):
        warned.append(f"{events} events for {len(names)} coefficient{'s' if len(names) > 1 else ''}: fewer than {FEW_EVENTS} each; estimates may be far off.")
    if not settled:
        warned.append(f"The fit did not settle in {MOST_STEPS} steps; do not use it.")
    return warned
