"""An Excel workbook to tables of strings: each sheet is one, its header is the first row that is not empty."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources.table import Sheet, tidy

_ERRORS = ("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


def workbook(path: Path, file: str, sha256: str, data: bytes) -> list[Sheet]:
    """The sheets of a workbook that hold anything; SourceError when it is a zip of something else."""
    import openpyxl  # 100 ms that only a workbook needs

    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = [_sheet(path, file, sha256, sheet) for sheet in book.worksheets]
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, SyntaxError) as error:
        raise SourceError(
            f"{file} is a zip file but not an Excel workbook that can be read ({type(error).__name__}).\n"
            "  Unpack it, or save the workbook again as .xlsx or CSV."
        ) from None
    found = [sheet for sheet in sheets if sheet is not None]
    if not found:
        raise SourceError(f"{file} has no sheet with anything in it.")
    if len(found) == 1:
        found[0].file = file
    return found


def _sheet(path: Path, file: str, sha256: str, sheet: Any) -> Sheet | None:
    header: list[str] = []
    cells: list[list[str | None]] = []
    numbers: list[int] = []
    others = comments = 0
    too_long: list[int] = []
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in row]
        if not any(texts):
            others += 1
            continue
        first = next(text for text in texts if text)
        if first.startswith("#") and not first.startswith(_ERRORS):
            others += 1
            comments += 1
            continue
        if not header:
            header = [text or "" for text in texts]
            while header and not header[-1]:
                header.pop()
            continue
        if any(texts[len(header):]):
            too_long.append(number)
        texts += [None] * (len(header) - len(texts))
        cells.append(texts[:len(header)])
        numbers.append(number)
    if not header:
        return None
    columns = {str(i): pl.Series([row[i] for row in cells], dtype=pl.String) for i in range(len(header))}
    frame = pl.DataFrame(columns).with_columns(pl.Series("row", numbers, dtype=pl.UInt32))
    return Sheet(path, f"{file}/{sheet.title}", sha256, sheet.title, header, tidy(frame), others, comments, too_long,
                 {"sheet": sheet.title})


def _text(cell: Any) -> str | None:
    """A cell as a person would have typed it; dates in ISO 8601, percentages with their sign."""
    value = cell.value
    if value is None:
        return None
    style = str(getattr(cell, "number_format", "") or "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if "%" in style:
            return f"{value * 100:.12g}%"
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        whole = value.time() == time() and "h" not in style.lower()
        return value.date().isoformat() if whole else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value).strip() or None
