"""CRS grade by the Memorial Sloan Kettering criteria of Park 2018, as data.

Source: park2018, read in a published comparison (compared2019).  What decides is for how long a vasopressor is needed, and the
inspired oxygen; no fever is needed from grade 2 on, and organ toxicity does not enter.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    FLUID_BOLUS_HOURS,
    HIGH_DOSE_SETTINGS,
    PRESSURE_LOW,
    bolus_given,
    high_dose_vasopressor,
    hypotension,
)
from tocsin.derived.respiratory import ANY_OXYGEN, ESTIMATE_FIO2, ESTIMATED_FIO2_NOTE, VENTILATOR, fio2_at_least_40
from tocsin.rules import Either, Lasting, Named, Or, Setting, present, settled
from tocsin.scales.crs_parts import VITAL_CONCEPTS, death, elsewhere, flags
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale

SETTINGS = (
    Setting("vasopressor_hours", 24.0, "h", "how long a vasopressor must be needed for grade 3", "compared2019:MSKCC", Mark.VERIFIED, minimum=1,
            maximum=240),
    Setting("fluid_bolus_hours", FLUID_BOLUS_HOURS, "h", "how long a fluid bolus counts as treatment of a low pressure", "tocsin:hypotension",
            Mark.DECISION, maximum=24),
    *HIGH_DOSE_SETTINGS, ESTIMATE_FIO2, *QUIET_SETTINGS,
)


def mskcc_crs(**given: object) -> Scale:
    """The MSKCC (Park 2018) CRS scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    bolus_hours = float(settings["fluid_bolus_hours"])
    low = hypotension(bolus_hours)
    high_dose = high_dose_vasopressor(float(settings["high_dose_hours"]), goradia=bool(settings["goradia_equivalents"]))
    pressure_stays_low = Named(
        "pressure_stays_low", Either(present("hypotension"), PRESSURE_LOW), says="the pressure is low, or hypotension asserted",
        cites="tocsin:hypotension", mark=str(Mark.DECISION))
    hours = float(settings["vasopressor_hours"])
    onset = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN))
    return Scale(
        id="mskcc-crs-2018", version="2018", title="CRS, MSKCC (Park 2018)", syndrome="CRS",
        cites=("park2018:table", "compared2019:MSKCC"), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(onset, onset | bolus_given(bolus_hours), SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, "compared2019:MSKCC", Mark.VERIFIED,
                      "Mild: observation or supportive care only. Fever is the sign that shows it; the table names none.", short="fever"),
            Criterion("HYPO1", 1, low | ANY_VASOPRESSOR, "compared2019:MSKCC", Mark.DECISION,
                      "The table does not name hypotension that fluid alone corrects; it is taken as supportive care, grade 1, and flagged.",
                      short="hypotension"),
            Criterion("PRESSOR2", 2, ANY_VASOPRESSOR, "compared2019:MSKCC", Mark.VERIFIED,
                      "Hypotension that requires any vasopressor for less than 24 h; vasopressin counts.", short="a vasopressor"),
            Criterion("PRESSOR3", 3, Lasting(ANY_VASOPRESSOR, hours), "compared2019:MSKCC", Mark.VERIFIED,
                      "Any vasopressor for 24 h or more without a break. A hand-over from one agent to another does not break it; a pause does, "
                      "and the count begins anew.", short=f"a vasopressor for {hours:g} h"),
            Criterion("HYPO4", 4, high_dose & pressure_stays_low, "compared2019:MSKCC", Mark.DECISION,
                      "Hypotension refractory to high-dose vasopressors, as the table asks, is made computable: the pressure is still low while a "
                      "vasopressor runs at a high dose (the table of Lee 2014, sustained).", short="hypotension despite high-dose vasopressors"),
            Criterion("HYPOX2", 2, ANY_OXYGEN, "compared2019:MSKCC", Mark.VERIFIED,
                      "Hypoxia or dyspnoea that requires oxygen below 40%; any support is at least this.", short="oxygen"),
            Criterion("HYPOX3", 3, fio2_at_least_40(bool(settings["estimate_fio2_from_flow"])) | VENTILATOR, "compared2019:MSKCC", Mark.VERIFIED,
                      "Inspired oxygen of 40% or more. Non-invasive support is graded by its inspired oxygen.",
                      short="inspired oxygen of 40% or more"),
            Criterion("VENT4", 4, VENTILATOR, "compared2019:MSKCC", Mark.VERIFIED, "Mechanical ventilation for hypoxia.",
                      short="mechanical ventilation"),
            death("compared2019:MSKCC", Mark.VERIFIED),
            Criterion("CLEAR0", 0, ~onset, "compared2019:MSKCC", Mark.VERIFIED, "No fever, hypotension or oxygen.", short="no sign of CRS"),
            elsewhere(VITAL_CONCEPTS, "compared2019:MSKCC", Mark.VERIFIED),
        ),
        flags=(
            Flag("fluid_only_hypotension", low & ~ANY_VASOPRESSOR, "Hypotension without a vasopressor: the table does not name it, and grade 1 "
                 "is a choice.", "tocsin:hypotension"),
            *flags(low, VITAL_CONCEPTS),
        ),
        notes=("Organ toxicity and neurotoxicity do not enter.", ESTIMATED_FIO2_NOTE),
    )


BUILDERS = {"mskcc-crs-2018": mskcc_crs}
