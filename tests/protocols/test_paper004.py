"""The management table of paper 004, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

import pytest


# --------------------------------------------------------------------------------------------------- grade 1
def test_fever_asks_for_acetaminophen_an_infection_work_up_and_fluids(advise_spec):
    advise_spec("""
        hour | temperature || C1.1    | C1.2    | C1.4
        0    | 37.9        || not_due | not_due | not_due
        1    | 38.0        || due     | due     | due
        """)


def test_whether_fever_care_is_due_depends_on_a_temperature_that_was_not_taken(advise_spec):
    said = advise_spec("""
        hour | temperature | spo2 || C1.1    | C1.2
        0    | 38.5        | 98   || due     | due
        6    |             | 98   || depends | depends
        """)
    assert said[6]["C1.1"].depends_on == ("temperature",)


def test_ibuprofen_is_second_after_another_antipyretic(advise_spec):
    advise_spec("""
        hour | temperature | acetaminophen || C1.1b
        0    | 39          |               || not_due
        1    |             | T             || due
        26   | 39          |               || not_due
        """)


@pytest.mark.parametrize(("concept", "low", "high"), [("platelets", "49", "50"), ("creatinine", "1.81", "1.8")])
def test_ibuprofen_is_blocked_by_low_platelets_and_by_kidney_toxicity(advise_spec, concept, low, high):
    said = advise_spec(f"""
        hour | temperature | acetaminophen | {concept} || C1.1b
        0    | 39          | T             | {low}     || blocked
        1    |             |               | {high}    || due
        """)
    assert said[0]["C1.1b"].blocked_by


def test_ibuprofen_depends_on_platelets_that_were_not_counted(advise_spec):
    said = advise_spec("""
        hour | temperature | acetaminophen || C1.1b
        0    | 39          | T             || depends
        """, left_out=["platelets"])
    assert said[0]["C1.1b"].depends_on == ("platelets",)


def test_a_fever_of_three_days_despite_an_antipyretic_asks_for_anti_il6(advise_spec):
    """The clock starts at the first fever of the episode."""
    advise_spec("""
        hour | temperature | acetaminophen | systolic_bp | ast | alt | bilirubin_total | creatinine || C1.5    | C1.5s
        0    | 39          | T             | 120         | 20  | 20  | 0.6             | 0.8        || not_due | not_due
        24   | 39          | T             |             |     |     |                 |            || not_due | not_due
        48   | 39          | T             |             |     |     |                 |            || not_due | not_due
        71.9 | 39          | T             |             |     |     |                 |            || not_due | not_due
        72   | 39          |               | 120         | 20  | 20  | 0.6             | 0.8        || due     | due
        96   | 39          |               |             |     |     |                 |            || not_due | not_due
        """)


# ----------------------------------------------------------------------------------------------- hypotension
def test_a_low_pressure_asks_for_a_bolus_then_a_second_then_anti_il6_then_a_vasopressor(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus | tocilizumab || C2.1 | C2.2 | C2.3    | C2.3s | C2.4 | C2.5a | C2.5b | C2.6
        0    | 38.5        | 90          |             |             || -    | -    | -       | -     | -    | -     | -     | -
        1    |             | 89          |             |             || due  | -    | -       | -     | due  | -     | -     | -
        2    |             | 85          | T           |             || -    | due  | -       | -     | due  | -     | -     | -
        3    |             | 85          | T           |             || -    | -    | due     | due   | due  | -     | -     | -
        4    |             | 85          |             | 560         || -    | -    | blocked | blocked | due | due  | due   | due
        6    |             | 100         |             |             || -    | -    | -       | -     | -    | -     | -     | -
        """)


def test_boluses_of_the_day_before_do_not_make_hypotension_refractory(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus || C2.1    | C2.3
        0    | 38.5        | 85          | T           || not_due | not_due
        1    |             | 85          | T           || not_due | due
        25   | 38.5        | 85          |             || due     | not_due
        """)


def test_hypotension_care_depends_on_a_pressure_that_was_not_taken(advise_spec):
    said = advise_spec("""
        hour | temperature || C2.1    | C2.4
        0    | 38.5        || depends | depends
        """, left_out=["systolic_bp"], complete=("drugs", "devices"))
    assert set(said[0]["C2.1"].depends_on) == {"systolic_bp", "hypotension"}


def test_the_pressure_of_a_child_goes_by_age(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp || C2.1
        0    | 38.5        | 80          || not_due
        1    |             | 79          || due
        """, age=5)


def test_the_optional_dexamethasone_is_blocked_within_6_hours_of_the_last(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus | tocilizumab | dexamethasone || C2.6
        0    | 38.5        | 85          | T           | T           |               || not_due
        1    |             | 85          | T           |             | 10            || blocked
        4    |             | 85          |             |             |               || blocked
        7    | 38.5        | 85          |             |             |               || due
        """)


# --------------------------------------------------------------------------------------- hypoxia and organs
def test_hypoxia_asks_for_oxygen_and_anti_il6(advise_spec):
    advise_spec("""
        hour | temperature | spo2 | oxygen_device          || C2.7    | C2.7t   | C2.7ts
        0    | 38.5        | 90   | room_air               || not_due | not_due | not_due
        1    |             | 89   |                        || due     | due     | due
        2    |             | 95   | low_flow_nasal_cannula || due     | due     | due
        """)


# --------------------------------------------------------------------------------------------------- grade 3
def test_grade_3_hypotension_asks_for_support_anti_il6_if_not_given_dexamethasone_and_intensive_care(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | norepinephrine | epinephrine | tocilizumab || C3.1 | C3.1t | C3.1ts | C3.2 | ICU1 | ICU2
        0    | 38.5        | 85          |                |             |             || -    | -     | -      | -    | -    | -
        1    |             | 85          | 5              |             |             || -    | -     | -      | -    | -    | due
        2    |             | 85          |                | 3           |             || due  | due   | due    | due  | due  | due
        3    |             | 85          |                |             | T           || due  | -     | -      | due  | due  | due
        """)


def test_dexamethasone_is_blocked_within_6_hours_of_the_last_dose(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | dexamethasone || C3.2
        0    | 38.5        | 300 | 10            || blocked
        5.9  | 38.5        |     |               || blocked
        6    | 38.5        |     |               || due
        """)
    assert said[0]["C3.2"].blocked_by[0].startswith("DEXAMETHASONE-INTERVAL")
    assert (said[6]["C3.2"].dose, said[6]["C3.2"].formula) == (10, "10 mg every 6 h")


def test_dexamethasone_is_doubled_when_crs_is_refractory_to_a_steroid(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | dexamethasone | refractory_crs || C3.2b
        0    | 38.5        | 300 |               | F              || not_due
        1    |             |     | 10            |                || not_due
        2    |             |     |               | T              || blocked
        8    | 38.5        |     |               |                || due
        """)
    assert said[8]["C3.2b"].dose == 20


def test_grade_3_hypoxia_asks_for_high_flow_or_noninvasive_oxygen_and_anti_il6(advise_spec):
    advise_spec("""
        hour | temperature | oxygen_device | fio2 || C3.3    | C3.3t   | C3.3ts
        0    | 38.5        | venturi_mask  | 0.35 || not_due | not_due | not_due
        1    |             |               | 0.40 || due     | due     | due
        """)


# --------------------------------------------------------------------------------------------------- grade 4
def test_grade_4_asks_for_methylprednisolone_1_g_a_day_and_anti_il6(advise_spec):
    said = advise_spec("""
        hour | temperature | oxygen_device        | methylprednisolone || C4.1    | C4.1t   | C4.1ts  | C4.2
        0    | 38.5        | bipap                |                    || not_due | not_due | not_due | not_due
        1    |             | invasive_ventilation |                    || due     | due     | due     | due
        2    |             |                      | 1000               || blocked | due     | due     | due
        """)
    assert said[1]["C4.1"].dose == 1000
    assert "taper" in said[1]["C4.1"].reading


def test_mechanical_ventilation_is_not_due_for_a_grade_4_of_the_liver(advise_spec):
    advise_spec("""
        hour | temperature | bilirubin_total || C4.1 | C4.2
        0    | 38.5        | 13              || due  | not_due
        """)


# ------------------------------------------------------------------------------------- tocilizumab's limits
def test_tocilizumab_is_blocked_for_6_hours_and_remarks_on_the_label_until_8(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | tocilizumab || C2.8t
        0    | 38.5        | 300 | T           || blocked
        5.9  | 38.5        |     |             || blocked
        6    | 38.5        |     |             || due
        7.9  | 38.5        |     |             || due
        8    | 38.5        |     |             || due
        """)
    assert said[0]["C2.8t"].blocked_by[0].startswith("TOCI-INTERVAL")
    assert ["Interval conflict" in said[h]["C2.8t"].reason for h in (0, 5.9, 6, 7.9, 8)] == [False, False, True, True, False]


def test_a_hospital_can_ask_for_the_interval_of_the_label(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab || C2.8t
        0    | 38.5        | 300 | T           || blocked
        7.9  | 38.5        |     |             || blocked
        8    | 38.5        |     |             || due
        """, settings={"tocilizumab_interval_hours": 8})


def test_a_fourth_dose_of_tocilizumab_in_24_hours_is_blocked(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | tocilizumab || C2.8t
        0    | 38.5        | 300 | T           || blocked
        7    | 38.5        |     | T           || blocked
        14   | 38.5        |     | T           || blocked
        21   | 38.5        |     |             || blocked
        24   | 38.5        |     |             || due
        """)
    assert [b.split(":")[0] for b in said[21]["C2.8t"].blocked_by] == ["TOCI-24H"]


def test_a_fifth_dose_of_tocilizumab_is_blocked_for_good(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | tocilizumab || C2.8t
        0    | 38.5        | 300 | T           ||
        12   | 38.5        |     | T           ||
        24   | 38.5        |     | T           ||
        36   | 38.5        | 300 | T           ||
        70   | 38.5        |     |             || blocked
        """)
    assert [b.split(":")[0] for b in said[70]["C2.8t"].blocked_by] == ["TOCI-TOTAL"]


def test_whether_tocilizumab_is_due_depends_on_doses_that_are_not_told(advise_spec):
    said = advise_spec("""
        hour | temperature | ast || C2.8t   | C2.8ts
        0    | 38.5        | 300 || depends | depends
        """, complete=("devices", "hypotension", "neurology"))
    assert "tocilizumab" in said[0]["C2.8t"].depends_on
    assert "siltuximab" in said[0]["C2.8ts"].depends_on


def test_siltuximab_is_given_once(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | siltuximab || C2.8ts
        0    | 38.5        | 300 |            || due
        1    |             |     | T          || blocked
        35   | 38.5        |     |            || blocked
        """)
    assert said[0]["C2.8ts"].dose == 770
    assert said[35]["C2.8ts"].blocked_by == ("SILT-ONCE: siltuximab is given once",)


def test_no_tocilizumab_is_asked_for_in_icans_without_crs(advise_spec):
    said = advise_spec("""
        hour | temperature | ice_score | consciousness | seizure || C1.5    | C2.3    | C2.7t   | C2.8t
        0    | 36.8        | 0         | tactile       | brief   || not_due | not_due | not_due | not_due
        """)
    assert {code: a.status for code, a in said[0].items() if a.drug in ("tocilizumab", "siltuximab") and a.status != "not_due"} == {
        "N4": "blocked", "N4s": "blocked"}


def test_dexamethasone_is_an_option_for_hypoxia_of_grade_2_once_an_il6_blocker_was_given(advise_spec):
    advise_spec("""
        hour | temperature | oxygen_device          | oxygen_flow | tocilizumab | dexamethasone || C2.7d
        0    | 38.5        | room_air               |             | T           |               || not_due
        1    | 38.5        | low_flow_nasal_cannula | 2           |             |               || due
        2    | 38.5        |                        |             |             | 10            || blocked
        7.9  | 38.5        | low_flow_nasal_cannula | 2           |             |               || blocked
        8    | 38.5        | low_flow_nasal_cannula | 2           |             |               || due
        """)
    advise_spec("""
        hour | temperature | oxygen_device          | oxygen_flow || C2.7d
        0    | 38.5        | low_flow_nasal_cannula | 2           || not_due
        """)
    advise_spec("""
        hour | temperature | oxygen_device          | oxygen_flow || C2.7d
        0    | 38.5        | low_flow_nasal_cannula | 2           || depends
        """, complete=("devices",))


@pytest.mark.parametrize(("first", "rule", "other"), [("tocilizumab", "C2.8t", "C2.8ts"), ("siltuximab", "C2.8ts", "C2.8t")])
def test_tocilizumab_and_siltuximab_are_given_one_instead_of_the_other_and_not_one_on_the_other(advise_spec, first, rule, other):
    said = advise_spec(f"""
        hour | temperature | ast | {first} || {rule} | {other}
        0    | 38.5        | 300 |         || due     | due
        1    |             |     | 560     || blocked | blocked
        6.9  | 38.5        |     |         || blocked | blocked
        7    | 38.5        |     |         ||         | due
        """)
    assert [b.split(":")[0] for b in said[1][other].blocked_by] == [f"{first.upper()}-JUST-GIVEN"]


def test_an_il6_blocker_for_an_organ_alone_is_remarked_on(advise_spec):
    """CARTOX grades organ toxicity without fever: a high ALT two months after the cells is seldom CRS."""
    said = advise_spec("""
        hour | temperature | ast || C2.8t | C2.8ts
        1440 | 37          | 200 || due   | due
        1441 | 38.5        | 200 || due   | due
        1450 | 37          | 200 || due   | due
        """)
    assert [["another cause" in said[h][code].reason for h in (1440, 1441, 1450)] for code in ("C2.8t", "C2.8ts")] == [[True, False, False]] * 2


def test_high_flow_oxygen_is_not_due_for_a_patient_on_a_ventilator(advise_spec):
    advise_spec("""
        hour | temperature | oxygen_device           || C3.3    | C4.2
        0    | 38.5        | high_flow_nasal_cannula || due     | not_due
        1    |             | invasive_ventilation    || not_due | due
        """)


def test_life_threatening_hypotension_is_no_reason_to_ventilate(advise_spec):
    """The printed cell is that of hypoxia."""
    advise_spec("""
        hour | temperature | hypotension      || C4.1 | C4.2
        0    | 38.5        | life_threatening || due  | not_due
        """)


@pytest.mark.parametrize(("bleeding", "expected"), [("T", "blocked"), ("F", "due")])
def test_ibuprofen_is_blocked_by_bleeding(advise_spec, bleeding, expected):
    advise_spec(f"""
        hour | temperature | acetaminophen | bleeding   || C1.1b
        0    | 38.5        | T             | {bleeding} || {expected}
        """)


@pytest.mark.parametrize(("age", "told"), [(3, True), (40, False)])
def test_a_child_is_told_that_a_bolus_of_500_ml_is_for_adults(advise_spec, age, told):
    """500 mL is more than 40 mL/kg in a child of 12 kg."""
    said = advise_spec("""
        hour | temperature | systolic_bp | fluid_bolus || C2.1 | C2.2
        0    | 38.5        | 60          |             || due  | -
        1    | 38.5        | 60          | T           || -    | due
        """, age=age, weight=12)
    assert ["by weight in a child" in said[h][code].reason for h, code in ((0, "C2.1"), (1, "C2.2"))] == [told, told]
