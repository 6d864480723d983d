"""The heart: screening and referral before the infusion, surveillance and treatment after it."""

from __future__ import annotations

import pytest

from protocols.records import record
from tocsin.protocols import advise

HEALTHY = {"left_ventricular_insufficiency": "absent", "high_risk_comorbidities": "0"}


# ------------------------------------------------------------------------------------------- before the infusion
def test_an_electrocardiogram_chemistry_and_an_echocardiogram_are_made_before_the_infusion(advise_spec):
    """Asked for until they are on record; at the infusion it is too late for a baseline."""
    advise_spec("""
        hour  | ecg | creatinine | echocardiogram || V1a     | V1b     | V1c
        -48   |     |            |                || due     | due     | due
        -47   | T   |            |                || not_due | due     | due
        -46   |     | 0.8        |                || not_due | not_due | due
        -45   |     |            | T              || not_due | not_due | not_due
        -1    |     |            |                || not_due | not_due | not_due
        """)
    advise_spec("""
        hour  | temperature || V1a     | V1b     | V1c
        -0.1  | 37          || due     | due     | due
        0     | 37          || not_due | not_due | not_due
        50    | 37          || not_due | not_due | not_due
        """, left_out=["creatinine"])


def test_an_ejection_fraction_shows_that_an_echocardiogram_was_made(advise_spec):
    advise_spec("""
        hour | lvef || V1c
        -200 | 60   || not_due
        -1   |      || not_due
        """)


@pytest.mark.parametrize(("hour", "expected"), [(-745, "due"), (-719, "not_due")])
def test_an_examination_counts_as_baseline_for_30_days(advise_spec, hour, expected):
    """An examination as charted is valid for a day, so that the thirty days end a day later."""
    chart = f"""
        hour   | ecg || V1a
        {hour} | T   ||
        -24    |     || {expected}
        """
    advise_spec(chart)
    advise_spec(chart.replace(expected, "due"), settings={"heart_baseline_days": 10})


def test_an_examination_that_is_charted_as_unknown_leaves_it_asked_for(advise_spec):
    """What is not on record is asked for: another look at the chart costs little, a missing baseline much."""
    advise_spec("""
        hour | ecg || V1a
        -24  | ?   || due
        """)


@pytest.mark.parametrize(("age", "stated", "expected"), [
    (60, HEALTHY, "not_due"), (61, HEALTHY, "due"), (61, {}, "due"), (40, HEALTHY | {"left_ventricular_insufficiency": "present"}, "due"),
    (40, HEALTHY | {"high_risk_comorbidities": "1"}, "not_due"), (40, HEALTHY | {"high_risk_comorbidities": "2"}, "due"),
    (40, {"left_ventricular_insufficiency": "absent"}, "depends"), (None, HEALTHY, "depends")])
def test_a_patient_at_high_cardiovascular_risk_is_sent_to_a_cardio_oncologist_before_the_infusion(advise_spec, age, stated, expected):
    advise_spec(f"""
        hour | temperature || V2
        -100 | 37          || {expected}
        0    | 37          || not_due
        """, age=age, stated=stated)


def test_the_referral_is_answered_by_the_assessment(advise_spec):
    advise_spec("""
        hour | cardio_oncology_assessment || V2
        -100 |                            || due
        -50  | T                          || not_due
        """, age=70)


def test_before_the_infusion_no_rule_of_crs_is_due_or_open():
    """There is no CRS before the cells: a fever then is something else."""
    rows = [{"concept": "temperature", "hour": -24.0, "value": 39.5}, {"concept": "systolic_bp", "hour": -24.0, "value": 70.0}]
    said = advise(record(rows), at=-20)
    assert {a.rule.split("/")[1][0] for a in said if a.status != "not_due"} == {"V"}
    assert not [a for a in said if a.status == "not_due" and a.depends_on]


# ------------------------------------------------------------------------------------------- after the infusion
def test_crs_of_grade_2_asks_for_close_watch_over_the_heart(advise_spec):
    """The paper writes "high-grade CRS (grade 2)": grade 2 or more."""
    advise_spec("""
        hour | temperature | ast || V3
        0    | 38.5        | 120 || not_due
        1    |             | 121 || due
        2    |             | 300 || due
        """)
    advise_spec("""
        hour | temperature || V3
        0    | 38.5        || depends
        """, left_out=["ast"])


@pytest.mark.parametrize(("concept", "value"), [("cardiac_failure", "T"), ("lvef", "50")])
def test_signs_of_heart_failure_ask_for_its_medical_therapy_and_follow_up(advise_spec, concept, value):
    advise_spec(f"""
        hour | temperature | {concept} || V4a     | V4b     | V5
        0    | 37          |           || not_due | not_due | not_due
        1    |             | {value}   || due     | not_due | due
        """, facts={"baseline_lvef": 55})


def test_a_normal_ejection_fraction_asks_for_nothing(advise_spec):
    advise_spec("""
        hour | temperature | lvef || V4a     | V5
        0    | 37          | 51   || not_due | not_due
        """, facts={"baseline_lvef": 55})


def test_an_arrhythmia_asks_for_anti_arrhythmic_treatment_and_follow_up_that_stays(advise_spec):
    advise_spec("""
        hour | temperature | arrhythmia || V4a     | V4b     | V5
        0    | 37          |            || not_due | not_due | not_due
        1    |             | T          || not_due | due     | due
        2    |             | F          || not_due | not_due | due
        """)


def test_signs_that_are_no_longer_charted_leave_treatment_open(advise_spec):
    """A sign is valid for a day; then it may still be there."""
    advise_spec("""
        hour | temperature | arrhythmia | cardiac_failure || V4a     | V4b
        0    | 37          | T          | T               || due     | due
        30   | 37          |            |                 || depends | depends
        """)


def test_a_cardiac_sign_whose_presence_is_charted_as_unknown_leaves_follow_up_open(advise_spec):
    advise_spec("""
        hour | temperature | lvef || V5
        0    | 37          | <60  || depends
        """, facts={"baseline_lvef": 55})
