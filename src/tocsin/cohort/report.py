"""The report of a cohort: every section in the order of a paper, with what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from importlib import import_module

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.packages import needs, with_version
from tocsin.cohort.parts import CohortReport, Section
from tocsin.cohort.study import Exclusion, Study
from tocsin.errors import CohortError

SECTIONS: tuple[tuple[str, str], ...] = (
    ("patients", "Patients"), ("grades", "Incidence and grade"), ("durations", "Onset and duration"), ("courses", "Courses"),
    ("treatments", "Treatments"), ("response", "Response"), ("survival", "Survival"), ("competing", "Competing risks"), ("kinetics", "Kinetics"),
    ("safety", "Safety"), ("regression", "Who was treated"), ("timing", "The time of treatment"),
)
"""The sections in order, by the module of ``cohort.sections`` that makes each, and its title."""
PACKAGES = ("scipy", "statsmodels")
CAUTION = (
    "The arms were not randomised. A drug is given because of the grade, and at a time: a difference between the arms, or its absence, is not the effect of "
    "the drug. Intervals say what the data are compatible with; no p-value here shows that arms are alike."
)


def report(cohort: Cohort, basis: tuple[tuple[str, str], ...] = ()) -> CohortReport:
    """Every section of the report; one that cannot be made says why, and the others go on."""
    for package in PACKAGES:
        needs(package)
    sections = tuple(_made(name, title, cohort) for name, title in SECTIONS)
    n = len(cohort.members)
    sizes = ", ".join(f"{len(cohort.of_arm(a)):,} {a}" for a in cohort.arms)
    summary = Section("summary", "In short", tuple(s.text[0] for s in sections if s.text), warnings=(CAUTION,))
    return CohortReport(cohort.study.title or "Cohort", f"{n:,} {cohort.study.patients_label}: {sizes}", (summary, *sections), (
        *basis, *_choices(cohort.study), *(("Grades", f"{k.upper()}: {v}") for k, v in cohort.sources.items()), *(("Note", n) for n in cohort.notes),
        ("Software", ", ".join(with_version(p) for p in ("tocsin", *PACKAGES, "numpy", "polars")))), cohort.arms, cohort.study.synthetic)


def _made(name: str, title: str, cohort: Cohort) -> Section:
    make: Callable[[Cohort], Section] = import_module(f"tocsin.cohort.sections.{name}").section
    try:
        return make(cohort)
    except CohortError as error:
        return Section(name, title, left_out=(f"{title}: {error}",))


def _choices(study: Study) -> tuple[tuple[str, str], ...]:
    """What the study file changed, and the windows, which matter whatever their value."""
    plain = Study()
    always = ("arms", "scales", "window_days", "response_window", "landmarks")
    return tuple(("Choice", f"{f.name} = {_said(getattr(study, f.name))}") for f in fields(Study)
                 if f.name in always or (f.name not in ("title", "variables", "synthetic") and getattr(study, f.name) != getattr(plain, f.name)))


def _said(value: object) -> str:
    if isinstance(value, Exclusion):
        return f"{value.reason} ({value.when})"
    return ", ".join(map(_said, value)) if isinstance(value, tuple) else str(value)
