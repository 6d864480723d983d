"""Where the grade that somebody reported and the grade that the record supports part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.result import Grades
from tocsin.scales import SCALES, Kind, Scale
from tocsin.timeline import Timeline

REPORTED: Mapping[str, str] = MappingProxyType({"CRS": "reported_crs_grade", "ICANS": "reported_icans_grade"})
"""The statement that tells a reported grade of each syndrome; the other syndromes have none."""

Steps = npt.NDArray[np.int64]


def contradictions(timeline: Timeline, grades: Grades) -> list[dict[str, Any]]:
    """Each reported grade of this syndrome beside what the record gives over the same time.

    The derived range is the highest of the time the report speaks of (its day, when only the day is known).  ``agrees`` is
    true when the reported grade lies inside it; ``because`` and ``evidence`` are the criteria and observations behind the derived
    grade; ``denied`` the criteria of the reported grade that are known not to be met, where the record supports less than reported.
    A report that names another scale ("Lee" beside ASTCT) is left out: grades of two scales do not contradict each other.  Empty
    for a scale of a syndrome without a reported grade, and for scores and the like.
    """
    concept = REPORTED.get(grades.scale.syndrome)
    if concept is None or grades.scale.kind is not Kind.CRITERIA:
        return []
    reports = timeline.events.filter((pl.col("concept").cast(pl.String) == concept) & pl.col("value").is_not_null())
    out = []
    first_of = np.searchsorted(grades.patient_index, np.arange(len(grades.patients) + 1))
    index = {p: i for i, p in enumerate(grades.patients)}
    for row in reports.iter_rows(named=True):
        if speaks_of(row["text"], grades.scale):
            place = index[str(row["patient"])]
            out.append(_beside(row, grades, np.arange(first_of[place], first_of[place + 1])))
    return out


def _beside(row: Mapping[str, Any], grades: Grades, mine: Steps) -> dict[str, Any]:
    """One report beside the steps of its patient."""
    since, until = row["hour"], row["hour_latest"] if row["hour_latest"] is not None else row["end_hour"]
    end = np.where(np.isnan(grades.end[mine]), np.inf, grades.end[mine])
    over = mine[(end > since) & (grades.start[mine] < (until if until is not None else np.nextafter(since, np.inf)))]
    low = int(grades.at_least[over].max()) if len(over) else 0
    high = int(grades.at_most[over].max()) if len(over) else 4
    value = int(row["value"])
    agrees = low <= value <= high
    span = str(low) if low == high else f"{low} to {high}"
    named = f" ({row['text']})" if row["text"] else ""
    verdict = "agrees with" if agrees and low == high else "lies within" if agrees else "contradicts"
    highest = over[grades.at_least[over] == low]
    return {
        "patient": str(row["patient"]), "hour": since, "hour_latest": row["hour_latest"], "scale": grades.scale.id, "reported": value,
        "reported_scale": row["text"], "derived_at_least": low, "derived_at_most": high, "agrees": agrees, "origin": row["origin"],
        "sentence": f"Reported grade {value}{named} {verdict} what the record supports by {grades.scale.id}: {span}.",
        "because": carrying(grades, highest, low), "evidence": _evidence(grades, highest), "denied": _denied(grades, over, value, high),
    }


def carrying(grades: Grades, steps: Steps, grade: int) -> list[str]:
    """The codes of the criteria that carry ``grade`` in any of the steps; at grade 0 those that say why there is none."""
    met = int(np.bitwise_or.reduce(grades.true_bits[steps])) if len(steps) else 0
    return [grades.scale.code(c) for i, c in enumerate(grades.scale.criteria) if c.grade == grade and met >> i & 1]


def asked(grades: Grades, steps: Steps) -> list[str]:
    """The inputs that leave a higher grade open in any of the steps."""
    bits = int(np.bitwise_or.reduce(grades.asked_bits[steps])) if len(steps) else 0
    return [name for i, name in enumerate(grades.asked_names) if bits >> i & 1]


def _evidence(grades: Grades, steps: Steps) -> list[dict[str, Any]]:
    """The observations behind the steps, each once, in the order of time."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for i in steps:
        for event in grades.evidence(int(i)):
            found.setdefault((event["concept"], event["hour"], event["origin"], event["value"], event["text"]), event)
    return sorted(found.values(), key=lambda e: (float(e["hour"]), str(e["concept"])))


def _denied(grades: Grades, over: Steps, reported: int, high: int) -> list[str]:
    """The criteria of the reported grade, where every one of them is known not to be met."""
    if reported <= high or not len(over):
        return []
    return [grades.scale.code(c) for c in grades.scale.criteria if c.grade == reported]


# ---------------------------------------------------------------------------------------------------- which scale a report names
def speaks_of(named: str | None, scale: Scale) -> bool:
    """Whether a grade reported under this name can be held against the scale: it names that scale, or none that is known.

    "ASTCT", "Lee 2014" and "CTCAE v5.0" are recognised by the words of a scale's id or title; where a name fits several scales, the
    one it fits best counts, then its year or version.
    """
    words = _words(named or "")
    fits = {s.id: fit for s in (*SCALES.values(), scale) if s.syndrome == scale.syndrome and (fit := _fit(words, s))}
    return not fits or fits.get(scale.id) == max(fits.values())


def _words(text: str) -> set[str]:
    """Words and numbers, small; a number with a point also without it, as ids have it."""
    small = text.lower()
    return set(re.findall(r"[a-z]{2,}|\d+", small)) | {n.replace(".", "") for n in re.findall(r"\d+\.\d+", small)}


def _fit(words: set[str], scale: Scale) -> tuple[int, int] | None:
    """How well words name the scale: the words and the numbers of its id, or of a part of its title; None when one word is missing."""
    found = []
    for name in (scale.id, *re.split(r"[,()]", scale.title)):
        parts = _words(name) - {scale.syndrome.lower(), "consensus", "severe"}
        letters = {p for p in parts if p.isalpha()}
        if letters and letters <= words:
            found.append((len(letters), len({p for p in parts if p.isdigit()} & words)))
    return max(found, default=None)
