"""What has to be watched, on a terminal: what is overdue first; and for a cohort how much of the schedule was kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.show.numbers import number
from tocsin.show.terminal import _safe, _say, _table
from tocsin.show.times import exact, hours_words, moment
from tocsin.show.wording import STANDING, concept_words, joined, missing_words, plural, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols import Check
    from tocsin.protocols.kept import Kept

STYLES = {"overdue": "bold red", "due": "bold", "depends": "dim", "done": "", "not_asked": "dim"}
NARROW = 72
MOST_NAMES = 5
HOUR_OF = "hour of "


def status_words(check: Check) -> str:
    """The status for a table: "overdue by 6 h", "next at day 3 (hour 76)"."""
    if check.status == "overdue" and check.overdue_by_hours is not None:
        return f"overdue by {hours_words(check.overdue_by_hours)}"
    if check.status == "done":
        return "done" if check.due_hour is None else f"done; next on {exact(check.due_hour)}"
    return check.status.replace("_", " ")


def why(check: Check) -> str:
    """When it was last done, what is lacking of several things, and what is not told."""
    said = []
    if check.last_hour is not None:
        said.append(f"last {moment(check.last_hour, check.last_hour_latest)}")
    elif check.status in ("due", "overdue"):
        said.append("never charted" if not check.waits_for else "not all of it charted yet")
    if check.waits_for and check.status != "depends":
        said.append(f"lacking now: {_some(list(dict.fromkeys(concept_words(c).split(', ')[0] for c in check.waits_for)))}")
    if check.status == "depends":
        said.append(f"not told: {_some(_names(check.depends_on))}")
    if check.status == "due" and check.due_hour is not None:
        said.append(f"due {'by' if check.due_hour > check.hour else 'since'} {exact(check.due_hour)}")
    return printed("; ".join(said))


def _names(missing: Sequence[str]) -> list[str]:
    plain = missing_words([m for m in missing if not m.startswith(HOUR_OF)])
    hours = [concept_words(m.removeprefix(HOUR_OF)) for m in missing if m.startswith(HOUR_OF)]
    return [*plain, *([f"the hour of {joined(hours[:MOST_NAMES])}"] if hours else [])]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def print_checks(out: Console, checks: Sequence[Check], everything: bool = False) -> None:
    """Each item of each patient, what is overdue first; what is done or not asked for only in a line unless ``everything``."""
    from rich.text import Text

    for patient in dict.fromkeys(c.patient for c in checks):
        mine = [c for c in checks if c.patient == patient]
        shown = [c for c in mine if everything or c.status in ("overdue", "due", "depends")]
        _say(out, f"Patient {patient}, {exact(mine[0].hour)}: what has to be watched", "bold")
        if shown:
            table = _table(out, "")
            table.add_column("What", ratio=5, min_width=16)
            table.add_column("Status", ratio=3, min_width=12)
            if out.width >= NARROW:
                table.add_column("Last, and what is not told", ratio=6)
            for c in shown:
                cells = [Text(_safe(out, f"{c.what} ({c.item})")), Text(_safe(out, status_words(c)), STYLES[c.status])]
                table.add_row(*cells, *([Text(_safe(out, why(c)))] if out.width >= NARROW else []))
            out.print(table)
        if not everything:
            done = [c for c in mine if c.status == "done"]
            for c in done:
                _say(out, f"  {c.what} ({c.item}): {status_words(c)}")
            left = [c.item for c in mine if c.status == "not_asked"]
            if left:
                _say(out, f"  Not asked for now: {', '.join(left)}.", "dim")
        out.print()
    _say(out, "Done means charted: what was not written down counts as not done.", "dim")
    _say(out, STANDING, "dim")


def print_kept(out: Console, found: Sequence[Kept], patients: int) -> None:
    """The share of patient-days on which each item was kept."""
    from rich.text import Text

    table = _table(out, f"Monitoring kept, {plural(patients, 'patient')}, to day 28 or the last entry")
    table.add_column("What", ratio=4, min_width=16)
    for title in ("Patients", "Days", "Kept", "Missed", "Not\ntold", "% kept", "Hours\noverdue"):
        table.add_column(title, justify="right", no_wrap=True)
    for k in found:
        if not k.patients:
            continue
        share = "" if k.share_kept is None else f"{100 * k.share_kept:.0f}"
        cells = (k.patients, k.days, k.kept, k.missed, k.open)
        table.add_row(Text(_safe(out, f"{k.what} ({k.item})")), *(str(n) for n in cells), share, number(round(k.overdue_hours)))
    out.print(table)
    _say(out, "Days: patient-days on which it was asked for, or may have been. Kept: never overdue on that day. % kept: of the days of which it can "
              "be told.", "dim")
    _say(out, STANDING, "dim")
