"""Records larger than memory: generated MEDS shards graded end to end, beside a plain scan of the same files and naive pandas.

python benchmarks/large.py --patients 1000000      the largest run; its figures are kept in benchmarks/largest.json
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

import numpy as np
import polars as pl

HERE = Path(__file__).resolve().parent
OUT = HERE.parent / "bench-out"
LARGEST = HERE / "largest.json"
VITALS = ("LOINC//8310-5//Cel", "LOINC//8867-4///min", "LOINC//9279-1///min", "LOINC//8480-6//mm[Hg]", "LOINC//59408-5//%")
INFUSION = "TOCSIN//car_t_infusion//UNK"
HOURS, A_SHARD = 720, 1000
SCALE = "astct-crs-2019"
PANDAS_PATIENTS = 20


def shard(path: Path, first: int, patients: int) -> None:
    """One shard of MEDS: five vital signs every hour for 30 days after the infusion, subject after subject; seeded."""
    rng = np.random.default_rng(20260101 + first)
    many = len(VITALS)
    onset, length = rng.uniform(12, 150, (patients, 1)), rng.uniform(36, 160, (patients, 1))
    severity = rng.choice([0, 1, 2, 3, 4], (patients, 1), p=[0.15, 0.35, 0.28, 0.14, 0.08])
    zero = np.datetime64("2024-01-01T10:00", "us") + (rng.integers(0, 400 * 1440, patients) * 60_000_000).astype("timedelta64[us]")
    hour = np.arange(HOURS) + rng.uniform(0, 0.9, (patients, HOURS))
    ill = (hour >= onset) & (hour < onset + length) & (severity > 0)
    values = np.empty((patients, HOURS, many), np.float32)
    values[:, :, 0] = np.round(36.7 + ill * rng.normal(1.9, 0.7, hour.shape) + rng.normal(0, 0.25, hour.shape), 1)
    values[:, :, 1] = np.round(85 + ill * 20 + rng.normal(0, 9, hour.shape))
    values[:, :, 2] = np.round(17 + ill * 4 + rng.normal(0, 2, hour.shape))
    values[:, :, 3] = np.round(np.clip(122 - ill * severity * 10 + rng.normal(0, 9, hour.shape), 45, 210))
    values[:, :, 4] = np.round(np.clip(97 - ill * severity * 1.5 + rng.normal(0, 1.2, hour.shape), 70, 100))
    width = HOURS * many + 1
    moments = np.empty((patients, width), "datetime64[us]")
    moments[:, 0], moments[:, 1:] = zero, np.repeat(zero[:, None] + (hour * 3.6e9).astype(np.int64).astype("timedelta64[us]"), many, axis=1)
    codes = np.zeros((patients, width), np.uint32)
    codes[:, 1:] = np.tile(np.arange(1, many + 1, dtype=np.uint32), HOURS)
    numbers = np.full((patients, width), np.nan, np.float32)
    numbers[:, 1:] = values.reshape(patients, -1)
    pl.DataFrame({
        "subject_id": np.repeat(np.arange(first, first + patients), width), "time": moments.ravel(),
        "code": pl.Series([INFUSION, *VITALS]).gather(pl.Series(codes.ravel())), "numeric_value": numbers.ravel(),
    }).with_columns(pl.col("numeric_value").fill_nan(None), pl.lit(None, pl.String).alias("text_value")).write_parquet(
        path, compression="zstd", row_group_size=1_000_000)


def generate(patients: int) -> Path:
    """The data set of so many patients; written once, then kept."""
    folder = OUT / f"meds-{patients}"
    if not (folder / "whole").exists():
        (folder / "data" / "train").mkdir(parents=True, exist_ok=True)
        for first in range(0, patients, A_SHARD):
            shard(folder / "data" / "train" / f"{first // A_SHARD:05d}.parquet", first + 1, min(A_SHARD, patients - first))
        (folder / "whole").touch()
    return folder


def grade(folder: Path) -> dict[str, float]:
    """Read, understood, graded and written, shard by shard, as `tocsin grade MEDS/ -o OUT/` does."""
    from tocsin.scales import scale
    from tocsin.sources.batch import grade_to

    out = OUT / f"graded-{folder.name}"
    shutil.rmtree(out, ignore_errors=True)
    begin = time.perf_counter()
    outcome = grade_to(folder / "data", out, [scale(SCALE)])
    seconds = time.perf_counter() - begin
    shutil.rmtree(out)
    done = outcome.progress
    return {"seconds": seconds, "events": done.events, "patients": done.patients, "steps": done.steps}


def plain(folder: Path) -> dict[str, float]:
    """The same columns of the same files, read by Polars and let go."""
    begin = time.perf_counter()
    rows = sum(len(pl.read_parquet(f, columns=["subject_id", "time", "code", "numeric_value"])) for f in sorted(folder.rglob("*.parquet")))
    return {"seconds": time.perf_counter() - begin, "rows": rows}


def naive(folder: Path) -> dict[str, float]:
    """What one writes first in pandas, for a few patients: each hour's last value, carried forward, and three two-valued rules."""
    import pandas as pd

    begin = time.perf_counter()
    rows = pd.read_parquet(min(folder.rglob("*.parquet")))
    rows = rows[rows["subject_id"] <= rows["subject_id"].min() + PANDAS_PATIENTS - 1]

    def grades(chart: pd.DataFrame) -> pd.Series:
        wide = chart.pivot_table(index="time", columns="code", values="numeric_value", aggfunc="last").ffill()
        fever, low, sat = wide[VITALS[0]] >= 38, wide[VITALS[3]] < 90, wide[VITALS[4]] < 92
        return fever.astype(int) + (fever & (low | sat)).astype(int)

    for _, chart in rows.groupby("subject_id"):
        grades(chart)
    return {"seconds": time.perf_counter() - begin, "patients": PANDAS_PATIENTS}


def observations(folder: Path) -> dict[str, float]:
    """A million FHIR Observations, as bulk NDJSON, to a timeline."""
    sys.path.insert(0, str(HERE))
    from fhir import read_observations

    return read_observations(folder)


TASKS = {"grade": grade, "plain": plain, "naive": naive, "observations": observations}


def measured(task: str, folder: Path) -> dict[str, float]:
    """One task in a process of its own; its figures, with peak memory in GB."""
    done = subprocess.run([sys.executable, __file__, "--task", task, "--folder", str(folder)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def rows(patients: int = 100_000) -> list[tuple[str, str, str, str, str]]:
    """The rows of the table of benchmarks: task, time, peak memory, target, ratio."""
    folder, few = generate(patients), generate(patients // 10)
    measured("grade", few)  # kernels from their cache, as any second run finds them
    whole, tenth, scan, pandas_ = measured("grade", folder), measured("grade", few), measured("plain", folder), measured("naive", folder)
    bulk = measured("observations", OUT / "fhir-observations")
    full = pandas_["seconds"] / pandas_["patients"] * patients
    seconds = whole["seconds"]
    out = [
        (f"{bulk['observations']:,.0f} FHIR Observations ({bulk['megabytes']:.0f} MB of NDJSON) to a timeline", f"{bulk['seconds']:.1f} s",
         f"{bulk['peak_gb']:.2f} GB", "< 10 s", ""),
        (f"{patients:,} patients x 30 days x hourly five vitals ({scan['rows'] / 1e6:.0f} million rows of MEDS in {patients // A_SHARD} shards), read, "
         "graded by ASTCT CRS, steps written", f"{seconds:.0f} s", f"{whole['peak_gb']:.2f} GB", "< 90 s, < 3 GB", "1"),
        (f"the same for {patients // 10:,} patients: memory stays flat", f"{tenth['seconds']:.1f} s", f"{tenth['peak_gb']:.2f} GB", "",
         f"{tenth['seconds'] / seconds:.2f}"),
        ("the same files, plainly read by Polars, shard by shard", f"{scan['seconds']:.1f} s", f"{scan['peak_gb']:.2f} GB", "grading at most 3 times this",
         f"{scan['seconds'] / seconds:.2f} (grading is {seconds / scan['seconds']:.1f} times this)"),
        (f"naive pandas group-by, two-valued ({PANDAS_PATIENTS} patients: {pandas_['seconds']:.1f} s; scaled)", f"{full:.0f} s", "", "",
         f"{full / seconds:.0f}"),
    ]
    if LARGEST.is_file():
        most = json.loads(LARGEST.read_text())
        ratio = most["seconds"] / most["patients"] * patients / seconds
        out.append((f"{most['patients']:,.0f} patients ({most['events'] / 1e9:.1f} billion rows), run once on {most['date']}",
                    f"{most['seconds'] / 60:.0f} min", f"{most['peak_gb']:.2f} GB", "memory flat", f"{ratio:.2f} per patient"))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.task:
        result = TASKS[chosen.task](chosen.folder)
        result["peak_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps(result))
        return
    folder = generate(chosen.patients)
    result = {**measured("grade", folder), "date": time.strftime("%Y-%m-%d")}
    print(json.dumps(result, indent=1))
    LARGEST.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
