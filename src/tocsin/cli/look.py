"""The commands that look things up: template, scales, explain, concepts, cite; and answer, which is asked by other programs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.options import AsJson
from tocsin.errors import SettingError, UnknownIdError


def template(
    wide: Annotated[bool, typer.Option("--wide", help="One column for each concept instead of one row for each value.")] = False,
    study: Annotated[Path | None, typer.Option("--study", help="Write the files of a cohort study, cohort.toml and patients.csv, into this folder.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file instead of the screen.")] = None,
) -> None:
    """Print a blank, commented input file, or write those of a cohort study.

    Examples:

      tocsin template --out patient.csv

      tocsin template --study STUDY/
    """
    if study is not None:
        from tocsin.cohort.template import write_template

        if wide or out is not None:
            raise SettingError("--study writes files of its own into a folder; leave out --wide and --out.\n  The record of the study: tocsin template --out "
                               f"{study / 'events.csv'}")
        for file in write_template(study):
            typer.echo(str(file))
        events, folder = (shlex.quote(str(p)) for p in (study / "events.csv", study))
        typer.echo(f"Fill them in, and put the record beside them (tocsin template --out {events}; or an export in the folder record), then:\n"
                   f"tocsin cohort {folder} --arms tocilizumab")
        return
    from tocsin.sources.template import template as text

    content = text(wide=wide)
    if out is None:
        typer.echo(content, nl=False)
    else:
        out.write_text(content, encoding="utf-8")
        typer.echo(str(out))


def scales(
    search: Annotated[str | None, typer.Argument(help="Only scales whose id, title or syndrome contains this.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the scales and scores; with --json every criterion. The guidelines are listed by `tocsin protocols`.

    Examples:

      tocsin scales

      tocsin scales hlh
    """
    from tocsin.scales import SCALES

    wanted = (search or "").lower()
    chosen = [s for s in SCALES.values() if any(wanted in text.lower() for text in (s.id, s.title, s.syndrome))]
    if not chosen:
        raise UnknownIdError("scale", search or "", SCALES)
    if as_json:
        for scale in chosen:
            typer.echo(json.dumps({
                "id": scale.id, "version": scale.version, "title": scale.title, "kind": str(scale.kind), "syndrome": scale.syndrome,
                "unit": scale.unit, "settings": dict(scale.settings),
                "criteria": [{"code": scale.code(c), "grade": c.grade, "item": c.item or None, "english": c.english(), "cites": c.cites,
                              "mark": str(c.mark), "reading": c.reading} for c in scale.criteria]}))
        return
    from tocsin.show.lookup import console, print_scale_list

    print_scale_list(console(), chosen, wanted)


def explain(
    code: Annotated[str, typer.Argument(help="A criterion, rule, scale, protocol (an id or a file) or concept.", show_default=False)],
) -> None:
    """Say what a criterion, rule, scale, protocol or concept means: in words, with its source and what was chosen.

    Of a hospital's own file (.toml, or .py, which is run) it also says what was changed, by which document.

    Examples:

      tocsin explain astct-crs-2019/HYPO3

      tocsin explain paper004/C2.3

      tocsin explain ward-7.toml

      tocsin explain oxygen_device
    """
    from tocsin.protocols import PROTOCOLS, is_local, protocol, rule
    from tocsin.scales import SCALES, criterion
    from tocsin.show.lookup import console, print_concept, print_protocol, print_rule, print_scale
    from tocsin.show.terminal import print_explain
    from tocsin.vocabulary import CONCEPTS, find

    out = console()
    owner = code.rpartition("/")[0]
    if is_local(code):
        print_protocol(out, protocol(code))
    elif owner:
        if owner.lower() in PROTOCOLS or is_local(owner):
            print_rule(out, *rule(code))
        else:
            print_explain(out, *criterion(code))
    elif code.lower() in SCALES:
        print_scale(out, SCALES[code.lower()])
    elif code.lower() in PROTOCOLS:
        print_protocol(out, PROTOCOLS[code.lower()])
    elif (concept := find(code)) is not None:
        print_concept(out, concept)
    else:
        known = [s.code(c) for s in SCALES.values() for c in s.criteria] + [*SCALES, *PROTOCOLS, *CONCEPTS]
        raise UnknownIdError("criterion, rule, scale, protocol or concept", code, known)


def concepts(
    search: Annotated[str | None, typer.Argument(help="Only concepts whose name, title or alias contains this.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the concepts with their units, limits and codes.

    Examples:

      tocsin concepts

      tocsin concepts pressure --json
    """
    from tocsin.vocabulary import CONCEPTS

    wanted = (search or "").lower()
    chosen = [c for c in CONCEPTS.values() if any(wanted in text.lower() for text in (c.name, c.title, *c.aliases))]
    if not chosen:
        raise UnknownIdError("concept", search or "", CONCEPTS)
    if as_json:
        for c in chosen:
            typer.echo(json.dumps({
                "name": c.name, "title": c.title, "kind": str(c.kind), "domain": str(c.domain), "unit": c.unit, "units": list(c.units),
                "possible": c.possible, "plausible": c.plausible, "carry_forward_hours": c.carry_forward_hours, "values": list(c.values),
                "loinc": list(c.loinc), "rxnorm": list(c.rxnorm), "snomed": list(c.snomed), "omop": list(c.omop), "aliases": list(c.aliases)}))
        return
    from tocsin.show.lookup import console
    from tocsin.show.terminal import print_concepts

    print_concepts(console(), [c.name for c in chosen])


def answer() -> None:
    """Answer conformance vectors: one JSON object a line on standard input, one answer a line.

    The vectors, what they mean, and a runner that compares the answers stand in the folder conformance of Tocsin's repository.

    Example:  python conformance/run.py --command "tocsin answer"
    """
    import sys

    from tocsin.grading.vectors import answers

    for line in sys.stdin:
        try:
            vector = json.loads(line)
        except ValueError:
            vector = None
        found = answers([vector])[0] if isinstance(vector, dict) else {"error": "the line is not a JSON object"}
        typer.echo(json.dumps(found))


def cite(
    what: Annotated[str | None, typer.Argument(help="A scale or protocol, or the JSON lines of `tocsin grade --json`.", show_default=False)] = None,
) -> None:
    """Print the papers behind a scale, a protocol or a result; behind everything when nothing is named.

    Examples:

      tocsin cite astct-crs-2019

      tocsin grade patient.csv --json > grades.jsonl && tocsin cite grades.jsonl
    """
    from tocsin.cite import REFERENCES, bibliography
    from tocsin.protocols import PROTOCOLS, is_local, protocol
    from tocsin.scales import SCALES

    def behind(name: str) -> list[str]:
        if name in SCALES:
            return [*SCALES[name].cites, *(c.cites for c in SCALES[name].criteria)]
        if name in PROTOCOLS or is_local(name):
            one = protocol(name)
            return [*one.cites, *(r.cites for r in one.rules), *(c.cites for c in one.local), *behind(one.scale.id)]
        raise UnknownIdError("scale or protocol", name, [*SCALES, *PROTOCOLS])

    if what is None:
        found = list(REFERENCES.values())
    elif is_local(what):
        found = bibliography(behind(what))
    elif Path(what).is_file():
        cited: list[str] = []
        for line in Path(what).read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                raise UnknownIdError("JSON record", line[:40], ["the output of `tocsin grade --json` or `tocsin advise --json`"]) from None
            known = [record[k] for k in ("scale", "protocol") if record.get(k) in SCALES or record.get(k) in PROTOCOLS]
            cited += [c for n in dict.fromkeys(known) for c in behind(n)] if known else record.get("cites", [])
        found = bibliography(dict.fromkeys(cited))
    else:
        found = bibliography(behind(what.lower()))
    for reference in found:
        typer.echo(f"[{reference.key}] {reference.text}" + (f" {reference.link}" if reference.link else ""))
