"""CRS grade of children by the paediatric form of CARTOX (2019), as data.

Source: mahadeo2019, table 2.  Beside CARTOX: pressure by age, urine output by weight, a saturation to be kept above 88%, BiPAP is
grade 3, and grade 4 hypotension is one that persists in spite of fluid and multiple vasopressors.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import (
    ANY_VASOPRESSOR,
    HIGH_DOSE_SETTINGS,
    LEE_HIGH_DOSES,
    LIFE_THREATENING_HYPOTENSION,
    PENN_HIGH_DOSES,
    SYSTOLIC_LOW,
    VASOPRESSIN,
    bolus_given,
    high_dose_vasopressor,
    multiple_vasopressors,
    vasopressors,
)
from tocsin.derived.organs import CARTOX_ORGANS, ORGAN_SETTINGS, organ_inputs, organ_toxicity
from tocsin.derived.respiratory import ANY_OXYGEN, ESTIMATE_FIO2, ESTIMATED_FIO2_NOTE, ROOM_AIR, VENTILATOR, fio2_at_least_40
from tocsin.rules import Doses, Either, IsIn, Lasting, Measure, Named, Or, Predicate, Setting, charted, present, settled
from tocsin.scales.cartox_crs import ORGAN_NOTE, ORGAN_READING, ORGANS_FLAG
from tocsin.scales.crs_parts import death, elsewhere
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale
from tocsin.vocabulary.groups import VASOPRESSIN_LIKE, VASOPRESSORS

_TABLE = "mahadeo2019:table 2"

SETTINGS = (
    *HIGH_DOSE_SETTINGS,
    Setting("high_dose_by_weight", True, "", "high doses by weight, as in the Penn scale; off: those of Lee 2014, in ug/min for norepinephrine and "
            "epinephrine, which few children reach. The table names none", "porter2018:high-dose", Mark.DECISION),
    Setting("persistent_hours", 1.0, "h", "hypotension persists when the pressure stays low for this long under multiple vasopressors; the "
            "table gives no time", "tocsin:persistent-hypotension", Mark.DECISION, maximum=24),
    Setting("vasopressor_overlap_minutes", 0.0, "min", "two vasopressors count as multiple only when they overlap longer than this",
            "tocsin:vasopressors", Mark.DECISION, maximum=1440),
    Setting("vasopressin_counts_as_multiple", True, "", "vasopressin beside one other vasopressor is \"multiple vasopressors\" (unlike ASTCT, "
            "the table makes no exception)", _TABLE, Mark.DECISION),
    ESTIMATE_FIO2, *ORGAN_SETTINGS, *QUIET_SETTINGS,
)
COUNTED_CONCEPTS = ("temperature", "fever", "hypotension", "systolic_bp", "oxygen_device", *VASOPRESSORS, *VASOPRESSIN_LIKE, "vasopressor",
                    *organ_inputs(*CARTOX_ORGANS))
BIPAP = IsIn("oxygen_device", ("bipap",), ("noninvasive_ventilation", "oxygen_unspecified"), says="BiPAP")


def cartox_crs_paediatric(**given: object) -> Scale:
    """The paediatric CARTOX scale with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    low = Named("hypotension_by_age", Either(SYSTOLIC_LOW, present("hypotension")),
                says="systolic pressure below the limit for age, or hypotension asserted", cites=_TABLE, mark="V",
                reading="From 1 to 10 years below 70 + 2 x age, above 10 years below 90 mmHg. The limits below 1 year are those of PALS, from "
                        "memory.")
    several = multiple_vasopressors(float(settings["vasopressor_overlap_minutes"]))
    if settings["vasopressin_counts_as_multiple"]:
        several = several | (vasopressors(1) & VASOPRESSIN)
    high_dose = high_dose_vasopressor(
        float(settings["high_dose_hours"]), PENN_HIGH_DOSES if settings["high_dose_by_weight"] else LEE_HIGH_DOSES,
        goradia=bool(settings["goradia_equivalents"]))
    hours = float(settings["persistent_hours"])
    held = low & several
    persistent: Predicate = (Lasting(held, hours) if hours > 0 else held) & Doses(("fluid_bolus",), "fluid_bolus", "a fluid bolus")
    threatening = charted(LIFE_THREATENING_HYPOTENSION)
    desaturated = Measure("spo2", "%").below(90.0) & ROOM_AIR
    fio2 = fio2_at_least_40(bool(settings["estimate_fio2_from_flow"]))
    organ = [organ_toxicity(grade, settings, transaminases=grade < 4, paediatric=True) for grade in (1, 2, 3, 4)]
    sign = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN, desaturated, bolus_given(4.0), organ[0]))
    onset = Or((FEVER, low, ANY_VASOPRESSOR, ANY_OXYGEN, desaturated, organ[0]))
    return Scale(
        id="cartox-crs-paediatric-2019", version="2019", title="CRS in children, CARTOX paediatric form 2019", syndrome="CRS",
        cites=("mahadeo2019:table 2",), counts=("crs", "unknown"),
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(onset, sign, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("FEVER1", 1, FEVER, _TABLE, Mark.VERIFIED, "Temperature of 38 degC or more. From grade 2 on: any temperature.", short="fever"),
            Criterion("ORGAN1", 1, organ[0], _TABLE, Mark.VERIFIED, ORGAN_READING.format(1, ""), short="organ toxicity grade 1"),
            Criterion("HYPO2", 2, low | ANY_VASOPRESSOR, _TABLE, Mark.VERIFIED,
                      "Hypotension for age that responds to fluid or a low-dose vasopressor; any vasopressor is at least this.",
                      short="hypotension or a vasopressor"),
            Criterion("HYPO3", 3, Or((several, high_dose)), _TABLE, Mark.VERIFIED,
                      "High-dose or multiple vasopressors. The table does not say which doses are high; they are from memory.",
                      short="high-dose or multiple vasopressors"),
            Criterion("HYPO4", 4, persistent | threatening, _TABLE, Mark.VERIFIED,
                      "Hypotension that persists in spite of fluid (a bolus was given at any time) and multiple vasopressors. Life-threatening "
                      "hypotension as a clinician asserts it, the cell of the adult table, counts too.", short="persistent hypotension"),
            Criterion("HYPOX2", 2, ANY_OXYGEN | desaturated, _TABLE, Mark.VERIFIED,
                      "Saturation below 90% on room air, or oxygen given to keep it above 88%.", short="oxygen, or saturation below 90%"),
            Criterion("HYPOX3", 3, Or((fio2, BIPAP, VENTILATOR)), _TABLE, Mark.VERIFIED,
                      "Inspired oxygen of 40% or more, or BiPAP at any fraction, to keep the saturation above 88%.",
                      short="inspired oxygen of 40% or more, or BiPAP"),
            Criterion("HYPOX4", 4, VENTILATOR, _TABLE, Mark.VERIFIED, "Invasive mechanical ventilation.", short="invasive ventilation"),
            Criterion("ORGAN2", 2, organ[1], _TABLE, Mark.VERIFIED, ORGAN_READING.format(2, ""), short="organ toxicity grade 2"),
            Criterion("ORGAN3", 3, organ[2], _TABLE, Mark.VERIFIED,
                      ORGAN_READING.format(3, " Transaminitis of grade 4 (above 20 x the upper limit of normal) is met by this too."),
                      short="organ toxicity grade 3, or transaminitis grade 4"),
            Criterion("ORGAN4", 4, organ[3], _TABLE, Mark.VERIFIED,
                      ORGAN_READING.format(4, " Transaminitis is excepted; bilirubin is not transaminitis."), short="organ toxicity grade 4"),
            death(_TABLE, Mark.MEMORY),
            Criterion("CLEAR0", 0, ~onset, _TABLE, Mark.VERIFIED, "No fever, hypotension, oxygen or organ toxicity.", short="no sign of CRS"),
            elsewhere(COUNTED_CONCEPTS, _TABLE, Mark.VERIFIED),
        ),
        flags=(
            Flag("spo2_not_above_88", Measure("spo2", "%", ask=False).at_most(88.0) & ANY_OXYGEN & ~ROOM_AIR,
                 "The saturation is 88% or less in spite of oxygen: the fraction given does not meet the need.", _TABLE),
            Flag("counted_elsewhere", elsewhere(COUNTED_CONCEPTS, _TABLE, Mark.VERIFIED).predicate, "Findings put down to another cause "
                 "(attribution) are not counted.", _TABLE),
            ORGANS_FLAG,
        ),
        notes=(ORGAN_NOTE, "Oliguria is below 0.5 mL/kg/h for 8 h; anuria below 0.3 mL/kg/h for 24 h, or none for 12 h.",
               "Upper limits of normal are lower in children: tell the patient's own (uln_creatinine ...).", ESTIMATED_FIO2_NOTE),
    )


BUILDERS = {"cartox-crs-paediatric-2019": cartox_crs_paediatric}
