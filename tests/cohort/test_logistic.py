"""Logistic regression against logistf, statsmodels and closed forms; separation found by its linear program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.logistic import CONSTANT, logistic
from tocsin.cohort.separation import separation
from tocsin.errors import CohortError

# Heinze and Schemper 2002: neovasculization, pulsality index, endometrium height, high grade; NV separates.
ENDOMETRIAL = """
0,13,1.64,0 0,16,2.26,0 0,8,3.14,0 0,34,2.68,0 0,20,1.28,0 0,5,2.31,0 0,17,1.8,0 0,10,1.68,0 0,26,1.56,0 0,17,2.31,0 0,8,2.01,0 0,7,1.89,0
0,20,3.15,0 0,10,1.23,0 0,18,1.27,0 0,16,1.76,0 0,18,2,0 0,8,2.64,1 0,29,0.88,1 0,12,1.27,1 0,20,1.37,1 1,38,0.97,1 1,22,1.14,1 1,7,0.88,1
1,25,0.91,1 1,15,0.58,1 0,7,0.97,1 0,28,1.5,0 0,11,1.33,0 0,19,2.37,0 0,10,1.82,0 0,10,3.13,0 0,18,1.31,0 0,14,1.92,0 0,21,1.64,0 0,11,2.01,0
0,17,1.88,0 0,25,1.93,0 0,16,2.11,0 0,19,1.29,0 0,15,1.72,0 0,33,0.75,0 0,24,1.92,0 0,48,1.84,1 0,12,1.11,1 0,19,1.61,1 0,2,1.18,1 1,22,1.44,1
1,40,1.18,1 1,5,0.93,1 1,0,1.17,1 0,21,1.19,1 0,15,1.06,1 0,29,2.02,0 0,15,2.29,0 0,12,2.33,0 0,3,2.9,0 0,20,1.7,0 0,23,1.41,0 0,12,2.25,0
0,22,1.54,0 0,42,1.97,0 0,15,1.75,0 0,13,2.16,0 0,14,2.57,0 0,19,1.37,0 0,12,3.61,0 0,13,2.04,0 0,10,2.17,0 0,12,1.69,1 1,49,0.27,1 0,6,1.84,1
0,5,1.3,1 0,17,0.96,1 1,11,1.01,1 1,21,0.98,1 0,5,0.35,1 1,19,1.02,1 0,33,0.85,1
"""
NV, PI, EH, HG = np.array([[float(x) for x in row.split(",")] for row in ENDOMETRIAL.split()]).T
# R: logistf(HG ~ NV + PI + EH): coefficient, profile penalised likelihood limits
LOGISTF = {
    CONSTANT: (3.77455951, 1.0825371, 7.20928050), "NV": (2.92927330, 0.6097244, 7.85463171), "PI": (-0.03475175, -0.1244587, 0.04045547),
    "EH": (-2.60416387, -4.3651832, -1.23272106),
}


@pytest.fixture(scope="module")
def endometrial():
    return logistic(HG, {"NV": NV, "PI": PI, "EH": EH})


@pytest.mark.parametrize("name", LOGISTF)
def test_firths_estimates_and_limits_are_those_of_logistf(endometrial, name: str):
    one = endometrial[name]
    assert (one.value, one.low, one.high) == pytest.approx(LOGISTF[name], abs=2e-7)


def test_separation_is_found_named_and_met_by_firths_method(endometrial):
    assert (endometrial.separation.kind, endometrial.separation.infinite) == ("quasi-complete", ("NV",))
    assert endometrial.method == "Firth's penalised likelihood"
    assert endometrial.warnings == ("quasi-complete separation by NV",)
    with pytest.raises(CohortError, match="no maximum-likelihood estimate exists"):
        logistic(HG, {"NV": NV, "PI": PI, "EH": EH}, method="ml")


def test_without_separation_it_is_maximum_likelihood_as_statsmodels_finds_it():
    """As Logit of statsmodels 0.15.0 does: Logit(HG, const + PI + EH).fit(): params, bse, llf, llr_pvalue."""
    found = logistic(HG, {"PI": PI, "EH": EH})
    assert found.method == "maximum likelihood"
    assert [c.value for c in found.coefficients] == pytest.approx([5.43920978, -0.01959961, -3.69306434], abs=1e-7)
    assert [c.error for c in found.coefficients] == pytest.approx([1.45116169, 0.03474439, 0.83021618], abs=1e-7)
    assert (found.log_likelihood, found.p) == pytest.approx((-32.3754516847809, 1.9106686e-09), rel=1e-6)
    assert found["EH"].wald_p == pytest.approx(8.65459e-06, rel=1e-4)


def expand(a: int, b: int, c: int, d: int) -> tuple[list[int], list[float]]:
    """Outcome and exposure of [[exposed with, without], [others with, without]]."""
    return [1] * a + [0] * b + [1] * c + [0] * d, [1.0] * (a + b) + [0.0] * (c + d)


@settings(max_examples=30, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_of_a_two_by_two_table_firth_adds_a_half_to_each_cell_and_ml_none(a: int, b: int, c: int, d: int):
    y, x = expand(a, b, c, d)
    if not a + b or not c + d or not a + c or not b + d:
        with pytest.raises(CohortError):
            logistic(y, {"x": x})
        return
    firth = logistic(y, {"x": x}, method="firth")
    assert firth["x"].value == pytest.approx(np.log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))), abs=1e-6)
    if min(a, b, c, d):
        assert logistic(y, {"x": x})["x"].value == pytest.approx(np.log(a * d / (b * c)), abs=1e-7)
    else:
        assert logistic(y, {"x": x}).separation.kind != "none"


def test_a_profile_limit_is_where_the_likelihood_ratio_is_at_its_level():
    y, x = expand(9, 8, 6, 22)
    found = logistic(y, {"x": x})
    for limit in (found["x"].low, found["x"].high):
        shifted = np.array(x) * limit  # the model with the slope held there has one free constant

        def best(at: float, offset: np.ndarray = shifted) -> float:
            return float((np.array(y) * (at + offset) - np.logaddexp(0, at + offset)).sum())

        top = max(best(b) for b in np.linspace(-6, 4, 20001))
        assert 2 * (found.log_likelihood - top) == pytest.approx(3.841459, abs=1e-4)


@pytest.mark.parametrize(("x", "kind"), [
    ([1, 2, 3, 4, 5, 6], "complete"), ([1, 2, 3, 3, 5, 6], "quasi-complete"), ([1, 2, 4, 3, 5, 6], "none")])
def test_a_threshold_separates_completely_in_part_or_not(x: list[float], kind: str):
    outcome = np.array([0, 0, 0, 1, 1, 1], bool)
    found = separation(np.column_stack([np.ones(6), x]), outcome, (CONSTANT, "x"))
    assert found.kind == kind
    assert bool(found.infinite) == (kind != "none")
    assert np.isfinite(logistic(outcome, {"x": x})["x"].value)


def test_the_unit_of_a_covariate_changes_nothing_but_the_unit():
    one, thousand = logistic(HG, {"PI": PI, "EH": EH}), logistic(HG, {"PI": PI, "EH": EH * 1e5})
    assert thousand["EH"].value * 1e5 == pytest.approx(one["EH"].value, rel=1e-6)
    assert thousand["EH"].low * 1e5 == pytest.approx(one["EH"].low, rel=1e-5)
    assert thousand["PI"].p == pytest.approx(one["PI"].p, rel=1e-5)


def test_incomplete_patients_are_left_out_and_counted_and_few_events_are_said():
    y, x = expand(9, 8, 6, 22)
    age = np.random.default_rng(1).uniform(8, 67, 47)
    found = logistic([None, 1, *y], {"x": [1.0, None, *x], "age": age})
    assert (found.n, found.left_out, found.events) == (45, 2, 15)
    assert found["x"].value == logistic(y, {"x": x, "age": age[2:]})["x"].value
    assert found.warnings == ("15 outcomes of the rarer kind for 2 covariates: fewer than 10 for each",)


@pytest.mark.parametrize(("y", "x", "why"), [
    ([0, 0, 0], {"x": [1, 2, 3]}, "nobody"), ([1, 1, 1], {"x": [1, 2, 3]}, "everybody"), ([0, 1, 2], {"x": [1, 2, 3]}, "0 or 1"),
    ([0, 1, 1, 0], {"x": [1, 2, 3, 4], "y": [2, 4, 6, 8]}, "y follows from"), ([0, 1, 1, 0], {"x": [5, 5, 5, 5]}, "x follows from"),
    ([0, 1], {"x": [1, 2, 3]}, "one value for each"), ([None, 1], {"x": [1, None]}, "nobody of 0"),
])
def test_what_cannot_be_regressed_is_refused_with_its_reason(y, x, why: str):
    with pytest.raises(CohortError, match=why):
        logistic(y, x)


def test_a_coefficient_that_is_not_there_is_refused():
    with pytest.raises(CohortError, match="it has"):
        logistic(*(lambda y, x: (y, {"x": x}))(*expand(3, 4, 5, 6)))["z"]
