"""Local CRS of virtual patients, recognised by the scales that tell its stages in any patient (lcrs2021:figure 3)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from tocsin.grading import grade
from tocsin.model.load import load, products
from tocsin.model.observe import observing
from tocsin.model.patients import draw
from tocsin.model.population import Population, population
from tocsin.model.simulate import Simulation, simulate
from tocsin.model.system import Parameter

CONFINED, SYSTEMIC = "lcrs-stage-compartmental-2021", "lcrs-stage-systemic-2021"
SCALES = {"compartmental": CONFINED, "systemic-hidden": SYSTEMIC}
DAYS = 42.0
BRIEF = 12.0
"""Hours: one temperature below 38 degC between two above is recovery to the scale until the next one."""
Stages = list[tuple[int, float, float]]


def same(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    return tuple(replace(p, cv=0.0) for p in parameters)


@cache
def typical(product: str, disease: str, leak: float = 1.0) -> Simulation:
    """The patient at every median, measured without error and without the swing of the day; ``leak``: endothelium so many times as easily activated."""
    medians = same(load().parameters)
    system = replace(load(), parameters=tuple(replace(p, value=p.value * leak) if p.name == "leak_onset" else p for p in medians))
    known = population()
    people = Population(known.body, diseases={n: replace(d, sets=same(d.sets)) for n, d in known.diseases.items()}, weight=known.weight)
    who = draw(system, 1, seed=1, product=product, disease=disease, population=people, age_years=40.0, weight_kg=70.0,
               products={product: same(products()[product].parameters)})
    exact = observing().changed(temperature_sd=0.0, pressure_cv=0.0, rate_cv=0.0, spo2_sd=0.0, circadian_amplitude=0.0)
    return simulate(1, patients=who, seed=1, days=DAYS, how=exact)


@cache
def drawn(product: str, disease: str) -> Simulation:
    return simulate(100, product=product, disease=disease, seed=11, days=DAYS)


def stages(of: Simulation, scale: str, brief: float = 0.0) -> dict[str, Stages]:
    """Of each patient the stages in time (stage, first hour, last hour), without those shorter than ``brief`` hours; a range counts as -1."""
    end = DAYS * 24.0
    found: dict[str, Stages] = {}
    steps = grade(of.timeline, scale, until=end).frame.filter(pl.col("start_hour") < end).sort("patient", "start_hour")
    for patient, begins, ends, low, high in steps.select("patient", "start_hour", "end_hour", "at_least", "at_most").rows():
        last = end if ends is None else min(ends, end)
        stage = low if low == high else -1
        mine = found.setdefault(str(patient), [])
        if mine and mine[-1][0] == stage:
            mine[-1] = (stage, mine[-1][1], last)
        else:
            mine.append((stage, begins, last))
    kept = {}
    for patient, mine in found.items():
        long = [s for s in mine if s[2] - s[1] >= brief]
        kept[patient] = [s for i, s in enumerate(long) if i == 0 or s[0] != long[i - 1][0]]
    return kept


def order(of: Stages) -> tuple[int, ...]:
    return tuple(stage for stage, _, _ in of)


@pytest.mark.parametrize("product", ["4-1bb", "cd28"])
def test_confined_disease_goes_through_the_four_stages_in_order(product: str) -> None:
    """Local CRS before fever, then systemic CRS, organ failure in whoever leaks more than most, and recovery; every stage is settled."""
    leak_cv = next(p.cv for p in load().parameters if p.name == "leak_onset")
    most = float(np.exp(2 * np.sqrt(np.log1p(leak_cv**2))))
    for leak in (1.0, most):
        mine = order(stages(typical(product, "compartmental", leak), CONFINED)["virtual-000001"])
        assert tuple(s for s in mine if s != 3) == (0, 1, 2, 4)
        assert mine == tuple(sorted(mine))
    assert 3 in mine, "organ failure comes where vessels leak"


@pytest.mark.parametrize("product", ["4-1bb", "cd28"])
def test_systemic_disease_with_a_hidden_reservoir_goes_through_the_three_stages_in_order(product: str) -> None:
    mine = stages(typical(product, "systemic-hidden"), SYSTEMIC)["virtual-000001"]
    assert order(mine) == (0, 1, 2, 3)


@pytest.mark.parametrize("product", ["4-1bb", "cd28"])
def test_the_first_sign_is_local_in_confined_disease_and_systemic_where_a_reservoir_is_hidden(product: str) -> None:
    for disease, local_first in (("compartmental", True), ("systemic-hidden", False)):
        swelling, fever = first_signs(typical(product, disease))
        assert (swelling < fever).all() == local_first
        swelling, fever = first_signs(drawn(product, disease))
        both = np.isfinite(swelling) & np.isfinite(fever)
        assert both.mean() > 0.5
        assert (swelling < fever)[both].mean() > 0.5 if local_first else (swelling < fever)[both].mean() < 0.1


def first_signs(of: Simulation) -> tuple[np.ndarray, np.ndarray]:
    """The first hour of a swelling and of 38.0 degC in the record of each patient; infinite where there is none."""
    rows = of.timeline.events.with_columns(pl.col("patient", "concept").cast(pl.String))
    swelling = rows.filter((pl.col("concept") == "lesion_swelling") & (pl.col("text") == "present"))
    fever = rows.filter((pl.col("concept") == "temperature") & (pl.col("value") >= 38.0))
    firsts = [dict(one.group_by("patient").agg(pl.col("hour").min()).iter_rows()) for one in (swelling, fever)]
    return np.array([firsts[0].get(p, np.inf) for p in of.patients.ids]), np.array([firsts[1].get(p, np.inf) for p in of.patients.ids])


@pytest.mark.parametrize("product", ["4-1bb", "cd28"])
@pytest.mark.parametrize("disease", list(SCALES))
def test_the_stages_come_in_order_in_most_patients_and_most_recover(product: str, disease: str) -> None:
    """Organ failure and, in systemic disease, a local sign need not come: the scales let recovery follow without them."""
    found = [order(s) for s in stages(drawn(product, disease), SCALES[disease], BRIEF).values()]
    assert np.mean([list(s) == sorted(s) for s in found]) > 0.5
    last = 4 if disease == "compartmental" else 3
    assert np.mean([s[-1] == last for s in found]) > 0.5
    assert not any(-1 in s for s in found)


@pytest.mark.parametrize("disease", list(SCALES))
def test_each_scale_flags_the_disease_that_the_other_one_is_meant_for(disease: str) -> None:
    other = CONFINED if disease == "systemic-hidden" else SYSTEMIC
    for scale, wrong in ((SCALES[disease], False), (other, True)):
        flags = grade(typical("4-1bb", disease).timeline, scale, until=DAYS * 24.0).frame["flags"].explode()
        assert any("other_model" in str(f) for f in flags) is wrong
