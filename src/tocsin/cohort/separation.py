"""Separation in logistic regression: covariates that predict some outcomes perfectly, so that no finite estimate exists.

Separation exists where some combination of the covariates is never negative for patients with the outcome and never positive for
those without, and not zero throughout (albert1984).  A linear program finds it without fitting anything (konis2007): with the rows of
the design signed by the outcome, maximise their sum along a direction within the unit box; a maximum above zero is separation, and
the coefficients of that direction are the ones that would be infinite.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tocsin.cohort.packages import needs

Numbers = npt.NDArray[np.float64]
CITES = ("albert1984:existence of estimates", "konis2007:linear program")
ZERO = 1e-7


@dataclass(frozen=True, slots=True)
class Separation:
    """Separation of one ``kind``: "none", "quasi-complete" or "complete" (every outcome is predicted).

    ``infinite`` names coefficients without a finite maximum-likelihood estimate.
    """

    kind: str
    infinite: tuple[str, ...]


def separation(design: Numbers, outcome: npt.NDArray[np.bool_], names: tuple[str, ...]) -> Separation:
    """The separation of an outcome by the columns of a design (patients, coefficients), the constant among them."""
    linprog = needs("scipy.optimize").linprog
    signed = np.where(outcome[:, None], design, -design)
    scale = np.abs(signed).max(axis=0)
    signed = signed / np.where(scale > 0, scale, 1.0)
    k = signed.shape[1]
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * k, method="highs")
    if -found.fun <= ZERO:
        return Separation("none", ())
    # The best direction may leave some patient undecided where another leaves none: the widest gap says whether one does.
    gap = linprog(np.append(np.zeros(k), -1.0), A_ub=np.column_stack([-signed, np.ones(len(signed))]), b_ub=np.zeros(len(signed)),
                  bounds=[(-1, 1)] * k + [(None, 1)], method="highs")
    infinite = tuple(n for n, b in zip(names, found.x, strict=True) if abs(b) > ZERO)
    return Separation("complete" if -gap.fun > ZERO else "quasi-complete", infinite)
