"""Kinetics of cytokines, inflammation and CAR-T cells: peaks, times, areas and courses by arm, and what happened around the first tocilizumab."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl

from tocsin.cohort import around
from tocsin.cohort import kinetics as kin
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.measured import ANALYTES, EXPANSION, daily, measured, medians
from tocsin.cohort.parts import Box, Boxes, Course, Courses, FigurePart, Line, Median, Section
from tocsin.cohort.result import TestResult
from tocsin.cohort.sections import response_to_tocilizumab
from tocsin.cohort.sections.arms_table import ArmsTable
from tocsin.cohort.sections.cells import plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.treatments import members_with_treatments
from tocsin.timeline import HOURS_A_DAY
from tocsin.vocabulary import CONCEPTS

PANELS = 6
"""Panels of one figure."""
MOST_LINES = 60
"""Patients above whom a panel draws medians only, because single courses can no longer be told apart (a decision)."""
FEWEST_FOR_MEDIAN = 3
"""Patients measured on a day below whom no median of that day is drawn (a decision of this software)."""
AROUND_DAYS = (-3.0, 7.0)
"""Days before and after the first tocilizumab that are drawn (a decision)."""


def section(cohort: Cohort) -> Section:
    """The section "kinetics" of the report."""
    draft = Draft("kinetics", "Kinetics")
    until = cohort.study.window_days
    people = members_with_treatments(cohort)
    ids = people["patient"].to_list()
    found = kin.kinetics(cohort.timeline, ANALYTES, until).filter(pl.col("patient").is_in(ids))
    analytes = [a for a in ANALYTES if (found["concept"] == a).any()]
    absent = [CONCEPTS[a].title for a in ANALYTES if a not in analytes]
    if absent:
        draft.leave_out("Not measured in anybody", ", ".join(absent))
    if not analytes:
        draft.leave_out("Kinetics", "no cytokine, marker of inflammation or CAR-T cell count is on record after the infusion")
        return draft.section()
    panels = _by_arm(draft, cohort, people, found, analytes)
    _figures(draft, panels)
    _courses(draft, cohort, people, analytes, until)
    _around(draft, cohort, people, analytes, until)
    response_to_tocilizumab.add(draft, cohort, people, found, analytes, until)
    _expansion(draft, people, found, until)
    draft.methods.append(kin.says(until))
    draft.rest_on(kin.CITES)
    return draft.section()


def title(concept: str) -> str:
    """An analyte with its unit."""
    one = CONCEPTS[concept]
    return f"{one.title}, {one.unit}" if one.unit else one.title


def of_concept(people: pl.DataFrame, found: pl.DataFrame, concept: str) -> pl.DataFrame:
    """The kinetics of one analyte in the order of the members; null where it was not measured."""
    return people.select("patient").join(found.filter(pl.col("concept") == concept), on="patient", how="left", maintain_order="left")


def _by_arm(draft: Draft, cohort: Cohort, people: pl.DataFrame, found: pl.DataFrame, analytes: list[str]) -> list[Box]:
    """The table by arm; answers the panels of box plots of the peaks."""
    rows = ArmsTable(draft, people["arm"].to_list(), cohort.arms, "Median (quartiles)")
    until, panels = cohort.study.window_days, []
    for concept in analytes:
        mine = of_concept(people, found, concept)
        rows.heading(title(concept))
        peak = add_rows(rows, mine, concept, until)
        panel = rows.box(CONCEPTS[concept].title, f"Cmax, {CONCEPTS[concept].unit}", mine["cmax"], peak, log=True)
        if panel is not None:
            panels.append(panel)
        why = mine["auc_why"].drop_nulls().to_list()
        if why:
            counts = Counter(next((short for start, short in _WHY if re.search(start, w)), w) for w in why)
            said = ", ".join(f"{w} in {n}" for w, n in counts.most_common())
            draft.leave_out(f"AUC0–{until:g} of {CONCEPTS[concept].title} in {plural(len(why), 'patient')}", said)
    late = int(found.filter(pl.col("peak_is_last"))["patient"].n_unique())
    limits = int((found["cmax_censored"] != 0).sum())
    notes = [f"n: patients with a value. Area under the curve (AUC) in the unit times days. Days since the infusion, to day {until:g}."]
    if limits:
        notes.append(f"Of {plural(limits, 'peak')} (at a limit) only a bound is known, because the assay's range ended; they enter at that bound, which ranks "
                     "them rightly against every value within the range.")
    if late:
        notes.append(f"In {plural(late, 'patient')} the last value taken of some analyte is its highest: the true peak may have come later.")
    part = rows.table("table-kinetics", "Cytokines, inflammation and CAR-T cells by arm", notes)
    if part is not None:
        draft.parts.append(part)
        many = found.group_by("concept").len()["len"].to_list()
        draft.text.append(f"{plural(len(analytes), 'analyte')} {'was' if len(analytes) == 1 else 'were'} measured after the infusion, in "
                          f"{min(many) if min(many) == max(many) else f'{min(many)} to {max(many)}'} of {plural(len(people), 'patient')}.")
    return panels


_WHY = (("first value", "first value too late"), ("last value", "last value too early"), ("without a value", "too long a gap between values"))


def add_rows(rows: ArmsTable, mine: pl.DataFrame, concept: str, until: float) -> TestResult | None:
    """The rows of one analyte; answers the test of its peaks."""
    peak = rows.values("Cmax", mine["cmax"], key=f"{concept}_cmax", limits=mine["cmax_censored"])
    if mine["tmax_day"].count():
        rows.values("Tmax, day", mine["tmax_day"], key=f"{concept}_tmax_day")
    if mine["auc"].count():
        rows.values(f"AUC0–{until:g}", mine["auc"], key=f"{concept}_auc", limits=mine["auc_censored"])
    if concept in EXPANSION and mine["last_day"].count():
        rows.values("last found, day", mine["last_day"], key=f"{concept}_last_day")
    return peak


def _figures(draft: Draft, panels: list[Box]) -> None:
    for number, some in enumerate(in_figures(panels), start=1):
        draft.parts.append(FigurePart(f"figure-cmax-{number}", "Peaks by arm", "Highest value of each patient after the infusion, on a logarithmic axis; "
                                      "boxes: median and quartiles; points: patients. P-values are not adjusted; the table has the adjusted ones.",
                                      Boxes(tuple(some))))


def in_figures(panels: list[Any]) -> list[list[Any]]:
    """Panels in groups that fit one figure."""
    return [panels[i:i + PANELS] for i in range(0, len(panels), PANELS)]


def panel(concept: str, values: pl.DataFrame, people: pl.DataFrame, arms: tuple[str, ...]) -> Course | None:
    """One panel of courses by arm: patients, and the medians of their daily highest values; None without values."""
    mine = values.filter((pl.col("concept") == concept) & pl.col("value").is_not_null()).join(people.select("patient", "arm"), on="patient", how="inner")
    if not len(mine):
        return None
    place = {a: i for i, a in enumerate(arms)}
    lines: list[Line] = []
    if mine["patient"].n_unique() <= MOST_LINES:
        for patient, arm, days, numbers, censored in mine.sort("patient", "day").group_by("patient", "arm", maintain_order=True).agg(
                "day", "value", "censored").iter_rows():
            lines.append(Line(patient, place[arm], tuple(days), tuple(numbers), tuple(censored)))
    middles = []
    for arm in arms:
        by_day = medians(daily(mine.filter(pl.col("arm") == arm))).filter(pl.col("n") >= FEWEST_FOR_MEDIAN)
        if len(by_day):
            middles.append(Median(arm, place[arm], tuple(d + 0.5 for d in by_day["day"].to_list()), *(
                tuple(by_day[c].to_list()) for c in ("median", "q1", "q3", "n"))))
    log = bool(CONCEPTS[concept].log_scale) and bool((mine["value"] > 0).any())
    return Course(CONCEPTS[concept].title, title(concept), tuple(lines), tuple(middles), log)


def _caption(people: pl.DataFrame, what: str) -> str:
    lines = "Thin lines: patients; open ends at limits of the assay." if len(people) <= MOST_LINES else (
        f"Single courses are not drawn where a panel has more than {MOST_LINES} patients.")
    return (f"{what} {lines} Thick lines: median of the patients' highest values of the day, with quartiles, drawn at the middle of the day where at "
            f"least {FEWEST_FOR_MEDIAN} were measured; the medians are of those measured on that day, who change from day to day. n: patients behind them.")


def _courses(draft: Draft, cohort: Cohort, people: pl.DataFrame, analytes: list[str], until: float) -> None:
    values = measured(cohort.timeline, analytes, 0.0, until)
    panels = [p for p in (panel(a, values, people, cohort.arms) for a in analytes) if p is not None]
    for number, some in enumerate(in_figures(panels), start=1):
        draft.parts.append(FigurePart(f"figure-courses-{number}", "Courses by arm", _caption(people, "Values over time by arm."),
                                      Courses(tuple(some), cohort.arms)))


def _around(draft: Draft, cohort: Cohort, people: pl.DataFrame, analytes: list[str], until: float) -> None:
    """Courses with the first tocilizumab as day 0."""
    first = around.first_doses(cohort.timeline, "tocilizumab", until).join(people.select("patient"), on="patient", how="semi")
    if not len(first):
        draft.leave_out("Courses around the first tocilizumab", "no dose of tocilizumab has a time on record")
        return
    zero = {p: d * HOURS_A_DAY for p, d in first.select("patient", "day").iter_rows()}
    treated = people.join(first.select("patient"), on="patient", how="semi")
    arms = tuple(a for a in cohort.arms if (treated["arm"] == a).any())
    panels = [p for a in analytes if (p := panel(a, around.around(cohort.timeline, a, zero, AROUND_DAYS), treated, cohort.arms)) is not None]
    for number, some in enumerate(in_figures(panels), start=1):
        draft.parts.append(FigurePart(
            f"figure-around-tocilizumab-{number}", "Courses around the first tocilizumab",
            _caption(treated, f"Values of {plural(len(treated), 'patient')} given tocilizumab ({', '.join(arms)}); day 0 is the first dose."),
            Courses(tuple(some), cohort.arms, "Days since the first tocilizumab", "first tocilizumab")))
    rough = int((first["last"] > first["first"]).sum())
    if rough:
        draft.warn(f"The first tocilizumab of {plural(rough, 'patient')} is known by the day or a window only and stands at its middle: values of the same day "
                   "may have been taken before or after it. They are drawn, but no response rests on them.")


def _expansion(draft: Draft, people: pl.DataFrame, found: pl.DataFrame, until: float) -> None:
    """CAR-T cells by tocilizumab and by corticosteroids, with who was treated only after the peak."""
    cells = [c for c in EXPANSION if (found["concept"] == c).any()]
    if not cells:
        draft.leave_out("Expansion of CAR-T cells by treatment", "neither percentages nor copies are on record")
        return
    for flag, drug, day in (("tocilizumab_given", "tocilizumab", "tocilizumab_first_day"), ("corticosteroids", "corticosteroids", "corticosteroid_first_day")):
        if people[flag].count() == 0 or people[flag].drop_nulls().n_unique() < 2:
            draft.leave_out(f"Expansion of CAR-T cells by {drug}", "not both groups are known: given and not given")
            continue
        groups = (drug, f"no {drug}")
        rows = ArmsTable(draft, [None if g is None else groups[0] if g else groups[1] for g in people[flag].to_list()], groups, "Median (quartiles)", False)
        notes = []
        for concept in cells:
            mine = of_concept(people, found, concept)
            rows.heading(title(concept))
            add_rows(rows, mine, concept, until)
            both = mine.select(late=people[day] > pl.col("tmax_day"))["late"]
            if both.count():
                notes.append(f"{CONCEPTS[concept].title}: of {plural(both.count(), 'patient')} given {drug} whose peak and first dose have a day, "
                             f"{int(both.sum())} got it only after the peak, which it cannot have changed.")
        part = rows.table(f"table-expansion-by-{drug}", f"Expansion of CAR-T cells by {drug}", notes)
        if part is not None:
            draft.parts.append(part)
    draft.warn("Both drugs are given because of the toxicity that comes with expansion, so that greater expansion in those given a drug is expected even if "
               "the drug does nothing to it; a smaller one would not show harm by itself.")
