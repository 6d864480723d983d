"""A timeline to one CSV file in long form, which reads back to the same timeline."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

COLUMNS = ("patient", "hour", "hour_latest", "end_hour", "concept", "value", "unit", "text", "attribution", "site", "note")


def write(timeline: Timeline, path: str | Path) -> None:
    """Write the record in long form: facts about patients as rows without a time, then the events in canonical units.

    What is declared complete is not part of the file: give it again when reading (``complete=``).
    """
    canonical = {c.name: c.unit for c in CONCEPTS.values()}
    number = pl.col("value").cast(pl.String).str.strip_suffix(".0")
    sign = pl.when(pl.col("censored") < 0).then(pl.lit("<")).when(pl.col("censored") > 0).then(pl.lit(">")).otherwise(pl.lit(""))
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    events = timeline.events.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)).select(
        "patient", "hour", "hour_latest", "end_hour", "concept", pl.concat_str(sign, number).alias("value"),
        pl.when(pl.col("value").is_not_null()).then(pl.col("concept").replace_strict(canonical, default=None)).alias("unit"),
        pl.when(empty).then(pl.lit("unknown")).otherwise("text").alias("text"),
        pl.when(pl.col("attribution") != "unknown").then("attribution").alias("attribution"), "site", "note",
    )
    facts = timeline.patients.with_columns(pl.col(pl.Categorical, pl.Enum, pl.Float64, pl.Boolean).cast(pl.String)).unpivot(
        index="patient", on=[name for name in timeline.patients.columns if name != "patient"], variable_name="concept", value_name="value"
    ).filter(pl.col("value").is_not_null()).sort("patient", maintain_order=True)
    rows = pl.concat([facts, events], how="diagonal").select(COLUMNS)
    rows.write_csv(Path(path), quote_style="necessary")
