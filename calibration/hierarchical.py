"""A Bayesian hierarchical fit of the model to the patients of a cohort: parameters of each patient about those of the population.

Each patient's parameters are log-normal about the population's median; the medians have log-normal priors, the variances and the residual errors scaled
inverse chi-squared ones.  Errors are Student t (4 degrees of freedom) on the logarithm; values beyond a limit count by the probability of lying there.
Sampled by Metropolis within Gibbs: a patient's parameters by differences between past states of that patient (ter Braak and Vrugt, Stat Comput 2008;18:435)
and by steps that keep the prior; medians and variances from their conditional distributions and, together with all patients, by differences between past
medians or at random.  Several chains run side by side, which gives the convergence statistic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cd22 import ANALYTES, Cohort
from individual import FEVER, GIVEN, Model, Prediction
from scipy.special import ndtr
from scipy.stats import t as student

F64 = npt.NDArray[np.float64]

FREEDOM = 4.0                 # of the residual errors
ONSET_SD = 1.5                # days: the day of onset is told as a whole number, by a chart
SEVERITY_SD = 0.4             # of the step from what is given to what is graded
HEAT_SD = 0.4                 # deg C by which the highest temperature of a patient without CRS may exceed 38
PEAK_FEVER, PEAK_FEVER_SD = 39.4, 0.5  # deg C, of patients with CRS, whose temperatures are not in the tables: 95 % of 108 others had 38.6 or more
PRIOR_FREEDOM = 6.0           # weight of the prior of a variance, in patients
ERROR_PRIOR = 0.5             # residual error on the logarithm
ERROR_FREEDOM = 4.0
SLOTS = 240                   # past states of a chain, evenly over the second quarter of the sweeps once that is done


@dataclass(frozen=True)
class Prior:
    """What is expected of one parameter.

    The median of the population is log-normal about ``median`` with the standard deviation ``spread`` of its logarithm; ``omega``: the
    standard deviation of the logarithm between patients, as expected.  ``source`` of the median, a key of the references of the model.
    """

    name: str
    median: float
    spread: float
    omega: float
    source: str = "assumed"


@dataclass(frozen=True)
class Draws:
    """What was sampled.

    ``median`` (kept, chains, parameters) logarithms, ``omega`` the same, ``error`` (kept, chains, analytes), ``patients`` (kept, chains,
    patients, parameters), ``days`` (kept, chains, patients, 2), ``logs`` (kept, chains) log density of the measurements; ``accepted`` share of moves.
    """

    names: tuple[str, ...]
    median: F64
    omega: F64
    error: F64
    patients: F64
    days: F64
    logs: F64
    accepted: float


def likelihood(cohort: Cohort, patient: npt.NDArray[np.int64], found: Prediction, error: F64) -> F64:
    """Log density of each row's patient's measurements, onset and grade; ``error`` (rows, analytes)."""
    analyte, value, censored = cohort.analyte[patient], cohort.value[patient], cohort.censored[patient]
    there = analyte >= 0
    sd = np.take_along_axis(error, np.maximum(analyte, 0), axis=1)
    z = (value - found.values) / sd
    inside = -0.5 * (FREEDOM + 1) * np.log1p(z * z / FREEDOM) - np.log(sd)
    out = np.where(there & (censored == 0), inside, 0.0)
    for side in (-1, 1):
        at = there & (censored == side)
        if at.any():
            out[at] = student.logsf(side * z[at], FREEDOM) if side > 0 else student.logcdf(z[at], FREEDOM)
    total = out.sum(axis=1)
    told, grade = cohort.onset[patient], cohort.grade[patient]
    crs = np.isfinite(told)
    fever = np.isfinite(found.onset)
    miss = np.where(fever, np.abs(np.where(fever, found.onset, 0.0) - np.nan_to_num(told)), 0.0) / ONSET_SD
    cold = (found.hottest - PEAK_FEVER) / PEAK_FEVER_SD
    hot = np.maximum(found.hottest - FEVER, 0.0) / HEAT_SD
    # a fever that never comes costs as much as one 4 standard deviations late, and its height counts as well
    late = np.log1p(np.where(fever, miss, 4.0) ** 2 / FREEDOM) * (FREEDOM + 1) / 2
    total += np.where(crs, -late - 0.5 * cold**2, -0.5 * hot**2)
    least, most = np.where(grade <= 1, -np.inf, grade), np.where(grade >= 4, np.inf, np.maximum(grade + 1, 2))
    chance = ndtr((most - found.severity) / SEVERITY_SD) - ndtr((least - found.severity) / SEVERITY_SD)
    return np.asarray(total + np.log(np.maximum(chance, 1e-12)))


def sample(
    cohort: Cohort, model: Model, priors: tuple[Prior, ...], *, seed: int, chains: int = 6, sweeps: int = 3000, keep: int = 300, thin: int = 5,
    tell: Callable[[str], None] = print,
) -> Draws:
    """Run the chains for ``sweeps`` and keep the last ``keep`` * ``thin`` of them, every ``thin``-th."""
    rng = np.random.default_rng(seed)
    n, d, extra = len(cohort), len(priors), len(GIVEN)
    rows = n * chains
    patient = np.tile(np.arange(n), chains)
    centre = np.log([p.median for p in priors])
    spread, expected = (np.array([getattr(p, what) for p in priors]) for what in ("spread", "omega"))
    median = centre + spread * rng.standard_normal((chains, d))
    omega = np.tile(expected, (chains, 1))
    error = np.full((chains, len(ANALYTES)), ERROR_PRIOR)
    low, high = np.log(np.maximum(model.low, 1e-12)) + 1e-9, np.log(model.high) - 1e-9
    begin = np.clip(np.repeat(median, n, axis=0) + expected * rng.standard_normal((rows, d)), low, high)
    state = np.concatenate([begin, rng.standard_normal((rows, extra))], axis=1)
    found, ok = model.predict(patient, state[:, :d], state[:, d:])
    density = np.where(ok, likelihood(cohort, patient, found, np.repeat(error, n, axis=0)), -np.inf)
    archive = np.empty((n, SLOTS * chains, d + extra))  # the oldest is overwritten
    archive[:, :, :d] = np.clip(centre + expected * rng.standard_normal((n, SLOTS * chains, d)), low, high)
    archive[:, :, d:] = rng.standard_normal((n, SLOTS * chains, extra))
    medians = centre + 0.3 * spread * rng.standard_normal((SLOTS * chains, d))
    every, filled, oldest, taken, tried = max(sweeps // (4 * SLOTS), 1), 12 * chains, 0, 0.0, 0
    kept: dict[str, list[F64]] = {k: [] for k in ("median", "omega", "error", "patients", "days", "logs")}

    def prior_of(at: F64) -> F64:
        z = (at[:, :d] - np.repeat(median, n, axis=0)) / np.repeat(omega, n, axis=0)
        return np.asarray(-0.5 * (z * z).sum(axis=1) - 0.5 * (at[:, d:] ** 2).sum(axis=1))

    def compare(at: F64, error: F64) -> tuple[Prediction, F64]:
        new, ok = model.predict(patient, at[:, :d], at[:, d:])
        out = np.full(rows, -np.inf)
        good = ok & np.isfinite(new.values).all(axis=1)
        if good.any():
            these = Prediction(new.values[good], new.onset[good], new.hottest[good], new.severity[good])
            out[good] = likelihood(cohort, patient[good], these, np.repeat(error, n, axis=0)[good])
        return new, out

    for sweep in range(sweeps):
        # the parameters of each patient
        a, b = rng.integers(0, filled, (2, rows))
        chosen = rng.random((rows, d + extra)) < rng.choice([0.08, 0.2, 0.5, 1.0], rows)[:, None]
        chosen[np.arange(rows), rng.integers(0, d + extra, rows)] = True
        count = chosen.sum(axis=1)
        reach = np.where(rng.random(rows) < 0.1, 1.0, 2.38 / np.sqrt(2.0 * count) * rng.choice([0.3, 0.6, 1.0], rows))
        step = reach[:, None] * (archive[patient, a] - archive[patient, b]) * (1 + rng.uniform(-0.1, 0.1, (rows, d + extra)))
        step += 0.01 * rng.standard_normal(step.shape)
        tried_state = state + np.where(chosen, step, 0.0)
        gain = prior_of(tried_state) - prior_of(state)
        if sweep % 2:  # by turns a step that keeps the prior, whatever its size: what the data leave open moves far (Cotter et al., Stat Sci 2013;28:424)
            mean = np.concatenate([np.repeat(median, n, axis=0), np.zeros((rows, extra))], axis=1)
            scale = np.concatenate([np.repeat(omega, n, axis=0), np.ones((rows, extra))], axis=1)
            new_share = rng.choice([0.1, 0.3, 0.7], rows)[:, None]
            anew = mean + np.sqrt(1 - new_share**2) * (state - mean) + new_share * scale * rng.standard_normal(step.shape)
            tried_state, gain = np.where(chosen, anew, state), np.zeros(rows)
        new, new_density = compare(tried_state, error)
        accept = np.log(rng.random(rows)) < new_density - density + gain
        state = np.where(accept[:, None], tried_state, state)
        density = np.where(accept, new_density, density)
        found = found.take(accept, new)
        taken, tried = taken + float(accept.mean()), tried + 1
        # the population
        of = state[:, :d].reshape(chains, n, d)
        weight = n / omega**2 + 1 / spread**2
        median = (of.sum(axis=1) / omega**2 + centre / spread**2) / weight + rng.standard_normal((chains, d)) / np.sqrt(weight)
        squares = ((of - median[:, None]) ** 2).sum(axis=1)
        omega = np.sqrt((PRIOR_FREEDOM * expected**2 + squares) / rng.chisquare(PRIOR_FREEDOM + n, (chains, d)))
        # medians or variances together with all patients: what the data leave open hardly moves by the conditional steps alone
        turn = rng.random((chains, d)) < rng.choice([0.05, 0.2, 0.5], chains)[:, None]
        turn[np.arange(chains), rng.integers(0, d, chains)] = True
        one_by_one = np.sqrt(turn.sum(axis=1, keepdims=True))
        far = rng.choice([0.1, 0.5, 2.0], chains)[:, None] / one_by_one * turn * rng.standard_normal((chains, d))
        if sweep % 3:
            if sweep % 3 == 1:
                a, b = rng.integers(0, filled, (2, chains))
                shift = rng.choice([0.3, 0.6, 1.0], chains)[:, None] * 1.68 / one_by_one * turn * (medians[a] - medians[b])
            else:
                shift = far * spread
            new_median, new_omega = median + shift, omega
            own = (-0.5 * ((new_median - centre) ** 2 - (median - centre) ** 2) / spread**2).sum(axis=1)
        else:
            new_median, new_omega = median, omega * np.exp(0.5 * far)
            own = (-PRIOR_FREEDOM * (np.log(new_omega) - np.log(omega)) - 0.5 * PRIOR_FREEDOM * expected**2 * (new_omega**-2 - omega**-2)).sum(axis=1)
        moved = new_median[:, None] + (of - median[:, None]) * (new_omega / omega)[:, None]
        tried_state = np.concatenate([moved.reshape(rows, d), state[:, d:]], axis=1)
        new, new_density = compare(tried_state, error)
        gain = (new_density - density).reshape(chains, n).sum(axis=1) + own
        accept = np.log(rng.random(chains)) < gain
        median, omega = np.where(accept[:, None], new_median, median), np.where(accept[:, None], new_omega, omega)
        each = np.repeat(accept, n)
        state, density, found = np.where(each[:, None], tried_state, state), np.where(each, new_density, density), found.take(each, new)
        of = state[:, :d].reshape(chains, n, d)
        for _ in range(2):
            error, density = _errors(cohort, patient, found, error, density, chains, rng)
        if sweep % every == 0 and sweep < sweeps // 2:  # held from then on, so that what is kept is of a chain that does not adapt
            now = np.arange(chains) + oldest % SLOTS * chains
            archive[:, now], medians[now] = state.reshape(chains, n, d + extra).swapaxes(0, 1), median
            oldest += 1
            filled = max(filled, min(oldest, SLOTS) * chains)
        if sweep >= sweeps - keep * thin and (sweep - sweeps) % thin == 0:
            for name, value in (("median", median), ("omega", omega), ("error", error), ("patients", of),
                                ("days", state[:, d:].reshape(chains, n, extra)), ("logs", density.reshape(chains, n).sum(axis=1))):
                kept[name].append(value.copy())
        if sweep % max(sweeps // 20, 1) == 0:
            tell(f"sweep {sweep}: log density {density.reshape(chains, n).sum(axis=1).round(0)}, moves accepted {taken / tried:.2f}, "
                 f"errors {error.mean(axis=0).round(2)}")
    return Draws(tuple(p.name for p in priors), *(np.array(kept[k]) for k in ("median", "omega", "error", "patients", "days", "logs")), taken / tried)


def _errors(cohort: Cohort, patient: npt.NDArray[np.int64], found: Prediction, error: F64, density: F64, chains: int, rng: np.random.Generator
            ) -> tuple[F64, F64]:
    """A move of the residual errors of all analytes together, each chain on its own."""
    n = len(density) // chains
    new = error * np.exp(0.12 * rng.standard_normal(error.shape))
    proposed = likelihood(cohort, patient, found, np.repeat(new, n, axis=0))

    def prior(e: F64) -> F64:
        return np.asarray(-(ERROR_FREEDOM * np.log(e) + 0.5 * ERROR_FREEDOM * ERROR_PRIOR**2 / e**2).sum(axis=1))

    gain = (proposed - density).reshape(chains, n).sum(axis=1) + prior(new) - prior(error)
    accept = np.log(rng.random(chains)) < gain
    return np.where(accept[:, None], new, error), np.where(np.repeat(accept, n), proposed, density)


def convergence(draws: F64) -> F64:
    """The potential scale reduction (Gelman and Rubin) of draws (kept, chains, ...): near 1 where the chains agree."""
    k = len(draws)
    within = draws.var(axis=0, ddof=1).mean(axis=0)
    between = draws.mean(axis=0).var(axis=0, ddof=1)
    return np.asarray(np.sqrt(((k - 1) / k * within + between) / np.maximum(within, 1e-300)))
