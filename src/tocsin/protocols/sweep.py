"""The chapters of a protocol swept over a record: what each rule and block is, and the observations behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.errors import SettingError
from tocsin.grading.encode import Events, encode
from tocsin.grading.engine import Swept, run
from tocsin.grading.grade import changes_of, with_changes_of
from tocsin.grading.program import EPISODE, KEPT, LASTING, MASKED, UNLESS, Program, compile_program
from tocsin.grading.result import describe
from tocsin.protocols.protocol import Chapter, Protocol
from tocsin.rules import Predicate
from tocsin.timeline import Timeline

FALSE, TRUE, UNKNOWN = 0, 1, 2
NOT_DUE, DUE, DEPENDS, BLOCKED, BARRED = range(5)
"""How a rule stands.  BLOCKED: asked for, and a block surely forbids it; BARRED: a block surely forbids it, whether asked for or not."""
MOST_CONDITIONS = 64
COURSE = "earlier_course"
"""What is missing where everything is known now, but not at some earlier moment: the hour of a dose, a value since then."""

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I8 = npt.NDArray[np.int8]
Until = float | Mapping[str, float] | None

_PROGRAMS: dict[int, tuple[Chapter, Program]] = {}


def program_of(chapter: Chapter) -> Program:
    """The compiled table of a chapter: its rules, then its blocks, then its remarks.

    Raises SettingError when there are too many.
    """
    kept = _PROGRAMS.get(id(chapter))
    if kept is None:
        roots = [r.when for r in chapter.rules] + [b.predicate for b in chapter.blocks] + [p for r in chapter.rules for p, _ in r.remarks]
        roots = list(dict.fromkeys(roots))
        if len(roots) > MOST_CONDITIONS:
            raise SettingError(f"{chapter.title}: a chapter may have at most {MOST_CONDITIONS} conditions, this one has {len(roots)}")
        kept = _PROGRAMS[id(chapter)] = (chapter, compile_program(roots, [1] * len(roots), chapter.episode))
        while len(_PROGRAMS) > 256:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
    return kept[1]


@dataclass(frozen=True)
class SweptChapter:
    """The steps of all patients by the rules of one chapter.

    ``wanted`` (steps, rules) and ``barred`` (steps, blocks of the chapter) are FALSE, TRUE or UNKNOWN.
    """

    chapter: Chapter
    program: Program
    timeline: Timeline
    swept: Swept
    wanted: I8
    barred: I8

    @property
    def status(self) -> I8:
        """How each rule stands at each step, shape (steps, rules)."""
        return stands(self.chapter, self.wanted, self.barred)

    def state(self, patient: int, p: Predicate) -> int:
        """What ``p`` is for a patient at the last moment looked at; needs the last state."""
        return int(self.swept.state[patient, self.program.place(p)])

    def missing(self, patient: int, p: Predicate) -> tuple[str, ...]:
        """The inputs whose absence leaves ``p`` unknown at the last moment looked at; needs the last state."""
        names: dict[str, None] = {}
        stack = [self.program.place(p)]
        state = self.swept.state[patient]
        while stack:
            node = stack.pop()
            if state[node] != UNKNOWN:
                continue
            if self.program.ask_bit[node] >= 0:
                names[self.program.ask_names[self.program.ask_bit[node]]] = None
            kind, *_, first, last = self.program.node[node]
            children = self.program.child[first:last]
            if kind == UNLESS and state[children[1]] == TRUE:
                stack.append(int(children[1]))
            if kind in (MASKED, EPISODE):
                # the signs (the last) are asked for where the episode may have resolved, and nothing else is open
                children = next((c for c in (children[:-1], children[-1:]) if any(state[c] == UNKNOWN)), children[:0])
            if kind in (KEPT, LASTING, MASKED, EPISODE) and not any(state[c] == UNKNOWN for c in children):
                names[COURSE] = None
            stack.extend(int(c) for c in (children[:1] if kind in (UNLESS, LASTING) else children))
        return tuple(names)

    def evidence(self, step: int, p: Predicate) -> tuple[str, ...]:
        """The observations that make ``p`` true at one step, in words."""
        return tuple(describe(self.timeline.events.row(r, named=True)) for r in self.rows(step, p))

    def rows(self, step: int, p: Predicate) -> list[int]:
        """The events that make ``p`` true at one step, by their row."""
        node = self.program.place(p)
        span = slice(int(self.swept.evidence_ptr[step]), int(self.swept.evidence_ptr[step + 1]))
        roots = self.program.roots[self.swept.evidence_root[span]]
        return sorted({int(r) for r, root in zip(self.swept.evidence_row[span], roots, strict=True) if root == node})

    def last_step(self, patient: int) -> int:
        """The last step of a patient; -1 where there is none."""
        last = int(np.searchsorted(self.swept.patient, patient, "right")) - 1
        return last if last >= 0 and self.swept.patient[last] == patient else -1


def sweep(
    timeline: Timeline, protocol: Protocol, *, until: Until = None, carry: Mapping[str, float] | None = None, keep_state: bool = False,
    last_only: bool = False,
) -> tuple[SweptChapter, ...]:
    """Sweep every chapter over the record, or over what was known at ``until``: an hour, or one for each patient of a record cut there.

    ``keep_state``: also keep the last state of each node, for what is missing.
    ``last_only``: one step for each patient, the state at ``until``.
    """
    known = timeline.until(until) if isinstance(until, float | int) else timeline
    found = derived(known, protocol, until if isinstance(until, float | int) else None, carry)
    if len(found):
        known = replace(known, events=pl.concat([known.events, found], how="vertical_relaxed"))
    coded: dict[tuple[tuple[str, tuple[str, ...]], ...], tuple[Timeline, Events]] = {}
    out = []
    for chapter in protocol.chapters:
        key = tuple((cause, tuple(concepts)) for cause, concepts in chapter.counts_also.items())
        if key not in coded:
            record = counted(known, chapter)
            coded[key] = record, encode(record)
        out.append(_swept(chapter, *coded[key], until, carry, keep_state, last_only))
    return tuple(out)


def _swept(
    chapter: Chapter, timeline: Timeline, events: Events, until: Until, carry: Mapping[str, float] | None, keep_state: bool, last_only: bool,
) -> SweptChapter:
    program = program_of(chapter)
    stops = np.full(1, np.inf if until is None else until) if not isinstance(until, Mapping) else np.array([until[p] for p in events.patients])
    if changes_of(program):
        timeline, events = with_changes_of([program], timeline, events)
    swept = run(program, timeline, events, chapter.counts, carry=carry, from_hour=chapter.from_hour, until=stops,
                keep_state=keep_state, last_only=last_only)
    if (stops < chapter.from_hour).any():
        swept.state[np.broadcast_to(stops < chapter.from_hour, len(swept.state))] = FALSE
    place = {int(node): i for i, node in reversed(list(enumerate(program.roots)))}
    wanted = _truth(swept, [place[program.place(r.when)] for r in chapter.rules])
    barred = _truth(swept, [place[program.place(b.predicate)] for b in chapter.blocks])
    return SweptChapter(chapter, program, timeline, swept, wanted, barred)


def stands(chapter: Chapter, wanted: I8, barred: I8) -> I8:
    """NOT_DUE, DUE, DEPENDS, BLOCKED or BARRED, from what the rules (rows, rules) and the blocks (rows, blocks) are."""
    places = {id(b): i for i, b in enumerate(chapter.blocks)}
    out = np.empty_like(wanted)
    for i, rule in enumerate(chapter.rules):
        block = np.zeros(len(wanted), np.int8)  # none holds, one may, one surely holds
        for b in rule.blocked_by:
            column = barred[:, places[id(b)] if id(b) in places else chapter.blocks.index(b)]
            np.maximum(block, np.where(column == TRUE, 2, (column == UNKNOWN) & b.unknown_blocks).astype(np.int8), out=block)
        out[:, i] = _STANDS[wanted[:, i], block]
    return out


_STANDS = np.array([[NOT_DUE, NOT_DUE, NOT_DUE], [DUE, DEPENDS, BLOCKED], [DEPENDS, DEPENDS, BARRED]], np.int8)
"""How a rule stands, by what it is (false, true, unknown) and by whether a block holds (no, perhaps, surely)."""


def _truth(swept: Swept, roots: list[int]) -> I8:
    """FALSE, TRUE or UNKNOWN, of some roots at each step."""
    bits = np.array(roots, dtype=np.uint64)
    true = (swept.true[:, None] >> bits) & np.uint64(1)
    unknown = (swept.open[:, None] >> bits) & np.uint64(1)
    return (true + 2 * unknown).astype(np.int8)


def derived(timeline: Timeline, protocol: Protocol, until: float | None, carry: Mapping[str, float] | None) -> pl.DataFrame:
    """The findings that the chapters derive from the course before their rules are asked, as rows of events."""
    rows = [c.derive(timeline, until, carry) for c in protocol.chapters if c.derive is not None]
    return pl.concat([timeline.events.clear(), *rows], how="vertical_relaxed") if rows else timeline.events.clear()


def counted(timeline: Timeline, chapter: Chapter) -> Timeline:
    """The timeline in which what the chapter also counts is put down to nothing in particular."""
    named = timeline.events["attribution"].unique().cast(pl.String)
    if not any(cause in named for cause in chapter.counts_also):
        return timeline
    events = timeline.events
    concept, attribution = pl.col("concept").cast(pl.String), pl.col("attribution").cast(pl.String)
    for cause, concepts in chapter.counts_also.items():
        also = concept.is_in(concepts) & (attribution == cause)
        events = events.with_columns(pl.when(also).then(pl.lit("unknown")).otherwise(attribution).alias("attribution"))
    return replace(timeline, events=events)


def step_at(patient: I64, start: F64, who: I64, when: F64) -> I64:
    """The last step of each patient asked for (``who``) that begins at or before an hour (``when``); -1 where there is none.

    ``patient`` and ``start``: the steps, in order.
    """
    n = len(patient)
    order = np.lexsort((np.repeat([0, 1], [n, len(who)]), np.concatenate([start, when]), np.concatenate([patient, who])))
    before = np.cumsum(order < n) - 1
    out = np.empty(len(who), np.int64)
    asked = order >= n
    out[order[asked] - n] = before[asked]
    found = np.maximum(out, 0)
    return np.where((out >= 0) & (n > 0) & (patient[found] == who if n else False), out, -1)
