"""An audit on a terminal: each finding of a patient with its reasons, and the counts of a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tocsin.protocols.audit import VERDICTS
from tocsin.show.numbers import number
from tocsin.show.terminal import _safe, _say, _table
from tocsin.show.times import moment
from tocsin.show.wording import STANDING, briefly, capital, concept_words, listed, named, plural, printed

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.protocols.audit import Finding
    from tocsin.protocols.audit_summary import Summary

STYLES = {"on_time": "", "late": "yellow", "omitted": "yellow", "not_indicated": "yellow", "dose_off": "yellow", "too_soon": "red",
          "over_maximum": "red", "undecidable": "dim"}
MOST_CODES = 4
NARROW = 64


def verdict_words(found: Finding) -> str:
    """A verdict for a table: "late by 3 h", "over maximum"."""
    if found.verdict == "late" and found.late_by_hours is not None:
        return f"late by {number(round(found.late_by_hours, 1))} h"
    return found.verdict.replace("_", " ")


def why(found: Finding) -> str:
    """The reasons in short: the rules, what was found, what is missing."""
    codes = [c.split("/")[1] for c in found.rules]
    rules = ", ".join(codes[:MOST_CODES]) + (f" and {len(codes) - MOST_CODES} more" if len(codes) > MOST_CODES else "")
    known = found.verdict == "not_indicated"
    reasons = "No rule asked for it." if known and not found.blocked_by else " ".join(found.reasons)
    missing = f" Not told: {listed(briefly(found.missing))}." if found.missing else ""
    return printed(f"[{rules}] {named(reasons)}{missing}")


def print_findings(out: Console, findings: Sequence[Finding], patients: Sequence[str], title: str) -> None:
    """Each finding of each patient, in time."""
    from rich.text import Text

    for patient in patients:
        mine = [f for f in findings if f.patient == patient]
        _say(out, f"Patient {patient}: audit by {title}", "bold")
        if not mine:
            _say(out, "  No dose of a treatment that the protocol names, and nothing that it asked for is missing.")
            out.print()
            continue
        table = _table(out, "")
        table.add_column("When", ratio=10, min_width=7)
        table.add_column("Treatment", ratio=19, min_width=18 if out.width >= NARROW else 10, overflow="fold")
        table.add_column("Verdict", ratio=14, min_width=10)
        if out.width >= NARROW:
            table.add_column("Why", ratio=37)
        for found in mine:
            given = concept_words(found.concept) + ("" if found.kind == "dose" else " (asked for)")
            cells = [capital(moment(found.hour, found.hour_latest if found.kind == "dose" else None)), capital(given)]
            verdict = verdict_words(found)
            if out.width >= NARROW:
                table.add_row(*(Text(_safe(out, c)) for c in cells), Text(verdict, STYLES[found.verdict]), Text(_safe(out, why(found))))
            else:
                table.add_row(*(Text(_safe(out, c)) for c in cells), Text(verdict, STYLES[found.verdict]))
        out.print(table)
        if out.width < NARROW:
            _say(out, "The reasons: in a wider window, or with --json.", "dim")
        out.print()


def print_audit_summary(out: Console, found: Summary) -> None:
    """The counts by verdict and treatment, and of indications."""
    _say(out, f"{plural(found.patients, 'patient')} audited by {found.protocol}", "bold")
    shown = [v for v in VERDICTS if found.verdicts[v]]
    if shown and out.width >= 24 + 9 * len(shown):
        table = _table(out, "")
        table.add_column("Treatment", ratio=1, min_width=14)
        for verdict in shown:
            table.add_column(capital(verdict.replace("_", "\n")), justify="right", no_wrap=True)
        for drug, counts in found.by_drug.items():
            table.add_row(_safe(out, capital(concept_words(drug))), *(str(counts.get(v, "")) for v in shown))
        table.add_row("All", *(str(found.verdicts[v]) for v in shown), style="bold")
        out.print(table)
    else:
        for drug, counts in found.by_drug.items():
            said = ", ".join(f"{v.replace('_', ' ')} {n}" for v, n in counts.items())
            _say(out, f"  {capital(concept_words(drug))}: {said}")
    _say(out, f"{plural(found.doses, 'dose')} given: {found.had} had an indication, {found.lacked} had none, {found.unknown} may have had one "
              "(what would tell is not on record).")
    _say(out, f"Indications without a dose: {found.without_dose} for certain" + (
        f", {found.perhaps_without_dose} more where the record does not tell that none was given." if found.perhaps_without_dose else "."))
    _say(out, STANDING, "dim")
