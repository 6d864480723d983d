"""The heart: screening and referral before the infusion; surveillance and treatment after it.

Source: chinthapalli2023, section on cardiovascular toxicities.  Tocilizumab, first line for severe CRS there, stands with CRS by grade.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.derived.organs import Organ, ejection_fraction, once, one_organ
from tocsin.protocols.paper004.shared import Settings, cartox, crs_episode, crs_grade
from tocsin.protocols.protocol import Chapter, Rule
from tocsin.rules import Constant, Measure, Named, Observed, Or, Predicate, Setting, Within, charted, present
from tocsin.scales import scale
from tocsin.timeline import ATTRIBUTIONS

SETTINGS = (
    Setting("heart_baseline_days", 30.0, "days", "how long before the infusion an examination of the heart counts as its baseline",
            "tocsin:heart baseline", Mark.DECISION, minimum=1, maximum=180),
)
_PLACE = "chinthapalli2023:cardiovascular toxicities"
_SCREEN = "An initial ECG, chemical panel, and transthoracic echocardiography to screen for cardiovascular comorbidities prior to treatment"
_TREAT = "Guideline-directed medical therapy (GDMT) or anti-arrhythmic treatment must be used in patients with signs of cardiotoxicity, if clinically required"
_INFUSED = charted(Within(Constant(True), 0.0, inf))
BEFORE = Named("before_infusion", ~_INFUSED, "the cells have not been infused yet", cites=_PLACE, mark="S")
_MARKERS = (("troponin_i", "ng/mL"), ("troponin_t", "ng/mL"), ("nt_probnp", "pg/mL"), ("bnp", "pg/mL"))


def _measured(name: str, unit: str) -> Predicate:
    return Measure(name, unit, ask=False).at_least(-inf)


def _missing(what: str, done: Predicate, days: float) -> Predicate:
    """Before the infusion, and not on record: an examination that nobody charted is asked for."""
    says = f"no {what} is on record from the last {days:g} days before the infusion"
    return BEFORE & Named(f"no_{what.replace(' ', '_')}", ~charted(Observed(done, inf)), says, cites="tocsin:heart baseline", mark="D")


def before_infusion(settings: Settings) -> Chapter:
    """Screening and referral before the infusion, at hours below zero."""
    risk = scale("cardiovascular-risk-2023")
    days = float(settings["heart_baseline_days"])
    reading = (f"Asked for until it is on record, in the last {days:g} days before the infusion (setting heart_baseline_days). The paper calls its "
               "screening a proposal.")
    high = Named("high_cardiovascular_risk", risk.at_least(1), "high cardiovascular risk: age above 60, left ventricular insufficiency, or two high-risk "
                 "concurrent diseases", cites=_PLACE, mark="S")
    rules = (
        Rule("V1a", "Baseline electrocardiogram", _missing("electrocardiogram", present("ecg", ask=False), days), _PLACE, Mark.SOURCE, _SCREEN,
             answers=("ecg",), reading=reading),
        Rule("V1b", "Baseline chemistry", _missing("chemistry", _measured("creatinine", "mg/dL"), days), _PLACE, Mark.SOURCE, _SCREEN,
             answers=("creatinine",), reading=f"The paper does not list the panel: it counts as done when creatinine is on record. {reading}"),
        Rule("V1c", "Baseline transthoracic echocardiogram", _missing(
            "echocardiogram", present("echocardiogram", ask=False) | _measured("lvef", "%"), days), _PLACE, Mark.SOURCE, _SCREEN,
             answers=("echocardiogram", "lvef"), reading=f"An ejection fraction on record shows that one was made. {reading}"),
        Rule("V2", "Cardio-oncology: assessment before the infusion (high risk)", BEFORE & high & ~charted(present("cardio_oncology_assessment", ask=False)),
             _PLACE, Mark.SOURCE, "Above the age of 60, established left ventricle insufficiency, or at least two high-risk concurrent diseases ... sent to "
             "a cardio-oncologist", answers=("cardio_oncology_assessment",),
             reading="The risk is that of the scale cardiovascular-risk-2023. Asked for until an assessment is on record. The paper grants that little "
                     "time may be left for it."),
    )
    return Chapter("The heart before the infusion", risk, rules, risk.episode, counts=ATTRIBUTIONS, from_hour=-24.0 * days)


def heart(settings: Settings) -> Chapter:
    """Surveillance and treatment of the heart after the infusion."""
    graded = cartox()
    arrhythmia = once(present("arrhythmia", ask=False))
    failing = Named("failing_heart", once(present("cardiac_failure", ask=False)) | ejection_fraction(2, graded.settings),
                    "cardiac failure asserted, or ejection fraction decreased (CTCAE v4.03 grade 2)", cites="ctcae403:Ejection fraction decreased", mark="M",
                    reading="They count where they are charted.")
    any_sign = Named("cardiotoxicity", Or((one_organ(Organ.HEART, 1, graded.settings), arrhythmia)),
                     "cardiac failure, a fall of ejection fraction, troponin above the limit of its assay, an arrhythmia, or cardiac toxicity as reported",
                     cites=_PLACE, mark="S", reading="They count where they are charted: nobody charts a toxicity that is not there.")
    rules = (
        Rule("V3", "Watch the heart closely: arrhythmia, heart failure; biomarkers, ECG or echocardiogram", crs_grade(settings, 2), _PLACE, Mark.SOURCE,
             "Patients who experience high-grade CRS (grade 2) should be monitored closely for cardiac toxicities such as new or worsened arrhythmias or "
             "heart failure", answers=("ecg", "echocardiogram", "lvef", *(name for name, _ in _MARKERS)),
             reading="\"High-grade CRS (grade 2)\" is read as grade 2 or more. The paper gives no interval."),
        Rule("V4a", "Guideline-directed medical therapy of heart failure, if clinically required", failing, _PLACE, Mark.SOURCE, _TREAT,
             reading="The paper names no drug. Signs of heart failure: asserted, or an ejection fraction of 50% or less, or 10 points below baseline."),
        Rule("V4b", "Anti-arrhythmic treatment, if clinically required", arrhythmia, _PLACE, Mark.SOURCE, _TREAT,
             reading="The paper names no drug. An arrhythmia as a clinician asserts it; a fast pulse in fever is none."),
        Rule("V5", "Cardio-oncology: follow-up after a cardiac complication", Observed(any_sign, inf), _PLACE, Mark.SOURCE,
             "Visit a cardio-oncologist following any complication for careful monitoring and additional management",
             reading="Any sign of cardiotoxicity since the infusion, also one that has gone."),
    )
    return Chapter("The heart", graded, rules, crs_episode())
