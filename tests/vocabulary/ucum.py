"""A small, slow reader of UCUM codes for the tests: a code to its magnitude in base units and its dimensions.

Reads the definitions of ucum-essence.xml; knows nothing of Tocsin.  Special units (degree Celsius and Fahrenheit) are known to be
valid; their functions stand in the test.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

NS = "{http://unitsofmeasure.org/ucum-essence}"
Dimensions = tuple[tuple[str, int], ...]


class NotUcumError(ValueError):
    """The text is no UCUM code."""


@dataclass(frozen=True)
class Quantity:
    """A magnitude in base units and the exponents of the bases; ``special``: on a scale that is no ratio."""

    factor: float
    dimensions: Dimensions
    special: bool = False


class Ucum:
    """The units of one ucum-essence.xml."""

    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()
        self.prefixes = {p.attrib["Code"]: float(p.find(f"{NS}value").attrib["value"]) for p in root.iter(f"{NS}prefix")}
        self.bases = {u.attrib["Code"] for u in root.iter(f"{NS}base-unit")}
        self.units = {u.attrib["Code"]: u for u in root.iter(f"{NS}unit")}
        self._known: dict[str, Quantity] = {}

    def parse(self, code: str) -> Quantity:
        """The quantity that one of this unit is; NotUcumError."""
        if not code or not code.isascii() or re.search(r"\s", code):
            raise NotUcumError(code)
        value, at = self._term(code, 1 if code.startswith("/") else 0, code.startswith("/"))
        if at != len(code):
            raise NotUcumError(code)
        return value

    def _term(self, code: str, at: int, below: bool) -> tuple[Quantity, int]:
        value, at = self._component(code, at)
        if below:
            value = _power(value, -1)
        while at < len(code) and code[at] in "./":
            other, after = self._component(code, at + 1)
            value = _times(value, _power(other, -1 if code[at] == "/" else 1))
            at = after
        return value, at

    def _component(self, code: str, at: int) -> tuple[Quantity, int]:
        if at < len(code) and code[at] == "(":
            value, at = self._term(code, at + 1, False)
            if at >= len(code) or code[at] != ")":
                raise NotUcumError(code)
            return value, at + 1
        if found := re.compile(r"\{[^{}]*\}").match(code, at):
            return Quantity(1.0, ()), found.end()
        if found := re.compile(r"\d+(?=[./)]|\{|$)").match(code, at):
            return self._annotated(code, found.end(), Quantity(float(found[0]), ()))
        found = re.compile(r"((?:10[*^])|(?:\[[^\]]*\]|[A-Za-z%'_]|(?<=[A-Za-z])\d(?=[A-Za-z\[]))+)([+-]?\d+)?").match(code, at)
        if not found:
            raise NotUcumError(code)
        return self._annotated(code, found.end(), _power(self._unit(found[1]), int(found[2] or 1)))

    def _annotated(self, code: str, at: int, value: Quantity) -> tuple[Quantity, int]:
        found = re.compile(r"\{[^{}]*\}").match(code, at)
        return value, found.end() if found else at

    def _unit(self, name: str) -> Quantity:
        if name not in self._known:
            self._known[name] = self._look_up(name)
        return self._known[name]

    def _look_up(self, name: str) -> Quantity:
        if name in self.bases:
            return Quantity(1.0, ((name, 1),))
        if name in self.units:
            return self._defined(name)
        for length in (2, 1):
            prefix, rest = name[:length], name[length:]
            if prefix not in self.prefixes or not rest:
                continue
            if rest in self.bases:
                return Quantity(self.prefixes[prefix], ((rest, 1),))
            if rest in self.units and self.units[rest].attrib["isMetric"] == "yes":
                return _times(Quantity(self.prefixes[prefix], ()), self._defined(rest))
        raise NotUcumError(name)

    def _defined(self, name: str) -> Quantity:
        unit = self.units[name]
        if unit.attrib.get("isArbitrary") == "yes":
            return Quantity(1.0, ((name.lower(), 1),))
        value = unit.find(f"{NS}value")
        if value.find(f"{NS}function") is not None:
            return Quantity(1.0, ((name, 1),), special=True)
        return _times(Quantity(float(value.attrib["value"]), ()), self.parse(value.attrib["Unit"]))


def _times(one: Quantity, other: Quantity) -> Quantity:
    exponents = Counter(dict(one.dimensions))
    exponents.update(dict(other.dimensions))
    return Quantity(one.factor * other.factor, tuple(sorted((k, n) for k, n in exponents.items() if n)), one.special or other.special)


def _power(one: Quantity, exponent: int) -> Quantity:
    return Quantity(one.factor**exponent, tuple((k, n * exponent) for k, n in one.dimensions), one.special)
