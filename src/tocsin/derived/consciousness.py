"""Sedation, which hides consciousness, and which children are tested by CAPD instead of ICE."""

from __future__ import annotations

from tocsin.rules import Either, Fact, Named, Or, present
from tocsin.vocabulary.groups import SEDATIVES

SEDATED = Named(
    "sedated", Either(present("sedation"), Or(tuple(present(drug) for drug in SEDATIVES))),
    says="sedation is running", cites="icans_adult:footnote", mark="V",
    reading="Reduced consciousness counts only when it has no other cause, such as sedation.",
)
"""The patient is sedated, as asserted or because a sedative infusion runs."""

TESTED_BY_CAPD = Named(
    "tested_by_capd",
    Fact("age_years", "<", 12.0, "age below 12 years", assume=False)
    | Fact("developmental_delay", "==", True, "developmental delay", assume=False),
    says="age below 12 years, or developmental delay", cites="icans_child:table", mark="V",
    reading="At exactly 12 years the ICE score is used (ASTCT, ASCO); the NCI thesaurus says CAPD for 12 and under. Where the age is "
            "not told, the instrument that was charted decides.",
)
"""The patient is tested by CAPD rather than by the ICE score."""

TESTED_BY_ICE = Named(
    "tested_by_ice",
    Fact("age_years", ">=", 12.0, "age of 12 years or more", assume=True)
    & ~Fact("developmental_delay", "==", True, "developmental delay", assume=False),
    says="age of 12 years or more without developmental delay", cites="icans_adult:table", mark="V",
    reading="Where the age is not told, the instrument that was charted decides.",
)
"""The patient is tested by the ICE score."""

KNOWN_TESTED_BY_ICE = Named(
    "known_tested_by_ice",
    Fact("age_years", ">=", 12.0, "age of 12 years or more", assume=False)
    & ~Fact("developmental_delay", "==", True, "developmental delay", assume=False),
    says="age known to be 12 years or more without developmental delay", cites="icans_adult:table", mark="V",
)
"""The age is known and makes ICE the instrument."""
