"""The summary of a simulation on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.show.terminal import _say, _table
from tocsin.show.wording import plural
from tocsin.vocabulary import CONCEPTS

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.model.simulate import Simulation
    from tocsin.model.summary import Spread, Summary

MOST_FAILURES = 5


def print_simulation(out: Console, simulation: Simulation, summary: Summary, files: Sequence[Path]) -> None:
    """Who was simulated, their grades, onset, duration and extremes, what failed, what it rests on, and where it is."""
    from tocsin.model.simulate import NOTICE

    who = simulation.patients
    disease = who.disease.title if who.disease is not None else "the model's own disease"
    _say(out, f"{plural(len(who), 'virtual patient')}, {who.product or 'no named product'}, {disease}; day {simulation.hours[0] / 24:g} to "
              f"{simulation.hours[-1] / 24:g}, seed {simulation.seed}", "bold")
    for order in simulation.orders:
        _say(out, f"  {order.words()}")
    if not simulation.orders:
        _say(out, "  no drug by schedule")
    cut = int(simulation.given.capped.sum())
    if cut:
        _say(out, f"  {plural(cut, 'dose')} cut to the maximum of one dose", "dim")
    out.print()
    table = _table(out, "Highest grade of each patient (ASTCT 2019)")
    table.add_column("Grade")
    table.add_column("CRS", justify="right")
    table.add_column("ICANS", justify="right")
    for grade in summary.crs:
        table.add_row(str(grade), _share(summary.crs[grade], summary.n), _share(summary.icans[grade], summary.n))
    out.print(table)
    if summary.unsettled:
        _say(out, f"  Of {plural(summary.unsettled, 'patient')} the highest CRS grade is a range; the least of it is counted.", "dim")
    out.print()
    lines = _table(out, "Course and extremes, as measured")
    for name in ("What", "Unit"):
        lines.add_column(name)
    for name in ("Patients", "Median", "Quartiles", "Range"):
        lines.add_column(name, justify="right")
    _row(lines, "CRS onset", "day", summary.onset)
    _row(lines, "CRS duration (episodes that ended)", "days", summary.duration)
    for word, extremes in (("highest", summary.peaks), ("lowest", summary.lows)):
        for concept, spread in extremes.items():
            _row(lines, f"{CONCEPTS[concept].title}, {word}", CONCEPTS[concept].unit or "", spread)
    out.print(lines)
    if summary.lasting:
        _say(out, f"  The first episode of {plural(summary.lasting, 'patient')} had not ended by day {simulation.hours[-1] / 24:g}.", "dim")
    _say(out, "  Ever given: " + ", ".join(f"{name} {_share(many, summary.n)}" for name, many in summary.supported.items()) + ".")
    for failure in simulation.failures[:MOST_FAILURES]:
        _say(out, f"  Failed: patient {who.ids[failure.patient]} at day {failure.time:.3g}: {failure.cause}.")
    if len(simulation.failures) > MOST_FAILURES:
        _say(out, f"  ... and {len(simulation.failures) - MOST_FAILURES} more failed.")
    out.print()
    _say(out, f"{len(simulation.assumed)} numbers behind this are assumed: no source gives them." + (f" Listed in {files[-1]}." if files else
                                                                                                 " Listed with --out DIR, in run.json."))
    if files:
        _say(out, f"Written: {', '.join(str(f) for f in files)}")
        complete = ",".join(sorted(simulation.timeline.complete.everywhere))
        _say(out, f"Grade or report it as any record: tocsin grade {files[0]} --patients {files[1]} --complete {complete}", "dim")
    _say(out, NOTICE, "bold")


def _share(many: int, n: int) -> str:
    return f"{many} ({100 * many / n:.0f}%)"


def _row(table: object, what: str, unit: str, spread: Spread) -> None:
    from rich.table import Table

    assert isinstance(table, Table)
    if not spread.n:
        table.add_row(what, unit, "0", "", "", "")
        return
    table.add_row(what, unit, str(spread.n), _number(spread.median), f"{_number(spread.lower)} to {_number(spread.upper)}",
                  f"{_number(spread.least)} to {_number(spread.most)}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
