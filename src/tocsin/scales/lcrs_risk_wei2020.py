"""The risk of local CRS in B-cell lymphoma by Wei 2020, as data: high or low, from the size and place of the tumour.

Source: wei2020, table 2.  Grade 1 is high risk, 0 low risk.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Measure, Or, present, settled
from tocsin.scales.scale import Band, Criterion, Scale

_TABLE = "wei2020:table 2"
_DIAMETER = Measure("lesion_diameter", "cm").at_least(10.0)
_COMPRESSION = present("vital_organ_compression")
_SWELLING = present("threatening_swelling")
_GUT = present("gastrointestinal_lesion_at_risk")


def lcrs_risk_wei2020(**given: object) -> Scale:
    """The scale; SettingError for any setting, because it has none."""
    settled((), given)
    return Scale(
        id="lcrs-risk-wei2020", version="2020", title="Risk of local CRS in B-cell lymphoma, Wei 2020", syndrome="local CRS",
        cites=(_TABLE,), counts=("crs", "local_crs", "baseline", "unknown"), unit="risk class",
        criteria=(
            Criterion("DIAMETER1", 1, _DIAMETER, _TABLE, Mark.VERIFIED, "The largest diameter is 10 cm or more.", short="lesion of 10 cm or more"),
            Criterion("COMPRESSION1", 1, _COMPRESSION, _TABLE, Mark.VERIFIED, "A vital organ fails because the tumour compresses it.",
                      short="vital organ compressed"),
            Criterion("SWELLING1", 1, _SWELLING, _TABLE, Mark.VERIFIED,
                      "The tumour lies so that its swelling is expected to threaten life; a clinician's judgement, never derived.",
                      short="swelling would threaten life"),
            Criterion("GUT1", 1, _GUT, _TABLE, Mark.VERIFIED, "The gut is involved, with a risk of bleeding and perforation.",
                      short="gut at risk of bleeding or perforation"),
            Criterion("LOW0", 0, ~Or((_DIAMETER, _COMPRESSION, _SWELLING, _GUT)), _TABLE, Mark.VERIFIED,
                      "Low risk: largest diameter below 10 cm and no risk of compression, read as none of the four features of high risk.",
                      short="low risk"),
        ),
        bands=(Band("low risk", 0, _TABLE, Mark.VERIFIED, "diameter below 10 cm and no risk of compression"),
               Band("high risk", 1, _TABLE, Mark.VERIFIED, "any feature of high risk")),
        notes=("Judged before or early after the infusion; images count for 30 days.",),
    )


BUILDERS = {"lcrs-risk-wei2020": lcrs_risk_wei2020}
