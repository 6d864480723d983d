"""CRS by the Penn scale of 2018: what its vectors do not tell, one clinical fact a test."""

from __future__ import annotations

from spec.chart import EVERYTHING

PENN = "penn-crs-2018"
HEALTHY = {"systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98", "ast": "20", "alt": "20", "bilirubin_total": "0.6",
           "creatinine": "0.8"}
COMPLETE = (*EVERYTHING, "findings")
KG = {"weight_kg": 80}


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


def test_any_oxygen_is_grade_3_where_other_scales_ask_how_much(grade_spec):
    grade_spec(PENN, """
        hour | temperature | oxygen_device | oxygen_flow || grade | because
        0    | 38.5        | nasal_cannula | 1           || 3     | MILD1 HYPOX3
        1    |             | room_air      |             || 1     | MILD1
        """, stated=but("oxygen_device", "spo2"), complete=COMPLETE, facts=KG)


def test_a_high_dose_by_weight_is_reached_earlier_by_the_lighter_patient(grade_spec):
    chart = """
        hour | temperature | norepinephrine || grade
        0    | 38.5        | 12             || 3
        3    | 38.5        | 12             || {}
        """
    grade_spec(PENN, chart.format(4), stated=HEALTHY, complete=COMPLETE, facts={"weight_kg": 60})
    grade_spec(PENN, chart.format(3), stated=HEALTHY, complete=COMPLETE, facts={"weight_kg": 61})


def test_without_the_weight_the_adult_table_can_be_chosen(grade_spec):
    chart = """
        hour | temperature | norepinephrine || grade
        0    | 38.5        | 20             || 3
        3    | 38.5        | 20             || {}
        """
    grade_spec(PENN, chart.format("3-4"), stated=HEALTHY, complete=COMPLETE)
    grade_spec(PENN, chart.format(4), stated=HEALTHY, complete=COMPLETE, settings={"high_dose_by_weight": False})


def test_a_high_dose_that_is_handed_over_without_a_pause_goes_on(grade_spec):
    grade_spec(PENN, """
        hour | temperature | norepinephrine | epinephrine || grade | because
        0    | 38.5        | 20 for 2       |             || 3     | HYPO3
        2    |             |                | 10          || 3     | HYPO3
        3    |             |                | 10          || 4     | HYPO4
        """, stated=HEALTHY, complete=COMPLETE, facts=KG)


def test_a_single_bolus_is_flagged_because_the_table_names_only_multiple_ones(grade_spec):
    grade_spec(PENN, """
        hour | temperature | systolic_bp | fluid_bolus || grade | because | flags
        0    | 38.5        | 85          |             || 1     | MILD1   | low_bp_untreated
        1    |             | 85          | T           || 2     | HYPO2   | single_bolus
        2    |             | 86          | T           || 3     | HYPO3   | none
        """, stated=but("systolic_bp"), complete=COMPLETE, facts=KG)


def test_a_patient_in_hospital_for_another_reason_is_not_admitted_for_crs(grade_spec):
    grade_spec(PENN, """
        hour | temperature | admitted_for_crs  || grade | because
        0    | 38.5        | F                 || 1     | MILD1
        1    |             | T@infection       || 1     | MILD1
        2    |             | T                 || 2     | ADMIT2
        3    |             | organ_dysfunction || 3     | ADMIT3
        """, stated=HEALTHY, complete=COMPLETE, facts=KG)


def test_in_an_open_record_the_reasons_for_the_stay_and_the_therapies_are_asked_for(grade_spec):
    grade_spec(PENN, """
        hour | temperature || grade | undecided
        0    | 38.5        || 1-3   | admitted_for_crs iv_therapy_for_crs
        """, stated=HEALTHY, facts=KG)


def test_findings_put_down_to_another_cause_and_untreated_hypoxia_are_flagged(grade_spec):
    grade_spec(PENN, """
        hour | temperature  | creatinine | spo2 || grade | because           | flags
        0    | 39@infection | 5@drug     | 88   || 0     | CLEAR0 ELSEWHERE0 | counted_elsewhere low_spo2_untreated
        """, stated=but("creatinine", "spo2"), complete=COMPLETE, facts=KG)
