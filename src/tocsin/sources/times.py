"""When: day, hour or wall clock of a row to hours since the infusion, with what a day alone leaves open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import polars as pl

from tocsin.sources.clock import Clock
from tocsin.timeline import HOURS_A_DAY

_NUMBER = r"[-+−–]?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"^({_NUMBER})\s*(?:-|–|—|−|to|until|\.\.+|…)\s*({_NUMBER})$", re.IGNORECASE)
_WORD = re.compile(r"^(?:days?|d|hours?|h)\s*(?=[-+−–\d])|\s*(?:h|hours?|hrs?|days?|d)$", re.IGNORECASE)
FARTHEST = 100 * 365.25 * HOURS_A_DAY  # beyond it a day is a date or a spreadsheet's number of a date
Span = tuple[float, float | None]


def _plain(text: str) -> float:
    return float(text.replace("−", "-").replace("–", "-"))


def _ends(text: str) -> tuple[float, float] | None:
    """The two ends of what is written, equal when it is one number; None when it is neither."""
    bare = _WORD.sub("", text.strip()).strip()
    bare = re.sub(r"(?i)(?<=[\s.\-–—])(?:day|d)\s*(?=\d)", "", bare)
    if re.fullmatch(_NUMBER, bare):
        return _plain(bare), _plain(bare)
    if re.fullmatch(r"[-+]?\d+,\d+", bare):
        value = float(bare.replace(",", "."))
        return value, value
    found = _RANGE.match(bare)
    if found is None:
        return None
    first, last = _plain(found[1]), _plain(found[2])
    return (first, last) if first <= last else None


def day_span(text: str) -> Span | None:
    """Hours of a day as written: "4" is 96 to 120, "0.5" is hour 12 exactly, "10-17" is 240 to 432."""
    ends = _ends(text)
    if ends is None:
        return None
    first, last = ends
    if first == last and not first.is_integer():
        return first * HOURS_A_DAY, None
    return first * HOURS_A_DAY, (last + 1) * HOURS_A_DAY if last.is_integer() else last * HOURS_A_DAY


def hour_span(text: str) -> Span | None:
    """Hours as written: "17.5" is exact, "10-12" lies between."""
    ends = _ends(text)
    if ends is None:
        return None
    return (ends[0], None) if ends[0] == ends[1] else ends


def _spans(column: pl.Series, kind: str) -> pl.DataFrame:
    """The columns ``first`` and ``last`` of a column of days or hours; both null where it cannot be read."""
    number = column.cast(pl.Float64, strict=False)
    number = number.set(~number.is_finite().fill_null(True), None)
    frame = pl.DataFrame({"text": column, "first": number})
    if kind == "day":
        whole = pl.col("first") == pl.col("first").floor()
        frame = frame.with_columns(
            pl.when(whole).then((pl.col("first") + 1) * HOURS_A_DAY).alias("last"), pl.col("first") * HOURS_A_DAY
        )
    else:
        frame = frame.with_columns(pl.lit(None, pl.Float64).alias("last"))
    odd = frame.filter(pl.col("first").is_null() & pl.col("text").is_not_null())["text"].unique().to_list()
    if odd:
        reader: Callable[[str], Span | None] = day_span if kind == "day" else hour_span
        spans = [reader(text) or (None, None) for text in odd]
        table = pl.DataFrame({"text": odd, "a": [s[0] for s in spans], "b": [s[1] for s in spans]},
                             schema={"text": pl.String, "a": pl.Float64, "b": pl.Float64})
        frame = frame.join(table, on="text", how="left", maintain_order="left").with_columns(
            pl.coalesce("first", "a").alias("first"), pl.coalesce("last", "b").alias("last")
        )
    return frame.select("first", "last")


def place(frame: pl.DataFrame, columns: Mapping[str, str | None], clock: Clock) -> pl.DataFrame:
    """The frame with ``hour``, ``hour_latest``, ``end_hour`` and ``trouble`` (why a row cannot be placed in time).

    ``columns`` tells which column of the frame is day, hour, time, end_day ... time_latest; ``patient`` is in the frame.
    """
    start = _moment(frame, columns, "", clock)
    end = _moment(frame, columns, "end_", clock)
    latest = _moment(frame, columns, "_latest", clock)
    frame = frame.with_columns(
        start["first"].alias("hour"), start["last"].alias("hour_latest"),
        end["last"].fill_null(end["first"]).alias("end_hour"),
        latest["last"].fill_null(latest["first"]).alias("_latest"),
        start["trouble"].fill_null(end["trouble"]).fill_null(latest["trouble"]).alias("trouble"),
    ).with_columns(pl.coalesce("_latest", "hour_latest").alias("hour_latest"))
    early = pl.col("end_hour") < pl.col("hour")
    far = pl.any_horizontal(pl.col("hour", "end_hour", "_latest").abs() > FARTHEST)
    wrong = pl.col("_latest") < pl.col("hour")
    return frame.with_columns(
        pl.when(pl.col("trouble").is_not_null()).then("trouble")
        .when(early).then(pl.lit("it ends before it begins"))
        .when(wrong).then(pl.lit("its latest time is before its earliest"))
        .when(far).then(pl.lit("it is more than a hundred years from the infusion; a date belongs in a column time"))
        .alias("trouble"),
        pl.min_horizontal("hour_latest", "end_hour").alias("clipped"),
    ).with_columns(
        pl.when(pl.col("hour_latest").is_not_null()).then(pl.col("clipped")).alias("hour_latest")
    ).drop("clipped", "_latest")


def _moment(frame: pl.DataFrame, columns: Mapping[str, str | None], which: str, clock: Clock) -> pl.DataFrame:
    """``first``, ``last`` (null when exact) and ``trouble`` of the start, the end or the latest start of each row."""
    names = {kind: columns.get(f"{which}{kind}" if which == "end_" else f"{kind}{which}") for kind in ("day", "hour", "time")}
    out = pl.DataFrame({
        "first": pl.repeat(None, len(frame), dtype=pl.Float64, eager=True),
        "last": pl.repeat(None, len(frame), dtype=pl.Float64, eager=True),
        "trouble": pl.repeat(None, len(frame), dtype=pl.String, eager=True),
    })
    if all(name is None for name in names.values()):
        return out
    given = {kind: frame[name] for kind, name in names.items() if name is not None and frame[name].null_count() < len(frame)}
    days = given.get("day")
    if days is not None:
        out = _merge(out, _spans(days, "day"), days, f"{which}day".strip("_"))
    if "hour" in given:
        hours = _spans(given["hour"], "hour")
        if days is not None:
            both = out["first"].is_not_null() & hours["first"].is_not_null()
            inside = (hours["first"] >= out["first"]) & (hours["first"] <= out["last"].fill_null(out["first"]))
            clash = both & ~inside
            why = "its day and hour contradict: `hour` counts from the infusion, not from midnight; leave one of them empty"
            out = out.with_columns(
                pl.when(clash).then(pl.lit(why)).otherwise("trouble").alias("trouble"),
                pl.when(both).then(None).otherwise("first").alias("first"), pl.when(both).then(None).otherwise("last").alias("last"),
            )
        out = _merge(out, hours, given["hour"], f"{which}hour".strip("_"))
    if "time" in given:
        spans = clock.hours(frame["patient"], given["time"], out["first"])
        # A clock time makes a day exact; a date and a day that disagree are trouble.
        disagree = (
            out["first"].is_not_null() & spans["first"].is_not_null()
            & ((spans["last"].fill_null(spans["first"]) < out["first"] - HOURS_A_DAY)
               | (spans["first"] > out["last"].fill_null(out["first"]) + HOURS_A_DAY))
        )
        out = out.with_columns(
            pl.when(spans["first"].is_not_null()).then(spans["first"]).otherwise("first").alias("first"),
            pl.when(spans["first"].is_not_null()).then(spans["last"]).otherwise("last").alias("last"),
            pl.when(disagree).then(pl.lit("its day and its date contradict")).otherwise(
                pl.coalesce("trouble", spans["trouble"])).alias("trouble"),
        )
    return out


def _merge(out: pl.DataFrame, spans: pl.DataFrame, column: pl.Series, name: str) -> pl.DataFrame:
    unread: pl.Series | pl.Expr = column.is_not_null() & spans["first"].is_null()
    if isinstance(unread, pl.Series) and not unread.any():
        unread, why = pl.lit(False), pl.lit(None, pl.String)
    else:
        why = pl.format("its " + name + " cannot be read: {}", column)
    return out.with_columns(
        pl.when(spans["first"].is_not_null()).then(spans["last"]).otherwise("last").alias("last"),
        pl.when(spans["first"].is_not_null()).then(spans["first"]).otherwise("first").alias("first"),
        pl.when(unread).then(why).otherwise("trouble").alias("trouble"),
    )
