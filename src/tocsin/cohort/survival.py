"""Follow-up of patients to an event: right-censored, left-truncated, of one cause or of several that compete.

A patient is followed over the half-open interval (entry, time]: whoever enters at t is at risk only after t, whoever leaves at t is
still at risk at t.  Rows of one patient that follow one another (a covariate that changes) are written the same way; this is the
counting-process form of Andersen and Gill (andersen1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.errors import CohortError

CITES = ("andersen1982:counting-process form",)
"""The paper behind the form of the data."""

NEAR = float(np.sqrt(np.finfo(float).eps))
"""Times closer than this (absolutely, or relative to the mean time) are one time, as R's survival has it: 0.1 + 0.2 ties with 0.3."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Survival:
    """Time and event of each row, with the time of entry where follow-up does not begin at 0; make one with ``Survival.of``.

    ``time`` is NaN where time, event or entry is unknown; analyses leave such rows out and say how many.  ``event`` is 0 for
    censored, k for the k-th of ``causes``.  ``entry`` is None where everybody is followed from the start.
    """

    time: Floats
    event: Ints
    entry: Floats | None = None
    causes: tuple[str, ...] = ("event",)
    known: Bools = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", np.isfinite(self.time))
        for a in (self.time, self.event, self.entry, self.known):
            if a is not None:
                a.setflags(write=False)

    @staticmethod
    def of(time: npt.ArrayLike, event: npt.ArrayLike, entry: npt.ArrayLike | None = None, causes: Sequence[str] = ("event",)) -> Survival:
        """Checked follow-up; CohortError says what is wrong with the first row that cannot be.

        Args:
            time: end of follow-up, in any one unit, 0 or more; None or NaN where unknown.
            event: 0 or False for censored, 1 or True for the event, 2 and so on for the further causes; None or NaN where unknown.
            entry: when the row comes under observation (left truncation, or the start of an interval of the row), before its time.
            causes: the names of the events 1, 2, ...
        """
        t, e = numbers(time, "time"), numbers(event, "event")
        begin = None if entry is None else numbers(entry, "entry")
        for name, a in (("event", e), ("entry", begin)):
            if a is not None and len(a) != len(t):
                raise CohortError(f"time has {len(t)} values and {name} has {len(a)}: one is needed for each row.")
        if not causes or len(set(causes)) != len(causes):
            raise CohortError(f"The causes need one name each, all different; given: {list(causes)}.")
        unknown = np.isnan(t) | np.isnan(e) | (np.isnan(begin) if begin is not None else False)
        _refuse(~unknown & np.isinf(t), t, "time {} is not a number: censor at the last contact instead.")
        _refuse(~unknown & (t < 0), t, "time {} is negative: follow-up ends before it begins (are dates swapped?).")
        allowed = np.isin(e, np.arange(len(causes) + 1))
        coded = " (coded 1 = censored, 2 = event, as some files are? subtract 1)" if set(np.unique(e[~unknown])) == {1.0, 2.0} else ""
        _refuse(~unknown & ~allowed, e, f"event {{}} is not one of 0 (censored) to {len(causes)} ({causes[-1]}){coded}.")
        times = np.concatenate([t[~unknown]] + ([begin[~unknown]] if begin is not None else []))
        times = _near_ties_made_one(times)
        t = np.where(unknown, np.nan, t)
        t[~unknown] = times[: int((~unknown).sum())]
        if begin is not None:
            begin = np.where(unknown, np.nan, begin)
            begin[~unknown] = times[int((~unknown).sum()):]
            _refuse(~unknown & (begin >= t), begin, "entry {} is not before the end of follow-up: such a row is never at risk; leave it out.")
        return Survival(t, np.where(unknown, 0, e).astype(np.int64), begin, tuple(causes))

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: npt.ArrayLike) -> Survival:
        """The rows of a mask or of indices."""
        r = np.asarray(rows)
        return Survival(self.time[r], self.event[r], None if self.entry is None else self.entry[r], self.causes)

    def of_cause(self, cause: str) -> Survival:
        """Follow-up to one cause, the others censored: what a cause-specific hazard is about."""
        code = self.code(cause)
        return Survival(self.time.copy(), (self.event == code).astype(np.int64), _copy(self.entry), (cause,))

    def any_cause(self) -> Survival:
        """Follow-up to whatever comes first."""
        name = self.causes[0] if len(self.causes) == 1 else " or ".join(self.causes)
        return Survival(self.time.copy(), (self.event > 0).astype(np.int64), _copy(self.entry), (name,))

    def of_censoring(self) -> Survival:
        """Follow-up to the end of observation, events censored: the reverse Kaplan-Meier (schemper1996) of the follow-up time."""
        return Survival(self.time.copy(), (self.event == 0).astype(np.int64), _copy(self.entry), ("end of observation",))

    def code(self, cause: str) -> int:
        """The number of a cause; CohortError names those there are."""
        if cause not in self.causes:
            raise CohortError(f"There is no cause {cause!r}; there are {', '.join(self.causes)}.")
        return self.causes.index(cause) + 1

    def one_cause(self) -> None:
        """CohortError where causes compete and one has to be chosen first."""
        if len(self.causes) > 1:
            raise CohortError(f"The events are of several causes ({', '.join(self.causes)}): choose any_cause(), or of_cause(...) knowing that "
                              "1 - Kaplan-Meier of one cause overstates its incidence; cumulative_incidence respects the others.")


# ---------------------------------------------------------------------------------------------------- reading columns
def numbers(values: npt.ArrayLike, name: str) -> Floats:
    """A column as floats, None as NaN; CohortError where it is not one column of numbers."""
    try:
        given: Any = values
        column = given if isinstance(given, np.ndarray) else list(given)
        made = np.array(column, np.float64)
    except (TypeError, ValueError):
        raise CohortError(f"{name} is not a column of numbers.") from None
    if made.ndim != 1:
        raise CohortError(f"{name} has {made.ndim} dimensions: one column is needed.")
    return made


def groups_of(values: Iterable[object], rows: int, name: str, levels: Sequence[object] | None = None) -> tuple[Ints, tuple[str, ...]]:
    """Each row's group as a number (-1 where unknown), and the groups' names.

    The order is that of ``levels``, or sorted; a value that ``levels`` lacks is refused.
    """
    column = np.asarray(values).tolist() if isinstance(values, np.ndarray) else list(values)
    if len(column) != rows:
        raise CohortError(f"{name} has {len(column)} values for {rows} rows: one is needed for each row.")
    missing = [v is None or v != v for v in column]
    found = {v for v, m in zip(column, missing, strict=True) if not m}
    if levels is None:
        try:
            order = sorted(found)
        except TypeError:
            order = sorted(found, key=str)
    else:
        order = list(levels)
        if stray := found - set(order):
            raise CohortError(f"{name} has {', '.join(sorted(map(repr, stray)))}, which is not among its levels {', '.join(map(repr, order))}.")
    number = {v: i for i, v in enumerate(order)}
    codes = np.array([-1 if m else number[v] for v, m in zip(column, missing, strict=True)], np.int64)
    return codes, tuple(_shown(v) for v in order)


def _shown(value: object) -> str:
    """A level as people write it: 1.0 is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def nobody(kept: Bools, what: str) -> None:
    """CohortError where no row is left to analyse."""
    if not kept.any():
        raise CohortError(f"Nobody of {len(kept)} rows has {what}: there is nothing to analyse.")


def _refuse(bad: Bools, values: Floats, message: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        more = int(bad.sum()) - 1
        raise CohortError(f"Row {row + 1}: {message.format(f'{values[row]:g}')}" + (f" {more} more row{'s' if more > 1 else ''} like it." if more else ""))


def _near_ties_made_one(times: Floats) -> Floats:
    """Times that differ only by rounding, each replaced by the smallest of its run."""
    distinct = np.unique(times)
    if len(distinct) < 2:
        return times
    steps = np.diff(distinct)
    scale = float(np.mean(np.abs(distinct)))
    tied = (steps <= NEAR) | (steps <= NEAR * scale)
    if not tied.any():
        return times
    firsts = distinct[np.concatenate([[True], ~tied])]
    return np.asarray(firsts[np.searchsorted(firsts, times, side="right") - 1], np.float64)


def _copy(a: Floats | None) -> Floats | None:
    return None if a is None else a.copy()
