"""The report on paper 003 (zhou2025) from its published counts alone: what they show, what they do not, and every check of them.

No individual patient is behind these numbers, so nothing here is adjusted, timed or followed: what needs that is named as left out.
"""

from __future__ import annotations

from tocsin.cite import reference
from tocsin.cohort import paper003
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.packages import with_version
from tocsin.cohort.paper003 import GRADES, RESPONSES
from tocsin.cohort.paper003_tables import (
    LABELS,
    Outcome,
    arm_words,
    capital,
    checks_table,
    choices_table,
    grade_models_table,
    outcomes,
    outcomes_table,
    patients,
    patients_table,
    points,
    printed,
    ratio,
    steroids_by_grade_table,
    together_table,
    tried_table,
)
from tocsin.cohort.parts import CohortReport, FigurePart, Flow, Forest, ForestRow, Section, Shares
from tocsin.cohort.proportions import clopper_pearson
from tocsin.cohort.published import Check, Verdict
from tocsin.cohort.result import Estimate, TestResult, p_in_words

NOT_HERE = {
    "patients": ("age", "lines", "claim_baseline", "claim_tumour_load"),
    "grades": ("toci_duration", "none_duration", "claim_duration_grade_3", "claim_duration_grade_1_2"),
    "corticosteroids": ("toci_dose", "steroid_dose"),
    "response": ("p_pfs", "p_os", "claim_expansion"),
    "infection": ("p_gcsf", "claim_liver_kidney"),
}
"""Which section names which published number as one that cannot be reproduced."""


def paper003_report() -> CohortReport:
    """What the published counts of paper 003 show, and what can be said of every number that it prints."""
    paper = paper003.paper003()
    checks = paper.check()
    sections = (
        _about(checks), _flow(), _patients(checks), _grades(checks), _steroids(checks), _response(checks), _infection(checks), _effects(), _cytokines(),
        _tests(checks), _checks(checks),
    )
    n = paper.count
    return CohortReport(
        f"{paper.title}: the published counts re-analysed", f"{n('patients')} patients: {n('toci')} given tocilizumab, {n('none')} not", sections,
        (("Paper", reference(paper.paper).text), ("Trials named by the paper", "ChiCTR-ONN-16009862, ChiCTR1800015164"),
         ("Data", f"{len(checks)} published numbers and statements, with the paper's own words and their place (checks.csv); no individual patient"),
         ("Tests by", with_version("scipy"))), LABELS,
    )


def _about(checks: tuple[Check, ...]) -> Section:
    def many(*verdicts: Verdict) -> int:
        return sum(c.verdict in verdicts for c in checks)

    return Section(
        "about", "What this report can and cannot say", (
            f"Everything here follows from the counts that the text of the paper prints; its Table 2, the figures and the supplement are not part of it. "
            f"Of {len(checks)} numbers and statements, {many(Verdict.REPRODUCES)} reproduce, {many(Verdict.TAKEN)} are counts taken as printed, "
            f"{many(Verdict.DERIVED)} more counts follow from them, {many(Verdict.MISPRINT)} are misprints, {many(Verdict.CONTRADICTION)} contradict "
            f"themselves, {many(Verdict.UNCLEAR)} are unclear, and {many(Verdict.NOT_REPRODUCIBLE)} cannot be reproduced without individual data.",
            "Where a count and its percentage differ, the count is taken. Each choice is listed with the words that made it necessary.",
        ), warnings=(
            "Tocilizumab was given for CRS, after it had begun and more often where it was severe. The comparisons below describe two groups of patients; "
            "none of them is an effect of tocilizumab.",
        ), cites=(paper003.paper003().paper,))


def _flow() -> Section:
    n = paper003.paper003().count
    lost = n("short_follow_up") + n("data_lost")
    drawing = Flow(
        (("Proposed for CAR-T cells", n("screened")), ("Infused", n("infused")), ("Analysed", n("patients"))),
        ((("Progression before the infusion", n("progressed")),),
         (("Follow-up of less than 28 days", n("short_follow_up")), ("Relevant data lost", n("data_lost"))), ()),
        ((LABELS[0], n("toci")), (LABELS[1], n("none"))),
    )
    return Section(
        "flow", "Flow of patients",
        (f"Of {n('screened')} patients proposed, {n('infused')} were infused and {n('patients')} analysed. The sums hold: {n('progressed')} + "
         f"{n('short_follow_up')} + {n('data_lost')} = {n('excluded')} patients are not analysed.",),
        (FigurePart("flow", "Flow of patients", "Patients proposed, infused and analysed, with the reasons why patients left, by arm at the end.", drawing),),
        warnings=(f"{lost} of the {n('infused')} infused patients are missing, {n('short_follow_up')} of them because they were followed for less than 28 "
                  "days: early deaths may be among them, so what is found holds for patients who were still followed at day 28.",),
    )


def _patients(checks: tuple[Check, ...]) -> Section:
    found = patients()
    return Section(
        "patients", "Patients",
        ("Four characteristics are published by arm or follow from counts that are; the paper's Table 2 is not part of the text.",),
        (patients_table(), together_table(checks)), _left_out(checks, "patients"), methods=(
            f"Highest grades were compared by the {found.rows[0].test.called} and other counts by {found.rows[1].test.name}, two-sided, whatever the "
            f"expected counts ({with_version('scipy')}); percentages are of the patients of the arm, standardised mean differences are given whatever the "
            f"p-value. {found.multiplicity.statement}",),
        cites=tuple(dict.fromkeys(c for row in found.rows for c in row.test.cites)) + _CITES_OF_TABLE1,
    )


def _grades(checks: tuple[Check, ...]) -> Section:
    table = paper003.grades()
    tests = _tests_of("grade")
    severe = _outcome("CRS of grade 3")
    models = {how: paper003.tocilizumab_by_grade(how) for how in ("number", "severe", "category")}
    per_grade = models["number"]["grade"].odds_ratio
    without = paper003.steroids_by_grade_without_tocilizumab()[3]
    return Section(
        "grades", "Grades of CRS",
        (f"Nobody given tocilizumab was without CRS or had grade 1; {severe.hits[0]} of {severe.of[0]} had grade 3, against {severe.hits[1]} of "
         f"{severe.of[1]} without it: a difference of {points(severe.difference)} percentage points (95 % interval). By rank the grades differ "
         f"({tests[1].name}, p {p_in_words(tests[1].p, sign=True)}; {tests[0].called}, p {p_in_words(tests[0].p, sign=True)}).",
         f"Tocilizumab went with the grade: the odds of having been given it rise {per_grade[0]:.1f}-fold per grade "
         f"(95 % CI {ratio(Estimate('', *per_grade)).partition('(')[2].rstrip(')')}). The paper reports a regression in which no factor is significant; "
         "from the published counts grade alone is associated with tocilizumab in each of three models, and as a category it separates the arms, "
         "where Wald's p-values fail."),
        (FigurePart("crs-grades", "Highest grade of CRS by arm",
                    "Share of patients by highest grade of CRS (ASTCT), tocilizumab given or not; numbers are patients.",
                    Shares(_groups(table.sum(axis=1)), tuple(capital(g) for g in GRADES), _rows(table), (0, 0), (0, 1, 2, 3))),
         grade_models_table()),
        _left_out(checks, "grades"),
        (f"The paper compares the duration of grade 3 CRS in {severe.hits[0]} patients with tocilizumab and {severe.hits[1]} without. All {int(without[0])} of "
         "the latter had corticosteroids: it is no comparison with untreated patients. And the medians over all patients count the "
         f"{int(table[1, 0])} patients without CRS as 0 days, all of them in the arm without tocilizumab.",),
        ("Association of tocilizumab with grade: logistic regression by maximum likelihood, and by Firth's penalised likelihood where a category "
         "separates the arms, with profile-likelihood intervals.",),
        tuple(dict.fromkeys((*tests[0].cites, *tests[1].cites, *(c for m in models.values() for c in m.cites)))),
    )


def _steroids(checks: tuple[Check, ...]) -> Section:
    o = _outcome("Corticosteroids")
    return Section(
        "corticosteroids", "Corticosteroids",
        (f"{o.hits[0]} of {o.of[0]} patients given tocilizumab also had corticosteroids, against {o.hits[1]} of {o.of[1]} others ({_compared(o)}). "
         "Corticosteroids and tocilizumab cannot be told apart in these data.",),
        (steroids_by_grade_table(),), _left_out(checks, "corticosteroids"),
        methods=("Intervals of single proportions are those of Clopper and Pearson.",), cites=("clopper1934:interval",),
    )


def _response(checks: tuple[Check, ...]) -> Section:
    table = paper003.responses()
    fisher, pearson = _tests_of("response")
    o = _outcome("Complete response, MRD-negative")
    return Section(
        "response", "Response and survival",
        (f"MRD-negative complete response: {o.hits[0]} of {o.of[0]} with tocilizumab and {o.hits[1]} of {o.of[1]} without ({_compared(o)}). "
         "The interval is wide: neither a gain nor a loss is excluded.",
         f"The printed p = 0.616 is Pearson's test of the three responses (p {p_in_words(pearson.p, sign=True)}), where "
         f"{pearson.warnings[0] if pearson.warnings else 'the expected counts are small'}. Fisher's exact test of the same table gives p "
         f"{p_in_words(fisher.p, sign=True)}. The match also tells how the five other responses split: the partial remission had no tocilizumab."),
        (FigurePart("response", "Response at day 28 by arm",
                    "Share of patients by response at day 28, tocilizumab given or not; numbers are patients. The split of the five patients who had no "
                    "MRD-negative complete response is inferred from the printed p-value. MRD: measurable residual disease; CR: complete response; PR: "
                    "partial remission.",
                    Shares(_groups(table.sum(axis=1)), RESPONSES, _rows(table), (0, 0))),),
        _left_out(checks, "response"), cites=tuple(dict.fromkeys((*fisher.cites, *pearson.cites))),
    )


def _infection(checks: tuple[Check, ...]) -> Section:
    o = _outcome("Serious infection")
    return Section(
        "infection", "Infection and other harms",
        (f"Serious infection: {o.hits[0]} of {o.of[0]} with tocilizumab and {o.hits[1]} of {o.of[1]} without ({_compared(o)}). The paper concludes that "
         "adverse events did not increase; the interval leaves room for a large increase and for a decrease.",
         "One patient given tocilizumab died of respiratory failure with a lung infection. Two patients of the 45 had ICANS; their arm is not told."),
        left_out=_left_out(checks, "infection"),
    )


def _effects() -> Section:
    found = outcomes()
    family = adjust([o.fisher.p for o in found], "none")

    def rows(measure: str) -> tuple[ForestRow, ...]:
        out = []
        for o in found:
            e, scale = (o.difference, 100.0) if measure == "difference" else (o.odds_ratio, 1.0)
            value, low, high = (None if x is None else scale * x for x in (e.value, e.low, e.high))
            out.append(ForestRow(o.name, value, low, high, f"{o.hits[0]}/{o.of[0]} v {o.hits[1]}/{o.of[1]}", p_in_words(o.fisher.p)))
        return tuple(out)

    first, second = found[0].difference, found[0].odds_ratio
    caution = "Not adjusted: the arms differ in grade and in corticosteroids. p: Fisher's exact test, not adjusted for multiplicity."
    sides = ("fewer with tocilizumab", "more with tocilizumab")
    return Section(
        "outcomes", "All outcomes side by side", (family.statement,),
        (outcomes_table(),
         FigurePart("differences", "Differences between the arms",
                    f"Difference of the shares, tocilizumab minus no tocilizumab, with Newcombe's 95 % interval. {caution}",
                    Forest(rows("difference"), "Difference, percentage points", 0.0, sides)),
         FigurePart("odds-ratios", "Odds ratios between the arms",
                    f"Conditional odds ratios with exact 95 % intervals; infinite where an outcome has no exception in one arm. {caution}",
                    Forest(rows("odds ratio"), "Odds ratio", 1.0, sides))),
        methods=(f"Differences of proportions have Newcombe's 95 % interval, odds ratios are conditional maximum-likelihood estimates with exact "
                 f"intervals, tested by Fisher's exact test with the mid-p value beside it ({with_version('scipy')}).",),
        cites=tuple(dict.fromkeys((*first.cites, *second.cites, *found[0].fisher.cites, "lancaster1961:mid-p"))),
    )


def _cytokines() -> Section:
    n = paper003.paper003().count
    share = clopper_pearson(n("toci_cytokines_fell"), n("toci"))
    low, high = 100 * (share.low or 0.0), 100 * (share.high or 0.0)
    return Section(
        "cytokines", "Cytokines after tocilizumab",
        (f"Cytokines fell in {n('toci_cytokines_fell')} of {n('toci')} patients after tocilizumab ({100 * (share.value or 0.0):.1f} %, exact 95 % interval "
         f"{low:.1f} to {high:.1f}). Of the {n('toci_il6_raised')} others the paper names expansion of CAR-T cells in {n('il6_raised_expansion')}, acute GVHD "
         f"in {n('il6_raised_gvhd')} and infection in {n('il6_raised_infection')} as reasons.",),
        warnings=("Serum IL-6 rises when its receptor is blocked, and cytokines fall with time whatever is given: without the courses of the patients not "
                  "given tocilizumab this share is no measure of response.",),
        left_out=("Courses of cytokines, ferritin, CRP and CAR-T cells: they are drawn in the paper's Figure 3 and printed nowhere.",),
    )


def _tests(checks: tuple[Check, ...]) -> Section:
    told = {c.id: c for c in checks}
    return Section(
        "tests", "Which test gives which printed p-value",
        tuple(f"{capital(told[i].what)}, printed {told[i].printed}: {told[i].says}." for i in ("p_response", "p_infection")), (tried_table(),),
        left_out=tuple(f"{capital(c.what)}, printed {c.printed}: {c.says}." for c in checks
                       if c.id.startswith("p_") and c.verdict is Verdict.NO_TEST_MATCHES),
        methods=("Each printed p-value was compared with those of every usual test of counts and of ordered values on each table that the text allows.",),
    )


def _checks(checks: tuple[Check, ...]) -> Section:
    choices = paper003.paper003().choices()
    return Section(
        "checks", "Every number checked",
        (f"{len(choices)} choices had to be made where the paper is misprinted, contradicts itself or leaves open what is meant.",),
        (choices_table(choices), checks_table(checks)), cites=(paper003.paper003().paper,),
    )


# ---------------------------------------------------------------------------------------------------- plumbing
_CITES_OF_TABLE1 = ("austin2009:standardised difference", "yang2012:multi-level")


def _outcome(name: str) -> Outcome:
    return next(o for o in outcomes() if o.name == name)


def _tests_of(name: str) -> list[TestResult]:
    return [t for t in paper003.comparisons()[name] if isinstance(t, TestResult)]


def _compared(o: Outcome) -> str:
    """The difference and Fisher's test in words."""
    return f"difference {points(o.difference)} percentage points, 95 % interval; Fisher's exact test p {p_in_words(o.fisher.p, sign=True)}"


def _left_out(checks: tuple[Check, ...], section: str) -> tuple[str, ...]:
    """The published numbers of a section that cannot be reproduced, each with its reason."""
    told = {c.id: c for c in checks}
    return tuple(f"{capital(told[i].what)}{'' if told[i].arm == 'all' else f', {arm_words(told[i])}'}: the paper prints “{printed(told[i])}”; {told[i].says}."
                 for i in NOT_HERE[section])


def _groups(sizes: object) -> tuple[tuple[str, int], ...]:
    return tuple(zip(LABELS, (int(x) for x in sizes), strict=True))  # type: ignore[attr-defined]


def _rows(table: object) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(x) for x in row) for row in table)  # type: ignore[attr-defined]
