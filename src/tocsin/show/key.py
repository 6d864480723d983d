"""The key under the figure: what the colours, hatches and marks mean.  Only what the figure uses is explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tocsin.show import palette
from tocsin.show.panels import FEVER_CELSIUS, Panel
from tocsin.show.rows import Section
from tocsin.show.steps import Course
from tocsin.show.values import Units, measured
from tocsin.show.wording import STANDING
from tocsin.vocabulary import CONCEPTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KEY_HEIGHT = 17.5
LINE = 3.7


def draw_key(
    figure: Figure, top: float, height: float, shown: Sequence[Course], panels: Sequence[Panel], sections: Sequence[Section],
    units: Units,
) -> None:
    """Draw the key from ``top`` millimetres down a page of ``height``."""
    page = _Key(figure, height, top + 2.5)
    steps = [s for c in shown for s in c.steps]
    if shown:
        page.heading("Grade")
        for grade in range(5):
            page.entry("0 (none)" if grade == 0 else str(grade), page.patch(facecolor=palette.GRADE_COLOURS[grade], linewidth=0))
        if any(s.at_most > s.at_least for s in steps):
            hatched = page.patch(facecolor="white", edgecolor=palette.HATCH_COLOUR, hatch=palette.HATCH, linewidth=0)
            page.entry("possible, not settled by the record", hatched)
        page.entry("grade stated in the record", page.mark("D", "white", palette.REPORTED, 4.4, 1.1))
        page.line()
    _marks(page, panels, sections, units)
    page.words(STANDING, quiet=True)


def _marks(page: _Key, panels: Sequence[Panel], sections: Sequence[Section], units: Units) -> None:
    points = [p for panel in panels for s in panel.series for p in s.points]
    marks = [m for s in sections for r in s.rows for m in r.marks]
    grey = palette.QUIET
    if not points and not marks:
        return
    page.heading("Marks")
    if any(p.last > p.first for p in points) or any(m.point and m.last > m.first for m in marks):
        page.entry("time known to the day or window only", page.dash(marker="o"))
    if any(p.censored > 0 for p in points):
        page.entry("above the value", page.mark("^", grey, grey, 4.0))
    if any(p.censored < 0 for p in points):
        page.entry("below the value", page.mark("v", grey, grey, 4.0))
    for name, colour in palette.OXYGEN_COLOURS.items():
        if any(m.colour == colour and m.shape == "bar" for m in marks):
            page.entry(name, page.patch(facecolor=colour, linewidth=0))
    if any(m.window is not None for m in marks):
        page.entry("may have begun", page.patch(facecolor="none", edgecolor=grey, linewidth=0.7, linestyle=(0, (3, 2))))
    if any(p.hollow for p in points) or any(m.hollow for m in marks):
        page.entry("hollow: put down to another cause than CRS", page.mark("D", "white", grey, 3.4, 0.8))
    if any(m.shape == "absent" for m in marks):
        page.entry("told as absent", page.dash(linestyle=(0, (1, 1.5))))
    if any(m.shape == "due" for m in marks):
        page.entry("due by the guideline", page.mark("v", "none", palette.INK, 5.0, 0.9))
    if any(p.title == "Temperature" for p in panels):
        page.entry(measured(CONCEPTS["temperature"], FEVER_CELSIUS, 0, units), page.dash(linestyle=(0, (4, 3))))
    page.line()


class _Key:
    """Entries from left to right, going to a new line where the page ends."""

    def __init__(self, figure: Figure, height: float, top: float) -> None:
        self.figure, self.height, self.y, self.x = figure, height, top, 3.0
        self.renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]

    def line(self) -> None:
        """Begin a new line."""
        self.y += LINE
        self.x = 3.0

    def words(self, text: str, bold: bool = False, quiet: bool = False) -> float:
        """Write a text at the current place; gives its width in millimetres."""
        label = self.figure.text(
            self.x / palette.WIDTH, 1 - self.y / self.height, text, fontsize=palette.SMALL,
            fontweight="bold" if bold else "normal", va="center_baseline", color=palette.QUIET if quiet else palette.INK,
        )
        return float(label.get_window_extent(self.renderer).width) / self.figure.dpi * 25.4

    def heading(self, text: str) -> None:
        """The name of a line of the key."""
        self.words(text, bold=True)
        self.x = 16.0

    def entry(self, text: str, sign: tuple[float, Callable[[float, float], None]]) -> None:
        """A sign with its meaning."""
        wide, draw = sign
        before = self.x
        self.x += wide
        width = self.words(text)
        if self.x + width > palette.WIDTH - 2:
            self.figure.texts[-1].remove()
            self.line()
            before, self.x = 16.0, 16.0 + wide
            width = self.words(text)
        draw(before, 1 - (self.y - 0.15) / self.height)
        self.x += width + 3.6

    def patch(self, **style: Any) -> tuple[float, Callable[[float, float], None]]:
        """A rectangle."""
        from matplotlib.patches import Rectangle

        def draw(x: float, y: float) -> None:
            self.figure.add_artist(Rectangle(
                (x / palette.WIDTH, y - 1.3 / self.height), 4.0 / palette.WIDTH, 2.5 / self.height,
                transform=self.figure.transFigure, **style,
            ))

        return 5.0, draw

    def mark(
        self, shape: str, face: str, edge: str, size: float, width: float = 0.8
    ) -> tuple[float, Callable[[float, float], None]]:
        """A marker."""
        from matplotlib.lines import Line2D

        def draw(x: float, y: float) -> None:
            self.figure.add_artist(Line2D(
                [(x + 1.0) / palette.WIDTH], [y], linestyle="none", marker=shape, markerfacecolor=face, markeredgecolor=edge,
                markersize=size, markeredgewidth=width,
            ))

        return 2.8, draw

    def dash(self, linestyle: Any = "-", marker: str = "") -> tuple[float, Callable[[float, float], None]]:
        """A short line, with a marker in its middle."""
        from matplotlib.lines import Line2D

        def draw(x: float, y: float) -> None:
            xs = [x / palette.WIDTH, (x + 2.3) / palette.WIDTH, (x + 4.6) / palette.WIDTH]
            self.figure.add_artist(Line2D(
                xs, [y] * 3, color=palette.QUIET, linewidth=0.8, linestyle=linestyle, marker=marker or None, markersize=3.0,
                markevery=[1],
            ))

        return 5.4, draw
