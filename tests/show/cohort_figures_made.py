"""Figures of made-up cohorts, plain and ugly, shared by the tests of what is drawn.  No patient is real."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tocsin.cohort.competing import cumulative_incidence
from tocsin.cohort.kaplan_meier import kaplan_meier
from tocsin.cohort.parts import (
    Box,
    Boxes,
    Course,
    Courses,
    Curves,
    Flow,
    Forest,
    ForestRow,
    Incidences,
    Lane,
    Line,
    Median,
    Shares,
    Swimmer,
)
from tocsin.cohort.survival import Survival

ARMS = ("tocilizumab", "no tocilizumab")
LONG = ("tocilizumab within 24 hours of the first fever, with or without corticosteroids", "corticosteroids alone, started at grade 2 or above",
        "siltuximab or anakinra after tocilizumab", "supportive care only")
DAYS = (0.0, 3.0, 5.0, 7.0, 10.0, 14.0, 21.0, 28.0)
MONTH = 30.4375


def arm_of(k: int, n: int, arms: tuple[str, ...]) -> int:
    return k * len(arms) // n


def follow_up(n: int, arms: tuple[str, ...], seed: int = 1) -> tuple[np.ndarray, np.ndarray, list[str]]:
    g = np.random.default_rng(seed)
    time, until = g.exponential(900, n), g.uniform(100, 1300, n)
    return np.minimum(time, until), (time <= until).astype(int), [arms[arm_of(k, n, arms)] for k in range(n)]


def curves(n: int = 45, arms: tuple[str, ...] = ARMS, seed: int = 1, note: str = "Log-rank p = 0.350", **more) -> Curves:
    time, event, arm = follow_up(n, arms, seed)
    return of_survival(time, event, arm, arms, note=note, **more)


def of_survival(time, event, arm, arms, note: str = "", **more) -> Curves:
    found = kaplan_meier(Survival.of(time, event), arm, levels=arms).curves
    return Curves(found, tuple(c.label for c in found), "Months since the infusion", "Overall survival", MONTH, note, **more)


def incidences(n: int = 45, arms: tuple[str, ...] = ARMS) -> Incidences:
    time, event, arm = follow_up(n, arms, 2)
    event = np.where(event > 0, np.random.default_rng(2).choice([1, 2], n), 0)
    found = cumulative_incidence(Survival.of(time, event, causes=("progression", "death")), arm, levels=arms).curves
    risk = kaplan_meier(Survival.of(time, event > 0), arm, levels=arms).curves
    return Incidences(found, tuple(f"{c.cause}, {c.label}" for c in found), risk, tuple(c.label for c in risk), "Months since the infusion",
                      "Cumulative incidence", MONTH, "Gray's test: progression p = 0.41, death p = 0.28")


def swimmer(n: int = 45, arms: tuple[str, ...] = ARMS) -> Swimmer:
    g = np.random.default_rng(3)
    lanes = []
    for k in range(n):
        onset = float(g.uniform(0, 6))
        most = int(g.choice([0, 1, 2, 3, 4]))
        day, spans = onset, [(0.0, onset, int(g.choice([0, -1])))]
        for grade in (*range(1, most + 1), *range(most - 1, 0, -1), 0):
            spans.append((day, day + 1.3, grade))
            day += 1.3
        doses = [(onset + 0.5, "tocilizumab")] + [(onset + d, "corticosteroid") for d in range(int(g.integers(0, 5)))] + [(40.0, "siltuximab")] * (k == 0)
        events = [(float(g.integers(10, 60)), "death")] if k % 9 == 0 else [(22.0, "discharge"), *([(120.0, "progression")] if k % 3 == 0 else [])]
        lanes.append(Lane(f"Patient-{k:03d}", arm_of(k, n, arms), tuple(spans), tuple(doses), tuple(events), events[0][0] + 10 * (k % 9 > 0), k % 9 > 0))
    return Swimmer(tuple(lanes), arms, "CRS", 28.0)


def flow(arms: tuple[str, ...] = ARMS) -> Flow:
    return Flow((("Screened for the study with relapsed or refractory disease", 61), ("Infused", 60), ("Analysed", 45)),
                ((("progressed before the infusion", 1),), (("follow-up shorter than 28 days", 4), ("data lost " * 12, 11))),
                tuple((a, 10 + k) for k, a in enumerate(arms)))


def shares(groups: tuple[str, ...] = ARMS) -> Shares:
    counts = ((0, 0, 8, 9, 0), (4, 7, 11, 6, 0), (0, 0, 0, 0, 0), (1, 0, 0, 0, 0))[:len(groups)]
    return Shares(tuple((g, sum(c)) for g, c in zip(groups, counts, strict=True)), tuple(f"grade {k}" for k in range(5)), counts,
                  (0, 2, 123, 0)[:len(groups)], (0, 1, 2, 3, 4))


def forest() -> Forest:
    inf = math.inf
    return Forest((
        ForestRow("Demographics"), ForestRow("  Age, per 10 years", 1.05, 0.82, 1.35, "45", "0.71"), ForestRow("  Sex, male", 1.42, 0.61, 3.30, "45", "0.42"),
        ForestRow("Disease, and a heading that is far too long for one line of the column of labels"), ForestRow("  Blasts " * 14, 3.9, 0.9, 45, "44", "0.07"),
        ForestRow("  Rare", None, None, None, "45", "–"), ForestRow("  Separated", inf, 2.1, inf, "45", "0.01"),
        ForestRow("  Never", 0.0, 0.0, 4.1, "45", "0.31"), ForestRow("  Open", 4.4, 0.5, None, "45", "0.2"),
        ForestRow("  Wide", 2.2, 0.001, 1e7, "45", "0.9"), ForestRow("  Bare", 0.7, None, None, "4", ""),
    ), "Odds ratio of tocilizumab (95% CI)", 1.0, ("less often given tocilizumab", "more often given tocilizumab"))


def differences() -> Forest:
    return Forest((ForestRow("Infection", 0.172, -0.11, 0.43, "45", "0.353"), ForestRow("Response", -0.036, -0.18, 0.15, "45", "1.000")),
                  "Risk difference (95% CI)", 0.0, ("favours tocilizumab", "favours no tocilizumab"))


def values(n: int, seed: int = 4) -> tuple[float, ...]:
    return tuple(float(v) for v in np.random.default_rng(seed).lognormal(5, 1, n))


def boxes(arms: tuple[str, ...] = ARMS, sizes: tuple[int, ...] = (17, 28, 0, 1)) -> Boxes:
    groups = tuple((a, values(n, k), k) for k, (a, n) in enumerate(zip(arms, sizes, strict=False)))
    with_zero = tuple((a, (0.0, math.nan, *v), k) for a, v, k in groups)
    return Boxes((Box("IL-6, Cmax", "IL-6, pg/mL", with_zero, "Mann-Whitney p = 0.003", True), Box("Duration of CRS", "Days", groups, "p = 0.42"),
                  Box("A title of a panel so long that it needs several lines", "CAR-T cells in the blood, copies per microgram of DNA, by qPCR", groups)))


def courses(panels: int = 4, n: int = 45, arms: tuple[str, ...] = ARMS, days: tuple[float, ...] = DAYS, **more) -> Courses:
    g = np.random.default_rng(5)
    out = []
    for p in range(panels):
        lines = []
        for k in range(n):
            mine = tuple(d for d in days if g.random() < 0.85) or days[:1]
            raw = [float(np.exp(g.normal(2.5 + p, 0.5) + 4 * np.exp(-(((d - 7) / 4) ** 2)))) for d in mine]
            lines.append(Line(f"P{k}", arm_of(k, n, arms), mine, tuple(min(max(v, 6.0), 900.0) for v in raw), tuple((v > 900) - (v < 6) for v in raw)))
        medians = []
        for a, name in enumerate(arms):
            by_day = {d: [v for line in lines if line.arm == a for day, v in zip(line.days, line.values, strict=True) if day == d] for d in days}
            by_day = {d: v for d, v in by_day.items() if v}
            if by_day:
                q1, middle, q3 = np.transpose([np.quantile(v, [0.25, 0.5, 0.75]) for v in by_day.values()]).tolist()
                medians.append(Median(name, a, tuple(by_day), tuple(middle), tuple(q1), tuple(q3), tuple(len(v) for v in by_day.values())))
        out.append(Course(f"Analyte {p}", "IL-6, pg/mL", tuple(lines), tuple(medians), **more))
    return Courses(tuple(out), arms)


def around(panels: int = 5) -> Courses:
    found = courses(panels, 17, days=tuple(range(-7, 11)))
    return replace(found, time="Days since the first tocilizumab", zero="first tocilizumab")


PLAIN = {
    "flow": (flow, ARMS), "shares": (shares, ARMS), "curves": (curves, ARMS), "incidences": (incidences, ARMS), "swimmer": (swimmer, ARMS),
    "forest": (forest, ARMS), "differences": (differences, ARMS), "boxes": (boxes, ARMS), "courses": (courses, ARMS),
}
UGLY = {
    "flow, four long arms": (lambda: flow(LONG), LONG), "flow, nine arms": (lambda: flow(tuple(f"dose level {k}" for k in range(9))), ()),
    "flow, one step": (lambda: Flow((("All", 1),), (), ()), ()), "flow, all leave": (lambda: Flow((("All", 1),), ((("died", 1),),), ()), ()),
    "shares, long": (lambda: shares(LONG), LONG),
    "curves, four long arms": (lambda: curves(80, LONG), LONG), "curves, one patient": (lambda: curves(1, ("all",)), ARMS),
    "curves, many": (lambda: curves(5000, note="Log-rank p <0.001; hazard ratio 1.42 (1.20 to 1.68) by Cox regression, proportional"), ARMS),
    "curves, cut": (lambda: curves(until=365.25, medians=True), ARMS), "curves, a long note": (lambda: curves(note="a long note of a test " * 14), ARMS),
    "curves, nobody": (lambda: Curves((), (), "Days", "Overall survival"), ARMS),
    "incidences, four long arms": (lambda: incidences(120, LONG), LONG),
    "swimmer, 80 lanes": (lambda: swimmer(80, LONG), LONG), "swimmer, one lane": (lambda: swimmer(1), ARMS), "swimmer, 81 lanes": (lambda: swimmer(81), ARMS),
    "swimmer, 400 lanes": (lambda: swimmer(400), ARMS),
    "boxes, four long arms": (lambda: boxes(LONG), LONG), "boxes, many values": (lambda: boxes(sizes=(2000, 201)), ARMS),
    "boxes, one panel": (lambda: Boxes(boxes().panels[:1]), ARMS),
    "courses, one patient": (lambda: courses(1, 1), ARMS), "courses, four long arms": (lambda: courses(2, 80, LONG, log=False), LONG),
    "courses, around a dose": (around, ARMS), "courses, many": (lambda: courses(1, 500), ARMS),
}
ALL = PLAIN | UGLY
