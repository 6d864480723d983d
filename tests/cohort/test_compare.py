"""Tests of means, ranks and counts: R's numbers, the conditions under which a test does not exist, and properties."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort import compare
from tocsin.cohort.choice import for_counts, for_values
from tocsin.errors import CohortError

# Hollander and Wolfe, as in R's examples
PERMEABILITY = ([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21])
DEPRESSION = ([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30], [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
SMOKERS = [[83, 3], [90, 3], [129, 7], [70, 12]]


def test_mann_whitney_is_exact_without_ties():
    """R: wilcox.test(x, y, alternative = "g") gives W = 35, p = 0.1272; two-sided twice that."""
    found = compare.mann_whitney(*PERMEABILITY)
    assert (found.statistic, round(found.p / 2, 4), found.variant) == (35.0, 0.1272, "exact")


def test_mann_whitney_with_ties_is_corrected_for_them_and_for_continuity():
    """R: wilcox.test(c(1,2,2,3), c(2,3,4,4,5)): by the formula with the ties 2x3, 3x2, 4x2."""
    x, y = [1, 2, 2, 3], [2, 3, 4, 4, 5]
    u = sum((a > b) + 0.5 * (a == b) for a in x for b in y)
    sigma = (20 / 12 * (10 - (24 + 6 + 6) / 72)) ** 0.5
    from statistics import NormalDist
    p = 2 * NormalDist().cdf(-(abs(u - 10) - 0.5) / sigma)
    found = compare.mann_whitney(x, y)
    assert (found.statistic, found.p) == (u, pytest.approx(p, rel=1e-12))
    assert found.variant.endswith("and ties")
    assert found.warnings


def test_the_exact_distribution_ends_at_49_values_a_group():
    one, two = np.arange(49.0), np.arange(49.0) + 0.5
    assert compare.mann_whitney(one, two).variant == "exact"
    assert compare.mann_whitney(np.arange(50.0), two).variant == "normal approximation with continuity correction"


def test_signed_rank_is_that_of_r():
    """R: wilcox.test(x, y, paired = TRUE, alternative = "greater") gives V = 40, p = 0.01953."""
    found = compare.signed_rank(*DEPRESSION)
    assert (found.statistic, round(found.p / 2, 5), found.variant) == (40.0, 0.01953, "exact")


def test_pairs_without_a_difference_are_left_out_and_counted():
    found = compare.signed_rank([1, 2, 3, 5, 9], [1, 1, 1, 2, 5])
    assert (found.n, found.warnings[0]) == ((4,), "1 pairs without a difference are left out")
    assert found.variant != "exact"
    assert compare.signed_rank([1, 2], [1, 2]).not_done == "no pair has a difference"


def test_the_trend_is_that_of_r():
    """R: prop.trend.test(c(83, 90, 129, 70), c(86, 93, 136, 82)) gives X-squared = 8.2249, p = 0.004132."""
    found = compare.cochran_armitage(SMOKERS)
    assert (round(found.statistic, 4), round(found.p, 6)) == (8.2249, 0.004132)
    assert compare.cochran_armitage(np.array(SMOKERS).T).p == pytest.approx(found.p)
    assert compare.cochran_armitage(SMOKERS, scores=[0, 0, 0, 1]).p != pytest.approx(found.p)


def test_a_trend_over_two_arms_is_pearsons_test():
    table = [[9, 8], [10, 18]]
    assert compare.cochran_armitage(table).p == pytest.approx(compare.pearson(table).p, rel=1e-12)


def test_welchs_anova_of_two_groups_is_welchs_t_test():
    t, f = compare.welch_t(*PERMEABILITY), compare.welch_anova(*PERMEABILITY)
    assert (f.p, f.statistic, f.df[1]) == (pytest.approx(t.p, rel=1e-10), pytest.approx(t.statistic**2), pytest.approx(t.df[0]))


def test_welchs_anova_is_r_oneway_test():
    """R: oneway.test(count ~ spray, InsectSprays) gives F = 36.065, df 5 and 30.043, p = 7.999e-12."""
    spray = {"A": [10, 7, 20, 14, 14, 12, 10, 23, 17, 20, 14, 13], "B": [11, 17, 21, 11, 16, 14, 17, 17, 19, 21, 7, 13],
             "C": [0, 1, 7, 2, 3, 1, 2, 1, 3, 0, 1, 4], "D": [3, 5, 12, 6, 4, 3, 5, 5, 5, 5, 2, 4],
             "E": [3, 5, 3, 5, 3, 6, 1, 1, 3, 2, 6, 4], "F": [11, 9, 15, 22, 15, 16, 13, 10, 26, 26, 24, 13]}
    found = compare.welch_anova(*spray.values())
    assert (round(found.statistic, 3), found.df[0], round(found.df[1], 3)) == (36.065, 5.0, 30.043)
    assert found.p == pytest.approx(7.999e-12, rel=1e-3)
    kruskal = compare.kruskal_wallis(*spray.values())  # R: 54.691, p = 1.511e-10
    assert (round(kruskal.statistic, 3), kruskal.df) == (54.691, (5.0,))
    assert kruskal.p == pytest.approx(1.511e-10, rel=1e-3)


def test_linear_by_linear_of_two_by_two_is_pearson_less_one_patient():
    table = np.array([[9, 8], [10, 18]])
    assert compare.linear_by_linear(table).statistic == pytest.approx(compare.pearson(table).statistic * 44 / 45)


def test_yates_is_only_for_two_by_two():
    with pytest.raises(CohortError, match="2 x 2"):
        compare.yates([[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(("call", "why"), [
    (lambda: compare.welch_t([1.0], [2.0, 3.0]), "group 1 has one value"),
    (lambda: compare.welch_t([1, 1], [2, 2]), "no group has a variance"),
    (lambda: compare.mann_whitney([], [2.0, 3.0]), "group 1 has no value"),
    (lambda: compare.mann_whitney([2, 2], [2]), compare.ALIKE),
    (lambda: compare.kruskal_wallis([1], [1], [1]), compare.ALIKE),
    (lambda: compare.anova([1, 1], [2, 2]), "no group has a variance"),
    (lambda: compare.welch_anova([1, 1], [2, 3]), "a group has no variance"),
    (lambda: compare.pearson([[0, 0], [3, 4]]), "fewer than two groups or two values are filled"),
    (lambda: compare.cochran_armitage([[3, 0], [4, 0]]), "one group or one value only"),
    (lambda: compare.linear_by_linear([[3, 0], [4, 0]]), "fewer than two groups or two values are filled"),
])
def test_a_test_that_does_not_exist_is_not_done_and_says_why(call, why: str):
    found = call()
    assert (found.p, found.not_done) == (None, why)


def test_one_patient_in_an_arm_can_still_be_ranked():
    found = compare.mann_whitney([9.0], [1.0, 2.0, 3.0, 4.0])
    assert (found.p, found.variant) == (pytest.approx(2 / 5), "exact")


@pytest.mark.parametrize("call", [
    lambda: compare.welch_t([1, float("nan")], [2, 3]), lambda: compare.mann_whitney([1, 2], [2, 3], [4, 5]), lambda: compare.mann_whitney([1, 2]),
    lambda: compare.signed_rank([1, 2], [1, 2, 3]), lambda: compare.cochran_armitage([[1, 2, 3], [1, 2, 3], [1, 2, 3]]),
    lambda: compare.cochran_armitage(SMOKERS, scores=[1, 2])])
def test_missing_values_and_wrong_numbers_of_groups_are_refused(call):
    with pytest.raises(CohortError):
        call()


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=10, unique=True), st.data())
def test_exact_mann_whitney_is_the_share_of_reassignments_as_extreme(values: list[int], data: st.DataObject):
    m = data.draw(st.integers(1, len(values) - 1))
    ranks = np.argsort(np.argsort(values)) + 1.0
    sums = np.array([ranks[list(c)].sum() for c in combinations(range(len(values)), m)])
    less, more = (sums <= ranks[:m].sum()).mean(), (sums >= ranks[:m].sum()).mean()
    assert compare.mann_whitney(values[:m], values[m:]).p == pytest.approx(min(1.0, 2 * min(less, more)), abs=1e-12)


# ---------------------------------------------------------------------------------------------------- which test
@pytest.mark.parametrize(("table", "name"), [
    ([[5, 5], [5, 5]], "pearson"), ([[5, 5], [4, 5]], "fisher"),                       # an expected count of 5, and below
    ([[10, 10, 10], [10, 10, 2]], "pearson"), ([[4, 4, 20], [4, 4, 20]], "fisher"),    # a fifth of the cells below 5
    ([[10, 10, 10, 10, 4], [10, 10, 10, 10, 5]], "pearson"),                            # exactly a fifth
    ([[50, 50, 50, 50, 1], [50, 50, 50, 50, 0]], "fisher"),                            # a tenth, but below 1
])
def test_a_table_gets_the_chi_square_test_only_where_expected_counts_allow(table: list[list[int]], name: str):
    assert for_counts(table).name == name


def test_ordered_arms_are_tested_for_a_trend_and_normal_numbers_by_their_means():
    assert for_counts(SMOKERS, ordered_arms=True).name == "cochran-armitage"
    assert for_counts([[9, 9], [9, 9]], ordered_arms=True).name == "pearson"
    assert [for_values(a, n).name for a in (2, 3) for n in (False, True)] == ["mann-whitney", "welch", "kruskal-wallis", "welch-anova"]


# ---------------------------------------------------------------------------------------------------- the reference file
def test_means_and_ranks_of_the_reference_file(shared_data):
    folder = shared_data("table1_reference")
    reference = json.loads((folder / "reference_R.json").read_text())["results"]["pn2012"]
    frame = pl.read_csv(folder / "pn2012_demo.csv")
    tests = {"welch_t_p": compare.welch_t, "student_t_p": compare.student_t, "wilcoxon_p": compare.mann_whitney, "kruskal_p": compare.kruskal_wallis}
    for name in ("Age", "SysABP", "Height", "Weight", "LOS"):
        groups = [frame.filter(pl.col("death") == arm)[name].drop_nulls().to_numpy() for arm in (0, 1)]
        for key, test in tests.items():
            assert test(*groups).p == pytest.approx(reference[name][key], rel=1e-9), (name, key)


def test_chi_square_tests_of_the_reference_file(shared_data):
    results = json.loads((shared_data("table1_reference") / "reference_R.json").read_text())["results"]
    for name in ("ICU", "MechVent"):
        one = results["pn2012"][name]
        assert compare.pearson(one["counts"]).p == pytest.approx(one["chisq_p_nocorrect"], rel=1e-9)
    vent = results["pn2012"]["MechVent"]
    assert compare.yates(vent["counts"]).p == pytest.approx(vent["chisq_p_yates"], rel=1e-9)
    for name in ("sex", "death", "seps", "cat1"):
        one = results["rhc"][name]
        assert compare.pearson(one["counts"]).p == pytest.approx(one["chisq_p"], rel=1e-9), name
    small = results["small"]["wilcox_exact"]
    found = compare.mann_whitney(small["x"], small["y"])
    assert (found.p, found.statistic) == (pytest.approx(small["p"], rel=1e-10), small["W"])
