"""A dose given, beside the dose that a rule asks for: the arithmetic, and whether the two agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tocsin.protocols.protocol import Dose

SIZES = {"kg": ("weight", 2.0, 150.0), "m2": ("body surface", 0.15, 3.0)}
"""Where the weight or body surface is not told, a dose per kg or m2 is off when it fits none between these (a decision, ``tocsin:audit``)."""
RATE = re.compile(r"(\d+(?:\.\d+)?)\s*mg/(kg|m2)")
REPEATED = re.compile(r"\bq\s?\d+\s?h\b")
NUMBERED = re.compile(r"\b(?:first|second|third|fourth|\d+(?:st|nd|rd|th))\b")


@dataclass(frozen=True, slots=True)
class DoseSeen:
    """``fits``: whether the dose given is the one asked for within the tolerance, None where it cannot be told.

    ``above_cap``: more than the most that the rule allows in one dose.  ``arithmetic``: both doses, in words.
    """

    fits: bool | None
    above_cap: bool
    asked: float | None
    arithmetic: str
    missing: tuple[str, ...] = ()


def dose_seen(
    dose: Dose, value: float | None, text: str | None, unit: str | None, body: tuple[float | None, float | None], tolerance: float,
) -> DoseSeen | None:
    """Set a dose given (``value`` in ``unit``, or words such as "4 mg/kg") beside the one asked for; None where that has no number.

    ``body``: weight in kg and height in cm.  Where a range is asked for, every dose in it fits.
    """
    if dose.amount is None and dose.rate is None:
        return None
    asked, formula = dose.for_weight(*body)
    missing = dose.missing(*body)
    if value is not None and unit == dose.unit:
        above = dose.cap is not None and value > dose.cap
        words = f"{formula}, given {value:g} {dose.unit}"
        if not missing:
            return DoseSeen(_fits(dose, body, value, tolerance), above, asked, words)
        sizes = " to ".join(f"{value / rate:.4g}" for rate in (dose.to, dose.rate) if rate is not None)
        return DoseSeen(None, above, None, f"{words} (that would be the dose at {sizes} {dose.per})", missing)
    told_rate = RATE.search(text or "") if value is None else None
    if told_rate is not None and dose.rate is not None and told_rate[2] == dose.per:
        rate = float(told_rate[1])
        words = f"{formula}, given {rate:g} {dose.unit}/{dose.per}"
        if not missing:
            given = rate * dose.size(*body)
            above = dose.cap is not None and given > dose.cap
            return DoseSeen(_fits(dose, body, given, tolerance), above, asked, f"{words} = {given:g} {dose.unit}")
        rates = [r for r in (dose.rate, dose.to, dose.light_per_kg) if r is not None]
        size, smallest, largest = SIZES[dose.per]
        least = min(rates) if dose.cap is None else min(*rates, dose.cap / largest)
        if least * (1 - tolerance) <= rate <= max(rates) * (1 + tolerance):
            sure = dose.light_per_kg is None and dose.cap is None
            return DoseSeen(True if sure else None, False, None, words, () if sure else missing)
        return DoseSeen(False, False, None, f"{words}: fits no {size} from {smallest:g} to {largest:g} {dose.per}")
    told = text if text and text not in ("present", "given") else "an amount that is not told"
    return DoseSeen(None, False, asked, f"{formula}; given {told}", ("dose",))


def _fits(dose: Dose, body: tuple[float | None, float | None], given: float, tolerance: float) -> bool:
    low, high = (float(end[0]) for end in dose.range(*(np.array([np.nan if x is None else x]) for x in body)))
    return low * (1 - tolerance) - 1e-9 <= given <= high * (1 + tolerance) + 1e-9


def is_course(text: str | None) -> bool:
    """Whether one row tells of several doses ("q8h"), not of a numbered one ("q12h, second dose")."""
    return bool(text and REPEATED.search(text) and not NUMBERED.search(text))
