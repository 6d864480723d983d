"""Predicates with three-valued logic, and their explanation in English; knows no medicine."""

from tocsin.rules.history import EpisodeFor, Kept, Lasting, Masked, Observed, Within
from tocsin.rules.predicate import (
    ABSENT,
    NEVER,
    PRESENT,
    And,
    AtLeast,
    Compare,
    Constant,
    CountRunning,
    Doses,
    Either,
    Elsewhere,
    Fact,
    IsIn,
    Measure,
    Named,
    Not,
    Or,
    PatientLimit,
    Predicate,
    RateSum,
    Unless,
    charted,
    present,
    values_of,
)
from tocsin.rules.setting import Setting, settled

__all__ = [
    "ABSENT", "NEVER", "PRESENT", "And", "AtLeast", "Compare", "Constant", "CountRunning", "Doses", "Either", "Elsewhere", "EpisodeFor", "Fact",
    "IsIn", "Kept", "Lasting", "Masked", "Measure", "Named", "Not", "Observed", "Or", "PatientLimit", "Predicate", "RateSum", "Setting", "Unless",
    "Within", "charted", "present", "settled", "values_of",
]
