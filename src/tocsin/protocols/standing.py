"""How each rule of a protocol stands over time: not due, due, depending on something untold, or blocked.

``advise`` asks at one moment.  Here the same chapters are swept once over the time wanted, and every step is kept: the steps of
a protocol are those of all its chapters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tocsin.protocols.protocol import Block, Protocol, Rule
from tocsin.protocols.sweep import FALSE, NOT_DUE, SweptChapter, Until, step_at, sweep
from tocsin.timeline import Timeline


@dataclass(frozen=True)
class Standings:
    """The steps of all patients by one protocol, in order.

    ``patient``, ``start``: of each step.  ``status`` and ``wanted``: shape (steps, rules).
    ``at``: shape (steps, chapters), the step of each chapter that holds then; -1 before the chapter begins, where none of its rules is due.
    """

    protocol: Protocol
    timeline: Timeline
    chapters: tuple[SweptChapter, ...]
    index: Mapping[str, int]
    patient: npt.NDArray[np.int64]
    start: npt.NDArray[np.float64]
    at: npt.NDArray[np.int64]
    status: npt.NDArray[np.int8]
    wanted: npt.NDArray[np.int8]

    def steps(self, patient: str) -> slice:
        """The steps of one patient."""
        at = self.index[patient]
        return slice(int(np.searchsorted(self.patient, at)), int(np.searchsorted(self.patient, at, "right")))

    def missing(self, patient: str, rule: Rule) -> tuple[str, ...]:
        """What leaves a rule open at the last moment looked at; needs the last state."""
        swept, who = self.chapters[self._chapter[rule.code]], self.index[patient]
        names = dict.fromkeys(swept.missing(who, rule.when))
        for block in rule.blocked_by:
            if block.unknown_blocks:
                names.update(dict.fromkeys(swept.missing(who, block.predicate)))
        return tuple(names)

    def evidence(self, step: int, rule: int) -> tuple[str, ...]:
        """The observations on which a rule (by its place) rests at one step, in words."""
        one = self.protocol.rules[rule]
        chapter = self._chapter[one.code]
        return self.chapters[chapter].evidence(int(self.at[step, chapter]), one.when)

    def limits(self, step: int, concept: str, rules: list[int]) -> list[Block]:
        """The blocks of these rules that count doses of this very concept and surely hold at one step."""
        return [b for b in self.barring(step, rules) if concept in getattr(b.predicate, "concepts", ())]

    def barring(self, step: int, rules: list[int]) -> list[Block]:
        """The blocks of these rules that surely hold at one step."""
        out: dict[Block, None] = {}
        for i in rules:
            rule = self.protocol.rules[i]
            chapter = self._chapter[rule.code]
            swept = self.chapters[chapter]
            row = swept.barred[self.at[step, chapter]]
            out.update(dict.fromkeys(b for b in rule.blocked_by if row[swept.chapter.blocks.index(b)] == 1))
        return list(out)

    @cached_property
    def _chapter(self) -> dict[str, int]:
        return {r.code: i for i, c in enumerate(self.chapters) for r in c.chapter.rules}


def standings(
    timeline: Timeline, protocol: Protocol, *, until: Until = None, carry: Mapping[str, float] | None = None,
) -> Standings:
    """Sweep the rules over the record, or over what was known at ``until`` (the last state is then kept, for what is missing).

    ``until``: an hour, or one for each patient of a record that ends there.
    """
    chapters = sweep(timeline, protocol, until=until, carry=carry, keep_state=until is not None)
    known = chapters[0].timeline
    steps = np.unique(np.concatenate([np.column_stack([c.swept.patient, c.swept.start]) for c in chapters]), axis=0)
    patient, start = steps[:, 0].astype(np.int64), steps[:, 1]
    at = np.column_stack([step_at(c.swept.patient, c.swept.start, patient, start) for c in chapters])
    begun = at >= 0
    status = np.concatenate([np.where(begun[:, i, None], c.status[at[:, i]], NOT_DUE) for i, c in enumerate(chapters)], axis=1)
    wanted = np.concatenate([np.where(begun[:, i, None], c.wanted[at[:, i]], FALSE) for i, c in enumerate(chapters)], axis=1)
    index = {p: i for i, p in enumerate(known.patients["patient"].to_list())}
    return Standings(protocol, known, chapters, index, patient, start, at, status, wanted)
