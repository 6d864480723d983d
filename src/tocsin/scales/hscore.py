"""HScore: the probability of reactive haemophagocytic syndrome from nine items, as data.

Source: fardet2014, read in a reprint (hscore_copy).  It was made for reactive HLH in adults, not for CAR-T cells: after
lymphodepletion every patient scores the points for immunosuppression and most those for cytopenia.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import AtLeast, Constant, Either, IsIn, Measure, Named, Observed, Predicate, Setting, present, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Criterion, Logistic, Scale

SETTINGS = (
    Setting("look_back_hours", 168.0, "h", "the worst value of so long counts", "tocsin:hlh", Mark.DECISION, minimum=1, maximum=8760),
    Setting("immunosuppressed_by_lymphodepletion", True, "", "every patient counts as immunosuppressed, because of lymphodepletion; no: only where "
            "it is asserted", "tocsin:hscore", Mark.DECISION),
)
_PLACE = "hscore_copy:table"
FOUR_MMOL = 354.28
"""4 mmol/L of triglycerides in mg/dL, as the vocabulary converts it."""


def hscore(**given: object) -> Scale:
    """HScore with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    hours = float(settings["look_back_hours"])

    def one(code: str, *levels: tuple[int, Predicate, str], none: str, reading: str = "") -> tuple[Criterion, ...]:
        points = (Points(p, Observed(claim, hours), short) for p, claim, short in levels)
        return item(code, *points, none=none, cites=_PLACE, mark=Mark.VERIFIED, reading=reading)

    def temperature(claim: Predicate) -> Predicate:
        return Either(claim, IsIn("fever", (), ("present",), says="fever asserted without a temperature", ask=False))

    suppressed: Predicate = present("known_immunosuppression")
    if settings["immunosuppressed_by_lymphodepletion"]:
        suppressed = Named("immunosuppressed", Constant(True), says="known immunosuppression (every patient after lymphodepletion)",
                           cites="tocsin:hscore", mark="D")
    degrees = Measure("temperature", "degC")
    spleen, liver = present("splenomegaly"), present("hepatomegaly")
    low = (Measure("haemoglobin", "g/dL").at_most(9.2), Measure("leukocytes", "10^9/L").at_most(5.0), Measure("platelets", "10^9/L").at_most(110.0))

    def lineages(number: int) -> Named:
        return Named(f"lineages_low_{number}", AtLeast(number, low), says=f"at least {number} of: haemoglobin <= 9.2 g/dL, leukocytes <= 5.0 10^9/L, "
                     "platelets <= 110 10^9/L", cites=_PLACE, mark="V")

    ferritin, fats = Measure("ferritin", "ng/mL"), Measure("triglycerides", "mg/dL")
    return Scale(
        id="hscore", version="2014", title="HScore", syndrome="HLH", unit="points", cites=("fardet2014:score", _PLACE),
        counts=("crs", "hlh", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=(
            *item("IMMUNOSUPPRESSION", Points(18, suppressed, "known immunosuppression"), none="no known immunosuppression", cites=_PLACE,
                  mark=Mark.VERIFIED, reading="Every patient after lymphodepletion scores this, unless the setting says no."),
            *one("TEMPERATURE", (49, temperature(degrees.above(39.4)), "temperature above 39.4 degC"),
                 (33, temperature(degrees.at_least(38.4)), "temperature of 38.4 to 39.4 degC"), none="temperature below 38.4 degC"),
            *one("ORGANOMEGALY", (38, spleen & liver, "enlarged liver and spleen"), (23, spleen | liver, "enlarged liver or spleen"),
                 none="neither liver nor spleen enlarged"),
            *one("CYTOPENIA", (34, lineages(3), "three lineages low"), (24, lineages(2), "two lineages low"),
                 none="no more than one lineage low",
                 reading="Haemoglobin 9.2 g/dL, leukocytes 5.0 and platelets 110 x 10^9/L, or less. The lineages are low at the same time."),
            *one("FERRITIN", (50, ferritin.above(6000.0), "ferritin above 6000 ng/mL"),
                 (35, ferritin.at_least(2000.0), "ferritin of 2000 to 6000 ng/mL"), none="ferritin below 2000 ng/mL"),
            *one("TRIGLYCERIDES", (64, fats.above(FOUR_MMOL), "triglycerides above 4 mmol/L (354 mg/dL)"),
                 (44, fats.at_least(132.7), "triglycerides of 1.5 to 4 mmol/L"), none="triglycerides below 1.5 mmol/L (132.7 mg/dL)",
                 reading="Printed as 1.5 and 4 mmol/L and as 132.7 and 354 mg/dL: 4 mmol/L itself, 354.28 mg/dL, is not above."),
            *one("FIBRINOGEN", (30, Measure("fibrinogen", "mg/dL").at_most(250.0), "fibrinogen of 2.5 g/L or less"),
                 none="fibrinogen above 2.5 g/L"),
            *one("AST", (19, Measure("ast", "U/L").at_least(30.0), "AST of 30 U/L or more"), none="AST below 30 U/L"),
            *one("MARROW", (35, present("haemophagocytosis"), "haemophagocytosis in marrow"), none="no haemophagocytosis in marrow"),
        ),
        bands=(
            Band("90 or less", 0, _PLACE, Mark.VERIFIED, "Probability below 1%."),
            Band("91 to 168", 91, _PLACE, Mark.VERIFIED, "Below the best cut-off."),
            Band("169 to 249", 169, _PLACE, Mark.VERIFIED, "At or above the best cut-off, 169."),
            Band("250 or more", 250, _PLACE, Mark.VERIFIED, "Probability above 99%."),
        ),
        probability=Logistic(-9.46, 0.0566, "probability of reactive HLH, by a curve near the published points (40 to 54% at 161 to 170, above 99% at "
                             "250; at 90 it gives 1.3% where below 1% is published); the authors' own coefficients were not read",
                             "tocsin:hscore", Mark.DECISION),
        notes=("Made for reactive HLH in adults, not for CAR-T cells. The highest score is 337.",),
    )


BUILDERS = {"hscore": hscore}
