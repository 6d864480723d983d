"""A study that asks for what cannot be is refused before the analysis, in words that name the entry."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cohort.assemble import cohort
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

TOLD = pl.DataFrame({"patient": [f"P{i}" for i in range(8)], "risk": [0.0, 1.0] * 4, "site": ["a", "b", "b", "a"] * 2, "tocilizumab": ["yes", "no"] * 4,
                     "crs_max_grade": [2, 1, 2, 0, 3, 1, 2, 0], "crs_length": [1.0] * 8})


def made(told=TOLD, timeline=None, **entries):
    if timeline is None:
        timeline = Timeline.from_rows([])
        timeline = Timeline(timeline.events, pl.concat([timeline.patients, told.select("patient")], how="diagonal"), timeline.complete)
    return cohort(timeline, Study.of(entries, "cohort.toml"), told)


@pytest.mark.parametrize(("entries", "says"), [
    ({"titel": "x"}, "did you mean 'title'"), ({"order": ["a", "a"]}, "order names an arm twice"), ({"charted_days": 15}, "at most that"),
    ({"charted_days": 2.7}, "a whole number"), ({"landmarks": [7, 0]}, "above 0, not 0"), ({"response_day": 43}, "response_window .21 to 42. does not hold"),
    ({"variables": ["risk"]}, "variables are tables"), ({"exclude": {"reason": "x", "when": "a < 1"}}, "in two pairs of brackets"),
    ({"exclude": [{"reason": 3, "when": "a < 1"}]}, "the reason of an"), ({"variables": {"risk": {"kind": "binary", "label": 3}}}, "label is a text, not 3"),
    ({"variables": {"risk": {"kind": "continuous", "normal": "yes"}}}, "normal is true or false"),
    ({"exposure": "banana"}, "'banana' is no drug"), ({"scales": ["astct-crs-2018"]}, "did you mean 'astct-crs-2019'"),
    ({"scales": ["hscore"]}, "hscore grades HLH"), ({"also": ["nothing"]}, "also: there is no scale"), ({"adjust": ["rsk"]}, "adjust: .*did you mean 'risk'"),
    ({"variables": {"rsk": {"kind": "binary"}}}, "variables: .*did you mean 'risk'"),
    ({"variables": {"site": {"kind": "continuous"}}}, "variables.site: a continuous variable holds numbers"),
    ({"variables": {"risk": {"kind": "binary", "counted": 7}}}, "variables.risk: the value 7"),
    ({"variables": {"risk": {"kind": "binary", "test": "banana"}}}, "has no test 'banana'"),
    ({"order": ["tocilizumab", "no tocilizumab", "third"]}, "order: there is no arm 'third'"), ({"order": ["tocilizumab"]}, "'no tocilizumab' is missing"),
    ({"arms": "rsk"}, "did you mean 'risk'"), ({"exclude": [{"reason": "x", "when": "risk = 1 or site = a"}]}, "joined by \"and\" only"),
], ids=str)
def test_an_entry_that_cannot_be_is_refused_by_its_name(entries, says):
    with pytest.raises(CohortError, match=says):
        made(**entries)


def test_choices_at_the_edge_of_what_can_be_are_taken():
    assert made(charted_days=14, landmarks=[0.5], response_day=42, variables={"risk": {"kind": "binary", "counted": 1}}, adjust=["risk"]).arms == (
        "tocilizumab", "no tocilizumab")


def test_a_study_file_saved_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "cohort.toml").write_bytes(b'\xef\xbb\xbftitle = "T"')
    assert Study.read(tmp_path / "cohort.toml").title == "T"


def test_a_rule_that_leaves_nobody_out_is_told():
    assert any("(typo) leaves nobody out" in n for n in made(exclude=[{"reason": "typo", "when": "site = c"}]).notes)
    assert not any("leaves nobody out" in n for n in made(exclude=[{"reason": "site", "when": "site = a and risk = 0"}]).notes)


def test_a_column_of_a_course_that_nothing_reads_is_told():
    assert any("nothing reads a column of this name: crs_length." in n for n in made().notes)


def test_who_is_only_in_the_record_or_only_in_the_table_is_told():
    record = Timeline.from_rows([{"patient": p, "hour": 24.0, "concept": "temperature", "value": 39.0, "unit": "degC"} for p in (*TOLD["patient"], "X")])
    notes = made(timeline=record).notes
    assert any("1 patient is in the record and not in the table of patients" in n and "(X)" in n for n in notes)
    assert not any("without a row in the record" in n for n in notes)
