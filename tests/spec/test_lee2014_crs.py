"""CRS by Lee 2014 and by the modified Lee scale of the ZUMA trials: what their vectors do not tell, one clinical fact a test."""

from __future__ import annotations

import pytest

from spec.chart import EVERYTHING, event, timeline_of
from tocsin.grading import episodes, grade

LEE, ZUMA = "lee2014-crs", "zuma-crs-2017"
BOTH = pytest.mark.parametrize("scale", [LEE, ZUMA])
HEALTHY = {"systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98", "ast": "20", "alt": "20", "bilirubin_total": "0.6",
           "creatinine": "0.8"}
COMPLETE = (*EVERYTHING, "findings")


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


@BOTH
def test_a_hand_over_between_two_vasopressors_stays_grade_2(grade_spec, scale):
    grade_spec(scale, """
        hour | temperature | norepinephrine | epinephrine || grade | because
        0    | 38.5        | 5 for 2        |             || 2     | HYPO2
        2    |             |                | 2           || 2     | HYPO2
        3    |             | 5              |             || 3     | HYPO3
        """, stated=HEALTHY, complete=COMPLETE)


@BOTH
def test_intubation_for_the_airway_or_a_procedure_is_told_by_the_attribution_of_the_device(grade_spec, scale):
    grade_spec(scale, """
        hour | temperature | oxygen_device                  || grade | because | flags
        0    | 38.5        | invasive_ventilation@icans     || 1     | MILD1   | counted_elsewhere organ_classes_not_told
        1    |             | invasive_ventilation@procedure || 1     | MILD1   | counted_elsewhere
        2    |             | invasive_ventilation           || 4     | VENT4   |
        """, stated=but("oxygen_device"), complete=COMPLETE)


def test_the_neurotoxicity_that_lee_counts_is_apart_in_the_modified_scale(grade_spec):
    """Neurological events never count as organ toxicity of CRS in the ZUMA trials."""
    chart = """
        hour | temperature | neurotoxicity_grade || grade | because | undecided
        0    | 38.5        |                     || 1     | MILD1   | none
        1    |             | 3                   || {} | none
        """
    grade_spec(LEE, chart.format("3     | MILD1 ORGAN2 ORGAN3"), stated=HEALTHY, complete=COMPLETE)
    grade_spec(ZUMA, chart.format("1     | MILD1"), stated=HEALTHY, complete=COMPLETE)


def test_neurotoxicity_put_down_to_icans_is_not_counted_by_lee_either(grade_spec):
    grade_spec(LEE, """
        hour | temperature | neurotoxicity_grade || grade | flags
        0    | 38.5        | 4@icans             || 1     | counted_elsewhere
        1    |             | 4@crs               || 4     | organ_classes_not_told
        """, stated=HEALTHY, complete=COMPLETE)


def test_a_sign_of_neurotoxicity_without_a_grade_leaves_lee_open_and_the_modified_scale_not(grade_spec):
    chart = """
        hour | temperature | seizure || grade | undecided           | flags
        0    | 38.5        | brief   || {}
        """
    grade_spec(LEE, chart.format("1-4   | neurotoxicity_grade | organ_classes_not_told"), stated=HEALTHY, complete=COMPLETE)
    grade_spec(ZUMA, chart.format("1     | none                | neurotoxicity_apart"), stated=HEALTHY, complete=COMPLETE)


@BOTH
def test_transaminitis_of_grade_4_is_grade_3_and_bilirubin_of_grade_4_is_grade_4(grade_spec, scale):
    grade_spec(scale, """
        hour | temperature | ast  | bilirubin_total || grade | because
        0    | 36.8        | 9000 | 0.6             || 3     | ORGAN3
        1    |             |      | 13              || 4     | ORGAN4
        """, stated=but("ast", "bilirubin_total"), complete=COMPLETE)


@BOTH
def test_untreated_signs_are_flagged_and_not_graded(grade_spec, scale):
    """The cells ask for what was needed: oxygen, fluid, a vasopressor."""
    grade_spec(scale, """
        hour | temperature | systolic_bp | spo2 || grade | because | flags
        0    | 38.5        | 85          | 88   || 1     | MILD1   | low_bp_untreated low_spo2_untreated
        """, stated=but("systolic_bp", "spo2"), complete=COMPLETE)


@BOTH
def test_an_organ_value_counts_for_36_hours_and_then_leaves_the_grade_open(grade_spec, scale):
    grade_spec(scale, """
        hour | temperature | ast | systolic_bp || grade | undecided
        0    | 38.5        | 250 | 120         || 3     | none
        35.9 | 38.5        |     | 120         || 3     | none
        36   | 38.5        | 20  | 120         || 1-4   | alt bilirubin_total creatinine
        """, stated=but("systolic_bp", "ast"), complete=(*COMPLETE, "oxygen_device"))


@BOTH
def test_the_episode_begins_with_the_first_sign_and_has_resolved_when_all_are_gone_for_24_hours(scale):
    rows = []
    for hour in range(0, 96, 2):
        rows.append(event("temperature", hour, "39" if hour < 20 else "36.8"))
        rows.append(event("systolic_bp", hour, "120"))
    for hour in range(0, 96, 12):
        rows += [event(name, hour, value) for name, value in HEALTHY.items() if name in ("ast", "alt", "bilirubin_total", "creatinine")]
    rows += [event("oxygen_device", 10, "nasal_cannula"), event("oxygen_flow", 10, "2"), event("oxygen_device", 20, "room_air")]
    rows += [event("oxygen_device", hour, "room_air") for hour in range(30, 96, 10)]
    [one] = episodes(grade(timeline_of(rows, complete=COMPLETE), scale)).iter_rows(named=True)
    assert (one["onset_hour"], one["resolution_hour"], one["max_at_least"]) == (0, 20, 2)
