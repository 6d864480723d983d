"""One record graded in one or two worlds: as told, and under a named assumption about what is not told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tocsin.grading.contradictions import contradictions
from tocsin.grading.episodes import episodes
from tocsin.grading.grade import grade
from tocsin.grading.result import Grades
from tocsin.show.steps import Course, courses
from tocsin.show.wording import concept_words, joined
from tocsin.timeline import ASSUMPTIONS, Completeness, Timeline, together_named


@dataclass(frozen=True)
class World:
    """One declaration of what is complete, with its grades; ``label`` is short, ``says`` a sentence."""

    label: str
    says: str
    timeline: Timeline
    grades: tuple[Grades, ...]

    def episodes(self, number: int) -> pl.DataFrame:
        """The episodes by scale number ``number``."""
        return episodes(self.grades[number])

    def contradictions(self, number: int) -> list[dict[str, Any]]:
        """The reported grades beside those by scale number ``number``."""
        return contradictions(self.timeline, self.grades[number])


def worlds_of(
    timeline: Timeline, scales: Sequence[str], assume: Iterable[str] | None, settings: Mapping[str, Mapping[str, object]] | None
) -> list[World]:
    """The record as declared, and once more under ``assume``, when that is given and differs.

    ``assume``: named assumptions (``tocsin.timeline.ASSUMPTIONS``), or domains and concepts that are taken as complete.
    """
    closed = timeline.complete.everywhere | frozenset(n for n, who in timeline.complete.by_patient.items() if who.issuperset(timeline.patient_ids))
    declared = f"as declared ({joined(together_named(closed))} complete)" if closed else "as told"
    says = "What the record does not tell is unknown." if not closed else f"Complete, so that no row means absent: {joined(together_named(closed))}."
    out = [_world(declared, says, timeline, scales, settings)]
    names = list(dict.fromkeys(assume or ()))
    added = frozenset[str]().union(*(ASSUMPTIONS.get(n, frozenset((n,))) for n in names))
    if added - closed:
        Completeness.of(n for n in names if n not in ASSUMPTIONS)  # refuses what cannot be complete
        complete = replace(timeline.complete, everywhere=closed | added, basis=f"assumed: {', '.join(names)}")
        says = f"Assumed, not told: no row means absent, or not abnormal, for {joined(concept_words(n) for n in sorted(added))}."
        out.append(_world(_if(names, added), says, timeline.with_complete(complete), scales, settings))
    return out


def _if(names: Sequence[str], added: frozenset[str]) -> str:
    """The assumption as a clause: "if unstated support was absent"."""
    whole = [n for n, what in ASSUMPTIONS.items() if what == added]
    named = whole or (list(names) if all(n in ASSUMPTIONS for n in names) else [])
    if not named:
        return f"if {joined(concept_words(n) for n in sorted(added))} were complete"
    absent = [n.removesuffix("-absent").replace("-", " ") for n in named]
    return f"if {joined(absent)} {'was' if len(absent) == 1 else 'were'} absent"


def _world(
    label: str, says: str, timeline: Timeline, scales: Sequence[str], settings: Mapping[str, Mapping[str, object]] | None
) -> World:
    chosen = settings or {}
    return World(label, says, timeline, tuple(grade(timeline, s, settings=chosen.get(s)) for s in scales))


def courses_of(worlds: Sequence[World], patient: str) -> list[tuple[int, int, Course]]:
    """(scale number, world number, course) in the order drawn: by scale, then by world.

    Where an assumption changes no grade of a scale, it gets no second band: the first says that it holds either way.
    """
    order = [(s, w) for s in range(len(worlds[0].grades)) for w in range(len(worlds))]
    made = courses([worlds[w].grades[s] for s, w in order], patient, [worlds[w].label for _, w in order])
    by_place = dict(zip(order, made, strict=True))
    out = []
    for (s, w), course in by_place.items():
        if len(worlds) == 2 and ranges(by_place[s, 0]) == ranges(by_place[s, 1]):
            if w == 0:
                either = f"{worlds[0].label}; the same {worlds[1].label}"
                out.append((s, w, Course(course.key, course.label, either, course.grades, course.steps)))
            continue
        out.append((s, w, course))
    return out


def ranges(course: Course) -> list[tuple[float, int, int]]:
    """The grades of a course without their reasons: where they change, and to what."""
    out: list[tuple[float, int, int]] = []
    for step in course.steps:
        if not out or out[-1][1:] != (step.at_least, step.at_most):
            out.append((step.start, step.at_least, step.at_most))
    return out


def side_by_side(first: Course, second: Course) -> list[tuple[float, float | None, tuple[int, int], tuple[int, int]]]:
    """The same time in two worlds: from, to, and the range in each."""
    one, two = ranges(first), ranges(second)
    edges = sorted({e[0] for e in one} | {e[0] for e in two})
    out = []
    for position, edge in enumerate(edges):
        end = edges[position + 1] if position + 1 < len(edges) else None
        out.append((edge, end, _at(one, edge), _at(two, edge)))
    return out


def _at(steps: Sequence[tuple[float, int, int]], hour: float) -> tuple[int, int]:
    found = (0, 4)
    for start, low, high in steps:
        if start <= hour:
            found = (low, high)
    return found
