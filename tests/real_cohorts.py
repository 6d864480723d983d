"""The two real cohorts as folders of a study, as their data manager would write them; for tests only."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tocsin.vocabulary import CORTICOSTEROIDS

RESPONSES = {0: ("CR", "negative"), 1: ("CR", "positive"), 2: ("PR", None), 3: ("stable disease", None), 4: ("progressive disease", None)}
CYTOKINES = {"IFN-gamma": "ifn_gamma", "IL-2": "il2", "IL-6": "il6", "IL-8": "il8", "IL-10": "il10", "IL-15": "il15", "IL-1B": "il1b", "TNF-alpha": "tnf_alpha",
             "GM-CSF": "gm_csf"}
"""Those that Tocsin knows; IL-4, IL-12p70, IL-13, IL-18 and MIP-1a have no concept."""

CHARTED = (*CORTICOSTEROIDS, "tocilizumab", "siltuximab", "anakinra")
"""The drugs of which the daily table has a column; of others (G-CSF, say) it tells nothing."""


def write_ccf(data: Path, folder: Path) -> Path:
    """Cleveland Clinic: daily reported grades and drugs of days 0 to 14, no age, sex or survival."""
    folder.mkdir(parents=True, exist_ok=True)
    daily = pl.read_csv(data / "daily_grades_treatments.csv", infer_schema_length=None)
    rows = []
    for column, concept in (("crs_grade", "reported_crs_grade"), ("icans_grade", "reported_icans_grade")):
        rows.append(daily.filter(pl.col(column).is_not_null()).select(
            patient="ID", day="therapy_day", concept=pl.lit(concept), value=pl.col(column).cast(pl.Int64).cast(pl.String), text=pl.lit("")))
    for column, concept in (("toci", "tocilizumab"), ("siltux", "siltuximab"), ("steroids", "corticosteroid"), ("anakinra", "anakinra")):
        rows.append(daily.filter(pl.col(column) > 0).select(
            patient="ID", day="therapy_day", concept=pl.lit(concept), value=pl.lit(""), text=pl.lit("given")))
    pl.concat(rows).write_csv(folder / "events.csv")
    who = daily.select(patient="ID").unique(maintain_order=True)
    who.with_columns(product=pl.col("patient").str.split(" ").list.first()).write_csv(folder / "patients.csv")
    (folder / "cohort.toml").write_text('title = "Lymphoma, daily grades"\narms = "tocilizumab"\nwindow_days = 15\n'
                                       f"complete = {sorted(CHARTED)}\n".replace("'", '"'))
    return folder


def write_nih(data: Path, folder: Path) -> Path:
    """NIH CD22: highest grades by two systems, onset, response, cytokines and CAR-T kinetics; no course, no survival."""
    folder.mkdir(parents=True, exist_ok=True)
    who = pl.read_csv(data / "patients.csv", infer_schema_length=None)
    told = who.select(
        patient="patient_id", crs_max_grade="crs_max_grade_astct", lee2014_crs_max_grade="crs_max_grade_lee2014", crs_onset_day="crs_onset_day",
        tocilizumab=pl.col("tocilizumab"), corticosteroids="steroids", anakinra="anakinra", carhlh="carhlh", prior_transplant="prior_hct",
        prior_inotuzumab="prior_inotuzumab", prior_car="prior_car", marrow_blasts_at_entry="marrow_blast_pct", extramedullary="extramedullary",
        dose_level="dose_level", t_cell_selected="tcs_tcell_selected",
        response=pl.col("response_code_0MRDnegCR_1MRDposCR_2PR_3SD_4PD").replace_strict({k: v[0] for k, v in RESPONSES.items()}, default=None),
        mrd=pl.col("response_code_0MRDnegCR_1MRDposCR_2PR_3SD_4PD").replace_strict({k: v[1] for k, v in RESPONSES.items()}, default=None))
    told.write_csv(folder / "patients.csv")
    cytokines = pl.read_csv(data / "cytokines_daily_long.csv.gz", infer_schema_length=None)
    labs = pl.read_csv(data / "labs_long.csv", infer_schema_length=None)
    cells = pl.read_csv(data / "car_kinetics_blood.csv", infer_schema_length=None)
    rows = [
        cytokines.select(patient="patient_id", day="day_post_infusion", concept=pl.col("analyte").replace_strict(CYTOKINES, default=None),
                         value="value_pg_ml", unit=pl.lit("pg/mL")),
        labs.select(patient="patient_id", day="day_post_infusion", concept=pl.col("analyte").str.to_lowercase(), value="value", unit="unit"),
        cells.select(patient="patient_id", day="day_post_infusion", concept=pl.lit("car_t_percent"), value="car_pct_of_T", unit=pl.lit("%"))]
    pl.concat([r.with_columns(pl.col("day", "value").cast(pl.Float64)) for r in rows]).drop_nulls(["value", "concept"]).write_csv(
        folder / "events.csv")
    (folder / "cohort.toml").write_text('title = "CD22 CAR T cells"\narms = "carhlh"\n')
    return folder
