"""Where the tables of an OMOP database stand: a folder of CSV or Parquet files, or a zip of CSVs.  Databases: ``omop_database``.

A store answers three questions about a table: how many rows there are of each combination of some columns, whether a column of
times tells any time of day, and the rows that hold one of some values.  Ids come as text, digit by digit (64-bit, negative ones
too), numbers as floats, times as wall-clock times.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import clock
from tocsin.timeline.reading import sha256_of

Where = Mapping[str, Collection[str]]
"""Columns and the values of which a row must hold one, in any of them."""

ID, TEXT, NUMBER, DATE, DATETIME = "id", "text", "number", "date", "datetime"
"""What a column holds: an id (digits), words, a number, a day, or a moment."""
PIECE = 1_000_000
_ENDINGS = (".csv", ".csv.gz", ".parquet")
_OFFSET = r"(?i)(:\d{2}(?:\.\d+)?)\s*(?:z|utc|[+-]\d{2}:?\d{2})$"
_TIME_OF_DAY = r"\d[T ]\s*\d{1,2}:\d{2}"
_MIDNIGHT = r"\d[T ]\s*0{1,2}:00(?::00(?:\.0+)?)?\s*(?:[Zz]|[+-]\d{2}:?\d{2})?$"
_MOST_UNPACKED = 200      # a zip member may unpack to this many times its size ...
_ALWAYS_UNPACKED = 1 << 28  # ... and all of them together to this many bytes in any case


class Store(Protocol):
    """An OMOP database, wherever it stands."""

    describe: str

    def parts(self, table: str) -> Sequence[str]:
        """The files that hold a table, by the name to show; none when there is no such table."""

    def columns(self, table: str, part: str) -> frozenset[str]:
        """The columns of a table, in small letters."""

    def counts(self, table: str, part: str, by: Sequence[str]) -> pl.DataFrame:
        """How many rows (``len``) there are of each combination of these columns, as text; all rows of the part are counted."""

    def timed(self, table: str, part: str, column: str) -> bool:
        """Whether any time in this column is other than midnight."""

    def rows(self, table: str, part: str, wanted: Mapping[str, str], where: Where | None = None) -> Iterator[pl.DataFrame]:
        """The rows, in pieces, with ``row`` and the wanted columns (name -> kind); a column that the table lacks is null."""

    def sha256(self, table: str, part: str) -> str:
        """The hash of the file; empty for a table of a database."""

    def close(self) -> None:
        """Nothing more will be asked."""

    def names(self) -> list[str]:
        """The tables by their names in small letters, in order."""


def as_id(column: str) -> pl.Expr:
    """Text of an id as its digits; what is no whole number is null, so that digits lost to 8.5E+18 are never made up."""
    return pl.col(column).str.extract(r"^\s*(-?\d+)(?:\.0+)?\s*$")


def typed(frame: pl.DataFrame, wanted: Mapping[str, str], file: str) -> pl.DataFrame:
    """The wanted columns of a piece in their types; a ``datetime`` written without its time of day is null."""
    out: list[pl.Expr | pl.Series] = [pl.col("row").cast(pl.UInt32)]
    for name, kind in wanted.items():
        out.append(_typed(frame, name, kind, file))
    return frame.select(out)


def _typed(frame: pl.DataFrame, name: str, kind: str, file: str) -> pl.Expr | pl.Series:
    empty = {ID: pl.String, TEXT: pl.String, NUMBER: pl.Float64}.get(kind, pl.Datetime("us"))
    if name not in frame.columns:
        return pl.lit(None, dtype=empty).alias(name)
    have, column = frame.schema[name], pl.col(name)
    if kind == ID:
        if have == pl.String:
            return as_id(name)
        if have.is_float():
            _no_lost_digits(frame[name], name, file)
            return column.cast(pl.Int64).cast(pl.String)
        return column.cast(pl.String)
    if kind == TEXT:
        if have != pl.String:
            return column.cast(pl.String)
        trimmed = column.str.strip_chars()
        return pl.when(trimmed != "").then(trimmed).alias(name)
    if kind == NUMBER:
        return column.str.strip_chars().cast(pl.Float64, strict=False) if have == pl.String else column.cast(pl.Float64)
    if have == pl.String:
        local = frame[name].str.strip_chars().str.replace(_OFFSET, "${1}")
        parsed = clock.parse(local, "dmy", None)
        when = parsed["when"] if kind == DATE else parsed.select(pl.when(~pl.col("dated")).then("when"))["when"]
        return (when.dt.truncate("1d") if kind == DATE else when).alias(name)
    if isinstance(have, pl.Datetime) and have.time_zone is not None:
        column = column.dt.replace_time_zone(None)
    column = column.cast(pl.Datetime("us"))
    return column.dt.truncate("1d") if kind == DATE else column


def _no_lost_digits(ids: pl.Series, name: str, file: str) -> None:
    """Raise SourceError when ids were kept as floating-point numbers beyond 2**53, where neighbours become one."""
    if (ids.abs() > 2**53).any():
        raise SourceError(
            f"{file}: {name} is stored as a floating-point number, and ids as large as these have lost their last digits.\n"
            "  Export the column as a whole number (64 bits) or as text."
        )


class Files:
    """CSV, gzipped CSV and Parquet files; a table is a file, or a folder of pieces, with its name."""

    def __init__(self, folder: Path, tables: Mapping[str, str | Sequence[str]] | None = None, describe: str = "") -> None:
        self.folder, self.describe = folder, describe or folder.name
        self._found: dict[str, dict[str, Path]] = {}
        for path in sorted(folder.iterdir()):
            table = _table_of(path)
            if path.is_dir():
                inside = sorted(p for p in path.iterdir() if _table_of(p) is not None and p.is_file())
                if inside:
                    self._found.setdefault(path.name.lower().removesuffix(".parquet"), {}).update({f"{path.name}/{p.name}": p for p in inside})
            elif table is not None:
                self._found.setdefault(table, {})[path.name] = path
        for table, names in (tables or {}).items():
            chosen = [names] if isinstance(names, str) else list(names)
            for name in chosen:
                if not (folder / name).is_file():
                    raise SourceError(f"{self.describe}: there is no file {name!r} for the table {table}.\n  It has: {self._listing()}.")
            self._found[table.lower()] = {name: folder / name for name in chosen}

    def _listing(self) -> str:
        names = [p.name for p in sorted(self.folder.iterdir())]
        return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")

    def names(self) -> list[str]:
        return sorted(self._found)

    def close(self) -> None:
        pass

    def parts(self, table: str) -> Sequence[str]:
        return list(self._found.get(table, ()))

    def sha256(self, table: str, part: str) -> str:
        return sha256_of(self._found[table][part])

    def _scan(self, table: str, part: str) -> pl.LazyFrame:
        """The file with its columns in small letters; every column of a CSV is text."""
        path = self._found[table][part]
        if path.name.lower().endswith(".parquet"):
            lazy = pl.scan_parquet(path, glob=False)
        else:
            lazy = pl.scan_csv(path, infer_schema=False, encoding="utf8-lossy", glob=False, **_dialect(path))  # type: ignore[arg-type]
        try:
            have = lazy.collect_schema().names()
        except pl.exceptions.NoDataError:
            return pl.LazyFrame()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(part, error) from None
        lower = {name: name.strip("\ufeff \t").lower() for name in have}
        if len(set(lower.values())) < len(lower):
            raise SourceError(f"{part}: two columns have the same name when capitals do not count.\n  Name each column once.")
        return lazy.rename(lower)

    def columns(self, table: str, part: str) -> frozenset[str]:
        return frozenset(self._scan(table, part).collect_schema().names())

    def _text(self, lazy: pl.LazyFrame, name: str) -> pl.Expr:
        """A column as the text that ``rows`` would give: ids as digits."""
        kind = lazy.collect_schema()[name]
        if kind != pl.String:
            return pl.col(name).cast(pl.Int64).cast(pl.String) if kind.is_float() else pl.col(name).cast(pl.String)
        return as_id(name) if name.endswith("_id") else pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars()).alias(name)

    def counts(self, table: str, part: str, by: Sequence[str]) -> pl.DataFrame:
        lazy = self._scan(table, part)
        have = lazy.collect_schema().names()
        keys = [self._text(lazy, name) if name in have else pl.lit(None, dtype=pl.String).alias(name) for name in by]
        asked = lazy.select(keys).group_by(list(by)).len() if keys else lazy.select(pl.len())
        try:
            return asked.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(part, error) from None

    def timed(self, table: str, part: str, column: str) -> bool:
        lazy = self._scan(table, part)
        schema = lazy.collect_schema()
        if column not in schema:
            return False
        kind = schema[column]
        if kind == pl.String:
            day = pl.col(column).str.strip_chars()
            some = day.str.contains(_TIME_OF_DAY) & ~day.str.contains(_MIDNIGHT)
        elif isinstance(kind, pl.Datetime):
            some = pl.col(column) != pl.col(column).dt.truncate("1d")
        else:
            return False
        return bool(lazy.select(some.any().fill_null(False)).collect(engine="streaming").item())

    def rows(self, table: str, part: str, wanted: Mapping[str, str], where: Where | None = None) -> Iterator[pl.DataFrame]:
        lazy = self._scan(table, part)
        have = lazy.collect_schema().names()
        first = 1 if part.lower().endswith(".parquet") else 2
        lazy = lazy.with_row_index("row", offset=first)
        if where is not None:
            any_of = [self._text(lazy, name).is_in(sorted(values)) for name, values in where.items() if name in have and values]
            lazy = lazy.filter(pl.any_horizontal(any_of) if any_of else pl.lit(False))
        lazy = lazy.select("row", *(name for name in wanted if name in have))
        try:
            for piece in lazy.collect_batches(chunk_size=PIECE, maintain_order=True):
                yield typed(piece, wanted, part)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(part, error) from None


def _unreadable(part: str, error: Exception) -> SourceError:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return SourceError(f"{part} cannot be read: {why}\n  Tables are CSV (comma, or tab as the vocabulary download has it), gzipped CSV or Parquet.")


def _table_of(path: Path) -> str | None:
    """The table that a file is by its name, or None when it is none."""
    name = path.name.lower()
    for ending in sorted(_ENDINGS, key=len, reverse=True):
        if name.endswith(ending) and not name.startswith("."):
            return name.removesuffix(ending)
    return None


def _dialect(path: Path) -> dict[str, object]:
    """Comma and quotes; or tabs without quotes, as the files of the vocabulary download have it."""
    import gzip

    try:
        with (gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")) as handle:
            head = handle.readline(1 << 16)
    except (OSError, EOFError) as error:
        raise _unreadable(path.name, error) from None
    return {"separator": "\t", "quote_char": None} if b"\t" in head else {"separator": ","}


class Zip(Files):
    """A zip of CSV files, unpacked table by table into a folder that goes when the reading ends."""

    def __init__(self, path: Path, tables: Mapping[str, str | Sequence[str]] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-omop-", ignore_cleanup_errors=True)
        self._free = _ALWAYS_UNPACKED
        try:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    inner = PurePosixPath(member.filename.replace("\\", "/"))
                    plain = not member.is_dir() and "__MACOSX" not in inner.parts and not inner.name.startswith(".")
                    if plain and inner.name.lower().endswith(_ENDINGS):
                        self._unpack(archive, member, inner.name, path.name)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise SourceError(f"{path.name} cannot be unpacked: {error}\n  Unpack it yourself and name the folder.") from None
        super().__init__(Path(self._folder.name), tables, path.name)

    def _unpack(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, where: str) -> None:
        target = Path(self._folder.name) / name
        if target.exists():
            raise SourceError(f"{where} holds two files called {name}.\n  Unpack it, keep one, and name the folder.")
        most = max(self._free, _MOST_UNPACKED * member.compress_size)
        written = 0
        with archive.open(member) as packed, target.open("wb") as out:
            while block := packed.read(1 << 20):
                written += len(block)
                if written > most:
                    raise SourceError(f"{where}: {name} unpacks to more than {_MOST_UNPACKED} times its size: not read.\n"
                                      "  If it is sound, unpack it yourself and name the folder.")
                out.write(block)
        self._free = max(0, self._free - written)

    def close(self) -> None:
        self._folder.cleanup()


def files(path: Path, tables: Mapping[str, str | Sequence[str]] | None = None) -> Files:
    """The store of a folder or of a zip; SourceError when it is neither."""
    if path.is_dir():
        return Files(path, tables)
    if zipfile.is_zipfile(path):
        return Zip(path, tables)
    raise SourceError(f"{path.name} is no OMOP database: name a folder of tables (CSV or Parquet), a zip of CSVs, a DuckDB file, or postgresql://...")
