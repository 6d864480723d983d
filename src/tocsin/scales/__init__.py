"""Scales as data: each criterion with its grade or points, its predicate, its citation and what we chose.

A scale is one file in this folder.  A file that names ``BUILDERS`` (scale id -> function of its settings) is found by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tocsin.errors import UnknownIdError
from tocsin.rules.registry import Built, found
from tocsin.scales.days import Days, DaysLow, EndedBefore, StillLow, ValuesLow
from tocsin.scales.formula import Formula, How, Term
from tocsin.scales.items import Points, inputs, item
from tocsin.scales.scale import Band, Criterion, EpisodeRule, Flag, Kind, Logistic, Scale, ScaleBuilder

BUILDERS: Mapping[str, ScaleBuilder] = found(__name__, __path__, "scale")
"""How each scale is built from its settings."""

SCALES: Mapping[str, Scale] = Built(BUILDERS)
"""Every scale with its default settings."""


def scale(name: str, **settings: object) -> Scale:
    """The scale of that id, with settings changed where given; UnknownIdError or SettingError otherwise."""
    if name not in BUILDERS:
        raise UnknownIdError("scale", name, BUILDERS)
    return BUILDERS[name](**settings) if settings else SCALES[name]


@cache
def _by_code() -> Mapping[str, tuple[Scale, Criterion | Flag]]:
    return {one.code(c).lower(): (one, c) for one in SCALES.values() for c in one.parts}


def criterion(code: str) -> tuple[Scale, Criterion | Flag]:
    """The criterion or flag of a qualified code such as ``astct-crs-2019/HYPO3``; UnknownIdError otherwise."""
    known = _by_code()
    if code.lower() not in known:
        raise UnknownIdError("criterion", code, [one.code(c) for one, c in known.values()])
    return known[code.lower()]


__all__ = [
    "BUILDERS", "SCALES", "Band", "Criterion", "Days", "DaysLow", "EndedBefore", "EpisodeRule", "Flag", "Formula", "How", "Kind", "Logistic",
    "Points", "Scale", "ScaleBuilder", "StillLow", "Term", "ValuesLow", "criterion", "inputs", "item", "scale",
]
