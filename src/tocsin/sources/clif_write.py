"""A timeline as a folder of CLIF 3.0 tables in Parquet, with three tables of our own for what CLIF has no place for.

An event stands in the CLIF table of its concept where a row there says all of it: an exact time, a known value, no attribution, no
site, and no note but one of a vital sign (meas_site_name) or a score (text_value).  Every other event, the facts about patients and
hour 0 stand in clif_tocsin_events (the columns of OWN; ``code`` is "concept:NAME", "fact:NAME" or "tocsin:hour_0"), and what is
declared complete in clif_tocsin_complete (patient_id, name).  Grades stand in the tables that CLIF 3.0 has for scores (ddl/3.0,
model_registry and scores: two models a scale, its lower and its upper bound, a row where the bound changes), and with their reasons
in clif_tocsin_grades.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from tocsin.errors import SourceError
from tocsin.grading import Grades
from tocsin.sources import clif_files
from tocsin.sources.anchor import HOUR_0
from tocsin.sources.wall import Wall, wall_clock
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS, Kind

OWN: Mapping[str, pl.DataType] = {
    "patient_id": pl.String(), "recorded_dttm": pl.Datetime("us"), "latest_dttm": pl.Datetime("us"), "end_dttm": pl.Datetime("us"),
    "code": pl.String(), "value": pl.Float64(), "unit": pl.String(), "text": pl.String(), "censored": pl.Int8(), "attribution": pl.String(),
    "site": pl.String(), "note": pl.String(),
}
"""The columns of clif_tocsin_events: the true time lies between recorded and latest when there is a latest."""

VITALS = ("temp_c", "heart_rate", "respiratory_rate", "sbp", "dbp", "map", "spo2", "weight_kg", "height_cm")
ASSESSMENTS = ("gcs_eye", "gcs_verbal", "gcs_motor", "gcs_total", "RASS", "AVPU")
# Reference units of the lab categories (mCIDE/labs/clif_lab_categories.csv, spelled as in 2.1 and before).
LAB_UNITS: Mapping[str, str] = {category: unit for unit, categories in {
    "%": "so2_arterial", "mmHg": "po2_arterial pco2_arterial", "(no units)": "inr ph_arterial", "sec": "pt ptt", "g/dL": "hemoglobin albumin",
    "10^3/µL": "wbc neutrophils_absolute lymphocytes_absolute monocytes_absolute eosinophils_absolute basophils_absolute platelet_count",
    "mg/dL": "fibrinogen bilirubin_total bilirubin_conjugated creatinine bun triglycerides calcium_total calcium_ionized magnesium phosphate glucose_serum",
    "U/L": "ldh alt ast alkaline_phosphatase", "mg/L": "crp", "ng/mL": "ferritin procalcitonin ckmb", "ng/L": "troponin_i troponin_t",
    "pg/mL": "bnp nt_pro_bnp interleukin_06", "mmol/L": "lactate sodium potassium", "µg/mL": "d_dimer",
}.items() for category in categories.split()}
# device_category of 3.0 for each of our devices; device_name tells which.
DEVICES: Mapping[str, str] = {
    "room_air": "room_air", "nasal_cannula": "nasal_cannula", "low_flow_nasal_cannula": "nasal_cannula", "high_flow_nasal_cannula": "hfnc",
    "blow_by": "face_mask", "simple_mask": "face_mask", "venturi_mask": "face_mask", "partial_rebreather": "face_mask",
    "non_rebreather": "face_mask", "face_tent": "face_mask", "cpap": "cpap", "bipap": "nippv", "noninvasive_ventilation": "nippv",
    "invasive_ventilation": "imv", "oxygen_unspecified": "other",
}
# mode_category of 3.0 for each of our modes.
MODES: Mapping[str, str] = {
    "assist_control_volume": "acvc", "pressure_control": "pressure_control", "pressure_regulated_volume_control": "prvc", "simv": "simv",
    "pressure_support_cpap": "ps_or_cpap", "volume_support": "volume_support", "other": "other",
}
_SETTINGS: Mapping[str, str] = {"oxygen_flow": "lpm_set", "fio2": "fio2_set", "peep": "peep_set"}
_BLOOD_PRODUCTS = ("plasma", "cryoprecipitate", "platelets", "prbc")
_AMOUNT = r"^(\d+(?:\.\d+)?) (\S.*)$"
_GROUPS = ("cms_sepsis_qualifying_antibiotics",)  # a group of drugs, not one


def write(timeline: Timeline, path: str | Path, grades: Iterable[Grades] = ()) -> None:
    """Write the record, and grades of it, as a folder of tables that reads back to the same record.

    Each patient is one hospitalization, from the first to the last moment told.  Times are in UTC where the record's are; a record
    without a calendar begins its hour 0 on 2000-01-01.
    Raises SourceError when the folder holds tables of CLIF already, TimelineError when the patients' times cannot stand together.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    before = sorted(p.name for p in folder.iterdir() if p.name.lower().removeprefix("clif_").split(".")[0] in clif_files.TABLES)
    if before:
        raise SourceError(f"{folder} holds tables of CLIF already: {', '.join(before[:5])}.\n  Write into an empty folder, so that two records are not mixed.")
    clock = wall_clock(timeline)
    events = clock.events.with_row_index("_n")
    tables = _tables(events)
    died = _deaths(events)
    told = pl.concat([died.select("_n"), *(held.select("_n") for _, held in tables.values())]).unique()
    rest = events.join(told, on="_n", how="anti", maintain_order="left")
    out = {name: frame for name, (frame, _) in tables.items()}
    out["patient"], out["hospitalization"] = _people(timeline, clock, died)
    out["tocsin_events"] = pl.concat([_hour_0(clock), _facts(timeline), _events(rest)])
    out["tocsin_complete"] = _complete(timeline)
    out |= _grades(list(grades), clock)
    for name, frame in out.items():
        times = [c for c, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and c != "birth_date"]
        zoned = frame.with_columns(pl.col(c).dt.replace_time_zone("UTC") for c in times) if clock.aware else frame
        zoned.write_parquet(folder / f"clif_{name}.parquet")


# ---------------------------------------------------------------- the tables of CLIF

_ID, _WHEN = pl.col("patient").alias("hospitalization_id"), pl.col("start").alias("recorded_dttm")


def _tables(events: pl.DataFrame) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """The events that a row of CLIF says completely: table -> (the table, the events that it holds)."""
    plain = events.filter(_plain())
    moments = plain.filter(pl.col("end_hour").is_null())
    exact = pl.col("value").is_not_null() & pl.col("text").is_null()
    coded = pl.col("value").is_null() & (pl.col("text") != "unknown")
    out: dict[str, tuple[pl.DataFrame, pl.DataFrame]] = {}

    def put(name: str, frame: pl.DataFrame, held: pl.DataFrame) -> None:
        if len(held):
            out[name] = (frame, held)

    noted = events.filter(_plain(note=True) & pl.col("end_hour").is_null())
    held = _category(noted.filter(exact), VITALS)
    put("vitals", held.select(_ID, _WHEN, pl.col("concept").alias("vital_name"), pl.col("category").alias("vital_category"),
                              pl.col("value").alias("vital_value"), pl.col("note").alias("meas_site_name")), held)
    put("labs", *_labs(_category(events.filter(_plain(censored=True) & exact & pl.col("end_hour").is_null()), tuple(LAB_UNITS))))
    put("respiratory_support", *_respiratory(moments, exact, coded))
    held = _category(noted.filter(exact | coded & (pl.col("concept") == "consciousness") & pl.col("note").is_null()), ASSESSMENTS)
    put("patient_assessments", held.select(
        _ID, _WHEN, pl.col("concept").alias("assessment_name"), pl.col("category").str.to_lowercase().alias("assessment_category"),
        pl.lit("neurological").alias("assessment_group"), pl.col("value").alias("numerical_value"), pl.col("text").alias("categorical_value"),
        pl.col("note").alias("text_value")), held)
    runs = plain.filter(exact & (pl.col("value") > 0) & (pl.col("end").is_null() | (pl.col("end") > pl.col("start"))))
    put("medication_admin_continuous", *_infusions(_category(runs, _drugs(Kind.INFUSION))))
    held = _category(moments.filter(exact), _drugs(Kind.DOSE))
    put("medication_admin_intermittent", held.select(*_medication(held), pl.col("start").alias("admin_dttm"), pl.lit("given").alias("mar_action_name"),
                                                     pl.lit("given").alias("mar_action_category"), pl.col("value").alias("med_dose")), held)
    return out


def _deaths(events: pl.DataFrame) -> pl.DataFrame:
    """The deaths that patient.death_dttm says completely: stated once, at an exact time."""
    died = events.filter((pl.col("concept") == "death") & (pl.col("text") == "present") & pl.col("value").is_null() & _plain() & pl.col("end_hour").is_null())
    return died.filter(pl.len().over("patient") == 1)


def _plain(censored: bool = False, note: bool = False) -> pl.Expr:
    """Whether an event has an exact time and nothing beside its value; ``censored``, ``note``: a sign or a note is no obstacle."""
    bare = pl.col("site").is_null() & pl.col("hour_latest").is_null() & (pl.col("attribution") == "unknown")
    return bare & (pl.lit(censored) | (pl.col("censored") == 0)) & (pl.lit(note) | pl.col("note").is_null())


def _category(events: pl.DataFrame, categories: tuple[str, ...]) -> pl.DataFrame:
    """The events whose concept is one of these categories, with ``category`` and the canonical ``unit``."""
    table: dict[str, str] = {}
    for category in categories:
        for one in CONCEPTS.values():
            if category in one.clif:
                table.setdefault(one.name, category)
    known = events.filter(pl.col("concept").is_in(list(table)))
    return known.with_columns(pl.col("concept").replace_strict(table, return_dtype=pl.String).alias("category"),
                              pl.col("concept").replace_strict({c.name: c.unit for c in CONCEPTS.values()}, return_dtype=pl.String).alias("unit"))


def _drugs(kind: Kind) -> tuple[str, ...]:
    """The categories that are one drug of this kind."""
    return tuple(c.clif[0] for c in CONCEPTS.values() if c.kind is kind and len(c.clif) == 1 and c.clif[0] not in (*_BLOOD_PRODUCTS, *_GROUPS))


def _labs(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Results in CLIF's reference unit; only those that come back exactly the same."""
    kept = []
    for (concept, category), rows in events.group_by(["concept", "category"], maintain_order=True):
        step = CONCEPTS[str(concept)].conversion(LAB_UNITS[str(category)])
        written = rows["value"].map_elements(step.from_canonical, return_dtype=pl.Float64) if step.factor != 1 else rows["value"]
        back = written.map_elements(step.to_canonical, return_dtype=pl.Float64) if step.factor != 1 else written
        kept.append(rows.with_columns(written.alias("written"), pl.lit(LAB_UNITS[str(category)]).alias("unit")).filter(back == rows["value"]))
    held = pl.concat(kept) if kept else events.with_columns(pl.col("value").alias("written"))
    sign = pl.when(pl.col("censored") < 0).then(pl.lit("<")).when(pl.col("censored") > 0).then(pl.lit(">")).otherwise(pl.lit(""))
    moment = [pl.col("start").alias(f"lab_{name}_dttm") for name in ("order", "collect", "result")]
    return held.select(
        _ID, *moment, pl.col("concept").alias("lab_name"), pl.col("category").alias("lab_category"),
        pl.concat_str(sign, pl.col("written").cast(pl.String).str.strip_suffix(".0")).alias("lab_value"), pl.col("written").alias("lab_value_numeric"),
        pl.col("unit").alias("reference_unit"), pl.lit("plasma_blood").alias("lab_specimen_category")), held


def _respiratory(moments: pl.DataFrame, exact: pl.Expr, coded: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row for what was charted at one time; what was charted twice at it has a second row."""
    concept = pl.col("concept")
    held = moments.filter(exact & concept.is_in(list(_SETTINGS)) | coded & concept.is_in(["oxygen_device", "ventilator_mode"]))
    key = ["patient", "start", "_again"]
    rows = held.with_columns(pl.int_range(pl.len()).over("patient", "start", "concept").alias("_again"))

    def of(name: str, column: str) -> pl.Expr:
        return pl.col(column).filter(concept == name).first()

    table = rows.group_by(key, maintain_order=True).agg(
        of("oxygen_device", "text").alias("device_name"), of("ventilator_mode", "text").alias("mode_name"),
        *(of(name, "value").alias(column) for name, column in _SETTINGS.items()))
    return table.select(
        _ID, _WHEN, "device_name", pl.col("device_name").replace_strict(DEVICES, default=None, return_dtype=pl.String).alias("device_category"), "mode_name",
        pl.col("mode_name").replace_strict(MODES, default=None, return_dtype=pl.String).alias("mode_category"), *_SETTINGS.values()), held


def _medication(held: pl.DataFrame) -> list[pl.Expr]:
    return [_ID, pl.format("tocsin-{}", "_n").alias("med_order_id"), pl.col("concept").alias("med_name"), pl.col("category").alias("med_category"),
            pl.col("unit").alias("med_dose_unit")]


def _infusions(held: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """An order for each interval: a row that starts it and, where its end is known, one that stops it."""
    start = held.select(*_medication(held), pl.col("start").alias("admin_dttm"), pl.lit("start").alias("mar_action_name"),
                        pl.lit("start").alias("mar_action_category"), pl.col("value").alias("med_dose"))
    ended = held.filter(pl.col("end").is_not_null())
    stop = ended.select(*_medication(held), pl.col("end").alias("admin_dttm"), pl.lit("stop").alias("mar_action_name"),
                        pl.lit("stop").alias("mar_action_category"), pl.lit(0.0).alias("med_dose"))
    return pl.concat([start, stop]), held


def _people(timeline: Timeline, clock: Wall, died: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables patient and hospitalization."""
    zero = _zero(clock)
    who = timeline.patients.with_columns(pl.col("patient", "sex").cast(pl.String)).join(zero, on="patient", how="left", maintain_order="left")
    who = who.join(died.select("patient", pl.col("start").alias("death_dttm")), on="patient", how="left", maintain_order="left")
    sex = pl.when(pl.col("sex").is_in(["male", "female"])).then("sex").otherwise(pl.lit("unknown")).alias("sex_category")
    patients = who.select(pl.col("patient").alias("patient_id"), pl.col("sex").alias("sex_name"), sex, pl.lit(None, pl.Date).alias("birth_date"), "death_dttm")
    spans = clock.events.group_by("patient").agg(pl.col("start").min().alias("first"), pl.max_horizontal("start", "latest", "end").max().alias("last"))
    who = who.join(spans, on="patient", how="left", maintain_order="left")
    stays = who.select(
        pl.col("patient").alias("patient_id"), pl.col("patient").alias("hospitalization_id"),
        pl.min_horizontal("first", "hour_0").alias("admission_dttm"), pl.max_horizontal("last", "hour_0").alias("discharge_dttm"),
        pl.col("age_years").floor().cast(pl.Int32).alias("age_at_admission"))
    return patients, stays


# ---------------------------------------------------------------- our own tables

def _own(frame: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, kind).alias(name) for name, kind in OWN.items() if name not in frame.columns]
    return frame.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in OWN.items())


def _zero(clock: Wall) -> pl.DataFrame:
    return pl.DataFrame({"patient": list(clock.hour_0), "hour_0": list(clock.hour_0.values())}, schema={"patient": pl.String, "hour_0": pl.Datetime("us")})


def _hour_0(clock: Wall) -> pl.DataFrame:
    return _own(_zero(clock).select(pl.col("patient").alias("patient_id"), pl.col("hour_0").alias("recorded_dttm"), pl.lit(HOUR_0).alias("code")))


def _facts(timeline: Timeline) -> pl.DataFrame:
    """The facts about patients but for hour 0: numbers as values, words as text."""
    people = timeline.patients.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    names = [name for name in people.columns if name not in ("patient", "infusion_time")]
    out = []
    for name in names:
        told = people.filter(pl.col(name).is_not_null())
        value = pl.col(name).alias("value" if people.schema[name] == pl.Float64 else "text")
        out.append(_own(told.select(pl.col("patient").alias("patient_id"), pl.lit(f"fact:{name}").alias("code"), value)))
    return pl.concat(out)


def _events(rest: pl.DataFrame) -> pl.DataFrame:
    """The events that CLIF has no row for, in canonical units.

    An amount that was kept as text ("50 mcg" of a drug known by its rate) is written as amount and unit: so it is kept as text again.
    """
    units = {c.name: c.unit for c in CONCEPTS.values()}
    drugs = [c.name for c in CONCEPTS.values() if c.kind in (Kind.DOSE, Kind.INFUSION) and c.unit is not None]
    words = pl.when(pl.col("value").is_null() & pl.col("concept").is_in(drugs)).then(pl.col("text").cast(pl.String))
    amount, unit = words.str.extract(_AMOUNT, 1), words.str.extract(_AMOUNT, 2)
    split = (pl.concat_str(amount.cast(pl.Float64, strict=False).cast(pl.String).str.strip_suffix(".0"), unit, separator=" ") == words).fill_null(False)
    empty = pl.col("value").is_null() & pl.col("text").is_null()
    return _own(rest.select(
        pl.col("patient").alias("patient_id"), pl.col("start").alias("recorded_dttm"), pl.col("latest").alias("latest_dttm"),
        pl.col("end").alias("end_dttm"), pl.format("concept:{}", "concept").alias("code"),
        pl.when(split).then(amount.cast(pl.Float64, strict=False)).otherwise("value").alias("value"),
        pl.when(split).then(unit).when(pl.col("value").is_not_null()).then(pl.col("concept").replace_strict(units, return_dtype=pl.String)).alias("unit"),
        pl.when(split).then(None).when(empty).then(pl.lit("unknown")).otherwise(pl.col("text").cast(pl.String)).alias("text"), "censored",
        pl.col("attribution").cast(pl.String), pl.col("site").cast(pl.String), pl.col("note").cast(pl.String)))


def _complete(timeline: Timeline) -> pl.DataFrame:
    """Who has which domain or concept completely."""
    everybody = timeline.patient_ids
    rows = [(who, name) for name in sorted(timeline.complete.everywhere) for who in everybody]
    rows += [(who, name) for name, some in sorted(timeline.complete.by_patient.items()) for who in sorted(some)]
    return pl.DataFrame(rows, orient="row", schema={"patient_id": pl.String, "name": pl.String})


# ---------------------------------------------------------------- grades

def _grades(grades: list[Grades], clock: Wall) -> dict[str, pl.DataFrame]:
    """The tables model_registry, scores and tocsin_grades; nothing where there are no grades."""
    if not grades:
        return {}
    models, scores, steps = [], [], []
    for one in grades:
        frame = one.frame.with_columns(pl.col("patient").cast(pl.String)).join(_zero(clock), on="patient", how="left", maintain_order="left")
        frame = frame.with_columns(_at("start_hour").alias("start_dttm"), _at("end_hour").alias("end_dttm"), pl.col("patient").alias("hospitalization_id"))
        for bound in ("at_least", "at_most"):
            model = f"tocsin:{one.scale.id}:{bound}"
            category = f"tocsin_{one.scale.id}_{bound}".replace("-", "_")
            models.append((model, f"{one.scale.title}, {bound.replace('_', ' ')}", category, one.scale.version, None, False))
            changed = pl.col(bound).ne_missing(pl.col(bound).shift(1).over("patient")) | (pl.col("patient") != pl.col("patient").shift(1)).fill_null(True)
            scores.append(frame.filter(changed).select(pl.lit(model).alias("model_id"), "hospitalization_id", pl.col("start_dttm").alias("recorded_dttm"),
                                                       pl.col(bound).cast(pl.Float64).alias("score_value")))
        steps.append(frame.select(
            "hospitalization_id", "start_dttm", "end_dttm", pl.lit(one.scale.id).alias("scale"), pl.lit(one.scale.version).alias("version"),
            pl.col("at_least", "at_most").cast(pl.Float64), "because", "undecided", "flags"))
    registry = {"model_id": pl.String, "model_name": pl.String, "model_category": pl.String, "model_version": pl.String, "release_date": pl.Date,
                "is_live": pl.Boolean}
    return {"model_registry": pl.DataFrame(models, orient="row", schema=registry), "scores": pl.concat(scores), "tocsin_grades": pl.concat(steps)}


def _at(column: str) -> pl.Expr:
    return pl.col("hour_0") + pl.duration(microseconds=(pl.col(column) * 3.6e9).round(0).cast(pl.Int64))
