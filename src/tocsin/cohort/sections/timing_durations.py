"""Duration of CRS within the highest grade, as papers compare it: exact tests, differences with intervals, with and without patients who had none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.location import hodges_lehmann
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.permutation import DRAWS, permutation_test
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.sections.cells import median_range
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import Given
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import p_cell, p_words, spread, with_limits
from tocsin.cohort.survival import Bools, Floats

WHAT = "Duration of CRS within the highest grade"
LEAST_DRAWS = 1_999
NUMBERS_DRAWN = 10_000_000
"""Ranks drawn at random for a permutation test at most, so that a large cohort does not wait; never fewer permutations than LEAST_DRAWS."""
MOST_EXACT = 200_000
"""Reassignments up to which all are done; above, random ones with a stated seed."""


@dataclass(frozen=True)
class _Row:
    label: str
    with_drug: Floats
    without: Floats
    test: TestResult
    shift: Estimate


def write(draft: Draft, cohort: Cohort, given: Given) -> None:
    """The comparison of durations, labelled as what it is."""
    if not cohort.known("crs_max_grade", "crs_duration_days"):
        draft.leave_out(WHAT, "the highest grade or the duration of CRS is not known for anybody.")
        return
    grade = _column(cohort, "crs_max_grade")
    days = _column(cohort, "crs_duration_days")
    usable = given.known & ~np.isnan(grade) & ~np.isnan(days)
    missing = int((given.known & (np.isnan(grade) | np.isnan(days))).sum())
    if not (usable & given.ever).any() or not (usable & given.never).any():
        draft.leave_out(WHAT, f"it needs patients with and without {given.drug} whose duration and highest grade are known.")
        return
    rows = [_row("All patients, 0 days for those without CRS", days, given, usable), _row("Patients with CRS only", days, given, usable & (grade >= 1))]
    rows += [_row(f"Highest grade {g:.0f}", days, given, usable & (grade == g)) for g in np.unique(grade[usable]) if g >= 1]
    ill = usable & (grade >= 1)
    within = _test(days[ill], given.ever[ill], grade[ill].tolist())
    holm = adjust([r.test.p for r in rows] + [within.p], "holm")
    lines = Lines(["Duration of CRS, days", f"Ever {given.drug}, n; median (range)", "Never, n; median (range)", "Difference (95% CI)", "p", "p (Holm)"])
    for r, p in zip(rows, holm.adjusted, strict=False):
        lines.whole(r.label, _group(r.with_drug), _group(r.without), spread(r.shift.value, r.shift.low, r.shift.high), p_cell(r.test.p), p_cell(p))
        lines.number(patients=r.label, n_with=len(r.with_drug), n_without=len(r.without), difference=r.shift.value, low=r.shift.low, high=r.shift.high,
                     p=r.test.p, p_holm=p, test=r.test.called, not_done=r.test.not_done)
        if r.test.not_done:
            draft.leave_out(f"{WHAT}, {r.label.lower()}", f"{r.test.name}: {r.test.not_done}.")
        draft.rest_on(r.test.cites, r.shift.cites)
    lines.whole("All with CRS, compared within grades", "", "", "", p_cell(within.p), p_cell(holm.adjusted[-1]))
    lines.number(patients="within grades", p=within.p, p_holm=holm.adjusted[-1], test=within.called, not_done=within.not_done)
    variants = "; ".join(dict.fromkeys(t.variant for t in (*(r.test for r in rows), within) if t.variant))
    draft.parts.append(lines.table("table-timing-durations", f"Duration of CRS by {given.drug} ever given, within the highest grade", (
        "Difference: Hodges-Lehmann median of all differences, ever minus never. p by permutation of ranks" + (f" ({variants})" if variants else "") + ". "
        + holm.statement,
        *((f"{missing} patients without a known highest grade or end of CRS are left out; those still ill when the record ends have no known duration.",)
          if missing else ()))))
    _text(draft, rows, within, given)
    draft.methods.append(
        "Durations were compared within the highest grade by permutation tests of ranks (exact where all reassignments could be done, otherwise random ones "
        "with a stated seed), with Hodges-Lehmann differences and their 95% confidence intervals; p-values were adjusted by Holm's method within this family "
        f"of {sum(1 for p in holm.given if p is not None)} tests.")
    draft.rest_on(holm.cites, within.cites)


def _row(label: str, days: Floats, given: Given, rows: Bools) -> _Row:
    one, other = days[rows & given.ever], days[rows & given.never]
    return _Row(label, one, other, _test(days[rows], given.ever[rows], None), hodges_lehmann(one, other))


def _test(days: Floats, first: Bools, strata: list[float] | None) -> TestResult:
    draws = min(DRAWS, max(LEAST_DRAWS, NUMBERS_DRAWN // max(len(days), 1)))
    return permutation_test(days, first, scores="ranks", strata=strata, most_exact=MOST_EXACT, draws=draws)


def _text(draft: Draft, rows: list[_Row], within: TestResult, given: Given) -> None:
    """The naive comparison in words, with its caution."""
    parts = [f"{r.label[0].lower()}{r.label[1:]}: {with_limits(r.shift.value, r.shift.low, r.shift.high, r.shift.level)}, {p_words(r.test.p)}"
             for r in rows if r.shift.value is not None and r.test.p is not None]
    if not parts:
        return
    caution = (f"Difference in the duration of CRS in days, ever minus never given {given.drug}: {'; '.join(parts)}"
               + (f"; compared within grades {p_words(within.p)}" if within.p is not None else "") + ". ")
    draft.text.append(caution + "The highest grade is known only afterwards, whoever is ill for longer has more time to be treated, and patients without CRS, "
                      "of 0 days, are never treated: this is the comparison that papers make, given here beside those above that respect the time of "
                      "treatment.")


def _column(cohort: Cohort, name: str) -> Floats:
    return np.array([np.nan if v is None else float(v) for v in cohort.members[name].to_list()])


def _group(days: Floats) -> str:
    return f"{len(days)}; {median_range(days)}" if len(days) else "0"
