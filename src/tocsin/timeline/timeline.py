"""The record: one long table of events and one of patients, real or virtual, that everything else reads."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tocsin.errors import TimelineError, UnknownIdError
from tocsin.timeline.completeness import Completeness
from tocsin.timeline.reading import parquet
from tocsin.timeline.schema import ATTRIBUTIONS, EVENTS, PATIENTS, conform, is_patient_fact, patient_schema
from tocsin.vocabulary import CONCEPTS

if TYPE_CHECKING:
    from tocsin.timeline.reading import Reading


@dataclass(frozen=True)
class Timeline:
    """A record of one or many patients.

    ``events`` has the columns of ``schema.EVENTS`` (hours since the index infusion, canonical units) sorted by patient and hour;
    ``patients`` those of ``schema.PATIENTS``, one row each, first those with events in the order of the events.  ``complete``
    says which domains are complete.  ``reading`` is what the source did with each input row, when it was read from a file.
    Raises TimelineError when the events contradict the vocabulary or themselves.
    """

    events: pl.DataFrame
    patients: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(PATIENTS)))
    complete: Completeness = field(default_factory=Completeness)
    reading: Reading | None = None

    def __post_init__(self) -> None:
        events = conform(self.events, EVENTS)
        check_events(events)
        if not _is_sorted(events):
            events = events.sort("patient", "hour", maintain_order=True)
        object.__setattr__(self, "events", events)
        schema = patient_schema(self.patients.columns)
        patients = conform(self.patients, schema)
        if patients["patient"].is_duplicated().any():
            twice = patients.filter(patients["patient"].is_duplicated())["patient"][0]
            raise TimelineError(f"patient {twice!r} has more than one row in the table of patients; keep one.")
        seen = events["patient"].rle().struct.field("value").cast(pl.String) if len(events) else pl.Series([], dtype=pl.String)
        if not seen.equals(patients["patient"].head(len(seen))):
            # those with events first, in the order of the events; all others after them
            known = pl.DataFrame({"patient": seen}).join(patients, on="patient", how="left", maintain_order="left")
            patients = conform(pl.concat([known, patients.filter(~pl.col("patient").is_in(seen.to_list()))]), schema)
        object.__setattr__(self, "patients", patients)

    @cached_property
    def cache(self) -> dict[object, object]:
        """What others have worked out from this record and may need again; a record never changes, so it never goes stale."""
        return {}

    # ------------------------------------------------------------------ reading
    @staticmethod
    def read_csv(*paths: str | Path, **options: object) -> Timeline:
        """A record from CSV files or Excel workbooks; see ``tocsin.sources.csv.read`` for the options."""
        from importlib import import_module  # a source is above this room, so it is loaded by name

        return import_module("tocsin.sources.csv").read(*paths, **options)  # type: ignore[no-any-return]

    @classmethod
    def read_parquet(cls, path: str | Path, patients: str | Path | None = None, complete: Iterable[str] = ()) -> Timeline:
        """A record from a Parquet file of events in Tocsin's own columns, and optionally one of patients.

        Raises SourceError when a file is no Parquet, or TimelineError when it does not hold these columns.
        """
        who = parquet(patients) if patients is not None else pl.DataFrame(schema=dict(PATIENTS))
        return cls(parquet(path), who, Completeness.of(complete))

    @classmethod
    def from_rows(
        cls, rows: Sequence[Mapping[str, object]], patients: Sequence[Mapping[str, object]] = (), complete: Iterable[str] = ()
    ) -> Timeline:
        """A small record from plain dictionaries; ``patient`` defaults to "1"."""
        events = pl.DataFrame(
            [{name: row.get(name, "1" if name == "patient" else None) for name in EVENTS} for row in rows],
            schema={n: (pl.Float64 if k == pl.Float64 else k) for n, k in EVENTS.items()}, strict=False,
        )
        schema = patient_schema(name for row in patients for name in row)
        who = pl.DataFrame(
            [{name: row.get(name, "1" if name == "patient" else None) for name in schema} for row in patients],
            schema=dict(schema), strict=False,
        )
        return cls(events, who, Completeness.of(complete))

    # ------------------------------------------------------------------ views
    @property
    def patient_ids(self) -> list[str]:
        """The patients, in the order of the table of patients."""
        return self.patients["patient"].to_list()

    def of(self, patient: str) -> Timeline:
        """The record of one patient; UnknownIdError when there is none."""
        if patient not in self.patients["patient"]:
            raise UnknownIdError("patient", patient, self.patient_ids)
        return replace(
            self, events=self.events.filter(pl.col("patient") == patient), patients=self.patients.filter(pl.col("patient") == patient),
            complete=self.complete.of_patient(patient),
        )

    def until(self, hour: float) -> Timeline:
        """What was known at ``hour``: events that had begun; what has not ended yet runs until just after ``hour``."""
        known = self.events.filter(pl.col("hour") <= hour)
        now = math.nextafter(hour, math.inf)
        return replace(self, events=known.with_columns(pl.when(pl.col("end_hour") > hour).then(now).otherwise("end_hour").alias("end_hour")))

    def with_complete(self, complete: Completeness) -> Timeline:
        """The same record under another declaration of what is complete."""
        return replace(self, complete=complete)

    def with_patient_facts(self, **facts: object) -> Timeline:
        """The same record with facts of every patient filled in (``weight_kg=50``); raises TimelineError for unknown facts."""
        for name in facts:
            if not is_patient_fact(name):
                raise TimelineError(f"{name!r} is not a fact about a patient; known: {', '.join(PATIENTS)}, and uln_, lln_ or baseline_ before a "
                                    "measurement")
        kinds = patient_schema(facts)
        return replace(self, patients=self.patients.with_columns(pl.lit(v).cast(kinds[n]).alias(n) for n, v in facts.items()))


def _is_sorted(events: pl.DataFrame) -> bool:
    if len(events) < 2:
        return True
    patient, hour = events["patient"], events["hour"]
    same = patient == patient.shift(1)
    back = (same & (hour < hour.shift(1))).fill_null(False)
    if back.any():
        return False
    starts = patient.filter(~same.fill_null(False))
    return starts.n_unique() == len(starts)


def check_events(events: pl.DataFrame) -> None:
    """Raise TimelineError, naming the first row, where the events contradict the vocabulary or themselves."""
    for column in ("patient", "hour", "concept"):
        if events[column].null_count():
            _complain(events.filter(pl.col(column).is_null()), f"has no {column}")
    unknown = [c for c in events["concept"].unique().to_list() if c not in CONCEPTS]
    if unknown:
        _complain(events.filter(pl.col("concept") == unknown[0]), f"has the unknown concept {unknown[0]!r} (see `tocsin concepts`)")
    strange = [a for a in events["attribution"].unique().to_list() if a not in ATTRIBUTIONS]
    if strange:
        _complain(
            events.filter(pl.col("attribution") == strange[0]),
            f"has the unknown attribution {strange[0]!r} (known: {', '.join(ATTRIBUTIONS)})",
        )
    for name, what in (("end_hour", "ends before it begins"), ("hour_latest", "has a latest hour before its earliest")):
        if events[name].null_count() < len(events):
            wrong = events.filter(pl.col(name) < pl.col("hour"))
            if len(wrong):
                _complain(wrong, what)
    if not events["hour"].is_finite().all():
        _complain(events.filter(~pl.col("hour").is_finite()), "has an hour that is not a number")


def _complain(rows: pl.DataFrame, what: str) -> None:
    row = rows.row(0, named=True)
    where = row["origin"] or f"patient {row['patient']}"
    more = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
    raise TimelineError(f"{where}: {row['concept']} at hour {row['hour']} {what}{more}.")
