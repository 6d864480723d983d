"""What a course amounts to in one patient: peak (Cmax), its time (Tmax), area under the curve, and the last day it was found.

The measures are those of the cellular kinetics of CAR-T cells (mueller2017: Cmax, Tmax, AUC from day 0 to 28, Tlast).  The area is linear trapezoids between
the values.  It is given from day 0 to ``until_day`` only where the course was measured near both ends and between them, by three rules that are decisions:

* a value before the infusion, at most BEFORE_DAYS old, from which the line to the next value is read at day 0; or a first value by day
  ``begins_by``, held back to day 0;
* a last value at or after day ``ends_by``, held to ``until_day``;
* no two neighbouring values further apart than ``widest_gap`` days.

Otherwise ``auc`` is null and ``auc_why`` says why; ``auc_span`` is the area over what was measured, ``auc_from`` to ``auc_to``.
Days are days since the infusion.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tocsin.cohort.measured import ANALYTES, measured
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

CITES = ("mueller2017:cellular kinetics", "tocsin:area under the curve")
BEGINS_BY = 2.0       # decision
ENDS_BY = 21.0        # decision
WIDEST_GAP = 14.0     # decision
BEFORE_DAYS = 7.0     # decision
BELOW = 0.5
"""A value below its limit enters the area as this share of the limit (a decision); ``auc_low`` and ``auc_high`` take 0 and the limit itself."""

COLUMNS = {
    "patient": pl.String, "concept": pl.String, "n": pl.Int64, "unknown": pl.Int64, "baseline": pl.Float64, "cmax": pl.Float64, "cmax_censored": pl.Int64,
    "tmax_day": pl.Float64, "peak_is_last": pl.Boolean, "auc": pl.Float64, "auc_low": pl.Float64, "auc_high": pl.Float64, "auc_censored": pl.Int64,
    "auc_why": pl.String, "auc_span": pl.Float64, "auc_from": pl.Float64, "auc_to": pl.Float64, "gap_days": pl.Float64, "first_day": pl.Float64,
    "last_day": pl.Float64, "last_measured_day": pl.Float64,
}
KEY = ["patient", "concept"]


def says(until_day: float = 28.0) -> str:
    """The rules as a methods section prints them."""
    return (
        f"Cmax is the highest value from the infusion to day {until_day:g}, Tmax its time. The area under the curve from day 0 to day {until_day:g} is by "
        f"linear trapezoids, given where a value was taken before the infusion (at most {BEFORE_DAYS:g} days) or by day {BEGINS_BY:g}, one on or after day "
        f"{ENDS_BY:g} (held to day {until_day:g}), and no two neighbouring values lie more than {WIDEST_GAP:g} days apart. Values below a limit enter it as "
        f"{BELOW:g} of the limit; with a value above a limit it is a lower bound. A value known by its day only stands at the middle of that day."
    )


def kinetics(
    timeline: Timeline, concepts: Sequence[str] = ANALYTES, until_day: float = 28.0, *, begins_by: float = BEGINS_BY, ends_by: float = ENDS_BY,
    widest_gap: float = WIDEST_GAP, before_days: float = BEFORE_DAYS, below: float = BELOW,
) -> pl.DataFrame:
    """The kinetics of each measured analyte in each patient who has a value of it from the infusion on, one row each (COLUMNS).

    ``n`` values, ``unknown`` charted without a number.  ``cmax``: the highest, exactly where ``cmax_censored`` is 0; +1: it is at least this (a value is
    charted as above a limit), -1: it is below this (every value is).  ``tmax_day``: the first time of it, null where it is below a limit or 0;
    ``peak_is_last``: the highest value is the last one taken, so that the true peak may come later.  ``auc`` ... as above, in the unit times days, with
    ``auc_censored`` +1 (at least this), -1 (some values are below a limit), 0.  ``first_day``, ``last_day``: first and last day with a value above 0 and above
    its limit; ``last_measured_day``: of any value.  ``baseline``: the last value at most ``before_days`` before the infusion, null where that is a limit.
    """
    if not (until_day > 0 and before_days >= 0 and 0 <= below <= 1 and widest_gap > 0):
        raise CohortError("kinetics need a positive number of days and a share of the limit between 0 and 1")
    key = ("kinetics", tuple(concepts), until_day, begins_by, ends_by, widest_gap, before_days, below)
    if key not in timeline.cache:
        timeline.cache[key] = _kinetics(timeline, concepts, until_day, begins_by, ends_by, widest_gap, before_days, below)
    return timeline.cache[key]  # type: ignore[return-value]


def _kinetics(timeline: Timeline, concepts: Sequence[str], until_day: float, begins_by: float, ends_by: float, widest_gap: float, before_days: float,
              below: float) -> pl.DataFrame:
    values = measured(timeline, concepts, -before_days, until_day)
    known = values.lazy().filter(pl.col("value").is_not_null())
    after = known.filter(pl.col("day") >= 0)
    peaks = after.group_by(KEY).agg(
        n=pl.len().cast(pl.Int64), _low=pl.col("low").max(), _high=pl.col("high").max(), last_measured_day=pl.col("day").max(),
        first_day=pl.col("day").filter(pl.col("low") > 0).min(), last_day=pl.col("day").filter(pl.col("low") > 0).max(),
        tmax_day=pl.col("day").filter((pl.col("low") == pl.col("low").max()) & (pl.col("low") > 0)).min(),
    ).with_columns(
        cmax=pl.when(pl.col("_low") > 0).then("_low").otherwise("_high"),
        cmax_censored=pl.when(pl.col("_low") == pl.col("_high")).then(0).when(pl.col("_low") > 0).then(1).otherwise(-1),
        peak_is_last=(pl.col("tmax_day") == pl.col("last_measured_day")).fill_null(False),
    )
    unknown = values.lazy().filter(pl.col("value").is_null() & (pl.col("day") >= 0)).group_by(KEY).agg(unknown=pl.len().cast(pl.Int64))
    earlier = known.filter(pl.col("day") < 0).group_by(KEY, maintain_order=True).last()
    baseline = earlier.select(*KEY, baseline=pl.when(pl.col("censored") == 0).then("value"))
    area = _areas(pl.concat([earlier, after]), until_day, begins_by, ends_by, widest_gap, below)
    return (
        peaks.join(unknown, on=KEY, how="left").join(baseline, on=KEY, how="left").join(area, on=KEY, how="left")
        .with_columns(pl.col("unknown").fill_null(0)).select(list(COLUMNS)).sort(KEY).collect().cast(COLUMNS)  # type: ignore[arg-type]
    )


def _areas(points: pl.LazyFrame, until: float, begins_by: float, ends_by: float, widest_gap: float, below: float) -> pl.LazyFrame:
    """Area, its bounds, what it rests on and why it is not given, by patient and concept."""
    taken = pl.when(pl.col("censored") < 0).then(pl.col("value") * below).otherwise("value")
    # values of the same moment are one point, their mean
    at = points.with_columns(_taken=taken, _most=pl.col("value")).group_by(*KEY, "day").agg(
        pl.col("_taken", "low", "_most").mean(), _above=(pl.col("censored") > 0).any(), _below=(pl.col("censored") < 0).any()).sort(*KEY, "day")
    before = pl.col("day").shift(1).over(KEY)
    a, b = pl.max_horizontal(before, pl.lit(0.0)), pl.min_horizontal("day", pl.lit(until))
    width = pl.when(before.is_not_null() & (b > a)).then(b - a).otherwise(0.0)
    step = pl.col("day") - before

    def trapezoid(column: str) -> pl.Expr:
        v0 = pl.col(column).shift(1).over(KEY)
        slope = (pl.col(column) - v0) / step
        return pl.when(width > 0).then(width * (v0 + slope * ((a + b) / 2 - before))).otherwise(0.0)

    parts = at.with_columns(_gap=step, **{f"_area{c}": trapezoid(c) for c in ("_taken", "low", "_most")})
    first, last = pl.col("day").first(), pl.col("day").last()
    lead, tail = pl.max_horizontal(first, pl.lit(0.0)), pl.max_horizontal(until - last, pl.lit(0.0))

    def whole(column: str) -> pl.Expr:
        return pl.col(f"_area{column}").sum() + lead * pl.col(column).first() + tail * pl.col(column).last()

    found = parts.group_by(KEY, maintain_order=True).agg(
        _points=pl.len(), _first=first, _last=last, gap_days=pl.col("_gap").max(), auc_span=pl.col("_area_taken").sum(), _whole=whole("_taken"),
        auc_low=whole("low"), auc_high=whole("_most"), _above=pl.col("_above").any(), _below=pl.col("_below").any(),
        auc_from=pl.max_horizontal(first, pl.lit(0.0)), auc_to=pl.min_horizontal(last, pl.lit(until)))
    why = (
        pl.when(pl.col("_points") < 2).then(pl.lit("one value only"))
        .when(pl.col("_first") > begins_by).then(pl.format("the first value is of day {}", pl.col("_first").round(1)))
        .when(pl.col("_last") < ends_by).then(pl.format("the last value is of day {}", pl.col("_last").round(1)))
        .when(pl.col("gap_days") > widest_gap).then(pl.format("{} days without a value", pl.col("gap_days").round(1)))
    )
    several = pl.col("_points") > 1
    return found.with_columns(auc_why=why).with_columns(
        auc=pl.when(pl.col("auc_why").is_null()).then("_whole"),
        auc_low=pl.when(pl.col("auc_why").is_null()).then("auc_low"),
        auc_high=pl.when(pl.col("auc_why").is_null() & ~pl.col("_above")).then("auc_high"),
        auc_censored=pl.when(pl.col("_above")).then(1).when(pl.col("_below")).then(-1).otherwise(0),
        auc_span=pl.when(several).then("auc_span"), auc_from=pl.when(several).then("auc_from"), auc_to=pl.when(several).then("auc_to"))


def wide(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a patient with <concept>_cmax, <concept>_cmax_censored, <concept>_tmax_day, <concept>_auc, <concept>_auc_censored, <concept>_last_day."""
    out = frame.select("patient").unique(maintain_order=True)
    for concept in frame["concept"].unique(maintain_order=True).to_list():
        mine = frame.filter(pl.col("concept") == concept).select(
            "patient", *(pl.col(c).alias(f"{concept}_{c}") for c in ("cmax", "cmax_censored", "tmax_day", "auc", "auc_censored", "last_day")))
        out = out.join(mine, on="patient", how="left", maintain_order="left")
    return out
