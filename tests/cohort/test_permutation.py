"""Permutation tests: every reassignment, random ones with their error, and reassignment within strata."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.compare import ALIKE, mann_whitney
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.permutation import permutation_test
from tocsin.errors import CohortError

X = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
Y = [1.15, 0.88, 0.90, 0.74, 1.21]
FIRST = [True] * 10 + [False] * 5


def test_of_ranks_without_ties_it_is_the_exact_mann_whitney_test():
    assert permutation_test(X + Y, FIRST, scores="ranks").p == pytest.approx(mann_whitney(X, Y).p, abs=1e-12)


@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=9), st.data())
def test_exact_is_every_reassignment_written_out(values: list[int], data: st.DataObject):
    m = data.draw(st.integers(1, len(values) - 1))
    found = permutation_test(values, [i < m for i in range(len(values))])
    if len(set(values)) == 1:
        assert (found.p, found.not_done) == (None, ALIKE)
        return
    mean = sum(values) / len(values) * m
    sums = [abs(sum(c) - mean) for c in combinations(values, m)]
    assert found.p == pytest.approx(sum(s >= abs(sum(values[:m]) - mean) - 1e-9 for s in sums) / len(sums), abs=1e-12)


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, 7), min_size=4, max_size=4))
def test_of_yes_and_no_in_groups_of_one_size_it_is_fishers_test(cells: list[int]):
    """With equal groups tables as far from expectation are as unlikely, so both order the tables alike."""
    a, b = cells[0], cells[1]
    table = [[a, 7 - a], [b, 7 - b]]
    values = [1] * a + [0] * (7 - a) + [1] * b + [0] * (7 - b)
    found = permutation_test(values, [True] * 7 + [False] * 7)
    assert found.p == pytest.approx(fisher_exact(table).p, rel=1e-7) if 0 < a + b < 14 else found.p is None


def test_random_reassignments_come_with_their_seed_and_error_and_lie_near_the_exact_value():
    exact = permutation_test(X + Y, FIRST)
    found, again = (permutation_test(X + Y, FIRST, most_exact=0, draws=20_000, seed=3) for _ in range(2))
    assert found == again
    assert exact.variant == "exact, 3003 reassignments"
    assert found.variant == "Monte Carlo, 20000 reassignments, seed 3"
    assert exact.error == 0 < found.error
    assert abs(found.p - exact.p) < 4 * found.error
    assert permutation_test(X + Y, FIRST, most_exact=0, draws=20_000, seed=4).p != found.p


def test_a_random_p_value_is_never_zero():
    found = permutation_test(list(range(40)), [i < 20 for i in range(40)], most_exact=0, draws=99)
    assert found.p == pytest.approx(1 / 100)


def test_within_strata_a_difference_that_is_all_between_strata_vanishes():
    """Grade 3 lasts longer and is given the drug more often; within a grade nothing differs."""
    days = [3, 2, 4, 2, 4, 3, 9, 11, 9, 11, 10, 10]
    given_ = [True, False, False, False, False, False, True, True, True, True, True, False]
    grade = [2] * 6 + [3] * 6
    assert permutation_test(days, given_).p < 0.1
    found = permutation_test(days, given_, strata=grade)
    assert found.p == 1.0
    assert found.variant == "exact, 36 reassignments, within 2 strata"


def test_a_stratum_with_one_group_only_does_not_count_and_is_said():
    days, given_, grade = [1, 2, 3, 4, 8, 9], [True, False, True, False, True, True], [1, 1, 1, 1, 2, 2]
    found = permutation_test(days, given_, strata=grade)
    assert found.p == pytest.approx(permutation_test(days[:4], given_[:4]).p)
    assert found.warnings == ("2 patients are in strata with one group only and do not count",)
    assert permutation_test([1, 2], [True, False], strata=[1, 2]).not_done.startswith("no stratum holds")


def test_one_patient_against_many_and_nobody_against_many():
    assert permutation_test([9, 1, 2, 3], [True, False, False, False]).p == pytest.approx(1 / 4)
    assert permutation_test([9, 1, 2, 3], [False] * 4).not_done == "a group is empty"


@pytest.mark.parametrize("call", [
    lambda: permutation_test([1, np.nan], [True, False]), lambda: permutation_test([1, 2], [True]), lambda: permutation_test([1, 2], [1, 0], scores="t"),
    lambda: permutation_test([1, 2], [1, 0], draws=0), lambda: permutation_test([1, 2], [1, 0], strata=[1])])
def test_what_cannot_be_permuted_is_refused(call):
    with pytest.raises(CohortError):
        call()
