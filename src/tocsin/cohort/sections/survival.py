"""Progression-free and overall survival by arm: curves, medians, tests and models, with what they can and cannot say."""

from __future__ import annotations

from functools import partial

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.exposure import CITES as EXPOSURE_CITES
from tocsin.cohort.exposure import immortal_time
from tocsin.cohort.kaplan_meier import MEAN_CITES, REVERSE_CITES
from tocsin.cohort.parts import Section
from tocsin.cohort.sections import hazards
from tocsin.cohort.sections.cells import joined, plural
from tocsin.cohort.sections.comparison import compare
from tocsin.cohort.sections.curves import describe
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import defines_arms, first_given
from tocsin.cohort.sections.outcomes import ENDPOINTS, Endpoint, follow_up, survivors_only
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import percent, unit_of
from tocsin.cohort.survival import Survival


def section(cohort: Cohort) -> Section:
    """The survival section."""
    draft = Draft("survival", "Progression-free and overall survival")
    unit = unit_of(cohort.study)
    described = Lines(["Survival", *cohort.arms, "All"])
    compared = Lines(["Comparison", "Estimate (95% CI)", "p", "Patients (events)", "Method"])
    models = Lines(["Covariate", "Hazard ratio (95% CI)", "p", "Proportional hazards, p"])
    by_drug = defines_arms(cohort)
    followed: list[tuple[Endpoint, Survival]] = []
    for endpoint in ENDPOINTS:
        data = draft.tried(endpoint.name, partial(follow_up, cohort, endpoint))
        if data is not None and draft.tried(endpoint.name, partial(_one, draft, cohort, endpoint, data, described, compared, models)):
            followed.append((endpoint, data.any_cause()))
    if by_drug and followed:
        _immortal(draft, cohort, followed)
    if described.rows:
        draft.parts.append(described.table(
            "table-survival", f"Survival by arm, times in {unit.name}", (
                "Kaplan-Meier estimates with 95% confidence limits on the log scale (Greenwood's variance); a time that the curve does not come down to is "
                "not reached. – stands where nobody was followed that long.",)))
    if compared.rows:
        draft.parts.append(compared.table("table-survival-comparisons", f"Survival compared between arms, times in {unit.name}", (
            f"Hazard ratios against the arm {cohort.arms[-1]}.",)))
    if models.rows:
        draft.parts.append(models.table("table-survival-models", "Models of survival", (
            "Proportional hazards: test of the scaled Schoenfeld residuals against 1 - Kaplan-Meier. A large p-value of few events does not show that hazards "
            "are proportional.",)))
    if draft.parts:
        draft.warn(*survivors_only(cohort))
        _methods(draft, cohort, by_drug)
    return draft.section()


def _one(draft: Draft, cohort: Cohort, endpoint: Endpoint, data: Survival, described: Lines, compared: Lines, models: Lines) -> bool:
    """One endpoint, described and, as far as the data allow, compared."""
    unit = unit_of(cohort.study)
    figure = describe(draft, cohort, endpoint, data, described, unit)
    note = compare(draft, cohort, endpoint, data.any_cause(), compared, models, unit)
    draft.parts.append(figure(note))
    return True


def _immortal(draft: Draft, cohort: Cohort, followed: list[tuple[Endpoint, Survival]]) -> None:
    """Say how much immortal time the comparison of arms holds."""
    drug = cohort.study.arms
    why = (f"The arms are defined by {drug}, which is given after the infusion: whoever died or progressed before it could be given counts as not given, and "
           "the days that the others lived until their first dose count as days with it (immortal time).")
    found = draft.tried("How much immortal time there is", lambda: first_given(cohort, drug))
    if found is None:
        draft.warn(f"{why} How many days these are is not known.")
        return
    parts = []
    for endpoint, data in followed:
        time = immortal_time(data, found.first)
        parts.append(f"{plural(round(time.total), 'day')} of {plural(time.patients, 'patient')} in {endpoint.name.lower()} ({percent(time.share)}% of the "
                     f"follow-up of those given {drug})")
    draft.warn(f"{why} These are {joined(parts)}. Read the comparison of arms from day 0 together with the section on timing, which counts each day as what "
               "it was.")
    draft.rest_on(EXPOSURE_CITES)


def _methods(draft: Draft, cohort: Cohort, by_drug: bool) -> None:
    censored = "was censored at the next therapy" if cohort.study.censor_at_next_therapy else "was not censored at the next therapy"
    draft.methods += [
        "Overall survival ran from the infusion to death, progression-free survival to progression, relapse or death, whichever came first; patients without "
        f"the event were censored at last contact, and follow-up {censored}.",
        "Survival was estimated by Kaplan-Meier with limits on the log scale, follow-up by reverse Kaplan-Meier, and arms were compared by the log-rank test, "
        "in small samples also by its permutation form; restricted mean survival times were compared up to the shortest of the arms' longest follow-up.",
        hazards.METHODS, hazards.software(),
        "Proportional hazards were tested by the score test of Grambsch and Therneau, and concordance is Harrell's.",
    ]
    if by_drug:
        draft.methods.append(f"Arms by {cohort.study.arms} are compared from the infusion only for description, because of immortal time.")
    draft.rest_on(REVERSE_CITES, MEAN_CITES)
