"""What became of every row of a sheet: used, explained or quarantined, and the notes that tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tocsin.timeline import FileCount, Level, Note

MOST_ROWS_IN_A_NOTE = 1000
MOST_NOTES_OF_ONE_KIND = 20

_USED, _EXPLAINED, _BAD = 1, 2, 4


class Account:
    """The rows of one sheet and what became of each; ``count`` reconciles them."""

    def __init__(self, file: str, sha256: str, rows: pl.Series, others: int) -> None:
        self.file, self.sha256 = file, sha256
        self._rows = rows.to_numpy()
        self._others = others  # comments, blank lines, titles: explained by what they are
        self._flags = np.zeros(int(self._rows.max()) + 1 if len(self._rows) else 1, dtype=np.uint8)

    def _mark(self, rows: pl.Series | Sequence[int], flag: int) -> None:
        where = rows.to_numpy() if isinstance(rows, pl.Series) else np.asarray(rows, dtype=np.int64)
        self._flags[where] |= flag

    def used(self, rows: pl.Series | Sequence[int]) -> None:
        """These rows gave at least one event or fact."""
        self._mark(rows, _USED)

    def explained(self, rows: pl.Series | Sequence[int]) -> None:
        """These rows have nothing to give, and a note or their emptiness says why."""
        self._mark(rows, _EXPLAINED)

    def bad(self, rows: pl.Series | Sequence[int]) -> None:
        """Something in these rows could not be used."""
        self._mark(rows, _BAD)

    def count(self, events: int, ignored: Mapping[str, int] | None = None) -> FileCount:
        """The reconciliation; a row is quarantined only when nothing of it was used.  ``ignored``: irrelevant rows by code."""
        flags = self._flags[self._rows] if len(self._rows) else self._flags[:0]
        used = flags & _USED > 0
        bad = (flags & _BAD > 0) & ~used
        explained = (flags & _EXPLAINED > 0) & ~used & ~bad
        return FileCount(
            self.file, self.sha256, len(self._rows) + self._others, int(used.sum()), int(explained.sum()) + self._others,
            int(bad.sum()), events, dict(ignored or {}),
        )


@dataclass
class Notes:
    """The notes of one reading, in the order they were made."""

    notes: list[Note] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)  # units that nobody wrote, for the settings of the reading

    def add(
        self, level: Level, file: str, what: str, fix: str = "", rows: Iterable[int] | pl.Series = (), column: str = "", group: str = "",
        many: int | None = None,
    ) -> None:
        """One note about some rows; more than a thousand are counted and the first thousand listed.

        ``many``: how many rows it is about, where they are not listed.  ``group``: see ``Note``.
        """
        listed = sorted(set(rows.to_list() if isinstance(rows, pl.Series) else rows))
        many = len(listed) if many is None else many
        if len(listed) > MOST_ROWS_IN_A_NOTE:
            what = f"{what} ({len(listed)} rows in all)"
            listed = listed[:MOST_ROWS_IN_A_NOTE]
        where = f"column {column!r}: " if column and column.lower() not in what.lower() else ""
        self.notes.append(Note(level, file, tuple(listed), where + what, fix, column, many, group))

    def error(
        self, file: str, what: str, fix: str = "", rows: Iterable[int] | pl.Series = (), column: str = "", group: str = "", many: int | None = None,
    ) -> None:
        """A note about rows or cells in quarantine."""
        self.add(Level.ERROR, file, what, fix, rows, column, group, many)

    def warn(
        self, file: str, what: str, fix: str = "", rows: Iterable[int] | pl.Series = (), column: str = "", group: str = "", many: int | None = None,
    ) -> None:
        """A note about rows that were used and that a person should look at."""
        self.add(Level.WARNING, file, what, fix, rows, column, group, many)

    def tell(
        self, file: str, what: str, fix: str = "", rows: Iterable[int] | pl.Series = (), column: str = "", group: str = "", many: int | None = None,
    ) -> None:
        """A note about what was understood or converted."""
        self.add(Level.INFO, file, what, fix, rows, column, group, many)


def number(value: float) -> str:
    """A number as a person writes it: no trailing zeros, no binary dust."""
    return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.12g}"
