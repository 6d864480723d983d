"""The published numbers of a paper as data, and what can be said of each: it reproduces, is misprinted, or cannot be reproduced.

A paper is one file of ``papers``: counts in its own words with their place, counts that follow from them, sums that must hold,
summaries, p-values with the tables they may come from, and statements of significance.  ``check`` goes through all of them.  Where a
count and a printed percentage differ, the count wins, and the check names the fractions that would print so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from tocsin.cite import reference
from tocsin.cohort.compare import OF_COUNTS, mann_whitney, student_t, welch_t
from tocsin.cohort.counts import Counts, counts_of, expected, without_empty
from tocsin.cohort.proportions import mid_p
from tocsin.cohort.result import TestResult, p_in_words
from tocsin.errors import CohortError, UnknownIdError

ALPHA = 0.05


class Verdict(StrEnum):
    """What can be said of a published number."""

    TAKEN = "taken as printed"
    REPRODUCES = "reproduces"
    DERIVED = "follows from the counts"
    MISPRINT = "misprint"
    CONTRADICTION = "contradicts itself"
    UNCLEAR = "unclear"
    NO_TEST_MATCHES = "no test matches"
    NOT_REPRODUCIBLE = "cannot be reproduced"


@dataclass(frozen=True, slots=True)
class Check:
    """One published number or statement: as ``printed``, as ``found`` from the counts, the ``verdict`` and why; ``cites`` its place."""

    id: str
    what: str
    arm: str
    printed: str
    found: str
    verdict: Verdict
    says: str
    words: str
    cites: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One test of one candidate table behind a printed p-value, and whether it gives that p-value to the digits printed."""

    table: str
    rows: tuple[tuple[int, ...], ...]
    test: TestResult
    matches: bool


@dataclass(frozen=True)
class Published:
    """The published numbers of one paper; ``counts`` holds those printed and those that follow, by id."""

    paper: str
    title: str
    arms: Mapping[str, str]
    counts: Mapping[str, int]
    facts: Mapping[str, Sequence[Mapping[str, Any]]]

    def count(self, id: str) -> int:  # noqa: A002 - the id is what it is
        """One count by its id; UnknownIdError when the paper has none such."""
        if id not in self.counts:
            raise UnknownIdError("published count", id, self.counts)
        return self.counts[id]

    def named(self, id: str) -> str:  # noqa: A002
        """A count in words, with its arm unless it is of all patients."""
        fact = next(f for kind in ("count", "derived") for f in self.facts[kind] if f["id"] == id)
        arm = fact.get("arm", "all")
        inside = arm == "all" or arm in fact["what"] or self.arms[arm] in fact["what"]
        return str(fact["what"]) if inside else f"{fact['what']} ({self.arms[arm]})"

    def tried(self, id: str) -> tuple[Tried, ...]:  # noqa: A002
        """Every test of every candidate table of one printed p-value."""
        for fact in self.facts["p_value"]:
            if fact["id"] == id:
                return tuple(_tried(fact))
        raise UnknownIdError("published p-value", id, [f["id"] for f in self.facts["p_value"]])

    def check(self) -> tuple[Check, ...]:
        """What can be said of every published number, in the order of the paper's data."""
        return tuple(self._checks())

    def choices(self) -> tuple[Check, ...]:
        """Where the paper is misprinted, contradicts itself or leaves open what is meant, with the choice made."""
        return tuple(c for c in self.check() if c.verdict in (Verdict.MISPRINT, Verdict.CONTRADICTION, Verdict.UNCLEAR))

    def frame(self) -> pl.DataFrame:
        """The checks as a table."""
        return pl.DataFrame([{f: str(getattr(c, f)) for f in Check.__dataclass_fields__} for c in self.check()],
                            schema=dict.fromkeys(Check.__dataclass_fields__, pl.String))

    def _checks(self) -> Iterable[Check]:
        for f in self.facts["count"]:
            yield self._counted(f)
        for f in self.facts["derived"]:
            yield self._check(f, "", str(self.counts[f["id"]]), Verdict.DERIVED, f"{self._sum(f)} = {self.counts[f['id']]}")
        for f in self.facts["sum"]:
            total, found = self.counts[f["total"]], _total(f, self.counts)
            fact = {"what": f"sum: {self.named(f['total'])}", **f}
            verdict = Verdict.REPRODUCES if total == found else Verdict.CONTRADICTION
            yield self._check(fact, str(total), str(found), verdict, f"{self._sum(f)} = {found}")
        for f in self.facts["p_value"]:
            yield self._p_value(f)
        for f in self.facts["claim"]:
            yield self._claim(f)
        for f in self.facts["value"]:
            yield self._check(f, f["printed"], "", Verdict.NOT_REPRODUCIBLE, f["why"])
        kinds = {"misprint": Verdict.MISPRINT, "contradiction": Verdict.CONTRADICTION, "unclear": Verdict.UNCLEAR}
        for f in self.facts["problem"]:
            yield self._check({"what": f["id"].replace("_", " "), **f}, f["words"], f["choice"], kinds[f["kind"]], f["says"])

    def _counted(self, f: Mapping[str, Any]) -> Check:
        count = f["count"]
        if "printed" not in f:
            return self._check(f, str(count), str(count), Verdict.TAKEN, "a count, from which others are computed")
        of, digits = f["of"], _digits(f["printed"])
        found = f"{count}/{of} = {100 * count / of:.{digits}f} %"
        if _prints_as(count, of, f["printed"]):
            return self._check(f, f"{f['printed']} %", found, Verdict.REPRODUCES, "the count gives the percentage")
        others = fractions(f["printed"], max(self.counts.values()))
        so = f"{f['printed']} % is {' or '.join(f'{x}/{n}' for x, n in others[:4])}" if others else f"no fraction of the patients screened is {f['printed']} %"
        return self._check(f, f"{f['printed']} %", found, Verdict.MISPRINT, f"the count wins; {so}")

    def _p_value(self, f: Mapping[str, Any]) -> Check:
        if "why" in f:
            return self._check(f, f"p = {f['printed']}", "", Verdict.NOT_REPRODUCIBLE, f["why"])
        tried = _tried(f)
        hits = [t for t in tried if t.matches]
        if not hits:
            nearest = min((t for t in tried if t.test.p is not None), key=lambda t: abs((t.test.p or 0.0) - float(f["printed"])))
            return self._check(f, f"p = {f['printed']}", "", Verdict.NO_TEST_MATCHES,
                               f"{len(tried)} tests of {len(f['table'])} tables were tried; nearest {_told(nearest)}")
        say = "; ".join(_told(t) for t in hits) + f" (the only match of {len(tried)} tests tried)" * (len(hits) == 1)
        few = _sparse(counts_of(hits[0].rows))
        return self._check(f, f"p = {f['printed']}", hits[0].test.called, Verdict.REPRODUCES, say + few)

    def _claim(self, f: Mapping[str, Any]) -> Check:
        if "why" in f:
            return self._check(f, f["says"], "", Verdict.NOT_REPRODUCIBLE, f["why"])
        table = counts_of(f["table"])
        test = _as_values(table, mann_whitney) if f["test"] == "mann-whitney" else OF_COUNTS[f["test"]](table)
        significant = test.p is not None and test.p < ALPHA
        agrees = significant == (f["says"] == "different")
        return self._check(f, f["says"], f"{test.called}: p {p_in_words(test.p, sign=True)}", Verdict.REPRODUCES if agrees else Verdict.CONTRADICTION,
                           f"from the counts {_against(table.tolist())} ({f['columns']})")

    def _check(self, f: Mapping[str, Any], printed: str, found: str, verdict: Verdict, says: str) -> Check:
        cites = f"{self.paper}:{f['place']}" if "place" in f else self.paper
        return Check(f["id"], f["what"], f.get("arm", "all"), printed, found, verdict, says, f.get("words", ""), cites)

    def _sum(self, f: Mapping[str, Any]) -> str:
        return " + ".join(f"{self.counts[i]} {self.named(i)}" for i in f["plus"]) + "".join(f" - {self.counts[i]} {self.named(i)}" for i in f["minus"])


def fractions(printed: str, most: int) -> list[tuple[int, int]]:
    """The fractions x/n with n up to ``most`` whose percentage prints as ``printed``, the smallest n first."""
    return [(x, n) for n in range(1, most + 1) for x in range(n + 1) if _prints_as(x, n, printed)]


def _prints_as(count: int, of: int, printed: str) -> bool:
    """Whether a percentage rounds to the printed one; a half may have gone either way."""
    return abs(100 * count / of - float(printed)) <= 0.5 * 10.0 ** -_digits(printed) + 1e-9


def _digits(printed: str) -> int:
    return len(printed.partition(".")[2])


def _total(f: Mapping[str, Any], counts: Mapping[str, int]) -> int:
    return sum(counts[i] for i in f["plus"]) - sum(counts[i] for i in f["minus"])


def _tried(fact: Mapping[str, Any]) -> list[Tried]:
    """Every test of every candidate table."""
    out = []
    near = 0.5 * 10.0 ** -_digits(fact["printed"]) + 1e-9
    for table in fact.get("table", ()):
        counts = counts_of(table["rows"])
        rows = tuple(tuple(int(x) for x in r) for r in counts)
        out += [Tried(table["name"], rows, t, t.p is not None and abs(t.p - float(fact["printed"])) <= near) for t in every_test(counts)]
    return out


def every_test(table: Counts) -> list[TestResult]:
    """Each test that a statistics program offers for a two-row table, that can be done: for matching a printed p-value."""
    tests = [test(table) for name, test in OF_COUNTS.items() if (name != "yates" or table.shape == (2, 2)) and name != "cochran-armitage"]
    if table.shape == (2, 2):
        tests.append(mid_p(table))
    tests += [_as_values(table, test) for test in (mann_whitney, student_t, welch_t)]
    return [t for t in tests if t.p is not None]


def _as_values(table: Counts, test: Any) -> TestResult:
    """A test of numbers on a table whose columns are ordered values 0, 1, 2 ..."""
    found: TestResult = test(*(np.repeat(np.arange(table.shape[1], dtype=float), row) for row in table))
    return found


def _told(t: Tried) -> str:
    return f"{t.test.called} of {t.table} ({_against(t.rows)}) gives {t.test.p:.4f}"


def _against(rows: Iterable[Iterable[int]]) -> str:
    return " against ".join("/".join(map(str, r)) for r in rows)


def _sparse(table: Counts) -> str:
    used = without_empty(table)
    few = int((expected(used) < 5).sum())
    return f"; {few} of {used.size} expected counts are below 5" if few else "; no expected count is below 5"


@cache
def published(name: str) -> Published:
    """The published numbers of one paper by the name of its file; UnknownIdError when there is none, CohortError when ids do not fit."""
    folder = files("tocsin.cohort") / "papers"
    known = sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))
    if name not in known:
        raise UnknownIdError("published paper", name, known)
    return parse((folder / f"{name}.toml").read_text(encoding="utf-8"))


def parse(text: str) -> Published:
    """The published numbers from the text of a TOML file like those of ``papers``."""
    data = tomllib.loads(text)
    reference(data["paper"])
    kinds = ("count", "derived", "sum", "value", "p_value", "claim", "problem")
    facts = {kind: tuple(data.get(kind, ())) for kind in kinds}
    ids = [f["id"] for kind in kinds for f in facts[kind]]
    twice = {i for i in ids if ids.count(i) > 1}
    if twice:
        raise CohortError(f"the id {min(twice)!r} stands twice among the published numbers")
    counts = {f["id"]: int(f["count"]) for f in facts["count"]}
    for f in (*facts["derived"], *facts["sum"]):
        lost = [i for i in (*f["plus"], *f["minus"], *([f["total"]] if "total" in f else [])) if i not in counts]
        if lost:
            raise CohortError(f"{f['id']} refers to {lost[0]!r}, which is no count before it")
        if "total" not in f:
            counts[f["id"]] = _total(f, counts)
            if counts[f["id"]] < 0:
                raise CohortError(f"{f['id']} would be {counts[f['id']]} patients: the published counts do not fit together")
    for f in (f for kind in kinds for f in facts[kind]):
        if f.get("arm", "all") not in data["arms"]:
            raise CohortError(f"{f['id']}: {f['arm']!r} is not one of the arms {sorted(data['arms'])}")
    return Published(data["paper"], data["title"], MappingProxyType(data["arms"]), MappingProxyType(counts), MappingProxyType(facts))
