"""The sentences that every screen, figure and report shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.show.numbers import number
from tocsin.show.times import course
from tocsin.show.values import Units, value_words
from tocsin.vocabulary import CONCEPTS, Kind

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


def concept_words(name: str) -> str:
    """The title of a concept for the middle of a sentence: "vasopressor", "ICE score"."""
    title = CONCEPTS[name].title if name in CONCEPTS else name.replace("_", " ")
    first = title.split(" ", 1)[0].strip(",")
    return title if len(first) > 1 and any(c.isupper() or c.isdigit() for c in first[1:]) else title[:1].lower() + title[1:]


def grade_range(at_least: int, at_most: int) -> str:
    """The bare grade: "2", or "1 to 4"."""
    return str(at_least) if at_least == at_most else f"{at_least} to {at_most}"


def not_told(undecided: Sequence[str]) -> str:
    """What would settle a range: "not told: vasopressor, oxygen delivery device"; empty for nothing."""
    return f"not told: {', '.join(concept_words(n) for n in undecided)}" if undecided else ""


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
    title = concept.title.removesuffix(", as reported") if said else concept.title
    if concept.kind is Kind.MEASUREMENT or concept.kind is Kind.STATEMENT:
        title = title.removesuffix(", as told").removesuffix(" grade") if said.startswith("grade") else title.removesuffix(", as told")
    separator = ": " if concept.kind is Kind.STATE or (concept.kind is Kind.STATEMENT and concept.unit is None) else " "
    return f"{title}{separator if said else ''}{said}"


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
    return next((c for c in (*scale.criteria, *scale.flags) if c.code == bare), None)


def because_words(scale: Scale, codes: Iterable[str]) -> list[str]:
    """Each reason in words, with its code: "hypotension, as asserted (HYPO2)"."""
    out = []
    for code in codes:
        found = criterion_by_code(scale, code)
        out.append(f"{found.english()} ({found.code})" if found else code)
    return out


def flag_words(scale: Scale, codes: Iterable[str]) -> list[str]:
    """What each flag says."""
    found = {f.code: f.says for f in scale.flags}
    return [found.get(code.rsplit("/", 1)[-1], code) for code in codes]


def advice_dose(dose: float | None, unit: str | None, formula: str) -> str:
    """The dose of a recommendation: its number where one follows, else the formula."""
    return f"{number(dose)} {unit or ''}".strip() if dose is not None else formula


def status_words(status: str, blocked_by: Sequence[str] = (), depends_on: Sequence[str] = ()) -> str:
    """A status with its cause: "blocked by the 8 h interval", "depends on body weight"."""
    if status == "blocked" and blocked_by:
        return f"blocked: {joined(blocked_by)}"
    if status == "depends" and depends_on:
        return f"depends on {joined(concept_words(n) for n in depends_on)}"
    return STATUS_WORDS.get(status, status)


def scale_label(scale_id: str, syndrome: str) -> str:
    """The short name of a scale: "CRS (ASTCT 2019)"."""
    source, *rest = scale_id.split("-")
    year = rest[-1] if rest and rest[-1].isdigit() else ""
    return f"{syndrome} ({f'{source.upper()} {year}'.strip()})"
