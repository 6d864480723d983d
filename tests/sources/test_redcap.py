"""REDCap: fields understood by name, annotation or mapping; dates of forms, days of events; wide and event by event; what is missing."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import hypothesis
import polars as pl
import pytest
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tocsin.errors import SettingError, SourceError
from tocsin.sources import redcap
from tocsin.sources.coded import settings, timeline
from tocsin.sources.codes import Codes, Item
from tocsin.sources.redcap_fields import day_of_event
from tocsin.timeline import Timeline

HEADER = ("Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label", "Choices, Calculations, OR Slider Labels", "Field Note",
          "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max", "Identifier?",
          "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name",
          "Matrix Ranking?", "Field Annotation")
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "redcap"
GRADES = "0, None | 1, Grade 1 | 2, Grade 2 | 3, Grade 3"
DEVICES = "0, Room air | 1, Nasal cannula"


def field(name: str, form: str, kind: str = "text", label: str = "", choices: str = "", note: str = "", validation: str = "", identifier: str = "",
          annotation: str = "") -> tuple[str, ...]:
    return (name, form, "", kind, label or name, choices, note, validation, "", "", identifier, "", "", "", "", "", "", annotation)


RECORD = field("record_id", "patient", label="Record ID")
INFUSION = (field("infusion_dt", "infusion", label="CAR-T infusion", validation="datetime_dmy"),)


def project(folder: Path, fields: Sequence[tuple[str, ...]], rows: Sequence[Mapping[str, str]]) -> Path:
    """A folder with the dictionary and the records of a project; a cell that no row has is empty."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, RECORD, *INFUSION, *fields])
    (folder / "dictionary.csv").write_text(text.getvalue(), encoding="utf-8-sig")
    names = list(dict.fromkeys(["record_id", *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows({"record_id": "1", **row} for row in rows)
    (folder / "records.csv").write_text(text.getvalue(), encoding="utf-8")
    return folder


def record(path: Path, codes: Codes | None = None, **options: object) -> Timeline:
    mine = codes or Codes()
    return timeline(redcap.export(path, mine, **options), mine, settings())


def said(got: Timeline, concept: str, *columns: str) -> list[tuple[object, ...]]:
    return got.events.filter(concept=concept).select(columns).rows()


ZERO = {"infusion_dt": "2019-09-25 10:00"}
VITALS = (
    field("vs_dt", "vitals", label="Time", validation="datetime_dmy"), field("temp", "vitals", label="Temperature", note="degF"),
    field("sbp", "vitals", label="Systolic (kPa)"),
)


def test_a_field_is_understood_by_its_name_with_the_unit_of_its_note_or_label(tmp_path: Path):
    got = record(project(tmp_path, VITALS, [ZERO, {"vs_dt": "2019-09-25 12:00", "temp": "100.4", "sbp": "16"}]))
    assert said(got, "temperature", "hour", "value") == [(2, 38.0)]
    assert said(got, "systolic_bp", "value") == [(pytest.approx(120, abs=0.1),)]


def test_a_field_is_understood_by_its_annotation_or_by_the_mapping(tmp_path: Path):
    fields = (*VITALS[:1], field("x1", "vitals", annotation="@TOCSIN='temperature' @TOCSIN-UNIT='degF'"), field("x2", "vitals"), field("x3", "vitals"))
    folder = project(tmp_path, fields, [ZERO, {"vs_dt": "2019-09-25 12:00", "x1": "98.6", "x2": "88", "x3": "7"}])
    got = record(folder, Codes({"redcap:x2": Item("heart_rate")}))
    assert {*got.events["concept"]} == {"car_t_infusion", "temperature", "heart_rate"}
    assert any("mean nothing here" in note.what and note.what.endswith(": x3") for note in got.reading.notes)
    with pytest.raises(SourceError, match="no concept here"):
        record(project(tmp_path, (field("x1", "vitals", annotation="@TOCSIN='temprature'"),), [{**ZERO, "x1": "37"}]))


def test_a_mapping_can_leave_a_field_out(tmp_path: Path):
    folder = project(tmp_path, VITALS, [ZERO, {"vs_dt": "2019-09-25 12:00", "temp": "100.4", "sbp": "16"}])
    assert "temperature" not in record(folder, Codes(ignored=frozenset({"redcap:temp"}))).events["concept"]


def test_choices_are_read_by_their_labels_in_raw_and_in_labelled_exports(tmp_path: Path):
    fields = (*VITALS[:1], field("o2_device", "vitals", "dropdown", "Oxygen device", DEVICES), field("crs_grade", "vitals", "radio", "CRS grade", GRADES),
              field("rash", "vitals", "yesno", "Rash"), field("toci", "vitals", "yesno", "Tocilizumab given"),
              field("signs", "vitals", "checkbox", "Signs", "1, Headache | 2, Hypoxia | -3, Cyanosis | 4, Other"))
    raw = {"vs_dt": "2019-09-25 12:00", "o2_device": "1", "crs_grade": "2", "rash": "0", "toci": "1", "signs___1": "1", "signs___2": "0", "signs____3": "1"}
    one = record(project(tmp_path, fields, [ZERO, raw]))
    labels = {"Time": "2019-09-25 12:00", "Oxygen device": "Nasal cannula", "CRS grade": "Grade 2", "Rash": "No", "Tocilizumab given": "Yes",
              "Signs (choice=Headache)": "Checked", "Signs (choice=Hypoxia)": "Unchecked", "Signs (choice=Cyanosis)": "Checked"}
    (tmp_path / "labels").mkdir()
    project(tmp_path / "labels", fields, [{"CAR-T infusion": "2019-09-25 10:00"}, labels])
    records = (tmp_path / "labels" / "records.csv").read_text(encoding="utf-8")
    (tmp_path / "labels" / "records.csv").write_text(records.replace("record_id", "Record ID", 1), encoding="utf-8")
    two = record(tmp_path / "labels")
    wanted = [("car_t_infusion", 0, None, "present"), ("cyanosis", 2, None, "present"), ("headache", 2, None, "present"),
              ("oxygen_device", 2, None, "nasal_cannula"), ("rash", 2, None, "absent"), ("reported_crs_grade", 2, 2.0, None),
              ("tocilizumab", 2, None, "present")]
    for got in (one, two):
        assert sorted(got.events.select("concept", "hour", "value", "text").rows()) == wanted


def test_a_grade_whose_label_has_no_number_is_its_code(tmp_path: Path):
    fields = (*VITALS[:1], field("crs_grade", "vitals", "radio", "CRS grade", "0, None | 1, mild | 2, moderate"))
    got = record(project(tmp_path, fields, [ZERO, {"vs_dt": "2019-09-25 12:00", "crs_grade": "0"}, {"vs_dt": "2019-09-26 12:00", "crs_grade": "2"}]))
    assert said(got, "reported_crs_grade", "value") == [(0,), (2,)]


def test_a_box_that_is_not_ticked_is_not_told(tmp_path: Path):
    fields = (*VITALS[:1], field("signs", "vitals", "checkbox", "Signs", "1, Headache | 2, Hypoxia"))
    got = record(project(tmp_path, fields, [ZERO, {"vs_dt": "2019-09-25 12:00", "signs___1": "0", "signs___2": "0"}]))
    assert {*got.events["concept"]} == {"car_t_infusion"}
    assert (got.reading.files[0].rows, got.reading.files[0].used, got.reading.files[0].explained) == (2, 1, 1)


def test_a_field_has_the_last_date_at_or_before_it_and_an_end_is_an_end(tmp_path: Path):
    fields = (
        field("toci_dt", "drugs", label="Tocilizumab given at", validation="datetime_ymd"), field("toci_dose", "drugs", label="Tocilizumab dose (mg)"),
        field("ne_start", "drugs", label="Norepinephrine start", validation="datetime_ymd"), field("ne_rate", "drugs", label="Norepinephrine rate (ug/min)"),
        field("ne_stop", "drugs", label="Norepinephrine stop", validation="datetime_ymd"),
    )
    rows = [ZERO, {"toci_dt": "2019-09-26 10:00", "toci_dose": "464", "ne_start": "2019-09-26 12:00", "ne_rate": "6", "ne_stop": "2019-09-27 10:00"},
            {"toci_dt": "2019-09-27 10:00", "toci_dose": "", "ne_start": "2019-09-28 10:00", "ne_rate": "", "ne_stop": ""}]
    got = record(project(tmp_path, fields, rows))
    assert said(got, "tocilizumab", "hour", "value", "text") == [(24, 464, None), (48, None, "present")]
    assert said(got, "norepinephrine", "hour", "end_hour", "value") == [(26, 48, 6), (72, None, None)]


def test_a_date_can_be_chosen_for_a_form_or_a_field(tmp_path: Path):
    fields = (field("seen", "labs", label="Seen on", validation="date_ymd"), field("drawn", "labs", label="Drawn on", validation="date_ymd"),
              field("crp", "labs"), field("ferritin", "labs"))
    folder = project(tmp_path, fields, [ZERO, {"seen": "2019-09-27", "drawn": "2019-09-26", "crp": "5", "ferritin": "99"}])
    got = record(folder, dates={"crp": "seen"})
    assert said(got, "crp", "hour", "hour_latest") == [(38, 62)]
    assert said(got, "ferritin", "hour", "hour_latest") == [(14, 38)]
    for dates, says in (({"nothing": "seen"}, "no field or form"), ({"crp": "ferritin"}, "no date field")):
        with pytest.raises(SettingError, match=says):
            record(folder, dates=dates)


def test_a_date_and_a_time_of_day_beside_it_are_one_time(tmp_path: Path):
    fields = (field("d", "vitals", label="Date", validation="date_dmy"), field("t", "vitals", label="Time", validation="time"), field("temp", "vitals"))
    got = record(project(tmp_path, fields, [ZERO, {"d": "2019-09-25", "t": "12:30", "temp": "38.5"}, {"d": "2019-09-26", "t": "", "temp": "38.6"}]))
    assert said(got, "temperature", "hour", "hour_latest") == [(2.5, None), (14, 38)]


def test_a_date_that_a_spreadsheet_rewrote_is_in_quarantine_and_nothing_is_guessed(tmp_path: Path):
    got = record(project(tmp_path, VITALS, [ZERO, {"vs_dt": "09/10/2019 12:00", "temp": "100.4", "sbp": "16"}]))
    assert "temperature" not in got.events["concept"]
    assert got.reading.files[0].quarantined == 1
    assert any("REDCap exports dates as" in note.fix for note in got.reading.errors)


@pytest.mark.parametrize(("name", "day"), [
    ("day_7_arm_1", 7), ("Day 7 (Arm 1: CAR-T)", 7), ("d28_arm_2", 28), ("day_minus_5_arm_1", -5), ("day_m5_arm_1", -5),
    ("baseline_arm_1", None), ("week_2_arm_1", None),
])
def test_the_name_of_an_event_tells_its_day(name: str, day: int | None):
    assert day_of_event(name, {}) == day
    assert day_of_event(name, {name: 3}) == 3


def test_without_a_date_a_value_lies_somewhere_in_the_day_of_its_event(tmp_path: Path):
    rows = [{"redcap_event_name": "baseline_arm_1", **ZERO}, {"redcap_event_name": "day_7_arm_1", "temp": "100.4"},
            {"redcap_event_name": "screening_arm_1", "temp": "98.6"}]
    got = record(project(tmp_path, VITALS, rows), days={"screening_arm_1": -14})
    assert said(got, "temperature", "hour", "hour_latest") == [(-336, -312), (168, 192)]


def test_a_project_without_any_date_counts_days_from_the_infusion(tmp_path: Path):
    rows = [{"redcap_event_name": "day_0_arm_1", "temp": "98.6"}, {"redcap_event_name": "day_2_arm_1", "temp": "100.4"}]
    got = record(project(tmp_path, VITALS, rows))
    assert said(got, "temperature", "hour", "hour_latest") == [(0, 24), (48, 72)]
    assert any("no date is told" in note.what for note in got.reading.notes)


def test_codes_for_missing_data_are_not_told_and_unknown_is_unknown(tmp_path: Path):
    rows = [ZERO, *({"vs_dt": "2019-09-25 12:00", "temp": code} for code in ("NASK", "-999", "UNK"))]
    got = record(project(tmp_path, VITALS, rows), missing=["-999"])
    assert said(got, "temperature", "value", "text") == [(None, "unknown")]
    assert (got.reading.files[0].used, got.reading.files[0].explained) == (2, 2)
    assert got.reading.errors == []


def test_identifiers_are_not_read_but_their_dates_give_hours(tmp_path: Path):
    fields = (field("diagnosis", "patient", identifier="y"), field("vs_dt", "vitals", label="Time", validation="datetime_dmy", identifier="y"),
              field("temp", "vitals"))
    got = record(project(tmp_path, fields, [ZERO, {"diagnosis": "Jane Doe", "vs_dt": "2019-09-25 12:00", "temp": "38.5"}]))
    assert said(got, "temperature", "hour") == [(2,)]
    assert got.patients["diagnosis"].to_list() == [None]
    assert not any("Jane" in note.sentence() for note in got.reading.notes)


def test_facts_are_read_and_a_weight_with_a_date_is_a_measurement(tmp_path: Path):
    fields = (field("sex", "patient", "radio", "Sex", "1, Male | 2, Female"), field("weight", "patient", label="Weight (lb)"),
              field("dob", "patient", validation="date_dmy"), field("uln_ast", "patient"), *VITALS[:1], field("body_wt", "vitals", label="Weight (kg)"))
    rows = [{**ZERO, "sex": "2", "weight": "110.2311311", "dob": "1958-09-25", "uln_ast": "35"}, {"vs_dt": "2019-09-25 12:00", "body_wt": "51"}]
    got = record(project(tmp_path, fields, rows))
    sex, weight, age, uln = got.patients.select("sex", "weight_kg", "age_years", "uln_ast").row(0)
    assert (sex, weight, uln) == ("female", pytest.approx(50), 35)
    assert age == pytest.approx(61, abs=0.01)
    assert said(got, "weight", "value") == [(51,)]


def test_files_that_do_not_fit_say_why(tmp_path: Path):
    with pytest.raises(SourceError, match="no file or folder"):
        record(tmp_path / "absent")
    with pytest.raises(SourceError, match="0 data dictionaries"):
        record(tmp_path)
    folder = project(tmp_path, VITALS, [ZERO])
    (folder / "records.csv").write_text("id,temp\n1,38\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no column 'record_id'"):
        record(folder)
    (folder / "records.csv").write_text("record_id,temp\n1,38,9\n", encoding="utf-8")
    with pytest.raises(SourceError, match="cannot be read as CSV"):
        record(folder)
    (folder / "records.csv").write_text("record_id,temp\n1,38\n", encoding="utf-8")
    (folder / "other.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no REDCap data dictionary"):
        record(folder / "records.csv", dictionary=folder / "other.csv")


def test_records_without_a_dictionary_are_read_by_their_column_names(tmp_path: Path):
    (tmp_path / "records.csv").write_text("record_id,infusion_date,temp_d2,temp_dm5\n1,2019-09-25,38.5,36.8\n", encoding="utf-8")
    got = record(tmp_path / "records.csv")
    assert said(got, "temperature", "hour", "value") == [(-120, 36.8), (48, 38.5)]


CELL = st.sampled_from(["", "1", "0", "-1", "2", "38.5", "101", "x", "<5", "UNK", "NASK", "2019-09-26", "2019-09-26 10:00", "10:00", "26.9.2019", "é", "1e999"])
ANY = (
    *VITALS, field("o2_device", "vitals", "dropdown", "Oxygen device", DEVICES), field("signs", "vitals", "checkbox", "Signs", "1, Headache | 2, Hypoxia"),
    field("crs_grade", "crs", "radio", "CRS grade", GRADES), field("crs_onset", "crs", validation="date_ymd"), field("crs_end", "crs", validation="date_ymd"),
    field("toci_dt", "drugs", validation="datetime_ymd"), field("toci_dose", "drugs"), field("age", "patient"), field("seizure", "crs", "yesno"),
)


@hypothesis.settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@hypothesis.given(rows=st.lists(st.fixed_dictionaries({
    "record_id": st.sampled_from(["1", "2", ""]), "redcap_event_name": st.sampled_from(["", "day_1_arm_1", "baseline_arm_1"]),
    **{name: CELL for one in ANY for name in ([one[0]] if one[3] != "checkbox" else [f"{one[0]}___1", f"{one[0]}___2"])}}), min_size=1, max_size=5))
def test_any_rubbish_is_used_explained_or_in_quarantine_and_never_a_traceback(rows: list[dict[str, str]]):
    with tempfile.TemporaryDirectory() as folder:
        got = record(project(Path(folder), ANY, [ZERO, *rows]))
    assert got.reading.files[0].rows == len(rows) + 1


# ---------------------------------------------------------------- one project in two shapes

DAYS = {1: ("2019-09-26 08:00", "38.4", "112", "0", "48"), 2: ("2019-09-27 06:30", "39.6", "84", "1", "120"), 5: ("2019-09-30 09:00", "36.9", "120", "0", "9")}
NAMES = ("vs_dt", "temp", "sbp", "o2_device", "crp")


def daily(form: str, suffix: str) -> list[tuple[str, ...]]:
    return [field(f"vs_dt{suffix}", form, label="Time", validation="datetime_ymd"), field(f"temp{suffix}", form, label="Temperature (degC)"),
            field(f"sbp{suffix}", form, label="SBP (mmHg)"), field(f"o2_device{suffix}", form, "dropdown", "Oxygen device", DEVICES),
            field(f"crp{suffix}", form, label="CRP (mg/L)")]


def test_one_row_a_record_and_one_row_an_event_give_the_same_timeline(tmp_path: Path):
    crs = [field("crs_onset", "crs", label="CRS onset", validation="datetime_ymd"), field("crs_grade", "crs", "radio", "CRS grade", GRADES)]
    told = {"crs_onset": "2019-09-26 08:00", "crs_grade": "2"}
    wide, long = tmp_path / "wide", tmp_path / "long"
    wide.mkdir()
    long.mkdir()
    fields = [one for day in DAYS for one in daily(f"day_{day}", f"_d{day}")]
    row = {**ZERO, **told, **{f"{name}_d{day}": cell for day, cells in DAYS.items() for name, cell in zip(NAMES, cells, strict=True)}}
    project(wide, [*fields, *crs], [row])
    events = [{"redcap_event_name": f"day_{day}_arm_1", **dict(zip(NAMES, cells, strict=True))} for day, cells in DAYS.items()]
    once = {"redcap_event_name": "baseline_arm_1", "redcap_repeat_instrument": "crs", "redcap_repeat_instance": "1", **told}
    project(long, [*daily("daily", ""), *crs], [{"redcap_event_name": "baseline_arm_1", **ZERO}, once, *events])
    one, two = record(wide), record(long)
    columns = [c for c in one.events.columns if c != "origin"]
    assert len(one.events) == 14
    assert_frame_equal(one.events.select(columns).sort(columns), two.events.select(columns).sort(columns))
    assert_frame_equal(one.patients, two.patients)


def test_the_example_in_the_manual_is_read_as_its_page_says():
    got = redcap.read(EXAMPLE)
    assert got.reading.errors == []
    assert got.patients.select("patient", "sex", "age_years", "weight_kg", "diagnosis").rows() == [
        ("1", "female", 61, 58, "B-ALL"), ("2", "male", 34, 80, "LBCL")]
    assert said(got, "temperature", "hour", "hour_latest", "value") == [(32, None, 38.4), (44.5, None, 39.6), (96, 120, 37.1), (69, None, 36.9)]
    assert said(got, "norepinephrine", "hour", "end_hour", "value") == [(45.5, 64.5, 6)]
    assert said(got, "reported_crs_grade", "hour", "end_hour", "value") == [(32, 102, 3)]
    assert said(got, "ferritin", "value", "censored", "text")[1:3] == [(5000, 1, None), (None, 0, "unknown")]
    notes = " ".join(note.what for note in got.reading.notes)
    assert "not read: nurse_comment" in notes
    assert "identifiers, not read: mrn" in notes
    assert not got.events.filter((pl.col("patient") == "2") & (pl.col("concept") == "systolic_bp")).height
