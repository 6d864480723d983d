"""What a scale, protocol, rule or concept says, and summaries of many patients, on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tocsin.cite import Mark, how_sure, reference
from tocsin.show.local import print_changes
from tocsin.show.terminal import MARK_WORDS, _say, _table
from tocsin.show.wording import EXAMINATION, STANDING, advice_dose, briefly, listed, missing_words, printed, setting_words, status_words

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from tocsin.protocols import Advice, Protocol, Rule
    from tocsin.scales import Scale
    from tocsin.vocabulary import Concept

ORDER = ("due", "blocked", "depends", "not_due")
MOST_VALUES = 20
"""So many of the highest values of patients are printed one by one."""
HEADINGS = {"due": "Due", "blocked": "Asked for, but not allowed now", "depends": "Depends on what is not told", "not_due": "Not due"}


def console(to_stderr: bool = False) -> Console:
    """A console as wide as the window, at most 120 columns; plain when it is not a terminal."""
    from rich.console import Console

    out = Console(stderr=to_stderr, highlight=False, soft_wrap=False)
    if out.width > 120:
        out.width = 120
    return out


@contextmanager
def working(what: str, show: bool) -> Iterator[None]:
    """A sign on standard error that long work is going on."""
    if not show:
        yield
        return
    with console(to_stderr=True).status(what):
        yield


def print_advice(out: Console, advice: Sequence[Advice], everything: bool = False) -> None:
    """The advice at one moment, grouped by status; what is not due only when ``everything``."""
    for patient in dict.fromkeys(a.patient for a in advice):
        mine = [a for a in advice if a.patient == patient]
        _say(out, f"Patient {patient} at hour {mine[0].hour:g} (day {mine[0].hour / 24:.1f}), protocol {mine[0].protocol}", "bold")
        for graded in dict.fromkeys(a.grade for a in mine if a.grade):
            _say(out, f"  {printed(graded)}", "dim")
        for status in ORDER:
            chosen = [a for a in mine if a.status == status]
            if not chosen or (status == "not_due" and not everything):
                continue
            out.print()
            _say(out, HEADINGS[status], "bold")
            if status == "depends":
                _print_open(out, chosen)
                continue
            for some in _alike(chosen):
                _print_recommendation(out, status, some)
        if not any(a.status != "not_due" for a in mine):
            _say(out, "  Nothing is due at this moment.")
        out.print()
    _say(out, STANDING, "dim")


def _alike(advice: Sequence[Advice]) -> list[list[Advice]]:
    """What several rules ask for alike, together."""
    together: dict[tuple[object, ...], list[Advice]] = {}
    for a in advice:
        together.setdefault((a.action, a.dose, a.formula, a.route, a.blocked_by), []).append(a)
    return list(together.values())


def _print_open(out: Console, advice: Sequence[Advice]) -> None:
    """The recommendations that depend on something, together where they depend on the same; short first."""
    together: dict[tuple[str, ...], list[Advice]] = {}
    for a in advice:
        together.setdefault(tuple(sorted(_missing_words(a.depends_on))), []).append(a)
    for missing in sorted(together, key=lambda m: (len(m), m)):
        _say(out, f"  Not told: {'; '.join(missing)}")
        for some in _alike(together[missing]):
            codes = ", ".join(a.rule.split("/")[1] for a in some)
            _say(out, f"      {codes}  {some[0].action}" + ("  [experimental]" if some[0].experimental else ""), "dim")


def _missing_words(names: Sequence[str]) -> list[str]:
    """The missing inputs in words; many of neurology are one examination."""
    return [f"{EXAMINATION} (tocsin ask names each part)" if n == EXAMINATION else n for n in briefly(names)]


def _print_recommendation(out: Console, status: str, some: Sequence[Advice]) -> None:
    """One recommendation: its rules, action and dose, what blocks it or is missing, why it holds, and the source."""
    first = some[0]
    dose = advice_dose(first.dose, first.unit, first.formula, first.route)
    codes = ", ".join(a.rule.split("/")[1] for a in some)
    _say(out, f"  {codes}  {first.action}" + (f": {dose}" if dose else "") + ("  [experimental]" if first.experimental else ""))
    missing = list(dict.fromkeys(n for a in some for n in a.depends_on))
    if status == "blocked":
        _say(out, f"      {status_words(status, first.blocked_by, ())}", "dim")
    if missing:
        _say(out, f"      not told: {listed(missing_words(missing))}", "dim")
    conditions = "; or ".join(dict.fromkeys(printed(a.condition) for a in some))
    _say(out, f"      {'When' if status == 'not_due' else 'Because'}: {conditions}. [{'; '.join(dict.fromkeys(c for a in some for c in a.cites))}]", "dim")
    seen = list(dict.fromkeys(o for a in some for o in a.observations))
    if seen:
        _say(out, f"      Rests on: {printed('; '.join(seen))}.", "dim")
    for remark in dict.fromkeys(r for a in some for r in a.remarks):
        _say(out, f"      {printed(remark)}", "dim")


def print_summary(out: Console, scale: Scale, frame: pl.DataFrame) -> None:
    """How many patients reach which grade, points or value at most, from the steps of many patients by one scale."""
    import polars as pl

    highest = frame.group_by("patient").agg(pl.col("at_least").max(), pl.col("at_most").max())
    print_highest(out, scale, Counter(zip(highest["at_least"].to_list(), highest["at_most"].to_list(), strict=True)))
    _say(out, f"{len(highest)} patients, {len(frame)} steps. For every step with its reasons: --json or --out FILE.")


def print_highest(out: Console, scale: Scale, counts: Mapping[tuple[float, float], int]) -> None:
    """How many patients reach which (at least, at most) grade or value; of many different ones the highest, the others together."""
    from tocsin.show.measured import value_range

    what = "grade" if scale.unit in ("", "grade") else "value"
    table = _table(out, f"{scale.title}: highest {what} of each patient")
    table.add_column(f"Highest {what}")
    table.add_column("Patients", justify="right")
    rows = sorted(counts.items())
    unknown = [row for row in rows if value_range(*row[0], scale.unit) == "not known"]
    known = [row for row in rows if row not in unknown]
    lower = known[:-MOST_VALUES] if len(known) > MOST_VALUES + 1 else []
    if unknown:
        table.add_row("not known", f"{sum(many for _, many in unknown):,}")
    if lower:
        table.add_row(f"lower, {len(lower):,} different values", f"{sum(many for _, many in lower):,}")
    for (low, high), many in known[len(lower):]:
        table.add_row(value_range(low, high, scale.unit), f"{many:,}")
    out.print(table)


def print_scale_list(out: Console, scales: Sequence[Scale], search: str) -> None:
    """The scales by syndrome, a line each; the many laboratory terms of CTCAE only when they are asked for."""
    groups: dict[str, list[Scale]] = {}
    terms = [s for s in scales if s.id.startswith("ctcae") and s.syndrome not in ("CRS", "neurotoxicity")]
    for one in scales:
        if one not in terms:
            groups.setdefault(one.syndrome, []).append(one)
    for syndrome, members in groups.items():
        table = _table(out, syndrome)
        table.add_column("Scale", no_wrap=True)
        table.add_column("What it is", ratio=1)
        table.add_column("Kind", no_wrap=True)
        for one in members:
            table.add_row(one.id, printed(one.title), str(one.kind))
        out.print(table)
    if terms and search:
        table = _table(out, "Laboratory terms of CTCAE")
        table.add_column("Scale")
        for one in terms:
            table.add_row(one.id)
        out.print(table)
    elif terms:
        _say(out, f"and {len(terms)} laboratory terms of CTCAE v5.0 and v4.03 (tocsin scales ctcae)")
    _say(out, "tocsin explain SCALE prints its criteria with their sources.", "dim")


def print_scale(out: Console, scale: Scale) -> None:
    """One scale with its criteria, settings and notes."""
    from tocsin.show.terminal import print_scales

    print_scales(out, [scale])
    for note in scale.notes:
        _say(out, f"  {printed(note)}")
    _cited(out, scale.cites)
    used = dict.fromkeys(c.mark for c in scale.criteria)
    _say(out, "From: " + "; ".join(f"{MARK_WORDS[m]}: {m.sentence}" for m in used) + ".")
    _say(out, STANDING, "dim")


def print_protocol(out: Console, protocol: Protocol) -> None:
    """One protocol with its rules, settings, corrections and notes."""
    _say(out, f"{protocol.id}  {protocol.title}", "bold")
    print_changes(out, protocol)
    table = _table(out, "")
    table.add_column("Rule", no_wrap=True)
    table.add_column("Action", ratio=2)
    table.add_column("When", ratio=3)
    for rule in protocol.rules:
        table.add_row(rule.code, printed(rule.action), printed(rule.english()))
    out.print(table)
    for setting in protocol.setting_docs:
        _say(out, f"  {setting.name} = {setting_words(protocol.settings[setting.name], setting.unit)}: {printed(setting.what)}")
    for heading, lines in (("Errors of the paper, and how they are read", protocol.corrections), ("Notes", protocol.notes)):
        if lines:
            _say(out, heading, "bold")
        for line in lines:
            _say(out, f"  {printed(line)}")
    _cited(out, protocol.cites)


def print_rule(out: Console, protocol: Protocol, rule: Rule) -> None:
    """One rule: when, what, how much, what blocks it, its source cell and our reading."""
    _say(out, protocol.code(rule), "bold")
    _say(out, printed(rule.action) + (" (experimental)" if rule.experimental else ""))
    _say(out, f"When: {printed(rule.english())}")
    if rule.dose is not None:
        _say(out, f"Dose: {rule.dose.for_weight(None)[1]}" + (f", {rule.route}" if rule.route else ""))
    for block in rule.blocked_by:
        _say(out, f"Not while: {block.says}  [{block.code}; {block.cites}; {how_sure(block.mark, block.cites)}]")
    _say(out, f"The source says: {printed(rule.source_text)}")
    if rule.reading:
        _say(out, f"Our reading: {printed(rule.reading)}")
    source = reference(rule.cites)
    _say(out, f"Source: {source.text} [{rule.cites}]")
    _say(out, f"How sure: {how_sure(rule.mark, rule.cites)}.")
    for change in protocol.local_to(rule):
        _say(out, printed(change.sentence()), "yellow" if change.warnings else "")
    _say(out, STANDING, "dim")


def print_concept(out: Console, concept: Concept) -> None:
    """One concept: unit, limits, carry-forward, values, spellings and codes."""
    _say(out, f"{concept.name}  {concept.title}", "bold")
    rows: list[tuple[str, str]] = [
        ("Kind", f"{concept.kind} ({concept.domain})"), ("Unit", concept.unit or ""),
        ("Also accepted", ", ".join(u for u in concept.units if u != concept.unit)),
        ("Values", ", ".join(concept.values)),
        ("Possible", f"{concept.possible[0]:g} to {concept.possible[1]:g}" if concept.possible else ""),
        ("Plausible", f"{concept.plausible[0]:g} to {concept.plausible[1]:g}" if concept.plausible else ""),
        ("Stays valid", f"{concept.carry_forward_hours:g} h" if concept.carry_forward_hours else "only at its moment"),
        ("Spellings", ", ".join(concept.aliases)), ("LOINC", ", ".join(concept.loinc)), ("RxNorm", ", ".join(concept.rxnorm)),
        ("SNOMED CT", ", ".join(concept.snomed)), ("OMOP", ", ".join(str(c) for c in concept.omop)),
        ("Codes", Mark(concept.code_mark).sentence if concept.code_mark in tuple(Mark) else ""), ("Note", concept.note),
    ]
    for name, value in rows:
        if value:
            _say(out, f"  {name}: {value}")


def _cited(out: Console, cites: Iterable[str]) -> None:
    from tocsin.cite import bibliography

    for source in bibliography(cites):
        _say(out, f"  [{source.key}] {source.text} {source.link}".rstrip(), "dim")
