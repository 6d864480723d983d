"""What is measured, charted and given of virtual patients: from trajectories to the timeline that Tocsin reads of any patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError
from tocsin.model.care import DEVICES, Care, CareState, pressure_scale, support
from tocsin.model.care import policy as default_policy
from tocsin.model.dosing import NO_DOSES, Doses
from tocsin.model.numbers import Numbers, numbers, text
from tocsin.model.patients import VirtualPatients
from tocsin.model.rows import HOUR_STEP, Rows, runs
from tocsin.timeline import Completeness, Timeline

F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEEDED = ("temperature_c", "map_mmhg", "pf_ratio", "ice_drive", "local_oedema")
"""Outputs of the model that every observation reads, beside those that laboratory values measure."""
CHILD_ICE_YEARS = 12.0
"""From this age the ICE score is used, below it CAPD (icans_child:table)."""
GROWN_YEARS = 16.0
DAY = 24
"""Hours."""
TUMOUR_AT_SITE = "tumour_local_start"
"""The parameter of a model that is the tumour at the local site at infusion, in 1e9 cells at the reference weight."""
WEIGHT_REFERENCE = "weight_reference"
"""The parameter of a model that is that weight."""
COMPLETE = Completeness.of(
    ("drugs", "devices", "neurology", "findings"),
    "virtual patients: whatever was given, charted or found is in the record")
"""What the record of a virtual patient has completely: everything in which absence can be inferred."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory value and its assay.

    ``output`` is what it measures, in ``unit`` in the model; times ``factor`` it is in the concept's unit, in which the limits are.
    ``cv``: the error of the assay.  ``specimen``: blood, drawn every ``every_days``, or csf, from a lumbar puncture (see ``punctured``).
    """

    concept: str
    output: str
    unit: str
    cv: float
    lloq: float
    ceiling: float
    every_days: int
    source: str
    status: str
    factor: float = 1.0
    specimen: str = "blood"

    def __post_init__(self) -> None:
        if self.specimen not in ("blood", "csf"):
            raise ModelError(f"the assay of {self.concept} is of {self.specimen!r}; a specimen is blood or csf.")
        if not (0 <= self.lloq < self.ceiling and self.cv >= 0 and self.every_days >= 1 and self.factor > 0):
            raise ModelError(f"the assay of {self.concept} is impossible: its limits are {self.lloq:g} and {self.ceiling:g}, its error {self.cv:g}.")


def observing() -> Numbers:
    """The default numbers of observation."""
    return numbers("observation", "observation")


@cache
def labs() -> tuple[Lab, ...]:
    """The default laboratory values."""
    return tuple(Lab(concept=name, **table) for name, table in text("observation")["lab"].items())


def outputs_needed(chosen: Sequence[Lab] | None = None) -> tuple[str, ...]:
    """The outputs of the model that an observation reads."""
    return tuple(dict.fromkeys((*NEEDED, *(lab.output for lab in (labs() if chosen is None else chosen)))))


@dataclass(frozen=True)
class Observation:
    """A timeline with the care behind it; ``state`` is where the policy stands, to go on from."""

    timeline: Timeline
    care: Care
    state: CareState


def observe(
    values: F64, names: Sequence[str], hours: F64, patients: VirtualPatients, given: Doses = NO_DOSES, *, seed: int,
    policy: Numbers | None = None, how: Numbers | None = None, assays: Sequence[Lab] | None = None, car_dose: F64 | None = None,
    care: Care | None = None, state: CareState | None = None, rows_from: float = -np.inf,
) -> Observation:
    """The timeline of ``patients`` from hourly ``values`` (patients, hours, outputs), with the outputs ``names`` at ``hours`` after the infusion.

    ``given``: the doses.  ``policy``: the supportive care; ``care`` and ``state``: what it has done so far, in the first of these hours.
    ``car_dose``: cells/kg (patients,).  ``rows_from``: only what is new from this hour on is in the timeline.  The measurement of a patient at an hour is the
    same in whatever pieces it is asked for.  The record of a patient whose values are missing (NaN) ends before the first missing one.
    Raises ModelError when an output or an hour is missing.
    """
    policy = default_policy() if policy is None else policy
    how = observing() if how is None else how
    assays = labs() if assays is None else assays
    at = _places(names, assays)
    n = len(patients)
    if values.shape != (n, len(hours), len(names)):
        raise ModelError(f"the outputs have the shape {values.shape}; {n} patients, {len(hours)} hours and {len(names)} outputs need "
                         f"({n}, {len(hours)}, {len(names)}).")
    if len(hours) > 1 and not np.allclose(np.diff(hours), HOUR_STEP):
        raise ModelError("the outputs must be one hour apart: supportive care looks once an hour.")
    lost = np.asarray((~np.isfinite(values)).any(axis=2), np.bool_)
    stop = np.where(lost.any(axis=1), hours[lost.argmax(axis=1)] if len(hours) else np.inf, np.inf)
    values = np.nan_to_num(values) if lost.any() else values
    state = CareState.fresh(n, policy) if state is None else state
    done = 0 if care is None else len(care.hours)
    more = support(values[:, done:, at["map_mmhg"]], values[:, done:, at["pf_ratio"]], hours[done:], patients.weight_kg, patients.age_years, policy, state)
    care = more if care is None else care.then(more)
    rows = Rows(hours, patients.numbers, seed, rows_from, stop)
    _vitals(rows, values, at, care, pressure_scale(policy, patients.age_years), patients, how)
    _devices(rows, care, how)
    _drugs(rows, care, patients.weight_kg, given, car_dose)
    _labs(rows, values, at, assays, how)
    _neurology(rows, values[:, :, at["ice_drive"]], patients, how)
    _local(rows, values[:, :, at["local_oedema"]], site_volume(patients, how), how)
    _said(rows, "organ_failure", failing(care, values[:, :, at["pf_ratio"]], how))
    timeline = Timeline(rows.frame(patients.ids), patients.facts(), COMPLETE)
    return Observation(timeline, care, state)


def _places(names: Sequence[str], assays: Sequence[Lab]) -> dict[str, int]:
    missing = [name for name in outputs_needed(assays) if name not in names]
    if missing:
        raise ModelError(f"the observation reads {', '.join(missing)}, which the model does not put out.\n  Its outputs: {', '.join(names)}.")
    return {name: i for i, name in enumerate(names)}


def clock(hours: F64, how: Numbers) -> F64:
    """The hour of the day, 0 to 24."""
    return np.asarray((hours + how["clock_at_infusion"]) % 24.0)


def _vitals(rows: Rows, values: F64, at: dict[str, int], care: Care, scale: F64, patients: VirtualPatients, how: Numbers) -> None:
    when = rows.every(how["vitals_every"])
    hours = rows.hours[when]
    swing = how["circadian_amplitude"] * np.cos(2 * np.pi * (clock(hours, how) - how["circadian_peak"]) / 24.0)
    body = values[:, when, at["temperature_c"]]
    temperature = body + swing + how["temperature_sd"] * rows.normal("temperature", when)
    rows.measured("temperature", when, np.clip(temperature, 30.0, 44.5), 1)
    arterial = np.maximum(care.map[:, when], 20.0)
    error = 1.0 + how["pressure_cv"] * rows.normal("pressure", when)
    systolic = np.round(how["systolic_over_mean"] * arterial * error)
    diastolic = np.round((3.0 - how["systolic_over_mean"]) / 2.0 * arterial * error)
    rows.measured("systolic_bp", when, systolic, 0)
    rows.measured("diastolic_bp", when, diastolic, 0)
    rows.measured("mean_arterial_pressure", when, (systolic + 2.0 * diastolic) / 3.0, 0)
    fever = np.maximum(body - how["temperature_normal"], 0.0)
    young = np.clip(1.0 - patients.age_years / GROWN_YEARS, 0.0, 1.0)[:, None]
    rest = how["heart_rate_adult"] + (how["heart_rate_child"] - how["heart_rate_adult"]) * young
    heart = rest + how["heart_rate_per_degree"] * fever + how["heart_rate_per_mmhg"] * np.maximum(how["map_normal"] - arterial / scale[:, None], 0.0)
    rows.measured("heart_rate", when, np.minimum(heart * (1.0 + how["rate_cv"] * rows.normal("heart rate", when)), how["pulse_most"]), 0)
    pf = values[:, when, at["pf_ratio"]]
    breathing = (how["breathing_adult"] + (how["breathing_child"] - how["breathing_adult"]) * young + how["breathing_per_degree"] * fever
                 + how["breathing_per_pf"] * np.maximum(how["pf_normal"] - pf, 0.0))
    rows.measured("respiratory_rate", when, np.minimum(breathing * (1.0 + how["rate_cv"] * rows.normal("breathing", when)), how["breathing_most"]), 0)
    saturation = saturated(pf * care.fio2[:, when]) + how["spo2_sd"] * rows.normal("saturation", when)
    rows.measured("spo2", when, np.clip(saturation, 40.0, 100.0), 0)


def saturated(pao2: F64) -> F64:
    """Oxygen saturation (%) at an arterial oxygen pressure (mmHg), by Severinghaus (J Appl Physiol 1979;46:599-602; severinghaus1979:equation 1)."""
    p = np.maximum(pao2, 1.0)
    return np.asarray(100.0 / (23400.0 / (p**3 + 150.0 * p) + 1.0))


def _devices(rows: Rows, care: Care, how: Numbers) -> None:
    kind = np.array(DEVICES, dtype=object)
    changed = np.ones(care.device.shape, np.bool_)
    changed[:, 1:] = (np.diff(care.device, axis=1) != 0) | (np.diff(care.flow, axis=1) != 0) | (np.diff(care.fio2, axis=1) != 0)
    changed[:, rows.every(how["device_every"])] = True
    who, when = np.nonzero(changed & rows.new[None, :])
    device = care.device[who, when]
    rows.add("oxygen_device", who, rows.hours[when], text=kind[device])
    flowing = np.flatnonzero(care.flow[who, when] > 0)
    rows.add("oxygen_flow", who[flowing], rows.hours[when[flowing]], value=care.flow[who, when][flowing])
    set_by_us = np.flatnonzero(device >= DEVICES.index("high_flow_nasal_cannula"))
    rows.add("fio2", who[set_by_us], rows.hours[when[set_by_us]], value=np.round(care.fio2[who, when][set_by_us], 2))


def _drugs(rows: Rows, care: Care, weight: F64, given: Doses, car_dose: F64 | None) -> None:
    who, when = np.nonzero((care.bolus > 0) & rows.new[None, :])
    rows.add("fluid_bolus", who, rows.hours[when], value=np.round(care.bolus[who, when]))
    hours = rows.hours[rows.new]
    for drug, rate, per_kg in (("norepinephrine", care.norepinephrine, True), ("epinephrine", care.epinephrine, True),
                               ("vasopressin", care.vasopressin, False)):
        who, first, last = runs(np.round(rate[:, rows.new], 6))
        rows.add(drug, who, hours[first], end=hours[last - 1] + HOUR_STEP, value=rate[:, rows.new][who, first] * (weight[who] if per_kg else 1.0))
    if car_dose is not None and len(rows.hours) and rows.hours[0] <= 0.0 <= rows.hours[-1] and rows.start <= 0.0:
        rows.add("car_t_infusion", np.arange(len(weight)), np.zeros(len(weight)), value=car_dose)
    seen = given.within(rows.start, rows.hours[-1] + HOUR_STEP if len(rows.hours) else -np.inf)
    for number, drug in enumerate(seen.drugs):
        mine = seen.rows(np.flatnonzero(seen.drug == number))
        rows.add(drug, mine.patient, mine.hour, end=np.where(mine.over_hours > 0, mine.hour + mine.over_hours, np.nan), value=mine.amount)


def _labs(rows: Rows, values: F64, at: dict[str, int], assays: Sequence[Lab], how: Numbers) -> None:
    drawn = np.flatnonzero(np.isclose(clock(rows.hours, how), how["labs_at"] % 24.0) & rows.new)
    for lab in assays:
        when = drawn[np.floor(rows.hours[drawn] / 24.0).astype(np.int64) % lab.every_days == 0]
        spread = np.sqrt(np.log1p(lab.cv**2))
        true = np.maximum(values[:, when, at[lab.output]], 0.0) * lab.factor
        value = true * np.exp(spread * rows.normal(lab.concept, when) - spread**2 / 2.0)
        censored = np.where(value < lab.lloq, -1, np.where(value > lab.ceiling, 1, 0))
        value = np.clip(value, lab.lloq, lab.ceiling)
        exact = 10.0 ** (np.floor(np.log10(np.maximum(value, 1e-12))) - 2.0)  # three significant digits, as laboratories report
        value = np.where(censored == 0, np.clip(np.round(value / exact) * exact, lab.lloq, lab.ceiling), value)
        if lab.specimen == "blood":
            rows.measured(lab.concept, when, value, None, censored)
            continue
        who, moment = np.nonzero(punctured(values[:, :, at["ice_drive"]], when, how))
        rows.add(lab.concept, who, rows.hours[when[moment]], value=value[who, moment], censored=censored[who, moment].astype(np.int8))


def punctured(drive: F64, when: npt.NDArray[np.int64], how: Numbers) -> Bools:
    """Who has a lumbar puncture (patients, len(when)) at the hours numbered ``when``: whoever has lost enough of the ICE score and had not a day before.

    ``drive`` (patients, hours) is hourly.  Nobody is punctured for its own sake: without neurotoxicity there is no value in cerebrospinal fluid.
    """
    lost = lost_of_ice(drive, how) >= how["puncture_from"]
    before = np.where(when >= DAY, lost[:, np.maximum(when - DAY, 0)], False)
    return np.asarray(lost[:, when] & ~before)


def lost_of_ice(drive: F64, how: Numbers) -> F64:
    """The share of the ICE score that is lost (0 to 1) at a neurotoxic drive."""
    x = (np.maximum(drive, 0.0) / how["ice_half"]) ** how["ice_hill"]
    return np.asarray(x / (1.0 + x))


def _neurology(rows: Rows, drive: F64, patients: VirtualPatients, how: Numbers) -> None:
    when = rows.every(how["neurology_every"])
    lost = lost_of_ice(drive, how)
    ice = patients.age_years >= CHILD_ICE_YEARS
    for concept, group, score in (("ice_score", np.flatnonzero(ice), np.round(10.0 - 10.0 * lost[:, when])),
                                  ("capd_score", np.flatnonzero(~ice), np.round(how["capd_most"] * lost[:, when]))):
        if len(group):
            rows.measured(concept, when, score[group], 0, patients=group)
    levels = np.array([how["voice_from"], how["tactile_from"], how["unarousable_from"]])
    words = np.array(["awake", "voice", "tactile", "unarousable"], dtype=object)
    seen = words[(lost[:, when, None] >= levels).sum(axis=2)]
    who, moment = np.nonzero(np.ones(seen.shape, np.bool_))
    rows.add("consciousness", who, rows.hours[when[moment]], text=seen[who, moment])
    _seizures(rows, lost, how)


def _seizures(rows: Rows, lost: F64, how: Numbers) -> None:
    """Brief seizures by their hazard, and that there is none at the examination after one."""
    happens = rows.uniform("seizure", np.arange(len(rows.hours))) < -np.expm1(-how["seizure_a_day"] * lost**2 / 24.0)
    step = int(how["neurology_every"])
    after = np.zeros_like(happens)
    who, when = np.nonzero(happens)
    following = when + (step - np.mod(rows.hours[when], step)).astype(np.int64)
    inside = following < len(rows.hours)
    after[who[inside], following[inside]] = True
    for said, there in (("brief", happens), ("none", after & ~happens)):
        who, when = np.nonzero(there & rows.new[None, :])
        rows.add("seizure", who, rows.hours[when], text=np.full(len(who), said, dtype=object))


def site_volume(patients: VirtualPatients, how: Numbers) -> F64:
    """The volume in mL (patients,) of the local site: its own tissue and the tumour that is there at infusion, where the model tells of one."""
    tumour = patients.values(TUMOUR_AT_SITE) if TUMOUR_AT_SITE in patients.names else np.zeros(len(patients))
    size = patients.weight_kg / patients.values(WEIGHT_REFERENCE) if WEIGHT_REFERENCE in patients.names else 1.0
    return np.asarray(how["site_tissue"] + how["ml_per_gcell"] * tumour * size)


def _local(rows: Rows, oedema: F64, volume: F64, how: Numbers) -> None:
    """Swelling by the volume of its fluid, so that a large mass is seen to swell early and a small one late; compression by the share, as by its tension."""
    _said(rows, "lesion_swelling", oedema * volume[:, None] >= how["swelling_from"] * how["site_reference"], "local site")
    _said(rows, "compression_symptoms", oedema >= how["compression_from"], "local site")


def failing(care: Care, pf: F64, how: Numbers) -> Bools:
    """Whose circulation or lung fails (patients, hours): a vasopressor runs, or P/F is below the limit under high-flow oxygen or ventilation.

    These are 3 points and more of the SOFA score, which is what it calls failure of an organ (vincent1996:table 3).
    """
    pressor = (care.norepinephrine > 0) | (care.epinephrine > 0) | (care.vasopressin > 0)
    return np.asarray(pressor | ((pf < how["failing_pf"]) & (care.device >= DEVICES.index("high_flow_nasal_cannula"))))


def _said(rows: Rows, concept: str, there: Bools, site: str | None = None) -> None:
    """A finding (patients, hours): said when it comes and when it is gone, and once a day while it lasts."""
    before = np.zeros_like(there)
    before[:, 1:] = there[:, :-1]
    told = (there != before) | (there & np.isin(np.arange(there.shape[1]), rows.daily()))
    who, when = np.nonzero(told & rows.new[None, :])
    rows.add(concept, who, rows.hours[when], text=np.where(there[who, when], "present", "absent").astype(object), site=site)
