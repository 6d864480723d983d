"""Fits the mechanistic model, and writes what was found into its tables and a file of results, from which report.py makes the page of the manual.

python calibration/fit.py --data FOLDER              fit and print
python calibration/fit.py --data FOLDER --write      also write calibration/results.json, and the values into src/tocsin/model/text/*.toml
python calibration/fit.py --data FOLDER --sweeps 400 a short run, to see that it works (the results are not to be used)

FOLDER holds the public tables of patients given CD22 CAR-T cells (cd22.py says which).  With the same seed and versions the results are the same.
Four steps: (1) parameters of 20 patients and of their population (hierarchical.py); (2) the product with a CD28 domain: kinetics of the cells in blood
(kinetics.py); (3) that with a 4-1BB domain: kinetics and the course of CRS in a managed population together (clinical.py); (4) what was fitted and what was
only to be compared, beside its target.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cd22
import clinical
import hierarchical
import individual
import kinetics
import numpy as np
import sensitivity
import tables
from hierarchical import Prior
from scipy.stats import norm

from tocsin.model.load import load
from tocsin.model.population import population

HERE = Path(__file__).parent
SEED = 20261122
PEOPLE = 300                  # of the managed population

# The priors: the median of the population with the standard deviation of its logarithm, and the expected standard deviation between patients.  Medians are
# what the model started from, on what the source named leans, or assumed.
PRIORS = (
    Prior("engraftment", 0.10, 1.0, 1.2, "stein2019"), Prior("expansion_rate", 1.3, 0.2, 0.2, "stein2019, ogasawara2021"),
    Prior("prime_rate", 0.7, 0.4, 0.3, "ogasawara2021"), Prior("contraction_rate", 0.16, 0.4, 0.5, "stein2019"),
    Prior("marrow_exit", 0.3, 0.5, 0.8, "hardiansyah2019"), Prior("niche_capacity", 60, 0.5, 0.6, "kimmel2021"),
    Prior("tumour_marrow_start", 100, 0.7, 0.8, "kimmel2021, leontriana2020"), Prior("kill_rate", 5, 0.7, 0.5), Prior("antigen_half", 0.5, 0.7, 0.5),
    Prior("ifn_per_cell", 300, 1.0, 0.7), Prior("early_secretion", 5, 1.0, 1.0), Prior("ifn_loss", 1.51, 0.15, 0.2, "hardiansyah2019"),
    Prior("ifn_half", 800, 0.8, 0.5), Prior("macrophage_activation", 2.2, 0.5, 0.35), Prior("macrophage_calming", 0.9, 0.5, 0.3),
    Prior("il6_production", 5500, 1.0, 1.0), Prior("il6_basal", 12, 0.7, 0.7), Prior("il10_per_ifn", 0.3, 0.8, 0.5), Prior("il10_production", 100, 1.0, 0.6),
    Prior("il10_basal", 2, 0.7, 0.7), Prior("classic_half", 110, 0.7, 0.4), Prior("classic_hill", 1.5, 0.3, 0.1), Prior("crp_max", 320, 0.3, 0.4),
    Prior("crp_other", 1, 0.7, 0.8), Prior("ferritin_basal", 1500, 0.7, 0.9), Prior("ferritin_max", 60000, 0.7, 0.8),
    Prior("ferritin_turnover", 0.28, 0.4, 0.3), Prior("ldh_basal", 220, 0.4, 0.4), Prior("ldh_lysis", 900, 0.7, 0.6), Prior("ldh_lysis_half", 20, 0.7, 0.3),
    Prior("ldh_injury", 600, 0.7, 0.6), Prior("fever_half", 55, 0.7, 0.4), Prior("temperature_span", 4.2, 0.15, 0.1, "dobreva2021, hu2024"),
    Prior("ifn_fever_half", 400, 0.7, 0.4), Prior("leak_onset", 0.95, 0.5, 0.4), Prior("dilation_onset", 1.1, 0.5, 0.35), Prior("lung_leak", 3, 0.5, 0.5),
)
OF_PRODUCT = ("engraftment", "prime_rate", "expansion_rate", "contraction_rate", "memory_rate", "memory_loss", "marrow_exit", "kill_rate", "antigen_half",
              "early_secretion", "ifn_per_cell")
"""What a product has of its own; the rest of what is fitted holds for all."""

MOVED = ("fever_half", "ifn_fever_half")
"""Shared parameters that the patients tell only by the day of onset: moved in step 3 within what step 1 left open."""
RECOVERY = {"leak_repair": (0.5, 0.3), "dilation_loss": (0.9, 0.3)}
"""Shared parameters of recovery, of which the patients tell nothing: prior median and standard deviation of the logarithm."""
MEMORY = {"memory_rate": 0.0013, "memory_loss": 0.0032}
"""1/day; a month of data does not tell them: Stein et al. 2019."""
UNTOLD = {**MEMORY, **{name: median for name, (median, _) in RECOVERY.items()}}
"""What a later step fits, as it is until then: not what the tables hold, so that a second run finds what the first found."""

# Trials as the model sees them.  Doses are medians (from memory).
LYMPHOMA = {p.name: p.value for p in population().disease("lymphoma").sets}
TISA = kinetics.Setting("tisa", {"car_dose": 2.5e6, "tumour_local_start": 1.0})
LISO = kinetics.Setting("liso", {"car_dose": 1.4e6, **LYMPHOMA})
AXI = kinetics.Setting("axi", {"car_dose": 2e6, **LYMPHOMA})
AXI_LOW = kinetics.Setting("axi-low", {"car_dose": 2e6, **LYMPHOMA})
FACTOR = np.log(1.5) / norm.ppf(0.975)
"""Standard deviation of the logarithm of a target that is met within a factor of 1.5."""
POINTS = 10.0


def targets() -> dict[str, dict[str, Any]]:
    """The table of targets, each with its band."""
    table = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))
    found = {k: v for k, v in table.items() if k != "references"}
    for row in found.values():
        if "low" not in row:
            value, share = float(row["value"]), row["unit"] == "%"
            row["low"], row["high"] = (value - POINTS, value + POINTS) if share else (value / 1.5, value * 1.5)
    return found


def aims(known: Mapping[str, Mapping[str, Any]], settings: tuple[str, ...]) -> list[kinetics.Aim]:
    """The targets of these settings that are fitted to; an interval that the source prints counts as one of 95 %, a spread of patients as a factor of 1.5."""
    out = []
    for name, row in known.items():
        if row["use"] == "fit" and row["setting"] in settings:
            interval = row["source"] == "ogasawara2021"
            sd = float(np.log(row["high"] / row["low"]) / (2 * norm.ppf(0.975))) if interval else FACTOR
            out.append(kinetics.Aim(name, row["setting"], row["measure"], float(row["value"]), sd))
    return out


def patients(folder: Path, sweeps: int, chains: int) -> dict[str, Any]:
    """Step 1: the hierarchical fit; medians, spreads, errors, and how well each is known."""
    people = cd22.read(folder)
    for line in cd22.describe(people):
        print(" ", line)
    model = individual.Model(people, tuple(p.name for p in PRIORS), UNTOLD)
    keep = max(sweeps // 16, 10)
    draws = hierarchical.sample(people, model, PRIORS, seed=SEED, chains=chains, sweeps=sweeps, keep=keep, thin=8)
    settled = hierarchical.convergence(draws.median)
    rows = {}
    for k, p in enumerate(PRIORS):
        logs, omega = draws.median[:, :, k], draws.omega[:, :, k]
        low, middle, high = np.exp(np.percentile(logs, [2.5, 50, 97.5]))
        each = draws.patients[:, :, :, k].mean(axis=(0, 1))
        rows[p.name] = {
            "prior": p.median, "prior_sd": p.spread, "prior_omega": p.omega, "median": float(middle), "low": float(low), "high": float(high),
            "omega": float(np.median(omega)), "omega_low": float(np.percentile(omega, 2.5)), "omega_high": float(np.percentile(omega, 97.5)),
            "contraction": float(1 - logs.var() / p.spread**2), "shrinkage": float(1 - each.var() / np.median(omega) ** 2), "rhat": float(settled[k]),
        }
    return {"parameters": rows, "errors": dict(zip((a.output for a in cd22.ANALYTES), np.median(draws.error, axis=(0, 1)).tolist(), strict=True)),
            "accepted": draws.accepted, "chains": chains, "sweeps": sweeps, "patients": len(people), "values": int((people.analyte >= 0).sum()),
            "check": tables.checks(people, model, draws), "log_density": float(np.median(draws.logs))}


def main() -> None:
    """Run the four steps."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--write", action="store_true")
    options.add_argument("--sweeps", type=int, default=60_000)
    options.add_argument("--chains", type=int, default=6)
    options.add_argument("--starts", type=int, default=24)
    asked = options.parse_args()
    begin = time.time()
    print("1. Twenty patients")
    first = patients(asked.data, asked.sweeps, asked.chains)
    known = targets()
    shared = {n: r["median"] for n, r in first["parameters"].items()}
    omegas = {n: r["omega"] for n, r in first["parameters"].items()}
    rest = {n: v for n, v in {**UNTOLD, **shared}.items() if n not in OF_PRODUCT}
    moved = (*MOVED, *RECOVERY)

    print("2. The product with a CD28 domain")
    free = {"engraftment": (shared["engraftment"], 1.0), "prime_rate": (1.8, 0.5), "expansion_rate": (1.4, 0.3), "contraction_rate": (0.2, 0.5),
            "memory_rate": (0.0013, 1.0), "memory_loss": (0.0032, 1.0), "marrow_exit": (shared["marrow_exit"], 0.7), "kill_rate": (shared["kill_rate"], 0.7),
            "antigen_half": (shared["antigen_half"], 0.7), "factor:expansion_rate": (0.5, 0.5)}
    cd28 = kinetics.fit([AXI, AXI_LOW], aims(known, ("axi", "axi-low")), free, rest, {"factor:expansion_rate": "axi-low"}, seed=SEED,
                       starts=max(asked.starts // 2, 1))

    print("3. The product with a 4-1BB domain")
    base = clinical.changed(load(), {**UNTOLD, **shared, **TISA.sets}, omegas)
    people = clinical.Population(base, PEOPLE, SEED, cd28.values["factor:expansion_rate"])
    course = {k: r for k, r in known.items() if r["setting"] == "tisa-course" and r["use"] == "fit"}

    def further(values: Mapping[str, float]) -> tuple[list[float], dict[str, float]]:
        found = clinical.figures(clinical.follow(people.compiled, people.of({**values, **TISA.sets})))
        miss = []
        for row in course.values():
            value = np.nan_to_num(found[row["measure"]], nan=100.0)
            miss.append(float((value - row["value"]) / (POINTS / 2)) if row["unit"] == "%" else float(np.log(max(value, 0.1) / row["value"]) / FACTOR))
        return miss, {k: found[r["measure"]] for k, r in course.items()}

    free = {"engraftment": (0.1, 1.2), "prime_rate": (0.7, 0.5), "expansion_rate": (shared["expansion_rate"], 0.2),
            "contraction_rate": (0.16, 0.5), "memory_rate": (0.0013, 0.7), "memory_loss": (0.0028, 0.5), "marrow_exit": (shared["marrow_exit"], 0.5),
            "kill_rate": (shared["kill_rate"], 0.7), "antigen_half": (shared["antigen_half"], 0.7), "early_secretion": (shared["early_secretion"], 1.0),
            "ifn_per_cell": (shared["ifn_per_cell"], 0.7), **_left_open(first["parameters"], MOVED), **RECOVERY}
    bb = kinetics.fit([TISA, LISO], aims(known, ("tisa", "liso")), free, rest, further=further, seed=SEED, starts=asked.starts)
    rest |= {n: bb.values[n] for n in moved}

    print("4. Beside the targets")
    results: dict[str, Any] = {
        "seed": SEED, "cohort": first,
        "products": {"4-1bb": _product(bb, OF_PRODUCT), "cd28": _product(cd28),
                     "4-1bb-cd22": {"values": {n: shared[n] for n in OF_PRODUCT if n in shared}, "objective": None}},
    }
    results["moved"] = _product(bb, moved)
    results["products"]["cd28"]["values"] |= tables.interferon_of_cd28(rest, bb.values, cd28.values, TISA.sets, AXI.sets)
    results["predicted"] = {**bb.predicted, **cd28.predicted, **tables.predicted(known, people, {**rest, **bb.values}, TISA.sets)}
    results["lasting"] = tables.lasting(people, {**rest, **bb.values}, TISA.sets)
    results["sensitivity"] = sensitivity.elasticities({**rest, **bb.values, **TISA.sets})
    results["minutes"] = round((time.time() - begin) / 60, 1)
    for name, row in known.items():
        value = results["predicted"].get(name, float("nan"))
        met = "met" if row["low"] <= value <= row["high"] else "not met"
        print(f"  {row['use']:5s} {name:24s} {row['value']:>9g} [{row['low']:g}, {row['high']:g}] {row['unit']:14s} {value:9.4g} {met}")
    if asked.write:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        tables.write(results, omegas)
    print(f"{results['minutes']} minutes")


def _product(found: kinetics.Fitted, only: tuple[str, ...] | None = None) -> dict[str, Any]:
    parts = {k: {n: v for n, v in getattr(found, k).items() if only is None or n in only} for k in ("values", "spread", "prior")}
    return {**parts, "objective": found.objective}


def _left_open(rows: Mapping[str, Mapping[str, float]], names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    """What the patients left open of shared parameters, as priors of a later step: the posterior median and the standard deviation of its logarithm."""
    return {n: (rows[n]["median"], float(np.log(rows[n]["high"] / rows[n]["low"]) / (2 * norm.ppf(0.975)))) for n in names}


if __name__ == "__main__":
    main()
