"""Which test a variable gets, by a rule that is stated before the data are seen.

===========================  ==============================  ===================================
variable                     two arms                        more arms
===========================  ==============================  ===================================
numbers, skewed (default)    Mann-Whitney U                  Kruskal-Wallis
numbers, declared normal     Welch's t                       Welch's ANOVA
ordered values               Mann-Whitney U                  Kruskal-Wallis
two values, ordered arms     Cochran-Armitage                Cochran-Armitage
two values or unordered      Pearson chi-square where expected counts allow, otherwise Fisher's exact test
===========================  ==============================  ===================================

Expected counts allow it by Cochran's rule (cochran1954): none below 1 and at most a fifth below 5; in a 2 x 2 table none below 5.
Whether numbers are normal is declared by the user, never found out by a test on the same data (rochon2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.cohort.compare import OF_COUNTS, OF_VALUES, Values
from tocsin.cohort.counts import counts_of, expected, without_empty
from tocsin.cohort.result import TestResult, not_done
from tocsin.errors import CohortError

CITES = ("cochran1954:expected counts", "rochon2012:no preliminary test")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A test by the name a user gives, and why it was chosen."""

    name: str
    why: str


def for_values(arms: int, normal: bool = False) -> Chosen:
    """The test of numbers, or of ordered values, in so many arms."""
    if normal:
        return Chosen("welch" if arms == 2 else "welch-anova", "numbers declared as normally distributed; variances need not be equal")
    return Chosen("mann-whitney" if arms == 2 else "kruskal-wallis", "numbers not declared as normally distributed, or ordered values")


def for_counts(table: npt.ArrayLike, ordered_arms: bool = False) -> Chosen:
    """The test of a table of counts, arms in rows."""
    if not np.asarray(table).size:
        return Chosen("pearson", "no value is known")
    counts = counts_of(table)
    if ordered_arms and counts.shape[1] == 2 and counts.shape[0] > 2:
        return Chosen("cochran-armitage", "a proportion over ordered arms")
    used = without_empty(counts)
    if min(used.shape, default=0) < 2:
        return Chosen("pearson", "one arm or one value only")
    few = expected(used)
    if used.shape == (2, 2):
        return Chosen("fisher", "an expected count is below 5") if (few < 5).any() else Chosen("pearson", "no expected count is below 5")
    if (few < 1).any() or (few < 5).mean() > 0.2:
        return Chosen("fisher", "an expected count is below 1, or more than a fifth are below 5")
    return Chosen("pearson", "no expected count is below 1 and at most a fifth are below 5")


def run_on_values(name: str, groups: Sequence[Values]) -> TestResult:
    """The test of numbers with this name."""
    if name not in OF_VALUES:
        raise CohortError(f"there is no test of numbers called {name!r}; known: {', '.join(OF_VALUES)}")
    return OF_VALUES[name](*groups)


def run_on_counts(name: str, table: npt.ArrayLike) -> TestResult:
    """The test of a table of counts, arms in rows, with this name."""
    if name not in OF_COUNTS:
        raise CohortError(f"there is no test of counts called {name!r}; known: {', '.join(OF_COUNTS)}")
    if not np.asarray(table).size:
        return not_done(name, "no value is known")
    return OF_COUNTS[name](table)


def crossed(arms: npt.NDArray[np.int64], values: npt.NDArray[np.int64], shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    """How many patients of each arm have each value, from their positions."""
    table = np.zeros(shape, np.int64)
    np.add.at(table, (arms, values), 1)
    return table


