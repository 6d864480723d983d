"""HLH-2004: how many of its eight criteria are met, and whether its definition is, as data.

Source: henter2007, read in a reprint (hlh2004_copy).  Fever, cytopenia, ferritin and sCD25 are met by almost any CRS after
lymphodepletion, so that the count describes and does not diagnose HLH after CAR-T cells.
"""

from __future__ import annotations

from math import inf

from tocsin.cite import Mark
from tocsin.rules import AtLeast, Either, Fact, IsIn, Measure, Named, Observed, Or, Predicate, Setting, present, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Criterion, Flag, Scale

SETTINGS = (
    Setting("look_back_hours", 168.0, "h", "a criterion counts while it is met and for so long after", "tocsin:hlh", Mark.DECISION, minimum=1,
            maximum=8760),
)
_PLACE = "hlh2004_copy:table"
_NEWBORN_YEARS = 28 / 365.25
_NOTES = ("Fever, cytopenia, ferritin and sCD25 are met by almost any CRS after lymphodepletion; chinthapalli2023 says so too. The count is no "
          "diagnosis of HLH after CAR-T cells.",
          "Triglycerides should be fasting; the record is not asked whether they were.",
          "Some reprints print ferritin in mg/L; it is 500 ug/L (ng/mL).")
MOLECULAR = Observed(present("hlh_molecular_diagnosis", says="molecular diagnosis of HLH"), inf)


def _criteria(hours: float) -> dict[str, tuple[Predicate, str, str, str]]:
    """Each criterion by its code: the claim, what it is called, what it is called when not met, and how it is read."""
    temperature = Either(Measure("temperature", "degC").at_least(38.5),
                         IsIn("fever", (), ("present",), says="fever asserted without a temperature", ask=False))
    haemoglobin = Measure("haemoglobin", "g/dL")
    newborn = Fact("age_years", "<", _NEWBORN_YEARS, "age below 4 weeks", assume=False)
    lineages = AtLeast(2, (
        haemoglobin.below(9.0) | (newborn & haemoglobin.below(10.0)), Measure("platelets", "10^9/L").below(100.0),
        Measure("neutrophils", "10^9/L").below(1.0)))
    cytopenia = Named("cytopenia_of_two_lineages", lineages, says="at least 2 of: haemoglobin < 9 g/dL (< 10 g/dL below 4 weeks of age), "
                      "platelets < 100 10^9/L, neutrophils < 1 10^9/L", cites=_PLACE, mark="V")
    fats = Measure("triglycerides", "mg/dL").at_least(265.0) | Measure("fibrinogen", "mg/dL").at_most(150.0)
    found = {
        "FEVER": (temperature, "temperature of 38.5 degC or more", "temperature below 38.5 degC", ""),
        "SPLEEN": (present("splenomegaly"), "splenomegaly", "no splenomegaly", ""),
        "CYTOPENIA": (cytopenia, "cytopenia of two lineages", "no cytopenia of two lineages", ""),
        "FATS": (fats, "triglycerides of 265 mg/dL or more, or fibrinogen of 150 mg/dL or less", "triglycerides below 265 mg/dL and fibrinogen above 150 mg/dL",
                 "265 mg/dL is printed for 3.0 mmol/L."),
        "HAEMOPHAGOCYTOSIS": (present("haemophagocytosis"), "haemophagocytosis", "no haemophagocytosis", "In marrow, spleen, lymph node or liver."),
        "NK": (present("low_nk_activity", says="low or absent NK-cell activity"), "low or absent NK-cell activity", "normal NK-cell activity", ""),
        "FERRITIN": (Measure("ferritin", "ng/mL").at_least(500.0), "ferritin of 500 ng/mL or more", "ferritin below 500 ng/mL", ""),
        "SOLUBLE_RECEPTOR": (Measure("sil2r", "U/mL").at_least(2400.0), "sCD25 of 2400 U/mL or more", "sCD25 below 2400 U/mL", ""),
    }
    return {code: (Observed(claim, hours), *words) for code, (claim, *words) in found.items()}  # type: ignore[misc]


def hlh2004(**given: object) -> Scale:
    """The number of HLH-2004 criteria that are met; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    criteria = _criteria(float(settings["look_back_hours"]))
    return Scale(
        id="hlh-2004", version="2004", title="HLH-2004 criteria, number met", syndrome="HLH", unit="points",
        cites=("henter2007:criteria", _PLACE), counts=("crs", "hlh", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=tuple(c for code, (claim, short, none, reading) in criteria.items()
                       for c in item(code, Points(1, claim, short), none=none, cites=_PLACE, mark=Mark.VERIFIED, reading=reading)),
        bands=(Band("fewer than 5 of 8", 0, _PLACE, Mark.VERIFIED), Band("5 or more of 8", 5, _PLACE, Mark.VERIFIED,
                                                                        "The definition of HLH-2004, which was not made for CAR-T cells.")),
        flags=(Flag("molecular_diagnosis", MOLECULAR, "A molecular diagnosis meets HLH-2004 whatever the count.", _PLACE),),
        notes=_NOTES,
    )


def hlh2004_definition(**given: object) -> Scale:
    """Whether the definition of HLH-2004 is met: five of eight, or a molecular diagnosis; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    five = Named("five_of_eight", AtLeast(5, tuple(claim for claim, *_ in _criteria(float(settings["look_back_hours"])).values())),
                 says="at least 5 of the 8 criteria of HLH-2004 (see hlh-2004)", cites=_PLACE, mark="V")
    return Scale(
        id="hlh-2004-definition", version="2004", title="HLH-2004 definition", syndrome="HLH", unit="definition met",
        cites=("henter2007:criteria", _PLACE), counts=("crs", "hlh", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=(
            Criterion("FIVE1", 1, five, _PLACE, Mark.VERIFIED, "1 means that the definition is met.", short="5 or more of the 8 criteria"),
            Criterion("MOLECULAR1", 1, MOLECULAR, _PLACE, Mark.VERIFIED, "PRF1, UNC13D, STX11, STXBP2, RAB27A, SH2D1A, XIAP and the like.",
                      short="molecular diagnosis"),
            Criterion("NOTMET0", 0, ~Or((five, MOLECULAR)), _PLACE, Mark.VERIFIED, "Fewer than five, and no molecular diagnosis.",
                      short="definition not met"),
        ),
        notes=_NOTES,
    )


BUILDERS = {"hlh-2004": hlh2004, "hlh-2004-definition": hlh2004_definition}
