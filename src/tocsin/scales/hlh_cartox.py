"""HLH/MAS after CAR-T cells by the rule of CARTOX 2018 and of paper 004, as data; and its ferritin part alone.

Source: neelapu2018 (organ wording from memory; liver, kidney, lung and haemophagocytosis read in cartox_hlh_copy) and chinthapalli2023:
ferritin above 10,000 ng/mL during CRS, and then any two of liver, kidney, lung and haemophagocytosis.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.derived.ctcae import CTCAE403, lab_settings
from tocsin.derived.fever import FEVER, SUPPRESSING_DRUGS
from tocsin.derived.haemodynamics import ANY_VASOPRESSOR, FLUID_BOLUS_HOURS, bolus_given
from tocsin.derived.organs import Organ, one_organ
from tocsin.derived.respiratory import ANY_OXYGEN
from tocsin.rules import AtLeast, Either, EpisodeFor, IsIn, Measure, Named, Observed, Predicate, Setting, present, settled
from tocsin.scales.episode import QUIET_SETTINGS, quiet_rule
from tocsin.scales.scale import Criterion, Flag, Scale

_OVER = Measure("ferritin", "ng/mL").above(10000.0)
FERRITIN_EVER = Named(
    "ferritin_over_10000", Observed(_OVER, inf), says="ferritin has been above 10,000 ng/mL", cites="chinthapalli2023:HLH", mark="S",
    reading="Strictly above: exactly 10,000 is not. A value charted as beyond 10,000 or more (\"> 16500\") is.",
)
"""Ferritin above 10,000 ng/mL at any time so far."""
_LABS = lab_settings("aspartate-aminotransferase-increased", "alanine-aminotransferase-increased", "blood-bilirubin-increased",
                     "creatinine-increased", version=CTCAE403)
SETTINGS = (
    Setting("crs_phase_required", True, "", "ferritin counts only during an episode of CRS (fever, until it has resolved), and organs no later "
            "than some days after it; no: at any time after the infusion", "chinthapalli2023:HLH", Mark.SOURCE),
    Setting("organ_hours_before", 72.0, "h", "organ toxicity counts from so long before ferritin first was above the limit", "tocsin:hlh",
            Mark.DECISION, minimum=1, maximum=720),
    Setting("organ_hours_after_crs", 168.0, "h", "organ toxicity counts until so long after the end of CRS", "tocsin:hlh", Mark.DECISION,
            minimum=1, maximum=2160),
    *_LABS, *QUIET_SETTINGS,
)


def _lung() -> Predicate:
    oxygen = Either(ANY_OXYGEN, IsIn("dyspnoea", (), ("present",), says="dyspnoea of an untold degree"))
    return Either(present("pulmonary_oedema") & oxygen, Measure("pulmonary_toxicity_grade", "grade", ask=False).at_least(3.0))


def hlh_cartox(**given: object) -> Scale:
    """The CARTOX 2018 rule for HLH with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    in_crs = EpisodeFor(FEVER, 0.0)
    phase = bool(settings["crs_phase_required"])
    before, after = float(settings["organ_hours_before"]), float(settings["organ_hours_after_crs"])
    ferritin = Named(
        "ferritin_over_10000_in_crs", Observed(_OVER & in_crs, inf) if phase else FERRITIN_EVER,
        says="ferritin has been above 10,000 ng/mL during CRS" if phase else "ferritin has been above 10,000 ng/mL",
        cites="chinthapalli2023:HLH", mark="S")

    def counted(name: str, says: str, organ: Predicate) -> Named:
        near = organ & Observed(in_crs, after) if phase else organ
        when = f"from {before:g} h before ferritin was above 10,000" + (f" until {after:g} h after CRS" if phase else "")
        return Named(name, Observed(ferritin & Observed(near, before), inf), says=f"{says} ({when})", cites="neelapu2018:HLH", mark="M")

    liver = counted("hlh_liver", "AST, ALT or bilirubin of CTCAE grade 3 or more", one_organ(Organ.LIVER, 3, settings))
    kidney = counted("hlh_kidney", "creatinine or oliguria of CTCAE grade 3 or more", one_organ(Organ.KIDNEY, 3, settings))
    lung = counted("hlh_lung", "pulmonary oedema of CTCAE grade 3 or more", _lung())
    marrow = counted("hlh_histology", "haemophagocytosis in marrow or an organ", present("haemophagocytosis"))
    two = Named("two_of_four", AtLeast(2, (liver, kidney, lung, marrow)), says="at least two of: liver, kidney, lung (each of CTCAE grade 3 or more), "
                "haemophagocytosis", cites="neelapu2018:HLH", mark="M")
    met = ferritin & two
    sign = FEVER | ANY_VASOPRESSOR | ANY_OXYGEN | bolus_given(FLUID_BOLUS_HOURS)
    return Scale(
        id="cartox-hlh-2018", version="2018", title="HLH/MAS after CAR-T cells, CARTOX 2018", syndrome="HLH",
        cites=("neelapu2018:HLH", "cartox_hlh_copy:rule", "chinthapalli2023:HLH"), counts=("crs", "hlh", "unknown"), unit="rule met",
        settings=settings, setting_docs=SETTINGS, episode=quiet_rule(FEVER, sign, SUPPRESSING_DRUGS, settings),
        criteria=(
            Criterion("HLH1", 1, met, "chinthapalli2023:HLH", Mark.SOURCE,
                      "1 means that the whole rule has been met. Liver, kidney, lung and haemophagocytosis count once each: two liver values "
                      "are one. The paper's \"grade 3\" is read as grade 3 or more (CTCAE v4.03). CARTOX says lung oedema where the paper says "
                      "lung; it is grade 3 with oxygen. The source has ferritin first and organs \"subsequently\"; the times are settings.",
                      short="ferritin above 10,000 in CRS, and two of liver, kidney, lung, haemophagocytosis"),
            Criterion("NOTMET0", 0, ~met, "chinthapalli2023:HLH", Mark.SOURCE, "The criteria have not been met so far.",
                      short="criteria not met so far"),
        ),
        flags=(
            Flag("ferritin_over_10000", FERRITIN_EVER, "Ferritin has been above 10,000 ng/mL.", "chinthapalli2023:HLH"),
            Flag("liver", liver, "Liver: AST, ALT or bilirubin of CTCAE grade 3 or more.", "neelapu2018:HLH"),
            Flag("kidney", kidney, "Kidney: creatinine or oliguria of CTCAE grade 3 or more.", "neelapu2018:HLH"),
            Flag("lung", lung, "Lung: oedema of CTCAE grade 3 or more.", "neelapu2018:HLH"),
            Flag("haemophagocytosis", marrow, "Haemophagocytosis in marrow or an organ.", "neelapu2018:HLH"),
        ),
        notes=("Ferritin alone never makes the diagnosis: without organ and marrow findings the rule stays undecided.",
               "CRS is taken to last from fever until it has resolved, by the same rule as for ASTCT CRS."),
    )


def ferritin_over_10000(**given: object) -> Scale:
    """Ferritin above 10,000 ng/mL at any time since the infusion: the first part of the rule, alone; it has no settings."""
    return Scale(
        id="ferritin-over-10000", version="2018", title="Ferritin above 10,000 ng/mL, the ferritin part of the CARTOX rule for HLH",
        syndrome="HLH", cites=("neelapu2018:HLH", "chinthapalli2023:HLH"), counts=("crs", "hlh", "unknown"), unit="criterion met",
        settings=settled((), given),
        criteria=(
            Criterion("FERRITIN1", 1, FERRITIN_EVER, "chinthapalli2023:HLH", Mark.SOURCE,
                      "Strictly above 10,000 ng/mL at any time since the infusion; once met it stays met. A value charted as beyond a limit of "
                      "10,000 or more (\"> 16500\") is met. Whether CRS was present is not asked.", short="ferritin has been above 10,000"),
            Criterion("NOTMET0", 0, ~FERRITIN_EVER, "chinthapalli2023:HLH", Mark.SOURCE,
                      "Measured, and not above 10,000 ng/mL so far.", short="ferritin not above 10,000 so far"),
        ),
        notes=("One part of a rule: it makes no diagnosis.",),
    )


BUILDERS = {"cartox-hlh-2018": hlh_cartox, "ferritin-over-10000": ferritin_over_10000}
