"""Stacked bars of shares with the counts in them; who is not known is counted apart, beside the bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cohort.parts import Shares
from tocsin.errors import CohortError
from tocsin.show import palette
from tocsin.show.cohort.arms import look_of, on, place_of
from tocsin.show.cohort.key import Entry, Key, patch_sign
from tocsin.show.cohort.sheet import Sheet, line_height, nothing, widest, width_of, wrapped
from tocsin.show.cohort.ticks import put

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR = 5.2
STEP = 8.0
UNKNOWN = 12.0


def draw_shares(drawing: Shares, arms: Sequence[str]) -> Figure:
    """One bar a group; CohortError where the counts of a group do not add up to its number."""
    if not drawing.groups:
        return nothing("No group of patients: there are no shares to draw.")
    for (label, n), counts in zip(drawing.groups, drawing.counts, strict=True):
        if sum(counts) != n:
            raise CohortError(f"Shares of {label!r}: the counts of the levels add up to {sum(counts)}, but {n} are known.")
    colours = [palette.GRADE_COLOURS[g] for g in drawing.grades] if drawing.grades else level_colours(len(drawing.levels))
    unknown = any(drawing.unknown)
    whole = widest([label for label, _ in drawing.groups])
    sheet_width = palette.COLUMN if whole <= 24.0 and len(drawing.levels) <= 6 else palette.WIDTH
    names_width = min(max(whole, 12.0), 0.3 * sheet_width)
    names = [wrapped(label, names_width) for label, _ in drawing.groups]
    left = 3.0 + names_width + 2.0
    plot = sheet_width - left - (UNKNOWN + 5.0 if unknown else 5.0)
    entries = [Entry(patch_sign(c), level) for c, level in zip(colours, drawing.levels, strict=True)]
    if unknown:
        entries.append(Entry(patch_sign("white", palette.HATCH_COLOUR, palette.HATCH), "not known, counted apart"))
    key = Key(entries, sheet_width - 6.0)
    steps = [max(STEP, (len(lines) + 1) * line_height(palette.TEXT) + 1.6) for lines in names]
    top = 2.0 + key.height + (1.8 if not unknown else 4.6)
    high = sum(steps)
    sheet = Sheet(sheet_width, top + high + 10.0)
    key.draw(sheet, 3.0, 1.5)
    axes = sheet.axes(left, top, plot, high, spines="b")
    axes.set_xlim(0, 100)
    axes.set_ylim(high, 0)
    put(axes, "x", [0, 25, 50, 75, 100])
    put(axes, "y", [])
    sheet.text(left + plot / 2, top + high + 6.2, drawing.label, across="center")
    if unknown:
        sheet.text(left + plot + 4.0 + UNKNOWN / 2, top - 1.8, "not known", size=palette.SMALL, colour=palette.QUIET, across="center")
    y = 0.0
    for k, ((label, n), counts, lines, step) in enumerate(zip(drawing.groups, drawing.counts, names, steps, strict=True)):
        middle = y + step / 2
        first = top + middle - len(lines) * line_height(palette.TEXT) / 2
        place = place_of(label, arms)
        if place >= 0:
            sheet.box(1.2, top + middle - BAR / 2, 0.9, BAR, facecolor=look_of(place).colour, edgecolor="none")
        sheet.lines(3.0, first, lines)
        sheet.text(3.0, first + len(lines) * line_height(palette.TEXT), f"n = {n}", size=palette.SMALL, colour=palette.QUIET)
        done = 0
        for count, colour in zip(counts, colours, strict=True):
            if not count:
                continue
            start, share = done / n, count / n
            done += count
            sheet.box(left + start * plot, top + middle - BAR / 2, share * plot, BAR, facecolor=colour, edgecolor="white", linewidth=0.4)
            words = next((w for w in (f"{count} ({100 * share:.0f}%)", str(count)) if width_of(w, palette.SMALL) + 1.4 <= share * plot), "")
            if words:
                sheet.text(left + (start + share / 2) * plot, top + middle, words, size=palette.SMALL, colour=on(colour), across="center")
        if n:
            sheet.box(left, top + middle - BAR / 2, plot, BAR, facecolor="none", edgecolor=palette.QUIET, linewidth=0.35)
        else:
            sheet.text(left + 1.5, top + middle, "nobody known", size=palette.SMALL, colour=palette.QUIET)
        missing = drawing.unknown[k] if k < len(drawing.unknown) else 0
        if missing:
            words = str(missing)
            wide = max(width_of(words, palette.SMALL) + 1.6, 4.0)
            x = left + plot + 4.0 + UNKNOWN / 2
            sheet.box(x - wide / 2 - 1.2, top + middle - BAR / 2, wide + 2.4, BAR, facecolor="white", edgecolor=palette.HATCH_COLOUR, hatch=palette.HATCH,
                      linewidth=0.35)
            sheet.box(x - wide / 2, top + middle - 1.4, wide, 2.8, facecolor="white", edgecolor="none")
            sheet.text(x, top + middle, words, size=palette.SMALL, across="center")
        y += step
    return sheet.figure


def level_colours(count: int) -> list[str]:
    """So many colours from dark to light, mixed from those of the palette where they do not suffice."""
    known = palette.LEVEL_COLOURS
    if count <= len(known):
        return list(known[:count])
    out = []
    for k in range(count):
        at = k * (len(known) - 1) / (count - 1)
        low = min(int(at), len(known) - 2)
        out.append(_mixed(known[low], known[low + 1], at - low))
    return out


def _mixed(one: str, two: str, share: float) -> str:
    parts = [(int(one[k:k + 2], 16), int(two[k:k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)
