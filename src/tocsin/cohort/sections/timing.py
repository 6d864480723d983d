"""The time of treatment: what "given against not given" hides when a drug is given because of the grade and at a time, and the analyses that respect it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.exposure import IMMORTAL_TIME
from tocsin.cohort.parts import Section
from tocsin.cohort.sections import timing_durations, timing_grades, timing_survival
from tocsin.cohort.sections.cells import NONE, joined, plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import Given, first_given
from tocsin.cohort.sections.hazards import METHODS, software
from tocsin.cohort.sections.stays import grade_at
from tocsin.cohort.sections.tables import Lines

INDICATION = (
    "Counting each day as what it was removes immortal time; it does not make the treated alike to the untreated. At the same grade and the same time the "
    "sicker patient is treated (confounding by indication), which none of these analyses undoes."
)


def section(cohort: Cohort) -> Section:
    """The timing section."""
    draft = Draft("timing", "The time of treatment")
    drug = cohort.study.exposure
    given = draft.tried(f"Analyses of the time of {drug}", lambda: first_given(cohort, drug))
    if given is None:
        return draft.section()
    if not given.never.any():
        draft.leave_out(f"Analyses of the time of {drug}", "of nobody is it known that it was not given.")
    _when(draft, cohort, given)
    timing_survival.write(draft, cohort, given)
    timing_grades.write(draft, cohort, given)
    timing_durations.write(draft, cohort, given)
    draft.warn(INDICATION, given.missing)
    if draft.parts:
        draft.methods += [f"Exposure was the first dose of {drug}. {IMMORTAL_TIME}", METHODS, software()]
        draft.text.append(
            "The analyses of this section are views of the same question from several sides, not independent tests of it: they are to be read together, and no "
            "single p-value among them counts for itself.")
    return draft.section()


def _when(draft: Draft, cohort: Cohort, given: Given) -> None:
    """When the drug was first given, and at which grade."""
    drug, days = given.drug, given.day[given.ever]
    patients = cohort.members["patient"].to_list()
    steps = cohort.steps.get("crs")
    grades = grade_at(steps, patients, given.day) if steps is not None and len(steps) else [None] * len(patients)
    counts = Counter(g for g, e in zip(grades, given.ever, strict=True) if e)
    known = sorted(g for g in counts if g is not None)
    at = [f"{counts[g]} at grade {g}" for g in known] + ([f"{counts[None]} at a grade that is not settled"] if counts[None] else [])
    draft.text.append(
        f"{drug[0].upper()}{drug[1:]} was first given to {plural(len(days), 'patient')} on day {np.median(days):.1f} in the median (range {days.min():.1f} to "
        f"{days.max():.1f}), {joined(at)}: because of the grade, and at a time. To compare those ever given it with those never given it from day 0 on "
        "compares patients who were not alike when it was given, and counts the days before the first dose as days with the drug.")
    if not known:
        draft.leave_out("Grade when first given", "the grade is not settled at the time of any first dose.")
        return
    lines = Lines([f"CRS grade when {drug} was first given", "Patients", "Highest grade the same", "Highest grade above it", "Highest grade not known"])
    highest = cohort.members["crs_max_grade"].to_list() if "crs_max_grade" in cohort.members.columns else [None] * len(patients)
    for grade in [*known, *([None] if counts[None] else [])]:
        mine = [h for g, h, e in zip(grades, highest, given.ever, strict=True) if e and g == grade]
        same = sum(1 for h in mine if h is not None and grade is not None and h <= grade)
        above = sum(1 for h in mine if h is not None and grade is not None and h > grade)
        unknown = sum(1 for h in mine if h is None)
        settled = grade is not None
        lines.whole("not settled" if grade is None else f"grade {grade}", str(len(mine)), str(same) if settled else NONE, str(above) if settled else NONE,
                    str(unknown))
        lines.number(grade=grade, patients=len(mine), highest_same=same if settled else None, highest_above=above if settled else None,
                     highest_not_known=unknown)
    draft.parts.append(lines.table("table-timing-grade", f"CRS grade at the time of the first {drug}", (
        "The grade in force when the first dose was given; a grade that begins at that very time counts. The highest grade is known only afterwards and may be "
        "what the drug failed, or helped, to prevent: patients must not be grouped by it as if it had been known.", *_by_the_day(cohort, given))))


def _by_the_day(cohort: Cohort, given: Given) -> tuple[str, ...]:
    """A note where the day of a first dose is known and its time is not: the grade of that day may have come after it."""
    if "window_days" not in cohort.doses.columns:
        return ()
    first = cohort.doses.filter(pl.col("drug").is_in([given.drug, given.drug.removesuffix("s")]) | pl.col("group").is_in(
        [given.drug, given.drug.removesuffix("s")])).sort("patient", "day").group_by("patient", maintain_order=True).first()
    many = first.filter(pl.col("window_days") > 0).height
    return (f"Of {plural(many, 'patient')} the first dose is known by the day or a window only and stands at its middle: the grade told for that time may have "
            "been reached after the dose.",) if many else ()
