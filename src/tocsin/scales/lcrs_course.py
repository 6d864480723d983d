"""The course of local CRS in stages, as data: four where the tumour is confined to parts of the body, three where it is systemic.

Source: lcrs2021, the text and figure 3; the model of confined tumours is that of wei2020.  Neither gives a number: the stages are
told by findings, and what the paper describes without a finding (where CAR-T cells go) is not guessed.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.derived.organs import ORGAN_SETTINGS, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN
from tocsin.rules import Constant, Either, Fact, Named, Observed, Or, Predicate, Setting, Within, charted, present, settled
from tocsin.scales.scale import Criterion, Flag, Scale

LOCAL_SIGNS = ("neck_swelling", "facial_oedema", "laryngeal_discomfort", "lesion_swelling", "compression_symptoms", "serous_effusion")
"""Signs of inflammation at one site of the body."""
COUNTS = ("crs", "local_crs", "unknown")

SETTINGS = (
    Setting("organ_damage_grade", 3.0, "grade", "organ damage is toxicity of at least this CTCAE v4.03 grade; the paper gives none",
            "tocsin:organ-damage", Mark.DECISION, minimum=1, maximum=4),
    *ORGAN_SETTINGS,
)
_MODEL = "lcrs2021:discussion, figure 3"

LOCAL = Named(
    "local_inflammation", Either(*(present(sign) for sign in LOCAL_SIGNS)), says="inflammation at one site: " + ", ".join(
        sign.replace("_", " ") for sign in LOCAL_SIGNS), cites=_MODEL, mark=str(Mark.SOURCE),
    reading="Any one sign is enough, and the signs that are charted decide: nobody charts a swelling at each site of the body.")
"""Local inflammation, at whatever site."""

SURGE = Named(
    "systemic_inflammation", Or((FEVER, charted(present("cytokine_rise")), charted(present("car_t_expansion")))),
    says="systemic CRS (fever), or a told rise of cytokines or expansion of CAR-T cells in the blood", cites=_MODEL, mark=str(Mark.SOURCE),
    reading="The paper shows it by fever, the rise of cytokines and CAR-T copies, without limits: fever decides, and the other two count "
            "where they are told.")
"""Systemic inflammation."""


def _ever(claim: Predicate) -> Predicate:
    return Observed(claim, inf)


def _damage(settings: dict[str, float | bool]) -> Predicate:
    grade = int(settings["organ_damage_grade"])
    return Named("organ_damage", Either(present("organ_failure", ask=False), organ_toxicity(grade, settings)),
                 says=f"organ failure, or organ toxicity of CTCAE v4.03 grade {grade} or more", cites=_MODEL, mark=str(Mark.DECISION))


_CALM = Named(
    "abated", Either(present("discharge", ask=False), ~Or((FEVER, LOCAL, ANY_VASOPRESSOR, ANY_OXYGEN))) & ~charted(FEVER),
    says="no fever, vasopressor, oxygen or local inflammation, or discharged from hospital without a new fever", cites=_MODEL, mark=str(Mark.DECISION),
    reading="The paper's patient was discharged once the swelling was gone; nobody measured on for her sake.")


def _other(extent: str, model: str) -> Flag:
    return Flag("other_model", Fact("disease_extent", "==", extent, f"the disease is {extent}", assume=False),
                f"The disease of this patient is {extent}: the {model} is meant for it.", _MODEL)


_EXTENT_NOT_TOLD = Flag(
    "extent_not_told", ~Or(tuple(Fact("disease_extent", "==", extent, f"the disease is {extent}", assume=False)
                                 for extent in ("systemic", "compartmental"))),
    "Whether the disease is systemic or confined (disease_extent) is not told; it decides which of the two models applies.", _MODEL)


_LOCAL_LATE = Flag("local_signs_late", LOCAL & Within(Constant(True), 264.0, inf), "Local inflammation later than the usual days 1 to 10 after the "
                   "infusion; look for another cause.", "wei2020:table 2")
_FEVER_LATE = Flag("fever_late", FEVER & Within(Constant(True), 360.0, inf), "Fever later than the usual days 2 to 14 of systemic CRS after the "
                   "infusion; look for another cause.", "wei2020:table 2")


def compartmental(**given: object) -> Scale:
    """The four stages where the tumour is confined, with the given settings; SettingError for one that does not exist."""
    settings = settled(SETTINGS, given)
    surged = _ever(SURGE)
    damage = surged & _ever(_damage(dict(settings)))
    return Scale(
        id="lcrs-stage-compartmental-2021", version="2021", title="Course of local CRS in confined malignancy (stages 1 to 4)",
        syndrome="local CRS", cites=(_MODEL, "wei2020:model"), counts=COUNTS, settings=settings, setting_docs=SETTINGS, unit="stage",
        criteria=(
            Criterion("EXPANSION1", 1, _ever(LOCAL), _MODEL, Mark.SOURCE,
                      "Stage 1: CAR-T cells expand in the tumour masses, and local CRS ensues. Where the cells are is not measured; the local "
                      "inflammation shows it.", short="local CRS"),
            Criterion("OVERFLOW2", 2, surged, _MODEL, Mark.SOURCE,
                      "Stage 2: CAR-T cells and cytokines overflow into the blood, and systemic CRS develops.", short="systemic CRS"),
            Criterion("DAMAGE3", 3, damage, _MODEL, Mark.SOURCE,
                      "Stage 3: CAR-T cells redistribute and organs are damaged, after the surge. The grade of toxicity that is damage is our "
                      "setting.", short="organ damage"),
            Criterion("RECOVERY4", 4, surged & _CALM, _MODEL, Mark.SOURCE,
                      "Stage 4: recovery, once systemic CRS has been and has abated. Organ damage need not come before it.", short="recovery"),
            Criterion("BEFORE0", 0, ~(_ever(LOCAL) | surged), _MODEL, Mark.SOURCE, "Neither local nor systemic CRS has begun.",
                      short="no local or systemic CRS yet"),
        ),
        flags=(
            _other("systemic", "model of three stages (lcrs-stage-systemic-2021)"), _EXTENT_NOT_TOLD, _LOCAL_LATE, _FEVER_LATE,
            Flag("systemic_first", surged & ~_ever(LOCAL), "Systemic CRS without local CRS before it: stage 1 was not seen.", _MODEL),
        ),
        notes=("Stages are a course: the highest one reached is told, and recovery ends with a new fever.",
               "Usual days by Wei 2020: local CRS on days 1 to 10, systemic CRS on days 2 to 14.",
               "In this model local CRS is early: the paper warns of tocilizumab then."),
    )


def systemic(**given: object) -> Scale:
    """The three stages where the malignancy is systemic, with the given settings; SettingError for one that does not exist."""
    settings = settled(SETTINGS, given)
    surged = _ever(SURGE)
    spread = surged & (_ever(LOCAL) | _ever(_damage(dict(settings))))
    calm = surged & _CALM
    return Scale(
        id="lcrs-stage-systemic-2021", version="2021", title="Course of local CRS in systemic malignancy (stages 1 to 3)",
        syndrome="local CRS", cites=(_MODEL,), counts=COUNTS, settings=settings, setting_docs=SETTINGS, unit="stage",
        criteria=(
            Criterion("SYSTEMIC1", 1, surged, _MODEL, Mark.SOURCE,
                      "Stage 1: CAR-T cells expand all over the body and release cytokines; systemic CRS.", short="systemic CRS"),
            Criterion("LOCAL2", 2, spread, _MODEL, Mark.SOURCE,
                      "Stage 2: CAR-T cells redistribute to sites that harbour tumour cells or antigen; organ damage, and local CRS may happen. "
                      "It comes after systemic CRS has begun.", short="local CRS or organ damage"),
            Criterion("ABATEMENT3", 3, calm, _MODEL, Mark.SOURCE, "Stage 3: CRS abates, and the patient recovers.", short="abatement"),
            Criterion("BEFORE0", 0, ~surged, _MODEL, Mark.SOURCE, "Systemic CRS has not begun.", short="no systemic CRS yet"),
        ),
        flags=(
            _other("compartmental", "model of four stages (lcrs-stage-compartmental-2021)"), _EXTENT_NOT_TOLD,
            Flag("new_cycle", charted(_ever(calm)) & FEVER, "Fever after abatement: a new cycle of systemic CRS; the stage is told of the whole "
                 "course.", _MODEL),
            Flag("local_first", LOCAL & ~surged, "Local inflammation without systemic CRS before it; the model does not foresee it.", _MODEL),
        ),
        notes=("Stages are a course: the highest one reached is told, and abatement ends with a new fever.",
               "In this model local CRS is late: the paper holds tocilizumab and corticosteroids acceptable."),
    )


BUILDERS = {"lcrs-stage-compartmental-2021": compartmental, "lcrs-stage-systemic-2021": systemic}
