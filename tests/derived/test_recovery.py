"""Recovery of neutrophils and platelets: three consecutive counts on different days, after the lowest."""

from __future__ import annotations

import pytest

from tocsin.derived.recovery import NEUTROPHILS, PLATELETS, recovery, recovery_says
from tocsin.timeline import Timeline


def outcome(rule, counts, *, transfused=(), complete=("drugs",), rows=()):
    events = [{"concept": rule.concept, "hour": 24.0 * day + 8, "value": value} for day, value in counts]
    events += [{"concept": "platelet_transfusion", "hour": 24.0 * day, "value": 1.0} for day in transfused]
    found = recovery(Timeline.from_rows([*events, *rows], [{}], complete), rule).row(0, named=True)
    return found["outcome"], found["hour"]


@pytest.mark.parametrize(("counts", "expected"), [
    ([(0, 2.0), (5, 0.1), (9, 0.5), (10, 0.7), (11, 0.9)], ("recovered", 24.0 * 9 + 8)),
    ([(0, 2.0), (5, 0.1), (9, 0.5), (10, 0.49), (11, 0.9)], ("not_recovered", None)),
    ([(5, 0.1), (9, 0.6), (10, 0.4), (14, 0.5), (20, 0.5), (28, 0.5)], ("recovered", 24.0 * 14 + 8)),
    ([(5, 0.5), (9, 0.6)], ("never_low", None)),
    ([(5, 0.49), (9, 0.6), (12, 3.0)], ("not_recovered", None)),
    ([], ("unknown", None)),
    ([(-3, 0.1), (-2, 0.2)], ("unknown", None)),
], ids=["three at the limit", "a dip between", "values, not days in a row", "never below 0.5", "only two after the lowest", "no counts", "before the infusion"])
def test_neutrophils_have_recovered_on_the_first_of_three_consecutive_counts_of_0_5(counts, expected):
    assert outcome(NEUTROPHILS, counts) == expected


def test_two_counts_of_one_day_are_one_and_the_lower_counts():
    counts = [(5, 0.1), (9, 0.9), (10, 0.9), (10, 0.3), (11, 0.9)]
    assert outcome(NEUTROPHILS, counts) == ("not_recovered", None)
    counts = [(5, 0.1), (9, 0.9), (9, 0.9), (9, 0.9)]
    assert outcome(NEUTROPHILS, counts) == ("not_recovered", None)


COUNTS = [(2, 60.0), (8, 9.0), (15, 20.0), (16, 25.0), (17, 31.0), (18, 40.0)]


@pytest.mark.parametrize(("transfused", "expected"), [
    ((), ("recovered", 24.0 * 15 + 8)), ((8,), ("recovered", 24.0 * 15 + 8)), ((9,), ("recovered", 24.0 * 16 + 8)),
    ((16,), ("not_recovered", None)),
], ids=["none", "more than 7 days before", "within 7 days of the first", "between the counts"])
def test_platelets_must_stand_for_seven_days_without_a_transfusion(transfused, expected):
    assert outcome(PLATELETS, COUNTS, transfused=transfused) == expected


def test_platelets_may_have_been_transfused_where_transfusions_are_not_told():
    assert outcome(PLATELETS, COUNTS, complete=()) == ("unknown", None)
    assert outcome(PLATELETS, COUNTS, complete=(), rows=[{"concept": "platelet_transfusion", "hour": 0.0, "text": "absent"}])[0] == "recovered"
    assert outcome(PLATELETS, COUNTS, rows=[{"concept": "platelet_transfusion", "hour": 300.0, "text": "unknown"}])[0] == "unknown"
    assert outcome(PLATELETS, COUNTS[:3], complete=())[0] == "not_recovered"


def test_the_rules_say_themselves():
    assert recovery_says(NEUTROPHILS).endswith("neutrophil count >= 0.5 10^9/L after the lowest")
    assert recovery_says(PLATELETS).endswith("without platelet transfusion in the 7 days before")
