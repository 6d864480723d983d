"""How long CRS stayed at its highest grade so far, with and without a drug: the course of grades as stays in counting-process form.

A stay begins when a grade is reached that is higher than all before it in this CRS.  It ends when CRS resolves, or when a higher grade is reached
(and the next stay begins), or where the record no longer tells the grade.  At the first dose of the drug it is cut in two, without and with it.  So a
patient treated at grade 3 is compared with others of grade 3 who are as long at it and not (yet) treated, whatever became of them later.

CRS has resolved with the first moment from which the grade is 0 for ``QUIET_DAYS``; an unsettled time is not observed, and whoever is seen again at
the same or a lower grade after it comes back into the same stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from tocsin.cohort.survival import Bools, Floats, Ints, Survival

QUIET_DAYS = 1.0
"""Days at grade 0 after which CRS has resolved, as the episodes of the grading scales have it (24 hours)."""
SAME = 1e-9
"""Days within which two times of a course are one."""


@dataclass(frozen=True, eq=False)
class Stays:
    """Rows of stays.

    ``patient`` is the row of the members, ``grade`` the highest so far; in days since the infusion ``onset`` is when this CRS began, ``reached`` when the
    grade was reached, and the row is under observation from ``start`` to ``end``.  ``resolved`` and ``risen`` (to a higher grade) say how it ended,
    ``exposed`` whether the drug had been given before it began.
    """

    patient: Ints
    grade: Ints
    onset: Floats
    reached: Floats
    start: Floats
    end: Floats
    resolved: Bools
    risen: Bools
    exposed: Bools

    def __len__(self) -> int:
        return len(self.patient)

    def take(self, rows: Bools) -> Stays:
        """The rows of a mask."""
        return Stays(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def since_reached(self, event: Bools) -> Survival:
        """Follow-up on the clock that begins when the grade was reached."""
        return Survival.of(self.end - self.reached, event, self.start - self.reached)

    def since_onset(self, event: Bools) -> Survival:
        """Follow-up on the clock that begins with this CRS."""
        return Survival.of(self.end - self.onset, event, self.start - self.onset)


Row = tuple[int, int, float, float, float, float, bool, bool, bool]


def stays(steps: pl.DataFrame, patients: Iterable[str], first_dose: Floats, quiet_days: float = QUIET_DAYS) -> Stays:
    """The stays of ``patients`` from their steps; ``first_dose`` is in days, infinite for never; a patient with NaN is left out."""
    courses = {p: list(zip(a, b, g, strict=True)) for p, a, b, g in steps.sort("patient", "start_day").group_by("patient", maintain_order=True).agg(
        "start_day", "end_day", "grade").iter_rows()}
    rows: list[Row] = []
    for i, (patient, dose) in enumerate(zip(patients, first_dose.tolist(), strict=True)):
        if not np.isnan(dose):
            rows += [r for one in _of_one(courses.get(patient, []), quiet_days) for r in _cut(i, one, dose)]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    kinds = (np.int64, np.int64, *[np.float64] * 4, *[np.bool_] * 3)
    return Stays(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))


def grade_at(steps: pl.DataFrame, patients: Iterable[str], day: Floats) -> list[int | None]:
    """The grade in force at a day of each patient: of the step that holds it (a step that begins then counts); None where no grade is settled."""
    known = pl.DataFrame({"patient": list(patients), "day": day}, schema={"patient": pl.String, "day": pl.Float64}).with_row_index("row")
    found = known.filter(pl.col("day").is_finite()).join(steps, on="patient").filter(
        (pl.col("start_day") <= pl.col("day") + SAME) & (pl.col("end_day").fill_null(np.inf) > pl.col("day") + SAME))
    grades = dict(found.sort("start_day").group_by("row").agg(pl.col("grade").last()).iter_rows())
    return [grades.get(i) for i in range(len(known))]


@dataclass
class _Stay:
    grade: int
    onset: float
    reached: float
    start: float


Piece = tuple[_Stay, float, bool, bool]
"""A stay with its end, and whether CRS resolved or rose there."""


def _of_one(course: list[tuple[float, float | None, int | None]], quiet_days: float) -> list[Piece]:
    """The stays of one course."""
    out: list[Piece] = []
    now: _Stay | None = None              # the stay under observation
    lost: _Stay | None = None             # the one that an unsettled time interrupted
    quiet: float | None = None            # since when the grade is 0
    before = -np.inf                      # the end of the last step
    for start, end, grade in course:
        until = np.inf if end is None else end             # an open step at grade 0 stays so; one with CRS adds no time
        if now is not None and (grade is None or start > before + SAME):     # what comes after is not told
            out.append((now, quiet if quiet is not None else before, False, False))
            lost, now, quiet = (now if quiet is None else None), None, None
        before = max(before, start if end is None else end)
        if grade is None:
            continue
        if grade == 0:
            lost = None
            if now is not None:
                quiet = start if quiet is None else quiet
                if until - quiet >= quiet_days - SAME:
                    out.append((now, quiet, True, False))
                    now, quiet = None, None
            continue
        quiet = None
        if now is None and lost is not None and grade <= lost.grade:
            now = _Stay(lost.grade, lost.onset, lost.reached, start)
        elif now is None:
            now = _Stay(grade, lost.onset if lost is not None else start, start, start)
        elif grade > now.grade:
            out.append((now, start, False, True))
            now = _Stay(grade, now.onset, start, start)
        lost = None
    if now is not None:
        out.append((now, quiet if quiet is not None else before, False, False))
    return out


def _cut(patient: int, piece: Piece, dose: float) -> list[Row]:
    """A stay without and with the drug; a part without length is none."""
    stay, end, resolved, risen = piece
    head = (patient, stay.grade, stay.onset, stay.reached)
    if end <= stay.start + SAME:
        return []
    if dose <= stay.start + SAME:
        return [(*head, stay.start, end, resolved, risen, True)]
    if dose >= end - SAME:
        return [(*head, stay.start, end, resolved, risen, False)]
    return [(*head, stay.start, dose, False, False, False), (*head, dose, end, resolved, risen, True)]
