"""Which format a file or folder is in; one record through every door; options of a reader."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tocsin import read, write
from tocsin.cli import app
from tocsin.errors import SettingError, SourceError
from tocsin.grading import grade
from tocsin.sources import doors
from tocsin.timeline import Timeline

ROWS = [
    {"patient": "7", "hour": 48, "concept": "temperature", "value": 39.2}, {"patient": "7", "hour": 48.5, "concept": "systolic_bp", "value": 84},
    {"patient": "7", "hour": 49, "end_hour": 60, "concept": "norepinephrine", "value": 5}, {"patient": "7", "hour": 50, "concept": "oxygen_device",
     "text": "high_flow_nasal_cannula"}, {"patient": "7", "hour": 50, "concept": "oxygen_flow", "value": 40},
    {"patient": "7", "hour": 51, "concept": "tocilizumab", "value": 400}, {"patient": "7", "hour": 55, "concept": "il6", "value": 5000, "censored": 1},
    {"patient": "7", "hour": 72, "hour_latest": 96, "concept": "ferritin", "value": 12345.678},
]
FACTS = [{"patient": "7", "age_years": 44.0, "sex": "female", "weight_kg": 61.5, "infusion_time": "2024-03-01T10:00:00"}]
CODED = ("clif", "omop", "fhir", "meds", "sdtm")


@pytest.fixture
def record() -> Timeline:
    return Timeline.from_rows(ROWS, FACTS)


@pytest.mark.parametrize("form", ["csv", "tocsin", *CODED])
def test_a_record_is_recognised_in_each_format_and_has_the_same_grades(record: Timeline, form: str, tmp_path: Path):
    place = tmp_path / {"csv": "r.csv", "tocsin": "r.parquet", "fhir": "r.json"}.get(form, form)
    written = write(record, place, form, [] if form in ("csv", "tocsin") else [grade(record, "astct-crs-2019")])
    assert (written.events, written.patients) == (8, 1)
    assert doors.recognise(place) == form
    got = read(place, patients=place.with_name("r-patients.parquet")) if form == "tocsin" else read(place)
    assert got.events.sort("hour", "concept").select("hour", "end_hour", "hour_latest", "concept", "value", "text", "censored").rows() == \
        record.events.sort("hour", "concept").select("hour", "end_hour", "hour_latest", "concept", "value", "text", "censored").rows()
    assert got.patients.select("age_years", "sex", "weight_kg").rows() == [(44.0, "female", 61.5)]
    for scale in ("astct-crs-2019", "lee2014-crs", "cartox-crs-2018"):
        mine, its = (grade(t, scale).frame.select("start_hour", "at_least", "at_most", "because") for t in (record, got))
        assert its.equals(mine)


@pytest.mark.parametrize(("name", "form"), [
    ("dm.xpt", "sdtm"), ("db.duckdb", "omop"), ("a.ndjson.gz", "fhir"), ("a.jsonl", "fhir"), ("a.csv", "csv"), ("a.xlsx", "csv"),
])
def test_a_file_is_recognised_by_its_ending(tmp_path: Path, name: str, form: str):
    (tmp_path / name).write_bytes(b"x")
    assert doors.recognise(tmp_path / name) == form


def test_what_a_json_zip_or_csv_file_is_stands_inside(tmp_path: Path):
    (tmp_path / "vs.json").write_text(json.dumps({"datasetJSONVersion": "1.1.0"}))
    (tmp_path / "b.json").write_text(json.dumps({"resourceType": "Bundle"}))
    (tmp_path / "redcap.csv").write_text("record_id,redcap_event_name\n1,day_0_arm_1\n")
    for name, inside in (("f.zip", "Patient.ndjson"), ("o.zip", "person.csv")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(inside, "x")
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    assert [doors.recognise(tmp_path / n) for n in ("vs.json", "b.json", "redcap.csv", "f.zip", "o.zip")] == ["sdtm", "fhir", "redcap", "fhir", "omop"]
    with pytest.raises(SourceError, match="no zip file"):
        doors.recognise(tmp_path / "bad.zip")


def test_a_database_address_is_omop_and_nothing_is_an_error(tmp_path: Path):
    assert doors.recognise("postgresql://reader@localhost/cdm") == "omop"
    with pytest.raises(SourceError, match="no such file"):
        doors.recognise(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="--format"):
        doors.recognise(tmp_path / "empty")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="no format that is known"):
        doors.recognise(tmp_path / "a.parquet")


def test_a_table_of_patients_tells_hour_0_and_facts(record: Timeline, tmp_path: Path):
    write(record, tmp_path / "meds", "meds")
    (tmp_path / "p.csv").write_text("patient,infusion_time,weight_kg,uln_alt\n7,2024-03-01 08:00,70,55\n")
    got = read(tmp_path / "meds", patients=tmp_path / "p.csv")
    assert got.events["hour"].min() == 50
    assert got.patients.select("weight_kg", "sex", "uln_alt").rows() == [(70.0, "female", 55.0)]


def test_an_option_that_a_format_does_not_have_is_refused_with_those_it_has(record: Timeline, tmp_path: Path):
    write(record, tmp_path / "clif", "clif")
    with pytest.raises(SettingError, match="clif has no option 'schema'"):
        read(tmp_path / "clif", schema="cdm")
    with pytest.raises(SettingError, match="no format 'hl7'"):
        read(tmp_path / "clif", "hl7")
    with pytest.raises(SettingError, match="redcap is read and not written"):
        write(record, tmp_path / "x", "redcap")


def test_a_record_goes_from_csv_to_a_bundle_on_the_command_line_and_keeps_its_grades(record: Timeline, tmp_path: Path):
    write(record, tmp_path / "a.csv", "csv")
    run = CliRunner()
    made = run.invoke(app, ["convert", str(tmp_path / "a.csv"), "-s", "astct-crs-2019", "-o", str(tmp_path / "b.json")], catch_exceptions=False)
    assert made.output.endswith("8 events of 1 patient, as fhir\n")
    graded = [run.invoke(app, ["grade", str(tmp_path / name), "-s", "astct-crs-2019", "--json"], catch_exceptions=False).stdout for name in ("a.csv", "b.json")]
    kept = [[{k: step[k] for k in ("start_hour", "at_least", "at_most", "because")} for step in map(json.loads, text.splitlines())] for text in graded]
    assert kept[0] == kept[1]
    assert len(kept[0]) > 3
    with pytest.raises(SettingError, match="say the format with --to"):
        run.invoke(app, ["convert", str(tmp_path / "a.csv"), "-o", str(tmp_path / "folder")], catch_exceptions=False, standalone_mode=False)
