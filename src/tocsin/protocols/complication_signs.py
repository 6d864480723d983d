"""The complications of CAR-T cells as data: what speaks for each and against it, how it goes with CRS, and its traits.

Source: chinthapalli2023, Table 1 (its six rows, in its words paraphrased) and the sections behind it; then coagulopathy from the same
paper, and infection, graft-versus-host disease and local CRS from hu2024, zhou2025, zi2021 and lcrs2021.  Table 1 has no numbers: limits
come from the scales that have them, or are settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from tocsin.cite import Mark, reference
from tocsin.derived.consciousness import SEDATED
from tocsin.derived.ctcae import CTCAE403, lab, lab_settings
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, SYSTOLIC_LOW
from tocsin.derived.normal_limits import Beyond, normal_settings
from tocsin.derived.organs import ORGAN_SETTINGS, Organ, creatinine, one_organ
from tocsin.derived.respiratory import ANY_OXYGEN, POSITIVE_PRESSURE, ROOM_AIR
from tocsin.rules import AtLeast, Either, IsIn, Lasting, Measure, Observed, Or, Predicate, Setting, charted, present
from tocsin.scales import scale
from tocsin.scales.hlh_cartox import FERRITIN_EVER
from tocsin.scales.lcrs_course import LOCAL

Settings = Mapping[str, float | bool]

_EJECTION = "ejection-fraction-decreased"
_ELECTROLYTES = ("sodium", "potassium", "calcium_ionised", "calcium_corrected", "magnesium", "phosphate")
_HIGH_SALTS = ("sodium", "potassium", "calcium_ionised", "calcium_corrected", "magnesium")
SETTINGS = tuple(dict.fromkeys((
    Setting("look_back_hours", 24.0, "h", "a sign for a complication counts when it is there now or was within so long; a sign against it must hold now",
            "tocsin:look-back", Mark.DECISION, minimum=1, maximum=720),
    Setting("organ_grade", 2.0, "grade", "\"toxicity across several organ systems\" is toxicity of at least this CTCAE v4.03 grade in two or more",
            "tocsin:organ-damage", Mark.DECISION, minimum=1, maximum=4),
    Setting("neutropenia", 0.5, "10^9/L", "neutrophils below this count as neutropenia", "tocsin:neutropenia", Mark.DECISION, maximum=2),
    *ORGAN_SETTINGS, *lab_settings(_EJECTION, version=CTCAE403),
    *normal_settings("uln_ldh", "uln_bnp", "uln_nt_probnp", "uln_creatinine", "lln_egfr", "uln_procalcitonin", "uln_d_dimer", "uln_d_dimer_ddu",
                     "lln_fibrinogen", "uln_pt", "uln_inr", "uln_aptt", "lln_ph", *(f"lln_{c}" for c in _ELECTROLYTES),
                     *(f"uln_{c}" for c in _HIGH_SALTS)),
)))
_T1 = "chinthapalli2023:table1"
_S, _V, _M, _D = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY, Mark.DECISION


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks for or against a complication: a claim about the record, in words, with its source.

    ``excludes``: it rules another cause out; where it does not hold that is no finding of its own.
    """

    code: str
    says: str
    predicate: Predicate
    cites: str
    mark: Mark
    reading: str = ""
    excludes: bool = False

    def __post_init__(self) -> None:
        reference(self.cites)


@dataclass(frozen=True, slots=True)
class Complication:
    """One row: its signs, its association with CRS and its traits as the source tells them, shortened."""

    code: str
    title: str
    association: str
    traits: str
    cites: tuple[str, ...]
    speaks_for: tuple[Sign, ...]
    speaks_against: tuple[Sign, ...]
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for cited in self.cites:
            reference(cited)


def complication_signs(settings: Settings) -> tuple[Complication, ...]:
    """All of them with these settings: the rows of Table 1 in its order, then those of the other papers."""
    return (_crs(settings), _icans(settings), _heart(settings), _hlh(settings), _lung(settings), _kidney(settings), _coagulopathy(settings),
            _infection(settings), _gvhd(settings), _local(settings))


# ---------------------------------------------------------------------------------------------------- what several share
_LOW_PRESSURE = Or((Either(SYSTOLIC_LOW, present("hypotension")), ANY_VASOPRESSOR))
_NEEDS_OXYGEN = ANY_OXYGEN | (Measure("spo2", "%").below(90.0) & ROOM_AIR)
_ANY_INFECTION = present("infection") | charted(present("pulmonary_infection"))


def _recent(claim: Predicate, settings: Settings) -> Predicate:
    return Observed(claim, float(settings["look_back_hours"]))


def _high(concept: str, settings: Settings) -> Predicate:
    return Beyond(concept, high=True).predicate(settings)


def _low(concept: str, settings: Settings) -> Predicate:
    return Beyond(concept, high=False).predicate(settings)


def _criterion(name: str, code: str, **settings: float) -> Predicate:
    return next(c.predicate for c in scale(name, **settings).criteria if c.code == code)


def _told(organ: str, grade: int) -> Predicate:
    """Toxicity of an organ class as reported; unlike in the scales, unknown where it is not told."""
    return Measure(f"{organ}_toxicity_grade", "grade").at_least(grade)


def _pressure(settings: Settings) -> Sign:
    return Sign("PRESSURE", "low blood pressure, or a vasopressor", _recent(_LOW_PRESSURE, settings), _T1, _S,
                "The table says hypotension; the limit is the lowest normal for age (adults 90 mmHg).")


def _explained(what: str) -> Sign:
    return Sign("INFECTION", "an infection is found, another explanation", _ANY_INFECTION, "chinthapalli2023:management", _S,
                f"The paper asks to rule infection out before {what} is assumed. It does not exclude it: both may be there.")


# ---------------------------------------------------------------------------------------------------- the rows of Table 1
def _crs(settings: Settings) -> Complication:
    grade = int(settings["organ_grade"])
    several = AtLeast(2, (
        one_organ(Organ.LIVER, grade, settings), Either(creatinine(grade, settings), _told("renal", grade)),
        Either(_told("cardiac", grade), lab(_EJECTION, CTCAE403, max(grade, 2), settings)),
        *(_told(organ, grade) for organ in ("pulmonary", "gastrointestinal", "skin", "coagulation"))))
    return Complication(
        "CRS", "Cytokine release syndrome", "", "A widespread inflammation set off by many inflammatory triggers.", (_T1, "lee2019:table"),
        speaks_for=(
            Sign("FEVER", "fever of 38.0 degC or more", _recent(FEVER, settings), "astct_table:fever", _V, "Table 1 leaves fever out; every ASTCT "
                 "grade requires it at the onset."),
            _pressure(settings),
            Sign("OXYGEN", "oxygen given, or saturation below 90% on room air", _recent(_NEEDS_OXYGEN, settings), "lee2019:table", _V,
                 "ASTCT gives no saturation; 90% on room air is taken as the need."),
            Sign("ORGANS", f"toxicity of grade {grade} or more in several organ systems", _recent(several, settings), _T1, _S,
                 "Several: two or more. The grade is a setting."),
            Sign("CYTOKINES", "a rise of cytokines, as told", _recent(present("cytokine_rise"), settings), "lcrs2021:case presentation", _S),
        ),
        speaks_against=(
            Sign("NO_FEVER", "no fever so far, and nothing given that hides it", ~Observed(FEVER, inf) & ~SUPPRESSING_DRUGS, "astct_table:fever", _V,
                 "Fever may be missed between measurements."),
            _explained("CRS"),
        ),
        remarks=("Table 1 lists DIC among the symptoms of CRS; it is shown under coagulopathy.",),
    )


def _icans(settings: Settings) -> Complication:
    section = "chinthapalli2023:CRES"
    criteria = {code: _criterion("astct-icans-2019", code) for code in ("ICE1", "CAPD1", "CONSC2", "MOTOR4", "OEDEMA3", "ICP4")}
    return Complication(
        "ICANS", "Immune effector cell-associated neurotoxicity (ICANS, CRES)",
        "It may come with CRS, after it or without it; CRS is one of its main triggers.",
        "Cytokines and CAR-T cells reach the brain through leaking capillaries and a disrupted blood-brain barrier.", (_T1, section, "icans_adult:table"),
        speaks_for=(
            Sign("SEIZURE", "a seizure", _recent(present("seizure"), settings), _T1, _S),
            Sign("OEDEMA", "cerebral oedema, without intracranial haemorrhage", _recent(criteria["OEDEMA3"], settings), _T1, _S),
            Sign("ICE", "an ICE score of 9 or less (children: CAPD of 1 or more)", _recent(criteria["ICE1"] | criteria["CAPD1"], settings),
                 "icans_adult:table", _V),
            Sign("CONSCIOUSNESS", "awakens only to voice, or less", _recent(criteria["CONSC2"], settings), "icans_adult:table", _V),
            Sign("WEAKNESS", "deep focal weakness", _recent(criteria["MOTOR4"], settings), "icans_adult:table", _V),
            Sign("PRESSURE_SIGNS", "posturing, sixth nerve palsy, papilloedema or Cushing's triad", _recent(criteria["ICP4"], settings),
                 "icans_adult:table", _V),
            Sign("CONFUSION", "confusion or somnolence", _recent(present("confusion") | present("somnolence"), settings), section, _S,
                 "\"Wooziness\" is read as somnolence."),
            Sign("HEADACHE", "headache", _recent(present("headache"), settings), section, _S),
        ),
        speaks_against=(
            Sign("NORMAL", "awake, with a full ICE score of 10", Measure("ice_score", "points").at_least(10.0)
                 & IsIn("consciousness", ("awake",), says="awake"), "icans_adult:table", _V),
            Sign("SEDATION", "sedation is running, another cause of reduced consciousness", SEDATED, "icans_adult:footnote", _V),
            Sign("HAEMORRHAGE", "intracranial haemorrhage, another explanation", present("intracranial_haemorrhage"), "icans_adult:footnote", _V),
        ),
    )


def _heart(settings: Settings) -> Complication:
    section = "chinthapalli2023:cardiovascular"
    peptide = Either(_high("bnp", settings), _high("nt_probnp", settings))
    ejection = lab(_EJECTION, CTCAE403, 2, settings)
    return Complication(
        "CARDIOVASCULAR", "Cardiovascular toxicity", "CRS is one of its main causes, directly or indirectly, and its effects may be severe.",
        "Cytokines in excess, and off-target reactions of the CAR-T cells (the table says: to actin), may injure the heart.", (_T1, section),
        speaks_for=(
            Sign("SHOCK", "cardiogenic shock", _recent(present("cardiogenic_shock"), settings), _T1, _S),
            Sign("ARRHYTHMIA", "an arrhythmia", _recent(present("arrhythmia"), settings), _T1, _S),
            _pressure(settings),
            Sign("QT", "a prolonged QT interval", _recent(present("qt_prolongation"), settings), _T1, _S),
            Sign("FAILURE", "heart failure", _recent(present("cardiac_failure"), settings), section, _S),
            Sign("PEPTIDE", "BNP or NT-proBNP above its limit", _recent(peptide, settings), section, _S, "The paper names cardiac biomarkers; the limit is "
                 "the laboratory's."),
            Sign("TROPONIN", "troponin above the limit of the patient's assay", _recent(Either(_high("troponin_i", settings),
                 _high("troponin_t", settings)), settings), section, _S, "Assays differ too much for a common limit: it needs uln_troponin_i or _t."),
            Sign("EJECTION", "an ejection fraction of 50% or less, or 10 points or more below the baseline", _recent(ejection, settings),
                 "ctcae403:Ejection fraction decreased", _M),
        ),
        speaks_against=(
            Sign("NORMAL_PEPTIDE", "BNP or NT-proBNP within its limit", ~peptide, "lcrs2021:case presentation", _S, "The paper took a BNP of 43.4 pg/mL "
                 "as a normal heart."),
            Sign("NORMAL_EJECTION", "a normal ejection fraction", ~ejection, "ctcae403:Ejection fraction decreased", _M),
            _explained("a cardiac cause of the low pressure"),
        ),
    )


def _hlh(settings: Settings) -> Complication:
    section = "chinthapalli2023:HLH"
    hours = float(settings["look_back_hours"])
    old = {code: _criterion("hlh-2004", f"{code}1", look_back_hours=hours) for code in ("FEVER", "SPLEEN", "CYTOPENIA", "FATS", "SOLUBLE_RECEPTOR")}

    def organ(code: str, says: str, claim: Predicate, reading: str = "") -> Sign:
        return Sign(code, f"{says} of CTCAE grade 3 or more", _recent(claim, settings), section, _S,
                    f"The paper's \"grade 3\" is read as grade 3 or more. {reading}".strip())

    lung = Either(_told("pulmonary", 3), present("pulmonary_oedema") & ANY_OXYGEN)

    return Complication(
        "HLH", "HLH/MAS", "The table calls it a severe form of CRS; the two can be hard to tell apart.",
        "Uncommon (about 1% of patients), with a high fatality and a poor prognosis.", (_T1, section, "hlh2004_copy:criteria"),
        speaks_for=(
            Sign("FERRITIN", "ferritin has been above 10,000 ng/mL", FERRITIN_EVER, section, _S),
            organ("LIVER", "liver toxicity", one_organ(Organ.LIVER, 3, settings)),
            organ("KIDNEY", "kidney toxicity", one_organ(Organ.KIDNEY, 3, settings)),
            organ("LUNG", "lung toxicity", lung, "As reported, or pulmonary oedema with oxygen."),
            Sign("HAEMOPHAGOCYTOSIS", "haemophagocytosis in marrow or an organ", Observed(present("haemophagocytosis"), inf), section, _S),
            Sign("HIGH_FEVER", "a temperature of 38.5 degC or more", old["FEVER"], "hlh2004_copy:criteria", _V, "\"High fever\" has no number in the "
                 "table; this one is that of HLH-2004."),
            Sign("CYTOPENIA", "cytopenia of two of three lineages", old["CYTOPENIA"], "hlh2004_copy:criteria", _V),
            Sign("FATS", "fibrinogen of 150 mg/dL or less, or triglycerides of 265 mg/dL or more", old["FATS"], "hlh2004_copy:criteria", _V),
            Sign("RECEPTOR", "soluble CD25 of 2400 U/mL or more", old["SOLUBLE_RECEPTOR"], "hlh2004_copy:criteria", _V),
            Sign("SPLEEN", "an enlarged spleen", old["SPLEEN"], "hlh2004_copy:criteria", _V),
            Sign("LDH", "LDH above its limit", _recent(_high("ldh", settings), settings), section, _S),
        ),
        speaks_against=(
            Sign("LOW_FERRITIN", "ferritin measured, and not above 10,000 ng/mL so far", ~FERRITIN_EVER, section, _S, "The peak may still come."),
        ),
        remarks=("Fever, a large spleen, cytopenia, soluble CD25 and NK-cell activity are not specific after lymphodepletion and CRS (the paper says so).",
                 "The whole rule of the paper: the scale cartox-hlh-2018."),
    )


def _lung(settings: Settings) -> Complication:
    case = "hu2024:case"
    return Complication(
        "PULMONARY", "Pulmonary toxicity", "CRS is one of its key causes.", "The table says that it has clear clinical signs, and names none but failing "
        "respiration.", (_T1, case),
        speaks_for=(
            Sign("VENTILATION", "positive-pressure support: respiration fails", _recent(POSITIVE_PRESSURE, settings), _T1, _S),
            Sign("OXYGEN", "oxygen given, or saturation below 90% on room air", _recent(_NEEDS_OXYGEN, settings), _T1, _S,
                 "The table gives no number; 90% on room air is taken as the need."),
            Sign("GRADE", "lung toxicity reported", _recent(_told("pulmonary", 1), settings), "ctcae403:grades", _V),
            Sign("DYSPNOEA", "dyspnoea or cyanosis", _recent(present("dyspnoea") | present("cyanosis"), settings), case, _S),
            Sign("FLUID", "pulmonary oedema or a pleural effusion", _recent(present("pulmonary_oedema") | present("pleural_effusion"), settings),
                 case, _S),
            Sign("BLOOD", "haemoptysis", _recent(present("haemoptysis"), settings), case, _S),
        ),
        speaks_against=(
            Sign("ROOM_AIR", "saturation of 90% or more on room air", Measure("spo2", "%").at_least(90.0) & ROOM_AIR, "tocsin:hypoxia", _D,
                 "The contrary of the sign for it, by the same number."),
            Sign("LUNG_INFECTION", "a lung infection is found, another explanation", present("pulmonary_infection"), case, _S),
        ),
    )


def _kidney(settings: Settings) -> Complication:
    filtering = Either(_high("creatinine", settings), _low("egfr", settings))
    calcium = Either(*(side(c, settings) for c in ("calcium_ionised", "calcium_corrected") for side in (_low, _high)))
    salts = Or((*(_low(c, settings) | _high(c, settings) for c in ("sodium", "potassium", "magnesium")), calcium, _low("phosphate", settings)))
    failing = present("acute_kidney_injury") | charted(present("dialysis"))
    little = Either(present("oliguria"), Lasting(Measure("urine_output", "mL/h").below(10.0), 8.0))
    return Complication(
        "RENAL", "Renal toxicity", "CRS is one of its key causes.", "The table says that it has clear clinical signs; treatment is usually symptomatic.",
        (_T1,),
        speaks_for=(
            Sign("FAILURE", "acute kidney injury, or dialysis", _recent(failing, settings), _T1, _S),
            Sign("CREATININE", "creatinine above, or filtration below, its limit", _recent(filtering, settings), "lcrs2021:case presentation", _S,
                 "Table 1 says kidney failure; the paper of local CRS judges the kidney by these two."),
            Sign("URINE", "oliguria, asserted or by the output", _recent(little, settings), "ctcae403:urine output decreased", _M,
                 "Less than 80 mL in 8 h, read as below 10 mL/h all the time; the limit of adults."),
            Sign("ACIDOSIS", "acidosis, asserted or by the pH", _recent(Either(_low("ph", settings), present("acidosis")), settings), _T1, _S),
            Sign("ELECTROLYTES", "sodium, potassium, calcium, magnesium or phosphate outside its limits", _recent(salts, settings), _T1, _S),
            Sign("ADRENAL", "adrenal insufficiency", _recent(present("adrenal_insufficiency"), settings), _T1, _S),
        ),
        speaks_against=(
            Sign("NORMAL", "creatinine or filtration within its limit", ~filtering, "lcrs2021:case presentation", _S),
        ),
        remarks=("\"Inadequate adrenal function\" stands in the table's row of the kidney; it is an endocrine failure.",),
    )


# ---------------------------------------------------------------------------------------------------- beside Table 1
def _coagulopathy(settings: Settings) -> Complication:
    section = "chinthapalli2023:coagulopathy"
    dimer = Either(_high("d_dimer", settings), _high("d_dimer_ddu", settings))
    times = Either(_high("pt", settings), _high("inr", settings))
    aptt = _high("aptt", settings)
    fibrinogen = _low("fibrinogen", settings)
    return Complication(
        "COAGULOPATHY", "Coagulopathy (CRS-related), DIC", "Its severity goes with the grade of CRS and with IL-6.",
        "Seen within a month of the infusion, in about half of the patients; three phases; some go on to DIC.", (section, "wang2020:laboratory"),
        speaks_for=(
            Sign("D_DIMER", "D-dimer above its limit", _recent(dimer, settings), section, _S),
            Sign("FIBRINOGEN", "fibrinogen below its limit", _recent(fibrinogen, settings), section, _S),
            Sign("PT", "a prolonged prothrombin time or INR", _recent(times, settings), section, _S),
            Sign("APTT", "a prolonged APTT", _recent(aptt, settings), "wang2020:laboratory", _V),
            Sign("PLATELETS", "platelets below 50 x10^9/L", _recent(Measure("platelets", "10^9/L").below(50.0), settings), "isth_copy:score", _V,
                 "The level that gives two points of the ISTH score of DIC; lymphodepletion does the same."),
            Sign("BLEEDING", "bleeding", _recent(present("bleeding"), settings), "johnsrud2021:bleeding", _V),
            Sign("THROMBOSIS", "venous thrombosis", _recent(present("venous_thrombosis"), settings), "johnsrud2021:thrombosis", _V),
        ),
        speaks_against=(
            Sign("NORMAL", "D-dimer, fibrinogen, prothrombin time and APTT within their limits", ~dimer & ~fibrinogen & ~times & ~aptt, section, _S),
        ),
        remarks=("Table 1 lists DIC under CRS and coagulopathy under HLH/MAS.", "DIC by score: isth-dic-2001, jaam-dic-2006, jsth-dic-2017; phase: "
                 "crs-coagulopathy-phase-2023."),
    )


def _infection(settings: Settings) -> Complication:
    procalcitonin = _high("procalcitonin", settings)
    return Complication(
        "INFECTION", "Infection", "It looks like CRS, may come with it, and must be ruled out while CRS and ICANS of grades 1 and 2 are treated; it also keeps "
        "IL-6 high after tocilizumab.", "Sepsis at admission to intensive care may decide the outcome, most of all in neutropenia.",
        ("chinthapalli2023:management", "zhou2025:discussion", "hu2024:case"),
        speaks_for=(
            Sign("FOUND", "an infection is found", _recent(_ANY_INFECTION, settings), "hu2024:case", _S, "A lung infection on CT in its case."),
            Sign("PROCALCITONIN", "procalcitonin above its limit", _recent(procalcitonin, settings), "hu2024:figure 1", _S),
            Sign("NEUTROPENIA", "neutropenia", _recent(Measure("neutrophils", "10^9/L").below(float(settings["neutropenia"])), settings),
                 "chinthapalli2023:management", _S, "It makes infection likely and hides its signs; lymphodepletion causes it in most."),
            Sign("FEVER", "fever of 38.0 degC or more", _recent(FEVER, settings), "chinthapalli2023:table2:G1", _S, "The paper asks for a search for infection "
                 "in every fever."),
        ),
        speaks_against=(
            Sign("NORMAL_PROCALCITONIN", "procalcitonin within its limit", ~procalcitonin, "zi2021:case", _S, "It does not rule infection out."),
            Sign("RULED_OUT", "infection is charted as absent", ~_ANY_INFECTION, "chinthapalli2023:management", _S),
        ),
        remarks=("Cultures are not among the concepts: what they showed counts as infection present or absent.",),
    )


def _gvhd(settings: Settings) -> Complication:
    return Complication(
        "GVHD", "Graft-versus-host disease", "It may keep IL-6 high and symptoms going after tocilizumab.",
        "Seen after CAR-T cells from a donor; one patient of zhou2025 had it of the gut and answered to ruxolitinib.", ("zhou2025:discussion",),
        speaks_for=(
            Sign("FOUND", "graft-versus-host disease is found", _recent(present("gvhd"), settings), "zhou2025:discussion", _S),
            Sign("GUT", "toxicity of the gut reported", _recent(_told("gastrointestinal", 1), settings),
                 "zhou2025:discussion", _S, "The paper's patient had it of the gut."),
        ),
        speaks_against=(
            Sign("RULED_OUT", "graft-versus-host disease is charted as absent", ~present("gvhd"), "zhou2025:discussion", _S),
        ),
        remarks=("Whether the cells came from a donor, or a transplant went before, is not a concept: look at the product.",),
    )


def _local(settings: Settings) -> Complication:
    case = "lcrs2021:case presentation"
    named = {"ALLERGY": "allergy", "HEART": "a failing heart", "KIDNEY": "a failing kidney", "LIVER": "a failing liver", "INFECTION": "an infection",
             "THROMBOSIS": "a venous thrombosis", "TUMOUR": "tumour at the site"}
    causes = {code: _criterion("lcrs-differential-2021", f"{code}1") for code in named}
    acute = Either(LOCAL, present("dyspnoea"))
    marks = {code: _D if code == "THROMBOSIS" else _S for code in named}
    readings = dict.fromkeys(named, "") | {
        "ALLERGY": "The paper goes by the counts; in an acute reaction they may be normal (from memory).",
        "THROMBOSIS": "The paper does not speak of thrombosis; a swollen neck and face ask for it.",
        "INFECTION": "The paper treats for infection without ruling it out."}
    return Complication(
        "LOCAL_CRS", "Local CRS", "In confined disease it comes before systemic CRS, in systemic disease during it.",
        "Rapid swelling at one site, which may close the airway; a diagnosis of exclusion.", (case, "wei2020:model"),
        speaks_for=(
            Sign("SWELLING", "inflammation at one site (swelling, larynx, compression, effusion)", _recent(LOCAL, settings), case, _S),
            Sign("DYSPNOEA", "dyspnoea", _recent(present("dyspnoea"), settings), case, _S),
            *(Sign(f"NO_{code}", f"{named[code]} looked for and not found, with a local swelling or dyspnoea", ~cause & _recent(acute, settings),
                   "lcrs2021:discussion", marks[code], readings[code], excludes=True) for code, cause in causes.items()),
        ),
        speaks_against=(
            *(Sign(code, f"{named[code]}, another explanation", cause, "lcrs2021:discussion", marks[code], readings[code])
              for code, cause in causes.items()),
            Sign("NO_SWELLING", "no inflammation at any charted site", ~LOCAL, case, _S),
        ),
        remarks=("Treatment by confined or systemic disease: the protocol paper001.",),
    )
