"""Episodes: onset, time in each grade, maximum, resolution, recurrence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from tocsin.grading.result import Grades

COLUMNS = {
    "patient": pl.String, "episode": pl.Int64, "onset_hour": pl.Float64, "resolution_hour": pl.Float64, "max_at_least": pl.Int64,
    "max_at_most": pl.Int64, "max_from_hour": pl.Float64, "undecided_hours": pl.Float64,
    **{f"hours_at_{g}": pl.Float64 for g in range(1, 6)},
}


def episodes(grades: Grades) -> pl.DataFrame:
    """The episodes of each patient, one row each.

    An episode begins with the first step surely of grade 1 or more.  It resolves with the first step from which the grade is
    surely 0 for ``quiet_hours``; what follows is a new one only after ``new_episode_hours`` surely at grade 0, otherwise it goes
    on.  An unsettled time of at most ``lapse_hours`` does not break the quiet.  ``resolution_hour`` is null while it is not
    known to have resolved.  ``hours_at_g`` is the time with ``at_least`` = g; ``undecided_hours`` the time within the
    episode whose grade is a range.  Open steps (no end) add no hours.
    """
    rule = grades.scale.episode
    rows: list[dict[str, object]] = []
    low, high, start, end = grades.at_least, grades.at_most, grades.start, grades.end
    bounds = np.flatnonzero(np.diff(grades.patient_index, prepend=-1, append=-1))
    for first, last in pairwise(bounds):
        patient = grades.patients[int(grades.patient_index[first])]
        begun: int | None = None
        quiet = _Quiet(rule.lapse_hours)
        resolved: float | None = None                     # the first quiet that was long enough
        over: float | None = None                         # the first quiet after which a fever begins a new episode
        spans: list[tuple[int, int, float | None]] = []   # first step, one past the last, resolution
        for i in range(first, last):
            if low[i] >= 1:
                if begun is not None and over is not None:
                    spans.append((begun, i, resolved if resolved is not None else over))
                    begun = None
                begun = i if begun is None else begun
                quiet, resolved, over = _Quiet(rule.lapse_hours), None, None
            elif begun is not None:
                quiet.add(float(start[i]), np.inf if np.isnan(end[i]) else float(end[i]), bool(high[i] == 0))
                if resolved is None and quiet.hours >= rule.quiet_hours:
                    resolved = quiet.since
                if over is None and quiet.hours >= rule.new_episode_hours:
                    over = quiet.since
        if begun is not None:
            spans.append((begun, int(last), resolved))
        for number, (a, b, resolved) in enumerate(spans, start=1):
            inside = [i for i in range(a, b) if resolved is None or start[i] < resolved]
            top = int(low[inside].max())
            hours = dict.fromkeys(range(1, 6), 0.0)
            unsure = 0.0
            for i in inside:
                length = 0.0 if np.isnan(end[i]) else float(end[i] - start[i])
                if low[i] >= 1:
                    hours[int(low[i])] += length
                if low[i] != high[i]:
                    unsure += length
            rows.append({
                "patient": patient, "episode": number, "onset_hour": float(start[a]), "resolution_hour": resolved, "max_at_least": top,
                "max_at_most": int(high[inside].max()), "max_from_hour": float(start[next(i for i in inside if low[i] == top)]),
                "undecided_hours": unsure, **{f"hours_at_{g}": h for g, h in hours.items()},
            })
    return pl.DataFrame(rows, schema=COLUMNS)


class _Quiet:
    """The time surely at grade 0 without a break: ``since`` when, and for how many ``hours`` so far."""

    def __init__(self, lapse_hours: float) -> None:
        self._lapse = lapse_hours
        self._until = np.nan
        self.since = np.nan

    @property
    def hours(self) -> float:
        return 0.0 if np.isnan(self.since) else float(self._until - self.since)

    def add(self, start: float, end: float, surely_none: bool) -> None:
        """The next step, in order; one whose grade is a range only adds to the gap."""
        if not surely_none:
            return
        if np.isnan(self.since) or start - self._until > self._lapse:
            self.since = start
        self._until = end
