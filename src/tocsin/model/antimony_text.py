"""The text of a model: a stated subset of Antimony, read line by line.

What is understood, one statement a line (a semicolon may end it):

    function NAME(a, b) / EXPRESSION / end          before the model
    model NAME() / ... / end
    unit NAME = PRODUCT                             litre, gram, mole, item, second, kelvin, pascal, katal, dimensionless, with factors
    NAME has UNIT
    NAME = EXPRESSION                               the value at the start
    NAME := EXPRESSION                              an assigned quantity: at every moment
    NAME' = EXPRESSION                              the rate of a state, a day
    // comment                                      a line "// @block TITLE" opens a part of the model; comments under it say what it does

Reactions, compartments, events, piecewise functions and modules in modules are not: one clear error names the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tocsin.errors import ModelError
from tocsin.model.expression import Function, Tree, calls, names, parse, written_out
from tocsin.model.system import FUNCTIONS
from tocsin.model.units import Unit, antimony_unit

DECLARED = re.compile(r"(\w+)\s+has\s+(\w+)$")
STATEMENT = re.compile(r"([A-Za-z_]\w*)\s*('|)\s*(:=|=)\s*(.+)$")
UNIT = re.compile(r"unit\s+(\w+)\s*=\s*(.+)$")
OPENED = re.compile(r"(function|model|module)\s+\*?(\w+)\s*\(([^)]*)\)$")
ALWAYS = frozenset({"time"})


@dataclass(frozen=True, slots=True)
class Line:
    """One statement: the name it is about, its expression, and the line it stands on."""

    name: str
    tree: Tree
    number: int


@dataclass
class Block:
    """A part of the model: its title, what its comments say, and the statements under it in their order (kind, name)."""

    title: str
    says: list[str] = field(default_factory=list)
    statements: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class ModelText:
    """A text as read: functions, units, units of names, values at the start, assigned quantities and rates, in the order of the text."""

    source: str
    file: str
    name: str = ""
    functions: dict[str, Function] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    has: dict[str, str] = field(default_factory=dict)
    starts: dict[str, Line] = field(default_factory=dict)
    assigned: dict[str, Line] = field(default_factory=dict)
    rates: dict[str, Line] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    has_line: dict[str, int] = field(default_factory=dict)

    def wrong(self, number: int, message: str) -> ModelError:
        """An error of this text at a line."""
        return ModelError(f"{self.file}, line {number}: {message}")

    def out(self, line: Line) -> Tree:
        """The expression of a line with the functions of the text written out."""
        try:
            return written_out(line.tree, self.functions)
        except ModelError as error:
            raise self.wrong(line.number, str(error)) from None

    def lines(self) -> Iterator[tuple[str, Line]]:
        """Every statement with its kind: start, assigned or rate."""
        for kind, table in (("start", self.starts), ("assigned", self.assigned), ("rate", self.rates)):
            for line in table.values():
                yield kind, line


def read(source: str, file: str = "model") -> ModelText:
    """The text of a model as read; ModelError with file and line when a line is not of the subset, or a name is defined twice or never."""
    text = ModelText(source, file)
    state = _Reading(text)
    for number, raw in enumerate(source.splitlines(), start=1):
        code, _, comment = raw.partition("//")
        if comment and not code.strip():
            state.comment(comment.strip())
        code = code.strip().rstrip(";").strip()
        if code:
            try:
                state.code(code, number)
            except ModelError as error:
                if str(error).startswith(file):
                    raise
                raise text.wrong(number, str(error)) from None
    if state.within:
        raise text.wrong(len(source.splitlines()), f"{state.within} is not closed with 'end'")
    if not text.name:
        raise ModelError(f"{file}: there is no model; it begins with 'model NAME()' and closes with 'end'")
    _names_are_known(text)
    return text


class _Reading:
    """Where the reader is: in a function, in the model, or between."""

    def __init__(self, text: ModelText) -> None:
        self.text = text
        self.within = ""
        self.function: tuple[str, tuple[str, ...]] | None = None
        self.body: Tree | None = None

    def comment(self, words: str) -> None:
        if words.startswith("@block"):
            self.text.blocks.append(Block(words.removeprefix("@block").strip()))
        elif self.within == "model" and self.text.blocks and not self.text.blocks[-1].statements:
            self.text.blocks[-1].says.append(words)

    def code(self, code: str, number: int) -> None:
        opened = OPENED.match(code)
        if opened:
            self.open(opened[1], opened[2], opened[3], number)
        elif code == "end":
            self.close(number)
        elif self.within == "function":
            self.body = self.once_body(code, number)
        elif self.within != "model":
            raise self.text.wrong(number, f"{code!r} stands outside a model; it begins with 'model NAME()'")
        else:
            self.statement(code, number)

    def once_body(self, code: str, number: int) -> Tree:
        if self.body is not None:
            raise self.text.wrong(number, "a function is one expression on one line")
        return parse(code)

    def open(self, kind: str, name: str, inside: str, number: int) -> None:
        if self.within:
            raise self.text.wrong(number, f"{kind} {name} begins before the {self.within} ends: 'end' is missing")
        arguments = tuple(a.strip() for a in inside.split(",") if a.strip())
        if kind == "function":
            if name in self.text.functions or name in FUNCTIONS:
                raise self.text.wrong(number, f"the function {name} is defined twice")
            self.within, self.function, self.body = "function", (name, arguments), None
        else:
            if self.text.name:
                raise self.text.wrong(number, "a text holds one model")
            self.within, self.text.name = "model", name

    def close(self, number: int) -> None:
        if self.within == "function" and self.function is not None:
            name, arguments = self.function
            if self.body is None:
                raise self.text.wrong(number, f"the function {name} has no expression")
            for free in set(names(self.body)) - set(arguments):
                raise self.text.wrong(number, f"the function {name} names {free}, which is not one of its arguments ({', '.join(arguments)})")
            self.text.functions[name] = Function(name, arguments, self.body)
        elif not self.within:
            raise self.text.wrong(number, "'end' closes nothing")
        self.within = ""

    def statement(self, code: str, number: int) -> None:
        unit, has, statement = UNIT.match(code), DECLARED.match(code), STATEMENT.match(code)
        if unit:
            self.text.units[unit[1]] = antimony_unit(unit[2])
        elif has:
            name, of = has.groups()
            if name in self.text.has:
                raise self.text.wrong(number, f"the unit of {name} is declared twice")
            if of not in self.text.units and of != "dimensionless":
                raise self.text.wrong(number, f"{name} has {of}, a unit that is not defined: write 'unit {of} = ...' before it")
            self.text.has[name], self.text.has_line[name] = of, number
        elif statement:
            name, prime, sign, expression = statement.groups()
            kind = "assigned" if sign == ":=" else "rate" if prime else "start"
            table = {"assigned": self.text.assigned, "rate": self.text.rates, "start": self.text.starts}[kind]
            if name in table or (kind == "assigned" and name in self.text.starts) or (kind == "start" and name in self.text.assigned):
                raise self.text.wrong(number, f"{name} is defined twice")
            table[name] = Line(name, parse(expression), number)
            if self.text.blocks:
                self.text.blocks[-1].statements.append((kind, name))
        else:
            raise self.text.wrong(number, f"{code!r} is not understood; a model has lines 'unit u = ...', 'x has u', \"x = ...\", 'x := ...' and \"x' = ...\"")


def _names_are_known(text: ModelText) -> None:
    """Every name in an expression has a unit declared, every call a function, and an assigned quantity names only earlier ones."""
    earlier: set[str] = set()
    order = list(text.assigned)
    for kind, line in text.lines():
        for call in calls(line.tree):
            if call.function not in text.functions and call.function not in FUNCTIONS:
                raise text.wrong(line.number, f"there is no function {call.function}; there are {', '.join([*text.functions, *FUNCTIONS])}")
        for name in names(line.tree):
            if name not in text.has and name not in ALWAYS:
                raise text.wrong(line.number, f"{name} is not declared: write '{name} has UNIT' among the units, or mend the name")
            if kind == "assigned" and name in order and name not in earlier:
                raise text.wrong(line.number, f"{line.name} names {name}, which is assigned only later: move its line up")
        if kind == "assigned":
            earlier.add(line.name)
    for kind, line in text.lines():
        if line.name not in text.has:
            raise text.wrong(line.number, f"{line.name} is not declared: write '{line.name} has UNIT' among the units")
        if kind == "rate" and line.name in text.assigned:
            raise text.wrong(line.number, f"{line.name} is assigned and cannot have a rate as well")
        if kind == "rate" and line.name not in text.starts:
            raise text.wrong(line.number, f"{line.name} has a rate and no value at the start: write '{line.name} = ...'")
