"""Exposures that begin during follow-up, a drug given because of the course, told apart from those present at its start.

Whoever gets a drug on day 3 has, by that, lived event-free to day 3.  To count those days as "treated" gives the treated a span in which they
could not have an event: immortal time (suissa2008).  Two analyses respect it.  *Time-dependent*: a patient is unexposed until
the exposure and exposed after it (therneau2000); the rows suit ``cox``, ``log_rank`` (the test of mantel1974) and
``kaplan_meier`` (the curves of simon1984, where patients change from one to the other).  *Landmark* (anderson1983): only who is still without the event at a
chosen time is compared, by what had been given up to then, from then on.  Neither undoes confounding by indication: who is sicker is treated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tocsin.cohort.survival import Bools, Floats, Ints, Survival, numbers
from tocsin.errors import CohortError

CITES = ("suissa2008:immortal time", "therneau2000:3.7, time-dependent covariates", "mantel1974:test", "simon1984:curves")
LANDMARK_CITES = ("anderson1983:landmark", "suissa2008:immortal time")
BEFORE = -1.0
"""Entry of those followed from the start, where an event at 0 is to count: everybody is at risk just before 0."""

IMMORTAL_TIME = (
    "Patients who received the treatment had to be alive and without the event until it was given. Counting them as treated from the start would credit "
    "the treatment with that time, in which they could not have had the event (immortal time), and favour it even if it does nothing. "
    "Here they count as untreated until the first dose and as treated from it on."
)
"""For the methods paragraph of a time-dependent analysis."""

LANDMARK = (
    "Only patients under observation and without the event at the landmark are compared, grouped by the treatment received up to then, and followed from "
    "then on; treatment begun later does not change the group. What happened before the landmark is not part of the comparison, and the landmark "
    "has to be chosen without looking at the results."
)
"""For the methods paragraph of a landmark analysis."""


@dataclass(frozen=True, eq=False)
class Split:
    """Follow-up split at each dose: rows in counting-process form.

    ``row`` is the row of the data each comes from (the patient, for ``cluster`` and to carry covariates over), ``doses`` how many had been given before the
    row begins.  ``after_end`` counts doses at or after the end of follow-up, which change nothing.  ``dropped`` rows had no known time or event.
    """

    survival: Survival
    row: Ints
    doses: Ints
    after_end: int
    dropped: int
    cites: tuple[str, ...] = CITES

    @property
    def exposed(self) -> Bools:
        """Whether a dose had been given before the row begins."""
        return self.doses > 0

    def carry(self, column: Iterable[object]) -> list[object]:
        """A column of the data, for the split rows."""
        values = column.tolist() if isinstance(column, np.ndarray) else list(column)
        return [values[i] for i in self.row]


@dataclass(frozen=True, eq=False)
class Landmark:
    """Those under observation and without an event at the landmark, followed from it.

    ``row`` is the row of the data; ``exposed`` says whether exposure began at or before the landmark.  Who is not in: ``had_event`` and
    ``lost`` before it (or at it), ``entered_later``, ``dropped`` (no known time or event).  ``exposed_later`` are compared as unexposed.
    """

    at: float
    survival: Survival
    row: Ints
    exposed: Bools
    had_event: int
    lost: int
    entered_later: int
    exposed_later: int
    dropped: int
    cites: tuple[str, ...] = LANDMARK_CITES


@dataclass(frozen=True)
class ImmortalTime:
    """Person-time before exposure of those ever exposed, which "ever treated against never" would count as treated.

    ``share`` is its part of all the person-time of the exposed.
    """

    patients: int
    total: float
    share: float

    @property
    def sentence(self) -> str:
        """For a report."""
        return (f"{self.patients} exposed patients contribute {self.total:g} units of time before their exposure, {100 * self.share:.1f}% of their follow-up: "
                "immortal time, if they were counted as exposed from the start.")


def split_at_exposure(data: Survival, exposures: Iterable[object]) -> Split:
    """Split follow-up at exposures.

    Each row has the time of its first exposure, all its times of doses, or None (NaN, an empty list) where there was none.  A dose at t counts after
    t, so an event at the very time of the dose is unexposed; a dose before or at the entry counts from the start.
    """
    given = [_times(v, i) for i, v in enumerate(exposures)]
    if len(given) != len(data):
        raise CohortError(f"exposures has {len(given)} values for {len(data)} rows: one is needed for each row (None where there was none).")
    start, stop, event, row, doses = [], [], [], [], []
    begin = _entries(data)
    after = 0
    for i in np.flatnonzero(data.known):
        low, high = float(begin[i]), float(data.time[i])
        inside = np.unique(given[i][(given[i] > max(low, 0.0)) & (given[i] < high)])
        after += int((given[i] >= high).sum())
        cuts = [low, *inside, high]
        for k in range(len(cuts) - 1):
            start.append(cuts[k])
            stop.append(cuts[k + 1])
            event.append(int(data.event[i]) if k == len(cuts) - 2 else 0)
            row.append(i)
            doses.append(int((given[i] <= max(cuts[k], 0.0)).sum()))
    return Split(Survival.of(stop, event, start, data.causes), np.array(row, np.int64), np.array(doses, np.int64), after, int((~data.known).sum()))


def landmark(data: Survival, first_exposure: Iterable[object], at: float) -> Landmark:
    """The data of a landmark analysis at time ``at``; ``first_exposure`` is None or NaN where there was none."""
    first = _first(data, first_exposure)
    if not (np.isfinite(at) and at >= 0):
        raise CohortError(f"A landmark is a time of follow-up, 0 or later; given: {at:g}.")
    entered = np.ones(len(data), bool) if data.entry is None else ~(data.entry > at)
    gone = data.known & (data.time <= at)
    kept = data.known & ~gone & entered
    if not kept.any():
        raise CohortError(f"Nobody is under observation and without the event at the landmark {at:g}.")
    rows = np.flatnonzero(kept)
    return Landmark(float(at), Survival.of(data.time[rows] - at, data.event[rows], causes=data.causes), rows, first[rows] <= at,
                    int((gone & (data.event > 0)).sum()), int((gone & (data.event == 0)).sum()), int((data.known & ~gone & ~entered).sum()),
                    int((first[rows] > at).sum()), int((~data.known).sum()))


def immortal_time(data: Survival, first_exposure: Iterable[object]) -> ImmortalTime:
    """How much immortal time "ever against never exposed" would count as exposed."""
    first = _first(data, first_exposure)
    begin = np.maximum(_entries(data), 0.0)
    ever = data.known & (first < data.time)
    before = np.maximum(first[ever] - begin[ever], 0.0)
    whole = float((data.time[ever] - begin[ever]).sum())
    total = float(before.sum())
    return ImmortalTime(int(ever.sum()), total, total / whole if whole > 0 else 0.0)


def _entries(data: Survival) -> Floats:
    """When each row begins."""
    if data.entry is not None:
        return data.entry
    return np.full(len(data), BEFORE if bool((data.time == 0).any()) else 0.0)


def _first(data: Survival, first_exposure: Iterable[object]) -> Floats:
    first = numbers(np.array(list(first_exposure), dtype=object), "first_exposure")
    if len(first) != len(data):
        raise CohortError(f"first_exposure has {len(first)} values for {len(data)} rows: one is needed for each row (None where there was none).")
    return np.where(np.isnan(first), np.inf, first)


def _times(value: object, row: int) -> Floats:
    """The doses of one row, without unknown ones."""
    many = value if isinstance(value, list | tuple | np.ndarray) else [value]
    try:
        made = np.array([np.nan if v is None else v for v in many], np.float64)
    except (TypeError, ValueError):
        raise CohortError(f"Row {row + 1}: {value!r} is not a time of exposure.") from None
    return made[~np.isnan(made)]
