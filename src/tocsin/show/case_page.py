"""The report of a case told by the model: one page with the figure, each statement met or not, the grades of both records, what was moved and assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.cite import Reference
from tocsin.show.case_figure import Drawing, draw_case
from tocsin.show.figure import _rendered, save
from tocsin.show.html_report import _environment
from tocsin.show.inline import element
from tocsin.show.wording import STANDING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

PAGE, PICTURE = "case.html", "case"


@dataclass(frozen=True, slots=True)
class FactRow:
    """One statement: when, what it is about, what the paper says and what the model does, in words, and, where it is missed, why."""

    when: str
    quantity: str
    says: str
    stated: str
    model: str
    met: bool
    why: str
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One parameter that moved: value and median in words, distance in standard deviations."""

    name: str
    meaning: str
    value: str
    median: str
    distance: float
    reason: str


@dataclass(frozen=True, slots=True)
class GradeRow:
    """The highest grade of one day in each column: what is certain and what is possible; None where the record does not reach."""

    day: int
    cells: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True)
class CaseSheet:
    """Everything that the page says."""

    id: str
    title: str
    lead: str
    notice: str
    told: Sequence[tuple[str, str, str, str]]
    doses: Sequence[tuple[str, str, str]]
    facts: Sequence[FactRow]
    moves: Sequence[MoveRow]
    columns: Sequence[str]
    grades: Sequence[GradeRow]
    silent: Sequence[str]
    assumed: Sequence[tuple[str, str, str]]
    references: Sequence[Reference]
    manifest: Sequence[tuple[str, str]]
    caption: str
    objective: str
    stale: str = ""
    files: Sequence[str] = field(default_factory=tuple)

    @property
    def missed(self) -> list[FactRow]:
        """The statements that the model does not meet."""
        return [f for f in self.facts if not f.met]


def page(sheet: CaseSheet, figure: Figure) -> str:
    """The page as HTML."""
    drawn = element(_rendered(figure, "svg", links=False).decode("utf-8"), f"Case {sheet.id}", sheet.caption)
    return _environment().get_template("case.html.j2").render(m=sheet, figure=drawn, standing=STANDING)


def write(sheet: CaseSheet, drawing: Drawing, folder: Path) -> tuple[Path, ...]:
    """Write the page and its figure (SVG, PNG) into a folder; the page first."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = draw_case(drawing)
    made = folder / PAGE
    made.write_text(page(sheet, figure), encoding="utf-8")
    return (made, *(save(figure, folder / f"{PICTURE}.{kind}") for kind in ("svg", "png")))


def print_case(out: Console, sheet: CaseSheet, files: Sequence[Path]) -> None:
    """The statements, met or not, on a terminal."""
    from tocsin.show.terminal import _say, _table

    out.rule(f"Case {sheet.id}, by the model")
    _say(out, sheet.title, "bold")
    _say(out, sheet.lead)
    if sheet.stale:
        _say(out, sheet.stale, "bold")
    out.print()
    table = _table(out, "What the paper states, and the model")
    for name in ("Day", "Statement", "Stated", "Model", ""):
        table.add_column(name)
    for f in sheet.facts:
        table.add_row(f.when, f.says, f.stated, f.model, "met" if f.met else "missed")
    out.print(table)
    for f in sheet.missed:
        _say(out, f"  Missed, {f.when}, {f.says}: {f.why}")
    out.print()
    if files:
        _say(out, f"Written: {', '.join(str(f) for f in files)}")
    else:
        _say(out, "With --out DIR: the report with its figure, the virtual record and its trajectories.", "dim")
    _say(out, sheet.notice, "bold")


def as_data(sheet: CaseSheet) -> dict[str, Any]:
    """The statements as data, for the record of a run."""
    rows: list[Mapping[str, Any]] = [
        {"when": f.when, "quantity": f.quantity, "says": f.says, "stated": f.stated, "model": f.model, "met": f.met, "why": f.why, "status": f.status,
         "source": f.source} for f in sheet.facts]
    return {"case": sheet.id, "statements": rows, "objective": sheet.objective,
            "fitted": [{"name": m.name, "value": m.value, "median": m.median, "standard_deviations": round(m.distance, 3)} for m in sheet.moves]}
