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


@dataclass(frozen=True)
class Grades:
    """The grade of each patient at every moment, as a range with reasons.

    ``frame`` has one row for each step: patient, start_hour, end_hour (null while open), at_least, at_most, because
    (qualified criterion codes), undecided (concepts that would settle it), flags (qualified codes).
    """

    scale: Scale
    timeline: Timeline
    assumptions: tuple[str, ...]
    patient_index: Ints
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    at_least: Ints
    at_most: Ints
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
        codes = [self.scale.code(c) for c in self.scale.criteria]
        grades = np.array([c.grade for c in self.scale.criteria])
        flags = [self.scale.code(f) for f in self.scale.flags]
        order = np.argsort(-grades, kind="stable")

        def because(bits: int, graded: bool) -> list[str]:
            return [codes[i] for i in order if bits >> int(i) & 1 and (grades[i] > 0 if graded else grades[i] == 0)]

        n = len(codes)
        return pl.DataFrame({
            "patient": pl.Series(self.patients, dtype=pl.String).gather(self.patient_index) if len(self) else pl.Series([], dtype=pl.String),
            "start_hour": self.start,
            "end_hour": pl.Series(self.end).fill_nan(None),
            "at_least": self.at_least,
            "at_most": self.at_most,
            "because": _decoded(
                self.true_bits * np.uint64(2) + (self.at_least > 0), lambda b: because(b >> 1, bool(b & 1))
            ),
            "undecided": _decoded(self.asked_bits, lambda b: [v for i, v in enumerate(self.asked_names) if b >> i & 1]),
            "flags": _decoded(self.true_bits, lambda b: [v for i, v in enumerate(flags) if b >> (n + i) & 1]),
        })

    def evidence(self, step: int) -> list[dict[str, Any]]:
        """The observations behind step number ``step``: concept, value, unit, text, hour, hour_latest, attribution, origin, note."""
        rows = self.evidence_rows[self.evidence_offsets[step] : self.evidence_offsets[step + 1]]
        out = []
        for row in sorted({int(r) for r in rows}):
            event = self.timeline.events.row(row, named=True)
            unit = CONCEPTS[event["concept"]].unit
            out.append({
                "concept": event["concept"], "value": event["value"], "unit": unit if event["value"] is not None else None,
                "text": event["text"], "censored": event["censored"], "hour": event["hour"], "end_hour": event["end_hour"],
                "hour_latest": event["hour_latest"], "attribution": event["attribution"], "origin": event["origin"] or f"event {row}",
                "note": event["note"],
            })
        return out

    def records(self, patient: str | None = None) -> Iterator[dict[str, Any]]:
        """The machine output of ``tocsin grade --json``: one dictionary for each step, evidence included."""
        if patient is not None and patient not in self.patients:
            raise UnknownIdError("patient", patient, self.patients)
        for step, row in enumerate(self.frame.iter_rows(named=True)):
            if patient is None or row["patient"] == patient:
                yield {
                    "patient": row["patient"], "scale": self.scale.id, "version": self.scale.version,
                    "start_hour": row["start_hour"], "end_hour": row["end_hour"],
                    "at_least": row["at_least"], "at_most": row["at_most"], "because": row["because"],
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
            grade = str(row["at_least"]) if row["at_least"] == row["at_most"] else f"{row['at_least']} to {row['at_most']}"
            why = ", ".join(code.split("/")[1] for code in row["because"])
            ask = f"  ? {', '.join(row['undecided'])}" if row["undecided"] else ""
            lines.append(f"{row['patient']}: hour {row['start_hour']:g} to {end}: grade {grade}  {why}{ask}")
        if len(self) > 40:
            lines.append(f"... and {len(self) - 40} more steps")
        return "\n".join(lines)


def _decoded(bits: npt.NDArray[Any], decode: Any) -> pl.Series:
    """Lists of names for a column of bit masks; each distinct mask is decoded once."""
    distinct, inverse = np.unique(bits, return_inverse=True)
    names: Sequence[list[str]] = [decode(int(b)) for b in distinct]
    return pl.Series(names, dtype=pl.List(pl.String)).gather(inverse) if len(bits) else pl.Series([], dtype=pl.List(pl.String))


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
