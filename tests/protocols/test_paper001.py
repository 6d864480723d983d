"""Local CRS by paper 001, one clinical fact a test: what it could be instead, and treatment by confined or systemic disease."""

from __future__ import annotations

from functools import partial

import pytest

from tocsin.cases import read_case
from tocsin.protocols import PROTOCOLS, advise
from tocsin.protocols.audit import audit

TOLD = ("drugs", "devices", "findings", "neurology")
CALM = {"temperature": "37"}
CONFINED, SYSTEMIC = {"disease_extent": "compartmental"}, {"disease_extent": "systemic"}
SWOLLEN = {"neck_swelling": "T"}


@pytest.fixture
def local(advise_spec):
    return partial(advise_spec, protocol="paper001", complete=TOLD, stated=CALM)


# ---------------------------------------------------------------------------------------------- at once
def test_a_swollen_neck_asks_for_monitoring_and_with_dyspnoea_for_oxygen(local):
    local("""
        hour | neck_swelling | dyspnoea || E1  | E2
        0    |               |          || -   | -
        1    | T             |          || -   | due
        2    | T             | T        || due | due
        """)


def test_foreign_body_feeling_in_the_larynx_alone_asks_for_the_airway(local):
    local("""
        hour | laryngeal_discomfort || E1
        0    | T                    || due
        """)


def test_a_record_that_is_silent_on_swellings_leaves_everything_open(advise_spec):
    said = advise_spec("""
        hour | temperature || E1      | E2      | O1      | O2      | O3      | O4      | D1      | D5
        0    | 38.5        || depends | depends | depends | depends | depends | depends | depends | depends
        """, protocol="paper001", facts=SYSTEMIC, left_out=["creatinine"], complete=("drugs", "devices"))
    assert "neck_swelling" in said[0]["E2"].depends_on


def test_dyspnoea_alone_is_no_local_crs(local):
    local("""
        hour | dyspnoea || E1 | E2 | S2 | D1
        0    | T        || -  | -  | -  | due
        """, facts=SYSTEMIC, left_out=["eosinophils"], complete=("drugs", "devices", "neck_swelling", "facial_oedema", "laryngeal_discomfort",
                                                                 "lesion_swelling", "compression_symptoms", "serous_effusion"))


def test_a_swelling_put_down_to_infection_is_not_treated_as_local_crs(local):
    local("""
        hour | neck_swelling || E2 | S2
        0    | T@infection   || -  | -
        """, facts=SYSTEMIC)


# ---------------------------------------------------------------------------------------------- by organ
def test_local_crs_of_the_lung_asks_for_tocilizumab_by_the_consensus(local):
    local("""
        hour | neck_swelling | lung_involvement || O1
        0    |               | T                || -
        1    | T             | T                || due
        """, facts=SYSTEMIC)


def test_tocilizumab_for_the_lung_is_blocked_in_early_local_crs_of_confined_disease_and_after_a_dose(local):
    said = local("""
        hour | temperature | lesion_swelling | lung_involvement | tocilizumab || O1
        0    | 37          | T               | T                |             || blocked
        1    | 38.5        | T               | T                |             || due
        2    |             | T               | T                | 400         || blocked
        9.9  |             | T               | T                |             || blocked
        10   |             | T               | T                |             || due
        """, facts=CONFINED)
    assert said[0]["O1"].blocked_by[0].startswith("TOCI-EARLY")
    assert "counterproductive" in said[0]["O1"].blocked_by[0]
    assert said[2]["O1"].blocked_by[0].startswith("TOCI-INTERVAL")


def test_tocilizumab_for_the_lung_depends_on_an_extent_that_is_not_told(local):
    said = local("""
        hour | lesion_swelling | lung_involvement || O1
        0    | T               | T                || depends
        """)
    assert said[0]["O1"].depends_on == ("disease_extent",)


def test_a_massive_abdominal_lesion_of_grade_2_or_3_asks_for_antibodies_against_tnf(local):
    said = local("""
        hour | temperature | lesion_swelling | compression_symptoms | compression_damage | massive_abdominal_lesion || O2
        0    | 37.9        | T               |                      |                    | T                        || -
        1    | 38          | T               |                      |                    | T                        || due
        2    |             | T               | T                    |                    | T                        || due
        3    |             | T               | T                    | T                  | T                        || -
        """)
    assert said[1]["O2"].experimental
    local("""
        hour | temperature | lesion_swelling || O2
        0    | 38.5        | T               || -
        """)


def test_a_massive_effusion_asks_for_drainage_a_small_one_does_not(local):
    local("""
        hour | serous_effusion | massive_serous_effusion || O3
        0    | T               |                         || -
        1    | T               | T                       || due
        """)


def test_a_tumour_in_the_heart_asks_for_a_cardiologist(local):
    local("""
        hour | lesion_swelling | heart_involvement || O4
        0    | T               |                   || -
        1    | T               | T                 || due
        """)


# ---------------------------------------------------------------------------------------------- what else
OPEN = ["ast", "alt", "bilirubin_total", "creatinine"]
BARE = ("drugs", "devices", "neck_swelling")


def test_each_other_cause_that_nobody_looked_for_is_a_test_that_is_due(local):
    local("""
        hour | neck_swelling || D1  | D2  | D3  | D4  | D5  | D6  | D7
        0    | T             || due | due | due | due | due | due | due
        """, left_out=OPEN, complete=BARE)


def test_a_cause_that_was_looked_for_is_no_longer_due_whatever_was_found(local):
    local("""
        hour | neck_swelling | eosinophils | basophils | bnp   | creatinine | alt || D1  | D2 | D3 | D4
        0    | T             | 0.07        | 0.00      | 43    | 0.43       | 33  || -   | -  | -  | -
        1    | T             | 0.9         |           | 16525 | 3          | 300 || -   | -  | -  | -
        """, left_out=OPEN, complete=BARE)
    local("""
        hour | neck_swelling | infection | venous_thrombosis | tumour_at_site || D5 | D6 | D7
        0    | T             | F         | F                 | F              || -  | -  | -
        1    | T             | T         | T                 | T              || -  | -  | -
        """, left_out=OPEN, complete=BARE)


def test_eosinophils_without_basophils_do_not_rule_out_allergy(local):
    local("""
        hour | neck_swelling | eosinophils | basophils || D1
        0    | T             | 0.07        |           || due
        1    | T             | 0.5         | 0.1       || -
        """, complete=BARE)


def test_a_normal_procalcitonin_does_not_close_the_search_for_infection(local):
    local("""
        hour | neck_swelling | procalcitonin || D5
        0    | T             | 0.5           || due
        1    | T             | 0.51          || -
        """, complete=BARE)


def test_laboratory_values_lapse_after_36_hours(local):
    local("""
        hour | neck_swelling | alt | bnp || D2  | D4
        0    | T for 90      | 33  | 43  || -   | -
        35.9 |               |     |     || -   | -
        36   |               |     |     || due | due
        """, left_out=OPEN, complete=BARE)


def test_nothing_is_looked_for_where_nothing_swells(local):
    local("""
        hour | neck_swelling | dyspnoea || D1 | D2 | D3 | D4 | D5 | D6 | D7
        0    | F             | F        || -  | -  | -  | -  | -  | -  | -
        """, left_out=OPEN)


def test_every_test_depends_on_signs_that_are_not_told(local):
    local("""
        hour | temperature || D1      | D2      | D3      | D4      | D5      | D6      | D7
        0    | 38.5        || depends | depends | depends | depends | depends | depends | depends
        """, left_out=OPEN, complete=("drugs", "devices"))


# ---------------------------------------------------------------------------------------------- confined disease
def test_in_confined_disease_tocilizumab_and_corticosteroids_are_held_back_while_nothing_threatens(local):
    local("""
        hour | lesion_swelling || C1  | C2  | C3 | S1 | S2 | S3
        0    |                 || -   | -   | -  | -  | -  | -
        1    | T               || due | due | -  | -  | -  | -
        """, facts=CONFINED)


@pytest.mark.parametrize("sign", ["dyspnoea", "laryngeal_discomfort", "vital_organ_compression", "adjacent_organ_decompensation",
                                  "compression_damage", "massive_serous_effusion", "threatening_swelling"])
def test_a_threat_to_life_asks_for_a_corticosteroid_in_confined_disease_too(local, sign):
    local(f"""
        hour | lesion_swelling | {sign} || C2 | C3
        0    | T               | T      || -  | due
        """, facts=CONFINED)


def test_tocilizumab_and_corticosteroids_are_held_back_until_systemic_crs_begins(local):
    local("""
        hour | temperature | lesion_swelling || C1  | C2
        0    | 37.9        | T               || due | due
        1    | 38          | T               || -   | -
        2    | 37          | T               || -   | -
        """, facts=CONFINED)


def test_a_setting_holds_tocilizumab_back_for_as_long_as_the_lesion_is_swollen(local):
    local("""
        hour | temperature | lesion_swelling || C1
        0    | 38.5        | T               || due
        1    | 38.5        | F               || -
        """, facts=CONFINED, settings={"tocilizumab_withheld_after_surge": True})


def test_systemic_crs_beside_it_is_referred_to_a_protocol_of_crs(local):
    said = local("""
        hour | temperature | lesion_swelling | dyspnoea || C3
        0    | 38.5        | T               | T        || due
        1    | 37          | T               | T        || due
        """, facts=CONFINED)
    assert "Systemic CRS is there too" in said[0]["C3"].reason
    assert "Systemic CRS is there too" not in said[1]["C3"].reason


def test_another_supported_cause_is_said_beside_the_treatment(local):
    said = local("""
        hour | lesion_swelling | dyspnoea | venous_thrombosis || C3
        0    | T               | T        |                   || due
        1    | T               | T        | T                 || due
        """, facts=CONFINED)
    assert "Another cause" not in said[0]["C3"].reason
    assert "Another cause" in said[1]["C3"].reason


def test_whether_it_threatens_life_depends_on_signs_that_are_not_told(local):
    said = local("""
        hour | lesion_swelling || C2      | C3
        0    | T               || depends | depends
        """, facts=CONFINED, complete=("drugs", "devices"))
    assert "dyspnoea" in said[0]["C3"].depends_on


# ---------------------------------------------------------------------------------------------- systemic disease
def test_in_systemic_disease_tocilizumab_can_be_used_once_systemic_crs_has_been(local):
    said = local("""
        hour | temperature | neck_swelling | tocilizumab || S1      | S2  | C1 | C2 | C3
        0    | 37          | T             |             || -       | -   | -  | -  | -
        1    | 38.5        | T             |             || due     | due | -  | -  | -
        5    | 37          | T             |             || due     | due | -  | -  | -
        6    | 37          | T             | 560         || blocked | due | -  | -  | -
        13.9 | 37          | T             |             || blocked | due | -  | -  | -
        14   | 37          | T             |             || due     | due | -  | -  | -
        """, facts=SYSTEMIC)
    assert said[1]["S1"].dose == 560


def test_tocilizumab_is_given_at_most_three_times_a_day_and_four_times_in_all(local):
    said = local("""
        hour | temperature | neck_swelling | tocilizumab || S1
        0    | 38.5        | T             | 560         ||
        8    |             | T             | 560         ||
        16   |             | T             | 560         || blocked
        23.9 |             | T             |             || blocked
        24   |             | T             | 560         || blocked
        90   |             | T             |             || blocked
        """, facts=SYSTEMIC)
    assert [b.split(":")[0] for b in said[23.9]["S1"].blocked_by] == ["TOCI-INTERVAL", "TOCI-24H"]
    assert [b.split(":")[0] for b in said[90]["S1"].blocked_by] == ["TOCI-TOTAL"]


def test_a_threat_to_life_asks_for_a_corticosteroid_before_any_systemic_crs_and_allows_a_pulse(local):
    local("""
        hour | neck_swelling | dyspnoea || S1 | S2  | S3
        0    | T             |          || -  | -   | -
        1    | T             | T        || -  | due | due
        """, facts=SYSTEMIC)


def test_treatment_depends_on_an_extent_that_is_not_told_and_is_never_guessed(local):
    said = local("""
        hour | temperature | neck_swelling | dyspnoea || C1 | C2 | C3      | S1      | S2      | S3
        0    | 38.5        | T             | T        || -  | -  | depends | depends | depends | depends
        """)
    assert {said[0][c].depends_on for c in ("C3", "S1", "S2", "S3")} == {("disease_extent",)}
    local("""
        hour | lesion_swelling || C1      | C2
        0    | T               || depends | depends
        """)


# ---------------------------------------------------------------------------------------------- the case
def codes(at: float, status: str) -> set[str]:
    return {a.rule.split("/")[1] for a in advise(read_case("001"), "paper001", at=at) if a.status == status}


def test_on_day_8_the_woman_of_paper_001_is_to_have_oxygen_a_corticosteroid_and_a_search_for_infection_and_thrombosis():
    assert codes(192.5, "due") == {"E1", "E2", "D5", "D6", "S2", "S3"}
    assert not codes(192.5, "depends") & {"C1", "C2", "C3"}


def test_when_tocilizumab_may_be_repeated_on_day_8_depends_on_the_hour_of_the_dose_of_day_7():
    one = next(a for a in advise(read_case("001"), "paper001", at=192.5) if a.rule == "paper001/S1")
    assert (one.status, one.depends_on) == ("depends", ("tocilizumab",))


def test_on_day_6_nobody_tells_of_a_swelling_so_local_crs_stays_open():
    assert codes(150, "due") == set()


def test_the_audit_finds_her_corticosteroids_of_day_8_and_9_on_time():
    found = audit(read_case("001"), PROTOCOLS["paper001"])
    steroids = [f for f in found if f.kind == "dose" and f.concept in ("methylprednisolone", "dexamethasone", "corticosteroid")]
    assert steroids
    assert {f.verdict for f in steroids} <= {"on_time", "undecidable"}
    assert not [f for f in found if f.verdict in ("omitted", "not_indicated", "too_soon", "over_maximum")]
