"""Peaks, areas and responses: limits stay limits, and an area is given only where the course was measured at both ends."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.around import around, by_day, first_doses, response_of
from tocsin.cohort.compare import signed_rank
from tocsin.cohort.kinetics import kinetics, wide
from tocsin.cohort.measured import daily, measured, medians
from tocsin.cohort.paired import paired_shift
from tocsin.cohort.pairwise import ranked_differences
from tocsin.errors import CohortError
from tocsin.timeline import Timeline


def course(*points, concept="il6", patient="1"):
    """Values as (day, value) or (day, ">value")."""
    out = []
    for day, value in points:
        sign = {">": 1, "<": -1}.get(str(value)[0], 0)
        out.append({"patient": patient, "hour": day * 24.0, "concept": concept, "value": float(str(value).lstrip("<>")), "censored": sign})
    return out


def of(*points, **options):
    return kinetics(Timeline.from_rows(course(*points)), ["il6"], **options).row(0, named=True)


def test_peak_time_and_last_day():
    k = of((1, 10), (5, 400), (9, 50))
    assert (k["n"], k["cmax"], k["cmax_censored"], k["tmax_day"], k["first_day"], k["last_day"]) == (3, 400, 0, 5, 1, 9)


def test_the_first_of_two_equal_peaks_is_tmax():
    assert of((1, 10), (5, 400), (9, 400))["tmax_day"] == 5


def test_a_value_before_the_infusion_is_the_baseline_and_no_peak():
    k = of((-1, 900), (1, 10))
    assert (k["cmax"], k["baseline"], k["n"]) == (10, 900, 1)


@pytest.mark.parametrize(("points", "cmax", "censored", "tmax"), [
    (((1, 10), (5, ">5000"), (9, 50)), 5000, 1, 5),
    (((1, 6000), (5, ">5000")), 6000, 1, 1),       # what lies above 5000 may lie above 6000
    (((1, "<5"), (5, "<7")), 7, -1, None),
    (((1, "<5"), (5, 9)), 9, 0, 5),
    (((1, "<5"), (5, 3)), 3, 1, 5),                # below 5 may be above 3
    (((1, 0), (5, 0)), 0, 0, None),
])
def test_a_limit_is_never_silently_the_number(points, cmax, censored, tmax):
    k = of(*points)
    assert (k["cmax"], k["cmax_censored"], k["tmax_day"]) == (cmax, censored, tmax)


def test_the_last_day_found_is_above_its_limit():
    k = of((1, 10), (5, 20), (9, "<2"), (12, 0))
    assert (k["last_day"], k["last_measured_day"]) == (5, 12)


def test_a_peak_at_the_last_value_is_said_to_be_one():
    assert of((1, 10), (5, 20))["peak_is_last"] is True
    assert of((1, 10), (5, 20), (6, 19))["peak_is_last"] is False


def test_an_unknown_value_is_counted_and_not_used():
    rows = [*course((1, 10)), {"hour": 48.0, "concept": "il6", "text": "unknown"}]
    k = kinetics(Timeline.from_rows(rows), ["il6"]).row(0, named=True)
    assert (k["n"], k["unknown"]) == (1, 1)


def test_a_patient_with_unknown_values_only_has_no_kinetics():
    assert not len(kinetics(Timeline.from_rows([{"hour": 48.0, "concept": "il6", "text": "unknown"}]), ["il6"]))


def test_a_constant_course_has_the_area_of_a_rectangle():
    assert of((0, 10), (10, 10), (21, 10))["auc"] == pytest.approx(280)


def test_the_area_of_a_triangle_by_hand():
    k = of((0, 0), (14, 14), (28, 0))
    assert (k["auc"], k["auc_span"]) == (pytest.approx(196), pytest.approx(196))


def test_a_baseline_is_read_at_day_0_on_the_line_to_the_next_value():
    k = of((-2, 0), (2, 4), (14, 4), (28, 4))      # 2 at day 0
    assert k["auc"] == pytest.approx(2 * 3 + 26 * 4)


def test_a_first_value_is_held_back_and_a_last_one_held_on():
    assert of((2, 5), (14, 5), (21, 5))["auc"] == pytest.approx(28 * 5)


@pytest.mark.parametrize(("points", "why"), [
    (((2.1, 5), (14, 5), (21, 5)), "first value"), (((0, 5), (14, 5), (20.9, 5)), "last value"), (((0, 5), (14.1, 5), (21, 5)), "14.1 days without"),
    (((1, 5),), "one value")])
def test_without_values_near_both_ends_and_between_there_is_no_area_and_a_reason(points, why):
    k = of(*points)
    assert k["auc"] is None
    assert why in k["auc_why"]


@pytest.mark.parametrize("points", [((2, 5), (14, 5), (21, 5)), ((0, 5), (14, 5), (28, 5)), ((-7, 5), (7, 5), (21, 5))])
def test_at_the_limits_of_the_rules_there_is_an_area(points):
    assert of(*points)["auc"] == pytest.approx(140)


def test_the_partial_area_is_given_with_its_span():
    k = of((3, 10), (9, 10))
    assert (k["auc"], k["auc_span"], k["auc_from"], k["auc_to"]) == (None, pytest.approx(60), 3, 9)


def test_a_value_after_the_last_day_serves_the_line_only():
    k = of((0, 10), (14, 10), (20, 10), (28.5, 10))
    assert (k["auc"], k["auc_to"]) == (pytest.approx(280), 28)


def test_an_area_with_limits_has_bounds_and_a_flag():
    below = of((0, "<2"), (14, "<2"), (28, "<2"))
    assert (below["auc"], below["auc_low"], below["auc_high"], below["auc_censored"]) == (pytest.approx(28), 0, pytest.approx(56), -1)
    above = of((0, 10), (14, ">10"), (28, 10))
    assert (above["auc"], above["auc_low"], above["auc_high"], above["auc_censored"]) == (pytest.approx(280), pytest.approx(280), None, 1)


def test_two_values_of_one_moment_are_one_point():
    assert of((0, 10), (14, 0), (14, 20), (28, 10))["auc"] == pytest.approx(280)


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(1, 27), st.floats(0.1, 1000)), min_size=3, max_size=12, unique_by=lambda p: p[0]), st.floats(0.1, 100),
       st.floats(0.1, 100))
def test_the_area_is_that_of_numpy(inner, start, end):
    points = sorted([(0, start), *inner, (28, end)])
    k = of(*points, widest_gap=40)
    days, values = zip(*points, strict=True)
    assert k["auc"] == pytest.approx(float(np.trapezoid(values, days)))
    assert k["auc_low"] <= k["auc"] * (1 + 1e-12)
    assert k["auc_high"] >= k["auc"] * (1 - 1e-12)


def test_a_value_known_by_its_day_stands_at_noon():
    t = Timeline.from_rows([{"hour": 120.0, "hour_latest": 144.0, "concept": "il6", "value": 5.0}])
    assert kinetics(t, ["il6"])["tmax_day"][0] == 5.5


def test_the_columns_of_the_members_keep_the_limits():
    t = Timeline.from_rows([*course((1, ">500")), *course((2, 30), concept="crp", patient="2")])
    found = wide(kinetics(t, ["il6", "crp"]))
    assert set(found["patient"].to_list()) == {"1", "2"}
    row = found.row(by_predicate=pl.col("patient") == "1", named=True)
    assert (row["il6_cmax"], row["il6_cmax_censored"], row["crp_cmax"]) == (500, 1, None)


def test_what_is_no_measurement_has_no_kinetics():
    with pytest.raises(CohortError, match="tocilizumab"):
        kinetics(Timeline.from_rows([]), ["tocilizumab"])


def test_a_record_without_values_has_no_kinetics():
    assert not len(kinetics(Timeline.from_rows([])))


def test_of_several_values_a_day_the_highest_stands_for_a_marker_of_toxicity():
    t = Timeline.from_rows([*course((1, 10), (1.5, 90)), *course((1.2, 30), patient="2")])
    by = medians(daily(measured(t, ["il6"])))
    assert by.row(0, named=True) == {"concept": "il6", "day": 1, "n": 2, "median": 60.0, "q1": 45.0, "q3": 75.0}
    assert daily(measured(t, ["il6"]), "median")["value"].to_list() == [50.0, 30.0]


# ---------------------------------------------------------------------------------------------------- around the first tocilizumab
def treated(*points, hour=144.0, latest=None):
    return Timeline.from_rows([*course(*points), {"hour": hour, "hour_latest": latest, "concept": "tocilizumab", "value": 400.0}])


def response(*points, **options):
    dose = {k: options.pop(k) for k in ("hour", "latest") if k in options}
    return response_of(treated(*points, **dose), ["il6"], **options).row(0, named=True)


def test_days_are_counted_from_the_first_dose():
    found = around(treated((3, 1), (6, 2), (8, 3), (20, 4)), "il6", {"1": 144.0})
    assert found["day"].to_list() == pytest.approx([-3, 0, 2])
    assert by_day(found)["n"].to_list() == [1, 1, 1]


@pytest.mark.parametrize(("before", "after", "direction"), [
    (100, 50, "fell"), (100, 200, "rose"), (100, 100, "unchanged"), (">5000", 300, "fell"), (300, ">5000", "rose"), (">5000", ">5000", "not settled"),
    (">500", 800, "not settled"), (50, "<5", "fell"), ("<5", 50, "rose"), ("<5", 3, "not settled"), (5, "<5", "fell"), (">500", 500, "fell"),
    ("<5", 5, "rose"), (500, ">500", "rose")])
def test_the_direction_is_what_the_limits_allow(before, after, direction):
    assert response((5.5, before), (7, after))["direction"] == direction


def test_the_last_value_counts_and_the_lowest_by_choice():
    points = ((5.5, 100), (7, 20), (9, 300))
    assert response(*points)["direction"] == "rose"
    assert response(*points, after="lowest")["direction"] == "fell"
    assert response(*points)["highest"] == 300


@pytest.mark.parametrize(("day", "measured_before"), [(4, True), (3.99, False)])
def test_a_value_within_48_hours_counts_as_before(day, measured_before):
    assert (response((day, 100), (7, 20))["direction"] == "fell") is measured_before


@pytest.mark.parametrize(("day", "measured_after"), [(13, True), (13.01, False)])
def test_a_value_within_7_days_counts_as_after(day, measured_after):
    assert (response((5, 100), (day, 20))["direction"] == "fell") is measured_after


def test_of_a_dose_and_a_value_of_the_same_day_nobody_knows_the_order():
    rows = [{"hour": 24.0 * d, "hour_latest": 24.0 * d + 24, "concept": "il6", "value": v} for d, v in ((6, 900.0), (7, 50.0))]
    t = Timeline.from_rows([*rows, {"hour": 144.0, "hour_latest": 168.0, "concept": "tocilizumab", "value": 400.0}])
    found = response_of(t, ["il6"]).row(0, named=True)
    assert (found["direction"], found["same_time"], found["before"]) == ("not measured", 1, None)
    assert "1 of the same time" in found["why"]


def test_the_days_before_and_after_are_sure_where_only_days_are_known():
    rows = [{"hour": 24.0 * d, "hour_latest": 24.0 * d + 24, "concept": "il6", "value": v} for d, v in ((5, 900.0), (7, 50.0))]
    t = Timeline.from_rows([*rows, {"hour": 144.0, "hour_latest": 168.0, "concept": "tocilizumab", "value": 400.0}])
    assert response_of(t, ["il6"])["direction"][0] == "fell"


def test_who_was_not_given_the_drug_has_no_response():
    assert not len(response_of(Timeline.from_rows(course((5, 1), (7, 2))), ["il6"]))


def test_the_first_dose_is_the_first_that_was_given():
    t = Timeline.from_rows([{"hour": h, "concept": "tocilizumab", **more} for h, more in (
        (-5.0, {"value": 1.0}), (10.0, {"text": "absent"}), (20.0, {"text": "unknown"}), (30.0, {"value": 0.0}), (48.0, {"text": "present"}),
        (60.0, {"value": 1.0}))])
    assert first_doses(t)["day"].to_list() == [2.0]


# ---------------------------------------------------------------------------------------------------- paired shifts
BEFORE = [1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 1.9, 2.35]
AFTER = [0.5, 1.1, 2.0, 5.0, 3.1, 2.9, 7.7, 1.3]


def test_the_paired_shift_is_that_of_r():
    """wilcox.test(AFTER, BEFORE, paired=TRUE, conf.int=TRUE): V = 9, p = 0.25, pseudomedian -1, 95% CI -2.400 to 2.375."""
    found = paired_shift(BEFORE, AFTER)
    assert (found.value, found.low, found.high) == (pytest.approx(-1), pytest.approx(-2.4), pytest.approx(2.375))
    assert signed_rank(AFTER, BEFORE).p == pytest.approx(0.25)


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [2.0]), ([1.0, 2, 3], [2.0, 4, 7])])
def test_too_few_pairs_have_no_interval(before, after):
    found = paired_shift(before, after)
    assert (found.low, found.high) == (None, None)
    assert found.warnings


@settings(max_examples=40, derandomize=True, deadline=None, database=None)
@given(st.lists(st.integers(-500, 500), min_size=6, max_size=12, unique_by=abs).filter(lambda d: 0 not in d))
def test_the_exact_paired_limits_are_where_the_signed_rank_test_turns(changes):
    d = np.array(changes, float)
    walsh = np.add.outer(d, d)[np.triu_indices(len(d))] / 2
    found = paired_shift(np.zeros(len(d)), d)
    if len(np.unique(walsh)) < len(walsh) or found.low is None:
        return
    for limit, outward in ((found.low, -1e-6), (found.high, 1e-6)):
        assert signed_rank(d - limit - outward, np.zeros(len(d))).p < 0.05
        assert signed_rank(d - limit + outward, np.zeros(len(d))).p >= 0.05


@pytest.mark.parametrize("kind", ["continuous", "whole days", "rounded", "mostly zero", "one value"])
def test_ranked_differences_are_those_of_all_differences_sorted(kind):
    rng = np.random.default_rng(20250303)
    x, y = {
        "continuous": (rng.lognormal(3, 1, 700), rng.lognormal(3, 1, 900)),
        "whole days": (rng.integers(0, 29, 700).astype(float), rng.integers(0, 29, 900) + 0.5),
        "rounded": (np.round(rng.normal(size=900), 3), np.round(rng.normal(size=700), 3)),
        "mostly zero": (np.r_[np.zeros(500), rng.normal(size=600)], np.r_[np.zeros(500), rng.normal(size=600) * 1e6]),
        "one value": (np.full(900, 2.0), rng.normal(size=900)),
    }[kind]
    between = np.sort(np.subtract.outer(x, y).ravel())
    ranks = [0, 7, len(between) // 2, len(between) - 1]
    assert ranked_differences(x, y, ranks) == [between[r] for r in ranks]
