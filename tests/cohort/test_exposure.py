"""Exposures that begin during follow-up: splitting, landmark, and the immortal time they avoid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohort import r_survival as r
from conftest import SharedData
from tocsin.cite import bibliography
from tocsin.cohort import exposure
from tocsin.cohort.cox import cox
from tocsin.cohort.exposure import immortal_time, landmark, split_at_exposure
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.logrank import log_rank
from tocsin.cohort.survival import Survival
from tocsin.errors import CohortError


def rows(found):
    return list(zip(found.row.tolist(), found.survival.entry.tolist(), found.survival.time.tolist(), found.survival.event.tolist(), found.doses.tolist(),
                    strict=True))


def test_follow_up_is_cut_at_the_first_dose_and_the_event_stays_in_the_last_part():
    found = split_at_exposure(Survival.of([10, 8, 5], [1, 0, 1]), [4, None, 0])
    assert rows(found) == [(0, 0, 4, 0, 0), (0, 4, 10, 1, 1), (1, 0, 8, 0, 0), (2, 0, 5, 1, 1)]
    assert found.exposed.tolist() == [False, True, False, True]


def test_every_dose_begins_a_new_part():
    found = split_at_exposure(Survival.of([10], [1]), [[6, 2, 2, None]])
    assert rows(found) == [(0, 0, 2, 0, 0), (0, 2, 6, 0, 2), (0, 6, 10, 1, 3)]


def test_an_event_at_the_very_time_of_the_dose_is_unexposed():
    found = split_at_exposure(Survival.of([4, 4], [1, 1]), [4, 3.999])
    assert rows(found) == [(0, 0, 4, 1, 0), (1, 0, 3.999, 0, 0), (1, 3.999, 4, 1, 1)]
    assert found.after_end == 1


def test_a_dose_before_the_start_counts_from_the_start():
    assert rows(split_at_exposure(Survival.of([4], [1]), [-1])) == [(0, 0, 4, 1, 1)]
    assert rows(split_at_exposure(Survival.of([4], [1], [2]), [1])) == [(0, 2, 4, 1, 1)]


def test_an_event_at_time_0_still_counts_with_everybody_at_risk():
    found = split_at_exposure(Survival.of([0, 3, 5], [1, 1, 0]), [None, 1, None])
    whole = kaplan_meier(Survival.of([0, 3, 5], [1, 1, 0])).curves[0]
    assert kaplan_meier(found.survival).curves[0].at([0, 3]).survival == pytest.approx(whole.at([0, 3]).survival)


def test_causes_and_columns_are_carried_over():
    found = split_at_exposure(Survival.of([5, 6], [2, 1], causes=("relapse", "death")), [3, None])
    assert found.survival.event.tolist() == [0, 2, 1]
    assert found.carry(["first", "second"]) == ["first", "first", "second"]


def test_the_heart_transplant_rows_are_made_again_from_one_row_a_patient(shared_data: SharedData):
    c = r.columns(shared_data("r_survival_reference"), "survival_heart.csv")
    start, stop, event, patient, given_it = (r.number(c[k]) for k in ("start", "stop", "event", "id", "transplant"))
    last = {p: i for i, p in enumerate(patient)}
    ids = list(last)
    first = [next((start[i] for i in range(len(patient)) if patient[i] == p and given_it[i]), None) for p in ids]
    data = Survival.of([stop[last[p]] for p in ids], [event[last[p]] for p in ids])
    found = split_at_exposure(data, first)
    ours = [(ids[i], a, b, e, d) for i, a, b, e, d in rows(found)]
    assert ours == list(zip(patient, start, stop, event, given_it, strict=True))
    # R: survfit(Surv(start, stop, event) ~ transplant, heart), summary at 30, 100 and 300
    curves = kaplan_meier(found.survival, found.exposed, levels=[False, True]).curves
    assert curves[0].at([30, 100, 300]).at_risk.tolist() == [46, 10, 4]
    assert curves[0].at([30, 100, 300]).survival == pytest.approx([0.8068055, 0.5627140, 0.3545098], abs=1e-7)
    assert curves[1].at([30, 100, 300]).at_risk.tolist() == [34, 40, 29]
    assert curves[1].at([30, 100, 300]).survival == pytest.approx([0.7354214, 0.4678754, 0.3576879], abs=1e-7)


def test_a_drug_that_does_nothing_looks_good_when_its_immortal_time_is_counted_and_not_otherwise():
    generator = np.random.default_rng(5)
    n = 4000
    time = generator.exponential(10, n)
    planned = generator.exponential(10, n)
    given_at = np.where(planned < time, planned, np.nan)
    data = Survival.of(np.minimum(time, 30), time <= 30)
    naive = cox(data, {"ever": ~np.isnan(given_at)})
    split = split_at_exposure(data, given_at)
    honest = cox(split.survival, {"exposed": split.exposed}, cluster=split.row)
    assert naive.coefficients[0].high < 0.7
    assert honest.coefficients[0].low < 1 < honest.coefficients[0].high
    assert log_rank(split.survival, split.exposed).test.p > 0.05
    at_3 = landmark(data, given_at, 3)
    later = cox(at_3.survival, {"exposed": at_3.exposed})
    assert later.coefficients[0].low < 1 < later.coefficients[0].high


def test_a_landmark_keeps_those_still_followed_and_says_who_is_not():
    data = Survival.of([2, 5, 3, 8, 9, None], [1, 1, 0, 1, 0, 1])
    found = landmark(data, [1, 5, None, 6, 4, 2], 5)
    assert found.row.tolist() == [3, 4]
    assert found.survival.time.tolist() == [3, 4]
    assert found.exposed.tolist() == [False, True]
    assert (found.had_event, found.lost, found.exposed_later, found.dropped) == (2, 1, 1, 1)


def test_exposure_at_the_landmark_counts_and_an_event_at_it_does_not():
    found = landmark(Survival.of([5, 5.01], [1, 1]), [None, 5], 5)
    assert (found.row.tolist(), found.exposed.tolist(), found.had_event) == ([1], [True], 1)


def test_who_enters_after_the_landmark_is_not_in_it():
    found = landmark(Survival.of([9, 9], [1, 1], [0, 6]), [None, None], 5)
    assert (found.row.tolist(), found.entered_later) == ([0], 1)


def test_immortal_time_is_the_time_before_the_first_dose_of_those_who_got_one():
    found = immortal_time(Survival.of([10, 8, 5], [1, 0, 1]), [4, None, 0])
    assert (found.patients, found.total, found.share) == (2, 4.0, pytest.approx(4 / 15))
    assert "26.7%" in found.sentence


def test_nobody_exposed_has_no_immortal_time():
    assert immortal_time(Survival.of([3], [1]), [None]).share == 0.0


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.none() | st.integers(-2, 12)), min_size=1, max_size=20))
def test_splitting_keeps_every_day_and_every_event(data):
    time, event, given_at = zip(*data, strict=True)
    whole = Survival.of(time, event)
    found = split_at_exposure(whole, given_at)
    length = found.survival.time - np.maximum(found.survival.entry, 0)
    assert np.bincount(found.row, weights=length, minlength=len(time)) == pytest.approx(time)
    assert np.bincount(found.row, weights=found.survival.event, minlength=len(time)).tolist() == list(event)


def test_exposures_that_cannot_be_are_refused():
    data = Survival.of([3, 4], [1, 0])
    with pytest.raises(CohortError, match="one is needed for each row"):
        split_at_exposure(data, [1])
    with pytest.raises(CohortError, match="not a time of exposure"):
        split_at_exposure(data, ["early", None])
    with pytest.raises(CohortError, match="one is needed for each row"):
        landmark(data, [1], 2)
    with pytest.raises(CohortError, match="0 or later"):
        landmark(data, [1, 1], -1)
    with pytest.raises(CohortError, match="Nobody is under observation"):
        landmark(data, [1, 1], 4)


def test_the_explanations_say_what_was_done_and_every_citation_is_known():
    assert "immortal time" in exposure.IMMORTAL_TIME
    assert "at the landmark" in exposure.LANDMARK
    assert len(bibliography(exposure.CITES + exposure.LANDMARK_CITES)) == 5
