"""Cumulative incidence where causes compete, by Aalen and Johansen (aalen1978), with its variance.

F_k(t) = sum over event times of S(t-) d_k / n, with S the survival from all causes: the share that has had event k by t in a world in
which the others happen too.  1 - Kaplan-Meier with the others censored is larger, and is nobody's share.  The variance is Aalen's with the
correction for ties of Gray's program (R's cmprsk), for event k and the others pooled; limits are made on the scale log(-log F)
and stay within 0 and 1.  A cause-specific hazard is modelled with ``cox`` of ``Survival.of_cause``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tocsin.cohort.survival import Bools, Floats, Ints, Survival, groups_of, nobody, numbers
from tocsin.cohort.tails import reach
from tocsin.errors import CohortError

CITES = ("aalen1978:cumulative incidence", "aalen1978b:variance", "klein2003:4.7, competing risks")


@dataclass(frozen=True, eq=False)
class Incidence:
    """Cumulative incidence of one cause in one group: a row at each time at which anything happens.

    ``n`` patients with ``n_events`` of this cause and ``n_competing`` of others; limits are NaN while the incidence is 0.
    """

    label: str
    cause: str
    n: int
    n_events: int
    n_competing: int
    time: Floats
    at_risk: Ints
    events: Ints
    incidence: Floats
    variance: Floats
    lower: Floats
    upper: Floats
    confidence: float
    last: float = field(repr=False)

    @property
    def std_error(self) -> Floats:
        """Of the incidence."""
        return np.sqrt(self.variance)

    def at(self, times: npt.ArrayLike) -> IncidenceAt:
        """The curve at given times; NaN after the last follow-up."""
        t = numbers(times, "times")
        i = np.searchsorted(self.time, t, side="right")

        def read(column: Floats, start: float) -> Floats:
            return np.where(t > self.last, np.nan, np.concatenate([[start], column])[i])

        return IncidenceAt(t, read(self.incidence, 0.0), read(self.variance, 0.0), read(self.lower, np.nan), read(self.upper, np.nan))


@dataclass(frozen=True, eq=False)
class IncidenceAt:
    """Incidence, variance and limits at given times."""

    time: Floats
    incidence: Floats
    variance: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class CumulativeIncidence:
    """A curve for each group and cause, and how it was done."""

    curves: tuple[Incidence, ...]
    dropped: int
    method: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...] = CITES

    def curve(self, cause: str, label: str = "all") -> Incidence:
        """The curve of a cause in a group."""
        for c in self.curves:
            if (c.cause, c.label) == (cause, label):
                return c
        raise CohortError(f"There is no curve of {cause!r} in {label!r}; there are {', '.join(f'{c.cause} in {c.label}' for c in self.curves)}.")


def cumulative_incidence(data: Survival, groups: Iterable[object] | None = None, *, levels: Sequence[object] | None = None,
                         confidence: float = 0.95) -> CumulativeIncidence:
    """The cumulative incidence of every cause, of everybody or by group."""
    z = reach(confidence)
    codes, names = (np.zeros(len(data), np.int64), ("all",)) if groups is None else groups_of(groups, len(data), "groups", levels)
    kept = data.known & (codes >= 0)
    nobody(kept, "a known time, event and group")
    curves: list[Incidence] = []
    warned: list[str] = []
    for g, name in enumerate(names):
        here = kept & (codes == g)
        if not here.any():
            warned.append(f"{name}: nobody has a known time and event; there is no curve.")
            continue
        for k, cause in enumerate(data.causes, start=1):
            curves.append(_curve(name, cause, k, data, here, confidence, z))
            if not curves[-1].n_events:
                warned.append(f"{name}: nobody had {cause}; its incidence stays at 0 and has no error.")
    method = f"Aalen-Johansen cumulative incidence with {100 * confidence:g}% limits on the log-log scale"
    return CumulativeIncidence(tuple(curves), int((~kept).sum()), method, tuple(warned))


def _curve(label: str, cause: str, k: int, data: Survival, here: Bools, confidence: float, z: float) -> Incidence:
    time, event = data.time[here], data.event[here]
    times = np.unique(time[event > 0])
    n = len(time) - np.searchsorted(np.sort(time), times, side="left")
    if data.entry is not None:
        n = n - (len(time) - np.searchsorted(np.sort(data.entry[here]), times, side="left"))
    mine = np.bincount(np.searchsorted(times, time[event == k]), minlength=len(times))
    others = np.bincount(np.searchsorted(times, time[(event > 0) & (event != k)]), minlength=len(times))
    s = np.asarray(np.cumprod(1.0 - (mine + others) / n), np.float64)
    before = np.concatenate([[1.0], s[:-1]])[: len(times)]
    f = np.asarray(np.cumsum(before * mine / n), np.float64)
    variance = _variance(n.astype(float), mine, others, before, s, f)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide = z * np.sqrt(variance) / (f * np.log(f))
        lower, upper = f ** np.exp(-wide), f ** np.exp(wide)
        none = (f <= 0) | (f >= 1)
    return Incidence(label, cause, len(time), int(mine.sum()), int(others.sum()), times, n.astype(np.int64), mine.astype(np.int64), f, variance,
                     np.where(none, np.nan, lower), np.where(none, np.nan, upper), confidence, float(time.max()))


def _variance(n: Floats, mine: Ints, others: Ints, before: Floats, s: Floats, f: Floats) -> Floats:
    """Aalen's variance of F at each time t.

    A cause-k event at u moves F(t) by (S(u) + F(u) - F(t)) / S(u) units of S(u-) dM / n, another one by (F(u) - F(t)) / S(u); each counts its
    binomial variance, with (d - 1) / (n - 1) taken off for ties.  Expanded in powers of F(t), three cumulative sums serve all t.
    """
    inverse = np.divide(1.0, s, out=np.zeros(len(s)), where=s > 0)

    def moment(d: Ints) -> Floats:
        tie = 1.0 - np.divide(np.maximum(d - 1.0, 0.0), n - 1.0, out=np.zeros(len(n)), where=n > 1)
        return np.asarray(before**2 * tie * d / n**2)

    own, other = moment(mine), np.where(s > 0, moment(others), 0.0)
    a, b = 1.0 + inverse * f, inverse * f
    square = np.cumsum(a**2 * own + b**2 * other)
    mixed = np.cumsum(inverse * (a * own + b * other))
    plain = np.cumsum(inverse**2 * (own + other))
    return np.asarray(np.maximum(square + f**2 * plain - 2.0 * f * mixed, 0.0))
