"""Weighted kappa against its definition written out, and against another program."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.grading.agreement import kappa_of, weighted_kappa

# statsmodels 0.15.0: r = statsmodels.stats.inter_rater.cohens_kappa(np.array(table), wt="quadratic"); r.kappa, r.std_kappa
# The first table is SexualFun of the R package vcd, which gives 0.2374 (0.0783) for its linear weights.
STATSMODELS = {
    "four by four": ([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]], 0.3320455862468612, 0.09729752195860462),
    "three by three": ([[106, 10, 4], [22, 28, 10], [2, 12, 6]], 0.5666666666666667, 0.05566634015823023),
    "grades": ([[12, 3, 0, 0, 0, 0], [2, 20, 5, 1, 0, 0], [0, 4, 15, 6, 1, 0], [0, 1, 3, 9, 2, 0], [0, 0, 1, 2, 5, 1], [0, 0, 0, 0, 0, 2]],
               0.8593350383631714, 0.032360618316910915),
}


def slow(table: list[list[float]]) -> tuple[float, float]:
    """Cohen 1968 and Fleiss, Cohen and Everitt 1969, sum by sum."""
    k, n = len(table), sum(map(sum, table))
    p = [[x / n for x in row] for row in table]
    v = [[1 - (i - j) ** 2 / (k - 1) ** 2 for j in range(k)] for i in range(k)]
    row = [sum(p[i][j] for j in range(k)) for i in range(k)]
    column = [sum(p[i][j] for i in range(k)) for j in range(k)]
    observed = sum(p[i][j] * v[i][j] for i in range(k) for j in range(k))
    expected = sum(row[i] * column[j] * v[i][j] for i in range(k) for j in range(k))
    kappa = (observed - expected) / (1 - expected)
    of_row = [sum(column[j] * v[i][j] for j in range(k)) for i in range(k)]
    of_column = [sum(row[i] * v[i][j] for i in range(k)) for j in range(k)]
    first = sum(p[i][j] * (v[i][j] - (of_row[i] + of_column[j]) * (1 - kappa)) ** 2 for i in range(k) for j in range(k))
    variance = (first - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    return kappa, math.sqrt(max(variance, 0.0))


@pytest.mark.parametrize("name", STATSMODELS)
def test_kappa_and_its_error_are_those_of_another_program(name: str):
    table, value, error = STATSMODELS[name]
    found = kappa_of(np.array(table, float))
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.error == pytest.approx(error, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((value - 1.959963984540054 * error, value + 1.959963984540054 * error), abs=1e-12)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_kappa_is_its_definition(pairs: list[tuple[int, int]]):
    table = [[float(sum(p == (i, j) for p in pairs)) for j in range(6)] for i in range(6)]
    found = weighted_kappa([a for a, _ in pairs], [b for _, b in pairs])
    if len({g for p in pairs for g in p}) == 1:
        assert found.value is None
        return
    value, error = slow(table)
    assert found.patients == len(pairs)
    assert found.value == pytest.approx(value, abs=1e-9)
    assert found.error == pytest.approx(error, abs=2e-6)
    assert weighted_kappa([b for _, b in pairs], [a for a, _ in pairs]).value == pytest.approx(value, abs=1e-9)


def test_perfect_agreement_is_1_and_has_no_limits():
    found = weighted_kappa([0, 1, 2, 3], [0, 1, 2, 3])
    assert (found.value, found.error, found.low, found.high) == (1.0, 0.0, None, None)


def test_a_scale_that_gives_everybody_the_same_grade_has_kappa_0_and_no_limits():
    found = weighted_kappa([1, 1, 1, 1], [0, 1, 2, 3])
    assert (found.value, found.low, found.high) == (pytest.approx(0.0, abs=1e-12), None, None)


def test_one_grade_for_everybody_says_nothing_about_agreement():
    found = weighted_kappa([1, 1, 1], [1, 1, 1])
    assert (found.patients, found.value) == (3, None)


def test_nobody_gives_no_kappa():
    assert weighted_kappa([], []).value is None
