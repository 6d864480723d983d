"""Scales that count days: the longest run, or the number, of days on which a value stays at or below a limit."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import RuleError
from tocsin.rules import Predicate
from tocsin.vocabulary import CONCEPTS


@dataclass(frozen=True, slots=True)
class Days:
    """How daily values are made: the lowest of each day from ``first`` to ``last`` (days after the infusion).

    ``bridge``: at most so many days without a value are filled by a straight line between their neighbours; ``round_to``: what
    the filled values are rounded to (0: not at all).  Days that stay without a value are unknown.
    """

    concept: str
    first: int
    last: int
    bridge: int = 0
    round_to: float = 0.0

    def __post_init__(self) -> None:
        if self.concept not in CONCEPTS:
            raise RuleError(f"a scale asks for the unknown concept {self.concept!r}")
        if not self.first <= self.last:
            raise RuleError("the last day lies before the first")


@dataclass(frozen=True, slots=True)
class DaysLow(Predicate):
    """``concept`` stays at or below (``below``: under) ``limit`` for at least ``number`` days.

    ``run``: on consecutive days, where a recovery shorter than ``joined`` + 1 days does not end the run; otherwise days in all.
    """

    concept: str
    limit: float
    number: int
    unit: str
    below: bool = False
    run: bool = True
    joined: int = 0

    def english(self) -> str:
        """The claim in words."""
        title = CONCEPTS[self.concept].title
        sign = "<" if self.below else "<="
        how = "consecutive days" if self.run else "days in all"
        gap = f" (joined across {self.joined} days above)" if self.run and self.joined else ""
        return f"{title} {sign} {self.limit:g} {self.unit} on at least {self.number} {how}{gap}"
