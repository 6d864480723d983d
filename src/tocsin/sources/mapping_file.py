"""A hospital's mapping file: what its items, units and coded values mean, as one TOML file; see docs/mapping-files.md.

Every error names the file, the line and the key, says what is wrong, and offers the nearest names.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from tocsin.errors import SourceError, VocabularyError
from tocsin.sources.codes import Codes, Item, plain
from tocsin.sources.headers import BLOOD_PRESSURE, nearest
from tocsin.vocabulary import CONCEPTS, Concept, find
from tocsin.vocabulary.spelling import unit_key

SHIPPED: Mapping[str, str] = {"mimic-iv": "mimic_iv.toml"}
"""Mappings that come with Tocsin, by name."""

SECTIONS = ("about", "items", "units", "values", "ignore")
ABOUT = ("name", "source", "date", "by")
ITEM = ("concept", "unit", "value")
_MOST_ERRORS = 10


def codes(mapping: str | Path | None) -> Codes:
    """The meaning of codes, names, units and coded values that a mapping gives.

    Args:
        mapping: None: the vocabulary's own codes only; the name of a mapping that comes with Tocsin, such as "mimic-iv"; or the
            path of a TOML file.

    Raises:
        SourceError: The file cannot be read, or something in it cannot be used; all that is wrong in it is told at once.
    """
    if mapping is None:
        return Codes()
    if isinstance(mapping, str) and mapping in SHIPPED:
        return _shipped(mapping)
    path = Path(mapping)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceError(f"There is no mapping file {str(mapping)!r}.\n  Check the name and the folder; mappings that come with Tocsin: "
                          f"{', '.join(SHIPPED)}.") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not text in UTF-8.\n  Save it again as UTF-8.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.\n  Check the name and the folder.") from None
    return read(text, str(path))


@cache
def _shipped(name: str) -> Codes:
    text = (resources.files("tocsin.sources") / "maps" / SHIPPED[name]).read_text(encoding="utf-8")
    return read(text, name)


def read(text: str, origin: str) -> Codes:
    """The mapping in this TOML text; ``origin`` names it in errors."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{origin}: this is not TOML: {error}.\n  Names and texts stand in quotes, for example "
                          '"Temp (Fahrenheit)" = { concept = "temperature", unit = "degF" }.') from None
    return _Reader(text, origin).codes(table)


class _Reader:
    """One mapping file on its way to Codes; gathers what is wrong instead of stopping at the first."""

    def __init__(self, text: str, origin: str) -> None:
        self.lines, self.origin, self.wrong = text.splitlines(), origin, list[str]()

    def codes(self, table: Mapping[str, Any]) -> Codes:
        """All of it; SourceError with everything that is wrong."""
        for name in table:
            if name not in SECTIONS:
                self.error((name,), f"there is no section {name!r}", _near(name, SECTIONS))
        self._about(self._table(table, "about"))
        items = {key: item for key, given in self._table(table, "items").items() if (item := self._item(key, given)) is not None}
        units = {key: unit for key, given in self._table(table, "units").items() if (unit := self._unit(key, given)) is not None}
        values = {concept: spellings for concept, given in self._table(table, "values").items() if (spellings := self._values(concept, given))}
        ignored = self._ignored(self._table(table, "ignore"))
        self._clashes(("items",), items)
        self._clashes(("units",), units)
        for key in items:
            if plain(key) in {plain(name) for name in ignored}:
                self.error(("items", key), f"{key!r} is mapped here and left out in [ignore]", "Keep one of the two")
        if self.wrong:
            raise SourceError(self._all())
        return Codes(items, units, values, ignored, self.origin)

    def error(self, keys: tuple[str, ...], what: str, fix: str = "") -> None:
        """Note one thing that is wrong, with the line on which it stands."""
        line = self._line(keys)
        self.wrong.append(f"{self.origin}{f', line {line}' if line else ''}: {what}." + (f"\n  {fix.rstrip('.')}." if fix else ""))

    def _all(self) -> str:
        shown = self.wrong[:_MOST_ERRORS]
        rest = len(self.wrong) - len(shown)
        return "\n".join(shown) + (f"\n{self.origin}: {rest} more entries cannot be used." if rest else "")

    def _line(self, keys: tuple[str, ...]) -> int | None:
        """The line of an entry: of each part of its name in turn, or of the last part that is found."""
        at: int | None = None
        for key in keys:
            pattern = re.compile(rf"^\s*(\[[^\]]*)?[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
            found = next((n for n in range(at or 0, len(self.lines)) if pattern.search(self.lines[n])), None)
            if found is None:
                break
            at = found
        return None if at is None else at + 1

    def _table(self, table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        given = table.get(name, {})
        if isinstance(given, dict):
            return given
        self.error((name,), f"{name} must be a section, not {_kind(given)}", f"Write [{name}] on a line of its own, and its entries below it")
        return {}

    def _about(self, about: Mapping[str, Any]) -> None:
        for key, given in about.items():
            if key not in ABOUT:
                self.error(("about", key), f"[about] has no {key!r}", f"Known: {', '.join(ABOUT)}")
            elif not isinstance(given, str) and not (key == "date" and isinstance(given, date)):
                self.error(("about", key), f"{key} in [about] must be a text, not {_kind(given)}")

    def _item(self, key: str, given: object) -> Item | None:
        keys = ("items", key)
        if isinstance(given, str):
            given = {"concept": given}
        if not isinstance(given, dict):
            self.error(keys, f"{key!r} must name a concept or be a table, not {_kind(given)}",
                       f'For example: {quoted(key)} = "heart_rate", or {{ concept = "temperature", unit = "degF" }}')
            return None
        for other in given:
            if other not in ITEM:
                self.error(keys, f"{key!r} has no {other!r}", f"Known: {', '.join(ITEM)}; a name with a dot in it stands in quotes")
                return None
        if any(not isinstance(given.get(part, ""), str) for part in ITEM):
            self.error(keys, f"{key!r}: concept, unit and value are texts", "Write them in quotes")
            return None
        if "concept" not in given:
            self.error(keys, f"{key!r} names no concept", 'Add concept = "..."; `tocsin concepts` lists them')
            return None
        one = self._concept(keys, given["concept"])
        if one is None:
            return None
        unit = self._accepted(keys, one, given["unit"]) if "unit" in given else None
        value = self._coded(keys, one, given["value"]) if "value" in given else None
        if ("unit" in given and unit is None) or ("value" in given and value is None):
            return None
        return Item(one.name, unit, value)

    def _concept(self, keys: tuple[str, ...], name: str) -> Concept | None:
        if name in CONCEPTS:
            return CONCEPTS[name]
        if name == BLOOD_PRESSURE:
            self.error(keys, "a blood pressure written 120/80 is two values", "Export systolic_bp and diastolic_bp apart")
            return None
        meant = find(name)
        self.error(keys, f"there is no concept called {name!r}", f"Write {meant.name}" if meant is not None else nearest(name))
        return None

    def _accepted(self, keys: tuple[str, ...], one: Concept, unit: str) -> str | None:
        """The accepted unit that this spelling is, as the vocabulary writes it."""
        try:
            one.conversion(unit)
        except VocabularyError:
            accepted = [u for u in one.units if u]
            self.error(keys, f"{one.name} is not measured in {unit!r}",
                       f"{_near(unit, accepted)}" if accepted else f"{one.name} has no unit: leave it out")
            return None
        return unit if unit in one.units else next(u for u in one.units if unit_key(u) == unit_key(unit))

    def _coded(self, keys: tuple[str, ...], one: Concept, value: str) -> str | None:
        if value in one.values:
            return value
        if not one.values:
            self.error(keys, f"{one.name} has no coded values, so {value!r} means nothing", "Leave value out")
        else:
            self.error(keys, f"{one.name} cannot be {value!r}", _near(value, one.values))
        return None

    def _unit(self, key: str, given: object) -> str | None:
        keys = ("units", key)
        if not isinstance(given, str):
            self.error(keys, f"the unit {key!r} must be another spelling in quotes, not {_kind(given)}", f'For example: {quoted(key)} = "mg/dL"')
            return None
        known = {u: None for one in CONCEPTS.values() for u in one.units if u}
        if given in known:
            return given
        same = next((u for u in known if unit_key(u) == unit_key(given)), None)
        if same is None:
            self.error(keys, f"no concept is measured in {given!r}", _near(given, known))
        return same

    def _values(self, concept: str, given: object) -> dict[str, str]:
        keys = ("values", concept)
        one = self._concept(keys, concept)
        if one is None:
            return {}
        if not isinstance(given, dict):
            self.error(keys, f"values.{concept} must be a section, not {_kind(given)}", f"Write [values.{concept}] and one spelling a line")
            return {}
        out: dict[str, str] = {}
        for spelling, value in given.items():
            if not isinstance(value, str):
                self.error((*keys, spelling), f"{spelling!r} must be a value of {concept} in quotes, not {_kind(value)}")
                continue
            coded = self._coded((*keys, spelling), one, value)
            if coded is not None:
                out[spelling] = coded
        self._clashes(keys, out)
        return {plain(spelling): value for spelling, value in out.items()}

    def _ignored(self, ignore: Mapping[str, Any]) -> frozenset[str]:
        for key in ignore:
            if key != "items":
                self.error(("ignore", key), f"[ignore] has no {key!r}", 'Known: items, for example items = ["LAB//227969"]')
        given = ignore.get("items", [])
        if isinstance(given, list) and all(isinstance(one, str) for one in given):
            return frozenset(given)
        self.error(("ignore", "items"), "items in [ignore] must be a list of codes or names in quotes", 'For example: items = ["LAB//227969"]')
        return frozenset()

    def _clashes(self, keys: tuple[str, ...], table: Mapping[str, object]) -> None:
        """Two spellings that are one in any case and with any blanks, and do not mean the same."""
        first: dict[str, str] = {}
        for key, meaning in table.items():
            other = first.setdefault(plain(key), key)
            if table[other] != meaning:
                self.error((*keys, key), f"{other!r} and {key!r} are one spelling (case and blanks do not count) with two meanings", "Keep one")


def quoted(text: str) -> str:
    """A key or a text as TOML writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _near(given: str, known: Iterable[str]) -> str:
    names = list(known)
    lower = {name.lower(): name for name in names}
    near = [lower[n] for n in difflib.get_close_matches(given.lower(), list(lower), n=3, cutoff=0.5)]
    return f"Nearest: {', '.join(near)}" if near and len(names) > 6 else f"Known: {', '.join(names[:20])}" + (", ..." if len(names) > 20 else "")


def _kind(given: object) -> str:
    names = {dict: "a table", list: "a list", bool: "true or false", int: "a number", float: "a number", str: "a text"}
    return next((word for kind, word in names.items() if isinstance(given, kind)), "a date")
