"""CRS by CTCAE v5.0 and v4.03: what their vectors do not tell, one clinical fact a test."""

from __future__ import annotations

from spec.chart import EVERYTHING

V5, V403 = "ctcae5-crs", "ctcae403-crs"
HEALTHY = {"systolic_bp": "120", "oxygen_device": "room_air", "spo2": "98"}


def test_two_vasopressors_are_grade_4_in_version_5_unless_set_otherwise(grade_spec):
    """Grade 3 names one vasopressor, grade 4 none: what two are is a choice."""
    chart = """
        hour | temperature | norepinephrine | vasopressin || grade
        0    | 38.5        | 5              |             || 3
        1    |             |                | 0.03        || {}
        """
    grade_spec(V5, chart.format(4), stated=HEALTHY)
    grade_spec(V5, chart.format(3), stated=HEALTHY, settings={"two_vasopressors_are_grade_4": False})


def test_signs_that_nobody_treated_or_that_are_counted_elsewhere_are_flagged(grade_spec):
    grade_spec(V5, """
        hour | temperature  | systolic_bp | spo2 || grade | flags
        0    | 38.5@infection | 85        | 88   || 0     | low_bp_untreated low_spo2_untreated counted_elsewhere
        """, stated={"oxygen_device": "room_air"})


def test_version_4_03_is_not_derived_from_fever_pressure_or_oxygen(grade_spec):
    """It speaks of infusion reactions: without a report in its terms only a vasopressor or a ventilator settles the grade."""
    grade_spec(V403, """
        hour | temperature | systolic_bp | oxygen_device        || grade | undecided         | flags
        0    | 39.5        | 80          | nasal_cannula        || 0-3   | infusion_reaction | none
        1    |             |             | invasive_ventilation || 4     | none              | none
        """)


def test_fever_without_a_reported_reaction_is_flagged_in_version_4_03(grade_spec):
    grade_spec(V403, """
        hour | temperature | infusion_reaction || grade | because | flags
        0    | 39.5        | F                 || 0     | CLEAR0  | fever_not_graded
        1    |             | interruption      || 2     | INTERRUPT2 | none
        """, complete=(*EVERYTHING, "findings"))
