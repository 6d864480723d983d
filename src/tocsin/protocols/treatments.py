"""The treatments by which two guidelines are compared: which rules of each ask for the same thing, and with which dose.

A rule with a drug belongs to the treatment that this drug is part of.  A rule without one belongs to every treatment that its answers
or its words name, and is compared only where the other guideline has a rule for that treatment as well; what neither tells is left out.
A baseline before the infusion is no treatment, and "in intensive care" is where something is done, not what is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.protocols.protocol import Dose, Protocol, Rule
from tocsin.vocabulary import CONCEPTS
from tocsin.vocabulary.groups import ANTI_IL6, ANTIPYRETICS, CORTICOSTEROIDS, VASOPRESSIN_LIKE, VASOPRESSORS


@dataclass(frozen=True, slots=True)
class Treatment:
    """One treatment: the concepts that are this, and the words (patterns) by which a rule without a drug names it."""

    name: str
    title: str
    concepts: tuple[str, ...]
    words: tuple[str, ...] = ()


TREATMENTS = (
    Treatment("anti_il6", "IL-6 blocker", ANTI_IL6),
    Treatment("corticosteroid", "Corticosteroid", CORTICOSTEROIDS),
    Treatment("fluid", "Fluid bolus", ("fluid_bolus",), ("fluid bolus",)),
    Treatment("vasopressor", "Vasopressor", (*VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor"), ("vasopressor",)),
    Treatment("oxygen", "Oxygen or ventilation", ("oxygen_device",), ("oxygen", "ventilation")),
    Treatment("icu", "Intensive care", (), (r"(?<!in )intensive care",)),
    Treatment("antipyretic", "Antipyretic", ANTIPYRETICS, ("antipyretic",)),
    Treatment("antibiotic", "Antibiotics", ("antibiotic", "cefmetazole", "imipenem"), ("antibiotic",)),
    Treatment("growth_factor", "Growth factor", ("filgrastim",)),
    Treatment("antiseizure", "Antiseizure drug", ("levetiracetam", "lorazepam", "phenobarbital")),
    Treatment("echo", "Heart examination", ("echocardiogram", "lvef"), ("echocardiography",)),
    Treatment("telemetry", "Telemetry", ("telemetry",), ("telemetry",)),
    Treatment("work_up", "Infection work-up", (), ("infection work-up", "cultures")),
)
"""Those that are more than one drug; every other drug that a rule names is a treatment of its own."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One treatment with the rules (by their place) that each of two protocols has for it."""

    treatment: Treatment
    a: tuple[int, ...]
    b: tuple[int, ...]


def treatments_of(rule: Rule) -> tuple[Treatment, ...]:
    """What a rule asks for; empty where it names no treatment that can be compared."""
    if rule.drug is not None:
        known = next((t for t in TREATMENTS if rule.drug in t.concepts), None)
        return (known or Treatment(rule.drug, CONCEPTS[rule.drug].title, (rule.drug,)),)
    said = rule.action.lower()
    if said.startswith("baseline"):
        return ()
    return tuple(t for t in TREATMENTS if set(rule.answers) & set(t.concepts) or any(re.search(w, said) for w in t.words))


def compared(a: Protocol, b: Protocol) -> tuple[list[Compared], tuple[tuple[str, ...], tuple[str, ...]]]:
    """The treatments of which either protocol has a rule with a drug, or both a rule; and the codes that are not compared."""
    found: dict[str, tuple[Treatment, list[int], list[int]]] = {t.name: (t, [], []) for t in TREATMENTS}
    for side, one in enumerate((a, b)):
        for i, rule in enumerate(one.rules):
            for t in treatments_of(rule):
                rules = found.setdefault(t.name, (t, [], []))[1 + side]
                assert isinstance(rules, list)
                rules.append(i)
    out = [Compared(t, tuple(x), tuple(y)) for t, x, y in found.values()
           if (x and y) or any(p.rules[i].drug is not None for p, some in ((a, x), (b, y)) for i in some)]
    left = []
    for side, one in enumerate((a, b)):
        used = {i for c in out for i in (c.a, c.b)[side]}
        left.append(tuple(r.code for i, r in enumerate(one.rules) if i not in used))
    return out, (left[0], left[1])


@dataclass(frozen=True, slots=True)
class Regimen:
    """A drug as a rule asks for it: the number (None where the source has none) and how often."""

    drug: str
    number: float | None
    per_kg: bool
    every_hours: float | None
    words: str

    @classmethod
    def of(cls, rule: Rule, weight: float | None) -> Regimen | None:
        """What a rule asks for; None for a rule without a drug."""
        if rule.drug is None:
            return None
        dose = rule.dose or Dose()
        amount, words = dose.for_weight(weight)
        if dose.per_kg is not None and weight is None:
            amount, words = dose.per_kg, f"{dose.per_kg:g} {dose.unit}/kg" + (f" every {dose.every_hours:g} h" if dose.every_hours else "")
        return cls(rule.drug, amount, dose.per_kg is not None and weight is None, dose.every_hours, words if amount is not None else "")

    def like(self, other: Regimen) -> bool:
        """The same drug with the same dose and interval, as far as both are told."""
        if self.drug != other.drug:
            return False
        told = None not in (self.number, other.number)
        often = None not in (self.every_hours, other.every_hours)
        return (not told or (self.number == other.number and self.per_kg == other.per_kg)) and (not often or self.every_hours == other.every_hours)
