"""Protocols on a terminal: the list of them, and what a hospital changed in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show.terminal import _safe, _say, _table
from tocsin.show.wording import joined, plural, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols import Protocol

MOST_CODES = 8


def grades_of(protocol: Protocol) -> tuple[str, ...]:
    """The scales that the grades of a protocol mean, by title."""
    return tuple(dict.fromkeys(c.scale.title for c in protocol.chapters))


def print_local(out: Console, protocol: Protocol) -> None:
    """What was changed locally, a line each, with where it allows more than the source; nothing for a guideline as published."""
    for change in protocol.local:
        _say(out, f"local: {printed(change.says())}")
        for warning in change.warnings:
            _say(out, f"  warning: {printed(warning)}", "red")
    if protocol.local:
        out.print()


def print_changes(out: Console, protocol: Protocol) -> None:
    """A hospital's version beside the guideline that it changes."""
    if not protocol.local:
        return
    table = _table(out, f"Changed in {protocol.based_on}")
    for name, ratio in (("What", 4), ("There", 4), ("Here", 3), ("By which document", 4), ("Touches", 3)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for c in protocol.local:
        codes = joined(c.rules[:MOST_CODES]) if len(c.rules) <= MOST_CODES else f"{', '.join(c.rules[:MOST_CODES])} and {len(c.rules) - MOST_CODES} more"
        document = f"{c.source}, {c.date}" + (f" ({c.by})" if c.by else "")
        table.add_row(*(_safe(out, printed(t)) for t in (c.what, f"{c.base} ({c.base_cites})", c.value or "off", document, codes)))
    out.print(table)
    for warning in dict.fromkeys(w for c in protocol.local for w in c.warnings):
        _say(out, f"warning: {printed(warning)}", "red")


def print_protocols(out: Console, protocols: Sequence[tuple[Protocol, str]]) -> None:
    """The protocols, a row each, with where each is from."""
    table = _table(out, "Protocols")
    table.add_column("Protocol", no_wrap=True)
    table.add_column("What it is", ratio=5)
    table.add_column("Rules", justify="right", no_wrap=True)
    table.add_column("Its grades mean", ratio=3, overflow="fold")
    table.add_column("From", ratio=3, overflow="fold")
    for one, place in protocols:
        table.add_row(*(_safe(out, printed(t)) for t in (one.id, one.title, str(len(one.rules)), "; ".join(grades_of(one)), place)))
    out.print(table)
    for one, _ in protocols:
        if one.local:
            _say(out, f"{one.id}: {one.based_on} with {plural(len(one.local), 'local change')}.")
    _say(out, "tocsin explain PROTOCOL prints its rules; tocsin assure PROTOCOL checks it.", "dim")
