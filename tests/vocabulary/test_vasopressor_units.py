"""Vasopressor rates as hospitals chart them, for a patient of 80 kg: every unit comes exactly to the one that the scales read."""

from __future__ import annotations

import pytest

from tocsin.errors import VocabularyError
from tocsin.vocabulary import VASOPRESSIN_LIKE, VASOPRESSORS, concept

PER_MINUTE = {"ug/min": 20, "mcg/min": 20, "ug/kg/min": 0.25, "mg/h": 1.2, "ug/h": 1200, "ug/kg/h": 15, "mg/kg/h": 0.015, "mg/min": 0.02,
              "ng/kg/min": 250, "mg/d": 28.8}
SAME_RATE = {
    ("norepinephrine", 20.0): PER_MINUTE,
    ("epinephrine", 20.0): PER_MINUTE,
    ("phenylephrine", 20.0): PER_MINUTE,
    ("metaraminol", 20.0): PER_MINUTE,
    ("dopamine", 10.0): {"ug/kg/min": 10, "ug/min": 800, "mg/h": 48, "mg/min": 0.8, "mg/kg/h": 0.6, "ug/kg/h": 600},
    ("angiotensin_ii", 20.0): {"ng/kg/min": 20, "ug/kg/min": 0.02, "ug/min": 1.6, "mg/h": 0.096, "ug/h": 96, "ng/min": 1600},
    ("vasopressin", 0.04): {"U/min": 0.04, "units/min": 0.04, "U/h": 2.4, "units/hour": 2.4, "mU/min": 40, "U/kg/min": 0.0005,
                            "U/kg/h": 0.03, "mU/kg/min": 0.5, "mU/kg/h": 30},
    ("terlipressin", 0.1): {"mg/h": 0.1, "ug/h": 100, "mg/d": 2.4, "ug/kg/h": 1.25, "g/d": 0.0024},
}
CASES = [(name, value, unit, wanted) for (name, wanted), rates in SAME_RATE.items() for unit, value in rates.items()]


@pytest.mark.parametrize(("name", "value", "unit", "wanted"), CASES, ids=lambda v: str(v))
def test_a_rate_comes_exactly_to_the_canonical_unit(name, value, unit, wanted):
    assert concept(name).conversion(unit).to_canonical(value, 80) == wanted


def test_every_vasopressor_has_its_units_tested():
    assert {name for name, _ in SAME_RATE} == {*VASOPRESSORS, *VASOPRESSIN_LIKE}


@pytest.mark.parametrize(("name", "unit"), [("norepinephrine", "ug/kg/min"), ("dopamine", "mg/h"), ("vasopressin", "U/kg/h")])
def test_between_a_rate_per_kilogram_and_a_plain_one_stands_the_weight(name, unit):
    with pytest.raises(VocabularyError, match="weight_kg"):
        concept(name).conversion(unit).to_canonical(1.0)


@pytest.mark.parametrize(("name", "unit"), [("norepinephrine", "U/min"), ("vasopressin", "ug/min"), ("norepinephrine", "mL/h")])
def test_units_of_activity_and_of_mass_are_not_converted_into_each_other(name, unit):
    with pytest.raises(VocabularyError, match="not measured in"):
        concept(name).conversion(unit)
