"""Seizures and status epilepticus in paper 004, one clinical fact a test: the two ladders, their limits, and what is not known."""

from __future__ import annotations

from functools import partial

import pytest

from spec.chart import timeline_of
from tocsin.grading import grade
from tocsin.scales import scale

CLEAR = {"ice_score": "10", "cartox10_score": "10", "consciousness": "awake", "temperature": "37"}


@pytest.fixture
def seizure(advise_spec):
    return partial(advise_spec, stated=CLEAR)


def test_any_seizure_asks_for_intensive_care(seizure):
    seizure("""
        hour | seizure             || SE1 | SE2
        0    | none                || -   | -
        1    | brief               || -   | due
        2    | none                || -   | -
        3    | brief_partial@icans || -   | due
        4    | brief@baseline      ||     | -
        """)


def test_intensive_care_depends_on_whether_there_was_a_seizure(seizure):
    said = seizure("""
        hour | temperature || SE1     | SE2     | SE3     | SE5     | SE9
        0    | 37          || depends | depends | depends | depends | depends
        """, complete=("drugs", "devices", "hypotension"))
    assert said[0]["SE2"].depends_on == ("seizure",)


@pytest.mark.parametrize("kind", ["prolonged", "repetitive", "nonconvulsive_status", "convulsive_status"])
def test_status_of_any_kind_is_treated_at_once_and_with_levetiracetam_500_mg(seizure, kind):
    said = seizure(f"""
        hour | seizure           || SE1 | SE5
        0    | brief_generalised || -   | -
        1    | {kind}            || due | due
        """)
    assert said[1]["SE5"].dose == 500


def test_partial_seizures_react_to_a_benzodiazepine_an_antiepileptic_drug_and_a_corticosteroid(seizure):
    seizure("""
        hour | seizure           || SE3
        0    | brief_partial     || due
        1    | brief_generalised || -
        2    | unspecified       || depends
        """)


def test_lorazepam_is_05_mg_in_non_convulsive_and_2_mg_in_convulsive_status(seizure):
    said = seizure("""
        hour | seizure              || SE4 | SE7
        0    | none                 || -   | -
        1    | nonconvulsive_status || due | -
        2    | convulsive_status    || -   | due
        """)
    assert (said[1]["SE4"].dose, said[2]["SE7"].dose) == (0.5, 2.0)


def test_while_the_kind_of_status_is_not_told_its_doses_stay_open(seizure):
    seizure("""
        hour | seizure   | lorazepam | levetiracetam || SE1 | SE4     | SE7     | SE6     | SE8     | SE10    | SE11    | SE12
        0    | prolonged |           |               || due | depends | depends | -       | -       | -       | -       | -
        0.1  | prolonged | 1         | 500           || due | depends | depends |         |         | -       | -       | -
        1    | prolonged |           |               || due | depends | depends | depends | depends | -       | -       | -
        """)


@pytest.mark.parametrize(("kind", "code"), [("nonconvulsive_status", "SE4"), ("convulsive_status", "SE7")])
def test_lorazepam_depends_on_doses_that_are_not_told(seizure, kind, code):
    said = seizure(f"""
        hour | seizure || {code}
        0    | {kind}  || depends
        """, complete=("devices", "neurology", "hypotension"))
    assert said[0][code].depends_on == ("lorazepam",)


def test_lorazepam_in_non_convulsive_status_is_given_every_5_minutes_and_4_times(seizure):
    said = seizure("""
        hour | seizure              | lorazepam || SE4
        0    | nonconvulsive_status |           || due
        0.01 |                      | 0.5       || blocked
        0.09 |                      |           || blocked
        0.1  |                      |           || due
        0.2  |                      | 0.5       || blocked
        0.3  |                      |           || due
        0.31 |                      | 0.5       || blocked
        0.4  |                      |           || due
        0.5  |                      | 0.5       || blocked
        1    |                      |           || blocked
        6    |                      |           || blocked
        6.01 |                      |           || due
        """)
    assert [b.split(":")[0] for b in said[1]["SE4"].blocked_by] == ["LORAZEPAM-4-DOSES"]


def test_lorazepam_in_convulsive_status_is_given_twice(seizure):
    said = seizure("""
        hour | seizure           | lorazepam || SE7
        0    | convulsive_status |           || due
        0.1  |                   | 2         || blocked
        0.19 |                   |           || due
        0.2  |                   | 2         || blocked
        6    |                   |           || blocked
        6.1  |                   |           || due
        """)
    assert [b.split(":")[0] for b in said[0.1]["SE7"].blocked_by] == ["LORAZEPAM-5-MIN"]
    assert said[6]["SE7"].blocked_by == ("LORAZEPAM-2-DOSES: 2 doses of lorazepam were given within 6 h, in all 4 mg at the dose asked for",)


def test_how_long_doses_of_lorazepam_count_together_is_a_setting(seizure):
    seizure("""
        hour | seizure           | lorazepam || SE7
        0    | convulsive_status | 2         ||
        0.2  |                   | 2         || blocked
        11.9 |                   |           || blocked
        """, settings={"status_course_hours": 12})


def test_levetiracetam_before_the_status_is_not_the_dose_for_it(seizure):
    seizure("""
        hour | seizure              | levetiracetam || SE5
        0    | none                 | 750           || -
        1    | nonconvulsive_status |               || due
        1.1  |                      | 500           || -
        """)


@pytest.mark.parametrize(("kind", "code", "other"), [("nonconvulsive_status", "SE6", "SE8"), ("convulsive_status", "SE8", "SE6")])
def test_phenobarbital_comes_after_lorazepam_and_levetiracetam_when_status_persists(seizure, kind, code, other):
    seizure(f"""
        hour | seizure | lorazepam | levetiracetam | phenobarbital || {code}  | {other}
        0    | none    | 0.5       | 750           |               || -       | -
        1    | {kind}  |           |               |               || -       | -
        1.2  |         | 2         |               |               || -       | -
        1.5  |         |           | 500           |               || -       | -
        1.58 |         |           |               |               || -       | -
        1.59 |         |           |               |               || due     | -
        2    |         |           |               | 60            || blocked | -
        3    | none    |           |               |               || -       | -
        """)


def test_midazolam_stands_for_lorazepam_in_status_that_persists(seizure):
    seizure("""
        hour | seizure           | midazolam | levetiracetam || SE8
        0    | convulsive_status | 5         | 500           || -
        0.1  |                   |           |               || due
        """)


def test_phenobarbital_is_60_mg_in_non_convulsive_and_15_mg_per_kg_in_convulsive_status(seizure):
    """The trap of the two ladders."""
    table = """
        hour | seizure | lorazepam | levetiracetam || {}
        0    | {}      | 0.5       | 500           ||
        1    |         |           |               || due
        """
    flat = seizure(table.format("SE6", "nonconvulsive_status"))[1]["SE6"]
    by_weight = seizure(table.format("SE8", "convulsive_status"))[1]["SE8"]
    assert (flat.dose, by_weight.dose) == (60, 1050)
    assert by_weight.formula == "15 mg/kg x 70 kg = 1050 mg"
    unweighed = seizure(table.format("SE8", "convulsive_status"), weight=None)[1]["SE8"]
    assert (unweighed.dose, unweighed.depends_on) == (None, ("weight_kg",))


def test_phenobarbital_depends_on_drugs_that_are_not_told(seizure):
    seizure("""
        hour | seizure              || SE6     | SE11
        0    | nonconvulsive_status ||         |
        1    |                      || depends | -
        2    | none                 ||         | depends
        """, complete=("devices", "neurology", "hypotension"))
    seizure("""
        hour | seizure           || SE8     | SE12
        0    | convulsive_status ||         |
        1    |                   || depends | -
        2    | none              ||         | depends
        """, complete=("devices", "neurology", "hypotension"))


def test_after_status_levetiracetam_goes_on_at_1000_mg_every_12_hours(seizure):
    said = seizure("""
        hour | seizure           | levetiracetam || SE5 | SE9
        0    | convulsive_status | 500           || -   | -
        1    | none              |               || -   | blocked
        11.9 | none              |               || -   | blocked
        12   | none              |               || -   | due
        13   | none              | 1000          || -   | blocked
        40   | none              |               || -   | due
        """)
    assert said[12]["SE9"].dose == 1000


def test_after_non_convulsive_status_lorazepam_goes_on_for_three_doses_every_8_hours(seizure):
    seizure("""
        hour | seizure              | lorazepam || SE10
        0    | nonconvulsive_status | 0.5       || -
        1    | none                 |           || blocked
        7.9  | none                 |           || blocked
        8    | none                 |           || due
        9    | none                 | 0.5       || blocked
        17   | none                 |           || due
        24.9 | none                 |           || due
        25   | none                 |           || -
        """)
    seizure("""
        hour | seizure           | lorazepam || SE10
        0    | convulsive_status | 2         || -
        10   | none              |           || -
        """)
    seizure("""
        hour | seizure              || SE10
        0    | nonconvulsive_status ||
        1    | none                 || depends
        """, complete=("devices", "neurology", "hypotension"))


@pytest.mark.parametrize(("kind", "code", "other"), [("nonconvulsive_status", "SE11", "SE12"), ("convulsive_status", "SE12", "SE11")])
def test_phenobarbital_goes_on_every_12_hours_where_it_was_given(seizure, kind, code, other):
    said = seizure(f"""
        hour | seizure | phenobarbital || {code}  | {other}
        0    | {kind}  |               || -       | -
        1    | none    |               || -       | -
        2    | {kind}  | 60            || -       | -
        3    | none    |               || blocked | -
        13.9 | none    |               || blocked | -
        14   | none    |               || due     | -
        """)
    assert said[14][code].dose == (30 if code == "SE11" else None)
    assert said[14][code].formula == ("30 mg every 12 h" if code == "SE11" else "1 to 3 mg/kg every 12 h")


def test_status_that_is_told_by_its_kind_keeps_its_grades():
    """Both kinds are status: CRES and ICANS grade 4, as a prolonged seizure."""
    for kind in ("prolonged", "nonconvulsive_status", "convulsive_status"):
        chart = timeline_of(f"hour | seizure | ice_score | cartox10_score\n0 | {kind} | 10 | 10", stated={"consciousness": "awake"})
        for name in ("cartox-cres-2018", "astct-icans-2019", "ctcae5-neurotoxicity"):
            got = grade(chart, scale(name)).at(0.0)
            assert (name, got["at_least"], got["at_most"]) == (name, 4, 4)
