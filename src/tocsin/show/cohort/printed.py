"""The report of a cohort, and the checks of a paper's published numbers, on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.cohort.parts import CohortReport
from tocsin.cohort.published import Check, Verdict
from tocsin.show.terminal import _safe, _say, _table
from tocsin.show.wording import STANDING, capital, plural

if TYPE_CHECKING:
    from rich.console import Console

MOST_NOTES = 12
"""Notes about the data that are printed; the report has all."""
WORDED = {"different": "the arms differ", "alike": "the arms are alike"}
"""What a statement without a number says, in words."""
COUNTED = {
    Verdict.REPRODUCES: "reproduced", Verdict.TAKEN: "taken as printed", Verdict.DERIVED: "not printed but following from the counts",
    Verdict.MISPRINT: "misprinted", Verdict.CONTRADICTION: "contradictory", Verdict.UNCLEAR: "unclear", Verdict.NO_TEST_MATCHES: "that no test gives",
    Verdict.NOT_REPRODUCIBLE: "not reproducible",
}


def print_cohort(console: Console, report: CohortReport, files: Sequence[Path] = ()) -> None:
    """What a cohort's report found: the first paragraph of each section, its warnings, what is left out, and where the files are."""
    _say(console, report.title, "bold")
    if report.synthetic:
        _say(console, f"SYNTHETIC: {report.synthetic}", "bold red")
    if report.subtitle:
        _say(console, report.subtitle)
    for section in report.sections:
        if section.text or section.warnings:
            console.print()
            _say(console, section.title, "bold")
        for text in section.text[:1]:
            _say(console, f"  {text}")
        for warning in section.warnings:
            _say(console, f"  ! {warning}", "yellow")
    notes = [text for name, text in report.basis if name == "Note"]
    if notes:
        console.print()
        _say(console, "How the data were taken", "bold")
        for text in notes[:MOST_NOTES]:
            _say(console, f"  {text}")
        if len(notes) > MOST_NOTES:
            _say(console, f"  {len(notes) - MOST_NOTES} more notes stand at the end of the report.")
    if any(s.left_out for s in report.sections):
        console.print()
        _say(console, "Not in this report", "bold")
        for section in report.sections:
            for text in section.left_out:
                _say(console, f"  {section.title}: {text}")
    console.print()
    _print_files(console, report, files)
    _say(console, STANDING, "dim")


def print_published(console: Console, checks: Sequence[Check], arms: dict[str, str] | None = None) -> None:
    """What can be said of each published number of a paper, what reproduces first; ``arms`` names the arms of the checks in words."""
    named = arms or {}

    def of(*verdicts: Verdict) -> list[Check]:
        return [c for c in checks if c.verdict in verdicts]

    p_values = [c for c in checks if c.printed.startswith("p = ") or c.printed in WORDED]
    _say(console, f"{plural(len(checks), 'published number or statement', 'published numbers and statements')}: "
                  + ", ".join(f"{n} {words}" for v, words in COUNTED.items() if (n := len(of(v)))) + ".", "bold")
    _explained(console, "P-values and statements that reproduce, with the test that gives them", [c for c in of(Verdict.REPRODUCES) if c in p_values], named)
    _explained(console, "P-values that no test gives", of(Verdict.NO_TEST_MATCHES), named)
    _listed(console, "Percentages and sums that reproduce", [c for c in of(Verdict.REPRODUCES) if c not in p_values], named)
    _listed(console, "Not printed, but follows from printed counts", of(Verdict.DERIVED), named)
    for verdict, title in ((Verdict.MISPRINT, "Misprints"), (Verdict.CONTRADICTION, "Contradictions"), (Verdict.UNCLEAR, "Unclear")):
        _chosen(console, title, of(verdict))
    _explained(console, "Cannot be reproduced, and why", of(Verdict.NOT_REPRODUCIBLE), named)
    taken = of(Verdict.TAKEN)
    if taken:
        console.print()
        _say(console, f"Taken as printed ({len(taken)})", "bold")
        _say(console, "  " + "; ".join(f"{_what(c, named)} {c.found}" for c in taken) + ".")
    console.print()
    _say(console, STANDING, "dim")


def _listed(console: Console, title: str, checks: Sequence[Check], arms: dict[str, str]) -> None:
    """Numbers side by side: as printed, and as the counts give them."""
    if not checks:
        return
    from rich.text import Text

    console.print()
    table = _table(console, f"{title} ({len(checks)})")
    table.add_column("What", ratio=4)
    table.add_column("Printed" if any(c.printed for c in checks) else "Count", justify="right", no_wrap=True)
    table.add_column("From the counts", ratio=5)
    for c in checks:
        found = c.found if c.printed.endswith("%") else c.says
        table.add_row(Text(_safe(console, capital(_what(c, arms)))), Text(_safe(console, c.printed or c.found)), Text(_safe(console, found)))
    console.print(table)


def _explained(console: Console, title: str, checks: Sequence[Check], arms: dict[str, str]) -> None:
    """Numbers and statements, each with its explanation beneath."""
    if not checks:
        return
    console.print()
    _say(console, f"{title} ({len(checks)})", "bold")
    for c in checks:
        found = f"; {c.found}" if c.found and c.found not in c.says else ""
        _say(console, f"  {capital(_what(c, arms))}: {WORDED.get(c.printed, c.printed)}{found}")
        _say(console, f"      {capital(c.says)}", "dim")


def _chosen(console: Console, title: str, checks: Sequence[Check]) -> None:
    """What is wrong or open, in the paper's words, and the choice made."""
    if not checks:
        return
    console.print()
    _say(console, f"{title} ({len(checks)}), with the choice made", "bold")
    for c in checks:
        _say(console, f"  {capital(c.what)}: “{c.words}”")
        _say(console, f"      {capital(c.says).rstrip('.')}.", "dim")
        _say(console, f"      Choice: {c.found}")


def _what(c: Check, arms: dict[str, str]) -> str:
    """What a check is about, with its arm unless it is of all patients or named already."""
    arm = arms.get(c.arm, c.arm)
    return c.what if c.arm == "all" or arm in c.what else f"{c.what} ({arm})"


def _print_files(console: Console, report: CohortReport, files: Sequence[Path]) -> None:
    pages = [f for f in files if f.suffix == ".html"]
    if not pages:
        return
    _say(console, f"{pages[0]}: the report, with {plural(len(report.tables), 'table')} (CSV, LaTeX) and {plural(len(report.figures), 'figure')} "
                  "(SVG, PNG, PDF) beside it")
    for name, says in (("methods.txt", "the methods paragraph"), ("report.json", "all of it for machines"),
                       ("patients-analysed.csv", "one row a patient, with what each column means beside it; data of patients")):
        for f in files:
            if f.name == name:
                _say(console, f"{f}: {says}")
