"""Scales as data: each criterion with its grade or points, its predicate, its citation and what we chose.

A scale is one file in this folder.  A file that names ``BUILDERS`` (scale id -> function of its settings) is found by itself.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from tocsin.errors import RuleError, UnknownIdError
from tocsin.scales.days import Days, DaysLow, EndedBefore, StillLow, ValuesLow
from tocsin.scales.formula import Formula, How, Term
from tocsin.scales.items import Points, inputs, item
from tocsin.scales.scale import Band, Criterion, EpisodeRule, Flag, Kind, Logistic, Scale, ScaleBuilder


def _found() -> Mapping[str, ScaleBuilder]:
    out: dict[str, ScaleBuilder] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for name, builder in getattr(import_module(f"{__name__}.{module}"), "BUILDERS", {}).items():
            if name in out:
                raise RuleError(f"the scale {name} is defined twice")
            out[name] = builder
    return MappingProxyType(out)


BUILDERS: Mapping[str, ScaleBuilder] = _found()
"""How each scale is built from its settings."""


class _Scales(Mapping[str, Scale]):
    """Every scale with its default settings, built when it is first asked for."""

    def __init__(self) -> None:
        self._built: dict[str, Scale] = {}

    def __getitem__(self, name: str) -> Scale:
        if name not in self._built:
            self._built[name] = BUILDERS[name]()
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(BUILDERS)

    def __len__(self) -> int:
        return len(BUILDERS)

    def __contains__(self, name: object) -> bool:
        return name in BUILDERS


SCALES: Mapping[str, Scale] = _Scales()
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
