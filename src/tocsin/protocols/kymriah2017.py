"""The algorithm of cytokine release syndrome in the first US label of tisagenlecleucel (2017), as data.

Source: kymriah, section 2.4, as far as it could be read.  It knows no grades but three degrees: prodromal; mild, which asks for
intervention; moderate or worse, which asks for aggressive intervention.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR
from tocsin.derived.respiratory import ANY_OXYGEN, HIGH_FLOW, MASK, POSITIVE_PRESSURE
from tocsin.protocols.drugs import TOCILIZUMAB_LABEL_HOURS, interval, tocilizumab, tocilizumab_settings
from tocsin.protocols.parts import BOLUS_TODAY, COURSE_HOURS, LOW_PRESSURE, OXYGEN_NEEDED, TOCILIZUMAB_COURSE, boluses, since_first
from tocsin.protocols.protocol import Chapter, Dose, Protocol, Rule
from tocsin.rules import Doses, Measure, Named, Or, Setting, present, settled
from tocsin.scales import scale
from tocsin.vocabulary.groups import ANTIPYRETICS, CORTICOSTEROIDS

_V, _M, _D = Mark.VERIFIED, Mark.MEMORY, Mark.DECISION
_LABEL = "kymriah:2.4"
SETTINGS = (
    *tocilizumab_settings(TOCILIZUMAB_LABEL_HOURS, "this label and ASCO 8; CARTOX 6", _LABEL, _V),
    Setting("high_fever", 39.0, "degC", "fever of this height is high; the label gives no number", "tocsin:high fever", _D, minimum=38, maximum=41),
    Setting("steroid_hours", 12.0, "h", "no improvement so long after the first tocilizumab asks for a corticosteroid; the label gives 12 to 18",
            _LABEL, _V, minimum=12, maximum=18),
)


def kymriah2017(**given: object) -> Protocol:
    """The first US label of tisagenlecleucel with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    penn = scale("penn-crs-2018")
    toci, toci_blocks = tocilizumab(settings, _LABEL, _V)
    unstable = Named("unstable", LOW_PRESSURE & BOLUS_TODAY & ANY_VASOPRESSOR, "a low pressure although a fluid bolus was given within 24 h and a "
                     "vasopressor runs", cites=_LABEL, mark="V")
    distress = Named("respiratory_distress", Or((HIGH_FLOW, MASK, POSITIVE_PRESSURE)) | (present("dyspnoea") & ANY_OXYGEN),
                     "oxygen by a high-flow cannula, mask or positive pressure, or dyspnoea on oxygen", cites="tocsin:respiratory distress", mark="D")
    severe = Named("severe", unstable | distress, "a low pressure despite fluid and a vasopressor, or respiratory distress", cites=_LABEL, mark="V")
    twice = Doses(("tocilizumab",), "tocilizumab", "tocilizumab", 2, COURSE_HOURS)
    hours = float(settings["steroid_hours"])

    def toci_rule(code: str, action: str, when: Named, text: str, reading: str) -> Rule:
        return Rule(code, action, when, _LABEL, _V, text, drug="tocilizumab", dose=toci, route="IV over 1 h", blocked_by=toci_blocks,
                    answers=("tocilizumab",), reading=reading)

    rules = (
        Rule("K1.1", "Observe", FEVER | present("constitutional_symptoms"), _LABEL, _V, "Prodromal: observe",
             reading="The prodrome is taken as fever or constitutional symptoms."),
        Rule("K2.1", "Antipyretics", Measure("temperature", "degC").at_least(float(settings["high_fever"])), _LABEL, _V, "High fever: antipyretics",
             drug="antipyretic", dose=Dose(as_told="no agent or dose in the source as read"), answers=ANTIPYRETICS,
             reading="The label gives no number for high fever (setting high_fever)."),
        Rule("K2.2", "Oxygen", OXYGEN_NEEDED, _LABEL, _V, "Hypoxia: oxygen", answers=("oxygen_device",), reading=OXYGEN_NEEDED.reading),
        Rule("K2.3", "Intravenous fluid", LOW_PRESSURE & ~boluses(2), _LABEL, _V, "Mild hypotension: fluid", drug="fluid_bolus",
             dose=Dose(as_told="no volume in the source as read", unit="mL"), route="IV", answers=("fluid_bolus",),
             reading="Asked for until two boluses were given within 24 h."),
        Rule("K2.4", "Low-dose vasopressor", LOW_PRESSURE & BOLUS_TODAY & ~ANY_VASOPRESSOR, _LABEL, _V, "Mild hypotension: low-dose vasopressor",
             drug="norepinephrine", dose=Dose(as_told="no agent or dose in the source as read"), route="IV",
             answers=("norepinephrine", "vasopressin", "epinephrine", "vasopressor"),
             reading="Asked for when the pressure is low although a bolus was given within 24 h; norepinephrine stands for the agent."),
        toci_rule("K3.1", "Give tocilizumab for instability despite fluid and vasopressors", unstable,
                  "Haemodynamic instability despite intravenous fluids and vasopressors: tocilizumab, repeated after at least 8 h, at most 4 doses",
                  "Unstable: the pressure is low now."),
        toci_rule("K3.2", "Give tocilizumab for respiratory distress", distress,
                  "Worsening respiratory distress: tocilizumab, repeated after at least 8 h, at most 4 doses",
                  "Worsening distress is computed as support by high flow, mask or positive pressure, or dyspnoea on oxygen."),
        Rule("K3.3", "Consider a third dose of tocilizumab or another agent", severe & twice, _LABEL, _V,
             "No response to the second dose: a third dose or alternatives", answers=("tocilizumab", "siltuximab", "anakinra"),
             reading="No response is the same state after two doses within 72 h. No alternative was read by name."),
        Rule("K4.1", "Methylprednisolone", severe & since_first(TOCILIZUMAB_COURSE, hours), _LABEL, _M,
             "No improvement 12 to 18 h after the first tocilizumab, or worsening: methylprednisolone 2 mg/kg, then 2 mg/kg a day until vasopressors and "
             "high-flow oxygen are not needed, then taper", drug="methylprednisolone", dose=Dose(per_kg=2.0, every_hours=24.0), route="IV",
             blocked_by=(interval("methylprednisolone", 24.0, _LABEL, _M),), answers=CORTICOSTEROIDS,
             reading="The trigger was read; the dose is from memory. Worsening before 12 h is not computed. The same a day may be given in two halves."),
    )
    return Protocol(
        id="kymriah-label-2017", title="CRS in the first US label of tisagenlecleucel (2017), without grades",
        chapters=(Chapter("CRS", penn, rules, penn.episode),), cites=(_LABEL,), settings=settings, setting_docs=SETTINGS,
        notes=("No rule reads a grade of CRS. The grade shown beside the advice is that of Penn 2018, the scale of the trials of this product, for "
               "orientation only.",
               "Rapid clinical deterioration, a third reason for tocilizumab, has no number and no entry in the record: absent.",
               "What is put down to another cause than CRS does not count."),
    )


BUILDERS = {"kymriah-label-2017": kymriah2017}
