"""The arms over the outcomes in one forest plot: not the effect of a treatment, and said so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.parts import FigurePart, Forest, ForestRow
from tocsin.cohort.proportions import odds_ratio
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import defines_arms
from tocsin.cohort.sections.hazards import hazards
from tocsin.cohort.sections.outcomes import ENDPOINTS, Endpoint, arms_of, follow_up, only
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import p_cell, spread
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

SEVERE = 3
"""Severe CRS is grade 3 or more (zhou2025)."""
CAUTION = (
    "These ratios compare the arms as they are. Who is treated, and when, depends on the course, so none of them is the effect of the treatment; a ratio near "
    "1 is no proof of safety and one far from 1 none of benefit or harm. Look at the widths of the intervals, and at the section on timing."
)
Found = tuple[float | None, float | None, float | None, float | None, str]
"""Ratio with its limits, p-value, and the patients behind it."""


def write(draft: Draft, cohort: Cohort) -> None:
    """The table and the forest plot of the outcomes."""
    lines = Lines(["Outcome", "Ratio (95% CI)", "p", "Patients (events)"])
    rows: list[ForestRow] = []
    reference = cohort.arms[-1]
    for arm in cohort.arms[:-1]:
        pair = (arm, reference)
        if len(cohort.arms) > 2:
            lines.heading(f"{arm} against {reference}")
            rows.append(ForestRow(f"{arm} against {reference}"))
        makers: list[tuple[str, Callable[[], Found]]] = [
            (f"End of CRS of grade {SEVERE} or more (hazard ratio)", lambda p=pair: _end_of_severe(cohort, p)),  # type: ignore[misc]
            ("Infection (odds ratio)", lambda p=pair: _odds(cohort, "infection", p)),  # type: ignore[misc]
            ("Complete response (odds ratio)", lambda p=pair: _odds(cohort, "complete_response", p)),  # type: ignore[misc]
            *((f"{e.one[0].upper()}{e.one[1:]} (hazard ratio)", lambda p=pair, e=e: _hazard(cohort, e, p)) for e in ENDPOINTS),
        ]
        for label, make in makers:
            found = draft.tried(f"{label}, {arm} against {reference}, in the summary of outcomes", make)
            if found is None:
                continue
            value, low, high, p, n = found
            lines.whole(f"  {label}" if len(cohort.arms) > 2 else label, spread(value, low, high), p_cell(p), n)
            lines.number(comparison=f"{arm} against {reference}", outcome=label, ratio=value, low=low, high=high, p=p)
            rows.append(ForestRow(f"  {label}" if len(cohort.arms) > 2 else label, value, low, high, n, p_cell(p)))
    if not any(r.value is not None for r in rows):
        return
    draft.parts.append(lines.table("table-outcomes", f"Outcomes against the arm {reference}", (
        "Odds ratios are conditional with exact limits and Fisher's exact test, hazard ratios those of Cox's model or, with few events, of Firth's. "
        "" + CAUTION,)))
    sides = (f"rarer or later with {cohort.arms[0]}", f"more often or sooner with {cohort.arms[0]}") if len(cohort.arms) == 2 else ("rarer or later", "more "
                                                                                                                                                      "often "
                                                                                                                                                      "or "
                                                                                                                                                      "sooner")
    draft.parts.append(FigurePart("figure-outcomes", "Outcomes by arm", f"Ratios against the arm {reference} with 95% confidence intervals. {CAUTION}",
                                  Forest(tuple(rows), "Ratio (95% CI)", 1.0, sides)))
    draft.text.append(CAUTION)
    if defines_arms(cohort):
        draft.warn(f"The hazard ratios of this summary run from the infusion or from onset and count the days before the first {cohort.study.arms} as days "
                   "with it (immortal time).")
    draft.rest_on(("cornfield1956:exact limits", "fisher1935:exact test", "zhou2025:severe CRS"))


def _odds(cohort: Cohort, column: str, pair: tuple[str, str]) -> Found:
    """Of an outcome that a patient has or has not."""
    if not cohort.known(column):
        raise CohortError(f"{column} is not known for anybody.")
    table = []
    for arm in pair:
        mine = [v for v in cohort.of_arm(arm)[column].to_list() if v is not None]
        table.append([sum(mine), len(mine) - sum(mine)])
    counts = np.array(table, np.int64)
    found = odds_ratio(counts)
    if found.value is None:
        raise CohortError(f"no odds ratio exists: {'; '.join(found.warnings)}.")
    return found.value, found.low, found.high, fisher_exact(counts).p, f"{int(counts.sum())} ({int(counts[:, 0].sum())})"


def _hazard(cohort: Cohort, endpoint: Endpoint, pair: tuple[str, str]) -> Found:
    return _cox(follow_up(cohort, endpoint).any_cause(), cohort, pair)


def _end_of_severe(cohort: Cohort, pair: tuple[str, str]) -> Found:
    """Of the end of CRS from its onset, in patients whose highest grade was severe."""
    if not cohort.known("crs_max_grade", "crs_observed_days"):
        raise CohortError("the highest grade or the days of CRS are not known for anybody.")
    grade, seen, ended = (cohort.members[c].to_list() for c in ("crs_max_grade", "crs_observed_days", "crs_duration_days"))
    time = [float("nan") if g is None or g < SEVERE or s is None else float(d if d is not None else s) for g, s, d in zip(grade, seen, ended, strict=True)]
    if not np.isfinite(time).any():
        raise CohortError(f"nobody is known to have had CRS of grade {SEVERE} or more.")
    return _cox(Survival.of(time, [d is not None for d in ended]), cohort, pair)


def _cox(data: Survival, cohort: Cohort, pair: tuple[str, str]) -> Found:
    arms = only(arms_of(cohort), pair)
    have = {a for a, k in zip(arms, data.known, strict=True) if k and a is not None}
    if len(have) < 2:
        raise CohortError("an arm has nobody of whom it is known.")
    model = hazards(data, {"arm": arms}, levels={"arm": [pair[1], pair[0]]})
    r = model.ratios[0]
    return r.value, r.low, r.high, r.p, f"{model.n} ({model.events})"
