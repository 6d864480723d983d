"""Proportions, their differences and odds ratios with intervals that hold in small samples.

One proportion: Wilson's score interval (wilson1927) and the exact one of Clopper and Pearson (clopper1934).  Two: the difference
with Newcombe's interval from two Wilson intervals (newcombe1998: method 10), the conditional maximum-likelihood odds ratio with its
exact interval (cornfield1956; what R's ``fisher.test`` prints), and the mid-p value of a 2 x 2 table (lancaster1961), which counts
half of the observed table's probability and is less conservative than Fisher's test.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy.typing as npt

from tocsin.cohort.counts import counts_of, level_of
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.result import Estimate, TestResult, not_done
from tocsin.errors import CohortError


def wilson(hits: int, of: int, level: float = 0.95) -> Estimate:
    """The share ``hits / of`` with Wilson's score interval; without patients there is no share, and the interval is 0 to 1."""
    cites = ("wilson1927:interval",)
    if _nobody(hits, of, level):
        return _nothing_known("proportion", level, "Wilson", cites)
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    p = hits / of
    centre = p + z * z / (2 * of)
    reach = z * ((p * (1 - p) + z * z / (4 * of)) / of) ** 0.5
    below, above = (centre - reach) / (1 + z * z / of), (centre + reach) / (1 + z * z / of)
    return Estimate("proportion", p, 0.0 if hits == 0 else below, 1.0 if hits == of else above, level, "Wilson score interval", cites=cites)


def clopper_pearson(hits: int, of: int, level: float = 0.95) -> Estimate:
    """The share ``hits / of`` with the exact binomial interval: never less than its level, often more."""
    cites = ("clopper1934:interval",)
    if _nobody(hits, of, level):
        return _nothing_known("proportion", level, "Clopper-Pearson", cites)
    beta, tail = needs("scipy.stats").beta, (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))
    return Estimate("proportion", hits / of, low, high, level, "Clopper-Pearson exact interval", with_version("scipy"), cites)


def newcombe(hits: int, of: int, other_hits: int, other_of: int, level: float = 0.95) -> Estimate:
    """The difference ``hits / of - other_hits / other_of`` with Newcombe's hybrid score interval (method 10, without correction)."""
    cites = ("newcombe1998:method 10",)
    one, two = wilson(hits, of, level), wilson(other_hits, other_of, level)
    name = "difference of proportions"
    if one.value is None or two.value is None:
        return Estimate(name, None, -1.0, 1.0, level, "Newcombe hybrid score interval", cites=cites, warnings=("one of the groups is empty",))
    d = one.value - two.value
    one_low, one_high = _limits(one)
    two_low, two_high = _limits(two)
    low = d - ((one.value - one_low) ** 2 + (two_high - two.value) ** 2) ** 0.5
    high = d + ((one_high - one.value) ** 2 + (two.value - two_low) ** 2) ** 0.5
    return Estimate(name, d, max(low, -1.0), min(high, 1.0), level, "Newcombe hybrid score interval (method 10)", cites=cites)


def odds_ratio(table: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """The conditional maximum-likelihood odds ratio of a 2 x 2 table with its exact interval.

    ``table`` is [[with, without] of one group, [with, without] of the other].  Not the ratio of the cross products: like R's
    ``fisher.test`` it is conditional on both margins.  An empty cell makes it 0 or infinite with one finite limit; a margin of zero
    leaves it unknown.
    """
    counts = counts_of(table, (2, 2))
    level_of(level)
    name, method, cites = "odds ratio", "conditional maximum likelihood, exact interval", ("cornfield1956:exact limits",)
    if (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        return Estimate(name, None, 0.0, float("inf"), level, method, cites=cites, warnings=("a row or column of the table is empty",))
    found = needs("scipy.stats.contingency").odds_ratio(counts, kind="conditional")
    limits = found.confidence_interval(confidence_level=level)
    value = float(found.statistic)
    warnings = ("an empty cell: the odds ratio has no finite estimate",) if value in (0.0, float("inf")) else ()
    return Estimate(name, value, float(limits.low), float(limits.high), level, method, with_version("scipy"), cites, warnings)


def mid_p(table: npt.ArrayLike) -> TestResult:
    """The mid-p value of a 2 x 2 table: tables less likely than the observed one, and half of those as likely as it (lancaster1961)."""
    counts = counts_of(table, (2, 2))
    name, cites = "Fisher mid-p test", ("lancaster1961:mid-p", "fisher1935:exact test")
    n = tuple(int(x) for x in counts.sum(axis=1))
    if (counts.sum(axis=0) == 0).any() or (counts.sum(axis=1) == 0).any():
        return not_done(name, "a row or column of the table is empty", n, cites)
    law = needs("scipy.stats").hypergeom(int(counts.sum()), int(counts[0].sum()), int(counts[:, 0].sum()))
    a, b = law.support()
    chances = [float(law.pmf(k)) for k in range(int(a), int(b) + 1)]
    here = float(law.pmf(int(counts[0, 0])))
    less = sum(c for c in chances if c < here * (1 - 1e-7))
    same = sum(c for c in chances if abs(c - here) <= here * 1e-7)
    return TestResult(name, min(less + same / 2, 1.0), n=n, software=with_version("scipy"), cites=cites)


def _limits(share: Estimate) -> tuple[float, float]:
    """The limits of a share, which always has them."""
    return (0.0 if share.low is None else share.low), (1.0 if share.high is None else share.high)


def _nobody(hits: int, of: int, level: float) -> bool:
    """Whether the group is empty; CohortError when a count cannot be one."""
    level_of(level)
    if not 0 <= hits <= of:
        raise CohortError(f"{hits} of {of} is not a share: the count lies between 0 and the number of patients")
    return of == 0


def _nothing_known(name: str, level: float, method: str, cites: tuple[str, ...]) -> Estimate:
    return Estimate(name, None, 0.0, 1.0, level, method, cites=cites, warnings=("nobody was observed",))
