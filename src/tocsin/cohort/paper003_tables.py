"""The tables of the report on paper 003 (zhou2025): counts by arm with intervals, every test behind a p-value, and every check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from tocsin.cohort import paper003
from tocsin.cohort.fisher import fisher_exact
from tocsin.cohort.paper003 import ARMS, GRADES, RESPONSES
from tocsin.cohort.parts import TablePart
from tocsin.cohort.proportions import clopper_pearson, mid_p, newcombe, odds_ratio
from tocsin.cohort.published import Check, Verdict
from tocsin.cohort.result import Estimate, TestResult, p_in_words
from tocsin.cohort.table1 import Kind, Table1, Variable, table1

LABELS = tuple(a[:1].upper() + a[1:] for a in ARMS)
"""The arms as tables and figures name them."""
ORDER = {
    Verdict.MISPRINT: "Misprints: the count is taken", Verdict.CONTRADICTION: "Contradictions, with the choice made",
    Verdict.UNCLEAR: "Unclear, with the reading chosen", Verdict.NO_TEST_MATCHES: "P-values that no test gives", Verdict.REPRODUCES: "Reproduced",
    Verdict.DERIVED: "Not printed, but follows from printed counts", Verdict.TAKEN: "Counts taken as printed",
    Verdict.NOT_REPRODUCIBLE: "Cannot be reproduced from the text",
}
"""The verdicts in the order in which a reader needs them, each with its heading."""
CHOSEN = (Verdict.MISPRINT, Verdict.CONTRADICTION, Verdict.UNCLEAR)


@dataclass(frozen=True)
class Outcome:
    """One outcome by arm, tocilizumab first: how many of how many, with what compares the arms."""

    name: str
    hits: tuple[int, int]
    of: tuple[int, int]

    @property
    def table(self) -> list[list[int]]:
        """With and without, arms in rows."""
        return [[h, n - h] for h, n in zip(self.hits, self.of, strict=True)]

    @property
    def difference(self) -> Estimate:
        """Of the shares, first arm minus second."""
        return newcombe(self.hits[0], self.of[0], self.hits[1], self.of[1])

    @property
    def odds_ratio(self) -> Estimate:
        """Of the first arm against the second."""
        return odds_ratio(self.table)

    @property
    def fisher(self) -> TestResult:
        """Fisher's exact test."""
        return fisher_exact(self.table)


@cache
def outcomes() -> tuple[Outcome, ...]:
    """What the text lets us count by arm as yes or no."""
    grades, responses = paper003.grades(), paper003.responses()
    of = (int(grades[0].sum()), int(grades[1].sum()))

    def one(name: str, hits: list[int]) -> Outcome:
        return Outcome(name, (hits[0], hits[1]), of)

    return (
        one("Complete response, MRD-negative", [int(r[0]) for r in responses]), one("Complete response", [int(r[0] + r[1]) for r in responses]),
        one("CRS of any grade", [int(g[1:].sum()) for g in grades]), one("CRS of grade 3", [int(g[3]) for g in grades]),
        one("Corticosteroids", [int(s[0]) for s in paper003.steroids()]), one("Serious infection", [int(i[0]) for i in paper003.infections()]),
    )


@cache
def patients() -> Table1:
    """The patients by arm, from the counts of each characteristic on its own; exact tests, and ranks for the grade."""
    columns: dict[str, list[str]] = {"arm": [arm for arm, n in zip(LABELS, outcomes()[0].of, strict=True) for _ in range(n)]}
    yes = ("no", "yes")
    for name, table, levels in (
        ("grade", paper003.grades(), GRADES), ("steroids", paper003.steroids(), yes[::-1]), ("response", paper003.responses(), RESPONSES),
        ("infection", paper003.infections(), yes[::-1]),
    ):
        columns[name] = [level for row in table for level, n in zip(levels, row, strict=True) for _ in range(int(n))]
    columns["severe"] = ["yes" if g == GRADES[3] else "no" for g in columns["grade"]]
    return table1(pl.DataFrame(columns), (
        Variable("grade", Kind.ORDINAL, "Highest CRS grade (ASTCT)", values=GRADES),
        Variable("severe", Kind.BINARY, "CRS of grade 3", values=yes, test="fisher"),
        Variable("steroids", Kind.BINARY, "Corticosteroids", values=yes, test="fisher"),
        Variable("response", Kind.CATEGORICAL, "Response at day 28", values=RESPONSES, test="fisher"),
        Variable("infection", Kind.BINARY, "Serious infection", values=yes, test="fisher"),
    ), "arm", order=LABELS)


def patients_table() -> TablePart:
    """Table 1 as far as the text goes."""
    found = patients()
    return TablePart("patients-by-arm", "Patients by arm, as far as the text gives counts by arm", found.printed(), found.numbers(), (
        "Every line comes after the infusion, and partly after tocilizumab: none is a baseline characteristic.",
        "Each characteristic is known by arm on its own; which patient had which combination is not published.",
        "SMD: standardised mean difference.",
    ))


def together_table(checks: tuple[Check, ...]) -> TablePart:
    """What is printed for all patients or for one arm only."""
    wanted = ("male", "high_risk", "age", "lines", "crs", "icans", "mrd_negative_cr", "mrd_positive_cr", "partial_remission", "toci_duration",
              "none_duration", "toci_dose", "steroid_dose", "toci_cytokines_fell", "toci_il6_raised")
    by_id = {c.id: c for c in checks}
    rows = [(capital(by_id[i].what), arm_words(by_id[i]), by_id[i].printed, by_id[i].found or "–", by_id[i].verdict.value) for i in wanted]
    frame = _frame(("Number", "Arm", "Printed", "From the counts", "Verdict"), rows)
    return TablePart("printed-only", "Printed for all patients or for one arm", frame, None, (
        "Numbers with a range in brackets are medians where the paper names the statistic; no individual values are published.",))


def outcomes_table() -> TablePart:
    """Both arms, with the exact interval of each share, their difference and odds ratio."""
    rows, numbers = [], []
    for o in outcomes():
        shares = [clopper_pearson(h, n) for h, n in zip(o.hits, o.of, strict=True)]
        rows.append((o.name, *(counted(h, n, s) for h, n, s in zip(o.hits, o.of, shares, strict=True)), points(o.difference), ratio(o.odds_ratio),
                     p_in_words(o.fisher.p), p_in_words(mid_p(o.table).p)))
        numbers.append({
            "outcome": o.name, "tocilizumab": o.hits[0], "of_tocilizumab": o.of[0], "none": o.hits[1], "of_none": o.of[1],
            "difference": o.difference.value, "difference_low": o.difference.low, "difference_high": o.difference.high, "odds_ratio": o.odds_ratio.value,
            "odds_ratio_low": o.odds_ratio.low, "odds_ratio_high": o.odds_ratio.high, "p_fisher": o.fisher.p, "p_mid": mid_p(o.table).p})
    heads = ("Outcome", f"Tocilizumab (n = {outcomes()[0].of[0]})", f"No tocilizumab (n = {outcomes()[0].of[1]})", "Difference, percentage points",
             "Odds ratio", "Fisher p", "Mid-p")
    return TablePart("outcomes", "Outcomes by arm", _frame(heads, rows), pl.DataFrame(numbers), (
        "Patients, % and 95 % interval of Clopper and Pearson. Difference: 95 % interval of Newcombe. Odds ratio: conditional maximum likelihood, "
        "exact 95 % interval.",
        "Complete response, with or without residual disease, rests on the split of responses inferred from the printed p-value.",
        "Not adjusted for anything: the arms differ in the grade of CRS, for which tocilizumab is given.",
    ))


def steroids_by_grade_table() -> TablePart:
    """Corticosteroids by grade of those not given tocilizumab."""
    rows, numbers = [], []
    for grade, (given, not_given) in zip(GRADES, paper003.steroids_by_grade_without_tocilizumab().tolist(), strict=True):
        share = clopper_pearson(given, given + not_given)
        rows.append((capital(grade), counted(given, given + not_given, share)))
        numbers.append({"grade": grade, "corticosteroids": given, "patients": given + not_given, "low": share.low, "high": share.high})
    return TablePart("corticosteroids-by-grade", "Corticosteroids by highest CRS grade, patients without tocilizumab",
                     _frame(("Highest CRS grade", "Corticosteroids"), rows), pl.DataFrame(numbers), (
                         "Patients/all of the grade, % and 95 % interval of Clopper and Pearson.",
                         "By grade this is not published for the patients given tocilizumab; "
                         f"{paper003.steroids()[0, 0]} of those {paper003.steroids()[0].sum()} had corticosteroids.",))


def grade_models_table() -> TablePart:
    """Tocilizumab by grade, in the three ways in which it can be modelled."""
    rows: list[tuple[str, ...]] = []
    numbers = []
    for how, says in (("number", "Grade as a number (0 to 3)"), ("severe", "Grade 3 against lower"), ("category", "Each grade against no CRS")):
        model = paper003.tocilizumab_by_grade(how)
        rows.append((f"{says}: {model.method}; likelihood-ratio p = {p_in_words(model.p)}", "", "", ""))
        for c in model.coefficients[1:]:
            value, low, high = c.odds_ratio
            rows.append((f"  {c.name}{', per grade' if how == 'number' else ''}", ratio(Estimate(c.name, value, low, high)), p_in_words(c.p),
                         p_in_words(c.wald_p)))
            numbers.append({"model": how, "method": model.method, "term": c.name, "odds_ratio": value, "low": low, "high": high, "p": c.p,
                            "wald_p": c.wald_p})
    return TablePart("tocilizumab-by-grade", "Odds of having been given tocilizumab by highest CRS grade, logistic regression",
                     _frame(("Model and term", "Odds ratio (95 % CI)", "p", "Wald p"), rows), pl.DataFrame(numbers), (
                         "Profile-likelihood intervals and likelihood-ratio p-values. Wald p-values for comparison: they fail where a category "
                         "separates the arms, and nobody without CRS or with grade 1 had tocilizumab.",))


def tried_table() -> TablePart:
    """Every test of every candidate table behind each printed p-value."""
    paper = paper003.paper003()
    rows: list[tuple[str, ...]] = []
    numbers = []
    for fact in paper.facts["p_value"]:
        if "table" not in fact:
            continue
        for name in dict.fromkeys(t.table for t in paper.tried(fact["id"])):
            group = [t for t in paper.tried(fact["id"]) if t.table == name]
            told = " against ".join("/".join(map(str, r)) for r in group[0].rows)
            rows.append((f"{capital(fact['what'])}, printed p = {fact['printed']}: {name} ({told})", "", ""))
            for t in group:
                rows.append((f"  {t.test.called}", f"{t.test.p:.4f}", "matches" if t.matches else "no"))
                numbers.append({"p_value": fact["id"], "printed": fact["printed"], "table": name, "rows": told, "test": t.test.called, "p": t.test.p,
                                "matches": t.matches})
    return TablePart("tests-tried", "Every test tried behind a printed p-value", _frame(("Test", "p", "Printed value"), rows), pl.DataFrame(numbers), (
        "Matches: gives the printed p-value to all digits printed. Tests of ordered values score the columns 0, 1, 2.",
        "With many tests tried a match by chance is possible; what speaks for a match is that it is the only one and that the methods name the test.",
    ))


def checks_table(checks: tuple[Check, ...]) -> TablePart:
    """Every published number, grouped by what can be said of it; those that asked for a choice stand in a table of their own."""
    rows: list[tuple[str, ...]] = []
    for verdict, heading in ORDER.items():
        group = [c for c in checks if c.verdict is verdict]
        if group and verdict not in CHOSEN:
            rows.append((f"{heading} ({len(group)})", "", "", "", ""))
            rows += [(f"  {capital(c.what)}", arm_words(c), printed(c), c.found or "–", c.says) for c in group]
    frame = _frame(("Number or statement", "Arm", "Printed", "Found or chosen", "Why"), rows)
    return TablePart("checks", "Every published number and statement that the text holds", frame, paper003.paper003().frame(), (
        "Misprints, contradictions and what is unclear stand in the table of choices; the file with all digits has every line, with the paper's own words "
        "and their place.",))


def choices_table(choices: tuple[Check, ...]) -> TablePart:
    """Where the paper is misprinted, contradicts itself or leaves open what is meant."""
    rows = [(capital(c.what), c.verdict.value, c.words, c.says, c.found) for c in choices]
    return TablePart("choices", "Choices made where the paper is misprinted, contradicts itself or is unclear",
                     _frame(("Subject", "Kind", "The paper's words", "What is wrong or open", "Choice"), rows))


# ---------------------------------------------------------------------------------------------------- words
def counted(hits: int, of: int, share: Estimate) -> str:
    """A share as the tables print it: "9/17, 52.9 (27.8 to 77.0)"."""
    if share.value is None or share.low is None or share.high is None:
        return f"{hits}/{of}"
    return f"{hits}/{of}, {100 * share.value:.1f} ({100 * share.low:.1f} to {100 * share.high:.1f})"


def points(e: Estimate) -> str:
    """A difference of shares in percentage points with its interval."""
    if e.value is None or e.low is None or e.high is None:
        return "–"
    return f"{_signed(100 * e.value)} ({_signed(100 * e.low)} to {_signed(100 * e.high)})"


def ratio(e: Estimate) -> str:
    """A ratio with its interval; a limit that does not exist is an en dash, an infinite value the sign for it."""
    if e.value is None:
        return "–"
    return f"{_three(e.value)} ({_three(e.low)} to {_three(e.high)})"


def arm_words(check: Check) -> str:
    """The arm of a check in words."""
    return {"all": "all", "tocilizumab": ARMS[0], "none": ARMS[1]}[check.arm]


def printed(check: Check) -> str:
    """What the paper prints: a number, or that the arms differ or are alike."""
    return {"": "not printed", "different": "the arms differ", "alike": "the arms are alike"}.get(check.printed, check.printed)


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def _signed(x: float) -> str:
    return f"{x:.1f}".replace("-", "−")


def _three(x: float | None) -> str:
    """Two decimals, fewer where a number is large and more where it is small."""
    if x is None:
        return "–"
    if x == float("inf"):
        return "∞"
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}" if x >= 0.1 or x == 0 else f"{x:.2g}"


def _frame(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    """Printed rows."""
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
