"""The mapping of MIMIC-IV that comes with Tocsin: every item fits the values, units and texts of the real demonstration data."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from tocsin.errors import VocabularyError
from tocsin.sources.codes import Codes, Item
from tocsin.sources.mapping_file import codes
from tocsin.vocabulary import CONCEPTS, VASOPRESSORS, Kind

SOME_WEIGHT = 80.0  # kg; rates per kilogram are compared with limits that are not


def mapping() -> Codes:
    return codes("mimic-iv")


@cache
def charted(folder: Path) -> pl.DataFrame:
    """Items of the demonstration as MEDS: item id, unit in the code (null for none), how many numbers, their median; rates of infusions."""
    events = pl.scan_parquet(folder / "meds" / "data" / "*" / "*.parquet").filter(pl.col("numeric_value").is_not_null())
    parts = pl.col("code").str.split("//")
    return (
        events.with_columns(
            parts.list.get(0).alias("kind"), parts.list.get(1, null_on_oob=True).alias("item"), parts.list.get(2, null_on_oob=True).alias("unit"))
        .filter(pl.col("kind").is_in(["LAB", "INFUSION_START"]))
        .with_columns(pl.when(~pl.col("unit").is_in(["UNK", " ", ""])).then("unit"))
        .group_by("kind", "item", "unit").agg(pl.len().alias("rows"), pl.col("numeric_value").cast(pl.Float64).median().alias("median"))
        .collect()
    )


def of_map(shared_data) -> list[tuple[str, str, str | None, Item, float, int]]:
    """Kind of event, item id, unit of the rows, what the map says, median and number of rows, for every mapped item with numbers."""
    known = mapping()
    return [
        (row["kind"], row["item"], row["unit"], item, row["median"], row["rows"])
        for row in charted(shared_data("mimic4demo_meds")).iter_rows(named=True)
        if (item := known.item(f"mimic:{row['item']}")) is not None
    ]


def test_units_that_the_rows_tell_are_those_of_the_map(shared_data):
    wrong = []
    seen = 0
    for kind, item, unit, meant, _, rows in of_map(shared_data):
        one = CONCEPTS[meant.concept]
        if kind != "LAB" or unit is None or one.unit is None:
            continue
        seen += rows
        try:
            same = meant.unit is None or one.conversion(unit) == one.conversion(meant.unit)
        except VocabularyError:
            same = False
        if not same and rows > 1:
            wrong.append((item, meant.concept, unit, meant.unit))
    # Troponin, creatinine ... of the demonstration: no row tells another unit than the map.
    assert wrong == []
    assert seen > 150_000


def test_the_median_of_every_mapped_item_is_plausible_in_its_unit(shared_data):
    wrong = []
    tested = set()
    for kind, item, unit, meant, median, rows in of_map(shared_data):
        one = CONCEPTS[meant.concept]
        if one.plausible is None or one.unit is None or (kind == "INFUSION_START") != (one.kind is Kind.INFUSION):
            continue
        value = one.conversion(unit or meant.unit or one.unit).to_canonical(median, SOME_WEIGHT)
        tested.add(item)
        if not one.plausible[0] <= value <= one.plausible[1]:
            wrong.append((item, meant, unit, median, value, rows))
    assert wrong == []
    assert len(tested) > 140


def test_fahrenheit_taken_as_celsius_would_not_pass_this_test():
    temperature = CONCEPTS["temperature"]
    assert temperature.plausible is not None
    assert temperature.conversion("degF").to_canonical(98.4) < temperature.plausible[1] < temperature.conversion("degC").to_canonical(98.4)


def test_vasopressin_per_minute_instead_of_per_hour_would_not_pass_this_test(shared_data):
    (median,) = [m for kind, item, _, _, m, _ in of_map(shared_data) if (kind, item) == ("INFUSION_START", "222315")]
    vasopressin = CONCEPTS["vasopressin"]
    assert vasopressin.plausible is not None
    assert vasopressin.conversion("U/h").to_canonical(median) <= vasopressin.plausible[1] < vasopressin.conversion("U/min").to_canonical(median)


def test_units_of_rates_are_those_of_the_fhir_export_of_the_same_patients(shared_data):
    rates = fhir_rates(shared_data("mimic4demo_fhir"))
    known, wrong, compared = mapping(), [], set()
    for item, unit in rates:
        meant = known.item(f"mimic:{item}")
        if meant is None or CONCEPTS[meant.concept].kind is not Kind.INFUSION:
            continue
        one = CONCEPTS[meant.concept]
        compared.add(meant.concept)
        if meant.unit is None or one.conversion(unit) != one.conversion(meant.unit):
            wrong.append((item, unit, meant))
    assert wrong == []
    assert compared >= {"norepinephrine", "epinephrine", "phenylephrine", "dopamine", "vasopressin", "dobutamine", "milrinone", "propofol"}


def fhir_rates(folder: Path) -> set[tuple[str, str]]:
    """Item id and unit of the rate of each infusion in the FHIR export."""
    import gzip
    import json

    found = set()
    with gzip.open(folder / "MimicMedicationAdministrationICU.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            unit = one["dosage"].get("rateQuantity", {}).get("unit")
            if unit is not None:
                found.add((one["medicationCodeableConcept"]["coding"][0]["code"], unit))
    return found


def test_labels_of_items_are_those_of_the_tables_of_mimic(shared_data):
    """An item whose label speaks of something else would be a slip of one digit."""
    folder = shared_data("mimic_mappings")
    with (folder / "ohdsi__d_items_to_concept.csv").open(encoding="utf-8", newline="") as handle:
        labels = {row["itemid"]: row["label"] for row in csv.DictReader(handle)}
    with (folder / "ohdsi__gcpt_meas_lab_loinc_mod.csv").open(encoding="utf-8", newline="") as handle:
        labels |= {row["concept_code"]: row["concept_name"].replace("|", " | ") for row in csv.DictReader(handle)}
    words = {
        "systolic_bp": "systolic", "diastolic_bp": "diastolic", "mean_arterial_pressure": "mean", "temperature": "temp", "weight": "weight",
        "norepinephrine": "norepinephrine", "epinephrine": "epinephrine", "phenylephrine": "phenylephrine", "vasopressin": "vasopressin",
        "dopamine": "dopamine", "angiotensin_ii": "angiotensin", "ferritin": "ferritin", "creatinine": "creatinine", "platelets": "platelet",
        "lactate": "lact", "sodium": "sodium", "potassium": "potassium", "fibrinogen": "fibrinogen", "albumin": "albumin", "glucose": "glucose",
        "bilirubin_total": "total", "bilirubin_direct": "direct", "troponin_t": "troponin", "troponin_i": "troponin i", "heparin": "heparin",
        "pt": "p", "inr": "inr", "aptt": "ptt", "rass": "richmond", "oxygen_flow": "flow", "fio2": "o", "crp": "c", "propofol": "propofol",
    }
    unknown, wrong = [], []
    for key, item in mapping().items.items():
        if not key.startswith("mimic:"):
            continue
        label = labels.get(key.removeprefix("mimic:"))
        if label is None:
            unknown.append(key)
        elif words.get(item.concept, "").lower() not in label.lower():
            wrong.append((key, item.concept, label))
    assert wrong == []
    assert unknown == []


def test_every_vasopressor_that_mimic_charts_is_mapped():
    mapped = {item.concept for item in mapping().items.values()}
    assert set(VASOPRESSORS) - mapped <= {"metaraminol", "terlipressin"}  # not used in that hospital
    assert "vasopressin" in mapped


@pytest.mark.parametrize("item", ["228299", "220046", "223770", "50825", "227287", "226253"])
def test_a_goal_an_alarm_limit_and_a_set_temperature_are_no_measurement(item):
    assert mapping().item(f"mimic:{item}", "Heart Rate") is None


def test_every_device_text_of_the_demonstration_has_its_value(shared_data):
    events = pl.scan_parquet(shared_data("mimic4demo_meds") / "meds" / "data" / "*" / "*.parquet")
    texts = events.filter(pl.col("code").str.starts_with("LAB//226732"), pl.col("text_value").is_not_null()).collect()["text_value"].unique().to_list()
    assert len(texts) > 10
    assert [text for text in texts if mapping().value("oxygen_device", text) is None] == []


def test_names_of_the_map_are_understood_in_any_case_and_with_any_blanks():
    assert mapping().item("  MIMIC:220045 ") == mapping().item("mimic:220045")
    assert mapping().value("oxygen_device", "bipap  MASK ") == "bipap"
