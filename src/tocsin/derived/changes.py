"""How much a measurement has fallen or risen within hours: computed from the record before grading, as rows of its own.

A row is added where an earlier value lies within the last hours; its evidence is the value that has changed.  Values known only to lie
beyond a limit make a change that is known only to lie beyond one.  A value known by its day alone counts from the beginning of that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

import polars as pl

from tocsin.errors import RuleError
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS


class How(StrEnum):
    """Which way a change is counted."""

    FALL = "fall"  # per cent below the highest earlier value
    RISE = "rise"  # per cent above the lowest earlier value


@dataclass(frozen=True, slots=True)
class Change:
    """The change of ``of`` within the last ``hours``, in per cent."""

    of: str
    hours: float
    how: How

    def __post_init__(self) -> None:
        if self.of not in CONCEPTS or not self.hours > 0:
            raise RuleError(f"a change needs a measurement and a time to look back over, not {self.of!r} and {self.hours}")


CHANGES: Mapping[str, Change] = MappingProxyType({
    "platelets_fall": Change("platelets", 24.0, How.FALL),
    "fibrinogen_fall": Change("fibrinogen", 48.0, How.FALL),
    "ferritin_rise": Change("ferritin", 24.0, How.RISE),
})
"""Each concept that is computed, and from what."""

_MICROHOURS = 1e6
_INF = float("inf")


def with_changes(timeline: Timeline, wanted: Iterable[str]) -> Timeline:
    """The record with the changes that are ``wanted`` (concepts of CHANGES; others are passed over) added as rows.

    Rows of such a concept that the source itself tells are kept, and none is added for the same patient at the same hour.
    """
    added = change_rows(timeline.events, wanted)
    if not len(added):
        return timeline
    patients = timeline.patients["patient"].to_list()
    place = pl.col("patient").cast(pl.String).replace_strict(patients, range(len(patients)), return_dtype=pl.UInt32)
    events = pl.concat([timeline.events, added]).with_columns(place.alias("_place"))
    return replace(timeline, events=events.sort("_place", "hour", maintain_order=True).drop("_place"))


def change_rows(events: pl.DataFrame, wanted: Iterable[str]) -> pl.DataFrame:
    """The rows that ``with_changes`` adds, in the columns of ``events``."""
    names = [name for name in dict.fromkeys(wanted) if name in CHANGES]
    return pl.concat([events.clear(), *(_rows(events, name, CHANGES[name]) for name in names)])


def _rows(events: pl.DataFrame, name: str, change: Change) -> pl.DataFrame:
    """The rows of one change, with the columns of ``events``."""
    concept, patient = pl.col("concept").cast(pl.String), pl.col("patient").cast(pl.String).alias("_patient")
    after = (pl.col("patient") == pl.col("patient").shift(1)) & (pl.col("hour") - pl.col("hour").shift(1) <= change.hours + 1e-6)
    found = (
        events.filter((concept == change.of) & pl.col("value").is_finite())
        .filter(after.fill_null(value=False) | after.shift(-1).fill_null(value=False))  # a value without another near it has changed from nothing
        .with_columns(patient, (pl.col("hour") * _MICROHOURS).round().cast(pl.Int64).alias("_when"),
                      pl.when(pl.col("censored") < 0).then(0.0).otherwise("value").alias("_low"),
                      pl.when(pl.col("censored") > 0).then(_INF).otherwise("value").alias("_high"))
        .with_columns(_extreme("_low", change).alias("_from_low"), _extreme("_high", change).alias("_from_high"))
        .filter(pl.col("_from_high") > 0)
    )
    told = events.filter(concept == name).select(patient, "hour").unique()
    least, most = _range(change.how)
    known_least, known_most = pl.col("_least").is_finite(), pl.col("_most").is_finite()
    return (
        found.join(told, on=["_patient", "hour"], how="anti", maintain_order="left")
        .with_columns(least.alias("_least"), most.alias("_most"))
        .filter(known_least | known_most)
        .with_columns(
            pl.lit(name).cast(events.schema["concept"]).alias("concept"),
            pl.when(known_least).then("_least").otherwise("_most").round(9).alias("value"),
            pl.when(pl.col("_least") == pl.col("_most")).then(0).when(known_least).then(1).otherwise(-1).cast(pl.Int8).alias("censored"),
            pl.lit(None, events.schema["text"]).alias("text"),
            pl.format("from {} to {}", _said("_from_low", "_from_high"), _said("_low", "_high")).alias("note"),
        )
        .select(events.columns)
    )


def _extreme(end: str, change: Change) -> pl.Expr:
    """The highest (lowest) of ``end`` among the patient's values before this one, no older than the hours of the change."""
    window = f"{round(change.hours * _MICROHOURS)}i"
    column = pl.col(end)
    if change.how is How.FALL:
        return column.rolling_max_by("_when", window, closed="left").over("_patient")
    return column.rolling_min_by("_when", window, closed="left").over("_patient")


def _range(how: How) -> tuple[pl.Expr, pl.Expr]:
    """The least and the most that the change may be, in per cent; not finite where that end says nothing."""
    low, high, from_low, from_high = (pl.col(c) for c in ("_low", "_high", "_from_low", "_from_high"))
    exact = (low == high) & (from_low == from_high)
    if how is How.FALL:
        least = pl.when((high < _INF) & (from_low > 0)).then(100.0 * (from_low - high) / from_low).otherwise(-_INF)
        most = pl.when(exact | ((low > 0) & (from_high < _INF))).then(100.0 * (from_high - low) / from_high).otherwise(_INF)
    else:
        least = pl.when(exact | ((low > 0) & (from_high < _INF))).then(100.0 * (low - from_high) / from_high).otherwise(-_INF)
        most = pl.when((high < _INF) & (from_low > 0)).then(100.0 * (high - from_low) / from_low).otherwise(_INF)
    return least, most


def _said(low: str, high: str) -> pl.Expr:
    """A value in words: "110", "< 10", "> 700"."""
    def number(end: str) -> pl.Expr:
        return pl.col(end).round_sig_figs(6).cast(pl.String).str.strip_suffix(".0")

    beyond = pl.when(pl.col(high) == _INF).then(pl.format("> {}", number(low))).otherwise(pl.format("< {}", number(high)))
    return pl.when(pl.col(low) == pl.col(high)).then(number(low)).otherwise(beyond)
