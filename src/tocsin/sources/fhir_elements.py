"""The elements of a FHIR resource: typed access that names the path of what is wrong, codes, times, quantities, references.

Source: HL7 FHIR R4 (4.0.1), datatypes.html, json.html, references.html, terminologies-systems.html.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.sources.codes import Codes, Item, shown_code

Json = Mapping[str, Any]
MOST_REMEMBERED = 200_000
"""Distinct codes, times or references that are remembered of each kind, before they are forgotten."""
LONGEST_NAME = 200
"""Characters of a code or name that are kept: a longer one is no name."""

TOCSIN = "urn:tocsin"
"""Begins the systems and extensions of our own: what FHIR has no field for."""


class RefusedError(Exception):
    """Why a resource cannot be read: the path of the element, what is wrong, and the usual fix."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what, self.fix = what, fix


class PassedError(Exception):
    """Why a resource that was understood has nothing to say ("not measured: unknown")."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


# ---------------------------------------------------------------- typed access

_JSON_NAMES = {dict: "an object", list: "a list", str: "a string", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


def wrong(path: str, value: object, wanted: str) -> RefusedError:
    """The refusal of a value of another type than the element has."""
    return RefusedError(f"{path} is {_JSON_NAMES.get(type(value), 'something')}, where {wanted} belongs", "Correct the resource at its source.")


def child(parent: Json, key: str, path: str) -> Json | None:
    """The object under this key, None when it is absent; RefusedError when it is anything else."""
    if key not in parent:
        return None
    value = parent[key]
    if type(value) is not dict:
        raise wrong(f"{path}.{key}", value, "an object")
    return value


def children(parent: Json, key: str, path: str) -> list[Json]:
    """The objects in the list under this key, none when it is absent; RefusedError when it is anything else."""
    if key not in parent:
        return []
    value = parent[key]
    if type(value) is not list:
        raise wrong(f"{path}.{key}", value, "a list")
    for index, one in enumerate(value):
        if type(one) is not dict:
            raise wrong(f"{path}.{key}[{index}]", one, "an object")
    return value


def string(parent: Json, key: str, path: str) -> str | None:
    """The string under this key, None when it is absent; RefusedError when it is anything else."""
    if key not in parent:
        return None
    value = parent[key]
    if type(value) is not str:
        raise wrong(f"{path}.{key}", value, "a string")
    return value


def number(parent: Json, key: str, path: str) -> float | None:
    """The number under this key, None when it is absent; RefusedError when it is anything else."""
    if key not in parent:
        return None
    value = parent[key]
    if type(value) is float:
        return value
    if type(value) is not int:
        raise wrong(f"{path}.{key}", value, "a number")
    try:
        return float(value)
    except OverflowError:
        raise RefusedError(f"{path}.{key} is a number too large to be true") from None


def truth(parent: Json, key: str, path: str) -> bool | None:
    """The boolean under this key, None when it is absent; RefusedError when it is anything else."""
    if key not in parent:
        return None
    value = parent[key]
    if type(value) is not bool:
        raise wrong(f"{path}.{key}", value, "true or false")
    return value


def status(resource: Json, path: str, known: frozenset[str]) -> str:
    """The required status of a resource; RefusedError when it is absent or none of the known."""
    value = string(resource, "status", path)
    if value is None:
        raise RefusedError(f"{path}.status is missing: it tells whether the rest counts", "The element is required in FHIR R4.")
    if value not in known:
        raise RefusedError(f"{path}.status is none of {', '.join(sorted(known))}", "Correct the resource at its source.")
    return value


# ---------------------------------------------------------------- codes

SYSTEMS: Mapping[str, str] = {
    # terminologies-systems.html: the canonical URI and the OID of each
    "http://loinc.org": "loinc:", "urn:oid:2.16.840.1.113883.6.1": "loinc:",
    "http://snomed.info/sct": "snomed:", "urn:oid:2.16.840.1.113883.6.96": "snomed:",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm:", "urn:oid:2.16.840.1.113883.6.88": "rxnorm:",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10cm:", "http://hl7.org/fhir/sid/icd-10": "icd10:", "http://hl7.org/fhir/sid/icd-9-cm": "icd9cm:",
    "http://hl7.org/fhir/sid/ndc": "ndc:", "http://www.whocc.no/atc": "atc:", "http://hl7.org/fhir/sid/cvx": "cvx:",
    f"{TOCSIN}:concept": "concept:", f"{TOCSIN}:fact": "fact:",
}
_MIMIC = "http://mimic.mit.edu/fhir/"  # begins every code system of MIMIC-IV on FHIR (github.com/kind-lab/mimic-fhir)
_MIMIC_ITEMS = ("d-items", "d-labitems", "medication-icu")  # those whose codes are items of MIMIC-IV itself
UCUM = frozenset({"http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"})
_OWN = f"{TOCSIN}:"


SAO2, SPO2 = "loinc:2708-6", "loinc:59408-5"
"""Saturation of arterial blood, and the same by pulse oximetry, which says more where both stand (US Core pulse oximetry has both)."""


def qualified(system: str | None, code: str) -> str:
    """A code with its system in front: "loinc:8310-5", "mimic:221906"; of other systems as FHIR searches for it, "system|code"."""
    if system is None:
        return f"|{code}"
    prefix = SYSTEMS.get(system)
    if prefix is not None:
        return prefix + code
    if system.startswith(_MIMIC):
        return f"mimic:{code}" if system.endswith(_MIMIC_ITEMS) else f"{system.rpartition('/')[2]}:{code}"
    return f"{system}|{code}"


@dataclass(frozen=True, slots=True)
class Coded:
    """What a CodeableConcept says: the code and name to go by, and what they mean here (None: nothing)."""

    code: str | None
    name: str | None
    item: Item | None

    @property
    def shown(self) -> str:
        """For the counts of what was left out."""
        return shown_code(self.code, self.name)[:LONGEST_NAME]


def coded(concept: Json, path: str, codes: Codes) -> Coded:
    """The first coding that means something here (our own before others), else the first of all; RefusedError for wrong types."""
    text = string(concept, "text", path)
    found: list[tuple[str, str | None]] = []
    for index, coding in enumerate(children(concept, "coding", path)):
        where = f"{path}.coding[{index}]"
        system, code, display = string(coding, "system", where), string(coding, "code", where), string(coding, "display", where)
        name = (display or text or "")[:LONGEST_NAME] or None
        if code is None:
            if display is not None:
                found.append(("", name))
        elif system is not None and system.startswith(_OWN):
            found.insert(0, (qualified(system, code[:LONGEST_NAME]), name))
        else:
            found.append((qualified(system, code[:LONGEST_NAME]), name))
    text = (text or "")[:LONGEST_NAME] or None
    if text is not None and text not in {name for _, name in found}:
        found.append(("", text))
    if SAO2 in (listed := [code for code, _ in found]) and SPO2 in listed:
        found.sort(key=lambda one: one[0] == SAO2)
    for code, name in found:
        item = codes.item(code or None, name)
        if item is not None:
            return Coded(code or None, name, item)
    return Coded(found[0][0] or None, found[0][1], None) if found else Coded(None, None, None)


def shape(concept: Json) -> object:
    """What tells one CodeableConcept from another, where it has codings and perhaps a text and nothing else; None otherwise.

    Raises KeyError, TypeError or AttributeError for other types; then, too, it is to be read with care.
    """
    codings = concept["coding"]
    many = len(codings)
    first = tuple(codings[0].items()) if many == 1 else tuple([tuple(one.items()) for one in codings])
    size = len(concept)
    return (many, first, size, concept.get("text")) if size == 1 or (size == 2 and "text" in concept) else None


def words(concept: Json, path: str) -> str | None:
    """A CodeableConcept as people read it: its text, or the display or code of its first coding."""
    text = string(concept, "text", path)
    if text is not None:
        return text
    for index, coding in enumerate(children(concept, "coding", path)):
        said = string(coding, "display", f"{path}.coding[{index}]") or string(coding, "code", f"{path}.coding[{index}]")
        if said is not None:
            return said
    return None


# ---------------------------------------------------------------- times

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?")
_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST, _LATEST = timedelta(hours=14), timedelta(hours=12)  # a date begins first at UTC+14 and ends last at UTC-12
Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Moments:
    """How times are read.  ``wall``: as written, offsets dropped; otherwise as moments in UTC, those without an offset in ``zone``."""

    wall: bool = False
    zone: ZoneInfo | None = None
    seen: dict[str, Span] = field(default_factory=dict, compare=False, repr=False)  # texts read before: many rows share their time

    def span(self, text: str, path: str) -> Span:
        """Microseconds since 1970 of a date or time, and of its latest moment when it is only a day, a month or a year.

        A day without a zone is that day anywhere on Earth.  RefusedError when it cannot be read.
        """
        found = self.seen.get(text)
        if found is None:
            found = self._span(text, path)
            if len(self.seen) >= MOST_REMEMBERED:
                self.seen.clear()
            self.seen[text] = found
        return found

    def _span(self, text: str, path: str) -> Span:
        if _DATE_TIME.fullmatch(text):
            try:
                return (self._moment(datetime.fromisoformat(text), path) - _EPOCH) // _MICROSECOND, None
            except (ValueError, OverflowError):
                raise RefusedError(f"{path} is no time that exists") from None
        found = _PARTIAL.fullmatch(text)
        if found is None:
            raise RefusedError(f"{path} is no FHIR date or time", "Write it as 2019-09-25T10:00:00+02:00, 2019-09-25, 2019-09 or 2019.")
        year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
        try:
            first = datetime(year, month, day)
            if found[3]:
                last = first + timedelta(days=1)
            elif found[2]:
                last = datetime(year + month // 12, month % 12 + 1, 1)
            else:
                last = datetime(year + 1, 1, 1)
            if not self.wall:
                first, last = (first - _EARLIEST, last + _LATEST) if self.zone is None else (self._moment(first, path), self._moment(last, path))
        except (ValueError, OverflowError):
            raise RefusedError(f"{path} is no date that exists") from None
        return (first - _EPOCH) // _MICROSECOND, (last - _EPOCH) // _MICROSECOND

    def _moment(self, when: datetime, path: str) -> datetime:
        if self.wall:
            return when.replace(tzinfo=None)
        if when.tzinfo is None:
            if self.zone is None:
                raise RefusedError(f"{path} has no offset from UTC, which FHIR asks of every time",
                              "Say which zone such times are in (--timezone Europe/Paris), or that all times are wall clock (--clock wall).")
            when = when.replace(tzinfo=self.zone)
        return when.astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class When:
    """When something was, in microseconds since 1970: at ``start``, or between it and ``latest``; until ``end`` when told."""

    start: int
    latest: int | None = None
    end: int | None = None


def at(text: str, path: str, moments: Moments) -> When:
    """The time of a dateTime or instant."""
    start, latest = moments.span(text, path)
    return When(start, latest)


def period(value: Json, path: str, moments: Moments) -> When:
    """The time of a Period; a day as its end is included in it."""
    start, end = string(value, "start", path), string(value, "end", path)
    if start is None:
        raise RefusedError(f"{path} has no start")
    first, latest = moments.span(start, f"{path}.start")
    if end is None:
        return When(first, latest)
    last, very_last = moments.span(end, f"{path}.end")
    return When(first, latest, last if very_last is None else very_last)


def told_time(resource: Json, name: str, path: str, moments: Moments) -> When:
    """The time of an element such as effective[x] or performed[x]; RefusedError when there is none that has a date."""
    text = string(resource, f"{name}DateTime", path)
    if text is not None:
        return at(text, f"{path}.{name}DateTime", moments)
    span = child(resource, f"{name}Period", path)
    if span is not None:
        return period(span, f"{path}.{name}Period", moments)
    text = string(resource, f"{name}Instant", path)
    if text is not None:
        return at(text, f"{path}.{name}Instant", moments)
    other = next((key for key in resource if key.startswith(name)), None)
    if other is not None:
        raise RefusedError(f"{path}.{other} is not a date or time that can be placed", "Give it as a dateTime or a Period.")
    raise RefusedError(f"{path} has no {name}DateTime or {name}Period: nobody knows when it was")


# ---------------------------------------------------------------- quantities

COMPARATORS: Mapping[str, int] = {"<": -1, "<=": -1, ">=": 1, ">": 1}  # datatypes.html#Quantity, quantity-comparator
# UCUM codes (ucum.org, table of units) whose spelling is nobody's but UCUM's.
_UCUM_SPELLINGS: Mapping[str, str] = {"[lb_av]": "lb", "[in_i]": "in"}


@dataclass(frozen=True, slots=True)
class Amount:
    """A Quantity: number, unit (a UCUM code before the text), and whether the true value is below (-1) or above (+1)."""

    value: float
    unit: str | None
    censored: int = 0


@cache
def ucum(code: str) -> str:
    """A UCUM code in the spelling that units are known by."""
    return _UCUM_SPELLINGS.get(code, code)


def amount(quantity: Json, path: str) -> Amount | None:
    """What a Quantity says, None when it has no value; RefusedError for wrong types and unknown comparators."""
    value = number(quantity, "value", path)
    if value is None:
        return None
    sign = string(quantity, "comparator", path)
    if sign is not None and sign not in COMPARATORS:
        raise RefusedError(f"{path}.comparator is none of {', '.join(COMPARATORS)}")
    system, code, unit = string(quantity, "system", path), string(quantity, "code", path), string(quantity, "unit", path)
    said = ucum(code) if code is not None and system in UCUM else unit if unit is not None else code
    return Amount(value, said[:LONGEST_NAME] if said else None, COMPARATORS.get(sign or "", 0))


def rate(ratio: Json, path: str) -> Amount | None:
    """A Ratio as a rate: the numerator over one unit of the denominator."""
    above, below = child(ratio, "numerator", path), child(ratio, "denominator", path)
    top = amount(above, f"{path}.numerator") if above is not None else None
    bottom = amount(below, f"{path}.denominator") if below is not None else None
    if top is None or bottom is None:
        return None
    if bottom.value == 0 or top.censored or bottom.censored:
        raise RefusedError(f"{path} is no rate")
    unit = f"{top.unit or ''}/{bottom.unit or ''}".rstrip("/") or None
    value = top.value / bottom.value
    if not math.isfinite(value):
        raise RefusedError(f"{path} is no rate")
    return Amount(value, unit)


# ---------------------------------------------------------------- references

Target = tuple[str, str]
"""The type and id that a reference leads to; ("#", id) for a contained resource, ("", text) for what names no type."""


def reference(value: Json, path: str) -> Target | None:
    """Where a Reference leads, by its text alone: nothing is fetched or followed.  None when it names nothing.

    A relative or absolute address gives type and id, whatever server and version; "urn:uuid:..." gives ("", the whole).
    """
    text = string(value, "reference", path)
    if text is None:
        return None
    if text.startswith("#"):
        return "#", text[1:]
    if text.startswith("urn:"):
        return "", text
    parts = text.split("/_history/")[0].rstrip("/").split("/")
    return (parts[-2], parts[-1]) if len(parts) > 1 else ("", text)


def identifier(value: Json, path: str) -> tuple[str | None, str] | None:
    """The system and value of an Identifier, None when it has no value."""
    said = string(value, "value", path)
    return None if said is None else (string(value, "system", path), said)


# ---------------------------------------------------------------- extensions

def extensions(element: Json, path: str) -> dict[str, Json]:
    """The extensions of an element by url; of several with one url the last."""
    out: dict[str, Json] = {}
    for index, one in enumerate(children(element, "extension", path)):
        url = string(one, "url", f"{path}.extension[{index}]")
        if url is not None:
            out[url] = one
    return out
