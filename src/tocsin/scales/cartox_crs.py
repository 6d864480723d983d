"""CRS grade by CARTOX 2018, as data: the system in which the management table of paper 004 is written.

Source: neelapu2018, read in published comparison tables (compared2019, compared2018, wei2020); limits for children from mahadeo2019.  No fever is
needed from grade 2 on.  Organ toxicity by CTCAE v4.03 over liver, kidney, heart, lung, gut, skin and coagulation.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    HIGH_DOSE_SETTINGS,
    LIFE_THREATENING_HYPOTENSION,
    SYSTOLIC_LOW,
    VASOPRESSIN,
    bolus_given,
    high_dose_vasopressor,
    multiple_vasopressors,
    vasopressors,
)
from tocsin.derived.organs import CARTOX_ORGANS, ORGAN_SETTINGS, ORGANS_NOT_TOLD, organ_inputs, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN, ESTIMATE_FIO2, ESTIMATED_FIO2_NOTE, ROOM_AIR, VENTILATOR, fio2_at_least_40
from tocsin.rules import Either, Elsewhere, Measure, Named, Or, Setting, charted, present, settled
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

SETTINGS = (
    *HIGH_DOSE_SETTINGS,
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as multiple only when they overlap longer than this",
            "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    Setting("vasopressin_counts_as_multiple", True, "", "vasopressin beside one other vasopressor is \"multiple vasopressors\" (unlike ASTCT, "
            "the table makes no exception)", "neelapu2018:hypotension", Mark.DECISION),
    ESTIMATE_FIO2, *ORGAN_SETTINGS, *QUIET_SETTINGS,
)
COUNTED_CONCEPTS = ("temperature", "fever", "hypotension", "systolic_bp", "oxygen_device", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor",
                    *organ_inputs(*CARTOX_ORGANS))
ORGAN_READING = (
    "Organ toxicity of CTCAE v4.03 grade {0} or more. Liver and kidney must be measured; heart, lung, gut, skin and coagulation count where "
    "they are told (a reported grade, ejection fraction, fibrinogen ...), because nobody charts a toxicity that is not there.{1} The list of "
    "classes is from memory of the text.")
ORGAN_NOTE = ("Organ classes: liver, kidney, heart, lung, gut, skin and coagulation. Neurotoxicity is graded apart. Heart, lung, gut, skin and "
              "coagulation count only where the record tells them.")
ORGANS_FLAG = Flag(
    "organ_classes_not_told", ORGANS_NOT_TOLD, "Not told, so not counted: some of heart, lung, gut, skin and coagulation.", "tocsin:organs")


def cartox_crs(**given: object) -> Scale:
    """The CARTOX 2018 CRS scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    low = Named("hypotension_by_age", Either(SYSTOLIC_LOW, present("hypotension")),
                says="systolic pressure below the limit for age (adults 90 mmHg), or hypotension asserted", cites="neelapu2018:hypotension",
                mark="V")
    several = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"]))
    if settings["vasopressin_counts_as_multiple"]:
        several = several | (vasopressors(1) & VASOPRESSIN)
    high_dose = high_dose_vasopressor(float(settings["high_dose_hours"]), goradia=bool(settings["goradia_equivalents"]))
    desaturated = Measure("spo2", "%").below(90.0) & ROOM_AIR
    fio2 = fio2_at_least_40(bool(settings["estimate_fio2_from_flow"]))
    organ = [organ_toxicity(grade, settings, transaminases=grade < 4) for grade in (1, 2, 3, 4)]
    sign = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN, desaturated, bolus_given(4.0), organ[0]))
    onset = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN, desaturated, organ[0]))
    return Scale(
        id="cartox-crs-2018", version="2018", title="CRS, CARTOX 2018", syndrome="CRS",
        cites=("neelapu2018:table", "compared2019:CARTOX", "compared2018:MD Anderson", "wei2020:table 2", "mahadeo2019:table"),
        counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(onset, sign, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, "compared2018:MD Anderson", Mark.VERIFIED,
                      "Temperature of 38.0 degC or more. From grade 2 on no fever is needed.", short="fever"),
            Criterion("ORGAN1", 1, organ[0], "compared2019:CARTOX", Mark.VERIFIED, ORGAN_READING.format(1, ""), short="organ toxicity grade 1"),
            Criterion("HYPO2", 2, low | ANY_VASOPRESSOR, "compared2018:MD Anderson", Mark.VERIFIED,
                      "Systolic pressure below 90 mmHg (children by age) that responds to fluid or a low-dose vasopressor; any vasopressor is at "
                      "least this. Unlike ASTCT the pressure alone is enough.", short="hypotension or a vasopressor"),
            Criterion("HYPO3", 3, Or((several, high_dose)), "compared2019:CARTOX", Mark.VERIFIED,
                      "High-dose or multiple vasopressors. The doses that count as high are from memory of Lee 2014.",
                      short="high-dose or multiple vasopressors"),
            Criterion("HYPO4", 4, charted(LIFE_THREATENING_HYPOTENSION) | (LIFE_THREATENING_HYPOTENSION & low & ANY_VASOPRESSOR),
                      "compared2019:CARTOX", Mark.VERIFIED,
                      "Life-threatening hypotension: only as a clinician asserts it, never derived from numbers. It stays open while a low "
                      "pressure is treated with a vasopressor and nobody says whether it threatens life.", short="life-threatening hypotension"),
            Criterion("HYPOX2", 2, ANY_OXYGEN | desaturated, "compared2018:MD Anderson", Mark.VERIFIED,
                      "Oxygen needed to keep the saturation above 90%. A saturation below 90% on room air shows the need.",
                      short="oxygen, or saturation below 90%"),
            Criterion("HYPOX3", 3, fio2 | VENTILATOR, "compared2019:CARTOX", Mark.VERIFIED,
                      "Inspired oxygen of 40% or more. High-flow and non-invasive support count unless a lower fraction is charted.",
                      short="inspired oxygen of 40% or more"),
            Criterion("HYPOX4", 4, VENTILATOR, "compared2019:CARTOX", Mark.VERIFIED, "Mechanical ventilation.", short="mechanical ventilation"),
            Criterion("ORGAN2", 2, organ[1], "compared2019:CARTOX", Mark.VERIFIED, ORGAN_READING.format(2, ""), short="organ toxicity grade 2"),
            Criterion("ORGAN3", 3, organ[2], "compared2019:CARTOX", Mark.VERIFIED,
                      ORGAN_READING.format(3, " Transaminitis of grade 4 is met by this too: AST or ALT alone never make grade 4."),
                      short="organ toxicity grade 3, or transaminitis grade 4"),
            Criterion("ORGAN4", 4, organ[3], "compared2019:CARTOX", Mark.VERIFIED,
                      ORGAN_READING.format(4, " Transaminitis is excepted; bilirubin is not transaminitis."), short="organ toxicity grade 4"),
            Criterion("DEATH5", 5, charted(present("death", says="death, stated to be caused by CRS")), "compared2019:CARTOX", Mark.VERIFIED,
                      "Only where the record states that CRS was the cause (attribution crs); never derived.", short="death caused by CRS"),
            Criterion("CLEAR0", 0, ~onset, "compared2019:CARTOX", Mark.VERIFIED, "No fever, hypotension, oxygen or organ toxicity.",
                      short="no sign of CRS"),
            Criterion("ELSEWHERE0", 0, Elsewhere(COUNTED_CONCEPTS, "the findings are put down to another cause"), "compared2019:CARTOX",
                      Mark.VERIFIED, "Findings put down to infection or another cause are not CRS.", short="findings put down to another cause"),
        ),
        flags=(
            Flag("counted_elsewhere", Elsewhere(COUNTED_CONCEPTS, "findings put down to another cause"), "Findings put down to another "
                 "cause (attribution) are not counted.", "compared2019:CARTOX"),
            ORGANS_FLAG,
        ),
        notes=(ORGAN_NOTE, "Limits of normal are the patient's own where told (uln_ast ...), else settings: give your laboratory's.",
               ESTIMATED_FIO2_NOTE),
    )


BUILDERS = {"cartox-crs-2018": cartox_crs}
