"""A collector of events: blocks of one concept of one patient, made into one table at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.timeline import EVENTS

Floats = npt.NDArray[np.float64]
ORIGIN = "synthetic"
"""What stands as the origin of every event."""


class Rows:
    """The events of many patients; patients come one after another, and the table is sorted by hour within each."""

    def __init__(self) -> None:
        self._patients: list[str] = []
        self._words: dict[str, int] = {}
        self._parts: list[tuple[int, int, int, int, int, int]] = []
        self._hours: list[Floats] = []
        self._ends: list[Floats] = []
        self._values: list[Floats] = []
        self._texts: list[npt.NDArray[np.int32]] = []
        self._notes: list[int] = []

    def patient(self, name: str) -> None:
        """What follows is about this patient."""
        self._patients.append(name)

    def add(
        self, concept: str, hour: Floats | float, value: Floats | float | None = None, *, text: Sequence[str] | str | None = None,
        end: Floats | float | None = None, attribution: str = "unknown", site: str = "", censored: int = 0, note: str = "",
    ) -> None:
        """Events of one concept at these hours; numbers and texts are one for each hour or one for all."""
        hours = np.atleast_1d(np.asarray(hour, float))
        n = len(hours)
        if not n:
            return
        self._hours.append(hours)
        self._values.append(_filled(value, n))
        self._ends.append(_filled(end, n))
        codes = self._word(text) if text is None or isinstance(text, str) else [self._word(w) for w in text]
        self._texts.append(np.full(n, codes, np.int32))
        self._parts.append((len(self._patients) - 1, self._word(concept), self._word(attribution), self._word(site or None), censored, n))
        self._notes.append(self._word(note or None))

    def frame(self) -> pl.DataFrame:
        """All events with the columns of EVENTS, patients in the order told."""
        words = pl.Series(list(self._words), dtype=pl.String)
        parts = np.array(self._parts, np.int64).reshape(-1, 6)
        many = parts[:, 5]
        who = np.repeat(parts[:, 0], many)

        def said(codes: npt.NDArray[np.int64]) -> pl.Series:
            return words.gather(pl.Series(codes).replace(-1, None)) if len(words) else pl.Series([], dtype=pl.String)

        hours = np.round(np.concatenate([*self._hours, np.zeros(0)]), 2)
        table = pl.DataFrame({
            "patient": pl.Series(self._patients, dtype=pl.String).gather(who),
            "hour": hours,
            "end_hour": np.round(np.concatenate([*self._ends, np.zeros(0)]), 2),
            "concept": said(np.repeat(parts[:, 1], many)),
            "value": np.concatenate([*self._values, np.zeros(0)]),
            "text": said(np.concatenate([*self._texts, np.zeros(0, np.int32)]).astype(np.int64)),
            "censored": pl.Series(np.repeat(parts[:, 4], many)).cast(pl.Int8),
            "attribution": said(np.repeat(parts[:, 2], many)),
            "site": said(np.repeat(parts[:, 3], many)),
            "note": said(np.repeat(np.array(self._notes, np.int64), many)),
        }).with_columns(
            pl.col("end_hour", "value").fill_nan(None), pl.lit(None, pl.Float64).alias("hour_latest"), pl.lit(ORIGIN).alias("origin"),
        ).select(list(EVENTS))
        return table[np.lexsort((hours, who))]

    def _word(self, word: str | None) -> int:
        return -1 if word is None else self._words.setdefault(word, len(self._words))


def _filled(value: Floats | float | None, n: int) -> Floats:
    if isinstance(value, np.ndarray):
        return value.astype(np.float64)
    return np.full(n, np.nan if value is None else value)
