"""The columns of the two tables of a record, and the attributions a finding may have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl

from tocsin.vocabulary import CONCEPTS

EVENTS: Mapping[str, pl.DataType] = MappingProxyType({
    "patient": pl.String(),       # who
    "hour": pl.Float64(),         # hours since the index CAR-T infusion; the earliest when the time is not exact
    "end_hour": pl.Float64(),     # when it ended (infusions, devices, courses); null for an instant or an open end
    "concept": pl.String(),       # a name of tocsin.vocabulary.CONCEPTS
    "value": pl.Float64(),        # in the concept's canonical unit; null when coded or unknown
    "text": pl.String(),          # a coded value, or the source's own words for a dose that could not be converted
    "censored": pl.Int8(),        # -1 the true value is below ("<"), 0 exact, +1 above (">")
    "attribution": pl.String(),   # to what the finding is put down; see ATTRIBUTIONS
    "site": pl.String(),          # where, for local findings
    "hour_latest": pl.Float64(),  # null when the time is exact; else the event lies between hour and hour_latest
    "origin": pl.String(),        # file:row
    "note": pl.String(),          # the source's own words or citation; never read by a rule
})

PATIENTS: Mapping[str, pl.DataType] = MappingProxyType({
    "patient": pl.String(),
    "age_years": pl.Float64(),
    "sex": pl.String(),
    "weight_kg": pl.Float64(),
    "height_cm": pl.Float64(),
    "diagnosis": pl.String(),
    "disease_extent": pl.String(),            # systemic or compartmental
    "product": pl.String(),
    "dose": pl.String(),                      # CAR-T dose as told
    "infusion_time": pl.String(),             # wall clock of hour 0, ISO 8601, when known
    "developmental_delay": pl.Boolean(),      # CAPD instead of ICE at any age
    "baseline_systolic_bp": pl.Float64(),     # mmHg
    "baseline_creatinine": pl.Float64(),      # mg/dL
    "baseline_ice": pl.Float64(),             # ICE score before treatment
})

REFERENCE_FACTS = ("uln", "lln", "baseline")
"""Prefixes of further facts about a patient that a table may have: ``uln_ast``, ``lln_platelets``, ``baseline_ferritin``."""


def is_patient_fact(name: str) -> bool:
    """Whether a column of the table of patients means something: one of PATIENTS, or a limit or baseline of a measurement."""
    prefix, _, concept = name.partition("_")
    return name in PATIENTS or (prefix in REFERENCE_FACTS and concept in CONCEPTS and CONCEPTS[concept].unit is not None)


def patient_schema(columns: Iterable[str]) -> Mapping[str, pl.DataType]:
    """PATIENTS, and those of ``columns`` that are limits or baselines."""
    return {**PATIENTS, **{name: pl.Float64() for name in columns if name not in PATIENTS and is_patient_fact(name)}}


ATTRIBUTIONS = ("unknown", "crs", "local_crs", "icans", "hlh", "infection", "drug", "procedure", "baseline", "other")
"""To what a finding may be put down; "unknown" is what a source that does not say gets."""

DEFAULTS: Mapping[str, object] = MappingProxyType({"censored": 0, "attribution": "unknown"})

HOURS_A_DAY = 24.0


def conform(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The frame with exactly the columns of ``schema``, in its order and types; missing columns become null or their default.

    String columns may stay categorical or enum: that is what makes large files fast.
    """
    columns = []
    for name, kind in schema.items():
        if name not in frame.columns:
            columns.append(pl.lit(DEFAULTS.get(name), dtype=kind).alias(name))
        elif frame.schema[name] == kind or (kind == pl.String and isinstance(frame.schema[name], pl.Categorical | pl.Enum)):
            if name in DEFAULTS and frame[name].null_count():
                columns.append(pl.col(name).fill_null(pl.lit(DEFAULTS[name])))
            else:
                columns.append(pl.col(name))
        else:
            column = pl.col(name).cast(kind)
            columns.append(column.fill_null(pl.lit(DEFAULTS[name])) if name in DEFAULTS else column)
    return frame.select(columns)
