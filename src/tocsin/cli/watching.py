"""The command that says what has to be watched: monitor."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli.options import (
    FEW_PATIENTS,
    AsJson,
    At,
    Carry,
    Settings,
    Source,
    hours,
    moment,
    pairs,
    reads_and_tells,
)
from tocsin.errors import SettingError


@reads_and_tells
def monitor(
    source: Source, at: At = None,
    only_summary: Annotated[bool, typer.Option("--summary", help="For a cohort: on how many patient-days each item was kept.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what is done, and what is not asked for.")] = False,
    setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
) -> None:
    """Say what has to be watched at a moment: overdue and by how long, due, done and when next, or what it depends on.

    Without --at, at the last entry of each record. Nothing later than --at is looked at. More than five patients, or --summary: the share of
    patient-days on which each item was kept.

    Examples:

      tocsin monitor patient.csv --at day5 --complete drugs,devices

      tocsin monitor cohort.csv --summary --set vitals_hours=6

      tocsin monitor patient.csv --at 150 --json
    """
    from tocsin.protocols.kept import add, kept
    from tocsin.protocols.schedule import schedule
    from tocsin.protocols.watching import watch
    from tocsin.show.lookup import console, working
    from tocsin.show.monitoring import print_checks, print_kept

    chosen, carried = schedule(**pairs(setting, "--set")), hours(carry, "--carry")
    if only_summary and at is not None:
        raise SettingError("--summary looks at the whole record; leave out --at")
    checks, counts, seen = [], [], 0
    with working(f"reading {source.name}", show=not as_json):
        for timeline in source.timelines():
            seen += len(timeline.patients)
            if only_summary or (at is None and not as_json and seen > FEW_PATIENTS):
                counts.append(kept(timeline, chosen, carried))
                continue
            given = moment(at, timeline)
            if given is not None:
                found = watch(timeline, chosen, given, carried)
                checks += [check for who in timeline.patient_ids for check in found.checks(who)]
                continue
            for who in timeline.patient_ids:
                one = timeline.of(who)
                checks += watch(one, chosen, _last(one.events["hour"].max()), carried).checks(who)
    if counts:
        whole = add(counts)
        if as_json:
            for one_item in whole:
                typer.echo(json.dumps(one_item.record()))
        else:
            print_kept(console(), whole, seen)
    elif as_json:
        for check in checks:
            typer.echo(json.dumps(check.record()))
    else:
        print_checks(console(), checks, everything)


def _last(hour: object) -> float:
    """The last entry, the infusion at the earliest."""
    return max(0.0, float(hour)) if isinstance(hour, int | float) else 0.0
