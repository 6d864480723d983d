"""An OMOP CDM 5.3 or 5.4 database to a timeline: CSV or Parquet files, a zip of CSVs, DuckDB, PostgreSQL.

``export`` turns the tables into entries; ``coded.timeline`` understands them.  What OMOP cannot tell is not made up: it has no
infusion rate, so a vasopressor is "given, dose unknown"; a row that knows only its day may have happened at any time of it; a
bill tells that something was, not when.  No table is taken to be complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Unpack

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources import coded, omop_database, omop_store
from tocsin.sources import omop_vocabulary as ov
from tocsin.sources.codes import Codes
from tocsin.sources.entries import PEOPLE, STAYS, Export, Table, shaped
from tocsin.sources.omop_rows import CLINICAL, IN_UTC, NOT_READ, NOTHING, WRITER, Reader, name_people
from tocsin.sources.omop_store import DATE, DATETIME, ID, NUMBER, TEXT, Store
from tocsin.sources.omop_write import write
from tocsin.timeline import Timeline

__all__ = ["export", "read", "write"]

_SEX: Mapping[str, str] = {"8507": "male", "8532": "female", "8521": "other"}
"""gender_concept_id, OMOP domain Gender: MALE, FEMALE, OTHER."""
VISITS: Mapping[str, str] = {"visit_occurrence": "visit", "visit_detail": "visit_detail"}
_CDM = {c.table for c in CLINICAL} | set(NOT_READ) | {
    "person", "death", "visit_occurrence", "visit_detail", "concept", "concept_ancestor", "concept_relationship", "drug_strength", "cdm_source"}

def read(
    path: object, *, mapping: str | Path | None = None, tables: Mapping[str, str | Sequence[str]] | None = None, schema: str | None = None,
    patient: str | None = None, icu: Iterable[int | str] = (), **options: Unpack[coded.Options],
) -> Timeline:
    """The record in an OMOP database.

    Args:
        path: A folder, a zip, a DuckDB file or open connection, or "postgresql://user@host/database".
        mapping: A mapping file, or the name of a shipped one, for the hospital's own concepts and source values.
        tables: The file of a table that is not called by its name: {"measurement": "labs.csv"}; several files in a list.
        schema: Where the tables stand in a database.
        patient: How people are named: "person_id" (the default) or "person_source_value".
        icu: Further visit concepts that are intensive care.
        options: See ``anchor.Settings``.

    Raises:
        SourceError: It is no OMOP database, it cannot be reached, or nobody in it has an hour 0.
        SettingError: An option that cannot be used.
    """
    return coded.timeline(*parts(path, mapping=mapping, tables=tables, schema=schema, patient=patient, icu=icu, **options))


def parts(
    path: object, *, mapping: str | Path | None = None, tables: Mapping[str, str | Sequence[str]] | None = None, schema: str | None = None,
    patient: str | None = None, icu: Iterable[int | str] = (), **options: Unpack[coded.Options],
) -> tuple[Export, Codes, coded.Settings]:
    """What the tables say, what their codes mean, and how a record is made of them; the arguments are those of ``read``."""
    from tocsin.sources import mapping_file

    codes, settings = mapping_file.codes(mapping), coded.settings(**options)
    return export(path, codes, tables=tables, schema=schema, patient=patient, icu=icu), codes, settings


def opened(path: object, tables: Mapping[str, str | Sequence[str]] | None = None, schema: str | None = None) -> Store:
    """The store that a path, an address or an open DuckDB connection stands for."""
    if omop_database.is_postgresql(path):
        return omop_database.postgresql(omop_database.address(path), schema)
    if not isinstance(path, str | Path):
        if type(path).__module__.partition(".")[0] in ("duckdb", "_duckdb"):
            return omop_database.duckdb_connection(path, schema)
        raise SourceError(f"an OMOP database is named by a path, an address or an open DuckDB connection, not by {type(path).__name__}.")
    where = Path(path)
    if not where.exists():
        raise SourceError(f"{where} does not exist.\n  Name a folder of tables, a zip of CSVs, a DuckDB file, or postgresql://user@host/database.")
    if where.is_file() and omop_database.is_duckdb(where):
        return omop_database.duckdb_file(where, schema)
    return omop_store.files(where, tables)


def export(
    path: object, codes: Codes | None = None, *, tables: Mapping[str, str | Sequence[str]] | None = None, schema: str | None = None,
    patient: str | None = None, icu: Iterable[int | str] = (),
) -> Export:
    """What an OMOP database says, row by row; the arguments are those of ``read``."""
    codes = codes if codes is not None else Codes()
    if patient not in (None, "person_id", "person_source_value"):
        raise SettingError(f"patient is person_id or person_source_value, not {patient!r}")
    store = opened(path, tables, schema)
    if not store.parts("person"):
        raise SourceError(f"{store.describe}: there is no table person, so this is no OMOP database.\n  It has: {', '.join(store.names()[:20]) or 'nothing'}.")
    origin = _origin(store)
    ours = origin.get("cdm_etl_reference") == WRITER
    named = patient or ("person_source_value" if ours else "person_id")
    groups = {(c.table, part): store.counts(c.table, part, c.by) for c in CLINICAL for part in store.parts(c.table)}
    visit_groups = {(table, part): store.counts(table, part, [f"{stem}_concept_id", f"{stem}_source_concept_id"])
                    for table, stem in VISITS.items() for part in store.parts(table)}
    columns = [frame[name] for frame in (*groups.values(), *visit_groups.values()) for name in frame.columns if name.endswith("_id")]
    seen = {concept for column in columns for concept in column.drop_nulls().to_list()} - {"0"}
    vocabulary = ov.load(store, seen, codes, [str(one) for one in icu])
    people, who, person_tables, told = _people(store, named, ours)
    stays, stay_tables = _stays(store, vocabulary, visit_groups, who)
    reader = Reader(store, codes, vocabulary, who, frozenset(stays.filter(pl.col("kind") == "icu")["stay"].to_list()), ours, groups)

    def everything() -> Iterator[Table]:
        try:
            yield from person_tables
            yield from stay_tables
            for clinical in CLINICAL:
                for part in store.parts(clinical.table):
                    yield from reader.tables(clinical, part)
            yield from reader.deaths()
            yield from reader.uncounted()
        finally:
            store.close()

    return Export(
        "OMOP", everything(), people, stays, aware=origin.get("source_description") == IN_UTC,
        settings={"database": store.describe, "CDM version": origin.get("cdm_version") or "not told", "patient is": named},
        told=(*vocabulary.told, *told, *_hints(store), *_orders(store, ours),
              "no table of an OMOP database is taken to be complete: where no row means not given, say so with --complete"),
    )


def _origin(store: Store) -> dict[str, str]:
    """The row of cdm_source, which says who made the database."""
    wanted = {"cdm_version": TEXT, "cdm_etl_reference": TEXT, "source_description": TEXT}
    for part in store.parts("cdm_source"):
        for piece in store.rows("cdm_source", part, wanted):
            for row in piece.iter_rows(named=True):
                return {name: row[name] for name in wanted if row[name] is not None}
    return {}


def _hints(store: Store) -> list[str]:
    out = []
    for name in store.names():
        meant = next((table for table in sorted(_CDM, key=len, reverse=True) if name not in _CDM and name.endswith(f"_{table}")), None)
        if meant and not store.parts(meant):
            out.append(f"{store.parts(name)[0]} was not read: if it is the table {meant}, say so with --reader tables.{meant}={store.parts(name)[0]}")
    return out


def _orders(store: Store, ours: bool) -> list[str]:
    if ours or not store.parts("drug_exposure"):
        return []
    return ["drug_exposure does not tell orders and supplies from doses: each row is read as given, from its start to its end"]


# ---------------------------------------------------------------- people and stays

def _people(store: Store, named: str, ours: bool) -> tuple[pl.DataFrame, pl.DataFrame | None, list[Table], list[str]]:
    """People, how person_id becomes their name (None: it is the name), the accounts of the files, and what to tell."""
    wanted = {"person_id": ID, "gender_concept_id": ID, "gender_source_value": TEXT, "year_of_birth": NUMBER, "month_of_birth": NUMBER, "day_of_birth": NUMBER,
              "birth_datetime": DATE, "person_source_value": TEXT}
    frames, tables = [], []
    for part in store.parts("person"):
        if "person_id" not in store.columns("person", part):
            raise SourceError(f"{part} has no column person_id.\n  OMOP CDM 5.3 and 5.4 ask for it.")
        pieces = list(store.rows("person", part, wanted))
        rows = sum(len(piece) for piece in pieces)
        frames += pieces
        tables.append(Table(part, rows, NOTHING, explained={"who is in it": rows} if rows else {}, sha256=store.sha256("person", part)))
    frame = pl.concat(frames) if frames else pl.DataFrame(schema={"row": pl.UInt32, **{n: pl.Float64 if k == NUMBER else pl.String for n, k in wanted.items()}})
    frame = frame.drop_nulls("person_id").unique("person_id", keep="first", maintain_order=True)
    who = None
    if named == "person_source_value":
        if frame["person_source_value"].null_count() or frame["person_source_value"].is_duplicated().any():
            raise SourceError("person_source_value is missing or the same for some people, so it cannot name them.\n  Use patient=\"person_id\".")
        who = frame.select("person_id", pl.col("person_source_value").alias("patient"))
    year, month, day = (pl.col(f"{name}_of_birth").cast(pl.Int32, strict=False) for name in ("year", "month", "day"))
    middle = pl.when(month.is_null()).then(1).otherwise(day.fill_null(15))
    made = pl.format("{}-{}-{}", year, month.fill_null(7), middle).str.to_datetime("%Y-%m-%d", strict=False, time_unit="us")
    people = frame.select(
        pl.col(named).alias("patient"),
        pl.coalesce(pl.col("gender_concept_id").replace_strict(dict(_SEX), default=None, return_dtype=pl.String), "gender_source_value").alias("sex"),
        (pl.lit(None) if ours else pl.coalesce("birth_datetime", made)).cast(pl.Datetime("us")).alias("birth"),
    )
    told = []
    vague = frame.filter(pl.col("birth_datetime").is_null() & pl.col("month_of_birth").is_null() & pl.col("year_of_birth").is_not_null())
    if len(vague) and not ours:
        told.append(f"{len(vague)} people have only a year of birth: 1 July of it was taken, so their age may be half a year off")
    return shaped(people, PEOPLE), who, tables, told


def _stays(
    store: Store, vocabulary: ov.Vocabulary, groups: Mapping[tuple[str, str], pl.DataFrame], who: pl.DataFrame | None
) -> tuple[pl.DataFrame, list[Table]]:
    """Stays in hospital and in intensive care; the same stay written twice counts once."""
    frames, tables = [pl.DataFrame(schema={**STAYS})], []
    for (table, part), frame in groups.items():
        stem = VISITS[table]
        concept, source, key = f"{stem}_concept_id", f"{stem}_source_concept_id", f"{table}_id"
        wanted = {"person_id": ID, key: ID, concept: ID, source: ID, **{f"{stem}_{edge}_{kind}": kinds for edge in ("start", "end")
                                                                       for kind, kinds in (("date", DATE), ("datetime", DATETIME))}}
        kinds = {**dict.fromkeys(vocabulary.hospital, "hospital"), **dict.fromkeys(vocabulary.icu, "icu")}
        mine = 0
        for piece in store.rows(table, part, wanted, {concept: kinds, source: vocabulary.icu}):
            kind = pl.coalesce(pl.col(name).replace_strict(kinds, default=None, return_dtype=pl.String) for name in (concept, source))
            moments = [pl.coalesce(f"{stem}_{edge}_datetime", f"{stem}_{edge}_date").alias(edge) for edge in ("start", "end")]
            named = piece.with_columns(kind.alias("kind"), *moments, pl.col(key).alias("stay")).pipe(name_people, who)
            mine += len(named)
            frames.append(named.select(list(STAYS)))
        rows = int(frame["len"].sum())
        explained = {what: many for what, many in (("stays in hospital or intensive care", mine), ("visits that are no such stay", rows - mine)) if many}
        tables.append(Table(part, rows, NOTHING, explained=explained, sha256=store.sha256(table, part)))
    stays = pl.concat(frames).unique(["patient", "kind", "start", "end"], keep="first", maintain_order=True)
    return shaped(stays.sort("patient", "start", maintain_order=True), STAYS), tables
