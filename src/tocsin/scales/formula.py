"""Formulas: a number from measured values and infusion rates, as a product of powers or a weighted sum."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.errors import RuleError
from tocsin.vocabulary import CONCEPTS


class How(StrEnum):
    """How the terms are put together."""

    PRODUCT = "product"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Term:
    """One input: ``coefficient`` x value (in the concept's canonical unit) to the ``power``; ``per_kg``: over the weight."""

    concept: str
    coefficient: float = 1.0
    power: float = 1.0
    per_kg: bool = False

    def __post_init__(self) -> None:
        if self.concept not in CONCEPTS:
            raise RuleError(f"a formula asks for the unknown concept {self.concept!r}")
        if self.coefficient <= 0:
            raise RuleError("a formula's coefficients are above 0, so that its range is known from the ranges of its inputs")


@dataclass(frozen=True, slots=True)
class Formula:
    """The terms and how they are put together; ``says`` is the formula in words, as the source prints it."""

    how: How
    terms: tuple[Term, ...]
    says: str

    def __post_init__(self) -> None:
        if not self.terms:
            raise RuleError("a formula needs a term")
