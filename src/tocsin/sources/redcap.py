"""REDCap exports to a timeline: records as CSV (raw or labels, one row a record or a row an event) with the project's data dictionary.

A field is understood by the mapping file ("redcap:temp_max"), by its annotation (@TOCSIN='temperature', @TOCSIN-UNIT='degF'), or by its
name or label where that is one of a concept; every other field is listed.  Its time is the last date field at or before it in its form
(or the one named by ``dates``; @TOCSIN-TIME and @TOCSIN-END mark the beginning and the end), else the day that its name or its event
tells: temp_d7, day_7_arm_1.  Day d is the 24 hours that begin 24 d hours after the infusion.
REDCap exports dates as 2019-09-25 whatever a form shows (date_dmy changes only what is displayed).  Fields marked as identifiers are
not read, but for dates, from which only hours are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources import coded, sdtm_time
from tocsin.sources import redcap_dictionary as dictionaries
from tocsin.sources.anchor import HOUR_0
from tocsin.sources.codes import Codes
from tocsin.sources.entries import PEOPLE, Export, Table, Trouble, entries, shaped
from tocsin.sources.redcap_dictionary import Dictionary, Field, is_birth
from tocsin.sources.redcap_fields import EVENT, Column, columns, day_of_event, day_of_name, understood
from tocsin.timeline.reading import sha256_of
from tocsin.vocabulary import CONCEPTS

if TYPE_CHECKING:
    from tocsin.timeline import Timeline

# The codes that REDCap suggests for missing data, which are HL7's null flavours; UNK alone says that the answer is not known.
MISSING = frozenset({"NI", "INV", "NASK", "ASKU", "NAV", "MSK", "NA", "NAVU", "NP", "QS", "QI", "TRC", "UNC", "DER", "PINF", "NINF", "OTH"})
_DATE = r"^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_EMPTY = "nothing that is understood is filled in"
_MOST = 60


def read(
    records: str | Path, *, dictionary: str | Path | None = None, mapping: str | Path | None = None, dates: Mapping[str, str] | None = None,
    days: Mapping[str, int] | None = None, missing: Iterable[str] = (), **options: Unpack[coded.Options],
) -> Timeline:
    """The record in a REDCap export.

    Args:
        records: The CSV file of records, or the folder that holds it and the data dictionary.
        dictionary: The data dictionary; found beside the records when not given.
        mapping: A mapping file.
        dates: Field or form -> the date field that is its time.
        days: Event name -> its day since the infusion, where the name does not tell it.
        missing: The project's own codes for missing data, such as -999.
        options: See ``anchor.Settings``.

    Raises:
        SourceError: No records, no record identifier, or nobody with an hour 0.
        SettingError: An option that cannot be used.
    """
    return coded.timeline(*parts(records, dictionary=dictionary, mapping=mapping, dates=dates, days=days, missing=missing, **options))


def parts(
    records: str | Path, *, dictionary: str | Path | None = None, mapping: str | Path | None = None, dates: Mapping[str, str] | None = None,
    days: Mapping[str, int] | None = None, missing: Iterable[str] = (), **options: Unpack[coded.Options],
) -> tuple[Export, Codes, coded.Settings]:
    """What the records say, what their codes mean, and how a timeline is made of them; the arguments are those of ``read``."""
    from tocsin.sources import mapping_file

    codes = mapping_file.codes(mapping)
    settings = coded.settings(**options)
    return export(records, codes, dictionary=dictionary, dates=dates, days=days, missing=missing), codes, settings


def export(
    records: str | Path, codes: Codes, *, dictionary: str | Path | None = None, dates: Mapping[str, str] | None = None,
    days: Mapping[str, int] | None = None, missing: Iterable[str] = (),
) -> Export:
    """The cells of the records as entries; the arguments are those of ``read``."""
    path, about = _files(Path(records), Path(dictionary) if dictionary is not None else None)
    try:
        raw = pl.read_csv(path, infer_schema=False, null_values=[""])
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{path.name} cannot be read as CSV: {str(error).splitlines()[0]}\n  Export the records again as CSV (raw data or labels).") from None
    known = dictionaries.read(about) if about is not None else _guessed(raw, path)
    chosen = _chosen(dates or {}, known)
    given, own, others = columns(raw.columns, known)
    return _Reader(raw, path, known, given, own, chosen, dict(days or {}), frozenset(missing), codes).export(others)


def _files(records: Path, dictionary: Path | None) -> tuple[Path, Path | None]:
    """The file of records and the dictionary, which may stand beside it."""
    if not records.exists():
        raise SourceError(f"There is no file or folder {records}.\n  Name the CSV file of records, or the folder that holds it.")
    folder = records if records.is_dir() else records.parent
    found = [p for p in sorted(folder.glob("*.csv")) if dictionaries.is_dictionary(p)] if dictionary is None else [dictionary]
    if records.is_file():
        return records, found[0] if found and (dictionary is not None or len(found) == 1) else None
    rest = [p for p in sorted(folder.glob("*.csv")) if p not in found]
    if len(found) != 1 or len(rest) != 1:
        raise SourceError(f"{records} holds {len(found)} data dictionaries and {len(rest)} other CSV files.\n  Name the file of records, and the dictionary "
                          "with --reader dictionary=FILE (in Python dictionary=).")
    return rest[0], found[0]


def _guessed(raw: pl.DataFrame, path: Path) -> Dictionary:
    """Fields from the header alone: all are text, and a column of dates is one of dates."""
    fields = []
    for name in raw.columns:
        cells = raw[name].drop_nulls()
        dated = len(cells) > 0 and bool(cells.str.contains(_DATE).all())
        if not name.startswith("redcap_") and not name.endswith("_complete"):
            fields.append(Field(name, "", "text", name, validation="date_ymd" if dated else ""))
    if not fields:
        raise SourceError(f"{path.name} has no column.\n  Export the records again.")
    return Dictionary(tuple(fields), path.name)


def _chosen(dates: Mapping[str, str], known: Dictionary) -> Mapping[str, str]:
    forms = {one.form for one in known.fields}
    for what, date in dates.items():
        if what not in known.by_name and what not in forms:
            raise SettingError(f"dates: there is no field or form {what!r} in {known.file}.")
        if date not in known.by_name or not known.by_name[date].is_date:
            raise SettingError(f"dates: {date!r} is no date field of {known.file}.")
    return dates


@dataclass
class _Reader:
    """One export being read."""

    raw: pl.DataFrame
    path: Path
    known: Dictionary
    given: list[Column]
    own: Mapping[str, str]
    dates: Mapping[str, str]
    days: Mapping[str, int]
    missing: frozenset[str]
    codes: Codes
    troubles: list[Trouble] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    silent: int = 0

    def __post_init__(self) -> None:
        self.rows = pl.Series("row", range(2, len(self.raw) + 2), dtype=pl.UInt32)
        self.patients = self.raw[self.own["record"]].str.strip_chars().alias("patient")
        self.where = {c.field.name: c.column for c in self.given if c.option is None}
        self.times = {one.name: self._time(one) for one in self.known.fields if one.is_date and one.name in self.where}
        self.dated = any(times["start"].null_count() < len(times) for times in self.times.values())

    def _cells(self, column: str, one: Field) -> pl.Series:
        """The cells of a column; null when empty or a code for missing data."""
        cells = self.raw[column].str.strip_chars()
        coded_choices = set(one.choices)
        gone = cells.is_in(sorted((MISSING | self.missing) - coded_choices)).fill_null(False)
        self.silent += int(gone.sum())
        return cells.set(gone | (cells == "").fill_null(False), None)

    def _time(self, one: Field) -> pl.DataFrame:
        """``start`` and ``latest`` of a date field, with the time of day that stands behind it in the form."""
        cells = self._cells(self.where[one.name], one)
        beside = next((f for f in self.known.fields[self.known.fields.index(one) + 1 :] if f.form == one.form), None)
        if beside is not None and beside.is_time_of_day and beside.name in self.where:
            clock = self._cells(self.where[beside.name], beside)
            both = pl.DataFrame({"d": cells, "t": clock})
            cells = both.select(pl.when(pl.col("t").is_not_null() & (pl.col("d").str.len_chars() == 10)).then(pl.concat_str("d", pl.lit("T"), "t"))
                                .otherwise("d")).to_series()
        found = sdtm_time.dates(cells.str.replace(" ", "T", literal=True), False)
        unread = cells.is_not_null() & found["start"].is_null()
        if unread.any():
            self.troubles.append(Trouble(tuple(self.rows.filter(unread).to_list()), f"the date in {one.name} cannot be read",
                                         "REDCap exports dates as 2019-09-25 10:00; a spreadsheet may have rewritten them."))
        return found.select("start", "latest")

    # ------------------------------------------------------------------ the whole
    def export(self, others: list[str]) -> Export:
        """All cells as entries, and what was and was not understood."""
        readable = [c for c in self.given if not c.field.identifier or c.field.is_date]
        meant = list(understood(readable, self.known, self.codes))
        zero = self._hour_0(meant)
        by_event = self._days()
        pieces = [piece for column in meant if column.code is not None and len(piece := self._entries(column, meant, zero, by_event))]
        if not self.dated:
            pieces.append(self._no_calendar())
        frame = entries(pl.concat(pieces, how="diagonal")) if pieces else entries(pl.DataFrame(schema={"row": pl.UInt32}))
        frame = frame.sort("row", maintain_order=True)
        seen = {*frame["row"].unique(), *(row for trouble in self.troubles for row in trouble.rows)}
        empty = len(self.raw) - len(seen)
        self._tell(meant, others)
        table = Table(self.path.name, len(self.raw), frame, {}, {_EMPTY: empty} if empty else {}, tuple(self.troubles), sha256=sha256_of(self.path))
        return Export("REDCap", [table], self._people(), settings={"data dictionary": self.known.file}, told=tuple(self.told))

    def _hour_0(self, meant: list[Column]) -> pl.DataFrame:
        """The infusion of each row's patient: the earliest time of what is about the infusion."""
        found = [
            pl.DataFrame({"patient": self.patients, "zero": self.times[date]["start"]})
            for column in meant if column.concept == "car_t_infusion" and (date := self.known.date_of(column.field, self.dates)) in self.times
        ]
        nobody = pl.DataFrame(schema={"patient": pl.String, "zero": pl.Datetime("us")})
        table = pl.concat([nobody, *found]).group_by("patient").agg(pl.col("zero").min())
        return self.patients.to_frame().join(table, on="patient", how="left", maintain_order="left")

    def _days(self) -> pl.Series:
        """The day that the event of each row tells."""
        if EVENT not in self.own:
            return pl.Series([None] * len(self.raw), dtype=pl.Int64)
        names = self.raw[self.own[EVENT]]
        told = {name: day_of_event(name, self.days) for name in names.unique().drop_nulls()}
        without = sorted(name for name, day in told.items() if day is None)
        if without:
            self.told.append(f"events whose name tells no day (fields in them need a date): {', '.join(without)}")
        return names.replace_strict(told, default=None, return_dtype=pl.Int64)

    def _no_calendar(self) -> pl.DataFrame:
        """Hour 0 of everybody in an export that tells only days."""
        self.told.append("no date is told: days were counted from hour 0 = 2000-01-01, and no date of this record means anything")
        first = pl.DataFrame({"row": self.rows, "patient": self.patients}).drop_nulls("patient").unique("patient", keep="first", maintain_order=True)
        return first.with_columns(pl.lit(sdtm_time.NO_CALENDAR).cast(pl.Datetime("us")).alias("start"), pl.lit(HOUR_0).alias("code"))

    # ------------------------------------------------------------------ one column
    def _entries(self, column: Column, meant: list[Column], zero: pl.DataFrame, by_event: pl.Series) -> pl.DataFrame:
        """The entries of one column."""
        one = column.field
        cells = self._cells(column.column, one)
        frame = pl.DataFrame({"row": self.rows, "patient": self.patients, "cell": cells, "zero": zero["zero"], "event": by_event}).with_columns(
            pl.lit(column.code).alias("code"), pl.lit(one.label or one.name).alias("name"))
        frame = self._placed(frame, column)
        if column.code is not None and column.code.startswith("fact:"):
            label = pl.col("cell").replace(dict(one.choices)) if one.choices else pl.col("cell")
            frame = frame.filter(pl.col("cell").is_not_null())
            return frame.select("row", "patient", "code", "name", label.alias("text"), pl.lit(column.unit, pl.String).alias("unit"))
        if column.option is not None:
            ticked = pl.col("cell").is_not_null() & ~pl.col("cell").str.to_lowercase().is_in(["0", "unchecked"])
            frame = frame.filter(ticked).with_columns(pl.lit(column.said).alias("text"))
        elif one.is_date:
            said_elsewhere = self._amount_told(column, meant)
            frame = frame.filter(pl.col("cell").is_not_null() & ~said_elsewhere & pl.col("start").is_not_null()).with_columns(pl.lit(column.said).alias("text"))
        else:
            frame = self._valued(frame.filter(pl.col("cell").is_not_null()), column)
        unit = column.unit if "value" in frame.columns else None
        return frame.with_columns(pl.lit(unit, pl.String).alias("unit")).drop("cell", "zero", "event")

    def _placed(self, frame: pl.DataFrame, column: Column) -> pl.DataFrame:
        """The frame with start, latest and end: from the date field, else from the day of the field or event."""
        one = column.field
        none = pl.lit(None, pl.Datetime("us"))
        begin, end = self.known.date_of(one, self.dates), self.known.end_of(one, self.dates)
        if column.day is not None and begin is not None and day_of_name(begin) != column.day and one.name not in self.dates:
            begin = end = None  # temp_d7 under a date that is that of another day, or of the infusion
        mine = self.times.get(begin) if begin is not None else None
        frame = frame.hstack(mine) if mine is not None else frame.with_columns(none.alias("start"), none.alias("latest"))
        ended = self.times.get(end) if end is not None else None
        frame = frame.hstack(ended.select(pl.coalesce("latest", "start").alias("end"))) if ended is not None else frame.with_columns(none.alias("end"))
        day = pl.coalesce(pl.lit(column.day, pl.Int64), "event")
        base = pl.col("zero") if self.dated else pl.lit(sdtm_time.NO_CALENDAR).cast(pl.Datetime("us"))
        by_day = pl.col("start").is_null() & day.is_not_null()
        first = base + pl.duration(days=day)
        return frame.with_columns(
            pl.when(by_day).then(first).otherwise("start").alias("start"), pl.when(by_day).then(first.dt.offset_by("1d")).otherwise("latest").alias("latest"),
        ).with_columns(pl.min_horizontal("latest", pl.when(pl.col("latest").is_not_null()).then("end")).alias("latest"))

    def _amount_told(self, column: Column, meant: list[Column]) -> pl.Series:
        """Where another field with the same concept and time tells more than the date does."""
        out = pl.Series([False] * len(self.raw))
        date = self.known.date_of(column.field, self.dates)
        for other in meant:
            if other is not column and other.concept == column.concept and not other.field.is_date and self.known.date_of(other.field, self.dates) == date:
                out = out | self._cells(other.column, other.field).is_not_null()
        return out

    def _valued(self, frame: pl.DataFrame, column: Column) -> pl.DataFrame:
        """``value`` and ``text`` of filled cells: a number where the concept has a unit, the label of a choice, or words."""
        one, concept = column.field, CONCEPTS[str(column.concept)]
        label = pl.col("cell").replace(dict(one.choices)) if one.choices else pl.col("cell")
        text = label.str.replace(",", ".", literal=True) if "comma" in one.validation else label
        number = text.cast(pl.Float64, strict=False)
        if concept.unit is not None and one.choices:
            in_label = label.str.extract(r"(?i)(?:^|grade\s*)([-+]?\d+(?:\.\d+)?)(?:$|[\s:,.;)-])").cast(pl.Float64)
            code = label.replace_strict({text: code for code, text in one.choices.items()}, default=None, return_dtype=pl.String).cast(pl.Float64, strict=False)
            chosen = pl.coalesce(number, in_label, code) if one.kind in ("radio", "dropdown") else number
            drug = concept.name if one.kind in ("yesno", "truefalse") else None
            number = pl.lit(None, pl.Float64) if drug is not None else chosen
        if concept.unit is None:
            return frame.with_columns(text.alias("text"), pl.lit(None, pl.Float64).alias("value"))
        return frame.with_columns(number.alias("value"), pl.when(number.is_null()).then(text).alias("text"))

    # ------------------------------------------------------------------ people, and what is told
    def _people(self) -> pl.DataFrame:
        births = [one for one in self.known.fields if is_birth(one) and not one.identifier and one.name in self.times]
        frame = pl.DataFrame({"patient": self.patients})
        birth = self.times[births[0].name]["start"] if births else pl.Series([None] * len(frame), dtype=pl.Datetime("us"))
        frame = frame.with_columns(birth.alias("birth")).drop_nulls("patient")
        people = frame.group_by("patient", maintain_order=True).agg(pl.col("birth").drop_nulls().first())
        return shaped(people, PEOPLE)

    def _tell(self, meant: list[Column], others: list[str]) -> None:
        known = sorted({f"{c.field.name} is {c.code.partition(':')[2] if c.concept is None else c.concept}" + (f" in {c.unit}" if c.unit else "")
                        for c in meant if c.code is not None})
        used = {*self.times, *(c.field.name for c in meant if c.code is not None)}
        lost = [c.field.name for c in meant if c.code is None and c.field.name not in used and not c.field.is_time_of_day]
        hidden = [c.field.name for c in self.given if c.field.identifier and not c.field.is_date]
        for names, what in (
            (known, "fields that were understood"), (list(dict.fromkeys(lost)), "fields that mean nothing here and were not read"),
            (list(dict.fromkeys(hidden)), "fields marked as identifiers, not read"), (others, f"columns that are not in {self.known.file}, not read"),
        ):
            if names:
                more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
                self.told.append(f"{what}: {', '.join(names[:_MOST])}{more}")
        if self.silent:
            self.told.append("cells with a code for missing data were read as not told, never as normal")
