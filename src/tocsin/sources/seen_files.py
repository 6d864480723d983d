"""Files of any kind to what they chart (``seen.Seen``): a long or wide table, Parquet, a MEDS data set, or an export of another format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources import doors, meds, propose, seen
from tocsin.sources.codes import Codes, plain, shown_code
from tocsin.sources.headers import Column, Header, understand
from tocsin.sources.seen import Seen
from tocsin.vocabulary import CONCEPTS, unit_key
from tocsin.vocabulary.spelling import name_key

if TYPE_CHECKING:
    from tocsin.sources.table import Sheet

ROLES: Mapping[str, tuple[str, ...]] = {
    "item": ("item", "itemid", "item id", "code", "item code", "test code", "testcode", "parameter", "param", "concept", "variable", "observation", "analyte",
             "test", "measurement", "component", "vital", "drug", "medication", "label", "item name", "test name", "name", "display", "description"),
    "name": ("label", "item name", "test name", "name", "display", "description", "long name", "component name"),
    "value": ("value", "result", "numeric value", "valuenum", "value num", "value as number", "result value", "reading", "amount", "rate", "val"),
    "text": ("text", "text value", "value text", "valuetext", "comment", "string value", "value as string", "result text"),
    "unit": ("unit", "units", "uom", "valueuom", "unit of measure", "unit source value", "value unit", "result unit"),
    "patient": ("patient", "patient id", "subject id", "subject", "person id", "person", "mrn", "hospitalization id", "record id", "usubjid", "case id", "id"),
}
"""Headers of a long table by what they hold, the plainest first; ``--column`` names others."""

_NUMBER = r"^\s*[<>≤≥]?=?\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$"
_STEPS = frozenset({"START", "STOP", "END"})


@dataclass(frozen=True, slots=True)
class Look:
    """What was found: the format in words, the items, and how many rows there are."""

    what: str
    items: tuple[Seen, ...]

    @property
    def rows(self) -> int:
        """All rows counted."""
        return sum(one.rows for one in self.items)


def look(path: str | Path, codes: Codes, columns: Mapping[str, str] | None = None) -> Look:
    """Everything charted in a file or folder, the most frequent item first, with what is known of it already.

    Args:
        path: A CSV file, Excel workbook or Parquet file, long or wide; a MEDS data set; or an export of another format.
        codes: The mapping that is already there.
        columns: Of a long table, the header of the column that is the item, name, value, text, unit or patient, where it is not found.

    Raises:
        SourceError: There is nothing, or nothing in which items can be told.
        SettingError: A column that is not there.
    """
    for role in columns or {}:
        if role not in ROLES:
            raise SettingError(f"there is no column {role!r} to name; there are {', '.join(ROLES)}")
    place = Path(path)
    if place.is_file() and place.suffix.lower() == ".parquet" and (columns or not meds.is_meds(place)):
        return _parquet(place, codes, columns or {})
    form = "csv" if columns else doors.recognise(path)
    if form == "meds":
        return _meds(place, codes)
    if form == "csv" and place.is_file():
        return _tables(place, codes, columns or {})
    if form in doors.CODED:
        return _export(path, form, codes)
    raise SourceError(f"{path}: items are listed of one table, or of an export ({', '.join(doors.CODED)}).\n  Name one file.")


# ---------------------------------------------------------------- tables

def _tables(path: Path, codes: Codes, columns: Mapping[str, str]) -> Look:
    from tocsin.sources.table import load

    frames, forms = [], set()
    for sheet in load(path, path.name, None):
        cells, form = _sheet(sheet, columns)
        frames.append(cells)
        forms.add(form)
    items = seen.count(pl.concat(frames))
    return Look(f"a {' and '.join(sorted(forms))} table", tuple(propose.known(items, codes, by_name=True)))


def _sheet(sheet: Sheet, columns: Mapping[str, str]) -> tuple[pl.LazyFrame, str]:
    """The cells of one table in the columns of ROWS, and whether it is long or wide."""
    header = understand(sheet.header, sheet.file) if not columns else None
    if header is not None and header.form in ("wide", "patients"):
        return _wide(sheet, header), "wide"
    names = {str(place): text for place, text in enumerate(sheet.header)}
    found = roles(list(names.values()), columns, sheet.file)
    if "item" not in found:
        if header is not None and any(c.role == "patient" for c in header.columns):
            return _wide(sheet, header), "wide"
        raise SourceError(f"{sheet.file}: no column tells what each row is about; the columns are {', '.join(sheet.header)}.\n"
                          "  Name it: --column item=HEADER (and value=, unit=, patient= where they are not found).")
    frame = sheet.frame.lazy().rename(names)
    return long_rows(frame, found), "long"


def roles(headers: Iterable[str], given: Mapping[str, str], file: str) -> dict[str, str]:
    """Which header plays which role; those that were given first."""
    texts = list(headers)
    by_key = {name_key(text): text for text in reversed(texts)}
    out: dict[str, str] = {}
    for role, text in given.items():
        match = next((one for one in texts if one == text), by_key.get(name_key(text)))
        if match is None:
            raise SettingError(f"{file} has no column {text!r}; it has {', '.join(texts)}")
        out[role] = match
    for role, spellings in ROLES.items():
        taken = set(out.values())
        found = next((by_key[name_key(one)] for one in spellings if name_key(one) in by_key and by_key[name_key(one)] not in taken), None)
        if role not in out and found is not None:
            out[role] = found
    return out


def long_rows(frame: pl.LazyFrame, found: Mapping[str, str]) -> pl.LazyFrame:
    """A long table in the columns of ROWS: numbers apart from words, also those written with < or >."""
    kinds = frame.collect_schema()

    def text_of(role: str) -> pl.Expr:
        if role not in found:
            return pl.lit(None, pl.String)
        stripped = pl.col(found[role]).cast(pl.String).str.strip_chars()
        return pl.when(stripped != "").then(stripped)

    written = text_of("value")
    numeric = "value" in found and kinds[found["value"]].is_numeric()
    number = pl.col(found["value"]).cast(pl.Float64) if numeric else written.str.extract(_NUMBER).cast(pl.Float64, strict=False)
    return frame.select(
        text_of("item").alias("item"), text_of("name").alias("name"), text_of("unit").alias("unit"), number.alias("value"),
        pl.when(number.is_null()).then(pl.coalesce(written, text_of("text"))).alias("text"), text_of("patient").alias("patient"),
    ).filter(pl.col("item").is_not_null())


def _wide(sheet: Sheet, header: Header) -> pl.LazyFrame:
    """Each column of a wide table that is not who, when or a note as an item, with the unit of its header."""
    who = header.role("patient")
    patient = pl.col(who) if who is not None else pl.lit("")
    columns = [c for c in header.columns if c.role in ("concept", "fact", "unknown") and c.header]
    cells = []
    for column in columns:
        written = pl.col(str(column.index)).str.strip_chars()
        number = written.str.extract(_NUMBER).cast(pl.Float64, strict=False)
        cells.append(sheet.frame.lazy().select(
            pl.lit(_item(column)).alias("item"), pl.lit(None, pl.String).alias("name"), pl.lit(column.unit, pl.String).alias("unit"), number.alias("value"),
            pl.when(number.is_null()).then(written).alias("text"), patient.alias("patient"),
        ).filter(pl.col("value").is_not_null() | pl.col("text").is_not_null()))
    if not cells:
        raise SourceError(f"{sheet.file}: no column holds anything that could be mapped.\n  `tocsin check {sheet.file}` says how its columns are read.")
    return pl.concat(cells)


def _item(column: Column) -> str:
    return column.name if column.role == "fact" else column.header


def _parquet(path: Path, codes: Codes, columns: Mapping[str, str]) -> Look:
    try:
        frame = pl.scan_parquet(path)
        headers = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError):
        raise SourceError(f"{path}: this is no Parquet file that can be read.") from None
    found = roles(headers, columns, path.name)
    if "item" not in found:
        raise SourceError(f"{path}: no column tells what each row is about; the columns are {', '.join(headers)}.\n"
                          "  Name it: --column item=HEADER (and value=, unit=, patient= where they are not found).")
    return Look("a long table", tuple(propose.known(seen.count(long_rows(frame, found)), codes, by_name=True)))


# ---------------------------------------------------------------- exports

def _meds(path: Path, codes: Codes) -> Look:
    """A MEDS data set: its codes without the unit at their end, with the descriptions and parent codes of its metadata."""
    shards = [meds.scan(file) for file in meds.shards(path)]
    parents = meds.parent_codes(path)
    described = _descriptions(path)
    found = pl.concat([frame.select(pl.col("code").unique()) for frame in shards]).unique().collect()["code"].drop_nulls().to_list()
    table, standard, how = [], dict[str, list[str]](), dict[str, tuple[str, str]]()
    for code in found:
        item, unit = cut(code)
        table.append((code, item, described.get(code) or _said(item), unit))
        standard.setdefault(item, []).extend(_standard(parent) for parent in parents.get(code, ()))
        meant = meds.meaning(code, codes, parents.get(code, ()))
        known = codes.item(meant.code, meant.name) if meant is not None else None
        if meant is not None and known is not None:
            by_parent = meds.meaning(code, codes) is None
            how[item] = (known.concept, f"the mapping {codes.origin}" if codes.mapped(meant.code, meant.name) else
                         "the standard codes of the export" if by_parent else "its code")
    names = pl.LazyFrame(table, orient="row", schema={"code": pl.String, "item": pl.String, "name": pl.String, "unit": pl.String})
    rows = pl.concat([
        frame.select("code", pl.col("numeric_value").cast(pl.Float64).alias("value"), pl.col("text_value").alias("text"),
                     pl.col("subject_id").cast(pl.String).alias("patient"))
        for frame in shards
    ]).join(names, on="code", how="inner").select(*seen.ROWS)
    items = [one.understood(*how[one.item]) if one.item in how else _left_out(one, codes) for one in seen.count(rows, standard)]
    return Look("MEDS", tuple(propose.known(items, codes)))


def _left_out(one: Seen, codes: Codes) -> Seen:
    """An item that the mapping leaves out under the code of its system ("mimic:228299"), or that says what was ordered and not what was done."""
    parts = one.item.split("//")
    if parts[0] == "MEDICATION" and len(parts) > 2:
        return one.understood("", "left out: orders of drugs, which are not doses given")
    own = f"mimic:{parts[1]}" if len(parts) > 1 and parts[1].isdecimal() else None
    return one.understood("", f"left out by {codes.origin}") if codes.left_out(own) else one


def cut(code: str) -> tuple[str, str | None]:
    """A MEDS code without the unit that is its last part, and that unit (None for UNK and for none)."""
    parts = code.split("//")
    last = parts[-1].strip()
    if parts[0] == "MEDICATION":  # the last part is what was done with the drug
        return (code if parts[1] in _STEPS else "//".join(parts[:2])), None
    if len(parts) < 3:
        return ("//".join(parts[:-1]), last) if len(parts) == 2 and unit_key(last) in _units() else (code, None)
    if last.upper() in ("UNK", "UNKNOWN", "NONE", ""):
        return "//".join(parts[:-1]), None
    return ("//".join(parts[:-1]), last) if unit_key(last) in _units() or re.search(r"[/%°]", last) else (code, None)


def _units() -> frozenset[str]:
    return frozenset(unit_key(unit) for one in CONCEPTS.values() for unit in one.units if unit)


def _said(item: str) -> str | None:
    """The words of a code itself: "MEDICATION//START//Furosemide" is Furosemide."""
    parts = [part for part in item.split("//")[1:] if part.upper() not in _STEPS and not part.isdecimal()]
    return max(parts, key=len) if parts else None


def _standard(parent: str) -> str:
    """A parent code of MEDS ("LOINC/3255-7") as codes stand here ("loinc:3255-7")."""
    system, _, rest = parent.partition("/")
    return f"{system.lower()}:{rest}"


def _descriptions(path: Path) -> dict[str, str]:
    file = path / "metadata" / "codes.parquet"
    if not file.is_file() or "description" not in pl.read_parquet_schema(file):
        return {}
    return dict(pl.read_parquet(file, columns=["code", "description"]).drop_nulls().iter_rows())


def _export(path: str | Path, form: str, codes: Codes) -> Look:
    """An export of another format through its own door: its entries, which it understands, with their values; the other codes with their counts."""
    export = doors.module(form).export(path, codes)
    parts: list[pl.DataFrame] = []
    unknown: dict[str, int] = {}
    for table in export.tables:
        parts.append(table.entries.select(
            pl.coalesce("code", "name").alias("item"), "name", "unit", "value", pl.when(pl.col("value").is_null()).then("text").alias("text"), "patient"))
        for code, many in table.ignored.items():
            unknown[code] = unknown.get(code, 0) + many
    rows = pl.concat(parts).filter(pl.col("item").is_not_null()) if parts else pl.DataFrame(schema=dict(seen.ROWS))
    items = [one if one.known else one.understood("", f"the reader of {export.format}") for one in propose.known(seen.count(rows.lazy()), codes)]
    shown = {shown_code(one.item, one.name): one for one in items}
    others = merged(_only_counted(code, many) for code, many in sorted(unknown.items(), key=lambda pair: -pair[1]) if code not in shown)
    return Look(export.format, tuple(sorted((*items, *others), key=lambda one: (-one.rows, one.item))))


def _only_counted(code: str, many: int) -> Seen:
    """A code that the door left unread: only its count and, in brackets behind it, its name are known."""
    item, _, name = code.partition(" (")
    return Seen(item, name.removesuffix(")") or None, many, 0)


def merged(items: Iterable[Seen]) -> list[Seen]:
    """The items with those together that a mapping file cannot tell apart; the most frequent spelling stands for all."""
    out: dict[str, Seen] = {}
    for one in items:
        key = plain(one.item)
        out[key] = replace(out[key], rows=out[key].rows + one.rows) if key in out else one
    return list(out.values())
