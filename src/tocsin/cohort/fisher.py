"""Fisher's exact test for tables of any size (Freeman and Halton), by the network algorithm of Mehta and Patel.

The p-value is the probability, given both margins, of all tables no more likely than the observed one (freeman1951).  The table is
walked column by column (mehta1983): a node is what is left of the row totals, the ways into it are kept by their probability, and a
way is settled as soon as all, or none, of its continuations count.  Here the longest and shortest continuation of a node come from
the same walk backwards, and the order of the rows does not matter.  Probabilities within one part in 10^7 count as equal, as in R.

Where a table has too many ways, it is tested by sampling tables with its margins (patefield1981, in scipy), with a stated seed.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import accumulate
from math import lgamma, log1p, prod, sqrt

import numpy as np
import numpy.typing as npt

from tocsin.cohort.counts import Counts, counts_of, expected, without_empty
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.result import TestResult, not_done
from tocsin.errors import CohortError

NAME = "Fisher's exact test"
CITES = ("fisher1935:exact test", "freeman1951:r x c tables", "mehta1983:network algorithm")
SAME = 1e-7
"""Probabilities this close, relatively, are the same (R's ``fisher.test``)."""
MOST_STEPS = 1_500_000
"""Steps walked before a table is sampled instead; a few seconds."""
TABLES = 100_000
SEED = 20_250_101

Node = tuple[int, ...]
Ways = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""The logarithms of the probabilities of ways into a node, and how many ways have each."""


class _TooManyError(Exception):
    """More ways than are walked."""


def fisher_exact(table: npt.ArrayLike, *, most_steps: int = MOST_STEPS, tables: int = TABLES, seed: int = SEED) -> TestResult:
    """Fisher's exact test of a table of counts, groups in rows, two-sided.

    ``most_steps`` bounds the enumeration; a table beyond it is tested by ``tables`` random ones drawn with ``seed``, and the result
    then says so in ``variant`` and gives its Monte Carlo standard error.
    """
    counts = counts_of(table)
    n = tuple(int(x) for x in counts.sum(axis=1))
    used = without_empty(counts)
    if min(used.shape) < 2:
        return not_done(NAME, "fewer than two groups or two values are filled", n, CITES)
    if used.shape[0] > used.shape[1]:
        used = used.T
    try:
        p = _network(used, most_steps)
    except _TooManyError:
        return _sampled(used, n, tables, seed)
    return TestResult(NAME, p, variant="" if used.shape == (2, 2) else "Freeman-Halton", n=n, cites=CITES)


def _network(table: Counts, most_steps: int) -> float:
    """The p-value by the walk; the smaller dimension is the rows."""
    columns = tuple(int(c) for c in sorted(table.sum(axis=0), reverse=True))
    log_factorial = np.array([lgamma(x + 1) for x in range(int(table.sum()) + 1)])
    observed = -float(log_factorial[table].sum())
    left_in = tuple(accumulate(reversed(columns)))[::-1]  # patients in this column and those after it
    steps = 0

    def spend(more: int) -> None:
        nonlocal steps
        steps += more
        if steps > most_steps:
            raise _TooManyError

    @cache
    def onward(node: Node, column: int) -> list[tuple[Node, float, int]]:
        """Where one more column leads: the node after it, the logarithm of the step and in how many ways."""
        spend(prod(min(r, columns[column]) + 1 for r in node[:-1]))
        parts = _parts(node, columns[column])
        weights = -np.round(log_factorial[parts].sum(axis=1), 10)
        found = Counter(zip(map(tuple, np.sort(np.array(node) - parts, axis=1).tolist()), weights.tolist(), strict=True))
        return [(after, step, times) for (after, step), times in found.items()]

    @cache
    def reach(node: Node, column: int) -> tuple[float, float]:
        """The logarithm of the least and of the most likely continuation."""
        if column == len(columns):
            return 0.0, 0.0
        bounds = [(step + low, step + high) for after, step, _ in onward(node, column) for low, high in [reach(after, column + 1)]]
        return min(b[0] for b in bounds), max(b[1] for b in bounds)

    def everything(node: Node, column: int) -> float:
        """The logarithm of the sum over all continuations: a multinomial identity."""
        if column == len(columns):
            return 0.0
        return float(log_factorial[left_in[column]] - log_factorial[list(node)].sum() - log_factorial[list(columns[column:])].sum())

    start: Node = tuple(sorted(int(r) for r in table.sum(axis=1)))
    limit = observed + log1p(SAME)
    whole = everything(start, 0)
    found = 0.0
    now: dict[Node, list[Ways]] = {start: [(np.zeros(1), np.ones(1))]}
    for column in range(len(columns) + 1):
        later: dict[Node, list[Ways]] = {}
        for node, arrived in now.items():
            past, times = _merged(arrived)
            least, most = reach(node, column)
            settled = past + most <= limit
            found += float((times[settled] * np.exp(past[settled] + everything(node, column) - whole)).sum())
            undecided = ~settled & (past + least <= limit)
            if undecided.any():
                past, times = past[undecided], times[undecided]
                for after, step, ways in onward(node, column):
                    spend(len(past))
                    later.setdefault(after, []).append((past + step, times * ways))
        now = later
    return min(found, 1.0)


def _parts(rows: Node, total: int) -> npt.NDArray[np.int64]:
    """Every way to take ``total`` patients from the rows, one each line."""
    grid = np.indices([min(r, total) + 1 for r in rows[:-1]]).reshape(len(rows) - 1, -1).T
    last = total - grid.sum(axis=1)
    fits = (last >= 0) & (last <= rows[-1])
    return np.column_stack([grid[fits], last[fits]])


def _merged(arrived: list[Ways]) -> Ways:
    """The ways into a node with those of one probability counted together."""
    past, times = (np.concatenate(both) for both in zip(*arrived, strict=True))
    values, which = np.unique(np.round(past, 9), return_inverse=True)
    return values, np.bincount(which, weights=times).astype(np.float64)


def _sampled(table: Counts, n: tuple[int, ...], tables: int, seed: int) -> TestResult:
    """The p-value from random tables with the same margins; the observed one counts as one of them."""
    if tables < 1:
        raise CohortError(f"a Monte Carlo test needs at least one table, not {tables}")
    stats, special = needs("scipy.stats"), needs("scipy.special")
    law = stats.random_table(table.sum(axis=1), table.sum(axis=0))
    drawn = law.rvs(size=tables, random_state=np.random.default_rng(seed))
    chance = -special.gammaln(drawn + 1.0).sum(axis=(1, 2))
    observed = float(-special.gammaln(table + 1.0).sum())
    p = (1 + int((chance <= observed + log1p(SAME)).sum())) / (tables + 1)
    return TestResult(
        NAME, p, variant=f"Monte Carlo, {tables} tables, seed {seed}", n=n, error=sqrt(p * (1 - p) / tables), software=with_version("scipy"),
        cites=(*CITES[:2], "patefield1981:random tables", "phipson2010:p is never zero"),
        warnings=("too many tables to enumerate: the p-value is sampled",) + (() if (expected(table) < 5).any() else ("no expected count is below 5",)))
