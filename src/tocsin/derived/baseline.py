"""Baselines: the last value before lymphodepletion, which chemotherapy has not moved yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS, LYMPHODEPLETION

LYMPHODEPLETION_DAY = -5
"""The day on which lymphodepletion is taken to begin where the record does not tell it (decision)."""
LOOK_BACK_DAYS = 30
"""How old a baseline may be, before lymphodepletion (decision)."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """The baseline of each patient: the ends of the range in which it lies (nan: unknown), and its row of events (-1: none)."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    row: npt.NDArray[np.int64]


def baselines(timeline: Timeline, concept: str) -> Baselines:
    """The baseline of ``concept`` for each patient, in the order of the table of patients.

    It is the patient's own fact ``baseline_<concept>`` where told; otherwise the last value at or before the first dose of a
    lymphodepleting drug (a value of that day counts, laboratories are drawn before it), at most LOOK_BACK_DAYS before it.
    Without such a dose, lymphodepletion is taken to begin on LYMPHODEPLETION_DAY.
    """
    kept = timeline.cache.get(("baseline", concept))
    if kept is None:
        kept = timeline.cache["baseline", concept] = _baselines(timeline, concept)
    return kept  # type: ignore[return-value]


def _early(timeline: Timeline) -> pl.DataFrame:
    """The events up to the infusion with the number of their row, and when lymphodepletion began or is taken to have begun."""
    early = timeline.cache.get("early")
    if early is None:
        latest = pl.max_horizontal("hour", "hour_latest")
        early = (
            timeline.events.lazy().with_row_index("row").filter(pl.col("hour") <= 0).select(
                "row", pl.col("patient", "concept", "text").cast(pl.String), "hour", "value", "censored",
                (latest - pl.col("hour")).alias("window")).collect())
        begin = early.filter(
            pl.col("concept").is_in(LYMPHODEPLETION) & (pl.col("hour") < 0) & pl.col("text").is_in(["absent", "unknown"]).not_().fill_null(True)
        ).group_by("patient").agg(pl.col("hour").min().alias("begin"))
        early = early.join(begin, on="patient", how="left").with_columns(pl.col("begin").fill_null(LYMPHODEPLETION_DAY * HOURS_A_DAY))
        timeline.cache["early"] = early
    return early  # type: ignore[return-value]


def _baselines(timeline: Timeline, concept: str) -> Baselines:
    last = (
        _early(timeline).lazy().filter(
            (pl.col("concept") == concept) & pl.col("value").is_not_null() & (pl.col("window") <= HOURS_A_DAY) & (pl.col("hour") <= pl.col("begin"))
            & (pl.col("hour") >= pl.col("begin") - LOOK_BACK_DAYS * HOURS_A_DAY))
        .group_by("patient").agg(pl.col("row", "value", "censored").sort_by("hour", "row").last())
    )
    found = timeline.patients.lazy().select("patient").join(last, on="patient", how="left", maintain_order="left").collect()
    value = found["value"].fill_null(np.nan).to_numpy().astype(np.float64)
    censored = found["censored"].fill_null(0).to_numpy()
    low = np.where(censored < 0, -np.inf, np.where(censored > 0, np.nextafter(value, np.inf), value))
    high = np.where(censored > 0, np.inf, np.where(censored < 0, np.nextafter(value, -np.inf), value))
    row = found["row"].cast(pl.Int64).fill_null(-1).to_numpy().copy()
    own = f"baseline_{concept}"
    if own in timeline.patients.columns:
        told = timeline.patients[own].fill_null(np.nan).to_numpy()
        has = ~np.isnan(told)
        low, high, row = np.where(has, told, low), np.where(has, told, high), np.where(has, -1, row)
    return Baselines(low, high, row)


def is_baseline(fact: str) -> bool:
    """Whether a fact about a patient is a baseline that the record may tell."""
    return fact.startswith("baseline_") and fact.removeprefix("baseline_") in CONCEPTS
