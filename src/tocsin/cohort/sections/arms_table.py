"""A table that compares the arms row by row, numbers by ranks and counts exactly, with one Holm adjustment over all its tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tocsin.cohort import choice
from tocsin.cohort.describe import summary
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.location import hodges_lehmann
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.parts import Box, TablePart
from tocsin.cohort.proportions import newcombe
from tocsin.cohort.result import Estimate, TestResult, p_in_words
from tocsin.cohort.sections.cells import NONE, median_quartiles, median_range, share, with_interval
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.words import p_cell

MORE_ARMS = "with more than two arms one test over all arms is given, and no differences of pairs"


@dataclass
class _Row:
    cells: list[str]
    numbers: list[dict[str, object]]
    test: TestResult | None = None
    untested: str = ""
    difference: str = NONE


class ArmsTable:
    """Rows of numbers and counts by group, filled one after another; ``table`` then adjusts the tests and prints them.

    ``which`` gives the group of each patient (None: in no group), ``groups`` their order; differences are the first group minus the last.
    """

    def __init__(self, draft: Draft, which: Sequence[str | None], groups: Sequence[str], first: str, all_of_them: bool = True) -> None:
        self.draft, self.groups, self.all = draft, tuple(groups), all_of_them
        self.where = [np.array([w == g for w in which], bool) for g in groups]
        self.anybody = np.array([w is not None and w in self.groups for w in which], bool)
        heads = [f"{g} (n = {int(w.sum())})" for g, w in zip(groups, self.where, strict=True)]
        heads += [f"All (n = {int(self.anybody.sum())})"] if all_of_them else []
        pair = [f"{groups[0]} − {groups[-1]} (95% CI)"] if len(self.groups) == 2 else []
        self.columns = [first, *heads, *pair, "p", "Holm p", "Test"]
        self.rows: list[_Row] = []
        self.wide = len(heads) + len(pair)

    def heading(self, text: str) -> None:
        """A heading, to which the next rows belong; one without rows is not printed."""
        self.rows.append(_Row([text], []))

    def values(
        self, label: str, column: pl.Series, *, key: str, ends: str = "quartiles", limits: pl.Series | None = None, untested: str = "",
    ) -> TestResult | None:
        """A row of numbers: median with quartiles (or the range), and how many are known where not all are.

        ``limits``: -1 or +1 where a value is charted as below or above a limit, which is counted.  ``untested``: why no test is wanted.
        """
        numbers = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = ~np.isnan(numbers)
        at_limit = np.zeros(len(numbers), bool) if limits is None else limits.fill_null(0).to_numpy() != 0
        out: list[dict[str, object]] = []
        cells = []
        for name, who in self._all():
            mine = numbers[who & known]
            s, bounds = summary(mine, int((who & ~known).sum())), int((who & known & at_limit).sum())
            cells.append(_summed(mine, s.missing, ends, bounds))
            out.append({"row": key, "label": label, "group": name, "known": s.n, "missing": s.missing, "median": s.median, "q1": s.q1, "q3": s.q3,
                        "least": s.least, "most": s.most, "limits": bounds})
        split = [numbers[w & known] for w in self.where]
        if untested:
            self.rows.append(_Row(["  " + label, *cells], out, None, untested))
            return None
        test = choice.run_on_values(choice.for_values(len(self.groups)).name, split)
        shift = hodges_lehmann(split[0], split[1]) if len(split) == 2 else None
        return self._add(label, cells, out, test, shift, key, 1.0)

    def counts(self, label: str, column: pl.Series, *, key: str, untested: str = "") -> TestResult | None:
        """A row of yes and no: how many of those known, with percentages; differences in percentage points."""
        known = column.is_not_null().to_numpy()
        yes = column.fill_null(False).to_numpy().astype(bool)
        out: list[dict[str, object]] = []
        cells = []
        for name, who in self._all():
            hits, of = int((who & yes).sum()), int((who & known).sum())
            cells.append(share(hits, of))
            out.append({"row": key, "label": label, "group": name, "known": of, "missing": int((who & ~known).sum()), "count": hits})
        if untested:
            self.rows.append(_Row(["  " + label, *cells], out, None, untested))
            return None
        table = np.array([[int((w & yes).sum()), int((w & known & ~yes).sum())] for w in self.where])
        gap = newcombe(int(table[0, 0]), int(table[0].sum()), int(table[1, 0]), int(table[1].sum())) if len(table) == 2 else None
        return self._add(label, cells, out, fisher_exact(table), gap, key, 100.0)

    def _all(self) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
        return [*zip(self.groups, self.where, strict=True), *([("All", self.anybody)] if self.all else [])]

    def _add(self, label: str, cells: list[str], out: list[dict[str, object]], test: TestResult, gap: Estimate | None, key: str, scale: float) -> TestResult:
        difference = NONE
        if gap is not None and gap.value is not None:
            value, low, high = (None if x is None else scale * x for x in (gap.value, gap.low, gap.high))
            difference = with_interval(gap, percent=scale != 1.0)
            out.append({"row": key, "label": label, "group": f"{self.groups[0]} - {self.groups[-1]}", "difference": value, "low": low, "high": high,
                        "method": gap.method})
            self.draft.rest_on(gap.cites)
        self.rows.append(_Row(["  " + label, *cells], out, test, "", difference))
        self.draft.rest_on(test.cites)
        return test

    def table(self, table_id: str, title: str, notes: Sequence[str] = ()) -> TablePart | None:
        """The table with its tests adjusted together; None where it has no row."""
        rows = [r for i, r in enumerate(self.rows) if len(r.cells) > 1 or (i + 1 < len(self.rows) and len(self.rows[i + 1].cells) > 1)]
        if not any(len(r.cells) > 1 for r in rows):
            return None
        tested = [r.test.p if r.test is not None else None for r in rows]
        family = adjust(tested, "holm")
        self.draft.rest_on(family.cites)
        printed, numbers = [], []
        for r, p in zip(rows, family.adjusted, strict=True):
            if len(r.cells) == 1:
                printed.append([r.cells[0], *[""] * (len(self.columns) - 1)])
                continue
            test = r.untested if r.test is None else r.test.brief if r.test.p is not None else f"not tested: {r.test.not_done}"
            pair = [r.difference] if len(self.groups) == 2 else []
            printed.append([*r.cells, *pair, p_cell(None if r.test is None else r.test.p), p_cell(p), test])
            numbers += r.numbers
            if r.test is not None:
                t = r.test
                numbers.append({**{k: r.numbers[0][k] for k in ("row", "label")}, "group": "test", "test": t.called, "statistic": t.statistic,
                                "statistic_name": t.statistic_name, "p": t.p, "p_holm": p, "not_done": t.not_done, "warnings": "; ".join(t.warnings)})
        frame = pl.DataFrame(printed, schema=dict.fromkeys(self.columns, pl.String), orient="row")
        said = [*notes, *([f"Tests of this table: {family.statement}"] if any(r.test is not None for r in rows) else [])]
        if len(self.groups) > 2:
            self.draft.leave_out("Differences between arms", MORE_ARMS)
        return TablePart(table_id, title, frame, pl.DataFrame(numbers, infer_schema_length=None, strict=False), tuple(said))

    def box(self, title: str, label: str, column: pl.Series, test: TestResult | None = None, log: bool = False) -> Box | None:
        """A panel of box plots of a column by group; None without a value.  On a log axis values of 0 cannot stand, and the note counts them."""
        numbers = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
        usable = numbers > 0 if log else ~np.isnan(numbers)
        hidden = int((self.anybody & ~np.isnan(numbers) & ~usable).sum())
        groups = tuple((g, tuple(float(x) for x in numbers[w & usable]), i) for i, (g, w) in enumerate(zip(self.groups, self.where, strict=True)))
        if not any(values for _, values, _ in groups):
            return None
        parts = [f"p {p_in_words(test.p, sign=True)}"] if test is not None and test.p is not None else []
        return Box(title, label, groups, "; ".join(parts + ([f"{hidden} of 0 not drawn"] if hidden else [])), log)


def _summed(values: np.ndarray[tuple[int], np.dtype[np.float64]], missing: int, ends: str, limits: int) -> str:
    text = median_quartiles(values) if ends == "quartiles" else median_range(values)
    if text == NONE:
        return NONE
    more = [f"n = {len(values)}"] if missing else []
    return "; ".join([text, *more, *([f"{limits} at a limit"] if limits else [])])
