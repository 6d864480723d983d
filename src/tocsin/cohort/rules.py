"""Rules about patients as a study file writes them: "age_years < 18", "crs_max_grade >= 3 and infection = yes"."""

from __future__ import annotations

import re

import polars as pl

from tocsin.cohort.outcomes import yes_no
from tocsin.errors import CohortError

_PART = re.compile(r"^\s*(?P<name>[A-Za-z_][\w-]*)\s*(?P<sign><=|>=|!=|<|>|==?)\s*(?P<value>.+?)\s*$")
_SIGNS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "=": "eq", "==": "eq", "!=": "ne"}


def is_rule(text: str) -> bool:
    """Whether a text is a rule and not a name."""
    return bool(re.search(r"[<>=]", text))


def rule(text: str, members: pl.DataFrame) -> pl.Series:
    """Whether each patient meets the rule: true, false, or null where a value that decides is not known.

    Comparisons are joined by "and".  CohortError for what is no rule, or a column that does not exist.
    """
    whole: pl.Expr = pl.lit(True)
    for part in re.split(r"\s+and\s+", text.strip()):
        found = _PART.match(part)
        if found is None:
            raise CohortError(f"{part!r} is no rule.\n  Write a column, a sign and a value: age_years < 18; several are joined by \"and\".")
        if re.search(r"\s(?:or|und|et|ou)\s", part, re.IGNORECASE):
            raise CohortError(f"the rule {part.strip()!r}: comparisons are joined by \"and\" only.\n  For \"or\" among exclusions write a second [[exclude]].")
        name, sign, value = found["name"], _SIGNS[found["sign"]], found["value"].strip("\"'")
        if name not in members.columns:
            raise CohortError(f"the rule {part.strip()!r} asks for {name!r}, which is no column.\n  Known: {', '.join(members.columns)}.")
        whole = whole & _compared(members, name, sign, value, part)
    return members.select(whole.alias("met")).to_series()


def _compared(members: pl.DataFrame, name: str, sign: str, value: str, part: str) -> pl.Expr:
    column, kind = pl.col(name), members.schema[name]
    if kind.is_numeric():
        try:
            return getattr(column, sign)(float(value))  # type: ignore[no-any-return]
        except ValueError:
            raise CohortError(f"the rule {part.strip()!r} compares numbers with {value!r}") from None
    if sign not in ("eq", "ne"):
        raise CohortError(f"the rule {part.strip()!r}: {name} is no number, so only = and != compare it")
    if kind == pl.Boolean:
        wanted = pl.select(yes_no(pl.lit(value))).item()
        if wanted is None:
            raise CohortError(f"the rule {part.strip()!r}: {name} is yes or no")
        return getattr(column, sign)(pl.lit(wanted))  # type: ignore[no-any-return]
    if kind == pl.String:
        return getattr(column.str.to_lowercase(), sign)(value.lower())  # type: ignore[no-any-return]
    raise CohortError(f"the rule {part.strip()!r}: {name} cannot be compared")
