"""Tocsin's answers to conformance vectors: small charts written as plain data, with what a scale must say about them.

The vectors themselves, their schema and a runner for other programs stand in the folder ``conformance`` of the repository.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.errors import TimelineError, TocsinError
from tocsin.grading.grade import grade
from tocsin.grading.result import Grades
from tocsin.rules import values_of
from tocsin.scales import Scale, scale
from tocsin.timeline import Timeline, is_patient_fact
from tocsin.timeline.schema import EVENTS
from tocsin.vocabulary import CONCEPTS, Kind

Vector = Mapping[str, Any]
Answer = dict[str, Any]

FIELDS = (frozenset(EVENTS) - {"patient"}) | {"unit"}
NEEDED = ("scale", "events", "at_hour")


def answers(vectors: Sequence[Vector], scales: Mapping[str, Scale] | None = None) -> list[Answer]:
    """The answer to each vector: ``at_least``, ``at_most`` (None: unbounded), ``because``, ``undecided`` and ``flags`` at its hour.

    Vectors of one scale with equal settings and completeness are graded together, one patient each.  ``scales``: scales that are
    not among those found by themselves, by id.  A vector that cannot be graded is answered by ``error``, saying why.
    """
    out: list[Answer] = [{} for _ in vectors]
    groups: dict[str, list[int]] = {}
    for i, vector in enumerate(vectors):
        try:
            _check(vector)
        except TocsinError as error:
            out[i] = {"error": str(error)}
            continue
        same = json.dumps([vector["scale"], vector.get("scale_version"), vector.get("settings", {}), sorted(vector.get("complete", ()))], sort_keys=True)
        groups.setdefault(same, []).append(i)
    for members in groups.values():
        given = _group([vectors[i] for i in members], scales or {})
        for i, answer in zip(members, given, strict=True):
            out[i] = answer
    return out


def _group(vectors: Sequence[Vector], scales: Mapping[str, Scale]) -> list[Answer]:
    names = [f"{number:06d}" for number in range(len(vectors))]
    rows = [{**event, "patient": name} for name, vector in zip(names, vectors, strict=True) for event in vector["events"]]
    patients = [{**vector.get("patient", {}), "patient": name} for name, vector in zip(names, vectors, strict=True)]
    first = vectors[0]
    name, settings = first["scale"], first.get("settings") or {}
    try:
        chosen = scales[name] if name in scales else scale(name, **settings)
        if first.get("scale_version", chosen.version) != chosen.version:
            return [{"error": f"{name} is version {chosen.version} here; the vector is for {first['scale_version']}"}] * len(vectors)
        grades = grade(Timeline.from_rows(rows, patients, first.get("complete", ())), chosen)
    except TocsinError as error:
        if len(vectors) == 1:
            return [{"error": str(error)}]
        return [_group([vector], scales)[0] for vector in vectors]  # so that each wrong one says its own error
    return [_answer(grades, name, vector["at_hour"]) for name, vector in zip(names, vectors, strict=True)]


def _answer(grades: Grades, patient: str, hour: float) -> Answer:
    step = grades.at(hour, patient)
    if step is None:
        return {"error": f"nothing is graded at hour {hour:g}: grading starts at the infusion (hour 0) or the first event after it"}
    return {
        "at_least": step["at_least"], "at_most": _bounded(step["at_most"]), "because": [_code(c) for c in step["because"]],
        "undecided": list(step["undecided"]), "flags": [_code(c) for c in step["flags"]],
    }


def _bounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _code(qualified: str) -> str:
    return qualified.rpartition("/")[2]


def _check(vector: Vector) -> None:
    """Raise TimelineError for what a table would quietly drop: an unknown field, unit, coded value or fact about the patient."""
    lacks = [name for name in NEEDED if name not in vector]
    if lacks:
        raise TimelineError(f"a vector has {', '.join(NEEDED)}; this one lacks {', '.join(lacks)}")
    for name in vector.get("patient", {}):
        if not is_patient_fact(name):
            raise TimelineError(f"{name!r} is not a fact about a patient")
    for event in vector["events"]:
        for name in event:
            if name not in FIELDS:
                raise TimelineError(f"an event has the unknown field {name!r}; its fields are {', '.join(sorted(FIELDS))}")
        concept = CONCEPTS.get(event.get("concept", ""))
        if concept is None:
            raise TimelineError(f"an event has the unknown concept {event.get('concept')!r}")
        if event.get("unit", concept.unit) != concept.unit:
            raise TimelineError(f"{concept.name} is given in {event['unit']!r}; vectors give it in {concept.unit!r}")
        text = event.get("text")
        if text is not None and concept.kind is not Kind.MEASUREMENT and text not in (*values_of(concept.name), "absent", "present", "unknown"):
            raise TimelineError(f"{concept.name} cannot be {text!r}; it is one of {', '.join(values_of(concept.name))}")
