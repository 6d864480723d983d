"""Gray's test that groups have the same cumulative incidence of one cause (gray1988), as R's cmprsk computes it.

In group r let n be at risk, S the survival from all causes, F the incidence of the cause, h = n / S(t-), R = h (1 - F(t-)).  The score of
group k is the sum over event times of w (d_k - R_k d / R), d and R without index being sums over groups: it compares subdistribution
hazards.  Its variance takes the incidence under the null hypothesis, dF0 = d / sum of h.  An event of the cause at u in group r moves score k by

    a = w (1[k = r] - h_k / h) + (1 - (1 - F0) / S_r) c / h_r,      one of another cause by    b = (1 - F0) / S_r c / h_r,

with c the sum over t > u of w (1[k = r] - h_k / h) h_r dF0 / (1 - F0(t-)).  The weight w is (1 - F0(t-))^rho.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.cohort.result import TestResult
from tocsin.cohort.survival import Bools, Floats, Ints, Survival, groups_of, nobody
from tocsin.cohort.tails import chi_squared_p
from tocsin.errors import CohortError

CITES = ("gray1988:K-sample test of cumulative incidence",)
FEW_EVENTS = 5


@dataclass(frozen=True, eq=False)
class GrayTest:
    """The test, with the events of the cause in each group; ``dropped`` rows lacked time, event, group or stratum."""

    test: TestResult
    cause: str
    groups: tuple[str, ...]
    events: tuple[int, ...]
    dropped: int


def gray_test(data: Survival, groups: Iterable[object], cause: str, *, strata: Iterable[object] | None = None, rho: float = 0.0,
              levels: Sequence[object] | None = None) -> GrayTest:
    """Whether the groups have the same cumulative incidence of ``cause``."""
    if data.entry is not None:
        raise CohortError("Gray's test is not defined for late entry; compare cause-specific hazards (cox, log_rank of of_cause) instead.")
    code = data.code(cause)
    codes, names = groups_of(groups, len(data), "groups", levels)
    layer = np.zeros(len(data), np.int64) if strata is None else groups_of(strata, len(data), "strata")[0]
    kept = data.known & (codes >= 0) & (layer >= 0)
    nobody(kept, "a known time, event, group and stratum")
    n = tuple(int((kept & (codes == g)).sum()) for g in range(len(names)))
    present = [g for g in range(len(names)) if n[g]]
    if len(present) < 2:
        raise CohortError(f"Only the group {names[present[0]]} has anybody: a comparison needs two.")
    events = tuple(int((kept & (codes == g) & (data.event == code)).sum()) for g in range(len(names)))
    if not sum(events):
        raise CohortError(f"Nobody of {int(kept.sum())} had {cause}: there is nothing to compare.")
    index = np.searchsorted(present, codes)
    score, covariance = np.zeros(len(present)), np.zeros((len(present), len(present)))
    for s in np.unique(layer[kept]):
        u, v = _stratum(data, kept & (layer == s), index, len(present), code, rho)
        score, covariance = score + u, covariance + v
    df = len(present) - 1
    if np.linalg.matrix_rank(covariance[:-1, :-1]) < df:
        raise CohortError(f"The variance of Gray's test of {cause} is 0: nobody had it while two of the groups were at risk.")
    value = float(score[:-1] @ np.linalg.solve(covariance[:-1, :-1], score[:-1]))
    warned = [f"{names[g]}: nobody; the group is left out." for g in range(len(names)) if not n[g]]
    few = [f"{names[g]} ({events[g]})" for g in present if events[g] < FEW_EVENTS]
    if few:
        warned.append(f"Few events of {cause} in {', '.join(few)}: the chi-squared approximation is rough.")
    variant = ("stratified" if strata is not None else "") + (f"rho = {rho:g}" if rho else "")
    test = TestResult("Gray's test", chi_squared_p(value, df), value, "chi-squared", (df,), variant, n, cites=CITES, warnings=tuple(warned))
    return GrayTest(test, cause, names, events, int((~kept).sum()))


def _stratum(data: Survival, here: Bools, codes: Ints, k: int, code: int, rho: float) -> tuple[Floats, Floats]:
    """Score and covariance within one stratum."""
    time, event, group = data.time[here], data.event[here], codes[here]
    times = np.unique(time[event > 0])
    shape = (k, len(times))
    n, mine, others = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for g in range(k):
        own = group == g
        n[g] = own.sum() - np.searchsorted(np.sort(time[own]), times, side="left")
        mine[g] = np.bincount(np.searchsorted(times, time[own & (event == code)]), minlength=len(times))
        others[g] = np.bincount(np.searchsorted(times, time[own & (event > 0) & (event != code)]), minlength=len(times))
    here_n = n > 0
    s = np.cumprod(1.0 - np.divide(mine + others, n, out=np.zeros(shape), where=here_n), axis=1)
    before = np.hstack([np.ones((k, 1)), s[:, :-1]])[:, : len(times)]
    f = np.cumsum(before * np.divide(mine, n, out=np.zeros(shape), where=here_n), axis=1)
    h = np.divide(n, before, out=np.zeros(shape), where=here_n & (before > 0))
    risk = h * (1.0 - np.hstack([np.zeros((k, 1)), f[:, :-1]])[:, : len(times)])
    d, h_all = mine.sum(axis=0), h.sum(axis=0)
    null = np.divide(d, h_all, out=np.zeros(len(times)), where=h_all > 0)
    f0 = np.cumsum(null)
    f0_before = f0 - null
    weight = np.maximum(1.0 - f0_before, 0.0) ** rho
    score = (weight * (mine - risk * np.divide(d, risk.sum(axis=0), out=np.zeros(len(times)), where=risk.sum(axis=0) > 0))).sum(axis=1)
    covariance = np.zeros((k, k))
    for r in range(k):
        moves = weight * ((np.arange(k) == r)[:, None] - np.divide(h, h_all, out=np.zeros(shape), where=h_all > 0))
        step = moves * h[r] * np.divide(null, 1.0 - f0_before, out=np.zeros(len(times)), where=f0_before < 1)
        later = np.cumsum(step[:, ::-1], axis=1)[:, ::-1] - step
        per = np.divide(1.0, h[r], out=np.zeros(len(times)), where=h[r] > 0)
        ratio = np.divide(1.0 - f0, s[r], out=np.zeros(len(times)), where=s[r] > 0)
        a = moves + per * np.where(s[r] > 0, 1.0 - ratio, 1.0) * later
        b = per * ratio * later
        effective = h_all * before[r] - 1.0
        tie = 1.0 - np.divide(np.maximum(d - 1.0, 0.0), effective, out=np.zeros(len(times)), where=effective > 0)
        other_tie = 1.0 - np.divide(np.maximum(others[r] - 1.0, 0.0), n[r] - 1.0, out=np.zeros(len(times)), where=n[r] > 1)
        covariance += (a * (h[r] * null * tie)) @ a.T + (b * (others[r] * other_tie)) @ b.T
    return score, covariance
