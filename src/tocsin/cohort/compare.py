"""Tests between groups, each under its own name: means, ranks and tables of counts.

Every function takes the groups as sequences of numbers, or a table of counts with the groups in rows, and answers a ``TestResult``;
data on which the test does not exist give a result without a p-value that says why.  Where R and SPSS differ, R is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tocsin.cohort.counts import counts_of, expected, without_empty
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.result import TestResult, not_done
from tocsin.errors import CohortError

Values = npt.NDArray[np.float64]
Group = Sequence[float] | Values

EXACT_BELOW = 50
"""Groups below this size have the exact Mann-Whitney distribution where no values are tied (R's ``wilcox.test``)."""
TIES = "tied values: the p-value rests on the normal approximation"
ALIKE = "every patient has the same value"


def groups_of(groups: Sequence[Group], at_least: int = 2) -> list[Values]:
    """The groups as finite numbers; CohortError for missing or infinite values, which the caller leaves out and counts."""
    arrays = [np.asarray(g, float).ravel() for g in groups]
    if len(arrays) < at_least:
        raise CohortError(f"a comparison needs at least {at_least} groups, not {len(arrays)}")
    if any(not np.isfinite(a).all() for a in arrays):
        raise CohortError("missing or infinite values are left out before a test, and counted")
    return arrays


def _sizes(arrays: Sequence[Values]) -> tuple[int, ...]:
    return tuple(len(a) for a in arrays)


def _why_not(arrays: Sequence[Values], fewest: int = 1) -> str:
    """Why groups cannot be compared; empty when they can."""
    for number, a in enumerate(arrays, start=1):
        if len(a) < fewest:
            return f"group {number} has {'no value' if not len(a) else 'one value' if len(a) == 1 else f'{len(a)} values'}"
    return ALIKE if np.ptp(np.concatenate(arrays)) == 0 else ""


# ---------------------------------------------------------------------------------------------------- means
def welch_t(*groups: Group) -> TestResult:
    """Welch's t test of two means, variances not assumed equal (welch1947)."""
    return _t(groups, "Welch's t test", equal=False, cites=("welch1947:unequal variances",))


def student_t(*groups: Group) -> TestResult:
    """Student's t test of two means, variances assumed equal (student1908)."""
    return _t(groups, "Student's t test", equal=True, cites=("student1908:t test",))


def _t(groups: Sequence[Group], name: str, equal: bool, cites: tuple[str, ...]) -> TestResult:
    arrays = _two(groups, name)
    n = _sizes(arrays)
    why = _why_not(arrays, 2) or ("no group has a variance" if all(np.ptp(a) == 0 for a in arrays) else "")
    if why:
        return not_done(name, why, n, cites)
    found = needs("scipy.stats").ttest_ind(*arrays, equal_var=equal)
    return TestResult(name, float(found.pvalue), float(found.statistic), "t", (float(found.df),), n=n, software=with_version("scipy"), cites=cites)


def anova(*groups: Group) -> TestResult:
    """One-way analysis of variance, variances assumed equal (fisher1925)."""
    name, cites = "one-way ANOVA", ("fisher1925:analysis of variance",)
    arrays = groups_of(groups)
    n = _sizes(arrays)
    why = _why_not(arrays) or ("no group has a variance" if all(np.ptp(a) == 0 for a in arrays) else "")
    if why:
        return not_done(name, why, n, cites)
    found = needs("scipy.stats").f_oneway(*arrays)
    return TestResult(name, float(found.pvalue), float(found.statistic), "F", (len(n) - 1.0, float(sum(n) - len(n))), n=n,
                      software=with_version("scipy"), cites=cites)


def welch_anova(*groups: Group) -> TestResult:
    """One-way analysis of variance, variances not assumed equal (welch1951; R's ``oneway.test``)."""
    name, cites = "Welch's ANOVA", ("welch1951:k means",)
    arrays = groups_of(groups)
    sizes = _sizes(arrays)
    why = _why_not(arrays, 2) or ("a group has no variance" if any(np.ptp(a) == 0 for a in arrays) else "")
    if why:
        return not_done(name, why, sizes, cites)
    k, n = len(arrays), np.array(sizes, float)
    mean, w = np.array([a.mean() for a in arrays]), n / np.array([a.var(ddof=1) for a in arrays])
    centre = (w * mean).sum() / w.sum()
    spread = (((1 - w / w.sum()) ** 2) / (n - 1)).sum() / (k * k - 1)
    f = (w * (mean - centre) ** 2).sum() / ((k - 1) * (1 + 2 * (k - 2) * spread))
    df = (k - 1.0, 1 / (3 * spread))
    return TestResult(name, float(needs("scipy.stats").f.sf(f, *df)), float(f), "F", df, n=sizes, software=with_version("scipy"), cites=cites)


# ---------------------------------------------------------------------------------------------------- ranks
def mann_whitney(*groups: Group) -> TestResult:
    """The Mann-Whitney U (Wilcoxon rank-sum) test as R does it (mann1947).

    Exact where both groups have fewer than 50 values and none is tied; otherwise the normal approximation with a continuity
    correction and the variance corrected for ties.  The statistic is U of the first group (R's W).
    """
    name, cites = "Mann-Whitney U test", ("mann1947:U", "rcore:wilcox.test")
    arrays = _two(groups, name)
    n = _sizes(arrays)
    why = _why_not(arrays)
    if why:
        return not_done(name, why, n, cites)
    pooled = np.concatenate(arrays)
    tied = len(np.unique(pooled)) < len(pooled)
    exact = not tied and max(n) < EXACT_BELOW
    found = needs("scipy.stats").mannwhitneyu(*arrays, use_continuity=True, alternative="two-sided", method="exact" if exact else "asymptotic")
    variant = "exact" if exact else "normal approximation with continuity correction" + (" and ties" if tied else "")
    warnings = (TIES,) if tied and max(n) < EXACT_BELOW else ()
    return TestResult(name, min(float(found.pvalue), 1.0), float(found.statistic), "U", variant=variant, n=n, software=with_version("scipy"),
                      cites=cites, warnings=warnings)


def kruskal_wallis(*groups: Group) -> TestResult:
    """The Kruskal-Wallis test with its correction for ties (kruskal1952)."""
    name, cites = "Kruskal-Wallis test", ("kruskal1952:H",)
    arrays = groups_of(groups)
    n = _sizes(arrays)
    why = _why_not(arrays)
    if why:
        return not_done(name, why, n, cites)
    found = needs("scipy.stats").kruskal(*arrays)
    warnings = ("a group has fewer than 5 values: the chi-square approximation is rough",) if min(n) < 5 else ()
    return TestResult(name, float(found.pvalue), float(found.statistic), "H", (len(n) - 1.0,), n=n, software=with_version("scipy"), cites=cites,
                      warnings=warnings)


def signed_rank(before: Group, after: Group) -> TestResult:
    """The Wilcoxon signed-rank test of paired values as R does it (wilcoxon1945).

    Pairs without a difference are left out.  Exact for fewer than 50 pairs without ties or zeros; otherwise the normal
    approximation with a continuity correction.  The statistic is V, the sum of the ranks of positive differences (before - after).
    """
    name, cites = "Wilcoxon signed-rank test", ("wilcoxon1945:paired", "rcore:wilcox.test")
    one, two = groups_of((before, after))
    if len(one) != len(two):
        raise CohortError(f"paired values come in pairs: {len(one)} and {len(two)} were given")
    d = one - two
    kept = d[d != 0]
    n = (len(kept),)
    if not len(kept):
        return not_done(name, "no pair has a difference" if len(d) else "there are no pairs", n, cites)
    stats = needs("scipy.stats")
    tied = len(np.unique(np.abs(kept))) < len(kept)
    exact = not tied and len(kept) == len(d) and len(kept) < EXACT_BELOW
    found = stats.wilcoxon(kept, correction=not exact, method="exact" if exact else "approx")
    v = float(stats.rankdata(np.abs(kept))[kept > 0].sum())
    warnings = (f"{len(d) - len(kept)} pairs without a difference are left out",) if len(kept) < len(d) else ()
    return TestResult(name, min(float(found.pvalue), 1.0), v, "V", variant="exact" if exact else "normal approximation with continuity correction",
                      n=n, software=with_version("scipy"), cites=cites, warnings=warnings + ((TIES,) if tied else ()))


# ---------------------------------------------------------------------------------------------------- counts
def pearson(table: npt.ArrayLike) -> TestResult:
    """Pearson's chi-square test, without a continuity correction (pearson1900)."""
    return _chi_square(table, "Pearson chi-square test", ("pearson1900:chi-square",))


def yates(table: npt.ArrayLike) -> TestResult:
    """The chi-square test of a 2 x 2 table with Yates' continuity correction (yates1934; R's ``chisq.test``)."""
    counts_of(table, (2, 2))
    return _chi_square(table, "chi-square test with Yates' correction", ("yates1934:continuity correction",), correction=True)


def likelihood_ratio(table: npt.ArrayLike) -> TestResult:
    """The likelihood-ratio chi-square test (G test; wilks1938)."""
    return _chi_square(table, "likelihood-ratio chi-square test", ("wilks1938:likelihood ratio",), power="log-likelihood")


def _chi_square(table: npt.ArrayLike, name: str, cites: tuple[str, ...], correction: bool = False, power: str = "pearson") -> TestResult:
    counts = counts_of(table)
    n = tuple(int(x) for x in counts.sum(axis=1))
    used = without_empty(counts)
    if min(used.shape) < 2:
        return not_done(name, "fewer than two groups or two values are filled", n, cites)
    found = needs("scipy.stats").chi2_contingency(used, correction=correction, lambda_=power)
    few = int((expected(used) < 5).sum())
    warnings = (f"{few} of {used.size} expected counts are below 5: the chi-square approximation is unsafe",) if few else ()
    return TestResult(name, float(found.pvalue), float(found.statistic), "chi-square", (float(found.dof),), n=n, software=with_version("scipy"),
                      cites=cites, warnings=warnings)


def cochran_armitage(table: npt.ArrayLike, scores: Sequence[float] | None = None) -> TestResult:
    """The Cochran-Armitage test for a trend of a proportion over ordered groups (armitage1955; R's ``prop.trend.test``).

    One side of ``table`` has two rows or columns (with, without), the other the ordered groups with their ``scores`` (1, 2, 3 ...).
    """
    name, cites = "Cochran-Armitage trend test", ("armitage1955:trend", "cochran1954:trend")
    counts = counts_of(table)
    if counts.shape[1] != 2:
        counts = counts.T
    if counts.shape[1] != 2:
        raise CohortError(f"a trend of proportions needs a table with two rows or two columns, not {counts.shape[1]} x {counts.shape[0]}")
    x = np.arange(1, len(counts) + 1, dtype=float) if scores is None else np.asarray(scores, float)
    if len(x) != len(counts) or not np.isfinite(x).all():
        raise CohortError(f"the trend needs one score for each of the {len(counts)} ordered groups")
    n = counts.sum(axis=1).astype(float)
    sizes = tuple(int(v) for v in n)
    total, share = n.sum(), counts[:, 0].sum() / max(n.sum(), 1.0)
    centred = x - (n * x).sum() / max(total, 1.0)
    variance = share * (1 - share) * (n * centred**2).sum()
    if variance <= 1e-12:
        return not_done(name, "one group or one value only", sizes, cites)
    z = float((counts[:, 0] * centred).sum() / np.sqrt(variance))
    p = float(needs("scipy.stats").chi2.sf(z * z, 1))
    return TestResult(name, p, z * z, "chi-square", (1.0,), n=sizes, software=with_version("scipy"), cites=cites,
                      variant="scores " + ", ".join(f"{v:g}" for v in x))


def linear_by_linear(table: npt.ArrayLike) -> TestResult:
    """The linear-by-linear association of an ordered table, (N - 1) r^2, as SPSS prints it (mantel1963); scores 1, 2, 3 ..."""
    name, cites = "linear-by-linear association", ("mantel1963:correlation",)
    counts = counts_of(table)
    n = tuple(int(x) for x in counts.sum(axis=1))
    used = without_empty(counts)
    if min(used.shape) < 2:
        return not_done(name, "fewer than two groups or two values are filled", n, cites)
    i, j = np.indices(counts.shape)
    times = counts.ravel()
    r = float(np.corrcoef(np.repeat(i.ravel(), times), np.repeat(j.ravel(), times))[0, 1])
    m2 = (times.sum() - 1) * r * r
    return TestResult(name, float(needs("scipy.stats").chi2.sf(m2, 1)), m2, "M^2", (1.0,), n=n, software=with_version("scipy"), cites=cites)


def _two(groups: Sequence[Group], name: str) -> list[Values]:
    arrays = groups_of(groups)
    if len(arrays) != 2:
        raise CohortError(f"{name} compares two groups, not {len(arrays)}")
    return arrays


OF_VALUES: Mapping[str, Callable[..., TestResult]] = MappingProxyType({
    "welch": welch_t, "student": student_t, "anova": anova, "welch-anova": welch_anova, "mann-whitney": mann_whitney,
    "kruskal-wallis": kruskal_wallis,
})
"""The tests of numbers by the name a user gives."""
OF_COUNTS: Mapping[str, Callable[[npt.ArrayLike], TestResult]] = MappingProxyType({
    "pearson": pearson, "yates": yates, "likelihood-ratio": likelihood_ratio, "fisher": fisher_exact, "cochran-armitage": cochran_armitage,
    "linear-by-linear": linear_by_linear,
})
"""The tests of tables of counts by the name a user gives."""
