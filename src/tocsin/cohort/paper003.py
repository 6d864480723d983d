"""The cohort of paper 003 (zhou2025): tocilizumab for CRS in 45 patients with B-cell leukaemia, as far as its published counts go.

``PAPER003`` holds the counts and checks every printed number; here stand the tables by arm that follow from the counts, and two
analyses the paper speaks of without numbers.  Arms in rows, tocilizumab first.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from tocsin.cohort.compare import mann_whitney, pearson
from tocsin.cohort.counts import Counts
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.logistic import Logistic, logistic
from tocsin.cohort.proportions import newcombe, odds_ratio
from tocsin.cohort.published import Published, published
from tocsin.cohort.result import Estimate, TestResult

ARMS = ("tocilizumab", "no tocilizumab")
GRADES = ("no CRS", "grade 1", "grade 2", "grade 3")
RESPONSES = ("MRD- CR", "MRD+ CR", "PR")


def paper003() -> Published:
    """The published numbers, read once."""
    return published("paper003")


@cache
def _table(*rows: tuple[int, ...]) -> Counts:
    table = np.array(rows, np.int64)
    table.flags.writeable = False
    return table


def grades() -> Counts:
    """Highest CRS grade (GRADES) by arm."""
    n = paper003().count
    return _table((0, 0, n("toci_grade_2"), n("toci_grade_3")), (n("none_no_crs"), n("none_grade_1"), n("none_grade_2"), n("none_grade_3")))


def steroids() -> Counts:
    """Corticosteroids, with and without, by arm."""
    n = paper003().count
    return _table((n("toci_steroids"), n("toci") - n("toci_steroids")), (n("none_steroids"), n("none") - n("none_steroids")))


def steroids_by_grade_without_tocilizumab() -> Counts:
    """Corticosteroids, with and without, of those not given tocilizumab, by highest grade (GRADES in rows)."""
    n = paper003().count
    given = (0, n("none_steroids_grade_1"), n("none_steroids_grade_2"), n("none_steroids_grade_3"))
    return _table(*((g, int(all_) - g) for g, all_ in zip(given, grades()[1], strict=True)))


def infections() -> Counts:
    """Serious infection, with and without, by arm."""
    n = paper003().count
    return _table((n("toci_infection"), n("toci") - n("toci_infection")), (n("none_infection"), n("none") - n("none_infection")))


def responses() -> Counts:
    """Response at day 28 (RESPONSES) by arm.

    The split of the five patients without MRD- CR is not printed.  One of them had tocilizumab: either an MRD+ CR or the PR.  Of the two
    tables only the first gives the printed p-value, by Pearson's test, so it is taken.
    """
    n = paper003().count
    other = n("toci_other_response")
    return _table((n("toci_mrd_negative_cr"), other, 0), (n("none_mrd_negative_cr"), n("mrd_positive_cr") - other, n("partial_remission")))


def comparisons() -> dict[str, tuple[TestResult | Estimate, ...]]:
    """The comparisons that the counts allow, each with an exact test and, of shares, an interval: beyond what the paper prints."""
    out: dict[str, tuple[TestResult | Estimate, ...]] = {}
    for name, table in (("serious infection", infections()), ("corticosteroids", steroids())):
        a, b = (int(x) for x in table[0]), (int(x) for x in table[1])
        (x, not_x), (y, not_y) = tuple(a), tuple(b)
        out[name] = (fisher_exact(table), pearson(table), newcombe(x, x + not_x, y, y + not_y), odds_ratio(table))
    out["response"] = (fisher_exact(responses()), pearson(responses()))
    out["grade"] = (fisher_exact(grades()), _ranked(grades()))
    return out


def tocilizumab_by_grade(how: str = "number") -> Logistic:
    """Tocilizumab by highest CRS grade in all 45 patients: grade as a "number", as "severe" (3 or more) or as a "category" (against no CRS).

    The paper found no factor significant in a regression that only its supplement shows.  As a category grade separates the arms, and
    the fit is Firth's.
    """
    table = grades()
    arm = np.repeat([1, 0], table.sum(axis=1))
    grade = np.concatenate([np.repeat(np.arange(4), row) for row in table])
    columns = {
        "number": {"grade": grade.astype(float)}, "severe": {"grade 3": (grade >= 3).astype(float)},
        "category": {GRADES[g]: (grade == g).astype(float) for g in (1, 2, 3)},
    }
    return logistic(arm.tolist(), columns[how])


def _ranked(table: Counts) -> TestResult:
    return mann_whitney(*(np.repeat(np.arange(table.shape[1], dtype=float), row) for row in table))
