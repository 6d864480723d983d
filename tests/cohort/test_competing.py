"""Cumulative incidence, Gray's test and Fine-Gray models against R's cmprsk 2.2-11."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort import competing as module
from tocsin.cohort import fine_gray as fine_gray_module
from tocsin.cohort import gray
from tocsin.cohort.competing import cumulative_incidence
from tocsin.cohort.cox import cox
from tocsin.cohort.fine_gray import fine_gray
from tocsin.cohort.gray import gray_test
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

CAUSES = ("relapse", "death")
MADE_UP = Survival.of(r.TIME, r.CAUSE, causes=CAUSES)


@pytest.mark.parametrize(("cause", "arm", "incidence", "variance"), [
    ("relapse", "0", (0.0769230769231, 0.4717948717949), (0.00591715976331, 0.02895004703613)),
    ("relapse", "1", (0.1764705882353, 0.4640522875817), (0.00917393352514, 0.01960637794492)),
    ("death", "0", (0.0769230769231, 0.0769230769231), (0.00595825115056, 0.00595825115056)),
    ("death", "1", (0.1764705882353, 0.3071895424837), (0.00919521654816, 0.01457359551173)),
])
def test_incidence_and_variance_are_those_of_r(cause, arm, incidence, variance):
    at = cumulative_incidence(MADE_UP, r.ARM).curve(cause, arm).at([10, 25])
    assert at.incidence == pytest.approx(incidence, abs=1e-11)
    assert at.variance == pytest.approx(variance, abs=1e-12)


def test_grays_test_is_that_of_r():
    assert gray_test(MADE_UP, r.ARM, "relapse").test.statistic == pytest.approx(0.155181734413, rel=1e-10)
    assert gray_test(MADE_UP, r.ARM, "death").test.p == pytest.approx(0.156760797841, rel=1e-10)


def test_a_fine_gray_model_is_that_of_r():
    fit = fine_gray(MADE_UP, "relapse", {"arm": r.ARM, "age": r.AGE})
    assert [c.log_hazard_ratio for c in fit.coefficients] == pytest.approx([0.0932382990799, 0.0148317817475], rel=1e-8)
    assert [c.std_error for c in fit.coefficients] == pytest.approx([0.4867263748659, 0.0157969421989], rel=1e-8)


@pytest.mark.parametrize("name", r.COMPETING)
def test_every_reference_incidence_and_test_is_that_of_r(shared_data: SharedData, name):
    folder = shared_data("r_survival_reference")
    time, cause, group, causes = r.competing(folder, name)
    data, answer = Survival.of(time, cause, causes=causes), r.answers(folder)[name]
    found = cumulative_incidence(data, group)
    for label, incidence, variance in zip(answer["curves"], answer["est"], answer["var"], strict=True):
        arm, code = label.split()
        at = found.curve(causes[int(code) - 1], arm).at(answer["times"])
        assert at.incidence == pytest.approx(incidence, rel=1e-10)
        assert at.variance == pytest.approx(variance, rel=1e-10)
    for one, (statistic, p, df) in zip(causes, answer["gray_tests"], strict=True):
        test = gray_test(data, group, one).test
        assert (test.statistic, test.p, test.df) == (pytest.approx(statistic, rel=1e-10), pytest.approx(p, rel=1e-10), (df,))


def test_strata_weights_and_regression_of_the_transplant_data_are_those_of_r(shared_data: SharedData):
    """cuminc(t2, cause, group, strata = z3), rho = 1, and crr of relapse on group and age."""
    folder = shared_data("r_survival_reference")
    time, cause, group, causes = r.competing(folder, r.COMPETING[0])
    c, data = r.columns(folder, "KMsurv_bmt.csv"), Survival.of(time, cause, causes=causes)
    assert [gray_test(data, group, one, strata=c["z3"]).test.statistic for one in causes] == pytest.approx([11.762521684204, 0.133582686995], rel=1e-10)
    assert [gray_test(data, group, one, rho=1).test.statistic for one in causes] == pytest.approx([13.3006915518713, 0.0976122816238], rel=1e-10)
    fit = fine_gray(data, causes[0], {"group": group, "age": r.number(c["z1"])})
    assert [v.log_hazard_ratio for v in fit.coefficients] == pytest.approx([-0.81308701591890, 0.49646425950214, 0.00173544943814], rel=1e-6)
    assert [v.std_error for v in fit.coefficients] == pytest.approx([0.4537010517402, 0.4006341513974, 0.0177838719868], rel=1e-8)
    assert fit.loglik == pytest.approx((-199.300163236, -193.222708858), rel=1e-10)


# ---------------------------------------------------------------------------------------------------- meaning
patients = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2), st.integers(0, 1)), min_size=2, max_size=30)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(patients)
def test_the_incidences_and_the_survival_add_up_to_1(rows):
    time, cause, _ = zip(*rows, strict=True)
    data = Survival.of(time, cause, causes=CAUSES)
    first, second = cumulative_incidence(data).curves
    survival = kaplan_meier(data.any_cause()).curves[0].at(first.time).survival
    assert first.incidence + second.incidence + survival == pytest.approx(np.ones(len(first.time)), abs=1e-12)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(patients)
def test_one_minus_kaplan_meier_never_falls_below_the_incidence(rows):
    time, cause, _ = zip(*rows, strict=True)
    data = Survival.of(time, cause, causes=CAUSES)
    curve = cumulative_incidence(data).curves[0]
    naive = 1 - kaplan_meier(data.of_cause("relapse")).curves[0].at(curve.time).survival
    assert (naive >= curve.incidence - 1e-12).all()


def test_limits_stay_within_0_and_1_and_are_those_of_the_log_log_scale():
    curve = cumulative_incidence(Survival.of([1, 2, 3, 4], [1, 2, 0, 1], causes=CAUSES)).curves[0]
    f, error = curve.incidence[0], math.sqrt(curve.variance[0])
    wide = 1.959963984540054 * error / (f * math.log(f))
    assert (curve.lower[0], curve.upper[0]) == pytest.approx((f ** math.exp(-wide), f ** math.exp(wide)))
    assert 0 < curve.lower[0] < f < curve.upper[0] < 1


def test_without_competing_events_many_patients_have_greenwoods_error_and_few_a_larger_one():
    """Aalen's variance divides by n^2 where Greenwood's divides by n (n - d)."""
    for n, size in ((5, 0.2), (1000, 1e-2)):
        data = Survival.of(range(n), [i % 3 != 1 for i in range(n)])
        curve = cumulative_incidence(data).curves[0]
        half = curve.time[: len(curve.time) // 2]
        km = kaplan_meier(data).curves[0].at(half)
        assert curve.at(half).incidence == pytest.approx(1 - km.survival)
        assert np.sqrt(curve.at(half).variance) == pytest.approx(km.std_error, rel=size)
        assert (np.sqrt(curve.at(half).variance) > km.std_error).all()


def test_without_competing_events_fine_gray_is_cox_with_its_robust_variance():
    rows = Survival.of(r.TIME, r.EVENT)
    fit, plain = fine_gray(rows, "event", {"age": r.AGE}), cox(rows, {"age": r.AGE}, ties="breslow", cluster=range(30))
    assert fit.coefficients[0].log_hazard_ratio == pytest.approx(plain.beta[0], abs=1e-9)
    assert fit.coefficients[0].std_error == pytest.approx(plain.coefficients[0].std_error, abs=1e-9)


def test_late_entry_changes_the_risk_sets_of_the_incidence():
    late = cumulative_incidence(Survival.of([2, 4, 6], [1, 2, 1], [0, 0, 3], causes=CAUSES)).curves[0]
    assert late.at_risk.tolist() == [2, 2, 1]
    assert late.incidence.tolist() == [0.5, 0.5, 0.75]


def test_grays_test_without_censoring_and_others_orders_groups_like_the_log_rank_test():
    """With one cause and everybody followed to it both compare the same hazards."""
    data = Survival.of(range(1, 21), [1] * 20)
    early, late = gray_test(data, [0] * 10 + [1] * 10, "event").test.p, gray_test(data, [0, 1] * 10, "event").test.p
    assert early < 0.001 < 0.3 < late


# ---------------------------------------------------------------------------------------------------- refusals
def test_what_cannot_be_compared_is_refused():
    with pytest.raises(CohortError, match="There is no cause"):
        gray_test(MADE_UP, r.ARM, "flight")
    with pytest.raises(CohortError, match="Nobody of 30 had death"):
        gray_test(Survival.of(r.TIME, [min(c, 1) for c in r.CAUSE], causes=CAUSES), r.ARM, "death")
    with pytest.raises(CohortError, match="a comparison needs two"):
        gray_test(MADE_UP, [0] * 30, "relapse")
    late = Survival.of(r.TIME, r.CAUSE, r.ENTRY, CAUSES)
    with pytest.raises(CohortError, match="late entry"):
        gray_test(late, r.ARM, "relapse")
    with pytest.raises(CohortError, match="late entry"):
        fine_gray(late, "relapse", {"arm": r.ARM})
    with pytest.raises(CohortError, match="nothing to analyse"):
        cumulative_incidence(Survival.of([None], [1]))


def test_a_monotone_subdistribution_likelihood_is_refused_with_the_way_out():
    with pytest.raises(CohortError, match="firth_cox"):
        fine_gray(Survival.of(range(1, 11), [1, 1, 1, 1, 2, 2, 0, 0, 0, 0], causes=CAUSES), "relapse", {"x": [1] * 5 + [0] * 5})


def test_a_cause_nobody_had_stays_at_0_and_is_said():
    found = cumulative_incidence(Survival.of([1, 2], [1, 0], causes=CAUSES))
    assert found.curve("death").incidence.tolist() == [0.0]
    assert any("nobody had death" in w for w in found.warnings)


def test_one_patient_in_an_arm_is_tested_with_a_warning_of_few_events():
    found = gray_test(Survival.of([1, 2, 3, 4, 5], [1, 2, 1, 0, 1], causes=CAUSES), [1, 0, 0, 0, 0], "relapse")
    assert found.test.n == (4, 1)
    assert any("Few events of relapse" in w for w in found.test.warnings)


def test_every_citation_of_competing_risks_is_in_the_references():
    assert len(bibliography(module.CITES + gray.CITES + fine_gray_module.CITES)) == 6
