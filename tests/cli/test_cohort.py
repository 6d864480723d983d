"""The command ``tocsin cohort`` as a user meets it: the report in a folder, and errors that say what to do."""

from __future__ import annotations

import csv
import json

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import TocsinError

PATIENTS = """patient,age_years,sex,risk,crs_max_grade,crs_onset_day,crs_duration_days,tocilizumab,os_days,os_event,response
""" + "\n".join(f"P{i},{20 + i},{'male' if i % 3 else 'female'},{i % 2},{i % 4},{2 + i % 3 if i % 4 else ''},{i % 4 * 2 + 0.5 * (i % 3) if i % 4 else ''},"
                f"{'yes' if i % 4 >= 2 and i % 3 else 'no'},{50 + 31 * i},{'yes' if i % 3 == 0 else 'no'},{'CR' if i % 5 else 'NR'}" for i in range(24)) + "\n"


def run(*words):
    done = CliRunner().invoke(app, ["cohort", *map(str, words)])
    if isinstance(done.exception, TocsinError):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    place = tmp_path_factory.mktemp("study")
    (place / "patients.csv").write_text(PATIENTS)
    (place / "screening.csv").write_text("reason,n\nnot infused,3\n")
    return place


@pytest.fixture(scope="module")
def made(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "report"
    done = run(study, "--out", out)
    assert done.exit_code == 0, done.output
    return out, done.output


def test_a_table_of_patients_alone_gives_a_report(made):
    out, printed = made
    assert "24 patients" in printed
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert len((out / "methods.txt").read_text().split()) > 50
    data = json.loads((out / "report.json").read_text())
    assert data["contract"] == "tocsin-cohort/1"
    assert any("nobody" in text or "no " in text for s in data["sections"] for text in s["left_out"])


def test_every_figure_stands_in_three_formats_and_every_table_in_two(made):
    out, _ = made
    for one in (out / "figures").glob("*.svg"):
        assert one.with_suffix(".png").is_file()
        assert one.with_suffix(".pdf").is_file()
    tables = [t for t in (out / "tables").glob("*.csv") if not t.stem.endswith("-numbers")]
    assert tables
    assert all(t.with_suffix(".tex").is_file() for t in tables)


def test_the_flow_counts_who_was_screened(made):
    data = json.loads((made[0] / "report.json").read_text())
    patients = next(s for s in data["sections"] if s["id"] == "patients")
    assert any("Of 27 screened, 3 are not part of the analysis: not infused (3)" in text for text in patients["text"])


def test_table_1_is_a_csv_with_the_arms(made):
    with (made[0] / "tables" / "table-1.csv").open(encoding="utf-8-sig") as file:
        head = next(csv.reader(file))
    assert head[:4] == ["Characteristic", "tocilizumab (n = 8)", "no tocilizumab (n = 16)", "All (n = 24)"]


@pytest.mark.parametrize("arms", ["risk", "age_years < 30", "crs_max_grade >= 3"], ids=["column", "rule", "rule on a grade"])
def test_a_column_or_a_rule_makes_the_arms(study, tmp_path, arms):
    assert run(study, "--arms", arms, "--out", tmp_path / "o").exit_code == 0


@pytest.mark.parametrize(("words", "says"), [
    ((), "name one folder"), (("NOWHERE",), "no such file or folder"), (("STUDY", "--arms", "colour"), "neither a drug"),
    (("STUDY", "--arms", "anakinra"), "of nobody is it known whether anakinra was given"), (("--paper", "7"), "no published cohort"),
    (("STUDY", "--paper", "003"), "takes no record"), (("STUDY", "--study", "nowhere.toml"), "no such file"),
    (("STUDY", "--arms", "age_years"), "Write a rule"),
], ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_what_cannot_be_analysed_is_refused_in_one_sentence(study, tmp_path, words, says):
    with pytest.raises(TocsinError, match=says):
        run(*(study if w == "STUDY" else w for w in words), *(("--out", tmp_path / "o") if "--paper" not in words else ()))


def test_a_folder_of_something_else_is_not_written_over(study, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(TocsinError):
        run(study, "--out", tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_what_the_input_says_that_is_not_understood_is_listed_and_stands_in_the_report(study, tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.replace("P3,23,", "P3,old,"))
    done = run(tmp_path, "--out", tmp_path / "o")
    assert "patients.csv, row 5: patient P3: age_years is one number, not 'old'" in done.stderr
    basis = json.loads((tmp_path / "o" / "report.json").read_text())["basis"]
    assert any("Not used" in text and "age_years is one number, not 'old'" in text for _, text in basis)


@pytest.mark.parametrize("option", [("--patient", "P1"), ("--format", "csv"), ("--open", "drugs"), ("--by", "stay"), ("--weight", "30")], ids=" ".join)
def test_an_option_about_a_record_is_refused_where_there_is_none(study, tmp_path, option):
    with pytest.raises(TocsinError, match=f"{option[0]} is about the record, and there is none"):
        run(study, *option, "--out", tmp_path / "o")


def test_a_place_that_cannot_be_written_is_told_before_the_analysis(study, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(TocsinError, match=r"file is a file"):
        run(tmp_path / "nowhere", "--out", tmp_path / "file" / "report")


def test_arms_of_the_command_line_do_not_take_the_order_of_the_study_file(study, tmp_path):
    (tmp_path / "cohort.toml").write_text('order = ["no tocilizumab", "tocilizumab"]\n')
    assert run(study, "--study", tmp_path / "cohort.toml", "--arms", "risk", "--out", tmp_path / "o").exit_code == 0


def test_notes_about_the_cohort_are_printed(study, tmp_path):
    (tmp_path / "patients.csv").write_text(PATIENTS.replace(",risk,", ",crs_length,"))
    assert "nothing reads a column of this name: crs_length" in " ".join(run(tmp_path, "--out", tmp_path / "o").output.split())


def test_the_patients_as_analysed_are_written_where_asked_for_and_each_column_is_explained(study, tmp_path):
    out = tmp_path / "o"
    assert run(study, "--out", out, "--patient-table").exit_code == 0
    with (out / "patients-analysed.csv").open() as file:
        rows = list(csv.DictReader(file))
    with (out / "patients-analysed-columns.csv").open() as file:
        meanings = {row["column"]: row["meaning"] for row in csv.DictReader(file)}
    assert len(rows) == 24
    assert list(rows[0]) == list(meanings)
    assert all(meanings.values())
    one = next(row for row in rows if row["patient"] == "P2")
    assert (one["arm"], one["crs_max_grade"], one["os_days"]) == ("tocilizumab", "2", "112.0")
    assert run(study, "--out", out).exit_code == 0
    assert not (out / "patients-analysed.csv").exists()


@pytest.mark.parametrize("option", [("--arms", "risk"), ("--patient-table",), ("--study", "x.toml")], ids=" ".join)
def test_an_option_that_a_published_cohort_has_no_use_for_is_refused(option):
    with pytest.raises(TocsinError, match=f"{option[0]} is for a record"):
        run("--paper", "003", *option)


def test_the_published_cohort_names_the_test_of_each_p_value():
    done = run("--paper", "003")
    for words in ("p = 0.353", "Fisher's exact test", "p = 0.616", "Pearson chi-square", "84.4", "38/45"):
        assert words in " ".join(done.output.split())
