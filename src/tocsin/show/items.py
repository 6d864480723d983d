"""The items of an export and what they may mean, on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show.terminal import _say, _table

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.sources.propose import Proposal
    from tocsin.sources.seen import Seen

MOST_SHOWN = 30


def print_items(out: Console, what: str, seen: Sequence[Seen], proposals: Sequence[Proposal], threshold: float, everything: bool = False) -> None:
    """What is known by what, what is proposed with which confidence, and what is left, the most frequent first."""
    from tocsin.sources.propose import doubts

    most = len(seen) if everything else MOST_SHOWN
    known = [one for one in seen if one.known]
    _say(out, f"{what}: {_many(len(seen), 'item')}, {_many(sum(one.rows for one in seen), 'row')}", "bold")
    for how, many in Counter(one.known for one in known).most_common():
        by = how if how.startswith("left out") else f"known by {how}"
        _say(out, f"  {by}: {_many(many, 'item')}, {_many(sum(one.rows for one in known if one.known == how), 'row')}")
    if everything and known:
        _print(out, "Known", ["item", "rows", "patients", "values", "concept"],
               [(_called(one), f"{one.rows:,}", _patients(one), _charted(one), one.concept or one.known) for one in known])
    doubtful = doubts(known)
    if doubtful:
        _print(out, "Known, and doubtful", ["item", "rows", "patients", "values", "concept", "why"], [
            (_called(one), f"{one.rows:,}", _patients(one), _charted(one), one.concept or "", why) for one, why in doubtful[:most]], len(doubtful) - most)
    sure = [one for one in proposals if one.confidence >= threshold]
    for title, some in ((f"Proposed, confidence {threshold:g} or more", sure), ("Perhaps", [one for one in proposals if one.confidence < threshold])):
        if some:
            _print(out, title, ["", "item", "rows", "patients", "values", "concept", "why"], [
                (f"{p.confidence:.2f}", _called(p.seen), f"{p.seen.rows:,}", _patients(p.seen), _charted(p.seen),
                 p.concept + (f" [{p.unit}]" if p.unit and None in p.seen.units else ""), "; ".join(p.why)) for p in some[:most]], len(some) - most)
    taken = {p.seen.item for p in proposals}
    left = [one for one in seen if not one.known and one.item not in taken]
    if left:
        _print(out, "Not understood, and nothing proposed", ["item", "rows", "patients", "values"],
               [(_called(one), f"{one.rows:,}", _patients(one), _charted(one)) for one in left[:most]], len(left) - most)


def _print(out: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], rest: int = 0) -> None:
    from rich.text import Text

    out.print()
    table = _table(out, title)
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("rows", "patients", "") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)
    if rest > 0:
        _say(out, f"  and {rest:,} more; --all shows them", "dim")


def _called(one: Seen) -> str:
    return f"{one.item} ({one.name})" if one.name and one.name != one.item else one.item


def _patients(one: Seen) -> str:
    return f"{one.patients:,}" if one.patients else ""


def _charted(one: Seen) -> str:
    return one.shown_range or ", ".join(one.shown_words) or ", ".join(unit for unit in list(one.units)[:2] if unit)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
