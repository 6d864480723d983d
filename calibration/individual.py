"""What the model predicts for patients of the cohort, given parameters of each: the measurements, the day of fever, and how severe it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cd22 import ANALYTES, LAST_DAY, Cohort
from scipy.stats import norm

from tocsin.model.care import policy
from tocsin.model.compile import compile_system
from tocsin.model.events import Events
from tocsin.model.load import load, products
from tocsin.model.numbers import Numbers
from tocsin.model.solver import Compiled

F64 = npt.NDArray[np.float64]

PRODUCT = "4-1bb-cd22"
STEP = 0.25                   # days between the outputs that are compared
TIMES = np.arange(0.0, LAST_DAY + STEP / 2, STEP)
OUTPUTS = (*(a.output for a in ANALYTES), "temperature_c", "map_mmhg", "pf_ratio")
WEIGHT = 70.0                 # kg; nobody's is told, and by the size of the body the model changes little
TUMOUR_AT_HALF = 0.5          # share of blasts at which the tumour is the median one
LEAST_BLASTS = 0.005
FEVER = 38.0
TOCILIZUMAB = 560.0           # mg, 8 mg/kg; on an unknown day within 4 days of onset
DEXAMETHASONE, DEX_DOSES = 10.0, 8          # mg every 12 h, from an unknown day within 7 of onset: assumed
ANAKINRA, ANAKINRA_DOSES = 100.0, 20        # mg every 6 h, from the same day: assumed
WINDOWS = {"tocilizumab": 4.0, "steroids": 7.0}
GIVEN = tuple(WINDOWS)


@dataclass(frozen=True)
class Prediction:
    """``values`` (rows, most) like the measurements of the row's patient; ``onset`` day of fever (inf: none); ``hottest`` deg C; ``severity`` as below."""

    values: F64
    onset: F64
    hottest: F64
    severity: F64

    def take(self, better: npt.NDArray[np.bool_], other: Prediction) -> Prediction:
        """The other's rows where it is better."""
        pick = (np.where(better[:, None], other.values, self.values),
                *(np.where(better, getattr(other, n), getattr(self, n)) for n in ("onset", "hottest", "severity")))
        return Prediction(*pick)


class Model:
    """Runs rows of parameters (rows, names), each for one patient of the cohort, and its unknown days of treatment (rows, 2) as standard normals."""

    def __init__(self, cohort: Cohort, names: tuple[str, ...], rest: Mapping[str, float]) -> None:
        """``names`` are those of the columns; ``rest`` holds values that are not those of the model's table."""
        self.cohort, self.names = cohort, names
        self.system = load()
        self.compiled: Compiled = compile_system(self.system, outputs=OUTPUTS)
        base = {p.name: p.value for p in self.system.parameters} | dict(products()[PRODUCT].values) | dict(rest) | {"weight": WEIGHT}
        self.base = np.array([base[n] for n in self.system.parameter_names])
        self.at = np.array([self.system.parameter_names.index(n) for n in names])
        self.low, self.high = (np.array([getattr(self.system.parameters[i], what) for i in self.at], np.float64) for what in ("low", "high"))
        self.limits = policy()

    def table(self, patient: npt.NDArray[np.int64], logs: F64) -> F64:
        """The parameters of each row (rows, parameters of the system); the tumour goes with the blasts."""
        table = np.tile(self.base, (len(patient), 1))
        table[:, self.at] = np.clip(np.exp(logs), self.low, self.high)
        blasts = np.maximum(np.nan_to_num(self.cohort.blasts[patient], nan=TUMOUR_AT_HALF), LEAST_BLASTS)
        tumour = self.system.parameter_names.index("tumour_marrow_start")
        table[:, tumour] = np.minimum(table[:, tumour] * blasts / TUMOUR_AT_HALF, self.system.parameters[tumour].high or np.inf)
        table[:, self.system.parameter_names.index("car_dose")] = self.cohort.dose[patient]
        return table

    def allowed(self, logs: F64) -> npt.NDArray[np.bool_]:
        """Rows within the bounds of the model (rows,)."""
        values = np.exp(logs)
        return np.asarray(((values >= self.low) & (values <= self.high)).all(axis=1))

    def events(self, patient: npt.NDArray[np.int64], days: F64) -> Events:
        """The treatments: known to have been given, on days that are not known."""
        columns: list[tuple[npt.NDArray[np.int64], F64, str, float, float]] = []
        onset = np.nan_to_num(self.cohort.onset[patient], nan=10.0)
        late = {name: onset + WINDOWS[name] * norm.cdf(days[:, k]) for k, name in enumerate(GIVEN)}
        rows = np.flatnonzero(self.cohort.tocilizumab[patient])
        columns.append((rows, late["tocilizumab"][rows], "tocilizumab_rate", TOCILIZUMAB, 1 / 24))
        rows = np.flatnonzero(self.cohort.steroids[patient])
        columns += [(rows, late["steroids"][rows] + k / 2, "dexamethasone", DEXAMETHASONE, 0.0) for k in range(DEX_DOSES)]
        rows = np.flatnonzero(self.cohort.anakinra[patient])
        columns += [(rows, late["steroids"][rows] + k / 4, "anakinra_depot", ANAKINRA, 0.0) for k in range(ANAKINRA_DOSES)]
        rows, at, amount, lasts = (np.concatenate([np.broadcast_to(c[i], len(c[0])) for c in columns]) for i in (0, 1, 3, 4))
        names = [c[2] for c in columns for _ in range(len(c[0]))]
        return Events.make(rows, at, names, amount, lasts)

    def curves(self, patient: npt.NDArray[np.int64], logs: F64, days: F64) -> tuple[F64, F64]:
        """Outputs (rows, times, outputs) and whether the row could be followed (rows,)."""
        found = self.compiled.solve(self.table(patient, logs), None, TIMES, self.events(patient, days), rtol=1e-4, atol=1e-7, most_steps=4000)
        ok = np.ones(len(patient), np.bool_)
        ok[[f.patient for f in found.failures]] = False
        return found.values, ok

    def predict(self, patient: npt.NDArray[np.int64], logs: F64, days: F64) -> tuple[Prediction, npt.NDArray[np.bool_]]:
        """The predictions of each row, and which could be made."""
        ok = self.allowed(logs)
        values = np.empty((len(patient), len(TIMES), len(OUTPUTS)))
        values[~ok] = np.nan
        if ok.any():
            values[ok], ok[ok] = self.curves(patient[ok], logs[ok], days[ok])
        return self._of(patient, values), ok

    def _of(self, patient: npt.NDArray[np.int64], values: F64) -> Prediction:
        analyte, day = self.cohort.analyte[patient], self.cohort.day[patient]
        where = np.clip(day / STEP, 0, len(TIMES) - 1.000001)
        left = where.astype(np.int64)
        part = where - left
        row = np.arange(len(patient))[:, None]
        which = np.maximum(analyte, 0)
        offset = np.array([a.offset for a in ANALYTES])[which]
        a, b = (np.log(np.maximum(values[row, left + k, which], 0.0) + offset) for k in (0, 1))
        at = {n: OUTPUTS.index(n) for n in OUTPUTS}
        temperature = values[:, :, at["temperature_c"]]
        hot = temperature >= FEVER
        first = np.argmax(hot, axis=1)
        rows = np.arange(len(patient))
        now, before = temperature[rows, first], temperature[rows, np.maximum(first - 1, 0)]
        step = np.where(first > 0, (now - FEVER) / np.maximum(now - before, 1e-9), 0.0)
        onset = np.where(hot.any(axis=1), TIMES[first] - STEP * np.clip(step, 0.0, 1.0), np.inf)
        return Prediction((1 - part) * a + part * b, onset, temperature.max(axis=1), self.severity(values[:, :, at["map_mmhg"]].min(axis=1),
                                                                                                values[:, :, at["pf_ratio"]].min(axis=1)))

    def severity(self, pressure: F64, oxygen: F64) -> F64:
        """A number that reaches 2, 3 and 4 where supportive care would do what makes grade 2, 3 and 4 by ASTCT.

        By the lowest mean arterial pressure: treated; more than a bolus lifts; beyond norepinephrine alone.  By P/F: low flow, high flow, positive pressure.
        """
        return np.maximum(*(past(v, k) for v, k in zip((pressure, oxygen), thresholds(self.limits), strict=True)))


def thresholds(care: Numbers) -> tuple[F64, F64]:
    """Mean arterial pressures and P/F (3,), ascending, below which supportive care does what makes grade 4, 3 and 2."""
    pressures = [care["map_limit"] - care["norepinephrine_gain"] * care["vasopressin_at"], care["map_limit"] - care["bolus_gain"], care["map_limit"]]
    return np.array(pressures), np.array([care["pf_positive_pressure"], care["pf_high_flow"], care["pf_low_flow"]])


def past(value: F64, limits: F64) -> F64:
    """2 at the highest limit, 3 at the next and 4 at the lowest, straight between and beyond them."""
    low, mid, high = limits
    return np.where(value >= mid, 2.0 + (high - value) / (high - mid), 3.0 + (mid - value) / (mid - low))
