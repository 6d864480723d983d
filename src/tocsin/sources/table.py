"""A file to tables of strings that know the number of each row, as an editor shows it.

Knows encodings, delimiters, comments, blank lines, quoted cells, compression, and what is not a table at all.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tocsin.errors import SourceError
from tocsin.timeline import sha256_of

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_LONGEST_QUOTED = 200  # lines; a longer quoted cell is a quote that was never closed
_BLOCK = 100_000
_BLANKS = " \t\r\n\v\f\u00a0\u2007\u202f\ufeff"
_BINARY = {
    b"%PDF": "a PDF document; export the table behind it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls); save it as .xlsx or CSV",
    b"PAR1": "a Parquet file; use Timeline.read_parquet",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


@dataclass
class Sheet:
    """One table: ``frame`` has the string columns "0", "1", ... (null when empty) and ``row``; ``others`` counts other rows."""

    path: Path
    file: str
    sha256: str
    title: str
    header: list[str]
    frame: pl.DataFrame
    others: int = 0
    comments: int = 0
    too_long: list[int] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def load(path: Path, file: str, delimiter: str | None) -> list[Sheet]:
    """The tables of a file; SourceError when it is missing, empty, binary or cannot be read."""
    _refuse(path, file)
    sha256 = sha256_of(path)
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise SourceError(f"{file} is compressed, but damaged or cut short.\n  Copy it again from where it came.") from None
    if data[:4] == b"PK\x03\x04":
        from tocsin.sources.excel import workbook  # openpyxl is loaded only for a workbook

        return workbook(path, file, sha256, data)
    data, encoding = to_utf8(data, file)
    sheet = from_bytes(data, path, file, sha256, delimiter)
    sheet.settings["encoding"] = encoding
    return [sheet]


def _refuse(path: Path, file: str) -> None:
    if path.is_dir():
        raise SourceError(f"{file} is a folder, not a file.\n  Name the files in it, for example {file}/*.csv.")
    if not path.exists():
        raise SourceError(f"{file} does not exist.\n  Check the name and the folder; paths are taken from where you are now.")
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            head = handle.read(8)
    except OSError as error:
        raise SourceError(f"{file} cannot be opened: {error.strerror}.\n  Check its permissions.") from None
    if size == 0:
        raise SourceError(f"{file} is empty: it has no bytes.\n  `tocsin template` writes a file to start from.")
    for magic, what in _BINARY.items():
        if head.startswith(magic):
            raise SourceError(f"{file} is not a table: it looks like {what}.")


def to_utf8(data: bytes, file: str) -> tuple[bytes, str]:
    """The text as UTF-8 with lines ending in a newline, and the name of the encoding it came in."""
    if data.startswith(codecs.BOM_UTF8):
        data, encoding = data[3:], "utf-8-sig"
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data, encoding = data.decode("utf-16").encode(), "utf-16"
        except UnicodeError:
            raise SourceError(f"{file} begins like UTF-16 text but is not.\n  Save it as CSV in UTF-8.") from None
    else:
        encoding = "utf-8"
    if b"\0" in data:
        raise SourceError(
            f"{file} is not a text file: it holds NUL bytes at byte {data.index(0) + 1}.\n  Save it as CSV in UTF-8, or as .xlsx."
        )
    if not data.isascii():
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for start in range(0, len(data), 1 << 24):
                decoder.decode(data[start:start + (1 << 24)])
            decoder.decode(b"", final=True)
        except UnicodeError:
            try:
                data, encoding = data.decode("cp1252").encode(), "latin-1 (Windows 1252)"
            except UnicodeError:
                data, encoding = data.decode("latin-1").encode(), "latin-1"
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data, encoding


def from_bytes(data: bytes, path: Path, file: str, sha256: str, delimiter: str | None) -> Sheet:
    """One table from UTF-8 bytes: quickly when every line is a row, carefully when quotes or comments make it not so."""
    head, rows_before, comments = _header_line(data, file)
    chosen = delimiter or sniff(data[head:head + 65536].decode("utf-8", errors="ignore"))
    body, first = data[head:], rows_before + 1
    settings = {"delimiter": DELIMITER_NAMES.get(chosen, chosen)}
    quick = _quickly(body, chosen, first)
    if quick is None:
        frame, more_comments, blank, too_long = _carefully(body, chosen, first, file)
    else:
        frame, more_comments = quick
        blank, too_long = 0, []
    frame = tidy(frame)
    columns = [name for name in frame.columns if name != "row"]
    header = [str(cell or "") for cell in frame.select(columns).row(0)]
    frame = frame.slice(1)
    late = frame[columns[0]].str.starts_with("#").fill_null(False)  # a comment that a spreadsheet has put in quotes
    if late.any():
        more_comments += int(late.sum())
        frame = frame.filter(~late)
    sheet = Sheet(path, file, sha256, "", header, frame, rows_before + more_comments + blank, comments + more_comments,
                  too_long, settings)
    if len(frame) == 0 and comments + more_comments == 0:
        raise SourceError(f"{file} has a header and no rows.\n  Write at least one row below {', '.join(header[:6])!r}.")
    return sheet


def _header_line(data: bytes, file: str) -> tuple[int, int, int]:
    """Where the header begins, how many lines stand before it, and how many of these are comments."""
    start = lines = comments = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        line = data[start:end].strip(b" \t\r,;|\"")
        if line and not line.startswith(b"#"):
            return start, lines, comments
        comments += line.startswith(b"#")
        lines += 1
        start = end + 1
    raise SourceError(f"{file} has no rows: only blank lines or comments.\n  `tocsin template` writes a file to start from.")


def sniff(text: str) -> str:
    """The delimiter that cuts the header and the lines after it into the same number of cells; a comma when none does."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")][:30]
    best, most = ",", (0.0, 0)
    for mark in DELIMITERS:
        counts = [len(re.sub(r'"[^"]*"', "", line).split(mark)) - 1 for line in lines]
        if counts and counts[0]:
            agreeing = sum(count == counts[0] for count in counts) / len(counts)
            # The header decides: decimal commas make commas agree badly with it.
            score = (1.0 + agreeing, counts[0])
            if score > most:
                best, most = mark, score
    return best


def _quickly(body: bytes, delimiter: str, first: int) -> tuple[pl.DataFrame, int] | None:
    """The rows by the fast reader, or None when its rows are not the lines of the file."""
    numbers: list[int] = []
    if b"\n#" in body:
        if b'"' in body:
            return None
        body, numbers = _without_comments(body)
    lines = body.count(b"\n") + (not body.endswith(b"\n"))
    try:
        frame = pl.read_csv(
            body, has_header=False, infer_schema=False, separator=delimiter, infer_schema_length=1000,
            quote_char='"' if b'"' in body else None,
        )
    except pl.exceptions.PolarsError:
        return None
    if len(frame) != lines or (body.count(b'"', 0, 1 << 20) % 2 and len(body) < 1 << 20):
        return None
    frame.columns = [str(i) for i in range(frame.width)]
    row = pl.int_range(first, first + lines, dtype=pl.UInt32, eager=True).alias("row")
    if numbers:
        skipped = pl.Series(numbers, dtype=pl.UInt32) + first
        kept = pl.int_range(first, first + lines + len(numbers), dtype=pl.UInt32, eager=True)
        row = kept.filter(~kept.is_in(skipped.implode())).alias("row")
    return frame.with_columns(row), len(numbers)


def _without_comments(body: bytes) -> tuple[bytes, list[int]]:
    """The text without its lines that start with '#', and the places (from 0) of these lines."""
    pieces, numbers, start, line = [], [], 0, 0
    while (at := body.find(b"\n#", start)) >= 0:
        line += body.count(b"\n", start, at + 1)
        pieces.append(body[start:at + 1])
        end = body.find(b"\n", at + 1)
        numbers.append(line)
        line += 1
        start = len(body) if end < 0 else end + 1
        while body[start:start + 1] == b"#":
            end = body.find(b"\n", start)
            numbers.append(line)
            line += 1
            start = len(body) if end < 0 else end + 1
    pieces.append(body[start:])
    return b"".join(pieces), numbers


def _carefully(body: bytes, delimiter: str, first: int, file: str) -> tuple[pl.DataFrame, int, int, list[int]]:
    """The rows one by one: quoted cells over several lines, comments, and rows that are longer than the header."""
    between_rows = True
    comments = blank = 0

    def lines() -> Iterator[str]:
        nonlocal between_rows, comments
        for line in io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""):
            if between_rows and line.lstrip().startswith("#"):
                comments += 1
                skipped.append(1)
                continue
            between_rows = False
            yield line

    skipped: list[int] = []
    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    blocks: list[pl.DataFrame] = []
    cells: list[list[str | None]] = []
    numbers: list[int] = []
    too_long: list[int] = []
    width, done = 0, 0
    try:
        for cut in reader:
            line = reader.line_num + len(skipped)
            row = first + line - (reader.line_num - done)
            if reader.line_num - done > _LONGEST_QUOTED:
                raise SourceError(f"{file}, row {row}: a quote opened here is not closed for {_LONGEST_QUOTED} lines.\n  Close it.")
            done, between_rows = reader.line_num, True
            if not cut:
                blank += 1
                continue
            width = width or len(cut)
            if any(cell.strip() for cell in cut[width:]):
                too_long.append(row)
            cells.append([*cut[:width], *[None] * (width - len(cut))])
            numbers.append(row)
            if len(cells) == _BLOCK:
                blocks.append(_block(cells, numbers, width))
                cells, numbers = [], []
    except csv.Error as error:
        row = first + done + len(skipped)
        raise SourceError(f"{file}, row {row}: the quotes of this row do not pair ({error}).\n  Close the quote or remove it.") from None
    if cells or not blocks:
        blocks.append(_block(cells, numbers, width))
    return pl.concat(blocks), comments, blank, too_long


def _block(cells: list[list[str | None]], numbers: list[int], width: int) -> pl.DataFrame:
    columns = {str(i): pl.Series([row[i] for row in cells], dtype=pl.String) for i in range(width)}
    return pl.DataFrame(columns).with_columns(pl.Series("row", numbers, dtype=pl.UInt32))


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Every cell without blanks around it, and null when nothing is left."""
    cell = pl.col(pl.String).str.strip_chars(_BLANKS)
    return frame.with_columns(pl.when(cell != "").then(cell).name.keep())
