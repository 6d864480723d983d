"""Organ toxicity by CTCAE v4.03 as CARTOX counts it: what is measured, what is told, and what nobody speaks of."""

from __future__ import annotations

import pytest

CARTOX = "cartox-crs-2018"
HEALTHY = {"temperature": "36.8", "systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98", "ast": "20", "alt": "20",
           "bilirubin_total": "0.6", "creatinine": "0.8"}
CLASSES = ("cardiac", "pulmonary", "gastrointestinal", "skin", "coagulation", "renal")


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("told", [1, 2, 3, 4])
def test_a_reported_grade_of_any_class_is_the_grade(grade_spec, name, told):
    grade_spec(CARTOX, f"""
        hour | {name}_toxicity_grade || grade  | because
        0    | {told}                || {told} | ORGAN{told}
        """, stated=HEALTHY)


def test_hepatic_toxicity_reported_as_grade_4_makes_grade_4_only_by_bilirubin(grade_spec):
    """The report may be of AST or ALT, which never make grade 4."""
    grade_spec(CARTOX, """
        hour | hepatic_toxicity_grade | bilirubin_total || grade | undecided
        0    | 4                      |                 || 3-4   | bilirubin_total
        1    | 4                      | 2               || 3     | none
        2    | 4                      | 13              || 4     | none
        """, stated=but("ast", "alt", "bilirubin_total"))


def test_a_reported_grade_tells_liver_and_kidney_where_nobody_measured_them(grade_spec):
    grade_spec(CARTOX, """
        hour | hepatic_toxicity_grade | renal_toxicity_grade || grade | because | undecided
        0    | 0                      | 0                    || 0     | CLEAR0  | none
        1    | 1                      | 2                    || 2     | ORGAN2  | none
        """, stated=but("ast", "alt", "bilirubin_total", "creatinine"))


def test_classes_that_nobody_speaks_of_are_not_counted_and_a_flag_says_so(grade_spec):
    chart = """
        hour | cardiac_toxicity_grade || grade | flags
        0    | 0                      || 0     | {}
        """
    grade_spec(CARTOX, chart.format("organ_classes_not_told"), stated=HEALTHY)
    rest = {"pulmonary_toxicity_grade": "0", "gastrointestinal_toxicity_grade": "0", "skin_toxicity_grade": "0", "fibrinogen": "300"}
    grade_spec(CARTOX, chart.format("none"), stated={**HEALTHY, **rest})


@pytest.mark.parametrize(("sign", "told"), [
    ("cardiac_failure", "cardiac_toxicity_grade"), ("pulmonary_oedema", "pulmonary_toxicity_grade"),
    ("pleural_effusion", "pulmonary_toxicity_grade"), ("rash", "skin_toxicity_grade")])
def test_a_sign_without_a_grade_is_at_least_grade_1_and_leaves_it_open(grade_spec, sign, told):
    grade_spec(CARTOX, f"""
        hour | {sign} | {told} || grade | because | undecided
        0    | F      |        || 0     | CLEAR0  | none
        1    | T      |        || 1-4   | ORGAN1  | {told}
        2    | T      | 2      || 2     | ORGAN2  | none
        """, stated=HEALTHY)


def test_a_toxicity_that_is_no_longer_reported_is_that_or_less(grade_spec):
    """Reported grades count for 24 h, fibrinogen for 36 h."""
    again = "36.8 | 120 | room_air | 98 | 20 | 20 | 0.6 | 0.8"
    grade_spec(CARTOX, f"""
        hour | skin_toxicity_grade | temperature | systolic_bp | oxygen_device | spo2 | ast | alt | bilirubin_total | creatinine || grade | undecided
        0    | 2                   | {again} || 2     | none
        23   |                     | {again} || 2     | none
        24   |                     | {again} || 0-2   | skin_toxicity_grade
        30   | 0                   | {again} || 0     | none
        """)


def test_a_low_fibrinogen_that_is_not_measured_again_is_unknown_and_a_normal_one_is_not_asked_for(grade_spec):
    again = "36.8 | 120 | room_air | 98 | 20 | 20 | 0.6 | 0.8"
    for value, late, asked in ((90, "0-3", "fibrinogen"), (300, "0", "none")):
        grade_spec(CARTOX, f"""
            hour | fibrinogen | temperature | systolic_bp | oxygen_device | spo2 | ast | alt | bilirubin_total | creatinine || grade  | undecided
            0    | {value}    | {again} ||        | none
            36   |            | {again} || {late} | {asked}
            """)


def test_fibrinogen_inr_and_aptt_are_graded_against_the_limits_of_normal(grade_spec):
    """Lower limit of fibrinogen 200 mg/dL, upper limits of INR 1.2 and of APTT 35 s."""
    for concept, steps in {"fibrinogen": ((200, 0), (199, 1), (149, 2), (99, 3), (49, 4)), "inr": ((1.2, 0), (1.21, 1), (1.81, 2), (3.01, 3)),
                           "aptt": ((35, 0), (35.1, 1), (52.6, 2), (87.6, 3))}.items():
        for value, expected in steps:
            grade_spec(CARTOX, f"""
                hour | {concept} || grade
                0    | {value}   || {expected}
                """, stated=HEALTHY)


def test_fibrinogen_that_comes_down_from_inflammation_to_normal_is_no_toxicity(grade_spec):
    """CTCAE v4.03 prints a fall from baseline without asking for an abnormal value; v5.0 asks for it, and so do we."""
    grade_spec(CARTOX, """
        hour | fibrinogen || grade
        0    | 240        || 0
        1    | 199        || 3
        """, stated=HEALTHY, facts={"baseline_fibrinogen": 600, "lln_fibrinogen": 200})


def test_the_ejection_fraction_counts_by_number_and_by_its_fall_from_baseline(grade_spec):
    grade_spec(CARTOX, """
        hour | lvef || grade
        0    | 66   || 0
        1    | 65   || 2
        2    | 55   || 3
        3    | 19   || 4
        """, stated=HEALTHY, facts={"baseline_lvef": 75})
    grade_spec(CARTOX, """
        hour | lvef || grade
        0    | 51   || 0
        1    | 50   || 2
        2    | 39   || 3
        """, stated=HEALTHY)


def test_a_troponin_counts_only_against_the_limit_of_its_own_assay(grade_spec):
    chart = """
        hour | troponin_t || grade | undecided
        0    | 0.5        || {}    | {}
        """
    grade_spec(CARTOX, chart.format("0", "none"), stated=HEALTHY)
    own = {"uln_troponin_t": 0.014}
    grade_spec(CARTOX, chart.format("1-3", "myocardial_infarction"), stated=HEALTHY, facts=own)
    grade_spec(CARTOX, chart.format("1", "none"), stated={**HEALTHY, "myocardial_infarction": "F"}, facts=own)
    grade_spec(CARTOX, chart.format("3", "none"), stated={**HEALTHY, "myocardial_infarction": "T"}, facts=own)


def test_less_than_80_ml_in_8_hours_is_oliguria_and_less_than_240_ml_in_24_hours_anuria(grade_spec):
    again = "36.8 | 120 | room_air | 98 | 20 | 20 | 0.6 | 0.8"
    grade_spec(CARTOX, f"""
        hour | urine_output | temperature | systolic_bp | oxygen_device | spo2 | ast | alt | bilirubin_total | creatinine || grade
        0    | 60           | {again} || 0
        1    | 9 for 40     | {again} || 0
        8.9  |              | {again} || 0
        9    |              | {again} || 3
        24.9 |              | {again} || 3
        25   |              | {again} || 4
        """)


def test_oliguria_that_a_clinician_asserts_is_grade_3(grade_spec):
    grade_spec(CARTOX, """
        hour | oliguria || grade | because
        0    | T        || 3     | ORGAN3
        """, stated=HEALTHY)


def test_the_patients_own_limit_of_normal_wins_over_the_setting(grade_spec):
    grade_spec(CARTOX, """
        hour | ast || grade
        0    | 160 || 3
        """, stated=but("ast"), facts={"uln_ast": 30}, settings={"uln_ast": 100})
