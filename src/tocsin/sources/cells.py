"""A table in long or wide form to cells: one thing said about one patient at one time."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from tocsin.sources.account import MOST_NOTES_OF_ONE_KIND, Account, Notes
from tocsin.sources.clock import Clock
from tocsin.sources.headers import BLOOD_PRESSURE, Header, concept_named, fact_named, nearest
from tocsin.sources.settle import CELLS
from tocsin.sources.table import Sheet
from tocsin.sources.times import place
from tocsin.timeline import ATTRIBUTIONS
from tocsin.vocabulary import CONCEPTS, Kind
from tocsin.vocabulary.spelling import name_key, value_key

_WHEN = tuple(f"{a}{b}{c}" for a, c in (("", ""), ("end_", ""), ("", "_latest")) for b in ("day", "hour", "time"))
MOST_NAMES = 100
_TOLD_BESIDE = ("attribution", "site", "note")
_ATTRIBUTION_WORDS = {
    "l crs": "local_crs", "lcrs": "local_crs", "local": "local_crs", "cytokine release syndrome": "crs", "infectious": "infection",
    "sepsis": "infection", "drugs": "drug", "medication": "drug", "hlh/mas": "hlh", "mas": "hlh", "iec hs": "hlh",
    "neurotoxicity": "icans", "pre existing": "baseline", "not known": "unknown", "not stated": "unknown", "n/a": "unknown",
}


def named(sheet: Sheet, header: Header) -> pl.DataFrame:
    """The rows of a sheet with their known columns under their roles' names, and a patient in each."""
    columns = [pl.col("row")]
    for role in ("patient", *_WHEN, "what", "value", "unit", "text", "attribution", "site"):
        name = header.role(role)
        if name is not None:
            columns.append(pl.col(name).alias(f"{role}_" if role in ("day", "hour", "time") else role))
    frame = sheet.frame.select(columns)
    date = header.role("date")
    if date is not None:
        moment = pl.concat_str(sheet.frame[date], frame["time_"], separator=" ", ignore_nulls=True)
        frame = frame.with_columns(pl.when(moment != "").then(moment).alias("time_"))
    notes = header.all("note")
    if notes:
        text = pl.concat_str([pl.col(str(c.index)) for c in notes], separator="; ", ignore_nulls=True)
        frame = frame.with_columns(sheet.frame.select(pl.when(text != "").then(text).alias("note")))
    return frame


def blank_rows(sheet: Sheet) -> pl.Series:
    """Which rows have nothing in any cell."""
    return sheet.frame.select(pl.all_horizontal(pl.exclude("row").is_null())).to_series()


def timed(frame: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """The frame with hour, hour_latest, end_hour and trouble."""
    where = {w: (f"{w}_" if w in ("day", "hour", "time") else w) for w in _WHEN}
    placed = place(frame, {w: name if name in frame.columns else None for w, name in where.items()}, clock)
    return placed.drop([name for w, name in where.items() if name in placed.columns and w not in ("hour_latest", "end_hour")])


def refuse_untimed(frame: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    """The rows that have a time; the others go to quarantine, or are named as without one."""
    if frame["trouble"].null_count() == len(frame) and not frame["hour"].null_count():
        return frame.drop("trouble")
    fix = "A day is a number (4, -2, 0.5), a range of days is 10-17, a time is 2019-09-25 17:10."
    troubled = frame.filter(pl.col("trouble").is_not_null())
    account.bad(troubled["row"])
    reasons = troubled["trouble"].unique(maintain_order=True)
    for why in reasons.head(MOST_NOTES_OF_ONE_KIND).to_list():
        notes.error(account.file, f"no place in time: {why}", fix, troubled.filter(pl.col("trouble") == why)["row"])
    rest = reasons.slice(MOST_NOTES_OF_ONE_KIND)
    if len(rest):
        rows = troubled.filter(pl.col("trouble").is_in(rest.implode()))["row"]
        notes.error(account.file, f"no place in time: {len(rows)} more rows, the first because {rest[0]}", fix, rows)
    without = frame.filter(pl.col("trouble").is_null() & pl.col("hour").is_null())
    if len(without):
        account.bad(without["row"])
        notes.error(account.file, "no day, hour or time", "Say when it was, if only by its day.", without["row"])
    return frame.filter(pl.col("trouble").is_null() & pl.col("hour").is_not_null()).drop("trouble")


def attributions(frame: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    """The column attribution in the words of the schema; an unknown word sends its row to quarantine."""
    if "attribution" not in frame.columns or frame["attribution"].null_count() == len(frame):
        return frame
    known: dict[str, str | None] = {}
    for text in frame["attribution"].unique().drop_nulls().to_list():
        word = value_key(text)
        name = word.replace(" ", "_")
        known[text] = name if name in ATTRIBUTIONS else _ATTRIBUTION_WORDS.get(word)
    wrong = [text for text, name in known.items() if name is None]
    for text in wrong:
        rows = frame.filter(pl.col("attribution") == text)["row"]
        account.bad(rows)
        notes.error(account.file, f"{text!r} is no attribution", f"Write one of {', '.join(ATTRIBUTIONS)}.", rows, "attribution")
    frame = frame.filter(pl.col("attribution").is_null() | ~pl.col("attribution").is_in(wrong))
    return frame.with_columns(pl.col("attribution").replace_strict(known, default=None, return_dtype=pl.String))


def long_cells(frame: pl.DataFrame, account: Account, notes: Notes, ignore: Collection[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cells of the long form, and the rows that tell a fact about the patient (patient, fact, value, unit, row)."""
    names = frame["what"].unique().drop_nulls().to_list()
    ignored = {name_key(name) for name in ignore}
    meant = {name: concept_named(name) for name in names}
    facts = {name: fact_named(name) for name in names if fact_named(name)}
    skipped = [name for name in names if name_key(name) in ignored]
    if skipped:
        rows = frame.filter(pl.col("what").is_in(skipped))["row"]
        account.explained(rows)
        notes.tell(account.file, f"{', '.join(sorted(skipped))}: ignored, as the settings say", rows=rows)
        frame = frame.filter(~pl.col("what").is_in(skipped).fill_null(False))
    untimed = [name for name in facts if meant[name] is not None and facts[name] != "infusion_time"]
    always = [name for name in facts if meant[name] is None]
    is_fact = pl.col("what").is_in(always) | (pl.col("what").is_in(untimed) & pl.col("hour").is_null() & pl.col("trouble").is_null())
    for name in ("value", "unit", "text", *_TOLD_BESIDE):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    if facts:
        told = frame.filter(is_fact.fill_null(False)).select(
            "patient", pl.col("what").replace_strict(facts, default=None, return_dtype=pl.String).alias("fact"),
            pl.coalesce("value", "text").alias("value"), "unit", "row",
        )
        frame = frame.filter(~is_fact.fill_null(False))
    else:
        told = NO_FACTS
    frame = refuse_untimed(frame, account, notes)
    lost = frame.filter(pl.col("what").is_null())
    if len(lost):
        account.bad(lost["row"])
        notes.error(account.file, "no concept: the row does not say what it is about", "Fill the column concept.", lost["row"])
    _refuse_concepts(frame, sorted(n for n in names if meant[n] is None and n not in facts and n not in skipped), account, notes)
    known = {name: concept for name, concept in meant.items() if concept is not None}
    frame = frame.with_columns(pl.col("what").replace_strict(known, default=None, return_dtype=pl.String).alias("concept"))
    frame = frame.filter(pl.col("concept").is_not_null()).with_columns(pl.lit(None, pl.String).alias("column"))
    return attributions(frame, account, notes).select(CELLS), told


def _refuse_concepts(frame: pl.DataFrame, names: list[str], account: Account, notes: Notes) -> None:
    """The rows about something that the vocabulary does not have go to quarantine, with the nearest names."""
    lost = frame.filter(pl.col("what").is_in(names))
    account.bad(lost["row"])
    for name in names[:MOST_NAMES]:
        rows = lost.filter(pl.col("what") == name)["row"]
        if len(rows):
            notes.error(account.file, f"there is no concept called {name!r}", nearest(name), rows, "concept")
    rest = lost.filter(pl.col("what").is_in(names[MOST_NAMES:]))["row"]
    if len(rest):
        notes.error(account.file, f"{len(names) - MOST_NAMES} more names are no concepts, for example {names[MOST_NAMES]!r}",
                    "See `tocsin concepts`.", rest, "concept")


def wide_cells(sheet: Sheet, header: Header, frame: pl.DataFrame, account: Account, notes: Notes) -> pl.DataFrame:
    """Cells of the wide form: every filled cell of a column that is a concept."""
    columns = header.all("concept")
    filled = sheet.frame.filter(pl.any_horizontal([pl.col(str(c.index)).is_not_null() for c in columns]))["row"]
    empty = frame.filter(~pl.col("row").is_in(filled.implode()))
    if len(empty):
        account.explained(empty["row"])
        facts = [pl.col(str(c.index)).is_not_null() for c in header.all("fact")]
        telling = sheet.frame.filter(pl.any_horizontal(facts))["row"] if facts else pl.Series([], dtype=pl.UInt32)
        rows = empty.filter(~pl.col("row").is_in(telling.implode()))["row"]
        if len(rows):
            notes.tell(account.file, "no values: nothing to read, nothing taken as normal", rows=rows)
        frame = frame.filter(pl.col("row").is_in(filled.implode()))
    frame = refuse_untimed(frame, account, notes)
    for name in _TOLD_BESIDE:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    frame = attributions(frame, account, notes)
    pieces = []
    for column in columns:
        cells = sheet.frame.select("row", pl.col(str(column.index)).alias("value")).filter(pl.col("value").is_not_null())
        if column.problem:
            account.bad(cells["row"])
            notes.error(account.file, column.problem, "Correct the unit in the header.", cells["row"], column.header)
            continue
        spans = column.name != BLOOD_PRESSURE and CONCEPTS[column.name].kind is not Kind.MEASUREMENT
        pieces.append(frame.join(cells, on="row", how="inner", maintain_order="left").with_columns(
            pl.lit(column.name).alias("concept"), pl.lit(column.unit, pl.String).alias("unit"), pl.lit(None, pl.String).alias("text"),
            pl.lit(column.header).alias("column"), (pl.col("end_hour") if spans else pl.lit(None, pl.Float64)).alias("end_hour"),
        ).select(CELLS))
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=_NO_CELLS)


def fact_cells(sheet: Sheet, header: Header, patients: pl.Series) -> pl.DataFrame:
    """The facts about patients that stand in columns: each distinct one once, with the first row that tells it."""
    pieces = [
        pl.DataFrame({"patient": patients, "value": sheet.frame[str(column.index)], "row": sheet.frame["row"]})
        .filter(pl.col("value").is_not_null() & pl.col("patient").is_not_null())
        .unique(["patient", "value"], keep="first", maintain_order=True)
        .select("patient", pl.lit(column.name).alias("fact"), "value", pl.lit(column.unit, pl.String).alias("unit"), "row")
        for column in header.all("fact")
    ]
    return pl.concat(pieces) if pieces else NO_FACTS


_NO_CELLS = {
    name: pl.UInt32 if name == "row" else pl.Float64 if name in ("hour", "hour_latest", "end_hour") else pl.String for name in CELLS
}
NO_FACTS = pl.DataFrame(schema={"patient": pl.String, "fact": pl.String, "value": pl.String, "unit": pl.String, "row": pl.UInt32})
