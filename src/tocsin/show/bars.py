"""Rows of bars beneath the panels: signs, devices and drugs, with their doses where there is room.

What is certain is solid; the time in which something may have begun is a dashed outline; what is put down to another cause
than CRS is hollow; an open triangle is a dose that the guideline asked for at that turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.show import palette
from tocsin.show.panels import CRS_CAUSES
from tocsin.show.place import Placer
from tocsin.show.span import Span
from tocsin.show.values import Units, coded, short_title, value_words
from tocsin.timeline import HOURS_A_DAY
from tocsin.vocabulary import (
    ANTICYTOKINE,
    ANTIPYRETICS,
    CONCEPTS,
    CORTICOSTEROIDS,
    INOTROPES,
    LYMPHODEPLETION,
    VASOPRESSIN_LIKE,
    VASOPRESSORS,
    Domain,
    Kind,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CATEGORIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Cells and conditioning", "#3d3d3d", ("car_t_infusion", *LYMPHODEPLETION, "msc")),
    ("Signs", "#8a4a6b", ()),
    ("Breathing support", "#4477aa", ("oxygen_device", "ventilator_mode")),
    ("Circulation", "#aa3377", ("fluid_bolus", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor", "vasopressor_count", *INOTROPES)),
    ("Against cytokines", "#1f7a34", ANTICYTOKINE),
    ("Corticosteroids", "#8a6a00", (*CORTICOSTEROIDS, "intrathecal_dexamethasone")),
    ("Other treatment", "#666666", ANTIPYRETICS),
)

STATE_CONCEPTS = (Kind.STATE, Kind.FINDING)


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar, dose or sign: days, the time in which it may have begun, words, and how it is drawn."""

    first: float
    last: float
    window: float | None
    words: str
    point: bool
    hollow: bool = False
    absent: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One device, drug or sign."""

    concept: str
    title: str
    colour: str
    marks: tuple[Mark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one heading."""

    title: str
    rows: tuple[Row, ...]


def sections_of(
    events: Iterable[dict[str, Any]], span: Span, units: Units, due: Iterable[tuple[str, float]] = ()
) -> list[Section]:
    """The rows that have something within the days drawn; ``due`` are (concept, hour) that the guideline asked for."""
    by_concept: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if _is_bar(event) and span.holds(event["hour"], event["end_hour"] or event["hour_latest"]):
            by_concept.setdefault(event["concept"], []).append(event)
    marks = {name: _marks(some, units) for name, some in by_concept.items()}
    for name, hour in due:
        if name in CONCEPTS and span.holds(hour):
            day = hour / HOURS_A_DAY
            marks.setdefault(name, []).append(Mark(day, day, None, "", point=True, due=True))
    sections = []
    for title, colour, members in CATEGORIES:
        names = sorted((n for n in marks if _category(n) == title), key=lambda n: _order(n, members, marks[n]))
        rows = tuple(Row(n, short_title(n), colour, tuple(marks[n])) for n in names)
        if rows:
            sections.append(Section(title, rows))
    return sections


def _is_bar(event: dict[str, Any]) -> bool:
    concept = CONCEPTS[event["concept"]]
    if concept.name == "vasopressor_count":
        return bool(event["value"])
    return concept.kind in (Kind.STATE, Kind.FINDING, Kind.INFUSION, Kind.DOSE)


def _category(name: str) -> str:
    for title, _, members in CATEGORIES:
        if name in members:
            return title
    concept = CONCEPTS[name]
    if concept.kind in STATE_CONCEPTS and concept.domain in (Domain.FINDINGS, Domain.NEUROLOGY):
        return "Signs"
    return "Other treatment"


def _order(name: str, members: Sequence[str], marks: Sequence[Mark]) -> tuple[float, float, str]:
    place = members.index(name) if name in members else len(members)
    return (place if name == "car_t_infusion" else len(members), min(m.first for m in marks), name)


def _marks(events: Sequence[dict[str, Any]], units: Units) -> list[Mark]:
    out = []
    for event, after in zip(events, [*events[1:], None], strict=True):
        concept = CONCEPTS[event["concept"]]
        latest, end = event["hour_latest"], event["end_hour"]
        first = event["hour"]
        long_window = latest is not None and latest - first > HOURS_A_DAY + 1
        certain = latest if long_window else first
        held = concept.kind in (Kind.STATE, Kind.INFUSION)
        if end is not None and end > certain:
            last = end
        elif held and after is not None and after["hour"] > certain:
            last = min(after["hour"], certain + max((concept.carry_forward_hours or 0), HOURS_A_DAY))
        elif held:
            last = max(latest or 0.0, certain + (concept.carry_forward_hours or 0.0))
        else:
            last = latest if latest is not None and not long_window else certain
        nothing = event["text"] in ("absent", "none", "room_air") or event["value"] == 0
        out.append(Mark(
            certain / HOURS_A_DAY, max(last, certain) / HOURS_A_DAY, first / HOURS_A_DAY if long_window else None,
            _words(event, units), point=not (held or (end is not None and end > certain)),
            hollow=event["attribution"] not in CRS_CAUSES, absent=nothing,
        ))
    return out


def _words(event: dict[str, Any], units: Units) -> str:
    if event["text"] == "present":
        return ""
    if event["text"] and CONCEPTS[event["concept"]].kind in STATE_CONCEPTS:
        return coded(event["text"])
    return value_words(event, units)


def draw_rows(axes: Axes, sections: Sequence[Section], span: Span, placer: Placer) -> None:
    """Every row; y runs downwards, one unit a row, a little more above each section."""
    y = 0.0
    for number, section in enumerate(sections):
        if number:
            axes.axhline(y - 0.5 + SECTION_GAP / 2, color=palette.RULE, linewidth=0.4, zorder=0)
            y += SECTION_GAP
        for row in section.rows:
            for mark in row.marks:
                _draw_mark(axes, mark, y, row.colour, span)
            places = [x for m in row.marks if m.point for x in (m.first, (m.first + m.last) / 2)]
            placer.take_points(axes, places, [y] * len(places), 2.4)
            y += 1.0
    _labels(axes, sections, span, placer)


SECTION_GAP = 0.45


def rows_high(sections: Sequence[Section]) -> float:
    """The height of all rows, in rows."""
    return sum(len(s.rows) for s in sections) + SECTION_GAP * max(len(sections) - 1, 0)


def row_places(sections: Sequence[Section]) -> list[tuple[float, Row]]:
    """Where each row stands."""
    out, y = [], 0.0
    for number, section in enumerate(sections):
        y += SECTION_GAP if number else 0.0
        for row in section.rows:
            out.append((y, row))
            y += 1.0
    return out


def _draw_mark(axes: Axes, mark: Mark, y: float, colour: str, span: Span) -> None:
    from matplotlib.patches import Rectangle

    face = "white" if mark.hollow else colour
    if mark.due:
        axes.plot([mark.first], [y], marker="v", markersize=5.2, markerfacecolor="none", markeredgecolor=palette.INK,
                  markeredgewidth=0.9, linestyle="none", zorder=5)
        return
    if mark.window is not None:
        axes.add_patch(Rectangle((mark.window, y - 0.3), mark.first - mark.window, 0.6, facecolor="none", edgecolor=colour,
                                 linewidth=0.7, linestyle=(0, (3, 2)), zorder=2))
    if not mark.point:
        axes.add_patch(Rectangle(
            (mark.first, y - 0.32), max(mark.last - mark.first, 0.04), 0.64, facecolor="white" if mark.absent else face,
            edgecolor=colour, linewidth=0.7, zorder=3, alpha=1.0,
        ))
        return
    middle = (mark.first + mark.last) / 2
    if mark.last > mark.first:
        axes.plot([mark.first, mark.last], [y, y], color=colour, linewidth=0.8, zorder=2.5, solid_capstyle="butt")
    shape = "x" if mark.absent else "D"
    axes.plot([middle], [y], marker=shape, markersize=3.6 if shape == "D" else 3.2, markerfacecolor=face, markeredgecolor=colour,
              markeredgewidth=0.9, linestyle="none", zorder=4)


def _labels(axes: Axes, sections: Sequence[Section], span: Span, placer: Placer) -> None:
    """Doses and coded values: inside a wide bar, else beside the mark; nothing where there is no room."""
    for y, row in row_places(sections):
        before = ""
        for mark in row.marks:
            if not mark.words or (mark.words == before and not mark.point):
                continue
            first, last = max(mark.first, span.first), min(mark.last, span.last)
            if last < span.first or first > span.last:
                continue
            if not mark.point and _inside(axes, mark, first, last, y, row.colour, placer):
                before = mark.words
                continue
            x = last if not mark.point or mark.last > mark.first else mark.first
            middle = (mark.first + mark.last) / 2
            gap = (last - middle) if mark.point else 0.0
            places = ((3 if gap or not mark.point else 4, 0, "left", "center_baseline"),)
            if placer.label(axes, x, y, mark.words, places, fontsize=palette.TINY, color=palette.INK, zorder=5):
                before = mark.words


def _inside(axes: Axes, mark: Mark, first: float, last: float, y: float, colour: str, placer: Placer) -> bool:
    pale = mark.hollow or mark.absent
    text = axes.text(
        (first + last) / 2, y, mark.words, ha="center", va="center_baseline", fontsize=palette.TINY,
        color=colour if pale else "white", zorder=5,
    )
    width, _ = placer.size(text)
    left, right = (axes.transData.transform([(x, y)])[0][0] for x in (first, last))
    if width + 4 <= right - left:
        return True
    text.remove()
    return False
