"""Expressions as one graph in which equal things exist once, so that common subexpressions are shared by construction.

A node is a number: an index into the graph.  Each node has a level that says how often it must be computed: CONSTANT (never), PATIENT (once for a patient:
it holds only parameters) or MOMENT (at every evaluation).  Products gather their patient-level factors first, so that ``k1 * x * k2`` costs one
multiplication at each moment and ``k1 * k2`` is computed once.  Signs are pulled outwards, and a quotient is a product with a reciprocal, which is shared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

CONSTANT, PATIENT, MOMENT = 0, 1, 2
MOST_MULTIPLICATIONS = 8
"""Whole powers up to this are written as products; other powers as exp(n ln x)."""

Node = int
Key = tuple[Any, ...]


class Graph:
    """Nodes as (operation, operands).  Operations: const, leaf, neg, add, sub, mul, inv, exp, ln, sqrt, floor (no less than 1e-300)."""

    def __init__(self) -> None:
        self.nodes: list[Key] = []
        self.levels: list[int] = []
        self._index: dict[Key, Node] = {}
        self._derivatives: dict[Node, dict[int, Node]] = {}
        self.variables: dict[Node, int] = {}

    def _node(self, key: Key, level: int) -> Node:
        if key not in self._index:
            self._index[key] = len(self.nodes)
            self.nodes.append(key)
            self.levels.append(level)
        return self._index[key]

    def _apply(self, operation: str, *operands: Node) -> Node:
        return self._node((operation, *operands), max(self.levels[o] for o in operands))

    def operands(self, node: Node) -> tuple[Node, ...]:
        """The nodes that a node is computed from."""
        key = self.nodes[node]
        return () if key[0] in ("const", "leaf") else key[1:]

    # ------------------------------------------------------------ leaves

    def const(self, value: float) -> Node:
        """A number; a negative one is the negation of its opposite."""
        return self.neg(self.const(-value)) if value < 0 else self._node(("const", float(value)), CONSTANT)

    def leaf(self, array: str, index: int, level: int = MOMENT, variable: int | None = None) -> Node:
        """An element of an input array; ``variable`` is its number among those that derivatives are taken by."""
        node = self._node(("leaf", array, index), level)
        if variable is not None:
            self.variables[node] = variable
        return node

    def value(self, node: Node) -> float | None:
        """The number that a node is, or None."""
        operation, *operands = self.nodes[node]
        if operation == "const":
            return float(operands[0])
        if operation == "neg":
            inner = self.value(operands[0])
            return None if inner is None else -inner
        return None

    # ------------------------------------------------------------ arithmetic

    def _unsigned(self, node: Node) -> tuple[bool, Node]:
        key = self.nodes[node]
        return (key[0] == "neg", int(key[1]) if key[0] == "neg" else node)

    def neg(self, a: Node) -> Node:
        negative, inner = self._unsigned(a)
        if negative or self.value(a) == 0.0:
            return inner
        if self.nodes[a][0] == "sub":
            return self._apply("sub", self.nodes[a][2], self.nodes[a][1])
        return self._apply("neg", a)

    def add(self, a: Node, b: Node) -> Node:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x + y)
        if x == 0.0:
            return b
        if y == 0.0:
            return a
        (minus_a, inner_a), (minus_b, inner_b) = self._unsigned(a), self._unsigned(b)
        if minus_a and minus_b:
            return self.neg(self.add(inner_a, inner_b))
        if minus_a:
            return self.sub(b, inner_a)
        if minus_b:
            return self.sub(a, inner_b)
        return self._apply("add", min(a, b), max(a, b))

    def sub(self, a: Node, b: Node) -> Node:
        if a == b:
            return self.const(0.0)
        negative, inner = self._unsigned(b)
        if negative:
            return self.add(a, inner)
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x - y)
        if y == 0.0:
            return a
        if x == 0.0:
            return self.neg(b)
        minus_a, inner_a = self._unsigned(a)
        return self.neg(self.add(inner_a, b)) if minus_a else self._apply("sub", a, b)

    def _split(self, a: Node) -> tuple[Node, Node]:
        """A node as (factor that is computed once, rest), either of them 1."""
        one = self.const(1.0)
        if self.levels[a] < MOMENT:
            return a, one
        key = self.nodes[a]
        if key[0] == "mul" and self.levels[key[1]] < MOMENT:
            return key[1], key[2]
        return one, a

    def mul(self, a: Node, b: Node) -> Node:
        (minus_a, a), (minus_b, b) = self._unsigned(a), self._unsigned(b)
        if minus_a != minus_b:
            return self.neg(self.mul(a, b))
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x * y)
        if x == 0.0 or y == 0.0:
            return self.const(0.0)
        if x == 1.0:
            return b
        if y == 1.0:
            return a
        if max(self.levels[a], self.levels[b]) < MOMENT:
            return self._apply("mul", min(a, b), max(a, b))
        (once_a, rest_a), (once_b, rest_b) = self._split(a), self._split(b)
        once, one = self.mul(once_a, once_b), self.const(1.0)
        rest = rest_b if rest_a == one else rest_a if rest_b == one else self._apply("mul", min(rest_a, rest_b), max(rest_a, rest_b))
        if once == one:
            return rest
        minus, once = self._unsigned(once)
        product = self._apply("mul", once, rest)
        return self.neg(product) if minus else product

    def inv(self, a: Node) -> Node:
        """1 / a."""
        x = self.value(a)
        if x is not None and x != 0.0:
            return self.const(1.0 / x)
        negative, inner = self._unsigned(a)
        if negative:
            return self.neg(self.inv(inner))
        if self.nodes[a][0] == "inv":
            return int(self.nodes[a][1])
        once, rest = self._split(a)
        one = self.const(1.0)
        if self.levels[a] == MOMENT and once != one:
            return self.mul(self.inv(once), self.inv(rest))
        return self._apply("inv", a)

    def div(self, a: Node, b: Node) -> Node:
        if a == b:
            return self.const(1.0)
        return self.mul(a, self.inv(b))

    # ------------------------------------------------------------ functions

    def _function(self, name: str, a: Node, compute: Callable[[float], float]) -> Node:
        x = self.value(a)
        if x is not None:
            try:
                return self.const(compute(x))
            except (ValueError, OverflowError):
                pass
        return self._apply(name, a)

    def exp(self, a: Node) -> Node:
        return self._function("exp", a, math.exp)

    def ln(self, a: Node) -> Node:
        return self._function("ln", a, math.log)

    def sqrt(self, a: Node) -> Node:
        return self._function("sqrt", a, math.sqrt)

    def power(self, a: Node, n: Node) -> Node:
        """A ^ n.  Of a quantity of the moment with an exponent that is no small whole number, what is below 0 counts as 0: rounding must not give NaN."""
        exponent = self.value(n)
        if exponent is not None:
            if exponent == int(exponent) and abs(exponent) <= MOST_MULTIPLICATIONS:
                result = self._whole_power(a, abs(int(exponent)))
                return self.inv(result) if exponent < 0 else result
            if exponent == 0.5:
                return self.sqrt(a)
        base = self.ln(self._apply("floor", a)) if self.levels[a] == MOMENT else self.ln(a)
        return self.exp(self.mul(n, base))

    def _whole_power(self, a: Node, n: int) -> Node:
        if n == 0:
            return self.const(1.0)
        if n == 1:
            return a
        half = self._whole_power(a, n // 2)
        square = self.mul(half, half)
        return self.mul(square, a) if n % 2 else square

    # ------------------------------------------------------------ derivatives

    def derivatives(self, node: Node) -> dict[int, Node]:
        """The derivatives of a node by each variable that it depends on, as nodes; those that are 0 are absent."""
        if node in self._derivatives:
            return self._derivatives[node]
        operation, *operands = self.nodes[node]
        result: dict[int, Node] = {}
        if node in self.variables:
            result = {self.variables[node]: self.const(1.0)}
        elif operation not in ("const", "leaf") and self.levels[node] == MOMENT:
            a: Node = operands[0]
            first = self.derivatives(a)
            if len(operands) == 2:
                b: Node = operands[1]
                second = self.derivatives(b)
                for v in dict.fromkeys((*first, *second)):
                    result[v] = self._of_two(str(operation), a, b, first.get(v), second.get(v))
            else:
                slope = self._slope(str(operation), node, a)
                result = {v: self.mul(slope, d) for v, d in first.items()}
        self._derivatives[node] = {v: d for v, d in result.items() if self.value(d) != 0.0}
        return self._derivatives[node]

    def _of_two(self, operation: str, a: Node, b: Node, da: Node | None, db: Node | None) -> Node:
        zero = self.const(0.0)
        da, db = zero if da is None else da, zero if db is None else db
        if operation == "add":
            return self.add(da, db)
        if operation == "sub":
            return self.sub(da, db)
        return self.add(self.mul(da, b), self.mul(a, db))

    def _slope(self, operation: str, node: Node, a: Node) -> Node:
        """The derivative of a function of one operand."""
        if operation == "neg":
            return self.const(-1.0)
        if operation == "inv":
            return self.neg(self.mul(node, node))
        if operation == "exp":
            return node
        if operation == "ln":
            return self.inv(a)
        if operation == "sqrt":
            return self.mul(self.const(0.5), self.inv(node))
        return self.const(1.0)  # floor: exact above it, and of no weight below
