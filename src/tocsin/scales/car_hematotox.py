"""CAR-HEMATOTOX: risk of haematotoxicity after CAR-T cells, from five values before lymphodepletion, as data.

Source: rejeski2021.  What the score is for, its two risk groups and their performance were read at hematotox_page; the limits of its
items are from memory of the table.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import Fact, settled
from tocsin.scales.items import Points, item
from tocsin.scales.scale import Band, Scale
from tocsin.timeline import ATTRIBUTIONS

_READING = "From memory of the table: check before relying on it. The value is the patient's baseline, the last one before lymphodepletion " \
           "(the source takes day -5)."
_TABLE = "rejeski2021:score table"


def _baseline(concept: str, op: str, limit: float, says: str) -> Fact:
    return Fact(f"baseline_{concept}", op, limit, f"{says} before lymphodepletion")


def car_hematotox(**given: object) -> Scale:
    """The CAR-HEMATOTOX score; it has no settings."""
    return Scale(
        id="car-hematotox-2021", version="2021", title="CAR-HEMATOTOX score 2021", syndrome="haematotoxicity risk", unit="points",
        cites=(_TABLE, "hematotox_page:description"), counts=ATTRIBUTIONS, settings=settled((), given),
        criteria=(
            *item("PLATELETS",
                  Points(2, _baseline("platelets", "<", 75.0, "platelets < 75 10^9/L"), "platelets < 75"),
                  Points(1, _baseline("platelets", "<=", 175.0, "platelets <= 175 10^9/L"), "platelets 75 to 175"),
                  none="platelets > 175", cites=_TABLE, mark=Mark.MEMORY, reading=_READING),
            *item("ANC", Points(1, _baseline("neutrophils", "<=", 1.2, "neutrophils <= 1.2 10^9/L"), "neutrophils <= 1.2"),
                  none="neutrophils > 1.2", cites=_TABLE, mark=Mark.MEMORY, reading=_READING),
            *item("HAEMOGLOBIN", Points(1, _baseline("haemoglobin", "<=", 9.0, "haemoglobin <= 9.0 g/dL"), "haemoglobin <= 9.0"),
                  none="haemoglobin > 9.0", cites=_TABLE, mark=Mark.MEMORY, reading=_READING),
            *item("CRP", Points(1, _baseline("crp", ">=", 30.0, "C-reactive protein >= 30 mg/L (3.0 mg/dL)"), "CRP >= 30 mg/L"),
                  none="CRP < 30 mg/L", cites=_TABLE, mark=Mark.MEMORY,
                  reading=_READING + " The limit is 3.0 mg/dL, which is 30 mg/L, not 3 mg/L."),
            *item("FERRITIN",
                  Points(2, _baseline("ferritin", ">", 2000.0, "ferritin > 2000 ng/mL"), "ferritin > 2000"),
                  Points(1, _baseline("ferritin", ">=", 650.0, "ferritin >= 650 ng/mL"), "ferritin 650 to 2000"),
                  none="ferritin < 650", cites=_TABLE, mark=Mark.MEMORY, reading=_READING),
        ),
        bands=(
            Band("low", 0, "hematotox_page:description", Mark.VERIFIED, "low risk of haematotoxicity (0 to 1 points)"),
            Band("high", 2, "hematotox_page:description", Mark.VERIFIED, "high risk of haematotoxicity (2 points or more)"),
        ),
        notes=("Built and validated in large B-cell lymphoma treated with axicabtagene or tisagenlecleucel.",
               "For severe neutropenia of 14 days or more: area under the curve 0.89, sensitivity 89%, specificity 68% (pooled validation)."),
    )


BUILDERS = {"car-hematotox-2021": car_hematotox}
