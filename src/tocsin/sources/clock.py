"""Wall-clock times to hours since the infusion: formats, day and month order, time zones, dates without a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.timeline import HOURS_A_DAY

_CLOCK = r"(?:[T ,]+(?P<H>\d{1,2})[:h.](?P<M>\d{2})(?:[:.](?P<S>\d{2}(?:\.\d+)?))?\s*(?P<P>[AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"\s*(?P<Z>Z|z|UTC|[+-]\d{2}:?\d{2})?$"
_YEAR_FIRST = r"^(?P<y>\d{4})[-/.](?P<a>\d{1,2})[-/.](?P<b>\d{1,2})" + _CLOCK + _ZONE
_YEAR_LAST = r"^(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4})" + _CLOCK + _ZONE
_MONTH_NAME = r"^(?P<a>\d{1,2})[- ](?P<m>[A-Za-z]{3})[A-Za-z]*[- ,]+(?P<y>\d{4})" + _CLOCK + _ZONE
_TIME_ONLY = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp]\.?[Mm]\.?)?$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FAST = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M")
ORDERS = ("dmy", "mdy")
HOW_TO_GIVE = (
    "Give it with --infusion-time \"2019-09-25 10:00\", in a column infusion_time, in a file of patients "
    "(patient, infusion_time), or as a row with the concept car_t_infusion and its time."
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall-clock time; ``aware`` when it is in UTC, ``dated`` when only its date was told."""

    when: datetime
    aware: bool
    dated: bool


def in_hours(span: pl.Expr) -> pl.Expr:
    """A duration in hours, rounded once.

    Polars divides a long column by a constant by way of its reciprocal, and a column of one row exactly, so that one moment could come to lie
    at two hours that differ in the last bit; a column of divisors is divided by exactly.
    """
    return span.dt.total_microseconds() / (pl.int_range(pl.len()) * 0 + 3.6e9)


def zone_named(name: str | None) -> ZoneInfo | None:
    """The time zone of this name; SettingError when there is none."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(f"There is no time zone called {name!r}.\n  Write it as Europe/Paris or America/New_York.") from None


def day_month_order(columns: list[pl.Series], file: str, given: str | None) -> str:
    """Whether 04/05/2019 is 4 May ("dmy") or April 5 ("mdy"), from the dates that leave no choice; SourceError when none do."""
    if given is not None:
        if given not in ORDERS:
            raise SettingError(f"the order of dates is one of {', '.join(ORDERS)}, not {given!r}")
        return given
    seen = pl.concat([c.cast(pl.String) for c in columns]).unique().drop_nulls() if columns else pl.Series([], dtype=pl.String)
    cut = seen.to_frame("t").select(pl.col("t").str.extract_groups(r"^(?P<a>\d{1,2})(?P<s>[-/])(?P<b>\d{1,2})[-/]\d{4}")).unnest("t")
    cut = cut.filter(pl.col("a").is_not_null())
    if not len(cut):
        return "dmy"
    first_over = bool((cut["a"].cast(pl.Int32) > 12).any())
    second_over = bool((cut["b"].cast(pl.Int32) > 12).any())
    if first_over == second_over:
        why = "both orders occur" if first_over else "no day is above 12"
        raise SourceError(
            f"{file}: dates such as {cut['a'][0]}{cut['s'][0]}{cut['b'][0]}{cut['s'][0]}... may be day/month or month/day: {why}.\n"
            "  Write dates as 2019-09-25, or say which with dates=\"dmy\" or dates=\"mdy\"."
        )
    return "dmy" if first_over else "mdy"


def parse(texts: pl.Series, order: str, zone: ZoneInfo | None) -> pl.DataFrame:
    """The columns ``when`` (datetime), ``aware`` (in UTC) and ``dated`` (no time of day); ``when`` is null if unreadable."""
    frame = pl.DataFrame({"t": texts})
    when: pl.Series = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(texts)) if len(texts) else pl.Series(
        [], dtype=pl.Datetime("us"))
    for form in _FAST:
        if when.null_count() == texts.null_count():
            break
        when = when.fill_null(texts.str.to_datetime(form, strict=False, time_unit="us"))
    rest = when.is_null() & texts.is_not_null()
    out = pl.DataFrame({"t": texts, "when": when}).with_columns(pl.lit(False).alias("aware"), pl.lit(False).alias("dated"))
    if rest.any():
        odd = _parse_odd(frame.filter(rest)["t"].unique(), order)
        out = out.drop("aware", "dated").join(odd, on="t", how="left", maintain_order="left", suffix="_odd").with_columns(
            pl.coalesce("when", "when_odd").alias("when"), pl.col("aware", "dated").fill_null(False)
        )
    if zone is not None:
        local = out["when"].dt.replace_time_zone(str(zone), ambiguous="earliest", non_existent="null")
        in_utc = local.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        out = out.with_columns(pl.when("aware").then("when").otherwise(in_utc).alias("when"), pl.lit(True).alias("aware"))
    return out.select("when", "aware", "dated")


def _parse_odd(texts: pl.Series, order: str) -> pl.DataFrame:
    """The slower formats, on each distinct text once, in columns."""
    frame = pl.DataFrame({"t": texts})
    found = []
    for pattern in (_YEAR_FIRST, _YEAR_LAST, _MONTH_NAME):
        cut = frame.with_columns(pl.col("t").str.extract_groups(pattern).alias("g")).unnest("g").filter(pl.col("y").is_not_null())
        if pattern is _YEAR_FIRST:
            cut = cut.with_columns(pl.col("a").alias("month"), pl.col("b").alias("day"))
        elif pattern is _YEAR_LAST:
            day_first = (pl.col("s") == ".") | pl.lit(order == "dmy")
            cut = cut.with_columns(
                pl.when(day_first).then("b").otherwise("a").alias("month"), pl.when(day_first).then("a").otherwise("b").alias("day")
            )
        else:
            month = pl.col("m").str.to_lowercase().replace_strict({m: str(i) for i, m in enumerate(_MONTHS, 1)}, default=None)
            cut = cut.with_columns(month.alias("month"), pl.col("a").alias("day"))
        found.append(cut.select("t", "y", "month", "day", "H", "M", "S", "P", "Z"))
    cut = pl.concat(found).unique("t")
    hour = pl.col("H").cast(pl.Int32).fill_null(0)
    afternoon = pl.col("P").str.to_lowercase().str.starts_with("p")
    hour = pl.when(pl.col("P").is_null()).then(hour).otherwise(hour % 12 + 12 * afternoon.cast(pl.Int32))
    text = pl.format("{}-{}-{} {}:{}:{}", "y", "month", "day", hour, pl.col("M").fill_null("00"), pl.col("S").fill_null("00"))
    sign = pl.when(pl.col("Z").str.starts_with("-")).then(-1).otherwise(1)
    digits = pl.col("Z").str.replace_all(r"\D", "")
    minutes = sign * (digits.str.slice(0, 2).cast(pl.Int64, strict=False) * 60 + digits.str.slice(2, 2).cast(pl.Int64, strict=False))
    when = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    return cut.select(
        "t", (when - pl.duration(minutes=minutes.fill_null(0))).alias("when"), pl.col("Z").is_not_null().alias("aware"),
        pl.col("H").is_null().alias("dated"),
    )


@lru_cache(maxsize=65536)
def moment(text: str, order: str, zone: ZoneInfo | None) -> Moment | None:
    """One wall-clock time, or None when it cannot be read."""
    row = parse(pl.Series([text], dtype=pl.String), order, zone).row(0)
    return None if row[0] is None else Moment(row[0], row[1], row[2])


class Clock:
    """Wall-clock times of one table, measured from each patient's infusion."""

    def __init__(self, file: str, infusions: Mapping[str, Moment], order: str = "dmy", zone: ZoneInfo | None = None) -> None:
        self.file, self.infusions, self.order, self.zone = file, infusions, order, zone
        self.needed: set[str] = set()

    def hours(self, patients: pl.Series, times: pl.Series, day_start: pl.Series) -> pl.DataFrame:
        """``first``, ``last`` and ``trouble`` for each time; ``day_start`` is the hour at which its day begins, when told."""
        parsed = parse(times, self.order, self.zone)
        who = pl.DataFrame({
            "patient": list(self.infusions), "infusion": [m.when for m in self.infusions.values()],
            "infusion_aware": [m.aware for m in self.infusions.values()],
        }, schema={"patient": pl.String, "infusion": pl.Datetime("us"), "infusion_aware": pl.Boolean})
        frame = pl.DataFrame({"patient": patients, "t": times, "day": day_start}).with_columns(parsed).join(
            who, on="patient", how="left", maintain_order="left"
        )
        mixed = frame.filter(pl.col("when").is_not_null() & (pl.col("aware") != pl.col("infusion_aware")))
        if len(mixed):
            with_zone, without = ("rows", "infusion") if mixed["aware"][0] else ("infusion", "rows")
            raise SourceError(
                f"{self.file}: the time of the {with_zone} has a time zone and that of the {without} has none.\n"
                "  Say which zone times without one are in: --timezone Europe/Paris."
            )
        needs = pl.col("when").is_not_null() & pl.col("infusion").is_null()
        missing = frame.filter(needs)
        if len(missing):
            self.needed |= set(missing["patient"].drop_nulls().unique())
            if not self.infusions:
                raise SourceError(
                    f"{self.file} has wall-clock times but no time of infusion, so no row can be placed on the timeline.\n  {HOW_TO_GIVE}"
                )
        first = in_hours(pl.col("when") - pl.col("infusion"))
        out = frame.select(
            first.alias("first"), pl.when("dated").then(first + HOURS_A_DAY).alias("last"),
            pl.when(needs).then(pl.lit("it has a wall-clock time and its patient has no time of infusion"))
            .when(pl.col("t").is_not_null() & pl.col("when").is_null())
            .then(pl.format("its time cannot be read: {}", "t")).alias("trouble"),
        )
        alone = frame["when"].is_null() & times.str.contains(r"^\d{1,2}:\d{2}").fill_null(False)
        return self._times_of_day(frame, out, alone) if alone.any() else out

    def _times_of_day(self, frame: pl.DataFrame, out: pl.DataFrame, alone: pl.Series) -> pl.DataFrame:
        """A time of day beside a day: placed exactly when the clock time of the infusion is known, else the day stands."""
        first, last, trouble = (out[name].to_list() for name in ("first", "last", "trouble"))
        for i in alone.arg_true().to_list():
            row = frame.row(i, named=True)
            offset = _time_of_day(row["t"])
            if offset is None:
                continue
            if row["day"] is None:
                trouble[i] = "it has a time of day and no day"
                continue
            trouble[i] = None
            infusion = self.infusions.get(row["patient"])
            if infusion is not None and not (self.zone and infusion.aware):
                midnight = infusion.when.replace(hour=0, minute=0, second=0, microsecond=0)
                when = midnight + timedelta(hours=row["day"]) + offset
                first[i] = (when - infusion.when) / timedelta(hours=1)
        return pl.DataFrame({"first": first, "last": last, "trouble": trouble}, schema=dict(out.schema))


def _time_of_day(text: str) -> timedelta | None:
    found = _TIME_ONLY.match(text.strip())
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower().startswith("p") else 0)
    return timedelta(hours=hour, minutes=minute, seconds=second) if hour < 24 and minute < 60 else None
