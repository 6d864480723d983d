"""`tocsin map`: lists, proposes, writes a file to read, and applies nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import SettingError, SourceError
from tocsin.sources.codes import Item
from tocsin.sources.mapping_file import codes

WARD = Path(__file__).resolve().parents[2] / "docs" / "examples" / "ward-items.csv"


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(app, ["map", *map(str, words)], catch_exceptions=False, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def test_items_are_listed_with_proposals_and_nothing_is_written():
    out = run(WARD)
    assert "HR (monitor) -> heart_rate" in out
    assert "Temp (Fahrenheit) -> temperature, in degF" in out
    assert "nothing is applied" in out


def test_the_proposal_is_a_file_that_can_be_given_back(tmp_path):
    out = run(WARD, "-o", tmp_path / "ward.toml")
    assert "read it, correct it, then use it with --map" in out
    assert codes(tmp_path / "ward.toml").item("HR (monitor)") == Item("heart_rate")
    again = run(WARD, "--map", tmp_path / "ward.toml")
    assert f"knownbythemapping{tmp_path / 'ward.toml'}" in "".join(again.split())  # a long path is wrapped
    assert "HR (monitor) -> heart_rate" not in again


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    (tmp_path / "ward.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingError, match="is there already"):
        run(WARD, "-o", tmp_path / "ward.toml")
    assert (tmp_path / "ward.toml").read_text(encoding="utf-8") == "mine"


def test_json_has_one_object_an_item_and_no_patient():
    items = {one["item"]: one for one in map(json.loads, run(WARD, "--json").splitlines())}
    assert len(items) == 10
    assert items["HR (monitor)"]["proposed"]["concept"] == "heart_rate"
    assert 0.7 <= items["HR (monitor)"]["proposed"]["confidence"] <= 1
    assert items["Ferritin"]["known"] == "its name"
    assert items["Ferritin"]["proposed"] is None
    assert items["Skin colour"] == {"item": "Skin colour", "name": None, "rows": 1, "patients": 1, "units": [], "values": None, "words": [], "known": None,
                                    "concept": None, "proposed": None}
    assert "P1" not in run(WARD, "--json")


def test_the_threshold_says_which_lines_stand(tmp_path):
    run(WARD, "-o", tmp_path / "all.toml", "--threshold", "0.5")
    run(WARD, "-o", tmp_path / "none.toml", "--threshold", "1")
    assert codes(tmp_path / "all.toml").item("Oxygen therapy") == Item("oxygen_device")
    assert codes(tmp_path / "none.toml").items == {}
    with pytest.raises(SettingError, match="between 0 and 1"):
        run(WARD, "--threshold", "70")


def test_columns_can_be_named(tmp_path):
    (tmp_path / "a.csv").write_text("who,thing,much\n1,Herzfrequenz HR,80\n2,Herzfrequenz HR,90\n", encoding="utf-8")
    with pytest.raises(SourceError, match="--column item=HEADER"):
        run(tmp_path / "a.csv")
    out = run(tmp_path / "a.csv", "--column", "item=thing", "--column", "value=much", "--column", "patient=who")
    assert "Herzfrequenz HR -> heart_rate" in out
    assert "2 rows, 2 patients, 80 to 90" in out


def test_all_lists_the_known_items_too():
    assert "Ferritin -> ferritin" in run(WARD, "--all")
    assert "Ferritin" not in run(WARD)
