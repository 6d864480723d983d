"""CLIF: what its tables say, where versions and sites differ, and what is written reads back."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from records import assert_same_record, records
from tocsin.errors import SourceError
from tocsin.grading import grade
from tocsin.sources import clif, clif_files, coded
from tocsin.sources.clif_write import DEVICES, LAB_UNITS, MODES
from tocsin.sources.codes import Codes, Item, known_codes
from tocsin.sources.entries import Export, Table
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

QUICK = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ZERO = datetime(2024, 3, 1, 8, tzinfo=UTC)
Rows = Sequence[Mapping[str, object]]
STAY: dict[str, Rows] = {
    "patient": [{"patient_id": "P", "sex_category": "Female", "birth_date": datetime(1964, 3, 1), "death_dttm": None}],
    "hospitalization": [{"patient_id": "P", "hospitalization_id": "H", "admission_dttm": ZERO, "discharge_dttm": ZERO + timedelta(days=9),
                         "age_at_admission": 60}],
}


def at(hours: float) -> datetime:
    return ZERO + timedelta(hours=hours)


def folder(where: Path, suffix: str = ".parquet", prefix: str = "clif_", **tables: Rows) -> Path:
    for name, rows in {**STAY, **tables}.items():
        frame = pl.DataFrame([{"hospitalization_id": "H", **row} if name not in STAY else row for row in rows], infer_schema_length=None)
        path = where / f"{prefix}{name}{suffix}"
        frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(path)
    return where


def export(where: Path, codes: Codes | None = None, **options: str) -> tuple[Export, dict[str, Table]]:
    out = clif.export(where, codes or Codes(), **options)
    return out, {t.file: t for t in out.tables}


def record(where: Path, codes: Codes | None = None, **options: object) -> Timeline:
    codes, chosen = codes or Codes(), coded.settings(**{"anchor": "hospital_admission", **options})
    return coded.timeline(clif.export(where, codes, clock=chosen.clock), codes, chosen)


def said(timeline: Timeline, *columns: str) -> list[tuple[object, ...]]:
    return timeline.events.select(columns or ("hour", "concept", "value", "text")).rows()


# ---------------------------------------------------------------- vitals, labs, assessments

def test_a_vital_sign_has_the_unit_that_its_category_names(tmp_path):
    folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "temp_c", "vital_value": 38.5, "vital_name": "T"},
                             {"recorded_dttm": at(2), "vital_category": "map", "vital_value": 70.0, "vital_name": "M"}])
    _, tables = export(tmp_path)
    assert tables["clif_vitals.parquet"].entries.select("row", "code", "value", "unit").rows() == [
        (1, "clif:temp_c", 38.5, "degC"), (2, "clif:map", 70.0, "mmHg")]


def test_a_temperature_of_99_declared_celsius_is_quarantined_with_the_hint_that_it_fits_fahrenheit(tmp_path):
    folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "temp_c", "vital_value": v} for v in (99.0, 45.1, 45.0)])
    got = record(tmp_path)
    assert said(got, "value") == [(45.0,)]
    assert [note.rows for note in got.reading.errors] == [(1,), (2,)]
    assert "would fit degF" in got.reading.errors[0].fix


def test_a_vital_sign_is_at_the_time_it_was_measured_where_that_is_told(tmp_path):
    folder(tmp_path, vitals=[{"recorded_dttm": at(5), "measured_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0},
                             {"recorded_dttm": at(6), "measured_dttm": None, "vital_category": "spo2", "vital_value": 91.0}])
    assert said(record(tmp_path), "hour", "value") == [(1.0, 90.0), (6.0, 91.0)]


def test_a_result_below_its_limit_is_censored_whether_or_not_its_number_was_parsed_out(tmp_path):
    lab = {"lab_category": "crp", "reference_unit": "mg/L"}
    folder(tmp_path, labs=[{**lab, "lab_collect_dttm": at(1), "lab_value": "<0.6", "lab_value_numeric": None},
                           {**lab, "lab_collect_dttm": at(2), "lab_value": "< 0.6", "lab_value_numeric": 0.6},
                           {**lab, "lab_collect_dttm": at(3), "lab_value": "0.6", "lab_value_numeric": 0.6},
                           {**lab, "lab_collect_dttm": at(4), "lab_value": ">300", "lab_value_numeric": None}])
    assert said(record(tmp_path), "value", "censored") == [(0.6, -1), (0.6, -1), (0.6, 0), (300.0, 1)]


def test_without_a_parsed_number_the_text_of_the_result_is_read(tmp_path):
    """The column lab_value_numeric is optional in 2.1."""
    folder(tmp_path, labs=[{"lab_category": "lactate", "reference_unit": "mmol/L", "lab_collect_dttm": at(1), "lab_value": "2.5"}])
    assert said(record(tmp_path), "concept", "value") == [("lactate", 2.5)]


def test_a_result_that_could_not_be_had_is_explained_and_not_an_error(tmp_path):
    words = ("UNABLE TO REPORT.", "ND .  Not Done, WBC <=0.1.", "___", None, "clotted")
    folder(tmp_path, labs=[{"lab_category": "inr", "lab_collect_dttm": at(1), "lab_value": w, "lab_value_numeric": None} for w in words]
           + [{"lab_category": "inr", "lab_collect_dttm": at(1), "lab_value": "___", "lab_value_numeric": 1.5}])
    got = record(tmp_path)
    assert said(got, "value", "note") == [(1.5, None)]
    count = next(f for f in got.reading.files if f.file == "clif_labs.parquet")
    assert (count.used, count.explained, count.quarantined) == (1, 4, 1)
    assert got.reading.errors[0].rows == (5,)


def test_a_unit_with_a_tab_behind_it_is_the_unit_and_a_ratio_needs_none(tmp_path):
    folder(tmp_path, labs=[{"lab_category": "lymphocytes_absolute", "reference_unit": "10^3/µL\t", "lab_collect_dttm": at(1), "lab_value": "1.2"},
                           {"lab_category": "ph_arterial", "reference_unit": None, "lab_collect_dttm": at(1), "lab_value": "7.2"}])
    got = record(tmp_path)
    assert got.reading.errors == []
    assert said(got, "concept", "value") == [("lymphocytes", 1.2), ("ph", 7.2)]


@pytest.mark.parametrize(("specimen", "used"), [("plasma_blood", 1), ("blood/plasma/serum", 1), (None, 1), ("pleural", 0), ("csf", 0)])
def test_only_results_of_blood_are_results_of_the_patient(tmp_path, specimen, used):
    """Albumin of pleural fluid is not the albumin of the blood."""
    folder(tmp_path, labs=[{"lab_category": "albumin", "lab_collect_dttm": at(1), "lab_value": "2.0", "reference_unit": "g/dL",
                            "lab_specimen_category": specimen, "lab_loinc_code": "1751-7"}])
    table = export(tmp_path)[1]["clif_labs.parquet"]
    assert len(table.entries) == used
    assert sum(table.ignored.values()) == 1 - used


def test_a_result_without_a_time_of_collection_lies_between_order_and_result(tmp_path):
    folder(tmp_path, labs=[{"lab_category": "crp", "lab_order_dttm": at(1), "lab_collect_dttm": None, "lab_result_dttm": at(4), "lab_value": "9",
                            "reference_unit": "mg/L"}])
    assert said(record(tmp_path), "hour", "hour_latest") == [(1.0, 4.0)]


def test_categories_of_both_versions_mean_the_same(tmp_path):
    folder(tmp_path, patient_assessments=[{"recorded_dttm": at(1), "assessment_category": "RASS", "numerical_value": -2.0},
                                          {"recorded_dttm": at(2), "assessment_category": "rass", "numerical_value": -3.0},
                                          {"recorded_dttm": at(3), "assessment_category": "AVPU", "categorical_value": "Voice"}])
    assert said(record(tmp_path), "concept", "value") == [("rass", -2.0), ("rass", -3.0), ("consciousness", None)]


def test_a_verbal_response_of_0_leaves_the_verbal_and_the_total_score_unknown(tmp_path):
    """In data derived from MIMIC the total beside it is 15, although eyes and movement may be 1."""
    parts = {"gcs_eye": 1.0, "gcs_verbal": 0.0, "gcs_motor": 1.0, "gcs_total": 15.0}
    folder(tmp_path, patient_assessments=[{"recorded_dttm": at(1), "assessment_category": c, "numerical_value": v} for c, v in parts.items()]
           + [{"recorded_dttm": at(2), "assessment_category": "gcs_total", "numerical_value": 15.0}])
    got = record(tmp_path)
    assert got.reading.errors == []
    assert said(got, "hour", "concept", "value", "text") == [
        (1.0, "gcs_eye", 1.0, None), (1.0, "gcs_motor", 1.0, None), (1.0, "gcs_total", None, "unknown"), (1.0, "gcs_verbal", None, "unknown"),
        (2.0, "gcs_total", 15.0, None)]


# ---------------------------------------------------------------- respiratory support

@pytest.mark.parametrize(("category", "name", "device"), [
    ("imv", "Endotracheal tube", "invasive_ventilation"), ("IMV", None, "invasive_ventilation"),
    ("imv", "Tracheostomy tube", "invasive_ventilation"),        # the name alone tells no pressure; the site says that it is ventilation
    ("trach_collar", "Tracheostomy tube", "oxygen_unspecified"),
    ("Face Mask", "Venti mask ", "venturi_mask"), ("face_mask", "Non-rebreather", "non_rebreather"), ("face_mask", "Face tent", "face_tent"),
    ("face_mask", "Aerosol-cool", "simple_mask"), ("face_mask", None, "simple_mask"), ("Other", "Venturi Mask", "venturi_mask"),
    ("High Flow NC", "High flow neb", "high_flow_nasal_cannula"), ("hfnc", "HFNC 40 L", "high_flow_nasal_cannula"),
    ("nippv", "Bipap mask ", "bipap"), ("NIPPV", "AVAPS", "noninvasive_ventilation"), ("CPAP", "CPAP mask ", "cpap"),
    ("imv", "Nasal cannula", "invasive_ventilation"),            # name and category contradict each other: the category stands
    ("Room Air", "RA", "room_air"), ("other", "Other", "oxygen_unspecified"), (None, "Nasal cannula", "nasal_cannula"),
])
def test_a_device_is_its_category_made_finer_by_its_name(tmp_path, category, name, device):
    folder(tmp_path, respiratory_support=[{"recorded_dttm": at(1), "device_category": category, "device_name": name}])
    got = record(tmp_path)
    assert got.reading.errors == []
    assert got.events.filter(concept="oxygen_device")["text"].to_list() == [device]


def test_one_row_gives_device_flow_fio2_peep_and_mode_and_a_row_without_a_device_its_settings(tmp_path):
    folder(tmp_path, respiratory_support=[
        {"recorded_dttm": at(1), "device_category": "imv", "device_name": "ETT", "mode_category": "ps_or_cpap", "fio2_set": 0.5, "peep_set": 8.0},
        {"recorded_dttm": at(2), "fio2_set": 45.0, "lpm_set": 30.0}, {"recorded_dttm": at(3)},
    ])
    got = record(tmp_path)
    assert said(got) == [(1.0, "fio2", 0.5, None), (1.0, "oxygen_device", None, "invasive_ventilation"), (1.0, "peep", 8.0, None),
                         (1.0, "ventilator_mode", None, "pressure_support_cpap"), (2.0, "fio2", 0.45, None), (2.0, "oxygen_flow", 30.0, None)]
    count = next(f for f in got.reading.files if "respiratory" in f.file)
    assert (count.rows, count.used, count.explained) == (3, 2, 1)


def test_every_mode_and_device_that_is_written_reads_as_itself(tmp_path):
    rows = [{"recorded_dttm": at(i), "device_category": c, "device_name": d, "mode_category": None} for i, (d, c) in enumerate(DEVICES.items())]
    rows += [{"recorded_dttm": at(i), "device_category": None, "device_name": None, "mode_category": c} for i, c in enumerate(MODES.values())]
    got = record(folder(tmp_path, respiratory_support=rows))
    assert got.events.filter(concept="oxygen_device")["text"].to_list() == list(DEVICES)
    assert set(DEVICES) == set(CONCEPTS["oxygen_device"].values)
    assert got.events.filter(concept="ventilator_mode")["text"].to_list() == list(MODES)
    assert set(MODES) == set(CONCEPTS["ventilator_mode"].values)


def test_a_hospitals_own_device_stands_before_category_and_name(tmp_path):
    folder(tmp_path, respiratory_support=[{"recorded_dttm": at(1), "device_category": "Other", "device_name": "OxyMask"}])
    codes = Codes(values={"oxygen_device": {"oxymask": "simple_mask"}})
    assert said(record(tmp_path, codes), "text") == [("simple_mask",)]


# ---------------------------------------------------------------- medication

def infusion(hours: float, action: str | None, dose: float | None, order: str = "1", **more: object) -> dict[str, object]:
    return {"admin_dttm": at(hours), "mar_action_category": action, "med_dose": dose, "med_order_id": order, "med_category": "vasopressin",
            "med_dose_unit": "units/min", **more}


def runs(timeline: Timeline) -> list[tuple[object, ...]]:
    return timeline.events.filter(concept="vasopressin").select("hour", "end_hour", "value").rows()


def test_steps_of_one_order_are_intervals_and_going_and_verify_tell_the_rate(tmp_path):
    got = record(folder(tmp_path, medication_admin_continuous=[
        infusion(1, "start", 0.02), infusion(2, "dose_change", 0.04), infusion(3, "going", 0.04), infusion(4, "verify", 0.03), infusion(5, "stop", 0.0)]))
    assert runs(got) == [(1.0, 2.0, 0.02), (2.0, 3.0, 0.04), (3.0, 4.0, 0.04), (4.0, 5.0, 0.03)]


def test_an_infusion_that_goes_on_without_a_rate_keeps_its_rate(tmp_path):
    got = record(folder(tmp_path, medication_admin_continuous=[infusion(1, "start", 0.02), infusion(2, "going", None), infusion(3, "stop", None)]))
    assert runs(got) == [(1.0, 3.0, 0.02)]
    assert any("the rate before holds" in n.what for n in got.reading.notes)


def test_a_new_bag_is_an_order_of_its_own_and_leaves_no_gap(tmp_path):
    got = record(folder(tmp_path, medication_admin_continuous=[
        infusion(1, "start", 0.02), infusion(4, "stop", 0.0), infusion(4, "start", 0.03, "2"), infusion(6, "stop", 0.0, "2")]))
    assert runs(got) == [(1.0, 4.0, 0.02), (4.0, 6.0, 0.03)]


@pytest.mark.parametrize(("name", "dose", "action"), [
    ("Paused", 0.0, "stop"), ("Infusion stopped per MD order", None, "stop"), ("Held", 0.02, "stop"), ("[Restarted]", 0.02, "start"),
    ("Rate change", 0.02, "change"), ("MAR unhold", 0.02, "start"), ("noted", 0.0, "stop"), ("noted", None, None),
])
def test_where_a_site_left_the_action_empty_its_name_and_the_dose_tell_it(tmp_path, name, dose, action):
    folder(tmp_path, medication_admin_continuous=[infusion(1, None, dose, mar_action_name=name), infusion(2, "other", dose, mar_action_name=name)])
    table = export(tmp_path)[1]["clif_medication_admin_continuous.parquet"]
    assert table.entries["action"].to_list() == ([action] * 2 if action else [])
    assert sum(table.explained.values()) == (0 if action else 2)


def test_a_rate_in_single_precision_is_the_decimal_that_was_written(tmp_path):
    folder(tmp_path, medication_admin_continuous=[infusion(1, "start", 0.1)])
    path = tmp_path / "clif_medication_admin_continuous.parquet"
    pl.read_parquet(path).with_columns(pl.col("med_dose").cast(pl.Float32)).write_parquet(path)
    assert export(tmp_path)[1][path.name].entries["value"].to_list() == [0.1]


def test_an_inhaled_vasopressor_is_no_infusion_and_albumin_that_is_infused_is_no_laboratory_value(tmp_path):
    folder(tmp_path, medication_admin_continuous=[
        infusion(1, "start", 0.1, med_category="epinephrine", med_route_category="inhaled"), infusion(1, "start", 5.0, med_category="albumin"),
        infusion(1, "start", 2.0, med_category="magnesium")])
    table = export(tmp_path)[1]["clif_medication_admin_continuous.parquet"]
    assert len(table.entries) == 0
    assert set(table.ignored) == {"clif:med_category=epinephrine@inhaled", "clif:med_category=albumin", "clif:med_category=magnesium"}


def test_infusions_and_devices_are_complete_for_those_who_have_any_such_row(tmp_path):
    stay = {"patient_id": "Q", "hospitalization_id": "K", "admission_dttm": ZERO, "discharge_dttm": None, "age_at_admission": 50}
    folder(tmp_path, hospitalization=[*STAY["hospitalization"], stay], vitals=[{"recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0}],
           medication_admin_continuous=[infusion(1, "start", 5.0, med_category="insulin")])
    complete = record(tmp_path).complete
    assert complete.covers("norepinephrine", "P")
    assert not complete.covers("norepinephrine", "Q")
    assert not complete.covers("tocilizumab", "P")
    assert not complete.covers("oxygen_device", "P")


def dose(category: str, amount: float | None, unit: str | None, action: str = "given", **more: object) -> dict[str, object]:
    return {"admin_dttm": at(1), "med_category": category, "med_dose": amount, "med_dose_unit": unit, "mar_action_category": action, **more}


def test_doses_given_and_not_given(tmp_path):
    got = record(folder(tmp_path, medication_admin_intermittent=[
        dose("tocilizumab", 400.0, "mg"), dose("dexamethasone", 10.0, "mg", "not_given"), dose("heparin", 1.0, "dose"),
        dose("acetaminophen", 650.0, "mg", "other"), dose("anakinra", 100.0, "mg", "bolus")]))
    assert said(got, "concept", "value", "text") == [("anakinra", 100.0, None), ("heparin", None, "1 dose"), ("tocilizumab", 400.0, None)]


def test_a_bolus_of_an_infused_drug_does_not_run_on(tmp_path):
    got = record(folder(tmp_path, medication_admin_intermittent=[dose("phenylephrine", 100.0, "mcg")]))
    assert said(got, "concept", "hour", "end_hour", "value", "text") == [("phenylephrine", 1.0, 1.0, None, "100 mcg")]


def test_an_antibacterial_is_an_antibiotic_by_name_and_an_antiviral_is_none(tmp_path):
    group = {"med_group": "CMS_sepsis_qualifying_antibiotics"}
    got = record(folder(tmp_path, medication_admin_intermittent=[dose("cefepime", 2.0, "grams", **group), dose("acyclovir", 400.0, "mg", **group),
                                                                 dose("fluconazole", 400.0, "mg", **group)]))
    assert said(got, "concept", "text", "note") == [("antibiotic", "cefepime", "2 grams")]


def test_a_car_t_product_is_the_infusion_and_hour_0(tmp_path):
    got = record(folder(tmp_path, medication_admin_intermittent=[dose("axicabtagene ciloleucel", 2e6, "cells/kg", med_route_category="iv")],
                        vitals=[{"recorded_dttm": at(25), "vital_category": "temp_c", "vital_value": 38.5}]), anchor="car_t_infusion")
    assert said(got, "hour", "concept") == [(0.0, "car_t_infusion"), (24.0, "temperature")]


# ---------------------------------------------------------------- people, stays, other tables

def test_age_sex_and_death(tmp_path):
    dead = [{**STAY["patient"][0], "death_dttm": at(50.5)}]
    got = record(folder(tmp_path, patient=dead))
    assert said(got, "hour", "concept", "text") == [(50.5, "death", "present")]
    assert got.patients.select("sex", pl.col("age_years").round(2)).row(0) == ("female", 60.0)


def test_one_clock_time_that_many_deaths_share_is_the_midnight_of_a_date(tmp_path):
    """Deaths at 05:00 UTC are dates of a place five hours behind: the hour is not known."""
    times = [at(24 * d - 3) for d in range(1, 5)] + [at(30.25)]
    people = [{"patient_id": f"P{i}", "death_dttm": t} for i, t in enumerate(times)]
    stays = [{"patient_id": f"P{i}", "hospitalization_id": f"H{i}", "admission_dttm": ZERO} for i in range(5)]
    got = record(folder(tmp_path, patient=people, hospitalization=stays))
    assert said(got, "patient", "hour", "hour_latest") == [*((f"P{i}", 24.0 * (i + 1) - 3, 24.0 * (i + 2) - 3) for i in range(4)), ("P4", 30.25, None)]


def test_rows_of_intensive_care_without_a_gap_are_one_stay(tmp_path):
    def place(start: float, end: float | None, what: str = "icu") -> dict[str, object]:
        return {"in_dttm": at(start), "out_dttm": None if end is None else at(end), "location_category": what}

    folder(tmp_path, adt=[place(20, 30, "ICU"), place(0, 5, "ward"), place(10, 20), place(5, 10), place(30.5, 40), place(60, None), place(70, 80)])
    stays = export(tmp_path)[0].stays.filter(kind="icu").select("stay", "start", "end").rows()
    bare = [t.replace(tzinfo=None) for t in (at(5), at(30), at(30.5), at(40), at(60))]
    assert stays == [("H-icu1", bare[0], bare[1]), ("H-icu2", bare[2], bare[3]), ("H-icu3", bare[4], None)]


def test_each_icu_stay_can_be_a_record_of_its_own(tmp_path):
    folder(tmp_path, adt=[{"in_dttm": at(h), "out_dttm": at(h + 10), "location_category": "icu"} for h in (0, 50)],
           vitals=[{"recorded_dttm": at(h), "vital_category": "spo2", "vital_value": 90.0 + h / 10} for h in (1, 30, 52)])
    got = record(tmp_path, anchor="icu_admission", by="stay")
    assert said(got, "patient", "hour", "value") == [("P/H-icu1", 1.0, 90.1), ("P/H-icu2", 2.0, 95.2)]


def test_a_stay_of_two_patients_is_refused(tmp_path):
    other = {**STAY["hospitalization"][0], "patient_id": "Q"}
    with pytest.raises(SourceError, match="H belongs to two patients"):
        record(folder(tmp_path, hospitalization=[*STAY["hospitalization"], other]))


def test_rows_of_an_unknown_stay_are_quarantined_and_without_stays_each_is_a_patient(tmp_path):
    rows = [{"hospitalization_id": "lost", "recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0},
            {"hospitalization_id": "H", "recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 91.0}]
    got = record(folder(tmp_path, vitals=rows))
    assert [n.rows for n in got.reading.errors] == [(1,)]
    assert said(got, "value") == [(91.0,)]
    (tmp_path / "clif_hospitalization.parquet").unlink()
    (tmp_path / "clif_patient.parquet").unlink()
    got = record(tmp_path, anchor="first_entry")
    assert got.patient_ids == ["H", "lost"]
    assert any("taken as a patient of its own" in n.what for n in got.reading.notes)


def test_haemofiltration_and_transfusions(tmp_path):
    got = record(folder(
        tmp_path, crrt_therapy=[{"recorded_dttm": at(1), "crrt_mode_category": "cvvhdf", "blood_flow_rate": 200.0},
                                {"recorded_dttm": at(2), "crrt_mode_category": None, "blood_flow_rate": 0.0}],
        transfusion=[{"transfusion_start_dttm": at(3), "transfusion_end_dttm": at(4), "component_category": "plasma", "volume_transfused": 250.0,
                      "volume_unit": "mL"}]))
    assert said(got, "hour", "end_hour", "concept", "value", "text") == [(1.0, None, "dialysis", None, "present"),
                                                                        (3.0, 4.0, "fresh_frozen_plasma", 250.0, None)]


def test_tables_that_nobody_asks_for_are_counted_and_unknown_files_are_said(tmp_path):
    folder(tmp_path, position=[{"recorded_dttm": at(1), "position_category": "prone"}], gardens=[{"rose": 1}],
           patient_procedures=[{"procedure_code": "5A1955Z", "procedure_code_format": "ICD10PCS", "procedure_billed_dttm": at(1)}])
    (tmp_path / "notes.txt").write_text("hello")
    out, tables = export(tmp_path)
    assert tables["clif_position.parquet"].ignored == {"clif:position_category=prone": 1}
    assert tables["clif_patient_procedures.parquet"].ignored == {"icd10pcs:5A1955Z": 1}
    assert tables["clif_gardens.parquet"].ignored == {"table gardens": 1}
    assert any("clif_gardens.parquet" in t for t in out.told)
    assert any("notes.txt" in t for t in out.told)


def test_a_mapping_gives_meaning_to_names_and_codes_that_clif_leaves_out(tmp_path):
    folder(tmp_path, patient_procedures=[{"procedure_code": "90935", "procedure_code_format": "CPT", "procedure_billed_dttm": at(1)}],
           labs=[{"lab_category": "other", "lab_name": "IL-10 serum", "lab_collect_dttm": at(2), "lab_value": "7", "reference_unit": "pg/mL"}])
    codes = Codes({"cpt:90935": Item("dialysis", text="present"), "IL-10 serum": Item("il10")})
    assert said(record(tmp_path, codes)) == [(1.0, "dialysis", None, "present"), (2.0, "il10", 7.0, None)]


def test_the_folder_is_read_with_a_mapping_file_and_options(tmp_path):
    folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "other", "vital_name": "Core temp", "vital_value": 101.3}])
    mapping = tmp_path / "hospital.toml"
    mapping.write_text('[items]\n"Core temp" = { concept = "temperature", unit = "degF" }\n')
    got = clif.read(tmp_path, mapping=mapping, anchor="hospital_admission", complete=["drugs"])
    assert said(got, "hour", "concept", "value") == [(1.0, "temperature", 38.5)]
    assert got.complete.covers("tocilizumab", "P")


# ---------------------------------------------------------------- files and times

VITALS: Rows = [{"recorded_dttm": at(1), "vital_category": "temp_c", "vital_value": 38.5, "vital_name": " Temp "},
                {"recorded_dttm": at(2.5), "vital_category": "heart_rate", "vital_value": 110.0, "vital_name": None}]


@pytest.mark.parametrize("prefix", ["clif_", "", "CLIF_"])
def test_csv_with_or_without_a_prefix_is_read_as_parquet_is(tmp_path, prefix):
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    tables: dict[str, Rows] = {"vitals": VITALS, "medication_admin_continuous": [infusion(1, "start", 0.02), infusion(3, "stop", 0.0)]}
    binary, text = record(folder(one, **tables)), record(folder(two, ".csv", prefix, **tables))
    assert said(binary, "patient", "hour", "end_hour", "concept", "value") == said(text, "patient", "hour", "end_hour", "concept", "value")
    assert binary.events["origin"].to_list()[0] == "clif_vitals.parquet:1" or "medication" in binary.events["origin"][0]
    assert {o.rpartition(":")[2] for o in text.events["origin"]} == {"2", "3"}  # row 1 of a CSV file is its header


def test_a_table_in_pieces_is_the_table(tmp_path, monkeypatch):
    rows = [{"recorded_dttm": at(i), "vital_category": "spo2" if i % 3 else "unknown", "vital_value": 90.0 + i / 10} for i in range(10)]
    whole = record(folder(tmp_path, vitals=rows))
    monkeypatch.setattr(clif_files, "PIECE", 3)
    cut = record(tmp_path)
    assert said(cut, "hour", "value", "origin") == said(whole, "hour", "value", "origin")
    assert cut.reading.files == whole.reading.files


def test_offsets_are_moments_and_on_the_wall_they_are_dropped(tmp_path):
    stays = [{"patient_id": "P", "hospitalization_id": "H", "admission_dttm": "2024-03-10 00:00:00-06:00"}]
    folder(tmp_path, ".csv", hospitalization=stays, vitals=[{"recorded_dttm": "2024-03-10 06:00:00-05:00", "vital_category": "spo2", "vital_value": 90.0}])
    assert said(record(tmp_path), "hour") == [(5.0,)]
    assert said(record(tmp_path, clock="wall"), "hour") == [(6.0,)]


def test_times_without_a_zone_are_said_to_break_the_format_and_taken_as_one_place(tmp_path):
    stays = [{"patient_id": "P", "hospitalization_id": "H", "admission_dttm": "2024-03-09 20:00:00"}]
    folder(tmp_path, ".csv", hospitalization=stays, vitals=[{"recorded_dttm": "2024-03-10 20:00:00", "vital_category": "spo2", "vital_value": 90.0}])
    out, _ = export(tmp_path)
    assert not out.aware
    assert any("no time zone" in t for t in out.told)
    assert said(record(tmp_path), "hour") == [(24.0,)]
    assert said(record(tmp_path, timezone="America/Chicago"), "hour") == [(23.0,)]  # summer time began that night


def test_what_cannot_be_read_is_quarantined_by_row(tmp_path):
    folder(tmp_path, ".csv", vitals=[{"recorded_dttm": "yesterday", "vital_category": "spo2", "vital_value": "90"},
                                     {"recorded_dttm": "2024-03-01 09:00:00+00:00", "vital_category": "spo2", "vital_value": "ninety"},
                                     {"recorded_dttm": "2024-03-01 09:00:00+00:00", "vital_category": "spo2", "vital_value": None},
                                     {"recorded_dttm": "", "vital_category": "spo2", "vital_value": "90"},
                                     {"recorded_dttm": "2024-03-01 10:00:00+00:00", "vital_category": "spo2", "vital_value": "91"}])
    got = record(tmp_path)
    assert said(got, "value") == [(91.0,)]
    assert sorted(row for note in got.reading.errors for row in note.rows) == [2, 3, 5]
    count = next(f for f in got.reading.files if f.file == "clif_vitals.csv")
    assert (count.used, count.explained, count.quarantined) == (1, 1, 3)


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: None, "no table of CLIF"),
    (lambda p: (p / "clif_vitals.parquet").write_bytes(b"no parquet"), "clif_vitals.parquet cannot be read"),
    (lambda p: (p / "clif_vitals.csv").write_text(""), "clif_vitals.csv is empty"),
    (lambda p: (p / "clif_vitals.csv").write_text("hospitalization_id,recorded_dttm\n"), "no column vital_category, vital_value"),
])
def test_a_folder_that_cannot_be_read_says_what_and_where(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(SourceError, match=words):
        record(tmp_path)
    with pytest.raises(SourceError, match="There is no folder"):
        record(tmp_path / "absent")


def test_two_files_of_one_table_are_not_read_twice(tmp_path):
    folder(tmp_path, vitals=VITALS)
    folder(tmp_path, ".csv", "", vitals=VITALS)
    out, tables = export(tmp_path)
    assert len(tables) == 3
    assert any("vitals.csv is not read" in t for t in out.told)


# ---------------------------------------------------------------- writing

def to_a_microsecond(timeline: Timeline) -> Timeline:
    """The record with times that a clock can show: nothing shorter than 3.6 ms is drawn."""
    hours = [pl.col(c).round(6) for c in ("hour", "end_hour", "hour_latest")]
    return Timeline(timeline.events.with_columns(hours), timeline.patients)


@QUICK
@given(records().map(to_a_microsecond))
def test_what_is_written_reads_back_the_same_with_the_same_grades(timeline: Timeline):
    with tempfile.TemporaryDirectory() as where:
        clif.write(timeline, where, [grade(timeline, "astct-crs-2019")])
        got = record(Path(where), anchor="car_t_infusion")
    assert got.reading.errors == []
    assert_same_record(got, timeline)


def test_plain_events_stand_in_the_tables_of_clif(tmp_path):
    rows: list[dict[str, object]] = [
        {"hour": 1, "concept": "temperature", "value": 38.5, "note": "Oral"}, {"hour": 1, "concept": "troponin_i", "value": 0.04},
        {"hour": 1, "concept": "crp", "value": 0.6, "censored": -1}, {"hour": 2, "concept": "oxygen_device", "text": "face_tent"},
        {"hour": 2, "concept": "oxygen_flow", "value": 6.0}, {"hour": 3, "end_hour": 9, "concept": "vasopressin", "value": 0.03},
        {"hour": 4, "concept": "tocilizumab", "value": 400.0}, {"hour": 5, "concept": "rass", "value": -1.0},
        {"hour": 90, "concept": "death", "text": "present"},
        {"hour": 6, "concept": "headache", "text": "present"}, {"hour": 3, "concept": "fentanyl", "text": "50 mcg", "end_hour": 3},
    ]
    wanted = Timeline.from_rows(rows, [{"infusion_time": "2024-03-01T08:00:00+00:00", "weight_kg": 70.0}], complete=["devices", "norepinephrine"])
    clif.write(wanted, tmp_path, [grade(wanted, "astct-crs-2019")])
    tables = {p.stem.removeprefix("clif_"): pl.read_parquet(p) for p in tmp_path.iterdir()}
    assert tables["vitals"].select("vital_category", "vital_value", "meas_site_name").rows() == [("temp_c", 38.5, "Oral")]
    assert tables["vitals"].schema["recorded_dttm"] == pl.Datetime("us", "UTC")
    labs = tables["labs"].select("lab_category", "lab_value", "lab_value_numeric", "reference_unit").sort("lab_category").rows()
    assert labs == [("crp", "<0.6", 0.6, "mg/L"), ("troponin_i", "40", 40.0, "ng/L")]
    assert tables["respiratory_support"].select("device_category", "device_name", "lpm_set").rows() == [("face_mask", "face_tent", 6.0)]
    assert tables["medication_admin_continuous"].select("mar_action_category", "med_dose", "med_dose_unit").rows() == [
        ("start", 0.03, "U/min"), ("stop", 0.0, "U/min")]
    assert tables["patient"]["death_dttm"].to_list() == [at(90)]
    own = tables["tocsin_events"]["code"].to_list()
    assert [c for c in own if c.startswith("concept:")] == ["concept:fentanyl", "concept:headache"]
    assert {c for c in own if not c.startswith("concept:")} == {"tocsin:hour_0", "fact:weight_kg"}
    got = record(tmp_path, anchor="car_t_infusion")
    assert got.reading.errors == []
    assert_same_record(got, wanted)
    assert got.complete.covers("oxygen_device", "1")
    assert got.complete.covers("norepinephrine", "1")
    assert not got.complete.covers("vasopressin", "1")


def test_grades_are_scores_of_clif_3_with_their_reasons_beside_them(tmp_path):
    timeline = Timeline.from_rows([{"hour": 0, "concept": "temperature", "value": 38.5, "attribution": "crs"}])
    one = grade(timeline, "astct-crs-2019")
    clif.write(timeline, tmp_path, [one])
    models = pl.read_parquet(tmp_path / "clif_model_registry.parquet")
    assert models["model_id"].to_list() == ["tocsin:astct-crs-2019:at_least", "tocsin:astct-crs-2019:at_most"]
    scores = pl.read_parquet(tmp_path / "clif_scores.parquet")
    for bound in ("at_least", "at_most"):
        mine = scores.filter(model_id=f"tocsin:astct-crs-2019:{bound}")["score_value"].to_list()
        values = one.frame[bound].cast(pl.Float64).to_list()
        assert mine == [v for i, v in enumerate(values) if i == 0 or v != values[i - 1]]
    steps = pl.read_parquet(tmp_path / "clif_tocsin_grades.parquet")
    assert steps["because"].to_list() == one.frame["because"].to_list()
    assert record(tmp_path, anchor="car_t_infusion").events.height == 1  # grades are no events


def test_two_records_are_not_written_into_one_folder(tmp_path):
    timeline = Timeline.from_rows([{"hour": 0, "concept": "temperature", "value": 38.5}])
    clif.write(timeline, tmp_path)
    with pytest.raises(SourceError, match="holds tables of CLIF already"):
        clif.write(timeline, tmp_path)


def test_every_lab_category_of_the_vocabulary_has_the_unit_that_clif_asks_for():
    mine = {c.clif[0] for c in CONCEPTS.values() if c.domain == "labs" and c.clif}
    assert set(LAB_UNITS) == mine
    for category, unit in LAB_UNITS.items():
        CONCEPTS[known_codes()[f"clif:{category}"].concept].conversion(unit)


@pytest.mark.parametrize("kind", [pl.Float64, pl.Datetime("us"), pl.Null, pl.String])
def test_a_column_of_words_without_any_word_may_have_any_type(tmp_path, kind):
    path = folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0}],
                  respiratory_support=[{"recorded_dttm": at(1), "device_category": "IMV"}])
    for file, column in (("vitals", "vital_name"), ("respiratory_support", "device_name"), ("respiratory_support", "mode_name")):
        table = next(path.glob(f"*{file}.parquet"))
        pl.read_parquet(table).with_columns(pl.lit(None, kind).alias(column)).write_parquet(table)
    assert said(record(path, anchor="hospital_admission"), "concept", "text") == [("oxygen_device", "invasive_ventilation"), ("spo2", None)]


@pytest.mark.parametrize(("column", "value"), [("vital_value", [[1.0]]), ("vital_category", [b"\xff"]), ("hospitalization_id", [{"a": 1}]),
                                               ("recorded_dttm", [timedelta(hours=1)])])
def test_a_column_of_a_type_that_no_table_of_clif_has_is_named(tmp_path, column, value):
    path = folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0}])
    table = next(path.glob("*vitals.parquet"))
    pl.read_parquet(table).with_columns(pl.Series(column, value)).write_parquet(table)
    with pytest.raises(SourceError, match=f"vitals.parquet: the column {column} is of type"):
        record(path, anchor="hospital_admission")


def test_times_that_are_numbers_are_quarantined(tmp_path):
    path = folder(tmp_path, vitals=[{"recorded_dttm": at(1), "vital_category": "spo2", "vital_value": 90.0}],
                  labs=[{"lab_collect_dttm": at(1), "lab_result_dttm": at(1), "lab_category": "lactate", "lab_value": "2", "lab_value_numeric": 2.0,
                         "reference_unit": "mmol/L"}])
    table = next(path.glob("*vitals.parquet"))
    for value in (1.7e9, float("inf"), 1_700_000_000):
        pl.read_parquet(table).with_columns(pl.Series("recorded_dttm", [value])).write_parquet(table)
        vitals = next(one for one in record(path, anchor="hospital_admission").reading.files if "vitals" in one.file)
        assert (vitals.rows, vitals.quarantined) == (1, 1)
