"""The course of every patient at a glance: grades and drugs over the first weeks."""

from __future__ import annotations

import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.parts import FigurePart, Lane, Section, Swimmer
from tocsin.cohort.sections.grades import TITLES

DRUGS = ("tocilizumab", "corticosteroid", "anakinra", "siltuximab", "ruxolitinib")
"""The drugs marked in the picture, by their name or group in ``Cohort.doses``."""


def section(cohort: Cohort) -> Section:
    """One swimmer plot a syndrome."""
    parts, left = [], []
    for syndrome, title in TITLES.items():
        steps = cohort.steps.get(syndrome)
        if steps is None or not len(steps) or not (steps["grade"].fill_null(0) >= 1).any():
            left.append(f"Swimmer plot of {title}: no course over time is known" + (" in which anybody had it." if steps is not None and len(steps) else "."))
            continue
        caption = f"{title} grade of each patient by day since the infusion, with drugs, by arm; hatched where the grade is not settled."
        drawn = Swimmer(_lanes(cohort, steps), cohort.arms, title, cohort.study.window_days)
        parts.append(FigurePart(f"figure-{syndrome}-swimmer", f"{title} of every patient over time", caption, drawn))
    return Section("courses", "Courses", (), tuple(parts), tuple(left))


def _lanes(cohort: Cohort, steps: pl.DataFrame) -> tuple[Lane, ...]:
    """A lane a patient: by arm, the longest course first."""
    until = cohort.study.window_days
    spans = {p: list(zip(s, e, g, strict=True)) for p, s, e, g in steps.with_columns(pl.col("grade").fill_null(-1)).group_by("patient").agg(
        "start_day", "end_day", "grade").iter_rows()}
    marked = cohort.doses.with_columns(kind=pl.when(pl.col("group").is_in(DRUGS)).then("group").when(pl.col("drug").is_in(DRUGS)).then("drug"))
    drugs = {p: list(zip(d, k, strict=True)) for p, d, k in marked.filter(pl.col("kind").is_not_null() & (pl.col("day") <= until)).sort("day").group_by(
        "patient").agg("day", "kind").iter_rows()}
    place = {a: i for i, a in enumerate(cohort.arms)}
    lanes = []
    for row in cohort.members.iter_rows(named=True):
        mine = [(s, e, g) for s, e, g in spans.get(row["patient"], ()) if e > s]
        last = max([e for _, e, _ in mine] + [d for d, _ in drugs.get(row["patient"], ())] + [0.0])
        followed = row["follow_up_days"] if row["follow_up_days"] is not None else last
        events = []
        if row["os_event"] and row["os_days"] <= until:
            events.append((row["os_days"], "death"))
        if row["pfs_event"] == "progression" and row["pfs_days"] <= until:
            events.append((row["pfs_days"], "progression"))
        arm = place[row["arm"]]
        lane = Lane(row["patient"], arm, tuple(mine), tuple(drugs.get(row["patient"], ())), tuple(events), min(max(last, followed), until), followed > until)
        lanes.append(((arm, -(row["crs_observed_days"] or 0.0), row["patient"]), lane))
    return tuple(lane for _, lane in sorted(lanes, key=lambda pair: pair[0]))
