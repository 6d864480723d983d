"""``tocsin compare scales`` and ``tocsin ask`` as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

DATA = files("tocsin.cases") / "data"
CASES = [str(DATA / f"paper{number}.csv") for number in ("000", "001", "002")]
TWO = ("--scale", "astct-crs-2019", "--scale", "cartox-crs-2018")
SUPPORT = ("--assume", "unstated-support-absent")


def tocsin(*arguments: str, width: int = 100, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": str(width)}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---------------------------------------------------------------------------------------------------- compare scales
def test_one_patient_as_json_is_a_line_for_each_change_and_each_report():
    found = lines(tocsin("compare", "scales", CASES[0], *TWO, *SUPPORT, "--json"))
    steps = [f for f in found if f["kind"] == "step"]
    assert set(steps[0]) == {"kind", "patient", "start_hour", "end_hour", "verdict", "grades"}
    assert set(steps[0]["grades"]) == {"astct-crs-2019", "cartox-crs-2018"}
    assert set(steps[0]["grades"]["astct-crs-2019"]) == {"at_least", "at_most", "because", "undecided"}
    assert [s["end_hour"] for s in steps[:-1]] == [s["start_hour"] for s in steps[1:]]
    assert steps[-1]["end_hour"] is None
    day4 = next(f for f in found if f["kind"] == "report" and f["hour"] == 96 and f["scale"] == "astct-crs-2019")
    assert (day4["reported"], day4["agrees"], day4["derived_at_least"]) == (2, False, 1)
    assert any(e["concept"] == "temperature" and e["origin"] == "paper000.csv:19" for e in day4["evidence"])


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int):
    for arguments in ((CASES[2], *TWO), (*CASES, *TWO), tuple(CASES)):
        done = tocsin("compare", "scales", *arguments, *SUPPORT, width=width)
        assert done.returncode == 0, done.stderr
        assert max(len(line) for line in done.stdout.splitlines()) <= width


def test_one_patient_on_a_terminal_says_why_the_scales_differ():
    text = " ".join(tocsin("compare", "scales", CASES[2], *TWO, *SUPPORT).stdout.split())
    assert "ASTCT 2019: 2 (HYPO2: hypotension)" in text
    assert "ORGAN3: organ toxicity grade 3" in text
    assert "not told: " in text


def test_a_moment_is_one_row():
    steps = [f for f in lines(tocsin("compare", "scales", CASES[2], *TWO, *SUPPORT, "--at", "day7", "--json")) if f["kind"] == "step"]
    assert [(s["grades"]["astct-crs-2019"]["at_least"], s["end_hour"]) for s in steps] == [(2, None)]


def test_a_cohort_as_json_has_the_highest_grades_the_pairs_and_who_differs():
    found = lines(tocsin("compare", "scales", *CASES, *TWO, *SUPPORT, "--json"))
    kinds = {kind: [f for f in found if f["kind"] == kind] for kind in ("highest", "pair", "disagreement", "undecided", "all", "report")}
    assert [len(kinds[k]) for k in ("highest", "pair", "all")] == [6, 1, 1]
    assert set(kinds["pair"][0]) == {
        "kind", "first", "second", "patients", "settled", "same", "percent", "kappa", "kappa_low", "kappa_high", "kappa_at_least", "surely_differ"}
    assert [d["patient"] for d in kinds["disagreement"]] == ["002"]
    assert kinds["all"][0]["patients"] == 3


def test_a_cohort_on_a_terminal_names_who_differs_who_is_open_and_what_contradicts():
    text = " ".join(tocsin("compare", "scales", *CASES, *TWO, *SUPPORT).stdout.split())
    for words in ("Highest grade of 3 patients by 2 scales", "Settled by every scale", "Not settled, and what is not told", "002: ASTCT 2019: 2",
                  "contradicts ASTCT 2019: 1", "Research software, not a medical device."):
        assert words in text


def test_one_patient_of_a_cohort():
    text = tocsin("compare", "scales", *CASES, *TWO, "--patient", "001").stdout
    assert text.startswith("Patient 001: CRS by 2 scales")


@pytest.mark.parametrize("arguments", [
    ("compare", "scales", CASES[0], "--scale", "astct"), ("compare", "scales", CASES[0], "--scale", "astct-crs-2019", "--scale", "astct-icans-2019"),
    ("compare", "scales", CASES[0], "--scale", "hscore"), ("ask", CASES[0], "--scale", "astct"), ("ask", CASES[0], "--at", "-50"),
    ("ask", CASES[0], "--set", "nothing=1"), ("ask", CASES[0], "--patient", "X"), ("ask", "nosuch.csv"),
])
def test_a_mistake_gets_one_message_and_exit_code_2(arguments: tuple[str, ...], tmp_path: Path):
    done = tocsin(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("tocsin: ")
    assert "Traceback" not in done.stderr


# ---------------------------------------------------------------------------------------------------- ask
@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.csv"
    path.write_text("patient,hour,concept,value,unit,text\nP1,0,temperature,38.5,degC,\nP1,0,oxygen_device,,,nasal cannula\n", encoding="utf-8")
    return path


def test_ask_says_which_input_settles_it(chart: Path):
    text = " ".join(tocsin("ask", str(chart), "--complete", "drugs,hypotension").stdout.split())
    assert "Oxygen flow (settles it)" in text
    assert "6 L/min or less" in text
    assert "Oxygen flow alone would settle it, whatever is found." in text


def test_ask_as_json(chart: Path):
    (found,) = lines(tocsin("ask", str(chart), "--complete", "drugs,hypotension", "--json"))
    assert set(found) == {"patient", "scale", "version", "hour", "at_least", "at_most", "because", "needs", "together", "hidden_by"}
    assert (found["at_least"], found["at_most"], found["hour"]) == (2, 3, 0.0)
    assert found["needs"] == [{"input": "oxygen_flow", "settles": True, "outcomes": [
        {"found": "6 L/min or less", "at_least": 2, "at_most": 2, "values": []},
        {"found": "above 6 L/min", "at_least": 3, "at_most": 3, "values": []}]}]


def test_ask_names_the_inputs_that_settle_it_together(chart: Path):
    text = " ".join(tocsin("ask", str(chart)).stdout.split())
    assert "No single input settles it; these 2 together do: vasopressors running at once and oxygen flow." in text


def test_ask_of_a_settled_grade_and_of_the_other_kinds_of_scale(chart: Path):
    assert "Nothing is missing" in tocsin("ask", str(chart), "--complete", "drugs,hypotension,oxygen_flow").stdout
    for scale in ("hscore", "easix-2017", "icaht-early-2023", "isth-dic-2001"):
        done = tocsin("ask", str(chart), "--scale", scale, "--at", "1")
        assert done.returncode == 0, done.stderr
        assert "Patient P1" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 100


def test_grade_points_to_ask_where_a_grade_is_open(chart: Path):
    assert "tocsin ask" in tocsin("grade", str(chart)).stdout
    assert "tocsin ask" not in tocsin("grade", str(chart), "--json").stdout
