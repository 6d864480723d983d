"""What is written in a cell that is not a bare number: limits, decimal commas, ranges, units behind the number."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUM = r"[-+−]?(?:\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:\.\d{3})+,\d+|\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+]?\d+)?"
_ONE = re.compile(rf"^(?P<sign><=|>=|=<|=>|[<>≤≥⩽⩾~≈]|less than|below|more than|above|over|under)?\s*(?P<num>{_NUM})\s*(?P<rest>.*)$",
                  re.IGNORECASE | re.DOTALL)
_TWO = re.compile(rf"^(?P<a>{_NUM})\s*(?:-|–|—|to|\.\.)\s*(?P<b>{_NUM})\s*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_POWER = re.compile(r"^[x×*]\s*10\s*(?:\^|\*\*|e)?\s*\+?(\d{1,2})(?![\d^/])\s*(.*)$", re.IGNORECASE)
_BELOW = {"<", "<=", "=<", "≤", "⩽", "less than", "below", "under"}
_ABOVE = {">", ">=", "=>", "≥", "⩾", "more than", "above", "over"}
THOUSANDS_OR_DECIMAL = "may be a thousand or a decimal fraction"


@dataclass(frozen=True, slots=True)
class Written:
    """A number as written: one value or the two ends of a range, a limit sign, and what stands behind it."""

    values: tuple[float, ...]
    censored: int = 0
    rest: str = ""


def plain(text: str, decimal: str) -> float | None:
    """The number that ``text`` is, with this decimal sign; None when it is ambiguous between thousands and decimals."""
    text = text.replace("−", "-")
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+\.\d+(e[-+]?\d+)?", text, re.IGNORECASE):
        return float(text.replace(",", ""))
    if re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+", text):
        return float(text.replace(".", "").replace(",", "."))
    if "," in text:
        if decimal != "," and re.fullmatch(r"[-+]?\d{1,3},\d{3}", text) and not text.lstrip("+-").startswith("0"):
            return None
        return float(text.replace(",", ".")) if decimal != "." else None
    if decimal == "," and re.fullmatch(r"[-+]?[1-9]\d{0,2}\.\d{3}", text):
        return None
    return float(text)


def written(text: str, decimal: str) -> Written | str:
    """The number in ``text``, or a sentence saying why there is none."""
    two = _TWO.match(text)
    if two:
        a, b = plain(two["a"], decimal), plain(two["b"], decimal)
        if a is not None and b is not None and a <= b:
            return Written((a, b), rest=two["rest"].strip())
    one = _ONE.match(text)
    if one is None:
        return f"{text!r} is not a number"
    value = plain(one["num"], decimal)
    if value is None:
        if decimal == ".":
            return f"{text!r} has a comma and the decimal sign is a point"
        return f"{text!r} {THOUSANDS_OR_DECIMAL}"
    sign, rest = (one["sign"] or "").lower(), one["rest"].strip()
    power = _POWER.match(rest)
    if power and not power[2].startswith(("cells/kg", "/kg")) and int(power[1]) < 30 and not power[2]:
        value, rest = value * 10.0 ** int(power[1]), power[2]
    if sign in ("~", "≈"):
        return Written((value,), 0, rest)
    return Written((value,), -1 if sign in _BELOW else 1 if sign in _ABOVE else 0, rest)
