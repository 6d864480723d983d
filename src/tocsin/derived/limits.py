"""Limits that differ between patients: the lowest normal pressure for age, baselines, upper limits of normal.

Each limit is a pair (low, high): below ``low`` a value is surely under the limit, from ``high`` on surely not; between
them it depends on something that is not known (the age).  Where everything is known the two are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tocsin.cite import Mark, reference
from tocsin.errors import UnknownIdError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by patient: how to compute it, what it needs, and where it comes from."""

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


def _baseline(name: str) -> Callable[[Mapping[str, Floats]], tuple[Floats, Floats]]:
    def compute(facts: Mapping[str, Floats]) -> tuple[Floats, Floats]:
        value = facts[name]
        return np.where(np.isnan(value), -np.inf, value), np.where(np.isnan(value), np.inf, value)

    return compute


LIMITS: Mapping[str, Limit] = MappingProxyType({limit.name: limit for limit in (
    Limit("systolic_by_age", "the lowest normal systolic pressure for age", "age_years", "mahadeo2019:bp", Mark.VERIFIED,
          _systolic_by_age),
    Limit("mean_pressure_adult", "65 mmHg (adults)", "age_years", "tocsin:hypotension", Mark.DECISION, _mean_pressure_adult),
    Limit("baseline_systolic_bp", "the patient's own baseline", "baseline_systolic_bp", "lee2019:hypotension", Mark.MEMORY,
          _baseline("baseline_systolic_bp")),
    Limit("baseline_creatinine", "baseline creatinine", "baseline_creatinine", "ctcae403:creatinine", Mark.VERIFIED,
          _baseline("baseline_creatinine")),
)})
"""Every limit by name."""


def limit(name: str) -> Limit:
    """The limit of that name; UnknownIdError otherwise."""
    found = LIMITS.get(name)
    if found is None:
        raise UnknownIdError("limit", name, LIMITS)
    return found
