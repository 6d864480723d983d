"""What one unusual cell says: words, coded values, limits, ranges, devices with their flow, doses with their unit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from tocsin.errors import VocabularyError
from tocsin.sources.headers import BLOOD_PRESSURE
from tocsin.sources.numbers import Written, written
from tocsin.vocabulary import CONCEPTS, Concept, Kind, unit_key, value_key

UNKNOWN = frozenset({
    "unknown", "not stated", "not told", "not known", "unk", "?", "n/a", "not recorded", "not reported", "not available",
    "not documented", "not mentioned", "unclear", "uncertain", "nk", "not charted",
})
NOT_TOLD = frozenset({
    "na", "nan", "null", ".", "..", "-", "--", "---", "–", "—", "#n/a", "n.a.", "nd", "n.d.", "not done", "not measured", "missing",
    "blank", "<na>", "nat", "/",
})
ABSENT = frozenset({"absent", "none", "no", "not given", "never", "false", "n", "nil"})
PRESENT = frozenset({"present", "yes", "y", "true", "given", "running", "on", "+", "started", "start"})
STOPPED = frozenset({"stop", "stopped", "off", "discontinued", "ended", "end", "weaned off"})
_RATE_OF_DOSE = re.compile(r"(?i)(/\s*m(2|²|\^2)|/\s*(d|day|24\s*h|h|hr|hour|dose|week))(?=$|[\s,;/])")
_FLOW = re.compile(r"(?i)(?P<flow>\d+(?:[.,]\d+)?)\s*(?:l\s*/\s*min|lpm|l\s*/\s*m\b|litres?(?:/min)?|liters?(?:/min)?|l\b|l(?=nc\b|nrb\b))")
_FIO2 = re.compile(r"(?i)(?:fi?o2|fraction)\s*(?:of|:|=|at)?\s*(?P<fio2>\d*[.,]?\d+)\s*(?P<percent>%)?|(?P<bare>\d{2,3})\s*%")
_MASK_PRESSURE = re.compile(r"(?i)(?<=pap)\s*\d{1,2}(?:\s*/\s*\d{1,2})?(?![\d.,]|\s*(?:%|l\b|l/|lpm|lit))\s*(?:cm\s*h2o)?")  # BiPAP 12/5, CPAP 8 cmH2O
_DEVICE_FILLER = re.compile(r"(?i)\b(?:via|by|on|at|with|of|o2|oxygen|and|flow)\b|[,;:@()/+]")
_PRESSURE = re.compile(r"^\s*(\d{2,3})\s*/\s*(\d{2,3})\s*(?:mm\s*hg)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One event's worth of a cell; ``number`` is in ``unit`` (None: not told); ``told`` is what a person should know."""

    concept: str
    number: float | None = None
    unit: str | None = None
    text: str | None = None
    censored: int = 0
    told: str = ""
    warned: str = ""
    extra: str | None = None  # words of the source that go into the note


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell cannot be used, and the usual fix."""

    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class NotTold:
    """A cell that says nothing; ``word`` is how, when it is not empty."""

    word: str = ""


Answer = list[Meaning] | Problem | NotTold


def interpret(concept: str, value: str | None, unit: str | None, text: str | None, decimal: str) -> Answer:
    """What this cell says about this concept."""
    said = value if value is not None else text
    if said is None:
        return NotTold()
    beside = text if value is not None else None
    if concept == BLOOD_PRESSURE:
        return _pressure(said, unit)
    one = CONCEPTS[concept]
    word = said.strip().lower()
    if word in UNKNOWN or value_key(said) in UNKNOWN:
        return [Meaning(concept, text="unknown", extra=beside)]
    if word in NOT_TOLD and not (one.kind is Kind.FINDING and word == "-") and word not in _coded_words(one):
        return NotTold(said)
    if one.values:
        return _coded(one, said, beside, decimal)
    if one.unit is None:
        if one.kind in (Kind.DOSE, Kind.INFUSION):
            return [_given(one, said, unit, beside)]
        return [Meaning(concept, text=said if unit is None else f"{said} {unit}", extra=beside)]
    return _numeric(one, said, unit, beside, decimal, from_text=value is None)


def _coded_words(one: Concept) -> set[str]:
    return {v.lower() for v in (*one.values, *one.value_aliases)}


def _pressure(said: str, unit: str | None) -> Answer:
    found = _PRESSURE.match(said)
    if value_key(said) in UNKNOWN:
        return [Meaning("systolic_bp", text="unknown"), Meaning("diastolic_bp", text="unknown")]
    if said.lower() in NOT_TOLD:
        return NotTold(said)
    if not found:
        return Problem(f"a blood pressure is written 120/80, not {said!r}", "Write it so, or in the columns systolic_bp and diastolic_bp.")
    told = "a blood pressure was read as its systolic and diastolic values"
    return [Meaning("systolic_bp", float(found[1]), unit, told=told), Meaning("diastolic_bp", float(found[2]), unit, told=told)]


def _coded(one: Concept, said: str, beside: str | None, decimal: str) -> Answer:
    signs = {"+": "present", "++": "present", "+++": "present", "-": "absent", "(+)": "present", "(-)": "absent", "1.0": "present",
             "0.0": "absent", "−": "absent"}
    if one.kind is Kind.FINDING and said in signs:
        return [Meaning(one.name, text=signs[said], extra=beside)]
    try:
        return [Meaning(one.name, text=one.coded_value(said), extra=beside)]
    except VocabularyError as error:
        if one.name == "oxygen_device":
            device = _device(one, said, beside)
            if device:
                return device
        return Problem(str(error), "Write one of these values.")


def _device(one: Concept, said: str, beside: str | None) -> list[Meaning]:
    """Device, flow and FiO2 of words such as "HFNC 40 L/min FiO2 0.6"; empty when the device is not understood."""
    fraction = _FIO2.search(said)
    rest = said[:fraction.start()] + " " + said[fraction.end():] if fraction else said
    flow = _FLOW.search(rest)
    rest = rest[:flow.start()] + " " + rest[flow.end():] if flow else rest
    pressure = _MASK_PRESSURE.search(rest)
    rest = rest[:pressure.start()] + " " + rest[pressure.end():] if pressure else rest
    if not (flow or fraction or pressure):
        return []
    name = ""
    for words in (rest, _DEVICE_FILLER.sub(" ", rest)):
        try:
            name = one.coded_value(" ".join(words.split()).strip(" ,;:@/"))
            break
        except VocabularyError:
            continue
    if not name:
        bare = _DEVICE_FILLER.sub(" ", rest).strip()
        if bare or not flow:
            return []
        name = "oxygen_unspecified"
    told = "a device written with its flow, pressure or FiO2 was read as device, flow and FiO2"
    out = [Meaning(one.name, text=name, told=told, extra=said if beside is None else f"{said}; {beside}")]
    if flow:
        out.append(Meaning("oxygen_flow", float(flow["flow"].replace(",", ".")), "L/min", told=told))
    if fraction:
        number = float((fraction["fio2"] or fraction["bare"]).replace(",", "."))
        percent = bool(fraction["percent"] or fraction["bare"] or number > 1)
        out.append(Meaning("fio2", number, "%" if percent else "fraction", told=told))
    return out


def _given(one: Concept, said: str, unit: str | None, beside: str | None) -> Meaning:
    """A drug without an amount that counts: given, not given, or in its own words."""
    word = value_key(said)
    if word in ABSENT or word == "0":
        return Meaning(one.name, text="absent", extra=beside)
    if word in PRESENT or word == "1":
        return Meaning(one.name, text="present" if beside is None else beside)
    words = " ".join(part for part in (said, unit, beside) if part)
    return Meaning(one.name, text=words)


def _numeric(one: Concept, said: str, unit: str | None, beside: str | None, decimal: str, from_text: bool) -> Answer:
    drug = one.kind in (Kind.DOSE, Kind.INFUSION)
    word = value_key(said)
    if drug:
        if one.kind is Kind.INFUSION and word in STOPPED:
            return [Meaning(one.name, 0.0, one.unit, beside)]
        if word in ABSENT:
            return [Meaning(one.name, text="absent", extra=beside)]
        if word in PRESENT:
            return [Meaning(one.name, text="present" if beside is None else beside)]
    read = written(said, decimal)
    if isinstance(read, str):
        if drug and (from_text or not re.search(r"\d", said)):
            return [Meaning(one.name, text=" ".join(p for p in (said, unit, beside) if p),
                            warned="the amount is not told in a form that could be read: kept as text")]
        fix = "Write 1500 or 1.5, or say the decimal sign: --decimal ," if "thousand" in read else "Write a number."
        return Problem(f"{one.name}: {read}", fix)
    if len(read.values) == 2 and drug:
        return [Meaning(one.name, text=" ".join(p for p in (said, unit, beside) if p), warned="a dose given as a range: kept as text")]
    return _with_unit(one, said, read, unit, beside, drug)


def _with_unit(one: Concept, said: str, read: Written, unit: str | None, beside: str | None, drug: bool) -> Answer:
    """The number with the unit behind it or in its own column; for a drug, what follows the unit is kept as text."""
    if one.unit == "points" and one.possible and read.rest.replace(" ", "") == f"/{one.possible[1]:g}":
        read = replace(read, rest="")  # 8/10
    written_unit, after = _leading_unit(one, read.rest) if drug else (read.rest or None, "")
    words = " ".join(p for p in (said, unit, beside) if p)
    if written_unit is None and read.rest and drug:
        if _RATE_OF_DOSE.search(read.rest) or _is_amount(read.rest):
            return [Meaning(one.name, text=words, warned=f"{said!r} cannot be converted to {one.unit}: kept as text")]
        after = read.rest
    if written_unit is not None and unit is not None and not _same_step(one, written_unit, unit):
        return Problem(f"{one.name} is written {said!r} and its unit is {unit!r}", "Keep one unit.")
    if written_unit is not None and not _accepts(one, written_unit):
        return Problem(f"{one.name} is not measured in {written_unit!r}; accepted: {', '.join(u for u in one.units if u)}",
                       "Write one of these units.")
    text = " ".join(p for p in (after, beside) if p) or None
    out = [Meaning(one.name, value, written_unit or unit, text, read.censored) for value in read.values]
    if len(out) == 2:
        told = "a range was read as its two ends"
        return [replace(m, told=told, extra=said) for m in out]
    return out


_FORMS = frozenset({
    "dose", "doses", "tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "vial", "vials", "ampoule", "ampoules", "amp", "amps",
    "bag", "bags", "puff", "puffs", "patch", "patches", "drop", "drops", "syringe", "syringes", "bottle", "bottles", "application", "applications",
    "spray", "sprays", "suppository",
})


@cache
def _units_of_any() -> frozenset[str]:
    return frozenset(unit_key(unit) for one in CONCEPTS.values() for unit in one.units if unit and not unit.isdecimal())


def _is_amount(rest: str) -> bool:
    """Whether words behind a number begin with a unit or a form ("mcg", "tablets"): the number is then not in the drug's own unit."""
    first = rest.split()[0].strip(",;.()").lower()
    return first in _FORMS or unit_key(first) in _units_of_any()


def _leading_unit(one: Concept, rest: str) -> tuple[str | None, str]:
    """The longest beginning of ``rest`` that is a unit of the concept, and what follows it."""
    parts = rest.split()
    for many in range(len(parts), 0, -1):
        unit = " ".join(parts[:many])
        if _accepts(one, unit.rstrip(",;")):
            return unit.rstrip(",;"), " ".join(parts[many:])
    return None, rest


def _accepts(one: Concept, unit: str) -> bool:
    try:
        one.conversion(unit)
    except VocabularyError:
        return False
    return True


def _same_step(one: Concept, first: str, second: str) -> bool:
    return _accepts(one, first) and _accepts(one, second) and one.conversion(first) == one.conversion(second)


def not_convertible(unit: str) -> bool:
    """Whether a drug's unit is one that is kept as words: per square metre, or a dose per time."""
    return bool(_RATE_OF_DOSE.search(unit))
