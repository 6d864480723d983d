"""The events of a synthetic patient, from the plan: treatment, complications and outcome here, the chart and the laboratory beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tocsin.cases.cohort003.chart import chart
from tocsin.cases.cohort003.laboratory import laboratory
from tocsin.cases.cohort003.plan import HOURS_A_DAY, Plan
from tocsin.cases.cohort003.rows import Floats, Rows

LYMPHODEPLETION = (("cyclophosphamide", "300 mg/m2"), ("fludarabine", "30 mg/m2"))
"""Per day (zhou2025:Materials and methods, Manufacturing and infusion of CD19 CAR-T cells)."""
LYMPHODEPLETION_DAYS = ((-5, -4, -3), (-4, -3))
"""Two or three days; which is assumed, since the paper's words are garbled there."""


def events(plans: Sequence[Plan], seed: int) -> pl.DataFrame:
    """The events of these patients with the columns of EVENTS; each patient's own random numbers come from the seed and the place in the list."""
    rows = Rows()
    for number, plan in enumerate(plans):
        rows.patient(plan.patient)
        rng = np.random.default_rng((seed, number))
        _given(plan, rng, rows)
        chart(plan, rng, rows)
        laboratory(plan, rng, rows)
        _complications(plan, rows)
        _outcome(plan, rng, rows)
    return rows.frame()


def _given(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    days: Floats = np.array(LYMPHODEPLETION_DAYS[int(rng.integers(2))], float)
    for drug, amount in LYMPHODEPLETION:
        rows.add(drug, days * HOURS_A_DAY, text=amount)
    rows.add("car_t_infusion", 0.0, plan.cells * 1e6, note="synthetic patient, not a person")
    for dose in (*plan.tocilizumab, *plan.steroids, *plan.others):
        rows.add(dose.drug, dose.hour, dose.mg)


def _complications(plan: Plan, rows: Rows) -> None:
    if plan.infection is not None:
        spell = plan.infection
        rows.add("infection", spell.begin, text="present", end=spell.end, attribution="infection", site=spell.what)
        rows.add("antibiotic", spell.begin + 1.0, text="present", end=spell.end, attribution="infection")
    if plan.gvhd is not None:
        rows.add("gvhd", plan.gvhd.begin, text="present", end=plan.gvhd.end, attribution="other", site=plan.gvhd.what)


def _outcome(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    out = plan.outcome
    hour = out.assessed_day * HOURS_A_DAY
    rows.add("marrow_blasts", -8 * HOURS_A_DAY, plan.tumour_burden)
    rows.add("marrow_blasts", hour, round(float(rng.uniform(0.0, 2.0) if out.response == "complete_remission" else rng.uniform(8.0, 24.0)), 1))
    rows.add("response", hour, text=out.response)
    rows.add("mrd", hour, text=out.mrd)
    if plan.discharge is not None:
        rows.add("discharge", plan.discharge, text="present")
    if out.progression_day is not None:
        text = "relapse" if out.response == "complete_remission" else "progressive_disease"
        rows.add("response", out.progression_day * HOURS_A_DAY, text=text)
    if out.death:
        rows.add("death", out.last_day * HOURS_A_DAY, text="present", attribution="infection" if out.death == "infection" else "other")
    else:
        rows.add("last_follow_up", out.last_day * HOURS_A_DAY, text="present")
