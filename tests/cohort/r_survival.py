"""The data sets whose survival R has analysed, as lists of columns, and thirty made-up patients whose results R gave are written in the tests."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import defaultdict
from pathlib import Path

# Made up: times with ties, two causes (0 censored), two arms, a stratum, late entry, and patients of two rows.
TIME = [15, 21, 12, 18, 5, 68, 1, 57, 12, 7, 11, 7, 18, 22, 38, 5, 63, 15, 7, 18, 2, 2, 25, 16, 44, 10, 11, 24, 11, 1]
CAUSE = [0, 0, 2, 1, 2, 0, 1, 1, 1, 0, 1, 2, 1, 0, 1, 1, 2, 2, 0, 1, 2, 2, 1, 1, 0, 1, 1, 0, 0, 1]
EVENT = [int(c > 0) for c in CAUSE]
ARM = [1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]
AGE = [67, 27, 48, 42, 37, 31, 22, 40, 61, 24, 40, 68, 67, 30, 20, 53, 20, 35, 44, 63, 24, 53, 46, 26, 62, 62, 44, 67, 50, 65]
SITE = [1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0]
ENTRY = [0, 9, 0, 2, 1, 7, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 11, 0, 0, 3, 0, 0]
PATIENT = [i // 2 for i in range(30)]

SETS = ("lung_by_sex", "veteran_by_trt", "veteran_by_celltype", "ovarian_by_rx", "colon_death_by_rx", "myeloid_by_trt", "pbc_by_trt", "gbsg_by_hormon",
        "KMsurv_bmt_dfs_by_group", "KMsurv_bmt_os_by_group", "freireich_6mp")
COMPETING = ("KMsurv_bmt_competing_relapse1_vs_trm2", "mgus2_competing_pcm1_death2_by_sex")

Columns = dict[str, list[str]]


def columns(folder: Path, name: str) -> Columns:
    with (folder / name).open() as f:
        rows = list(csv.DictReader(f))
    return {k: [r[k] for r in rows] for k in rows[0]}


def number(values: list[str]) -> list[float]:
    return [math.nan if v in ("", "NA") else float(v) for v in values]


def answers(folder: Path) -> dict[str, dict]:
    """What R answered."""
    return json.loads((folder / "reference_R_survival.json").read_text())["results"]


def by_group(folder: Path, name: str) -> tuple[list[float], list[float], list[str]]:
    """Time, event and group of a set."""
    file, time, event, group = {
        "lung_by_sex": ("survival_cancer", "time", "status", "sex"), "veteran_by_trt": ("survival_veteran", "time", "status", "trt"),
        "veteran_by_celltype": ("survival_veteran", "time", "status", "celltype"), "ovarian_by_rx": ("survival_ovarian", "futime", "fustat", "rx"),
        "colon_death_by_rx": ("survival_colon", "time", "status", "rx"), "myeloid_by_trt": ("survival_myeloid", "futime", "death", "trt"),
        "pbc_by_trt": ("survival_pbc", "time", "status", "trt"), "gbsg_by_hormon": ("survival_gbsg", "rfstime", "status", "hormon"),
        "KMsurv_bmt_dfs_by_group": ("KMsurv_bmt", "t2", "d3", "group"), "KMsurv_bmt_os_by_group": ("KMsurv_bmt", "t1", "d1", "group"),
        "freireich_6mp": ("freireich_6mp_long", "time", "event", "arm"),
    }[name]
    c = columns(folder, f"{file}.csv")
    kind = c.get("etype", ["2"] * len(c[group]))                     # of the colon data only deaths
    keep = [i for i in range(len(c[group])) if c[group][i] not in ("", "NA") and kind[i] == "2"]
    happened = {"survival_cancer": 2.0, "survival_pbc": 2.0}.get(file, 1.0)
    times, events = number(c[time]), number(c[event])
    return [times[i] for i in keep], [float(events[i] == happened) for i in keep], [c[group][i] for i in keep]


def competing(folder: Path, name: str) -> tuple[list[float], list[int], list[str], tuple[str, str]]:
    """Time, cause, group and the names of the causes."""
    if name.startswith("KMsurv"):
        c = columns(folder, "KMsurv_bmt.csv")
        cause = [1 if relapse == "1" else 2 if any_event == "1" else 0 for relapse, any_event in zip(c["d2"], c["d3"], strict=True)]
        return number(c["t2"]), cause, c["group"], ("relapse", "death in remission")
    c = columns(folder, "survival_mgus2.csv")
    first = [p == "1" for p in c["pstat"]]
    time = [p if f else t for p, t, f in zip(number(c["ptime"]), number(c["futime"]), first, strict=True)]
    return time, [1 if f else 2 * int(d) for f, d in zip(first, c["death"], strict=True)], c["sex"], ("plasma cell malignancy", "death")


def trials(folder: Path) -> dict[str, list[tuple[float, int, str]]]:
    """The reconstructed trials by name: time, event, arm."""
    out: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    with gzip.open(folder / "ipd_long.csv.gz", "rt") as f:
        for r in csv.DictReader(f):
            out[r["name"]].append((float(r["time"]), int(r["event"]), r["arm"]))
    return out


def missing_or(value: object) -> float | None:
    """A reference number, None where R says NA."""
    return None if value in ("NA", None) else float(value)  # type: ignore[arg-type]
