"""Which format a file, folder or database is in, and the one reader and writer of each."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources.anchor import Options

if TYPE_CHECKING:
    from tocsin.timeline import Timeline

FORMATS: Mapping[str, str] = {
    "csv": "CSV files and Excel workbooks, long or wide",
    "tocsin": "Tocsin's own events as Parquet, one file or a folder of shards",
    "clif": "CLIF 2.1 and 3.0, a folder of tables",
    "omop": "OMOP CDM 5.3 and 5.4: CSV, Parquet, DuckDB, PostgreSQL",
    "fhir": "FHIR R4: resources, bundles, bulk NDJSON",
    "meds": "MEDS, sharded Parquet",
    "sdtm": "SDTM domains: XPT, Dataset-JSON, CSV",
    "redcap": "REDCap records with their data dictionary",
}
CODED = ("clif", "omop", "fhir", "meds", "sdtm", "redcap")
"""The formats that go through codes, an anchor and a mapping."""
_PEEK = 65536
_MOST_PEEKED = 10
_OMOP_TABLES = frozenset({"person", "measurement", "drug_exposure", "condition_occurrence", "observation_period", "visit_occurrence"})
_SDTM_DOMAINS = frozenset({"dm", "ae", "cm", "ex", "vs", "lb", "pr", "fa"})


def module(name: str) -> Any:
    """The module of a format; SettingError when there is none of this name."""
    if name not in FORMATS or name == "tocsin":
        raise SettingError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return import_module(f"tocsin.sources.{name}")


def recognise(path: str | Path) -> str:
    """The format (a key of FORMATS) of a file, folder or database address.

    Raises SourceError when there is nothing, or nothing that can be told.
    """
    text = str(path)
    if "://" in text or text.startswith(("postgresql:", "postgres:")):
        return "omop"
    place = Path(path)
    if place.is_dir():
        return _folder(place)
    if not place.is_file():
        raise SourceError(f"{path}: there is no such file.")
    return _file(place)


def named(path: str | Path) -> str:
    """A record as people may see it: the address of a database goes without its password."""
    from tocsin.sources import omop_database

    return omop_database.shown(omop_database.address(path)) if omop_database.is_postgresql(path) else str(path)


def _stem(file: Path) -> str:
    return file.name.lower().split(".")[0]


def _folder(folder: Path) -> str:
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    names = {_stem(f) for f in files}
    endings = {"".join(f.suffixes[-2:] if f.suffix == ".gz" else f.suffixes[-1:]).lower() for f in files}
    if any(name.startswith("clif_") for name in names):
        return "clif"
    if len(names & _OMOP_TABLES) > 1:
        return "omop"
    if any(e.startswith((".ndjson", ".json", ".jsonl")) for e in endings) and not names & _SDTM_DOMAINS:
        return "fhir"
    if names & _SDTM_DOMAINS and endings & {".xpt", ".json", ".csv", ".csv.gz", ".ndjson"}:
        return "sdtm"
    parquet = sorted(folder.rglob("*.parquet"))
    if (folder / "data").is_dir() and parquet:
        return "meds"
    if parquet:
        return _file(parquet[0])
    if any("redcap" in name or "dictionary" in name for name in names):
        return "redcap"
    tables = [f for f in files if f.name.lower().endswith((".csv", ".csv.gz"))]
    if any(_file(f) == "redcap" for f in tables[:_MOST_PEEKED]):
        return "redcap"
    if tables:
        return "csv"
    raise SourceError(f"{folder}: no format is recognised in this folder.\n  Say which with --format: {', '.join(FORMATS)}.")


def _file(file: Path) -> str:
    ending = file.suffix.lower()
    if ending == ".parquet":
        return _parquet(file)
    if ending in (".duckdb", ".db"):
        return "omop"
    if ending == ".xpt":
        return "sdtm"
    if ending in (".ndjson", ".jsonl", ".json") or file.name.lower().endswith((".ndjson.gz", ".jsonl.gz", ".json.gz")):
        return "sdtm" if b"datasetJSONVersion" in _beginning(file) else "fhir"
    if ending == ".zip":
        return _zip(file)
    header = _beginning(file).split(b"\n")[0]
    if b"redcap_event_name" in header or b"redcap_repeat_instrument" in header:
        return "redcap"
    return "csv"


def _zip(file: Path) -> str:
    """By the names inside: FHIR is JSON, OMOP has its tables."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.lower() for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError):
        raise SourceError(f"{file}: this is no zip file that can be read.") from None
    return "fhir" if any(name.endswith((".json", ".ndjson", ".jsonl")) for name in names) else "omop"


def _beginning(file: Path) -> bytes:
    try:
        with (gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb")) as handle:
            return bytes(handle.read(_PEEK))
    except (OSError, EOFError):
        return b""


def _parquet(file: Path) -> str:
    try:
        columns = set(pl.read_parquet_schema(file))
    except (pl.exceptions.PolarsError, OSError):
        raise SourceError(f"{file}: this is no Parquet file that can be read.") from None
    if {"patient", "hour", "concept"} <= columns:
        return "tocsin"
    if {"subject_id", "time", "code"} <= columns:
        return "meds"
    if _stem(file).startswith("clif_"):
        return "clif"
    if "person_id" in columns:
        return "omop"
    raise SourceError(f"{file}: the columns ({', '.join(sorted(columns)[:6])} ...) are of no format that is known.\n  `tocsin map {file}` shows what "
                      "is in it; --format says which format it is.")


def read(path: str | Path, form: str | None = None, patients: str | Path | None = None, **options: Any) -> Timeline:
    """The record at ``path`` in the format ``form`` (recognised when not given); ``options`` are those of the format's own ``read``.

    ``patients`` is a table of facts about patients in CSV: its infusion times are hour 0, and its facts stand before the export's.
    """
    name = form or recognise(path)
    if name == "tocsin":
        from tocsin.timeline import Timeline

        return Timeline.read_parquet(path, patients, complete=options.get("complete") or ())
    if name == "csv":
        found: Timeline = module("csv").read(path, patients=patients, **options)
        return found
    check_options(name, options)
    told = facts_about(patients)
    record: Timeline = module(name).read(path, **with_times(told, options))
    return with_facts(record, told)


def own_options(name: str) -> dict[str, str]:
    """The options that the reader of a coded format has of its own, with their annotations."""
    own = [p for p in signature(module(name).read).parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
    return {p.name: str(p.annotation) for p in own if p.name != "mapping"}


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """SettingError for an option that the reader of this format does not have."""
    own = own_options(name)
    lost = [key for key in options if key not in {"mapping", *own, *Options.__annotations__}]
    if lost:
        raise SettingError(f"{name} has no option {lost[0]!r}; its own options: {', '.join(own) or 'none'}.")


def facts_about(patients: str | Path | None) -> pl.DataFrame | None:
    """The table of patients in a CSV file or Excel workbook, or None."""
    table: pl.DataFrame | None = module("csv").read(patients).patients if patients is not None else None
    return table


def with_times(told: pl.DataFrame | None, options: dict[str, Any]) -> dict[str, Any]:
    """The options with the infusion times of a table of patients, unless the user gave one."""
    if told is None or options.get("infusion_time"):
        return options
    times = dict(told.select("patient", "infusion_time").drop_nulls().iter_rows())
    return {**options, "infusion_time": times} if times else options


def with_facts(record: Timeline, told: pl.DataFrame | None) -> Timeline:
    """The record with the facts of a table of patients before its own."""
    if told is None:
        return record
    names = [c for c in told.columns if c not in ("patient", "infusion_time") and told[c].null_count() < len(told)]
    both = record.patients.join(told.select("patient", *(pl.col(n).alias(f"_{n}") for n in names)), on="patient", how="left", maintain_order="left")
    filled = both.with_columns(pl.coalesce(f"_{n}", n).alias(n) if n in both.columns else pl.col(f"_{n}").alias(n) for n in names)
    return replace(record, patients=filled.select(pl.exclude([f"_{n}" for n in names])) if names else record.patients)


def writer(form: str) -> Any:
    """The function that writes a format; SettingError for one that is read only."""
    found = getattr(module(form), "write", None)
    if found is None:
        raise SettingError(f"{form} is read and not written; written are {', '.join(f for f in FORMATS if f != 'redcap')}")
    return found


@dataclass(frozen=True, slots=True)
class Written:
    """What was written where; ``beside``: the facts about the patients, where they stand in a file of their own."""

    form: str
    path: Path
    events: int
    patients: int
    beside: Path | None = None


def write(timeline: Timeline, path: str | Path, form: str, grades: Any = ()) -> Written:
    """The record in the format ``form``; ``grades`` go along where the format has a place for them.  SettingError for a format not written."""
    out, beside = Path(path), None
    if form == "tocsin":
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = out.with_name(out.stem + "-patients.parquet")
        timeline.events.write_parquet(out)
        timeline.patients.write_parquet(beside)
    else:
        write_it = writer(form)
        out.parent.mkdir(parents=True, exist_ok=True)
        if form == "csv":
            write_it(timeline, out)
        else:
            write_it(timeline, out, grades)
    return Written(form, out, len(timeline.events), len(timeline.patients), beside)
