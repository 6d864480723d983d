"""Infections by site, graft-versus-host disease, G-CSF, and the function of liver, kidney and marrow, by arm."""

from __future__ import annotations

import polars as pl

from tocsin.cohort.arms import drug_named
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.complications import ORGANS, SITE_NOT_TOLD, organs
from tocsin.cohort.parts import Box, Boxes, FigurePart, Section
from tocsin.cohort.proportions import wilson
from tocsin.cohort.result import p_in_words
from tocsin.cohort.sections.arms_table import ArmsTable
from tocsin.cohort.sections.cells import plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.kinetics import in_figures, title
from tocsin.cohort.sections.treatments import members_with_treatments
from tocsin.vocabulary import CONCEPTS

SEVERE = 3
"""CTCAE grade from which a laboratory toxicity is severe (ctcae5: grade 3, severe)."""
UNKNOWN = ("nothing on record tells for anybody whether there was any; that there is no row means so only where findings are declared complete, or where the "
           "table of patients tells it")


def section(cohort: Cohort) -> Section:
    """The section "safety" of the report."""
    draft = Draft("safety", "Safety")
    people = members_with_treatments(cohort)
    _infections(draft, cohort, people)
    _marrow_support(draft, cohort, people)
    _organs(draft, cohort, people)
    return draft.section()


def _infections(draft: Draft, cohort: Cohort, people: pl.DataFrame) -> None:
    rows = ArmsTable(draft, people["arm"].to_list(), cohort.arms, "Patients with, n (%)")
    test = None
    if "infection" in people.columns and people["infection"].count():
        rows.heading("Infection")
        test = rows.counts("any", people["infection"], key="infection")
        _sites(rows, people)
        _said(draft, cohort, people, "infection", "An infection")
        if test is not None and test.p is not None:
            draft.text.append(f"Compared between the arms: {test.called}, p {p_in_words(test.p, sign=True)}.")
    else:
        draft.leave_out("Infections", UNKNOWN)
    if "gvhd" in people.columns and people["gvhd"].count():
        rows.heading("Graft-versus-host disease")
        rows.counts("any", people["gvhd"], key="gvhd")
        _said(draft, cohort, people, "gvhd", "Graft-versus-host disease")
    else:
        draft.leave_out("Graft-versus-host disease", UNKNOWN)
    notes = ["n/N (%): N are those of whom it is known. Differences in percentage points with Newcombe's interval. A patient with infections of several sites "
             f"counts in each. From the infusion to day {cohort.study.window_days:g}."]
    notes += _before_the_drug(cohort, people)
    part = rows.table("table-infections", "Infections by site and graft-versus-host disease, by arm", notes)
    if part is not None:
        draft.parts.append(part)
        draft.methods.append("Counts of complications are compared by Fisher's exact test, with differences of proportions by Newcombe's method 10.")


def _before_the_drug(cohort: Cohort, people: pl.DataFrame) -> list[str]:
    """Where a drug makes the arms: how many infections of those given it came before it, as far as both are dated."""
    drug = drug_named(cohort.study.arms)
    first = next((f"{d}_first_day" for d in (drug, (drug or "").removesuffix("s")) if f"{d}_first_day" in people.columns), None)
    if first is None or "infection_first_day" not in people.columns:
        return []
    both = people.filter(pl.col(first).is_not_null() & pl.col("infection_first_day").is_not_null())
    if not len(both):
        return []
    before = int((both["infection_first_day"] < both[first]).sum())
    return [f"Infections count from the infusion on, in both arms. Of {plural(len(both), 'patient')} given {drug} with an infection, both with a day on "
            f"record, {before} had the first infection before the first dose, which cannot have caused it."]


def _sites(rows: ArmsTable, people: pl.DataFrame) -> None:
    """One row a site, of those of whom infection is known; a site is known where every site of the patient is told."""
    if "infection_sites" not in people.columns:
        return
    listed = people["infection_sites"]
    sites = sorted({s for one in listed.drop_nulls().to_list() for s in one if s != SITE_NOT_TOLD})
    for site in sites:
        here = people.select(x=pl.when(pl.col("infection").is_null()).then(None).when(~pl.col("infection")).then(False)
                             .when(pl.col("infection_sites").list.contains(site)).then(True)
                             .when(pl.col("infection_sites").list.contains(SITE_NOT_TOLD) | (pl.col("infection_sites").list.len() == 0)).then(None)
                             .otherwise(False))["x"]
        rows.counts(site, here, key=f"infection: {site}")
    untold = people.select(x=pl.when(pl.col("infection").is_null()).then(None).otherwise(
        pl.col("infection") & (pl.col("infection_sites").list.contains(SITE_NOT_TOLD) | (pl.col("infection_sites").list.len() == 0)).fill_null(True)))["x"]
    if untold.fill_null(False).any():
        rows.counts(SITE_NOT_TOLD, untold, key=f"infection: {SITE_NOT_TOLD}", untested="not a site")


def _said(draft: Draft, cohort: Cohort, people: pl.DataFrame, column: str, what: str) -> None:
    parts = []
    for arm in cohort.arms:
        flags = people.filter(pl.col("arm") == arm)[column].drop_nulls()
        n, k = len(flags), int(flags.sum())
        e = wilson(k, n)
        draft.rest_on(e.cites)
        interval = f"{100 * (e.low or 0):.0f} to {100 * (e.high or 0):.0f}"
        parts.append(f"{k} of {n} ({100 * k / n:.1f}%; 95% CI {interval}) in the arm {arm}" if n else f"nobody known in the arm {arm}")
    draft.text.append(f"{what} is on record in {', '.join(parts)}.")
    unknown = people[column].null_count()
    if unknown:
        draft.warn(f"{what}: of {plural(unknown, 'patient')} it is not known whether there was one.")


def _marrow_support(draft: Draft, cohort: Cohort, people: pl.DataFrame) -> None:
    rows = ArmsTable(draft, people["arm"].to_list(), cohort.arms, "G-CSF")
    if not people["gcsf_given"].count():
        draft.leave_out("G-CSF", "nothing on record tells for anybody whether any was given")
        return
    rows.heading("G-CSF")
    rows.counts("given, n (%)", people["gcsf_given"], key="gcsf_given")
    test = None
    given = people.filter(pl.col("gcsf_given").fill_null(False))
    if given["filgrastim_ug"].count():
        test = rows.values("all doses, µg, 0 without any, median (quartiles)", people["filgrastim_ug"], key="filgrastim_ug")
    elif len(given):
        draft.leave_out("Dose of G-CSF", "no amount is known for anybody")
    part = rows.table("table-g-csf", "G-CSF by arm", ["More G-CSF stands for deeper or longer neutropenia, and for the habits of the ward."])
    if part is not None:
        draft.parts.append(part)
    box = rows.box("G-CSF", "All doses, µg", people["filgrastim_ug"], test) if test is not None else None
    if box is not None:
        draft.parts.append(FigurePart("figure-g-csf", "G-CSF by arm", "All G-CSF of each patient, 0 where none was given; boxes: median and quartiles; points: "
                                      "patients.", Boxes((box,))))


def _organs(draft: Draft, cohort: Cohort, people: pl.DataFrame) -> None:
    """Worst values and grades; a patient without a value is not one with a normal one."""
    found = organs(cohort.timeline, cohort.study.window_days).join(people.select("patient"), on="patient", how="semi")
    rows = ArmsTable(draft, people["arm"].to_list(), cohort.arms, "Median (quartiles)")
    panels: list[Box] = []
    ungraded = []
    for organ in ORGANS:
        one = CONCEPTS[organ.concept]
        mine = people.select("patient").join(found.filter(pl.col("concept") == organ.concept), on="patient", how="left", maintain_order="left")
        if not mine["worst"].count():
            draft.leave_out(one.title, "not measured after the infusion in anybody")
            continue
        rows.heading(title(organ.concept))
        if mine["baseline"].count():
            rows.values("before lymphodepletion", mine["baseline"], key=f"{organ.concept}_baseline")
        test = rows.values("highest" if organ.highest else "lowest", mine["worst"], key=f"{organ.concept}_worst", limits=mine["worst_censored"])
        severe = mine.select(x=pl.when(pl.col("grade_at_least") >= SEVERE).then(True).when(pl.col("grade_at_most") < SEVERE).then(False))["x"]
        if severe.count():
            rows.counts(f"CTCAE v5.0 grade {SEVERE} or more, n (%)", severe, key=f"{organ.concept}_severe")
        else:
            ungraded.append(one.title)
        box = rows.box(one.title, f"{'Highest' if organ.highest else 'Lowest'}, {one.unit}", mine["worst"], test, log=True)
        if box is not None:
            panels.append(box)
    if ungraded:
        draft.leave_out("CTCAE grades of " + ", ".join(ungraded), "the limits of normal of the patients' laboratory are not told (uln_alt and the like)")
    part = rows.table("table-organs", "Liver, kidney and marrow by arm", [
        f"Highest or lowest value from the infusion to day {cohort.study.window_days:g}; n: patients measured. Grades count those of whom the value, the "
        "baseline and the limits of normal settle it. Lymphodepletion and the disease itself move these values in every arm."])
    if part is not None:
        draft.parts.append(part)
        draft.methods.append("Laboratory toxicities are graded by CTCAE v5.0 at the worst value, by the limits of normal of the patient's own laboratory.")
        draft.rest_on(("ctcae5:laboratory terms",))
    for number, some in enumerate(in_figures(panels), start=1):
        draft.parts.append(FigurePart(f"figure-organs-{number}", "Liver, kidney and marrow by arm", "Worst value of each patient after the infusion, on a "
                                      "logarithmic axis; boxes: median and quartiles; points: patients. P-values are not adjusted.", Boxes(tuple(some))))
