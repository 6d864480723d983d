"""What was given after the infusion: every dose, and for each patient how much of it, with what is not known left unknown.

A dose stands in the record as one row.  Where it is known by its day or a window only, the middle of that time stands for it.  Not known
is: the amount of a dose told as "given", per m2 or per kg without a weight, or beyond a limit; the number and the amount of a *course* (a row with "q8h", or
that lasts longer than a day); and whether a drug was given at all where the row says "unknown".  A row of "absent" or of 0 is no dose.

That a patient without a row was not given a drug follows only where drugs are complete for that patient, or where the table of patients tells it.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tocsin.cohort.equivalents import DEXAMETHASONE_MG, equivalent
from tocsin.cohort.told import amount, by_patient, yes_no
from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import ANTICYTOKINE, CONCEPTS, CORTICOSTEROIDS, Kind

TOCILIZUMAB, OTHER_ANTICYTOKINE, CORTICOSTEROID, INTRATHECAL, G_CSF = (
    "tocilizumab", "other anticytokine", "corticosteroid", "intrathecal corticosteroid", "G-CSF")
ONE_DOSE_HOURS = 24.0
"""A row that lasts longer is a course of several doses, not one slow dose (a decision)."""
REPEATED = r"(?i)\bq\s?\d+\s?h\b|\b(?:bid|tid|qid|twice daily)\b"
NUMBERED = r"(?i)\b(?:first|second|third|fourth|\d+(?:st|nd|rd|th))\b"
"""A row that says "q12h" tells of several doses, but "q12h, second dose" of one."""
DOSES = {"patient": pl.String, "day": pl.Float64, "drug": pl.String, "group": pl.String, "amount": pl.Float64, "unit": pl.String,
         "methylprednisolone_mg": pl.Float64, "course": pl.Boolean, "window_days": pl.Float64, "told": pl.String}
NOT_A_DOSE = ("car_t_infusion", "lumbar_puncture")

_GROUP = {
    **dict.fromkeys((*ANTICYTOKINE, "anti_tnf"), OTHER_ANTICYTOKINE), "tocilizumab": TOCILIZUMAB, **dict.fromkeys(CORTICOSTEROIDS, CORTICOSTEROID),
    "intrathecal_dexamethasone": INTRATHECAL, "intrathecal_hydrocortisone": INTRATHECAL, "filgrastim": G_CSF,
}
DRUGS = tuple(c.name for c in CONCEPTS.values() if c.kind is Kind.DOSE and c.name not in NOT_A_DOSE)


def group_of(drug: str) -> str:
    """The group that a drug is counted in; one that belongs to none is its own."""
    return _GROUP.get(drug, drug)


def of_group(group: str) -> tuple[str, ...]:
    """The drugs of a group."""
    return tuple(d for d in DRUGS if group_of(d) == group)


def doses(timeline: Timeline, until_day: float = 28.0, *, dexamethasone_mg: float = DEXAMETHASONE_MG) -> pl.DataFrame:
    """Every dose from the infusion to the end of day ``until_day``, by patient and time.

    Columns: patient, day (since the infusion), drug, group (tocilizumab, other anticytokine, corticosteroid, intrathecal corticosteroid, G-CSF, else the drug),
    amount in ``unit`` (null: not known), methylprednisolone_mg (systemic corticosteroids), course (several doses in one row), window_days (how
    long the time in which it was given is; 0: the time is known), told (the words of the record, where it has some).
    """
    found = _rows(timeline, until_day).filter(~pl.col("open"))
    repeated = pl.col("text").str.contains(REPEATED).fill_null(False) & ~pl.col("text").str.contains(NUMBERED).fill_null(False)
    lasts = (pl.col("end_hour") - pl.col("hour")).fill_null(0.0) - (pl.col("hour_latest") - pl.col("hour")).fill_null(0.0)
    units = {name: CONCEPTS[name].unit or "" for name in DRUGS}
    return (
        found.lazy().with_columns(course=repeated | (lasts > ONE_DOSE_HOURS))
        .with_columns(amount=pl.when(pl.col("course") | (pl.col("censored") != 0)).then(None).otherwise("value"),
                      group=pl.col("drug").replace_strict(list(_GROUP), list(_GROUP.values()), default=pl.col("drug")),
                      unit=pl.col("drug").replace_strict(list(units), list(units.values()), default=""))
        .with_columns(methylprednisolone_mg=pl.when(pl.col("group") == CORTICOSTEROID).then(
            equivalent(pl.col("drug"), pl.col("amount"), dexamethasone_mg=dexamethasone_mg)))
        .rename({"text": "told"}).select(list(DOSES)).sort("patient", "day", "drug", maintain_order=True).collect().cast(DOSES)  # type: ignore[arg-type]
    )


def _rows(timeline: Timeline, until_day: float) -> pl.DataFrame:
    """The rows of drugs from the infusion on that are no denial, with ``open`` where they leave it open whether the drug was given."""
    events = timeline.events.lazy().select(
        pl.col("patient", "concept").cast(pl.String), "hour", "end_hour", "hour_latest", "value", "censored", pl.col("text").cast(pl.String))
    middle = (pl.col("hour") + pl.max_horizontal("hour", "hour_latest")) / 2 / HOURS_A_DAY
    word = pl.col("text").str.strip_chars().str.to_lowercase()
    return (
        events.filter(pl.col("concept").is_in(DRUGS)).rename({"concept": "drug"})
        .with_columns(day=middle, window_days=(pl.col("hour_latest") - pl.col("hour")).fill_null(0.0) / HOURS_A_DAY)
        .filter((pl.col("day") >= 0) & (pl.col("day") < until_day + 1))
        .filter((word.ne_missing("absent") | pl.col("value").is_not_null()) & ((pl.col("value") > 0) | (pl.col("censored") > 0)).fill_null(True))
        .with_columns(open=pl.col("value").is_null() & word.eq_missing("unknown")).collect()
    )


def given(timeline: Timeline, doses: pl.DataFrame, told: pl.DataFrame | None = None, until_day: float = 28.0) -> pl.DataFrame:
    """What each patient was given, one row a patient in the order of the record.

    ``doses`` as above; ``told``: the table of patients with any of the columns tocilizumab, corticosteroids, filgrastim (yes or no), tocilizumab_doses,
    tocilizumab_mg, methylprednisolone_mg, filgrastim_ug.  Doses on record stand before what the table tells; the table fills what they leave open.
    Columns: patient, tocilizumab_given, tocilizumab_doses, tocilizumab_mg, tocilizumab_first_day, corticosteroids, corticosteroid_first_day,
    methylprednisolone_mg, filgrastim_ug.  CohortError for a table that says something else than yes, no or a number.
    """
    table = by_patient(told, timeline.patients["patient"])
    left_open = _rows(timeline, until_day).filter("open")
    kept = doses.filter(pl.col("day") < until_day + 1)
    toci = _of(timeline, kept, left_open, table, TOCILIZUMAB, "tocilizumab", "tocilizumab_doses", "amount", "tocilizumab_mg")
    steroid = _of(timeline, kept, left_open, table, CORTICOSTEROID, "corticosteroids", None, "methylprednisolone_mg", "methylprednisolone_mg")
    gcsf = _of(timeline, kept, left_open, table, G_CSF, "filgrastim", None, "amount", "filgrastim_ug")
    return pl.DataFrame({
        "patient": table["patient"], "tocilizumab_given": toci["given"], "tocilizumab_doses": toci["doses"], "tocilizumab_mg": toci["total"],
        "tocilizumab_first_day": toci["first"], "corticosteroids": steroid["given"], "corticosteroid_first_day": steroid["first"],
        "methylprednisolone_mg": steroid["total"], "filgrastim_ug": gcsf["total"],
    })


def _of(timeline: Timeline, doses: pl.DataFrame, left_open: pl.DataFrame, table: pl.DataFrame, group: str, yes: str, number: str | None, part: str,
        total: str) -> pl.DataFrame:
    """Whether, how often, how much and when first a group of drugs was given to each patient of ``table``."""
    drugs = of_group(group)
    course = pl.col("course") if "course" in doses.columns else pl.lit(False)
    summed = doses.filter(pl.col("group") == group).group_by("patient").agg(
        number=pl.len().cast(pl.Int64), first=pl.col("day").min(), total=pl.col(part).sum(), unknown=pl.col(part).null_count() > 0, course=course.any())
    people = table["patient"]
    frame = pl.DataFrame({
        "patient": people, "told": yes_no(table, yes), "told_number": amount(table, number) if number else pl.Series([None] * len(people), dtype=pl.Float64),
        "told_total": amount(table, total), "closed": without(timeline, drugs, people),
        "open": people.is_in(left_open.filter(pl.col("drug").is_in(drugs))["patient"].unique().to_list()),
    }).join(summed, on="patient", how="left", maintain_order="left")
    has = pl.col("number").is_not_null()
    tells_none = (~pl.col("told")).fill_null(False) | (pl.col("told_number") == 0).fill_null(False) | (pl.col("told_total") == 0).fill_null(False)
    tells_some = pl.col("told").fill_null(False) | (pl.col("told_number") > 0).fill_null(False) | (pl.col("told_total") > 0).fill_null(False)
    is_given = pl.when(has | tells_some).then(True).when(tells_none | (pl.col("closed") & ~pl.col("open"))).then(False)
    return frame.with_columns(given=is_given).with_columns(
        doses=pl.when(~pl.col("given")).then(0).when(has & ~pl.col("course") & ~pl.col("open")).then("number").otherwise(
            pl.col("told_number").cast(pl.Int64, strict=False)),
        total=pl.when(~pl.col("given")).then(0.0).when(has & ~pl.col("unknown") & ~pl.col("open")).then("total").otherwise("told_total"),
    ).select("patient", "given", pl.col("doses").cast(pl.Int64), "total", "first")


def without(timeline: Timeline, drugs: Iterable[str], patients: pl.Series) -> pl.Series:
    """Whether no row of any of these drugs means "not given", for each of ``patients``."""
    out = pl.Series([True] * len(patients), dtype=pl.Boolean)
    for drug in drugs:
        whom = timeline.complete.whom(drug)
        if whom is not None:
            out &= patients.is_in(list(whom))
    return out


def contradictions(doses: pl.DataFrame, told: pl.DataFrame | None) -> tuple[str, ...]:
    """Where the table of patients says otherwise than the doses on record, in words; the record stands."""
    if told is None:
        return ()
    out: list[str] = []
    table = by_patient(told, told["patient"].cast(pl.String)) if "patient" in told.columns else by_patient(told, pl.Series([], dtype=pl.String))
    for group, yes, number in ((TOCILIZUMAB, "tocilizumab", "tocilizumab_doses"), (CORTICOSTEROID, "corticosteroids", None), (G_CSF, "filgrastim", None)):
        counts = doses.filter(pl.col("group") == group).group_by("patient").len("rows")
        frame = pl.DataFrame({"patient": table["patient"], "yes": yes_no(table, yes),
                              "number": amount(table, number) if number else pl.Series([None] * len(table), dtype=pl.Float64)})
        frame = frame.join(counts, on="patient", how="inner", maintain_order="left")
        out += [f"{p}: the table of patients says no {yes}, the record has {n} dose{'s' if n > 1 else ''}"
                for p, n in frame.filter(~pl.col("yes")).select("patient", "rows").iter_rows()]
        out += [f"{p}: the table of patients says {told_n:g} doses of {yes}, the record has {n}"
                for p, told_n, n in frame.filter(pl.col("yes").fill_null(True) & (pl.col("number") != pl.col("rows")))
                .select("patient", "number", "rows").iter_rows()]
    return tuple(out)
