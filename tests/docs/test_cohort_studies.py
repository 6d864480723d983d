"""The page on cohort studies: every entry of a study file is told, with its default, and the example in Python runs."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import polars as pl

from tocsin.cohort.cohort import COLUMNS
from tocsin.cohort.parts import CohortReport, FigurePart, Flow, Section, TablePart
from tocsin.cohort.study import Study
from tocsin.show.cohort.write import machine

PAGE = (Path(__file__).parents[2] / "docs" / "cohort-studies.md").read_text(encoding="utf-8")


def test_every_entry_of_a_study_file_is_told():
    told = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))))
    assert {f.name for f in fields(Study)} - {"variables", "exclude"} <= told


def test_the_example_of_a_study_file_can_be_read(tmp_path):
    block = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    (tmp_path / "cohort.toml").write_text(block.group(1), encoding="utf-8")
    study = Study.read(tmp_path / "cohort.toml")
    assert study.adjust == ("age_years", "tumour_burden")
    assert study.exclude[0].when == "follow_up_days < 28"


def test_the_example_in_python_runs(tmp_path, monkeypatch):
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    monkeypatch.chdir(tmp_path)
    exec(compile(block.group(1), "docs/cohort-studies.md", "exec"), {})
    assert (tmp_path / "report" / "report.html").is_file()


def test_every_column_of_the_patients_as_analysed_is_told():
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", PAGE.partition("| column | what it is |")[2]))
    assert {c for c in COLUMNS if not c.startswith("icans_")} <= told


def test_every_field_of_the_machine_output_is_told():
    page = PAGE.partition("| field of `report.json` |")[2].partition("A number that is missing")[0]
    told = set(re.findall(r"`(\w+)`", page))
    part = TablePart("t", "T", pl.DataFrame({"a": [1]}))
    made = machine(CohortReport("T", "s", (Section("x", "X", parts=(part, FigurePart("f", "F", "", Flow((("A", 1),), (), ())))),)))
    assert {*made, *made["sections"][0]} <= told
    assert {k for p in made["sections"][0]["parts"] for k in p} <= told
