"""FHIR resources for tests, made by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.sources import fhir
from tocsin.sources.codes import Codes
from tocsin.sources.entries import Export, Table
from tocsin.timeline import Timeline

LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
Resource = dict[str, Any]


def code(code: str, system: str = LOINC, display: str | None = None) -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def quantity(value: float, unit: str, **more: Any) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit} | more


def observation(loinc: str = "8310-5", value: float | None = 38.5, unit: str = "Cel", **more: Any) -> Resource:
    out: Resource = {"resourceType": "Observation", "id": "o", "status": "final", "code": code(loinc), "subject": {"reference": "Patient/p"},
                     "effectiveDateTime": "2024-01-02T10:00:00Z"}
    if value is not None:
        out["valueQuantity"] = quantity(value, unit)
    return {k: v for k, v in (out | more).items() if v is not ...}


def administration(rxnorm: str = "7512", **more: Any) -> Resource:
    out: Resource = {"resourceType": "MedicationAdministration", "id": "m", "status": "completed", "medicationCodeableConcept": code(rxnorm, RXNORM),
                     "subject": {"reference": "Patient/p"}, "effectivePeriod": {"start": "2024-01-02T10:00:00Z", "end": "2024-01-02T12:00:00Z"},
                     "dosage": {"rateQuantity": quantity(5, "ug/min")}}
    return {k: v for k, v in (out | more).items() if v is not ...}


def infusion(when: str = "2024-01-01T10:00:00Z", who: str = "p") -> Resource:
    """The CAR-T infusion that is hour 0."""
    return {"resourceType": "Procedure", "id": "i", "status": "completed", "code": {"coding": [{"system": "urn:tocsin:concept", "code": "car_t_infusion"}]},
            "subject": {"reference": f"Patient/{who}"}, "performedDateTime": when}


def ndjson(path: Path, resources: Iterable[Mapping[str, Any] | bytes], name: str = "x.ndjson") -> Path:
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in resources]
    data = b"".join(line + b"\n" for line in lines)
    (path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path / name


def bundle(*resources: Resource, urls: bool = False, **more: Any) -> Resource:
    entries = [{"resource": one} | ({"fullUrl": f"urn:uuid:{one['id']}"} if urls else {}) for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries} | more


def tables(path: Path, codes: Codes | None = None, **options: Any) -> tuple[Export, list[Table]]:
    export = fhir.export(path, codes, **options)
    return export, list(export.tables)


def table(tmp_path: Path, *resources: Mapping[str, Any] | bytes, codes: Codes | None = None, **options: Any) -> Table:
    """The one table of these resources, as lines of a file."""
    (only,) = tables(ndjson(tmp_path, resources), codes, **options)[1]
    assert reconciles(only)
    return only


def only(entries: pl.DataFrame) -> dict[str, Any]:
    """The only entry, without what is null."""
    (row,) = entries.iter_rows(named=True)
    return {k: v for k, v in row.items() if v is not None}


def reconciles(one: Table) -> bool:
    """Whether every row of the table is an entry, irrelevant, explained or in trouble."""
    counted = {*one.entries["row"].to_list(), *(row for trouble in one.troubles for row in trouble.rows)}
    return one.rows == len(counted) + sum(one.ignored.values()) + sum(one.explained.values())


def read(tmp_path: Path, *resources: Resource, **options: Any) -> Timeline:
    return fhir.read(ndjson(tmp_path, [*resources, infusion()]), **options)
