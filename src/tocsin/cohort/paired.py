"""By how much paired values changed: the Hodges-Lehmann shift of the signed-rank test, with its interval."""

from __future__ import annotations

from math import floor, sqrt
from statistics import NormalDist

import numpy as np

from tocsin.cohort.compare import EXACT_BELOW, Group, groups_of
from tocsin.cohort.counts import level_of
from tocsin.cohort.result import Estimate
from tocsin.errors import CohortError

CHANGE = "median change"


def paired_shift(before: Group, after: Group, level: float = 0.95) -> Estimate:
    """The pseudomedian of the differences after minus before, with the interval that inverts the Wilcoxon signed-rank test (hodges1963).

    It is the median of all averages of two differences, each with itself too (Walsh averages).  With fewer than 50 pairs, no difference of 0 and no
    two alike in size, the limits are counted by the exact distribution as in R's ``wilcox.test``; otherwise by its normal approximation.  Pairs without a
    difference stay in.  No limit where the pairs are too few for the level.
    """
    one, two = groups_of((before, after))
    if len(one) != len(two):
        raise CohortError(f"paired values come in pairs: {len(one)} and {len(two)} were given")
    level_of(level)
    cites = ("hodges1963:shift", "rcore:wilcox.test")
    d = two - one
    n = len(d)
    if not n:
        return Estimate(CHANGE, None, None, None, level, cites=cites, warnings=("there are no pairs",))
    first, second = np.triu_indices(n)
    walsh = np.sort((d[first] + d[second]) / 2)
    tail = (1 - level) / 2
    exact = n < EXACT_BELOW and bool((d != 0).all()) and len(np.unique(np.abs(d))) == n
    if exact:
        below = np.cumsum(_ways(n)) / 2.0**n
        rank = max(int(np.searchsorted(below, tail * (1 - 1e-12))), 1)  # the smallest v with P(V <= v) >= tail, R's qsignrank
        enough = below[0] <= tail
    else:
        at = n * (n + 1) / 4 - NormalDist().inv_cdf(1 - tail) * sqrt(n * (n + 1) * (2 * n + 1) / 24)
        rank = floor(at + 0.5)
        enough = rank >= 1
    method = f"Hodges-Lehmann, {'exact' if exact else 'normal approximation'} interval"
    value = float(np.median(walsh))
    if not enough:
        return Estimate(CHANGE, value, None, None, level, method, cites=cites, warnings=(f"too few pairs for an interval of {level:.0%}",))
    return Estimate(CHANGE, value, float(walsh[rank - 1]), float(walsh[-rank]), level, method, cites=cites)


def _ways(n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many of the 2^n patterns of signs have each sum of positive ranks (wilcoxon1945)."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[:-rank]
    return ways
