"""What a concept is: one thing that a record can say, with its unit, limits, carry-forward time and codes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.errors import VocabularyError
from tocsin.vocabulary.spelling import unit_key, value_key

__all__ = ["Concept", "Conversion", "Domain", "Kind", "unit_key", "value_key"]


class Kind(StrEnum):
    """How a concept behaves in time."""

    MEASUREMENT = "measurement"  # a number, read at an instant, carried forward for a stated time
    STATE = "state"  # one of a list of coded values, holds until the next or until it expires
    FINDING = "finding"  # present or absent, as asserted by a clinician
    INFUSION = "infusion"  # a drug that runs from hour to end_hour; value is its rate
    DOSE = "dose"  # a drug or procedure given; value is the amount; end_hour when it is a course
    STATEMENT = (
        "statement"  # what somebody reported (a grade, a response, death); never an input to a grade unless said
    )


class Domain(StrEnum):
    """What a source can declare complete (see docs: open and closed world)."""

    VITALS = "vitals"
    LABS = "labs"
    DEVICES = "devices"
    DRUGS = "drugs"
    NEUROLOGY = "neurology"
    FINDINGS = "findings"
    REPORTED = "reported"


# What people write for present and absent; every finding understands these.
PRESENCE_ALIASES: Mapping[str, str] = {
    "yes": "present",
    "y": "present",
    "true": "present",
    "t": "present",
    "1": "present",
    "positive": "present",
    "no": "absent",
    "n": "absent",
    "false": "absent",
    "f": "absent",
    "0": "absent",
    "none": "absent",
    "negative": "absent",
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """Exact step to the canonical unit: canonical = (value + before) * factor.

    ``per_kg``: the source unit is per kilogram and the canonical one is not: times weight_kg.
    ``over_kg``: the canonical unit is per kilogram and the source one is not: divided by weight_kg.
    """

    factor: float = 1.0
    before: float = 0.0
    per_kg: bool = False
    over_kg: bool = False

    def __post_init__(self) -> None:
        if self.per_kg and self.over_kg:
            raise VocabularyError("a conversion is per_kg or over_kg, not both")
        if not (math.isfinite(self.factor) and self.factor != 0):
            raise VocabularyError("a conversion needs a finite factor other than 0")

    @property
    def needs_weight(self) -> bool:
        """Whether the patient's weight is part of this step."""
        return self.per_kg or self.over_kg

    def to_canonical(self, value: float, weight_kg: float | None = None) -> float:
        """The value in the canonical unit, rounded to 12 significant digits so that 100.4 degF is exactly 38.0 degC.

        Raises VocabularyError when the step needs the weight and none is given.
        """
        out = (value + self.before) * self.factor
        if self.needs_weight:
            weight = _weight(weight_kg)
            out = out * weight if self.per_kg else out / weight
        return _rounded(out)

    def from_canonical(self, value: float, weight_kg: float | None = None) -> float:
        """The inverse, for showing a value in another unit; raises VocabularyError when a needed weight is missing."""
        if self.needs_weight:
            weight = _weight(weight_kg)
            value = value / weight if self.per_kg else value * weight
        return _rounded(value / self.factor - self.before)


def _weight(weight_kg: float | None) -> float:
    if weight_kg is None:
        raise VocabularyError(
            "one of these units is per kilogram and the other is not: the patient's weight_kg is needed"
        )
    if not (math.isfinite(weight_kg) and weight_kg > 0):
        raise VocabularyError(f"weight_kg must be a positive number, not {weight_kg!r}")
    return weight_kg


def _rounded(value: float) -> float:
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, 11 - math.floor(math.log10(abs(value))))


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that a record can say.

    ``possible`` limits what can be true of a living patient or a working instrument: outside, the row is quarantined.
    ``plausible`` limits what is usual: outside, the row is used and a warning is given.  Both in the canonical unit.
    ``carry_forward_hours``: how long one value stays valid; then it is unknown, not normal.  None: only at its instant.
    ``worse``: +1 when higher is worse, -1 when lower is worse, 0 when neither.
    ``code_mark``: "V" when code and name were seen together at a source, "M" from memory, "" no codes.
    A finding has the values absent and present unless it lists its own.
    """

    name: str
    title: str
    kind: Kind
    domain: Domain
    unit: str | None = None
    units: Mapping[str, Conversion] = field(default_factory=dict, hash=False)
    possible: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None
    carry_forward_hours: float | None = None
    values: tuple[str, ...] = ()
    value_aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    aliases: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()
    rxnorm: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    omop: tuple[int, ...] = ()
    clif: tuple[str, ...] = ()
    us_unit: str | None = None
    si_unit: str | None = None
    worse: int = 0
    log_scale: bool = False
    code_mark: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind is Kind.FINDING:
            object.__setattr__(self, "values", self.values or ("absent", "present"))
            object.__setattr__(self, "value_aliases", {**PRESENCE_ALIASES, **self.value_aliases})
        if self.unit is not None and self.unit not in self.units:
            raise VocabularyError(f"{self.name}: the canonical unit {self.unit!r} must be among its accepted units")
        if self.unit is not None and self.units[self.unit] != Conversion():
            raise VocabularyError(f"{self.name}: the canonical unit {self.unit!r} must convert to itself")
        if self.kind is Kind.STATE and not self.values:
            raise VocabularyError(f"{self.name}: a state needs its list of values")
        if (
            self.possible
            and self.plausible
            and not (self.possible[0] <= self.plausible[0] <= self.plausible[1] <= self.possible[1])
        ):
            raise VocabularyError(f"{self.name}: plausible limits must lie inside the possible ones")
        for shown in (self.us_unit, self.si_unit):
            if shown is not None and shown not in self.units:
                raise VocabularyError(f"{self.name}: display unit {shown!r} must be among its accepted units")
        for alias, value in self.value_aliases.items():
            if value not in self.values:
                raise VocabularyError(
                    f"{self.name}: the alias {alias!r} points to {value!r}, which is not a value of it"
                )
        if bool(self.loinc or self.rxnorm or self.snomed or self.omop) != (self.code_mark in ("V", "M")):
            raise VocabularyError(f"{self.name}: codes need the mark V or M, and a mark needs codes")

    def conversion(self, unit: str) -> Conversion:
        """The exact step from ``unit``, in any spelling, to the canonical one; else VocabularyError with the list."""
        found = self.units.get(unit)
        if found is None:
            wanted = unit_key(unit)
            found = next((step for name, step in self.units.items() if unit_key(name) == wanted), None)
        if found is None:
            raise VocabularyError(
                f"{self.name} is not measured in {unit!r}; accepted: {', '.join(self.units) or 'no unit'}"
            )
        return found

    def coded_value(self, text: str) -> str:
        """The coded value that ``text`` means: value or alias, any case, blanks, underscores, hyphens equal."""
        wanted = value_key(text)
        for value in self.values:
            if value_key(value) == wanted:
                return value
        for alias, value in self.value_aliases.items():
            if value_key(alias) == wanted:
                return value
        raise VocabularyError(f"{self.name} cannot be {text!r}; its values: {', '.join(self.values) or 'free'}")
