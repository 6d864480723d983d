"""CRES by CARTOX 2018 beside ICANS by ASTCT 2019 on the same charts: where the two systems part, and how an episode ends."""

from __future__ import annotations

import pytest

CRES, ICANS = "cartox-cres-2018", "astct-icans-2019"
WELL = {"ice_score": "10", "cartox10_score": "10", "consciousness": "awake"}


@pytest.mark.parametrize(("finding", "value", "cres", "icans"), [
    pytest.param("papilloedema_stage", "1", "3", "4", id="papilloedema of stage 1"),
    pytest.param("papilloedema_stage", "2", "3", "4", id="papilloedema of stage 2"),
    pytest.param("papilloedema_stage", "3", "4", "4", id="papilloedema of stage 3"),
    pytest.param("seizure", "brief_generalised", "4", "3", id="a brief generalised seizure"),
    pytest.param("seizure", "brief_partial", "3", "3", id="a brief partial seizure"),
    pytest.param("seizure", "prolonged", "4", "4", id="a seizure longer than 5 minutes"),
    pytest.param("seizure", "multiple", "3-4", "3", id="multiple seizures with return to baseline"),
    pytest.param("seizure", "partial", "3-4", "3-4", id="a partial seizure of an untold length"),
    pytest.param("seizure", "generalised", "4", "3-4", id="a generalised seizure of an untold length"),
    pytest.param("cerebral_oedema", "focal", "4", "3", id="focal cerebral oedema"),
    pytest.param("cerebral_oedema", "diffuse", "4", "4", id="diffuse cerebral oedema"),
    pytest.param("motor_weakness", "deep_focal", "4", "4", id="hemiparesis"),
    pytest.param("sixth_nerve_palsy", "T", "0", "4", id="sixth nerve palsy, no cell of the CARTOX table"),
])
def test_one_finding_graded_by_both_systems(grade_spec, finding, value, cres, icans):
    """Papilloedema of stage 1 or 2 is CRES 3 and ICANS 4; one short generalised seizure is CRES 4 and ICANS 3."""
    for scale, grade in ((CRES, cres), (ICANS, icans)):
        grade_spec(scale, f"""
            hour | {finding} || grade
            0    | {value}   || {grade}
            """, stated=WELL)


def test_ice_and_cartox_10_do_not_stand_in_for_each_other(grade_spec):
    """ICE asks for a command where CARTOX-10 asks for the president or prime minister."""
    grade_spec(CRES, """
        hour | cartox10_score | ice_score || grade | because | undecided      | flags
        0    |                | 4         || 0-3   | none    | cartox10_score | ice_charted
        1    | 5              |           || 2     | SCORE2  | none           | ice_charted
        """, stated={"consciousness": "awake"})
    grade_spec(ICANS, """
        hour | cartox10_score || grade | undecided
        0    | 4              || 0-3   | ice_score
        """, stated={"consciousness": "awake"})


def test_the_score_counts_for_12_hours(grade_spec):
    grade_spec(CRES, """
        hour | cartox10_score | consciousness || grade | because
        0    | 8              | awake         || 1     | SCORE1
        11.9 |                | awake         || 1     | SCORE1
        12   |                | awake         || 0-3   | none
        """)


def test_sedation_hides_the_score_and_a_seizure_still_counts(grade_spec):
    grade_spec(CRES, """
        hour | cartox10_score | consciousness | sedation | seizure       || grade | because | flags
        0    | 8              | awake         |          |               || 1     | SCORE1  | none
        2    |                | unarousable   | T        |               || 0-4   | none    | sedated
        3    |                |               |          | brief_partial || 3-4   | SEIZ3   | sedated
        """)


@pytest.mark.parametrize(("seizure", "v5", "v4"), [
    ("brief_partial", "3", "1"), ("brief_generalised", "3", "2"), ("multiple", "3", "3"), ("prolonged", "4", "4"), ("unspecified", "3-4", "1-4")])
def test_a_seizure_is_graded_otherwise_by_each_version_of_ctcae(grade_spec, seizure, v5, v4):
    """Version 5 has "new onset" in grade 3; after CAR-T cells every first seizure is new."""
    for scale, grade in (("ctcae5-neurotoxicity", v5), ("ctcae403-neurotoxicity", v4)):
        grade_spec(scale, f"""
            hour | seizure   || grade
            0    | {seizure} || {grade}
            """)
