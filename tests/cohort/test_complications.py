"""Infection, GVHD and organ function: none on record is not none, and a value without limits of normal has no grade."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cohort.complications import complications, infections_and_gvhd, organs
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

INFECTION = {"hour": 100.0, "concept": "infection", "text": "present"}


def record(*rows, complete=(), **facts):
    return Timeline.from_rows(rows, [{"patient": "1", **facts}], complete)


def one(timeline, told=None, until_day=28.0):
    return complications(timeline, told, until_day).row(0, named=True)


def told(**columns):
    return pl.DataFrame({"patient": ["1"], **{k: [v] for k, v in columns.items()}})


def test_an_infection_has_its_site_and_first_day():
    found = one(record({**INFECTION, "site": "Cholecystitis"}, {**INFECTION, "hour": 150.0, "site": "lungs"}))
    assert (found["infection"], found["infection_sites"], found["infection_first_day"]) == (True, ["biliary tract", "lung"], pytest.approx(100 / 24))


def test_a_pulmonary_infection_is_of_the_lung():
    assert one(record({**INFECTION, "concept": "pulmonary_infection"}))["infection_sites"] == ["lung"]


def test_a_site_in_other_words_stays_as_it_is_told():
    assert one(record({**INFECTION, "site": "Left ear"}))["infection_sites"] == ["left ear"]


def test_an_infection_without_a_site_is_said_to_have_none_told():
    assert one(record(INFECTION))["infection_sites"] == ["site not told"]


def test_what_is_put_down_to_an_infection_tells_of_one():
    assert one(record({"hour": 90.0, "concept": "temperature", "value": 39.0, "attribution": "infection"}))["infection"] is True
    assert one(record({"hour": 90.0, "concept": "fever", "text": "absent", "attribution": "infection"}))["infection"] is None


def test_a_drug_given_against_an_infection_is_no_infection_found():
    assert one(record({"hour": 90.0, "concept": "antibiotic", "text": "meropenem", "attribution": "infection"}))["infection"] is None


@pytest.mark.parametrize(("hour", "counts"), [(-0.1, False), (0.0, True), (29 * 24 - 0.1, True), (29 * 24.0, False)])
def test_the_window_begins_with_the_infusion_and_ends_with_its_last_day(hour, counts):
    assert (one(record({**INFECTION, "hour": hour}))["infection"] is True) is counts


@pytest.mark.parametrize("text", ["absent", "unknown"])
def test_a_row_that_denies_or_leaves_open_is_no_infection(text):
    assert one(record({**INFECTION, "text": text}))["infection"] is None


def test_no_row_means_no_infection_only_where_findings_are_complete():
    row = {"hour": 1.0, "concept": "temperature", "value": 37.0}
    assert (one(record(row))["infection"], one(record(row))["gvhd"]) == (None, None)
    closed = one(record(row, complete=["findings"]))
    assert (closed["infection"], closed["infection_sites"], closed["gvhd"]) == (False, [], False)
    assert one(record(row, complete=["gvhd"]))["infection"] is None


def test_the_table_of_patients_tells_too_and_rows_stand_before_it():
    row = {"hour": 1.0, "concept": "temperature", "value": 37.0}
    assert one(record(row), told(infection="no", gvhd=1))["infection"] is False
    assert one(record(row), told(infection="no", gvhd=1))["gvhd"] is True
    assert one(record(INFECTION), told(infection="no"))["infection"] is True
    assert one(record(row), told(infection_sites="lung; cholecystitis"))["infection_sites"] == ["biliary tract", "lung"]
    assert one(record(row, complete=["findings"]), told(gvhd="yes"))["gvhd"] is True


def test_another_word_than_yes_or_no_is_refused():
    with pytest.raises(CohortError, match="infection is 'perhaps'"):
        one(record(INFECTION), told(infection="perhaps"))


def test_gvhd_and_infections_are_listed_with_their_days():
    found = infections_and_gvhd(record(INFECTION, {"hour": 120.0, "concept": "gvhd", "text": "present", "site": "gut"}))
    assert found.select("day", "what", "site").rows() == [(pytest.approx(100 / 24), "infection", None), (5.0, "gvhd", "gut")]


def test_every_patient_has_one_row():
    t = Timeline.from_rows([{"patient": "b", **INFECTION}], [{"patient": "b"}, {"patient": "a"}])
    assert complications(t)["patient"].to_list() == ["b", "a"]


# ---------------------------------------------------------------------------------------------------- organs
def worst(*rows, **facts):
    return {r["concept"]: r for r in organs(record(*rows, **facts)).iter_rows(named=True)}


def lab(concept, hour, value, **more):
    return {"concept": concept, "hour": hour, "value": value, **more}


def test_the_highest_liver_value_and_the_lowest_count_are_the_worst():
    found = worst(lab("alt", 24.0, 50.0), lab("alt", 48.0, 90.0), lab("platelets", 24.0, 20.0), lab("platelets", 48.0, 90.0), lab("alt", -24.0, 500.0))
    assert (found["alt"]["worst"], found["alt"]["worst_day"], found["alt"]["n"]) == (90, 2, 2)
    assert found["platelets"]["worst"] == 20


def test_a_count_below_its_limit_is_worse_than_the_limit():
    found = worst(lab("platelets", 24.0, 10.0), lab("platelets", 48.0, 10.0, censored=-1))
    assert (found["platelets"]["worst"], found["platelets"]["worst_censored"], found["platelets"]["worst_day"]) == (10, -1, 2)


@pytest.mark.parametrize(("value", "grade"), [(200.0, 2), (200.1, 3), (800.0, 3), (800.1, 4), (40.0, 0), (40.1, 1)])
def test_alt_is_graded_by_the_patients_own_limit(value, grade):
    """CTCAE v5.0, normal baseline: above 1, 3, 5 and 20 times the upper limit of normal, here 40 U/L."""
    found = worst(lab("alt", -200.0, 20.0), lab("alt", 100.0, value), uln_alt=40.0)
    assert (found["alt"]["grade"], found["alt"]["baseline"]) == (grade, 20)


def test_without_a_limit_of_normal_there_is_no_grade():
    assert worst(lab("alt", -200.0, 20.0), lab("alt", 100.0, 300.0))["alt"]["grade"] is None


def test_absolute_grades_need_no_limit_of_normal():
    assert worst(lab("neutrophils", 100.0, 0.3))["neutrophils"]["grade"] == 4


def test_grades_can_be_left_out_and_nothing_measured_gives_no_row():
    assert organs(record(lab("alt", 100.0, 300.0), uln_alt=40.0), graded=False)["grade"].to_list() == [None]
    assert not len(organs(record()))
