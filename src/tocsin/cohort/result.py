"""What a statistic answers: a test with its p-value, or an estimate with its interval, each saying how it was obtained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.cite import Reference, bibliography


@dataclass(frozen=True, slots=True)
class TestResult:
    """A test of a hypothesis.

    ``p`` is the two-sided p-value unless ``name`` says otherwise, and None where the test could not be done: ``not_done`` says why.
    ``statistic`` is called ``statistic_name`` and has ``df`` degrees of freedom (none, one, or numerator and denominator).
    ``variant`` names the choices within the test ("exact", "with continuity and tie correction"), ``n`` the observations of each
    group, ``error`` the Monte Carlo standard error of ``p`` (0 where it is exact or comes from a formula), ``software`` the program
    that computed it, ``warnings`` what a reader must know (sparse cells, ties).
    """

    __test__: ClassVar[bool] = False  # not a class of tests, whatever pytest thinks of its name

    name: str
    p: float | None
    statistic: float | None = None
    statistic_name: str = ""
    df: tuple[float, ...] = ()
    variant: str = ""
    n: tuple[int, ...] = ()
    error: float = 0.0
    not_done: str = ""
    software: str = ""
    cites: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The test as a table names it: "Mann-Whitney U test (exact)"."""
        return f"{self.name} ({self.variant})" if self.variant else self.name

    @property
    def brief(self) -> str:
        """The test in a narrow column: "Mann-Whitney U test (normal approx.)"; ``called`` stands in the methods and among the numbers."""
        kind = self.variant.split(",", maxsplit=1)[0].split(" with ", maxsplit=1)[0].replace("normal approximation", "normal approx.")
        return f"{self.name} ({kind})" if kind else self.name

    @property
    def references(self) -> list[Reference]:
        """The papers behind the test."""
        return bibliography(self.cites)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its confidence interval at ``level``; ``method`` names how the interval was made.

    ``value`` or a limit is None where it does not exist, and may be infinite (an odds ratio with an empty cell); ``warnings`` say so.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    level: float = 0.95
    method: str = ""
    software: str = ""
    cites: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def not_done(name: str, why: str, n: tuple[int, ...] = (), cites: tuple[str, ...] = ()) -> TestResult:
    """A test that could not be done, and why."""
    return TestResult(name, None, n=n, not_done=why, cites=cites)


def p_in_words(p: float | None, sign: bool = False) -> str:
    """A p-value as tables print it: three decimals, "<0.001" below, an en dash where there is none; with ``sign`` "= 0.012"."""
    if p is None:
        return "–"
    return "<0.001" if p < 0.001 else f"{'= ' if sign else ''}{p:.3f}"
