"""The check of a protocol on a terminal: its faults, the expected answers beside those found, and what nobody expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tocsin.show.numbers import number
from tocsin.show.terminal import _safe, _say, _table
from tocsin.show.wording import STANDING, STATUS_WORDS, plural, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols import Protocol
    from tocsin.protocols.expected import Answer

MOST_CODES = 12


def print_assurance(
    out: Console, protocol: Protocol, problems: Sequence[str], answers: Sequence[Answer], missing: Mapping[str, Sequence[str]] | None,
    untested: Sequence[str] = (),
) -> None:
    """``missing``: by status, the rules of which nobody expects it; None where there are no expected answers at all.

    ``untested``: the rules that a local change touches and of which nothing is expected.
    """
    _say(out, f"{protocol.id}  {protocol.title}", "bold")
    for problem in problems:
        _say(out, f"  {printed(problem)}", "red")
    if not problems:
        _say(out, "  Every rule is cited, says itself in words, and keeps within its own maximum at 2 to 200 kg.")
    out.print()
    if answers:
        _print_answers(out, answers)
    if missing is None:
        _say(out, "No expected answers: write them into a file beside the protocol, named like it with .expected.toml at its end.")
    else:
        _print_missing(out, missing, len(protocol.rules))
        if untested:
            _say(out, f"Changed here, and nothing is expected of it: {', '.join(untested)}.")
    wrong = sum(not a.agrees for a in answers)
    _say(out, f"{plural(len(answers), 'expected answer')}: {len(answers) - wrong} as expected, {wrong} not. {plural(len(problems), 'fault')} of the "
              "protocol itself.", "bold red" if wrong or problems else "bold")
    _say(out, STANDING, "dim")


def _print_answers(out: Console, answers: Sequence[Answer]) -> None:
    table = _table(out, "")
    table.add_column("Patient", ratio=3)
    table.add_column("Rule", no_wrap=True)
    table.add_column("Expected", ratio=2)
    table.add_column("Found", ratio=2)
    table.add_column("Why it differs", ratio=6)
    shown = ""
    for a in answers:
        who = f"{a.patient}, hour {number(a.hour)}"
        why = "" if a.agrees else printed(a.why) + (f" Expected because: {a.says}" if a.says else "")
        cells = ("" if who == shown else who, a.rule, _words(a.expected), _words(a.found), why)
        table.add_row(*(_safe(out, c) for c in cells), style="" if a.agrees else "red")
        shown = who
    out.print(table)


def _print_missing(out: Console, missing: Mapping[str, Sequence[str]], rules: int) -> None:
    _say(out, "Not expected of any patient")
    for status, codes in missing.items():
        more = f" and {len(codes) - MOST_CODES} more" if len(codes) > MOST_CODES else ""
        said = f"{', '.join(codes[:MOST_CODES])}{more}" if codes else "none"
        _say(out, f"  {_words(status)}: {said} ({len(codes)} of {rules})", "dim")


def _words(text: str) -> str:
    """A status, or a dose as it is, for a narrow column."""
    return "depends" if text == "depends" else STATUS_WORDS.get(text, printed(text))
