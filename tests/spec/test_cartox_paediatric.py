"""CRS in children by the paediatric form of CARTOX, one clinical fact a test."""

from __future__ import annotations

import pytest

CHILD = "cartox-crs-paediatric-2019"
HEALTHY = {"temperature": "36.8", "systolic_bp": "100", "oxygen_device": "room_air", "spo2": "98", "ast": "20", "alt": "20",
           "bilirubin_total": "0.3", "creatinine": "0.3"}
SIX = {"age": 6, "facts": {"weight_kg": 20}}
"""Six years and 20 kg: a systolic pressure below 82 mmHg is low."""


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


def test_a_healthy_child_has_no_crs_and_fever_alone_is_grade_1(grade_spec):
    grade_spec(CHILD, """
        hour | temperature || grade | because
        0    | 37.9        || 0     | CLEAR0
        1    | 38.0        || 1     | FEVER1
        """, stated=but("temperature"), **SIX)


@pytest.mark.parametrize(("age", "limit"), [(1, 72), (6, 82), (10, 90), (14, 90)])
def test_hypotension_goes_by_age(grade_spec, age, limit):
    grade_spec(CHILD, f"""
        hour | systolic_bp || grade | because
        0    | {limit}     || 0     | CLEAR0
        1    | {limit - 1} || 2     | HYPO2
        """, stated=but("systolic_bp"), age=age)


def test_hypotension_that_persists_under_two_vasopressors_after_fluid_is_grade_4(grade_spec):
    """Persistent: for an hour, a setting, because the table gives no time."""
    grade_spec(CHILD, """
        hour | systolic_bp | fluid_bolus | norepinephrine | epinephrine || grade | because
        0    | 70          | T           |                |             || 2     | HYPO2
        1    | 75          |             | 1              |             || 2     | HYPO2
        2    | 78          |             | 1              | 0.5         || 3     | HYPO3
        3    | 80          |             | 1              | 0.5         || 4     | HYPO4
        4    | 84          |             | 1              | 0.5         || 3     | HYPO3
        """, stated=but("systolic_bp"), **SIX)


def test_life_threatening_hypotension_as_asserted_is_grade_4_as_in_adults(grade_spec):
    grade_spec(CHILD, """
        hour | hypotension      || grade | because
        0    | life_threatening || 4     | HYPO4
        """, stated=HEALTHY, **SIX)


def test_high_doses_of_vasopressors_go_by_weight(grade_spec):
    """At 20 kg, norepinephrine from 4 ug/min (0.2 ug/kg/min) on, for 3 h."""
    for rate, grade, code in ((3.9, 2, "HYPO2"), (4, 3, "HYPO3")):
        grade_spec(CHILD, f"""
            hour | temperature | norepinephrine || grade   | because
            0    | 38.5        | {rate}         || 2       | HYPO2
            3    | 38.5        |                || {grade} | {code}
            """, stated=but("temperature"), **SIX)


def test_bipap_is_grade_3_at_any_inspired_fraction(grade_spec):
    grade_spec(CHILD, """
        hour | oxygen_device        | fio2 || grade | because
        0    | simple_mask          | 0.39 || 2     | HYPOX2
        1    | simple_mask          | 0.40 || 3     | HYPOX3
        2    | bipap                | 0.30 || 3     | HYPOX3
        3    | cpap                 | 0.30 || 2     | HYPOX2
        4    | invasive_ventilation | 0.30 || 4     | HYPOX4
        """, stated=but("oxygen_device"), **SIX)


def test_a_saturation_below_90_on_room_air_is_grade_2_and_88_on_oxygen_is_flagged(grade_spec):
    grade_spec(CHILD, """
        hour | oxygen_device | oxygen_flow | spo2 || grade | because | flags
        0    | room_air      |             | 90   || 0     | CLEAR0  |
        1    | room_air      |             | 89   || 2     | HYPOX2  |
        2    | nasal_cannula | 2           | 88   || 2     | HYPOX2  | spo2_not_above_88
        """, stated=but("oxygen_device", "spo2"), **SIX)


def test_transaminitis_above_20_times_the_limit_is_grade_3_and_bilirubin_above_10_times_grade_4(grade_spec):
    grade_spec(CHILD, """
        hour | alt | bilirubin_total || grade | because
        0    | 41  | 0.3             || 1     | ORGAN1
        1    | 121 | 0.3             || 2     | ORGAN2
        2    | 801 | 0.3             || 3     | ORGAN3
        3    | 801 | 12.1            || 4     | ORGAN4
        """, stated=but("alt", "bilirubin_total"), **SIX)


def test_oliguria_and_anuria_go_by_weight(grade_spec):
    """Below 0.5 mL/kg/h for 8 h; below 0.3 mL/kg/h for 24 h, or none for 12 h: at 20 kg 10 and 6 mL/h."""
    again = "36.8 | 100 | room_air | 98 | 20 | 20 | 0.3 | 0.3"
    for rate, rows in (("9.9", ((8.9, 0), (9, 3), (25, 3))), ("5.9", ((9, 3), (24.9, 3), (25, 4))), ("0", ((9, 3), (12.9, 3), (13, 4)))):
        lines = "\n".join(f"{hour} | | {again} || {grade}" for hour, grade in rows)
        grade_spec(CHILD, f"""
            hour | urine_output | temperature | systolic_bp | oxygen_device | spo2 | ast | alt | bilirubin_total | creatinine || grade
            0    | 60           | {again} || 0
            1    | {rate} for 40 | {again} || 0
            {lines}
            """, **SIX)


def test_findings_put_down_to_another_cause_are_not_crs_and_silent_organ_classes_are_flagged(grade_spec):
    grade_spec(CHILD, """
        hour | temperature  | systolic_bp  || grade | because           | flags
        0    | 39@infection | 60@infection || 0     | CLEAR0 ELSEWHERE0 | counted_elsewhere organ_classes_not_told
        """, stated=but("temperature", "systolic_bp"), **SIX)


def test_death_is_grade_5_only_where_crs_is_stated_as_the_cause(grade_spec):
    chart = """
        hour | death || grade | because
        0    | {}    || {}    | {}
        """
    grade_spec(CHILD, chart.format("T@crs", 5, "DEATH5"), stated=HEALTHY, **SIX)
    grade_spec(CHILD, chart.format("T", 0, "CLEAR0"), stated=HEALTHY, **SIX)
