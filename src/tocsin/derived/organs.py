"""Organ toxicity of at least a grade by CTCAE v4.03, over the organ classes that the older scales of CRS count.

Three ways in which a class is known:

* liver and kidney by values that every patient has measured (AST, ALT, bilirubin, creatinine): what is not measured is unknown;
* values that are measured only where there is reason (ejection fraction, troponin, fibrinogen, INR, APTT, urine output): they
  count where charted;
* a CTCAE grade as a clinician reported it (heart, lung, gut, skin, coagulation, nerves; also liver and kidney): counts where told.

What was once of a grade and is no longer charted is unknown, not normal: that or less.  A sign without a grade (pulmonary oedema, a rash) is at
least grade 1 and leaves the grade of its class open.  The limits of laboratory values stand in ``ctcae_table``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import inf
from types import MappingProxyType

from tocsin.derived.consciousness import SEDATED
from tocsin.derived.ctcae import CTCAE403, lab, lab_settings
from tocsin.derived.normal_limits import Beyond, Settings
from tocsin.rules import NEVER, Either, IsIn, Lasting, Measure, Named, Observed, Or, PatientLimit, Predicate, charted, present, values_of
from tocsin.vocabulary import CONCEPTS, Kind


class Organ(StrEnum):
    """An organ class."""

    LIVER = "liver"
    KIDNEY = "kidney"
    HEART = "heart"
    LUNG = "lung"
    GUT = "gut"
    SKIN = "skin"
    COAGULATION = "coagulation"
    NERVES = "nervous system"


CARTOX_ORGANS = (Organ.LIVER, Organ.KIDNEY, Organ.HEART, Organ.LUNG, Organ.GUT, Organ.SKIN, Organ.COAGULATION)
"""The classes of CARTOX, which grades neurotoxicity apart (from memory of its text)."""
LEE_ORGANS = tuple(Organ)
"""The classes of Lee 2014, where neurotoxicity is one."""

TOLD: Mapping[Organ, str] = MappingProxyType({
    Organ.LIVER: "hepatic_toxicity_grade", Organ.KIDNEY: "renal_toxicity_grade", Organ.HEART: "cardiac_toxicity_grade",
    Organ.LUNG: "pulmonary_toxicity_grade", Organ.GUT: "gastrointestinal_toxicity_grade", Organ.SKIN: "skin_toxicity_grade",
    Organ.COAGULATION: "coagulation_toxicity_grade", Organ.NERVES: "neurotoxicity_grade",
})
"""The reported CTCAE grade of each class."""
SIGNS: Mapping[Organ, tuple[str, ...]] = MappingProxyType({
    Organ.HEART: ("cardiac_failure",), Organ.LUNG: ("pulmonary_oedema", "pleural_effusion"), Organ.SKIN: ("rash",),
    Organ.NERVES: ("seizure", "consciousness"),
})
"""Signs that are toxicity of the class, of a grade that they do not tell."""
_MEASURED: Mapping[Organ, tuple[str, ...]] = MappingProxyType({
    Organ.LIVER: ("ast", "alt", "bilirubin_total"), Organ.KIDNEY: ("creatinine", "urine_output", "oliguria"),
    Organ.HEART: ("lvef", "troponin_i", "troponin_t"), Organ.COAGULATION: ("fibrinogen", "inr", "aptt"),
})
_AST, _ALT = "aspartate-aminotransferase-increased", "alanine-aminotransferase-increased"
_BILIRUBIN, _CREATININE, _EJECTION = "blood-bilirubin-increased", "creatinine-increased", "ejection-fraction-decreased"
_FIBRINOGEN, _INR, _APTT = "fibrinogen-decreased", "inr-increased", "aptt-prolonged"
_TROPONIN = ("cardiac-troponin-i-increased", "cardiac-troponin-t-increased")

ORGAN_SETTINGS = lab_settings(_AST, _ALT, _BILIRUBIN, _CREATININE, _EJECTION, *_TROPONIN, _FIBRINOGEN, _INR, _APTT, version=CTCAE403)
"""Limits of normal belong to the laboratory; these serve patients whose own are not told."""


def organ_inputs(*organs: Organ) -> tuple[str, ...]:
    """The concepts that these classes are judged by."""
    return tuple(name for organ in organs for name in (*_MEASURED.get(organ, ()), *SIGNS.get(organ, ()), TOLD[organ]))


# ------------------------------------------------------------------------------------------------- the function
def organ_toxicity(
    grade: int, settings: Settings, organs: tuple[Organ, ...] = CARTOX_ORGANS, *, transaminases: bool = True, paediatric: bool = False,
) -> Predicate:
    """Toxicity of at least ``grade`` (1 to 4) by CTCAE v4.03 in at least one of ``organs``.

    ``transaminases``: whether AST and ALT count (the scales leave "grade 4 transaminitis" out of grade 4; bilirubin stays in).
    ``paediatric``: oliguria and anuria by weight.  ``settings`` holds ORGAN_SETTINGS; what is missing has its default.
    """
    classes = tuple(one_organ(organ, grade, settings, transaminases=transaminases, paediatric=paediatric) for organ in organs)
    return Named(
        f"organ_toxicity_{grade}", Or(classes), says=f"organ toxicity of grade {grade} or more by CTCAE v4.03 (" + "; ".join(
            f"{organ}: {one.english()}" for organ, one in zip(organs, classes, strict=True)) + ")", cites="ctcae403:grades", mark="V")


def one_organ(
    organ: Organ, grade: int, settings: Settings, *, transaminases: bool = True, paediatric: bool = False,
) -> Predicate:
    """Toxicity of at least ``grade`` in one class."""
    match organ:
        case Organ.LIVER:
            return _liver(grade, settings, transaminases)
        case Organ.KIDNEY:
            return _told_or_measured(organ, grade, creatinine(grade, settings)) | urine(grade, paediatric)
        case Organ.HEART:
            claims = (ejection_fraction(grade, settings), troponin(grade, settings), _reported(organ, grade))
            return Or(tuple(claim for claim in claims if claim != NEVER))
        case Organ.COAGULATION:
            return clotting(grade, settings) | _reported(organ, grade)
        case _:
            return _reported(organ, grade)


# ------------------------------------------------------------------------------------------------- memory
def once(claim: Predicate) -> Predicate:
    """The claim for an input that nobody charts without reason: false where never true, unknown where it was and then lapsed."""
    return _ever(claim) & claim


def _ever(claim: Predicate) -> Predicate:
    return charted(Observed(claim, inf))


def _where_charted(concept: str, claim: Predicate) -> Predicate:
    """The same, and unknown where the value is charted but does not settle the claim."""
    return (charted(_is_known(concept)) | _ever(claim)) & claim


def _is_known(concept: str) -> Predicate:
    one = CONCEPTS[concept]
    if one.kind is Kind.MEASUREMENT:
        return Measure(concept, str(one.unit), ask=False).at_least(-inf)
    return IsIn(concept, values_of(concept), says=f"{one.title.lower()} is charted", ask=False)


# ------------------------------------------------------------------------------------------------- as reported
def _at_least(organ: Organ, grade: int, *, ask: bool) -> Named:
    """Reported as at least this grade; it is asked for only where nothing else tells the class."""
    return Named(
        f"{organ.name.lower()}_reported_{grade}", Measure(TOLD[organ], "grade", ask).at_least(grade),
        says=f"reported as grade {grade} or more", cites="ctcae403:grades", mark="V")


def _told_or_measured(organ: Organ, grade: int, measured: Predicate) -> Predicate:
    return Either(measured, _at_least(organ, grade, ask=False))


def _reported(organ: Organ, grade: int) -> Named:
    told = _at_least(organ, grade, ask=True)
    signs = tuple(_sign(name) for name in SIGNS.get(organ, ()))
    named = " or ".join(CONCEPTS[name].title.lower() for name in SIGNS.get(organ, ())).replace("level of", "reduced")
    claim, says = once(told), told.says
    if signs and grade == 1:
        claim, says = Or((claim, *signs)), f"{says}, or {named}"
    elif signs:
        claim, says = Or((_ever(told), *signs)) & told, f"{says} (left open by {named} without a grade)"
    return Named(
        f"{organ.name.lower()}_{grade}", claim, says=says, cites="ctcae403:grades", mark="V",
        reading="A reported grade counts where it is told; nobody reports the grade of a toxicity that is not there. A sign without a "
                "grade is at least grade 1.")


def _sign(name: str) -> Predicate:
    if name == "consciousness":
        reduced = IsIn(name, tuple(v for v in CONCEPTS[name].values if v != "awake"), says="reduced consciousness", ask=False)
        return once(reduced & ~charted(SEDATED))
    return once(present(name, ask=False))


# ------------------------------------------------------------------------------------------------- liver and kidney
def transaminitis(grade: int, settings: Settings) -> Named:
    """AST or ALT of at least this grade."""
    enzymes = [lab(term, CTCAE403, grade, settings) for term in (_AST, _ALT)]
    return Named(
        f"transaminitis_{grade}", Or(tuple(enzymes)), says=" or ".join(e.english() for e in enzymes), cites="ctcae403:AST, ALT", mark="V",
        reading="A normal AST does not tell the ALT: where one of them was not measured it is unknown.")


def bilirubin(grade: int, settings: Settings) -> Predicate:
    """Total bilirubin of at least this grade."""
    return lab(_BILIRUBIN, CTCAE403, grade, settings)


def creatinine(grade: int, settings: Settings) -> Predicate:
    """Creatinine of at least this grade, against the upper limit of normal or the patient's baseline (grade 4: the upper limit alone)."""
    return lab(_CREATININE, CTCAE403, grade, settings)


def _liver(grade: int, settings: Settings, transaminases: bool) -> Predicate:
    if transaminases:
        return _told_or_measured(Organ.LIVER, grade, transaminitis(grade, settings) | bilirubin(grade, settings))
    measured = bilirubin(grade, settings)
    return Either(measured, _at_least(Organ.LIVER, grade, ask=False) & measured)  # a reported grade may be that of AST or ALT


def urine(grade: int, paediatric: bool) -> Named:
    """Urine output of at least this grade: oliguria is grade 3, anuria grade 4."""
    def lasting(hours: float, limit: float | PatientLimit) -> Predicate:
        return Lasting(Measure("urine_output", "mL/h").below(limit), hours)

    def per_kg(limit: float) -> PatientLimit:
        return PatientLimit("weight_kg", f"{limit:g} mL/kg/h", factor=limit)

    if paediatric:
        oliguria: Predicate = lasting(8.0, per_kg(0.5))
        anuria: Predicate = lasting(24.0, per_kg(0.3)) | Lasting(Measure("urine_output", "mL/h").at_most(0.0), 12.0)
        words = "urine output below 0.5 mL/kg/h for 8 h", "urine output below 0.3 mL/kg/h for 24 h, or none for 12 h"
        cites, mark = "mahadeo2019:table 2, paediatric considerations", "V"
    else:
        oliguria, anuria = lasting(8.0, 10.0), lasting(24.0, 10.0)
        words = "urine output below 10 mL/h for 8 h (80 mL)", "urine output below 10 mL/h for 24 h (240 mL)"
        cites, mark = "ctcae403:urine output decreased", "M"
    claim: Predicate = _where_charted("urine_output", anuria)
    says = words[1]
    if grade < 4:
        claim = _where_charted("urine_output", oliguria) | once(present("oliguria", ask=False))
        says = f"{words[0]}, or oliguria asserted"
    return Named(
        f"urine_{grade}", claim, says=says, cites=cites, mark=mark,
        reading="A volume over hours is judged by the charted hourly output, which must stay below the limit all the time. Oliguria that a "
                "clinician asserts is grade 3, the only grade that CTCAE has for it.")


# ------------------------------------------------------------------------------------------------- heart
def ejection_fraction(grade: int, settings: Settings) -> Predicate:
    """Ejection fraction decreased, of at least this grade, where an echocardiogram was made."""
    claim = lab(_EJECTION, CTCAE403, grade, settings)
    return Named(f"ejection_fraction_{grade}", _where_charted("lvef", claim), says=claim.english(),
                 cites="ctcae403:Ejection fraction decreased", mark="M",
                 reading="It counts where charted: an echocardiogram is made where there is reason.")


def troponin(grade: int, settings: Settings) -> Predicate:
    """Troponin increased, of at least this grade; only against the limit of the patient's own assay."""
    claims = tuple(lab(term, CTCAE403, grade, settings) for term in _TROPONIN)
    if NEVER in claims:
        return NEVER
    raised = tuple(_ever(lab(term, CTCAE403, 1, settings)) for term in _TROPONIN)
    return Named(
        f"troponin_{grade}", Or(tuple(ever & claim for ever, claim in zip(raised, claims, strict=True))),
        says=" or ".join(claim.english() for claim in claims), cites="ctcae403:Cardiac troponin increased", mark="M",
        reading="It counts where charted beside the limit of the patient's own assay; assays differ too much for a common one.")


# ------------------------------------------------------------------------------------------------- coagulation
def clotting(grade: int, settings: Settings) -> Named:
    """Fibrinogen, INR or APTT of at least this grade, where charted."""
    low = Beyond("fibrinogen", high=False).predicate(settings)
    fibrinogen = lab(_FIBRINOGEN, CTCAE403, grade, settings)
    times = {name: lab(term, CTCAE403, grade, settings) for name, term in (("inr", _INR), ("aptt", _APTT)) if grade < 4}
    claims = [_where_charted("fibrinogen", fibrinogen & low), *(_where_charted(name, claim) for name, claim in times.items())]
    return Named(
        f"clotting_{grade}", Or(tuple(claims)), says=" or ".join(p.english() for p in (fibrinogen, *times.values())),
        cites="ctcae403:Fibrinogen, INR, APTT", mark="V",
        reading="They count where charted: clotting is measured where there is reason. A fall of fibrinogen from baseline counts once it is "
                "below normal, as v5.0 has it: inflammation raises it, and its return is no toxicity.")


# ------------------------------------------------------------------------------------------------- what is not told
ORGANS_NOT_TOLD = Named(
    "organs_not_told", Or(tuple(~charted(Or(tuple(_is_known(name) for name in organ_inputs(organ))))
                                for organ in CARTOX_ORGANS if organ not in (Organ.LIVER, Organ.KIDNEY))),
    says="nothing is told at the moment of heart, lung, gut, skin or coagulation", cites="tocsin:organs", mark="D",
    reading="These classes count where they are told; a record that does not speak of them leaves them out.")
"""The record says nothing of at least one class that counts only where it is told."""
