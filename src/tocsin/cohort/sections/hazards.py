"""Hazard ratios for a report: Cox's model where the events allow it, Firth's penalised likelihood where they do not, with the checks of both.

The choice is made before the result is seen: Firth's estimate is the one reported where there are fewer than ten events for a coefficient
(peduzzi1995) or the likelihood is monotone; the table gives both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from tocsin.cohort.cox import FEW_EVENTS, CoxFit, cox
from tocsin.cohort.cox_checks import proportional_hazards
from tocsin.cohort.design import Covariates
from tocsin.cohort.firth import FirthFit, firth_cox
from tocsin.cohort.packages import with_version
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

CITES = ("peduzzi1995:events per coefficient",)
METHODS = (
    "Hazard ratios come from Cox's proportional hazards model with Efron's treatment of ties and Wald limits, or, where there were fewer than "
    f"{FEW_EVENTS} events for a coefficient or the likelihood was monotone, from Cox's model with Firth's penalty and profile penalised likelihood limits."
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A hazard ratio with its limits and p-value; None where the model gives none (an infinite one has no Wald limits)."""

    name: str
    term: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True)
class Hazards:
    """The hazard ratios to be reported, and how they were obtained.

    ``fit`` is Cox's model, ``firth`` the penalised one where it was fitted.  ``proportional`` are the tests of proportional hazards by covariate (and over
    all, last), or ``unchecked`` says why there are none.
    """

    ratios: tuple[Ratio, ...]
    fit: CoxFit
    firth: FirthFit | None
    proportional: tuple[TestResult, ...]
    unchecked: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...]

    @property
    def method(self) -> str:
        """How the reported ratios were obtained."""
        return "Cox model with Firth's penalty" if self.firth is not None else "Cox model"

    @property
    def n(self) -> int:
        return self.fit.n

    @property
    def events(self) -> int:
        return self.fit.n_events

    @property
    def concordance(self) -> Estimate:
        """Of Cox's model."""
        return self.fit.concordance

    def of(self, term: str) -> tuple[Ratio, ...]:
        """The ratios of one covariate."""
        return tuple(r for r in self.ratios if r.term == term)

    def check(self, term: str) -> float | None:
        """The p-value of proportional hazards of one covariate."""
        return next((t.p for t in self.proportional if t.name == f"proportional hazards of {term}"), None)


def hazards(data: Survival, covariates: Covariates, *, levels: Mapping[str, Sequence[object]] | None = None, strata: Iterable[object] | None = None,
            cluster: Iterable[object] | None = None) -> Hazards:
    """Fit and check; CohortError where no model can be fitted.

    Firth's likelihood knows no clusters: its limits for rows in counting-process form are those of the model, in which no two rows of a patient are at risk
    at one time.
    """
    layer = None if strata is None else list(strata)
    fit = cox(data, covariates, levels=levels, strata=layer, cluster=cluster)
    few = fit.n_events < FEW_EVENTS * len(fit.coefficients) or bool(fit.infinite) or any("did not settle" in w for w in fit.warnings) or any(
        isnan(c.std_error) for c in fit.coefficients)
    firth, warnings = None, []
    if few:
        try:
            firth = firth_cox(data, covariates, levels=levels, strata=layer)
        except CohortError as error:
            warnings.append(f"Firth's penalised likelihood could not be used ({error}); the estimates of Cox's model are given.")
    tests, unchecked = _checked(fit)
    source = fit.coefficients if firth is None else firth.coefficients
    ratios = tuple(Ratio(c.name, c.term, c.hazard_ratio, _known(c.low), _known(c.high), _known(c.p)) for c in source)
    warnings += [] if firth is not None else list(fit.warnings)
    cites = (*fit.cites, *(firth.cites if firth is not None else ()), *(CITES if few else ()), *(c for t in tests for c in t.cites), *fit.concordance.cites)
    return Hazards(ratios, fit, firth, tests, unchecked, tuple(warnings), cites)


def software() -> str:
    """What computed them, for the methods paragraph."""
    return f"Survival was analysed with {with_version('numpy')} and {with_version('scipy')} by routines checked against the package survival of R."


def _checked(fit: CoxFit) -> tuple[tuple[TestResult, ...], str]:
    try:
        found = proportional_hazards(fit)
    except CohortError as error:
        return (), str(error)
    return (*found.tests, found.overall), ""


def _known(x: float) -> float | None:
    return None if isnan(x) else x
