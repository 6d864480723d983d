"""Refractory CRS, derived from the course: no fall of the grade after treatment that should have brought one.

Paper 004 uses the word without defining it.  Here (a decision, ``tocsin:refractory``): the grade has not fallen by at least one
within ``hours`` (default 24) of the second tocilizumab or of a systemic corticosteroid.  It ends when the grade falls below
what it was at that dose.  A clinician may also assert the concept ``refractory_crs``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.result import Grades
from tocsin.timeline import Timeline
from tocsin.vocabulary.groups import CORTICOSTEROIDS

ORIGIN = "derived: refractory CRS"
FOREVER = 24.0 * 365 * 100


def with_refractory(timeline: Timeline, grades: Grades, hours: float) -> Timeline:
    """The timeline with ``refractory_crs`` found present, absent or unknown from the course of each treated patient.

    A patient without any such dose on record is left as told: in a complete drug record that rules it out, else it is unknown.

    ``grades``: the course by the protocol's own scale.  Where a dose is known only by its day its earliest hour is used.
    """
    doses = timeline.events.filter(
        pl.col("concept").cast(pl.String).is_in(["tocilizumab", *CORTICOSTEROIDS])
        & ((pl.col("text").cast(pl.String) != "absent") | pl.col("text").is_null())
    )
    if doses.is_empty():
        return timeline
    index = {p: i for i, p in enumerate(grades.patients)}
    rows: list[dict[str, object]] = []
    for patient, concepts, times in (
        doses.group_by("patient", maintain_order=True).agg("concept", "hour").iter_rows()
    ):
        toci = sorted(h for c, h in zip(concepts, times, strict=True) if c == "tocilizumab")
        steroid = sorted(h for c, h in zip(concepts, times, strict=True) if c != "tocilizumab")
        tests = [t for t in (toci[1:2] + steroid[:1]) if t >= 0]
        mine = grades.patient_index == index[str(patient)]
        start, low, high = grades.start[mine], grades.at_least[mine], grades.at_most[mine]
        rows.append({"patient": str(patient), "hour": 0.0, "end_hour": FOREVER, "text": "absent"})
        for begun in tests:
            rows += _spells(str(patient), begun, hours, start, low, high)
    added = pl.DataFrame(rows, schema={"patient": pl.String, "hour": pl.Float64, "end_hour": pl.Float64, "text": pl.String}).with_columns(
        pl.lit("refractory_crs").alias("concept"), pl.lit(ORIGIN).alias("origin"))
    events = pl.concat([timeline.events.with_columns(pl.col("patient", "concept", "text", "attribution").cast(pl.String)), added],
                       how="diagonal")
    return Timeline(events, timeline.patients, timeline.complete, timeline.reading)


def _spells(
    patient: str, begun: float, hours: float, start: npt.NDArray[np.float64], low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]
) -> list[dict[str, object]]:
    """The time from ``begun + hours`` until the grade falls below what it was at ``begun``, as findings."""
    at = int(np.searchsorted(start, begun, side="right")) - 1
    due = begun + hours
    last = int(np.searchsorted(start, due, side="right")) - 1
    if at < 0 or high[at] < 1 or not len(start):
        return []
    window = slice(at, last + 1)
    if (high[window] < max(1, low[at])).any():
        return []                                     # it surely fell in time
    sure = bool((low[window] >= max(1, high[at])).all())
    later = np.flatnonzero((start > due) & (high < max(1, low[at])))
    end = float(start[later[0]]) if len(later) else None
    return [{"patient": patient, "hour": due, "end_hour": end if end is not None else FOREVER, "text": "present" if sure else "unknown"}]
