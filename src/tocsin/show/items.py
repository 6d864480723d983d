"""The items of an export and what they may mean, on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show.terminal import _say

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
        rows = sum(one.rows for one in known if one.known == how)
        _say(out, f"  {how if how.startswith('left out') else f'known by {how}'}: {_many(many, 'item')}, {_many(rows, 'row')}")
    if everything:
        _listed(out, "Known", [_line(one, f" -> {one.concept}" if one.concept else f": {one.known}") for one in known], most)
    _listed(out, "Known, and doubtful", [f"{_line(one, f' -> {one.concept}')}\n      but {why}" for one, why in doubts(known)], most)
    sure = [one for one in proposals if one.confidence >= threshold]
    _listed(out, f"Proposed, with a confidence of {threshold:g} or more", [_proposal(one) for one in sure], most)
    _listed(out, "Perhaps", [_proposal(one) for one in proposals if one.confidence < threshold], most)
    taken = {p.seen.item for p in proposals}
    _listed(out, "Not understood, and nothing proposed", [_line(one) for one in seen if not one.known and one.item not in taken], most)


def _listed(out: Console, title: str, entries: Sequence[str], most: int) -> None:
    if not entries:
        return
    out.print()
    _say(out, title, "bold")
    for entry in entries[:most]:
        _say(out, entry)
    if len(entries) > most:
        _say(out, f"  and {len(entries) - most:,} more; --all shows them", "dim")


def _proposal(one: Proposal) -> str:
    unit = f", in {one.unit}" if one.unit and None in one.seen.units else ""
    return f"{_line(one.seen, f' -> {one.concept}{unit}', f'{one.confidence:.2f}')}\n      {'; '.join(one.why)}"


def _line(one: Seen, after: str = "", before: str = "") -> str:
    """An item with how often it is charted, for how many patients, and the usual values or words."""
    from tocsin.sources.proposal_file import told

    return f"  {before}{'  ' if before else ''}{one.item}{after}\n      {told(one)}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
