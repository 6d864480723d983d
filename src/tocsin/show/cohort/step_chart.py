"""A plot of step functions of time in percent, with bands, marks, and the numbers at risk beneath its own ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tocsin.cohort.kaplan_meier import Curve
from tocsin.show import palette
from tocsin.show.cohort.arms import ALONE, Look
from tocsin.show.cohort.key import Entry, Key, line_sign, mark_sign
from tocsin.show.cohort.room import Room
from tocsin.show.cohort.sheet import Sheet, clean, line_height, nothing, widest, width_of, wrapped
from tocsin.show.cohort.ticks import put, tick_words, time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

PLOT_HEIGHT = 50.0
LEFT = 11.5
RIGHT = 4.0
WIDEST_BESIDE = 19.0
"""Millimetres: a wider name of a group stands above its numbers at risk, not beside them."""
BAND_ALPHA = 0.16
MOST_MARKS = 200
"""Censored patients of a curve; more cannot be told apart, are not marked, and the legend says so."""


@dataclass(frozen=True)
class Steps:
    """A step function: at each of ``time`` (in the unit of the axis) it takes the value beside it, and ends at ``end``.

    Values and limits are shares from 0 to 1; limits are NaN where there are none.  The first time is 0.
    """

    label: str
    look: Look
    time: Floats
    value: Floats
    lower: Floats
    upper: Floats
    end: float
    censored: Floats


@dataclass(frozen=True)
class AtRisk:
    """One row of the numbers at risk."""

    label: str
    colour: str
    curve: Curve


@dataclass(frozen=True)
class StepChart:
    """The whole plot; ``note`` is printed where there is room."""

    steps: tuple[Steps, ...]
    at_risk: tuple[AtRisk, ...]
    time: str
    label: str
    scale: float
    end: float
    note: str
    medians: tuple[tuple[float, Look], ...] = ()

    def draw(self) -> Figure:
        """The figure."""
        if not self.steps:
            return nothing(f"{self.label}: nobody whose time and event are known.")
        left, beside = self._left()
        plot = palette.COLUMN - left - RIGHT
        room = self._room(plot)
        entries = [Entry(line_sign(s.look.colour, s.look.line), s.label) for s in self.steps] if self.steps[0].look != ALONE else []
        if any(0 < len(s.censored) <= MOST_MARKS for s in self.steps):
            entries.append(Entry(mark_sign("|", palette.QUIET, palette.QUIET, 4.0), "censored", palette.QUIET))
        if any(len(s.censored) > MOST_MARKS for s in self.steps):
            entries.append(Entry(None, f"censoring not marked (over {MOST_MARKS})", palette.QUIET))
        key = Key(entries, plot * 0.62, stacked=True)
        inside = room.find(key.width, key.height) if key.height and key.width <= plot * 0.62 and len(key.placed) == len(entries) else None
        if key.height and inside is None:
            key = Key(entries, plot)
        words, at = self._note(room, plot)
        above = (key.height + 1.0 if key.height and inside is None else 0.0) + (len(words) * line_height(palette.SMALL) if words and at is None else 0.0)
        top = 2.5 + above
        ticks = self._ticks(plot)
        below = 8.2
        names = [] if beside else [wrapped(r.label, plot, palette.SMALL) for r in self.at_risk]
        table = (4.0 + (len(self.at_risk) + sum(len(n) for n in names)) * line_height(palette.SMALL)) if self.at_risk else 0.0
        sheet = Sheet(palette.COLUMN, top + PLOT_HEIGHT + below + table + 1.5)
        axes = sheet.axes(left, top, plot, PLOT_HEIGHT)
        self._draw_axes(axes, ticks)
        self._draw_steps(axes)
        _y_title(sheet, left - LEFT + 3.2, top, self.label if "%" in self.label else f"{self.label}, %")
        _x_title(sheet, left + plot / 2, top + PLOT_HEIGHT + 6.0, self.time, plot + left)
        if key.height:
            key.draw(sheet, left + inside[0] if inside else left, top + inside[1] if inside else 1.2)
        if words:
            x, y = (left + at[0], top + at[1]) if at else (left, top - len(words) * line_height(palette.SMALL) - 0.8)
            sheet.lines(x, y + line_height(palette.SMALL) / 2, words, size=palette.SMALL)
        if self.at_risk:
            self._draw_table(sheet, left, top + PLOT_HEIGHT + below + 1.6, plot, ticks, names)
        return sheet.figure

    def _left(self) -> tuple[float, bool]:
        """Where the plot begins, and whether the names of the rows at risk stand beside their numbers."""
        wide = widest([r.label for r in self.at_risk], palette.SMALL)
        if wide > WIDEST_BESIDE:
            return LEFT, False
        most = max((int(r.curve.at_risk_at([0.0])[0]) for r in self.at_risk), default=0)
        return max(LEFT, wide + width_of(str(most), palette.SMALL) / 2 + 2.6), True

    def _ticks(self, plot: float) -> list[float]:
        most = max((r.curve.n for r in self.at_risk), default=0)
        each = max(width_of(str(most), palette.SMALL), width_of(tick_words(round(self.end)), palette.SMALL)) + 2.4
        return time_ticks(self.end, self.time, int(max(2, min(9, plot / each))))

    def _room(self, plot: float) -> Room:
        room = Room(plot, PLOT_HEIGHT)
        across, down = plot / self.end, PLOT_HEIGHT
        for s in self.steps:
            ends = np.append(s.time[1:], s.end)
            before = np.concatenate([[s.value[0]], s.value[:-1]])
            for x0, x1, y, y_before, low, high in zip(s.time, ends, s.value, before, s.lower, s.upper, strict=True):
                room.take(x0 * across, (1 - y) * down, x1 * across, (1 - y) * down, 1.0)
                room.take(x0 * across, (1 - y_before) * down, x0 * across, (1 - y) * down, 1.0)
                if np.isfinite(low) and np.isfinite(high):
                    room.take(x0 * across, (1 - high) * down, x1 * across, (1 - low) * down)
        for median, _ in self.medians:
            room.take(0.0, down / 2, median * across, down / 2)
            room.take(median * across, down / 2, median * across, down)
        return room

    def _note(self, room: Room, plot: float) -> tuple[list[str], tuple[float, float] | None]:
        if not self.note:
            return [], None
        whole = width_of(clean(self.note), palette.SMALL)
        for width in (whole, plot * 0.6, plot * 0.42):
            if width > plot * 0.7:
                continue
            lines = wrapped(self.note, width + 0.1, palette.SMALL)
            at = room.find(widest(lines, palette.SMALL), len(lines) * line_height(palette.SMALL))
            if at:
                return lines, at
        return wrapped(self.note, plot, palette.SMALL), None

    def _draw_axes(self, axes: Axes, ticks: Sequence[float]) -> None:
        axes.set_xlim(0, self.end)
        axes.set_ylim(0, 100)
        put(axes, "x", ticks)
        put(axes, "y", [0, 20, 40, 60, 80, 100])

    def _draw_steps(self, axes: Axes) -> None:
        alpha = BAND_ALPHA if len(self.steps) < 4 else 0.7 * BAND_ALPHA
        for s in self.steps:
            xs = np.repeat(np.append(s.time, s.end), 2)[1:-1]
            low, high = np.repeat(s.lower, 2) * 100, np.repeat(s.upper, 2) * 100
            known = np.isfinite(low) & np.isfinite(high)
            if known.any():
                axes.fill_between(xs, low, high, where=known.tolist(), facecolor=s.look.colour, alpha=alpha, linewidth=0, zorder=1)
        for median, look in self.medians:
            axes.plot([0, median, median], [50, 50, 0], color=look.colour, linewidth=0.5, linestyle=(0, (1, 2)), zorder=2)
        for s in self.steps:
            xs = np.repeat(np.append(s.time, s.end), 2)[1:-1]
            axes.plot(xs, np.repeat(s.value, 2) * 100, color=s.look.colour, linestyle=s.look.line, linewidth=1.1, solid_joinstyle="miter",
                      dash_joinstyle="miter", solid_capstyle="butt", clip_on=False, zorder=3)
            if 0 < len(s.censored) <= MOST_MARKS:
                at = s.value[np.searchsorted(s.time, s.censored, side="right") - 1] * 100
                axes.plot(s.censored, at, linestyle="none", marker="|", markersize=4.0, markeredgewidth=0.7, color=s.look.colour, clip_on=False, zorder=4)

    def _draw_table(self, sheet: Sheet, left: float, y: float, plot: float, ticks: Sequence[float], names: Sequence[Sequence[str]]) -> None:
        step = line_height(palette.SMALL)
        most = width_of(str(max(int(r.curve.at_risk_at([0.0])[0]) for r in self.at_risk)), palette.SMALL)
        names_end = left - most / 2 - 1.4
        heading = "Number at risk"
        sheet.text(left - most / 2 if names else max(names_end - width_of(heading, palette.SMALL, True), 1.2), y, heading, size=palette.SMALL, bold=True)
        y += step * 1.1
        for number, row in enumerate(self.at_risk):
            if names:
                sheet.lines(left - most / 2, y, names[number], size=palette.SMALL, colour=row.colour)
                y += step * len(names[number])
            else:
                sheet.text(names_end, y, row.label, size=palette.SMALL, colour=row.colour, across="right")
            for tick, n in zip(ticks, row.curve.at_risk_at(np.asarray(ticks) * self.scale), strict=True):
                sheet.text(left + tick / self.end * plot, y, str(int(n)), size=palette.SMALL, across="center")
            y += step


def _y_title(sheet: Sheet, x: float, top: float, words: str) -> None:
    lines = wrapped(words, PLOT_HEIGHT)
    sheet.figure.text(x - 1.5 * (len(lines) - 1), top + PLOT_HEIGHT / 2, "\n".join(lines), transform=sheet.mm, fontsize=palette.TEXT,
                      color=palette.INK, ha="center", va="center", rotation=90, linespacing=1.1)


def _x_title(sheet: Sheet, x: float, y: float, words: str, width: float) -> None:
    sheet.text(min(x, sheet.width - widest([words]) / 2 - 1), y, words if widest([words]) <= width else wrapped(words, width)[0], across="center")


def end_of(ends: Sequence[float], until: float | None, scale: float) -> float:
    """Where the axis ends, in its unit: at ``until`` (in days) or with the longest follow-up; 1 where nobody is followed beyond 0."""
    last = max(ends, default=0.0) if until is None else until / scale
    return last if last > 0 else 1.0


def cut(label: str, look: Look, time: Floats, value: Floats, lower: Floats, upper: Floats, *, start: tuple[float, float, float], last: float, end: float,
        censored: Floats) -> Steps:
    """A step function that begins at 0 with ``start`` (value and limits) and is cut at ``end``; a row at time 0 takes the place of the start."""
    inside = time <= end
    xs, ys, lows, highs = (np.concatenate([[a], b[inside]]) for a, b in ((0.0, time), (start[0], value), (start[1], lower), (start[2], upper)))
    return Steps(label, look, xs, ys, lows, highs, max(min(last, end), 0.0), censored[censored <= end])
