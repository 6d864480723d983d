"""The command that proposes a mapping: map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.options import AsJson, pairs
from tocsin.errors import SettingError

_DEFAULT = 0.7


def map_items(
    file: Annotated[Path, typer.Argument(help="A CSV file, workbook or Parquet file, or the folder of an export.", show_default=False)],
    mapping: Annotated[str | None, typer.Option("--map", help="The mapping that is already there: a file, or mimic-iv.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the proposal to this TOML file, which must not exist yet.")] = None,
    column: Annotated[list[str] | None, typer.Option("--column", help="Of a long table: item=HEADER, also name, value, text, unit, patient.")] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Below this confidence a proposal is written as a comment.")] = _DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="List every item, also the known ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what an export charts, and propose what its unknown items mean, each with a confidence and why.

    Nothing is applied: the proposal is a file to read, correct and then give to a command with --map. Values and words are shown
    only where two patients or more have them.

    Examples:

      tocsin map labs.csv

      tocsin map meds/ --map mimic-iv

      tocsin map chartevents.parquet --column item=label --column value=valuenum -o ward.toml
    """
    from tocsin.show.items import print_items
    from tocsin.show.lookup import console, working
    from tocsin.sources import proposal_file, propose, seen_files
    from tocsin.sources.mapping_file import codes

    if not 0 <= threshold <= 1:
        raise SettingError(f"--threshold {threshold:g} is no confidence; it lies between 0 and 1")
    if out is not None and out.exists():
        raise SettingError(f"--out {out} is there already; a proposal never writes over a file")
    with working(f"reading {file}", show=not as_json):
        found = seen_files.look(file, codes(mapping), pairs(column, "--column"))
        items = seen_files.merged(found.items)
        proposals = propose.propose(items)
    if out is not None:
        out.write_text(proposal_file.text(file.name, items, proposals, threshold), encoding="utf-8")
    if as_json:
        proposed = {p.seen.item: p for p in proposals}
        for one in items:
            p = proposed.get(one.item)
            typer.echo(json.dumps({
                "item": one.item, "name": one.name, "rows": one.rows, "patients": one.patients, "units": [unit for unit in one.units if unit],
                "values": one.shown_range or None, "words": list(one.shown_words), "known": one.known or None, "concept": one.concept or None,
                "proposed": None if p is None else {"concept": p.concept, "confidence": p.confidence, "unit": p.unit, "why": list(p.why),
                                                    "instead": p.instead}}))
        return
    print_items(console(), found.what, items, proposals, threshold, everything)
    if out is not None:
        typer.echo(f"\n{out}: read it, correct it, then use it with --map {out}")
    elif proposals:
        typer.echo("\n-o FILE writes the proposal as a mapping file; nothing is applied.")
