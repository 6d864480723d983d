"""The figure: the same record gives the same bytes, every band is there, and nothing that is odd breaks it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from show.records import by_day, hourly
from tocsin.errors import SettingError, UnknownIdError
from tocsin.grading.grade import grade
from tocsin.show.figure import draw, save, svg
from tocsin.show.panels import panels_of
from tocsin.show.span import Span, span_of
from tocsin.show.values import Units
from tocsin.timeline import Timeline

CRS = "astct-crs-2019"


def words_of(figure) -> str:
    return re.sub(r"<[^>]+>", "\n", svg(figure))


def test_the_same_record_gives_the_same_file(case_000, tmp_path):
    grades = [grade(case_000, CRS)]
    for suffix in ("svg", "pdf", "png"):
        one = save(draw(case_000, grades), tmp_path / f"one.{suffix}").read_bytes()
        two = save(draw(case_000, grades), tmp_path / f"two.{suffix}").read_bytes()
        assert one == two, suffix


def test_text_stays_text_and_the_file_alone_links_nowhere(case_000, tmp_path):
    text = save(draw(case_000, [grade(case_000, CRS)]), tmp_path / "f.svg").read_text(encoding="utf-8")
    ET.fromstring(text)
    assert "Tocilizumab" in text
    assert "Research software, not a medical device." in text
    assert "#step-" not in text
    assert "dc:date" not in text


def test_every_step_within_the_days_drawn_has_a_band_that_links_to_it(case_000):
    grades = grade(case_000, CRS)
    text = svg(draw(case_000, [grades]))
    inside = [n for n, row in enumerate(grades.frame.iter_rows(named=True), 1) if row["start_hour"] < 26 * 24]
    assert inside
    for step in inside:
        assert f'id="band-{CRS}-{step}"' in text
        assert f"#step-{CRS}-{step}" in text


def test_an_unknown_suffix_is_refused(case_000, tmp_path):
    with pytest.raises(SettingError, match="svg"):
        save(draw(case_000, []), tmp_path / "f.gif")


def test_units_can_be_switched():
    record = Timeline.from_rows([by_day(4, "temperature", value=39.0), by_day(4, "creatinine", value=1.0)])
    si, us = (words_of(draw(record, [grade(record, CRS)], units=u)) for u in ("si", "us"))
    assert "Temperature, °C" in si
    assert "Temperature, °F" in us
    assert "102.2" in us
    assert "Creatinine, µmol/L" in si
    assert "Creatinine, mg/dL" in us
    assert "100.4 °F" in us  # the line of fever, in the same unit


def test_long_follow_up_is_told_and_does_not_squash_the_acute_course():
    record = Timeline.from_rows([
        by_day(4, "temperature", value=39.0), by_day(9, "tocilizumab", text="8 mg/kg"), by_day(75, "mrd", text="negative"),
        by_day(1278, "response", text="complete_remission"),
    ])
    assert span_of(record.events, []) == Span(0.0, 10.0)
    said = words_of(draw(record, [grade(record, CRS)]))
    assert "Day 75: Minimal residual disease: negative" in said
    assert "Day 1278: Response of the disease: complete remission" in said


def test_the_days_can_be_chosen(case_000):
    said = words_of(draw(case_000, [grade(case_000, CRS)], days=(12, 30)))
    assert "\nSerous effusion\n" not in said
    assert "\nOxygen device\n" in said
    assert "Not drawn: Day -4: " in said


def test_a_patient_without_any_event_still_gets_a_figure():
    record = Timeline.from_rows([], patients=[{"patient": "7"}])
    text = words_of(draw(record, [grade(record, CRS)]))
    assert "CRS (ASTCT 2019)" in text


@pytest.mark.parametrize("row", [
    by_day(3, "norepinephrine", value=5.0), by_day(3, "hypotension", text="absent"), by_day(3, "il6", value=5000.0, censored=1),
    by_day(3, "il6", value=0.0), by_day(3, "lymphocytes", value=0.0), by_day(2, "temperature", value=38.5, attribution="infection"),
    by_day(3, "death", text="present"), by_day(0, "weight", value=50.0), by_day(3, "oxygen_device", text="cpap"),
    by_day(1, "vasopressor_count", value=2.0), by_day(3, "imaging", text="$\\frac{a$ & <b>\x00 a very long finding " * 4),
])
def test_one_odd_row_draws(row):
    record = Timeline.from_rows([row])
    ET.fromstring(svg(draw(record, [grade(record, CRS)], title="$x^{")))


def test_a_value_above_the_range_of_the_assay_is_a_triangle_with_its_sign():
    record = Timeline.from_rows([by_day(3, "il6", value=5000.0, censored=1), by_day(4, "il6", value=120.0)])
    assert ">5000" in words_of(draw(record, [])).replace("&gt;", ">")


def test_zero_on_a_logarithmic_panel_is_drawn_as_zero():
    events = [{**by_day(d, "neutrophils", value=v), "censored": 0, "attribution": "unknown", "end_hour": None}
              for d, v in ((1, 2.0), (2, 0.0), (3, 0.4))]
    panels, short = panels_of(events, Span(0, 5), Units.SI)
    assert [p.value for p in panels[0].series[0].points] == [2.0, 0.0, 0.4]
    assert not short
    draw(Timeline.from_rows([by_day(d, "neutrophils", value=v) for d, v in ((1, 2.0), (2, 0.0), (3, 0.4))]), [])


def test_what_the_guideline_asked_for_is_marked_even_when_it_was_not_given(case_000):
    advice = [SimpleNamespace(status="due", drug="siltuximab", hour=100.0), SimpleNamespace(status="depends", drug="anakinra", hour=100.0)]
    said = words_of(draw(case_000, [], advice=advice))
    assert "Siltuximab" in said
    assert "due by the guideline" in said
    assert "Anakinra" not in said


def test_hourly_charting_draws_within_seconds_and_marks_the_grade():
    record = Timeline.from_rows(hourly(), complete=["drugs", "devices"])
    said = words_of(draw(record, [grade(record, CRS)]))
    assert "Norepinephrine" in said
    assert "Systolic pressure, mmHg" in said


def test_the_same_scale_twice_has_two_keys(case_000):
    grades = grade(case_000, CRS)
    text = svg(draw(case_000, [grades, grades], notes=["as told", "assumed"]))
    assert f'id="band-{CRS}-1"' in text
    assert f'id="band-{CRS}-world2-1"' in text


def test_several_patients_need_a_name():
    record = Timeline.from_rows([{"patient": "a", "hour": 1.0, "concept": "temperature", "value": 37.0},
                                 {"patient": "b", "hour": 1.0, "concept": "temperature", "value": 39.0}])
    with pytest.raises(UnknownIdError):
        draw(record, [grade(record, CRS)])
    assert draw(record, [grade(record, CRS)], patient="b")
