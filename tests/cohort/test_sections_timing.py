"""The section on the time of treatment: stays at a grade, the grade when treated, and an inert drug that looks good, or bad, only to the naive comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort.made_cohorts import DOSES, STEPS, figure, made, number, said, table
from tocsin.cohort.cox import cox
from tocsin.cohort.parts import Curves, Forest
from tocsin.cohort.sections import timing
from tocsin.cohort.sections.given import defines_arms, first_given
from tocsin.cohort.sections.stays import grade_at, stays
from tocsin.cohort.study import Study
from tocsin.errors import CohortError
from tocsin.timeline import Timeline

NEVER = np.inf
WITH, WITHOUT = "tocilizumab", "no tocilizumab"


def frame(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame([("P0", *row) for row in rows], schema=STEPS, orient="row")


def seen(steps: pl.DataFrame, dose: float = NEVER) -> list[tuple]:
    """The stays of one patient: grade, when reached, from, to, how it ended, with the drug or not."""
    found = stays(steps, ["P0"], np.array([dose]))
    ends = ["ended" if a else "rose" if b else "open" for a, b in zip(found.resolved, found.risen, strict=True)]
    return list(zip(found.grade.tolist(), found.reached.tolist(), found.start.tolist(), found.end.tolist(), ends, found.exposed.tolist(), strict=True))


# ---------------------------------------------------------------------------------------------------- stays
def test_a_stay_lasts_from_a_grade_to_a_higher_one_or_to_the_end_of_crs_and_not_to_a_lower_grade():
    course = frame((0, 2, 0), (2, 3, 1), (3, 4, 3), (4, 6, 1), (6, 9, 0))
    assert seen(course) == [(1, 2, 2, 3, "rose", False), (3, 3, 3, 6, "ended", False)]


def test_a_dose_cuts_a_stay_and_stays_after_it_are_with_the_drug():
    course = frame((2, 4, 1), (4, 6, 2), (6, 9, 0))
    assert seen(course, 3) == [(1, 2, 2, 3, "open", False), (1, 2, 3, 4, "rose", True), (2, 4, 4, 6, "ended", True)]


@pytest.mark.parametrize(("dose", "parts"), [(4.0, [(2, 4, 4, 6, "ended", True)]), (3.9, [(2, 4, 4, 6, "ended", True)]),
                                             (6.0, [(2, 4, 4, 6, "ended", False)]),
                                             (5.0, [(2, 4, 4, 5, "open", False), (2, 4, 5, 6, "ended", True)])])
def test_a_dose_at_the_beginning_of_a_stay_is_in_force_in_it_and_one_at_its_end_is_not(dose: float, parts: list):
    assert seen(frame((4, 6, 2), (6, 9, 0)), dose) == parts


@pytest.mark.parametrize(("quiet", "ends"), [(1.0, [(1, 2, 2, 3, "ended", False), (1, 4, 4, 5, "ended", False)]),
                                              (0.9, [(1, 2, 2, 4.9, "ended", False)])])
def test_crs_has_ended_after_a_day_at_grade_0_and_goes_on_after_less(quiet: float, ends: list):
    again = 3 + quiet
    assert seen(frame((2, 3, 1), (3, again, 0), (again, again + 1, 1), (again + 1, again + 3, 0))) == ends


def test_grade_0_that_is_not_followed_for_a_day_does_not_end_crs():
    assert seen(frame((2, 3, 1), (3, 3.5, 0))) == [(1, 2, 2, 3, "open", False)]
    assert seen(frame((2, 3, 1), (3, None, 0))) == [(1, 2, 2, 3, "ended", False)]


def test_an_unsettled_time_or_a_gap_is_not_observed_and_the_stay_goes_on_after_it():
    for course in (frame((2, 3, 2), (3, 4, None), (4, 5, 1), (5, 9, 0)), frame((2, 3, 2), (4, 5, 1), (5, 9, 0))):
        assert seen(course) == [(2, 2, 2, 3, "open", False), (2, 2, 4, 5, "ended", False)]


def test_a_higher_grade_after_an_unsettled_time_begins_when_it_is_seen():
    assert seen(frame((2, 3, 1), (3, 4, None), (4, 5, 3), (5, 9, 0))) == [(1, 2, 2, 3, "open", False), (3, 4, 4, 5, "ended", False)]


def test_an_end_within_an_unsettled_time_is_not_seen():
    assert seen(frame((2, 3, 1), (3, 4, None), (4, 9, 0))) == [(1, 2, 2, 3, "open", False)]


def test_nobody_without_crs_or_without_a_known_time_of_treatment_has_a_stay():
    assert seen(frame((0, 28, 0))) == []
    assert seen(frame((2, 3, 1), (3, 9, 0)), float("nan")) == []
    assert len(stays(frame(), ["P0"], np.array([NEVER]))) == 0


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1.0, 2.0]), st.sampled_from([None, 0, 1, 2, 3])), max_size=12), st.floats(0, 12) | st.just(NEVER))
def test_stays_do_not_overlap_hold_no_time_at_unsettled_grades_and_a_dose_changes_no_event(course: list, dose: float):
    ends = np.cumsum([0.0] + [length for length, _ in course])
    steps = frame(*[(float(a), float(b), g) for a, b, (_, g) in zip(ends[:-1], ends[1:], course, strict=True)])
    without, cut = stays(steps, ["P0"], np.array([NEVER])), stays(steps, ["P0"], np.array([dose]))
    for found in (without, cut):
        assert (found.end > found.start).all()
        assert (found.start[1:] >= found.end[:-1]).all()
        assert (found.reached <= found.start).all()
    assert (cut.end - cut.start).sum() == pytest.approx((without.end - without.start).sum())
    assert (cut.resolved.sum(), cut.risen.sum()) == (without.resolved.sum(), without.risen.sum())
    ill = sum(length for length, g in course if g)
    assert (without.end - without.start).sum() >= ill - 1e-9
    assert (cut.exposed == (cut.start >= dose - 1e-9)).all()


# ---------------------------------------------------------------------------------------------------- when it was given
def test_the_grade_when_treated_is_the_one_in_force_and_not_the_highest():
    rows = [("P0", 0.0, 2.0, 0), ("P0", 2.0, 4.0, 2), ("P0", 4.0, 6.0, 3), ("P1", 0.0, 2.0, None), ("P1", 2.0, None, 1)]
    steps = pl.DataFrame(rows, schema=STEPS, orient="row")
    assert grade_at(steps, ["P0"] * 6, np.array([1.9, 2.0, 3.9, 4.0, 6.0, NEVER])) == [0, 2, 2, 3, None, None]
    assert grade_at(steps, ["P1"] * 3, np.array([1.0, 2.0, 50.0])) == [None, 1, 1]


def test_whether_and_when_a_drug_was_given_are_both_known_or_missing():
    cohort = made({"arm": [WITH, WITH, WITHOUT, None], "tocilizumab_first_day": [3, None, None, None], "tocilizumab_doses": [2, 1, 0, None]})
    found = first_given(cohort, "tocilizumab")
    assert found.ever.tolist() == [True, False, False, False]
    assert found.never.tolist() == [False, False, True, False]
    assert (found.untold, found.undated) == (1, 1)
    assert found.missing == ("Left out: 1 of whom it is not known whether tocilizumab was given and 1 given tocilizumab on a day that is not known.")


def test_a_drug_without_columns_is_read_from_the_doses_and_absent_only_where_the_record_is_complete():
    cohort = made({"arm": ["a", "b"]}, ("a", "b"), Study(arms="site", exposure="anakinra"), doses=[("P0", 5.0, "anakinra"), ("P0", 3.0, "anakinra")])
    assert first_given(cohort, "anakinra").day.tolist()[0] == 3.0
    assert first_given(cohort, "anakinra").untold == 1
    closed = made({"arm": ["a", "b"]}, ("a", "b"), Study(arms="site", exposure="anakinra"), doses=[("P0", 5.0, "anakinra")])
    object.__setattr__(closed, "timeline", Timeline.from_rows([], complete=("drugs",)))
    assert first_given(closed, "anakinra").never.tolist() == [False, True]


def test_arms_by_a_drug_are_told_from_arms_by_a_column():
    assert defines_arms(made({"arm": [WITH, WITHOUT]}, study=Study(arms="tocilizumab")))
    assert defines_arms(made({"arm": [WITH, WITHOUT]}, study=Study(arms="corticosteroids")))
    assert not defines_arms(made({"arm": ["male", "female"]}, study=Study(arms="sex")))


def test_without_a_first_day_nothing_can_be_placed_in_time():
    found = timing.section(made({"arm": [WITH, WITHOUT], "tocilizumab_doses": [1, 0]}))
    assert found.left_out == ("Analyses of the time of tocilizumab: no first day of tocilizumab is known: what was given cannot be placed in time.",)
    assert not found.parts
    with pytest.raises(CohortError, match="no first day"):
        first_given(made({"arm": [WITH]}), "tocilizumab")


def test_doses_frame_of_a_made_cohort_has_the_columns_of_a_cohort():
    assert set(made({"arm": [WITH]}).doses.columns) == set(DOSES)


# ---------------------------------------------------------------------------------------------------- an inert drug
@pytest.fixture(scope="module")
def inert():
    """400 patients whose drug does nothing: given on an exponential day to whoever still lives, it selects those who live long."""
    generator = np.random.default_rng(11)
    n = 400
    death = generator.exponential(60, n)
    dose = generator.exponential(40, n)
    end = np.minimum(death, 120.0)
    first = [float(d) if d < e else None for d, e in zip(dose, end, strict=True)]
    arm = [WITH if f is not None else WITHOUT for f in first]
    return timing.section(made({"arm": arm, "os_days": end, "os_event": death <= 120, "tocilizumab_first_day": first,
                                "tocilizumab_doses": [int(f is not None) for f in first]}))


def test_an_inert_drug_seems_to_save_lives_when_ever_is_set_against_never(inert):
    row = number(inert, "table-timing-survival", analysis="Ever against never, from day 0 (holds immortal time)")
    assert row["hazard_ratio"] < 0.6
    assert row["high"] < 1


def test_the_time_dependent_and_landmark_analyses_find_nothing_in_an_inert_drug(inert):
    for analysis in ("Time-dependent", "Landmark at day 7", "Landmark at day 14", "Landmark at day 28"):
        row = number(inert, "table-timing-survival", analysis=analysis)
        assert row["low"] < 1 < row["high"], analysis
    assert 0.8 < number(inert, "table-timing-survival", analysis="Time-dependent")["hazard_ratio"] < 1.25


def test_curves_of_patients_who_change_between_them_carry_no_marks_of_censoring(inert):
    drawn = figure(inert, "figure-timing-overall-survival").drawing
    assert isinstance(drawn, Curves)
    assert not drawn.marks
    assert drawn.labels == ("after the first tocilizumab", "before or without tocilizumab")
    assert drawn.note.startswith("Mantel-Byar test p = ")
    assert drawn.curves[0].at_risk_at([0.5, 40])[0] < drawn.curves[0].at_risk_at([0.5, 40])[1]


def test_the_section_says_what_its_analyses_do_not_undo(inert):
    assert "confounding by indication" in said(inert)
    assert "views of the same question" in said(inert)
    assert "no course of CRS grades over time is known" in said(inert)
    assert "immortal time" in " ".join(inert.methods)
    assert "Only patients under observation and without the event at the landmark are compared" in " ".join(inert.methods)


def crs_with_an_inert_drug(seed: int = 5, n: int = 400):
    """CRS that begins at grade 2, rises to 3 or ends at rates that know nothing of the drug, which comes sooner at grade 3."""
    generator = np.random.default_rng(seed)
    steps, first, days, top = [], [], [], []
    for i in range(n):
        onset = generator.exponential(2.0) + 0.5
        end, rise = onset + generator.exponential(3.0), onset + generator.exponential(3.0)
        severe = rise < end
        over = rise + generator.exponential(4.0) if severe else end
        dose = onset + generator.exponential(4.0)
        if severe and dose > rise:
            dose = rise + generator.exponential(2.0)
        first.append(dose if dose < over else None)
        steps += [(f"P{i}", 0.0, onset, 0)]
        steps += [(f"P{i}", onset, rise, 2), (f"P{i}", rise, over, 3)] if severe else [(f"P{i}", onset, over, 2)]
        steps += [(f"P{i}", over, over + 10, 0)]
        days.append(over - onset)
        top.append(3 if severe else 2)
    arm = [WITH if f is not None else WITHOUT for f in first]
    return made({"arm": arm, "tocilizumab_first_day": first, "tocilizumab_doses": [int(f is not None) for f in first], "crs_max_grade": top,
                 "crs_duration_days": days, "crs_observed_days": days}, steps=steps)


@pytest.fixture(scope="module")
def crs():
    return timing.section(crs_with_an_inert_drug())


def test_an_inert_drug_seems_to_prolong_crs_when_ever_is_set_against_never(crs):
    row = number(crs, "table-timing-crs", outcome="End of CRS", analysis="Ever against never, from onset (misleads)")
    assert row["high"] < 1
    row = number(crs, "table-timing-durations", patients="Highest grade 2")
    assert row["difference"] > 0
    assert row["p_holm"] < 0.05


def test_compared_at_the_same_grade_and_as_long_after_reaching_it_an_inert_drug_does_nothing(crs):
    for analysis in ("Time-dependent, at the same grade, from reaching it", "Grade 2, time-dependent, from reaching it",
                     "Grade 3, time-dependent, from reaching it"):
        row = number(crs, "table-timing-crs", outcome="End of CRS", analysis=analysis)
        assert row["low"] < 1 < row["high"], analysis
    drawn = figure(crs, "figure-timing-crs").drawing
    assert isinstance(drawn, Forest)
    assert drawn.rows[0].label == "End of CRS"


def test_with_many_patients_the_comparison_at_the_same_grade_comes_to_no_effect_and_the_naive_one_does_not():
    cohort = crs_with_an_inert_drug(2, 4_000)
    when = first_given(cohort, "tocilizumab")
    found = stays(cohort.steps["crs"], cohort.members["patient"].to_list(), when.day)
    naive = cox(found.since_onset(found.resolved), {"ever": when.ever[found.patient].astype(float)}, cluster=found.patient)["ever"]
    assert naive.high < 0.8
    for event in (found.resolved, found.risen):
        timed = cox(found.since_reached(event), {"given": found.exposed.astype(float)}, strata=found.grade, cluster=found.patient)["given"]
        assert abs(timed.log_hazard_ratio) < 0.12


def test_the_grade_when_treated_is_tabulated_beside_the_highest_grade(crs):
    rows = list(table(crs, "table-timing-grade").frame.iter_rows())
    assert [row[0] for row in rows] == ["grade 2", "grade 3"]
    assert all(int(row[1]) == int(row[2]) + int(row[3]) + int(row[4]) for row in rows)
    assert crs.text[0].startswith("Tocilizumab was first given to")
    assert "because of the grade, and at a time" in crs.text[0]


# ---------------------------------------------------------------------------------------------------- few patients
def few(**more):
    return made({"arm": [WITH] * 3 + [WITHOUT] * 3, "tocilizumab_first_day": [2, 3, 3, None, None, None], "tocilizumab_doses": [1, 2, 1, 0, 0, 0],
                 "crs_max_grade": [2, 3, 3, 0, 2, 3], "crs_duration_days": [4, 6, 5, 0, 3, 9], "os_days": [300, 200, 100, 250, 150, 50],
                 "os_event": [True, False, True, True, False, False], **more})


def test_landmarks_without_enough_patients_are_left_out_with_their_counts():
    found = timing.section(few())
    assert ("Overall survival, landmark at day 7: 3 patients with tocilizumab by then, 3 without and 3 events after it are fewer than 5 patients each"
            in said(found))


def test_durations_are_compared_exactly_with_and_without_patients_who_had_none():
    found = timing.section(few())
    with_zeros = number(found, "table-timing-durations", patients="All patients, 0 days for those without CRS")
    without = number(found, "table-timing-durations", patients="Patients with CRS only")
    assert (with_zeros["n_without"], without["n_without"]) == (3, 2)
    assert with_zeros["test"] == "permutation test, Wilcoxon rank sum (exact, 20 reassignments)"
    assert (with_zeros["difference"], without["difference"]) == (2.0, -1.0)
    assert "Holm" in table(found, "table-timing-durations").notes[0]
    assert number(found, "table-timing-durations", patients="within grades")["test"].endswith("within 2 strata)")


def test_unknown_durations_are_counted_and_not_taken_for_0():
    found = timing.section(few(crs_duration_days=[4, None, 5, 0, 3, 9]))
    assert number(found, "table-timing-durations", patients="Patients with CRS only")["n_with"] == 2
    assert any("1 patients without a known highest grade or end of CRS are left out" in n for n in table(found, "table-timing-durations").notes)


@pytest.mark.parametrize("first", [[2, 3, 3, 4, 4, 4], [None] * 5 + [1]])
def test_everybody_or_one_patient_treated_is_no_error(first: list):
    found = timing.section(few(tocilizumab_first_day=first, tocilizumab_doses=[int(f is not None) for f in first]))
    assert found.text


@pytest.mark.parametrize(("back", "said_so"), [(True, True), (False, False)])
def test_crs_that_comes_back_is_counted_again_and_said(back: bool, said_so: bool):
    steps = []
    for i in range(12):
        steps += [(f"P{i}", 1.0, 3.0 + i / 10, 1), (f"P{i}", 3.0 + i / 10, 6.0, 0)]
        if back and i < 2:
            steps += [(f"P{i}", 6.0, 7.0, 1), (f"P{i}", 7.0, 9.0, 0)]
    first = [2.0 if i % 2 else None for i in range(12)]
    cohort = made({"arm": [WITH if i % 2 else WITHOUT for i in range(12)], "tocilizumab_first_day": first,
                   "tocilizumab_doses": [1 if i % 2 else 0 for i in range(12)]}, steps=steps)
    assert any("2 patients had more than one end of it" in n for n in table(timing.section(cohort), "table-timing-crs").notes) == said_so


@pytest.mark.parametrize(("window", "noted"), [(1.0, True), (0.0, False)])
def test_a_first_dose_known_by_its_day_is_noted_beside_the_grade_of_that_day(window: float, noted: bool):
    cohort = made({"arm": [WITH, WITHOUT] * 4, "tocilizumab_first_day": [2.5, None] * 4, "tocilizumab_doses": [1, 0] * 4},
                  steps=[(f"P{i}", *step) for i in range(8) for step in ((2.0, 4.0, 2), (4.0, 6.0, 0))], doses=[(f"P{i}", 2.5, WITH) for i in range(0, 8, 2)])
    cohort = replace(cohort, doses=cohort.doses.with_columns(window_days=pl.lit(window)))
    notes = table(timing.section(cohort), "table-timing-grade").notes
    assert any("Of 4 patients the first dose is known by the day" in n for n in notes) == noted
