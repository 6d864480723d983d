"""Expressions of a model: text to a tree and back, with the functions of the text written out.

The grammar is what Antimony and Python share: numbers, names, ``+ - * /``, ``^`` (binds tighter than a sign before it, groups to the right),
parentheses and calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tocsin.errors import ModelError

TOKEN = re.compile(r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/^(),]))")
STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
SIGN_STRENGTH = 3


@dataclass(frozen=True, slots=True)
class Number:
    """A number, kept as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A state, parameter, input, assigned quantity, ``time``, or the argument of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two trees joined by one of ``+ - * / ^``."""

    sign: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Negative:
    """A tree with a minus before it."""

    of: Tree


@dataclass(frozen=True, slots=True)
class Call:
    """A function of trees."""

    function: str
    arguments: tuple[Tree, ...]


Tree = Number | Name | Operation | Negative | Call


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a text defines: its arguments and its body."""

    name: str
    arguments: tuple[str, ...]
    body: Tree


def parse(text: str) -> Tree:
    """The tree of an expression; ModelError says what was not understood, and where in the text."""
    reader = _Reader(text)
    tree = reader.sum()
    if reader.sign is not None or reader.word is not None:
        raise ModelError(f"in {text.strip()!r}: {reader.shown()} does not continue an expression")
    return tree


class _Reader:
    """One pass over the tokens; ``sign`` is the next sign, ``word`` the next number or name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.sign: str | None = None
        self.word: tuple[str, str] | None = None
        self.step()

    def step(self) -> None:
        self.sign = self.word = None
        rest = self.text[self.place:]
        if not rest.strip():
            return
        found = TOKEN.match(rest)
        if found is None:
            raise ModelError(f"in {self.text.strip()!r}: {rest.strip()[0]!r} is not part of the language (numbers, names, + - * / ^ and calls)")
        self.place += found.end()
        if found["sign"]:
            self.sign = found["sign"]
        else:
            self.word = ("number", found["number"]) if found["number"] else ("name", found["name"])

    def shown(self) -> str:
        if self.sign is not None:
            return repr(self.sign)
        return "the end" if self.word is None else repr(self.word[1])

    def sum(self) -> Tree:
        tree = self.product()
        while self.sign is not None and self.sign in "+-":
            sign = self.sign
            self.step()
            tree = Operation(sign, tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while self.sign is not None and self.sign in "*/":
            sign = self.sign
            self.step()
            tree = Operation(sign, tree, self.signed())
        return tree

    def signed(self) -> Tree:
        if self.sign == "-":
            self.step()
            return Negative(self.signed())
        if self.sign == "+":
            self.step()
            return self.signed()
        return self.power()

    def power(self) -> Tree:
        base = self.atom()
        if self.sign == "^":
            self.step()
            return Operation("^", base, self.signed())
        return base

    def atom(self) -> Tree:
        if self.sign == "(":
            self.step()
            tree = self.sum()
            self.close()
            return tree
        if self.word is None:
            raise ModelError(f"in {self.text.strip()!r}: a number, a name or '(' is missing before {self.shown()}")
        kind, word = self.word
        self.step()
        if kind == "number":
            return Number(word)
        if self.sign != "(":
            return Name(word)
        self.step()
        arguments = [self.sum()]
        while self.sign == ",":
            self.step()
            arguments.append(self.sum())
        self.close()
        return Call(word, tuple(arguments))

    def close(self) -> None:
        if self.sign != ")":
            raise ModelError(f"in {self.text.strip()!r}: ')' is missing before {self.shown()}")
        self.step()


def write(tree: Tree) -> str:
    """The text of a tree, with no more parentheses than it needs."""
    return _write(tree)[0]


def _write(tree: Tree) -> tuple[str, int]:
    match tree:
        case Number(text):
            return text, 9
        case Name(name):
            return name, 9
        case Call(function, arguments):
            return f"{function}({', '.join(write(a) for a in arguments)})", 9
        case Negative(of):
            return f"-{_within(of, SIGN_STRENGTH)}", SIGN_STRENGTH
        case Operation(sign, left, right):
            strength = STRENGTH[sign]
            before = _within(left, strength + 1 if sign == "^" else strength)
            after = _within(right, strength if sign == "^" else strength + 1)
            joined = f"{before}^{after}" if sign == "^" else f"{before} {sign} {after}"
            return joined, strength


def _within(tree: Tree, least: int) -> str:
    text, strength = _write(tree)
    return text if strength >= least else f"({text})"


def names(tree: Tree) -> Iterator[str]:
    """Every name in a tree, as often as it stands there."""
    match tree:
        case Name(name):
            yield name
        case Operation(_, left, right):
            yield from names(left)
            yield from names(right)
        case Negative(of):
            yield from names(of)
        case Call(_, arguments):
            for argument in arguments:
                yield from names(argument)
        case Number(_):
            pass


def calls(tree: Tree) -> Iterator[Call]:
    """Every call in a tree, outer before inner."""
    match tree:
        case Call(_, arguments):
            yield tree
            for argument in arguments:
                yield from calls(argument)
        case Operation(_, left, right):
            yield from calls(left)
            yield from calls(right)
        case Negative(of):
            yield from calls(of)
        case Number(_) | Name(_):
            pass


def replace(tree: Tree, by: Mapping[str, Tree]) -> Tree:
    """The tree with names replaced by trees."""
    match tree:
        case Name(name):
            return by.get(name, tree)
        case Operation(sign, left, right):
            return Operation(sign, replace(left, by), replace(right, by))
        case Negative(of):
            return Negative(replace(of, by))
        case Call(function, arguments):
            return Call(function, tuple(replace(a, by) for a in arguments))
        case Number(_):
            return tree


def written_out(tree: Tree, functions: Mapping[str, Function]) -> Tree:
    """The tree with every call of a defined function replaced by its body."""
    match tree:
        case Call(name, arguments):
            plain = tuple(written_out(a, functions) for a in arguments)
            function = functions.get(name)
            if function is None:
                return Call(name, plain)
            if len(plain) != len(function.arguments):
                raise ModelError(f"{name} takes {len(function.arguments)} arguments ({', '.join(function.arguments)}); {len(plain)} are given")
            return written_out(replace(function.body, dict(zip(function.arguments, plain, strict=True))), functions)
        case Operation(sign, left, right):
            return Operation(sign, written_out(left, functions), written_out(right, functions))
        case Negative(of):
            return Negative(written_out(of, functions))
        case Number(_) | Name(_):
            return tree
