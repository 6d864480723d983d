"""The findings of a question that come to the same: coded values, and ranges of a number cut wherever the truth of any claim changes."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tocsin.grading.answers import MOST_NUMBERS, Answer, Bench, Edge, Judged, Question

SECTIONS = 24
"""Parts into which the search for a limit divides its range at each turn."""
CLOSE = 1e-9
"""How near, as a share of the number, a limit is found before it is taken for the roundest number there."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Findings that come to the same; ``answer`` is one of them.  A number from ``low`` to ``high``, or the value ``name``.

    ``starts`` and ``stops``: the same ends as a person says them, each with whether the number itself lies outside ("above 6").
    """

    answer: Answer
    judged: Judged
    name: str = ""
    low: float = math.nan
    high: float = math.nan
    starts: Edge = (math.nan, False)
    stops: Edge = (math.nan, False)

    @property
    def range(self) -> tuple[float, float]:
        """What it leaves of the grade."""
        return self.judged.at_least, self.judged.at_most


def explore(bench: Bench, asked: Sequence[Question], here: Judged) -> dict[str, list[Cell]]:
    """The findings of each question that agree with what is known (``here``), in order."""
    spans: list[tuple[Question, str, float, float, Answer]] = []
    for q in asked:
        spans += [(q, name, math.nan, math.nan, answer) for name, answer in q.choices]
        spans += [(q, "", low, high, q.number(low)) for low, high in _spans(q)]
    first = bench.judge([(answer,) for *_, answer in spans])
    last = iter(bench.judge([(q.number(high),) for q, _, low, high, _ in spans if high > low]))
    found: list[tuple[Question, Generator[list[Answer], list[Judged | None], list[Cell]]]] = []
    for (q, name, low, high, answer), judged in zip(spans, first, strict=True):
        end = next(last) if high > low else judged
        if judged is not None and end is not None:
            labels = () if name else (_limit(low, upward=False), _limit(high, upward=True))
            found.append((q, _divided(q, Cell(answer, judged, name, low, high, *labels), end)))
    out: dict[str, list[Cell]] = {q.input: [] for q in asked}
    for (q, _), cells in zip(found, _side_by_side(bench, [search for _, search in found]), strict=True):
        out[q.input] += [c for c in cells if bench.agrees(c.answer, here, c.judged)]
    return out


def above_nought(q: Question) -> Question:
    """The same question where the number is known not to be nought."""
    return q if q.bounds is None else replace(q, bounds=(math.nextafter(0.0, 1.0), q.bounds[1]))


def _spans(q: Question) -> list[tuple[float, float]]:
    """A number's range cut at the limits that are known; whole numbers one by one."""
    if q.bounds is None:
        return []
    low, high = q.bounds
    if q.whole and high - low <= MOST_NUMBERS:
        return [(float(n), float(n)) for n in range(math.ceil(low), math.floor(high) + 1)]
    out: list[tuple[float, float]] = []
    start = low
    for value, belongs_below in q.edges:
        below = value if belongs_below else math.nextafter(value, -math.inf)
        if start <= below < high:
            out.append((start, below))
            start = math.nextafter(below, math.inf)
    return [*out, (start, high)]


# ---------------------------------------------------------------------------------------------------- the search for limits
def _side_by_side(bench: Bench, searches: Sequence[Generator[list[Answer], list[Judged | None], list[Cell]]]) -> list[list[Cell]]:
    """Run searches turn by turn, so that what all of them try next is graded at once."""
    done: dict[int, list[Cell]] = {}
    wanted: dict[int, list[Answer]] = {}
    replies: dict[int, list[Judged | None] | None] = dict.fromkeys(range(len(searches)))
    while replies:
        for number, reply in replies.items():
            try:
                wanted[number] = next(searches[number]) if reply is None else searches[number].send(reply)
            except StopIteration as stop:
                done[number] = stop.value
        judged = iter(bench.judge([(answer,) for answers in wanted.values() for answer in answers]))
        replies = {number: [next(judged) for _ in answers] for number, answers in wanted.items()}
        wanted = {}
    return [done[number] for number in range(len(searches))]


def _divided(q: Question, cell: Cell, end: Judged) -> Generator[list[Answer], list[Judged | None], list[Cell]]:
    """The cell cut wherever the state changes between its ends; yields what it wants to try, and is sent what came of it."""
    out = []
    while not _same(cell.judged, end):
        a, b = cell.low, cell.high
        while b - a > CLOSE * max(1.0, abs(b)):
            points = _between(a, b)
            found = yield [q.number(x) for x in points]
            other = next((i for i, j in enumerate(found) if j is None or not _same(cell.judged, j)), len(points))
            a, b = [a, *points][other], [*points, b][other]
        limit = _shortest(a, b)
        beside = (math.nextafter(limit, -math.inf), limit, math.nextafter(limit, math.inf), b)
        under, there, over, far = yield [q.number(x) for x in beside]
        stays = there is not None and _same(cell.judged, there)
        below = limit if stays else beside[0] if under is not None and _same(cell.judged, under) else a
        above, beyond = (limit, there) if not stays else (beside[2], over)
        if beyond is None or _same(cell.judged, beyond):
            above, beyond = b, far
        out.append(replace(cell, high=below, stops=(limit, not stays)))
        if beyond is None or not above <= cell.high:
            return out
        cell = Cell(q.number(above), beyond, "", above, cell.high, (limit, stays), cell.stops)
    return [*out, cell]


def _between(a: float, b: float) -> list[float]:
    """Points that divide a range: evenly, or over magnitudes where it spans many."""
    wide = a > 0 and b / a > 1e3
    points: list[float] = (np.geomspace if wide else np.linspace)(a, b, SECTIONS + 2)[1:-1].tolist()
    return points


def _shortest(a: float, b: float) -> float:
    """The number with the fewest digits from a to b."""
    return next((x for d in range(-9, 15) if a <= (x := round(b, d)) <= b or a <= (x := round(a, d)) <= b), b)


def _same(one: Judged, other: Judged) -> bool:
    return bool(one.at_least == other.at_least and one.at_most == other.at_most and np.array_equal(one.state, other.state))


def _limit(end: float, *, upward: bool) -> Edge:
    """The limit that an end of a range stands at, and whether the range stops short of it."""
    beside = math.nextafter(end, math.inf if upward else -math.inf)
    return (beside, True) if len(repr(beside)) < len(repr(end)) else (end, False)
