"""Standardised mean differences: how far groups lie apart in units of their spread, whatever their size (austin2009).

For numbers (m1 - m2) / sqrt((s1^2 + s2^2) / 2); for proportions the same with p (1 - p); for a variable of k values the Mahalanobis
distance of the k - 1 shares of Yang and Dalton (yang2012), which for k = 2 is the absolute difference of proportions.  Intervals are
those of Hedges and Olkin (hedges1985) as given there.  More than two groups: every pair, and the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import inf, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tocsin.cohort.compare import Group, groups_of
from tocsin.cohort.counts import counts_of
from tocsin.cohort.result import Estimate

NAME = "standardised mean difference"
CITES = ("austin2009:standardised difference", "yang2012:multi-level", "hedges1985:interval")
APART = "the groups share no value: the difference is infinite"
UNKNOWN = "a group is too small for a spread"


def smd_values(first: Group, second: Group, level: float = 0.95) -> Estimate:
    """Of two groups of numbers, first minus second; None where a group has fewer than two values."""
    one, two = groups_of((first, second))
    if min(len(one), len(two)) < 2:
        return _none()
    spread = sqrt((one.var(ddof=1) + two.var(ddof=1)) / 2)
    difference = float(one.mean() - two.mean())
    d = (0.0 if difference == 0 else inf if difference > 0 else -inf) if spread == 0 else difference / spread
    return _with_interval(d, len(one), len(two), level)


def smd_counts(first: Sequence[int], second: Sequence[int], level: float = 0.95) -> Estimate:
    """Of two groups of counts over the same values: without a sign, the order of the values does not matter; None for an empty group."""
    if not sum(first) or not sum(second):
        return _none()
    table = counts_of(np.vstack([first, second]))
    table = table[:, table.sum(axis=0) > 0]
    n = table.sum(axis=1)
    if table.shape[1] == 1:
        return _with_interval(0.0, int(n[0]), int(n[1]), level)
    p, q = (table / n[:, None])[:, 1:]
    apart = p - q
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    values, vectors = np.linalg.eigh(spread)
    along = vectors.T @ apart
    flat = values < 1e-12
    if np.any(np.abs(along[flat]) > 1e-9):
        return Estimate(NAME, inf, None, None, level, "Yang and Dalton", cites=CITES, warnings=(APART,))
    d = float(np.sqrt((along[~flat] ** 2 / values[~flat]).sum()))
    return _with_interval(d, int(n[0]), int(n[1]), level)


def pairs(groups: Sequence[npt.ArrayLike], counted: bool, level: float = 0.95) -> tuple[tuple[tuple[int, int], Estimate], ...]:
    """The difference of every pair of groups by their positions: of counts over the same values, or of numbers."""
    one = smd_counts if counted else smd_values
    return tuple(((i, j), one(groups[i], groups[j], level)) for i, j in combinations(range(len(groups)), 2))  # type: ignore[arg-type]


def largest(found: Sequence[tuple[tuple[int, int], Estimate]]) -> Estimate | None:
    """The one farthest from 0; None where no pair has one."""
    known = [e for _, e in found if e.value is not None]
    return max(known, key=lambda e: abs(e.value or 0.0)) if known else None


def _with_interval(d: float, n: int, m: int, level: float) -> Estimate:
    if abs(d) == inf:
        return Estimate(NAME, d, None, None, level, cites=CITES, warnings=(APART,))
    error = sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    return Estimate(NAME, d, d - reach, d + reach, level, "Hedges and Olkin interval", cites=CITES)


def _none() -> Estimate:
    return Estimate(NAME, None, None, None, cites=CITES, warnings=(UNKNOWN,))
