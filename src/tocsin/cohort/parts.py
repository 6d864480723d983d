"""What the report of a cohort is made of: sections of words, tables and figures, each figure as the data that it draws.

The analyses make these; only the room ``show`` turns them into pages, files and pictures.  Times are days since the infusion unless a
label says otherwise.  Arms keep one order everywhere, and so their colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from tocsin.cohort.competing import Incidence
from tocsin.cohort.kaplan_meier import Curve


@dataclass(frozen=True)
class TablePart:
    """A table as printed (``frame``: texts, the first column names the row) and, for machines, as ``numbers`` where that differs.

    ``id`` is the name of its files ("table-1"), ``title`` the caption's first sentence, ``notes`` the footnotes.  A row whose ``frame``
    has "" in every column but the first is a heading; one whose first column begins with two spaces belongs to the heading above it.
    """

    id: str
    title: str
    frame: pl.DataFrame
    numbers: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flow:
    """A flow of patients from top to bottom: each step is (text, n) and what leaves after it [(reason, n)]; at its end the arms (text, n)."""

    steps: tuple[tuple[str, int], ...]
    leaving: tuple[tuple[tuple[str, int], ...], ...]
    arms: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Shares:
    """Stacked bars of shares: one bar a group (label, n known), ``counts[group][level]``, levels in their order.

    ``grades``: the levels are grades of toxicity and get their colours; ``unknown[group]`` are patients without a known level.
    """

    groups: tuple[tuple[str, int], ...]
    levels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    unknown: tuple[int, ...] = ()
    grades: tuple[int, ...] = ()
    label: str = "Patients, %"


@dataclass(frozen=True)
class Curves:
    """Survival curves with bands and a table of numbers at risk; ``note`` is the test as the picture prints it.

    ``time`` labels the axis with its unit ("Months since the infusion"); ``scale`` divides the days of the curves to give that unit.  ``marks``:
    censoring is marked (never where patients change between the curves).  ``until`` cuts the axis, in days; ``medians`` drops a line from each.
    """

    curves: tuple[Curve, ...]
    labels: tuple[str, ...]
    time: str
    label: str
    scale: float = 1.0
    note: str = ""
    marks: bool = True
    until: float | None = None
    medians: bool = False


@dataclass(frozen=True)
class Incidences:
    """Cumulative incidences of competing events, of one group a line style and of one event a colour, with numbers at risk by group.

    ``labels`` name the curves one by one, as the legend prints them; ``groups`` name the rows of ``at_risk``; ``until`` cuts the axis, in days.
    """

    curves: tuple[Incidence, ...]
    labels: tuple[str, ...]
    at_risk: tuple[Curve, ...]
    groups: tuple[str, ...]
    time: str
    label: str
    scale: float = 1.0
    note: str = ""
    until: float | None = None


@dataclass(frozen=True)
class Lane:
    """One patient of a swimmer plot, in days: spans of a grade, and marks.

    ``grades``: (from, to, grade), grade -1 where it is not known.  ``doses``: (day, kind of drug).  ``events``: (day, "death",
    "progression", "discharge" ...).  ``end`` is the last day known, ``goes_on`` whether the patient was followed beyond it.
    """

    patient: str
    arm: int
    grades: tuple[tuple[float, float, int], ...]
    doses: tuple[tuple[float, str], ...]
    events: tuple[tuple[float, str], ...]
    end: float
    goes_on: bool = True


@dataclass(frozen=True)
class Swimmer:
    """Swimmer plot of one syndrome's grades with the drugs given; lanes in the order drawn, grouped by arm."""

    lanes: tuple[Lane, ...]
    arms: tuple[str, ...]
    syndrome: str
    until: float


@dataclass(frozen=True)
class ForestRow:
    """One row of a forest plot; a heading has no ``value``.  A limit may be None (does not exist) or infinite."""

    label: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: str = ""
    p: str = ""


@dataclass(frozen=True)
class Forest:
    """Estimates with intervals around ``null`` (1 for a ratio on a log axis, 0 for a difference); ``favours`` names the left and right side."""

    rows: tuple[ForestRow, ...]
    measure: str
    null: float = 1.0
    favours: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Box:
    """One panel of box plots: groups (label, values, position of the arm or -1), every value drawn as a point beside its box.

    ``from_zero``: the axis begins at 0, as that of durations and amounts does.
    """

    title: str
    label: str
    groups: tuple[tuple[str, tuple[float, ...], int], ...]
    note: str = ""
    log: bool = False
    from_zero: bool = False


@dataclass(frozen=True)
class Boxes:
    """Panels of box plots side by side."""

    panels: tuple[Box, ...]


@dataclass(frozen=True)
class Line:
    """One patient's values over time: days, values, and -1 / 0 / +1 where a value is charted as below / exact / above."""

    patient: str
    arm: int
    days: tuple[float, ...]
    values: tuple[float, ...]
    censored: tuple[int, ...] = ()


@dataclass(frozen=True)
class Median:
    """Median and quartiles of a group by day, with the number of patients behind each."""

    label: str
    arm: int
    days: tuple[float, ...]
    median: tuple[float, ...]
    q1: tuple[float, ...]
    q3: tuple[float, ...]
    n: tuple[int, ...]


@dataclass(frozen=True)
class Course:
    """One panel of courses: individual lines and medians; ``zero`` is named where day 0 is not the infusion ("first tocilizumab")."""

    title: str
    label: str
    lines: tuple[Line, ...]
    medians: tuple[Median, ...]
    log: bool = True


@dataclass(frozen=True)
class Courses:
    """Panels of courses over the same days; ``arms`` names the arms in their order."""

    panels: tuple[Course, ...]
    arms: tuple[str, ...]
    time: str = "Days since the infusion"
    zero: str = ""


Drawing = Flow | Shares | Curves | Incidences | Swimmer | Forest | Boxes | Courses


@dataclass(frozen=True)
class FigurePart:
    """A figure: the name of its files ("figure-2-crs-grades"), its caption, and what it draws."""

    id: str
    title: str
    caption: str
    drawing: Drawing


@dataclass(frozen=True)
class Section:
    """One section of the report.

    ``text`` are paragraphs; ``parts`` tables and figures in their order; ``left_out`` says what could not be done and why, so that nothing is missing in
    silence; ``warnings`` what a reader must not overlook.  ``methods`` are sentences for the methods paragraph, ``cites`` the keys behind them.
    """

    id: str
    title: str
    text: tuple[str, ...] = ()
    parts: tuple[TablePart | FigurePart, ...] = ()
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class CohortReport:
    """The whole report: its sections in order, and what it rests on (pairs of name and text, for the manifest at its end).

    ``arms`` are in the order that gives them their colours.  ``synthetic`` says what the patients are where they are not real; it then stands
    on the page, on the terminal and in the machine output.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    basis: tuple[tuple[str, str], ...] = field(default=())
    arms: tuple[str, ...] = ()
    synthetic: str = ""

    @property
    def tables(self) -> tuple[TablePart, ...]:
        """Every table in order."""
        return tuple(p for s in self.sections for p in s.parts if isinstance(p, TablePart))

    @property
    def figures(self) -> tuple[FigurePart, ...]:
        """Every figure in order."""
        return tuple(p for s in self.sections for p in s.parts if isinstance(p, FigurePart))

    @property
    def methods(self) -> str:
        """The methods paragraph: every sentence once, in order."""
        return " ".join(dict.fromkeys(m for s in self.sections for m in s.methods))
