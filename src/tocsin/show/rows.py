"""What stands in rows beneath the panels: values measured once or twice, signs, devices, drugs and outcomes.

What is certain is a solid bar; the time in which something may have begun is kept apart; an instant known only by its day or
a window keeps that window.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin.show import palette
from tocsin.show.panels import CRS_CAUSES, Series
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

CIRCULATION = ("fluid_bolus", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor", "vasopressor_count", *INOTROPES)

CATEGORIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Cells and conditioning", "#3d3d3d", ("car_t_infusion", *LYMPHODEPLETION, "msc")),
    ("Signs", "#8a4a6b", ()),
    ("Breathing support", "#4477aa", ("oxygen_device", "ventilator_mode")),
    ("Circulation", "#aa3377", CIRCULATION),
    ("Against cytokines", "#1f7a34", ANTICYTOKINE),
    ("Corticosteroids", "#8a6a00", (*CORTICOSTEROIDS, "intrathecal_dexamethasone")),
    ("Other treatment", "#666666", ANTIPYRETICS),
    ("Outcome", "#0b3c6f", ()),
)

REPORTED_GRADES = ("reported_crs_grade", "reported_icans_grade")
NOTHING = ("absent", "none", "room_air")
LONGEST_WORDS = 34
OXYGEN_CLASSES = {
    "nasal cannula or blow-by": ("nasal_cannula", "low_flow_nasal_cannula", "blow_by"),
    "high-flow cannula or mask": (
        "high_flow_nasal_cannula", "simple_mask", "venturi_mask", "partial_rebreather", "non_rebreather", "face_tent",
    ),
    "positive pressure": ("cpap", "bipap", "noninvasive_ventilation", "invasive_ventilation"),
}
"""By kind of device alone; what a scale makes of device and flow is the grade's business."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar, dose, sign or value, in days.

    ``window``: when it may have begun, if that is earlier than ``first``.  ``point``: an instant; ``first`` to ``last`` is then
    the time in which it lies.  ``shape``: bar, dose, value, absent or due.
    """

    first: float
    last: float
    words: str
    shape: str
    window: float | None = None
    hollow: bool = False
    colour: str = ""

    @property
    def point(self) -> bool:
        """Whether it is an instant."""
        return self.shape in ("dose", "value", "due")

    @property
    def day(self) -> float:
        """Where an instant is drawn."""
        return (self.first + self.last) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """One value, device, drug or sign."""

    title: str
    colour: str
    marks: tuple[Mark, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def sections_of(
    events: Iterable[dict[str, Any]], span: Span, units: Units, due: Iterable[tuple[str, float]] = (),
    short: Sequence[Series] = (),
) -> list[Section]:
    """The rows that have something within the days drawn.

    ``due``: (concept, hour) that the guideline asked for.  ``short``: series with too few values for a panel.
    """
    by_concept: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if _has_row(event) and span.holds(event["hour"], event["end_hour"] or event["hour_latest"]):
            by_concept.setdefault(event["concept"], []).append(event)
    marks = {name: _marks(some, units) for name, some in by_concept.items()}
    for name, hour in due:
        if name in CONCEPTS and span.holds(hour):
            marks.setdefault(name, []).append(Mark(hour / HOURS_A_DAY, hour / HOURS_A_DAY, "", "due"))
    sections = [Section("Values", tuple(_values(s) for s in short))] if short else []
    for title, colour, _ in CATEGORIES:
        names = sorted((n for n in marks if _category(n) == title), key=lambda n: _order(n, marks[n]))
        if names:
            sections.append(Section(title, tuple(Row(short_title(n), colour, tuple(marks[n])) for n in names)))
    return sections


def _has_row(event: dict[str, Any]) -> bool:
    concept = CONCEPTS[event["concept"]]
    if concept.name == "vasopressor_count":
        return event["value"] is not None
    return concept.kind is not Kind.MEASUREMENT and concept.name not in REPORTED_GRADES


def _category(name: str) -> str:
    for title, _, members in CATEGORIES:
        if name in members:
            return title
    concept = CONCEPTS[name]
    if concept.kind is Kind.STATEMENT:
        return "Outcome"
    return "Signs" if concept.domain in (Domain.FINDINGS, Domain.NEUROLOGY) else "Other treatment"


def _order(name: str, marks: Sequence[Mark]) -> tuple[bool, float, str]:
    return (name != "car_t_infusion", min(m.first for m in marks), name)


def _values(series: Series) -> Row:
    """A short series as a row of numbers; values of the same time stand together."""
    together: dict[tuple[float, float], list[Any]] = {}
    for point in series.points:
        together.setdefault((point.first, point.last), []).append(point)
    marks = tuple(
        Mark(first, last, ", ".join(p.words for p in some), "value", hollow=all(p.hollow for p in some))
        for (first, last), some in together.items()
    )
    return Row(series.title, palette.INK, marks)


def _marks(events: Sequence[dict[str, Any]], units: Units) -> list[Mark]:
    """The events of one concept; a state holds until the next one or until it expires."""
    return [
        _mark(event, after["hour"] if after is not None else None, units)
        for event, after in zip(events, [*events[1:], None], strict=True)
    ]


def _mark(event: dict[str, Any], next_hour: float | None, units: Units) -> Mark:
    concept = CONCEPTS[event["concept"]]
    hour, end = event["hour"], event["end_hour"]
    latest = event["hour_latest"] if event["hour_latest"] is not None else hour
    hollow = event["attribution"] not in CRS_CAUSES
    words = _words(event, units)
    course = end is not None and end > hour
    if not course and concept.kind in (Kind.DOSE, Kind.STATEMENT):
        return Mark(hour / HOURS_A_DAY, latest / HOURS_A_DAY, words, "dose", hollow=hollow)
    window = latest - hour > HOURS_A_DAY + 1
    if window and not course:
        return Mark(hour / HOURS_A_DAY, latest / HOURS_A_DAY, words, "dose", hollow=hollow)
    first = latest if window else hour
    if course:
        last = end
    else:
        last = max(latest, hour + (concept.carry_forward_hours or 0.0) if concept.kind in (Kind.STATE, Kind.INFUSION) else latest)
        if next_hour is not None and next_hour > hour:
            last = min(last, next_hour)
    shape = "absent" if event["text"] in NOTHING or event["value"] == 0 else "bar" if last > first else "dose"
    return Mark(
        first / HOURS_A_DAY, max(last, first) / HOURS_A_DAY, words, shape, hour / HOURS_A_DAY if window else None, hollow,
        palette.OXYGEN_COLOURS[oxygen_class(event["text"])] if concept.name == "oxygen_device" and shape != "absent" else "",
    )


def oxygen_class(device: str | None) -> str:
    """How strong the support of a device is, for its shade."""
    return next((name for name, devices in OXYGEN_CLASSES.items() if device in devices), "oxygen, device not told")


def _words(event: dict[str, Any], units: Units) -> str:
    """The label of a bar or dose: the start of what is told, nothing where only the absence of a dose is told."""
    concept = CONCEPTS[event["concept"]]
    text = event["text"] or ""
    if text == "present":
        return ""
    if text in concept.values or text == "absent":
        return coded(text)
    words = value_words(event, units).split(";")[0]
    words = words.split(",")[0] if len(words) > LONGEST_WORDS or "not told" in words else words
    return "" if "not told" in words else textwrap.shorten(words, LONGEST_WORDS + 6, placeholder=" …")
