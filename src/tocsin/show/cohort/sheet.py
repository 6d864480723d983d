"""A sheet of a journal, in millimetres from its top left corner, and how much room words need on it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tocsin.show import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Transform

MM_PER_INCH = 25.4
LINE_SPACING = 1.25
_INTERVAL = re.compile(r"\(\d+% CI [^()]*\)")
_POWER = re.compile(r"\b10\^(-?\d+)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MEASURED_AT = 600
"""Dots an inch at which words are measured, fine enough that hinting does not matter."""


def clean(text: str) -> str:
    """The text without characters that a file of SVG cannot hold; line breaks and tabs become spaces, and the power of 10^9 is raised."""
    text = _POWER.sub(lambda found: "10" + found[1].translate(_RAISED), text)
    return "".join(" " if c in "\n\r\t\v\f" else c for c in text if c in "\n\r\t\v\f" or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = palette.TEXT, bold: bool = False) -> float:
    """How wide one line of text is, in millimetres."""
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=palette.STYLE["font.family"], size=size, weight="bold" if bold else "normal")
    renderer: Any = RendererAgg(8, 8, MEASURED_AT)  # type: ignore[no-untyped-call]
    wide, _, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
    return float(wide) / MEASURED_AT * MM_PER_INCH


def line_height(size: float) -> float:
    """From one line of text to the next, in millimetres."""
    return size / 72 * MM_PER_INCH * LINE_SPACING


def wrapped(text: str, width: float, size: float = palette.TEXT, bold: bool = False) -> list[str]:
    """The text in lines no wider than ``width`` millimetres; "p = 0.41" and "(95% CI 0.5 to 2)" stay together, and a word that is wider alone is broken."""
    lines: list[str] = []
    line = ""
    glued = " ".join(clean(text).split()).replace(" = ", "\u00a0=\u00a0")
    glued = _INTERVAL.sub(lambda found: found[0].replace(" ", "\u00a0"), glued)
    for word in glued.split(" "):
        rest = word.replace("\u00a0", " ")
        if line and width_of(f"{line} {rest}", size, bold) <= width:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while width_of(rest, size, bold) > width and len(rest) > 1:
            fits = next((k for k in range(len(rest) - 1, 0, -1) if width_of(rest[:k], size, bold) <= width), 1)
            lines.append(rest[:fits])
            rest = rest[fits:]
        line = rest
    return [*lines, line] if line or not lines else lines


def widest(texts: Sequence[str], size: float = palette.TEXT, bold: bool = False) -> float:
    """The width of the widest of some texts, in millimetres; 0 of none."""
    return max((width_of(clean(t), size, bold) for t in texts), default=0.0)


class Sheet:
    """A figure of a given width and height in millimetres; all places are millimetres from the top left corner."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="white")
        FigureCanvasAgg(self.figure)
        self.mm: Transform = Affine2D().scale(1 / MM_PER_INCH, -1 / MM_PER_INCH).translate(0, height / MM_PER_INCH) + self.figure.dpi_scale_trans

    @property
    def renderer(self) -> Any:
        """What texts are measured with."""
        return self.figure.canvas.get_renderer()  # type: ignore[attr-defined]

    def axes(self, left: float, top: float, width: float, height: float, spines: str = "lb") -> Axes:
        """New axes with the spines named by their first letters (l, b, t, r)."""
        axes = self.figure.add_axes((left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height))
        axes.patch.set_visible(False)
        for side in ("left", "bottom", "top", "right"):
            axes.spines[side].set_visible(side[0] in spines)
        axes.tick_params(labelsize=palette.SMALL, pad=1.5, labelcolor=palette.INK)
        return axes

    def text(self, x: float, y: float, words: str, *, size: float = palette.TEXT, colour: str = palette.INK, bold: bool = False,
             across: str = "left", along: str = "center_baseline", turned: float = 0.0) -> Text:
        """A line of words with its anchor at a place."""
        return self.figure.text(x, y, clean(words), transform=self.mm, fontsize=size, color=colour, fontweight="bold" if bold else "normal",
                                ha=across, va=along, rotation=turned, rotation_mode="anchor")

    def lines(self, x: float, y: float, lines: Sequence[str], *, size: float = palette.TEXT, colour: str = palette.INK, bold: bool = False,
              across: str = "left") -> None:
        """Lines of words, the middle of the first at ``y``."""
        for k, line in enumerate(lines):
            self.text(x, y + k * line_height(size), line, size=size, colour=colour, bold=bold, across=across)

    def line(self, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
        """A line, or marks, through places."""
        from matplotlib.lines import Line2D

        self.figure.add_artist(Line2D(list(xs), list(ys), transform=self.mm, **style))

    def box(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """A rectangle with its top left corner at a place."""
        from matplotlib.patches import Rectangle

        self.figure.add_artist(Rectangle((x, y), width, height, transform=self.mm, **style))

    def arrow(self, start: tuple[float, float], end: tuple[float, float], colour: str = palette.INK) -> None:
        """A straight arrow."""
        from matplotlib.patches import Polygon

        (x0, y0), (x1, y1) = start, end
        long = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
        ux, uy = (x1 - x0) / long, (y1 - y0) / long
        head = min(1.7, long)
        foot = (x1 - head * ux, y1 - head * uy)
        self.line([x0, foot[0]], [y0, foot[1]], color=colour, linewidth=0.7, solid_capstyle="butt")
        corners = [(x1, y1), (foot[0] - 0.65 * uy, foot[1] + 0.65 * ux), (foot[0] + 0.65 * uy, foot[1] - 0.65 * ux)]
        self.figure.add_artist(Polygon(corners, closed=True, transform=self.mm, facecolor=colour, edgecolor="none"))


def nothing(words: str) -> Figure:
    """A figure that says that there is nothing to draw."""
    sheet = Sheet(palette.COLUMN, 14.0)
    sheet.lines(3.0, 4.5, wrapped(words, palette.COLUMN - 6.0), colour=palette.QUIET)
    return sheet.figure
