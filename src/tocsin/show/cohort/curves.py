"""Kaplan-Meier curves with their bands, censoring and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.cohort.parts import Curves
from tocsin.show.cohort.arms import looks
from tocsin.show.cohort.step_chart import AtRisk, StepChart, cut, end_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_curves(drawing: Curves, arms: Sequence[str]) -> Figure:
    """The survival curves of the groups; each begins at 100% and ends with the last follow-up of its group."""
    found = looks(drawing.labels, arms)
    lasts = [float(c.time[-1]) / drawing.scale if len(c.time) else 0.0 for c in drawing.curves]
    end = end_of(lasts, drawing.until, drawing.scale)
    steps = tuple(
        cut(label, look, c.time / drawing.scale, c.survival, c.lower, c.upper, start=(1.0, 1.0, 1.0), last=last, end=end,
            censored=(c.time[c.censored > 0] if drawing.marks else c.time[:0]) / drawing.scale)
        for c, label, look, last in zip(drawing.curves, drawing.labels, found, lasts, strict=True))
    rows = tuple(AtRisk(label, look.colour, c) for c, label, look in zip(drawing.curves, drawing.labels, found, strict=True))
    medians = []
    if drawing.medians:
        for c, look in zip(drawing.curves, found, strict=True):
            value = c.median.value if len(c.time) else None
            if value is not None and value / drawing.scale <= end:
                medians.append((value / drawing.scale, look))
    return StepChart(steps, rows, drawing.time, drawing.label, drawing.scale, end, drawing.note, tuple(medians)).draw()
