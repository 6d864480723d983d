"""The grades of neurotoxicity that paper 004 names: ICANS (ASTCT), CRES (CARTOX), or either; and oedema and high pressure."""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.protocols.parts import COURSE_HOURS
from tocsin.protocols.protocol import Block
from tocsin.rules import Doses, Either, Fact, Lasting, Named, Observed, Or, Predicate
from tocsin.scales import scale

NEURO_CITES = "neelapu2018:CRES management"
CRES = scale("cartox-cres-2018")
_ICANS = scale("astct-icans-2019")

CHILD = (Fact("age_years", "<", 18.0, "age below 18 years", assume=False), "This is a dose for adults: the sources name none for children.")
"""Said beside every fixed dose for a patient below 18."""


def icans(grade: int) -> Named:
    """ICANS of this grade or more (ASTCT)."""
    return Named(f"icans_{grade}", _ICANS.at_least(grade), f"ASTCT ICANS grade {grade} or more", cites="icans_adult:table", mark="V")


def cres(grade: int) -> Named:
    """CRES of this grade or more (CARTOX)."""
    return Named(f"cres_{grade}", CRES.at_least(grade), f"CARTOX CRES grade {grade} or more", cites="neelapu2018:CRES", mark="M")


def neurotoxicity(grade: int) -> Named:
    """Neurotoxicity of this grade or more by either scale; the one that can be graded decides."""
    return Named(f"neurotoxicity_{grade}", Either(icans(grade), cres(grade)), f"ICANS (ASTCT) or CRES (CARTOX) of grade {grade} or more",
                 cites="tocsin:neurotoxicity", mark="D", reading="The paper writes both names; ICE and CARTOX-10 are two ways of charting one thing.")


def _criterion(code: str) -> Predicate:
    return next(c.predicate for c in CRES.criteria if c.code == code)


OEDEMA = _criterion("OEDEMA4")
SEVERE_PAPILLOEDEMA = _criterion("PAPIL4")
PRESSURE_OR_OEDEMA = Named(
    "oedema_or_high_pressure", Or((OEDEMA, SEVERE_PAPILLOEDEMA, _criterion("CSF4"))),
    "cerebral oedema, papilloedema of stage 3 or more, or an opening pressure of 20 mmHg or more", cites="neelapu2018:CRES", mark="M")
"""The brain swells, or its pressure is high."""

_COURSE = Named(
    "methylprednisolone_for_cres_4", Doses(("methylprednisolone",), "methylprednisolone", "methylprednisolone", hours=COURSE_HOURS) & Observed(cres(4), 240.0),
    "a course of methylprednisolone in which CRES was of grade 4", cites="tocsin:course", mark="D",
    reading=f"Doses within {COURSE_HOURS:g} h of each other are one course.")
THREE_DAYS = Block(
    "METHYLPREDNISOLONE-3-DAYS", Lasting(_COURSE, 72.0), "its three days are over: taper by 250 mg every 12 h for 2 days, 125 mg every 12 h for 2, 60 mg every "
    "12 h for 2", "jcm2023:table1", Mark.VERIFIED)
"""1 g of methylprednisolone a day is for three days, however long the neurotoxicity lasts."""
