"""The long form: one row for each thing said, read into hours and canonical units, nothing dropped in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.errors import SettingError, SourceError
from tocsin.sources.csv import read
from tocsin.timeline import Level, Timeline

Reader = Callable[..., Timeline]
HEAD = "patient,day,end_day,concept,value,unit,text,attribution,site,note\n"


@pytest.fixture
def table(tmp_path: Path) -> Reader:
    """Reads a text as the file record.csv."""

    def read_text(text: str, name: str = "record.csv", **options: object) -> Timeline:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read(path, **options)

    return read_text


@pytest.fixture
def rows(table: Reader) -> Reader:
    """Reads rows below the usual header of the long form."""
    return lambda text, **options: table(HEAD + text, **options)


def event(timeline: Timeline, at: int = 0) -> dict[str, object]:
    return timeline.events.row(at, named=True)


def notes(timeline: Timeline, level: Level) -> list[str]:
    return [n.sentence() for n in timeline.reading.notes if n.level is level]


def counts(timeline: Timeline) -> tuple[int, int, int, int]:
    one = timeline.reading.files[0]
    return one.rows, one.used, one.explained, one.quarantined


@pytest.mark.parametrize(
    ("day", "hour", "latest"),
    [("4", 96, 120), ("4.0", 96, 120), ("0", 0, 24), ("-5", -120, -96), ("0.5", 12, None), ("day 4", 96, 120), ("D4", 96, 120),
     ("10-17", 240, 432), ("10 to 17", 240, 432), ("10–17", 240, 432), ("-4..-2", -96, -24), ("-4 to -2", -96, -24), ("-4--2", -96, -24),
     ("D+4", 96, 120), ("-1-2", -24, 72)],
)
def test_a_day_holds_for_its_24_hours_and_a_range_of_days_for_all_of_them(rows: Reader, day: str, hour: float, latest: float | None):
    row = event(rows(f"P,{day},,temperature,38.5,degC,,,,\n"))
    assert (row["hour"], row["hour_latest"]) == (hour, latest)


def test_the_day_on_which_something_ends_is_included(rows: Reader):
    row = event(rows("P,5,7,norepinephrine,5,ug/min,,,,\n"))
    assert (row["hour"], row["hour_latest"], row["end_hour"]) == (120, 144, 192)


def test_an_open_end_stays_open(rows: Reader):
    assert event(rows("P,5,,norepinephrine,5,ug/min,,,,\n"))["end_hour"] is None


def test_day_latest_and_hour_latest_say_until_when_it_may_have_happened(table: Reader):
    got = table("day,day_latest,concept,value,unit\n10,17,temperature,38,degC\n")
    assert (event(got)["hour"], event(got)["hour_latest"]) == (240, 432)
    got = table("hour,hour_latest,concept,value,unit\n10,17,temperature,38,degC\n")
    assert (event(got)["hour"], event(got)["hour_latest"]) == (10, 17)


def test_an_end_before_its_beginning_is_quarantined(rows: Reader):
    got = rows("P,7,5,norepinephrine,5,ug/min,,,,\n")
    assert counts(got) == (1, 0, 0, 1)
    assert "record.csv, row 2" in notes(got, Level.ERROR)[0]
    assert "ends before it begins" in notes(got, Level.ERROR)[0]


@pytest.mark.parametrize("day", ["43733", "20190925"])
def test_a_date_in_the_column_of_days_is_not_taken_for_a_day(rows: Reader, day: str):
    got = rows(f"P,{day},,temperature,38,degC,,,,\n")
    assert counts(got) == (1, 0, 0, 1)
    assert "a date belongs in a column time" in notes(got, Level.ERROR)[0]


def test_the_settings_of_the_reading_name_the_units_that_nobody_wrote(rows: Reader):
    got = rows("P,5,,crp,12,,,,,\n")
    assert got.reading.settings["record.csv: unit of crp, assumed"] == "mg/L"
    assert got.reading.settings["record.csv: form"] == "long"


def test_day_and_hour_that_contradict_are_quarantined_and_those_that_agree_are_exact(table: Reader):
    got = table("day,hour,concept,value,unit\n3,5,temperature,38,degC\n3,77,temperature,39,degC\n")
    assert counts(got) == (2, 1, 0, 1)
    assert (event(got)["hour"], event(got)["hour_latest"]) == (77, None)


def test_a_row_without_a_time_or_with_an_unreadable_one_is_quarantined(rows: Reader):
    got = rows("P,,,temperature,38,degC,,,,\nP,soon,,temperature,38,degC,,,,\n")
    assert counts(got) == (2, 0, 0, 2)
    assert any("soon" in n for n in notes(got, Level.ERROR))


@pytest.mark.parametrize(
    ("written", "value", "censored"),
    [(">5000", 5000, 1), ("<0.24", 0.24, -1), ("≥ 5000", 5000, 1), ("<= 3", 3, -1), ("5,5", 5.5, 0), ("1,234.5", 1234.5, 0),
     ("133.6 pg/mL", 133.6, 0), ("1.5e3", 1500, 0)],
)
def test_a_number_is_read_with_its_limit_sign(table: Reader, written: str, value: float, censored: int):
    row = event(table(f'day;concept;value;unit\n5;IL-6;{written};pg/mL\n'))
    assert (row["value"], row["censored"]) == (value, censored)


def test_a_number_that_may_be_thousands_or_decimals_is_refused_until_the_decimal_sign_is_told(table: Reader):
    text = "day;concept;value;unit\n5;IL-6;1,500;pg/mL\n"
    assert counts(table(text)) == (1, 0, 0, 1)
    assert event(table(text, decimal=","))["value"] == 1.5
    assert counts(table(text, decimal=".")) == (1, 0, 0, 1)


def test_decimal_commas_are_seen_in_the_numbers_and_told(table: Reader):
    got = table("day;concept;value;unit\n5;temperature;38,5;degC\n6;creatinine;1,234;mg/dL\n7;IL-6;1.234;pg/mL\n")
    assert got.events["value"].to_list() == [38.5, 1.234]
    assert counts(got) == (3, 2, 0, 1)  # 1.234 in a file with decimal commas may be a thousand
    assert any("decimal sign" in n for n in notes(got, Level.INFO))


def test_a_range_of_a_measurement_is_its_two_ends(rows: Reader):
    got = rows("P,5,,SpO2,93-95,%,,,,\n")
    assert got.events["value"].to_list() == [93, 95]
    assert set(got.events["origin"]) == {"record.csv:2"}
    assert any("two ends" in n for n in notes(got, Level.INFO))


@pytest.mark.parametrize("word", ["unknown", "Not stated", "n/a", "not recorded"])
def test_said_to_be_unknown_is_an_explicit_unknown(rows: Reader, word: str):
    got = rows(f"P,5,,norepinephrine,{word},,,,,\nP,5,,hypotension,,,{word},,,\nP,5,,temperature,{word},,,,,\n")
    assert got.events["text"].to_list() == ["unknown"] * 3
    assert got.events["value"].null_count() == 3


@pytest.mark.parametrize("word", ["NA", "-", "NaN", "nd"])
def test_a_placeholder_is_not_told_and_not_normal(rows: Reader, word: str):
    got = rows(f"P,5,,temperature,{word},degC,,,,\nP,5,,crp,12,mg/L,,,,\n")
    assert got.events["concept"].to_list() == ["crp"]
    assert counts(got) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("said", "means"),
    [("yes", "present"), ("TRUE", "present"), ("1", "present"), ("+", "present"), ("Present", "present"), ("no", "absent"), ("0", "absent"),
     ("-", "absent"), ("false", "absent"), ("Life-Threatening", "life_threatening")],
)
def test_a_finding_is_present_or_absent_in_many_spellings(rows: Reader, said: str, means: str):
    assert event(rows(f"P,5,,hypotension,{said},,,,,\n"))["text"] == means
    assert event(rows(f"P,5,,hypotension,,,{said},,,\n"))["text"] == means


def test_an_unknown_coded_value_is_quarantined_with_the_list(rows: Reader):
    got = rows("P,5,,consciousness,dreamy,,,,,\n")
    assert counts(got) == (1, 0, 0, 1)
    assert "unarousable" in notes(got, Level.ERROR)[0]


@pytest.mark.parametrize(
    ("said", "device", "flow", "fio2"),
    [("2 L nasal cannula", "nasal_cannula", 2, None), ("NC 3L", "nasal_cannula", 3, None),
     ("HFNC 40 L/min FiO2 0.6", "high_flow_nasal_cannula", 40, 0.6),
     ("High flow nasal cannula, 50 lpm, FiO2 60%", "high_flow_nasal_cannula", 50, 0.6), ("NC", "nasal_cannula", None, None),
     ("oxygen 5 L/min", "oxygen_unspecified", 5, None), ("venturi 40%", "venturi_mask", None, 0.4)],
)
def test_a_device_written_with_its_flow_becomes_device_flow_and_fio2(
    rows: Reader, said: str, device: str, flow: float | None, fio2: float | None
):
    got = rows(f'P,5,,oxygen_device,"{said}",,,,,\n')
    found = {e["concept"]: e["text"] or e["value"] for e in got.events.iter_rows(named=True)}
    assert found == {k: v for k, v in {"oxygen_device": device, "oxygen_flow": flow, "fio2": fio2}.items() if v is not None}


def test_a_dose_per_kilogram_needs_the_weight_and_stays_words_without_it(rows: Reader):
    got = rows("P,4,,tocilizumab,8,mg/kg,q12h,,,\n")
    assert (event(got)["value"], event(got)["text"]) == (None, "8 mg/kg q12h")
    assert any("weight_kg" in n for n in notes(got, Level.WARNING))
    got = rows("P,,,weight,50,kg,,,,\nP,4,,tocilizumab,8,mg/kg,q12h,,,\n")
    assert (event(got)["value"], event(got)["text"]) == (400, "q12h")
    assert got.patients["weight_kg"][0] == 50


def test_a_weight_measured_before_the_infusion_serves_for_doses(rows: Reader):
    got = rows("P,-5,,weight,20,kg,,,,\nP,3,,weight,25,kg,,,,\nP,4,,tocilizumab,12,mg/kg,,,,\n")
    assert got.events.filter(concept="tocilizumab")["value"].to_list() == [240]


def test_a_dose_per_square_metre_or_per_day_stays_in_its_own_words(rows: Reader):
    got = rows("P,-4,,fludarabine,25,mg/m2,,,,\nP,5,,methylprednisolone,3 mg/kg/d,,,,,\n")
    assert got.events["text"].to_list() == ["25 mg/m2", "3 mg/kg/d"]
    assert got.events["value"].null_count() == 2
    assert len(notes(got, Level.WARNING)) == 2


@pytest.mark.parametrize(
    ("value", "text", "stored"),
    [("0", "", (0, None)), ("", "stopped", (0, None)), ("off", "", (0, None)), ("none", "", (None, "absent")),
     ("", "not given", (None, "absent")),
     ("", "present", (None, "present")), ("yes", "", (None, "present"))],
)
def test_an_infusion_may_be_stopped_not_given_or_running_at_an_unknown_rate(
    rows: Reader, value: str, text: str, stored: tuple[object, object]
):
    row = event(rows(f"P,5,,norepinephrine,{value},,{text},,,\n"))
    assert (row["value"], row["text"]) == stored


def test_a_rate_without_a_unit_is_used_and_warned_about(rows: Reader):
    got = rows("P,5,,norepinephrine,5,,,,,\n")
    assert event(got)["value"] == 5
    assert any("taken as ug/min" in n for n in notes(got, Level.WARNING))


def test_a_unit_that_was_not_written_is_assumed_and_told_once(rows: Reader):
    got = rows("P,5,,crp,12,,,,,\nP,6,,crp,13,,,,,\n")
    assert len([n for n in notes(got, Level.INFO) if "taken as mg/L" in n]) == 1


def test_a_wrong_unit_is_quarantined_with_the_accepted_ones(rows: Reader):
    got = rows("P,5,,crp,12,mmHg,,,,\n")
    assert counts(got) == (1, 0, 0, 1)
    assert "accepted: mg/L" in notes(got, Level.ERROR)[0]


def test_an_unknown_concept_is_quarantined_with_the_nearest(rows: Reader):
    got = rows("P,5,,temprature,39,degC,,,,\nP,5,,crp,12,mg/L,,,,\n")
    assert counts(got) == (2, 1, 0, 1)
    assert "temperature" in notes(got, Level.ERROR)[0]
    assert "row 2" in notes(got, Level.ERROR)[0]


def test_an_impossible_value_is_quarantined_and_the_unit_that_fits_is_named(rows: Reader):
    got = rows("P,5,,temperature,101.3,degC,,,,\n")
    message = notes(got, Level.ERROR)[0]
    assert message == (
        "record.csv, row 2: temperature is 101.3 degC, outside the possible 25-45\n"
        "  The value would fit degF: if so, write the unit or use --unit temperature=degF."
    )
    assert event(rows("P,5,,temperature,101.3,degC,,,,\n", units={"temperature": "degF"}))["value"] == 38.5


def test_an_unusual_value_is_used_and_warned_about(rows: Reader):
    got = rows("P,5,,temperature,43,degC,,,,\n")
    assert event(got)["value"] == 43
    assert "outside the usual" in notes(got, Level.WARNING)[0]


def test_a_column_in_fahrenheit_is_converted_and_told(rows: Reader):
    got = rows("".join(f"P,{d},,temperature,{t},,,,,\n" for d, t in enumerate((98.6, 99, 100.4, 103))))
    assert got.events["value"].to_list()[::2] == [37, 38]
    assert any("Fahrenheit" in n and "4 of 4" in n for n in notes(got, Level.WARNING))


def test_one_fahrenheit_fever_among_celsius_values_is_converted_and_named(rows: Reader):
    got = rows("".join(f"P,{d},,temperature,{t},,,,,\n" for d, t in enumerate((37, 38, 100.4, 39))))
    assert got.events["value"].to_list() == [37, 38, 38, 39]
    assert any("row 4" in n for n in notes(got, Level.WARNING))


def test_a_value_among_celsius_that_may_be_a_saturation_is_not_guessed(rows: Reader):
    got = rows("".join(f"P,{d},,temperature,{t},,,,,\n" for d, t in enumerate((37, 38, 95, 39))))
    assert counts(got) == (4, 3, 0, 1)


def test_fio2_above_one_without_a_unit_is_percent_and_told(rows: Reader):
    got = rows("P,5,,fio2,40,,,,,\nP,6,,fio2,0.5,,,,,\n")
    assert got.events["value"].to_list() == [0.4, 0.5]
    assert any("percent" in n for n in notes(got, Level.INFO))


def test_an_exact_duplicate_is_read_once_and_explained(rows: Reader):
    got = rows("P,5,,crp,12,mg/L,,,,\nP,6,,crp,12,mg/L,,,,\nP,5,,CRP,1.2,mg/dL,,,,\n")
    assert counts(got) == (3, 2, 1, 0)
    assert any("row 4" in n and "duplicate of row 2" in n for n in notes(got, Level.INFO))


def test_two_doses_of_one_day_are_kept_apart_by_their_notes(rows: Reader):
    assert len(rows("P,5,,tocilizumab,100,mg,,,,first\nP,5,,tocilizumab,100,mg,,,,second\n").events) == 2
    got = rows("P,5,,tocilizumab,100,mg,,,,\nP,5,,tocilizumab,100,mg,,,,\n")
    assert len(got.events) == 1
    assert any("second dose" in n for n in notes(got, Level.WARNING))


def test_two_values_at_one_exact_time_are_both_used_and_warned_about(rows: Reader):
    got = rows("P,0.5,,crp,12,mg/L,,,,\nP,0.5,,crp,14,mg/L,,,,\n")
    assert len(got.events) == 2
    assert any("two different values of crp" in n and "rows 2, 3" in n for n in notes(got, Level.WARNING))
    assert notes(rows("P,5,,crp,12,mg/L,,,,\nP,5,,crp,14,mg/L,,,,\n"), Level.WARNING) == []


def test_overlapping_infusions_of_one_drug_are_used_and_named(table: Reader):
    head = "hour,end_hour,concept,value,unit\n"
    got = table(head + "1,5,norepinephrine,5,ug/min\n4,8,norepinephrine,6,ug/min\n")
    assert len(got.events) == 2
    assert any("overlap" in n and "rows 2, 3" in n for n in notes(got, Level.WARNING))
    assert notes(table(head + "1,5,norepinephrine,5,ug/min\n5,8,norepinephrine,6,ug/min\n"), Level.WARNING) == []
    assert notes(table(head + "1,5,norepinephrine,5,ug/min\n4,8,vasopressin,0.03,U/min\n"), Level.WARNING) == []


def test_attribution_is_one_of_a_list_in_any_case(rows: Reader):
    got = rows("P,8,,neck_swelling,,,present,L-CRS,neck,x\nP,8,,fever,,,present,,,\nP,8,,rash,,,present,weather,,\n")
    assert dict(zip(got.events["concept"], got.events["attribution"], strict=True)) == {"neck_swelling": "local_crs", "fever": "unknown"}
    assert counts(got) == (3, 2, 0, 1)
    assert got.events["site"].drop_nulls().to_list() == ["neck"]


def test_comments_blank_lines_and_empty_rows_are_explained_and_rows_keep_their_numbers(table: Reader):
    got = table("# a file, with a comma\n\nday,concept,value,unit\n# \"5,crp\n5,crp,12,mg/L\n\n,,,\n6,crp,bad,mg/L\n")
    assert counts(got) == (7, 1, 5, 1)
    assert got.events["origin"].to_list() == ["record.csv:5"]
    assert got.reading.errors[0].rows == (8,)


def test_a_quoted_cell_over_two_lines_does_not_shift_the_rows(table: Reader):
    got = table('day,concept,value,unit,note\n5,crp,12,mg/L,"two\nlines, ""quoted"""\n6,crp,bad,mg/L,\n')
    assert got.events["note"].to_list() == ['two\nlines, "quoted"']
    assert got.reading.errors[0].rows == (4,)


def test_a_row_longer_than_the_header_is_quarantined(table: Reader):
    got = table("day,concept,value\n5,temperature,38,5\n6,temperature,39\n")
    assert counts(got) == (2, 1, 0, 1)
    assert got.reading.errors[0].rows == (2,)


def test_an_unclosed_quote_is_named_by_its_row(table: Reader):
    with pytest.raises(SourceError, match=r"record.csv, row 3: the quotes"):
        table('day,concept,value\n5,crp,1\n6,crp,"12\n7,crp,13\n')


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_told(table: Reader, mark: str):
    got = table(mark.join(("Day", "CONCEPT", "Value")) + "\n" + mark.join(("5", "Temp", "38.5")) + "\n")
    assert event(got)["value"] == 38.5
    assert got.reading.settings["record.csv: delimiter"] in ("comma", "semicolon", "tab", "bar")


def test_a_patient_without_a_name_is_called_after_the_file_and_an_empty_cell_is_quarantined(table: Reader):
    assert table("day,concept,value\n5,crp,12\n", name="case_7.csv").patient_ids == ["case_7"]
    assert counts(table("id,day,concept,value\nA,5,crp,12\n,5,crp,13\n")) == (2, 1, 0, 1)


def test_a_column_that_is_not_read_is_told(table: Reader):
    got = table("day,concept,value,ward\n5,crp,12,B4\n")
    assert any("'ward' is not read" in n for n in notes(got, Level.WARNING))
    assert notes(table("day,concept,value,ward\n5,crp,12,B4\n", ignore=["ward"]), Level.WARNING) == []


def test_concepts_can_be_left_out_on_purpose(rows: Reader):
    got = rows("P,5,,mood,good,,,,,\nP,5,,crp,12,mg/L,,,,\n", ignore=["mood"])
    assert counts(got) == (2, 1, 1, 0)


def test_two_columns_that_mean_the_same_are_refused(table: Reader):
    with pytest.raises(SourceError, match="'day' and 'study day' both mean day"):
        table("day,study day,concept,value\n5,5,crp,12\n")


@pytest.mark.parametrize("units", [{"tempo": "degC"}, {"temperature": "mmHg"}])
def test_a_setting_of_units_that_makes_no_sense_is_refused(rows: Reader, units: dict[str, str]):
    with pytest.raises(SettingError):
        rows("P,5,,crp,12,mg/L,,,,\n", units=units)
