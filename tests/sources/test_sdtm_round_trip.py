"""SDTM written and read back, in every format; what the files look like to others."""

from __future__ import annotations

import tempfile
from pathlib import Path

import orjson
import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings

from records import assert_same_record, records
from tocsin.errors import SettingError
from tocsin.grading import grade
from tocsin.sources import doors, sdtm, sdtm_codes, sdtm_supp, sdtm_write
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

QUICK = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
LONG = "Words of the source, é, 50 %: \"quoted\"\nand a second line. " * 9
RECORD = Timeline.from_rows(
    [
        {"hour": 0, "concept": "car_t_infusion", "value": 2e6},
        {"hour": 5.123456, "concept": "temperature", "value": 38.7, "attribution": "crs", "note": LONG, "site": "ear"},
        {"hour": 5.5, "hour_latest": 29.5, "concept": "ferritin", "value": 5000, "censored": 1},
        {"hour": 6, "concept": "oxygen_device", "text": "nasal_cannula", "end_hour": 9},
        {"hour": 6.5, "concept": "norepinephrine", "value": 12.25, "end_hour": 9},
        {"hour": 7, "concept": "tocilizumab", "value": 560, "text": "IV once"},
        {"hour": 7.25, "concept": "vasopressin", "text": "absent"},
        {"hour": 7.5, "concept": "dexamethasone", "value": 10, "censored": -1, "text": "at most"},
        {"hour": 8, "concept": "seizure", "text": "brief", "attribution": "icans"},
        {"hour": 8, "concept": "hypotension", "text": "present", "attribution": "infection"},
        {"hour": 8, "concept": "pao2", "value": 1 / 3 + 70}, {"hour": 8, "concept": "ph", "value": 7.31},
        {"hour": 8, "concept": "csf_protein", "value": 71.3}, {"hour": 8, "concept": "inr", "text": "unknown"},
        {"hour": 9, "concept": "reported_crs_grade", "value": 3, "end_hour": 30, "note": "ASTCT 2019"},
        {"hour": 99, "concept": "reported_crs_grade", "value": 0},
        {"hour": 120, "concept": "imaging", "text": LONG.strip()}, {"hour": 121, "concept": "imaging", "text": "NA of the heart"},
        {"hour": 299, "concept": "death", "text": "present", "attribution": "infection"},
    ],
    [{"age_years": 61.37, "sex": "female", "weight_kg": 50.25, "infusion_time": "2019-09-25T10:00:00", "diagnosis": "B-ALL, relapsed " * 20 + "!",
      "uln_ast": 35.0, "product": "tisagenlecleucel"}],
)


def files(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(folder / name, infer_schema=False)


@pytest.mark.parametrize("file_format", sdtm_write.FORMATS)
def test_a_record_with_everything_reads_back_the_same(tmp_path: Path, file_format: str):
    sdtm_write.write(RECORD, tmp_path, [grade(RECORD, "astct-crs-2019")], file_format=file_format)
    got = sdtm.read(tmp_path)
    assert got.reading.errors == []
    assert_same_record(got, RECORD)


@pytest.mark.parametrize("file_format", ["xpt", "json"])
@QUICK
@given(timeline=records())
def test_what_is_written_reads_back_the_same_with_the_same_grades(file_format: str, timeline: Timeline):
    with tempfile.TemporaryDirectory() as folder:
        sdtm_write.write(timeline, folder, [grade(timeline, "astct-crs-2019")], file_format=file_format)
        got = sdtm.read(folder)
    assert got.reading.errors == []
    assert_same_record(got, timeline)


def test_times_in_utc_stay_in_utc(tmp_path: Path):
    timeline = Timeline.from_rows([{"hour": 0, "concept": "car_t_infusion", "text": "present"}, {"hour": 1, "concept": "temperature", "value": 38.5}],
                                  [{"infusion_time": "2019-09-25T08:00:00+00:00"}])
    sdtm_write.write(timeline, tmp_path, file_format="csv")
    got = sdtm.read(tmp_path)
    assert got.patients["infusion_time"].to_list() == ["2019-09-25T08:00:00+00:00"]
    assert files(tmp_path, "vs.csv")["VSDTC"].to_list() == ["2019-09-25T09:00:00Z"]


def test_an_adverse_event_has_the_grade_and_a_computed_episode_is_marked(tmp_path: Path):
    graded = grade(RECORD, "astct-crs-2019")
    sdtm_write.write(RECORD, tmp_path, [graded], file_format="csv")
    ae = files(tmp_path, "ae.csv")
    assert ae["AEDECOD"].unique().to_list() == ["Cytokine release syndrome"]
    assert ae.select("AESTDTC", "AETOXGR").row(0) == ("2019-09-25T19:00:00", "3")
    supp = files(tmp_path, "suppae.csv")
    computed = supp.filter(pl.col("QNAM") == "TCCALC")
    assert computed["IDVARVAL"].to_list() == ["2"]
    assert "ASTCT" in computed["QVAL"][0]
    fa = files(tmp_path, "fa.csv").filter(pl.col("FATESTCD") == "TOXGR")
    assert len(fa) == len(graded)
    reported = sdtm.read(tmp_path).events.filter(concept="reported_crs_grade")
    assert reported["value"].to_list() == [3, 0]


def test_symptoms_of_crs_are_findings_about_it(tmp_path: Path):
    timeline = Timeline.from_rows([{"hour": 2, "concept": "rash", "text": "present", "attribution": "crs"}, {"hour": 3, "concept": "rash", "text": "absent"}])
    sdtm_write.write(timeline, tmp_path, file_format="csv")
    assert files(tmp_path, "fa.csv").select("FATEST", "FAOBJ", "FAORRES").rows() == [
        ("Rash", "CYTOKINE RELEASE SYNDROME", "present"), ("Rash", "NOT STATED", "absent")]


def test_transport_files_keep_the_limits_of_version_5(tmp_path: Path):
    sdtm_write.write(RECORD, tmp_path)
    for path in tmp_path.iterdir():
        frame, about = pyreadstat.read_xport(str(path), output_format="polars")
        assert about.table_name == path.stem.upper()
        assert all(len(name) <= 8 and name == name.upper() for name in frame.columns)
        assert all(len(label) <= 40 for label in about.column_labels)
        for name in frame.columns:
            if frame.schema[name] == pl.String:
                assert (frame[name].str.len_bytes().max() or 0) <= 200
    assert path.read_bytes().startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD")


def test_every_concept_has_a_test_code_of_its_own():
    codes = sdtm_write.test_codes()
    assert set(codes) == set(CONCEPTS)
    ours = [code for concept, code in codes.items() if sdtm_codes.test_of(concept) is None]
    assert len(set(ours)) == len(ours)
    assert not set(ours) & {code for concept, code in codes.items() if sdtm_codes.test_of(concept) is not None}
    assert all(code.isascii() and code.isalnum() and len(code) <= 8 and not code[0].isdigit() for code in codes.values())


def test_dataset_json_has_what_the_standard_requires(tmp_path: Path):
    sdtm_write.write(RECORD, tmp_path, file_format="json")
    about = orjson.loads((tmp_path / "vs.json").read_bytes())
    required = ("datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label", "columns")
    assert [key for key in about if key != "rows"] == list(required)
    assert about["records"] == len(about["rows"]) == 1
    assert all({"itemOID", "name", "label", "dataType"} <= set(column) for column in about["columns"])
    assert all(len(row) == len(about["columns"]) for row in about["rows"])


def test_a_written_folder_is_recognised_and_read_without_saying_what_it_is(tmp_path: Path):
    doors.write(RECORD, tmp_path / "out", "sdtm", [grade(RECORD, "astct-crs-2019")])
    assert doors.recognise(tmp_path / "out") == "sdtm"
    assert_same_record(doors.read(tmp_path / "out"), RECORD)


def test_a_format_that_does_not_exist_is_refused(tmp_path: Path):
    with pytest.raises(SettingError, match="xpt, json, ndjson, csv"):
        sdtm_write.write(RECORD, tmp_path, file_format="sas7bdat")


@QUICK
@given(text=records())
def test_the_pieces_of_a_long_text_are_short_and_keep_no_blank_at_an_end(text: Timeline):
    for note in text.events["note"].drop_nulls():
        long = f" {note} % NA" * 40 + " "
        cut = sdtm_supp.pieces(long)
        assert all(len(piece.encode()) <= 200 and piece == piece.strip(" ") for piece in cut)
        rows = pl.DataFrame({"parent": [1] * len(cut), "QNAM": sdtm_supp.names("TCNOTE", len(cut)), "QVAL": cut}, schema_overrides={"parent": pl.UInt32})
        assert sdtm_supp.own(rows)["TCNOTE"].to_list() == [long]
