"""The command that simulates virtual patients: simulate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.options import command_line, numbers
from tocsin.errors import SettingError


def simulate(
    context: typer.Context,
    patients: Annotated[int, typer.Option("--patients", "-n", help="How many virtual patients.", min=1)] = 100,
    product: Annotated[str, typer.Option("--product", help="The CAR-T product: 4-1bb, cd28 or 4-1bb-cd22.")] = "4-1bb",
    disease: Annotated[str, typer.Option("--disease", help="all-high, all-low, lymphoma, compartmental or systemic-hidden.")] = "all-high",
    doses: Annotated[str, typer.Option("--doses", help="Who gets what when, e.g. \"tocilizumab 8 mg/kg @ day 5; dexamethasone 10 mg q6h x 4 @ day 6\". "
                                       "Days before 0 are prophylaxis.")] = "",
    days: Annotated[float, typer.Option("--days", help="How many days after the infusion.")] = 28.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same patients and measurements.")] = 1,
    weight: Annotated[str | None, typer.Option("--weight", help="Weight in kg, or a range: 12 or 10..20.")] = None,
    age: Annotated[str | None, typer.Option("--age", help="Age in years, or a range: 3 or 2..12. Default: adults.")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="The median of a parameter of the model, e.g. car_dose=1e6.")] = None,
    care: Annotated[list[str] | None, typer.Option("--care", help="A number of the supportive care, e.g. map_limit=60.")] = None,
    case: Annotated[str | None, typer.Option("--case", help="A published case, 000, 001 or 002, by its fitted recipe: with --out, its report.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the report, timeline, patients, trajectories and the record of the run here.")] = None,
) -> None:
    """Simulate virtual patients with the mechanistic model under a schedule of doses, and grade them as any other.

    What is written is a report (report.html) and a record that the other commands read. The model is not validated: it is not for clinical use.
    The first run on a machine compiles the model, which takes some ten seconds.

    Examples:

      tocsin simulate --patients 1000 --product 4-1bb --disease all-high --doses "tocilizumab 8 mg/kg @ day 5" --out DIR

      tocsin simulate --patients 200 --disease compartmental --days 40 --seed 7

      tocsin simulate --age 2..12 --doses "dexamethasone 10 mg q24h x 3 @ day 0"

      tocsin simulate --case 001 --out DIR
    """
    if out is not None:
        _folder(out)
    if case is not None:
        _case(case, out, [p.opts[0] for p in context.command.params if p.name not in (None, "case", "out") and _given(context, p.name)])
        return
    from tocsin.model import simulate as model
    from tocsin.model.care import policy
    from tocsin.model.summary import summary
    from tocsin.show.lookup import console, working
    from tocsin.show.simulation import print_simulation
    from tocsin.show.simulation_report import write_simulation

    with working(f"simulating {patients} patients", show=True):
        found = model.simulate(
            patients, product=product, disease=disease, doses=doses, days=days, seed=seed, weight_kg=_range(weight, "--weight"), age_years=_range(age, "--age"),
            sets=numbers(setting, "--set"), policy=policy().changed(**numbers(care, "--care")))
        told = summary(found)
        files = found.write(out, command=command_line()) if out is not None else ()
        report = write_simulation(found, told, out, command_line()) if out is not None else None
    print_simulation(console(), found, told, files, report)


def _folder(out: Path) -> None:
    """Refuse now what could not be written after the simulation."""
    first = next(p for p in (out, *out.absolute().parents) if p.exists())
    if str(out) in ("", "."):
        raise SettingError("--out names no folder.\n  Give the folder that the files shall be written into: --out DIR")
    if not first.is_dir():
        raise SettingError(f"--out {out}: {first} is a file.\n  Give a folder; it is made where it is not there yet.")
    if not os.access(first, os.W_OK):
        raise SettingError(f"--out {out}: nothing can be written into {first}.\n  Give a folder of your own.")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _case(id: str, out: Path | None, given: list[str]) -> None:  # noqa: A002
    """The virtual patient of a published case; its recipe says all that the other options would."""
    from tocsin.cases.virtual import report
    from tocsin.show.case_page import print_case
    from tocsin.show.lookup import console, working

    if given:
        raise SettingError(f"--case {id} goes by the recipe of the case, which {given[0]} cannot change.\n  Leave {', '.join(given)} out, or --case.")
    with working(f"simulating case {id}", show=True):
        sheet, files = report(id, out, command_line())
    print_case(console(), sheet, files)


def _range(text: str | None, option: str) -> float | tuple[float, float] | None:
    if text is None:
        return None
    try:
        ends = [float(part) for part in text.split("..")]
    except ValueError:
        raise SettingError(f"{option} {text!r} is no number and no range such as 10..20") from None
    if len(ends) > 2:
        raise SettingError(f"{option} {text!r} is no range such as 10..20")
    if ends[0] > ends[-1]:
        raise SettingError(f"{option} {text!r} runs backwards; the lower end comes first: {ends[-1]:g}..{ends[0]:g}")
    return ends[0] if len(ends) == 1 else (ends[0], ends[1])
