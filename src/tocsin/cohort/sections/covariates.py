"""The covariates of a model from the columns of members: numbers and yes or no as they are, words as categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from tocsin.cohort.cohort import COLUMNS, Cohort
from tocsin.cohort.sections.patients import variables_of
from tocsin.errors import CohortError

MOST_LEVELS = 6
"""A category of more levels than this is not put into a model (a decision of this software)."""
UNITS = ("years", "kg", "cm", "days", "mg", "percent")
"""Ends of a column's name that are its unit."""


@dataclass(frozen=True)
class Chosen:
    """The columns that can be covariates by their labels, and why others cannot (name, reason).

    ``levels`` are those of categories, the most frequent first; ``units`` those of numbers that have one.
    """

    columns: dict[str, list[object]]
    levels: dict[str, list[object]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    unusable: tuple[tuple[str, str], ...] = ()

    def per_unit(self, name: str) -> str:
        """A coefficient as a table names it: "age, per year"."""
        return f"{name}, per {self.units[name].removesuffix('s')}" if name in self.units else name


def usable(cohort: Cohort, names: Sequence[str], rows: Sequence[bool] | None = None) -> Chosen:
    """Those of the named columns that vary among the members (of ``rows``)."""
    columns: dict[str, list[object]] = {}
    levels: dict[str, list[object]] = {}
    units: dict[str, str] = {}
    unusable: list[tuple[str, str]] = []
    members = cohort.members if rows is None else cohort.members.filter(pl.Series(list(rows), dtype=pl.Boolean))
    for name in dict.fromkeys(names):
        try:
            own = _levels(members, name)
        except CohortError as error:
            unusable.append((name, str(error)))
            continue
        shown, unit = _label(cohort, name)
        series = cohort.members[name]
        if own is None:
            columns[shown] = series.cast(pl.Float64).to_list()
            units |= {shown: unit} if unit else {}
        else:
            columns[shown] = [None if v is None or str(v) not in own else str(v) for v in series.to_list()]
            levels[shown] = list(_counted_last(cohort, name, own))
    return Chosen(columns, levels, units, tuple(unusable))


def measured_after(names: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns that are known only after the infusion."""
    return tuple(n for n in names if n in COLUMNS and n not in ("patient", "arm"))


def _levels(members: pl.DataFrame, name: str) -> list[str] | None:
    """The levels of a category, the most frequent first; None for numbers.  CohortError where the column cannot be a covariate."""
    if name not in members.columns:
        raise CohortError("there is no such column.")
    known = members[name].drop_nulls()
    kind = known.dtype
    if kind.is_float():
        known = known.drop_nans()
    if not len(known):
        raise CohortError("not known for anybody.")
    if kind == pl.Boolean or kind.is_numeric():
        if known.n_unique() < 2:
            raise CohortError(f"the same ({known[0]}) for everybody of whom it is known.")
        return None
    if kind not in (pl.String, pl.Categorical) and not isinstance(kind, pl.Enum):
        raise CohortError(f"a column of {kind} cannot be a covariate.")
    counts = known.cast(pl.String).value_counts().sort(["count", name], descending=[True, False])
    found: list[str] = counts[name].to_list()
    if len(found) < 2:
        raise CohortError(f"the same ({found[0]}) for everybody of whom it is known.")
    if len(found) > MOST_LEVELS:
        raise CohortError(f"{len(found)} different values, more than the {MOST_LEVELS} of a category.")
    return found


def _counted_last(cohort: Cohort, name: str, levels: list[str]) -> list[str]:
    """Of two values the one that Table 1 counts is set against the other; "yes" where it counts none."""
    if len(levels) != 2:
        return levels
    mine = next((v for v in variables_of(cohort)[0] if v.name == name), None)
    counted = "yes" if mine is None or (mine.counted is None and not mine.values) else str(mine.values[-1] if mine.counted is None else mine.counted)
    return levels if counted not in levels else [next(x for x in levels if x != counted), counted]


def _label(cohort: Cohort, name: str) -> tuple[str, str]:
    """What a sentence calls a column, as Table 1 does or by its name, and its unit."""
    what, _, unit = name.rpartition("_")
    own = (what.replace("_", " "), unit) if what and unit in UNITS else (name.replace("_", " "), "")
    declared = next((v for v in variables_of(cohort)[0] if v.name == name), None)
    if declared is None or declared.label in ("", name.replace("_", " ")):
        return own
    label = declared.label
    return (label[0].lower() + label[1:] if label[1:2].islower() else label), declared.unit
