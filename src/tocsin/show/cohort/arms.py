"""The look of an arm: colour, line and mark by its place among the arms, the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tocsin.show import palette


@dataclass(frozen=True)
class Look:
    """A colour with its second cues: the style of a line, and a mark."""

    colour: str
    line: Any
    mark: str


ALONE = Look(palette.INK, "-", "o")
"""A curve of everybody belongs to no arm."""


def look_of(place: int) -> Look:
    """The look of the arm at a place; a place below 0 is no arm."""
    if place < 0:
        return ALONE
    return Look(palette.ARM_COLOURS[place % len(palette.ARM_COLOURS)], palette.ARM_LINES[place % len(palette.ARM_LINES)],
                palette.ARM_MARKERS[place % len(palette.ARM_MARKERS)])


def place_of(label: str, arms: Sequence[str]) -> int:
    """The place of the arm that a label names, alone or followed by a bracket, comma or colon ("tocilizumab (n = 17)"); -1 if none."""
    named = [k for k, arm in enumerate(arms) if label == arm or any(label.startswith(arm + after) for after in (" (", ", ", ": "))]
    return max(named, key=lambda k: len(arms[k]), default=-1)


def looks(labels: Sequence[str], arms: Sequence[str]) -> tuple[Look, ...]:
    """The look of each label: that of its arm; others take the looks that no arm has, and one label that is no arm stands alone in ink."""
    places = [place_of(label, arms) for label in labels]
    if len(labels) == 1 and places[0] < 0:
        return (ALONE,)
    free = len(arms)
    out = []
    for place in places:
        if place < 0:
            place, free = free, free + 1
        out.append(look_of(place))
    return tuple(out)


def pale(colour: str, share: float = 0.82) -> str:
    """The colour mixed with white; ``share`` is that of the white."""
    parts = [int(colour[k:k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(p + (255 - p) * share):02x}" for p in parts)


def on(colour: str) -> str:
    """Black or white, whichever is read on this colour (by relative luminance as WCAG 2.2 defines it)."""
    parts = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 else palette.INK
