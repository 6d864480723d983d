"""Harrell's concordance of a risk score with survival (harrell1996), with its infinitesimal-jackknife error, as R's survival 3 gives it.

A pair is comparable where one has the event while the other is at risk and leaves later (or leaves without an event at the same time).
It is concordant where the one with the event has the higher score; equal scores count one half; two events at one time are not
compared.  Pairs are made within strata.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from tocsin.cohort.result import Estimate
from tocsin.cohort.survival import Floats, Ints, Survival
from tocsin.cohort.tails import reach

CITES = ("harrell1996:concordance", "therneau2024:infinitesimal jackknife of the concordance")
BLOCK = 4_000_000
"""Pairs compared at a time."""


def concordance(data: Survival, risk: Floats, *, strata: Ints | None = None, clusters: Ints | None = None, weights: Floats | None = None,
                confidence: float = 0.95) -> Estimate:
    """Concordance of ``risk`` (higher = earlier event) among rows without missing values.

    Rows of one cluster count as one in the error; a pair weighs the product of its weights.  ``value`` is None where no pair is comparable.
    """
    n = len(data)
    favourable, pairs = np.zeros(n), np.zeros(n)
    layer = np.zeros(n, np.int64) if strata is None else strata
    risk, weight = _levels(risk), np.ones(n) if weights is None else weights
    for s in np.unique(layer):
        rows = np.flatnonzero(layer == s)
        time, event, score = data.time[rows], data.event[rows] > 0, risk[rows]
        begin = None if data.entry is None else data.entry[rows]
        deaths = np.flatnonzero(event)
        step = max(BLOCK // max(len(rows), 1), 1)
        for k in range(0, len(deaths), step):
            i = deaths[k: k + step]
            later = (time > time[i, None]) | ((time == time[i, None]) & ~event)
            if begin is not None:
                later &= begin < time[i, None]
            pair = later * weight[rows][i, None] * weight[rows]
            won = np.where(score[i, None] > score, 1.0, np.where(score[i, None] == score, 0.5, 0.0)) * pair
            favourable[rows[i]] += won.sum(axis=1)
            favourable[rows] += won.sum(axis=0)
            pairs[rows[i]] += pair.sum(axis=1)
            pairs[rows] += pair.sum(axis=0)
    total = float(pairs.sum()) / 2.0
    if total == 0:
        return Estimate("concordance", None, None, None, confidence, cites=CITES, warnings=("No pair of patients can be compared.",))
    value = float(favourable.sum()) / 2.0 / total
    influence = (favourable - value * pairs) / total
    if clusters is not None:
        influence = np.bincount(clusters, weights=influence).astype(np.float64)
    wide = reach(confidence) * sqrt(float((influence**2).sum()))
    return Estimate("concordance", value, max(value - wide, 0.0), min(value + wide, 1.0), confidence, "Harrell's C, infinitesimal-jackknife normal limits",
                    cites=CITES)


def _levels(risk: Floats) -> Floats:
    """Scores as ranks; what differs only by rounding is equal."""
    distinct, place = np.unique(risk, return_inverse=True)
    apart = np.diff(distinct, prepend=distinct[0]) > 1e-12 * max(float(np.ptp(distinct)), 1e-300)
    return np.asarray(np.cumsum(apart)[place], np.float64)
