"""The command line: one module for each group of commands.

Exit codes: 0 done; 1 the input has errors (``check``) or an answer differs (``assure``); 2 the command or its input cannot be used.
"""

from __future__ import annotations

import os
import sys

import typer

from tocsin.cli import assuring, auditing, cohort, compare, differential, look, mapping, model, shards, simulate, watching, work
from tocsin.errors import TocsinError

app = typer.Typer(
    name="tocsin", no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False,
    help="Grades cytokine release syndrome and its neighbours over time from a CAR-T patient's record, by any published scale (tocsin scales), "
         "and says what the guideline asks for, and why.\n\n"
         "Research software, not a medical device.",
    epilog="Examples:  tocsin demo  |  tocsin check patient.csv  |  tocsin grade patient.csv  |  tocsin explain astct-crs-2019/HYPO3\n\n"
           "Exit codes: 0 done; 1 errors in the input (check) or an answer that is not the expected one (assure); 2 the command or its "
           "input cannot be used.",
)
for command in (work.demo, work.check, look.template, work.grade, shards.convert, work.advise, work.report, look.scales, look.explain, look.concepts, look.cite,
                look.answer):
    app.command(no_args_is_help=command in (work.check, work.grade, shards.convert, work.advise, work.report, look.explain))(command)
app.command(no_args_is_help=True)(compare.ask)
app.command(no_args_is_help=True)(auditing.audit)
app.command(no_args_is_help=True)(cohort.cohort)
app.command(no_args_is_help=True)(watching.monitor)
app.command(no_args_is_help=True)(simulate.simulate)
app.command(no_args_is_help=True)(differential.complications)
app.command("map", no_args_is_help=True)(mapping.map_items)
app.command()(assuring.protocols)
app.command()(model.model)
app.command(no_args_is_help=True)(assuring.assure)
app.add_typer(compare.app, name="compare")


def _version(shown: bool) -> None:
    if shown:
        from tocsin import __version__

        typer.echo(f"tocsin {__version__}")
        raise typer.Exit()


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and stop."),
) -> None:
    pass


def main() -> None:
    """Run the command line; an error made for a person is printed without a traceback."""
    try:
        app()
    except TocsinError as error:
        typer.echo(f"tocsin: {error}", err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        typer.echo(f"tocsin: {error.filename or 'a file'}: {error.strerror or error}.\n  Check the name, the folder and the right to write there.", err=True)
        raise SystemExit(2) from None
    except MemoryError:
        typer.echo("tocsin: the input does not fit in memory. Split it by patient, or write it as Parquet.", err=True)
        raise SystemExit(2) from None
