"""Who is admitted to intensive care, and fluid, vasopressors, ventilation, the heart and sepsis there."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("concept", "value"), [
    ("vasopressin", "0.03"), ("norepinephrine", "2"), ("milrinone", "0.3"), ("dobutamine", "3"), ("oxygen_device", "cpap"), ("consciousness", "voice"),
    ("seizure", "brief"), ("dialysis", "T")])
def test_one_supported_organ_reduced_consciousness_or_any_seizure_asks_for_intensive_care(advise_spec, concept, value):
    advise_spec(f"""
        hour | temperature | {concept} || ICU2
        0    | 37          |           || not_due
        1    | 37          | {value}   || due
        """)


@pytest.mark.parametrize("cause", ["icans", "infection", "drug", "other", "crs"])
def test_a_seizure_asks_for_intensive_care_whatever_it_is_put_down_to(advise_spec, cause):
    """All patients who have a seizure after CAR-T cells."""
    advise_spec(f"""
        hour | temperature | seizure       || ICU2
        0    | 37          | none          || not_due
        1    | 37          | brief@{cause} || due
        """)


@pytest.mark.parametrize("cause", ["baseline", "procedure"])
def test_a_support_from_before_or_for_a_procedure_asks_for_no_intensive_care(advise_spec, cause):
    advise_spec(f"""
        hour | temperature | oxygen_device || ICU2
        0    | 37          | cpap@{cause}  || not_due
        """)


def test_intensive_care_depends_on_consciousness_and_seizures_that_are_not_told(advise_spec):
    said = advise_spec("""
        hour | temperature || ICU2
        0    | 37          || depends
        """, complete=("drugs", "devices"))
    assert set(said[0]["ICU2"].depends_on) == {"consciousness", "seizure"}


def test_crs_of_grade_3_asks_for_intensive_care_and_a_grade_that_is_open_leaves_it_open(advise_spec):
    advise_spec("""
        hour | temperature | ast || ICU1
        0    | 38.5        | 200 || not_due
        1    |             | 201 || due
        """)
    advise_spec("""
        hour | temperature || ICU1
        0    | 38.5        || depends
        """, left_out=["ast"])


def test_icans_of_grade_3_asks_for_intensive_care(advise_spec):
    said = advise_spec("""
        hour | temperature | ice_score || ICU3
        0    | 37          |           || depends
        1    |             | 3         || not_due
        2    |             | 2         || due
        3    |             | 10        || not_due
        4    |             | 2@icans   || due
        """)
    assert said[0]["ICU3"].depends_on == ("ice_score",)


# ------------------------------------------------------------------------------------------- fluid
def test_a_fluid_bolus_in_intensive_care_goes_by_weight_and_by_the_response_to_fluid(advise_spec):
    """4 mL/kg in intensive care, 500 to 1000 mL by table 2."""
    said = advise_spec("""
        hour | temperature | oxygen_device | systolic_bp | fluid_responsiveness || ICU4    | C2.1
        0    | 38.5        | bipap         | 90          |                      || not_due | not_due
        1    |             |               | 89          |                      || depends | due
        2    |             |               |             | T                    || due     | due
        3    |             |               |             | F                    || blocked | due
        """, weight=72)
    assert said[1]["ICU4"].depends_on == ("fluid_responsiveness",)
    assert (said[2]["ICU4"].dose, said[2]["ICU4"].unit, said[2]["ICU4"].formula) == (288, "mL", "4 mL/kg x 72 kg = 288 mL")
    assert said[2]["C2.1"].formula.startswith("500 to 1000 mL")
    assert said[3]["ICU4"].blocked_by == ("FLUID-NO-RESPONSE: the circulation does not respond to fluid",)


def test_both_volumes_of_a_bolus_are_settings(advise_spec):
    said = advise_spec("""
        hour | temperature | oxygen_device | systolic_bp | fluid_responsiveness || ICU4 | C2.1
        0    | 38.5        | bipap         | 80          | T                    || due  | due
        """, settings={"icu_bolus_ml_per_kg": 10, "bolus_least_ml": 250, "bolus_most_ml": 500})
    assert said[0]["ICU4"].dose == 700
    assert said[0]["C2.1"].formula.startswith("250 to 500 mL")


def test_the_volume_by_weight_is_told_in_words_where_the_weight_is_not_known(advise_spec):
    said = advise_spec("""
        hour | temperature | oxygen_device | systolic_bp | fluid_responsiveness || ICU4
        0    | 38.5        | bipap         | 80          | T                    || due
        """, weight=None)
    assert said[0]["ICU4"].dose is None
    assert said[0]["ICU4"].depends_on == ("weight_kg",)


def test_a_low_pressure_outside_intensive_care_is_for_table_2(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | fluid_responsiveness || ICU4    | C2.1
        0    | 38.5        | 80          | T                    || not_due | due
        """)


# ------------------------------------------------------------------------------------------- vasopressors in order
def test_prolonged_hypotension_asks_for_norepinephrine_early_rather_than_more_fluid(advise_spec):
    """After one bolus; table 2 waits for two and for anti-IL-6 treatment."""
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus | norepinephrine || ICU5    | C2.5a
        0    | 38.5        | 85          |             |                || not_due | not_due
        0.5  |             | 85          | T           |                || not_due | not_due
        0.9  |             | 85          |             |                || not_due | not_due
        1    |             | 85          |             |                || due     | not_due
        2    |             | 85          |             | 5              || not_due | not_due
        """)


def test_a_low_pressure_before_any_fluid_asks_for_no_vasopressor_yet(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp || ICU5    | C2.1
        0    | 38.5        | 85          || not_due | due
        2    |             | 85          || not_due | due
        """)


def test_vasopressors_follow_in_order_while_the_pressure_stays_low_on_the_one_before(advise_spec):
    """Norepinephrine, then vasopressin, then epinephrine; each has an hour to act."""
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus | norepinephrine | vasopressin | epinephrine || ICU5    | ICU6a   | ICU6b
        0    | 38.5        | 80          | T           |                |             |             || not_due | not_due | not_due
        1    |             | 80          |             | 5              |             |             || not_due | not_due | not_due
        1.9  |             | 80          |             |                |             |             || not_due | not_due | not_due
        2    |             | 80          |             |                |             |             || not_due | due     | not_due
        3    |             | 80          |             |                | 0.03        |             || not_due | not_due | not_due
        3.9  |             | 80          |             |                |             |             || not_due | not_due | not_due
        4    |             | 80          |             |                |             |             || not_due | not_due | due
        5    |             | 80          |             |                |             | 3           || not_due | not_due | not_due
        """)


def test_a_pressure_that_norepinephrine_has_raised_asks_for_no_second_vasopressor(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | norepinephrine || ICU6a
        0    | 38.5        | 80          | 5              || not_due
        0.5  |             | 95          |                || not_due
        2    |             | 95          |                || not_due
        """)


def test_how_long_a_pressure_must_stay_low_is_a_setting(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus | norepinephrine || ICU5    | ICU6a
        0    | 38.5        | 80          | T           |                || not_due | not_due
        0.5  |             | 80          |             |                || due     | not_due
        1    |             | 80          |             | 5              || not_due | not_due
        3    |             | 80          |             |                || not_due | due
        """, settings={"prolonged_hypotension_hours": 0.5, "vasopressor_step_hours": 2})


def test_vasopressors_depend_on_what_runs_and_was_given(advise_spec):
    said = advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus || ICU4    | ICU5    | ICU6a   | ICU6b
        0    | 38.5        | 80          | T           || depends | not_due | not_due | not_due
        2    |             | 80          |             || depends | depends | depends | depends
        """, complete=("devices", "neurology", "hypotension"))
    assert "vasopressor" in said[2]["ICU5"].depends_on


# ------------------------------------------------------------------------------------------- lung, heart, sepsis
def test_non_invasive_ventilation_is_tried_before_intubation(advise_spec):
    advise_spec("""
        hour | temperature | oxygen_device        | fio2 || ICU7
        0    | 38.5        | venturi_mask         | 0.35 || not_due
        1    |             | venturi_mask         | 0.40 || due
        2    |             | bipap                |      || not_due
        3    |             | invasive_ventilation |      || not_due
        """)


def test_a_trial_of_ventilation_depends_on_the_device(advise_spec):
    advise_spec("""
        hour | temperature || ICU7
        0    | 38.5        || depends
        """, left_out=["oxygen_device"], complete=("drugs", "neurology", "hypotension"))


def test_the_heart_is_examined_in_protracted_severe_crs(advise_spec):
    """24 h of grade 3, and no biomarker or echocardiogram within them."""
    advise_spec("""
        hour | temperature | ast | troponin_t || ICU8
        0    | 38.5        | 300 |            || not_due
        23.9 |             | 300 |            || not_due
        24   |             |     |            || due
        25   |             |     | 0.01       || not_due
        48   |             | 300 |            || not_due
        """)


@pytest.mark.parametrize(("concept", "value"), [("lvef", "60"), ("nt_probnp", "100"), ("bnp", "40"), ("troponin_i", "0.01"), ("echocardiogram", "T")])
def test_a_biomarker_or_an_echocardiogram_answers_it(advise_spec, concept, value):
    advise_spec(f"""
        hour | temperature | ast | {concept} || ICU8
        0    | 38.5        | 300 |           || not_due
        24   |             | 300 | {value}   || not_due
        """)


def test_protracted_crs_depends_on_the_grade(advise_spec):
    advise_spec("""
        hour | temperature || ICU8
        0    | 38.5        || not_due
        24   | 38.5        || depends
        """, left_out=["ast"])


def test_severe_crs_or_an_organ_supported_asks_for_a_search_for_infection_and_considers_antibiotics(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | neutrophils || ICU9a   | ICU9b
        0    | 37          | 20  | 3           || not_due | not_due
        1    |             | 201 |             || due     | due
        2    |             |     | 0.4         || due     | due
        3    | 38.5        |     |             || due     | due
        """)
    assert "Neutropenic" not in said[1]["ICU9b"].reason
    assert "Neutropenic: above all then." in said[2]["ICU9b"].reason
    assert "C1.3a" in said[3]["ICU9b"].reason


def test_the_search_for_infection_depends_on_the_grade(advise_spec):
    advise_spec("""
        hour | temperature || ICU9a   | ICU9b
        0    | 37          || depends | depends
        """, left_out=["ast"])


def test_a_vasopressor_for_septic_shock_asks_for_antibiotics_in_intensive_care_too(advise_spec):
    """The sentence on sepsis would say nothing where the shock is put down to infection."""
    advise_spec("""
        hour | temperature | norepinephrine || ICU2 | ICU9a | ICU9b
        0    | 37          |                || -    | -     | -
        1    | 37          | 5@infection    || due  | due   | due
        """)
