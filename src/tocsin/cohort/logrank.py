"""The log-rank test and its weighted, stratified and trend forms, as R's survdiff computes them.

At each event time t of a stratum, d of n at risk have the event and d n_g / n are expected in group g.  With O the observed and
E the expected numbers summed over times and strata, and V the sum of the hypergeometric covariances
d (n - d) / (n - 1) [diag(n_g / n) - n_g n_h / n^2], (O - E)' V^- (O - E) is chi-squared with one degree of freedom less than groups
(mantel1966, peto1972).  G-rho weighs each time by S(t-)^rho, S the pooled Kaplan-Meier of the stratum (harrington1982): rho = 0 is the
log-rank test, rho = 1 the Peto-Peto form of the Wilcoxon test.  Entry after 0 is respected in the risk sets; with rows in
counting-process form whose group changes over time this is the test of Mantel and Byar (mantel1974).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Bools, Floats, Ints, Survival, groups_of, nobody, numbers
from tocsin.cohort.tails import chi_squared_p
from tocsin.errors import CohortError

CITES = ("mantel1966:log-rank test", "peto1972:log-rank test")
RHO_CITES = ("harrington1982:G-rho family",)
TREND_CITES = ("tarone1975:trend over ordered groups",)
BYAR_CITES = ("mantel1974:group that changes over time",)
FEW_EXPECTED = 5.0
"""Expected events in a group below which the chi-squared approximation gets a warning."""


@dataclass(frozen=True, eq=False)
class LogRank:
    """The test with what was observed and expected in each group; ``trend`` only where scores were given.

    ``n`` counts rows, ``observed`` and ``expected`` events (weighted where rho is not 0), ``covariance`` is that of their difference.
    ``dropped`` rows lacked time, event, group or stratum.
    """

    test: TestResult
    trend: TestResult | None
    groups: tuple[str, ...]
    n: tuple[int, ...]
    observed: Floats
    expected: Floats
    covariance: Floats
    dropped: int


def log_rank(data: Survival, groups: Iterable[object], *, strata: Iterable[object] | None = None, rho: float = 0.0,
             scores: Sequence[float] | None = None, levels: Sequence[object] | None = None) -> LogRank:
    """Whether the groups differ in their hazard; ``scores``, one for each group in order, also tests a trend along them."""
    codes, names, layer, kept = arrange(data, groups, strata, levels)
    k = len(names)
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for s in np.unique(layer[kept]):
        o, e, v = _stratum(data, kept & (layer == s), codes, k, rho)
        observed, expected, covariance = observed + o, expected + e, covariance + v
    met = expected > 0
    n = tuple(int((kept & (codes == g)).sum()) for g in range(k))
    apart = (observed - expected)[met][:-1]
    df = int(met.sum()) - 1
    if df < 1:
        raise CohortError("No event happened while two of the groups were at risk together: there is nothing to compare.")
    within = covariance[np.ix_(met, met)][:-1, :-1]
    if np.linalg.matrix_rank(within) < df:
        raise CohortError("The events happened only while one of the groups was at risk: their log-rank variance is 0, there is nothing to compare.")
    statistic = float(apart @ np.linalg.solve(within, apart))
    warned = _warnings(names, n, expected)
    name = "log-rank test" if rho == 0 else "Peto-Peto test" if rho == 1 else f"G-rho test, rho = {rho:g}"
    variant = "stratified" if strata is not None else ""
    cites = CITES + (RHO_CITES if rho else ()) + (BYAR_CITES if data.entry is not None else ())
    test = TestResult(name, chi_squared_p(statistic, df), statistic, "chi-squared", (df,), variant, n, cites=cites, warnings=warned)
    trend = None
    if scores is not None:
        a = numbers(scores, "scores")
        if len(a) != k or not np.isfinite(a).all():
            raise CohortError(f"A trend needs one number for each of the {k} groups ({', '.join(names)}); given: {list(scores)}.")
        spread = float(a @ covariance @ a)
        if spread <= 0:
            raise CohortError("A trend needs scores that differ between the groups.")
        z2 = float(a @ (observed - expected)) ** 2 / spread
        trend = TestResult(f"{name} for trend", chi_squared_p(z2, 1), z2, "chi-squared", (1,), variant, n, cites=cites + TREND_CITES, warnings=warned)
    return LogRank(test, trend, names, n, observed, expected, covariance, int((~kept).sum()))


def arrange(data: Survival, groups: Iterable[object], strata: Iterable[object] | None,
            levels: Sequence[object] | None) -> tuple[Ints, tuple[str, ...], Ints, Bools]:
    """Group and stratum of each row as numbers, the groups' names, and the rows that can be used; CohortError where no comparison is possible."""
    data.one_cause()
    codes, names = groups_of(groups, len(data), "groups", levels)
    layer = np.zeros(len(data), np.int64) if strata is None else groups_of(strata, len(data), "strata")[0]
    kept = data.known & (codes >= 0) & (layer >= 0)
    nobody(kept, "a known time, event, group and stratum")
    present = [g for g in range(len(names)) if (kept & (codes == g)).any()]
    if len(present) < 2:
        raise CohortError(f"Only the group {names[present[0]]} has anybody: a comparison needs two.")
    if not data.event[kept].any():
        raise CohortError(f"No event happened among {int(kept.sum())} patients: there is nothing to compare.")
    return codes, names, layer, kept


def _stratum(data: Survival, here: Bools, codes: Ints, k: int, rho: float) -> tuple[Floats, Floats, Floats]:
    """Observed, expected and covariance within one stratum."""
    time, event, group = data.time[here], data.event[here] > 0, codes[here]
    times = np.unique(time[event])
    if not len(times):
        return np.zeros(k), np.zeros(k), np.zeros((k, k))
    n, d = np.zeros((k, len(times))), np.zeros((k, len(times)))
    for g in range(k):
        mine = group == g
        n[g] = mine.sum() - np.searchsorted(np.sort(time[mine]), times, side="left")
        if data.entry is not None:
            n[g] -= mine.sum() - np.searchsorted(np.sort(data.entry[here][mine]), times, side="left")
        d[g] = np.bincount(np.searchsorted(times, time[mine & event]), minlength=len(times))
    total, dead = n.sum(axis=0), d.sum(axis=0)
    if rho:
        s = np.cumprod(1.0 - dead / total)
        weight = np.concatenate([[1.0], s[:-1]]) ** rho
    else:
        weight = np.ones(len(times))
    share = n / total
    spread = weight**2 * dead * np.divide(total - dead, total - 1.0, out=np.zeros(len(times)), where=total > 1)
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    return (weight * d).sum(axis=1), (weight * dead * share).sum(axis=1), covariance


def _warnings(names: tuple[str, ...], n: tuple[int, ...], expected: Floats) -> tuple[str, ...]:
    warned = [f"{name}: nobody; the group is left out." for name, size in zip(names, n, strict=True) if not size]
    warned += [f"{name}: only one patient." for name, size in zip(names, n, strict=True) if size == 1]
    few = [f"{name} ({e:.1f})" for name, e, size in zip(names, expected, n, strict=True) if size and e < FEW_EXPECTED]
    if few:
        warned.append(f"Fewer than {FEW_EXPECTED:g} events are expected in {', '.join(few)}: prefer the permutation test.")
    return tuple(warned)
