"""The LU factors of a sparse matrix as straight-line expressions, in an order of pivots that is fixed before any number is known.

The matrix is I/(h gamma) - J of a Rosenbrock step: its diagonal grows without bound as h shrinks, so pivots on the diagonal are safe, and a step that
still fails is repeated with a smaller h.  The order is Markowitz's: the pivot with the fewest products next.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from tocsin.model.graph import Graph, Node

Entry = tuple[int, int]


@dataclass(frozen=True)
class Factors:
    """``order`` of the pivots; ``lower`` (row, pivot) multipliers, ``upper`` (pivot, column), ``reciprocal`` of each pivot: nodes or what stands for them."""

    order: list[int]
    lower: dict[Entry, Node]
    upper: dict[Entry, Node]
    reciprocal: dict[int, Node]


def pivot_order(n: int, pattern: Collection[Entry]) -> tuple[list[int], int]:
    """(the order of pivots, how many entries fill in) for the entries of an n x n matrix that may differ from 0; the diagonal always counts."""
    rows: list[set[int]] = [{i} for i in range(n)]
    columns: list[set[int]] = [{i} for i in range(n)]
    for i, j in pattern:
        rows[i].add(j)
        columns[j].add(i)
    left, order, fill = set(range(n)), [], 0
    while left:
        pivot = min(left, key=lambda k: ((len(rows[k]) - 1) * (len(columns[k]) - 1), len(rows[k]) + len(columns[k]), k))
        order.append(pivot)
        left.discard(pivot)
        for j in rows[pivot]:
            columns[j].discard(pivot)
        for i in columns[pivot]:
            rows[i].discard(pivot)
        for i in columns[pivot] - {pivot}:
            for j in rows[pivot] - {pivot}:
                if j not in rows[i]:
                    rows[i].add(j)
                    columns[j].add(i)
                    fill += 1
    return order, fill


def factorise(graph: Graph, n: int, matrix: Mapping[Entry, Node]) -> Factors:
    """The factors of a matrix whose entries are nodes; every diagonal entry must be there."""
    order, _ = pivot_order(n, matrix)
    place = {k: at for at, k in enumerate(order)}
    entries = dict(matrix)
    lower: dict[Entry, Node] = {}
    upper: dict[Entry, Node] = {}
    reciprocal: dict[int, Node] = {}
    zero = graph.const(0.0)
    for k in order:
        reciprocal[k] = graph.inv(entries[k, k])
        across = [j for (i, j) in entries if i == k and place[j] > place[k]]
        down = [i for (i, j) in entries if j == k and place[i] > place[k]]
        for j in across:
            upper[k, j] = entries[k, j]
        for i in down:
            lower[i, k] = graph.mul(entries[i, k], reciprocal[k])
            for j in across:
                entries[i, j] = graph.sub(entries.get((i, j), zero), graph.mul(lower[i, k], entries[k, j]))
    return Factors(order, lower, upper, reciprocal)


def substitute(graph: Graph, factors: Factors, right: list[Node], take: Callable[[Node], Node] = lambda node: node) -> list[Node]:
    """The solution of the factored system for a right side; ``take`` says what stands for a factor (the node itself, or where it was stored)."""
    x = list(right)
    below: dict[int, list[int]] = {}
    across: dict[int, list[int]] = {}
    for i, k in factors.lower:
        below.setdefault(k, []).append(i)
    for k, j in factors.upper:
        across.setdefault(k, []).append(j)
    for k in factors.order:
        for i in below.get(k, ()):
            x[i] = graph.sub(x[i], graph.mul(take(factors.lower[i, k]), x[k]))
    for k in reversed(factors.order):
        for j in across.get(k, ()):
            x[k] = graph.sub(x[k], graph.mul(take(factors.upper[k, j]), x[j]))
        x[k] = graph.mul(x[k], take(factors.reciprocal[k]))
    return x
