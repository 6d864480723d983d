"""The main job on a published case: the graded course in two worlds, the guideline at each turn, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol as Shape

import polars as pl

from tocsin.show.terminal import _say
from tocsin.timeline import Timeline


class CaseLike(Shape):
    """What is told of a case beside its record (``tocsin.cases.Case``)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def what_to_see(self) -> str: ...


def show_case(case: CaseLike, timeline: Timeline, out: Path, assumptions: Sequence[str]) -> Path:
    """Print the course of a case in an open world and under ``assumptions``, and write its report and figure to ``out``."""
    from tocsin.grading import grade
    from tocsin.protocols import turns
    from tocsin.scales import SCALES
    from tocsin.show.html_report import report
    from tocsin.show.lookup import console
    from tocsin.show.terminal import print_course

    screen = console()
    screen.rule(f"Paper {case.id}")
    _say(screen, case.title, "bold")
    _say(screen, case.what_to_see)
    screen.print()
    assumed = timeline.with_complete(timeline.complete.assuming(*assumptions))
    grades = [
        grade(timeline, "astct-crs-2019"), grade(assumed, "astct-crs-2019"), grade(assumed, "cartox-crs-2018"), grade(assumed, "astct-icans-2019"),
    ]
    absent = "if unstated support was absent"
    notes = ["as told", absent, absent, absent]
    if (timeline.events["attribution"].cast(pl.String) == "local_crs").any():
        # what the authors put down to local CRS is graded both ways
        grades.insert(2, grade(assumed, "astct-crs-2019", count=(*SCALES["astct-crs-2019"].counts, "local_crs")))
        notes.insert(2, f"{absent}, local CRS counted as CRS")
    print_course(screen, timeline, grades, turns(assumed, "paper004"), notes=notes)
    path = report(
        timeline, out / f"case-{case.id}.html", assume=assumptions, title=f"Paper {case.id}: {case.title}", command=f"tocsin demo --case {case.id}")
    _say(screen, f"Report with the figure: {path}", "bold")
    screen.print()
    return path
