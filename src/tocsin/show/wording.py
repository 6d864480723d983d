"""The sentences that every screen, figure and report shares."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.show.numbers import number
from tocsin.show.times import course
from tocsin.show.values import Units, unit_words, value_words
from tocsin.vocabulary import CONCEPTS, SEDATIVES, VASOPRESSIN_LIKE, VASOPRESSORS, Kind
from tocsin.vocabulary.concept import Domain

if TYPE_CHECKING:
    from tocsin.scales.scale import Criterion, Flag, Scale

STANDING = "Research software, not a medical device."
"""Stands on every screen and every report."""

STATUS_WORDS: Mapping[str, str] = {
    "due": "due", "not_due": "not due", "blocked": "blocked", "depends": "depends on what is not told",
}
"""The status of a recommendation, in words."""

ATTRIBUTION_WORDS: Mapping[str, str] = {
    "crs": "CRS", "local_crs": "local CRS", "icans": "ICANS", "hlh": "HLH", "infection": "infection", "drug": "a drug",
    "procedure": "a procedure", "baseline": "the state before treatment", "other": "another cause",
}
"""To what a finding is put down, in words; "unknown" has none."""


def joined(items: Iterable[str], last: str = "and") -> str:
    """A list as a clause: "a, b and c"."""
    words = [i for i in items if i]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def capital(text: str) -> str:
    """The text with a capital first letter; the rest is left as it is."""
    return text[:1].upper() + text[1:]


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 row", "3 rows"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


FACT_WORDS: Mapping[str, str] = {
    "age_years": "age", "weight_kg": "body weight", "height_cm": "height", "baseline": "baseline of", "uln": "upper limit of normal of",
    "lln": "lower limit of normal of", "earlier_course": "the course until now (the hour of a dose or a value since then)",
}
"""Facts about the patient in words, what stands before a measurement whose limit or baseline is such a fact, and the course so far."""
_NAMES = frozenset({"Cornell", "Cushing", "Glasgow", "Richmond"})
"""First words of titles that are names, and keep their capital."""


def concept_words(name: str) -> str:
    """The title of a concept, or a fact about the patient, for the middle of a sentence: "vasopressor", "ICE score", "age"."""
    prefix, _, measured = name.partition("_")
    if name not in CONCEPTS and (name in FACT_WORDS or (prefix in FACT_WORDS and measured in CONCEPTS)):
        return FACT_WORDS.get(name) or f"{FACT_WORDS[prefix]} {concept_words(measured)}"
    title = CONCEPTS[name].title if name in CONCEPTS else name.replace("_", " ")
    for suffix in _SUFFIXES:
        title = title.removesuffix(suffix)
    first = title.split(" ", 1)[0].strip(",")
    kept = first in _NAMES or first[1:2] == "-" or any(c.isupper() or c.isdigit() for c in first[1:])
    return title if kept and len(first) > 1 else title[:1].lower() + title[1:]


def grade_range(at_least: int, at_most: int) -> str:
    """The bare grade: "2", or "1 to 4"."""
    return str(at_least) if at_least == at_most else f"{at_least} to {at_most}"


_TOGETHER: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("blood pressure", ("systolic_bp", "mean_arterial_pressure", "pressure_fall")),
    ("vasopressors", (*VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor", "vasopressor_count")),
    ("oxygen device and flow", ("oxygen_device", "oxygen_flow", "fio2")),
    ("liver and kidney tests", ("ast", "alt", "bilirubin_total", "creatinine")),
    ("sedation", ("sedation", *SEDATIVES)),
    ("signs of raised intracranial pressure", (
        "cerebral_oedema", "posturing", "sixth_nerve_palsy", "papilloedema", "papilloedema_stage", "cushing_triad",
    )),
)


def missing_words(undecided: Sequence[str]) -> list[str]:
    """The missing inputs in words, those that belong together under one name."""
    out: dict[str, None] = {}
    for name in undecided:
        shared = next(
            (t for t, members in _TOGETHER if name in members and sum(n in members for n in undecided) > 1), None
        )
        out[shared or concept_words(name)] = None
    return list(out)


EXAMINATION = "a neurological examination with its score"
_PARTS_OF_IT = 4


def briefly(undecided: Sequence[str]) -> list[str]:
    """The missing inputs in words, for a sentence; four or more of neurology are one examination."""
    neurology = [n for n in undecided if n in CONCEPTS and CONCEPTS[n].domain is Domain.NEUROLOGY]
    if len(neurology) < _PARTS_OF_IT:
        return missing_words(undecided)
    return [*missing_words([n for n in undecided if n not in neurology]), EXAMINATION]


def listed(items: Iterable[str]) -> str:
    """A list in a sentence, with commas, or with semicolons where an item has a comma itself: "calcium, ionised; sodium"."""
    words = list(items)
    return ("; " if any("," in w for w in words) else ", ").join(words)


def not_told(undecided: Sequence[str]) -> str:
    """What would settle a range: "not told: hypotension, vasopressors, oxygen device and flow"; empty for nothing."""
    return f"not told: {listed(missing_words(undecided))}" if undecided else ""


def grade_words(at_least: int, at_most: int, undecided: Sequence[str] = ()) -> str:
    """A grade in words: "grade 2", "grade 1 to 4; not told: vasopressor, oxygen delivery device"."""
    words = f"grade {grade_range(at_least, at_most)}"
    missing = not_told(undecided) if at_least != at_most else ""
    return f"{words}; {missing}" if missing else words


def attribution_words(attribution: str | None) -> str:
    """"put down to infection"; empty when the record does not say."""
    known = ATTRIBUTION_WORDS.get(attribution or "")
    return f"put down to {known}" if known else ""


def observation(event: Mapping[str, Any], units: Units = Units.SI, weight_kg: float | None = None) -> str:
    """An event without its time and origin: "Body temperature 39.0 °C", "Hypotension present", "Tocilizumab 4 mg/kg"."""
    concept = CONCEPTS[event["concept"]]
    said = value_words(event, units, weight_kg)
    title = concept.title
    for suffix in _SUFFIXES:
        title = title.removesuffix(suffix)
    if concept.kind is Kind.STATEMENT and said == "present":
        return title
    if concept.unit == "grade":
        reported = f"{title.removesuffix(' grade')} {said}, as reported"
        return f"{reported} ({event['text']})" if event.get("text") else reported
    free = concept.kind is Kind.STATE or (concept.kind in (Kind.STATEMENT, Kind.DOSE) and not any(c.isdigit() for c in said))
    if said.startswith("given"):
        return f"{title} {said},"
    return f"{title}{(': ' if free else ' ') if said else ''}{said}"


_SUFFIXES = (", as reported", ", as asserted", ", as told", ", as text", ", agent as text", ", agent not told")


def evidence(event: Mapping[str, Any], units: Units = Units.SI, weight_kg: float | None = None) -> str:
    """An observation as evidence: "Body temperature 39.0 °C on day 6 [paper001.csv:12]"."""
    cause = attribution_words(event.get("attribution"))
    origin = event.get("origin")
    return (
        f"{observation(event, units, weight_kg)} {course(event)}{f', {cause}' if cause else ''}{f' [{origin}]' if origin else ''}"
    )


def criterion_by_code(scale: Scale, code: str) -> Criterion | Flag | None:
    """The criterion or flag behind a qualified code (``scale/CODE``) or a bare one."""
    bare = code.rsplit("/", 1)[-1]
    known: list[Criterion | Flag] = [*scale.criteria, *scale.flags]
    return next((c for c in known if c.code == bare), None)


def because_words(scale: Scale, codes: Iterable[str]) -> list[str]:
    """Each reason in words, with its code: "hypotension, as asserted (HYPO2)"."""
    out = []
    for code in codes:
        found = criterion_by_code(scale, code)
        out.append(f"{printed(found.summary())} ({found.code})" if found else code)
    return out


_PRINTED = (
    (">=", "≥"), ("<=", "≤"), ("degC", "°C"), ("degF", "°F"), ("x 10^9/L", "× 10⁹/L"), ("10^9/L", "× 10⁹/L"),
    ("× × ", "× "), ("ug/", "µg/"), ("mg/m2", "mg/m²"),
)
_NAME = re.compile(r"\b[a-z]+[a-z0-9]*(?:_[a-z0-9]+)+\b|\b(?:spo2|fio2|il6|ast|alt)\b")


def named(text: str) -> str:
    """A sentence with names of concepts and attributions turned into words: "systolic_bp" into "systolic blood pressure"."""

    def words(found: re.Match[str]) -> str:
        name = found.group(0)
        if name in ATTRIBUTION_WORDS:
            return ATTRIBUTION_WORDS[name]
        return concept_words(name) if name in CONCEPTS else name

    return _NAME.sub(words, text)


def printed(text: str) -> str:
    """A sentence of a rule with the signs of print: "≥ 38.0 °C" for ">= 38.0 degC"."""
    for plain, sign in _PRINTED:
        text = text.replace(plain, sign)
    return text


def setting_words(value: object, unit: str) -> str:
    """The value of a setting: "168 h", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g} {printed(unit)}".rstrip() if isinstance(value, int | float) else str(value)


def flag_words(scale: Scale, codes: Iterable[str]) -> list[str]:
    """What each flag says."""
    found = {f.code: f.says for f in scale.flags}
    return [printed(found.get(code.rsplit("/", 1)[-1], code)) for code in codes]


def advice_dose(dose: float | None, unit: str | None, formula: str, route: str | None = None) -> str:
    """The dose of a recommendation with its arithmetic: "400 mg IV (8 mg/kg x 50 kg = 400 mg)"; the formula alone without a number."""
    if dose is None:
        return formula
    bare = " ".join(p for p in (number(dose), unit_words(unit)) if p)
    amount = f"{bare} {route}" if route else bare
    return f"{amount} ({formula})" if formula and formula != bare else amount


def status_words(status: str, blocked_by: Sequence[str] = (), depends_on: Sequence[str] = ()) -> str:
    """A status with its cause: "blocked by the 8 h interval", "depends on body weight"."""
    if status == "blocked" and blocked_by:
        return f"blocked: {joined(blocked_by)}"
    if status == "depends" and depends_on:
        return f"depends on {joined(concept_words(n) for n in depends_on)}"
    return STATUS_WORDS.get(status, status)


def scale_label(scale: Scale) -> str:
    """The short name of a scale: "CRS (ASTCT 2019)"; its title where that does not begin with the syndrome."""
    syndrome, _, source = scale.title.replace(" consensus ", " ").partition(", ")
    return f"{syndrome} ({source})" if syndrome == scale.syndrome and source and "(" not in source else printed(scale.title)
