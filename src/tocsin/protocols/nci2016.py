"""The organ triggers of the US National Cancer Institute for tocilizumab, and its rules for corticosteroids, as data.

Source: brudno2016, table 3.  The triggers ignore the grade of CRS: each organ speaks for itself.  Neurotoxicity is graded by CTCAE.
"""

from __future__ import annotations

import math

from tocsin.cite import Mark
from tocsin.derived.normal_limits import Beyond, normal_settings
from tocsin.derived.respiratory import HIGH_FLOW, MASK, POSITIVE_PRESSURE, fio2_at_least_40
from tocsin.protocols.drugs import interval, tocilizumab, tocilizumab_settings
from tocsin.protocols.parts import ICANS_FINDINGS, TOCILIZUMAB_COURSE, since_first
from tocsin.protocols.protocol import Chapter, Dose, Protocol, Rule
from tocsin.rules import Doses, IsIn, Lasting, Measure, Named, Observed, Or, PatientLimit, Predicate, RateSum, Setting, present, settled
from tocsin.scales import scale
from tocsin.vocabulary.groups import CORTICOSTEROIDS

_V, _D = Mark.VERIFIED, Mark.DECISION
SETTINGS = (
    *(s for s in tocilizumab_settings(8.0, "label and ASCO 8; this source gives none", "kymriah:2.4", _V) if s.name != "tocilizumab_light_mg_per_kg"),
    Setting("tocilizumab_mg_per_kg", 8.0, "mg/kg", "tocilizumab; the source gives 4 to 8", "brudno2016:table3", _V, minimum=4, maximum=8),
    Setting("methylprednisolone_mg_per_kg", 1.0, "mg/kg", "methylprednisolone; the source gives 1 to 2", "brudno2016:table3", _V, minimum=1, maximum=2),
    Setting("refractory_after_hours", 24.0, "h", "a trigger that still holds so long after the first tocilizumab is refractory to it",
            "tocsin:refractory", _D, minimum=6, maximum=96),
    *normal_settings("uln_aptt", "uln_creatine_kinase"),
)
_TABLE = "brudno2016:table3"


def nci2016(**given: object) -> Protocol:
    """The NCI organ triggers with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    lee, ctcae = scale("lee2014-crs"), scale("ctcae403-neurotoxicity")
    _, toci_blocks = tocilizumab({**settings, "tocilizumab_light_mg_per_kg": 12.0}, "kymriah:2.4", _V)
    toci = Dose(per_kg=float(settings["tocilizumab_mg_per_kg"]), cap=float(settings["tocilizumab_cap_mg"]))
    norepinephrine = Named(
        "norepinephrine_above_2", RateSum((("norepinephrine", 1.0),), math.nextafter(2.0, 3.0), "ug/min", "norepinephrine", "norepinephrine",
                                          any_of="vasopressor"),
        "norepinephrine above 2 ug/min", cites=_TABLE, mark="V")
    long_pressor = norepinephrine & Named(
        "first_above_2", Lasting(Observed(norepinephrine, math.inf), 48.0), "norepinephrine first went above 2 ug/min at least 48 h ago", cites=_TABLE,
        mark="V")
    much_oxygen = fio2_at_least_40(True) & Measure("fio2", "fraction").above(0.5)
    triggers: tuple[tuple[str, str, Predicate, str, str], ...] = (
        ("T1", "the heart", Measure("lvef", "%").below(40.0), "LVEF below 40%", ""),
        ("T2", "the kidney", Measure("creatinine", "mg/dL").above(PatientLimit("baseline_creatinine", "2.5 x the baseline", factor=2.5)),
         "Creatinine more than 2.5 times the last value before the infusion", "The baseline is the patient's own where told, else the last value before "
         "lymphodepletion, which the chemotherapy has not moved."),
        ("T3", "long need of norepinephrine", long_pressor, "Norepinephrine above 2 ug/min for 48 h since its first start, not necessarily continuous",
         "The clock starts when the rate is first above 2; asked for while it is above 2."),
        ("T4", "a pressure not held by norepinephrine", present("norepinephrine") & Measure("systolic_bp", "mmHg").below(90.0),
         "A systolic pressure of 90 mmHg cannot be maintained on norepinephrine", "Computed as below 90 mmHg while norepinephrine runs; an adult limit."),
        ("T5", "inspired oxygen", Lasting(much_oxygen, 2.0), "Inspired oxygen above 50% for more than 2 h",
         "From 2 h on. Support that delivers less than 40% rules it out where no fraction is charted."),
        ("T6", "dyspnoea", present("dyspnoea") & Or((HIGH_FLOW, MASK, POSITIVE_PRESSURE)), "Dyspnoea so severe that ventilation may be needed",
         "The threat is the clinician's judgement: computed as dyspnoea on a high-flow cannula, mask or positive pressure."),
        ("T7", "APTT", Beyond("aptt", high=True, factor=2.0).predicate(settings), "APTT more than 2 times the upper limit of normal", ""),
        ("T8", "bleeding", IsIn("bleeding", ("transfused", "life_threatening"), ("present",), says="bleeding that was transfused or threatens life"),
         "Clinically significant bleeding", "Significant: transfused or life-threatening; bleeding of an untold degree leaves it open."),
        ("T9", "creatine kinase", Lasting(Beyond("creatine_kinase", high=True, factor=5.0).predicate(settings), 48.0),
         "Creatine kinase more than 5 times the upper limit of normal for more than 2 days", "From 48 h on, without a lower value between."),
    )
    any_trigger = Named("any_trigger", Or(tuple(t[2] for t in triggers)), "any of the organ triggers (T1 to T9)", cites=_TABLE, mark="V")

    def neuro(grade: int) -> Predicate:
        of = Or(tuple(c.predicate for c in ctcae.criteria if c.grade >= grade and not c.code.startswith("HEADACHE")))
        return Named(f"neuro_{grade}", of, f"CTCAE neurotoxicity grade {grade} or more, headache not counted", cites=_TABLE, mark="V")

    dexamethasone = Doses(("dexamethasone",), "dexamethasone", "dexamethasone", hours=24.0)
    eight = Doses(("dexamethasone",), "dexamethasone", "dexamethasone", 8, 72.0)

    def dex_rule(code: str, action: str, when: Predicate, text: str, reading: str) -> Rule:
        return Rule(code, action, when, _TABLE, _V, text, drug="dexamethasone", dose=Dose(10.0, every_hours=6.0), route="IV",
                    blocked_by=(interval("dexamethasone", 6.0, _TABLE, _V),), answers=CORTICOSTEROIDS, reading=reading)

    until = "Until grade 1 or less, or at least 8 doses."
    still = any_trigger & since_first(TOCILIZUMAB_COURSE, float(settings["refractory_after_hours"]))
    generalised = IsIn("seizure", ("brief_generalised", "generalised"), ("brief", "nonconvulsive_resolved", "prolonged", "repetitive", "unspecified",
                                                                       "multiple", "nonconvulsive_status", "convulsive_status"), says="a generalised seizure")
    rules = (
        *(Rule(code, f"Give tocilizumab for {organ}", when, _TABLE, _V, text, drug="tocilizumab", dose=toci, route="IV over 1 h",
               blocked_by=toci_blocks, answers=("tocilizumab",), reading=f"{reading} The source gives 4 to 8 mg/kg, at most 800 mg; 8 is taken. "
               "Interval and maxima are those of the label and ASCO.".strip())
          for code, organ, when, text, reading in triggers),
        Rule("M1", "Methylprednisolone", still, _TABLE, _V, "Methylprednisolone 1 to 2 mg/kg every 12 h if refractory to tocilizumab",
             drug="methylprednisolone", dose=Dose(per_kg=float(settings["methylprednisolone_mg_per_kg"]), every_hours=12.0), route="IV",
             blocked_by=(interval("methylprednisolone", 12.0, _TABLE, _V),), answers=CORTICOSTEROIDS,
             reading="\"Refractory\" is a trigger that still holds (setting refractory_after_hours). The source gives 1 to 2 mg/kg; 1 is taken."),
        dex_rule("D1", "Dexamethasone for neurotoxicity of grade 3 that lasts", Lasting(neuro(3), 24.0),
                 f"Grade 3 neurotoxicity, not headache, for at least 24 h: dexamethasone 10 mg every 6 h. {until}",
                 "Grades are those of CTCAE v4.03, from memory of its table."),
        dex_rule("D2", "Dexamethasone for neurotoxicity of grade 4", neuro(4), f"Grade 4 neurotoxicity of any kind: dexamethasone 10 mg every 6 h. {until}",
                 "Grades are those of CTCAE v4.03, from memory of its table; it has no headache of grade 4."),
        dex_rule("D3", "Dexamethasone for a generalised seizure", generalised, f"Any generalised seizure: dexamethasone 10 mg every 6 h. {until}",
                 "A seizure of an untold kind leaves it open."),
        dex_rule("D4", "Continue dexamethasone until grade 1 or 8 doses", neuro(2) & dexamethasone & ~eight, until,
                 "Continued: a dose within 24 h. The eight doses are counted within 72 h."),
    )
    return Protocol(
        id="nci2016", title="Organ triggers for tocilizumab (NCI, Brudno 2016), whatever the grade",
        chapters=(Chapter("Organ triggers", lee, rules, lee.episode, counts_also=ICANS_FINDINGS),),
        cites=("brudno2016:table3", "ctcae403:nervous system and psychiatric disorders"), settings=settings, setting_docs=SETTINGS,
        notes=("No rule reads a grade of CRS. The grade shown beside the advice is that of Lee 2014, a scale of the same years, for orientation only.",
               "A finding counts when it is put down to CRS or to nothing in particular: a low ejection fraction known before is told by its attribution.",
               "No dose for children was read: below 30 kg the label gives 12 mg/kg, which is not taken here."),
    )


BUILDERS = {"nci2016": nci2016}
