"""Hour 0: the index infusion found or given, or another anchor; and what one record is, a patient or a stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

import polars as pl

from tocsin.errors import SettingError, SourceError
from tocsin.sources import clock
from tocsin.sources.entries import STAYS
from tocsin.timeline.completeness import CLOSABLE
from tocsin.vocabulary import CONCEPTS

ANCHORS: Mapping[str, str] = {
    "car_t_infusion": "CAR-T infusion", "icu_admission": "ICU admission", "hospital_admission": "hospital admission",
    "study_start": "start of the study treatment", "first_entry": "first entry",
}
"""What hour 0 may be, and how it is called in sentences."""
STAY_KINDS: Mapping[str, str] = {"icu_admission": "icu", "hospital_admission": "hospital", "study_start": "study"}
HOW = ("Say what hour 0 is: --anchor icu_admission (or hospital_admission, study_start, first_entry), --infusion-time, or a table of patients "
       "with the column infusion_time.")
ARRIVES_WITH = 24
"""Hours before a stay in which what is charted may still run or hold when it begins."""
_ABSENT_UNLESS_CHARTED = sorted(c.name for c in CONCEPTS.values() if c.domain in CLOSABLE)
HOUR_0 = "tocsin:hour_0"
"""The code of an entry whose time is hour 0 of its patient: what our own writers leave for reading back."""


class Options(TypedDict, total=False):
    """What a reader of a coded export may be told; each has the meaning of the field of ``Settings`` with its name."""

    anchor: str
    index: str | int
    infusion_time: str | Mapping[str, str] | None
    timezone: str | None
    clock: str
    by: str
    complete: Iterable[str]
    units: Mapping[str, str] | None
    weight_kg: float | None


@dataclass(frozen=True, slots=True)
class Settings:
    """How an export becomes a timeline.

    ``anchor``: what hour 0 is (ANCHORS).  ``index``: which of several infusions or stays: "first", "last" or its number from 1.
    ``infusion_time``: wall clock of hour 0, for everybody or by patient; it stands before what the export tells.
    ``timezone``: zone of times without one.  ``clock``: "offsets" (times with an offset are moments) or "wall" (the wall clock as
    written counts and offsets are dropped: for shifted, de-identified dates).  ``by``: "patient", or "stay" for one record of each
    stay of the anchor's kind.  ``complete``: domains or concepts in which no row means absent, besides what the export carries.
    ``units``: unit of a concept where the export is silent or wrong.  ``weight_kg``: of those whose weight is not told.
    """

    anchor: str = "car_t_infusion"
    index: str | int = "first"
    infusion_time: str | Mapping[str, str] | None = None
    timezone: str | None = None
    clock: str = "offsets"
    by: str = "patient"
    complete: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    weight_kg: float | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (("anchor", self.anchor, tuple(ANCHORS)), ("clock", self.clock, ("offsets", "wall")),
                                     ("by", self.by, ("patient", "stay"))):
            if value not in allowed:
                raise SettingError(f"{name} is one of {', '.join(allowed)}, not {value!r}")
        if not (self.index in ("first", "last") or (str(self.index).isdecimal() and int(self.index) > 0)):
            raise SettingError(f"index is first, last or a number from 1, not {self.index!r}")
        if self.by == "stay" and self.anchor not in STAY_KINDS:
            raise SettingError(f"by stay needs an anchor that is the beginning of one: {', '.join(STAY_KINDS)}")

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times without one."""
        return clock.zone_named(self.timezone)

    def of(self, patients: Iterable[str]) -> Settings:
        """The same for these patients, who are part of a record: one infusion time for everybody is the time of each, and those of others are left out."""
        told = self.infusion_time
        if not told:
            return self
        mine = dict.fromkeys(patients, told) if isinstance(told, str) else {who: told[who] for who in patients if who in told}
        return replace(self, infusion_time=mine)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Hour 0 of each record: ``table`` has the columns record, patient, stay (null by patient), zero, end (of the stay, or null)."""

    table: pl.DataFrame
    aware: bool
    told: tuple[str, ...] = ()


SCHEMA = {"record": pl.String, "patient": pl.String, "stay": pl.String, "zero": pl.Datetime("us"), "end": pl.Datetime("us")}


def find(entries: pl.DataFrame, stays: pl.DataFrame, aware: bool, settings: Settings, partly: bool = False) -> Anchors:
    """Hour 0 of everybody in these entries (columns patient, start, concept, code, action, value) who has one.

    Raises SourceError when nobody has (unless this is only part of a record), or when some times have a zone and others none.
    """
    given, given_aware = _given(entries, settings, aware)
    if settings.by == "stay" and given is None:
        mine = _of_kind(stays, settings).drop_nulls("start").unique(["patient", "stay"], keep="first", maintain_order=True)
        table = mine.select(pl.concat_str("patient", "stay", separator="/").alias("record"), "patient", "stay", pl.col("start").alias("zero"), "end")
        said = f"each {settings.anchor.removesuffix('_admission')} stay is one record, and hour 0 its beginning"
        return _some(Anchors(table.cast(SCHEMA), aware, (said,)), settings, partly)  # type: ignore[arg-type]
    found = given if given is not None else pl.DataFrame(schema={"patient": pl.String, "zero": pl.Datetime("us")})
    own = entries.filter((pl.col("code") == HOUR_0) & pl.col("start").is_not_null()).group_by("patient").agg(pl.col("start").min().alias("zero"))
    found = pl.concat([found, own.join(found, on="patient", how="anti")])
    rest = _candidates(entries, stays, settings).drop_nulls("zero").join(found, on="patient", how="anti").sort("patient", "zero")
    counted = rest.group_by("patient", maintain_order=True).agg(pl.col("zero").unique(maintain_order=True))
    if settings.index in ("first", "last"):
        chosen = counted.select("patient", pl.col("zero").list.first() if settings.index == "first" else pl.col("zero").list.last())
    else:
        chosen = counted.select("patient", pl.col("zero").list.get(int(settings.index) - 1, null_on_oob=True)).drop_nulls()
    several = int((counted["zero"].list.len() > 1).sum())
    told: list[str] = []
    if several and settings.anchor != "first_entry":
        which = settings.index if isinstance(settings.index, str) and not settings.index.isdecimal() else f"number {settings.index}"
        told.append(f"{several} {'patient has' if several == 1 else 'patients have'} more than one {ANCHORS[settings.anchor]}: hour 0 is the {which}")
    if given_aware is not None and given_aware != aware and len(entries):
        with_zone, without = ("infusion", "rows") if given_aware else ("rows", "infusion")
        raise SourceError(f"the time of the {with_zone} has a time zone and that of the {without} has none.\n"
                          "  Say which zone times without one are in: --timezone Europe/Paris.")
    both = pl.concat([found, chosen])
    table = both.select(pl.col("patient").alias("record"), "patient", pl.lit(None, pl.String).alias("stay"), "zero",
                        pl.lit(None, pl.Datetime("us")).alias("end"))
    return _some(Anchors(table, aware, tuple(told)), settings, partly)


def _some(anchors: Anchors, settings: Settings, partly: bool) -> Anchors:
    anchors = replace(anchors, table=anchors.table.drop_nulls(["patient", "record"]))
    if not len(anchors.table) and not partly:
        raise SourceError(f"nobody in these files has any {ANCHORS[settings.anchor]}, so no row can be placed on the timeline.\n  {HOW}")
    return anchors


def _given(entries: pl.DataFrame, settings: Settings, aware: bool) -> tuple[pl.DataFrame | None, bool | None]:
    """Hour 0 as the user says, and whether it is in UTC."""
    told = settings.infusion_time
    if not told:
        return None, None
    zone = settings.zone if settings.clock == "offsets" else None
    texts = dict.fromkeys(entries["patient"].unique().drop_nulls().to_list(), told) if isinstance(told, str) else dict(told)
    rows: list[tuple[str, datetime]] = []
    zoned: bool | None = None
    for who, text in texts.items():
        when = clock.moment(text, "dmy", zone)
        if when is None:
            raise SettingError(f"the time of infusion {text!r} cannot be read.\n  Write it as 2019-09-25 10:00.")
        rows.append((who, when.when))
        zoned = when.aware if zoned is None else zoned or when.aware
    return pl.DataFrame(rows, orient="row", schema={"patient": pl.String, "zero": pl.Datetime("us")}), zoned


def _of_kind(stays: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    if not len(stays):
        return pl.DataFrame(schema=dict(STAYS))
    return stays.filter(pl.col("kind") == STAY_KINDS[settings.anchor]).sort("patient", "start", maintain_order=True)


def _candidates(entries: pl.DataFrame, stays: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Every moment that may be hour 0 (columns patient, zero)."""
    if settings.anchor in STAY_KINDS:
        return _of_kind(stays, settings).select("patient", pl.col("start").alias("zero"))
    if settings.anchor == "first_entry":
        return entries.group_by("patient").agg(pl.col("start").min().alias("zero"))
    given = (pl.col("concept") == "car_t_infusion") & (pl.col("action").is_null() | (pl.col("action") != "not_given"))
    return entries.filter(given).select("patient", pl.col("start").alias("zero"))


def in_records(entries: pl.DataFrame, anchors: Anchors, stays: pl.DataFrame) -> pl.DataFrame:
    """The entries with ``record`` and ``zero``; both are null where an entry belongs to no record.

    By stay, an entry belongs to the stay that it names, or else to the one that its time lies in.  A drug or a device that is
    charted shortly before a stay, or that runs into it, belongs to it too: where no row means absent, the patient who arrives
    with norepinephrine would otherwise be one without.  So does the stop, after a stay, of a drug that was left running in it.
    """
    table = anchors.table
    if table["stay"].is_null().all():
        return entries.join(table.select("patient", "record", "zero"), on="patient", how="left", maintain_order="left")
    named = entries.join(table.select("patient", "stay", "record", "zero"), on=["patient", "stay"], how="left", maintain_order="left")
    lost = named["record"].is_null()
    if not lost.any():
        return named
    spans = table.select("patient", "zero", "end", "record").sort("zero").with_columns(pl.col("zero").alias("_zero"))
    loose = named.filter(lost).drop("record", "zero").with_row_index("_at").sort("start")
    before = spans.select("patient", "_zero", pl.col("zero").alias("zero_next"), pl.col("record").alias("record_next"))
    loose = loose.join_asof(spans, left_on="start", right_on="_zero", by="patient", strategy="backward", check_sortedness=False).join_asof(
        before, left_on="start", right_on="_zero", by="patient", strategy="forward", check_sortedness=False)
    inside = pl.col("record").is_not_null() & (pl.col("end_right").is_null() | (pl.col("start") <= pl.col("end_right")))
    arrives = pl.col("concept").is_in(_ABSENT_UNLESS_CHARTED) & (
        (pl.col("zero_next") - pl.col("start") <= pl.duration(hours=ARRIVES_WITH)) | (pl.col("end") > pl.col("zero_next")))
    arrives |= pl.col("latest") > pl.col("zero_next")  # known only by its day, it may lie in the stay
    loose = loose.with_columns(pl.when(inside).then(name).when(arrives).then(f"{name}_next").alias(name) for name in ("record", "zero"))
    return _stopped(pl.concat([named.filter(~lost), loose.sort("_at").select(named.columns)]), table)


def _stopped(entries: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """The entries, each stop of a drug in the record in which the drug was left running."""
    steps = entries["action"].is_in(["start", "change", "stop"]).fill_null(False)
    key = ["patient", "concept", "course"]
    some = entries.filter(steps).sort(*key, "start", nulls_last=True, maintain_order=True)
    left = (pl.col("action") == "stop") & (pl.col("action").shift(1).over(key) != "stop")
    before, within = pl.col("record").shift(1).over(key), (pl.col("start") - pl.col("start").shift(1).over(key)) <= pl.duration(hours=ARRIVES_WITH)
    moved = (left & within & before.is_not_null() & before.ne_missing(pl.col("record"))).fill_null(False)
    some = some.with_columns(pl.when(moved).then(before).otherwise("record").alias("record")).drop("zero")
    some = some.join(table.select("record", "zero"), on="record", how="left", maintain_order="left").select(entries.columns)
    return pl.concat([entries.filter(~steps), some])


def records_present(present: pl.DataFrame, anchors: Anchors, stays: pl.DataFrame) -> set[str]:
    """The records of those who have a row in a table: ``present`` has the columns patient and, where rows name it, stay."""
    table = anchors.table
    if table["stay"].is_null().all():
        return set(table.join(present.select("patient").unique(), on="patient", how="semi")["record"])
    here = set(present.select("patient", "stay").unique().iter_rows()) if "stay" in present.columns else set()
    everybody = {who for who, stay in here if stay is None} if here else set(present["patient"])
    around = _hospital_stays(table, stays)
    return {record for record, patient, stay in table.select("record", "patient", "stay").iter_rows()
            if patient in everybody or (patient, stay) in here or (patient, around.get(record)) in here}


def _hospital_stays(table: pl.DataFrame, stays: pl.DataFrame) -> dict[str, str]:
    """The hospital stay that each record's beginning lies in."""
    hospital = stays.filter(pl.col("kind") == "hospital") if len(stays) else stays
    if not len(hospital):
        return {}
    joined = table.select("record", "patient", "zero").join(hospital.select("patient", pl.col("stay").alias("around"), "start", "end"), on="patient")
    inside = joined.filter((pl.col("start") <= pl.col("zero")) & (pl.col("end").is_null() | (pl.col("zero") <= pl.col("end"))))
    return dict(inside.select("record", "around").iter_rows())
