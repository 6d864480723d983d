"""The tables of a CLIF folder: which files they are, read in pieces of bounded size, with times and numbers as they stand.

Table and column names: the CLIF data dictionary, DDL of versions 2.1 and 3.0 (github.com/Common-Longitudinal-ICU-data-Format/CLIF).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import selectors

from tocsin.errors import SourceError
from tocsin.sources import clock

PIECE = 1_000_000
"""Rows that are held at a time."""
_AS_TEXT = selectors.integer() | selectors.boolean() | selectors.categorical() | selectors.enum() | selectors.by_dtype(pl.Null)
_WORDS = r"_(?:id|name|category|group|unit|code|format|type)$|^(?:lab_value|categorical_value|text_value|text|attribution|site|note|code|name|action)$"
_TEXTS = _WORDS + r"|_dttm$|^birth_date$"
_SUFFIXES = (".parquet", ".csv.gz", ".csv")
_OFFSET = r"\s*(Z|z|UTC|[+-]\d{2}:?\d{2})$"

TABLES = frozenset({
    "patient", "hospitalization", "adt", "vitals", "labs", "respiratory_support", "medication_admin_continuous",
    "medication_admin_intermittent", "patient_assessments", "crrt_therapy", "code_status", "position", "hospital_diagnosis",
    "patient_procedures", "patient_diagnosis", "ecmo_mcs", "mcs", "intermittent_dialysis", "intake_output", "input", "output",
    "invasive_hemodynamics", "key_icu_orders", "medication_orders", "microbiology_culture", "microbiology_nonculture",
    "microbiology_susceptibility", "place_based_index", "provider", "therapy_details", "transfusion", "clinical_trial",
    "clinical_notes_facts", "clinical_notes_text", "validated_diagnosis", "model_registry", "scores", "radiology",
    "tocsin_events", "tocsin_complete", "tocsin_grades",
})
"""The tables of CLIF 2.1 and 3.0, and the three that Tocsin writes beside them."""


@dataclass(frozen=True, slots=True)
class File:
    """One table of the folder; ``columns`` are its names in small letters -> as written."""

    table: str
    path: Path
    columns: dict[str, str]

    @property
    def first_row(self) -> int:
        """The number of the first row of data: 1, or 2 below the header of a CSV file."""
        return 1 if self.path.suffix == ".parquet" else 2

    def scan(self) -> pl.LazyFrame:
        """The whole table, lazily."""
        return _scan(self.path)

    def count(self) -> int:
        """How many rows it has."""
        return int(_collected(self.scan().select(pl.len()), self.path).item())

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The table in order, a million rows at a time: ``row`` and these columns, null where the file has none of that name.

        Texts come without blanks around them, and an empty one is null.  Identifiers and codes are texts however they are stored.
        """
        wanted = [pl.col(self.columns[name]).alias(name) for name in columns if name in self.columns]
        absent = [pl.lit(None, pl.String).alias(name) for name in columns if name not in self.columns]
        chosen = self.scan().select(wanted)
        self._plain(chosen)
        for start in range(0, max(self.count(), 1), PIECE):
            frame = _collected(chosen.slice(start, PIECE), self.path).with_columns(absent)
            # a column of words without any is one of numbers, all of them empty, to those who write Parquet with pandas
            frame = frame.with_columns((selectors.float() & selectors.matches(_TEXTS)).fill_nan(None).cast(pl.String).str.strip_suffix(".0"))
            frame = frame.with_columns((selectors.temporal() & selectors.matches(_WORDS) | selectors.decimal() & selectors.matches(_TEXTS)).cast(pl.String))
            frame = frame.with_columns(_AS_TEXT.cast(pl.String)).with_columns(
                pl.col(pl.String).str.strip_chars().replace("", None), pl.col(pl.Float32, pl.Float64).fill_nan(None))
            yield frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row") + (start + self.first_row))

    def _plain(self, chosen: pl.LazyFrame) -> None:
        """Raise SourceError for a column that is neither text, number, time nor true and false."""
        for name, kind in chosen.collect_schema().items():
            if kind.is_nested() or kind in (pl.Binary, pl.Object, pl.Duration, pl.Time):
                raise SourceError(f"{self.path.name}: the column {name} is of type {kind}, as no column of CLIF is.\n"
                                  "  Export it as text, as a number or as a time.")

    def whole(self, columns: Sequence[str]) -> pl.DataFrame:
        """All pieces together, for the small tables that everything else refers to."""
        return pl.concat(self.pieces(columns))


def find(folder: str | Path) -> tuple[dict[str, File], list[str]]:
    """The tables of a folder by name, and sentences about what else lies there.

    Raises SourceError when there is no folder, or no table of CLIF in it.
    """
    root = Path(folder)
    if not root.is_dir():
        raise SourceError(f"There is no folder {str(folder)!r}.\n  CLIF is a folder of tables: clif_vitals.parquet, clif_labs.parquet, ...")
    found: dict[str, File] = {}
    other: list[str] = []
    told: list[str] = []
    for path in sorted(root.iterdir(), key=lambda p: (_rank(p), p.name)):
        name = _table(path)
        if name is None:
            other += [path.name] if not path.name.startswith(".") else []
        elif name in found:
            told.append(f"{path.name} is not read: {found[name].path.name} holds the same table")
        else:
            found[name] = File(name, path, {c.strip().lower(): c for c in _columns(path)})
    if not set(found) & TABLES:
        raise SourceError(f"{root} holds no table of CLIF.\n  They are called clif_vitals.parquet, clif_labs.csv and so on, with or without clif_.")
    unknown = sorted(f.path.name for name, f in found.items() if name not in TABLES)
    if unknown:
        told.append(f"not read, because CLIF 2.1 and 3.0 have no such table: {', '.join(unknown)}")
    if other:
        told.append(f"not read, because they are neither Parquet nor CSV: {', '.join(other)}")
    return found, told


def needs(file: File, *columns: str) -> None:
    """Raise SourceError unless the table has these columns."""
    missing = [name for name in columns if name not in file.columns]
    if missing:
        raise SourceError(f"{file.path.name}: the table {file.table} has no column {', '.join(missing)}.\n"
                          f"  Its columns are {', '.join(file.columns.values())}; see the data dictionary of CLIF.")


def _rank(path: Path) -> int:
    return next((i for i, suffix in enumerate(_SUFFIXES) if path.name.lower().endswith(suffix)), len(_SUFFIXES))


def _table(path: Path) -> str | None:
    rank = _rank(path)
    if rank == len(_SUFFIXES) or path.is_dir():
        return None
    return path.name.lower().removesuffix(_SUFFIXES[rank]).removeprefix("clif_").replace("-", "_")


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path) if path.suffix == ".parquet" else pl.scan_csv(path, infer_schema=False)


def _columns(path: Path) -> list[str]:
    try:
        return _scan(path).collect_schema().names()
    except pl.exceptions.NoDataError:
        raise SourceError(f"{path.name} is empty.\n  Remove it, or give it a header.") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None


def _collected(frame: pl.LazyFrame, path: Path) -> pl.DataFrame:
    try:
        return frame.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path.name} cannot be read: {str(error).splitlines()[0]}.\n  Export it again.")


# ---------------------------------------------------------------- times and numbers

def aware(files: Sequence[File]) -> bool:
    """Whether times are moments in UTC, as CLIF asks for: any column of times has a zone, or any text in one an offset."""
    for file in files:
        schema = file.scan().collect_schema()
        for small, name in file.columns.items():
            kind = schema[name]
            if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
                return True
            if kind == pl.String and small.endswith("_dttm"):
                seen = _collected(file.scan().select(name).drop_nulls().head(1000), file.path)[name]
                if seen.str.contains(_OFFSET).any():
                    return True
    return False


def times(frame: pl.DataFrame, columns: Sequence[str], wall: bool) -> pl.DataFrame:
    """These columns as datetimes without a zone: in UTC, or the wall clock as written when ``wall``.

    ``unreadable`` says in which rows one of them is written in a way that is no time.
    """
    out = []
    odd = pl.repeat(False, len(frame), eager=True)
    for name in columns:
        kind = frame.schema[name]
        if kind == pl.String:
            texts = frame[name].str.replace(_OFFSET, "") if wall else frame[name]
            read = clock.parse(texts, "dmy", None)["when"].alias(name)
            odd |= read.is_null() & texts.is_not_null()
            out.append(read)
        elif isinstance(kind, pl.Datetime) and kind.time_zone is not None:
            there = pl.col(name) if wall else pl.col(name).dt.convert_time_zone("UTC")
            out.append(frame.select(there.dt.replace_time_zone(None).cast(pl.Datetime("us")))[name])
        else:
            out.append(frame.select(pl.col(name).cast(pl.Datetime("us")))[name])
    return frame.with_columns(*out, odd.alias("unreadable"))


def number(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A column as numbers: single precision as the shortest number that it stands for (0.1, not 0.10000000149); null where it is none."""
    kind = frame.schema[column]
    if kind == pl.Float32:
        return pl.col(column).cast(pl.String).cast(pl.Float64)
    return pl.col(column).cast(pl.Float64, strict=False)
