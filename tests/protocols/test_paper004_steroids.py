"""Taking corticosteroids off: the dated steps of methylprednisolone after grade 4, and the taper once CRS improves."""

from __future__ import annotations

import pytest

OPEN = ("devices", "neurology", "hypotension", "refractory_crs")


def test_methylprednisolone_for_grade_4_is_stepped_down_by_the_day_of_its_course(advise_spec):
    """1000 mg a day for three days, then 250, 125 and 60 mg every 12 h for two days each, then none; the grade has fallen meanwhile."""
    said = advise_spec("""
        hour  | temperature | oxygen_device               | methylprednisolone || C4.1    | C4.1b   | C4.1c   | C4.1d   | C4.1e   | C3.2
        0     | 38.5        | invasive_ventilation for 30 |                    || due     | not_due | not_due | not_due | not_due | blocked
        1     |             |                             | 1000               || blocked | not_due | not_due | not_due | not_due | blocked
        25    |             |                             | 1000               || blocked | not_due | not_due | not_due | not_due |
        49    | 37          | room_air                    |                    || due     | not_due | not_due | not_due | not_due |
        49.5  |             |                             | 1000               || blocked | not_due | not_due | not_due | not_due |
        72.9  |             |                             |                    || blocked | not_due | not_due | not_due | not_due |
        73    |             |                             |                    || not_due | due     | not_due | not_due | not_due |
        74    |             |                             | 250                || not_due | blocked | not_due | not_due | not_due |
        85.9  |             |                             |                    || not_due | blocked | not_due | not_due | not_due |
        86    |             |                             | 250                || not_due | blocked | not_due | not_due | not_due |
        120.9 |             |                             |                    || not_due | due     | not_due | not_due | not_due |
        121   |             |                             |                    || not_due | not_due | due     | not_due | not_due |
        122   |             |                             | 125                || not_due | not_due | blocked | not_due | not_due |
        134   |             |                             | 125                || not_due | not_due | blocked | not_due | not_due |
        168.9 |             |                             |                    || not_due | not_due | due     | not_due | not_due |
        169   |             |                             |                    || not_due | not_due | not_due | due     | not_due |
        170   |             |                             | 60                 || not_due | not_due | not_due | blocked | not_due |
        205   |             |                             | 60                 || not_due | not_due | not_due | blocked | not_due |
        216.9 |             |                             |                    || not_due | not_due | not_due | blocked | not_due |
        217   | 37          | room_air                    |                    || not_due | not_due | not_due | not_due |         |
        """)
    assert [said[h][c].dose for h, c in ((49, "C4.1"), (73, "C4.1b"), (121, "C4.1c"), (169, "C4.1d"))] == [1000, 250, 125, 60]
    assert [said[h][c].formula for h, c in ((73, "C4.1b"), (121, "C4.1c"))] == ["250 mg every 12 h", "125 mg every 12 h"]
    assert said[74]["C4.1b"].blocked_by[0].startswith("METHYLPREDNISOLONE-INTERVAL-12")


@pytest.mark.parametrize(("ventilated", "expected"), [("F", "due"), ("T", "not_due")])
def test_methylprednisolone_is_stopped_after_nine_days_unless_crs_is_still_of_grade_4(advise_spec, ventilated, expected):
    device = {"F": "room_air", "T": "invasive_ventilation"}[ventilated]
    advise_spec(f"""
        hour  | temperature | oxygen_device        | methylprednisolone | ast | alt | bilirubin_total | creatinine | systolic_bp | spo2 || C4.1e
        0     | 38.5        | invasive_ventilation | 1000               |     |     |                 |            |             |      || not_due
        60    |             |                      | 1000               |     |     |                 |            |             |      || not_due
        120   |             |                      | 250                |     |     |                 |            |             |      || not_due
        180   |             |                      | 60                 |     |     |                 |            |             |      || not_due
        205   |             |                      | 60                 |     |     |                 |            |             |      || not_due
        215.9 | 37          | {device}             |                    | 20  | 20  | 0.6             | 0.8        | 120         | 98   || not_due
        216   | 37          |                      |                    |     |     |                 |            |             |      || {expected}
        229   | 37          | {device}             |                    | 20  | 20  | 0.6             | 0.8        | 120         | 98   || not_due
        """)


def test_methylprednisolone_without_grade_4_starts_no_schedule(advise_spec):
    advise_spec("""
        hour | temperature | ast | alt | bilirubin_total | creatinine | spo2 | oxygen_device | systolic_bp | methylprednisolone || C4.1    | C4.1b
        0    | 38.5        | 300 | 20  | 0.6             | 0.8        | 98   | room_air      | 120         | 40                 || not_due | not_due
        60   | 38.5        | 300 |     |                 |            |      |               |             | 40                 ||         | not_due
        80   | 38.5        | 300 | 20  | 0.6             | 0.8        | 98   | room_air      | 120         | 40                 || not_due | not_due
        """)


@pytest.mark.parametrize(("hour", "code"), [(80, "C4.1b"), (130, "C4.1c"), (180, "C4.1d"), (220, "C4.1e")])
def test_the_step_that_is_due_depends_on_doses_that_are_not_told(advise_spec, hour, code):
    said = advise_spec(f"""
        hour   | temperature | oxygen_device                 || {code}
        0      | 38.5        | invasive_ventilation for 24   || not_due
        24     | 37          | room_air for 240              || not_due
        {hour} | 37          |                               || depends
        """, complete=OPEN)
    assert "methylprednisolone" in said[hour][code].depends_on


def test_dexamethasone_is_not_given_beside_the_methylprednisolone_of_grade_4(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | oxygen_device              | methylprednisolone || C3.2    | C4.1
        0    | 38.5        | 300 | invasive_ventilation for 4 |                    || blocked | due
        1    |             |     |                            | 1000               || blocked | blocked
        10   | 38.5        | 300 | room_air                   |                    || blocked | blocked
        """)
    assert [b.split(":")[0] for b in said[0]["C3.2"].blocked_by] == ["GRADE-4"]
    assert said[10]["C3.2"].blocked_by == ("METHYLPREDNISOLONE-COURSE: the methylprednisolone of grade 4 takes its place",)


def test_a_child_is_told_that_the_doses_are_those_of_adults(advise_spec):
    said = advise_spec("""
        hour | temperature | oxygen_device        || C4.1
        0    | 38.5        | invasive_ventilation || due
        """, age=6, weight=20)
    assert "those of adults" in said[0]["C4.1"].reason


# ------------------------------------------------------------------------------------------- once CRS improves
def test_a_corticosteroid_is_taken_off_once_crs_has_fallen_to_grade_1(advise_spec):
    advise_spec("""
        hour | temperature | ast | spo2 | oxygen_device | systolic_bp | dexamethasone | ice_score || ST1
        0    | 38.5        | 300 | 98   | room_air      | 120         | 10            | 10        || not_due
        1    | 38.5        | 121 |      |               |             |               |           || not_due
        2    | 38.5        | 120 |      |               |             |               |           || due
        23.9 | 38.5        | 120 | 98   | room_air      | 120         |               | 10        || due
        24   | 38.5        | 120 |      |               |             |               |           || not_due
        """)


def test_at_which_grade_a_corticosteroid_is_taken_off_is_a_setting(advise_spec):
    chart = """
        hour | temperature | ast | dexamethasone | ice_score || ST1
        0    | 38.5        | 300 | 10            | 10        || not_due
        1    | 38.5        | 121 |               |           || {at_2}
        2    | 38.5        | 20  |               |           || {at_1}
        3    | 37          | 20  |               |           || due
        """
    advise_spec(chart.format(at_2="due", at_1="due"), settings={"taper_at_grade": 2})
    advise_spec(chart.format(at_2="not_due", at_1="not_due"), settings={"taper_at_grade": 0})


def test_a_corticosteroid_for_crs_that_never_passed_grade_1_is_not_tapered_for_its_improvement(advise_spec):
    advise_spec("""
        hour | temperature | dexamethasone | ice_score || ST1
        0    | 38.5        | 10            | 10        || not_due
        1    | 37          |               |           || not_due
        """)


@pytest.mark.parametrize(("ice", "expected"), [("6", "blocked"), ("7", "due")])
def test_a_corticosteroid_is_not_taken_off_while_icans_of_grade_2_needs_it(advise_spec, ice, expected):
    said = advise_spec(f"""
        hour | temperature | ast | dexamethasone | ice_score || ST1
        0    | 38.5        | 300 | 10            |            || not_due
        1    | 37          | 20  |               | {ice}      || {expected}
        """)
    assert [b.split(":")[0] for b in said[1]["ST1"].blocked_by] == (["STEROID-ICANS"] if ice == "6" else [])


def test_icans_that_the_record_calls_so_keeps_a_corticosteroid(advise_spec):
    advise_spec("""
        hour | temperature | ast | dexamethasone | ice_score || ST1
        0    | 38.5        | 300 | 10            |           || not_due
        1    | 37          | 20  |               | 3@icans   || blocked
        """)


def test_whether_a_corticosteroid_can_be_taken_off_depends_on_icans_that_was_not_looked_for(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | dexamethasone || ST1
        0    | 38.5        | 300 | 10            || not_due
        1    | 37          | 20  |               || depends
        """)
    assert "ice_score" in said[1]["ST1"].depends_on


def test_the_taper_points_to_the_steps_after_grade_4(advise_spec):
    said = advise_spec("""
        hour | temperature | oxygen_device        | methylprednisolone | ice_score || ST1
        0    | 38.5        | invasive_ventilation | 1000               |           || not_due
        1    | 37          | room_air             |                    | 10        || due
        """)
    assert "C4.1b to C4.1d" in said[1]["ST1"].reason


# ------------------------------------------------------------------------------------- one corticosteroid at a time
def test_no_dose_of_dexamethasone_is_due_in_grade_4_beside_methylprednisolone(advise_spec):
    """Refractory CRS of grade 4 on methylprednisolone: neither the options of grade 2 nor the escalation to 20 mg."""
    said = advise_spec("""
        hour | temperature | ast | oxygen_device               | methylprednisolone | tocilizumab || C4.1    | C3.2    | C3.2b   | C2.7d   | C2.8d
        0    | 38.5        | 300 | invasive_ventilation for 90 |                    |             || due     | blocked | not_due | not_due | not_due
        1    |             |     |                             | 1000               | 560         || blocked | blocked | not_due | blocked | blocked
        25   | 38.5        | 300 |                             | 1000               |             || blocked | blocked | blocked | blocked | blocked
        """)
    assert {b.split(":")[0] for b in said[25]["C3.2b"].blocked_by} == {"GRADE-4", "METHYLPREDNISOLONE-COURSE"}


def test_dexamethasone_in_low_pressure_of_grade_4_is_no_option(advise_spec):
    advise_spec("""
        hour | temperature | systolic_bp | hypotension      | fluid_bolus | tocilizumab || C2.6    | C4.1
        0    | 38.5        | 85          |                  | T           |             || not_due | not_due
        1    |             | 85          |                  | T           | 560         || due     | not_due
        2    |             | 85          | life_threatening |             |             || blocked | due
        """)


def test_where_it_is_not_known_whether_crs_is_of_grade_4_dexamethasone_is_still_due(advise_spec):
    advise_spec("""
        hour | temperature | ast || C3.2 | C4.1
        0    | 38.5        | 300 || due  | depends
        """, left_out=["oxygen_device", "bilirubin_total"], complete=("drugs", "neurology", "hypotension", "refractory_crs"))


@pytest.mark.parametrize(("age", "weight", "told"), [(3, 12, True), (40, 70, False)])
def test_a_child_is_told_that_10_mg_of_dexamethasone_is_a_dose_for_adults(advise_spec, age, weight, told):
    """10 mg every 6 h in a child of 12 kg is more than 3 mg/kg a day."""
    said = advise_spec("""
        hour | temperature | ast | tocilizumab || C3.2 | C2.8d
        0    | 38.5        | 300 | 100         || due  | due
        """, age=age, weight=weight)
    assert [("those of adults" in said[0][code].reason) for code in ("C3.2", "C2.8d")] == [told, told]


def test_a_corticosteroid_is_not_taken_off_while_a_clinician_holds_hlh_for_present(advise_spec):
    said = advise_spec("""
        hour | temperature | ast | dexamethasone | ice_score | hlh     || ST1     | H1d
        0    | 38.5        | 300 | 10            | 10        |         || not_due | not_due
        1    | 37          | 20  |               | 10        | present || blocked | blocked
        3.9  | 37          | 20  |               | 10        | present || blocked | blocked
        """)
    assert [b.split(":")[0] for b in said[3.9]["ST1"].blocked_by] == ["STEROID-HLH"]


@pytest.mark.parametrize(("score", "expected"), [("6", "blocked"), ("7", "due")])
def test_a_cartox_10_of_6_or_less_keeps_a_corticosteroid_as_ice_does(advise_spec, score, expected):
    advise_spec(f"""
        hour | temperature | ast | dexamethasone | ice_score | cartox10_score || ST1
        0    | 38.5        | 300 | 10            | 10        | 10             || not_due
        1    | 37          | 20  |               | 10        | {score}        || {expected}
        """)
