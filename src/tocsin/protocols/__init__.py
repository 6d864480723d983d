"""Guidelines as data: what is due, what blocks it, what it depends on, and how it compares with what was given.

A protocol is one file in this folder.  A file that names ``BUILDERS`` (protocol id -> function of its settings) is found by itself.
Wherever an id is asked for, a hospital's own file (``ward.toml``, ``ward.py``) or the id of an installed package does as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from tocsin.errors import UnknownIdError
from tocsin.protocols import local
from tocsin.protocols.advise import Advice, advise_with
from tocsin.protocols.protocol import Block, Dose, Protocol, Rule
from tocsin.protocols.schedule import schedule
from tocsin.protocols.turns import Given, Turn
from tocsin.protocols.turns import turns as _turns
from tocsin.protocols.watching import Check, watch
from tocsin.rules.registry import Built, found
from tocsin.timeline import Timeline

BUILDERS: Mapping[str, Callable[..., Protocol]] = found(__name__, __path__, "protocol")
"""How each protocol is built from its settings."""

PROTOCOLS: Mapping[str, Protocol] = Built(BUILDERS)
"""Every protocol with its default settings."""


def protocol(name: str | Path | Protocol, **settings: object) -> Protocol:
    """The protocol of that id, or of a hospital's file (.toml, or .py, which is then run), with settings changed where given.

    Raises UnknownIdError, SettingError or RuleError.  A file is read each time: keep what is returned.
    """
    if isinstance(name, Protocol):
        return name
    if str(name) not in BUILDERS:
        return local.builder(str(name), BUILDERS)(**settings)
    return BUILDERS[str(name)](**settings) if settings else PROTOCOLS[str(name)]


def advise(
    timeline: Timeline, name: str | Path | Protocol = "paper004", *, at: float, settings: Mapping[str, object] | None = None,
    carry: Mapping[str, float] | None = None,
) -> list[Advice]:
    """What the protocol says at hour ``at``: every rule for every patient, with status due, depends, blocked or not_due.

    Nothing later than ``at`` is looked at.  Raises UnknownIdError or SettingError.
    """
    return advise_with(timeline, protocol(name, **(settings or {})), float(at), carry)


def turns(timeline: Timeline, name: str | Path | Protocol = "paper004", *, patient: str | None = None,
          settings: Mapping[str, object] | None = None) -> list[Turn]:
    """The turns of a course: grade, advice that changed, and treatments given with the protocol's verdict on each."""
    chosen = protocol(name, **(settings or {}))
    who = [patient] if patient is not None else timeline.patient_ids
    return [turn for one in who for turn in _turns(timeline, chosen, one)]


def monitoring(
    timeline: Timeline, *, at: float, settings: Mapping[str, object] | None = None, carry: Mapping[str, float] | None = None,
) -> list[Check]:
    """What has to be watched at hour ``at``: every item for every patient, with status overdue, due, depends, done or not_asked.

    Nothing later than ``at`` is looked at.  Raises SettingError.  For many patients, ``tocsin.protocols.watching.watch`` gives arrays.
    """
    found = watch(timeline, schedule(**(settings or {})), float(at), carry)
    return [check for patient in found.patients for check in found.checks(patient)]


@cache
def _by_code() -> Mapping[str, tuple[Protocol, Rule]]:
    return {p.code(r).lower(): (p, r) for p in PROTOCOLS.values() for r in p.rules}


def rule(code: str) -> tuple[Protocol, Rule]:
    """The rule of a qualified code such as ``paper004/C2.3``; UnknownIdError otherwise."""
    known = _by_code()
    if code.lower() in known:
        return known[code.lower()]
    owner, _, bare = code.rpartition("/")
    if is_local(owner):
        one = protocol(owner)
        known = {f"{owner}/{r.code}".lower(): (one, r) for r in one.rules}
        if code.lower() in known:
            return known[code.lower()]
    if owner.lower() in PROTOCOLS:
        one = PROTOCOLS[owner.lower()]
        known = {r.code: (one, r) for r in one.rules}
    raise UnknownIdError("rule", bare or code, [r.code if owner else p.code(r) for p, r in known.values()], f"tocsin explain {owner or 'PROTOCOL'}")


def is_local(name: str) -> bool:
    """Whether a name means a protocol that is not Tocsin's own: a file, or one of an installed package."""
    return local.file_of(name) is not None or (name not in BUILDERS and name in local.installed())


__all__ = ["BUILDERS", "PROTOCOLS", "Advice", "Block", "Check", "Dose", "Given", "Protocol", "Rule", "Turn", "advise", "is_local", "monitoring",
           "protocol", "rule", "turns"]
