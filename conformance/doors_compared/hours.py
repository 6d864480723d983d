"""Periods and grades over time, and in which hours two doors differ."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from doors_compared.reading import Door
from doors_compared.reasons import REASONS_CLIF, REASONS_MEDS, REASONS_OMOP, REASONS_OTHER
from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.grading import grade
from tocsin.scales import Criterion, Scale
from tocsin.timeline import Timeline

FEVER_SCALE = Scale(
    "temperature-38", "1", "Temperature of 38.0 degC or more", "CRS",
    (Criterion("FEVER1", 1, FEVER, "astct_table:fever", Mark.VERIFIED, "as the ASTCT scale reads it", short="fever"),),
    ("astct_table:footnotes",), ("crs", "unknown"))

Span = tuple[float, float]


def spans_of(events: pl.DataFrame, start: str = "t", end: str = "until") -> dict[tuple[str, str], list[Span]]:
    """The periods of each patient and concept in hours of one clock, those that touch as one."""
    seconds = [pl.col(name).dt.epoch("s") / 3600.0 for name in (start, end)]
    out: dict[tuple[str, str], list[Span]] = {}
    frame = events.select("patient", "concept", seconds[0].alias("a"), seconds[1].fill_null(seconds[0]).alias("b"))
    for who, concept, a, b in frame.sort("patient", "concept", "a").iter_rows():
        mine = out.setdefault((who, concept), [])
        if mine and a <= mine[-1][1]:
            mine[-1] = (mine[-1][0], max(b, mine[-1][1]))
        else:
            mine.append((a, b))
    return out


def total(spans: Iterable[Span]) -> float:
    """The hours of periods that do not overlap."""
    return sum(b - a for a, b in spans)


def meet(xs: Iterable[Span], ys: Iterable[Span]) -> list[Span]:
    """Where both run."""
    ys = list(ys)
    found = [(max(a, c), min(b, d)) for a, b in xs for c, d in ys]
    return sorted(one for one in found if one[0] < one[1])


AS_READ, HOUR_0, COMPLETE = "as read", "another hour 0", "complete for other patients"
Steps = dict[str, list[tuple[float, tuple[float, float]]]]


def steps_of(record: Timeline, scale: str | Scale, door: Door) -> Steps:
    """For each patient the hours of the wall clock from which each range of grades holds."""
    zero = {who: when.timestamp() / 3600.0 for who, when in door.zero.with_columns(pl.col("zero").dt.replace_time_zone("UTC")).iter_rows()}
    out: Steps = {}
    for who, start, low, high in grade(record, scale).frame.select("patient", "start_hour", "at_least", "at_most").iter_rows():
        out.setdefault(who, []).append((zero[who] + start, (low, high)))
    return out


def compared(a: Steps, b: Steps, windows: Mapping[str, list[Span]]) -> dict[str, list[tuple[Span, tuple[float, float], tuple[float, float]]]]:
    """For each patient the pieces of the windows with what both say, once both have begun to grade."""
    def at(steps: list[tuple[float, tuple[float, float]]], when: float) -> tuple[float, float]:
        return steps[bisect_right(steps, when + 1e-6, key=lambda step: step[0]) - 1][1]

    out: dict[str, list[tuple[Span, tuple[float, float], tuple[float, float]]]] = {}
    for who, spans in windows.items():
        mine, theirs = a.get(who, []), b.get(who, [])
        begun = max(mine[0][0], theirs[0][0]) if mine and theirs else float("inf")
        for start, end in meet(spans, [(begun, float("inf"))]):
            edges = sorted({start, end, *(h for h, _ in (*mine, *theirs) if start < h < end)})
            for left, right in pairwise(edges):
                out.setdefault(who, []).append(((left, right), at(mine, left), at(theirs, left)))
    return out


def icu_windows(doors: Mapping[str, Door]) -> dict[str, list[Span]]:
    """The hours in intensive care by CLIF and by MEDS alike."""
    icu = {name: doors[name].stays.filter(pl.col("kind") == "icu").with_columns(pl.lit("icu").alias("concept")) for name in ("clif", "meds")}
    mine, theirs = (spans_of(stays, "start", "end") for stays in icu.values())
    return {who: meet(spans, theirs.get((who, concept), [])) for (who, concept), spans in mine.items()}


@dataclass(frozen=True)
class Stage:
    """How far two doors agree on a scale once some differences are taken away.

    ``hours`` in which the ranges differ, of ``patients``; ``lower`` those in which the lower bound differs; ``highest``: patients whose
    highest sure grade differs.
    """

    taken: str
    hours: float
    lower: float
    patients: int
    highest: int


def stages(doors: Mapping[str, Door], labels: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], scale: str | Scale, names: tuple[str, str]) -> list[Stage]:
    """The disagreement as read, and again each time one more reason's rows are left out of both doors; only steps that change it."""
    left, right, other = labels
    a, b = doors[names[0]], doors[names[1]]
    windows = {who: spans for who, spans in icu_windows(doors).items() if spans}
    keys = [r.key for r in (*REASONS_CLIF, *REASONS_MEDS, *REASONS_OMOP, *REASONS_OTHER)]
    used = [key for key in keys if any((frame["reason"] == key).any() for frame in labels)] + [HOUR_0, COMPLETE]
    out: list[Stage] = []
    for count in range(len(used) + 1):
        gone = used[:count]
        mine = _without(a.record, left.filter(pl.col("reason").is_in(gone))["id"])
        theirs = _without(b.record, right.filter(pl.col("reason").is_in(gone))["id"], other.filter(pl.col("reason").is_in(gone)))
        if HOUR_0 in gone:
            theirs = _from_hour_0_of(theirs, b, a)
        if COMPLETE in gone:
            theirs = theirs.with_complete(mine.complete)
        pieces = compared(steps_of(mine, scale, a), steps_of(theirs, scale, a if HOUR_0 in gone else b), windows)
        differ = {who: [p for p in some if p[1] != p[2]] for who, some in pieces.items()}
        peaks = {who: (max(p[1][0] for p in some), max(p[2][0] for p in some)) for who, some in pieces.items()}
        one = Stage(gone[-1] if gone else AS_READ, round(sum(total(p[0] for p in some) for some in differ.values()), 1),
                    round(sum(total(p[0] for p in some if p[1][0] != p[2][0]) for some in differ.values()), 1),
                    sum(bool(some) for some in differ.values()), sum(x != y for x, y in peaks.values()))
        if not out or replace(one, taken=out[-1].taken) != out[-1]:
            out.append(one)
    return out


def _from_hour_0_of(record: Timeline, own: Door, other: Door) -> Timeline:
    """The record with its hours counted from the other door's hour 0."""
    shift = own.zero.join(other.zero, on="patient").select("patient", ((pl.col("zero") - pl.col("zero_right")).dt.total_seconds() / 3600.0).alias("shift"))
    events = record.events.with_columns(pl.col("patient").cast(pl.String)).join(shift, on="patient", how="left", maintain_order="left")
    return replace(record, events=events.with_columns(pl.col("hour", "end_hour", "hour_latest") + pl.col("shift")).drop("shift"))


def _without(record: Timeline, gone: pl.Series, moved: pl.DataFrame | None = None) -> Timeline:
    """The record without some events; those of ``moved`` with the other door's reading (columns id_b, value, text)."""
    events = record.events.with_row_index("id").filter(~pl.col("id").is_in(gone.implode()))
    if moved is not None and len(moved):
        theirs = moved.select(pl.col("id_b").alias("id"), pl.col("value").alias("_value"), pl.col("text").alias("_text"), pl.lit(True).alias("_moved"))
        events = events.with_columns(pl.col("text").cast(pl.String)).join(theirs, on="id", how="left", maintain_order="left").with_columns(
            pl.when("_moved").then("_value").otherwise("value").alias("value"), pl.when("_moved").then("_text").otherwise("text").alias("text"))
    return replace(record, events=events.drop("id"), reading=None)
