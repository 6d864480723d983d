"""Who was analysed: the flow of patients, and Table 1."""

from __future__ import annotations

import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.parts import FigurePart, Flow, Section, TablePart
from tocsin.cohort.sections.cells import joined, plural
from tocsin.cohort.table1 import Kind, Table1, Variable, table1

FEW_VALUES = 5
"""Numbers with at most this many different values that are whole are taken as categories where nothing declares them (a choice of this software)."""
_FACTS = (
    Variable("age_years", Kind.CONTINUOUS, "Age", "years"), Variable("sex", Kind.BINARY, "Sex"), Variable("weight_kg", Kind.CONTINUOUS, "Weight", "kg"),
    Variable("diagnosis", Kind.CATEGORICAL, "Diagnosis"), Variable("disease_extent", Kind.CATEGORICAL, "Extent of the disease"),
    Variable("product", Kind.CATEGORICAL, "Product"),
)


def section(cohort: Cohort) -> Section:
    """The flow of patients and the characteristics by arm."""
    n = len(cohort.members)
    sizes = [(a, len(cohort.of_arm(a))) for a in cohort.arms]
    text = [f"{plural(n, 'patient')} {'was' if n == 1 else 'were'} analysed: {joined([f'{many} {arm}' for arm, many in sizes])}."]
    out = [e for e in cohort.excluded if e[1]]
    if out:
        text.append(f"Of {cohort.screened:,} screened, {sum(k for _, k in out):,} are not part of the analysis: "
                    f"{joined([f'{reason} ({k})' for reason, k in out])}.")
    flow = FigurePart("figure-flow", "Flow of patients", "Patients screened, left out with the reason, and analysed by arm.", _flow(cohort, sizes))
    variables, inferred, lost = variables_of(cohort)
    parts: list[TablePart | FigurePart] = [flow]
    methods, cites, warnings, left = [], [], [], list(lost)
    if variables:
        made = table1(cohort.members, variables, "arm", order=cohort.arms)
        parts.append(TablePart("table-1", "Patients by arm", made.printed(), made.numbers(), _notes(made, inferred)))
        parts.append(TablePart("table-1-tests", "Patients by arm: tests and standardised differences", _tests(made), made.tests()))
        methods.append(made.methods())
        cites += [c for r in made.rows for c in r.test.cites]
        text.append(_differing(made))
    else:
        left.append("Table 1: the table of patients has no characteristic before the infusion.")
    if any("follow" in reason.lower() for reason, k in out if k):
        warnings.append("Patients with short follow-up were left out. Who dies early is followed for a short time: survival in this report is that of patients "
                        "who lived long enough to be included.")
    return Section("patients", "Patients", tuple(text), tuple(parts), tuple(left), tuple(warnings), tuple(methods), tuple(dict.fromkeys(cites)))


def _flow(cohort: Cohort, sizes: list[tuple[str, int]]) -> Flow:
    steps: list[tuple[str, int]] = [("Screened", cohort.screened)]
    leaving: list[tuple[tuple[str, int], ...]] = []
    out = tuple(e for e in cohort.excluded if e[1])
    if out:
        leaving.append(out)
        steps.append(("Analysed", len(cohort.members)))
    else:
        steps = [("Analysed", len(cohort.members))]
    return Flow(tuple(steps), tuple(leaving), tuple((a[0].upper() + a[1:], n) for a, n in sizes))


def variables_of(cohort: Cohort) -> tuple[list[Variable], list[str], list[str]]:
    """The variables of Table 1: those of the study file; else the facts and the study's own columns, their kinds inferred by a stated rule.

    Also the names whose kind was inferred, and what was left out and why.
    """
    members = cohort.members
    if cohort.study.variables:
        lost = [f"Table 1: there is no column {v.name}." for v in cohort.study.variables if v.name not in members.columns]
        return [v for v in cohort.study.variables if v.name in members.columns], [], lost
    facts = [v for v in _FACTS if v.name in members.columns and members[v.name].drop_nulls().n_unique() > (v.kind is Kind.CATEGORICAL)]
    own = [c for c in cohort.covariates if c != cohort.study.arms]
    found, lost = [], []
    for name in own:
        values = members[name].drop_nulls()
        different = values.n_unique() if len(values) else 0
        if different < 2:
            lost.append(f"Table 1: {name} {'has one value only' if different else 'is not known of anybody'}.")
        elif values.dtype == pl.String and different > max(12, len(members) // 3):
            lost.append(f"Table 1: {name} has {different} different texts, and is no category.")
        else:
            found.append(Variable(name, _kind(values, different), name.replace("_", " ")))
    return facts + found, [v.name for v in found], lost


def _kind(values: pl.Series, different: int) -> Kind:
    if different == 2:
        return Kind.BINARY
    if values.dtype.is_numeric():
        whole = bool((values == values.round()).all())
        return Kind.ORDINAL if whole and different <= FEW_VALUES else Kind.CONTINUOUS
    return Kind.CATEGORICAL


def _notes(made: Table1, inferred: list[str]) -> tuple[str, ...]:
    notes = ["SMD: standardised mean difference. Differences between arms that were not randomised are expected; the p-values describe."]
    if inferred:
        notes.append("Kinds inferred, as no study file declares them: two values are binary, whole numbers with at most "
                     f"{FEW_VALUES} values ordered, other numbers continuous, texts categories ({', '.join(inferred)}).")
    if made.unassigned:
        notes.append(f"{made.unassigned} patients without an arm are in no column.")
    return tuple(notes)


def _tests(made: Table1) -> pl.DataFrame:
    return made.tests().select(
        Characteristic="variable", Test="test", Why="why", p=pl.col("p").map_elements(lambda p: f"{p:.4f}", pl.String),
        SMD=pl.when(pl.col("smd").is_not_null()).then(pl.format("{} ({} to {})", *(pl.col(c).round(2) for c in ("smd", "smd_low", "smd_high")))),
        Warnings="warnings").fill_null("–")


def _differing(made: Table1) -> str:
    """Which characteristics differ most, by size and not by p."""
    sized = sorted(((abs(r.difference.value), r.variable.label or r.variable.name) for r in made.rows if r.difference and r.difference.value is not None),
                   reverse=True)
    big = [f"{name} ({size:.2f})" for size, name in sized[:4] if size >= 0.2]
    if not big:
        return "No characteristic differs by a standardised difference of 0.2 or more."
    return f"The arms differ most in {joined(big)} (standardised differences); such characteristics may explain a difference in outcome."
