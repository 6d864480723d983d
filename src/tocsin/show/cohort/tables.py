"""A table of the report as CSV: as printed for people, and with every digit for machines.

A spreadsheet takes a text cell that begins with =, +, -, @, a tab or a line break as a formula.  Such a cell is written with an apostrophe
before it, which spreadsheets take for "this is text"; a number or an estimate with its interval is never changed.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from tocsin.cohort.parts import TablePart

FORMULA = re.compile(r"[=+\-@\t\r\n]")
NUMBER = re.compile(r"[+\-]?(\d+\.?\d*|\.\d+)([eE][+\-]?\d+)?( ?%)?")
ESTIMATE = re.compile(rf"{NUMBER.pattern} (\(|to )[\d .,%<>()\[\]–−+\-∞]*((to|CI|not reached)[\d .,%<>()\[\]–−+\-∞]*)*")
"""A number, or a number with what follows it in brackets or after "to"; nothing in it can name a function or a cell."""


def csv_cell(text: str) -> str:
    """A text as a spreadsheet may read it: never a formula."""
    if not FORMULA.match(text) or NUMBER.fullmatch(text) or ESTIMATE.fullmatch(text):
        return text
    return f"'{text}"


def write_printed(part: TablePart, path: Path) -> None:
    """The table as printed, with the mark of UTF-8 at its beginning, without which Excel shows en dashes and Greek letters as nonsense."""
    _safe(part.frame).write_csv(path, include_bom=True)


def write_numbers(part: TablePart, path: Path) -> None:
    """The numbers of the table, all digits; empty where a value is missing or not defined."""
    frame = part.frame if part.numbers is None else part.numbers
    _safe(frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))).write_csv(path)


def write_patients(frame: pl.DataFrame, path: Path) -> None:
    """One row a patient, all digits; lists with semicolons between their parts, what is not known empty."""
    _safe(frame.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))).write_csv(path)


def rows(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """The rows of a printed table as texts; what is null is an empty cell."""
    return [tuple("" if x is None else str(x) for x in row) for row in frame.iter_rows()]


def is_heading(row: tuple[str, ...]) -> bool:
    """Whether a row is the heading of those below it: nothing but its name."""
    return bool(row[0]) and len(row) > 1 and not any(row[1:])


def is_indented(row: tuple[str, ...]) -> bool:
    """Whether a row belongs to the heading above it."""
    return row[0].startswith("  ")


_AFTER = r"[\d\s.,;%()\[\]<>≤≥=+\-−–/∞eE]*"
FIGURES = re.compile(rf"[<>≤≥=~+\-−–∞\d.(]{_AFTER}((to|CI|of|n|not reached|infinite|NR|v){_AFTER})*")
WORDS_FOR_FIGURES = ("not reached", "not estimable", "not known", "not defined", "infinite", "none")
WIDEST_NUMBER = 34


def numeric(frame: pl.DataFrame) -> list[bool]:
    """Which columns hold figures (and dashes) throughout, and are therefore set to the right; the first, which names the rows, never does."""
    out = [False]
    for column in frame.columns[1:]:
        cells = ["" if x is None else str(x) for x in frame[column].to_list()]
        filled = [c for c in cells if c]
        out.append(bool(filled) and all(_figures(c) for c in filled))
    return out


def _figures(cell: str) -> bool:
    return cell in WORDS_FOR_FIGURES or (len(cell) <= WIDEST_NUMBER and FIGURES.fullmatch(cell) is not None)


def _safe(frame: pl.DataFrame) -> pl.DataFrame:
    """Names and texts that no spreadsheet takes for a formula; lists as one text."""
    columns = [_flat(s) for s in frame.get_columns()]
    made = [s.map_elements(csv_cell, return_dtype=pl.String) if s.dtype == pl.String and len(s) else s for s in columns]
    return pl.DataFrame([s.alias(csv_cell(s.name)) for s in made])


def _flat(s: pl.Series) -> pl.Series:
    if isinstance(s.dtype, pl.List):
        return pl.Series(s.name, [None if x is None else "; ".join(str(y) for y in x) for x in s.to_list()], pl.String)
    if s.dtype in (pl.Categorical, pl.Enum):
        return s.cast(pl.String)
    return s
