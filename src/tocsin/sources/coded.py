"""A coded export to a timeline: the one road that CLIF, OMOP, FHIR, MEDS, SDTM and REDCap share.

Codes become concepts, times hours, units canonical, charted steps of a drug intervals; what is told twice, contradicts itself or
cannot be true is said; and every row of every file is counted as used, explained, irrelevant or in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tocsin.errors import SourceError, VocabularyError
from tocsin.sources import anchor, consistency, facts, infusions, settle, units
from tocsin.sources.account import Account, Notes
from tocsin.sources.anchor import ANCHORS, Anchors, Options, Settings
from tocsin.sources.clock import Moment, in_hours
from tocsin.sources.codes import Codes
from tocsin.sources.entries import PEOPLE, Export, Table, entries, shaped
from tocsin.sources.infusions import NAMES as INFUSIONS
from tocsin.timeline import EVENTS, IRRELEVANT, Completeness, FileCount, Level, Note, Reading, Timeline, is_patient_fact
from tocsin.vocabulary import CONCEPTS, Kind

__all__ = ["INFUSIONS", "Options", "Settings", "settings", "timeline"]

_NUMERIC = sorted(c.name for c in CONCEPTS.values() if c.unit is not None)
_FACT = "fact:"
_MOST_CODES = 30
_DAYS_A_YEAR = 365.25


def settings(**options: Any) -> Settings:
    """Settings from options (see Settings), checked; SettingError for what cannot be used."""
    given = dict(options)
    given["complete"] = tuple(given.get("complete") or ())
    given["units"] = units.settings(given.get("units"))
    given["timezone"] = given.get("timezone") or None
    return Settings(**given)


@dataclass(slots=True)
class _Sheet:
    """The pieces of one file together."""

    file: str
    rows: int = 0
    pieces: list[pl.DataFrame] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    explained: dict[str, int] = field(default_factory=dict)
    troubles: list[Any] = field(default_factory=list)
    carries: tuple[str, ...] = ()
    present: list[pl.DataFrame] = field(default_factory=list)
    sha256: str = ""

    def add(self, table: Table) -> None:
        self.rows += table.rows
        self.pieces.append(table.entries)
        for mine, more in ((self.ignored, table.ignored), (self.explained, table.explained)):
            for what, many in more.items():
                mine[what] = mine.get(what, 0) + many
        self.troubles += table.troubles
        self.carries = table.carries or self.carries
        if table.present is not None:
            self.present.append(table.present)
        self.sha256 = table.sha256 or self.sha256


def timeline(export: Export, codes: Codes, settings: Settings, partly: bool = False) -> Timeline:
    """The record in an export; ``partly``: it is a shard, in which it is no error that nobody has an hour 0.

    Raises SourceError when nothing in it can be placed in time or understood.
    """
    files, notes = _sheets(export.tables), Notes()
    if not files:
        raise SourceError(f"nothing that is {export.format} was found.\n  Name the folder that holds the tables.")
    everything = _meant([entries(pl.concat(one.pieces)) for one in files], codes)
    accounts = [_account(one, mine, notes) for one, mine in zip(files, _by_sheet(everything, len(files)), strict=True)]
    unread = [note for note in notes.notes if note.level is Level.ERROR]
    if unread and not len(everything) and not partly:
        raise SourceError(f"nothing in this record could be read.\n  {unread[0].sentence()}")
    aware, everything, stays, people = _zoned(export, everything, settings, accounts, notes)
    everything = _datable(everything, accounts, notes)
    stays, people = (table.with_columns(_in_calendar(name) for name in names) for table, names in ((stays, ("start", "end")), (people, ("birth", "age_at"))))
    anchors = anchor.find(everything, stays, aware, settings, partly)
    placed = _placed(everything, anchors, stays, settings, accounts, notes)
    known = _facts(people, placed, anchors, accounts, notes)
    events = _events(placed, codes, settings, known, accounts, notes)
    for told in (*export.told, *anchors.told):
        notes.tell(files[0].file if len(files) == 1 else export.format, told)
    complete = _complete(files, everything, anchors, stays, settings)
    counted = dict(events["sheet"].value_counts().iter_rows()) if len(events) else {}
    with_events = sorted(set(events["patient"].unique()) | set(anchors.table["record"]))
    reading = Reading(
        tuple(account.count(counted.get(index, 0), one.ignored) for index, (account, one) in enumerate(zip(accounts, files, strict=True))),
        tuple(notes.notes), _told(export, codes, settings, anchors, aware) | notes.assumed,
    )
    patients = facts.patients_table(known, with_events)
    return Timeline(events.select(list(EVENTS)), patients, complete, reading)


def left_out(tables: Iterable[Table]) -> tuple[tuple[FileCount, ...], tuple[Note, ...]]:
    """The counts and notes of what the reader itself ignored, explained or could not read; entries do not count here."""
    files, notes = _sheets(tables), Notes()
    everything = _meant([entries(pl.concat(one.pieces)).clear() for one in files], Codes())
    counts = tuple(_account(one, everything, notes).count(0, one.ignored) for one in files)
    return counts, tuple(notes.notes)


def _sheets(tables: Iterable[Table]) -> list[_Sheet]:
    sheets: dict[str, _Sheet] = {}
    for table in tables:
        sheets.setdefault(table.file, _Sheet(table.file)).add(table)
    return list(sheets.values())


# ---------------------------------------------------------------- codes

def _meant(frames: Sequence[pl.DataFrame], codes: Codes) -> pl.DataFrame:
    """All entries with ``sheet`` (which file), ``concept`` and the unit and text that their item gives."""
    frame = pl.concat([one.with_columns(pl.lit(index, pl.UInt32).alias("sheet")) for index, one in enumerate(frames)])
    distinct = frame.select("code", "name").unique()
    rows = []
    for code, name in distinct.iter_rows():
        item = codes.item(code, name)
        rows.append((code, name, item.concept if item else None, item.unit if item else None, item.text if item else None))
    table = pl.DataFrame(rows, orient="row", schema={"code": pl.String, "name": pl.String, "concept": pl.String, "_unit": pl.String, "_text": pl.String})
    frame = frame.join(table, on=["code", "name"], how="left", nulls_equal=True, maintain_order="left")
    frame = frame.with_columns(
        pl.coalesce("unit", "_unit").alias("unit"), pl.coalesce("_text", "text").alias("text"),
        pl.when(pl.col("_text").is_not_null() & pl.col("text").is_not_null()).then(pl.concat_str("note", "text", separator="; ", ignore_nulls=True))
        .otherwise("note").alias("note"), pl.when(pl.col("_text").is_null()).then("value").alias("value"),
    ).drop("_unit", "_text")
    if codes.units:
        frame = frame.with_columns(pl.col("unit").replace({unit: codes.unit(unit) for unit in frame["unit"].drop_nulls().unique()}))
    for concept in codes.values:
        mine = pl.col("concept") == concept
        texts = frame.filter(mine)["text"].drop_nulls().unique()
        spelled = {text: value for text in texts if (value := codes.value(concept, text)) is not None}
        frame = frame.with_columns(pl.when(mine).then(pl.col("text").replace(spelled)).otherwise("text").alias("text"))
    return frame


# ---------------------------------------------------------------- rows

def _by_sheet(frame: pl.DataFrame, many: int) -> list[pl.DataFrame]:
    """The rows of each file, in the order of the files."""
    if many == 1:
        return [frame]
    parts = frame.partition_by("sheet", as_dict=True, maintain_order=True)
    return [parts.get((index,), frame.clear()) for index in range(many)]


def _account(one: _Sheet, entries_: pl.DataFrame, notes: Notes) -> Account:
    """The rows of one file; what the reader itself ignored, explained or could not read is told."""
    mine = entries_["row"].unique()
    bad = sorted({row for trouble in one.troubles for row in trouble.rows})
    others = sum(one.ignored.values()) + sum(one.explained.values())
    both = pl.concat([mine, pl.Series("row", bad, dtype=pl.UInt32)]).unique().sort()
    account = Account(one.file, one.sha256, both, others)
    account.bad(bad)
    for trouble in one.troubles:
        notes.error(one.file, trouble.what, trouble.fix, trouble.rows)
    for what, many in one.explained.items():
        notes.tell(one.file, f"{_rows(many)}: {what}", group=what, many=many)
    if one.ignored:
        most = sorted(one.ignored.items(), key=lambda pair: (-pair[1], pair[0]))
        listed = ", ".join(f"{code} {many}" for code, many in most[:_MOST_CODES])
        more = f" and {len(most) - _MOST_CODES} more codes" if len(most) > _MOST_CODES else ""
        notes.tell(one.file, f"{_rows(sum(one.ignored.values()))} about what no scale or protocol here asks for: {listed}{more}",
                   "`tocsin map` proposes a mapping for codes that should have been understood.", group=IRRELEVANT, many=sum(one.ignored.values()))
    lost = entries_.filter(pl.col("concept").is_null() & ~_untimed())
    if len(lost):
        account.explained(lost["row"])
        seen = lost["code"].fill_null("(no code)").value_counts(sort=True).head(_MOST_CODES).iter_rows()
        notes.tell(one.file, f"{_rows(len(lost))} with codes that mean nothing here: {', '.join(f'{code} {n}' for code, n in seen)}")
    return account


def _rows(many: int) -> str:
    return f"{many} {'row' if many == 1 else 'rows'}"


def _untimed() -> pl.Expr:
    """Which entries are no events: facts about a patient, and hour 0 itself."""
    return (pl.col("code").str.starts_with(_FACT) | (pl.col("code") == anchor.HOUR_0)).fill_null(False)


def _zoned(
    export: Export, frame: pl.DataFrame, settings: Settings, accounts: Sequence[Account], notes: Notes
) -> tuple[bool, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Whether times are moments (UTC), and entries, stays and people with times that all are, where the zone is known."""
    people = shaped(export.people, {**PEOPLE, **{n: pl.String() for n in export.people.columns if n not in PEOPLE and is_patient_fact(n)}})
    zone = settings.zone if settings.clock == "offsets" else None
    if export.aware or zone is None:
        return export.aware, frame, export.stays, people

    def utc(column: str) -> pl.Expr:
        return pl.col(column).dt.replace_time_zone(str(zone), ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC").dt.replace_time_zone(None)

    moved = frame.with_columns(utc(c).alias(c) for c in ("start", "latest", "end"))
    skipped = frame.filter(frame["start"].is_not_null() & moved["start"].is_null())
    for (sheet,), rows in skipped.group_by(["sheet"], maintain_order=True):
        notes.error(accounts[int(str(sheet))].file, f"a time that the clocks of {settings.timezone} skip when summer time begins",
                    "Correct the time or the zone.", rows["row"])
    twice = frame.filter(pl.col("start").dt.replace_time_zone(str(zone), ambiguous="null", non_existent="null").is_null()
                         & pl.col("start").is_not_null() & moved["start"].is_not_null())
    for (sheet,), rows in twice.group_by(["sheet"], maintain_order=True):
        notes.warn(accounts[int(str(sheet))].file, f"a time that the clocks of {settings.timezone} show twice when summer time ends: the first was taken",
                   "", rows["row"])
    stays = export.stays.with_columns(utc("start").alias("start"), utc("end").alias("end")) if len(export.stays) else export.stays
    return True, moved, stays, people.with_columns(utc("age_at").alias("age_at"))


def _in_calendar(column: str) -> pl.Expr:
    """A time as it is; null in a year that no calendar has."""
    return pl.when(pl.col(column).dt.year().is_between(1, 9999)).then(column).alias(column)


def _datable(frame: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> pl.DataFrame:
    """The entries without those in a year that no calendar has: before the year 1 or after 9999."""
    wrong = pl.any_horizontal(~pl.col(name).dt.year().is_between(1, 9999) for name in ("start", "latest", "end")).fill_null(False)
    lost = frame.filter(wrong)
    for (sheet,), rows in lost.group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].bad(rows["row"])
        notes.error(accounts[int(str(sheet))].file, "a time outside the years 1 to 9999", "Correct the times.", rows["row"])
    return frame.filter(~wrong) if len(lost) else frame


def _placed(
    frame: pl.DataFrame, anchors: Anchors, stays: pl.DataFrame, settings: Settings, accounts: Sequence[Account], notes: Notes
) -> pl.DataFrame:
    """The entries with record, hour, hour_latest and end_hour; those without a place in time are told and gone."""
    frame = anchor.in_records(frame, anchors, stays)
    untimed = _untimed()
    for account, mine in zip(accounts, _by_sheet(frame, len(accounts)), strict=True):
        account.used(mine.filter((pl.col("code") == anchor.HOUR_0) & pl.col("record").is_not_null())["row"])
        timed = mine.filter(~untimed & pl.col("concept").is_not_null())
        nobody = timed.filter(pl.col("patient").is_null())
        never = timed.filter(pl.col("patient").is_not_null() & pl.col("start").is_null())
        outside = mine.filter(pl.col("patient").is_not_null() & pl.col("record").is_null() & (pl.col("start").is_not_null() | untimed))
        for rows, what, fix in ((nobody, "no patient", "Every row needs the person that it is about."),
                                (never, "no time", "Say when it was, if only by its day.")):
            if len(rows):
                account.bad(rows["row"])
                notes.error(account.file, what, fix, rows["row"])
        if len(outside):
            account.explained(outside["row"])
            who = outside["patient"].n_unique()
            why = "outside the stays" if settings.by == "stay" else f"of {who} {'patient' if who == 1 else 'patients'} without any {ANCHORS[settings.anchor]}"
            many = outside["row"].n_unique()
            notes.tell(account.file, f"{_rows(many)} {why}: not part of the record", group="outside the records", many=many)
    frame = frame.filter(pl.col("record").is_not_null() & (untimed | pl.col("concept").is_not_null() & pl.col("start").is_not_null()))

    columns = {"hour": "start", "hour_latest": "latest", "end_hour": "end"}
    frame = frame.with_columns(**{name: in_hours(pl.col(column) - pl.col("zero")) for name, column in columns.items()})
    return _backwards(frame, accounts, notes)


def _backwards(frame: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> pl.DataFrame:
    """The entries without those that end before they begin."""
    wrong = ((pl.col("end_hour") < pl.col("hour")) | (pl.col("hour_latest") < pl.col("hour"))).fill_null(False)
    lost = frame.filter(wrong)
    for (sheet,), rows in lost.group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].bad(rows["row"])
        notes.error(accounts[int(str(sheet))].file, "ends before it begins", "Correct the times.", rows["row"])
    return frame.filter(~wrong) if len(lost) else frame


# ---------------------------------------------------------------- people

def _facts(
    people: pl.DataFrame, placed: pl.DataFrame, anchors: Anchors, accounts: Sequence[Account], notes: Notes
) -> dict[str, dict[str, facts.Fact]]:
    """The facts about each record: from the table of people, and from entries that tell one."""
    rows = placed.filter(pl.col("code").str.starts_with(_FACT).fill_null(False) & (pl.col("value").is_not_null() | pl.col("text").is_not_null()))
    told = [
        facts.Told(accounts[row["sheet"]], row["row"], row["record"], row["code"].removeprefix(_FACT),
                   row["text"] if row["value"] is None else repr(row["value"]), row["unit"])
        for row in rows.iter_rows(named=True)
    ]
    out = facts.settle_facts(told, ".", "dmy", None, notes)
    table = anchors.table.join(people.unique("patient", keep="first"), on="patient", how="left", maintain_order="left")
    skipped = {"patient", "birth", "age_years", "age_at", "record", "stay", "zero", "end", "infusion_time"}
    for row in table.iter_rows(named=True):
        mine = out.setdefault(row["record"], {})
        mine["infusion_time"] = facts.iso(Moment(row["zero"], anchors.aware, False))
        age = _age(row)
        if age is not None:
            mine.setdefault("age_years", age)
        for name, value in row.items():
            if value is None or name in skipped or name in mine or not is_patient_fact(name):
                continue
            try:
                fact = facts.value_of(name, str(value), None, ".", "dmy", None)
            except VocabularyError as error:
                notes.warn("people", f"patient {row['patient']}: {error}: not used")
                continue
            if fact is not None:
                mine[name] = fact
    return out


def _age(row: Mapping[str, Any]) -> float | None:
    """Age in years at hour 0."""
    if row["birth"] is not None:
        years = (row["zero"] - row["birth"]).total_seconds() / 86400 / _DAYS_A_YEAR
    elif row["age_years"] is not None:
        later = 0.0 if row["age_at"] is None else (row["zero"] - row["age_at"]).total_seconds() / 86400 / _DAYS_A_YEAR
        years = float(row["age_years"]) + later
    else:
        return None
    return round(years, 6) if 0 <= years <= 120 else None


# ---------------------------------------------------------------- events

def _events(
    placed: pl.DataFrame, codes: Codes, chosen: Settings, known: Mapping[str, Mapping[str, facts.Fact]], accounts: Sequence[Account], notes: Notes
) -> pl.DataFrame:
    """Events in canonical units, drugs as intervals, nothing twice."""
    cells = _cells(placed, accounts, notes)
    read = [(index, settle.understood(mine, ".", accounts[index], notes)) for index, mine in cells if len(mine)]
    read = [(index, _doses_as_words(mine, accounts[index], notes)) for index, mine in read]
    weights = _weights(known, [mine for _, mine in read], chosen)
    pieces = [
        units.settle(mine, chosen.units, weights, accounts[index], notes).with_columns(pl.lit(index, pl.UInt32).alias("sheet"))
        for index, mine in read
    ]
    if not pieces:
        return pl.DataFrame(schema={**EVENTS, "sheet": pl.UInt32})
    events = infusions.intervals(pl.concat(pieces), list(accounts), notes)
    events = consistency.arrange(events)
    events = consistency.drop_repeated(events, accounts, notes)
    consistency.contradictions(events, accounts, notes)
    consistency.overlaps(events, accounts, notes)
    for (sheet,), rows in events.select("sheet", "row").group_by("sheet"):
        accounts[int(str(sheet))].used(rows["row"])
    names = pl.DataFrame({"sheet": range(len(accounts)), "file": [a.file for a in accounts]}, schema={"sheet": pl.UInt32, "file": pl.String})
    file = pl.col("sheet").replace_strict(names["sheet"], names["file"], return_dtype=pl.String)
    return events.with_columns(pl.format("{}:{}", file, "row").alias("origin"), pl.col("attribution").fill_null("unknown"))


def _cells(placed: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> list[tuple[int, pl.DataFrame]]:
    """The entries of each file as cells: a number where the concept has one, words otherwise; doses not given are told."""
    frame = placed.filter(pl.col("concept").is_not_null() & ~_untimed())
    refused = frame.filter(pl.col("action") == "not_given")
    for (sheet,), rows in refused.group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].explained(rows["row"])
        notes.tell(accounts[int(str(sheet))].file, f"{_rows(len(rows))} saying that a drug was not given", rows=rows["row"])
    frame = frame.filter(pl.col("action").ne_missing(pl.lit("not_given")))
    numeric = pl.col("concept").is_in(_NUMERIC) & pl.col("value").is_finite().fill_null(False)
    plain = pl.col("value").cast(pl.String).str.strip_suffix(".0")
    stopped = (pl.col("action") == "stop").fill_null(False)
    bare = pl.col("value").is_null() & pl.col("text").is_null()
    given = bare & pl.col("action").is_in(["start", "change", "given"]).fill_null(False)
    frame = frame.with_columns(
        pl.col("record").alias("patient"), pl.lit(None, pl.String).alias("column"), pl.col("censored").fill_null(0),
        pl.when(stopped).then(0.0).when(numeric).then("value").alias("number"),
        pl.when(numeric | stopped).then(None).otherwise(plain).alias("value"), pl.when(stopped).then(None).otherwise("unit").alias("unit"),
        pl.when(stopped & pl.col("concept").is_in(_NUMERIC)).then(None).when(given | stopped).then(pl.lit("given")).otherwise("text").alias("text"),
    )
    columns = [*settle.CELLS, "number", "censored", "action", "course", "sheet"]
    shaped_cells = frame.select(columns)
    return [(index, mine.drop("sheet")) for index, mine in enumerate(_by_sheet(shaped_cells, len(accounts)))]


def _doses_as_words(cells: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    """Amounts of drugs in a unit that is none of the drug's ("1 dose", "2 tablets", a volume) as words: given, amount unknown."""
    drugs = [c.name for c in CONCEPTS.values() if c.kind in (Kind.DOSE, Kind.INFUSION)]
    pairs = cells.filter(pl.col("number").is_not_null() & pl.col("unit").is_not_null() & pl.col("concept").is_in(drugs)).select("concept", "unit").unique()
    lost = [(concept, unit) for concept, unit in pairs.iter_rows() if not settle.accepted(concept, unit)]
    if not lost:
        return cells
    table = pl.DataFrame(lost, orient="row", schema={"concept": pl.String, "unit": pl.String}).with_columns(pl.lit(True).alias("_words"))
    cells = cells.join(table, on=["concept", "unit"], how="left", maintain_order="left").with_columns(pl.col("_words").fill_null(False))
    for (concept, unit), rows in cells.filter("_words").group_by(["concept", "unit"], maintain_order=True):
        notes.warn(account.file, f"{concept} in {unit} cannot be converted to {CONCEPTS[str(concept)].unit}: given, its amount kept as text", "", rows["row"])
    amount = pl.concat_str(pl.col("number").cast(pl.String).str.strip_suffix(".0"), "unit", "text", separator=" ", ignore_nulls=True)
    return cells.with_columns(
        pl.when("_words").then(amount).otherwise("text").alias("text"), pl.when("_words").then(None).otherwise("number").alias("number"),
        pl.when("_words").then(None).otherwise("unit").alias("unit"), pl.when("_words").then(pl.lit(0, pl.Int8)).otherwise("censored").alias("censored"),
    ).drop("_words")


def _weights(known: Mapping[str, Mapping[str, facts.Fact]], read: Sequence[pl.DataFrame], chosen: Settings) -> dict[str, float]:
    """Weights for amounts per kilogram: the fact, or the last weight measured before hour 0, or the first after it, or as the settings say."""
    out = {who: float(mine["weight_kg"]) for who, mine in known.items() if isinstance(mine.get("weight_kg"), float)}
    for cells in read:
        rows = cells.filter((pl.col("concept") == "weight") & pl.col("number").is_not_null())
        if not len(rows):
            continue
        quiet = units.settle(rows, chosen.units, {}, Account("", "", rows["row"], 0), Notes()).sort("hour")
        before = quiet.filter(pl.col("hour") <= 0).group_by("patient", maintain_order=True).agg(pl.col("value").last())
        after = quiet.group_by("patient", maintain_order=True).agg(pl.col("value").first())
        for who, value in (*before.iter_rows(), *after.iter_rows()):
            out.setdefault(who, float(value))
    if chosen.weight_kg is not None:
        for who in known:
            out.setdefault(who, chosen.weight_kg)
    return out


# ---------------------------------------------------------------- the whole

def _complete(
    files: Sequence[_Sheet], everything: pl.DataFrame, anchors: Anchors, stays: pl.DataFrame, chosen: Settings
) -> Completeness:
    """What the tables carry completely, for those who have a row in them; and what the settings declare, for everybody."""
    who: dict[str, set[str]] = {}
    for one, mine in zip(files, _by_sheet(everything.select("sheet", "patient", "stay"), len(files)), strict=True):
        if not one.carries:
            continue
        own = one.present or [mine]
        told = pl.concat([frame.select(c for c in ("patient", "stay", "of") if c in frame.columns) for frame in own], how="diagonal")
        told = told.drop_nulls("patient").unique()
        for names, rows in [(one.carries, told)] if "of" not in told.columns else [((n,), told.filter(pl.col("of") == n).drop("of")) for n in one.carries]:
            here = anchor.records_present(rows, anchors, stays)
            for name in names:
                who.setdefault(name, set()).update(here)
    declared = Completeness.of(chosen.complete)
    if not any(who.values()):
        return declared
    basis = "as the export carries it, for those with any such row" + ("" if not chosen.complete else "; declared by the user")
    return Completeness(declared.everywhere, {name: frozenset(some) for name, some in sorted(who.items()) if some}, basis)


def _told(export: Export, codes: Codes, chosen: Settings, anchors: Anchors, aware: bool) -> dict[str, str]:
    out = {"format": export.format, **export.settings}
    out["hour 0"] = "as given" if chosen.infusion_time else ANCHORS[chosen.anchor] + (f", {chosen.index}" if chosen.index != "first" else "")
    out["one record is"] = f"a {chosen.by}"
    if not aware:
        out["times"] = "wall clock, no time zone: hours across a change of summer time are one off unless --timezone is given"
    elif chosen.timezone is not None and not export.aware:
        out["times"] = f"wall clock of {chosen.timezone}"
    else:
        out["times"] = "moments, in UTC"
    if codes.origin:
        out["mapping"] = codes.origin
    out.update({f"unit of {name}": unit for name, unit in chosen.units.items()})
    out["records"] = str(len(anchors.table))
    return out

