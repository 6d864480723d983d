"""OMOP tables in DuckDB or PostgreSQL: only the rows that mean something leave the database, in Arrow batches.

Which concepts a table holds, and how often, is asked with a GROUP BY; the rows are then fetched with those concepts in the
WHERE clause.  PostgreSQL answers everything from one read-only snapshot; times with a time zone, which the CDM does not have,
come in the zone of the session.  Rows are numbered in the order of their key among those fetched.  No password is ever shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl

from tocsin.errors import SourceError
from tocsin.sources.omop_store import DATE, DATETIME, ID, NUMBER, PIECE, TEXT, Where, as_id, typed
from tocsin.sources.optional import needs

Fetch = Callable[[str], Iterator[Any]]
"""A query to its answer in Arrow record batches."""

_KEYS: Mapping[str, str] = {"death": "person_id", "concept_ancestor": "descendant_concept_id", "concept_relationship": "concept_id_1",
                            "drug_strength": "drug_concept_id", "cdm_source": ""}
"""The column that orders a table, where it is not TABLE_id (OMOP CDM 5.4, Field_Level: isPrimaryKey)."""
_TYPES = {ID: "VARCHAR", TEXT: "VARCHAR", NUMBER: "FLOAT8", DATE: "TIMESTAMP", DATETIME: "TIMESTAMP"}
_BATCH = 100_000
_NUMBERS = ("int", "bigint", "smallint", "hugeint", "ubigint", "uinteger", "numeric", "decimal", "double", "real", "float")
"""How the types of columns of numbers begin in information_schema."""
_CONTROL = r"[\x00-\x1f\x7f]"


def quoted(name: str) -> str:
    """An SQL identifier, so that neither capitals nor blanks nor a quote in it do harm."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


class Database:
    """The tables of one schema; ``described`` names it for people."""

    def __init__(self, fetch: Fetch, schema: str, describe: str, close: Callable[[], None]) -> None:
        self._fetch, self._schema, self.describe, self.close = fetch, schema, describe, close
        sql = ("SELECT CAST(table_name AS VARCHAR) AS t, CAST(column_name AS VARCHAR) AS c, CAST(data_type AS VARCHAR) AS d "
               f"FROM information_schema.columns WHERE table_schema = {literal(schema)} ORDER BY table_name, ordinal_position")
        self._tables: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}
        for table, column, kind in self._all(sql).iter_rows():
            self._tables.setdefault(table.lower(), (table, {}))[1][column.lower()] = (column, kind.lower())
        if not self._tables:
            raise SourceError(f"{describe}: the schema {schema!r} has no tables, or you may not see them.\n"
                              "  Name the schema of the CDM tables: schema=\"cdm\".")

    def _all(self, sql: str) -> pl.DataFrame:
        pieces = [_polars(batch) for batch in self._fetch(sql)]
        return pl.concat(pieces) if pieces else pl.DataFrame()

    def names(self) -> list[str]:
        return sorted(self._tables)

    def parts(self, table: str) -> Sequence[str]:
        return [table] if table in self._tables else []

    def sha256(self, table: str, part: str) -> str:
        return ""

    def columns(self, table: str, part: str) -> frozenset[str]:
        return frozenset(self._tables[table][1])

    def _table(self, table: str) -> str:
        return f"{quoted(self._schema)}.{quoted(self._tables[table][0])}"

    def _as(self, table: str, name: str, kind: str) -> str:
        have = self._tables[table][1]
        return f"CAST({quoted(have[name][0])} AS {_TYPES[kind]})" if name in have else f"CAST(NULL AS {_TYPES[kind]})"

    def counts(self, table: str, part: str, by: Sequence[str]) -> pl.DataFrame:
        keys = [f"{self._as(table, name, TEXT)} AS {quoted(name)}" for name in by]
        numbers = ", ".join(str(i + 1) for i in range(len(by)))
        grouped = f" GROUP BY {numbers}" if by else ""
        frame = self._all(f"SELECT {', '.join([*keys, 'COUNT(*) AS len'])} FROM {self._table(table)}{grouped}")
        schema = {**dict.fromkeys(by, pl.String()), "len": pl.UInt32()}
        if not len(frame):
            return pl.DataFrame(schema=schema)
        trimmed = [as_id(name) if name.endswith("_id") else pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars()).alias(name)
                   for name in by]
        counted = frame.select(*trimmed, pl.col("len").cast(pl.UInt32))
        return counted.group_by(list(by)).agg(pl.col("len").sum()) if by else counted

    def timed(self, table: str, part: str, column: str) -> bool:
        if column not in self._tables[table][1]:
            return False
        moment = self._as(table, column, DATETIME)
        return bool(len(self._all(f"SELECT 1 AS one FROM {self._table(table)} WHERE {moment} <> CAST({moment} AS DATE) LIMIT 1")))

    def query(self, table: str, wanted: Mapping[str, str], where: Where | None = None) -> str:
        """The SELECT that fetches these rows: the concept filter stands in its WHERE clause."""
        columns = ", ".join(f"{self._as(table, name, kind)} AS {quoted(name)}" for name, kind in wanted.items())
        sql = f"SELECT {columns} FROM {self._table(table)}"
        if where is not None:
            sql += f" WHERE {self._any_of(table, where)}"
        key = _KEYS.get(table, f"{table}_id")
        return sql + (f" ORDER BY {quoted(self._tables[table][1][key][0])}" if key in self._tables[table][1] else "")

    def _any_of(self, table: str, where: Where) -> str:
        have = self._tables[table][1]
        tests = []
        for name, values in where.items():
            if name not in have or not values:
                continue
            column, kind = have[name]
            whole = kind.startswith(_NUMBERS) and all(re.fullmatch(r"-?\d+", value) for value in values)
            if whole:
                tests.append(f"{quoted(column)} IN ({', '.join(str(int(value)) for value in sorted(values))})")
            else:
                tests.append(f"TRIM(CAST({quoted(column)} AS VARCHAR)) IN ({', '.join(literal(value) for value in sorted(values))})")
        return " OR ".join(tests) or "FALSE"

    def rows(self, table: str, part: str, wanted: Mapping[str, str], where: Where | None = None) -> Iterator[pl.DataFrame]:
        first, held, waiting = 1, 0, []
        for batch in self._fetch(self.query(table, wanted, where)):
            piece = _polars(batch)
            waiting.append(piece)
            held += len(piece)
            if held >= PIECE:
                yield typed(pl.concat(waiting).with_row_index("row", offset=first), wanted, table)
                first, held, waiting = first + held, 0, []
        if held:
            yield typed(pl.concat(waiting).with_row_index("row", offset=first), wanted, table)


def _polars(batch: Any) -> pl.DataFrame:
    frame = pl.from_arrow(needs("pyarrow").Table.from_batches([batch]))
    assert isinstance(frame, pl.DataFrame)
    return frame


# ---------------------------------------------------------------- DuckDB

def is_duckdb(path: Path) -> bool:
    """Whether this file is a DuckDB database: its first bytes after the checksum are DUCK (DuckDB, storage format)."""
    with path.open("rb") as handle:
        return handle.read(12)[8:] == b"DUCK"


def duckdb_file(path: Path, schema: str | None) -> Database:
    """The tables in a DuckDB file, opened for reading only."""
    duckdb = needs("duckdb")
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise SourceError(f"{path.name} cannot be opened as a DuckDB file: {_plain(str(error))}") from None
    return duckdb_connection(connection, schema, path.name, connection.close)


def duckdb_connection(connection: Any, schema: str | None, describe: str = "DuckDB", close: Callable[[], None] = lambda: None) -> Database:
    """The tables that an open DuckDB connection sees; it stays open unless ``close`` says how it ends."""
    duckdb = needs("duckdb")

    def fetch(sql: str) -> Iterator[Any]:
        try:
            answer = connection.cursor().sql(sql)
            yield from answer.to_arrow_reader(_BATCH) if hasattr(answer, "to_arrow_reader") else answer.fetch_arrow_reader(_BATCH)
        except duckdb.Error as error:
            raise SourceError(f"{describe}: the database could not answer: {_plain(str(error))}") from None

    return Database(fetch, schema or "main", describe, close)


# ---------------------------------------------------------------- PostgreSQL

_SCHEME = r"^postgres(?:ql)?:/+"


def is_postgresql(path: object) -> bool:
    """Whether this names a PostgreSQL database."""
    return isinstance(path, str | Path) and re.match(_SCHEME, str(path)) is not None


def address(path: object) -> str:
    """The address with both of its slashes, which a Path makes one."""
    return re.sub(_SCHEME, "postgresql://", str(path))


def shown(uri: str) -> str:
    """The address without its password and options, for people; a password may hold any sign, / and ? too, though it should not."""
    scheme, _, rest = uri.partition("://")
    login, at, place = rest.rpartition("@")
    name = login.partition(":")[0]
    return f"{scheme}://{name + at if name else ''}{place.partition('?')[0].partition('#')[0]}"


def postgresql(uri: str, schema: str | None) -> Database:
    """The tables of a PostgreSQL database, read in one read-only snapshot."""
    dbapi, manager = needs("adbc_driver_postgresql.dbapi"), needs("adbc_driver_manager")
    describe = shown(uri)
    try:
        connection = dbapi.connect(uri, autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    except manager.Error as error:
        raise SourceError(f"{describe}: the database cannot be reached: {_plain(_without_password(str(error), uri))}") from None

    def fetch(sql: str) -> Iterator[Any]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                yield from cursor.fetch_record_batch()
        except manager.Error as error:
            raise SourceError(f"{describe}: the database could not answer: {_plain(_without_password(str(error), uri))}") from None

    if schema is None:
        first = [_polars(batch) for batch in fetch("SELECT CAST(current_schema() AS VARCHAR) AS name")]
        schema = str(first[0]["name"][0]) if first else "public"  # the first of the search path, which the address may set
    return Database(fetch, schema, describe, connection.close)


def _without_password(message: str, uri: str) -> str:
    message = message.replace(uri, shown(uri))
    login = uri.partition("://")[2].rpartition("@")[0].partition(":")[2]
    named = [value for name, value in parse_qsl(urlsplit(uri).query) if name in ("password", "sslpassword", "passfile")]
    for secret in (login, unquote(login), *re.split(r"[/?#@:]", login), *named):
        if secret:
            message = message.replace(secret, "***")
    return message


def _plain(message: str) -> str:
    """The first lines of a driver's message in one line."""
    return re.sub(_CONTROL, " ", " ".join(message.split()))[:400]
