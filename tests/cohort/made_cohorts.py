"""Cohorts made by hand for the tests of sections: members with the columns of a cohort, its arms, courses and doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from tocsin.cohort.cohort import COLUMNS, Cohort
from tocsin.cohort.parts import FigurePart, Section, TablePart
from tocsin.cohort.study import Study
from tocsin.timeline import Timeline

TWO = ("tocilizumab", "no tocilizumab")
STEPS = {"patient": pl.String, "start_day": pl.Float64, "end_day": pl.Float64, "grade": pl.Int64}
DOSES = {"patient": pl.String, "day": pl.Float64, "drug": pl.String, "group": pl.String, "amount": pl.Float64, "unit": pl.String,
         "methylprednisolone_mg": pl.Float64}


def made(members: Mapping[str, Sequence[object]], arms: Sequence[str] = TWO, study: Study | None = None, steps: Sequence[tuple] = (),
         doses: Sequence[tuple[str, float, str]] = (), excluded: Sequence[tuple[str, int]] = ()) -> Cohort:
    """A cohort of these columns; every other column of COLUMNS is null.  ``steps`` are (patient, from, to, grade), ``doses`` (patient, day, drug)."""
    n = len(next(iter(members.values())))
    columns = {"patient": [f"P{i}" for i in range(n)], **members}
    frame = pl.DataFrame([pl.Series(k, list(v), COLUMNS[k][0] if k in COLUMNS else None, strict=False) for k, v in columns.items()])
    frame = frame.with_columns(pl.lit(None, kind).alias(name) for name, (kind, _) in COLUMNS.items() if name not in frame.columns)
    given = pl.DataFrame([(p, day, drug, drug, None, None, None) for p, day, drug in doses], schema=DOSES, orient="row")
    return Cohort(study or Study(), Timeline.from_rows([]), frame, tuple(arms), {"crs": pl.DataFrame(list(steps), schema=STEPS, orient="row")}, given, n,
                  tuple(excluded))


def table(section: Section, table_id: str) -> TablePart:
    return next(p for p in section.parts if p.id == table_id and isinstance(p, TablePart))


def figure(section: Section, figure_id: str) -> FigurePart:
    return next(p for p in section.parts if p.id == figure_id and isinstance(p, FigurePart))


def number(section: Section, table_id: str, **where: object) -> dict[str, object]:
    """The one record of a table's numbers with these values."""
    numbers = table(section, table_id).numbers
    assert numbers is not None
    found = [r for r in numbers.iter_rows(named=True) if all(r[k] == v for k, v in where.items())]
    assert len(found) == 1, found
    return found[0]


def said(section: Section) -> str:
    """All its words."""
    return " ".join((*section.text, *section.warnings, *section.left_out, *section.methods))
