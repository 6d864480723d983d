"""Predicates: claims about a patient's state that are true, false or unknown, and can say themselves in English.

They know no medicine.  A predicate is a frozen value; ``&``, ``|`` and ``~`` combine them by Kleene's rules.  Using ``and``,
``or``, ``not`` or ``if`` on one raises TypeError, because Python would quietly answer wrong.

Two compositions have a meaning of their own:

* ``Either(a, b)``: several ways of charting one input.  True when any charted one is true, false when at least one is charted
  and none is true, unknown only when none is charted.  (With ``|`` one uncharted way would leave it unknown.)
* ``Unless(p, q)``: ``p`` cannot be assessed while ``q`` holds; then it is unknown, never false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from tocsin.errors import RuleError
from tocsin.vocabulary import CONCEPTS, Kind

ABSENT, PRESENT = "absent", "present"


def values_of(concept: str) -> tuple[str, ...]:
    """The coded values of a concept; ("absent", "present") where it has none of its own."""
    found = CONCEPTS.get(concept)
    if found is None:
        raise RuleError(f"a rule asks for the unknown concept {concept!r}")
    return found.values or (ABSENT, PRESENT)


class Predicate:
    """Base of all predicates."""

    __slots__ = ()

    def __and__(self, other: Predicate) -> And:
        return And(_flat(And, self, other))

    def __or__(self, other: Predicate) -> Or:
        return Or(_flat(Or, self, other))

    def __invert__(self) -> Predicate:
        return self.of if isinstance(self, Not) else Not(self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a predicate has no truth value until a patient is graded; use & | ~ to combine predicates, not and/or/not/if")

    def children(self) -> tuple[Predicate, ...]:
        """The predicates this one is made of; empty for a leaf."""
        return ()

    def english(self) -> str:
        """The claim in words."""
        raise NotImplementedError

    def leaves(self) -> tuple[Predicate, ...]:
        """The leaves below, each once, in order."""
        below = self.children()
        if not below:
            return (self,)
        return tuple(dict.fromkeys(leaf for child in below for leaf in child.leaves()))


def _flat(kind: type[And] | type[Or], *parts: object) -> tuple[Predicate, ...]:
    out: list[Predicate] = []
    for part in parts:
        if not isinstance(part, Predicate):
            raise TypeError(f"{part!r} is not a predicate; combine predicates with & | ~")
        out.extend(part.of if isinstance(part, And | Or) and type(part) is kind else (part,))
    return tuple(out)


# ---------------------------------------------------------------------------------------------------- composites
@dataclass(frozen=True, slots=True)
class And(Predicate):
    """All of them."""

    of: tuple[Predicate, ...]

    def children(self) -> tuple[Predicate, ...]:
        return self.of

    def english(self) -> str:
        return " and ".join(bracketed(p, Or, Either) for p in self.of)


@dataclass(frozen=True, slots=True)
class Or(Predicate):
    """At least one of them."""

    of: tuple[Predicate, ...]

    def children(self) -> tuple[Predicate, ...]:
        return self.of

    def english(self) -> str:
        return " or ".join(bracketed(p, And) for p in self.of)


@dataclass(frozen=True, slots=True)
class AtLeast(Predicate):
    """At least ``number`` of them."""

    number: int
    of: tuple[Predicate, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.number <= len(self.of):
            raise RuleError(f"at least {self.number} of {len(self.of)} claims makes no sense")

    def children(self) -> tuple[Predicate, ...]:
        return self.of

    def english(self) -> str:
        return f"at least {self.number} of: " + "; ".join(p.english() for p in self.of)


@dataclass(frozen=True, slots=True)
class Not(Predicate):
    """The contrary; unknown stays unknown."""

    of: Predicate

    def children(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def english(self) -> str:
        return f"not {bracketed(self.of, And, Or, Either)}"


@dataclass(frozen=True, slots=True)
class Either(Predicate):
    """One input charted in several ways: what is charted decides; unknown only when nothing is charted."""

    of: tuple[Predicate, ...]

    def __init__(self, *of: Predicate) -> None:
        if len(of) < 2:
            raise RuleError("Either needs two or more ways of charting one input")
        object.__setattr__(self, "of", tuple(of))

    def children(self) -> tuple[Predicate, ...]:
        return self.of

    def english(self) -> str:
        return " or ".join(bracketed(p, And) for p in self.of if p != NEVER)


@dataclass(frozen=True, slots=True)
class Unless(Predicate):
    """``of``, which cannot be assessed while ``hidden_by`` holds: then unknown."""

    of: Predicate
    hidden_by: Predicate

    def children(self) -> tuple[Predicate, ...]:
        return (self.of, self.hidden_by)

    def english(self) -> str:
        return f"{bracketed(self.of, And, Or, Either)} (not assessable while {self.hidden_by.english()})"


@dataclass(frozen=True, slots=True)
class Named(Predicate):
    """A predicate with a name of its own: what medicine derives before grading, with its source and what we chose."""

    name: str
    of: Predicate
    says: str
    cites: str
    mark: str
    reading: str = ""

    def children(self) -> tuple[Predicate, ...]:
        return (self.of,)

    def english(self) -> str:
        return self.says


@dataclass(frozen=True, slots=True)
class Constant(Predicate):
    """Always true or always false."""

    value: bool

    def english(self) -> str:
        return "always" if self.value else "never"


NEVER = Constant(False)


def charted(predicate: Predicate) -> Either:
    """The predicate where it is charted, and false where it is not: for a refinement of what is known without it."""
    return Either(predicate, NEVER)


# ---------------------------------------------------------------------------------------------------- leaves
@dataclass(frozen=True, slots=True)
class PatientLimit:
    """A limit that differs between patients, such as the lowest normal pressure for age.

    ``name`` is resolved by ``tocsin.derived.limits``; ``factor`` multiplies it, ``plus`` is added.  ``default`` serves a patient
    for whom it is not told (None: unknown).
    """

    name: str
    says: str
    factor: float = 1.0
    plus: float = 0.0
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Compare(Predicate):
    """A measured value against a limit; ``op`` is one of >= > < <=."""

    concept: str
    op: str
    limit: float | PatientLimit
    unit: str
    ask: bool = True

    def __post_init__(self) -> None:
        concept = CONCEPTS.get(self.concept)
        if concept is None:
            raise RuleError(f"a rule asks for the unknown concept {self.concept!r}")
        if concept.unit != self.unit:
            raise RuleError(f"a rule compares {self.concept} in {self.unit!r}; the vocabulary keeps it in {concept.unit!r}")
        if self.op not in {">=", ">", "<", "<="}:
            raise RuleError(f"unknown comparison {self.op!r}")

    def english(self) -> str:
        title = CONCEPTS[self.concept].title
        unit = "" if self.unit == "1" else f" {self.unit}"
        if isinstance(self.limit, PatientLimit):
            return f"{title} {self.op} {self.limit.says}"
        if self.limit == float("-inf"):
            return f"{title} is on record"
        return f"{title} {self.op} {in_words(self.limit)}{unit}"


@dataclass(frozen=True, slots=True)
class Measure:
    """The start of a comparison: ``Measure("temperature", "degC").at_least(38.0)``."""

    concept: str
    unit: str
    ask: bool = True

    def at_least(self, limit: float | PatientLimit) -> Compare:
        """Value >= limit."""
        return Compare(self.concept, ">=", limit, self.unit, self.ask)

    def above(self, limit: float | PatientLimit) -> Compare:
        """Value > limit."""
        return Compare(self.concept, ">", limit, self.unit, self.ask)

    def below(self, limit: float | PatientLimit) -> Compare:
        """Value < limit."""
        return Compare(self.concept, "<", limit, self.unit, self.ask)

    def at_most(self, limit: float | PatientLimit) -> Compare:
        """Value <= limit."""
        return Compare(self.concept, "<=", limit, self.unit, self.ask)


@dataclass(frozen=True, slots=True)
class IsIn(Predicate):
    """A coded value is one of ``values``; with one of ``maybe`` it is unknown (a value that does not say enough)."""

    concept: str
    values: tuple[str, ...]
    maybe: tuple[str, ...] = ()
    says: str = ""
    ask: bool = True

    def __post_init__(self) -> None:
        known = values_of(self.concept)
        for value in (*self.values, *self.maybe):
            if value not in known:
                raise RuleError(f"{self.concept} has no value {value!r}; it has {', '.join(known)}")

    def english(self) -> str:
        title = CONCEPTS[self.concept].title
        if self.says:
            return self.says
        if self.values == (PRESENT,):
            return f"{title.lower()} running" if CONCEPTS[self.concept].kind is Kind.INFUSION else title.lower()
        return f"{title.lower()} is {' or '.join(v.replace('_', ' ') for v in self.values)}"


def present(concept: str, says: str = "", ask: bool = True) -> IsIn:
    """The finding is present (in any degree), or the infusion is running."""
    return IsIn(concept, tuple(v for v in values_of(concept) if v not in (ABSENT, "none")), says=says, ask=ask)


@dataclass(frozen=True, slots=True)
class CountRunning(Predicate):
    """At least ``number`` of ``concepts`` run at the same time.

    ``count`` is a concept that tells the number outright; ``any_of`` a finding that tells whether any runs at all: its
    absence rules all out, its presence counts as one only when ``any_counts``.
    """

    concepts: tuple[str, ...]
    number: int
    label: str
    says: str
    count: str | None = None
    any_of: str | None = None
    any_counts: bool = True

    def english(self) -> str:
        return f"{self.number} or more {self.says} running at once" if self.number > 1 else f"{self.says} running"


@dataclass(frozen=True, slots=True)
class RateSum(Predicate):
    """The weighted sum of infusion rates reaches ``limit``; ``terms`` are (concept, coefficient).

    A limit per kilogram is ``PatientLimit("weight_kg", ..., factor=limit)``.
    """

    terms: tuple[tuple[str, float], ...]
    limit: float | PatientLimit
    unit: str
    label: str
    says: str
    any_of: str | None = None

    def english(self) -> str:
        limit = self.limit.says if isinstance(self.limit, PatientLimit) else f"{in_words(self.limit)} {self.unit}"
        return f"{self.says} >= {limit}"


@dataclass(frozen=True, slots=True)
class Doses(Predicate):
    """At least ``number`` doses of any of ``concepts`` were given within the last ``hours`` (None: ever).

    ``label`` is the concept named when the doses are not told.  ``told_by``: a row of this concept with "absent" tells that
    none of the group was given (for a single drug, the drug itself).  ``since_infusion``: doses before hour 0 do not count.
    """

    concepts: tuple[str, ...]
    label: str
    says: str
    number: int = 1
    hours: float | None = None
    told_by: str = ""
    since_infusion: bool = False

    def __post_init__(self) -> None:
        for concept in (*self.concepts, self.label):
            values_of(concept)

    def english(self) -> str:
        amount = f"{self.says} given" if self.number == 1 else f"{self.number} or more doses of {self.says} given"
        amount += " since the infusion" if self.since_infusion else ""
        return amount if self.hours is None else f"{amount} within the last {in_words(self.hours)} h"


@dataclass(frozen=True, slots=True)
class Fact(Predicate):
    """A fact about the patient (a column of the table of patients) against a value; ``op`` is one of >= > < <= ==.

    ``assume``: the answer when the fact is not told (None: unknown).  A number may be held against a limit by patient.
    """

    name: str
    op: str
    value: float | bool | str | PatientLimit
    says: str
    assume: bool | None = None

    def english(self) -> str:
        return self.says


@dataclass(frozen=True, slots=True)
class Elsewhere(Predicate):
    """The current observation of one of ``concepts`` is put down to a cause that this scale does not count."""

    concepts: tuple[str, ...]
    says: str

    def english(self) -> str:
        return self.says


def bracketed(predicate: Predicate, *kinds: type[Predicate]) -> str:
    """The claim in words, in brackets where it would be ambiguous within another."""
    words = predicate.english()
    ambiguous = isinstance(predicate, Named) and (" or " in words or ", " in words) and kinds != (And,)
    return f"({words})" if ambiguous or isinstance(predicate, kinds) else words


def in_words(value: float) -> str:
    """A number without needless zeros."""
    return f"{value:g}"
