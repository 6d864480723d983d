"""What the table of patients tells in its own columns: yes or no, numbers; read strictly, because a misread "no" is a patient in the wrong arm."""

from __future__ import annotations

import polars as pl

from tocsin.errors import CohortError
from tocsin.vocabulary import value_key
from tocsin.vocabulary.concept import PRESENCE_ALIASES

_YES = {"present": True, "given": True, "absent": False, "not given": False, **{word: says == "present" for word, says in PRESENCE_ALIASES.items()}}
_NOT_TOLD = {"", "unknown", "na", "n/a", "not known", "missing"}


def by_patient(told: pl.DataFrame | None, patients: pl.Series) -> pl.DataFrame:
    """The table of patients in the order of ``patients``, whoever it does not name with nulls; CohortError without a column patient or for a second row."""
    wanted = pl.DataFrame({"patient": patients.cast(pl.String)})
    if told is None:
        return wanted
    if "patient" not in told.columns:
        raise CohortError(f"the table of patients has no column 'patient'; it has: {', '.join(told.columns)}")
    table = told.with_columns(pl.col("patient").cast(pl.String))
    if table["patient"].is_duplicated().any():
        raise CohortError(f"the table of patients has more than one row for {table.filter(table['patient'].is_duplicated())['patient'][0]!r}; keep one")
    return wanted.join(table, on="patient", how="left", maintain_order="left")


def yes_no(table: pl.DataFrame, column: str) -> pl.Series:
    """A column of yes and no (1 and 0, true and false); null where it is not told or there is no such column.  CohortError for another word or number."""
    if column not in table.columns:
        return pl.Series(column, [None] * len(table), dtype=pl.Boolean)
    given = table[column]
    if given.dtype == pl.Boolean:
        return given
    read = [_one(value, column, patient) for value, patient in zip(given.to_list(), table["patient"].to_list(), strict=True)]
    return pl.Series(column, read, dtype=pl.Boolean)


def _one(value: object, column: str, patient: str) -> bool | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    word = f"{value:g}" if isinstance(value, int | float) else str(value).strip().lower()
    if word in _NOT_TOLD:
        return None
    known = _YES.get(word, _YES.get(value_key(word)))
    if known is None:
        raise CohortError(f"table of patients, patient {patient}: {column} is {value!r}; write yes or no (or 1 or 0), or leave it empty")
    return known


def amount(table: pl.DataFrame, column: str) -> pl.Series:
    """A column of numbers that cannot be negative; null where it is not told or there is no such column.  CohortError for anything else."""
    if column not in table.columns:
        return pl.Series(column, [None] * len(table), dtype=pl.Float64)
    given = table[column]
    if given.dtype == pl.String:
        plain = pl.col(column).str.strip_chars()
        given = table.select(pl.when(plain.str.to_lowercase().is_in(list(_NOT_TOLD))).then(None).otherwise(plain).alias(column))[column]
    numbers = given.cast(pl.Float64, strict=False).fill_nan(None)
    odd = (given.is_not_null() & numbers.is_null() & ~_nan(given)) | (numbers < 0).fill_null(False) | numbers.is_infinite().fill_null(False)
    if odd.any():
        where = int(odd.arg_max() or 0)
        raise CohortError(f"table of patients, patient {table['patient'][where]}: {column} is {given[where]!r}; it is a number from 0 on")
    return numbers.rename(column)


def _nan(given: pl.Series) -> pl.Series:
    return given.is_nan().fill_null(False) if given.dtype.is_float() else pl.Series([False] * len(given))
