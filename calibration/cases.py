"""Fit the recipes of the published cases (papers 000, 001, 002) to the facts that their papers state.

    python calibration/cases.py            # fit, and say what is met
    python calibration/cases.py --write    # and write src/tocsin/cases/recipes/paperNNN.fitted.toml

Maximum a posteriori: each statement is normal or log-normal about the model's value (a bound is censored), each moving parameter log-normal about its
population, at most 3.5 standard deviations away and within the bounds of its table.  Differential evolution with a fixed seed, all candidates of a
generation solved in one call, then L-BFGS-B from the best.  It starts from whatever the model's tables hold, and from the values written before
where they suit.  Needs SciPy (pip install "tocsin[stats]").
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import differential_evolution, minimize
from scipy.stats import qmc

from tocsin.cases import CASES
from tocsin.cases.individual import Individual, prior
from tocsin.cases.recipe import Fit, fit_file, fit_text, fitted, recipe
from tocsin.errors import ModelError

F64 = npt.NDArray[np.float64]

SEED = 20240630
CANDIDATES = 256
"""Candidates of a generation."""
GENERATIONS = 160
POLISH = 60
"""Iterations of the local search."""
STEP = 1e-4
"""Step of the differences of its gradient, in standard deviations."""
RECIPES = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "cases" / "recipes"


def fit(individual: Individual) -> tuple[F64, int]:
    """The best candidate (moving,), as standard deviations from the medians, and how many were tried."""
    tried = 0

    def many(columns: F64) -> F64:
        nonlocal tried
        tried += columns.shape[1]
        return individual.objective(np.ascontiguousarray(columns.T))

    found = differential_evolution(
        many, individual.bounds, init=_start(individual), strategy="currenttobest1bin", mutation=(0.4, 0.9), recombination=0.7, maxiter=GENERATIONS, tol=1e-8,
        polish=False, rng=np.random.default_rng(SEED), vectorized=True, updating="deferred")
    best: F64 = found.x

    def with_gradient(x: F64) -> tuple[float, F64]:
        nonlocal tried
        steps = STEP * np.eye(len(x))
        values = individual.objective(np.concatenate([x[None, :], x + steps, x - steps]))
        tried += len(values)
        return float(values[0]), (values[1:len(x) + 1] - values[len(x) + 1:]) / (2.0 * STEP)

    polished = minimize(with_gradient, best, jac=True, method="L-BFGS-B", bounds=individual.bounds, options={"maxiter": POLISH})
    return (np.asarray(polished.x) if polished.fun <= found.fun else best), tried


def _start(individual: Individual) -> F64:
    """The first generation: the medians, the values fitted before where they suit, and the prior evenly covered."""
    low, high = individual.bounds.T
    drawn = qmc.MultivariateNormalQMC(np.zeros(len(low)), rng=np.random.default_rng(SEED)).random(CANDIDATES)
    drawn[0] = 0.0
    with contextlib.suppress(ModelError):
        drawn[1] = individual.standard(fitted(individual.recipe.case).values)
    return np.clip(drawn, low, high)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def said(individual: Individual, best: F64, tried: int) -> Fit:
    """The fit, printed fact by fact and parameter by parameter."""
    one = best[None, :]
    measured = individual.measured(individual.outputs(one), one)
    distances = individual.distances(measured)
    met = individual.met(distances)[0]
    facts = individual.recipe.facts
    _say(f"\nCase {individual.recipe.case}: {met.sum()} of {len(facts)} statements met")
    for fact, got, ok, off in zip(facts, measured[0], met, distances[0], strict=True):
        stated = f"stated {fact.bound or ' '}{fact.value:<9.5g} model {got:<9.5g}"
        _say(f"  {'met   ' if ok else 'MISSED'} {fact.id:36s} {stated} {fact.unit:10s} ({off:+.1f} spreads)")
    for name, value, z in sorted(zip(individual.names, individual.values(best).values(), best, strict=True), key=lambda row: -abs(row[2])):
        _say(f"    {name:24s} {value:<11.5g} median {individual.entries[name].value:<9.4g} {z:+.2f} sd")
    misfit, improbable = float(individual.misfit(distances)[0]), float(prior(one)[0])
    _say(f"  objective {misfit + improbable:.3f} = facts {misfit:.3f} + prior {improbable:.3f}; {tried} candidates")
    return Fit(individual.digest(), misfit + improbable, misfit, improbable, SEED, tried, tuple(f.id for f, ok in zip(facts, met, strict=True) if ok),
               tuple(f.id for f, ok in zip(facts, met, strict=True) if not ok), individual.values(best))


def main() -> int:
    """Fit every case, or the one named."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write the values beside the recipes")
    options.add_argument("--case", choices=sorted(CASES), help="only this one")
    asked = options.parse_args()
    for name in [asked.case] if asked.case else sorted(CASES):
        begun = time.perf_counter()
        individual = Individual.of(recipe(name))
        found = said(individual, *fit(individual))
        if asked.write:
            (RECIPES / fit_file(name)).write_text(fit_text(name, found), encoding="utf-8")
        _say(f"  {time.perf_counter() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
