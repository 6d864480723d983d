"""The CTCAE grades of laboratory values as data: v4.03 and v5.0, each term with its bounds.

Source: ctcae403 and ctcae5, read in the machine-readable criteria of a public grading package.  A cell holds the bounds any of
which reaches the grade; a bound means "at least this grade", so the far end of a printed range is the next grade's bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from tocsin.cite import Mark

__all__ = ["CTCAE5", "CTCAE403", "TERMS", "Bound", "By", "Cell", "Term", "When"]

CTCAE403, CTCAE5 = "4.03", "5"


class By(StrEnum):
    """What a value is held against."""

    NUMBER = "number"
    NORMAL = "normal"                      # a multiple of the limit of normal
    BASELINE = "baseline"                  # a multiple of the patient's baseline, where that is told
    NORMAL_OR_BASELINE = "either"          # of the limit of normal if the baseline was normal, else of the baseline


class When(StrEnum):
    """What must hold beside the number."""

    ALWAYS = "always"
    SYMPTOMATIC = "symptomatic"            # with signs, symptoms or consequences, as asserted
    ANTICOAGULATED = "anticoagulated"      # under treatment with an anticoagulant, as asserted
    BLEEDING = "bleeding"
    ABNORMAL = "abnormal"                  # the value lies beyond the limit of normal
    INFARCTION = "infarction"              # at the level of a myocardial infarction, as asserted


@dataclass(frozen=True, slots=True)
class Bound:
    """One way to a grade: beyond ``amount`` (a number, or so many times ``by``), + ``plus``.

    ``reached``: the bound itself counts, because the range is printed with its near end.  ``si``: the number as printed for SI
    units.  ``abnormal``: the multiple of an abnormal baseline where it differs from ``amount``.  ``change``: any change from the
    baseline, however small.
    """

    amount: float
    by: By = By.NUMBER
    when: When = When.ALWAYS
    reached: bool = False
    plus: float = 0.0
    si: float | None = None
    abnormal: float | None = None
    change: bool = False


Cell = tuple[Bound, ...]
Cells = tuple[Cell, Cell, Cell, Cell]


@dataclass(frozen=True, slots=True)
class Term:
    """One CTCAE term: its name in ids and in print, the value it grades, and the cells of grades 1 to 4 in each version.

    ``disorder``: the finding by which a clinician asserts that it is symptomatic or life-threatening.  ``deadly``: the
    values of it that alone are grade 4.
    """

    id: str
    title: str
    concept: str
    high: bool
    v403: Cells | None
    v5: Cells | None
    si_unit: str = ""
    disorder: str = ""
    deadly: tuple[str, ...] = ()
    mark: Mark = Mark.VERIFIED
    reading: str = ""

    def cells(self, version: str) -> Cells | None:
        """The cells of grades 1 to 4 in that version; None where the version does not grade the value so."""
        return self.v403 if version == CTCAE403 else self.v5


# ---------------------------------------------------------------------------------------------------- bounds
def _n(number: float, si: float | None = None, reached: bool = False) -> Cell:
    return (Bound(number, si=si, reached=reached),)


def _normal(times: float = 1.0, plus: float = 0.0) -> Cell:
    return (Bound(times, By.NORMAL, plus=plus),)


def _numbers(*numbers: float | tuple[float, float]) -> Cells:
    """From the limit of normal, then three numbers (in conventional and SI units where they differ)."""
    two, three, four = (_n(*(n if isinstance(n, tuple) else (n,))) for n in numbers)
    return (_normal(), two, three, four)


def _times(one: float, two: float, three: float, four: float | None) -> Cells:
    """Multiples of the limit of normal."""
    return (_normal(one), _normal(two), _normal(three), _normal(four) if four else NONE)


def _liver(first: float | None, one: float, two: float, three: float, four: float) -> Cells:
    """Multiples of the limit of normal, or of the baseline if that was abnormal; ``first``: the multiple of an abnormal one for grade 1."""
    return (
        (Bound(one, By.NORMAL_OR_BASELINE, abnormal=first, reached=first is not None),), (Bound(two, By.NORMAL_OR_BASELINE),),
        (Bound(three, By.NORMAL_OR_BASELINE),), (Bound(four, By.NORMAL_OR_BASELINE),),
    )


def _baseline(times: float, plus: float = 0.0, reached: bool = False, change: bool = False, when: When = When.ALWAYS) -> Bound:
    return Bound(times, By.BASELINE, when, reached, plus, change=change)


def _treated(times: float) -> Bound:
    """Times the baseline, under treatment with an anticoagulant."""
    return Bound(times, By.BASELINE, When.ANTICOAGULATED)


def _fall(times: float, when: When = When.ALWAYS) -> Bound:
    """Down to so many times the baseline, the printed percentage included."""
    return Bound(times, By.BASELINE, when, reached=True)


def _with_symptoms(bound: Cell) -> Cell:
    return tuple(Bound(b.amount, b.by, When.SYMPTOMATIC, b.reached, b.plus, b.si) for b in bound)


NONE: Cell = ()
_PANCREAS5: Cells = (
    _normal(), _normal(1.5), _with_symptoms(_normal(2.0)) + _normal(5.0), _with_symptoms(_normal(5.0)),
)
_LOW_POTASSIUM: Cells = (_normal(), _with_symptoms(_normal()), _n(3.0), _n(2.5))
_HIGH_CALCIUM = _numbers((11.5, 2.9), (12.5, 3.1), (13.5, 3.4))
_LOW_CALCIUM = _numbers((8.0, 2.0), (7.0, 1.75), (6.0, 1.5))
_EJECTION: Cells = (
    NONE, (Bound(50.0, reached=True), _baseline(1.0, plus=-10.0, reached=True)),
    (Bound(40.0), _baseline(1.0, plus=-20.0, reached=True)), _n(20.0),
)
_TROPONIN: Cells = (_normal(), NONE, (Bound(1.0, By.NORMAL, When.INFARCTION),), NONE)
_SYMPTOMS = "Symptoms are as asserted; where they are not told, the grade stays open between the two readings."
_PLATELETS, _NEUTROPHILS = _numbers(75.0, 50.0, 25.0), _numbers(1.5, 1.0, 0.5)
_LEUKOCYTES, _LYMPHOCYTES, _CD4 = _numbers(3.0, 2.0, 1.0), _numbers(0.8, 0.5, 0.2), _numbers(0.5, 0.2, 0.05)
_HAEMOGLOBIN: Cells = (_normal(), _n(10.0), _n(8.0), NONE)
_APTT: Cells = (_normal(), _normal(1.5), (Bound(2.5, By.NORMAL), Bound(1.0, By.NORMAL, When.BLEEDING)), NONE)
_CHOLESTEROL = _numbers((300.0, 7.75), (400.0, 10.34), (500.0, 12.92))
_CK, _LFT403 = _times(1, 2.5, 5, 10), _times(1, 3, 5, 20)
_GGT403 = _times(1, 2.5, 5, 20)
_SODIUM_HIGH, _POTASSIUM_HIGH = _numbers(150.0, 155.0, 160.0), _numbers(5.5, 6.0, 7.0)
_MAGNESIUM_HIGH: Cells = (_normal(), NONE, _n(3.0, 1.23), _n(8.0, 3.3))
_MAGNESIUM_LOW = _numbers((1.2, 0.5), (0.9, 0.4), (0.7, 0.3))
_TRIGLYCERIDES: Cells = (_n(150.0, 1.71, reached=True), _n(300.0, 3.42), _n(500.0, 5.7), _n(1000.0, 11.4))
_ALBUMIN: Cells = (_normal(), _n(3.0), _n(2.0), NONE)
_GLUCOSE_LOW = _numbers((55.0, 3.0), (40.0, 2.2), (30.0, 1.7))
_ACID: Cells = (_normal(), NONE, _n(7.3), NONE)
_ALKALI: Cells = (_normal(), NONE, _n(7.5), NONE)
_LEUKOCYTOSIS: Cells = (NONE, NONE, _n(100.0), NONE)
_LYMPHOCYTOSIS: Cells = (NONE, _n(4.0), _n(20.0), NONE)
_HAPTOGLOBIN: Cells = (_normal(), NONE, NONE, NONE)
LOW, HIGH = False, True
DEADLY = ("life_threatening",)
_CORRECTED = "Graded on calcium corrected for albumin; an uncorrected one is not read."


_ALL = (
    # ------------------------------------------------------------------------------------------------ blood and lymph
    Term("anemia", "Anemia", "haemoglobin", LOW, _HAEMOGLOBIN, _HAEMOGLOBIN, disorder="anaemia", deadly=DEADLY,
         reading="An indication for transfusion is also grade 3; that is not derived."),
    Term("leukocytosis", "Leukocytosis", "leukocytes", HIGH, _LEUKOCYTOSIS, _LEUKOCYTOSIS, disorder="leucostasis",
         deadly=("present", "symptomatic", "life_threatening"),
         reading="Grade 4 is leucostasis with clinical manifestations, as asserted."),
    # ------------------------------------------------------------------------------------------------ investigations
    Term("aptt-prolonged", "Activated partial thromboplastin time prolonged", "aptt", HIGH, _APTT, _APTT,
         reading="Bleeding counts as grade 3 where it is asserted beside a prolonged time."),
    Term("alanine-aminotransferase-increased", "Alanine aminotransferase increased", "alt", HIGH, _LFT403, _liver(1.5, 1, 3, 5, 20)),
    Term("alkaline-phosphatase-increased", "Alkaline phosphatase increased", "alkaline_phosphatase", HIGH, _GGT403, _liver(2.0, 1, 2.5, 5, 20)),
    Term("aspartate-aminotransferase-increased", "Aspartate aminotransferase increased", "ast", HIGH, _LFT403, _liver(1.5, 1, 3, 5, 20)),
    Term("blood-bilirubin-increased", "Blood bilirubin increased", "bilirubin_total", HIGH, _times(1, 1.5, 3, 10), _liver(None, 1, 1.5, 3, 10)),
    Term("blood-lactate-dehydrogenase-increased", "Blood lactate dehydrogenase increased", "ldh", HIGH, None, (_normal(), NONE, NONE, NONE)),
    Term("cd4-lymphocytes-decreased", "CD4 lymphocytes decreased", "cd4_lymphocytes", LOW, _CD4, _CD4),
    Term("cholesterol-high", "Cholesterol high", "cholesterol", HIGH, _CHOLESTEROL, _CHOLESTEROL, si_unit="mmol/L"),
    Term("cpk-increased", "CPK increased", "creatine_kinase", HIGH, _CK, _CK),
    Term("creatinine-increased", "Creatinine increased", "creatinine", HIGH,
         ((Bound(1.0, By.NORMAL), _baseline(1.0, change=True)), (Bound(1.5, By.NORMAL), _baseline(1.5)),
          (Bound(3.0, By.NORMAL), _baseline(3.0)), _normal(6.0)),
         (_normal(), (Bound(1.5, By.NORMAL), _baseline(1.5)), (Bound(3.0, By.NORMAL), _baseline(3.0)), _normal(6.0)),
         reading="The worse of the two comparisons counts."),
    Term("cardiac-troponin-i-increased", "Cardiac troponin I increased", "troponin_i", HIGH, _TROPONIN, _TROPONIN, mark=Mark.MEMORY,
         reading="Grade 3 is the level of a myocardial infarction as the maker of the test defines it: as asserted."),
    Term("cardiac-troponin-t-increased", "Cardiac troponin T increased", "troponin_t", HIGH, _TROPONIN, _TROPONIN, mark=Mark.MEMORY,
         reading="Grade 3 is the level of a myocardial infarction as the maker of the test defines it: as asserted."),
    Term("ejection-fraction-decreased", "Ejection fraction decreased", "lvef", LOW, _EJECTION, _EJECTION, mark=Mark.MEMORY,
         reading="A drop from baseline is in percentage points; between the printed 40 and 39 the line is drawn at 40."),
    Term("fibrinogen-decreased", "Fibrinogen decreased", "fibrinogen", LOW,
         ((Bound(1.0, By.NORMAL), _baseline(1.0, change=True)), (Bound(0.75, By.NORMAL), _fall(0.75)),
          (Bound(0.5, By.NORMAL), _fall(0.5)), (Bound(0.25, By.NORMAL), _fall(0.25), Bound(50.0))),
         (_normal(), (Bound(0.75, By.NORMAL), _fall(0.75, When.ABNORMAL)), (Bound(0.5, By.NORMAL), _fall(0.5, When.ABNORMAL)),
          (Bound(0.25, By.NORMAL), _fall(0.25, When.ABNORMAL), Bound(50.0))),
         reading="A fall from baseline counts in v5.0 \"if abnormal\", which we read as: the present value lies below normal."),
    Term("ggt-increased", "GGT increased", "ggt", HIGH, _GGT403, _liver(2.0, 1, 2.5, 5, 20)),
    Term("haptoglobin-decreased", "Haptoglobin decreased", "haptoglobin", LOW, _HAPTOGLOBIN, _HAPTOGLOBIN),
    Term("hemoglobin-increased", "Hemoglobin increased", "haemoglobin", HIGH,
         ((Bound(1.0, By.NORMAL_OR_BASELINE),), (Bound(1.0, By.NORMAL_OR_BASELINE, plus=2.0),), (Bound(1.0, By.NORMAL_OR_BASELINE, plus=4.0),),
          NONE),
         (_normal(), _normal(plus=2.0), _normal(plus=4.0), NONE)),
    Term("inr-increased", "INR increased", "inr", HIGH,
         ((Bound(1.0, By.NORMAL), _treated(1.0)), (Bound(1.5, By.NORMAL), _treated(1.5)), (Bound(2.5, By.NORMAL), _treated(2.5)), NONE),
         ((Bound(1.2), _treated(1.0)), (Bound(1.5), _treated(1.5)), (Bound(2.5), _treated(2.5)), NONE),
         reading="The baseline counts only where treatment with an anticoagulant is told."),
    Term("lipase-increased", "Lipase increased", "lipase", HIGH, _times(1, 1.5, 2, 5), _PANCREAS5, disorder="pancreatitis", reading=_SYMPTOMS),
    Term("lymphocyte-count-decreased", "Lymphocyte count decreased", "lymphocytes", LOW, _LYMPHOCYTES, _LYMPHOCYTES),
    Term("lymphocyte-count-increased", "Lymphocyte count increased", "lymphocytes", HIGH, _LYMPHOCYTOSIS, _LYMPHOCYTOSIS),
    Term("neutrophil-count-decreased", "Neutrophil count decreased", "neutrophils", LOW, _NEUTROPHILS, _NEUTROPHILS),
    Term("platelet-count-decreased", "Platelet count decreased", "platelets", LOW, _PLATELETS, _PLATELETS),
    Term("serum-amylase-increased", "Serum amylase increased", "amylase", HIGH, _times(1, 1.5, 2, 5), _PANCREAS5, disorder="pancreatitis",
         reading=_SYMPTOMS),
    Term("white-blood-cell-decreased", "White blood cell decreased", "leukocytes", LOW, _LEUKOCYTES, _LEUKOCYTES),
    # ------------------------------------------------------------------------------------------------ metabolism
    Term("acidosis", "Acidosis", "ph", LOW, _ACID, _ACID, disorder="acidosis", deadly=DEADLY),
    Term("alkalosis", "Alkalosis", "ph", HIGH, _ALKALI, _ALKALI, disorder="alkalosis", deadly=DEADLY),
    Term("hypercalcemia", "Hypercalcemia", "calcium_corrected", HIGH, _HIGH_CALCIUM, _HIGH_CALCIUM, "mmol/L", "hypercalcaemia", DEADLY,
         reading=_CORRECTED),
    Term("hypercalcemia-ionized", "Hypercalcemia (ionized calcium)", "calcium_ionised", HIGH, _numbers(1.5, 1.6, 1.8), _numbers(1.5, 1.6, 1.8),
         disorder="hypercalcaemia", deadly=DEADLY),
    Term("hyperglycemia", "Hyperglycemia", "glucose", HIGH, (NONE, NONE, _n(250.0, 13.9), _n(500.0, 27.8)), None, "mmol/L", "hyperglycaemia", DEADLY,
         reading="Grades 1 and 2 need a fasting value; v5.0 grades by treatment, which is not derived."),
    Term("hyperglycemia-fasting", "Hyperglycemia (fasting)", "glucose_fasting", HIGH, _numbers((160.0, 8.9), (250.0, 13.9), (500.0, 27.8)), None,
         "mmol/L", "hyperglycaemia", DEADLY, reading="v5.0 grades by treatment, which is not derived."),
    Term("hyperkalemia", "Hyperkalemia", "potassium", HIGH, _POTASSIUM_HIGH, _POTASSIUM_HIGH, disorder="hyperkalaemia", deadly=DEADLY),
    Term("hypermagnesemia", "Hypermagnesemia", "magnesium", HIGH, _MAGNESIUM_HIGH, _MAGNESIUM_HIGH, "mmol/L", "hypermagnesaemia", DEADLY),
    Term("hypernatremia", "Hypernatremia", "sodium", HIGH, _SODIUM_HIGH, _SODIUM_HIGH, disorder="hypernatraemia", deadly=DEADLY),
    Term("hypertriglyceridemia", "Hypertriglyceridemia", "triglycerides", HIGH, _TRIGLYCERIDES, _TRIGLYCERIDES, "mmol/L",
         "hypertriglyceridaemia", DEADLY),
    Term("hyperuricemia", "Hyperuricemia", "uric_acid", HIGH,
         (_normal(), NONE, _with_symptoms(_normal()), _n(10.0, 0.59)), (_normal(), NONE, _with_symptoms(_normal()), NONE), "mmol/L",
         "hyperuricaemia", DEADLY, reading="Physiologic consequences are as asserted; where they are not told, the grade stays open."),
    Term("hypoalbuminemia", "Hypoalbuminemia", "albumin", LOW, _ALBUMIN, _ALBUMIN, disorder="hypoalbuminaemia", deadly=DEADLY),
    Term("hypocalcemia", "Hypocalcemia", "calcium_corrected", LOW, _LOW_CALCIUM, _LOW_CALCIUM, "mmol/L", "hypocalcaemia", DEADLY,
         reading=_CORRECTED),
    Term("hypocalcemia-ionized", "Hypocalcemia (ionized calcium)", "calcium_ionised", LOW, _numbers(1.0, 0.9, 0.8), _numbers(1.0, 0.9, 0.8),
         disorder="hypocalcaemia", deadly=DEADLY),
    Term("hypoglycemia", "Hypoglycemia", "glucose", LOW, _GLUCOSE_LOW, _GLUCOSE_LOW, "mmol/L", "hypoglycaemia", DEADLY,
         reading="A seizure is also grade 4; that is not derived."),
    Term("hypokalemia", "Hypokalemia", "potassium", LOW, _LOW_POTASSIUM, _LOW_POTASSIUM, disorder="hypokalaemia", deadly=DEADLY, reading=_SYMPTOMS),
    Term("hypomagnesemia", "Hypomagnesemia", "magnesium", LOW, _MAGNESIUM_LOW, _MAGNESIUM_LOW, "mmol/L", "hypomagnesaemia", DEADLY),
    Term("hyponatremia", "Hyponatremia", "sodium", LOW,
         (_normal(), NONE, _n(130.0), _n(120.0)),
         (_normal(), _n(130.0), _with_symptoms(_n(130.0)) + _n(125.0), _n(120.0)), disorder="hyponatraemia", deadly=DEADLY,
         reading=f"The v5.0 ranges are printed in whole numbers (125-129, 120-124); between them the lines are drawn at 130 and 125. {_SYMPTOMS}"),
    Term("hypophosphatemia", "Hypophosphatemia", "phosphate", LOW, _numbers((2.5, 0.8), (2.0, 0.6), (1.0, 0.3)), None, "mmol/L",
         "hypophosphataemia", DEADLY, reading="v5.0 grades by treatment, which is not derived."),
)

TERMS: Mapping[str, Term] = MappingProxyType({term.id: term for term in _ALL})
"""Every term by its id."""
