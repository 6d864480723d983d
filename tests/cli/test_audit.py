"""``tocsin audit`` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from tocsin.protocols.audit import VERDICTS

DATA = files("tocsin.cases") / "data"
CASES = [str(DATA / f"paper{number}.csv") for number in ("000", "001", "002")]
CHART = """patient,hour,concept,value,unit,text
P1,0,temperature,39,degC,
P1,4,temperature,39,degC,
P1,8,temperature,39,degC,
P1,12,temperature,39,degC,
P1,0,ast,300,U/L,
P1,10,tocilizumab,480,mg,
P1,12,tocilizumab,400,mg,
"""


def tocsin(*arguments: str, width: int = 100) -> subprocess.CompletedProcess[str]:
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": str(width), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=environment, check=False)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.csv"
    path.write_text(CHART, encoding="utf-8")
    return path


def test_one_patient_as_json_is_a_line_for_each_finding_and_one_with_the_counts(chart: Path):
    *findings, summary = lines(tocsin("audit", str(chart), "--protocol", "paper004", "--complete", "drugs,devices", "--weight", "50", "--json"))
    doses = [f for f in findings if f["kind"] == "dose"]
    assert [(f["verdict"], f["arithmetic"].split(", ")[0]) for f in doses] == [
        ("dose_off", "8 mg/kg x 50 kg = 400 mg"), ("too_soon", "")]
    assert doses[0]["arithmetic"] == "8 mg/kg x 50 kg = 400 mg, given 480 mg"
    assert doses[0]["origin"] == "chart.csv:7"
    assert summary["kind"] == "summary"
    assert set(summary["verdicts"]) == set(VERDICTS)
    assert sum(summary["verdicts"].values()) == len(findings)
    assert summary["had"] == 2


def test_the_time_within_which_a_dose_is_on_time_can_be_chosen(chart: Path):
    wide = lines(tocsin("audit", str(chart), "--complete", "drugs,devices", "--within-hours", "10", "--json"))
    narrow = lines(tocsin("audit", str(chart), "--complete", "drugs,devices", "--within-hours", "9", "--json"))
    assert [next(f["verdict"] for f in x if f["kind"] == "dose") for x in (wide, narrow)] == ["on_time", "late"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int):
    for arguments in ((CASES[0],), (CASES[2], "--assume", "unstated-support-absent"), tuple(CASES)):
        done = tocsin("audit", *arguments, width=width)
        assert done.returncode == 0, done.stderr
        assert max(len(line) for line in done.stdout.splitlines()) <= width


def test_a_patient_on_a_terminal_has_each_verdict_with_its_reasons_and_the_counts(chart: Path):
    text = " ".join(tocsin("audit", str(chart), "--complete", "drugs,devices", "--weight", "50").stdout.split())
    for words in ("Patient P1: audit by", "dose off", "too soon", "2 doses given: 2 had an indication", "Research software, not a medical device."):
        assert words in text


def test_a_cohort_is_counted_and_one_patient_of_it_can_be_named():
    text = " ".join(tocsin("audit", *CASES, "--summary").stdout.split())
    assert "3 patients audited by paper004" in text
    assert "Patient 000" not in text
    *findings, summary = lines(tocsin("audit", *CASES, "--patient", "002", "--json"))
    assert {f["patient"] for f in findings} == {"002"}
    assert summary["patients"] == 1


@pytest.mark.parametrize(("arguments", "words"), [
    (("--protocol", "paper4"), "no protocol called 'paper4'"), (("--within-hours", "-1"), "a number of hours from 0 on"),
    (("--set", "fever_weeks=2"), "fever_weeks"), (("--patient", "P9"), "P9"),
])
def test_a_mistake_is_answered_in_words(chart: Path, arguments: tuple[str, ...], words: str):
    done = tocsin("audit", str(chart), *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_audit_on_a_terminal_says_concepts_in_words_and_breaks_no_name_of_a_drug():
    text = tocsin("audit", CASES[-1], "--assume", "unstated-support-absent").stdout
    assert "fluid_bolus" not in text
    assert "Methylprednisolone  " in text
    assert "a neurological examination with its score" in " ".join(text.replace("\n", " ").split())
