"""CRS grade by Lee 2014, and by the modified Lee scale of the ZUMA trials, as data.

Source: lee2014, read in published comparisons (compared2018, compared2019, compared_blood).  The intervention that is needed decides,
and organ toxicity by CTCAE v4.03; no fever is needed from grade 2 on.  The two scales differ in one thing: neurotoxicity is an organ
toxicity in Lee 2014 and never is in the modified scale.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    FLUID_BOLUS_HOURS,
    HIGH_DOSE_SETTINGS,
    VASOPRESSIN,
    bolus_given,
    high_dose_vasopressor,
    hypotension,
    multiple_vasopressors,
    vasopressors,
)
from tocsin.derived.organs import CARTOX_ORGANS, LEE_ORGANS, ORGAN_SETTINGS, ORGANS_NOT_TOLD, Organ, one_organ, organ_inputs, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN, ESTIMATE_FIO2, ESTIMATED_FIO2_NOTE, VENTILATOR, fio2_at_least_40
from tocsin.rules import Or, Predicate, Setting, charted, present, settled
from tocsin.scales.crs_parts import VITAL_CONCEPTS, death, elsewhere, flags
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale

SETTINGS = (
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as multiple only when they overlap longer than this",
            "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    Setting("vasopressin_counts_as_multiple", True, "", "vasopressin beside one other vasopressor is \"multiple vasopressors\" (unlike ASTCT, "
            "the table makes no exception)", "compared2018:Lee", Mark.DECISION),
    Setting("fluid_bolus_hours", FLUID_BOLUS_HOURS, "h", "how long a fluid bolus counts as treatment of a low pressure", "tocsin:hypotension",
            Mark.DECISION, maximum=24),
    *HIGH_DOSE_SETTINGS, ESTIMATE_FIO2, *ORGAN_SETTINGS, *QUIET_SETTINGS,
)


def lee2014_crs(**given: object) -> Scale:
    """The Lee 2014 CRS scale with the given settings; SettingError for a setting that does not exist."""
    return _scale("lee2014-crs", "2014", "CRS, Lee 2014", ("lee2014:table", "compared2018:Lee", "compared2019:Lee"), LEE_ORGANS, given)


def zuma_crs(**given: object) -> Scale:
    """The modified Lee scale of the ZUMA trials with the given settings; SettingError for a setting that does not exist."""
    return _scale("zuma-crs-2017", "2017", "CRS, modified Lee (ZUMA)",
                  ("neelapu2017:grading", "yescarta2017:CRS", "lee2014:table", "compared2018:Lee"), CARTOX_ORGANS, given)


def _scale(name: str, version: str, title: str, cites: tuple[str, ...], organs: tuple[Organ, ...], given: dict[str, object]) -> Scale:
    settings = settled(SETTINGS, given)
    nerves = Organ.NERVES in organs
    bolus_hours = float(settings["fluid_bolus_hours"])
    low = hypotension(bolus_hours)
    several: Predicate = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"]))
    if settings["vasopressin_counts_as_multiple"]:
        several = several | (vasopressors(1) & VASOPRESSIN)
    high_dose = high_dose_vasopressor(float(settings["high_dose_hours"]), goradia=bool(settings["goradia_equivalents"]))
    symptoms = FEVER | present("constitutional_symptoms")
    signs = Or((low, ANY_VASOPRESSOR, ANY_OXYGEN, charted(organ_toxicity(2, settings, organs))))
    onset = FEVER | signs
    counted = (*VITAL_CONCEPTS, *(c for c in organ_inputs(*organs) if c not in VITAL_CONCEPTS))
    # read in the tables, but that the modified scale takes them over is from memory
    mark = Mark.VERIFIED if nerves else Mark.MEMORY
    apart = "Neurotoxicity is one of the organs here." if nerves else "Neurological events never count as organ toxicity of CRS in this scale."
    return Scale(
        id=name, version=version, title=title, syndrome="CRS", cites=cites, counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(onset, onset | bolus_given(bolus_hours), SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("MILD1", 1, symptoms, "compared2018:Lee", mark,
                      "Symptoms that need symptomatic treatment only: fever, nausea, fatigue, headache, myalgia, malaise.",
                      short="fever or constitutional symptoms"),
            Criterion("HYPO2", 2, low | ANY_VASOPRESSOR, "compared2018:Lee", mark,
                      "Hypotension that responds to fluids or to a low dose of one vasopressor; any vasopressor is at least this. A low pressure "
                      "that nobody treated is flagged, not graded: the cell asks for an intervention.", short="hypotension or a vasopressor"),
            Criterion("HYPO3", 3, several | high_dose, "compared2019:Lee" if nerves else "yescarta2017:CRS", Mark.VERIFIED,
                      "Hypotension that needs high-dose or multiple vasopressors. The doses that count as high are from memory of Lee 2014.",
                      short="high-dose or multiple vasopressors"),
            Criterion("HYPOX2", 2, ANY_OXYGEN, "compared2018:Lee", mark, "Oxygen below 40%; any support is at least this.", short="oxygen"),
            Criterion("HYPOX3", 3, fio2_at_least_40(bool(settings["estimate_fio2_from_flow"])) | VENTILATOR,
                      "compared2019:Lee" if nerves else "yescarta2017:CRS", Mark.VERIFIED,
                      "Inspired oxygen of 40% or more. Non-invasive support is graded by its inspired oxygen.",
                      short="inspired oxygen of 40% or more"),
            Criterion("VENT4", 4, VENTILATOR, "compared2019:Lee", mark, "Ventilator support for hypoxia.", short="mechanical ventilation"),
            Criterion("ORGAN2", 2, organ_toxicity(2, settings, organs), "compared2018:Lee", mark,
                      f"Organ toxicity of CTCAE v4.03 grade 2 or more. {apart}", short="organ toxicity grade 2"),
            Criterion("ORGAN3", 3, organ_toxicity(3, settings, organs), "compared2019:Lee", mark,
                      f"Organ toxicity of CTCAE v4.03 grade 3, or transaminitis of grade 4 (AST or ALT alone never make grade 4). {apart}",
                      short="organ toxicity grade 3, or transaminitis grade 4"),
            Criterion("ORGAN4", 4, organ_toxicity(4, settings, organs, transaminases=False), "compared2019:Lee", mark,
                      f"Organ toxicity of CTCAE v4.03 grade 4 except transaminitis; bilirubin is not transaminitis. {apart}",
                      short="organ toxicity grade 4"),
            death("compared2019:Lee", mark),
            Criterion("CLEAR0", 0, ~(symptoms | signs), "compared2018:Lee", mark, "No fever, symptom, hypotension, oxygen or organ toxicity of "
                      "grade 2.", short="no sign of CRS"),
            elsewhere(counted, "compared2018:Lee", mark),
        ),
        flags=(
            *(() if nerves else (Flag("neurotoxicity_apart", one_organ(Organ.NERVES, 1, settings), "Neurotoxicity is charted; it is graded apart "
                                      "and never enters this grade.", "neelapu2017:grading"),)),
            Flag("organ_classes_not_told", ORGANS_NOT_TOLD, "Of the organ classes heart, lung, gut, skin and coagulation at least one is told by "
                 "nothing at this time; it is not counted.", "tocsin:organs"),
            *flags(low, counted),
        ),
        notes=(
            ESTIMATED_FIO2_NOTE, "Limits of normal are those of the patient's laboratory where told, else settings. An episode does not wait for "
            "organ values that nobody charted.",
            *(("A neurotoxicity that is put down to ICANS is not counted: leave it without a cause, or put it down to CRS, where it is to count.",)
              if nerves else ("In the trials each symptom was also graded by CTCAE v4.03. Grades by this scale and by Penn 2018 must not be pooled.",)),
        ),
    )


BUILDERS = {"lee2014-crs": lee2014_crs, "zuma-crs-2017": zuma_crs}
