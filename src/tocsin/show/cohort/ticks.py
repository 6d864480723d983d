"""Ticks at round numbers: of times in their unit, of values, and on a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = {
    "month": (1, 2, 3, 6, 12, 24, 36, 60, 120, 240),
    "day": (1, 2, 5, 7, 14, 28, 56, 84, 168, 364, 728, 1456),
    "week": (1, 2, 4, 8, 12, 26, 52, 104, 260),
    "year": (0.25, 0.5, 1, 2, 5, 10, 20),
}
"""Steps that suit a unit of time."""


def time_ticks(end: float, label: str, most: int = 8) -> list[float]:
    """Ticks from 0 to ``end`` in steps that suit the unit named in ``label``, ``most`` of them or fewer."""
    words = label.lower()
    known = next((steps for unit, steps in STEPS.items() if unit in words), ())
    step = next((s for s in known if end / s <= most - 1 and end >= s), None) or _round_step(end / max(most - 1, 1))
    return [k * step for k in range(math.floor(end / step * (1 + 1e-9)) + 1)]


def days_between(first: float, last: float, most: int = 8) -> list[float]:
    """Whole days in one of the steps of days (weeks, from three weeks on), 0 among them where it lies between."""
    steps: Sequence[float] = [s for s in STEPS["day"] if s != 5 or last - first < 20]
    step = next((s for s in steps if (last - first) / s <= most - 1), None) or _round_step((last - first) / (most - 1))
    return [k * step for k in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)] or [0.0]


def value_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Ticks at round values within a range."""
    step = _round_step((high - low) / max(most - 1, 1))
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Ticks at 1, 2, 5; 1, 3; or powers of ten, as many as there is room for."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for mantissas in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**k for k in range(first, last + 1) for m in mantissas if low * (1 - 1e-9) <= m * 10.0**k <= high * (1 + 1e-9)]
        if len(found) <= most:
            return found
    every = math.ceil(len(found) / most)
    return [t for t in found if round(math.log10(t)) % every == 0]


def _round_step(least: float) -> float:
    if not least > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= least * (1 - 1e-9))


def tick_words(value: float) -> str:
    """A tick as a reader expects it: 0.5, 10, 5000, 10⁶, with a true minus."""
    return "0" if value == 0 else number(value, 4).replace("-", "−", 1) if value > 0 else "−" + number(-value, 4)


def put(axes: Axes, which: str, ticks: Sequence[float], words: Sequence[str] | None = None) -> None:
    """Fixed ticks, without the minor ones that a scale makes by itself."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    names = [tick_words(t) for t in ticks] if words is None else list(words)
    axis.set_ticks(list(ticks), names)
    axis.set_ticks([], minor=True)
