"""The command that sets the treatments given beside what a guideline asked for: audit."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli.options import (
    FEW_PATIENTS,
    AsJson,
    Carry,
    ProtocolName,
    Settings,
    Source,
    hours,
    pairs,
    reads_and_tells,
)


@reads_and_tells
def audit(
    source: Source,
    protocol: ProtocolName = "paper004",
    within_hours: Annotated[float, typer.Option("--within-hours", help="A dose is on time within this of becoming due.")] = 6.0,
    only_summary: Annotated[bool, typer.Option("--summary", help="Only the counts.")] = False,
    setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
) -> None:
    """Set the treatments given beside what the guideline asked for: on time, late, omitted, not indicated, dose off, and why.

    Each dose is judged by what was known before it. With --json one line for each finding and, last, one with the counts.

    Examples:

      tocsin audit patient.csv --protocol paper004 --complete drugs,devices --weight 50

      tocsin audit cohort.csv --patients patients.csv --complete drugs,devices --json
    """
    from tocsin.protocols import protocol as find_protocol
    from tocsin.protocols.audit import Finding
    from tocsin.protocols.audit import audit as audit_
    from tocsin.protocols.audit_summary import summarise
    from tocsin.show.auditing import print_audit_summary, print_findings
    from tocsin.show.local import print_local
    from tocsin.show.lookup import console, working

    chosen = find_protocol(protocol, **pairs(setting, "--set"))
    kept = hours(carry, "--carry")
    findings: list[Finding] = []
    audited: list[str] = []
    with working(f"auditing {source.name}", show=not as_json):
        for timeline in source.timelines():
            findings += audit_(timeline, chosen, within_hours=within_hours, carry=kept)
            audited += timeline.patient_ids
    summary = summarise(findings, chosen.id, len(audited), tuple(c.sentence() for c in chosen.local))
    if as_json:
        for found in [] if only_summary else findings:
            typer.echo(json.dumps(found.record()))
        typer.echo(json.dumps(summary.record()))
        return
    out = console()
    print_local(out, chosen)
    if len(audited) <= FEW_PATIENTS and not only_summary:
        print_findings(out, findings, audited, chosen.title)
    print_audit_summary(out, summary)
