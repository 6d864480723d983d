"""The figure of a case report: graded bands over what was measured, with signs, devices and drugs beneath."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.errors import SettingError
from tocsin.grading.result import Grades
from tocsin.show import bars, palette
from tocsin.show.bands import draw_band
from tocsin.show.key import KEY_HEIGHT, draw_key
from tocsin.show.panels import Panel, draw_panel, panels_of
from tocsin.show.place import Placer
from tocsin.show.rows import Section, sections_of
from tocsin.show.span import Span, outside, span_of
from tocsin.show.steps import Course, courses, graded_only, one_patient
from tocsin.show.times import Clock
from tocsin.show.values import units_of
from tocsin.show.wording import STANDING
from tocsin.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP = 5.5
TITLE = 5.0
AXIS = 8.5
LINE = 2.9


def draw(
    timeline: Timeline,
    grades: Sequence[Grades],
    *,
    patient: str | None = None,
    units: str = "si",
    advice: Iterable[Any] | None = None,
    title: str | None = None,
    days: tuple[float, float] | None = None,
    notes: Sequence[str] = (),
) -> Figure:
    """The figure of one patient: a band for each of ``grades``, then panels and rows for what the record has.

    Main arguments: the record, and one or more sets of grades (the same scale may come twice, in two worlds; ``notes`` tells
    them apart under their names).

    Other arguments: ``patient`` (needed when the record has several), ``units`` (si, us or "as kept"), ``advice``
    (recommendations or turns; what was due is marked in the row of its drug), ``title``, ``days`` (first and last day to draw).
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    who = one_patient(timeline, patient)
    record = timeline.of(who)
    choice = units_of(units)
    graded_only(g.scale for g in grades)
    events = list(record.events.sort("hour", maintain_order=True).iter_rows(named=True))
    shown = courses(grades, who, notes)
    span = span_of(record.events, shown, days)
    weight = record.patients["weight_kg"][0]
    panels, short = panels_of(events, span, choice, weight)
    sections = sections_of(events, span, choice, _due(advice or (), Clock.of(record.events)), short)
    below = _wrapped(outside(events, span, choice))

    with rc_context(palette.STYLE):
        sheet = _Sheet(span, _height(title, shown, panels, sections, below))
        FigureCanvasAgg(sheet.figure)
        placer = Placer(sheet.figure.canvas.get_renderer())  # type: ignore[attr-defined]
        if title:
            sheet.write(title, palette.TEXT + 1.5, weight="bold")
            sheet.skip(TITLE)
        sheet.skip(TOP)
        for course in shown:
            axes = sheet.axes(palette.BAND_HEIGHT, frame=False)
            draw_band(axes, course, span, events, placer)
            sheet.name(axes, course.label, course.note)
            sheet.skip(palette.GAP)
        for panel in panels:
            axes = sheet.axes(panel.height)
            draw_panel(axes, panel, span, choice, placer)
            _name_series(sheet, axes, panel)
            sheet.skip(palette.GAP)
        if sections:
            high = bars.rows_high(sections)
            axes = sheet.axes(high * palette.ROW_HEIGHT + 1.6, frame=False)
            axes.set_ylim(high - 0.5 + 0.2, -0.5 - 0.2)
            axes.set_yticks([])
            bars.draw_rows(axes, sections, span, placer)
            for y, row in bars.row_places(sections):
                sheet.row_name(axes, y, row.title)
        sheet.finish()
        sheet.skip(AXIS)
        for line in below:
            sheet.write(line, palette.SMALL, colour=palette.QUIET)
            sheet.skip(LINE)
        sheet.skip(1.5 if below else 0.0)
        draw_key(sheet.figure, sheet.y, sheet.height, shown, panels, sections, choice)
        return sheet.figure


def _due(advice: Iterable[Any], clock: Clock) -> list[tuple[str, float]]:
    """Which drugs were due when: from recommendations, or from turns that hold them; what is only allowed, or an alternative, is not drawn.

    What was asked at the start of a day known only as a day stands a little inside it.
    """
    out = []
    for item in advice:
        for one in getattr(item, "advice", None) or [item]:
            if getattr(one, "status", "") == "due" and getattr(one, "drug", None) and not getattr(one, "optional", False):
                inside = 4.0 if clock.to_the_day(one.hour) else 0.0
                out.append((str(one.drug), float(one.hour) + inside))
    return list(dict.fromkeys(out))


def _wrapped(remarks: Sequence[str]) -> list[str]:
    if not remarks:
        return []
    text = "Not drawn: " + "; ".join(remarks) + "."
    return textwrap.wrap(text, 128, break_long_words=False)


def _height(
    title: str | None, shown: Sequence[Course], panels: Sequence[Panel], sections: Sequence[Section], below: Sequence[str]
) -> float:
    height = (TITLE if title else 0.0) + TOP + len(shown) * (palette.BAND_HEIGHT + palette.GAP)
    height += sum(p.height + palette.GAP for p in panels)
    height += bars.rows_high(sections) * palette.ROW_HEIGHT + 1.6 if sections else 0.0
    return height + AXIS + len(below) * LINE + (1.5 if below else 0.0) + KEY_HEIGHT


class _Sheet:
    """A page in millimetres, filled from the top; all axes share the days."""

    def __init__(self, span: Span, height: float) -> None:
        from matplotlib.figure import Figure

        self.span, self.height, self.y = span, height, 0.0
        self.figure = Figure(figsize=(palette.WIDTH / 25.4, height / 25.4), facecolor="white")
        self.filled: list[Axes] = []

    def skip(self, millimetres: float) -> None:
        """Go down the page."""
        self.y += millimetres

    def axes(self, height: float, frame: bool = True) -> Axes:
        """New axes of this height at the current place."""
        bottom = self.height - self.y - height
        axes = self.figure.add_axes((
            palette.LEFT / palette.WIDTH, bottom / self.height,
            (palette.WIDTH - palette.LEFT - palette.RIGHT) / palette.WIDTH, height / self.height,
        ))
        axes.set_xlim(self.span.first, self.span.last)
        axes.patch.set_visible(False)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.spines["left"].set_visible(frame)
        axes.spines["bottom"].set_visible(frame)
        axes.spines["bottom"].set_color(palette.RULE)
        axes.tick_params(axis="x", which="both", length=0, labelbottom=False)
        axes.tick_params(axis="y", labelsize=palette.SMALL, pad=1.5)
        self._days(axes)
        self.filled.append(axes)
        self.y += height
        return axes

    def _days(self, axes: Axes) -> None:
        """Faint lines where days begin; the infusion a little stronger."""
        first, last = int(self.span.first), int(self.span.last)
        every = 1 if self.span.days <= 45 else self.span.tick_every
        for day in range(first, last + 1, every):
            axes.axvline(day, color=palette.RULE, linewidth=0.35 if day else 0.9, zorder=0)

    def finish(self) -> None:
        """Numbers of days above the first and beneath the last axes, each in the middle of its day."""
        if not self.filled:
            return
        every = self.span.tick_every
        first = int(self.span.first)
        numbers = [d for d in range(first, int(self.span.last) + 1) if d % every == 0 and d + 0.5 <= self.span.last]
        names = [str(d).replace("-", "−") for d in numbers]
        size = palette.SMALL if len(numbers) <= 28 else palette.TINY
        for axes, side in ((self.filled[0], "top"), (self.filled[-1], "bottom")):
            axes.set_xticks([d + 0.5 for d in numbers], names, fontsize=size)
            axes.tick_params(axis="x", length=0, pad=1.5, **{f"label{side}": True, f"label{_other(side)}": False})
        if len(self.filled) == 1:
            self.filled[0].tick_params(axis="x", labelbottom=True, labeltop=True)
        self.filled[-1].set_xlabel("Days since CAR-T infusion (day 0 = day of infusion)", fontsize=palette.TEXT, labelpad=2)

    def write(self, words: str, size: float, weight: str = "normal", colour: str = palette.INK) -> None:
        """A line of text at the current place."""
        self.figure.text(
            3 / palette.WIDTH, 1 - (self.y + 3.2) / self.height, words, fontsize=size, fontweight=weight, color=colour, va="baseline"
        )

    def name(self, axes: Axes, words: str, note: str = "") -> None:
        """The name of a band in the left column, with a note beneath."""
        box = axes.get_position()
        middle = (box.y0 + box.y1) / 2
        lines = textwrap.wrap(note, 34)[:3] if note else []
        up = 1.45 * len(lines) / self.height
        self.figure.text(3 / palette.WIDTH, middle + up, words, fontsize=palette.TEXT, fontweight="bold", va="center", color=palette.INK)
        for number, line in enumerate(lines):
            self.figure.text(
                3 / palette.WIDTH, middle + up - (2.9 * (number + 1)) / self.height, line, fontsize=palette.TINY, va="center",
                color=palette.QUIET,
            )

    def row_name(self, axes: Axes, y: float, words: str) -> None:
        """The name of a row of bars."""
        place = self.figure.transFigure.inverted().transform(axes.transData.transform((self.span.first, y)))
        short = textwrap.shorten(words, 30, placeholder=" …")
        self.figure.text(3 / palette.WIDTH, place[1], short, fontsize=palette.SMALL, va="center_baseline", color=palette.INK)


def _other(side: str) -> str:
    return "bottom" if side == "top" else "top"


def _name_series(sheet: _Sheet, axes: Axes, panel: Panel) -> None:
    """The names of a panel's series in the left column, each with its mark."""
    from matplotlib.lines import Line2D

    box = axes.get_position()
    alone = len(panel.series) == 1
    entries: list[tuple[str, int | None]] = [] if alone else [(panel.title + (" (log)" if panel.log else ""), None)]
    for number, series in enumerate(panel.series):
        title = series.title + (" (log)" if alone and panel.log else "")
        lines = textwrap.wrap(title, 27 if alone else 25) or [""]
        entries += [(line, number if not position else -1) for position, line in enumerate(lines)]
    middle = (box.y0 + box.y1) / 2
    y = middle + (len(entries) - 1) / 2 * 3.0 / sheet.height
    for words, place in entries:
        heading = place is None
        if place is not None and place >= 0:
            colour = palette.SERIES[place % len(palette.SERIES)]
            dense = panel.series[place].dense
            sheet.figure.add_artist(Line2D(
                [x / palette.WIDTH for x in (3.0, 4.2, 5.4)], [y] * 3, color=colour, markersize=3.1, markevery=[1],
                marker=None if dense else palette.MARKERS[place % 8], linestyle="-" if dense else "none", linewidth=0.9,
            ))
        sheet.figure.text(
            (3.0 if heading else 6.4) / palette.WIDTH, y, words, fontsize=palette.TEXT if heading else palette.SMALL,
            fontweight="bold" if heading else "normal", va="center_baseline", color=palette.INK,
        )
        y -= 3.0 / sheet.height


# ---------------------------------------------------------------------------------------------------- writing
def save(figure: Figure, path: str | Path) -> Path:
    """Write the figure as its suffix says: .svg (text stays text), .png (300 dots an inch) or .pdf.

    The same figure gives the same bytes.  Links to the reasons are left out: they work inside a report only.
    """
    out = Path(path)
    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png", "pdf"):
        raise SettingError(f"{out.name}: a figure is written as .svg, .png or .pdf")
    out.write_bytes(_rendered(figure, kind, links=False))
    return out


def svg(figure: Figure) -> str:
    """The figure as SVG text, with the links of its bands."""
    return _rendered(figure, "svg", links=True).decode("utf-8")


_METADATA: dict[str, dict[str, str | None]] = {
    "svg": {"Date": None, "Creator": "Tocsin"},
    "pdf": {"CreationDate": None, "Creator": "Tocsin", "Producer": None, "Subject": STANDING},
    "png": {"Software": "Tocsin"},
}
"""No dates, so that the same figure is the same file."""


def _rendered(figure: Figure, kind: str, links: bool) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    metadata = _METADATA[kind]
    linked = [a for a in figure.findobj() if a.get_url()]
    urls = [a.get_url() for a in linked]
    try:
        if not links:
            for artist in linked:
                artist.set_url(None)
        with rc_context(palette.STYLE):
            figure.savefig(buffer, format=kind, metadata=metadata)
    finally:
        for artist, url in zip(linked, urls, strict=True):
            artist.set_url(url)
    return buffer.getvalue()
