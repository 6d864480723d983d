"""What a source did with each row, on a terminal: a page, however large the export is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tocsin.show.terminal import _say, _table, quality_line
from tocsin.show.values import clean
from tocsin.show.wording import plural
from tocsin.timeline import IRRELEVANT, Level

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.timeline import Completeness, FileCount, Note, Reading

MOST_FILES = 20
MOST_KINDS = 12
"""So many kinds of notes of one level are printed, besides what the reader says of the whole; the others are counted."""
MOST_NOTES = 12
"""Up to this many notes of one level are printed one by one; of more, one of each kind."""
MOST_CODES = 5
FEW_FILES = 8
"""Irrelevant codes are listed file by file up to this many files; of more, together."""

_TITLES = ((Level.ERROR, "In quarantine: not used", "red"), (Level.WARNING, "Used, but a person should look", "yellow"),
           (Level.INFO, "Understood or converted", ""))


def print_check(console: Console, reading: Reading, complete: Completeness | None = None, everything: bool = False) -> None:
    """How a record was read, what became of each row of each file, and what a person should look at.

    ``everything``: every note by itself, and every row of the table; otherwise notes of one kind are put together where there are many.
    """
    print_settings(console, reading.settings, complete.sentences() if complete is not None else ())
    print_rows(console, reading.files, len(reading.files) if everything else MOST_FILES)
    short = False
    for level, title, style in _TITLES:
        notes = [n for n in reading.notes if n.level is level and (everything or n.group != IRRELEVANT)]
        if not notes:
            continue
        console.print()
        _say(console, title, f"bold {style}".strip())
        short |= _print_notes(console, notes, everything)
    if not everything and any(one.ignored for one in reading.files):
        _print_irrelevant(console, reading.files)
        short = True
    console.print()
    if short:
        _say(console, "--all prints every note by itself; --json prints all, with every code and row.", "dim")
    _say(console, quality_line(reading))


def print_settings(console: Console, settings: Mapping[str, str], complete: Sequence[str]) -> None:
    """How a record was read, and what is taken to be complete in it."""
    if settings:
        _say(console, "Read as", "bold")
        for name, said in settings.items():
            _say(console, f"  {clean(name)}: {clean(said)}")
    if complete:
        _say(console, "Complete or open", "bold")
        for sentence in complete:
            _say(console, f"  {clean(sentence)}")
    if settings or complete:
        console.print()


def print_basis(console: Console, basis: Sequence[str]) -> None:
    """What an answer rests on, below it."""
    for sentence in basis:
        _say(console, clean(sentence), "dim")


def print_rows(console: Console, files: Sequence[FileCount], most: int = MOST_FILES) -> None:
    """The reconciliation of each file that has a row; of more than ``most`` the others together."""
    table = _table(console, "Rows")
    table.add_column("File", ratio=1, overflow="fold")
    for name in ("Rows", "Used", "Explained", "Quarantined", "Events"):
        table.add_column(name if console.width >= 70 else name[:5], justify="right", no_wrap=True)
    full = [one for one in files if one.rows] or list(files)
    shown = full if len(full) <= most + 1 else full[:most]
    rest = full[len(shown):]
    for one in shown:
        table.add_row(clean(one.file), *(f"{n:,}" for n in _numbers(one)))
    if rest:
        table.add_row(f"{len(rest)} more files", *(f"{sum(column):,}" for column in zip(*map(_numbers, rest), strict=True)))
    console.print(table)
    empty = len(files) - len(full)
    if empty:
        _say(console, f"{plural(empty, 'file')} without a row: {', '.join(clean(one.file) for one in files if not one.rows)}", "dim")


def _numbers(one: FileCount) -> tuple[int, ...]:
    return one.rows, one.used, one.explained, one.quarantined, one.events


def _print_notes(console: Console, notes: Sequence[Note], everything: bool) -> bool:
    """The notes of one level; whether some were put together or left out."""
    if everything or len(notes) <= MOST_NOTES:
        for note in notes:
            _say(console, note.sentence())
        return False
    kinds: dict[tuple[str, str], list[Note]] = {}
    for note in notes:
        kinds.setdefault((note.group or note.what, note.column), []).append(note)
    whole = [alike for alike in kinds.values() if not alike[0].many]
    shown = sorted((alike for alike in kinds.values() if alike[0].many), key=lambda alike: -sum(n.many for n in alike))
    for alike in [*whole, *shown[:MOST_KINDS]]:
        _say(console, alike[0].sentence())
        if len(alike) > 1:
            files = len({n.file for n in alike})
            more = sum(n.many for n in alike[1:])
            _say(console, f"  and {plural(more, 'row')} more like it" + (f", in {files} files" if files > 1 else ""))
    if len(shown) > MOST_KINDS:
        left = shown[MOST_KINDS:]
        _say(console, f"... and {plural(len(left), 'more kind')} of notes, about {plural(sum(n.many for alike in left for n in alike), 'row')}.")
    return True


def _print_irrelevant(console: Console, files: Sequence[FileCount]) -> None:
    """The codes that mean nothing here, the most frequent first."""
    console.print()
    _say(console, "Irrelevant: about what no scale or protocol here asks for", "bold")
    some = [one for one in files if one.ignored]
    if len(some) > FEW_FILES:
        counted: Counter[str] = Counter()
        for one in some:
            counted.update(one.ignored)
        _say(console, _codes(f"{len(some)} files", counted, 4 * MOST_CODES))
    else:
        for one in some:
            _say(console, _codes(one.file, one.ignored, MOST_CODES))
    _say(console, "  `tocsin map` lists all, and proposes a mapping for codes that should have been understood.")


def _codes(where: str, counted: Mapping[str, int], most: int) -> str:
    listed = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    words = "; ".join(f"{clean(code)}: {many:,}" for code, many in listed[:most])
    more = f"; and {plural(len(listed) - most, 'more code')}" if len(listed) > most else ""
    return f"{where}, {plural(sum(counted.values()), 'row')}, {plural(len(listed), 'code')}: {words}{more}"
