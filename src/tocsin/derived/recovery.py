"""Recovery of neutrophils and platelets after the infusion: the first of three consecutive counts, on different days, at the limit or above.

Sources: cibmtr_anc for neutrophils; platelet_recovery for platelets, which must not have been transfused in the seven days before.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tocsin.cite import Mark, reference
from tocsin.timeline import HOURS_A_DAY, Timeline
from tocsin.vocabulary import CONCEPTS


@dataclass(frozen=True, slots=True)
class Recovery:
    """A rule of recovery: ``number`` consecutive daily counts of ``concept`` at ``limit`` or above, untransfused for ``days_without`` days."""

    concept: str
    limit: float
    number: int
    cites: str
    mark: Mark
    transfusion: str = ""
    days_without: float = 0.0

    def __post_init__(self) -> None:
        reference(self.cites)


NEUTROPHILS = Recovery("neutrophils", 0.5, 3, "cibmtr_anc:initial ANC recovery", Mark.VERIFIED)
PLATELETS = Recovery("platelets", 20.0, 3, "platelet_recovery:definition", Mark.VERIFIED, "platelet_transfusion", 7.0)

NEVER_LOW, RECOVERED, NOT_RECOVERED, UNKNOWN = "never_low", "recovered", "not_recovered", "unknown"
"""What may be found: no count below the limit; recovered; not by the last count; no counts, or transfusions that are not told."""


def recovery(timeline: Timeline, rule: Recovery) -> pl.DataFrame:
    """One row for each patient: patient, outcome (one of the four above), hour of recovery (null unless recovered).

    The lowest count of each day is taken, from the infusion on; recovery lies after the lowest of all.  Counts known only to lie beyond a
    number, or within more than a day, are left out.  Where transfusions are not declared complete and none is told, platelets may have been
    given: a recovery is then unknown.
    """
    counts = _daily(timeline, rule.concept)
    given, unclear = _transfusions(timeline, rule.transfusion) if rule.transfusion else ({}, set())
    rows = []
    for patient in timeline.patient_ids:
        untold = bool(rule.transfusion) and (
            patient in unclear or (patient not in given and not timeline.complete.covers(rule.transfusion, patient)))
        outcome, hour = _outcome(counts.get(patient, []), given.get(patient, []), rule)
        rows.append((patient, UNKNOWN, None) if untold and outcome == RECOVERED else (patient, outcome, hour))
    return pl.DataFrame(rows, schema={"patient": pl.String, "outcome": pl.String, "hour": pl.Float64}, orient="row")


def _outcome(counts: list[tuple[float, float]], given: list[float], rule: Recovery) -> tuple[str, float | None]:
    """The outcome of one patient from the daily counts (hour, value) and the hours of transfusions."""
    if not counts:
        return UNKNOWN, None
    values = [value for _, value in counts]
    if min(values) >= rule.limit:
        return NEVER_LOW, None
    for i in range(values.index(min(values)), len(values) - rule.number + 1):
        begin, end = counts[i][0] - rule.days_without * HOURS_A_DAY, counts[i + rule.number - 1][0]
        if min(values[i : i + rule.number]) >= rule.limit and not any(begin < hour <= end for hour in given):
            return RECOVERED, counts[i][0]
    return NOT_RECOVERED, None


def _daily(timeline: Timeline, concept: str) -> dict[str, list[tuple[float, float]]]:
    """The lowest count of each day as (hour, value), in order, by patient."""
    rows = timeline.events.filter(
        (pl.col("concept").cast(pl.String) == concept) & pl.col("value").is_not_null() & (pl.col("hour") >= 0) & (pl.col("censored") == 0)
        & ((pl.col("hour_latest").fill_null(pl.col("hour")) - pl.col("hour")) <= HOURS_A_DAY)
    ).select(pl.col("patient").cast(pl.String), pl.col("hour"), pl.col("value"), (pl.col("hour") // HOURS_A_DAY).alias("day"))
    lowest = rows.sort("patient", "day", "value", "hour").group_by("patient", "day", maintain_order=True).first()
    out: dict[str, list[tuple[float, float]]] = {}
    for patient, hour, value in lowest.select("patient", "hour", "value").iter_rows():
        out.setdefault(patient, []).append((hour, value))
    return out


def _transfusions(timeline: Timeline, concept: str) -> tuple[dict[str, list[float]], set[str]]:
    """The latest hour of each transfusion by patient (an empty list: none was given, as told), and the patients with an explicit unknown."""
    out: dict[str, list[float]] = {}
    unclear: set[str] = set()
    for row in timeline.events.filter(pl.col("concept").cast(pl.String) == concept).iter_rows(named=True):
        if row["text"] == "unknown":
            unclear.add(row["patient"])
            continue
        given = out.setdefault(row["patient"], [])
        if row["text"] != "absent" and row["value"] != 0:
            given.append(max(row[k] for k in ("hour", "hour_latest", "end_hour") if row[k] is not None))
    return out, unclear


def recovery_says(rule: Recovery) -> str:
    """The rule in words."""
    concept = CONCEPTS[rule.concept]
    out = f"the first of {rule.number} consecutive daily counts with {concept.title.lower()} >= {rule.limit:g} {concept.unit} after the lowest"
    return out + (f", without {CONCEPTS[rule.transfusion].title.lower()} in the {rule.days_without:g} days before" if rule.transfusion else "")
