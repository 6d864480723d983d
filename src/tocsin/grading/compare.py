"""Several scales on one record, side by side over time, and how far they agree over a cohort.

A grade means nothing without its system: of the same patients only a quarter had the same CRS grade in every one of six systems
(pennisi2020).  Each scale keeps its own range here; nothing is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.errors import SettingError
from tocsin.grading.agreement import Agreement, agreement
from tocsin.grading.contradictions import asked, carrying, contradictions
from tocsin.grading.many import grade_many
from tocsin.grading.result import Grades
from tocsin.scales import SCALES, Kind, Scale
from tocsin.scales import scale as find_scale
from tocsin.timeline import Timeline

HIGHEST: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "patient": pl.String, "scale": pl.String, "at_least": pl.Int64, "at_most": pl.Int64, "from_hour": pl.Float64,
    "because": pl.List(pl.String), "undecided": pl.List(pl.String),
}
STEPS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "patient": pl.String, "start_hour": pl.Float64, "end_hour": pl.Float64, "scale": pl.String, "at_least": pl.Int64, "at_most": pl.Int64,
    "because": pl.List(pl.String), "undecided": pl.List(pl.String),
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What one scale gives over one part of a course: the range, the criteria that carry it, and what leaves it open."""

    scale: str
    at_least: int
    at_most: int
    because: tuple[str, ...]
    undecided: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time over which no scale's grade changes.  ``verdict``: same, differ (two ranges exclude each other) or open."""

    patient: str
    start_hour: float
    end_hour: float | None
    grades: tuple[Beside, ...]

    @property
    def verdict(self) -> str:
        """Whether the scales give the same, surely differ, or leave it open."""
        if max(g.at_least for g in self.grades) > min(g.at_most for g in self.grades):
            return "differ"
        return "same" if all(g.at_least == g.at_most for g in self.grades) else "open"

    def record(self) -> dict[str, object]:
        """A line of ``tocsin compare scales --json``."""
        return {
            "kind": "step", "patient": self.patient, "start_hour": self.start_hour, "end_hour": self.end_hour, "verdict": self.verdict,
            "grades": {g.scale: {"at_least": g.at_least, "at_most": g.at_most, "because": list(g.because), "undecided": list(g.undecided)}
                       for g in self.grades},
        }


@dataclass(frozen=True)
class Comparison:
    """Several scales on the same record.

    ``steps``: one row for each scale and time over which no scale's grade changes: patient, start_hour, end_hour (null while open),
    scale, at_least, at_most, because (the criteria that carry at_least), undecided.
    ``highest``: one row for each patient and scale: the highest grade reached (at_least, at_most) up to the last entry of the record,
    from_hour when at_least was first reached, because, and undecided, the inputs that left a higher grade open at any time.
    ``reports``: each grade that the record reports beside the derived ones (see ``contradictions``).
    ``agreement``: how far the highest grades agree.
    """

    timeline: Timeline
    grades: tuple[Grades, ...]

    @property
    def scales(self) -> tuple[Scale, ...]:
        """The scales, in the order of the columns."""
        return tuple(g.scale for g in self.grades)

    @cached_property
    def highest(self) -> pl.DataFrame:
        """The highest grade of each patient by each scale, as described above."""
        return pl.concat([_highest(g) for g in self.grades]) if self.grades else pl.DataFrame(schema=HIGHEST)

    @cached_property
    def reports(self) -> list[dict[str, Any]]:
        """Reported grades beside derived ones."""
        return [found for g in self.grades for found in contradictions(self.timeline, g)]

    @cached_property
    def agreement(self) -> Agreement:
        """Agreement on the highest grade."""
        return agreement(self.highest)

    @cached_property
    def steps(self) -> pl.DataFrame:
        """Every stretch of every patient, one row for each scale, as described above."""
        rows = [{"patient": s.patient, "start_hour": s.start_hour, "end_hour": s.end_hour, "scale": g.scale, "at_least": g.at_least,
                 "at_most": g.at_most, "because": list(g.because), "undecided": list(g.undecided)}
                for patient in self.timeline.patient_ids for s in self.stretches(patient) for g in s.grades]
        return pl.DataFrame(rows, schema=STEPS)

    def stretches(self, patient: str) -> list[Stretch]:
        """The course of one patient, cut wherever the grade by any scale changes."""
        edges = sorted({float(g.start[i]) for g in self.grades for i in _course(g, patient)})
        out = []
        for number, start in enumerate(edges):
            end = edges[number + 1] if number + 1 < len(edges) else None
            out.append(Stretch(patient, start, end, tuple(_at(g, patient, start, end) for g in self.grades)))
        return out


def compare(
    timeline: Timeline, scales: Sequence[str | Scale] | None = None, *, count: Sequence[str] | None = None,
    carry: Mapping[str, float] | None = None, from_hour: float = 0.0, until: float | None = None,
) -> Comparison:
    """The record graded by several scales: those named, or every CRS scale made of criteria.

    Options are those of ``grade``.  Raises UnknownIdError for a scale that does not exist, SettingError for one that is no list of
    criteria (the points of a score are no grades) or for scales of different syndromes.
    """
    chosen = [find_scale(s) if isinstance(s, str) else s for s in (scales if scales is not None else crs_scales(timeline))]
    for one in chosen:
        if one.kind is not Kind.CRITERIA:
            raise SettingError(f"{one.id} is not a list of graded criteria ({one.kind}), and cannot be set beside grades")
    syndromes = {one.syndrome for one in chosen}
    if len(syndromes) > 1:
        raise SettingError(f"grades of different syndromes are not compared: {', '.join(sorted(syndromes))}")
    return Comparison(timeline, tuple(grade_many(timeline, chosen, count=count, carry=carry, from_hour=from_hour, until=until)))


FOR_CHILDREN = "cartox-crs-paediatric-2019"


def crs_scales(timeline: Timeline) -> list[str]:
    """The scales of CRS that are made of criteria; the one for children only where a patient is, or may be, below 18 years."""
    grown_up = (timeline.patients["age_years"] >= 18).fill_null(False).all()
    return [name for name, s in SCALES.items()
            if s.syndrome == "CRS" and s.kind is Kind.CRITERIA and not (grown_up and name == FOR_CHILDREN)]


# ---------------------------------------------------------------------------------------------------- parts
def _highest(grades: Grades) -> pl.DataFrame:
    """The highest grade of each patient by one scale, over the time that the record covers.

    After its last entry a record says nothing more, so that time leaves no grade open.  A patient of whom nothing is graded may have
    any grade.
    """
    rows: list[dict[str, object]] = []
    bounds = np.searchsorted(grades.patient_index, np.arange(len(grades.patients) + 1))
    begun, over = _covered(grades)
    for index, patient in enumerate(grades.patients):
        mine = np.arange(bounds[index], bounds[index + 1])
        start = grades.start[mine]
        told = mine[(start <= begun[index]) | (start < over[index])]
        mine = told if len(told) else mine[:1]
        low = int(grades.at_least[mine].max()) if len(mine) else 0
        high = int(grades.at_most[mine].max()) if len(mine) else _most(grades.scale)
        at = mine[grades.at_least[mine] == low]
        rows.append({
            "patient": patient, "scale": grades.scale.id, "at_least": low, "at_most": high,
            "from_hour": float(grades.start[at[0]]) if len(at) else None, "because": carrying(grades, at, low),
            "undecided": asked(grades, mine[grades.at_most[mine] > low])})
    return pl.DataFrame(rows, schema=HIGHEST)


def _covered(grades: Grades) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each patient the hour of the last entry, and the hour at which the last entry is over."""
    ends = grades.timeline.events.group_by("patient").agg(
        pl.col("hour").max().alias("begun"), pl.max_horizontal("hour", "end_hour", "hour_latest").max().alias("over"))
    found = pl.DataFrame({"patient": grades.patients}, schema={"patient": pl.String}).join(
        ends.with_columns(pl.col("patient").cast(pl.String)), on="patient", how="left", maintain_order="left")
    return found["begun"].fill_null(-np.inf).to_numpy(), found["over"].fill_null(-np.inf).to_numpy()


def _most(scale: Scale) -> int:
    """The highest grade that a patient of whom nothing is known may have: death is never supposed."""
    return max(c.grade for c in scale.criteria if c.grade < 5)


def _course(grades: Grades, patient: str) -> list[int]:
    """The steps of one patient at which the range changes."""
    mine = np.flatnonzero(grades.patient_index == grades.patients.index(patient))
    low, high = grades.at_least[mine], grades.at_most[mine]
    fresh = np.ones(len(mine), bool)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return [int(i) for i in mine[fresh]]


def _at(grades: Grades, patient: str, start: float, end: float | None) -> Beside:
    """What one scale gives from ``start`` to ``end``, over which its range does not change; nothing is known before its first step."""
    mine = np.flatnonzero(grades.patient_index == grades.patients.index(patient))
    ends = np.where(np.isnan(grades.end[mine]), np.inf, grades.end[mine])
    over = mine[(ends > start) & (grades.start[mine] < (np.inf if end is None else end))]
    if not len(over):
        return Beside(grades.scale.id, 0, _most(grades.scale), (), ())
    low, high = int(grades.at_least[over[0]]), int(grades.at_most[over[0]])
    return Beside(grades.scale.id, low, high, tuple(carrying(grades, over, low)), tuple(asked(grades, over)) if low != high else ())
