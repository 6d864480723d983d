"""Shifts of location: the interval of ranks inverts its test, and Welch's is that of R."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tocsin.cohort.compare import mann_whitney
from tocsin.cohort.location import hodges_lehmann, mean_difference
from tocsin.errors import CohortError


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, 10**6), min_size=8, max_size=14, unique=True), st.data())
def test_the_exact_limits_are_the_shifts_at_which_mann_whitney_turns(values: list[int], data: st.DataObject):
    m = data.draw(st.integers(4, len(values) - 4))
    x, y = np.array(values[:m], float), np.array(values[m:], float)
    between = np.subtract.outer(x, y).ravel()
    assume(len(np.unique(between)) == len(between))
    found = hodges_lehmann(x, y)
    assert found.value == np.median(between)
    for limit, outward in ((found.low, -1e-6), (found.high, 1e-6)):
        assert mann_whitney(x - limit - outward, y).p < 0.05
        assert mann_whitney(x - limit + outward, y).p >= 0.05


def test_ties_take_the_normal_approximation():
    found = hodges_lehmann([1, 2, 2, 3, 4, 5, 5, 6], [1, 1, 2, 2, 3, 3, 4, 4])
    assert "normal approximation" in found.method
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(("x", "y", "value"), [([1.0], [2.0, 3.0], -1.5), ([2, 2, 2], [2, 2], 0.0), ([1.0, 2, 3], [4.0, 5, 6], -3.0)])
def test_groups_too_small_or_too_alike_have_no_interval(x, y, value):
    found = hodges_lehmann(x, y)
    assert (found.value, found.low, found.high) == (value, None, None)
    assert found.warnings


def test_the_fewest_patients_with_a_95_percent_interval_are_4_against_4():
    assert hodges_lehmann([1.0, 2, 3.5], [4.1, 5, 6.3]).low is None
    assert hodges_lehmann([1.0, 2, 3.5, 7.7], [4.1, 5, 6.3, 9.2]).low is not None


def test_welchs_interval_is_that_of_r():
    """R: t.test(extra ~ group, data = sleep): difference -1.58, 95 percent interval -3.3654832 to 0.2054832."""
    found = mean_difference([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    assert (found.value, found.low, found.high) == pytest.approx((-1.58, -3.3654832, 0.2054832), abs=1e-7)


def test_a_mean_of_one_value_or_none_has_no_interval():
    assert mean_difference([1.0], [2.0, 3.0]).low is None
    assert mean_difference([], [2.0, 3.0]).value is None
    assert hodges_lehmann([], [2.0, 3.0]).value is None
    with pytest.raises(CohortError):
        mean_difference([1.0, 2.0], [2.0, 3.0], level=1.0)
