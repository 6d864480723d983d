"""Codes and names of an export to concepts: the vocabulary's own codes, and a hospital's mapping file."""

from __future__ import annotations

import unicodedata
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
    Every spelling is first taken as written, then in any case and with any blanks (``plain``).
    """

    items: Mapping[str, Item] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    origin: str = ""
    _plain_items: Mapping[str, Item] = field(default_factory=dict, init=False, repr=False, compare=False)
    _plain_units: Mapping[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _plain_ignored: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plain_items", {plain(key): item for key, item in self.items.items()})
        object.__setattr__(self, "_plain_units", {plain(key): unit for key, unit in self.units.items()})
        object.__setattr__(self, "_plain_ignored", frozenset(map(plain, self.ignored)))

    def item(self, code: str | None, name: str | None = None) -> Item | None:
        """What a row with this code (and this name) is about; None when nobody says."""
        if self.left_out(code, name):
            return None
        return self.mapped(code, name) or (known_codes().get(code) if code is not None else None)

    def mapped(self, code: str | None, name: str | None = None) -> Item | None:
        """What the mapping itself says of this code (and this name): as written first, then in any case and with any blanks."""
        keys = [key for key in (code, name) if key is not None]
        found = next((self.items[key] for key in keys if key in self.items), None)
        if found is None and self.items:
            found = next((self._plain_items[key] for key in map(plain, keys) if key in self._plain_items), None)
        return found

    def left_out(self, code: str | None, name: str | None = None) -> bool:
        """Whether this code or this name is left out on purpose."""
        return bool(self.ignored) and any(plain(key) in self._plain_ignored for key in (code, name) if key is not None)

    def unit(self, spelling: str) -> str:
        """The accepted unit that this spelling means here; the spelling itself when the mapping does not say."""
        return self.units.get(spelling) or self._plain_units.get(plain(spelling), spelling)

    def value(self, concept: str, spelling: str) -> str | None:
        """The coded value that this spelling means here; None when the mapping does not say."""
        return self.values.get(concept, {}).get(plain(spelling))

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


def plain(spelling: str) -> str:
    """A spelling in lower case, without blanks around it and with one blank for several."""
    return " ".join(unicodedata.normalize("NFKC", spelling).split()).lower()


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
