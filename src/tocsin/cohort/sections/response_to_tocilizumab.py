"""What each analyte did after the first tocilizumab, and what else was going on in those whose interleukin-6 did not fall."""

from __future__ import annotations

import numpy as np
import polars as pl

from tocsin.cohort import around
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.compare import signed_rank
from tocsin.cohort.complications import infections_and_gvhd
from tocsin.cohort.describe import short
from tocsin.cohort.measured import EXPANSION
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.paired import paired_shift
from tocsin.cohort.proportions import wilson
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.sections.cells import NONE, median_quartiles, plural, with_interval
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import p_cell
from tocsin.vocabulary import CONCEPTS

MOST_NAMED = 60
"""Patients whom the table of those without a fall names at most; a longer one says how many more there are (a decision)."""
DIRECTIONS = (around.FELL, around.ROSE, around.SAME, around.NOT_SETTLED)


def add(draft: Draft, cohort: Cohort, people: pl.DataFrame, found: pl.DataFrame, analytes: list[str], until: float) -> None:
    """Add the table of responses and the table of those whose interleukin-6 did not fall."""
    responses = around.response_of(cohort.timeline, analytes, "tocilizumab", until).filter(pl.col("patient").is_in(people["patient"].to_list()))
    if not len(responses):
        draft.leave_out("Response of cytokines to tocilizumab", "no dose of tocilizumab has a time on record")
        return
    draft.methods.append(around.says())
    draft.rest_on(around.CITES)
    n = responses["patient"].n_unique()
    rows: list[list[str]] = []
    tests: list[TestResult] = []
    numbers: list[dict[str, object]] = []
    lines = Lines(["Analyte", "Before and after", *(d.capitalize() for d in DIRECTIONS), "Before", "After", "After ÷ before (95% CI)", "p", "Holm p", "Test"])
    for concept in analytes:
        mine = responses.filter(pl.col("concept") == concept)
        known = mine.filter(pl.col("direction") != around.NOT_MEASURED)
        if not len(known):
            draft.leave_out(f"Response of {CONCEPTS[concept].title} to tocilizumab", "nobody has a value within the times before and after the first dose")
            continue
        ratio, test, pairs = _ratio(known)
        counts = [int((known["direction"] == d).sum()) for d in DIRECTIONS]
        middles = [median_quartiles(known[c].to_numpy()) for c in ("before", "after")]
        rows.append([CONCEPTS[concept].title, f"{len(known)}/{n}", *map(str, counts), *middles,
                     with_interval(ratio), p_cell(test.p)])
        tests.append(test)
        numbers.append({"analyte": concept, "given": n, "measured": len(known), **dict(zip(DIRECTIONS, counts, strict=True)), "ratio": ratio.value,
                        "ratio_low": ratio.low, "ratio_high": ratio.high, "pairs": pairs, "p": test.p, "test": test.called,
                        "warnings": "; ".join(test.warnings)})
        draft.rest_on(test.cites, ratio.cites)
    if not rows:
        return
    holm = adjust([t.p for t in tests], "holm")
    for row, test, p, number in zip(rows, tests, holm.adjusted, numbers, strict=True):
        lines.whole(*row, p_cell(p), test.brief if test.p is not None else f"not tested: {test.not_done}")
        lines.number(**number, p_holm=p)
    draft.rest_on(holm.cites)
    draft.parts.append(lines.table("table-response-to-tocilizumab", "Analytes before and after the first tocilizumab", _notes(responses, holm.statement)))
    _interleukin6(draft, cohort, people, found, responses, until)


def _ratio(known: pl.DataFrame) -> tuple[Estimate, TestResult, int]:
    """The ratio after to before (Hodges-Lehmann on logarithms), its signed-rank test, and how many pairs they rest on."""
    pairs = known.filter((pl.col("before") > 0) & (pl.col("after") > 0))
    before, after = (np.log(pairs[c].to_numpy()) for c in ("before", "after"))
    test = signed_rank(before, after)
    shift = paired_shift(before, after)
    value, low, high = (None if x is None else float(np.exp(x)) for x in (shift.value, shift.low, shift.high))
    return Estimate("ratio", value, low, high, shift.level, shift.method, shift.software, shift.cites, shift.warnings), test, len(pairs)


def _notes(responses: pl.DataFrame, family: str) -> list[str]:
    notes = [around.says(), "Ratios are Hodges-Lehmann estimates and signed-rank tests of the logarithms of paired values above 0.", around.IL6_RISES]
    limits = int(((responses["before_censored"].fill_null(0) != 0) | (responses["after_censored"].fill_null(0) != 0)).sum())
    if limits:
        notes.append(f"{plural(limits, 'pair')} with a value known as a limit only: ratios take the limit, which draws them towards 1 where values begin above "
                     "a limit or end below one.")
    hidden = int(responses["same_time"].sum())
    if hidden:
        notes.append(f"{plural(hidden, 'value')} of the same time as the first dose {'is' if hidden == 1 else 'are'} not used: the order is not known.")
    return [*notes, "Without patients who were not given tocilizumab at the same point of their course, a fall is not shown to be the effect of the drug.",
            f"Tests of this table: {family}"]


def _interleukin6(draft: Draft, cohort: Cohort, people: pl.DataFrame, found: pl.DataFrame, responses: pl.DataFrame, until: float) -> None:
    """How many had a fall, in words, and who had none."""
    mine = responses.filter(pl.col("concept") == "il6")
    known = mine.filter(pl.col("direction").is_in([around.FELL, around.ROSE, around.SAME]))
    if not len(known):
        draft.leave_out("Response of interleukin-6 to tocilizumab", "of nobody it is known whether it fell or rose after the first dose")
        return
    fell = int((known["direction"] == around.FELL).sum())
    share = wilson(fell, len(known))
    open_ = len(mine) - len(known)
    draft.text.append(
        f"After the first tocilizumab interleukin-6 fell in {fell} of {plural(len(known), 'patient')} ({100 * fell / len(known):.1f}%; 95% CI "
        f"{100 * (share.low or 0):.0f} to {100 * (share.high or 0):.0f})" + (f"; of {open_} more it is not known" if open_ else "") + f". {around.IL6_RISES}")
    draft.rest_on(share.cites)
    without = people.select("patient").join(known.filter(pl.col("direction") != around.FELL), on="patient", how="inner", maintain_order="left")
    if not len(without):
        draft.text.append("There is no patient in whom interleukin-6 is known not to have fallen.")
        return
    table = _without_a_fall(cohort, people, found, without.head(MOST_NAMED), until)
    beside = ["Beside each patient stands what else can keep interleukin-6 high (zhou2025): CAR-T cells that still expanded after the drug, infection, "
              "graft-versus-host disease. That something is on record does not show that it is the cause; an en dash says that nothing is on record."]
    if len(without) > MOST_NAMED:
        beside.append(f"The first {MOST_NAMED} of {len(without)} patients.")
    draft.parts.append(table.table("table-without-fall", "Patients whose interleukin-6 did not fall after tocilizumab", beside))
    draft.rest_on(("zhou2025:effectiveness of tocilizumab",))


def _without_a_fall(cohort: Cohort, people: pl.DataFrame, found: pl.DataFrame, without: pl.DataFrame, until: float) -> Lines:
    lines = Lines(["Patient", "Tocilizumab, day", "Interleukin-6", "Before", "Last", "Highest", "CAR-T cells", "Infection", "GVHD",
                   "Corticosteroids, from day"])
    days = dict(cohort.doses.filter(pl.col("group") == "tocilizumab").group_by("patient").agg(pl.col("day").sort()).iter_rows())
    rows = infections_and_gvhd(cohort.timeline, until).filter(pl.col("patient").is_in(without["patient"].to_list()))
    members = {r["patient"]: r for r in people.filter(pl.col("patient").is_in(without["patient"].to_list())).iter_rows(named=True)}
    peaks = found.filter(pl.col("concept").is_in(list(EXPANSION)) & pl.col("tmax_day").is_not_null()).sort("tmax_day").group_by("patient").agg(
        pl.col("tmax_day").max(), pl.col("peak_is_last").last())
    peak = {p: (d, last) for p, d, last in peaks.iter_rows()}
    for r in without.iter_rows(named=True):
        patient, member = r["patient"], members[r["patient"]]
        toci = [float(d) for d in days.get(patient, [])]
        first = toci[0] if toci else member["tocilizumab_first_day"]
        cells = _expanding(peak.get(patient), first)
        mine = rows.filter(pl.col("patient") == patient)
        infection, gvhd = (_found(mine.filter(pl.col("what") == what), told) for what, told in (
            ("infection", bool(member.get("infection"))), ("gvhd", bool(member.get("gvhd")))))
        steroid = member["corticosteroid_first_day"]
        lines.whole(patient, ", ".join(_day(d) for d in toci) or NONE, r["direction"], _limit(r["before"], r["before_censored"]),
                    _limit(r["after"], r["after_censored"]), short(r["highest"]), cells, infection, gvhd,
                    _day(steroid) if steroid is not None else "yes" if member["corticosteroids"] else NONE)
        lines.number(patient=patient, direction=r["direction"], before=r["before"], before_limit=r["before_censored"], last=r["after"],
                     last_limit=r["after_censored"], highest=r["highest"], car_t_peak_day=None if patient not in peak else peak[patient][0],
                     first_tocilizumab_day=first, infection=infection != NONE, gvhd=gvhd != NONE)
    return lines


def _expanding(peak: tuple[float, bool] | None, first: float | None) -> str:
    """Whether CAR-T cells still rose after the first tocilizumab."""
    if peak is None:
        return "not measured"
    day, last = peak
    after = first is not None and day > first
    return f"peak on day {_day(day)}" + (", after the drug" if after else "") + (", still rising" if after and last else "")


def _found(rows: pl.DataFrame, told: bool) -> str:
    """What was found, where and since when."""
    parts = [f"{site or 'site not told'} (day {_day(day)})" for site, day in rows.group_by("site", maintain_order=True).agg(pl.col("day").min()).iter_rows()]
    named = [p for p in parts if not p.startswith("site not told")]
    return ", ".join(named or parts) or ("yes, day not told" if told else NONE)


def _day(day: float) -> str:
    """The whole day in which a time lies."""
    return f"{int(np.floor(day))}"


def _limit(value: float, censored: int) -> str:
    return f"{'>' if censored > 0 else '<' if censored < 0 else ''}{short(value)}"
