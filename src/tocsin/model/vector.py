"""Arithmetic of lanes in LLVM's terms: W numbers in one register, one for each patient, and the exponential and logarithm of all at once.

exp: x = n ln 2 + r with |r| <= ln 2 / 2, a Taylor polynomial of r of degree 13 (remainder below 4e-18), and n added to the exponent bits.
ln: x = 2^k m with m in [sqrt 1/2, sqrt 2), ln m = 2 artanh((m - 1) / (m + 1)) by 11 terms of its series (remainder below 3e-17).
Both keep NaN; exp is limited to finite results, ln of 0 is minus infinity and of a negative number NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

DOUBLE, INT64 = ir.DoubleType(), ir.IntType(64)
FUSE = ("contract",)
"""A product and a sum may be computed with one rounding."""
SHIFTER = 6755399441055744.0
"""1.5 x 2^52: added to a number below 2^51 it leaves the nearest whole number in the last bits."""
SMALLEST = 1e-300
LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")


class Lanes:
    """Builds the arithmetic of W numbers at a time; W = 1 is a plain number."""

    def __init__(self, builder: Any, lanes: int) -> None:
        self.builder = builder
        self.lanes = lanes
        self.type = DOUBLE if lanes == 1 else ir.VectorType(DOUBLE, lanes)
        self.whole = INT64 if lanes == 1 else ir.VectorType(INT64, lanes)

    def const(self, value: float) -> Any:
        return ir.Constant(self.type, value if self.lanes == 1 else [value] * self.lanes)

    def bits(self, value: int) -> Any:
        return ir.Constant(self.whole, value if self.lanes == 1 else [value] * self.lanes)

    def load(self, pointer: Any) -> Any:
        """The numbers that begin where a pointer to one number points."""
        return self.builder.load(self.builder.bitcast(pointer, self.type.as_pointer()), align=8)

    def store(self, value: Any, pointer: Any) -> None:
        self.builder.store(value, self.builder.bitcast(pointer, self.type.as_pointer()), align=8)

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=FUSE)

    def sub(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(a, b, flags=FUSE)

    def mul(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, b, flags=FUSE)

    def div(self, a: Any, b: Any) -> Any:
        return self.builder.fdiv(a, b)

    def neg(self, a: Any) -> Any:
        return self.builder.fneg(a)

    def inv(self, a: Any) -> Any:
        return self.div(self.const(1.0), a)

    def at_least(self, a: Any, low: Any) -> Any:
        """The larger of the two; NaN stays NaN."""
        return self.builder.select(self.builder.fcmp_ordered("<", a, low), low, a)

    def at_most(self, a: Any, high: Any) -> Any:
        """The smaller of the two; NaN stays NaN."""
        return self.builder.select(self.builder.fcmp_ordered(">", a, high), high, a)

    def floor(self, a: Any) -> Any:
        return self.at_least(a, self.const(SMALLEST))

    def abs(self, a: Any) -> Any:
        return self.builder.bitcast(self.builder.and_(self.builder.bitcast(a, self.whole), self.bits(0x7FFFFFFFFFFFFFFF)), self.type)

    def sqrt(self, a: Any) -> Any:
        suffix = "f64" if self.lanes == 1 else f"v{self.lanes}f64"
        name = f"llvm.sqrt.{suffix}"
        function = self.builder.module.globals.get(name) or ir.Function(self.builder.module, ir.FunctionType(self.type, [self.type]), name)
        return self.builder.call(function, [a])

    def polynomial(self, coefficients: Sequence[float], x: Any) -> Any:
        """The sum of coefficients[k] x^k: in pairs (Estrin's scheme), which do not wait for each other as in Horner's, the first added last."""
        terms, power = [self.const(c) for c in coefficients[1:]], x
        while len(terms) > 1:
            pairs = [self.add(low, self.mul(high, power)) for low, high in zip(terms[::2], terms[1::2], strict=False)]
            terms = pairs + terms[2 * len(pairs):]
            power = self.mul(power, power)
        return self.add(self.const(coefficients[0]), self.mul(terms[0], x))

    def exp(self, a: Any) -> Any:
        x = self.at_most(self.at_least(a, self.const(-708.0)), self.const(709.0))
        shifted = self.builder.fadd(self.builder.fmul(x, self.const(1.0 / math.log(2.0))), self.const(SHIFTER))
        n = self.builder.fsub(shifted, self.const(SHIFTER))
        r = self.sub(self.sub(x, self.mul(n, self.const(LN2_HIGH))), self.mul(n, self.const(LN2_LOW)))
        total = self.polynomial([1.0 / math.factorial(k) for k in range(14)], r)
        power = self.builder.shl(self.builder.bitcast(shifted, self.whole), self.bits(52))
        return self.builder.bitcast(self.builder.add(self.builder.bitcast(total, self.whole), power), self.type)

    def ln(self, a: Any) -> Any:
        b = self.builder
        pattern = b.bitcast(a, self.whole)
        k = b.ashr(b.sub(pattern, self.bits(0x3FE6A09E667F3BCD)), self.bits(52))
        m = b.bitcast(b.sub(pattern, b.shl(k, self.bits(52))), self.type)
        exponent = b.fsub(b.bitcast(b.add(k, self.bits(0x4338000000000000)), self.type), self.const(SHIFTER))
        s = self.div(b.fsub(m, self.const(1.0)), b.fadd(m, self.const(1.0)))
        series = self.polynomial([1.0 / (2 * k + 1) for k in range(11)], self.mul(s, s))
        of_m = self.mul(self.add(s, s), series)
        result = self.add(self.mul(exponent, self.const(LN2_HIGH)), self.add(of_m, self.mul(exponent, self.const(LN2_LOW))))
        result = b.select(b.fcmp_ordered("==", a, self.const(0.0)), self.const(-math.inf), result)
        return b.select(b.fcmp_unordered("<", a, self.const(0.0)), self.const(math.nan), result)
