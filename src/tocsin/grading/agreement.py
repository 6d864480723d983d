"""How far scales agree on the highest grade of each patient: percent agreement and weighted kappa, with who differs and why.

Weighted kappa is Cohen's (cohen1968) with quadratic weights: a disagreement counts by the square of its size in grades.  With
p_ij the share of patients of grade i by one scale and j by the other, and v_ij = 1 - (i - j)^2 / (k - 1)^2,

    kappa = (Po - Pe) / (1 - Pe),   Po = sum p_ij v_ij,   Pe = sum p_i. p_.j v_ij.

Its large-sample standard error is that of Fleiss, Cohen and Everitt (fleiss1969), with v_i. = sum_j p_.j v_ij and
v_.j = sum_i p_i. v_ij:

    SE^2 = ( sum p_ij [v_ij - (v_i. + v_.j)(1 - kappa)]^2 - [kappa - Pe (1 - kappa)]^2 ) / (n (1 - Pe)^2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import polars as pl

CITES = ("cohen1968:weighted kappa", "fleiss1969:standard error")
"""The papers behind the table of agreement."""

GRADES = 6
"""Grades 0 to 5."""
FEWEST_FOR_LIMITS = 20
"""Patients below which a table gives no confidence limits: the standard error is one of large samples (a choice of this software)."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Weighted kappa of ``patients`` with its standard error and confidence limits.

    ``value`` is None where everybody has one grade.  The limits are None as well where nobody differs, and where one of the two gives
    everybody the same grade (kappa is then 0): the formula of the standard error gives no interval there.
    """

    patients: int
    value: float | None
    error: float | None
    low: float | None
    high: float | None


def weighted_kappa(first: npt.ArrayLike, second: npt.ArrayLike, grades: int = GRADES, confidence: float = 0.95) -> Kappa:
    """Quadratically weighted kappa of two gradings of the same patients, as described above."""
    one, two = np.asarray(first, np.int64), np.asarray(second, np.int64)
    table = np.zeros((grades, grades))
    np.add.at(table, (one, two), 1.0)
    return kappa_of(table, confidence)


def kappa_of(table: npt.NDArray[np.float64], confidence: float = 0.95) -> Kappa:
    """The same from a square table of counts."""
    n = int(table.sum())
    if n == 0:
        return Kappa(0, None, None, None, None)
    k = len(table)
    step = np.subtract.outer(np.arange(k), np.arange(k)) / max(k - 1, 1)
    v = 1.0 - step**2
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float((p * v).sum()), float((np.outer(rows, columns) * v).sum())
    if expected >= 1.0 - 1e-12:
        return Kappa(n, None, None, None, None)
    kappa = (observed - expected) / (1.0 - expected)
    means = np.add.outer(v @ columns, rows @ v)
    square = float((p * (v - means * (1.0 - kappa)) ** 2).sum()) - (kappa - expected * (1.0 - kappa)) ** 2
    error = float(np.sqrt(max(square, 0.0) / n)) / (1.0 - expected)
    if error < 1e-6:
        return Kappa(n, kappa, 0.0, None, None)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2.0) * error
    return Kappa(n, kappa, error, max(kappa - reach, -1.0), min(kappa + reach, 1.0))


# ---------------------------------------------------------------------------------------------------- a cohort
Schema = Mapping[str, pl.DataType | type[pl.DataType]]
PAIRS: Schema = {
    "first": pl.String, "second": pl.String, "patients": pl.Int64, "settled": pl.Int64, "same": pl.Int64, "percent": pl.Float64,
    "kappa": pl.Float64, "kappa_low": pl.Float64, "kappa_high": pl.Float64, "kappa_at_least": pl.Float64, "surely_differ": pl.Int64,
}
DISAGREEMENTS: Schema = {
    "first": pl.String, "second": pl.String, "patient": pl.String, "first_at_least": pl.Int64, "first_at_most": pl.Int64,
    "second_at_least": pl.Int64, "second_at_most": pl.Int64, "first_because": pl.List(pl.String), "second_because": pl.List(pl.String),
}
UNDECIDED: Schema = {"scale": pl.String, "patients": pl.Int64, "undecided": pl.Int64, "input": pl.String, "patients_for_input": pl.Int64}


@dataclass(frozen=True)
class Agreement:
    """The agreement of several scales on a cohort.

    ``pairs``, one row a pair: patients; ``settled``, those whose highest grade is one number by both; ``same`` and ``percent`` of
    them; weighted kappa with its 95% limits (from FEWEST_FOR_LIMITS patients on); ``kappa_at_least``, the
    same of what is certain (at_least) for every patient; ``surely_differ``, patients whose ranges exclude each other, settled or not.
    ``disagreements``, one row for each pair and such patient, with the criteria that carry each highest grade.
    ``undecided``, one row for each scale and input that leaves a highest grade open, the most frequent first (a scale that settles
    every patient has one row without an input).
    ``settled_by_all`` and ``same_by_all``: patients with one number by every scale, and with the same number by every scale.
    """

    scales: tuple[str, ...]
    patients: int
    pairs: pl.DataFrame
    disagreements: pl.DataFrame
    undecided: pl.DataFrame
    settled_by_all: int
    same_by_all: int


def agreement(highest: pl.DataFrame) -> Agreement:
    """Agreement from the highest grades (``Comparison.highest``): patient, scale, at_least, at_most, because, undecided."""
    scales = highest["scale"].unique(maintain_order=True).to_list()
    by_scale = {s: highest.filter(pl.col("scale") == s).sort("patient", maintain_order=True) for s in scales}
    low = {s: f["at_least"].to_numpy() for s, f in by_scale.items()}
    high = {s: f["at_most"].to_numpy() for s, f in by_scale.items()}
    settled = {s: low[s] == high[s] for s in scales}
    n = highest["patient"].n_unique()
    pairs: list[Row] = []
    differ: list[pl.DataFrame] = []
    for a, b in combinations(scales, 2):
        both = settled[a] & settled[b]
        apart = (low[a] > high[b]) | (low[b] > high[a])
        same = int((both & (low[a] == low[b])).sum())
        kappa = weighted_kappa(low[a][both], low[b][both])
        limits = (kappa.low, kappa.high) if kappa.patients >= FEWEST_FOR_LIMITS else (None, None)
        pairs.append({
            "first": a, "second": b, "patients": n, "settled": int(both.sum()), "same": same,
            "percent": 100.0 * same / both.sum() if both.any() else None, "kappa": kappa.value, "kappa_low": limits[0],
            "kappa_high": limits[1], "kappa_at_least": weighted_kappa(low[a], low[b]).value, "surely_differ": int(apart.sum())})
        differ.append(_differing(a, b, by_scale[a].filter(pl.Series(apart)), by_scale[b].filter(pl.Series(apart))))
    everyone = np.logical_and.reduce([settled[s] for s in scales]) if scales else np.zeros(0, bool)
    same_everywhere = np.logical_and.reduce([everyone & (low[s] == low[scales[0]]) for s in scales]) if scales else everyone
    return Agreement(
        tuple(scales), n, pl.DataFrame(pairs, schema=PAIRS), pl.concat(differ) if differ else pl.DataFrame(schema=DISAGREEMENTS),
        pl.concat([_open(s, by_scale[s]) for s in scales]) if scales else pl.DataFrame(schema=UNDECIDED),
        int(everyone.sum()), int(same_everywhere.sum()),
    )


def _differing(a: str, b: str, one: pl.DataFrame, two: pl.DataFrame) -> pl.DataFrame:
    """The patients whose ranges by two scales exclude each other, side by side."""
    return pl.DataFrame({
        "first": pl.Series([a] * len(one), dtype=pl.String), "second": pl.Series([b] * len(one), dtype=pl.String), "patient": one["patient"],
        "first_at_least": one["at_least"], "first_at_most": one["at_most"], "second_at_least": two["at_least"],
        "second_at_most": two["at_most"], "first_because": one["because"], "second_because": two["because"],
    }, schema=DISAGREEMENTS)


def _open(scale: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The inputs that leave the highest grade of patients open by one scale, and of how many."""
    left = frame.filter(pl.col("at_least") != pl.col("at_most"))
    counted = (
        left.select(pl.col("undecided").list.unique()).explode("undecided").drop_nulls()
        .group_by("undecided").len().sort("len", "undecided", descending=[True, False]).rows())
    rows = [{"scale": scale, "patients": len(frame), "undecided": len(left), "input": i, "patients_for_input": k}
            for i, k in counted or [(None, 0)]]
    return pl.DataFrame(rows, schema=UNDECIDED)
