"""The 45 synthetic patients: who they are and what befalls them, so that every count of the paper holds whatever the seed.

The paper's own patients are numbers in its text ("Pt 4"); the stories told under these numbers are given to the synthetic patients of the same number,
the rest is drawn within the counts.  Patients 1 to 17 are given tocilizumab, 18 to 45 are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tocsin.cases.cohort003.plan import FELL, HOURS_A_DAY, RAISED, UNTREATED, Dose, Outcome, Plan, Spell, outcome, spread, tocilizumab_mg
from tocsin.cohort.paper003 import paper003

WITH, WITHOUT = tuple(range(1, 18)), tuple(range(18, 46))
CHILD_160_MG, CHILD_7_5_MG = 12, 45
"""A child of 20 kg has the smallest dose of tocilizumab (160 mg), another child the smallest dose of corticosteroids."""
ICANS_3, ICANS_1 = 13, 30
"""The arm of the two patients with ICANS is not told: one in each arm, the graver with corticosteroids, both outside the seven with raised IL-6."""
EXPANDING = (4, 11)
GVHD = 5
INFECTED: Mapping[int, str] = {3: "lung", 6: "lung", 9: "gallbladder", 10: "bloodstream"}
DIED = 6
RAISED_IL6 = (3, 4, 5, 6, 9, 10, 11)
"""zhou2025:Results, Effectiveness of tocilizumab in treating CRS."""

GRADES_WITH = {1: 2, 2: 2, 3: 3, 4: 3, 5: 2, 6: 3, 9: 3, 10: 2, 11: 2, 12: 2, 13: 3}
"""Grades given to a number beforehand; the others are drawn."""
GRADES_WITHOUT = {30: 2, 45: 1}

# Durations of CRS in days, by arm and grade: invented one by one so that median and range are the printed ones (zhou2025:Results, Efficacy
# of CAR-T cells; no single duration is printed), grade 3 is shorter with tocilizumab and grade 2 about as long (Figure 2B, in words only).
DURATIONS_WITH = {2: (2.0, 3.1, 4.0, 4.7, 5.2, 6.5, 7.3, 8.0), 3: (4.2, 5.0, 5.8, 6.1, 6.9, 7.4, 8.1, 9.5, 14.0)}
DURATIONS_WITHOUT = {
    1: (1.3, 2.2, 3.0, 3.6, 4.1, 4.8, 6.0), 2: (3.2, 4.4, 5.0, 5.4, 5.6, 5.9, 6.4, 6.8, 7.5, 8.2, 8.8), 3: (8.6, 9.3, 10.1, 10.8, 11.4, 12.0),
}
DURATION_OF = {3: 7.4, 4: 8.1, 5: 8.0, 6: 14.0, 9: 9.5, 10: 7.3, 11: 6.5}
"""Of those whose symptoms did not improve soon: the longer ones."""

TOCILIZUMAB_DAYS = {4: (6, 9, 11), 11: (6, 8)}
DOSES_OF = {3: 2, 4: 3, 5: 2, 6: 6, 9: 3, 10: 2, 11: 2}
SECOND_DOSE = 2
"""How many of the other ten get a second dose."""

WEIGHTS_WITH = (48.0, 54.0, 60.0, 67.0, 70.0, 76.0, 78.0, 84.0, 100.0)
"""Weights of those not fixed below: at 8 mg/kg they give doses of 400 to 800 mg around a median of 480."""
WEIGHT_OF = {3: 57.0, 4: 58.0, 5: 52.0, 6: 60.0, 9: 62.0, 10: 63.0, 11: 64.0, CHILD_160_MG: 20.0}

_MP, _DEX, _HC = "methylprednisolone", "dexamethasone", "hydrocortisone"
# Cumulative corticosteroids: median 100 and range 7.5 to 302.5 mg of methylprednisolone by 4 mg = 20 mg hydrocortisone = 0.75 mg dexamethasone
# (the prescribing information of prednisolone; the paper names no equivalents).
STEROIDS_WITH: tuple[tuple[tuple[str, float], ...], ...] = (
    ((_MP, 40), (_MP, 20)), ((_MP, 40), (_MP, 40)), ((_MP, 40), (_DEX, 10)), ((_MP, 40), (_MP, 40), (_MP, 20)), ((_MP, 40), (_MP, 40), (_MP, 40)),
    ((_MP, 80), (_DEX, 10)), ((_MP, 80), (_MP, 40), (_MP, 20)), ((_DEX, 10),) * 3, ((_MP, 80), (_MP, 60), (_MP, 40)), ((_MP, 80), (_MP, 80), (_MP, 40)),
    ((_MP, 80),) * 3, ((_MP, 80), (_MP, 80), (_MP, 80), (_MP, 40)),
)
"""60, 80, 93.3, 100, 120, 133.3, 140, 160, 180, 200, 240 and 280 mg."""
STEROIDS_OF: Mapping[int, tuple[tuple[str, float], ...]] = {
    CHILD_160_MG: ((_MP, 20), (_MP, 20)), ICANS_3: ((_DEX, 10),) * 4, DIED: ((_MP, 80), (_MP, 80), (_MP, 80), (_MP, 40), (_HC, 100), (_HC, 12.5)),
    CHILD_7_5_MG: ((_HC, 37.5),),
}
NO_STEROIDS_WITH = (1, 2)
STEROIDS_WITHOUT = {
    2: (((_MP, 20),), ((_MP, 40),), ((_MP, 40),)),
    3: (((_MP, 40), (_MP, 20)), ((_MP, 40), (_MP, 40)), ((_MP, 40), (_MP, 40)), ((_MP, 40), (_DEX, 10)), ((_MP, 40),) * 3, ((_MP, 80),) * 2),
}
"""20, 40 and 40; 60, 80, 80, 93.3, 120 and 160 mg."""

MALE_WITH, HIGH_RISK_WITH, HIGH_RISK_WITHOUT = 9, 14, 24
"""How the paper's 24 male and 38 high-risk patients fall to the arms: assumed, since it tells only that the arms were alike."""
LINES = {1: 14, 2: 22, 3: 9}
TRANSPLANTED_WITH, TRANSPLANTED_WITHOUT = 4, 6
INTERFERON_MEASURED = 6
"""In the tocilizumab arm "a few patients also included data about IFN-gamma"; of the others in all: assumed."""
SITES = ("lung", "bloodstream", "gut", "urinary tract", "soft tissue", "sinuses")


@dataclass(frozen=True)
class _Drawn:
    """What is shared out among the patients, by their number."""

    grade: dict[int, int]
    days: dict[int, float]
    age: dict[int, float]
    weight: dict[int, float]
    male: set[int]
    high_risk: set[int]
    transplanted: set[int]
    lines: dict[int, int]
    infected: dict[int, str]
    doses: dict[int, int]
    steroids: dict[int, tuple[tuple[str, float], ...]]
    response: dict[int, tuple[str, str]]
    interferon: set[int]


def plans(seed: int) -> tuple[Plan, ...]:
    """The plans of the 45 patients, in the order of their numbers."""
    rng = np.random.default_rng(seed)
    drawn = _drawn(rng)
    return tuple(_plan(number, drawn, np.random.default_rng((seed, 1000 + number))) for number in (*WITH, *WITHOUT))


def _some(rng: np.random.Generator, among: list[int], n: int) -> list[int]:
    return [int(x) for x in rng.permutation(among)[:n]]


def _drawn(rng: np.random.Generator) -> _Drawn:
    count = paper003().count
    grade = _grades(rng)
    days = dict(DURATION_OF)
    for arm, lengths in ((WITH, DURATIONS_WITH), (WITHOUT, DURATIONS_WITHOUT)):
        for g, pool in lengths.items():
            left = list(pool)
            for p in arm:
                if grade[p] == g and p in days:
                    left.remove(days[p])
            free = [p for p in arm if grade[p] == g and p not in DURATION_OF]
            days |= dict(zip(free, rng.permutation(left).tolist(), strict=True))
    age, weight = _ages_and_weights(rng)
    heaviest = max(WITH, key=lambda p: weight[p])
    others = [p for p in WITH if p not in (GVHD, heaviest)]
    male = {heaviest, *_some(rng, others, MALE_WITH - 1), *_some(rng, list(WITHOUT), count("male") - MALE_WITH)}
    infected = dict(INFECTED)
    more = [*_some(rng, [p for p in WITH if p not in (*INFECTED, *EXPANDING, GVHD)], count("toci_infection") - len(INFECTED)),
            *_some(rng, list(WITHOUT), count("none_infection"))]
    infected |= {p: SITES[int(rng.integers(len(SITES)))] for p in more}
    again = _some(rng, [p for p in WITH if p not in DOSES_OF and days[p] >= 4.0], SECOND_DOSE)
    lines = [n for n, many in LINES.items() for _ in range(many)]
    return _Drawn(
        grade=grade, days=days, age=age, weight=weight, male=male,
        high_risk={*_some(rng, list(WITH), HIGH_RISK_WITH), *_some(rng, list(WITHOUT), HIGH_RISK_WITHOUT)},
        transplanted={GVHD, *_some(rng, [p for p in WITH if p != GVHD], TRANSPLANTED_WITH - 1), *_some(rng, list(WITHOUT), TRANSPLANTED_WITHOUT)},
        lines=dict(zip((*WITH, *WITHOUT), rng.permutation(lines).tolist(), strict=True)), infected=infected,
        doses={p: DOSES_OF.get(p, 2 if p in again else 1) for p in WITH}, steroids=_steroids(rng, grade), response=_responses(rng),
        interferon={*_some(rng, list(WITH), INTERFERON_MEASURED), *WITHOUT},
    )


def _grades(rng: np.random.Generator) -> dict[int, int]:
    """The highest grades: those given beforehand, then the rest of the paper's counts at random."""
    count = paper003().count
    out = GRADES_WITH | GRADES_WITHOUT
    for arm, wanted in ((WITH, {2: count("toci_grade_2"), 3: count("toci_grade_3")}),
                        (WITHOUT, {0: count("none_no_crs"), 1: count("none_grade_1"), 2: count("none_grade_2"), 3: count("none_grade_3")})):
        left = [g for g, many in wanted.items() for _ in range(many - sum(out.get(p) == g for p in arm))]
        free = [p for p in arm if p not in out]
        out |= dict(zip(free, rng.permutation(left).tolist(), strict=True))
    return out


def _ages_and_weights(rng: np.random.Generator) -> tuple[dict[int, float], dict[int, float]]:
    """Ages with the printed median and range (36; 8 to 67), weights that give the printed doses; the child of 8 is small for its age."""
    children = {CHILD_160_MG: 8.0, CHILD_7_5_MG: 10.0}
    younger, older = rng.integers(14, 36, 20).tolist(), rng.integers(37, 67, 21).tolist()
    free = [p for p in (*WITH, *WITHOUT) if p not in children]
    age = children | dict(zip(free, [float(a) for a in rng.permutation([*younger, 36, *older, 67])], strict=True))
    weight = dict(WEIGHT_OF)
    free = sorted((p for p in WITH if p not in weight), key=lambda p: age[p] >= 18)
    minors = sum(age[p] < 18 for p in free)  # who is not grown up gets one of the smaller weights
    weights = [*WEIGHTS_WITH[:minors], *rng.permutation(WEIGHTS_WITH[minors:])]
    weight |= dict(zip(free, [float(w) for w in weights], strict=True))
    for p in WITHOUT:
        grown = float(np.clip(rng.normal(61.0, 10.0), 42.0, 95.0))
        # below 13 years 3 kg a year and 7 kg, a bedside rule; assumed
        weight[p] = round(grown if age[p] >= 16 else 3.0 * age[p] + 7.0 if age[p] < 13 else 0.85 * grown, 0)
    return age, weight


def _steroids(rng: np.random.Generator, grade: dict[int, int]) -> dict[int, tuple[tuple[str, float], ...]]:
    out = dict(STEROIDS_OF)
    free = [p for p in WITH if p not in out and p not in NO_STEROIDS_WITH]
    out |= {p: STEROIDS_WITH[int(i)] for p, i in zip(free, rng.permutation(len(STEROIDS_WITH)), strict=True)}
    for g, courses in STEROIDS_WITHOUT.items():
        # the patient with ICANS of grade 1 is not one of the ten given corticosteroids: among them was no ICANS
        among = [p for p in WITHOUT if grade[p] == g and p != ICANS_1]
        chosen = _some(rng, among, len(courses))
        out |= {p: courses[int(i)] for p, i in zip(chosen, rng.permutation(len(courses)), strict=True)}
    return out


def _responses(rng: np.random.Generator) -> dict[int, tuple[str, str]]:
    """One MRD+ CR with tocilizumab, three and the PR without: the only split that gives the printed p-value (see ``paper003.responses``)."""
    count = paper003().count
    positive = [*_some(rng, [p for p in WITH if p != DIED], count("toci_other_response"))]
    other = _some(rng, list(WITHOUT), count("none_other_response"))
    out = dict.fromkeys((*WITH, *WITHOUT), ("complete_remission", "negative"))
    out |= dict.fromkeys((*positive, *other), ("complete_remission", "positive"))
    return out | {other[0]: ("partial_remission", "positive")}


def _plan(number: int, drawn: _Drawn, rng: np.random.Generator) -> Plan:
    given = number in WITH
    grade, length = drawn.grade[number], drawn.days.get(number, 0.0) * HOURS_A_DAY
    onset = _onset(number, grade, rng) if grade else 0.0
    kinds = {2: ((0.45, ("pressure",)), (0.8, ("oxygen",)), (1.1, ("pressure", "oxygen"))),
             3: ((0.55, ("pressure",)), (0.85, ("oxygen",)), (1.1, ("pressure", "oxygen")))}
    draw = rng.random()
    signs: tuple[str, ...] = next((s for most, s in kinds[grade] if draw < most), ()) if grade >= 2 else ()
    discharge = round(float(rng.uniform(29.2, 31.5)) * HOURS_A_DAY, 1)
    out = outcome(rng, *drawn.response[number], assessed_day=round(float(rng.uniform(27.0, 29.0)), 1))
    plan = Plan(
        patient=f"Pt {number}", age=drawn.age[number], sex="male" if number in drawn.male else "female", weight=drawn.weight[number],
        high_risk=number in drawn.high_risk, lines=int(drawn.lines[number]),
        tumour_burden=round(100.0 * float(rng.beta(3.0, 2.2) if given else rng.beta(1.2, 2.6)), 1),
        prior_transplant=number in drawn.transplanted, cells=round(float(np.clip(np.exp(rng.normal(np.log(2.5), 0.4)), 1.0, 6.0)), 1),
        crs=grade, onset=onset, length=length, signs=signs, peak_day=float(15 if number in EXPANDING else rng.integers(10, 15)),
        outcome=out, discharge=discharge, interferon=number in drawn.interferon,
    )
    doses = _tocilizumab(number, plan, drawn.doses[number], rng) if given else ()
    steroids = drawn.steroids.get(number, ())
    first = plan.onset + rng.uniform(8.0, 20.0)
    plan = replace(plan, tocilizumab=doses, steroids=spread(rng, round(float(first), 1), steroids, (12.0, 24.0), plan.end - 2.0) if steroids else (),
                   il6=UNTREATED if not given else RAISED if number in RAISED_IL6 else FELL)
    return _stories(number, plan, drawn.infected.get(number), rng)


def _onset(number: int, grade: int, rng: np.random.Generator) -> float:
    """The first fever, on days 1 to 7, earlier with a higher grade; where the days of tocilizumab are told, so that the first follows within 12 h."""
    if number in TOCILIZUMAB_DAYS:
        return round(float(rng.uniform(143.0, 155.0)), 1)
    return round(float(np.clip(rng.normal(5.2 - 0.6 * grade, 1.2), 1.0, 7.5)) * HOURS_A_DAY, 1)


def _tocilizumab(number: int, plan: Plan, many: int, rng: np.random.Generator) -> tuple[Dose, ...]:
    """Mostly within 12 h of the onset; a further dose from 8 h on, mostly after 24 to 48 h, as far as the paper's words go together."""
    mg = tocilizumab_mg(plan.weight)
    if number in TOCILIZUMAB_DAYS:
        days = TOCILIZUMAB_DAYS[number]
        first = max(plan.onset + rng.uniform(2.0, 10.0), days[0] * HOURS_A_DAY + 0.5)
        later = [d * HOURS_A_DAY + rng.uniform(2.0, 10.0) for d in days[1:]]
        return tuple(Dose(round(float(h), 1), "tocilizumab", mg) for h in (first, *later))
    late = number in (7, 14)  # "mostly": two of the 17 later than 12 h, assumed
    first = plan.onset + (rng.uniform(13.0, 20.0) if late else rng.uniform(2.0, 11.5))
    return spread(rng, round(float(first), 1), [("tocilizumab", mg)] * many, (12.0, 48.0) if number not in DOSES_OF else (24.0, 48.0), plan.end - 12.0)


def _stories(number: int, plan: Plan, site: str | None, rng: np.random.Generator) -> Plan:
    """Infection, GVHD, ICANS, persistent expansion and the death of Pt 6."""
    out = plan
    if number == DIED:
        day = round(float(rng.uniform(40.0, 44.0)), 1)
        out = replace(out, discharge=None, outcome=Outcome(*_cr(out), out.outcome.assessed_day, day, None, "infection"))
    if site is not None:
        during, after = plan.onset + rng.uniform(24.0, 60.0), max(plan.end + 24.0, 5 * HOURS_A_DAY) + rng.uniform(0.0, 96.0)
        begin = during if number in INFECTED else after
        end = out.charted_until if number == DIED else begin + rng.uniform(8.0, 12.0) * HOURS_A_DAY
        out = replace(out, infection=Spell(site, round(float(begin), 1), round(float(min(end, out.charted_until)), 1)))
    if plan.tocilizumab:
        # at least a week after the first dose, and until what is told as its cause begins to wane
        since = plan.tocilizumab[0].hour + 200.0
        until = {GVHD: 13 * HOURS_A_DAY, **dict.fromkeys(EXPANDING, 15 * HOURS_A_DAY)}.get(number, plan.end)
        out = replace(out, raised_until=round(max(since, until), 1))
    if number == GVHD:
        begin, treated = 8.5 * HOURS_A_DAY, 12 * HOURS_A_DAY
        ruxolitinib = tuple(Dose(treated + 12.0 * k, "ruxolitinib", 5.0) for k in range(24))
        out = replace(out, gvhd=Spell("gut", round(begin, 1), 20 * HOURS_A_DAY), others=ruxolitinib)
    if number == ICANS_3:
        begin = round(plan.onset + 0.5 * plan.length, 1)
        inside = spread(rng, round(begin + 2.0, 1), STEROIDS_OF[ICANS_3], (8.0, 14.0), begin + 60.0)
        out = replace(out, icans=Spell("3", begin, round(begin + 7 * HOURS_A_DAY, 1)), steroids=inside,
                      others=(Dose(round(begin + 30.0, 1), "intrathecal_dexamethasone", 5.0),))
    if number == ICANS_1:
        begin = round(plan.onset + 0.4 * plan.length, 1)
        out = replace(out, icans=Spell("1", begin, round(begin + 24.0, 1)))
    return out


def _cr(plan: Plan) -> tuple[str, str]:
    return plan.outcome.response, plan.outcome.mrd
