"""Times of many patients on one line, so that sets of intervals are joined and asked about as arrays.

An interval is half-open: it holds from its start up to, but not at, its end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """Every patient has a piece of the line of his own; times outside ``first`` to ``last`` are put at its edge."""

    first: float
    last: float

    @property
    def width(self) -> float:
        """The length of a piece, with room between two patients."""
        return self.last - self.first + 2.0

    def place(self, patient: I64, hour: F64) -> F64:
        """Where an hour of a patient lies."""
        return patient * self.width + (np.clip(hour, self.first, self.last) - self.first)

    def patient(self, place: F64) -> I64:
        """Whose piece it is."""
        return np.floor(place / self.width).astype(np.int64)

    def hour(self, place: F64) -> F64:
        """The hour at a place."""
        return place - self.patient(place) * self.width + self.first


@dataclass(frozen=True, slots=True)
class Spans:
    """Intervals on the line; they may overlap."""

    start: F64
    end: F64

    @classmethod
    def of(cls, start: F64, end: F64) -> Spans:
        """Those of the intervals that are not empty."""
        real = end > start
        return cls(np.sort(start[real]), np.sort(end[real]))

    def holds(self, at: F64) -> Bools:
        """Whether each place lies in any of the intervals."""
        begun, ended = np.searchsorted(self.start, at, "right"), np.searchsorted(self.end, at, "right")
        return np.asarray(begun > ended)

    @property
    def edges(self) -> F64:
        """Where any of them begins or ends."""
        return np.concatenate([self.start, self.end])
