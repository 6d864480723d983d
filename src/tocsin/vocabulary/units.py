"""Tables of units shared by the concepts: each maps an accepted unit to its exact step to the canonical one.

Powers of ten are exact.  Other factors, with where they come from:
  13.595 mmH2O in 1 mmHg                 the carry-forward decisions
  133.322 Pa in 1 mmHg, 98.0665 Pa in 1 cmH2O   UCUM (m[Hg], m[H2O])
  60 U in 1 microkatal                   definition (1 U = 1 umol/min)
  0.45359237 kg in 1 lb, 2.54 cm in 1 in definition
Molar factors stand beside the analyte that they belong to, in labs.py and chemistry.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from tocsin.errors import VocabularyError
from tocsin.vocabulary.concept import Conversion

Units = Mapping[str, Conversion]
SAME: Final = Conversion()

MMH2O_IN_MMHG: Final = 13.595  # decision
PASCAL_IN_MMHG: Final = 133.322  # UCUM m[Hg] = 133.3220 kPa
PASCAL_IN_CMH2O: Final = 98.0665  # UCUM m[H2O] = 9.80665 kPa
NO_LIMIT: Final = 1e12  # amounts and rates: only a negative one is impossible (D)
U_IN_MICROKATAL: Final = 60.0  # 1 U = 1 umol/min, 1 kat = 1 mol/s


def power(exponent: int) -> float:
    """The float nearest to this power of ten."""
    return float(f"1e{exponent}")


# Exponent of ten of each unit in g/L.
_GRAM_PER_LITRE = {
    "g/dL": 1,
    "g/L": 0,
    "mg/mL": 0,
    "mg/dL": -2,
    "mg/L": -3,
    "ug/mL": -3,
    "ug/dL": -5,
    "ug/L": -6,
    "ng/mL": -6,
    "ng/dL": -8,
    "ng/L": -9,
    "pg/mL": -9,
}
_MASS_UNITS_EXPONENT = {"g": 0, "mg": -3, "ug": -6, "ng": -9}


@cache
def _mass_concentrations(canonical: str) -> Units:
    base = _GRAM_PER_LITRE[canonical]
    table = {canonical: SAME}
    table.update({unit: Conversion(power(n - base)) for unit, n in _GRAM_PER_LITRE.items() if unit != canonical})
    return table


def mass_per_volume(canonical: str, extra: Units | None = None) -> Units:
    """All mass concentrations from g/dL to pg/mL, canonical first; ``extra`` adds the analyte's own, as molar ones."""
    return {**_mass_concentrations(canonical), **(extra or {})}


def d_dimer(canonical: str) -> dict[str, Conversion]:
    """D-dimer in fibrinogen-equivalent (FEU) or D-dimer (DDU) units; DDU = FEU / 2.

    A unit that does not say which is taken as that of the concept it is given for (D).
    """
    mine, other, step = ("FEU", "DDU", 2.0) if canonical.endswith("FEU") else ("DDU", "FEU", 0.5)
    table = {canonical: SAME}
    for unit, factor in (("ng/mL", 1.0), ("ug/L", 1.0), ("ug/mL", 1e3), ("mg/L", 1e3), ("ug/dL", 10.0), ("mg/dL", 1e4)):
        table[f"{unit} {mine}"] = table[unit] = Conversion(factor)
        table[f"{unit} {other}"] = Conversion(factor * step)
    return table


TEMPERATURE: Final[Units] = {"degC": SAME, "degF": Conversion(5 / 9, before=-32.0)}  # F = C * 9/5 + 32
RATE_PER_MINUTE: Final[Units] = {"/min": SAME}
MMHG: Final[Units] = {
    "mmHg": SAME,
    "kPa": Conversion(1000 / PASCAL_IN_MMHG),
    "mmH2O": Conversion(1 / MMH2O_IN_MMHG),
    "cmH2O": Conversion(10 / MMH2O_IN_MMHG),
}
BLOOD_PRESSURE: Final[Units] = {"mmHg": SAME, "kPa": Conversion(1000 / PASCAL_IN_MMHG)}
CMH2O: Final[Units] = {
    "cmH2O": SAME,
    "mbar": Conversion(100 / PASCAL_IN_CMH2O),
    "hPa": Conversion(100 / PASCAL_IN_CMH2O),
    "mmHg": Conversion(MMH2O_IN_MMHG / 10),
    "kPa": Conversion(1000 / PASCAL_IN_CMH2O),
}
PERCENT: Final[Units] = {"%": SAME, "fraction": Conversion(100.0)}
PERCENT_ONLY: Final[Units] = {"%": SAME}
FRACTION: Final[Units] = {"fraction": SAME, "1": SAME, "%": Conversion(0.01)}
PLAIN: Final[Units] = {"1": SAME, "ratio": SAME, "(no units)": SAME, "": SAME}
PH: Final[Units] = {**PLAIN, "pH": SAME, "units": SAME}
INR: Final[Units] = {**PLAIN, "INR": SAME}
SCORE: Final[Units] = {"points": SAME, "point": SAME, "score": SAME, "1": SAME, "": SAME}
GRADE: Final[Units] = {"grade": SAME, "1": SAME, "": SAME}
SECONDS: Final[Units] = {"s": SAME, "min": Conversion(60.0)}
WEIGHT: Final[Units] = {"kg": SAME, "g": Conversion(0.001), "lb": Conversion(0.45359237)}
HEIGHT: Final[Units] = {"cm": SAME, "m": Conversion(100.0), "mm": Conversion(0.1), "in": Conversion(2.54)}
FLOW: Final[Units] = {"L/min": SAME, "mL/min": Conversion(0.001), "L/h": Conversion(1 / 60)}
URINE: Final[Units] = {
    "mL/h": SAME,
    "mL/kg/h": Conversion(per_kg=True),
    "L/d": Conversion(1000 / 24),
    "mL/d": Conversion(1 / 24),
}
ENZYME: Final[Units] = {
    "U/L": SAME,
    "ukat/L": Conversion(U_IN_MICROKATAL),
    "nkat/L": Conversion(U_IN_MICROKATAL / 1000),
    "U/mL": Conversion(1000.0),
    "kU/L": Conversion(1000.0),
    "mU/mL": SAME,
}
ACTIVITY_PERCENT: Final[Units] = {  # 1 IU/mL is 100 %, by definition
    "%": SAME,
    "U/dL": SAME,
    "U/mL": Conversion(100.0),
    "kU/L": Conversion(100.0),
}
CELLS: Final[Units] = {
    "10^9/L": SAME,
    "10^3/uL": SAME,
    "G/L": SAME,  # giga per litre; never grams
    "e9/L": SAME,
    "10^6/L": Conversion(0.001),
    "10^6/mL": SAME,
    "10^3/mL": Conversion(0.001),
    "/uL": Conversion(0.001),
    "/L": Conversion(power(-9)),
}
CELLS_PER_MICROLITRE: Final[Units] = {  # the same units for a count that is told by the microlitre
    "/uL": SAME,
    "10^6/L": SAME,
    "10^3/mL": SAME,
    "10^9/L": Conversion(1000.0),
    "10^3/uL": Conversion(1000.0),
    "G/L": Conversion(1000.0),
    "e9/L": Conversion(1000.0),
    "10^6/mL": Conversion(1000.0),
    "/L": Conversion(power(-6)),
}
CELLS_PER_KG: Final[Units] = {
    "cells/kg": SAME,
    "10^5 cells/kg": Conversion(power(5)),
    "10^6 cells/kg": Conversion(power(6)),
    "10^7 cells/kg": Conversion(power(7)),
    "10^8 cells/kg": Conversion(power(8)),
    "cells": Conversion(over_kg=True),
    "10^6 cells": Conversion(power(6), over_kg=True),
    "10^7 cells": Conversion(power(7), over_kg=True),
    "10^8 cells": Conversion(power(8), over_kg=True),
    "10^9 cells": Conversion(power(9), over_kg=True),
}
COPIES: Final[Units] = {"copies/ug": SAME, "copies/ug DNA": SAME, "copies/ng": Conversion(1000.0)}
VOLUME: Final[Units] = {"mL": SAME, "L": Conversion(1000.0), "mL/kg": Conversion(per_kg=True)}
BLOOD_UNITS: Final[Units] = {"unit": SAME}
HEPARIN: Final[Units] = {"U": SAME, "kU": Conversion(1000.0), "U/kg": Conversion(per_kg=True)}
VASOPRESSIN_RATE: Final[Units] = {
    "U/min": SAME,
    "U/h": Conversion(1 / 60),  # MIMIC-IV charts units per hour
    "mU/min": Conversion(0.001),
    "U/kg/min": Conversion(per_kg=True),
    "U/kg/h": Conversion(1 / 60, per_kg=True),
    "mU/kg/min": Conversion(0.001, per_kg=True),
    "mU/kg/h": Conversion(0.001 / 60, per_kg=True),
}


@cache
def mass(canonical: str = "mg") -> Units:
    """A dose: g, mg and ug, plain or per kilogram of body weight (mg/m2 is not convertible and not here)."""
    base = _MASS_UNITS_EXPONENT[canonical]
    table = {canonical: SAME}
    for unit in ("g", "mg", "ug"):
        factor = power(_MASS_UNITS_EXPONENT[unit] - base)
        table[unit] = Conversion(factor)
        table[f"{unit}/kg"] = Conversion(factor, per_kg=True)
    return table


@cache
def mass_rate(canonical: str) -> Units:
    """A drug's rate: mass over time, plain or per kilogram, to a canonical such as ug/min, ug/kg/min or mg/h."""
    base, canonical_per_kg = _micrograms_per_minute(canonical)
    table = {canonical: SAME}
    for top in ("ng", "ug", "mg", "g"):
        for over in ("min", "h", "d"):
            for unit in (f"{top}/{over}", f"{top}/kg/{over}"):
                rate, unit_per_kg = _micrograms_per_minute(unit)
                table.setdefault(
                    unit,
                    Conversion(
                        rate / base,
                        per_kg=unit_per_kg and not canonical_per_kg,
                        over_kg=canonical_per_kg and not unit_per_kg,
                    ),
                )
    return table


def _micrograms_per_minute(unit: str) -> tuple[float, bool]:
    top, *below = unit.split("/")
    minutes = {"min": 1.0, "h": 60.0, "d": 1440.0}
    if top not in _MASS_UNITS_EXPONENT or not below or below[-1] not in minutes:
        raise VocabularyError(f"{unit!r} is not a mass over a time")
    return power(_MASS_UNITS_EXPONENT[top] + 6) / minutes[below[-1]], "kg" in below
