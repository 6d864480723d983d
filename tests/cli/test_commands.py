"""The commands as a user types them: what they print, the machine output, exit codes, and errors without a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

GRADE_KEYS = ["patient", "scale", "version", "start_hour", "end_hour", "at_least", "at_most", "because", "evidence", "undecided", "assumptions"]
ADVICE_KEYS = ["patient", "hour", "protocol", "rule", "action", "drug", "dose", "unit", "route", "status", "blocked_by", "depends_on", "formula",
               "reason", "cites"]
CASE = str(files("tocsin.cases") / "data" / "paper002.csv")


def tocsin(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, check=False)


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.csv"
    path.write_text(
        "patient,hour,end_hour,concept,value,unit,text\nP1,0,,temperature,38.5,degC,\nP1,0,6,norepinephrine,4,ug/min,\n"
        "P1,0,,oxygen_device,,,nasal cannula\nP1,0,,oxygen_flow,2,L/min,\nP1,,,age_years,40,,\n", encoding="utf-8")
    return path


def test_grade_prints_one_json_object_a_line_with_the_keys_of_the_contract(chart):
    done = tocsin("grade", str(chart), "--scale", "astct-crs-2019", "--complete", "drugs,devices", "--json")
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert all(set(GRADE_KEYS) <= set(step) for step in steps)
    first = steps[0]
    assert (first["patient"], first["start_hour"], first["end_hour"], first["at_least"], first["at_most"]) == ("P1", 0.0, 6.0, 3, 3)
    assert "astct-crs-2019/HYPO3" in first["because"]
    pressor = next(e for e in first["evidence"] if e["concept"] == "norepinephrine")
    assert {k: pressor[k] for k in ("value", "unit", "hour", "origin")} == {"value": 4.0, "unit": "ug/min", "hour": 0.0, "origin": "chart.csv:3"}
    assert steps[-1]["end_hour"] is None
    assert any("drugs: complete" in a for a in first["assumptions"])


def test_grade_at_an_hour_gives_what_was_known_then(chart):
    done = tocsin("grade", str(chart), "--scale", "astct-crs-2019", "--complete", "drugs,devices", "--at", "3", "--json")
    (step,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (step["at_least"], step["end_hour"]) == (3, None)


def test_an_open_record_names_what_is_missing(chart):
    done = tocsin("grade", str(chart), "--scale", "astct-crs-2019", "--json")
    first = json.loads(done.stdout.splitlines()[0])
    assert (first["at_least"], first["at_most"]) == (3, 4)
    assert first["undecided"] == ["vasopressor"]


def test_advise_prints_the_keys_of_the_contract_and_a_formula_without_a_weight():
    done = tocsin("advise", CASE, "--at", "day7", "--complete", "drugs,devices", "--json")
    advice = {a["rule"]: a for a in map(json.loads, done.stdout.splitlines())}
    assert all(set(ADVICE_KEYS) <= set(a) for a in advice.values())
    tocilizumab = advice["paper004/C3.4t"]
    assert (tocilizumab["status"], tocilizumab["dose"], tocilizumab["unit"]) == ("due", None, "mg")
    assert "8 mg/kg x weight" in tocilizumab["formula"]
    assert {a["status"] for a in advice.values()} <= {"due", "not_due", "blocked", "depends"}


@pytest.mark.parametrize("protocol", ["asco2021", "uf2026", "nci2016", "kymriah-label-2017", "yescarta-label"])
def test_a_rival_guideline_is_asked_and_explained_by_its_name(protocol):
    done = tocsin("advise", CASE, "--protocol", protocol, "--at", "150", "--json")
    advice = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {a["protocol"] for a in advice} == {protocol}
    explained = tocsin("explain", advice[0]["rule"])
    assert explained.returncode == 0
    assert "How sure:" in explained.stdout


def test_a_weight_turns_the_formula_into_a_dose():
    done = tocsin("advise", CASE, "--at", "168", "--complete", "drugs,devices", "--weight", "50", "--json")
    advice = {a["rule"]: a for a in map(json.loads, done.stdout.splitlines())}
    assert advice["paper004/C3.4t"]["dose"] == 400.0
    assert advice["paper004/C3.4t"]["formula"] == "8 mg/kg x 50 kg = 400 mg"


def test_a_wall_clock_moment_needs_an_infusion_time(chart):
    missing = tocsin("advise", str(chart), "--at", "2026-01-02T08:00")
    assert missing.returncode == 2
    assert "infusion" in missing.stderr
    given = tocsin("advise", str(chart), "--at", "2026-01-01T13:00", "--infusion-time", "2026-01-01T10:00", "--json")
    assert json.loads(given.stdout.splitlines()[0])["hour"] == 3.0


def test_check_exits_with_1_on_errors_and_says_file_row_and_fix(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text("patient,day,concept,value,unit\nP1,1,temprature,39,degC\nP1,2,temperature,38,degC\n", encoding="utf-8")
    done = tocsin("check", str(path))
    assert done.returncode == 1
    assert "wrong.csv, row 2" in done.stdout
    assert "temperature" in done.stdout


@pytest.mark.parametrize("arguments", [
    ("check", "nosuch.csv"), ("grade", "nosuch.parquet"), ("explain", "astct-crs-2019/HYPO9"), ("grade", "CASE", "--scale", "astct"),
    ("grade", "CASE", "--complete", "labs"), ("grade", "CASE", "--set", "nothing=1"), ("grade", "CASE", "--carry", "temperature=long"),
    ("advise", "CASE", "--at", "tomorrow"), ("advise", "CASE", "--at", "3", "--protocol", "paper005"), ("grade", "CASE", "--assume", "well"),
    ("grade", "CASE", "--scale", "hscore", "--scale", "easix-2017", "--set", "nothing=1"), ("grade", "CASE", "--at", "-500"),
    ("compare", "scales", "CASE", "--at", "-500"), ("compare", "scales", "CASE", "--scale", "lee2014-crs", "--scale", "lee2014-crs"),
    ("compare", "scales", "CASE", "--scale", "astct-crs-2019", "--scale", "hscore"), ("ask", "CASE", "--at", "-500"),
    ("grade", "CASE", "--weight", "-5"), ("grade", "CASE", "--age", "900"),
    ("explain", "paper004/Z99"), ("grade", "CASE", "--count", "fate"), ("report", "CASE", "--units", "furlongs"), ("report", "CASE", "--out", "course.docx"),
    ("demo", "--case", "004"), ("grade", "CASE", "--patient", "X"),
])
def test_a_mistake_gets_one_message_and_exit_code_2(arguments, tmp_path):
    done = tocsin(*(CASE if a == "CASE" else a for a in arguments), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("tocsin: ")
    assert "Traceback" not in done.stderr


def test_a_rule_that_does_not_exist_is_answered_with_the_nearest_or_with_the_command_that_lists_them():
    assert "see tocsin explain paper004." in tocsin("explain", "paper004/ZZZZ").stderr
    assert "Nearest: C2.3" in tocsin("explain", "paper004/C2.33").stderr


def test_a_grade_that_is_certain_stands_above_the_advice_also_where_none_of_its_rules_holds(tmp_path):
    """ICANS of grade 2 is below the grade 3 of admission to intensive care, the only rule of the chapter that is graded by it."""
    path = tmp_path / "icans.csv"
    path.write_text("patient,hour,concept,value,unit\n1,96,ice_score,4,points\n", encoding="utf-8")
    text = tocsin("advise", str(path), "--at", "96", "--complete", "drugs,devices,neurology,findings").stdout
    assert "ICANS, ASTCT consensus 2019 grade 2 by ICE2" in text
    assert "ICU3" not in text


def test_every_looking_up_command_answers():
    for arguments in (("scales",), ("explain", "paper004/C2.3"), ("explain", "oxygen_device"), ("explain", "cartox-crs-2018"),
                      ("explain", "paper004"), ("concepts", "pressure"), ("cite", "astct-crs-2019"), ("template",), ("--version",)):
        done = tocsin(*arguments)
        assert done.returncode == 0, arguments
        assert len(done.stdout) > 10, arguments


def test_answer_answers_one_line_for_each_vector_and_says_what_it_cannot_read():
    vector = {"scale": "astct-crs-2019", "patient": {"age_years": 40}, "complete": ["drugs", "devices"], "at_hour": 1, "events": [
        {"concept": "temperature", "hour": 0, "value": 39.0}, {"concept": "norepinephrine", "hour": 0, "end_hour": 12, "value": 5}]}
    code = "from tocsin.cli import main; main()"
    lines = "\n".join([json.dumps(vector), "not json", json.dumps({"scale": "astct-crs-2019"})]) + "\n"
    done = subprocess.run([sys.executable, "-c", code, "answer"], input=lines, capture_output=True, text=True, check=False)
    graded, unread, incomplete = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 0
    assert (graded["at_least"], graded["at_most"], graded["undecided"], graded["flags"]) == (3, 3, [], [])
    assert {"FEVER1", "HYPO3"} <= set(graded["because"])
    assert unread == {"error": "the line is not a JSON object"}
    assert "lacks events, at_hour" in incomplete["error"]


def test_the_template_reads_back_without_an_error(tmp_path):
    path = tmp_path / "blank.csv"
    assert tocsin("template", "--out", str(path)).returncode == 0
    read = tocsin("check", str(path))
    assert read.returncode == 0
    assert "0 in quarantine" in read.stdout


def test_the_template_of_a_study_is_written_into_a_folder_and_says_what_comes_next(tmp_path):
    done = tocsin("template", "--study", str(tmp_path / "my study"))
    assert done.returncode == 0
    assert sorted(p.name for p in (tmp_path / "my study").iterdir()) == ["cohort.toml", "patients.csv"]
    assert f"tocsin cohort '{tmp_path / 'my study'}'" in done.stdout
    again = tocsin("template", "--study", str(tmp_path / "my study"))
    assert again.returncode == 2
    assert "is not written over" in again.stderr
    assert tocsin("template", "--study", str(tmp_path / "b"), "--wide").returncode == 2


def test_the_demo_tells_the_three_cases_and_writes_their_reports(tmp_path):
    done = tocsin("demo", "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["case-000.html", "case-001.html", "case-002.html", "cohort-003"]
    assert "synthetic patients: 17 tocilizumab, 28 no tocilizumab" in " ".join(done.stdout.split())
    for words in ("local CRS counted as CRS", "Paper 000", "Paper 001", "Paper 002", "Guideline", "contradicts", "Research software, not a medical device."):
        assert words in done.stdout


def test_a_parquet_file_is_graded_block_by_block_as_in_one_piece(tmp_path):
    import polars as pl

    from tocsin.cases import read_case
    from tocsin.grading import grade
    from tocsin.timeline import Timeline, blocks

    events = pl.concat([read_case(c).events for c in ("000", "001", "002")])
    path = tmp_path / "events.parquet"
    events.write_parquet(path)
    whole = grade(Timeline.read_parquet(path), "astct-crs-2019").frame
    parts = pl.concat([grade(t, "astct-crs-2019").frame for t in blocks(path, rows=40)])
    assert parts.equals(whole)
    done = tocsin("grade", str(path), "--scale", "astct-crs-2019", "--out", str(tmp_path / "steps.csv"))
    assert done.returncode == 0
    assert len((tmp_path / "steps.csv").read_text(encoding="utf-8").splitlines()) == len(whole) + 1


def test_a_setting_goes_to_the_scales_that_have_it():
    done = tocsin("grade", CASE, "--set", "vasopressor_overlap_minutes=60", "--json")
    assert done.returncode == 0, done.stderr
    said = {(r["scale"], "setting vasopressor_overlap_minutes = 60.0" in r["assumptions"]) for r in map(json.loads, done.stdout.splitlines())}
    assert said == {("astct-crs-2019", True), ("astct-icans-2019", False)}


def test_a_file_of_which_no_row_can_be_used_is_not_graded_in_silence(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("patient,day,concept,value,unit\n1,1,temperature,abc,degC\n", encoding="utf-8")
    done = tocsin("grade", str(path))
    assert done.returncode == 2
    assert "nothing is graded" in done.stderr


def test_a_cohort_by_a_score_and_a_formula_is_summed_up_in_their_own_words(tmp_path):
    path = tmp_path / "cohort.csv"
    rows = "".join(f"{p},1,{concept},{value},\n" for p in range(1, 8) for concept, value in (("ldh", 300), ("platelets", 100)))
    path.write_text("patient,day,concept,value,unit\n" + rows, encoding="utf-8")
    text = " ".join(tocsin("grade", str(path), "--scale", "hscore", "--scale", "easix-2017", "--scale", "s-easix-2021").stdout.split())
    assert "HScore: highest value of each patient" in text
    assert "337 points 7" in text
    assert "not known 7" in text
    assert "inf" not in text.replace("infusion", "")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_scales_of_every_kind_are_written_to_one_file(tmp_path, suffix):
    import polars as pl

    scales = ("astct-crs-2019", "hscore", "easix-2017", "icaht-early-2023")
    out = tmp_path / f"steps.{suffix}"
    done = tocsin("grade", CASE, *(word for one in scales for word in ("--scale", one)), "--out", str(out))
    assert done.returncode == 0, done.stderr
    table = pl.read_csv(out) if suffix == "csv" else pl.read_parquet(out)
    assert set(table["scale"]) == set(scales)
    assert {"band", "probability_at_least"} <= set(table.columns)


def test_a_weight_on_the_command_line_turns_a_rate_per_kilogram_into_a_rate(tmp_path):
    path = tmp_path / "rate.csv"
    path.write_text("patient,hour,concept,value,unit\n1,0,norepinephrine,0.1,ug/kg/min\n", encoding="utf-8")
    given = ("grade", str(path), "--scale", "norepinephrine-equivalent-vasst", "--complete", "drugs", "--json")
    assert json.loads(tocsin(*given).stdout.splitlines()[0])["at_most"] is None
    known = json.loads(tocsin(*given, "--weight", "70").stdout.splitlines()[0])
    assert (known["at_least"], known["at_most"]) == (7, 7)
