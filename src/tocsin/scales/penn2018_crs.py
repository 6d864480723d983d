"""CRS grade by the Penn scale of Porter 2018, as data.

Source: porter2018, read in published comparisons (compared2018, compared2019, compared_blood).  What was needed decides: hospital,
intravenous therapy, repeated fluid, oxygen of any kind (grade 3), high-dose vasopressors by weight.  No fever is needed.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    FLUID_BOLUS_HOURS,
    HIGH_DOSE_SETTINGS,
    LEE_HIGH_DOSES,
    PENN_HIGH_DOSES,
    PRESSURE_LOW,
    bolus_given,
    high_dose_vasopressor,
    hypotension,
)
from tocsin.derived.normal_limits import normal_settings
from tocsin.derived.organs import Organ, one_organ
from tocsin.derived.respiratory import ANY_OXYGEN, VENTILATOR
from tocsin.rules import Constant, Doses, Either, IsIn, Measure, Named, Or, Predicate, Setting, charted, present, settled
from tocsin.scales.crs_parts import VITAL_CONCEPTS, death, elsewhere, flags
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale

SETTINGS = (
    Setting("high_dose_by_weight", True, "", "high doses by body weight; off: the adult table in ug/min, for which no weight is needed",
            "porter2018:high-dose", Mark.MEMORY),
    Setting("bolus_window_hours", 24.0, "h", "two fluid boluses within this time are multiple boluses", "tocsin:boluses", Mark.DECISION,
            minimum=1, maximum=168),
    Setting("single_bolus_is_grade_2", True, "", "hypotension treated with neither multiple boluses nor a vasopressor is grade 2; the table "
            "does not name it", "compared2018:Penn", Mark.DECISION),
    Setting("fluid_bolus_hours", FLUID_BOLUS_HOURS, "h", "how long a fluid bolus counts as treatment of a low pressure", "tocsin:hypotension",
            Mark.DECISION, maximum=24),
    Setting("product_hours", 24.0, "h", "how long plasma, cryoprecipitate or fibrinogen concentrate shows a coagulopathy that needs it",
            "tocsin:coagulopathy", Mark.DECISION, minimum=1, maximum=168),
    Setting("nutrition_hours", 24.0, "h", "how long a record of parenteral nutrition shows the need for it", "tocsin:nutrition", Mark.DECISION,
            minimum=1, maximum=168),
    *HIGH_DOSE_SETTINGS, *normal_settings("uln_ast", "uln_alt", "uln_bilirubin_total", "uln_creatinine"), *QUIET_SETTINGS,
)
_PRODUCTS = ("fresh_frozen_plasma", "cryoprecipitate", "fibrinogen_concentrate")
COUNTED_CONCEPTS = (*VITAL_CONCEPTS, "ast", "alt", "bilirubin_total", "creatinine", "organ_failure", "admitted_for_crs", "iv_therapy_for_crs")


def penn_crs(**given: object) -> Scale:
    """The Penn (Porter 2018) CRS scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    bolus_hours = float(settings["fluid_bolus_hours"])
    low = hypotension(bolus_hours)
    two_boluses = Doses(("fluid_bolus",), "fluid_bolus", "a fluid bolus", number=2, hours=float(settings["bolus_window_hours"]))
    boluses = Named(
        "low_despite_boluses", Either(present("hypotension"), PRESSURE_LOW) & two_boluses,
        says=f"a low pressure, or hypotension asserted, with two or more fluid boluses within {float(settings['bolus_window_hours']):g} h",
        cites="tocsin:boluses", mark=str(Mark.DECISION))
    table = PENN_HIGH_DOSES if settings["high_dose_by_weight"] else LEE_HIGH_DOSES
    high_dose = high_dose_vasopressor(float(settings["high_dose_hours"]), table, goradia=bool(settings["goradia_equivalents"]))
    product = Doses(_PRODUCTS, "fresh_frozen_plasma", "plasma, cryoprecipitate or fibrinogen concentrate", hours=float(settings["product_hours"]))
    clotting_normal = charted(Measure("coagulation_toxicity_grade", "grade", ask=False).at_most(0.0))
    nutrition = Doses(("parenteral_nutrition",), "parenteral_nutrition", "parenteral nutrition", hours=float(settings["nutrition_hours"]))

    def organ(kidney: int, liver: int) -> Predicate:
        return one_organ(Organ.KIDNEY, kidney, settings) | one_organ(Organ.LIVER, liver, settings)

    simple: Predicate = low if settings["single_bolus_is_grade_2"] else Constant(False)
    symptoms = FEVER | present("constitutional_symptoms")
    signs = Or((low, ANY_VASOPRESSOR, ANY_OXYGEN, charted(organ(2, 3))))
    onset = FEVER | signs
    return Scale(
        id="penn-crs-2018", version="2018", title="CRS, Penn 2018", syndrome="CRS",
        cites=("porter2018:table", "compared2018:Penn", "compared_blood:Penn"), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(onset, onset | bolus_given(bolus_hours), SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("MILD1", 1, symptoms, "compared2018:Penn", Mark.VERIFIED,
                      "Mild: supportive care such as antipyretics or antiemetics, for fever or constitutional symptoms.",
                      short="fever or constitutional symptoms"),
            Criterion("ORGAN2", 2, organ(2, 3) | charted(present("organ_failure")), "compared2018:Penn", Mark.VERIFIED,
                      "Some organ dysfunction, such as creatinine of CTCAE grade 2 or liver tests (AST, ALT, bilirubin) of grade 3. Organ "
                      "dysfunction as a clinician asserts it, of an untold degree, is at least this.", short="some organ dysfunction"),
            Criterion("ADMIT2", 2, present("admitted_for_crs", says="in hospital because of CRS"), "compared2018:Penn", Mark.VERIFIED,
                      "Hospital for symptoms of CRS, fever with neutropenia included. Only as told: a patient who is in hospital for the "
                      "infusion is not admitted for CRS.", short="in hospital because of CRS"),
            Criterion("THERAPY2", 2, present("iv_therapy_for_crs", says="intravenous therapy for symptoms of CRS") | nutrition,
                      "compared2018:Penn", Mark.VERIFIED, "Need for intravenous therapies, fluid for hypotension not meant, or for "
                      "parenteral nutrition. Which intravenous drugs count the source does not say: the need is told, not derived.",
                      short="intravenous therapy or parenteral nutrition"),
            Criterion("HYPO2", 2, simple, "compared2018:Penn", Mark.DECISION,
                      "Only multiple boluses are named, as grade 3. Hypotension that a single bolus corrects is more than supportive care and is "
                      "taken as grade 2.", short="hypotension, a single bolus"),
            Criterion("HYPO3", 3, boluses | ANY_VASOPRESSOR, "compared2018:Penn", Mark.VERIFIED,
                      "Hypotension treated with multiple fluid boluses or low-dose vasopressors; any vasopressor is at least this.",
                      short="multiple boluses or a vasopressor"),
            Criterion("HYPO4", 4, high_dose, "compared2019:Penn", Mark.VERIFIED,
                      "Hypotension that needs high-dose vasopressors. The doses, by body weight and sustained, are from memory of the source, "
                      "and its correction may have changed them.", short="high-dose vasopressors"),
            Criterion("COAG3", 3, product & ~clotting_normal, "compared2018:Penn", Mark.VERIFIED,
                      "Coagulopathy that needs plasma, cryoprecipitate or fibrinogen concentrate. The product shows the need, unless "
                      "coagulation was looked at and found normal (a reported coagulation toxicity of grade 0).",
                      short="plasma or fibrinogen for coagulopathy"),
            Criterion("HYPOX3", 3, ANY_OXYGEN, "compared2018:Penn", Mark.VERIFIED,
                      "Hypoxia that needs supplemental oxygen of any kind: cannula, high flow, CPAP or BiPAP.", short="oxygen of any kind"),
            Criterion("VENT4", 4, VENTILATOR, "compared2019:Penn", Mark.VERIFIED, "Hypoxia that needs mechanical ventilation.",
                      short="mechanical ventilation"),
            Criterion("ORGAN3", 3, organ(3, 4), "compared2018:Penn", Mark.VERIFIED,
                      "Organ dysfunction such as creatinine of CTCAE grade 3 or liver tests of grade 4; no organ dysfunction makes grade 4.",
                      short="organ dysfunction: creatinine grade 3, liver tests grade 4"),
            Criterion("ADMIT3", 3, IsIn("admitted_for_crs", ("organ_dysfunction",), says="in hospital because of organ dysfunction from CRS"),
                      "compared2018:Penn", Mark.VERIFIED, "Hospital for organ dysfunction from CRS; not for fever or myalgia.",
                      short="in hospital for organ dysfunction"),
            death("compared2019:Penn", Mark.VERIFIED),
            Criterion("CLEAR0", 0, ~(symptoms | signs), "compared2018:Penn", Mark.VERIFIED, "No fever, symptom, hypotension, oxygen or organ "
                      "dysfunction.", short="no sign of CRS"),
            elsewhere(COUNTED_CONCEPTS, "compared2018:Penn", Mark.VERIFIED),
        ),
        flags=(
            Flag("single_bolus", simple & ~boluses & ~ANY_VASOPRESSOR, "Hypotension that neither multiple boluses nor a vasopressor treated: the "
                 "table does not name it, and grade 2 is a choice.", "tocsin:boluses"),
            *flags(low, COUNTED_CONCEPTS),
        ),
        notes=("Neurotoxicity does not enter. An episode does not wait for organ values that nobody charted.",
               "Upper limits of normal are those of the patient's laboratory where told, else settings."),
    )


BUILDERS = {"penn-crs-2018": penn_crs}
