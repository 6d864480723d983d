"""Disseminated intravascular coagulation by the score of JSTH 2017 for haematopoietic disorders, as data.

Source: jsth2017, table 1.  This type of the score leaves platelets out, which makes it the fitting one after lymphodepletion.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.coagulation import PT_RATIO_SETTINGS, pt_ratio
from tocsin.rules import Measure, present, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Criterion, Scale

_PLACE = "jsth2017:table 1"


def jsth_dic(**given: object) -> Scale:
    """The JSTH score with the given settings; SettingError for a setting that does not exist."""
    settings = settled(PT_RATIO_SETTINGS, given)
    fdp, fibrinogen = Measure("fdp", "ug/mL"), Measure("fibrinogen", "mg/dL")

    def one(code: str, *levels: Points, none: str, reading: str = "") -> tuple[Criterion, ...]:
        return item(code, *levels, none=none, cites=_PLACE, mark=Mark.VERIFIED, reading=reading)

    return Scale(
        id="jsth-dic-2017", version="2017", title="DIC, JSTH 2017, type of haematopoietic disorders", syndrome="coagulopathy", unit="points",
        cites=(_PLACE,), counts=("crs", "hlh", "infection", "unknown"), settings=settings, setting_docs=PT_RATIO_SETTINGS,
        criteria=(
            *one("FDP", Points(3, fdp.at_least(40.0), "fibrin degradation products of 40 ug/mL or more"),
                  Points(2, fdp.at_least(20.0), "fibrin degradation products of 20 to 40 ug/mL"),
                  Points(1, fdp.at_least(10.0), "fibrin degradation products of 10 to 20 ug/mL"), none="fibrin degradation products below 10 ug/mL",
                  reading="D-dimer does not stand in for fibrin degradation products."),
            *one("FIBRINOGEN", Points(2, fibrinogen.at_most(100.0), "fibrinogen of 100 mg/dL or less"),
                  Points(1, fibrinogen.at_most(150.0), "fibrinogen of 100 to 150 mg/dL"), none="fibrinogen above 150 mg/dL"),
            *one("PT", Points(2, pt_ratio(1.67, settings), "prothrombin time ratio of 1.67 or more"),
                  Points(1, pt_ratio(1.25, settings), "prothrombin time ratio of 1.25 to 1.67"), none="prothrombin time ratio below 1.25"),
            *one("ANTITHROMBIN", Points(1, Measure("antithrombin", "%").at_most(70.0), "antithrombin of 70% or less"),
                  none="antithrombin above 70%"),
            *one("MARKER", Points(1, Measure("haemostasis_marker_ratio", "1").at_least(2.0),
                                   "TAT, soluble fibrin or F1+2 of twice the upper limit of normal or more"),
                  none="TAT, soluble fibrin and F1+2 below twice the upper limit of normal"),
            *one("LIVER", Points(-3, present("liver_failure"), "liver failure"), none="no liver failure",
                  reading="Liver failure takes 3 points off, because it disturbs coagulation by itself."),
        ),
        bands=(Band("no DIC", -3, _PLACE, Mark.VERIFIED), Band("DIC", 4, _PLACE, Mark.VERIFIED)),
        notes=("The type for haematopoietic disorders, where the disease or its treatment lowers platelets: they are not counted.",),
    )


BUILDERS = {"jsth-dic-2017": jsth_dic}
