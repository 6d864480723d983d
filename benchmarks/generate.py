"""Generated hospital streams for the benchmarks: hourly vitals for 30 days, labs, drugs and devices; seeded, no real patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tocsin.timeline import EVENTS
from tocsin.vocabulary import CONCEPTS

HOURS = 720
VERSION = 3
"""Raised when the stream changes, so that an older file is not taken for it."""
LABS = {
    "ast": (26.0, 0.3, 0.9), "alt": (24.0, 0.3, 0.8), "bilirubin_total": (0.6, 0.3, 0.5), "creatinine": (0.75, 0.2, 0.25),
    "platelets": (80.0, 0.6, -0.5), "neutrophils": (1.1, 0.6, -0.8), "leukocytes": (2.2, 0.5, -0.6), "haemoglobin": (9.2, 0.12, -0.05),
    "ferritin": (900.0, 0.8, 1.3), "ldh": (230.0, 0.3, 0.5), "crp": (15.0, 0.7, 1.2), "fibrinogen": (290.0, 0.2, -0.4), "inr": (1.05, 0.06, 0.1),
    "pt": (12.5, 0.06, 0.1), "aptt": (30.0, 0.1, 0.15), "d_dimer": (600.0, 0.6, 0.9), "fdp": (4.0, 0.5, 0.8), "triglycerides": (140.0, 0.3, 0.3),
    "albumin": (3.6, 0.1, -0.15), "sodium": (138.5, 0.015, -0.01), "potassium": (4.0, 0.08, -0.03),
}
"""Daily laboratory values: median, spread between patients and response to the illness, both on the logarithmic scale."""


def stream(patients: int, seed: int = 20260101) -> pl.DataFrame:
    """About 2,000 events a patient: temperature, systolic pressure and SpO2 hourly in part, oxygen, pressors, drugs, labs."""
    rng = np.random.default_rng(seed)
    blocks = []
    onset = rng.uniform(12, 150, patients)
    severity = rng.choice([0, 1, 2, 3, 4], patients, p=[0.15, 0.35, 0.28, 0.14, 0.08])
    length = rng.uniform(36, 160, patients)
    who = np.arange(patients)

    def add(concept: str, patient: np.ndarray, hour: np.ndarray, value: np.ndarray | None = None, text: np.ndarray | None = None,
            end: np.ndarray | None = None) -> None:
        blocks.append(pl.DataFrame({
            "p": patient.astype(np.int32), "hour": np.round(hour, 3), "concept": pl.Series(np.full(len(hour), concept)),
            "value": value if value is not None else np.full(len(hour), np.nan),
            "text": pl.Series(text, dtype=pl.String) if text is not None else pl.Series([None] * len(hour), dtype=pl.String),
            "end_hour": end if end is not None else np.full(len(hour), np.nan),
        }).with_columns(pl.col("value", "end_hour").fill_nan(None)))

    grid = np.arange(HOURS)
    patient = np.repeat(who, HOURS)
    hour = np.tile(grid, patients) + rng.uniform(0, 0.9, patients * HOURS)
    ill = (hour >= onset[patient]) & (hour < (onset + length)[patient]) & (severity[patient] > 0)
    n = len(hour)
    keep = rng.random(n) < 0.9
    add("temperature", patient[keep], hour[keep], np.round(36.7 + ill[keep] * rng.normal(1.9, 0.7, n)[keep] + rng.normal(0, 0.25, n)[keep], 1))
    keep = rng.random(n) < 0.9
    add("systolic_bp", patient[keep], hour[keep],
        np.round(np.clip(122 - ill[keep] * severity[patient][keep] * 10 + rng.normal(0, 9, n)[keep], 45, 210)))
    keep = rng.random(n) < 0.85
    add("spo2", patient[keep], hour[keep],
        np.round(np.clip(97 - ill[keep] * severity[patient][keep] * 1.5 + rng.normal(0, 1.2, n)[keep], 70, 100)))
    devices = np.array(["room_air", "nasal_cannula", "nasal_cannula", "high_flow_nasal_cannula", "invasive_ventilation"])
    every = 8
    shift = np.repeat(who, HOURS // every)
    at = np.tile(np.arange(0, HOURS, every), patients) + rng.uniform(0, 1, len(shift))
    sick = (at >= onset[shift]) & (at < (onset + length)[shift])
    level = np.where(sick, severity[shift], 0)
    add("oxygen_device", shift, at, text=devices[level])
    flow = (level > 0) & (level < 4)
    add("oxygen_flow", shift[flow], at[flow], np.round(np.where(level[flow] == 3, rng.uniform(20, 50, flow.sum()), rng.uniform(1, 6, flow.sum()))))
    for concept, least, rate in (("norepinephrine", 3, (2, 30)), ("vasopressin", 4, (0.02, 0.04)), ("epinephrine", 4, (1, 12))):
        chosen = who[severity >= least]
        for part in range(4):
            begin = onset[chosen] + 12 * part + rng.uniform(0, 3, len(chosen))
            add(concept, chosen, begin, np.round(rng.uniform(*rate, len(chosen)), 2), end=begin + rng.uniform(3, 11, len(chosen)))
    chosen = who[severity >= 2]
    for part in range(2):
        add("tocilizumab", chosen, onset[chosen] + 10 + 12 * part, np.full(len(chosen), 480.0))
        add("fluid_bolus", chosen, onset[chosen] + 6 + 3 * part, np.full(len(chosen), 500.0))
    chosen = who[severity >= 3]
    for part in range(8):
        add("dexamethasone", chosen, onset[chosen] + 20 + 6 * part, np.full(len(chosen), 10.0))
    for part in range(10):
        chosen = who[severity >= 1]
        add("acetaminophen", chosen, onset[chosen] + 1 + 6 * part, np.full(len(chosen), 650.0))
    for concept, (median, spread, response) in LABS.items():
        day = np.repeat(who, 30)
        at = np.tile(np.arange(30) * 24 + 6, patients) + rng.uniform(0, 1, len(day))
        since = np.clip((at - onset[day]) / length[day], 0, None)
        course = np.where(severity[day] > 0, severity[day] * since * np.exp(1 - since * 2.5), 0)  # rises, then wanes
        usual = median * np.exp(rng.normal(0, spread, patients))[day]
        add(concept, day, at, np.round(usual * np.exp(response * course + rng.normal(0, 0.06, len(day))), 2))
    table = pl.concat(blocks).sort("p", "hour")
    return table.select(
        (pl.lit("P") + pl.col("p").cast(pl.String).str.zfill(6)).cast(pl.Categorical).alias("patient"), "hour", "end_hour",
        pl.col("concept").cast(pl.Enum(list(CONCEPTS))), "value", pl.col("text").cast(pl.Categorical),
        pl.lit(0, pl.Int8).alias("censored"), pl.lit("unknown").cast(pl.Categorical).alias("attribution"),
        *(pl.lit(None, EVENTS[c]).alias(c) for c in ("site", "hour_latest", "origin", "note")),
    )


STATE_HOUR = 150.0
TREATMENTS = ("tocilizumab", "fluid_bolus", "dexamethasone", "acetaminophen", "norepinephrine", "vasopressin", "epinephrine")
VITALS = ("temperature", "systolic_bp", "spo2", "oxygen_device", "oxygen_flow")


def states(folder: Path, patients: int) -> tuple[Path, Path]:
    """Patients as a chart at the bedside shows them at ``STATE_HOUR``: every treatment so far, vital signs every 6 h and labs of the last day.

    Returns the paths of events and patients; written once, then kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events, who = folder / f"states-{VERSION}-{patients}.parquet", folder / f"states-patients-{patients}.parquet"
    if not events.exists():
        parts = []
        for first in range(0, patients, 2000):
            told = stream(min(2000, patients - first), seed=20260101 + first).filter(pl.col("hour") <= STATE_HOUR).with_columns(
                pl.col("text", "attribution").cast(pl.String), pl.col("patient").cast(pl.String) + f"-{first:06d}",
                (pl.col("hour") // 6).alias("turn"), pl.col("concept").is_in(TREATMENTS).alias("treatment"))
            lately = told.filter(~pl.col("treatment") & (pl.col("hour") > STATE_HOUR - 24))
            vitals = lately.filter(pl.col("concept").is_in(VITALS)).group_by("patient", "concept", "turn", maintain_order=True).last().select(told.columns)
            parts.append(pl.concat([told.filter("treatment"), vitals, lately.filter(~pl.col("concept").is_in(VITALS))]).sort("patient", "hour"))
        table = pl.concat(parts).drop("turn", "treatment").with_columns(pl.col("patient", "text", "attribution").cast(pl.Categorical))
        table.write_parquet(events, row_group_size=200_000)
        _write_patients(who, table["patient"].unique(maintain_order=True).cast(pl.String))
    return events, who


def _write_patients(path: Path, ids: pl.Series) -> None:
    rng = np.random.default_rng(7)
    pl.DataFrame({"patient": ids, "age_years": np.round(rng.uniform(2, 78, len(ids))), "weight_kg": np.round(rng.uniform(12, 110, len(ids)))}
                 ).write_parquet(path)


def write(folder: Path, patients: int) -> tuple[Path, Path]:
    """Write events and patients as Parquet; returns their paths.  Written once, then kept."""
    folder.mkdir(parents=True, exist_ok=True)
    events, who = folder / f"events-{VERSION}-{patients}.parquet", folder / f"patients-{patients}.parquet"
    if not events.exists():
        parts = [stream(min(2000, patients - first), seed=20260101 + first).with_columns(
            (pl.col("patient").cast(pl.String) + f"-{first:06d}").alias("patient")) for first in range(0, patients, 2000)]
        table = pl.concat([p.with_columns(pl.col("text", "attribution").cast(pl.String)) for p in parts])
        table = table.with_columns(pl.col("patient", "text", "attribution").cast(pl.Categorical))
        table.write_parquet(events, row_group_size=200_000)
        _write_patients(who, table["patient"].unique(maintain_order=True).cast(pl.String))
    return events, who
