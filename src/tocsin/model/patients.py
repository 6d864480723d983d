"""Virtual patients: the parameters of a model drawn for each of them, with their body, product and disease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.population import Disease, Population
from tocsin.model.population import population as default_population
from tocsin.model.system import Parameter, System
from tocsin.timeline import PATIENTS

F64 = npt.NDArray[np.float64]
TRIES = 200
"""So often the variability of a patient is drawn anew while a parameter lies outside its bounds."""

Range = float | tuple[float, float]


@dataclass(frozen=True)
class VirtualPatients:
    """Patients that do not exist.

    ``parameters`` (patients, parameters) in the order of ``names``; ``weight_kg`` and ``age_years`` (patients,); ``classes``: the share of
    the mixtures each belongs to, by name (patients,), true where it does; ``weight_name``: the parameter that is the body weight, if one is.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    parameters: F64
    weight_kg: F64
    age_years: F64
    seed: int
    product: str = ""
    disease: Disease | None = None
    classes: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    weight_name: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Their own numbers, by which their noise of measurement is found (patients,)."""
        return np.array([int(name.rpartition("-")[2]) for name in self.ids], np.int64)

    def values(self, name: str) -> F64:
        """One parameter (patients,); UnknownIdError when there is none of that name."""
        if name not in self.names:
            raise UnknownIdError("parameter", name, self.names, "tocsin model --parameters")
        return np.asarray(self.parameters[:, self.names.index(name)])

    def with_values(self, system: System, **values: float | F64) -> VirtualPatients:
        """The same patients with some parameters set; ModelError for a value that is impossible, naming patient and parameter.

        A weight that is set is the weight that doses go by as well.
        """
        parameters = self.parameters.copy()
        for name, value in values.items():
            if name not in self.names:
                raise UnknownIdError("parameter", name, self.names, "tocsin model --parameters")
            parameters[:, self.names.index(name)] = _numbers(name, value, len(self))
        self.check(system, parameters)
        weight = parameters[:, self.names.index(self.weight_name)] if self.weight_name in values else self.weight_kg
        return replace(self, parameters=parameters, weight_kg=weight)

    def check(self, system: System, parameters: F64 | None = None) -> None:
        """Raise ModelError when these are no patients of the system, or one of them has an impossible value."""
        if self.names != system.parameter_names:
            other = next((n for n in (*self.names, *system.parameter_names) if (n in self.names) != (n in system.parameter_names)), "their order")
            raise ModelError(f"these patients were drawn for another model than {system.name}: their parameters differ in {other}.\n  Draw them anew.")
        check(system, self.ids, self.parameters if parameters is None else parameters)

    def only(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> VirtualPatients:
        """Some of the patients."""
        rows = np.asarray(rows, np.int64)
        return replace(self, ids=tuple(self.ids[int(i)] for i in rows), parameters=self.parameters[rows], weight_kg=self.weight_kg[rows],
                       age_years=self.age_years[rows], classes={n: v[rows] for n, v in self.classes.items()})

    def facts(self) -> pl.DataFrame:
        """The table of patients of their timeline (``tocsin.timeline.PATIENTS``)."""
        disease = self.disease
        return pl.DataFrame({
            "patient": self.ids, "age_years": self.age_years, "weight_kg": self.weight_kg,
            "diagnosis": [disease.diagnosis if disease else None] * len(self), "disease_extent": [disease.extent if disease else None] * len(self),
            "product": [self.product or None] * len(self),
        }, schema={n: PATIENTS[n] for n in ("patient", "age_years", "weight_kg", "diagnosis", "disease_extent", "product")})

    def table(self) -> pl.DataFrame:
        """One row a patient: body, product, disease, class, and every parameter under its name."""
        return self.facts().drop("diagnosis", "disease_extent").with_columns(
            pl.lit(self.disease.name if self.disease else None, pl.String).alias("disease"),
            *(pl.Series(name, member) for name, member in self.classes.items()),
            *(pl.Series(f"parameter_{name}", self.parameters[:, i]) for i, name in enumerate(self.names)))


def patient_id(number: int) -> str:
    """The name of virtual patient ``number``, counted from 1."""
    return f"virtual-{number:06d}"


def draw(
    system: System, n: int, *, seed: int, product: str | None = None, disease: str | None = None, weight_kg: Range | None = None,
    age_years: Range | None = None, sets: Mapping[str, float] | None = None, population: Population | None = None,
    products: Mapping[str, Sequence[Parameter]] | None = None,
) -> VirtualPatients:
    """``n`` virtual patients; patient i is the same whatever ``n`` is.

    Each parameter is log-normal about its value as the median, with the coefficient of variation it carries and the correlations of the
    population, truncated to its bounds by drawing anew.  ``product`` and ``disease`` set parameters by name (the disease after the product), ``sets`` sets
    medians last.  ``weight_kg`` and ``age_years``: one number for all, or a range; by default adults.  Of a child whose weight is not given it
    follows from the age.
    ``products``: the parameters that each product sets; by default those of the model.
    Raises ModelError or UnknownIdError for a number, name or value that is impossible.
    """
    if n < 1:
        raise ModelError(f"{n} virtual patients cannot be drawn; ask for 1 or more.")
    if seed < 0:
        raise ModelError(f"the seed is a whole number of 0 or more, not {seed}.")
    people = population if population is not None else default_population()
    entries = {p.name: p for p in system.parameters}
    if product is not None:
        if products is None:
            from tocsin.model.load import products as known_products

            products = {name: p.parameters for name, p in known_products(system.name).items()}
        if product not in products:
            raise UnknownIdError("product", product, products, "tocsin simulate --help")
        entries = _set(entries, {p.name: replace(_entry(entries, p.name, f"product {product}"), value=p.value, cv=p.cv) for p in products[product]})
    chosen = people.disease(disease) if disease is not None else None
    if chosen is not None:
        entries = _set(entries, {p.name: replace(_entry(entries, p.name, f"disease {chosen.name}"), value=p.value, cv=p.cv) for p in chosen.sets})
    for name, value in (sets or {}).items():
        if name not in entries:
            raise UnknownIdError("parameter", name, entries, "tocsin model --parameters")
        if name == people.weight:
            raise ModelError(f"{name} is drawn with the age of a patient and is no median to set.\n  Give weight_kg (--weight) instead.")
        entries = _set(entries, {name: replace(entries[name], value=float(_numbers(name, value, 1)))})
    kept = tuple(entries[name] for name in system.parameter_names)
    medians = np.array([p.value for p in kept])
    ids = tuple(patient_id(i + 1) for i in range(n))
    _check_medians(kept)
    children = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(n)]
    first = np.array([np.concatenate([g.random(2 + len(people.mixtures)), g.standard_normal(1)]) for g in children])
    age, weight = _bodies(people, first[:, 0], first[:, -1], first[:, 1], weight_kg, age_years)
    parameters = _vary(kept, medians, people.matrix(system), children, ids)
    place = {name: i for i, name in enumerate(system.parameter_names)}
    classes = {}
    for i, mixture in enumerate(people.mixtures):
        if mixture.parameter not in place:
            raise ModelError(f"the class {mixture.name} changes {mixture.parameter!r}, which is no parameter of the model.")
        member = first[:, 2 + i] < mixture.share.value
        parameters[member, place[mixture.parameter]] *= mixture.factor.value
        classes[mixture.name] = member
    if people.weight:
        if people.weight not in place:
            raise ModelError(f"the body weight is named {people.weight!r}, which is no parameter of the model.")
        parameters[:, place[people.weight]] = weight
    check(system, ids, parameters)
    return VirtualPatients(ids, system.parameter_names, parameters, weight, age, seed, product or "", chosen, classes, people.weight)


def check(system: System, ids: Sequence[str], parameters: F64) -> None:
    """Raise ModelError, naming patient and parameter, for a value that is no number or outside the bounds that the model states."""
    if parameters.shape != (len(ids), len(system.parameters)):
        raise ModelError(f"the parameters have the shape {parameters.shape}; {len(ids)} patients and {len(system.parameters)} parameters need "
                         f"({len(ids)}, {len(system.parameters)}).")
    for i, p in enumerate(system.parameters):
        column = parameters[:, i]
        wrong = ~np.isfinite(column)
        if p.low is not None:
            wrong |= column < p.low
        if p.high is not None:
            wrong |= column > p.high
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ModelError(f"patient {ids[row]}: {_impossible(p, column[row])}")


def _numbers(name: str, value: object, n: int) -> F64:
    """A number, or one a patient; ModelError for anything else."""
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ModelError(f"{name} cannot be {value!r}; it is a number.") from None
    if found.ndim and found.shape != (n,):
        raise ModelError(f"{name} has {found.size} values where there are {n} patients.\n  Give one number, or one a patient.")
    return found


def _impossible(p: Parameter, value: float) -> str:
    return f"{p.name} ({p.meaning}) cannot be {value:g}{'' if p.unit == '1' else f' {p.unit}'}.\n  {_bounds(p)}"


def _bounds(p: Parameter) -> str:
    if p.low is None and p.high is None:
        return "It must be a finite number."
    return "It lies between {} and {}.".format(*("any" if b is None else f"{b:g}" for b in (p.low, p.high)))


def _entry(entries: Mapping[str, Parameter], name: str, where: str) -> Parameter:
    if name not in entries:
        raise ModelError(f"{where} sets {name!r}, which is no parameter of the model (tocsin model --parameters).")
    return entries[name]


def _set(entries: Mapping[str, Parameter], changed: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {**entries, **changed}


def _check_medians(kept: Sequence[Parameter]) -> None:
    for p in kept:
        inside = np.isfinite(p.value) and (p.low is None or p.value >= p.low) and (p.high is None or p.value <= p.high)
        if not inside:
            raise ModelError(_impossible(p, p.value))
        if p.cv < 0 or not np.isfinite(p.cv):
            raise ModelError(f"{p.name}: the coefficient of variation cannot be {p.cv:g}; it is 0 or more.")
        if p.cv > 0 and p.value <= 0:
            raise ModelError(f"{p.name}: a log-normal variability needs a value above 0, not {p.value:g}.")


def _vary(kept: Sequence[Parameter], medians: F64, correlation: F64, children: Sequence[np.random.Generator], ids: Sequence[str]) -> F64:
    """The parameters (patients, parameters), drawn anew for the patients of whom one lies outside its bounds."""
    spread = np.sqrt(np.log1p(np.array([p.cv for p in kept]) ** 2))  # sd of the logarithm of a log-normal variable with this cv
    root = np.asarray(np.linalg.cholesky(correlation), np.float64)
    low = np.array([-np.inf if p.low is None else p.low for p in kept])
    high = np.array([np.inf if p.high is None else p.high for p in kept])
    out = np.tile(medians, (len(children), 1))
    left = np.arange(len(children))
    for _ in range(TRIES):
        z = np.array([children[int(i)].standard_normal(len(kept)) for i in left])
        out[left] = medians * np.exp(_correlated(z, root) * spread)
        outside = (out[left] < low) | (out[left] > high)
        left = left[outside.any(axis=1)]
        if not len(left):
            return out
    at = int(np.argmax(((out[left] < low) | (out[left] > high))[0]))
    p = kept[at]
    raise ModelError(f"patient {ids[int(left[0])]}: {p.name} ({p.meaning}) stays outside its bounds in {TRIES} draws about {p.value:g} with a coefficient of "
                     f"variation of {p.cv:g}.\n  {_bounds(p)}  Move the value from the bound, or make the variability smaller.")


def _correlated(z: F64, root: F64) -> F64:
    """Independent standard normals (patients, parameters) made correlated: as z @ root.T, but rounded alike however many patients there are."""
    out = z * np.diagonal(root)
    for i, j in zip(*np.nonzero(np.tril(root, -1)), strict=True):
        out[:, i] += root[i, j] * z[:, j]
    return out


def _bodies(people: Population, u: F64, z: F64, v: F64, weight_kg: Range | None, age_years: Range | None) -> tuple[F64, F64]:
    """Age and weight (patients,): as given, else adults, and children by their age or weight."""
    body = people.body
    weight = _given("weight_kg", weight_kg, u, 0.3, 400.0, "kg")
    age = _given("age_years", age_years, v, 0.0, 120.0, "years")
    variation = np.exp(z * np.sqrt(np.log1p(body["weight_cv"] ** 2)))
    if weight is None and age is None:
        age = body["age_lowest"] + (body["age_highest"] - body["age_lowest"]) * v
    if weight is None:
        assert age is not None
        weight = np.minimum(weight_at(body, age), body["weight_adult"]) * variation
    if age is None:
        age = age_at(body, weight, body["age_lowest"] + (body["age_highest"] - body["age_lowest"]) * v)
    return age, weight


def weight_at(body: Mapping[str, float], age: F64) -> F64:
    """The median weight in kg at this age: straight from birth to the second year and from then to adulthood; the adult's from then on."""
    knots = [0.0, 1.0, body["age_adult"]]
    return np.asarray(np.interp(age, knots, [body["weight_birth"], body["weight_one_year"], body["weight_adult"]]))


def age_at(body: Mapping[str, float], weight: F64, adult: F64) -> F64:
    """The age in years at which this weight is the median; ``adult`` for whoever weighs as much as a light adult."""
    child = np.interp(weight, [body["weight_birth"], body["weight_one_year"], body["weight_adult"]], [0.0, 1.0, body["age_adult"]])
    return np.where(weight < body["weight_light_adult"], child, adult)


def _given(name: str, told: Range | None, u: F64, low: float, high: float, unit: str) -> F64 | None:
    if told is None:
        return None
    ends = (told, told) if isinstance(told, (int, float)) else tuple(told)
    if len(ends) != 2 or not all(np.isfinite(e) and low <= e <= high for e in ends) or ends[0] > ends[1]:
        raise ModelError(f"{name} cannot be {told}; it is one number, or the lowest and the highest, between {low:g} and {high:g} {unit}.")
    return np.asarray(ends[0] + (ends[1] - ends[0]) * u)
