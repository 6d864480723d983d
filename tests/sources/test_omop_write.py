"""A record written as OMOP CDM 5.4: it reads back the same, and other tools find what they look for."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from records import assert_same_record, records
from tocsin.errors import SettingError, SourceError
from tocsin.grading import grade
from tocsin.sources import omop
from tocsin.sources.omop_write import TABLES, to_tables
from tocsin.timeline import Timeline

QUICK = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
INFUSION = {"infusion_time": "2021-03-04T10:11:12"}


def course(*rows: dict[str, object], **facts: object) -> Timeline:
    return Timeline.from_rows(rows, [{"patient": "1", **INFUSION, **facts}])


@QUICK
@given(records(("1", "-9007199254740993001", "patient seven")))
def test_what_is_written_reads_back_the_same_with_the_same_grades(timeline: Timeline):
    with tempfile.TemporaryDirectory() as folder:
        omop.write(timeline, Path(folder) / "cdm", [grade(timeline, "astct-crs-2019")])
        got = omop.read(Path(folder) / "cdm")
    assert got.reading.errors == []
    assert_same_record(got, timeline)


@pytest.mark.parametrize("form", ["csv", "parquet", "duckdb"])
def test_every_form_keeps_what_the_data_model_has_no_column_for(tmp_path, form):
    timeline = course(
        {"hour": 24.123456789, "concept": "temperature", "value": 38.5, "note": "core, \"deep\"\nline", "attribution": "crs"},
        {"hour": 24, "hour_latest": 48, "concept": "crp", "value": 5.0, "censored": -1},
        {"hour": 30, "end_hour": 40.5, "concept": "norepinephrine", "value": 5.25}, {"hour": 31, "end_hour": 33, "concept": "phenylephrine", "text": "present"},
        {"hour": 32, "concept": "tocilizumab", "value": 400.0, "text": "IV"}, {"hour": 33, "concept": "tocilizumab", "text": "absent"},
        {"hour": 33, "end_hour": 40, "concept": "oxygen_device", "text": "high_flow_nasal_cannula"},
        {"hour": 41, "concept": "oxygen_device", "text": "room_air"},
        {"hour": 35, "end_hour": 38, "concept": "fever", "text": "present"}, {"hour": 35, "concept": "hypotension", "text": "absent"},
        {"hour": 36, "concept": "il6", "text": "unknown"},
        {"hour": 36, "concept": "neck_swelling", "text": "present", "site": "left", "attribution": "local_crs"},
        {"hour": 37, "concept": "imaging", "text": "a report of more than fifty letters, " * 9}, {"hour": 99, "concept": "death", "text": "present"},
        age_years=45.3, sex="male", weight_kg=70.0, product="tisagenlecleucel", developmental_delay=False, uln_ast=40.0,
    )
    place = tmp_path / f"cdm.{form}"
    omop.write(timeline, place, form=form)
    got = omop.read(place)
    assert got.reading.errors == []
    assert_same_record(got, timeline)


def test_a_record_in_utc_comes_back_in_utc(tmp_path):
    timeline = Timeline.from_rows([{"hour": 1, "concept": "temperature", "value": 38.5}], [{"patient": "1", "infusion_time": "2021-03-28T00:30:00+00:00"}])
    omop.write(timeline, tmp_path / "cdm")
    assert_same_record(omop.read(tmp_path / "cdm"), timeline)


def test_all_times_at_midnight_are_times_in_a_record_that_tocsin_wrote(tmp_path):
    days = [{"hour": 24.0 * n, "concept": "temperature", "value": 38.5} for n in range(3)]
    timeline = Timeline.from_rows(days, [{"patient": "1", "infusion_time": "2021-03-04T00:00:00"}])
    omop.write(timeline, tmp_path / "cdm")
    assert_same_record(omop.read(tmp_path / "cdm"), timeline)


def test_other_tools_find_standard_concepts_units_operators_and_the_rate_in_the_sig():
    tables = to_tables(course(
        {"hour": 1, "concept": "temperature", "value": 38.5}, {"hour": 2, "concept": "crp", "value": 5.0, "censored": -1},
        {"hour": 3, "end_hour": 5, "concept": "norepinephrine", "value": 5.0}, {"hour": 4, "concept": "tocilizumab", "value": 400.0},
        {"hour": 5, "concept": "oxygen_device", "text": "nasal_cannula"}, {"hour": 6, "concept": "fever", "text": "present"}, sex="female"))
    wanted = ["measurement_concept_id", "value_as_number", "unit_concept_id", "operator_concept_id", "measurement_source_value"]
    assert tables["measurement"].select(wanted).rows() == [(3020891, 38.5, 586323, None, "tocsin:temperature"), (3020460, 5.0, 8751, 4171756, "tocsin:crp")]
    assert tables["drug_exposure"].select("drug_concept_id", "quantity", "dose_unit_source_value", "sig").rows() == [
        (1321341, None, None, "rate 5 ug/min"), (40171288, 400.0, "mg", None)]
    assert tables["device_exposure"]["device_concept_id"].to_list() == [4224038]
    assert tables["condition_occurrence"]["condition_concept_id"].to_list() == [437663]
    assert tables["person"]["gender_concept_id"].to_list() == [8532]


def test_a_drug_that_was_not_given_is_no_exposure_and_not_found_by_its_concept():
    tables = to_tables(course({"hour": 1, "concept": "tocilizumab", "text": "absent"}, {"hour": 2, "concept": "norepinephrine", "value": 0.0}))
    assert len(tables["drug_exposure"]) == 0
    named = tables["observation"].filter(pl.col("observation_source_value").is_in(["tocsin:tocilizumab", "tocsin:norepinephrine"]))
    assert named["observation_concept_id"].to_list() == [0, 0]


def test_grades_are_measurements_with_at_least_and_the_range(tmp_path):
    timeline = course({"hour": 1, "concept": "temperature", "value": 38.5})
    omop.write(timeline, tmp_path / "cdm", [grade(timeline, "astct-crs-2019")])
    rows = pl.read_csv(tmp_path / "cdm" / "measurement.csv").filter(pl.col("measurement_source_value") == "tocsin:grade:astct-crs-2019")
    assert rows.select("value_as_number", "value_source_value").row(0) == (1.0, "1 to 4")
    read = omop.read(tmp_path / "cdm")
    assert "grades that Tocsin worked out" in " ".join(note.what for note in read.reading.notes)
    assert len(read.events) == 1


def test_the_tables_are_those_of_the_specification(shared_data):
    spec = pl.read_csv(shared_data("omop_cdm_spec") / "OMOP_CDMv5.4_Field_Level.csv", infer_schema=False)
    tables = to_tables(course({"hour": 1, "concept": "temperature", "value": 38.5, "note": "x"}, age_years=40.0))
    for name, frame in tables.items():
        mine = spec.filter(pl.col("cdmTableName").str.to_lowercase() == name)
        known = set(mine["cdmFieldName"].str.to_lowercase())
        required = set(mine.filter(pl.col("isRequired") == "Yes")["cdmFieldName"].str.to_lowercase())
        assert set(TABLES[name]) <= known, name
        assert required <= set(TABLES[name]), name
        assert all(not frame[column].null_count() for column in required), name
        words = dict(mine.filter(pl.col("cdmDatatype").str.starts_with("varchar(")).select("cdmFieldName", "cdmDatatype").iter_rows())
        for column in set(words) & set(frame.columns):
            most = words[column].removeprefix("varchar(").removesuffix(")")
            assert most == "MAX" or (frame[column].str.len_chars().max() or 0) <= int(most), (name, column)


def test_nothing_is_written_over_what_is_there(tmp_path):
    timeline = course({"hour": 1, "concept": "temperature", "value": 38.5})
    for place in (tmp_path / "cdm", tmp_path / "cdm.duckdb"):
        omop.write(timeline, place)
        with pytest.raises(SourceError, match=r"is not an empty folder|is there already"):
            omop.write(timeline, place)
    with pytest.raises(SettingError, match="form of an OMOP database"):
        omop.write(timeline, tmp_path / "x", form="xlsx")
