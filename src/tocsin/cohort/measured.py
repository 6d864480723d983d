"""The measured values of an analyte over time, ready to be summarised: who, when, what, and whether it is a limit.

A value known by its day or a window only stands in the middle of that time.  A value charted as ">5000" lies anywhere above, one charted as "<0.2" anywhere
between 0 and it: ``low`` and ``high`` are the ends of where the true value lies.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tocsin.cohort.describe import quantile
from tocsin.errors import CohortError
from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS, Kind

ANALYTES = (
    "il6", "il10", "ifn_gamma", "tnf_alpha", "sil2r", "il2", "il8", "il15", "gm_csf", "il1b", "il5", "mcp1", "granzyme_b", "ferritin", "crp", "ldh",
    "car_t_percent", "car_t_copies",
)
"""What the report of a cohort looks for: cytokines, markers of inflammation, and expansion of the CAR-T cells."""
EXPANSION = ("car_t_percent", "car_t_copies")


def measured(timeline: Timeline, concepts: Sequence[str] = ANALYTES, from_day: float = float("-inf"), until_day: float = 28.0) -> pl.DataFrame:
    """Every value of these measurements from day ``from_day`` to the end of day ``until_day``, sorted by patient, concept and time.

    Columns: patient, concept, day (since the infusion), first and last (days between which it was taken), value (null: charted as unknown), censored
    (-1 below, 0 exact, +1 above ``value``), low and high (between which the true value lies).  CohortError for what is no measurement.
    """
    for name in concepts:
        if name not in CONCEPTS or CONCEPTS[name].kind is not Kind.MEASUREMENT:
            raise CohortError(f"{name!r} is no measurement (see `tocsin concepts`); only a measurement has a course over time")
    events = timeline.events.lazy().filter(pl.col("concept").cast(pl.String).is_in(list(concepts))).select(
        pl.col("patient", "concept").cast(pl.String), first=pl.col("hour") / HOURS_A_DAY, last=pl.max_horizontal("hour", "hour_latest") / HOURS_A_DAY,
        value="value", censored=pl.when(pl.col("value").is_not_null()).then(pl.col("censored").cast(pl.Int64)))
    return (
        events.with_columns(day=(pl.col("first") + pl.col("last")) / 2).filter((pl.col("day") >= from_day) & (pl.col("day") < until_day + 1))
        .with_columns(low=pl.when(pl.col("censored") < 0).then(0.0).otherwise("value"),
                      high=pl.when(pl.col("censored") > 0).then(float("inf")).otherwise("value"))
        .with_columns(low=pl.when(pl.col("value").is_null()).then(None).otherwise("low"), high=pl.when(pl.col("value").is_null()).then(None).otherwise("high"))
        .select("patient", "concept", "day", "first", "last", "value", "censored", "low", "high").sort("patient", "concept", "day", maintain_order=True)
        .collect()
    )


def daily(values: pl.DataFrame, of_day: str = "max") -> pl.DataFrame:
    """One value a patient, concept and whole day: the highest of the day (``max``), or its ``median``.

    The highest is the choice for a marker of toxicity, where the peak is what counts; values that are limits are taken at the limit.
    """
    if of_day not in ("max", "median"):
        raise CohortError(f"the value of a day is its max or its median, not {of_day!r}")
    value = pl.col("value").max() if of_day == "max" else pl.col("value").median()
    return (values.lazy().filter(pl.col("value").is_not_null()).with_columns(day=pl.col("day").floor().cast(pl.Int64))
            .group_by("patient", "concept", "day").agg(value).sort("patient", "concept", "day").collect())


def medians(of_days: pl.DataFrame, quantile_type: int = 7) -> pl.DataFrame:
    """Median and quartiles over patients by concept and day, with the number of patients: concept, day, n, median, q1, q3."""
    grouped = of_days.group_by("concept", "day", maintain_order=True).agg("value").sort("concept", "day")
    rows = []
    for concept, day, values in grouped.iter_rows():
        q1, middle, q3 = quantile(values, [0.25, 0.5, 0.75], quantile_type)
        rows.append((concept, day, len(values), float(middle), float(q1), float(q3)))
    return pl.DataFrame(rows, {"concept": pl.String, "day": pl.Int64, "n": pl.Int64, "median": pl.Float64, "q1": pl.Float64, "q3": pl.Float64}, orient="row")
