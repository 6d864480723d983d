"""What became of virtual patients: their CRS and ICANS by Tocsin's own grader, and how high and low they went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.grading import episodes, grade
from tocsin.model.dosing import HOURS_A_DAY
from tocsin.model.simulate import Simulation
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

CRS, ICANS = "astct-crs-2019", "astct-icans-2019"
PEAKS = ("temperature", "crp", "il6", "ferritin", "ifn_gamma", "car_t_count")
LOWS = ("mean_arterial_pressure", "spo2")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, quartiles and range of what ``n`` patients have; NaN where nobody has it."""

    n: int
    median: float
    lower: float
    upper: float
    least: float
    most: float

    @classmethod
    def of(cls, values: npt.ArrayLike) -> Spread:
        """Of the values that are numbers."""
        known = np.asarray(values, np.float64)
        known = known[np.isfinite(known)]
        if not len(known):
            return cls(0, *(5 * (float("nan"),)))
        lower, median, upper = np.percentile(known, [25, 50, 75])
        return cls(len(known), float(median), float(lower), float(upper), float(known.min()), float(known.max()))


@dataclass(frozen=True)
class Summary:
    """Of ``n`` patients: how many reached which grade at most, with CRS onset and duration in days, and highest and lowest values as measured.

    ``crs`` and ``icans``: patients by highest grade, surely reached; ``unsettled``: of how many the highest CRS grade is a range.
    ``onset`` and ``duration``: of the first episode, the latter where it was over by the end; ``lasting``: of how many it was not.
    ``peaks`` and ``lows``: by concept, in its unit (a value above its ceiling counts as the ceiling).
    ``supported``: patients who ever had a vasopressor, oxygen, or a dose of a drug.
    """

    n: int
    crs: Mapping[int, int]
    icans: Mapping[int, int]
    unsettled: int
    onset: Spread
    duration: Spread
    lasting: int
    peaks: Mapping[str, Spread]
    lows: Mapping[str, Spread]
    supported: Mapping[str, int]


def summary(simulation: Simulation) -> Summary:
    """Grade the timeline of a simulation and summarise it."""
    timeline, end = simulation.timeline, float(simulation.hours[-1])
    crs = grade(timeline, CRS, until=end)
    steps = crs.frame.filter(pl.col("start_hour") <= end)
    highest = steps.group_by("patient").agg(pl.col("at_least").max(), pl.col("at_most").max())
    icans = grade(timeline, ICANS, until=end).frame.filter(pl.col("start_hour") <= end).group_by("patient").agg(pl.col("at_least").max())
    spans = episodes(crs)
    first = spans.filter(pl.col("episode") == 1)
    over = pl.col("resolution_hour").is_not_null() & (pl.col("resolution_hour") <= end)
    lasts = first.filter(over).select((pl.col("resolution_hour") - pl.col("onset_hour")) / HOURS_A_DAY).to_series()
    events = timeline.events.with_columns(pl.col("concept").cast(pl.String))
    extremes = events.filter(pl.col("concept").is_in([*PEAKS, *LOWS])).group_by("patient", "concept").agg(
        pl.col("value").max().alias("most"), pl.col("value").min().alias("least"))
    given = sorted({str(c) for c in events.filter(pl.col("hour") >= 0)["concept"].unique()} & {d.removesuffix("_iv") for d in simulation.given.drugs})
    who = {
        "vasopressor": pl.col("concept").is_in([*VASOPRESSORS, *VASOPRESSIN_LIKE]), "fluid bolus": pl.col("concept") == "fluid_bolus",
        "oxygen": (pl.col("concept") == "oxygen_device") & (pl.col("text") != "room_air"), "invasive ventilation": pl.col("text") == "invasive_ventilation",
        **{drug: pl.col("concept") == drug for drug in given if drug not in ("fluid_bolus", "car_t_infusion")},
    }
    return Summary(
        len(simulation.patients), _counts(highest["at_least"]), _counts(icans["at_least"]), int((highest["at_least"] != highest["at_most"]).sum()),
        Spread.of((first["onset_hour"] / HOURS_A_DAY).to_numpy()), Spread.of(lasts.to_numpy()), len(first) - len(lasts),
        {c: Spread.of(extremes.filter(pl.col("concept") == c)["most"].to_numpy()) for c in PEAKS},
        {c: Spread.of(extremes.filter(pl.col("concept") == c)["least"].to_numpy()) for c in LOWS},
        {name: events.filter(those)["patient"].n_unique() for name, those in who.items()},
    )


def _counts(grades: pl.Series) -> dict[int, int]:
    found = dict(grades.value_counts().iter_rows())
    return {g: int(found.get(g, 0)) for g in range(5)}
