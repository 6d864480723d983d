"""The ASCO guideline 2021, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

from functools import partial

import pytest

from tocsin.protocols import PROTOCOLS

NEURO = {"ice_score": "10", "consciousness": "awake"}


@pytest.fixture
def asco(advise_spec):
    return partial(advise_spec, protocol="asco2021", stated=NEURO)


# --------------------------------------------------------------------------------------------------- CRS grade 1
def test_fever_asks_for_supportive_care_and_an_infection_work_up(asco):
    asco("""
        hour | temperature | spo2 || A1.1    | A1.2    | A2.3 | A2.5 | A3.1
        0    | 37.9        | 98   || -       | -       | -    | -    | -
        1    | 38.0        | 98   || due     | due     | -    | -    | -
        7.1  |             | 98   || depends | depends |      |      |
        """)


def test_neutropenic_fever_asks_for_antibiotics_and_filgrastim_and_depends_on_the_count(asco):
    asco("""
        hour | temperature | neutrophils || A1.3a | A1.3b
        0    | 38.5        | 0.5         || -     | -
        1    |             | 0.49        || due   | due
        """)
    asco("""
        hour | temperature || A1.3a   | A1.3b
        0    | 38.5        || depends | depends
        """, left_out=["neutrophils"])


def test_fever_of_three_days_is_managed_as_grade_2(asco):
    asco("""
        hour | temperature | systolic_bp || A2.3 | A2.5
        0    | 39          | 120         || -    | -
        24   | 39          |             ||      |
        48   | 39          |             ||      |
        71.9 | 39          | 120         || -    | -
        72   | 39          | 120         || due  | -
        90   | 39          | 120         ||      |
        96   | 37          | 120         || -    | -
        """)


# --------------------------------------------------------------------------------------------------- CRS grade 2
def test_a_low_pressure_asks_for_boluses_then_dexamethasone_after_tocilizumab(asco):
    asco("""
        hour | temperature | systolic_bp | fluid_bolus | tocilizumab || A2.1 | A2.3    | A2.4 | A2.5 | A3.1
        0    | 38.5        | 90          |             |             || -    | -       | -    | -    | -
        1    |             | 85          |             |             || due  | -       | -    | -    | -
        2    |             | 85          | T           |             || due  | due     | -    | due  | -
        3    |             | 85          | T           |             || -    | due     | -    | due  | -
        4    |             | 85          |             | 560         || -    | blocked | due  | due  | -
        5    |             | 95          |             |             || -    | -       | -    | -    | -
        """)


def test_a_low_pressure_without_crs_asks_for_nothing(asco):
    asco("""
        hour | temperature | systolic_bp || A1.1 | A2.1 | A2.3
        0    | 37          | 85          || -    | -    | -
        """)


def test_hypotension_care_depends_on_a_pressure_that_was_not_taken(asco):
    asco("""
        hour | temperature | fluid_bolus || A2.1    | A2.3    | A2.5
        0    | 38.5        | T           || depends | depends | depends
        """, left_out=["systolic_bp"], complete=("drugs", "devices"))


def test_whether_dexamethasone_is_due_in_grade_2_depends_on_doses_that_are_not_told(asco):
    asco("""
        hour | temperature | systolic_bp || A2.4
        0    | 38.5        | 85          || depends
        """, complete=("devices", "hypotension"))


def test_grade_2_dexamethasone_is_given_every_12_hours_and_twice(asco):
    said = asco("""
        hour | temperature | systolic_bp | fluid_bolus | tocilizumab | dexamethasone || A2.4
        0    | 38.5        | 85          | T           |             |               || -
        1    | 38.5        | 85          | T           | T           | 10            || blocked
        12.9 | 38.5        | 85          |             |             |               || blocked
        13   | 38.5        | 85          |             |             |               || due
        14   | 38.5        | 85          | T           |             | 10            || blocked
        15   | 38.5        | 85          | T           |             |               || blocked
        """)
    assert said[13]["A2.4"].dose == 10
    assert [b.split(":")[0] for b in said[15]["A2.4"].blocked_by] == ["DEXA-INTERVAL-12", "DEXA-TWICE"]


def test_hypoxia_asks_for_oxygen_and_tocilizumab(asco):
    asco("""
        hour | temperature | spo2 | oxygen_device          || A2.2 | A2.3
        0    | 38.5        | 90   | room_air               || -    | -
        1    |             | 89   |                        || due  | -
        2    |             | 95   | low_flow_nasal_cannula || due  | due
        """)
    asco("""
        hour | temperature || A2.2    | A2.3
        0    | 38.5        || depends | depends
        """, left_out=["spo2", "oxygen_device"], complete=("drugs", "hypotension"))


# -------------------------------------------------------------------------------------------- CRS grades 3 and 4
def test_one_vasopressor_asks_for_intensive_care_echocardiography_tocilizumab_and_dexamethasone(asco):
    said = asco("""
        hour | temperature | systolic_bp | norepinephrine || A3.1 | A3.2 | A3.3 | A3.4 | A4.1 | A4.2
        0    | 38.5        | 85          |                || -    | -    | -    | -    | -    | -
        1    |             | 85          | 5              || due  | due  | due  | due  | -    | -
        """)
    assert (said[1]["A3.4"].dose, said[1]["A3.4"].formula) == (10, "10 mg every 6 h")


def test_grade_2_that_is_still_there_24_hours_after_the_first_tocilizumab_is_managed_as_grade_3(asco):
    asco("""
        hour | temperature | oxygen_device          | tocilizumab || A3.1 | A3.2 | A3.3 | A3.4 | A4.2
        0    | 38.5        | low_flow_nasal_cannula | T           || -    | -    | -    | -    | -
        12   | 38.5        | low_flow_nasal_cannula |             || -    | -    | -    | -    | -
        23.9 | 38.5        | low_flow_nasal_cannula |             || -    | -    | -    | -    | -
        24   | 38.5        | low_flow_nasal_cannula |             || due  | due  | due  | due  | -
        30   | 38.5        | room_air               |             || -    | -    | -    | -    | -
        """, left_out=["systolic_bp"])


def test_grade_3_care_depends_on_support_and_doses_that_are_not_told(asco):
    asco("""
        hour | temperature || A3.1    | A3.2    | A3.3    | A3.4    | A4.1    | A4.2    | A4.3
        0    | 38.5        || depends | depends | depends | depends | depends | depends | -
        24   | 38.5        || depends | depends | depends | depends | depends | depends | depends
        """, complete=(), left_out=["oxygen_device"])


def test_dexamethasone_is_blocked_within_6_hours_of_the_last(asco):
    asco("""
        hour | temperature | norepinephrine | dexamethasone || A3.4    | A5.1
        0    | 38.5        | 5              |               || due     | -
        1    |             |                | 10            || blocked | due
        6.9  | 38.5        |                |               || blocked | due
        7    | 38.5        |                |               || due     | due
        """)


def test_grade_4_asks_for_ventilation_and_methylprednisolone_in_place_of_dexamethasone(asco):
    said = asco("""
        hour | temperature | oxygen_device | methylprednisolone || A4.1 | A4.2    | A3.4 | A3.1
        0    | 38.5        | venturi_mask  |                    || -    | -       | due  | due
        1    |             | bipap         |                    || due  | due     | -    | due
        2    |             |               | 500                || due  | blocked | -    | due
        12.9 | 38.5        | bipap         |                    || due  | blocked | -    | due
        14   | 38.5        | bipap         |                    || due  | due     | -    | due
        """)
    assert said[1]["A4.2"].dose == 500
    assert "125 mg every 12 h" in said[1]["A4.2"].source_text


def test_methylprednisolone_is_raised_when_grade_4_is_no_better_after_24_hours(asco):
    said = asco("""
        hour | temperature | oxygen_device | methylprednisolone || A4.2    | A4.3
        0    | 38.5        | bipap         | 500                || blocked | -
        12   | 38.5        | bipap         | 500                || blocked | -
        23   | 38.5        | bipap         |                    || blocked | -
        24   | 38.5        | bipap         |                    || -       | due
        25   | 38.5        | bipap         | 1000               || -       | blocked
        """)
    assert said[24]["A4.3"].dose == 1000


def test_antifungal_prophylaxis_depends_on_steroids_that_are_not_told(asco):
    asco("""
        hour | temperature | dexamethasone || A5.1
        0    | 37          |               || depends
        """, complete=())
    asco("""
        hour | temperature | dexamethasone || A5.1
        0    | 37          | 10            || due
        24   | 37          |               || -
        """)


# ------------------------------------------------------------------------------------------ tocilizumab's limits
def test_tocilizumab_is_blocked_for_8_hours(asco):
    said = asco("""
        hour | temperature | norepinephrine | tocilizumab || A2.3    | A3.3
        0    | 38.5        | 5              | T           || blocked | blocked
        6    | 38.5        |                |             || blocked | blocked
        7.9  | 38.5        |                |             || blocked | blocked
        8    | 38.5        |                |             || due     | due
        """)
    assert said[6]["A3.3"].blocked_by == ("TOCI-INTERVAL: tocilizumab was given less than 8 h ago",)


def test_tocilizumab_is_given_three_times_in_24_hours_and_four_times_in_all(asco):
    said = asco("""
        hour | temperature | norepinephrine | tocilizumab || A3.3
        0    | 38.5        | 5              | T           || blocked
        7    | 38.5        | 5              | T           || blocked
        14   | 38.5        | 5              | T           || blocked
        22   | 38.5        | 5              |             || blocked
        24   | 38.5        | 5              | T           || blocked
        70   | 38.5        | 5              |             || blocked
        """)
    assert [b.split(":")[0] for b in said[22]["A3.3"].blocked_by] == ["TOCI-24H"]
    assert [b.split(":")[0] for b in said[70]["A3.3"].blocked_by] == ["TOCI-TOTAL"]


@pytest.mark.parametrize(("weight", "dose"), [(29.9, 358.8), (30, 240), (100, 800), (120, 800)])
def test_tocilizumab_is_12_mg_per_kg_below_30_kg_and_at_most_800_mg(asco, weight, dose):
    said = asco("""
        hour | temperature | norepinephrine || A3.3
        0    | 38.5        | 5              || due
        """, weight=weight)
    assert said[0]["A3.3"].dose == pytest.approx(dose)


# ------------------------------------------------------------------------------------------------------- ICANS
def test_icans_with_crs_asks_for_tocilizumab_and_without_crs_never(asco):
    asco("""
        hour | temperature | ice_score || N1.1 | N1.2 | N2.1 | N2.2 | N2.4 | N3.1
        0    | 37          | 10        || -    | -    | -    | -    | -    | -
        1    | 37          | 9         || due  | -    | -    | -    | -    | -
        2    | 38.5        | 9         || due  | due  | -    | -    | -    | -
        3    | 38.5        | 6         || due  | due  | -    | due  | -    | -
        4    | 37          | 0         || due  | -    | -    | -    | -    | due
        """)


def test_icans_grade_2_without_crs_asks_for_dexamethasone_every_6_hours(asco):
    asco("""
        hour | temperature | ice_score | dexamethasone || N2.1
        0    | 37          | 7         |               || -
        1    | 37          | 6         |               || due
        2    | 37          |           | 10            || blocked
        6    | 37          |           |               || blocked
        8    | 37          | 3         |               || due
        9    | 37          | 2         |               || -
        """)


def test_icans_with_crs_asks_for_a_steroid_8_hours_after_tocilizumab(asco):
    said = asco("""
        hour | temperature | ice_score | tocilizumab | dexamethasone | methylprednisolone || N2.2    | N2.3    | N2.3m
        0    | 38.5        | 5         |             |               |                    || due     | -       | -
        1    | 38.5        |           | T           |               |                    || blocked | -       | -
        8.9  | 38.5        | 5         |             |               |                    || blocked | -       | -
        9    | 38.5        | 5         |             |               |                    || due     | due     | due
        10   | 38.5        | 5         |             | 10            | 70                 || due     | blocked | blocked
        16   | 38.5        | 5         |             |               |                    || due     | due     | blocked
        22   | 38.5        | 5         |             |               |                    || due     | due     | due
        23   | 38.5        | 9         |             |               |                    || -       | -       | -
        """)
    assert said[9]["N2.3m"].dose == 70


def test_tocilizumab_for_icans_is_blocked_within_8_hours(asco):
    asco("""
        hour | temperature | ice_score | tocilizumab || N1.2
        0    | 38.5        | 8         | T           || blocked
        8    | 38.5        |           |             || due
        """)


def test_icans_grade_2_with_crs_grade_2_asks_for_intensive_care(asco):
    asco("""
        hour | temperature | ice_score | oxygen_device          || N2.4
        0    | 38.5        | 5         | room_air               || -
        1    | 38.5        | 5         | low_flow_nasal_cannula || due
        2    | 38.5        | 7         |                        || -
        """)


def test_icans_grade_3_asks_for_intensive_care_a_steroid_and_a_lumbar_puncture_and_grade_4_no_less(asco):
    asco("""
        hour | temperature | ice_score | consciousness | dexamethasone | methylprednisolone || N3.1 | N3.2    | N3.2m   | N3.4
        0    | 37          | 3         |               |               |                    || -    | -       | -       | -
        1    | 37          | 2         |               |               |                    || due  | due     | due     | due
        2    | 37          |           | unarousable   |               |                    || due  | due     | due     | due
        3    | 37          |           |               | 10            | 70                 || due  | blocked | blocked | due
        """)


def test_persistent_icans_grade_3_asks_for_imaging_again_after_2_days(asco):
    asco("""
        hour | temperature | ice_score || N3.3
        0    | 37          | 2         || -
        12   | 37          | 2         ||
        24   | 37          | 2         ||
        36   | 37          | 2         ||
        47.9 | 37          | 2         || -
        48   | 37          | 2         || due
        """)


def test_icans_grade_3_that_is_still_there_a_day_after_a_steroid_asks_for_other_agents(asco):
    said = asco("""
        hour | temperature | ice_score | dexamethasone || N5.1
        0    | 37          | 2         | 10            || -
        12   | 37          | 2         | 10            || -
        23.9 | 37          | 2         |               || -
        24   | 37          | 2         |               || due
        25   | 37          | 5         |               || -
        """)
    assert said[24]["N5.1"].experimental


def test_icans_care_depends_on_an_examination_that_is_not_told(advise_spec):
    advise_spec("""
        hour | temperature || N1.1    | N1.2    | N2.2    | N2.4    | N3.1    | N3.2    | N3.2m   | N3.4
        0    | 38.5        || depends | depends | depends | depends | depends | depends | depends | depends
        """, protocol="asco2021", complete=("drugs",), left_out=["oxygen_device"])
    advise_spec("""
        hour | temperature | tocilizumab | dexamethasone || N2.1    | N2.3    | N2.3m   | N3.3    | N5.1
        0    | 37          | T           | 10            || depends |         |         |         |
        24   | 38.5        |             |               ||         | depends | depends | -       | depends
        48   | 37          |             |               ||         |         |         | depends | depends
        """, protocol="asco2021", complete=("drugs",), left_out=["oxygen_device"])


def test_findings_put_down_to_icans_count_and_those_of_another_cause_do_not(asco):
    said = asco("""
        hour | temperature | ice_score || N3.1 | N1.1
        0    | 37          | 2@icans   || due  | due
        """)
    assert "ICE score 2" in said[0]["N3.1"].reason
    asco("""
        hour | temperature | ice_score || N3.1
        0    | 37          | 2@drug    || -
        """)


def test_the_ventilator_of_icans_is_not_hypoxia_of_crs(asco):
    asco("""
        hour | temperature | oxygen_device              || A4.1 | A4.2
        0    | 38.5        | invasive_ventilation@icans || -    | -
        1    | 38.5        | invasive_ventilation       || due  | due
        """)


def test_icans_grade_4_is_told_to_be_absent():
    assert any("ICANS grade 4 is absent" in note for note in PROTOCOLS["asco2021"].notes)
