"""The three published cases as data: facts only, each row with its paper and place, read like anybody's file.

``CASES`` says what each case is, what to look at, where its paper contradicts itself and what could not be written down as a
row; ``read_case("000")`` reads its file with the same CSV source as any other.  What the files follow:

* A fact stands only where the paper tells it.  What it does not tell (weight, vasopressors in 000 and 001, the end of an
  oxygen cannula) has no row, and is unknown unless the reader of the file assumes otherwise.
* A fact told by its day holds for that day.  Where the day itself is open, ``day_latest`` gives the last one possible.
* A finding is attributed to CRS, local CRS or ICANS only where the authors do so; otherwise it is unknown.
* A dose per kg stays a dose per kg; a dose without an amount is kept with the paper's words.
* The authors' grade is a statement of its own and never an input to a computed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from types import MappingProxyType
from typing import TYPE_CHECKING

from tocsin.cite import Reference, reference
from tocsin.errors import UnknownIdError

if TYPE_CHECKING:
    from tocsin.timeline import Timeline

__all__ = ["CASES", "Case", "case", "read_case"]


@dataclass(frozen=True, slots=True)
class Case:
    """One published case: what it is, and what its file cannot say.

    ``paper`` is the key of its reference and ``file`` its table of facts (about the patient
    without a day, of the course with one).  ``inconsistencies`` are the places where the
    paper contradicts itself or the scales, or may mislead a reader.  ``undated`` are facts of the paper that have no
    day relative to the infusion; ``left_out`` are those that fit no concept or have no number, and why.
    """

    id: str
    title: str
    paper: str
    file: str
    what_to_see: str
    inconsistencies: tuple[str, ...]
    undated: tuple[str, ...]
    left_out: tuple[str, ...]

    def __post_init__(self) -> None:
        reference(self.paper)

    @property
    def reference(self) -> Reference:
        """The paper."""
        return reference(self.paper)


_CASE_000 = Case(
    id="000",
    title="Child with grade 4 CRS and organ failure, refractory to tocilizumab and steroids, given mesenchymal stromal cells",
    paper="hu2024",
    file="paper000.csv",
    what_to_see="Fever alone on day 4 is ASTCT grade 1 where the authors say 2; from day 10 on the grade is 4 once the child "
                "is ventilated, and the day when that began (10 to 17) is not told.",
    inconsistencies=(
        "CRS begins on day 1 in the abstract and on day 4 in the case presentation.",
        "The authors grade the fever of day 4 as 2 without naming a system; by ASTCT a fever alone is grade 1.",
        "The grading system is never named, neither for grade 2 on day 4 nor for grade 4 on day 10.",
        "Figure 1 gives procalcitonin in mg/L with a normal range of 0-0.5; ug/L (ng/mL) is meant, a factor of 1000.",
        "The normal range of IL-6 is printed as 0.37-0.46 pg/mL, an unusually narrow one.",
        "Lymphodepletion is printed as \"from Day 4 to Day 2\"; the minus signs are missing.",
        "The CT with pleural effusion is told under day 7 in the text and under day 8 in the caption of figure 2.",
        "98 % CAR-positive cells are of leukocytes in the text and of lymphocytes in the caption of figure 2.",
        "Tocilizumab 4 mg/kg is below any label; the label's 4 doses in all are passed by the second dose of the q8h phase, if "
        "one dose was given on day 4 and two on day 5.",
        "The abstract has CAR expression maintained until day 75 and the text memory CAR-T cells of 1.8 %, but of what is unclear.",
    ),
    undated=(
        "Leukaemia diagnosed in February 2017 and relapsed in September 2018; the date of the infusion is not told.",
        "Bone marrow after the chemotherapy for relapse: 35 % \"naive lymphocytes\".",
        "The remission lasted 3.5 years after a cord blood transfusion whose day is not told.",
    ),
    left_out=(
        "Creatine kinase on day 10, \"17 times higher than the normal value\": neither a number nor the laboratory's limit is told.",
        "Memory CAR-T cells of 1.8 % on day 75: a part of the CAR-positive cells, and the denominator is unclear.",
        "No CAR-T cells in the cerebrospinal fluid on day 7: there is no concept for it.",
        "Raised heart enzymes on day 7, low platelets, disturbed clotting and pulmonary haemorrhage between days 10 and 17: no "
        "numbers and, for the latter, no day.",
        "The curves of temperature, IL-6, procalcitonin, LDH and CRP in figure 1B: drawn, not printed as numbers. "
        "Normal ranges there: LDH 109-245 IU/L, CRP 0-5.00 mg/L.",
        "Weight, vasopressors, oxygen devices before ventilation, the number of MSC and of tocilizumab doses, the end of "
        "dexamethasone: not told.",
    ),
)

_CASE_001 = Case(
    id="001",
    title="Woman with CRS and, on day 8, local CRS of the neck in a systemic leukaemia",
    paper="lcrs2021",
    file="paper001.csv",
    what_to_see="Grade 2 on day 6 rests on asserted need (a pressure drop treated with fluid, a low-flow cannula); on day 8 the "
                "high-flow oxygen makes grade 3 only if the swelling of the neck is counted as CRS and not as local CRS.",
    inconsistencies=(
        "High-flow oxygen on day 8 is ASTCT grade 3 if counted as CRS; the authors keep grade 2 and call the rest local CRS.",
        "The pressure drop of about 20 mmHg would not by itself be hypotension; the grade rests on the fluid boluses and the oxygen.",
        "The low-grade fever of 37.5 C within 12 h is not a fever by ASTCT; days 1 to 5 are not told.",
        "The unit of ALT is misprinted with a micro sign in place of U.",
        "The neck is almost normal on d11 with a reference to figure 1B, whose caption says d14.",
        "Temperature \"dropped to about 38.0\" on day 7 is still a fever.",
    ),
    undated=(
        "At the first diagnosis WBC 348.43 x 10^9/L, haemoglobin 44 g/L, platelets 35 x 10^9/L; the date is not told.",
        "MRD 26 % after imatinib with VILP and 30 % after dasatinib with VIP, both before the infusion.",
    ),
    left_out=(
        "Lymphocytes of 66.81 % and, on day 8, eosinophils of 1.44 % and basophils of 0.04 %: shares of the count, kept in the notes.",
        "17:10 on day 8: the hour of the infusion is not told, so no hour since the infusion can be computed; kept in the notes.",
        "The first relief \"other than the swollen neck\" on day 8 and the doses of the taper: no hour and no numbers.",
        "The curves of temperature, cytokines and CAR copies in figure 2: drawn, not printed as numbers.",
        "Weight, pressures, saturations, oxygen flow and when the oxygen ended: not told.",
    ),
)

_CASE_002 = Case(
    id="002",
    title="Young man with CRS refractory to tocilizumab and methylprednisolone, given ruxolitinib",
    paper="zi2021",
    file="paper002.csv",
    what_to_see="ASTCT grade 2 and at least CARTOX grade 3 on day 7: hypotension without a vasopressor, and AST 535.67 U/L, which "
                "ASTCT does not count; on day 8, after ruxolitinib, fever and hypotension are gone (AST is not told again until it "
                "is normal on day 22).",
    inconsistencies=(
        "Complete remission is reached on day 14 in the discussion and on day 28 in the case presentation.",
        "The CRS is called severe but never graded; scales differ on day 7 (ASTCT 2, CARTOX 3).",
        "Metoprolol from day 1 confounds the heart rate and diclofenac the temperature.",
        "The day of SBP 89 mmHg and of AST and ALT is not printed: after the dose of day 6 and before that of day 7.",
    ),
    undated=(
        "At diagnosis in December 2019 WBC 359.97 x 10^9/L and 60 % blasts in the marrow; the date of the infusion is not told.",
        "BCR-ABL (P210) 5.85 x 10^4 copies/mL after three courses; T315I mutation after hyper-CVAD in April 2020.",
        "Before conditioning 95 % blasts in the marrow and BCR-ABL 72.03 % on the International Scale.",
    ),
    left_out=(
        "Normal procalcitonin between days 1 and 5, normal APTT on day 17 and normal AST and ALT on day 22: told without numbers.",
        "The rise of ferritin, IL-6, interferon-gamma and granzyme B: told without numbers (kept as cytokine_rise).",
        "The curves of figures 1 and 2: drawn, not printed as numbers.",
        "Weight, body surface, fluid given for the low pressure, doses and ends of antibiotics, diclofenac and metoprolol: not told.",
    ),
)

CASES: Mapping[str, Case] = MappingProxyType({one.id: one for one in (_CASE_000, _CASE_001, _CASE_002)})
"""The published cases by id."""


def case(id: str) -> Case:  # noqa: A002 - the id is what it is
    """The case with this id ("000", "001", "002"); UnknownIdError when there is none."""
    found = CASES.get(id)
    if found is None:
        raise UnknownIdError("case", id, CASES)
    return found


def read_case(id: str, complete: Iterable[str] = ()) -> Timeline:  # noqa: A002
    """The record of one case, read from its CSV file; ``complete`` names the domains assumed to be told completely."""
    from tocsin.sources import csv  # polars loads only when a file is read

    with as_file(files(__name__) / "data" / case(id).file) as path:
        return csv.read(path, complete=complete)
