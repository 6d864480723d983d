"""Paper 003: every printed number, which test gives each p-value, and where the paper is misprinted or contradicts itself."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.cohort import paper003
from tocsin.cohort.published import Verdict, fractions, parse, published
from tocsin.errors import CohortError, RuleError, UnknownIdError

PAPER = paper003.paper003()
CHECKS = {c.id: c for c in PAPER.check()}


def test_the_flow_adds_up_from_61_screened_to_45_analysed():
    assert [PAPER.count(i) for i in ("screened", "infused", "patients", "toci", "none")] == [61, 60, 45, 17, 28]
    assert all(CHECKS[i].verdict is Verdict.REPRODUCES for i in ("flow_infused", "flow_analysed", "flow_excluded", "responses", "grades"))


def test_every_percentage_but_two_is_that_of_its_count():
    wrong = {c.id for c in CHECKS.values() if c.printed.endswith(" %") and c.verdict is not Verdict.REPRODUCES}
    assert wrong == {"high_risk", "icans"}
    assert sum(c.printed.endswith(" %") for c in CHECKS.values()) == 13


def test_where_count_and_percentage_differ_the_count_wins():
    assert (CHECKS["high_risk"].printed, CHECKS["high_risk"].found) == ("84.8 %", "38/45 = 84.4 %")
    assert CHECKS["high_risk"].says == "the count wins; 84.8 % is 28/33 or 39/46"
    assert (CHECKS["icans"].printed, CHECKS["icans"].found) == ("4.5 %", "2/45 = 4.4 %")
    assert "2/44" in CHECKS["icans"].says


def test_serious_infection_0_353_is_fishers_test_and_no_other():
    tried = PAPER.tried("p_infection")
    assert [t.test.name for t in tried if t.matches] == ["Fisher's exact test"]
    by_name = {t.test.name: t.test.p for t in tried}
    assert by_name["Pearson chi-square test"] == pytest.approx(0.2566, abs=5e-5)
    assert by_name["chi-square test with Yates' correction"] == pytest.approx(0.4104, abs=5e-5)
    assert CHECKS["p_infection"].says.endswith("no expected count is below 5")


def test_response_0_616_is_pearsons_test_of_three_responses_with_the_pr_not_given_tocilizumab():
    hits = [t for t in PAPER.tried("p_response") if t.matches]
    assert [(t.test.name, t.rows) for t in hits] == [("Pearson chi-square test", ((16, 1, 0), (24, 3, 1)))]
    assert CHECKS["p_response"].says.endswith("4 of 6 expected counts are below 5")
    other = {(t.test.name, t.rows): t.test.p for t in PAPER.tried("p_response")}
    assert other["Fisher's exact test", ((16, 1, 0), (24, 3, 1))] == pytest.approx(1.0)
    assert other["Pearson chi-square test", ((16, 0, 1), (24, 4, 0))] == pytest.approx(0.125, abs=5e-4)
    assert other["Fisher's exact test", ((16, 1), (24, 4))] == pytest.approx(0.6353, abs=5e-5)


def test_what_stands_only_in_figures_cannot_be_reproduced_and_says_why():
    lost = {c.id for c in CHECKS.values() if c.verdict is Verdict.NOT_REPRODUCIBLE}
    assert {"p_pfs", "p_os", "p_gcsf", "claim_tumour_load", "claim_duration_grade_3", "age", "toci_duration"} <= lost
    assert all(CHECKS[i].says for i in lost)


def test_the_counts_by_arm_that_follow():
    assert paper003.grades().tolist() == [[0, 0, 8, 9], [4, 7, 11, 6]]
    assert paper003.steroids().tolist() == [[15, 2], [10, 18]]
    assert paper003.infections().tolist() == [[9, 8], [10, 18]]
    assert paper003.responses().tolist() == [[16, 1, 0], [24, 3, 1]]
    assert paper003.steroids_by_grade_without_tocilizumab().tolist() == [[0, 4], [1, 6], [3, 8], [6, 0]]
    with pytest.raises(ValueError, match="read-only"):
        paper003.grades()[0, 0] = 1


def test_the_tables_of_the_claims_are_those_that_follow_from_the_counts():
    claims = {f["id"]: f for f in PAPER.facts["claim"]}
    assert claims["claim_grade"]["table"] == paper003.grades().tolist()
    assert claims["claim_steroid_use"]["table"] == paper003.steroids().tolist()
    tables = {f["id"]: [t["rows"] for t in f.get("table", [])] for f in PAPER.facts["p_value"]}
    assert tables["p_infection"] == [paper003.infections().tolist()]
    assert paper003.responses().tolist() in tables["p_response"]
    for rows in tables["p_response"]:
        assert np.array(rows).sum(axis=1).tolist() == [17, 28]


def test_grade_and_corticosteroids_differ_by_arm_as_the_paper_says():
    assert CHECKS["claim_grade"].verdict is CHECKS["claim_steroid_use"].verdict is Verdict.REPRODUCES
    found = paper003.comparisons()
    assert found["grade"][1].p == pytest.approx(0.0032, abs=5e-5)
    assert found["corticosteroids"][0].p == pytest.approx(0.0007, abs=5e-5)


def test_the_interval_of_the_difference_in_infections_is_the_one_that_is_told():
    difference = paper003.comparisons()["serious infection"][2]
    assert [round(100 * x) for x in (difference.value, difference.low, difference.high)] == [17, -11, 43]
    assert "17 percentage points with a 95 % interval from -11 to 43" in CHECKS["absence_of_evidence"].says


def test_grade_alone_is_associated_with_tocilizumab_in_every_model():
    number, severe, category = (paper003.tocilizumab_by_grade(how) for how in ("number", "severe", "category"))
    assert (number.method, severe.method, category.method) == ("maximum likelihood", "maximum likelihood", "Firth's penalised likelihood")
    assert all(m.p < 0.05 for m in (number, severe, category))
    assert severe["grade 3"].odds_ratio[0] == pytest.approx(9 * 22 / (8 * 6))
    assert category.separation.kind == "quasi-complete"
    assert min(c.wald_p for c in category.coefficients) > 0.05  # where every likelihood ratio of grade 3 is below


def test_misprints_and_contradictions_are_listed_with_the_choice_made():
    choices = {c.id: c for c in PAPER.choices()}
    assert {"high_risk", "icans", "pt_number_lost", "lymphodepletion_days"} <= {i for i, c in choices.items() if c.verdict is Verdict.MISPRINT}
    assert choices["interval_of_doses"].verdict is Verdict.CONTRADICTION
    assert choices["duration_with_zeros"].verdict is Verdict.UNCLEAR
    assert all(c.found for c in choices.values())


def test_every_check_has_the_place_in_the_paper_and_every_fact_its_words():
    for check in CHECKS.values():
        assert check.cites.startswith("zhou2025")
        if check.verdict is not Verdict.DERIVED and check.id not in {f["id"] for f in PAPER.facts["sum"]}:
            assert check.words
            assert ":" in check.cites
    assert len(PAPER.frame()) == len(CHECKS) == len(PAPER.check())


def test_a_percentage_prints_as_few_fractions():
    assert fractions("84.8", 61) == [(28, 33), (39, 46)]
    assert fractions("50", 3) == [(1, 2)]
    assert fractions("0.05", 100) == []


# ---------------------------------------------------------------------------------------------------- other papers
HEAD = 'paper = "zhou2025"\ntitle = "T"\n[arms]\nall = "all"\n'
COUNT = '[[count]]\nid = "a"\nwhat = "A"\ncount = 3\nplace = "P"\nwords = "W"\n'


def test_a_p_value_that_no_test_gives_says_which_came_nearest():
    text = HEAD + '[[p_value]]\nid = "p"\nwhat = "x"\nprinted = "0.9"\nplace = "P"\nwords = "W"\n[[p_value.table]]\nname = "t"\nrows = [[9, 1], [1, 9]]\n'
    check = parse(text).check()[0]
    assert check.verdict is Verdict.NO_TEST_MATCHES
    assert "nearest" in check.says


def test_a_sum_that_does_not_hold_is_a_contradiction():
    text = HEAD + COUNT + COUNT.replace('"a"', '"b"') + '[[sum]]\nid = "s"\ntotal = "a"\nplus = ["a", "b"]\nminus = []\n'
    assert parse(text).check()[-1].verdict is Verdict.CONTRADICTION


@pytest.mark.parametrize(("text", "error", "why"), [
    (HEAD + COUNT + COUNT, CohortError, "stands twice"),
    (HEAD + COUNT + '[[derived]]\nid = "d"\nwhat = "D"\nplus = ["x"]\nminus = []\n', CohortError, "no count before it"),
    (HEAD + COUNT + '[[derived]]\nid = "d"\nwhat = "D"\nplus = []\nminus = ["a"]\n', CohortError, "do not fit together"),
    (HEAD + COUNT + 'arm = "toci"\n', CohortError, "not one of the arms"),
    (HEAD.replace("zhou2025", "nobody1999"), RuleError, "no reference"),
])
def test_published_numbers_that_do_not_fit_are_refused(text: str, error: type[Exception], why: str):
    with pytest.raises(error, match=why):
        parse(text)


def test_an_unknown_paper_count_or_p_value_is_refused():
    for call in (lambda: published("paper009"), lambda: PAPER.count("nothing"), lambda: PAPER.tried("p_nothing")):
        with pytest.raises(UnknownIdError):
            call()
