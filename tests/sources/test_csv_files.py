"""Files that are no table, wide tables, workbooks, wall clocks and facts about patients."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from tocsin.errors import SettingError, SourceError
from tocsin.sources.csv import read, template
from tocsin.timeline import Level, Timeline


def save(folder: Path, text: str | bytes, name: str = "record.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def told(timeline: Timeline, level: Level) -> list[str]:
    return [n.sentence() for n in timeline.reading.notes if n.level is level]


def table(timeline: Timeline) -> dict[str, object]:
    return {e["concept"]: e["text"] if e["value"] is None else e["value"] for e in timeline.events.iter_rows(named=True)}


# ---------------------------------------------------------------- no table at all

@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n# only a comment\n", "has no rows"),
        (b"day,concept,value\n", "a header and no rows"),
        (b"day,concept,value\n5,crp,1\0\n", "not a text file"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        (b"PK\x03\x04rubbish", "not an Excel workbook"),
        (b"\x1f\x8b\x08broken", "damaged"),
        (b"patient,temperature\n1,38\n", "no column tells when"),
        (b"foo,bar\n1,2\n", "no column tells when"),
        (b"day,foo\n1,2\n", "no column is a concept"),
        (b"concept,value\ncrp,1\n", "no column tells when"),
        (b"time,temperature\n2019-09-25 17:10,38\n", "no time of infusion"),
        (b"time,temperature\n04/05/2019 17:10,38\n", "day/month or month/day"),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_name_and_a_way_out(tmp_path: Path, content: bytes, says: str):
    with pytest.raises(SourceError, match=says) as caught:
        read(save(tmp_path, content))
    assert str(caught.value).startswith("record.csv")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(SourceError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(SourceError, match="No file"):
        read()


@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("latin-1", "latin-1 (Windows 1252)")]
)
def test_encodings_are_understood_and_told(tmp_path: Path, encoding: str, name: str):
    got = read(save(tmp_path, "day,temperature [°C],note\n1,38,fièvre\n".encode(encoding)))
    assert got.events["note"].to_list() == ["fièvre"]
    assert got.reading.settings["record.csv: encoding"] == name


def test_a_gzipped_file_is_read_and_its_patient_named_without_the_ending(tmp_path: Path):
    got = read(save(tmp_path, gzip.compress(b"day,temperature\n1,38\n"), "p7.csv.gz"))
    assert got.patient_ids == ["p7"]
    assert len(got.reading.files[0].sha256) == 64


@pytest.mark.parametrize("wide", [False, True])
def test_the_template_reads_back_without_an_error_and_so_do_its_examples(tmp_path: Path, wide: bool):
    got = read(save(tmp_path, template(wide)))
    assert (len(got.events), got.reading.errors) == (0, [])
    lines = template(wide).splitlines()
    shown = "\n".join(line.removeprefix("#") if line.startswith("#P1") else line for line in lines) + "\n"
    got = read(save(tmp_path, shown))
    assert got.reading.errors == []
    assert not [n for n in got.reading.notes if n.level is Level.WARNING]
    assert got.patients["age_years"].to_list() == [61]
    assert len(got.events) > 10


# ---------------------------------------------------------------- wide form

def test_a_wide_table_has_one_column_for_each_concept_with_the_unit_in_its_header(tmp_path: Path):
    got = read(save(tmp_path, "Day,Temp_F,IL-6 (pg/mL),Creatinine [umol/L],HR,O2 device,hypotension,vasopressor\n"
                              "6,100.4,>5000,88.4,120,NC 3L,+,none\n7,,,,,,,\n"))
    assert table(got) == {"temperature": 38, "il6": 5000, "creatinine": pytest.approx(1.0, abs=0.001), "heart_rate": 120,
                          "oxygen_device": "nasal_cannula", "oxygen_flow": 3, "hypotension": "present", "vasopressor": "absent"}
    assert got.events.filter(concept="il6")["censored"].to_list() == [1]
    one = got.reading.files[0]
    assert (one.rows, one.used, one.explained, one.quarantined) == (2, 1, 1, 0)


def test_one_bad_cell_of_a_wide_row_is_told_and_the_others_are_used(tmp_path: Path):
    got = read(save(tmp_path, "day,temperature,crp\n6,warm,12\n7,hot,\n"))
    one = got.reading.files[0]
    assert (one.rows, one.used, one.quarantined) == (2, 1, 1)
    assert [(n.column, n.rows) for n in got.reading.errors] == [("temperature", (2,)), ("temperature", (3,))]


def test_an_unknown_column_of_a_wide_table_is_an_error_unless_it_is_ignored(tmp_path: Path):
    path = save(tmp_path, "day,temperature,ferittin\n6,38,5\n")
    got = read(path)
    assert "ferritin" in got.reading.errors[0].sentence()
    assert len(got.events) == 1
    assert read(path, ignore=["ferittin"]).reading.errors == []


def test_a_wrong_unit_in_a_header_quarantines_the_column(tmp_path: Path):
    got = read(save(tmp_path, "day,temperature [mmHg],crp\n6,38,5\n"))
    assert "accepted: degC, degF" in got.reading.errors[0].sentence()
    assert table(got) == {"crp": 5}


def test_a_blood_pressure_in_one_cell_is_two_values(tmp_path: Path):
    got = read(save(tmp_path, "day,BP\n6,78/40\n7,low\n"))
    assert table(got) == {"systolic_bp": 78, "diastolic_bp": 40}
    assert len(got.reading.errors) == 1


def test_fahrenheit_is_judged_column_by_column(tmp_path: Path):
    got = read(save(tmp_path, "day,temp,body temp\n1,98.6,37\n2,100.4,38\n"))
    assert got.events["value"].to_list() == [37, 38]  # the two columns agree, so each value is read once


# ---------------------------------------------------------------- facts about patients

def test_facts_in_columns_must_be_constant_else_the_first_is_kept(tmp_path: Path):
    got = read(save(tmp_path, "patient,day,age,sex,weight,crp\nA,1,61,F,58,1\nA,2,62,F,58,2\n"))
    row = got.patients.row(0, named=True)
    assert (row["age_years"], row["sex"], row["weight_kg"]) == (61, "female", 58)
    assert any("first was kept" in n and "row 3" in n for n in told(got, Level.WARNING))


def test_an_impossible_fact_is_an_error_and_not_used(tmp_path: Path):
    got = read(save(tmp_path, "patient,day,age,crp\nA,1,430,1\n"))
    assert got.patients["age_years"].to_list() == [None]
    assert "430" in got.reading.errors[0].sentence()


def test_a_file_of_patients_gives_facts_and_units(tmp_path: Path):
    who = save(tmp_path, "patient,age,weight (lb),dx,dose,developmental_delay,baseline_creatinine,disease_extent,ward\n"
                         "A,8 months,20,B-ALL,4.2e6/kg,no,0.5,Systemic,x\n", "patients.csv")
    got = read(save(tmp_path, "patient,day,tocilizumab [mg/kg]\nA,4,8\n"), patients=who)
    row = got.patients.row(0, named=True)
    assert row["age_years"] == pytest.approx(8 / 12)
    assert row["weight_kg"] == pytest.approx(9.0718474)
    assert (row["diagnosis"], row["dose"], row["developmental_delay"], row["disease_extent"]) == ("B-ALL", "4.2e6/kg", False, "systemic")
    assert got.events["value"][0] == pytest.approx(72.5747792)
    assert all(f.rows == f.used + f.explained + f.quarantined for f in got.reading.files)


def test_facts_may_stand_in_rows_without_a_day(tmp_path: Path):
    got = read(save(tmp_path, "patient,day,concept,value\nA,,age,3 y\nA,,diagnosis,B-ALL\nA,4,temperature,41.6\n"))
    assert got.patients.select("age_years", "diagnosis").row(0) == (3, "B-ALL")
    assert got.reading.errors == []


# ---------------------------------------------------------------- wall clock

@pytest.mark.parametrize(
    "time", ["2019-09-26 10:30", "2019-09-26T10:30:00", "26.09.2019 10:30", "26/09/2019 10:30", "26-Sep-2019 10:30", "2019/09/26 10:30",
             "26/09/2019 10:30 AM"],
)
def test_wall_clock_times_count_from_the_infusion(tmp_path: Path, time: str):
    got = read(save(tmp_path, f"time,temperature\n{time},38\n"), infusion_time="2019-09-25 10:00")
    assert got.events["hour"].to_list() == [24.5]
    assert got.events["hour_latest"].to_list() == [None]
    assert got.patients["infusion_time"].to_list() == ["2019-09-25T10:00:00"]


def test_a_date_and_a_time_in_two_columns_are_one_moment(tmp_path: Path):
    got = read(save(tmp_path, "date,time,crp\n2019-09-26,10:30,1\n2019-09-27,,2\n"), infusion_time="2019-09-25 10:00")
    assert got.events.select("hour", "hour_latest").rows() == [(24.5, None), (38, 62)]


def test_the_plainest_of_several_names_of_the_patient_is_taken(tmp_path: Path):
    got = read(save(tmp_path, "record_id,patient_id,day,concept,value\n1,A,4,ICE,8/10\n2,A,5,ICE,9\n"))
    assert got.patient_ids == ["A"]
    assert got.events["value"].to_list() == [8, 9]
    assert any("'record_id' is not read" in n for n in told(got, Level.WARNING))


def test_month_first_dates_are_seen_or_said(tmp_path: Path):
    got = read(save(tmp_path, "time,temperature\n09/26/2019 5:30 PM,38\n"), infusion_time="2019-09-26 16:30")
    assert got.events["hour"].to_list() == [1]
    path = save(tmp_path, "time,temperature\n04/05/2019 10:00,38\n")
    assert read(path, infusion_time="2019-05-04 10:00", dates="dmy").events["hour"].to_list() == [0]
    assert read(path, infusion_time="2019-04-05 10:00", dates="mdy").events["hour"].to_list() == [0]


def test_the_infusion_may_stand_in_a_row_a_column_or_by_patient(tmp_path: Path):
    row = save(tmp_path, "time,concept,value,unit\n2019-09-25 10:00,car_t_infusion,1e6,cells/kg\n2019-09-25 12:00,crp,1,mg/L\n", "a.csv")
    assert read(row).events["hour"].to_list() == [0, 2]
    column = save(tmp_path, "patient,time,infusion_time,crp\nA,2019-09-25 12:00,2019-09-25 10:00,1\n", "b.csv")
    assert read(column).events["hour"].to_list() == [2]
    two = save(tmp_path, "patient,time,crp\nA,2019-09-25 12:00,1\nB,2019-09-25 12:00,1\n", "c.csv")
    assert read(two, infusion_time={"A": "2019-09-25 10:00", "B": "2019-09-25 11:00"}).events["hour"].to_list() == [2, 1]
    some = read(two, infusion_time={"A": "2019-09-25 10:00"})
    assert (some.reading.files[0].used, some.reading.files[0].quarantined) == (1, 1)


def test_a_date_without_a_time_leaves_the_hour_open_within_its_day(tmp_path: Path):
    got = read(save(tmp_path, "time,end_time,oxygen_device\n2019-09-26,2019-09-27,NC\n"), infusion_time="2019-09-25 10:00")
    assert got.events.select("hour", "hour_latest", "end_hour").row(0) == (14, 38, 62)


def test_an_infusion_known_by_date_has_hour_0_at_midnight_and_this_is_told(tmp_path: Path):
    got = read(save(tmp_path, "time,crp\n2019-09-26 01:00,1\n"), infusion_time="2019-09-25")
    assert got.events["hour"].to_list() == [25]
    assert any("midnight" in n for n in told(got, Level.INFO))


def test_a_day_with_a_time_of_day_is_exact_when_the_clock_of_the_infusion_is_known(tmp_path: Path):
    path = save(tmp_path, "day,time,neck_swelling\n8,17:10,yes\n")
    assert read(path, infusion_time="2019-09-25 10:00").events["hour"].to_list() == [pytest.approx(8 * 24 + 7 + 1 / 6)]
    assert read(path).events.select("hour", "hour_latest").row(0) == (192, 216)


def test_times_with_and_without_a_zone_are_not_mixed(tmp_path: Path):
    path = save(tmp_path, "time,crp\n2019-09-25T12:00:00+02:00,1\n")
    with pytest.raises(SourceError, match="time zone"):
        read(path, infusion_time="2019-09-25 10:00")
    assert read(path, infusion_time="2019-09-25 10:00", timezone="Europe/Paris").events["hour"].to_list() == [2]
    assert read(path, infusion_time="2019-09-25T10:00:00Z").events["hour"].to_list() == [0]
    with pytest.raises(SettingError, match="no time zone"):
        read(path, timezone="Mars/Base")


def test_an_hour_across_the_change_of_clocks_is_counted_in_its_zone(tmp_path: Path):
    path = save(tmp_path, "time,crp\n2019-10-27 12:00,1\n")
    assert read(path, infusion_time="2019-10-26 12:00", timezone="Europe/Paris").events["hour"].to_list() == [25]


# ---------------------------------------------------------------- workbooks and several files

def book(folder: Path, sheets: dict[str, list[list[object]]], name: str = "book.xlsx") -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(folder / name)
    return folder / name


def test_each_sheet_of_a_workbook_is_read_and_others_are_said_to_be_left_out(tmp_path: Path):
    path = book(tmp_path, {
        "Vitals": [[], ["patient", "time", "temperature", "SpO2"], ["A", datetime(2019, 9, 26, 10, 0), 38.5, 95],
                   ["A", datetime(2019, 9, 26, 11), 39, None]],
        "Labs": [["patient", "day", "concept", "value", "unit"], ["A", 4, "IL-6", ">5000", "pg/mL"], ["A", 4, "crp", "#N/A", None]],
        "patients": [["patient", "age", "infusion_time"], ["A", 3, datetime(2019, 9, 25, 10)]],
        "Legend": [["colour", "meaning"], ["red", "bad"]],
    })
    got = read(path)
    assert got.events["hour"].to_list() == [24, 24, 25, 96]
    assert got.events["origin"].to_list()[:2] == ["book.xlsx/Vitals:3", "book.xlsx/Vitals:3"]
    assert got.patients["age_years"].to_list() == [3]
    assert got.reading.errors == []
    assert any("left out" in n and "Legend" in n for n in told(got, Level.INFO))
    assert [f.rows for f in got.reading.files] == [3, 2, 1, 1]


def test_a_percentage_cell_of_a_workbook_is_a_percentage(tmp_path: Path):
    path = book(tmp_path, {"x": [["day", "SpO2"], [1, 0.95]]})
    workbook = openpyxl.load_workbook(path)
    workbook.active["B2"].number_format = "0%"
    workbook.save(path)
    assert read(path).events["value"].to_list() == [95]


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "x")
    with pytest.raises(SourceError, match="not an Excel workbook"):
        read(tmp_path / "a.zip")


def test_several_files_make_one_record_and_each_is_counted(tmp_path: Path):
    first = save(tmp_path, "patient,day,crp\nA,1,5\nB,1,6\n", "one.csv")
    second = save(tmp_path, "patient,day,crp,bad\nA,1,5,\nA,2,7,x\n", "two.csv")
    got = read(first, second)
    assert got.patient_ids == ["A", "B"]
    assert [(f.file, f.rows, f.used, f.explained) for f in got.reading.files] == [("one.csv", 2, 2, 0), ("two.csv", 2, 1, 1)]
    assert any("one.csv, row 2" in n for n in told(got, Level.INFO))


def test_what_is_declared_complete_goes_with_the_record(tmp_path: Path):
    got = read(save(tmp_path, "patient,day,crp\nA,1,5\n"), complete=["drugs"])
    assert got.complete.covers("norepinephrine", "A")
    with pytest.raises(SettingError):
        read(save(tmp_path, "patient,day,crp\nA,1,5\n"), complete=["labs"])
