"""When CRS and ICANS began, how long to the highest grade, and how long they lasted: by grade and arm, with and without patients who had none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cohort import choice
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.describe import short
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.location import hodges_lehmann
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.parts import Box, Boxes, FigurePart, Section, TablePart
from tocsin.cohort.result import TestResult
from tocsin.cohort.sections.cells import NONE, frame, median_range, plural, with_interval
from tocsin.cohort.sections.grades import TITLES, groups_of
from tocsin.cohort.sections.words import p_cell
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError

FEWEST_DRAWN = 5
"""Patients with a duration: fewer are in the table and not in a panel of box plots (a decision of this software)."""
Values = npt.NDArray[np.float64]
_GRADES = (("Grade 1", 1, 1), ("Grade 2", 2, 2), ("Grade 3", 3, 3), ("Grade 4", 4, 4), ("Grade 1 or 2", 1, 2), ("Grade 3 or 4", 3, 4))


def section(cohort: Cohort) -> Section:
    """Onset, time to the highest grade, and duration."""
    text: list[str] = []
    parts: list[TablePart | FigurePart] = []
    left: list[str] = []
    warnings: list[str] = []
    for syndrome, title in TITLES.items():
        onset, duration = cohort.known(f"{syndrome}_onset_day"), _ever(cohort, syndrome)
        if onset:
            parts.append(_timing(cohort, syndrome))
        elif cohort.known(f"{syndrome}_max_grade") and (cohort.members[f"{syndrome}_max_grade"] >= 1).any():
            left.append(f"Onset of {title}: neither the record nor a column {syndrome}_onset_day tells it.")
        if not duration:
            if cohort.known(f"{syndrome}_max_grade"):
                left.append(f"Duration of {title}: no course over time and no column {syndrome}_duration_days.")
            continue
        table, family = _durations(cohort, syndrome)
        figure = _figure(cohort, syndrome)
        parts += [table, *([figure] if figure is not None else [])]
        if figure is None:
            left.append(f"Figure of the duration of {title}: fewer than {FEWEST_DRAWN} patients have one; the table has them.")
        text.append(_sentence(cohort, syndrome))
        if any(t.p is not None for t in family):
            text.append(f"Durations of {title} within single grades: {_lower(adjust([t.p for t in family]).statement)} The other rows of the table are of the "
                        "same patients again and are no tests of their own.")
        unresolved = _unresolved(cohort, syndrome)
        if unresolved:
            warnings.append(f"{title} of {plural(unresolved, 'patient')} is not known to have ended in the days looked at; their durations are missing in the "
                            "summaries, and counted as still going on in the median by Kaplan-Meier.")
    zero = sum(int((cohort.members[f"{s}_max_grade"] == 0).sum()) for s in ("crs",) if cohort.known("crs_max_grade"))
    if zero and any(p.id.endswith("-duration") for p in parts):
        warnings.append(f"{plural(zero, 'patient')} without CRS {'has' if zero == 1 else 'have'} a duration of 0 days. They shorten the median of their arm; "
                        "durations are given with and without them.")
    methods = (
        "Duration is the time in episodes, each from the first moment surely of grade 1 to resolution; patients without an episode have 0 days "
        "and are shown apart. Arms are compared within grades, with Hodges-Lehmann differences and 95 % intervals."
        if any(p.id.endswith("-duration") for p in parts) else "",)
    return Section("durations", "Onset and duration", tuple(text), tuple(parts), tuple(left), tuple(warnings), tuple(m for m in methods if m),
                   ("hodges1963:shift", "kaplan1958:product-limit estimate", "holm1979:step-down"))


def _ever(cohort: Cohort, syndrome: str) -> bool:
    """Whether how long anybody had it is known; 0 days of somebody who had it are a duration."""
    return bool(cohort.members.filter(_had(syndrome))[f"{syndrome}_observed_days"].count())


def _had(syndrome: str) -> pl.Expr:
    """Who had it: an episode on record, or a grade, however short."""
    return ((pl.col(f"{syndrome}_observed_days") > 0).fill_null(False) | (pl.col(f"{syndrome}_episodes") > 0).fill_null(False)
            | (pl.col(f"{syndrome}_max_grade") >= 1).fill_null(False))


def _unresolved(cohort: Cohort, syndrome: str) -> int:
    return cohort.members.filter(pl.col(f"{syndrome}_duration_days").is_null() & (pl.col(f"{syndrome}_observed_days") > 0)).height


def _values(frame_: pl.DataFrame, column: str) -> Values:
    return frame_[column].drop_nulls().to_numpy().astype(float)


def _timing(cohort: Cohort, syndrome: str) -> TablePart:
    title, groups = TITLES[syndrome], groups_of(cohort)
    rows = []
    for label, column in (("Onset, days from the infusion", "onset_day"), ("From onset to the highest grade, days", "max_day")):
        values = [_values(g, f"{syndrome}_{column}") for _, g in groups]
        test = _test(values[:-1])
        rows.append([label, *(_cell(v) for v in values), p_cell(test.p), _called(test)])
    heads = [f"{title}: median (range)", *(f"{a} (n = {len(g)})" for a, g in groups), "p", "Test"]
    return TablePart(f"table-{syndrome}-onset", f"Onset of {title} and time to its highest grade", frame(rows, heads))


def _durations(cohort: Cohort, syndrome: str) -> tuple[TablePart, list[TestResult]]:
    """Durations by grade: those who had it; then everybody, with zeros.  The tests within grades are one family."""
    title, groups = TITLES[syndrome], groups_of(cohort)
    grade, duration = f"{syndrome}_max_grade", f"{syndrome}_duration_days"
    two = len(cohort.arms) == 2
    rows: list[list[str]] = []
    numbers: list[dict[str, object]] = []
    family: list[TestResult] = []

    def line(label: str, kept: pl.Expr, in_family: bool) -> None:
        values = [_values(g.filter(kept), duration) for _, g in groups]
        if not len(values[-1]):
            return
        test = _test(values[:-1])
        if in_family:
            family.append(test)
        shift = [_shift(values)] if two else []
        rows.append([label, *(_cell(v) for v in values), *shift, p_cell(test.p), _called(test)])
        numbers.extend({"group": label, "arm": a, "n": len(v), "median": float(np.median(v)) if len(v) else None, "mean": float(v.mean()) if len(v) else None,
                        "least": float(v.min()) if len(v) else None, "most": float(v.max()) if len(v) else None, "p": test.p, "test": test.called}
                       for (a, _), v in zip(groups, values, strict=True))

    for label, low, high in _GRADES:
        line(f"  {label}", pl.col(grade).is_between(low, high), low == high)
    empty = [""] * (3 if two else 2)
    rows.insert(0, [f"{title} by highest grade", *[""] * len(groups), *empty])
    line("All with an episode", _had(syndrome), False)
    line(f"All, without {title} counted as 0 days", pl.lit(True), False)
    rows.append(["Median by Kaplan-Meier, unresolved as going on", *(_km(g, syndrome) for _, g in groups), *empty])
    heads = ["Days, median (range)", *(f"{a} (n = {len(g)})" for a, g in groups), *(["Difference (95% CI)"] if two else []), "p", "Test"]
    notes = "p-values as they are; Holm's adjustment is in the text."
    if two:
        notes = f"Difference: Hodges-Lehmann, {cohort.arms[0]} minus {cohort.arms[-1]}. {notes}"
    return TablePart(f"table-{syndrome}-duration", f"Duration of {title} by highest grade and arm", frame(rows, heads), pl.DataFrame(numbers), (notes,)), family


def _cell(values: Values) -> str:
    return f"{median_range(values)}; n = {len(values)}" if len(values) else NONE


def _test(groups: Sequence[Values]) -> TestResult:
    return choice.run_on_values(choice.for_values(len(groups)).name, groups)


def _called(test: TestResult) -> str:
    return test.brief if test.p is not None else f"not tested: {test.not_done}"


def _shift(values: Sequence[Values]) -> str:
    try:
        return with_interval(hodges_lehmann(values[0], values[1]))
    except CohortError:
        return NONE


def _km(members: pl.DataFrame, syndrome: str) -> str:
    """The median duration of those with an episode, one that is not known to have ended as censored."""
    had = members.filter(_had(syndrome) & pl.col(f"{syndrome}_observed_days").is_not_null())
    if not len(had):
        return NONE
    data = Survival.of(had[f"{syndrome}_observed_days"].to_numpy(), had[f"{syndrome}_duration_days"].is_not_null().to_numpy().astype(int))
    try:
        median = kaplan_meier(data).curves[0].median
    except CohortError:
        return NONE
    return "not reached" if median.value is None else f"{short(median.value)} ({_or_none(median.low)} to {_or_none(median.high)})"


def _or_none(x: float | None) -> str:
    return NONE if x is None else short(x)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _sentence(cohort: Cohort, syndrome: str) -> str:
    said = []
    for arm, g in groups_of(cohort)[:-1]:
        ill = _values(g.filter(_had(syndrome)), f"{syndrome}_duration_days")
        everybody = _values(g, f"{syndrome}_duration_days")
        if len(ill):
            zeros = f", or {median_range(everybody)} where those without {TITLES[syndrome]} count as 0 days" if len(everybody) > len(ill) else ""
            said.append(f"{median_range(ill)} days with {arm} (n = {len(ill)}){zeros}")
    return f"{TITLES[syndrome]} lasted a median (range) of {'; '.join(said)}." if said else f"No duration of {TITLES[syndrome]} is known."


def _figure(cohort: Cohort, syndrome: str) -> FigurePart | None:
    """Durations by arm within grade groups, as the paper's Figure 2B draws them, with every patient; None where too few have one."""
    panels, few = [], []
    for label, low, high in (("Grade 1 or 2", 1, 2), ("Grade 3 or 4", 3, 4), (f"All, no {TITLES[syndrome]} as 0 days", 0, 5)):
        values = [_values(cohort.of_arm(a).filter(pl.col(f"{syndrome}_max_grade").is_between(low, high)), f"{syndrome}_duration_days") for a in cohort.arms]
        ill = cohort.members.filter(pl.col(f"{syndrome}_max_grade").is_between(max(low, 1), high))
        lasted = ill[f"{syndrome}_duration_days"].count()
        if lasted < FEWEST_DRAWN:
            if lasted:
                few.append(f"{label.partition(',')[0].lower()}: {plural(lasted, 'patient')}")
            continue
        test = _test(values)
        groups = tuple((a, tuple(map(float, v)), i) for i, (a, v) in enumerate(zip(cohort.arms, values, strict=True)))
        panels.append(Box(label, "Duration, days", groups, f"{test.brief}\np = {p_cell(test.p)}".replace("= <", "< ") if test.p is not None else "",
                          from_zero=True))
    if not panels:
        return None
    title = TITLES[syndrome]
    left = f" Not drawn, fewer than {FEWEST_DRAWN}: {'; '.join(few)}." if few else ""
    return FigurePart(f"figure-{syndrome}-duration", f"Duration of {title} by arm", f"Duration of {title} in days by arm, within grades; each point is a "
                      f"patient, boxes are medians and quartiles. Patients not known to have recovered are missing.{left}", Boxes(tuple(panels)))
