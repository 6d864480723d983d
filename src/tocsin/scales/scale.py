"""What a scale is: data of one of four kinds with one interface.

* criteria: each means "at least this grade"; the highest one met is the grade;
* score: items, each with its points, that are added up (``tocsin.scales.items``);
* formula: a number computed from measured values (``tocsin.scales.formula``);
* days: the length of runs of days below a limit (``tocsin.scales.days``).

The answer of every kind is a range with reasons: what is not known leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.cite import Mark, reference
from tocsin.errors import RuleError
from tocsin.rules import Constant, Doses, Named, Predicate, Setting
from tocsin.scales.days import Days
from tocsin.scales.formula import Formula


class Kind(StrEnum):
    """The four kinds of scale."""

    CRITERIA = "criteria"
    SCORE = "score"
    FORMULA = "formula"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A claim that puts the grade at ``grade`` or above (0: a reason why there is no grade).

    ``code`` never changes its meaning.  ``reading`` says what we chose where the source leaves room, and why.
    ``short`` names it in a table, where the whole claim (``english``) would be too long.
    ``item``: in a score, the item it belongs to; ``grade`` is then the points that the item gives, which may be negative.
    """

    code: str
    grade: int
    predicate: Predicate
    cites: str
    mark: Mark
    reading: str = ""
    short: str = ""
    item: str = ""

    def __post_init__(self) -> None:
        reference(self.cites)
        if not self.item and not 0 <= self.grade <= 5:
            raise RuleError(f"{self.code}: grade {self.grade} does not exist")
        if self.mark is Mark.DECISION and not self.reading:
            raise RuleError(f"{self.code}: a criterion that rests on our decision must say why (reading)")

    def english(self) -> str:
        """The criterion in words."""
        return self.predicate.english()

    def summary(self) -> str:
        """The criterion in a few words, for a table."""
        return self.short or self.english()

    def from_memory(self) -> tuple[Named, ...]:
        """The derived inputs within it whose numbers are from memory, though the criterion itself was read at its source."""
        if self.mark is Mark.MEMORY:
            return ()
        return tuple({id(p): p for p in _below(self.predicate) if isinstance(p, Named) and p.mark == Mark.MEMORY}.values())


def _below(predicate: Predicate) -> Iterator[Predicate]:
    yield predicate
    for child in predicate.children():
        yield from _below(child)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader must know about a grade that does not change it."""

    code: str
    predicate: Predicate
    says: str
    cites: str

    def __post_init__(self) -> None:
        reference(self.cites)

    def english(self) -> str:
        """The condition in words."""
        return self.predicate.english()

    def summary(self) -> str:
        """What a reader must know."""
        return self.says


@dataclass(frozen=True, slots=True)
class EpisodeRule:
    """When an episode begins and when it has resolved.

    Begins when ``onset`` is true.  Resolves at the first moment from which ``active`` is false for ``quiet_hours``, with no
    ``suppressing`` dose in that time or the ``quiet_hours`` before it; or false for ``quiet_hours_suppressed``, whatever is
    given.  A gap in charting of at most ``lapse_hours`` does not break the quiet.  A new episode needs ``new_episode_hours``
    at grade 0.

    While no sign is seen, known to be absent or not charted, the episode surely goes on only until that time could have been quiet for
    long enough; from then on a new onset is needed.  ``shown_by``: coded findings and support that show it to go on all the same while the
    record puts them down to the syndrome itself (``put_down_to``).
    """

    onset: Predicate
    active: Predicate
    suppressing: Doses
    quiet_hours: float
    quiet_hours_suppressed: float
    lapse_hours: float
    new_episode_hours: float
    shown_by: tuple[str, ...] = ()
    put_down_to: tuple[str, ...] = ("crs", "local_crs")


NO_EPISODE = EpisodeRule(
    onset=Constant(False), active=Constant(False), suppressing=Doses(("antipyretic",), "antipyretic", "an antipyretic"),
    quiet_hours=24.0, quiet_hours_suppressed=24.0, lapse_hours=0.0, new_episode_hours=24.0)
"""For a scale that knows no episodes, such as a score."""


@dataclass(frozen=True, slots=True)
class Band:
    """A named part of the values of a score or formula: from ``at_least`` up to the next band."""

    name: str
    at_least: float
    cites: str
    mark: Mark
    says: str = ""

    def __post_init__(self) -> None:
        reference(self.cites)


@dataclass(frozen=True, slots=True)
class Logistic:
    """A probability from a score: 1 / (1 + exp(-(intercept + slope x score)))."""

    intercept: float
    slope: float
    says: str
    cites: str
    mark: Mark

    def __post_init__(self) -> None:
        reference(self.cites)


@dataclass(frozen=True)
class Scale:
    """A published scale as data.

    ``counts``: the attributions whose findings count.  ``bands`` and ``probability`` name what a score or formula means;
    ``unit`` is that of the value ("grade", "points", or the formula's).
    Raises RuleError when a code is used twice or a criterion has no place.
    """

    id: str
    version: str
    title: str
    syndrome: str
    criteria: tuple[Criterion, ...]
    cites: tuple[str, ...]
    counts: tuple[str, ...]
    episode: EpisodeRule = NO_EPISODE
    flags: tuple[Flag, ...] = ()
    settings: Mapping[str, float | bool] = field(default_factory=dict)
    setting_docs: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()
    unit: str = "grade"
    bands: tuple[Band, ...] = ()
    probability: Logistic | None = None
    formula: Formula | None = None
    days: Days | None = None

    def __post_init__(self) -> None:
        codes = [c.code for c in self.criteria] + [f.code for f in self.flags]
        twice = {c for c in codes if codes.count(c) > 1}
        if twice:
            raise RuleError(f"{self.id}: the code {', '.join(sorted(twice))} is used more than once")
        if len(self.criteria) + len(self.flags) > 62:
            raise RuleError(f"{self.id}: a scale may have at most 62 criteria and flags")
        for cited in self.cites:
            reference(cited)
        for item in self.items:
            points = [c.grade for c in self.criteria if c.item == item]
            if min(points) < 0 < max(points):
                raise RuleError(f"{self.id}: the item {item} both adds and takes points; make it two items")
        if list(self.bands) != sorted(self.bands, key=lambda b: b.at_least):
            raise RuleError(f"{self.id}: the bands must rise")

    @property
    def kind(self) -> Kind:
        """Which of the four kinds it is."""
        if self.formula is not None:
            return Kind.FORMULA
        if self.days is not None:
            return Kind.DAYS
        return Kind.SCORE if any(c.item for c in self.criteria) else Kind.CRITERIA

    @property
    def items(self) -> tuple[str, ...]:
        """The items of a score in order; of any other scale none."""
        return tuple(dict.fromkeys(c.item for c in self.criteria if c.item))

    @property
    def parts(self) -> tuple[Criterion | Flag, ...]:
        """Criteria, then flags: everything that has a code."""
        return (*self.criteria, *self.flags)

    def code(self, criterion: Criterion | Flag) -> str:
        """The qualified code, ``scale/CODE``."""
        return f"{self.id}/{criterion.code}"

    def at_least(self, grade: int) -> Predicate:
        """The predicate "the grade is at least ``grade``", for use in a protocol."""
        fitting = [c.predicate for c in self.criteria if c.grade >= grade]
        if not fitting:
            raise RuleError(f"{self.id} has no criterion of grade {grade} or above")
        out = fitting[0]
        for predicate in fitting[1:]:
            out = out | predicate
        return out


ScaleBuilder = Callable[..., Scale]
