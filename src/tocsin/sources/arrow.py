"""Grading as a function from Arrow batches to Arrow batches, for engines that spread a record over many machines.

The function takes the batches of one partition, in which the rows of each patient stand together, and gives the steps of their
grades.  Spark calls it by ``mapInArrow``; so can any program that has Arrow batches (PyArrow, DuckDB, Polars).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import polars as pl

from tocsin.errors import SettingError, SourceError, TimelineError
from tocsin.grading import grade_many
from tocsin.grading.encode import carry_forward, counted_attributions
from tocsin.scales import scale as find_scale
from tocsin.sources import coded, mapping_file, meds, meds_shard
from tocsin.sources.batch import STEPS, steps_of
from tocsin.sources.codes import Codes
from tocsin.sources.optional import needs
from tocsin.sources.whole_patients import whole_patients
from tocsin.timeline import EVENTS, Completeness, Timeline, is_patient_fact, patient_schema
from tocsin.timeline.blocks import ROWS

RecordBatch = Any
"""A ``pyarrow.RecordBatch``; PyArrow has no type information."""
Schema = Any
"""A ``pyarrow.Schema``."""
FORMS = ("tocsin", "meds")
"""What the rows are: Tocsin's own events, or MEDS."""
OUTPUT = ("patient string, scale string, start_hour double, end_hour double, at_least double, at_most double, "
          "because array<string>, undecided array<string>, flags array<string>")
"""The columns that ``grade_batches`` gives, as Spark writes a schema: one row for each step, see ``grading.Grades.frame``."""
COUNTS = "what string, number bigint"
"""The columns that ``count_batches`` gives, as Spark writes a schema."""
_A_BATCH = 65_536
_REQUIRED = ("patient", "hour", "concept")
_GRADING = ("settings", "count", "carry", "from_hour", "until")


class Options(coded.Options, total=False):
    """How batches are read (for MEDS, ``anchor.Settings``) and graded (``grading.grade``)."""

    settings: Mapping[str, object] | None
    count: Sequence[str] | None
    carry: Mapping[str, float] | None
    from_hour: float
    until: float | None


def output_schema() -> Schema:
    """The columns that ``grade_batches`` gives, as an Arrow schema."""
    pa = needs("pyarrow")
    kinds = {pl.String: pa.string(), pl.Float64: pa.float64()}
    return pa.schema([(name, kinds.get(kind) or pa.list_(pa.string())) for name, kind in STEPS.items()])


def counts_schema() -> Schema:
    """The columns that ``count_batches`` gives, as an Arrow schema."""
    pa = needs("pyarrow")
    return pa.schema([("what", pa.string()), ("number", pa.int64())])


@dataclass(frozen=True, slots=True)
class _Records:
    """Batches to records; small, so that it travels to every worker."""

    form: str
    complete: Completeness
    reading: coded.Settings
    codes: Codes
    parents: Mapping[str, Sequence[str]]
    rows: int

    def blocks(self, batches: Iterator[RecordBatch]) -> Iterator[pl.DataFrame]:
        """The rows in blocks of whole patients, their columns checked."""
        checked, key = (_meds_rows, "subject_id") if self.form == "meds" else (_own_rows, "patient")
        return whole_patients((checked(batch) for batch in batches), key, self.rows)

    def record(self, block: pl.DataFrame) -> Timeline:
        """The record in the rows of whole patients."""
        if self.form == "tocsin":
            return Timeline(block.select(c for c in EVENTS if c in block.columns), _facts(block), self.complete)
        _no_unit_to_guess(block["code"], self)
        kind = block.schema["time"]
        aware = isinstance(kind, pl.Datetime) and kind.time_zone is not None
        if aware:
            block = block.with_columns(pl.col("time").dt.convert_time_zone("UTC").dt.replace_time_zone(None))
        return meds_shard.record(block.lazy(), "MEDS", self.codes, self.parents, self.reading, aware)


@dataclass(frozen=True, slots=True)
class GradeBatches:
    """What ``grade_batches`` returns: call it with the batches of one partition."""

    records: _Records
    scales: tuple[str, ...]
    grading: Mapping[str, Any]
    workers: int | None

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        """The steps of every patient by every scale, as OUTPUT says."""
        schema = output_schema()
        options = {name: value for name, value in self.grading.items() if name != "settings"}
        scales = [find_scale(name, **(self.grading.get("settings") or {})) for name in self.scales]
        for block in self.records.blocks(batches):
            timeline = self.records.record(block)
            if not len(timeline.patients):
                continue
            for grades in grade_many(timeline, scales, workers=self.workers, **options):
                table = steps_of(grades).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
                yield from table.to_batches(max_chunksize=_A_BATCH)


@dataclass(frozen=True, slots=True)
class CountBatches:
    """What ``count_batches`` returns: call it with the batches of one partition."""

    records: _Records

    def __call__(self, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
        """What became of the rows, as COUNTS says: one number for each thing counted in this partition."""
        pa = needs("pyarrow")
        total: Counter[str] = Counter()
        for block in self.records.blocks(batches):
            total["rows"] += len(block)
            total["patients"] += block["subject_id" if self.records.form == "meds" else "patient"].n_unique()
            timeline = self.records.record(block)
            total["records"] += len(timeline.patients)
            total["events"] += len(timeline.events)
            if timeline.reading is None:
                total["rows used"] += len(block)
                continue
            for file in timeline.reading.files:
                total.update({"rows used": file.used, "rows explained": file.explained, "rows in quarantine": file.quarantined})
                total.update({f"ignored: {code}": many for code, many in file.ignored.items()})
            for note in timeline.reading.errors:
                total[f"error: {note.what}"] += len(note.rows)
        if total:
            yield pa.RecordBatch.from_pydict({"what": list(total), "number": list(total.values())}, schema=counts_schema())


def grade_batches(
    scales: Sequence[str] | str = ("astct-crs-2019",), *, form: str = "tocsin", mapping: str | Path | Codes | None = None,
    metadata: str | Path | None = None, rows: int = ROWS, workers: int | None = 1, **options: Unpack[Options],
) -> GradeBatches:
    """A function that grades the Arrow batches of one partition: ``df.mapInArrow(grade_batches(), OUTPUT)`` in Spark.

    The rows of a patient must stand together in one partition; batches may be cut anywhere.  The function can be pickled; what
    it needs of files here (a mapping) is read now and travels with it.

    Args:
        scales: Ids of scales; a row of the output names its own.
        form: "tocsin": rows with the columns of ``timeline.EVENTS`` (patient, hour and concept are required), and beside them, if
            known, facts about the patient (age_years, weight_kg ...: columns of ``timeline.PATIENTS``) repeated in each row.
            "meds": rows with subject_id, time, code, numeric_value and, if present, text_value.
        mapping: For MEDS: a mapping file, the name of a shipped one, or the codes themselves.
        metadata: For MEDS: the folder of the data set, whose ``metadata/codes.parquet`` tells standard codes of local ones.
        rows: How many rows are graded at once, about; memory grows with it.
        workers: Threads: 1 where the engine runs one task on each core, None to use all cores.
        options: ``complete`` (domains in which no row means absent); for MEDS those of ``anchor.Settings`` (anchor, index,
            infusion_time, ...); and those of ``grading.grade`` (settings, count, carry, from_hour, until).

    Raises:
        UnknownIdError: A scale that does not exist.
        SettingError: An option that cannot be used.
        SourceError: A mapping file that cannot be read.

    The function raises SourceError for batches with columns or units that it cannot use, and TimelineError for rows that
    contradict themselves or are not grouped by patient.
    """
    named = (scales,) if isinstance(scales, str) else tuple(scales)
    grading = {name: options[name] for name in _GRADING if name in options}  # type: ignore[literal-required]
    if not named:
        raise SettingError("no scale is named; see `tocsin scales`")
    for name in named:
        find_scale(name, **(options.get("settings") or {}))
    counted_attributions(options.get("count") or ())
    carry_forward(options.get("carry") or {})
    return GradeBatches(_records(form, mapping, metadata, rows, options), named, grading, workers)


def count_batches(
    *, form: str = "tocsin", mapping: str | Path | Codes | None = None, metadata: str | Path | None = None, rows: int = ROWS,
    **options: Unpack[Options],
) -> CountBatches:
    """A function that counts what becomes of the rows of one partition: ``df.mapInArrow(count_batches(), COUNTS)`` in Spark.

    The numbers of all partitions are summed by ``what``: rows = rows used + rows explained + rows in quarantine; patients (by
    their rows) and records (patients or stays with an hour 0, which are what is graded); events; and, for MEDS, the ignored
    codes and the reasons for quarantine.  Arguments as for ``grade_batches``.
    """
    return CountBatches(_records(form, mapping, metadata, rows, options))


def _records(form: str, mapping: str | Path | Codes | None, metadata: str | Path | None, rows: int, options: Mapping[str, Any]) -> _Records:
    if form not in FORMS:
        raise SettingError(f"form is one of {', '.join(FORMS)}, not {form!r}.\n  Other formats: write the record as Parquet first (tocsin convert).")
    if rows < 1:
        raise SettingError(f"rows is how many rows are graded at once, at least 1, not {rows}")
    unknown = [name for name in options if name not in (*_GRADING, *coded.Options.__annotations__)]
    if unknown:
        raise SettingError(f"there is no option {unknown[0]!r}; there are {', '.join((*coded.Options.__annotations__, *_GRADING))}")
    reading = {name: value for name, value in options.items() if name not in _GRADING}
    complete = Completeness.of(reading.get("complete") or ())
    if form == "tocsin":
        given = [name for name in reading if name != "complete"] + [n for n, v in (("mapping", mapping), ("metadata", metadata)) if v is not None]
        if given:
            raise SettingError(f"{given[0]} is for MEDS; Tocsin's own events have their hours and concepts already")
        return _Records(form, complete, coded.settings(), Codes(), {}, rows)
    codes = mapping if isinstance(mapping, Codes) else mapping_file.codes(mapping)
    parents = {
        code: tuple(some) for code, some in (meds.parent_codes(metadata) if metadata is not None else {}).items()
        if meds.meaning(code, codes) != meds.meaning(code, codes, some)
    }
    return _Records(form, complete, coded.settings(**reading), codes, parents, rows)


# ---------------------------------------------------------------- columns

_WORDS = (pl.String, pl.Categorical, pl.Enum)


def _fits(mine: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether a column of one type can be read as another without a guess."""
    if mine == pl.Null():
        return True
    if isinstance(wanted, pl.String):
        return isinstance(mine, _WORDS)
    if isinstance(wanted, pl.Boolean):
        return isinstance(mine, pl.Boolean)
    if isinstance(wanted, pl.Datetime):
        return isinstance(mine, pl.Datetime)
    return mine.is_integer() if wanted.is_integer() else mine.is_numeric()


def _frame(batch: RecordBatch, wanted: Mapping[str, pl.DataType], required: Sequence[str], what: str) -> pl.DataFrame:
    """The wanted columns of a batch; SourceError when one lacks or has another type."""
    names = batch.schema.names
    lacking = [name for name in required if name not in names]
    if lacking:
        raise SourceError(f"the batches have no column {lacking[0]!r}; {what} have {', '.join(required)}.\n  They have {', '.join(names) or 'none'}.")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise SourceError(f"the batches have two columns {twice[0]!r}.\n  Keep one.")
    chosen = batch.select([name for name in names if name in wanted])
    frame = pl.from_arrow(chosen)
    assert isinstance(frame, pl.DataFrame)
    for name, mine in frame.schema.items():
        whole = name in ("patient", "subject_id") and mine.is_integer()
        if not whole and not _fits(mine, wanted[name]):
            raise SourceError(f"the column {name!r} is of type {chosen.schema.field(name).type}; {what} have {_called(wanted[name])} there.\n"
                              f"  Convert it first.")
    return frame


def _called(kind: pl.DataType) -> str:
    if isinstance(kind, pl.String):
        return "text"
    if isinstance(kind, pl.Boolean):
        return "true or false"
    if isinstance(kind, pl.Datetime):
        return "a time"
    return "whole numbers" if kind.is_integer() else "numbers"


def _own_rows(batch: RecordBatch) -> pl.DataFrame:
    """Rows of Tocsin's own events, facts about the patient beside them."""
    strange = [name for name in batch.schema.names if name not in EVENTS and not is_patient_fact(name)]
    if strange:
        raise SourceError(f"the column {strange[0]!r} is neither of Tocsin's events nor a fact about a patient.\n  Select the columns that are "
                          f"meant: {', '.join(EVENTS)}, and facts such as age_years and weight_kg.")
    wanted = {**patient_schema(batch.schema.names), **EVENTS}
    return _frame(batch, wanted, _REQUIRED, "Tocsin's events").with_columns(pl.col("patient").cast(pl.String))


def _facts(block: pl.DataFrame) -> pl.DataFrame:
    """The table of patients in facts that are repeated in their rows; TimelineError when one patient has two of them."""
    kinds = patient_schema(block.columns)
    names = [name for name in block.columns if name in kinds and name != "patient"]
    if not names:
        return pl.DataFrame(schema=dict(kinds))
    told = block.group_by("patient", maintain_order=True).agg(
        *(pl.col(n).drop_nulls().first() for n in names), *(pl.col(n).drop_nulls().n_unique().alias(f"{n} values") for n in names))
    for name in names:
        twice = told.filter(pl.col(f"{name} values") > 1)
        if len(twice):
            raise TimelineError(f"patient {twice['patient'][0]!r} has more than one {name}.\n  Facts about a patient are the same in each of the rows.")
    return told.select("patient", *names)


_MEDS: Mapping[str, pl.DataType] = {
    "subject_id": pl.Int64(), "time": pl.Datetime("us"), "code": pl.String(), "numeric_value": pl.Float32(), "text_value": pl.String(), **meds.OWN}


def _meds_rows(batch: RecordBatch) -> pl.DataFrame:
    """Rows of MEDS."""
    frame = _frame(batch, _MEDS, meds.REQUIRED, "MEDS events")
    absent = [pl.lit(None, pl.String).alias("text_value")] if "text_value" not in frame.columns else []
    return frame.with_columns(pl.col("code").cast(pl.String), *absent)


def _no_unit_to_guess(code: pl.Series, records: _Records) -> None:
    """Raise SourceError for a temperature whose unit nobody tells: whether it is Fahrenheit shows only in all its values together."""
    if "temperature" in records.reading.units:
        return
    for name in code.unique().drop_nulls().to_list():
        meant = meds.meaning(name, records.codes, records.parents.get(name, ()))
        item = records.codes.item(meant.code, meant.name) if meant is not None else None
        if meant is not None and item is not None and item.concept == "temperature" and meant.unit is None and item.unit is None:
            raise SourceError(f"the temperatures {name!r} have no unit, and part of a record does not show which it is.\n  Write it in the mapping file "
                              f'("{name}" = {{ concept = "temperature", unit = "degC" }}), or give units={{"temperature": "degC"}}.')
