"""The command of a cohort study: cohort."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.options import Source, command_line, reads, split
from tocsin.errors import SettingError

if TYPE_CHECKING:
    from tocsin.cohort.folder import Folder
    from tocsin.timeline import Timeline

OUT = Path("cohort-out")
_ARMS = ("What makes the arms: a drug given or not (tocilizumab), a column of the table of patients, or a rule (\"age_years < 18\"). "
         "Default: what the study file says, else tocilizumab.")


@partial(reads, may_have_none=True)
def cohort(
    source: Source,
    arms: Annotated[str | None, typer.Option("--arms", help=_ARMS)] = None,
    study: Annotated[Path | None, typer.Option("--study", help="The study file, where it is not DIR/cohort.toml.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder of the report. Default: cohort-out.", show_default=False)] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="Instead of a record: what can be reproduced of a published cohort (003).")] = None,
) -> None:
    """Analyse a cohort as a clinical paper does: one HTML report, every table as CSV and LaTeX, every figure as SVG, PNG and PDF.

    The record is a folder with events.csv (or an export in its folder record/), patients.csv with one row a patient, and, if there are,
    screening.csv (who was left out) and cohort.toml (the study: arms, variables, exclusions). Grades, durations, doses and outcomes are computed
    from the record; columns of patients.csv that tell them are used where the record does not, and compared where it does.

    Examples:

      tocsin cohort STUDY/ --arms tocilizumab --complete drugs,devices

      tocsin cohort STUDY/ --arms "age_years < 18" --out report/

      tocsin cohort CLIF/ --patients patients.csv --study cohort.toml

      tocsin cohort --paper 003 --out paper003/
    """
    if paper is not None:
        if source.files:
            raise SettingError("--paper takes no record: its counts come with Tocsin.")
        show_published(paper, out)
        return
    if len(source.files) != 1:
        raise SettingError("name one folder, or one record, to analyse: tocsin cohort STUDY/ --arms tocilizumab\n"
                           "  A published cohort is named by --paper: tocsin cohort --paper 003")
    from tocsin.cohort.folder import read_folder
    from tocsin.show.lookup import working

    with working(f"analysing {source.name}", show=True):
        folder = read_folder(source.files[0], source.patients, study)
        if arms is not None:
            folder = replace(folder, study=replace(folder.study, arms=arms))
        timeline, basis = _record(source, folder)
        _report(folder, timeline, basis, out or OUT)


def _record(source: Source, folder: Folder) -> tuple[Timeline, list[str]]:
    """The record of a study with everybody of its table of patients, and what it rests on."""
    from tocsin.timeline import Completeness, Timeline

    complete = list(dict.fromkeys([*split(source.complete), *folder.study.complete]))
    with tempfile.TemporaryDirectory() as place:
        facts = None
        if folder.facts is not None and folder.facts.width > 1:
            facts = Path(place) / "patients.csv"
            folder.facts.write_csv(facts)
        if folder.record:
            mine = replace(source, files=list(folder.record), patients=facts, complete=",".join(complete))
            apart = facts if mine.format == "tocsin" else None  # its table of patients would be Parquet too
            if apart is not None:
                mine = replace(mine, patients=None)
            timeline, basis = mine.told(), mine.basis
            if apart is not None:
                timeline = replace(timeline, patients=Timeline.read_csv(apart).patients)
        elif facts is not None:
            timeline, basis = Timeline.read_csv(facts, complete=complete), ["There is no record, only the table of patients."]
        else:
            timeline = Timeline.from_rows([]).with_complete(Completeness.of(complete))
            basis = ["There is no record, only the table of patients."]
    return folder.with_everybody(timeline), basis


def _report(folder: Folder, timeline: Timeline, basis: list[str], out: Path) -> None:
    from tocsin.cohort.assemble import cohort as assemble
    from tocsin.cohort.report import report
    from tocsin.show.cohort.printed import print_cohort
    from tocsin.show.cohort.write import write_cohort
    from tocsin.show.lookup import console

    found = assemble(timeline, folder.study, folder.told, folder.screening)
    made = report(found, tuple(("Record", line) for line in basis))
    files = write_cohort(made, out, command_line())
    print_cohort(console(), made, files)


def show_published(paper: str, out: Path | None) -> None:
    """What can be reproduced of a published cohort; with a folder also its report, and a synthetic cohort through the whole pipeline."""
    from tocsin.cohort.folder import read_folder
    from tocsin.cohort.paper003 import paper003
    from tocsin.cohort.paper003_report import paper003_report
    from tocsin.show.cohort.printed import print_published
    from tocsin.show.cohort.write import write_cohort
    from tocsin.show.lookup import console, working

    if paper != "003":
        raise SettingError(f"no published cohort is called {paper!r}; there is 003 (tocilizumab for CRS in 45 patients).")
    print_published(console(), paper003().check())
    if out is None:
        return
    from tocsin.cases.cohort003 import synthetic

    with working("writing the report of the paper, and a synthetic cohort of 45", show=True):
        write_cohort(paper003_report(), out / "published", command_line())
        synthetic().write(out / "synthetic")
        folder = read_folder(out / "synthetic")
        timeline, basis = _record(Source([out / "synthetic"]), folder)
    _report(folder, timeline, basis, out / "synthetic-report")
