"""Norepinephrine equivalents: what the vasopressors that run amount to, by two published formulas that must not be mixed.

Source: VASST (vasst2008) from memory, as Lee 2014 and Penn 2018 use it, in ug/min; Goradia (goradia2021), in ug/kg/min, which counts
vasopressin too and dopamine at a hundredth.  An infusion that is known not to run counts as 0.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.scales.formula import Formula, How, Term
from tocsin.scales.items import inputs
from tocsin.scales.scale import Scale

_COUNTS = ("unknown", "crs", "local_crs", "icans", "hlh", "infection", "drug", "procedure", "baseline", "other")
"""A dose is a dose, whatever it is given for."""

VASST = Formula(
    How.SUM, (Term("norepinephrine"), Term("dopamine", 0.5), Term("epinephrine"), Term("phenylephrine", 0.1)),
    says="norepinephrine [ug/min] + dopamine [ug/kg/min] / 2 + epinephrine [ug/min] + phenylephrine [ug/min] / 10",
)
GORADIA = Formula(
    How.SUM, (Term("norepinephrine", per_kg=True), Term("epinephrine", per_kg=True), Term("phenylephrine", 0.1, per_kg=True),
              Term("dopamine", 0.01), Term("vasopressin", 2.5)),
    says="norepinephrine + epinephrine + phenylephrine / 10 + dopamine / 100 [all ug/kg/min] + vasopressin [U/min] x 2.5",
)


def vasst() -> Scale:
    """Norepinephrine equivalents by VASST, ug/min."""
    return Scale(
        id="norepinephrine-equivalent-vasst", version="2008", title="Norepinephrine equivalent, VASST", syndrome="vasopressors",
        criteria=inputs(VASST, "vasst2008:equivalents", Mark.MEMORY), cites=("vasst2008:equivalents", "lee2014:high-dose"), counts=_COUNTS,
        unit="ug/min", formula=VASST,
        notes=("Vasopressin is not converted: the tables of high doses have a row of their own for it.",),
    )


def goradia() -> Scale:
    """Norepinephrine equivalents by Goradia, ug/kg/min."""
    return Scale(
        id="norepinephrine-equivalent-goradia", version="2021", title="Norepinephrine equivalent, Goradia", syndrome="vasopressors",
        criteria=inputs(GORADIA, "goradia2021:formula", Mark.VERIFIED), cites=("goradia2021:formula",), counts=_COUNTS,
        unit="ug/kg/min", formula=GORADIA,
        notes=("It needs the body weight. Angiotensin II, metaraminol and terlipressin are not converted here.",),
    )


BUILDERS = {"norepinephrine-equivalent-vasst": vasst, "norepinephrine-equivalent-goradia": goradia}
