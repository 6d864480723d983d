"""The figure of a case told by the model: the model's course over what the paper states, with the doses on top and the grades of both records."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tocsin.show import palette
from tocsin.show.bands import draw_band
from tocsin.show.figure import AXIS, TOP, _Sheet
from tocsin.show.place import Placer
from tocsin.show.span import Span
from tocsin.show.steps import Course

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    F64 = npt.NDArray[np.float64]

MODEL, MEDIAN, WITHOUT = palette.SERIES[0], "#9a9a9a", palette.SERIES[1]
MET, MISSED = palette.INK, "#b3261e"
PANEL, STRIP, KEY = 19.0, 3.9, 15.0
DECADES = 4.0
"""A logarithmic axis shows at most so many decades below the highest value."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the paper on a quantity: days, value, and either the range within which it is met or a bound."""

    first: float
    last: float
    value: float
    low: float
    high: float
    bound: str
    met: bool


@dataclass(frozen=True)
class CasePanel:
    """One quantity over ``days``: of the fitted virtual patient, of the median one, and (where asked) without a drug; ``limits`` are thresholds by name."""

    title: str
    unit: str
    log: bool
    days: F64
    model: F64
    median: F64
    without: F64 | None
    statements: tuple[Statement, ...]
    limits: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """The doses of one drug, by the days on which the paper tells their amount and those on which it is assumed."""

    name: str
    told: tuple[float, ...]
    assumed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """One record's grades, drawn as a band; ``reported`` are the events of that record, whose stated grades are marked."""

    course: Course
    reported: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Drawing:
    """What the figure of a case shows, from day 0 to ``last_day``; ``without`` names what the dashed course leaves out."""

    panels: Sequence[CasePanel]
    strips: Sequence[Strip]
    bands: Sequence[Band]
    last_day: float
    without: str = ""


def draw_case(shown: Drawing) -> Figure:
    """The figure of one case."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    panels, strips, bands, last_day, without = shown.panels, shown.strips, shown.bands, shown.last_day, shown.without
    height = TOP + len(strips) * STRIP + 3.0 + len(bands) * (palette.BAND_HEIGHT + palette.GAP) + len(panels) * (PANEL + palette.GAP) + AXIS + KEY
    with rc_context(palette.STYLE):
        sheet = _Sheet(Span(0.0, last_day), height)
        FigureCanvasAgg(sheet.figure)
        placer = Placer(sheet.figure.canvas.get_renderer())  # type: ignore[attr-defined]
        sheet.skip(TOP)
        axes = sheet.axes(len(strips) * STRIP, frame=False)
        _strips(sheet, axes, strips, last_day)
        sheet.skip(3.0)
        for band in bands:
            axes = sheet.axes(palette.BAND_HEIGHT, frame=False)
            draw_band(axes, band.course, sheet.span, [dict(e) for e in band.reported], placer)
            sheet.name(axes, band.course.label, band.course.note)
            sheet.skip(palette.GAP)
        for panel in panels:
            axes = sheet.axes(PANEL)
            _panel(axes, panel, last_day)
            sheet.name(axes, panel.title, panel.unit + (", logarithmic" if panel.log else ""))
            sheet.skip(palette.GAP)
        sheet.finish()
        sheet.skip(AXIS)
        _key(sheet, without, any(p.without is not None for p in panels))
        return sheet.figure


def _strips(sheet: _Sheet, axes: Axes, strips: Sequence[Strip], last_day: float) -> None:
    axes.set_ylim(len(strips) - 0.5, -0.5)
    axes.set_yticks([])
    for y, strip in enumerate(strips):
        both = [d for d in (*strip.told, *strip.assumed) if d <= last_day]
        if both:
            axes.plot([min(both), max(both)], [y, y], color=palette.RULE, linewidth=1.0, zorder=1)
        for days, fill in ((strip.told, palette.INK), (strip.assumed, "white")):
            shown = [d for d in days if d <= last_day]
            axes.plot(shown, [y] * len(shown), linestyle="none", marker="v", markersize=3.4, markeredgewidth=0.6, color=palette.INK, markerfacecolor=fill,
                      zorder=3)
        sheet.row_name(axes, y, strip.name)


def _panel(axes: Axes, panel: CasePanel, last_day: float) -> None:
    inside = panel.days <= last_day
    days = panel.days[inside]
    highest = max(float(panel.model[inside].max()), *(s.value for s in panel.statements), 1e-12)
    floor = highest * 10.0**-DECADES

    def drawn(values: F64) -> F64:
        kept: F64 = values[inside]
        return kept.clip(min=floor / 1e3) if panel.log else kept

    axes.plot(days, drawn(panel.median), color=MEDIAN, linewidth=0.8, zorder=2)
    if panel.without is not None:
        axes.plot(days, drawn(panel.without), color=WITHOUT, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)
    axes.plot(days, drawn(panel.model), color=MODEL, linewidth=1.3, zorder=4)
    if panel.log:
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.set_ylim(bottom=max(floor, axes.get_ylim()[0]))
    for name, value in panel.limits:
        axes.axhline(value, color=palette.QUIET, linewidth=0.5, linestyle=(0, (1, 2)), zorder=1)
        axes.text(last_day, value, f"{name} ", fontsize=palette.TINY, color=palette.QUIET, ha="right", va="bottom", zorder=7,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8})
    for statement in panel.statements:
        if statement.first < last_day:
            _statement(axes, statement, panel.log)
    low, high = axes.get_ylim()
    if not panel.log:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.08 * (high - low))
        axes.locator_params(axis="y", nbins=5)


def _statement(axes: Axes, s: Statement, log: bool) -> None:
    colour, middle = (MET if s.met else MISSED), (s.first + s.last) / 2.0
    fill = colour if s.met else "white"
    axes.plot([s.first, s.last], [s.value, s.value], color=colour, linewidth=1.0, zorder=5, solid_capstyle="butt")
    if s.bound:
        marker = "^" if s.bound == ">" else "v"
        up = (0, 7) if s.bound == ">" else (0, -7)
        axes.annotate("", xy=(middle, s.value), xytext=up, textcoords="offset points", zorder=5, annotation_clip=False,
                      arrowprops={"arrowstyle": "<-", "color": colour, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 5})
        axes.plot([middle], [s.value], marker=marker, markersize=4.0, color=colour, markerfacecolor=fill, markeredgewidth=0.8, zorder=6)
    else:
        axes.plot([middle, middle], [s.low, s.high], color=colour, linewidth=0.7, zorder=5)
        axes.plot([middle], [s.value], marker="o", markersize=3.8, color=colour, markerfacecolor=fill, markeredgewidth=0.8, zorder=6)


def _key(sheet: _Sheet, without: str, dashed: bool) -> None:
    from matplotlib.lines import Line2D

    lines: list[tuple[dict[str, Any], str]] = [({"color": MODEL, "linewidth": 1.3}, "the model, fitted to this case"),
                                               ({"color": MEDIAN, "linewidth": 0.8}, "the median of its product and disease, same doses")]
    if dashed:
        lines.append(({"color": WITHOUT, "linewidth": 0.9, "linestyle": (0, (4, 2))}, f"the fitted model without {without}"))
    mark: dict[str, Any] = {"linestyle": "none", "markersize": 3.8, "markeredgewidth": 0.8}
    lines += [
        ({**mark, "marker": "o", "color": MET, "markerfacecolor": MET}, "stated by the paper and met (bar: tolerance and days)"),
        ({**mark, "marker": "o", "color": MISSED, "markerfacecolor": "white"}, "stated and missed"),
        ({**mark, "marker": "^", "color": MET, "markerfacecolor": MET}, "stated as above (triangle down: below) this value"),
        ({**mark, "marker": "v", "color": palette.INK, "markerfacecolor": palette.INK}, "a dose (hollow: its amount is not told)"),
    ]
    columns, step = 2, 3.4
    for i, (style, words) in enumerate(lines):
        row, column = divmod(i, columns)
        x, y = 3.0 + column * 90.0, sheet.y + 2.0 + row * step
        place = 1 - y / sheet.height
        xs = [x, x + 6.0] if style.get("linestyle") != "none" else [x + 3.0]
        sheet.figure.add_artist(Line2D([v / palette.WIDTH for v in xs], [place] * len(xs), **style))
        sheet.figure.text((x + 7.5) / palette.WIDTH, place, textwrap.shorten(words, 70), fontsize=palette.SMALL, va="center_baseline", color=palette.INK)
