"""Table 1: what is counted and summarised, which test a variable gets, and what is said of it."""

from __future__ import annotations

import json
from math import inf, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort import smd
from tocsin.cohort.describe import QUANTILE_TYPES, quantile, summary
from tocsin.cohort.table1 import Kind, Variable, table1
from tocsin.errors import CohortError

PATIENTS = pl.DataFrame({
    "arm": ["toci"] * 6 + ["none"] * 7 + [None],
    "age": [8.0, 12, 36, 40, 67, None, 15, 20, 33, 36, 44, 50, 61, 99],
    "male": [True, True, False, True, False, True, False, False, True, True, False, None, True, True],
    "grade": [2, 2, 3, 3, 3, 2, 0, 1, 1, 2, 2, 3, 0, 4],
    "risk": ["high", "high", "low", "high", "high", "high", "high", "low", "high", "very high", "high", "high", "high", "low"],
})
VARIABLES = (
    Variable("age", Kind.CONTINUOUS, "Age", "years"), Variable("male", Kind.BINARY, "Male"),
    Variable("grade", Kind.ORDINAL, "CRS grade", values=(0, 1, 2, 3, 4)), Variable("risk", Kind.CATEGORICAL, "Risk"),
)


@pytest.fixture(scope="module")
def table():
    return table1(PATIENTS, VARIABLES, "arm", order=("toci", "none"))


def test_the_printed_table_is_this(table):
    printed = table.printed()
    assert printed.columns == ["Characteristic", "toci (n = 6)", "none (n = 7)", "All (n = 13)", "p", "Test", "SMD"]
    lines = {r[0]: r[1:4] for r in printed.rows()}
    assert lines["Age, years, median (Q1–Q3)"] == ("36 (12–40)", "36 (26.5–47)", "36 (18.8–45.5)")
    assert lines["Male: True, n (%)"] == ("4 (66.7)", "3 (50.0)", "7 (58.3)")
    assert lines["  3"] == ("3 (50.0)", "1 (14.3)", "4 (30.8)")
    assert lines["  4"] == ("0 (0.0)", "0 (0.0)", "0 (0.0)")
    assert [r[1:4] for r in printed.rows() if r[0] == "  missing"] == [("1", "0", "1"), ("0", "1", "1")]


def test_each_kind_gets_the_test_of_the_rule_and_says_why(table):
    tests = {r["variable"]: r for r in table.tests().rows(named=True)}
    assert [tests[v]["test"].split(" (")[0] for v in ("age", "male", "grade", "risk")] == [
        "Mann-Whitney U test", "Fisher's exact test", "Mann-Whitney U test", "Fisher's exact test"]
    assert tests["male"]["why"] == "an expected count is below 5"
    assert tests["risk"]["test"] == "Fisher's exact test (Freeman-Halton)"
    assert "tied values" in tests["grade"]["warnings"]


def test_a_patient_without_an_arm_is_in_no_column_and_counted(table):
    assert (table.unassigned, table.sizes, table.rows[0].known, table.rows[0].missing) == (1, (6, 7), (5, 7, 12), (1, 0, 1))


def test_the_methods_name_tests_quantiles_denominator_and_multiplicity(table):
    text = table.methods()
    for part in ("quantiles of type 7", "patients with a known value", "Fisher's exact test (Freeman-Halton)", "4 tests were done", "scipy",
                 "not adjusted"):
        assert part in text
    assert {"hyndman1996", "cochran1954", "yang2012", "mann1947"} <= {r.key for r in table.references()}


def test_a_percentage_names_its_denominator():
    known = table1(PATIENTS, VARIABLES[1:2], "arm").rows[0].counts
    whole = table1(PATIENTS, VARIABLES[1:2], "arm", denominator="all").rows[0].counts
    assert [(c.count, c.of, c.denominator) for c in (known[0][1], whole[0][1])] == [(3, 6, "known"), (3, 7, "all")]
    assert "all patients of the arm" in table1(PATIENTS, VARIABLES[1:2], "arm", denominator="all").methods()


def test_the_user_overrides_the_rule():
    found = table1(PATIENTS, [Variable("male", Kind.BINARY, test="yates"), Variable("grade", Kind.ORDINAL, test="linear-by-linear"),
                              Variable("age", Kind.CONTINUOUS, normal=True), Variable("age", Kind.CONTINUOUS, test="student")], "arm")
    assert [r.test.name for r in found.rows] == [
        "chi-square test with Yates' correction", "linear-by-linear association", "Welch's t test", "Student's t test"]
    assert [r.why for r in found.rows][:2] == ["asked for", "asked for"]
    assert found.printed().rows()[-4][0] == "age, mean (SD)"


def test_three_arms_are_compared_together_and_every_pair_has_its_difference():
    frame = pl.DataFrame({"arm": [1, 1, 2, 2, 3, 3], "x": [1.0, 2, 3, 4, 9, 11], "y": [0, 1, 0, 1, 1, 1]})
    found = table1(frame, [Variable("x", Kind.CONTINUOUS), Variable("y", Kind.BINARY)], "arm", ordered_arms=True)
    assert [r.test.name for r in found.rows] == ["Kruskal-Wallis test", "Cochran-Armitage trend test"]
    assert [p for p, _ in found.rows[0].differences] == [(0, 1), (0, 2), (1, 2)]
    assert found.rows[0].difference == found.rows[0].differences[1][1]
    assert "largest of all pairs" in found.methods()


@pytest.mark.parametrize(("column", "kind"), [
    ([None, None, None, None], Kind.CONTINUOUS), ([None, None, None, None], Kind.BINARY), ([None, None, None, None], Kind.ORDINAL),
    ([1, 1, 1, 1], Kind.CONTINUOUS), ([1, 1, 1, 1], Kind.BINARY), ([1, 2, None, None], Kind.CONTINUOUS), ([1, 2, None, None], Kind.CATEGORICAL),
])
def test_all_missing_all_alike_or_one_arm_empty_is_shown_but_not_tested(column, kind):
    frame = pl.DataFrame({"arm": ["a", "a", "b", "b"], "x": column})
    found = table1(frame, [Variable("x", kind)], "arm")
    assert (found.rows[0].test.p, bool(found.rows[0].test.not_done)) == (None, True)
    assert found.printed().rows()[0][-2].startswith("not tested: ")


def test_one_patient_in_an_arm_is_compared_by_ranks_but_has_no_spread():
    frame = pl.DataFrame({"arm": ["a", "b", "b", "b"], "x": [9.0, 1.0, 2.0, 3.0]})
    row = table1(frame, [Variable("x", Kind.CONTINUOUS)], "arm").rows[0]
    assert (row.test.p, row.difference, row.summaries[0].sd) == (pytest.approx(0.5), None, None)


def test_nan_is_missing():
    frame = pl.DataFrame({"arm": ["a", "a", "b", "b"], "x": [1.0, float("nan"), 2.0, 3.0]})
    row = table1(frame, [Variable("x", Kind.CONTINUOUS)], "arm").rows[0]
    assert (row.known, row.missing) == ((1, 2, 3), (1, 0, 1))


FRAME = pl.DataFrame({"arm": ["a", "b"], "x": ["u", "v"], "n": [1.0, inf], "k": [1, 7]})


@pytest.mark.parametrize(("make", "why"), [
    (lambda: table1(FRAME, [Variable("z", Kind.BINARY)], "arm"), "no column 'z'"),
    (lambda: table1(FRAME, [], "who"), "no column 'who'"),
    (lambda: table1(FRAME.head(1), [], "arm"), "only 'a'"),
    (lambda: table1(FRAME, [], "arm", order=("a", "c")), "'b' is not one of the arms"),
    (lambda: table1(FRAME, [Variable("x", Kind.CONTINUOUS)], "arm"), "holds numbers"),
    (lambda: table1(FRAME, [Variable("n", Kind.CONTINUOUS)], "arm"), "infinite"),
    (lambda: table1(FRAME, [Variable("x", Kind.ORDINAL)], "arm"), "in order"),
    (lambda: table1(FRAME, [Variable("k", Kind.ORDINAL, values=(1, 2, 3))], "arm"), "7 is not one of"),
    (lambda: table1(FRAME, [Variable("x", Kind.BINARY, test="welch")], "arm"), "has no test 'welch'"),
    (lambda: table1(FRAME, [Variable("k", Kind.CONTINUOUS)], "arm", quantile_type=10), "from 1 to 9"),
    (lambda: table1(FRAME, [], "arm", denominator="some"), "of the patients known or of all"),
    (lambda: table1(PATIENTS, [Variable("grade", Kind.BINARY)], "arm"), "two values"),
    (lambda: table1(FRAME, [Variable("x", Kind.BINARY, counted="w")], "arm").printed(), "declare both values"),
    (lambda: Variable("x", Kind.BINARY, values=(1, 2, 3)), "two values"),
    (lambda: Variable("x", Kind.ORDINAL, normal=True), "only a continuous"),
    (lambda: Variable("x", Kind.ORDINAL, values=(1, 1)), "twice"),
])
def test_what_does_not_fit_is_refused_with_its_reason(make, why: str):
    with pytest.raises(CohortError, match=why):
        make()


# ---------------------------------------------------------------------------------------------------- quantiles
def test_the_nine_quantiles_are_those_of_r():
    """R: sapply(1:9, function(t) quantile(c(1, 2, 4, 8, 16, 32), 0.25, type = t))."""
    expected = [2, 2, 2, 1.5, 2, 1.75, 2.5, 1 + 11 / 12, 1.9375]
    assert [float(quantile([1, 2, 4, 8, 16, 32], 0.25, t)) for t in QUANTILE_TYPES] == pytest.approx(expected)


def test_no_values_have_a_summary_without_numbers_and_no_quantile():
    assert summary([], missing=3).median is None
    assert (summary([5.0]).sd, summary([5.0]).q1) == (None, 5.0)
    with pytest.raises(CohortError):
        quantile([], 0.5)
    with pytest.raises(CohortError):
        summary([1.0, float("nan")])


# ---------------------------------------------------------------------------------------------------- standardised differences
def test_a_difference_of_means_is_in_units_of_the_pooled_spread():
    x, y = [1.0, 2, 3, 4], [3.0, 5, 7, 9]
    assert smd.smd_values(x, y).value == pytest.approx((2.5 - 6) / sqrt((np.var(x, ddof=1) + np.var(y, ddof=1)) / 2))
    assert smd.smd_values(x, x).value == 0
    assert smd.smd_values([1, 1], [2, 2]).value == -inf
    assert smd.smd_values([1], [2, 3]).value is None


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_of_two_values_yang_and_dalton_is_the_difference_of_proportions(a: int, b: int, c: int, d: int):
    p, q = a / (a + b), c / (c + d)
    found = smd.smd_counts([a, b], [c, d])
    assert found.value == pytest.approx(abs(p - q) / sqrt((p * (1 - p) + q * (1 - q)) / 2), abs=1e-9)
    assert found.low < found.value < found.high


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=5), st.randoms())
def test_the_order_of_values_does_not_matter_and_neither_does_the_order_of_groups(cells, random):
    one, two = zip(*cells, strict=True)
    if not sum(one) or not sum(two):
        assert smd.smd_counts(one, two).value is None
        return
    shuffled = random.sample(cells, len(cells))
    value = smd.smd_counts(one, two).value
    assert smd.smd_counts(*zip(*shuffled, strict=True)).value == pytest.approx(value, rel=1e-6, abs=1e-7)
    assert smd.smd_counts(two, one).value == pytest.approx(value, rel=1e-9, abs=1e-9)


def test_groups_that_share_no_value_are_infinitely_apart_and_alike_groups_not_at_all():
    assert smd.smd_counts([5, 0, 0], [0, 2, 3]).value == inf
    assert smd.smd_counts([5, 0], [7, 0]).value == 0
    assert smd.smd_counts([5, 0], [0, 7]).warnings == (smd.APART,)


def test_a_third_value_is_weighed_with_its_covariance():
    """The formula written out for three values: (T - C)' S^-1 (T - C)."""
    p, q = np.array([0.3, 0.5]), np.array([0.2, 0.3])
    s = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    assert smd.smd_counts([2, 3, 5], [5, 2, 3]).value == pytest.approx(sqrt((p - q) @ np.linalg.solve(s, p - q)))


# ---------------------------------------------------------------------------------------------------- reference and real cohorts
def test_the_reference_table_has_the_numbers_of_r(shared_data):
    folder = shared_data("table1_reference")
    reference = json.loads((folder / "reference_R.json").read_text())["results"]["pn2012"]
    frame = pl.read_csv(folder / "pn2012_demo.csv")
    numbers = ("Age", "SysABP", "Height", "Weight", "LOS")
    found = table1(frame, [*(Variable(n, Kind.CONTINUOUS) for n in numbers), Variable("ICU", Kind.CATEGORICAL), Variable("MechVent", Kind.BINARY)],
                   "death")
    assert found.sizes == (864, 136)
    for row, name in zip(found.rows, numbers, strict=False):
        r = reference[name]
        assert list(row.known[:2]) == r["n"]
        for i in (0, 1):
            s = row.summaries[i]
            assert (s.mean, s.sd, s.median, s.q1, s.q3) == pytest.approx([r[k][i] for k in ("mean", "sd", "median", "q1", "q3")], rel=1e-9)
        assert row.test.p == pytest.approx(r["wilcoxon_p"], rel=1e-9)
    icu, vent = found.rows[-2:]
    assert [[c.count for c in arm] for arm in icu.counts[:2]] == np.array(reference["ICU"]["counts"]).T.tolist()
    assert icu.test.p == pytest.approx(reference["ICU"]["chisq_p_nocorrect"], rel=1e-9)
    assert vent.test.p == pytest.approx(reference["MechVent"]["chisq_p_nocorrect"], rel=1e-9)


def test_the_cd22_cohort_by_tocilizumab(shared_data):
    """Twenty patients; not everybody has an onset of CRS or a response, so that missing values occur."""
    frame = pl.read_csv(shared_data("nih_cd22_cart") / "patients.csv", null_values=["---", "-"])
    variables = [
        Variable("crs_max_grade_astct", Kind.ORDINAL, "CRS grade, ASTCT"), Variable("crs_onset_day", Kind.CONTINUOUS, "Onset of CRS", "days"),
        Variable("marrow_blast_pct", Kind.CONTINUOUS, "Marrow blasts", "%"), Variable("carhlh", Kind.BINARY, "HLH-like toxicity", counted=1),
        Variable("steroids", Kind.BINARY, "Steroids"), Variable("response_code_0MRDnegCR_1MRDposCR_2PR_3SD_4PD", Kind.CATEGORICAL, "Response"),
    ]
    found = table1(frame, variables, "tocilizumab", order=(0, 1))
    assert sum(found.sizes) + found.unassigned == len(frame) == 20
    assert found.arms == ("0", "1")
    for row in found.rows:
        assert [k + m for k, m in zip(row.known, row.missing, strict=True)] == [*found.sizes, sum(found.sizes)]
        if row.counts:
            assert all(sum(c.count for c in arm) == k for arm, k in zip(row.counts, row.known, strict=True))
            assert row.counts[-1] == tuple(
                type(c)(c.value, sum(arm[i].count for arm in row.counts[:-1]), c.of, c.denominator) for i, c in enumerate(row.counts[-1]))
        assert row.test.p is None or 0 < row.test.p <= 1
    grade = found.rows[0]
    assert grade.summaries[1].mean > grade.summaries[0].mean  # tocilizumab is given because of the grade
    assert len(found.printed()) >= len(variables)


def test_the_cleveland_cohort_by_product_from_its_daily_grades(shared_data):
    """Maximum grades and drugs of 27 patients; the products are more than two arms and some are very small."""
    daily = pl.read_csv(shared_data("ccf_cart_daily_grades") / "daily_grades_treatments.csv", infer_schema_length=None)
    frame = daily.group_by("ID").agg(
        pl.col("crs_grade").max(), pl.col("icans_grade").max(), (pl.col("toci") > 0).any().alias("toci"), (pl.col("crs_grade") > 0).sum().alias("days"),
    ).with_columns(pl.col("ID").str.split(" ").list.first().alias("product"))
    found = table1(frame, [Variable("crs_grade", Kind.ORDINAL), Variable("icans_grade", Kind.ORDINAL), Variable("toci", Kind.BINARY),
                           Variable("days", Kind.CONTINUOUS, unit="days")], "product")
    assert sum(found.sizes) == 27
    assert len(found.arms) > 2
    assert [r.test.name for r in found.rows] == [
        "Kruskal-Wallis test", "Kruskal-Wallis test", "Fisher's exact test", "Kruskal-Wallis test"]
    assert all(0 < r.test.p <= 1 for r in found.rows)
    assert all(len(r.differences) == len(found.arms) * (len(found.arms) - 1) / 2 for r in found.rows)
