"""The log-rank test by permutation, for small samples: exact where it can be, otherwise by random permutations with a seed.

The log-rank score of a patient is 1 if the event happened, less the Nelson-Aalen hazard over the time at risk; the scores of a group
sum to its O - E (peto1972).  If the groups differ in nothing, any assignment of the patients to groups was as likely; the statistic is

    sum over groups of T_g^2 / n_g,     T_g the sum of scores of group g       (for two groups, |T_1|)

and p the share of assignments with a statistic at least as large (strasser1999).  For two groups of up to ``EXACT_UP_TO`` patients all
assignments are counted: each half of the patients gives all its partial sums, sorted by how many it takes, and pairs of them
are counted by bisection (the split-up idea of vandewiel2001).  With strata patients are permuted within them.  A random p-value counts the observed assignment
too (phipson2010), so it is never 0.

The permutation holds if who is censored, and when, has nothing to do with the group either (heinze2003); with follow-up of very
different length it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb, sqrt

import numpy as np

from tocsin.cohort.logrank import arrange
from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Bools, Floats, Ints, Survival
from tocsin.errors import CohortError, SettingError

CITES = ("peto1972:scores", "strasser1999:permutation statistics", "heinze2003:log-rank tests of small samples")
EXACT_CITES = ("vandewiel2001:split-up algorithm",)
RANDOM_CITES = ("phipson2010:random permutations",)
EXACT_UP_TO = 46
"""Patients up to which two groups are compared exactly: above, the sums of half of them no longer fit comfortably (2^23 of them)."""
DRAWS = 99_999
SEED = 20_250_101
BLOCK = 4_000_000
"""Numbers drawn at a time."""


def log_rank_permutation(data: Survival, groups: Iterable[object], *, strata: Iterable[object] | None = None, levels: Sequence[object] | None = None,
                         draws: int = DRAWS, seed: int = SEED, exact_up_to: int = EXACT_UP_TO) -> TestResult:
    """Permutation form of the log-rank test; ``error`` is the Monte Carlo standard error of p, 0 where it is exact."""
    if draws < 1:
        raise SettingError(f"A Monte Carlo test needs at least one draw, not {draws}.")
    if data.entry is not None and (data.entry[data.known] > 0).any():
        raise CohortError("Patients who enter late cannot be exchanged for each other: the permutation test needs follow-up from 0 on.")
    codes, names, layer, kept = arrange(data, groups, strata, levels)
    a = log_rank_scores(data, layer, kept)[kept]
    group, layer = codes[kept], layer[kept]
    sizes = tuple(int((group == g).sum()) for g in range(len(names)))
    present = np.flatnonzero(sizes)
    if np.ptp(a) == 0:
        raise CohortError("Everybody has the same time and event: there is nothing to compare.")
    warned = tuple(f"{names[g]}: only one patient." for g in present if sizes[g] == 1)
    if len(present) == 2 and strata is None and len(a) <= exact_up_to:
        first = group == present[0]
        p, total = _exact(a, first)
        return TestResult("permutation log-rank test", p, float(a[first].sum()), f"O - E of {names[present[0]]}", (), f"exact, all {total:,} assignments",
                          sizes, cites=CITES + EXACT_CITES, warnings=warned)
    observed, extreme = _random(a, group, layer, present, draws, seed)
    p = (extreme + 1) / (draws + 1)
    variant = f"{draws:,} random permutations{' within strata' if strata is not None else ''}, seed {seed}"
    return TestResult("permutation log-rank test", p, observed, "sum of squared O - E by size", (), variant, sizes,
                      sqrt(p * (1 - p) / draws), cites=CITES + RANDOM_CITES, warnings=warned)


def log_rank_scores(data: Survival, layer: Ints, kept: Bools) -> Floats:
    """Event less Nelson-Aalen hazard at the end of follow-up, within each stratum; they sum to 0 in each.  NaN for rows not kept."""
    scores = np.full(len(data), np.nan)
    for s in np.unique(layer[kept]):
        here = kept & (layer == s)
        time, event = data.time[here], data.event[here] > 0
        times = np.unique(time[event])
        if not len(times):
            scores[here] = 0.0
            continue
        n = len(time) - np.searchsorted(np.sort(time), times, side="left")
        hazard = np.cumsum(np.bincount(np.searchsorted(times, time[event]), minlength=len(times)) / n)
        scores[here] = event - np.concatenate([[0.0], hazard])[np.searchsorted(times, time, side="right")]
    return scores


def _exact(a: Floats, first: Bools) -> tuple[float, int]:
    """The two-sided p-value over all choices of the first group, and how many there are."""
    n, size = len(a), int(first.sum())
    tiny = 1e-9 * float(np.abs(a).max())
    far = abs(float(a[first].sum())) - tiny          # the expected sum is 0
    half = n // 2
    left, right = _sums_by_count(a[:half]), _sums_by_count(a[half:])
    extreme = 0
    for taken, sums in enumerate(left):
        if not 0 <= size - taken < len(right):
            continue
        others = right[size - taken]
        if len(others) > len(sums):
            sums, others = others, sums
        above = len(sums) - np.searchsorted(sums, far - others, side="left")
        below = np.searchsorted(sums, np.minimum(-far, far) - others, side="right") if far > 0 else np.zeros(len(others), np.int64)
        extreme += int(above.sum() + below.sum()) if far > 0 else len(sums) * len(others)
    return extreme / comb(n, size), comb(n, size)


def _sums_by_count(a: Floats) -> list[Floats]:
    """All partial sums of the scores, sorted, in a list by how many scores they take."""
    sums, count = np.zeros(1), np.zeros(1, np.int8)
    for x in a:
        sums, count = np.concatenate([sums, sums + x]), np.concatenate([count, count + 1])
    return [np.sort(sums[count == c]) for c in range(len(a) + 1)]


def _random(a: Floats, group: Ints, layer: Ints, present: Ints, draws: int, seed: int) -> tuple[float, int]:
    """The observed statistic, and how many of the random assignments reach it."""
    sizes = np.array([(group == g).sum() for g in present], float)

    def statistic(shuffled: Floats) -> Floats:
        return np.asarray(sum(shuffled[:, group == g].sum(axis=1) ** 2 / n for g, n in zip(present, sizes, strict=True)))

    observed = float(statistic(a[None])[0])
    generator = np.random.default_rng(seed)
    extreme, left = 0, draws
    while left:
        now = min(left, max(BLOCK // len(a), 1))
        shuffled = np.empty((now, len(a)))
        for s in np.unique(layer):
            here = np.flatnonzero(layer == s)
            shuffled[:, here] = generator.permuted(np.broadcast_to(a[here], (now, len(here))), axis=1)
        extreme += int((statistic(shuffled) >= observed * (1 - 1e-9)).sum())
        left -= now
    return observed, extreme
