"""Class of tumour burden by the size of the largest lesion, as data: the only limit for it that the sources print.

Source: wei2020, table 2, where the size is one sign of the risk of local CRS in B-cell lymphoma.  No limit for blasts in the marrow is encoded.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Measure, settled
from tocsin.scales.scale import Band, Criterion, Scale
from tocsin.timeline import ATTRIBUTIONS

_TABLE = "wei2020:table 2"
_LARGE = Measure("lesion_diameter", "cm").at_least(10.0)


def tumour_burden(**given: object) -> Scale:
    """High or lower tumour burden by lesion size; it has no settings."""
    return Scale(
        id="tumour-burden-wei2020", version="2020", title="Tumour burden by lesion size in B-cell lymphoma (limit of Wei 2020)",
        syndrome="tumour burden", unit="class", cites=(_TABLE,), counts=ATTRIBUTIONS, settings=settled((), given),
        criteria=(
            Criterion("LARGE1", 1, _LARGE, _TABLE, Mark.VERIFIED,
                      "The limit is the one that the source uses for the risk of local CRS; it does not call it tumour burden.",
                      short="largest lesion of 10 cm or more"),
            Criterion("SMALLER0", 0, ~_LARGE, _TABLE, Mark.VERIFIED, "The largest lesion is smaller than 10 cm.",
                      short="largest lesion below 10 cm"),
        ),
        bands=(Band("lower", 0, _TABLE, Mark.VERIFIED, "largest lesion below 10 cm"),
               Band("high", 1, _TABLE, Mark.VERIFIED, "largest lesion of 10 cm or more")),
        notes=("The sources call a high burden of leukaemia in the marrow a risk for CRS, but print no limit for it: blasts are not classed.",),
    )


BUILDERS = {"tumour-burden-wei2020": tumour_burden}
