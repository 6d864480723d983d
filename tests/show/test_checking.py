"""A check is a page, however large the export is, and nothing that matters is missing from it."""

from __future__ import annotations

import io

from rich.console import Console

from tocsin.show.checking import MOST_CODES, MOST_FILES, MOST_KINDS, MOST_NOTES, print_check
from tocsin.timeline import IRRELEVANT, Completeness, FileCount, Level, Note, Reading


def said(reading: Reading, **more) -> str:
    buffer = io.StringIO()
    print_check(Console(file=buffer, width=80, force_terminal=False), reading, **more)
    return buffer.getvalue()


def count(file: str = "a.csv", rows: int = 10, ignored: dict[str, int] | None = None) -> FileCount:
    return FileCount(file, "", rows, rows, 0, 0, rows, ignored or {})


def impossible(many: int, level: Level = Level.ERROR) -> list[Note]:
    return [Note(level, "a.csv", (row,), f"temperature is {row} degC, outside the possible 25-45", "Correct it.", "", 1,
                 "temperature outside the possible 25-45 degC") for row in range(100, 100 + many)]


def test_a_few_notes_are_printed_one_by_one():
    text = said(Reading((count(),), tuple(impossible(MOST_NOTES))))
    assert all(f"row {row}:" in text for row in range(100, 100 + MOST_NOTES))
    assert "more like it" not in text


def test_of_many_notes_of_one_kind_the_first_is_printed_with_the_number_of_the_others():
    text = said(Reading((count(),), tuple(impossible(MOST_NOTES + 1))))
    assert "row 100:" in text
    assert "row 101:" not in text
    assert f"and {MOST_NOTES} rows more like it" in text
    assert "--all" in text


def test_all_prints_every_note():
    text = said(Reading((count(),), tuple(impossible(500))), everything=True)
    assert "row 599:" in text
    assert "more like it" not in text


def test_a_thousand_kinds_of_notes_in_a_thousand_files_are_still_a_page():
    notes = [Note(level, f"{n}.csv", (n,), f"what {n}", "", "", 1, f"kind {n}") for n in range(1000) for level in Level]
    files = tuple(count(f"{n}.csv", 1, {f"code-{n}-{k}": 1 for k in range(9)}) for n in range(1000))
    text = said(Reading(files, tuple(notes)))
    assert len(text.splitlines()) < 150
    assert f"{1000 - MOST_KINDS} more kinds of notes" in text
    assert f"{1000 - MOST_FILES} more files" in text
    assert "1000 files, 9000 rows, 9000 codes" in text


def test_what_the_reader_says_of_the_whole_record_is_never_left_out():
    whole = [Note(Level.INFO, "OMOP", (), f"sentence {n}") for n in range(40)]
    kinds = [Note(Level.INFO, "a.csv", (n,), f"what {n}", "", "", 1, f"kind {n}") for n in range(40)]
    text = said(Reading((count(),), (*kinds, *whole)))
    assert all(f"OMOP: sentence {n}\n" in text for n in range(40))


def test_irrelevant_rows_are_told_by_code_the_most_frequent_first_and_once():
    codes = {f"loinc:{n}": 100 - n for n in range(20)}
    note = Note(Level.INFO, "a.csv", (), "1810 rows are about what no scale asks for: a long list", "", "", 1810, IRRELEVANT)
    text = said(Reading((count(ignored=codes),), (note,)))
    assert "a long list" not in text
    assert "a.csv, 1810 rows, 20 codes: loinc:0: 100; loinc:1: 99" in " ".join(text.split())
    assert f"and {20 - MOST_CODES} more codes" in " ".join(text.split())


def test_how_the_record_was_read_and_what_is_complete_come_first():
    complete = Completeness(frozenset(), {"devices": frozenset("ab"), "norepinephrine": frozenset("abc"), "dopamine": frozenset("abc")}, "")
    lines = said(Reading((count(),), (), {"format": "CLIF", "hour 0": "ICU admission"}), complete=complete).splitlines()
    assert [line.rstrip() for line in lines[:9]] == [
        "Read as", "  format: CLIF", "  hour 0: ICU admission", "Complete or open", "  devices: complete for 2 records",
        "  dopamine, norepinephrine: complete for 3 records", "  other drugs: open, so no row means not told",
        "  findings: open, so no row means not told", "  neurology: open, so no row means not told"]


def test_files_without_a_row_are_named_and_not_listed():
    text = said(Reading((count("full.csv"), count("empty.csv", 0)), ()))
    assert "1 file without a row: empty.csv" in text
