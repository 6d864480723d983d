"""Figures of a simulation: how the values of all patients run over the days, and how many stand at which CRS grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.model.care import pressure_scale
from tocsin.model.dosing import HOURS_A_DAY
from tocsin.show import palette
from tocsin.show.cohort.arms import pale
from tocsin.show.cohort.grid import Cell, Scale, across, scale_of, y_title
from tocsin.show.cohort.key import Entry, Key, line_sign, mark_sign, patch_sign
from tocsin.show.cohort.sheet import Sheet, line_height
from tocsin.show.cohort.ticks import days_between, put

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tocsin.model.dosing import Order
    from tocsin.model.simulate import Simulation

F64 = npt.NDArray[np.float64]

PANELS = (
    ("temperature_c", "Temperature, °C", False), ("il6_blood", "IL-6, pg/mL", True), ("crp", "CRP, mg/L", False),
    ("ferritin", "Ferritin, ng/mL", True), ("ifn_gamma", "Interferon-γ, pg/mL", True), ("car_blood_per_ul", "CAR-T cells, /µL", True),
    ("map_mmhg", "Mean arterial pressure, mmHg", False), ("pf_ratio", "PaO₂/FiO₂, mmHg", False),
)
"""Output of the model, its title with unit, and whether its axis is logarithmic."""
PRESSURE = "map_mmhg"
"""The model gives it for an adult; it is drawn for the patient's age."""
SHARES = (5.0, 25.0, 50.0, 75.0, 95.0)
EVERY_HOURS = 3
COLOUR = palette.ARM_COLOURS[0]
LOG_DECADES = 4.0
"""A logarithmic axis goes no further below its top than this, so that what is next to nothing does not fill it."""
PLOT_HEIGHT = 34.0
MARKS = ("v", "s", "D", "P", "X", "o")


@dataclass(frozen=True)
class DoseLine:
    """One drug of the schedule: its words, the days it is given on, and its look."""

    words: str
    days: tuple[float, ...]
    mark: str
    colour: str


def dose_lines(orders: Sequence[Order]) -> list[DoseLine]:
    """The schedule drug by drug, each with a mark and a colour of its own."""
    by_drug: dict[str, list[float]] = {}
    for order in orders:
        by_drug.setdefault(order.drug, []).extend(h / HOURS_A_DAY for h in order.hours)
    return [DoseLine(drug.replace("_", " "), tuple(sorted(set(days))), MARKS[k % len(MARKS)], palette.EVENT_COLOURS[k % len(palette.EVENT_COLOURS)])
            for k, (drug, days) in enumerate(by_drug.items())]


def bands(simulation: Simulation, name: str) -> tuple[F64, F64]:
    """Days, and of one output the percentiles SHARES over the patients at each of them (5, days); those who failed count until then."""
    values = simulation.output(name)[:, ::EVERY_HOURS]
    if name == PRESSURE:
        values = values * pressure_scale(simulation.policy, simulation.patients.age_years)[:, None]
    known = np.isfinite(values)
    out = np.full((len(SHARES), values.shape[1]), np.nan)
    whole = known.all(axis=0)
    out[:, whole] = np.percentile(values[:, whole], SHARES, axis=0)
    for k in np.flatnonzero(~whole & known.any(axis=0)):
        out[:, k] = np.percentile(values[known[:, k], k], SHARES)
    return simulation.hours[::EVERY_HOURS] / HOURS_A_DAY, out


def grade_shares(steps: pl.DataFrame, patients: int, first: float, last: float, ends: Mapping[str, float] | None = None) -> tuple[F64, F64]:
    """Hours, and the share of ``patients`` at each grade 0 to 4 from that hour on (5, hours); ``steps`` as ``grade`` gives them, the sure grade counted.

    ``ends``: the hour at which the record of a patient ends, where that is before ``last``; from there the patient has no grade.
    """
    hours = np.arange(first, last, 1.0)
    out = np.zeros((5, len(hours) + 1))
    ending = pl.col("patient").replace_strict(ends or {}, default=last, return_dtype=pl.Float64)
    inside = steps.with_columns(pl.min_horizontal(pl.col("end_hour").fill_null(last), ending).alias("end_hour")).filter(
        (pl.col("start_hour") < pl.col("end_hour")) & (pl.col("end_hour") > first))
    begin = np.clip(np.ceil(inside["start_hour"].to_numpy() - first), 0, len(hours)).astype(int)
    end = np.clip(np.ceil(inside["end_hour"].to_numpy() - first), 0, len(hours)).astype(int)
    level = np.minimum(inside["at_least"].to_numpy(), 4).astype(int)
    np.add.at(out, (level, begin), 1.0)
    np.add.at(out, (level, end), -1.0)
    return hours, out.cumsum(axis=1)[:, :-1] / patients


def draw_bands(simulation: Simulation) -> Figure:
    """Median, the middle 50 % and the middle 90 % of the patients, a panel for each output, with the days of the doses."""
    from matplotlib import rc_context

    panels = [p for p in PANELS if p[0] in simulation.names]
    told = [bands(simulation, name) for name, _, _ in panels]
    doses = dose_lines(simulation.orders)
    first, last = float(simulation.hours[0]) / HOURS_A_DAY, float(simulation.hours[-1]) / HOURS_A_DAY
    with rc_context(palette.STYLE):
        key = Key([
            Entry(line_sign(COLOUR, width=1.5), "median"), Entry(patch_sign(pale(COLOUR, 0.55), "none"), "middle 50 % of patients"),
            Entry(patch_sign(pale(COLOUR, 0.82), "none"), "middle 90 %"),
            *(Entry(mark_sign(d.mark, d.colour, d.colour), d.words) for d in doses),
        ], palette.WIDTH - 6.0)
        scales = [_scale(found, log) for (_, log), (_, found) in zip([(t, log) for _, t, log in panels], told, strict=True)]
        spots = across(len(panels), 3, palette.WIDTH, [s.room for s in scales])
        step = line_height(palette.TEXT) + 3.0 + PLOT_HEIGHT + 6.0
        top = 2.0 + key.height + 1.0
        rows = -(-len(panels) // 3)
        sheet = Sheet(palette.WIDTH, top + rows * step + 3.0)
        key.draw(sheet, 3.0, 1.5)
        for k, ((_, title, _), (days, found), scale) in enumerate(zip(panels, told, scales, strict=True)):
            outer, left, wide = spots[k]
            y = top + (k // 3) * step
            cell = Cell(outer, left, y + line_height(palette.TEXT) + 3.0, wide, PLOT_HEIGHT)
            sheet.text(left, y + line_height(palette.TEXT) / 2, title, bold=True)
            axes = sheet.axes(cell.left, cell.top, cell.width, cell.height)
            if scale.log:
                axes.set_yscale("log")
            axes.set_xlim(first, last)
            axes.set_ylim(scale.low, scale.high)
            put(axes, "x", days_between(first, last, 6))
            put(axes, "y", scale.ticks)
            _draw_bands(axes, days, found, scale)
            _dose_marks(axes, doses, first, last)
            if k + 3 >= len(panels):
                sheet.text(cell.left + cell.width / 2, cell.top + cell.height + 5.6, "Days since the infusion", size=palette.SMALL, across="center")
        return sheet.figure


def draw_shares(simulation: Simulation, steps: pl.DataFrame) -> Figure:
    """The share of patients at each CRS grade over the days, the highest grade lowest."""
    from matplotlib import rc_context

    lost = {simulation.patients.ids[f.patient]: f.time * HOURS_A_DAY for f in simulation.failures}
    hours, found = grade_shares(steps, len(simulation.patients), float(simulation.hours[0]), float(simulation.hours[-1]), lost)
    days, doses = np.append(hours, float(simulation.hours[-1])) / HOURS_A_DAY, dose_lines(simulation.orders)
    first, last = float(days[0]), float(days[-1])
    with rc_context(palette.STYLE):
        key = Key([*(Entry(patch_sign(palette.GRADE_COLOURS[g]), f"grade {g}") for g in range(4, -1, -1)),
                   *(Entry(mark_sign(d.mark, d.colour, d.colour), d.words) for d in doses)], palette.WIDTH - 6.0)
        top, height, left = 2.0 + key.height + 3.0, 48.0, 16.0
        sheet = Sheet(palette.WIDTH, top + height + 9.5)
        key.draw(sheet, 3.0, 1.5)
        y_title(sheet, 4.0, top, height, "Patients, %")
        axes = sheet.axes(left, top, palette.WIDTH - left - 4.0, height)
        below = np.zeros(len(days))
        for g in range(4, -1, -1):
            above = below + 100.0 * np.append(found[g], found[g][-1:])
            axes.fill_between(days, below, above, step="post", facecolor=palette.GRADE_COLOURS[g], linewidth=0, zorder=1)
            below = above
        axes.set_xlim(first, last)
        axes.set_ylim(0.0, 100.0)
        put(axes, "x", days_between(first, last, 15))
        put(axes, "y", [0.0, 25.0, 50.0, 75.0, 100.0])
        _dose_marks(axes, doses, first, last)
        sheet.text(left + (palette.WIDTH - left - 4.0) / 2, top + height + 7.0, "Days since the infusion", size=palette.SMALL, across="center")
        return sheet.figure


def _scale(found: F64, log: bool) -> Scale:
    known = found[np.isfinite(found)]
    if log and len(known):
        known = known[known >= float(known.max()) / 10**LOG_DECADES]
    return scale_of([float(v) for v in (known.min(), known.max())] if len(known) else [], log, PLOT_HEIGHT)


def _draw_bands(axes: Axes, days: F64, found: F64, scale: Scale) -> None:
    shown = np.maximum(found, scale.low) if scale.log else found
    middle = np.where(found[2] < scale.low, np.nan, found[2]) if scale.log else found[2]  # below the axis there is no line to be read
    for low, high, share in ((0, 4, 0.82), (1, 3, 0.55)):
        axes.fill_between(days, shown[low], shown[high], facecolor=pale(COLOUR, share), linewidth=0, zorder=2)
    axes.plot(days, middle, color=COLOUR, linewidth=1.5, zorder=3)


def _dose_marks(axes: Axes, doses: Sequence[DoseLine], first: float, last: float) -> None:
    """A line where a drug is first given, and a mark above the plot for each dose."""
    across_both: Any = axes.get_xaxis_transform()
    for d in doses:
        days = [day for day in d.days if first <= day <= last]
        for day in days[:1]:
            axes.axvline(day, color=d.colour, linewidth=0.7, linestyle=(0, (3, 2)), zorder=4)
        axes.plot(days, [1.045] * len(days), linestyle="none", marker=d.mark, markersize=3.0, markerfacecolor=d.colour, markeredgewidth=0,
                  transform=across_both, clip_on=False, zorder=5)


def caption_lines(simulation: Simulation) -> str:
    """What the bands show and do not show."""
    without = " Pressure, for the patient's age, and PaO₂/FiO₂ are without vasopressors and oxygen." if {"map_mmhg", "pf_ratio"} & set(simulation.names) else ""
    return f"Values of the model, without the error of measurement and the limits of assays.{without}"


__all__ = ["bands", "caption_lines", "dose_lines", "draw_bands", "draw_shares", "grade_shares"]
