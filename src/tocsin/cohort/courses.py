"""The course of each patient's toxicity: highest grade, onset, time to it, duration; computed from the record, or as it reports them.

A computed highest grade is known where the record settles it.  Three choices of this software make that a rule: within episodes the whole range
counts; outside them only what is surely graded; and nobody is "without" who was not charted on enough days.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nextafter

import polars as pl

from tocsin.cohort.study import DAYS_LOOKED_AT
from tocsin.grading import episodes
from tocsin.grading.result import Grades
from tocsin.timeline import HOURS_A_DAY, Timeline

REPORT_HOLDS_DAYS = 1.0
"""A reported grade holds until the next report, at most this long (a choice of this software: charts report by the day)."""
WATCHED_DAYS = float(DAYS_LOOKED_AT)
"""Days from the infusion in which a patient without any grade must have been charted: CRS usually begins on days 1 to 14."""

NAMES = ("max_grade", "max_at_least", "max_at_most", "onset_day", "max_day", "duration_days", "observed_days", "episodes")


@dataclass(frozen=True)
class Course:
    """The course of one syndrome in every patient.

    ``patients``: patient, max_grade, max_at_least, max_at_most, onset_day, max_day, duration_days, observed_days, episodes, as in
    ``cohort.COLUMNS``.  ``steps``: patient, start_day, end_day, grade (null where it is not settled).  ``source`` says where it comes from.
    """

    source: str
    patients: pl.DataFrame
    steps: pl.DataFrame

    @property
    def settles(self) -> bool:
        """Whether anybody's highest grade is known."""
        return self.patients["max_grade"].null_count() < len(self.patients)


def last_hour(window_days: float) -> float:
    """The last moment of a window of days, for ``grade(..., until=)``: the window ends where the next day begins."""
    return nextafter(window_days * HOURS_A_DAY, 0.0)


def computed(grades: Grades, window_days: float, charted_days: int) -> Course:
    """The course by a scale in the first ``window_days``; grades are those of ``grade(..., until=last_hour(window_days))``."""
    steps = grades.frame.select(
        "patient", pl.col("at_least").cast(pl.Int64), pl.col("at_most").cast(pl.Int64), start_day=pl.col("start_hour") / HOURS_A_DAY,
        end_day=(pl.col("end_hour") / HOURS_A_DAY).clip(upper_bound=window_days)).filter(pl.col("start_day") < window_days)
    everybody = pl.DataFrame({"patient": list(grades.timeline.patient_ids)}, schema={"patient": pl.String})
    whole = steps.group_by("patient").agg(pl.col("at_most").max().alias("top"))
    ended = (pl.col("resolution_hour") - pl.col("onset_hour")) / HOURS_A_DAY
    watched = pl.sum_horizontal(f"hours_at_{g}" for g in range(1, 6))
    by_patient = episodes(grades).sort("patient", "onset_hour").group_by("patient", maintain_order=True).agg(
        max_at_least=pl.col("max_at_least").max(), max_at_most=pl.col("max_at_most").max(), onset_day=pl.col("onset_hour").min() / HOURS_A_DAY,
        max_day=((pl.col("max_from_hour") - pl.col("onset_hour")) / HOURS_A_DAY).get(pl.col("max_at_least").arg_max()),
        duration_days=pl.when(pl.col("resolution_hour").null_count() == 0).then(ended.sum()),
        observed_days=pl.when(pl.col("resolution_hour").is_null()).then(watched / HOURS_A_DAY).otherwise(ended).sum(),
        episodes=pl.len().cast(pl.Int64))
    days = _days_at_zero(steps)
    found = everybody.join(by_patient, on="patient", how="left").join(whole, on="patient", how="left").join(days, on="patient", how="left")
    none = pl.col("episodes").is_null()
    quiet = none & (pl.col("days").fill_null(0) >= charted_days)
    found = found.with_columns(
        max_at_least=pl.when(none).then(pl.when(pl.col("top").is_not_null()).then(0)).otherwise("max_at_least"),
        max_at_most=pl.when(quiet).then(0).when(none).then("top").otherwise("max_at_most"),
    ).with_columns(max_grade=pl.when(pl.col("max_at_least") == pl.col("max_at_most")).then("max_at_least")).with_columns(
        episodes=pl.when(none & (pl.col("max_grade") == 0)).then(0).otherwise("episodes"),
        duration_days=pl.when(none & (pl.col("max_grade") == 0)).then(0.0).otherwise("duration_days"),
        observed_days=pl.when(none & (pl.col("max_grade") == 0)).then(0.0).otherwise("observed_days"))
    settled = pl.col("at_least") == pl.col("at_most")
    kept = steps.filter(pl.col("end_day").is_not_null() | settled).select(
        "patient", "start_day", pl.col("end_day").fill_null(window_days), grade=pl.when(settled).then("at_least"))
    return Course(f"computed by {grades.scale.id} {grades.scale.version}", _ordered(found), _joined(kept))


def reported(timeline: Timeline, concept: str, window_days: float, source: str) -> Course:
    """The course as the record reports grades ("reported_crs_grade"): the highest of each moment, held to the next report or for a day.

    An episode begins with a report of grade 1 or more and ends with the next report of grade 0; one without such an end is not known to
    have ended.
    """
    told = timeline.events.filter((pl.col("concept").cast(pl.String) == concept) & pl.col("value").is_not_null()).select(
        "patient", day=pl.col("hour") / HOURS_A_DAY, grade=pl.col("value").cast(pl.Int64),
        until=(pl.max_horizontal("end_hour", "hour_latest") / HOURS_A_DAY)).filter((pl.col("day") >= 0) & (pl.col("day") < window_days))
    told = told.group_by("patient", "day").agg(pl.col("grade").max(), pl.col("until").max()).sort("patient", "day")
    following = pl.col("day").shift(-1).over("patient")
    held = pl.max_horizontal("until", pl.col("day") + REPORT_HOLDS_DAYS)
    told = told.with_columns(end=pl.min_horizontal(held, following, pl.lit(window_days)), begins=(pl.col("grade") >= 1)
                             & (pl.col("grade").shift(1).over("patient").fill_null(0) == 0))
    told = told.with_columns(episode=pl.col("begins").cast(pl.Int64).cum_sum().over("patient"))
    ill = told.filter(pl.col("grade") >= 1)
    first = ill.group_by("patient", "episode").agg(start=pl.col("day").min(), last=pl.col("end").max(), seen=(pl.col("end") - pl.col("day")).sum())
    stops = told.filter((pl.col("grade") == 0) & (pl.col("episode") >= 1)).group_by("patient", "episode").agg(stop=pl.col("day").min())
    ended = first.join(stops, on=["patient", "episode"], how="left").group_by("patient").agg(
        onset_day=pl.col("start").min(), episodes=pl.len().cast(pl.Int64),
        duration_days=pl.when(pl.col("stop").null_count() == 0).then((pl.col("stop") - pl.col("start")).sum()),
        observed_days=pl.coalesce(pl.col("stop") - pl.col("start"), pl.col("seen")).sum())
    top = told.group_by("patient").agg(max_grade=pl.col("grade").max(), top_day=pl.col("day").get(pl.col("grade").arg_max()))
    found = pl.DataFrame({"patient": timeline.patient_ids}, schema={"patient": pl.String}).join(top, on="patient", how="left").join(
        ended, on="patient", how="left")
    none = pl.col("max_grade") == 0
    found = found.with_columns(
        max_at_least="max_grade", max_at_most="max_grade", max_day=pl.col("top_day") - pl.col("onset_day"),
        **{n: pl.when(none).then(0.0).otherwise(n) for n in ("duration_days", "observed_days")},
        episodes=pl.when(none).then(0).otherwise("episodes"))
    return Course(source, _ordered(found), _joined(told.select("patient", "grade", start_day="day", end_day="end")))


def told(patients: pl.DataFrame, syndrome: str, source: str) -> Course:
    """The course as the table of patients tells it: columns such as crs_max_grade, crs_onset_day and crs_duration_days or crs_end_day."""
    def column(name: str) -> pl.Expr:
        here = f"{syndrome}_{name}"
        return pl.col(here).cast(pl.Float64) if here in patients.columns else pl.lit(None, pl.Float64)

    grade = column("max_grade").cast(pl.Int64)
    ill, none = grade >= 1, grade == 0
    duration = pl.when(none).then(0.0).otherwise(pl.coalesce(column("duration_days"), column("end_day") - column("onset_day")))
    found = patients.select(
        "patient", max_grade=grade, max_at_least=grade, max_at_most=grade, onset_day=column("onset_day"),
        max_day=column("max_day") - column("onset_day"), duration_days=duration, observed_days=duration,
        episodes=pl.when(none).then(0).when(ill).then(1).cast(pl.Int64))
    spans = found.filter((pl.col("max_grade") >= 1) & pl.col("onset_day").is_not_null() & pl.col("duration_days").is_not_null() & (pl.col("duration_days") > 0))
    steps = spans.select("patient", start_day="onset_day", end_day=pl.col("onset_day") + pl.col("duration_days"), grade=pl.lit(None, pl.Int64))
    return Course(source, _ordered(found), _joined(steps))


def _days_at_zero(steps: pl.DataFrame) -> pl.DataFrame:
    """On how many of the first days each patient was surely at grade 0 at some time."""
    zero = steps.filter((pl.col("at_most") == 0) & (pl.col("start_day") < WATCHED_DAYS)).with_columns(
        pl.col("end_day").fill_null(WATCHED_DAYS).clip(upper_bound=WATCHED_DAYS))
    first, last = pl.col("start_day").floor().cast(pl.Int64), (pl.col("end_day").ceil().cast(pl.Int64))
    return zero.with_columns(day=pl.int_ranges(first, pl.max_horizontal(last, first + 1))).explode("day").group_by("patient").agg(
        days=pl.col("day").n_unique())


def _ordered(found: pl.DataFrame) -> pl.DataFrame:
    whole = {"max_grade", "max_at_least", "max_at_most", "episodes"}
    return found.select("patient", *(pl.col(n).cast(pl.Int64 if n in whole else pl.Float64) for n in NAMES))


def _joined(steps: pl.DataFrame) -> pl.DataFrame:
    """Neighbouring steps of one grade as one."""
    steps = steps.select("patient", "start_day", "end_day", "grade").sort("patient", "start_day")
    new = ((pl.col("grade").ne_missing(pl.col("grade").shift(1))) | (pl.col("patient") != pl.col("patient").shift(1))
           | (pl.col("start_day") > pl.col("end_day").shift(1))).fill_null(True)
    return steps.with_columns(run=new.cast(pl.Int64).cum_sum()).group_by("run", maintain_order=True).agg(
        pl.col("patient").first(), pl.col("start_day").first(), pl.col("end_day").last(), pl.col("grade").first()).drop("run")
