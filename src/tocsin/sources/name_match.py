"""How much the name of an item looks like the name of a concept: words, their order and common abbreviations aside."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from tocsin.vocabulary import CONCEPTS, Concept
from tocsin.vocabulary.spelling import name_key

# Words that stand for others in the names of items.
_WRITTEN_OUT = {
    "sys": "systolic", "syst": "systolic", "dia": "diastolic", "diast": "diastolic", "sbp": "systolic blood pressure",
    "dbp": "diastolic blood pressure", "bp": "blood pressure", "nbp": "blood pressure", "nibp": "blood pressure", "abp": "arterial blood pressure",
    "temp": "temperature", "resp": "respiratory", "hr": "heart rate", "rr": "respiratory rate", "sat": "saturation", "o2": "oxygen", "co2": "carbon dioxide",
    "art": "arterial", "hemoglobin": "haemoglobin", "platelet": "platelets", "plt": "platelets", "wbc": "leukocytes", "neuts": "neutrophils",
    "neut": "neutrophils", "lymphs": "lymphocytes", "lymphocyte": "lymphocytes", "monos": "monocytes", "monocyte": "monocytes", "eos": "eosinophils",
    "eosinophil": "eosinophils", "neutrophil": "neutrophils", "basos": "basophils", "basophil": "basophils", "phosphorous": "phosphorus",
    "ionized": "ionised", "ionised": "ionised", "admission": "", "lactic": "lactate", "wt": "weight", "ht": "height", "spo2": "spo2", "conc": "concentration",
    "aminotransferase": "transaminase", "pulseoxymetry": "pulse oximetry", "ras": "agitation sedation", "pct": "procalcitonin",
}
# Words that do not change what is measured.
_EMPTY = frozenset({
    "serum", "plasma", "blood", "whole", "level", "measured", "value", "result", "test", "non", "noninvasive", "invasive", "absolute", "count", "abs", "lab",
    "of", "the", "in", "by", "and", "to", "on", "percent", "daily", "current", "manual", "left", "right", "functional", "total", "rate", "scale", "score",
    "poc", "mode", "calc", "body", "kg", "cm", "mg", "dl", "units", "unit", "first",
    "iv", "po", "dose", "given", "administered", "start", "started", "infusion",
})
# Words that make something else of a name that they stand in, unless the concept's own name has them.
_TURNING = frozenset({
    "alarm", "limit", "goal", "target", "desat", "urine", "urinary", "ascites", "pleural", "csf", "spinal", "joint", "fluid", "stool", "fecal", "pericardial",
    "apache", "venous", "mixed", "central", "pulmonary", "pa", "orthostatic", "assisted", "unassisted", "augmented", "iabp", "set", "ratio", "percent",
    "index", "fraction", "differential", "intracranial", "cranial", "cerebral", "perfusion", "bladder", "gas", "water", "threshold", "sens", "stim", "setting",
    "pacemaker", "dressing", "line", "catheter", "tube", "ecmo", "impella", "goals", "history", "site", "source", "location", "skin", "pain", "braden",
    "ciwa", "cam", "aerobic", "activity", "rest", "recovery", "feeding", "ideal", "dry", "dosing", "estimated", "family", "family's", "fetal", "neonatal",
    "maternal", "gradient", "oxygenator", "sweep", "antibody", "antibodies", "ab", "antigen", "stain", "screen", "smear", "clumps", "large", "atypical",
    "a1c", "carboxyhemoglobin", "methemoglobin", "indirect", "hdl", "ldl", "clearance", "excess", "gap", "spontaneous", "additional", "bun/creatinine",
    "free", "fasting", "peak", "trough", "random", "stop", "high", "low", "control", "pads", "precautions", "duration", "status",
    "topical", "cream", "ointment", "ophthalmic", "drops", "otic", "spray", "inhaled", "inhaler", "lotion", "patch", "nasal",
})
# Words of a concept's name without which an item is something else: 0.9 % sodium chloride is not hypertonic.
_TELLING = frozenset({"hypertonic", "csf", "intrathecal"})
_STRANGE, _STRANGE_IN_BRACKETS = 2.5, 1.0  # how much a word of the item counts that the concept does not have (D)
_SPECIMEN = frozenset({"blood", "serum", "plasma"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^\w%]+|_+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a name looks like a concept's (0 to 1), and by which of its spellings; ``turned``: the word, there or missing, that makes it something else."""

    concept: Concept
    score: float
    spelling: str
    turned: str = ""


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case, abbreviations written out."""
    plain = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name)).lower()
    out: list[str] = []
    for word in _SPLIT.split(plain):
        out += _WRITTEN_OUT.get(word, word).split()
    return tuple(dict.fromkeys(out))


@dataclass(frozen=True)
class _Index:
    """All spellings of all concepts, by their words."""

    spellings: tuple[tuple[Concept, str, frozenset[str]], ...]
    by_word: Mapping[str, tuple[int, ...]]
    weight: Mapping[str, float]


@cache
def _index() -> _Index:
    spellings = []
    for one in CONCEPTS.values():
        for text in dict.fromkeys((one.name, one.title, *one.aliases)):
            found = frozenset(words(text)) or frozenset({text.lower()})
            spellings.append((one, text, found))
    by_word: dict[str, list[int]] = {}
    owners: dict[str, set[str]] = {}
    for place, (one, _, found) in enumerate(spellings):
        for word in found:
            by_word.setdefault(word, []).append(place)
            owners.setdefault(word, set()).add(one.name)
    weight = {word: 0.3 if word in _EMPTY else math.log(1 + len(CONCEPTS) / len(names)) for word, names in owners.items()}
    return _Index(tuple(spellings), {word: tuple(places) for word, places in by_word.items()}, weight)


@lru_cache(maxsize=65536)
def _like(word: str) -> tuple[str, ...]:
    """The words of concepts that this word is, with the plural, a longer beginning, or one slip of the pen."""
    known = _index().by_word
    if word in known:
        return (word,)
    if len(word) < 5:
        return ()
    begun = [other for other in known if len(other) >= 5 and (other.startswith(word) or word.startswith(other)) and abs(len(other) - len(word)) <= 4]
    return tuple(begun) or tuple(difflib.get_close_matches(word, known, n=1, cutoff=0.88))


def likely(names: Iterable[str | None], most: int = 4) -> list[Likeness]:
    """The concepts that one of these names of an item looks like, the likest first; none when no word is shared."""
    best: dict[str, Likeness] = {}
    for name in names:
        for found in _likely(name) if name else ():
            if found.score > best.get(found.concept.name, Likeness(found.concept, 0.0, "")).score:
                best[found.concept.name] = found
    return sorted(best.values(), key=lambda one: (-one.score, one.concept.name))[:most]


def _likely(name: str) -> list[Likeness]:
    index = _index()
    mine = {word: _like(word) for word in words(name)}
    places = {place for others in mine.values() for other in others for place in index.by_word[other]}
    out = []
    for place in places:
        concept, spelling, wanted = index.spellings[place]
        out.append(_compared(name, mine, concept, spelling, wanted, index))
    return [one for one in out if one.score > 0.2]


def _denied(name: str, wanted: frozenset[str]) -> str:
    """The word that "non" or "not" before it takes back: "non-ionized" is not ionised."""
    after = re.findall(r"\bno[nt][\s_-]+(\w+)", name.lower())
    return next((f"non-{word}" for word in after if set(words(word)) & wanted - _EMPTY), "")


def _compared(name: str, mine: Mapping[str, tuple[str, ...]], concept: Concept, spelling: str, wanted: frozenset[str], index: _Index) -> Likeness:
    """Shared words against the words of the concept's spelling and those of the item's name, each by how much it tells."""
    own = frozenset(words(concept.title)) | frozenset(words(concept.name)) | wanted
    turned = next((word for word in mine if word in _TURNING and word not in own), "")
    said_first, *specimen = name.split("|")
    if name_key(said_first) == name_key(spelling) and {part.strip().lower() for part in specimen} <= _SPECIMEN:
        return Likeness(concept, 1.0 if not specimen else 0.97, spelling)
    turned = turned or _denied(name, own)
    shared = {other for others in mine.values() for other in others} & wanted
    turned = turned or next((f"not {word}" for word in sorted(wanted & _TELLING) if word not in shared), "")
    exact = sum(index.weight[word] * (1.0 if word in mine else 0.85) for word in shared)
    covered = exact / sum(index.weight[word] for word in wanted)
    bracketed = set(words(" ".join(re.findall(r"\(([^()]*)\)", name))))
    strange = [word for word, others in mine.items() if word not in _EMPTY and not set(others) & own]
    weight = sum(_STRANGE_IN_BRACKETS if word in bracketed or word[0].isdigit() else _STRANGE for word in strange)
    score = covered * (0.45 + 0.55 * (exact / (exact + 0.8 * weight) if exact else 0.0))
    if len(wanted) == 1 and any(word not in bracketed for word in strange):
        score *= 0.85  # one word of a name that has others: "radial pulse", "potassium chloride"
    if shared <= _EMPTY or all(len(word) < 3 for word in shared):
        score *= 0.3  # only a word such as "rate", or a single letter
    if turned:
        score *= 0.3
    return Likeness(concept, min(score, 0.98), spelling, turned)
