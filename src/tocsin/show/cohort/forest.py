"""Estimates with their intervals around the value of no effect, beside their numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cohort.parts import Forest, ForestRow
from tocsin.show import palette
from tocsin.show.cohort.sheet import Sheet, line_height, nothing, widest, wrapped
from tocsin.show.cohort.ticks import log_ticks, put, value_ticks
from tocsin.show.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 4.6
LABELS = 62.0
GAP = 4.0
FARTHEST = 20.0
"""A limit beyond so many times the largest estimate, or below the smallest divided by it, leaves the axis under an arrow (a decision of this
software); for differences, a limit so many times as far from the null as the farthest estimate."""
NO_LIMIT = "–"


def draw_forest(drawing: Forest, arms: Sequence[str]) -> Figure:
    """Rows from top to bottom; a row with neither value nor number is a heading.  The axis is logarithmic unless ``null`` is 0."""
    del arms
    if not drawing.rows:
        return nothing(f"{drawing.measure}: there is nothing to compare.")
    log = drawing.null != 0
    low, high = span_of(drawing)
    texts = [written(r) for r in drawing.rows]
    width = palette.WIDTH
    labels = [_label(r) for r in drawing.rows]
    counted = any(r.n for r in drawing.rows)
    tested = any(r.p for r in drawing.rows)
    n_width = max(widest([r.n for r in drawing.rows], palette.SMALL), widest(["n"], palette.SMALL, True)) if counted else 0.0
    p_width = max(widest([r.p for r in drawing.rows], palette.SMALL), widest(["p"], palette.SMALL, True)) if tested else 0.0
    text_width = max(widest(texts, palette.SMALL), 26.0)
    names_width = min(max(widest([line for lines in labels for line in lines]), 20.0), LABELS)
    left = 2.0 + names_width + (GAP + n_width if counted else 0.0) + GAP
    plot = width - left - GAP - text_width - (GAP + p_width if tested else 0.0) - 3.0
    heading = wrapped(drawing.measure, plot + GAP + text_width, palette.SMALL, True)
    highs = [max(ROW, len(lines) * line_height(palette.TEXT) + 1.2) for lines in labels]
    top = 3.0 + len(heading) * line_height(palette.SMALL) + 2.2
    high_mm = sum(highs)
    favours = [wrapped(words, _favour_width(drawing, plot, low, high, side), palette.SMALL) if words else []
               for side, words in enumerate(drawing.favours)]
    footnote = any(NO_LIMIT in t for t in texts)
    below = 6.5 + max(len(f) for f in favours) * line_height(palette.SMALL) + (1.5 if any(favours) else 0.0) + (4.0 if footnote else 0.0)
    sheet = Sheet(width, top + high_mm + below)
    axes = sheet.axes(left, top, plot, high_mm, spines="b")
    if log:
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(high_mm, 0)
    most = max(3, int(plot / 9))
    put(axes, "x", log_ticks(low, high, most) if log else value_ticks(low, high, most))
    put(axes, "y", [])
    axes.plot([drawing.null] * 2, [0, high_mm], color=palette.QUIET, linewidth=0.6, linestyle=(0, (3, 2)), zorder=1)

    head = 3.0 + line_height(palette.SMALL) / 2
    text_left = left + plot + GAP
    sheet.lines(left, head, heading, size=palette.SMALL, bold=True)
    last_head = top - 2.2 - line_height(palette.SMALL) / 2
    if counted:
        sheet.text(left - GAP, last_head, "n", size=palette.SMALL, bold=True, across="right")
    if tested:
        sheet.text(width - 3.0, last_head, "p", size=palette.SMALL, bold=True, across="right")
    sheet.line([2.0, width - 2.0], [top - 1.3] * 2, color=palette.QUIET, linewidth=0.4)
    y = 0.0
    for row, lines, text, step in zip(drawing.rows, labels, texts, highs, strict=True):
        middle = y + step / 2
        first = top + middle - (len(lines) - 1) * line_height(palette.TEXT) / 2
        sheet.lines(2.0 + _indent(row), first, lines, bold=is_heading(row))
        sheet.text(left - GAP, top + middle, row.n, size=palette.SMALL, across="right")
        sheet.text(text_left, top + middle, text, size=palette.SMALL)
        sheet.text(width - 3.0, top + middle, row.p, size=palette.SMALL, across="right")
        _mark(axes, row, middle, low, high)
        y += step
    _favours(sheet, drawing, favours, left, plot, top + high_mm + 6.8, low, high)
    if footnote:
        sheet.text(2.0, sheet.height - 2.2, f"{NO_LIMIT}: a limit that does not exist.", size=palette.SMALL, colour=palette.QUIET)
    return sheet.figure


def is_heading(row: ForestRow) -> bool:
    """Whether the row only names those below it."""
    return row.value is None and not row.n and not row.p


def written(row: ForestRow) -> str:
    """The estimate with its interval: "1.42 (0.61 to 3.30)"; "not estimable" where there is a row but no value."""
    if is_heading(row):
        return ""
    if row.value is None or math.isnan(row.value):
        return "not estimable"
    if row.low is None and row.high is None:
        return f"{_figure(row.value)} (no interval)"
    return f"{_figure(row.value)} ({_figure(row.low)} to {_figure(row.high)})"


def _figure(value: float | None) -> str:
    if value is None or math.isnan(value):
        return NO_LIMIT
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    plain = f"{size:.2f}" if size < 10 else f"{size:.1f}" if size < 100 else f"{size:.0f}"
    words = number(size, 2) if size >= 1e5 or 0 < size < 0.005 else plain
    return f"−{words}" if value < 0 else words


def span_of(drawing: Forest) -> tuple[float, float]:
    """The ends of the axis: every estimate, and the limits as far as FARTHEST allows, so that one limit near infinity does not squeeze the rest."""
    log = drawing.null != 0
    rows = [r for r in drawing.rows if r.value is not None]
    usable = [v for r in rows for v in (r.value,) if v is not None and math.isfinite(v) and (v > 0 or not log)]
    limits = [v for r in rows for v in (r.low, r.high) if v is not None and math.isfinite(v) and (v > 0 or not log)]
    if log:
        values = [*usable, drawing.null]
        least, most = min(values) / FARTHEST, max(values) * FARTHEST
        low = min([v for v in limits if v >= least] + [*values, drawing.null / 2] + [least for v in limits if v < least])
        high = max([v for v in limits if v <= most] + [*values, drawing.null * 2] + [most for v in limits if v > most])
        return low / 1.12, high * 1.12
    far = max((abs(v - drawing.null) for v in usable), default=0.0) * FARTHEST or math.inf
    kept = [min(max(v, drawing.null - far), drawing.null + far) for v in limits] + usable + [drawing.null]
    low, high = min(kept), max(kept)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _label(row: ForestRow) -> list[str]:
    return wrapped(row.label, LABELS - _indent(row), palette.TEXT, is_heading(row))


def _indent(row: ForestRow) -> float:
    return 3.0 if row.label.startswith("  ") else 0.0


def _mark(axes: Axes, row: ForestRow, y: float, low: float, high: float) -> None:
    """The square and the interval; an arrow head where either leaves the axis, nothing where a limit does not exist."""
    if row.value is None or math.isnan(row.value):
        return
    ends = [row.value if v is None or math.isnan(v) else v for v in (row.low, row.high)]
    inside = [min(max(v, low), high) for v in ends]
    axes.plot(inside, [y, y], color=palette.INK, linewidth=0.9, solid_capstyle="butt", zorder=2)
    for leaves, at, mark in ((min(ends) < low, low, "<"), (max(ends) > high, high, ">")):
        if leaves:
            axes.plot([at], [y], marker=mark, markersize=4.0, color=palette.INK, linestyle="none", clip_on=False, zorder=3)
    if low <= row.value <= high:
        axes.plot([row.value], [y], marker="s", markersize=4.0, markeredgewidth=0, color=palette.ARM_COLOURS[0], linestyle="none",
                  zorder=4)


def _null_share(drawing: Forest, low: float, high: float) -> float:
    if drawing.null != 0:
        return math.log(drawing.null / low) / math.log(high / low)
    return (drawing.null - low) / (high - low)


def _favour_width(drawing: Forest, plot: float, low: float, high: float, side: int) -> float:
    """The room of a side's words: its half of the axis, and what lies beside the axis there."""
    share = _null_share(drawing, low, high)
    return max((share if side == 0 else 1 - share) * plot - 5.0, 18.0) + (12.0 if side == 0 else 20.0)


def _favours(sheet: Sheet, drawing: Forest, favours: Sequence[Sequence[str]], left: float, plot: float, y: float, low: float, high: float) -> None:
    null = left + _null_share(drawing, low, high) * plot
    for side, lines in enumerate(favours):
        if not lines:
            continue
        way = -1 if side == 0 else 1
        sheet.arrow((null + way * 1.2, y), (null + way * 4.2, y), palette.QUIET)
        sheet.lines(null + way * 5.2, y, lines, size=palette.SMALL, colour=palette.INK, across="right" if side == 0 else "left")
