"""Four doors: the same 100 patients read from CLIF, MEDS, OMOP and FHIR agree, and every difference has a reason that holds."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "conformance"
PAGE = FOLDER.parent / "docs" / "four-doors.md"


@pytest.fixture(scope="module")
def results(shared_data):
    """Everything compared, once for all tests."""
    data = [shared_data(f"mimic4demo_{name}") for name in ("clif", "meds", "omop", "fhir")]
    sys.path.insert(0, str(FOLDER))
    try:
        from doors_compared.everything import compare

        yield compare(data[0].parent)
    finally:
        sys.path.remove(str(FOLDER))


def reasons(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame["reason"].value_counts().iter_rows())


def test_the_page_is_what_the_data_say_today(results):
    from doors_compared.page import page

    assert PAGE.read_text(encoding="utf-8") == page(results)


def test_the_page_names_no_patient_and_no_day(results):
    text = PAGE.read_text(encoding="utf-8")
    assert not any(who in text for who in results.doors["clif"].record.patient_ids)
    assert not any(f"{year}-" in text for year in range(2100, 2211))


def test_hour_0_is_the_same_for_all_but_one_who_was_in_a_step_down_unit(results):
    zero = {name: door.zero for name, door in results.doors.items()}
    assert {name: len(zero["clif"].join(other, on=["patient", "zero"])) for name, other in zero.items()} == {"clif": 100, "meds": 99, "omop": 100, "fhir": 99}
    assert list(results.units.values()) == ["Neuro Stepdown"]


def test_vasopressors_run_in_the_same_212_periods_in_clif_meds_and_fhir(results):
    clif, meds, fhir = (results.infusions[name] for name in ("clif", "meds", "fhir"))
    assert clif == meds == fhir
    assert (len(clif), sum(len(spans) for spans in clif.values())) == (75, 212)


def test_rates_are_equal_but_for_the_weight_that_one_form_lacks(results):
    assert (len(results.rates.pairs.same), len(results.rates.left), len(results.rates.right)) == (1653, 0, 0)
    assert reasons(results.rates.other) == {"the same rate per kilogram, another weight": 97}
    assert results.fhir_rates == (1750, 1750)


def test_values_of_clif_and_meds_differ_only_for_reasons_that_hold(results):
    values = results.values
    assert values.unexplained == 0
    assert len(values.pairs.same) == 142_062
    assert reasons(values.left) == {
        "in a hospital stay that MEDS lacks": 9907, "under an item that the mapping leaves out": 875, "MEDS has the event without its number": 68,
        "carried forward by CLIF's makers": 27}
    assert reasons(values.right) == {
        "of an item that CLIF never took": 13_879, "outside hospital stays": 9206, "not filed to the stay": 270, "ventilation told as a procedure": 73,
        "a second reading at one moment": 3}
    assert reasons(values.other) == {
        "rounded": 3190, "a verbal response that could not be tested": 1348, "the same device, classed by CLIF's makers": 219}


def test_the_824_heart_rates_that_only_clif_has_are_of_stays_that_meds_lacks(results):
    left = results.values.left.filter(pl.col("concept") == "heart_rate")
    assert reasons(left) == {"in a hospital stay that MEDS lacks": 824}
    assert not (results.values.right["concept"] == "heart_rate").any()


def test_values_of_meds_and_omop_differ_only_for_reasons_that_hold(results):
    omop = results.omop
    assert omop.unexplained == 0
    assert len(omop.pairs.same) == 154_792
    assert reasons(omop.left) == {"not in the OMOP table": 13_983}
    assert reasons(omop.right) == {"an item that OMOP's concept map calls the same, and ours does not": 1342}
    assert reasons(omop.other) == {"pounds without their unit": 235}


def test_fever_differs_by_other_thermometers_and_by_one_rounded_value(results):
    clif_meds, meds_omop = results.fever_stages["clif, meds"], results.fever_stages["meds, omop"]
    assert [(s.taken, s.hours, s.lower, s.patients) for s in clif_meds] == [
        ("as read", 88.3, 11.0, 5), ("of an item that CLIF never took", 4.0, 4.0, 1), ("rounded", 0, 0, 0)]
    assert [(s.hours, s.lower, s.patients) for s in meds_omop] == [(93.5, 13.0, 13), (0, 0, 0)]
    assert {name: (who, many, round(hours, 1)) for name, (who, many, hours) in results.fever.items()} == {
        "clif": (33, 118, 603.3), "meds": (34, 118, 606.3), "omop": (34, 123, 613.0)}


def test_grades_of_clif_and_meds_are_equal_in_every_hour_once_the_known_differences_are_taken_away(results):
    first, last = results.grades[0], results.grades[-1]
    assert (first.hours, first.lower, first.patients, first.highest) == (2329.0, 647.8, 50, 2)
    assert (last.hours, last.lower, last.patients, last.highest) == (0, 0, 0, 0)
    sure = {stage.taken: stage.lower for stage in results.grades}
    assert sure["the same device, classed by CLIF's makers"] == 0  # the rest is of upper bounds: hour 0, and for whom devices are complete


def test_a_difference_without_a_reason_would_be_seen(results):
    """A temperature that only MEDS has, at a moment of a stay, of an item that CLIF takes: no reason holds."""
    from doors_compared.reasons import UNEXPLAINED, meds_only, pair

    clif, meds = (results.doors[name].events.filter(pl.col("concept") == "temperature") for name in ("clif", "meds"))
    both = pair(clif, meds).same
    without = pair(clif.filter(pl.col("id") != both["id"][0]), meds)
    doors = {**results.doors, "clif": type(results.doors["clif"])(results.doors["clif"].record, clif.filter(pl.col("id") != both["id"][0]),
                                                                  results.doors["clif"].zero, results.doors["clif"].stays)}
    lost = meds_only(without.right, doors, without.same, without.other)
    assert reasons(lost)[UNEXPLAINED] == 1


def test_procedures_and_deaths_are_told_alike(results):
    events = {name: door.events for name, door in results.doors.items()}
    runs = {name: events[name].filter(pl.col("concept").is_in(["oxygen_device", "dialysis"]) & pl.col("until").is_not_null()) for name in ("meds", "fhir")}
    key = ["patient", "concept", "t", "until", "text"]
    assert runs["meds"].select(key).sort(key).equals(runs["fhir"].select(key).sort(key))
    assert len(runs["meds"]) == 93
    assert {name: int((frame["concept"] == "death").sum()) for name, frame in events.items()} == {"clif": 36, "meds": 31, "omop": 15, "fhir": 31}
