"""Drugs that run: vasopressors, inotropes, sedatives.  Codes: read in public mappings where marked V (RxNorm ingredient, OMOP).

Carry-forward of an infusion without a recorded stop: no source gives one; 24 h (D).
"""

from __future__ import annotations

from typing import Any

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Domain, Kind

_NO_STOP = "Carry-forward: without a recorded stop it runs for 24 h (D).  Limits D, to catch a wrong unit of time."


def infusion(
    name: str, title: str, unit: str, usual: float, accepted: units.Units | None = None, **more: Any
) -> Concept:
    """A drug that runs at a rate; ``usual`` is the highest plausible rate (D)."""
    note = f"{_NO_STOP}  {more.pop('note', '')}".strip()
    return Concept(
        name,
        title,
        Kind.INFUSION,
        Domain.DRUGS,
        unit,
        accepted or units.mass_rate(unit),
        possible=(0.0, units.NO_LIMIT),
        plausible=(0.0, usual),
        carry_forward_hours=24,
        code_mark="V" if more.get("rxnorm") else "",
        note=note,
        **more,
    )


VASOPRESSORS: tuple[Concept, ...] = (
    infusion(
        "norepinephrine",
        "Norepinephrine",
        "ug/min",
        300,
        rxnorm=("7512",),
        omop=(1321341,),
        clif=("norepinephrine",),
        aliases=("NE", "NEPI", "norepi", "noradrenaline", "norad", "levophed", "levarterenol"),
        note="MIMIC-IV itemid 221906.",
    ),
    infusion(
        "epinephrine",
        "Epinephrine",
        "ug/min",
        300,
        rxnorm=("3992",),
        omop=(1343916,),
        clif=("epinephrine",),
        aliases=("epi", "adrenaline", "adrenalin"),
        note="MIMIC-IV itemids 221289, 229617.",
    ),
    infusion(
        "phenylephrine",
        "Phenylephrine",
        "ug/min",
        1000,
        rxnorm=("8163",),
        omop=(1135766,),
        clif=("phenylephrine",),
        aliases=("neosynephrine", "neo-synephrine"),
        note="MIMIC-IV itemids 221749, 229630, 229632.",
    ),
    infusion("metaraminol", "Metaraminol", "ug/min", 1000, aliases=("aramine",)),
    infusion(
        "dopamine",
        "Dopamine",
        "ug/kg/min",
        50,
        rxnorm=("3628",),
        omop=(1337860,),
        clif=("dopamine",),
        aliases=("intropin",),
        note="MIMIC-IV itemid 221662.",
    ),
    infusion(
        "angiotensin_ii",
        "Angiotensin II",
        "ng/kg/min",
        200,
        clif=("angiotensin",),
        aliases=("angiotensin 2", "angiotensin", "giapreza", "AT2 infusion"),
        note="MIMIC-IV itemids 229709, 229764.",
    ),
    infusion(
        "vasopressin",
        "Vasopressin",
        "U/min",
        0.2,
        units.VASOPRESSIN_RATE,
        rxnorm=("11149",),
        omop=(1507835,),
        clif=("vasopressin",),
        aliases=("AVP", "argipressin", "arginine vasopressin", "pitressin", "vasostrict"),
        note='Not counted towards "multiple".  MIMIC-IV itemid 222315 is in units per HOUR.',
    ),
    infusion(
        "terlipressin",
        "Terlipressin",
        "mg/h",
        2,
        aliases=("glypressin", "terlivaz"),
        note="Flagged like vasopressin.",
    ),
)

INOTROPES: tuple[Concept, ...] = (
    infusion(
        "dobutamine",
        "Dobutamine",
        "ug/kg/min",
        50,
        rxnorm=("3616",),
        omop=(1337720,),
        clif=("dobutamine",),
        aliases=("dobutrex",),
        note="An inotrope: not counted as a vasopressor.  MIMIC-IV itemid 221653.",
    ),
    infusion(
        "milrinone",
        "Milrinone",
        "ug/kg/min",
        2,
        clif=("milrinone",),
        aliases=("primacor",),
        note="An inotrope: not counted as a vasopressor.  MIMIC-IV itemid 221986.",
    ),
)

SEDATIVES: tuple[Concept, ...] = (
    infusion("propofol", "Propofol", "ug/kg/min", 300, clif=("propofol",), aliases=("diprivan",)),
    infusion("midazolam", "Midazolam", "mg/h", 100, clif=("midazolam",), aliases=("versed", "dormicum")),
    infusion(
        "dexmedetomidine", "Dexmedetomidine", "ug/kg/h", 3, clif=("dexmedetomidine",), aliases=("precedex", "dexdor")
    ),
    infusion("ketamine", "Ketamine", "mg/kg/h", 10, clif=("ketamine",), aliases=("ketalar",)),
    infusion("fentanyl", "Fentanyl", "ug/h", 1000, clif=("fentanyl",), aliases=("sublimaze",)),
)

# When the record tells how many or whether, and not which.
UNNAMED: tuple[Concept, ...] = (
    Concept(
        "vasopressor_count",
        "Vasopressors running at once, vasopressin not counted",
        Kind.MEASUREMENT,
        Domain.DRUGS,
        "1",
        units.PLAIN,
        possible=(0.0, 10.0),
        plausible=(0.0, 6.0),
        carry_forward_hours=24,
        worse=1,
        aliases=(
            "number of vasopressors",
            "vasopressors count",
            "pressor count",
            "n vasopressors",
            "number of pressors",
        ),
        note="As told in the record.  Carry-forward: no source gives one; 24 h like an infusion (D).  Limits D.",
    ),
    Concept(
        "vasopressor",
        "Vasopressor running, agent not told",
        Kind.FINDING,
        Domain.DRUGS,
        carry_forward_hours=24,
        worse=1,
        aliases=("vasopressors", "pressor", "pressors", "vasopressor use", "vasopressor support", "any vasopressor"),
        note="present: a vasopressor is running, agent not told.  absent: none at all is running.  "
        "Carry-forward: no source gives one; 24 h like an infusion (D).",
    ),
)

CONCEPTS: tuple[Concept, ...] = VASOPRESSORS + INOTROPES + SEDATIVES + UNNAMED
