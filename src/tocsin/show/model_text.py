"""The mechanistic model on a terminal: its equations by block, its parameters with their provenance, the check of its units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cite import REFERENCES
from tocsin.model.expression import write
from tocsin.model.load import OWN_SOURCES, LoadedModel
from tocsin.model.reasons import reasons
from tocsin.model.system import Parameter
from tocsin.model.units import Finding
from tocsin.show.terminal import _say, _table
from tocsin.show.wording import plural

if TYPE_CHECKING:
    from rich.console import Console

NOT_FOR_CARE = "Research model, not for clinical use: a number marked assumed or memory is not a measured one."
STATUS_WORDS = {"read": "read at the source", "transcribed": "in a faithful transcription", "fitted": "fitted to named targets", "assumed": "assumed",
                "memory": "from memory of the source", "definition": "a conversion", "chosen": "a patient's or user's own"}


def print_equations(out: Console, model: LoadedModel) -> None:
    """Every block of the model: what it does, its equations, and what each stands for, in which unit and from where."""
    system, text = model.system, model.text
    _say(out, f"{system.name}: {plural(len(system.states), 'state')}, {plural(len(system.parameters), 'parameter')}, "
              f"{plural(len(system.assigned), 'assigned quantity', 'assigned quantities')}; time in days", "bold")
    told = {q.name: q for q in (*system.states, *system.assigned)}
    for block in text.blocks:
        if not block.statements:
            continue
        out.print()
        _say(out, block.title, "bold")
        for sentence in block.says:
            _say(out, f"  {sentence}", "dim")
        for kind, name in block.statements:
            if kind == "start":
                continue
            line = (text.assigned if kind == "assigned" else text.rates)[name]
            out.print()
            _say(out, f"  {name}{chr(39) if kind == 'rate' else ''} = {write(line.tree)}")
            quantity = told[name]
            unit = "" if quantity.unit == "1" else f" ({quantity.unit})"
            _say(out, f"      {quantity.meaning}{unit}{_cited(quantity.source)}", "dim")
            if kind == "rate":
                _say(out, f"      at the start: {write(text.starts[name].tree)}", "dim")
            if name in reasons():
                _say(out, f"      why: {reasons()[name].why}{_cited(reasons()[name].source)}", "dim")
    out.print()
    print_references(out, model)
    _say(out, NOT_FOR_CARE, "dim")


def _cited(source: str) -> str:
    return f" [{source}]" if source not in OWN_SOURCES else ""


def print_references(out: Console, model: LoadedModel) -> None:
    """The references that the model cites."""
    system = model.system
    keys = {k.strip() for q in (*system.parameters, *system.states, *system.assigned) for k in q.source.split(",")} - set(OWN_SOURCES)
    _say(out, "References", "bold")
    for key in sorted(keys):
        _say(out, f"  {key}: {model.references.get(key) or REFERENCES[key].text}", "dim")
    out.print()


def print_parameters(out: Console, parameters: Sequence[Parameter]) -> None:
    """The table of parameters: value, variability between patients, source and status; and how many there are of each status."""
    table = _table(out, "Parameters")
    for heading in ("Parameter", "Value (CV between patients)", "Status and source", "Meaning"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "Parameter")
    for p in parameters:
        unit = "" if p.unit == "1" else p.unit.removeprefix("1") if p.unit.startswith("1/") else f" {p.unit}"
        varies = f" ({p.cv:.0%})" if p.cv else ""
        table.add_row(p.name, f"{p.value:g}{unit}{varies}", p.status if p.source in OWN_SOURCES else f"{p.status}: {p.source}", p.meaning)
    out.print(table)
    counts = Counter(p.status for p in parameters)
    _say(out, "; ".join(f"{counts[s]} {words}" for s, words in STATUS_WORDS.items() if counts[s]), "bold")
    _say(out, NOT_FOR_CARE, "dim")


def print_units(out: Console, findings: Sequence[Finding], equations: int) -> None:
    """What the check of units found."""
    if not findings:
        _say(out, f"Units: {plural(equations, 'equation')} checked; each keeps its units.")
    for finding in findings:
        _say(out, finding.sentence, "red")
