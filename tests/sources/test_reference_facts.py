"""Limits of normal and baselines of any measurement, as facts about the patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.sources.csv import read
from tocsin.sources.headers import fact_named
from tocsin.sources.write import write
from tocsin.timeline import Level, Timeline


def save(folder: Path, text: str, name: str = "record.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def fact(timeline: Timeline, name: str) -> object:
    return timeline.patients[name][0]


@pytest.mark.parametrize(
    ("header", "name"),
    [("uln_ast", "uln_ast"), ("ULN AST", "uln_ast"), ("AST_ULN", "uln_ast"), ("ULN of SGOT", "uln_ast"), ("LLN platelets", "lln_platelets"),
     ("PLT LLN", "lln_platelets"), ("upper limit of normal of creatinine", "uln_creatinine"), ("baseline ferritin", "baseline_ferritin"),
     ("baseline SBP", "baseline_systolic_bp")],
)
def test_a_limit_of_normal_or_baseline_is_named_in_any_spelling_of_its_measurement(header: str, name: str):
    assert fact_named(header) == name


@pytest.mark.parametrize("header", ["uln", "baseline", "uln_rash", "baseline hypotension", "uln_nonsense", "creatinine"])
def test_a_limit_of_something_that_is_no_measurement_is_no_fact(header: str):
    assert fact_named(header) is None


def test_columns_of_a_wide_table_are_converted_to_the_canonical_unit(tmp_path: Path):
    got = read(save(tmp_path, "day,AST,uln_ast [ukat/L],baseline_creatinine (umol/L),LLN haemoglobin [g/L]\n3,90,0.6,88.4,120\n"))
    assert fact(got, "uln_ast") == 36
    assert fact(got, "baseline_creatinine") == 1
    assert fact(got, "lln_haemoglobin") == 12
    assert got.events["concept"].to_list() == ["ast"]


def test_rows_without_a_day_tell_limits_and_baselines(tmp_path: Path):
    got = read(save(tmp_path, "patient,day,concept,value,unit\nP,,uln_bilirubin_total,20.5248,umol/L\nP,,baseline_ferritin,300,ug/L\nP,3,AST,90,U/L\n"))
    assert fact(got, "uln_bilirubin_total") == 1.2
    assert fact(got, "baseline_ferritin") == 300


def test_a_table_of_patients_tells_them(tmp_path: Path):
    who = save(tmp_path, "patient,age,uln_alt,lln_fibrinogen [g/L]\nA,40,35,1.8\nB,50,,\n", "patients.csv")
    got = read(save(tmp_path, "patient,day,ALT\nA,1,50\nB,1,50\n"), patients=who)
    table = {row["patient"]: row for row in got.patients.iter_rows(named=True)}
    assert (table["A"]["uln_alt"], table["A"]["lln_fibrinogen"]) == (35, 180)
    assert (table["B"]["uln_alt"], table["B"]["lln_fibrinogen"]) == (None, None)


@pytest.mark.parametrize(("value", "says"), [("-5", "outside the possible"), ("high", "is one number"), ("40 mg/dL", "not measured in")])
def test_a_limit_that_cannot_be_is_an_error_and_not_used(tmp_path: Path, value: str, says: str):
    got = read(save(tmp_path, f"day,ALT,uln_alt\n1,50,{value}\n"))
    assert [n.sentence() for n in got.reading.notes if n.level is Level.ERROR and says in n.sentence()]
    assert "uln_alt" not in got.patients.columns


def test_what_is_written_reads_back_the_same(tmp_path: Path):
    first = Timeline.from_rows(
        [{"patient": "A", "hour": 1.0, "concept": "alt", "value": 50.0}],
        [{"patient": "A", "age_years": 40.0, "uln_alt": 35.0, "lln_platelets": 140.0, "baseline_ferritin": 312.5, "baseline_creatinine": 0.8}])
    write(first, tmp_path / "out.csv")
    again = read(tmp_path / "out.csv")
    assert again.patients.sort(again.patients.columns).select(first.patients.columns).equals(first.patients)
