"""Predicates about the past: what lasted, what was seen, what a window showed, and what an episode hides."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import RuleError
from tocsin.rules.predicate import And, Doses, Either, Or, Predicate, bracketed, in_words


@dataclass(frozen=True, slots=True)
class Lasting(Predicate):
    """``of`` has been true without a break for at least ``hours``."""

    of: Predicate
    hours: float

    def children(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def english(self) -> str:
        return f"{bracketed(self.of, And, Or, Either)} for at least {in_words(self.hours)} h"


@dataclass(frozen=True, slots=True)
class Observed(Predicate):
    """``of`` is true now, or was at some time in the last ``hours`` (infinite: ever since grading began).

    It goes by what was charted: where it was never true, it is what ``of`` is now, true, false or unknown.
    """

    of: Predicate
    hours: float

    def __post_init__(self) -> None:
        if not self.hours > 0:
            raise RuleError("Observed needs a time to look back over")

    def children(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def english(self) -> str:
        since = "so far" if self.hours == float("inf") else f"now or within the last {in_words(self.hours)} h"
        return f"{bracketed(self.of, And, Or, Either)} {since}"


@dataclass(frozen=True, slots=True)
class Within(Predicate):
    """``of`` was true at some time from ``start`` up to ``end`` (hours since the infusion).

    True from then on.  While the window is open, and not yet true, it is unknown; before it, unknown too.  Once it has closed: false
    where ``of`` was found false in it, unknown where ``of`` was never assessed in it.
    """

    of: Predicate
    start: float
    end: float

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise RuleError("Within needs a window that ends after it begins")

    def children(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def english(self) -> str:
        return f"{bracketed(self.of, And, Or, Either)} between hours {in_words(self.start)} and {in_words(self.end)} after the infusion"


@dataclass(frozen=True, slots=True)
class Kept(Predicate):
    """``of`` was true when ``doses`` had first been given, and has been true ever since.

    ``otherwise``: the answer where ``of`` was false then.  It is unknown where ``of`` was unknown then, or at some time since without being
    false; before the doses it is false.  Once false it stays so, as long as the doses count.
    """

    of: Predicate
    doses: Doses
    otherwise: bool = False

    def children(self) -> tuple[Predicate, ...]:
        return (self.of, self.doses)

    def english(self) -> str:
        claim = f"{bracketed(self.of, And, Or, Either)} since {self.doses.english()}"
        return f"({claim}, or not so even then)" if self.otherwise else claim


@dataclass(frozen=True, slots=True)
class Masked(Predicate):
    """``onset`` was true, then one of the ``doses`` was given; holds until the episode resolves.

    Only a dose at or after the onset counts.  Without any dose in an incomplete record it is unknown; so it is from the hour on at which
    the episode may have resolved, because what was not charted may have been quiet for long enough.
    """

    onset: Predicate
    doses: Doses
    says: str

    def children(self) -> tuple[Predicate, ...]:
        return (self.onset, self.doses)

    def english(self) -> str:
        return self.says


@dataclass(frozen=True, slots=True)
class EpisodeFor(Predicate):
    """The episode that ``onset`` opened has lasted at least ``hours`` and has not resolved; unknown where it may have resolved unseen."""

    onset: Predicate
    hours: float

    def children(self) -> tuple[Predicate, ...]:
        return (self.onset,)

    def english(self) -> str:
        since = f"at least {in_words(self.hours)} h have passed since the episode began" if self.hours else "the episode has begun"
        return f"{since} ({self.onset.english()}) without resolution"
