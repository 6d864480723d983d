"""Units and the check that every equation keeps them.

A unit is a factor and the powers of the kinds of SBML (gram, litre, mole, item, second, kelvin, pascal, katal).  Amounts differ by their factor as
well: adding mg/L to ng/mL is a finding.  Temperatures are differences or °C throughout, never converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isclose

from tocsin.errors import ModelError
from tocsin.model.expression import Call, Name, Negative, Number, Operation, Tree, parse
from tocsin.model.system import System

KINDS = ("gram", "litre", "mole", "item", "second", "kelvin", "pascal", "katal")
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A factor and the powers of kinds, by name; without powers a pure number."""

    factor: float = 1.0
    powers: tuple[tuple[str, Fraction], ...] = field(default=())

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for kind, power in other.powers:
            powers[kind] = powers.get(kind, Fraction(0)) + power
        return Unit(self.factor * other.factor, tuple(sorted((k, p) for k, p in powers.items() if p)))

    def __truediv__(self, other: Unit) -> Unit:
        return self * other.to(Fraction(-1))

    def to(self, power: Fraction) -> Unit:
        """This unit to a power."""
        return Unit(self.factor ** float(power), tuple((k, p * power) for k, p in self.powers))

    def same(self, other: Unit) -> bool:
        """Whether a number in one unit may be added to a number in the other as it stands."""
        return self.powers == other.powers and isclose(self.factor, other.factor, rel_tol=1e-6)

    @property
    def pure(self) -> bool:
        """A pure number with factor 1."""
        return self.same(ONE)


ONE = Unit()


def _of(kind: str, factor: float = 1.0) -> Unit:
    return Unit(factor, ((kind, Fraction(1)),))


ATOMS: Mapping[str, Unit] = {
    "g": _of("gram"), "kg": _of("gram", 1e3), "mg": _of("gram", 1e-3), "ug": _of("gram", 1e-6), "ng": _of("gram", 1e-9), "pg": _of("gram", 1e-12),
    "L": _of("litre"), "mL": _of("litre", 1e-3), "uL": _of("litre", 1e-6),
    "mol": _of("mole"), "nmol": _of("mole", 1e-9), "pmol": _of("mole", 1e-12), "umol": _of("mole", 1e-6),
    "cell": _of("item"), "cells": _of("item"), "Mcell": _of("item", 1e6), "Gcell": _of("item", 1e9),
    "day": _of("second", DAY), "h": _of("second", 3600.0),
    "degC": _of("kelvin"), "mmHg": _of("pascal", 133.322), "U": _of("katal", 1e-6 / 60),
}
"""The units that a table of parameters may use, each by the kinds of SBML; 1 U of an enzyme turns over 1 umol a minute."""

TOKEN = re.compile(r"[A-Za-z]+|1|[*/]")
WRITTEN = re.compile(r"([A-Za-z]+|1)([*/]([A-Za-z]+|1))*")


def unit(text: str) -> Unit:
    """A unit as a table writes it: atoms joined by ``*`` and ``/`` from left to right ("pg/mL/day"; "1" a pure number).  ModelError if unknown."""
    whole, by = ONE, "*"
    if not WRITTEN.fullmatch(text):
        raise ModelError(f"the unit {text!r} is not understood: units are joined by * and /, as in pg/mL/day")
    for token in TOKEN.findall(text):
        if token in "*/":
            by = token
            continue
        if token != "1" and token not in ATOMS:
            raise ModelError(f"the unit {text!r} names {token!r}, which is not known; known are {', '.join(ATOMS)}")
        atom = ONE if token == "1" else ATOMS[token]
        whole = whole * atom if by == "*" else whole / atom
    return whole


def antimony_unit(text: str) -> Unit:
    """A unit as Antimony defines it: a product of factors and kinds ("1e-12 gram / (1e-3 litre * 86400 second)")."""
    spaced = re.sub(r"(?<=[\d.])\s+(?=[A-Za-z])", " * ", re.sub(r"(\d[\d.eE+-]*)\s+([A-Za-z]+)", r"(\1 * \2)", text))
    return _product(parse(spaced), text)


def _product(tree: Tree, text: str) -> Unit:
    match tree:
        case Number(number):
            return Unit(float(number))
        case Name(name) if name == "dimensionless":
            return ONE
        case Name(name) if name in KINDS:
            return _of(name)
        case Operation("*", left, right):
            return _product(left, text) * _product(right, text)
        case Operation("/", left, right):
            return _product(left, text) / _product(right, text)
        case Operation("^", left, Number(number)):
            return _product(left, text).to(Fraction(number))
    raise ModelError(f"the unit {text!r} is not a product of {', '.join(KINDS)} and factors")


def shown(of: Unit) -> str:
    """A unit for a reader of a finding."""
    powers = " ".join(k if p == 1 else f"{k}^{p}" for k, p in of.powers) or "pure number"
    return powers if isclose(of.factor, 1.0, rel_tol=1e-9) else f"{of.factor:.4g} {powers}"


@dataclass(frozen=True, slots=True)
class Finding:
    """An equation that does not keep its units: whose, and why."""

    name: str
    equation: str
    why: str

    @property
    def sentence(self) -> str:
        """The finding in one line."""
        return f"{self.name} ({self.equation}): {self.why}"


class _MismatchError(Exception):
    pass


def unit_of(tree: Tree, units: Mapping[str, Unit]) -> Unit:
    """The unit of an expression; _MismatchError where it adds unlike units or takes a function of one."""
    match tree:
        case Number(_):
            return ONE
        case Name(name):
            if name not in units:
                raise _MismatchError(f"{name} has no unit")
            return units[name]
        case Negative(of):
            return unit_of(of, units)
        case Operation("*", left, right):
            return unit_of(left, units) * unit_of(right, units)
        case Operation("/", left, right):
            return unit_of(left, units) / unit_of(right, units)
        case Operation("^", left, right):
            return _power(left, right, units)
        case Operation(sign, left, right):
            one, other = unit_of(left, units), unit_of(right, units)
            if not one.same(other):
                raise _MismatchError(f"{shown(one)} {sign} {shown(other)}")
            return one
        case Call("sqrt", (argument,)):
            return unit_of(argument, units).to(Fraction(1, 2))
        case Call(function, arguments):
            for argument in arguments:
                taken = unit_of(argument, units)
                if not taken.pure:
                    raise _MismatchError(f"{function} of {shown(taken)}, which is not a pure number")
            return ONE
    raise _MismatchError("an expression that is not understood")


def _power(left: Tree, right: Tree, units: Mapping[str, Unit]) -> Unit:
    base = unit_of(left, units)
    if not unit_of(right, units).pure:
        raise _MismatchError("an exponent that is not a pure number")
    if isinstance(right, Number):
        return base.to(Fraction(right.text))
    if not base.pure:
        raise _MismatchError(f"{shown(base)} to a power that is not written as a number")
    return ONE


def check_units(system: System) -> list[Finding]:
    """Every equation of a system that does not keep its units; empty when all do.

    A rate has the unit of its state a day, a start and an assigned quantity that of their name, and the factor of a drug turns its dose into its target.
    """
    units = {q.name: unit(q.unit) for q in (*system.parameters, *system.states, *system.inputs, *system.assigned)}
    units["time"] = ATOMS["day"]
    return list(_findings(system, units))


def _findings(system: System, units: Mapping[str, Unit]) -> Iterator[Finding]:
    for a in system.assigned:
        yield from _compare(a.name, "assigned", a.expression, units[a.name], units)
    for s in system.states:
        yield from _compare(s.name, "start", s.initial, units[s.name], units)
        yield from _compare(s.name, "rate", s.rate, units[s.name] / ATOMS["day"], units)
    for drug, dosing in system.drugs.items():
        target = units.get(dosing.target)
        if target is None:
            yield Finding(drug, "dose", f"{dosing.target} is not a name of the model")
            continue
        yield from _compare(drug, "dose", dosing.factor, target / unit(dosing.unit), units)
        if dosing.rate_input:
            yield from _compare(drug, "infusion", f"1 * {dosing.rate_input}", unit(dosing.unit) / ATOMS["day"], units)


def _compare(name: str, equation: str, expression: str, meant: Unit, units: Mapping[str, Unit]) -> Iterator[Finding]:
    tree = parse(expression)
    try:
        found = unit_of(tree, units)
    except _MismatchError as error:
        yield Finding(name, equation, str(error))
        return
    nought = isinstance(tree, Number) and float(tree.text) == 0
    if not nought and not found.same(meant):
        yield Finding(name, equation, f"{shown(found)}, where {shown(meant)} is meant")
