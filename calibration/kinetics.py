"""Fits what a product's CAR-T cells do in blood to the published kinetics of that product: maximum a posteriori, typical patients of stated doses and burdens.

The published numbers are estimates of empirical models (lag, growth, two declines) or medians of concentrations.  The same empirical model is fitted to the
simulated curve of a typical patient, at the days on which such patients are sampled, and its estimates are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from tocsin.model.compile import compile_system
from tocsin.model.load import load
from tocsin.model.solver import Compiled

F64 = npt.NDArray[np.float64]

DAYS = np.array([*np.arange(0.0, 28.1, 0.25), 35.0, 42.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0])
SAMPLED = np.array([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 17, 21, 28, 42, 60, 90, 120, 180, 270, 365], float)
HALF = np.log(2.0)
POLISHED = 4                  # of the starts, with what else is fitted to
STEP = 0.03                   # of the logarithm of a parameter, for the slopes of the objective
Further = Callable[[Mapping[str, float]], tuple[Sequence[float], Mapping[str, float]]]


@dataclass(frozen=True)
class Setting:
    """A trial as the model sees it: parameters of its typical patient that are not fitted."""

    name: str
    sets: Mapping[str, float]


@dataclass(frozen=True)
class Fitted:
    """Parameters by name with the standard deviation of their logarithm (from the curvature of the objective), and the predictions by target."""

    values: Mapping[str, float]
    spread: Mapping[str, float]
    predicted: Mapping[str, float]
    objective: float
    prior: Mapping[str, float] = field(default_factory=dict)


def typical(compiled: Compiled, rows: Sequence[Mapping[str, float]]) -> F64:
    """CAR-T cells per uL (rows, DAYS) of patients with these parameters."""
    system = compiled.system
    table = np.tile(np.array([p.value for p in system.parameters]), (len(rows), 1))
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[i, system.parameter_names.index(name)] = value
    return np.maximum(compiled.solve(table, None, DAYS, rtol=1e-6, atol=1e-9).values[:, :, 0], 1e-9)


def peak(curve: F64) -> tuple[float, float]:
    """Day and height of the highest value from day 3 on, by a parabola through the logarithms about it."""
    inside = np.flatnonzero((DAYS >= 3.0) & (DAYS <= 42.0))
    k = int(inside[np.argmax(curve[inside])])
    if k in (inside[0], inside[-1]) or DAYS[k] > 27.5:
        return float(DAYS[k]), float(curve[k])
    a, b, c = np.polyfit(DAYS[k - 1:k + 2] - DAYS[k], np.log(curve[k - 1:k + 2]), 2)
    shift = -b / (2 * a)
    return float(DAYS[k] + shift), float(np.exp(c + b * shift + a * shift**2))


def declines(curve: F64, tmax: float, cmax: float) -> tuple[float, float]:
    """Half-lives in days of the first and the last decline: two exponentials through the peak, fitted to the logarithms at the sampled days after it."""
    after = SAMPLED[tmax < SAMPLED]
    y = np.interp(after, DAYS, np.log(curve / cmax))
    gone = after - tmax

    def miss(q: F64) -> F64:
        alpha, beta, share = np.exp(q[0]), np.exp(q[1]), 1.0 / (1.0 + np.exp(-q[2]))
        return np.asarray(np.log((1 - share) * np.exp(-alpha * gone) + share * np.exp(-beta * gone) + 1e-300) - y)

    found = least_squares(miss, [np.log(0.16), np.log(0.003), -4.0]).x
    fast, slow = sorted(found[:2], reverse=True)
    return HALF / float(np.exp(fast)), HALF / float(np.exp(slow))


def growth(curve: F64, tmax: float, cmax: float) -> tuple[float, float, float]:
    """Lag in days, doubling time in days and fold expansion of a flat level followed by exponential growth to the peak, fitted to the logarithms."""
    before = np.arange(1.0, max(tmax - 0.5, 3.0), 0.05)
    y = np.interp(before, DAYS, np.log(curve / cmax))

    lags = np.arange(0.0, max(tmax - 1.0, 0.5), 0.02)
    x = tmax - np.maximum(before[None], lags[:, None])
    rates = -(x * y).sum(axis=1) / (x * x).sum(axis=1)
    miss = ((y + rates[:, None] * x) ** 2).sum(axis=1)
    k = int(np.argmin(miss))
    lag, rate = lags[k], rates[k]
    if 0 < k < len(lags) - 1:  # the least of the parabola through the best three
        a, b, c = miss[k - 1:k + 2]
        lag += 0.02 * 0.5 * (a - c) / max(a - 2 * b + c, 1e-300)
    late = SAMPLED[(SAMPLED >= 4.0) & (tmax >= SAMPLED)]
    # the growth that a model without a lag sees: a straight line from the first samples to the peak
    slope = np.polyfit([*late, tmax], np.log([*np.interp(late, DAYS, curve), cmax]), 1)[0] if len(late) > 1 else rate
    return float(lag), HALF / float(rate), float(np.exp(slope * tmax))


def measures(curve: F64) -> dict[str, float]:
    """What trials report of such a curve."""
    tmax, cmax = peak(curve)
    alpha, beta = declines(curve, tmax, cmax)
    lag, doubling, fold = growth(curve, tmax, cmax)
    early = DAYS <= 28.0
    at = {f"d{d}": float(np.interp(d, DAYS, curve)) for d in (7, 14, 28, 90)}
    return {"tmax": tmax, "cmax": cmax, "alpha": alpha, "beta": beta, "lag": lag, "doubling": doubling, "fold": fold,
            "no_lag_doubling": HALF / max(np.log(fold) / tmax, 1e-9), "auc": float(np.trapezoid(curve[early], DAYS[early])), **at}


@dataclass(frozen=True)
class Aim:
    """One number of one setting: which measure, what it should be, and the standard deviation of its logarithm."""

    target: str
    setting: str
    measure: str
    value: float
    sd: float


def fit(settings: Sequence[Setting], aims: Sequence[Aim], free: Mapping[str, tuple[float, float]], shared: Mapping[str, float],
        class_only: Mapping[str, str] | None = None, *,
        further: Further | None = None, seed: int = 1, starts: int = 6, tell: Callable[[str], None] = print) -> Fitted:
    """Find ``free`` (name: prior median, prior sd of the logarithm) so that the aims are met.

    ``class_only``: free factors ("factor:parameter") that only act in the named setting.
    Begun ``starts`` times, from the prior medians and about them, by the kinetics alone, and a few times by the whole objective; the best few by the
    whole objective are gone on with.
    ``further``: residuals and predictions of something else by the same parameters, such as the course of a population.
    """
    compiled = compile_system(load(), outputs=("car_blood_per_ul",))
    low, high = ({p.name: (getattr(p, what) or fallback) for p in compiled.system.parameters} for what, fallback in (("low", 1e-9), ("high", 1e9)))
    whole = True  # or by the kinetics alone
    names = list(free)
    centre = np.log([free[n][0] for n in names])
    spread = np.array([free[n][1] for n in names])
    only = dict(class_only or {})

    def rows(logs: F64) -> list[dict[str, float]]:
        out = []
        for s in settings:
            row = {**shared, **s.sets}
            for n, v in zip(names, logs, strict=True):
                if n not in only:
                    row[n] = float(np.exp(v))
            for n, v in zip(names, logs, strict=True):
                if only.get(n) == s.name:
                    what = n.partition(":")[2]
                    row[what] = row[what] * float(np.exp(v))
            out.append({k: float(np.clip(v, low[k], high[k])) for k, v in row.items()})
        return out

    def named(logs: F64) -> dict[str, float]:
        return {**shared, **{n: float(np.clip(np.exp(v), low[n], high[n])) for n, v in zip(names, logs, strict=True) if n not in only}}

    def predictions(many: F64) -> list[dict[str, float]]:
        curves = typical(compiled, [row for logs in many for row in rows(logs)])
        k = len(settings)
        found = []
        for i in range(len(many)):
            of = {s.name: measures(curves[i * k + j]) for j, s in enumerate(settings)}
            found.append({a.target: of[a.setting][a.measure] for a in aims})
        return found

    def residuals(found: Mapping[str, float], logs: F64) -> F64:
        more = further(named(logs))[0] if further is not None and whole else ()
        return np.array([*more, *((np.log(max(found[a.target], 1e-12)) - np.log(a.value)) / a.sd for a in aims), *((logs - centre) / spread)])

    def both(logs: F64) -> tuple[F64, F64]:
        many = np.vstack([logs, *(logs + STEP * e for e in np.eye(len(logs))), *(logs - STEP * e for e in np.eye(len(logs)))])
        found = [residuals(f, x) for f, x in zip(predictions(many), many, strict=True)]
        d = len(logs)
        return found[0], np.array([(found[1 + i] - found[1 + d + i]) / (2 * STEP) for i in range(d)]).T

    def search(begin: F64) -> tuple[F64, F64, F64]:
        """Levenberg-Marquardt, several dampings tried at once."""
        best, damping = begin, 1.0
        value, slope = both(best)
        for _ in range(40):
            dampings = damping * np.array([0.01, 0.1, 1.0, 10.0, 100.0])
            steps = [best - np.linalg.solve(slope.T @ slope + d * np.eye(len(best)), slope.T @ value) for d in dampings]
            steps = [np.clip(s, best - 0.7, best + 0.7) for s in steps]
            tried = [float((residuals(f, s) ** 2).sum()) for f, s in zip(predictions(np.array(steps)), steps, strict=True)]
            k = int(np.argmin(tried))
            if tried[k] > (value @ value) * (1 - 1e-3):
                if damping > 1e6:
                    break
                damping *= 100.0
                continue
            best, damping = steps[k], max(dampings[k], 1e-6)
            value, slope = both(best)
        return best, value, slope

    rng = np.random.default_rng(seed)
    begins = [centre, *(centre + 0.5 * spread * rng.standard_normal(len(names)) for _ in range(starts - 1))]
    whole = False
    ends = [search(b)[0] for b in begins]
    whole = True
    if further is not None:  # and from the prior medians and about them by the whole objective at once
        ends += [search(b)[0] for b in begins[:POLISHED]]
    ends.sort(key=lambda logs: float((residuals(predictions(logs[None])[0], logs) ** 2).sum()))
    found = [search(logs) for logs in (ends[:POLISHED] if further is not None else ends[:1])]
    tell("  objectives " + ", ".join(f"{v @ v:.1f}" for _, v, _ in found))
    best, value, slope = min(found, key=lambda one: float(one[1] @ one[1]))
    cover = np.linalg.inv(slope.T @ slope)
    return Fitted({n: float(np.exp(v)) for n, v in zip(names, best, strict=True)}, {n: float(v) for n, v in zip(names, np.sqrt(np.diag(cover)), strict=True)},
                  {**predictions(best[None])[0], **(further(named(best))[1] if further is not None else {})}, float(value @ value),
                  {n: free[n][0] for n in names})
