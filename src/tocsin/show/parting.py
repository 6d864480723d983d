"""Where two guidelines part, on a terminal: over one course, or counted over a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.protocols.parting import ALLOWS, ASKS, DEPENDS_ON, NOT_ASKED, NOT_NOW
from tocsin.show.numbers import number
from tocsin.show.terminal import _say, _table
from tocsin.show.times import Clock, hours_words
from tocsin.show.wording import STANDING, briefly, concept_words, listed, named, plural, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols.parting import Count, First, Parting, Partings, Said

STANCES = {ASKS: "asks for it", ALLOWS: "allows it", NOT_NOW: "not now", NOT_ASKED: "does not ask for it", DEPENDS_ON: "cannot be told"}
MOST_CODES, MOST_INPUTS, MOST_EVIDENCE = 4, 5, 2
LONGEST = 240


def said_words(said: Said) -> str:
    """What one protocol says, in a line: "paper004 asks for it: dexamethasone 10 mg every 6 h [C3.2]"."""
    codes = ", ".join(said.rules[:MOST_CODES]) + (f" and {len(said.rules) - MOST_CODES} more" if len(said.rules) > MOST_CODES else "")
    doses = ", ".join(_dose(d) for d in said.doses) if said.stance in (ASKS, ALLOWS) else ""
    words = f"{said.protocol} {STANCES[said.stance]}" if said.stance != NOT_NOW else f"{said.protocol}: not now"
    return words + (f": {doses}" if doses else "") + (f" [{codes}]" if codes else "")


def _dose(text: str) -> str:
    drug, _, rest = text.partition(" ")
    return f"{concept_words(drug)} {rest}".strip()


def why_words(said: Said) -> str:
    """The criterion, clock or block, the observations, and the grade."""
    if said.stance == DEPENDS_ON:
        missing = briefly(said.missing)
        more = f" and {len(missing) - MOST_INPUTS} more" if len(missing) > MOST_INPUTS else ""
        parts = [f"not told: {listed(missing[:MOST_INPUTS])}{more}" if missing else "nothing is on record yet"]
    else:
        words = "; ".join(said.why)
        parts = [f"{words[:LONGEST].rsplit(' ', 1)[0]} ..." if len(words) > LONGEST else words] if words else []
        parts += [f"seen: {named('; '.join(said.evidence[-MOST_EVIDENCE:]))}"] if said.evidence and said.stance in (ASKS, ALLOWS) else []
    return printed(". ".join(p for p in (*parts, said.grade) if p))


def print_partings(out: Console, found: Partings, patient: str) -> None:
    """One course: where they part for certain, where one speaks and the other depends, and when each first asks."""
    clock = Clock.of(found.timeline.of(patient).events)
    a, b = found.a.protocol, found.b.protocol
    parts = found.of(patient)
    _say(out, f"Patient {patient}: {a.id} and {b.id}", "bold")
    for one in (a, b):
        _say(out, f"  {one.id}: {one.title}", "dim")
    sure = [p for p in parts if p.sure]
    half = [p for p in parts if not p.sure and DEPENDS_ON in (p.a.stance, p.b.stance) and p.a.stance != p.b.stance
            and {ASKS, ALLOWS} & {p.a.stance, p.b.stance}]
    out.print()
    _say(out, "They part" if sure else "They part nowhere for certain", "bold")
    _print_parts(out, sure, clock)
    if half:
        out.print()
        _say(out, "One speaks, the other depends on what is not told", "bold")
        _print_parts(out, half, clock)
    left = len(parts) - len(sure) - len(half)
    if left:
        names = list(dict.fromkeys(n for p in parts if p not in sure and p not in half for n in (*p.a.missing, *p.b.missing)))
        words = briefly(names)
        more = f" and {len(words) - MOST_INPUTS} more" if len(words) > MOST_INPUTS else ""
        _say(out, f"In {plural(left, 'more stretch', 'more stretches')} neither asks for certain, and what is not told decides: "
                  f"{listed(words[:MOST_INPUTS])}{more}. --json prints them.", "dim")
    out.print()
    _print_firsts(out, found.first(patient), a.id, b.id, clock)
    for one, codes in zip((a, b), found.left_out, strict=True):
        if codes:
            _say(out, f"Not compared, because the other has no counterpart: {one.id} {', '.join(codes)}.", "dim")
    _say(out, "Both are asked about the same record, with the treatments that were really given.", "dim")
    _say(out, STANDING, "dim")


def _print_parts(out: Console, parts: Sequence[Parting], clock: Clock) -> None:
    for p in parts:
        _say(out, f"{p.title}, {clock.span(p.start_hour, p.end_hour)}" + (": the doses differ" if p.by_dose else ""))
        for said in (p.a, p.b):
            _say(out, f"  {said_words(said)}", "bold" if said.stance == ASKS else "")
            reason = why_words(said)
            if reason:
                _say(out, f"    {reason}", "dim")


def _print_firsts(out: Console, firsts: Sequence[First], a: str, b: str, clock: Clock) -> None:
    from rich.text import Text

    if not firsts:
        _say(out, "Neither asks for any treatment.")
        return
    table = _table(out, "First asked for")
    for title in ("Treatment", a, b, "Which is earlier"):
        table.add_column(title, ratio=1)
    for f in firsts:
        cells = [_first(hour, perhaps, has, clock)
                 for hour, perhaps, has in ((f.a_hour, f.a_perhaps_hour, f.a_has_rule), (f.b_hour, f.b_perhaps_hour, f.b_has_rule))]
        between = f.hours_between
        earlier = "" if between is None else "same" if between == 0 else f"{a if between > 0 else b} by {hours_words(abs(between))}"
        table.add_row(*(Text(printed(c)) for c in (f.title, *cells, earlier)))
    out.print(table)


def _first(hour: float | None, perhaps: float | None, has_rule: bool, clock: Clock) -> str:
    if not has_rule:
        return "no rule"
    if hour is None:
        return "never" if perhaps is None else f"perhaps, from {clock.edge(perhaps)}"
    return clock.edge(hour) + (f", perhaps {clock.edge(perhaps)}" if perhaps is not None and perhaps < hour else "")


def print_counts(out: Console, counts: Sequence[Count], patients: int, a: str, b: str) -> None:
    """A cohort: how many patients would have been treated by both, by one alone or by neither."""
    table = _table(out, f"{plural(patients, 'patient')}: who would have been treated by {a} and {b}")
    table.add_column("Treatment", ratio=1, min_width=14)
    for title in ("Both", f"Only\n{a}", f"Only\n{b}", "Neither", "Not\ntold", "Earlier by"):
        table.add_column(title, justify="right", no_wrap=title != "Earlier by")
    for c in counts:
        if c.neither == patients:
            continue
        lone = "" if c.a_has_rule and c.b_has_rule else f" (no rule in {b if c.a_has_rule else a})"
        between = c.median_hours_between
        earlier = "" if between is None else "same" if between == 0 else f"{a if between > 0 else b} {number(abs(round(between, 1)))} h"
        table.add_row(f"{c.title}{lone}", str(c.both), str(c.only_a), str(c.only_b), str(c.neither), str(c.open), earlier)
    out.print(table)
    _say(out, "Asked for at some time, for certain. Not told: at least one of the two depends on what is not told. Earlier by: the median, of "
              "those treated by both.", "dim")
    _say(out, STANDING, "dim")
