"""CRS as a CTCAE term: v5.0, and of v4.03 what a rule can tell.

Source: v5.0 (ctcae5) from memory; v4.03 (ctcae403) read in a published comparison (compared2018).  v4.03 speaks of infusion
reactions: beside its grade 4, only what was reported in its own words is graded.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    FLUID_BOLUS_HOURS,
    LIFE_THREATENING_HYPOTENSION,
    VASOPRESSIN,
    bolus_given,
    hypotension,
    multiple_vasopressors,
    vasopressors,
)
from tocsin.derived.respiratory import ANY_OXYGEN, ESTIMATE_FIO2, ESTIMATED_FIO2_NOTE, NONINVASIVE, VENTILATOR, fio2_at_least_40
from tocsin.rules import Constant, IsIn, Or, Predicate, Setting, charted, settled
from tocsin.scales.crs_parts import VITAL_CONCEPTS, death, elsewhere, flags
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale

SETTINGS_5 = (
    Setting("two_vasopressors_are_grade_4", True, "", "two vasopressors at once, vasopressin counted, are grade 4: grade 3 names one",
            "ctcae5:CRS", Mark.DECISION),
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as two only when they overlap longer than this",
            "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    Setting("fluid_bolus_hours", FLUID_BOLUS_HOURS, "h", "how long a fluid bolus counts as treatment of a low pressure", "tocsin:hypotension",
            Mark.DECISION, maximum=24),
    ESTIMATE_FIO2, *QUIET_SETTINGS,
)
SETTINGS_403 = (
    Setting("noninvasive_is_ventilatory_support", False, "", "CPAP and BiPAP count as ventilatory support (grade 4)", "compared2018:CTCAE",
            Mark.DECISION),
    *QUIET_SETTINGS,
)
_REACTION = ("mild", "interruption", "prolonged", "recurrent", "sequelae", "life_threatening")
_CONCEPTS_403 = ("infusion_reaction", *(c for c in VITAL_CONCEPTS if c not in ("temperature", "fever", "systolic_bp", "mean_arterial_pressure")))


def ctcae5_crs(**given: object) -> Scale:
    """CRS by CTCAE v5.0 with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS_5, given)
    bolus_hours = float(settings["fluid_bolus_hours"])
    low = hypotension(bolus_hours)
    several: Predicate = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"])) | (vasopressors(1) & VASOPRESSIN)
    if not settings["two_vasopressors_are_grade_4"]:
        several = Constant(False)
    threatens = LIFE_THREATENING_HYPOTENSION
    onset = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN))
    return Scale(
        id="ctcae5-crs", version="5.0", title="CRS, CTCAE v5.0", syndrome="CRS", cites=("ctcae5:CRS",), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS_5, episode=quiet_rule(onset, onset | bolus_given(bolus_hours), SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, "ctcae5:CRS", Mark.MEMORY, "Fever with or without constitutional symptoms.", short="fever"),
            Criterion("HYPO2", 2, low | ANY_VASOPRESSOR, "ctcae5:CRS", Mark.MEMORY,
                      "Hypotension that responds to fluids; a vasopressor implies it. No fever is needed.", short="hypotension"),
            Criterion("PRESSOR3", 3, ANY_VASOPRESSOR, "ctcae5:CRS", Mark.MEMORY,
                      "Hypotension managed with one vasopressor, at any dose; vasopressin alone is one.", short="a vasopressor"),
            Criterion("PRESSOR4", 4, several, "ctcae5:CRS", Mark.DECISION,
                      "Grade 3 names one vasopressor, and grade 4 only \"life-threatening\"; two at once, vasopressin counted, are taken as that.",
                      short="two vasopressors"),
            Criterion("LIFE4", 4, charted(threatens) | (threatens & low & ANY_VASOPRESSOR), "ctcae5:CRS", Mark.MEMORY,
                      "Life-threatening: only as a clinician asserts it of the pressure, never derived. It stays open while hypotension is "
                      "treated with a vasopressor and nobody says whether it threatens life.", short="life-threatening hypotension"),
            Criterion("HYPOX2", 2, ANY_OXYGEN, "ctcae5:CRS", Mark.MEMORY, "Hypoxia that responds to oxygen below 40%; any support is at least "
                      "this.", short="oxygen"),
            Criterion("HYPOX3", 3, fio2_at_least_40(bool(settings["estimate_fio2_from_flow"])) | VENTILATOR, "ctcae5:CRS", Mark.MEMORY,
                      "Hypoxia that requires oxygen of 40% or more.", short="inspired oxygen of 40% or more"),
            Criterion("VENT4", 4, VENTILATOR, "ctcae5:CRS", Mark.MEMORY, "Life-threatening, urgent intervention: mechanical ventilation for "
                      "hypoxia.", short="mechanical ventilation"),
            death("ctcae5:CRS", Mark.MEMORY),
            Criterion("CLEAR0", 0, ~onset, "ctcae5:CRS", Mark.MEMORY, "No fever, hypotension or oxygen.", short="no sign of CRS"),
            elsewhere(VITAL_CONCEPTS, "ctcae5:CRS", Mark.MEMORY),
        ),
        flags=flags(low, VITAL_CONCEPTS),
        notes=("Organ toxicity and neurotoxicity are terms of their own and do not enter.", ESTIMATED_FIO2_NOTE),
    )


def ctcae403_crs(**given: object) -> Scale:
    """CRS by CTCAE v4.03, as far as a rule can tell it, with the given settings; SettingError for one that does not exist."""
    settings = settled(SETTINGS_403, given)
    ventilation = VENTILATOR | NONINVASIVE if settings["noninvasive_is_ventilatory_support"] else VENTILATOR

    def reported(first: str, says: str) -> IsIn:
        return IsIn("infusion_reaction", _REACTION[_REACTION.index(first):], () if first == "mild" else ("present",), says=says)

    any_reaction = IsIn("infusion_reaction", ("present", *_REACTION), says="a reaction is reported")
    support = ANY_VASOPRESSOR | ventilation
    onset = any_reaction | support
    return Scale(
        id="ctcae403-crs", version="4.03", title="CRS, CTCAE v4.03 (its rule-based part)", syndrome="CRS",
        cites=("ctcae403:CRS", "compared2018:CTCAE"), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS_403, episode=quiet_rule(onset, onset, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("MILD1", 1, any_reaction, "compared2018:CTCAE", Mark.VERIFIED,
                      "A mild reaction: neither interruption of the infusion nor intervention indicated. A reported reaction is at least this.",
                      short="a reaction"),
            Criterion("INTERRUPT2", 2, reported("interruption", "interruption of the infusion indicated, or more"), "compared2018:CTCAE",
                      Mark.VERIFIED, "Interruption indicated, with a prompt response to symptomatic treatment; prophylactic medication for 24 h at "
                      "most.", short="interruption indicated"),
            Criterion("PROLONGED3", 3, reported("prolonged", "a prolonged or recurrent reaction, or hospital for sequelae, or more"),
                      "compared2018:CTCAE", Mark.VERIFIED, "Prolonged; recurrence after initial improvement; or hospitalisation for sequelae "
                      "such as renal impairment or pulmonary infiltrates.", short="prolonged, recurrent or with sequelae"),
            Criterion("LIFE4", 4, charted(reported("life_threatening", "a life-threatening reaction is reported")) | support,
                      "compared2018:CTCAE", Mark.VERIFIED, "Life-threatening; vasopressor or ventilatory support indicated. The only grade that is "
                      "derived: from any vasopressor, or a ventilator.", short="vasopressor or ventilator"),
            death("compared2018:CTCAE", Mark.VERIFIED),
            Criterion("CLEAR0", 0, ~onset, "compared2018:CTCAE", Mark.VERIFIED, "No reaction reported, no vasopressor and no ventilator.",
                      short="no reaction"),
            elsewhere(_CONCEPTS_403, "compared2018:CTCAE", Mark.VERIFIED),
        ),
        flags=(
            Flag("fever_not_graded", FEVER & ~onset, "Fever is charted; this version speaks of infusion reactions and is not derived from vital "
                 "signs.", "compared2018:CTCAE"),
        ),
        notes=("Grades 1 to 3 are those reported in the words of this version; without such a report the grade stays a range.",),
    )


BUILDERS = {"ctcae5-crs": ctcae5_crs, "ctcae403-crs": ctcae403_crs}
