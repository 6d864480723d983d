"""One large shard of MEDS to a timeline, quickly: plain numbers by column at once, everything else by the common road.

A row is plain when its code is a measurement in a unit that needs no weight, its number lies within the usual limits of the
concept, it has no text, and nothing else in the shard speaks of the same concept at the same moment.  Of such a row the common
road would make exactly the event that is made here (but for its origin, which is not kept); all other rows, and with them hour 0,
stays, drugs, duplicates and what a person should look at, go through ``coded.timeline``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.errors import VocabularyError
from tocsin.sources import coded, meds
from tocsin.sources.anchor import Settings
from tocsin.sources.codes import Codes
from tocsin.sources.entries import Export
from tocsin.timeline import EVENTS, FileCount, Reading, Timeline
from tocsin.vocabulary import CONCEPTS, Kind

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
_CONCEPT_NAMES = pl.Series(sorted(CONCEPTS), dtype=pl.Enum(sorted(CONCEPTS)))
_PLACE = {name: place for place, name in enumerate(sorted(CONCEPTS))}
_EXACT_BELOW = 1000.0  # a decimal of up to three places below this is its 32-bit float's shortest form


@dataclass(frozen=True, slots=True)
class _Steps:
    """For each code of the shard: its concept (-1 when its rows are not plain), step to the canonical unit, and usual limits."""

    concept: I64
    factor: F64
    before: F64
    low: F64
    high: F64


def read(file: Path, name: str, codes: Codes, parents: Mapping[str, Sequence[str]], settings: Settings) -> Timeline:
    """The record in one shard of whole subjects; SourceError as ``coded.timeline`` raises it."""
    return record(meds.scan(file), name, codes, parents, settings)


def record(
    frame: pl.LazyFrame, name: str, codes: Codes, parents: Mapping[str, Sequence[str]], settings: Settings, aware: bool = False
) -> Timeline:
    """The record in rows of whole subjects; ``aware``: their times are in UTC."""
    if settings.infusion_time:
        settings = settings.of(frame.select(pl.col("subject_id").unique().cast(pl.String)).drop_nulls().collect()["subject_id"].to_list())
    schema = frame.collect_schema()
    plainly = settings.by == "patient" and settings.anchor != "first_entry" and not settings.units and not codes.units
    simple = plainly and not aware and settings.zone is None
    if not simple or set(meds.OWN) <= set(schema):
        return _commonly(frame, name, codes, parents, settings, aware)
    rows = frame.select("subject_id", pl.col("time").cast(pl.Datetime("us")), pl.col("code").cast(pl.Categorical), "numeric_value", "text_value").collect()
    subject, time = rows["subject_id"].to_numpy(), rows["time"]
    begins = np.flatnonzero(np.diff(subject, prepend=subject[:1] - 1)) if len(rows) else np.zeros(0, np.int64)
    ids = subject[begins]
    if len(np.unique(ids)) < len(ids) or rows["code"].null_count() or schema["subject_id"] not in (pl.Int64(), pl.Int32()):
        return _commonly(frame, name, codes, parents, settings, aware)
    who = np.repeat(np.arange(len(ids)), np.diff(begins, append=len(rows)))
    steps = _steps(rows["code"], codes, parents)
    code = rows["code"].to_physical().to_numpy()
    concept, value = steps.concept[code], _decimals(rows["numeric_value"])
    canonical = _canonical(value, code, steps)
    with np.errstate(invalid="ignore"):
        plain = (concept >= 0) & (canonical >= steps.low[code]) & (canonical <= steps.high[code])
    if rows["text_value"].null_count() < len(rows):
        plain &= rows["text_value"].is_null().to_numpy()
    moments = time.to_physical().fill_null(-(2**62)).to_numpy()  # facts without a time stand first
    plain &= time.is_not_null().to_numpy() if time.null_count() else True
    plain &= _alone(who, moments, concept)
    if ((np.diff(moments) < 0) & (np.diff(who) == 0)).any():
        return _commonly(frame, name, codes, parents, settings, aware)
    return _together(rows, name, codes, parents, settings, ids, who, moments, concept, canonical, plain)


def _commonly(
    frame: pl.LazyFrame, name: str, codes: Codes, parents: Mapping[str, Sequence[str]], settings: Settings, aware: bool
) -> Timeline:
    table = meds.table(name, frame, codes, parents)
    return coded.timeline(Export("MEDS", (table,), meds.people(frame), meds.stays(frame), aware), codes, settings, partly=True)


def _steps(code: pl.Series, codes: Codes, parents: Mapping[str, Sequence[str]]) -> _Steps:
    """What can be said of each code at once, by its place in the categories."""
    distinct = code.unique()
    places, names = distinct.to_physical().to_list(), distinct.cast(pl.String).to_list()
    many = max(places, default=0) + 1
    steps = _Steps(np.full(many, -1, np.int64), np.ones(many), np.zeros(many), np.full(many, np.inf), np.full(many, -np.inf))
    for at, name in zip(places, names, strict=True):
        meant = meds.meaning(name, codes, parents.get(name, ()))
        item = codes.item(meant.code, meant.name) if meant is not None else None
        if meant is None or item is None or meant.action is not None or meant.ends or item.text is not None:
            continue
        one = CONCEPTS[item.concept]
        unit = meant.unit or item.unit
        if one.kind is not Kind.MEASUREMENT or one.name == "weight" or one.plausible is None or unit is None:
            continue
        try:
            step = one.conversion(unit)
        except VocabularyError:
            continue
        if not step.needs_weight:
            steps.concept[at] = _PLACE[one.name]
            steps.factor[at], steps.before[at] = step.factor, step.before
            steps.low[at], steps.high[at] = one.plausible
    return steps


def _decimals(numbers: pl.Series) -> F64:
    """The numbers that were written: of 32-bit floats their shortest decimal form (see ``meds.read``), NaN where there is none."""
    single = numbers.to_numpy()
    if single.dtype != np.float32:
        return single.astype(np.float64)
    wide = single.astype(np.float64)
    with np.errstate(invalid="ignore"):
        out = np.rint(wide * 1000.0) / 1000.0
        odd = np.flatnonzero((out.astype(np.float32) != single) | (np.abs(wide) >= _EXACT_BELOW))
    if len(odd):
        out[odd] = numbers.gather(pl.Series(odd.astype(np.uint32))).cast(pl.String).cast(pl.Float64).to_numpy()
    return out


def _canonical(value: F64, code: npt.NDArray[Any], steps: _Steps) -> F64:
    """The values in canonical units, to 12 significant digits where they are converted, as everywhere."""
    changed = np.flatnonzero((steps.concept >= 0) & ((steps.factor != 1) | (steps.before != 0)))
    for one in changed:
        rows = np.flatnonzero(code == one)
        moved = pl.Series((value[rows] + steps.before[one]) * steps.factor[one]).round_sig_figs(12)
        value[rows] = moved.to_numpy()
    return value


_FEW = 24


def _alone(who: I64, moments: I64, concept: I64) -> npt.NDArray[np.bool_]:
    """Which rows are the only ones of their concept at their moment; of rows whose concept is not known so simply none is alone twice."""
    alone = np.ones(len(who), np.bool_)
    begins = np.flatnonzero((np.diff(who, prepend=-1) != 0) | (np.diff(moments, prepend=0) != 0))
    longest = int(np.diff(begins, append=len(who)).max()) if len(begins) else 0
    if longest <= _FEW:  # moments of few rows: each with those after it
        for far in range(1, longest):
            same = np.flatnonzero((concept[far:] == concept[:-far]) & (moments[far:] == moments[:-far]) & (who[far:] == who[:-far]))
            alone[same] = alone[same + far] = False
        return alone
    at = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(who)))
    key = at * (len(_PLACE) + 1) + concept + 1
    ordered = np.sort(key)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return ~np.isin(key, twice) if len(twice) else alone


def _together(
    rows: pl.DataFrame, name: str, codes: Codes, parents: Mapping[str, Sequence[str]], settings: Settings, ids: I64, who: I64, moments: I64,
    concept: I64, canonical: F64, plain: npt.NDArray[np.bool_],
) -> Timeline:
    """The plain rows put among the events that the common road makes of the others."""
    places = pl.Series(np.flatnonzero(~plain).astype(np.uint32))
    others = rows[places].with_columns(pl.col("code").cast(pl.String), (places + 1).alias("row"))
    rest = coded.timeline(
        Export("MEDS", (meds.table(name, others.lazy(), codes, parents),), meds.people(others.lazy()), meds.stays(others.lazy())), codes, settings, partly=True)
    zero = dict(rest.patients.select("patient", pl.col("infusion_time").str.to_datetime(time_unit="us").to_physical()).iter_rows())
    names = [str(one) for one in ids.tolist()]
    known = np.array([one in zero for one in names], np.bool_)
    start = np.array([zero.get(one, 0) for one in names], np.int64)
    outside = int((plain & ~known[who]).sum())
    chosen = np.flatnonzero(plain & known[who])
    hour = (moments[chosen] - start[who[chosen]]) / 3.6e9  # to the last bit as clock.in_hours does it
    events = _merged(_Plain(who[chosen], hour, concept[chosen], canonical[chosen]), rest.events, names)
    return Timeline(events, rest.patients, rest.complete, _reading(rest.reading, len(rows), len(chosen), outside))


@dataclass(frozen=True, slots=True)
class _Plain:
    """The events of plain rows: subject (its place among all), hour, concept (its place), value."""

    who: I64
    hour: F64
    concept: I64
    value: F64


def _merged(plain: _Plain, rest: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The plain events and the others in one table, by subject and hour; of one hour the plain ones first."""
    who = rest["patient"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    hour = rest["hour"].to_numpy()
    order = np.lexsort((hour, who))
    who, hour, rest = who[order], hour[order], rest[pl.Series(order.astype(np.uint32))]
    at = _places(plain, who, hour)
    mine = at + np.arange(len(at))  # where the others stand in the whole
    whole = len(plain.who) + len(at)
    from_rest = np.full(whole, len(at), np.uint32)
    from_rest[mine] = np.arange(len(at), dtype=np.uint32)
    source = pl.Series(from_rest)

    def others(name: str, kind: pl.DataType, otherwise: object) -> pl.Series:
        """A column that only the others fill."""
        if name == "origin" or rest[name].eq_missing(pl.Series([otherwise], dtype=kind)).all():
            return pl.Series(name, [otherwise], dtype=kind).new_from_index(0, whole)
        return pl.concat([rest[name].cast(kind), pl.Series(name, [otherwise], dtype=kind)]).gather(source)

    concept = np.insert(plain.concept, at, [_PLACE[c] for c in rest["concept"].cast(pl.String).to_list()])
    made = {
        "patient": pl.Series(names, dtype=pl.Enum(names)).gather(pl.Series(np.insert(plain.who, at, who).astype(np.uint32))),
        "hour": pl.Series(np.insert(plain.hour, at, hour)), "concept": _CONCEPT_NAMES.gather(pl.Series(concept.astype(np.uint32))),
        "value": _filled(pl.Series(np.insert(plain.value, at, rest["value"].fill_null(np.nan).to_numpy()))),
        "attribution": others("attribution", pl.String(), "unknown"), "censored": others("censored", pl.Int8(), 0),
    }
    return pl.DataFrame({name: made[name] if name in made else others(name, kind, None) for name, kind in EVENTS.items()})


def _places(plain: _Plain, who: I64, hour: F64) -> I64:
    """Where among the plain events, which are in order, each of the others belongs."""
    begins = np.searchsorted(plain.who, np.arange(int(who.max(initial=-1)) + 2))
    at = np.zeros(len(who), np.int64)
    edges = np.flatnonzero(np.diff(who, prepend=-1, append=-1))
    for first, last in pairwise(edges):
        one = who[first]
        low, high = begins[one], begins[one + 1]
        at[first:last] = low + np.searchsorted(plain.hour[low:high], hour[first:last], "right")
    return at


def _filled(values: pl.Series) -> pl.Series:
    """NaN as null, where there is any."""
    return values.fill_nan(None) if values.is_nan().any() else values


def _reading(rest: Reading | None, rows: int, plain: int, outside: int) -> Reading:
    """The reconciliation of the shard: the plain rows are used, or of subjects without an hour 0."""
    assert rest is not None
    one = rest.files[0]
    count = FileCount(one.file, one.sha256, rows, one.used + plain, one.explained + outside, one.quarantined, one.events + plain, one.ignored)
    return replace(rest, files=(count,))
