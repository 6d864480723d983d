"""Disseminated intravascular coagulation by the score of JAAM 2006, as data.

Source: gando2006 from memory; a reprint (jaam_copy) was read that prints 2 points where the original has 3.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.coagulation import PT_RATIO_SETTINGS, SIRS, pt_ratio
from tocsin.rules import Measure, Setting, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Scale

SETTINGS = (
    Setting("original_points", True, "", "the lowest platelets and the highest fibrin degradation products give 3 points, as in the original; no: 2, "
            "as in a reprint", "gando2006:score", Mark.MEMORY),
    *PT_RATIO_SETTINGS,
)
_PLACE = "gando2006:score"


def jaam_dic(**given: object) -> Scale:
    """The JAAM score with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    top = 3 if settings["original_points"] else 2
    platelets, fall, fdp = Measure("platelets", "10^9/L"), Measure("platelets_fall", "%"), Measure("fdp", "ug/mL")
    return Scale(
        id="jaam-dic-2006", version="2006", title="DIC, JAAM 2006", syndrome="coagulopathy", unit="points",
        cites=(_PLACE, "jaam_copy:table"), counts=("crs", "hlh", "infection", "unknown"), settings=settings, setting_docs=SETTINGS,
        criteria=(
            *item("SIRS", Points(1, SIRS, "three or more SIRS criteria"), none="fewer than three SIRS criteria", cites="jaam_copy:table",
                  mark=Mark.MEMORY),
            *item("PLATELETS", Points(top, platelets.below(80.0) | fall.above(50.0), "platelets below 80 x 10^9/L, or a fall by more than 50% in 24 h"),
                  Points(1, platelets.below(120.0) | fall.above(30.0), "platelets of 80 to 120 x 10^9/L, or a fall by more than 30% in 24 h"),
                  none="platelets of 120 x 10^9/L or more, without such a fall", cites=_PLACE, mark=Mark.MEMORY,
                  reading="Exactly 80 gives 1 point and exactly 120 none. Without an earlier count of the last 24 h a fall is unknown."),
            *item("PT", Points(1, pt_ratio(1.2, settings), "prothrombin time ratio of 1.2 or more"), none="prothrombin time ratio below 1.2",
                  cites="jaam_copy:table", mark=Mark.VERIFIED),
            *item("FDP", Points(top, fdp.at_least(25.0), "fibrin degradation products of 25 ug/mL or more"),
                  Points(1, fdp.at_least(10.0), "fibrin degradation products of 10 to 25 ug/mL"), none="fibrin degradation products below 10 ug/mL",
                  cites=_PLACE, mark=Mark.MEMORY, reading="D-dimer does not stand in for fibrin degradation products."),
        ),
        bands=(Band("no DIC", 0, "jaam_copy:table", Mark.VERIFIED), Band("DIC", 4, "jaam_copy:table", Mark.VERIFIED)),
        notes=("Made for critically ill patients without haematological malignancy: lymphodepletion alone gives the points for platelets and one SIRS "
               "criterion.",),
    )


BUILDERS = {"jaam-dic-2006": jaam_dic}
