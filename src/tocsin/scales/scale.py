"""What a grading scale is: criteria that mean "at least this grade", flags, and the rule by which an episode ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.cite import Mark, reference
from tocsin.errors import RuleError
from tocsin.rules import Doses, Predicate, Setting


@dataclass(frozen=True, slots=True)
class Criterion:
    """A claim that puts the grade at ``grade`` or above (0: a reason why there is no grade).

    ``code`` never changes its meaning.  ``reading`` says what we chose where the source leaves room, and why.
    ``short`` names it in a table, where the whole claim (``english``) would be too long.
    """

    code: str
    grade: int
    predicate: Predicate
    cites: str
    mark: Mark
    reading: str = ""
    short: str = ""

    def __post_init__(self) -> None:
        reference(self.cites)
        if not 0 <= self.grade <= 5:
            raise RuleError(f"{self.code}: grade {self.grade} does not exist")
        if self.mark is Mark.DECISION and not self.reading:
            raise RuleError(f"{self.code}: a criterion that rests on our decision must say why (reading)")

    def english(self) -> str:
        """The criterion in words."""
        return self.predicate.english()

    def summary(self) -> str:
        """The criterion in a few words, for a table."""
        return self.short or self.english()


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
    """

    onset: Predicate
    active: Predicate
    suppressing: Doses
    quiet_hours: float
    quiet_hours_suppressed: float
    lapse_hours: float
    new_episode_hours: float


@dataclass(frozen=True)
class Scale:
    """A published grading scale as data.

    Raises RuleError when a code is used twice or a criterion has no place.
    """

    id: str
    version: str
    title: str
    syndrome: str
    criteria: tuple[Criterion, ...]
    episode: EpisodeRule
    cites: tuple[str, ...]
    counts: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    settings: Mapping[str, float | bool] = field(default_factory=dict)
    setting_docs: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        codes = [c.code for c in self.criteria] + [f.code for f in self.flags]
        twice = {c for c in codes if codes.count(c) > 1}
        if twice:
            raise RuleError(f"{self.id}: the code {', '.join(sorted(twice))} is used more than once")
        if len(self.criteria) + len(self.flags) > 62:
            raise RuleError(f"{self.id}: a scale may have at most 62 criteria and flags")
        for cited in self.cites:
            reference(cited)

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
