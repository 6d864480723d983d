"""How much one group lies above another, with an interval: the Hodges-Lehmann shift of ranks and Welch's difference of means."""

from __future__ import annotations

from math import floor, sqrt
from statistics import NormalDist

import numpy as np

from tocsin.cohort.compare import EXACT_BELOW, Group, groups_of
from tocsin.cohort.counts import level_of
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.pairwise import ranked_differences
from tocsin.cohort.result import Estimate

SHIFT = "median of the pairwise differences"


def hodges_lehmann(first: Group, second: Group, level: float = 0.95) -> Estimate:
    """The median of all differences first minus second, with the interval that inverts the Mann-Whitney test (hodges1963).

    Not the difference of the medians.  As in R's ``wilcox.test`` the limits are ordered differences counted by the exact distribution
    of U where both groups have fewer than 50 values and none is tied; otherwise they are counted by its normal approximation with the
    variance corrected for ties.  No limit where the groups are too small for the level.
    """
    x, y = groups_of((first, second))
    level_of(level)
    cites = ("hodges1963:shift", "rcore:wilcox.test")
    if not len(x) or not len(y):
        return Estimate(SHIFT, None, None, None, level, cites=cites, warnings=("a group is empty",))
    m, n, tail = len(x), len(y), (1 - level) / 2
    pooled = np.concatenate([x, y])
    _, times = np.unique(pooled, return_counts=True)
    exact = bool((times == 1).all()) and max(m, n) < EXACT_BELOW
    if exact:
        ways = _ways(m, n)
        below = np.cumsum(ways) / ways.sum()
        rank = int(np.searchsorted(below, tail * (1 - 1e-12)))  # the smallest u with P(U <= u) >= tail, R's qwilcox
        rank = max(rank, 1)
        enough = below[0] <= tail
    else:
        total = m + n
        spread = m * n / 12 * (total + 1 - float((times**3 - times).sum()) / (total * (total - 1)))
        at = m * n / 2 - NormalDist().inv_cdf(1 - tail) * sqrt(max(spread, 0.0))
        rank = floor(at + 0.5)
        enough = rank >= 1 and spread > 0
    method = f"Hodges-Lehmann, {'exact' if exact else 'normal approximation'} interval"
    ends = (rank - 1, m * n - rank) if enough else (0, 0)
    under, over, low, high = ranked_differences(x, y, ((m * n - 1) // 2, m * n // 2, *ends))
    value = (under + over) / 2
    if not enough:
        return Estimate(SHIFT, value, None, None, level, method, cites=cites, warnings=(f"too few or too alike for an interval of {level:.0%}",))
    return Estimate(SHIFT, value, low, high, level, method, cites=cites)


def _ways(m: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many of the orders of m and n values have each U: the coefficients of the Gaussian binomial (mann1947)."""
    ways = np.zeros(m * n + 1)
    ways[0] = 1.0
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):       # times (1 - q^(n+i))
            ways[u] -= ways[u - n - i]
        for u in range(i, m * n + 1):               # over (1 - q^i)
            ways[u] += ways[u - i]
    return ways


def mean_difference(first: Group, second: Group, level: float = 0.95) -> Estimate:
    """The difference of means first minus second with Welch's interval (welch1947)."""
    x, y = groups_of((first, second))
    level_of(level)
    name, cites = "difference of means", ("welch1947:unequal variances",)
    if not len(x) or not len(y):
        return Estimate(name, None, None, None, level, cites=cites, warnings=("a group is empty",))
    value = float(x.mean() - y.mean())
    if min(len(x), len(y)) < 2:
        return Estimate(name, value, None, None, level, cites=cites, warnings=("a group has one value",))
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        return Estimate(name, value, None, None, level, cites=cites, warnings=("no group has a variance",))
    found = needs("scipy.stats").ttest_ind(x, y, equal_var=False).confidence_interval(level)
    return Estimate(name, value, float(found.low), float(found.high), level, "Welch interval", with_version("scipy"), cites)
