"""Neurotoxicity in paper 004, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

from functools import partial

import pytest

from tocsin.protocols import PROTOCOLS, rule

CLEAR = {"ice_score": "10", "cartox10_score": "10", "consciousness": "awake", "temperature": "37"}
UNSCORED = ["ice_score", "cartox10_score"]


@pytest.fixture
def neuro(advise_spec):
    return partial(advise_spec, stated=CLEAR)


# ------------------------------------------------------------------------------------------------ general measures
@pytest.mark.parametrize(("score", "none", "some"), [("ice_score", "10", "9"), ("cartox10_score", "10", "9")])
def test_any_neurotoxicity_asks_for_the_general_measures(neuro, score, none, some):
    """By ICE (ASTCT) or by CARTOX-10 (CARTOX): the paper writes both names."""
    neuro(f"""
        hour | {score} || N1.1 | N1.2 | N1.3 | N1.4 | N1.5
        0    | {none}  || -    | -    | -    | -    | -
        1    | {some}  || due  | due  | due  | due  | due
        """)


def test_general_measures_depend_on_a_score_that_was_not_taken(neuro):
    said = neuro("""
        hour | temperature || N1.1    | N1.2    | N1.3    | N1.4    | N1.5
        0    | 37          || depends | depends | depends | depends | depends
        """, left_out=UNSCORED)
    assert {"ice_score", "cartox10_score"} <= set(said[0]["N1.1"].depends_on)


def test_one_of_the_two_scores_is_enough_to_rule_neurotoxicity_out(neuro):
    neuro("""
        hour | ice_score || N1.1 | N1.4 | N4
        0    | 10        || -    | -    | -
        """, left_out=["cartox10_score"])


def test_findings_put_down_to_icans_or_to_crs_count_and_those_of_another_cause_do_not(neuro):
    neuro("""
        hour | ice_score   || N1.1 | N7
        0    | 5@icans     || due  | due
        """)
    neuro("""
        hour | ice_score   || N1.1 | N7
        0    | 5@crs       || due  | due
        1    | 5@drug      ||      | -
        """)


# ----------------------------------------------------------------------------------------- seizure prophylaxis, agitation
def test_levetiracetam_prevents_seizures_in_neurotoxicity_until_there_was_one(neuro):
    said = neuro("""
        hour | ice_score | seizure | levetiracetam || N2
        0    | 10        | none    |               || -
        1    | 8         |         |               || due
        2    | 8         |         | 750           || blocked
        13.9 | 8         | none    |               || blocked
        14   | 8         |         |               || due
        15   | 8         | brief   |               || -
        30   | 8         | none    |               || -
        """)
    assert said[1]["N2"].dose == 750
    assert "neither the time nor the dose has been established" in said[1]["N2"].reading


def test_prevention_of_seizures_depends_on_whether_there_was_a_seizure(neuro):
    neuro("""
        hour | ice_score || N2
        0    | 8         || depends
        """, complete=("drugs", "devices", "hypotension"))


def test_agitation_in_neurotoxicity_may_have_lorazepam_every_8_hours_or_haloperidol_every_6(neuro):
    said = neuro("""
        hour | ice_score | agitation | lorazepam | haloperidol || N3      | N3h
        0    | 10        | T         |           |             || -       | -
        1    | 8         | T         |           |             || due     | due
        2    | 8         |           | 0.5       |             || blocked | due
        3    | 8         |           |           | 0.5         || blocked | blocked
        8.9  | 8         |           |           |             || blocked | blocked
        9    | 8         |           |           |             || blocked | due
        10   | 8         |           |           |             || due     | due
        11   | 8         | F         |           |             || -       | -
        """)
    assert (said[1]["N3"].dose, said[1]["N3"].formula, said[1]["N3h"].dose) == (None, "0.25 to 0.5 mg every 8 h", 0.5)
    assert rule("paper004/N3")[1].optional


def test_treatment_of_agitation_depends_on_whether_the_patient_is_agitated(neuro):
    neuro("""
        hour | ice_score | seizure || N3      | N3h
        0    | 8         | none    || depends | depends
        """, complete=("drugs", "devices", "hypotension"))


# ---------------------------------------------------------------------------------------------------- tocilizumab
def test_neurotoxicity_with_crs_asks_for_tocilizumab_or_siltuximab(neuro):
    said = neuro("""
        hour | ice_score | temperature || N4  | N4s
        0    | 10        | 38.5        || -   | -
        1    | 9         | 38.0        || due | due
        2    | 2         |             || due | due
        """)
    assert said[1]["N4"].dose == 560
    assert said[1]["N4s"].dose == 770


def test_tocilizumab_is_blocked_for_neurotoxicity_without_crs_and_says_why(neuro):
    """Of no use in pure ICANS: a newcomer who looks for it finds the reason."""
    said = neuro("""
        hour | ice_score | temperature || N4      | N4s
        0    | 9         | 37.9        || blocked | blocked
        1    | 2         |             || blocked | blocked
        """)
    assert said[1]["N4"].blocked_by == ("NO-CRS: there is no CRS: tocilizumab is not for neurotoxicity alone, in which it was of no use",)
    assert "chinthapalli2023:specific treatments" in said[1]["N4"].cites


@pytest.mark.parametrize(("sign", "value"), [("temperature", "38.0"), ("systolic_bp", "89"), ("norepinephrine", "5"), ("spo2", "89"),
                                             ("oxygen_device", "low_flow_nasal_cannula")])
def test_each_sign_of_crs_makes_it_concurrent(neuro, sign, value):
    neuro(f"""
        hour | ice_score | {sign}  || N4
        0    | 8         | {value} || due
        """)


def test_fever_hidden_by_a_drug_still_counts_as_crs_for_24_hours(neuro):
    neuro("""
        hour | ice_score | temperature | systolic_bp | spo2 | oxygen_device || N4
        0    | 8         | 38.5        | 120         | 98   | room_air      || due
        1    | 8         | 37          | 120         | 98   | room_air      || due
        24.9 | 8         | 37          | 120         | 98   | room_air      || due
        25.1 | 8         | 37          | 120         | 98   | room_air      || blocked
        """)


def test_liver_toxicity_alone_does_not_make_tocilizumab_a_treatment_of_neurotoxicity(neuro):
    neuro("""
        hour | ice_score | ast || N4
        0    | 8         | 300 || blocked
        """)


def test_a_ventilator_put_down_to_icans_is_no_sign_of_crs(neuro):
    neuro("""
        hour | ice_score | oxygen_device              || N4
        0    | 2         | invasive_ventilation@icans || blocked
        """)


def test_without_a_temperature_it_depends_whether_tocilizumab_may_be_given(neuro):
    said = neuro("""
        hour | ice_score || N4      | N4s
        0    | 8         || depends | depends
        """, left_out=["temperature"])
    assert said[0]["N4"].depends_on == ("temperature",)


def test_tocilizumab_for_neurotoxicity_keeps_its_interval_and_siltuximab_is_given_once(neuro):
    said = neuro("""
        hour | ice_score | temperature | tocilizumab | siltuximab || N4      | N4s
        0    | 8         | 38.5        | 560         | 770        || blocked | blocked
        5.9  | 8         | 38.5        |             |            || blocked | blocked
        6    | 8         | 38.5        |             |            || due     | blocked
        """)
    assert [b.split(":")[0] for b in said[0]["N4"].blocked_by] == ["TOCI-INTERVAL", "SILTUXIMAB-JUST-GIVEN"]


def test_a_reported_grade_of_crs_makes_it_concurrent_where_the_setting_says_so(neuro):
    table = """
        hour | ice_score | reported_crs_grade || N4
        0    | 8         | 2                  || {}
        """
    neuro(table.format("blocked"))
    neuro(table.format("due"), settings={"reported_grade_counts": True})


# ------------------------------------------------------------------------------------------------- corticosteroids
def test_icans_grade_2_asks_for_a_corticosteroid_and_cres_alone_does_not(neuro):
    """The sentence names ICANS, so the grade is that of the ASTCT."""
    neuro("""
        hour | ice_score | cartox10_score || N7  | N15
        0    | 7         | 7              || -   | -
        1    | 7         | 6              || -   | -
        2    | 6         | 6              || due | due
        """)


def test_a_corticosteroid_depends_on_an_ice_score_that_was_not_taken(neuro):
    said = neuro("""
        hour | cartox10_score || N7      | N15
        0    | 6              || depends | depends
        """, left_out=["ice_score"])
    assert said[0]["N7"].depends_on == ("ice_score",)


def test_anakinra_for_icans_is_experimental_and_optional():
    one = rule("paper004/N15")[1]
    assert one.experimental
    assert one.optional


def test_cres_grade_3_asks_for_dexamethasone_10_mg_every_6_hours(neuro):
    said = neuro("""
        hour | cartox10_score | dexamethasone | consciousness || N9.3    | N9.4
        0    | 3              |               | awake         || -       | -
        1    | 2              |               | awake         || due     | -
        2    | 2              | 10            | awake         || blocked | -
        7.9  | 2              |               | awake         || blocked | -
        8    | 2              |               | awake         || due     | -
        9    | 2              |               | unarousable   || -       | due
        """)
    assert said[1]["N9.3"].dose == 10


def test_cres_grade_4_asks_for_methylprednisolone_1_g_a_day(neuro):
    said = neuro("""
        hour | cartox10_score | motor_weakness | methylprednisolone || N9.4
        0    | 8              | none           |                    || -
        1    | 8              | other          |                    || due
        2    | 8              | other          | 1000               || blocked
        25.9 | 8              | other          |                    || blocked
        26   | 8              | other          |                    || due
        """)
    assert said[1]["N9.4"].dose == 1000
    assert "250 mg every 12 h for 2" in said[1]["N9.4"].reading


@pytest.mark.parametrize(("column", "value"), [("cerebral_oedema", "focal"), ("papilloedema_stage", "3"), ("csf_pressure", "20")])
def test_with_oedema_or_high_pressure_methylprednisolone_stands_in_the_chapter_of_pressure(neuro, column, value):
    neuro(f"""
        hour | {column} || N9.4 | P8
        0    | {value}  || -    | due
        """)


def test_the_dose_by_cres_grade_depends_on_the_cartox_10(neuro):
    """An ICE score does not stand in for it."""
    said = neuro("""
        hour | ice_score || N7  | N9.3
        0    | 2         || due | depends
        """, left_out=["cartox10_score"])
    assert "cartox10_score" in said[0]["N9.3"].depends_on
    neuro("""
        hour | ice_score | seizure     || N9.4
        0    | 2         | unspecified || depends
        """)


def test_a_fixed_dose_says_that_it_is_one_for_adults(neuro):
    table = """
        hour | cartox10_score || N9.3
        0    | 2              || due
        """
    assert "dose for adults" in neuro(table, age=17.9)[0]["N9.3"].reason
    assert "dose for adults" not in neuro(table, age=18)[0]["N9.3"].reason


# ------------------------------------------------------------------------------------------ intensive care, imaging
def test_neurotoxicity_of_grade_3_asks_for_intensive_care(neuro):
    neuro("""
        hour | ice_score | cartox10_score || N10
        0    | 3         | 3              || -
        1    | 2         | 3              || due
        2    | 3         | 2              || due
        """)


def test_reduced_consciousness_asks_for_intensive_care_whatever_the_grade(neuro):
    neuro("""
        hour | consciousness || N10
        0    | awake         || -
        1    | voice@icans   || due
        """)


def test_intensive_care_depends_on_the_score(neuro):
    neuro("""
        hour | temperature || N10
        0    | 37          || depends
        """, left_out=UNSCORED)


def test_imaging_is_repeated_when_cres_grade_3_lasts_for_2_days(neuro):
    neuro("""
        hour | cartox10_score || N8
        0    | 2              || -
        12   | 2              ||
        24   | 2              ||
        36   | 2              ||
        47.9 | 2              || -
        48   | 2              || due
        61   |                || depends
        62   | 3              || -
        """, stated={"consciousness": "awake"})


def test_every_fixed_dose_of_the_neurological_chapters_warns_for_children():
    own = [r for c in PROTOCOLS["paper004"].chapters if c.scale.id == "cartox-cres-2018" for r in c.rules]
    fixed = [r for r in own if r.dose is not None and r.dose.amount is not None]
    assert len(fixed) >= 12
    assert [r.code for r in fixed if not any("dose for adults" in words for _, words in r.remarks)] == []


def test_haloperidol_is_blocked_by_a_prolonged_qt_interval(neuro):
    said = neuro("""
        hour | ice_score | agitation | qt_prolongation || N3  | N3h
        0    | 8         | T         |                 || due | due
        1    | 8         | T         | T               || due | blocked
        """)
    assert [b.split(":")[0] for b in said[1]["N3h"].blocked_by] == ["LONG-QT"]


def test_dexamethasone_for_the_brain_is_remarked_on_beside_methylprednisolone_for_crs(neuro):
    said = neuro("""
        hour | cartox10_score | methylprednisolone || N9.3
        0    | 2              |                    || due
        1    | 2              | 1000               || due
        """)
    assert ["one corticosteroid at a time" in said[h]["N9.3"].reason for h in (0, 1)] == [False, True]
