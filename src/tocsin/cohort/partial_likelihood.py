"""Cox's partial likelihood (cox1972) with its derivatives: ties by Efron or Breslow, strata, late entry, weights; all in array arithmetic.

Written once for everything that rests on it (fit, robust variance, residuals, tests of proportional hazards, Firth's penalty), by two
ideas.  First, a *term*: one denominator of the likelihood.  A time with d tied events has d terms by Efron (efron1977), the l-th of
which (l = 0 .. d - 1) takes the tied ones off the risk set by the share l / d,

    S_l = sum over at risk of w exp(eta)  -  l/d  sum over tied events of w exp(eta),

and one term without that share, of d-fold weight, by Breslow (breslow1974).  Second, *spread*: what a term gives to every row in its
denominator, summed over terms (a martingale integral), is a difference of cumulative sums at the row's exit and entry.  So no risk set
is ever listed, and the information X' diag(w) X - Xbar' Xbar costs n p^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tocsin.cohort.survival import Floats, Ints, Survival
from tocsin.errors import CohortError, SettingError

Ties = Literal["efron", "breslow"]
TIES: tuple[Ties, ...] = ("efron", "breslow")
CITES = {"efron": ("cox1972:partial likelihood", "efron1977:ties"), "breslow": ("cox1972:partial likelihood", "breslow1974:ties")}


@dataclass(frozen=True, eq=False)
class Terms:
    """The denominators at one coefficient vector: ``hazard`` exp(eta) w of each row; of each term its weight over its denominator, and the mean of x."""

    loglik: float
    hazard: Floats
    rate: Floats
    mean: Floats


class PartialLikelihood:
    """The likelihood of complete rows (no missing time, covariate or stratum); x is (rows, coefficients)."""

    def __init__(self, data: Survival, x: Floats, *, strata: Ints | None = None, weights: Floats | None = None, ties: Ties = "efron") -> None:
        if ties not in TIES:
            raise SettingError(f"Ties are handled by {' or '.join(TIES)}; given: {ties!r}.")
        if not (data.event > 0).any():
            raise CohortError(f"No event happened in {len(data)} rows: hazards cannot be compared.")
        layer = np.zeros(len(data), np.int64) if strata is None else strata
        self.order: Ints = np.lexsort((-data.time, layer))           # by stratum, the longest first: risk sets are leading stretches
        layer = layer[self.order]
        self.time, self.event = data.time[self.order], data.event[self.order] > 0
        self.x: Floats = x[self.order] - x.mean(axis=0)              # centred: nothing but rounding depends on it
        self.weight: Floats = np.ones(len(data)) if weights is None else weights[self.order]
        self.ties = ties
        self.stratum: Ints = layer
        # a key that orders (stratum, time descending) as one number
        self.entries: Floats | None = None if data.entry is None else data.entry[self.order]
        begin = self.entries
        every = np.unique(self.time if begin is None else np.concatenate([self.time, begin]))
        key = layer * (len(every) + 1) + len(every) - np.searchsorted(every, self.time)
        self._dead = np.flatnonzero(self.event)
        group_key, self._first, self._tied = np.unique(key[self._dead], return_index=True, return_counts=True)
        self.death_time: Floats = self.time[self._dead][self._first]
        self.death_stratum: Ints = layer[self._dead][self._first]
        starts = np.searchsorted(layer, self.death_stratum, side="left")
        self._risk = (starts, np.searchsorted(key, group_key, side="right"))
        own = np.searchsorted(group_key, key, side="left")             # first death group at or before the row's exit
        if begin is None:
            self._entered: tuple[Ints, Ints, Ints] | None = None
            until = np.searchsorted(self.death_stratum, layer, side="right")
        else:
            entry_key = layer * (len(every) + 1) + len(every) - np.searchsorted(every, begin)
            by_entry: Ints = np.argsort(entry_key, kind="stable").astype(np.int64)
            sorted_entry = entry_key[by_entry]
            self._entered = (by_entry, np.asarray(np.searchsorted(layer[by_entry], self.death_stratum, side="left"), np.int64),
                             np.asarray(np.searchsorted(sorted_entry, group_key, side="right"), np.int64))
            until = np.searchsorted(group_key, entry_key, side="left")  # first death group at or before the entry: no longer at risk
        self._span = (own, until)
        self.group: Ints = np.where(self.event, own, -1)               # the death group of a row with the event
        # terms
        dead_weight = np.add.reduceat(self.weight[self._dead], self._first)
        if ties == "efron":
            self.term: Ints = np.repeat(np.arange(len(group_key)), self._tied)
            within = np.arange(len(self.term)) - np.repeat(np.cumsum(self._tied) - self._tied, self._tied)
            self.share: Floats = within / self._tied[self.term]
            self.term_weight: Floats = (dead_weight / self._tied)[self.term]
        else:
            self.term, self.share, self.term_weight = np.arange(len(group_key)), np.zeros(len(group_key)), dead_weight
        self._term_first = np.searchsorted(self.term, np.arange(len(group_key)))

    # ------------------------------------------------------------------------------------------------ sums
    def at_risk(self, values: Floats) -> Floats:
        """Sum of ``values`` (rows, ...) over each term's denominator, the tied events taken off by their share."""
        total = _cumulative(values)
        whole = total[self._risk[1]] - total[self._risk[0]]
        if self._entered is not None:
            by_entry, start, stop = self._entered
            late = _cumulative(values[by_entry])
            whole = whole - (late[stop] - late[start])
        tied = np.add.reduceat(values[self._dead], self._first, axis=0)
        share = self.share.reshape((-1,) + (1,) * (values.ndim - 1))
        return np.asarray(whole[self.term] - share * tied[self.term])

    def spread(self, of_terms: Floats) -> Floats:
        """What the terms give to each row in their denominators, summed: (rows, ...) from (terms, ...)."""
        total = _cumulative(np.add.reduceat(of_terms, self._term_first, axis=0))
        given = total[self._span[1]] - total[self._span[0]]
        share = self.share.reshape((-1,) + (1,) * (of_terms.ndim - 1))
        taken = np.add.reduceat(share * of_terms, self._term_first, axis=0)
        given[self.event] -= taken[self.group[self.event]]
        return np.asarray(given)

    # ------------------------------------------------------------------------------------------------ likelihood and derivatives
    def terms(self, beta: Floats) -> Terms:
        """Everything at ``beta``; the log-likelihood is -inf where exp(eta) overflows or underflows."""
        eta = self.x @ beta
        middle = float(eta[self.event].mean())
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            hazard = self.weight * np.exp(eta - middle)
            below = self.at_risk(hazard)
            value = float((self.weight * (eta - middle))[self.event].sum() - (self.term_weight * np.log(below)).sum())
            mean = self.at_risk(hazard[:, None] * self.x) / below[:, None]
            good = np.isfinite(value) and bool((below > 0).all()) and bool(np.isfinite(mean).all())
            return Terms(value if good else -np.inf, hazard, self.term_weight / below, mean)

    def score(self, t: Terms, of_terms: Floats | None = None) -> Floats:
        """The gradient; with ``of_terms`` g, the sum of g (x - mean) over the events."""
        g = np.ones(len(self.term)) if of_terms is None else of_terms
        own = (np.add.reduceat(g, self._term_first) / np.diff(np.append(self._term_first, len(g))))[self.group[self._dead]]
        return np.asarray((self.weight[self._dead] * own) @ self.x[self._dead] - (self.term_weight * g) @ t.mean)

    def information(self, t: Terms, of_terms: Floats | None = None) -> Floats:
        """The observed information, minus the second derivative; with ``of_terms``, each term's part times g."""
        g = np.ones(len(self.term)) if of_terms is None else of_terms
        w = t.hazard * self.spread(g * t.rate)
        return np.asarray((self.x * w[:, None]).T @ self.x - (t.mean * (g * self.term_weight)[:, None]).T @ t.mean)

    def residuals(self, t: Terms) -> Floats:
        """Score residuals (therneau1990), unweighted, in the order of the rows as given."""
        per_death = self._mean_of_group(t.mean)
        out = -(t.hazard / self.weight)[:, None] * (self.x * self.spread(t.rate)[:, None] - self.spread(t.mean * t.rate[:, None]))
        out[self._dead] += self.x[self._dead] - per_death[self.group[self._dead]]
        back = np.empty_like(out)
        back[self.order] = out
        return back

    def schoenfeld(self, t: Terms) -> tuple[Floats, Ints, Floats]:
        """Times and strata of the events, in ascending order within a stratum, and x less its mean at risk, averaged over tied terms."""
        r = self.x[self._dead] - self._mean_of_group(t.mean)[self.group[self._dead]]
        order = np.lexsort((self.time[self._dead], self.stratum[self._dead]))
        return self.time[self._dead][order], self.stratum[self._dead][order], np.asarray(r[order])

    def _mean_of_group(self, of_terms: Floats) -> Floats:
        count = np.diff(np.append(self._term_first, len(self.term)))
        return np.asarray(np.add.reduceat(of_terms, self._term_first, axis=0) / count[:, None])


def _cumulative(values: Floats) -> Floats:
    """Cumulative sums along the rows, beginning with 0."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
