"""What the rules of several guidelines share: low pressure, oxygen, treatments given, and how long ago the first of them was."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.derived.haemodynamics import SYSTOLIC_LOW
from tocsin.derived.respiratory import ANY_OXYGEN, ROOM_AIR
from tocsin.rules import And, Doses, Either, Kept, Lasting, Measure, Named, Or, Predicate, charted, present
from tocsin.vocabulary import CONCEPTS
from tocsin.vocabulary.concept import Domain
from tocsin.vocabulary.groups import ANTIPYRETICS, CORTICOSTEROIDS

COURSE_HOURS = 72.0
"""Treatments within so many hours of each other are one course: an answer to the first of them is looked for in it (decision)."""

ICANS_FINDINGS = {"icans": tuple(c.name for c in CONCEPTS.values() if c.domain is Domain.NEUROLOGY)}
"""Neurological findings count when they are put down to ICANS (``Protocol.counts_also``)."""

LOW_PRESSURE = Named(
    "low_pressure", Either(SYSTOLIC_LOW, present("hypotension")),
    says="systolic pressure below the limit for age (adults 90 mmHg), or hypotension asserted", cites="tocsin:hypotension", mark="D",
    reading="The guideline gives no number: the usual limits are taken.",
)
"""The pressure is low now, treated or not."""

OXYGEN_NEEDED = Named(
    "oxygen_needed", ANY_OXYGEN | (Measure("spo2", "%").below(90.0) & ROOM_AIR), says="oxygen given, or saturation below 90% on room air",
    cites="tocsin:hypoxia", mark="D", reading="The guideline gives no number: 90% on room air is taken as the need.",
)
"""Oxygen is given, or needed."""

TOCILIZUMAB_COURSE = Doses(("tocilizumab",), "tocilizumab", "tocilizumab", hours=COURSE_HOURS)
STEROID_COURSE = Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", hours=COURSE_HOURS, told_by="corticosteroid")
STEROID_TODAY = Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", hours=24.0, told_by="corticosteroid")
ANTIPYRETIC_TODAY = Doses(ANTIPYRETICS, "antipyretic", "an antipyretic", hours=24.0, told_by="antipyretic")
BOLUS_TODAY = Doses(("fluid_bolus",), "fluid_bolus", "a fluid bolus", hours=24.0)


def boluses(number: int) -> Doses:
    """At least ``number`` fluid boluses within 24 h."""
    return Doses(("fluid_bolus",), "fluid_bolus", "fluid boluses", number, 24.0)


def since_first(course: Doses, hours: float) -> Named:
    """The first dose of the course was given at least ``hours`` ago."""
    return Named(
        f"since_first_{course.label}_{hours:g}", Lasting(course, hours), says=f"the first dose of {course.says} was at least {hours:g} h ago",
        cites="tocsin:course", mark="D", reading=f"Doses within {course.hours:g} h of each other are one course.")


def refractory(treated: Predicate, at_least: Callable[[int], Predicate], hours: float) -> Named:
    """CRS that did not give way to treatment: asserted, or the grade has not fallen by one in time.

    ``treated``: the treatment without which nothing is refractory to it.  ``at_least``: the grades by which the course is told.
    ``hours``: how long after the second tocilizumab, or after a systemic corticosteroid, the grade must have fallen.
    """
    second = Doses(("tocilizumab",), "tocilizumab", "tocilizumab", 2, since_infusion=True)
    steroid = Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", told_by="corticosteroid", since_infusion=True)

    def not_fallen(doses: Doses) -> Predicate:
        kept = [Kept(at_least(grade), doses, otherwise=grade > 1) for grade in (1, 2, 3, 4)]
        return And((Lasting(doses, hours), *kept))

    return Named(
        "refractory", treated & Or((charted(present("refractory_crs")), not_fallen(second), not_fallen(steroid))),
        says=f"CRS refractory to treatment: asserted, or the grade has not fallen within {hours:g} h of the second tocilizumab or of a corticosteroid",
        cites="tocsin:refractory", mark="D",
        reading="No source defines it. It ends when the grade falls below what it was at that dose; doses before the infusion do not count; a dose "
                "known only by its day counts from the end of that day.")
