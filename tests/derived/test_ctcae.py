"""The table of CTCAE laboratory grades, and "at least this grade" as other rules ask for it."""

from __future__ import annotations

import pytest

from tocsin.derived.ctcae import ASSUME_SYMPTOMS, CTCAE5, CTCAE403, TERMS, cell, lab, lab_settings
from tocsin.derived.ctcae_table import By, When
from tocsin.errors import RuleError, UnknownIdError
from tocsin.rules import NEVER
from tocsin.vocabulary import CONCEPTS

GRADED = [(name, version) for name, term in TERMS.items() for version in (CTCAE403, CTCAE5) if term.cells(version) is not None]


@pytest.mark.parametrize(("name", "version"), GRADED)
def test_the_bounds_of_one_kind_rise_with_the_grade(name, version):
    """A higher grade never begins before a lower one."""
    term = TERMS[name]
    sign = 1 if term.high else -1
    for by in By:
        for when in (When.ALWAYS, When.ANTICOAGULATED, When.ABNORMAL):
            beyond = [sign * (b.amount + b.plus) for cell in term.cells(version) for b in cell if b.by is by and b.when is when]
            assert beyond == sorted(set(beyond)), (by, when)


@pytest.mark.parametrize(("name", "version"), GRADED)
def test_numbers_in_si_units_mean_nearly_the_same_as_the_conventional_ones(name, version):
    """They are rounded in print: magnesium 0.9 mg/dL beside 0.4 mmol/L, which is 0.97 mg/dL, is the worst."""
    term = TERMS[name]
    for some in term.cells(version):
        for bound in some:
            if bound.si is not None:
                assert CONCEPTS[term.concept].conversion(term.si_unit).to_canonical(bound.si) == pytest.approx(bound.amount, rel=0.09)


def test_at_least_a_grade_holds_for_every_higher_one():
    """Platelets below 75 are at least grade 1 whatever the limit of normal is."""
    assert lab("platelet-count-decreased", CTCAE5, 1, {}).english() == "Platelet count < the lower limit of normal or Platelet count < 75 10^9/L"
    assert lab("platelet-count-decreased", CTCAE5, 4, {}).english() == "Platelet count < 25 10^9/L"


def test_a_grade_that_is_not_printed_begins_with_the_next():
    """Magnesium has no grade 2: at least grade 2 means grade 3."""
    assert lab("hypermagnesemia", CTCAE5, 2, {}).english() == lab("hypermagnesemia", CTCAE5, 3, {}).english()
    assert cell("hypermagnesemia", CTCAE5, 2, {}) is None


def test_beyond_the_last_grade_nothing_is_true():
    assert lab("aptt-prolonged", CTCAE5, 4, {}) == NEVER


def test_v403_holds_transaminases_against_the_limit_and_v5_also_against_the_baseline():
    name = "alanine-aminotransferase-increased"
    assert lab(name, CTCAE403, 3, {}).english() == "Alanine aminotransferase > 5 x the upper limit of normal"
    assert lab(name, CTCAE5, 3, {}).english().endswith("and Alanine aminotransferase > 5 x baseline")
    assert "any_change_from_baseline_is_grade_1" not in [s.name for s in lab_settings(name, version=CTCAE5)]


def test_settings_of_several_terms_are_each_named_once():
    names = [s.name for s in lab_settings("lipase-increased", "serum-amylase-increased", version=CTCAE5)]
    assert names == ["uln_lipase", "assume_normal_limits", "assume_symptoms", "uln_amylase"]
    assert ASSUME_SYMPTOMS.name not in [s.name for s in lab_settings("lipase-increased", version=CTCAE403)]


def test_what_does_not_exist_is_refused_with_what_does():
    with pytest.raises(UnknownIdError, match="platelet-count-decreased"):
        lab("platelet-count", CTCAE5, 1, {})
    with pytest.raises(UnknownIdError, match="CTCAE version"):
        lab("anemia", "6", 1, {})
    with pytest.raises(RuleError, match="no grade 5"):
        lab("anemia", CTCAE5, 5, {})
    with pytest.raises(RuleError, match="does not grade Hyperglycemia"):
        lab("hyperglycemia", CTCAE5, 3, {})
