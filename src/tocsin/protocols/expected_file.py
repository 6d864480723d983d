"""Expected answers as a file beside a protocol: TOML with a table for each patient, or CSV with a row for each rule."""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.errors import SettingError, TocsinError
from tocsin.protocols.expected import STATUSES, Expected
from tocsin.protocols.override_file import TomlFile
from tocsin.timeline import Timeline

KNOWN = ("name", "file", "events", "id", "at", "complete", "assume", "weight_kg", "age_years", "expect", "dose", "says")
COLUMNS = ("name", "file", "id", "at", "complete", "assume", "weight_kg", "age_years", "rule", "expect", "dose", "says")


def beside(protocol: Path) -> Path | None:
    """The expected answers of a protocol file: ``ward.expected.toml`` or ``.csv`` beside ``ward.toml`` or ``ward.py``."""
    found = [protocol.with_suffix(f".expected{suffix}") for suffix in (".toml", ".csv")]
    return next((path for path in found if path.is_file()), None)


def read(path: Path) -> list[Expected]:
    """The expectations of a file.  Raises SettingError, with the file and the patient, for what cannot be used."""
    patients = _rows(path) if path.suffix.lower() == ".csv" else _tables(path)
    out = []
    for number, table in enumerate(patients, start=1):
        name = str(table.get("name") or f"number {number}")
        try:
            out.append(_case(path.parent, name, table))
        except TocsinError as error:
            raise SettingError(f"{path}, patient {name!r}: {error}") from None
    if not out:
        raise SettingError(f"{path} names no patient.\n  Write [[patient]] with name, at, events or file, and expect = {{ \"C2.3\" = \"due\" }}.")
    return out


def _tables(path: Path) -> list[Mapping[str, Any]]:
    file = TomlFile(path)
    file.only((), file.table, ("patient",))
    given = file.table.get("patient", [])
    if not isinstance(given, list) or not all(isinstance(t, dict) for t in given):
        raise file.wrong(("patient",), "each patient is a table", "Write [[patient]], in double brackets")
    return given


def _rows(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a CSV file, those of one patient and hour together."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingError(f"{path} cannot be read as CSV: {error}.") from None
    out: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, row in enumerate(rows, start=2):
        strange = [str(k) for k in row if k not in COLUMNS]
        if strange or not row.get("rule") or None in row.values():
            raise SettingError(f"{path}, row {number}: " + (f"there is no column {strange[0]!r}; known: {', '.join(COLUMNS)}." if strange else
                               "a cell is missing, or no rule is named."))
        key = tuple(str(row.get(n) or "") for n in COLUMNS if n not in ("rule", "expect", "dose"))
        one = out.setdefault(key, {k: v for k, v in row.items() if v and k not in ("rule", "expect", "dose")} | {"expect": {}, "dose": {}})
        for what in ("expect", "dose"):
            if row.get(what):
                one[what][row["rule"]] = row[what]
        for what in ("complete", "assume"):
            if row.get(what):
                one[what] = [n.strip() for n in str(row[what]).split("|")]
    return list(out.values())


def _case(folder: Path, name: str, table: Mapping[str, Any]) -> Expected:
    strange = [k for k in table if k not in KNOWN]
    if strange:
        raise SettingError(f"there is no {strange[0]!r} here; known: {', '.join(KNOWN)}")
    if not isinstance(table.get("name"), str):
        raise SettingError("a patient needs a name, a text")
    expect, dose = table.get("expect", {}), table.get("dose", {})
    if not isinstance(expect, dict) or not isinstance(dose, dict) or not (expect or dose):
        raise SettingError('nothing is expected; write expect = { "C2.3" = "due" }, with the code of the rule in quotes')
    for code, status in expect.items():
        if status not in STATUSES:
            raise SettingError(f"{code} is expected to be {status!r}, which is none of {', '.join(STATUSES)} (a code with a dot stands in quotes)")
    timeline = _timeline(folder, table)
    return Expected(name, timeline, _hour(table.get("at")), dict(expect), {c: _number(c, d) for c, d in dose.items()}, str(table.get("says", "")))


def _timeline(folder: Path, table: Mapping[str, Any]) -> Timeline:
    """The record of the patient, from a file or the lines in ``events``, read like any other; every row must be usable."""
    complete, assume = _names(table, "complete"), _names(table, "assume")
    weight = None if table.get("weight_kg") is None else _number("weight_kg", table["weight_kg"])
    if ("file" in table) == ("events" in table):
        raise SettingError("a patient has either a file or events, the lines of such a file")
    if "file" in table:
        timeline = Timeline.read_csv(folder / str(table["file"]), complete=complete, weight_kg=weight)
    else:
        lines = [line.strip() for line in str(table["events"]).splitlines() if line.strip()]
        with tempfile.TemporaryDirectory() as place:
            chart = Path(place) / "events"
            chart.write_text("\n".join(lines) + "\n", encoding="utf-8")
            timeline = Timeline.read_csv(chart, complete=complete, weight_kg=weight)
    if timeline.reading is not None and timeline.reading.errors:
        raise SettingError(timeline.reading.errors[0].sentence())
    if assume:
        timeline = timeline.with_complete(timeline.complete.assuming(*assume))
    if "id" in table:
        timeline = timeline.of(str(table["id"]))
    if len(timeline.patient_ids) != 1:
        raise SettingError(f"the record holds {len(timeline.patient_ids)} patients; choose one with id = \"...\"")
    facts = {n: _number(n, table[n]) for n in ("weight_kg", "age_years") if n in table}
    return timeline.with_patient_facts(**facts) if facts else timeline


def _hour(given: object) -> float:
    """The hour since the infusion: a number, or a day such as "day4"."""
    text = str(given).strip().lower()
    day = text.startswith("day")
    number = _number("at", text.removeprefix("day").strip(), "an hour since the infusion (150) or a day (\"day6\")")
    return 24.0 * number if day else number


def _names(table: Mapping[str, Any], key: str) -> list[str]:
    given = table.get(key, [])
    if not isinstance(given, list) or not all(isinstance(n, str) for n in given):
        raise SettingError(f'{key} is a list of names, for example {key} = ["drugs", "devices"]')
    return given


def _number(name: str, given: object, what: str = "a number") -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if isinstance(given, bool) or not math.isfinite(number):
        raise SettingError(f"{name} is {what}, not {given!r}")
    return number
