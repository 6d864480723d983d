"""Covariates as a matrix: numbers as they are, categories as indicators against a reference level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.cohort.survival import Bools, Floats, groups_of, numbers
from tocsin.errors import CohortError

Covariates = Mapping[str, Iterable[object]]


@dataclass(frozen=True, eq=False)
class Design:
    """``x`` (rows, columns) with NaN in a row of which something is unknown; ``terms`` are the columns of each covariate."""

    x: Floats
    columns: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    references: dict[str, str]
    """The reference level of each category."""


def design(covariates: Covariates, rows: int, levels: Mapping[str, Sequence[object]] | None = None) -> Design:
    """The matrix of covariates.

    A column of text is a category, and so is one whose levels are given; the first level (as given, or sorted) is the reference.
    True and False count as 1 and 0.  CohortError where a column has the wrong length.
    """
    levels = levels or {}
    if not covariates:
        raise CohortError("A regression needs at least one covariate.")
    if stray := set(levels) - set(covariates):
        raise CohortError(f"Levels are given for {', '.join(sorted(stray))}, which is not among the covariates {', '.join(covariates)}.")
    parts: list[Floats] = []
    names: list[str] = []
    terms: dict[str, tuple[int, ...]] = {}
    references: dict[str, str] = {}
    for name, given in covariates.items():
        values = given.tolist() if isinstance(given, np.ndarray) else list(given)
        if name in levels or any(isinstance(v, str) for v in values):
            codes, found = groups_of(values, rows, name, levels.get(name))
            if not found:
                raise CohortError(f"{name} is unknown for everybody.")
            references[name] = found[0]
            block = (codes[:, None] == np.arange(1, len(found))).astype(float)
            block[codes < 0] = np.nan
            labels = [f"{name}: {level}" for level in found[1:]]
        else:
            column = numbers(np.array(values, dtype=object), name)
            if len(column) != rows:
                raise CohortError(f"{name} has {len(column)} values for {rows} rows: one is needed for each row.")
            if np.isinf(column).any():
                raise CohortError(f"{name} has an infinite value.")
            block, labels = column[:, None], [name]
        terms[name] = tuple(range(len(names), len(names) + len(labels)))
        names += labels
        parts.append(block)
    return Design(np.hstack(parts), tuple(names), terms, references)


def check_columns(d: Design, kept: Bools) -> None:
    """CohortError for a column that is the same for everybody, or that others determine: its coefficient does not exist."""
    x = d.x[kept]
    for term, columns in d.terms.items():
        if not columns:
            raise CohortError(f"{term} is {d.references.get(term, 'the same')} for everybody: it cannot be a covariate.")
    for j, name in enumerate(d.columns):
        if np.ptp(x[:, j]) == 0:
            raise CohortError(f"{name} is the same ({x[0, j]:g}) for all {len(x)} rows that can be used: it cannot be a covariate.")
    centred = x - x.mean(axis=0)
    basis: list[Floats] = []
    for j, name in enumerate(d.columns):
        v = centred[:, j] / np.linalg.norm(centred[:, j])
        for b in basis:
            v = v - (b @ v) * b
        size = float(np.linalg.norm(v))
        if size < 1e-7:
            raise CohortError(f"{name} is determined by the covariates before it ({', '.join(d.columns[:j])}): leave one of them out.")
        basis.append(v / size)
