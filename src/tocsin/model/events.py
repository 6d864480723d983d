"""What happens to patients from outside: doses at once, infusions, and inputs that are set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.system import System

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Events:
    """Events of all patients, in any order; each array has one element an event.

    patient: the row of the patient; time: day; target: the number of a name in ``names``; amount; duration: days.

    - On a state, with duration 0: ``amount`` is added to the state at that time.
    - On an input, with a duration: ``amount`` is given evenly over it; the input rises by amount / duration and falls by as much at the end.
      Infusions that overlap add up.
    - On an input, with duration 0: the input is set to ``amount`` from then on.

    An event comes after the output of its own time: a value at the time of a dose is the one before it.
    """

    patient: Integers
    time: Floats
    target: Integers
    amount: Floats
    duration: Floats
    names: tuple[str, ...] = ()

    @classmethod
    def none(cls) -> Events:
        """No event."""
        return cls.of(())

    @classmethod
    def of(cls, rows: Iterable[tuple[int, float, str, float] | tuple[int, float, str, float, float]]) -> Events:
        """Events from rows (patient, time in days, state or input, amount[, duration in days])."""
        full = [(*row, 0.0)[:5] for row in rows]
        return cls.make([r[0] for r in full], [r[1] for r in full], [r[2] for r in full], [r[3] for r in full], [r[4] for r in full])

    @classmethod
    def make(cls, patient: ArrayLike, time: ArrayLike, target: str | Sequence[str], amount: ArrayLike, duration: ArrayLike = 0.0) -> Events:
        """Events from columns; a single value stands for every event."""
        listed = [target] if isinstance(target, str) else list(target)
        names = tuple(dict.fromkeys(listed))
        number = {name: k for k, name in enumerate(names)}
        codes = np.array(0 if isinstance(target, str) else [number[t] for t in listed], np.int64)
        at, size, lasts = (np.asarray(column, np.float64) for column in (time, amount, duration))
        columns: tuple[Any, ...] = (np.asarray(patient, np.int64), at, codes, size, lasts)
        try:
            shape = np.broadcast_shapes((1,) if all(np.ndim(c) == 0 for c in columns) else (), *(np.shape(c) for c in columns))
        except ValueError:
            lengths = ", ".join(str(np.size(c)) for c in columns)
            raise ModelError(f"The columns patient, time, target, amount and duration have {lengths} elements.\n  Give as many, or one value.") from None
        p, t, c, a, d = (np.ascontiguousarray(np.broadcast_to(column, shape)).reshape(-1) for column in columns)
        return cls(p, t, c, a, d, names)

    def __len__(self) -> int:
        return len(self.patient)

    def where(self, keep: NDArray[np.bool_]) -> Events:
        """Those for which ``keep`` (events,) holds."""
        return Events(self.patient[keep], self.time[keep], self.target[keep], self.amount[keep], self.duration[keep], self.names)

    def __add__(self, other: Events) -> Events:
        """These and others."""
        names = tuple(dict.fromkeys((*self.names, *other.names)))
        moved = np.array([names.index(n) for n in other.names], np.int64)
        target = np.concatenate([self.target, moved[other.target] if len(other) else other.target])
        return Events(np.concatenate([self.patient, other.patient]), np.concatenate([self.time, other.time]), target,
                      np.concatenate([self.amount, other.amount]), np.concatenate([self.duration, other.duration]), names)


@dataclass(frozen=True)
class Changes:
    """Events as the compiled loop takes them, sorted by patient and time.

    The changes of patient i are ``start[i]`` to ``start[i + 1]``.  ``target``: a state, to which the amount is added; or (number of states) + an input, to
    which it is added; or (states + inputs) + an input, which is set to it.
    """

    start: Integers
    time: Floats
    target: Integers
    amount: Floats

    @classmethod
    def of(cls, n: int, patient: Integers, time: Floats, target: Integers, amount: Floats) -> Changes:
        """Changes in any order, of ``n`` patients; of those of one patient at one time the ends of infusions, which alone are below 0, come first."""
        order = np.lexsort((amount >= 0, time, patient))
        start = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(patient, minlength=n), out=start[1:])
        return cls(start, time[order], target[order], amount[order])

    @classmethod
    def none(cls, n: int) -> Changes:
        """No change of ``n`` patients."""
        return cls(np.zeros(n + 1, np.int64), np.zeros(0), np.zeros(0, np.int64), np.zeros(0))

    def and_also(self, other: Changes, since: Floats) -> Changes:
        """Those that do not lie behind the day ``since`` at which each patient stands, and others."""
        n = len(since)
        mine, theirs = (np.repeat(np.arange(n), np.diff(c.start)) for c in (self, other))
        left = self.time >= since[mine]
        return Changes.of(n, np.concatenate([mine[left], theirs]), np.concatenate([self.time[left], other.time]),
                          np.concatenate([self.target[left], other.target]), np.concatenate([self.amount[left], other.amount]))

    def __getitem__(self, patients: slice | Integers) -> Changes:
        """The changes of the patients of these rows; a row may come twice."""
        rows = np.arange(len(self.start) - 1)[patients]
        sizes = self.start[rows + 1] - self.start[rows]
        start = np.concatenate([[0], np.cumsum(sizes)])
        of = np.repeat(self.start[rows] - start[:-1], sizes) + np.arange(start[-1])
        return Changes(start, self.time[of], self.target[of], self.amount[of])


def changes(events: Events, system: System, n: int) -> Changes:
    """The changes that events of ``n`` patients mean; ModelError names the first event that is impossible."""
    states, inputs = system.state_names, system.input_names
    for name in events.names:
        if name not in states and name not in inputs:
            raise UnknownIdError("state or input", name, (*states, *inputs))
    _possible(events, n)
    place = np.array([states.index(t) if t in states else len(states) + inputs.index(t) for t in events.names], np.int64)
    target = place[events.target]
    on_input, lasts = target >= len(states), events.duration > 0
    _refuse(events, lasts & ~on_input, lambda i: (
        f"{_name(events, i)} is a state, and an infusion goes to an input.\n  Give it at once, or name the input of its rate."
    ))
    rate = events.amount / np.where(lasts, events.duration, 1.0)
    kind = np.where(on_input & ~lasts, target + len(inputs), target)
    ends = (events.time + events.duration)[lasts]
    return Changes.of(n, np.concatenate([events.patient[lasts], events.patient]), np.concatenate([ends, events.time]),
                      np.concatenate([kind[lasts], kind]), np.concatenate([-rate[lasts], rate]))


def _possible(events: Events, n: int) -> None:
    _refuse(events, (events.patient < 0) | (events.patient >= n), lambda i: f"there are patients 0 to {n - 1}.")
    _refuse(events, ~np.isfinite(events.time), lambda i: f"its time is {events.time[i]}.\n  Give a day as a number.")
    _refuse(events, ~np.isfinite(events.amount), lambda i: f"its amount is {events.amount[i]}.\n  Give an amount as a number.")
    _refuse(events, events.amount < 0, lambda i: f"its amount {events.amount[i]:g} is negative, and nothing can be taken out of a patient.")
    _refuse(events, ~(np.isfinite(events.duration) & (events.duration >= 0)), lambda i: f"its duration is {events.duration[i]} days.\n  Give 0 or more days.")


def _refuse(events: Events, wrong: NDArray[np.bool_], why: Callable[[int], str]) -> None:
    if wrong.any():
        i = int(np.flatnonzero(wrong)[0])
        raise ModelError(f"Patient {events.patient[i]}, {_name(events, i)} on day {events.time[i]:g}: {why(i)}")


def _name(events: Events, i: int) -> str:
    return str(events.names[events.target[i]])
