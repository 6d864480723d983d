"""The report of a simulation: one HTML page with what was asked, who was simulated, what became of them, and every number that is assumed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tocsin.cite import REFERENCES
from tocsin.cohort.parts import TablePart
from tocsin.grading import grade
from tocsin.model.dosing import HOURS_A_DAY
from tocsin.model.load import OWN_SOURCES, loaded, products
from tocsin.model.numbers import text
from tocsin.model.simulate import NOTICE
from tocsin.model.simulate import used as in_use
from tocsin.model.summary import CRS, Spread
from tocsin.model.system import Parameter, Quantity
from tocsin.show import palette
from tocsin.show.cohort.page import MOST_ROWS, _table
from tocsin.show.html_report import _environment
from tocsin.show.inline import element, own_ids
from tocsin.show.model import version
from tocsin.show.simulation import course_columns, course_rows, given_words, grade_rows, number, share, spread_words
from tocsin.show.simulation_figures import caption_lines, draw_bands, draw_shares
from tocsin.show.values import unit_words
from tocsin.show.wording import STANDING, plural

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tocsin.model.simulate import Simulation
    from tocsin.model.summary import Summary

FILE = "report.html"
WIDTH_POINTS = 510.2
WARD = ("population", "care", "observation")
"""The tables of numbers beside the model, each with references of its own."""
STARTS = (("car_dose", "CAR-T cells infused"), ("tumour_marrow_start", "Tumour in marrow at infusion"),
          ("tumour_local_start", "Tumour at the local site at infusion"))
"""Parameters that say who the patients are, where the model has them."""


def write_simulation(simulation: Simulation, summary: Summary, folder: Path, command: str = "", generated: str | None = None) -> Path:
    """Write report.html into the folder, which exists, and return its path; a page of an earlier run is replaced."""
    out = folder / FILE
    out.write_text(simulation_page(simulation, summary, command, generated or datetime.now(UTC).isoformat(timespec="seconds")), encoding="utf-8")
    return out


def simulation_page(simulation: Simulation, summary: Summary, command: str = "", generated: str = "") -> str:
    """The page of a simulation.  It stands alone: figures, styles and tables are within it."""
    end = float(simulation.hours[-1])
    steps = grade(simulation.timeline, CRS, until=end).frame
    chosen = dict(simulation.sets)
    used = in_use(simulation.system, simulation.patients, chosen)
    of_model = [q for q in simulation.assumed if q in used]
    of_ward = [q for q in simulation.assumed if q not in used]
    many = len(of_model) + len(of_ward)
    sections = [
        {"id": "asked", "title": "What was asked", "text": [], "parts": [
            _shown(TablePart("asked", "The run", _frame(("", "as asked"), _asked(simulation, command)))), *_set_by_caller(used, chosen)]},
        {"id": "who", "title": "Who was simulated", "text": [], "parts": [_shown(_who(simulation)), *_failed(simulation)]},
        {"id": "course", "title": "What became of them", "text": _words(simulation, summary), "parts": [
            _shown(_grades(summary)), _shown(_course(summary)),
            _drawn("shares", "Patients at each CRS grade (ASTCT 2019) over time", "Graded from the virtual record as any patient; of a range of grades the "
                   "least counts. Dashed: the first dose of a drug; marks: every dose.", draw_shares(simulation, steps)),
            _drawn("bands", "Course of all patients", caption_lines(simulation), draw_bands(simulation))]},
        {"id": "assumed", "title": "Assumed numbers", "text": [
            f"{plural(many, 'number')} behind this simulation {'is' if many == 1 else 'are'} assumed, or from memory without a source. A source beside one "
            "of them is what it leans on."],
         "parts": [*_numbers("assumed", "Assumed: the model, with what product and disease set", of_model),
                   *_numbers("ward", "Assumed: population, supportive care and observation", of_ward)]},
        {"id": "other", "title": "Fitted numbers, and numbers from memory", "text": _fitted_words(used), "parts": [
            *_numbers("fitted", "Fitted to named targets", [p for p in used if p.status == "fitted"]),
            *_numbers("memory", "From memory of a source, not read again", [p for p in used if p.status == "memory" and p.source])]},
        {"id": "sources", "title": "Sources named above", "text": [], "parts": _sources((*simulation.assumed, *used))},
    ]
    return _environment().get_template("simulation.html.j2").render(
        title="Simulation of virtual patients", subtitle=_subtitle(simulation), notice=NOTICE, standing=STANDING, sections=sections,
        manifest=[("Written", generated), ("Software", f"Tocsin {version()}"), ("Record of the run", "run.json, beside this page")])


# ---------------------------------------------------------------------------------------------------- what was asked
def _subtitle(simulation: Simulation) -> str:
    who = simulation.patients
    disease = who.disease.title if who.disease is not None else "the model's own disease"
    return (f"{plural(len(who), 'virtual patient')}, {who.product or 'no named product'}, {disease}, "
            f"day {simulation.hours[0] / HOURS_A_DAY:g} to {simulation.hours[-1] / HOURS_A_DAY:g}")


def _model(simulation: Simulation) -> str:
    system = simulation.system
    return (f"{system.name}, {plural(len(system.states), 'state')}, {plural(len(system.parameters), 'parameter')}, "
            f"fingerprint {hashlib.sha256(repr(system).encode()).hexdigest()[:12]}")


def _asked(simulation: Simulation, command: str) -> list[tuple[str, str]]:
    who = simulation.patients
    cut = int(simulation.given.capped.sum())
    rows = [
        ("Command", command), ("Model", _model(simulation)), ("Patients", str(len(who))), ("Seed", str(simulation.seed)),
        ("Product", _product(simulation)), ("Disease", who.disease.title if who.disease is not None else "the model's own"),
        ("Days", f"{simulation.hours[0] / HOURS_A_DAY:g} to {simulation.hours[-1] / HOURS_A_DAY:g}"),
        *(("Dose" if k == 0 else "and", order.words()) for k, order in enumerate(simulation.orders)),
    ]
    if not simulation.orders:
        rows.append(("Doses", "no drug by schedule"))
    if cut:
        rows.append(("Doses cut", f"{cut}, to the maximum of one dose"))
    if simulation.after_the_end:
        rows.append(("Doses not given", f"{simulation.after_the_end}, after the last day"))
    return [(name, text) for name, text in rows if text]


def _product(simulation: Simulation) -> str:
    name = simulation.patients.product
    known = products(simulation.system.name) if name and simulation.system.name == "crs" else {}
    return f"{name}: {known[name].title}" if name in known else name or "none named"


def _set_by_caller(used: Sequence[Parameter], chosen: dict[str, float]) -> list[dict[str, Any]]:
    rows = [(p.name, f"{chosen[p.name]:g}", _unit(p.unit), p.meaning) for p in used if p.name in chosen]
    return [_shown(TablePart("set", "Medians set by the caller", _frame(("Name", "Value", "Unit", "Meaning"), rows)))] if rows else []


# ---------------------------------------------------------------------------------------------------- who
def _who(simulation: Simulation) -> TablePart:
    who = simulation.patients
    units = {p.name: p.unit for p in simulation.system.parameters}
    spreads = [_spread("Age, years", who.age_years), _spread("Weight, kg", who.weight_kg),
               *(_spread(f"{words}, {_unit(units[name])}", who.values(name)) for name, words in STARTS if name in who.names)]
    classes = {f"Class: {name.replace('_', ' ')}": int(member.sum()) for name, member in who.classes.items()}
    if len(who) == 1:
        alone = [*(row[:2] for row in spreads), *((name, "yes" if many else "no") for name, many in classes.items())]
        return TablePart("who", "The patient", _frame(("Characteristic", "Value"), alone))
    rows = [("Patients", str(len(who)), "", ""), *spreads, *((name, share(many, len(who)), "", "") for name, many in classes.items())]
    return TablePart("who", "The patients", _frame(("Characteristic", "Median", "Quartiles", "Range"), rows), notes=("Of classes and patients: the count.",))


def _spread(words: str, values: Any) -> tuple[str, str, str, str]:
    s = Spread.of(values)
    if s.least == s.most:  # the same in all
        return words, number(s.median), "", ""
    return words, *spread_words(s)


def _failed(simulation: Simulation) -> list[dict[str, Any]]:
    rows = [(simulation.patients.ids[f.patient], f"{f.time:.3g}", f.cause) for f in simulation.failures]
    notes = ("Their record ends there. They count in every table and figure until then.",)
    title = f"{plural(len(rows), 'patient')} whose equations could not be followed to the end"
    return _in_parts("failed", title, ("Patient", "Day", "Cause"), rows, notes)


# ---------------------------------------------------------------------------------------------------- what became of them
def _words(simulation: Simulation, summary: Summary) -> list[str]:
    out = []
    if summary.unsettled:
        out.append(f"Of {plural(summary.unsettled, 'patient')} the highest CRS grade is a range; the least of it is counted.")
    if summary.lasting:
        out.append(f"The first episode of CRS of {plural(summary.lasting, 'patient')} had not ended by day {simulation.hours[-1] / HOURS_A_DAY:g}.")
    return [*out, given_words(summary)]


def _grades(summary: Summary) -> TablePart:
    return TablePart("grades", "Highest grade of each patient (ASTCT 2019)", _frame(("Grade", "CRS", "ICANS"), list(grade_rows(summary))))


def _course(summary: Summary) -> TablePart:
    rows = [(f"{what}, {_unit(unit)}" if unit else what, *cells) for what, unit, cells in course_rows(summary)]
    return TablePart("extremes", "Course and extremes, as measured", _frame(("What", *course_columns(summary)), rows),
                     notes=("As the virtual ward measured it, with its errors and the limits of assays: a value above a ceiling counts as the ceiling.",))


# ---------------------------------------------------------------------------------------------------- numbers
def _fitted_words(used: Sequence[Parameter]) -> list[str]:
    fitted = sum(p.status == "fitted" for p in used)
    if not fitted:
        return ["No parameter of the model was fitted to data."]
    return [f"{plural(fitted, 'parameter')} of the model {'was' if fitted == 1 else 'were'} fitted to named targets."]


def _numbers(name: str, title: str, some: Sequence[Quantity]) -> list[dict[str, Any]]:
    rows = []
    for q in some:
        value, cv = (f"{q.value:g}", f"{q.cv:.0%}" if q.cv else "") if isinstance(q, Parameter) else ("", "")
        rows.append((q.name, value, _unit(q.unit), cv, q.meaning, _source(q)))
    notes = ("CV: the coefficient of variation between patients.",) if any(row[3] for row in rows) else ()
    columns = ("Name", "Value", "Unit", "CV", "Meaning", "Source")
    kept = [k for k in range(len(columns)) if any(row[k] for row in rows)]
    return _in_parts(name, title, [columns[k] for k in kept], [[row[k] for k in kept] for row in rows], notes)


def _source(q: Quantity) -> str:
    if q.status == "memory" and not q.source:
        return "from memory"
    return "" if q.source in OWN_SOURCES else q.source


def _sources(some: Sequence[Quantity]) -> list[dict[str, Any]]:
    """What the keys of sources stand for, those of numbers in the tables above."""
    told = {**{key: one.text for key, one in REFERENCES.items()}, **(loaded().references),
            **{key: words for name in WARD for key, words in text(name).get("references", {}).items()}}
    shown = [q for q in some if q.status in ("assumed", "fitted", "memory")]
    keys = dict.fromkeys(part.strip().partition(":")[0] for q in shown for part in q.source.split(","))
    return _in_parts("sources", "Sources", ("Key", "Source"), [(k, told[k]) for k in sorted(keys) if k in told])


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit_words(unit)


# ---------------------------------------------------------------------------------------------------- parts of the page
def _frame(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> pl.DataFrame:
    return pl.DataFrame([list(r) for r in rows], schema=dict.fromkeys(columns, pl.String), orient="row")


def _in_parts(name: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], notes: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """A table, or several where it has more rows than one may show: none is left out."""
    pieces = [rows[k:k + MOST_ROWS] for k in range(0, len(rows), MOST_ROWS)]
    return [_shown(TablePart(name if k == 0 else f"{name}-{k + 1}", title if k == 0 else f"{title}, continued", _frame(columns, piece), notes=notes))
            for k, piece in enumerate(pieces)]


def _shown(part: TablePart) -> dict[str, Any]:
    return {**_table(part, 0, ()), "number": ""}


def _drawn(name: str, title: str, caption: str, figure: Figure) -> dict[str, Any]:
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({**palette.STYLE, "path.simplify": True}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": "Tocsin", "Title": title})
    figure.clear()
    picture = element(own_ids(file.getvalue(), f"{name}-"), title, caption, prefix=f"figure-{name}", role="img")
    return {"kind": "figure", "id": name, "number": "", "title": title, "caption": caption, "picture": picture, "width": WIDTH_POINTS, "files": ()}


__all__ = ["FILE", "simulation_page", "write_simulation"]
