"""Draws the rows beneath the panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show import palette
from tocsin.show.place import Placer
from tocsin.show.rows import Mark, Row, Section
from tocsin.show.span import Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECTION_GAP = 0.45


def rows_high(sections: Sequence[Section]) -> float:
    """The height of all rows, in rows."""
    return sum(len(s.rows) for s in sections) + SECTION_GAP * max(len(sections) - 1, 0)


def row_places(sections: Sequence[Section]) -> list[tuple[float, Row]]:
    """Where each row stands; y runs downwards, one unit a row."""
    out, y = [], 0.0
    for number, section in enumerate(sections):
        y += SECTION_GAP if number else 0.0
        for row in section.rows:
            out.append((y, row))
            y += 1.0
    return out


def draw_rows(axes: Axes, sections: Sequence[Section], span: Span, placer: Placer) -> None:
    """Every row with its marks, then labels where there is room."""
    places = row_places(sections)
    edge = -0.5
    for number, section in enumerate(sections):
        if number:
            axes.axhline(edge + SECTION_GAP / 2, color=palette.RULE, linewidth=0.4, zorder=0)
            edge += SECTION_GAP
        edge += len(section.rows)
    for y, row in places:
        for mark in row.marks:
            _draw(axes, mark, y, mark.colour or row.colour)
        _take(axes, row, y, placer)
    for y, row in places:
        _label_row(axes, row, y, span, placer)


def _draw(axes: Axes, mark: Mark, y: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    if mark.shape == "due":
        axes.plot([mark.day], [y], marker="v", markersize=5.4, markerfacecolor="none", markeredgecolor=palette.INK,
                  markeredgewidth=0.9, linestyle="none", zorder=5)
        return
    if mark.window is not None:
        axes.add_patch(Rectangle(
            (mark.window, y - 0.3), mark.first - mark.window, 0.6, facecolor="none", edgecolor=colour, linewidth=0.7,
            linestyle=(0, (3, 2)), zorder=2,
        ))
    if mark.shape == "bar":
        axes.add_patch(Rectangle(
            (mark.first, y - 0.31), max(mark.last - mark.first, 0.04), 0.62, facecolor="white" if mark.hollow else colour,
            edgecolor=colour if mark.hollow else "white", linewidth=0.8 if mark.hollow else 0.4, zorder=3,
        ))
        return
    if mark.last > mark.first:
        quiet = mark.shape == "absent"
        axes.plot([mark.first, mark.last], [y, y], color=colour, linewidth=0.6 if quiet else 0.8, zorder=2.5,
                  linestyle=(0, (1, 1.5)) if quiet else "-", solid_capstyle="butt")
    if mark.shape != "absent":
        axes.plot([mark.day], [y], marker="o" if mark.shape == "value" else "D", markersize=2.8 if mark.shape == "value" else 3.5,
                  markerfacecolor="white" if mark.hollow else colour, markeredgecolor=colour, markeredgewidth=0.8,
                  linestyle="none", zorder=4)


def _take(axes: Axes, row: Row, y: float, placer: Placer) -> None:
    """Keep labels off every mark of the row."""
    points = [m.day for m in row.marks if m.point]
    placer.take_points(axes, points, [y] * len(points), 2.4)
    for mark in row.marks:
        start = mark.window if mark.window is not None else mark.first
        if mark.last > start and mark.shape != "absent":
            ends = axes.transData.transform([(start, y), (mark.last, y)])
            placer.take([(ends[0][0], ends[0][1] - 3, ends[1][0] - 0.5, ends[1][1] + 3)])


def _label_row(axes: Axes, row: Row, y: float, span: Span, placer: Placer) -> None:
    """Doses and coded values: inside a wide bar, else after the mark; once for neighbours that say the same."""
    before = ""
    for mark in row.marks:
        first, last = max(mark.first, span.first), min(mark.last, span.last)
        if not mark.words or mark.words == before or last < span.first or first > span.last:
            continue
        style = {"fontsize": palette.TINY, "color": row.colour if mark.shape == "absent" else palette.INK, "zorder": 5}
        if _inside(axes, mark, first, last, y, mark.colour or row.colour, placer):
            before = mark.words
            continue
        gap = 4 if mark.point and mark.last <= mark.first else 2.5
        start = max(mark.window if mark.window is not None else first, span.first)
        if placer.label(axes, last, y, mark.words, ((gap, 0, "left", "center_baseline"),), **style) or placer.label(
            axes, start, y, mark.words, ((-gap, 0, "right", "center_baseline"),), **style
        ):
            before = mark.words


def _inside(axes: Axes, mark: Mark, first: float, last: float, y: float, colour: str, placer: Placer) -> bool:
    """Write the words in the middle of a bar that is wide enough for them."""
    if mark.shape not in ("bar", "absent"):
        return False
    pale = mark.hollow or mark.shape == "absent"
    box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"} if pale else None
    text = axes.text(
        (first + last) / 2, y, mark.words, ha="center", va="center_baseline", fontsize=palette.TINY,
        color=colour if pale else "white", bbox=box, zorder=5,
    )
    width, _ = placer.size(text)
    ends = axes.transData.transform([(first, y), (last, y)])
    if width + 4 <= ends[1][0] - ends[0][0]:
        placer.take([(ends[0][0], ends[0][1] - 3, ends[1][0], ends[1][1] + 3)])
        return True
    text.remove()
    return False
