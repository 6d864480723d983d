"""The vocabulary: all that a record can say, under one name, with its unit, limits, carry-forward time and codes.

``concept("temperature")`` gives one by its name; ``find("Temp")`` also knows titles, abbreviations and other spellings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from tocsin.errors import UnknownIdError, VocabularyError
from tocsin.vocabulary import (
    changes,
    chemistry,
    cytokines,
    disorders,
    doses,
    drugs,
    findings,
    groups,
    history,
    hyperinflammation,
    labs,
    local,
    metabolism,
    neurology,
    reported,
    respiratory,
    toxicity,
    vitals,
)
from tocsin.vocabulary.concept import Concept, Conversion, Domain, Kind
from tocsin.vocabulary.doses import CAR_T_PRODUCTS
from tocsin.vocabulary.groups import (
    ANTI_IL6,
    ANTICYTOKINE,
    ANTIPYRETICS,
    CORTICOSTEROIDS,
    GROUPS,
    INOTROPES,
    LYMPHODEPLETION,
    SEDATIVES,
    VASOPRESSIN_LIKE,
    VASOPRESSORS,
)
from tocsin.vocabulary.respiratory import DEVICE_CODES
from tocsin.vocabulary.spelling import name_key, unit_key, value_key

__all__ = [
    "ANTICYTOKINE",
    "ANTIPYRETICS",
    "ANTI_IL6",
    "CAR_T_PRODUCTS",
    "CONCEPTS",
    "CORTICOSTEROIDS",
    "DEVICE_CODES",
    "GROUPS",
    "INOTROPES",
    "LYMPHODEPLETION",
    "SEDATIVES",
    "VASOPRESSIN_LIKE",
    "VASOPRESSORS",
    "Concept",
    "Conversion",
    "Domain",
    "Kind",
    "concept",
    "find",
    "unit_key",
    "value_key",
]


def _by_name(all_concepts: Iterable[Concept]) -> dict[str, Concept]:
    table: dict[str, Concept] = {}
    for one in all_concepts:
        if one.name in table:
            raise VocabularyError(f"two concepts are called {one.name!r}")
        table[one.name] = one
    return table


def _by_spelling(table: Mapping[str, Concept]) -> dict[str, Concept]:
    """Every name, title and alias to its concept; VocabularyError when two concepts claim the same one."""
    spellings: dict[str, Concept] = {}
    for one in table.values():
        for text in (one.name, one.title, *one.aliases):
            owner = spellings.setdefault(name_key(text), one)
            if owner is not one:
                raise VocabularyError(f"{text!r} is claimed by both {owner.name} and {one.name}")
    return spellings


CONCEPTS: Final[Mapping[str, Concept]] = MappingProxyType(
    _by_name(
        one
        for room in (
            vitals, respiratory, labs, chemistry, metabolism, cytokines, neurology, drugs, doses,
            findings, disorders, hyperinflammation, changes, toxicity, local, history, reported,
        )
        for one in room.CONCEPTS
    )
)
_SPELLINGS: Final = _by_spelling(CONCEPTS)

for _group, _members in groups.GROUPS.items():
    for _member in _members:
        if _member not in CONCEPTS:
            raise VocabularyError(f"the group {_group} names {_member!r}, which is no concept")


def concept(name: str) -> Concept:
    """The concept with exactly this name; UnknownIdError, with the nearest names, when there is none."""
    try:
        return CONCEPTS[name]
    except KeyError:
        raise UnknownIdError("concept", name, CONCEPTS) from None


def find(name: str) -> Concept | None:
    """The concept that ``name`` means by name, title or alias; case, blanks, underscores, hyphens, slashes ignored."""
    return _SPELLINGS.get(name_key(name))
