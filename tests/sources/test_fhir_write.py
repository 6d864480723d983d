"""A timeline written as FHIR reads back to the same timeline; grades are Observations with their reasons, episodes AdverseEvents."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal

from records import FACTS, assert_same_record, records
from tocsin.cases import read_case
from tocsin.errors import TimelineError
from tocsin.grading import episodes, grade
from tocsin.sources import fhir
from tocsin.sources.fhir_write import UCUM
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
WALL = "2019-09-25T10:00:00"
COURSE = [
    {"hour": 0.0, "concept": "car_t_infusion", "value": 2e6}, {"hour": 24.0, "concept": "temperature", "value": 39.0, "attribution": "crs"},
    {"hour": 25.0, "concept": "systolic_bp", "value": 80.0}, {"hour": 25.0, "end_hour": 31.0, "concept": "norepinephrine", "value": 6.0},
    {"hour": 26.0, "concept": "oxygen_device", "text": "nasal_cannula"}, {"hour": 30.0, "concept": "oxygen_flow", "value": 3.0},
    {"hour": 60.0, "concept": "temperature", "value": 36.8}, {"hour": 70.0, "concept": "ice_score", "value": 8.0},
]


def record(rows=COURSE, time: str | None = WALL + "+00:00", **facts: object) -> Timeline:
    return Timeline.from_rows(rows, [{"infusion_time": time, **facts}])


def written(timeline: Timeline, path: Path, grades=()) -> list[dict]:
    """The resources in the Bundle."""
    fhir.write(timeline, path, grades)
    return [entry["resource"] for entry in json.loads(path.read_bytes())["entry"]]


@pytest.mark.parametrize("form", ["record.json", "folder"])
@QUICK
@given(records())
def test_what_is_written_reads_back_the_same(form: str, timeline: Timeline):
    with tempfile.TemporaryDirectory() as folder:
        fhir.write(timeline, Path(folder) / form)
        got = fhir.read(Path(folder) / form)
    assert got.reading is not None
    assert got.reading.errors == []
    assert_same_record(got, timeline)
    assert got.complete.by_patient == {}  # what is declared complete is not part of the file


@pytest.mark.parametrize("time", [WALL, WALL + "+00:00"])
def test_a_wall_clock_stays_one_and_a_moment_a_moment(tmp_path, time):
    timeline = record(time=time, **{k: v for k, v in FACTS.items() if k != "infusion_time"})
    fhir.write(timeline, tmp_path / "x.json")
    assert_same_record(fhir.read(tmp_path / "x.json"), timeline)


@pytest.mark.parametrize("case", ["000", "001", "002"])
def test_the_published_cases_read_back_with_their_grades(tmp_path, case):
    timeline = read_case(case)
    fhir.write(timeline, tmp_path / "case", [grade(timeline, "astct-crs-2019")])
    got = fhir.read(tmp_path / "case")
    for scale in ("astct-crs-2019", "lee2014-crs"):
        mine, theirs = (grade(t, scale).frame.select("patient", "at_least", "at_most", "because") for t in (got, timeline))
        assert_frame_equal(mine, theirs)


def test_every_kind_of_field_survives(tmp_path):
    rows = [
        {"hour": 1 / 3, "concept": "il6", "value": 5000.0, "censored": 1, "hour_latest": 24.0, "note": "a; b\nc", "attribution": "crs"},
        {"hour": 2.0, "end_hour": 9.0, "concept": "neck_swelling", "text": "present", "site": "neck, left", "attribution": "local_crs"},
        {"hour": 3.0, "concept": "temperature", "text": "unknown"}, {"hour": 4.0, "concept": "imaging", "text": "CT: no bleeding"},
        {"hour": 5.0, "end_hour": 5.0, "concept": "norepinephrine", "text": "present", "site": "arm"},
        {"hour": 6.0, "concept": "tocilizumab", "text": "absent"},
        {"hour": 7.0, "concept": "tocilizumab", "value": 560.0, "text": "IV", "censored": 1}, {"hour": 8.0, "concept": "inr", "value": 1.1},
        {"hour": 9.0, "concept": "death", "text": "present"}, {"hour": 10.0, "concept": "reported_crs_grade", "value": 3.0},
        {"hour": 11.0, "concept": "anti_tnf", "text": "infliximab 300 mg"}, {"hour": 12.0, "concept": "d_dimer_ddu", "value": 250.0},
        {"hour": 13.0, "concept": "hypotension", "text": "absent"}, {"hour": 14.0, "concept": "oxygen_device", "text": "cpap"},
    ]
    timeline = record(rows, uln_ast=40.0, diagnosis="B-ALL, relapsed", product="CD19 CAR")
    fhir.write(timeline, tmp_path / "x.json")
    assert_same_record(fhir.read(tmp_path / "x.json"), timeline)


def test_names_that_can_be_no_fhir_id_stay_the_names_of_the_patients(tmp_path):
    names = ["10002428/35479615", "Müller, A.", "x" * 80, "plain-1"]
    timeline = Timeline.from_rows([{"patient": n, "hour": 1.0, "concept": "temperature", "value": 38.0} for n in names])
    resources = written(timeline, tmp_path / "x.json")
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", r["id"]) for r in resources)
    assert fhir.read(tmp_path / "x.json").patient_ids == sorted(names)


def test_every_canonical_unit_has_a_ucum_code_that_reads_as_that_unit():
    for concept in CONCEPTS.values():
        if concept.unit is not None:
            assert concept.conversion(UCUM[concept.unit]) == concept.conversion(concept.unit), concept.name


def test_standard_codes_stand_beside_our_own_and_quantities_have_ucum(tmp_path):
    resources = {r["id"]: r for r in written(record(), tmp_path / "x.json")}
    fever = resources["event-1"]
    assert fever["code"]["coding"][0] == {"system": "http://loinc.org", "code": "8310-5"}
    assert fever["valueQuantity"] == {"value": 39.0, "unit": "degC", "system": "http://unitsofmeasure.org", "code": "Cel"}
    assert fever["category"][0]["coding"][0]["code"] == "vital-signs"
    rate = resources["event-3"]
    assert (rate["resourceType"], rate["dosage"]["rateQuantity"]["value"], rate["effectivePeriod"]["end"]) == (
        "MedicationAdministration", 6.0, "2019-09-26T17:00:00+00:00")


def test_grades_point_to_the_observations_that_are_their_reasons(tmp_path):
    timeline = record()
    grades = grade(timeline, "astct-crs-2019")
    resources = written(timeline, tmp_path / "x.json", [grades])
    known = {f"{r['resourceType']}/{r['id']}": r for r in resources}
    mine = [r for r in resources if r["id"].startswith("grade-1-")]
    assert len(mine) == len(grades)
    for one, step in zip(mine, grades.records(), strict=True):
        assert one["code"]["coding"][0] == {"system": "urn:tocsin:scale", "version": "2019", "code": "astct-crs-2019", "display": "CRS, ASTCT consensus 2019"}
        reasons = [r["reference"] for r in one.get("derivedFrom", [])]
        reasons += [e["valueReference"]["reference"] for e in one.get("extension", []) if e["url"] == "urn:tocsin:derived-from"]
        assert {known[r]["code" if r.startswith("O") else "medicationCodeableConcept"]["coding"][-1]["code"] for r in reasons} == {
            e["concept"] for e in step["evidence"]}
        if step["at_least"] == step["at_most"]:
            assert one["valueInteger"] == step["at_least"]
        else:
            assert (one["valueRange"]["low"]["value"], one["valueRange"]["high"]["value"]) == (step["at_least"], step["at_most"])
        assert [e["valueString"] for e in one.get("extension", []) if e["url"] == "urn:tocsin:because"] == step["because"]
    assert all(r["reference"].startswith("Observation/") for one in mine for r in one.get("derivedFrom", []))  # all that R4 allows of these


def test_episodes_of_crs_are_adverse_events_and_none_is_read_back_as_a_report(tmp_path):
    timeline = record()
    crs, easix = grade(timeline, "astct-crs-2019"), grade(timeline, "easix-2017")
    resources = written(timeline, tmp_path / "x.json", [crs, easix])
    (event,) = [r for r in resources if r["resourceType"] == "AdverseEvent"]
    spell = episodes(crs).row(0, named=True)
    assert event["event"]["text"] == "Cytokine release syndrome"
    assert event["date"] == "2019-09-26T10:00:00+00:00"
    top = next(e for e in event["extension"] if e["url"] == "urn:tocsin:maximum-grade")
    low = top.get("valueInteger", top.get("valueRange", {}).get("low", {}).get("value"))
    assert low == spell["max_at_least"]
    got = fhir.read(tmp_path / "x.json")
    assert_same_record(got, timeline)
    told = [n.what for n in got.reading.notes]
    assert any("a grade computed by Tocsin" in t for t in told)
    assert any("an episode computed by Tocsin" in t for t in told)


def test_scores_and_formulas_are_written_as_what_they_are(tmp_path):
    rows = [{"hour": 1.0, "concept": "ldh", "value": 300.0}, {"hour": 1.0, "concept": "creatinine", "value": 1.0},
            {"hour": 1.0, "concept": "platelets", "value": 90.0}]
    timeline = record(rows)
    values = [r.get("valueQuantity") for r in written(timeline, tmp_path / "x.json", [grade(timeline, "easix-2017")]) if r["id"].startswith("grade-")]
    assert any(v and v["value"] == pytest.approx(300 / 90) for v in values)


def test_grades_of_another_timeline_are_refused(tmp_path):
    with pytest.raises(TimelineError, match="another timeline"):
        fhir.write(record(), tmp_path / "x.json", [grade(record(COURSE[:3]), "astct-crs-2019")])


def test_a_folder_holds_one_file_for_each_kind_and_none_of_an_earlier_writing(tmp_path):
    timeline = record()
    fhir.write(timeline, tmp_path, [grade(timeline, "astct-crs-2019")])
    assert {p.name for p in tmp_path.iterdir()} == {"Patient.ndjson", "Observation.ndjson", "MedicationAdministration.ndjson", "AdverseEvent.ndjson"}
    fhir.write(timeline, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"Patient.ndjson", "Observation.ndjson", "MedicationAdministration.ndjson"}


def test_a_bundle_of_nobody_is_json(tmp_path):
    assert written(Timeline.from_rows([]), tmp_path / "x.json") == []
