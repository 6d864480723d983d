"""OMOP CDM: what each table says, codes by ancestor and by mapping, units by row, what is not told is not made up."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import SettingError, SourceError
from tocsin.sources import omop
from tocsin.sources.codes import Codes, Item
from tocsin.timeline import Timeline

Tables = Mapping[str, Sequence[Mapping[str, object]]]
PERSON = {"person_id": 1, "gender_concept_id": 8507, "year_of_birth": 1960, "month_of_birth": 5, "day_of_birth": 17}
ZERO = "2020-03-01 08:00:00"


def csv_of(rows: Sequence[Mapping[str, object]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join([",".join(names), *(",".join("" if row.get(n) is None else str(row[n]) for n in names) for row in rows)]) + "\n"


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    """A folder of CSV tables; one person unless the test brings its own."""
    def make(**tables: Sequence[Mapping[str, object]]) -> Path:
        folder = tmp_path / "cdm"
        folder.mkdir(exist_ok=True)
        for name, rows in {"person": [PERSON], **tables}.items():
            (folder / f"{name}.csv").write_text(csv_of(rows), encoding="utf-8")
        return folder
    return make


def measured(concept: int, value: object = None, unit: int | None = None, when: str = "2020-03-01 12:30:00", person: object = 1, **more: object) -> dict:
    return {"measurement_id": 1, "person_id": person, "measurement_concept_id": concept, "measurement_date": when[:10], "measurement_datetime": when,
            "value_as_number": value, "unit_concept_id": unit, "operator_concept_id": None, "value_as_concept_id": None, "unit_source_value": None,
            "value_source_value": None, "measurement_source_value": None, **more}


def drug(concept: int, start: str, end: str | None = None, **more: object) -> dict:
    end = end or start
    return {"drug_exposure_id": 1, "person_id": 1, "drug_concept_id": concept, "drug_exposure_start_date": start[:10],
            "drug_exposure_start_datetime": start if len(start) > 10 else None, "drug_exposure_end_date": end[:10],
            "drug_exposure_end_datetime": end if len(end) > 10 else None, "quantity": None, "dose_unit_source_value": None,
            "sig": None, "route_concept_id": None, **more}


def read(folder: Path, **options: object) -> Timeline:
    return omop.read(folder, **{"infusion_time": ZERO, **options})  # type: ignore[arg-type]


def one(record: Timeline, concept: str) -> dict[str, object]:
    rows = record.events.filter(pl.col("concept") == concept)
    assert len(rows) == 1, rows
    return rows.row(0, named=True)


def account(record: Timeline, file: str) -> tuple[int, int, int, int]:
    found = next(f for f in record.reading.files if f.file == file)  # type: ignore[union-attr]
    return found.rows, found.used, found.explained, found.quarantined


# ---------------------------------------------------------------- measurements

def test_a_measurement_is_placed_and_converted_by_the_unit_of_its_row(database):
    rows = [measured(3020891, 101.3, 9289), measured(3020891, 38.2, 586323, "2020-03-01 16:00:00")]
    values = read(database(measurement=rows)).events.filter(pl.col("concept") == "temperature")
    assert values["value"].to_list() == [38.5, 38.2]
    assert values["hour"].to_list() == [4.5, 8.0]


def test_the_operator_says_that_a_value_is_below_or_above(database):
    signs = {4171754: -1, 4171756: -1, 4172703: 0, 4172704: 1, 4171755: 1, None: 0}
    rows = [measured(3020460, 5, 8751, f"2020-03-01 1{n}:00:00", operator_concept_id=operator) for n, operator in enumerate(signs)]
    assert read(database(measurement=rows)).events["censored"].to_list() == list(signs.values())


def test_a_sign_in_the_source_value_counts_where_the_operator_is_not_filled(database):
    rows = [measured(3020460, 5, 8751, value_source_value="<5"), measured(3020460, 5, 8751, "2020-03-01 13:00:00", value_source_value="5")]
    assert read(database(measurement=rows)).events["censored"].to_list() == [-1, 0]


def test_a_unit_concept_that_is_missing_is_told_by_the_source_unit(database):
    rows = [measured(3016723, 88.4, 0, unit_source_value="umol/L")]
    assert one(read(database(measurement=rows)), "creatinine")["value"] == 1.0


def test_the_source_unit_counts_where_only_it_is_a_unit_of_the_concept(database):
    rows = [measured(3024929, 150, 8510, unit_source_value="K/uL")]  # 8510 is "unit"
    assert one(read(database(measurement=rows)), "platelets")["value"] == 150.0


def test_a_unit_that_the_concept_does_not_have_is_quarantined(database):
    record = read(database(measurement=[measured(3020891, 38.0, 8840), measured(3020891, 38.0, 586323, "2020-03-01 13:00:00")]))
    assert account(record, "measurement.csv") == (2, 1, 0, 1)


def test_a_date_without_a_time_may_be_any_time_of_the_day(database):
    rows = [measured(3020460, 5, 8751, "2020-03-02", measurement_datetime=None), measured(3020460, 6, 8751, "2020-03-03 10:00:00")]
    day = read(database(measurement=rows)).events.row(0, named=True)
    assert (day["hour"], day["hour_latest"]) == (16.0, 40.0)


def test_a_column_in_which_every_time_is_midnight_holds_dates(database):
    midnight, later = (measured(3020460, 5, 8751, f"2020-03-0{n} 00:00:00") for n in (2, 3))
    assert read(database(measurement=[midnight, later])).events["hour_latest"].to_list() == [40.0, 64.0]
    later["measurement_datetime"] = "2020-03-03 00:00:01"
    assert read(database(measurement=[midnight, later])).events["hour_latest"].to_list() == [None, None]


def test_negative_64_bit_ids_that_differ_in_the_last_digit_stay_two_people(database):
    ids = ["-9007199254740993001", "-9007199254740993002"]
    rows = [measured(3020891, 38.0 + n, 586323, person=who) for n, who in enumerate(ids)]
    record = read(database(person=[{**PERSON, "person_id": who} for who in ids], measurement=rows))
    assert dict(record.events.select("patient", "value").iter_rows()) == {ids[0]: 38.0, ids[1]: 39.0}


def test_an_id_that_a_spreadsheet_rounded_is_quarantined_and_not_guessed(database):
    record = read(database(measurement=[measured(3020891, 38.0, 586323), measured(3020891, 39.0, 586323, person="8.52E+18")]))
    assert account(record, "measurement.csv") == (2, 1, 0, 1)


def test_an_unknown_concept_is_counted_by_its_code(database):
    record = read(database(measurement=[measured(3020891, 38.0, 586323), measured(999, 1), measured(999, 2)]))
    found = next(f for f in record.reading.files if f.file == "measurement.csv")
    assert dict(found.ignored) == {"omop:999": 2}


def test_a_byte_order_mark_is_no_part_of_a_column_name(database):
    folder = database(measurement=[measured(3020891, 38.0, 586323)])
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert one(read(folder), "temperature")["value"] == 38.0


def test_column_names_may_be_in_capitals(database):
    folder = database(measurement=[measured(3020891, 38.0, 586323)])
    text = (folder / "measurement.csv").read_text()
    head, rest = text.split("\n", 1)
    (folder / "measurement.csv").unlink()
    (folder / "MEASUREMENT.csv").write_text(head.upper() + "\n" + rest)
    assert one(read(folder), "temperature")["value"] == 38.0


# ---------------------------------------------------------------- drugs

def test_a_vasopressor_has_no_rate_and_runs_from_start_to_end(database):
    given = drug(1321341, "2020-03-02 08:00:00", "2020-03-02 20:00:00", quantity=16, dose_unit_source_value="mg")
    row = one(read(database(drug_exposure=[given])), "norepinephrine")
    assert (row["hour"], row["end_hour"], row["value"], row["text"]) == (24.0, 36.0, None, "present")
    assert "quantity 16, mg" in str(row["note"])


@pytest.mark.parametrize(("unit", "quantity", "value"), [("mg", 400, 400.0), ("g", 0.4, 400.0), ("VIAL", 2, None), (None, 2, None)])
def test_an_amount_is_read_only_from_a_unit_of_the_drug(database, unit, quantity, value):
    row = one(read(database(drug_exposure=[drug(40171288, "2020-03-02 08:00:00", quantity=quantity, dose_unit_source_value=unit)])), "tocilizumab")
    assert row["value"] == value
    assert (row["text"] == "present") == (value is None)


def test_the_quantity_of_a_supply_for_weeks_is_no_dose(database):
    row = one(read(database(drug_exposure=[drug(1125315, "2020-03-02", "2020-03-12", quantity=20000, dose_unit_source_value="mg")])), "acetaminophen")
    assert (row["value"], row["hour"], row["hour_latest"], row["end_hour"]) == (None, 16.0, 40.0, 280.0)


def test_the_strength_of_a_product_gives_the_amount_of_its_ingredient(database):
    strength = {"drug_concept_id": 7, "ingredient_concept_id": 1518254, "amount_value": 4, "amount_unit_concept_id": 8576, "numerator_value": None,
                "numerator_unit_concept_id": None, "denominator_value": None, "denominator_unit_concept_id": None}
    ancestor = {"ancestor_concept_id": 1518254, "descendant_concept_id": 7, "min_levels_of_separation": 2}
    row = one(read(database(drug_exposure=[drug(7, "2020-03-02 08:00:00", quantity=2.5, dose_unit_source_value="TAB")], drug_strength=[strength],
                            concept_ancestor=[ancestor])), "dexamethasone")
    assert row["value"] == 10.0


def test_a_steroid_on_the_skin_or_in_the_eye_is_no_steroid_given(database):
    rows = [drug(975125, "2020-03-02 08:00:00", route_concept_id=4263689), drug(1518254, "2020-03-02 09:00:00", route_concept_id=4184451),
            drug(1518254, "2020-03-02 10:00:00", route_concept_id=4171047)]
    record = read(database(drug_exposure=rows))
    assert record.events["hour"].to_list() == [26.0]
    assert account(record, "drug_exposure.csv") == (3, 1, 2, 0)


def test_a_steroid_into_the_spinal_canal_is_its_own_concept(database):
    record = read(database(drug_exposure=[drug(1518254, "2020-03-02 08:00:00", route_concept_id=4217202)]))
    assert record.events["concept"].to_list() == ["intrathecal_dexamethasone"]


def test_a_product_means_its_ingredients_by_the_nearest_ancestors(database):
    ups = [{"ancestor_concept_id": up, "descendant_concept_id": 7, "min_levels_of_separation": 2} for up in (1125315, 1177480, 4)]
    record = read(database(drug_exposure=[drug(7, "2020-03-02 08:00:00")], concept_ancestor=ups))
    assert sorted(record.events["concept"]) == ["acetaminophen", "ibuprofen"]
    assert account(record, "drug_exposure.csv") == (1, 1, 0, 0)


def test_without_ancestors_the_normalised_name_of_a_product_tells_its_ingredients(database):
    concept = {"concept_id": 7, "concept_name": "10 ML acetaminophen 10 MG/ML / ibuprofen 3 MG/ML Injection", "domain_id": "Drug", "vocabulary_id": "RxNorm",
               "concept_code": "x"}
    cream = {**concept, "concept_id": 8, "concept_name": "hydrocortisone 10 MG/ML Topical Cream"}
    record = read(database(drug_exposure=[drug(7, "2020-03-02 08:00:00"), drug(8, "2020-03-02 09:00:00")], concept=[concept, cream]))
    assert sorted(record.events["concept"]) == ["acetaminophen", "ibuprofen"]


def test_a_custom_concept_means_what_it_maps_to(database):
    link = {"concept_id_1": 2000010536, "concept_id_2": 1125315, "relationship_id": "Maps to", "invalid_reason": None}
    other = {**link, "concept_id_1": 2000010537, "relationship_id": "Mapped from"}
    rows = [drug(0, "2020-03-02 08:00:00", drug_source_concept_id=2000010536), drug(0, "2020-03-02 09:00:00", drug_source_concept_id=2000010537)]
    assert read(database(drug_exposure=rows, concept_relationship=[link, other])).events["concept"].to_list() == ["acetaminophen"]


def test_a_concept_unknown_by_id_is_known_by_its_loinc_code_and_its_unit_by_ucum(database):
    concepts = [{"concept_id": 5, "concept_name": "Body temperature", "domain_id": "Measurement", "vocabulary_id": "LOINC", "concept_code": "8310-5"},
                {"concept_id": 6, "concept_name": "that code elsewhere", "domain_id": "Measurement", "vocabulary_id": "Own", "concept_code": "8310-5"},
                {"concept_id": 9, "concept_name": "degree Fahrenheit", "domain_id": "Unit", "vocabulary_id": "UCUM", "concept_code": "[degF]"}]
    record = read(database(measurement=[measured(5, 100.4, 9), measured(6, 100.4, 9)], concept=concepts))
    assert one(record, "temperature")["value"] == 38.0


def test_the_vocabulary_download_with_tabs_is_read(database):
    folder = database(measurement=[measured(5, 38.0, 586323)])
    (folder / "CONCEPT.csv").write_text("concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_code\n5\tTemp \"core\"\tMeasurement\tLOINC\t8310-5\n")
    assert one(read(folder), "temperature")["value"] == 38.0


def test_a_mapping_says_what_a_source_value_is_and_leaves_out_what_it_names(database):
    rows = [measured(0, 7.0, 8845, measurement_source_value="IL6 hs"), measured(3020891, 38.0, 586323, measurement_source_value="set point")]
    export = omop.export(database(measurement=rows), Codes({"il6 HS": Item("il6")}, ignored=frozenset({"set point"})))
    tables = {table.file: table for table in export.tables if len(table.entries)}
    assert tables["measurement.csv"].entries.select("name", "value").rows() == [("IL6 hs", 7.0)]


# ---------------------------------------------------------------- devices, procedures, conditions, death

def test_an_oxygen_device_is_read_with_its_end_and_a_glance_at_it_without(database):
    row = {"device_exposure_id": 1, "person_id": 1, "device_concept_id": 4139525, "device_exposure_start_date": "2020-03-01",
           "device_exposure_start_datetime": "2020-03-01 10:00:00", "device_exposure_end_date": "2020-03-01",
           "device_exposure_end_datetime": "2020-03-01 14:00:00"}
    at = "2020-03-01 20:00:00"
    glance = {**row, "device_concept_id": 4224038, "device_exposure_start_datetime": at, "device_exposure_end_datetime": at}
    record = read(database(device_exposure=[row, glance]))
    assert record.events.select("text", "hour", "end_hour").rows() == [("high_flow_nasal_cannula", 2.0, 6.0), ("nasal_cannula", 12.0, None)]


def test_intubation_dialysis_and_car_t_cells_are_found_among_procedures(database):
    def done(concept: int, source: str, when: str) -> dict:
        return {"procedure_occurrence_id": 1, "person_id": 1, "procedure_concept_id": concept, "procedure_date": when[:10], "procedure_datetime": when,
                "procedure_source_value": source}
    rows = [done(4013354, "x", "2020-03-02 08:00:00"), done(37018292, "y", "2020-03-02 09:00:00"), done(0, "XW033C3", "2020-03-01 08:00:00"),
            done(4180642, "CT", "2020-03-01 08:00:00")]
    record = omop.read(database(procedure_occurrence=rows))
    assert record.events.select("concept", "text", "hour").rows() == [
        ("car_t_infusion", "present", 0.0), ("oxygen_device", "invasive_ventilation", 24.0), ("dialysis", "present", 25.0)]


def condition(concept: int, source: str | None = None, kind: int = 32817, **more: object) -> dict:
    return {"condition_occurrence_id": 1, "person_id": 1, "condition_concept_id": concept, "condition_start_date": "2020-03-02",
            "condition_start_datetime": "2020-03-02 08:00:00", "condition_end_date": "2020-03-04", "condition_end_datetime": "2020-03-04 08:00:00",
            "condition_type_concept_id": kind, "condition_source_value": source, **more}


def test_a_condition_is_present_from_start_to_end_and_a_billed_one_at_some_time_between(database):
    charted = one(read(database(condition_occurrence=[condition(437663)])), "fever")
    assert (charted["hour"], charted["hour_latest"], charted["end_hour"], charted["text"]) == (24.0, None, 72.0, "present")
    billed = one(read(database(condition_occurrence=[condition(437663, kind=32821)])), "fever")
    assert (billed["hour"], billed["hour_latest"], billed["end_hour"]) == (24.0, 72.0, None)


@pytest.mark.parametrize("code", ["D89.833", "d89833"])
def test_a_grade_that_a_diagnosis_code_says_is_a_reported_grade(database, code):
    row = one(read(database(condition_occurrence=[condition(0, code)])), "reported_crs_grade")
    assert row["value"] == 3.0


def test_crs_without_a_grade_in_its_code_says_no_grade(database):
    assert "reported_crs_grade" not in read(database(condition_occurrence=[condition(0, "D89.839"), condition(437663)])).events["concept"].to_list()


def test_death_is_an_event(database):
    row = one(read(database(death=[{"person_id": 1, "death_date": "2020-03-11", "death_datetime": "2020-03-11 08:00:00"}])), "death")
    assert (row["hour"], row["text"]) == (240.0, "present")


@pytest.mark.parametrize(("told", "hours"), [("00:00:00", (232.0, 256.0)), ("00:00:01", (232.0 + 1 / 3600, None))])
def test_a_death_at_midnight_is_known_by_its_day_even_where_others_have_a_time(database, told, hours):
    exact = {"person_id": 2, "death_date": "2020-03-11", "death_datetime": "2020-03-11 08:00:00"}
    folder = database(death=[{"person_id": 1, "death_date": "2020-03-11", "death_datetime": f"2020-03-11 {told}"}, exact])
    row = one(read(folder).of("1"), "death")
    assert (row["hour"], row["hour_latest"]) == (pytest.approx(hours[0]), hours[1])


def test_an_observation_without_a_value_says_that_the_finding_is_there(database):
    row = {"observation_id": 1, "person_id": 1, "observation_concept_id": 437663, "observation_date": "2020-03-02",
           "observation_datetime": "2020-03-02 09:00:00", "value_as_string": None, "value_as_concept_id": None}
    absent = {**row, "observation_datetime": "2020-03-02 10:00:00", "value_as_concept_id": 4132135}
    assert read(database(observation=[row, absent])).events["text"].to_list() == ["present", "absent"]


# ---------------------------------------------------------------- people and stays

def test_age_and_sex_are_those_of_hour_0(database):
    patients = read(database(measurement=[measured(3020891, 38.0, 586323)])).patients.row(0, named=True)
    born = datetime(1960, 5, 17)
    assert patients["age_years"] == pytest.approx((datetime(2020, 3, 1, 8) - born).total_seconds() / 86400 / 365.25, abs=1e-6)
    assert patients["sex"] == "male"


def test_people_may_be_named_by_their_source_value(database):
    folder = database(person=[{**PERSON, "person_source_value": "MRN 7"}], measurement=[measured(3020891, 38.0, 586323)])
    assert read(folder, patient="person_source_value").events["patient"].to_list() == ["MRN 7"]
    with pytest.raises(SettingError, match="person_id or person_source_value"):
        read(folder, patient="mrn")


def test_intensive_care_is_found_by_concept_and_by_what_descends_from_it(database):
    def visit(number: int, concept: int, start: str) -> dict:
        return {"visit_detail_id": number, "person_id": 1, "visit_detail_concept_id": concept, "visit_detail_start_date": start[:10],
                "visit_detail_start_datetime": start, "visit_detail_end_date": "2020-03-09", "visit_detail_end_datetime": "2020-03-09 00:00:01"}
    folder = database(visit_detail=[visit(1, 9202, "2020-01-01 00:00:01"), visit(2, 55, "2020-03-03 06:00:00"), visit(3, 32037, "2020-03-05 06:00:00")],
                      measurement=[measured(3020891, 38.0, 586323, "2020-03-05 08:00:00")],
                      concept_ancestor=[{"ancestor_concept_id": 32037, "descendant_concept_id": 55, "min_levels_of_separation": 1}])
    assert omop.read(folder, anchor="icu_admission").events["hour"].to_list() == [50.0]
    assert omop.read(folder, anchor="icu_admission", index="last").events["hour"].to_list() == [2.0]
    assert omop.read(folder, anchor="icu_admission", icu=[9202]).events["hour"].to_list() == [pytest.approx((64 * 24 + 8) - 1 / 3600)]


# ---------------------------------------------------------------- stores and errors

def test_parquet_zip_and_gzip_say_the_same_as_csv(database, tmp_path):
    folder = database(measurement=[measured(3020891, 38.0, 586323), measured(999, 1)],
                      death=[{"person_id": 1, "death_date": "2020-03-11", "death_datetime": None}])
    expected = read(folder).events.drop("origin")
    parquet, packed = tmp_path / "parquet", tmp_path / "packed"
    for place in (parquet, packed):
        place.mkdir()
    with zipfile.ZipFile(tmp_path / "cdm.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"inner/{file.name}")
            archive.writestr(f"__MACOSX/inner/._{file.name}", b"\0")
            (packed / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
            pl.read_csv(file, try_parse_dates=True).write_parquet(parquet / f"{file.stem}.parquet")
    for place in (parquet, packed, tmp_path / "cdm.zip"):
        assert read(place).events.drop("origin").equals(expected), place


def test_a_table_in_a_folder_of_parts_is_one_table(database, tmp_path):
    folder = database()
    (folder / "measurement").mkdir()
    for n in (1, 2):
        pl.DataFrame([measured(3020891, 37.0 + n, 586323, f"2020-03-01 1{n}:00:00")]).write_parquet(folder / "measurement" / f"part-{n}.parquet")
    record = read(folder)
    assert record.events["value"].to_list() == [38.0, 39.0]
    assert [f.file for f in record.reading.files if "part" in f.file] == ["measurement/part-1.parquet", "measurement/part-2.parquet"]


def test_a_file_may_be_named_for_its_table_and_a_likely_one_is_pointed_out(database):
    folder = database(LABS_measurement=[measured(3020891, 38.0, 586323)], death=[{"person_id": 1, "death_date": "2020-03-11"}])
    assert any("LABS_measurement.csv was not read" in note.what for note in read(folder).reading.notes)
    assert one(read(folder, tables={"measurement": "LABS_measurement.csv"}), "temperature")["value"] == 38.0
    with pytest.raises(SourceError, match=r"there is no file 'x\.csv' for the table measurement"):
        read(folder, tables={"measurement": "x.csv"})


def test_ids_kept_as_floating_point_numbers_beyond_2_to_the_53_are_refused(tmp_path):
    pl.DataFrame({"person_id": [8.527170356523164e18], "gender_concept_id": [8507.0]}).write_parquet(tmp_path / "person.parquet")
    with pytest.raises(SourceError, match="have lost their last digits"):
        read(tmp_path)


def test_what_is_no_database_is_said_to_be_none(tmp_path, database):
    with pytest.raises(SourceError, match="there is no table person"):
        omop.export(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        omop.export(tmp_path / "nothing")
    with pytest.raises(SourceError, match="has no column person_id or no column measurement_concept_id"):
        read(database(measurement=[{"person_id": 1, "value": 2}]))
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(SourceError, match="is no OMOP database"):
        omop.export(tmp_path / "text.txt")


def test_a_zip_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tocsin.sources.omop_store._ALWAYS_UNPACKED", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("person.csv", b"person_id\n" + b"1" * (8 << 20))
    with pytest.raises(SourceError, match="more than 200 times its size"):
        omop.export(tmp_path / "bomb.zip")


def test_a_broken_gzip_is_an_error_with_its_name(database):
    folder = database()
    (folder / "measurement.csv.gz").write_bytes(gzip.compress(csv_of([measured(3020891, 38.0)]).encode())[:-20])
    with pytest.raises(SourceError, match=r"measurement\.csv\.gz"):
        read(folder)


def test_nothing_is_complete_unless_the_user_says_so(database):
    folder = database(drug_exposure=[drug(1321341, "2020-03-02 08:00:00", "2020-03-02 20:00:00")])
    assert not read(folder).complete.covers("vasopressin", "1")
    assert read(folder, complete=["drugs"]).complete.covers("vasopressin", "1")


CELL = st.text("0123456789.-<>eE+/: Tx\"'\n", max_size=12)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=6, max_size=6), min_size=1, max_size=8))
def test_any_rubbish_is_used_explained_or_quarantined_and_never_a_traceback(cells: list[list[str]]):
    columns = ("person_id", "measurement_concept_id", "measurement_date", "measurement_datetime", "value_as_number", "unit_concept_id")
    rows = [dict(zip(columns, row, strict=True)) for row in cells] + [
        {**dict(zip(columns, row, strict=True)), "person_id": "1", "measurement_concept_id": "3020460"} for row in cells]
    rows.append({"person_id": "1", "measurement_concept_id": "3020460", "measurement_date": "2020-03-01", "value_as_number": "5"})
    with tempfile.TemporaryDirectory() as folder:
        pl.DataFrame([PERSON]).write_csv(Path(folder) / "person.csv")
        pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=dict.fromkeys(columns, pl.String)).write_csv(
            Path(folder) / "measurement.csv", quote_style="always")
        record = read(Path(folder))
    rows_in, used, explained, quarantined = account(record, "measurement.csv")
    assert (rows_in, used + explained + quarantined) == (len(rows), len(rows))
    assert used >= 1
