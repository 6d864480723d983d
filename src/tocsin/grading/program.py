"""A scale or protocol as a table: predicates compiled to the nodes that the sweep evaluates.

Each distinct predicate becomes one node; leaves come first, so evaluating the nodes in order evaluates everything.  What a
node means is written in ``kernel.py``, which is the only reader of this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.derived.limits import limit as find_limit
from tocsin.errors import RuleError
from tocsin.rules import (
    And,
    AtLeast,
    Compare,
    Constant,
    CountRunning,
    Doses,
    Either,
    Elsewhere,
    EpisodeFor,
    Fact,
    IsIn,
    Kept,
    Lasting,
    Masked,
    Named,
    Not,
    Observed,
    Or,
    PatientLimit,
    Predicate,
    RateSum,
    Unless,
    Within,
    values_of,
)
from tocsin.scales.scale import EpisodeRule
from tocsin.vocabulary import CONCEPTS, Kind

# Node kinds, shared with kernel.py.
GE, LT, IN, COUNT, RATE, DOSES, FACT, ELSE, CONST = range(9)
AND, OR, NOT, EITHER, ATLEAST, UNLESS, LASTING, OBSERVED, WITHIN, KEPT, MASKED, EPISODE = range(10, 22)

ABSENT_BIT, PRESENT_BIT = 1, 2
UNKNOWN_BIT = 1 << 62
PAST = 1 << 40
"""Marks, in the sweep, the row of an observation that stands for a moment of the past: why an episode began, what was seen."""

CONCEPT_NAMES: tuple[str, ...] = tuple(CONCEPTS)
CONCEPT_CODE: Mapping[str, int] = {name: i for i, name in enumerate(CONCEPT_NAMES)}

RESETS: Mapping[str, tuple[str, ...]] = {"oxygen_device": ("oxygen_flow", "fio2")}
"""A change of the first makes older values of the others unknown."""

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


def value_bit(concept: str, value: str) -> int:
    """The bit of a coded value; ABSENT_BIT and PRESENT_BIT for findings, infusions and doses without values of their own."""
    return 1 << values_of(concept).index(value)


@dataclass(frozen=True, slots=True)
class Program:
    """The compiled table.  Node arrays have shape (nodes,); groups and children are ragged (pointer and items)."""

    node: I64                    # (nodes, 8): kind, five integers whose meaning depends on it, first child, one past the last
    number: F64                  # (nodes,) hours, coefficients or limits
    child: I64
    parent_ptr: I64              # node -> the nodes made of it
    parent: I64
    group_ptr: I64               # groups of slots
    group_slot: I64
    group_coef: F64
    slot_of_concept: npt.NDArray[np.int32]
    slot_concept: I64
    slot_atoms_ptr: I64
    slot_atoms: I64
    resets: I64                  # (k, 2): a change of the first slot makes older values of the second unknown
    dose_ptr: I64                # concept -> dose groups
    dose_group: I64
    teller: npt.NDArray[np.int32]  # concept -> dose group for which "absent" tells that none was given, or -1
    n_dose_groups: int
    roots: I64                   # node of each criterion, then of each flag
    grade: I64                   # grade of each root, or how many points; -1 for a flag
    item: I64                    # the item of each root; within one the highest counts
    ask_bit: I64                 # (nodes,) index into ask_names, or -1
    need_bit: I64                # (nodes,) the same of what a limit by patient needs
    value_slot: I64              # slots whose value is part of the answer (a formula's)
    value_runs: I64              # whether that is an infusion, whose value is 0 when it does not run
    ask_names: tuple[str, ...]
    limits: tuple[float | PatientLimit, ...]
    strict: tuple[bool, ...]     # whether limit i is one step above its value (">" and "<=")
    facts: tuple[Fact, ...]
    dose_groups: tuple[tuple[str, ...], ...]
    eager: npt.NDArray[np.bool_]  # nodes that remember, and what they rest on: to be followed even where only the last state is wanted
    onset: int
    active: int
    suppressing: int             # dose group whose doses prolong the quiet that is needed
    episode_hours: F64           # quiet, quiet suppressed, lapse
    shown_slot: I64              # slots that show the episode to go on while put down to the syndrome; none where no node asks whether it does
    put_down_to: tuple[str, ...]
    node_of: Mapping[Predicate, int]
    places: dict[int, tuple[Predicate, int]] = field(default_factory=dict, repr=False, compare=False)

    def place(self, p: Predicate) -> int:
        """The node of a predicate, by whatever name; remembered by the object, because to hash a large claim takes long."""
        kept = self.places.get(id(p))
        if kept is None or kept[0] is not p:
            kept = self.places[id(p)] = (p, self.node_of[bare(p)])
        return kept[1]

    @property
    def reads(self) -> npt.NDArray[np.bool_]:
        """Which concepts it reads, by concept code."""
        return (self.slot_of_concept >= 0) | (np.diff(self.dose_ptr) > 0) | (self.teller >= 0)


def bare(p: Predicate) -> Predicate:
    """The predicate without its names, as a program knows it."""
    while isinstance(p, Named):
        p = p.of
    return p


class _Compiler:
    def __init__(self, active: Predicate) -> None:
        self.active = active
        self.nodes: dict[Predicate, int] = {}
        self.rows: list[tuple[int, list[int], float, list[int]]] = []
        self.slots: dict[str, int] = {}
        self.groups: list[list[tuple[int, float]]] = []
        self.limits: list[tuple[float | PatientLimit, bool]] = []
        self.facts: list[Fact] = []
        self.dose_groups: list[tuple[str, ...]] = []
        self.dose_tellers: list[str] = []
        self.asks: dict[str, int] = {}
        self.ask_bit: list[int] = []
        self.need_bit: list[int] = []
        self.atoms_of_slot: list[list[int]] = []

    def slot(self, concept: str) -> int:
        if concept not in self.slots:
            self.slots[concept] = len(self.slots)
            self.atoms_of_slot.append([])
        return self.slots[concept]

    def emit(self, kind: int, arg: Sequence[int] = (), number: float = 0.0, children: Sequence[int] = (), ask: str = "",
             slots: Iterable[int] = (), limit: float | PatientLimit = 0.0) -> int:
        index = len(self.rows)
        self.rows.append((kind, [*arg, *[-1] * (5 - len(arg))], number, list(children)))
        self.ask_bit.append(self.ask(ask))
        self.need_bit.append(self.ask(find_limit(limit.name).needs) if isinstance(limit, PatientLimit) else -1)
        for slot in slots:
            self.atoms_of_slot[slot].append(index)
        return index

    def name_asks(self, roots: Sequence[Predicate]) -> None:
        """Number the inputs to ask for in the order in which the claims name them, whatever else is compiled between."""
        seen: set[int] = set()
        stack = list(reversed(roots))
        while stack:
            p = stack.pop()
            if id(p) in seen:
                continue
            seen.add(id(p))
            match p:
                case Compare(concept, _, _, _, ask) | IsIn(concept, _, _, _, ask):
                    self.ask(concept if ask else "")
                case CountRunning() | RateSum() | Doses():
                    self.ask(p.label)
                case Fact(name):
                    self.ask(name)
            limit = getattr(p, "limit", None)
            if isinstance(limit, PatientLimit):
                self.ask(find_limit(limit.name).needs)
            stack.extend(reversed(p.children()))

    def ask(self, name: str) -> int:
        return self.asks.setdefault(name, len(self.asks)) if name else -1

    def limit(self, limit: float | PatientLimit, strict: bool) -> int:
        key = (limit, strict)
        if key not in self.limits:
            self.limits.append(key)
        return self.limits.index(key)

    def dose_group(self, doses: Doses) -> int:
        if doses.concepts not in self.dose_groups:
            self.dose_groups.append(doses.concepts)
            self.dose_tellers.append(doses.told_by or (doses.concepts[0] if len(doses.concepts) == 1 else ""))
        return self.dose_groups.index(doses.concepts)

    def group(self, members: Iterable[tuple[int, float]]) -> int:
        self.groups.append(list(members))
        return len(self.groups) - 1

    def add(self, p: Predicate) -> int:
        if isinstance(p, Named):
            return self.add(p.of)
        if p in self.nodes:
            return self.nodes[p]
        self.nodes[p] = index = self._new(p)
        return index

    def _new(self, p: Predicate) -> int:
        match p:
            case Compare(concept, op, limit, _, ask):
                slot = self.slot(concept)
                kind = GE if op in (">=", ">") else LT
                return self.emit(kind, (slot, self.limit(limit, op in (">", "<="))), ask=concept if ask else "", slots=(slot,), limit=limit)
            case IsIn(concept, values, maybe, _, ask):
                slot = self.slot(concept)
                wanted = sum(value_bit(concept, v) for v in set(values))
                perhaps = sum(value_bit(concept, v) for v in set(maybe))
                return self.emit(IN, (slot, wanted, perhaps), ask=concept if ask else "", slots=(slot,))
            case CountRunning(concepts, number, label, _, count, any_of, any_counts):
                slots = [self.slot(c) for c in concepts]
                extra = [self.slot(c) if c else -1 for c in (count, any_of)]
                group = self.group((s, 1.0) for s in slots)
                every = {*slots, *(s for s in extra if s >= 0)}
                return self.emit(COUNT, (group, number, *extra, int(any_counts)), ask=label, slots=sorted(every))
            case RateSum(terms, limit, _, label, _, any_of):
                slots = [self.slot(c) for c, _ in terms]
                any_slot = self.slot(any_of) if any_of else -1
                group = self.group((self.slot(c), k) for c, k in terms)
                every = {*slots, any_slot} - {-1}
                return self.emit(RATE, (group, any_slot, self.limit(limit, False)), ask=label, slots=sorted(every), limit=limit)
            case Doses(_, label, _, number, hours, _, since_infusion):
                return self.emit(DOSES, (self.dose_group(p), number, int(since_infusion)), np.inf if hours is None else hours, ask=label)
            case Fact(name):
                if p not in self.facts:
                    self.facts.append(p)
                return self.emit(FACT, (self.facts.index(p),), ask=name)
            case Elsewhere(concepts):
                slots = [self.slot(c) for c in concepts]
                return self.emit(ELSE, (self.group((s, 1.0) for s in slots),), slots=slots)
            case Constant(value):
                return self.emit(CONST, (int(value),))
            case Not(of):
                return self.emit(NOT, children=[self.add(of)])
            case And(of):
                return self.emit(AND, children=[self.add(c) for c in of])
            case Or(of):
                return self.emit(OR, children=[self.add(c) for c in of])
            case Either(of):
                return self.emit(EITHER, children=[self.add(c) for c in of])
            case AtLeast(number, of):
                return self.emit(ATLEAST, (number,), children=[self.add(c) for c in of])
            case Unless(of, hidden_by):
                return self.emit(UNLESS, children=[self.add(of), self.add(hidden_by)])
            case Lasting(of, hours):
                return self.emit(LASTING, number=hours, children=[self.add(of)])
            case Observed(of, hours):
                return self.emit(OBSERVED, number=hours, children=[self.add(of)])
            case Within(of, start, end):
                return self.emit(WITHIN, (self.limit(start, False),), end, children=[self.add(of)])
            case Kept(of, doses, otherwise):
                return self.emit(KEPT, (int(otherwise),), children=[self.add(of), self.add(doses)])
            case Masked(onset, doses):
                children = [self.add(onset), self.add(doses), self.add(self.active)]
                return self.emit(MASKED, (self.dose_group(doses),), children=children)
            case EpisodeFor(onset, hours):
                # the last child is the signs: while none is seen, the episode may have resolved
                return self.emit(EPISODE, number=hours, children=[self.add(onset), self.add(self.active)])
        raise RuleError(f"the predicate {p!r} cannot be compiled")


def compile_program(
    roots: Sequence[Predicate], grades: Sequence[int], episode: EpisodeRule, *, items: Sequence[int] = (), values: Sequence[str] = (),
    also: Sequence[Predicate] = (),
) -> Program:
    """Compile predicates to one table.

    ``also``: predicates of which only the last state is wanted; a table with these alone has neither roots nor inputs to ask for.

    ``grades``: the grade (or points, 0 or more) of each root, -1 for a flag.  ``items``: the item of each root, where there is
    more than one.  ``values``: the concepts whose values are part of the answer.
    """
    c = _Compiler(episode.active)
    c.name_asks(roots)
    root_nodes = [c.add(p) for p in roots]
    for p in also:
        c.add(p)
    onset, active = c.add(episode.onset), c.add(episode.active)
    if not roots:
        c.asks, c.ask_bit, c.need_bit = {}, [-1] * len(c.rows), [-1] * len(c.rows)
    suppressing = c.dose_group(episode.suppressing)
    follows = any(isinstance(p, Masked | EpisodeFor) for p in c.nodes)
    shown = [c.slot(concept) for concept in episode.shown_by] if follows else []
    for p in c.nodes:
        if isinstance(p, Masked | EpisodeFor) and c.add(p.onset) != onset:
            raise RuleError("every Masked or EpisodeFor of a scale must use the onset of its episode rule")
    if len(c.asks) > 64:
        raise RuleError(f"a scale may ask for at most 64 inputs, this one asks for {len(c.asks)}")
    n_concepts = len(CONCEPT_NAMES)
    slot_of = np.full(n_concepts, -1, np.int32)
    for concept, slot in c.slots.items():
        slot_of[CONCEPT_CODE[concept]] = slot
    doses_of: list[list[int]] = [[] for _ in range(n_concepts)]
    teller = np.full(n_concepts, -1, np.int32)
    for group, (members, told_by) in enumerate(zip(c.dose_groups, c.dose_tellers, strict=True)):
        for concept in members:
            doses_of[CONCEPT_CODE[concept]].append(group)
        if told_by:
            teller[CONCEPT_CODE[told_by]] = group
    children = _pointers([r[3] for r in c.rows])
    parents: list[list[int]] = [[] for _ in c.rows]
    for index, row in enumerate(c.rows):
        for below in dict.fromkeys(row[3]):
            parents[below].append(index)
    return Program(
        node=np.column_stack([
            np.array([r[0] for r in c.rows], np.int64), np.array([r[1] for r in c.rows], np.int64).reshape(-1, 5), children[:-1], children[1:]]),
        number=np.array([r[2] for r in c.rows], np.float64),
        child=_flat((r[3] for r in c.rows), np.int64), parent_ptr=_pointers(parents), parent=_flat(parents, np.int64),
        group_ptr=_pointers(c.groups), group_slot=_flat(([s for s, _ in g] for g in c.groups), np.int64),
        group_coef=_flat(([k for _, k in g] for g in c.groups), np.float64),
        slot_of_concept=slot_of, slot_concept=np.array([CONCEPT_CODE[s] for s in c.slots], np.int64),
        slot_atoms_ptr=_pointers(c.atoms_of_slot), slot_atoms=_flat(c.atoms_of_slot, np.int64),
        resets=np.array([(c.slots[a], c.slots[b]) for a, bs in RESETS.items() for b in bs if a in c.slots and b in c.slots],
                        np.int64).reshape(-1, 2),
        dose_ptr=_pointers(doses_of), dose_group=_flat(doses_of, np.int64), teller=teller, n_dose_groups=len(c.dose_groups),
        roots=np.array(root_nodes, np.int64), grade=np.array(grades, np.int64),
        item=np.array(items if len(items) else [0] * len(roots), np.int64),
        value_slot=np.array([c.slots[v] for v in values], np.int64),
        value_runs=np.array([CONCEPTS[v].kind is Kind.INFUSION for v in values], np.int64),
        ask_bit=np.array(c.ask_bit, np.int64), need_bit=np.array(c.need_bit, np.int64), ask_names=tuple(c.asks),
        limits=tuple(limit for limit, _ in c.limits), strict=tuple(strict for _, strict in c.limits),
        facts=tuple(c.facts), dose_groups=tuple(c.dose_groups),
        eager=_eager(c.rows, (onset, active)), onset=onset, active=active, suppressing=suppressing,
        episode_hours=np.array([episode.quiet_hours, episode.quiet_hours_suppressed, episode.lapse_hours]),
        shown_slot=np.array(shown, np.int64), put_down_to=episode.put_down_to,
        node_of=c.nodes,
    )


def _eager(rows: Sequence[tuple[int, list[int], float, list[int]]], kept: Iterable[int]) -> npt.NDArray[np.bool_]:
    """The nodes whose truth depends on an earlier moment, those of ``kept``, and everything below them."""
    out = np.zeros(len(rows), np.bool_)
    out[list(kept)] = True
    for index in range(len(rows) - 1, -1, -1):  # a node stands after those below it
        kind, _, _, children = rows[index]
        if out[index] or kind in (LASTING, OBSERVED, WITHIN, KEPT, EPISODE, MASKED):
            out[[index, *children]] = True
    return out


def _pointers(items: Iterable[Sequence[object]]) -> I64:
    return np.concatenate([[0], np.cumsum([len(i) for i in items])]).astype(np.int64)


def _flat(items: Iterable[Sequence[object]], kind: type) -> npt.NDArray[Any]:
    return np.array([x for item in items for x in item], kind)
