"""The four readings of the patients, in one local clock, with the hospital's own item beside each event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from tocsin.sources import clif, fhir, mapping_file, meds, omop
from tocsin.sources.codes import Codes
from tocsin.timeline import Timeline
from tocsin.vocabulary import VASOPRESSIN_LIKE, VASOPRESSORS

FROZEN = pl.duration(hours=5)  # CLIF's times are UTC by a frozen UTC-5, whatever the season
OMOP_TABLES = {"measurement": "REBUILT_measurement.csv.gz", "concept": "2b_concept.csv.gz", "concept_relationship": "2b_concept_relationship.csv.gz"}
PRESSORS = (*VASOPRESSORS, *VASOPRESSIN_LIKE)
KEY = ["patient", "concept", "t"]
RATES = (*PRESSORS, "dobutamine", "milrinone")
VITALS = ("heart_rate", "respiratory_rate", "spo2", "systolic_bp", "diastolic_bp", "mean_arterial_pressure", "temperature")
BODY = ("weight", "height")
NEURO = ("gcs_eye", "gcs_verbal", "gcs_motor", "rass")
OXYGEN = ("oxygen_device", "oxygen_flow", "fio2", "peep")
GASES = ("ph", "pao2", "paco2", "sao2")


@dataclass(frozen=True)
class Door:
    """One reading of the patients.

    ``events``: the timeline's, with the local wall clock (``t``, ``until``), the hospital's own item, and for CLIF the hospital stay.
    ``stays``: hospital and ICU stays in the same clock.
    """

    record: Timeline
    events: pl.DataFrame
    zero: pl.DataFrame
    stays: pl.DataFrame


def read(data: Path) -> dict[str, Door]:
    """The four doors, hour 0 at the admission to intensive care."""
    folders = {name: data / f"mimic4demo_{name}" for name in ("clif", "meds", "omop", "fhir")}
    folders |= {"clif": folders["clif"] / "clif30", "meds": folders["meds"] / "meds"}
    known = mapping_file.codes("mimic-iv")
    stays = {
        "clif": clif.export(folders["clif"], Codes()).stays.with_columns(pl.col("start", "end") - FROZEN),
        "meds": meds.export(folders["meds"], known).stays,
    }
    records = {
        "clif": clif.read(folders["clif"], anchor="icu_admission"),
        "meds": meds.read(folders["meds"], mapping="mimic-iv", anchor="icu_admission"),
        "omop": omop.read(folders["omop"], tables=OMOP_TABLES, patient="person_source_value", anchor="icu_admission"),
        "fhir": fhir.read(folders["fhir"], mapping="mimic-iv", identifiers=True, clock="wall", anchor="icu_admission"),
    }
    items = {"clif": _clif_items(folders["clif"]), "meds": _meds_items(folders["meds"]), "omop": _omop_items(folders["omop"])}
    return {name: _door(record, items.get(name), stays.get(name, pl.DataFrame()), name) for name, record in records.items()}


def _door(record: Timeline, items: pl.DataFrame | None, stays: pl.DataFrame, name: str) -> Door:
    zero = record.patients.select("patient", pl.col("infusion_time").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us").alias("zero"))
    if name == "clif":
        zero = zero.with_columns(pl.col("zero") - FROZEN)

    def wall(column: str) -> pl.Expr:
        return (pl.col("zero") + pl.duration(microseconds=(pl.col(column) * 3.6e9).round(0).cast(pl.Int64))).dt.round("1s")

    events = record.events.with_columns(pl.col("patient", "concept", "text", "attribution").cast(pl.String)).with_row_index("id")
    events = events.join(zero, on="patient", how="left", maintain_order="left").with_columns(wall("hour").alias("t"), wall("end_hour").alias("until"))
    if items is not None:
        events = events.join(items, on="origin", how="left", maintain_order="left")
    absent = [pl.lit(None, kind).alias(column) for column, kind in (("item", pl.String), ("written", pl.Float64)) if column not in events.columns]
    return Door(record, events.with_columns(absent), zero, stays)


def _clif_items(folder: Path) -> pl.DataFrame:
    names = {"vitals": "vital_name", "labs": "lab_name", "respiratory_support": "device_name", "patient_assessments": "assessment_name",
             "medication_admin_continuous": "med_name", "medication_admin_intermittent": "med_name", "crrt_therapy": "crrt_mode_name"}
    frames = []
    for table, column in names.items():
        frame = pl.read_parquet(folder / f"clif_{table}.parquet").with_row_index("row", offset=1)
        dose = pl.col("med_dose").cast(pl.Float64) if "med_dose" in frame.columns else pl.lit(None, pl.Float64)
        frames.append(frame.select(pl.format("clif_{}.parquet:{}", pl.lit(table), "row").alias("origin"), pl.col(column).cast(pl.String).alias("item"),
                                   pl.col("hospitalization_id").cast(pl.String).alias("stay"), dose.alias("written")))
    return pl.concat(frames)


@cache
def meds_rows(folder: Path) -> pl.DataFrame:
    """Every row of the MEDS data set: origin, patient, t, item ("LAB//220045"), the number as written, and whether it has words."""
    frames = {str(file.relative_to(folder)): pl.read_parquet(file).with_row_index("row", offset=1) for file in meds.shards(folder)}
    return pl.concat(frame.with_columns(pl.lit(name).alias("file")) for name, frame in frames.items()).select(
        pl.format("{}:{}", "file", "row").alias("origin"), pl.col("subject_id").cast(pl.String).alias("patient"),
        pl.col("time").cast(pl.Datetime("us")).dt.round("1s").alias("t"), pl.col("numeric_value").cast(pl.Float64).alias("written"),
        pl.col("code").str.split("//").list.slice(0, 2).list.join("//").alias("item"), pl.col("text_value").is_not_null().alias("worded"))


def _meds_items(folder: Path) -> pl.DataFrame:
    return meds_rows(folder).select("origin", "item", "written")


@cache
def omop_rows(folder: Path) -> pl.DataFrame:
    """Every row of OMOP's table of measurements: item, named as MEDS names it, and origin."""
    file = OMOP_TABLES["measurement"]
    frame = pl.read_csv(folder / file, infer_schema=False).with_row_index("row", offset=2)
    return frame.select(pl.format("{}:{}", pl.lit(file), "row").alias("origin"), pl.format("LAB//{}", "measurement_source_value").alias("item"))


def _omop_items(folder: Path) -> pl.DataFrame:
    return omop_rows(folder)
