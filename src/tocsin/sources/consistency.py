"""What rows say about each other: the same thing twice, two things at once, one drug running twice."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tocsin.sources.account import MOST_NOTES_OF_ONE_KIND, Account, Notes, number
from tocsin.vocabulary import CONCEPTS, Kind

_FIRST = ("_p", "hour", "_c", "value")
_REST = ("text", "censored", "hour_latest", "end_hour", "attribution", "site", "note")
_ONE_AT_A_TIME = [c.name for c in CONCEPTS.values() if c.kind in (Kind.MEASUREMENT, Kind.STATE, Kind.FINDING, Kind.INFUSION)]
_INFUSIONS = [c.name for c in CONCEPTS.values() if c.kind is Kind.INFUSION]

_DUPLICATES = "an exact duplicate of another row: read once"
_DOSES = "a dose that is an exact duplicate of another row: read once"


def arrange(events: pl.DataFrame) -> pl.DataFrame:
    """The events by patient, hour, concept and then everything else, so that the order of the rows read changes nothing."""
    patients = events["patient"].unique().sort().to_list()
    events = events.with_columns(
        pl.col("patient").cast(pl.Enum(patients)).to_physical().alias("_p"),
        pl.col("concept").cast(pl.Enum(sorted(CONCEPTS))).to_physical().alias("_c"),
    ).sort(_FIRST, nulls_last=True, maintain_order=True)
    ties = same_as_previous(events, _FIRST)
    tied = ties | ties.shift(-1, fill_value=False)
    if not tied.any():
        return events.with_columns(pl.lit(False).alias("again"))
    places = tied.arg_true()
    group = events.filter(tied).sort(*_FIRST, *_REST, "sheet", "row", nulls_last=True)
    group = group.with_columns(same_as_previous(group, (*_FIRST, *_REST)).alias("again"), places.alias("_at"))
    group = group.with_columns(pl.col("_at").cast(pl.UInt32))
    others = events.with_columns(pl.lit(False).alias("again")).with_row_index("_at").with_columns(pl.col("_at").cast(pl.UInt32))
    return pl.concat([others.select(group.columns).filter(~tied), group]).sort("_at").drop("_at")


def same_as_previous(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Which rows equal the one before in all these columns, null equal to null."""
    return frame.select(
        pl.all_horizontal(*(pl.col(c).eq_missing(pl.col(c).shift(1)) for c in columns), pl.int_range(pl.len()) > 0)
    ).to_series()


def drop_repeated(events: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> pl.DataFrame:
    """The events without exact repetitions; a row of which nothing is left is explained as a duplicate."""
    if not events["again"].any():
        return events.drop("again")
    of = events.with_columns(
        pl.when("again").then(None).otherwise("sheet").forward_fill().alias("first_sheet"),
        pl.when("again").then(None).otherwise("row").forward_fill().alias("first_row"),
    )
    again = of.filter("again")
    kept = events.filter(~pl.col("again")).drop("again")
    whole = again.join(kept.select("sheet", "row").unique(), on=["sheet", "row"], how="anti")
    part = again.join(whole.select("sheet", "row").unique(), on=["sheet", "row"], how="anti")
    for (sheet,), rows in whole.group_by(["sheet"], maintain_order=True):
        account = accounts[int(str(sheet))]
        account.explained(rows["row"])
        doses = rows.filter(pl.col("concept").is_in([c.name for c in CONCEPTS.values() if c.kind is Kind.DOSE]))
        listed = rows.unique(["row"], maintain_order=True).sort("row")
        for row in listed.head(MOST_NOTES_OF_ONE_KIND).iter_rows(named=True):
            where = accounts[row["first_sheet"]].file
            also = f"row {row['first_row']}" if where == account.file else f"{where}, row {row['first_row']}"
            dose = row["concept"] in set(doses["concept"])
            tell = notes.warn if dose else notes.tell
            tell(account.file, f"an exact duplicate of {also}: read once" + (f" ({row['concept']})" if dose else ""),
                 "If it is a second dose, give its hour, or number the doses in a column note." if dose else "", [row["row"]],
                 group=_DOSES if dose else _DUPLICATES)
        rest = listed.slice(MOST_NOTES_OF_ONE_KIND)
        if len(rest):
            tell = notes.warn if len(doses) else notes.tell
            tell(account.file, f"{len(rest)} more exact duplicates of other rows: each read once", "", rest["row"],
                 group=_DOSES if len(doses) else _DUPLICATES)
    for (sheet,), rows in part.group_by(["sheet"], maintain_order=True):
        notes.tell(accounts[int(str(sheet))].file, "a value told twice for the same time was read once", rows=rows["row"])
    return kept


def contradictions(events: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> None:
    """A warning for each pair of rows that give one concept two values at one exact time."""
    same = same_as_previous(events, ("_p", "hour", "_c", "site"))
    exact = events["hour_latest"].is_null() & events["hour_latest"].shift(1).is_null()
    other_row = ~same_as_previous(events, ("sheet", "row", "column"))  # one cell may hold a range
    differs = events.select(
        pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in ("value", "text", "censored"))
    ).to_series()
    second = (same & exact & other_row & differs).arg_true()
    if not len(second):
        return
    later = events[second].with_columns(
        events[second - 1]["value"].alias("value0"), events[second - 1]["text"].alias("text0"), events[second - 1]["row"].alias("row0"),
        events[second - 1]["sheet"].alias("sheet0"),
    ).filter(pl.col("concept").is_in(_ONE_AT_A_TIME))
    what = "two different values of {concept} for patient {patient} at hour {hour} ({a} and {b}): both are used"
    _tell_pairs(later, accounts, notes, what, "Keep the right one.")


def overlaps(events: pl.DataFrame, accounts: Sequence[Account], notes: Notes) -> None:
    """A warning for each infusion that certainly starts before an earlier one of the same drug has ended."""
    runs = events.filter(
        pl.col("concept").is_in(_INFUSIONS) & pl.col("end_hour").is_not_null() & (pl.col("value").is_null() | (pl.col("value") > 0))
        & (pl.col("text").is_null() | ~pl.col("text").is_in(["absent", "unknown"]))
    )
    if not len(runs):
        return
    runs = runs.with_columns(pl.coalesce("hour_latest", "hour").alias("start")).sort("_p", "_c", "start", "end_hour", maintain_order=True)
    key = ["_p", "_c"]
    runs = runs.with_columns(
        pl.col("end_hour").cum_max().shift(1).over(key).alias("running"), pl.col("row").shift(1).over(key).alias("row0"),
        pl.col("sheet").shift(1).over(key).alias("sheet0"), pl.col("value").shift(1).over(key).alias("value0"),
        pl.col("text").shift(1).over(key).alias("text0"),
    )
    _tell_pairs(runs.filter(pl.col("start") < pl.col("running")), accounts, notes,
                "two infusions of {concept} for patient {patient} overlap at hour {hour}: both are used",
                "End the first where the second begins, or give each change of rate one row.")


def _tell_pairs(pairs: pl.DataFrame, accounts: Sequence[Account], notes: Notes, what: str, fix: str) -> None:
    general = what.split(" for patient")[0].replace("{concept}", "one concept")
    for row in pairs.head(MOST_NOTES_OF_ONE_KIND).iter_rows(named=True):
        a, b = (text if value is None else number(value) for value, text in ((row["value0"], row["text0"]), (row["value"], row["text"])))
        words = what.format(concept=row["concept"], patient=row["patient"], hour=number(row["hour"]), a=a, b=b)
        if row["sheet"] == row["sheet0"]:
            notes.warn(accounts[row["sheet"]].file, words, fix, [row["row0"], row["row"]], group=general)
        else:
            notes.warn(accounts[row["sheet"]].file, f"{words} (the other is {accounts[row['sheet0']].file}, row {row['row0']})", fix,
                       [row["row"]], group=general)
    rest = pairs.slice(MOST_NOTES_OF_ONE_KIND)
    for (sheet,), rows in rest.group_by(["sheet"], maintain_order=True):
        notes.warn(accounts[int(str(sheet))].file, f"{len(rows)} more of the same kind: {general}", fix, rows["row"], group=general)
