"""Laboratory toxicity by CTCAE v4.03 and v5.0: "this value is of at least this grade", for scales and for organ toxicity.

The numbers stand in ``ctcae_table``, the limits of normal in ``normal_limits``.
"""

from __future__ import annotations

from tocsin.cite import Mark
from tocsin.derived.ctcae_table import CTCAE5, CTCAE403, TERMS, Bound, By, Cells, Term, When
from tocsin.derived.normal_limits import Beyond, Settings, normal_settings
from tocsin.errors import RuleError, UnknownIdError
from tocsin.rules import NEVER, Compare, Fact, IsIn, Measure, Named, Or, PatientLimit, Predicate, Setting, charted, present
from tocsin.vocabulary import CONCEPTS

BASELINE_UNKNOWN_IS_NORMAL = Setting(
    "baseline_unknown_is_normal", False, "", "v5.0 grades some values against the baseline if that was abnormal; a baseline that is not told "
    "is taken as normal (off: the grade stays open where the two readings differ)", "tocsin:baseline", Mark.DECISION)
LIMITS_DECIDE = Setting(
    "limits_decide_without_baseline", True, "", "a comparison with the baseline that is printed beside one with the limits of normal counts only "
    "where the baseline is known (off: without it the grade stays open)", "tocsin:baseline", Mark.DECISION)
ANY_CHANGE = Setting(
    "any_change_from_baseline_is_grade_1", True, "", "v4.03: any change from baseline for the worse, however small and within the limits of "
    "normal, is grade 1, as printed", "ctcae403:grade 1", Mark.VERIFIED)
ASSUME_SYMPTOMS = Setting(
    "assume_symptoms", False, "", "signs, symptoms or consequences on which a grade depends are taken as present where nothing is told of them "
    "(the worst case; off: the grade stays open)", "tocsin:ctcae", Mark.DECISION)
NEAR_END_COUNTS = Setting(
    "near_end_counts", True, "", "where the lowest grade is printed as a range with its near end (150 - 300), a value of exactly that end is in it",
    "ctcae5:ranges", Mark.DECISION)
SI_LIMITS = Setting(
    "si_limits", False, "", "limits as printed in SI units, converted, instead of the conventional ones; the two are rounded and differ a little",
    "ctcae5:units", Mark.VERIFIED)
_VERSION_KEYS = {CTCAE403: "ctcae403", CTCAE5: "ctcae5"}


def term(name: str) -> Term:
    """The term of that id; UnknownIdError when there is none."""
    if name not in TERMS:
        raise UnknownIdError("CTCAE term", name, TERMS)
    return TERMS[name]


def cite(one: Term, version: str) -> str:
    """Where the term is printed."""
    return f"{_VERSION_KEYS[version]}:{one.title}"


def lab(name: str, version: str, grade: int, settings: Settings) -> Predicate:
    """The value of that term ("platelet-count-decreased") is of at least this grade in that version ("4.03" or "5").

    ``settings``: those of ``lab_settings``; what is missing has its default.  Never true where the version has no such grade.
    """
    one = term(name)
    cells = _cells(one, version)
    if not 1 <= grade <= 4:
        raise RuleError(f"CTCAE has no grade {grade} that a laboratory value could have")
    bounds: list[Bound] = []
    for cell in cells[grade - 1:]:
        bounds.extend(b for b in cell if not any(_implied(b, other, one.high) for other in bounds))
    return _named(one, version, grade, [_bound(one, b, settings) for b in bounds if _used(b, settings)], at_least=True)


def cell(name: str, version: str, grade: int, settings: Settings) -> Predicate | None:
    """What is printed for exactly that grade, as "at least this"; None where nothing is."""
    one = term(name)
    bounds = [b for b in _cells(one, version)[grade - 1] if _used(b, settings)]
    if not bounds and not (grade == 4 and one.deadly):
        return None
    return _named(one, version, grade, [_bound(one, b, settings) for b in bounds])


def lab_settings(*names: str, version: str) -> tuple[Setting, ...]:
    """The settings on which these terms depend in that version, each once."""
    out: dict[str, Setting] = {}
    for name in names:
        one = term(name)
        bounds = [b for cell in _cells(one, version) for b in cell]
        by, when = {b.by for b in bounds}, {b.when for b in bounds}
        limits = normal_settings(f"{'uln' if one.high else 'lln'}_{one.concept}") if by & {By.NORMAL, By.NORMAL_OR_BASELINE} else ()
        asked = (
            (SI_LIMITS, any(b.si is not None for b in bounds)), (NEAR_END_COUNTS, any(_has_near_end(b) for b in bounds)),
            (BASELINE_UNKNOWN_IS_NORMAL, By.NORMAL_OR_BASELINE in by), (ANY_CHANGE, any(b.change for b in bounds)),
            (LIMITS_DECIDE, any(b.by is By.BASELINE and b.when is not When.ANTICOAGULATED for b in bounds)),
            (ASSUME_SYMPTOMS, When.SYMPTOMATIC in when),
        )
        out.update({s.name: s for s in (*limits, *(setting for setting, wanted in asked if wanted))})
    return tuple(out.values())


# ---------------------------------------------------------------------------------------------------- one bound
def _cells(one: Term, version: str) -> Cells:
    if version not in _VERSION_KEYS:
        raise UnknownIdError("CTCAE version", version, _VERSION_KEYS)
    cells = one.cells(version)
    if cells is None:
        raise RuleError(f"CTCAE v{version} does not grade {one.title} by a laboratory value")
    return cells


def _on(setting: Setting, settings: Settings) -> bool:
    return bool(settings.get(setting.name, setting.default))


def _used(bound: Bound, settings: Settings) -> bool:
    return not bound.change or _on(ANY_CHANGE, settings)


def _has_near_end(bound: Bound) -> bool:
    return bound.reached and bound.by in (By.NUMBER, By.NORMAL_OR_BASELINE)


def _implied(bound: Bound, other: Bound, high: bool) -> bool:
    """Whether every value beyond ``bound`` is beyond ``other`` too."""
    if bound.when is When.ABNORMAL and other == Bound(1.0, By.NORMAL):
        return True
    if bound.by is not other.by or other.when not in (When.ALWAYS, bound.when) or other.abnormal is not None:
        return False
    sign = 1 if high else -1
    return sign * (bound.amount - other.amount) >= 0 and sign * (bound.plus - other.plus) >= 0


def _named(one: Term, version: str, grade: int, ways: list[Predicate], at_least: bool = False) -> Predicate:
    if one.deadly:
        word = f"{_disorder(one)} asserted{' to be life-threatening' if len(one.deadly) == 1 else ''}"
        ways = [*ways, charted(IsIn(one.disorder, one.deadly, says=word, ask=False))] if at_least or grade == 4 else ways
    if not ways:
        return NEVER
    of = ways[0] if len(ways) == 1 else Or(tuple(ways))
    return Named(f"ctcae{version}_{one.id}_{grade}", of, says=of.english(), cites=cite(one, version), mark=str(one.mark), reading=one.reading)


def _bound(one: Term, bound: Bound, settings: Settings) -> Predicate:
    match bound.by:
        case By.NUMBER:
            out: Predicate = _number(one, bound, settings)
        case By.NORMAL:
            out = Beyond(one.concept, one.high, bound.amount, bound.plus).predicate(settings)
        case By.BASELINE:
            out = _beyond_baseline(one, bound.amount, bound.plus, bound.reached)
            if bound.when is not When.ANTICOAGULATED and _on(LIMITS_DECIDE, settings):
                out = charted(out)
        case By.NORMAL_OR_BASELINE:
            out = _normal_or_baseline(one, bound, settings)
    match bound.when:
        case When.ALWAYS:
            return out
        case When.SYMPTOMATIC:
            return out & _symptomatic(one, settings)
        case When.ANTICOAGULATED:
            return out & _told("anticoagulation", "an anticoagulant is given", cite(one, CTCAE5))
        case When.BLEEDING:
            return out & _told("bleeding", "bleeding asserted", cite(one, CTCAE5))
        case When.INFARCTION:
            return out & present("myocardial_infarction", says="troponin at the level of a myocardial infarction")
        case When.ABNORMAL:
            return Beyond(one.concept, one.high).predicate(settings) & out


def _told(finding: str, says: str, cites: str) -> Named:
    """A finding that counts where it is told; what nobody mentions does not apply."""
    return Named(f"told_{finding}", charted(present(finding, says=says)), says=says, cites=cites, mark=str(Mark.VERIFIED))


def _disorder(one: Term) -> str:
    return CONCEPTS[one.disorder].title.removesuffix(", as asserted").removeprefix("Signs or symptoms of ").lower()


def _compare(one: Term, limit: float | PatientLimit, reached: bool) -> Compare:
    value = Measure(one.concept, str(CONCEPTS[one.concept].unit))
    if one.high:
        return value.at_least(limit) if reached else value.above(limit)
    return value.at_most(limit) if reached else value.below(limit)


def _number(one: Term, bound: Bound, settings: Settings) -> Compare:
    amount = bound.amount
    if bound.si is not None and _on(SI_LIMITS, settings):
        amount = CONCEPTS[one.concept].conversion(one.si_unit).to_canonical(bound.si)
    return _compare(one, amount, bound.reached and _on(NEAR_END_COUNTS, settings))


def _beyond_baseline(one: Term, times: float, plus: float, reached: bool, default: float | None = None) -> Compare:
    says = "baseline" if times == 1 else f"{times:g} x baseline"
    if plus:
        says += f" {'+' if plus > 0 else '-'} {abs(plus):g} {CONCEPTS[one.concept].unit}"
    return _compare(one, PatientLimit(f"baseline_{one.concept}", says, times, plus, default), reached)


def _normal_or_baseline(one: Term, bound: Bound, settings: Settings) -> Predicate:
    """Beyond so many times the limit of normal if the baseline was normal, or so many times the baseline if it was not.

    With one multiple for both that is: beyond both.  Where the baseline is not known, what lies within the first is surely not
    of this grade; what lies beyond it may be.
    """
    beyond = Beyond(one.concept, one.high, bound.amount, bound.plus).predicate(settings)
    assumed = _on(BASELINE_UNKNOWN_IS_NORMAL, settings)
    if bound.abnormal is None:
        return beyond & _beyond_baseline(one, bound.amount, bound.plus, False, 0.0 if assumed else None)
    limit = Beyond(one.concept, one.high).limit(settings)
    normal = Fact(f"baseline_{one.concept}", "<=" if one.high else ">=", limit, "the baseline was normal", assume=True if assumed else None)
    return beyond & (normal | _beyond_baseline(one, bound.abnormal, 0.0, bound.reached and _on(NEAR_END_COUNTS, settings)))


def _symptomatic(one: Term, settings: Settings) -> Predicate:
    says = f"{_disorder(one)} with symptoms"
    if _on(ASSUME_SYMPTOMS, settings):
        return ~charted(IsIn(one.disorder, ("absent", "asymptomatic"), says=f"{_disorder(one)} asserted to be without symptoms"))
    return IsIn(one.disorder, ("symptomatic", "life_threatening"), maybe=("present",), says=says)


__all__ = ["CTCAE5", "CTCAE403", "TERMS", "Term", "cell", "cite", "lab", "lab_settings", "term"]
