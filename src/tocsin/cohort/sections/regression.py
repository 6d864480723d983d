"""Who was treated: what was known before the infusion against the arm, and the differences between the arms over the outcomes at a glance."""

from __future__ import annotations

import re
from math import floor, isinf, log10

import numpy as np
import polars as pl

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.logistic import CONSTANT, EVENTS_PER_COVARIATE, Coefficient, Logistic, logistic
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.parts import FigurePart, Forest, ForestRow, Section
from tocsin.cohort.sections import effects
from tocsin.cohort.sections.cells import NONE, joined, plural
from tocsin.cohort.sections.covariates import Chosen, measured_after, usable
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.given import defines_arms
from tocsin.cohort.sections.patients import variables_of
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import p_cell, spread, with_limits

KNOWN_SHARE = 2 / 3
"""The share of patients of whom a covariate must be known to be taken up unasked (a decision of this software)."""
FEW_VALUES = 5
"""Whole numbers of at most so many values are levels in order, as in Table 1 (a decision of this software)."""
Columns = dict[str, list[float | None]]


def section(cohort: Cohort) -> Section:
    """The section on who was treated."""
    draft = Draft("who-was-treated", "Who was treated" if defines_arms(cohort) else "Who was in which arm")
    chosen = _candidates(draft, cohort)
    if not chosen.columns:
        draft.leave_out("Regression of the arm on what was known before", "no characteristic of the patients can be a covariate.")
    else:
        for arm in cohort.arms[:-1]:
            _one(draft, cohort, arm, chosen)
    effects.write(draft, cohort)
    return draft.section()


def _candidates(draft: Draft, cohort: Cohort) -> Chosen:
    """The study's covariates, and every characteristic of Table 1 that enough patients have."""
    asked = cohort.study.adjust
    names = tuple(dict.fromkeys((*asked, *(v.name for v in variables_of(cohort)[0]))))
    late = measured_after(names)
    if late:
        draft.leave_out(f"{joined(late)} as a covariate of the arm", "known only after the infusion, and so perhaps after the treatment.")
    names = tuple(n for n in names if n not in late)
    few = [n for n in names if n not in asked and n in cohort.members.columns and _known(cohort.members[n]) < KNOWN_SHARE * len(cohort.members)]
    for n in few:
        draft.leave_out(f"{n.replace('_', ' ')} as a covariate of the arm", f"known for {_known(cohort.members[n])} of {len(cohort.members)} patients only.")
    names = tuple(n for n in names if n not in few)
    own = {*re.findall(r"\w+", cohort.study.arms), cohort.study.exposure}
    found = usable(cohort, tuple(n for n in names if n not in own))
    for name, why in found.unusable:
        draft.leave_out(f"{name.replace('_', ' ')} as a covariate of the arm", why)
    return found


def _one(draft: Draft, cohort: Cohort, arm: str, chosen: Chosen) -> None:
    """One arm against the reference: each covariate alone, and those of the study together; all together where the study names none."""
    reference = cohort.arms[-1]
    arms = cohort.members["arm"].to_list()
    outcome = [None if a not in (arm, reference) else a == arm for a in arms]
    what = f"{arm} against {reference}"
    groups = {name: _columns(name, values, chosen, [o is not None for o in outcome]) for name, values in chosen.columns.items()}
    alone = {name: draft.tried(f"{what}, {name} alone", lambda c=columns: logistic(outcome, c)) for name, columns in groups.items()}  # type: ignore[misc]
    asked = usable(cohort, cohort.study.adjust).columns
    joint = [name for name in groups if name in asked or not cohort.study.adjust]
    together = None
    if len(joint) > 1:
        every = {k: v for name in joint for k, v in groups[name].items()}
        together = draft.tried(f"{what}, {'all' if len(joint) == len(groups) else joined(joint)} together", lambda: logistic(outcome, every))
    whole = together if len(joint) == len(groups) else None
    models: list[Logistic | None] = [*alone.values(), together]
    fitted = [m for m in models if m is not None]
    if not fitted:
        return
    lines = Lines(["Covariate", "Alone: odds ratio (95% CI)", "p", "Patients", "Together: odds ratio (95% CI)", "p (together)"])
    forest: list[ForestRow] = []
    for name, columns in groups.items():
        one = alone[name]
        for label in columns:
            a = one[label] if one is not None else None
            t = together[label] if together is not None and name in joint else None
            lines.whole(label, _ratio(a), _p(a), str(one.n) if one is not None else NONE, _ratio(t), _p(t))
            for kind, c, model in (("alone", a, one), ("together", t, together)):
                if c is not None and model is not None:
                    value, low, high = c.odds_ratio
                    lines.number(comparison=what, model=kind, covariate=label, odds_ratio=value, low=low, high=high, p=c.p, n=model.n, events=model.events,
                                 method=model.method)
            shown, model = (t, together) if t is not None and whole is not None else (a, one)
            if shown is not None and model is not None:
                value, low, high = shown.odds_ratio
                forest.append(ForestRow(label, value, low, high, str(model.n), p_cell(shown.p)))
    key = "" if len(cohort.arms) == 2 else "-" + _key(arm)
    tests = adjust([m.p for m in alone.values() if m is not None], "none")
    draft.parts.append(lines.table(f"table-who-was-treated{key}", f"Who was in the arm {arm}: odds ratios against {reference}", (
        "Odds ratios with profile-likelihood limits and likelihood-ratio p-values; numbers per step named in the row. " + tests.statement,
        *_joint_note(arm, joint, together, whole is not None))))
    draft.parts.append(FigurePart(
        f"figure-who-was-treated{key}", f"Who was in the arm {arm}",
        f"Odds ratios of being in the arm {arm} rather than {reference}, with 95% profile-likelihood intervals"
        + (", all covariates together." if whole is not None else ", each covariate alone."),
        Forest(tuple(forest), "Odds ratio (95% CI)", 1.0, (f"less often {arm}", f"more often {arm}"))))
    _text(draft, arm, reference, alone, together, len(groups))
    for m in fitted:
        draft.rest_on(m.cites)


def _joint_note(arm: str, joint: list[str], together: Logistic | None, every: bool) -> tuple[str, ...]:
    if together is None:
        return ()
    what = "All together" if every else f"Together ({joined(joint)})"
    return (f"{what}: {together.method}, {plural(together.n, 'patient')} with all values ({together.events} in the arm {arm}), {together.left_out} left out.",)


def _text(draft: Draft, arm: str, reference: str, alone: dict[str, Logistic | None], together: Logistic | None, covariates: int) -> None:
    """What the models say, and what they cannot."""
    strongest = [(c.p, c) for m in alone.values() if m is not None for c in m.coefficients if c.name != CONSTANT]
    n = max((m.n for m in alone.values() if m is not None), default=0)
    events = next((m.events for m in alone.values() if m is not None and m.n == n), 0)
    said = f"{plural(covariates, 'characteristic')} known before treatment {'was' if covariates == 1 else 'were'} set against the arm ({events} {arm} of {n})"
    if strongest:
        _, c = min(strongest, key=lambda pair: pair[0])
        value, low, high = c.odds_ratio
        said += f"; the smallest p-value is that of {c.name}, with an odds ratio of {with_limits(value, low, high)} for {arm}, taken alone"
    draft.text.append(f"{said}. That an interval holds 1 does not show that the arms were alike: with few patients large differences stay compatible with the "
                      "data, and what was not recorded is not here.")
    if together is not None:
        coefficients = len(together.coefficients) - 1
        fewer = min(together.events, together.n - together.events)
        if fewer < EVENTS_PER_COVARIATE * coefficients:
            draft.warn(f"Together: {plural(fewer, 'patient')} in the smaller arm for {plural(coefficients, 'coefficient')}, fewer than "
                       f"{EVENTS_PER_COVARIATE} for each; the odds ratios may be far off, and the model cannot show that nothing mattered.")
        draft.warn(*(f"{arm} against {reference}, together: {w}" for w in together.warnings if "outcomes of the rarer kind" not in w))
    separated = [name for name, m in alone.items() if m is not None and m.separation.kind != "none"]
    if separated:
        draft.warn(f"{joined(separated)}: a value occurs in one of the arms only (separation). The odds ratio comes from Firth's penalised likelihood, which "
                   "stays finite.")
    draft.methods.append(
        "Who was treated was modelled by logistic regression with profile-likelihood limits, by maximum likelihood or, under separation, by Firth's penalised "
        f"likelihood, with {_software(alone)}; numbers enter per step of about one standard deviation, rounded.")


def _columns(name: str, values: list[object], chosen: Chosen, rows: list[bool]) -> Columns:
    """A covariate as the columns of a model: numbers in rounded steps, categories as one column for each level but the first."""
    levels = chosen.levels.get(name)
    if levels is not None:
        return {f"{name}: {level} against {levels[0]}": [None if v is None else float(v == level) for v in values] for level in levels[1:]}
    numbers = [None if v is None or np.isnan(float(str(v))) else float(str(v)) for v in values]
    known = [v for v, r in zip(numbers, rows, strict=True) if v is not None and r]
    if len(set(known)) <= 2:
        return {name: numbers}
    step = rounded(float(np.std(known)))
    if len(set(known)) <= FEW_VALUES and all(v == int(v) for v in known):       # levels in order: no step between two of them
        step = max(step, 1.0)
    return {f"{name}, per {step:g} {chosen.units.get(name, '')}".rstrip(): [None if v is None else v / step for v in numbers]}


def rounded(spread_of: float) -> float:
    """The number of 1, 2, 5, 10, 20 ... nearest to a spread, in ratio."""
    if not spread_of > 0 or isinf(spread_of):
        return 1.0
    power = 10.0 ** floor(log10(spread_of))
    return min((power * m for m in (1.0, 2.0, 5.0, 10.0)), key=lambda s: abs(log10(s / spread_of)))


def _ratio(c: Coefficient | None) -> str:
    if c is None:
        return NONE
    value, low, high = c.odds_ratio
    return spread(value, low, high)


def _p(c: Coefficient | None) -> str:
    return NONE if c is None else p_cell(c.p)


def _known(column: pl.Series) -> int:
    return len(column.drop_nans() if column.dtype.is_float() else column) - column.null_count()


def _software(models: dict[str, Logistic | None]) -> str:
    return next((m.software for m in models.values() if m is not None), "")


def _key(arm: str) -> str:
    """An arm as part of the name of a file."""
    return "-".join("".join(c if c.isalnum() else " " for c in arm.lower()).split())
