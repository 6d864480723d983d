"""The data sets of a trial on disk: SAS transport (XPT), Dataset-JSON or CSV, all as the same tables of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources import dataset_json
from tocsin.sources.optional import needs
from tocsin.timeline.reading import sha256_of

FINDINGS = ("VS", "LB", "FA", "RS")
EVENTS = ("AE", "CE", "DS")
INTERVENTIONS = ("EX", "CM", "PR")
DOMAINS = ("DM", *EVENTS, *INTERVENTIONS, *FINDINGS)
"""The domains that are read, in this order."""
_SUFFIXES = (".xpt", ".json", ".ndjson", ".csv", ".csv.gz")
_EMPTY = ["", "NA", "."]  # a cell of a CSV file that R or SAS left empty


@dataclass(frozen=True, slots=True)
class DataSet:
    """One file of a domain: ``rows`` has its columns as text (null when empty) and ``row``, the row of the file."""

    path: Path
    domain: str
    rows: pl.DataFrame
    sha256: str

    @property
    def file(self) -> str:
        """Its name, as people are shown it."""
        return self.path.name

    def text(self, *names: str) -> list[pl.Expr]:
        """These columns; null where the data set has none of that name."""
        return [pl.col(name) if name in self.rows.columns else pl.lit(None, pl.String).alias(name) for name in names]


@dataclass(frozen=True, slots=True)
class Found:
    """The data sets of a folder: ``sets`` of the domains that are read, ``supplements`` (SUPP--), and the names of files that are neither."""

    sets: tuple[DataSet, ...]
    supplements: tuple[DataSet, ...]
    others: tuple[str, ...]


def load(path: str | Path | Iterable[str | Path]) -> Found:
    """The data sets of a folder, of one file, or of several files.

    Raises SourceError when there is none, when one data set stands there in two formats, and for a file that cannot be read.
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(p) for p in path]
    files = [file for one in paths for file in ([one] if one.is_file() else sorted(p for p in one.glob("*") if p.is_file()))]
    missing = [str(one) for one in paths if not one.exists()]
    if missing:
        raise SourceError(f"There is no file or folder {missing[0]}.\n  Name the folder that holds the data sets (dm.xpt, vs.xpt, ...).")
    kept: dict[str, Path] = {}
    sets, supplements, others = [], [], []
    for file in files:
        stem, suffix = _cut(file)
        if suffix not in _SUFFIXES or (stem[:2].upper() not in DOMAINS and not stem.startswith("supp")):
            others.append(file.name)
            continue
        if stem in kept:
            raise SourceError(f"{kept[stem].name} and {file.name} hold the same data set.\n  Keep one of them, or name the files to read.")
        one = _read(file, suffix)
        names = set(one.rows.columns)
        if {"RDOMAIN", "USUBJID", "QNAM", "QVAL"} <= names:
            supplements.append(one)
        elif one.domain in DOMAINS and "USUBJID" in names:
            sets.append(one)
        else:
            others.append(file.name)
            continue
        kept[stem] = file
    if not sets:
        raise SourceError(f"No data set of SDTM is in {', '.join(str(p) for p in paths)}.\n  Looked for {', '.join(d.lower() for d in DOMAINS)} as "
                          f"{', '.join(_SUFFIXES)}, each with the columns DOMAIN and USUBJID.")
    order = {domain: index for index, domain in enumerate(DOMAINS)}
    return Found(tuple(sorted(sets, key=lambda s: (order[s.domain], s.file))), tuple(supplements), tuple(others))


def _cut(file: Path) -> tuple[str, str]:
    name = file.name.lower()
    suffix = next((s for s in sorted(_SUFFIXES, key=len, reverse=True) if name.endswith(s)), file.suffix)
    return name.removesuffix(suffix), suffix


def _read(file: Path, suffix: str) -> DataSet:
    reader = {".xpt": _xpt, ".csv": _csv, ".csv.gz": _csv}.get(suffix)
    raw = reader(file) if reader else dataset_json.read(file).rows
    raw = raw.rename({name: name.strip().upper() for name in raw.columns})
    first = 2 if suffix.startswith(".csv") or suffix == ".ndjson" else 1
    text = raw.select(_as_text(pl.col(name), kind) for name, kind in raw.schema.items())
    rows = text.with_columns((pl.int_range(pl.len(), dtype=pl.UInt32) + first).alias("row"))
    told = rows["DOMAIN"].drop_nulls().unique().to_list() if "DOMAIN" in rows.columns else []
    return DataSet(file, told[0].upper() if len(told) == 1 else "", rows, sha256_of(file))


def _as_text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Text as it is, without blanks around it; a number as a person writes it, which reads back to the same number."""
    text = column.str.strip_chars() if kind == pl.String else column.cast(pl.String).str.strip_suffix(".0")
    return pl.when(text != "").then(text)


def _csv(file: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(file, infer_schema=False, null_values=_EMPTY)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file.name} cannot be read as CSV: {str(error).splitlines()[0]}\n  It needs a header, commas, UTF-8 and the same number of "
                          "cells in every row.") from None


def _xpt(file: Path) -> pl.DataFrame:
    pyreadstat = needs("pyreadstat")
    try:
        columns, _ = pyreadstat.read_xport(str(file), output_format="dict", disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OSError) as error:
        raise SourceError(f"{file.name} is no SAS transport file that can be read: {error}\n  Export it as version 5 or 8, not as SAS data (.sas7bdat) "
                          "nor by PROC CPORT.") from None
    return pl.DataFrame({name: pl.Series(name, values, strict=False) if values else pl.Series(name, [], dtype=pl.String)
                         for name, values in columns.items()})


# ---------------------------------------------------------------- supplemental qualifiers

@dataclass(frozen=True, slots=True)
class Qualifiers:
    """The supplemental qualifiers of one domain in one file: ``rows`` has row, USUBJID, IDVAR, IDVARVAL, QNAM, QLABEL, QVAL."""

    source: DataSet
    rows: pl.DataFrame


def qualifiers(found: Found, domain: str) -> Iterator[Qualifiers]:
    """The supplemental qualifiers of the rows of a domain, file by file."""
    for one in found.supplements:
        rows = one.rows.filter(pl.col("RDOMAIN").str.to_uppercase() == domain)
        if len(rows):
            yield Qualifiers(one, rows.select("row", *one.text("USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL")))


def joined(data: DataSet, supplement: Qualifiers) -> pl.DataFrame:
    """The qualifiers with ``parent``, the row that each is about; null when no row of the data set is it.

    Of several rows (a group, a visit) it is the first.
    """
    rows, pieces = supplement.rows, []
    for (name,), some in rows.group_by(["IDVAR"], maintain_order=True):
        if name is None:
            keys = data.rows.select("USUBJID", pl.col("row").alias("parent")).unique("USUBJID", keep="first", maintain_order=True)
            pieces.append(some.join(keys, on="USUBJID", how="left", maintain_order="left"))
        elif str(name).upper() in data.rows.columns:
            key = _plain(pl.col(str(name).upper()))
            keys = data.rows.select("USUBJID", key.alias("_key"), pl.col("row").alias("parent")).unique(["USUBJID", "_key"], keep="first", maintain_order=True)
            mine = some.with_columns(_plain(pl.col("IDVARVAL")).alias("_key"))
            pieces.append(mine.join(keys, on=["USUBJID", "_key"], how="left", maintain_order="left").drop("_key"))
        else:
            pieces.append(some.with_columns(pl.lit(None, pl.UInt32).alias("parent")))
    return pl.concat([rows.clear().with_columns(pl.lit(None, pl.UInt32).alias("parent")), *pieces]).sort("row")


def _plain(key: pl.Expr) -> pl.Expr:
    """A key as it compares: 3, 3.0 and " 3" are one."""
    return key.str.strip_chars().str.replace(r"\.0+$", "")


def base_name(qualifier: str) -> tuple[str, int]:
    """Name and number of a qualifier that goes on in others: TCNOTE is its beginning, TCNOTE1 its second piece."""
    found = re.fullmatch(r"(.*?[A-Z_])(\d*)", qualifier)
    return (qualifier, 0) if found is None else (found[1], int(found[2] or 0))
