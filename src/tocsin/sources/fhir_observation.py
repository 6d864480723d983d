"""FHIR Observations to entries: one for each value that means something, of the observation or of its components.

Source: HL7 FHIR R4 (4.0.1), observation.html and the vital signs profiles.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.sources.fhir_context import SCALE_SYSTEM, VALUE_SYSTEM, Answer, Context, IrrelevantError, Said, unmodified
from tocsin.sources.fhir_elements import (
    SAO2,
    SPO2,
    Amount,
    Coded,
    Json,
    PassedError,
    RefusedError,
    When,
    amount,
    child,
    children,
    number,
    qualified,
    status,
    string,
    told_time,
    truth,
    words,
)

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
    if "focus" in resource:
        raise PassedError("an observation whose focus is something else than the patient")
    patient = context.patient(resource, path)
    answer, absent = Answer([]), ""
    shared: tuple[When, str | None, str | None, str | None, str | None] | None = None
    stay = context.stay(resource, "encounter", path)
    for found, part, where in meant:
        try:
            value = _value(found, part, where, context)
            if shared is None:
                shared = context.extra(resource, path, told_time(resource, "effective", path, context.known.moments))
            when, attribution, site, note, beside = shared
            mine = value.amount
            answer.said.append(Said(
                patient, stay, when.start, when.latest, when.end, found.code, found.name,
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
