"""A timeline and its grades as FHIR R4 resources, which read back to the same timeline.

What FHIR has no field for stands in extensions and code systems that begin with ``urn:tocsin``.  Source: HL7 FHIR R4 (4.0.1),
observation.html, medicationadministration.html, adverseevent.html, bundle.html; units in UCUM (ucum.org).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.errors import TimelineError
from tocsin.scales import Kind as ScaleKind
from tocsin.sources.fhir_context import (
    ATTRIBUTION,
    BESIDE,
    CENSORED,
    COMPUTED,
    FACT,
    LATEST,
    SCALE_SYSTEM,
    SITE,
    TAG,
    VALUE_SYSTEM,
    WRITTEN,
)
from tocsin.sources.fhir_elements import TOCSIN
from tocsin.sources.fhir_register import CLOCK, HOUR_0, PATIENT
from tocsin.sources.optional import needs
from tocsin.sources.wall import Wall, wall_clock
from tocsin.timeline import EVENTS, Timeline
from tocsin.vocabulary import CONCEPTS, Concept, Domain, Kind
from tocsin.vocabulary.respiratory import DEVICE_CODES

if TYPE_CHECKING:
    from tocsin.grading import Grades

Resource = dict[str, Any]
BASE = "https://tocsin.invalid/fhir/"  # RFC 2606: a name that leads nowhere, on which the references inside a Bundle stand
UCUM: Mapping[str, str] = {
    "%": "%", "/min": "/min", "1": "1", "10^9/L": "10*9/L", "/uL": "/uL", "L/min": "L/min", "U": "[iU]", "U/L": "U/L", "U/mL": "U/mL", "U/min": "[iU]/min",
    "cells/kg": "{cells}/kg", "cm": "cm", "cmH2O": "cm[H2O]", "copies/ug": "{copies}/ug", "degC": "Cel", "fraction": "1", "g": "g", "g/dL": "g/dL",
    "grade": "{grade}", "kg": "kg", "mL": "mL", "mL/h": "mL/h", "mL/min/1.73m2": "mL/min/{1.73m2}", "mg": "mg", "mg/L": "mg/L", "mg/dL": "mg/dL",
    "mg/h": "mg/h", "mg/kg/h": "mg/kg/h", "mmHg": "mm[Hg]", "mmol/L": "mmol/L", "ng/kg/min": "ng/kg/min", "ng/mL": "ng/mL",
    "ng/mL DDU": "ng{DDU}/mL", "ng/mL FEU": "ng{FEU}/mL", "pg/mL": "pg/mL", "points": "{points}", "s": "s", "ug": "ug", "ug/h": "ug/h",
    "ug/kg/h": "ug/kg/h", "ug/kg/min": "ug/kg/min", "ug/mL": "ug/mL", "ug/min": "ug/min", "unit": "{unit}",
}
"""The UCUM code of each canonical unit; what is counted stands in braces, which add nothing to a unit."""
_UCUM_SYSTEM = "http://unitsofmeasure.org"
_SYSTEMS = (("loinc", "http://loinc.org"), ("snomed", "http://snomed.info/sct"), ("rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"))
_PRESENCE = {"present": ("52101004", "Present"), "absent": ("2667000", "Absent")}  # SNOMED CT qualifier values
_CATEGORIES = {Domain.VITALS: "vital-signs", Domain.LABS: "laboratory"}  # observation-category
_EVENTS = {"CRS": "Cytokine release syndrome", "ICANS": "Immune effector cell-associated neurotoxicity syndrome"}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # datatypes.html#id
_FILES = ("Patient", "Observation", "MedicationAdministration", "AdverseEvent")
_DRUGS = (Kind.DOSE, Kind.INFUSION)


def write(timeline: Timeline, path: Path, grades: Sequence[Grades] = ()) -> None:
    """Write one Bundle (a path that ends in .json) or a folder of NDJSON files; see ``fhir.write``."""
    wall = wall_clock(timeline)
    ids = _ids(timeline.patient_ids)
    resources = _resources(timeline, wall, ids, grades)
    dumps = needs("orjson").dumps
    if path.suffix.lower() == ".json":
        with path.open("wb") as file:
            file.write(b'{"resourceType":"Bundle","type":"collection","entry":[')
            for number, one in enumerate(resources):
                entry = {"fullUrl": f"{BASE}{one['resourceType']}/{one['id']}", "resource": one}
                file.write((b",\n" if number else b"\n") + dumps(entry))
            file.write(b"\n]}\n")
        return
    path.mkdir(parents=True, exist_ok=True)
    files = {}
    try:
        for one in resources:
            kind = one["resourceType"]
            if kind not in files:
                files[kind] = (path / f"{kind}.ndjson").open("wb")
            files[kind].write(dumps(one) + b"\n")
    finally:
        for file in files.values():
            file.close()
    for kind in _FILES:
        if kind not in files:
            (path / f"{kind}.ndjson").unlink(missing_ok=True)  # of an earlier writing to this folder


def _ids(patients: Sequence[str]) -> dict[str, str]:
    """The FHIR id of each patient: the name itself where it can be one."""
    return {who: who if _ID.fullmatch(who) else f"tocsin-{number}" for number, who in enumerate(patients, 1)}


def _resources(timeline: Timeline, wall: Wall, ids: Mapping[str, str], grades: Sequence[Grades]) -> Iterator[Resource]:
    for row in timeline.patients.iter_rows(named=True):
        yield _patient(row, wall, ids)
    for number, event in enumerate(wall.events.iter_rows(named=True)):
        yield _event(event, number, ids)
    for number, one in enumerate(grades, 1):
        places = _places(one.timeline, timeline)
        yield from _grades(one, number, places, wall, ids)
        if one.scale.syndrome in _EVENTS and one.scale.kind is ScaleKind.CRITERIA:
            yield from _episodes(one, number, wall, ids)


# ---------------------------------------------------------------- patients and events

def _time(when: datetime) -> str:
    return when.isoformat() + "+00:00"


def _extension(name: str, kind: str, value: object) -> Resource:
    return {"url": name, f"value{kind}": value}


def _tagged(kind: str, key: str, tag: str) -> Resource:
    return {"resourceType": kind, "id": key, "meta": {"tag": [{"system": TAG, "code": tag}]}}


def _patient(row: Mapping[str, Any], wall: Wall, ids: Mapping[str, str]) -> Resource:
    who = row["patient"]
    told = [_extension(HOUR_0, "DateTime", _time(wall.hour_0[who]))]
    if not wall.aware:
        told.append(_extension(CLOCK, "Code", "wall"))
    for name, value in row.items():
        if value is None or name in ("patient", "sex", "infusion_time"):
            continue
        kind = "Boolean" if isinstance(value, bool) else "Decimal" if isinstance(value, float) else "String"
        told.append(_extension(f"{FACT}:{name}", kind, value))
    out = _tagged("Patient", ids[who], WRITTEN) | {"extension": told, "identifier": [{"system": PATIENT, "value": who}]}
    if row["sex"] is not None:
        out["gender"] = row["sex"]
    return out


def _code(concept: Concept) -> Resource:
    """The codings of a concept: the standard ones first, for others to read, then our own."""
    codings = [{"system": system, "code": code} for name, system in _SYSTEMS for code in getattr(concept, name)[:1]]
    return {"coding": [*codings, {"system": f"{TOCSIN}:concept", "code": concept.name, "display": concept.title}], "text": concept.title}


def _quantity(concept: Concept, value: float) -> Resource:
    unit = str(concept.unit)
    return {"value": value, "unit": unit, "system": _UCUM_SYSTEM, "code": UCUM[unit]}


def _event(event: Mapping[str, Any], number: int, ids: Mapping[str, str]) -> Resource:
    concept = CONCEPTS[event["concept"]]
    told = []
    if event["latest"] is not None:
        told.append(_extension(LATEST, "DateTime", _time(event["latest"])))
    if event["attribution"] != "unknown":
        told.append(_extension(ATTRIBUTION, "Code", event["attribution"]))
    text = "unknown" if event["text"] is None and event["value"] is None else event["text"]
    subject = {"reference": f"Patient/{ids[event['patient']]}"}
    out = (_drug if concept.kind in _DRUGS else _observation)(concept, event, number, subject, text, told)
    if event["note"] is not None:
        out["note"] = [{"text": event["note"]}]
    if told:
        out["extension"] = told
    return out


def _effective(event: Mapping[str, Any], span: bool) -> Resource:
    start = _time(event["start"])
    if event["end"] is None and not span:
        return {"effectiveDateTime": start}
    return {"effectivePeriod": {"start": start} | ({"end": _time(event["end"])} if event["end"] is not None else {})}


def _observation(concept: Concept, event: Mapping[str, Any], number: int, subject: Resource, text: str | None, told: list[Resource]) -> Resource:
    out = _tagged("Observation", f"event-{number}", WRITTEN) | {"status": "final"}
    if concept.domain in _CATEGORIES:
        system = "http://terminology.hl7.org/CodeSystem/observation-category"
        out["category"] = [{"coding": [{"system": system, "code": _CATEGORIES[concept.domain]}]}]
    out |= {"code": _code(concept), "subject": subject, **_effective(event, span=False)}
    if event["value"] is not None and concept.unit is not None:
        sign = {-1: {"comparator": "<"}, 1: {"comparator": ">"}}.get(event["censored"], {})
        out["valueQuantity"] = _quantity(concept, event["value"]) | sign
        if text is not None:
            told.append(_extension(BESIDE, "String", text))
    elif text == "unknown":
        out["dataAbsentReason"] = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"},
                                              {"system": VALUE_SYSTEM, "code": "unknown"}]}
    elif concept.values:
        out["valueCodeableConcept"] = _value(concept, str(text))
    else:
        out["valueString"] = text
    if event["site"] is not None:
        out["bodySite"] = {"text": event["site"]}
    return out


def _value(concept: Concept, text: str) -> Resource:
    codings: list[Resource] = [{"system": VALUE_SYSTEM, "code": text}]
    if text in _PRESENCE and set(concept.values) >= {"present", "absent"}:
        code, display = _PRESENCE[text]
        codings.insert(0, {"system": _SYSTEMS[1][1], "code": code, "display": display})
    elif concept.name == "oxygen_device" and text in DEVICE_CODES:
        codings.insert(0, {"system": _SYSTEMS[1][1], "code": DEVICE_CODES[text][0][0]})
    return {"coding": codings, "text": text.replace("_", " ")}


def _drug(concept: Concept, event: Mapping[str, Any], number: int, subject: Resource, text: str | None, told: list[Resource]) -> Resource:
    infusion = concept.kind is Kind.INFUSION
    out = _tagged("MedicationAdministration", f"event-{number}", WRITTEN) | {
        "status": "not-done" if text == "absent" and event["value"] is None else "completed", "medicationCodeableConcept": _code(concept),
        "subject": subject, **_effective(event, span=infusion)}
    if event["value"] is not None and concept.unit is not None:
        out["dosage"] = {"rateQuantity" if infusion else "dose": _quantity(concept, event["value"])}
        if event["censored"]:
            told.append(_extension(CENSORED, "Integer", event["censored"]))  # neither dose nor rate may have a comparator
    if text is not None:
        told.append(_extension(BESIDE, "String", text))
    if event["site"] is not None:
        told.append(_extension(SITE, "String", event["site"]))
    return out


# ---------------------------------------------------------------- grades

def _places(graded: Timeline, written: Timeline) -> list[tuple[str, int] | None]:
    """For each event of the graded timeline the resource that was written for it; None for what grading worked out itself."""
    key = [name for name in EVENTS if name != "origin"]

    def rows(timeline: Timeline) -> pl.DataFrame:
        return timeline.events.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).select(*key)

    mine, theirs = rows(written), rows(graded)
    names = {c.name: "MedicationAdministration" if c.kind in _DRUGS else "Observation" for c in CONCEPTS.values()}
    if graded is written or mine.equals(theirs):
        found: list[int | None] = list(range(len(mine)))
    else:
        first = mine.with_row_index("_at").unique(key, keep="first", maintain_order=True)
        found = theirs.join(first, on=key, how="left", nulls_equal=True, maintain_order="left")["_at"].to_list()
        if len(found) and sum(at is not None for at in found) < len(mine):
            raise TimelineError("these grades are of another timeline than the one that is written; grade the timeline itself.")
    return [None if at is None else (names[concept], at) for at, concept in zip(found, theirs["concept"].to_list(), strict=True)]


def _at(wall: Wall, who: str, hour: float) -> str:
    return _time(wall.hour_0[who] + timedelta(microseconds=round(hour * 3.6e9)))


def _bounds(low: float, high: float, unit: str) -> Resource:
    """A range of grades as value[x]: a number when it is one, otherwise a Range, open where there is no bound."""
    if low == high:
        return {"valueInteger": int(low)} if float(low).is_integer() else {"valueQuantity": {"value": low, "unit": unit}}
    ends = {name: {"value": value, "unit": unit} for name, value in (("low", low), ("high", high)) if math.isfinite(value)}
    return {"valueRange": ends} if ends else {}


def _grades(grades: Grades, number: int, places: Sequence[tuple[str, int] | None], wall: Wall, ids: Mapping[str, str]) -> Iterator[Resource]:
    scale = grades.scale
    code = {"coding": [{"system": SCALE_SYSTEM, "version": scale.version, "code": scale.id, "display": scale.title}], "text": scale.title}
    for step, row in enumerate(grades.frame.iter_rows(named=True)):
        who = row["patient"]
        rows = grades.evidence_rows[grades.evidence_offsets[step]:grades.evidence_offsets[step + 1]]
        reasons = [place for one in sorted({int(r) for r in rows}) if (place := places[one]) is not None]
        told = [_extension(f"{TOCSIN}:because", "String", why) for why in row["because"]]
        told += [_extension(f"{TOCSIN}:undecided", "Code", name) for name in row["undecided"]]
        told += [_extension(f"{TOCSIN}:flag", "String", name) for name in row["flags"]]
        told += [_extension(f"{TOCSIN}:assumption", "String", said) for said in grades.assumptions]
        # derivedFrom may not name a MedicationAdministration in R4
        told += [_extension(f"{TOCSIN}:derived-from", "Reference", {"reference": f"{kind}/event-{at}"}) for kind, at in reasons if kind != "Observation"]
        observed = [{"reference": f"{kind}/event-{at}"} for kind, at in reasons if kind == "Observation"]
        period = {"start": _at(wall, who, row["start_hour"])} | ({"end": _at(wall, who, row["end_hour"])} if row["end_hour"] is not None else {})
        out = _tagged("Observation", f"grade-{number}-{step}", COMPUTED) | {
            "status": "final", "code": code, "subject": {"reference": f"Patient/{ids[who]}"}, "effectivePeriod": period}
        value = _bounds(row["at_least"], row["at_most"], scale.unit)
        out |= value or {"dataAbsentReason": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}}
        if observed:
            out["derivedFrom"] = observed
        if told:
            out["extension"] = told
        yield out


def _episodes(grades: Grades, number: int, wall: Wall, ids: Mapping[str, str]) -> Iterator[Resource]:
    from tocsin.grading import episodes  # the engine is heavy, and most records are written without grades

    scale = grades.scale
    coding = {"system": SCALE_SYSTEM, "version": scale.version, "code": scale.id, "display": scale.title}
    for count, row in enumerate(episodes(grades).iter_rows(named=True)):
        who, over = row["patient"], row["resolution_hour"]
        low, high = row["max_at_least"], row["max_at_most"]
        told = [_extension(f"{TOCSIN}:scale", "Coding", coding),
                {"url": f"{TOCSIN}:maximum-grade", **_bounds(low, high, scale.unit)}]
        if over is not None:
            told.append(_extension(f"{TOCSIN}:resolved", "DateTime", _at(wall, who, over)))
        outcome = "fatal" if low == 5 else "resolved" if over is not None else "unknown"  # adverse-event-outcome
        yield _tagged("AdverseEvent", f"episode-{number}-{count}", COMPUTED) | {
            "extension": told, "actuality": "actual", "event": {"text": _EVENTS[scale.syndrome]}, "subject": {"reference": f"Patient/{ids[who]}"},
            "date": _at(wall, who, row["onset_hour"]),
            "outcome": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adverse-event-outcome", "code": outcome}]}}
