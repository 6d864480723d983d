"""The value of an expression of a model for many patients at once, without running text as code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from tocsin.errors import ModelError
from tocsin.model.system import FUNCTIONS

F64 = npt.NDArray[np.float64]

_BINARY: Mapping[type[ast.operator], Callable[[F64, F64], F64]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}
_CALLS: Mapping[str, Callable[[F64], F64]] = {"exp": np.exp, "ln": np.log, "sqrt": np.sqrt}


def evaluate(expression: str, values: Mapping[str, F64]) -> F64:
    """An expression in the common subset of Antimony and Python, with each name's value for each patient; ModelError for anything else."""
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
    except SyntaxError as error:
        raise ModelError(f"the expression {expression!r} cannot be read: {error.msg}.") from None
    return np.asarray(_value(tree.body, values, expression), np.float64)


def _value(node: ast.expr, values: Mapping[str, F64], whole: str) -> F64:
    match node:
        case ast.Constant(value=int() | float() as number):
            return np.asarray(float(number))
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.Name(id=name):
            raise ModelError(f"the expression {whole!r} names {name!r}, which has no value here.")
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, values, whole)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner, values, whole)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, values, whole), _value(right, values, whole))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _CALLS:
            return _CALLS[name](_value(argument, values, whole))
    raise ModelError(f"the expression {whole!r} has a part that is not one of + - * / ^, numbers, names and {', '.join(FUNCTIONS)}.")
