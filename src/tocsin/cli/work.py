"""The commands that read a record: demo, check, grade, advise, report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.cohort import show_published
from tocsin.cli.options import (
    FEW_PATIENTS,
    AsJson,
    At,
    Carry,
    Count,
    From,
    ProtocolName,
    Settings,
    Source,
    command_line,
    hours,
    moment,
    pairs,
    reads,
    reads_and_tells,
    with_settings,
)
from tocsin.cli.shards import grade_into
from tocsin.errors import SettingError

if TYPE_CHECKING:
    import polars as pl


PUBLISHED_COHORT = "003"
DEMO_ASSUMPTIONS = ("unstated-support-absent", "unstated-organ-toxicity-absent")
SCALE_HELP = "A scale of any kind (tocsin scales lists them); may be given several times. Default: ASTCT CRS and ICANS."
NOTHING_GRADED = "nothing is graded: grading starts at the infusion, or at the first entry after it"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the reports go.")] = Path("demo-out"),
    case: Annotated[str | None, typer.Option("--case", help="Only this one: 000, 001, 002, or the cohort 003.")] = None,
) -> None:
    """Grade, manage and draw the three published cases (papers 000, 001, 002), and analyse the published cohort (paper 003).

    Each case is told twice: in an open world, where what the paper does not tell is unknown, and under the named assumption that
    support and organ toxicity it does not state were absent. Of the cohort its counts are reproduced, and a synthetic cohort with the same counts
    goes from its events to a report; this needs the extra packages of tocsin[stats].

    Example:  tocsin demo --out demo-out
    """
    from tocsin.cases import CASES, read_case
    from tocsin.cases import case as find_case
    from tocsin.show.demo import show_case

    chosen = [] if case == PUBLISHED_COHORT else [find_case(case)] if case else list(CASES.values())
    out.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        show_case(one, read_case(one.id), out, DEMO_ASSUMPTIONS)
    if case in (None, PUBLISHED_COHORT):
        show_published(PUBLISHED_COHORT, out / f"cohort-{PUBLISHED_COHORT}")


@reads
def check(
    source: Source, as_json: AsJson = False,
    everything: Annotated[bool, typer.Option("--all", help="Every note by itself, however many there are.")] = False,
) -> None:
    """Say what each row of a file became: used, explained or quarantined, with the row, the reason and the usual fix.

    Exits with 1 when a row or cell could not be used.

    Examples:

      tocsin check patient.csv

      tocsin check CLIF/ --anchor icu_admission --by stay
    """
    from tocsin.show.checking import print_check
    from tocsin.show.lookup import console

    timeline = source.read()
    reading = timeline.reading
    if reading is None:
        typer.echo(f"{source.name}: {len(timeline.events)} events of {len(timeline.patients)} patients; every row was used.")
        return
    if as_json:
        for count in reading.files:
            typer.echo(json.dumps({"kind": "file", **{n: getattr(count, n) for n in count.__slots__}}))
        for note in reading.notes:
            typer.echo(json.dumps({"kind": "note", "level": str(note.level), "file": note.file, "rows": list(note.rows), "what": note.what,
                                   "fix": note.fix, "column": note.column, "many": note.many, "group": note.group}))
        typer.echo(json.dumps({"kind": "reading", "settings": reading.settings, "complete": timeline.complete.sentences()}))
    else:
        print_check(console(), reading, timeline.complete, everything)
    if reading.errors:
        raise typer.Exit(1)


@reads
def grade(
    source: Source,
    scale: Annotated[list[str] | None, typer.Option("--scale", "-s", help=SCALE_HELP)] = None,
    at: At = None, from_hour: From = 0.0, count: Count = None, setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the steps to this CSV or Parquet file; or, for a record of any size, "
                                             "shard by shard into this folder.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what another run left in the folder.")] = False,
) -> None:
    """Grade a record over time: each step a range with its reasons, and what is missing.

    Examples:

      tocsin grade patient.csv

      tocsin grade patient.csv --scale astct-crs-2019 --complete drugs,devices --json

      tocsin grade patient.csv --scale hscore --scale easix-2017 --scale icaht-early-2023

      tocsin grade events.parquet --patients patients.parquet --out grades.parquet

      tocsin grade MEDS/ --out OUT/

    A folder as --out is for records that do not fit in memory: the steps go there shard by shard, and the same command goes on with a run
    that was stopped.
    """
    import polars as pl

    from tocsin.grading import grade as grade_
    from tocsin.grading.encode import encode
    from tocsin.show.checking import print_settings
    from tocsin.show.lookup import console, print_summary, working
    from tocsin.show.terminal import print_course

    chosen = with_settings(scale or ["astct-crs-2019", "astct-icans-2019"], setting)
    counts, kept = tuple(count.split(",")) if count else None, hours(carry, "--carry")
    if out is not None and out.suffix not in (".csv", ".parquet"):
        if at is not None or as_json:
            raise SettingError("--out with a folder grades whole records: leave out --at and --json, or write a .csv or .parquet file")
        grade_into(source, out, chosen, restart, count=counts, carry=kept, from_hour=from_hour)
        return
    frames: list[list[pl.DataFrame]] = [[] for _ in chosen]
    few, hour, steps, read_as = None, None, 0, None
    with working(f"grading {source.name}", show=not as_json):
        for number, timeline in enumerate(source.timelines()):
            hour = moment(at, timeline)
            read_as = read_as or (timeline.reading.settings if timeline.reading is not None else {}, timeline.complete.sentences())
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
            typer.echo(f"Where a grade is a range, tocsin ask {source.name} --at WHEN says which input would settle it.")
    else:
        for frame, one in zip(frames, chosen, strict=True):
            print_summary(console(), one, pl.concat(frame))
    if read_as is not None:
        typer.echo()
        settings, complete = read_as
        print_settings(console(), settings if "format" in settings else {}, complete)  # of CSV files the notes of `check` tell it


@reads_and_tells
def advise(
    source: Source,
    at: Annotated[str, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")],
    protocol: ProtocolName = "paper004",
    setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
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

    timeline = source.told()
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


@reads
def report(
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML report, or the figure alone as .svg, .png or .pdf.")] = Path("report.html"),
    protocol: ProtocolName = "paper004",
    units: Annotated[str, typer.Option("--units", help="Show values in si or us units.")] = "si",
) -> None:
    """Write one self-contained HTML report of a patient with the figure; or the figure alone (.svg, .png, .pdf).

    Examples:

      tocsin report patient.csv --out report.html

      tocsin report patient.csv --out figure.pdf --units us
    """
    from tocsin.show.html_report import report as report_

    timeline = replace(source, assume=None).told()  # the report shows both, with the assumptions and without
    report_(timeline, out, protocol=protocol, units=units, assume=tuple(source.assume or ()), patient=source.patient, command=command_line())
    typer.echo(str(out))


def _write(frames: list[pl.DataFrame], out: Path) -> None:
    import polars as pl

    table = pl.concat(frames, how="diagonal_relaxed")
    if out.suffix == ".parquet":
        table.write_parquet(out)
    elif out.suffix == ".csv":
        table.with_columns(pl.col("because", "undecided", "flags").list.join(" ")).write_csv(out)
    else:
        raise SettingError(f"--out {out}: the steps are written as .csv or .parquet")
