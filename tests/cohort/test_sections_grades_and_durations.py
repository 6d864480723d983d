"""The sections of grades and durations: zero durations, the tests that they name, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

from cohort.made_cohorts import TWO, made, table
from tocsin.cohort.sections import durations, grades

SEVERE = [2] * 8 + [3] * 9 + [0] * 4 + [1] * 7 + [2] * 11 + [3] * 6
ARMS = [TWO[0]] * 17 + [TWO[1]] * 28


def cells(section, table_id, label):
    return next(row for row in table(section, table_id).frame.iter_rows() if row[0].strip() == label)


def of_days(days, grade, arm=("tocilizumab", "tocilizumab", "no tocilizumab", "no tocilizumab")):
    ill = [g > 0 for g in grade]
    return durations.section(made({"arm": list(arm), "crs_max_grade": grade, "crs_duration_days": days, "crs_observed_days": days,
                                   "crs_episodes": [int(i) for i in ill]}))


def test_shares_of_severe_crs_are_compared_by_fishers_exact_test():
    """Pearson's test, which the expected counts would allow, gives 0.030."""
    section = grades.section(replace(made({"arm": ARMS, "crs_max_grade": SEVERE}), sources={"crs": "computed"}))
    assert cells(section, "table-crs-grades", "Grade 3 or more")[-2:] == ("0.050", "Fisher's exact test")


def test_the_methods_name_no_grades_that_nobody_has():
    cohort = replace(made({"arm": ARMS, "crs_max_grade": SEVERE}), sources={"crs": "computed", "icans": "as the table of patients tells them"})
    methods = " ".join(grades.section(cohort).methods)
    assert "computed (CRS)" in methods
    assert "ICANS" not in methods


def test_crs_of_zero_days_is_an_episode_and_counts_among_them():
    section = of_days([0.0, 4.0, 0.0, 6.0], [1, 2, 0, 2])
    assert cells(section, "table-crs-duration", "All with an episode")[1:4] == ("2 (0–4); n = 2", "6 (6–6); n = 1", "4 (0–6); n = 3")


def test_zero_days_of_everybody_are_a_duration_and_not_a_missing_one():
    section = of_days([0.0] * 4, [1] * 4)
    assert not any("Duration of CRS" in text for text in section.left_out)
    assert cells(section, "table-crs-duration", "All with an episode")[1] == "0 (0–0); n = 2"


def test_those_without_crs_are_told_apart_from_those_without_the_drug():
    assert "4 (4–4) days with tocilizumab (n = 1), or 2 (0–4) where those without CRS count as 0 days" in of_days([0.0, 4.0, 5.0, 6.0], [0, 2, 2, 2]).text[0]


def test_the_family_of_tests_is_named():
    section = of_days([3.0, 4.0, 5.0, 6.0], [1, 2, 1, 2])
    assert any(text.startswith("Durations of CRS within single grades: 2 tests were done") for text in section.text)


def test_without_durations_nothing_is_said_of_them():
    section = durations.section(made({"arm": ARMS, "crs_max_grade": SEVERE, "crs_onset_day": [2.0 if g else None for g in SEVERE]}))
    assert not section.warnings
    assert not section.methods


def figure(section):
    return next((p for p in section.parts if p.id == "figure-crs-duration"), None)


def test_durations_of_fewer_than_5_patients_are_in_the_table_and_not_in_the_figure():
    arm = ("tocilizumab",) * 4 + ("no tocilizumab",) * 4
    four = of_days([3.0, 4.0, 5.0, 0.0, 2.0, 0.0, 0.0, 0.0], [1, 2, 1, 0, 1, 0, 0, 0], arm)
    assert figure(four) is None
    assert any("Figure of the duration of CRS: fewer than 5 patients" in text for text in four.left_out)
    assert cells(four, "table-crs-duration", "Grade 1 or 2")
    drawn = figure(of_days([3.0, 4.0, 5.0, 6.0, 2.0, 8.0, 0.0, 0.0], [1, 2, 1, 1, 1, 3, 0, 0], arm))
    assert [p.title for p in drawn.drawing.panels] == ["Grade 1 or 2", "All, no CRS as 0 days"]
    assert all(p.from_zero for p in drawn.drawing.panels)
    assert "grade 3 or 4: 1 patient" in drawn.caption
