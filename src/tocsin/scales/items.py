"""The parts of scores and formulas: items that give points, and inputs that must be known."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.cite import Mark
from tocsin.errors import RuleError
from tocsin.rules import Fact, Measure, Named, Not, Or, Predicate, RateSum
from tocsin.scales.formula import Formula
from tocsin.scales.scale import Criterion
from tocsin.vocabulary import CONCEPTS, Kind


@dataclass(frozen=True, slots=True)
class Points:
    """One level of an item: so many points when the claim is true.  ``short`` says it in a table."""

    points: int
    predicate: Predicate
    short: str


def item(
    code: str, *levels: Points, none: str, cites: str, mark: Mark, reading: str = "",
) -> tuple[Criterion, ...]:
    """The criteria of one item of a score: ``CODE0`` when no level is met (``none`` says so), ``CODE<points>`` for each level.

    A level means "at least this": the level with the most points that is met counts, alone.  Points below zero are written
    ``CODE_MINUS<points>``.
    """
    if not levels or any(level.points == 0 for level in levels):
        raise RuleError(f"{code}: an item needs levels, each with points other than 0")
    met = levels[0].predicate if len(levels) == 1 else Or(tuple(level.predicate for level in levels))
    return (
        *(Criterion(f"{code}{level.points}" if level.points > 0 else f"{code}_MINUS{-level.points}", level.points, level.predicate, cites,
                    mark, reading, level.short, item=code) for level in levels),
        Criterion(f"{code}0", 0, Not(met), cites, mark, reading, none, item=code),
    )


def inputs(formula: Formula, cites: str, mark: Mark) -> tuple[Criterion, ...]:
    """The criteria of a formula: each input is known, and the weight where a term is per kilogram.  Their evidence is what enters."""
    out = [
        Criterion(term.concept.upper(), 0, _known(term.concept, cites, mark), cites, mark, short=f"{CONCEPTS[term.concept].title} is known",
                  item=term.concept) for term in formula.terms]
    if any(term.per_kg for term in formula.terms):
        weight = Fact("weight_kg", ">", float("-inf"), "body weight")
        known = Named("known_weight_kg", weight | ~weight, says="body weight is known", cites=cites, mark=str(mark))
        out.append(Criterion("WEIGHT", 0, known, cites, mark, short="body weight is known", item="weight_kg"))
    return tuple(out)


def _known(concept: str, cites: str, mark: Mark) -> Predicate:
    title, unit = CONCEPTS[concept].title, CONCEPTS[concept].unit or "1"
    claim: Predicate = Measure(concept, unit).at_least(float("-inf"))
    if CONCEPTS[concept].kind is Kind.INFUSION:  # an infusion that runs at an untold rate is not known
        claim = RateSum(((concept, 1.0),), float("inf"), unit, concept, title)
    return Named(f"known_{concept}", claim | ~claim, says=f"{title} is known", cites=cites, mark=str(mark))
