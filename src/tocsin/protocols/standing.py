"""How each rule of a protocol stands over time: not due, due, depending on something untold, or blocked.

``advise`` asks at one moment.  Here the same program is swept once over the time wanted, and every step is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.grading.encode import encode
from tocsin.grading.engine import Swept, run
from tocsin.grading.grade import grade
from tocsin.grading.result import describe
from tocsin.protocols.advise import _program, _Sayer
from tocsin.protocols.protocol import Block, Protocol, Rule
from tocsin.protocols.refractory import with_refractory
from tocsin.timeline import Timeline

NOT_DUE, DUE, DEPENDS, BLOCKED, BARRED = range(5)
"""How a rule stands.  BLOCKED: asked for, and a block surely forbids it; BARRED: a block surely forbids it, whether asked for or not."""


@dataclass(frozen=True)
class Standings:
    """The steps of all patients by one protocol; ``status`` has shape (steps, rules), ``blocks`` (steps, blocks of the protocol)."""

    protocol: Protocol
    timeline: Timeline
    swept: Swept
    index: Mapping[str, int]
    status: npt.NDArray[np.int8]
    wanted: npt.NDArray[np.int8]
    blocks: npt.NDArray[np.int8]

    def steps(self, patient: str) -> slice:
        """The steps of one patient."""
        at = self.index[patient]
        return slice(int(np.searchsorted(self.swept.patient, at)), int(np.searchsorted(self.swept.patient, at, "right")))

    def missing(self, patient: str, rule: Rule) -> tuple[str, ...]:
        """What leaves a rule open at the last moment looked at; needs the last state."""
        said = _Sayer(_program(self.protocol), self.timeline, self.swept, self.index[patient])
        names = dict.fromkeys(said.missing(rule.when))
        for block in rule.blocked_by:
            if block.unknown_blocks:
                names.update(dict.fromkeys(said.missing(block.predicate)))
        return tuple(names)

    def evidence(self, step: int, rule: int) -> tuple[str, ...]:
        """The observations on which a rule rests at one step, in words."""
        span = slice(int(self.swept.evidence_ptr[step]), int(self.swept.evidence_ptr[step + 1]))
        rows = sorted({int(r) for r, root in zip(self.swept.evidence_row[span], self.swept.evidence_root[span], strict=True) if root == rule})
        return tuple(describe(self.timeline.events.row(r, named=True)) for r in rows)

    def limits(self, step: int, concept: str, rules: list[int]) -> list[Block]:
        """The blocks of these rules that count doses of this very concept and surely hold at one step."""
        every = self.protocol.blocks
        mine = dict.fromkeys(b for i in rules for b in self.protocol.rules[i].blocked_by)
        return [b for b in mine if concept in getattr(b.predicate, "concepts", ()) and self.blocks[step, every.index(b)] == 1]

    def barring(self, step: int, rules: list[int]) -> list[Block]:
        """The blocks of these rules that surely hold at one step."""
        every = self.protocol.blocks
        mine = dict.fromkeys(b for i in rules for b in self.protocol.rules[i].blocked_by)
        return [b for b in mine if self.blocks[step, every.index(b)] == 1]


def standings(
    timeline: Timeline, protocol: Protocol, *, until: float | None = None, carry: Mapping[str, float] | None = None,
) -> Standings:
    """Sweep the rules over the record, or over what was known at ``until`` (the last state is then kept, for what is missing)."""
    known = timeline if until is None else timeline.until(until)
    stop = np.inf if until is None else until
    hours = protocol.settings.get("refractory_hours")
    if hours is not None:
        known = with_refractory(known, grade(known, protocol.scale, until=until, carry=carry), float(hours))
    events = encode(known)
    swept = run(_program(protocol), known, events, protocol.scale.counts, carry=carry, until=stop, keep_state=until is not None)
    n_rules, blocks = len(protocol.rules), protocol.blocks
    wanted = _truth(swept, 0, n_rules)
    blocked = _truth(swept, n_rules, len(blocks))
    status = np.empty_like(wanted)
    for i, rule in enumerate(protocol.rules):
        mine = [blocks.index(b) for b in rule.blocked_by]
        harm = [blocks.index(b) for b in rule.blocked_by if b.unknown_blocks]
        barred = (blocked[:, mine] == 1).any(axis=1)
        unsure = (blocked[:, harm] == 2).any(axis=1)
        w = wanted[:, i]
        status[:, i] = np.select(
            [w == 0, barred & (w == 1), barred, (w == 1) & ~unsure], [NOT_DUE, BLOCKED, BARRED, DUE], DEPENDS)
    return Standings(protocol, known, swept, {p: i for i, p in enumerate(events.patients)}, status, wanted, blocked)


def _truth(swept: Swept, first: int, number: int) -> npt.NDArray[np.int8]:
    """0 false, 1 true, 2 unknown, of some roots at each step."""
    bits = np.arange(first, first + number, dtype=np.uint64)
    true = (swept.true[:, None] >> bits) & np.uint64(1)
    unknown = (swept.open[:, None] >> bits) & np.uint64(1)
    return (true + 2 * unknown).astype(np.int8)
