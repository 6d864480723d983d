"""What a coded export (CLIF, OMOP, FHIR, MEDS, SDTM, REDCap) says, row by row, before anything is understood.

Each format has one module that turns its files into an ``Export``: who is in it, their stays, and tables of entries.  An entry
is one thing charted about one patient at one time under the export's own code.  ``coded.timeline`` does the rest for all
formats alike: codes to concepts, units, times to hours, infusions, duplicates, completeness and the reconciliation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

ENTRIES: Mapping[str, pl.DataType] = MappingProxyType({
    "row": pl.UInt32(),            # the row of the file, the first row of data being 1 (2 in a CSV file, whose header is row 1)
    "patient": pl.String(),        # the person, as the export names them
    "stay": pl.String(),           # the hospital or ICU stay, when the row names it
    "start": pl.Datetime("us"),    # wall clock or UTC, see Export.aware
    "latest": pl.Datetime("us"),   # null when the time is exact; else the true time lies between start and latest
    "end": pl.Datetime("us"),      # when it ended, when the row tells it
    "code": pl.String(),           # "loinc:8310-5", "clif:temp_c", "omop:3020891", or the hospital's own, "mimic:220045"
    "name": pl.String(),           # what the export calls it, for people and for `tocsin map`
    "value": pl.Float64(),         # the number
    "censored": pl.Int8(),         # -1 the true value is below ("<"), 0 exact, +1 above (">"); null is 0
    "unit": pl.String(),           # as written
    "text": pl.String(),           # a coded value or words, or words beside the number
    "action": pl.String(),         # of a drug that runs: start, change, stop; of a dose: given, not_given; null: nothing said
    "course": pl.String(),         # the order or bag to which the row belongs
    "attribution": pl.String(),    # to what it is put down, in the words of timeline.ATTRIBUTIONS; null: not said
    "site": pl.String(),           # where, for local findings
    "note": pl.String(),           # the export's own words
})

PEOPLE: Mapping[str, pl.DataType] = MappingProxyType({
    "patient": pl.String(),
    "sex": pl.String(),            # as written
    "birth": pl.Datetime("us"),    # date of birth; the age is worked out at hour 0
    "age_years": pl.Float64(),     # where the export tells the age and no date of birth
    "age_at": pl.Datetime("us"),   # when the patient had that age; null: at hour 0
    "weight_kg": pl.Float64(),
    "height_cm": pl.Float64(),
    "diagnosis": pl.String(),
    "product": pl.String(),
    "dose": pl.String(),
})
"""Who is in the export; further columns of timeline.PATIENTS may stand beside these."""

STAYS: Mapping[str, pl.DataType] = MappingProxyType({
    "patient": pl.String(),
    "stay": pl.String(),
    "kind": pl.String(),           # "hospital" or "icu"
    "start": pl.Datetime("us"),
    "end": pl.Datetime("us"),
})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Rows of a table that could not be read at all, and why."""

    rows: tuple[int, ...]
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One file or table of an export, or a piece of it: pieces of one file are put together by its name.

    ``rows`` counts every row of it; each is an entry, ``ignored`` (irrelevant: its code means nothing here), ``explained``
    (understood and without anything to say: why -> how many) or in ``troubles``.
    ``carries`` names the domains or concepts that the table tells completely for those who have any row of that kind in it
    (``present``: patient, and stay where rows name it; without it, those with any entry).  Where not everybody has rows of every kind,
    ``present`` has a column ``of`` too: the one of ``carries`` that the line is about.
    """

    file: str
    rows: int
    entries: pl.DataFrame
    ignored: Mapping[str, int] = field(default_factory=dict)
    explained: Mapping[str, int] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    carries: tuple[str, ...] = ()
    present: pl.DataFrame | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """All that was found in an export.  ``aware``: times are in UTC; otherwise they are wall-clock times of one place.

    ``tables`` may be a generator of pieces of bounded size (about a million rows), so that a large export is never held whole;
    ``people`` and ``stays`` are small and are held.
    """

    format: str
    tables: Iterable[Table]
    people: pl.DataFrame
    stays: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(STAYS)))
    aware: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    """What the reader understood and a person should know, in sentences."""


def entries(frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """The frame with exactly the columns of ENTRIES, in their types; what is missing is null."""
    return shaped(frame, ENTRIES)


def shaped(frame: pl.DataFrame | pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame with exactly these columns, in their types; what is missing is null, and a zone is taken off a time."""
    known = frame.collect_schema()
    columns = []
    for name, kind in schema.items():
        if name not in known:
            columns.append(pl.lit(None, dtype=kind).alias(name))
            continue
        column, mine = pl.col(name), known[name]
        if isinstance(kind, pl.Datetime) and isinstance(mine, pl.Datetime) and mine.time_zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        columns.append(column if mine == kind else column.cast(kind))
    return frame.lazy().select(columns).collect()
