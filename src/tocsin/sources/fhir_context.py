"""What every FHIR resource is read with: who it is about, where its references lead, and what an answer looks like.

Source: HL7 FHIR R4 (4.0.1), references.html, extensibility.html.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin.sources import fhir_register as register
from tocsin.sources.fhir_elements import (
    TOCSIN,
    Coded,
    Json,
    PassedError,
    RefusedError,
    When,
    child,
    children,
    extensions,
    reference,
    string,
    words,
)
from tocsin.vocabulary import CONCEPTS, Kind

LATEST, ATTRIBUTION, BESIDE, CENSORED, SITE, FACT = (f"{TOCSIN}:{name}" for name in ("latest", "attribution", "text", "censored", "site", "fact"))
VALUE_SYSTEM, SCALE_SYSTEM, TAG = f"{TOCSIN}:value", f"{TOCSIN}:scale", f"{TOCSIN}:tag"
COMPUTED, WRITTEN = "computed", "timeline"
"""Tags of what Tocsin worked out itself, which is never read back as a report, and of what it wrote from a timeline."""


class IrrelevantError(Exception):
    """A resource about what nothing here asks for; ``shown`` says what, for the counts.

    ``infused``: the patient and stay of a drug given at a rate, which says that infusions are charted for them.
    """

    def __init__(self, shown: str, infused: tuple[str, str | None] | None = None) -> None:
        super().__init__(shown)
        self.shown, self.infused = shown, infused


class Said(NamedTuple):
    """One entry, without its row; times in microseconds since 1970."""

    patient: str
    stay: str | None
    start: int | None
    latest: int | None
    end: int | None
    code: str | None
    name: str | None
    value: float | None = None
    censored: int | None = None
    unit: str | None = None
    text: str | None = None
    action: str | None = None
    course: str | None = None
    attribution: str | None = None
    site: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Answer:
    """What a resource says, and what of it could not be read."""

    said: list[Said]
    refused: list[RefusedError] = field(default_factory=list)
    infused: tuple[str, str | None] | None = None  # patient and stay of a drug given at a rate


@dataclass(slots=True)
class Context:
    """What one resource is read with.  ``local``: the resources of its Bundle by fullUrl; see ``forget``."""

    known: register.Register
    local: dict[str, Json] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)  # reference -> patient, remembered

    def forget(self, local: dict[str, Json]) -> None:
        """Begin another Bundle."""
        self.local, self.patients = local, {}

    # ------------------------------------------------------------ references
    def patient(self, resource: Json, path: str) -> str:
        """Who the resource is about; PassedError when it is not a patient, RefusedError when nobody knows."""
        subject = child(resource, "subject", path)
        if subject is None:
            raise RefusedError(f"{path} has no subject: nobody knows whose it is")
        found = self.whose(subject, f"{path}.subject")
        if found is None:
            raise RefusedError(f"{path}.subject names nobody")
        return found

    def whose(self, subject: Json, path: str) -> str | None:
        """The patient of a reference, None when it names nobody; PassedError when it names something else."""
        target = reference(subject, path)
        if target is None:
            who = child(subject, "identifier", path)
            value = string(who, "value", f"{path}.identifier") if who is not None else None
            if who is None or value is None:
                return None
            key = self.known.by_identifier.get((string(who, "system", f"{path}.identifier"), value))
            return value if key is None else self.known.patient(key)
        kind, key = target
        if kind == "#":
            return None
        if kind == "":
            inside = self.local.get(key)
            if inside is not None:
                kind, key = str(inside.get("resourceType")), str(inside.get("id") or key.rpartition(":")[2])
            else:
                kind, key = "Patient", key.rpartition(":")[2]
        if kind != "Patient":
            raise PassedError(f"about a {kind}, not a patient")
        return self.known.patient(key)

    def stay(self, resource: Json, key: str, path: str) -> str | None:
        """The encounter that the resource belongs to, when it names one."""
        value = child(resource, key, path)
        target = reference(value, f"{path}.{key}") if value is not None else None
        if target is None or target[0] not in ("", "Encounter"):
            return None
        inside = self.local.get(target[1]) if target[0] == "" else None
        return self.known.stay(str(inside.get("id")) if inside and inside.get("id") else target[1].rpartition(":")[2])

    def thing(self, value: Json, path: str, resource: Json, kind: str) -> Coded:
        """What a reference to a Medication or Device means: contained, in the same Bundle, or anywhere in the export."""
        target = reference(value, path)
        if target is not None and target[0] == "#":
            for index, one in enumerate(children(resource, "contained", kind)):
                if string(one, "id", f"contained[{index}]") == target[1] and one.get("resourceType") == kind:
                    return self.known.thing(one)
        elif target is not None:
            inside = self.local.get(target[1]) if target[0] == "" else None
            if inside is not None and inside.get("resourceType") == kind:
                return self.known.thing(inside)
            found = self.known.things.get((kind, target[1].rpartition(":")[2]))
            if found is not None:
                return found
        shown = string(value, "display", path)
        return Coded(None, shown, self.known.codes.item(None, shown))

    # ------------------------------------------------------------ what many resources share
    def coded(self, resource: Json, key: str, path: str) -> Coded:
        """What the CodeableConcept under this key means; RefusedError when it is absent."""
        concept = child(resource, key, path)
        if concept is None:
            raise RefusedError(f"{path}.{key} is missing", "The element is required in FHIR R4.")
        return self.known.meaning(concept, f"{path}.{key}")

    def extra(self, resource: Json, path: str, when: When) -> tuple[When, str | None, str | None, str | None, str | None]:
        """Time with our own latest, attribution, site, note, and words beside the value."""
        told = extensions(resource, path) if "extension" in resource else {}
        latest = when.latest
        if LATEST in told:
            text = string(told[LATEST], "valueDateTime", f"{path}.extension")
            latest = self.known.moments.span(text, f"{path}.extension")[0] if text is not None else latest
        attribution = string(told[ATTRIBUTION], "valueCode", f"{path}.extension") if ATTRIBUTION in told else None
        beside = string(told[BESIDE], "valueString", f"{path}.extension") if BESIDE in told else None
        place = child(resource, "bodySite", path) if type(resource.get("bodySite")) is not list else None
        site = words(place, f"{path}.bodySite") if place is not None else None
        site = string(told[SITE], "valueString", f"{path}.extension") if SITE in told else site
        note = "; ".join(t for i, one in enumerate(children(resource, "note", path)) if (t := string(one, "text", f"{path}.note[{i}]"))) or None
        return When(when.start, latest, when.end), attribution, site, note, beside


def unmodified(resource: Json, path: str) -> None:
    """RefusedError when a modifier extension or implicit rules may turn the meaning round (extensibility.html, resource.html)."""
    for key in ("modifierExtension", "implicitRules"):
        if key in resource:
            raise RefusedError(f"{path}.{key} may change what the resource means, and is not understood", "Export it without, or leave the resource out.")


def tagged(resource: Json, path: str, tag: str) -> bool:
    """Whether the resource carries this tag of ours."""
    tags = children(child(resource, "meta", path) or {}, "tag", f"{path}.meta") if "meta" in resource else []
    return any(one.get("system") == TAG and one.get("code") == tag for one in tags)


def kind_of(found: Coded) -> Kind | None:
    """How the concept that is meant behaves in time, None when nothing is meant."""
    return CONCEPTS[found.item.concept].kind if found.item is not None and found.item.concept in CONCEPTS else None
