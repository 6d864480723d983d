"""Survival with each day counted as what it was: time-dependent Cox models, Simon-Makuch curves, and landmark analyses, beside the naive comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.exposure import CITES, LANDMARK, LANDMARK_CITES, Split, landmark, split_at_exposure
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.logrank import BYAR_CITES, log_rank
from tocsin.cohort.parts import Curves, FigurePart, Forest, ForestRow
from tocsin.cohort.sections.cells import joined
from tocsin.cohort.sections.covariates import usable
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import Given
from tocsin.cohort.sections.hazards import Hazards, Ratio, hazards
from tocsin.cohort.sections.outcomes import ENDPOINTS, Endpoint, follow_up
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import Unit, p_cell, p_words, spread, unit_of, with_limits
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

LEAST_PATIENTS = 5
"""Patients with and without the drug from which on a landmark is analysed (a decision of this software)."""
LEAST_EVENTS = 5
"""Events likewise."""
TERM = "given"


class Views:
    """The table and forest plot of several analyses of one effect."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.lines = Lines(columns)
        self.forest: list[ForestRow] = []
        self._outcome = ""

    def heading(self, text: str) -> None:
        """The outcome of the rows that follow."""
        self._outcome = text
        self.lines.heading(text)
        self.forest.append(ForestRow(text))

    def add(self, label: str, model: Hazards, with_n: int, without_n: int) -> Ratio:
        """A row for the ratio of the drug in a model."""
        r = model.of(TERM)[0]
        self.lines.add(label, spread(r.value, r.low, r.high), p_cell(r.p), str(with_n), str(without_n), str(model.events), model.method)
        self.lines.number(outcome=self._outcome, analysis=label, hazard_ratio=r.value, low=r.low, high=r.high, p=r.p, with_drug=with_n, without_drug=without_n,
                          events=model.events, method=model.method)
        self.forest.append(ForestRow(f"  {label}", r.value, r.low, r.high, f"{with_n} / {without_n}", p_cell(r.p)))
        return r


def write(draft: Draft, cohort: Cohort, given: Given) -> None:
    """Both endpoints, as far as they are known."""
    unit = unit_of(cohort.study)
    views = Views(["Analysis", "Hazard ratio (95% CI)", "p", f"Patients with {given.drug}", "Patients without", "Events", "Method"])
    curves: list[FigurePart] = []
    for endpoint in ENDPOINTS:
        data = draft.tried(f"{endpoint.name} by the time of {given.drug}", partial(_followed, cohort, endpoint, given))
        if data is not None:
            curves += _endpoint(draft, cohort, endpoint, data, given, views, unit)
    if not views.lines.filled:
        return
    draft.parts.append(views.lines.table("table-timing-survival", f"Survival by {given.drug}: the naive comparison and those that respect its time", (
        f"Hazard ratios with {given.drug} against without it; below 1, the event is rarer with it. In a time-dependent analysis a patient is without the drug "
        "before the first dose and with it after, and counts in both columns.",)))
    draft.parts += curves
    draft.parts.append(FigurePart(
        "figure-timing-survival", f"Survival by {given.drug}, analysed in several ways",
        f"Hazard ratios with {given.drug} against without it, with 95% confidence intervals: the comparison of ever with never given from day 0, and analyses "
        "that count each day as what it was. Numbers are patients with / without the drug.",
        Forest(tuple(views.forest), "Hazard ratio (95% CI)", 1.0, (f"rarer with {given.drug}", f"more frequent with {given.drug}"))))


def _followed(cohort: Cohort, endpoint: Endpoint, given: Given) -> Survival:
    """Follow-up of those of whom it is known when the drug was given; the others without a time."""
    data = follow_up(cohort, endpoint).any_cause()
    usable_rows = data.known & given.known
    if not usable_rows.any():
        raise CohortError(f"nobody has both known follow-up and a known time of {given.drug}.")
    return Survival.of(np.where(usable_rows, data.time, np.nan), data.event, causes=data.causes)


def _endpoint(draft: Draft, cohort: Cohort, endpoint: Endpoint, data: Survival, given: Given, views: Views, unit: Unit) -> list[FigurePart]:
    """The analyses of one endpoint; answers its curves."""
    drug = given.drug
    ever = given.ever.astype(float)
    if not (data.known & given.ever).any() or not (data.known & given.never).any():
        draft.leave_out(f"{endpoint.name} by the time of {drug}", "it needs patients with and without the drug whose follow-up is known.")
        return []
    views.heading(endpoint.name)
    counts = int((data.known & given.ever).sum()), int((data.known & given.never).sum())
    naive = draft.tried(f"{endpoint.name}, ever against never {drug}", lambda: hazards(data, {TERM: ever}))
    said = []
    if naive is not None:
        r = views.add("Ever against never, from day 0 (holds immortal time)", naive, *counts)
        said.append(f"ever against never given {drug}, from day 0, gives a hazard ratio of {with_limits(r.value, r.low, r.high)}")
        draft.rest_on(naive.cites)
    split = split_at_exposure(data, given.first)
    timed = draft.tried(f"{endpoint.name}, time-dependent {drug}", lambda: hazards(split.survival, {TERM: split.exposed.astype(float)}, cluster=split.row))
    figures: list[FigurePart] = []
    if timed is not None:
        r = views.add("Time-dependent", timed, len(np.unique(split.row[split.exposed])), len(np.unique(split.row[~split.exposed])))
        said.append(f"each day counted as what it was, it is {with_limits(r.value, r.low, r.high)} ({p_words(r.p)})")
        draft.warn(*(f"{endpoint.name}, time-dependent {drug}: {w}" for w in timed.warnings))
        draft.rest_on(timed.cites, CITES)
    if said:
        draft.text.append(f"{endpoint.name}: {'; with '.join(said) if len(said) == 2 else said[0]}.")
    _adjusted(draft, cohort, endpoint, split, views)
    found = draft.tried(f"{endpoint.name}, curves by the time of {drug}", lambda: _curves(endpoint, split, drug, unit, draft))
    if found is not None:
        figures.append(found)
    for day in cohort.study.landmarks:
        _landmark(draft, endpoint, data, given, day, views)
    return figures


def _adjusted(draft: Draft, cohort: Cohort, endpoint: Endpoint, split: Split, views: Views) -> None:
    """The time-dependent model with the study's covariates."""
    if not cohort.study.adjust:
        return
    chosen = usable(cohort, cohort.study.adjust)
    if not chosen.columns:
        return
    columns = {name: split.carry(values) for name, values in chosen.columns.items()}
    model = draft.tried(f"{endpoint.name}, adjusted time-dependent analysis", lambda: hazards(
        split.survival, {TERM: split.exposed.astype(float), **columns}, levels=chosen.levels, cluster=split.row))
    if model is not None:
        rows = model.fit.rows
        views.add(f"Time-dependent, adjusted for {joined(list(columns))}", model, len(np.unique(split.row[rows][split.exposed[rows]])),
                  len(np.unique(split.row[rows][~split.exposed[rows]])))


def _curves(endpoint: Endpoint, split: Split, drug: str, unit: Unit, draft: Draft) -> FigurePart:
    """Simon-Makuch curves: patients change from one curve to the other with their first dose."""
    labels = (f"after the first {drug}", f"before or without {drug}")
    group = [labels[0] if e else labels[1] for e in split.exposed]
    found = kaplan_meier(split.survival, group, levels=labels)
    test = draft.tried(f"{endpoint.name}, test of Mantel and Byar", lambda: log_rank(split.survival, group, levels=labels).test)
    note = "" if test is None else f"Mantel-Byar test {p_words(test.p)}"
    draft.rest_on(found.cites, BYAR_CITES)
    draft.warn(*(f"{endpoint.name}: {w}" for w in found.warnings if "no event among" not in w))
    return FigurePart(
        f"figure-timing-{endpoint.id}", f"{endpoint.name} before and after the first {drug}",
        f"{endpoint.name} by the method of Simon and Makuch, with 95% confidence bands: each patient is under the curve without {drug} until the first dose, "
        "and under that with it from then on. Patients change between the curves, so censoring is not marked and the numbers at risk can rise; no curve is "
        "that of a fixed group of patients.",
        Curves(found.curves, tuple(c.label for c in found.curves), f"{unit.name.capitalize()} since the infusion", f"{endpoint.name}, "
                                                                                                                   "%", unit.days, note, marks=False))


def _landmark(draft: Draft, endpoint: Endpoint, data: Survival, given: Given, day: float, views: Views) -> None:
    """The comparison from one landmark on, where enough patients are left."""
    what = f"{endpoint.name}, landmark at day {day:g}"
    found = draft.tried(what, lambda: landmark(data, given.first, day))
    if found is None:
        return
    exposed, events = int(found.exposed.sum()), int((found.survival.event > 0).sum())
    others = len(found.row) - exposed
    if min(exposed, others) < LEAST_PATIENTS or events < LEAST_EVENTS:
        draft.leave_out(what, f"{exposed} patients with {given.drug} by then, {others} without and {events} events after it are fewer than {LEAST_PATIENTS} "
                              f"patients each and {LEAST_EVENTS} events.")
        return
    model = draft.tried(what, lambda: hazards(found.survival, {TERM: found.exposed.astype(float)}))
    if model is None:
        return
    r = views.add(f"Landmark at day {day:g}", model, exposed, others)
    gone = found.had_event + found.lost
    draft.text.append(f"{endpoint.name} from day {day:g} on, by {given.drug} given up to then ({exposed} with, {others} without; {gone} had the event or were "
                      f"lost before): hazard ratio {with_limits(r.value, r.low, r.high)}.")
    draft.methods.append(LANDMARK)
    draft.rest_on(LANDMARK_CITES, model.cites)
