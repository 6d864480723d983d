"""Response and survival from the statements of a record, or from the table of patients."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from tocsin.cohort.checked import checked
from tocsin.cohort.outcomes import outcomes
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

STUDY = Study()


def record(*rows):
    return Timeline.from_rows([{"hour": 24.0 * r.pop("day"), **r} for r in map(dict, rows)])


def found(timeline, told=None, study=STUDY):
    return outcomes(timeline, checked(told) if told is not None else pl.DataFrame({"patient": timeline.patient_ids}), study)


def said(day, text, concept="response"):
    return {"day": day, "concept": concept, "text": text}


@pytest.mark.parametrize(("text", "mrd", "name"), [
    ("complete_remission", "negative", "MRD- CR"), ("complete_remission", "positive", "MRD+ CR"), ("complete_remission", None, "CR (MRD not known)"),
    ("complete_remission_incomplete", "negative", "MRD- CR"), ("partial_remission", "negative", "PR"), ("stable_disease", None, "no response"),
    ("relapse", None, "no response"),
])
def test_a_response_has_its_name_with_residual_disease(text, mrd, name):
    rows = [said(28, text)] + ([said(28, mrd, "mrd")] if mrd else [])
    assert found(record(*rows)).patients["response"].to_list() == [name]


@pytest.mark.parametrize(("day", "known"), [(20.9, False), (21.0, True), (42.0, True), (42.1, False)])
def test_only_an_assessment_in_the_window_about_day_28_is_the_response(day, known):
    assert (found(record(said(day, "complete_remission"))).patients["response"][0] is not None) is known


def test_the_assessment_nearest_to_day_28_counts():
    assert found(record(said(22, "partial_remission"), said(29, "complete_remission"))).patients["response"].to_list() == ["CR (MRD not known)"]


def test_death_ends_both_survivals():
    row = found(record(said(100, "present", "death"))).patients.row(0, named=True)
    assert (row["os_days"], row["os_event"], row["pfs_days"], row["pfs_event"]) == (100.0, True, 100.0, "death")


def test_a_relapse_ends_survival_without_progression_only():
    row = found(record(said(60, "relapse"), said(90, "alive", "last_follow_up"))).patients.row(0, named=True)
    assert (row["os_days"], row["os_event"], row["pfs_days"], row["pfs_event"]) == (90.0, False, 60.0, "progression")


def test_a_relapse_told_after_the_last_follow_up_extends_it():
    row = found(record(said(90, "relapse"), said(60, "alive", "last_follow_up"))).patients.row(0, named=True)
    assert (row["os_days"], row["pfs_days"], row["pfs_event"]) == (90.0, 90.0, "progression")


def test_a_record_that_ends_without_follow_up_gives_no_survival():
    made = found(record({"day": 14, "concept": "temperature", "value": 37.0}))
    assert made.patients["os_days"].to_list() == [None]
    assert any(text.startswith("Overall survival") for text in made.left_out)


def test_censoring_at_the_next_therapy_is_a_choice():
    rows = record(said(50, "transplant", "next_therapy"), said(80, "relapse"), said(100, "alive", "last_follow_up"))
    assert found(rows).patients.row(0, named=True)["pfs_event"] == "progression"
    row = found(rows, study=replace(STUDY, censor_at_next_therapy=True)).patients.row(0, named=True)
    assert (row["pfs_days"], row["pfs_event"]) == (50.0, None)


def test_told_columns_fill_what_the_record_does_not_tell():
    told = pl.DataFrame({"patient": ["A", "B"], "response": ["CR", "MRD+ CR"], "mrd": ["neg", None], "os_days": [300.0, 20.0], "os_event": ["no", "yes"],
                         "pfs_days": [200.0, 20.0], "pfs_event": ["relapse", "death"]})
    timeline = Timeline.from_rows([], [{"patient": "A"}, {"patient": "B"}])
    made = outcomes(timeline, checked(told), STUDY).patients
    assert made["response"].to_list() == ["MRD- CR", "MRD+ CR"]
    assert made["os_event"].to_list() == [False, True]
    assert made["pfs_event"].to_list() == ["progression", "death"]


def test_where_both_tell_the_record_counts_and_the_difference_is_named():
    told = pl.DataFrame({"patient": ["1"], "os_days": [300.0], "os_event": ["yes"]})
    made = outcomes(record(said(100, "present", "death")), checked(told), STUDY)
    assert made.patients["os_days"].to_list() == [100.0]
    assert any("os_days" in note and "differ in 1 of 1" in note for note in made.notes)


TOLD = {"patient": ["A", "B"], "crs_max_grade": [2.0, 0.0], "crs_onset_day": [3.0, None], "crs_duration_days": [4.0, None], "os_days": [300.0, 200.0],
        "os_event": ["yes", "no"], "pfs_days": [100.0, 200.0], "pfs_event": ["progression", "no"]}


@pytest.mark.parametrize(("column", "cell", "says"), [
    ("crs_max_grade", 7.0, "A: crs_max_grade is 7"), ("crs_max_grade", 2.5, "whole number"), ("crs_max_grade", -1.0, "whole number from 0 to 5"),
    ("crs_max_grade", 0.0, "crs_onset_day is 3; crs_max_grade is 0"), ("crs_duration_days", -2.0, "from 0 on"),
    ("os_days", -3.0, "from 0 on"), ("os_days", 50.0, "pfs_days is 100; that is after os_days"), ("pfs_days", 301.5, "that is after os_days"),
    ("os_event", "perhaps", "os_event is 'perhaps'"), ("pfs_event", "perhaps", "pfs_event is 'perhaps'")])
def test_a_cell_of_the_table_of_patients_that_cannot_be_is_refused(column, cell, says):
    with pytest.raises(CohortError, match=says):
        checked(pl.DataFrame({**TOLD, column: [cell, *TOLD[column][1:]]}))


def test_what_the_table_of_patients_can_tell_is_taken():
    rounded = checked(pl.DataFrame({**TOLD, "pfs_days": [301.0, 200.0], "os_event": ["dead", "alive"], "pfs_event": ["Relapsed", "censored"]}))
    assert rounded["os_event"].to_list() == [True, False]
    assert rounded["pfs_event"].to_list() == ["progression", "no"]
    assert checked(rounded).equals(rounded)


@pytest.mark.parametrize("event", [{}, {"pfs_event": [None, "no"]}])
def test_a_time_without_its_event_is_not_known_and_not_censored(event):
    told = pl.DataFrame({"patient": ["A", "B"], "pfs_days": [100.0, 200.0], **event})
    made = outcomes(Timeline.from_rows([], [{"patient": "A"}, {"patient": "B"}]), told, STUDY)
    assert made.patients["pfs_days"].to_list() == [None, 200.0 if event else None]
    assert any("without pfs_event" in n for n in made.notes)


def test_a_death_before_the_infusion_gives_no_survival_and_is_named():
    made = found(record(said(-3, "present", "death"), said(50, "present", "last_follow_up")))
    assert made.patients["os_days"].to_list() == [None]
    assert any("death of 1 before the infusion" in n for n in made.notes)


@pytest.mark.parametrize(("day", "named"), [(10.5, False), (12, True)])
def test_rows_after_a_death_are_named(day, named):
    made = found(record(said(10, "present", "death"), said(day, "present", "discharge")))
    assert made.patients["os_days"].to_list() == [10.0]
    assert any("after the death of 1" in n for n in made.notes) == named
