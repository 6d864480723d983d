"""A table made line by line: texts as printed, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tocsin.cohort.parts import TablePart


class Lines:
    """Rows of text under ``columns``; ``numbers`` are what machines read, one record each."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self.rows: list[list[str]] = []
        self.numbers: list[dict[str, object]] = []

    def heading(self, text: str) -> None:
        self.rows.append([text, *[""] * (len(self.columns) - 1)])

    def add(self, *cells: str) -> None:
        """A row under the last heading."""
        self.rows.append(["  " + cells[0], *cells[1:]])

    def whole(self, *cells: str) -> None:
        """A row that belongs to no heading."""
        self.rows.append(list(cells))

    @property
    def filled(self) -> list[list[str]]:
        """The rows without headings under which there is nothing."""
        heads = [not any(row[1:]) and not row[0].startswith("  ") for row in self.rows]
        return [row for row, head, after in zip(self.rows, heads, [*heads, True][1:], strict=True) if not (head and after)]

    def number(self, **values: object) -> None:
        self.numbers.append(values)

    def table(self, table_id: str, title: str, notes: Sequence[str] = ()) -> TablePart:
        """The table as a part of a section."""
        frame = pl.DataFrame(self.filled, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        numbers = pl.DataFrame(self.numbers, infer_schema_length=None, strict=False) if self.numbers else None
        return TablePart(table_id, title, frame, numbers, tuple(notes))
