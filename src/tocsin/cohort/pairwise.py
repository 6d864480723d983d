"""The k-th smallest of all differences between two groups, without making them all where there are millions.

The number of differences up to a value is counted along the sorted groups; halving the range leaves few, and those are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tocsin.cohort.compare import Values

MAKE_ALL = 200_000
"""Up to so many differences all are made and sorted."""
FEW = 20_000


def ranked_differences(first: Values, second: Values, ranks: Sequence[int]) -> list[float]:
    """Of all differences first minus second, ordered, those at ``ranks`` (from 0); both groups have a value."""
    if len(first) * len(second) <= MAKE_ALL:
        between = np.sort(np.subtract.outer(first, second).ravel())
        return [float(between[r]) for r in ranks]
    (x, of_x), (y, of_y) = np.unique(first, return_counts=True), np.unique(second, return_counts=True)
    if len(x) * len(y) <= MAKE_ALL:
        between = np.subtract.outer(x, y).ravel()
        order = np.argsort(between, kind="stable")
        upto = np.cumsum(np.multiply.outer(of_x, of_y).ravel()[order])
        return [float(between[order[np.searchsorted(upto, r, "right")]]) for r in ranks]
    x, y = np.sort(first), np.sort(second)
    found = {r: _kth(x, y, r) for r in set(ranks)}
    return [found[r] for r in ranks]


def _kth(x: Values, y: Values, rank: int) -> float:
    low, high = float(x[0] - y[-1]), float(x[-1] - y[0])
    hair = 8 * np.finfo(float).eps * max(abs(float(v)) for v in (x[0], x[-1], y[0], y[-1]))
    fewer, upto = 0, len(x) * len(y)
    while upto - fewer > FEW and high - low > 4 * hair:
        middle = (low + high) / 2
        many = int((len(y) - np.searchsorted(y, x - middle, "left")).sum())
        if many > rank:
            high, upto = middle, many
        else:
            low, fewer = middle, many
    begin, end = np.searchsorted(y, x - (high + hair), "left"), np.searchsorted(y, x - (low - hair), "right")
    below = int((len(y) - end).sum())
    inside = np.concatenate([a - y[b:e] for a, b, e in zip(x, begin, end, strict=True) if e > b])
    return float(np.partition(inside, rank - below)[rank - below])
