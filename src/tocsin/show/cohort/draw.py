"""Every figure of a cohort's report: drawn, and written as SVG, PNG and PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.cohort.parts import Boxes, Courses, Curves, FigurePart, Flow, Forest, Incidences, Shares, Swimmer
from tocsin.show import palette
from tocsin.show.cohort.boxes import draw_boxes
from tocsin.show.cohort.courses import draw_courses
from tocsin.show.cohort.curves import draw_curves
from tocsin.show.cohort.flow import draw_flow
from tocsin.show.cohort.forest import draw_forest
from tocsin.show.cohort.incidences import draw_incidences
from tocsin.show.cohort.shares import draw_shares
from tocsin.show.cohort.sheet import clean
from tocsin.show.cohort.swimmer import draw_swimmer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KINDS = ("svg", "png", "pdf")

SYNTHETIC = "SYNTHETIC PATIENTS"
DRAWERS: dict[type, Callable[[Any, Sequence[str]], Figure]] = {
    Flow: draw_flow, Shares: draw_shares, Curves: draw_curves, Incidences: draw_incidences, Swimmer: draw_swimmer, Forest: draw_forest,
    Boxes: draw_boxes, Courses: draw_courses,
}


def draw(part: FigurePart, arms: Sequence[str]) -> Figure:
    """The figure of a part, 85 or 180 mm wide.  ``arms`` are all arms of the study in their order: an arm has one colour in all figures."""
    from matplotlib import rc_context

    with rc_context(palette.STYLE):
        return DRAWERS[type(part.drawing)](part.drawing, tuple(arms))


def save_figure(part: FigurePart, arms: Sequence[str], folder: Path, synthetic: bool = False) -> list[Path]:
    """Write ID.svg (text stays text), ID.png (300 dots an inch) and ID.pdf (fonts embedded) into ``folder``; the same part gives the same bytes.

    A figure of ``synthetic`` patients says so across the sheet.
    """
    from matplotlib import rc_context

    figure = draw(part, arms)
    if synthetic:
        _mark_synthetic(figure)
    title = clean(part.title)
    metadata: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": "Tocsin", "Title": title},
        "pdf": {"CreationDate": None, "Creator": "Tocsin", "Producer": None, "Title": title},
        "png": {"Software": "Tocsin", "Title": title},
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with rc_context(palette.STYLE):
        for kind in KINDS:
            out = folder / f"{part.id}.{kind}"
            figure.savefig(out, format=kind, metadata=metadata[kind])
            written.append(out)
    figure.clear()
    return written


def _mark_synthetic(figure: Figure) -> None:
    """Pale words across the sheet, so that a figure copied out of its report still says what it shows."""
    width = figure.get_figwidth() * 25.4
    figure.text(0.5, 0.5, SYNTHETIC, rotation=20, ha="center", va="center", fontsize=width / 7, color=palette.QUIET, alpha=0.13, zorder=50)
