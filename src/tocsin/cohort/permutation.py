"""Permutation tests of two groups: every reassignment of patients where there are few, random ones with a stated seed where there are many.

The statistic is the sum of the first group's scores (their values, or their ranks in the pooled sample, with ties averaged), which
orders reassignments as the difference of means does.  Two-sided: reassignments at least as far from the expected sum as the observed
one (edgington2007).  With strata (the grade at the time of dosing, say) patients are reassigned only within their stratum and ranks are
taken there.  A sampled p-value counts the observed assignment as one of them, so that it is never 0 (phipson2010), and comes with its
Monte Carlo standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, prod, sqrt

import numpy as np
import numpy.typing as npt

from tocsin.cohort.compare import ALIKE
from tocsin.cohort.packages import needs
from tocsin.cohort.result import TestResult, not_done
from tocsin.errors import CohortError

Numbers = npt.NDArray[np.float64]
MOST_EXACT = 500_000
"""Reassignments up to which all of them are done."""
DRAWS = 100_000
SEED = 20_250_101
CITES = ("edgington2007:permutation tests",)
SCORES = {"values": "difference of means", "ranks": "Wilcoxon rank sum"}


def permutation_test(values: Sequence[float] | Numbers, first: Sequence[bool] | npt.NDArray[np.bool_], *, scores: str = "values",
                     strata: Sequence[object] | None = None, most_exact: int = MOST_EXACT, draws: int = DRAWS, seed: int = SEED) -> TestResult:
    """Whether ``values`` differ between the patients that are ``first`` and the others.

    ``scores`` is "values" or "ranks".  Exact where at most ``most_exact`` reassignments exist, otherwise ``draws`` random ones.  The
    statistic reported is the sum of scores less its expectation.
    """
    x, one = np.asarray(values, float), np.asarray(first, bool)
    if scores not in SCORES:
        raise CohortError(f"the scores of a permutation test are {' or '.join(SCORES)}, not {scores!r}")
    if x.shape != one.shape or x.ndim != 1 or not np.isfinite(x).all():
        raise CohortError("a permutation test needs one known value and one group for each patient")
    if draws < 1:
        raise CohortError(f"a Monte Carlo test needs at least one draw, not {draws}")
    name = f"permutation test, {SCORES[scores]}"
    n = (int(one.sum()), int((~one).sum()))
    kinds = [None] * len(x) if strata is None else list(strata)
    if len(kinds) != len(x):
        raise CohortError("a stratified permutation test needs one stratum for each patient")
    blocks: list[tuple[Numbers, npt.NDArray[np.bool_]]] = []
    for kind in dict.fromkeys(kinds):
        here = np.array([k == kind for k in kinds])
        s = x[here]
        if scores == "ranks":
            s = np.asarray(needs("scipy.stats").rankdata(s), float)
        if one[here].any() and (~one[here]).any() and np.ptp(s) > 0:  # elsewhere no reassignment changes anything
            blocks.append((s - s.mean(), one[here]))
    if not min(n):
        return not_done(name, "a group is empty", n, CITES)
    if not blocks:
        return not_done(name, ALIKE if np.ptp(x) == 0 else "no stratum holds patients of both groups with different values", n, CITES)
    observed = float(sum(s[g].sum() for s, g in blocks))
    ways = prod(comb(len(g), int(g.sum())) for _, g in blocks)
    edge = abs(observed) * (1 - 1e-9) - 1e-9 * max(float(np.abs(s).max()) for s, _ in blocks)
    within = f", within {len(blocks)} strata" if strata is not None else ""
    warnings = _left_out(kinds, one) if strata is not None else ()
    if ways <= most_exact:
        sums = np.zeros(1)
        for s, g in blocks:
            sums = np.add.outer(sums, _all_sums(s, int(g.sum()))).ravel()
        p = float((np.abs(sums) >= edge).mean())
        return TestResult(name, p, observed, "centred sum", variant=f"exact, {ways} reassignments{within}", n=n, cites=CITES, warnings=warnings)
    rng = np.random.default_rng(seed)
    drawn = np.zeros(draws)
    for s, g in blocks:
        drawn += _random_sums(s, int(g.sum()), draws, rng)
    p = (1 + int((np.abs(drawn) >= edge).sum())) / (draws + 1)
    return TestResult(name, p, observed, "centred sum", variant=f"Monte Carlo, {draws} reassignments, seed {seed}{within}", n=n,
                      error=sqrt(p * (1 - p) / draws), cites=(*CITES, "phipson2010:p is never zero"), warnings=warnings)


def _all_sums(scores: Numbers, take: int) -> Numbers:
    """The sum of every choice of ``take`` scores; of the smaller side, as the scores sum to 0."""
    few, sign = (take, 1.0) if take <= len(scores) - take else (len(scores) - take, -1.0)
    chosen = np.array(list(combinations(range(len(scores)), few)), np.int64)
    sums: Numbers = sign * scores[chosen].sum(axis=1)
    return sums


def _random_sums(scores: Numbers, take: int, draws: int, rng: np.random.Generator, block: int = 2_000_000) -> Numbers:
    """The sums of random choices of ``take`` scores, a block at a time."""
    out = np.empty(draws)
    step = max(1, block // len(scores))
    for at in range(0, draws, step):
        size = min(step, draws - at)
        out[at:at + size] = rng.permuted(np.tile(scores, (size, 1)), axis=1)[:, :take].sum(axis=1)
    return out


def _left_out(kinds: Sequence[object], one: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Strata with one group only say nothing, and how many patients that concerns."""
    lost = sum(len(here) for kind in dict.fromkeys(kinds)
               for here in [[bool(one[i]) for i, k in enumerate(kinds) if k == kind]] if len(set(here)) == 1)
    return (f"{lost} patients are in strata with one group only and do not count",) if lost else ()
