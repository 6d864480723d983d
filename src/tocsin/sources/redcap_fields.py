"""What each column of a REDCap export is about: a concept, a fact about the patient, a time, or nothing that is known here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tocsin.errors import SourceError, VocabularyError
from tocsin.sources.codes import Codes
from tocsin.sources.facts import measured_as
from tocsin.sources.headers import fact_named
from tocsin.sources.redcap_dictionary import CHOSEN, SILENT, Dictionary, Field, is_birth
from tocsin.timeline import is_patient_fact
from tocsin.vocabulary import CONCEPTS, Domain, Kind, find

EVENT, INSTRUMENT, INSTANCE = "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance"
_OWN = {"event name": EVENT, "repeat instrument": INSTRUMENT, "repeat instance": INSTANCE}
_SYSTEM = re.compile(r"(?i)^redcap_|_complete$|^complete\?$|_timestamp$|^survey (?:identifier|timestamp)$|^data access group$")
_OPTION = re.compile(r"^(?P<label>.*) \(choice=(?P<choice>.*)\)$", re.DOTALL)
_DAY = re.compile(r"(?i)^(?P<base>.*?)_?(?:^|_)d(?:ay)?_?(?P<minus>m(?:inus)?_?|neg_?|-)?(?P<day>\d{1,3})$")
_BRACKET = re.compile(r"\s*[\[(]([^\[\]()]*(?:\([^()]*\)[^\[\]()]*)*)[\])]")
_LOOKS_LIKE_UNIT = re.compile(r"^[\w%µμ^.]+(?:\s?/\s?[\w^.]+)+$|^%$|^°?[CF]$")
_QUIET_WORDS = frozenset({"dose", "rate", "level", "value", "result", "given", "measured", "current"})
_TIME_WORDS = frozenset({"date", "time", "datetime", "dt", "dttm", "and", "of", "the", "start", "started", "onset", "begin", "given"})
_ASKED_ONCE = ("weight_kg", "height_cm", "dose", "infusion_time")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the records: ``code`` of what it is about, ``unit`` of its numbers, ``day`` that its name tells.

    ``option`` is the choice of a checkbox whose column it is; ``said`` the text of a row that has it by itself.
    """

    column: str
    field: Field
    option: str | None = None
    code: str | None = None
    concept: str | None = None
    unit: str | None = None
    day: int | None = None
    said: str | None = None


def columns(names: list[str], dictionary: Dictionary) -> tuple[list[Column], dict[str, str], list[str]]:
    """The columns that are fields, REDCap's own (record, event, repeat) by their raw name, and the names of columns that are neither.

    Headers are the names of fields (raw) or their labels; of several fields with one label they are meant in their order.
    """
    fields, own, others = [], {}, []
    by_label: dict[str, list[Field]] = {}
    for one in dictionary.fields:
        by_label.setdefault(one.label, []).append(one)
    options: dict[tuple[str, str], list[Field]] = {}
    for one in dictionary.fields:
        for label in one.choices.values() if one.kind == "checkbox" else ():
            options.setdefault((one.label, label), []).append(one)
    for header in names:
        name = re.sub(r"_duplicated_\d+$", "", header).strip().lstrip("﻿")
        raw = _raw(name, dictionary)
        if raw is not None:
            fields.append(Column(header, *raw))
        elif name.lower() in _OWN or name in (EVENT, INSTRUMENT, INSTANCE):
            own[_OWN.get(name.lower(), name)] = header
        elif by_label.get(name):
            fields.append(Column(header, by_label[name].pop(0)))
        elif (found := _OPTION.match(name)) and options.get((found["label"], found["choice"])):
            one = options[found["label"], found["choice"]].pop(0)
            fields.append(Column(header, one, next(code for code, label in one.choices.items() if label == found["choice"])))
        elif not _SYSTEM.search(name):
            others.append(name)
    record = next((c.column for c in fields if c.field.name == dictionary.record), None)
    if record is None:
        raise SourceError(f"The records have no column {dictionary.record!r} (or {dictionary.by_name[dictionary.record].label!r}), which names the record in "
                          f"{dictionary.file}.\n  Export the records of the same project, with the record identifier.")
    own["record"] = record
    return [c for c in fields if c.column != record], own, others


def _raw(name: str, dictionary: Dictionary) -> tuple[Field, str | None] | None:
    """The field, and the choice of a checkbox, that a raw header names: symptoms___1, or symptoms____1 for the choice -1."""
    if name in dictionary.by_name:
        return dictionary.by_name[name], None
    base, sign, code = name.partition("___")
    one = dictionary.by_name.get(base)
    if not sign or one is None or one.kind != "checkbox":
        return None
    return next(((one, choice) for choice in one.choices if re.sub(r"[^a-z0-9_]", "_", choice.lower()) == code.lower()), None)


def understood(given: list[Column], dictionary: Dictionary, codes: Codes) -> Iterator[Column]:
    """The columns with what they are about; ``code`` stays None where nobody knows."""
    dated = {one.form for one in dictionary.fields if one.is_date and not is_birth(one)}
    for column in given:
        yield _understood(column, column.field.form in dated, codes)


def _understood(column: Column, dated: bool, codes: Codes) -> Column:
    one = column.field
    left_out = {f"redcap:{one.name}", f"redcap:{one.name}___{column.option}", one.label} & codes.ignored
    if left_out or one.kind in SILENT or one.is_time_of_day or is_birth(one):
        return column
    day = day_of_name(one.name)
    code = _option_code(column, codes) if column.option is not None else _told_code(column, codes)
    said = None
    if code is None and one.is_date:
        code = _date_code(one)
    elif code is None and column.option is None:
        code = _named_code(one, dated)
    if code is not None and code.startswith("fact:"):
        return replace(column, code=code, day=day, unit=one.tags.get("-UNIT") or _unit(one, measured_as(code.removeprefix("fact:"))))
    item = codes.item(code) if code is not None else None
    if code is None or item is None or item.concept not in CONCEPTS:
        return replace(column, day=day)
    concept = CONCEPTS[item.concept]
    if one.is_date:
        said = "given" if concept.kind in (Kind.DOSE, Kind.INFUSION) else "present" if "present" in concept.values else None
        if said is None:
            return replace(column, day=day)
    elif column.option is not None:
        said = item.text or ("present" if "present" in concept.values else "given" if concept.domain is Domain.DRUGS else one.choices[column.option])
    unit = one.tags.get("-UNIT") or item.unit or _unit(one, concept.name)
    return replace(column, code=code, concept=concept.name, unit=unit, day=day, said=said)


def _told_code(column: Column, codes: Codes) -> str | None:
    """What the mapping file or the field's annotation says."""
    own = f"redcap:{column.field.name}"
    if codes.item(own, column.field.label) is not None:
        return own
    return _tagged(column.field)


def _tagged(one: Field) -> str | None:
    told = one.tags.get("")
    if not told:
        return None
    if told.startswith("fact:") and is_patient_fact(told.removeprefix("fact:")):
        return told
    found = find(told)
    if found is None:
        raise SourceError(f"The field {one.name} has the annotation @TOCSIN={told!r}, which is no concept here.\n  See `tocsin concepts`, or write fact: and a "
                          "fact about the patient, such as fact:weight_kg.")
    return f"concept:{found.name}"


def _option_code(column: Column, codes: Codes) -> str | None:
    """What one choice of a checkbox is about: itself, or a value of what the field is about."""
    one, option = column.field, str(column.option)
    own, label = f"redcap:{one.name}___{option}", one.choices[option]
    if codes.item(own, label) is not None:
        return own
    whole = _told_code(column, codes) or _named_code(one, True)
    if whole is not None and not whole.startswith("fact:"):
        item = codes.item(whole)
        return whole if item is not None and item.concept in CONCEPTS and CONCEPTS[item.concept].values else None
    found = find(label)
    return f"concept:{found.name}" if found is not None and found.kind in (Kind.FINDING, Kind.DOSE, Kind.INFUSION) else None


def _named_code(one: Field, dated: bool) -> str | None:
    """The concept or fact that the name or label of a field is."""
    for name in _names(one):
        fact = fact_named(name)
        if fact is not None and (fact not in _ASKED_ONCE or (fact in ("weight_kg", "height_cm") and not dated)):
            return f"fact:{fact}"
    for name in _names(one):
        found = find(name)
        if found is not None and len(name) > 1:
            return f"concept:{found.name}"
    return None


def _date_code(one: Field) -> str | None:
    """What a date is the time of: the infusion, a death, the dose of a drug."""
    for name in _names(one):
        if fact_named(name) == "infusion_time":
            return "concept:car_t_infusion"
        words = [w for w in re.split(r"[_\s]+", name.lower()) if w and w not in _TIME_WORDS]
        found = find(" ".join(words)) if words else None
        if found is not None and not one.is_end and len("".join(words)) > 1:
            return f"concept:{found.name}"
    return None


def _names(one: Field) -> Iterator[str]:
    """A field's name and label, then without the day, the number, the unit, and words that say nothing of what it is."""
    label = _BRACKET.sub("", one.label).strip(" :")
    day = _DAY.match(one.name)
    bare = day["base"] if day and day["base"] else one.name
    for name in dict.fromkeys((one.name, label, bare, re.sub(r"_\d+$", "", bare))):
        if not name:
            continue
        yield name
        words = re.split(r"[_\s]+", name)
        fewer = [w for w in words if w.lower() not in _QUIET_WORDS]
        if 0 < len(fewer) < len(words):
            yield " ".join(fewer)


def day_of_name(name: str) -> int | None:
    """The day that a name ends with: temp_d7 is day 7, temp_dm5 day -5."""
    found = _DAY.match(name)
    if found is None or not found["base"]:
        return None
    return -int(found["day"]) if found["minus"] else int(found["day"])


def day_of_event(name: str, told: Mapping[str, int]) -> int | None:
    """The day of an event: as told, or as its name ends: day_7_arm_1, "Day 7 (Arm 1: CAR-T)", day_minus_5_arm_1."""
    if name in told:
        return told[name]
    plain = re.sub(r"(?i)(_arm_\d+[a-z]?|\s*\(arm \d+[^)]*\))$", "", name).strip().lower()
    found = re.search(r"(?:^|[_\s])d(?:ay)?[_\s]*(minus[_\s]*|m|neg[_\s]*|-)?(\d{1,3})$", plain)
    if found is None:
        return None
    return -int(found[2]) if found[1] else int(found[2])


def _unit(one: Field, concept: str | None) -> str | None:
    """The unit in the label or the note of a field: what its concept accepts, or else what looks like a unit."""
    if concept is None or CONCEPTS[concept].unit is None or one.kind in CHOSEN:
        return None
    bare = re.sub(r"(?i)^units?\s*[:=]?\s*", "", one.note)
    said = [found.strip() for found in (*_BRACKET.findall(one.label), *_BRACKET.findall(one.note), bare) if found.strip()]
    for text in said:
        try:
            CONCEPTS[concept].conversion(text)
        except VocabularyError:
            continue
        return str(text)
    return next((str(text) for text in said if _LOOKS_LIKE_UNIT.match(text)), None)
