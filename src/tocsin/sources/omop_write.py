"""A timeline to an OMOP CDM 5.4 database: a folder of CSV or Parquet tables, or a DuckDB file.

Numbers stand in measurement, drugs in drug_exposure, oxygen devices in device_exposure, findings that are present in
condition_occurrence, everything else in observation, each with its standard concept where there is one and concept 0 where
there is none; ``*_source_value`` says "tocsin:" and the name of the concept.  OMOP has no infusion rate: it stands in ``sig`` as
"rate 5 ug/min".  What the CDM has no column for (the end of a measurement, an attribution, a time that is not exact) stands in a
note about the row, as JSON, so that reading gives the same timeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources.omop_rows import BESIDE, IN_UTC, OURS, WRITER
from tocsin.sources.omop_vocabulary import unit_ids
from tocsin.sources.optional import needs
from tocsin.sources.wall import Wall, wall_clock
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind
from tocsin.vocabulary.respiratory import DEVICE_CODES
from tocsin.vocabulary.spelling import unit_key

if TYPE_CHECKING:
    from tocsin.grading import Grades

FORMS = ("csv", "parquet", "duckdb")
_INT, _TEXT, _REAL, _DAY, _TIME = pl.Int64(), pl.String(), pl.Float64(), pl.Date(), pl.Datetime("us")
_EHR = 32817           # type concept: EHR
_BELOW, _ABOVE = 4171756, 4172704
_SEX: Mapping[str, int] = {"male": 8507, "female": 8532, "other": 8521}
_CDM_54 = 756265       # the concept of OMOP CDM version 5.4 (cdm_source of Synthea27Nj, OHDSI/EunomiaDatasets)
_MOST_WORDS = 50       # value_source_value is a varchar(50)
_STAMP = "%Y-%m-%d %H:%M:%S%.6f"

# Columns of OMOP CDM 5.4 (Field_Level): those that are required, and those that are filled.
TABLES: Mapping[str, Mapping[str, pl.DataType]] = {
    "person": {"person_id": _INT, "gender_concept_id": _INT, "year_of_birth": _INT, "race_concept_id": _INT, "ethnicity_concept_id": _INT,
               "person_source_value": _TEXT, "gender_source_value": _TEXT},
    "observation_period": {"observation_period_id": _INT, "person_id": _INT, "observation_period_start_date": _DAY, "observation_period_end_date": _DAY,
                           "period_type_concept_id": _INT},
    "measurement": {"measurement_id": _INT, "person_id": _INT, "measurement_concept_id": _INT, "measurement_date": _DAY, "measurement_datetime": _TIME,
                    "measurement_type_concept_id": _INT, "operator_concept_id": _INT, "value_as_number": _REAL, "value_as_concept_id": _INT,
                    "unit_concept_id": _INT, "measurement_source_value": _TEXT, "unit_source_value": _TEXT, "value_source_value": _TEXT},
    "observation": {"observation_id": _INT, "person_id": _INT, "observation_concept_id": _INT, "observation_date": _DAY, "observation_datetime": _TIME,
                    "observation_type_concept_id": _INT, "value_as_number": _REAL, "value_as_string": _TEXT, "unit_concept_id": _INT,
                    "observation_source_value": _TEXT, "unit_source_value": _TEXT, "value_source_value": _TEXT},
    "drug_exposure": {"drug_exposure_id": _INT, "person_id": _INT, "drug_concept_id": _INT, "drug_exposure_start_date": _DAY,
                      "drug_exposure_start_datetime": _TIME, "drug_exposure_end_date": _DAY, "drug_exposure_end_datetime": _TIME, "drug_type_concept_id": _INT,
                      "quantity": _REAL, "sig": _TEXT, "route_concept_id": _INT, "drug_source_value": _TEXT, "dose_unit_source_value": _TEXT},
    "device_exposure": {"device_exposure_id": _INT, "person_id": _INT, "device_concept_id": _INT, "device_exposure_start_date": _DAY,
                        "device_exposure_start_datetime": _TIME, "device_exposure_end_date": _DAY, "device_exposure_end_datetime": _TIME,
                        "device_type_concept_id": _INT, "device_source_value": _TEXT},
    "condition_occurrence": {"condition_occurrence_id": _INT, "person_id": _INT, "condition_concept_id": _INT, "condition_start_date": _DAY,
                             "condition_start_datetime": _TIME, "condition_end_date": _DAY, "condition_end_datetime": _TIME,
                             "condition_type_concept_id": _INT, "condition_source_value": _TEXT},
    "death": {"person_id": _INT, "death_date": _DAY, "death_datetime": _TIME, "death_type_concept_id": _INT},
    "note": {"note_id": _INT, "person_id": _INT, "note_date": _DAY, "note_datetime": _TIME, "note_type_concept_id": _INT, "note_class_concept_id": _INT,
             "note_title": _TEXT, "note_text": _TEXT, "encoding_concept_id": _INT, "language_concept_id": _INT, "note_source_value": _TEXT,
             "note_event_id": _INT},
    "cdm_source": {"cdm_source_name": _TEXT, "cdm_source_abbreviation": _TEXT, "cdm_holder": _TEXT, "source_description": _TEXT, "cdm_etl_reference": _TEXT,
                   "source_release_date": _DAY, "cdm_release_date": _DAY, "cdm_version": _TEXT, "cdm_version_concept_id": _INT, "vocabulary_version": _TEXT},
}
_STEMS = {"measurement": ("measurement", "measurement"), "observation": ("observation", "observation"), "drug_exposure": ("drug", "drug_exposure_start"),
          "device_exposure": ("device", "device_exposure_start"), "condition_occurrence": ("condition", "condition_start")}
"""Of each table of things that happened: the stem of its concept's columns, and of its beginning's."""


def write(timeline: Timeline, path: str | Path, grades: Iterable[Grades] = (), form: str | None = None) -> None:
    """Write the record as an OMOP CDM 5.4 database.

    ``path``: a folder, or a DuckDB file (ending .duckdb or .db).  ``grades``: each step becomes a measurement whose source value
    is "tocsin:grade:" and the scale, at_least its number and the range its source value.  ``form``: csv, parquet or duckdb.
    What is declared complete is not part of the database: give it again when reading.

    Raises SourceError when the place is taken, SettingError for an unknown form.
    """
    where = Path(path)
    chosen = form or ("duckdb" if where.suffix in (".duckdb", ".db") else "csv")
    if chosen not in FORMS:
        raise SettingError(f"the form of an OMOP database is one of {', '.join(FORMS)}, not {chosen!r}")
    tables = to_tables(timeline, grades)
    if chosen == "duckdb":
        _to_duckdb(tables, where)
        return
    if where.is_file() or (where.is_dir() and any(where.iterdir())):
        raise SourceError(f"{where} is not an empty folder.\n  Name a new one: what is in it would be mixed with what is written.")
    where.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        if chosen == "parquet":
            frame.write_parquet(where / f"{name}.parquet")
        else:
            frame.write_csv(where / f"{name}.csv", datetime_format=_STAMP, quote_style="necessary")


def _to_duckdb(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    duckdb = needs("duckdb")
    if path.exists():
        raise SourceError(f"{path} is there already.\n  Name a new file.")
    with duckdb.connect(str(path)) as connection:
        for name, frame in tables.items():
            connection.register("frame", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
            connection.unregister("frame")


def to_tables(timeline: Timeline, grades: Iterable[Grades] = ()) -> dict[str, pl.DataFrame]:
    """The tables of the record, by name, in the columns of TABLES."""
    wall = wall_clock(timeline)
    people = timeline.patients.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    ids = _ids(people["patient"].to_list())
    events = _routed(wall.events.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).with_columns(_person(ids)))
    rows = {name: events.filter(pl.col("table") == name) for name in _STEMS}
    rows["measurement"] = pl.concat([rows["measurement"], _graded(grades, wall, ids)], how="diagonal")
    rows["observation"] = pl.concat([rows["observation"], _facts(people, wall, ids)], how="diagonal")
    out = {"person": _people(people, wall, ids), "observation_period": _periods(events, wall, ids)}
    notes = []
    for name, frame in rows.items():
        numbered = frame.with_row_index(f"{name}_id", offset=1)
        out[name] = _shaped(_columns(name, numbered), name)
        notes.append(_beside(name, numbered))
    dead = events.filter(pl.col("table") == "death")
    out["death"] = _shaped(dead.select("person_id", pl.col("start").dt.date().alias("death_date"), pl.col("start").alias("death_datetime"),
                                       pl.lit(_EHR).alias("death_type_concept_id")), "death")
    out["note"] = _shaped(pl.concat(notes).with_row_index("note_id", offset=1), "note")
    out["cdm_source"] = _source(wall)
    return out


# ---------------------------------------------------------------- people

def _ids(patients: list[str]) -> dict[str, int]:
    """A whole number for each patient: their own name where all names are whole numbers of 64 bits, else counted from 1."""
    plain = [who.lstrip("-").isdecimal() and str(int(who)) == who and -(2**63) <= int(who) < 2**63 for who in patients]
    return {who: int(who) if all(plain) else n for n, who in enumerate(patients, start=1)}


def _person(ids: Mapping[str, int]) -> pl.Expr:
    return pl.col("patient").replace_strict(dict(ids), return_dtype=pl.Int64).alias("person_id")


def _people(people: pl.DataFrame, wall: Wall, ids: Mapping[str, int]) -> pl.DataFrame:
    rows = []
    for who, age, sex in people.select("patient", "age_years", "sex").iter_rows():
        year = None if age is None or who in wall.undated else int(wall.hour_0[who].year + (wall.hour_0[who].timetuple().tm_yday / 365.25) - age)
        rows.append((ids[who], _SEX.get(sex or "", 0), year, 0, 0, who, sex))
    return pl.DataFrame(rows, orient="row", schema=dict(TABLES["person"]))


def _periods(events: pl.DataFrame, wall: Wall, ids: Mapping[str, int]) -> pl.DataFrame:
    """Each patient is observed from the first to the last event, hour 0 included."""
    zero = pl.DataFrame({"person_id": [ids[who] for who in wall.hour_0], "at": list(wall.hour_0.values())}, schema={"person_id": _INT, "at": _TIME})
    moments = [events.select("person_id", pl.col(name).alias("at")).drop_nulls("at") for name in ("start", "latest", "end")]
    spans = pl.concat([zero, *moments]).group_by("person_id", maintain_order=True).agg(pl.col("at").min().alias("first"), pl.col("at").max().alias("last"))
    return _shaped(spans.with_row_index("observation_period_id", offset=1).with_columns(
        pl.col("first").dt.date().alias("observation_period_start_date"), pl.col("last").dt.date().alias("observation_period_end_date"),
        pl.lit(_EHR).alias("period_type_concept_id")), "observation_period")


def _facts(people: pl.DataFrame, wall: Wall, ids: Mapping[str, int]) -> pl.DataFrame:
    """Hour 0 and the facts about each patient, as observations at hour 0."""
    rows: list[dict[str, Any]] = []
    for row in people.iter_rows(named=True):
        who = row["patient"]
        at = {"person_id": ids[who], "start": wall.hour_0[who]}
        rows.append({**at, "source": f"{OURS}hour_0"})
        for name, value in row.items():
            if value is None or name in ("patient", "infusion_time"):
                continue
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
            rows.append({**at, "source": f"{OURS}fact:{name}", "value": number, "text": None if number is not None else str(value)})
    schema = {"person_id": _INT, "start": _TIME, "source": _TEXT, "value": _REAL, "text": _TEXT}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _graded(grades: Iterable[Grades], wall: Wall, ids: Mapping[str, int]) -> pl.DataFrame:
    """Each step of each scale."""
    pieces = [pl.DataFrame(schema={"person_id": _INT, "start": _TIME, "source": _TEXT, "value": _REAL, "text": _TEXT, "end": _TIME})]
    zero = pl.col("patient").replace_strict(dict(wall.hour_0), return_dtype=_TIME)

    def at(edge: str) -> pl.Expr:
        return (zero + pl.duration(microseconds=(pl.col(f"{edge}_hour") * 3.6e9).round(0).cast(pl.Int64))).alias(edge)

    for one in grades:
        low, high = pl.col("at_least").cast(pl.Float64), pl.col("at_most").cast(pl.Float64)
        words = [number.cast(pl.String).str.strip_suffix(".0") for number in (low, high)]
        pieces.append(one.frame.select(
            _person(ids), at("start"), at("end"),
            pl.lit(f"{OURS}grade:{one.scale.id}").alias("source"), pl.when(low.is_finite()).then(low).alias("value"),
            pl.when(low == high).then(words[0]).otherwise(pl.concat_str(words[0], pl.lit(" to "), words[1])).alias("text"),
        ).select(list(pieces[0].columns)))
    return pl.concat(pieces)


# ---------------------------------------------------------------- events

def _routed(events: pl.DataFrame) -> pl.DataFrame:
    """The events with the table that each belongs to, its concept id, its unit and its source value."""
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    events = events.with_columns(pl.when(empty).then(pl.lit("unknown")).otherwise("text").alias("text"))
    kinds = {c.name: str(c.kind) for c in CONCEPTS.values()}
    devices = {value: ids[0] for value, (_, ids) in DEVICE_CODES.items()}
    standard = {c.name: c.omop[0] for c in CONCEPTS.values() if c.omop}
    kind = pl.col("concept").replace_strict(kinds, return_dtype=pl.String)
    drug = kind.is_in([str(Kind.DOSE), str(Kind.INFUSION)])
    given = ((pl.col("value") > 0).fill_null(True) & ~pl.col("text").is_in(["absent", "unknown"]).fill_null(False))
    device = (pl.col("concept") == "oxygen_device") & pl.col("text").is_in(list(devices)).fill_null(False)
    present = (kind == str(Kind.FINDING)) & (pl.col("text") == "present").fill_null(False) & pl.col("value").is_null()
    plain = pl.all_horizontal(pl.col(name).is_null() for name in ("value", "latest", "end", "site", "note")) & (pl.col("attribution") == "unknown") & (
        pl.col("censored") == 0)
    dead = (pl.col("concept") == "death") & (pl.col("text") == "present").fill_null(False) & plain
    first = pl.col("concept").cum_count().over("patient", "concept") == 1
    table = (pl.when(drug & given).then(pl.lit("drug_exposure")).when(device).then(pl.lit("device_exposure")).when(present).then(pl.lit("condition_occurrence"))
             .when(kind == str(Kind.MEASUREMENT)).then(pl.lit("measurement")).when(dead & first).then(pl.lit("death")).otherwise(pl.lit("observation")))
    refused = drug & ~given  # a drug that was not given is no exposure: nobody should find it by the drug's concept
    of_device = pl.col("text").replace_strict(devices, default=0, return_dtype=pl.Int64)
    return events.with_columns(
        table.alias("table"), pl.when(device).then(of_device).when(~refused).then(
            pl.col("concept").replace_strict(standard, default=0, return_dtype=pl.Int64)).otherwise(0).alias("standard"),
        pl.when(pl.col("value").is_not_null()).then(
            pl.col("concept").replace_strict({c.name: c.unit for c in CONCEPTS.values()}, default=None, return_dtype=pl.String)).alias("unit"),
        pl.concat_str(pl.lit(OURS), "concept").alias("source"), (kind == str(Kind.INFUSION)).alias("runs"),
    )


def _columns(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in the columns of their table."""
    stem, begin = _STEMS[name]
    ids = unit_ids()
    units = {c.unit: int(ids[unit_key(c.unit)]) for c in CONCEPTS.values() if c.unit and unit_key(c.unit) in ids}
    out = rows.with_columns(
        pl.col("standard").fill_null(0).alias(f"{stem}_concept_id") if "standard" in rows.columns else pl.lit(0).alias(f"{stem}_concept_id"),
        pl.lit(_EHR).alias(f"{stem}_type_concept_id"), pl.col("source").alias(f"{stem}_source_value"),
        pl.col("start").dt.date().alias(f"{begin}_date"), pl.col("start").alias(f"{begin}_datetime"),
    )
    if begin.endswith("_start"):
        edge = begin.removesuffix("start") + "end"
        day = pl.coalesce("end", "start") if name == "drug_exposure" else pl.col("end")
        out = out.with_columns(day.dt.date().alias(f"{edge}_date"), pl.col("end").alias(f"{edge}_datetime"))
    if name in ("measurement", "observation"):
        out = out.with_columns(
            pl.col("value").alias("value_as_number"), pl.col("unit").alias("unit_source_value"),
            pl.col("unit").replace_strict(units, default=None, return_dtype=pl.Int64).alias("unit_concept_id"),
            pl.when(_short()).then("text").alias("value_source_value"),
        )
    if name == "measurement":
        sign = pl.when(pl.col("censored") < 0).then(_BELOW).when(pl.col("censored") > 0).then(_ABOVE)
        out = out.with_columns(sign.alias("operator_concept_id"))
    if name == "drug_exposure":
        amount = pl.col("value").cast(pl.String).str.strip_suffix(".0")
        out = out.with_columns(
            pl.when(~pl.col("runs")).then("value").alias("quantity"), pl.when(~pl.col("runs")).then("unit").alias("dose_unit_source_value"),
            pl.when(pl.col("runs") & pl.col("value").is_not_null()).then(pl.concat_str(pl.lit("rate "), amount, pl.lit(" "), "unit")).alias("sig"),
        )
    return out


def _short() -> pl.Expr:
    """Whether the words fit into value_source_value, blanks at their ends not lost."""
    return (pl.col("text").str.len_chars() <= _MOST_WORDS) & (pl.col("text").str.strip_chars() == pl.col("text"))


def _beside(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Notes with what the columns of the table cannot tell about a row."""
    begin = _STEMS[name][1]
    worded = name in ("measurement", "observation")
    tells: dict[str, pl.Expr] = {
        "latest": pl.col("latest").dt.strftime(_STAMP),
        "end": pl.when(pl.lit(not begin.endswith("_start"))).then(pl.col("end").dt.strftime(_STAMP)),
        "text": pl.when(~pl.lit(worded) | pl.col("value").is_not_null() | ~_short()).then("text"),
        "censored": pl.when((pl.col("censored") != 0) & pl.lit(name != "measurement")).then("censored"),
        "attribution": pl.when(pl.col("attribution") != "unknown").then("attribution"),
        "site": pl.col("site"), "note": pl.col("note"),
    }
    if name == "condition_occurrence":
        tells["text"] = pl.lit(None, pl.String)
    ours = pl.col("source").str.starts_with(f"{OURS}grade:")
    told = rows.with_columns(pl.lit(None, dtype=kind).alias(column) for column, kind in
                             {"latest": _TIME, "end": _TIME, "censored": pl.Int8(), "attribution": _TEXT, "site": _TEXT, "note": _TEXT}.items()
                             if column not in rows.columns).filter(~ours)
    told = told.with_columns(pl.struct(expression.alias(column) for column, expression in tells.items()).alias("told"))
    told = told.filter(pl.any_horizontal(pl.col("told").struct.field(column).is_not_null() for column in BESIDE))
    key = pl.col(f"{name}_id").cast(pl.Int64)
    return told.select(
        "person_id", pl.col("start").dt.date().alias("note_date"), pl.col("start").alias("note_datetime"), pl.lit(_EHR).alias("note_type_concept_id"),
        *(pl.lit(0).alias(column) for column in ("note_class_concept_id", "encoding_concept_id", "language_concept_id")),
        pl.concat_str(pl.lit(f"{name} "), key.cast(pl.String)).alias("note_title"), pl.col("told").struct.json_encode().alias("note_text"),
        pl.lit(OURS).alias("note_source_value"), key.alias("note_event_id"),
    )


def _source(wall: Wall) -> pl.DataFrame:
    last = max(wall.hour_0.values()).date() if wall.hour_0 else None
    row = ("Tocsin", "tocsin", "", IN_UTC if wall.aware else "times are wall-clock times of one place", WRITER, last, last, "5.4", _CDM_54, "")
    return pl.DataFrame([row], orient="row", schema=dict(TABLES["cdm_source"]))


def _shaped(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name) for name, kind in TABLES[table].items())
