"""Laboratory values by CTCAE v4.03 and v5.0, one scale for each term: ``ctcae5-platelet-count-decreased``.

Source: ctcae403 and ctcae5, read in admiral.  The table is ``tocsin.derived.ctcae_table``.  What depends on a clinician's judgement (symptoms,
life-threatening consequences) is taken as asserted; what depends on treatment (hospital, intervention) is not derived.
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin.cite import Mark
from tocsin.derived.ctcae import cell, cite, lab_settings
from tocsin.derived.ctcae_table import CTCAE5, CTCAE403, TERMS, By, Cells, Term
from tocsin.rules import Named, Not, Or, Predicate, settled
from tocsin.scales.scale import Criterion, Scale
from tocsin.timeline import ATTRIBUTIONS
from tocsin.vocabulary import CONCEPTS

_PREFIX = {CTCAE403: "ctcae403", CTCAE5: "ctcae5"}
_PRINTED = {CTCAE403: "4.03", CTCAE5: "5.0"}
_LIMITS = "The patient's own limits of normal decide; where they are not told, common adult ones do, which are settings."
_BASELINE = "Against the limit of normal if the baseline was normal, against the baseline if it was not."
_PLAIN = "The far end of a printed range is where the next grade begins."
_CLINICAL = "An indication for hospital, transfusion or another intervention, which CTCAE prints beside some numbers, is not derived."
_NOTES = (_CLINICAL, "A value is graded whatever it is put down to. Death is not graded here.")


def _reading(one: Term, cells: Cells, grade: int) -> str:
    used = {bound.by for bound in cells[grade - 1]} if grade else {bound.by for some in cells for bound in some}
    parts = [one.reading] if one.reading else []
    if By.NORMAL_OR_BASELINE in used:
        parts.append(_BASELINE)
    if used & {By.NORMAL, By.NORMAL_OR_BASELINE}:
        parts.append(_LIMITS)
    return " ".join(parts) or _PLAIN


def _short(one: Term, says: str) -> str:
    words = says.replace(f"{CONCEPTS[one.concept].title} ", "").replace("the upper limit of normal", "ULN").replace("the lower limit of normal", "LLN")
    return words if len(words) <= 60 else ""


def _scale(one: Term, version: str, given: dict[str, object]) -> Scale:
    docs = lab_settings(one.id, version=version)
    settings = settled(docs, given)
    cells = one.cells(version)
    assert cells is not None
    cites, mark = cite(one, version), one.mark
    criteria: list[Criterion] = []
    met: list[Predicate] = []
    for grade in (1, 2, 3, 4):
        claim = cell(one.id, version, grade, settings)
        if claim is not None:
            met.append(claim)
            says = claim.english()
            criteria.append(Criterion(f"G{grade}", grade, claim, cites, mark, _reading(one, cells, grade), short=_short(one, says)))
    none = Named(f"ctcae{version}_{one.id}_0", Not(met[0] if len(met) == 1 else Or(tuple(met))), f"none of the grades of {one.title.lower()}",
                 cites, str(mark))
    criteria.append(Criterion("G0", 0, none, cites, mark, _reading(one, cells, 0), short="no grade of this term"))
    return Scale(
        id=f"{_PREFIX[version]}-{one.id}", version=_PRINTED[version], title=f"{one.title}, CTCAE v{_PRINTED[version]}", syndrome=one.title,
        criteria=tuple(criteria), cites=(cites, "admiral:adlb_grading") if mark is Mark.VERIFIED else (cites,), counts=ATTRIBUTIONS,
        settings=settings, setting_docs=docs, notes=_NOTES,
    )


def _builder(one: Term, version: str) -> Callable[..., Scale]:
    def build(**given: object) -> Scale:
        return _scale(one, version, given)

    build.__doc__ = f"{one.title} by CTCAE v{_PRINTED[version]}, with the given settings."
    return build


BUILDERS = {
    f"{_PREFIX[version]}-{one.id}": _builder(one, version)
    for version in (CTCAE5, CTCAE403) for one in TERMS.values() if one.cells(version) is not None
}

