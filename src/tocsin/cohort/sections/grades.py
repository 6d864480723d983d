"""How many patients had CRS and ICANS, of which grade, by which scale; and where the record and what was reported part."""

from __future__ import annotations

import polars as pl

from tocsin.cohort import choice
from tocsin.cohort.cohort import Cohort
from tocsin.cohort.parts import FigurePart, Section, Shares, TablePart
from tocsin.cohort.proportions import wilson
from tocsin.cohort.result import TestResult
from tocsin.cohort.sections.cells import NONE, frame, joined, plural, share
from tocsin.cohort.sections.words import p_cell
from tocsin.scales import SCALES

TITLES = {"crs": "CRS", "icans": "ICANS"}
SEVERE = 3
"""CRS of grade 3 or more is severe (zhou2025:Definitions and management of CRS)."""
ENUMERATE_UP_TO = 1000
"""Patients up to which Fisher's exact test is done for more than two arms (a choice for speed); for two arms it always is."""
_MOST_NAMED = 10


def section(cohort: Cohort) -> Section:
    """Incidence by grade, by arm and by scale."""
    text: list[str] = []
    parts: list[TablePart | FigurePart] = []
    left: list[str] = []
    warnings: list[str] = []
    for syndrome, title in TITLES.items():
        if not cohort.known(f"{syndrome}_max_grade"):
            left.append(f"{title}: {_why_not(cohort, syndrome)}")
            continue
        text.append(_sentence(cohort, syndrome))
        parts += [_table(cohort, syndrome), _figure(cohort, syndrome)]
        open_ = cohort.members[f"{syndrome}_max_grade"].null_count()
        if open_:
            warnings.append(f"The highest {title} grade of {plural(open_, 'patient')} is not settled by the record, and is missing below. What was not charted "
                            "is not normal; if the record of drugs and devices is complete, --complete drugs,devices says so.")
    parts += [made for made in (_by_scale(cohort), _agreement(cohort)) if made is not None]
    if parts and ("tocilizumab" in cohort.study.arms or "corticosteroid" in cohort.study.arms):
        warnings.append("The highest grade comes after the infusion and partly after the drug that makes the arms, which is given because of the grade: "
                        "a higher grade in that arm shows who was treated, not what the drug does.")
    known = [f"{v} ({TITLES[k]})" for k, v in cohort.sources.items() if cohort.known(f"{k}_max_grade")]
    method = (f"Grades are {joined(known)}; the highest grade of days 0 to "
              f"{cohort.study.window_days:g} counts, and is missing where the record leaves it open. Intervals of shares are Wilson's; shares are compared "
              "by the test that their table names, Fisher's exact test wherever it can be done.")
    return Section("grades", "Incidence and grade", tuple(text), tuple(parts), tuple(left), tuple(warnings), (method,) if known else (),
                   ("wilson1927:interval", *(c for s in cohort.study.scales if s in SCALES for c in SCALES[s].cites)))


def _why_not(cohort: Cohort, syndrome: str) -> str:
    some = cohort.members[f"{syndrome}_max_at_most"].drop_nulls()
    if len(some):
        return "the record settles nobody's highest grade; `tocsin grade` says what is missing."
    return "the record carries nothing to grade it by, no reported grade, and the table of patients no column " f"{syndrome}_max_grade."


def _sentence(cohort: Cohort, syndrome: str) -> str:
    grade = cohort.members[f"{syndrome}_max_grade"].drop_nulls()
    n, any_, severe = len(grade), int((grade >= 1).sum()), int((grade >= SEVERE).sum())
    counts = [f"{int((grade == g).sum())} of grade {g}" for g in range(1, 6) if (grade == g).any()]
    tail = f": {joined(counts)}" if counts else ""
    return f"{TITLES[syndrome]} occurred in {_of(any_, n)}{tail}. It was severe (grade {SEVERE} or more) in {_of(severe, n)}."


def _of(hits: int, n: int) -> str:
    """17 of 45 (37.8%; 95% CI 25 to 52)."""
    e = wilson(hits, n)
    return f"{hits} of {n} ({100 * hits / n:.1f}%; 95% CI {100 * (e.low or 0):.0f} to {100 * (e.high or 0):.0f})"


def groups_of(cohort: Cohort) -> list[tuple[str, pl.DataFrame]]:
    """The members of each arm, and all of them, under their names."""
    return [*((a, cohort.of_arm(a)) for a in cohort.arms), ("All", cohort.members)]


def _table(cohort: Cohort, syndrome: str) -> TablePart:
    """Grades in rows, arms in columns, with tests of any, severe, and the ordered grades."""
    name, title = f"{syndrome}_max_grade", TITLES[syndrome]
    groups = [(a, g[name].drop_nulls(), g[name].null_count()) for a, g in groups_of(cohort)]
    top = max(groups[-1][1].to_list(), default=0)
    rows, numbers = [], []
    for label, low, high in [*((f"Grade {g}" if g else f"No {title}", g, g) for g in range(max(top, 4) + 1)),
                             ("Any grade", 1, 5), (f"Grade {SEVERE} or more", SEVERE, 5)]:
        hits = [(int(g.is_between(low, high).sum()), len(g)) for _, g, _ in groups]
        test = _two(hits[:-1]) if low != high else None
        rows.append([label, *(_cell(h, n, low != high) for h, n in hits), p_cell(test.p) if test else "", test.brief if test and test.p is not None else ""])
        numbers += [{"grade": label, "arm": a, "count": h, "of": n, "low": wilson(h, n).low if n else None, "high": wilson(h, n).high if n else None}
                    for (a, _, _), (h, n) in zip(groups, hits, strict=True)]
    if any(missing for _, _, missing in groups):
        rows.append(["Not settled", *(str(m) for _, _, m in groups), "", ""])
    ranked = choice.run_on_values(choice.for_values(len(cohort.arms)).name, [g.to_numpy().astype(float) for _, g, _ in groups[:-1]])
    rows.append(["Grades in order", *[""] * len(groups), p_cell(ranked.p), ranked.brief if ranked.p is not None else f"not tested: {ranked.not_done}"])
    heads = [f"{title}, highest grade", *(f"{a} (n = {len(g) + m})" for a, g, m in groups), "p", "Test"]
    return TablePart(f"table-{syndrome}-grades", f"{title} by highest grade and arm", frame(rows, heads), pl.DataFrame(numbers),
                     ("Counts and percentages of patients with a settled grade; Wilson's 95 % interval beside any and severe.",))


def _cell(hits: int, n: int, interval: bool) -> str:
    if not n:
        return NONE
    e = wilson(hits, n)
    more = f"; {100 * (e.low or 0):.0f} to {100 * (e.high or 0):.0f}" if interval else ""
    return f"{hits} ({100 * hits / n:.1f}{more})"


def _two(hits: list[tuple[int, int]]) -> TestResult:
    table = [[h, n - h] for h, n in hits]
    exact = len(table) == 2 or sum(n for _, n in hits) <= ENUMERATE_UP_TO
    return choice.run_on_counts("fisher" if exact else choice.for_counts(table).name, table)


def _figure(cohort: Cohort, syndrome: str) -> FigurePart:
    name, title = f"{syndrome}_max_grade", TITLES[syndrome]
    groups = groups_of(cohort)
    top = max([4, *cohort.members[name].drop_nulls().to_list()])
    counts = tuple(tuple(int((g[name] == k).sum()) for k in range(top + 1)) for _, g in groups)
    shown = Shares(tuple((a, len(g) - g[name].null_count()) for a, g in groups), tuple(f"grade {k}" if k else f"no {title}"
                   for k in range(top + 1)), counts, tuple(g[name].null_count() for _, g in groups), tuple(range(top + 1)))
    return FigurePart(f"figure-{syndrome}-grades", f"Highest {title} grade by arm",
                      f"Highest {title} grade by arm, {cohort.sources.get(syndrome, '')}; numbers in the bars are patients.", shown)


def _by_scale(cohort: Cohort) -> TablePart | None:
    """The same patients by every scale and way; None where there is only one."""
    lines = []
    for syndrome, title in TITLES.items():
        if cohort.known(f"{syndrome}_max_grade"):
            lines.append((f"{title}, {cohort.sources[syndrome]}", f"{syndrome}_max_grade"))
        lines += [(f"{title}, {way}", column) for way in ("reported", "computed") if cohort.known(column := f"{syndrome}_{way}_max_grade")]
        if cohort.known(f"{syndrome}_told_max_grade") and "tells" not in cohort.sources[syndrome]:
            lines.append((f"{title}, as the table of patients tells it", f"{syndrome}_told_max_grade"))
    for name, scale in SCALES.items():
        column = f"{name.replace('-', '_')}_max_grade"
        if cohort.known(column):
            lines.append((scale.title, column))
    if len(lines) < 2:
        return None
    rows = []
    for label, column in lines:
        grade = cohort.members[column].cast(pl.Int64)
        rows.append([label, *(str(int((grade == g).sum())) for g in range(6)), str(grade.null_count())])
    return TablePart("table-scales", "The same patients by different scales and sources", frame(
        rows, ["Highest grade by", "none", "1", "2", "3", "4", "5", "not settled"]), None,
        ("Grades of different systems are not the same thing: a grade is read with its system.",))


def _agreement(cohort: Cohort) -> TablePart | None:
    """Where the analysed grade and a reported or told one are both known."""
    rows = []
    for syndrome, title in TITLES.items():
        for other, label in ((f"{syndrome}_reported_max_grade", "reported in the record"), (f"{syndrome}_told_max_grade", "told in the table of patients")):
            if other not in cohort.members.columns or (other.endswith("told_max_grade") and "tells" in cohort.sources.get(syndrome, "")):
                continue
            both = cohort.members.filter(pl.col(f"{syndrome}_max_grade").is_not_null() & pl.col(other).is_not_null()).select(
                "patient", a=pl.col(f"{syndrome}_max_grade").cast(pl.Int64), b=pl.col(other).cast(pl.Int64))
            if not len(both):
                continue
            apart = both.filter(pl.col("a") != pl.col("b"))
            named = ", ".join(f"{p} ({a} against {b})" for p, a, b in apart.head(_MOST_NAMED).iter_rows())
            rows.append([f"{title}: analysed against {label}", str(len(both)), share(len(both) - len(apart), len(both)),
                         share(int((both["a"] - both["b"]).abs().le(1).sum()), len(both)), (named + (" ..." if len(apart) > _MOST_NAMED else "")) or NONE])
    if not rows:
        return None
    return TablePart("table-agreement", "Grades as analysed against grades as reported", frame(
        rows, ["Comparison", "Both known", "Same grade (%)", "Within one grade (%)", "Different in"]))
