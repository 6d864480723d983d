"""Cells to events: numbers by column at once, unusual cells one distinct spelling at a time."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tocsin.errors import VocabularyError
from tocsin.sources.account import MOST_NOTES_OF_ONE_KIND, Account, Notes
from tocsin.sources.values import Meaning, NotTold, Problem, interpret
from tocsin.vocabulary import CONCEPTS, Kind

CELLS = ("row", "patient", "hour", "hour_latest", "end_hour", "concept", "value", "unit", "text", "attribution", "site", "note", "column")
_NUMERIC = frozenset(c.name for c in CONCEPTS.values() if c.unit is not None)
_DRUGS = frozenset(c.name for c in CONCEPTS.values() if c.kind in (Kind.DOSE, Kind.INFUSION))
_COMMA = r"^[-+]?\d+,\d+$"
_THOUSANDS = r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"


def decimal_of(values: pl.Series, given: str | None) -> tuple[str, str]:
    """The decimal sign ("." or "," or "auto" when no number has told) and how it is known."""
    if given is not None:
        return given, "given"
    commas = values.filter(values.str.contains(_COMMA).fill_null(False))
    if len(commas) and not commas.str.contains(_THOUSANDS).all():
        return ",", "comma, as in " + commas.filter(~commas.str.contains(_THOUSANDS))[0]
    return "auto", "point"


def numbers(cells: pl.DataFrame, decimal: str) -> pl.DataFrame:
    """The cells with ``number``: what a bare number in ``value`` is, null for anything else."""
    value = pl.col("value")
    if decimal == ",":
        bare = pl.when(value.str.contains(_COMMA)).then(value.str.replace(",", ".", literal=True)).when(
            value.str.contains(_THOUSANDS)).then(None).otherwise(value)
    else:
        bare = value
    number = bare.cast(pl.Float64, strict=False)
    return cells.with_columns(
        pl.when(number.is_finite() & pl.col("concept").is_in(sorted(_NUMERIC))).then(number).alias("number"),
        pl.lit(0, pl.Int8).alias("censored"),
    )


def read_cells(cells: pl.DataFrame, decimal: str, account: Account, notes: Notes) -> pl.DataFrame:
    """Every cell understood: columns of CELLS without ``value``, with ``number``, ``censored``; quarantined cells are gone."""
    return understood(numbers(cells, decimal), decimal, account, notes)


def understood(cells: pl.DataFrame, decimal: str, account: Account, notes: Notes) -> pl.DataFrame:
    """The same for cells whose bare numbers stand in ``number`` already: what is no bare number is read as words."""
    odd = cells.filter(pl.col("number").is_null())
    if not len(odd):
        return cells
    plain = cells.filter(pl.col("number").is_not_null())
    meant = _odd(odd.drop("number", "censored"), decimal, account, notes)
    return pl.concat([plain, meant.select(plain.columns)]) if len(meant) else plain


def _odd(odd: pl.DataFrame, decimal: str, account: Account, notes: Notes) -> pl.DataFrame:
    keys = ["concept", "value", "unit", "text"]
    distinct = odd.select(keys).unique(maintain_order=True).with_row_index("key")
    odd = odd.join(distinct, on=keys, how="left", nulls_equal=True, maintain_order="left")
    good: list[tuple[int, Meaning]] = []
    problems: dict[int, Problem] = {}
    silent: dict[int, str] = {}
    for key, concept, value, unit, text in distinct.iter_rows():
        answer = interpret(concept, value, unit, text, decimal)
        if isinstance(answer, Problem):
            problems[key] = answer
        elif isinstance(answer, NotTold):
            silent[key] = answer.word
        else:
            good += [(key, meaning) for meaning in answer]
    _tell_silent(odd, silent, account, notes)
    _tell_problems(odd, problems, account, notes)
    _tell_meanings(odd, good, account, notes)
    table = pl.DataFrame(
        [(key, m.concept, m.number, m.unit, m.text, m.censored, m.extra) for key, m in good], orient="row",
        schema={"key": pl.UInt32, "concept_": pl.String, "number": pl.Float64, "unit_": pl.String, "text_": pl.String,
                "censored": pl.Int8, "extra": pl.String},
    )
    meant = odd.with_columns(pl.col("key").cast(pl.UInt32)).join(table, on="key", how="inner", maintain_order="left_right")
    return meant.with_columns(
        pl.col("concept_").alias("concept"), pl.col("unit_").alias("unit"), pl.col("text_").alias("text"),
        pl.concat_str("note", "extra", separator="; ", ignore_nulls=True).alias("note"),
    ).with_columns(pl.when(pl.col("note") != "").then("note").alias("note"))


def _rows(odd: pl.DataFrame, keys: Iterable[int]) -> pl.DataFrame:
    return odd.filter(pl.col("key").is_in(list(keys)))


def _tell_silent(odd: pl.DataFrame, silent: dict[int, str], account: Account, notes: Notes) -> None:
    if not silent:
        return
    account.explained(_rows(odd, silent)["row"])
    words = sorted({word for word in silent.values() if word})
    if words:
        rows = _rows(odd, [key for key, word in silent.items() if word])
        notes.tell(account.file, f"{len(rows)} cells hold {', '.join(repr(w) for w in words[:5])}: read as not told, never as normal",
                   "Write unknown when the record says that it is not known.", rows["row"])
    empty = _rows(odd, [key for key, word in silent.items() if not word]).filter(pl.col("column").is_null())
    if len(empty):
        notes.tell(account.file, "no value and no text: nothing to read", rows=empty["row"])


def _tell_problems(odd: pl.DataFrame, problems: dict[int, Problem], account: Account, notes: Notes) -> None:
    if not problems:
        return
    wrong = _rows(odd, problems)
    account.bad(wrong["row"])
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    for key, row, column, concept in wrong.select("key", "row", "column", "concept").iter_rows():
        problem = problems[key]
        groups.setdefault((problem.what, problem.fix, column or "", concept), []).append(row)
    for n, ((what, fix, column, concept), rows) in enumerate(groups.items()):
        if n == 10 * MOST_NOTES_OF_ONE_KIND:
            rest = sorted({row for more in list(groups.values())[n:] for row in more})
            notes.error(account.file, f"{len(rest)} more rows hold values that cannot be read", rows=rest)
            break
        notes.error(account.file, what, fix, rows, column, f"{concept}: a value that cannot be read")


def _tell_meanings(odd: pl.DataFrame, good: list[tuple[int, Meaning]], account: Account, notes: Notes) -> None:
    for what in dict.fromkeys(m.told for _, m in good if m.told):
        notes.tell(account.file, what, rows=_rows(odd, {k for k, m in good if m.told == what})["row"])
    for what in dict.fromkeys(m.warned for _, m in good if m.warned):
        concepts = sorted({m.concept for _, m in good if m.warned == what})
        notes.warn(account.file, f"{', '.join(concepts)}: {what}", rows=_rows(odd, {k for k, m in good if m.warned == what})["row"])


def accepted(concept: str, unit: str) -> bool:
    """Whether the concept is measured in this unit."""
    try:
        CONCEPTS[concept].conversion(unit)
    except VocabularyError:
        return False
    return True


def is_drug(concept: str) -> bool:
    """Whether the concept is a dose or an infusion."""
    return concept in _DRUGS
