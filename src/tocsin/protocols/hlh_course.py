"""HLH that does not improve after treatment, derived from the course: the clock of etoposide.

Paper 004 asks for etoposide when there is no clinical or serological improvement within 48 h and does not say what improvement is.
Here (a decision, ``tocsin:hlh improvement``): ferritin has fallen by a quarter or more since the start of treatment, and the CTCAE
grade of no organ has risen.  Treatment starts when HLH is suspected and an IL-6 blocker or a corticosteroid is given, or was given
shortly before.  From ``hours`` after that on, each moment is set beside the start.  A clinician may assert ``hlh_not_improving``
instead; from then on nothing is derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading.grade import grade
from tocsin.grading.result import Grades
from tocsin.protocols.sweep import step_at
from tocsin.scales import Scale
from tocsin.timeline import EVENTS, Timeline
from tocsin.timeline.schema import conform
from tocsin.vocabulary.groups import ANTI_IL6, CORTICOSTEROIDS

TREATMENT = (*ANTI_IL6, *CORTICOSTEROIDS)
"""What the treatment of HLH begins with."""
CONCEPT = "hlh_not_improving"
ORIGIN = "derived: course of HLH"
FOREVER = 24.0 * 365 * 100
_WORDS = np.array(["absent", "present", "unknown"])
_GIVEN = pl.col("concept").is_in(TREATMENT) & (pl.col("hour") >= 0) & (pl.col("text").is_null() | pl.col("text").is_in(["absent", "unknown"]).not_())
_HIGH = (pl.col("value") > 10000.0) | ((pl.col("value") == 10000.0) & (pl.col("censored") > 0))
_MAYBE = ((pl.col("concept") == "ferritin") & _HIGH) | ((pl.col("concept") == "hlh") & pl.col("text").is_in(["suspected", "present"]))
"""A dose of the treatment; and what must be on record for the clock to run: ferritin above 10,000, or HLH as asserted."""

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class HlhCourse:
    """Finds HLH that does not improve, in a record.

    ``suspected``: grade 1 while HLH is suspected or met.  ``ferritin``: a formula whose value is the ferritin.  ``organs``: the CTCAE
    grade of each organ that counts.  ``hours``: how long treatment has; ``fall``: by how many per cent ferritin must have fallen;
    ``before``: a dose that long before HLH was suspected is part of its treatment.
    """

    suspected: Scale
    ferritin: Scale
    organs: tuple[Scale, ...]
    hours: float
    fall: float
    before: float

    def __call__(self, timeline: Timeline, until: float | None = None, carry: Mapping[str, float] | None = None) -> pl.DataFrame:
        """The findings of ``hlh_not_improving``: present, absent or unknown from the first dose of the treatment on.

        Where ferritin never was above 10,000 and nobody asserted HLH nothing is found: HLH is not suspected, and no rule asks.
        """
        read = _read(timeline)
        doses = (read.filter(_GIVEN).join(read.filter(_MAYBE), on="patient", how="semi", maintain_order="left")
                 .select("patient", "hour", pl.max_horizontal("hour", "end_hour").alias("last")))
        if not len(doses):
            return timeline.events.clear()
        first = doses.group_by("patient", maintain_order=True).agg(pl.col("hour").min())
        spells = self._spells(timeline, doses, until, carry)
        due = spells.group_by("patient").agg(pl.col("hour").min().alias("end_hour"))
        before = first.join(due, on="patient", how="left", maintain_order="left").with_columns(
            pl.col("end_hour").fill_null(FOREVER), pl.lit("absent").alias("text"), pl.lit(ORIGIN).alias("origin"))
        told = read.filter(pl.col("concept") == CONCEPT).group_by("patient").agg(pl.col("hour").min().alias("told"))
        added = (
            pl.concat([before, spells], how="diagonal").join(told, on="patient", how="left", maintain_order="left")
            .with_columns(pl.min_horizontal("end_hour", "told")).filter(pl.col("hour") < pl.col("end_hour"))
            .with_columns(pl.lit(CONCEPT).alias("concept"), pl.lit("unknown").alias("attribution")).drop("told"))
        return conform(added, EVENTS)

    def _spells(self, timeline: Timeline, doses: pl.DataFrame, until: float | None, carry: Mapping[str, float] | None) -> pl.DataFrame:
        """How it stands from the end of the clock on, for the patients in whom treatment started."""
        empty = pl.DataFrame(schema={"patient": pl.String, "hour": pl.Float64, "end_hour": pl.Float64, "text": pl.String, "origin": pl.String})
        mine = _only(timeline, doses["patient"].unique(maintain_order=True))
        started = self._starts(grade(mine, self.suspected, until=until, carry=carry), doses)
        started = started.filter(pl.col("start") + self.hours <= (np.inf if until is None else until))
        if not len(started):
            return empty
        mine = _only(mine, started["patient"])
        courses = [grade(mine, scale, until=until, carry=carry) for scale in (self.ferritin, *self.organs)]
        names = courses[0].patients
        start = pl.DataFrame({"patient": names}).join(started, on="patient", how="left", maintain_order="left")["start"].to_numpy()
        due = start + self.hours
        patient = np.concatenate([np.arange(len(names)), *(g.patient_index[g.start > due[g.patient_index]] for g in courses)])
        when = np.concatenate([due, *(g.start[g.start > due[g.patient_index]] for g in courses)])
        order = np.lexsort((when, patient))
        patient, when = patient[order], when[order]
        state = self._state(courses, patient, start[patient], when)
        keep = np.concatenate([[True], (patient[1:] != patient[:-1]) | (state[1:] != state[:-1])])
        patient, when, state = patient[keep], when[keep], state[keep]
        end = np.full(len(when), FOREVER)
        end[:-1] = np.where(patient[1:] == patient[:-1], when[1:], FOREVER)
        return pl.DataFrame({"patient": pl.Series(names)[patient], "hour": when, "end_hour": end, "text": _WORDS[state], "since": start[patient]}).select(
            "patient", "hour", "end_hour", "text", pl.format("{}, treated since hour {}", pl.lit(ORIGIN), pl.col("since").round(2)).alias("origin"))

    def _starts(self, suspected: Grades, doses: pl.DataFrame) -> pl.DataFrame:
        """When treatment started, for the patients in whom it did: the first moment with HLH suspected and a dose of its treatment given."""
        steps = pl.DataFrame({
            "patient": pl.Series(suspected.patients)[suspected.patient_index], "from": suspected.start, "to": np.nan_to_num(suspected.end, nan=np.inf),
        }).filter(suspected.at_least >= 1)
        return (
            steps.join(doses, on="patient", maintain_order="left")
            .filter((pl.col("hour") < pl.col("to")) & (pl.col("last") > pl.col("from") - self.before))
            .group_by("patient", maintain_order=True).agg(pl.max_horizontal("hour", "from").min().alias("start")))

    def _state(self, courses: list[Grades], who: I64, start: F64, when: F64) -> I64:
        """1 where HLH surely does not improve, 0 where it surely does, 2 where that is not known."""
        (low, high), (from_low, from_high) = (_ends(courses[0], who, at, np.inf) for at in (when, start))
        left = 1.0 - self.fall / 100.0
        worse = low > left * from_high
        better = high <= left * from_low
        for organ in courses[1:]:
            (low, high), (from_low, from_high) = (_ends(organ, who, at, 4.0) for at in (when, start))
            worse |= low > from_high
            better &= high <= from_low
        return np.where(worse, 1, np.where(better, 0, 2))


def _read(timeline: Timeline) -> pl.DataFrame:
    """The events on which it rests."""
    concept = pl.col("concept").cast(pl.String)
    return timeline.events.select(concept, "patient", "hour", "end_hour", "value", "censored", "text").filter(
        pl.col("concept").is_in(["ferritin", "hlh", CONCEPT, *TREATMENT])).with_columns(pl.col("patient", "text").cast(pl.String))


def _only(timeline: Timeline, patients: pl.Series) -> Timeline:
    """The record of these patients alone."""
    who = pl.col("patient").cast(pl.String).is_in(patients.implode())
    return Timeline(timeline.events.filter(who), timeline.patients.filter(who), timeline.complete, timeline.reading)


def _ends(course: Grades, who: I64, when: F64, most: float) -> tuple[F64, F64]:
    """The lowest and highest value of each patient (``who``) at an hour (``when``); from 0 to ``most`` where nothing is known."""
    at = step_at(course.patient_index, course.start, who, when)
    return np.where(at >= 0, course.at_least[at], 0.0), np.where(at >= 0, course.at_most[at], most)
