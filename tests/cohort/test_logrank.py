"""Log-rank tests against R's survdiff (survival 3.5-3), their permutation form against R's coin 1.4-2."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort.logrank import BYAR_CITES, CITES, RHO_CITES, TREND_CITES, log_rank
from tocsin.cohort.logrank_exact import CITES as PERMUTATION_CITES
from tocsin.cohort.logrank_exact import EXACT_CITES, RANDOM_CITES, log_rank_permutation
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError, SettingError

MADE_UP = Survival.of(r.TIME, r.EVENT)


@pytest.mark.parametrize(("rho", "strata", "statistic", "expected"), [
    (0, None, 2.92574002661, (11.6201141995, 9.37988580047)),
    (1, None, 2.70680145227, (6.93542340013, 6.72866479925)),
    (0, r.SITE, 3.09580918605, (6.53455433455 + 5.05315656566, 5.46544566545 + 3.94684343434)),
])
def test_the_test_and_its_stratified_and_weighted_forms_are_those_of_r(rho, strata, statistic, expected):
    found = log_rank(MADE_UP, r.ARM, rho=rho, strata=strata)
    assert found.test.statistic == pytest.approx(statistic, rel=1e-10)
    assert found.test.df == (1,)
    assert found.expected[0 if strata is None else slice(None)] == pytest.approx(expected[0] if strata is None else list(expected), rel=1e-10)


def test_the_permutation_test_is_that_of_r():
    """coin: logrank_test(Surv(t, e) ~ factor(arm), distribution = "exact", ties.method = "mid-ranks"), which uses these scores."""
    found = log_rank_permutation(MADE_UP, r.ARM)
    assert found.p == pytest.approx(0.0899108841569, rel=1e-10)
    assert found.error == 0.0
    assert "exact, all 119,759,850 assignments" in found.variant


@pytest.mark.parametrize("name", r.SETS)
def test_every_reference_test_is_that_of_r(shared_data: SharedData, name):
    folder = shared_data("r_survival_reference")
    time, event, group = r.by_group(folder, name)
    for rho in (0, 1):
        found, wanted = log_rank(Survival.of(time, event), group, rho=rho), r.answers(folder)[name][f"survdiff_rho{rho}"]
        assert found.observed == pytest.approx(wanted["obs"], rel=1e-10)
        assert found.expected == pytest.approx(wanted["exp"], rel=1e-10)
        assert (found.test.statistic, found.test.p) == pytest.approx((wanted["chisq"], wanted["p"]), rel=1e-10)
        assert found.test.df == (wanted["df"],)


def test_every_reconstructed_trial_has_the_test_of_r(shared_data: SharedData):
    folder = shared_data("kmdata_survival_ipd")
    data = r.trials(folder)
    for name, answer in r.answers(folder).items():
        time, event, arm = zip(*data[name], strict=True)
        found = log_rank(Survival.of(time, event), arm).test
        assert (found.statistic, found.p) == pytest.approx((answer["logrank_chisq"][0], answer["logrank_p"][0]), rel=1e-10), name


@pytest.mark.parametrize(("name", "p"), [("ovarian_by_rx", 0.297407072669), ("freireich_6mp", 2.61200451823e-05)])
def test_permutation_p_values_of_published_sets_are_those_of_r(shared_data: SharedData, name, p):
    time, event, group = r.by_group(shared_data("r_survival_reference"), name)
    assert log_rank_permutation(Survival.of(time, event), group).p == pytest.approx(p, rel=1e-10)


# ---------------------------------------------------------------------------------------------------- forms
def test_a_trend_over_two_groups_is_the_test_itself():
    found = log_rank(MADE_UP, r.ARM, scores=[1, 2])
    assert found.trend.statistic == pytest.approx(found.test.statistic, rel=1e-12)


def test_a_trend_needs_a_score_for_each_group():
    with pytest.raises(CohortError, match="one number for each of the 2 groups"):
        log_rank(MADE_UP, r.ARM, scores=[1, 2, 3])
    with pytest.raises(CohortError, match="differ between the groups"):
        log_rank(MADE_UP, r.ARM, scores=[1, 1])


def test_random_permutations_agree_with_the_exact_test_and_are_the_same_each_time():
    exact = log_rank_permutation(MADE_UP, r.ARM).p
    drawn = log_rank_permutation(MADE_UP, r.ARM, exact_up_to=0, draws=20_000, seed=4)
    assert abs(drawn.p - exact) < 4 * drawn.error
    assert "seed 4" in drawn.variant
    assert log_rank_permutation(MADE_UP, r.ARM, exact_up_to=0, draws=20_000, seed=4).p == drawn.p


def test_permutation_within_strata_moves_nobody_between_them():
    """In each stratum one of two is treated and dies first: of the four assignments, two are as extreme."""
    data = Survival.of([1, 2, 1, 2], [1, 1, 1, 1])
    assert log_rank_permutation(data, [1, 0, 1, 0], strata=[0, 0, 1, 1], draws=40_000).p == pytest.approx(0.5, abs=0.02)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans()), min_size=3, max_size=9))
def test_the_exact_p_value_is_the_share_of_assignments_counted_one_by_one(rows):
    time, event, group = (np.array(c) for c in zip(*rows, strict=True))
    if not event.any() or group.all() or not group.any():
        return

    def gap(chosen: set[int]) -> float:
        total = 0.0
        for t in set(time[event]):
            at_risk = [i for i in range(len(time)) if time[i] >= t]
            dead = [i for i in at_risk if time[i] == t and event[i]]
            total += sum(i in chosen for i in dead) - len(dead) * sum(i in chosen for i in at_risk) / len(at_risk)
        return abs(total)

    observed = gap(set(np.flatnonzero(~group).tolist()))
    everything = [gap(set(c)) for c in combinations(range(len(time)), int((~group).sum()))]
    try:
        found = log_rank_permutation(Survival.of(time, event), group)
    except CohortError:
        assert max(everything) < 1e-9
        return
    assert found.p == pytest.approx(np.mean([g >= observed - 1e-9 for g in everything]), abs=1e-12)


@settings(max_examples=80, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.sampled_from("abc")), min_size=6, max_size=40))
def test_the_names_and_the_order_of_groups_change_nothing(rows):
    time, event, group = zip(*rows, strict=True)
    try:
        found = log_rank(Survival.of(time, event), group)
    except CohortError:
        return
    turned = log_rank(Survival.of(time, event), [{"a": "z", "b": "y", "c": "x"}[g] for g in group])
    assert turned.test.statistic == pytest.approx(found.test.statistic, rel=1e-8, abs=1e-10)
    assert found.observed.sum() == pytest.approx(found.expected.sum())


# ---------------------------------------------------------------------------------------------------- what cannot be compared
def test_without_events_there_is_nothing_to_compare():
    with pytest.raises(CohortError, match="No event happened among 4 patients"):
        log_rank(Survival.of([1, 2, 3, 4], [0] * 4), [0, 0, 1, 1])


def test_one_group_is_not_compared_with_nobody():
    with pytest.raises(CohortError, match="a comparison needs two"):
        log_rank(MADE_UP, [1] * 30)


def test_groups_that_were_never_at_risk_together_are_refused():
    with pytest.raises(CohortError, match="nothing to compare"):
        log_rank(Survival.of([1, 2, 5, 6], [0, 0, 1, 1]), [0, 0, 1, 1])


def test_one_patient_in_an_arm_is_compared_with_a_warning():
    found = log_rank(Survival.of([1, 2, 3, 4], [1, 1, 1, 1]), ["a", "b", "b", "b"])
    assert found.test.statistic == pytest.approx(3.0)
    assert "a: only one patient." in found.test.warnings
    assert log_rank_permutation(Survival.of([1, 2, 3, 4], [1, 1, 1, 1]), ["a", "b", "b", "b"]).p == 0.5


def test_few_expected_events_point_to_the_permutation_test():
    assert any("prefer the permutation test" in w for w in log_rank(Survival.of([1, 2, 3, 4], [1] * 4), [0, 1, 0, 1]).test.warnings)


def test_late_entry_cannot_be_permuted():
    with pytest.raises(CohortError, match="enter late"):
        log_rank_permutation(Survival.of(r.TIME, r.EVENT, r.ENTRY), r.ARM)


def test_a_test_without_draws_is_refused():
    with pytest.raises(SettingError, match="at least one draw"):
        log_rank_permutation(MADE_UP, r.ARM, draws=0)


def test_every_citation_of_the_tests_is_in_the_references():
    assert len(bibliography(CITES + RHO_CITES + TREND_CITES + BYAR_CITES + PERMUTATION_CITES + EXACT_CITES + RANDOM_CITES)) == 9
