"""Which complication is it, on a terminal: for each what speaks for it, against it, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cite import Mark
from tocsin.protocols.complications import NO_VERDICT
from tocsin.show.terminal import _say
from tocsin.show.wording import STANDING, capital, evidence, missing_words, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols.complications import Found, Picture


def print_complications(out: Console, pictures: Sequence[Picture]) -> None:
    """Every complication of every patient, in the order of the sources."""
    for patient in dict.fromkeys(p.patient for p in pictures):
        mine = [p for p in pictures if p.patient == patient]
        _say(out, f"Patient {patient} at hour {mine[0].hour:g} (day {mine[0].hour / 24:.1f}): which complication is it?", "bold")
        _say(out, NO_VERDICT)
        out.print()
        for picture in mine:
            _print_one(out, picture)
    _say(out, STANDING, "dim")


def _print_one(out: Console, picture: Picture) -> None:
    one = picture.complication
    _say(out, one.title, "bold")
    about = " ".join(words for words in (one.association and f"With CRS: {one.association}", one.traits, *one.remarks) if words)
    _say(out, f"  {printed(about)} [{'; '.join(one.cites)}]", "dim")
    _print_found(out, "For", picture.speaks_for)
    _print_found(out, "Against", picture.speaks_against)
    if picture.not_found:
        _say(out, f"  Looked for and not found: {printed('; '.join(s.says for s in picture.not_found))}.")
    inputs = list(dict.fromkeys(name for m in picture.missing for name in m.inputs))
    if inputs:
        _say(out, f"  Not told, and would help: {printed('; '.join(missing_words(inputs)))}.")
    out.print()


def _print_found(out: Console, side: str, found: Sequence[Found]) -> None:
    """The signs of one side; an observation is printed under the first sign that rests on it."""
    if not found:
        _say(out, f"  {side}: nothing on record.")
        return
    _say(out, f"  {side}:")
    shown: set[str] = set()
    for one in found:
        memory = ", from memory" if one.sign.mark is Mark.MEMORY else ""
        _say(out, f"    {capital(printed(one.sign.says))}{'' if one.now else ' (earlier)'} [{one.sign.cites}{memory}]")
        for words in dict.fromkeys(evidence(event) for event in one.evidence):
            if words not in shown:
                _say(out, f"      {words}", "dim")
                shown.add(words)
