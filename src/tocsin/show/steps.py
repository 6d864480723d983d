"""The steps of one patient's grades, ready to be drawn, listed and linked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tocsin.errors import SettingError, UnknownIdError
from tocsin.grading.result import Grades
from tocsin.scales import Kind, Scale
from tocsin.scales import scale as find_scale
from tocsin.show.wording import grade_range, scale_label
from tocsin.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a course; ``anchor`` is its address in the report, ``row`` its number in the frame of its grades."""

    key: str
    count: int
    row: int
    start: float
    end: float | None
    at_least: int
    at_most: int
    because: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Where its reasons stand in the report."""
        return f"step-{self.key}-{self.count}"

    @property
    def not_known(self) -> bool:
        """Whether nothing is known: the grade may be any."""
        return self.at_least == 0 and self.at_most >= 4

    @property
    def label(self) -> str:
        """What is printed in its band: "2", "1–4", "not known"."""
        return "not known" if self.not_known else grade_range(self.at_least, self.at_most).replace(" to ", "–")


@dataclass(frozen=True, slots=True)
class Course:
    """One patient's grades by one scale in one world, with a key that is unique in the figure and the report."""

    key: str
    label: str
    note: str
    grades: Grades
    steps: tuple[Step, ...] = field(default=())

    @property
    def syndrome(self) -> str:
        """CRS or ICANS."""
        return self.grades.scale.syndrome

    def evidence(self, step: Step) -> list[dict[str, Any]]:
        """The observations that a step rests on."""
        return self.grades.evidence(step.row)


def one_patient(timeline: Timeline, patient: str | None) -> str:
    """The patient to show: the one named, or the only one; UnknownIdError otherwise."""
    ids = timeline.patient_ids
    if patient is None and len(ids) == 1:
        return ids[0]
    if patient not in ids:
        raise UnknownIdError("patient", patient or "(none named)", ids)
    return patient


def graded_only(scales: Iterable[str | Scale]) -> None:
    """Refuse what a figure or report cannot draw as grades: SettingError for a score or a formula."""
    for one in scales:
        scale = find_scale(one) if isinstance(one, str) else one
        if scale.kind in (Kind.SCORE, Kind.FORMULA):
            raise SettingError(f"{scale.id} is a {scale.kind}, and the figure and the report draw grades only; "
                               f"tocsin grade FILE --scale {scale.id} prints it over time")


def courses(many: Sequence[Grades], patient: str, notes: Sequence[str] = ()) -> list[Course]:
    """Each set of grades as a course of one patient; a scale that comes twice (two worlds) gets a second key."""
    out: list[Course] = []
    for position, grades in enumerate(many):
        before = sum(1 for other in many[:position] if other.scale.id == grades.scale.id)
        key = grades.scale.id if not before else f"{grades.scale.id}-world{before + 1}"
        note = notes[position] if position < len(notes) else ""
        steps = _steps(grades, patient, key)
        out.append(Course(key, scale_label(grades.scale), note, grades, steps))
    return out


def _steps(grades: Grades, patient: str, key: str) -> tuple[Step, ...]:
    mine = grades.frame.with_row_index("row").filter(pl.col("patient") == patient)
    return tuple(
        Step(
            key, count, row["row"], row["start_hour"], _finite(row["end_hour"]), row["at_least"], row["at_most"],
            tuple(row["because"]), tuple(row["undecided"]), tuple(row["flags"]),
        )
        for count, row in enumerate(mine.iter_rows(named=True), 1)
    )


def _finite(hour: float | None) -> float | None:
    return hour if hour is not None and math.isfinite(hour) else None


def runs(steps: Sequence[Step]) -> list[tuple[Step, ...]]:
    """Neighbouring steps with the same range, together: their reasons differ, their grade does not."""
    out: list[tuple[Step, ...]] = []
    for step in steps:
        last = out[-1][-1] if out else None
        if last and last.end == step.start and (last.at_least, last.at_most) == (step.at_least, step.at_most):
            out[-1] = (*out[-1], step)
        else:
            out.append((step,))
    return out
