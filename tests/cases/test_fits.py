"""The fitted recipes of the published cases, recomputed: what is stored must be so."""

from __future__ import annotations

import numpy as np
import pytest

from tocsin.cases.individual import FARTHEST, log_normal_below, prior
from tocsin.cases.recipe import fit_text
from tocsin.cases.virtual import VirtualCase
from tocsin.model.patients import check

AGREES = 1e-3


def test_the_values_were_fitted_with_the_present_model_and_recipe(told: VirtualCase) -> None:
    assert not told.stale, f"case {told.recipe.case}: the model or the recipe has changed; fit again: python calibration/cases.py --write"


def test_no_fitted_value_is_farther_from_its_population_than_three_and_a_half_deviations(fresh: VirtualCase) -> None:
    far = {n: z for n, z in zip(fresh.individual.names, fresh.standard, strict=True) if abs(z) > FARTHEST + 1e-9}
    assert not far


def test_every_fitted_value_lies_within_the_bounds_of_its_table(fresh: VirtualCase) -> None:
    patient = fresh.individual.patient(fresh.standard)
    check(fresh.individual.system, patient.ids, patient.parameters)
    low, high = fresh.individual.bounds.T
    assert (fresh.standard >= low - 1e-9).all()
    assert (fresh.standard <= high + 1e-9).all()


def test_exactly_the_facts_that_the_fit_calls_met_are_met_when_rerun(fresh: VirtualCase) -> None:
    met = {f.id for f, ok in zip(fresh.recipe.facts, fresh.met, strict=True) if ok}
    assert met == set(fresh.fit.met)
    assert set(fresh.fit.missed) == {f.id for f in fresh.recipe.facts} - met


def test_the_objective_recomputed_is_the_one_stored(fresh: VirtualCase) -> None:
    again = float(fresh.individual.objective(fresh.standard[None, :])[0])
    assert again == pytest.approx(fresh.fit.objective, rel=AGREES, abs=AGREES)
    assert fresh.fit.objective == pytest.approx(fresh.fit.misfit + fresh.fit.prior, rel=AGREES)


def test_the_fit_is_better_than_the_median_patient_and_than_any_of_many_about_it(fresh: VirtualCase) -> None:
    rng = np.random.default_rng(5)
    low, high = fresh.individual.bounds.T
    about = fresh.standard + 0.1 * rng.standard_normal((40, len(fresh.standard)))
    others = np.clip(np.vstack([np.zeros_like(fresh.standard), about]), low, high)
    assert (fresh.individual.objective(others) > fresh.fit.objective - AGREES).all()


def test_every_fact_says_what_in_the_model_would_stand_against_it(told: VirtualCase) -> None:
    silent = [f.id for f in told.recipe.facts if not f.if_missed]
    assert not silent


def test_a_fit_written_and_read_again_is_the_same(told: VirtualCase) -> None:
    import tomllib

    table = tomllib.loads(fit_text(told.recipe.case, told.fit))
    assert table["values"] == pytest.approx(dict(told.fit.values), rel=1e-9)
    assert (table["digest"], tuple(table["met"])) == (told.fit.digest, told.fit.met)


def test_a_bound_is_a_censored_normal_and_not_a_target() -> None:
    from scipy.stats import norm

    z = np.array([-30.0, -5.1, -4.9, -2.0, 0.0, 3.0, 12.0])
    assert log_normal_below(z) == pytest.approx(norm.logcdf(z), rel=1e-3, abs=1e-9)


def test_the_prior_of_the_median_is_the_best() -> None:
    assert prior(np.zeros((1, 3)))[0] == 0.0
    assert prior(np.array([[1.0, 0.0, -2.0]]))[0] == 2.5
