"""ICANS by the ASTCT consensus of 2019: the ICE score from 12 years on, CAPD below, one clinical fact a test."""

from __future__ import annotations

import pytest

ICANS = "astct-icans-2019"
AWAKE = {"consciousness": "awake"}


@pytest.mark.parametrize(("ice", "grade", "code"), [
    (10, 0, "CLEAR0"), (9, 1, "ICE1"), (7, 1, "ICE1"), (6, 2, "ICE2"), (3, 2, "ICE2"), (2, 3, "ICE3"), (1, 3, "ICE3"), (0, 3, "ICE3")])
def test_ice_7_to_9_is_grade_1_and_3_to_6_grade_2_and_below_3_grade_3(grade_spec, ice, grade, code):
    """10 is no impairment; 0 in a patient who is awake (global aphasia) is grade 3."""
    grade_spec(ICANS, f"""
        hour | ice_score | consciousness || grade   | because | undecided
        0    | {ice}     | awake         || {grade} | {code}  | none
        """)


def test_ice_0_because_the_patient_cannot_be_aroused_is_grade_4(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | consciousness || grade | because
        0    | 0         | awake         || 3     | ICE3
        2    | 0         | unarousable   || 4     | ICE3 CONSC4
        """)


def test_awakening_spontaneously_with_ice_10_is_no_icans(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | consciousness || grade | because | undecided
        0    | 10        | awake         || 0     | CLEAR0  | none
        """)


@pytest.mark.parametrize(("level", "grade", "code"), [
    ("awake", "0", "CLEAR0"), ("voice", "2", "CONSC2"), ("tactile", "3", "CONSC3"), ("vigorous_tactile", "4", "CONSC4"),
    ("unarousable", "4", "CONSC4")])
def test_depressed_consciousness_is_graded_by_what_awakens_the_patient(grade_spec, level, grade, code):
    grade_spec(ICANS, f"""
        hour | ice_score | consciousness || grade   | because
        0    | 10        | {level}       || {grade} | {code}
        """)


def test_reduced_consciousness_of_an_untold_degree_is_2_to_4(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | consciousness || grade | because | undecided
        0    | 10        | reduced       || 2-4   | CONSC2  | consciousness
        """)


@pytest.mark.parametrize(("seizure", "grade", "code"), [
    ("none", "1", "ICE1"), ("brief", "3", "SEIZ3"), ("nonconvulsive_resolved", "3", "SEIZ3"), ("prolonged", "4", "SEIZ4"),
    ("repetitive", "4", "SEIZ4"), ("unspecified", "3-4", "SEIZ3")])
def test_a_seizure_is_grade_3_and_longer_than_5_minutes_or_repetitive_grade_4(grade_spec, seizure, grade, code):
    grade_spec(ICANS, f"""
        hour | ice_score | seizure   || grade   | because
        0    | 8         | {seizure} || {grade} | {code}
        """, stated=AWAKE)


@pytest.mark.parametrize(("weakness", "grade"), [("none", "1"), ("deep_focal", "4"), ("other", "1-4")])
def test_deep_focal_weakness_is_grade_4(grade_spec, weakness, grade):
    because = "MOTOR4" if weakness == "deep_focal" else "ICE1"
    grade_spec(ICANS, f"""
        hour | ice_score | motor_weakness || grade   | because
        0    | 9         | {weakness}     || {grade} | {because}
        """, stated=AWAKE)


@pytest.mark.parametrize(("oedema", "grade", "code"), [
    ("none", "0", "CLEAR0"), ("focal", "3", "OEDEMA3"), ("diffuse", "4", "OEDEMA4"), ("unspecified", "3-4", "OEDEMA3")])
def test_focal_oedema_is_grade_3_and_diffuse_oedema_grade_4(grade_spec, oedema, grade, code):
    grade_spec(ICANS, f"""
        hour | ice_score | cerebral_oedema || grade   | because
        0    | 10        | {oedema}        || {grade} | {code}
        """, stated=AWAKE)


def test_oedema_with_an_intracranial_haemorrhage_is_excluded(grade_spec):
    """Haemorrhage, with or without oedema, is graded by CTCAE."""
    grade_spec(ICANS, """
        hour | ice_score | cerebral_oedema | intracranial_haemorrhage || grade | because | flags
        0    | 10        | diffuse         |                          || 4     | OEDEMA4 | none
        2    |           | diffuse         | T                        || 0     | CLEAR0  | haemorrhage
        4    |           | none            | T                        || 0     | CLEAR0  | haemorrhage
        """, stated=AWAKE)


@pytest.mark.parametrize("sign", ["posturing", "sixth_nerve_palsy", "papilloedema", "cushing_triad"])
def test_a_sign_of_raised_intracranial_pressure_is_grade_4(grade_spec, sign):
    grade_spec(ICANS, f"""
        hour | ice_score | {sign} || grade | because
        0    | 10        | F      || 0     | CLEAR0
        1    |           | T      || 4     | ICP4
        """, stated=AWAKE)


def test_the_worst_domain_is_the_grade(grade_spec):
    """ICE 3 with a generalised seizure is grade 3."""
    grade_spec(ICANS, """
        hour | ice_score | consciousness | seizure || grade | because
        0    | 3         | voice         | none    || 2     | ICE2 CONSC2
        1    |           |               | brief   || 3     | SEIZ3
        """)


@pytest.mark.parametrize("finding", ["tremor", "myoclonus", "aphasia"])
def test_tremor_myoclonus_and_aphasia_do_not_influence_the_grade(grade_spec, finding):
    grade_spec(ICANS, f"""
        hour | ice_score | {finding} || grade | because
        0    | 10        | T         || 0     | CLEAR0
        """, stated=AWAKE)


def test_no_fever_is_needed(grade_spec):
    grade_spec(ICANS, """
        hour | temperature | ice_score || grade
        0    | 36.6        | 5         || 2
        """, stated=AWAKE)


# ------------------------------------------------------------------------------------------------- sedation
def test_under_sedation_ice_and_consciousness_are_unknown_and_not_grade_4(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | consciousness | propofol || grade | because | undecided | flags
        0    | 8         | awake         |          || 1     | ICE1    | none      | none
        2    | 0         | unarousable   | 30       || 0-4   | none    | propofol  | sedated
        6    | 8         | awake         | F        || 1     | ICE1    | none      | none
        """)


def test_a_seizure_under_sedation_still_counts(grade_spec):
    grade_spec(ICANS, """
        hour | consciousness | sedation | seizure   || grade | because | flags
        0    | unarousable   | T        | brief     || 3-4   | SEIZ3   | sedated
        2    |               |          | prolonged || 4     | SEIZ4   | sedated
        """)


@pytest.mark.parametrize(("drug", "rate"), [
    ("propofol", 30), ("midazolam", 2), ("dexmedetomidine", 0.5), ("ketamine", 1), ("fentanyl", 50)])
def test_a_running_sedative_is_sedation(grade_spec, drug, rate):
    grade_spec(ICANS, f"""
        hour | consciousness | {drug} || grade | flags
        0    | unarousable   | {rate} || 0-4   | sedated
        """)


# ------------------------------------------------------------------------------------------------- children
@pytest.mark.parametrize(("capd", "level", "grade", "code"), [
    (0, "awake", 0, "CLEAR0"), (1, "awake", 1, "CAPD1"), (8, "awake", 1, "CAPD1"), (8, "voice", 2, "CONSC2"), (9, "awake", 3, "CAPD3"),
    (9, "voice", 3, "CAPD3"), (32, "awake", 3, "CAPD3"), (8, "tactile", 3, "CONSC3"), (12, "unarousable", 4, "CONSC4")])
def test_below_12_years_capd_9_is_grade_3_and_consciousness_tells_1_from_2(grade_spec, capd, level, grade, code):
    """CAPD 0 is not ICANS."""
    grade_spec(ICANS, f"""
        hour | capd_score | consciousness || grade   | because
        0    | {capd}     | {level}       || {grade} | {code}
        """, age=5)


def test_below_12_years_an_ice_score_is_flagged_and_not_graded(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | capd_score | consciousness || grade | because | flags
        0    | 2         | 0          | awake         || 0     | CLEAR0  | ice_in_young_child
        """, age=11.9)


def test_at_exactly_12_years_the_ice_score_is_used(grade_spec):
    chart = """
        hour | ice_score | capd_score | consciousness || grade
        0    | 5         | 12         | awake         || {}
        """
    grade_spec(ICANS, chart.format(2), age=12)
    grade_spec(ICANS, chart.format(3), age=11.9)


def test_with_developmental_delay_capd_is_used_at_any_age(grade_spec):
    grade_spec(ICANS, """
        hour | capd_score | ice_score | consciousness || grade | because
        0    | 8          | 2         | awake         || 1     | CAPD1
        1    | 9          |           |               || 3     | CAPD3
        """, age=15, facts={"developmental_delay": True})


def test_where_the_age_is_not_told_the_instrument_that_was_charted_decides(grade_spec):
    chart = """
        hour | {} | consciousness || grade
        0    | {} | awake         || {}
        """
    grade_spec(ICANS, chart.format("ice_score", 5, 2), age=None)
    grade_spec(ICANS, chart.format("capd_score", 9, 3), age=None, stated={"ice_score": "10"})


# ------------------------------------------------------------------------------------ unknowns, cause, death
def test_an_ice_score_that_was_not_taken_leaves_the_other_domains_as_the_lower_bound(grade_spec):
    grade_spec(ICANS, """
        hour | consciousness | heart_rate || grade | because | undecided
        0    | voice         |            || 2-3   | CONSC2  | ice_score
        """, complete=("seizure", "motor_weakness", "cerebral_oedema", "papilloedema", "sixth_nerve_palsy", "posturing", "cushing_triad",
                       "intracranial_haemorrhage", "sedation", "drugs"))


def test_with_nothing_charted_the_grade_is_0_to_4(grade_spec):
    got = grade_spec(ICANS, """
        hour | temperature || grade | because
        0    | 38.5        || 0-4   | none
        """, complete=("sedation", "drugs")).at(0)
    assert set(got["undecided"]) == {
        "ice_score", "consciousness", "seizure", "motor_weakness", "cerebral_oedema", "posturing", "sixth_nerve_palsy",
        "papilloedema", "cushing_triad"}


def test_an_ice_score_counts_for_12_hours(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | consciousness || grade
        0    | 8         | awake         || 1
        11.9 |           | awake         || 1
        12   |           | awake         || 0-3
        """, complete=("seizure", "motor_weakness", "cerebral_oedema", "papilloedema", "sixth_nerve_palsy", "posturing", "cushing_triad",
                       "intracranial_haemorrhage", "sedation", "drugs"))


def test_findings_put_down_to_another_cause_are_not_icans(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | seizure     || grade | because           | flags
        0    | 10        | brief@other || 0     | CLEAR0 ELSEWHERE0 | counted_elsewhere
        1    |           | brief@icans || 3     | SEIZ3             | none
        """, stated=AWAKE)


def test_a_corticosteroid_is_flagged_because_icans_may_flare_when_it_is_tapered(grade_spec):
    grade_spec(ICANS, """
        hour | ice_score | dexamethasone || grade | flags
        0    | 5         |               || 2     | none
        2    |           | T             || 2     | on_steroid
        """, stated=AWAKE)


def test_death_is_grade_5_only_where_icans_is_stated_as_the_cause(grade_spec):
    chart = """
        hour | ice_score | death   || grade | because
        0    | 8         |         || 1     | ICE1
        2    |           | {}      || {} | {}
        """
    grade_spec(ICANS, chart.format("T@icans", 5, "DEATH5"), stated=AWAKE)
    grade_spec(ICANS, chart.format("T@crs", 1, "ICE1"), stated=AWAKE)
    grade_spec(ICANS, chart.format("T", 1, "ICE1"), stated=AWAKE)


# ------------------------------------------------------------------------------------------ the unit vectors
VECTORS = {
    "ICE 10 awake is 0": (40, "ice_score=10 consciousness=awake", "0"),
    "ICE 9 is 1": (40, "ice_score=9 consciousness=awake", "1"),
    "ICE 7 is 1": (40, "ice_score=7 consciousness=awake", "1"),
    "ICE 6 is 2": (40, "ice_score=6 consciousness=awake", "2"),
    "ICE 3 is 2": (40, "ice_score=3 consciousness=awake", "2"),
    "ICE 2 is 3": (40, "ice_score=2 consciousness=awake", "3"),
    "ICE 0 awake and aphasic is 3": (40, "ice_score=0 consciousness=awake aphasia=T", "3"),
    "ICE 0 unarousable is 4": (40, "ice_score=0 consciousness=unarousable", "4"),
    "ICE 8 with a seizure of 2 minutes is 3": (40, "ice_score=8 consciousness=awake seizure=brief", "3"),
    "ICE 3 with a generalised seizure is 3": (40, "ice_score=3 consciousness=awake seizure=brief", "3"),
    "a seizure of 6 minutes is 4": (40, "ice_score=10 consciousness=awake seizure=prolonged", "4"),
    "ICE 9 with hemiparesis is 4": (40, "ice_score=9 consciousness=awake motor_weakness=deep_focal", "4"),
    "papilloedema alone is 4": (40, "ice_score=10 consciousness=awake papilloedema=T", "4"),
    "haemorrhage with oedema alone is 0": (40, "ice_score=10 consciousness=awake intracranial_haemorrhage=T cerebral_oedema=diffuse", "0"),
    "tremor with ICE 10 is 0": (40, "ice_score=10 consciousness=awake tremor=T", "0"),
    "age 5, CAPD 8, to voice is 2": (5, "capd_score=8 consciousness=voice", "2"),
    "age 5, CAPD 12, awake is 3": (5, "capd_score=12 consciousness=awake", "3"),
    "age 12 with ICE 5 is 2": (12, "ice_score=5 consciousness=awake", "2"),
    "propofol and unarousable is unknown": (40, "consciousness=unarousable propofol=30", "0-4"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_unit_vector(grade_spec, name):
    age, chart, grade = VECTORS[name]
    cells = dict(item.split("=") for item in chart.split())
    grade_spec(ICANS, f"hour | {' | '.join(cells)} || grade\n0 | {' | '.join(cells.values())} || {grade}", age=age)
