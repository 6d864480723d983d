"""The 20 patients given CD22 CAR-T cells whose measurements the model is fitted to: read from the public tables, which stay outside the repository.

Source: Lichtenstein et al., Blood 2021;138:2469.  Doses of the levels: Shah et al., J Clin Oncol 2020;38:1938 (from memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

DOSE_OF_LEVEL = {1: 3e5, 2: 1e6, 3: 3e6}  # CAR-T cells/kg
LAST_DAY = 31.0


@dataclass(frozen=True)
class Analyte:
    """What was measured: the output of the model, the names in the tables, limits of quantification, and the offset of its logarithm.

    ``lower`` and ``upper``: values at or beyond them are only known to lie there; ``offset`` keeps the logarithm finite at 0, in the unit of the output.
    """

    output: str
    names: tuple[str, ...]
    lower: float
    upper: float
    offset: float


# Limits are the lowest and highest values that repeat in the tables; 0.5 cells/uL of CAR-T cells is assumed, below which the tables mostly say 0.
ANALYTES = (
    Analyte("car_blood_per_ul", ("car",), 0.5, np.inf, 0.5),
    Analyte("ifn_gamma", ("IFN-gamma",), 0.71, 2860.0, 5.0),
    Analyte("il6_blood", ("IL-6",), 0.37, np.inf, 1.0),
    Analyte("il10", ("IL-10",), 0.17, 750.0, 1.0),
    Analyte("crp", ("CRP",), 0.0, 301.0, 1.0),
    Analyte("ferritin", ("Ferritin",), 0.0, np.inf, 1.0),
    Analyte("ldh", ("LDH",), 0.0, 2500.0, 1.0),
)
IL6_CEILINGS = (1472.0,)  # of one plate: the value repeats on five days of one patient


@dataclass(frozen=True)
class Cohort:
    """Patients and their measurements.

    ``onset`` day of CRS (NaN: none), ``grade`` the highest by ASTCT, ``dose`` cells/kg, ``blasts`` share of the marrow (NaN: not told), ``tocilizumab``,
    ``steroids``, ``anakinra``: given or not, on days nobody told; ``hlh``: HLH-like manifestations.  Measurements are padded (patients, most): ``analyte``
    (-1 where there is none), ``day``, ``value`` as the logarithm of value + offset, ``censored`` -1 below, +1 above, 0 measured.
    """

    ids: tuple[int, ...]
    onset: F64
    grade: I64
    dose: F64
    blasts: F64
    tocilizumab: npt.NDArray[np.bool_]
    steroids: npt.NDArray[np.bool_]
    anakinra: npt.NDArray[np.bool_]
    analyte: I64
    day: F64
    value: F64
    censored: I64

    def __len__(self) -> int:
        return len(self.ids)


def read(folder: Path) -> Cohort:
    """Read the tables of a folder (patients.csv, car_kinetics_blood.csv, cytokines_daily_long.csv.gz, labs_long.csv)."""
    people = pl.read_csv(folder / "patients.csv", infer_schema_length=0).sort(pl.col("patient_id").cast(pl.Int64))
    ids = tuple(int(i) for i in people["patient_id"])
    rows = _measured(folder)
    of = {i: rows.filter(pl.col("patient") == i) for i in ids}
    most = max(len(r) for r in of.values())
    analyte, censored = np.full((len(ids), most), -1, np.int64), np.zeros((len(ids), most), np.int64)
    day, value = np.zeros((len(ids), most)), np.zeros((len(ids), most))
    for i, name in enumerate(ids):
        mine = of[name]
        k = len(mine)
        analyte[i, :k], day[i, :k], value[i, :k], censored[i, :k] = (mine[c].to_numpy() for c in ("analyte", "day", "value", "censored"))

    def number(column: str) -> F64:
        return people[column].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()

    def given(column: str) -> npt.NDArray[np.bool_]:
        return number(column) == 1.0

    return Cohort(
        ids, number("crs_onset_day"), np.nan_to_num(number("crs_max_grade_astct")).astype(np.int64),
        np.array([DOSE_OF_LEVEL[int(v)] for v in number("dose_level")]), number("marrow_blast_pct") / 100.0, given("tocilizumab"), given("steroids"),
        given("anakinra"), analyte, day, value, censored)


def _measured(folder: Path) -> pl.DataFrame:
    """One row a measurement: patient, analyte, day, value (transformed), censored."""
    car = pl.read_csv(folder / "car_kinetics_blood.csv").select(
        patient="patient_id", name=pl.lit("car"), day=pl.col("day_post_infusion").cast(pl.Float64), raw="car_abs_cells_per_ul")
    cytokines = pl.read_csv(folder / "cytokines_daily_long.csv.gz").select(
        patient="patient_id", name="analyte", day=pl.col("day_post_infusion").cast(pl.Float64), raw="value_pg_ml")
    labs = pl.read_csv(folder / "labs_long.csv", infer_schema_length=0).select(
        patient=pl.col("patient_id").cast(pl.Int64), name="analyte", day=pl.col("day_post_infusion").cast(pl.Float64),
        raw=pl.col("value").cast(pl.Float64, strict=False))
    rows = pl.concat([car, cytokines, labs]).filter(pl.col("raw").is_not_null() & (pl.col("day") >= -2.0) & (pl.col("day") <= LAST_DAY))
    return pl.concat([_of(a, k, rows) for k, a in enumerate(ANALYTES)])


def _of(a: Analyte, k: int, rows: pl.DataFrame) -> pl.DataFrame:
    mine = rows.filter(pl.col("name").is_in(a.names))
    raw = mine["raw"].to_numpy()
    above = raw >= a.upper
    if a.output == "il6_blood":
        above |= np.isin(raw, IL6_CEILINGS)
    below = raw <= a.lower
    shown = np.where(below, a.lower, np.where(above & np.isfinite(a.upper), np.minimum(raw, a.upper), raw))
    return pl.DataFrame({
        "patient": mine["patient"].cast(pl.Int64), "analyte": np.full(len(mine), k), "day": np.maximum(mine["day"].to_numpy(), 0.0),
        "value": np.log(shown + a.offset), "censored": np.where(below, -1, np.where(above, 1, 0)),
    })


def describe(cohort: Cohort) -> Sequence[str]:
    """What there is, one line an analyte."""
    lines = []
    for k, a in enumerate(ANALYTES):
        mine = cohort.analyte == k
        lines.append(f"{a.output}: {int(mine.sum())} values, {int((mine & (cohort.censored < 0)).sum())} below and {int((mine & (cohort.censored > 0)).sum())} "
                     "above what could be measured")
    return lines
