"""The TOML file in which a hospital changes numbers of a guideline; every error names the file, the line, and the usual fix."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tocsin.errors import SettingError, TocsinError, UnknownIdError
from tocsin.protocols.override import DOSE_NUMBERS, Override, Told, check_dose, overridden, unit_of
from tocsin.protocols.protocol import Protocol

ID = re.compile(r"[A-Za-z0-9][\w.-]*")
TOP = ("based_on", "id", "title", "settings", "rules")
SOURCE = ("source", "date", "by")
SAMPLE = 'for example: [settings.fever_days] with value = 2, unit = "days", source = "Ward SOP 12", date = 2025-03-01'


class TomlFile:
    """A TOML file as a table, with the lines of its keys for errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.table: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise SettingError(f"{path} cannot be read: {error.strerror}.\n  Check the name and the folder.") from None
        except UnicodeDecodeError:
            raise SettingError(f"{path} is not text in UTF-8.\n  Save it again as UTF-8.") from None
        except (ValueError, RecursionError) as error:
            raise SettingError(f"{path}: this is not TOML: {error}.\n  Texts stand in quotes, numbers and dates do not; {SAMPLE}.") from None

    def wrong(self, keys: tuple[str, ...], what: str, fix: str = "") -> SettingError:
        """The error about one entry."""
        line = self._line(keys)
        return SettingError(f"{self.path}{f', line {line}' if line else ''}: {what}." + (f"\n  {fix}." if fix else ""))

    def _line(self, keys: tuple[str, ...]) -> int | None:
        """The line of an entry, or of the last part of its name that is found."""
        lines, found = self.text.splitlines(), None
        for key in keys:
            pattern = re.compile(rf"(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
            at = next((n for n in range(found or 0, len(lines)) if pattern.search(lines[n].partition("#")[0])), None)
            if at is None:
                break
            found = at
        return None if found is None else found + 1

    def only(self, keys: tuple[str, ...], table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        """Raise SettingError for a key that does not exist."""
        for key in table:
            if key not in known:
                raise self.wrong((*keys, key), f"there is no {key!r} here", f"Known: {', '.join(known)}")

    def words(self, keys: tuple[str, ...], table: Mapping[str, Any], what: str) -> str:
        """A text that must be there."""
        given = table.get(keys[-1])
        if not isinstance(given, str) or not given.strip():
            raise self.wrong(keys, f"{'.'.join(keys)} must be a text: {what}", f'Write {keys[-1]} = "..."')
        return given.strip()

    def tables(self, keys: tuple[str, ...], given: object) -> Mapping[str, Any]:
        """A table of tables."""
        if not isinstance(given, dict) or not all(isinstance(v, dict) for v in given.values()):
            raise self.wrong(keys, f"{'.'.join(keys)} must hold one table for each entry", f"Write {SAMPLE}")
        return given


def builder(path: Path, known: Mapping[str, Callable[..., Protocol]]) -> tuple[str, Callable[..., Protocol]]:
    """The id of a hospital's version of a guideline and how it is built; ``known``: the guidelines that it may change.

    Raises SettingError, with file and line, for anything that cannot be used.
    """
    file = TomlFile(path)
    file.only((), file.table, TOP)
    name = file.words(("based_on",), file.table, "the id of the guideline that is changed")
    if name not in known:
        hint = str(UnknownIdError("protocol", name, known)).splitlines()[-1].strip()
        raise file.wrong(("based_on",), f"there is no protocol called {name!r}", hint.rstrip("."))
    own_id = file.words(("id",), file.table, "a name of its own for this version")
    if own_id in known:
        raise file.wrong(("id",), f"{own_id!r} is the id of an installed protocol", "Give your version a name of its own")
    if not ID.fullmatch(own_id):
        raise file.wrong(("id",), f"{own_id!r} is no id", "Use letters, digits, dots, dashes and underscores")
    build = known[name]
    base = build()
    settings = file.table.get("settings", {})
    rules = file.tables(("rules",), file.table.get("rules", {}))
    own = Override(
        own_id, file.words(("title",), file.table, "what this version is called"),
        {n: _setting(file, base, n, t) for n, t in file.tables(("settings",), settings).items()}, *_rules(file, base, rules))
    if not own.settings and not own.off and not own.doses:
        raise file.wrong((), f"nothing of {name} is changed", f"Write {SAMPLE}")

    def made(**given: object) -> Protocol:
        try:
            return overridden(build, own, given)
        except TocsinError as error:
            raise SettingError(f"{path}: {error}") from None

    made()
    return own_id, made


def _setting(file: TomlFile, base: Protocol, name: str, table: Mapping[str, Any]) -> Told:
    keys = ("settings", name)
    doc = next((s for s in base.setting_docs if s.name == name), None)
    if doc is None:
        known = [s.name for s in base.setting_docs]
        hint = str(UnknownIdError("setting", name, known)).splitlines()[-1].strip().rstrip(".")
        raise file.wrong(keys, f"{base.id} has no setting {name!r}", hint if known else f"{base.id} has no settings")
    file.only(keys, table, ("value", "unit", *SOURCE))
    value = table.get("value")
    if isinstance(doc.default, bool) != isinstance(value, bool) or not _is_number(value):
        raise file.wrong((*keys, "value"), f"{name} needs a value that is {'true or false' if isinstance(doc.default, bool) else 'a number'}, not "
                         f"{value!r}", f"{name}: {doc.what}")
    if table.get("unit", "") != doc.unit:
        raise file.wrong((*keys, "unit"), f"the unit of {name} is {doc.unit!r}, not {table.get('unit', '')!r}", f'Write unit = "{doc.unit}"')
    try:
        doc.check(value)
    except SettingError as error:
        raise file.wrong((*keys, "value"), str(error), f"{name}: {doc.what}") from None
    return _told(file, keys, table, value)


def _rules(
    file: TomlFile, base: Protocol, tables: Mapping[str, Any]
) -> tuple[dict[str, Told], dict[str, dict[str, Told]]]:
    """What is switched off, and the doses that are changed."""
    by_code = {r.code: r for r in base.rules}
    off: dict[str, Told] = {}
    doses: dict[str, dict[str, Told]] = {}
    for code, table in tables.items():
        keys = ("rules", code)
        if code not in by_code:
            hint = str(UnknownIdError("rule", code, by_code)).splitlines()[-1].strip().rstrip(".")
            quoted = " A code with a dot stands in quotes: [rules.\"C2.6\"]" if "." not in code else ""
            raise file.wrong(keys, f"{base.id} has no rule {code!r}", hint + "." + quoted if quoted else hint)
        if "dose" in table:
            file.only(keys, table, ("dose",))
            (dose,) = file.tables(keys, table).values()
            doses[code] = _dose(file, base, code, dose)
            continue
        file.only(keys, table, ("off", *SOURCE))
        if table.get("off") is not True:
            raise file.wrong(keys, f"{code}: nothing is changed", f'Write off = true with a source and a date, or a table [rules."{code}".dose]')
        off[code] = _told(file, keys, table, None)
    return off, doses


def _dose(file: TomlFile, base: Protocol, code: str, table: Mapping[str, Any]) -> dict[str, Told]:
    keys = ("rules", code, "dose")
    rule = next(r for r in base.rules if r.code == code)
    file.only(keys, table, (*DOSE_NUMBERS, "unit", *SOURCE))
    names = [n for n in DOSE_NUMBERS if n in table]
    if not names:
        raise file.wrong(keys, f"the dose of {code} names no number", f"Write one of {', '.join(DOSE_NUMBERS)}")
    out = {}
    for name in names:
        try:
            check_dose(rule, name)
        except SettingError as error:
            raise file.wrong((*keys, name), str(error), "A dose that the source does not have is a rule of your own, in a Python file") from None
        value = table[name]
        if isinstance(value, bool) or not _is_number(value) or value <= 0:
            raise file.wrong((*keys, name), f"{name} of {code} must be a number above 0, not {value!r}")
        out[name] = _told(file, keys, table, float(value))
    unit = rule.dose.unit if rule.dose else ""
    if table.get("unit") != unit:
        each = ", ".join(f"{n} in {unit_of(rule.dose, n)}" for n in names if rule.dose)
        raise file.wrong((*keys, "unit"), f"the unit of the dose of {code} is {unit!r}, not {table.get('unit')!r}", f'Write unit = "{unit}" ({each})')
    return out


def _told(file: TomlFile, keys: tuple[str, ...], table: Mapping[str, Any], value: float | bool | None) -> Told:
    """The document behind one change: source and date are obligatory."""
    source = file.words((*keys, "source"), table, "the document that says so")
    if ";" in source or not source.isprintable():
        raise file.wrong((*keys, "source"), "a source is one line without a semicolon")
    given = table.get("date")
    if isinstance(given, str):
        try:
            given = date.fromisoformat(given)
        except ValueError:
            given = None
    if not isinstance(given, date) or isinstance(given, datetime):
        raise file.wrong((*keys, "date"), f"{'.'.join(keys)} needs the date of its source", "Write date = 2025-03-01 (year-month-day)")
    by = file.words((*keys, "by"), table, "who decided") if "by" in table else ""
    return Told(source, given.isoformat(), by, value)


def _is_number(value: object) -> bool:
    """Whether it is a number that is finite and not beyond all measure."""
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:
        return False
