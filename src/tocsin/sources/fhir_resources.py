"""FHIR resources to entries: observations, drugs given, procedures, devices, conditions and adverse events.

Source: HL7 FHIR R4 (4.0.1), the page of each resource.  Every function gives what the resource says, or raises IrrelevantError (its
code means nothing here), PassedError (understood, nothing to say) or RefusedError (cannot be read).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tocsin.sources import fhir_register as register
from tocsin.sources.fhir_elements import (
    SAO2,
    SPO2,
    TOCSIN,
    Amount,
    Coded,
    Json,
    PassedError,
    RefusedError,
    When,
    amount,
    at,
    child,
    children,
    coded,
    extensions,
    number,
    qualified,
    rate,
    reference,
    status,
    string,
    told_time,
    truth,
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
            raise RefusedError(f"{path}.{key} is missing")
        return coded(concept, f"{path}.{key}", self.known.codes)

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


def _tagged(resource: Json, path: str, tag: str) -> bool:
    """Whether the resource carries this tag of ours."""
    tags = children(child(resource, "meta", path) or {}, "tag", f"{path}.meta") if "meta" in resource else []
    return any(one.get("system") == TAG and one.get("code") == tag for one in tags)


def _kind_of(found: Coded) -> Kind | None:
    return CONCEPTS[found.item.concept].kind if found.item is not None and found.item.concept in CONCEPTS else None


# ---------------------------------------------------------------- Observation

OBSERVATION = frozenset({"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"})
VOID = frozenset({"cancelled", "entered-in-error"})
_VITAL = "vital-signs"  # observation-category
# Answers for present and absent: SNOMED CT qualifiers, LOINC answers, v2-0136.
_PRESENCE = {**dict.fromkeys(("snomed:52101004", "snomed:373066001", "snomed:10828004", "loinc:LA9633-4", "loinc:LA33-6", "loinc:LA6576-8"), "present"),
             **dict.fromkeys(("snomed:2667000", "snomed:373067005", "snomed:260385009", "loinc:LA9634-2", "loinc:LA32-8", "loinc:LA6577-6"), "absent"),
             "http://terminology.hl7.org/CodeSystem/v2-0136|Y": "present", "http://terminology.hl7.org/CodeSystem/v2-0136|N": "absent"}
_ABSENT_REASONS = frozenset({
    "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked", "not-applicable", "unsupported", "as-text", "error",
    "not-a-number", "negative-infinity", "positive-infinity", "not-performed", "not-permitted"})  # data-absent-reason


@dataclass(slots=True)
class _Value:
    amount: Amount | None = None
    text: str | None = None


def observation(resource: Json, context: Context) -> Answer:
    """What an Observation and its components say; one entry for each that has a value and means something."""
    path = "Observation"
    unmodified(resource, path)
    state = status(resource, path, OBSERVATION)
    parts = [(_measured(context.coded(resource, "code", path), resource, context), resource, path)]
    for index, one in enumerate(children(resource, "component", path)):
        where = f"{path}.component[{index}]"
        parts.append((context.coded(one, "code", where), one, where))
    meant = [part for part in parts if part[0].item is not None]
    if not meant:
        if (parts[0][0].code or "").startswith(SCALE_SYSTEM):
            raise PassedError("a grade computed by Tocsin, which is not read back as a report")
        raise IrrelevantError(parts[0][0].shown)
    if state in VOID:
        raise PassedError(f"an observation with the status {state}")
    patient = context.patient(resource, path)
    answer, absent = Answer([]), ""
    shared: tuple[When, str | None, str | None, str | None, str | None] | None = None
    for found, part, where in meant:
        try:
            value = _value(found, part, where, context)
            if shared is None:
                shared = context.extra(resource, path, told_time(resource, "effective", path, context.known.moments))
            when, attribution, site, note, beside = shared
            mine = value.amount
            answer.said.append(Said(
                patient, context.stay(resource, "encounter", path), when.start, when.latest, when.end, found.code, found.name,
                mine.value if mine else None, mine.censored if mine else None, mine.unit if mine else None,
                beside if mine else value.text, None, None, attribution, site, note))
        except PassedError as passed:
            absent = absent or passed.why
        except RefusedError as refused:
            answer.refused.append(refused)
    if not answer.said and not answer.refused:
        raise PassedError("a panel of other observations, which are read by themselves" if "hasMember" in resource else absent or "no value")
    return answer


def _measured(found: Coded, resource: Json, context: Context) -> Coded:
    """The vital sign "oxygen saturation in arterial blood" is what the FHIR profile calls pulse oximetry (R4 oxygensat)."""
    if found.code != SAO2 or SAO2 in context.known.codes.items:
        return found
    vital = any(c.get("code") == _VITAL for i, one in enumerate(children(resource, "category", "Observation"))
                for c in children(one, "coding", f"Observation.category[{i}]"))
    return Coded(SPO2, found.name, context.known.codes.item(SPO2, found.name)) if vital else found


def _value(found: Coded, part: Json, path: str, context: Context) -> _Value:
    """The value[x] of an observation or component; PassedError when it is absent for a reason."""
    keys = [key for key in part if key.startswith("value")]
    if len(keys) > 1:
        raise RefusedError(f"{path} has {len(keys)} values: {', '.join(sorted(keys))}", "An element value[x] is there once.")
    if not keys:
        return _absent(part, path)
    (key,) = keys
    where = f"{path}.{key}"
    if key == "valueQuantity":
        mine = amount(child(part, key, path) or {}, where)
        if mine is None:
            raise PassedError("no value")
        return _Value(mine)
    if key == "valueInteger":
        value = number(part, key, path)
        return _Value(Amount(value, None)) if value is not None else _Value()
    if key == "valueBoolean":
        return _Value(text="present" if truth(part, key, path) else "absent")
    if key == "valueString":
        return _Value(text=string(part, key, path))
    if key == "valueCodeableConcept":
        return _Value(text=_answer(found, child(part, key, path) or {}, where, context))
    if key == "valueRange":
        return _range(child(part, key, path) or {}, where)
    raise RefusedError(f"{where}: a value of this kind cannot be read for {found.name or found.code}")


def _absent(part: Json, path: str) -> _Value:
    why = child(part, "dataAbsentReason", path)
    if why is None:
        raise PassedError("no value")
    codes = {(string(c, "system", path), string(c, "code", path)) for c in children(why, "coding", f"{path}.dataAbsentReason")}
    if (VALUE_SYSTEM, "unknown") in codes:
        return _Value(text="unknown")
    known = next((code for _, code in codes if code in _ABSENT_REASONS), None)
    raise PassedError(f"not measured: {known}" if known else "not measured, for a reason in words")


def _answer(found: Coded, concept: Json, path: str, context: Context) -> str | None:
    """A coded value as a word: ours, what the code means, or the words beside it."""
    for index, coding in enumerate(children(concept, "coding", path)):
        where = f"{path}.coding[{index}]"
        system, code = string(coding, "system", where), string(coding, "code", where)
        if code is None:
            continue
        if system == VALUE_SYSTEM:
            return code
        full = qualified(system, code)
        item = context.known.codes.item(full, string(coding, "display", where))
        if item is not None and item.text is not None and found.item is not None and item.concept == found.item.concept:
            return item.text
        if full in _PRESENCE:
            return _PRESENCE[full]
    return words(concept, path)


def _range(value: Json, path: str) -> _Value:
    low, high = child(value, "low", path), child(value, "high", path)
    ends = [amount(one, f"{path}.{name}") if one is not None else None for name, one in (("low", low), ("high", high))]
    if ends[0] is None and ends[1] is None:
        raise PassedError("no value")
    if ends[0] is None or ends[1] is None:
        alone = ends[0] or ends[1]
        assert alone is not None
        return _Value(Amount(alone.value, alone.unit, 1 if ends[1] is None else -1))
    if ends[0].unit != ends[1].unit:
        raise RefusedError(f"{path} has two units")
    return _Value(text=f"{ends[0].value!r} - {ends[1].value!r} {ends[0].unit or ''}".rstrip())


# ---------------------------------------------------------------- MedicationAdministration

_GIVEN = frozenset({"in-progress", "not-done", "on-hold", "completed", "entered-in-error", "stopped", "unknown"})


def administration(resource: Json, context: Context) -> Answer:
    """A drug given: an interval with its rate, or a dose; what was not done says so."""
    path = "MedicationAdministration"
    unmodified(resource, path)
    state = status(resource, path, _GIVEN)
    if state == "entered-in-error":
        raise PassedError(f"a drug with the status {state}")
    drug = _drug(resource, path, context)
    dosage = child(resource, "dosage", path) or {}
    where = f"{path}.dosage"
    quantity, ratio, given = child(dosage, "rateQuantity", where), child(dosage, "rateRatio", where), child(dosage, "dose", where)
    runs = quantity is not None or ratio is not None
    patient = context.patient(resource, path)
    stay = context.stay(resource, "context", path)
    infused = (patient, stay) if runs and state != "not-done" and not _tagged(resource, path, WRITTEN) else None
    if drug.item is None:
        raise IrrelevantError(drug.shown, infused)
    speed = amount(quantity, f"{where}.rateQuantity") if quantity is not None else rate(ratio, f"{where}.rateRatio") if ratio is not None else None
    dose = amount(given, f"{where}.dose") if given is not None else None
    when = told_time(resource, "effective", path, context.known.moments)
    when, attribution, site, note, beside = context.extra(resource, path, when)
    place = child(dosage, "site", where)
    site = words(place, f"{where}.site") if place is not None else site
    infusion = _kind_of(drug) is Kind.INFUSION
    told, action, end = (speed or dose) if infusion else (dose or speed), "given", when.end
    instant = "effectivePeriod" not in resource
    if state == "not-done":
        action = "not_given"
    elif infusion and told is speed and speed is not None and instant:
        action = "change"  # from then on at this rate
    elif infusion and dose is not None and speed is None and instant:
        end = when.start if when.latest is None else None  # a push: effectiveDateTime is the time at which it took place
    text = beside
    if told is None and text is None:
        said = string(dosage, "text", where)
        text = said if said is not None and re.search(r"\d", said) else None
    if beside is not None and told is None:
        action = ""  # our own words stand for what was given
    order = child(resource, "request", path)
    course = reference(order, f"{path}.request") if order is not None else None
    sign = extensions(resource, path).get(CENSORED)
    if told is not None and sign is not None:
        told = Amount(told.value, told.unit, int(number(sign, "valueInteger", f"{path}.extension") or 0))
    one = Said(patient, stay, when.start, when.latest, end, drug.code, drug.name, told.value if told else None, told.censored if told else None,
               told.unit if told else None, text, action or None, course[1] if course else None, attribution, site, note)
    return Answer([one], infused=infused)


def _drug(resource: Json, path: str, context: Context) -> Coded:
    if "medicationReference" in resource:
        value = child(resource, "medicationReference", path) or {}
        return context.thing(value, f"{path}.medicationReference", resource, "Medication")
    found = context.coded(resource, "medicationCodeableConcept", path)
    if found.item is None and found.name is None and found.code is not None:
        name = next((context.known.drug_names[key] for key in _keys(resource, path) if key in context.known.drug_names), None)
        if name is not None:
            return Coded(found.code, name, context.known.codes.item(found.code, name))
    return found


def _keys(resource: Json, path: str) -> list[str]:
    concept = child(resource, "medicationCodeableConcept", path) or {}
    return [f"{c.get('system')}|{c.get('code')}" for c in children(concept, "coding", f"{path}.medicationCodeableConcept")]


# ---------------------------------------------------------------- what is done, has or uses

_PROCEDURE = frozenset({"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "entered-in-error", "unknown"})
_NOT_DONE = frozenset({"preparation", "not-done", "entered-in-error"})
_DEVICE_USE = frozenset({"active", "completed", "entered-in-error", "intended", "stopped", "on-hold"})
_NO_DEVICE_USE = frozenset({"entered-in-error", "intended"})
_UNCONFIRMED = frozenset({"unconfirmed", "provisional", "differential", "refuted", "entered-in-error"})  # condition-ver-status


def _done(found: Coded, patient: str, stay: str | None, when: When, extra: tuple[str | None, str | None, str | None]) -> Answer:
    """Something that was there or was done in this time, in the words that its concept has for that."""
    kind = _kind_of(found)
    has_words = found.item is not None and found.item.text is not None
    text = None if has_words else {Kind.FINDING: "present", Kind.STATEMENT: "present", Kind.STATE: found.name}.get(kind) if kind else None
    action = "given" if kind in (Kind.DOSE, Kind.INFUSION) else None
    attribution, site, note = extra
    return Answer([Said(patient, stay, when.start, when.latest, when.end, found.code, found.name, text=text, action=action, attribution=attribution,
                        site=site, note=note)])


def procedure(resource: Json, context: Context) -> Answer:
    """A procedure that took place: ventilation, dialysis, an infusion of cells."""
    path = "Procedure"
    unmodified(resource, path)
    state = status(resource, path, _PROCEDURE)
    found = context.coded(resource, "code", path)
    if found.item is None:
        raise IrrelevantError(found.shown)
    if state in _NOT_DONE:
        raise PassedError(f"a procedure with the status {state}")
    patient = context.patient(resource, path)
    when, attribution, _, note, _ = context.extra(resource, path, told_time(resource, "performed", path, context.known.moments))
    places = [said for i, one in enumerate(children(resource, "bodySite", path)) if (said := words(one, f"{path}.bodySite[{i}]"))]
    return _done(found, patient, context.stay(resource, "encounter", path), when, (attribution, ", ".join(places) or None, note))


def device_use(resource: Json, context: Context) -> Answer:
    """A device that a patient used: an oxygen mask, a ventilator."""
    path = "DeviceUseStatement"
    unmodified(resource, path)
    state = status(resource, path, _DEVICE_USE)
    value = child(resource, "device", path)
    if value is None:
        raise RefusedError(f"{path}.device is missing")
    found = context.thing(value, f"{path}.device", resource, "Device")
    if found.item is None:
        raise IrrelevantError(found.shown if found.code or found.name else "DeviceUseStatement of an unknown device")
    if state in _NO_DEVICE_USE:
        raise PassedError(f"a device with the status {state}")
    patient = context.patient(resource, path)
    when, attribution, site, note, _ = context.extra(resource, path, told_time(resource, "timing", path, context.known.moments))
    return _done(found, patient, None, when, (attribution, site, note))


def condition(resource: Json, context: Context) -> Answer:
    """A condition that is there, from its onset until it abates."""
    path = "Condition"
    unmodified(resource, path)
    found = context.coded(resource, "code", path) if "code" in resource else Coded(None, "Condition without a code", None)
    if found.item is None:
        raise IrrelevantError(found.shown)
    sure = child(resource, "verificationStatus", path) or {}
    for coding in children(sure, "coding", f"{path}.verificationStatus"):
        if coding.get("code") in _UNCONFIRMED:
            raise PassedError(f"a condition that is {coding['code']}")
    patient = context.patient(resource, path)
    when = told_time(resource, "onset", path, context.known.moments)
    if when.end is None and any(key.startswith("abatement") for key in resource):
        gone = told_time(resource, "abatement", path, context.known.moments)
        when = When(when.start, when.latest, gone.end or gone.latest or gone.start)
    when, attribution, _, note, _ = context.extra(resource, path, when)
    places = [said for i, one in enumerate(children(resource, "bodySite", path)) if (said := words(one, f"{path}.bodySite[{i}]"))]
    return _done(found, patient, context.stay(resource, "encounter", path), when, (attribution, ", ".join(places) or None, note))


# ---------------------------------------------------------------- AdverseEvent

# The extensions of the CTCAE implementation guide that mCODE exports use (hl7.fhir.us.ctcae).
_CTCAE_GRADE = "http://hl7.org/fhir/us/ctcae/StructureDefinition/ctcae-grade"
_CTCAE_RESOLVED = "http://hl7.org/fhir/us/ctcae/StructureDefinition/adverse-event-resolved-date"
_REPORTED: Mapping[str, str] = {
    "cytokine release syndrome": "reported_crs_grade",
    "immune effector cell-associated neurotoxicity syndrome": "reported_icans_grade",
    "immune effector cell associated neurotoxicity syndrome": "reported_icans_grade",
}


def adverse_event(resource: Json, context: Context) -> Answer:
    """An adverse event: the grade that was reported for CRS or ICANS, or a finding that is known by its code."""
    path = "AdverseEvent"
    unmodified(resource, path)
    if _tagged(resource, path, COMPUTED):
        raise PassedError("an episode computed by Tocsin, which is not read back as a report")
    event = child(resource, "event", path)
    if event is None:
        raise IrrelevantError("AdverseEvent without an event")
    found = coded(event, f"{path}.event", context.known.codes)
    names = {found.name, string(event, "text", f"{path}.event"), *(c.get("display") for c in children(event, "coding", f"{path}.event"))}
    concept = next((_REPORTED[n.strip().lower()] for n in names if isinstance(n, str) and n.strip().lower() in _REPORTED), None)
    if found.item is None and concept is None:
        raise IrrelevantError(found.shown)
    if string(resource, "actuality", path) == "potential":
        raise PassedError("an adverse event that did not happen (potential)")
    patient = context.patient(resource, path)
    text = string(resource, "date", path) or string(resource, "detected", path)
    if text is None:
        raise RefusedError(f"{path} has no date: nobody knows when it was")
    told = extensions(resource, path)
    when = at(text, f"{path}.date", context.known.moments)
    if _CTCAE_RESOLVED in told:
        over = string(told[_CTCAE_RESOLVED], "valueDateTime", f"{path}.extension")
        if over is not None:
            last, very_last = context.known.moments.span(over, f"{path}.extension")
            when = When(when.start, when.latest, very_last or last)
    stay = context.stay(resource, "encounter", path)
    if concept is None:
        return _done(found, patient, stay, when, (None, None, None))
    grade = _grade(told, path)
    if grade is None:
        raise PassedError("an adverse event without a CTCAE grade")
    return Answer([Said(patient, stay, when.start, when.latest, when.end, f"concept:{concept}", found.name, grade, 0, None, note="CTCAE grade, as reported")])


def _grade(told: Mapping[str, Json], path: str) -> float | None:
    if _CTCAE_GRADE not in told:
        return None
    concept = child(told[_CTCAE_GRADE], "valueCodeableConcept", f"{path}.extension") or {}
    for index, coding in enumerate(children(concept, "coding", f"{path}.extension.valueCodeableConcept")):
        code = string(coding, "code", f"{path}.extension.valueCodeableConcept.coding[{index}]")
        if code is not None and re.fullmatch("[0-5]", code):
            return float(code)
    raise RefusedError(f"{path}: its CTCAE grade is not a number from 0 to 5")


# ---------------------------------------------------------------- Patient, Encounter and the rest

def patient(resource: Json, context: Context) -> Answer:
    """Death, and the facts and hour 0 that our own writer leaves; who the patient is stands in the table of people."""
    path = "Patient"
    who = context.known.patient(register.person(resource, context.known.moments).id)
    said = []
    died = string(resource, "deceasedDateTime", path)
    if died is not None:
        start, latest = context.known.moments.span(died, f"{path}.deceasedDateTime")
        said.append(Said(who, None, start, latest, None, "concept:death", "deceased", text="present"))
    for url, one in extensions(resource, path).items():
        where = f"{path}.extension"
        if url == register.HOUR_0:
            text = string(one, "valueDateTime", where)
            if text is not None:
                said.append(Said(who, None, context.known.moments.span(text, where)[0], None, None, "tocsin:hour_0", None))
        elif url.startswith(f"{FACT}:"):
            name, value, flag = url.removeprefix(f"{FACT}:"), number(one, "valueDecimal", where), truth(one, "valueBoolean", where)
            words_ = string(one, "valueString", where) if flag is None else ("yes" if flag else "no")
            said.append(Said(who, None, None, None, None, f"fact:{name}", name, value, text=words_))
    if not said:
        raise PassedError("a patient" if truth(resource, "deceasedBoolean", path) is not True else "a patient who died, nobody says when")
    return Answer(said)


def encounter(resource: Json, context: Context) -> Answer:
    """Nothing by itself: the stays stand in a table of their own."""
    kind = register.visit(resource, context.known.moments).kind
    raise PassedError({"hospital": "a stay in hospital", "icu": "a stay in intensive care"}.get(kind, "a visit that is neither a hospital nor an ICU stay"))


HANDLERS: Mapping[str, Callable[[Json, Context], Answer]] = {
    "Observation": observation, "MedicationAdministration": administration, "Procedure": procedure, "DeviceUseStatement": device_use,
    "Condition": condition, "AdverseEvent": adverse_event, "Patient": patient, "Encounter": encounter,
}
ORDERS = frozenset({"MedicationRequest", "MedicationDispense", "MedicationStatement"})
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,60}")


def read(resource: Json, context: Context) -> Answer:
    """What one resource says."""
    kind = resource.get("resourceType")
    if type(kind) is not str or not _TYPE.fullmatch(kind):
        raise RefusedError("no FHIR resource: it has no resourceType", "Name the files of a FHIR R4 export.")
    handler = HANDLERS.get(kind)
    if handler is not None:
        return handler(resource, context)
    if kind in register.REFERRED:
        raise PassedError(f"a {kind}, to which others refer")
    if kind in ORDERS:
        raise IrrelevantError(f"{kind} (an order, supply or report of a drug, not a dose given)")
    raise IrrelevantError(kind)
