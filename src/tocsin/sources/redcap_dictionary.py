"""The data dictionary of a REDCap project: its fields, what their choices mean, and which of them are dates.

Columns as REDCap exports them ("Variable / Field Name", ...) or as its API calls them (field_name, ...); source: the REDCap data
dictionary, 18 columns.  Choices are written "1, Yes | 0, No".
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from tocsin.errors import SourceError

_COLUMNS = {
    "name": ("variable / field name", "field_name"), "form": ("form name", "form_name"), "kind": ("field type", "field_type"),
    "label": ("field label", "field_label"),
    "choices": ("choices, calculations, or slider labels", "choices or calculations", "select_choices_or_calculations"),
    "note": ("field note", "field_note"),
    "validation": ("text validation type or show slider number", "text_validation_type_or_show_slider_number"),
    "identifier": ("identifier?", "identifier"), "annotation": ("field annotation", "field_annotation"),
}
_TAG = re.compile(r"<[^>]*>")
_OURS = re.compile(r"@TOCSIN(?P<what>-UNIT|-END|-TIME)?(?:\s*=\s*(?P<quote>['\"])(?P<value>.*?)(?P=quote))?")
CHOSEN = frozenset({"radio", "dropdown", "yesno", "truefalse", "checkbox"})
SILENT = frozenset({"descriptive", "file", "signature"})
_YES_NO: Mapping[str, Mapping[str, str]] = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_END = re.compile(r"(?i)(?:^|[_\s])(end|ends|ended|stop|stops|stopped|off|resolution|resolved|until|finish|finished)(?:$|[_\s])")


@dataclass(frozen=True)
class Field:
    """One field: ``kind`` as REDCap calls it; ``choices`` code -> label; ``annotation`` with its action tags."""

    name: str
    form: str
    kind: str
    label: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    note: str = ""
    identifier: bool = False
    annotation: str = ""

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Our action tags: "" (@TOCSIN='temperature'), "-UNIT", "-END" (an end), "-TIME" (a beginning) -> value."""
        return {found["what"] or "": found["value"] or "" for found in _OURS.finditer(self.annotation)}

    @property
    def is_date(self) -> bool:
        """Whether it is a date, with or without a time of day."""
        return self.kind == "text" and (self.validation.startswith("date") or "-TIME" in self.tags or "-END" in self.tags)

    @property
    def is_end(self) -> bool:
        """Whether it is a date at which something ended."""
        return self.is_date and ("-END" in self.tags or (bool(_END.search(self.name) or _END.search(self.label)) and "-TIME" not in self.tags))

    @property
    def is_time_of_day(self) -> bool:
        """Whether it is a time of day alone, which stands beside a date."""
        return self.kind == "text" and self.validation.startswith("time")


@dataclass(frozen=True)
class Dictionary:
    """The fields of a project in their order; the first is the record's own identifier."""

    fields: tuple[Field, ...]
    file: str

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Each field by its name."""
        return {one.name: one for one in self.fields}

    @property
    def record(self) -> str:
        """The name of the field that names the record."""
        return self.fields[0].name

    def date_of(self, one: Field, chosen: Mapping[str, str]) -> str | None:
        """The field with the time of this field: the one chosen for it or its form, else the last date at or before it in its form, else the first."""
        told = chosen.get(one.name) or chosen.get(one.form)
        if told is not None:
            return told
        mine = [f for f in self.fields if f.form == one.form]
        begins = [f for f in mine if f.is_date and not f.is_end and not _is_birth(f)]
        if not begins:
            return None
        here = mine.index(one)
        return next((f.name for f in reversed(begins) if mine.index(f) <= here), begins[0].name)

    def end_of(self, one: Field, chosen: Mapping[str, str]) -> str | None:
        """The field with the time at which this ended: the date of an end with the same beginning."""
        begin = self.date_of(one, chosen)
        ends = [f for f in self.fields if f.form == one.form and f.is_end and begin is not None and self.date_of(f, chosen) == begin]
        return ends[0].name if ends else None


def _is_birth(one: Field) -> bool:
    return bool(re.search(r"(?i)birth|(?:^|[_\s])dob(?:$|[_\s])", f"{one.name} {one.label}"))


def is_birth(one: Field) -> bool:
    """Whether it is the date of birth."""
    return one.is_date and _is_birth(one)


def is_dictionary(path: Path) -> bool:
    """Whether a CSV file is a data dictionary, by its header."""
    try:
        first = path.open(encoding="utf-8-sig", errors="replace").readline().lower()
    except OSError:
        return False
    return _COLUMNS["name"][0] in first or ("field_name" in first and "form_name" in first)


def read(path: Path) -> Dictionary:
    """The dictionary in a CSV file; SourceError when it is none."""
    try:
        raw = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy").fill_null("")
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{path.name} cannot be read as CSV: {str(error).splitlines()[0]}\n  Export the data dictionary again.") from None
    lower = {name.strip().lstrip("﻿").lower(): name for name in raw.columns}
    found = {what: next((lower[n] for n in names if n in lower), None) for what, names in _COLUMNS.items()}
    missing = [names[0] for what, names in _COLUMNS.items() if found[what] is None and what in ("name", "form", "kind")]
    if missing:
        raise SourceError(f"{path.name} is no REDCap data dictionary: it has no column {missing[0]!r}.\n  Project Setup, Data Dictionary, download as CSV.")
    fields = []
    for row in raw.iter_rows(named=True):
        cells = {what: (row[column] or "").strip() if column is not None else "" for what, column in found.items()}
        if not cells["name"]:
            continue
        fields.append(Field(
            cells["name"], cells["form"], cells["kind"].lower(), plain(cells["label"]), _choices(cells["kind"].lower(), cells["choices"]),
            cells["validation"].lower(), plain(cells["note"]), cells["identifier"].lower() == "y", cells["annotation"]))
    if not fields:
        raise SourceError(f"{path.name} has no field.\n  Export the data dictionary again.")
    return Dictionary(tuple(fields), path.name)


def plain(text: str) -> str:
    """A label without its markup."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _choices(kind: str, text: str) -> Mapping[str, str]:
    if kind in _YES_NO:
        return _YES_NO[kind]
    if kind not in CHOSEN:
        return {}
    pairs = (part.split(",", 1) for part in text.split("|") if part.strip())
    return {pair[0].strip(): plain(pair[1]) if len(pair) > 1 else pair[0].strip() for pair in pairs}
