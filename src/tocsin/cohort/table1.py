"""Table 1: the patients by arm, each variable with the summary, the test and the standardised difference that fit its kind.

A variable is continuous, binary, categorical or ordinal, and says so (``Variable``); nothing is guessed from its values.  Missing
values are counted by arm and left out; a percentage names its denominator.  The test follows the rule of ``choice`` unless the
variable asks for another, and the answer names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cite import Reference, bibliography
from tocsin.cohort import choice, smd
from tocsin.cohort.compare import OF_COUNTS, OF_VALUES
from tocsin.cohort.describe import QUANTILE_TYPES, Summary, short, summary
from tocsin.cohort.multiplicity import Adjusted, adjust
from tocsin.cohort.result import Estimate, TestResult, p_in_words
from tocsin.errors import CohortError

Denominator = Literal["known", "all"]
UNSET = "missing"


class Kind(StrEnum):
    """What the values of a variable are."""

    CONTINUOUS = "continuous"    # numbers
    BINARY = "binary"            # two values, one of which is counted
    CATEGORICAL = "categorical"  # values without an order
    ORDINAL = "ordinal"          # values in an order, such as grades


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of Table 1, by the name of its column.

    ``values`` are the values in their order (ordinal: required unless they are numbers; otherwise in order of appearance in sorted
    data); ``counted`` is the value of a binary variable whose share is given (the last of ``values`` by default).  ``normal`` declares
    numbers as normally distributed: mean and SD are then shown, and means are compared.  ``test`` overrides the rule.
    """

    name: str
    kind: Kind
    label: str = ""
    unit: str = ""
    values: tuple[object, ...] = ()
    counted: object = None
    normal: bool = False
    test: str = ""

    def __post_init__(self) -> None:
        if self.normal and self.kind is not Kind.CONTINUOUS:
            raise CohortError(f"{self.name}: only a continuous variable is normally distributed, and this one is {self.kind}")
        if self.kind is Kind.BINARY and self.values and len(self.values) != 2:
            raise CohortError(f"{self.name}: a binary variable has two values, not {len(self.values)}")
        if len(set(self.values)) != len(self.values):
            raise CohortError(f"{self.name}: a value stands twice in {list(self.values)}")

    @property
    def title(self) -> str:
        """The label with its unit, as the table prints it."""
        return f"{self.label or self.name}, {self.unit}" if self.unit else self.label or self.name


@dataclass(frozen=True, slots=True)
class Count:
    """How many patients have one value, ``of`` how many: those with a known value, or all (``denominator``)."""

    value: object
    count: int
    of: int
    denominator: Denominator

    @property
    def share(self) -> float | None:
        """The count as a share; None without patients."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Row:
    """One variable: for each arm and, last, for all patients, ``summaries`` (numbers and ordered numbers) and ``counts`` (the other kinds).

    ``known`` and ``missing`` count patients in the same order.  ``differences`` are the standardised differences of every pair of
    arms by position, ``difference`` the largest of them; ``why`` tells why this test was chosen.
    """

    variable: Variable
    known: tuple[int, ...]
    missing: tuple[int, ...]
    summaries: tuple[Summary, ...]
    counts: tuple[tuple[Count, ...], ...]
    test: TestResult
    why: str
    differences: tuple[tuple[tuple[int, int], Estimate], ...]
    difference: Estimate | None


@dataclass(frozen=True)
class Table1:
    """The patients by arm: the names and sizes of the ``arms`` in their order, and one ``Row`` a variable.

    ``unassigned`` counts patients without an arm, who are in no column.
    """

    arms: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: tuple[Row, ...]
    unassigned: int
    quantile_type: int
    denominator: Denominator

    @cached_property
    def multiplicity(self) -> Adjusted:
        """The p-values as one family, not adjusted: Table 1 describes."""
        return adjust([r.test.p for r in self.rows], "none")

    def printed(self) -> pl.DataFrame:
        """The table as text, a row for each variable or value: characteristic, each arm with its size, all, p, test, SMD."""
        heads = [f"{a} (n = {n})" for a, n in zip((*self.arms, "All"), (*self.sizes, sum(self.sizes)), strict=True)]
        names = ["Characteristic", *heads, "p", "Test", "SMD"]
        lines = [line for row in self.rows for line in _lines(row)]
        return pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row")

    def numbers(self) -> pl.DataFrame:
        """Every number, one row for each variable, value and arm (``All`` last), for those who calculate further."""
        return pl.DataFrame([n for row in self.rows for n in _numbers(row, (*self.arms, "All"))], schema=NUMBERS)

    def tests(self) -> pl.DataFrame:
        """One row a variable: the test, why it was chosen, its statistic, p-value and warnings, and the largest difference."""
        return pl.DataFrame([_tested(row) for row in self.rows], schema=TESTS)

    def methods(self) -> str:
        """What a methods section says about this table."""
        used = list(dict.fromkeys(r.test.called for r in self.rows if r.test.p is not None))
        software = list(dict.fromkeys(r.test.software for r in self.rows if r.test.software))
        of = "patients with a known value" if self.denominator == "known" else "all patients of the arm"
        parts = [
            "Numbers are given as median and quartiles (quantiles of type "
            f"{self.quantile_type} of Hyndman and Fan), or as mean and standard deviation where declared normal; counts with percentages of {of}.",
            f"Tests, two-sided: {'; '.join(used)}." if used else "No test could be done.",
            "The test of a variable follows from its kind and the expected counts, not from a test of normality on the same data.",
            "Standardised mean differences are given whatever the p-value" + (", the largest of all pairs of arms." if len(self.arms) > 2 else "."),
            self.multiplicity.statement,
        ]
        if software:
            parts.append(f"Computed with {', '.join(software)}.")
        return " ".join(parts)

    def references(self) -> list[Reference]:
        """The papers behind the tests, the rule and the differences."""
        return bibliography([*choice.CITES, *smd.CITES, "hyndman1996:types", *(c for r in self.rows for c in r.test.cites)])


def table1(frame: pl.DataFrame, variables: Iterable[Variable], arms: str, *, order: Sequence[object] = (), ordered_arms: bool = False,
           quantile_type: int = 7, denominator: Denominator = "known") -> Table1:
    """Table 1 of ``frame``, one row a patient, with the arms in column ``arms``.

    ``order`` puts the arms in order (and says which exist, empty ones too); ``ordered_arms`` declares them ordered (doses, grades), so
    that proportions are tested for a trend.  CohortError for a column that does not exist or values that do not fit their kind.
    """
    wanted = tuple(variables)
    absent = [c for c in (arms, *(v.name for v in wanted)) if c not in frame.columns]
    if absent:
        raise CohortError(f"there is no column {absent[0]!r}; known: {', '.join(frame.columns)}")
    if quantile_type not in QUANTILE_TYPES:
        raise CohortError(f"quantiles have a type from 1 to 9 (7 as R, 6 as SPSS and Prism), not {quantile_type}")
    if denominator not in ("known", "all"):
        raise CohortError(f"a percentage is of the patients known or of all, not of {denominator!r}")
    named = tuple(order) or tuple(sorted(frame[arms].drop_nulls().unique().to_list(), key=_sortable))
    stray = set(frame[arms].drop_nulls().unique().to_list()) - set(named)
    if stray:
        raise CohortError(f"{arms}: {min(map(str, stray))!r} is not one of the arms {[str(n) for n in named]}")
    if len(named) < 2:
        raise CohortError(f"{arms}: a comparison needs two arms, and there is {f'only {named[0]!r}' if named else 'none'}")
    position = {a: i for i, a in enumerate(named)}
    kept = frame.filter(pl.col(arms).is_not_null())
    which = np.array([position[a] for a in kept[arms].to_list()], np.int64)
    rows = tuple(_row(v, kept[v.name], which, len(named), ordered_arms, quantile_type, denominator) for v in wanted)
    sizes = tuple(int((which == i).sum()) for i in range(len(named)))
    return Table1(tuple(map(_said, named)), sizes, rows, len(frame) - len(kept), quantile_type, denominator)


def _row(v: Variable, column: pl.Series, which: npt.NDArray[np.int64], arms: int, ordered_arms: bool, quantile_type: int,
         denominator: Denominator) -> Row:
    known = (column.is_not_null() & ~column.is_nan() if column.dtype.is_float() else column.is_not_null()).to_numpy()
    groups = [known & (which == i) for i in range(arms)] + [known]
    missing = (*(int(((which == i) & ~known).sum()) for i in range(arms)), int((~known).sum()))
    sizes = tuple(int(g.sum()) for g in groups)
    if v.kind is Kind.CONTINUOUS:
        numbers = _numbers_of(v, column)
        split = [numbers[g] for g in groups]
        chosen = _chosen(v, choice.for_values(arms, v.normal))
        pairs = smd.pairs(split[:-1], counted=False)
        return Row(v, sizes, missing, tuple(summary(s, m, quantile_type) for s, m in zip(split, missing, strict=True)), (),
                   choice.run_on_values(chosen.name, split[:-1]), chosen.why, pairs, smd.largest(pairs))
    levels = _levels(v, column)
    code = {value: i for i, value in enumerate(levels)}
    codes = np.array([code.get(x, -1) for x in column.to_list()], np.int64)
    if v.values and (codes[known] < 0).any():
        odd = next(x for x, c, k in zip(column.to_list(), codes, known, strict=True) if k and c < 0)
        raise CohortError(f"{v.name}: the value {odd!r} is not one of {list(v.values)}")
    table = choice.crossed(which[known], codes[known], (arms, len(levels)))
    whole = np.vstack([table, table.sum(axis=0)])
    of = [s if denominator == "known" else s + m for s, m in zip(sizes, missing, strict=True)]
    counts = tuple(tuple(Count(value, int(c), n, denominator) for value, c in zip(levels, line, strict=True))
                   for line, n in zip(whole, of, strict=True))
    as_values = v.kind is Kind.ORDINAL
    chosen = _chosen(v, choice.for_values(arms) if as_values else choice.for_counts(table, ordered_arms))
    on_counts = chosen.name in OF_COUNTS
    test = choice.run_on_counts(chosen.name, table) if on_counts else choice.run_on_values(chosen.name, [codes[g].astype(float) for g in groups[:-1]])
    pairs = smd.pairs(list(table), counted=True)
    ordered = tuple(summary(_ranked(levels)[codes[g]], m, quantile_type) for g, m in zip(groups, missing, strict=True)) if as_values else ()
    return Row(v, sizes, missing, ordered, counts, test, chosen.why, pairs, smd.largest(pairs))


def _chosen(v: Variable, by_rule: choice.Chosen) -> choice.Chosen:
    """The test asked for, or the one of the rule; CohortError where a test cannot take this kind of values."""
    if not v.test:
        return by_rule
    allowed = {Kind.CONTINUOUS: OF_VALUES, Kind.ORDINAL: {**OF_VALUES, **OF_COUNTS}}.get(v.kind, OF_COUNTS)
    if v.test not in allowed:
        raise CohortError(f"{v.name}: a {v.kind} variable has no test {v.test!r}; possible: {', '.join(allowed)}")
    return choice.Chosen(v.test, "asked for")


def _numbers_of(v: Variable, column: pl.Series) -> npt.NDArray[np.float64]:
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise CohortError(f"{v.name}: a continuous variable holds numbers, and this column holds {column.dtype}")
    numbers = column.cast(pl.Float64).to_numpy()
    if np.isinf(numbers).any():
        raise CohortError(f"{v.name}: an infinite value; leave it out or write what was measured")
    return np.asarray(numbers, float)


def _levels(v: Variable, column: pl.Series) -> tuple[object, ...]:
    """The values in order; a binary variable with one value observed and none declared has one."""
    if v.values:
        return v.values
    if v.kind is Kind.ORDINAL and not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise CohortError(f"{v.name}: an ordinal variable whose values are words needs them in order (values=...)")
    found = [x for x in column.drop_nulls().unique().to_list() if x == x]  # not NaN, which is no value
    found.sort(key=_sortable)
    if v.kind is Kind.BINARY and len(found) > 2:
        raise CohortError(f"{v.name}: a binary variable has two values, and {len(found)} were found: {found[:5]}")
    return tuple(found)


def _ranked(levels: tuple[object, ...]) -> npt.NDArray[np.float64]:
    """Ordered values as numbers: themselves, or their places from 1."""
    if all(isinstance(x, int | float) for x in levels):
        return np.array([float(x) for x in levels if isinstance(x, int | float)])
    return np.arange(1.0, len(levels) + 1)


def _said(x: object) -> str:
    """A value as the table prints it: 1.0 of a column with missing values is 1."""
    return f"{x:.0f}" if isinstance(x, float) and x.is_integer() else str(x)


def _sortable(x: object) -> tuple[int, float, str]:
    return (0, float(x), "") if isinstance(x, int | float) else (1, 0.0, str(x))


# ---------------------------------------------------------------------------------------------------- as text and as frames
NUMBERS = {
    "variable": pl.String, "value": pl.String, "arm": pl.String, "known": pl.Int64, "missing": pl.Int64, "mean": pl.Float64, "sd": pl.Float64,
    "median": pl.Float64, "q1": pl.Float64, "q3": pl.Float64, "least": pl.Float64, "most": pl.Float64, "count": pl.Int64, "of": pl.Int64,
    "denominator": pl.String, "percent": pl.Float64,
}
TESTS = {
    "variable": pl.String, "kind": pl.String, "test": pl.String, "why": pl.String, "statistic": pl.Float64, "statistic_name": pl.String,
    "df": pl.String, "p": pl.Float64, "monte_carlo_error": pl.Float64, "not_done": pl.String, "warnings": pl.String, "smd": pl.Float64,
    "smd_low": pl.Float64, "smd_high": pl.Float64,
}


def _lines(row: Row) -> list[list[str]]:
    """The printed lines of a variable: its own, one for each value, and one for what is missing."""
    v, test = row.variable, row.test
    d = row.difference
    end = [p_in_words(test.p), test.brief if test.p is not None else f"not tested: {test.not_done}",
           "–" if d is None or d.value is None else f"{abs(d.value):.2f}"]
    nothing = [""] * len(end)
    if v.kind is Kind.CONTINUOUS:
        how = "mean (SD)" if v.normal else "median (Q1–Q3)"
        lines = [[f"{v.title}, {how}", *(_center(s, v.normal) for s in row.summaries), *end]]
    elif v.kind is Kind.BINARY:
        at = _counted(row)
        label = f"{v.title}, n (%)" if at is None else f"{v.title}: {_said(row.counts[0][at].value)}, n (%)"
        lines = [[label, *("–" if at is None else _share(c[at]) for c in row.counts), *end]]
    else:
        lines = [[f"{v.title}, n (%)", *[""] * len(row.counts), *end]]
        lines += [[f"  {_said(row.counts[0][i].value)}", *(_share(c[i]) for c in row.counts), *nothing] for i in range(len(row.counts[0]))]
    if row.missing[-1]:
        lines.append([f"  {UNSET}", *map(str, row.missing), *nothing])
    return lines


def _counted(row: Row) -> int | None:
    """The position of the value of a binary variable that is counted; None where nobody has any."""
    values = [c.value for c in row.counts[0]]
    if row.variable.counted is None:
        return len(values) - 1 if values else None
    if row.variable.counted not in values:
        raise CohortError(f"{row.variable.name}: the value {row.variable.counted!r} to be counted is not one of {values}; declare both values")
    return values.index(row.variable.counted)


def _center(s: Summary, normal: bool) -> str:
    if s.n == 0 or s.mean is None or s.median is None or s.q1 is None or s.q3 is None:
        return "–"
    if normal:
        return f"{short(s.mean)} ({'–' if s.sd is None else short(s.sd)})"
    return f"{short(s.median)} ({short(s.q1)}–{short(s.q3)})"


def _share(c: Count) -> str:
    return f"{c.count}" if c.share is None else f"{c.count} ({100 * c.share:.1f})"


def _numbers(row: Row, arms: Sequence[str]) -> list[dict[str, object]]:
    out: list[dict[str, object]] = []
    for i, arm in enumerate(arms):
        common: dict[str, object] = {"variable": row.variable.name, "arm": arm, "known": row.known[i], "missing": row.missing[i]}
        if row.summaries:
            s = row.summaries[i]
            out.append({**common, "mean": s.mean, "sd": s.sd, "median": s.median, "q1": s.q1, "q3": s.q3, "least": s.least, "most": s.most})
        if row.counts:
            out += [{**common, "value": _said(c.value), "count": c.count, "of": c.of, "denominator": c.denominator,
                     "percent": None if c.share is None else 100 * c.share} for c in row.counts[i]]
    return out


def _tested(row: Row) -> dict[str, object]:
    t, d = row.test, row.difference
    return {
        "variable": row.variable.name, "kind": str(row.variable.kind), "test": t.called, "why": row.why, "statistic": t.statistic,
        "statistic_name": t.statistic_name, "df": ", ".join(f"{x:g}" for x in t.df), "p": t.p, "monte_carlo_error": t.error,
        "not_done": t.not_done, "warnings": "; ".join(t.warnings), "smd": None if d is None else d.value, "smd_low": None if d is None else d.low,
        "smd_high": None if d is None else d.high}
