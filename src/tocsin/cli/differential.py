"""The command that lays out which complication it may be: complications."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tocsin.cli.options import (
    Age,
    AsJson,
    Assume,
    Carry,
    Complete,
    Files,
    InfusionTime,
    Patient,
    Patients,
    Settings,
    Source,
    Units,
    Weight,
    hours,
    moment,
    pairs,
)
from tocsin.errors import SettingError


def complications(
    files: Files,
    at: Annotated[str, typer.Option("--at", help="An hour since infusion (150), a day (day6), a date-time, or now.")],
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this complication, e.g. local_crs; may be given several times.")] = None,
    patients: Patients = None, infusion_time: InfusionTime = None, complete: Complete = "", assume: Assume = None, unit: Units = None,
    weight: Weight = None, age: Age = None, setting: Settings = None, carry: Carry = None, patient: Patient = None, as_json: AsJson = False,
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

    timeline = Source(files, patients, infusion_time, complete, tuple(assume or ()), tuple(unit or ()), weight, age, patient).told()
    hour = moment(at, timeline)
    if hour is None:
        raise SettingError("--at is needed: an hour since infusion, a day (day6), a date-time, or now")
    pictures = complications_(timeline, at=hour, only=only or (), settings=pairs(setting, "--set"), carry=hours(carry, "--carry"))
    if as_json:
        for picture in pictures:
            typer.echo(json.dumps(picture.record()))
    else:
        print_complications(console(), pictures)
