"""The compiled solver against libRoadRunner on the exported model: twenty random virtual patients with boluses and infusions of every drug."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from tocsin.model.compile import compile_system
from tocsin.model.dosing import concept_of, doses, events, parse
from tocsin.model.load import load
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.sbml import Given, sbml

DAYS = 21
CASES = [(product, disease, age) for product in ("4-1bb", "cd28") for disease in ("all-high", "all-low", "lymphoma", "compartmental", "systemic-hidden")
         for age in (None, (1.0, 12.0))]
SCHEDULES = (
    "dexamethasone 10 mg q24h x 3 @ day 0; tocilizumab 8 mg/kg @ day 5, 6; acetaminophen 1000 mg q8h x 4 @ day 5; anakinra 100 mg q12h x 4 @ day 9",
    "tocilizumab 8 mg/kg over 1 h @ day 4; methylprednisolone 2 mg/kg over 3 h @ day 5, 6; ruxolitinib 10 mg q12h x 8 @ day 7; fluid_bolus 500 mL @ day 6",
    "siltuximab 11 mg/kg over 2 h @ day 6; dexamethasone 10 mg q6h x 12 @ day 7; msc 1e6 cells/kg @ day 8, 11; etoposide 150 mg over 6 h @ day 10",
    "anakinra 200 mg IV over 12 h @ day 5; intrathecal_dexamethasone 5 mg @ day 8; tocilizumab 8 mg/kg over 30 min @ day 9; siltuximab 11 mg/kg @ day 9.25; "
    "methylprednisolone 1 g over 6 h @ day 10; car_t_infusion 1e6 cells/kg @ day 12",
)


@contextmanager
def no_words_from_c() -> Iterator[None]:
    """CVODE writes its warnings past Python, through the buffers of C to the first two file descriptors."""
    kept, nowhere = [os.dup(1), os.dup(2)], os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    try:
        yield
    finally:
        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)
        for number, old in enumerate(kept, 1):
            os.dup2(old, number)
            os.close(old)
        os.close(nowhere)


def drawn(number: int) -> VirtualPatients:
    """Another random patient for each case."""
    product, disease, age = CASES[number]
    return draw(load(), number + 1, seed=100 + number, product=product, disease=disease, age_years=age).only([number])


def told(number: int, who: VirtualPatients, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What libRoadRunner says of these names, hourly, and the hours at which a dose begins or ends."""
    roadrunner = pytest.importorskip("roadrunner")
    system = load()
    given = doses(parse(SCHEDULES[number % 4], tuple(system.drugs)), who.weight_kg)
    # to the unit of the model's table, by the concept's own conversion
    factor = [concept_of(d).conversion(system.drugs[d].unit.replace("cell/", "cells/")).factor for d in given.drugs]
    orders = [Given(hour / 24, given.drugs[k], amount / factor[k], over / 24 if system.drugs[given.drugs[k]].rate_input else 0.0)
              for k, hour, amount, over in zip(given.drug, given.hour, given.amount, given.over_hours, strict=True)]
    with no_words_from_c():
        runner = roadrunner.RoadRunner(sbml(system, dict(zip(who.names, who.parameters[0].tolist(), strict=True)), orders))
        runner.setIntegrator("cvode")
        runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-9, 1e-13
        runner.integrator.maximum_num_steps = 100000
        values = np.asarray(runner.simulate(0, DAYS, DAYS * 24 + 1, names))
    return values, np.array([h for o in orders for h in (o.day * 24, (o.day + o.days) * 24)])


@pytest.mark.parametrize("number", range(len(CASES)), ids=["-".join(map(str, (*c[:2], "child" if c[2] else "adult"))) for c in CASES])
def test_libroadrunner_agrees_with_the_compiled_solver(number: int) -> None:
    """Each output every hour, and each state in the end, within 1e-4 of the value and a thousandth of its peak; both solved to a tenth of the usual error."""
    system, who = load(), drawn(number)
    model = compile_system(system)
    times = np.arange(0, DAYS * 24 + 1) / 24
    given = events(system, doses(parse(SCHEDULES[number % 4], tuple(system.drugs)), who.weight_kg), who.parameters)
    ours = model.solve(who.parameters, times=times, events=given, rtol=1e-7, atol=1e-9)
    assert not ours.failures
    names = [*system.outputs, *(n for n in system.state_names if n not in system.outputs)]
    theirs, at_dose = told(number, who, names)
    away = np.abs(times[:, None] * 24 - at_dose[None, :]).min(axis=1) > 1e-6   # at a dose one tells the value before it and one that after
    off = {}
    for i, name in enumerate(names):
        scale = 1e-3 * np.abs(theirs[:, i]).max() + 1e-12
        if name in system.outputs:
            off[name] = float((np.abs(theirs[:, i] - ours[name][0]) / (np.abs(theirs[:, i]) + scale))[away].max())
        else:
            last = ours.state.y[0, system.state_names.index(name)]
            off[name] = float(abs(theirs[-1, i] - last) / (abs(theirs[-1, i]) + scale))
    assert max(off.values()) < 1e-4, sorted(off.items(), key=lambda item: -item[1])[:5]


def test_the_schedules_give_every_drug_of_the_model_at_once_and_over_time() -> None:
    system = load()
    orders = [o for text in SCHEDULES for o in parse(text, tuple(system.drugs))]
    assert {o.drug for o in orders} == set(system.drugs)
    assert {o.drug for o in orders if o.over_hours > 0} >= {d for d, how in system.drugs.items() if how.rate_input}
