"""How soon CRS ends with and without a drug among patients at the same grade for as long, beside the naive comparison of ever with never given."""

from __future__ import annotations

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.exposure import CITES
from tocsin.cohort.parts import FigurePart, Forest
from tocsin.cohort.sections.cells import plural
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import Given
from tocsin.cohort.sections.hazards import hazards
from tocsin.cohort.sections.stays import QUIET_DAYS, Stays, stays
from tocsin.cohort.sections.timing_survival import LEAST_EVENTS, LEAST_PATIENTS, TERM, Views
from tocsin.cohort.sections.words import p_words, with_limits
from tocsin.cohort.survival import Bools, Survival

WHAT = "Time to the end of CRS by grade when treated"
WHY = (
    "The highest grade is known only when CRS is over, so patients are compared by the grade that they had when the drug was given: each is under observation "
    "from reaching a grade, without the drug until the first dose and with it from then on, and is compared with those who are as long at the same highest "
    "grade so far. Who is treated later counts as untreated until then; to compare with the never treated only would select those who got well without it."
)


def write(draft: Draft, cohort: Cohort, given: Given) -> None:
    """The analyses of time to the end of CRS."""
    steps = cohort.steps.get("crs")
    if steps is None or not (steps["grade"].fill_null(0) >= 1).any():
        draft.leave_out(WHAT, "no course of CRS grades over time is known.")
        return
    found = stays(steps, cohort.members["patient"].to_list(), given.day)
    if not len(found) or not found.resolved.any():
        draft.leave_out(WHAT, "no CRS with a known time of treatment is seen to end.")
        return
    if not found.exposed.any() or found.exposed.all():
        draft.leave_out(WHAT, f"it needs time at a grade both with and without {given.drug}.")
        return
    views = Views(["Analysis", "Hazard ratio (95% CI)", "p", f"Patients with {given.drug}", "Patients without", "Events", "Method"])
    _resolution(draft, found, given, views)
    _rise(draft, found, given, views)
    if not views.lines.filled:
        return
    unknown = int((found.grade > 0).sum() - found.resolved.sum() - found.risen.sum())
    draft.parts.append(views.lines.table("table-timing-crs", f"End of CRS by {given.drug}: the naive comparison and those that respect its time and the "
                                                             "grade", (
        f"Hazard ratios with {given.drug} against without it; for the end of CRS above 1 means that it ends sooner with the drug, for a higher grade above 1 "
        "means that it is reached more often. Patients who were without the drug and then with it count in both columns.",
        f"{plural(len(found), 'period')} of {plural(len(np.unique(found.patient)), 'patient')}; {unknown} end without CRS having ended or risen: at the first "
        "dose, at the end of the record, or where the grade is no longer settled." + _again(found))))
    draft.parts.append(FigurePart(
        "figure-timing-crs", f"End of CRS by {given.drug}, analysed in several ways",
        f"Hazard ratios of the end of CRS, and of reaching a higher grade, with {given.drug} against without it, with 95% confidence intervals. Numbers are "
        "patients with / without the drug.",
        Forest(tuple(views.forest), "Hazard ratio (95% CI)", 1.0, (f"later or rarer with {given.drug}", f"sooner or more often with {given.drug}"))))
    draft.methods.append(
        f"CRS had ended with the first moment from which the grade was 0 for {QUIET_DAYS:g} day. Time to its end was modelled from reaching each grade, "
        "stratified by the highest grade so far, with the first dose as a time-dependent covariate and robust variance by patient; reaching a higher grade "
        "ends the stay at a grade and begins the next, and is modelled likewise as a competing event.")
    draft.rest_on(CITES)


def _resolution(draft: Draft, found: Stays, given: Given, views: Views) -> None:
    """The end of CRS, from the naive comparison to that at the same grade."""
    views.heading("End of CRS")
    ever = given.ever[found.patient]
    whole = found.since_onset(found.resolved)
    naive = _view(draft, views, "Ever against never, from onset (misleads)", whole, found, ever)
    _view(draft, views, "Time-dependent, from onset", whole, found, found.exposed)
    own = found.since_reached(found.resolved)
    timed = _view(draft, views, "Time-dependent, at the same grade, from reaching it", own, found, found.exposed, by_grade=True)
    text = []
    if naive is not None:
        text.append(f"CRS of patients ever given {given.drug} ended, compared with those never given it, with a hazard ratio of {naive}")
    if timed is not None:
        text.append(f"{'compared at the same grade and as long after reaching it, with each day counted as what it was, the' if text else 'the'} hazard ratio "
                    f"of the end of CRS is {timed}")
    if text:
        draft.text.append("; ".join(text) + ". Above 1, CRS ends sooner with the drug. " + WHY)
    for grade in np.unique(found.grade):
        here = found.grade == grade
        what = f"Grade {grade}, time-dependent, from reaching it"
        with_it, without = _patients(found, here & found.exposed), _patients(found, here & ~found.exposed)
        events = int(found.resolved[here].sum())
        if min(with_it, without) < LEAST_PATIENTS or events < LEAST_EVENTS:
            draft.leave_out(f"End of CRS at grade {grade}", f"{plural(with_it, 'patient')} with {given.drug}, {without} without and {plural(events, 'end')} of "
                            f"CRS at this grade are fewer than {LEAST_PATIENTS} patients each and {LEAST_EVENTS} ends.")
            continue
        part = found.take(here)
        _view(draft, views, what, part.since_reached(part.resolved), part, part.exposed)


def _rise(draft: Draft, found: Stays, given: Given, views: Views) -> None:
    """Reaching a higher grade, which competes with the end of CRS."""
    if not found.risen.any():
        draft.leave_out("Reaching a higher grade", "no patient went to a higher grade after the first.")
        return
    views.heading("Reaching a higher grade")
    told = _view(draft, views, "Time-dependent, at the same grade, from reaching it", found.since_reached(found.risen), found, found.exposed, by_grade=True)
    if told is not None:
        draft.text.append(f"Reaching a higher grade, compared in the same way, has a hazard ratio of {told} with {given.drug}; a drug given because the "
                          "patient is getting worse is followed by higher grades whether or not it helps.")


def _view(draft: Draft, views: Views, label: str, data: Survival, found: Stays, exposed: Bools, by_grade: bool = False) -> str | None:
    """One analysis as a row; answers its hazard ratio in words."""
    model = draft.tried(label, lambda: hazards(data, {TERM: exposed.astype(float)}, strata=found.grade if by_grade else None, cluster=found.patient))
    if model is None:
        return None
    r = views.add(label, model, _patients(found, exposed), _patients(found, ~exposed))
    draft.rest_on(model.cites)
    draft.warn(*(f"{label}: {w}" for w in model.warnings))
    return f"{with_limits(r.value, r.low, r.high)} ({p_words(r.p)})"


def _again(found: Stays) -> str:
    """What is said where CRS came back after it had ended."""
    ends = [int(found.resolved[found.patient == i].sum()) for i in np.unique(found.patient)]
    more = sum(1 for n in ends if n > 1)
    return f" CRS that comes back counts again, with a clock of its own: {plural(more, 'patient')} had more than one end of it." if more else ""


def _patients(found: Stays, rows: Bools) -> int:
    return len(np.unique(found.patient[rows]))
