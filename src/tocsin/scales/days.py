"""Scales that count days: the longest run, or the number, of days on which a value stays at or below a limit.

What is low on a day is decided from the lowest value of that day.  A criterion of such a scale is made of the claims below, which may be
combined with ``&``, ``|``, ``~`` and ``AtLeast``; all of them are about the one concept that ``Days`` names.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.errors import RuleError
from tocsin.rules import IsIn, Predicate
from tocsin.vocabulary import CONCEPTS


@dataclass(frozen=True, slots=True)
class Days:
    """How daily values are made: the lowest of each day from ``first`` to ``last`` (days after the infusion).

    ``bridge``: at most so many days without a value are filled: by a straight line between their neighbours, and with the nearest value
    at either end of the window.  ``round_to``: what the filled values are rounded to (0: not at all); ``round_measured``: measured values
    too.  Days that stay without a value are unknown.
    ``ends``: what ends the observation before ``last``; that day still counts.  ``last_value_ends``: so does the last value.
    ``seen_within``: the observation was seen to its end when its last value lies at most so many days before it (None: ``bridge``).
    """

    concept: str
    first: int
    last: int
    bridge: int = 0
    round_to: float = 0.0
    round_measured: bool = False
    ends: tuple[IsIn, ...] = ()
    last_value_ends: bool = False
    seen_within: int | None = None

    def __post_init__(self) -> None:
        if self.concept not in CONCEPTS:
            raise RuleError(f"a scale asks for the unknown concept {self.concept!r}")
        if not self.first <= self.last:
            raise RuleError("the last day lies before the first")
        if self.bridge < 0 or self.round_to < 0:
            raise RuleError("days can neither be bridged nor rounded by less than nothing")

    def english(self) -> str:
        """How daily values are made, in words."""
        title = CONCEPTS[self.concept].title
        out = f"the lowest {title.lower()} of each of the days {self.first} to {self.last}, each of 24 h from the infusion on"
        if self.bridge:
            rounded = f", rounded to {self.round_to:g} {CONCEPTS[self.concept].unit}" if self.round_to else ""
            out += f"; up to {self.bridge} days without a value are filled by a straight line between their neighbours, or held at either end{rounded}"
        if self.seen_within is not None:
            out += f"; observed to the end when the last value lies at most {self.seen_within} days before it"
        if self.ends:
            out += "; observation ends early with " + " or ".join(end.english() for end in self.ends)
        return out


@dataclass(frozen=True, slots=True)
class Low(Predicate):
    """Base of the claims about a value at or below (``below``: under) ``limit``."""

    concept: str
    limit: float
    unit: str
    below: bool = False

    def __post_init__(self) -> None:
        concept = CONCEPTS.get(self.concept)
        if concept is None:
            raise RuleError(f"a scale asks for the unknown concept {self.concept!r}")
        if concept.unit != self.unit:
            raise RuleError(f"a scale compares {self.concept} in {self.unit!r}; the vocabulary keeps it in {concept.unit!r}")

    def low(self) -> str:
        """What is low, in words."""
        return f"{CONCEPTS[self.concept].title} {'<' if self.below else '<='} {self.limit:g} {self.unit}"


@dataclass(frozen=True, slots=True)
class DaysLow(Low):
    """Low for at least ``number`` days.

    ``run``: on consecutive days; otherwise days in all.  A recovery of at most ``joined`` days between low days is no recovery: its days count.
    """

    number: int = 1
    run: bool = True
    joined: int = 0

    def english(self) -> str:
        """The claim in words."""
        if self.number == 1:
            return f"{self.low()} on any day"
        gap = f", recoveries of up to {self.joined} days included" if self.joined else ""
        return f"{self.low()} on at least {self.number} {'consecutive days' if self.run else 'days in all'}{gap}"


@dataclass(frozen=True, slots=True)
class StillLow(Low):
    """A run of low days that had begun by day ``begun_by`` and had not ended when the observation did; runs are joined as in ``DaysLow``."""

    begun_by: int = 0
    joined: int = 0

    def english(self) -> str:
        """The claim in words."""
        return f"{self.low()} from day {self.begun_by} or earlier until the observation ends, without recovery for more than {self.joined} days"


@dataclass(frozen=True, slots=True)
class ValuesLow(Low):
    """Low as measured on at least ``number`` days, or on every day that was measured where those are fewer.

    It goes by what was measured in the whole window: unknown until the window has been observed to its end, and where nothing was measured.
    """

    number: int = 1

    def english(self) -> str:
        """The claim in words."""
        if self.number == 1:
            return f"{self.low()} in any measurement"
        return f"{self.low()} in measurements of {self.number} days (fewer where only those were made)"


@dataclass(frozen=True, slots=True)
class EndedBefore(Predicate):
    """The observation ended before the first day of the window, so that there is nothing to grade."""

    def english(self) -> str:
        """The claim in words."""
        return "the observation ended before the first day that counts"
