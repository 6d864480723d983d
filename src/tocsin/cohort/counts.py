"""Tables of counts: checked once, for every test and estimate that takes one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tocsin.errors import CohortError

Counts = npt.NDArray[np.int64]


def counts_of(table: npt.ArrayLike, shape: tuple[int, int] | None = None) -> Counts:
    """A two-way table as whole numbers; CohortError unless it has two dimensions, whole non-negative counts and the ``shape`` asked for."""
    values = np.asarray(table)
    if values.ndim != 2 or not values.size:
        raise CohortError("a table of counts has rows and columns: [[exposed with, exposed without], [others with, others without]]")
    if not np.issubdtype(values.dtype, np.number) or np.any(~np.isfinite(values.astype(float))) or np.any(values != np.floor(values.astype(float))):
        raise CohortError(f"counts are whole numbers, not {values.tolist()}")
    if (values < 0).any():
        raise CohortError(f"counts are not negative: {values.tolist()}")
    if shape is not None and values.shape != shape:
        raise CohortError(f"this needs a {shape[0]} x {shape[1]} table of counts, not {values.shape[0]} x {values.shape[1]}")
    return values.astype(np.int64)


def without_empty(table: Counts) -> Counts:
    """The table without rows and columns in which nobody is: they say nothing about an association."""
    kept: Counts = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return kept


def expected(table: Counts) -> npt.NDArray[np.float64]:
    """The counts expected without an association; the table must not be empty."""
    total = table.sum()
    return np.outer(table.sum(axis=1), table.sum(axis=0)).astype(float) / float(total)


def level_of(level: float) -> float:
    """A confidence level between 0 and 1; CohortError for a percentage."""
    if not 0.0 < level < 1.0:
        raise CohortError(f"a confidence level lies between 0 and 1 (0.95 for 95 %), not {level}")
    return level
