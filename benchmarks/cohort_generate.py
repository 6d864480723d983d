"""A synthetic cohort of any size for the benchmarks: the patient of the synthetic cohort of 45, with grades, drugs and outcomes drawn at random.

No patient is real, and nothing can be learnt from the numbers.  Tocilizumab is given because of the grade and soon after the onset, as in a ward.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import polars as pl

from tocsin.cases.cohort003 import SyntheticCohort, made_of
from tocsin.cases.cohort003.plan import FELL, HOURS_A_DAY, RAISED, UNTREATED, Plan, Spell, outcome, spread, tocilizumab_mg

GRADES = (0.09, 0.16, 0.42, 0.33)
GIVEN = (0.0, 0.0, 0.42, 0.6)
STEROIDS = (0.0, 0.14, 0.45, 0.9)
SITES = ("lung", "bloodstream", "gut", "urinary tract", "soft tissue", "sinuses")
EXCLUDED = (("disease progression before the infusion", 0.016), ("follow-up of less than 28 days", 0.066), ("relevant data lost", 0.18))
SIGNS = (("pressure",), ("oxygen",), ("pressure", "oxygen"))


def generated(n: int, seed: int = 20250303) -> SyntheticCohort:
    """A synthetic cohort of n patients with the same kinds of frames as the one of 45."""
    why = [reason for reason, share in EXCLUDED for _ in range(round(share * n))]
    screening = pl.DataFrame({"patient": [f"S{n + i:06d}" for i in range(len(why))], "reason": why, "note": ["synthetic"] * len(why)},
                             schema=dict.fromkeys(("patient", "reason", "note"), pl.String))
    plans = tuple(_plan(number, np.random.default_rng((seed, 1_000_000 + number))) for number in range(n))
    return made_of(plans, seed, f"Synthetic cohort of {n} generated patients", screening)


def _plan(number: int, rng: np.random.Generator) -> Plan:
    grade = int(rng.choice(4, p=GRADES))
    given = bool(rng.random() < GIVEN[grade])
    length = round(float(np.clip(rng.gamma(4.0, 0.5 + 0.6 * grade), 1.0, 16.0)), 1) * HOURS_A_DAY if grade else 0.0
    onset = round(float(np.clip(rng.normal(5.2 - 0.6 * grade, 1.2), 1.0, 7.5)) * HOURS_A_DAY, 1) if grade else 0.0
    burden = round(100.0 * float(rng.beta(1.0 + 0.6 * grade, 2.4)), 1)
    age = float(rng.integers(8, 68))
    weight = round(float(np.clip(rng.normal(61.0, 10.0), 42.0, 100.0) if age >= 16 else 3.0 * age + 7.0), 0)
    answer = ("complete_remission", "negative") if (draw := rng.random()) < 0.88 else ("complete_remission", "positive") if draw < 0.96 else \
        ("partial_remission", "positive")
    plan = Plan(
        patient=f"S{number:06d}", age=age, sex="male" if rng.random() < 0.53 else "female", weight=weight, high_risk=bool(rng.random() < 0.84),
        lines=int(rng.choice((1, 2, 3), p=(0.3, 0.5, 0.2))), tumour_burden=burden, prior_transplant=bool(rng.random() < 0.22),
        cells=round(float(np.clip(np.exp(rng.normal(0.9, 0.4)), 1.0, 6.0)), 1), crs=grade, onset=onset, length=length,
        signs=SIGNS[int(rng.choice(3, p=(0.5, 0.3, 0.2)))] if grade >= 2 else (), peak_day=float(rng.integers(10, 15)),
        outcome=outcome(rng, *answer, assessed_day=round(float(rng.uniform(27.0, 29.0)), 1)),
        discharge=round(float(rng.uniform(29.2, 31.5)) * HOURS_A_DAY, 1), interferon=bool(rng.random() < 0.5),
    )
    if given:
        many = int(np.clip(rng.geometric(0.6), 1, 4))
        doses = spread(rng, round(plan.onset + float(rng.uniform(2.0, 14.0)), 1), [("tocilizumab", tocilizumab_mg(weight))] * many, (12.0, 48.0),
                       plan.end - 2.0)
        plan = replace(plan, tocilizumab=doses, il6=RAISED if rng.random() < 0.41 else FELL, raised_until=round(doses[0].hour + 200.0, 1))
    else:
        plan = replace(plan, il6=UNTREATED)
    if rng.random() < STEROIDS[grade]:
        courses = [("methylprednisolone", 40.0)] * int(rng.integers(1, 7))
        plan = replace(plan, steroids=spread(rng, round(plan.onset + float(rng.uniform(8.0, 20.0)), 1), courses, (12.0, 24.0), plan.end - 1.0))
    if rng.random() < 0.42:
        begin = max(plan.end + 24.0, 120.0) + rng.uniform(0.0, 96.0)
        end = min(begin + rng.uniform(8.0, 12.0) * HOURS_A_DAY, plan.charted_until)
        plan = replace(plan, infection=Spell(SITES[int(rng.integers(len(SITES)))], round(float(begin), 1), round(float(end), 1)))
    if grade >= 2 and plan.age >= 12 and rng.random() < 0.06:
        begin, worst = round(plan.onset + 0.5 * plan.length, 1), "3" if grade == 3 else "1"
        plan = replace(plan, icans=Spell(worst, begin, round(begin + (168.0 if worst == "3" else 24.0), 1)))
    return plan


if __name__ == "__main__":
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    begun = time.perf_counter()
    cohort = generated(patients)
    print(f"{patients} synthetic patients, {len(cohort.timeline.events)} events in {time.perf_counter() - begun:.1f} s")
