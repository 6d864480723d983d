"""Complications after the infusion that are not CRS: infection by site, graft-versus-host disease, and the function of liver, kidney and marrow.

An infection is on record where a row says infection or pulmonary infection, or where anything found is put down to an infection.  That a patient had none
follows only where findings are complete for that patient, or where the table of patients tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from tocsin.cohort.measured import measured
from tocsin.cohort.told import by_patient, yes_no
from tocsin.derived.baseline import baselines
from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS, Kind

SITE_NOT_TOLD = "site not told"
SITES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "lung": ("lungs", "pulmonary", "pneumonia", "respiratory", "chest", "lower respiratory tract"),
    "blood": ("bloodstream", "blood stream", "bacteraemia", "bacteremia", "sepsis", "septicaemia", "septicemia"),
    "biliary tract": ("gallbladder", "gall bladder", "cholecystitis", "biliary", "cholangitis"),
    "gut": ("intestine", "intestinal", "bowel", "gastrointestinal", "enteritis", "colitis"),
    "urinary tract": ("urinary", "bladder", "kidney", "cystitis", "pyelonephritis"),
    "skin and soft tissue": ("skin", "soft tissue", "cellulitis"),
    "upper respiratory tract": ("sinus", "sinuses", "nose", "throat"),
    "perianal": ("anus", "anal", "perianal abscess"),
    "brain": ("cns", "central nervous system", "meninges", "encephalitis", "meningitis"),
})
"""Sites with the other words for them that are understood; any other word stays as it is."""
_SAME = {word: site for site, words in SITES.items() for word in words}


def complications(timeline: Timeline, told: pl.DataFrame | None = None, until_day: float = 28.0) -> pl.DataFrame:
    """Infection and GVHD from the infusion to the end of day ``until_day``, one row a patient in the order of the record.

    Columns: patient, infection (null: not known), infection_sites (in alphabetical order; "site not told" where only that is known; empty where there was
    none or it is not known), infection_first_day, gvhd, gvhd_first_day.  ``told``: the table of patients with any of the columns infection, gvhd (yes or
    no) and infection_sites (several apart by ";").  Rows on record stand before it.  CohortError for a table that says something else.
    """
    people = timeline.patients["patient"].cast(pl.String)
    table = by_patient(told, people)
    found = _rows(timeline, until_day)
    infected = found.filter(pl.col("is_infection")).with_columns(site=_site(pl.col("site"), pl.col("concept")))
    summed = infected.group_by("patient").agg(infection_first_day=pl.col("day").min(), sites=pl.col("site").drop_nulls().unique().sort())
    gvhd = found.filter(pl.col("concept") == "gvhd").group_by("patient").agg(gvhd_first_day=pl.col("day").min())
    listed = table["infection_sites"].cast(pl.String) if "infection_sites" in table.columns else pl.Series([None] * len(people), dtype=pl.String)
    told_sites = [sorted({_SAME.get(w, w) for part in (text or "").split(";") if (w := part.strip().lower())}) for text in listed.to_list()]
    frame = pl.DataFrame({
        "patient": people, "told": yes_no(table, "infection"), "told_gvhd": yes_no(table, "gvhd"),
        "told_sites": pl.Series(told_sites, dtype=pl.List(pl.String)),
        "closed": covered(timeline, "infection", people), "closed_gvhd": covered(timeline, "gvhd", people),
    }).join(summed, on="patient", how="left", maintain_order="left").join(gvhd, on="patient", how="left", maintain_order="left")
    on_record = pl.col("infection_first_day").is_not_null()
    some = on_record | pl.col("told").fill_null(False) | (pl.col("told").is_null() & (pl.col("told_sites").list.len() > 0))
    all_sites = pl.col("sites").fill_null([]).list.concat("told_sites").list.unique().list.sort()
    return frame.with_columns(
        infection=pl.when(some).then(True).when((~pl.col("told")).fill_null(False) | pl.col("closed")).then(False),
        gvhd=pl.when(pl.col("gvhd_first_day").is_not_null()).then(True).otherwise(pl.coalesce("told_gvhd", pl.when(pl.col("closed_gvhd")).then(False))),
    ).with_columns(
        infection_sites=pl.when(~pl.col("infection").fill_null(False)).then(pl.lit([], dtype=pl.List(pl.String)))
        .when(all_sites.list.len() > 0).then(all_sites).otherwise(pl.lit([SITE_NOT_TOLD], dtype=pl.List(pl.String))),
    ).select("patient", "infection", "infection_sites", "infection_first_day", "gvhd", "gvhd_first_day")


def infections_and_gvhd(timeline: Timeline, until_day: float = 28.0) -> pl.DataFrame:
    """Each row of an infection or of GVHD from the infusion on: patient, day, what (infection or gvhd), site."""
    found = _rows(timeline, until_day)
    return found.with_columns(what=pl.when(pl.col("concept") == "gvhd").then(pl.lit("gvhd")).otherwise(pl.lit("infection")),
                              site=_site(pl.col("site"), pl.col("concept"))).select("patient", "day", "what", "site").unique(maintain_order=True)


def covered(timeline: Timeline, concept: str, patients: pl.Series) -> pl.Series:
    """Whether no row of this concept means "absent", for each of ``patients``."""
    whom = timeline.complete.whom(concept)
    return pl.Series([True] * len(patients), dtype=pl.Boolean) if whom is None else patients.is_in(list(whom))


def _rows(timeline: Timeline, until_day: float) -> pl.DataFrame:
    """What says infection or GVHD, from the infusion on."""
    drugs = [c.name for c in CONCEPTS.values() if c.kind in (Kind.DOSE, Kind.INFUSION, Kind.STATEMENT)]
    concept = pl.col("concept")
    says = concept.is_in(["infection", "pulmonary_infection"])
    # a drug given against an infection is no infection found
    put_down = (pl.col("attribution") == "infection") & ~concept.is_in(drugs)
    middle = (pl.col("hour") + pl.max_horizontal("hour", "hour_latest")) / 2 / HOURS_A_DAY
    return (
        timeline.events.lazy().select(pl.col("patient", "concept", "attribution", "text", "site").cast(pl.String), "value", day=middle)
        .with_columns(is_infection=says | put_down)
        .filter((pl.col("is_infection") | (concept == "gvhd")) & (pl.col("day") >= 0) & (pl.col("day") < until_day + 1))
        .filter(~pl.col("text").str.to_lowercase().is_in(["absent", "unknown"]).fill_null(False))
        .sort("patient", "day", maintain_order=True).collect()
    )


def _site(site: pl.Expr, concept: pl.Expr) -> pl.Expr:
    """The site in one word; the lung for a pulmonary infection of which none is told."""
    word = site.str.strip_chars().str.to_lowercase()
    word = pl.when(word == "").then(None).otherwise(word)
    same = word.replace(_SAME)
    return pl.when(same.is_null() & (concept == "pulmonary_infection")).then(pl.lit("lung")).otherwise(same)


@dataclass(frozen=True, slots=True)
class Organ:
    """A measurement of an organ's function: whether the highest or the lowest value is the worst, and its CTCAE v5.0 scale."""

    concept: str
    highest: bool
    scale: str


ORGANS = (
    Organ("alt", True, "ctcae5-alanine-aminotransferase-increased"), Organ("ast", True, "ctcae5-aspartate-aminotransferase-increased"),
    Organ("bilirubin_total", True, "ctcae5-blood-bilirubin-increased"), Organ("creatinine", True, "ctcae5-creatinine-increased"),
    Organ("neutrophils", False, "ctcae5-neutrophil-count-decreased"), Organ("platelets", False, "ctcae5-platelet-count-decreased"),
)
HAIR = 1e-6
"""Hours by which a time made of days may miss the hour of the record."""
WORST = {"patient": pl.String, "concept": pl.String, "n": pl.Int64, "baseline": pl.Float64, "worst": pl.Float64, "worst_censored": pl.Int64,
         "worst_day": pl.Float64, "grade": pl.Int64, "grade_at_least": pl.Int64, "grade_at_most": pl.Int64}


def organs(timeline: Timeline, until_day: float = 28.0, wanted: Sequence[Organ] = ORGANS, graded: bool = True) -> pl.DataFrame:
    """The worst value of each organ's measurement from the infusion on, one row for each patient measured (WORST).

    ``baseline``: the last value before lymphodepletion (null: none, or a limit).  ``worst`` with its day, and ``worst_censored`` -1 / 0 / +1 as charted.
    ``grade``: by CTCAE v5.0 at that value, by the patient's own limits of normal only; null where these or the baseline leave it open between
    ``grade_at_least`` and ``grade_at_most``.  ``graded`` False leaves the grades out.
    """
    names = [o.concept for o in wanted]
    values = measured(timeline, names, 0.0, until_day).filter(pl.col("value").is_not_null())
    parts = [_worst(timeline, values, organ, graded) for organ in wanted]
    return pl.concat(parts) if parts else pl.DataFrame(schema=WORST)


def _worst(timeline: Timeline, values: pl.DataFrame, organ: Organ, graded: bool) -> pl.DataFrame:
    mine = values.filter(pl.col("concept") == organ.concept)
    # among limits and numbers alike the most extreme, and of those charted alike the limit on the worse side
    order = [("value", organ.highest), ("censored", organ.highest)]
    ranked = mine.sort("patient", *(c for c, _ in order), "day", descending=[False, *(down for _, down in order), False])
    worst = ranked.group_by("patient", maintain_order=True).agg(
        n=pl.len().cast(pl.Int64), worst=pl.col("value").first(), worst_censored=pl.col("censored").first(), worst_day=pl.col("day").first(),
        _hour=(pl.col("first") * HOURS_A_DAY).first() + HAIR)
    base = baselines(timeline, organ.concept)
    exact = base.low == base.high
    before = pl.DataFrame({"patient": timeline.patients["patient"].cast(pl.String), "baseline": np.where(exact, base.low, np.nan)}).with_columns(
        pl.col("baseline").fill_nan(None))
    frame = worst.join(before, on="patient", how="left", maintain_order="left").with_columns(concept=pl.lit(organ.concept))
    steps = _grades(timeline, organ) if graded and len(frame) else None
    if steps is None:
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias(c) for c in ("grade_at_least", "grade_at_most"))
    else:
        frame = frame.sort("_hour").join_asof(steps, left_on="_hour", right_on="start_hour", by="patient", strategy="backward", tolerance=None,
                                              check_sortedness=False).sort("patient")
    settled = pl.when(pl.col("grade_at_least") == pl.col("grade_at_most")).then("grade_at_least")
    return frame.with_columns(grade=settled).select(list(WORST)).cast(WORST)  # type: ignore[arg-type]


def _grades(timeline: Timeline, organ: Organ) -> pl.DataFrame:
    """The grade at each time by the patient's own limits: patient, start_hour, grade_at_least, grade_at_most."""
    from tocsin.grading import grade  # compiles when first loaded, and most of this room never grades

    needed = [organ.concept, "cyclophosphamide", "fludarabine"]
    small = replace(timeline, events=timeline.events.filter(pl.col("concept").cast(pl.String).is_in(needed)))
    found = grade(small, organ.scale, settings={"assume_normal_limits": False})
    return pl.DataFrame({
        "patient": pl.Series(found.patients, dtype=pl.String).gather(found.patient_index) if len(found) else pl.Series([], dtype=pl.String),
        "start_hour": found.start, "grade_at_least": found.at_least, "grade_at_most": found.at_most,
    }).cast({"grade_at_least": pl.Int64, "grade_at_most": pl.Int64}).sort("start_hour")
