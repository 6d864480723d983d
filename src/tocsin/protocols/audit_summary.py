"""The findings of an audit counted: by verdict and treatment, and how many doses had, lacked or may have had an indication."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tocsin.protocols.audit import VERDICTS, Finding


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts over the findings of one or many patients.

    ``verdicts``: how many findings have each; ``by_drug``: the same for each treatment.  ``had``, ``lacked``, ``unknown``: the doses
    whose indication is known, known to be absent, or not known.  ``without_dose``: indications that had no dose for certain;
    ``perhaps_without_dose``: indications without a dose on record, where the record does not tell that none was given.
    """

    protocol: str
    patients: int
    doses: int
    verdicts: dict[str, int]
    by_drug: dict[str, dict[str, int]]
    had: int
    lacked: int
    unknown: int
    without_dose: int
    perhaps_without_dose: int
    local: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """The last line of ``tocsin audit --json``."""
        return {"kind": "summary", **asdict(self)}


def summarise(findings: Sequence[Finding], protocol: str, patients: int, local: tuple[str, ...] = ()) -> Summary:
    """Count findings; ``patients``: how many were audited, with findings or without; ``local``: the protocol's local changes."""
    doses = [f for f in findings if f.kind == "dose"]
    asked = [f for f in findings if f.kind == "recommendation"]
    indications = Counter(f.indication for f in doses)
    by_drug: dict[str, dict[str, int]] = {}
    for drug in sorted({f.concept for f in findings}):
        count = Counter(f.verdict for f in findings if f.concept == drug)
        by_drug[drug] = {v: count[v] for v in VERDICTS if count[v]}
    every = Counter(f.verdict for f in findings)
    return Summary(
        protocol, patients, len(doses), {v: every[v] for v in VERDICTS}, by_drug, indications["had"], indications["lacked"],
        indications["unknown"], sum(f.verdict == "omitted" for f in asked), sum(f.verdict == "undecidable" for f in asked), local)
