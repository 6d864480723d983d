"""A record that is larger than memory, as shards of whole patients.

MEDS and Tocsin's own Parquet come in shards, or are cut where one patient ends.  Any other export is read once in pieces, and its
entries are laid by patient into buckets on disk; each bucket is then a shard.  Grading a shard needs nothing of the others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tocsin.errors import SettingError
from tocsin.sources import coded, doors, meds, meds_shard
from tocsin.sources.anchor import Settings
from tocsin.sources.codes import Codes
from tocsin.sources.entries import Export, Table, entries
from tocsin.timeline import Completeness, FileCount, Note, Timeline, blocks

ROWS_A_BUCKET = 2_000_000
_BYTES_A_ROW = 40  # of a compressed export, about; it only sizes the buckets


@dataclass(frozen=True, slots=True)
class Shard:
    """Some whole patients of a record: a name that stays the same from run to run, and how to read them."""

    name: str
    read: Callable[[], Iterator[Timeline]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The shards of a record, what was left out before any was made (counts of files), and what to remove at the end."""

    shards: tuple[Shard, ...]
    form: str
    before: tuple[FileCount, ...] = ()
    notes: tuple[Note, ...] = ()
    temporary: Path | None = None


def form_of(path: str | Path, form: str | None) -> str:
    """The format of a record that can be cut; SettingError for CSV, SourceError where there is nothing."""
    name = form or doors.recognise(path)
    if name == "csv":
        raise SettingError("CSV files are read whole: leave --out a file, or write the record as Parquet first (tocsin convert).")
    return name


def plan(
    path: str | Path, work: Path, *, form: str | None = None, mapping: str | Path | None = None, patients: Path | None = None,
    complete: tuple[str, ...] = (), **options: Any,
) -> Plan:
    """How the record at ``path`` is cut; ``work`` is an empty folder for what has to be laid aside.

    Raises SourceError and SettingError as reading does.
    """
    name = form_of(path, form)
    if name == "tocsin":
        files = sorted(Path(path).rglob("*.parquet")) if Path(path).is_dir() else [Path(path)]
        declared = Completeness.of(complete)
        return Plan(tuple(Shard(f.name, lambda f=f: blocks(f, patients, declared)) for f in files), name)  # type: ignore[misc]
    from tocsin.sources import mapping_file

    doors.check_options(name, options)
    asked = {**doors.with_times(doors.facts_about(patients), options), "complete": complete}
    if name == "meds":
        return _meds(Path(path), mapping_file.codes(mapping), coded.settings(**asked))
    export, codes, settings = doors.module(name).parts(path, mapping=mapping, **asked)
    return _spilled(export, codes, settings, Path(path), work, name)


def _meds(path: Path, codes: Codes, settings: Settings) -> Plan:
    parents = meds.parent_codes(path)

    def one(file: Path) -> Iterator[Timeline]:
        yield meds_shard.read(file, meds.name_of(path, file), codes, parents, settings)

    return Plan(tuple(Shard(meds.name_of(path, file), lambda file=file: one(file)) for file in meds.shards(path)), "meds")  # type: ignore[misc]


# ---------------------------------------------------------------- laid aside by patient

def _spilled(export: Export, codes: Codes, settings: Settings, path: Path, work: Path, form: str) -> Plan:
    """The export's entries laid into buckets by patient; what was ignored, explained or unreadable is counted once, here."""
    folder = work / "buckets"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    many = max(1, _size(path) // (_BYTES_A_ROW * ROWS_A_BUCKET) + 1)
    tables: dict[str, Table] = {}
    for piece, table in enumerate(export.tables):
        _lay(table, folder, many, piece)
        first = tables.get(table.file)
        tables[table.file] = _stripped(table) if first is None else _added(first, table)
    quiet = replace(export, tables=())

    def one(bucket: int) -> Iterator[Timeline]:
        yield _bucket(folder, bucket, many, quiet, codes, settings, tables)

    nobody = coded.left_out(tuple(tables.values()))
    return Plan(tuple(Shard(f"bucket {b + 1} of {many}", lambda b=b: one(b)) for b in range(many)), form, *nobody, temporary=folder)  # type: ignore[misc]


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) if path.is_dir() else ROWS_A_BUCKET * _BYTES_A_ROW * 8


def _hash(column: str, many: int) -> pl.Expr:
    return (pl.col(column).fill_null("").hash(seed=2019) % many).cast(pl.UInt32)


def _lay(table: Table, folder: Path, many: int, piece: int) -> None:
    for what, frame in (("entries", entries(table.entries)), ("present", table.present)):
        if frame is None or not len(frame):
            continue
        for (bucket,), some in frame.with_columns(_hash("patient", many).alias("_b")).group_by(["_b"], maintain_order=True):
            place = folder / f"{bucket:05d}" if isinstance(bucket, int) else folder
            place.mkdir(exist_ok=True)
            some.drop("_b").with_columns(pl.lit(table.file).alias("_file")).write_parquet(place / f"{what}-{piece:06d}.parquet")


def _stripped(table: Table) -> Table:
    present = None if table.present is None else table.present.clear()
    return replace(table, entries=table.entries.clear(), present=present, rows=table.rows - table.entries["row"].n_unique())


def _added(first: Table, more: Table) -> Table:
    def sums(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
        return {key: a.get(key, 0) + b.get(key, 0) for key in (*a, *(k for k in b if k not in a))}

    more = _stripped(more)
    return replace(first, rows=first.rows + more.rows, ignored=sums(first.ignored, more.ignored), explained=sums(first.explained, more.explained),
                   troubles=(*first.troubles, *more.troubles), carries=more.carries or first.carries,
                   present=first.present if more.present is None else more.present)


def _bucket(folder: Path, bucket: int, many: int, export: Export, codes: Codes, settings: Settings, tables: Mapping[str, Table]) -> Timeline:
    place = folder / f"{bucket:05d}"

    def laid(what: str) -> dict[str, pl.DataFrame]:
        files = sorted(place.glob(f"{what}-*.parquet")) if place.is_dir() else []
        if not files:
            return {}
        whole = pl.concat([pl.read_parquet(f) for f in files], how="diagonal")
        return {str(name): some.drop("_file") for (name,), some in whole.group_by(["_file"], maintain_order=True)}

    told, present = laid("entries"), laid("present")
    mine = tuple(
        Table(name, told[name]["row"].n_unique() if name in told else 0, told.get(name, table.entries), carries=table.carries,
              present=present.get(name, table.present), sha256=table.sha256) for name, table in tables.items())
    people, stays = (frame.filter(_hash("patient", many) == bucket) if len(frame) else frame for frame in (export.people, export.stays))
    if isinstance(settings.infusion_time, Mapping):
        given = pl.DataFrame({"patient": list(settings.infusion_time)}, schema={"patient": pl.String})
        settings = settings.of(given.filter(_hash("patient", many) == bucket)["patient"])
    return coded.timeline(replace(export, tables=mine, people=people, stays=stays), codes, settings, partly=True)
