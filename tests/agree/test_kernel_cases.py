"""Charts on which the sweep was once wrong, or that settle what the document means; each also agrees with the slow evaluator."""

from __future__ import annotations

import pytest

from agree.charts import Chart
from agree.test_agreement import agree, swept
from tocsin.grading.grade import grade
from tocsin.scales import scale as find_scale
from tocsin.timeline import Timeline

CRS, CARTOX, ICANS = "astct-crs-2019", "cartox-crs-2018", "astct-icans-2019"
SUPPORT = ("drugs", "devices")
ADULT = {"age_years": 40.0}


def row(concept: str, hour: float, value: float | str | None = None, **more: object) -> dict[str, object]:
    told = {"text": value} if isinstance(value, str) else {"value": value}
    return {"concept": concept, "hour": hour, **told, "attribution": "unknown", **more}


def at(chart: Chart, scale: str, hour: float, **changed: object) -> dict[str, object]:
    chosen = find_scale(scale, **changed)
    agree(chart, chosen)
    return next(s for s in reversed(swept(chart.timeline(), chosen)) if s["start_hour"] <= hour)


def span(chart: Chart, scale: str, hour: float, **changed: object) -> tuple[object, object]:
    step = at(chart, scale, hour, **changed)
    return step["at_least"], step["at_most"]


FEVER = row("temperature", 0.0, 39.0)


@pytest.mark.parametrize("when", [{"hour": 10.0}, {"hour": 0.0, "hour_latest": 20.0}, {"hour": 0.0, "hour_latest": 40.0}])
def test_a_stated_death_stays(when: dict[str, float]) -> None:
    death = {**row("death", 0.0, "present", attribution="crs"), **when}
    assert span(Chart((FEVER, death)), CRS, 500.0) == (5, 5)


def test_a_possible_number_is_not_ignored() -> None:
    chart = Chart((row("temperature", 0.0, 39.5, hour_latest=40.0), row("temperature", 1.0, 36.5)), ADULT, SUPPORT)
    assert span(chart, CRS, 2.0) == (0, 1)


def test_an_unknown_dose_may_have_been_given() -> None:
    dose = row("acetaminophen", 2.0, "unknown")
    rest = (row("temperature", 8.0, 36.5), row("oxygen_device", 8.0, "nasal_cannula"), row("oxygen_flow", 8.0, 2.0))
    assert span(Chart((FEVER, dose, *rest), ADULT, SUPPORT), CRS, 8.0) == (0, 2)


@pytest.mark.parametrize("concept", ["vasopressor", "vasopressor_count"])
def test_an_unknown_vasopressor_is_unknown_in_a_complete_record(concept: str) -> None:
    chart = Chart((FEVER, row(concept, 0.0, "unknown")), ADULT, SUPPORT)
    low, high = span(chart, CRS, 0.0)
    assert (low, high >= 3) == (1, True)


@pytest.mark.parametrize(("concept", "value"), [("vasopressor", "present"), ("vasopressor_count", 2.0)])
def test_a_lapsed_vasopressor_is_that_or_less(concept: str, value: object) -> None:
    chart = Chart((row(concept, 0.0, value), row("temperature", 30.0, 39.0)), ADULT, (*SUPPORT, "vasopressor_count"))
    low, high = span(chart, CRS, 30.0)
    assert (low, high >= 3) == (1, True)


def test_a_count_above_one_is_two_or_more() -> None:
    assert span(Chart((FEVER, row("vasopressor_count", 0.0, 1.0, censored=1)), ADULT, SUPPORT), CRS, 0.0) == (4, 4)


def test_a_censored_rate_is_not_low() -> None:
    chart = Chart((row("norepinephrine", 0.0, 25.0, censored=-1),), ADULT, (*SUPPORT, "findings"))
    step = at(chart, CARTOX, 0.0, high_dose_hours=0)
    assert "norepinephrine" in step["undecided"]


def test_room_air_where_no_device_was_ever_recorded() -> None:
    assert span(Chart((row("spo2", 0.0, 80.0),), ADULT, SUPPORT), CARTOX, 0.0)[0] == 2


def test_two_windows_at_once_do_not_depend_on_their_order() -> None:
    a, b = row("fever", 0.0, "present", hour_latest=12.0), row("fever", 0.0, "absent", hour_latest=12.0)
    for both in ((a, b), (b, a)):
        assert span(Chart(both, ADULT, SUPPORT), CRS, 13.0)[0] == 1


def test_a_longer_window_that_has_lapsed_was_recorded() -> None:
    chart = Chart((row("norepinephrine", 0.0, 5.0, hour_latest=40.0), row("temperature", 41.0, 39.0)), ADULT, SUPPORT)
    assert span(chart, CRS, 41.0) == (1, 3)


def test_a_coded_input_without_a_value_says_nothing() -> None:
    assert span(Chart((row("fever", 0.0),), ADULT, SUPPORT), CRS, 0.0) == (0, 1)


def test_an_observation_that_ends_as_it_begins_is_an_instant() -> None:
    chart = Chart((row("temperature", 0.0, 39.0, end_hour=0.0), row("oxygen_device", 0.0, "cpap", end_hour=0.0)), ADULT, SUPPORT)
    assert span(chart, CRS, 0.0) == (4, 4)


def test_a_gap_that_ends_with_a_sign_is_not_quiet() -> None:
    """Quiet is known for 5 h and then not charted until the fever: too short to resolve."""
    rows = (FEVER, row("acetaminophen", 0.0, 500.0, end_hour=0.5), *(row("temperature", h, 38.5) for h in (6.0, 12.0, 18.0)), row("temperature", 20.0, 36.5),
            row("temperature", 25.0, "unknown"), row("temperature", 27.0, 39.0))
    chart = Chart(rows, ADULT, SUPPORT)
    step = at(chart, CRS, 22.0, quiet_hours=6, quiet_hours_suppressed=6, lapse_hours=3)
    assert "astct-crs-2019/MASKED1" in step["because"]


HIDDEN = (FEVER, row("acetaminophen", 0.0, 500.0))
"""Fever at hour 0, known until hour 6, and a drug that hides it."""


def test_masking_is_unknown_once_an_uncharted_time_may_have_been_quiet_for_long_enough() -> None:
    """24 h after the dose plus 24 h: hour 48."""
    chart = Chart(HIDDEN, ADULT, SUPPORT)
    assert span(chart, CRS, 47.9) == (1, 1)
    assert span(chart, CRS, 48.0) == span(chart, CRS, 600.0) == (0, 1)
    assert at(chart, CRS, 48.0)["undecided"] == {"temperature"}


def test_a_drug_given_meanwhile_asks_for_the_longer_quiet() -> None:
    chart = Chart((*HIDDEN, row("acetaminophen", 10.0, 500.0)), ADULT, SUPPORT)
    assert (span(chart, CRS, 53.9), span(chart, CRS, 54.0)) == ((1, 1), (0, 1))


def test_a_drug_that_only_may_have_been_given_does_not() -> None:
    chart = Chart((*HIDDEN, row("acetaminophen", 10.0, "unknown")), ADULT, SUPPORT)
    assert (span(chart, CRS, 47.9), span(chart, CRS, 48.0)) == ((1, 1), (0, 1))


def test_support_without_fever_after_that_time_leaves_the_grade_open() -> None:
    chart = Chart((*HIDDEN, row("temperature", 100.0, 36.5), row("norepinephrine", 100.0, 5.0)), ADULT, SUPPORT)
    assert span(chart, CRS, 100.0) == (0, 3)
    assert "temperature" in at(chart, CRS, 100.0)["undecided"]


def test_support_put_down_to_the_syndrome_shows_that_the_episode_goes_on() -> None:
    device = row("oxygen_device", 100.0, "cpap", attribution="crs")
    chart = Chart((*HIDDEN, device), ADULT, SUPPORT)
    assert span(chart, CRS, 100.0) == (4, 4)
    assert (span(chart, CRS, 135.9)[0], span(chart, CRS, 136.0)[0]) == (1, 0)  # the device lapses at 112


def test_a_new_fever_and_a_new_dose_mask_again() -> None:
    rows = (*HIDDEN, row("temperature", 100.0, 39.0), row("temperature", 104.0, 36.5))
    assert span(Chart(rows, ADULT, SUPPORT), CRS, 104.0) == (0, 1)
    found = at(Chart((*rows, row("acetaminophen", 101.0, 500.0)), ADULT, SUPPORT), CRS, 104.0)
    assert (found["at_least"], found["because"]) == (1, {"astct-crs-2019/MASKED1"})


def test_the_fever_that_opened_the_episode_anew_is_the_evidence() -> None:
    rows = (*HIDDEN, row("temperature", 100.0, 38.5), row("acetaminophen", 101.0, 650.0), row("temperature", 104.0, 36.5))
    found = grade(Chart(rows, ADULT, SUPPORT).timeline(), CRS).at(104.0)
    assert found is not None
    assert {(e["concept"], e["value"]) for e in found["evidence"]} == {("temperature", 38.5), ("acetaminophen", 650.0)}


def test_a_sure_resolution_within_that_time_ends_masking_at_its_beginning() -> None:
    rows = (*HIDDEN, *(row("temperature", float(h), 36.5) for h in range(60, 90, 4)))
    chart = Chart(rows, ADULT, SUPPORT)
    assert (span(chart, CRS, 59.9), span(chart, CRS, 60.0)) == ((0, 1), (0, 0))


def test_what_hides_the_answer_is_named() -> None:
    chart = Chart((row("sedation", 0.0, "present"), row("ice_score", 0.0, 10.0)), ADULT)
    assert {"sedation"} <= at(chart, ICANS, 0.0)["undecided"]
    assert "propofol" not in at(chart, ICANS, 0.0)["undecided"]


def test_evidence_of_a_running_drug_is_the_one_that_runs() -> None:
    stopped, runs = row("norepinephrine", 0.0, 5.0, end_hour=10.0), row("norepinephrine", 5.0, 6.0, end_hour=20.0)
    found = grade(Chart((stopped, runs, row("temperature", 11.0, 39.0)), ADULT, SUPPORT).timeline(), CRS).at(11.0)
    assert found is not None
    assert [e["value"] for e in found["evidence"] if e["concept"] == "norepinephrine"] == [6.0]


def test_the_fever_that_opened_the_episode_is_the_evidence() -> None:
    """Two values in one window: the one that is fever opened the episode."""
    cool, hot = row("temperature", 0.0, 36.5, hour_latest=12.0), row("temperature", 0.0, 39.0, hour_latest=12.0)
    found = grade(Chart((cool, hot, row("acetaminophen", 13.0, 500.0)), ADULT, SUPPORT).timeline(), CRS).at(14.0)
    assert found is not None
    assert {e["value"] for e in found["evidence"] if e["concept"] == "temperature"} == {39.0}


def test_a_table_without_patients() -> None:
    assert len(grade(Timeline.from_rows([]), CRS)) == 0


def test_one_more_scale_costs_a_table_and_no_compilation() -> None:
    """Criteria, score, formula and a scale that reads no slot: the compiled sweep has one signature for all."""
    from tocsin.grading import grade_many
    from tocsin.grading.kernel import sweep
    from tocsin.scales import SCALES, Kind

    timeline = Timeline.from_rows([{"concept": "temperature", "hour": 0.0, "value": 39.0}], [{"age_years": 40}], ["drugs"])
    grade_many(timeline, list(SCALES))
    assert {SCALES[s].kind for s in SCALES} == set(Kind)
    assert len(sweep.signatures) == 1
