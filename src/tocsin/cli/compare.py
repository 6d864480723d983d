"""The commands that set scales and guidelines side by side and ask what is missing: compare scales, compare protocols, ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tocsin.cli.options import (
    AsJson,
    At,
    Carry,
    Count,
    Settings,
    Source,
    hours,
    moment,
    pairs,
    reads_and_tells,
)
from tocsin.cli.work import NOTHING_GRADED
from tocsin.errors import SettingError

if TYPE_CHECKING:
    import polars as pl

    from tocsin.protocols import Protocol
    from tocsin.timeline import Timeline

app = typer.Typer(no_args_is_help=True, help="Set scales, or guidelines, side by side.")


@app.command("scales", no_args_is_help=True)
@reads_and_tells
def scales(
    source: Source,
    scale: Annotated[list[str] | None, typer.Option("--scale", "-s", help="A scale; give two or more. Default: every CRS scale.")] = None,
    at: At = None,
    count: Count = None, carry: Carry = None,
    as_json: AsJson = False,
) -> None:
    """Grade a record by several scales: side by side over time for one patient, the agreement for a cohort.

    For one patient, each change by any scale is a row with every scale's grade and why they differ. For several patients, the highest
    grades are compared: percent agreement, weighted kappa, who differs and why, who stays undecided. Grades that the record
    reports stand beside the derived ones, with the evidence where they contradict each other.

    Examples:

      tocsin compare scales patient.csv --complete drugs,devices

      tocsin compare scales cohort.csv --scale astct-crs-2019 --scale cartox-crs-2018 --json
    """
    import polars as pl

    from tocsin.grading.agreement import agreement
    from tocsin.grading.compare import compare
    from tocsin.show.comparison import print_agreement, print_comparison
    from tocsin.show.lookup import console, working

    counts, kept = tuple(count.split(",")) if count else None, hours(carry, "--carry")
    named = list(dict.fromkeys(scale)) if scale else None
    if named is not None and len(named) < 2:
        raise SettingError(f"to compare, name two scales or more; {named[0]} alone is graded by: tocsin grade {source.name} --scale {named[0]}")
    highest: list[pl.DataFrame] = []
    reports: list[dict[str, Any]] = []
    one = None
    with working(f"grading {source.name}", show=not as_json):
        for number, timeline in enumerate(source.timelines()):
            hour = moment(at, timeline)
            record = timeline if hour is None else timeline.until(hour)
            found = compare(record, named, count=counts, carry=kept, until=hour)
            one = found if number == 0 and len(record.patients) == 1 else None
            highest.append(found.highest)
            reports += found.reports
    chosen = found.scales
    if not sum(len(grades) for grades in highest):
        raise SettingError(NOTHING_GRADED)
    if one is not None:
        who = one.timeline.patient_ids[0]
        stretches = one.stretches(who)
        if not stretches:
            raise SettingError(NOTHING_GRADED)
        if as_json:
            _lines([s.record() for s in (stretches if at is None else stretches[-1:])] + [_report(r) for r in reports])
        else:
            print_comparison(console(), one, who, last_only=at is not None)
        return
    reached = pl.concat(highest)
    whole = agreement(reached)
    if as_json:
        _lines(_cohort(reached, whole) + [_report(r) for r in reports])
    else:
        print_agreement(console(), whole, reached, chosen, reports)


@app.command("protocols", no_args_is_help=True)
@reads_and_tells
def protocols(
    a: Annotated[str, typer.Argument(help="A guideline, e.g. paper004.", show_default=False)],
    b: Annotated[str, typer.Argument(help="Another one, e.g. asco2021.", show_default=False)],
    source: Source,
    only_summary: Annotated[bool, typer.Option("--summary", help="Only the counts over all patients.")] = False,
    setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
) -> None:
    """Where two guidelines part: what each asks for, with which dose, from when, and why they differ.

    For one patient every stretch of time in which they say different things of the same treatment, and when each first asks. For several
    patients: how many would have been treated by both, by one alone, by neither. A setting (--set) goes to each guideline that has it.

    Examples:

      tocsin compare protocols paper004 asco2021 patient.csv --complete drugs,devices --weight 50

      tocsin compare protocols paper004 uf2026 cohort.csv --json
    """
    from tocsin.protocols.parting import counts, partings
    from tocsin.show.lookup import console, working
    from tocsin.show.parting import print_counts, print_partings

    one, other = _two(a, b, pairs(setting, "--set"))
    kept, firsts, seen, last = hours(carry, "--carry"), [], 0, None
    with working(f"asking {source.name}", show=not as_json):
        for timeline in source.timelines():
            last = partings(timeline, one, other, kept)
            firsts.append(last.hours)
            seen += len(timeline.patients)
    found = counts(firsts) if firsts else []
    if seen == 1 and last is not None and not only_summary:
        who = last.timeline.patient_ids[0]
        if as_json:
            _lines([p.record() for p in last.of(who)] + [f.record() for f in last.first(who)])
        else:
            print_partings(console(), last, who)
    elif as_json:
        _lines([c.record() for c in found] + [{"kind": "protocols", "a": one.id, "b": other.id, "patients": seen}])
    else:
        print_counts(console(), found, seen, one.id, other.id)


def _two(a: str, b: str, wanted: dict[str, str]) -> tuple[Protocol, Protocol]:
    """Two different protocols; a setting goes to those that have it, SettingError where neither does."""
    from tocsin.protocols import protocol

    if a == b:
        raise SettingError(f"to compare, name two guidelines; {a} alone is asked by: tocsin advise FILE --protocol {a}")
    known = [{s.name for s in protocol(name).setting_docs} for name in (a, b)]
    lost = [name for name in wanted if not any(name in names for names in known)]
    if lost:
        raise SettingError(f"neither {a} nor {b} has a setting {lost[0]!r}")
    one, other = (protocol(name, **{k: v for k, v in wanted.items() if k in names}) for name, names in zip((a, b), known, strict=True))
    return one, other


@reads_and_tells
def ask(
    source: Source,
    scale: Annotated[str, typer.Option("--scale", "-s", help="The scale, of any kind.")] = "astct-crs-2019",
    at: At = None,
    count: Count = None, setting: Settings = None, carry: Carry = None,
    as_json: AsJson = False,
) -> None:
    """Say what would settle a grade: each missing input, and what each thing that may be found would make of the grade.

    Without --at, at the last entry of the record. Nothing later than --at is looked at.

    Examples:

      tocsin ask patient.csv --at day4

      tocsin ask patient.csv --scale cartox-crs-2018 --at 150 --complete drugs,devices --json
    """
    from tocsin.grading.value import ask as ask_
    from tocsin.scales import scale as find_scale
    from tocsin.show.asking import print_inquiry
    from tocsin.show.lookup import console

    timeline = source.told()
    chosen = find_scale(scale, **pairs(setting, "--set"))
    counts, kept = tuple(count.split(",")) if count else None, hours(carry, "--carry")
    given = moment(at, timeline)
    for number, who in enumerate(timeline.patient_ids):
        hour = given if given is not None else _last(timeline, who)
        found = ask_(timeline, chosen, hour, who, count=counts, carry=kept)
        if as_json:
            typer.echo(json.dumps(found.record()))
        else:
            if number:
                typer.echo()
            print_inquiry(console(), found)


def _last(timeline: Timeline, patient: str) -> float:
    """The hour of the last entry of one patient, the infusion at the earliest."""
    return max(0.0, float(timeline.of(patient).events["hour"].max() or 0.0))  # type: ignore[arg-type]


def _report(found: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "report", **found}


def _cohort(highest: pl.DataFrame, whole: Any) -> list[dict[str, Any]]:
    """The lines of a cohort: the highest grades, the pairs, who differs, what is not told, and the whole."""
    frames = {"highest": highest, "pair": whole.pairs, "disagreement": whole.disagreements, "undecided": whole.undecided}
    lines = [{"kind": kind, **row} for kind, frame in frames.items() for row in frame.iter_rows(named=True)]
    return [*lines, {"kind": "all", "scales": list(whole.scales), "patients": whole.patients, "settled_by_all": whole.settled_by_all,
                     "same_by_all": whole.same_by_all}]


def _lines(records: list[dict[str, Any]]) -> None:
    for record in records:
        typer.echo(json.dumps(record))
