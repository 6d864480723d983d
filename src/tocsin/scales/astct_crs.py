"""CRS grade by the ASTCT 2019 consensus, as data.

Source: lee2019, the CRS grading table, read in reprints (astct_table).  Each criterion means "at least this grade": the highest
one met is the grade, and what is not known leaves a range, never a guess.  Organ toxicity and neurotoxicity do not enter.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, FEVER_MASKED, FEVER_OR_MASKED, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    FLUID_BOLUS_HOURS,
    PRESSURE_LOW,
    VASOPRESSIN,
    bolus_given,
    hypotension,
    multiple_vasopressors,
    vasopressors,
)
from tocsin.derived.respiratory import ANY_OXYGEN, CALLED_HIGH_FLOW, FLOW_CHARTED_LOW, HIGH_FLOW, MASK, POSITIVE_PRESSURE, ROOM_AIR
from tocsin.rules import Doses, Elsewhere, Measure, Predicate, Setting, charted, present, settled
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

SETTINGS = (
    Setting("fluid_bolus_hours", FLUID_BOLUS_HOURS, "h", "how long a fluid bolus counts as treatment of a low pressure",
            "tocsin:hypotension", Mark.DECISION, maximum=24),
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as multiple only when they overlap longer than this "
            "(a hand-over); report 60 as a sensitivity analysis", "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    Setting("vasopressin_alone_is_grade_3", True, "", "vasopressin as the only vasopressor counts as \"a vasopressor\"",
            "tocsin:vasopressors", Mark.DECISION),
    *QUIET_SETTINGS,
)

COUNTED_CONCEPTS = ("temperature", "fever", "hypotension", "systolic_bp", "oxygen_device", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor")


def astct_crs(**given: object) -> Scale:
    """The ASTCT 2019 CRS scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    gate = FEVER_OR_MASKED
    low = hypotension(float(settings["fluid_bolus_hours"]))
    one: Predicate = vasopressors(1) | VASOPRESSIN if settings["vasopressin_alone_is_grade_3"] else vasopressors(1)
    several = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"]))
    sign = FEVER | ANY_VASOPRESSOR | ANY_OXYGEN | bolus_given(float(settings["fluid_bolus_hours"]))
    return Scale(
        id="astct-crs-2019", version="2019", title="CRS, ASTCT consensus 2019", syndrome="CRS",
        cites=("lee2019:table", "astct_table:footnotes"), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(FEVER, sign, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, "astct_table:fever", Mark.VERIFIED,
                      "Fever of 38.0 degC or more not put down to another cause.", short="fever"),
            Criterion("MASKED1", 1, FEVER_MASKED, "astct_table:footnote", Mark.VERIFIED,
                      "After antipyretic or anticytokine treatment of established CRS, fever is no longer required; the episode goes on "
                      "until it resolves, and is unknown once it may have resolved unseen.", short="fever hidden by treatment; CRS not yet resolved"),
            Criterion("HYPO2", 2, gate & (low | ANY_VASOPRESSOR), "lee2019:table", Mark.VERIFIED,
                      "Hypotension that does not require vasopressors. A running vasopressor implies it.", short="hypotension"),
            Criterion("HYPO3", 3, gate & one, "lee2019:table", Mark.VERIFIED,
                      "Vasopressin beside one other vasopressor is still grade 3. Vasopressin alone is not addressed by the source; "
                      "by default it is \"a vasopressor\". Any dose counts.", short="a vasopressor"),
            Criterion("HYPO4", 4, gate & several, "lee2019:table", Mark.VERIFIED,
                      "Two or more at the same time, vasopressin not counted. A hand-over without overlap is one.", short="multiple vasopressors"),
            Criterion("HYPOX2", 2, gate & ANY_OXYGEN, "lee2019:table", Mark.VERIFIED,
                      "Low-flow cannula (6 L/min or less) or blow-by; any greater support is at least this. Support at the patient's own "
                      "baseline, or given for a procedure or for neurological reasons, is excluded by its attribution.", short="oxygen"),
            Criterion("HYPOX3", 3, gate & (HIGH_FLOW | MASK | POSITIVE_PRESSURE), "lee2019:table", Mark.VERIFIED,
                      "Cannula above 6 L/min, facemask, Venturi or non-rebreather mask. The device beats the flow: a mask at any flow is "
                      "grade 3.", short="high-flow cannula or mask"),
            Criterion("HYPOX4", 4, gate & POSITIVE_PRESSURE, "lee2019:table", Mark.VERIFIED,
                      "CPAP, BiPAP, or intubation and mechanical ventilation for hypoxia.", short="positive pressure"),
            Criterion("DEATH5", 5, charted(present("death", says="death, stated to be caused by CRS")), "lee2019:table", Mark.MEMORY,
                      "Only where the record states that CRS was the cause (attribution crs); never derived.", short="death caused by CRS"),
            Criterion("AFEBRILE0", 0, ~gate, "astct_table:fever", Mark.VERIFIED,
                      "No fever, and none that treatment could be hiding.", short="no fever, and none hidden"),
            Criterion("ELSEWHERE0", 0, Elsewhere(COUNTED_CONCEPTS, "the findings are put down to another cause"),
                      "astct_table:fever", Mark.VERIFIED, "Findings put down to infection or another cause are not CRS.",
                      short="findings put down to another cause"),
        ),
        flags=(
            Flag("low_bp_untreated", PRESSURE_LOW & ~low, "A low pressure is charted that nobody treated or called hypotension; by itself "
                 "it is not grade 2.", "tocsin:hypotension"),
            Flag("low_spo2_untreated", Measure("spo2", "%").below(90.0) & ROOM_AIR, "Saturation below 90% on room air without support; the "
                 "table grades the support that is required.", "tocsin:hypoxia"),
            Flag("vasopressin_alone", VASOPRESSIN & ~vasopressors(1), "Vasopressin is the only vasopressor; the source does not say how "
                 "to grade it.", "tocsin:vasopressors"),
            Flag("high_flow_device_at_low_flow", CALLED_HIGH_FLOW & FLOW_CHARTED_LOW, "A high-flow cannula runs at 6 L/min or less, which "
                 "grades as low flow.", "astct_table:hypoxia"),
            Flag("fever_possibly_masked", ~gate & Doses(SUPPRESSING_DRUGS.concepts, "antipyretic", SUPPRESSING_DRUGS.says, hours=24.0),
                 "An antipyretic, anticytokine drug or corticosteroid was given within 24 h without any fever before it; fever stays "
                 "required.", "tocsin:masking"),
            Flag("counted_elsewhere", Elsewhere(COUNTED_CONCEPTS, "findings put down to another cause"), "Findings put down to another "
                 "cause (attribution) are not counted.", "astct_table:fever"),
        ),
        notes=("Organ toxicity and neurotoxicity are graded apart and do not change this grade.",
               "Usual onset is within 14 days of infusion; a later onset needs a search for other causes."),
    )


BUILDERS = {"astct-crs-2019": astct_crs}
