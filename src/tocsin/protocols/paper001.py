"""Local CRS by paper 001, as data: what else it could be, and treatment by whether the disease is confined or systemic.

Source: lcrs2021 (the proposed algorithm is its text; its figure 3 has none), with the organ measures of lcrs_nhl2023, table 3.  The
paper calls its own model "arbitrary and inconclusive": it rests on one case and on the model of wei2020 for lymphoma.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.protocols.drugs import tocilizumab, tocilizumab_settings
from tocsin.protocols.protocol import Block, Chapter, Dose, Protocol, Rule
from tocsin.rules import Either, Fact, Named, Or, Predicate, Setting, charted, present, settled
from tocsin.scales import scale
from tocsin.scales.lcrs_course import LOCAL, LOCAL_SIGNS, SURGE
from tocsin.scales.lcrs_nhl import lcrs_nhl
from tocsin.vocabulary.groups import CORTICOSTEROIDS

SETTINGS = (
    *tocilizumab_settings(8.0, "the label; the paper names none", "kymriah:2.4", Mark.VERIFIED),
    Setting("tocilizumab_withheld_after_surge", False, "", "in confined malignancy tocilizumab is held back for as long as local inflammation lasts, "
            "also once systemic CRS has begun; the paper speaks of the early stage", "lcrs2021:discussion", Mark.DECISION),
)
_CASE, _TEXT, _ORGANS = "lcrs2021:case presentation", "lcrs2021:discussion", "lcrs_nhl2023:table 3"
_S, _V, _D = Mark.SOURCE, Mark.VERIFIED, Mark.DECISION

SUSPECTED = Named(
    "local_crs_suspected", Either(*(present(sign) for sign in LOCAL_SIGNS), present("dyspnoea")),
    says="an acute local swelling or dyspnoea", cites=_CASE, mark=str(_S), reading="Any one sign is enough, and the signs that are charted decide.")
"""What calls for the differential diagnosis."""

AIRWAY = Named(
    "airway_signs", Or((present("dyspnoea"), present("laryngeal_discomfort"), charted(present("cyanosis")))),
    says="dyspnoea, or discomfort in the larynx", cites=_CASE, mark=str(_S),
    reading="The paper's \"life threatening dyspnea by the rapid enlargement of her neck\" began as a foreign body sensation.")
"""The airway may be at risk."""

THREAT = Named(
    "life_threatening", Or((AIRWAY, present("vital_organ_compression"), present("adjacent_organ_decompensation"), present("compression_damage"),
                            present("massive_serous_effusion"), charted(present("threatening_swelling")))),
    says="a threat to life (airway, compressed or decompensated organ, bleeding, perforation, massive effusion)", cites=_TEXT, mark=str(_D),
    reading="The paper says \"life threatening\" without a list. Its own case was a narrowing airway; the rest is the grade 4 cell of lcrs_nhl2023.")
"""Life is at risk from the swelling."""


def _extent(value: str) -> Fact:
    return Fact("disease_extent", "==", value, f"the disease is {value}")


def paper001(**given: object) -> Protocol:
    """The protocol of local CRS with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    return Protocol(
        id="paper001", title="Local CRS after CAR-T cells (lcrs2021: confined or systemic disease)",
        chapters=(_at_once(settings), _differential(), _confined(settings), _systemic(settings)),
        cites=(_CASE, _TEXT, _ORGANS, "wei2020:model"), settings=settings, setting_docs=SETTINGS,
        corrections=(
            "ALT \"33 \u03bc/L\" of the case is read as 33 U/L.",
            "\"Treatment algorithm ... shown by Figure 3\": the figure shows stages; the algorithm is the text of the discussion.",
            "Normal eosinophils and basophils are taken to exclude allergy. An acute reaction can have them (from memory): D1 says so.",
        ),
        notes=(
            "Systemic CRS in the same patient is graded and treated by a protocol of CRS (paper004, asco2021); this one speaks of local CRS alone.",
            "The paper calls its model arbitrary and inconclusive: one case, without histology or a PET-CT of the swelling.",
            "The case's doses of day 8: methylprednisolone 40 mg and dexamethasone 10 mg, torasemide 5 mg; all again after about 5 h, with 350 mL of fresh "
            "frozen plasma; corticosteroids were reduced and stopped on day 11. No reason is given for torasemide and plasma: they are no rule here.",
            "The grades beside the first rules are those of lcrs-nhl-2023, a table made for B-cell lymphoma.",
            "Left out of lcrs_nhl2023, table 3, because they come before or apart from local CRS: tocilizumab 80 mg into the serous cavity 3 to 5 days "
            "before the infusion, and an antibody against TNF-alpha on days 3 and 5 for prevention, both exploratory; rows on skin and nervous system.",
        ),
    )


# ---------------------------------------------------------------------------------------------------- at once
def _at_once(settings: Mapping[str, float | bool]) -> Chapter:
    table = lcrs_nhl()
    _, blocks = tocilizumab(settings, "kymriah:2.4", _V)
    early = Block("TOCI-EARLY", _early(settings), "early local CRS of confined malignancy: paper 001 warns that blocking the IL-6 receptor may be "
                  "counterproductive then; the consensus that asks for it in lung involvement does not speak of that. The clinician decides", _TEXT, _S)
    moderate = Named("lcrs_2_or_3", table.at_least(2) & ~table.at_least(4), says="grade 2 or 3 by the table of 2023", cites="lcrs_nhl2023:table 1",
                     mark=str(_V))
    rules = (
        Rule("E1", "Give oxygen and protect the airway", LOCAL & AIRWAY, _CASE, _S, "Oxygen inhalation (high-flow nasal cannula)",
             answers=("oxygen_device",), reading="The paper names the oxygen. That a swelling neck may close the airway, so that intubation is prepared, "
             "is left to the clinician."),
        Rule("E2", "Monitor vigilantly", LOCAL, _TEXT, _S, "Proper countermeasures such as vigilant monitoring, aggressive supportive or "
             "immunosuppressive agents", reading="Wei 2020 asks for continuous observation and supportive care in local CRS of low risk too."),
        Rule("O1", "Give tocilizumab for local CRS of the lung", LOCAL & present("lung_involvement"), f"{_ORGANS}:lung", _V,
             "Lung involvement: IL-6R antagonist (such as tocilizumab 4-8 mg/kg IV), recommended", drug="tocilizumab",
             dose=Dose(as_told="4 to 8 mg/kg, at most 800 mg (label)"), route="IV over 1 h", blocked_by=(early, *blocks), answers=("tocilizumab",),
             reading="Made for B-cell lymphoma. Where paper 001 warns of early tocilizumab the two sources differ, and the block says so."),
        Rule("O2", "Give a combination of antibodies that mainly blocks TNF-alpha", LOCAL & present("massive_abdominal_lesion") & moderate,
             f"{_ORGANS}:abdomen", _V, "Massive abdominal lesions: for grade 2-3 L-CRS, antibody-combination therapy for mainly "
             "blocking TNF-\u03b1 pathway", drug="anti_tnf",
             dose=Dose(as_told="no drug or dose in the source"), answers=("anti_tnf",), experimental=True,
             reading="An exploratory recommendation. Grade 4 is not in the cell."),
        Rule("O3", "Drain the effusion, by a catheter that stays until CRS is relieved", LOCAL & present("massive_serous_effusion"), f"{_ORGANS}:effusion",
             _V, "Massive serous effusion: drain before the infusion; indwell catheter of the serous cavity until CRS is relieved", experimental=True,
             reading="An exploratory recommendation, made for before the infusion; the catheter stays beyond it, so an effusion found later is read the "
                     "same way."),
        Rule("O4", "Ask a cardiologist: rhythm, failure, myocardial damage", LOCAL & present("heart_involvement"), f"{_ORGANS}:heart", _V,
             "Heart involvement: evaluation of dysrhythmia, heart failure, myocardial damage by a cardiologist", experimental=True,
             reading="An exploratory recommendation."),
    )
    return Chapter("Local CRS at once, and by organ", table, rules, table.episode)


# ---------------------------------------------------------------------------------------------------- what else
def _differential() -> Chapter:
    causes = scale("lcrs-differential-2021")

    def rule(code: str, action: str, item: str, cites: str, mark: Mark, text: str, reading: str, answers: tuple[str, ...] = ()) -> Rule:
        cause = next(c.predicate for c in causes.criteria if c.code == f"{item}1")
        still_open = Named(f"{item.lower()}_open", ~charted(cause) & ~charted(~cause), says=f"nothing charted speaks for or against: {cause.english()}",
                           cites=cites, mark=str(mark))
        return Rule(code, action, SUSPECTED & still_open, cites, mark, text, answers=answers, reading=reading)

    return Chapter("What else it could be", causes, (
        rule("D1", "Look for allergy: history, eosinophils, basophils", "ALLERGY", _CASE, _S,
             "Without eosinophils or basophils increase, which indicated no allergic reaction", "As in the paper, both counts or a charted judgement "
             "settle it. Counts may be normal in an acute reaction (from memory): the history decides."),
        rule("D2", "Test the heart: BNP or NT-proBNP, echocardiography", "HEART", _CASE, _S, "Brain natriuretic peptide was 43.4 pg/ml: normal function of "
             "the heart", "One of the ways that is charted decides.", ("lvef",)),
        rule("D3", "Test the kidney: creatinine, filtration rate", "KIDNEY", _CASE, _S, "Creatinine was 38.4 \u03bcmol/L, GFR 115 ml/min: normal function of "
             "the kidney", "One of the ways that is charted decides."),
        rule("D4", "Test the liver: ALT, AST, bilirubin", "LIVER", _CASE, _S, "ALT was 33: normal function of the liver", "The paper takes ALT alone."),
        rule("D5", "Look for infection: culture, procalcitonin, imaging; treat it meanwhile", "INFECTION", _CASE, _S,
             "Anti-infection regimen was upgraded to imipenem for possible life threatening infection",
             "The paper treated for infection without ruling it out. A normal procalcitonin does not rule it out: a charted judgement does.", ("imaging",)),
        rule("D6", "Look for thrombosis of the veins that drain the swelling", "THROMBOSIS", "lcrs2021:discussion", _D, "Not in the paper",
             "The paper does not speak of thrombosis; a swollen neck and face ask for it, in a patient with a venous line the more.", ("imaging",)),
        rule("D7", "Image the site for tumour: CT, or PET-CT; histology where it can be had", "TUMOUR", _TEXT, _S,
             "Histological proof, positive PET-CT scan of the cervical region at time of the swelling is missing",
             "An image of the last 30 days counts.", ("imaging",)),
    ), causes.episode, counts=causes.counts)


# ---------------------------------------------------------------------------------------------------- by extent
def _criterion(name: str, code: str) -> Predicate:
    return next(c.predicate for c in scale(name).criteria if c.code == code)


_SYSTEMIC_TOO = (SURGE, "Systemic CRS is there too: grade and treat it by a protocol of CRS (paper004, asco2021).")


def _other_cause() -> tuple[Predicate, str]:
    causes = [c.predicate for c in scale("lcrs-differential-2021").criteria if c.grade == 1]
    return (Or(tuple(charted(c) for c in causes)), "Another cause of the swelling is supported as well: see D1 to D7 and lcrs-differential-2021.")


def _stage_1() -> Predicate:
    """Local CRS of confined malignancy before systemic CRS has begun."""
    return _extent("compartmental") & LOCAL & ~_criterion("lcrs-stage-compartmental-2021", "OVERFLOW2")


def _early(settings: Mapping[str, float | bool]) -> Predicate:
    """The time in which tocilizumab is held back."""
    return _extent("compartmental") & LOCAL if settings["tocilizumab_withheld_after_surge"] else _stage_1()


def _confined(settings: Mapping[str, float | bool]) -> Chapter:
    stages = scale("lcrs-stage-compartmental-2021")
    confined = _extent("compartmental") & LOCAL
    remarks = (_SYSTEMIC_TOO, _other_cause())
    return Chapter("Local CRS in confined malignancy: an early stage", stages, (
        Rule("C1", "Hold back tocilizumab", _early(settings), _TEXT, _S,
             "The blockade of IL-6R at early stages of CRS may be counterproductive; L-CRS could be aggravated by the use of tocilizumab", remarks=remarks,
             reading="The paper's reason: while IL-6 is low it acts through the membrane-bound receptor and calms inflammation, and tocilizumab blocks that "
                     "too. \"Early\" is stage 1, before systemic CRS; the setting tocilizumab_withheld_after_surge extends it."),
        Rule("C2", "Hold back corticosteroids while nothing threatens life", _stage_1() & ~THREAT, _TEXT, _S,
             "In compartmental malignancies corticosteroids may be used cautiously for L-CRS ... unless life threating", remarks=remarks,
             reading="The paper fears for the effect of the CAR-T cells at an early stage, and says itself that this is disputed. Once systemic CRS has begun "
                     "its own protocol decides."),
        Rule("C3", "Give a corticosteroid: local CRS threatens life", confined & THREAT, _TEXT, _S, "Unless life threating", drug="methylprednisolone",
             dose=Dose(as_told="no dose in the paper's algorithm"), route="IV", answers=CORTICOSTEROIDS, remarks=remarks,
             reading="Agent and dose are not named for confined disease. What threatens life is a list of ours."),
    ), stages.episode)


def _systemic(settings: Mapping[str, float | bool]) -> Chapter:
    stages = scale("lcrs-stage-systemic-2021")
    spread = _extent("systemic") & LOCAL
    late = spread & _criterion(stages.id, "SYSTEMIC1")
    remarks = (_SYSTEMIC_TOO, _other_cause())
    dose, blocks = tocilizumab(settings, "kymriah:2.4", _V)
    return Chapter("Local CRS in systemic malignancy: a late stage", stages, (
        Rule("S1", "Tocilizumab can be used", late, _TEXT, _S, "L-CRS is at advanced stage, therefore, tocilizumab can be used", drug="tocilizumab",
             dose=dose, route="IV over 1 h", blocked_by=blocks, answers=("tocilizumab",), remarks=remarks, optional=True,
             reading="Late: systemic CRS has been (stage 1 of this model). The paper allows it and does not ask; 8 mg/kg is the dose that its patient "
                     "had the day before. Interval and maxima are the label's, as is 12 mg/kg below 30 kg."),
        Rule("S2", "Consider a corticosteroid", spread & (THREAT | _criterion(stages.id, "SYSTEMIC1")), _TEXT, _S,
             "Corticosteroids even ictus treatment of methylprednisolone should be considered", drug="methylprednisolone",
             dose=Dose(as_told="no dose in the paper's algorithm"), route="IV", answers=CORTICOSTEROIDS, remarks=remarks,
             reading="Its case: methylprednisolone 40 mg with dexamethasone 10 mg, the same again after about 5 h, then less until day 11. Where life is "
                     "threatened the stage is not waited for."),
        Rule("S3", "Or pulse methylprednisolone", spread & THREAT, _TEXT, _S, "Even ictus treatment of methylprednisolone", drug="methylprednisolone",
             dose=Dose(as_told="no dose in the paper"), route="IV", answers=("methylprednisolone",), instead_of="S2", optional=True,
             reading="\"Ictus treatment\" is read as a pulse. For what threatens life; the paper's patient, whose airway narrowed, did without."),
    ), stages.episode)


BUILDERS = {"paper001": paper001}
