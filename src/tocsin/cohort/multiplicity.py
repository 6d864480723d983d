"""P-values of several tests at once: Holm's family-wise adjustment and the false discovery rate of Benjamini and Hochberg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from tocsin.errors import CohortError

METHODS = {"holm": "Holm", "benjamini-hochberg": "Benjamini-Hochberg", "none": "none"}
CITES = {"holm": ("holm1979:step-down",), "benjamini-hochberg": ("benjamini1995:step-up",), "none": ()}


@dataclass(frozen=True, slots=True)
class Adjusted:
    """P-values as given (None: not tested) and ``adjusted``, in the same order, with what a reader is told about it in ``statement``."""

    method: str
    given: tuple[float | None, ...]
    adjusted: tuple[float | None, ...]
    statement: str
    cites: tuple[str, ...]


def adjust(p_values: Sequence[float | None], method: str = "holm") -> Adjusted:
    """Adjusts the p-values of one family of tests; those that are None stay so and do not count (R's ``p.adjust``).

    ``holm`` controls the chance of any false finding, whatever the dependence (holm1979); ``benjamini-hochberg`` the expected share
    of false findings among the findings, for independent or positively dependent tests (benjamini1995); ``none`` changes nothing.
    """
    if method not in METHODS:
        raise CohortError(f"there is no adjustment called {method!r}; known: {', '.join(METHODS)}")
    known = [(p, i) for i, p in enumerate(p_values) if p is not None]
    if any(isnan(p) or not 0 <= p <= 1 for p, _ in known):
        raise CohortError("a p-value lies between 0 and 1")
    m, out = len(known), list(p_values)
    known.sort()
    if method == "holm":
        most = 0.0
        for rank, (p, i) in enumerate(known):
            most = max(most, min((m - rank) * p, 1.0))
            out[i] = most
    elif method == "benjamini-hochberg":
        least = 1.0
        for rank, (p, i) in reversed(list(enumerate(known, start=1))):
            least = min(least, p * m / rank)
            out[i] = least
    return Adjusted(method, tuple(p_values), tuple(out), _statement(m, method, known[0][0] if known else None, out), CITES[method])


def _statement(m: int, method: str, least: float | None, adjusted: Sequence[float | None]) -> str:
    """What the family is, what chance alone would give, and what survives."""
    if m == 0:
        return "No test was done."
    if m == 1:
        return "One test was done; there is nothing to adjust."
    text = f"{m} tests were done; were there no difference in any of them, {0.05 * m:.1f} would be expected below 0.05 by chance."
    if method == "none":
        return f"{text} The p-values are not adjusted for multiplicity and are descriptive."
    survive = sum(1 for p in adjusted if p is not None and p < 0.05)
    aim = "the family-wise error rate" if method == "holm" else "the false discovery rate"
    return f"{text} Adjusted by {METHODS[method]} ({aim} of 5 %), {survive} remain{'s' if survive == 1 else ''} below 0.05."
