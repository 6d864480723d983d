"""Laboratory values: electrolytes, acid and base, glucose, fats, pancreas.  Codes: seen beside their names where marked V."""

from __future__ import annotations

from typing import Final

from tocsin.vocabulary import units
from tocsin.vocabulary.concept import Concept, Conversion
from tocsin.vocabulary.labs import lab

# How many of the mass unit make 1 mmol/L.
CALCIUM_MG_DL_PER_MMOL: Final = 4.0  # as laboratories convert; the atomic mass (40.078 g/mol) gives 4.0078
MAGNESIUM_MG_DL_PER_MMOL: Final = 2.4305  # 24.305 g/mol (D)
PHOSPHORUS_MG_DL_PER_MMOL: Final = 3.0974  # phosphate told as phosphorus, 30.974 g/mol (D)
GLUCOSE_MG_DL_PER_MMOL: Final = 18.016  # 180.16 g/mol (D)
CHOLESTEROL_MG_DL_PER_MMOL: Final = 38.67  # 386.7 g/mol (D)
URIC_ACID_UMOL_PER_MG_DL: Final = 59.48  # 168.11 g/mol (D)

_AMOUNT: Final[units.Units] = {"mmol/L": Conversion(), "mEq/L": Conversion()}  # of a single charge
_CALCIUM: Final = units.mass_per_volume("mg/dL", {"mmol/L": Conversion(CALCIUM_MG_DL_PER_MMOL), "mEq/L": Conversion(CALCIUM_MG_DL_PER_MMOL / 2)})
_CALCIUM_IONISED: Final[units.Units] = {
    "mmol/L": Conversion(), "mEq/L": Conversion(0.5), "mg/dL": Conversion(1 / CALCIUM_MG_DL_PER_MMOL), "mg/L": Conversion(0.1 / CALCIUM_MG_DL_PER_MMOL),
}
_MAGNESIUM: Final = units.mass_per_volume(
    "mg/dL", {"mmol/L": Conversion(MAGNESIUM_MG_DL_PER_MMOL), "mEq/L": Conversion(MAGNESIUM_MG_DL_PER_MMOL / 2)})
_PHOSPHATE: Final = units.mass_per_volume("mg/dL", {"mmol/L": Conversion(PHOSPHORUS_MG_DL_PER_MMOL)})
_GLUCOSE: Final = units.mass_per_volume("mg/dL", {"mmol/L": Conversion(GLUCOSE_MG_DL_PER_MMOL)})
_CHOLESTEROL: Final = units.mass_per_volume("mg/dL", {"mmol/L": Conversion(CHOLESTEROL_MG_DL_PER_MMOL)})
_URIC_ACID: Final = units.mass_per_volume(
    "mg/dL", {"umol/L": Conversion(1 / URIC_ACID_UMOL_PER_MG_DL), "mmol/L": Conversion(1000 / URIC_ACID_UMOL_PER_MG_DL)})

# OMOP's concepts of whole blood, as OHDSI maps the items "Whole Blood|Blood|Blood Gas" of MIMIC (github.com/OHDSI/MIMIC, gcpt_meas_lab_loinc_mod).
_SODIUM_IN_BLOOD: Final = 3000285
_POTASSIUM_IN_BLOOD: Final = 3005456
_GLUCOSE_IN_BLOOD: Final = 3000483

ELECTROLYTES: tuple[Concept, ...] = (
    lab("sodium", "Sodium", "mmol/L", _AMOUNT, (80, 220), (100, 185), aliases=("serum sodium",), loinc=("2951-2",), omop=(3019550, _SODIUM_IN_BLOOD),
        clif=("sodium", "poc_sodium")),
    lab("potassium", "Potassium", "mmol/L", _AMOUNT, (0.5, 20), (1.5, 10), aliases=("serum potassium",), loinc=("2823-3",), omop=(3023103, _POTASSIUM_IN_BLOOD),
        clif=("potassium", "poc_potassium")),
    lab("calcium", "Calcium, total", "mg/dL", _CALCIUM, (1, 40), (3, 20), aliases=("total calcium", "serum calcium"), us_unit="mg/dL",
        si_unit="mmol/L", loinc=("17861-6",), omop=(3006906,), clif=("calcium_total",),
        note="Not corrected for albumin; a rule that asks for corrected calcium reads calcium_corrected."),
    lab("calcium_corrected", "Calcium, corrected for albumin", "mg/dL", _CALCIUM, (1, 40), (3, 20),
        aliases=("corrected calcium", "albumin-corrected calcium", "adjusted calcium"), us_unit="mg/dL", si_unit="mmol/L",
        note="As the source corrected it."),
    lab("calcium_ionised", "Calcium, ionised", "mmol/L", _CALCIUM_IONISED, (0.1, 10), (0.4, 3.5),
        aliases=("ionised calcium", "ionized calcium", "calcium_ionized", "free calcium", "iCa"), us_unit="mg/dL", si_unit="mmol/L",
        loinc=("1994-3",), omop=(3021119,), clif=("calcium_ionized",)),
    lab("magnesium", "Magnesium", "mg/dL", _MAGNESIUM, (0, 30), (0.3, 15), aliases=("serum magnesium",), us_unit="mg/dL", si_unit="mmol/L",
        loinc=("19123-9",), omop=(3001420,), clif=("magnesium",)),
    lab("phosphate", "Phosphate, as phosphorus", "mg/dL", _PHOSPHATE, (0, 60), (0.3, 25), aliases=("phosphorus", "inorganic phosphate", "phos"),
        us_unit="mg/dL", si_unit="mmol/L", loinc=("2777-1",), omop=(3011904,), clif=("phosphate",)),
    lab("ph", "pH of arterial blood", "1", units.PH, (6.0, 8.2), (6.7, 7.8), aliases=("arterial pH", "blood pH"), loinc=("2744-1",),
        omop=(3019977,), clif=("ph_arterial",)),
)

METABOLITES: tuple[Concept, ...] = (
    lab("glucose", "Glucose", "mg/dL", _GLUCOSE, (0, 3000), (20, 1200), aliases=("blood glucose", "serum glucose", "blood sugar"),
        us_unit="mg/dL", si_unit="mmol/L", loinc=("2345-7",), omop=(3004501, _GLUCOSE_IN_BLOOD),
        clif=("glucose_serum", "glucose_fingerstick")),
    lab("glucose_fasting", "Glucose, fasting", "mg/dL", _GLUCOSE, (0, 3000), (20, 1200), aliases=("fasting glucose", "fasting blood glucose"),
        us_unit="mg/dL", si_unit="mmol/L"),
    lab("cholesterol", "Cholesterol, total", "mg/dL", _CHOLESTEROL, (0, 3000), (20, 1200), aliases=("total cholesterol",), us_unit="mg/dL",
        si_unit="mmol/L", loinc=("2093-3",), omop=(3027114,)),
    lab("uric_acid", "Uric acid", "mg/dL", _URIC_ACID, (0, 100), (0.2, 40), worse=1, aliases=("urate", "serum uric acid"), us_unit="mg/dL",
        si_unit="umol/L", loinc=("3084-1",), omop=(3037556,)),
)

ENZYMES: tuple[Concept, ...] = (
    lab("alkaline_phosphatase", "Alkaline phosphatase", "U/L", units.ENZYME, (0, 50000), (5, 10000), worse=1, aliases=("ALP", "alk phos", "ALKP"),
        loinc=("6768-6",), omop=(3035995,), clif=("alkaline_phosphatase",)),
    lab("ggt", "Gamma-glutamyltransferase", "U/L", units.ENZYME, (0, 50000), (2, 10000), worse=1,
        aliases=("gamma-GT", "GGTP", "gamma-glutamyl transferase"), loinc=("2324-2",), code_mark="M"),
    lab("amylase", "Amylase", "U/L", units.ENZYME, (0, 1e5), (2, 20000), worse=1, aliases=("serum amylase",), loinc=("1798-8",), omop=(3016771,)),
    lab("lipase", "Lipase", "U/L", units.ENZYME, (0, 1e5), (1, 50000), worse=1, aliases=("serum lipase",), loinc=("3040-3",), omop=(3004905,)),
)

CONCEPTS: tuple[Concept, ...] = ELECTROLYTES + METABOLITES + ENZYMES
