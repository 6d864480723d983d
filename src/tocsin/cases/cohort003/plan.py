"""What is decided about one synthetic patient before any event is written: facts, course, treatment, complications, outcome.

Hours count from the infusion, days are 24 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HOURS_A_DAY = 24.0
UNTREATED, FELL, RAISED = "untreated", "fell", "raised"
"""Courses of IL-6: with no tocilizumab, fallen after it, still raised after it."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose: when, of which drug, how much (mg)."""

    hour: float
    drug: str
    mg: float


@dataclass(frozen=True, slots=True)
class Spell:
    """An infection, GVHD or ICANS: where (or of which grade), from when to when."""

    what: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Response at day 28 and what came after it, in days since the infusion; ``last_day`` is that of death or last contact."""

    response: str
    mrd: str
    assessed_day: float
    last_day: float
    progression_day: float | None = None
    death: str = ""

    @property
    def told(self) -> str:
        """The response as the paper words it."""
        if self.response != "complete_remission":
            return "PR" if self.response == "partial_remission" else "no response"
        return "MRD- CR" if self.mrd == "negative" else "MRD+ CR"


@dataclass(frozen=True, slots=True)
class Plan:
    """One synthetic patient.

    ``crs`` is the highest ASTCT grade that the events are to show, ``signs`` what shows it: "pressure" and "oxygen", either or both.  ``onset`` and
    ``length`` are hours; a patient without CRS has a length of 0.  ``il6`` is one of the courses above, ``raised_until`` the hour at which a raised
    IL-6 begins to fall.  ``peak_day`` is that of the CAR-T cells, ``discharge`` an hour, null where the patient died in hospital.
    """

    patient: str
    age: float
    sex: str
    weight: float
    high_risk: bool
    lines: int
    tumour_burden: float
    prior_transplant: bool
    cells: float
    crs: int
    onset: float
    length: float
    signs: tuple[str, ...]
    peak_day: float
    outcome: Outcome
    discharge: float | None
    tocilizumab: tuple[Dose, ...] = ()
    steroids: tuple[Dose, ...] = ()
    others: tuple[Dose, ...] = ()
    il6: str = UNTREATED
    raised_until: float = 0.0
    interferon: bool = True
    icans: Spell | None = None
    infection: Spell | None = None
    gvhd: Spell | None = None

    @property
    def end(self) -> float:
        """The hour at which the episode of CRS is over."""
        return self.onset + self.length

    @property
    def charted_until(self) -> float:
        """The hour at which the chart of the ward ends."""
        return self.discharge if self.discharge is not None else self.outcome.last_day * HOURS_A_DAY


# Tocilizumab: 8 mg/kg, at most 800 mg, as the paper's discussion gives it (zhou2025:Discussion).
TOCILIZUMAB_MG_PER_KG = 8.0
TOCILIZUMAB_MOST_MG = 800.0
VIAL_MG = 80.0
"""Doses are rounded to whole vials of 80 mg: assumed."""


def tocilizumab_mg(weight: float) -> float:
    """One dose of tocilizumab for this weight (kg), mg."""
    return min(TOCILIZUMAB_MOST_MG, VIAL_MG * round(TOCILIZUMAB_MG_PER_KG * weight / VIAL_MG))


# Survival is a free invention: the paper prints no time and no status.  Hazards per month of 30.4375 days from day 28 on, the same in both arms.
MONTH_DAYS = 30.4375
FREE_UNTIL_DAY = 28.0
PROGRESSION_A_MONTH = {"MRD- CR": 0.02, "MRD+ CR": 0.08, "PR": 0.25, "no response": 0.5}
DEATH_WITHOUT_PROGRESSION_A_MONTH = 0.008
DEATH_AFTER_PROGRESSION_A_MONTH = 0.10
ACCRUAL_MONTHS = 42.0
"""April 2020 to October 2023 (zhou2025:Results, Essential characteristics of patients)."""
SHORTEST_FOLLOW_UP_MONTHS = 6.0


def outcome(rng: np.random.Generator, response: str, mrd: str, assessed_day: float) -> Outcome:
    """The outcome of one patient: constant hazards from day 28 on, censored at a data cut-off that accrual spreads over patients."""
    told = Outcome(response, mrd, assessed_day, 0.0).told
    cut = _day(MONTH_DAYS * (SHORTEST_FOLLOW_UP_MONTHS + rng.uniform(0.0, ACCRUAL_MONTHS)))
    # past the assessment, so that nobody progresses before the response is told
    start = max(FREE_UNTIL_DAY, assessed_day) + 1.0
    wait, alone, after = rng.exponential(1.0, 3)
    progression = _day(start + MONTH_DAYS * wait / PROGRESSION_A_MONTH[told])
    death = _day(start + MONTH_DAYS * alone / DEATH_WITHOUT_PROGRESSION_A_MONTH)
    cause = "other"
    if progression < death:
        death, cause = _day(progression + MONTH_DAYS * after / DEATH_AFTER_PROGRESSION_A_MONTH), "leukaemia"
    dies = death <= cut
    return Outcome(response, mrd, assessed_day, death if dies else cut,
                   progression if progression <= min(cut, death) else None, cause if dies else "")


def _day(value: float) -> float:
    return round(value, 1)


def spread(rng: np.random.Generator, first: float, doses: Sequence[tuple[str, float]], gap: tuple[float, float], until: float) -> tuple[Dose, ...]:
    """These doses one after another from hour ``first``, the time between them drawn from ``gap`` (hours) and shortened to end by ``until``."""
    gaps = rng.uniform(*gap, len(doses) - 1) if len(doses) > 1 else np.zeros(0)
    room = max(until - first, 0.0)
    if gaps.sum() > room:
        gaps *= room / gaps.sum()
    hours = first + np.concatenate([[0.0], np.cumsum(gaps)])
    return tuple(Dose(round(float(h), 1), drug, mg) for h, (drug, mg) in zip(hours, doses, strict=True))
