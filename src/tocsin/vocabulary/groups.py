"""Groups of concepts that rules name together.  What counts as a vasopressor is a decision; masking drugs as in the ASTCT footnote."""

from __future__ import annotations

from typing import Final

# Counted as vasopressors (D); dobutamine and milrinone are inotropes and are not.
VASOPRESSORS: Final = ("norepinephrine", "epinephrine", "phenylephrine", "dopamine", "angiotensin_ii", "metaraminol")
# A vasopressor, but not counted towards "multiple" (V[AST1]; terlipressin D).
VASOPRESSIN_LIKE: Final = ("vasopressin", "terlipressin")
INOTROPES: Final = ("dobutamine", "milrinone")
ANTIPYRETICS: Final = ("acetaminophen", "ibuprofen", "diclofenac", "metamizole", "nsaid", "antipyretic")
ANTI_IL6: Final = ("tocilizumab", "siltuximab", "sarilumab")
ANTICYTOKINE: Final = (*ANTI_IL6, "anakinra", "ruxolitinib", "baricitinib", "emapalumab")
# Systemic; intrathecal dexamethasone is not among them.
CORTICOSTEROIDS: Final = (
    "dexamethasone",
    "methylprednisolone",
    "hydrocortisone",
    "prednisone",
    "prednisolone",
    "corticosteroid",
)
SEDATIVES: Final = ("propofol", "midazolam", "dexmedetomidine", "ketamine", "fentanyl")
LYMPHODEPLETION: Final = ("cyclophosphamide", "fludarabine")

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "VASOPRESSORS": VASOPRESSORS,
    "VASOPRESSIN_LIKE": VASOPRESSIN_LIKE,
    "INOTROPES": INOTROPES,
    "ANTIPYRETICS": ANTIPYRETICS,
    "ANTI_IL6": ANTI_IL6,
    "ANTICYTOKINE": ANTICYTOKINE,
    "CORTICOSTEROIDS": CORTICOSTEROIDS,
    "SEDATIVES": SEDATIVES,
    "LYMPHODEPLETION": LYMPHODEPLETION,
}
