"""CRS by MSKCC (Park 2018): what its vectors do not tell, one clinical fact a test."""

from __future__ import annotations

from spec.chart import event, timeline_of
from tocsin.grading import episodes, grade

MSKCC = "mskcc-crs-2018"
HEALTHY = {"systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98"}


def but(*left_out: str) -> dict[str, str]:
    return {k: v for k, v in HEALTHY.items() if k not in left_out}


def test_a_vasopressor_is_grade_3_from_24_hours_on_whichever_agent_runs(grade_spec):
    grade_spec(MSKCC, """
        hour | temperature | norepinephrine | vasopressin || grade | because
        0    | 38.5        | 5 for 13       |             || 2     | PRESSOR2
        12   |             |                | 0.03 for 24 || 2     | PRESSOR2
        23.9 | 38.5        |                |             || 2     | PRESSOR2
        24   |             |                |             || 3     | PRESSOR2 PRESSOR3
        """, stated=HEALTHY)


def test_hypotension_that_fluid_corrects_is_grade_1_and_flagged(grade_spec):
    grade_spec(MSKCC, """
        hour | temperature | systolic_bp | fluid_bolus || grade | because | flags
        0    | 36.8        | 85          |             || 0     | CLEAR0  | low_bp_untreated
        1    |             | 85          | T           || 1     | HYPO1   | fluid_only_hypotension
        """, stated=but("systolic_bp"))


def test_hypotension_is_refractory_while_the_pressure_stays_low_on_a_high_dose(grade_spec):
    grade_spec(MSKCC, """
        hour | temperature | norepinephrine | systolic_bp || grade | because
        0    | 38.5        | 25             | 80          || 2     | PRESSOR2
        3    |             | 25             | 80          || 4     | HYPO4
        4    |             | 25             | 95          || 2     | PRESSOR2
        """, stated=but("systolic_bp"))


def test_untreated_hypoxia_and_findings_counted_elsewhere_are_flagged(grade_spec):
    grade_spec(MSKCC, """
        hour | temperature  | spo2 | oxygen_device || grade | flags
        0    | 39@infection | 88   | room_air      || 0     | low_spo2_untreated counted_elsewhere
        """, stated=but("spo2", "oxygen_device"))


def test_the_episode_has_resolved_when_fever_vasopressor_and_oxygen_are_gone():
    rows = [event("temperature", h, "39" if h < 12 else "36.8") for h in range(0, 80, 4)]
    rows += [event("systolic_bp", h, "110") for h in range(0, 80, 2)] + [event("norepinephrine", 6, "5 for 24")]
    rows += [event("oxygen_device", h, "room_air") for h in range(0, 80, 8)]
    [one] = episodes(grade(timeline_of(rows), MSKCC)).iter_rows(named=True)
    assert (one["onset_hour"], one["resolution_hour"], one["max_at_least"]) == (0, 30, 2)
