"""The graded bands on top of the figure: a step profile of the grade, with what is not known hatched.

The solid part is what is certain ("at least"), its height and colour the grade; the hatched part above it is what is possible
("at most").  A diamond is the grade that the record itself states.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tocsin.show import palette
from tocsin.show.place import Placer
from tocsin.show.span import Span
from tocsin.show.steps import Course, Step, runs
from tocsin.timeline import HOURS_A_DAY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BASE = 0.45
TOP_GRADE = 4

REPORTED_CONCEPT = {"CRS": "reported_crs_grade", "ICANS": "reported_icans_grade"}


def level(grade: float) -> float:
    """How high a grade stands in its band; grade 0 is a thin line, not nothing."""
    return BASE + min(grade, 5.0)


def draw_band(axes: Axes, course: Course, span: Span, reported: Sequence[dict[str, Any]], placer: Placer) -> None:
    """One scale's course; each step links to its reasons."""
    top = 5 if any(s.at_least >= 5 for s in course.steps) else TOP_GRADE
    axes.set_ylim(0, level(top) + 0.6)
    axes.set_yticks([level(g) for g in range(1, top + 1)], [str(g) for g in range(1, top + 1)], fontsize=palette.TINY)
    axes.tick_params(axis="y", length=0, pad=1.5)
    for grade in range(1, top + 1):
        axes.axhline(level(grade), color=palette.RULE, linewidth=0.35, zorder=0)
    for step in course.steps:
        _cell(axes, step, span, top)
    marks = _reported(axes, course, span, reported)
    placer.take_points(axes, [x for x, _ in marks], [y for _, y in marks], 3.2)
    for run in runs(course.steps):
        _number(axes, run, span, placer)


def _edges(step: Step, span: Span) -> tuple[float, float] | None:
    start = max(step.start / HOURS_A_DAY, span.first)
    end = min(step.end / HOURS_A_DAY if step.end is not None else span.last, span.last)
    return (start, end) if end > start else None


def _cell(axes: Axes, step: Step, span: Span, top: int) -> None:
    from matplotlib.patches import Rectangle

    edges = _edges(step, span)
    if edges is None:
        return
    start, end = edges
    low, high = level(step.at_least), level(min(step.at_most, top))
    parts = []
    if not step.not_known:
        parts.append(Rectangle((start, 0), end - start, low, facecolor=palette.GRADE_COLOURS[step.at_least], linewidth=0, zorder=2))
    if high > low:
        floor = 0.0 if step.not_known else low
        parts.append(Rectangle(
            (start, floor), end - start, high - floor, facecolor="white", edgecolor=palette.HATCH_COLOUR,
            hatch=palette.HATCH, linewidth=0, zorder=1.5,
        ))
        axes.plot([start, end], [high, high], color=palette.HATCH_COLOUR, linewidth=0.5, zorder=1.6, solid_capstyle="butt")
    for position, part in enumerate(parts):
        part.set_gid(f"band-{step.key}-{step.count}" + ("" if position == 0 else "-range"))
        part.set_url(f"#{step.anchor}")
        axes.add_patch(part)


def _number(axes: Axes, run: Sequence[Step], span: Span, placer: Placer) -> None:
    """The grade in figures, where the run is wide enough for it."""
    edges = [e for e in (_edges(s, span) for s in run) if e]
    if not edges:
        return
    step, start, end = run[0], edges[0][0], edges[-1][1]
    solid = not step.not_known and step.at_most == step.at_least
    if solid and step.at_least >= 1:
        y, colour, box = level(step.at_least) / 2, palette.GRADE_TEXT[step.at_least], None
    elif solid:
        y, colour, box = BASE + 0.75, palette.QUIET, None
    else:
        floor = 0.0 if step.not_known else level(step.at_least)
        y, colour = (floor + level(min(step.at_most, TOP_GRADE))) / 2, palette.INK
        box = {"boxstyle": "square,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    label = axes.text(
        (start + end) / 2, y, step.label, ha="center", va="center_baseline", fontsize=palette.TEXT if solid else palette.SMALL,
        fontweight="bold" if solid and step.at_least else "normal", color=colour, bbox=box, zorder=4,
    )
    width, height = placer.size(label)
    room = axes.transData.transform([(end, 0)])[0][0] - axes.transData.transform([(start, 0)])[0][0]
    x, middle = axes.transData.transform([((start + end) / 2, y)])[0]
    place = (x - width / 2, middle - height / 2, x + width / 2, middle + height / 2)
    if width + 2 > room or not placer.free(place):
        label.remove()
    else:
        label.set_url(f"#{step.anchor}")
        placer.take([place])


def _reported(axes: Axes, course: Course, span: Span, events: Sequence[dict[str, Any]]) -> list[tuple[float, float]]:
    """The grades that the record states, as diamonds at their height, with a whisker over the time they may mean."""
    marks = []
    wanted = REPORTED_CONCEPT.get(course.syndrome)
    for event in events:
        if event["concept"] != wanted or event["value"] is None or not _may_mean(event, course):
            continue
        first, last = event["hour"] / HOURS_A_DAY, (event["hour_latest"] or event["hour"]) / HOURS_A_DAY
        x, y = (first + last) / 2, level(event["value"])
        if not span.first <= x <= span.last:
            continue
        if last > first:
            axes.plot([first, last], [y, y], color=palette.REPORTED, linewidth=0.9, zorder=5, solid_capstyle="butt")
        axes.plot(
            [x], [y], marker="D", markersize=4.6, markerfacecolor="white", markeredgecolor=palette.REPORTED,
            markeredgewidth=1.1, zorder=6, clip_on=False,
        )
        marks.append((x, y))
    return marks


def _may_mean(event: dict[str, Any], course: Course) -> bool:
    """A reported grade that names its scale stands only in the row of that scale."""
    said = set(re.findall(r"[a-z]+", str(event.get("text") or "").lower()))
    mine = course.grades.scale.id.split("-")[0]
    return mine in said or not said & {"astct", "cartox", "lee", "penn", "ctcae", "mskcc", "ebmt"}
