"""OMOP on real and on synthetic databases: every row is counted, and the vitals and laboratory values are there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tocsin.sources import omop
from tocsin.timeline import Timeline

TABLES = {"measurement": "REBUILT_measurement.csv.gz", "concept": "2b_concept.csv.gz", "concept_relationship": "2b_concept_relationship.csv.gz"}


@pytest.fixture(scope="module")
def mimic(shared_data) -> Timeline:
    return omop.read(shared_data("mimic4demo_omop"), tables=TABLES, anchor="icu_admission", patient="person_source_value")


def rows_in(folder: Path, name: str) -> int:
    return int(pl.scan_csv(folder / name, infer_schema=False).select(pl.len()).collect().item())


def test_every_row_of_the_intensive_care_patients_is_accounted_for(mimic, shared_data):
    files = {f.file: f for f in mimic.reading.files}
    assert files["REBUILT_measurement.csv.gz"].rows == 244_467
    for name, found in files.items():
        assert found.rows == rows_in(shared_data("mimic4demo_omop"), name), name
    assert {f"{name}.csv.gz" for name in ("person", "visit_detail", "drug_exposure", "device_exposure", "condition_occurrence", "procedure_occurrence",
                                          "death", "specimen")} <= set(files)


def test_vitals_and_laboratory_values_of_all_patients_are_read(mimic):
    many = dict(mimic.events.group_by("concept").len().iter_rows())
    assert many["heart_rate"] == 13_913  # as in the MEDS form of the same patients
    assert {name: many[name] for name in ("spo2", "temperature", "gcs_eye", "ferritin", "death")} == {
        "spo2": 13_540, "temperature": 4_063, "gcs_eye": 3_274, "ferritin": 76, "death": 15}
    assert mimic.patients["patient"].n_unique() == 100
    assert mimic.patients["age_years"].null_count() == 0


def test_temperatures_in_fahrenheit_and_celsius_become_celsius(mimic):
    found = mimic.events.filter(pl.col("concept") == "temperature")["value"]
    assert (found.min(), found.max()) == (31.1, 40.4)
    assert mimic.events.filter((pl.col("concept") == "temperature") & (pl.col("value") >= 38))["patient"].n_unique() == 34


def test_sodium_potassium_and_glucose_of_whole_blood_are_read_as_those_of_serum(mimic):
    """Items of the blood gas machine, which the mapping of MIMIC calls the same; the numbers are those of the MEDS form."""
    many = dict(mimic.events.group_by("concept").len().iter_rows())
    assert {name: many[name] for name in ("sodium", "potassium", "glucose")} == {"sodium": 3_148, "potassium": 3_322, "glucose": 2_980}


def test_deaths_at_midnight_are_known_by_their_day(mimic):
    assert mimic.events.filter(pl.col("concept") == "death")["hour_latest"].null_count() == 12


def test_ventilation_and_dialysis_come_from_procedures(mimic):
    found = mimic.events.filter(pl.col("concept").is_in(["oxygen_device", "dialysis"])).group_by("text").len()
    assert set(found["text"]) == {"invasive_ventilation", "noninvasive_ventilation", "present"}


def test_no_ventilator_mode_is_made_up_from_a_number(mimic):
    lost = [note for note in mimic.reading.errors if "ventilator_mode cannot be" in note.what]
    assert sum(len(note.rows) for note in lost) == 1_011
    assert "ventilator_mode" not in mimic.events["concept"].to_list()


def test_people_are_signed_64_bit_hashes_digit_by_digit(shared_data):
    folder = shared_data("mimic4demo_omop")
    export = omop.export(folder, tables=TABLES)
    people = pl.read_csv(folder / "person.csv.gz", infer_schema=False)["person_id"]
    assert set(export.people["patient"]) == set(people)
    assert any(who.startswith("-") for who in people)
    seen = {who for table in export.tables for who in table.entries["patient"].drop_nulls().unique()}
    assert seen <= set(people)


def test_every_table_of_the_synthetic_database_reconciles(shared_data):
    path = shared_data("synthea27nj_omop54") / "Synthea27Nj_5.4.zip"
    record = omop.read(path, anchor="first_entry")
    rows = {f.file: f.rows for f in record.reading.files}
    wanted = {"PERSON": 28, "MEASUREMENT": 10_040, "DRUG_EXPOSURE": 883, "VISIT_OCCURRENCE": 1_791, "OBSERVATION": 8_099, "CONDITION_ERA": 469}
    assert {name: rows[f"{name}.csv"] for name in wanted} == wanted
    assert sum(f.quarantined for f in record.reading.files) == 0
    many = dict(record.events.group_by("concept").len().iter_rows())
    assert (many["systolic_bp"], many["acetaminophen"], many["ibuprofen"]) == (726, 73, 16)
    assert record.events.filter(pl.col("concept") == "systolic_bp")["hour_latest"].null_count() == 0  # it knows no times of day


def test_5_3_and_5_4_have_the_columns_that_are_read(shared_data):
    for version in ("5.3", "5.4"):
        spec = pl.read_csv(shared_data("omop_cdm_spec") / f"OMOP_CDMv{version}_Field_Level.csv", infer_schema=False)
        for clinical in omop.CLINICAL:
            known = set(spec.filter(pl.col("cdmTableName").str.to_lowercase() == clinical.table)["cdmFieldName"].str.to_lowercase())
            newer = {"procedure_end_date", "procedure_end_datetime", "value_source_value"}  # procedure and observation, from 5.4 on
            assert set(clinical.wanted) - known <= (newer if version == "5.3" else set()), (version, clinical.table)
