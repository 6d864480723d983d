"""The ladder of refractory CRS: after an IL-6 blocker and a corticosteroid, all of it experimental."""

from __future__ import annotations

import pytest

from tocsin.protocols import PROTOCOLS


def test_crs_refractory_to_an_il6_blocker_and_a_corticosteroid_asks_for_the_experimental_ladder(advise_spec):
    """Anakinra or ruxolitinib (paper 002), and stromal cells (paper 000) in grade 4; none waits for another."""
    said = advise_spec("""
        hour | temperature | oxygen_device        | tocilizumab | dexamethasone | refractory_crs || R1      | R2      | R3
        0    | 38.5        | bipap                |             |               | T              || not_due | not_due | not_due
        1    |             |                      | T           |               |                || not_due | not_due | not_due
        2    |             |                      |             | 10            |                || due     | due     | not_due
        3    |             | invasive_ventilation |             |               |                || due     | due     | due
        """)
    assert all(said[3][code].experimental for code in ("R1", "R2", "R3"))
    assert not said[3]["C4.1"].experimental
    assert (said[2]["R2"].dose, said[2]["R2"].formula) == (10, "10 mg every 12 h")


def test_siltuximab_is_an_il6_blocker_for_the_third_line_too(advise_spec):
    advise_spec("""
        hour | temperature | siltuximab | dexamethasone | refractory_crs || R1
        0    | 38.5        |            | 10            | T              || not_due
        1    |             | T          |               |                || due
        """)


def test_a_corticosteroid_alone_does_not_open_the_third_line(advise_spec):
    """Tocilizumab comes first."""
    advise_spec("""
        hour | temperature | ast | dexamethasone | refractory_crs || R1      | C3.4t
        0    | 38.5        | 300 | 10            | T              || not_due | due
        """)


def test_the_third_line_depends_on_whether_the_grade_has_fallen(advise_spec):
    """The liver was not examined: the grade is open, so whether it fell is too."""
    said = advise_spec("""
        hour | temperature | tocilizumab | dexamethasone || R1      | R2      | R3
        0    | 38.5        | T           | 10            || not_due | not_due | not_due
        24   | 38.5        |             |               || depends | depends | depends
        """, left_out=["bilirubin_total"])
    assert "bilirubin_total" in said[24]["R1"].depends_on


def test_etoposide_is_not_in_the_ladder():
    assert all(r.drug != "etoposide" for c in PROTOCOLS["paper004"].chapters if c.title == "Refractory CRS" for r in c.rules)


# ------------------------------------------------------------------------------------------- ruxolitinib
def test_ruxolitinib_is_blocked_within_12_hours_of_the_last_dose(advise_spec):
    advise_spec("""
        hour | temperature | tocilizumab | dexamethasone | refractory_crs | ruxolitinib || R2
        0    | 38.5        | T           | 10            | T              | 10          || blocked
        11.9 |             |             |               |                |             || blocked
        12   |             |             |               |                |             || due
        """)


def test_ruxolitinib_goes_on_when_crs_gives_way_and_is_stepped_down_on_day_12_of_its_course_and_stopped_on_day_23(advise_spec):
    """Days 1 to 11 are hours 0 to 264; paper 002 gave 10 mg for 11 days and 5 mg for 11 days."""
    said = advise_spec("""
        hour  | temperature | tocilizumab | dexamethasone | refractory_crs | ruxolitinib || R2      | R2b     | R2c
        0     | 38.5        | T           | 10            | T              | 10          || blocked | not_due | not_due
        60    | 37          |             |               | F              | 10          || blocked | not_due | not_due
        120   |             |             |               |                | 10          || blocked | not_due | not_due
        180   |             |             |               |                | 10          || blocked | not_due | not_due
        240   |             |             |               |                | 10          || blocked | not_due | not_due
        263.9 |             |             |               |                |             || due     | not_due | not_due
        264   |             |             |               |                |             || not_due | due     | not_due
        270   |             |             |               |                | 5           || not_due | blocked | not_due
        330   |             |             |               |                | 5           || not_due | blocked | not_due
        390   |             |             |               |                | 5           || not_due | blocked | not_due
        450   |             |             |               |                | 5           || not_due | blocked | not_due
        510   |             |             |               |                | 5           || not_due | blocked | not_due
        527.9 |             |             |               |                |             || not_due | due     | not_due
        528   |             |             |               |                |             || not_due | not_due | due
        582   |             |             |               |                |             ||         | not_due | not_due
        """)
    assert (said[264]["R2b"].dose, said[264]["R2b"].formula) == (5, "5 mg every 12 h")
    assert said[270]["R2b"].blocked_by[0].startswith("RUXOLITINIB-INTERVAL")


@pytest.mark.parametrize(("hour", "code"), [(270, "R2b"), (540, "R2c")])
def test_the_steps_of_ruxolitinib_depend_on_doses_that_are_not_told(advise_spec, hour, code):
    said = advise_spec(f"""
        hour   | temperature || {code}
        0      | 37          || not_due
        {hour} | 37          || depends
        """, complete=("devices", "neurology", "hypotension", "refractory_crs"))
    assert said[hour][code].depends_on == ("ruxolitinib",)


@pytest.mark.parametrize(("age", "code", "word"), [(17, "R2", "adult of 20 years"), (18, "R3", "child of 3 years")])
def test_a_patient_unlike_the_one_published_case_is_told_so(advise_spec, age, code, word):
    chart = f"""
        hour | temperature | oxygen_device        | tocilizumab | dexamethasone | refractory_crs || {code}
        0    | 38.5        | invasive_ventilation | T           | 10            | T              || due
        """
    other = {17: 18, 18: 17}[age]
    assert word in advise_spec(chart, age=age)[0][code].reason
    assert word not in advise_spec(chart, age=other)[0][code].reason


# ------------------------------------------------------------------------------------------- what is refractory
@pytest.mark.parametrize(("second", "expected"), [(True, "due"), (False, "not_due")])
def test_a_grade_that_has_not_fallen_24_hours_after_the_second_tocilizumab_is_refractory(advise_spec, second, expected):
    """The corticosteroid comes late, so that its own 24 h do not count here."""
    dose = "T" if second else ""
    advise_spec(f"""
        hour | temperature | ast | tocilizumab | dexamethasone || R1
        0    | 39          | 300 | T           |               || not_due
        8    | 39          | 300 | {dose}      |               || not_due
        20   | 39          | 300 |             | 10            || not_due
        31   | 39          | 300 |             |               || not_due
        32   | 39          | 300 |             |               || {expected}
        """)


def test_a_grade_that_has_not_fallen_24_hours_after_a_steroid_is_refractory_and_ends_with_its_fall(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | dexamethasone || R1
        0    | 39          | 300 | T           | T             || not_due
        20   | 39          | 300 |             |               || not_due
        23.9 | 39          | 300 |             |               || not_due
        24   | 39          | 300 |             |               || due
        30   | 39          | 20  |             |               || not_due
        """)


def test_a_grade_that_fell_within_24_hours_is_not_refractory(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | dexamethasone || R1
        0    | 39          | 300 | T           | T             || not_due
        20   | 39          | 150 |             |               || not_due
        24   | 39          | 300 |             |               || not_due
        """)


def test_how_long_without_a_fall_is_refractory_is_a_setting(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | dexamethasone || R1
        0    | 39          | 300 | T           | T             || not_due
        12   | 39          | 300 |             |               || due
        """, settings={"refractory_hours": 12})
