"""Where the grade that somebody reported and the grade that the record supports part."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tocsin.grading.result import Grades
from tocsin.timeline import Timeline

REPORTED = {"CRS": "reported_crs_grade", "ICANS": "reported_icans_grade"}


def contradictions(timeline: Timeline, grades: Grades) -> list[dict[str, Any]]:
    """Each reported grade of this syndrome beside what the record gives over the same time; none for a syndrome that is not reported so.

    The derived range is the highest of the time the report speaks of (its day, when only the day is known).  ``agrees`` is
    true when the reported grade lies inside it.
    """
    concept = REPORTED.get(grades.scale.syndrome)
    if concept is None:
        return []
    reports = timeline.events.filter((pl.col("concept").cast(pl.String) == concept) & pl.col("value").is_not_null())
    index = {p: i for i, p in enumerate(grades.patients)}
    out = []
    for row in reports.iter_rows(named=True):
        since, until = row["hour"], row["hour_latest"] if row["hour_latest"] is not None else row["end_hour"]
        mine = np.flatnonzero(grades.patient_index == index[str(row["patient"])])
        end = np.where(np.isnan(grades.end[mine]), np.inf, grades.end[mine])
        over = mine[(end > since) & (grades.start[mine] < (until if until is not None else np.nextafter(since, np.inf)))]
        low = int(grades.at_least[over].max()) if len(over) else 0
        high = int(grades.at_most[over].max()) if len(over) else 4
        value = int(row["value"])
        agrees = low <= value <= high
        span = str(low) if low == high else f"{low} to {high}"
        named = f" ({row['text']})" if row["text"] else ""
        verdict = "agrees with" if agrees and low == high else "lies within" if agrees else "contradicts"
        out.append({
            "patient": str(row["patient"]), "hour": since, "hour_latest": row["hour_latest"], "reported": value, "reported_scale": row["text"],
            "derived_at_least": low, "derived_at_most": high, "agrees": agrees, "origin": row["origin"],
            "sentence": f"Reported grade {value}{named} {verdict} what the record supports by {grades.scale.id}: {span}.",
        })
    return out
