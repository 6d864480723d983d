"""Twenty real patients of a trial of CD22 CAR-T cells, as a timeline, and what is counted in them.

Lichtenstein et al., Blood 2021;138:2469: authors' random identifiers, days since the infusion.  The data are not part of the repository.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

from tocsin.timeline import Timeline

ANALYTES = {"Ferritin": ("ferritin", "ug/L"), "CRP": ("crp", "mg/L"), "LDH": ("ldh", "U/L")}
"""Name in the file, concept, unit in the file; ug/L of ferritin is ng/mL."""


@dataclass(frozen=True)
class Cohort:
    """The record, and for each patient the authors' label of HLH-like toxicity and their highest CRS grades by two systems."""

    record: Timeline
    car_hlh: Mapping[str, bool]
    lee2014: Mapping[str, int]
    astct: Mapping[str, int]


def read(folder: Path) -> Cohort:
    """The cohort from its folder."""
    with (folder / "patients.csv").open(newline="", encoding="utf-8") as file:
        patients = list(csv.DictReader(file))
    rows = []
    with (folder / "labs_long.csv").open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            concept, unit = ANALYTES[line["analyte"]]
            assert line["unit"] == unit
            if not line["value"]:  # one LDH was not reported
                continue
            rows.append({"patient": line["patient_id"], "concept": concept, "hour": 24 * float(line["day_post_infusion"]),
                         "value": float(line["value"])})
    rows.sort(key=lambda r: (r["patient"], r["hour"]))
    return Cohort(
        Timeline.from_rows(rows, [{"patient": p["patient_id"]} for p in patients]),
        {p["patient_id"]: p["carhlh"] == "1" for p in patients},
        {p["patient_id"]: int(p["crs_max_grade_lee2014"]) for p in patients},
        {p["patient_id"]: int(p["crs_max_grade_astct"]) for p in patients},
    )


def exact_interval(hits: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """The Clopper-Pearson interval of a proportion: the limits at which the tail of the binomial is half of what is left out."""
    tail = (1 - level) / 2

    def at_least(p: float, k: int) -> float:
        return sum(comb(of, i) * p**i * (1 - p) ** (of - i) for i in range(k, of + 1))

    low = 0.0 if hits == 0 else _root(lambda p: at_least(p, hits) - tail)
    high = 1.0 if hits == of else _root(lambda p: at_least(p, hits + 1) - (1 - tail))
    return low, high


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def weighted_kappa(pairs: Sequence[tuple[int, int]], grades: int = 5) -> float:
    """Cohen's kappa with linear weights."""
    n = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    found = sum(abs(a - b) for a, b in pairs) / n
    chance = sum(first[a] * second[b] * abs(a - b) for a in range(grades) for b in range(grades)) / n**2
    return 1 - found / chance


def proportion(hits: int, of: int) -> str:
    """A proportion as the manual prints it."""
    low, high = exact_interval(hits, of)
    return f"{hits} of {of} | {100 * hits / of:.0f}% | {100 * low:.0f} to {100 * high:.0f}%"
