"""Rows that start, change and stop a drug to the intervals in which it ran at one rate."""

from __future__ import annotations

import polars as pl

from tocsin.sources.account import Account, Notes
from tocsin.vocabulary import CONCEPTS, Kind

NAMES: tuple[str, ...] = (*(c.name for c in CONCEPTS.values() if c.kind is Kind.INFUSION), "vasopressor")
"""The concepts that a complete table of continuous infusions tells completely."""
_RUNS = sorted(c.name for c in CONCEPTS.values() if c.kind is Kind.INFUSION)
_STEPS = ("start", "change", "stop")


def intervals(events: pl.DataFrame, accounts: list[Account], notes: Notes) -> pl.DataFrame:
    """The events (columns of the timeline and sheet, row, action, course) with charted steps made into intervals.

    A step holds until the next step of the same course.  A start or change to a rate of 0 is a pause.  Of two steps at one
    moment the later row counts.  Where rows name no course, several bags may run at once: a stop ends the drug when it ends the
    last of them.  What is never stopped has no end: how long it is taken to run is the concept's business.
    A drug that is counted by doses (heparin) and charted as running becomes one dose from its start to its last step.
    """
    stepped = events["action"].is_in(_STEPS).fill_null(False)
    if not stepped.any():
        return events.drop("action", "course")
    steps, rest = events.filter(stepped), events.filter(~stepped)
    key = ["sheet", "patient", "concept", "course"]
    rank = pl.col("action").replace_strict({"stop": 0, "start": 1, "change": 2}, return_dtype=pl.Int8)
    steps = steps.with_columns(rank.alias("_rank")).sort(*key, "hour", "_rank", "row", maintain_order=True, nulls_last=True)
    steps = _last_of_several(steps, key, accounts, notes)
    steps = steps.with_columns(
        pl.col("hour").shift(-1).over(key).alias("_next"), pl.col("action").shift(1).over(key).alias("_before"),
        pl.col("hour").max().over(key).alias("_last"),
    )
    stop = pl.col("action") == "stop"
    at_once = (pl.col("_next") == pl.col("hour")).fill_null(False)
    idle = stop & (pl.col("_before").is_null() | (pl.col("_before") == "stop"))  # nothing ran: it stops what starts at this very moment
    momentary = (idle & at_once).shift(1).over(key).fill_null(False)
    lone = steps.filter(stop & pl.col("_before").is_null())
    for (sheet,), rows in lone.group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].explained(rows["row"])
        notes.warn(accounts[int(str(sheet))].file, "a drug is stopped that was never started: nothing is known of its rate before", "", rows["row"])
    for (sheet,), rows in steps.filter(~(stop & pl.col("_before").is_null())).group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].used(rows["row"])
    again = at_once | momentary
    replaced = steps.filter(again & ~stop & pl.col("concept").is_in(_RUNS))
    for (sheet,), rows in replaced.group_by(["sheet"], maintain_order=True):
        notes.tell(accounts[int(str(sheet))].file, "a rate that was changed or stopped at the same moment: the later row counts", rows=rows["row"])
    running = steps.filter(~stop & ~again & pl.col("concept").is_in(_RUNS) & (pl.col("value").is_null() | (pl.col("value") != 0)))
    running = running.with_columns(pl.coalesce("_next", "end_hour").alias("end_hour"))
    doses = steps.filter((pl.col("action") == "start") & ~pl.col("concept").is_in(_RUNS)).with_columns(
        pl.when(pl.col("_last") > pl.col("hour")).then("_last").otherwise("end_hour").alias("end_hour"))
    return pl.concat([rest, running.select(rest.columns), doses.select(rest.columns)]).drop("action", "course")


def _last_of_several(steps: pl.DataFrame, key: list[str], accounts: list[Account], notes: Notes) -> pl.DataFrame:
    """The steps without those stops, of drugs whose rows name no course, that leave another bag of the drug running."""
    loose = pl.col("course").is_null()
    if not steps.select(loose.any()).item():
        return steps
    move = pl.when(pl.col("action") == "start").then(1).when(pl.col("action") == "stop").then(-1).otherwise(0)
    # at one moment a stop stands before a start, so the bags of that moment are counted together
    running = move.cum_sum().over(key)
    at_end = pl.when(pl.col("hour") == pl.col("hour").shift(-1).over(key)).then(None).otherwise(running).backward_fill().over(key)
    steps = steps.with_columns((loose & (pl.col("action") == "stop") & (running > 0) & (at_end > 0)).alias("_goes_on"))
    others = steps.filter("_goes_on")
    for (sheet,), rows in others.group_by(["sheet"], maintain_order=True):
        accounts[int(str(sheet))].used(rows["row"])
        notes.tell(accounts[int(str(sheet))].file, "one of several infusions of a drug ended: the drug runs on", rows=rows["row"])
    return steps.filter(~pl.col("_goes_on")).drop("_goes_on")
