"""Overt disseminated intravascular coagulation by the score of ISTH 2001, as data.

Source: isth2001, read in a reprint (isth_copy).  The laboratory defines what is a moderate or strong rise of the fibrin marker.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.coagulation import fibrin_marker, pt_prolonged
from tocsin.derived.normal_limits import normal_settings
from tocsin.rules import Measure, Setting, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Scale

SETTINGS = (
    Setting("moderate_times_uln", 2.0, "x ULN", "a fibrin marker of so many times its upper limit of normal, or more, is moderately raised",
            "isth_marker:table", Mark.VERIFIED, minimum=1, maximum=100),
    Setting("strong_times_uln", 4.0, "x ULN", "a fibrin marker above so many times its upper limit of normal is strongly raised", "isth_marker:table",
            Mark.VERIFIED, minimum=1, maximum=1000),
    *normal_settings("uln_d_dimer", "uln_d_dimer_ddu", "uln_fdp", "uln_pt"),
)
_PLACE = "isth_copy:table"


def isth_dic(**given: object) -> Scale:
    """The ISTH score with the given settings; SettingError for a setting that does not exist."""
    settings = settled(SETTINGS, given)
    platelets = Measure("platelets", "10^9/L")
    return Scale(
        id="isth-dic-2001", version="2001", title="Overt DIC, ISTH 2001", syndrome="coagulopathy", unit="points",
        cites=("isth2001:score", _PLACE, "isth_marker:table"), counts=("crs", "hlh", "infection", "unknown"),
        settings=settings, setting_docs=SETTINGS,
        criteria=(
            *item("PLATELETS", Points(2, platelets.below(50.0), "platelets below 50 x 10^9/L"),
                  Points(1, platelets.below(100.0), "platelets of 50 to 100 x 10^9/L"), none="platelets of 100 x 10^9/L or more",
                  cites=_PLACE, mark=Mark.VERIFIED, reading="The source leaves the ends open: exactly 100 gives 0 points and exactly 50 gives 1."),
            *item("MARKER", Points(3, fibrin_marker(float(settings["strong_times_uln"]), False, settings), "fibrin marker strongly raised"),
                  Points(2, fibrin_marker(float(settings["moderate_times_uln"]), True, settings), "fibrin marker moderately raised"),
                  none="fibrin marker not raised", cites=_PLACE, mark=Mark.VERIFIED,
                  reading="D-dimer or fibrin degradation products; by one published mapping 2 to 4 times the upper limit of normal is moderate, "
                          "more is strong. One reprint prints 1 and 2 points for 2 and 3, a misprint."),
            *item("PT", Points(2, pt_prolonged(6.0, False, settings), "prothrombin time prolonged by more than 6 s"),
                  Points(1, pt_prolonged(3.0, True, settings), "prothrombin time prolonged by 3 to 6 s"),
                  none="prothrombin time prolonged by less than 3 s", cites=_PLACE, mark=Mark.VERIFIED,
                  reading="Seconds above the upper limit of normal. Exactly 3 s and exactly 6 s give 1 point."),
            *item("FIBRINOGEN", Points(1, Measure("fibrinogen", "mg/dL").below(100.0), "fibrinogen below 1 g/L"),
                  none="fibrinogen of 1 g/L or more", cites=_PLACE, mark=Mark.VERIFIED, reading="Exactly 1.0 g/L gives 0 points."),
        ),
        bands=(Band("not overt DIC", 0, _PLACE, Mark.VERIFIED, "Repeat within 1 to 2 days."),
               Band("overt DIC", 5, _PLACE, Mark.VERIFIED, "Repeat daily.")),
        notes=("Only for a patient with a disorder that is known to cause DIC.",
               "Low platelets of lymphodepletion are two points that have nothing to do with coagulation."),
    )


BUILDERS = {"isth-dic-2001": isth_dic}
