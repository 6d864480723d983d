"""Supportive care by a policy: fluid boluses, vasopressors and oxygen from the pressure and oxygenation that the model gives without support.

The policy is data (``text/care.toml``).  It looks once an hour, and its only memory is its own escalation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tocsin.model.numbers import Numbers, numbers

F64 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

DEVICES = ("room_air", "nasal_cannula", "high_flow_nasal_cannula", "noninvasive_ventilation", "invasive_ventilation")
"""The steps of oxygen support, in order; values of the concept oxygen_device."""
AIR = 0.21
NEVER = -1e9


def policy() -> Numbers:
    """The default policy of supportive care."""
    return numbers("care", "care")


@dataclass
class CareState:
    """What the policy remembers of each patient (arrays (patients,)), so that it can go on where it stopped."""

    rise: F64                 # mmHg left of earlier boluses
    boluses: F64              # (patients, most boluses a day): hours of the latest ones
    pressor: Bools
    calm: F64                 # hours that the pressure has been high enough to stop vasopressors
    device: I8
    better: F64               # hours that the oxygenation has been good enough to step down

    @classmethod
    def fresh(cls, n: int, care: Numbers) -> CareState:
        """Of patients who have had nothing yet."""
        boluses = np.full((n, max(int(care["bolus_most_a_day"]), 1)), NEVER)
        return cls(np.zeros(n), boluses, np.zeros(n, np.bool_), np.zeros(n), np.zeros(n, np.int8), np.zeros(n))


@dataclass(frozen=True)
class Care:
    """What was done, hour by hour: arrays (patients, hours).

    Rates of norepinephrine and epinephrine in ug/kg/min, vasopressin in U/min; ``bolus`` mL; ``device`` a number in DEVICES, ``flow`` L/min (0 where none is
    set), ``fio2`` a fraction; ``map`` the supported mean arterial pressure, mmHg.
    """

    hours: F64
    bolus: F64
    norepinephrine: F64
    vasopressin: F64
    epinephrine: F64
    device: I8
    flow: F64
    fio2: F64
    map: F64

    ROWS: ClassVar[tuple[str, ...]] = ("bolus", "norepinephrine", "vasopressin", "epinephrine", "device", "flow", "fio2", "map")

    def then(self, *more: Care) -> Care:
        """This and what was done in the hours after it."""
        parts = (self, *more)
        return Care(np.concatenate([p.hours for p in parts]), *(np.concatenate([getattr(p, n) for p in parts], axis=1) for n in self.ROWS))

    def since(self, first: int) -> Care:
        """From the hour of this place on; counted from the end where it is below 0."""
        return Care(self.hours[first:], *(getattr(self, n)[:, first:] for n in self.ROWS))


@dataclass
class _Kept:
    rows: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)

    def add(self, **values: npt.NDArray[Any]) -> None:
        for name, value in values.items():
            self.rows.setdefault(name, []).append(value)


def pressure_scale(care: Numbers, age_years: F64) -> F64:
    """How much lower the pressures of a child are than an adult's (1 from adulthood on)."""
    adult = care["map_child_base"] + care["map_child_per_year"] * care["map_adult_age"]
    return np.minimum((care["map_child_base"] + care["map_child_per_year"] * np.maximum(age_years, 0.0)) / adult, 1.0)


def support(map_mmhg: F64, pf: F64, hours: F64, weight_kg: F64, age_years: F64, care: Numbers, state: CareState) -> Care:
    """The care of these hours, going on from ``state``, which it changes.

    ``map_mmhg`` and ``pf`` (patients, hours): as the model gives them for an adult, without support; ``hours`` (hours,), one hour apart.
    """
    kept = _Kept()
    scale = pressure_scale(care, age_years)
    for t, hour in enumerate(hours):
        _pressure(map_mmhg[:, t] * scale, scale * care["map_limit"], scale, float(hour), weight_kg, care, state, kept)
        _oxygen(pf[:, t], weight_kg, care, state, kept)
    if not len(hours):
        nothing = np.zeros((len(weight_kg), 0))
        return Care(np.zeros(0), nothing, nothing, nothing, nothing, nothing.astype(np.int8), nothing, nothing, nothing)
    columns: dict[str, npt.NDArray[Any]] = {name: np.stack(kept.rows[name], axis=1) for name in Care.ROWS}
    return Care(np.asarray(hours, np.float64), **columns)


def _pressure(raw: F64, limit: F64, scale: F64, hour: float, weight: F64, care: Numbers, state: CareState, kept: _Kept) -> None:
    """One hour of fluids and vasopressors; ``raw`` (patients,): the pressure without any support."""
    state.rise = state.rise * 0.5 ** (1.0 / care["bolus_half_life"])
    low = (raw + state.rise < limit) & ~state.pressor
    settled = hour - state.boluses.max(axis=1) >= care["bolus_interval_hours"]
    today = (hour - state.boluses < 24.0).sum(axis=1)
    bolus = low & settled & (today < int(care["bolus_most_a_day"]))
    oldest = state.boluses.argmin(axis=1)
    state.boluses[bolus, oldest[bolus]] = hour
    state.rise = state.rise + np.where(bolus, care["bolus_gain"] * scale, 0.0)
    state.pressor |= low & settled & ~bolus
    state.calm = np.where(raw >= limit + care["map_wean_margin"] * scale, state.calm + 1.0, 0.0)
    state.pressor &= state.calm <= care["map_wean_hours"]
    step, gain = care["norepinephrine_step"], care["norepinephrine_gain"]
    need = np.maximum((limit - raw - state.rise) / (gain * scale), care["norepinephrine_least"])
    total = np.where(state.pressor, np.ceil(need / step - 1e-9) * step, 0.0)
    norepinephrine = np.minimum(total, care["epinephrine_at"])
    kept.add(bolus=np.where(bolus, np.minimum(care["bolus_ml_per_kg"] * weight, care["bolus_most_ml"]), 0.0), norepinephrine=norepinephrine,
             vasopressin=np.where(state.pressor & (total >= care["vasopressin_at"]), care["vasopressin_rate"], 0.0),
             epinephrine=total - norepinephrine, map=raw + state.rise + gain * scale * total)


def _oxygen(pf: F64, weight: F64, care: Numbers, state: CareState, kept: _Kept) -> None:
    """One hour of oxygen: up at once, down one or more steps when the better oxygenation has lasted."""
    limits = np.array([care["pf_low_flow"], care["pf_high_flow"], care["pf_positive_pressure"], care["pf_ventilator"]])
    wanted = (pf[:, None] < limits).sum(axis=1).astype(np.int8)
    sure = (pf[:, None] < limits + care["pf_wean_margin"]).sum(axis=1).astype(np.int8)
    state.better = np.where(sure < state.device, state.better + 1.0, 0.0)
    down = state.better > care["pf_wean_hours"]
    state.device = np.where(wanted > state.device, wanted, np.where(down, np.minimum(sure, state.device), state.device)).astype(np.int8)
    state.better = np.where(down, 0.0, state.better)
    fio2 = np.clip(care["pao2_aim"] / np.maximum(pf, 1.0), AIR, 1.0)
    litres = np.clip(np.ceil(2.0 * (fio2 - care["cannula_base"]) / care["cannula_per_litre"]) / 2.0, 1.0, 6.0)
    high = np.minimum(care["high_flow_l_per_min"], np.maximum(care["high_flow_l_per_kg"] * weight, 7.0))
    cannula = state.device == 1
    fio2 = np.where(state.device == 0, AIR, np.where(cannula, care["cannula_base"] + care["cannula_per_litre"] * litres, np.ceil(fio2 * 20.0) / 20.0))
    kept.add(device=state.device.copy(), flow=np.where(cannula, litres, np.where(state.device == 2, high, 0.0)), fio2=fio2)
