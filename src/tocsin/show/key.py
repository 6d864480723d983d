"""The key under the figure: what the colours, hatches and marks mean.  Only what the figure uses is explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show import palette
from tocsin.show.bars import Section
from tocsin.show.panels import Panel
from tocsin.show.steps import Course
from tocsin.show.wording import STANDING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEY_HEIGHT = 14.0
LINE = 3.9


def draw_key(
    figure: Figure, top: float, height: float, shown: Sequence[Course], panels: Sequence[Panel], sections: Sequence[Section]
) -> None:
    """Draw the key from ``top`` millimetres down a page of ``height``."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    page = _Key(figure, height, top + 3.0)
    steps = [s for c in shown for s in c.steps]
    if shown:
        page.words("Grade", bold=True)
        for grade in range(5):
            page.patch(Rectangle, facecolor=palette.GRADE_COLOURS[grade], linewidth=0)
            page.words(f"{grade}" if grade else "0 (none)")
        if any(s.at_most > s.at_least for s in steps):
            page.patch(Rectangle, facecolor="white", edgecolor=palette.HATCH_COLOUR, hatch=palette.HATCH, linewidth=0)
            page.words("possible: not settled by what is told")
        page.mark(Line2D, marker="D", markerfacecolor="white", markeredgecolor=palette.REPORTED, markeredgewidth=1.1, markersize=4.4)
        page.words("grade stated in the record")
        page.line()
    points = [p for panel in panels for s in panel.series for p in s.points]
    marks = [m for s in sections for r in s.rows for m in r.marks]
    page.words("Marks", bold=True)
    if any(p.last > p.first for p in points) or any(m.point and m.last > m.first for m in marks):
        page.dash(Line2D)
        page.mark(Line2D, marker="o", markerfacecolor=palette.QUIET, markeredgecolor=palette.QUIET, markersize=3.1, back=3.4)
        page.words("known to the day or window only")
    if any(p.censored > 0 for p in points):
        page.mark(Line2D, marker="^", markerfacecolor=palette.QUIET, markeredgecolor=palette.QUIET, markersize=4.2)
        page.words("above")
    if any(p.censored < 0 for p in points):
        page.mark(Line2D, marker="v", markerfacecolor=palette.QUIET, markeredgecolor=palette.QUIET, markersize=4.2)
        page.words("below the limit of the assay")
    if any(p.hollow for p in points) or any(m.hollow for m in marks):
        page.mark(Line2D, marker="o", markerfacecolor="white", markeredgecolor=palette.QUIET, markersize=3.4)
        page.words("hollow: put down to another cause than CRS")
    if any(m.window is not None for m in marks):
        page.patch(Rectangle, facecolor="none", edgecolor=palette.QUIET, linewidth=0.7, linestyle=(0, (3, 2)))
        page.words("may have begun")
    if any(m.absent for m in marks):
        page.mark(Line2D, marker="x", markeredgecolor=palette.QUIET, markersize=3.4)
        page.words("absent")
    if any(m.due for m in marks):
        page.mark(Line2D, marker="v", markerfacecolor="none", markeredgecolor=palette.INK, markeredgewidth=0.9, markersize=4.8)
        page.words("due by the guideline")
    if any(s.title == "Temperature" for s in panels):
        page.dash(Line2D, dashed=True)
        page.words("38.0 °C")
    page.line()
    page.words(STANDING, quiet=True)


class _Key:
    """Entries from left to right, going to a new line where the page ends."""

    def __init__(self, figure: Figure, height: float, top: float) -> None:
        self.figure, self.height, self.y, self.x = figure, height, top, 3.0
        self.renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]

    def line(self) -> None:
        self.y += LINE
        self.x = 3.0

    def _at(self, x: float) -> tuple[float, float]:
        return x / palette.WIDTH, 1 - self.y / self.height

    def words(self, text: str, bold: bool = False, quiet: bool = False) -> None:
        x, y = self._at(self.x)
        label = self.figure.text(
            x, y, text, fontsize=palette.SMALL, fontweight="bold" if bold else "normal", va="center_baseline",
            color=palette.QUIET if quiet else palette.INK,
        )
        width = label.get_window_extent(self.renderer).width / self.figure.dpi * 25.4
        self.x += width + (2.4 if bold else 3.4)

    def patch(self, kind: type, **style: object) -> None:
        x, y = self._at(self.x)
        self.figure.add_artist(kind(
            (x, y - 1.1 / self.height), 4.0 / palette.WIDTH, 2.6 / self.height, transform=self.figure.transFigure, **style,
        ))
        self.x += 5.0

    def mark(self, kind: type, back: float = 0.0, **style: object) -> None:
        x, y = self._at(self.x - back + 1.2)
        self.figure.add_artist(kind([x], [y + 0.25 / self.height], linestyle="none", color=palette.QUIET, **style))
        self.x += 3.2 if not back else 0.6

    def dash(self, kind: type, dashed: bool = False) -> None:
        x, y = self._at(self.x)
        end = x + 4.4 / palette.WIDTH
        self.figure.add_artist(kind(
            [x, end], [y + 0.25 / self.height] * 2, color=palette.QUIET, linewidth=0.7,
            linestyle=(0, (4, 3)) if dashed else "-",
        ))
        self.x += 4.4 + (0.9 if dashed else 0.0)
