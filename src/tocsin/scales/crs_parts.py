"""What the scales of CRS share: death, findings put down to another cause, and support that a sign would have needed."""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.haemodynamics import PRESSURE_LOW
from tocsin.derived.respiratory import ROOM_AIR
from tocsin.rules import Elsewhere, Measure, Predicate, charted, present
from tocsin.scales.scale import Criterion, Flag
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

VITAL_CONCEPTS = ("temperature", "fever", "hypotension", "systolic_bp", "mean_arterial_pressure", "oxygen_device", *VASOPRESSORS,
                  *VASOPRESSIN_LIKE, "vasopressor")
"""The vital signs and the support that every scale of CRS reads."""


def death(cites: str, mark: Mark) -> Criterion:
    """Grade 5."""
    return Criterion("DEATH5", 5, charted(present("death", says="death, stated to be caused by CRS")), cites, mark,
                     "Only where the record states that CRS was the cause (attribution crs); never derived.", short="death caused by CRS")


def elsewhere(concepts: tuple[str, ...], cites: str, mark: Mark) -> Criterion:
    """No grade, because what was found has another cause."""
    return Criterion("ELSEWHERE0", 0, Elsewhere(concepts, "the findings are put down to another cause"), cites, mark,
                     "Findings put down to infection, a procedure or another cause are not CRS. Ventilation for neurological reasons or a "
                     "procedure, without hypoxia, is told by the attribution of the device.", short="findings put down to another cause")


def flags(low: Predicate, concepts: tuple[str, ...]) -> tuple[Flag, ...]:
    """A low pressure (other than ``low``) or saturation that nobody treated, and findings counted elsewhere."""
    return (
        Flag("low_bp_untreated", PRESSURE_LOW & ~low, "A low pressure is charted that nobody treated or called hypotension; by itself it is "
             "not graded.", "tocsin:hypotension"),
        Flag("low_spo2_untreated", Measure("spo2", "%").below(90.0) & ROOM_AIR, "Saturation below 90% on room air without support; the scale "
             "grades the support that is required.", "tocsin:hypoxia"),
        Flag("counted_elsewhere", Elsewhere(concepts, "findings put down to another cause"), "Findings put down to another cause "
             "(attribution) are not counted.", "tocsin:attribution"),
    )
