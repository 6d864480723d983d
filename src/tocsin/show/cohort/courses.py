"""Courses over days: every patient a thin line, medians with quartiles bold, one panel a measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tocsin.cohort.parts import Course, Courses, Line, Median
from tocsin.show import palette
from tocsin.show.cohort.arms import look_of, pale
from tocsin.show.cohort.grid import Cell, Scale, across, lines_high, scale_of, y_title, y_title_lines
from tocsin.show.cohort.key import Entry, Key, line_sign, mark_sign, patch_sign
from tocsin.show.cohort.sheet import Sheet, clean, line_height, nothing, width_of, wrapped
from tocsin.show.cohort.ticks import days_between, put, tick_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT_HEIGHT = 38.0
PIXELS_FROM = 300
"""Lines of a panel; from here on they are an image within the vector file."""
INK_OF_LINES = 12.0
"""The opacities of all lines of a panel add up to this, within FAINTEST and CLEAREST."""
MIDDLE = 0.5
"""Of a day, where the median of its values stands."""
FAINTEST, CLEAREST = 0.015, 0.45


def draw_courses(drawing: Courses, arms: Sequence[str]) -> Figure:
    """Small multiples, three a row; beneath each panel how many patients are behind the medians at its ticks."""
    if not any(p.lines or p.medians for p in drawing.panels):
        return nothing("No values over time: there are no courses to draw.")
    panels = drawing.panels
    columns = min(len(panels), 3)
    width = palette.COLUMN if len(panels) == 1 else palette.WIDTH
    scales = [scale_of(_values(p), p.log, PLOT_HEIGHT) for p in panels]
    rooms = [s.room + (y_title_lines(p.label, PLOT_HEIGHT) - 1) * 2.8 for s, p in zip(scales, panels, strict=True)]
    spots = across(len(panels), columns, width, rooms)
    first, last = _days(panels)
    ticks, places = _ticks(panels, first, last, min(wide for _, _, wide in spots))
    strips = [_strip(p, places) for p in panels]
    titles = [wrapped(p.title, wide, palette.TEXT, True) if p.title else [] for p, (_, _, wide) in zip(panels, spots, strict=True)]
    zero = clean(drawing.zero) if first <= 0 <= last else ""
    key = Key(_entries(drawing), width - 6.0)
    footnotes = _footnotes(panels, width)

    cells: list[Cell] = []
    y = 1.5 + key.height + (1.0 if key.height else 0.0)
    for start in range(0, len(panels), columns):
        row = range(start, min(start + columns, len(panels)))
        above = max(lines_high(titles[k], palette.TEXT) for k in row) + (line_height(palette.SMALL) if zero else 0.0) + 1.2
        below = 4.2 + max(len(strips[k]) for k in row) * line_height(palette.SMALL)
        cells += [Cell(spots[k][0], spots[k][1], y + above, spots[k][2], PLOT_HEIGHT) for k in row]
        y += above + PLOT_HEIGHT + below + 4.5
    sheet = Sheet(width, y + lines_high(footnotes, palette.SMALL) + 0.5)
    key.draw(sheet, 3.0, 1.2)
    for k, (panel, cell, scale) in enumerate(zip(panels, cells, scales, strict=True)):
        title_top = cell.top - 1.2 - (line_height(palette.SMALL) if zero else 0.0) - lines_high(titles[k], palette.TEXT)
        sheet.lines(cell.left, title_top + line_height(palette.TEXT) / 2, titles[k], bold=True)
        y_title(sheet, cell.outer + 1.4 * y_title_lines(panel.label, PLOT_HEIGHT), cell.top, cell.height, panel.label)
        axes = sheet.axes(cell.left, cell.top, cell.width, cell.height)
        if scale.log:
            axes.set_yscale("log")
        axes.set_xlim(first, last)
        axes.set_ylim(scale.low, scale.high)
        put(axes, "x", ticks)
        put(axes, "y", scale.ticks)
        _draw_panel(axes, panel, scale)
        if zero:
            axes.axvline(0.0, color=palette.QUIET, linewidth=0.6, linestyle=(0, (3, 2)), zorder=1.5)
            half = width_of(zero, palette.SMALL) / 2
            at = cell.left + (0.0 - first) / (last - first) * cell.width
            sheet.text(min(max(at, cell.left + half), max(cell.left + cell.width - half, cell.left + half)), cell.top - 1.2, zero, size=palette.SMALL,
                       colour=palette.QUIET, across="center")
        beneath = cell.top + cell.height + 4.6
        _draw_strip(sheet, cell, strips[k], places, (first, last), beneath)
        if k + columns >= len(panels):
            sheet.text(cell.left + cell.width / 2, beneath + len(strips[k]) * line_height(palette.SMALL) + 1.4, drawing.time, size=palette.SMALL,
                       across="center")
    sheet.lines(2.5, y, footnotes, size=palette.SMALL, colour=palette.QUIET)
    return sheet.figure


def _values(panel: Course) -> list[float]:
    found = [v for line in panel.lines for v in line.values] + [v for m in panel.medians for some in (m.median, m.q1, m.q3) for v in some]
    return [v for v in np.array(found, float).tolist() if math.isfinite(v)]


def _days(panels: Sequence[Course]) -> tuple[float, float]:
    days = [d for p in panels for line in p.lines for d in line.days] + [d for p in panels for m in p.medians for d in m.days]
    if not days:
        return 0.0, 1.0
    first, last = min(days), max(days)
    if 0 < first < 0.25 * last:
        return 0.0, last + 0.03 * last  # the infusion is on the axis
    pad = 0.03 * (last - first) or 0.5
    return first - pad, last + pad


def _ticks(panels: Sequence[Course], first: float, last: float, plot: float) -> tuple[list[float], list[float]]:
    """The ticks, and the days of the medians whose numbers stand beneath: at the ticks, or in the middle of the days that begin there.

    Days at even steps where medians stand at enough of them; else numbers stand at as many of the medians' days as can be read.
    """
    days = sorted({float(d) for p in panels for m in p.medians for d in m.days})
    most = max([n for p in panels for m in p.medians for n in m.n], default=0)
    need = max([width_of(w, palette.SMALL) for w in (str(most), *(tick_words(math.floor(d) if d % 1 == MIDDLE else d) for d in days))]) + 1.4
    even = days_between(first, last, max(2, int(plot / max(need, 4.5))))
    if len(days) < 2 or (all(d in days for d in even) and len(even) > 3):
        return even, even
    middles = [d + MIDDLE for d in even if d + MIDDLE in days]
    across_mm = plot / (last - first)
    kept = days[:1]
    for day in days[1:]:
        if (day - kept[-1]) * across_mm >= need:
            kept.append(day)
    if all(d % 1 == MIDDLE for d in days):
        return even, middles if len(middles) >= max(3, len(even) - 2) else kept
    return kept, kept


def _strip(panel: Course, ticks: Sequence[float]) -> list[tuple[Median, list[str]]]:
    """For each median the numbers behind it at the ticks; nothing where fewer than two ticks have one."""
    rows = []
    for m in panel.medians:
        by_day = dict(zip(m.days, m.n, strict=True))
        rows.append((m, [str(by_day[t]) if t in by_day else "" for t in ticks]))
    return rows if any(sum(bool(w) for w in words) >= 2 for _, words in rows) else []


def _draw_strip(sheet: Sheet, cell: Cell, rows: Sequence[tuple[Median, list[str]]], ticks: Sequence[float], days: tuple[float, float], y: float) -> None:
    first, last = days
    for m, words in rows:
        look = look_of(m.arm)
        sheet.text(cell.outer + 1.0, y, "n", size=palette.SMALL, colour=palette.QUIET)
        sheet.line([cell.outer + 3.6], [y], marker=look.mark, markersize=2.8, markerfacecolor=look.colour, markeredgewidth=0, linestyle="none")
        for tick, word in zip(ticks, words, strict=True):
            if word:
                sheet.text(cell.left + (tick - first) / (last - first) * cell.width, y, word, size=palette.SMALL, across="center")
        y += line_height(palette.SMALL)


def _entries(drawing: Courses) -> list[Entry]:
    out: list[Entry] = []
    medians = {(m.arm, m.label): m for p in drawing.panels for m in p.medians}
    for (arm, label), _ in sorted(medians.items(), key=lambda item: item[0]):
        look = look_of(arm)
        out.append(Entry(line_sign(look.colour, look.line, look.mark, 1.6), f"{label}: median"))
    told = {arm for arm, _ in medians}
    for arm in sorted({line.arm for p in drawing.panels for line in p.lines} - told):
        name = drawing.arms[arm] if 0 <= arm < len(drawing.arms) else "patients"
        out.append(Entry(line_sign(look_of(arm).colour), name))
    if medians:
        out.append(Entry(patch_sign(pale("#555555", 0.75), "none"), "quartiles"))
    lines = [line for p in drawing.panels for line in p.lines]
    if lines:
        out.append(Entry(line_sign(palette.HATCH_COLOUR, width=0.5), "one patient"))
    for way, mark, words in ((-1, "v", "less than the value (<)"), (1, "^", "more than the value (>)")):
        if any(c == way for line in lines for c in line.censored):
            out.append(Entry(mark_sign(mark, "#ffffff", palette.QUIET, 3.6, 0.6), words))
    return out


def _footnotes(panels: Sequence[Course], width: float) -> list[str]:
    out: list[str] = []
    for p in panels:
        where = f"{p.title}: " if len(panels) > 1 and p.title else ""
        values = [v for line in p.lines for v in line.values]
        low = int((np.array(values, float) <= 0).sum()) if p.log else 0
        if low:
            out += wrapped(f"{where}{low} value{'' if low == 1 else 's'} of 0 or less at the lower edge of the logarithmic axis.", width - 5.0, palette.SMALL)
    return out


def _draw_panel(axes: Axes, panel: Course, scale: Scale) -> None:
    from matplotlib.collections import LineCollection

    alpha = min(max(INK_OF_LINES / max(len(panel.lines), 1), FAINTEST), CLEAREST)
    pixels = len(panel.lines) > PIXELS_FROM
    for arm in sorted({line.arm for line in panel.lines}):
        mine = [line for line in panel.lines if line.arm == arm]
        colour = look_of(arm).colour
        paths = [np.column_stack([line.days, _shown(line.values, scale)]) for line in mine if len(line.days) > 1]
        thin = 0.35 if pixels else 0.5
        axes.add_collection(LineCollection(paths, colors=colour, alpha=alpha, linewidths=thin, zorder=2, rasterized=pixels), autolim=False)
        alone = [(line.days[0], scale.inside(line.values[0])) for line in mine if len(line.days) == 1]
        axes.plot([x for x, _ in alone], [y for _, y in alone], linestyle="none", marker=".", markersize=2.5, markeredgewidth=0, color=colour,
                  alpha=max(alpha, 0.3), zorder=2, rasterized=pixels)
        for way, mark in ((-1, "v"), (1, "^")):
            places = [p for line in mine for p in _censored(line, way, scale)]
            axes.plot([x for x, _ in places], [y for _, y in places], linestyle="none", marker=mark, markersize=3.0, markerfacecolor="#ffffff",
                      markeredgecolor=colour, markeredgewidth=0.5, alpha=max(alpha, 0.6), zorder=2.5, clip_on=False, rasterized=pixels)
    for m in panel.medians:
        look = look_of(m.arm)
        axes.fill_between(m.days, _shown(m.q1, scale), _shown(m.q3, scale), facecolor=look.colour, alpha=0.22, linewidth=0, zorder=3)
        axes.plot(m.days, _shown(m.median, scale), color="#ffffff", linewidth=2.8, alpha=0.8, zorder=3.5)
        axes.plot(m.days, _shown(m.median, scale), color=look.colour, linestyle=look.line, linewidth=1.6, marker=look.mark, markersize=3.0,
                  markeredgecolor="#ffffff", markeredgewidth=0.3, zorder=4, clip_on=False)


def _shown(values: Sequence[float], scale: Scale) -> np.ndarray:
    return np.array([scale.inside(v) if math.isfinite(v) else math.nan for v in np.array(values, float).tolist()])


def _censored(line: Line, way: int, scale: Scale) -> list[tuple[float, float]]:
    return [(d, scale.inside(v)) for d, v, c in zip(line.days, line.values, line.censored or (0,) * len(line.days), strict=True) if c == way]
