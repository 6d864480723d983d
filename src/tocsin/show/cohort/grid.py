"""Panels of one figure in rows and columns, with room for what stands above, beside and below each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.show import palette
from tocsin.show.cohort.sheet import Sheet, line_height, widest, wrapped
from tocsin.show.cohort.ticks import log_ticks, tick_words, value_ticks

SIDE = 2.0
BETWEEN = 4.0


@dataclass(frozen=True)
class Scale:
    """The y axis of a panel: its ends and its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool

    @property
    def room(self) -> float:
        """Millimetres from the left of a panel to its axis: title, numbers and ticks."""
        return 4.2 + widest([tick_words(t) for t in self.ticks], palette.SMALL) + 1.8

    def inside(self, value: float) -> float:
        """The value, or the lower edge where a logarithmic axis cannot show it."""
        return max(value, self.low) if self.log else value


def scale_of(values: Sequence[float], log: bool, millimetres: float, from_zero: bool = False) -> Scale:
    """An axis for the values, beginning at 0 where asked for or near it; a logarithmic one keeps values of 0 or less at a distance at its lower edge."""
    most = max(3, int(millimetres / 7))
    if log:
        above = [v for v in values if v > 0]
        low, high = (min(above), max(above)) if above else (0.1, 1.0)
        if high / low < 10:
            middle = (low * high) ** 0.5
            low, high = min(low, middle / 10**0.5), max(high, middle * 10**0.5)
        pad = (high / low) ** 0.05
        low, high = low / pad ** (2 if len(above) < len(values) else 1), high * pad
        return Scale(low, high, tuple(log_ticks(low, high, most)), True)
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if 0 <= low < 0.5 * high or (from_zero and low >= 0):
        low = 0.0
    span = high - low or abs(high) or 1.0
    low, high = (low if low == 0 else low - 0.06 * span), high + 0.06 * span
    return Scale(low, high, tuple(value_ticks(low, high, most)), False)


@dataclass(frozen=True)
class Cell:
    """A panel's place in millimetres from the top left corner of the sheet: of its outer left edge, and of its plot."""

    outer: float
    left: float
    top: float
    width: float
    height: float


def across(count: int, columns: int, sheet_width: float, left_rooms: Sequence[float]) -> list[tuple[float, float, float]]:
    """For each panel its outer left edge, the left of its plot and the width of the plot; plots of one column stand under each other."""
    wide = (sheet_width - 2 * SIDE - (columns - 1) * BETWEEN) / columns
    rooms = [max((left_rooms[k] for k in range(c, count, columns)), default=0.0) for c in range(columns)]
    out = []
    for k in range(count):
        c = k % columns
        outer = SIDE + c * (wide + BETWEEN)
        out.append((outer, outer + rooms[c], wide - rooms[c] - 1.0))
    return out


def y_title(sheet: Sheet, x: float, top: float, height: float, words: str) -> None:
    """The name of the y axis with its unit, turned, in as many lines as it needs; its middle at ``x``."""
    lines = wrapped(words, height + 6.0, palette.SMALL)
    sheet.figure.text(x, top + height / 2, "\n".join(lines), transform=sheet.mm, fontsize=palette.SMALL, color=palette.INK, ha="center", va="center",
                      rotation=90, linespacing=1.1)


def y_title_lines(words: str, height: float) -> int:
    """How many lines ``y_title`` needs."""
    return len(wrapped(words, height + 6.0, palette.SMALL))


def lines_high(lines: Sequence[str], size: float) -> float:
    """The height of lines, in millimetres."""
    return len(lines) * line_height(size)
