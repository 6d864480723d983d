"""A slow, obvious evaluator of scales that count days, written from the definitions in docs/how-a-grade-is-computed.md.

One patient at a time, plain loops and ordinary logic: every way of filling in what is not known is tried, one world after the other.  What
holds in all worlds is met, what holds in some is open.  Where there are too many worlds only the lowest and the highest are tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product

from tocsin.rules import And, AtLeast, Constant, Named, Not, Or, Predicate
from tocsin.scales import Days, DaysLow, EndedBefore, Scale, StillLow, ValuesLow
from tocsin.vocabulary import CONCEPTS

Row = Mapping[str, object]

LOWEST, HIGHEST = -1.0, 1e12
MOST_WORLDS = 512


@dataclass
class World:
    """One way in which everything may have been: the value of each observed day, and what was measured on how many days."""

    first: int
    values: list[float]
    measured: list[float]


@dataclass
class Answer:
    """The grade as a range, and the codes of criteria and flags that surely hold."""

    at_least: int
    at_most: int
    codes: set[str]


def evaluate(rows: Sequence[Row], scale: Scale, until: float | None = None) -> Answer:
    """The answer for one patient whose events are ``rows``."""
    assert scale.days is not None
    worlds = list(all_worlds([r for r in rows if until is None or float(str(r["hour"])) <= until], scale.days, until))
    at_least = at_most = 0
    codes = set()
    for criterion in scale.criteria:
        truths = {holds(criterion.predicate, world) for world in worlds}
        if truths == {True}:
            codes.add(criterion.code)
            at_least = max(at_least, criterion.grade)
        if True in truths:
            at_most = max(at_most, criterion.grade)
    for flag in scale.flags:
        if all(holds(flag.predicate, world) for world in worlds):
            codes.add(flag.code)
    return Answer(at_least, at_most, codes)


# ---------------------------------------------------------------------------------------------------- claims
def holds(claim: Predicate, world: World) -> bool:
    """Whether a claim is true in a world."""
    if isinstance(claim, And):
        return all(holds(p, world) for p in claim.of)
    if isinstance(claim, Or):
        return any(holds(p, world) for p in claim.of)
    if isinstance(claim, AtLeast):
        return sum(holds(p, world) for p in claim.of) >= claim.number
    if isinstance(claim, Not):
        return not holds(claim.of, world)
    if isinstance(claim, Named):
        return holds(claim.of, world)
    if isinstance(claim, Constant):
        return claim.value
    if isinstance(claim, EndedBefore):
        return not world.values
    assert isinstance(claim, DaysLow | StillLow | ValuesLow)
    low = [v < claim.limit if claim.below else v <= claim.limit for v in world.values]
    if isinstance(claim, ValuesLow):
        measured = [v < claim.limit if claim.below else v <= claim.limit for v in world.measured]
        return bool(measured) and sum(measured) >= min(claim.number, len(measured))
    runs = runs_of(low, claim.joined)
    if isinstance(claim, StillLow):
        return any(begin + world.first <= claim.begun_by and end == len(low) - 1 for begin, end in runs)
    lengths = [end - begin + 1 for begin, end in runs]
    return (max(lengths, default=0) if claim.run else sum(lengths)) >= claim.number


def runs_of(low: Sequence[bool], joined: int) -> list[tuple[int, int]]:
    """The first and last day of each run of low days, runs across at most ``joined`` other days being one."""
    runs: list[tuple[int, int]] = []
    for day, is_low in enumerate(low):
        if not is_low:
            continue
        if runs and day - runs[-1][1] - 1 <= joined:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


# ---------------------------------------------------------------------------------------------------- worlds
def all_worlds(rows: Sequence[Row], days: Days, until: float | None) -> Iterator[World]:
    """Every world that agrees with the rows, or the two extreme ones."""
    end = last_day(rows, days)
    sure: dict[int, list[tuple[float, float]]] = {}
    maybe: list[tuple[int, float]] = []
    for row in rows:
        if row["concept"] != days.concept or row.get("value") is None:
            continue
        values = ends_of_range(row, days)
        place, certain = days_of(row)
        for day in place:
            if days.first <= day <= end and certain:
                sure.setdefault(day, []).append(values)
            elif days.first <= day <= end:
                maybe.append((day, values[0]))
    if days.last_value_ends and sure and (until is None or until >= 24 * (days.last + 1)):
        end = max(sure)
    reached = until is None or math.floor(until / 24) >= end
    within = days.bridge if days.seen_within is None else days.seen_within
    seen = reached and (end < days.first or (bool(sure) and end - max(sure) <= within))
    extra: list[tuple[float, ...]] = [()] if seen else [(), (HIGHEST, HIGHEST), (LOWEST, LOWEST), (HIGHEST,), (LOWEST,), (LOWEST, HIGHEST)]
    known = {day: (min(v[0] for v in found), min(v[1] for v in found)) for day, found in sure.items()}
    unknown = [d for d in range(days.first, end + 1) if filled(d, dict.fromkeys(known, 0.0), days, end, reached) is None]
    choices = [*([pair[0], pair[1]] if pair[0] != pair[1] else [pair[0]] for pair in known.values())]
    choices += [[LOWEST, HIGHEST] for _ in unknown] + [[low, HIGHEST] for _, low in maybe]
    picks = list(product(*choices)) if math.prod(len(c) for c in choices) <= MOST_WORLDS else [
        tuple(c[0] for c in choices), tuple(c[-1] for c in choices)]
    for pick in picks:
        told = dict(zip(known, pick, strict=False))
        free = dict(zip(unknown, pick[len(known):], strict=False))
        value = {d: free[d] if d in free else filled(d, told, days, end, reached) for d in range(days.first, end + 1)}
        measured = dict(told)
        for (day, _), chosen in zip(maybe, pick[len(known) + len(unknown):], strict=True):
            if day <= end and chosen != HIGHEST:
                value[day] = min(value[day] or 0.0, chosen)
                measured[day] = min(measured.get(day, HIGHEST), chosen)
        for more in extra:
            yield World(days.first, [float(v) for v in value.values() if v is not None], [*measured.values(), *more])


def last_day(rows: Sequence[Row], days: Days) -> int:
    """The last day of the observation; before the first where it ended before the window."""
    end = days.last
    for row in rows:
        for what in days.ends:
            if row["concept"] == what.concept and row.get("text") in what.values:
                hour, latest = float(str(row["hour"])), row.get("hour_latest")
                last = hour if latest is None else max(hour, math.nextafter(float(str(latest)), -math.inf))
                end = min(end, max(math.floor(last / 24), days.first - 1))
    return end


def ends_of_range(row: Row, days: Days) -> tuple[float, float]:
    """The ends of the range in which a value lies."""
    value, censored = float(str(row["value"])), row.get("censored") or 0
    if days.round_measured and days.round_to:
        value = to_step(value, days.round_to)
    possible = CONCEPTS[days.concept].possible
    assert possible is not None
    if censored == -1:
        return possible[0], math.nextafter(value, -math.inf)
    return (math.nextafter(value, math.inf), possible[1]) if censored == 1 else (value, value)


def days_of(row: Row) -> tuple[range, bool]:
    """The days to which a value belongs, and whether that is sure."""
    hour, latest, end = (None if row.get(k) is None else float(str(row[k])) for k in ("hour", "hour_latest", "end_hour"))
    assert hour is not None
    if latest is not None and latest - hour > 24:
        return range(math.floor(hour / 24), math.floor(math.nextafter(latest, -math.inf) / 24) + 1), False
    first = math.floor((hour if latest is None else (hour + latest) / 2) / 24)
    last = first if end is None or end == hour else max(first, math.floor(math.nextafter(end, -math.inf) / 24))
    return range(first, last + 1), True


def filled(day: int, known: Mapping[int, float], days: Days, end: int, reached: bool) -> float | None:
    """The value of a day: its own, on the line between its neighbours, held at an end of the window; None where the gap is too long."""
    if day in known:
        return known[day]
    before = max((d for d in known if d < day), default=None)
    after = min((d for d in known if d > day), default=None)
    gap = (end + 1 if after is None else after) - (days.first - 1 if before is None else before) - 1
    if gap > days.bridge or (before is None and after is None) or (after is None and not reached):
        return None
    if before is None or after is None:
        line = known[after if before is None else before]  # type: ignore[index]
    else:
        line = known[before] + (known[after] - known[before]) * (day - before) / (after - before)
    return to_step(line, days.round_to) if days.round_to else line


def to_step(value: float, step: float) -> float:
    """To the nearest multiple of ``step``, halves to the even one."""
    multiple = Decimal(repr(round(value / step, 9))).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return round(float(multiple) * step, 9)
