"""The report of paper 003: every number in it follows from the published counts, and what cannot be had is named."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cite import bibliography
from tocsin.cohort import paper003
from tocsin.cohort.paper003_report import NOT_HERE, paper003_report
from tocsin.cohort.paper003_tables import Outcome, counted, outcomes, points, ratio
from tocsin.cohort.parts import Flow, Forest, Shares
from tocsin.cohort.published import Verdict
from tocsin.cohort.result import Estimate

REPORT = paper003_report()
SECTIONS = {s.id: s for s in REPORT.sections}
TABLES = {t.id: t for t in REPORT.tables}
FIGURES = {f.id: f for f in REPORT.figures}
CHECKS = {c.id: c for c in paper003.paper003().check()}


def row(table: str, first: str) -> tuple[str, ...]:
    return next(r for r in TABLES[table].frame.iter_rows() if r[0].strip() == first)


def test_the_report_has_each_part_once_and_no_synthetic_patients():
    assert len(SECTIONS) == len(REPORT.sections)
    assert len(TABLES) == len(REPORT.tables)
    assert set(FIGURES) == {"flow", "crs-grades", "response", "differences", "odds-ratios"}
    assert REPORT.synthetic == ""
    assert REPORT.arms == ("Tocilizumab", "No tocilizumab")
    assert REPORT.subtitle == "45 patients: 17 given tocilizumab, 28 not"


def test_the_flow_loses_16_of_61_and_ends_in_17_and_28():
    flow = FIGURES["flow"].drawing
    assert isinstance(flow, Flow)
    assert [n for _, n in flow.steps] == [61, 60, 45]
    for (_, before), leaving, (_, after) in zip(flow.steps, flow.leaving, flow.steps[1:], strict=False):
        assert before - sum(n for _, n in leaving) == after
    assert [n for _, n in flow.arms] == [17, 28]
    assert "early deaths may be among them" in SECTIONS["flow"].warnings[0]


@pytest.mark.parametrize(("figure", "counts"), [("crs-grades", ((0, 0, 8, 9), (4, 7, 11, 6))), ("response", ((16, 1, 0), (24, 3, 1)))])
def test_shares_are_of_all_patients_of_the_arm(figure: str, counts):
    drawing = FIGURES[figure].drawing
    assert isinstance(drawing, Shares)
    assert drawing.counts == counts
    assert [n for _, n in drawing.groups] == [sum(c) for c in counts] == [17, 28]
    assert len(drawing.levels) == len(counts[0])


def test_table_1_has_the_counts_by_arm_with_exact_tests():
    assert row("patients-by-arm", "grade 3")[1:4] == ("9 (52.9)", "6 (21.4)", "15 (33.3)")
    assert row("patients-by-arm", "Serious infection: yes, n (%)")[1:6] == ("9 (52.9)", "10 (35.7)", "19 (42.2)", "0.353", "Fisher's exact test")
    assert row("patients-by-arm", "Response at day 28, n (%)")[4:6] == ("1.000", "Fisher's exact test (Freeman-Halton)")
    assert row("patients-by-arm", "Highest CRS grade (ASTCT), n (%)")[4] == "0.003"
    assert "none is a baseline characteristic" in TABLES["patients-by-arm"].notes[0]


def test_each_outcome_has_its_shares_difference_odds_ratio_and_exact_test():
    assert row("outcomes", "Serious infection") == (
        "Serious infection", "9/17, 52.9 (27.8 to 77.0)", "10/28, 35.7 (18.6 to 55.9)", "17.2 (−11.5 to 43.0)", "1.99 (0.50 to 8.21)", "0.353", "0.288")
    assert row("outcomes", "Corticosteroids")[5:] == ("<0.001", "<0.001")
    assert row("outcomes", "CRS of grade 3")[1][:4] == "9/17"
    numbers = TABLES["outcomes"].numbers
    assert numbers is not None
    severe = numbers.filter(pl.col("outcome") == "CRS of grade 3")
    assert severe["p_fisher"][0] == pytest.approx(0.0497, abs=5e-5)


def test_an_outcome_that_everybody_of_an_arm_had_has_an_infinite_odds_ratio_and_is_drawn():
    assert row("outcomes", "CRS of any grade")[4] == "∞ (0.41 to ∞)"
    for name, null in (("differences", 0.0), ("odds-ratios", 1.0)):
        drawing = FIGURES[name].drawing
        assert isinstance(drawing, Forest)
        assert drawing.null == null
        assert [r.label for r in drawing.rows] == [o.name for o in outcomes()]
        assert "Not adjusted" in FIGURES[name].caption
    assert FIGURES["odds-ratios"].drawing.rows[2].value == float("inf")
    assert FIGURES["differences"].drawing.rows[5].value == pytest.approx(17.2, abs=0.05)


def test_all_six_with_grade_3_and_no_tocilizumab_had_corticosteroids_and_the_report_warns_of_it():
    assert row("corticosteroids-by-grade", "Grade 3")[1] == "6/6, 100.0 (54.1 to 100.0)"
    assert row("corticosteroids-by-grade", "No CRS")[1].startswith("0/4, 0.0")
    assert "All 6 of the latter had corticosteroids" in SECTIONS["grades"].warnings[0]


def test_every_test_tried_is_listed_and_exactly_two_match():
    numbers = TABLES["tests-tried"].numbers
    assert numbers is not None
    assert numbers.filter("matches")["test"].to_list() == ["Pearson chi-square test", "Fisher's exact test"]
    assert numbers["p_value"].value_counts(sort=True)["count"].to_list() == [41, 9]
    assert len(TABLES["tests-tried"].frame) == 50 + 6


def test_every_check_and_every_choice_is_in_a_table():
    numbers = TABLES["checks"].numbers
    assert numbers is not None
    assert numbers["id"].to_list() == list(CHECKS)
    chosen = {c.what.lower() for c in CHECKS.values() if c.verdict in (Verdict.MISPRINT, Verdict.CONTRADICTION, Verdict.UNCLEAR)}
    assert {x.lower() for x in TABLES["choices"].frame["Subject"]} == chosen
    others = [c for c in CHECKS.values() if c.what.lower() not in chosen or c.verdict in (Verdict.REPRODUCES, Verdict.TAKEN, Verdict.DERIVED)]
    lines = [r for r in TABLES["checks"].frame.iter_rows() if r[0].startswith("  ")]
    assert len(lines) == len(others) == len(CHECKS) - len(TABLES["choices"].frame)


def test_every_number_that_cannot_be_reproduced_is_left_out_by_name_or_in_a_table_of_what_is_printed():
    lost = {i for i, c in CHECKS.items() if c.verdict is Verdict.NOT_REPRODUCIBLE}
    assert {i for ids in NOT_HERE.values() for i in ids} == lost
    for section, ids in NOT_HERE.items():
        assert [any(CHECKS[i].says in text for text in SECTIONS[section].left_out) for i in ids] == [True] * len(ids)
    assert any("Figure 4" in text for text in SECTIONS["response"].left_out)


def test_no_section_claims_an_effect_or_no_difference_from_a_p_value():
    said = " ".join((*(t for s in REPORT.sections for t in (*s.text, *s.warnings)), *(f.caption for f in REPORT.figures))).lower()
    for words in ("no effect", "no difference", "is safe", "is effective", "not significant", "no significant"):
        assert words not in said.replace("were there no difference", "").replace("none of them is an effect", "")
    assert "none of them is an effect of tocilizumab" in said


def test_the_methods_name_tests_and_software_and_every_citation_is_known():
    for words in ("Mann-Whitney U test", "Fisher's exact test", "Firth's penalised likelihood", "Clopper and Pearson", "Newcombe", "scipy"):
        assert words in REPORT.methods
    assert "median" not in REPORT.methods
    keys = [r.key for r in bibliography(c for s in REPORT.sections for c in s.cites)]
    assert keys[0] == "zhou2025"
    assert len(keys) == len(set(keys)) > 10


# ---------------------------------------------------------------------------------------------------- words for numbers
@pytest.mark.parametrize(("value", "low", "high", "text"), [
    (1.0, 0.5, 2.0, "1.00 (0.50 to 2.00)"), (9.999, 0.099, 10.0, "10.00 (0.099 to 10.0)"), (0.0, 0.0, 3.0, "0.00 (0.00 to 3.00)"),
    (float("inf"), 0.4, float("inf"), "∞ (0.40 to ∞)"), (99.96, None, 100.0, "100.0 (– to 100)"), (None, 0.0, 1.0, "–"),
])
def test_ratios_are_printed_with_limits_that_may_be_infinite_or_absent(value, low, high, text):
    assert ratio(Estimate("odds ratio", value, low, high)) == text


def test_differences_have_a_true_minus_sign_and_unknown_ones_a_dash():
    assert points(Estimate("d", -0.1, -0.256, 0.05)) == "−10.0 (−25.6 to 5.0)"
    assert points(Estimate("d", None, -1.0, 1.0)) == "–"
    assert counted(0, 0, Estimate("p", None, 0.0, 1.0)) == "0/0"


def test_an_arm_with_nobody_has_no_difference_and_no_test():
    nobody = Outcome("x", (0, 3), (0, 9))
    assert nobody.difference.value is None
    assert nobody.fisher.p is None
    assert nobody.odds_ratio.value is None
