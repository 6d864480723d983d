"""One record by several scales: read once, thinned once, graded side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tocsin.grading.encode import encode
from tocsin.grading.grade import Shared, changes_of, grade, program_of, with_changes_of
from tocsin.grading.result import Grades
from tocsin.grading.thin import thinned
from tocsin.scales import Kind, Scale
from tocsin.scales import scale as find_scale
from tocsin.timeline import Timeline


def grade_many(timeline: Timeline, scales: Sequence[str | Scale], *, workers: int | None = None, **options: Any) -> list[Grades]:
    """The grades of one record by several scales, in their order; ``options`` are those of ``grade``, for all of them.

    ``workers``: how many threads; all cores when None.
    The grades are those of ``grade``.  Of a sign of the past (a peak, a fever of the last days) a step may name an earlier one
    of several values that show it.
    """
    events = options.pop("events", None) or encode(timeline)
    settings = options.pop("settings", None) or {}
    chosen = [find_scale(s, **settings) if isinstance(s, str) else s for s in scales]
    if len(chosen) < 2:
        return [grade(timeline, s, events=events, workers=workers, **options) for s in chosen]
    programs = [program_of(s) for s in chosen if s.kind is not Kind.DAYS]
    plain, changing = [p for p in programs if not changes_of(p)], [p for p in programs if changes_of(p)]
    events.rows_of_one(0)  # sorted once, before the threads share it
    with ThreadPoolExecutor(1) as aside:
        changed = aside.submit(with_changes_of, changing, timeline, events) if changing else None
        thin = thinned(timeline, events, plain, options.get("carry") or {}) if options.get("until") is None else None
        shared = Shared(thin, changed.result() if changed is not None else None)
    cores = workers or os.cpu_count() or 1
    if cores == 1:
        return [grade(timeline, s, events=events, shared=shared, workers=1, **options) for s in chosen]
    for some in (*((shared.thin.events,) if shared.thin is not None else ()), *((shared.changed[1],) if shared.changed else ())):
        some.rows_of_one(0)
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(lambda s: grade(timeline, s, events=events, shared=shared, workers=1, **options), chosen))
