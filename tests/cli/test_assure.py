"""``tocsin assure`` and ``tocsin protocols`` as a user types them, and a hospital's own file wherever a protocol is named."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest

from tocsin.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
CASE = str(files("tocsin.cases") / "data" / "paper002.csv")
LOCAL = "tocilizumab_interval_hours 8 h instead of 6 h [Ward SOP 12, 2025-03-01]"


@dataclass
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def tocsin(*arguments: object, width: int = 110) -> Done:
    """The command in this process: starting Python forty times would take minutes."""
    out, err, code = StringIO(), StringIO(), 0
    with patch.object(sys, "argv", ["tocsin", *map(str, arguments)]), patch.dict(os.environ, COLUMNS=str(width)), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def lines(done: Done, code: int = 0) -> list[dict]:
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """A copy of the examples, to be changed."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "ward"))


def change(path: Path, before: str, after: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["ward-7.toml", "two_rules.py"])
def test_the_examples_of_the_manual_say_what_is_expected_of_them(name):
    found = lines(tocsin("assure", EXAMPLES / name, "--json"))
    summary = found[-1]
    assert (summary["wrong"], summary["faults"]) == (0, 0)
    assert summary["answers"] == sum(f["kind"] == "answer" for f in found) > 3
    assert [f["status"] for f in found if f["kind"] == "not_expected"] == ["due", "not_due", "depends", "blocked"]


def test_an_answer_that_differs_is_told_with_its_reason_and_exits_with_1(ward):
    change(ward / "ward-7.expected.toml", '"C2.3" = "blocked"', '"C2.3" = "due"')
    done = tocsin("assure", ward / "ward-7.toml")
    assert done.returncode == 1
    said = words(done.stdout)
    assert "tocilizumab was given less than 8 h ago" in said
    assert "Expected because: SOP 12: 8 h between two doses" in said
    assert "12 expected answers: 11 as expected, 1 not." in said
    (wrong,) = [f for f in lines(tocsin("assure", ward / "ward-7.toml", "--json"), code=1) if f["kind"] == "answer" and not f["agrees"]]
    assert (wrong["patient"], wrong["rule"], wrong["expected"], wrong["found"]) == ("tocilizumab 7 h ago", "C2.3", "due", "blocked")


def test_a_dose_that_differs_is_told(ward):
    change(ward / "ward-7.expected.toml", '"C2.3" = 400', '"C2.3" = 401')
    (wrong,) = [f for f in lines(tocsin("assure", ward / "ward-7.toml", "--json"), code=1) if f["kind"] == "answer" and not f["agrees"]]
    assert (wrong["what"], wrong["expected"], wrong["found"]) == ("dose", "401 mg", "400 mg")


def test_what_is_not_told_is_named_where_an_answer_depends_on_it(ward):
    change(ward / "ward-7.expected.toml", '"C2.1" = "depends"', '"C2.1" = "due"')
    (wrong,) = [f for f in lines(tocsin("assure", ward / "ward-7.toml", "--json"), code=1) if f["kind"] == "answer" and not f["agrees"]]
    assert wrong["found"] == "depends"
    assert "Not told: hypotension" in wrong["why"] or "Not told: systolic_bp" in wrong["why"]


def test_a_dose_without_a_weight_is_a_formula_and_not_the_dose_expected(ward):
    text = (ward / "ward-7.expected.toml").read_text(encoding="utf-8").replace("weight_kg = 50\n", "")
    (ward / "ward-7.expected.toml").write_text(text, encoding="utf-8")
    wrong = [f for f in lines(tocsin("assure", ward / "ward-7.toml", "--json"), code=1) if f["kind"] == "answer" and not f["agrees"]]
    assert [(f["rule"], f["what"]) for f in wrong] == [("C2.3", "dose")]
    assert "the weight is not known" in wrong[0]["found"]


def test_without_expected_answers_the_protocol_itself_is_checked(ward):
    (ward / "ward-7.expected.toml").unlink()
    done = tocsin("assure", ward / "ward-7.toml")
    assert done.returncode == 0
    assert "No expected answers" in done.stdout
    (only,) = lines(tocsin("assure", "paper004", "--json"))
    assert (only["kind"], only["answers"], only["faults"], only["local"]) == ("summary", 0, 0, [])


def test_a_fault_of_the_protocol_exits_with_1(ward):
    change(ward / "two_rules.py", ', reading="The grade is that of the ASTCT, with or without a fluid bolus."', "")
    found = lines(tocsin("assure", ward / "two_rules.py", "--json"), code=1)
    assert [f["what"] for f in found if f["kind"] == "fault"] == ["W2: it rests on a decision and does not say which (reading)"]


def test_a_changed_rule_of_which_nothing_is_expected_is_named(ward):
    change(ward / "ward-7.expected.toml", '"C1.1b" = "not_due", ', "")
    assert "C1.1b" in lines(tocsin("assure", ward / "ward-7.toml", "--json"))[-1]["changed_not_expected"]


def test_expected_answers_of_another_place_are_named(ward):
    moved = (ward / "ward-7.expected.toml").rename(ward / "other.toml")
    assert lines(tocsin("assure", ward / "ward-7.toml", moved, "--json"))[-1]["answers"] == 12


@pytest.mark.parametrize(("before", "after", "what"), [
    ('"C2.3" = "blocked"', '"C2.3" = "late"', "none of due, not_due, depends, blocked"),
    ('"C2.3" = "blocked"', '"C9.9" = "blocked"', "ward-7 has no rule 'C9.9'"),
    ("at = 10", 'at = "noon"', "at is an hour since the infusion"),
    ('name = "tocilizumab 7 h ago"', "nom = 3", "there is no 'nom' here"),
    ("10,   39.0,        85,          yes,", "10,   390,         85,          yes,", "390"),
    ('complete = ["drugs", "devices"]\nweight_kg = 50\nage_years = 40\nat = 10', 'complete = "drugs"\nat = 10', "complete is a list of names"),
    ('complete = ["drugs", "devices"]\nweight_kg = 50\nage_years = 40\nat = 10', 'complete = ["drugz"]\nat = 10', "drugz"),
    ("at = 10", 'at = 10\nfile = "chart.csv"', "either a file or events"),
    ("at = 10", 'at = 10\nid = "P9"', "P9"),
    ("weight_kg = 50\nage_years = 40\nat = 10", 'weight_kg = "heavy"\nat = 10', "weight_kg is a number"),
    ('name = "tocilizumab 7 h ago"', 'name = "tocilizumab 7 h ago', "this is not TOML"),
])
def test_a_mistake_in_the_expected_answers_is_told_without_a_traceback(ward, before: str, after: str, what: str):
    change(ward / "ward-7.expected.toml", before, after)
    done = tocsin("assure", ward / "ward-7.toml")
    assert done.returncode == 2
    assert what in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("before", "after", "what"), [
    ("name,file,at", "name,file,hour", "there is no column 'hour'"),
    ("chart.csv,30", "lost.csv,30", "lost.csv does not exist"),
    ("W2,blocked,,8 h", ",blocked,,8 h", "row 5: a cell is missing, or no rule is named"),
])
def test_a_mistake_in_expected_answers_as_csv_is_told(ward, before: str, after: str, what: str):
    change(ward / "two_rules.expected.csv", before, after)
    done = tocsin("assure", ward / "two_rules.py")
    assert done.returncode == 2
    assert what in done.stderr


# ---------------------------------------------------------------------------------------------------- a file wherever an id is taken
def test_advice_by_a_local_file_begins_with_what_was_changed():
    ask = ("advise", CASE, "--at", "day7", "--weight", "50", "--complete", "drugs,devices", "--protocol", EXAMPLES / "ward-7.toml")
    done = tocsin(*ask)
    assert done.stdout.startswith(f"local: {LOCAL}")
    assert "warning: C3.2 asks for more than the source: 20 mg instead of 10 mg" in done.stdout
    assert "Dexamethasone (local dose): 20 mg IV (20 mg every 6 h)" in done.stdout
    by_rule = {a["rule"]: a for a in lines(tocsin(*ask, "--json"))}
    assert LOCAL in by_rule["ward-7/C2.8t"]["reason"]
    assert "local:Ward SOP 12, 2025-03-01" in by_rule["ward-7/C2.8t"]["cites"]
    assert "Local" not in by_rule["ward-7/C2.4"]["reason"]


def test_an_audit_by_a_local_file_says_what_was_changed():
    done = tocsin("audit", CASE, "--protocol", EXAMPLES / "ward-7.toml", "--json")
    summary = lines(done)[-1]
    assert summary["protocol"] == "ward-7"
    assert any(LOCAL in one for one in summary["local"])
    assert tocsin("audit", CASE, "--protocol", EXAMPLES / "ward-7.toml").stdout.startswith(f"local: {LOCAL}")


def test_a_report_by_a_local_file_says_what_was_changed(tmp_path):
    done = tocsin("report", CASE, "--protocol", EXAMPLES / "ward-7.toml", "--out", tmp_path / "r.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert LOCAL in page
    assert "Local document: Ward SOP 12, 2025-03-01" in page


def test_explain_sets_a_local_file_beside_the_guideline():
    said = words(tocsin("explain", EXAMPLES / "ward-7.toml", width=200).stdout)
    assert "Changed in paper004" in said
    assert re.search(r"C1\.1b on off Formulary decision C1\.1b", said)
    one = words(tocsin("explain", f"{EXAMPLES / 'ward-7.toml'}/C2.3").stdout)
    assert "Not while: tocilizumab was given less than 8 h ago" in one
    assert f"Local: {LOCAL}." in one
    own = words(tocsin("explain", f"{EXAMPLES / 'two_rules.py'}/W1").stdout)
    assert "How sure: a local decision of the hospital, by its own document." in own
    assert "Source: Local document: Ward SOP 14, 2025-06-02 [local:Ward SOP 14, 2025-06-02]" in own


def test_protocols_lists_tocsins_own_and_the_files_that_are_named():
    found = {p["id"]: p for p in lines(tocsin("protocols", EXAMPLES / "ward-7.toml", EXAMPLES / "two_rules.py", "--json"))}
    assert {"paper004", "asco2021", "ward-7", "two-rules"} <= set(found)
    assert found["paper004"]["from"] == "Tocsin"
    assert found["paper004"]["local"] == []
    assert (found["ward-7"]["based_on"], len(found["ward-7"]["local"])) == ("paper004", 4)
    assert found["two-rules"]["rules"] == ["W1", "W2"]
    assert found["two-rules"]["grades"] == ["CRS, ASTCT consensus 2019"]
    assert "paper004 with 4 local changes" in words(tocsin("protocols", EXAMPLES / "ward-7.toml", width=160).stdout)


def test_cite_names_the_local_documents(tmp_path):
    shown = tocsin("cite", EXAMPLES / "ward-7.toml").stdout
    assert "Local document: Ward SOP 12, 2025-03-01" in shown
    assert "[chinthapalli2023]" in shown
    advice = tocsin("advise", CASE, "--at", "day7", "--protocol", EXAMPLES / "ward-7.toml", "--json").stdout
    (tmp_path / "advice.jsonl").write_text(advice, encoding="utf-8")
    assert "Local document: Ward SOP 12, 2025-03-01" in tocsin("cite", tmp_path / "advice.jsonl").stdout


@pytest.mark.parametrize("command", [("advise", CASE, "--at", "day7", "--protocol"), ("audit", CASE, "--protocol"), ("assure",), ("explain",), ("protocols",),
                                     ("cite",)], ids=lambda c: c[0])
def test_a_broken_file_is_one_clear_error_for_every_command(ward, command):
    path = change(ward / "two_rules.py", "astct = scale(", "astct = scal(")
    done = tocsin(*command, path)
    assert done.returncode == 2
    assert done.stderr == f"tocsin: {path}, line 19: name 'scal' is not defined.\n  Import the name, or correct its spelling.\n"
