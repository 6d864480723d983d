"""The chart of the ward: temperature, pressure, oxygen, vasopressors, fluid, drugs against fever, and the neurological round.

The highest grade of the plan is shown by its signs, one after another: fever alone, then a low pressure with fluid or oxygen by cannula, then one
vasopressor or high-flow oxygen, and back.  Everything is charted often enough that no grade is left open until the patient goes home.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tocsin.cases.cohort003.plan import Plan, Spell
from tocsin.cases.cohort003.rows import Floats, Rows
from tocsin.derived.limits import limit

FEVER = 38.0  # degC (lee2019:table)
LOW_FLOW_MOST = 6.0  # L/min by cannula (lee2019:table)
OFTEN, SELDOM = 4.0, 5.0  # hours between rounds, in the first two weeks and with CRS, and later: assumed
OFTEN_UNTIL = 14 * 24.0
CAPD_BELOW_YEARS = 12.0  # CAPD in place of ICE (lee2019:icans)
ICANS_COURSES = {
    3: ((0, 8), (8, 5), (16, 2), (24, 1), (48, 2), (72, 4), (96, 6), (120, 7), (144, 8), (160, 9)),
    1: ((0, 9), (8, 8), (16, 9)),
}
"""ICE score by hours since the onset, by the highest grade: assumed.  It is 10 again when the spell is over."""


@dataclass(frozen=True, slots=True)
class Support:
    """When the signs beyond fever hold: ``second`` those of grade 2, ``third`` those of grade 3 within it (hours)."""

    second: tuple[float, float] | None = None
    third: tuple[float, float] | None = None


def support(plan: Plan, rng: np.random.Generator) -> Support:
    """The spans of grade 2 and 3 within the episode; they end before the fever does."""
    if plan.crs < 2:
        return Support()
    begin = plan.onset + rng.uniform(0.12, 0.25) * plan.length
    end = plan.onset + rng.uniform(0.5, 0.75) * plan.length
    if plan.crs < 3:
        return Support((round(begin, 1), round(end, 1)))
    start = begin + rng.uniform(0.15, 0.35) * (end - begin)
    stop = min(start + 72.0, begin + rng.uniform(0.55, 0.85) * (end - begin))
    return Support((round(begin, 1), round(end, 1)), (round(start, 1), round(stop, 1)))


def chart(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    """Everything that is charted at the bedside."""
    span = support(plan, rng)
    rounds = _rounds(plan, rng)
    _temperature(plan, rng, rows, rounds)
    _pressure(plan, span, rng, rows, rounds)
    _oxygen(plan, span, rng, rows, rounds)
    _neurology(plan, rng, rows)


def _rounds(plan: Plan, rng: np.random.Generator) -> Floats:
    often = min(max(OFTEN_UNTIL, plan.end + 72.0), plan.charted_until)
    hours = np.concatenate([np.arange(-2.0, often, OFTEN), np.arange(often, plan.charted_until, SELDOM)])
    out: Floats = np.round(hours + rng.uniform(-0.2, 0.2, len(hours)), 1)
    return out


def _temperature(plan: Plan, rng: np.random.Generator, rows: Rows, rounds: Floats) -> None:
    hours = rounds
    if plan.crs:
        near = np.minimum(np.abs(rounds - plan.onset), np.abs(rounds - plan.end)) < 0.5
        hours = np.sort(np.concatenate([rounds[~near], [plan.onset, plan.end]]))
    value = np.clip(rng.normal(36.8, 0.25, len(hours)), 36.0, 37.6)
    if plan.crs:
        ill = np.flatnonzero((hours >= plan.onset) & (hours < plan.end))
        part = (hours[ill] - plan.onset) / plan.length
        evening = 0.3 * np.cos(2 * np.pi * (hours[ill] - 8.0) / 24.0)
        level = 38.3 + 0.3 * plan.crs - 0.7 * part + evening + rng.normal(0.0, 0.4, len(ill))
        last = -np.inf
        for k, i in enumerate(ill):
            # fever at both ends, and never ten hours without it: the episode is one
            if k in (0, len(ill) - 1) or hours[i] - last > 10.0:
                level[k] = max(level[k], FEVER + 0.1 * (1 + k % 4))
            last = hours[i] if level[k] >= FEVER else last
        value[ill] = np.clip(level, 37.0, 40.8)
        high = ill[value[ill] >= 38.5]
        doses = _apart(np.concatenate([[plan.onset + 0.5], hours[high] + 0.3]), 6.0)
        rows.add("acetaminophen", doses[doses < plan.end], 15.0 * plan.weight if plan.weight < 40 else 500.0)
    value = np.round(value, 1)
    infected = np.zeros(len(hours), bool)
    if plan.infection is not None:
        begin, end = max(plan.infection.begin, plan.end + 2.0), min(plan.infection.begin + 72.0, plan.infection.end)
        infected = (hours >= begin) & (hours < end) & (rng.random(len(hours)) < 0.5)
        value[infected] = np.round(rng.uniform(FEVER, 39.2, int(infected.sum())), 1)
    rows.add("temperature", hours[~infected], value[~infected])
    rows.add("temperature", hours[infected], value[infected], attribution="infection")


def _apart(hours: Floats, gap: float) -> Floats:
    kept: list[float] = []
    for hour in hours:
        if not kept or hour - kept[-1] >= gap:
            kept.append(float(hour))
    return np.array(kept)


def _pressure(plan: Plan, span: Support, rng: np.random.Generator, rows: Rows, rounds: Floats) -> None:
    lowest = float(limit("systolic_by_age").compute({"age_years": np.array([plan.age])})[0][0])
    hours, value = rounds, lowest + np.clip(rng.normal(28.0, 8.0, len(rounds)), 6.0, 60.0)
    if span.second is not None and "pressure" in plan.signs:
        begin, end = span.second
        keep = (rounds < begin - 1.0) | (rounds > end)
        parts = [(rounds[keep], value[keep])]
        low = begin + np.arange(0.0, max(end - begin - 4.0, 1.0), 8.0)
        low = low if span.third is None else low[(low < span.third[0]) | (low > span.third[1])]
        low = low[:4]
        bolus = 500.0 if plan.weight >= 40 else 10.0 * plan.weight
        parts.append((low, lowest - rng.uniform(3.0, 12.0, len(low))))
        rows.add("fluid_bolus", low + 0.2, round(bolus, 0), attribution="crs")
        better = np.concatenate([low + 1.0, low + 2.5])
        parts.append((better, lowest + rng.uniform(2.0, 14.0, len(better))))
        calm = np.arange(begin + 4.0, end, 4.0)
        calm = calm[np.abs(calm[:, None] - np.concatenate([low, better])[None, :]).min(axis=1) > 0.5]
        parts.append((calm, lowest + rng.uniform(4.0, 18.0, len(calm))))
        if span.third is not None:
            start, stop = span.third
            parts.append((np.array([start - 0.1]), lowest - rng.uniform(6.0, 16.0, 1)))
            _norepinephrine(plan, start, stop, rng, rows)
        hours, value = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    rows.add("systolic_bp", hours, np.round(value))


def _norepinephrine(plan: Plan, start: float, stop: float, rng: np.random.Generator, rows: Rows) -> None:
    """One vasopressor, at a rate that rises and falls in up to three steps (ug/min)."""
    most = min(0.15 * plan.weight, 15.0) * rng.uniform(0.5, 1.0)
    edges = np.round(np.linspace(start, stop, 4 if stop - start > 12.0 else 2), 1)
    rate = np.round(most * np.array([0.6, 1.0, 0.4]), 1) if len(edges) == 4 else np.round(np.array([most]), 1)
    rows.add("norepinephrine", edges[:-1], rate, end=edges[1:], attribution="crs")


def _oxygen(plan: Plan, span: Support, rng: np.random.Generator, rows: Rows, rounds: Floats) -> None:
    late = _ventilated(plan)
    calm = rounds if late is None else rounds[rounds < late[0]]
    saturation = np.clip(rng.normal(97.0, 1.0, len(rounds)), 94.0, 100.0)
    if span.second is not None and "oxygen" in plan.signs:
        begin, end = span.second
        calm = calm[(calm < begin - 0.5) | (calm > end + 0.5)]
        on = np.round(np.arange(begin, end - 0.5, 4.0), 1)
        if span.third is not None:
            start, stop = span.third
            on = np.unique(np.round(np.concatenate([on[(on < start - 0.5) | (on > stop + 0.5)], [stop]]), 1))
            strong = np.round(np.arange(start, stop - 0.5, 4.0), 1)
            rows.add("oxygen_device", strong, text="high_flow_nasal_cannula", attribution="crs")
            rows.add("oxygen_flow", strong, np.round(rng.uniform(30.0, 50.0, len(strong))), attribution="crs")
            rows.add("fio2", strong, np.round(rng.uniform(0.4, 0.6, len(strong)), 2))
        rows.add("oxygen_device", on, text="nasal_cannula", attribution="crs")
        rows.add("oxygen_flow", on, np.minimum(np.round(rng.uniform(1.0, 4.0, len(on))), LOW_FLOW_MOST), attribution="crs")
        rows.add("oxygen_device", end, text="room_air")
        rows.add("spo2", np.array([begin - 0.1]), np.round(rng.uniform(87.0, 91.0, 1)))
        saturation = np.where((rounds >= begin) & (rounds < end), np.clip(saturation - 3.0, 92.0, 100.0), saturation)
    rows.add("oxygen_device", calm[::2], text="room_air")
    if late is not None:
        start, tube = late
        rows.add("oxygen_device", np.arange(start, tube, 6.0), text="high_flow_nasal_cannula", attribution="infection")
        rows.add("oxygen_device", np.arange(tube, plan.charted_until, 6.0), text="invasive_ventilation", attribution="infection")
        saturation = np.where(rounds >= start, np.clip(saturation - 6.0, 84.0, 100.0), saturation)
    rows.add("spo2", rounds, np.round(saturation))


def _ventilated(plan: Plan) -> tuple[float, float] | None:
    """High-flow oxygen and then a ventilator, put down to the lung infection, for a patient who dies of it in hospital."""
    if plan.discharge is not None or plan.outcome.death != "infection":
        return None
    return plan.charted_until - 9 * 24.0, plan.charted_until - 5 * 24.0


def _neurology(plan: Plan, rng: np.random.Generator, rows: Rows) -> None:
    """A score three times a day: ICE, or CAPD for a young child."""
    hours = np.arange(-22.0, plan.charted_until, 8.0)
    late = _ventilated(plan)
    if late is not None:
        hours = hours[hours < late[1]]
    if plan.age < CAPD_BELOW_YEARS:
        rows.add("capd_score", hours, 0.0)
        return
    if plan.icans is None:
        rows.add("ice_score", hours, 10.0)
        return
    spell, worst = plan.icans, int(plan.icans.what)
    hours = hours[(hours < spell.begin) | (hours > spell.end)]
    rows.add("ice_score", hours, 10.0)
    rows.add("ice_score", spell.end, 10.0)
    _icans(spell, worst, rows)


def _icans(spell: Spell, worst: int, rows: Rows) -> None:
    course = np.array([c for c in ICANS_COURSES[worst] if spell.begin + c[0] < spell.end], float)
    # the last score of each step is charted again every 8 h until the next
    hours = spell.begin + np.arange(0.0, spell.end - spell.begin - 0.5, 8.0)
    at = np.searchsorted(course[:, 0], hours - spell.begin, "right") - 1
    rows.add("ice_score", hours, course[at, 1])
    words = "" if worst < 3 else "; the paper tells a syncope and a decrease of vision for 7 days, which are no items of the scale"
    rows.add("reported_icans_grade", spell.begin + 16.0 * (worst >= 3), float(worst), note="synthetic" + words)
