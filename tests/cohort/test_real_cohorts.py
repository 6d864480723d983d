"""The two real cohorts, from their tables to the report, as far as their data go."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from real_cohorts import write_ccf, write_nih
from tocsin.cli import app


def report(folder, out, *options):
    made = CliRunner().invoke(app, ["cohort", str(folder), "--out", str(out), *options])
    assert made.exit_code == 0, made.output
    return json.loads((out / "report.json").read_text())


@pytest.fixture(scope="module")
def ccf(shared_data, tmp_path_factory):
    place = tmp_path_factory.mktemp("ccf")
    return report(write_ccf(shared_data("ccf_cart_daily_grades"), place / "study"), place / "report")


@pytest.fixture(scope="module")
def nih(shared_data, tmp_path_factory):
    place = tmp_path_factory.mktemp("nih")
    return report(write_nih(shared_data("nih_cd22_cart"), place / "study"), place / "report")


def section(made, id_):
    return next(s for s in made["sections"] if s["id"] == id_)


def left_out(made):
    return " ".join(text for s in made["sections"] for text in s["left_out"])


def test_daily_reported_grades_give_incidence_onset_and_duration(ccf):
    assert "21 of 27 (77.8%" in section(ccf, "grades")["text"][0]
    assert "6 of grade 1, 14 of grade 2 and 1 of grade 3" in section(ccf, "grades")["text"][0]
    assert "tocilizumab (n = 12)" in section(ccf, "durations")["text"][0]


def test_a_cohort_without_survival_age_or_laboratory_says_so(ccf):
    said = left_out(ccf)
    assert "Overall survival" in said
    assert "Response" in said


def test_highest_grades_told_in_the_table_of_patients_are_used_and_both_scales_shown(nih):
    assert "18 of 20 (90.0%" in section(nih, "grades")["text"][0]
    assert "Duration of CRS" in left_out(nih)
    assert "ICANS" in left_out(nih)


def test_the_cytokines_of_the_record_give_kinetics(nih):
    assert section(nih, "kinetics")["text"]


def test_every_table_and_figure_of_both_reports_is_written(ccf, nih):
    for made in (ccf, nih):
        assert made["contract"] == "tocsin-cohort/1"
        assert len(made["files"]) > 20
