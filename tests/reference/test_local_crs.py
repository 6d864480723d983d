"""The woman of paper 001: her local CRS of day 8 in its stage, and every other cause that her doctors looked for."""

from __future__ import annotations

import pytest

from tocsin.cases import read_case
from tocsin.grading import grade
from tocsin.timeline import Timeline

SYSTEMIC, CONFINED, DIFFERENTIAL, NHL = (
    "lcrs-stage-systemic-2021", "lcrs-stage-compartmental-2021", "lcrs-differential-2021", "lcrs-nhl-2023")


@pytest.fixture(scope="module")
def record() -> Timeline:
    return read_case("001")


def on_day(record: Timeline, scale: str, day: float) -> dict[str, object]:
    step = grade(record, scale).at(24.0 * day + 1)
    assert step is not None
    return step


def stage(record: Timeline, scale: str, day: float) -> tuple[object, object]:
    step = on_day(record, scale, day)
    return step["at_least"], step["at_most"]


def test_a_temperature_of_37_5_on_day_0_begins_no_systemic_crs(record):
    assert stage(record, SYSTEMIC, 0)[0] == 0
    assert on_day(record, SYSTEMIC, 0)["because"] == [f"{SYSTEMIC}/BEFORE0"]


def test_on_day_6_fever_and_cytokines_are_the_stage_of_systemic_crs(record):
    """Whether the neck was swollen already, or an organ damaged, is not told."""
    assert stage(record, SYSTEMIC, 6) == (1, 2)
    assumed = record.with_complete(record.complete.assuming("unstated-support-absent", "unstated-organ-toxicity-absent"))
    assert "neck_swelling" in on_day(assumed, SYSTEMIC, 6)["undecided"]


@pytest.mark.parametrize("day", [8, 9, 10, 11])
def test_from_day_8_to_11_the_swollen_neck_is_the_stage_of_local_crs(record, day):
    step = on_day(record, SYSTEMIC, day)
    assert (step["at_least"], step["at_most"]) == (2, 2)
    assert f"{SYSTEMIC}/LOCAL2" in step["because"]
    assert {e["concept"] for e in step["evidence"]} & {"neck_swelling", "facial_oedema", "laryngeal_discomfort"}


def test_on_day_14_the_neck_is_normal_but_nobody_tells_the_temperature(record):
    step = on_day(record, SYSTEMIC, 14)
    assert (step["at_least"], step["at_most"]) == (2, 3)
    assert "temperature" in step["undecided"]


def test_with_the_discharge_on_day_16_she_has_recovered(record):
    assert stage(record, SYSTEMIC, 16) == (3, 3)
    assert f"{SYSTEMIC}/ABATEMENT3" in on_day(record, SYSTEMIC, 16)["because"]


def test_the_model_of_confined_disease_is_not_meant_for_her_leukaemia(record):
    assert f"{CONFINED}/other_model" in on_day(record, CONFINED, 8)["flags"]
    assert f"{SYSTEMIC}/other_model" not in on_day(record, SYSTEMIC, 8)["flags"]


def test_on_day_8_allergy_heart_kidney_liver_and_tumour_are_refuted_and_nothing_supported(record):
    """Eosinophils 0.07, basophils 0.00, BNP 43.4, creatinine 38.4 umol/L, GFR 115, ALT 33; no tumour at the neck before."""
    step = on_day(record, DIFFERENTIAL, 8)
    codes = {code.split("/")[1] for code in step["because"]}
    assert {"ALLERGY0", "HEART0", "KIDNEY0", "LIVER0", "TUMOUR0"} <= codes
    assert not {code for code in codes if code.endswith("1")}
    assert step["at_least"] == 0


def test_on_day_8_infection_and_thrombosis_stay_open_because_the_paper_does_not_rule_them_out(record):
    step = on_day(record, DIFFERENTIAL, 8)
    assert step["at_most"] == 2
    assert set(step["undecided"]) == {"infection", "pulmonary_infection", "venous_thrombosis"}


def test_what_refutes_a_cause_on_day_8_is_named_as_evidence(record):
    evidence = {e["concept"] for e in on_day(record, DIFFERENTIAL, 8)["evidence"]}
    assert {"eosinophils", "basophils", "bnp", "creatinine", "alt"} <= evidence


def test_a_swollen_neck_is_no_tumour_lesion_so_the_lymphoma_table_leaves_its_row_open(record):
    assert {"compression_symptoms", "serous_effusion"} <= set(on_day(record, NHL, 8)["undecided"])
