"""Tail probabilities of the normal and the chi-squared distribution, and how far an interval reaches."""

from __future__ import annotations

from statistics import NormalDist

from tocsin.cohort.packages import needs
from tocsin.errors import SettingError


def chi_squared_p(statistic: float, df: int) -> float:
    """The upper tail of the chi-squared distribution with ``df`` degrees of freedom."""
    return float(needs("scipy.special").chdtrc(df, statistic))


def two_sided(z: float) -> float:
    """The two-sided p-value of a standard normal statistic, accurate far out in the tail."""
    return float(2.0 * needs("scipy.special").ndtr(-abs(z)))


def reach(confidence: float) -> float:
    """How many standard errors a two-sided normal interval extends: 1.96 for 0.95."""
    if not 0.0 < confidence < 1.0:
        raise SettingError(f"A confidence level lies between 0 and 1 (0.95 is usual); given: {confidence:g}.")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)
