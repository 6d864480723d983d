"""The report of a case by the model: everything that the recipe says stands in it, and the command line writes it."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from tocsin.cases.virtual import VirtualCase, report
from tocsin.cli import app
from tocsin.errors import ModelError
from tocsin.model.dosing import concept_of


@pytest.fixture(scope="module")
def neck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of case 001."""
    folder = tmp_path_factory.mktemp("neck")
    report("001", folder)
    return folder


def test_the_page_holds_every_statement_with_its_source_and_every_dose(neck: Path) -> None:
    text = unescape((neck / "case.html").read_text(encoding="utf-8"))
    told = VirtualCase.of("001").recipe
    for f in told.facts:
        assert f.source in text
        assert f.says[1:] in text
    for g in told.given:
        assert g.order in text
    assert text.count('class="missed"') + text.count('class="met"') == len(told.facts)


def test_the_page_stands_alone(neck: Path) -> None:
    text = (neck / "case.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!#|https://doi\.org|https?://[^"]*" rel="noreferrer")', text)
    assert "<script" not in text


def test_a_missed_statement_stands_on_the_page_with_its_reason(neck: Path) -> None:
    told = VirtualCase.of("001")
    text = unescape((neck / "case.html").read_text(encoding="utf-8"))
    missed = [f for f, ok in zip(told.recipe.facts, told.met, strict=True) if not ok]
    assert text.count("Why missed:") == len(missed)
    assert all(f.if_missed in text for f in missed)


def test_the_record_of_the_run_holds_the_statements_and_what_is_assumed(neck: Path) -> None:
    run = json.loads((neck / "run.json").read_text(encoding="utf-8"))
    told = VirtualCase.of("001")
    assert [s["met"] for s in run["statements"]] == told.met.tolist()
    assert {m["name"] for m in run["fitted"]} == set(told.individual.names)
    assert run["assumed"]


def test_the_virtual_record_holds_the_doses_of_the_recipe(neck: Path) -> None:
    told = VirtualCase.of("001")
    events = pl.read_parquet(neck / "timeline.parquet").with_columns(pl.col("concept").cast(pl.String))
    for order in told.individual.orders:
        hours = events.filter(pl.col("concept") == concept_of(order.drug).name)["hour"].to_numpy()
        assert all(np.isclose(hours, h).any() for h in order.hours)


def test_the_virtual_record_of_case_001_charts_a_local_swelling_where_the_model_has_one(neck: Path) -> None:
    told = VirtualCase.of("001")
    events = pl.read_parquet(neck / "timeline.parquet").with_columns(pl.col("concept").cast(pl.String), pl.col("text").cast(pl.String))
    swollen = events.filter((pl.col("concept") == "lesion_swelling") & (pl.col("text") == "present") & (pl.col("hour") < 205))
    assert bool(len(swollen)) == ("neck-swollen-day-8" in {f.id for f, ok in zip(told.recipe.facts, told.met, strict=True) if ok})


def test_leaving_out_a_drug_before_its_first_dose_changes_nothing() -> None:
    told = VirtualCase.of("002")
    course, without = told.courses
    assert without is not None
    first = min(h for o in told.individual.orders if concept_of(o.drug).name in told.recipe.without for h in o.hours)
    before = np.arange(course.shape[1]) <= first
    assert np.allclose(course[:, before], without[:, before], rtol=1e-4, atol=1e-6)
    assert not np.allclose(course, without, rtol=1e-4, atol=1e-6)


def test_the_command_line_writes_the_report_and_refuses_what_the_recipe_fixes(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["simulate", "--case", "001", "--out", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert {"case.html", "case.svg", "case.png", "timeline.parquet", "run.json"} <= {f.name for f in tmp_path.iterdir()}
    for option, value in (("--doses", "tocilizumab 8 mg/kg @ day 5"), ("--patients", "3"), ("--seed", "1"), ("--set", "car_dose=1e6")):
        refused = CliRunner().invoke(app, ["simulate", "--case", "001", option, value])
        assert refused.exit_code != 0, option
        assert option in str(refused.output) + str(refused.exception)
    assert CliRunner().invoke(app, ["simulate", "--case", "009"]).exit_code != 0


def test_values_fitted_to_other_parameters_are_refused() -> None:
    told = VirtualCase.of("001")
    values = dict(told.fit.values)
    values.pop("engraftment")
    with pytest.raises(ModelError, match="engraftment"):
        told.individual.standard(values)
