"""CDISC Dataset-JSON 1.1: one data set a file, as one JSON object or as NDJSON (a line of metadata, then a line for each row).

Source: CDISC Dataset-JSON Specification, version 1.1 (2024-12-05): top-level attributes, column metadata, row data, NDJSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources.optional import needs

VERSION = "1.1.0"
_NUMBERS = {"integer", "decimal", "float", "double"}
_TYPES = _NUMBERS | {"string", "boolean", "datetime", "date", "time", "URI"}
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set: its name ("VS"), its label, and its rows; numbers are Float64, everything else String, "" is null."""

    name: str
    label: str
    rows: pl.DataFrame


def read(path: Path) -> DataSet:
    """The data set of a .json or .ndjson file; SourceError says what is wrong with one that is not Dataset-JSON 1.1."""
    orjson = needs("orjson")
    data = path.read_bytes()
    if path.suffix.lower() == ".ndjson":
        lines = data.splitlines()
        about = _parsed(orjson, lines[0] if lines else b"", path, 1)
        rows = [_parsed(orjson, line, path, at) for at, line in enumerate(lines[1:], start=2) if line.strip()]
    else:
        about = _parsed(orjson, data, path, None)
        rows = about.get("rows", []) if isinstance(about, dict) else []
    return _data_set(about, rows, path)


def _parsed(orjson: Any, text: bytes, path: Path, line: int | None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        where = f"{path.name}, line {line}" if line else path.name
        raise SourceError(f"{where} is not JSON: {error}.\n  Export the data set again; a file cut off on its way ends like this.") from None


def _data_set(about: Any, rows: Any, path: Path) -> DataSet:
    if isinstance(about, dict) and ("clinicalData" in about or "referenceData" in about):
        raise SourceError(f"{path.name} is Dataset-JSON 1.0; 1.1 is read.\n  Convert it with the converter of CDISC (convert_1_0_to_1_1.py).")
    columns = about.get("columns") if isinstance(about, dict) else None
    if not (isinstance(columns, list) and columns and all(isinstance(c, dict) and isinstance(c.get("name"), str) for c in columns)):
        raise SourceError(f"{path.name} is not Dataset-JSON 1.1: it has no list of columns with their names.\n  "
                          "The file must hold one data set with datasetJSONVersion, name, columns and rows.")
    version = str(about.get("datasetJSONVersion", ""))
    if not (version == "1.1" or version.startswith("1.1.")):
        raise SourceError(f"{path.name} is Dataset-JSON {version or 'of no stated version'}; 1.1 is read.\n  Export it as version 1.1.")
    names = [c["name"][:_LONGEST_NAME].upper() for c in columns]
    if len(set(names)) < len(names):
        raise SourceError(f"{path.name} has two columns of one name.\n  The names of the columns of a data set must differ.")
    kinds = [str(c.get("dataType", "string")) for c in columns]
    strange = sorted(set(kinds) - _TYPES)
    if strange:
        raise SourceError(f"{path.name} has a column of the type {strange[0]!r}, which Dataset-JSON 1.1 does not know.\n  "
                          f"Known: {', '.join(sorted(_TYPES))}.")
    if not isinstance(rows, list):
        raise SourceError(f"{path.name}: rows must be a list of lists.\n  Export the data set again.")
    for at, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            got = f"{len(row)} cells" if isinstance(row, list) else "no list of cells"
            raise SourceError(f"{path.name}, row {at} has {got} for {len(names)} columns.\n  Every row has one cell for each column, null when empty.")
    told = about.get("records")
    if isinstance(told, int) and told != len(rows):
        raise SourceError(f"{path.name} says that it has {told} rows and has {len(rows)}.\n  The file was cut off or edited; export it again.")
    series = [_column(name, kind, [row[i] for row in rows], path) for i, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    return DataSet(str(about.get("name", "")), str(about.get("label", "")), pl.DataFrame(series))


def _column(name: str, kind: str, cells: list[Any], path: Path) -> pl.Series:
    for at, cell in enumerate(cells, start=1):
        if isinstance(cell, list | dict):
            raise SourceError(f"{path.name}, row {at}: {name} holds a list or an object.\n  A cell is a text, a number, true, false or null.")
    if kind in _NUMBERS:
        try:
            return pl.Series(name, [None if c is None or c == "" else float(c) for c in cells], dtype=pl.Float64)
        except ValueError:
            pass  # a number written as words: kept as words
    return pl.Series(name, [None if c is None or c == "" else c if isinstance(c, str) else str(c) for c in cells], dtype=pl.String)


def write(data: DataSet, path: Path, labels: Mapping[str, str]) -> None:
    """Write one data set, as NDJSON when the file is called so; ``labels`` are those of its columns."""
    orjson = needs("orjson")
    columns = []
    for name, kind in data.rows.schema.items():
        one: dict[str, Any] = {"itemOID": f"IT.{data.name}.{name}", "name": name, "label": labels.get(name, name),
                               "dataType": "float" if kind == pl.Float64 else "string"}
        if kind == pl.String:
            one["length"] = max(1, int(data.rows[name].str.len_chars().max() or 1))  # type: ignore[arg-type]
        columns.append(one)
    about = {
        "datasetJSONCreationDateTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "datasetJSONVersion": VERSION,
        "itemGroupOID": f"IG.{data.name}", "records": len(data.rows), "name": data.name, "label": data.label, "columns": columns,
    }
    rows = [list(row) for row in data.rows.iter_rows()]
    if path.suffix.lower() == ".ndjson":
        path.write_bytes(b"\n".join([orjson.dumps(about), *(orjson.dumps(row) for row in rows), b""]))
    else:
        path.write_bytes(orjson.dumps({**about, "rows": rows}))
