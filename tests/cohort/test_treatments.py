"""Doses, their equivalents and what is known of each patient: unknown amounts stay unknown, and no row is not always "not given"."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tocsin.cohort.equivalents import factors, methylprednisolone_mg
from tocsin.cohort.treatments import contradictions, doses, given
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

TOCI = {"concept": "tocilizumab"}
DEXA = {"concept": "dexamethasone"}


def record(*rows, complete=(), patients=("1",)):
    return Timeline.from_rows(rows, [{"patient": p} for p in patients], complete)


def one(timeline, told=None):
    return given(timeline, doses(timeline), told).row(0, named=True)


def test_methylprednisolone_40_with_dexamethasone_10_is_93_3_mg():
    assert methylprednisolone_mg("methylprednisolone", 40) + methylprednisolone_mg("dexamethasone", 10) == pytest.approx(93.333333)


@pytest.mark.parametrize(("drug", "mg"), [("methylprednisolone", 4), ("prednisone", 5), ("prednisolone", 5), ("hydrocortisone", 20), ("dexamethasone", 0.75)])
def test_each_equal_dose_is_4_mg_of_methylprednisolone(drug, mg):
    assert methylprednisolone_mg(drug, mg) == pytest.approx(4)


def test_the_other_printed_dexamethasone_dose_can_be_chosen():
    assert methylprednisolone_mg("dexamethasone", 10, dexamethasone_mg=0.6) == pytest.approx(66.6667, abs=1e-3)
    t = record({"hour": 10, **DEXA, "value": 10.0})
    assert doses(t, dexamethasone_mg=0.6)["methylprednisolone_mg"][0] == pytest.approx(66.6667, abs=1e-3)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_an_equal_dose_is_a_positive_number(wrong):
    with pytest.raises(CohortError, match="positive"):
        factors(wrong)


def test_a_drug_without_a_factor_is_refused():
    with pytest.raises(CohortError, match="tocilizumab"):
        methylprednisolone_mg("tocilizumab", 400)


@settings(max_examples=50, derandomize=True, deadline=None, database=None)
@drawn(st.lists(st.tuples(st.sampled_from(sorted(factors())), st.floats(0.1, 1000)), min_size=1, max_size=8))
def test_the_cumulative_dose_is_the_sum_of_its_parts(parts):
    t = record(*({"hour": float(i), "concept": drug, "value": mg} for i, (drug, mg) in enumerate(parts)))
    assert one(t)["methylprednisolone_mg"] == pytest.approx(sum(methylprednisolone_mg(d, mg) for d, mg in parts))


def test_intrathecal_steroid_is_a_group_of_its_own_and_no_part_of_the_equivalents():
    t = record({"hour": 10, "concept": "intrathecal_dexamethasone", "value": 10.0}, complete=["drugs"])
    assert doses(t).select("group", "methylprednisolone_mg").row(0) == ("intrathecal corticosteroid", None)
    assert one(t)["corticosteroids"] is False
    assert one(t)["methylprednisolone_mg"] == 0


def test_the_infusion_itself_counts_and_the_hour_before_does_not():
    t = record({"hour": 0, **TOCI, "value": 400.0}, {"hour": -0.5, **TOCI, "value": 400.0})
    assert doses(t)["day"].to_list() == [0.0]


def test_the_last_day_counts_to_its_end():
    t = record({"hour": 28 * 24 + 23.9, **TOCI, "value": 1.0}, {"hour": 29 * 24.0, **TOCI, "value": 1.0})
    assert len(doses(t, 28)) == 1


def test_a_dose_known_by_its_day_stands_at_noon():
    found = doses(record({"hour": 144, "hour_latest": 168, **TOCI, "value": 400.0})).row(0, named=True)
    assert (found["day"], found["window_days"]) == (6.5, 1.0)


@pytest.mark.parametrize("row", [{"value": 0.0}, {"text": "absent"}])
def test_none_given_is_no_dose(row):
    assert not len(doses(record({"hour": 10, **TOCI, **row})))


@pytest.mark.parametrize("row", [{"text": "present"}, {"text": "8 mg/kg"}, {"value": 800.0, "censored": 1}, {"text": "100 mg/m2"}])
def test_a_dose_of_unknown_amount_counts_as_a_dose_and_leaves_the_total_unknown(row):
    mine = one(record({"hour": 10, **TOCI, "value": 400.0}, {"hour": 20, **TOCI, **row}))
    assert (mine["tocilizumab_doses"], mine["tocilizumab_mg"]) == (2, None)


def test_whether_it_was_given_is_open_where_the_record_says_unknown():
    t = record({"hour": 10, **TOCI, "text": "unknown"}, complete=["drugs"])
    assert (one(t)["tocilizumab_given"], one(t)["tocilizumab_doses"]) == (None, None)
    more = record({"hour": 10, **TOCI, "text": "unknown"}, {"hour": 20, **TOCI, "value": 400.0}, complete=["drugs"])
    assert (one(more)["tocilizumab_given"], one(more)["tocilizumab_doses"], one(more)["tocilizumab_mg"]) == (True, None, None)


@pytest.mark.parametrize(("row", "course"), [
    ({"text": "q8h"}, True), ({"text": "q12h, second dose"}, False), ({"end_hour": 34.0}, False), ({"end_hour": 34.1}, True), ({"text": "daily"}, False)])
def test_a_course_is_a_row_of_several_doses(row, course):
    t = record({"hour": 10, **TOCI, "value": 400.0, **row})
    assert doses(t)["course"][0] is course
    assert (one(t)["tocilizumab_doses"], one(t)["tocilizumab_mg"]) == ((None, None) if course else (1, 400.0))


def test_no_row_means_not_given_only_where_drugs_are_complete():
    assert one(record({"hour": 1, "concept": "temperature", "value": 37.0}))["tocilizumab_doses"] is None
    closed = one(record({"hour": 1, "concept": "temperature", "value": 37.0}, complete=["drugs"]))
    assert (closed["tocilizumab_doses"], closed["tocilizumab_mg"], closed["corticosteroids"], closed["methylprednisolone_mg"], closed["filgrastim_ug"]) == (
        0, 0.0, False, 0.0, 0.0)


def test_one_complete_drug_closes_no_other():
    mine = one(record({"hour": 1, "concept": "temperature", "value": 37.0}, complete=["dexamethasone", "tocilizumab"]))
    assert (mine["tocilizumab_given"], mine["corticosteroids"]) == (False, None)


def told(**columns):
    return pl.DataFrame({"patient": ["1"], **{k: [v] for k, v in columns.items()}})


@pytest.mark.parametrize(("word", "means"), [
    ("yes", True), ("no", False), ("1", True), (0, False), (1.0, True), (True, True), (None, None), ("", None), ("unknown", None)])
def test_the_table_of_patients_tells_yes_and_no(word, means):
    t = record({"hour": 1, "concept": "temperature", "value": 37.0})
    assert one(t, told(tocilizumab=word))["tocilizumab_given"] is means


@pytest.mark.parametrize("word", ["perhaps", 2, "17"])
def test_another_word_is_refused_with_the_patient_and_the_column(word):
    t = record({"hour": 1, "concept": "temperature", "value": 37.0})
    with pytest.raises(CohortError, match="patient 1: tocilizumab"):
        one(t, told(tocilizumab=word))


@pytest.mark.parametrize("word", ["many", -1.0, float("inf")])
def test_an_amount_is_a_number_from_0_on(word):
    with pytest.raises(CohortError, match="methylprednisolone_mg"):
        one(record({"hour": 1, "concept": "temperature", "value": 37.0}), told(methylprednisolone_mg=word))


def test_told_amounts_fill_what_the_doses_leave_open():
    t = record({"hour": 1, "concept": "corticosteroid", "text": "present"})
    assert one(t)["methylprednisolone_mg"] is None
    assert one(t, told(methylprednisolone_mg=120))["methylprednisolone_mg"] == 120
    known = record({"hour": 1, **DEXA, "value": 0.75})
    assert one(known, told(methylprednisolone_mg=120))["methylprednisolone_mg"] == pytest.approx(4)


def test_a_told_total_says_by_itself_whether_any_was_given():
    t = record({"hour": 1, "concept": "temperature", "value": 37.0})
    assert one(t, told(methylprednisolone_mg=0))["corticosteroids"] is False
    assert one(t, told(methylprednisolone_mg=7.5))["corticosteroids"] is True
    assert one(t, told(tocilizumab_doses=3))["tocilizumab_doses"] == 3
    assert one(t, told(tocilizumab="yes"))["tocilizumab_doses"] is None


def test_doses_on_record_stand_before_a_table_that_denies_them():
    t = record({"hour": 10, **TOCI, "value": 400.0})
    table = told(tocilizumab="no", tocilizumab_doses=0)
    assert one(t, table)["tocilizumab_doses"] == 1
    assert contradictions(doses(t), table) == ("1: the table of patients says no tocilizumab, the record has 1 dose",)
    assert contradictions(doses(t), told(tocilizumab="yes", tocilizumab_doses=2)) == ("1: the table of patients says 2 doses of tocilizumab, the record has 1",)
    assert contradictions(doses(t), told(tocilizumab="yes", tocilizumab_doses=1)) == ()


def test_every_patient_of_the_record_has_one_row_in_its_order():
    t = record({"patient": "b", "hour": 1, **TOCI, "value": 1.0}, patients=("b", "a"))
    found = given(t, doses(t), pl.DataFrame({"patient": ["a"], "tocilizumab": ["no"]}))
    assert found.select("patient", "tocilizumab_doses").rows() == [("b", 1), ("a", 0)]


def test_two_rows_of_a_patient_in_the_table_are_refused():
    with pytest.raises(CohortError, match="more than one row"):
        one(record({"hour": 1, **TOCI, "value": 1.0}), pl.DataFrame({"patient": ["1", "1"]}))


def test_an_empty_record_has_no_doses():
    assert not len(doses(record()))
