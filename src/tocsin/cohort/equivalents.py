"""Corticosteroids in milligrams of methylprednisolone: 4 mg of it = prednisone 5 = prednisolone 5 = hydrocortisone 20 = dexamethasone 0.75 mg.

The factors compare the effect on inflammation of systemic doses (steroid_equivalents); they say nothing about how well a drug reaches the brain.
Intrathecal doses are no part of them.  Methylprednisolone 40 mg with dexamethasone 10 mg is 93.3 mg.
"""

from __future__ import annotations

import polars as pl

from tocsin.errors import CohortError

CITES = ("steroid_equivalents:table",)
METHYLPREDNISOLONE_MG = 4.0  # steroid_equivalents:table; the others are the doses equal to it
EQUAL_MG = {"methylprednisolone": METHYLPREDNISOLONE_MG, "prednisone": 5.0, "prednisolone": 5.0, "hydrocortisone": 20.0}  # steroid_equivalents:table
DEXAMETHASONE_MG = 0.75
"""Dexamethasone equal to 4 mg of methylprednisolone (steroid_equivalents:table).  Some tables print 0.6, which makes 10 mg of it 66.7 instead of 53.3 mg."""


def factors(dexamethasone_mg: float = DEXAMETHASONE_MG) -> dict[str, float]:
    """By which each corticosteroid in mg is multiplied to give methylprednisolone in mg; CohortError for a dose that is not positive."""
    if not 0 < dexamethasone_mg < float("inf"):
        raise CohortError(f"dexamethasone equal to {METHYLPREDNISOLONE_MG:g} mg of methylprednisolone is a positive number of mg, not {dexamethasone_mg}")
    return {drug: METHYLPREDNISOLONE_MG / mg for drug, mg in {**EQUAL_MG, "dexamethasone": dexamethasone_mg}.items()}


def methylprednisolone_mg(drug: str, mg: float, *, dexamethasone_mg: float = DEXAMETHASONE_MG) -> float:
    """``mg`` of a systemic corticosteroid as methylprednisolone, mg; CohortError for a drug without a factor."""
    table = factors(dexamethasone_mg)
    if drug not in table:
        raise CohortError(f"{drug!r} has no methylprednisolone equivalent; known: {', '.join(table)}")
    return mg * table[drug]


def equivalent(drug: pl.Expr, amount: pl.Expr, *, dexamethasone_mg: float = DEXAMETHASONE_MG) -> pl.Expr:
    """The same for columns; null where the drug has no factor or the amount is not known."""
    table = factors(dexamethasone_mg)
    return amount * drug.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.Float64)


def says(dexamethasone_mg: float = DEXAMETHASONE_MG) -> str:
    """The equivalents as a methods section prints them."""
    others = ", ".join(f"{drug} {mg:g} mg" for drug, mg in {**EQUAL_MG, "dexamethasone": dexamethasone_mg}.items() if drug != "methylprednisolone")
    return f"Corticosteroids are given as methylprednisolone equivalents (methylprednisolone {METHYLPREDNISOLONE_MG:g} mg = {others}); intrathecal " \
        "doses are not part of them."
