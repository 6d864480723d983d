"""Dates of SDTM: ISO 8601 with parts left out at the right end, and study days.

Source: SDTM Implementation Guide 3.4, section 4.4 (timing variables): precision is shown by truncation; the reference start
(RFSTDTC) is day 1, the day before it is day -1, and there is no day 0.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

NO_CALENDAR = datetime(2000, 1, 1)
"""Day 1 of a patient of whom only study days are told."""
_PARTS = (r"^(?P<y>\d{4})(?:-(?P<m>\d{2})(?:-(?P<d>\d{2})(?:T(?P<H>\d{2})(?::(?P<M>\d{2})(?::(?P<S>\d{2}(?:\.\d+)?))?)?"
          r"(?P<Z>Z|[+-]\d{2}:?\d{2})?)?)?)?$")
_FARTHEST = 36525
OFFSET = r"T\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
"""A time of day with its offset from UTC."""


def dates(texts: pl.Series, aware: bool) -> pl.DataFrame:
    """``start`` and ``latest`` (null when the time is exact to the minute) of each text, and ``trouble`` where it cannot be read.

    ``aware``: times carry an offset and become UTC; otherwise they are the wall clock as written.
    """
    distinct = texts.unique().drop_nulls().alias("t").to_frame()
    cut = distinct.with_columns(pl.col("t").str.extract_groups(_PARTS).alias("g")).unnest("g")
    full = pl.format("{}-{}-{}T{}:{}:{}", "y", pl.col("m").fill_null("01"), pl.col("d").fill_null("01"), pl.col("H").fill_null("00"),
                     pl.col("M").fill_null("00"), pl.col("S").fill_null("00"))
    start = full.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    step = (pl.when(pl.col("m").is_null()).then(pl.lit("1y")).when(pl.col("d").is_null()).then(pl.lit("1mo")).when(pl.col("H").is_null())
            .then(pl.lit("1d")).when(pl.col("M").is_null()).then(pl.lit("1h")))
    digits = pl.col("Z").str.replace_all(r"\D", "")
    sign = pl.when(pl.col("Z").str.starts_with("-")).then(-1).otherwise(1)
    minutes = sign * (digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(2, 2).cast(pl.Int64, strict=False))
    cut = cut.with_columns(start.alias("start"), step.alias("step"), minutes.fill_null(0).alias("minutes"))
    cut = cut.with_columns(pl.when(pl.col("step").is_not_null()).then(pl.col("start").dt.offset_by(pl.col("step").fill_null("0d"))).alias("latest"))
    if aware:
        moved = pl.duration(minutes="minutes")
        cut = cut.with_columns(pl.col("start") - moved, pl.col("latest") - moved)
    timed = pl.col("H").is_not_null()
    clash = timed & (pl.col("Z").is_null() if aware else pl.col("Z").is_not_null())
    why = "a time without an offset, where others have one" if aware else "a time with an offset, where others have none"
    cut = cut.with_columns(
        pl.when(pl.col("start").is_null()).then(pl.format("its date cannot be read: {}", "t"))
        .when(clash).then(pl.lit(why)).alias("trouble")
    )
    table = cut.select("t", "start", "latest", "trouble")
    return texts.alias("t").to_frame().join(table, on="t", how="left", maintain_order="left").drop("t")


def day_numbers(texts: pl.Expr) -> pl.Expr:
    """Study days as whole numbers; null for what is none, or more than a hundred years away."""
    days = texts.cast(pl.Float64, strict=False)
    return pl.when(days.abs() <= _FARTHEST).then(days).floor().cast(pl.Int64)


def study_days(days: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """The beginning of each study day, counted from the patient's reference date; null for day 0, which does not exist."""
    since = pl.when(days > 0).then(days - 1).when(days < 0).then(days)
    return reference.dt.truncate("1d") + pl.duration(days=since)


def written(times: pl.Expr, aware: bool) -> pl.Expr:
    """A time in full, to the microsecond where it has one, as a --DTC; with Z when it is in UTC."""
    seconds = times.dt.strftime("%Y-%m-%dT%H:%M:%S")
    micro = times.dt.microsecond()
    text = pl.when(micro > 0).then(pl.concat_str(seconds, pl.lit("."), micro.cast(pl.String).str.zfill(6))).otherwise(seconds)
    return pl.concat_str(text, pl.lit("Z")) if aware else text
