"""Infection beside CRS: what neutropenic fever asks for, and what has to be ruled out."""

from __future__ import annotations

import pytest


def test_antibiotics_and_filgrastim_are_due_in_neutropenic_fever(advise_spec):
    """Two things: the paper prints "antibiotics like filgrastim"."""
    said = advise_spec("""
        hour | temperature | neutrophils || C1.3a   | C1.3b
        0    | 38.5        | 0.5         || not_due | not_due
        1    |             | 0.49        || due     | due
        2    | 37          |             || not_due | not_due
        """)
    assert (said[1]["C1.3a"].drug, said[1]["C1.3b"].drug) == ("antibiotic", "filgrastim")


def test_neutropenic_care_depends_on_the_neutrophils(advise_spec):
    advise_spec("""
        hour | temperature || C1.3a   | C1.3b
        0    | 38.5        || depends | depends
        """, left_out=["neutrophils"])


@pytest.mark.parametrize("cause", ["infection", "drug", "other"])
def test_neutropenic_fever_asks_for_antibiotics_whatever_it_is_put_down_to(advise_spec, cause):
    """It is no sign of CRS then, so nothing is asked for CRS."""
    advise_spec(f"""
        hour | temperature  | neutrophils || C1.3a | C1.3b | C1.1
        0    | 38.5@{cause} | 0.2         || due   | due   | not_due
        """)


def test_infection_is_ruled_out_in_crs_of_grade_1_and_2_with_or_without_fever(advise_spec):
    advise_spec("""
        hour | temperature | ast || INF1
        0    | 37          | 20  || not_due
        1    | 38          | 20  || due
        2    | 37          | 121 || due
        3    | 37          | 201 || not_due
        """)


def test_whether_infection_is_ruled_out_first_depends_on_the_grade(advise_spec):
    advise_spec("""
        hour | temperature || INF1
        0    | 38.5        || depends
        """, left_out=["ast"])
