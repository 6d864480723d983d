"""The command that prints and exports the mechanistic model: model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.options import numbers
from tocsin.errors import SettingError


def model(
    parameters: Annotated[bool, typer.Option("--parameters", help="The table of parameters with source and status.")] = False,
    units: Annotated[bool, typer.Option("--units", help="Check that every equation keeps its units.")] = False,
    sbml: Annotated[bool, typer.Option("--sbml", help="SBML Level 3 Version 2, for COPASI or libRoadRunner.")] = False,
    antimony: Annotated[bool, typer.Option("--antimony", help="Antimony text with the values written in.")] = False,
    diagram: Annotated[bool, typer.Option("--diagram", help="The model drawn: -o FILE.svg, .png or .pdf.")] = False,
    product: Annotated[str | None, typer.Option("--product", help="With the values of this product: 4-1bb, cd28 or 4-1bb-cd22 (with --parameters, --sbml "
                                                                "or --antimony).")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help="A parameter's value, e.g. weight=13 (with the same).")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file (with --sbml, --antimony or --diagram).")] = None,
) -> None:
    """The mechanistic model of cytokine release syndrome: its equations with their reasons, or its parameters, units, diagram, SBML or Antimony.

    Exit code 1 with --units when an equation does not keep its units. Research model, not for clinical use.

    Examples:

      tocsin model

      tocsin model --parameters --product cd28

      tocsin model --sbml --set weight=13 -o crs.xml

      tocsin model --diagram -o model.svg
    """
    from dataclasses import replace

    from tocsin.model.load import loaded
    from tocsin.model.sbml import antimony as antimony_
    from tocsin.model.sbml import checked_values
    from tocsin.model.sbml import sbml as sbml_
    from tocsin.model.units import check_units
    from tocsin.show.lookup import console
    from tocsin.show.model_text import print_equations, print_parameters, print_units

    if sum((parameters, units, sbml, antimony, diagram)) > 1:
        raise SettingError("only one of --parameters, --units, --sbml, --antimony and --diagram can be asked for at once")
    if out is not None and not (sbml or antimony or diagram):
        raise SettingError("-o writes what --sbml, --antimony or --diagram gives: add one of them")
    if diagram:
        _draw(out, product, setting)
        return
    told, values = loaded(), {**_of_product(product), **numbers(setting, "--set", "write NAME=NUMBER, as in weight=13")}
    own = checked_values(told.system, values)
    if values and not (sbml or antimony or parameters):
        raise SettingError("equations and units are the same whatever the values: add --parameters, --sbml or --antimony, or leave out --product and --set")
    if sbml or antimony:
        text = sbml_(told.system, values) if sbml else antimony_(told, values)
        if out is None:
            typer.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")
            typer.echo(f"{out}: {'SBML' if sbml else 'Antimony'} written.")
    elif parameters:
        print_parameters(console(), [replace(p, value=own[p.name]) for p in told.system.parameters])
    elif units:
        findings = check_units(told.system)
        print_units(console(), findings, 2 * len(told.system.states) + len(told.system.assigned) + len(told.system.drugs))
        if findings:
            raise typer.Exit(1)
    else:
        print_equations(console(), told)


def _draw(out: Path | None, product: str | None, setting: list[str] | None) -> None:
    from tocsin.show.model_diagram import save_model

    if out is None:
        raise SettingError("--diagram is written to a file: add -o model.svg (or .png, .pdf)")
    if product is not None or setting:
        raise SettingError("the diagram shows what acts on what, which no value changes: leave out --product and --set")
    save_model(out)
    typer.echo(f"{out}: the model drawn.")


def _of_product(name: str | None) -> dict[str, float]:
    from tocsin.errors import UnknownIdError
    from tocsin.model.load import products

    if name is None:
        return {}
    if name not in products():
        raise UnknownIdError("product", name, products())
    return dict(products()[name].values)
