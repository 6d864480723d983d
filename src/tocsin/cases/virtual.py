"""A published case told by the model: its virtual patient with the doses of the paper, beside what the paper states and how both records are graded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cases import case, read_case
from tocsin.cases.individual import DERIVED, Individual, prior
from tocsin.cases.recipe import Fact, Fit, Recipe, fitted, recipe
from tocsin.cite import bibliography
from tocsin.grading import grade
from tocsin.grading.result import Grades
from tocsin.model.dosing import HOURS_A_DAY, concept_of, parse
from tocsin.model.simulate import NOTICE, Simulation, simulate
from tocsin.model.system import Parameter
from tocsin.show.model import version
from tocsin.show.numbers import number
from tocsin.show.steps import courses
from tocsin.show.wording import capital, concept_words, joined
from tocsin.timeline import Timeline

if TYPE_CHECKING:
    from tocsin.show.case_figure import Band, CasePanel, Drawing, Statement, Strip
    from tocsin.show.case_page import CaseSheet, FactRow, GradeRow, MoveRow

F64 = npt.NDArray[np.float64]

CRS = "astct-crs-2019"
MORE_SCALES = {"000": ("astct-icans-2019",), "001": ("lcrs-stage-systemic-2021",), "002": ()}
"""What a case is graded by beside its CRS."""
LABELS = {CRS: "CRS grade (ASTCT)", "astct-icans-2019": "ICANS grade (ASTCT)", "lcrs-stage-systemic-2021": "Local CRS, stage"}
TAKEN = {"max": "highest", "min": "lowest", "mean": "mean", "last": "last"}
LIMITS = {"map_limit": "is treated below", "pf_low_flow": "oxygen below", "pf_high_flow": "high flow below", "pf_ventilator": "ventilated below",
          "voice_from": "wakes only to voice", "swelling_from": "swelling seen", "compression_from": "symptoms of compression"}
"""The numbers of the virtual ward that statements are read by, in the words of the figure."""
AXES = {"map_mmhg": "mmHg, scale of an adult"}
"""What stands under a title where it is not the unit alone."""
ABSENT = ("unstated-support-absent", "unstated-organ-toxicity-absent")
SHOWN_DAYS = 30.0
"""The figure ends here; what is stated later stands in the table."""
LOGARITHMIC = ("il6_blood", "il6_local", "il6_csf", "car_blood_per_ul", "ferritin", "ifn_gamma")
ROUNDED = 3


@dataclass(frozen=True)
class VirtualCase:
    """A case with its fitted virtual patient.  ``standard``: the fitted values, in standard deviations from their medians (moving,)."""

    recipe: Recipe
    fit: Fit
    individual: Individual
    standard: F64

    @classmethod
    def of(cls, id: str) -> VirtualCase:  # noqa: A002 - the id is what it is
        """The case of this id; UnknownIdError when there is none, ModelError where it has not been fitted to the parameters that the recipe moves."""
        told = recipe(id)
        individual, fit = Individual.of(told), fitted(told.case)
        return cls(told, fit, individual, individual.standard(fit.values))

    @property
    def stale(self) -> bool:
        """Whether recipe or model have changed since the fit."""
        return self.fit.digest != self.individual.digest()

    @cached_property
    def measured(self) -> F64:
        """What each statement of the paper is about, in the virtual patient (facts,)."""
        one = self.standard[None, :]
        return np.asarray(self.individual.measured(self.individual.outputs(one), one)[0])

    @property
    def met(self) -> npt.NDArray[np.bool_]:
        """Whether each is met (facts,)."""
        return np.asarray(self.individual.met(self.individual.distances(self.measured[None, :]))[0])

    def simulation(self) -> Simulation:
        """The virtual patient in the virtual ward, with the record that it leaves."""
        r = self.recipe
        return simulate(1, product=r.told["product"].value, disease=r.told["disease"].value, doses=r.schedule, days=r.days, seed=r.seed,
                        patients=self.individual.patient(self.standard), system=self.individual.system)

    # ------------------------------------------------------------ the figure
    def drawing(self, virtual: Timeline) -> Drawing:
        """What the figure shows: the model's course over the statements of the paper."""
        from tocsin.show.case_figure import Drawing

        last = min(self.recipe.days, SHOWN_DAYS)
        return Drawing(self._panels(), self._strips(), self._bands(virtual), last, self._left_out)

    @property
    def _left_out(self) -> str:
        return joined(concept_words(name) for name in self.recipe.without)

    @cached_property
    def _hours(self) -> F64:
        return np.arange(0.0, self.recipe.days * HOURS_A_DAY + 1.0)

    @cached_property
    def courses(self) -> tuple[F64, F64 | None]:
        """The course hour by hour (1, hours, outputs): with every dose, and without the drugs that the recipe names."""
        one, i = self.standard[None, :], self.individual
        kept = [o for o in i.orders if concept_of(o.drug).name not in self.recipe.without]
        return i.outputs(one, self._hours), i.outputs(one, self._hours, kept) if self.recipe.without else None

    def difference(self) -> str:
        """How far the drugs that the recipe names change the course, in a sentence; empty when it names none."""
        course, without = self.courses
        if without is None:
            return ""
        one, i, hours = self.standard[None, :], self.individual, self._hours
        warm = i.quantity("temperature", without, one, hours)[0] - i.quantity("temperature", course, one, hours)[0]
        ratio = i.quantity("il6_blood", without, one, hours)[0] / np.maximum(i.quantity("il6_blood", course, one, hours)[0], 1e-9)
        at, most = int(np.abs(warm).argmax()), int(np.abs(np.log(np.maximum(ratio, 1e-9))).argmax())
        return (f"Without {self._left_out} the fitted course would differ by at most {warm[at]:+.1f} °C (day {hours[at] / HOURS_A_DAY:.0f}) and in serum IL-6 "
                f"by at most a factor of {_number(float(ratio[most]))} (day {hours[most] / HOURS_A_DAY:.0f}).")

    def _panels(self) -> list[CasePanel]:
        from tocsin.show.case_figure import CasePanel

        one, i, hours = self.standard[None, :], self.individual, self._hours
        none = np.zeros_like(one)
        median = i.outputs(none, hours)
        course, without = self.courses
        out = []
        for name in self.recipe.panels:
            states = tuple(self._statement(f, bool(ok)) for f, ok in zip(self.recipe.facts, self.met, strict=True) if f.quantity == name and len(f.spans) == 1)
            limits = {LIMITS.get(f.reads.partition(":")[2], f.reads): f.value for f in self.recipe.facts if f.quantity == name and f.reads}
            out.append(CasePanel(
                self._title(name), AXES.get(name, "" if i.unit(name) == "1" else _unit(i.unit(name))), name in LOGARITHMIC, hours / HOURS_A_DAY,
                i.quantity(name, course, one, hours)[0], i.quantity(name, median, none, hours)[0],
                None if without is None else i.quantity(name, without, one, hours)[0], states, tuple(limits.items())))
        return out

    def _title(self, name: str) -> str:
        short = {
            "temperature": "Temperature", "il6_blood": "IL-6 in serum", "il6_local": "IL-6 at the local site", "il6_csf": "IL-6 in CSF",
            "car_blood_per_ul": "CAR-T cells in blood", "map_mmhg": "Mean arterial pressure", "spo2_air": "Saturation on room air",
            "pf_ratio": "PaO2/FiO2", "ice_lost": "Share of ICE score lost", "systolic": "Systolic pressure", "systolic_fall": "Fall of systolic pressure",
            "local_oedema": "Local swelling, 0 to 1", "ferritin": "Ferritin", "ifn_gamma": "Interferon-gamma",
        }
        return short.get(name, capital(self.individual.meaning(name)))

    @staticmethod
    def _statement(f: Fact, met: bool) -> Statement:
        from tocsin.show.case_figure import Statement

        off = np.exp(2.0 * f.spread) if f.logarithmic else 2.0 * f.spread
        low, high = (f.value / off, f.value * off) if f.logarithmic else (f.value - off, f.value + off)
        return Statement(*f.day, f.value, float(low), float(high), f.bound, met)

    def _strips(self) -> list[Strip]:
        from tocsin.show.case_figure import Strip

        days: dict[str, tuple[list[float], list[float]]] = {}
        for one in self.recipe.given:
            for order in parse(one.order, tuple(self.individual.system.drugs)):
                days.setdefault(order.drug, ([], []))[not one.amount_told].extend(h / HOURS_A_DAY for h in order.hours)
        return [Strip(concept_of(drug).title, tuple(sorted(told)), tuple(sorted(assumed))) for drug, (told, assumed) in days.items()]

    def _grades(self, virtual: Timeline) -> list[tuple[str, str, Timeline, Grades]]:
        """Name, note, record and grades of each band."""
        paper = read_case(self.recipe.case)
        assumed = paper.with_complete(paper.complete.assuming(*ABSENT))
        until = self.recipe.days * HOURS_A_DAY
        out = []
        for scale in (CRS, *MORE_SCALES[self.recipe.case]):
            out += [("paper", "the paper's record, as told", paper, grade(paper, scale, until=until)),
                    ("paper", "the paper's record, if unstated support was absent", assumed, grade(assumed, scale, until=until)),
                    ("virtual", "the virtual patient's record", virtual, grade(virtual, scale, until=until))]
        return out

    def _bands(self, virtual: Timeline) -> list[Band]:
        from tocsin.show.case_figure import Band

        out = []
        for _, note, record, grades in self._grades(virtual):
            if note.endswith("as told"):
                continue
            (course,) = courses([grades], record.patient_ids[0], [note])
            out.append(Band(replace(course, label=LABELS[grades.scale.id]), list(record.events.iter_rows(named=True))))
        return out

    # ------------------------------------------------------------ the page
    def sheet(self, found: Simulation, command: str = "", generated: str | None = None) -> CaseSheet:
        """Everything that the report says."""
        from tocsin.show.case_page import CaseSheet

        about, r, i = case(self.recipe.case), self.recipe, self.individual
        one = self.standard[None, :]
        distances = i.distances(self.measured[None, :])
        misfit, improbable = float(i.misfit(distances)[0]), float(prior(one)[0])
        graded = self._grades(found.timeline)
        met = int(self.met.sum())
        return CaseSheet(
            id=r.case, title=about.title, notice=NOTICE,
            lead=f"The model with the doses of the paper and {len(i.names)} of its numbers moved from their population to fit this patient: "
                 f"{met} of {len(r.facts)} statements of the paper are met. A fit to one patient shows that the mechanism can do this, not that it did. "
                 f"{_highest_of_all(graded)}",
            told=[(name.replace("_", " "), f"{_number(t.value)} {_unit(t.unit)}".strip(), t.status, t.source) for name, t in r.told.items()],
            doses=[(g.order, g.status, g.source) for g in r.given],
            facts=self._fact_rows(), moves=self._move_rows(), columns=[f"{LABELS[g.scale.id]}: {note}" for _, note, _, g in graded],
            grades=_grade_rows(graded, min(r.days, SHOWN_DAYS)), silent=r.silent,
            assumed=[(q.name, f"{q.value:g} {_unit(q.unit)}".strip() if isinstance(q, Parameter) else _unit(q.unit), q.meaning) for q in found.assumed],
            references=bibliography([about.paper, *(g.scale.cites[0] for _, _, _, g in graded)]),
            manifest=[("Tocsin", version()), ("Recipe and model", i.digest()), ("Fitted with", self.fit.digest), ("Seed of the fit", str(self.fit.seed)),
                      ("Seed of the measurements", str(r.seed)), ("Command", command or "called from Python"),
                      ("Generated", generated or datetime.now(UTC).isoformat(timespec="seconds"))],
            caption=self._caption(),
            objective=f"Maximum a posteriori: minus the logarithm of the posterior is {misfit + improbable:.2f}, of which {misfit:.2f} by the statements and "
                      f"{improbable:.2f} by the distances from the medians (differential evolution and L-BFGS-B, {self.fit.candidates} candidates). There are "
                      f"{len(r.facts)} statements and {len(i.names)} numbers: the values are one way to meet them, and none of them is identified.",
            stale="The model or the recipe has changed since the fit: fit again with python calibration/cases.py --write." if self.stale else "")

    def _caption(self) -> str:
        left = f" The dashed line leaves out {self._left_out}. {self.difference()}" if self.recipe.without else ""
        later = sum(f.day[0] >= SHOWN_DAYS for f in self.recipe.facts)
        more = f" {later} statements of later days and those" if later else " Statements"
        return (f"Case {self.recipe.case}. Top: doses as the paper gives them (hours are assumed), and the grades of the paper's record and of the virtual "
                f"patient's. Below: the course of the model (blue) over what the paper states; red and hollow where the model misses it.{left}{more} "
                "of a change only stand in the table.")

    def _fact_rows(self) -> list[FactRow]:
        from tocsin.show.case_page import FactRow

        out = []
        for f, got, ok in zip(self.recipe.facts, self.measured, self.met, strict=True):
            about = self.individual.meaning(f.quantity) + (f", over that of day {_span(f.against)}" if f.against else "")
            about += f", above the lowest of day {_span(f.above_lowest)}" if f.above_lowest else ""
            unit = "" if f.unit in ("1", "ratio") else f" {_unit(f.unit)}"
            off = "" if f.bound else f" (a factor of {_number(np.exp(2 * f.spread))} either way)" if f.logarithmic else f" ± {_number(2 * f.spread)}"
            words = {"": "", ">": "above ", "<": "below "}[f.bound]
            stated = f"{words}{number(f.value)}{unit}{off}" if f.logarithmic else f"{words}{number(f.value)}{off}{unit}"
            out.append(FactRow(_span(f.day), f"{TAKEN[f.take]} {about}", f.says, stated, f"{_number(got)}{unit}", bool(ok),
                               "" if ok else f.if_missed or "Nothing in the recipe says why.", f.status, f.source))
        return out

    def _move_rows(self) -> list[MoveRow]:
        from tocsin.show.case_page import MoveRow

        rows = []
        for move, z, value in zip(self.recipe.moves, self.standard, self.individual.values(self.standard).values(), strict=True):
            entry = self.individual.entries[move.name]
            unit = "" if entry.unit == "1" else f" {_unit(entry.unit)}"
            rows.append(MoveRow(move.name, entry.meaning, f"{_number(value)}{unit}", f"{_number(entry.value)}{unit}", float(z), move.reason))
        return sorted(rows, key=lambda row: -abs(row.distance))


def _grade_rows(graded: Sequence[tuple[str, str, Timeline, Grades]], days: float) -> list[GradeRow]:
    from tocsin.show.case_page import GradeRow

    return [GradeRow(day, tuple(_highest(g.frame, day) for _, _, _, g in graded)) for day in range(int(days))]


def _highest(frame: pl.DataFrame, day: int) -> tuple[int, int] | None:
    start, end = day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY
    inside = frame.filter((pl.col("start_hour") < end) & (pl.col("end_hour").is_null() | (pl.col("end_hour") > start)))
    if inside.is_empty():
        return None
    return int(inside["at_least"].max()), int(inside["at_most"].max())  # type: ignore[arg-type]


def _highest_of_all(graded: Sequence[tuple[str, str, Timeline, Grades]]) -> str:
    """The highest CRS grade of the paper's record and of the virtual patient's, in a sentence."""
    found = {}
    for who, _, _, grades in graded:
        if grades.scale.id == CRS and who not in found:
            least = grades.frame["at_least"].max()
            found[who] = str(least)
    return f"The highest CRS grade that is certain is {found['paper']} in the paper's record and {found['virtual']} in the virtual patient's."


def _span(days: tuple[float, float]) -> str:
    first, last = days
    return f"{first:g}" if last == first + 1 and first == int(first) else f"{first:g} to {last:g}"


def _number(value: object) -> str:
    return number(float(f"{value:.{ROUNDED}g}")) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _unit(unit: str) -> str:
    return {"degC": "°C", "cell/uL": "cells/µL", "cell/kg": "cells/kg", "Gcell": "10⁹ cells", "1": "", "1/day": "/day"}.get(unit, unit)


def report(id: str, out: Path | None, command: str = "") -> tuple[CaseSheet, tuple[Path, ...]]:  # noqa: A002
    """The sheet of a case and, in the folder ``out``, its report and figure, the virtual record, its trajectories and the record of the run."""
    from tocsin.show.case_page import as_data, write

    told = VirtualCase.of(id)
    found = told.simulation()
    sheet = told.sheet(found, command)
    if out is None:
        return sheet, ()
    pages = write(sheet, told.drawing(found.timeline), out)
    return sheet, (*pages, *found.write(out, command=command, **as_data(sheet)))


__all__ = ["DERIVED", "VirtualCase", "report"]
