"""CRS by CARTOX 2018, the system behind the management table of paper 004, one clinical fact a test."""

from __future__ import annotations

import pytest

CARTOX = "cartox-crs-2018"
HEALTHY = {"systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98", "ast": "20", "alt": "20", "bilirubin_total": "0.6",
           "creatinine": "0.8"}
"""Every other input stated normal."""
ORGANS = {k: HEALTHY[k] for k in ("ast", "alt", "bilirubin_total", "creatinine")}


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


# ------------------------------------------------------------------------------------------- fever, pressure
def test_fever_alone_is_grade_1_from_38_0(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature || grade | because | undecided
        0    | 37.9        || 0     | CLEAR0  | none
        1    | 38.0        || 1     | FEVER1  | none
        """, stated=HEALTHY)


def test_no_fever_is_needed_from_grade_2_on(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | systolic_bp || grade | because
        0    | 36.8        | 82          || 2     | HYPO2
        """, stated=but("systolic_bp"))


def test_a_systolic_pressure_below_90_is_grade_2_even_untreated(grade_spec):
    """Unlike ASTCT the pressure alone is enough."""
    grade_spec(CARTOX, """
        hour | temperature | systolic_bp || grade | because
        0    | 38.5        | 90          || 1     | FEVER1
        1    |             | 89          || 2     | HYPO2
        """, stated=but("systolic_bp"))


@pytest.mark.parametrize(("age", "limit"), [(1, 72), (5, 80), (10, 90), (10.5, 90), (40, 90)])
def test_the_pressure_limit_of_children_goes_by_age(grade_spec, age, limit):
    grade_spec(CARTOX, f"""
        hour | temperature | systolic_bp || grade
        0    | 38.5        | {limit}     || 1
        1    |             | {limit - 1} || 2
        """, age=age, stated=but("systolic_bp"))


def test_hypotension_as_asserted_is_grade_2(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | hypotension || grade | because
        0    | 38.5        | T           || 2     | HYPO2
        """, stated=but("systolic_bp"))


def test_life_threatening_hypotension_is_grade_4_only_as_a_clinician_asserts_it(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | hypotension      || grade | because
        0    | 38.5        | T                || 2     | HYPO2
        1    |             | life_threatening || 4     | HYPO4
        """, stated=but("systolic_bp"))


def test_a_low_pressure_on_a_vasopressor_stays_open_to_grade_4_until_somebody_says(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | systolic_bp | norepinephrine | hypotension || grade | undecided
        0    | 38.5        | 80          | 5              |             || 2-4   | hypotension
        1    |             | 80          |                | T           || 2     | none
        """, complete=("drugs", "devices"), stated=but("systolic_bp"))


# ---------------------------------------------------------------------------------------------- vasopressors
HIGH = {"norepinephrine": (19.9, 20), "dopamine": (9.9, 10), "phenylephrine": (199, 200), "epinephrine": (9.9, 10)}


@pytest.mark.parametrize("agent", HIGH)
def test_one_vasopressor_is_high_dose_from_the_table_of_lee_2014_on(grade_spec, agent):
    """Norepinephrine 20 ug/min, dopamine 10 ug/kg/min, phenylephrine 200 ug/min, epinephrine 10 ug/min."""
    below, high = HIGH[agent]
    for rate, grade, code in ((below, 2, "HYPO2"), (high, 3, "HYPO3")):
        grade_spec(CARTOX, f"""
            hour | temperature | {agent} || grade   | because
            0    | 38.5        | {rate}  || 2       | HYPO2
            3    | 38.5        |         || {grade} | {code}
            """, stated=HEALTHY)


def test_a_high_dose_counts_once_it_has_run_for_3_hours(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | norepinephrine || grade | because
        0    | 38.5        | 25             || 2     | HYPO2
        2.9  |             | 20             || 2     | HYPO2
        3    |             | 20             || 3     | HYPO3
        3.5  |             | 19             || 2     | HYPO2
        4    |             | 25             || 2     | HYPO2
        7    | 38.5        | 25             || 3     | HYPO3
        """, stated=HEALTHY)


def test_how_long_a_high_dose_must_run_is_a_setting(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | norepinephrine || grade
        0    | 38.5        | 20             || 3
        """, stated=HEALTHY, settings={"high_dose_hours": 0})


def test_a_rate_that_is_not_told_leaves_the_high_dose_open(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | norepinephrine || grade
        0    | 38.5        | T              || 2
        3    | 38.5        |                || 2-3
        """, stated=HEALTHY)


def test_multiple_vasopressors_are_grade_3_at_any_dose(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | norepinephrine | epinephrine || grade | because
        0    | 38.5        | 5              |             || 2     | HYPO2
        1    |             |                | 2           || 3     | HYPO3
        """, stated=HEALTHY)


def test_vasopressin_beside_one_vasopressor_is_multiple_here_unless_set_otherwise(grade_spec):
    chart = """
        hour | temperature | norepinephrine | vasopressin || grade
        0    | 38.5        | 5              |             || 2
        1    |             |                | 0.03        || {}
        """
    grade_spec(CARTOX, chart.format(3), stated=HEALTHY)
    grade_spec(CARTOX, chart.format(2), stated=HEALTHY, settings={"vasopressin_counts_as_multiple": False})


def test_vasopressin_alone_is_grade_2(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | vasopressin || grade | because
        0    | 38.5        | 0.03        || 2     | HYPO2
        3    | 38.5        |             || 2     | HYPO2
        """, stated=HEALTHY)


def test_beside_vasopressin_an_equivalent_of_10_is_high_dose(grade_spec):
    """10 ug/min of norepinephrine equivalent instead of 20."""
    for rate, grade in ((9.9, 2), (10, 3)):
        grade_spec(CARTOX, f"""
            hour | temperature | norepinephrine | vasopressin || grade
            0    | 38.5        | {rate}         | 0.03        || 2
            3    | 38.5        |                |             || {grade}
            """, stated=HEALTHY, settings={"vasopressin_counts_as_multiple": False})


def test_the_equivalent_of_several_agents_adds_dopamine_halved_and_phenylephrine_tenthed(grade_spec):
    """9 + 8 / 2 + 7 = 20 ug/min, below by one tenth of a unit it is not high (but multiple by the count)."""
    for norepinephrine, grade in ((9, 3), (8.9, 2)):
        grade_spec(CARTOX, f"""
            hour | temperature | norepinephrine   | dopamine | epinephrine || grade
            0    | 38.5        | {norepinephrine} | 8        | 7           || 2
            3    | 38.5        |                  |          |             || {grade}
            """, stated=HEALTHY, settings={"vasopressor_overlap_minutes": 1440})


def test_a_handover_shorter_than_the_overlap_asked_for_is_one_vasopressor(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | norepinephrine | epinephrine || grade
        0    | 38.5        | 5              |             || 2
        2    |             |                | 2           || 2
        2.5  |             | F              |             || 2
        """, stated=HEALTHY, settings={"vasopressor_overlap_minutes": 60})


# ----------------------------------------------------------------------------------------------------- oxygen
def test_the_inspired_fraction_decides_at_40_percent(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | oxygen_device           | fio2 || grade | because
        0    | 38.5        | simple_mask             | 0.39 || 2     | HYPOX2
        1    |             |                         | 0.40 || 3     | HYPOX3
        2    |             | high_flow_nasal_cannula | 0.39 || 2     | HYPOX2
        3    |             |                         | 0.40 || 3     | HYPOX3
        4    |             | bipap                   | 0.39 || 2     | HYPOX2
        5    |             |                         | 0.50 || 3     | HYPOX3
        """, stated=but("oxygen_device"))


@pytest.mark.parametrize("device", ["high_flow_nasal_cannula", "cpap", "bipap", "noninvasive_ventilation", "non_rebreather",
                                    "partial_rebreather"])
def test_high_flow_noninvasive_support_and_rebreathers_count_as_40_percent_where_none_is_charted(grade_spec, device):
    grade_spec(CARTOX, f"""
        hour | temperature | oxygen_device || grade | because
        0    | 38.5        | {device}      || 3     | HYPOX3
        """, stated=but("oxygen_device"))


@pytest.mark.parametrize("device", ["simple_mask", "venturi_mask"])
def test_a_mask_without_a_charted_fraction_is_2_to_3(grade_spec, device):
    grade_spec(CARTOX, f"""
        hour | temperature | oxygen_device || grade | undecided
        0    | 38.5        | {device}      || 2-3   | fio2
        """, stated=but("oxygen_device"))


def test_a_cannula_below_5_litres_delivers_less_than_40_percent(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | oxygen_device | oxygen_flow || grade
        0    | 38.5        | nasal_cannula | 4.9         || 2
        1    |             |               | 5           || 2-3
        """, stated=but("oxygen_device"))


def test_the_estimate_from_the_flow_can_be_switched_off(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | oxygen_device | oxygen_flow || grade | undecided
        0    | 38.5        | nasal_cannula | 2           || 2-3   | fio2
        """, stated=but("oxygen_device"), settings={"estimate_fio2_from_flow": False})


def test_mechanical_ventilation_is_grade_4(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | oxygen_device        | fio2 || grade | because
        0    | 38.5        | bipap                | 0.6  || 3     | HYPOX3
        1    |             | invasive_ventilation | 0.3  || 4     | HYPOX3 HYPOX4
        """, stated=but("oxygen_device"))


def test_a_saturation_below_90_on_room_air_shows_the_need_for_oxygen(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | spo2 || grade | because
        0    | 38.5        | 90   || 1     | FEVER1
        1    |             | 89   || 2     | HYPOX2
        """, stated=but("spo2"))


def test_support_at_baseline_and_for_the_airway_does_not_count(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | oxygen_device              || grade | flags
        0    | 38.6        | cpap@baseline              || 1     | counted_elsewhere
        2    | 38.6        | invasive_ventilation@icans || 1     | counted_elsewhere
        """, stated=but("oxygen_device"))


# ----------------------------------------------------------------------------------------------------- organs
@pytest.mark.parametrize("enzyme", ["ast", "alt"])
@pytest.mark.parametrize(("value", "grade", "code"), [
    (40, 0, "CLEAR0"), (40.1, 1, "ORGAN1"), (120, 1, "ORGAN1"), (120.1, 2, "ORGAN2"), (200, 2, "ORGAN2"), (200.1, 3, "ORGAN3"),
    (800, 3, "ORGAN3"), (800.1, 3, "ORGAN3"), (9000, 3, "ORGAN3")])
def test_transaminases_are_graded_by_ctcae_4_and_never_make_grade_4(grade_spec, enzyme, value, grade, code):
    """Above 1, 3, 5 and 20 times the upper limit of normal (40 U/L); CTCAE grade 4 transaminitis is CRS grade 3."""
    grade_spec(CARTOX, f"""
        hour | temperature | {enzyme} || grade   | because
        0    | 36.8        | {value}  || {grade} | {code}
        """, stated=but(enzyme))


@pytest.mark.parametrize(("value", "grade", "code"), [
    (1.2, 0, "CLEAR0"), (1.21, 1, "ORGAN1"), (1.8, 1, "ORGAN1"), (1.81, 2, "ORGAN2"), (3.6, 2, "ORGAN2"), (3.61, 3, "ORGAN3"),
    (12.0, 3, "ORGAN3"), (12.01, 4, "ORGAN4")])
def test_bilirubin_above_10_times_the_limit_is_grade_4(grade_spec, value, grade, code):
    """Above 1, 1.5, 3 and 10 times the upper limit of normal (1.2 mg/dL); bilirubin is not transaminitis."""
    grade_spec(CARTOX, f"""
        hour | temperature | bilirubin_total || grade   | because
        0    | 36.8        | {value}         || {grade} | {code}
        """, stated=but("bilirubin_total"))


@pytest.mark.parametrize(("value", "grade", "code"), [
    (1.2, 0, "CLEAR0"), (1.21, 1, "ORGAN1"), (1.8, 1, "ORGAN1"), (1.81, 2, "ORGAN2"), (3.6, 2, "ORGAN2"), (3.61, 3, "ORGAN3"),
    (7.2, 3, "ORGAN3"), (7.21, 4, "ORGAN4")])
def test_creatinine_above_6_times_the_limit_is_grade_4(grade_spec, value, grade, code):
    """Above 1, 1.5, 3 and 6 times the upper limit of normal (1.2 mg/dL)."""
    grade_spec(CARTOX, f"""
        hour | temperature | creatinine || grade   | because
        0    | 36.8        | {value}    || {grade} | {code}
        """, stated=but("creatinine"))


def test_exactly_3_times_a_baseline_is_still_grade_2(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | creatinine || grade
        0    | 36.8        | 2.1        || 2
        """, stated=but("creatinine"), facts={"baseline_creatinine": 0.7})


@pytest.mark.parametrize(("value", "grade"), [(0.4, 0), (0.41, 1), (0.6, 1), (0.61, 2), (1.2, 2), (1.21, 3), (7.2, 3), (7.21, 4)])
def test_creatinine_is_also_graded_against_the_own_baseline(grade_spec, value, grade):
    """Above 1.5 and 3 times the baseline, of 0.4 mg/dL here; grade 4 is against the upper limit alone."""
    grade_spec(CARTOX, f"""
        hour | temperature | creatinine || grade
        0    | 36.8        | {value}    || {grade}
        """, stated=but("creatinine"), facts={"baseline_creatinine": 0.4})


def test_the_upper_limits_of_normal_are_settings_of_the_laboratory(grade_spec):
    chart = """
        hour | temperature | ast || grade
        0    | 36.8        | 160 || {}
        """
    grade_spec(CARTOX, chart.format(2), stated=but("ast"))
    grade_spec(CARTOX, chart.format(3), stated=but("ast"), settings={"uln_ast": 30})


def test_an_organ_value_counts_for_36_hours(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | ast | systolic_bp | spo2 || grade | undecided
        0    | 38.5        | 250 | 120         | 98   || 3     | none
        35   | 38.5        |     | 120         | 98   || 3     | none
        36   | 38.5        | 20  | 120         | 98   || 1-4   | alt bilirubin_total creatinine
        """, stated={"alt": "20", "bilirubin_total": "0.6", "creatinine": "0.8"})


def test_a_normal_ast_does_not_tell_the_alt(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | ast || grade | undecided
        0    | 38.5        | 20  || 1-3   | alt
        """, stated=but("ast", "alt"))


# ------------------------------------------------------------------------------------------------ the rest
def test_liver_and_kidney_that_were_not_measured_leave_the_grade_open(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature || grade | undecided
        0    | 38.5        || 1-4   | ast alt bilirubin_total creatinine
        """, stated=but(*ORGANS))


def test_fever_with_all_else_unknown_is_1_to_4(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature || grade | because
        0    | 38.5        || 1-4   | FEVER1
        """, complete=())


def test_the_worst_row_is_the_grade(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature | systolic_bp | ast | oxygen_device | fio2 || grade | because
        0    | 39          | 85          | 250 | simple_mask   | 0.35 || 3     | FEVER1 HYPO2 HYPOX2 ORGAN1 ORGAN2 ORGAN3
        """, stated=but("systolic_bp", "ast", "oxygen_device"))


def test_findings_put_down_to_another_cause_are_not_crs(grade_spec):
    grade_spec(CARTOX, """
        hour | temperature  | systolic_bp  | ast      || grade | because           | flags
        0    | 39@infection | 80@infection | 500@drug || 0     | CLEAR0 ELSEWHERE0 | counted_elsewhere
        """, stated=but("systolic_bp", "ast"))


def test_death_is_grade_5_only_where_crs_is_stated_as_the_cause(grade_spec):
    chart = """
        hour | temperature | death || grade | because
        0    | 39          |       || 1     | FEVER1
        2    |             | {}    || {}    | {}
        """
    grade_spec(CARTOX, chart.format("T@crs", 5, "DEATH5"), stated=HEALTHY)
    grade_spec(CARTOX, chart.format("T", 1, "FEVER1"), stated=HEALTHY)
