"""The rows of a timeline gathered concept by concept as arrays, and made one sorted table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.model.noise import normal, uniform
from tocsin.timeline import EVENTS
from tocsin.vocabulary import CONCEPTS

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
Objects = npt.NDArray[np.object_]

HOUR_STEP = 1.0
ORIGIN = "virtual"
"""The origin of every row of a virtual patient."""
_NAMES = tuple(CONCEPTS)
_CODE = {name: i for i, name in enumerate(_NAMES)}


def runs(level: F64) -> tuple[I64, I64, I64]:
    """Stretches of one level above 0 in (patients, hours): row, first column, one past the last column."""
    n, m = level.shape
    edge = np.ones((n, m + 1), np.bool_)
    edge[:, 1:m] = level[:, 1:] != level[:, :-1]
    who, at = np.nonzero(edge)
    first = np.flatnonzero((at < m) & (level[who, np.minimum(at, m - 1)] > 0)) if m else np.zeros(0, np.int64)
    return who[first].astype(np.int64), at[first].astype(np.int64), at[first + 1].astype(np.int64) if len(first) else first


class Rows:
    """Rows of a timeline at whole ``hours``.

    ``numbers`` are the patients' own numbers, by which their noise is found.
    No row is before ``start``, and none of a patient at ``stop`` (patients,) or later.
    """

    def __init__(self, hours: F64, numbers: I64, seed: int, start: float, stop: F64) -> None:
        self.stop = stop
        self.hours = np.asarray(hours, np.float64)
        self.start = start
        self.new = self.hours >= start
        self._numbers, self._seed = numbers, seed
        self._whole = np.round(self.hours).astype(np.int64)
        self._parts: list[tuple[int, I64, F64, F64 | None, F64 | None, Objects | None, I8 | None, str | None]] = []

    def every(self, step: float) -> I64:
        """The new hours that are multiples of ``step``."""
        return np.flatnonzero((np.mod(self.hours, step) == 0) & self.new)

    def daily(self) -> I64:
        """The hours at which a day begins."""
        return np.flatnonzero(np.mod(self.hours, 24.0) == 0)

    def normal(self, what: str, when: I64) -> F64:
        """Standard normal noise (patients, hours)."""
        return normal(self._seed, what, self._numbers[:, None], self._whole[when][None, :])

    def uniform(self, what: str, when: I64) -> F64:
        """Uniform noise (patients, hours)."""
        return uniform(self._seed, what, self._numbers[:, None], self._whole[when][None, :])

    def add(self, concept: str, who: I64, hour: F64, *, end: F64 | None = None, value: F64 | None = None, text: Objects | None = None,
            censored: I8 | None = None, site: str | None = None) -> None:
        """Rows of one concept, one an entry of the arrays; ``end`` is NaN where there is none."""
        if len(who):
            self._parts.append((_CODE[concept], who.astype(np.int64), np.asarray(hour, np.float64), end, value, text, censored, site))

    def measured(self, concept: str, when: I64, value: F64, digits: int | None, censored: npt.NDArray[np.int64] | None = None,
                 patients: I64 | None = None) -> None:
        """Values (patients, hours) of one concept, rounded to ``digits``."""
        who = np.arange(len(value)) if patients is None else patients
        flat = (value if digits is None else np.round(value, digits)).ravel()
        self.add(concept, np.repeat(who, len(when)), np.tile(self.hours[when], len(who)), value=flat,
                 censored=None if censored is None else censored.ravel().astype(np.int8))

    def frame(self, ids: Sequence[str]) -> pl.DataFrame:
        """The events, sorted by patient and hour."""
        sizes = [len(p[1]) for p in self._parts]
        total = sum(sizes)
        concept = np.repeat(np.array([p[0] for p in self._parts], np.int64), sizes)
        who = np.concatenate([p[1] for p in self._parts]) if total else np.zeros(0, np.int64)
        hour = np.concatenate([p[2] for p in self._parts]) if total else np.zeros(0)
        end, value, censored = np.full(total, np.nan), np.full(total, np.nan), np.zeros(total, np.int8)
        words: list[pl.Series] = []
        sites: list[pl.Series] = []
        at = 0
        for part, size in zip(self._parts, sizes, strict=True):
            for array, given in ((end, part[3]), (value, part[4]), (censored, part[6])):
                if given is not None:
                    array[at:at + size] = given
            words.append(pl.Series(values=part[5], dtype=pl.String) if part[5] is not None else pl.repeat(None, size, dtype=pl.String, eager=True))
            sites.append(pl.repeat(part[7], size, dtype=pl.String, eager=True))
            at += size
        order = np.lexsort((concept, hour, who))
        order = order[hour[order] < self.stop[who[order]]]
        frame = pl.DataFrame({
            "patient": pl.Series(list(ids), dtype=pl.Enum(list(ids))).gather(who[order]), "hour": hour[order],
            "end_hour": pl.Series(end[order]).fill_nan(None), "concept": pl.Series(_NAMES, dtype=pl.Enum(_NAMES)).gather(concept[order]),
            "value": pl.Series(value[order]).fill_nan(None),
            "text": (pl.concat(words) if words else pl.Series([], dtype=pl.String)).gather(order), "censored": censored[order],
            "site": (pl.concat(sites) if sites else pl.Series([], dtype=pl.String)).gather(order),
        })
        return frame.with_columns(pl.lit("unknown").alias("attribution"), pl.lit(ORIGIN).alias("origin")).select(
            [c for c in EVENTS if c in (*frame.columns, "attribution", "origin")])
