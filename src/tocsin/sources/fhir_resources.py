"""FHIR resources to entries: drugs given, procedures, devices, conditions, adverse events, and who the patient is.

Source: HL7 FHIR R4 (4.0.1), the page of each resource.  Every function gives what the resource says, or raises IrrelevantError
(its code means nothing here), PassedError (understood, nothing to say) or RefusedError (cannot be read).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tocsin.errors import VocabularyError
from tocsin.sources import fhir_register as register
from tocsin.sources.codes import Item
from tocsin.sources.fhir_context import (
    CENSORED,
    COMPUTED,
    FACT,
    WRITTEN,
    Answer,
    Context,
    IrrelevantError,
    Said,
    kind_of,
    tagged,
    unmodified,
)
from tocsin.sources.fhir_elements import (
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
from tocsin.sources.fhir_observation import observation
from tocsin.vocabulary import CONCEPTS, Kind

# ---------------------------------------------------------------- MedicationAdministration

# Routes of the value set route-codes (SNOMED CT) by which a drug acts where it is put, and their names in any code system or none.
_LOCAL_ROUTES = frozenset({
    "snomed:6064005", "snomed:10547007", "snomed:12130007", "snomed:16857009", "snomed:46713006", "snomed:54485002", "snomed:372464004", "snomed:372466002",
    "snomed:372468001", "snomed:418401004", "snomed:447694001"})
_LOCAL = re.compile(r"(?i)\b(topical|cutaneous|ophthalmic|ocular|intraocular|conjunctival|otic|auricular|nasal|intranasal|inhal\w*|nebuli\w*|respiratory tract"
                    r"|intravitreal|intra-?articular|intradermal|intralesional|vagina\w*|dental)\b")
_INTRATHECAL, _SPINAL = "snomed:72607000", re.compile(r"(?i)\bintrathecal\b")
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
    infused = (patient, stay) if runs and state != "not-done" and not tagged(resource, path, WRITTEN) else None
    if drug.item is None:
        raise IrrelevantError(drug.shown, infused)
    drug = _by_route(drug, dosage, where, context)
    speed = amount(quantity, f"{where}.rateQuantity") if quantity is not None else rate(ratio, f"{where}.rateRatio") if ratio is not None else None
    dose = amount(given, f"{where}.dose") if given is not None else None
    when = told_time(resource, "effective", path, context.known.moments)
    when, attribution, site, note, beside = context.extra(resource, path, when)
    place = child(dosage, "site", where)
    site = words(place, f"{where}.site") if place is not None else site
    infusion = kind_of(drug) is Kind.INFUSION
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
    if state == "unknown" or (state == "on-hold" and infusion and end is None):
        told, text = None, "unknown"  # it may not have been given, or has been halted and nobody says when
    order = child(resource, "request", path)
    course = reference(order, f"{path}.request") if order is not None else None
    sign = extensions(resource, path).get(CENSORED)
    if told is not None and sign is not None:
        told = Amount(told.value, told.unit, int(number(sign, "valueInteger", f"{path}.extension") or 0))
    one = Said(patient, stay, when.start, when.latest, end, drug.code, drug.name, told.value if told else None, told.censored if told else None,
               told.unit if told else None, text, action or None, course[1] if course else None, attribution, site, note)
    return Answer([one], infused=infused)


def _by_route(drug: Coded, dosage: Json, path: str, context: Context) -> Coded:
    """The drug as its route makes it: into the cerebrospinal fluid another concept, on the skin or into the eye none."""
    route = child(dosage, "route", path)
    if route is None or kind_of(drug) not in (Kind.DOSE, Kind.INFUSION) or drug.item is None or drug.item.concept == "car_t_infusion":
        return drug
    codings = [(one, f"{path}.route.coding[{i}]") for i, one in enumerate(children(route, "coding", f"{path}.route"))]
    codes = {qualified(string(one, "system", at_), string(one, "code", at_) or "") for one, at_ in codings}
    said = (string(route, "text", f"{path}.route"), *(string(one, "display", at_) for one, at_ in codings))
    names = [name for name in said if name is not None]
    spinal = f"intrathecal_{drug.item.concept}"
    if _INTRATHECAL in codes or any(_SPINAL.search(name) for name in names):
        return Coded(f"concept:{spinal}", drug.name, Item(spinal)) if spinal in CONCEPTS else drug
    local = next((found[1].lower() for name in names if (found := _LOCAL.search(name))), None)
    if local is not None or codes & _LOCAL_ROUTES:
        raise PassedError(f"a drug that acts where it is put ({local or 'by its route'})")
    return drug


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
    kind = kind_of(found)
    has_words = found.item is not None and found.item.text is not None
    text = None if has_words else {Kind.FINDING: "present", Kind.STATEMENT: "present", Kind.STATE: _state(found)}.get(kind) if kind else None
    action = "given" if kind in (Kind.DOSE, Kind.INFUSION) else None
    attribution, site, note = extra
    return Answer([Said(patient, stay, when.start, when.latest, when.end, found.code, found.name, text=text, action=action, attribution=attribution,
                        site=site, note=note)])


def _state(found: Coded) -> str | None:
    """The state that the name of a code says; where it says only that it is there, of a kind that is not told."""
    one = CONCEPTS[found.item.concept] if found.item is not None else None
    if one is None or found.name is None or "unspecified" not in one.values:
        return found.name
    try:
        return one.coded_value(found.name)
    except VocabularyError:
        return "unspecified"


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
    if tagged(resource, path, COMPUTED):
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
