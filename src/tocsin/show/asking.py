"""What would settle a grade, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.scales import Kind
from tocsin.show.measured import value_range
from tocsin.show.terminal import GRADE_STYLES, _safe, _say, _table
from tocsin.show.times import exact
from tocsin.show.wording import STANDING, because_words, capital, concept_words, grade_range, joined, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.grading.value import Inquiry, Need

NAMES = {"bilirubin_total": "total bilirubin", "capd_score": "CAPD score", "vasopressor": "vasopressors running at once"}
"""Inputs whose title does not serve in a sentence."""


def input_words(name: str) -> str:
    """An input in words: "ICE score", "age", "baseline of creatinine"."""
    return NAMES.get(name) or concept_words(name)


def print_inquiry(console: Console, found: Inquiry) -> None:
    """The grade of one patient at one moment, and what each missing input would make of it."""
    scale = found.scale
    unit = scale.unit
    _say(console, f"Patient {found.patient}, {exact(found.hour)}: {scale.title}", "bold")
    carrying = {scale.code(c) for c in scale.criteria if c.grade == found.at_least or scale.kind is not Kind.CRITERIA}
    reasons = joined(because_words(scale, [code for code in found.because if code in carrying]))
    value = f"Grade {_range(found.at_least, found.at_most)}" if unit == "grade" else capital(value_range(found.at_least, found.at_most, unit))
    _say(console, value + (f": {reasons}" if reasons else ""))
    if found.settled:
        _say(console, "Nothing is missing: the answer is one number.")
        _say(console, STANDING, "dim")
        return
    for name in found.hidden_by:
        _say(console, f"Hidden by {input_words(name)}: while it lasts, no finding settles the rest.")
    telling = [n for n in found.needs if len(n.outcomes) > 1 or (n.settles and n.outcomes)]
    silent = [n for n in found.needs if n not in telling and n.outcomes]
    bare = [n for n in found.needs if not n.outcomes]
    if telling:
        _print_needs(console, telling, unit)
    if silent:
        _say(console, f"Of no use alone: {', '.join(input_words(n.input) for n in silent)}.")
    if bare:
        _say(console, f"Not told: {', '.join(input_words(n.input) for n in bare)}.")
    _say(console, verdict(found))
    _say(console, STANDING, "dim")


def verdict(found: Inquiry) -> str:
    """Which input settles the grade, in a sentence."""
    alone = [input_words(n.input) for n in found.needs if n.settles]
    if alone:
        return f"{capital(joined(alone, 'or'))} alone would settle it, whatever is found."
    if found.together:
        return f"No single input settles it; these {len(found.together)} together do: {joined(input_words(n) for n in found.together)}."
    if not found.needs:
        return "No input settles it now." if found.hidden_by else "Nothing that could be charted now settles it: it depends on the past or on time."
    return "No single input settles it."


def _print_needs(console: Console, needs: list[Need], unit: str) -> None:
    from rich.text import Text

    table = _table(console, "What would settle it")
    table.add_column("Input", ratio=2, min_width=12)
    table.add_column("If it is", ratio=4)
    table.add_column(capital(unit), no_wrap=True)
    for need in needs:
        for number, o in enumerate(need.outcomes):
            name = capital(input_words(need.input)) + (" (settles it)" if need.settles else "")
            style = GRADE_STYLES.get(int(o.at_least), "") if o.at_least == o.at_most else ""
            table.add_row(
                Text(_safe(console, name) if not number else ""), Text(_safe(console, printed(o.found))), Text(_range(o.at_least, o.at_most), style))
    console.print(table)


def _range(at_least: float, at_most: float) -> str:
    if at_most == float("inf"):
        return f"{at_least:g} or more"
    whole = at_least == int(at_least) and at_most == int(at_most)
    return grade_range(int(at_least), int(at_most)) if whole else f"{at_least:.4g}" + (f" to {at_most:.4g}" if at_most != at_least else "")
