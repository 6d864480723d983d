"""Limits that differ between patients: the lowest normal pressure for age, baselines, upper limits of normal.

Each limit is a pair (low, high): below ``low`` a value is surely under the limit, from ``high`` on surely not; between
them it depends on something that is not known (the age).  Where everything is known the two are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tocsin.cite import Mark, reference
from tocsin.errors import UnknownIdError
from tocsin.timeline import is_patient_fact
from tocsin.vocabulary import CONCEPTS

Floats = npt.NDArray[np.float64]

UPPER = ":upper"
"""What follows the name of a fact whose upper end is meant, where it was charted as beyond a number."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by patient: how to compute it, what it needs, and where it comes from.

    ``needs``: the fact without which it is open; empty where another input is asked for in its place.
    """

    name: str
    says: str
    needs: str
    cites: str
    mark: Mark
    compute: Callable[[Mapping[str, Floats]], tuple[Floats, Floats]]

    def __post_init__(self) -> None:
        reference(self.cites)


def _systolic_by_age(facts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """< 1 month 60; 1-12 months 70; 1-10 years 70 + 2 x age; above 10 years 90.  Age unknown: between 60 and 90."""
    age = facts["age_years"]
    limit = np.where(age < 1 / 12, 60.0, np.where(age < 1, 70.0, np.where(age <= 10, 70.0 + 2.0 * age, 90.0)))
    unknown = np.isnan(age)
    return np.where(unknown, 60.0, limit), np.where(unknown, 90.0, limit)


def _mean_pressure_adult(facts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """65 mmHg in adults; no published limit is encoded for children, so there this measure alone settles nothing."""
    adult = facts["age_years"] >= 18
    return np.where(adult, 65.0, -np.inf), np.where(adult, 65.0, np.inf)


def _reference(name: str) -> Callable[[Mapping[str, Floats]], tuple[Floats, Floats]]:
    """A told limit or baseline, whose upper end differs where it was charted as beyond a number."""
    def compute(facts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        low, high = facts[name], facts[f"{name}{UPPER}"]
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)

    return compute


def _weight(facts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Unknown: anything above zero."""
    weight = facts["weight_kg"]
    return np.where(np.isnan(weight), np.nextafter(0.0, 1.0), weight), np.where(np.isnan(weight), np.inf, weight)


LIMITS: Mapping[str, Limit] = MappingProxyType({limit.name: limit for limit in (
    Limit("systolic_by_age", "the lowest normal systolic pressure for age", "age_years", "mahadeo2019:bp", Mark.VERIFIED,
          _systolic_by_age),
    Limit("mean_pressure_adult", "65 mmHg (adults)", "", "tocsin:hypotension", Mark.DECISION, _mean_pressure_adult),
    Limit("weight_kg", "body weight", "weight_kg", "tocsin:weight", Mark.DECISION, _weight),
)})
"""Limits with a computation of their own, by name."""

_REFERENCES = {
    "uln": ("upper limit of normal", "tocsin:uln"), "lln": ("lower limit of normal", "tocsin:uln"), "baseline": ("baseline", "tocsin:baseline"),
}


@cache
def limit(name: str) -> Limit:
    """The limit of that name: one of LIMITS, or ``uln_``, ``lln_`` or ``baseline_`` before a measurement; UnknownIdError otherwise."""
    if name in LIMITS:
        return LIMITS[name]
    prefix, _, concept = name.partition("_")
    if prefix not in _REFERENCES or not is_patient_fact(name):
        raise UnknownIdError("limit", name, LIMITS)
    says, cites = _REFERENCES[prefix]
    return Limit(name, f"{says} of {CONCEPTS[concept].title}", name, cites, Mark.DECISION, _reference(name))
