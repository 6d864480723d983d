"""How much a measurement has changed within hours: derived before grading (tocsin.derived.changes), or as the source tells it.

Carry-forward: 24 h, shorter than a laboratory value, because a change is about the time just past (D).
"""

from __future__ import annotations

from typing import Final

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Domain, Kind

_NOTE = "Carry-forward 24 h (D).  Limits D.  Below 0: it went the other way."


def _change(name: str, title: str, *aliases: str, possible: tuple[float, float], plausible: tuple[float, float]) -> Concept:
    return Concept(
        name,
        title,
        Kind.MEASUREMENT,
        Domain.LABS,
        "%",
        units.PERCENT_ONLY,
        possible=possible,
        plausible=plausible,
        carry_forward_hours=24,
        worse=1,
        aliases=aliases,
        note=_NOTE,
    )


_FALL: Final = {"possible": (-1e9, 100.0), "plausible": (-2000.0, 100.0)}
_RISE: Final = {"possible": (-100.0, 1e9), "plausible": (-100.0, 1e5)}

CONCEPTS: Final[tuple[Concept, ...]] = (
    _change("platelets_fall", "Fall of the platelet count within 24 h", "platelet fall", "platelet drop", **_FALL),
    _change("fibrinogen_fall", "Fall of fibrinogen within 48 h", "fibrinogen fall", "fibrinogen drop", **_FALL),
    _change("ferritin_rise", "Rise of ferritin within 24 h", "ferritin increase", **_RISE),
)
