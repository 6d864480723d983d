"""What an unknown item may mean: a concept with a confidence, from its name, its standard codes, its units, values and words.

A proposal is never used by itself: a person reads it, and gives the file to a command.  How the confidence is made:

1. the name: words shared with a concept's name, title or aliases (``name_match``); or a standard code that the export itself gives;
2. the unit: accepted by the concept, or none of its units;
3. the values: within the concept's plausible limits, in the unit told or in the one that fits (98.4 is Fahrenheit, not Celsius);
4. the words: coded values of the concept, such as the names of oxygen devices.

The numbers are chosen (D) on the demonstration of MIMIC-IV, where seven proposals in eight at THRESHOLD or above mean what the
mapping of MIMIC-IV that comes with Tocsin says; docs/mapping-files.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tocsin.errors import VocabularyError
from tocsin.sources.codes import Codes, known_codes
from tocsin.sources.name_match import Likeness, likely, words
from tocsin.sources.seen import Numbers, Seen
from tocsin.sources.values import Problem, interpret
from tocsin.vocabulary import CONCEPTS, Concept, Conversion, Kind, unit_key, value_key

THRESHOLD = 0.7
"""Below this a proposal is only a hint."""
LEAST = 0.3
"""Below this nothing is proposed."""
_BY_CODE = 0.9
_SOME_WEIGHT = 70.0  # kg, for the limits of rates that are per kilogram in one unit and not in the other
_GENERAL_WORDS = frozenset({"yes", "no", "other", "none", "unknown", "y", "n", "0", "1", "true", "false", "absent", "present", "normal", "t", "f", "a"})
_AS_A_DRUG = frozenset({"infusion", "medication", "med", "drug", "inputevents", "emar"})
_CONCENTRATION = re.compile(r"%|/[du\d.]?m?l\b|/ml|/ul")
_ENDS = frozenset({"stop", "stopped", "end", "ended", "discontinued", "held", "refused"})
_SILENT = "but no value is told"
_NO_VALUE = 0.6  # an item of which no number and no word is told may be anything with such a name
_DRUGS = (Kind.DOSE, Kind.INFUSION)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A concept for an item: with what confidence (0 to 1), in which unit where its rows tell none, why; ``instead``: the next likely concept."""

    seen: Seen
    concept: str
    confidence: float
    unit: str | None
    why: tuple[str, ...]
    instead: str | None = None
    lost: tuple[str, ...] = ()  # words of the item that are no coded value of the concept


def known(seen: Sequence[Seen], codes: Codes, by_name: bool = False) -> list[Seen]:
    """The items with what is known of them already: by the mapping, by the vocabulary's codes, or (``by_name``) by its names."""
    from tocsin.sources.headers import concept_named

    out = []
    for one in seen:
        item, how = codes.mapped(one.item, one.name), f"the mapping {codes.origin}"
        if one.known:
            out.append(one)
        elif codes.left_out(one.item, one.name):
            out.append(one.understood("", f"left out by {codes.origin}"))
        elif item is not None:
            out.append(one.understood(item.concept, how))
        elif (coded := known_codes().get(one.item)) is not None:
            said = one if coded.text is None else replace(one, words=())  # the code is the value, whatever words stand beside it
            out.append(said.understood(coded.concept, "its code"))
        elif by_name and (named := concept_named(one.item)) is not None:
            out.append(one.understood(named, "its name"))
        else:
            out.append(one)
    return out


def doubts(seen: Sequence[Seen]) -> list[tuple[Seen, str]]:
    """Known items that are charted as what they are said to be is not: in none of its units, or beyond its plausible limits."""
    out = []
    for one in seen:
        concept = CONCEPTS.get(one.concept or "")
        if concept is not None:
            confidence, _, why, _ = _judged(one, concept, 1.0)
            against = [reason.removeprefix("but ") for reason in why if reason.startswith("but ") and reason != _SILENT]
            if confidence < 0.5 and against:
                out.append((one, "; ".join(against)))
    return out


def propose(seen: Sequence[Seen]) -> list[Proposal]:
    """A proposal for each item that is not known and looks like a concept; the most frequent item first."""
    return [best for one in seen if not one.known and (best := _best(one)) is not None]


def _best(one: Seen) -> Proposal | None:
    candidates = {found.concept.name: found for found in likely((_bare(one.item), one.name))}
    coded = [(code, item.concept) for code in one.standard if (item := known_codes().get(code)) is not None]
    for _, name in coded:
        candidates.setdefault(name, Likeness(CONCEPTS[name], 0.0, ""))
    for concept in _by_words(one):
        candidates.setdefault(concept.name, Likeness(concept, 0.55, ""))
    made = sorted((_weighed(one, found, next((code for code, name in coded if name == found.concept.name), None)) for found in candidates.values()),
                  key=lambda p: (-p.confidence, p.concept))
    if not made or made[0].confidence < LEAST:
        return None
    best, *rest = made
    if rest and rest[0].confidence > best.confidence - 0.08:
        why = (*best.why, f"but {rest[0].concept} is as likely")
        best = replace(best, confidence=round(best.confidence * 0.75, 2), why=why, instead=rest[0].concept)
    elif rest and rest[0].confidence >= LEAST:
        best = replace(best, why=(*best.why, f"less likely {rest[0].concept}"), instead=rest[0].concept)
    return best if best.confidence >= LEAST else None


def _bare(item: str) -> str:
    """A code without its system and the field that it stands in: "clif:med_category=insulin" is insulin."""
    return re.sub(r"^[a-z][\w-]*:(?=\S)", "", item).rpartition("=")[2]


def _weighed(one: Seen, found: Likeness, code: str | None) -> Proposal:
    concept, confidence, why = found.concept, found.score, list[str]()
    if found.spelling:
        why.append(f'name like "{found.spelling}"' if found.score < 1 else "name")
    if found.turned:
        why.append(f'but "{found.turned}" makes it something else')
    if code is not None:
        confidence, why = max(confidence, _BY_CODE), [*why, f"its export says {code}"]
    confidence, unit, more, lost = _judged(one, concept, confidence)
    if _AS_A_DRUG & set(words(one.item)) and concept.kind not in _DRUGS:
        confidence, more = confidence * 0.3, [*more, "but it is charted as a drug"]
    if _ENDS & set(words(one.item)):
        confidence, more = confidence * 0.3, [*more, "but it tells an end"]
    return Proposal(one, concept.name, round(min(confidence, 0.99), 2), unit, tuple(why + more), None, lost)


def _judged(one: Seen, concept: Concept, confidence: float) -> tuple[float, str | None, list[str], tuple[str, ...]]:
    """The confidence after units, values and words; the unit to write; why; and the words not understood."""
    if concept.values:
        return _judged_by_words(one, concept, confidence)
    if concept.unit is None:
        return confidence, None, [], ()
    told = {unit: rows for unit, rows in one.units.items() if unit is not None}
    good = sum(rows for unit, rows in told.items() if _step(concept, unit) is not None)
    drug = concept.kind in _DRUGS
    if told and good < sum(told.values()) / 2:
        shown = ", ".join(list(told)[:3])
        if not drug or any(_CONCENTRATION.search(unit_key(unit)) for unit in told):
            return confidence * 0.25, None, [f"but {shown} is none of its units"], ()
        return confidence * 0.9, None, [f"its amount in {shown} cannot be converted"], ()
    why = []
    if told:
        confidence, why = 1 - (1 - confidence) * 0.7, [f"unit {next(iter(told))}"]
    unit, factor, said = _fitting(one, concept)
    if said:
        why.append(said)
    if not one.numbers and not drug:
        factor *= 0.5 if one.words else _NO_VALUE
        why.append("but it is charted in words" if one.words else _SILENT)
    return confidence * factor, unit, why, ()


def _step(concept: Concept, unit: str | None) -> Conversion | None:
    try:
        return concept.conversion(unit) if unit is not None else None
    except VocabularyError:
        return None


def _fitting(one: Seen, concept: Concept) -> tuple[str | None, float, str]:
    """The unit of rows that tell none, the weight of the values as evidence, and what to say about them."""
    if not one.numbers:
        return None, 1.0, ""
    ticks = _only_ticks(one)
    if concept.plausible is None:
        return None, *((0.3, "but only 0 and 1 are charted") if ticks and None in one.units else (1.0, ""))
    low, high = concept.plausible
    total = sum(numbers.rows for numbers in one.numbers.values())
    fits, unit, said = 0.0, None, ""
    named = _unit_in_name(one, concept)
    for written, numbers in one.numbers.items():
        if written is None and named is not None:
            written, unit = named, next(u for u in concept.units if unit_key(u) == unit_key(named))
        steps = [(written, step)] if (step := _step(concept, written)) is not None else [] if written is not None else list(concept.units.items())
        shares = [(_share(numbers, step, low, high), name) for name, step in steps]
        if not shares:
            continue
        share, name = max(shares, key=lambda pair: pair[0])
        if written is None and concept.unit is not None:
            usual = next(s for s, n in shares if n == concept.unit)
            unit = concept.unit if usual >= share - 0.1 else name
            share = max(share, usual)
            if unit != concept.unit:
                said = f"{numbers.usual[0]:.6g} to {numbers.usual[1]:.6g} fits {unit}, not {concept.unit}"
        fits += share * numbers.rows / total
    if ticks and high - low > 5:
        return unit, 0.3, "but only 0 and 1 are charted"
    if fits < 0.75:
        return unit, 0.3, f"but only {fits:.0%} of the values are plausible"
    return unit, 1.0 if fits >= 0.9 else 0.8, said or (f"values are plausible ({concept.plausible[0]:g} to {high:g} {concept.unit})" if fits >= 0.9 else "")


def _unit_in_name(one: Seen, concept: Concept) -> str | None:
    """The unit in brackets behind a name, "Weight (lbs.)", when it is one of the concept."""
    written = (unit for name in (one.item, one.name or "") for unit in re.findall(r"[(\[]([^()\[\]]+)[)\]]", name))
    return next((unit for unit in written if unit.strip() and _step(concept, unit) is not None), None)


def _share(numbers: Numbers, step: Conversion, low: float, high: float) -> float:
    """Which part of the values lies within the limits."""
    inside = sum(low <= step.to_canonical(value, _SOME_WEIGHT) <= high for value in numbers.quantiles)
    return inside / len(numbers.quantiles)


def _only_ticks(one: Seen) -> bool:
    return all(set(numbers.quantiles) <= {0.0, 1.0} for numbers in one.numbers.values())


def _judged_by_words(one: Seen, concept: Concept, confidence: float) -> tuple[float, str | None, list[str], tuple[str, ...]]:
    read = [(word, _means(concept, word.text)) for word in one.words]
    rows = sum(word.rows for word, _ in read)
    lost = tuple(word.text for word, good in read if not good and word.patients > 1)
    if not rows:
        if one.numbers:
            ticks = concept.kind is Kind.FINDING and _only_ticks(one)
            return (confidence * 0.85, None, ["0 and 1"], ()) if ticks else (confidence * 0.25, None, ["but it is charted in numbers"], ())
        return confidence * _NO_VALUE, None, [_SILENT], ()
    share = sum(word.rows for word, good in read if good) / rows
    if share < 0.5:
        return confidence * 0.35, None, [f"but only {share:.0%} of its words are values of it"], lost
    telling = {value_key(word.text) for word, good in read if good} - _GENERAL_WORDS
    if telling:
        confidence = 1 - (1 - confidence) * 0.5
    return confidence, None, [f"{share:.0%} of its words are values of it"], lost


def _means(concept: Concept, text: str) -> bool:
    return not isinstance(interpret(concept.name, None, None, text, "."), Problem)


def _by_words(one: Seen) -> list[Concept]:
    """States of which most words of the item are values, whatever its name."""
    telling = [word for word in one.words if value_key(word.text) not in _GENERAL_WORDS]
    rows = sum(word.rows for word in one.words)
    if len(telling) < 3:
        return []
    return [
        concept for concept in CONCEPTS.values()
        if concept.kind is Kind.STATE and sum(word.rows for word in telling if _means(concept, word.text)) >= 0.6 * rows
    ]
