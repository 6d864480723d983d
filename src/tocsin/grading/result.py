"""Grades over time with their reasons: a step function for each patient, and what each step rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.errors import UnknownIdError
from tocsin.scales.scale import Scale
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grades:
    """The grade of each patient at every moment, as a range with reasons.

    ``frame`` has one row for each step: patient, start_hour, end_hour (null while open), at_least, at_most, because
    (qualified criterion codes), undecided (concepts that would settle it), flags (qualified codes).  A score or formula has
    points or a number in place of the grade, where the scale names bands a column ``band`` ("overt DIC", or "a ... b" while it
    is open), and where it gives a probability the columns probability_at_least and probability_at_most.
    """

    scale: Scale
    timeline: Timeline
    assumptions: tuple[str, ...]
    patient_index: Ints
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    at_least: Numbers
    at_most: Numbers
    true_bits: npt.NDArray[np.uint64]
    asked_bits: npt.NDArray[np.uint64]
    evidence_offsets: Ints
    evidence_rows: Ints
    patients: tuple[str, ...]
    asked_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row for each step, as described above."""
        flags = [self.scale.code(f) for f in self.scale.flags]
        n = len(self.scale.criteria)
        return pl.DataFrame({
            "patient": pl.Series(self.patients, dtype=pl.String).gather(self.patient_index) if len(self) else pl.Series([], dtype=pl.String),
            "start_hour": self.start,
            "end_hour": pl.Series(self.end).fill_nan(None),
            "at_least": self.at_least,
            "at_most": self.at_most,
            "because": _decoded(self.true_bits, self._because),
            "undecided": _decoded(self.asked_bits, lambda b: [v for i, v in enumerate(self.asked_names) if b >> i & 1]),
            "flags": _decoded(self.true_bits, lambda b: [v for i, v in enumerate(flags) if b >> (n + i) & 1]),
        }).with_columns(self._meaning())

    def _because(self, bits: int) -> list[str]:
        """The codes that make the value: what is met, highest first; of an item of a score only its highest level."""
        met = sorted((c for i, c in enumerate(self.scale.criteria) if bits >> i & 1), key=lambda c: -abs(c.grade))
        if self.scale.formula is not None:
            chosen = met
        elif self.scale.items:
            chosen = [next(c for c in met if c.item == item) for item in self.scale.items if any(c.item == item for c in met)]
        else:
            chosen = [c for c in met if (c.grade > 0) == (met[0].grade > 0)]
        return [self.scale.code(c) for c in chosen]

    def _meaning(self) -> list[pl.Series]:
        """What the values mean where the scale names it: bands, and a probability."""
        out: list[pl.Series] = []
        if self.scale.bands:
            names = np.array(["", *(b.name for b in self.scale.bands)])
            edges = np.array([b.at_least for b in self.scale.bands])
            low, high = names[np.searchsorted(edges, self.at_least, "right")], names[np.searchsorted(edges, self.at_most, "right")]
            out.append(pl.Series("band", [a if a == b else f"{a} ... {b}" for a, b in zip(low.tolist(), high.tolist(), strict=True)], dtype=pl.String))
        if self.scale.probability is not None:
            p = self.scale.probability
            for name, value in (("probability_at_least", self.at_least), ("probability_at_most", self.at_most)):
                out.append(pl.Series(name, 1.0 / (1.0 + np.exp(-(p.intercept + p.slope * value)))))
        return out

    def evidence(self, step: int) -> list[dict[str, Any]]:
        """The observations behind step number ``step``: concept, value, unit, text, hour, hour_latest, attribution, origin, note."""
        rows = self.evidence_rows[self.evidence_offsets[step] : self.evidence_offsets[step + 1]]
        return [observed(self.timeline.events, row) for row in sorted({int(r) for r in rows})]

    def records(self, patient: str | None = None) -> Iterator[dict[str, Any]]:
        """The machine output of ``tocsin grade --json``: one dictionary for each step, evidence included."""
        if patient is not None and patient not in self.patients:
            raise UnknownIdError("patient", patient, self.patients)
        for step, row in enumerate(self.frame.iter_rows(named=True)):
            if patient is None or row["patient"] == patient:
                meaning: dict[str, Any] = {k: row[k] for k in ("band", "probability_at_least", "probability_at_most") if k in row}
                yield {
                    "patient": row["patient"], "scale": self.scale.id, "version": self.scale.version,
                    "start_hour": row["start_hour"], "end_hour": row["end_hour"],
                    "at_least": _finite(row["at_least"]), "at_most": _finite(row["at_most"]), **meaning, "because": row["because"],
                    "evidence": self.evidence(step), "undecided": row["undecided"], "flags": row["flags"],
                    "assumptions": list(self.assumptions),
                }

    def at(self, hour: float, patient: str | None = None) -> dict[str, Any] | None:
        """The step that holds at ``hour`` (of the first patient when none is named), or None before the first one."""
        who = patient if patient is not None else (self.patients[0] if self.patients else None)
        if who not in self.patients:
            raise UnknownIdError("patient", str(patient), self.patients)
        mine = np.flatnonzero(self.patient_index == self.patients.index(who))
        inside = mine[(self.start[mine] <= hour) & ~(self.end[mine] <= hour)]
        if not len(inside):
            return None
        step = int(inside[-1])
        row = self.frame.row(step, named=True)
        return {**row, "evidence": self.evidence(step)}

    def __str__(self) -> str:
        lines = [f"{self.scale.title} ({self.scale.id}, version {self.scale.version})"]
        for row in self.frame.head(40).iter_rows(named=True):
            end = f"{row['end_hour']:g}" if row["end_hour"] is not None else "open"
            value = _in_words(row["at_least"], row["at_most"], self.scale.unit)
            why = ", ".join(code.split("/")[1] for code in row["because"])
            ask = f"  ? {', '.join(row['undecided'])}" if row["undecided"] else ""
            lines.append(f"{row['patient']}: hour {row['start_hour']:g} to {end}: {value}  {why}{ask}")
        if len(self) > 40:
            lines.append(f"... and {len(self) - 40} more steps")
        return "\n".join(lines)


def _in_words(at_least: float, at_most: float, unit: str) -> str:
    """A range with what it counts: "grade 1 to 4", "18 to 288 points", "6 ug/min or more", "not known"."""
    if not np.isfinite(at_most):
        return f"{at_least:g} {unit} or more" if at_least > 0 else "not known"
    bare = f"{at_least:g}" if at_least == at_most else f"{at_least:g} to {at_most:g}"
    return f"grade {bare}" if unit in ("", "grade") else f"{bare} {unit}"


def _finite(value: float) -> float | None:
    """The value; None where it has no bound, which JSON cannot say."""
    return value if np.isfinite(value) else None


def _decoded(bits: npt.NDArray[Any], decode: Any) -> pl.Series:
    """Lists of names for a column of bit masks; each distinct mask is decoded once."""
    distinct, inverse = np.unique(bits, return_inverse=True)
    names: Sequence[list[str]] = [decode(int(b)) for b in distinct]
    return pl.Series(names, dtype=pl.List(pl.String)).gather(inverse) if len(bits) else pl.Series([], dtype=pl.List(pl.String))


def observed(events: pl.DataFrame, row: int) -> dict[str, Any]:
    """One row of the events as evidence: concept, value, unit, text, hour, hour_latest, attribution, origin, note."""
    event = events.row(row, named=True)
    return {
        "concept": event["concept"], "value": event["value"], "unit": CONCEPTS[event["concept"]].unit if event["value"] is not None else None,
        "text": event["text"], "censored": event["censored"], "hour": event["hour"], "end_hour": event["end_hour"],
        "hour_latest": event["hour_latest"], "attribution": event["attribution"], "origin": event["origin"] or f"event {row}",
        "note": event["note"],
    }


def describe(event: dict[str, Any]) -> str:
    """One event in words, for a reason: what, how much, when, from where."""
    concept = CONCEPTS[event["concept"]]
    sign = {-1: "< ", 0: "", 1: "> "}[event["censored"] or 0]
    parts = [concept.title.lower() if concept.title[1:2].islower() else concept.title]
    if event["value"] is not None:
        parts.append(f"{sign}{event['value']:g}" + (f" {concept.unit}" if concept.unit not in (None, "1") else ""))
    if event["text"] is not None:
        parts.append(str(event["text"]).replace("_", " "))
    hour, latest = event["hour"], event["hour_latest"]
    if latest is None:
        parts.append(f"at hour {hour:g}")
    elif latest - hour <= 24 and hour % 24 == 0:
        parts.append(f"on day {hour / 24:g}")
    else:
        parts.append(f"between hours {hour:g} and {latest:g}")
    return " ".join(parts) + (f" [{event['origin']}]" if event["origin"] else "")
