"""Local CRS: the grade table with the lesion row, its risk, its course in stages, and what else a local swelling could be."""

from __future__ import annotations

import pytest

NHL, RISK, DIFFERENTIAL = "lcrs-nhl-2023", "lcrs-risk-wei2020", "lcrs-differential-2021"
CONFINED, SYSTEMIC = "lcrs-stage-compartmental-2021", "lcrs-stage-systemic-2021"
TOLD = ("drugs", "devices", "findings", "hypotension")
"""A record that tells drugs, devices and findings completely."""
CALM = {"systolic_bp": "120", "ast": "20", "alt": "20", "bilirubin_total": "0.6", "creatinine": "0.8"}
IN_THE_BODY = {"disease_extent": "systemic"}
IN_ONE_PLACE = {"disease_extent": "compartmental"}


# ------------------------------------------------------------------------------------------- the grade table
def test_a_lesion_that_swells_compresses_and_decompensates_is_grade_2_3_and_4(grade_spec):
    grade_spec(NHL, """
        hour | temperature | lesion_swelling | compression_symptoms | adjacent_organ_decompensation || grade | because
        0    | 38.5        |                 |                      |                               || 1     | FEVER1
        1    | 38.5        | T               |                      |                               || 2     | LESION2
        2    | 38.5        | T               | T                    |                               || 3     | LESION3
        3    | 38.5        | T               | T                    | T                             || 4     | LESION4
        """, stated={"systolic_bp": "120"}, complete=TOLD)


@pytest.mark.parametrize("damage", ["compression_damage", "massive_serous_effusion", "adjacent_organ_decompensation"])
def test_bleeding_a_massive_effusion_or_a_failing_neighbour_sets_grade_4_apart(grade_spec, damage):
    grade_spec(NHL, f"""
        hour | temperature | compression_symptoms | {damage} || grade | because
        0    | 38.5        | T                    | F        || 3     | LESION3
        1    | 38.5        | T                    | T        || 4     | LESION4
        """, stated={"systolic_bp": "120"}, complete=TOLD)


def test_the_worst_of_pressure_oxygen_and_lesion_is_the_grade(grade_spec):
    grade_spec(NHL, """
        hour | temperature | systolic_bp | oxygen_device        | norepinephrine | epinephrine | lesion_swelling || grade | because
        0    | 38.5        | 89          | room_air             |                |             | F               || 2     | HYPO2
        1    | 38.5        | 110         | nasal_cannula        |                |             | F               || 2-3   | HYPOX2
        2    | 38.5        | 110         | simple_mask          |                |             | T               || 3     | HYPOX3 LESION2
        3    | 38.5        | 110         | room_air             | 5              |             | T               || 3     | HYPO3
        4    | 38.5        | 110         | room_air             | 5              | 2           | T               || 4     | HYPO4
        5    | 38.5        | 110         | invasive_ventilation | 5              | 2           | T               || 4     | HYPO4 HYPOX4
        """, complete=TOLD)


def test_compression_without_fever_is_not_graded_but_flagged(grade_spec):
    grade_spec(NHL, """
        hour | temperature | compression_symptoms || grade | because   | flags
        0    | 37.0        | T                    || 0     | AFEBRILE0 | lesion_without_fever
        """, stated={"systolic_bp": "120"}, complete=TOLD)


def test_fever_that_tocilizumab_hides_is_no_longer_required(grade_spec):
    grade_spec(NHL, """
        hour | temperature | tocilizumab | compression_symptoms || grade | because
        0    | 39.0        | T           | T                    || 3     | FEVER1 LESION3
        4    | 36.9        |             | T                    || 3     | MASKED1 LESION3
        """, stated={"systolic_bp": "120"}, complete=TOLD)


def test_findings_put_down_to_local_crs_count_and_those_put_down_to_infection_do_not(grade_spec):
    grade_spec(NHL, """
        hour | temperature  | compression_symptoms || grade | because    | flags
        0    | 38.5         | T@local_crs          || 3     | LESION3    | none
        1    | 38.5         | T@infection          || 1     | FEVER1     | counted_elsewhere
        2    | 39@infection | F                    || 0     | ELSEWHERE0 | counted_elsewhere
        """, stated={"systolic_bp": "120"}, complete=TOLD)


# ------------------------------------------------------------------------------------------------- the risk
def test_a_lesion_of_10_cm_makes_the_risk_of_local_crs_high(grade_spec):
    rest = {"vital_organ_compression": "F", "threatening_swelling": "F", "gastrointestinal_lesion_at_risk": "F"}
    for diameter, risk, code in (("9.9", 0, "LOW0"), ("10", 1, "DIAMETER1")):
        grade_spec(RISK, f"""
            hour | lesion_diameter || grade  | because
            0    | {diameter}      || {risk} | {code}
            """, stated=rest, complete=())


@pytest.mark.parametrize(("finding", "code"), [
    ("vital_organ_compression", "COMPRESSION1"), ("threatening_swelling", "SWELLING1"), ("gastrointestinal_lesion_at_risk", "GUT1")])
def test_a_small_lesion_in_a_dangerous_place_makes_the_risk_high(grade_spec, finding, code):
    grade_spec(RISK, f"""
        hour | lesion_diameter | {finding} || grade | because
        0    | 3               | T         || 1     | {code}
        """, complete=())


def test_low_risk_needs_every_feature_ruled_out(grade_spec):
    grade_spec(RISK, """
        hour | lesion_diameter || grade | undecided
        0    | 3               || 0-1   | vital_organ_compression threatening_swelling gastrointestinal_lesion_at_risk
        """, complete=())


# ------------------------------------------------------------------------------------------------ the course
def test_confined_disease_goes_through_local_crs_surge_organ_damage_and_recovery(grade_spec):
    grade_spec(CONFINED, """
        hour | temperature | lesion_swelling | oxygen_device | ast | alt | bilirubin_total | creatinine || grade | because    | flags
        0    | 36.8        | F               | room_air      | 20  | 20  | 0.6             | 0.8        || 0     | BEFORE0    | none
        24   | 36.9        | T               | room_air      | 20  | 20  | 0.6             | 0.8        || 1     | EXPANSION1 | none
        48   | 39.0        | T               | room_air      | 20  | 20  | 0.6             | 0.8        || 2     | OVERFLOW2  | none
        72   | 39.0        | T               | room_air      | 400 | 20  | 0.6             | 0.8        || 3     | DAMAGE3    | none
        240  | 36.8        | F               | room_air      | 30  | 20  | 0.6             | 0.8        || 4     | RECOVERY4  | none
        """, stated={"systolic_bp": "120"}, complete=TOLD, facts=IN_ONE_PLACE)


def test_systemic_disease_goes_through_systemic_crs_local_crs_and_abatement(grade_spec):
    grade_spec(SYSTEMIC, """
        hour | temperature | neck_swelling | oxygen_device           | ast | alt | bilirubin_total | creatinine || grade | because    | flags
        0    | 37.5        | F             | room_air                | 20  | 20  | 0.6             | 0.5        || 0     | BEFORE0    | none
        144  | 39.0        | F             | low_flow_nasal_cannula  | 20  | 20  | 0.6             | 0.5        || 1     | SYSTEMIC1  | none
        200  | 38.0        | T@local_crs   | high_flow_nasal_cannula | 20  | 33  | 0.6             | 0.43       || 2     | LOCAL2     | none
        336  | 36.8        | F             | room_air                | 20  | 20  | 0.6             | 0.5        || 3     | ABATEMENT3 | none
        """, complete=TOLD, facts=IN_THE_BODY)


def test_a_new_fever_after_abatement_is_a_new_cycle_of_systemic_crs(grade_spec):
    grade_spec(SYSTEMIC, """
        hour | temperature | neck_swelling | oxygen_device || grade | because    | flags
        0    | 39.0        | T             | room_air      || 2     | LOCAL2     | none
        100  | 36.8        | F             | room_air      || 3     | ABATEMENT3 | none
        150  | 38.6        | F             | room_air      || 2     | LOCAL2     | new_cycle
        """, complete=TOLD, facts=IN_THE_BODY)


def test_systemic_crs_without_local_crs_before_it_is_flagged_in_confined_disease(grade_spec):
    grade_spec(CONFINED, """
        hour | temperature | lesion_swelling || grade | because   | flags
        48   | 39.0        | F               || 2     | OVERFLOW2 | systemic_first
        """, stated=CALM, complete=TOLD, facts=IN_ONE_PLACE)


def test_local_crs_without_systemic_crs_before_it_is_flagged_in_systemic_disease(grade_spec):
    grade_spec(SYSTEMIC, """
        hour | temperature | neck_swelling || grade | because | flags
        48   | 37.0        | T             || 0     | BEFORE0 | local_first
        """, stated=CALM, complete=TOLD, facts=IN_THE_BODY)


def test_the_extent_of_the_disease_says_which_model_applies(grade_spec):
    chart = """
        hour | temperature | neck_swelling || because | flags
        48   | 39.0        | T             || {}      | {}
        """
    for scale, facts, code, flag in (
        (CONFINED, IN_THE_BODY, "OVERFLOW2", "other_model"), (SYSTEMIC, IN_ONE_PLACE, "LOCAL2", "other_model"),
        (CONFINED, {}, "OVERFLOW2", "extent_not_told"), (SYSTEMIC, {}, "LOCAL2", "extent_not_told"),
        (CONFINED, IN_ONE_PLACE, "OVERFLOW2", "none"), (SYSTEMIC, IN_THE_BODY, "LOCAL2", "none"),
    ):
        grade_spec(scale, chart.format(code, flag), stated=CALM, complete=TOLD, facts=facts)


def test_local_signs_after_day_10_and_fever_after_day_14_are_late(grade_spec):
    """Wei 2020: local CRS on days 1 to 10, systemic CRS on days 2 to 14."""
    grade_spec(CONFINED, """
        hour | temperature | lesion_swelling || flags
        263  | 39          | T               || none
        264  | 39          | T               || local_signs_late
        359  | 39          | T               || local_signs_late
        360  | 39          | F               || fever_late
        """, stated=CALM, complete=TOLD, facts=IN_ONE_PLACE)


# ------------------------------------------------------------------------------------------ what else it could be
def test_each_cause_is_supported_refuted_or_open(grade_spec):
    grade_spec(DIFFERENTIAL, """
        hour | eosinophils | basophils | bnp | creatinine | alt | infection || grade | because
        0    | 0.07        | 0.00      |     |            |     |           || 0-6   | ALLERGY0
        1    |             |           | 43  | 0.43       | 33  |           || 0-3   | ALLERGY0 HEART0 KIDNEY0 LIVER0
        2    |             |           | 900 |            |     |           || 1-4   | ALLERGY0 HEART1 KIDNEY0
        3    |             |           |     |            |     | T         || 2-4   | HEART1 INFECTION1
        """, complete=())


def test_the_causes_that_nobody_looked_for_are_named(grade_spec):
    grade_spec(DIFFERENTIAL, """
        hour | eosinophils | basophils | bnp | creatinine | alt || undecided
        0    | 0.07        | 0.00      | 43  | 0.43       | 33  || infection pulmonary_infection venous_thrombosis tumour_at_site
        """, complete=())


@pytest.mark.parametrize(("finding", "value", "code"), [
    ("allergy", "T", "ALLERGY1"), ("creatinine", "1.3", "KIDNEY1"), ("alt", "41", "LIVER1"), ("venous_thrombosis", "T", "THROMBOSIS1"),
    ("tumour_at_site", "T", "TUMOUR1"), ("infection", "F", "INFECTION0"), ("venous_thrombosis", "F", "THROMBOSIS0"),
    ("tumour_at_site", "F", "TUMOUR0")])
def test_what_points_to_another_cause_and_what_speaks_against_it(grade_spec, finding, value, code):
    grade_spec(DIFFERENTIAL, f"""
        hour | {finding} || because
        0    | {value}   || {code}
        """, complete=())


def test_a_normal_procalcitonin_does_not_rule_infection_out(grade_spec):
    rest = {"eosinophils": "0.1", "basophils": "0", "bnp": "40", "creatinine": "0.8", "alt": "20", "venous_thrombosis": "F", "tumour_at_site": "F"}
    grade_spec(DIFFERENTIAL, """
        hour | procalcitonin || grade | undecided
        0    | 0.1           || 0-1   | infection pulmonary_infection
        1    | 4             || 1     | none
        """, stated=rest, complete=())
