"""A dose given, beside the dose that a rule asks for: the arithmetic, and whether the two agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.protocols.protocol import Dose

HEAVIEST_KG, LIGHTEST_KG = 150.0, 2.0
"""Where the weight is not told, a dose per kg is off when it fits no weight between these (a decision, ``tocsin:audit``)."""
PER_KG = re.compile(r"(\d+(?:\.\d+)?)\s*mg/kg")
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


def dose_seen(dose: Dose, value: float | None, text: str | None, unit: str | None, weight: float | None, tolerance: float) -> DoseSeen | None:
    """Set a dose given (``value`` in ``unit``, or words such as "4 mg/kg") beside the one asked for; None where that has no number."""
    if dose.amount is None and dose.per_kg is None:
        return None
    asked, formula = dose.for_weight(weight)
    per_kg = PER_KG.search(text or "") if value is None else None
    if value is not None and unit == dose.unit:
        above = dose.cap is not None and value > dose.cap
        words = f"{formula}, given {value:g} {dose.unit}"
        if dose.later is not None and abs(value - dose.later) <= tolerance * dose.later:
            return DoseSeen(True, above, dose.later, f"{formula}, later {dose.later:g} {dose.unit}, given {value:g} {dose.unit}")
        if asked is not None:
            return DoseSeen(abs(value - asked) <= tolerance * asked + 1e-9, above, asked, words)
        if dose.per_kg is None:
            return DoseSeen(None, above, None, words)
        return DoseSeen(None, above, None, f"{words} (that would be the dose at {value / dose.per_kg:g} kg)", ("weight_kg",))
    if per_kg is not None and dose.per_kg is not None:
        rate = float(per_kg[1])
        words = f"{formula}, given {rate:g} {dose.unit}/kg"
        if weight is not None and asked is not None:
            given = rate * weight
            above = dose.cap is not None and given > dose.cap
            return DoseSeen(abs(given - asked) <= tolerance * asked + 1e-9, above, asked, f"{words} = {given:g} {dose.unit}")
        rates = [dose.per_kg, *([dose.light_per_kg] if dose.light_per_kg is not None else [])]
        least = min(rates) if dose.cap is None else min(*rates, dose.cap / HEAVIEST_KG)
        if least * (1 - tolerance) <= rate <= max(rates) * (1 + tolerance):
            sure = len(rates) == 1 and dose.cap is None
            return DoseSeen(True if sure else None, False, None, words, () if sure else ("weight_kg",))
        return DoseSeen(False, False, None, f"{words}: fits no weight from {LIGHTEST_KG:g} to {HEAVIEST_KG:g} kg")
    told = text if text and text not in ("present", "given") else "an amount that is not told"
    return DoseSeen(None, False, asked, f"{formula}; given {told}", ("dose",))


def is_course(text: str | None) -> bool:
    """Whether one row tells of several doses ("q8h"), not of a numbered one ("q12h, second dose")."""
    return bool(text and REPEATED.search(text) and not NUMBERED.search(text))
