"""How virtual patients differ: correlations between parameters, the class of low expanders, the disease, age and weight.

The default stands in ``text/population.toml`` with the source and status of every number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.numbers import Numbers, numbers, parameter, text
from tocsin.model.system import Parameter, System

F64 = npt.NDArray[np.float64]
WHERE = "population.toml"


@dataclass(frozen=True, slots=True)
class Correlation:
    """Two parameters whose logarithms are correlated between patients (Pearson's r), with source and status."""

    first: str
    second: str
    r: float
    source: str
    status: str


@dataclass(frozen=True)
class Disease:
    """A class of disease: the parameters that it sets (value and, where not 0, its own variability), and its extent in the body."""

    name: str
    title: str
    extent: str
    diagnosis: str
    sets: tuple[Parameter, ...]


@dataclass(frozen=True)
class Mixture:
    """A class of patients: this share of them has ``parameter`` multiplied by ``factor``."""

    name: str
    parameter: str
    share: Parameter
    factor: Parameter


@dataclass(frozen=True)
class Population:
    """What ``tocsin.model.patients.draw`` draws from, beside the variability that each parameter of the system carries itself.

    ``weight`` names the system's parameter that is the body weight in kg ("" where it has none); ``body`` are the numbers of age and weight.
    """

    body: Numbers
    correlations: tuple[Correlation, ...] = ()
    mixtures: tuple[Mixture, ...] = ()
    diseases: Mapping[str, Disease] = field(default_factory=dict)
    weight: str = ""

    def disease(self, name: str) -> Disease:
        """The class of that name; UnknownIdError when there is none."""
        if name not in self.diseases:
            raise UnknownIdError("disease", name, self.diseases, "tocsin simulate --help")
        return self.diseases[name]

    def matrix(self, system: System) -> F64:
        """The correlations (parameters, parameters) of the logarithms; ModelError when they contradict one another or name no parameter."""
        place = {name: i for i, name in enumerate(system.parameter_names)}
        out = np.eye(len(place))
        for c in self.correlations:
            for name in (c.first, c.second):
                if name not in place:
                    raise ModelError(f"{WHERE}: the correlation of {c.first} and {c.second} names {name!r}, which is no parameter of the model.")
            if not -1.0 < c.r < 1.0 or c.first == c.second:
                raise ModelError(f"{WHERE}: the correlation of {c.first} and {c.second} cannot be {c.r:g}; it is of two parameters, between -1 and 1.")
            out[place[c.first], place[c.second]] = out[place[c.second], place[c.first]] = c.r
        if self.correlations and np.linalg.eigvalsh(out)[0] <= 0:
            raise ModelError(f"{WHERE}: these correlations cannot hold together: {', '.join(f'{c.first}-{c.second} {c.r:g}' for c in self.correlations)}.\n"
                             "  The matrix of all of them must be positive definite; make the strongest weaker.")
        return out

    @property
    def assumed(self) -> tuple[Parameter, ...]:
        """The numbers that no source gives, diseases and correlations apart by their names."""
        kept = [*self.body.entries, *(p for m in self.mixtures for p in (m.share, m.factor)), *(p for d in self.diseases.values() for p in d.sets)]
        return tuple(p for p in kept if p.status == "assumed")


@cache
def population() -> Population:
    """The default population."""
    told: Mapping[str, Any] = text("population")
    diseases = {}
    for name, table in told["disease"].items():
        sets = tuple(parameter(key, value, f"{WHERE} [disease.{name}]") for key, value in table["sets"].items())
        diseases[name] = Disease(name, table["title"], table["extent"], table["diagnosis"], sets)
    mixtures = tuple(
        Mixture(name, table["parameter"], parameter(f"{name}_share", table["share"], f"{WHERE} [mixture.{name}]"),
                parameter(f"{name}_factor", table["factor"], f"{WHERE} [mixture.{name}]"))
        for name, table in told["mixture"].items())
    pairs = tuple(Correlation(c["first"], c["second"], float(c["r"]), c["source"], c["status"]) for c in told["correlation"])
    return Population(numbers("population", "body"), pairs, mixtures, diseases, told["weight_parameter"])
