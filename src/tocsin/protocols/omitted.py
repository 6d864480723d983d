"""Recommendations that no dose answered: where a rule held for longer than is allowed, and nothing it asks for was given.

A rule that held while it is not known whether an interval or a maximum forbade it counts as well, but is never a sure omission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from tocsin.protocols.protocol import Protocol
from tocsin.protocols.standing import Standings
from tocsin.protocols.sweep import DEPENDS, DUE
from tocsin.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Answer:
    """A dose as an answer: it may have been given, or ran, from ``low`` to ``high``, and answers ``rules`` (by their place)."""

    low: float
    high: float
    rules: frozenset[int]


@dataclass(frozen=True, slots=True)
class Omission:
    """``rules`` held from ``start`` to ``end`` and were unanswered; ``step`` is the first step of that time.

    ``sure``: whether they were due all that time; otherwise it is not known for some of it whether a block forbade them.
    """

    start: float
    end: float
    rules: tuple[int, ...]
    step: int
    sure: bool


def needs(protocol: Protocol) -> list[list[int]]:
    """The rules that can be omitted, together where they ask for the same treatments.

    A rule that is experimental, optional or the alternative to another is never omitted; nor is one that asks for no drug.
    """
    groups: list[tuple[set[str], list[int]]] = []
    for i, rule in enumerate(protocol.rules):
        if rule.drug is None or rule.experimental or rule.optional or rule.instead_of:
            continue
        treatments = {rule.drug, *rule.answers}
        same = [g for g in groups if g[0] & treatments]
        merged = (treatments.union(*(g[0] for g in same)), sorted([i, *(j for g in same for j in g[1])]))
        groups = [g for g in groups if g not in same] + [merged]
    return [rules for _, rules in groups]


def omissions(stand: Standings, patient: str, answers: Sequence[Answer], last_hour: float, within_hours: float) -> list[Omission]:
    """The unanswered recommendations of one patient until the last entry of the record."""
    mine = stand.steps(patient)
    starts = [float(s) for s in stand.start[mine]]
    edges = sorted({*(s for s in starts if s < last_hour), last_hour, *(x for a in answers for x in (a.low, a.high) if x < last_hour)})
    edges = [e for e in edges if starts and e >= starts[0]]
    out: list[Omission] = []
    for group in needs(stand.protocol):
        begun: dict[int, float] = {}                       # since when each rule is due without a break
        current: tuple[float, int, dict[int, None]] | None = None
        sure = True
        step = 0
        for low, _ in pairwise(edges):
            while step + 1 < len(starts) and starts[step + 1] <= low:
                step += 1
            at = mine.start + step
            due = [i for i in group if stand.wanted[at, i] == 1 and stand.status[at, i] in (DUE, DEPENDS)]
            begun = {i: begun.get(i, low) for i in due}
            unanswered = [i for i in due if not any(i in a.rules and a.low <= low and a.high >= begun[i] for a in answers)]
            answered = any(a.low <= low <= a.high and a.rules & set(group) for a in answers)
            if current is not None and (answered or not unanswered):
                if not answered and low - current[0] > within_hours:
                    out.append(Omission(current[0], low, tuple(current[2]), current[1], sure))
                current = None
            if unanswered and current is None:
                current, sure = (low, at, dict.fromkeys(unanswered)), True
            elif current is not None:
                current[2].update(dict.fromkeys(unanswered))
            sure = sure and any(stand.status[at, i] == DUE for i in unanswered)
        if current is not None and last_hour - current[0] > within_hours and not any(
                a.low <= last_hour <= a.high and a.rules & set(group) for a in answers):
            out.append(Omission(current[0], last_hour, tuple(current[2]), current[1], sure))
    return out


def told_absent(timeline: Timeline, patient: str, concept: str, start: float, end: float) -> bool:
    """Whether the record tells that none was given in that time: it is complete, or rows say "absent" without a gap."""
    if timeline.complete.covers(concept, patient):
        return True
    mine = timeline.events.filter(
        (pl.col("patient").cast(pl.String) == patient) & (pl.col("concept").cast(pl.String) == concept)
        & (pl.col("text").cast(pl.String) == "absent"))
    reached = start
    for low, latest, stop in mine.sort("hour").select("hour", "hour_latest", "end_hour").iter_rows():
        if low > reached:
            break
        reached = max(reached, latest or low, stop or low)
    return reached >= end
