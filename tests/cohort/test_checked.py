"""The table of patients is read strictly: what is not understood is refused with the patient and the column, and is never "not known" in silence."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cohort.checked import checked, known_as, not_read
from tocsin.errors import CohortError


def one(**cells):
    return checked(pl.DataFrame({"patient": ["P1"], **{k: [v] for k, v in cells.items()}}))


@pytest.mark.parametrize(("column", "written", "means"), [
    ("crs_max_grade", "Grade 2", 2), ("crs_max_grade", "G3", 3), ("crs_max_grade", 4.0, 4), ("crs_max_grade", "5", 5), ("icans_max_grade", "0", 0),
    ("lee2014_crs_max_grade", 1, 1), ("crs_max_grade", "NA", None), ("crs_max_grade", None, None),
    ("os_event", "dead", True), ("os_event", "alive", False), ("os_event", "oui", True), ("os_event", 0.0, False), ("os_event", None, None),
    ("pfs_event", "PD", "progression"), ("pfs_event", "died", "death"), ("pfs_event", "censored", "no"), ("pfs_event", 1.0, "yes"), ("pfs_event", "nein", "no"),
    ("os_days", "12.5", 12.5), ("os_days", 0.0, 0.0), ("tocilizumab", "ja", True),
], ids=str)
def test_each_column_is_read_as_what_it_means(column, written, means):
    assert one(**{column: written})[column].to_list() == [means]


@pytest.mark.parametrize(("column", "written", "says"), [
    ("crs_max_grade", "2-3", "whole number from 0 to 5"), ("crs_max_grade", 6.0, "whole number"), ("crs_max_grade", 1.5, "whole number"),
    ("icans_max_grade", -1.0, "whole number"), ("lee2014_crs_max_grade", "severe", "whole number"), ("crs_onset_day", "day 3", "number from 0 on"),
    ("crs_duration_days", -1.0, "number from 0 on"), ("os_days", "2020-01-01", "number from 0 on"), ("os_days", -3.0, "number from 0 on"),
    ("follow_up_days", "long", "number from 0 on"), ("os_event", 2.0, "yes or no"), ("os_event", "banana", "yes or no"),
    ("pfs_event", "Tod", "progression, death or no"), ("pfs_event", 2.0, "progression, death or no"), ("response", "banana", "write one of CR, CRi"),
    ("response", "VGPR", "write one of CR"), ("mrd", "10e-4", "negative, positive"), ("infection", "perhaps", "yes or no"),
], ids=str)
def test_a_cell_that_is_not_understood_is_refused_with_its_patient_and_column(column, written, says):
    with pytest.raises(CohortError, match=f"patient P1: {column} is .*{says}"):
        one(**{column: written})


@pytest.mark.parametrize("written", ["CR", "complete response", "CRi", "MRD- CR", "MRD-CR", "no response", "PD", "not evaluable", "NA", None])
def test_responses_of_every_usual_spelling_are_accepted(written):
    assert one(response=written)["response"].to_list() == [written]


def test_a_course_that_cannot_be_is_refused():
    with pytest.raises(CohortError, match="crs_onset_day is 3; crs_max_grade is 0"):
        one(crs_max_grade=0, crs_onset_day=3.0)
    with pytest.raises(CohortError, match="crs_end_day is 2; that is before crs_onset_day"):
        one(crs_max_grade=1, crs_onset_day=3.0, crs_end_day=2.0)
    one(crs_max_grade=0, crs_duration_days=0.0)
    one(crs_max_grade=1, crs_onset_day=3.0, crs_end_day=3.0)


@pytest.mark.parametrize(("header", "means"), [
    ("CRS_Max_Grade", "crs_max_grade"), ("crs max grade", "crs_max_grade"), ("CRS grade", "crs_max_grade"), ("OS (days)", "os_days"),
    ("Tocilizumab", "tocilizumab"), ("Steroids", "corticosteroids"), ("Lee2014 CRS max grade", "lee2014_crs_max_grade"), ("High risk", "High risk"),
    ("Response", "response"),
])
def test_a_header_means_its_column_however_it_is_written(header, means):
    assert known_as(header) == means


def test_columns_of_a_course_that_nothing_reads_are_named():
    assert not_read(["patient", "infection_sites", "crs_max_grade", "crs_length", "icans_onset", "age", "complete_response", "lee2014_crs_max_grade"]) == [
        "crs_length", "icans_onset", "complete_response"]
