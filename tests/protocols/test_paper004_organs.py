"""Organ toxicity by class and grade (CTCAE v4.03): each rule names its organ and rests on its own observation."""

from __future__ import annotations

import pytest

CLASSES = ("HEP", "REN", "GI", "SKIN", "PULM")
COLUMNS = {"HEP": "ast", "REN": "creatinine", "GI": "gastrointestinal_toxicity_grade", "SKIN": "skin_toxicity_grade",
           "PULM": "pulmonary_toxicity_grade"}


def test_organ_toxicity_of_grade_2_asks_for_organ_care_and_anti_il6(advise_spec):
    advise_spec("""
        hour | temperature | ast || C2.8    | C2.8t   | C2.8ts  | C3.4t   | C3.4ts  | C3.2
        0    | 38.5        | 120 || not_due | not_due | not_due | not_due | not_due | not_due
        1    |             | 121 || due     | due     | due     | not_due | not_due | not_due
        2    |             | 200 || due     | due     | due     | not_due | not_due | not_due
        3    |             | 201 || due     | due     | due     | due     | due     | due
        """)


def test_organ_care_depends_on_values_that_were_not_measured(advise_spec):
    said = advise_spec("""
        hour | temperature || C2.8    | C2.8t   | C2.8ts  | C3.4t   | C3.4ts
        0    | 38.5        || depends | depends | depends | depends | depends
        """, left_out=["ast"])
    assert "ast" in said[0]["C2.8"].depends_on


def test_anti_il6_for_an_organ_is_blocked_by_the_limits_of_the_drug(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | siltuximab || C3.4t   | C3.4ts
        0    | 38.5        | 300 | T           | T          || blocked | blocked
        6    |             |     |             |            || due     | blocked
        """)


# ------------------------------------------------------------------------------------------- liver and kidney
def test_hepatic_toxicity_goes_by_ast_alt_and_bilirubin(advise_spec):
    """Limits of CTCAE v4.03 at an upper limit of normal of 40 U/L: 40, 120, 200; AST or ALT never make grade 4."""
    said = advise_spec("""
        hour | ast | alt | bilirubin_total || O-HEP1  | O-HEP2  | O-HEP3  | O-HEP4  | O-REN1
        0    | 40  | 40  | 1.2             || not_due | not_due | not_due | not_due | not_due
        1    | 41  |     |                 || due     | not_due | not_due | not_due | not_due
        2    | 120 |     |                 || due     | not_due | not_due | not_due | not_due
        3    | 40  | 121 |                 || due     | due     | not_due | not_due | not_due
        4    |     | 200 |                 || due     | due     | not_due | not_due | not_due
        5    |     | 201 |                 || due     | due     | due     | not_due | not_due
        6    |     | 900 | 12              || due     | due     | due     | not_due | not_due
        7    |     | 40  | 12.1            || due     | due     | due     | due     | not_due
        """)
    assert "alanine aminotransferase 121 U/L" in said[3]["O-HEP2"].reason
    assert said[3]["O-HEP2"].action.startswith("Hepatic toxicity of grade 2 or more")


def test_renal_toxicity_goes_by_creatinine(advise_spec):
    """At an upper limit of normal of 1.2 mg/dL: 1.2, 1.8, 3.6 and 7.2."""
    said = advise_spec("""
        hour | creatinine || O-REN1  | O-REN2  | O-REN3  | O-REN4  | O-HEP1
        0    | 1.2        || not_due | not_due | not_due | not_due | not_due
        1    | 1.21       || due     | not_due | not_due | not_due | not_due
        2    | 1.8        || due     | not_due | not_due | not_due | not_due
        3    | 1.81       || due     | due     | not_due | not_due | not_due
        4    | 3.6        || due     | due     | not_due | not_due | not_due
        5    | 3.61       || due     | due     | due     | not_due | not_due
        6    | 7.2        || due     | due     | due     | not_due | not_due
        7    | 7.21       || due     | due     | due     | due     | not_due
        """, facts={"baseline_creatinine": 1.2})
    assert "creatinine 3.61 mg/dL" in said[5]["O-REN3"].reason


def test_oliguria_is_renal_toxicity_of_grade_3(advise_spec):
    advise_spec("""
        hour | temperature | oliguria || O-REN2  | O-REN3  | O-REN4
        0    | 37          |          || not_due | not_due | not_due
        1    |             | T        || due     | due     | not_due
        """, facts={"baseline_creatinine": 1.0})


@pytest.mark.parametrize("code", ["HEP", "REN"])
def test_liver_and_kidney_depend_on_values_that_were_not_measured(advise_spec, code):
    """Missing is never normal."""
    said = advise_spec(f"""
        hour | temperature || O-{code}1 | O-{code}2 | O-{code}3 | O-{code}4
        0    | 38.5        || depends   | depends   | depends   | depends
        """, left_out=["ast", "bilirubin_total", "creatinine"])
    assert ("bilirubin_total" if code == "HEP" else "creatinine") in said[0][f"O-{code}4"].depends_on


# ------------------------------------------------------------------------------------------- gut, skin and lung
@pytest.mark.parametrize(("code", "concept"), [(c, COLUMNS[c]) for c in ("GI", "SKIN", "PULM")])
def test_gut_skin_and_lung_go_by_the_reported_grade(advise_spec, code, concept):
    said = advise_spec(f"""
        hour | {concept} || O-{code}1 | O-{code}2 | O-{code}3 | O-{code}4
        0    |           || not_due   | not_due   | not_due   | not_due
        1    | 1         || due       | not_due   | not_due   | not_due
        2    | 2         || due       | due       | not_due   | not_due
        3    | 3         || due       | due       | due       | not_due
        4    | 4         || due       | due       | due       | due
        """)
    assert "reported" in said[4][f"O-{code}4"].reason


@pytest.mark.parametrize(("code", "concept"), [(c, COLUMNS[c]) for c in ("GI", "SKIN", "PULM")])
def test_a_reported_grade_that_has_lapsed_leaves_the_class_open(advise_spec, code, concept):
    """A grade is valid for a day; afterwards it may still be so."""
    advise_spec(f"""
        hour | {concept} || O-{code}1 | O-{code}2 | O-{code}3 | O-{code}4
        0    | 4         || due       | due       | due       | due
        30   |           || depends   | depends   | depends   | depends
        """)


@pytest.mark.parametrize(("code", "sign"), [("SKIN", "rash"), ("PULM", "pulmonary_oedema"), ("PULM", "pleural_effusion")])
def test_a_sign_without_a_grade_is_at_least_grade_1_and_leaves_the_rest_open(advise_spec, code, sign):
    advise_spec(f"""
        hour | {sign} || O-{code}1 | O-{code}2 | O-{code}4
        0    |        || not_due   | not_due   | not_due
        1    | T      || due       | depends   | depends
        """)


# ------------------------------------------------------------------------------------------- renal signs of table 1
def test_acidosis_is_treated(advise_spec):
    """An arterial pH below 7.35, or as asserted."""
    said = advise_spec("""
        hour | ph   | acidosis || O-REN5
        0    |      |          || depends
        1    | 7.35 |          || not_due
        2    | 7.34 |          || due
        40   |      | T        || due
        """)
    assert set(said[0]["O-REN5"].depends_on) == {"acidosis", "ph"}


@pytest.mark.parametrize(("concept", "inside", "beyond"), [
    ("potassium", "5.0", "5.1"), ("potassium", "3.5", "3.4"), ("sodium", "145", "146"), ("sodium", "135", "134"), ("calcium_corrected", "10.5", "10.6"),
    ("phosphate", "2.5", "2.4")])
def test_an_electrolyte_imbalance_is_corrected(advise_spec, concept, inside, beyond):
    normal = {"potassium": "4.2", "sodium": "140", "calcium_corrected": "9.5", "magnesium": "2.0", "phosphate": "3.5"}
    said = advise_spec(f"""
        hour | {concept} || O-REN6
        0    | {inside}  || not_due
        1    | {beyond}  || due
        """, stated=normal)
    assert beyond in said[1]["O-REN6"].reason


def test_an_asserted_imbalance_is_corrected_and_electrolytes_that_were_not_measured_leave_it_open(advise_spec):
    said = advise_spec("""
        hour | temperature | hyponatraemia || O-REN6
        0    | 38.5        |               || depends
        1    |             | T             || due
        """)
    assert {"potassium", "sodium", "magnesium", "phosphate"} <= set(said[0]["O-REN6"].depends_on)


def test_dexamethasone_is_an_option_for_organ_toxicity_of_grade_2_once_an_il6_blocker_was_given(advise_spec):
    advise_spec("""
        hour | temperature | ast | tocilizumab | dexamethasone || C2.8d
        0    | 38.5        | 150 |             |               || not_due
        1    |             |     | T           |               || due
        2    |             |     |             | 10            || blocked
        8    |             | 120 |             |               || not_due
        9    |             | 121 |             |               || due
        """)
    advise_spec("""
        hour | temperature | tocilizumab || C2.8d
        0    | 38.5        | T           || depends
        """, left_out=["ast"])
