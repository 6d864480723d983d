"""What the table of patients tells in its own columns: yes or no, numbers; read strictly, because a misread "no" is a patient in the wrong arm."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from tocsin.errors import CohortError
from tocsin.vocabulary import value_key
from tocsin.vocabulary.concept import PRESENCE_ALIASES

_YES = {"present": True, "given": True, "absent": False, "not given": False, "ja": True, "nein": False, "oui": True, "non": False,
        **{word: says == "present" for word, says in PRESENCE_ALIASES.items()}}
NOT_TOLD = frozenset({"", "unknown", "na", "n/a", "nan", "not known", "missing", "not evaluable", "not evaluated", "not assessed", "not done", "ne", "nd"})
_GRADE = re.compile(r"(?:(?:grade|grad|gr|g)\.?\s*)?([0-5])(?:\.0+)?", re.IGNORECASE)
_NO_MORE: Mapping[str, bool] = MappingProxyType({})


def refuse(patient: str, column: str, value: object, why: str) -> CohortError:
    """The error that one cell of the table of patients cannot be used."""
    said = f"{value:g}" if isinstance(value, float) else value if isinstance(value, int) else repr(value)
    return CohortError(f"table of patients, patient {patient}: {column} is {said}; {why}")


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


def yes_no(table: pl.DataFrame, column: str, words: Mapping[str, bool] = _NO_MORE, hint: str = "write yes or no (or 1 or 0)") -> pl.Series:
    """A column of yes and no (1 and 0, true and false, and what ``words`` adds); null where it is not told or there is no such column.

    CohortError for another word or number.
    """
    if column not in table.columns:
        return pl.Series(column, [None] * len(table), dtype=pl.Boolean)
    given = table[column]
    if given.dtype == pl.Boolean:
        return given
    read = [_one(value, column, patient, words, hint) for value, patient in zip(given.to_list(), table["patient"].to_list(), strict=True)]
    return pl.Series(column, read, dtype=pl.Boolean)


def _one(value: object, column: str, patient: str, words: Mapping[str, bool], hint: str) -> bool | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    word = f"{value:g}" if isinstance(value, int | float) else str(value).strip().lower()
    if word in NOT_TOLD:
        return None
    known = words.get(word, _YES.get(word, _YES.get(value_key(word))))
    if known is None:
        raise refuse(patient, column, value, f"{hint}, or leave it empty")
    return known


def grade(table: pl.DataFrame, column: str) -> pl.Series:
    """A column of grades, 0 to 5 ("2", "grade 2"); null where it is not told.  CohortError for anything else: a range is no grade."""
    given = table[column].cast(pl.String).str.strip_chars()
    read: list[int | None] = []
    for value, patient, cell in zip(given.to_list(), table["patient"].to_list(), table[column].to_list(), strict=True):
        if value is None or value.lower() in NOT_TOLD:
            read.append(None)
            continue
        found = _GRADE.fullmatch(value)
        if found is None:
            raise refuse(patient, column, cell, "a highest grade is one whole number from 0 to 5; leave it empty where it is not settled")
        read.append(int(found[1]))
    return pl.Series(column, read, dtype=pl.Int64)


def amount(table: pl.DataFrame, column: str) -> pl.Series:
    """A column of numbers that cannot be negative; null where it is not told or there is no such column.  CohortError for anything else."""
    if column not in table.columns:
        return pl.Series(column, [None] * len(table), dtype=pl.Float64)
    given = table[column]
    if given.dtype == pl.String:
        plain = pl.col(column).str.strip_chars()
        given = table.select(pl.when(plain.str.to_lowercase().is_in(list(NOT_TOLD))).then(None).otherwise(plain).alias(column))[column]
    numbers = given.cast(pl.Float64, strict=False).fill_nan(None)
    odd = (given.is_not_null() & numbers.is_null() & ~_nan(given)) | (numbers < 0).fill_null(False) | numbers.is_infinite().fill_null(False)
    if odd.any():
        where = int(odd.arg_max() or 0)
        raise refuse(table["patient"][where], column, given[where], "it is a number from 0 on, or empty")
    return numbers.rename(column)


def _nan(given: pl.Series) -> pl.Series:
    return given.is_nan().fill_null(False) if given.dtype.is_float() else pl.Series([False] * len(given))
