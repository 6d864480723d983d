"""Virtual patients from the first day to the last under a fixed schedule of doses, and what is kept of it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError
from tocsin.model.care import policy as default_policy
from tocsin.model.course import Course
from tocsin.model.dosing import HOURS_A_DAY, Doses, Order
from tocsin.model.load import load, products
from tocsin.model.numbers import Numbers
from tocsin.model.observe import Lab, labs, observing
from tocsin.model.patients import Range, VirtualPatients, draw
from tocsin.model.population import Population
from tocsin.model.population import population as default_population
from tocsin.model.system import Parameter, Quantity, System
from tocsin.model.trajectories import Failure
from tocsin.timeline import Timeline

F64 = npt.NDArray[np.float64]

NOTICE = "Virtual patients of a model that is fitted and not validated: not for clinical use."
"""Stands in every report of a simulation."""
HOUR_TOLERANCE = 1e-3
"""Days as people write them, such as 0.333333, are this many hours from a whole hour at most."""
PACKAGES = ("numpy", "numba", "polars")
FILES = ("timeline.parquet", "patients.parquet", "virtual-patients.csv", "trajectories.npz", "run.json")
"""What ``Simulation.write`` leaves in a folder."""


@dataclass(frozen=True)
class Simulation:
    """Virtual patients and what became of them.

    ``values`` (patients, hours, outputs) with the outputs ``names`` at ``hours`` after the infusion, missing (NaN) from where a patient failed.
    ``assumed``: every number behind it that no source gives; ``sets``: the medians that the caller set; ``policy``: the numbers of the supportive care.
    """

    system: System
    patients: VirtualPatients
    timeline: Timeline
    hours: F64
    names: tuple[str, ...]
    values: F64
    orders: tuple[Order, ...]
    given: Doses
    failures: tuple[Failure, ...]
    seed: int
    assumed: tuple[Quantity, ...]
    policy: Numbers
    sets: Mapping[str, float] = field(default_factory=dict)

    @property
    def after_the_end(self) -> int:
        """How many doses of the schedule come after the last hour, so that nobody gets them."""
        return int((self.given.hour > self.hours[-1]).sum())

    def output(self, name: str) -> F64:
        """One output (patients, hours)."""
        return np.asarray(self.values[:, :, self.names.index(name)])

    def write(self, folder: str | Path, **more: object) -> tuple[Path, ...]:
        """Write the timeline, the patients, the trajectories and the record of the run (FILES) into a folder; ``more`` goes into the record."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        paths = tuple(place / name for name in FILES)
        self.timeline.events.write_parquet(paths[0])
        self.timeline.patients.write_parquet(paths[1])
        self.patients.table().write_csv(paths[2])
        np.savez_compressed(paths[3], patients=np.array(self.patients.ids), hours=self.hours, outputs=np.array(self.names),
                            values=self.values.astype(np.float32))
        paths[4].write_text(json.dumps({**self.run(), **more}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return paths

    def run(self) -> dict[str, object]:
        """The record of the run: what makes it again, and every assumption that it rests on."""
        disease = self.patients.disease
        outputs = {*self.system.outputs, *self.names}
        units = {q.name: q.unit for q in (*self.system.states, *self.system.assigned) if q.name in outputs}
        return {
            "notice": NOTICE, "model": self.system.name, "patients": len(self.patients), "seed": self.seed, "product": self.patients.product or None,
            "disease": None if disease is None else {"name": disease.name, "title": disease.title}, "days": float(self.hours[-1] / HOURS_A_DAY),
            "medians_set": dict(self.sets), "first_day": float(self.hours[0] / HOURS_A_DAY), "doses": [o.words() for o in self.orders],
            "doses_cut_to_the_maximum": int(self.given.capped.sum()), "doses_after_the_end": self.after_the_end,
            "complete": sorted(self.timeline.complete.everywhere), "outputs": {n: units.get(n, "") for n in self.names},
            "failures": [{"patient": self.patients.ids[f.patient], "day": f.time, "cause": f.cause} for f in self.failures],
            "versions": _versions(), "assumed": [_told(q) for q in self.assumed],
        }


def _told(q: Quantity) -> dict[str, object]:
    value = {"value": q.value} if isinstance(q, Parameter) else {}
    return {"name": q.name, **value, "unit": q.unit, "meaning": q.meaning, "source": q.source}


def _versions() -> dict[str, str]:
    found = {"tocsin": version("tocsin"), "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def used(system: System, patients: VirtualPatients, sets: Mapping[str, float]) -> tuple[Parameter, ...]:
    """The parameters of the system with what product, disease and, last, the caller put in their place; a median that the caller set is the caller's own."""
    own = products() if patients.product and system.name == "crs" else {}
    put = {p.name: p for p in (*(own[patients.product].parameters if patients.product in own else ()), *(patients.disease.sets if patients.disease else ()))}
    found = (put.get(p.name, p) for p in system.parameters)
    return tuple(replace(p, value=float(sets[p.name]), source="user", status="chosen") if p.name in sets else p for p in found)


def unsourced(q: Quantity) -> bool:
    """Whether no source stands behind a number: it is assumed, or remembered without one."""
    return q.status == "assumed" or (q.status == "memory" and not q.source)


def assumptions(
    system: System, people: Population, policy: Numbers, how: Numbers, assays: Sequence[Lab], patients: VirtualPatients,
    sets: Mapping[str, float] | None = None,
) -> tuple[Quantity, ...]:
    """Everything that a simulation rests on and no source gives, be it assumed or from memory: the model as used, population, care and observation."""
    model = tuple(p for p in used(system, patients, sets or {}) if unsourced(p))
    others = (*people.body.entries, *(p for m in people.mixtures for p in (m.share, m.factor)), *policy.entries, *how.entries)
    tests = tuple(Quantity(f"assay_{lab.concept}", lab.unit, f"assay: error {lab.cv:g}, limits {lab.lloq:g} to {lab.ceiling:g}", lab.source, lab.status)
                  for lab in assays if lab.status == "assumed")
    pairs = tuple(Quantity(f"correlation_{c.first}_{c.second}", "1", f"correlation of {c.first} and {c.second}: {c.r:g}", c.source, c.status)
                  for c in people.correlations if c.status == "assumed")
    return (*model, *(q for q in others if unsourced(q)), *pairs, *tests)


def simulate(
    n: int, *, product: str | None = "4-1bb", disease: str | None = "all-high", doses: str | Sequence[Order] = "", days: float = 28.0, seed: int,
    weight_kg: Range | None = None, age_years: Range | None = None, sets: Mapping[str, float] | None = None, patients: VirtualPatients | None = None,
    system: System | None = None, population: Population | None = None, policy: Numbers | None = None, how: Numbers | None = None,
) -> Simulation:
    """``n`` virtual patients for ``days`` after the infusion.

    ``doses``: a schedule, "tocilizumab 8 mg/kg @ day 5; dexamethasone 10 mg q6h x 4 @ day 6"; days before 0 are prophylaxis.  ``sets``: medians of parameters.
    ``patients``: these, instead of ``n`` drawn ones.  ``population``, ``policy``, ``how``: who is drawn, how they are cared for, and what is measured.
    Raises ModelError or UnknownIdError for anything impossible; a patient whose equations cannot be followed stands in ``failures`` and the others finish.
    """
    if not (np.isfinite(days) and days > 0):
        raise ModelError(f"{days:g} days cannot be simulated; ask for more than 0.")
    if abs(days * HOURS_A_DAY - round(days * HOURS_A_DAY)) > HOUR_TOLERANCE:
        raise ModelError(f"{days:g} days are {days * HOURS_A_DAY:g} hours; a simulation ends at a whole hour.\n"
                         f"  Ask for {np.ceil(days * HOURS_A_DAY) / HOURS_A_DAY:.6g} days, which are {np.ceil(days * HOURS_A_DAY):g} hours.")
    days = round(days * HOURS_A_DAY) / HOURS_A_DAY
    if patients is not None and sets:
        raise ModelError(f"{next(iter(sets))} cannot be set as a median: these patients are drawn already.\n  Use patients.with_values.")
    model = system if system is not None else load()
    people = population if population is not None else default_population()
    who = patients if patients is not None else draw(
        model, n, seed=seed, product=product, disease=disease, weight_kg=weight_kg, age_years=age_years, sets=sets, population=people)
    care, observed = policy or default_policy(), how or observing()
    course = Course.start(model, who, seed=seed, schedule=doses, policy=care, how=observed)
    never = next((o for o in course.orders if min(o.hours) > days * HOURS_A_DAY), None)
    if never is not None:
        raise ModelError(f"nobody gets {never.words()}: the simulation ends at day {days:g}.\n  Ask for more days, or leave the dose out.")
    course.advance(days)
    timeline = course.observe()
    return Simulation(model, who, timeline, course.hours, course.names, course.values, course.orders, course.given, course.failures, seed,
                      assumptions(model, people, care, observed, labs(), who, sets), care, dict(sets or {}))
