"""What makes the arms of a study, and the rules of its file."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from tocsin.cohort.arms import arms
from tocsin.cohort.rules import rule
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

MEMBERS = pl.DataFrame({
    "patient": ["A", "B", "C", "D"], "age_years": [8.0, 17.9, 18.0, None], "sex": ["male", "Female", "male", None], "infection": [True, False, None, False],
    "product": ["x", "y", "y", "z"], "risk": [1.0, 0.0, 1.0, None],
    "tocilizumab_given": [True, False, None, False], "corticosteroids": [True, None, False, False],
})
RECORD = Timeline.from_rows([], [{"patient": p} for p in "ABCD"])
DOSES = pl.DataFrame({"patient": ["A"], "drug": ["anakinra"], "group": ["anakinra"], "day": [1.0]})


@pytest.mark.parametrize(("text", "met"), [
    ("age_years < 18", [True, True, False, None]), ("age_years <= 17.9", [True, True, False, None]), ("age_years >= 18", [False, False, True, None]),
    ("sex = male", [True, False, True, None]), ("sex != female", [True, False, True, None]), ("infection = yes", [True, False, None, False]),
    ("infection = no and age_years < 18", [False, True, False, None]), ("product = \"y\"", [False, True, True, False]),
])
def test_a_rule_is_met_not_met_or_not_known(text, met):
    assert rule(text, MEMBERS).to_list() == met


@pytest.mark.parametrize(("text", "says"), [
    ("age", "is no rule"), ("height < 3", "asks for 'height'"), ("age_years < old", "compares numbers with 'old'"), ("sex < male", "is no number"),
    ("infection = perhaps", "is yes or no"), ("", "is no rule"),
])
def test_what_is_no_rule_is_refused(text, says):
    with pytest.raises(CohortError, match=says):
        rule(text, MEMBERS)


def made(what, timeline=RECORD, order=()):
    return arms(timeline, MEMBERS, DOSES, replace(Study(), arms=what, order=order))


def test_a_drug_makes_two_arms_and_who_is_not_known_has_none():
    found = made("tocilizumab")
    assert found.names == ("tocilizumab", "no tocilizumab")
    assert found.arm.to_list() == ["tocilizumab", "no tocilizumab", None, "no tocilizumab"]


def test_another_drug_is_not_given_only_where_the_record_of_drugs_is_complete():
    with pytest.raises(CohortError, match=r"(?s)everybody known is in 'anakinra'.*--complete drugs"):
        made("anakinra")
    whole = RECORD.with_complete(Timeline.from_rows([], complete=["drugs"]).complete)
    assert made("anakinra", whole).arm.to_list() == ["anakinra", *["no anakinra"] * 3]


def test_a_column_of_yes_and_no_makes_two_arms_and_one_of_names_as_many_as_names():
    assert made("risk").arm.to_list() == ["risk", "no risk", "risk", None]
    assert made("product").names == ("x", "y", "z")
    assert made("product", order=("z", "y", "x")).names == ("z", "y", "x")


def test_a_rule_makes_two_arms():
    assert made("age_years < 18").arm.to_list() == ["age_years < 18", "age_years < 18", "not (age_years < 18)", None]


@pytest.mark.parametrize(("what", "says"), [("colour", "neither a drug"), ("age_years < 1", "needs two arms")])
def test_what_makes_no_two_arms_is_refused(what, says):
    with pytest.raises(CohortError, match=says):
        made(what)


def test_an_order_that_forgets_an_arm_is_refused():
    with pytest.raises(CohortError, match="order: the arm 'z' is missing"):
        made("product", order=("x", "y"))
