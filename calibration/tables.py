"""What the fit is set beside, and where it is written: the quartiles of the cohort, the targets only to be compared, and the tables of the model."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import clinical
import numpy as np
from cd22 import ANALYTES, Cohort
from hierarchical import Draws
from individual import TIMES, Model

from tocsin.model.compile import compile_system
from tocsin.model.load import load

TEXT = Path(__file__).parent.parent / "src" / "tocsin" / "model" / "text"
EARLY = 5.0                   # secretion of an infused cell of the CD28 product beside one of the 4-1BB product: assumed
MADE = 50                     # virtual patients for each real one
PEAKS = ("il6_blood", "ifn_gamma", "il10", "crp", "ferritin", "car_blood_per_ul")


def checks(people: Cohort, model: Model, draws: Draws) -> dict[str, Any]:
    """Quartiles of the peaks and of onset, and medians of the peaks by grade: of the cohort, and of new virtual patients drawn from the fitted population.

    Peaks are of the days on which the cohort was measured, and above a ceiling count as the ceiling, in both.
    """
    rng = np.random.default_rng(7)
    n = len(people)
    patient = np.repeat(np.arange(n), MADE)
    pick = rng.integers(0, draws.median.shape[0], len(patient)), rng.integers(0, draws.median.shape[1], len(patient))
    logs = draws.median[pick] + draws.omega[pick] * rng.standard_normal((len(patient), draws.median.shape[2]))
    logs = np.clip(logs, np.log(np.maximum(model.low, 1e-12)), np.log(model.high))
    values, ok = model.curves(patient, logs, rng.standard_normal((len(patient), 2)))
    noise = np.median(draws.error, axis=(0, 1))
    found = model._of(patient, values)
    grade = np.where(np.isfinite(found.onset), np.clip(np.floor(np.maximum(found.severity, 1.0)), 1, 4), 0).astype(int)
    out: dict[str, Any] = {"onset": {"cohort": _quartiles(people.onset), "model": _quartiles(np.where(np.isfinite(found.onset), found.onset, np.nan)[ok])},
                           "grades": {"cohort": np.bincount(people.grade, minlength=5).tolist(),
                      "model": (np.bincount(grade[ok], minlength=5) / ok.sum()).tolist()}}
    for k, a in enumerate(ANALYTES):
        if a.output not in PEAKS:
            continue
        there = people.analyte == k
        real = np.where(there.any(axis=1), np.exp(np.where(there, people.value, -np.inf).max(axis=1)) - a.offset, np.nan)
        spread = rng.standard_t(4.0, found.values.shape) * noise[k]
        made = np.exp(np.where(there[patient], found.values + spread, -np.inf).max(axis=1)) - a.offset
        made = np.where(ok & there[patient].any(axis=1), np.minimum(made, a.upper), np.nan)
        out[a.output] = {"cohort": _quartiles(real), "model": _quartiles(made),
                         "by_grade": {"cohort": [_middle(real[people.grade == g]) for g in range(5)], "model": [_middle(made[grade == g]) for g in range(5)]}}
        out[a.output]["bands"] = _bands(people, k, patient, values[:, :, k], a.offset)
    return out


def _bands(people: Cohort, k: int, patient: np.ndarray, curves: np.ndarray, offset: float) -> dict[str, list[Any]]:
    """Quartiles in windows of days, of the cohort (with how many values) and of the model without the error of measurement."""
    edges = np.array([-0.5, 2.5, 5.5, 7.5, 9.5, 11.5, 13.5, 16.5, 20.5, 24.5, 32.0])
    rows: dict[str, list[Any]] = {"day": [], "n": [], "cohort": [], "model": []}
    for a, b in itertools.pairwise(edges):
        mine = (people.analyte == k) & (people.day >= a) & (people.day < b)
        if mine.sum() < 8:
            continue
        who = np.nonzero(mine)[0]
        rows["day"].append(float(np.median(people.day[mine])))
        rows["n"].append(int(mine.sum()))
        rows["cohort"].append(np.percentile(np.exp(people.value[mine]) - offset, [25, 50, 75]).tolist())
        at = np.searchsorted(TIMES, people.day[mine]).clip(0, len(TIMES) - 1)
        drawn = np.concatenate([curves[patient == p][:, t] for p, t in zip(who, at, strict=True)])
        rows["model"].append(np.nanpercentile(drawn, [25, 50, 75]).tolist())
    return rows


def _quartiles(x: np.ndarray) -> list[float]:
    return [float(v) for v in np.nanpercentile(x, [25, 50, 75])]


def _middle(x: np.ndarray) -> float | None:
    known = x[np.isfinite(x)]
    return float(np.median(known)) if len(known) else None


def interferon_of_cd28(shared: Mapping[str, float], bb: Mapping[str, float], cd28: Mapping[str, float], tisa: Mapping[str, float], axi: Mapping[str, float]
                       ) -> dict[str, float]:
    """Secretion by a cell of the CD28 product (assumed, no target says it): such that the typical patient reaches the interferon-gamma of the 4-1BB product.

    An infused cell secretes early EARLY times as much as one of the 4-1BB product, and as many fewer cells infiltrate a site as each secretes more (assumed:
    the trials of the two products count cells on scales twenty times apart).
    """
    compiled = compile_system(load(), outputs=("ifn_gamma",))
    names = compiled.system.parameter_names

    def highest(values: Mapping[str, float]) -> float:
        row = np.array([values.get(n, p.value) for n, p in zip(names, compiled.system.parameters, strict=True)])
        return float(compiled.solve(row, None, np.arange(4.0, 29.0, 0.25), rtol=1e-7, atol=1e-9).values[0, :, 0].max())

    aim = highest({**shared, **bb, **tisa})
    low, high = np.log(1.0), np.log(1e5)
    early = EARLY * bb["early_secretion"] * bb["ifn_per_cell"]  # of an infused cell; the model counts it beside an effector
    for _ in range(40):
        mid = (low + high) / 2
        now = highest({**shared, **{k: v for k, v in cd28.items() if ":" not in k}, **axi, "early_secretion": early / np.exp(mid),
                       "ifn_per_cell": float(np.exp(mid))})
        low, high = (mid, high) if now < aim else (low, mid)
    each = float(np.exp((low + high) / 2))
    infiltrate = next(p.value for p in compiled.system.parameters if p.name == "infiltrate_half")
    return {"ifn_per_cell": each, "early_secretion": early / each, "infiltrate_half": infiltrate * bb["ifn_per_cell"] / each}


def predicted(known: Mapping[str, Mapping[str, Any]], people: clinical.Population, values: Mapping[str, float], tisa: Mapping[str, float]) -> dict[str, float]:
    """The predictions of the targets that are only compared, by name."""
    courses = {"tisa-course": clinical.figures(clinical.follow(people.compiled, people.of({**values, **tisa}))),
               "lymphoma-course": clinical.figures(clinical.follow(people.compiled, people.of({**values, "car_dose": 3e6}, "lymphoma")))}
    courses["cohort-course"] = courses["tisa-course"]
    courses["drugs"] = _on_growth(values, tisa)
    return {name: courses[row["setting"]][row["measure"]] for name, row in known.items() if row["setting"] in courses}


def lasting(people: clinical.Population, values: Mapping[str, float], tisa: Mapping[str, float]) -> dict[str, float]:
    """Of how many of a hundred of those with CRS it is not over by the last day that they are followed, and of how many of these the tumour is not cleared."""
    found = clinical.figures(clinical.follow(people.compiled, people.of({**values, **tisa})))
    return {"of_crs": found["lasting"], "uncleared": found["lasting_uncleared"]}


def _on_growth(values: Mapping[str, float], tisa: Mapping[str, float]) -> dict[str, float]:
    """Growth rate of CAR-T cells in blood from day 4 to 7 with a drug from day 4, against that without.

    Tocilizumab 560 mg, or dexamethasone 10 mg every 6 hours.
    """
    from tocsin.model.events import Events

    compiled = compile_system(load(), outputs=("car_blood_per_ul",))
    system = compiled.system
    base = {p.name: p.value for p in system.parameters} | dict(values) | dict(tisa)
    table = np.tile(np.array([base[n] for n in system.parameter_names]), (3, 1))
    doses = [(1, 4.0, "tocilizumab_rate", 560.0, 1 / 24), *((2, 4.0 + k / 4, "dexamethasone", 10.0, 0.0) for k in range(12))]
    given = Events.make(np.array([d[0] for d in doses]), np.array([d[1] for d in doses]), [d[2] for d in doses], np.array([d[3] for d in doses]),
                        np.array([d[4] for d in doses]))
    cells = compiled.solve(table, None, [4.0, 7.0], given, rtol=1e-8, atol=1e-10).values[:, :, 0]
    growth = np.log(cells[:, 1] / cells[:, 0])
    return {"tocilizumab_on_growth": float(growth[1] / growth[0]), "steroid_on_growth": float(growth[2] / growth[0])}


# ------------------------------------------------------------ the tables of the model

FITTED_TO = "nih-cd22"
ASSUMED_OF_CD28 = ("ifn_per_cell", "early_secretion", "infiltrate_half")
OF_BB, OF_CD28 = "stein2019, ogasawara2021, tisagenlecleucel-pooled", "kimmel2021, muellerschoell2021"


def write(results: Mapping[str, Any], omegas: Mapping[str, float]) -> None:
    """Write values, variability and status into crs.toml, products.toml and population.toml."""
    rows, bb = results["cohort"]["parameters"], results["products"]["4-1bb"]["values"]
    text = (TEXT / "crs.toml").read_text(encoding="utf-8")
    for name, row in rows.items():
        value = bb.get(name, row["median"])
        source = OF_BB if name in bb else FITTED_TO
        text = _row(text, name, value, float(np.sqrt(np.expm1(omegas[name] ** 2))), source)
    for name in ("memory_rate", "memory_loss"):
        text = _row(text, name, bb[name], None, OF_BB)
    for name, value in results["moved"]["values"].items():
        spread = float(np.sqrt(np.expm1(omegas[name] ** 2))) if name in omegas else None
        text = _row(text, name, value, spread, "tisagenlecleucel-pooled" + (f", {FITTED_TO}" if name in rows else ""))
    (TEXT / "crs.toml").write_text(text, encoding="utf-8")
    text = (TEXT / "products.toml").read_text(encoding="utf-8")
    for product, source in (("4-1bb", OF_BB), ("cd28", OF_CD28), ("4-1bb-cd22", FITTED_TO)):
        values = {k: v for k, v in results["products"][product]["values"].items() if ":" not in k}
        lines = "\n".join(f'{n} = {{ value = {v:.4g}, source = "{_source(product, n, source)}", status = "{_status(product, n)}" }}' for n, v in values.items())
        text = re.sub(rf"(\[products\.{re.escape(product)}\.parameters\]\n)(?:[^\[\n].*\n?)*", lambda m, lines=lines: f"{m[1]}{lines}\n", text)
    (TEXT / "products.toml").write_text(re.sub(r"\n(\[products\.[^.\]]+\])", r"\n\n\1", text).replace("\n\n\n", "\n\n"), encoding="utf-8")
    text = (TEXT / "population.toml").read_text(encoding="utf-8")
    factor = results["products"]["cd28"]["values"]["factor:expansion_rate"]
    (TEXT / "population.toml").write_text(re.sub(r"(factor = \{ value = )[\d.eE+-]+", rf"\g<1>{factor:.3g}", text), encoding="utf-8")


def _status(product: str, name: str) -> str:
    return "assumed" if product == "cd28" and name in ASSUMED_OF_CD28 else "fitted"


def _source(product: str, name: str, source: str) -> str:
    return "assumed" if _status(product, name) == "assumed" else source


def _row(text: str, name: str, value: float, cv: float | None, source: str) -> str:
    """One row of crs.toml with another value, variability, source and status."""
    found = re.search(rf"^{name} = \{{.*\}}$", text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"crs.toml has no row {name}")
    line = re.sub(r"value = [^,]+,", f"value = {value:.4g},", found[0])
    line = re.sub(r'source = "[^"]*"', f'source = "{source}"', line)
    line = re.sub(r'status = "[^"]*"', 'status = "fitted"', line)
    if cv is not None:
        line = re.sub(r", cv = [^,}]+", "", line).replace('status = "fitted"', f'status = "fitted", cv = {cv:.3g}').replace("  }", " }")
    return text.replace(found[0], line)
