"""Adjusted p-values and rank correlations against R."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.correlate import spearman
from tocsin.cohort.multiplicity import adjust
from tocsin.errors import CohortError

GIVEN = (0.01, 0.04, 0.03, None, 0.005)


def test_holm_and_benjamini_hochberg_are_those_of_r():
    """R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives 0.03 0.06 0.06 0.02, "BH" 0.02 0.04 0.04 0.02."""
    assert adjust(GIVEN, "holm").adjusted == pytest.approx((0.03, 0.06, 0.06, None, 0.02))
    assert adjust(GIVEN, "benjamini-hochberg").adjusted == pytest.approx((0.02, 0.04, 0.04, None, 0.02))
    assert adjust(GIVEN, "none").adjusted == GIVEN


def test_what_was_done_is_said_in_words():
    assert adjust(GIVEN, "holm").statement == (
        "4 tests were done; were there no difference in any of them, 0.2 would be expected below 0.05 by chance. Adjusted by Holm (the "
        "family-wise error rate of 5 %), 2 remain below 0.05.")
    assert "not adjusted" in adjust(GIVEN, "none").statement
    assert adjust([None], "holm").statement == "No test was done."
    assert adjust([0.5], "holm").statement.startswith("One test")


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_an_adjusted_p_value_is_no_smaller_keeps_the_order_and_holm_is_the_stricter(p: list[float]):
    holm, bh = adjust(p, "holm").adjusted, adjust(p, "benjamini-hochberg").adjusted
    assert all(a <= b + 1e-12 <= c + 2e-12 <= 1 + 3e-12 for a, b, c in zip(p, bh, holm, strict=True))
    for out in (holm, bh):
        assert all(out[i] <= out[j] for i in range(len(p)) for j in range(len(p)) if p[i] <= p[j])


@pytest.mark.parametrize("call", [lambda: adjust([1.2]), lambda: adjust([float("nan")]), lambda: adjust([0.5], "bonferoni")])
def test_no_p_value_and_no_method_are_refused(call):
    with pytest.raises(CohortError):
        call()


# ---------------------------------------------------------------------------------------------------- correlation
LIGHTNESS = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
SCORE = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]


def test_spearman_of_nine_pairs_is_exact():
    """Hollander and Wolfe's tuna; R: cor.test(x, y, method = "spearman") gives rho = 0.6, p = 0.0968."""
    test, rho = spearman(LIGHTNESS, SCORE)
    assert (round(test.p, 4), test.variant, round(rho.value, 12)) == (0.0968, "exact", 0.6)
    assert rho.low < 0 < rho.high


def test_spearman_of_ten_pairs_rests_on_t():
    test, _ = spearman(range(10), [1, 0, 2, 3, 4, 5, 6, 7, 9, 8])
    assert test.variant == "t approximation"
    assert test.p == pytest.approx(1.467546e-06, rel=1e-6)  # scipy.stats.spearmanr


def test_ties_are_named_and_the_sign_follows_the_order():
    test, rho = spearman([1, 1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, 2, 1])
    assert test.warnings == ("tied values",)
    assert rho.value < -0.9


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
def test_too_few_pairs_or_one_value_have_no_correlation(x, y):
    test, rho = spearman(x, y)
    assert (test.p, rho.value) == (None, None)
    assert test.not_done


def test_a_perfect_order_has_no_interval_and_unpaired_values_are_refused():
    assert spearman([1, 2, 3, 4], [2, 4, 6, 8])[1].low is None
    with pytest.raises(CohortError, match="pairs"):
        spearman([1, 2, 3], [1, 2])
