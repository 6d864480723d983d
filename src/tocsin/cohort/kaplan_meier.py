"""Kaplan-Meier curves (kaplan1958) with Greenwood's variance, medians, numbers at risk and restricted means, as R's survfit gives them.

With d events among n at risk at each time, S(t) = prod (1 - d/n) and var log S(t) = sum d / (n (n - d)) (greenwood1926).  Limits are
made on one of three scales and carried back:

    log (R's default)   log S,            S exp(-+ z se / S), at most 1
    log-log             log(-log S),      S ^ exp(+- z se / (S log S)); undefined where S is 1 or 0
    plain               S itself,         S -+ z se, kept within 0 and 1

The median is the first time with S <= 1/2.  Where S is exactly 1/2 (within rounding) until a later drop, it is the middle of that
flat stretch; where the curve ends so, the time at which it got there (the convention of R's ``print.survfit``).  Its limits read the limits of
the curve in the same way (brookmeyer1982), and None means that the curve does not come down that far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.cohort.result import Estimate
from tocsin.cohort.survival import NEAR, Bools, Floats, Ints, Survival, groups_of, nobody, numbers
from tocsin.cohort.tails import reach, two_sided
from tocsin.errors import CohortError, SettingError

CITES = ("kaplan1958:product-limit estimate", "greenwood1926:variance", "brookmeyer1982:limits of the median", "klein2003:4.3, limits on three scales")
REVERSE_CITES = ("schemper1996:reverse Kaplan-Meier",)
MEAN_CITES = ("klein2003:4.5, restricted mean", "royston2013:difference of restricted means")
FEW_AT_RISK = 5
"""A risk set smaller than this that takes a left-truncated curve to 0 gets a warning (a choice of this software)."""

Interval = Literal["log", "log-log", "plain"]
INTERVALS: tuple[Interval, ...] = ("log", "log-log", "plain")


@dataclass(frozen=True, eq=False)
class At:
    """A curve read at given times (one value each); all but ``at_risk`` are NaN after the last follow-up."""

    time: Floats
    at_risk: Ints
    survival: Floats
    std_error: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """One Kaplan-Meier curve: a row at each time at which somebody leaves.

    ``n`` rows with ``n_events`` events; ``std_error`` is that of S (NaN where S is 0).
    """

    label: str
    n: int
    n_events: int
    time: Floats
    at_risk: Ints
    events: Ints
    censored: Ints
    survival: Floats
    std_error: Floats
    lower: Floats
    upper: Floats
    interval: Interval
    confidence: float
    warnings: tuple[str, ...] = ()
    exits: Floats = field(repr=False, default_factory=lambda: np.zeros(0))
    entries: Floats = field(repr=False, default_factory=lambda: np.zeros(0))

    @property
    def median(self) -> Estimate:
        """The median time with its limits, in the unit of the data."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> Estimate:
        """The time by which ``share`` have had the event, with its limits; read as the median is."""
        if not 0.0 < share < 1.0:
            raise SettingError(f"A quantile is asked for a share between 0 and 1 (0.5 is the median); given: {share:g}.")
        value, low, high = (_first_at_or_below(c, self.time, 1.0 - share) for c in (self.survival, self.lower, self.upper))
        never = () if value is not None else (f"{self.label}: fewer than {100 * share:g}% had the event by the estimate; the quantile is not reached.",)
        return Estimate("median" if share == 0.5 else f"{100 * share:g}% quantile", value, low, high, self.confidence,
                        f"Kaplan-Meier, {self.interval} limits", cites=CITES, warnings=never)

    def at(self, times: npt.ArrayLike) -> At:
        """Survival with limits and the number at risk (just before) at each of ``times``."""
        t = numbers(times, "times")
        i = np.searchsorted(self.time, t, side="right")
        beyond = t > self.time[-1]

        def read(column: Floats, start: float) -> Floats:
            return np.where(beyond, np.nan, np.concatenate([[start], column])[i])

        return At(t, self.at_risk_at(t), read(self.survival, 1.0), read(self.std_error, 0.0), read(self.lower, 1.0), read(self.upper, 1.0))

    def at_risk_at(self, times: npt.ArrayLike) -> Ints:
        """How many are under observation and without the event just before each time (at 0: all who are followed from there)."""
        t = numbers(times, "times")
        return _at_risk(t, self.exits, self.entries)

    def restricted_mean(self, until: float | None = None) -> Estimate:
        """Mean time without the event up to ``until`` (the last follow-up if None): the area under the curve.

        A curve that ends before ``until`` above 0 is carried on flat, as R does, and a warning says so.
        """
        end = float(self.time[-1]) if until is None else float(until)
        if not end > 0.0:
            raise SettingError(f"A restricted mean needs a time above 0 to run to; given: {end:g}.")
        kept = self.time <= end
        time, s = np.append(self.time[kept], end), np.append(1.0, self.survival[kept])
        area = np.diff(time, prepend=0.0) * s
        later = np.cumsum(area[::-1])[::-1][1:]                       # the area after each time
        n, d = self.at_risk[kept].astype(float), self.events[kept].astype(float)
        hazard = np.divide(d, n * (n - d), out=np.zeros(len(n)), where=n > d)
        value, error = float(area.sum()), sqrt(float((later**2 * hazard).sum()))
        wide = reach(self.confidence) * error
        flat = end > self.time[-1] and self.survival[-1] > 0.0
        warned = (f"{self.label}: follow-up ends at {self.time[-1]:g}, before {end:g}; the curve is carried on flat.",) if flat else ()
        return Estimate(f"restricted mean up to {end:g}", value, value - wide, value + wide, self.confidence, "area under Kaplan-Meier, normal limits",
                        cites=MEAN_CITES, warnings=warned)


@dataclass(frozen=True)
class KaplanMeier:
    """The curves of the groups, what was left out for want of time, event or group, and how it was done."""

    curves: tuple[Curve, ...]
    interval: Interval
    confidence: float
    dropped: int
    method: str
    warnings: tuple[str, ...]
    cites: tuple[str, ...] = CITES

    def __getitem__(self, label: str) -> Curve:
        for c in self.curves:
            if c.label == label:
                return c
        raise CohortError(f"There is no group {label!r}; there are {', '.join(c.label for c in self.curves)}.")

    def restricted_means(self, until: float | None = None) -> tuple[Estimate, ...]:
        """The restricted mean of each curve up to one common time (the last follow-up of all if None)."""
        end = max(float(c.time[-1]) for c in self.curves) if until is None else until
        return tuple(c.restricted_mean(end) for c in self.curves)


def kaplan_meier(data: Survival, groups: Iterable[object] | None = None, *, interval: Interval = "log", confidence: float = 0.95,
                 levels: Sequence[object] | None = None) -> KaplanMeier:
    """The Kaplan-Meier curve of everybody, or of each group (in the order of ``levels``, or sorted)."""
    data.one_cause()
    if interval not in INTERVALS:
        raise SettingError(f"Limits of a Kaplan-Meier curve are made on the scale {', '.join(INTERVALS)}; given: {interval!r}.")
    z = reach(confidence)
    codes, names = (np.zeros(len(data), np.int64), ("all",)) if groups is None else groups_of(groups, len(data), "groups", levels)
    kept = data.known & (codes >= 0)
    nobody(kept, "a known time, event and group")
    curves: list[Curve] = []
    warned: list[str] = []
    for g, name in enumerate(names):
        here = kept & (codes == g)
        if here.any():
            curves.append(_curve(name, data, here, interval, confidence, z))
            warned += curves[-1].warnings
        else:
            warned.append(f"{name}: nobody has a known time and event; there is no curve.")
    method = f"Kaplan-Meier estimate with {100 * confidence:g}% limits on the {interval} scale (Greenwood's variance)"
    return KaplanMeier(tuple(curves), interval, confidence, int((~kept).sum()), method, tuple(warned))


def median_follow_up(data: Survival, confidence: float = 0.95) -> Estimate:
    """The median time under observation by reverse Kaplan-Meier: follow-up that an event cut short counts as censored."""
    found = kaplan_meier(data.of_censoring(), confidence=confidence).curves[0].median
    return Estimate("median follow-up", found.value, found.low, found.high, confidence, "reverse Kaplan-Meier, log limits", cites=CITES + REVERSE_CITES)


def restricted_mean_difference(first: Curve, second: Curve, until: float) -> tuple[Estimate, float]:
    """Restricted mean of ``first`` less that of ``second``, with the two-sided p-value of their being equal (NaN where neither varies)."""
    a, b = first.restricted_mean(until), second.restricted_mean(until)
    (one, one_high), (two, two_high) = _value_and_high(a), _value_and_high(b)
    value, wide = one - two, sqrt((one_high - one) ** 2 + (two_high - two) ** 2)
    found = Estimate(f"difference of restricted means up to {until:g}, {first.label} - {second.label}", value, value - wide, value + wide, first.confidence,
                     "areas under Kaplan-Meier, normal limits", cites=MEAN_CITES, warnings=a.warnings + b.warnings)
    return found, two_sided(value / (wide / reach(first.confidence))) if wide > 0 else float("nan")


def _value_and_high(found: Estimate) -> tuple[float, float]:
    return (float("nan") if found.value is None else found.value, float("nan") if found.high is None else found.high)


# ---------------------------------------------------------------------------------------------------- the estimate
def _curve(label: str, data: Survival, here: Bools, interval: Interval, confidence: float, z: float) -> Curve:
    time, happened = data.time[here], data.event[here] > 0
    exits = np.sort(time)
    entries = np.zeros(0) if data.entry is None else np.sort(data.entry[here])
    distinct, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=happened, minlength=len(distinct)).astype(np.int64)
    leaving = np.bincount(place, minlength=len(distinct)).astype(np.int64)
    at_risk = _at_risk(distinct, exits, entries)
    n, d = at_risk.astype(float), events.astype(float)
    s = np.cumprod(1.0 - d / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_error = np.sqrt(np.cumsum(d / (n * (n - d))))
        error = s * log_error
    lower, upper = limits(s, log_error, interval, z)
    warned: list[str] = []
    if not happened.any():
        warned.append(f"{label}: no event among {len(time)}; the curve stays at 1 and has no error.")
    zero = np.flatnonzero(s <= 0.0)
    if len(entries) and len(zero) and at_risk[zero[0]] < FEW_AT_RISK and (zero[0] + 1 < len(s) or entries[-1] > distinct[zero[0]]):
        warned.append(f"{label}: the curve falls to 0 at {distinct[zero[0]]:g} with {at_risk[zero[0]]} at risk, because others entered later; "
                      "start it later, or read it with care.")
    return Curve(label, len(time), int(happened.sum()), distinct, at_risk, events, leaving - events, s, error, lower, upper, interval, confidence,
                 tuple(warned), exits, entries)


def _at_risk(times: Floats, exits: Floats, entries: Floats) -> Ints:
    """Those who leave at or after each time, less those who have not entered before it; entry at 0 or before is no truncation."""
    staying = len(exits) - np.searchsorted(exits, times, side="left")
    absent = len(entries) - np.searchsorted(entries, np.where(times <= 0, np.nextafter(0.0, 1.0), times), side="left")
    return np.asarray(np.maximum(staying - absent, 0), np.int64)


def limits(s: Floats, log_error: Floats, interval: Interval, z: float) -> tuple[Floats, Floats]:
    """Confidence limits of a survival probability with the standard error of its logarithm; NaN where they are not defined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if interval == "plain":
            wide = z * s * log_error
            return np.maximum(s - wide, 0.0), np.minimum(s + wide, 1.0)
        logs = np.log(np.where(s > 0, s, np.nan))
        if interval == "log":
            return np.exp(logs - z * log_error), np.minimum(np.exp(logs + z * log_error), 1.0)
        logs = np.where(s < 1, logs, np.nan)
        shift = z * log_error / logs
        return np.exp(-np.exp(np.log(-logs) - shift)), np.exp(-np.exp(np.log(-logs) + shift))


def _first_at_or_below(curve: Floats, time: Floats, height: float) -> float | None:
    """The time at which a curve comes down to a height; the middle of a flat stretch that lies exactly there."""
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(curve < height + NEAR)
    if not len(below):
        return None
    first = below[0]
    if abs(curve[first] - height) < NEAR:
        drops = below[curve[below] < curve[first]]
        if len(drops):
            return float(time[first] + time[drops[0]]) / 2.0
    return float(time[first])
