"""The measured values beneath the bands, one panel for each group of concepts, sharing the axis of days.

A value known only by its day stands in the middle of it, with a whisker over the time in which it may have been taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tocsin.show import palette
from tocsin.show.numbers import number
from tocsin.show.place import Placer
from tocsin.show.span import Span
from tocsin.show.values import Units, display_unit, short_title, shown, unit_words, value_number
from tocsin.timeline import HOURS_A_DAY
from tocsin.vocabulary import CONCEPTS, Domain, Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CRS_CAUSES = frozenset({"unknown", "crs", "icans", "hlh"})
"""Attributions drawn filled; a finding put down to another cause is drawn hollow."""

GROUPS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    ("Temperature", False, ("temperature",)),
    ("Circulation", False, (
        "heart_rate", "systolic_bp", "mean_arterial_pressure", "diastolic_bp", "pressure_fall",
    )),
    ("Oxygenation", False, ("spo2", "sao2")),
    ("Breathing", False, ("respiratory_rate", "oxygen_flow", "peep")),
    ("Inspired oxygen", False, ("fio2",)),
    ("Blood gases", False, ("pao2", "paco2")),
    ("Urine", False, ("urine_output",)),
    ("Neurology", False, ("ice_score", "capd_score", "gcs_total", "csf_pressure")),
    ("Sedation", False, ("rass",)),
    ("Cytokines", True, (
        "il6", "il10", "ifn_gamma", "tnf_alpha", "il1b", "il2", "il8", "il15", "gm_csf", "mcp1", "granzyme_b", "csf_il6", "sil2r",
    )),
    ("Inflammation", True, ("ferritin", "crp", "hs_crp", "procalcitonin", "ldh")),
    ("Organs", True, (
        "alt", "ast", "bilirubin_total", "bilirubin_direct", "creatinine", "urea_nitrogen", "creatine_kinase", "nt_probnp",
        "bnp", "troponin_i", "troponin_t", "ck_mb", "lactate",
    )),
    ("Heart", False, ("lvef",)),
    ("Coagulation", True, (
        "fibrinogen", "d_dimer", "d_dimer_ddu", "fdp", "aptt", "pt", "inr", "antithrombin",
    )),
    ("Blood cells", True, (
        "leukocytes", "neutrophils", "lymphocytes", "monocytes", "eosinophils", "basophils", "platelets",
    )),
    ("Haemoglobin", False, ("haemoglobin",)),
    ("CAR-T cells", True, ("car_t_copies",)),
    ("CAR-T cells", False, ("car_t_percent",)),
)

DENSE = 40
SPARSE = 8
LONGEST_LINE_DAYS = 4.0
FEVER_CELSIUS = 38.0
ENOUGH = {"Temperature": 1, "Cytokines": 2}
"""From how many times of measurement a group is a panel; elsewhere three, and fewer are a row of numbers."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value as drawn: days, shown value, words, censoring, and whether it is put down to something else."""

    first: float
    last: float
    value: float
    words: str
    censored: int
    hollow: bool

    @property
    def day(self) -> float:
        """Where it stands on the axis."""
        return (self.first + self.last) / 2


@dataclass(frozen=True, slots=True)
class Series:
    """One concept in a panel."""

    concept: str
    unit: str
    points: tuple[Point, ...]

    @property
    def dense(self) -> bool:
        """Whether it is drawn as a line alone."""
        return len(self.points) > DENSE

    @property
    def title(self) -> str:
        """Its name with its unit."""
        return f"{short_title(self.concept)}{f', {self.unit}' if self.unit else ''}"


@dataclass(frozen=True, slots=True)
class Panel:
    """Series that share a y axis."""

    title: str
    log: bool
    series: tuple[Series, ...] = field(default=())

    @property
    def height(self) -> float:
        """In millimetres: room for the data and for the names beside it."""
        values = sum(len(s.points) for s in self.series)
        least = 16.0 if self.title == "Temperature" else 11.0 if values <= 2 else 13.0 if values <= DENSE else 14.5
        names = sum(1 + (len(s.title) > 25) for s in self.series)
        return max(least, 3.0 * (names + (len(self.series) > 1)) + 2.0)


def panels_of(
    events: Iterable[dict[str, Any]], span: Span, units: Units, weight_kg: float | None = None
) -> tuple[list[Panel], list[Series]]:
    """The panels, in the order of ``GROUPS``, and the series that are too short for one: these become rows of numbers."""
    found: dict[str, list[Point]] = {}
    for event in events:
        concept = CONCEPTS[event["concept"]]
        if concept.kind is not Kind.MEASUREMENT or event["value"] is None or concept.domain is Domain.DRUGS:
            continue
        if span.holds(event["hour"], event["hour_latest"]) and concept.name not in ("weight", "height"):
            found.setdefault(concept.name, []).append(_point(event, units, weight_kg))
    grouped = {name for _, _, names in GROUPS for name in names}
    groups = [*GROUPS, *((short_title(n), CONCEPTS[n].log_scale, (n,)) for n in found if n not in grouped)]
    panels, short = [], []
    for title, log, names in groups:
        series = [
            Series(n, unit_words(display_unit(CONCEPTS[n], units)), tuple(sorted(found[n], key=lambda p: (p.day, p.value))))
            for n in names if n in found
        ]
        if any(len({(p.first, p.last) for p in s.points}) >= ENOUGH.get(title, 3) for s in series):
            panels.append(Panel(title, log, tuple(series)))
        else:
            short += series
    return panels, short


def _point(event: dict[str, Any], units: Units, weight_kg: float | None) -> Point:
    concept = CONCEPTS[event["concept"]]
    value, _ = shown(concept, event["value"], units, weight_kg)
    sign = {-1: "<", 0: "", 1: ">"}[event["censored"] or 0]
    first = event["hour"] / HOURS_A_DAY
    last = max((event["hour_latest"] if event["hour_latest"] is not None else event["hour"]) / HOURS_A_DAY, first)
    return Point(
        first, last, value, f"{sign}{value_number(concept, event['value'], units, weight_kg)}", event["censored"] or 0,
        event["attribution"] not in CRS_CAUSES,
    )


def draw_panel(axes: Axes, panel: Panel, span: Span, units: Units, placer: Placer) -> None:
    """The points, whiskers and lines of a panel, then labels where there is room."""
    _scale(axes, panel)
    if panel.title == "Temperature":
        limit, _ = shown(CONCEPTS["temperature"], FEVER_CELSIUS, units)
        axes.axhline(limit, color=palette.QUIET, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
        ends = axes.transData.transform([(span.first, limit), (span.last, limit)])
        placer.take([(ends[0][0], ends[0][1] - 0.5, ends[1][0], ends[1][1] + 0.5)])
    for position, series in enumerate(panel.series):
        _draw_series(axes, series, span, palette.SERIES[position % len(palette.SERIES)], palette.MARKERS[position % 8])
    for series in panel.series:
        _take(axes, [p for p in series.points if span.first <= p.day <= span.last], placer)
    for position, series in enumerate(panel.series):
        if len(series.points) <= SPARSE:
            for point in _worst_first(series):
                if span.first <= point.day <= span.last:
                    _value(axes, point, palette.SERIES[position % len(palette.SERIES)], placer)


def _take(axes: Axes, points: Sequence[Point], placer: Placer) -> None:
    """Keep labels off the points and their whiskers."""
    placer.take_points(axes, [p.day for p in points], [p.value for p in points], 2.6)
    for point in points:
        if point.last > point.first:
            ends = axes.transData.transform([(point.first, point.value), (point.last, point.value)])
            placer.take([(ends[0][0], ends[0][1] - 1.5, ends[1][0], ends[1][1] + 1.5)])


def _value(axes: Axes, point: Point, colour: str, placer: Placer) -> None:
    """The value beside its point: after the whisker, above or below, where there is room."""
    style: dict[str, Any] = {"fontsize": palette.TINY, "color": colour, "zorder": 5}
    if not placer.label(axes, point.last, point.value, point.words, ((3, 0, "left", "center_baseline"),), **style):
        placer.label(axes, point.day, point.value, point.words, **style)


def _worst_first(series: Series) -> list[Point]:
    worse = CONCEPTS[series.concept].worse or 1
    return sorted(series.points, key=lambda p: -worse * p.value)


def _scale(axes: Axes, panel: Panel) -> None:
    """The y axis: linear or logarithmic, with a linear part near zero where a logarithmic series has zeros."""
    values = [p.value for s in panel.series for p in s.points]
    low, high = min(values), max(values)
    if panel.log and high > 0:
        least = min(v for v in values if v > 0)
        if low <= 0:
            axes.set_yscale("symlog", linthresh=least, linscale=0.4)
            axes.set_ylim(min(low, 0) - 0.3 * least, high * 2)
            return
        axes.set_yscale("log")
        low, high = math.log10(low), math.log10(high)
        low, high = (math.floor(low), math.ceil(high)) if high - low > 0.8 else (low - 0.4, high + 0.4)
        pad = 0.16 * (high - low)
        axes.set_ylim(10 ** (low - pad), 10 ** (high + pad))
        _log_ticks(axes)
        return
    if panel.title == "Temperature":
        fahrenheit = low > 60
        low, high = min(low, 97.0 if fahrenheit else 36.0), max(high, 103.0 if fahrenheit else 39.5)
    pad = 0.2 * (high - low) or max(abs(high) * 0.15, 1.0)
    axes.set_ylim(low - pad, high + pad)
    _linear_ticks(axes, whole=panel.title == "Temperature")


def _log_ticks(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axes.get_ylim()
    decades = math.log10(high / low)
    subs = (1.0,) if decades > 1.6 else (1.0, 3.0) if decades > 0.9 else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs, numticks=5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, powers_from=1e5)))
    axes.yaxis.set_minor_locator(LogLocator(base=10, subs=tuple(range(2, 10)), numticks=20))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _linear_ticks(axes: Axes, whole: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    steps = [1, 2, 5, 10] if whole else [1, 2, 2.5, 5, 10]
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=steps, integer=whole, min_n_ticks=2))


def _draw_series(axes: Axes, series: Series, span: Span, colour: str, marker: str) -> None:
    dense = series.dense
    inside = [p for p in series.points if p.last >= span.first and p.first <= span.last]
    for run in _unbroken(inside):
        axes.plot(
            [p.day for p in run], [p.value for p in run], color=colour, linewidth=0.8 if dense else 0.6,
            alpha=1.0 if dense else 0.55, zorder=2, solid_joinstyle="round",
        )
    for point in inside:
        if point.last > point.first:
            axes.plot(
                [point.first, point.last], [point.value, point.value], color=colour, linewidth=0.6, alpha=0.75, zorder=2.5,
                solid_capstyle="butt",
            )
    for shape, hollow in sorted({(_shape(p, marker), p.hollow) for p in inside}):
        some = [p for p in inside if (_shape(p, marker), p.hollow) == (shape, hollow)]
        if dense and shape == marker and not hollow:
            continue
        axes.plot(
            [p.day for p in some], [p.value for p in some], linestyle="none", marker=shape,
            markersize=4.2 if shape in "^v" else 3.1, markerfacecolor="white" if hollow else colour, markeredgecolor=colour,
            markeredgewidth=0.8, zorder=3,
        )


def _shape(point: Point, marker: str) -> str:
    return {1: "^", -1: "v"}.get(point.censored, marker)


def _unbroken(points: Sequence[Point]) -> list[list[Point]]:
    """Neighbours whose order is sure and whose gap is short; only these are joined by a line."""
    out: list[list[Point]] = []
    for point in points:
        last = out[-1][-1] if out else None
        if last and point.first >= last.last and point.first - last.last <= LONGEST_LINE_DAYS and not point.hollow:
            out[-1].append(point)
        else:
            out.append([point])
    return [run for run in out if len(run) > 1]
