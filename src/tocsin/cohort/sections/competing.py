"""Competing risks: progression against death without progression, and CRS against death without CRS, each as the share that it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.competing import CumulativeIncidence, Incidence, cumulative_incidence
from tocsin.cohort.fine_gray import fine_gray
from tocsin.cohort.gray import gray_test
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.parts import FigurePart, Incidences, Section
from tocsin.cohort.sections.cells import NONE, joined, plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import defines_arms
from tocsin.cohort.sections.hazards import hazards
from tocsin.cohort.sections.outcomes import PROGRESSION_FREE, arms_of, follow_up, only, present, reference_first
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import UNITS, Unit, p_cell, p_words, percent, spread, unit_of, with_limits
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

CRS_CAUSES = ("CRS", "death without CRS")


def section(cohort: Cohort) -> Section:
    """The section on competing risks."""
    draft = Draft("competing-risks", "Competing risks")
    unit = unit_of(cohort.study)
    data = draft.tried("Progression with death as its competing event", lambda: follow_up(cohort, PROGRESSION_FREE))
    if data is not None:
        draft.tried("Progression with death as its competing event", lambda: _section(
            draft, cohort, data, "progression", "Progression, and death without progression", unit, unit.marks))
    crs = draft.tried("CRS with death as its competing event", lambda: to_crs(cohort))
    if crs is not None:
        if (crs.event == 2).any():
            days = UNITS["days"]
            draft.tried("CRS with death as its competing event", lambda: _section(
                draft, cohort, crs, "crs", "CRS, and death without CRS", days, (7.0, 14.0, cohort.study.window_days)))
        else:
            draft.leave_out("CRS with death as its competing event", f"nobody died without CRS within {cohort.study.window_days:g} days, so nothing competes.")
    if draft.parts:
        draft.methods.append(
            "Where one event keeps another from happening, cumulative incidences were estimated by Aalen and Johansen (limits on the log-log scale) and "
            "compared by Gray's test; subdistribution hazard ratios come from Fine and Gray's model, cause-specific ones from Cox's model with the other event "
            "censored, with Firth's penalty where events were few and the table says so.")
        draft.text.append(
            "A cumulative incidence is the share of patients who have had the event by a time, in a world in which the other event happens too. A "
            "subdistribution hazard ratio tells how this share differs; a cause-specific one tells how fast the event comes among those still at risk. They "
            "can differ, and both are given.")
        if defines_arms(cohort):
            draft.warn(f"The arms are defined by {cohort.study.arms}, given after the infusion: these comparisons from day 0 hold immortal time as those of "
                       "survival do.")
    return draft.section()


def to_crs(cohort: Cohort) -> Survival:
    """Days to CRS or to death without it, to the end of the window for toxicities; CohortError where onset or survival is not known."""
    if not cohort.known("crs_max_grade", "os_days", "os_event") or "crs_onset_day" not in cohort.members.columns:
        raise CohortError("this needs the grades and onset of CRS and the time of death or last contact.")
    window = cohort.study.window_days
    times: list[float] = []
    events: list[float] = []
    for grade, onset, days, died in cohort.members.select("crs_max_grade", "crs_onset_day", "os_days", "os_event").iter_rows():
        if onset is not None:
            times.append(min(max(onset, 0.0), window))
            events.append(1 if onset <= window else 0)
        elif grade is None or grade > 0 or days is None or died is None:
            times.append(float("nan"))
            events.append(float("nan"))
        else:
            times.append(min(days, window))
            events.append(2 if died and days <= window else 0)
    return Survival.of(times, events, causes=CRS_CAUSES)


def _section(draft: Draft, cohort: Cohort, data: Survival, what: str, title: str, unit: Unit, marks: Sequence[float]) -> None:
    """One pair of competing events: table, figure, tests and models."""
    arms = cohort.arms
    arm = only(arms_of(cohort), arms)
    found = cumulative_incidence(data, arm, levels=arms)
    lines = Lines(["First event", *arms])
    for cause in data.causes:
        _incidences(lines, found, cause, arms, unit, marks)
    compared = Lines(["Comparison", "Estimate (95% CI)", "p", "p (Holm)", "Patients (events)"])
    notes = _compare(draft, cohort, data, compared)
    missing = int((~data.known).sum())
    counts = [f"{plural(int((data.event[data.known] == k).sum()), 'patient')} had {cause} first" for k, cause in enumerate(data.causes, start=1)]
    draft.text.insert(0 if what == "progression" else len(draft.text), f"{title}: of {plural(int(data.known.sum()), 'patient')} followed "
                      f"{joined(counts)}" + (f"; of {plural(missing, 'patient')} this is not known." if missing else "."))
    draft.parts.append(lines.table(f"table-competing-{what}", f"{title}: cumulative incidence by arm, times in {unit.name}", (
        "Aalen-Johansen estimates with 95% confidence limits on the log-log scale. – stands where nobody was followed that long.",)))
    if compared.rows:
        draft.parts.append(compared.table(f"table-competing-{what}-comparisons", f"{title}: comparison of arms", (
            "p (Holm) is adjusted for the tests of the two events.",)))
    at_risk = tuple(kaplan_meier(data.any_cause(), arm, levels=arms).curves)
    draft.parts.append(FigurePart(
        f"figure-competing-{what}", title, f"Cumulative incidence of {joined(data.causes)} by arm (Aalen-Johansen), with numbers still at risk of both. "
        f"The table has the 95% confidence limits{'' if len(found.curves) > 2 else ', drawn as bands'}.",
        Incidences(found.curves, tuple(f"{c.cause}, {c.label}" for c in found.curves), at_risk, tuple(c.label for c in at_risk),
                   f"{unit.name.capitalize()} since the infusion", "Cumulative incidence, %", unit.days, "; ".join(notes))))
    draft.rest_on(found.cites)
    draft.warn(*(w for w in found.warnings if "nobody has a known time" in w))


def _incidences(lines: Lines, found: CumulativeIncidence, cause: str, arms: Sequence[str], unit: Unit, marks: Sequence[float]) -> None:
    """The rows of one event: how many had it, and the share at each time."""
    curves = {c.label: c for c in found.curves if c.cause == cause}
    lines.heading(f"{cause[0].upper()}{cause[1:]}")
    lines.add("Patients with it first, of all followed", *(f"{curves[a].n_events}/{curves[a].n}" if a in curves else NONE for a in arms))
    for mark in marks:
        read = [_at(curves[a], mark * unit.days) if a in curves else None for a in arms]
        if all(r is None for r in read):
            continue
        lines.add(f"By {mark:g} {unit.name}, % (95% CI)", *(NONE if r is None else spread(*r, percent) for r in read))
        for a, r in zip(arms, read, strict=True):
            if r is not None:
                lines.number(event=cause, arm=a, measure="cumulative incidence", days=mark * unit.days, value=r[0], low=r[1], high=r[2], n=curves[a].n,
                             events=curves[a].n_events)


def _at(curve: Incidence, days: float) -> tuple[float, float | None, float | None] | None:
    at = curve.at([days])
    value = float(at.incidence[0])
    if np.isnan(value):
        return None
    low, high = float(at.lower[0]), float(at.upper[0])
    return value, None if np.isnan(low) else low, None if np.isnan(high) else high


def _compare(draft: Draft, cohort: Cohort, data: Survival, lines: Lines) -> list[str]:
    """Gray's tests, subdistribution and cause-specific hazard ratios; answers the notes of the figure."""
    found = draft.tried("Competing risks compared between arms", lambda: present(cohort, data))
    if found is None:
        return []
    arm = only(arms_of(cohort), found)
    notes: list[str] = []
    tests = [draft.tried(f"Gray's test of {cause}", lambda c=cause: gray_test(data, arm, c, levels=found)) for cause in data.causes]  # type: ignore[misc]
    holm = adjust([None if t is None else t.test.p for t in tests], "holm")
    for cause, t, p in zip(data.causes, tests, holm.adjusted, strict=True):
        if t is not None:
            lines.whole(f"Gray's test of {cause}", "", p_cell(t.test.p), p_cell(p), f"{sum(t.test.n)} ({sum(t.events)})")
            lines.number(event=cause, arm="all", measure="Gray's test", value=t.test.statistic, p=t.test.p, p_holm=p)
            draft.text.append(f"Cumulative incidence of {cause}: Gray's test {p_words(t.test.p)}.")
            draft.rest_on(t.test.cites)
            draft.warn(*t.test.warnings)
            notes.append(f"{cause}: Gray's test {p_words(t.test.p)}")
    levels = {"arm": reference_first(found)}
    for cause in data.causes:
        _ratios(draft, data, cause, arm, levels, lines)
    draft.rest_on(holm.cites)
    return notes


def _ratios(draft: Draft, data: Survival, cause: str, arm: Sequence[object], levels: dict[str, list[str]], lines: Lines) -> None:
    reference = levels["arm"][0]
    sub = draft.tried(f"Subdistribution hazard ratio of {cause}", lambda: fine_gray(data, cause, {"arm": arm}, levels=levels))
    if sub is not None:
        for c in sub.coefficients:
            name = c.name.removeprefix("arm: ")
            lines.whole(f"Subdistribution hazard ratio of {cause}, {name} against {reference}", spread(c.hazard_ratio, c.low, c.high), p_cell(c.p), "",
                        f"{sub.n} ({sub.n_events})")
            lines.number(event=cause, arm=f"{name} against {reference}", measure="subdistribution hazard ratio", value=c.hazard_ratio, low=c.low, high=c.high,
                         p=c.p, n=sub.n, events=sub.n_events)
            draft.text.append(f"The subdistribution hazard ratio of {cause}, {name} against {reference}, is {with_limits(c.hazard_ratio, c.low, c.high)} "
                              f"with {plural(sub.n_events, 'event')}.")
        draft.rest_on(sub.cites)
        draft.warn(*sub.warnings)
    own = draft.tried(f"Cause-specific hazard ratio of {cause}", lambda: hazards(data.of_cause(cause), {"arm": arm}, levels=levels))
    if own is not None:
        penalised = " (Firth's penalty)" if own.firth is not None else ""
        for r in own.ratios:
            name = r.name.removeprefix("arm: ")
            lines.whole(f"Cause-specific hazard ratio of {cause}, {name} against {reference}{penalised}", spread(r.value, r.low, r.high), p_cell(r.p), "",
                        f"{own.n} ({own.events})")
            lines.number(event=cause, arm=f"{name} against {reference}", measure="cause-specific hazard ratio", value=r.value, low=r.low, high=r.high, p=r.p,
                         n=own.n, events=own.events, method=own.method)
        draft.rest_on(own.cites)
