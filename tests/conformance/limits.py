"""Every number inside a criterion, and whether the vectors stand on both sides of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from conformance.suite import Vector, mentioned, plain
from tocsin.derived.limits import UPPER, limit
from tocsin.rules import Compare, CountRunning, Doses, EpisodeFor, Fact, Lasting, Masked, Observed, PatientLimit, Predicate, RateSum, Within
from tocsin.scales import DaysLow, Scale
from tocsin.scales.days import Low
from tocsin.vocabulary import CONCEPTS

NEAR = 0.02
NEAR_HOURS = 0.05


Distances = list[tuple[float, float]]
"""How far values lie from a limit, each with how far is near."""


@dataclass(frozen=True)
class Limit:
    """One number of a criterion; ``distances`` gives how far a vector lies from it: above 0 above it, below 0 below it."""

    says: str
    distances: Callable[[Vector], Distances]
    limit_is_above: bool = True

    def missing(self, vectors: Iterable[Vector]) -> list[str]:
        """The sides of the limit on which no vector lies near it."""
        found = [d for v in vectors for d, near in self.distances(v) if abs(d) <= near * (1 + 1e-9)]
        if self.limit_is_above:
            sides = {"at or just above": any(d >= 0 for d in found), "just below": any(d < 0 for d in found)}
        else:
            sides = {"just above": any(d > 0 for d in found), "at or just below": any(d <= 0 for d in found)}
        return [f"nothing {side} {self.says}" for side, there in sides.items() if not there]


def missing(scale: Scale) -> list[str]:
    """Each limit of each criterion with the sides on which it has no vector that speaks of a criterion with this limit."""
    out: dict[str, None] = {}
    users: dict[Predicate, set[str]] = {}
    for criterion in scale.criteria:
        for node in nodes(criterion.predicate):
            users.setdefault(node, set()).add(criterion.code)
    for node, codes in users.items():
        speaking = [v for v in plain(scale.id) if mentioned(v) & codes]
        for one in limits(node, scale):
            out.update(dict.fromkeys(f"{'/'.join(sorted(codes))}: {side}" for side in one.missing(speaking)))
    return list(out)


def nodes(predicate: Predicate) -> Iterator[Predicate]:
    """The predicate and all below it; of masked fever only the onset, because how long ago the drug was given does not matter."""
    yield predicate
    for child in (predicate.onset,) if isinstance(predicate, Masked) else predicate.children():
        yield from nodes(child)


def limits(node: Predicate, scale: Scale) -> Iterator[Limit]:
    """The numbers of one node of a criterion."""
    says = node.english()
    match node:
        case Compare(concept, op, PatientLimit() as by):
            yield Limit(says, lambda v: _from(_values(v, concept), _resolved(by, v)), op in (">=", "<"))
        case Compare(concept, op, float() | int() as number) if math.isfinite(number):
            yield Limit(says, lambda v: _from(_values(v, concept), number), op in (">=", "<"))
        case RateSum(terms=terms, limit=by) if isinstance(by, PatientLimit) or math.isfinite(by):
            yield Limit(says, lambda v: _from([_sum(v, dict(terms))], _resolved(by, v) if isinstance(by, PatientLimit) else by))
        case CountRunning(number=number):
            yield Limit(says, lambda v: _from(_running(v, node), number, 1.0))
        case Doses(concepts=concepts, hours=float() | int() as hours):
            yield Limit(says, lambda v: _from(_ages(v, set(concepts), ended=False), hours, hours * NEAR_HOURS))
        case Lasting(of, hours) | Observed(of, hours) | EpisodeFor(of, hours) if math.isfinite(hours) and hours > 0:
            yield Limit(says, lambda v: _from(_ages(v, _concepts(of)), hours, max(hours * NEAR_HOURS, 0.1)))
        case Within(of, start, end):
            for edge in (hour for hour in (start, end) if hour > 0):
                yield Limit(f"hour {edge:g} of: {says}", lambda v, edge=edge: _from(_hours(v, _concepts(of)), edge, 1.0))
        case Fact(name, op, float() | int() as number) if not isinstance(number, bool) and math.isfinite(number):
            yield Limit(says, lambda v: _from(_fact(v, name), number), op in (">=", "<"))
        case Fact(name, op, PatientLimit() as by):
            yield Limit(says, lambda v: _from(_fact(v, name), _resolved(by, v)), op in (">=", "<"))
        case Low(concept=concept, limit=number, below=below):
            yield Limit(says, lambda v: _from(_values(v, concept), number), below)
            if isinstance(node, DaysLow):
                yield Limit(f"{node.number} days of: {says}", lambda v: _from([_days_low(v, node, scale)], node.number, 1.0))


def near(number: float) -> float:
    """What counts as next to a limit: within 2%, or one unit of the precision in which it is printed."""
    decimals = len(f"{number:.6g}".partition(".")[2].partition("e")[0])
    return max(NEAR * abs(number), 10.0**-decimals)


# ---------------------------------------------------------------- how far a vector lies from a limit
def _from(values: Iterable[float], number: float | None, how_near: float | None = None) -> Distances:
    if number is None:
        return []
    close = near(number) if how_near is None else how_near
    return [(0.0 if math.isclose(v, number, rel_tol=1e-12) else v - number, close) for v in values]


def _values(vector: Vector, concept: str) -> list[float]:
    return [e["value"] for e in vector["events"] if e["concept"] == concept and "value" in e and not e.get("censored")]


def _fact(vector: Vector, name: str) -> list[float]:
    patient = vector.get("patient", {})
    prefix, _, concept = name.partition("_")
    told = [patient[name]] if name in patient else []
    return told + (_values(vector, concept) if prefix == "baseline" else [])


class _Facts(dict[str, np.ndarray]):
    def __init__(self, patient: Mapping[str, object]) -> None:
        super().__init__()
        self.patient = patient

    def __missing__(self, name: str) -> np.ndarray:
        return np.array([float(self.patient.get(name.removesuffix(UPPER), math.nan))])  # type: ignore[arg-type]


def _resolved(by: PatientLimit, vector: Vector) -> float | None:
    """The limit of this patient; None where it is not told and has no default."""
    low, high = (float(x[0]) for x in limit(by.name).compute(_Facts(vector.get("patient", {}))))
    if low == high and math.isfinite(low):
        return low * by.factor + by.plus
    return None if by.default is None else by.default * by.factor + by.plus


def _runs(event: Mapping[str, object], hour: float) -> bool:
    ended = event.get("end_hour")
    return event["hour"] <= hour and (ended is None or ended > hour) and event.get("value") != 0 and event.get("text") != "absent"  # type: ignore[operator]


def _sum(vector: Vector, terms: Mapping[str, float]) -> float:
    at = vector["at_hour"]
    return sum(terms[e["concept"]] * e["value"] for e in vector["events"] if e["concept"] in terms and "value" in e and _runs(e, at))


def _running(vector: Vector, node: CountRunning) -> list[float]:
    told = _values(vector, node.count) if node.count else []
    named = {e["concept"] for e in vector["events"] if e["concept"] in node.concepts and _runs(e, vector["at_hour"])}
    return [*told, float(len(named))]


def _concepts(predicate: Predicate) -> set[str]:
    out: set[str] = set()
    for leaf in predicate.leaves():
        out |= {getattr(leaf, "concept", "")} | set(getattr(leaf, "concepts", ())) | {c for c, _ in getattr(leaf, "terms", ())}
    return out


def _ages(vector: Vector, concepts: set[str], *, ended: bool = True) -> Iterator[float]:
    """How long before the hour asked about each event began, and where ``ended``, ended or lapsed."""
    for event in vector["events"]:
        if event["concept"] in concepts:
            yield vector["at_hour"] - event["hour"]
            if ended:
                lasts = CONCEPTS[event["concept"]].carry_forward_hours or 0.0
                yield vector["at_hour"] - event.get("end_hour", event["hour"] + lasts)


def _hours(vector: Vector, concepts: set[str]) -> list[float]:
    return [e["hour"] for e in vector["events"] if e["concept"] in concepts]


def _days_low(vector: Vector, node: DaysLow, scale: Scale) -> float:
    """The longest run, or the number, of days with a low value, as charted: only short recoveries are filled in."""
    assert scale.days is not None
    lowest: dict[int, float] = {}
    for event in vector["events"]:
        if event["concept"] == node.concept and "value" in event:
            day = math.floor(event["hour"] / 24)
            lowest[day] = min(event["value"], lowest.get(day, math.inf))
    first, last = scale.days.first, scale.days.last
    days = [d for d, value in sorted(lowest.items()) if first <= d <= last and (value < node.limit or (value == node.limit and not node.below))]
    days += [d for before, after in pairwise(days) if after - before <= node.joined + 1 for d in range(before + 1, after)]
    longest = run = 0
    for day in range(first, last + 1):
        run = run + 1 if day in days else 0
        longest = max(longest, run)
    return float(longest if node.run else len(days))
