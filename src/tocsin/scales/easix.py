"""EASIX and its two variants for CAR-T cells: indices of endothelial activation and stress from routine values, as data.

Sources: luft2017 for the index, pennisi2021 for its formula with units and for the simplified and the modified index.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.rules import settled
from tocsin.scales.formula import Formula, How, Term
from tocsin.scales.items import inputs
from tocsin.scales.scale import Scale
from tocsin.timeline import ATTRIBUTIONS

_CITES = "pennisi2021:abstract"
_NOTES = (
    "Values from the infusion on are graded; for one before lymphodepletion let grading start earlier (tocsin grade --from -240).",
    "Usually reported as its logarithm to base 2 (from memory of the source); the value here is the plain index.",
    "No limit is encoded: those of the versions with ferritin could not be read.",
    "An external validation found an area under the curve of only 0.61 to 0.62 for ICANS of grade 2 or more, and no association with grade 3 or more.",
)


def _index(name: str, title: str, version: str, says: str, terms: tuple[Term, ...], cites: tuple[str, ...], notes: tuple[str, ...]) -> Scale:
    formula = Formula(How.PRODUCT, terms, says)
    return Scale(
        id=name, version=version, title=title, syndrome="endothelial risk", unit="index", cites=cites, counts=ATTRIBUTIONS,
        criteria=inputs(formula, _CITES, Mark.VERIFIED), formula=formula, notes=(*notes, *_NOTES),
    )


def easix(**given: object) -> Scale:
    """LDH x creatinine / platelets; it has no settings."""
    settled((), given)
    return _index(
        "easix-2017", "EASIX", "2017", "LDH [U/L] x creatinine [mg/dL] / platelets [10^9/L]",
        (Term("ldh"), Term("creatinine"), Term("platelets", power=-1.0)), ("luft2017:formula", _CITES),
        ("Made for graft-versus-host disease, then studied after CAR-T cells.",))


def simplified_easix(**given: object) -> Scale:
    """LDH / platelets; it has no settings."""
    settled((), given)
    return _index(
        "s-easix-2021", "Simplified EASIX (s-EASIX)", "2021", "LDH [U/L] / platelets [10^9/L]",
        (Term("ldh"), Term("platelets", power=-1.0)), (_CITES,), ())


def modified_easix(**given: object) -> Scale:
    """LDH x C-reactive protein in mg/dL / platelets; it has no settings."""
    settled((), given)
    return _index(
        "m-easix-2021", "Modified EASIX (m-EASIX)", "2021", "LDH [U/L] x C-reactive protein [mg/dL] / platelets [10^9/L]",
        (Term("ldh"), Term("crp", coefficient=0.1), Term("platelets", power=-1.0)), (_CITES,),
        ("C-reactive protein enters in mg/dL, a tenth of the mg/L in which it is kept.", "Associated with CRS and ICANS of grade 3 or more."))


BUILDERS = {"easix-2017": easix, "s-easix-2021": simplified_easix, "m-easix-2021": modified_easix}
