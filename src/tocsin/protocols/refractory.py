"""Refractory CRS, derived from the course: no fall of the grade after treatment that should have brought one.

Paper 004 uses the word without defining it.  Here (a decision, ``tocsin:refractory``): the grade has not fallen by at least one
within ``hours`` (default 24) of the second tocilizumab or of a systemic corticosteroid.  It ends when the grade falls below
what it was at that dose.  A clinician may also assert the concept ``refractory_crs``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.grade import grade
from tocsin.scales import Scale
from tocsin.timeline import Timeline
from tocsin.vocabulary.groups import CORTICOSTEROIDS

ORIGIN = "derived: refractory CRS"
FOREVER = 24.0 * 365 * 100

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


def with_refractory(
    timeline: Timeline, scale: Scale, hours: float, *, until: float | None = None, carry: Mapping[str, float] | None = None,
) -> Timeline:
    """The timeline with ``refractory_crs`` found present, absent or unknown from the course of each treated patient.

    ``scale``: by whose grades the course is told.  ``hours``: how long after the dose the grade must have fallen.
    A patient without any such dose on record is left as told: in a complete drug record that rules it out, else it is unknown.
    Where a dose is known only by its day its earliest hour is used.
    """
    treated, tests = _tests(timeline)
    if not len(treated):
        return timeline
    absent = treated.select("patient", pl.lit(0.0).alias("hour"), pl.lit(FOREVER).alias("end_hour"), pl.lit("absent").alias("text"))
    mine = timeline if len(treated) == len(timeline.patients) else only(timeline, treated["patient"])
    found = _spells(mine, scale, tests, hours, until, carry) if len(tests) else absent.clear()
    added = pl.concat([absent, found]).with_columns(
        pl.lit("refractory_crs").alias("concept"), pl.lit(ORIGIN).alias("origin"), pl.lit("unknown").alias("attribution"))
    events = pl.concat([timeline.events.with_columns(pl.col("patient", "concept", "text", "attribution").cast(pl.String)), added],
                       how="diagonal")
    return Timeline(events, timeline.patients, timeline.complete, timeline.reading)


def _tests(timeline: Timeline) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The treated patients, and the doses by which the course is told: the second tocilizumab and the first corticosteroid."""
    doses = timeline.events.select(
        "hour", pl.col("patient").cast(pl.String), pl.col("concept").cast(pl.String), pl.col("text").cast(pl.String),
    ).filter(pl.col("concept").is_in(["tocilizumab", *CORTICOSTEROIDS]) & ((pl.col("text") != "absent") | pl.col("text").is_null()))
    toci = doses.filter(pl.col("concept") == "tocilizumab").sort("hour").group_by("patient", maintain_order=True)
    steroid = doses.filter(pl.col("concept") != "tocilizumab").sort("hour").group_by("patient", maintain_order=True)
    tests = pl.concat([toci.agg(pl.col("hour").slice(1, 1)).explode("hour").drop_nulls(), steroid.agg(pl.col("hour").first())])
    return doses.select("patient").unique(maintain_order=True), tests.filter(pl.col("hour") >= 0)


def only(timeline: Timeline, patients: pl.Series) -> Timeline:
    """The record of these patients alone."""
    who = pl.col("patient").cast(pl.String).is_in(patients.implode())
    return Timeline(timeline.events.filter(who), timeline.patients.filter(who), timeline.complete, timeline.reading)


def _spells(
    timeline: Timeline, scale: Scale, tests: pl.DataFrame, hours: float, until: float | None, carry: Mapping[str, float] | None,
) -> pl.DataFrame:
    """The time from ``hours`` after a dose until the grade falls below what it was at the dose, as findings."""
    grades = grade(timeline, scale, until=until, carry=carry)
    patient, start, low, high = grades.patient_index, grades.start, grades.at_least, grades.at_most
    place = {p: i for i, p in enumerate(grades.patients)}
    who = np.array([place[p] for p in tests["patient"].to_list()], np.int64)
    begun = tests["hour"].to_numpy()
    due = begun + hours
    at, last = step_at(patient, start, who, begun), step_at(patient, start, who, due)
    rows: list[tuple[str, float, float, str]] = []
    name = tests["patient"].to_list()
    for i in np.flatnonzero(at >= 0):
        a, b = at[i], last[i] + 1
        if high[a] < 1 or (high[a:b] < max(1, low[a])).any():
            continue                                   # no CRS then, or it surely fell in time
        sure = bool((low[a:b] >= max(1, high[a])).all())
        stop = int(np.searchsorted(patient, who[i], "right"))
        fell = np.flatnonzero(high[b:stop] < max(1, low[a]))
        end = float(start[b + fell[0]]) if len(fell) else FOREVER
        rows.append((name[i], float(due[i]), end, "present" if sure else "unknown"))
    return pl.DataFrame(rows, schema={"patient": pl.String, "hour": pl.Float64, "end_hour": pl.Float64, "text": pl.String}, orient="row")


def step_at(patient: I64, start: F64, who: I64, when: F64) -> I64:
    """The last step of each patient asked for (``who``) that begins at or before an hour (``when``); -1 where there is none.

    ``patient`` and ``start``: the steps, in order.
    """
    n = len(patient)
    order = np.lexsort((np.repeat([0, 1], [n, len(who)]), np.concatenate([start, when]), np.concatenate([patient, who])))
    before = np.cumsum(order < n) - 1
    out = np.empty(len(who), np.int64)
    asked = order >= n
    out[order[asked] - n] = before[asked]
    found = np.maximum(out, 0)
    return np.where((out >= 0) & (n > 0) & (patient[found] == who if n else False), out, -1)
