"""What a run over shards did, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.sources.batch import Outcome

MOST_FILES, MOST_PROBLEMS = 12, 10


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Patients and worst grades, what became of the input rows, and the problems that recur."""
    done = outcome.progress
    again = f", {done.resumed} of them by an earlier run" if done.resumed else ""
    console.print(f"{outcome.folder}: {done.patients:,} patients, {done.events:,} events, {done.steps:,} steps in {done.shards} "
                  f"{'shard' if done.shards == 1 else 'shards'}{again}.", soft_wrap=True)
    for scale, worst in outcome.worst.items():
        console.print(f"Worst grade by {scale}: " + "; ".join(f"{word}: {many:,}" for word, many in sorted(worst.items())), soft_wrap=True)
    if outcome.files:
        table = Table(title="Rows", title_justify="left", box=None, pad_edge=False)
        for name in ("File", "Rows", "Used", "Explained", "Quarantined", "Events"):
            table.add_column(name, justify="left" if name == "File" else "right", no_wrap=name != "File")
        many = [(one.file, one.rows, one.used, one.explained, one.quarantined, one.events) for one in outcome.files]
        for row in many[:MOST_FILES] if len(many) > MOST_FILES + 1 else many:
            table.add_row(escape(row[0]), *(f"{n:,}" for n in row[1:]))
        if len(many) > MOST_FILES + 1:
            table.add_row(f"{len(many) - MOST_FILES} more files", *(f"{sum(row[k] for row in many[MOST_FILES:]):,}" for k in range(1, 6)))  # type: ignore[misc]
        console.print(table)
    for what, many_rows in outcome.problems.most_common(MOST_PROBLEMS):
        console.print(f"In quarantine, {many_rows:,} rows: {escape(what)}", soft_wrap=True)
    if len(outcome.problems) > MOST_PROBLEMS:
        console.print(f"{len(outcome.problems) - MOST_PROBLEMS} more kinds of problems: the files shard-*.json list them.")
    for sentence in outcome.complete:
        console.print(escape(sentence), soft_wrap=True)
