"""Response by arm: how many, how sure, and how far apart, with the exact test beside the approximate one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.compare import pearson
from tocsin.cohort.counts import Counts, expected, without_empty
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.outcomes import RESPONSES
from tocsin.cohort.packages import with_version
from tocsin.cohort.parts import FigurePart, Section, Shares, TablePart
from tocsin.cohort.proportions import clopper_pearson, newcombe, odds_ratio
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.sections.cells import NONE, joined
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.words import p_cell, p_words, percent, plain, spread
from tocsin.errors import CohortError

ENUMERATE_UP_TO = 1000
"""Patients up to which every table with the same margins may be walked through; above, the exact test is sampled (a choice for speed)."""
TABLES = 20_000
LESS_STEPS = 100_000
NOT_ALIKE = "A p-value above 0.05 does not show that the arms respond alike; the interval says which differences the data allow."


@dataclass(frozen=True)
class _Outcome:
    """Something that a patient has or has not: its name, and one value a member (None unknown, or not a patient that it concerns)."""

    name: str
    said: str
    values: list[bool | None]


def section(cohort: Cohort) -> Section:
    """The response section."""
    draft = Draft("response", "Response")
    day, (low, high) = cohort.study.response_day, cohort.study.response_window
    levels = _levels(cohort)
    if levels is None:
        draft.leave_out("Response by level", "no response is known for anybody.")
    else:
        draft.tried("Response by level", lambda: _by_level(draft, cohort, levels))
    outcomes = _outcomes(cohort)
    for name, column in (("Complete response", "complete_response"), ("Absence of measurable residual disease", "mrd_negative")):
        if not cohort.known(column) and not (column == "complete_response" and levels is not None):
            draft.leave_out(name, f"{column} is not known for anybody.")
    if outcomes:
        draft.tried("Rates of response", lambda: _rates(draft, cohort, outcomes))
    if draft.parts:
        draft.methods.append(
            f"Response was that assessed nearest to day {day:g} within days {low:g} to {high:g}; complete response means below 5% blasts whether or not counts "
            "had recovered. Shares have exact (Clopper-Pearson) 95% confidence intervals, differences of shares Newcombe's, odds ratios exact conditional "
            f"ones; tables were compared by Fisher's exact test (Freeman-Halton for more than 2 x 2) with {with_version('scipy')}.")
        draft.rest_on(("zhou2025:definition of complete response",))
    return draft.section()


def _levels(cohort: Cohort) -> tuple[str, ...] | None:
    """The levels that anybody has, in their order; those of the record's own after them."""
    if not cohort.known("response"):
        return None
    seen = cohort.members["response"].drop_nulls().unique().to_list()
    return (*(x for x in RESPONSES if x in seen), *sorted(x for x in seen if x not in RESPONSES))


def _outcomes(cohort: Cohort) -> list[_Outcome]:
    """Complete response, any response, and no measurable residual disease, as far as known."""
    out = []
    response = cohort.members["response"].to_list() if cohort.known("response") else [None] * len(cohort.members)
    by_level = any(r is not None for r in response) and all(r in RESPONSES for r in response if r is not None)
    if cohort.known("complete_response"):
        out.append(_Outcome("Complete response (CR)", "complete response", cohort.members["complete_response"].to_list()))
    elif by_level:
        out.append(_Outcome("Complete response (CR)", "complete response", [None if r is None else r in RESPONSES[:3] for r in response]))
    if by_level:
        out.append(_Outcome("Any response (CR or PR)", "response", [None if r is None else r in RESPONSES[:4] for r in response]))
    if cohort.known("mrd_negative"):
        out.append(_Outcome("MRD-negative, of those in CR", "absence of measurable residual disease in complete response",
                            cohort.members["mrd_negative"].to_list()))
    return out


def _by_level(draft: Draft, cohort: Cohort, levels: tuple[str, ...]) -> None:
    """Table, figure and test of the levels."""
    table, unknown = _crossed(cohort, levels)
    sizes = table.sum(axis=1)
    heads = [f"{arm} (n = {n})" for arm, n in zip((*cohort.arms, "All"), (*sizes, int(table.sum())), strict=True)]
    whole = np.vstack([table, table.sum(axis=0)])
    rows = [[level, *(_share(int(line[j]), int(line.sum())) for line in whole)] for j, level in enumerate(levels)]
    if sum(unknown):
        rows.append(["not known, n", *map(str, unknown), str(sum(unknown))])
    numbers = [{"arm": arm, "response": level, "count": int(line[j]), "of": int(line.sum()), **_limits(clopper_pearson(int(line[j]), int(line.sum())))}
               for arm, line in zip((*cohort.arms, "All"), whole, strict=True) for j, level in enumerate(levels)]
    exact, approximate = _exact(table), pearson(table)
    draft.parts.append(TablePart(
        "table-response", "Response by arm", pl.DataFrame(rows, schema=["Response", *heads], orient="row"), pl.DataFrame(numbers),
        ("Counts with percentages of patients with a known response (exact 95% confidence interval).",)))
    draft.parts.append(FigurePart(
        "figure-response", "Response by arm", "Response by arm, as percentages of patients with a known response; counts stand in the bars.",
        Shares(tuple((arm, int(n)) for arm, n in zip(cohort.arms, sizes, strict=True)), levels, tuple(tuple(int(x) for x in line) for line in table),
               tuple(unknown))))
    if exact.p is None:
        draft.leave_out("Test of response by arm", exact.not_done)
        return
    text = f"Response by arm ({joined(levels)}): {exact.called} gives {p_words(exact.p)}."
    if approximate.p is not None:
        few = expected(without_empty(table))
        text += (f" Pearson's chi-square test gives {p_words(approximate.p)}; of the {few.size} counts expected without a difference "
                 f"{int((few < 5).sum())} are below 5 and the smallest is {plain(float(few.min()))}"
                 + (", so that its p-value is not to be relied on." if (few < 5).mean() > 0.2 or (few < 1).any() else "."))
        draft.rest_on(approximate.cites, ("cochran1954:expected counts",))
    draft.text.append(text)
    draft.rest_on(exact.cites)
    draft.warn(*(w for w in exact.warnings if "enumerate" in w))


def _rates(draft: Draft, cohort: Cohort, outcomes: list[_Outcome]) -> None:
    """Shares by arm, and each arm against the reference."""
    arms, reference = cohort.arms, cohort.arms[-1]
    member_arm = cohort.members["arm"].to_list()
    rows: list[list[str]] = []
    numbers: list[dict[str, object]] = []
    compared: list[tuple[_Outcome, str, Counts, Estimate, TestResult]] = []
    for outcome in outcomes:
        counts = {arm: _with_without(outcome.values, member_arm, arm) for arm in arms}
        shares = {arm: clopper_pearson(yes, yes + no) for arm, (yes, no) in counts.items()}
        unknown = [sum(1 for a, v in zip(member_arm, outcome.values, strict=True) if a == arm and v is None) for arm in arms]
        rows.append([outcome.name, *(_share(yes, yes + no) for yes, no in counts.values()), "", "", "", ""])
        if sum(unknown):
            rows[-1][0] += f" [{', '.join(map(str, unknown))} not known or not concerned]"
        numbers += [{"outcome": outcome.name, "arm": arm, "with": counts[arm][0], "of": sum(counts[arm]), "not_known": u, **_limits(shares[arm])}
                    for arm, u in zip(arms, unknown, strict=True)]
        parts = [f"{arm} {yes} of {yes + no} ({percent(yes / (yes + no))}%)" for arm, (yes, no) in counts.items() if yes + no]
        said = f"{outcome.said[0].upper()}{outcome.said[1:]}: {', '.join(parts)}." if parts else f"{outcome.name}: known for nobody."
        for arm in arms[:-1]:
            one, other = counts[arm], counts[reference]
            if not sum(one) or not sum(other):
                draft.leave_out(f"{outcome.name}, {arm} against {reference}", "an arm has nobody of whom it is known.")
                continue
            difference = newcombe(one[0], sum(one), other[0], sum(other))
            table = np.array([one, other], np.int64)
            test = fisher_exact(table)
            compared.append((outcome, arm, table, difference, test))
            low, high = difference.low or 0.0, difference.high or 0.0
            said += (f" Difference {arm} - {reference}: {percent(difference.value)} percentage points (95% CI {percent(low)} to {percent(high)}); "
                     + (f"Fisher's exact test {p_words(test.p)}." if test.p is not None else f"no test: {test.not_done}."))
        draft.text.append(said)
    adjusted = adjust([test.p for *_, test in compared], "holm")
    for (outcome, arm, table, difference, test), holm in zip(compared, adjusted.adjusted, strict=True):
        ratio = odds_ratio(table)
        if len(arms) == 2:
            line = next(r for r in rows if r[0].startswith(outcome.name))
        else:
            line = [f"  {outcome.name}: {arm} against {reference}", *[""] * len(arms), "", "", "", ""]
            rows.append(line)
        line[-4:] = [spread(difference.value, difference.low, difference.high, percent), spread(ratio.value, ratio.low, ratio.high), p_cell(test.p),
                     p_cell(holm)]
        numbers.append({"outcome": outcome.name, "arm": f"{arm} against {reference}", "difference": difference.value, "difference_low": difference.low,
                        "difference_high": difference.high, "odds_ratio": ratio.value, "odds_ratio_low": ratio.low, "odds_ratio_high": ratio.high,
                        "p": test.p, "p_holm": holm})
        draft.rest_on(difference.cites, ratio.cites, test.cites)
    if any(test.p is not None and test.p > 0.05 for *_, test in compared):
        draft.text.append(NOT_ALIKE)
    done = sum(1 for *_, test in compared if test.p is not None)
    schema = ["Outcome", *arms, "Difference, percentage points (95% CI)", "Odds ratio (95% CI)", "p", "p (Holm)"]
    draft.parts.append(TablePart(
        "table-response-rates", "Rates of response", pl.DataFrame(rows, schema=schema, orient="row"), pl.DataFrame(numbers, infer_schema_length=None),
        (f"Against the arm {reference}. p by Fisher's exact test, p (Holm) adjusted for the tests of this table. {adjusted.statement}",)))
    draft.methods.append(f"P-values of rates of response were adjusted by Holm's method within their table ({done} "
                         f"{'test' if done == 1 else 'tests'}).")
    draft.rest_on(adjusted.cites, ("clopper1934:interval",))


def _crossed(cohort: Cohort, levels: tuple[str, ...]) -> tuple[npt.NDArray[np.int64], list[int]]:
    table = np.zeros((len(cohort.arms), len(levels)), np.int64)
    unknown = [0] * len(cohort.arms)
    place = {arm: i for i, arm in enumerate(cohort.arms)}
    for arm, response in zip(cohort.members["arm"].to_list(), cohort.members["response"].to_list(), strict=True):
        if arm not in place:
            continue
        if response is None:
            unknown[place[arm]] += 1
        else:
            table[place[arm], levels.index(response)] += 1
    if not table.sum():
        raise CohortError("nobody with a known response is in an arm.")
    return table, unknown


def _exact(table: npt.NDArray[np.int64]) -> TestResult:
    return fisher_exact(table) if table.sum() <= ENUMERATE_UP_TO else fisher_exact(table, most_steps=LESS_STEPS, tables=TABLES)


def _with_without(values: list[bool | None], arms: list[str | None], arm: str) -> tuple[int, int]:
    mine = [v for v, a in zip(values, arms, strict=True) if a == arm and v is not None]
    return sum(mine), len(mine) - sum(mine)


def _share(count: int, of: int) -> str:
    if not of:
        return NONE
    found = clopper_pearson(count, of)
    return f"{count}/{of} ({percent(found.value)}; {percent(found.low)} to {percent(found.high)})"


def _limits(found: Estimate) -> dict[str, object]:
    return {"share": found.value, "share_low": found.low, "share_high": found.high}
