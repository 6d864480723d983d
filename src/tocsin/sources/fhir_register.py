"""Who and what the resources of a FHIR export refer to: patients, stays, places, drugs and devices, gathered before the rest is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from tocsin.sources.codes import Codes
from tocsin.sources.entries import PEOPLE, STAYS
from tocsin.sources.fhir_elements import (
    MOST_REMEMBERED,
    TOCSIN,
    Coded,
    Json,
    Moments,
    PassedError,
    RefusedError,
    Target,
    When,
    child,
    children,
    coded,
    extensions,
    identifier,
    period,
    reference,
    shape,
    string,
)
from tocsin.sources.fhir_elements import status as status_of

REFERRED = ("Patient", "Encounter", "Location", "Medication", "Device")
"""The resources that others refer to."""
GENDERS = frozenset({"male", "female", "other", "unknown"})  # administrative-gender
_IN_HOSPITAL = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "SS"})  # v3-ActCode, ActEncounterCode: inpatient, acute, non-acute, observation, short stay
_ENCOUNTER = frozenset({"planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown"})
_NO_ENCOUNTER = frozenset({"planned", "cancelled", "entered-in-error"})
_ICU_PLACES = frozenset({"ICU", "PEDICU", "PEDNICU", "CCU"})  # v3-RoleCode, ServiceDeliveryLocationRoleType: intensive and coronary care units
_ICU_WORDS = re.compile(r"\b(?:[A-Z]{0,4}ICU|CVICU)\b|(?i:\bintensive care|\bcritical care)")
# MIMIC-IV on FHIR tells hospital, emergency and ICU encounters apart by the system of their identifier.
_MIMIC_KINDS = {"http://mimic.mit.edu/fhir/mimic/identifier/encounter-hosp": "hospital",
                "http://mimic.mit.edu/fhir/mimic/identifier/encounter-icu": "icu",
                "http://mimic.mit.edu/fhir/mimic/identifier/encounter-ed": ""}
_MIMIC_NAME = "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-medication-name"
HOUR_0, CLOCK, PATIENT = f"{TOCSIN}:hour-0", f"{TOCSIN}:clock", f"{TOCSIN}:patient"
_EPOCH = datetime(1970, 1, 1)


def moment_of(microseconds: int | None) -> datetime | None:
    """Microseconds since 1970 as a datetime."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _identifiers(resource: Json, path: str) -> list[tuple[str | None, str, bool]]:
    """System, value and whether it is the usual one or a medical record number (v2-0203 MR)."""
    out = []
    for index, one in enumerate(children(resource, "identifier", path)):
        where = f"{path}.identifier[{index}]"
        found = identifier(one, where)
        if found is None:
            continue
        kind = child(one, "type", where) or {}
        usual = string(one, "use", where) == "usual" or any(c.get("code") == "MR" for c in children(kind, "coding", f"{where}.type"))
        out.append((*found, usual))
    return out


def _called(identifiers: list[tuple[str | None, str, bool]]) -> str | None:
    return next((value for _, value, usual in identifiers if usual), identifiers[0][1] if identifiers else None)


@dataclass(slots=True)
class Person:
    """A Patient: what the table of people tells of them, and how they may be called."""

    id: str
    gender: str | None
    birth: When | None
    identifiers: list[tuple[str | None, str, bool]]
    updated: str = ""
    wall: bool = False


def person(resource: Json, moments: Moments) -> Person:
    """What a Patient says; RefusedError for what cannot be."""
    path = "Patient"
    gender = string(resource, "gender", path)
    if gender is not None and gender not in GENDERS:
        raise RefusedError(f"Patient.gender is none of {', '.join(sorted(GENDERS))}", "Correct the resource at its source.")
    born = string(resource, "birthDate", path)
    calendar = Moments(wall=True)
    birth = None
    if born is not None:
        first, latest = calendar.span(born, "Patient.birthDate")
        birth = When(first, latest)
    told = extensions(resource, path)
    wall = CLOCK in told and string(told[CLOCK], "valueCode", "Patient.extension") == "wall"
    identifiers = _identifiers(resource, path)
    name = string(resource, "id", path) or _called(identifiers)
    if name is None:
        raise RefusedError("Patient.id is missing, and there is no identifier: nobody can refer to this patient")
    meta = child(resource, "meta", path) or {}
    return Person(name, None if gender == "unknown" else gender, birth, identifiers, string(meta, "lastUpdated", "Patient.meta") or "", wall)


@dataclass(slots=True)
class Visit:
    """An Encounter: whose, what kind of stay ("" for none), when, and the places within it."""

    id: str
    subject: Json
    kind: str
    when: When
    identifiers: list[tuple[str | None, str, bool]]
    places: list[tuple[str, str | None, When]]  # Location id, its display, when


def visit(resource: Json, moments: Moments) -> Visit:
    """What an Encounter says; RefusedError for what cannot be, PassedError for one that did not take place."""
    path = "Encounter"
    state = status_of(resource, path, _ENCOUNTER)
    if state in _NO_ENCOUNTER:
        raise PassedError(f"an encounter with the status {state}")
    subject = child(resource, "subject", path)
    span = child(resource, "period", path)
    if subject is None:
        raise RefusedError("Encounter has no subject")
    if span is None:
        raise PassedError("an encounter without a period")
    when = period(span, f"{path}.period", moments)
    identifiers = _identifiers(resource, path)
    places = []
    for index, one in enumerate(children(resource, "location", path)):
        where = f"{path}.location[{index}]"
        place, spell = child(one, "location", where), child(one, "period", where)
        if place is not None:
            target = reference(place, f"{where}.location")
            places.append((target[1] if target else "", string(place, "display", f"{where}.location"),
                           period(spell, f"{where}.period", moments) if spell is not None and "start" in spell else when))
    return Visit(string(resource, "id", path) or "", subject, _kind(resource, identifiers), when, identifiers, places)


def _kind(resource: Json, identifiers: list[tuple[str | None, str, bool]]) -> str:
    """"icu", "hospital" or "" for a visit that is neither."""
    for system, _, _ in identifiers:
        if system in _MIMIC_KINDS:
            return _MIMIC_KINDS[system]
    described = [*children(resource, "type", "Encounter"), child(resource, "serviceType", "Encounter") or {}]
    if any(_ICU_WORDS.search(said) for one in described for said in _all_words(one)):
        return "icu"
    kind = child(resource, "class", "Encounter") or {}
    return "hospital" if string(kind, "code", "Encounter.class") in _IN_HOSPITAL else ""


def _all_words(concept: Json) -> list[str]:
    said = [concept.get("text"), *(c.get("display") for c in children(concept, "coding", "Encounter.type"))]
    return [one for one in said if isinstance(one, str)]


def icu_place(resource: Json) -> bool:
    """Whether a Location is an intensive care unit, by its type or its name."""
    for index, one in enumerate(children(resource, "type", "Location")):
        if any(c.get("code") in _ICU_PLACES for c in children(one, "coding", f"Location.type[{index}]")):
            return True
    return bool(_ICU_WORDS.search(string(resource, "name", "Location") or ""))


@dataclass(slots=True)
class Register:
    """What is known of the patients, stays, places, drugs and devices of an export."""

    codes: Codes
    moments: Moments
    identifiers: bool = False
    people: dict[str, Person] = field(default_factory=dict)
    by_identifier: dict[tuple[str | None, str], str] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    icu_places: set[str] = field(default_factory=set)
    things: dict[Target, Coded] = field(default_factory=dict)  # Medication and Device
    drug_names: dict[str, str] = field(default_factory=dict)  # "system|code" of a Medication's identifier -> its name
    changed: int = 0
    meanings: dict[object, Coded] = field(default_factory=dict)

    def meaning(self, concept: Json, path: str) -> Coded:
        """What a CodeableConcept means; each distinct one is understood once."""
        try:
            key = shape(concept)
            found = self.meanings.get(key)
        except (KeyError, TypeError, AttributeError):
            return coded(concept, path, self.codes)
        if found is None or key is None:
            found = coded(concept, path, self.codes)
            if key is not None and len(self.meanings) < MOST_REMEMBERED:
                self.meanings[key] = found
        return found

    def add(self, resource: Json) -> None:
        """Take up one resource of REFERRED; what cannot be read is left to the reading proper, which says so."""
        kind = resource.get("resourceType")
        try:
            if kind == "Patient":
                self._add_person(person(resource, self.moments))
            elif kind == "Encounter":
                one = visit(resource, self.moments)
                self.visits[one.id] = one
            elif kind == "Location":
                name = string(resource, "id", "Location")
                if name is not None and icu_place(resource):
                    self.icu_places.add(name)
            elif kind in ("Medication", "Device"):
                name = string(resource, "id", str(kind))
                if name is not None:
                    self.things[str(kind), name] = self.thing(resource)
        except (RefusedError, PassedError):
            return

    def _add_person(self, one: Person) -> None:
        before = self.people.get(one.id)
        if before is not None:
            if (before.gender, before.birth) != (one.gender, one.birth):
                self.changed += 1
            if before.updated > one.updated:
                return
        self.people[one.id] = one
        for system, value, _ in one.identifiers:
            self.by_identifier[system, value] = one.id

    def thing(self, resource: Json) -> Coded:
        """What a Medication or Device is: its code (or its only ingredient that means something), and its name."""
        kind = str(resource.get("resourceType"))
        code = child(resource, "code" if kind == "Medication" else "type", kind)
        found = coded(code, f"{kind}.code", self.codes) if code is not None else Coded(None, None, None)
        name = found.name
        if kind == "Medication":
            for system, value, _ in _identifiers(resource, kind):
                name = value if system == _MIMIC_NAME and name is None else name
            for system, value, _ in _identifiers(resource, kind):
                if name is not None and system is not None:
                    self.drug_names.setdefault(f"{system}|{value}", name)
            if found.item is None:
                parts = []
                for index, one in enumerate(children(resource, "ingredient", kind)):
                    item = child(one, "itemCodeableConcept", f"{kind}.ingredient[{index}]")
                    if item is not None:
                        parts.append(coded(item, f"{kind}.ingredient[{index}].itemCodeableConcept", self.codes))
                meant = [one for one in parts if one.item is not None]
                if len(meant) == 1:
                    return meant[0]
        if found.item is None and name is not None:
            return Coded(found.code, name, self.codes.item(found.code, name))
        return found

    # ------------------------------------------------------------ names
    def patient(self, key: str) -> str:
        """What the person with this id is called: the id, or their identifier."""
        if key not in self.people:
            return key
        identifiers = self.people[key].identifiers
        own = next((value for system, value, _ in identifiers if system == PATIENT), None)  # a name of ours that can be no FHIR id
        return own or (self.identifiers and _called(identifiers)) or key

    def stay(self, key: str) -> str:
        """What the encounter with this id is called."""
        if self.identifiers and key in self.visits:
            return _called(self.visits[key].identifiers) or key
        return key

    def wall(self) -> bool:
        """Whether the export says that its times are wall clock, as ours does for records without a zone."""
        return bool(self.people) and all(one.wall for one in self.people.values())

    # ------------------------------------------------------------ tables
    def people_table(self) -> pl.DataFrame:
        """The columns of PEOPLE; of a birth date that is only a month or a year, its middle."""
        rows: list[Mapping[str, Any]] = []
        for one in self.people.values():
            born = None
            if one.birth is not None:
                whole = one.birth.latest is not None and one.birth.latest - one.birth.start > 86_400_000_000
                born = moment_of((one.birth.start + (one.birth.latest or 0)) // 2 if whole else one.birth.start)
            rows.append({"patient": self.patient(one.id), "sex": one.gender, "birth": born})
        return pl.DataFrame(rows, schema=dict(PEOPLE))

    def stays_table(self, whose: Any) -> pl.DataFrame:
        """The columns of STAYS; ``whose`` gives the patient of an encounter's subject, or None."""
        rows = []
        for one in self.visits.values():
            patient = whose(one.subject)
            if patient is None:
                continue
            if one.kind:
                rows.append((patient, self.stay(one.id), one.kind, moment_of(one.when.start), moment_of(one.when.end)))
            if one.kind == "hospital":
                inside = [when for place, shown, when in one.places if place in self.icu_places or _ICU_WORDS.search(shown or "")]
                rows += [(patient, f"{self.stay(one.id)}/icu-{n}", "icu", moment_of(when.start), moment_of(when.end)) for n, when in enumerate(inside, 1)]
        return pl.DataFrame(rows, schema=dict(STAYS), orient="row")
