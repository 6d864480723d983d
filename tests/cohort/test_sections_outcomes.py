"""The sections of response, survival, competing risks and who was treated: numbers that R gives, edge cases, and what they say."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from cohort.made_cohorts import TWO, figure, made, number, said, table
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort.cox import cox
from tocsin.cohort.fine_gray import fine_gray
from tocsin.cohort.parts import Curves, Forest, Incidences, Section, Shares
from tocsin.cohort.sections import competing, regression, response, survival, timing
from tocsin.cohort.sections.covariates import usable
from tocsin.cohort.sections.outcomes import OVERALL, PROGRESSION_FREE, follow_up
from tocsin.cohort.sections.regression import rounded
from tocsin.cohort.sections.words import UNITS, plain, with_limits
from tocsin.cohort.study import Study
from tocsin.cohort.survival import Survival
from tocsin.cohort.table1 import Kind, Variable
from tocsin.errors import CohortError

BY_COLUMN = Study(arms="trt", time_unit="days")


def by_arm(section: Section, table_id: str, label: str) -> list[str]:
    """The cells of the row with this label."""
    rows = [row for row in table(section, table_id).frame.iter_rows() if row[0].strip() == label]
    assert len(rows) == 1, [row[0] for row in table(section, table_id).frame.iter_rows()]
    return list(rows[0][1:])


# ---------------------------------------------------------------------------------------------------- response
def paper003() -> Section:
    """The published split of responses (16, 1, 0) and (24, 3, 1)."""
    one = ["MRD- CR"] * 16 + ["MRD+ CR"]
    other = ["MRD- CR"] * 24 + ["MRD+ CR"] * 3 + ["PR"]
    return response.section(made({"arm": [TWO[0]] * 17 + [TWO[1]] * 28, "response": one + other}))


def test_the_responses_of_paper_003_give_its_pearson_p_beside_fishers_and_say_that_it_is_unsafe():
    found = paper003()
    assert "Fisher's exact test (Freeman-Halton) gives p = 1.000." in found.text[0]
    assert "Pearson's chi-square test gives p = 0.616" in found.text[0]
    assert "of the 6 counts expected without a difference 4 are below 5 and the smallest is 0.38" in found.text[0]
    assert "not to be relied on" in found.text[0]


def test_shares_of_response_have_exact_intervals_and_differences_newcombes():
    found = paper003()
    assert by_arm(found, "table-response", "MRD- CR") == ["16/17 (94.1; 71.3 to 99.9)", "24/28 (85.7; 67.3 to 96.0)", "40/45 (88.9; 75.9 to 96.3)"]
    row = number(found, "table-response-rates", outcome="Complete response (CR)", arm="tocilizumab against no tocilizumab")
    assert row["difference"] == pytest.approx(17 / 17 - 27 / 28)
    assert row["difference_low"] < 0 < row["difference_high"]
    drawn = figure(found, "figure-response").drawing
    assert isinstance(drawn, Shares)
    assert (drawn.levels, drawn.counts, drawn.unknown) == (("MRD- CR", "MRD+ CR", "PR"), ((16, 1, 0), (24, 3, 1)), (0, 0))


def test_unknown_responses_are_counted_and_in_no_share():
    found = response.section(made({"arm": [TWO[0]] * 3 + [TWO[1]] * 3, "response": ["PR", None, "no response", "PR", None, None]}))
    assert by_arm(found, "table-response", "not known, n") == ["1", "2", "3"]
    assert by_arm(found, "table-response", "PR")[:2] == ["1/2 (50.0; 1.3 to 98.7)", "1/1 (100.0; 2.5 to 100.0)"]


def test_without_any_response_everything_is_left_out_with_its_reason():
    found = response.section(made({"arm": list(TWO)}))
    assert not found.parts
    assert not found.text
    assert "no response is known for anybody" in said(found)


def test_an_arm_without_a_known_response_is_named_and_not_compared():
    found = response.section(made({"arm": list(TWO) * 3, "complete_response": [True, None] * 3}))
    assert "an arm has nobody of whom it is known" in said(found)
    assert by_arm(found, "table-response-rates", "Complete response (CR) [0, 3 not known or not concerned]")[:2] == ["3/3 (100.0; 29.2 to 100.0)", "–"]


def test_three_arms_are_each_compared_with_the_last():
    found = response.section(made({"arm": ["a", "b", "c"] * 4, "complete_response": [True, False, True, False] * 3}, ("a", "b", "c")))
    assert [row[0] for row in table(found, "table-response-rates").frame.iter_rows()][1:] == [
        "  Complete response (CR): a against c", "  Complete response (CR): b against c"]


def test_large_cohorts_are_tested_by_sampled_tables_and_say_so():
    generator = np.random.default_rng(3)
    levels = ["MRD- CR", "MRD+ CR", "PR", "no response", "CR (MRD not known)"]
    n = 1_200
    found = response.section(made({"arm": generator.choice(TWO, n).tolist(), "response": generator.choice(levels, n).tolist()}))
    assert "Monte Carlo, 20000 tables, seed" in found.text[0]


# ---------------------------------------------------------------------------------------------------- survival, against R
def veteran(folder, study: Study = BY_COLUMN, **more: list):
    c = r.columns(folder, "survival_veteran.csv")
    arms = ["test" if v == "2" else "standard" for v in c["trt"]]
    days, died = r.number(c["time"]), [v == "1" for v in c["status"]]
    return made({"arm": arms, "os_days": days, "os_event": died, "karno": r.number(c["karno"]), **more}, ("test", "standard"), study)


def test_the_veterans_get_the_medians_log_rank_and_survival_of_r(shared_data: SharedData):
    folder = shared_data("r_survival_reference")
    answer = r.answers(folder)["veteran_by_trt"]
    found = survival.section(veteran(folder))
    for arm, i in (("standard", 0), ("test", 1)):
        row = number(found, "table-survival", arm=arm, measure="median")
        km = answer["km_log"]
        assert (row["n"], row["events"], row["value"], row["low"], row["high"]) == (
            km["records"][i], km["events"][i], km["median"][i], km["lcl"][i], km["ucl"][i])
    at = {(a["strata"], a["time"]): a for a in answer["km_log"]["at"]}
    for arm, stratum in (("standard", ".g=1"), ("test", ".g=2")):
        for day in (90, 180, 365):
            row = number(found, "table-survival", arm=arm, measure="survival", days=float(day))
            wanted = at[stratum, day]
            assert (row["value"], row["low"], row["high"], row["n"]) == pytest.approx(
                (wanted["surv"], wanted["lower"], wanted["upper"], wanted["n_risk"]), abs=1e-9)
    # R: survdiff and coxph of Surv(time, status) ~ trt
    row = number(found, "table-survival-comparisons", measure="log-rank")
    assert (row["value"], row["p"]) == pytest.approx((0.008227, 0.927728), abs=2e-5)
    row = number(found, "table-survival-comparisons", measure="hazard ratio")
    assert (row["value"], row["low"], row["high"]) == pytest.approx((1.0179, 0.7144, 1.4504), abs=1e-4)
    assert round(row["p"], 3) == 0.922
    assert figure(found, "figure-overall-survival").drawing.note.startswith("Log-rank p = 0.928; hazard ratio 1.02 (95% CI 0.71 to 1.45)")


def test_the_adjusted_model_is_cox_with_the_covariates_of_the_study(shared_data: SharedData):
    folder = shared_data("r_survival_reference")
    cohort = veteran(folder, Study(arms="trt", time_unit="days", adjust=("karno",)))
    found = survival.section(cohort)
    wanted = cox(follow_up(cohort, OVERALL), {"arm": cohort.members["arm"].to_list(), "karno": cohort.members["karno"].to_list()},
                 levels={"arm": ["standard", "test"]})
    row = number(found, "table-survival-models", model="adjusted for karno", covariate="karno")
    assert row["hazard_ratio"] == pytest.approx(wanted["karno"].hazard_ratio)
    assert row["concordance"] == pytest.approx(wanted.concordance.value)
    assert row["proportional_hazards_p"] < 0.05
    assert number(found, "table-survival-comparisons", measure="adjusted hazard ratio")["value"] == pytest.approx(wanted["arm: test"].hazard_ratio)


def test_the_bone_marrow_transplants_get_grays_tests_and_incidences_of_r(shared_data: SharedData):
    folder = shared_data("r_survival_reference")
    days, cause, group, _ = r.competing(folder, "KMsurv_bmt_competing_relapse1_vs_trm2")
    names = {"1": "ALL", "2": "AML low risk", "3": "AML high risk"}
    found = competing.section(made({"arm": [names[g] for g in group], "pfs_days": days, "pfs_event": [(None, "progression", "death")[c] for c in cause]},
                                   tuple(names.values()), BY_COLUMN))
    answer = r.answers(folder)["KMsurv_bmt_competing_relapse1_vs_trm2"]
    for cause_name, i in (("progression", 0), ("death", 1)):
        row = number(found, "table-competing-progression-comparisons", event=cause_name, measure="Gray's test")
        assert (row["value"], row["p"]) == pytest.approx(answer["gray_tests"][i][:2], rel=1e-6)
    rows = dict(zip(answer["curves"], answer["est"], strict=True))
    for key, name in names.items():
        for cause_name, code in (("progression", "1"), ("death", "2")):
            row = number(found, "table-competing-progression", event=cause_name, arm=name, days=365.0)
            assert row["value"] == pytest.approx(rows[f"{key} {code}"][1], abs=1e-9)
    drawn = figure(found, "figure-competing-progression").drawing
    assert isinstance(drawn, Incidences)
    assert drawn.groups == tuple(names.values())


# ---------------------------------------------------------------------------------------------------- survival, edges
def small(**more) -> Section:
    return survival.section(made({
        "arm": ["a", "a", "a", "b", "b", "b"], "os_days": [30.4375, 60.875, 91.3125, 30.4375, 121.75, 152.1875],
        "os_event": [True, True, False, True, False, False], **more}, ("a", "b"), Study(arms="site")))


def test_times_are_in_months_of_30_4375_days_and_curves_in_days():
    found = small()
    assert by_arm(found, "table-survival", "Median, months (95% CI)")[0] == "2.0 (1.0 to not reached)"
    drawn = figure(found, "figure-overall-survival").drawing
    assert isinstance(drawn, Curves)
    assert (drawn.scale, drawn.time, drawn.labels) == (30.4375, "Months since the infusion", ("a", "b"))
    assert drawn.curves[0].time.tolist() == [30.4375, 60.875, 91.3125]


def test_few_events_are_analysed_exactly_and_by_firth_and_their_wide_interval_is_said():
    found = small()
    assert "exact, all 20 assignments" in by_arm(found, "table-survival-comparisons", "Permutation log-rank test")
    assert by_arm(found, "table-survival-comparisons", "Hazard ratio, a against b")[-1] == "Cox model with Firth's penalty"
    assert "With 3 deaths a hazard ratio between" in said(found)
    assert "neither benefit nor harm is excluded" in said(found)


def test_progression_free_survival_that_is_missing_is_left_out_alone():
    found = small()
    assert found.left_out[0] == "Progression-free survival: pfs_days is not known for anybody."
    assert [p.id for p in found.parts if p.id.startswith("figure")] == ["figure-overall-survival"]


def test_without_events_curves_are_described_and_nothing_is_compared():
    found = small(os_event=[False] * 6)
    assert by_arm(found, "table-survival", "Deaths, n") == ["0", "0", "0"]
    assert "No event happened" in said(found)
    assert by_arm(found, "table-survival", "Median, months (95% CI)") == ["not reached"] * 3


def test_an_arm_with_nobody_followed_is_named_and_not_compared():
    found = small(os_days=[10, 20, 30, None, None, None])
    assert "only the arm a has patients with known follow-up" in said(found)
    assert by_arm(found, "table-survival", "Follow-up not known, n") == ["0", "3", "3"]
    assert by_arm(found, "table-survival", "Patients followed, n") == ["3", "0", "3"]


def test_one_patient_in_an_arm_is_compared_with_a_warning():
    found = small(arm=["a", "b", "b", "b", "b", "b"])
    assert "only one patient" in said(found)


def test_deaths_on_the_day_of_infusion_count():
    found = small(os_days=[0, 0, 30, 0, 40, 50], os_event=[True, False, False, True, False, True])
    assert by_arm(found, "table-survival", "Deaths, n") == ["1", "2", "3"]


def test_everybody_at_time_zero_is_no_error():
    found = small(os_days=[0] * 6, os_event=[True] * 6)
    assert "there is nothing to compare" in said(found)
    assert by_arm(found, "table-survival", "Median, months (95% CI)") == ["0.0 (not reached to not reached)"] * 3   # as R: no limits where S is 0
    assert "Overall survival: 6 patients with 6 deaths." in said(found)
    late = small(os_days=[0, 0, 0, 10, 20, 30], os_event=[True, False, True, True, False, False])
    assert "an arm was not followed beyond the infusion" in said(late)


def test_an_event_that_does_not_exist_is_refused_in_words():
    found = survival.section(made({"arm": ["a", "b"], "pfs_days": [3, 4], "pfs_event": ["relapsed", None]}, ("a", "b"), Study(arms="site")))
    assert "pfs_event is progression, death, or empty for last contact; found: relapsed" in said(found)


def test_a_unit_of_time_that_is_not_known_is_an_error():
    with pytest.raises(CohortError, match="time_unit is months or days, not 'weeks'"):
        survival.section(made({"arm": ["a", "b"]}, ("a", "b"), Study(time_unit="weeks")))


def test_three_arms_get_one_test_and_adjusted_pairs():
    generator = np.random.default_rng(1)
    n = 90
    found = survival.section(made({"arm": ["a", "b", "c"] * 30, "os_days": generator.exponential(100, n), "os_event": [True] * n}, ("a", "b", "c"),
                                  Study(arms="site")))
    rows = [row[0].strip() for row in table(found, "table-survival-comparisons").frame.iter_rows()]
    assert rows[:5] == ["Overall survival", "Log-rank test over all arms", "Permutation log-rank test", "Log-rank test, a against c",
                        "Log-rank test, b against c"]
    assert number(found, "table-survival-comparisons", comparison="all arms", measure="log-rank")["df"] == 2
    assert "2 tests were done" in said(found)


def test_arms_by_a_drug_warn_of_immortal_time_and_point_to_the_time_of_treatment():
    data = {"arm": [TWO[0]] * 3 + [TWO[1]] * 3, "os_days": [100, 80, 60, 50, 40, 30], "os_event": [True] * 6}
    found = survival.section(made({**data, "tocilizumab_first_day": [4, 3, 3, None, None, None], "tocilizumab_doses": [1, 1, 1, 0, 0, 0]}))
    assert "10 days of 3 patients in overall survival (4.2% of the follow-up of those given tocilizumab)" in " ".join(found.warnings)
    assert "section on timing" in " ".join(found.warnings)
    assert "How many days these are is not known." in " ".join(survival.section(made(data)).warnings)
    assert not any("immortal" in w for w in survival.section(made(data, study=Study(arms="site"))).warnings)


@pytest.mark.parametrize(("reason", "n", "warns"), [("follow-up shorter than 28 days", 4, True), ("related data lost", 11, False),
                                                    ("follow-up shorter than 28 days", 0, False)])
def test_patients_left_out_for_short_follow_up_are_warned_of(reason: str, n: int, warns: bool):
    found = survival.section(made({"arm": ["a", "b"], "os_days": [3, 4], "os_event": [True, True]}, ("a", "b"), Study(arms="site"), excluded=[(reason, n)]))
    assert any("those who lived and stayed long enough" in w for w in found.warnings) is warns


def test_covariates_that_cannot_be_used_are_named_and_later_ones_are_warned_of():
    generator = np.random.default_rng(2)
    n = 60
    found = survival.section(made({
        "arm": ["a", "b"] * 30, "os_days": generator.exponential(100, n), "os_event": [True] * n, "age_years": generator.normal(40, 10, n),
        "site": ["one"] * n, "crs_max_grade": generator.integers(0, 4, n)}, ("a", "b"),
        Study(arms="group", adjust=("age_years", "site", "burden", "crs_max_grade"))))
    assert "adjustment for site: the same (one) for everybody" in said(found)
    assert "adjustment for burden: there is no such column" in said(found)
    assert "adjusted for crs_max_grade, which is known only after the infusion" in said(found)


# ---------------------------------------------------------------------------------------------------- competing risks
def test_death_without_crs_competes_with_crs_within_the_window():
    cohort = made({"arm": ["a", "a", "b", "b", "b"], "crs_max_grade": [1, 0, 0, 0, 2], "crs_onset_day": [3, None, None, None, 40],
                   "os_days": [100, 5, 28.5, 20, 60], "os_event": [True, True, True, False, False]}, ("a", "b"), Study(arms="site"))
    data = competing.to_crs(cohort)
    assert data.time.tolist() == [3, 5, 28, 20, 28]
    assert data.event.tolist() == [1, 2, 0, 0, 0]
    assert "table-competing-crs" in [p.id for p in competing.section(cohort).parts]


def test_crs_of_unknown_onset_is_missing_and_without_deaths_nothing_competes():
    cohort = made({"arm": ["a", "b", "b"], "crs_max_grade": [1, None, 0], "os_days": [100, 5, 90], "os_event": [False] * 3}, ("a", "b"), Study(arms="site"))
    assert competing.to_crs(cohort).known.tolist() == [False, False, True]
    assert "nobody died without CRS within 28 days" in said(competing.section(cohort))


def test_without_deaths_the_incidence_of_death_is_0_and_said_to_be_untestable():
    data = {"arm": ["a", "b"] * 10, "pfs_days": list(range(20)), "pfs_event": ["progression", None] * 10}
    found = competing.section(made(data, ("a", "b"), Study(arms="site")))
    assert "Nobody of 20 had death" in said(found)


# ---------------------------------------------------------------------------------------------------- who was treated
def test_who_was_treated_survives_separation():
    older = made({"arm": [TWO[0]] * 8 + [TWO[1]] * 8, "age_years": [50 + i for i in range(8)] + [20 + i for i in range(8)],
                  "sex": ["male", "female"] * 8})
    found = regression.section(older)
    row = number(found, "table-who-was-treated", model="alone", covariate="age, per 20 years")
    assert row["method"] == "Firth's penalised likelihood"
    assert np.isfinite(row["odds_ratio"])
    assert row["low"] > 1
    assert "age: a value occurs in one of the arms only" in said(found)
    assert "fewer than 10 for each" in said(found)
    assert isinstance(figure(found, "figure-who-was-treated").drawing, Forest)


@pytest.mark.parametrize(("adjust", "together"), [(("age_years",), []), (("age_years", "weight_kg"), ["age_years", "weight_kg"]),
                                                  ((), ["age_years", "sex", "weight_kg"])])
def test_every_characteristic_is_taken_alone_and_those_of_the_study_together(adjust: tuple, together: list):
    variables = (Variable("age_years", Kind.CONTINUOUS), Variable("weight_kg", Kind.CONTINUOUS), Variable("sex", Kind.BINARY))
    columns = {"arm": list(TWO) * 12, "age_years": [20.0 + (7 * i) % 24 for i in range(24)], "weight_kg": [60.0 + (5 * i) % 23 for i in range(24)],
               "sex": ["m", "f", "f"] * 8}
    numbers = table(regression.section(made(columns, study=Study(variables=variables, adjust=adjust))), "table-who-was-treated").numbers
    assert numbers is not None
    named = {model: sorted({r["covariate"].split(",")[0].split(":")[0].lower().replace(" ", "_") for r in numbers.iter_rows(named=True) if r["model"] == model})
             for model in ("alone", "together")}
    assert len(named["alone"]) == 3
    assert len(named["together"]) == len(together)


def test_what_is_known_only_later_or_of_few_is_no_reason_for_treatment():
    n = 12
    found = regression.section(made({
        "arm": list(TWO) * 6, "age_years": [20.0 + i for i in range(n)], "crs_max_grade": [i % 3 for i in range(n)], "burden": [1.0, 2.0, 5.0] + [None] * 9},
        study=Study(variables=(Variable("age_years", Kind.CONTINUOUS), Variable("crs_max_grade", Kind.ORDINAL), Variable("burden", Kind.CONTINUOUS)))))
    assert "crs_max_grade as a covariate of the arm: known only after the infusion" in said(found)
    assert "burden as a covariate of the arm: known for 3 of 12 patients only" in said(found)
    assert table(found, "table-who-was-treated").frame.height == 1


def test_the_rule_that_makes_the_arms_does_not_explain_them():
    found = regression.section(made({"arm": ["young", "old"] * 6, "age_years": [10.0, 50.0] * 6, "sex": ["m", "f", "m"] * 4}, ("young", "old"),
                                    Study(arms="age_years < 18")))
    assert [row[0] for row in table(found, "table-who-was-treated").frame.iter_rows()] == ["sex: f against m"]


def test_outcomes_by_arm_are_shown_with_the_caution_that_they_are_no_effects():
    found = regression.section(made({
        "arm": list(TWO) * 20, "infection": [True, False, False, False] * 10, "complete_response": [True] * 40, "os_days": list(range(1, 41)),
        "os_event": [True, True, False, False] * 10}))
    row = number(found, "table-outcomes", outcome="Infection (odds ratio)")
    assert (row["ratio"], row["low"] > 1) == (float("inf"), True)
    assert "none of them is the effect of the treatment" in said(found)
    assert "no odds ratio exists" in said(found)                         # everybody responded


@pytest.mark.parametrize(("spread", "step"), [(0.9, 1), (1.3, 1), (1.5, 2), (13.7, 10), (14.3, 20), (0.0, 1), (800, 1000), (0.03, 0.02)])
def test_numbers_enter_a_model_in_round_steps(spread: float, step: float):
    assert rounded(spread) == pytest.approx(step)


def test_levels_in_order_enter_a_model_by_whole_levels():
    columns = {"arm": [TWO[0], TWO[1]] * 6, "level": [1, 1, 1, 2, 1, 1, 2, 1, 1, 3, 1, 2], "age_years": [30.0 + i for i in range(12)]}
    found = regression.section(made(columns, study=Study(adjust=("level", "age_years"))))
    assert table(found, "table-who-was-treated").frame.row(0)[0] == "level, per 1"


def test_a_cause_specific_ratio_by_firths_penalty_says_so():
    few = competing.section(made({"arm": [TWO[0], TWO[1]] * 10, "pfs_days": list(range(10, 30)),
                                  "pfs_event": ["progression"] * 12 + ["death"] * 4 + [None] * 4}))
    rows = [row[0] for row in table(few, "table-competing-progression-comparisons").frame.iter_rows()]
    assert any(r.startswith("Cause-specific hazard ratio of death") and r.endswith("(Firth's penalty)") for r in rows)
    assert any(r.startswith("Cause-specific hazard ratio of progression") and not r.endswith("(Firth's penalty)") for r in rows)


def test_a_category_has_its_most_frequent_level_as_reference_and_not_too_many():
    cohort = made({"arm": list(TWO) * 4, "site": ["x", "y", "y", "z", "y", None, "x", "y"], "code": list("abcdefgh")})
    found = usable(cohort, ("site", "code"))
    assert found.levels == {"site": ["y", "x", "z"]}
    assert found.unusable == (("code", "8 different values, more than the 6 of a category."),)


# ---------------------------------------------------------------------------------------------------- words, and models below
@pytest.mark.parametrize(("values", "counted", "row"), [
    (["yes", "yes", "no"] * 4, None, "risk: yes against no"), (["no", "no", "yes"] * 4, None, "risk: yes against no"),
    (["a", "a", "b"] * 4, "a", "risk: a against b"), (["a", "a", "b"] * 4, "b", "risk: b against a")])
def test_of_two_values_the_one_that_table_1_counts_is_set_against_the_other(values: list, counted: str | None, row: str):
    study = Study(variables=(Variable("risk", Kind.BINARY, "Risk", counted=counted),))
    found = regression.section(made({"arm": list(TWO) * 6, "risk": values}, study=study))
    assert table(found, "table-who-was-treated").frame.row(0)[0] == row


def test_limits_that_do_not_exist_are_said():
    assert plain(float("inf")) == "infinite"
    assert with_limits(1.0, None, None) == "1.00 (no interval exists)"
    assert UNITS["months"].show(None) == "not reached"
    assert UNITS["months"].show(365.25) == "12.0"


def test_a_robust_variance_of_0_gives_no_interval_instead_of_an_empty_one():
    fit = cox(Survival.of([2, 3, 4], [1, 1, 0], [0, 0, 0]), {"x": [0.0, 1.0, 0.0]}, cluster=[1, 1, 1])
    assert np.isnan(fit["x"].std_error)
    assert any("variance is 0" in w for w in fit.warnings)


def test_fine_and_gray_refuses_too_few_events_for_a_variance():
    with pytest.raises(CohortError, match="leave no variance"):
        fine_gray(Survival.of([1, 1, 1], [1, 1, 1], causes=("a", "b")), "a", {"x": [0, 0, 1]})


def test_progression_free_survival_keeps_its_causes():
    data = follow_up(made({"arm": ["a", "b", "b"], "pfs_days": [3, 4, None], "pfs_event": ["death", "progression", None]}, ("a", "b")), PROGRESSION_FREE)
    assert data.event.tolist() == [2, 1, 0]
    assert data.known.tolist() == [True, True, False]


# ---------------------------------------------------------------------------------------------------- any cohort
def strange(seed: int):
    """A small cohort with whatever may be missing, tied, zero or alone."""
    dice = random.Random(seed)
    n = dice.choice([1, 2, 3, 5, 12])
    arms = TWO if dice.random() < 0.6 else ("a", "b", "c")

    def maybe(make, absent=None):
        share = dice.choice([0, 0, 0.2, 1]) if absent is None else absent
        return [None if dice.random() < share else make() for _ in range(n)]

    def days():
        return dice.choice([0.0, 0.0, 1.0, 2.0, 5.0, 5.0, 30.0, 100.5, 400.0])

    arm = [dice.choice(arms) for _ in range(n)]
    first = [dice.choice([0.0, 0.5, 1.0, 3.0, 40.0]) if a == arms[0] and dice.random() < 0.9 else None for a in arm]
    steps = []
    for i in range(n):
        x = 0.0
        for _ in range(dice.randint(0, 6)):
            y = x + dice.choice([0.2, 0.5, 1.0, 2.0])
            steps.append((f"P{i}", x, y if dice.random() < 0.97 else None, dice.choice([None, 0, 0, 1, 1, 2, 3])))
            x = y + dice.choice([0, 0, 0, 0.5])
    return made({
        "arm": arm, "os_days": maybe(days), "os_event": maybe(lambda: dice.random() < 0.5), "pfs_days": maybe(days),
        "pfs_event": maybe(lambda: dice.choice(["progression", "death"]), dice.choice([0.3, 1])),
        "response": maybe(lambda: dice.choice(["MRD- CR", "MRD+ CR", "PR", "no response"])), "mrd_negative": maybe(lambda: dice.random() < 0.7),
        "infection": maybe(lambda: dice.random() < 0.3), "crs_max_grade": maybe(lambda: dice.randint(0, 4)),
        "crs_onset_day": maybe(lambda: dice.choice([0.0, 1.0, 2.0])), "crs_duration_days": maybe(lambda: dice.choice([0.0, 1.0, 2.5, 8.0])),
        "crs_observed_days": maybe(lambda: dice.choice([0.0, 1.0, 8.0])), "tocilizumab_first_day": first,
        "tocilizumab_doses": [None if dice.random() < 0.1 else int(f is not None) for f in first],
        "age_years": maybe(lambda: float(dice.randint(8, 12))), "sex": maybe(lambda: dice.choice(["male", "female"]))},
        arms, Study(arms="tocilizumab" if arms == TWO else "site", adjust=dice.choice([(), ("age_years", "sex"), ("nothing", "age_years")])), steps)


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 10_000))
def test_any_cohort_gets_sections_and_never_an_exception(seed: int):
    cohort = strange(seed)
    for module in (response, survival, competing, timing, regression):
        found = module.section(cohort)
        assert bibliography(found.cites) or not found.cites
        for part in found.parts:
            if hasattr(part, "frame"):
                assert set(part.frame.dtypes) <= {pl.String}
        assert not {"nan", "None", "inf"} & set(said(found).replace("(", " ").replace(";", " ").split())
