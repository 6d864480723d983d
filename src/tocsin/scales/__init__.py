"""Grading scales as data: each criterion with its grade, its predicate, its citation and what we chose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.errors import UnknownIdError
from tocsin.scales.astct_crs import astct_crs
from tocsin.scales.astct_icans import astct_icans
from tocsin.scales.cartox_crs import cartox_crs
from tocsin.scales.scale import Criterion, EpisodeRule, Flag, Scale, ScaleBuilder

BUILDERS: Mapping[str, ScaleBuilder] = MappingProxyType({
    "astct-crs-2019": astct_crs, "astct-icans-2019": astct_icans, "cartox-crs-2018": cartox_crs,
})
"""How each scale is built from its settings."""

SCALES: Mapping[str, Scale] = MappingProxyType({name: build() for name, build in BUILDERS.items()})
"""Every scale with its default settings."""


def scale(name: str, **settings: object) -> Scale:
    """The scale of that id, with settings changed where given; UnknownIdError or SettingError otherwise."""
    if name not in BUILDERS:
        raise UnknownIdError("scale", name, BUILDERS)
    return BUILDERS[name](**settings) if settings else SCALES[name]


def criterion(code: str) -> tuple[Scale, Criterion | Flag]:
    """The criterion or flag of a qualified code such as ``astct-crs-2019/HYPO3``; UnknownIdError otherwise."""
    known: dict[str, tuple[Scale, Criterion | Flag]] = {}
    for one in SCALES.values():
        known.update({one.code(c): (one, c) for c in one.criteria})
        known.update({one.code(f): (one, f) for f in one.flags})
    by_lower = {k.lower(): v for k, v in known.items()}
    if code.lower() not in by_lower:
        raise UnknownIdError("criterion", code, known)
    return by_lower[code.lower()]


__all__ = ["BUILDERS", "SCALES", "Criterion", "EpisodeRule", "Flag", "Scale", "ScaleBuilder", "criterion", "scale"]
