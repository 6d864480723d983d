"""A system's texts as nodes of one graph: rates, their derivatives by every state and by time, initial values and outputs.

Texts are read with Python's own parser into a tree and never evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from tocsin.errors import ModelError
from tocsin.model.graph import MOMENT, PATIENT, Graph, Node
from tocsin.model.system import FUNCTIONS, System

OPERATORS = {ast.Add: Graph.add, ast.Sub: Graph.sub, ast.Mult: Graph.mul, ast.Div: Graph.div, ast.Pow: Graph.power}


@dataclass
class Equations:
    """A system as nodes.

    ``rates`` in the order of the states; ``jacobian`` holds (row, column) of what is not identically 0; ``by_time`` the rows that depend on time itself;
    ``initial`` in the order of the states, of parameters only; ``assigned`` by name.
    """

    graph: Graph
    rates: list[Node]
    jacobian: dict[tuple[int, int], Node]
    by_time: dict[int, Node]
    initial: list[Node]
    assigned: dict[str, Node] = field(default_factory=dict)


def equations(system: System) -> Equations:
    """The nodes of a system; ModelError names the equation that cannot be read."""
    graph = Graph()
    n = len(system.states)
    _unique(system)
    names: dict[str, Node] = {p: graph.leaf("p", i, PATIENT) for i, p in enumerate(system.parameter_names)}
    initial = [read(graph, s.initial, names, f"the initial value of {s.name}") for s in system.states]
    names |= {s: graph.leaf("y", i, MOMENT, variable=i) for i, s in enumerate(system.state_names)}
    names |= {x: graph.leaf("x", i, MOMENT) for i, x in enumerate(system.input_names)}
    names["time"] = graph.leaf("t", 0, MOMENT, variable=n)
    assigned: dict[str, Node] = {}
    for a in system.assigned:
        assigned[a.name] = names[a.name] = read(graph, a.expression, names, a.name)
    rates = [read(graph, s.rate, names, f"the rate of {s.name}") for s in system.states]
    jacobian: dict[tuple[int, int], Node] = {}
    by_time: dict[int, Node] = {}
    for i, rate in enumerate(rates):
        for j, node in graph.derivatives(rate).items():
            if j == n:
                by_time[i] = node
            else:
                jacobian[i, j] = node
    return Equations(graph, rates, jacobian, by_time, initial, assigned)


def _unique(system: System) -> None:
    seen: set[str] = {"time"}
    for name in (*system.parameter_names, *system.state_names, *system.input_names, *(a.name for a in system.assigned)):
        if name in seen:
            raise ModelError(f"{system.name}: {name} is defined twice.\n  Give each state, parameter, input and assigned quantity its own name; time is taken.")
        seen.add(name)
    if not system.states:
        raise ModelError(f"{system.name} has no state: there is nothing to solve.")


def read(graph: Graph, text: str, names: Mapping[str, Node], where: str) -> Node:
    """The node of a text; ``where`` says in an error which text it is."""
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
    except SyntaxError:
        raise ModelError(f"{where}: {text!r} is not an expression of + - * / ^, numbers, names and {', '.join(FUNCTIONS)}.") from None
    return _node(graph, tree, names, f"{where}: {text!r}")


def _node(graph: Graph, tree: ast.expr, names: Mapping[str, Node], where: str) -> Node:
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int | float) and not isinstance(tree.value, bool):
        return graph.const(float(tree.value))
    if isinstance(tree, ast.Name):
        if tree.id not in names:
            raise ModelError(f"{where} names {tree.id}, which is not defined before it.\n  An assigned quantity may name only those that stand above it.")
        return names[tree.id]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        operand = _node(graph, tree.operand, names, where)
        return graph.neg(operand) if isinstance(tree.op, ast.USub) else operand
    if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
        if isinstance(tree.op, ast.Pow) and isinstance(tree.right, ast.BinOp) and isinstance(tree.right.op, ast.Pow):
            raise ModelError(f"{where} has a power of a power, which Antimony and Python group differently.\n  Use brackets and a product: a^(b*c).")
        left, right = _node(graph, tree.left, names, where), _node(graph, tree.right, names, where)
        if isinstance(tree.op, ast.Div) and graph.value(right) == 0.0:
            raise ModelError(f"{where} divides by 0.")
        return OPERATORS[type(tree.op)](graph, left, right)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in FUNCTIONS and len(tree.args) == 1 and not tree.keywords:
        operand = _node(graph, tree.args[0], names, where)
        return {"exp": graph.exp, "ln": graph.ln, "sqrt": graph.sqrt}[tree.func.id](operand)
    called = f"the function {tree.func.id}" if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) else "something else"
    raise ModelError(f"{where} holds {called}.\n  An expression has + - * / ^, numbers, names and {', '.join(FUNCTIONS)} of one argument.")
