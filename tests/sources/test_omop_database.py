"""OMOP in DuckDB and PostgreSQL: the same record as from files, and only the rows that mean something leave the database."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tocsin.errors import SourceError
from tocsin.sources import omop, omop_database

duckdb = pytest.importorskip("duckdb")
dbapi = pytest.importorskip("adbc_driver_postgresql.dbapi")

PEOPLE = [("-9007199254740993001", 8507, 1960), ("-9007199254740993002", 8532, 1971), ("3", 0, 1980)]
TABLES = {
    "person": ("person_id BIGINT, gender_concept_id INTEGER, year_of_birth INTEGER, month_of_birth INTEGER, day_of_birth INTEGER, "
               "person_source_value VARCHAR(50)"),
    "measurement": ("measurement_id INTEGER, person_id BIGINT, measurement_concept_id INTEGER, measurement_date DATE, measurement_datetime TIMESTAMP, "
                    "measurement_type_concept_id INTEGER, operator_concept_id INTEGER, value_as_number NUMERIC, value_as_concept_id INTEGER, "
                    "unit_concept_id INTEGER, measurement_source_value VARCHAR(50), measurement_source_concept_id INTEGER, unit_source_value VARCHAR(50), "
                    "value_source_value VARCHAR(50)"),
    "drug_exposure": ("drug_exposure_id INTEGER, person_id BIGINT, drug_concept_id INTEGER, drug_exposure_start_date DATE, "
                      "drug_exposure_start_datetime TIMESTAMP, drug_exposure_end_date DATE, drug_exposure_end_datetime TIMESTAMP, "
                      "drug_type_concept_id INTEGER, quantity NUMERIC, sig TEXT, route_concept_id INTEGER, drug_source_value VARCHAR(50), "
                      "drug_source_concept_id INTEGER, dose_unit_source_value VARCHAR(50)"),
    "visit_detail": ("visit_detail_id INTEGER, person_id BIGINT, visit_detail_concept_id INTEGER, visit_detail_start_date DATE, "
                     "visit_detail_start_datetime TIMESTAMP, visit_detail_end_date DATE, visit_detail_end_datetime TIMESTAMP"),
    "concept_ancestor": "ancestor_concept_id INTEGER, descendant_concept_id INTEGER, min_levels_of_separation INTEGER, max_levels_of_separation INTEGER",
    "specimen": "specimen_id INTEGER, person_id BIGINT",
}
"""Types as in the DDL of OMOP CDM 5.4 for PostgreSQL, ids of people in 64 bits."""
IRRELEVANT = 5000


def contents() -> dict[str, pl.DataFrame]:
    """A small database: 400 measurements that mean something among 5,400, drugs by ingredient, stays in intensive care."""
    text = pl.String

    def at(n: int) -> str:
        return str(datetime(2020, 3, 2, 0, 1) + timedelta(minutes=17 * n))

    rows = [(n + 1, PEOPLE[n % 3][0], concept, at(n)[:10], at(n), 32817, operator, value, None, unit,
             f"it's {concept}", None, None, None)
            for n, (concept, operator, value, unit) in enumerate(
                [(3020891, None, 36 + n % 40 / 10, 586323) for n in range(200)] + [(3020460, 4171756, 5.5, 8751) for n in range(200)]
                + [(3014576, None, 100.0, 8753) for n in range(IRRELEVANT)])]
    drugs = [(n + 1, PEOPLE[n % 3][0], concept, "2020-03-05", "2020-03-05 08:00:00", "2020-03-05", "2020-03-05 20:00:00", 32818, 4, None, None, "x", None, "mg")
             for n, concept in enumerate([1321341, 77, 77, 88, 88, 88])]
    visits = [(n + 1, who, 32037, "2020-03-01", "2020-03-01 06:00:00", "2020-03-20", "2020-03-20 06:00:00") for n, (who, *_) in enumerate(PEOPLE)]

    def frame(name: str, data: list) -> pl.DataFrame:
        names = [column.strip().split()[0] for column in TABLES[name].split(",")]
        return pl.DataFrame([[None if v is None else str(v) for v in row] for row in data], schema=dict.fromkeys(names, text), orient="row")

    people = [(who, sex, year, 5, 17, f"MRN {n}") for n, (who, sex, year) in enumerate(PEOPLE)]
    return {"person": frame("person", people), "measurement": frame("measurement", rows), "drug_exposure": frame("drug_exposure", drugs),
            "visit_detail": frame("visit_detail", visits), "concept_ancestor": frame("concept_ancestor", [(1518254, 77, 2, 2), (1, 88, 1, 1)]),
            "specimen": frame("specimen", [(1, "3")])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database as CSV files."""
    out = tmp_path_factory.mktemp("cdm")
    for name, frame in contents().items():
        frame.write_csv(out / f"{name}.csv")
    return out


# ---------------------------------------------------------------- a real server

def programs() -> Path | None:
    """Where initdb and postgres are."""
    found = [Path(p).resolve().parent for p in (shutil.which("initdb"),) if p]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((p for p in found if (p / "initdb").exists() and (p / "postgres").exists()), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a temporary PostgreSQL server on a socket of its own; skips where PostgreSQL is not installed."""
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL is not here: scripts/ci-services.sh installs it (initdb and postgres in PATH or /usr/lib/postgresql)")
    account: dict[str, object] = {}
    place = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
    if os.geteuid() == 0:  # the server refuses to run as root
        name = next((n for n in ("postgres", "nobody") if any(u.pw_name == n for u in pwd.getpwall())), None)
        if name is None:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")
        user = pwd.getpwnam(name)
        os.chown(place, user.pw_uid, user.pw_gid)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    common = {**account, "cwd": place, "env": {**os.environ, "LC_ALL": "C", "HOME": str(place)}, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    made = subprocess.run([where / "initdb", "-D", place / "data", "-U", "tester", "-A", "trust", "-N"], check=False, **common)  # type: ignore[call-overload]
    if made.returncode != 0:
        shutil.rmtree(place, ignore_errors=True)
        pytest.skip(f"initdb failed: {made.stderr.decode()[-300:]}")
    running = subprocess.Popen(  # type: ignore[call-overload]
        [where / "postgres", "-D", place / "data", "-k", place, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off"],
        **{**common, "stderr": subprocess.DEVNULL})
    uri = f"postgresql://tester:not-a-secret@/postgres?host={place}"
    try:
        for _ in range(200):
            try:
                dbapi.connect(uri).close()
                break
            except dbapi.Error:
                if running.poll() is not None:
                    pytest.skip("the PostgreSQL server ended by itself")
                time.sleep(0.05)
        yield uri
    finally:
        running.send_signal(signal.SIGINT)  # a fast shutdown: it does not wait for connections
        running.wait(timeout=20)
        shutil.rmtree(place, ignore_errors=True)


def load(uri: str, schema: str, tables: dict[str, pl.DataFrame], columns: dict[str, str]) -> None:
    """Create the tables in a schema and fill them from text."""
    with dbapi.connect(uri) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {schema}")
        for name, frame in tables.items():
            cursor.execute(f"CREATE TABLE {schema}.{name} ({columns[name]})")
            if not len(frame):
                continue
            cursor.adbc_ingest("staged", frame.to_arrow(), mode="replace", temporary=True)
            types = dict(part.strip().split(None, 1) for part in columns[name].replace("(50)", "").split(","))
            cast = ", ".join(f"CAST(NULLIF({c}, '') AS {types[c]})" for c in frame.columns)
            cursor.execute(f"INSERT INTO {schema}.{name} ({', '.join(frame.columns)}) SELECT {cast} FROM staged")
        connection.commit()


@pytest.fixture(scope="module")
def cdm(server: str) -> str:
    """The address of a server that holds the database in the schema cdm."""
    load(server, "cdm", contents(), TABLES)
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE INDEX measurement_concept ON cdm.measurement (measurement_concept_id)")
        connection.commit()
        cursor.execute("ANALYZE cdm.measurement")
        connection.commit()
    return server


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    columns = ["patient", "hour", "concept", "value", "text", "end_hour", "hour_latest", "censored", "attribution", "note"]
    return one.select(columns).sort(columns).equals(other.select(columns).sort(columns))


def counts(record: object) -> list[tuple]:
    return [(f.file.removesuffix(".csv"), f.rows, f.used, f.explained, f.quarantined, dict(f.ignored)) for f in record.reading.files]  # type: ignore[attr-defined]


# ---------------------------------------------------------------- PostgreSQL

def test_postgresql_gives_the_same_record_and_the_same_account_as_files(cdm, folder):
    from_files, from_server = (omop.read(p, anchor="icu_admission", schema=s) for p, s in ((folder, None), (cdm, "cdm")))
    assert same(from_server.events, from_files.events)
    assert len(from_server.events) == 400 + 3
    assert from_server.patients.equals(from_files.patients)
    assert counts(from_server) == counts(from_files)


def test_only_rows_that_mean_something_leave_postgresql(cdm, monkeypatch):
    fetched: dict[str, int] = {}
    rows = omop_database.Database.rows

    def counted(self, table, *arguments):
        for piece in rows(self, table, *arguments):
            fetched[table] = fetched.get(table, 0) + len(piece)
            yield piece

    monkeypatch.setattr(omop_database.Database, "rows", counted)
    record = omop.read(cdm, schema="cdm", anchor="icu_admission")
    assert (fetched["measurement"], fetched["drug_exposure"]) == (400, 3)
    found = next(f for f in record.reading.files if f.file == "measurement")
    assert (found.rows, found.used, dict(found.ignored)) == (400 + IRRELEVANT, 400, {"omop:3014576 (it's 3014576)": IRRELEVANT})


def test_postgresql_uses_its_index_for_the_concept_filter(cdm):
    store = omop_database.postgresql(cdm, "cdm")
    sql = store.query("measurement", {"person_id": "id"}, {"measurement_concept_id": {"3020891", "3020460"}})
    with dbapi.connect(cdm) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "measurement_concept" in plan
    assert "Seq Scan" not in plan


def test_nothing_can_be_written_through_the_connection_that_reads(cdm):
    store = omop_database.postgresql(cdm, "cdm")
    with pytest.raises(SourceError, match="read-only transaction"):
        list(store._fetch("DELETE FROM cdm.person"))


def test_the_schema_may_come_from_the_search_path_of_the_address_or_of_a_path(cdm, folder):
    address = cdm + "&options=-csearch_path%3Dcdm"
    assert len(omop.read(address, anchor="icu_admission").events) == 403
    assert len(omop.read(Path(address), anchor="icu_admission").events) == 403


def test_no_password_is_shown(cdm):
    record = omop.read(cdm, schema="cdm", anchor="icu_admission")
    assert "not-a-secret" not in str(record.reading)
    with pytest.raises(SourceError, match="has no tables") as error:
        omop.read(cdm, schema="nowhere")
    assert "not-a-secret" not in str(error.value)
    wrong = "postgresql://tester:not-a-secret@127.0.0.1:1/postgres?password=not-a-secret"
    with pytest.raises(SourceError, match=r"postgresql://tester@127\.0\.0\.1:1/postgres: the database cannot be reached") as error:
        omop.read(wrong)
    assert "not-a-secret" not in str(error.value)


def test_the_synthetic_database_in_postgresql_is_the_one_in_the_zip(server, shared_data, tmp_path):
    spec = pl.read_csv(shared_data("omop_cdm_spec") / "OMOP_CDMv5.4_Field_Level.csv", infer_schema=False)
    files = omop.opened(shared_data("synthea27nj_omop54") / "Synthea27Nj_5.4.zip")
    wanted = ["person", "measurement", "drug_exposure", "condition_occurrence", "observation", "death", "concept", "concept_relationship", "visit_occurrence",
              "visit_detail", "cdm_source"]
    types = {"integer": "BIGINT", "float": "NUMERIC", "datetime": "TIMESTAMP", "date": "DATE"}
    tables, columns = {}, {}
    for name in wanted:
        mine = spec.filter(pl.col("cdmTableName").str.to_lowercase() == name)
        columns[name] = ", ".join(f"{c} {types.get(t.lower(), 'TEXT')}" for c, t in mine.select("cdmFieldName", "cdmDatatype").iter_rows())
        frame = pl.read_csv(files._found[name][files.parts(name)[0]], infer_schema=False)  # type: ignore[attr-defined]
        tables[name] = frame.rename(str.lower).select(c for c in frame.rename(str.lower).columns if c in mine["cdmFieldName"])
        tables[name].write_csv(tmp_path / f"{name}.csv")
    load(server, "synthea", tables, columns)
    from_server, from_files = omop.read(server, schema="synthea", anchor="first_entry"), omop.read(tmp_path, anchor="first_entry")
    assert same(from_server.events, from_files.events)
    assert [(f, *rest) for f, *rest in counts(from_server)] == counts(from_files)


# ---------------------------------------------------------------- DuckDB

@pytest.fixture
def duck(tmp_path: Path, folder: Path) -> Path:
    path = tmp_path / "cdm.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            connection.execute(f"INSERT INTO {name} SELECT * FROM read_csv('{folder / name}.csv', all_varchar=true, header=true)")
    return path


def test_a_duckdb_file_gives_the_same_record_and_the_same_account_as_files(duck, folder):
    from_files, from_duck = (omop.read(p, anchor="icu_admission") for p in (folder, duck))
    assert same(from_duck.events, from_files.events)
    assert from_duck.patients.equals(from_files.patients)
    assert counts(from_duck) == counts(from_files)


def test_an_open_duckdb_connection_and_another_schema_are_read(duck):
    with duckdb.connect(str(duck)) as connection:
        assert len(omop.read(connection, anchor="icu_admission").events) == 403
        connection.execute("CREATE SCHEMA other")
        with pytest.raises(SourceError, match="the schema 'other' has no tables"):
            omop.read(connection, schema="other")


def test_names_and_values_that_look_like_sql_do_no_harm(tmp_path):
    with duckdb.connect(str(tmp_path / "odd.duckdb")) as connection:
        connection.execute("CREATE TABLE person AS SELECT 1 AS person_id")
        connection.execute("CREATE TABLE measurement AS SELECT 1 AS person_id, 0 AS measurement_concept_id, "
                           "'x''); DROP TABLE person; --' AS measurement_source_value, "
                           "TIMESTAMP '2020-01-01 01:00:00' AS measurement_datetime, 5.0 AS value_as_number")
    from tocsin.sources.codes import Codes, Item

    export = omop.export(tmp_path / "odd.duckdb", Codes({"x'); DROP TABLE person; --": Item("il6")}))
    assert [len(t.entries) for t in export.tables if len(t.entries)] == [1]
    assert omop_database.quoted('a"b') == '"a""b"'


def test_ids_in_columns_of_numbers_or_of_text_are_found_too(duck, folder):
    with duckdb.connect(str(duck)) as connection:
        connection.execute("ALTER TABLE measurement ALTER measurement_concept_id TYPE DOUBLE")
        connection.execute("ALTER TABLE drug_exposure ALTER drug_concept_id TYPE VARCHAR")
        connection.execute("ALTER TABLE visit_detail ALTER visit_detail_concept_id TYPE DECIMAL(18, 2)")
    assert same(omop.read(duck, anchor="icu_admission").events, omop.read(folder, anchor="icu_admission").events)


def test_a_table_that_changes_while_it_is_read_is_an_error_and_not_a_loss(duck, monkeypatch):
    whole = omop_database.Database._any_of
    monkeypatch.setattr(omop_database.Database, "_any_of", lambda self, table, where: (
        "measurement_id < 100" if table == "measurement" else whole(self, table, where)))
    with pytest.raises(SourceError, match="400 rows were counted that mean something, and 99 were found"):
        for _ in omop.export(duck).tables:
            pass


def test_a_table_without_its_rows_in_memory_comes_in_pieces(duck, monkeypatch):
    monkeypatch.setattr(omop_database, "PIECE", 100)
    store = omop_database.duckdb_file(duck, None)
    monkeypatch.setattr(store, "_fetch", _in_batches(store._fetch, 64))
    pieces = list(store.rows("measurement", "measurement", {"measurement_id": "id"}))
    assert [len(p) for p in pieces[:2]] == [128, 128]
    rows = pl.concat(pieces)["row"]
    assert rows.to_list() == list(range(1, 400 + IRRELEVANT + 1))


def _in_batches(fetch, size):
    def smaller(sql):
        for batch in fetch(sql):
            for start in range(0, batch.num_rows, size):
                yield batch.slice(start, size)
    return smaller
