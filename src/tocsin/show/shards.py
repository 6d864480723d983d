"""What a run over shards did, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tocsin.scales import scale
from tocsin.show.checking import print_rows, print_settings
from tocsin.show.lookup import print_highest
from tocsin.show.terminal import _say
from tocsin.show.values import clean
from tocsin.show.wording import plural

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.sources.batch import Outcome

MOST_FILES, MOST_PROBLEMS = 12, 10


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Patients and worst grades, how the record was read, what became of its rows, and the problems that recur."""
    done = outcome.progress
    again = f", {done.resumed} of them by an earlier run" if done.resumed else ""
    _say(console, f"{outcome.folder}: {done.patients:,} {'patient' if done.patients == 1 else 'patients'}, {done.events:,} events, {done.steps:,} steps "
                  f"in {plural(done.shards, 'shard')}{again}.")
    for name, worst in outcome.worst.items():
        console.print()
        print_highest(console, scale(name), worst)
    console.print()
    print_settings(console, outcome.settings, outcome.complete)
    if outcome.files:
        print_rows(console, outcome.files, MOST_FILES)
    if outcome.problems:
        console.print()
        _say(console, "In quarantine: not used", "bold red")
        for what, many in outcome.problems.most_common(MOST_PROBLEMS):
            _say(console, f"  {many:,} {'row' if many == 1 else 'rows'}: {clean(what)}")
        if len(outcome.problems) > MOST_PROBLEMS:
            _say(console, f"  {len(outcome.problems) - MOST_PROBLEMS} more kinds of problems: the files shard-*.json in the folder list them.")
