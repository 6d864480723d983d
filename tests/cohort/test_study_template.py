"""The files of a study to start from: every entry with its default, and a table of patients that reads as it stands."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from tocsin.cohort.checked import READ, checked
from tocsin.cohort.folder import read_folder, split
from tocsin.cohort.study import Study
from tocsin.cohort.template import study_text, write_template
from tocsin.errors import TocsinError


def uncommented(text, of=r"(?m)^#(?=[a-z_]+ = |\[)"):
    return re.sub(of, "", text)


def test_every_entry_stands_with_its_default(tmp_path):
    (tmp_path / "as_written.toml").write_text(study_text())
    assert Study.read(tmp_path / "as_written.toml") == Study()
    head = uncommented(study_text().partition("# The rows of Table 1")[0])
    (tmp_path / "told.toml").write_text(head)
    assert Study.read(tmp_path / "told.toml") == Study()
    assert {f.name for f in fields(Study)} - {"variables", "exclude"} == set(re.findall(r"(?m)^([a-z_]+) = ", head))


def test_the_examples_of_variables_and_exclusions_can_be_used(tmp_path):
    (tmp_path / "told.toml").write_text(uncommented(study_text()))
    study = Study.read(tmp_path / "told.toml")
    assert [v.name for v in study.variables] == ["high_risk", "tumour_burden"]
    assert study.exclude[0].when == "follow_up_days < 28"


def test_the_rows_of_example_are_read_and_every_column_of_an_outcome_is_known(tmp_path):
    write_template(tmp_path / "s")
    with pytest.raises(TocsinError, match="no rows below the header"):
        read_folder(tmp_path / "s")
    file = tmp_path / "s" / "patients.csv"
    file.write_text(file.read_text().replace("#P", "P"))
    told, facts = split(file)
    assert checked(told)["patient"].to_list() == ["P1", "P2"]
    assert set(told.columns) - {"patient", "high_risk"} <= set(READ)
    assert facts.columns == ["patient", "age_years", "sex"]


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / "patients.csv").write_text("mine")
    with pytest.raises(TocsinError, match=r"patients\.csv exists"):
        write_template(tmp_path)
    assert (tmp_path / "patients.csv").read_text() == "mine"
    assert not (tmp_path / "cohort.toml").exists()
    with pytest.raises(TocsinError, match="is a file"):
        write_template(tmp_path / "patients.csv")
