"""The command of a cohort study: cohort."""

from __future__ import annotations

import tempfile
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.options import Source, command_line, reads, split, tell_problems
from tocsin.errors import SettingError

if TYPE_CHECKING:
    from tocsin.cohort.folder import Folder
    from tocsin.timeline import Timeline

OUT = Path("cohort-out")
PROBLEMS = 10
"""Problems of the input that are told one by one."""
_ARMS = ("What makes the arms: a drug given or not (tocilizumab), a column of the table of patients, or a rule (\"age_years < 18\"). "
         "Default: what the study file says, else tocilizumab.")


@partial(reads, may_have_none=True)
def cohort(
    source: Source,
    arms: Annotated[str | None, typer.Option("--arms", help=_ARMS)] = None,
    study: Annotated[Path | None, typer.Option("--study", help="The study file, where it is not DIR/cohort.toml.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The folder of the report. Default: cohort-out.", show_default=False)] = None,
    patient_table: Annotated[bool, typer.Option(
        "--patient-table", help="Also write patients-analysed.csv: one row a patient, as analysed. It holds data of patients.")] = False,
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
        lost = next((option for option, given in (("--arms", arms), ("--study", study), ("--patient-table", patient_table)) if given), None)
        if lost is not None:
            raise SettingError(f"{lost} is for a record; --paper takes only --out.")
        show_published(paper, out)
        return
    if len(source.files) != 1:
        raise SettingError("name one folder, or one record, to analyse: tocsin cohort STUDY/ --arms tocilizumab\n"
                           "  A published cohort is named by --paper: tocsin cohort --paper 003")
    from tocsin.cohort.folder import read_folder
    from tocsin.show.cohort.write import usable
    from tocsin.show.lookup import working

    usable(out or OUT)
    with working(f"analysing {source.name}", show=True):
        folder = read_folder(source.files[0], source.patients, study)
        if arms is not None:
            order = folder.study.order if arms == folder.study.arms else ()  # an order is of the arms of the study file
            folder = replace(folder, study=replace(folder.study, arms=arms, order=order))
        timeline, basis = _record(source, folder)
        _report(folder, timeline, basis, out or OUT, patient_table)


def _record(source: Source, folder: Folder) -> tuple[Timeline, list[str]]:
    """The record of a study with everybody of its table of patients, and what it rests on."""
    from tocsin.timeline import Completeness, Timeline

    complete = list(dict.fromkeys([*split(source.complete), *folder.study.complete]))
    with tempfile.TemporaryDirectory() as place:
        facts = folder.write_facts(Path(place))
        if folder.record:
            mine = replace(source, files=list(folder.record), patients=facts, complete=",".join(complete))
            apart = facts if mine.format == "tocsin" else None  # its table of patients would be Parquet too
            if apart is not None:
                mine = replace(mine, patients=None)
            timeline, basis = mine.told(listed=PROBLEMS), mine.basis
            if apart is not None:
                timeline = replace(timeline, patients=Timeline.read_csv(apart).patients)
        else:
            _speaks_of_a_record(source, folder)
            basis = ["There is no record, only the table of patients."]
            if facts is not None:
                timeline = Timeline.read_csv(facts, complete=complete)
                tell_problems(timeline, PROBLEMS)
            else:
                timeline = Timeline.from_rows([]).with_complete(Completeness.of(complete))
    return folder.with_everybody(timeline), [*basis, *_problems(timeline)]


def _speaks_of_a_record(source: Source, folder: Folder) -> None:
    """SettingError for an option about the record of a study that has none."""
    mine = {f.name: f for f in fields(Source) if f.init and f.name not in ("files", "patients", "complete")}
    given = [name for name, f in mine.items() if getattr(source, name) != f.default]
    if given:
        option = {"opened": "open", "form": "format", "mapping": "map"}.get(given[0], given[0].replace("_", "-"))
        where = folder.table if folder.table is not None else "the study"
        raise SettingError(f"--{option} is about the record, and there is none beside {where}.\n  Leave it out, or put the record into the folder: events.csv, "
                           "or an export in record/.")


def _problems(timeline: Timeline) -> list[str]:
    """What of the input could not be used, for the report."""
    reading = timeline.reading
    if reading is None or not reading.errors:
        return []
    return [" ".join(f"Not used, because it cannot be understood: {note.sentence()}".split()) for note in reading.errors[:PROBLEMS]] + (
        [f"Not used either: {len(reading.errors) - PROBLEMS} more problems of the input."] if len(reading.errors) > PROBLEMS else [])


def _report(folder: Folder, timeline: Timeline, basis: list[str], out: Path, patient_table: bool = False) -> None:
    from tocsin.cohort.assemble import cohort as assemble
    from tocsin.cohort.report import report
    from tocsin.show.cohort.printed import print_cohort
    from tocsin.show.cohort.write import write_cohort
    from tocsin.show.lookup import console

    found = assemble(timeline, folder.study, folder.told, folder.screening)
    made = report(found, tuple(("Record", line) for line in basis))
    files = write_cohort(made, out, command_line(), None, *((found.members, found.column_meanings()) if patient_table else ()))
    print_cohort(console(), made, files)


def show_published(paper: str, out: Path | None) -> None:
    """What can be reproduced of a published cohort; with a folder also its report, and a synthetic cohort through the whole pipeline."""
    from tocsin.cohort.folder import read_folder
    from tocsin.cohort.paper003 import paper003
    from tocsin.cohort.paper003_report import paper003_report
    from tocsin.show.cohort.printed import print_published
    from tocsin.show.cohort.write import usable, write_cohort
    from tocsin.show.lookup import console, working

    if paper != "003":
        raise SettingError(f"no published cohort is called {paper!r}; there is 003 (tocilizumab for CRS in 45 patients).")
    if out is not None:
        for part in ("published", "synthetic-report"):
            usable(out / part)
    print_published(console(), paper003().check(), dict(paper003().arms))
    if out is None:
        return
    from tocsin.cases.cohort003 import synthetic

    with working("writing the report of the paper, and a synthetic cohort of 45", show=True):
        write_cohort(paper003_report(), out / "published", command_line())
        synthetic().write(out / "synthetic")
        folder = read_folder(out / "synthetic")
        timeline, basis = _record(Source([out / "synthetic"]), folder)
    _report(folder, timeline, basis, out / "synthetic-report")
