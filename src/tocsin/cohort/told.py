"""What the table of patients tells in its own columns: yes or no, numbers; read strictly, because a misread "no" is a patient in the wrong arm."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from tocsin.errors import CohortError
from tocsin.vocabulary import value_key
from tocsin.vocabulary.concept import PRESENCE_ALIASES

_YES = {"present": True, "given": True, "absent": False, "not given": False, "ja": True, "nein": False, "oui": True, "non": False,
        **{word: says == "present" for word, says in PRESENCE_ALIASES.items()}}
NOT_TOLD = frozenset({"", "unknown", "na", "n/a", "nan", "not known", "missing", "not evaluable", "not evaluated", "not assessed", "not done", "ne", "nd"})
_GRADE = re.compile(r"(?:(?:grade|grad|gr|g)\.?\s*)?(\d+(?:\.\d+)?)", re.IGNORECASE)
HIGHEST = 5
"""The highest grade of any scale (CTCAE and Lee 2014 count death as grade 5)."""
_DAYS = ("onset_day", "max_day", "end_day", "duration_days")
_AMOUNTS = ("os_days", "pfs_days", "follow_up_days", "tocilizumab_doses", "tocilizumab_mg", "methylprednisolone_mg", "filgrastim_ug")
_DIED = {"dead": "yes", "died": "yes", "death": "yes", "deceased": "yes", "living": "no", "alive": "no", "censored": "no"}
_PROGRESSED = {**dict.fromkeys(("progression", "progressed", "relapse", "relapsed", "pd", "recurrence"), "progression"),
               **dict.fromkeys(("death", "dead", "died", "deceased"), "death"), "alive": "no", "censored": "no", "event": "yes"}
SAME_DAY = 1.0
"""Days by which progression-free survival may outlast overall survival: the rounding of two dates."""


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


def yes_no(table: pl.DataFrame, column: str, hint: str = "write yes or no (or 1 or 0)") -> pl.Series:
    """A column of yes and no (1 and 0, true and false); null where it is not told or there is no such column.  CohortError for another word or number."""
    if column not in table.columns:
        return pl.Series(column, [None] * len(table), dtype=pl.Boolean)
    given = table[column]
    if given.dtype == pl.Boolean:
        return given
    read = [_one(value, column, patient, hint) for value, patient in zip(given.to_list(), table["patient"].to_list(), strict=True)]
    return pl.Series(column, read, dtype=pl.Boolean)


def _one(value: object, column: str, patient: str, hint: str) -> bool | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    word = f"{value:g}" if isinstance(value, int | float) else str(value).strip().lower()
    if word in NOT_TOLD:
        return None
    known = _YES.get(word, _YES.get(value_key(word)))
    if known is None:
        raise refuse(patient, column, value, f"{hint}, or leave it empty")
    return known


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


def checked(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its columns of grades, days and events read: numbers, and events by the words yes, no, progression and death.

    CohortError names the patient and the cell that cannot be: a grade that is no whole number from 0 to 5, a time before the infusion, an end before its
    onset, a duration without CRS, survival without progression that outlasts survival.
    """
    read: list[pl.Series] = []
    for name in table.columns:
        if name.endswith("_max_grade"):
            read.append(_grade(table, name))
        elif name in _AMOUNTS or any(name == f"{s}_{d}" for s in ("crs", "icans") for d in _DAYS):
            read.append(amount(table, name))
        elif name in ("infection", "gvhd", "tocilizumab", "corticosteroids", "filgrastim"):
            read.append(yes_no(table, name))
        elif name == "os_event":
            read.append(yes_no(_in_words(table, name, _DIED), name))
        elif name == "pfs_event":
            read.append(_first_event(table))
    out = table.with_columns(read)
    for s in ("crs", "icans"):
        _refuse(out, f"{s}_end_day", f"{s}_onset_day", lambda end, onset: end < onset, "is before")
        _refuse(out, f"{s}_max_day", f"{s}_onset_day", lambda top, onset: top < onset, "is before")
        _refuse(out, f"{s}_duration_days", f"{s}_max_grade", lambda days, grade: (grade == 0) & (days > 0), "goes with")
        _refuse(out, f"{s}_onset_day", f"{s}_max_grade", lambda onset, grade: (grade == 0) & (onset > 0), "goes with")
    _refuse(out, "pfs_days", "os_days", lambda pfs, os: pfs > os + SAME_DAY, "is after")
    return out


def _grade(table: pl.DataFrame, column: str) -> pl.Series:
    """Grades as numbers: 2, "2", "grade 2"; a range is no grade."""
    read: list[float | None] = []
    for value, said, patient in zip(table[column].cast(pl.String).to_list(), table[column].to_list(), table["patient"].to_list(), strict=True):
        if value is None or value.strip().lower() in NOT_TOLD:
            read.append(None)
            continue
        found = _GRADE.fullmatch(value.strip())
        if found is None or float(found[1]) > HIGHEST or not float(found[1]).is_integer():
            raise refuse(patient, column, said, f"a grade is a whole number from 0 to {HIGHEST}; leave it empty where it is not settled")
        read.append(float(found[1]))
    return pl.Series(column, read, dtype=pl.Float64)


def _in_words(table: pl.DataFrame, column: str, words: dict[str, str]) -> pl.DataFrame:
    """The table with other words of a column of texts in their place."""
    if table.schema[column] != pl.String:
        return table
    plain = pl.col(column).str.strip_chars().str.to_lowercase()
    return table.with_columns(plain.replace(words).alias(column))


def _first_event(table: pl.DataFrame) -> pl.Series:
    """Progression, death, "event" for a bare yes, "none" for last contact; null where it is not told."""
    plain = _in_words(table, "pfs_event", _PROGRESSED)
    named = plain.select(x=pl.col("pfs_event").cast(pl.String).is_in(["progression", "death"]).fill_null(False))["x"]
    rest = plain.with_columns(pfs_event=pl.when(named).then(None).otherwise("pfs_event"))
    bare = yes_no(rest, "pfs_event", "write progression, death or no")
    return plain.select(pl.when(named).then(pl.col("pfs_event").cast(pl.String)).when(bare).then(pl.lit("event")).when(~bare).then(pl.lit("none"))
                        .alias("pfs_event")).to_series()


def _refuse(table: pl.DataFrame, one: str, other: str, wrong: Callable[[pl.Expr, pl.Expr], pl.Expr], says: str) -> None:
    """CohortError for the first patient of whom both are told and cannot be together."""
    if one not in table.columns or other not in table.columns:
        return
    found = table.filter(wrong(pl.col(one), pl.col(other)).fill_null(False))
    if len(found):
        raise CohortError(f"table of patients, patient {found['patient'][0]}: {one} ({found[one][0]:g}) {says} {other} ({found[other][0]:g}); "
                          "correct one of them, or leave it empty")


def _nan(given: pl.Series) -> pl.Series:
    return given.is_nan().fill_null(False) if given.dtype.is_float() else pl.Series([False] * len(given))
