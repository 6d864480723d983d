"""Codes and names of an export to concepts: the vocabulary's own codes, and a hospital's mapping file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import polars as pl

from tocsin.vocabulary import CONCEPTS, find


@dataclass(frozen=True, slots=True)
class Item:
    """What one code means: its concept, the unit of its values where the row is silent, and the coded value that it is by itself.

    ``unit`` fills a row without a unit; ``text`` is the value of a row whose code already says it (a device concept).
    """

    concept: str
    unit: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """The meaning of codes, names, units and coded values in one export.

    ``items``: code or name -> Item, asked before the vocabulary.  ``units``: spelling -> accepted unit.
    ``values``: concept -> spelling (lower case) -> coded value.  ``ignored``: codes and names that are left out on purpose.
    """

    items: Mapping[str, Item] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    origin: str = ""

    def item(self, code: str | None, name: str | None = None) -> Item | None:
        """What a row with this code (and this name) is about; None when nobody says."""
        for key in (code, name):
            if key is not None and key in self.ignored:
                return None
        for key in (code, name):
            if key is not None and key in self.items:
                return self.items[key]
        return known_codes().get(code) if code is not None else None

    def with_items(self, items: Mapping[str, Item]) -> Codes:
        """The same with more items; those of this mapping stand before them."""
        return replace(self, items={**items, **self.items})

    def split(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
        """The rows (columns code, name) that mean something here, and how many of each other code there are."""
        keys = ["code", "name"] if "name" in frame.columns else ["code"]
        distinct = frame.group_by(keys).len()
        rows = distinct.rows(named=True)
        known = [self.item(row["code"], row.get("name")) is not None for row in rows]
        lost: dict[str, int] = {}
        for row, good in zip(rows, known, strict=True):
            if not good:
                shown = shown_code(row["code"], row.get("name"))
                lost[shown] = lost.get(shown, 0) + row["len"]
        if not lost:
            return frame, {}
        good_keys = distinct.filter(pl.Series(known)).select(keys)
        return frame.join(good_keys, on=keys, how="semi", nulls_equal=True, maintain_order="left"), lost


def shown_code(code: str | None, name: str | None) -> str:
    """A code as people are shown it, with its name where that says more."""
    if code is None:
        return name or "(no code)"
    return f"{code} ({name})" if name and name.lower() not in code.lower() else code


@cache
def known_codes() -> Mapping[str, Item]:
    """Every code of the vocabulary: loinc:, rxnorm:, snomed:, omop:, clif: and concept: (a name of our own), to what it means."""
    from tocsin.vocabulary.respiratory import DEVICE_CODES

    out: dict[str, Item] = {}
    for one in CONCEPTS.values():
        item = Item(one.name)
        for system, codes in (("loinc", one.loinc), ("rxnorm", one.rxnorm), ("snomed", one.snomed), ("omop", one.omop), ("clif", one.clif)):
            for code in codes:
                out.setdefault(f"{system}:{code}", item)
        out[f"concept:{one.name}"] = item
    for device, (snomed, omop) in DEVICE_CODES.items():
        for system, ids in (("snomed", snomed), ("omop", omop)):
            for code in ids:
                out[f"{system}:{code}"] = Item("oxygen_device", text=device)
    return out


def by_name(names: Iterable[str], system: str) -> dict[str, Item]:
    """Items for the names that are a concept's name or alias, under ``system:name``."""
    found = {name: find(name) for name in names}
    return {f"{system}:{name}": Item(one.name) for name, one in found.items() if one is not None}
