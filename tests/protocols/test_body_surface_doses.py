"""Doses per m2 of body surface, and doses that the source gives as a range."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.derived.body_surface import body_surface_m2
from tocsin.errors import RuleError
from tocsin.protocols.doses_given import dose_seen
from tocsin.protocols.protocol import Dose

ETOPOSIDE = Dose(per_m2=75.0, to=100.0)
SINGLE = Dose(per_m2=375.0, cap=700.0)
WEIGHTS, HEIGHTS = st.floats(2, 250), st.floats(40, 230)
PERHAPS = st.one_of(st.none(), WEIGHTS), st.one_of(st.none(), HEIGHTS)


def array(value: float | None) -> np.ndarray:
    return np.array([np.nan if value is None else value])


@pytest.mark.parametrize(("weight", "height", "surface"), [(70, 175, 1.8447), (100, 100, 1.6667), (36, 100, 1.0), (3.6, 50, 0.2236)])
def test_the_body_surface_is_the_root_of_weight_times_height_over_3600(weight, height, surface):
    assert body_surface_m2(array(weight), array(height))[0] == pytest.approx(surface, abs=1e-4)


def test_a_range_per_m2_gives_a_range_of_doses_and_no_single_number():
    assert ETOPOSIDE.for_weight(70, 175) == (None, "75 to 100 mg/m2 x 1.845 m2 = 138.3 to 184.5 mg")
    assert np.isnan(ETOPOSIDE.amounts(array(70), array(175))[0])


@pytest.mark.parametrize(("weight", "height", "words"), [
    (None, 175, "the weight is not known"), (70, None, "the height is not known"), (None, None, "the weight and the height are not known")])
def test_without_weight_or_height_there_is_the_formula_and_what_is_missing(weight, height, words):
    assert ETOPOSIDE.for_weight(weight, height) == (None, f"75 to 100 mg/m2 x body surface; {words}")
    assert Dose(per_kg=8.0).for_weight(70, None)[0] == 560


@given(*PERHAPS)
def test_a_dose_per_m2_is_unknown_exactly_where_weight_or_height_is(weight, height):
    for dose in (ETOPOSIDE, SINGLE):
        low, high = dose.range(array(weight), array(height))
        unknown = weight is None or height is None
        assert np.isnan(low[0]) == np.isnan(high[0]) == unknown
        assert bool(dose.missing(weight, height)) == unknown
    assert np.isnan(SINGLE.amounts(array(weight), array(height))[0]) == unknown


@given(WEIGHTS, HEIGHTS)
def test_a_dose_per_m2_never_passes_its_cap_or_leaves_its_range(weight, height):
    surface = (weight * height / 3600) ** 0.5
    assert SINGLE.for_weight(weight, height)[0] == pytest.approx(min(700.0, 375 * surface))
    low, high = (end[0] for end in ETOPOSIDE.range(array(weight), array(height)))
    assert (low, high) == (pytest.approx(75 * surface), pytest.approx(100 * surface))
    assert low < high


@given(WEIGHTS, WEIGHTS, HEIGHTS)
def test_a_heavier_patient_of_the_same_height_never_gets_less(weight, other, height):
    for dose in (ETOPOSIDE, SINGLE):
        light, heavy = (dose.range(array(w), array(height)) for w in sorted((weight, other)))
        assert light[0][0] <= heavy[0][0]
        assert light[1][0] <= heavy[1][0]


@given(WEIGHTS, HEIGHTS)
def test_the_words_of_a_dose_agree_with_its_numbers(weight, height):
    low, high = (end[0] for end in ETOPOSIDE.range(array(weight), array(height)))
    said = re.fullmatch(r"75 to 100 mg/m2 x ([\d.]+) m2 = ([\d.]+) to ([\d.]+) mg", ETOPOSIDE.for_weight(weight, height)[1])
    assert float(said[1]) == pytest.approx((weight * height / 3600) ** 0.5, abs=6e-4)
    assert (float(said[2]), float(said[3])) == (pytest.approx(low, abs=0.06), pytest.approx(high, abs=0.06))
    amount, words = SINGLE.for_weight(weight, height)
    assert ("capped at 700 mg" in words) == (375 * (weight * height / 3600) ** 0.5 > 700)
    assert amount == SINGLE.amounts(array(weight), array(height))[0]


def test_a_range_per_kg_is_a_range_too():
    cryoprecipitate = Dose(per_kg=0.1, to=0.2, unit="unit")
    assert cryoprecipitate.for_weight(70) == (None, "0.1 to 0.2 unit/kg x 70 kg = 7 to 14 unit")
    assert cryoprecipitate.for_weight(None)[1] == "0.1 to 0.2 unit/kg x weight; the weight is not known"


@pytest.mark.parametrize("wrong", [
    {"amount": 5.0, "per_m2": 75.0}, {"per_kg": 5.0, "per_m2": 75.0}, {"amount": 5.0, "to": 10.0}, {"per_m2": 75.0, "to": 75.0},
    {"per_m2": 75.0, "light_below_kg": 30.0, "light_per_kg": 12.0}])
def test_a_dose_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(RuleError):
        Dose(**wrong)


@pytest.mark.parametrize(("given_mg", "fits"), [(131.3, False), (131.5, True), (150, True), (193.6, True), (193.8, False)])
def test_a_dose_given_fits_anywhere_in_the_range_within_the_tolerance(given_mg, fits):
    """138.35 to 184.5 mg, 5% either way."""
    seen = dose_seen(ETOPOSIDE, given_mg, None, "mg", (70.0, 175.0), 0.05)
    assert seen.fits is fits
    assert seen.asked is None


def test_a_dose_given_to_a_patient_of_unknown_height_is_open_and_says_which_body_surface_it_would_fit():
    seen = dose_seen(ETOPOSIDE, 150.0, None, "mg", (70.0, None), 0.05)
    assert (seen.fits, seen.missing) == (None, ("height_cm",))
    assert "that would be the dose at 1.5 to 2 m2" in seen.arithmetic


@pytest.mark.parametrize(("text", "fits"), [("75 mg/m2", True), ("100 mg/m2", True), ("71 mg/m2", False), ("106 mg/m2", False), ("100 mg/kg", None)])
@pytest.mark.parametrize("body", [(70.0, 175.0), (None, None)])
def test_a_rate_told_per_m2_is_judged_with_and_without_the_body_surface(text, fits, body):
    assert dose_seen(ETOPOSIDE, None, text, "mg", body, 0.05).fits is fits
