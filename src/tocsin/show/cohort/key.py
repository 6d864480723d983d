"""The legend of a figure: signs with their meaning in lines from left to right, above what they explain, where they cover no data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.show import palette
from tocsin.show.cohort.sheet import Sheet, clean, line_height, width_of, wrapped

GAP = 4.0
SIGN_GAP = 1.2


@dataclass(frozen=True)
class Sign:
    """A sign of the legend: a line with or without a mark, a mark alone, or a patch, ``width`` millimetres wide."""

    kind: str
    style: dict[str, Any]
    width: float = 6.0


@dataclass(frozen=True)
class Entry:
    """A sign, what it means, and the colour of the words."""

    sign: Sign | None
    words: str
    colour: str = palette.INK
    bold: bool = False


def line_sign(colour: str, style: Any = "-", mark: str = "", width: float = 1.1) -> Sign:
    """A line, with a mark in its middle where one is given."""
    return Sign("line", {"color": colour, "linestyle": style, "linewidth": width, "marker": mark or "None", "markersize": 3.2})


def mark_sign(mark: Any, face: str, edge: str, size: float = 3.6, width: float = 0.7) -> Sign:
    """A mark alone."""
    return Sign("mark", {"marker": mark, "markerfacecolor": face, "markeredgecolor": edge, "markersize": size, "markeredgewidth": width,
                         "linestyle": "none"}, 2.4)


def patch_sign(face: str, edge: str = palette.QUIET, hatch: str = "") -> Sign:
    """A small rectangle."""
    return Sign("patch", {"facecolor": face, "edgecolor": edge, "linewidth": 0.35, **({"hatch": hatch} if hatch else {})}, 4.0)


@dataclass(frozen=True)
class _Placed:
    entry: Entry
    x: float
    y: float
    lines: tuple[str, ...]


class Key:
    """Entries set into a width; ``height`` is what they need in millimetres, 0 without entries."""

    def __init__(self, entries: Sequence[Entry], width: float, size: float = palette.SMALL, stacked: bool = False) -> None:
        self.size, self.width = size, 0.0
        self.placed: list[_Placed] = []
        step = line_height(size) * 1.1
        x = y = 0.0
        for entry in entries:
            before = entry.sign.width + SIGN_GAP if entry.sign else 0.0
            wide = before + width_of(clean(entry.words), size, entry.bold)
            if x and (stacked or x + wide > width):
                x, y = 0.0, y + step
            lines = wrapped(entry.words, max(width - before, 5.0), size, entry.bold) if wide > width else [clean(entry.words)]
            self.placed.append(_Placed(entry, x, y, tuple(lines)))
            y += (len(lines) - 1) * line_height(size)
            self.width = max(self.width, x + min(wide, width))
            x = width + 1 if len(lines) > 1 else x + wide + GAP
        self.height = y + step if self.placed else 0.0

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        """Draw every entry, the top left corner of the first at a place."""
        half = line_height(self.size) * 0.55
        for one in self.placed:
            x, y = left + one.x, top + one.y + half
            sign = one.entry.sign
            if sign is not None:
                _draw(sheet, sign, x, y)
                x += sign.width + SIGN_GAP
            sheet.lines(x, y, one.lines, size=self.size, colour=one.entry.colour, bold=one.entry.bold)


def _draw(sheet: Sheet, sign: Sign, x: float, y: float) -> None:
    if sign.kind == "patch":
        sheet.box(x, y - 1.15, sign.width, 2.3, **sign.style)
    elif sign.kind == "mark":
        sheet.line([x + sign.width / 2], [y], **sign.style)
    else:
        sheet.line([x, x + sign.width / 2, x + sign.width], [y] * 3, markevery=[1], **sign.style)
