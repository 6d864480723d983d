"""What a format declares complete is printed with every answer and can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import SettingError
from tocsin.grading import grade
from tocsin.show.worlds import worlds_of
from tocsin.sources import clif, coded
from tocsin.timeline import CLOSABLE, Completeness, Timeline

CLIF = Path(__file__).resolve().parents[2] / "docs" / "examples" / "clif"
STAY = "101/H1-icu1"
READ = [str(CLIF), "--anchor", "icu_admission", "--by", "stay", "--patient", STAY]


@pytest.fixture(scope="module")
def stays() -> Timeline:
    return clif.read(CLIF, anchor="icu_admission", by="stay")


def test_what_a_format_declares_complete_can_be_taken_back(stays: Timeline):
    before, after = stays.complete, stays.complete.opening("devices")
    assert before.covers("oxygen_device", STAY)
    assert not after.covers("oxygen_device", STAY)
    assert after.covers("norepinephrine", STAY)
    assert not before.opening("drugs").covers("norepinephrine", STAY)
    assert not before.opening("norepinephrine").covers("norepinephrine", STAY)
    assert before.opening("norepinephrine").covers("vasopressin", STAY)
    assert Completeness.of(["drugs", "devices"]).opening("drugs").everywhere == {"devices"}


def test_an_open_domain_leaves_grades_open_that_were_settled():
    rows = [{"hour": 1, "concept": "temperature", "value": 39.0}]
    closed = Timeline.from_rows(rows, complete=["drugs", "devices"])
    settled, left = (grade(t, "astct-crs-2019").frame["at_most"].max() for t in (closed, closed.with_complete(closed.complete.opening("devices"))))
    assert settled < left


def test_one_concept_of_a_whole_complete_domain_is_refused_and_so_is_a_measurement():
    with pytest.raises(SettingError, match="all drugs are complete"):
        Completeness.of(["drugs"]).opening("norepinephrine")
    with pytest.raises(SettingError, match="cannot be declared complete"):
        Completeness.of(["drugs"]).opening("temperature")


def test_in_few_words_all_infusions_are_one_and_each_domain_is_named(stays: Timeline):
    assert {"norepinephrine", "vasopressor"} < set(coded.INFUSIONS)
    assert stays.complete.brief() == ("Complete, so no row means absent: continuous infusions with vasopressors (2 records), devices (2 records). "
                                      "Open, so no row means not told: other drugs, findings, neurology.")
    assert stays.of(STAY).complete.sentences()[0] == "continuous infusions with vasopressors, devices: complete for 1 record"
    assert Completeness.of(CLOSABLE).brief() == "Complete, so no row means absent: devices, drugs, findings, neurology."
    assert "as assumed by unstated-support-absent" in Completeness().assuming("unstated-support-absent").brief()


def test_a_report_says_that_the_record_itself_is_complete_in_some_domains(stays: Timeline):
    world, = worlds_of(stays.of(STAY), ["astct-crs-2019"], None, None)
    assert world.says == "Complete, so that no row means absent: continuous infusions with vasopressors and devices."


@pytest.mark.parametrize("command", [
    ["grade"], ["advise", "--at", "5"], ["audit"], ["ask", "--at", "5"], ["monitor", "--at", "5"], ["complications", "--at", "5"], ["compare", "scales"],
    ["compare", "protocols", "paper004", "asco2021"],
], ids=lambda command: " ".join(command[:2]))
def test_what_an_answer_rests_on_stands_below_it(command: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    made = CliRunner().invoke(app, [*command, *READ, "--open", "devices"], catch_exceptions=False)
    below = " ".join(made.output.split())[-400:]
    assert "hour 0: ICU admission" in below
    assert "continuous infusions with vasopressors" in below
    assert "other drugs" in below
    assert " devices" in below.partition("Complete")[2]
    assert "devices (1 record)" not in below
    assert CliRunner().invoke(app, [*command, *READ, "--json"], catch_exceptions=False).stdout.rstrip().endswith("}")


def test_converting_tells_where_the_facts_stand_and_what_the_format_has_no_place_for(tmp_path: Path):
    told = {}
    for name in ("r.parquet", "r.csv", "clif"):
        to = ["--to", "clif"] if name == "clif" else []
        made = CliRunner().invoke(app, ["convert", *READ[:-2], "-o", str(tmp_path / name), *to], catch_exceptions=False)
        told[name] = made.stdout
    assert f"--patients {tmp_path / 'r-patients.parquet'}" in told["r.parquet"]
    assert "has no place for this" in told["r.parquet"]
    assert "has no place for this" in told["r.csv"]
    assert "has no place" not in told["clif"]
    assert clif.read(tmp_path / "clif").complete.covers("norepinephrine", STAY)
