"""A small system and made trajectories: what virtual patients are tested on without the disease model."""

from __future__ import annotations

import numpy as np

from tocsin.model.numbers import numbers
from tocsin.model.observe import outputs_needed
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.population import Correlation, Disease, Mixture, Population
from tocsin.model.system import Assigned, Dosing, Input, Parameter, State, System

HEALTHY = {"temperature_c": 36.8, "map_mmhg": 88.0, "pf_ratio": 450.0, "ice_drive": 0.0, "local_oedema": 0.0, "crp": 3.0, "ferritin": 300.0,
           "ldh": 180.0, "il6_blood": 3.0, "il10": 3.0, "ifn_gamma": 6.0, "sil6r": 1.0, "car_blood_per_ul": 5.0, "il6_csf": 1.0}


def known(name: str, value: float, cv: float = 0.0, low: float | None = None, high: float | None = None, unit: str = "1") -> Parameter:
    return Parameter(name, unit, name, "made", "assumed", value, cv, low, high)


SYSTEM = System(
    "made",
    states=(State("drug", "mg", "drug", rate="drug_rate - loss * drug"), State("steroid", "mg", "steroid", rate="-loss * steroid")),
    parameters=(known("weight", 70.0, low=1.0, high=300.0, unit="kg"), known("loss", 1.0, 0.5, 0.0), known("volume", 4.0, 0.3, 0.0),
                known("share", 0.5, 0.2, 0.0, 1.0), known("growth", 2.0, 0.0)),
    inputs=(Input("drug_rate", "mg/day", "infusion"),),
    drugs={"tocilizumab": Dosing("drug", "mg", "1", "drug_rate"), "dexamethasone": Dosing("steroid", "mg", "2 * volume / 4"),
           "msc": Dosing("drug", "cells/kg")},
)
PEOPLE = Population(
    numbers("population", "body"), (Correlation("loss", "volume", 0.8, "made", "assumed"),),
    (Mixture("low_expander", "growth", known("share", 0.2), known("factor", 0.1)),),
    {"sick": Disease("sick", "Sick", "systemic", "B-ALL", (known("growth", 5.0, 0.4),))}, "weight",
)


def people(n: int, seed: int = 1, **more: object) -> VirtualPatients:
    return draw(SYSTEM, n, seed=seed, population=PEOPLE, **more)  # type: ignore[arg-type]


def trajectory(n: int, days: float = 3.0, **outputs: object) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Healthy hourly outputs (patients, hours, outputs) with some of them as given: a number, or an array over the hours."""
    hours = np.arange(int(days * 24) + 1.0)
    names = outputs_needed()
    values = np.empty((n, len(hours), len(names)))
    for i, name in enumerate(names):
        values[:, :, i] = outputs.get(name, HEALTHY[name])
    return values, names, hours

WARD = System(
    "ward",
    states=(State("cells", "Gcell", "CAR-T cells", initial="car_at_start * car_dose", rate="-0.1 * cells"),
            State("il6_blood", "pg/mL", "IL-6", initial="3", rate="making * cells - 2 * il6_blood"),
            State("tocilizumab", "mg", "tocilizumab", rate="tocilizumab_rate - 0.2 * tocilizumab"),
            State("blow_up", "1", "what diverges when it is fed", initial="fed", rate="blow_up * blow_up")),
    parameters=(known("weight", 70.0, low=1.0, high=300.0, unit="kg"), known("car_at_start", 1.0), known("car_dose", 2.0, low=0.0),
                known("making", 400.0, 0.3, 0.0), known("fed", 0.0)),
    inputs=(Input("tocilizumab_rate", "mg/day", "infusion"),),
    assigned=tuple(Assigned(name, "1", name, expression=text, output=True) for name, text in {
        **{name: str(value) for name, value in HEALTHY.items() if name != "il6_blood"},
        "temperature_c": "36.8 + 3 * il6_blood / (200 + il6_blood) / (1 + tocilizumab / 100)", "map_mmhg": "88 - 40 * il6_blood / (400 + il6_blood)",
        "crp": "3 + 100 * il6_blood / (200 + il6_blood)", "car_blood_per_ul": "100 * cells"}.items()),
    outputs=tuple(HEALTHY),
    drugs={"tocilizumab": Dosing("tocilizumab", "mg", "1", "tocilizumab_rate"), "car_t_infusion": Dosing("cells", "cell/kg")},
)
"""A patient with a fever that tocilizumab lowers: quickly compiled."""
VISITORS = Population(numbers("population", "body"), weight="weight")
