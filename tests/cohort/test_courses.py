"""The course of a patient's toxicity, computed from the record or as it reports it."""

from __future__ import annotations

import polars as pl
import pytest

from tocsin.cohort import courses
from tocsin.grading import grade
from tocsin.timeline import Timeline

SUPPORT = ("drugs", "devices")


def charted(temperatures, *rows, step=4.0, patient="1", complete=SUPPORT):
    """Temperatures every ``step`` hours from the infusion, and other events."""
    events = [{"patient": patient, "hour": i * step, "concept": "temperature", "value": t} for i, t in enumerate(temperatures)]
    return Timeline.from_rows([*events, *({"patient": patient, **r} for r in rows)], complete=complete)


def course(timeline, window=28.0, charted_days=7):
    return courses.computed(grade(timeline, "astct-crs-2019", until=courses.last_hour(window)), window, charted_days).patients.row(0, named=True)


def days(*temperatures):
    """One temperature a day, charted six times."""
    return [t for day in temperatures for t in [day] * 6]


def test_a_fever_of_two_days_is_one_episode_with_its_onset_and_duration():
    found = course(charted(days(36.8, 36.8, 38.6, 38.4, *[36.8] * 10)))
    assert found["max_grade"] == 1
    assert found["onset_day"] == 2.0
    assert found["duration_days"] == pytest.approx(2.0)
    assert found["max_day"] == 0.0
    assert found["episodes"] == 1


def test_the_time_to_the_highest_grade_counts_from_the_onset():
    found = course(charted(days(36.8, 38.6, 38.6, 38.4, *[36.8] * 10), {"hour": 60.0, "concept": "norepinephrine", "value": 4.0, "end_hour": 70.0}))
    assert found["max_grade"] == 3
    assert found["max_day"] == pytest.approx(60 / 24 - 1.0)


def test_who_was_never_febrile_and_charted_long_enough_is_without_crs_for_zero_days():
    found = course(charted(days(*[36.8] * 10)))
    assert (found["max_grade"], found["duration_days"], found["episodes"]) == (0, 0.0, 0)
    assert found["onset_day"] is None


@pytest.mark.parametrize(("charted_for", "known"), [(7, True), (6, False)])
def test_nobody_is_without_crs_who_was_charted_on_too_few_days(charted_for, known):
    found = course(charted(days(*[36.8] * charted_for)[:-2]))  # the last value does not carry into another day
    assert (found["max_grade"] == 0) is known
    assert found["max_at_least"] == 0


def test_a_record_without_drugs_and_devices_leaves_the_highest_grade_open():
    found = course(charted(days(36.8, 38.6, *[36.8] * 10), complete=()))
    assert found["max_grade"] is None
    assert (found["max_at_least"], found["max_at_most"]) == (1, 4)


def test_an_episode_that_is_not_known_to_have_ended_has_no_duration_but_was_observed():
    found = course(charted(days(36.8, 38.6, 38.6)))
    assert found["duration_days"] is None
    assert found["observed_days"] >= 2.0


def test_nothing_after_the_window_counts():
    assert course(charted(days(*[36.8] * 10, 38.6, *[36.8] * 4)), window=10.0)["max_grade"] == 0


def test_a_patient_without_any_row_has_no_known_grade():
    timeline = Timeline.from_rows([{"patient": "A", "hour": 0.0, "concept": "temperature", "value": 36.5}], [{"patient": "A"}, {"patient": "B"}])
    found = courses.computed(grade(timeline, "astct-crs-2019", until=courses.last_hour(28.0)), 28.0, 7).patients
    assert found.filter(pl.col("patient") == "B")["max_grade"].to_list() == [None]


def daily(*grades, patient="1"):
    return Timeline.from_rows([{"patient": patient, "hour": 24.0 * d, "concept": "reported_crs_grade", "value": float(g), "hour_latest": 24.0 * d + 24.0}
                               for d, g in enumerate(grades) if g is not None])


@pytest.mark.parametrize(("grades", "top", "onset", "duration", "episodes"), [
    ((0, 1, 2, 1, 0), 2, 1.0, 3.0, 1),
    ((0, 0, 0), 0, None, 0.0, 0),
    ((0, 1, 1), 1, 1.0, None, 1),          # not known to have ended
    ((1, 0, 0, 2, 0), 2, 0.0, 2.0, 2),     # two episodes of a day
    ((0, 1, None, 1, 0), 1, 1.0, 3.0, 1),  # a day without a report within an episode
], ids=["one episode", "none", "open end", "recurrence", "a day not reported"])
def test_reported_daily_grades_give_the_course(grades, top, onset, duration, episodes):
    found = courses.reported(daily(*grades), "reported_crs_grade", 28.0, "as reported").patients.row(0, named=True)
    assert (found["max_grade"], found["onset_day"], found["duration_days"], found["episodes"]) == (top, onset, duration, episodes)


def test_reported_steps_hold_to_the_next_report_and_at_most_a_day():
    steps = courses.reported(daily(1, None, None, 2, 0), "reported_crs_grade", 28.0, "as reported").steps
    assert steps.select("start_day", "end_day", "grade").rows() == [(0.0, 1.0, 1), (3.0, 4.0, 2), (4.0, 5.0, 0)]


def test_told_columns_give_the_course_and_an_end_day_its_duration():
    told = pl.DataFrame({"patient": ["A", "B", "C"], "crs_max_grade": [2.0, 0.0, None], "crs_onset_day": [3.0, None, None], "crs_end_day": [7.5, None, None]})
    found = courses.told(told, "crs", "as told").patients
    assert found["max_grade"].to_list() == [2, 0, None]
    assert found["duration_days"].to_list() == [4.5, 0.0, None]
    assert found["episodes"].to_list() == [1, 0, None]


def test_a_grade_that_stays_settled_holds_to_the_end_of_the_window():
    timeline = Timeline.from_rows([{"patient": "1", "hour": 0.0, "end_hour": 900.0, "concept": "temperature", "value": 36.8}], complete=SUPPORT)
    steps = courses.computed(grade(timeline, "astct-crs-2019", until=courses.last_hour(28.0)), 28.0, 7).steps
    assert steps.select("start_day", "end_day", "grade").rows() == [(0.0, 28.0, 0)]
