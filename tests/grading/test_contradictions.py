"""Reported grades beside derived ones: which scale a report names, and what speaks against it."""

from __future__ import annotations

import pytest

from tocsin.grading import contradictions, grade
from tocsin.grading.contradictions import speaks_of
from tocsin.scales import SCALES
from tocsin.timeline import Timeline

ASTCT, CARTOX, ICANS = "astct-crs-2019", "cartox-crs-2018", "astct-icans-2019"
ROWS = [{"concept": "temperature", "hour": 0, "end_hour": 24, "value": 39.0}, {"concept": "norepinephrine", "hour": 2, "end_hour": 6, "value": 4.0}]


def reported(value: float, name: str | None, scale: str = ASTCT, concept: str = "reported_crs_grade", **row: object) -> list[dict[str, object]]:
    report = {"concept": concept, "hour": 3, "value": value, "text": name, **row}
    record = Timeline.from_rows([*ROWS, report], [{"age_years": 40.0}], ("drugs", "devices", "hypotension"))
    return contradictions(record, grade(record, scale))


def test_a_lower_report_is_contradicted_by_what_is_met_and_its_observations():
    (found,) = reported(1, "ASTCT 2019")
    assert (found["agrees"], found["derived_at_least"], found["because"], found["denied"]) == (False, 3, [f"{ASTCT}/HYPO3"], [])
    assert {e["concept"] for e in found["evidence"]} == {"temperature", "norepinephrine"}


def test_a_higher_report_is_contradicted_by_what_is_known_not_to_be_met():
    (found,) = reported(4, None)
    assert (found["agrees"], found["denied"]) == (False, [f"{ASTCT}/HYPO4", f"{ASTCT}/HYPOX4"])


def test_a_report_inside_the_range_agrees():
    (found,) = reported(3, "ASTCT")
    assert (found["agrees"], found["denied"]) == (True, [])


def test_a_report_for_a_day_is_held_against_the_highest_grade_of_that_day():
    (found,) = reported(3, None, hour=0, hour_latest=24)
    assert (found["derived_at_least"], found["agrees"]) == (3, True)


def test_a_report_by_another_scale_contradicts_nothing():
    assert reported(1, "CARTOX", ASTCT) == []
    assert len(reported(1, "CARTOX", CARTOX)) == 1


def test_a_report_without_a_scale_is_held_against_each():
    assert len(reported(1, "not named", ASTCT)) == len(reported(1, None, CARTOX)) == 1


def test_a_reported_icans_grade_says_nothing_about_crs():
    assert reported(1, None, ASTCT, "reported_icans_grade") == []
    assert len(reported(1, None, ICANS, "reported_icans_grade")) == 1


@pytest.mark.parametrize("scale", ["hscore", "easix-2017", "icaht-early-2023", "cartox-hlh-2018", "ctcae5-anemia", "davila-severe-crs-2014"])
def test_a_scale_of_another_syndrome_or_kind_has_no_reported_grade(scale: str):
    assert reported(1, None, scale) == []


@pytest.mark.parametrize(("named", "scale", "yes"), [
    ("ASTCT", ASTCT, True), ("ASTCT/ASBMT consensus", ASTCT, True), ("CARTOX 2018", ASTCT, False), ("cartox", CARTOX, True),
    ("own system", ASTCT, True), ("", CARTOX, True), ("Lee 2014", "lee2014-crs", True), ("Lee", "zuma-crs-2017", False),
    ("modified Lee", "zuma-crs-2017", True), ("modified Lee", "lee2014-crs", False), ("Penn", "penn-crs-2018", True),
    ("CTCAE v4.03", "ctcae403-crs", True), ("CTCAE v4.03", "ctcae5-crs", False), ("CTCAE v5.0", "ctcae5-crs", True),
    ("CTCAE v5.0", "ctcae403-crs", False), ("CTCAE", "ctcae5-crs", True), ("Lee 2014", ASTCT, False), ("ASTCT", "mskcc-crs-2018", False),
])
def test_a_name_is_matched_to_the_scale_that_it_names(named: str, scale: str, yes: bool):
    assert speaks_of(named, SCALES[scale]) is yes
