"""One endpoint compared between arms: log-rank tests, hazard ratios with and without covariates, and differences of restricted means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tocsin.cohort.cohort import Cohort
from tocsin.cohort.kaplan_meier import kaplan_meier, restricted_mean_difference
from tocsin.cohort.logrank import log_rank
from tocsin.cohort.logrank_exact import DRAWS, log_rank_permutation
from tocsin.cohort.multiplicity import adjust
from tocsin.cohort.result import Estimate, TestResult
from tocsin.cohort.sections.cells import joined, plural
from tocsin.cohort.sections.covariates import measured_after, usable
from tocsin.cohort.sections.draft import Draft
from tocsin.cohort.sections.hazards import Hazards, Ratio, hazards
from tocsin.cohort.sections.outcomes import Endpoint, arms_of, only, present, reference_first
from tocsin.cohort.sections.tables import Lines
from tocsin.cohort.sections.words import Unit, level, p_cell, p_words, plain, spread, with_limits
from tocsin.cohort.survival import Survival

PERMUTE_BELOW = 100
"""Patients below which the log-rank test is also done by permutation, and FEW_EVENTS the events (choices of this software)."""
FEW_EVENTS = 20
LEAST_DRAWS = 1_999
NUMBERS_DRAWN = 10_000_000
"""Scores drawn at random for a permutation test at most, so that a large cohort does not wait; never fewer permutations than LEAST_DRAWS."""
DEPARTURE = 0.05
"""The p-value of proportional hazards below which a hazard ratio gets a warning."""


def compare(draft: Draft, cohort: Cohort, endpoint: Endpoint, data: Survival, lines: Lines, models: Lines, unit: Unit) -> str:
    """Write what the comparisons say into the draft and its tables; answers the note of the figure."""
    found = draft.tried(f"{endpoint.name}, comparison of arms", lambda: present(cohort, data))
    if found is None:
        return ""
    arms = only(arms_of(cohort), found)
    lines.heading(endpoint.name)
    test = draft.tried(f"{endpoint.name}, log-rank test", lambda: log_rank(data, arms, levels=found))
    if test is None:
        lines.add("Log-rank test", "", "", "", "not done")
        return "No test: no events to compare"
    permuted = _tests(draft, endpoint, data, arms, found, test.test, lines)
    model = draft.tried(f"{endpoint.name}, hazard ratio", lambda: hazards(data, {"arm": arms}, levels={"arm": reference_first(found)}))
    note = f"Log-rank {p_words(test.test.p)}"
    said = [f"{endpoint.name}: log-rank {p_words(test.test.p)}" + (f" (permutation test {p_words(permuted.p)})" if permuted is not None else "") + "."]
    if model is not None:
        _model(models, endpoint, model, "arms only")
        _ratios(draft, endpoint, model, model.of("arm"), lines, said, found[-1])
        if len(found) == 2:
            r = model.of("arm")[0]
            note += f"; hazard ratio {with_limits(r.value, r.low, r.high)}"
    draft.text.append(" ".join(said))
    _adjusted(draft, cohort, endpoint, data, arms, found, lines, models)
    _means(draft, endpoint, data, arms, found, lines, unit)
    return note


def permutation(data: Survival, arms: Sequence[object], levels: Sequence[str]) -> TestResult:
    """The permutation log-rank test, exact where it can be, with as many draws as the size of the cohort allows."""
    n = max(int(data.known.sum()), 1)
    return log_rank_permutation(data, arms, levels=levels, draws=min(DRAWS, max(LEAST_DRAWS, NUMBERS_DRAWN // n)))


def _tests(draft: Draft, endpoint: Endpoint, data: Survival, arms: Sequence[object], levels: Sequence[str], test: TestResult,
           lines: Lines) -> TestResult | None:
    """Rows of the tests: over all arms, by permutation where the sample is small, and of each arm against the reference."""
    n, events = sum(test.n), int((data.event[data.known] > 0).sum())
    lines.add("Log-rank test" + (" over all arms" if len(levels) > 2 else ""), "", p_cell(test.p), f"{n} ({events})", test.called)
    lines.number(endpoint=endpoint.id, comparison="all arms", measure="log-rank", value=test.statistic, df=test.df[0], p=test.p, n=n, events=events)
    draft.rest_on(test.cites)
    draft.warn(*(f"{endpoint.name}: {w}" for w in test.warnings))
    permuted = None
    if n < PERMUTE_BELOW or events < FEW_EVENTS:
        permuted = draft.tried(f"{endpoint.name}, permutation log-rank test", lambda: permutation(data, arms, levels))
    if permuted is not None:
        error = f"; Monte Carlo error {permuted.error:.4f}" if permuted.error else ""
        lines.add("Permutation log-rank test", "", p_cell(permuted.p), f"{n} ({events})", permuted.variant + error)
        lines.number(endpoint=endpoint.id, comparison="all arms", measure="permutation log-rank", p=permuted.p, n=n, events=events)
        draft.rest_on(permuted.cites)
    if len(levels) > 2:
        _pairwise(draft, endpoint, data, arms, levels, lines)
    return permuted


def _pairwise(draft: Draft, endpoint: Endpoint, data: Survival, arms: Sequence[object], levels: Sequence[str], lines: Lines) -> None:
    pairs = [(a, levels[-1]) for a in levels[:-1]]
    tests = [draft.tried(f"{endpoint.name}, {a} against {b}", lambda a=a, b=b: log_rank(data, only(arms, (a, b)), levels=(a, b)).test)  # type: ignore[misc]
             for a, b in pairs]
    holm = adjust([None if t is None else t.p for t in tests], "holm")
    for (a, b), t, p in zip(pairs, tests, holm.adjusted, strict=True):
        if t is not None:
            lines.add(f"Log-rank test, {a} against {b}", "", f"{p_cell(t.p)}; Holm {p_cell(p)}", str(sum(t.n)), t.called)
            lines.number(endpoint=endpoint.id, comparison=f"{a} against {b}", measure="log-rank", value=t.statistic, df=t.df[0], p=t.p, p_holm=p, n=sum(t.n))
    draft.text.append(f"{endpoint.name}, arms against {levels[-1]}: {holm.statement}")
    draft.rest_on(holm.cites)


def _ratios(draft: Draft, endpoint: Endpoint, model: Hazards, ratios: Sequence[Ratio], lines: Lines, said: list[str], reference: str) -> None:
    for r in ratios:
        arm = r.name.removeprefix("arm: ")
        lines.add(f"Hazard ratio, {arm} against {reference}", spread(r.value, r.low, r.high), p_cell(r.p), f"{model.n} ({model.events})", model.method)
        lines.number(endpoint=endpoint.id, comparison=f"{arm} against {reference}", measure="hazard ratio", value=r.value, low=r.low, high=r.high, p=r.p,
                     n=model.n, events=model.events)
        said.append(f"The hazard ratio of {arm} against {reference} is {with_limits(r.value, r.low, r.high)}.")
        if r.low is not None and r.high is not None and r.low < 1 < r.high:
            said.append(f"With {plural(model.events, endpoint.one, endpoint.many)} a hazard ratio between {plain(r.low)} and {plain(r.high)} is compatible "
                        "with the data, so that neither benefit nor harm is excluded.")
    p = model.check("arm")
    if p is not None and p < DEPARTURE:
        draft.warn(f"{endpoint.name}: the hazards of the arms are not proportional ({p_words(p)}): the hazard ratio changes during follow-up and one number "
                   "does not tell it. The difference of restricted means does not need proportional hazards.")
    elif model.unchecked:
        draft.leave_out(f"{endpoint.name}, test of proportional hazards", model.unchecked)
    draft.warn(*(f"{endpoint.name}: {w}" for w in model.warnings))
    draft.rest_on(model.cites)


def _model(models: Lines, endpoint: Endpoint, model: Hazards, what: str, called: Callable[[str], str] = str) -> None:
    """The rows of one model."""
    c = model.concordance
    models.heading(f"{endpoint.name}, {what}: {plural(model.n, 'patient')}, {plural(model.events, endpoint.one, endpoint.many)}"
                   + (f", {model.fit.dropped} without a value left out" if model.fit.dropped else "") + f"; {model.method}; concordance "
                   + spread(c.value, c.low, c.high))
    for r in model.ratios:
        models.add(called(r.name), spread(r.value, r.low, r.high), p_cell(r.p), p_cell(model.check(r.term)))
        models.number(endpoint=endpoint.id, model=what, covariate=r.name, hazard_ratio=r.value, low=r.low, high=r.high, p=r.p,
                      proportional_hazards_p=model.check(r.term), method=model.method, n=model.n, events=model.events, left_out=model.fit.dropped,
                      concordance=c.value, concordance_low=c.low, concordance_high=c.high)
        if model.firth is not None:
            own = model.fit[r.name]
            models.add(f"{called(r.name)}, Cox model without penalty", spread(own.hazard_ratio, own.low, own.high), p_cell(own.p), "")
            models.number(endpoint=endpoint.id, model=what, covariate=r.name, hazard_ratio=own.hazard_ratio, low=own.low, high=own.high, p=own.p,
                          method="Cox model", n=model.n, events=model.events)


def _adjusted(draft: Draft, cohort: Cohort, endpoint: Endpoint, data: Survival, arms: Sequence[object], levels: Sequence[str], lines: Lines,
              models: Lines) -> None:
    """The model with the study's covariates."""
    names = cohort.study.adjust
    if not names:
        return
    chosen = usable(cohort, names, [bool(k) and a is not None for k, a in zip(data.known, arms, strict=True)])
    for name, why in chosen.unusable:
        draft.leave_out(f"{endpoint.name}, adjustment for {name}", why)
    if not chosen.columns:
        return
    model = draft.tried(f"{endpoint.name}, adjusted hazard ratio", lambda: hazards(
        data, {"arm": arms, **chosen.columns}, levels={"arm": reference_first(levels), **chosen.levels}))
    if model is None:
        return
    by = joined(list(chosen.columns))
    _model(models, endpoint, model, f"adjusted for {by}", chosen.per_unit)
    for r in model.of("arm"):
        arm = r.name.removeprefix("arm: ")
        lines.add(f"Hazard ratio adjusted for {by}, {arm} against {levels[-1]}", spread(r.value, r.low, r.high), p_cell(r.p), f"{model.n} ({model.events})",
                  model.method)
        lines.number(endpoint=endpoint.id, comparison=f"{arm} against {levels[-1]}", measure="adjusted hazard ratio", value=r.value, low=r.low, high=r.high,
                     p=r.p, n=model.n, events=model.events)
        draft.text.append(f"Adjusted for {by} the hazard ratio of {arm} against {levels[-1]} in {endpoint.name.lower()} is "
                          f"{with_limits(r.value, r.low, r.high)}, in {plural(model.n, 'patient')} with all values and "
                          f"{plural(model.events, endpoint.one, endpoint.many)}.")
    late = measured_after(names)
    if late:
        draft.warn(f"The models are adjusted for {joined(late)}, which {'is' if len(late) == 1 else 'are'} known only after the infusion: what lies between "
                   "treatment and outcome, adjusted for, hides a part of the effect and can create one.")
    draft.warn(*(f"{endpoint.name}, adjusted: {w}" for w in model.warnings))
    draft.rest_on(model.cites)


def _means(draft: Draft, endpoint: Endpoint, data: Survival, arms: Sequence[object], levels: Sequence[str], lines: Lines, unit: Unit) -> None:
    """Differences of restricted means up to the time to which every arm was followed."""
    curves = kaplan_meier(data, arms, levels=levels)
    horizon = min(float(c.time[-1]) for c in curves.curves)
    if not horizon > 0:
        draft.leave_out(f"{endpoint.name}, restricted means", "an arm was not followed beyond the infusion.")
        return
    reference = curves[levels[-1]]
    for arm in levels[:-1]:
        found, p = restricted_mean_difference(curves[arm], reference, horizon)
        if found.value is None or np.isnan(p):
            draft.leave_out(f"{endpoint.name}, restricted means, {arm} against {reference.label}", "nobody had the event before the shared end of follow-up.")
            continue
        value, low, high = (None if x is None else x / unit.days for x in (found.value, found.low, found.high))
        lines.add(f"Difference of restricted means to {unit.show(horizon)} {unit.name}, {arm} - {reference.label}", spread(value, low, high), p_cell(p),
                  f"{curves[arm].n + reference.n} ({curves[arm].n_events + reference.n_events})", "areas under Kaplan-Meier")
        lines.number(endpoint=endpoint.id, comparison=f"{arm} against {reference.label}", measure="difference of restricted means", value=found.value,
                     low=found.low, high=found.high, p=p, until_days=horizon, n=curves[arm].n + reference.n)
        draft.text.append(f"{endpoint.name}: up to {unit.show(horizon)} {unit.name}, as far as every arm was followed, the mean time without the event is "
                          f"{_longer(found, unit)} in the arm {arm} than in {reference.label}.")
        draft.rest_on(found.cites)


def _longer(found: Estimate, unit: Unit) -> str:
    """A difference of times as "2.2 months (95% CI -0.4 to 4.9) longer", or shorter."""
    sign = -1 if (found.value or 0.0) < 0 else 1
    value, low, high = (None if x is None else sign * x / unit.days for x in (found.value, found.low, found.high))
    if sign < 0:
        low, high = high, low
    return f"{plain(value)} {unit.name} ({level(found.level)} {plain(low)} to {plain(high)}) {'longer' if sign > 0 else 'shorter'}"
