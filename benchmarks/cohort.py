"""A cohort of 5,000 synthetic patients from its record to the written report, and a Cox model beside statsmodels on the same patients.

python benchmarks/cohort.py --patients 500      a smaller trial, printed only
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "bench-out"
PATIENTS = 5000
REPEATS = 5


def study(patients: int) -> Path:
    """The folder of the study, written once: the record as Parquet, the table of patients, the screened, the study file."""
    from cohort_generate import generated

    folder = OUT / f"cohort-{patients}"
    if not (folder / "cohort.toml").is_file():
        made = generated(patients)
        made.write(folder)
        (folder / "record").mkdir(exist_ok=True)
        made.timeline.events.write_parquet(folder / "record" / "events.parquet")
        (folder / "events.csv").rename(OUT / f"cohort-{patients}-events.csv")
    return folder


def report(folder: Path) -> dict[str, float]:
    """The command as a user runs it, in a process of its own: seconds, peak memory, and the size of what it wrote."""
    out = OUT / f"{folder.name}-report"
    shutil.rmtree(out, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "tocsin"), "cohort", str(folder), "--out", str(out)]
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - begin
    data = json.loads((out / "report.json").read_text())
    parts = [p for s in data["sections"] for p in s["parts"]]
    return {"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
            "figures": len(list((out / "figures").glob("*.svg"))), "tables": len(parts) - len(list((out / "figures").glob("*.svg")))}


def cox(patients: int) -> dict[str, float]:
    """The same Cox model (Efron, three covariates) by Tocsin and by statsmodels: median seconds of several fits, and the largest difference."""
    import numpy as np
    from statsmodels.duration.hazard_regression import PHReg

    from tocsin.cohort.cox import cox as fit
    from tocsin.cohort.survival import Survival

    rng = np.random.default_rng(7)
    x = np.column_stack([rng.normal(size=patients), rng.integers(0, 2, patients), rng.normal(50, 15, patients) / 15])
    time_ = np.ceil(-np.log(rng.random(patients)) / np.exp(x @ [0.3, -0.4, 0.2]) * 600)
    end = rng.integers(100, 1500, patients)
    data = Survival.of(np.minimum(time_, end), (time_ <= end).astype(int))
    columns = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2]}
    ours, theirs, difference = [], [], 0.0
    for _ in range(REPEATS):
        begin = time.perf_counter()
        mine = fit(data, columns)
        ours.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        other = PHReg(data.time, x, status=data.event, ties="efron").fit()
        theirs.append(time.perf_counter() - begin)
        difference = max(difference, float(np.abs(mine.beta - other.params).max()))
    return {"ours": float(np.median(ours)), "statsmodels": float(np.median(theirs)), "difference": difference, "events": float((data.event > 0).sum())}


def rows(patients: int = PATIENTS) -> list[tuple[str, ...]]:
    """The rows of the table of benchmarks."""
    import polars as pl

    folder = study(patients)
    events = pl.scan_parquet(folder / "record" / "events.parquet").select(pl.len()).collect().item()
    made, model = report(folder), cox(patients)
    ratio = model["statsmodels"] / model["ours"]
    return [
        (f"`tocsin cohort`: {patients:,} patients ({events / 1e6:.1f} million events, Parquet) to the report with {made['tables']:.0f} tables and "
         f"{made['figures']:.0f} figures in three formats", f"{made['seconds']:.0f} s", f"{made['peak_mb'] / 1000:.2f} GB", "< 60 s", ""),
        (f"Cox model of {patients:,} patients with {model['events']:,.0f} events and three covariates, Efron, robust variance and residuals included",
         f"{model['ours'] * 1e3:.0f} ms", "", "", ""),
        (f"the same model by statsmodels PHReg (coefficients within {model['difference']:.0e})", f"{model['statsmodels'] * 1e3:.0f} ms", "", "",
         f"{ratio:.1f} x Tocsin"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    for row in rows(parser.parse_args().patients):
        print(" | ".join(row))
