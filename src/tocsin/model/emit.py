"""The straight-line programs of a system, as text: one assignment a line, readable and shared by every backend.

    first     at (t, y): the factors of I/(h gamma) - J, df/dt, and the first stage
    stage     at a stage's (t, y): the right-hand side and its solution, which is the stage
    observe   the outputs at interpolated states
    prepare   what depends on parameters only, once for a patient
    initial   the states at the start
    rates     the right-hand side alone
    jacobian  the Jacobian alone

A program reads and writes elements of named arrays: p parameters, q what prepare made of them, y states, x inputs, t time, f a right-hand side, j entries of
the Jacobian, w factors, d df/dt, c the weighted earlier stages, s step-size factors (0: 1/h, 1: 1/(h gamma), 2: h gamma_i), u a stage, o outputs.
Lines are ``v7 = v3 + y[2]``, ``v8 = -v7``, ``v9 = exp(v8)`` (also inv, ln, sqrt, floor) and ``f[0] = v9``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.errors import UnknownIdError
from tocsin.model.graph import MOMENT, PATIENT, Graph, Node
from tocsin.model.sparse_lu import factorise, substitute
from tocsin.model.symbolic import Equations, equations
from tocsin.model.system import System

SIGNS = {"add": "+", "sub": "-", "mul": "*"}
REST, REST_GAMMA, TIME_WEIGHT = 0, 1, 2


@dataclass(frozen=True)
class Programs:
    """The texts by name, how many elements each array has, and which entry of the Jacobian each element of j is."""

    texts: Mapping[str, str]
    sizes: Mapping[str, int]
    entries: tuple[tuple[int, int], ...]
    timed: bool


def programs(system: System, outputs: Sequence[str]) -> Programs:
    """The programs of a system whose outputs are these states and assigned quantities."""
    eq = equations(system)
    graph, n = eq.graph, len(system.states)
    rest, rest_gamma, time_weight = (graph.leaf("s", i) for i in (REST, REST_GAMMA, TIME_WEIGHT))

    matrix = {entry: graph.neg(node) for entry, node in eq.jacobian.items()}
    for i in range(n):
        matrix[i, i] = graph.add(rest_gamma, matrix.get((i, i), graph.const(0.0)))
    factors = factorise(graph, n, matrix)
    stored: dict[Node, int] = {}
    for node in (*factors.lower.values(), *factors.upper.values(), *factors.reciprocal.values()):
        if graph.levels[node] == MOMENT:
            stored.setdefault(node, len(stored))

    def with_time(node: Node, i: int, slope: Node) -> Node:
        return graph.add(node, graph.mul(time_weight, slope)) if i in eq.by_time else node

    start = [with_time(rate, i, eq.by_time.get(i, 0)) for i, rate in enumerate(eq.rates)]
    stage = [graph.add(with_time(rate, i, graph.leaf("d", i)), graph.mul(rest, graph.leaf("c", i))) for i, rate in enumerate(eq.rates)]
    first_writes = [(f"w[{at}]", node) for node, at in stored.items()]
    first_writes += [(f"d[{i}]", node) for i, node in eq.by_time.items()]
    first_writes += [(f"u[{i}]", node) for i, node in enumerate(substitute(graph, factors, start))]
    stage_writes = [
        (f"u[{i}]", node)
        for i, node in enumerate(substitute(graph, factors, stage, lambda node: graph.leaf("w", stored[node]) if node in stored else node))
    ]
    observed = _observed(system, eq, outputs)
    writes = {
        "first": first_writes,
        "stage": stage_writes,
        "observe": [(f"o[{k}]", node) for k, node in enumerate(observed)],
        "rates": [(f"f[{i}]", node) for i, node in enumerate(eq.rates)],
        "jacobian": [(f"j[{at}]", node) for at, node in enumerate(eq.jacobian.values())],
    }
    slots = _slots(graph, [node for of in writes.values() for _, node in of])
    texts = {name: _text(graph, of, slots) for name, of in writes.items()}
    texts["prepare"] = _text(graph, [(f"q[{at}]", node) for node, at in slots.items()], {})
    texts["initial"] = _text(graph, [(f"y[{i}]", node) for i, node in enumerate(eq.initial)], {})
    sizes = {"p": len(system.parameters), "q": len(slots), "y": n, "x": len(system.inputs), "j": len(eq.jacobian), "w": len(stored), "o": len(outputs)}
    return Programs(texts, sizes, tuple(eq.jacobian), bool(eq.by_time))


def _observed(system: System, eq: Equations, outputs: Sequence[str]) -> list[Node]:
    states = {name: eq.graph.leaf("y", i) for i, name in enumerate(system.state_names)}
    known = states | eq.assigned
    for name in outputs:
        if name not in known:
            raise UnknownIdError("state or assigned quantity", name, known)
    return [known[name] for name in outputs]


def _needed(graph: Graph, ends: Sequence[Node], done: set[Node]) -> list[Node]:
    """The operations that these nodes need and that are not done, each after its operands; they are then done."""
    order: list[Node] = []
    stack = [(node, False) for node in reversed(ends)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in done and graph.nodes[node][0] not in ("const", "leaf"):
            done.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in reversed(graph.operands(node)))
    return order


def _slots(graph: Graph, ends: Sequence[Node]) -> dict[Node, int]:
    """What prepare computes: each node of a patient that a node of the moment, or a result, uses."""
    slots: dict[Node, int] = {}
    for node in _needed(graph, ends, set()):
        if graph.levels[node] == MOMENT:
            for operand in graph.operands(node):
                if graph.levels[operand] == PATIENT:
                    slots.setdefault(operand, len(slots))
    for node in ends:
        if graph.levels[node] == PATIENT:
            slots.setdefault(node, len(slots))
    return slots


def _text(graph: Graph, writes: Sequence[tuple[str, Node]], slots: Mapping[Node, int]) -> str:
    """The lines that compute the nodes and write each to its place; a node of ``slots`` is read from q."""
    names: dict[Node, str] = {node: f"q[{at}]" for node, at in slots.items()}
    lines: list[str] = []

    def name(node: Node) -> str:
        key = graph.nodes[node]
        if key[0] == "const":
            return repr(key[1])
        return names.get(node) or f"{key[1]}[{key[2]}]"

    done: set[Node] = set(slots)
    for target, end in writes:
        for node in _needed(graph, [end], done):
            operation, a = str(graph.nodes[node][0]), [name(operand) for operand in graph.operands(node)]
            names[node] = f"v{node}"
            right = f"-{a[0]}" if operation == "neg" else f"{a[0]} {SIGNS[operation]} {a[1]}" if operation in SIGNS else f"{operation}({a[0]})"
            lines.append(f"v{node} = {right}")
        lines.append(f"{target} = {name(end)}")
    return "\n".join(lines)
