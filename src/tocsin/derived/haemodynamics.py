"""Low pressure, hypotension, and the vasopressors that run."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.cite import Mark
from tocsin.rules import (
    Constant,
    CountRunning,
    Doses,
    Either,
    IsIn,
    Lasting,
    Measure,
    Named,
    Or,
    PatientLimit,
    Predicate,
    RateSum,
    Setting,
    Unless,
    charted,
    present,
)
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

FLUID_BOLUS_HOURS = 4.0
"""How long a fluid bolus counts as an intervention for a low pressure: as long as a charted pressure stays valid (decision)."""


def vasopressors(number: int) -> CountRunning:
    """At least ``number`` vasopressors other than vasopressin and terlipressin run at the same time."""
    return CountRunning(
        VASOPRESSORS, number, "vasopressor", "vasopressor other than vasopressin" if number == 1 else "vasopressors other than vasopressin",
        count="vasopressor_count", any_of="vasopressor",
    )


VASOPRESSIN = CountRunning(VASOPRESSIN_LIKE, 1, "vasopressin", "vasopressin or terlipressin", any_of="vasopressor", any_counts=False)
"""Vasopressin or terlipressin runs."""

ANY_VASOPRESSOR = vasopressors(1) | VASOPRESSIN
"""Any vasopressor runs, vasopressin included."""


def multiple_vasopressors(overlap_minutes: float) -> Predicate:
    """Two or more vasopressors other than vasopressin at once, for longer than a hand-over."""
    both = vasopressors(2)
    return both if overlap_minutes <= 0 else Lasting(both, overlap_minutes / 60.0)


SYSTOLIC_LOW = Measure("systolic_bp", "mmHg").below(PatientLimit("systolic_by_age", "the lowest normal for age (adults 90 mmHg)"))
"""Systolic pressure below the limit for age."""

PRESSURE_LOW = Named(
    "pressure_low",
    Either(
        SYSTOLIC_LOW,
        Measure("mean_arterial_pressure", "mmHg", ask=False).below(PatientLimit("mean_pressure_adult", "65 mmHg (adults)")),
    )
    | charted(Measure("systolic_bp", "mmHg", ask=False).at_most(
        PatientLimit("baseline_systolic_bp", "the patient's baseline less 40 mmHg", plus=-40.0)))
    | charted(Measure("pressure_fall", "mmHg", ask=False).at_least(40.0)),
    says="systolic pressure below the limit for age (adults 90 mmHg), mean pressure below 65 mmHg in adults, or a fall of 40 mmHg "
         "or more from baseline",
    cites="tocsin:hypotension", mark=str(Mark.DECISION),
    reading="ASTCT gives no number: hypotension is judged by age and the patient's own baseline. These are the usual limits; any "
            "charted one that is low counts. A smaller fall does not by itself show that the pressure was normal.",
)
"""A charted pressure is low."""


def bolus_given(hours: float) -> Doses:
    """A fluid bolus was given within the last ``hours``."""
    return Doses(("fluid_bolus",), "fluid_bolus", "a fluid bolus", hours=hours)


def hypotension(bolus_hours: float = FLUID_BOLUS_HOURS) -> Named:
    """Hypotension: asserted by a clinician, or a low pressure that was treated."""
    return Named(
        "hypotension",
        Either(present("hypotension"), PRESSURE_LOW & (bolus_given(bolus_hours) | ANY_VASOPRESSOR)),
        says="hypotension asserted, or a low pressure treated with a fluid bolus or vasopressor",
        cites="tocsin:hypotension", mark=str(Mark.DECISION),
        reading="A low pressure that nobody treated and no clinician called hypotension is flagged, not graded.",
    )


LIFE_THREATENING_HYPOTENSION = IsIn("hypotension", ("life_threatening",), says="hypotension asserted to be life-threatening")
"""Hypotension that a clinician called life-threatening."""

HIGH_DOSE_SETTINGS = (
    Setting("high_dose_hours", 3.0, "h", "how long a vasopressor must run at a high dose", "lee2014:high-dose", Mark.MEMORY, maximum=24),
    Setting("goradia_equivalents", False, "", "norepinephrine equivalents by Goradia instead of VASST. The two differ in dopamine, whose "
            "share then goes by weight and is left open", "goradia2021:formula", Mark.DECISION),
)
"""The settings of a scale that asks for high-dose vasopressors."""

_VASST = (("norepinephrine", 1.0), ("dopamine", 0.5), ("epinephrine", 1.0), ("phenylephrine", 0.1))
_GORADIA = (("norepinephrine", 1.0), ("epinephrine", 1.0), ("phenylephrine", 0.1))
_DOPAMINE_SHARE = Named(
    "dopamine_share", present("dopamine") & Unless(Constant(False), Constant(True)), says="dopamine beside it (a share that goes by weight, left open)",
    cites="goradia2021:formula", mark=str(Mark.VERIFIED),
)


@dataclass(frozen=True, slots=True)
class HighDoses:
    """The doses from which a vasopressor is high-dose.  Norepinephrine, epinephrine and equivalents in ug/min, or by weight."""

    name: str
    cites: str
    norepinephrine: float | PatientLimit
    epinephrine: float | PatientLimit
    combined: float | PatientLimit
    beside_vasopressin: float | PatientLimit
    says: str
    dopamine: float = 10.0        # ug/kg/min
    phenylephrine: float = 200.0  # ug/min


def _by_weight(limit: float) -> PatientLimit:
    return PatientLimit("weight_kg", f"{limit:g} ug/kg/min", factor=limit)


LEE_HIGH_DOSES = HighDoses(
    "high_dose_vasopressor", "lee2014:high-dose", 20.0, 10.0, 20.0, 10.0,
    "norepinephrine >= 20 ug/min, dopamine >= 10 ug/kg/min, phenylephrine >= 200 ug/min, epinephrine >= 10 ug/min, norepinephrine "
    "equivalent >= 20 ug/min, or >= 10 ug/min beside vasopressin")
PENN_HIGH_DOSES = HighDoses(
    "high_dose_by_weight", "porter2018:high-dose", _by_weight(0.2), _by_weight(0.1), _by_weight(0.2), _by_weight(0.1),
    "norepinephrine >= 0.2 ug/kg/min, dopamine >= 10 ug/kg/min, phenylephrine >= 200 ug/min, epinephrine >= 0.1 ug/kg/min, norepinephrine "
    "equivalent >= 0.2 ug/kg/min, or >= 0.1 ug/kg/min beside vasopressin")


def _rate(concept: str, limit: float | PatientLimit, unit: str) -> RateSum:
    return RateSum(((concept, 1.0),), limit, unit, concept, f"{concept} alone", any_of="vasopressor")


def high_dose_vasopressor(hours: float = 3.0, doses: HighDoses = LEE_HIGH_DOSES, *, goradia: bool = False) -> Named:
    """High-dose vasopressors by the table of Lee 2014 or of Penn 2018, sustained for ``hours``."""
    def equivalent(limit: float | PatientLimit) -> Predicate:
        return RateSum(_GORADIA if goradia else _VASST, limit, "ug/min", "norepinephrine", "norepinephrine equivalent", any_of="vasopressor")

    combined: Predicate = vasopressors(2) & equivalent(doses.combined)
    beside_vasopressin: Predicate = equivalent(doses.beside_vasopressin)
    if goradia:
        combined = combined | (_DOPAMINE_SHARE & Or(tuple(present(agent) for agent, _ in _GORADIA)))
        beside_vasopressin = beside_vasopressin | _DOPAMINE_SHARE

    high = (
        _rate("norepinephrine", doses.norepinephrine, "ug/min") | _rate("dopamine", doses.dopamine, "ug/kg/min")
        | _rate("phenylephrine", doses.phenylephrine, "ug/min") | _rate("epinephrine", doses.epinephrine, "ug/min")
        | combined | (VASOPRESSIN & beside_vasopressin)
    )
    formula = ("Goradia: norepinephrine + epinephrine + phenylephrine/10 + dopamine/100, all in ug/kg/min" if goradia else
               "VASST: norepinephrine + dopamine/2 + epinephrine + phenylephrine/10")
    return Named(
        doses.name, Lasting(high, hours) if hours > 0 else high, says=f"high-dose vasopressor for at least {hours:g} h ({doses.says})",
        cites=doses.cites, mark=str(Mark.MEMORY),
        reading=f"The table is from memory of {'Penn 2018' if doses is PENN_HIGH_DOSES else 'Lee 2014'}; equivalents are those of {formula}. "
                "An agent whose dose is high alone is high-dose beside another too.",
    )
