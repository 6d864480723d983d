"""How the rules of all chapters stand at one moment, for many patients: chapters that count the same findings share one sweep.

Most chapters ask for the grade of CRS; swept together they work it out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from tocsin.derived.changes import change_rows
from tocsin.grading.encode import Events, encode, with_rows
from tocsin.grading.engine import run
from tocsin.grading.grade import changes_of
from tocsin.grading.program import EPISODE, MASKED, Program, compile_program
from tocsin.protocols.protocol import Chapter, Protocol
from tocsin.protocols.sweep import I8, NOT_DUE, counted, derived, program_of, stands
from tocsin.timeline import Timeline


def status_at(timeline: Timeline, protocol: Protocol, hour: float, carry: Mapping[str, float] | None = None) -> I8:
    """How each rule stands for each patient at an hour, shape (patients, rules); ``timeline``: what was known then."""
    found = derived(timeline, protocol, hour, carry)
    out = np.empty((len(timeline.patients), len(protocol.rules)), np.int8)
    first = np.cumsum([0, *(len(c.rules) for c in protocol.chapters)])
    changes = dict.fromkeys(name for c in protocol.chapters for name in changes_of(program_of(c)))
    coded: tuple[Timeline, Events] | None = None  # most groups read the same record
    for group in _groups(protocol.chapters, timeline):
        chapters = tuple(protocol.chapters[i] for i in group)
        if hour < chapters[0].from_hour:
            for i in group:
                out[:, first[i]:first[i + 1]] = NOT_DUE
            continue
        record = counted(timeline, chapters[0])
        if coded is None or record is not coded[0]:
            added = pl.concat([found, change_rows(record.events, changes)], how="vertical_relaxed")
            coded = record, with_rows(encode(record), added)
        program = _program(chapters)
        state = run(program, record, coded[1], chapters[0].counts, carry=carry, from_hour=chapters[0].from_hour, until=hour,
                    keep_state=True, last_only=True).state
        for i, chapter in zip(group, chapters, strict=True):
            wanted = state[:, [program.place(r.when) for r in chapter.rules]]
            barred = state[:, [program.place(b.predicate) for b in chapter.blocks]]
            out[:, first[i]:first[i + 1]] = stands(chapter, wanted, barred)
    return out


def _groups(chapters: tuple[Chapter, ...], timeline: Timeline) -> Iterable[list[int]]:
    """The chapters (by their place) that can be swept together.

    They begin at the same hour and count the same attributions, as far as the record names any, and no two of them reckon with episodes that differ.
    """
    named = set(timeline.events["attribution"].unique().cast(pl.String).to_list())
    groups: dict[tuple[object, ...], list[int]] = {}
    episodes: dict[tuple[object, ...], list[Chapter]] = {}
    for i, chapter in enumerate(chapters):
        also = tuple((cause, concepts) for cause, concepts in sorted(chapter.counts_also.items()) if cause in named)
        key: tuple[object, ...] = (chapter.from_hour, frozenset(named & set(chapter.counts)), also)
        if _reckons(chapter):
            other = episodes.setdefault(key, [])
            if any(c.episode != chapter.episode for c in other):
                key = (*key, i)
            else:
                other.append(chapter)
        groups.setdefault(key, []).append(i)
    return groups.values()


def _reckons(chapter: Chapter) -> bool:
    """Whether a rule of the chapter depends on when its episode began."""
    return bool(np.isin(program_of(chapter).node[:, 0], (EPISODE, MASKED)).any())


_PROGRAMS: dict[tuple[int, ...], tuple[tuple[Chapter, ...], Program]] = {}


def _program(chapters: tuple[Chapter, ...]) -> Program:
    """One table for all these chapters, without reasons."""
    key = tuple(map(id, chapters))
    if key not in _PROGRAMS:
        episode = next((c.episode for c in chapters if _reckons(c)), chapters[0].episode)
        claims = dict.fromkeys(p for c in chapters for p in (*(r.when for r in c.rules), *(b.predicate for b in c.blocks)))
        _PROGRAMS[key] = chapters, compile_program([], [], episode, also=tuple(claims))
        while len(_PROGRAMS) > 64:
            _PROGRAMS.pop(next(iter(_PROGRAMS)))
    return _PROGRAMS[key][1]
