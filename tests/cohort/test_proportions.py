"""Shares, their differences and odds ratios: R's numbers, printed tables, and the definitions of the intervals."""

from __future__ import annotations

import json
from math import comb, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.proportions import clopper_pearson, mid_p, newcombe, odds_ratio, wilson
from tocsin.errors import CohortError

# R 4.2.2: binom.test(x, n)$conf.int; prop.test(x, n, correct = FALSE)$conf.int
BINOM = {
    (38, 45): ((0.7054483989, 0.93509078799), (0.71216091128, 0.92254576515)),
    (1, 20): ((0.0012650894979, 0.24873276277), (0.0088814488008, 0.23613119345)),
    (0, 12): ((0.0, 0.2646484694), (0.0, 0.24249400666)),
}
# Newcombe 1998, Stat Med 17:873, table II, method 10
NEWCOMBE = {
    (56, 70, 48, 80): (0.0524, 0.3339), (9, 10, 3, 10): (0.1705, 0.8090), (6, 7, 2, 7): (0.0582, 0.8062), (5, 56, 0, 29): (-0.0381, 0.1926),
    (0, 10, 0, 20): (-0.1611, 0.2775), (0, 10, 0, 10): (-0.2775, 0.2775), (10, 10, 0, 20): (0.6791, 1.0), (10, 10, 0, 10): (0.6075, 1.0),
}


@pytest.mark.parametrize("hits", BINOM, ids=str)
def test_one_share_has_the_intervals_of_r(hits: tuple[int, int]):
    exact, score = BINOM[hits]
    assert (clopper_pearson(*hits).low, clopper_pearson(*hits).high) == pytest.approx(exact, abs=1e-10)
    assert (wilson(*hits).low, wilson(*hits).high) == pytest.approx(score, abs=1e-10)


@pytest.mark.parametrize("groups", NEWCOMBE, ids=str)
def test_a_difference_has_the_interval_that_newcombe_printed(groups: tuple[int, int, int, int]):
    found = newcombe(*groups)
    assert (round(found.low, 4), round(found.high, 4)) == NEWCOMBE[groups]


def test_the_conditional_odds_ratio_is_that_of_r():
    """R's examples TeaTasting and Convictions: 6.408309 and 0.04693661 (its root finding stops at four to five digits)."""
    assert odds_ratio([[3, 1], [1, 3]]).value == pytest.approx(6.408309, rel=5e-6)
    assert odds_ratio([[2, 15], [10, 3]]).value == pytest.approx(0.04693661, rel=5e-6)


def tail(odds: float, table: list[list[int]], at_least: bool) -> float:
    """P(first cell >= or <= observed) of the noncentral hypergeometric distribution, summed out."""
    (a, b), (c, d) = table
    n1, n2, m = a + b, c + d, a + c
    weights = {k: comb(n1, k) * comb(n2, m - k) * odds**k for k in range(max(0, m - n2), min(n1, m) + 1)}
    return sum(w for k, w in weights.items() if (k >= a if at_least else k <= a)) / sum(weights.values())


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(1, 15), min_size=4, max_size=4))
def test_the_limits_of_the_odds_ratio_leave_half_of_5_percent_on_each_side(cells: list[int]):
    table = [cells[:2], cells[2:]]
    found = odds_ratio(table)
    assert found.low < found.value < found.high
    if found.low > 0:
        assert tail(found.low, table, at_least=True) == pytest.approx(0.025, rel=1e-3)
    if found.high < inf:
        assert tail(found.high, table, at_least=False) == pytest.approx(0.025, rel=1e-3)


def test_an_empty_cell_leaves_one_limit_of_the_odds_ratio_and_says_so():
    found = odds_ratio([[0, 10], [5, 5]])
    assert (found.value, found.low) == (0.0, 0.0)
    assert 0 < found.high < 1.1
    assert "no finite estimate" in found.warnings[0]
    assert odds_ratio([[10, 0], [5, 5]]).high == inf


def test_an_empty_margin_leaves_the_odds_ratio_unknown():
    found = odds_ratio([[0, 10], [0, 5]])
    assert (found.value, found.low, found.high) == (None, 0.0, inf)
    assert mid_p([[0, 10], [0, 5]]).p is None


def test_mid_p_takes_half_of_the_observed_probability_off_fishers_p():
    table = [[9, 8], [10, 18]]
    chance = {k: comb(17, k) * comb(28, 19 - k) / comb(45, 19) for k in range(18)}
    fisher = sum(c for c in chance.values() if c <= chance[9] * (1 + 1e-7))
    same = sum(c for c in chance.values() if abs(c - chance[9]) < 1e-12)
    assert mid_p(table).p == pytest.approx(fisher - same / 2, abs=1e-12)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.integers(1, 60), st.data())
def test_an_interval_holds_its_share_and_the_complement_mirrors_it(of: int, data: st.DataObject):
    hits = data.draw(st.integers(0, of))
    for interval in (wilson, clopper_pearson):
        one, other = interval(hits, of), interval(of - hits, of)
        assert 0 <= one.low <= one.value + 1e-12
        assert one.value - 1e-12 <= one.high <= 1
        assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


def test_nobody_has_no_share():
    assert (wilson(0, 0).value, clopper_pearson(0, 0).value, newcombe(0, 0, 3, 5).value) == (None, None, None)
    assert wilson(0, 0).warnings == ("nobody was observed",)


@pytest.mark.parametrize("call", [
    lambda: wilson(5, 4), lambda: wilson(-1, 4), lambda: wilson(1, 4, level=95), lambda: odds_ratio([[1, 2, 3], [4, 5, 6]]),
    lambda: odds_ratio([[1.5, 2], [3, 4]]), lambda: odds_ratio([[-1, 2], [3, 4]])])
def test_counts_that_are_none_are_refused(call):
    with pytest.raises(CohortError):
        call()


def test_every_interval_of_the_reference_file(shared_data):
    small = json.loads((shared_data("table1_reference") / "reference_R.json").read_text())["results"]["small"]
    for row in small["binom_ci"]:
        exact, score = clopper_pearson(row["x"], row["n"]), wilson(row["x"], row["n"])
        assert (exact.low, exact.high) == pytest.approx(row["exact"], abs=1e-10)
        assert (score.low, score.high) == pytest.approx(row["wilson"], abs=1e-10)
    two = small["fisher_2x2"]
    found = odds_ratio(two["table"])
    # R looks for 1/odds with a tolerance of 1.2e-4, so its upper limit 245.8 (exactly 246.23) has three digits.
    assert found.value == pytest.approx(two["or"], rel=2e-6)
    assert (1 / found.low, 1 / found.high) == pytest.approx([1 / x for x in two["ci"]], abs=1.3e-4)
