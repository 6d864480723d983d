"""Kaplan-Meier curves, medians, numbers at risk and restricted means against R 4.2.2, survival 3.5-3."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort.kaplan_meier import CITES, INTERVALS, MEAN_CITES, kaplan_meier, median_follow_up, restricted_mean_difference
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError, SettingError

MADE_UP = Survival.of(r.TIME, r.EVENT)

# median and its limits of arm 0 and arm 1; S, lower and upper at 10 and at 25 of arm 0
MEDIANS = {"log": ((25, 12, None), (15, 10, None)), "log-log": ((25, 11, 63), (15, 2, 18)), "plain": ((25, 12, 63), (15, 5, 18))}
AT = {
    "log": ((0.846153846154, 0.671095193065, 1.0), (0.451282051282, 0.229164301214, 0.888687673997)),
    "log-log": ((0.846153846154, 0.5122035906854, 0.959145460529), (0.451282051282, 0.1549415137129, 0.712122102053)),
    "plain": ((0.846153846154, 0.65002367696527, 1.0), (0.451282051282, 0.14546927275642, 0.757094829808)),
}


@pytest.mark.parametrize("interval", INTERVALS)
def test_medians_limits_and_curves_are_those_of_r(interval):
    found = kaplan_meier(MADE_UP, r.ARM, interval=interval)
    assert [c.label for c in found.curves] == ["0", "1"]
    for curve, (median, low, high) in zip(found.curves, MEDIANS[interval], strict=True):
        assert (curve.median.value, curve.median.low, curve.median.high) == (median, low, high)
    at = found["0"].at([10, 25])
    assert at.at_risk.tolist() == [9, 5]
    assert at.std_error == pytest.approx([0.100068251629, 0.156029794903], abs=1e-11)
    for i, (s, low, high) in enumerate(AT[interval]):
        assert (at.survival[i], at.lower[i], at.upper[i]) == pytest.approx((s, low, high), abs=1e-11)


def test_quartiles_are_those_of_r():
    arm = kaplan_meier(MADE_UP, r.ARM, interval="log-log")["1"]
    first, third = arm.quantile(0.25), arm.quantile(0.75)
    assert (first.value, first.low, first.high) == (5, 1, 12)
    assert (third.value, third.low, third.high) == (18, 15, None)


def test_restricted_means_are_those_of_r():
    a, b = kaplan_meier(MADE_UP, r.ARM).restricted_means(30)
    z = 1.959963984540054
    assert (a.value, (a.high - a.value) / z) == pytest.approx((21.1367521368, 2.80725533875), rel=1e-10)
    assert (b.value, (b.high - b.value) / z) == pytest.approx((14.4749455338, 2.55717311275), rel=1e-10)


def test_the_difference_of_restricted_means_adds_their_variances():
    found = kaplan_meier(MADE_UP, r.ARM)
    difference, p = restricted_mean_difference(found["0"], found["1"], 30)
    error = math.hypot(2.80725533875, 2.55717311275)
    assert difference.value == pytest.approx(21.1367521368 - 14.4749455338, rel=1e-10)
    assert difference.high - difference.value == pytest.approx(1.959963984540054 * error, rel=1e-9)
    assert p == pytest.approx(math.erfc(difference.value / error / math.sqrt(2)), rel=1e-9)


def test_late_entry_takes_patients_out_of_earlier_risk_sets_as_in_r():
    at = kaplan_meier(Survival.of(r.TIME, r.EVENT, r.ENTRY)).curves[0].at([5, 10, 20])
    assert at.at_risk.tolist() == [23, 20, 9]
    assert at.survival == pytest.approx([0.747412008282, 0.676229912255, 0.344959388438], abs=1e-11)
    assert at.std_error == pytest.approx([0.0889572566919, 0.0936483964752, 0.0926672947907], abs=1e-11)


@pytest.mark.parametrize("name", r.SETS)
def test_every_reference_curve_is_that_of_r(shared_data: SharedData, name):
    folder = shared_data("r_survival_reference")
    time, event, group = r.by_group(folder, name)
    answer = r.answers(folder)[name]
    assert (len(time), sum(event)) == (answer["n"], answer["events"])
    for interval in INTERVALS:
        found, wanted = kaplan_meier(Survival.of(time, event), group, interval=interval), answer[f"km_{interval}"]
        assert [f".g={c.label}" for c in found.curves] == wanted["strata"]
        assert [c.n for c in found.curves] == wanted["records"]
        assert [c.n_events for c in found.curves] == wanted["events"]
        for i, curve in enumerate(found.curves):
            median = curve.median
            assert [median.value, median.low, median.high] == [r.missing_or(wanted[k][i]) for k in ("median", "lcl", "ucl")]
            rows = [a for a in wanted["at"] if a["strata"] == f".g={curve.label}"]
            at = curve.at([a["time"] for a in rows])
            assert at.at_risk.tolist() == [a["n_risk"] for a in rows]
            for ours, theirs in ((at.survival, "surv"), (at.std_error, "se"), (at.lower, "lower"), (at.upper, "upper")):
                assert ours == pytest.approx([a[theirs] for a in rows], rel=1e-10)


def test_every_reconstructed_trial_has_the_medians_and_restricted_means_of_r(shared_data: SharedData):
    folder = shared_data("kmdata_survival_ipd")
    data = r.trials(folder)
    answers = r.answers(folder)
    assert len(answers) == 152
    for name, answer in answers.items():
        time, event, arm = zip(*data[name], strict=True)
        found = kaplan_meier(Survival.of(time, event), arm, levels=[a.removeprefix("arm=") for a in answer["arms"]])
        assert [c.n for c in found.curves] == answer["n_arm"]
        assert [c.n_events for c in found.curves] == answer["ev_arm"]
        for i, (curve, mean) in enumerate(zip(found.curves, found.restricted_means(), strict=True)):
            median = curve.median
            wanted = [r.missing_or(answer[k][i]) for k in ("median", "median_lcl", "median_ucl")]
            ours = [median.value, median.low, median.high]
            assert [v is None for v in ours] == [v is None for v in wanted], name
            assert [v or 0.0 for v in ours] == pytest.approx([v or 0.0 for v in wanted], rel=1e-10), name
            assert mean.value == pytest.approx(answer["rmean"][i], rel=1e-10), name


# ---------------------------------------------------------------------------------------------------- conventions
def test_a_curve_flat_at_one_half_has_its_median_in_the_middle_of_the_flat_stretch():
    assert kaplan_meier(Survival.of([1, 2, 3, 4], [1, 1, 0, 1])).curves[0].median.value == 3.0
    assert kaplan_meier(Survival.of([1, 2, 3, 5], [1, 1, 1, 1])).curves[0].median.value == 2.5


def test_a_curve_that_ends_at_one_half_has_its_median_where_it_got_there():
    assert kaplan_meier(Survival.of([1, 2, 3, 4], [1, 1, 0, 0])).curves[0].median.value == 2.0


def test_a_curve_just_above_one_half_has_no_median():
    found = kaplan_meier(Survival.of([1, 2, 3, 4, 5], [1, 1, 0, 0, 0])).curves[0].median
    assert (found.value, found.high) == (None, None)
    assert "not reached" in found.warnings[0]


def test_times_that_differ_by_rounding_are_one_time():
    curve = kaplan_meier(Survival.of([0.1 + 0.2, 0.3, 1.0], [1, 1, 0])).curves[0]
    assert curve.time.tolist() == [0.3, 1.0]
    assert curve.events.tolist() == [2, 0]


def test_times_that_differ_by_more_than_rounding_stay_apart():
    assert kaplan_meier(Survival.of([1.0, 1.0 + 1e-7, 2.0], [1, 1, 0])).curves[0].events.tolist() == [1, 1, 0]


def test_an_event_at_time_0_lowers_the_curve_from_the_start():
    curve = kaplan_meier(Survival.of([0, 0, 3], [1, 0, 1])).curves[0]
    assert curve.at([0]).survival[0] == pytest.approx(2 / 3)
    assert curve.at_risk_at([0]).tolist() == [3]


def test_without_events_the_curve_stays_at_1_and_says_so():
    found = kaplan_meier(Survival.of([3, 5], [0, 0]))
    assert found.curves[0].survival.tolist() == [1.0, 1.0]
    assert found.curves[0].median.value is None
    assert "no event" in found.warnings[0]


def test_one_patient_makes_a_curve():
    curve = kaplan_meier(Survival.of([4], [1])).curves[0]
    assert (curve.survival.tolist(), curve.median.value) == ([0.0], 4.0)
    assert math.isnan(curve.std_error[0])


def test_after_the_last_follow_up_the_curve_is_unknown():
    at = kaplan_meier(Survival.of([3, 5], [1, 0])).curves[0].at([5, 5.001])
    assert at.survival[0] == 0.5
    assert math.isnan(at.survival[1])
    assert at.at_risk.tolist() == [1, 0]


def test_a_restricted_mean_beyond_follow_up_warns_that_the_curve_was_carried_on():
    curve = kaplan_meier(Survival.of([3, 5], [1, 0])).curves[0]
    assert curve.restricted_mean(5).warnings == ()
    assert curve.restricted_mean(6).value == pytest.approx(3 + 0.5 * 3)
    assert "carried on flat" in curve.restricted_mean(6).warnings[0]


def test_a_left_truncated_curve_that_dies_out_early_warns():
    found = kaplan_meier(Survival.of([2, 9, 9], [1, 1, 0], [0, 4, 4]))
    assert found.curves[0].survival.tolist() == [0.0, 0.0]
    assert "falls to 0 at 2 with 1 at risk" in found.warnings[0]


def test_follow_up_is_read_from_the_reverse_curve():
    """Two of four died early; those observed were followed for 10 and 12."""
    assert median_follow_up(Survival.of([2, 3, 10, 12], [1, 1, 0, 0])).value == 11.0


def test_rows_without_time_event_or_group_are_left_out_and_counted():
    found = kaplan_meier(Survival.of([1, None, 3, 4], [1, 1, None, 0]), ["a", "a", "a", None])
    assert (found.dropped, found["a"].n) == (3, 1)


@pytest.mark.parametrize(("time", "event", "entry", "says"), [
    ([1, 2], [1], None, "one is needed for each row"),
    ([-1, 2], [1, 0], None, "negative"),
    ([1, math.inf], [1, 0], None, "not a number"),
    ([1, 2], [1, 2], None, "subtract 1"),
    ([1, 2], [0, 3], None, "is not one of 0"),
    ([1, 2], [1, 0], [0, 2], "not before the end of follow-up"),
    (["soon", 2], [1, 0], None, "not a column of numbers"),
])
def test_follow_up_that_cannot_be_is_refused(time, event, entry, says):
    with pytest.raises(CohortError, match=says):
        Survival.of(time, event, entry)


def test_everything_missing_is_refused():
    with pytest.raises(CohortError, match="nothing to analyse"):
        kaplan_meier(Survival.of([None, None], [1, 0]))


def test_several_causes_have_to_be_chosen_from():
    data = Survival.of([1, 2, 3], [1, 2, 0], causes=("relapse", "death"))
    with pytest.raises(CohortError, match="any_cause"):
        kaplan_meier(data)
    assert kaplan_meier(data.any_cause()).curves[0].n_events == 2
    assert kaplan_meier(data.of_cause("death")).curves[0].n_events == 1
    with pytest.raises(CohortError, match="There is no cause"):
        data.of_cause("flight")


def test_a_scale_of_limits_that_does_not_exist_is_refused():
    with pytest.raises(SettingError, match="log-log"):
        kaplan_meier(MADE_UP, interval="logit")
    with pytest.raises(SettingError, match="between 0 and 1"):
        kaplan_meier(MADE_UP, confidence=95)


def test_every_citation_of_the_curves_is_in_the_references():
    assert len(bibliography(CITES + MEAN_CITES)) == 5


# ---------------------------------------------------------------------------------------------------- properties
patients = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(patients)
def test_the_curve_is_the_product_limit_written_out(rows):
    time, event = zip(*rows, strict=True)
    curve = kaplan_meier(Survival.of(time, event)).curves[0]
    s = 1.0
    for i, t in enumerate(sorted(set(time))):
        at_risk = sum(u >= t for u in time)
        dead = sum(e for u, e in rows if u == t)
        s *= 1 - dead / at_risk
        assert (curve.at_risk[i], curve.events[i]) == (at_risk, dead)
        assert curve.survival[i] == pytest.approx(s, abs=1e-12)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(patients)
def test_without_censoring_the_curve_is_the_share_still_without_the_event(rows):
    time = [t for t, _ in rows]
    curve = kaplan_meier(Survival.of(time, [True] * len(time))).curves[0]
    assert curve.survival == pytest.approx([np.mean([u > t for u in time]) for t in curve.time], abs=1e-12)
    assert curve.restricted_mean().value == pytest.approx(np.mean(time), abs=1e-9) if max(time) else True


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(patients, st.integers(1, 11))
def test_splitting_a_row_changes_nothing(rows, cut):
    time, event, entry = [], [], []
    for t, e in rows:
        if t > cut:
            time += [cut, t]
            event += [False, e]
            entry += [-1, cut]
        else:
            time.append(t)
            event.append(e)
            entry.append(-1)
    whole = kaplan_meier(Survival.of(*zip(*rows, strict=True))).curves[0]
    split = kaplan_meier(Survival.of(time, event, entry)).curves[0]
    times = whole.time[whole.events > 0]
    assert split.at(times).survival == pytest.approx(whole.at(times).survival, abs=1e-12)
    assert split.at(times).at_risk.tolist() == whole.at(times).at_risk.tolist()
