"""Numbers as a reader expects them: every digit that was told, none that was not."""

from __future__ import annotations

import math

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, significant: int = 5, decimals: int = 0, powers_from: float = 1e6) -> str:
    """A number with at most ``significant`` digits and at least ``decimals`` decimals; powers of ten from ``powers_from``.

    The digits of a whole number are all kept, and what a chart tells to five digits is not rounded: 37.96 stays 37.96.
    """
    if not math.isfinite(value):
        return "unknown"
    if value != 0 and (abs(value) >= powers_from or abs(value) < 1e-3):
        mantissa, exponent = f"{value:.{min(significant, 6) - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
        return power if mantissa == "1" else f"{mantissa} × {power}"
    text = _plain(value, significant)
    whole, _, after = text.partition(".")
    after = after.ljust(decimals, "0")
    return f"{whole}.{after}" if after else whole


def _plain(value: float, significant: int) -> str:
    digits = max(significant - 1 - math.floor(math.log10(abs(value))), 0) if value else 0
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
