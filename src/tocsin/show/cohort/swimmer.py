"""Swimmer plot: one lane a patient with the grades over time, the drugs given, and what became of the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tocsin.cohort.parts import Lane, Swimmer
from tocsin.show import palette
from tocsin.show.cohort.arms import look_of
from tocsin.show.cohort.key import Entry, Key, line_sign, mark_sign, patch_sign
from tocsin.show.cohort.sheet import Sheet, clean, line_height, nothing, width_of, wrapped
from tocsin.show.cohort.ticks import days_between, put, tick_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMED_UP_TO = 80
"""Lanes; more are drawn thin, without names."""
PIXELS_FROM = 300
"""Lanes; from here on the lanes are an image within the vector file, for no reader can tell their edges."""
TALLEST = 180.0
THIN = 165.0
HEADING = 5.0
WIDEST_NAME = 24.0
EARLIEST = -14.0
DOSE_MARKS = ("v", "o", "s", "^", "D", "p", "<", "h")
FIXED_DOSES = {"tocilizumab": "v", "corticosteroid": "o"}
EVENT_MARKS: dict[str, tuple[Any, str, str, float]] = {
    "death": ("X", palette.INK, "#ffffff", 5.0), "progression": ("*", "#ffffff", palette.INK, 6.0), "relapse": ("*", "#ffffff", palette.INK, 6.0),
    "discharge": ("|", palette.INK, palette.INK, 6.0),
}
"""Mark, face, edge and size of what happens to a patient; anything else gets one of OTHER_EVENTS."""
OTHER_EVENTS = ("P", "h", "d", "8", "H")
MOST_LATER = 3
"""Events after the days drawn that stand beside a lane."""
TRACK = "#8a8a8a"
THIN_TRACK = "#d3e3ee"
THIN_DOSES = ("#000000", "#0077bb", "#117733", "#aa4499")
"""Colours of the first doses in lanes too thin for shapes."""
COUNTED_WHEN_THIN = ("discharge",)
"""Events that nearly everybody has: in thin lanes they are counted below, not drawn."""


@dataclass(frozen=True)
class _Plan:
    """Where the lanes lie: the middle of each in millimetres, their height, and the first and last day drawn."""

    middles: tuple[float, ...]
    headings: tuple[tuple[float, float, int, int], ...]
    lane: float
    high: float
    first: float
    last: float

    @property
    def thin(self) -> bool:
        return len(self.middles) > NAMED_UP_TO


def draw_swimmer(drawing: Swimmer, arms: Sequence[str]) -> Figure:
    """Lanes in their order, a heading with the number of lanes above each arm.

    What happened after ``until`` stands with its day to the right of the lane; in thin lanes it is counted below, and only the first dose of each
    drug is marked.
    """
    if not drawing.lanes:
        return nothing(f"{drawing.syndrome}: no patient with a known course.")
    plan = _plan(drawing)
    doses = _dose_marks(drawing)
    events = _event_marks(drawing)
    later = [] if plan.thin else [_later(lane, plan.last) for lane in drawing.lanes]
    gutter = max((sum(_later_width(day) for day, _ in some) for some in later), default=0.0)
    names = [] if plan.thin else [_short(lane.patient) for lane in drawing.lanes]
    left = 6.0 + max([width_of(n, palette.SMALL) for n in names], default=0.0) + (1.5 if names else 0.0)
    plot = palette.WIDTH - left - max(gutter + 3.0 if gutter else 0.0, 5.0)
    key = Key(_entries(drawing, plan, doses, events), palette.WIDTH - 6.0)
    remarks = [line for words in _remarks(drawing, plan) for line in wrapped(words, palette.WIDTH - 6.0, palette.SMALL)]
    top = 2.0 + key.height + 1.5
    sheet = Sheet(palette.WIDTH, top + plan.high + 10.5 + len(remarks) * line_height(palette.SMALL))
    key.draw(sheet, 3.0, 1.5)
    axes = sheet.axes(left, top, plot, plan.high, spines="b")
    axes.set_xlim(plan.first, plan.last)
    axes.set_ylim(plan.high, 0)
    put(axes, "x", days_between(plan.first, plan.last, 12))
    put(axes, "y", [])
    _draw_lanes(axes, drawing, plan)
    _draw_doses(axes, drawing, plan, doses)
    _draw_events(axes, drawing, plan, events)
    for start, end, arm, count in plan.headings:
        words = f"{drawing.arms[arm]} (n = {count})" if 0 <= arm < len(drawing.arms) else f"other (n = {count})"
        sheet.text(5.0, top + start + HEADING / 2 + 0.2, words, bold=True)
        sheet.box(2.0, top + start + 0.8, 1.1, end - start - 1.0, facecolor=look_of(arm).colour, edgecolor="none")
    for name, middle in zip(names, plan.middles, strict=False):
        sheet.text(left - 1.5, top + middle, name, size=min(palette.SMALL, plan.lane / line_height(1.0) * 1.15), across="right")
    for some, middle in zip(later, plan.middles, strict=False):
        x = left + plot + 3.0
        for day, kind in some:
            mark, face, edge, size = events[kind]
            sheet.line([x + 0.8], [top + middle], marker=mark, markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.5,
                       markersize=min(size, plan.lane * 2.2), linestyle="none")
            sheet.text(x + 2.1, top + middle, _day(day), size=palette.TINY)
            x += _later_width(day)
    sheet.text(left + plot / 2, top + plan.high + 6.2, "Days since the infusion", across="center")
    sheet.lines(3.0, top + plan.high + 10.2, remarks, size=palette.SMALL, colour=palette.QUIET)
    return sheet.figure


def _plan(drawing: Swimmer) -> _Plan:
    count = len(drawing.lanes)
    blocks: list[tuple[int, int]] = []
    for lane in drawing.lanes:
        if blocks and blocks[-1][0] == lane.arm:
            blocks[-1] = (lane.arm, blocks[-1][1] + 1)
        else:
            blocks.append((lane.arm, 1))
    height = min(3.7, TALLEST / count) if count <= NAMED_UP_TO else THIN / count
    middles: list[float] = []
    headings = []
    y = 0.0
    for arm, some in blocks:
        start, y = y, y + HEADING
        middles += [y + (k + 0.5) * height for k in range(some)]
        y += some * height
        headings.append((start, y, arm, some))
        y += 1.0
    starts = [a for lane in drawing.lanes for a, _, _ in lane.grades] + [d for lane in drawing.lanes for d, _ in (*lane.doses, *lane.events)]
    first = max(min([0.0, *starts]), EARLIEST)
    last = drawing.until if drawing.until > first else first + 1.0
    return _Plan(tuple(middles), tuple(headings), height, y, first, last)


def _short(name: str, size: float = palette.SMALL) -> str:
    """The name, without its beginning where it is too wide."""
    name = clean(name)
    if width_of(name, size) <= WIDEST_NAME:
        return name
    return next(f"…{name[k:]}" for k in range(1, len(name) + 1) if width_of(f"…{name[k:]}", size) <= WIDEST_NAME)


def _dose_marks(drawing: Swimmer) -> dict[str, str]:
    """The two drugs of every study first, with their own marks; others by name with what is left."""
    kinds = {kind for lane in drawing.lanes for _, kind in lane.doses}
    fixed = {kind: mark for kind, mark in FIXED_DOSES.items() if kind in kinds}
    free = [m for m in DOSE_MARKS if m not in FIXED_DOSES.values()]
    return fixed | {kind: free[k % len(free)] for k, kind in enumerate(sorted(kinds - set(fixed)))}


def _event_marks(drawing: Swimmer) -> dict[str, tuple[Any, str, str, float]]:
    kinds = sorted({kind for lane in drawing.lanes for _, kind in lane.events}, key=lambda k: (k not in EVENT_MARKS, k))
    others = [k for k in kinds if k not in EVENT_MARKS]
    return {k: EVENT_MARKS.get(k) or (OTHER_EVENTS[others.index(k) % len(OTHER_EVENTS)], "#ffffff", palette.INK, 4.5) for k in kinds}


def _later(lane: Lane, last: float) -> list[tuple[float, str]]:
    """The first events after the days drawn; the rest is counted below."""
    return sorted((day, kind) for day, kind in lane.events if day > last)[:MOST_LATER]


def _day(day: float) -> str:
    return f"day {tick_words(round(day))}"


def _later_width(day: float) -> float:
    return 2.1 + width_of(_day(day), palette.TINY) + 1.5


def _entries(drawing: Swimmer, plan: _Plan, doses: dict[str, str], events: dict[str, tuple[Any, str, str, float]]) -> list[Entry]:
    grades = sorted({grade for lane in drawing.lanes for _, _, grade in lane.grades})
    out = [Entry(None, f"{drawing.syndrome} grade", bold=True)]
    out += [Entry(patch_sign(palette.GRADE_COLOURS[g]), str(g)) for g in grades if g in palette.GRADE_COLOURS]
    if any(g not in palette.GRADE_COLOURS for g in grades):
        out.append(Entry(patch_sign("white", palette.HATCH_COLOUR, palette.HATCH), "not known"))
    out.append(Entry(patch_sign(THIN_TRACK) if plan.thin else line_sign(TRACK, width=0.7), "followed, no grade told"))
    if not plan.thin and any(_goes_on(lane, plan.last) for lane in drawing.lanes):
        out.append(Entry(mark_sign(">", TRACK, TRACK, 3.2), "followed further"))
    if plan.thin:
        out += [Entry(mark_sign("o", c, c, 2.4), f"first {kind}") for kind, c in _thin_colours(doses)]
    else:
        out += [Entry(mark_sign(mark, "#ffffff", palette.INK, 3.6), kind) for kind, mark in doses.items()]
    out += [Entry(mark_sign(mark, face, edge, min(size, 5.0)), kind) for kind, (mark, face, edge, size) in events.items() if _drawn(kind, plan)]
    return out


def _thin_colours(doses: dict[str, str]) -> list[tuple[str, str]]:
    return [(kind, THIN_DOSES[k % len(THIN_DOSES)]) for k, kind in enumerate(doses)]


def _drawn(kind: str, plan: _Plan) -> bool:
    return not (plan.thin and kind in COUNTED_WHEN_THIN)


def _goes_on(lane: Lane, last: float) -> bool:
    return (lane.goes_on or lane.end > last) and not any(kind == "death" and day <= last for day, kind in lane.events)


def _remarks(drawing: Swimmer, plan: _Plan) -> list[str]:
    """What is not drawn, counted."""
    doses = sum(not plan.first <= day <= plan.last for lane in drawing.lanes for day, _ in lane.doses)
    events = sum(day < plan.first or (plan.thin and day > plan.last) for lane in drawing.lanes for day, kind in lane.events
                 if _drawn(kind, plan))
    if not plan.thin:
        events += sum(max(sum(day > plan.last for day, _ in lane.events) - MOST_LATER, 0) for lane in drawing.lanes)
    out = []
    for kind in COUNTED_WHEN_THIN if plan.thin else ():
        count = sum(k == kind for lane in drawing.lanes for _, k in lane.events)
        if count:
            out.append(f"Not drawn in so many lanes: {kind} of {count} patients.")
    if doses or events:
        counted = " and ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((doses, "dose"), (events, "event")) if n)
        out.append(f"Not drawn: {counted} outside days {tick_words(plan.first)} to {tick_words(plan.last)}.")
    return out


def _draw_lanes(axes: Axes, drawing: Swimmer, plan: _Plan) -> None:
    from matplotlib.collections import LineCollection

    pixels = len(drawing.lanes) > PIXELS_FROM
    half = plan.lane * (0.5 if plan.thin else 0.39)
    tracks = [(plan.first if lane.end < 0 else 0.0, min(lane.end, plan.last), y) for lane, y in zip(drawing.lanes, plan.middles, strict=True)]
    if plan.thin:
        _bars(axes, tracks, half, facecolor=THIN_TRACK, edgecolor="none", zorder=1, rasterized=pixels)
    else:
        axes.add_collection(LineCollection([((a, y), (b, y)) for a, b, y in tracks], colors=TRACK, linewidths=0.7, zorder=1), autolim=False)
    spans: dict[int, list[tuple[float, float, float]]] = {}
    for lane, y in zip(drawing.lanes, plan.middles, strict=True):
        for start, end, grade in lane.grades:
            a, b = max(start, plan.first), min(end, plan.last)
            if b > a:
                spans.setdefault(grade if grade in palette.GRADE_COLOURS else -1, []).append((a, b, y))
    for grade, some in sorted(spans.items()):
        if grade < 0:
            _bars(axes, some, half, facecolor="white", edgecolor=palette.HATCH_COLOUR, hatch=palette.HATCH, linewidth=0.0 if plan.thin else 0.3, zorder=2,
                  rasterized=pixels)
        else:
            _bars(axes, some, half, facecolor=palette.GRADE_COLOURS[grade], edgecolor="none" if plan.thin else "white",
                  linewidth=0.0 if plan.thin else 0.25, zorder=2, rasterized=pixels)
    if not plan.thin:
        ends = [(min(lane.end, plan.last), y) for lane, y in zip(drawing.lanes, plan.middles, strict=True) if _goes_on(lane, plan.last)]
        axes.plot([x for x, _ in ends], [y for _, y in ends], linestyle="none", marker=">", markersize=min(3.2, plan.lane * 1.5), color=TRACK,
                  clip_on=False, zorder=3)


def _bars(axes: Axes, spans: Sequence[tuple[float, float, float]], half: float, **style: Any) -> None:
    """Rectangles (from, to, middle) as one path, so that thousands cost what one does."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not spans:
        return
    start, end, y = np.array(spans).T
    corners = np.stack([np.column_stack([x, z]) for x, z in ((start, y - half), (end, y - half), (end, y + half), (start, y + half), (start, y - half))], 1)
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], np.uint8), len(spans))
    axes.add_artist(PathPatch(Path(corners.reshape(-1, 2), codes), **style))


def _draw_doses(axes: Axes, drawing: Swimmer, plan: _Plan, doses: dict[str, str]) -> None:
    """Each kind of drug in its own part of the lane, so that drugs of one day do not cover each other."""
    if plan.thin:
        for kind, colour in _thin_colours(doses):
            firsts = [(min(days), y) for lane, y in zip(drawing.lanes, plan.middles, strict=True)
                      if (days := [day for day, k in lane.doses if k == kind and plan.first <= day <= plan.last])]
            axes.plot([x for x, _ in firsts], [y for _, y in firsts], linestyle="none", marker="o", markersize=max(min(1.8, plan.lane * 2.2), 0.7),
                      markerfacecolor=colour, markeredgewidth=0, zorder=5, rasterized=len(drawing.lanes) > PIXELS_FROM)
        return
    parts = min(len(doses), 3)
    for number, (kind, mark) in enumerate(doses.items()):
        shift = ((number % 3) - (parts - 1) / 2) * plan.lane * 0.72 / parts
        places = []
        for lane, y in zip(drawing.lanes, plan.middles, strict=True):
            days = sorted(day for day, k in lane.doses if k == kind and plan.first <= day <= plan.last)
            places += [(day, y + shift) for day in days]
        size = max(min(3.6, plan.lane * 2.3 / max(parts, 1) ** 0.7), 0.9)
        axes.plot([x for x, _ in places], [y for _, y in places], linestyle="none", marker=mark, markersize=size, markerfacecolor="#ffffff",
                  markeredgecolor=palette.INK, markeredgewidth=0.45, zorder=5, clip_on=False)


def _draw_events(axes: Axes, drawing: Swimmer, plan: _Plan, events: dict[str, tuple[Any, str, str, float]]) -> None:
    for kind, (mark, face, edge, size) in events.items():
        if not _drawn(kind, plan):
            continue
        places = [(day, y) for lane, y in zip(drawing.lanes, plan.middles, strict=True) for day, k in lane.events
                  if k == kind and plan.first <= day <= plan.last]
        axes.plot([x for x, _ in places], [y for _, y in places], linestyle="none", marker=mark, markersize=max(min(size, plan.lane * 2.2), 2.2),
                  markerfacecolor=face, markeredgecolor=edge, markeredgewidth=0.2 if plan.thin else 0.5 if mark != "|" else 1.2, zorder=6, clip_on=False,
                  rasterized=len(drawing.lanes) > PIXELS_FROM)
