"""The disease model as the compiled solver solves it: balance, rest, signs, and what a tolerance buys."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from model.flux import P
from tocsin.model.compile import compile_system
from tocsin.model.course import Course
from tocsin.model.dosing import doses, events, parse
from tocsin.model.events import Events
from tocsin.model.load import load
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.solver import Compiled

TREATED = "tocilizumab 8 mg/kg @ day 4; dexamethasone 10 mg q6h x 8 @ day 5; siltuximab 11 mg/kg over 1 h @ day 8; etoposide 150 mg @ day 9"


@cache
def whole() -> Compiled:
    """The model with every state put out."""
    return compile_system(load(), outputs=(*load().state_names, "map_mmhg", "pf_ratio"))


@cache
def sick(n: int = 24) -> tuple[VirtualPatients, Events]:
    who = draw(load(), n, seed=8, product="cd28", disease="lymphoma")
    return who, events(load(), doses(parse(TREATED, tuple(load().drugs)), who.weight_kg), who.parameters)


def solved(rtol: float) -> np.ndarray:
    who, given = sick()
    return whole().solve(who.parameters, times=np.arange(0.0, 14.01, 0.25), events=given, rtol=rtol, atol=rtol * 1e-2).values


def error(rtol: float, truth: np.ndarray) -> float:
    """The median over patients of the greatest error of any state at any time, against the value and a thousandth of its peak."""
    scale = np.abs(truth) + 1e-3 * np.abs(truth).max(axis=1, keepdims=True) + 1e-9
    return float(np.median((np.abs(solved(rtol) - truth) / scale).max(axis=(1, 2))))


def test_a_tighter_tolerance_brings_the_disease_model_nearer_to_its_solution() -> None:
    truth = solved(1e-11)
    errors = [error(r, truth) for r in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)]
    assert all(less < more for more, less in pairwise(errors))
    slope = np.polyfit(np.log10([1e-4, 1e-5, 1e-6, 1e-7, 1e-8]), np.log10(errors), 1)[0]
    assert 0.5 < slope < 1.5   # in proportion to the tolerance
    assert errors[2] < 1e-4


def test_halving_the_tolerance_changes_no_output_by_more_than_the_tolerance_allows() -> None:
    scale = np.abs(solved(1e-6)) + 1e-3 * np.abs(solved(1e-6)).max(axis=1, keepdims=True) + 1e-9
    change = (np.abs(solved(1e-6) - solved(5e-7)) / scale).max(axis=(1, 2))
    assert 0 < np.median(change) < 1e-4


def test_no_state_of_a_drawn_patient_is_ever_negative_and_no_share_exceeds_1() -> None:
    for disease in ("all-high", "all-low", "compartmental"):
        who = draw(load(), 60, seed=21, product="cd28", disease=disease)
        given = events(load(), doses(parse(TREATED, tuple(load().drugs)), who.weight_kg), who.parameters)
        found = whole().solve(who.parameters, times=np.arange(0.0, 40.1, 0.5), events=given)
        assert not found.failures
        assert (found.values >= 0).all()
        for share in ("macrophage_systemic", "macrophage_local", "macrophage_competence", "endothelium", "vasodilation", "local_oedema", "blood_brain_barrier",
                      "fever_drive", "msc_effect"):
            assert found[share].max() <= 1 + 1e-6, share


def test_whoever_has_neither_cells_nor_tumour_nor_drugs_stays_about_as_at_the_start_and_comes_to_rest() -> None:
    """People drawn with every variability, for 60 days.  The trans signal of health acts on vessels that start at rest: a small drift that ends."""
    none = {"car_dose": 0.0, "tumour_marrow_start": 0.0, "tumour_local_start": 0.0}
    who = draw(load(), 50, seed=3).with_values(load(), **none)
    found = whole().solve(who.parameters, times=np.arange(0.0, 60.1, 1.0))
    for name in ("sil6r", "ferritin", "il10", "ldh", "il6_blood", "macrophage_competence", "plasma_volume"):
        assert np.median(np.abs(found[name] / found[name][:, :1] - 1).max(axis=1)) < 0.25, name
        assert found[name][:, -1] == pytest.approx(found[name][:, -10], rel=1e-3), name
    assert np.abs(found["temperature_c"] - found["temperature_c"][:, :1]).max() < 0.3
    assert np.abs(found["map_mmhg"] / found["map_mmhg"][:, :1] - 1).max() < 0.04
    assert found["macrophage_systemic"].max() == 0, "nothing drives macrophages in health"
    for cells in ("car_blood", "car_marrow", "car_local", "car_memory", "tumour_marrow_positive", "tumour_local_positive", "tumour_negative", "ifn_gamma"):
        assert not found[cells].any(), cells


def test_what_is_given_is_what_is_there_and_what_has_left() -> None:
    """Of a drug that leaves in proportion the rest is an exponential, and of siltuximab what is left in blood and tissue only falls."""
    row = [p.value for p in load().parameters]
    times = np.arange(0.0, 3.01, 0.125)
    given = Events.of([(0, 0.5, "acetaminophen", 1000.0), (0, 0.5, "siltuximab", 700.0), (0, 0.5, "msc", 2.0)])
    found = whole().solve(row, times=times, events=given, rtol=1e-9, atol=1e-10)
    after = times > 0.5
    size = P["weight"] / P["weight_reference"]
    for name, dose, rate in (("acetaminophen", 1000.0, P["acetaminophen_clearance"] * size**-0.25 / P["acetaminophen_volume"]), ("msc", 2.0, P["msc_loss"])):
        left = dose * np.exp(-rate * (times - 0.5))
        assert found[name][0, after] == pytest.approx(left[after], rel=1e-5, abs=1e-5)
    both = (found["siltuximab"] + found["siltuximab_tissue"])[0, after]
    assert both[0] == pytest.approx(700.0, rel=0.02)
    assert (np.diff(both) < 0).all()
    lost = P["silt_clearance"] * size**0.75 / (P["silt_volume"] * size) * found["siltuximab"][0, after]
    assert both[0] - both[-1] == pytest.approx(((lost[1:] + lost[:-1]) / 2 * 0.125).sum(), rel=0.01)


@pytest.mark.parametrize("drug", ["tocilizumab 8 mg/kg @ day 5", "siltuximab 11 mg/kg @ day 5", "ruxolitinib 10 mg q12h x 14 @ day 5",
                                  "dexamethasone 10 mg q6h x 12 @ day 5", "anakinra 100 mg q6h x 12 @ day 5", "acetaminophen 650 mg q6h x 12 @ day 5"])
def test_no_drug_makes_a_healthy_person_cold(drug: str) -> None:
    who = draw(load(), 50, seed=6).with_values(load(), car_dose=0.0, tumour_marrow_start=0.0, tumour_local_start=0.0)
    course = Course.start(load(), who, seed=6, schedule=drug)
    course.advance(14)
    temperature = course.values[:, :, course.names.index("temperature_c")]
    assert np.abs(temperature - temperature[:, :1]).max() < 0.05


def test_cells_that_only_move_are_neither_made_nor_lost_on_their_way() -> None:
    """Without antigen there is no growth: what is there in the end and what contraction and death took add up to what was infused and lived."""
    only = {"tumour_marrow_start": 0.0, "tumour_local_start": 0.0, "engraftment": 1.0, "contraction_rate": 0.01, "memory_loss": 0.0}
    row = [only.get(p.name, p.value) for p in load().parameters]
    times = np.arange(0.0, 10.001, 0.02)
    found = whole().solve(row, times=times, rtol=1e-9, atol=1e-12)
    places = ("car_infused", "car_primed", "car_marrow", "car_local", "car_blood", "car_memory")
    total = sum(found[name][0] for name in places)
    effectors = sum(found[name][0] for name in ("car_marrow", "car_local", "car_blood"))
    lost = 0.01 * np.concatenate([[0.0], np.cumsum((effectors[1:] + effectors[:-1]) / 2 * 0.02)])
    assert total + lost == pytest.approx(np.full(len(times), P["car_dose"] * 1e-9 * P["weight"]), rel=1e-4)


def test_crs_ends_in_everybody_in_whom_the_cells_have_fallen_silent() -> None:
    """A year on, no fever and no fall of pressure in those whose interferon-gamma is gone: no loop feeds itself without CAR-T cells that are engaged."""
    who = draw(load(), 200, seed=5, product="4-1bb", disease="all-high")
    found = whole().solve(who.parameters, times=np.array([0.0, 180.0, 365.0]))
    silent = found["ifn_gamma"][:, 2] < 1.0
    assert silent.mean() > 0.5
    assert (found["temperature_c"][silent, 2] < 37.8).all()
    assert np.quantile(found["map_mmhg"][silent, 2] / found["map_mmhg"][silent, 0], 0.02) > 0.97
