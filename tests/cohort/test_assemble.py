"""From a record and a table of patients to a cohort: who has an arm, and what is known of whom."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cohort.assemble import cohort
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.timeline import Completeness, Timeline

ROWS = [{"patient": "A", "hour": 100.0, "concept": "tocilizumab", "value": 400.0, "unit": "mg"}, {"patient": "B", "hour": 5.0, "concept": "temperature",
                                                                                              "value": 37.0, "unit": "C"}]
PEOPLE = [{"patient": p} for p in "ABC"]
TOLD = pl.DataFrame({"patient": ["A", "B", "C"], "risk": ["x", "y", "y"]})


def record(*more, complete=("drugs",)):
    return Timeline.from_rows([*ROWS, *more], PEOPLE).with_complete(Completeness.of(complete))


def test_nobody_without_a_row_in_the_record_counts_as_not_treated():
    made = cohort(record(), Study(), TOLD)
    assert dict(made.members.select("patient", "arm").iter_rows()) == {"A": "tocilizumab", "B": "no tocilizumab"}
    assert ("arm not known", 1) in made.excluded
    assert any("(C) the record has no row" in n for n in made.notes)


def test_who_has_no_row_is_what_the_table_of_patients_tells():
    made = cohort(record(), Study(), TOLD.with_columns(tocilizumab=pl.Series(["yes", "no", "no"])))
    assert made.members["arm"].to_list() == ["tocilizumab", "no tocilizumab", "no tocilizumab"]


def test_with_a_row_of_everybody_nothing_is_noted():
    made = cohort(record({"patient": "C", "hour": 5.0, "concept": "temperature", "value": 37.0, "unit": "C"}), Study(), TOLD)
    assert len(made.members) == 3
    assert not any("no row" in n for n in made.notes)


def test_completeness_of_a_single_drug_says_nothing_of_another():
    made = cohort(record(complete=("tocilizumab",)), Study(), TOLD)
    assert made.members["filgrastim_ug"].to_list() == [None, None]


@pytest.mark.parametrize("when", [{"hour": -30.0}, {"hour": -24.0, "hour_latest": 0.0}])
def test_a_dose_before_the_infusion_makes_no_arm_and_is_noted(when):
    made = cohort(record({"patient": "B", **when, "concept": "tocilizumab", "value": 400.0, "unit": "mg"}), Study(), TOLD)
    assert dict(made.members.select("patient", "arm").iter_rows())["B"] == "no tocilizumab"
    assert any("Before the infusion tocilizumab was given to 1 of the patients (B)" in n for n in made.notes)


def test_a_grade_told_that_is_none_is_refused():
    with pytest.raises(CohortError, match="patient A: crs_max_grade is 7"):
        cohort(record(), Study(), TOLD.with_columns(crs_max_grade=pl.Series([7.0, 1.0, 0.0])))
