"""Box plots with every value beside its box."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tocsin.cohort.describe import quantile
from tocsin.cohort.parts import Box, Boxes
from tocsin.show import palette
from tocsin.show.cohort.arms import Look, look_of, pale
from tocsin.show.cohort.grid import Cell, Scale, across, lines_high, scale_of, y_title, y_title_lines
from tocsin.show.cohort.sheet import Sheet, line_height, nothing, widest, wrapped
from tocsin.show.cohort.ticks import put

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_HEIGHT = 44.0
FEWEST_FOR_BOX = 5
"""Values: fewer are points with their median only (a decision of this software)."""
MOST_POINTS = 200
"""Values of a group: more become small pale points whose spread follows their density."""
WHISKER = 1.5
"""Times the distance of the quartiles, to the last value within (tukey1977:2D, adjacent values)."""
SEED = 20250101
NO_ARM = Look("#4d4d4d", "-", "o")


@dataclass(frozen=True)
class _Group:
    label: str
    known: tuple[float, ...]
    unknown: int
    look: Look


def draw_boxes(drawing: Boxes, arms: Sequence[str]) -> Figure:
    """Panels side by side, in rows where they are many."""
    del arms
    if not drawing.panels:
        return nothing("No values: there is nothing to compare.")
    panels = drawing.panels
    groups = [[_group(*g) for g in p.groups] for p in panels]
    most = max(len(g) for g in groups)
    scales = [scale_of([v for g in some for v in g.known], p.log, PLOT_HEIGHT, p.from_zero) for p, some in zip(panels, groups, strict=True)]
    rooms = [s.room + (y_title_lines(p.label, PLOT_HEIGHT) - 1) * 2.8 for s, p in zip(scales, panels, strict=True)]
    width, columns = _sizes(panels, groups, most, rooms)
    spots = across(len(panels), columns, width, rooms)
    titles = [wrapped(p.title, wide, palette.TEXT, True) if p.title else [] for p, (_, _, wide) in zip(panels, spots, strict=True)]
    notes = [wrapped(p.note, wide, palette.SMALL) if p.note else [] for p, (_, _, wide) in zip(panels, spots, strict=True)]
    names = [[wrapped(g.label, wide / max(len(some), 1) - 1.2, palette.SMALL) for g in some] for some, (_, _, wide) in zip(groups, spots, strict=True)]
    footnotes = [line for p, some in zip(panels, groups, strict=True) for words in _footnotes(p, some, len(panels) > 1)
                 for line in wrapped(words, width - 5.0, palette.SMALL)]

    cells: list[Cell] = []
    y = 1.5
    for start in range(0, len(panels), columns):
        row = _row(start, columns, len(panels))
        above = max(lines_high(titles[k], palette.TEXT) + lines_high(notes[k], palette.SMALL) for k in row) + 2.0
        below = max((len(lines) + 1 for k in row for lines in names[k]), default=1) * line_height(palette.SMALL) + 3.0
        cells += [Cell(spots[k][0], spots[k][1], y + above, spots[k][2], PLOT_HEIGHT) for k in row]
        y += above + PLOT_HEIGHT + below + 3.0
    sheet = Sheet(width, y + lines_high(footnotes, palette.SMALL))
    for k, (panel, cell) in enumerate(zip(panels, cells, strict=True)):
        first = cell.top - 2.0 - max(lines_high(titles[j], palette.TEXT) + lines_high(notes[j], palette.SMALL) for j in _row(k, columns, len(panels)))
        sheet.lines(cell.left, first + line_height(palette.TEXT) / 2, titles[k], bold=True)
        sheet.lines(cell.left, first + lines_high(titles[k], palette.TEXT) + line_height(palette.SMALL) / 2, notes[k], size=palette.SMALL)
        y_title(sheet, cell.outer + 1.4 * y_title_lines(panel.label, PLOT_HEIGHT), cell.top, cell.height, panel.label)
        axes = sheet.axes(cell.left, cell.top, cell.width, cell.height)
        _axis(axes, scales[k], len(groups[k]))
        deepest = max((len(lines) for j in _row(k, columns, len(panels)) for lines in names[j]), default=0)
        generator = np.random.default_rng(SEED + k)
        for place, (group, lines) in enumerate(zip(groups[k], names[k], strict=True)):
            _draw_group(axes, group, place, scales[k], generator)
            x = cell.left + (place + 0.5) / max(len(groups[k]), 1) * cell.width
            under = cell.top + cell.height + 1.6 + line_height(palette.SMALL) / 2
            sheet.lines(x, under, lines, size=palette.SMALL, across="center")
            sheet.text(x, under + deepest * line_height(palette.SMALL), f"n = {len(group.known)}", size=palette.SMALL, colour=palette.QUIET, across="center")
    sheet.lines(2.5, y - 0.5, footnotes, size=palette.SMALL, colour=palette.QUIET)
    return sheet.figure


def _sizes(panels: Sequence[Box], groups: Sequence[Sequence[_Group]], most: int, rooms: Sequence[float]) -> tuple[float, int]:
    """The width of the sheet and the panels in a row: the smallest in which no word is broken, in rows as even as can be."""
    count, side = len(panels), max(most, 2)
    tried = [(palette.COLUMN, count)] if count * side <= 4 else []
    for columns in range(min(count, max(1, 9 // side)), 0, -1):
        even = math.ceil(count / math.ceil(count / columns))
        if (palette.WIDTH, even) not in tried:
            tried.append((palette.WIDTH, even))
    for width, columns in tried:
        wide = [spot[2] for spot in across(count, columns, width, rooms)]
        if all(max(_longest(p.title, palette.TEXT, True), *(_longest(g.label, palette.SMALL) * len(some) + 1.2 * len(some) for g in some), 0.0) <= room
               for p, some, room in zip(panels, groups, wide, strict=True)):
            return width, columns
    return tried[0]


def _longest(text: str, size: float, bold: bool = False) -> float:
    return widest(text.split() or [""], size, bold)


def _row(panel: int, columns: int, count: int) -> range:
    """The panels of the row in which a panel stands."""
    start = panel - panel % columns
    return range(start, min(start + columns, count))


def _group(label: str, values: Sequence[float], arm: int) -> _Group:
    known = tuple(v for v in np.array(values, float).tolist() if math.isfinite(v))
    return _Group(label, known, len(values) - len(known), look_of(arm) if arm >= 0 else NO_ARM)


def _footnotes(panel: Box, groups: Sequence[_Group], several: bool) -> list[str]:
    where = f"{panel.title}: " if several and panel.title else ""
    out = []
    low = sum(v <= 0 for g in groups for v in g.known) if panel.log else 0
    if low:
        out.append(f"{where}{low} value{'' if low == 1 else 's'} of 0 or less at the lower edge of the logarithmic axis.")
    unknown = sum(g.unknown for g in groups)
    if unknown:
        out.append(f"{where}{unknown} value{'' if unknown == 1 else 's'} not known or infinite, not drawn.")
    return out


def _axis(axes: Axes, scale: Scale, count: int) -> None:
    if scale.log:
        axes.set_yscale("log")
    axes.set_xlim(-0.5, max(count, 1) - 0.5)
    axes.set_ylim(scale.low, scale.high)
    put(axes, "y", scale.ticks)
    put(axes, "x", range(count), [""] * count)


def _draw_group(axes: Axes, group: _Group, place: int, scale: Scale, generator: np.random.Generator) -> None:
    if not group.known:
        return
    colour = group.look.colour
    values = np.array(group.known)
    half, at = 0.17, place - 0.17
    if len(values) >= FEWEST_FOR_BOX:
        q1, median, q3 = (float(v) for v in quantile(values, [0.25, 0.5, 0.75]))
        low, high = whiskers(values, q1, q3, scale.log)
        a, b, m, lower, upper = (scale.inside(v) for v in (q1, q3, median, low, high))
        axes.fill_between([at - half, at + half], a, b, facecolor=pale(colour, 0.7), edgecolor=colour, linewidth=0.7, zorder=2)
        axes.plot([at - half, at + half], [m, m], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
        for near, far in ((a, lower), (b, upper)):
            axes.plot([at, at], [near, far], color=colour, linewidth=0.7, zorder=2, solid_capstyle="butt")
            axes.plot([at - half / 2, at + half / 2], [far, far], color=colour, linewidth=0.7, zorder=2, solid_capstyle="butt")
    elif len(values) > 1:
        m = scale.inside(float(quantile(values, 0.5)))
        axes.plot([at - half, at + half], [m, m], color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3)
    shown = np.array([scale.inside(v) for v in values])
    many = len(values) > MOST_POINTS
    spread = 0.13 * (_density(np.log10(shown) if scale.log else shown) if many else 1.0)
    xs = place + 0.2 + spread * generator.uniform(-1, 1, len(values)) * (len(values) > 1)
    axes.plot(xs, shown, linestyle="none", marker="o" if many else group.look.mark, markersize=1.3 if many else 2.6, markerfacecolor=colour,
              markeredgewidth=0, alpha=0.25 if many else 0.75, zorder=4, clip_on=False, rasterized=many)


def whiskers(values: np.ndarray, q1: float, q3: float, log: bool) -> tuple[float, float]:
    """The last values within WHISKER times the distance of the quartiles, measured on the axis drawn."""
    if log and q1 > 0:
        reach = (q3 / q1) ** WHISKER
        inside = values[(values >= q1 / reach) & (values <= q3 * reach)]
    else:
        reach = WHISKER * (q3 - q1)
        inside = values[(values >= q1 - reach) & (values <= q3 + reach)]
    return min(float(inside.min()), q1), max(float(inside.max()), q3)


def _density(values: np.ndarray, bins: int = 40) -> np.ndarray:
    """How crowded it is around each value, from 0 to 1."""
    if values.min() == values.max():
        return np.ones(len(values))
    counts, edges = np.histogram(values, bins=bins)
    smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same")
    found: np.ndarray = np.interp(values, (edges[:-1] + edges[1:]) / 2, smooth / smooth.max())
    return found
