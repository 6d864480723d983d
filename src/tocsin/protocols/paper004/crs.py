"""The grade-based management of CRS in paper 004: its table 2 without the organ cells, which stand in ``organs`` (but for their corticosteroid).

Source: chinthapalli2023; its grades mean CARTOX 2018.  Compared with the CARTOX original as read in li2022 and jcm2023; where
the paper errs the rule is right and says so (``corrections``).
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.derived.organs import creatinine
from tocsin.derived.respiratory import ANY_OXYGEN, ROOM_AIR, VENTILATOR
from tocsin.protocols.drugs import IBUPROFEN_BLEEDING, IBUPROFEN_PLATELETS, ONE_STEROID, TOCILIZUMAB_SETTINGS, interval
from tocsin.protocols.paper004 import shared
from tocsin.protocols.paper004.organs import any_organ
from tocsin.protocols.paper004.shared import ANTI_IL6_GIVEN, CHILD, LOW, Settings, cartox, crs_episode, crs_grade
from tocsin.protocols.paper004.steroids import ADULT_DOSES, PULSE_FIRST_HOURS, PULSE_READING, in_its_place, on_pulse, since_pulse
from tocsin.protocols.parts import ANTIPYRETIC_TODAY, BOLUS_TODAY, STEROID_TODAY, boluses, refractory
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import Doses, EpisodeFor, Measure, Named, Predicate, Setting
from tocsin.vocabulary.groups import CORTICOSTEROIDS

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
    Setting("bolus_least_ml", 500.0, "mL", "least volume of a fluid bolus", "chinthapalli2023:table2:G2-hypotension", Mark.SOURCE, minimum=50,
            maximum=2000),
    Setting("bolus_most_ml", 1000.0, "mL", "greatest volume of a fluid bolus", "chinthapalli2023:table2:G2-hypotension", Mark.SOURCE, minimum=50,
            maximum=3000),
)
_T2 = shared.TABLE2
_S, _V, _M, _D = Mark.SOURCE, Mark.VERIFIED, Mark.MEMORY, Mark.DECISION


def crs(settings: Settings) -> Chapter:
    """The chapter of CRS by grade, with the settings of the protocol."""
    graded = cartox()

    def g(grade: int) -> Predicate:
        return crs_grade(settings, grade)

    def anti_il6_rules(code: str, when: Predicate, cell: str, text: str, why: str = "") -> tuple[Rule, Rule]:
        return shared.anti_il6_rules(settings, code, when, cell, text, why)

    hypotensive = Named("hypotensive", LOW | ANY_VASOPRESSOR, "hypotension, or a vasopressor running", cites=f"{_T2}:G3-hypotension", mark="S")
    two = boluses(int(settings["boluses_before_anti_il6"]))
    after_il6 = LOW & two & ANTI_IL6_GIVEN
    bolus = Dose(as_told=f"{settings['bolus_least_ml']:g} to {settings['bolus_most_ml']:g} mL (children 10 to 20 mL/kg, from memory)", unit="mL")
    adult_bolus = (CHILD, f"{settings['bolus_least_ml']:g} to {settings['bolus_most_ml']:g} mL is a bolus for adults: by weight in a child.")
    oxygen = Named("oxygen_needed", ANY_OXYGEN | (Measure("spo2", "%").below(90.0) & ROOM_AIR), "oxygen given, or saturation below 90% on room air",
                   cites=f"{_T2}:G2-hypoxia", mark="S")
    hypox3 = Named("hypoxia_3", next(c.predicate for c in graded.criteria if c.code == "HYPOX3"), "hypoxia of CARTOX grade 3 or more",
                   cites="compared2019:CARTOX", mark="V")
    long_fever = EpisodeFor(FEVER, 24.0 * float(settings["fever_days"])) & FEVER
    treated = ANTI_IL6_GIVEN | Doses(CORTICOSTEROIDS, "corticosteroid", "a systemic corticosteroid", told_by="corticosteroid")
    resistant = refractory(treated, g, float(settings["refractory_hours"]))
    dex10 = Dose(10.0, every_hours=6.0)
    dex_block = interval("dexamethasone", 6.0, f"{_T2}:G3-hypotension", _S)
    mp_block = interval("methylprednisolone", 24.0, f"{_T2}:G4-hypotension", _S)
    pulse = on_pulse(settings)
    dex_blocks = (dex_block, *in_its_place(settings))
    dex_remarks = ((CHILD, ADULT_DOSES), ONE_STEROID)
    rules = (
        Rule("C1.1", "Acetaminophen and a cooling blanket", g(1) & FEVER, f"{_T2}:G1", _S,
             "Acetaminophen and a blanket to regulate body temperature when treating fever", drug="acetaminophen",
             dose=Dose(as_told="no dose in the paper"), answers=("acetaminophen", "antipyretic")),
        Rule("C1.1b", "Ibuprofen as a second antipyretic, if not contraindicated", g(1) & FEVER & ANTIPYRETIC_TODAY, f"{_T2}:G1", _S,
             "If not contraindicated, ibuprofen as a second alternative", drug="ibuprofen", dose=Dose(as_told="no dose in the paper"),
             blocked_by=(IBUPROFEN_PLATELETS, IBUPROFEN_BLEEDING, Block(
                 "IBU-KIDNEY", creatinine(2, graded.settings), "kidney toxicity of grade 2 or more (contraindication from memory)",
                 "li2022:ibuprofen", _M)),
             answers=("ibuprofen", "diclofenac", "metamizole", "nsaid"), optional=True,
             reading="The paper gives no list of contraindications; low platelets, bleeding and kidney failure are from memory. Second: asked for when an "
                     "antipyretic was given within 24 h and fever goes on."),
        Rule("C1.2", "Infection work-up: chest imaging, blood and urine cultures and tests", g(1) & FEVER, f"{_T2}:G1", _S,
             "Chest imaging and urine and blood tests to check for infections", answers=("imaging",)),
        Rule("INF1", "Rule out infection and the other diagnoses that look like CRS", g(1) & ~g(3), "chinthapalli2023:emergent adverse events", _S,
             "Infections and other significant differential diagnoses must be ruled out ... in their initial phases (grades 1-2)",
             reading="With or without fever. In grade 3 and above treatment goes first. The same sentence asks it for early ICANS. Its tests are those "
                     "of C1.2."),
        Rule("C1.4", "Maintenance intravenous fluid; treat constitutional symptoms and organ toxicity", g(1), f"{_T2}:G1", _S,
             "Symptomatic therapy of organ toxicity and constitutional symptoms; maintenance IV fluids for hydration"),
        *anti_il6_rules("C1.5", long_fever & ANTIPYRETIC_TODAY, "G1", "If the fever is prolonged (more than three days) and unresponsive: siltuximab 11 "
                        "mg/kg IV or tocilizumab 8 mg/kg IV", "The clock starts at the first fever of the episode. \"Unresponsive\" means fever "
                        "now although an antipyretic was given within 24 h."),
        Rule("C2.1", "Normal saline bolus", LOW & ~BOLUS_TODAY, f"{_T2}:G2-hypotension", _S, "A 500-1,000 ml bolus of normal saline", drug="fluid_bolus",
             dose=bolus, route="IV", answers=("fluid_bolus",), remarks=(adult_bolus,)),
        Rule("C2.2", "Second fluid bolus", LOW & BOLUS_TODAY & ~two, f"{_T2}:G2-hypotension", _S,
             "If the systolic pressure stays below 90 mmHg, a second bolus", drug="fluid_bolus",
             dose=bolus, route="IV", answers=("fluid_bolus",), remarks=(adult_bolus,)),
        *anti_il6_rules("C2.3", LOW & two, "G2-hypotension", "Tocilizumab 8 mg/kg IV or siltuximab 11 mg/kg IV for hypotension resistant to fluid "
                        "boluses; tocilizumab again after six hours if necessary"),
        Rule("C2.4", "Keep the systolic pressure above 90 mmHg (children: above the limit for age)", hypotensive, f"{_T2}:G2-hypotension", _S,
             "Systolic blood pressure must remain above 90 mmHg"),
        Rule("C2.5a", "Start a vasopressor (norepinephrine first, then vasopressin, epinephrine)", after_il6,
             f"{_T2}:G2-hypotension", _S, "Vasopressors if hypotension remains despite two fluid boluses and anti-IL-6 medication",
             drug="norepinephrine", dose=Dose(as_told="titrate to pressure"), route="IV",
             answers=("norepinephrine", "vasopressin", "epinephrine", "vasopressor")),
        Rule("C2.5b", "Echocardiography and other haemodynamic assessment; consider intensive care", after_il6,
             f"{_T2}:G2-hypotension", _S, "Consider transfer to ICU, get echocardiography, haemodynamic evaluation", answers=("lvef",)),
        Rule("C2.6", "Dexamethasone is an option", after_il6, f"{_T2}:G2-hypotension", _S,
             "Dexamethasone 10 mg IV per six hours is an option", drug="dexamethasone", dose=dex10, route="IV", blocked_by=dex_blocks,
             answers=CORTICOSTEROIDS, optional=True, remarks=dex_remarks,
             reading="The CARTOX original limits it to high-risk patients or hypotension after one or two anti-IL-6 doses (jcm2023)."),
        Rule("C2.7d", "Dexamethasone is an option", g(2) & oxygen & ANTI_IL6_GIVEN, f"{_T2}:G2-hypoxia", _S,
             "Corticosteroids ... as prescribed for the control of hypotension", drug="dexamethasone", dose=dex10, route="IV", blocked_by=dex_blocks,
             answers=CORTICOSTEROIDS, optional=True, remarks=dex_remarks, reading="As for hypotension: an option, once an IL-6 blocker has been given."),
        Rule("C2.8d", "Dexamethasone is an option", any_organ(2) & ANTI_IL6_GIVEN, f"{_T2}:G2-organ", _S,
             "Corticosteroids and supportive treatment, as needed for hypotension", drug="dexamethasone", dose=dex10, route="IV",
             blocked_by=dex_blocks, answers=CORTICOSTEROIDS, optional=True, remarks=dex_remarks,
             reading="As for hypotension: an option, once an IL-6 blocker has been given."),
        Rule("C2.7", "Supplementary oxygen", g(2) & oxygen, f"{_T2}:G2-hypoxia", _S, "Additional oxygen", answers=("oxygen_device",)),
        *anti_il6_rules("C2.7t", g(2) & oxygen, "G2-hypoxia", "Tocilizumab or siltuximab, as for hypotension"),
        Rule("C3.1", "Fluid boluses and vasopressors as needed, echocardiography, haemodynamic assessment", g(3) & hypotensive,
             f"{_T2}:G3-hypotension", _S, "IV fluid boluses and vasopressors as required; echocardiography; evaluate the blood pressure"),
        *anti_il6_rules("C3.1t", g(3) & hypotensive & ~ANTI_IL6_GIVEN, "G3-hypotension", "Tocilizumab and siltuximab as for grade 2, if not already "
                        "prescribed"),
        Rule("C3.2", "Dexamethasone", g(3), f"{_T2}:G3-hypotension", _S, "Dexamethasone 10 mg IV per 6 hours", drug="dexamethasone", dose=dex10,
             route="IV", blocked_by=dex_blocks, answers=CORTICOSTEROIDS, remarks=dex_remarks,
             reading="Taper once symptoms improve (ST1). Duration in the original: 1 to 3 days (jcm2023). In grade 4 methylprednisolone is asked for "
                     "instead (C4.1), not both; where the grade or that course is not known, a corticosteroid is asked for all the same."),
        Rule("C3.2b", "Escalate dexamethasone", g(3) & STEROID_TODAY & resistant, f"{_T2}:G3-hypotension", _S,
             "If resistant, escalate to 20 mg IV per 6 hours", drug="dexamethasone", dose=Dose(20.0, every_hours=6.0), route="IV",
             blocked_by=dex_blocks, answers=CORTICOSTEROIDS, remarks=dex_remarks),
        Rule("C3.3", "High-flow or non-invasive oxygen", g(3) & hypox3 & ~VENTILATOR, f"{_T2}:G3-hypoxia", _S, "High-flow and non-invasive oxygen supply",
             answers=("oxygen_device",), reading="Not for a patient on a ventilator (C4.2)."),
        *anti_il6_rules("C3.3t", g(3) & hypox3, "G3-hypoxia", "Tocilizumab or siltuximab combined with corticosteroids"),
        Rule("C4.1", "Methylprednisolone 1 g a day, for three days", (g(4) | pulse) & ~since_pulse(settings, PULSE_FIRST_HOURS), f"{_T2}:G4-hypotension",
             _S, "1 g per day IV methylprednisolone", drug="methylprednisolone", dose=Dose(1000.0, every_hours=24.0), route="IV",
             blocked_by=(mp_block,), answers=CORTICOSTEROIDS, remarks=((CHILD, ADULT_DOSES),),
             reading=f"In the place of dexamethasone. The paper gives no duration and no taper: after three days the steps C4.1b to C4.1d take its "
                     f"place. {PULSE_READING}"),
        *anti_il6_rules("C4.1t", g(4), "G4-hypotension", "Fluids, anti-IL-6 medication, vasopressors and haemodynamic evaluation as for grade 3"),
        Rule("C4.2", "Mechanical ventilation", g(4) & VENTILATOR, f"{_T2}:G4-hypoxia", _S, "Mechanical ventilating",
             answers=("oxygen_device",), reading="Hypoxia of grade 4 is the need of a ventilator, and shows in that one is charted. Grade 4 by blood "
                                                      "pressure or by an organ asks for none."),
    )
    return Chapter("CRS by grade", graded, rules, crs_episode())
