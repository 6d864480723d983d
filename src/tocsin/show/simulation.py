"""The summary of a simulation on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def print_simulation(out: Console, simulation: Simulation, summary: Summary, files: Sequence[Path], report: Path | None = None) -> None:
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
    late = simulation.after_the_end
    if late:
        _say(out, f"  {plural(late, 'dose')} not given, as {'it comes' if late == 1 else 'they come'} after day {simulation.hours[-1] / 24:g}", "dim")
    out.print()
    table = _table(out, "Highest grade of each patient (ASTCT 2019)")
    table.add_column("Grade")
    table.add_column("CRS", justify="right")
    table.add_column("ICANS", justify="right")
    for grade, *shares in grade_rows(summary):
        table.add_row(grade, *shares)
    out.print(table)
    if summary.unsettled:
        _say(out, f"  Of {plural(summary.unsettled, 'patient')} the highest CRS grade is a range; the least of it is counted.", "dim")
    out.print()
    lines = _table(out, "Course and extremes, as measured")
    for name in ("What", "Unit"):
        lines.add_column(name)
    for name in course_columns(summary):
        lines.add_column(name, justify="right")
    for what, unit, cells in course_rows(summary):
        lines.add_row(what, unit, *cells)
    out.print(lines)
    if summary.lasting:
        _say(out, f"  The first episode of {plural(summary.lasting, 'patient')} had not ended by day {simulation.hours[-1] / 24:g}.", "dim")
    _say(out, f"  {given_words(summary)}")
    for failure in simulation.failures[:MOST_FAILURES]:
        _say(out, f"  Failed: patient {who.ids[failure.patient]} at day {failure.time:.3g}: {failure.cause}.")
    if len(simulation.failures) > MOST_FAILURES:
        _say(out, f"  ... and {len(simulation.failures) - MOST_FAILURES} more failed.")
    out.print()
    _say(out, f"{len(simulation.assumed)} numbers behind this are assumed: no source is given." + (f" Listed in {files[-1]}." if files else
                                                                                                 " Listed with --out DIR, in run.json."))
    if files:
        if report is not None:
            _say(out, f"Report: {report}", "bold")
        _say(out, f"Written: {', '.join(str(f) for f in files)}")
        complete = ",".join(sorted(simulation.timeline.complete.everywhere))
        _say(out, f"Grade or report it as any record: tocsin grade {files[0]} --patients {files[1]} --complete {complete} --at {_last(simulation)}", "dim")
    _say(out, NOTICE, "bold")


def _last(simulation: Simulation) -> str:
    """The end of the record, beyond which nobody knows anything."""
    hour = float(simulation.hours[-1])
    return f"day{hour / 24:.0f}" if hour % 24 == 0 else f"{hour:g}"


def grade_rows(summary: Summary) -> Iterator[tuple[str, str, str]]:
    """Each grade, and how many patients had it as the highest of CRS and of ICANS; of one patient the grades alone."""
    if summary.n > 1:
        for grade in summary.crs:
            yield str(grade), share(summary.crs[grade], summary.n), share(summary.icans[grade], summary.n)
    else:
        crs, icans = (next(str(grade) for grade, many in counts.items() if many) for counts in (summary.crs, summary.icans))
        yield "highest", crs, icans


def given_words(summary: Summary) -> str:
    """To how many patients each support and drug was ever given; of one patient whether it was."""
    def told(many: int) -> str:
        return ("yes" if many else "no") if summary.n == 1 else share(many, summary.n)

    return "Ever given: " + ", ".join(f"{name} {told(many)}" for name, many in summary.supported.items()) + "."


def course_columns(summary: Summary) -> tuple[str, ...]:
    """What ``course_rows`` tells: of one patient the value alone."""
    return ("Patients", "Median", "Quartiles", "Range") if summary.n > 1 else ("Value",)


def course_rows(summary: Summary) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Onset, duration and extremes: what, its unit, and texts for the columns."""
    def cells(spread: Spread) -> tuple[str, ...]:
        if summary.n == 1:
            return (number(spread.median) if spread.n else "",)
        if not spread.n:
            return "0", "", "", ""
        return str(spread.n), *spread_words(spread)

    yield "CRS onset", "day", cells(summary.onset)
    yield "CRS duration (episodes that ended)", "days", cells(summary.duration)
    for word, extremes in (("highest", summary.peaks), ("lowest", summary.lows)):
        for concept, spread in extremes.items():
            yield f"{CONCEPTS[concept].title}, {word}", CONCEPTS[concept].unit or "", cells(spread)


def spread_words(spread: Spread) -> tuple[str, str, str]:
    """Median, quartiles and range."""
    return number(spread.median), f"{number(spread.lower)} to {number(spread.upper)}", f"{number(spread.least)} to {number(spread.most)}"


def share(many: int, n: int) -> str:
    """A count with its share of all."""
    return f"{many} ({100 * many / n:.0f}%)"


def number(value: float) -> str:
    """A value as a table prints it."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
