"""What drugs do in a population: the same drawn patients with and without, by the median and by the grader."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from tocsin.grading import grade
from tocsin.model.compile import compile_system
from tocsin.model.dosing import Doses, doses, events, parse
from tocsin.model.load import load
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.simulate import Simulation, simulate
from tocsin.model.trajectories import Trajectories

PEOPLE, DAYS = 150, 28
PRODUCTS = ("4-1bb", "cd28")
TIMES = np.arange(0, DAYS * 24 + 1) / 24
AFTER_FEVER = 24
"""Hours from the first 38.0 degC to the dose: fever that stays, as it is treated."""


@cache
def patients(product: str) -> VirtualPatients:
    return draw(load(), PEOPLE, seed=17, product=product, disease="all-high")


@cache
def course(product: str, drug: str = "") -> Trajectories:
    """The courses; with a drug, an order without a time, from each patient's own fever on, and none to whom has no fever."""
    who = patients(product)
    given = None
    if drug:
        parts = [doses(parse(drug, tuple(load().drugs), float(hour)), who.weight_kg, np.array([row]))
                 for row, hour in enumerate(treated_from(product)) if hour >= 0]
        whole: Doses = parts[0]
        for part in parts[1:]:
            whole = whole.and_also(part)
        given = events(load(), whole, who.parameters)
    return compile_system(load()).solve(who.parameters, times=TIMES, events=given)


def treated_from(product: str) -> np.ndarray:
    """The hour of the first dose of each patient, -1 where there is no fever that leaves three days to look."""
    fever = course(product)["temperature_c"] >= 38.0
    hour = np.where(fever.any(axis=1), fever.argmax(axis=1) + AFTER_FEVER, DAYS * 24)
    return np.where(hour <= (DAYS - 3) * 24, hour, -1)


def at(product: str, name: str, drug: str = "", hours_on: int = 0) -> np.ndarray:
    """A quantity in those who are treated, so many hours after the first dose."""
    hour = treated_from(product)
    rows = np.flatnonzero(hour >= 0)
    assert len(rows) > 0.6 * PEOPLE   # most have fever: else this looks at a few
    return course(product, drug)[name][rows, hour[rows] + hours_on]


TOCILIZUMAB = "tocilizumab 8 mg/kg"


@pytest.mark.parametrize("product", PRODUCTS)
def test_fever_falls_within_a_day_of_tocilizumab(product: str) -> None:
    before, after = at(product, "temperature_c"), at(product, "temperature_c", TOCILIZUMAB, 24)
    assert np.median(after - before) < -0.5
    assert np.median(after - at(product, "temperature_c", "", 24)) < -0.5


@pytest.mark.parametrize("product", PRODUCTS)
def test_crp_falls_within_two_days_of_tocilizumab(product: str) -> None:
    assert np.median(at(product, "crp", TOCILIZUMAB, 48) / at(product, "crp")) < 0.9
    assert np.median(at(product, "crp", TOCILIZUMAB, 48) / at(product, "crp", "", 48)) < 0.7


@pytest.mark.parametrize("product", PRODUCTS)
def test_serum_il6_and_its_soluble_receptor_rise_after_tocilizumab(product: str) -> None:
    for hours in (6, 24):
        assert np.median(at(product, "il6_blood", TOCILIZUMAB, hours) / at(product, "il6_blood")) > 1.2
        assert np.median(at(product, "il6_blood", TOCILIZUMAB, hours) / at(product, "il6_blood", "", hours)) > 1.1
    assert np.median(at(product, "sil6r", TOCILIZUMAB, 48) / at(product, "sil6r")) > 1.5


@pytest.mark.parametrize("drug", ["dexamethasone 10 mg q6h x 8", "methylprednisolone 1 mg/kg q12h x 4", "ruxolitinib 10 mg q12h x 4"])
@pytest.mark.parametrize("product", PRODUCTS)
def test_steroid_and_ruxolitinib_lower_il6(product: str, drug: str) -> None:
    for hours in (24, 48):
        ratio = at(product, "il6_blood", drug, hours) / at(product, "il6_blood", "", hours)
        assert np.median(ratio) < 0.95
        assert (ratio < 1.0).mean() > 0.8


def peak(product: str, drug: str = "") -> np.ndarray:
    """The highest count of CAR-T cells in blood after the infused ones have left it."""
    return course(product, drug)["car_blood_per_ul"][:, 3 * 24:].max(axis=1)


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_peak_of_car_t_cells_hardly_changes_with_tocilizumab(product: str) -> None:
    assert 0.8 < np.median(peak(product, TOCILIZUMAB) / peak(product)) < 1.25


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_peak_of_car_t_cells_stays_with_stromal_cells(product: str) -> None:
    assert 0.95 < np.median(peak(product, "msc 1e6 cells/kg") / peak(product)) < 1.05


@cache
def graded(product: str, schedule: str) -> np.ndarray:
    """The highest grade of CRS of each patient, by the grader on the record."""
    found: Simulation = simulate(PEOPLE, patients=patients(product), seed=17, days=DAYS, doses=schedule)
    steps = grade(found.timeline, "astct-crs-2019", until=DAYS * 24.0).frame.filter(pl.col("start_hour") < DAYS * 24.0)
    most = dict(steps.group_by(pl.col("patient").cast(pl.String)).agg(pl.col("at_least").max()).iter_rows())
    return np.array([most[p] for p in found.patients.ids])


@pytest.mark.parametrize("product", PRODUCTS)
def test_prophylactic_dexamethasone_lowers_the_share_with_severe_crs(product: str) -> None:
    """10 mg on days 0, 1 and 2 (oluwole2021)."""
    without, with_ = ((graded(product, s) >= 3).mean() for s in ("", "dexamethasone 10 mg @ day 0 to 2"))
    assert without > 0.05
    assert with_ < 0.95 * without, "more than a patient or two"
