"""What a protocol is expected to say for named patients, and whether it says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tocsin.errors import SettingError
from tocsin.protocols.advise import Advice, advise_with
from tocsin.protocols.protocol import Protocol
from tocsin.rules import NEVER, Named
from tocsin.timeline import Timeline

STATUSES = ("due", "not_due", "depends", "blocked")
DOSE_TOLERANCE = 1e-3
"""A dose written with fewer digits than the arithmetic has is still the same dose."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One named patient at one hour: the status expected of some rules, and the doses; ``says``: why it is expected."""

    patient: str
    timeline: Timeline
    at: float
    status: dict[str, str]
    dose: dict[str, float]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One expectation and what was found.  ``what``: status or dose; ``why``: the reason of the advice, and what is missing."""

    patient: str
    hour: float
    rule: str
    what: str
    expected: str
    found: str
    agrees: bool
    why: str
    says: str

    def record(self) -> dict[str, Any]:
        """A line of ``tocsin assure --json``."""
        return {"kind": "answer", **asdict(self)}


def answers(protocol: Protocol, cases: Sequence[Expected]) -> list[Answer]:
    """Every expectation beside what the protocol says.  Raises SettingError for a rule that the protocol does not have."""
    known = {r.code for r in protocol.rules}
    out = []
    for case in cases:
        for code in (*case.status, *case.dose):
            if code not in known:
                raise SettingError(f"patient {case.patient!r}: {protocol.id} has no rule {code!r}; tocsin explain lists its rules")
        said = {a.rule.rpartition("/")[2]: a for a in advise_with(case.timeline, protocol, case.at)}
        for code, status in case.status.items():
            one = said[code]
            out.append(_answer(case, one, "status", status, one.status, one.status == status))
        for code, dose in case.dose.items():
            one = said[code]
            found = one.formula or "no dose" if one.dose is None else f"{one.dose:g} {one.unit}"
            agrees = one.dose is not None and math.isclose(one.dose, dose, rel_tol=DOSE_TOLERANCE)
            out.append(_answer(case, one, "dose", f"{dose:g} {one.unit or ''}".rstrip(), found, agrees))
    return out


def _answer(case: Expected, one: Advice, what: str, expected: str, found: str, agrees: bool) -> Answer:
    why = [one.reason, *(f"Blocked by {b}." for b in one.blocked_by)]
    if one.depends_on:
        why.append(f"Not told: {', '.join(one.depends_on)}.")
    return Answer(case.patient, case.at, one.rule.rpartition("/")[2], what, expected, found, agrees, " ".join(why), case.says)


def untested(protocol: Protocol, cases: Sequence[Expected]) -> tuple[str, ...]:
    """The rules that rest on a local change and of which nothing is expected."""
    seen = {code for case in cases for code in (*case.status, *case.dose)}
    return tuple(r.code for r in protocol.rules if protocol.local_to(r) and r.code not in seen)


def unexpected(protocol: Protocol, cases: Sequence[Expected]) -> dict[str, tuple[str, ...]]:
    """By status, the rules of which no patient is expected to show it.

    ``blocked`` is asked only of rules that something can block; a rule that is off can only be not due.
    """
    seen = {(code, status) for case in cases for code, status in case.status.items()}
    off = {r.code for r in protocol.rules if isinstance(r.when, Named) and r.when.of == NEVER}
    able = {"blocked": {r.code for r in protocol.rules if r.blocked_by}, "not_due": {r.code for r in protocol.rules}}
    rest = {r.code for r in protocol.rules} - off
    return {s: tuple(r.code for r in protocol.rules if r.code in able.get(s, rest) and (r.code, s) not in seen) for s in STATUSES}
