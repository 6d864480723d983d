"""The grade-based management of CRS in paper 004 (its Table 2), its ICU criteria, and the refractory ladder of papers 000 and 002.

Source: chinthapalli2023; its grades mean CARTOX 2018.  Compared with the CARTOX original as read in li2022 and jcm2023; where
the paper errs the rule is right and says so (``corrections``).
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, SYSTOLIC_LOW
from tocsin.derived.organs import creatinine, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN, ROOM_AIR, VENTILATOR
from tocsin.protocols.drugs import (
    IBUPROFEN_PLATELETS,
    METHYLPREDNISOLONE_TAPER,
    SILTUXIMAB,
    SILTUXIMAB_ONCE,
    TOCILIZUMAB_SETTINGS,
    interval,
    tocilizumab,
)
from tocsin.protocols.parts import refractory
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Doses, Either, EpisodeFor, IsIn, Measure, Named, Or, Predicate, Setting, present
from tocsin.scales import scale
from tocsin.scales.episode import quiet_rule
from tocsin.vocabulary.groups import ANTI_IL6, ANTIPYRETICS, CORTICOSTEROIDS

SETTINGS = (
    *TOCILIZUMAB_SETTINGS,
    Setting("fever_days", 3.0, "days", "how long fever lasts, since its onset in this episode, before anti-IL-6 treatment is asked for",
            "chinthapalli2023:table2:G1", Mark.SOURCE, minimum=0.5, maximum=14),
    Setting("neutropenia", 0.5, "10^9/L", "neutrophils below this count as neutropenia", "tocsin:neutropenia", Mark.DECISION, maximum=2),
    Setting("boluses_before_anti_il6", 2.0, "boluses", "fluid boluses within 24 h after which hypotension is refractory to fluid",
            "chinthapalli2023:table2:G2-hypotension", Mark.SOURCE, minimum=1, maximum=5, whole=True),
    Setting("refractory_hours", 24.0, "h", "CRS is refractory when the grade has not fallen by one within this time of the second tocilizumab "
            "or of a corticosteroid", "tocsin:refractory", Mark.DECISION, minimum=6, maximum=96),
    Setting("reported_grade_counts", False, "", "a CRS grade that the record reports, of whatever scale, stands for the CARTOX grade where it is "
            "valid; for records that have only that", "tocsin:reported", Mark.DECISION),
)
_T2 = "chinthapalli2023:table2"
_S, _V, _M, _D = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY, Mark.DECISION


def crs(settings: Mapping[str, float | bool]) -> Chapter:
    """The chapter of CRS by grade, with the settings of the protocol."""
    cartox = scale("cartox-crs-2018")

    def g(grade: int) -> Predicate:
        met = cartox.at_least(grade)
        if settings["reported_grade_counts"]:
            met = Either(Measure("reported_crs_grade", "grade").at_least(grade), met)
        return Named(f"cartox_{grade}", met, f"CARTOX CRS grade {grade} or more", cites="compared2019:CARTOX", mark="V")

    toci, toci_blocks = tocilizumab(settings)
    low = Named("low_pressure", Either(SYSTOLIC_LOW, present("hypotension")),
                "systolic pressure below the limit for age (adults 90 mmHg), or hypotension asserted", cites=f"{_T2}:G2-hypotension", mark="S")
    hypotensive = Named("hypotensive", low | ANY_VASOPRESSOR, "hypotension, or a vasopressor running", cites=f"{_T2}:G3-hypotension", mark="S")
    need = int(settings["boluses_before_anti_il6"])
    bolus = Doses(("fluid_bolus",), "fluid_bolus", "fluid bolus", hours=24.0)
    boluses = Doses(("fluid_bolus",), "fluid_bolus", "fluid boluses", need, 24.0)
    anti_il6 = Doses(ANTI_IL6, "tocilizumab", "tocilizumab or another IL-6 blocker")
    steroid = Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", hours=24.0, told_by="corticosteroid")
    antipyretic = Doses(ANTIPYRETICS, "antipyretic", "an antipyretic", hours=24.0, told_by="antipyretic")
    oxygen = Named("oxygen_needed", ANY_OXYGEN | (Measure("spo2", "%").below(90.0) & ROOM_AIR), "oxygen given, or saturation below 90% on room air",
                   cites=f"{_T2}:G2-hypoxia", mark="S")
    hypox3 = Named("hypoxia_3", next(c.predicate for c in cartox.criteria if c.code == "HYPOX3"), "hypoxia of CARTOX grade 3 or more",
                   cites="compared2019:CARTOX", mark="V")

    def organ(grade: int) -> Predicate:
        return organ_toxicity(grade, cartox.settings)

    hypo4 = Named("life_threatening", IsIn("hypotension", ("life_threatening",), says="life-threatening hypotension"),
                  "life-threatening hypotension", cites="compared2019:CARTOX", mark="V")
    neutropenic = Measure("neutrophils", "10^9/L").below(float(settings["neutropenia"]))
    long_fever = EpisodeFor(FEVER, 24.0 * float(settings["fever_days"])) & FEVER
    treated = anti_il6 | Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", told_by="corticosteroid")
    hard = refractory(treated, g, float(settings["refractory_hours"]))
    conflict = (
        Doses(("tocilizumab",), "tocilizumab", "tocilizumab", hours=8.0) & ~Doses(("tocilizumab",), "tocilizumab", "tocilizumab", hours=6.0),
        "Interval conflict: the last dose was 6 to 8 h ago; this paper allows a repeat after 6 h, the label and ASCO ask for 8 h.",
    )
    light = "Below 30 kg the label gives 12 mg/kg; the paper's table names 8 mg/kg and does not speak of children."
    either = "The paper offers tocilizumab or siltuximab. Infection work-up goes in parallel and never delays it."

    def anti_il6_rules(code: str, when: Predicate, cell: str, text: str, why: str = "") -> tuple[Rule, Rule]:
        reading = " ".join(x for x in (why, either, light) if x)
        return (
            Rule(code, "Give tocilizumab", when, f"{_T2}:{cell}", _S, text, drug="tocilizumab", dose=toci, route="IV over 1 h",
                 blocked_by=toci_blocks, answers=("tocilizumab", "sarilumab"), reading=reading, remarks=(conflict,)),
            Rule(f"{code}s", "Or give siltuximab instead of tocilizumab", when, f"{_T2}:{cell}", _S, text, drug="siltuximab", dose=SILTUXIMAB,
                 route="IV", blocked_by=(SILTUXIMAB_ONCE,), answers=("siltuximab",), reading=why or either, instead_of=code),
        )

    dex10 = Dose(10.0, every_hours=6.0)
    dex_block = interval("dexamethasone", 6.0, f"{_T2}:G3-hypotension", _S)
    mp_block = interval("methylprednisolone", 24.0, f"{_T2}:G4-hypotension", _S)
    rules = (
        Rule("C1.1", "Acetaminophen and a cooling blanket", g(1) & FEVER, f"{_T2}:G1", _S,
             "Acetaminophen and a blanket to regulate body temperature when treating fever", drug="acetaminophen",
             dose=Dose(as_told="no dose in the paper"), answers=("acetaminophen", "antipyretic")),
        Rule("C1.1b", "Ibuprofen as a second antipyretic, if not contraindicated", g(1) & FEVER & antipyretic, f"{_T2}:G1", _S,
             "If not contraindicated, ibuprofen as a second alternative", drug="ibuprofen", dose=Dose(as_told="no dose in the paper"),
             blocked_by=(IBUPROFEN_PLATELETS, Block(
                 "IBU-KIDNEY", creatinine(2, cartox.settings), "kidney toxicity of grade 2 or more (contraindication from memory)",
                 "li2022:ibuprofen", _M)),
             answers=("ibuprofen", "diclofenac", "metamizole", "nsaid"), optional=True,
             reading="The paper gives no list of contraindications; low platelets and kidney failure are from memory. Second: asked for when an "
                     "antipyretic was given within 24 h and fever goes on."),
        Rule("C1.2", "Infection work-up: chest imaging, blood and urine cultures and tests", g(1) & FEVER, f"{_T2}:G1", _S,
             "Chest imaging and urine and blood tests to check for infections", answers=("imaging",)),
        Rule("C1.3a", "Empirical broad-spectrum antibiotics", FEVER & neutropenic, f"{_T2}:G1", _S,
             "If neutropenic, empirical broad-spectrum antibiotics", drug="antibiotic", dose=Dose(as_told="agent and dose by local practice"),
             answers=("antibiotic", "cefmetazole", "imipenem"),
             reading="The paper writes \"antibiotics like filgrastim\": filgrastim is a growth factor. The original asks for antibiotics and filgrastim, "
                     "two things (li2022)."),
        Rule("C1.3b", "Filgrastim", FEVER & neutropenic, f"{_T2}:G1", _V, "If neutropenic, ... filgrastim", drug="filgrastim",
             dose=Dose(as_told="no dose in the paper"), answers=("filgrastim",), reading="See C1.3a."),
        Rule("C1.4", "Maintenance intravenous fluid; treat constitutional symptoms and organ toxicity", g(1), f"{_T2}:G1", _S,
             "Symptomatic therapy of organ toxicity and constitutional symptoms; maintenance IV fluids for hydration"),
        *anti_il6_rules("C1.5", long_fever & antipyretic, "G1", "If the fever is prolonged (more than three days) and unresponsive: siltuximab 11 "
                        "mg/kg IV or tocilizumab 8 mg/kg IV", "The clock starts at the first fever of the episode. \"Unresponsive\" means fever "
                        "now although an antipyretic was given within 24 h."),
        Rule("C2.1", "Normal saline bolus", low & ~bolus, f"{_T2}:G2-hypotension", _S, "A 500-1,000 ml bolus of normal saline", drug="fluid_bolus",
             dose=Dose(as_told="500 to 1000 mL (children 10 to 20 mL/kg, from memory)", unit="mL"), route="IV", answers=("fluid_bolus",)),
        Rule("C2.2", "Second fluid bolus", low & bolus & ~boluses, f"{_T2}:G2-hypotension", _S,
             "If the systolic pressure stays below 90 mmHg, a second bolus", drug="fluid_bolus",
             dose=Dose(as_told="500 to 1000 mL (children 10 to 20 mL/kg, from memory)", unit="mL"), route="IV", answers=("fluid_bolus",)),
        *anti_il6_rules("C2.3", low & boluses, "G2-hypotension", "Tocilizumab 8 mg/kg IV or siltuximab 11 mg/kg IV for hypotension resistant to fluid "
                        "boluses; tocilizumab again after six hours if necessary"),
        Rule("C2.4", "Keep the systolic pressure above 90 mmHg (children: above the limit for age)", hypotensive, f"{_T2}:G2-hypotension", _S,
             "Systolic blood pressure must remain above 90 mmHg"),
        Rule("C2.5a", "Start a vasopressor (norepinephrine first, then vasopressin, epinephrine)", low & boluses & anti_il6,
             f"{_T2}:G2-hypotension", _S, "Vasopressors if hypotension remains despite two fluid boluses and anti-IL-6 medication",
             drug="norepinephrine", dose=Dose(as_told="titrate to pressure"), route="IV",
             answers=("norepinephrine", "vasopressin", "epinephrine", "vasopressor")),
        Rule("C2.5b", "Echocardiography and other haemodynamic assessment; consider intensive care", low & boluses & anti_il6,
             f"{_T2}:G2-hypotension", _S, "Consider transfer to ICU, get echocardiography, haemodynamic evaluation", answers=("lvef",)),
        Rule("C2.6", "Dexamethasone is an option", low & boluses & anti_il6, f"{_T2}:G2-hypotension", _S,
             "Dexamethasone 10 mg IV per six hours is an option", drug="dexamethasone", dose=dex10, route="IV", blocked_by=(dex_block,),
             answers=CORTICOSTEROIDS, optional=True,
             reading="The CARTOX original limits it to high-risk patients or hypotension after one or two anti-IL-6 doses (jcm2023)."),
        Rule("C2.7", "Supplementary oxygen", g(2) & oxygen, f"{_T2}:G2-hypoxia", _S, "Additional oxygen", answers=("oxygen_device",)),
        *anti_il6_rules("C2.7t", g(2) & oxygen, "G2-hypoxia", "Tocilizumab or siltuximab, as for hypotension"),
        Rule("C2.8", "Organ care in accordance with accepted practice", organ(2), f"{_T2}:G2-organ", _S,
             "Symptomatic therapy of organ toxicities in accordance with accepted practices"),
        *anti_il6_rules("C2.8t", organ(2), "G2-organ", "Tocilizumab or siltuximab and supportive treatment, as for hypotension"),
        Rule("C3.1", "Fluid boluses and vasopressors as needed, echocardiography, haemodynamic assessment", g(3) & hypotensive,
             f"{_T2}:G3-hypotension", _S, "IV fluid boluses and vasopressors as required; echocardiography; evaluate the blood pressure"),
        *anti_il6_rules("C3.1t", g(3) & hypotensive & ~anti_il6, "G3-hypotension", "Tocilizumab and siltuximab as for grade 2, if not already "
                        "prescribed"),
        Rule("C3.2", "Dexamethasone", g(3), f"{_T2}:G3-hypotension", _S, "Dexamethasone 10 mg IV per 6 hours", drug="dexamethasone", dose=dex10,
             route="IV", blocked_by=(dex_block,), answers=CORTICOSTEROIDS,
             reading="Taper once symptoms improve. Duration in the original: 1 to 3 days (jcm2023)."),
        Rule("C3.2b", "Escalate dexamethasone", g(3) & steroid & hard, f"{_T2}:G3-hypotension", _S,
             "If resistant, escalate to 20 mg IV per 6 hours", drug="dexamethasone", dose=Dose(20.0, every_hours=6.0), route="IV",
             blocked_by=(dex_block,), answers=CORTICOSTEROIDS),
        Rule("C3.3", "High-flow or non-invasive oxygen", g(3) & hypox3, f"{_T2}:G3-hypoxia", _S, "High-flow and non-invasive oxygen supply",
             answers=("oxygen_device",)),
        *anti_il6_rules("C3.3t", g(3) & hypox3, "G3-hypoxia", "Tocilizumab or siltuximab combined with corticosteroids"),
        *anti_il6_rules("C3.4t", organ(3), "G3-organ", "Tocilizumab or siltuximab with corticosteroids, and organ care"),
        Rule("C4.1", "Methylprednisolone 1 g a day", g(4), f"{_T2}:G4-hypotension", _S, "1 g per day IV methylprednisolone",
             drug="methylprednisolone", dose=Dose(1000.0, every_hours=24.0), route="IV", blocked_by=(mp_block,), answers=CORTICOSTEROIDS,
             reading=f"The paper gives 1 g/day without a taper. {METHYLPREDNISOLONE_TAPER}"),
        *anti_il6_rules("C4.1t", g(4), "G4-hypotension", "Fluids, anti-IL-6 medication, vasopressors and haemodynamic evaluation as for grade 3"),
        Rule("C4.2", "Mechanical ventilation", g(4) & (VENTILATOR | hypo4), f"{_T2}:G4-hypoxia", _S, "Mechanical ventilating",
             answers=("oxygen_device",)),
        Rule("ICU1", "Intensive care: grade 3 or more", g(3), "chinthapalli2023:icu", _S, "Patients with grade 3 or higher toxicities in the ICU"),
        Rule("ICU2", "Intensive care: an organ is supported, consciousness is reduced, or any seizure", Or((
            ANY_VASOPRESSOR, IsIn("oxygen_device", ("cpap", "bipap", "noninvasive_ventilation", "invasive_ventilation"), ("oxygen_unspecified",),
                                  says="ventilatory support"),
            IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness"),
            present("seizure", says="a seizure"))),
             "chinthapalli2023:icu", _S, "One or more organs supported, a lowered degree of awareness, any seizure after CAR-T"),
        Rule("R1", "Anakinra (experimental; refractory CRS)", hard, "chinthapalli2023:third-line", _S,
             "Third-line medications for therapy-resistant CRS, currently deemed experimental", drug="anakinra",
             dose=Dose(as_told="no dose in the paper"), answers=("anakinra",), experimental=True,
             reading="\"Refractory\" is not defined by the paper; see the setting refractory_hours."),
        Rule("R2", "Ruxolitinib (experimental; refractory CRS)", hard, "zi2021:case", _S,
             "10 mg every 12 h for 11 days, then 5 mg every 12 h for 11 days", drug="ruxolitinib", dose=Dose(10.0, every_hours=12.0, later=5.0), route="PO",
             blocked_by=(interval("ruxolitinib", 12.0, "zi2021:case", _S),), answers=("ruxolitinib",), experimental=True,
             reading="One published case (paper 002), adult; in that case with methylprednisolone 40 mg."),
        Rule("R3", "Mesenchymal stromal cells (experimental; refractory CRS)", hard & g(4), "hu2024:case", _S,
             "A treatment dose of umbilical-cord MSC, again after 3 days", drug="msc",
             dose=Dose(as_told="cell number not given by the paper", unit="cells/kg"), route="IV", answers=("msc",), experimental=True,
             reading="One published case (paper 000), a child with grade 4 and multi-organ failure; two infusions on days 17 and 20."),
    )
    sign = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN))
    return Chapter("CRS by grade", cartox, rules, quiet_rule(FEVER, sign, SUPPRESSING_DRUGS, cartox.settings))
