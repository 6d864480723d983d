"""One endpoint described: Kaplan-Meier curves by arm, medians, survival at fixed times, and how long patients were followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.kaplan_meier import Curve, kaplan_meier, median_follow_up
from tocsin.cohort.parts import Curves, FigurePart
from tocsin.cohort.result import Estimate
from tocsin.cohort.sections.cells import NONE, joined, plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.outcomes import Endpoint, arms_of, only
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import Unit, percent, spread
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

Figure = Callable[[str], FigurePart]


def describe(draft: Draft, cohort: Cohort, endpoint: Endpoint, data: Survival, lines: Lines, unit: Unit) -> Figure:
    """Write what the curves say into the draft and its table; answers the figure, which waits for its note.  CohortError where nobody was followed."""
    arms = cohort.arms
    arm = only(arms_of(cohort), arms)
    follow = data.any_cause()
    found = kaplan_meier(follow, arm, levels=arms)
    curves = {c.label: c for c in found.curves}
    columns: list[Curve | None] = [*(curves.get(a) for a in arms), kaplan_meier(follow).curves[0]]
    own = [follow.take(np.array([a == name for a in arm], bool)) for name in arms] + [follow]
    lines.heading(endpoint.name)
    lines.add("Patients followed, n", *("0" if c is None else str(c.n) for c in columns))
    if (~data.known).any():
        lines.add("Follow-up not known, n", *(str(int((~d.known).sum())) for d in own))
    lines.add(f"{endpoint.many[0].upper()}{endpoint.many[1:]}, n", *(NONE if c is None else str(c.n_events) for c in columns))
    lines.add(f"Median, {unit.name} (95% CI)", *(NONE if c is None else unit.interval(c.median) for c in columns))
    for mark in unit.marks:
        _at(lines, columns, endpoint, unit, mark)
    followed = [_followed(d) for d in own]
    lines.add(f"Median follow-up, {unit.name} (95% CI)", *(NONE if f is None else unit.interval(f) for f in followed))
    for name, c, f in zip((*arms, "All"), columns, followed, strict=True):
        if c is not None:
            m = c.median
            lines.number(endpoint=endpoint.id, arm=name, measure="median", days=None, value=m.value, low=m.low, high=m.high, n=c.n, events=c.n_events)
        if f is not None:
            lines.number(endpoint=endpoint.id, arm=name, measure="median follow-up", days=None, value=f.value, low=f.low, high=f.high, n=None, events=None)
    _text(draft, endpoint, data, columns, followed[-1], unit, arms)
    draft.rest_on(found.cites)
    draft.warn(*(f"{endpoint.name}: {w}" for w in found.warnings if "no event among" not in w))
    labels = tuple(c.label for c in found.curves)

    def figure(note: str) -> FigurePart:
        return FigurePart(
            f"figure-{endpoint.id}", endpoint.name,
            f"{endpoint.name} by arm: Kaplan-Meier estimates with 95% confidence bands; ticks mark patients censored, numbers below those still at risk.",
            Curves(found.curves, labels, f"{unit.name.capitalize()} since the infusion", f"{endpoint.name}, %", unit.days, note))

    return figure


def survival_at(curve: Curve, days: float) -> tuple[float, float, float, int]:
    """Survival with limits and the number at risk at a time; NaN after the last follow-up, but 0 where everybody has had the event."""
    at = curve.at([days])
    value, low, high = (float(a[0]) for a in (at.survival, at.lower, at.upper))
    if np.isnan(value) and curve.survival[-1] <= 0:
        value = 0.0
    return value, low, high, int(at.at_risk[0])


def _at(lines: Lines, columns: Sequence[Curve | None], endpoint: Endpoint, unit: Unit, mark: float) -> None:
    """One row of survival at a time, unless nobody was followed so long."""
    days = mark * unit.days
    found = [None if c is None else survival_at(c, days) for c in columns]
    if all(f is None or np.isnan(f[0]) for f in found):
        return
    label = f"{endpoint.free[0].upper()}{endpoint.free[1:]} at {mark:g} {unit.name}, % (95% CI); at risk"
    lines.add(label, *(NONE if f is None or np.isnan(f[0]) else f"{spread(*f[:3], percent)}; {f[3]}" for f in found))
    for curve, f in zip(columns, found, strict=True):
        if curve is not None and f is not None:
            name = "All" if curve is columns[-1] else curve.label
            lines.number(endpoint=endpoint.id, arm=name, measure="survival", days=days, value=_or_none(f[0]), low=_or_none(f[1]), high=_or_none(f[2]), n=f[3],
                         events=None)


def _text(draft: Draft, endpoint: Endpoint, data: Survival, columns: Sequence[Curve | None], followed: Estimate | None, unit: Unit,
          arms: Sequence[str]) -> None:
    """The sentences about one endpoint."""
    whole = columns[-1]
    if whole is None:
        return
    missing = int((~data.known).sum())
    long = "" if followed is None or followed.value is None else f", followed for a median of {unit.sentence(followed)}"
    events = plural(whole.n_events, endpoint.one, endpoint.many)
    text = f"{endpoint.name}: {plural(whole.n, 'patient')} with {events}{long}"
    text += f"; of {plural(missing, 'patient')} the follow-up is not known." if missing else "."
    by_arm = [f"{a} {unit.sentence(c.median)}" for a, c in zip(arms, columns[:-1], strict=True) if c is not None]
    draft.text.append(f"{text} Median {endpoint.name.lower()}: {joined(by_arm)}.")


def _followed(data: Survival) -> Estimate | None:
    """The median follow-up; None where nobody was followed."""
    try:
        return median_follow_up(data)
    except CohortError:
        return None


def _or_none(x: float) -> float | None:
    return None if np.isnan(x) else x
