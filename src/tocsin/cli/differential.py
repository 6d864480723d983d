"""The command that lays out which complication it may be: complications."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli.options import (
    AsJson,
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
def complications(
    source: Source,
    at: Annotated[str, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")],
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this complication, e.g. local_crs; may be given several times.")] = None,
    setting: Settings = None, carry: Carry = None, as_json: AsJson = False,
) -> None:
    """Which complication is it: for each, what in the record speaks for it, against it, and what is missing. Never a verdict.

    CRS, ICANS, cardiovascular, HLH/MAS, pulmonary and renal toxicity, coagulopathy, infection, graft-versus-host disease, local CRS. Findings count
    whatever they are put down to. Nothing later than --at is looked at. With --json one line for each complication.

    Examples:

      tocsin complications patient.csv --at day8

      tocsin complications patient.csv --at day8 --only crs --only local_crs

      tocsin complications patient.csv --at 192 --complete findings --json
    """
    from tocsin.protocols.complications import complications as complications_
    from tocsin.show.complications import print_complications
    from tocsin.show.lookup import console

    timeline = source.told()
    hour = moment(at, timeline)
    if hour is None:
        raise SettingError("--at is needed: an hour since infusion, a day (day6), a date-time, or now")
    pictures = complications_(timeline, at=hour, only=only or (), settings=pairs(setting, "--set"), carry=hours(carry, "--carry"))
    if as_json:
        for picture in pictures:
            typer.echo(json.dumps(picture.record()))
    else:
        print_complications(console(), pictures)
