"""The commands about protocols themselves: protocols lists them, assure checks one against expected answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.options import PROTOCOL_HELP, AsJson


def protocols(
    files: Annotated[list[str] | None, typer.Argument(help="Also a hospital's own files, .toml or .py (which are run).", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the guidelines: Tocsin's own, those of installed packages, and a hospital's own files that are named.

    Examples:

      tocsin protocols

      tocsin protocols ward-7.toml
    """
    from tocsin.errors import TocsinError
    from tocsin.protocols import BUILDERS, protocol
    from tocsin.protocols.local import installed
    from tocsin.show.local import grades_of, print_protocols
    from tocsin.show.lookup import console

    found = [(protocol(name), "Tocsin") for name in BUILDERS]
    for name, entry in installed().items():
        package = entry.dist.name if entry.dist is not None else entry.value
        if name in BUILDERS:
            typer.echo(f"tocsin: the installed package {package} names a protocol {name}, which is Tocsin's own; that of the package is left out.",
                       err=True)
            continue
        try:
            found.append((protocol(name), f"package {package}"))
        except TocsinError as error:
            typer.echo(f"tocsin: {error}", err=True)
    found += [(protocol(path), f"local file {path}") for path in files or ()]
    if not as_json:
        print_protocols(console(), found)
        return
    for one, place in found:
        typer.echo(json.dumps({
            "id": one.id, "title": one.title, "rules": [r.code for r in one.rules], "chapters": [c.title for c in one.chapters],
            "grades": list(grades_of(one)), "cites": list(one.cites), "settings": dict(one.settings), "from": place,
            "based_on": one.based_on or None, "local": [c.sentence() for c in one.local]}))


def assure(
    protocol: Annotated[str, typer.Argument(help=PROTOCOL_HELP, show_default=False)],
    expected: Annotated[Path | None, typer.Argument(
        help="Expected answers, TOML or CSV. Default: the file beside the protocol, ward-7.expected.toml for ward-7.toml.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Check a protocol: is each rule cited and said in words, are its doses within limits, and does it say what is expected of named patients?

    Prints each expected answer beside the one found, why they differ, and which rules nobody expects anything of. Exits with 1 when an
    answer differs or the protocol has a fault.

    Examples:

      tocsin assure ward-7.toml

      tocsin assure paper004 expected.toml --json
    """
    from tocsin.protocols import protocol as find_protocol
    from tocsin.protocols.assure import problems
    from tocsin.protocols.expected import answers, unexpected, untested
    from tocsin.protocols.expected_file import beside, read
    from tocsin.protocols.local import file_of
    from tocsin.show.assuring import print_assurance
    from tocsin.show.local import print_local
    from tocsin.show.lookup import console

    chosen = find_protocol(protocol)
    own = file_of(protocol)
    path = expected or (beside(own) if own is not None else None)
    cases = read(path) if path is not None else []
    faults, found = problems(chosen), answers(chosen, cases)
    missing = unexpected(chosen, cases) if path is not None else None
    changed = untested(chosen, cases) if path is not None else ()
    if as_json:
        lines = [{"kind": "fault", "what": f} for f in faults] + [a.record() for a in found]
        lines += [{"kind": "not_expected", "status": status, "rules": list(codes)} for status, codes in (missing or {}).items()]
        lines.append({"kind": "summary", "protocol": chosen.id, "answers": len(found), "wrong": sum(not a.agrees for a in found),
                      "faults": len(faults), "changed_not_expected": list(changed), "local": [c.sentence() for c in chosen.local]})
        for line in lines:
            typer.echo(json.dumps(line))
    else:
        out = console()
        print_local(out, chosen)
        print_assurance(out, chosen, faults, found, missing, changed)
    if faults or not all(a.agrees for a in found):
        raise typer.Exit(1)
