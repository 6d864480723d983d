"""How two measurements of the same patients go together: Spearman's rank correlation with its interval (IL-6 and the grade of CRS, say)."""

from __future__ import annotations

from itertools import permutations
from math import atanh, sqrt, tanh
from statistics import NormalDist

import numpy as np

from tocsin.cohort.compare import Group, groups_of
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.result import Estimate, TestResult, not_done
from tocsin.errors import CohortError

EXACT_UP_TO = 9
"""Pairs up to which every order of the second measurement is tried (362,880 orders)."""
NAME = "Spearman rank correlation"
CITES = ("spearman1904:rho",)


def spearman(first: Group, second: Group, level: float = 0.95) -> tuple[TestResult, Estimate]:
    """Spearman's rho of pairs of known values: its test, and its interval by Fisher's z with the variance of Bonett and Wright.

    The p-value is exact, ties included, up to 9 pairs; beyond it rests on Student's t with n - 2 degrees of freedom.
    """
    x, y = groups_of((first, second))
    n = len(x)
    if n != len(y):
        raise CohortError(f"correlated values come in pairs: {n} and {len(y)} were given")
    why = "fewer than three pairs" if n < 3 else "one of the two has the same value in every patient" if min(np.ptp(x), np.ptp(y)) == 0 else ""
    if why:
        return not_done(NAME, why, (n,), CITES), Estimate("rho", None, None, None, level, cites=CITES, warnings=(why,))
    stats = needs("scipy.stats")
    a, b = stats.rankdata(x), stats.rankdata(y)
    rho = float(np.corrcoef(a, b)[0, 1])
    tied = len(np.unique(x)) < n or len(np.unique(y)) < n
    if n <= EXACT_UP_TO:
        centred = a - a.mean()
        sums = np.array(list(permutations((b - b.mean()).tolist()))) @ centred
        p = float((np.abs(sums) >= abs(float(centred @ (b - b.mean()))) - 1e-9).mean())
        variant = "exact"
    else:
        t = abs(rho) * sqrt((n - 2) / max(1 - rho * rho, 1e-300))
        p, variant = float(2 * stats.t.sf(t, n - 2)), "t approximation"
    test = TestResult(NAME, p, rho, "rho", variant=variant, n=(n,), software=with_version("scipy"), cites=CITES,
                      warnings=("tied values",) if tied and variant != "exact" else ())
    return test, _interval(rho, n, level)


def _interval(rho: float, n: int, level: float) -> Estimate:
    """Fisher's z with variance (1 + rho^2 / 2) / (n - 3) (bonett2000); none for three pairs or a perfect order."""
    cites = (*CITES, "bonett2000:interval of rho")
    if n <= 3 or abs(rho) > 1 - 1e-12:
        return Estimate("rho", rho, None, None, level, cites=cites, warnings=("no interval: three pairs, or a perfect order",))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * sqrt((1 + rho * rho / 2) / (n - 3))
    return Estimate("rho", rho, tanh(atanh(rho) - reach), tanh(atanh(rho) + reach), level, "Fisher z, Bonett and Wright", cites=cites)
