"""The terminal: fits the window, is plain in a file, and reads brackets as text."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tocsin.grading.grade import grade
from tocsin.protocols import turns
from tocsin.scales import criterion, scale
from tocsin.show import STANDING, print_check, terminal
from tocsin.show.lookup import print_scale
from tocsin.timeline import Timeline


def said(width: int, print_it, *args, encoding: str = "utf-8", **more) -> str:
    buffer = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    print_it(Console(file=buffer, width=width, force_terminal=False), *args, **more)
    buffer.flush()
    return buffer.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [50, 80, 140])
def test_a_course_fits_the_window_and_is_plain_in_a_file(case_000, width):
    text = said(width, terminal.print_course, case_000, [grade(case_000, "astct-crs-2019")], turns(case_000))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert STANDING in text
    assert "1 to 4" in text
    assert "due: Acetaminophen" in text


def test_a_terminal_without_unicode_gets_plain_signs(case_000):
    assert "?" not in said(80, terminal.print_course, case_000, [grade(case_000, "astct-crs-2019")], encoding="ascii")
    explained = said(80, terminal.print_explain, *criterion("astct-crs-2019/FEVER1"), encoding="ascii")
    assert ">= 38.0" in explained
    assert "?" not in explained


def test_a_check_counts_every_row(case_000):
    text = said(80, print_check, case_000.reading)
    rows = case_000.reading.files[0].rows
    assert f"{rows} rows = {rows} used + 0 explained + 0 in quarantine" in text


def test_a_criterion_is_explained_with_its_source_and_how_sure_it_is():
    crs = scale("astct-crs-2019")
    criterion = next(c for c in crs.criteria if c.code == "HYPO3")
    text = said(80, terminal.print_explain, crs, criterion)
    assert "astct-crs-2019/HYPO3" in text
    assert "At least grade 3" in text
    assert "How sure:" in text


def test_scales_and_concepts_are_listed():
    assert "HYPOX4" in said(80, terminal.print_scales, [scale("astct-crs-2019")])
    assert "temperature" in said(80, terminal.print_concepts)


LABS = Timeline.from_rows([
    {"hour": 1.0, "concept": "ldh", "value": 500.0}, {"hour": 1.0, "concept": "creatinine", "value": 1.5},
    {"hour": 1.0, "concept": "platelets", "value": 20.0}, {"hour": 1.0, "concept": "temperature", "value": 37.0},
])


def test_a_formula_shows_its_inputs_in_the_units_it_computes_with():
    text = " ".join(said(100, terminal.print_course, LABS, [grade(LABS, "easix-2017")]).split())
    assert "37.5 index" in text
    assert "Creatinine 1.5 mg/dL" in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_score_is_readable_while_much_is_missing(width):
    text = said(width, terminal.print_course, LABS, [grade(LABS, "hscore"), grade(LABS, "isth-dic-2001"), grade(LABS, "davila-severe-crs-2014")])
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert all(words in text for words in ("<1%", ">99%", "more"))
    assert "100%" not in text


def test_a_list_of_criteria_says_how_sure_its_numbers_are():
    text = " ".join(said(80, print_scale, scale("davila-severe-crs-2014")).split())
    assert "memory: from memory of the source, not re-read: check before relying on it" in text
    assert STANDING in text
    assert "immunosuppressed_by_lymphodepletion = yes:" in said(120, print_scale, scale("hscore"))


def test_points_of_a_level_are_said_to_count_alone():
    assert "Of the levels of ferritin the one with the most points counts, alone." in said(80, terminal.print_explain, *criterion("hscore/FERRITIN35"))


def test_brackets_in_a_record_are_text_not_markup():
    record = Timeline.from_rows([{"hour": 1.0, "concept": "temperature", "value": 39.0}],
                                patients=[{"diagnosis": "ALL [bold]x[/bold] [/nonsense]"}])
    assert "[bold]x[/bold] [/nonsense]" in said(80, terminal.print_course, record, [grade(record, "astct-crs-2019")])
