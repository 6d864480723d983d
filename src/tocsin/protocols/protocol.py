"""What a guideline is: chapters of cited rules over the patient's state, each with an action, a dose and what blocks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from tocsin.cite import Mark, reference
from tocsin.derived.body_surface import body_surface_m2
from tocsin.errors import RuleError
from tocsin.protocols.change import Change
from tocsin.rules import Predicate, Setting
from tocsin.scales import EpisodeRule, Scale
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS

Floats = npt.NDArray[np.float64]
Derive = Callable[[Timeline, float | None, Mapping[str, float] | None], pl.DataFrame]
"""A record, the hour up to which it is known (None: all of it) and the changed carry-forward, to findings that are added to its events."""


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a drug: fixed, per kilogram, or per m2 of body surface (Mosteller), with a cap and a lighter patient's own rate.

    ``to``: the upper end of the rate where the source gives a range; there is then a range of doses and no single one.
    ``light_per_kg`` holds below ``light_below_kg``.  ``as_told``: the source's own amount where it is a range or has no number.
    """

    amount: float | None = None
    per_kg: float | None = None
    unit: str = "mg"
    cap: float | None = None
    light_below_kg: float | None = None
    light_per_kg: float | None = None
    every_hours: float | None = None
    as_told: str = ""
    per_m2: float | None = None
    to: float | None = None

    def __post_init__(self) -> None:
        if sum(x is not None for x in (self.amount, self.per_kg, self.per_m2)) > 1:
            raise RuleError("a dose is either fixed or per kilogram or per m2, and only one of them")
        if (self.light_below_kg is None) != (self.light_per_kg is None):
            raise RuleError("a light patient's dose needs its weight limit and its rate")
        if self.light_below_kg is not None and self.per_kg is None:
            raise RuleError("only a dose per kilogram has a light patient's rate")
        if self.to is not None and (self.rate is None or self.to <= self.rate or self.light_below_kg is not None):
            raise RuleError("the upper end of a dose is above its lower one, both are rates, and a light patient has no rate of its own then")

    @property
    def rate(self) -> float | None:
        """The amount per kilogram or per m2, its lower end where it is a range; None where the dose is fixed or has no number."""
        return self.per_kg if self.per_kg is not None else self.per_m2

    @property
    def per(self) -> str:
        """What the rate is per: kg or m2."""
        return "kg" if self.per_m2 is None else "m2"

    def missing(self, weight_kg: float | None, height_cm: float | None) -> tuple[str, ...]:
        """The facts about the patient which the dose needs and which are not known."""
        weight = ("weight_kg",) if self.rate is not None and weight_kg is None else ()
        return (*weight, "height_cm") if self.per_m2 is not None and height_cm is None else weight

    def for_weight(self, weight_kg: float | None, height_cm: float | None = None) -> tuple[float | None, str]:
        """The dose in ``unit`` (None when it is a range, or a weight or height is needed and not known) and its arithmetic in words."""
        often = f" every {self.every_hours:g} h" if self.every_hours else ""
        if self.rate is None:
            if self.amount is None:
                return None, self.as_told
            return self.amount, self.as_told or f"{self.amount:g} {self.unit}{often}"
        missing = self.missing(weight_kg, height_cm)
        if missing:
            light = f" (below {self.light_below_kg:g} kg: {self.light_per_kg:g} {self.unit}/kg)" if self.light_below_kg is not None else ""
            capped = f", at most {self.cap:g} {self.unit}" if self.cap is not None else ""
            unknown = " and ".join("the " + name.partition("_")[0] for name in missing)
            rates = f"{_span(self.rate, self.to)} {self.unit}/{self.per} x {'weight' if self.per == 'kg' else 'body surface'}{light}{capped}{often}"
            return None, f"{rates}; {unknown} {'is' if len(missing) == 1 else 'are'} not known"
        rate = self.rate
        if self.light_below_kg is not None and self.light_per_kg is not None and (weight_kg or 0.0) < self.light_below_kg:
            rate = self.light_per_kg
        size = self.size(weight_kg, height_cm)
        ends = [x * size for x in (rate, self.to) if x is not None]
        doses = ends if self.cap is None else [min(x, self.cap) for x in ends]
        shown = f"{size:g} kg" if self.per == "kg" else f"{size:.3f} m2"
        words = f"{_span(rate, self.to)} {self.unit}/{self.per} x {shown} = {_span(*(x if self.per == 'kg' else round(x, 1) for x in ends))} {self.unit}"
        if doses != ends:
            words += f", capped at {self.cap:g} {self.unit}"
        return (doses[0] if doses[0] == doses[-1] else None), words + often

    def size(self, weight_kg: float | None, height_cm: float | None) -> float:
        """The kilograms or m2 of one patient; nan where not known."""
        one = self._sizes(*(np.array([np.nan if x is None else x]) for x in (weight_kg, height_cm)))
        return float(one[0])

    def range(self, weights_kg: Floats, heights_cm: Floats) -> tuple[Floats, Floats]:
        """The least and the most that is asked for, of many patients at once; nan where there is no number."""
        if self.rate is None:
            one = np.full(len(weights_kg), np.nan if self.amount is None else self.amount)
            return one, one
        low = np.full(len(weights_kg), self.rate)
        if self.light_below_kg is not None and self.light_per_kg is not None:
            low = np.where(weights_kg < self.light_below_kg, self.light_per_kg, low)
        high = low if self.to is None else np.full(len(weights_kg), self.to)
        size, most = self._sizes(weights_kg, heights_cm), np.inf if self.cap is None else self.cap
        return np.minimum(low * size, most), np.minimum(high * size, most)

    def amounts(self, weights_kg: Floats, heights_cm: Floats) -> Floats:
        """``for_weight`` for many patients at once, without the words; nan where there is no single number."""
        low, high = self.range(weights_kg, heights_cm)
        return np.where(low == high, low, np.nan)

    def _sizes(self, weights_kg: Floats, heights_cm: Floats) -> Floats:
        return weights_kg if self.per_m2 is None else body_surface_m2(weights_kg, heights_cm)


def _span(low: float, high: float | None = None) -> str:
    return f"{low:g}" if high is None else f"{low:g} to {high:g}"


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
    ``from_hour``: its rules speak from this hour on, the infusion unless they prepare for it; before it none is due.
    ``derive``: the findings that the rules need of the course, such as no improvement after treatment.
    """

    title: str
    scale: Scale
    rules: tuple[Rule, ...]
    episode: EpisodeRule
    counts: tuple[str, ...] = ()
    counts_also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    from_hour: float = 0.0
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
