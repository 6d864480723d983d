"""The words: no more precise than the record, no less complete than the answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import SettingError
from tocsin.show import wording
from tocsin.show.numbers import number
from tocsin.show.panels import GROUPS
from tocsin.show.rows import CATEGORIES
from tocsin.show.times import Clock, course, moment
from tocsin.show.values import Units, measured, units_of, value_words
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS


@pytest.mark.parametrize(("hour", "latest", "words"), [
    (120.0, None, "day 5 (hour 120)"),
    (126.5, None, "day 5 (hour 126.5)"),
    (120.0, 144.0, "day 5"),
    (240.0, 432.0, "between day 10 and day 17"),
    (-96.0, -72.0, "day -4"),
    (121.0, 125.0, "day 5 (between hour 121 and hour 125)"),
])
def test_a_time_is_told_no_more_precisely_than_it_is_known(hour, latest, words):
    assert moment(hour, latest) == words


def test_a_course_of_whole_days_is_told_in_days():
    assert course({"hour": 168.0, "hour_latest": 192.0, "end_hour": 432.0}) == "from day 7 to day 17"
    assert course({"hour": 240.0, "hour_latest": 408.0, "end_hour": 624.0}) == "begun between day 10 and day 16, until day 25"
    assert course({"hour": 66.0, "hour_latest": None, "end_hour": 90.5}) == "from day 2 (hour 66) to day 3 (hour 90.5)"
    assert course({"hour": 104.0, "hour_latest": None, "end_hour": 120.0}) == "from day 4 (hour 104) to day 5 (hour 120)"


def test_a_step_that_begins_with_a_day_known_as_a_day_has_no_hour():
    days = Timeline.from_rows([{"hour": 96.0, "hour_latest": 120.0, "concept": "temperature", "value": 39.0}])
    hours = Timeline.from_rows([{"hour": 96.0, "concept": "temperature", "value": 39.0}])
    assert Clock.of(days.events).span(96.0, 120.0) == "day 4"
    assert Clock.of(days.events).span(96.0, 240.0) == "day 4 to day 9"
    assert Clock.of(hours.events).span(96.0, 102.0) == "day 4 (hour 96 to hour 102)"
    assert Clock.of(days.events).span(96.0, None) == "from day 4 on"


@pytest.mark.parametrize(("value", "words"), [(37.96, "37.96"), (38.0, "38"), (16525.0, "16525"), (535.67, "535.67"), (0.0, "0"),
                                              (4.2e6, "4.2 × 10⁶"), (1e6, "10⁶"), (0.0002, "2 × 10⁻⁴"), (-4.5, "-4.5")])
def test_numbers_keep_the_digits_that_were_told(value, words):
    assert number(value) == words


@given(st.floats(36.0, 42.0).map(lambda v: round(v, 2)))
def test_a_temperature_is_never_rounded_over_a_limit(value):
    shown = float(measured(CONCEPTS["temperature"], value).removesuffix(" °C"))
    assert (shown >= 38.0) == (value >= 38.0)


def test_values_are_shown_in_the_units_of_choice_and_keep_their_sign():
    assert measured(CONCEPTS["temperature"], 39.0, 0, Units.SI) == "39.0 °C"
    assert measured(CONCEPTS["temperature"], 39.0, 0, Units.US) == "102.2 °F"
    assert measured(CONCEPTS["creatinine"], 1.0, 0, Units.US) == "1 mg/dL"
    assert measured(CONCEPTS["creatinine"], 1.0, 0, Units.SI).endswith(" µmol/L")
    assert measured(CONCEPTS["il6"], 5000.0, 1, Units.KEPT) == "> 5000 pg/mL"
    assert measured(CONCEPTS["il6"], 0.24, -1, Units.KEPT) == "< 0.24 pg/mL"
    with pytest.raises(SettingError, match="si, us"):
        units_of("metric")


@pytest.mark.parametrize(("value", "text", "words"), [
    (None, "4 mg/kg qd", "4 mg/kg qd"), (10.0, "q12h", "10 mg q12h"), (40.0, "second", "40 mg (second)"), (400.0, None, "400 mg"),
    (None, "30 mg/m2", "30 mg/m²"), (None, "present", "given, dose not told"),
])
def test_a_dose_is_told_as_it_was_told(value, text, words):
    assert value_words({"concept": "tocilizumab", "value": value, "text": text, "censored": 0}) == words


def test_a_range_names_what_would_settle_it():
    words = wording.grade_words(1, 4, ["hypotension", "vasopressor", "norepinephrine", "oxygen_device"])
    assert words == "grade 1 to 4; not told: hypotension, vasopressors, oxygen delivery device"
    assert wording.grade_words(2, 2, ["temperature"]) == "grade 2"


def test_evidence_says_what_when_and_from_where():
    event = {"concept": "temperature", "value": 39.0, "text": None, "censored": 0, "hour": 144.0, "hour_latest": 168.0, "end_hour": None,
             "attribution": "unknown", "origin": "paper001.csv:12", "note": None}
    assert wording.evidence(event) == "Body temperature 39.0 °C on day 6 [paper001.csv:12]"
    assert wording.evidence({**event, "attribution": "infection"}).startswith("Body temperature 39.0 °C on day 6, put down to infection")


def test_a_reported_grade_is_called_reported():
    event = {"concept": "reported_crs_grade", "value": 2.0, "text": "ASTCT", "censored": 0}
    assert wording.observation(event) == "CRS grade 2, as reported (ASTCT)"


def test_lists_and_sentences():
    assert wording.joined(["a"]) == "a"
    assert wording.joined(["a", "b", "c"]) == "a, b and c"
    assert wording.printed("body temperature >= 38.0 degC") == "body temperature ≥ 38.0 °C"
    assert wording.named("carry-forward: 4 h for systolic_bp, spo2") == (
        "carry-forward: 4 h for systolic blood pressure, oxygen saturation by pulse oximetry"
    )


def test_every_concept_that_the_figure_groups_exists():
    for _, _, names in GROUPS:
        assert set(names) <= set(CONCEPTS)
    for _, _, names in CATEGORIES:
        assert set(names) <= set(CONCEPTS)


@given(st.sampled_from(sorted(CONCEPTS)), st.one_of(st.none(), st.floats(0.01, 1e6)), st.one_of(st.none(), st.text(max_size=20)))
def test_every_concept_can_be_said(name, value, text):
    event = {"concept": name, "value": value, "text": text, "censored": 0, "hour": 1.0, "hour_latest": None, "end_hour": None,
             "attribution": "unknown", "origin": "a.csv:1", "note": None}
    for units in Units:
        assert "\n" not in wording.evidence(event, units)


@pytest.mark.parametrize(("name", "words"), [
    ("d_dimer", "D-dimer, fibrinogen-equivalent units"), ("crp", "C-reactive protein"), ("capd_score", "Cornell Assessment of Pediatric Delirium"),
    ("cushing_triad", "Cushing triad"), ("temperature", "body temperature"), ("ice_score", "ICE score"),
])
def test_a_name_keeps_its_capital_within_a_sentence(name, words):
    assert wording.concept_words(name) == words


def test_what_has_a_comma_is_listed_with_semicolons():
    assert wording.listed(["sodium", "potassium"]) == "sodium, potassium"
    assert wording.listed(["calcium, ionised", "sodium"]) == "calcium, ionised; sodium"


def test_four_inputs_of_neurology_are_one_examination_in_a_sentence():
    assert wording.briefly(["spo2", "ice_score", "consciousness", "seizure", "motor_weakness"]) == [
        "oxygen saturation by pulse oximetry", wording.EXAMINATION]
    assert wording.briefly(["ice_score", "seizure"]) == ["ICE score", "seizure"]


def test_what_was_known_only_until_now_is_said_in_words():
    assert wording.concept_words("earlier_course") == "the course until now (the hour of a dose or a value since then)"
