"""How much each parameter moves what is seen: elasticities of the typical patient, and how well the cohort tells the parameters apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from clinical import HOURS, OUTPUTS, _outcome

from tocsin.model.compile import compile_system
from tocsin.model.load import load

STEP = 0.10                   # of the logarithm


def elasticities(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """For each parameter: d log(quantity) / d log(parameter), centrally; for temperature, pressure, oxygenation and times the change in their unit for 10 %."""
    system = load()
    names = [p.name for p in system.parameters if p.value > 0 and p.status not in ("definition", "chosen")]
    base = {p.name: p.value for p in system.parameters} | dict(values)
    table = np.tile(np.array([base[n] for n in system.parameter_names]), (1 + 2 * len(names), 1))
    for i, name in enumerate(names):
        p = next(p for p in system.parameters if p.name == name)
        for side, row in ((1, 1 + 2 * i), (-1, 2 + 2 * i)):
            moved = base[name] * np.exp(side * STEP)
            table[row, system.parameter_names.index(name)] = np.clip(moved, -np.inf if p.low is None else p.low, np.inf if p.high is None else p.high)
    found = compile_system(system, outputs=OUTPUTS).solve(table, None, HOURS / 24.0, rtol=1e-8, atol=1e-10).values
    seen = _seen(found)
    out = {}
    for i, name in enumerate(names):
        up, down = 1 + 2 * i, 2 + 2 * i
        k = system.parameter_names.index(name)
        width = float(np.log(table[up, k] / table[down, k]))
        out[name] = {what: float(np.log(max(v[up], 1e-12) / max(v[down], 1e-12)) / width) if logs else float((v[up] - v[down]) / width * 0.1)
                     for what, (v, logs) in seen.items()}
    return out


def _seen(values: np.ndarray) -> dict[str, tuple[np.ndarray, bool]]:
    o = _outcome(values, np.zeros(len(values), np.int64), np.zeros(len(values), np.bool_), {})
    peaks = {f"{n} peak": (v, True) for n, v in o.peaks.items()}
    return {**peaks, "highest temperature": (o.hottest, False), "lowest pressure": (values[:, :, OUTPUTS.index("map_mmhg")].min(axis=1), False),
            "lowest P/F": (values[:, :, OUTPUTS.index("pf_ratio")].min(axis=1), False), "onset": (np.nan_to_num(o.onset), False),
            "duration": (np.nan_to_num(o.end - o.onset), False)}
