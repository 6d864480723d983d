"""The course of CRS in a treated population, as trials report it: onset, fever, severity and duration, under a stated management.

The management stands in for that of the trials: tocilizumab 8 mg/kg (at most 800 mg) 6 hours after what supportive care does would make grade 3; if that is
still so a day later, a second dose and dexamethasone 10 mg every 6 hours, 8 doses.  Patients are followed once without drugs, again with the first dose, and
again with both, so that each dose comes when it was decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from individual import past, thresholds

from tocsin.model.care import policy
from tocsin.model.compile import compile_system
from tocsin.model.dosing import Doses, events
from tocsin.model.observe import lost_of_ice, observing
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.population import population as default_population
from tocsin.model.solver import Compiled
from tocsin.model.system import Parameter, System

F64 = npt.NDArray[np.float64]

PEAKS = ("il6_blood", "ifn_gamma", "il10", "crp", "ferritin", "car_blood_per_ul")
OUTPUTS = ("temperature_c", "map_mmhg", "pf_ratio", *PEAKS, "tumour_marrow", "ice_drive")
LAST_DAY = 35
HOURS = np.arange(LAST_DAY * 24 + 1.0)
DELAY, AGAIN = 6.0, 24.0      # hours from severity to the first dose, and from that to the second
DEX_EVERY, DEX_DOSES, DEX_MG = 6.0, 8, 10.0
FEVER, HIGH_FEVER = 38.0, 38.6
AGES = (3.0, 25.0)            # years; the median of the trials was 12
REMISSION = 0.1               # 1e9 cells: one in 1e4 of about 1e12 cells of the marrow (assumed)


@dataclass(frozen=True)
class Outcome:
    """What became of each patient.

    ``onset`` and ``end`` of CRS, ``fever_days`` of fever, in days (NaN: none), ``hottest`` deg C, ``grade`` 0 to 4, ``to_4`` days from onset to grade 4
    (NaN: never), ``tocilizumab`` doses, ``steroids``; ``peaks`` by output, ``il6_rose`` 1 where interleukin-6 two days after the first tocilizumab is not
    below that at the dose (NaN: no dose), ``lasting``: CRS not over at the last day, ``to_3`` days
    from the infusion to grade 3 (NaN: never), ``ice_lost`` the largest share of the ICE score lost, ``tumour`` in marrow on day 28, 1e9 cells.
    """

    onset: F64
    end: F64
    fever_days: F64
    hottest: F64
    grade: F64
    to_4: F64
    to_3: F64
    tocilizumab: npt.NDArray[np.int64]
    steroids: npt.NDArray[np.bool_]
    lasting: npt.NDArray[np.bool_]
    peaks: Mapping[str, F64]
    il6_rose: F64
    ice_lost: F64
    tumour: F64
    supported: Mapping[str, npt.NDArray[np.bool_]]


def changed(system: System, values: Mapping[str, float], spread: Mapping[str, float]) -> System:
    """The system with other medians, and other variability (standard deviation of the logarithm) where that is named."""
    def one(p: Parameter) -> Parameter:
        cv = float(np.sqrt(np.expm1(spread[p.name] ** 2))) if p.name in spread else p.cv
        return replace(p, value=float(values.get(p.name, p.value)), cv=cv)

    return replace(system, parameters=tuple(one(p) for p in system.parameters))


def severity(values: F64) -> F64:
    """2, 3, 4 where supportive care would make grade 2, 3, 4 (patients, hours)."""
    pressures, oxygens = thresholds(policy())
    return np.maximum(past(values[:, :, OUTPUTS.index("map_mmhg")], pressures), past(values[:, :, OUTPUTS.index("pf_ratio")], oxygens))


def follow(compiled: Compiled, patients: VirtualPatients, managed: bool = True) -> Outcome:
    """The course of each patient, under the management or without drugs."""
    n = len(patients)
    toci: list[tuple[int, float]] = []
    dex: list[tuple[int, float]] = []
    values = _run(compiled, patients, toci, dex)
    if managed:
        bad = severity(values) >= 3.0
        first = np.where(bad.any(axis=1), HOURS[np.argmax(bad, axis=1)] + DELAY, np.inf)
        toci = [(i, float(h)) for i, h in enumerate(first) if h < HOURS[-1]]
        if toci:
            values = _run(compiled, patients, toci, dex)
            later = np.clip(np.nan_to_num(first, posinf=0.0) + AGAIN, 0, HOURS[-1]).astype(int)
            still = (severity(values)[np.arange(n), later] >= 3.0) & np.isfinite(first) & (first + AGAIN < HOURS[-1])
            again = [(int(i), float(first[i] + AGAIN)) for i in np.flatnonzero(still)]
            dex = [(i, h + k * DEX_EVERY) for i, h in again for k in range(DEX_DOSES)]
            toci = toci + again
            if again:
                values = _run(compiled, patients, toci, dex)
    count = np.bincount([i for i, _ in toci], minlength=n) if toci else np.zeros(n, np.int64)
    return _outcome(values, count, np.isin(np.arange(n), [i for i, _ in dex]), dict(reversed(toci)))


def _run(compiled: Compiled, patients: VirtualPatients, toci: list[tuple[int, float]], dex: list[tuple[int, float]]) -> F64:
    rows = [(i, h, 0, min(8.0 * patients.weight_kg[i], 800.0), 1.0) for i, h in toci] + [(i, h, 1, DEX_MG, 0.0) for i, h in dex]
    if rows:
        who, hour, drug, amount, over = (np.array(c) for c in zip(*rows, strict=True))
        given = Doses(("tocilizumab", "dexamethasone"), who.astype(np.int64), hour.astype(float), drug.astype(np.int64),
                      amount.astype(float), over.astype(float),
                      np.zeros(len(who), np.bool_))
        planned = events(compiled.system, given, patients.parameters)
    else:
        planned = None
    return compiled.solve(patients.parameters, None, HOURS / 24.0, planned, rtol=1e-5, atol=1e-8).values


def _outcome(values: F64, tocilizumab: npt.NDArray[np.int64], steroids: npt.NDArray[np.bool_], first: Mapping[int, float]) -> Outcome:
    how = observing()
    swing = how["circadian_amplitude"] * np.cos(2 * np.pi * (HOURS + how["clock_at_infusion"] - how["circadian_peak"]) / 24.0)
    temperature = values[:, :, 0] + swing
    hot = temperature >= FEVER
    bad = severity(values)
    any_fever = hot.any(axis=1)
    onset = np.where(any_fever, np.argmax(hot, axis=1) / 24.0, np.nan)
    last_fever = (len(HOURS) - 1 - np.argmax(hot[:, ::-1], axis=1)) / 24.0
    after = HOURS[None] / 24.0 >= np.nan_to_num(onset, nan=np.inf)[:, None]
    sick = (hot | (bad >= 2.0)) & after
    last = (len(HOURS) - 1 - np.argmax(sick[:, ::-1], axis=1)) / 24.0
    worst = np.where(after, bad, 0.0)
    grade = np.where(any_fever, np.clip(np.floor(np.maximum(worst.max(axis=1), 1.0)), 1, 4), 0.0)
    four = (worst >= 4.0)
    rose = np.full(len(values), np.nan)
    for i, h in first.items():
        at = int(h)
        rose[i] = float(values[i, min(at + 48, len(HOURS) - 1), 3] >= values[i, at, 3])
    map_, pf = (np.where(after, values[:, :, OUTPUTS.index(n)], np.inf).min(axis=1) for n in ("map_mmhg", "pf_ratio"))
    care = policy()
    return Outcome(
        onset, np.where(any_fever, last, np.nan), np.where(any_fever, last_fever - onset, np.nan), temperature.max(axis=1), grade,
        np.where(four.any(axis=1), np.argmax(four, axis=1) / 24.0 - onset, np.nan),
        np.where((worst >= 3.0).any(axis=1), np.argmax(worst >= 3.0, axis=1) / 24.0, np.nan), tocilizumab, steroids, any_fever & (last >= LAST_DAY - 0.5),
        {n: values[:, :, OUTPUTS.index(n)].max(axis=1) for n in PEAKS}, rose,
        lost_of_ice(values[:, :, OUTPUTS.index("ice_drive")], how).max(axis=1), values[:, 28 * 24, OUTPUTS.index("tumour_marrow")],
        {"hypotension": map_ < care["map_limit"], "high_vasopressor": map_ < care["map_limit"] - care["norepinephrine_gain"] * 0.1,
         "oxygen": pf < care["pf_low_flow"], "intubation": pf < care["pf_ventilator"]})


def figures(o: Outcome) -> dict[str, float]:
    """What a trial would report of them, days and per cent; of those with CRS where the trial does."""
    crs = o.grade >= 1
    severe = o.grade >= 3
    lasts = o.end - o.onset

    def middle(x: F64) -> float:
        return float(np.median(x)) if len(x) else float("nan")

    def share(x: npt.NDArray[np.bool_]) -> float:
        return 100.0 * float(x[crs].mean()) if crs.any() else 0.0

    out = {"crs": 100.0 * float(crs.mean()), "onset": middle(o.onset[crs]), "duration": middle(lasts[crs]), "duration_severe": middle(lasts[severe]),
           "to_4": middle(o.to_4[np.isfinite(o.to_4)]), "high_fever": share(o.hottest >= HIGH_FEVER), "fever_days": middle(o.fever_days[crs]),
           "tocilizumab": share(o.tocilizumab > 0), "steroids": share(o.steroids), **{k: share(v) for k, v in o.supported.items()}}
    out["icu"], out["icu_day"] = share(severe), middle(o.to_3[np.isfinite(o.to_3)])
    out["icans"] = 100.0 * float((np.round(10.0 * (1.0 - o.ice_lost)) < 10.0).mean())
    for name, of in (("remission_tocilizumab", o.tocilizumab > 0), ("remission_without", o.tocilizumab == 0)):
        out[name] = 100.0 * float((o.tumour[of] < REMISSION).mean()) if of.any() else float("nan")
    out["lasting"] = 100.0 * float(o.lasting[crs].mean()) if crs.any() else 0.0
    out["lasting_uncleared"] = 100.0 * float((o.tumour[o.lasting] >= REMISSION).mean()) if o.lasting.any() else 0.0
    out["severe"] = 100.0 * float(severe.mean())
    out |= {f"{k}_of_all": 100.0 * float((v & crs).mean()) for k, v in {"tocilizumab": o.tocilizumab > 0, "steroids": o.steroids, **o.supported}.items()}
    out["duration_tocilizumab"], out["duration_without"] = middle(lasts[crs & (o.tocilizumab > 0)]), middle(lasts[crs & (o.tocilizumab == 0)])
    out["il6_not_lower"] = 100.0 * float(np.nanmean(o.il6_rose)) if np.isfinite(o.il6_rose).any() else float("nan")
    return out | {f"grade_{g}": 100.0 * float((o.grade == g).mean()) for g in range(5)}


class Population:
    """Virtual patients by the same random numbers under other medians."""

    def __init__(self, system: System, n: int, seed: int, low_expanders: float) -> None:
        """``low_expanders``: growth of the cells in the class that expands little, beside that in the others."""
        self.system, self.n, self.seed = system, n, seed
        people = default_population()
        self.classes = replace(people, mixtures=tuple(replace(m, factor=replace(m.factor, value=low_expanders)) for m in people.mixtures))
        self.compiled = compiled_for(system)

    def of(self, values: Mapping[str, float], disease: str | None = None) -> VirtualPatients:
        """The patients with these medians: children and young adults with leukaemia, or adults with another disease."""
        return draw(changed(self.system, values, {}), self.n, seed=self.seed, disease=disease, population=self.classes,
                    age_years=AGES if disease is None else None)


def compiled_for(system: System) -> Compiled:
    """The model with the outputs that the course is judged by."""
    return compile_system(system, outputs=OUTPUTS)
