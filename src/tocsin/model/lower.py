"""From the text of a system's programs to machine code for W patients at once: each program, and one step of a Rosenbrock method made of them.

All numbers of W patients lie in one workspace, an array (rows, W); a quantity begins at a fixed row (``Layout``).  Because every address is the
same base with a fixed offset, LLVM keeps the numbers of a program in registers.  The functions are built inside Numba's own module, through ``intrinsic``,
and are cached with the function that calls them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tocsin.model.schedule import scheduled
from tocsin.model.tableau import METHODS, Tableau
from tocsin.model.vector import DOUBLE, INT64, Lanes

TINY = 1e-200
"""A state that decayed below this is set to 0: numbers near the smallest there is are slow to compute with."""
BINARY = re.compile(r"(\S+) ([-+*]) (\S+)")
CALL = re.compile(r"(\w+)\((\S+)\)")
ELEMENT = re.compile(r"([a-z])\[(\d+)\]")
Place = Callable[[str, int], Any]


def lower(numbers: Lanes, text: str, place: Place, put: Place) -> None:
    """The instructions of a program; ``place`` and ``put`` give the pointer to an element of a named array that is read, or written."""
    values: dict[str, Any] = {}

    def value(token: str) -> Any:
        if token not in values:
            element = ELEMENT.fullmatch(token)
            values[token] = numbers.load(place(element[1], int(element[2]))) if element else numbers.const(float(token))
        return values[token]

    for line in text.splitlines():
        target, right = line.split(" = ")
        if found := BINARY.fullmatch(right):
            operation = {"+": numbers.add, "-": numbers.sub, "*": numbers.mul}[found[2]]
            result = operation(value(found[1]), value(found[3]))
        elif found := CALL.fullmatch(right):
            result = getattr(numbers, found[1])(value(found[2]))
        elif right.startswith("-"):
            result = numbers.neg(value(right[1:]))
        else:
            result = value(right)
        if element := ELEMENT.fullmatch(target):
            numbers.store(result, put(element[1], int(element[2])))
        else:
            values[target] = result


@dataclass(frozen=True)
class Kernel:
    """What one compiled model consists of; ``sizes`` of its arrays, ``positive`` says which states may not fall below 0."""

    texts: Mapping[str, str]
    sizes: Mapping[str, int]
    positive: tuple[bool, ...]
    timed: bool
    method: str
    lanes: int

    @property
    def tableau(self) -> Tableau:
        """The method."""
        return METHODS[self.method]

    @cached_property
    def observed(self) -> list[int]:
        """The states that the outputs are computed from: only these are interpolated."""
        return sorted({int(i) for i in re.findall(r"\by\[(\d+)\]", self.texts["observe"])})

    @cached_property
    def seen(self) -> list[int]:
        """The prepared numbers that the outputs are computed from."""
        return sorted({int(i) for i in re.findall(r"\bq\[(\d+)\]", self.texts["observe"])})

    @cached_property
    def rows(self) -> dict[str, int]:
        """Where each quantity begins in the workspace; ``rows`` itself is how many there are.

        t and h of the step, hot first: r the time of an output, i that of a stage, e the error norm, m 1 where the step was accepted, y and z
        the old and new state, g a stage's state, a the absolute tolerances, b the relative one, k what the interpolant needs
        for the outputs and v for every state; the rest as in the programs.
        """
        n, stages = self.sizes["y"], self.tableau.stages
        wanted = {"t": 1, "h": 1, "i": 1, "r": 1, "e": 1, "b": 1, "m": 1, "s": 3, "y": n, "g": n, "c": n,
                  "x": max(1, self.sizes["x"]), "q": max(1, self.sizes["q"]), "w": self.sizes["w"],
                  "u": n * stages, "d": n, "z": n, "a": n, "k": len(self.observed) * len(self.tableau.h), "o": self.sizes["o"],
                  "v": n * len(self.tableau.h)}
        starts, at = {}, 0
        for name, size in wanted.items():
            starts[name] = at
            at += size
        return starts | {"rows": at}


def layout(kernel: Kernel) -> list[int]:
    """Where the loop over steps finds a kernel's numbers: the rows of t, h, r, e, b, m, y, z, g, x, q, a, k, o, v; how many k has; all rows; lanes; order."""
    rows = kernel.rows
    return [*(rows[name] for name in "threbmyzgxqakov"), len(kernel.observed) * len(kernel.tableau.h), rows["rows"], kernel.lanes, kernel.tableau.embedded + 1]


class Builder:
    """The functions of one kernel within one LLVM module; each is made once."""

    def __init__(self, kernel: Kernel, module: Any) -> None:
        self.kernel, self.module = kernel, module
        self.rows, self.n, self.tableau = kernel.rows, kernel.sizes["y"], kernel.tableau

    def function(self, name: str, arguments: int, body: Callable[..., None]) -> Any:
        """The function of this name, which takes pointers; ``body(builder, *arguments)`` fills it."""
        full = f"tocsin_{name}_{self.kernel.lanes}"
        if full in self.module.globals:
            return self.module.globals[full]
        made = ir.Function(self.module, ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer()] * arguments), full)
        made.linkage = "internal"
        for argument in made.args:
            argument.add_attribute("noalias")  # no program reads what it writes
        builder = ir.IRBuilder(made.append_basic_block("entry"))
        body(builder, *made.args)
        builder.ret_void()
        return made

    def at(self, builder: Any, base: Any, name: str, row: Any = 0) -> Any:
        """The pointer to a row of the workspace: the ``row``-th (a number, or one that is computed) of a quantity."""
        lanes = self.kernel.lanes
        if isinstance(row, int):
            return builder.gep(base, [ir.Constant(INT64, (self.rows[name] + row) * lanes)])
        offset = builder.mul(builder.add(row, ir.Constant(INT64, self.rows[name])), ir.Constant(INT64, lanes))
        return builder.gep(base, [offset])

    def program(self, name: str, renamed: Mapping[str, str]) -> Any:
        """A program on the workspace; its u is the second argument, other arrays are found by name, or under another name."""
        def body(builder: Any, w: Any, u: Any) -> None:
            numbers = Lanes(builder, self.kernel.lanes)

            def place(array: str, index: int) -> Any:
                if array == "u":
                    return builder.gep(u, [ir.Constant(INT64, index * self.kernel.lanes)])
                return self.at(builder, w, renamed.get(array, array), index)

            lower(numbers, scheduled(self.kernel.texts[name]), place, place)

        return self.function(f"program_{name}", 2, body)

    def loop(self, builder: Any, body: Callable[..., Any], step: int = 1, carried: Any = None) -> Any:
        """Instructions for each state, or for groups of ``step`` states, by the first number; ``body`` takes and gives what is carried on."""
        before, block, after = builder.block, builder.append_basic_block("state"), builder.append_basic_block("after")
        builder.branch(block)
        builder.position_at_end(block)
        i = builder.phi(INT64)
        i.add_incoming(ir.Constant(INT64, 0), before)
        if carried is None:
            body(i)
        else:
            held = builder.phi(carried.type)
            held.add_incoming(carried, before)
            carried = body(i, held)
            held.add_incoming(carried, builder.block)
        following = builder.add(i, ir.Constant(INT64, step))
        i.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, ir.Constant(INT64, self.n - self.n % step)), block, after)
        builder.position_at_end(after)
        return carried

    def attempt(self) -> Any:
        """One step of every lane from (t, y) by h: the new state to z, the logarithm of the error norm to e (0 is at the tolerance)."""
        return self.function("attempt", 1, self._attempt)

    def _attempt(self, builder: Any, w: Any) -> None:
        v = Lanes(builder, self.kernel.lanes)
        m, n = self.tableau, self.n
        at = partial(self.at, builder, w)
        h, t = v.load(at("h")), v.load(at("t"))
        rest = v.inv(h)
        v.store(rest, at("s", 0))
        v.store(v.mul(rest, v.const(1.0 / m.gamma)), at("s", 1))
        v.store(v.mul(h, v.const(m.gamma)), at("s", 2))
        builder.call(self.program("first", {}), [w, at("u")])
        stage = self.program("stage", {"y": "g", "t": "i"})
        for s in range(1, m.stages):
            adds_one = m.a[s][:-1] == m.a[s - 1] and s > 1

            def combine(i: Any, s: int = s, adds_one: bool = adds_one) -> None:
                stages = [v.load(self._stage(builder, w, k, i)) for k in range(s)]
                state = v.load(at("g" if adds_one else "y", i))
                for k in range(s - 1 if adds_one else 0, s):
                    state = v.add(state, stages[k] if m.a[s][k] == 1.0 else v.mul(v.const(m.a[s][k]), stages[k]))
                v.store(state, at("g", i))
                weighted = v.mul(v.const(m.c[s][0]), stages[0])
                for k in range(1, s):
                    weighted = v.add(weighted, v.mul(v.const(m.c[s][k]), stages[k]))
                v.store(weighted, at("c", i))

            self.loop(builder, combine)
            if self.kernel.timed:
                v.store(v.add(t, v.mul(v.const(float(m.alpha[s])), h)), at("i"))
                gamma_i = float(m.gamma_sums[s]) if abs(m.gamma_sums[s]) > 1e-12 else 0.0
                v.store(v.mul(v.const(gamma_i), h), at("s", 2))
            builder.call(stage, [w, at("u", s * n)])
        relative = v.load(at("b"))

        def finish(i: Any) -> tuple[Any, Any]:
            """Stores the new state; its error and what is allowed."""
            old, error = v.load(at("y", i)), v.load(self._stage(builder, w, m.stages - 1, i))
            new = v.add(v.load(at("g", i)), error)
            small = builder.fcmp_ordered("<", v.abs(new), v.const(TINY))
            v.store(builder.select(small, v.const(0.0), new), at("z", i))
            return error, v.add(v.load(at("a", i)), v.mul(relative, v.at_least(v.abs(old), v.abs(new))))

        def finish_two(i: Any, total: Any) -> Any:
            """One division for two: (a/b)^2 + (c/d)^2 = ((ad)^2 + (cb)^2) / (bd)^2."""
            (a, b), (c, d) = finish(i), finish(builder.add(i, ir.Constant(INT64, 1)))
            first, second, both = v.mul(a, d), v.mul(c, b), v.inv(v.mul(b, d))
            return v.add(total, v.mul(v.add(v.mul(first, first), v.mul(second, second)), v.mul(both, both)))

        total = v.const(0.0)
        if n > 1:
            total = self.loop(builder, finish_two, 2, total)
        if n % 2:
            error, allowed = finish(ir.Constant(INT64, n - 1))
            scaled = v.div(error, allowed)
            total = v.add(total, v.mul(scaled, scaled))
        v.store(v.mul(v.const(0.5), v.ln(v.mul(total, v.const(1.0 / n)))), at("e"))
        for i, positive in enumerate(self.kernel.positive):
            if positive:
                v.store(v.at_least(v.load(at("z", i)), v.const(0.0)), at("z", i))

    def _stage(self, builder: Any, w: Any, k: int, i: Any) -> Any:
        return self.at(builder, w, "u", builder.add(i, ir.Constant(INT64, k * self.n)))

    def dense(self) -> Any:
        """What the interpolant of the step just made needs for the outputs, to k."""
        return self._interpolant("dense", "k", self.kernel.observed)

    def bend(self) -> Any:
        """The same for every state, to v."""
        return self._interpolant("bend", "v", range(self.n))

    def _interpolant(self, name: str, to: str, of: Sequence[int]) -> Any:
        def body(builder: Any, w: Any) -> None:
            v = Lanes(builder, self.kernel.lanes)
            for at, i in enumerate(of):
                stages = [v.load(self.at(builder, w, "u", k * self.n + i)) for k in range(self.tableau.stages)]
                for r, weights in enumerate(self.tableau.h):
                    total = v.mul(v.const(weights[0]), stages[0])
                    for k in range(1, self.tableau.stages):
                        if weights[k] != 0.0:
                            total = v.add(total, v.mul(v.const(weights[k]), stages[k]))
                    v.store(total, self.at(builder, w, to, r * len(of) + at))

        return self.function(name, 1, body)

    def observe(self) -> Any:
        """The outputs at time r within the step just made, to o."""
        def body(builder: Any, w: Any) -> None:
            self._interpolated(builder, w, "k", self.kernel.observed)
            builder.call(self.program("observe", {"y": "g", "t": "r"}), [w, self.at(builder, w, "u")])

        return self.function("observe", 1, body)

    def within(self) -> Any:
        """The state at time r within the step just made, to g."""
        return self.function("within", 1, lambda builder, w: self._interpolated(builder, w, "v", range(self.n)))

    def _interpolated(self, builder: Any, w: Any, by: str, of: Sequence[int]) -> None:
        v = Lanes(builder, self.kernel.lanes)
        at = partial(self.at, builder, w)
        passed = v.div(v.sub(v.load(at("r")), v.load(at("t"))), v.load(at("h")))
        theta = v.at_most(v.at_least(passed, v.const(0.0)), v.const(1.0))
        left = v.sub(v.const(1.0), theta)
        for place, i in enumerate(of):
            inner = v.const(0.0)
            for r in reversed(range(len(self.tableau.h))):
                inner = v.add(v.load(at(by, r * len(of) + place)), v.mul(theta, inner))
            end = v.add(v.load(at("z", i)), v.mul(left, inner))
            value = v.add(v.mul(left, v.load(at("y", i))), v.mul(theta, end))
            v.store(v.at_least(value, v.const(0.0)) if self.kernel.positive[i] else value, at("g", i))

    def advance(self) -> Any:
        """The new state becomes the old one where the step was accepted."""
        def body(builder: Any, w: Any) -> None:
            v = Lanes(builder, self.kernel.lanes)
            at = partial(self.at, builder, w)
            accepted = builder.fcmp_ordered(">", v.load(at("m")), v.const(0.5))
            for i in range(self.n):
                v.store(builder.select(accepted, v.load(at("z", i)), v.load(at("y", i))), at("y", i))

        return self.function("advance", 1, body)


POINTER = types.CPointer(types.float64)  # type: ignore[no-untyped-call]


def on_workspace(kernel: Kernel, name: str) -> Any:
    """A function of the loop over steps (``attempt`` and the like) for compiled code, of the pointer to a workspace."""
    @intrinsic
    def call(typing_context: Any, workspace: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.call(getattr(Builder(kernel, builder.module), name)(), [builder.bitcast(arguments[0], DOUBLE.as_pointer())])
            return context.get_dummy_value()

        return types.void(workspace), code

    return call


def on_arrays(kernel: Kernel, name: str) -> Any:
    """A program for one patient as a function for compiled code, of pointers: p, q, y, x, t and what is written."""
    @intrinsic
    def call(typing_context: Any, p: Any, q: Any, y: Any, x: Any, t: Any, written: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            def body(inner: Any, *pointers: Any) -> None:
                by_name = dict(zip("pqyxt", pointers, strict=False))
                lower(
                    Lanes(inner, 1), kernel.texts[name],
                    lambda array, index: inner.gep(by_name[array], [ir.Constant(INT64, index)]),
                    lambda _, index: inner.gep(pointers[5], [ir.Constant(INT64, index)]),
                )

            data = [builder.bitcast(a, DOUBLE.as_pointer()) for a in arguments]
            builder.call(Builder(kernel, builder.module).function(f"single_{name}", 6, body), data)
            return context.get_dummy_value()

        return types.void(p, q, y, x, t, written), code

    return call


@intrinsic
def call_one(typing_context: Any, address: Any, workspace: Any) -> Any:
    """Calls the C function at an address with an array."""
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call(context, builder, signature, arguments)

    return types.void(address, workspace), code


@intrinsic
def call_six(typing_context: Any, address: Any, p: Any, q: Any, y: Any, x: Any, t: Any, written: Any) -> Any:
    """Calls the C function at an address with six arrays."""
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call(context, builder, signature, arguments)

    return types.void(address, p, q, y, x, t, written), code


def _call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    arrays = zip(signature.args[1:], arguments[1:], strict=True)
    data = [builder.bitcast(context.make_array(of)(context, builder, value).data, DOUBLE.as_pointer()) for of, value in arrays]
    kind = ir.FunctionType(ir.VoidType(), [DOUBLE.as_pointer()] * len(data))
    builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), data)
    return context.get_dummy_value()
