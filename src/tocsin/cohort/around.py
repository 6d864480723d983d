"""Courses around a treatment, and what each analyte did after it: fell, rose, or not known.

Day 0 is here the moment of the first dose, day k the 24 hours from k days after it on.  A value counts as before the dose only where it was surely
taken before it, and as after only where surely after: of a dose and a value of the same day, known by the day only, nobody knows the order, and such
values are counted, not used.

The response of one analyte in one patient (a decision in each of its numbers):

* before: the last value within ``before_hours`` (48) before the first dose;
* after: the ``last`` value (or the ``lowest``, by choice) within ``after_days`` (7) days after it;
* it *fell* where the value after is surely below the one before, *rose* where surely above, and is *not settled* where a limit (">5000") leaves it open.

Interleukin-6 is a case of its own.  Tocilizumab blocks its receptor, by which it is cleared, so that its level in serum may rise although the drug works
(nishimoto2008; zhou2025 says the same of its own patients): a rise alone is no failure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

from tocsin.cohort.measured import ANALYTES, daily, measured, medians
from tocsin.errors import CohortError
from tocsin.timeline import HOURS_A_DAY, Timeline

CITES = ("nishimoto2008:interleukin-6 after tocilizumab", "zhou2025:discussion", "tocsin:response to tocilizumab")
BEFORE_HOURS = 48.0   # decision
AFTER_DAYS = 7.0      # decision
IL6_RISES = (
    "Tocilizumab blocks the receptor by which interleukin-6 is cleared, so serum interleukin-6 can rise although the drug works; "
    "a rise alone does not show that it failed."
)
FELL, ROSE, SAME, NOT_SETTLED, NOT_MEASURED = "fell", "rose", "unchanged", "not settled", "not measured"
After = Literal["last", "lowest"]
RESPONSE = {
    "patient": pl.String, "concept": pl.String, "direction": pl.String, "why": pl.String, "before": pl.Float64, "before_censored": pl.Int64,
    "before_day": pl.Float64, "after": pl.Float64, "after_censored": pl.Int64, "after_day": pl.Float64, "highest": pl.Float64, "values_after": pl.Int64,
    "same_time": pl.Int64,
}


def first_doses(timeline: Timeline, drug: str = "tocilizumab", until_day: float = 28.0) -> pl.DataFrame:
    """The first dose of a drug from the infusion on: patient, day (the middle of when it was given), first and last (days between which it was)."""
    events = timeline.events.lazy().select(
        pl.col("patient", "concept").cast(pl.String), "value", pl.col("text").cast(pl.String).str.to_lowercase(), "censored",
        first=pl.col("hour") / HOURS_A_DAY, last=pl.max_horizontal("hour", "hour_latest") / HOURS_A_DAY)
    denied = pl.col("value").is_null() & pl.col("text").is_in(["absent", "unknown"]).fill_null(False)
    none = denied | ((pl.col("value") == 0) & (pl.col("censored") <= 0)).fill_null(False)
    return (events.filter((pl.col("concept") == drug) & ~none).with_columns(day=(pl.col("first") + pl.col("last")) / 2)
            .filter((pl.col("day") >= 0) & (pl.col("day") < until_day + 1)).sort("patient", "day", maintain_order=True)
            .group_by("patient", maintain_order=True).first().select("patient", "day", "first", "last").collect())


def around(timeline: Timeline, concept: str, zero: Mapping[str, float], days: tuple[float, float] = (-3.0, 7.0)) -> pl.DataFrame:
    """The values of one analyte from ``days[0]`` to the end of day ``days[1]`` around a moment of each patient (``zero``: hours since the infusion).

    Columns as in ``measured``, with ``day`` counted from that moment.  CohortError for days that end before they begin.
    """
    if not days[0] < days[1]:
        raise CohortError(f"a course goes from an earlier to a later day, not from {days[0]:g} to {days[1]:g}")
    start = pl.DataFrame({"patient": list(zero), "_zero": [h / HOURS_A_DAY for h in zero.values()]}, {"patient": pl.String, "_zero": pl.Float64})
    values = measured(timeline, [concept], until_day=float("inf"))
    return (values.join(start, on="patient", how="inner", maintain_order="left").with_columns(pl.col("day", "first", "last") - pl.col("_zero"))
            .filter((pl.col("day") >= days[0]) & (pl.col("day") < days[1] + 1)).drop("_zero"))


def by_day(courses: pl.DataFrame, of_day: str = "max") -> pl.DataFrame:
    """Median and quartiles of courses by day, with the number of patients behind each; a patient counts once a day, with the highest value of the day."""
    return medians(daily(courses, of_day))


def response_of(
    timeline: Timeline, concepts: Sequence[str] = ANALYTES, drug: str = "tocilizumab", until_day: float = 28.0, *, before_hours: float = BEFORE_HOURS,
    after_days: float = AFTER_DAYS, after: After = "last",
) -> pl.DataFrame:
    """What each analyte did after the first dose of ``drug``, one row for each patient given it and each analyte (RESPONSE).

    ``direction`` as above and ``why`` where it is not measured or not settled; ``before`` and ``after`` with their days from the dose and -1 / 0 / +1 where a
    limit; ``highest``: the highest value after; ``same_time``: values of which nobody knows whether they were before or after.
    """
    if after not in ("last", "lowest"):
        raise CohortError(f"the value after is the last or the lowest, not {after!r}")
    dosed = first_doses(timeline, drug, until_day).select("patient", "day", "first", "last").rename({"day": "_day", "first": "_first", "last": "_last"})
    values = measured(timeline, concepts, until_day=float("inf")).lazy().filter(pl.col("value").is_not_null()).join(
        dosed.lazy(), on="patient", how="inner", maintain_order="left")
    gap = pl.col("day") - pl.col("_day")
    known = values.with_columns(
        gap=gap, early=(pl.col("last") <= pl.col("_first")) & (gap < 0), late=(pl.col("first") >= pl.col("_last")) & (gap > 0)).filter(
        (gap >= -before_hours / HOURS_A_DAY) & (gap <= after_days))
    order = ["gap"] if after == "last" else ["high", "gap"]
    pick = pl.last if after == "last" else pl.first

    def ends(column: str, when: str, by: list[str], one: object) -> pl.Expr:
        chosen = pl.col(column).filter(pl.col(when)).sort_by([pl.col(c).filter(pl.col(when)) for c in by], maintain_order=True)
        return chosen.last() if one is pl.last else chosen.first()

    found = known.group_by("patient", "concept").agg(
        *(ends(c, "early", ["gap"], pl.last).alias(f"b_{c}") for c in ("value", "censored", "gap", "low", "high")),
        *(ends(c, "late", order, pick).alias(f"a_{c}") for c in ("value", "censored", "gap", "low", "high")),
        highest=pl.col("value").filter(pl.col("late")).max(), values_after=pl.col("late").sum().cast(pl.Int64),
        same_time=(~pl.col("early") & ~pl.col("late")).sum().cast(pl.Int64))
    everybody = dosed.lazy().select("patient").join(pl.LazyFrame({"concept": list(concepts)}, {"concept": pl.String}), how="cross")
    low, high = pl.col("a_low"), pl.col("a_high")
    direction = (
        pl.when(pl.col("b_value").is_null() | pl.col("a_value").is_null()).then(pl.lit(NOT_MEASURED))
        .when((high < pl.col("b_low")) | _strictly_below()).then(pl.lit(FELL))
        .when((low > pl.col("b_high")) | _strictly_above()).then(pl.lit(ROSE))
        .when((pl.col("a_censored") == 0) & (pl.col("b_censored") == 0)).then(pl.lit(SAME)).otherwise(pl.lit(NOT_SETTLED)))
    hidden = pl.when(pl.col("same_time") > 0).then(pl.format(" ({} of the same time)", pl.col("same_time"))).otherwise(pl.lit(""))
    why = (
        pl.when(pl.col("b_value").is_null() & pl.col("a_value").is_null()).then(pl.format("no value before or after{}", hidden))
        .when(pl.col("b_value").is_null()).then(pl.format("no value in the {} h before{}", pl.lit(f"{before_hours:g}"), hidden))
        .when(pl.col("a_value").is_null()).then(pl.format("no value in the {} days after{}", pl.lit(f"{after_days:g}"), hidden))
        .when(pl.col("direction") == NOT_SETTLED).then(pl.lit("a value is only known as a limit")))
    return (
        everybody.join(found, on=["patient", "concept"], how="left", maintain_order="left").with_columns(pl.col("values_after", "same_time").fill_null(0))
        .with_columns(direction=direction).with_columns(why=why)
        .rename({"b_value": "before", "b_censored": "before_censored", "b_gap": "before_day", "a_value": "after", "a_censored": "after_censored",
                 "a_gap": "after_day"}).select(list(RESPONSE)).collect().cast(RESPONSE)  # type: ignore[arg-type]
    )


def _strictly_below() -> pl.Expr:
    """Where the ends touch, a limit is strict: what is above 500 is above an exact 500, and what is below 5 is below an exact 5."""
    return (pl.col("a_high") == pl.col("b_low")) & ((pl.col("a_censored") < 0) | (pl.col("b_censored") > 0))


def _strictly_above() -> pl.Expr:
    return (pl.col("a_low") == pl.col("b_high")) & ((pl.col("a_censored") > 0) | (pl.col("b_censored") < 0))


def says(before_hours: float = BEFORE_HOURS, after_days: float = AFTER_DAYS, after: After = "last") -> str:
    """The rule as a methods section prints it."""
    return (
        f"An analyte fell after tocilizumab where its {after} value within {after_days:g} days after the first dose is below the last value within "
        f"{before_hours:g} h before it, and rose where it is above. Values of which the order to the dose is not known are not used."
    )
