"""The laboratory: cytokines, markers of inflammation, CAR-T cells, blood count with G-CSF, liver and kidney.

Each course is a line through a few points on the logarithmic scale, with a spread between patients and between samples; every level is assumed.
"""

from __future__ import annotations

import numpy as np

from tocsin.cases.cohort003.plan import FELL, HOURS_A_DAY, RAISED, UNTREATED, Plan
from tocsin.cases.cohort003.rows import Floats, Rows

DRAWN_AT = 20.0  # hours of the day of infusion: the morning round
ASSAY_MOST_IL6 = 5000.0  # pg/mL: above it only ">5000" is told, as in hu2024
IL6_BASE, IL6_PEAK = 6.0, (20.0, 70.0, 350.0, 1800.0)  # pg/mL, before CRS and at its peak by grade
CYTOKINES = {"il10": (4.0, 0.55), "tnf_alpha": (8.0, 0.22), "sil2r": (600.0, 0.4)}
"""Level before CRS (pg/mL; sIL-2R U/mL), and how much of the rise of IL-6 (logarithm) it shares."""
INTERFERON = (6.0, 0.65)
CRP_BASE, CRP_PEAK = 8.0, (20.0, 55.0, 90.0, 140.0)  # mg/L
FERRITIN_BASE, FERRITIN_PEAK = 900.0, (1200.0, 2500.0, 6000.0, 14000.0)  # ng/mL
COPIES_A_PERCENT = 2500.0  # transgene copies/ug DNA for each per cent of CAR-positive lymphocytes
LIMITS = {"uln_alt": 40.0, "uln_ast": 40.0, "uln_bilirubin_total": 1.2, "uln_creatinine": 1.2}
"""Upper limits of normal of the invented laboratory (U/L, U/L, mg/dL, mg/dL)."""
CHEMISTRY = {"alt": (22.0, 0.45, 0.25), "ast": (24.0, 0.4, 0.25), "bilirubin_total": (0.6, 0.15, 0.2), "creatinine": (0.7, 0.06, 0.12)}
"""Median, rise of the logarithm by grade at the peak, and spread between patients."""
G_CSF_BELOW = 0.5  # 10^9/L neutrophils, and from day 5 on: assumed
G_CSF_FROM_DAY = 5
G_CSF_UG_PER_KG = 5.0


def _along(hours: Floats, points: list[tuple[float, float]], rng: np.random.Generator, noise: float) -> Floats:
    at = np.array([p[0] for p in points])
    level = np.log([p[1] for p in points])
    out: Floats = np.exp(np.interp(hours, at, level) + np.clip(rng.normal(0.0, noise, len(hours)), -2 * noise, 2 * noise))
    return out


def _digits(value: Floats) -> Floats:
    """Three significant digits, as a laboratory prints them."""
    scale = 10.0 ** (2 - np.floor(np.log10(np.maximum(value, 1e-6))))
    return np.asarray(np.round(np.round(value * scale) / scale, 4), float)


def _days(plan: Plan, *days: float) -> Floats:
    hours = np.array([d * HOURS_A_DAY + DRAWN_AT for d in days])
    return hours[hours < plan.outcome.last_day * HOURS_A_DAY]


def laboratory(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    """Everything that the laboratory tells."""
    _cytokines(plan, rng, rows)
    _inflammation(plan, rng, rows)
    _cells(plan, rng, rows)
    _count(plan, rng, rows)
    _chemistry(plan, rng, rows)


def il6_points(plan: Plan, base: float, peak: float, course: str, rng: np.random.Generator) -> list[tuple[float, float]]:
    """IL-6 as points of time and level.

    Without tocilizumab it rises with the fever and falls with it.  After tocilizumab it may rise for a day, since the blocked receptor no longer
    clears it (zhou2025:Discussion), and then falls within days; where it is to stay raised it passes the level before the dose until ``raised_until``.
    """
    rise = (plan.onset - 36.0, base)
    if not plan.crs:
        middle = plan.peak_day * HOURS_A_DAY
        return [(middle - 120.0, base), (middle, peak), (middle + 120.0, base)]
    if course == UNTREATED:
        return [rise, (plan.onset, 0.2 * peak), (plan.onset + 0.35 * plan.length, peak), (plan.end, max(0.1 * peak, base)), (plan.end + 120.0, base)]
    dose = plan.tocilizumab[0].hour
    if course == FELL:
        return [rise, (dose, peak), (dose + 24.0, peak * rng.uniform(0.6, 1.3)), (dose + 72.0, max(0.25 * peak, base)),
                (dose + 168.0, max(0.05 * peak, base)), (dose + 288.0, base)]
    return [rise, (dose, 0.35 * peak), (dose + 20.0, 0.75 * peak), (dose + 60.0, peak), (plan.raised_until, 0.65 * peak),
            (plan.raised_until + 96.0, max(0.08 * peak, base)), (plan.raised_until + 240.0, base)]


def _sampled(plan: Plan) -> Floats:
    fixed = _days(plan, -1, 1, 3, 5, 7, 9, 11, 14, 17, 21, 28)
    more = [plan.onset + 1.0 + 24.0 * d for d in (0, 1, 2, 3, 5)] if plan.crs else []
    more += [plan.tocilizumab[0].hour - 0.5, *(plan.tocilizumab[0].hour + 24.0 * d for d in (1, 2, 4, 7))] if plan.tocilizumab else []
    hours = np.unique(np.round([*fixed, *more], 1))
    if plan.tocilizumab:
        # the sample just before the first dose is the one that counts as before it
        dose = plan.tocilizumab[0].hour
        hours = hours[(hours <= dose - 0.4) | (hours >= dose + 8.0)]
    # a second sample within three hours is not drawn, but the one before the dose is
    kept = [hours[0]]
    for h in hours[1:]:
        before = bool(plan.tocilizumab) and abs(h - (plan.tocilizumab[0].hour - 0.5)) < 0.11
        if h - kept[-1] >= 3.0:
            kept.append(h)
        elif before:
            kept[-1] = h
    return np.array(kept)


def _cytokines(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    hours = _sampled(plan)
    base, peak = IL6_BASE * np.exp(rng.normal(0, 0.3)), IL6_PEAK[plan.crs] * np.exp(rng.normal(0, 0.5))
    peak = max(peak, 2.0 * base)
    value = _digits(_along(hours, il6_points(plan, base, peak, plan.il6, rng), rng, 0.08))
    above = value > ASSAY_MOST_IL6
    rows.add("il6", hours[~above], value[~above])
    rows.add("il6", hours[above], ASSAY_MOST_IL6, censored=1)
    # what the paper says of a raised level is said of IL-6 alone
    beside = il6_points(plan, 1.0, peak / base, FELL if plan.il6 == RAISED else plan.il6, rng)
    for concept, (level, share) in {**CYTOKINES, **({"ifn_gamma": INTERFERON} if plan.interferon else {})}.items():
        own = level * np.exp(rng.normal(0, 0.3))
        rows.add(concept, hours, _digits(_along(hours, [(h, own * v**share) for h, v in beside], rng, 0.1)))


def _inflammation(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    hours = _days(plan, *range(-1, 15), 17, 21, 28)
    base, peak = CRP_BASE * np.exp(rng.normal(0, 0.4)), CRP_PEAK[plan.crs] * np.exp(rng.normal(0, 0.3))
    points = [(0.0, base), (240.0, base)]
    if plan.crs:
        points = [(plan.onset - 24.0, base), (plan.onset + 24.0, 0.7 * peak), (plan.onset + 0.45 * plan.length, peak), (plan.end + 24.0, 0.3 * peak),
                  (plan.end + 144.0, base)]
        if plan.tocilizumab:  # made by the liver under IL-6, it falls once its receptor is blocked: assumed
            dose = plan.tocilizumab[0].hour
            points = [(plan.onset - 24.0, base), (dose + 12.0, peak), (dose + 96.0, max(0.15 * peak, 2.0)), (dose + 168.0, max(0.05 * peak, 1.0))]
    rows.add("crp", hours, np.round(_along(hours, points, rng, 0.12), 1))
    hours = _days(plan, -1, 1, 3, 5, 7, 9, 11, 13, 15, 18, 21, 28)
    base, peak = FERRITIN_BASE * np.exp(rng.normal(0, 0.5)), FERRITIN_PEAK[plan.crs] * np.exp(rng.normal(0, 0.4))
    top = plan.onset + 0.6 * plan.length + 36.0 if plan.crs else 240.0
    points = [(min(plan.onset, top - 72.0) if plan.crs else 72.0, base), (top, max(peak, base)), (top + 360.0, base)]
    rows.add("ferritin", hours, np.round(_along(hours, points, rng, 0.08)))


def _cells(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    hours = _days(plan, 0, 2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 17, 19, 21, 24, 28)
    peak = float(np.clip(np.exp(rng.normal(np.log(14.0 + 4.0 * plan.crs), 0.5)), 2.0, 85.0))
    top = plan.peak_day * HOURS_A_DAY + DRAWN_AT
    points = [(DRAWN_AT, 0.05), (4 * HOURS_A_DAY, 0.1), (top, peak), (top + 120.0, 0.3 * peak), (top + 312.0, 0.05 * peak)]
    # the day of the plan is the day of the peak
    percent: Floats = np.asarray(np.where(np.abs(hours - top) < 1.0, peak * 1.1, np.minimum(_along(hours, points, rng, 0.05), peak)), float)
    rows.add("car_t_percent", hours, np.asarray(np.round(np.minimum(percent, 95.0), 2), float))
    copies: Floats = np.round(percent * COPIES_A_PERCENT * float(np.exp(rng.normal(0, 0.3))))
    rows.add("car_t_copies", hours, copies)


def _count(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    """Neutrophils with the nadir after lymphodepletion, G-CSF for as long as they are low, platelets beside them."""
    hours = _days(plan, -7, *range(-1, 29))
    nadir, back = rng.uniform(3.0, 6.0), rng.uniform(12.0, 24.0)
    depth = 0.25 * np.exp(rng.normal(0, 0.5))
    points = [(-5 * 24.0, 2.2), (0.0, 0.9), (nadir * 24.0, depth), (max(back - 3.0, nadir + 2.0) * 24.0, max(depth, 0.3)), ((back + 4.0) * 24.0, 1.6)]
    value = np.round(_along(hours, points, rng, 0.12), 2)
    rows.add("neutrophils", hours, value)
    days = np.floor(hours / HOURS_A_DAY)
    given = (value < G_CSF_BELOW) & (days >= G_CSF_FROM_DAY) & (days <= 27) & (hours < plan.charted_until)
    amount = 300.0 if plan.weight >= 45.0 else 5.0 * round(G_CSF_UG_PER_KG * plan.weight / 5.0)
    rows.add("filgrastim", hours[given] + 2.0, amount)
    low = 30.0 * np.exp(rng.normal(0, 0.5)) - 2.0 * plan.crs
    points = [(-5 * 24.0, 110.0), (6 * 24.0, max(low, 6.0)), (back * 24.0, max(low, 15.0)), ((back + 8.0) * 24.0, 90.0)]
    rows.add("platelets", hours[::2], np.round(_along(hours[::2], points, rng, 0.1)))


def _chemistry(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    hours = _days(plan, -7, *range(-1, 29))
    top = plan.onset + 0.5 * plan.length + 24.0 if plan.crs else 240.0
    for concept, (median, rise, between) in CHEMISTRY.items():
        own = median * np.exp(rng.normal(0, between))
        most = own * np.exp(max(rise * plan.crs + rng.normal(0, 0.3 * rise), 0.0))
        digits = 0 if median > 5 else 2
        rows.add(concept, hours, np.round(_along(hours, [(top - 96.0, own), (top, most), (top + 168.0, own)], rng, 0.05), digits))
