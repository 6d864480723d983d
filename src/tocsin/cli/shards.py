"""Grading into a folder, with progress; and one format written as another: convert."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.options import Source, reads, with_settings
from tocsin.errors import SettingError

if TYPE_CHECKING:
    from tocsin.scales import Scale
    from tocsin.sources.batch import Progress

ENDINGS = {".csv": "csv", ".parquet": "tocsin", ".ndjson": "fhir", ".json": "fhir"}
"""The format that the ending of an output file means."""


def grade_into(source: Source, out: Path, scales: Sequence[Scale], restart: bool, **grading: Any) -> None:
    """Grade a record of any size into a folder and say what became of it."""
    from tocsin.show.lookup import console
    from tocsin.show.shards import print_outcome
    from tocsin.sources.batch import grade_to

    if len(source.files) > 1:
        raise SettingError("one folder or file is graded into a folder at a time")
    options = {**source.coded(), "form": source.form, "mapping": source.mapping, "patients": source.patients}
    if source.patient is not None:
        raise SettingError("--patient looks at one patient: write a .csv or .parquet file, or leave --out out")
    with _progress() as told:
        outcome = grade_to(source.files[0], out, scales, told=told, restart=restart, chosen=source.chosen, choices=source.choices, options=options,
                           **grading)
    print_outcome(console(), outcome)


@contextmanager
def _progress() -> Iterator[Any]:
    """Shards, patients and events so far, on standard error: a bar for a person, a line for each shard in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    began, err = time.monotonic(), Console(stderr=True)
    with Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err, transient=True) as bar:
        task = bar.add_task("shards", total=None)

        def told(progress: Progress) -> None:
            bar.update(task, total=progress.shards, completed=progress.done,
                       description=f"{progress.patients:,} patients, {progress.events:,} events")
            if not err.is_terminal:
                typer.echo(f"tocsin: {progress.done} of {progress.shards} shards, {progress.patients} patients, {progress.events} events, "
                           f"{time.monotonic() - began:.0f} s", err=True)

        yield told


@reads
def convert(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file or folder to write.")],
    to: Annotated[str | None, typer.Option("--to", help="csv, tocsin, clif, omop, fhir, meds or sdtm; told by the ending .csv, .parquet, .ndjson, "
                                           ".json when not given.")] = None,
    scale: Annotated[list[str] | None, typer.Option("--scale", "-s", help="Grades by this scale go along; may be given several times.")] = None,
) -> None:
    """Write a record in another format, with grades if asked: CLIF, OMOP, FHIR, MEDS, SDTM, CSV, or Tocsin's own Parquet.

    Examples:

      tocsin convert OMOP/ --anchor icu_admission --out record.parquet

      tocsin convert patient.csv --to fhir --scale astct-crs-2019 --out bundle.json
    """
    from tocsin.grading import grade
    from tocsin.sources import doors

    form = to or ENDINGS.get(out.suffix.lower())
    if form is None:
        raise SettingError(f"--out {out}: say the format with --to: {', '.join(f for f in doors.FORMATS if f != 'redcap')}")
    if form not in doors.FORMATS:
        raise SettingError(f"--to is one of {', '.join(doors.FORMATS)}, not {form!r}")
    if form != "tocsin":
        doors.writer(form)
    timeline = source.told()
    grades = [grade(timeline, one) for one in with_settings(scale, None)] if scale else []
    written = doors.write(timeline, out, form, grades)
    who = f"{written.patients} {'patient' if written.patients == 1 else 'patients'}"
    typer.echo(f"{written.path}: {written.events} events of {who}, as {form}")
    if written.beside is not None:
        typer.echo(f"{written.beside}: the facts about {'the patient' if written.patients == 1 else 'them'}; read both with --patients {written.beside}")
    if form != "clif" and (timeline.complete.everywhere or timeline.complete.by_patient):
        typer.echo(f"{timeline.complete.brief()} The format {form} has no place for this: say it again with --complete, as far as it holds for everybody.")
