"""The commands that read a record: demo, check, grade, advise, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.options import (
    FEW_PATIENTS,
    Age,
    AsJson,
    Assume,
    At,
    Carry,
    Complete,
    Count,
    Files,
    From,
    InfusionTime,
    Patient,
    Patients,
    ProtocolName,
    Settings,
    Source,
    Units,
    Weight,
    hours,
    moment,
    pairs,
    with_settings,
)
from tocsin.errors import SettingError

if TYPE_CHECKING:
    import polars as pl

    from tocsin.timeline import Timeline

DEMO_ASSUMPTIONS = ("unstated-support-absent", "unstated-organ-toxicity-absent")
SCALE_HELP = "A scale of any kind (tocsin scales lists them); may be given several times. Default: ASTCT CRS and ICANS."
NOTHING_GRADED = "nothing is graded: grading starts at the infusion, or at the first entry after it"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the reports go.")] = Path("demo-out"),
    case: Annotated[str | None, typer.Option("--case", help="Only this case: 000, 001 or 002.")] = None,
) -> None:
    """Grade, manage and draw the three published cases (papers 000, 001, 002).

    Each case is told twice: in an open world, where what the paper does not tell is unknown, and under the named assumption that
    support and organ toxicity it does not state were absent.

    Example:  tocsin demo --out demo-out
    """
    from tocsin.cases import CASES, read_case
    from tocsin.cases import case as find_case
    from tocsin.show.demo import show_case

    chosen = [find_case(case)] if case else list(CASES.values())
    out.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        show_case(one, read_case(one.id), out, DEMO_ASSUMPTIONS)


def check(
    files: Files, patients: Patients = None, infusion_time: InfusionTime = None, unit: Units = None, as_json: AsJson = False,
) -> None:
    """Say what each row of a file became: used, explained or quarantined, with the row, the reason and the usual fix.

    Exits with 1 when a row or cell could not be used.

    Example:  tocsin check patient.csv
    """
    from tocsin.show.lookup import console
    from tocsin.show.terminal import print_check

    timeline = Source(files, patients, infusion_time, units=tuple(unit or ())).read()
    reading = timeline.reading
    if reading is None:
        typer.echo(f"{files[0]}: {len(timeline.events)} events of {len(timeline.patients)} patients; every row was used.")
        return
    if as_json:
        for count in reading.files:
            typer.echo(json.dumps({"kind": "file", **{n: getattr(count, n) for n in count.__slots__}}))
        for note in reading.notes:
            typer.echo(json.dumps({"kind": "note", "level": str(note.level), "file": note.file, "rows": list(note.rows), "what": note.what,
                                   "fix": note.fix, "column": note.column}))
    else:
        print_check(console(), reading)
    if reading.errors:
        raise typer.Exit(1)


def grade(
    files: Files,
    scale: Annotated[list[str] | None, typer.Option("--scale", "-s", help=SCALE_HELP)] = None,
    at: At = None, from_hour: From = 0.0, patients: Patients = None, infusion_time: InfusionTime = None, complete: Complete = "", assume: Assume = None,
    unit: Units = None, weight: Weight = None, age: Age = None, count: Count = None, setting: Settings = None, carry: Carry = None,
    patient: Patient = None, as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the steps to this CSV or Parquet file.")] = None,
) -> None:
    """Grade a record over time: each step a range with its reasons, and what is missing.

    Examples:

      tocsin grade patient.csv

      tocsin grade patient.csv --scale astct-crs-2019 --complete drugs,devices --json

      tocsin grade patient.csv --scale hscore --scale easix-2017 --scale icaht-early-2023

      tocsin grade events.parquet --patients patients.parquet --out grades.parquet
    """
    import polars as pl

    from tocsin.grading import grade as grade_
    from tocsin.grading.encode import encode
    from tocsin.show.lookup import console, print_summary, working
    from tocsin.show.terminal import print_course

    source = Source(files, patients, infusion_time, complete, tuple(assume or ()), tuple(unit or ()), weight, age, patient)
    chosen = with_settings(scale or ["astct-crs-2019", "astct-icans-2019"], setting)
    counts, kept = tuple(count.split(",")) if count else None, hours(carry, "--carry")
    frames: list[list[pl.DataFrame]] = [[] for _ in chosen]
    few, hour, steps = None, None, 0
    with working(f"grading {files[0]}", show=not as_json):
        for number, timeline in enumerate(source.timelines()):
            hour = moment(at, timeline)
            record = timeline if hour is None else timeline.until(hour)
            events = encode(record)
            results = [grade_(record, s, count=counts, carry=kept, from_hour=from_hour, until=hour, events=events) for s in chosen]
            steps += sum(len(grades) for grades in results)
            if as_json:
                for grades in results:
                    for step in grades.records():
                        if hour is None or step["end_hour"] is None:
                            typer.echo(json.dumps(step))
            elif number == 0 and len(record.patients) <= FEW_PATIENTS:
                few = (record, results)
            else:
                few = None
            if out is not None or few is None:
                for frame, grades in zip(frames, results, strict=True):
                    frame.append(grades.frame)
    if not steps:
        raise SettingError(NOTHING_GRADED if hour is None else f"{NOTHING_GRADED}; nothing after hour {hour:g} is looked at")
    if out is not None:
        _write([pl.concat(f).with_columns(pl.lit(s.id).alias("scale"), pl.lit(s.version).alias("version")) for f, s in zip(frames, chosen, strict=True)], out)
    if as_json:
        return
    if few is not None:
        for who in few[0].patient_ids:
            print_course(console(), few[0], few[1], patient=who)
        if any((g.at_least != g.at_most).any() for g in few[1]):
            typer.echo(f"Where a grade is a range, tocsin ask {files[0]} --at WHEN says which input would settle it.")
    else:
        for frame, one in zip(frames, chosen, strict=True):
            print_summary(console(), one, pl.concat(frame))


def advise(
    files: Files,
    at: Annotated[str, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")],
    protocol: ProtocolName = "paper004",
    patients: Patients = None, infusion_time: InfusionTime = None, complete: Complete = "", assume: Assume = None, unit: Units = None,
    weight: Weight = None, age: Age = None, setting: Settings = None, carry: Carry = None, patient: Patient = None, as_json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what is not due.")] = False,
) -> None:
    """What the guideline says at one moment: due, blocked (by what), or depending on what is not told.

    Nothing later than --at is looked at.

    Examples:

      tocsin advise patient.csv --at 150 --complete drugs,devices --weight 50

      tocsin advise patient.csv --at now --infusion-time 2026-01-05T10:00 --json

      tocsin advise patient.csv --at day6 --protocol ward-7.toml
    """
    from tocsin.protocols import advise as advise_
    from tocsin.protocols import protocol as find_protocol
    from tocsin.show.local import print_local
    from tocsin.show.lookup import console, print_advice

    timeline = _read(files, patients, infusion_time, complete, assume, unit, weight, age, patient)
    hour = moment(at, timeline)
    if hour is None:
        raise SettingError("--at is needed: an hour since infusion, a day (day6), a date-time, or now")
    chosen = find_protocol(protocol, **pairs(setting, "--set"))
    advice = advise_(timeline, chosen, at=hour, carry=hours(carry, "--carry"))
    if as_json:
        for one in advice:
            typer.echo(json.dumps(one.record()))
    else:
        out = console()
        print_local(out, chosen)
        print_advice(out, advice, everything=everything)


def report(
    files: Files,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML report, or the figure alone as .svg, .png or .pdf.")] = Path("report.html"),
    protocol: ProtocolName = "paper004",
    patients: Patients = None, infusion_time: InfusionTime = None, complete: Complete = "", assume: Assume = None, unit: Units = None,
    weight: Weight = None, age: Age = None, patient: Patient = None,
    units: Annotated[str, typer.Option("--units", help="Show values in si or us units.")] = "si",
) -> None:
    """Write one self-contained HTML report of a patient with the figure; or the figure alone (.svg, .png, .pdf).

    Examples:

      tocsin report patient.csv --out report.html

      tocsin report patient.csv --out figure.pdf --units us
    """
    from tocsin.show.html_report import report as report_

    timeline = Source(files, patients, infusion_time, complete, (), tuple(unit or ()), weight, age, patient).told()
    report_(timeline, out, protocol=protocol, units=units, assume=tuple(assume or ()), patient=patient, command=_command())
    typer.echo(str(out))


def _command() -> str:
    """The command line as it was given, for the manifest of a report."""
    import shlex
    import sys

    return shlex.join(["tocsin", *sys.argv[1:]])


def _read(
    files: list[Path], patients: Path | None, infusion_time: str | None, complete: str, assume: list[str] | None, unit: list[str] | None,
    weight: float | None, age: float | None, patient: str | None,
) -> Timeline:
    return Source(files, patients, infusion_time, complete, tuple(assume or ()), tuple(unit or ()), weight, age, patient).told()


def _write(frames: list[pl.DataFrame], out: Path) -> None:
    import polars as pl

    table = pl.concat(frames, how="diagonal_relaxed")
    if out.suffix == ".parquet":
        table.write_parquet(out)
    elif out.suffix == ".csv":
        table.with_columns(pl.col("because", "undecided", "flags").list.join(" ")).write_csv(out)
    else:
        raise SettingError(f"--out {out}: the steps are written as .csv or .parquet")
