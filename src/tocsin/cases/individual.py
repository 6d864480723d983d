"""The virtual patient of a recipe: its parameters, its course, how far the course is from what the paper states, and what is improbable in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tocsin.cases.recipe import Recipe
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.compile import compile_system
from tocsin.model.course import CAR_DOSE
from tocsin.model.dosing import HOURS_A_DAY, Order, doses, events, parse
from tocsin.model.load import load, products
from tocsin.model.numbers import Numbers
from tocsin.model.observe import clock, lost_of_ice, observing, saturated
from tocsin.model.patients import VirtualPatients
from tocsin.model.population import population
from tocsin.model.solver import Compiled
from tocsin.model.system import Parameter, System

F64 = npt.NDArray[np.float64]

FARTHEST = 3.5
"""No parameter may lie farther from the median of its population than this many standard deviations of its logarithm."""
MARROW_GCELL = 1000.0
"""Nucleated cells of the marrow at 70 kg, 1e9 (from memory): what a share of blasts is of."""
ROOM_AIR = 0.21
FAILED = 1e6
"""The objective of a candidate whose equations cannot be followed."""
DERIVED: Mapping[str, tuple[str, str]] = {
    "temperature": ("degC", "body temperature as charted: with its daily rhythm, without the error of measurement"),
    "systolic": ("mmHg", "systolic pressure without vasopressors"),
    "systolic_fall": ("mmHg", "fall of the systolic pressure below its value in health"),
    "spo2_air": ("%", "oxygen saturation on room air"),
    "ice_lost": ("1", "share of the ICE score that is lost"),
    "blast_share": ("1", "malignant cells in the marrow against all of its cells"),
}
"""What statements are about beside the outputs of the model: unit and meaning."""


@dataclass(frozen=True)
class Individual:
    """A recipe on a model.  ``entries``: every parameter with the value of the product and disease, as its median, and its variability."""

    recipe: Recipe
    system: System
    entries: Mapping[str, Parameter]

    @classmethod
    def of(cls, recipe: Recipe, system: System | None = None) -> Individual:
        """On the model that comes with Tocsin, or another; ModelError or UnknownIdError where the recipe does not fit it."""
        model = load() if system is None else system
        told = recipe.told
        product, people = told["product"].value, population()
        if product not in products():
            raise UnknownIdError("product", product, products(), "tocsin simulate --help")
        entries = {p.name: p for p in model.parameters}
        for p in (*products()[product].parameters, *people.disease(told["disease"].value).sets):
            entries[p.name] = replace(entries[p.name], value=p.value, cv=p.cv, source=p.source, status=p.status)
        for name, value in ((people.weight, told["weight_kg"].value), (CAR_DOSE, told["car_dose"].value)):
            entries[name] = replace(entries[name], value=float(value), cv=0.0)
        for move in recipe.moves:
            if move.name not in entries:
                raise UnknownIdError("parameter", move.name, entries, "tocsin model --parameters")
            if move.cv is not None:
                entries[move.name] = replace(entries[move.name], cv=move.cv)
            if not entries[move.name].cv > 0 or not entries[move.name].value > 0:
                raise ModelError(f"case {recipe.case}: {move.name} cannot move: the table gives it no variability.\n  Give the recipe a cv and its reason.")
        found = cls(recipe, model, entries)
        for fact in recipe.facts:
            unit = "ratio" if fact.against else found.unit(fact.quantity)
            if fact.unit != unit:
                raise ModelError(f"case {recipe.case}: {fact.id} is in {fact.unit!r}, but {fact.quantity} in {unit!r}.")
        for panel in recipe.panels:
            found.unit(panel)
        return found

    # ------------------------------------------------------------ parameters
    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that move."""
        return tuple(m.name for m in self.recipe.moves)

    @cached_property
    def medians(self) -> F64:
        """Their medians (moving,)."""
        return np.array([self.entries[n].value for n in self.names])

    @cached_property
    def spreads(self) -> F64:
        """The standard deviations of their logarithms (moving,)."""
        return np.asarray(np.sqrt(np.log1p(np.array([self.entries[n].cv for n in self.names]) ** 2)))

    @cached_property
    def bounds(self) -> F64:
        """How many of these standard deviations each may lie from its median (moving, 2): FARTHEST, or the bounds of the table."""
        out = np.empty((len(self.names), 2))
        for i, name in enumerate(self.names):
            entry = self.entries[name]
            low = -np.inf if not entry.low else np.log(entry.low / entry.value) / self.spreads[i]
            high = np.inf if entry.high is None else np.log(entry.high / entry.value) / self.spreads[i]
            out[i] = max(low, -FARTHEST), min(high, FARTHEST)
        return out

    def standard(self, values: Mapping[str, float]) -> F64:
        """Values as standard deviations from the median (moving,)."""
        if set(values) != set(self.names):
            odd = sorted(set(values) ^ set(self.names))
            raise ModelError(f"case {self.recipe.case}: the fitted values are not of the parameters that the recipe moves: {', '.join(odd)}.\n"
                             "  Fit again: python calibration/cases.py --write")
        return np.log(np.array([values[n] for n in self.names]) / self.medians) / self.spreads

    def values(self, standard: F64) -> dict[str, float]:
        """The values (by name) of one candidate, given as standard deviations from the median."""
        return dict(zip(self.names, (self.medians * np.exp(standard * self.spreads)).tolist(), strict=True))

    def parameters(self, standard: F64) -> F64:
        """All parameters (candidates, parameters) of candidates (candidates, moving); a step of a search beyond the bounds ends at them."""
        place = [self.system.parameter_names.index(n) for n in self.names]
        out = np.tile(np.array([self.entries[n].value for n in self.system.parameter_names]), (len(standard), 1))
        low, high = self.bounds.T
        out[:, place] = self.medians * np.exp(np.clip(standard, low, high) * self.spreads)
        return out

    def patient(self, standard: F64) -> VirtualPatients:
        """The one virtual patient of a candidate (moving,)."""
        told = self.recipe.told
        return VirtualPatients(
            (f"case-{self.recipe.case}",), self.system.parameter_names, self.parameters(standard[None, :]), np.array([float(told["weight_kg"].value)]),
            np.array([float(told["age_years"].value)]), self.recipe.seed, told["product"].value, population().disease(told["disease"].value))

    def digest(self) -> str:
        """A name of the recipe and of all in the model that a fit depends on."""
        model = (
            [(s.name, s.initial, s.rate) for s in self.system.states], [(a.name, a.expression) for a in self.system.assigned],
            [(e.name, e.value, e.cv, e.low, e.high) for e in self.entries.values()], sorted(observing().items()),
            [(f.id, f.quantity, f.take, f.spans, f.value, f.bound, f.spread) for f in self.recipe.facts], self.recipe.schedule, self.names,
            [(n, t.value) for n, t in self.recipe.told.items()],
        )
        return hashlib.sha256(repr(model).encode()).hexdigest()[:16]

    # ------------------------------------------------------------ course
    @cached_property
    def compiled(self) -> Compiled:
        """The model, compiled."""
        return compile_system(self.system)

    @cached_property
    def orders(self) -> tuple[Order, ...]:
        """Every dose of the recipe."""
        return parse(self.recipe.schedule, tuple(self.system.drugs))

    @cached_property
    def hours(self) -> F64:
        """The hours after the infusion that a statement looks at."""
        wanted: set[int] = set()
        for fact in self.recipe.facts:
            for first, last in fact.spans:
                wanted.update(range(*_hours(first, last)))
        return np.array(sorted(wanted), np.float64)

    def outputs(self, standard: F64, hours: F64 | None = None, orders: Sequence[Order] | None = None) -> F64:
        """What becomes of candidates (candidates, moving): (candidates, hours, outputs), missing where a candidate failed.  ``hours``: by default ``hours``."""
        parameters = self.parameters(standard)
        weight = np.full(len(standard), float(self.recipe.told["weight_kg"].value))
        planned = events(self.system, doses(self.orders if orders is None else orders, weight), parameters)
        at = (self.hours if hours is None else hours) / HOURS_A_DAY
        return np.asarray(self.compiled.solve(parameters, times=at, events=planned).values, np.float64)

    def unit(self, quantity: str) -> str:
        """The unit of a quantity; UnknownIdError when nothing of that name is put out."""
        if quantity in DERIVED:
            return DERIVED[quantity][0]
        if quantity not in self.system.outputs:
            raise UnknownIdError("quantity of the model", quantity, (*self.system.outputs, *DERIVED), "tocsin model")
        return next(q.unit for q in (*self.system.states, *self.system.assigned) if q.name == quantity)

    def meaning(self, quantity: str) -> str:
        """What it is."""
        self.unit(quantity)
        return DERIVED[quantity][1] if quantity in DERIVED else next(
            q.meaning for q in (*self.system.states, *self.system.assigned) if q.name == quantity)

    def quantity(self, name: str, outputs: F64, standard: F64, hours: F64 | None = None) -> F64:
        """A quantity (candidates, hours) of outputs (candidates, hours, outputs) at ``hours`` (by default ``hours``)."""
        def output(wanted: str) -> F64:
            return np.asarray(outputs[:, :, self.compiled.outputs.index(wanted)])

        how = observing()
        if name == "temperature":
            return output("temperature_c") + daily_rhythm(self.hours if hours is None else hours, how)
        if name == "systolic":
            return how["systolic_over_mean"] * output("map_mmhg")
        if name == "systolic_fall":
            normal = self.parameters(standard)[:, self.system.parameter_names.index("map_normal")]
            return how["systolic_over_mean"] * (normal[:, None] - output("map_mmhg"))
        if name == "spo2_air":
            return saturated(ROOM_AIR * output("pf_ratio"))
        if name == "ice_lost":
            return lost_of_ice(output("ice_drive"), how)
        if name == "blast_share":
            size = float(self.recipe.told["weight_kg"].value) / self.entries["weight_reference"].value
            return np.maximum(output("tumour_marrow"), 1e-12) / (MARROW_GCELL * size)
        return output(name)

    # ------------------------------------------------------------ how well
    def measured(self, outputs: F64, standard: F64) -> F64:
        """What each statement is about (candidates, facts), of outputs at ``hours``."""
        out = np.empty((len(outputs), len(self.recipe.facts)))
        for i, fact in enumerate(self.recipe.facts):
            course = self.quantity(fact.quantity, outputs, standard)
            out[:, i] = self._taken(fact.take, fact.day, course)
            if fact.against is not None:
                out[:, i] /= np.maximum(self._taken(fact.take, fact.against, course), 1e-12)
            if fact.above_lowest is not None:
                out[:, i] -= self._taken("min", fact.above_lowest, course)
        return out

    def _taken(self, take: str, days: tuple[float, float], course: F64) -> F64:
        first, end = _hours(*days)
        part = course[:, np.searchsorted(self.hours, first):np.searchsorted(self.hours, end - 1) + 1]
        if take == "last":
            return np.asarray(part[:, -1])
        return np.asarray(part.max(axis=1) if take == "max" else part.min(axis=1) if take == "min" else part.mean(axis=1))

    def distances(self, measured: F64) -> F64:
        """How many spreads each statement is off (candidates, facts); for a bound, beyond it (positive) or short of it (negative)."""
        out = np.empty_like(measured)
        for i, fact in enumerate(self.recipe.facts):
            got, stated = measured[:, i], fact.value
            off = (np.log(np.maximum(got, 1e-12) / stated) if fact.logarithmic else got - stated) / fact.spread
            out[:, i] = -off if fact.bound == "<" else off
        return out

    def met(self, distances: F64) -> npt.NDArray[np.bool_]:
        """Whether each statement is met (candidates, facts): beyond its bound, or within two spreads."""
        bounded = np.array([bool(f.bound) for f in self.recipe.facts])
        return np.asarray(np.where(bounded, distances >= 0.0, np.abs(distances) <= 2.0), np.bool_)

    def misfit(self, distances: F64) -> F64:
        """Minus the logarithm of the likelihood of the statements (candidates,), but for a constant; a bound is a censored statement."""
        bounded = np.array([bool(f.bound) for f in self.recipe.facts])
        return np.asarray(np.where(bounded, -log_normal_below(distances), 0.5 * distances**2).sum(axis=1))

    def objective(self, standard: F64) -> F64:
        """Misfit and prior together (candidates,), of candidates (candidates, moving): minus the logarithm of the posterior, but for a constant."""
        outputs = self.outputs(standard)
        lost = ~np.isfinite(outputs).all(axis=(1, 2))
        distances = self.distances(self.measured(np.nan_to_num(outputs, nan=1.0), standard))
        return np.where(lost, FAILED, self.misfit(distances) + prior(standard))


def daily_rhythm(hours: F64, how: Numbers) -> F64:
    """The daily swing of body temperature at ``hours`` after the infusion, degC, as an observation adds it."""
    return np.asarray(how["circadian_amplitude"] * np.cos(2.0 * np.pi * (clock(hours, how) - how["circadian_peak"]) / HOURS_A_DAY))


def prior(standard: F64) -> F64:
    """Minus the logarithm of the log-normal prior (candidates,), but for a constant."""
    return np.asarray(0.5 * (standard**2).sum(axis=1))


def _hours(first: float, last: float) -> tuple[int, int]:
    """The whole hours of a span of days, as a range: from the first at or after its beginning to the last at or before its end."""
    a, b = int(np.ceil(first * HOURS_A_DAY - 1e-6)), int(np.floor(last * HOURS_A_DAY + 1e-6))
    return a, max(b, a) + 1


_CENTRE = -5.0


def log_normal_below(z: F64) -> F64:
    """The logarithm of the standard normal distribution function, by its asymptotic series far below 0 (Abramowitz and Stegun 26.2.12)."""
    from math import erfc, log, pi

    near = np.vectorize(lambda x: log(0.5 * erfc(-x / 2.0**0.5)), otypes=[np.float64])(np.maximum(z, _CENTRE))
    far = np.minimum(z, _CENTRE)
    tail = -0.5 * far**2 - np.log(-far) - 0.5 * log(2.0 * pi) + np.log1p(-1.0 / far**2 + 3.0 / far**4)
    return np.asarray(np.where(z < _CENTRE, tail, near))
