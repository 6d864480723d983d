"""Intensive care: who is admitted, and fluid, vasopressors, ventilation, the heart and sepsis there.

The paper tells much of this as what most units do (its survey); such rules are optional: the paper reports them and does not ask for them.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, VASOPRESSIN
from tocsin.derived.respiratory import VENTILATOR
from tocsin.protocols.paper004.infection import ANTIBIOTICS
from tocsin.protocols.paper004.shared import LOW, NONINVASIVE, ORGAN_SUPPORT, Settings, cartox, crs_episode, crs_grade, neutropenic
from tocsin.protocols.parts import BOLUS_TODAY
from tocsin.protocols.protocol import Block, Chapter, Dose, Rule
from tocsin.rules import IsIn, Lasting, Measure, Named, Observed, Or, Predicate, Setting, charted, present
from tocsin.scales import scale
from tocsin.timeline import ATTRIBUTIONS

SETTINGS = (
    Setting("icu_bolus_ml_per_kg", 4.0, "mL/kg", "fluid bolus in intensive care, repeated while the circulation responds to it; table 2 has "
            "bolus_least_ml to bolus_most_ml instead", "chinthapalli2023:intensive care", Mark.SOURCE, minimum=1, maximum=30),
    Setting("prolonged_hypotension_hours", 1.0, "h", "a pressure that is low for so long, a fluid bolus given, is prolonged hypotension, for which a "
            "vasopressor is preferred to more fluid", "tocsin:prolonged hypotension", Mark.DECISION, minimum=0.25, maximum=24),
    Setting("vasopressor_step_hours", 1.0, "h", "a pressure that is low for so long on one vasopressor asks for the next", "tocsin:vasopressor step",
            Mark.DECISION, minimum=0.25, maximum=12),
    Setting("severe_crs_hours", 24.0, "h", "CRS of grade 3 or more for so long is protracted severe CRS; a cardiac examination within this time "
            "answers it", "tocsin:protracted CRS", Mark.DECISION, minimum=6, maximum=168),
)
_ICU, _CARE = "chinthapalli2023:icu", "chinthapalli2023:intensive care"
_CARDIAC = (("lvef", "%"), ("troponin_i", "ng/mL"), ("troponin_t", "ng/mL"), ("nt_probnp", "pg/mL"), ("bnp", "pg/mL"))
HEART_EXAMINED = Or((*(Measure(name, unit, ask=False).at_least(float("-inf")) for name, unit in _CARDIAC), present("echocardiogram", ask=False)))
"""A cardiac biomarker or an echocardiogram is on record."""
_REDUCED = IsIn("consciousness", ("voice", "tactile", "vigorous_tactile", "unarousable", "reduced"), says="reduced consciousness")


def _critical(settings: Settings) -> Named:
    return Named("critical", crs_grade(settings, 3) | ORGAN_SUPPORT, "CRS of grade 3 or more, or an organ supported", cites=_ICU, mark="S")


def admission(settings: Settings) -> Chapter:
    """Support of an organ, reduced consciousness and seizures, and sepsis there, whatever they are put down to."""
    graded = cartox()
    critical = _critical(settings)
    sepsis = "Assessment for infections and starting broad-spectrum antibiotics must be taken into consideration ... especially if they are neutropenic"
    rules = (
        Rule("ICU2", "Intensive care: an organ is supported, consciousness is reduced, or any seizure",
             Or((ORGAN_SUPPORT, _REDUCED, present("seizure", says="a seizure"))), _ICU, Mark.SOURCE,
             "One or more organs supported, a lowered degree of awareness, any seizure after CAR-T",
             reading="Whatever they are put down to, but for a support that was there before treatment or belongs to a procedure. Most patients of the "
                     "paper's survey were admitted with lower grades (CRS 1 to 2, ICANS 2): for fear of worsening, further procedures, non-cardiogenic "
                     "pulmonary oedema, or a large tumour mass. Those are the clinician's to judge."),
        Rule("ICU9a", "Infection work-up: sepsis weighs on survival in intensive care", critical, _CARE, Mark.SOURCE, sepsis, answers=("imaging",),
             reading="The paper names no test here: those of C1.2. What the failing organ is put down to does not matter, infection least of all."),
        Rule("ICU9b", "Consider broad-spectrum antibiotics", critical, _CARE, Mark.SOURCE, sepsis, drug="antibiotic",
             dose=Dose(as_told="agent and dose by local practice"), answers=ANTIBIOTICS, optional=True,
             remarks=((neutropenic(settings) & critical, "Neutropenic: above all then."), (FEVER & neutropenic(settings), "With fever see C1.3a.")),
             reading="\"Must be taken into consideration\": the paper does not ask for it in every patient."),
    )
    counts = tuple(cause for cause in ATTRIBUTIONS if cause not in ("baseline", "procedure"))
    return Chapter("Admission to intensive care", graded, rules, crs_episode(), counts=counts)


def icans_admission() -> Chapter:
    """Admission for ICANS by its grade."""
    icans = scale("astct-icans-2019")
    severe = Named("icans_3", icans.at_least(3), "ASTCT ICANS grade 3 or more", cites="icans_adult:table", mark="V")
    rules = (Rule("ICU3", "Intensive care: ICANS of grade 3 or more", severe, _ICU, Mark.SOURCE, "Patients with grade 3 or higher toxicities in the ICU"),)
    return Chapter("Admission to intensive care for ICANS", icans, rules, icans.episode)


def intensive_care(settings: Settings) -> Chapter:
    """Admission by grade, and what is done in intensive care."""
    graded = cartox()
    severe = crs_grade(settings, 3)
    critical = _critical(settings)
    hypoxia = next(c.predicate for c in graded.criteria if c.code == "HYPOX3")
    step, late = float(settings["vasopressor_step_hours"]), float(settings["severe_crs_hours"])
    norepinephrine, epinephrine = present("norepinephrine"), present("epinephrine")
    prolonged = Lasting(LOW, float(settings["prolonged_hypotension_hours"])) & BOLUS_TODAY & ~ANY_VASOPRESSOR
    order = ("The paper lists noradrenaline, vasopressin and epinephrine as what units use first; that they follow in this order is our reading. Still low: "
             "for the time of the setting vasopressor_step_hours.")
    text = "Noradrenaline, vasopressin, and epinephrine are typically used as first-line vasopressors"
    no_response = Block("FLUID-NO-RESPONSE", IsIn("fluid_responsiveness", ("absent",), says="no response to fluid"),
                        "the circulation does not respond to fluid", _CARE, Mark.SOURCE)
    rules = (
        Rule("ICU1", "Intensive care: grade 3 or more", severe, _ICU, Mark.SOURCE, "Patients with grade 3 or higher toxicities in the ICU"),
        _titrated("ICU4", f"Fluid bolus of {settings['icu_bolus_ml_per_kg']:g} mL/kg, repeated while the circulation responds", critical & LOW,
                  "A repeating fluid bolus of 4 ml/kg ... fluid responsiveness was evaluated", "fluid_bolus", ("fluid_bolus",),
                  f"Most units of the survey do so; table 2 has {settings['bolus_least_ml']:g} to {settings['bolus_most_ml']:g} mL (C2.1). Response by stroke "
                  "volume, cardiac output or ultrasound: charted as fluid_responsiveness.",
                  dose=Dose(per_kg=float(settings["icu_bolus_ml_per_kg"]), unit="mL"), blocked_by=(no_response,)),
        _titrated("ICU5", "Norepinephrine early, rather than more fluid", prolonged, "Early vasopressor usage is preferable to overt hydration control for "
                  "managing prolonged hypotension in CRS", "norepinephrine", ("norepinephrine", "vasopressin", "epinephrine", "vasopressor"),
                  "The paper calls the evidence early. Prolonged: see the setting prolonged_hypotension_hours. Unlike C2.5a it waits neither for a second "
                  "bolus nor for anti-IL-6 treatment."),
        _titrated("ICU6a", "Vasopressin beside norepinephrine: the pressure is still low", Lasting(LOW & norepinephrine, step) & ~VASOPRESSIN, text,
                  "vasopressin", ("vasopressin", "terlipressin"), order),
        _titrated("ICU6b", "Epinephrine beside norepinephrine and vasopressin: the pressure is still low",
                  Lasting(LOW & norepinephrine & VASOPRESSIN, step) & ~epinephrine, text, "epinephrine", ("epinephrine",), order),
        Rule("ICU7", "Try non-invasive ventilation before intubation", hypoxia & ~NONINVASIVE & ~VENTILATOR, _CARE, Mark.SOURCE,
             "A non-invasive ventilation attempt prior to intubation for patients with respiratory insufficiency", answers=("oxygen_device",),
             optional=True, reading="Most units of the survey do so. Respiratory insufficiency: hypoxia of CARTOX grade 3."),
        Rule("ICU8", "Examine the heart: biomarkers or echocardiography (protracted severe CRS)",
             Lasting(severe, late) & Named("heart_not_examined", ~charted(Observed(HEART_EXAMINED, late)), "no cardiac marker, ejection fraction or "
                                           f"echocardiogram is on record from the last {late:g} h", cites=_CARE, mark="S"), _CARE, Mark.SOURCE,
             "Cardiac biomarkers or ... an echocardiogram, is advised in individuals with protracted severe CRS",
             answers=(*(name for name, _ in _CARDIAC), "echocardiogram"),
             reading="Protracted: see the setting severe_crs_hours. What is not on record was not done."),
    )
    return Chapter("Intensive care", graded, rules, crs_episode())


def _titrated(
    code: str, action: str, when: Predicate, text: str, drug: str, answers: tuple[str, ...], reading: str, *, dose: Dose | None = None,
    blocked_by: tuple[Block, ...] = (),
) -> Rule:
    """A treatment of low pressure as units are reported to give it."""
    return Rule(code, action, when, _CARE, Mark.SOURCE, text, drug=drug, dose=dose or Dose(as_told="titrate to pressure"), route="IV",
                blocked_by=blocked_by, answers=answers, optional=True, reading=reading)
