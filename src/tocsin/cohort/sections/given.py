"""When a drug was first given to each member of a cohort: on a day, never, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tocsin.cohort.arms import drug_named
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.survival import Bools, Floats
from tocsin.errors import CohortError
from tocsin.vocabulary import CONCEPTS


@dataclass(frozen=True, eq=False)
class Given:
    """The first ``day`` of a drug of each member: a day since the infusion, infinite for never, NaN where that is not known.

    ``untold`` patients may or may not have had it, ``undated`` had it on a day that is not known.
    """

    drug: str
    day: Floats
    untold: int
    undated: int

    @property
    def ever(self) -> Bools:
        """Who was given it on a known day."""
        return np.isfinite(self.day)

    @property
    def never(self) -> Bools:
        """Who was not."""
        return np.isposinf(self.day)

    @property
    def known(self) -> Bools:
        """Who can be placed at every time as given it or not."""
        return ~np.isnan(self.day)

    @property
    def first(self) -> list[float | None]:
        """The days as the analyses of exposure take them: None for never (of the known)."""
        return [float(d) if np.isfinite(d) else None for d in self.day]

    @property
    def missing(self) -> str:
        """A sentence about those who are left out; empty where nobody is."""
        parts = ([f"{self.untold} of whom it is not known whether {self.drug} was given"] if self.untold else []) + (
            [f"{self.undated} given {self.drug} on a day that is not known"] if self.undated else [])
        return f"Left out: {' and '.join(parts)}." if parts else ""


def first_given(cohort: Cohort, drug: str) -> Given:
    """When each member was first given ``drug``, from the members' columns or the doses.

    Without a dose a patient was not given it where the members say so, where the drug defines the arms and the patient is in the arm without it, or where
    the record is complete for the drug.  CohortError where nobody has a known first day.
    """
    members = cohort.members
    n = len(members)
    one = drug.removesuffix("s")
    day = np.full(n, np.nan)
    column = next((c for c in (f"{drug}_first_day", f"{one}_first_day") if c in members.columns), None)
    if column is not None:
        day = members[column].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    elif cohort.doses.height:
        first = {p: d for p, d in cohort.doses.filter(pl.col("drug").is_in([drug, one]) | pl.col("group").is_in([drug, one]))
                 .group_by("patient").agg(pl.col("day").min()).iter_rows() if d is not None}
        day = np.array([first.get(p, np.nan) for p in members["patient"].to_list()], float)
    if not np.isfinite(day).any():
        raise CohortError(f"no first day of {drug} is known: what was given cannot be placed in time.")
    given = _whether(cohort, drug, one)
    dated = np.isfinite(day)
    untold = sum(1 for g, d in zip(given, dated, strict=True) if g is None and not d)
    undated = sum(1 for g, d in zip(given, dated, strict=True) if g is True and not d)
    day = np.where(dated, day, np.where([g is False for g in given], np.inf, np.nan))
    return Given(drug, day, untold, undated)


def defines_arms(cohort: Cohort) -> bool:
    """Whether the arms are a drug given or not, which happens after the infusion."""
    return drug_named(cohort.study.arms) is not None


def _whether(cohort: Cohort, drug: str, one: str) -> Sequence[bool | None]:
    """Whether each member was given the drug as far as it is told without days."""
    members = cohort.members
    told: list[bool | None] = [None] * len(members)
    for name in (f"{drug}_doses", f"{one}_doses", drug):
        if name in members.columns and (members.schema[name] == pl.Boolean or members.schema[name].is_numeric()):
            told = [None if v is None else v > 0 for v in members[name].to_list()]
            break
    if drug_named(cohort.study.arms) == (drug_named(drug) or drug):
        told = [not arm.startswith("no ") if t is None and arm is not None else t for t, arm in zip(told, members["arm"].to_list(), strict=True)]
    if drug in CONCEPTS and None in told:
        told = [False if t is None and cohort.timeline.complete.covers(drug, p) else t for t, p in zip(told, members["patient"].to_list(), strict=True)]
    return told
