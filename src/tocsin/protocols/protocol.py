"""What a guideline is: chapters of cited rules over the patient's state, each with an action, a dose and what blocks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tocsin.cite import Mark, reference
from tocsin.errors import RuleError
from tocsin.protocols.change import Change
from tocsin.rules import Predicate, Setting
from tocsin.scales import EpisodeRule, Scale
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

Derive = Callable[[Timeline, float | None, Mapping[str, float] | None], Timeline]
"""A record, the hour up to which it is known (None: all of it) and the changed carry-forward, to the record with more findings."""


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a drug: fixed, or per kilogram with a cap and a lighter patient's own rate.

    ``light_per_kg`` holds below ``light_below_kg``.  ``as_told``: the source's own amount where it is a range or has no number.
    ``later``: the fixed amount to which the source steps down, which an audit accepts as well.
    """

    amount: float | None = None
    per_kg: float | None = None
    unit: str = "mg"
    cap: float | None = None
    light_below_kg: float | None = None
    light_per_kg: float | None = None
    every_hours: float | None = None
    as_told: str = ""
    later: float | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and self.per_kg is not None:
            raise RuleError("a dose is either fixed or per kilogram, not both")
        if (self.light_below_kg is None) != (self.light_per_kg is None):
            raise RuleError("a light patient's dose needs its weight limit and its rate")

    def for_weight(self, weight_kg: float | None) -> tuple[float | None, str]:
        """The dose in ``unit`` (None when the weight is needed and not known) and its arithmetic in words."""
        often = f" every {self.every_hours:g} h" if self.every_hours else ""
        if self.per_kg is None:
            if self.amount is None:
                return None, self.as_told
            return self.amount, self.as_told or f"{self.amount:g} {self.unit}{often}"
        capped = f", at most {self.cap:g} {self.unit}" if self.cap is not None else ""
        if weight_kg is None:
            light = ""
            if self.light_below_kg is not None:
                light = f" (below {self.light_below_kg:g} kg: {self.light_per_kg:g} {self.unit}/kg)"
            return None, f"{self.per_kg:g} {self.unit}/kg x weight{light}{capped}{often}; the weight is not known"
        rate = self.per_kg
        if self.light_below_kg is not None and weight_kg < self.light_below_kg:
            rate = float(self.light_per_kg or 0.0)
        raw = rate * weight_kg
        dose = raw if self.cap is None else min(raw, self.cap)
        words = f"{rate:g} {self.unit}/kg x {weight_kg:g} kg = {raw:g} {self.unit}"
        if dose < raw:
            words += f", capped at {self.cap:g} {self.unit}"
        return dose, words + often

    def amounts(self, weights_kg: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """``for_weight`` for many patients at once, without the words; nan where there is no number."""
        if self.per_kg is None:
            return np.full(len(weights_kg), np.nan if self.amount is None else self.amount)
        light = weights_kg < self.light_below_kg if self.light_below_kg is not None else np.zeros(len(weights_kg), np.bool_)
        raw = np.where(light, self.light_per_kg or 0.0, self.per_kg) * weights_kg
        return raw if self.cap is None else np.minimum(raw, self.cap)


@dataclass(frozen=True, slots=True)
class Block:
    """Why a treatment is not allowed now: an interval, a maximum, a contraindication.

    ``unknown_blocks``: whether not knowing leaves the recommendation open (it does for what could harm).
    """

    code: str
    predicate: Predicate
    says: str
    cites: str
    mark: Mark
    unknown_blocks: bool = True

    def __post_init__(self) -> None:
        reference(self.cites)


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of a guideline's table: when it asks, for what, how much, and what forbids it.

    ``answers``: the concepts that carry out the action when they are charted; ``experimental``: the source calls it so.
    ``instead_of``: the code of the rule to which this one is the alternative; ``optional``: the source allows it and does not
    ask for it, so that leaving it out is no omission.
    """

    code: str
    action: str
    when: Predicate
    cites: str
    mark: Mark
    source_text: str
    drug: str | None = None
    dose: Dose | None = None
    route: str | None = None
    blocked_by: tuple[Block, ...] = ()
    answers: tuple[str, ...] = ()
    reading: str = ""
    remarks: tuple[tuple[Predicate, str], ...] = ()
    experimental: bool = False
    instead_of: str = ""
    optional: bool = False

    def __post_init__(self) -> None:
        reference(self.cites)
        for concept in (*self.answers, *((self.drug,) if self.drug else ())):
            if concept not in CONCEPTS:
                raise RuleError(f"{self.code}: {concept!r} is not a concept of the vocabulary")

    def english(self) -> str:
        """The condition in words."""
        return self.when.english()


@dataclass(frozen=True)
class Chapter:
    """One table of a guideline: rules over the same grades, for findings with the same causes.

    ``scale``: the grading system that its grades mean.  ``episode``: when an episode begins and ends.
    ``counts``: the attributions whose findings count; those of the scale where none are named.
    ``counts_also``: findings of these concepts count when put down to this attribution too, such as an ICE score to ICANS.
    ``derive``: adds to a record what the rules need of the course, such as no improvement after treatment.
    """

    title: str
    scale: Scale
    rules: tuple[Rule, ...]
    episode: EpisodeRule
    counts: tuple[str, ...] = ()
    counts_also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derive: Derive | None = None

    def __post_init__(self) -> None:
        if not self.counts:
            object.__setattr__(self, "counts", self.scale.counts)
        for concept in (c for several in self.counts_also.values() for c in several):
            if concept not in CONCEPTS:
                raise RuleError(f"{self.title}: {concept!r} is not a concept of the vocabulary")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Every block of the rules, each once."""
        return tuple(dict.fromkeys(b for r in self.rules for b in r.blocked_by))


@dataclass(frozen=True, slots=True)
class Printed:
    """One recommendation of a guideline's printed table, in its own words, and the rules that say it; ``note``: why there is none, or fewer."""

    grade: str
    manifestation: str
    text: str
    rules: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Protocol:
    """A guideline as data: chapters of rules.  The first chapter is that of CRS.

    ``based_on``: the guideline of which this is a hospital's version, and ``local``: what the hospital changed.
    """

    id: str
    title: str
    chapters: tuple[Chapter, ...]
    cites: tuple[str, ...]
    settings: Mapping[str, float | bool] = field(default_factory=dict)
    setting_docs: tuple[Setting, ...] = ()
    corrections: tuple[str, ...] = ()
    printed: tuple[Printed, ...] = ()
    notes: tuple[str, ...] = ()
    based_on: str = ""
    local: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        codes = [r.code for r in self.rules]
        twice = {c for c in codes if codes.count(c) > 1}
        if twice:
            raise RuleError(f"{self.id}: the rule {', '.join(sorted(twice))} is defined more than once")
        for one in self.rules:
            if one.instead_of and one.instead_of not in codes:
                raise RuleError(f"{self.id}: {one.code} stands instead of {one.instead_of}, which is no rule of it")
        for code in (c for row in self.printed for c in row.rules):
            if code not in codes:
                raise RuleError(f"{self.id}: the printed table names {code}, which is no rule of it")
        for cited in self.cites:
            reference(cited)

    def code(self, rule: Rule) -> str:
        """The qualified code, ``protocol/RULE``."""
        return f"{self.id}/{rule.code}"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all chapters, in order."""
        return tuple(r for c in self.chapters for r in c.rules)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Every block of the rules, each once."""
        return tuple(dict.fromkeys(b for c in self.chapters for b in c.blocks))

    @property
    def scale(self) -> Scale:
        """The grading system of CRS, that of the first chapter."""
        return self.chapters[0].scale

    def local_to(self, rule: Rule) -> tuple[Change, ...]:
        """The local changes on which a rule rests."""
        return tuple(c for c in self.local if rule.code in c.rules)

    def chapter(self, rule: Rule) -> Chapter:
        """The chapter in which a rule stands."""
        return next(c for c in self.chapters if rule in c.rules)
