"""Cumulative incidences of competing events: a colour an event, a style of line a group, numbers at risk by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tocsin.cohort.parts import Incidences
from tocsin.show import palette
from tocsin.show.cohort.arms import Look, place_of
from tocsin.show.cohort.step_chart import AtRisk, StepChart, cut, end_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MOST_BANDS = 2


def draw_incidences(drawing: Incidences, arms: Sequence[str]) -> Figure:
    """The curves as they are labelled; each begins at 0% and goes on flat from its last event to the last follow-up of its group.

    Of more than MOST_BANDS curves no band of confidence is drawn, because bands that lie on each other cannot be told apart.
    """
    banded = len(drawing.curves) <= MOST_BANDS
    causes = list(dict.fromkeys(c.cause for c in drawing.curves))
    groups = list(dict.fromkeys(c.label for c in drawing.curves))
    styles = {group: _line(group, number, arms) for number, group in enumerate(groups)}
    end = end_of([c.last / drawing.scale for c in drawing.curves], drawing.until, drawing.scale)
    steps = tuple(
        cut(label, Look(palette.EVENT_COLOURS[causes.index(c.cause) % len(palette.EVENT_COLOURS)], styles[c.label], ""), c.time / drawing.scale, c.incidence,
            c.lower if banded else np.full_like(c.lower, np.nan), c.upper if banded else np.full_like(c.upper, np.nan),
            start=(0.0, np.nan, np.nan), last=c.last / drawing.scale, end=end, censored=np.zeros(0))
        for c, label in zip(drawing.curves, drawing.labels, strict=True))
    rows = tuple(AtRisk(name, palette.INK, curve) for name, curve in zip(drawing.groups, drawing.at_risk, strict=True))
    return StepChart(steps, rows, drawing.time, drawing.label, drawing.scale, end, drawing.note).draw()


def _line(group: str, number: int, arms: Sequence[str]) -> object:
    place = place_of(group, arms)
    return palette.ARM_LINES[(place if place >= 0 else number) % len(palette.ARM_LINES)]
