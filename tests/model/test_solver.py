"""The compiled solver against exact solutions, SciPy and libRoadRunner, and its promises about stops, doses, lanes and failures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.toys import compiled, state, system
from tocsin.errors import ModelError, SettingError, UnknownIdError
from tocsin.model.compile import compile_system
from tocsin.model.events import Events

integrate = pytest.importorskip("scipy.integrate")

DAYS = np.linspace(0.0, 4.0, 17)


def values_by_scipy(model, parameters, times, method="Radau"):
    system = model.system
    full = {p.name: p.value for p in system.parameters} | parameters
    row = [full[n] for n in system.parameter_names]
    y0 = model.initial_states(row)[0]
    solved = integrate.solve_ivp(
        lambda t, y: model.rates(t, y, row), (0.0, times[-1]), y0, method=method, t_eval=times, rtol=1e-10, atol=1e-13,
        jac=None if method == "DOP853" else lambda t, y: model.jacobian(t, y, row),
    )
    assert solved.success
    return solved.y.T


def one_compartment(times, doses, infusions=(), k=3.0):
    """The amount by the closed form: each dose decays, each infusion rises to rate / k and decays; a dose at a time counts after it."""
    total = np.zeros(len(times))
    for at, amount in doses:
        total += np.where(times > at, amount * np.exp(-k * (times - at)), 0.0)
    for at, amount, duration in infusions:
        during = np.clip(times - at, 0.0, duration)
        total += amount / duration / k * (1 - np.exp(-k * during)) * np.exp(-k * np.clip(times - at - duration, 0.0, None))
    return total


# ---------------------------------------------------------------- accuracy


def test_decay_is_an_exponential():
    solved = compiled("DECAY").solve({"k": [0.1, 0.7, 30.0]}, None, DAYS, rtol=1e-9, atol=1e-12)
    assert solved["x"] == pytest.approx(2.0 * np.exp(-np.outer([0.1, 0.7, 30.0], DAYS)), rel=1e-7, abs=1e-10)


@pytest.mark.parametrize(("name", "end"), [("ROBERTSON", 1e5), ("VAN_DER_POL", 2.0), ("LOTKA_VOLTERRA", 30.0), ("SATURABLE", 8.0), ("WAVE", 5.0)])
def test_stiff_and_oscillating_systems_agree_with_scipy(name, end):
    model = compiled(name)
    times = np.concatenate([[0.0], np.geomspace(end / 1e4, end, 25)])
    truth = values_by_scipy(model, {}, times)
    solved = model.solve(None, None, times, rtol=1e-9, atol=1e-12)
    scale = np.abs(truth) + 1e-4 * np.abs(truth).max(axis=0)
    assert np.max(np.abs(solved.values[0] - truth) / scale) < 3e-6


def test_lsoda_agrees_on_the_stiff_one_too():
    model = compiled("ROBERTSON")
    times = np.array([0.0, 0.4, 4.0, 40.0, 400.0])
    truth = values_by_scipy(model, {}, times, method="LSODA")
    assert model.solve(None, None, times, rtol=1e-9, atol=1e-14).values[0] == pytest.approx(truth, rel=1e-6, abs=1e-11)


@pytest.mark.parametrize(("method", "order"), [("rodas5p", 5), ("rodas4", 4)])
def test_the_error_falls_with_the_order_of_the_method(method, order):
    """Under error control, the error of a step is the tolerance, and n steps reach error ~ n^-order: its slope over the number of steps is measured."""
    model = compiled("LOTKA_VOLTERRA", 1, method)
    times = [0.0, 10.0]
    truth = model.solve(None, None, times, rtol=1e-13, atol=1e-14).values[0, -1]
    runs = [model.solve(None, None, times, rtol=r, atol=r) for r in np.geomspace(1e-5, 1e-10, 6)]
    steps = np.array([run.state.steps[0, 0] for run in runs])
    errors = np.array([np.abs(run.values[0, -1] - truth).max() for run in runs])
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order - 0.5 < slope < order + 1.5


@given(rtol=st.floats(1e-9, 1e-4))
@settings(max_examples=15, deadline=None)
def test_a_smaller_tolerance_gives_a_smaller_error_in_proportion(rtol):
    model = compiled("LOTKA_VOLTERRA")
    times = np.linspace(0.0, 20.0, 41)
    truth = model.solve(None, None, times, rtol=1e-12, atol=1e-14).values
    loose, tight = (np.abs(model.solve(None, None, times, rtol=r, atol=r).values - truth).max() for r in (rtol, rtol / 32))
    assert loose < 2000 * rtol
    assert tight < loose / 4


def test_what_is_between_the_steps_is_as_exact_as_the_steps():
    model = compiled("LOTKA_VOLTERRA")
    fine = np.linspace(0.0, 10.0, 2001)
    truth = model.solve(None, None, fine, rtol=1e-12, atol=1e-14).values[0]
    run = model.solve(None, None, fine, rtol=1e-7, atol=1e-9)
    assert run.state.steps[0, 0] < 300
    assert np.max(np.abs(run.values[0] - truth) / (truth + 0.1)) < 3e-5


def test_time_itself_may_stand_in_an_equation():
    solved = compiled("WAVE").solve(None, None, DAYS, rtol=1e-9, atol=1e-12)
    assert solved["x"][0] == pytest.approx(np.exp(-DAYS), abs=1e-8)


def test_the_jacobian_is_that_of_the_rates():
    model = compiled("SATURABLE")
    row = [p.value for p in model.system.parameters]
    y = np.array([3.1, 0.9])
    measured = np.column_stack([(model.rates(0.0, y + d, row) - model.rates(0.0, y - d, row)) / 2e-6 for d in 1e-6 * np.eye(2)])
    assert model.jacobian(0.0, y, row) == pytest.approx(measured, rel=1e-7)


# ---------------------------------------------------------------- doses


def test_repeated_doses_and_infusions_follow_the_closed_form():
    doses = [(0.0, 10.0), (0.5, 10.0), (0.5, 5.0), (2.0, 20.0), (2.75, 3.0)]
    infusions = [(1.0, 12.0, 0.25), (1.1, 6.0, 0.5), (3.0, 30.0, 0.04)]
    events = Events.of([(0, at, "amount", a) for at, a in doses] + [(0, at, "infusion", a, d) for at, a, d in infusions])
    solved = compiled("ONE_COMPARTMENT").solve(None, None, DAYS, events, rtol=1e-9, atol=1e-12)
    assert solved["amount"][0] == pytest.approx(one_compartment(DAYS, doses, infusions), rel=1e-7, abs=1e-9)
    assert solved["concentration"][0] == pytest.approx(solved["amount"][0] / 5.0)
    assert solved.state.inputs[0, 0] == 0.0


def test_a_dose_counts_after_the_output_of_its_time_and_one_at_the_end_belongs_to_the_next_stretch():
    model = compiled("ONE_COMPARTMENT")
    events = Events.of([(0, 0.0, "amount", 4.0), (0, 1.0, "amount", 8.0)])
    first = model.solve(None, None, [0.0, 1.0], events)
    assert first["amount"][0, 0] == 0.0
    assert first["amount"][0, 1] == pytest.approx(4 * np.exp(-3.0), rel=1e-5)
    assert first.state.y[0, 0] == pytest.approx(4 * np.exp(-3.0), rel=1e-5)
    second = model.solve(None, None, [1.0, 1.5], state=first.state)
    assert second["amount"][0] == pytest.approx([4 * np.exp(-3.0), (4 * np.exp(-3.0) + 8) * np.exp(-1.5)], rel=1e-5)


def test_doses_before_the_first_output_are_given():
    solved = compiled("ONE_COMPARTMENT").solve(None, None, [2.0], Events.of([(0, -1.0, "amount", 9.0)]), start=-1.0, rtol=1e-9, atol=1e-12)
    assert solved["amount"][0, 0] == pytest.approx(9 * np.exp(-9.0), rel=1e-6)


def test_an_input_that_is_set_stays():
    events = Events.of([(0, 1.0, "infusion", 6.0), (0, 2.0, "infusion", 3.0)])
    solved = compiled("ONE_COMPARTMENT").solve(None, None, [1.0, 2.0, 20.0], events)
    assert solved["amount"][0] == pytest.approx([0.0, 2.0 * (1 - np.exp(-3.0)), 1.0], rel=1e-5)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 3.9), st.floats(0, 50), st.sampled_from([0.0, 0.02, 0.3, 1.0])), max_size=25))
@settings(max_examples=25, deadline=None)
def test_each_patient_gets_its_own_doses_in_any_order(rows):
    events = Events.of([(p, t, "infusion" if d else "amount", a, d) for p, t, a, d in rows])
    solved = compiled("ONE_COMPARTMENT").solve({"k": [3.0] * 5}, None, DAYS, events, rtol=1e-8, atol=1e-10)
    for patient in range(5):
        doses = [(t, a) for p, t, a, d in rows if p == patient and not d]
        infusions = [(t, a, d) for p, t, a, d in rows if p == patient and d]
        assert solved["amount"][patient] == pytest.approx(one_compartment(DAYS, doses, infusions), rel=1e-5, abs=1e-6)


# ---------------------------------------------------------------- lanes, cores, kinds of numbers


@pytest.mark.parametrize("name", ["LOTKA_VOLTERRA", "SATURABLE"])
def test_lanes_give_what_one_patient_at_a_time_gives(name):
    spread = np.exp(np.random.default_rng(3).normal(0, 0.3, (23, len(compiled(name).system.parameters))))
    table = spread * [p.value for p in compiled(name).system.parameters]
    runs = [compiled(name, lanes).solve(table, None, DAYS).values for lanes in (1, 2, 4, 8)]
    for run in runs[1:]:
        assert run == pytest.approx(runs[0], rel=1e-9)


def test_the_number_of_cores_and_the_company_change_nothing():
    model = compiled("LOTKA_VOLTERRA")
    a = np.linspace(0.8, 1.4, 37)
    alone = model.solve({"a": a[5]}, None, DAYS).values[0]
    assert (model.solve({"a": a}, None, DAYS, workers=1).values == model.solve({"a": a}, None, DAYS, workers=3).values).all()
    assert (model.solve({"a": a}, None, DAYS).values[5] == alone).all()


def test_single_precision_is_only_that_of_the_values():
    model = compiled("LOTKA_VOLTERRA")
    single, double = (model.solve(None, None, DAYS, dtype=kind).values for kind in (np.float32, np.float64))
    assert single.dtype == np.float32
    assert (single == double.astype(np.float32)).all()


def test_outputs_are_chosen_by_name_and_in_the_order_asked():
    solved = compiled("ONE_COMPARTMENT").solve(None, [[10.0, 0.0]], DAYS, outputs=("area", "concentration"))
    assert solved.names == ("area", "concentration")
    assert solved["area"][0, -1] == pytest.approx(10 / 5 / 3, rel=1e-4)


# ---------------------------------------------------------------- failures and refusals


def test_a_patient_that_diverges_is_named_and_the_others_finish():
    """The solution of x' = k x^2 from 1 is infinite at 1/k; of five patients, two explode, on days 2 and 0.5."""
    model = compiled("GROWTH")
    k = np.array([0.1, 0.5, 0.0, 2.0, 0.2])
    solved = model.solve({"k": k}, None, DAYS)
    assert [f.patient for f in solved.failures] == [1, 3]
    assert [f.time for f in solved.failures] == pytest.approx([2.0, 0.5], rel=1e-3)
    assert "patient 1, day 2" in str(solved.failures[0])
    fine = [0, 2, 4]
    assert solved["x"][fine] == pytest.approx(1 / (1 - np.outer(k[fine], DAYS)), rel=1e-4)
    before = DAYS < 1.99
    assert np.isfinite(solved["x"][1, before]).all()
    assert np.isnan(solved["x"][1, DAYS > 2]).all()
    on = model.solve(None, None, [4.5], state=solved.state)
    assert [f.patient for f in on.failures] == [1, 3]
    assert np.isnan(on["x"][[1, 3]]).all()
    assert on["x"][0, 0] == pytest.approx(1 / 0.55, rel=1e-4)


def test_one_without_a_value_leaves_nothing_to_the_next_in_its_lane():
    """The logarithm of a negative number is none, so that every number of the first patient's steps is none."""
    model = compile_system(system("logarithm", (state("x", "ln(x)", "x0", positive=False),), {"x0": 1.0}), 1)
    solved = model.solve({"x0": [-1.0, 1.0]}, None, [0.0, 1.0], workers=1)
    assert [f.patient for f in solved.failures] == [0]
    assert (solved["x"][1] == 1.0).all()


def test_a_parameter_outside_its_bounds_is_refused_with_patient_value_and_bounds():
    system = compiled("ONE_COMPARTMENT").system
    bounded = replace(system, parameters=tuple(replace(p, unit="1/day", low=0.1, high=9.0) if p.name == "k" else p for p in system.parameters))
    model = replace(compiled("ONE_COMPARTMENT"), system=bounded)
    assert not model.solve({"k": [0.1, 9.0]}, None, [1.0]).failures
    for k, told in ((0.09, "is 0.09 1/day, outside its bounds, 0.1 to 9"), (9.1, "is 9.1 1/day")):
        with pytest.raises(ModelError, match=f"Patient 1: the parameter k {told}"):
            model.solve({"k": [3.0, k]}, None, [1.0])


def test_too_many_steps_is_a_failure_of_that_patient():
    solved = compiled("VAN_DER_POL").solve({"mu": [1.0, 1000.0]}, None, [3.0], rtol=1e-8, most_steps=400)
    assert [(f.patient, f.cause.split(";")[0]) for f in solved.failures] == [(1, "too many steps")]


def test_states_that_cannot_be_negative_are_not():
    """The drug is used up within days; rounding and interpolation would carry it below 0."""
    solved = compiled("SATURABLE").solve({"n": [1.0, 0.6, 2.7], "km": [0.01, 1e-6, 2.0]}, None, np.linspace(0, 10, 501), rtol=1e-3, atol=1e-3)
    assert not solved.failures
    assert (solved["drug"] >= 0).all()
    assert (solved.state.y[:, 0] >= 0).all()


@pytest.mark.parametrize(("more", "told"), [
    ({"times": [0.0, 2.0, 1.0]}, "must rise: 1 follows 2"),
    ({"times": [0.0, 1.0, 1.0]}, "must rise: 1 follows 1"),
    ({"times": []}, "one or more days"),
    ({"times": [np.nan]}, "not a finite number"),
    ({"times": [-1.0, 1.0]}, "Patient 0 stands at day 0, after the first time asked for, -1"),
    ({"parameters": [[1.0, 2.0], [1.0, np.nan]]}, "Patient 1: the parameter volume is nan"),
    ({"parameters": [[1.0, 2.0, 3.0]]}, r"shape \(1, 3\).*needs \(patients, 2\)"),
    ({"parameters": {"k": [1.0, 2.0, 3.0], "volume": [1.0, 2.0]}}, "volume has"),
    ({"parameters": {"volume": [1.0, 0.0]}}, "Patient 1: .* divide by 0 .* volume"),
    ({"initial": [[1.0]]}, r"shape \(1, 1\)"),
    ({"initial": [[-1.0, 0.0]]}, "Patient 0: the initial value of amount is -1"),
    ({"events": Events.of([(0, 1.0, "amount", -3.0)])}, "Patient 0, amount on day 1: its amount -3 is negative"),
    ({"events": Events.of([(4, 1.0, "amount", 3.0)])}, "there are patients 0 to 0"),
    ({"events": Events.of([(0, 1.0, "amount", 3.0, 0.5)])}, "is a state, and an infusion goes to an input"),
    ({"events": Events.of([(0, -1.0, "amount", 3.0)])}, "Patient 0: a dose on day -1 lies before the start"),
    ({"events": Events.of([(0, np.nan, "amount", 3.0)])}, "its time is nan"),
    ({"events": Events.of([(0, 1.0, "infusion", 3.0, -1.0)])}, "its duration is -1"),
])
def test_what_is_impossible_is_refused_with_patient_and_cause(more, told):
    with pytest.raises(ModelError, match=f"(?s){told}"):
        compiled("ONE_COMPARTMENT").solve(**({"times": [1.0]} | more))


@pytest.mark.parametrize(("more", "told"), [
    ({"parameters": {"volum": 1.0}}, "Nearest: volume"),
    ({"events": Events.of([(0, 1.0, "amont", 3.0)])}, "Nearest: amount"),
    ({"outputs": ["areas"]}, "Nearest: area"),
])
def test_an_unknown_name_is_told_with_the_nearest(more, told):
    with pytest.raises(UnknownIdError, match=told):
        compiled("ONE_COMPARTMENT").solve(**({"times": [1.0]} | more))


@pytest.mark.parametrize("more", [{"rtol": 0.0}, {"rtol": 1.0}, {"atol": 0.0}, {"workers": 0}, {"dtype": np.int64}])
def test_impossible_settings_are_refused(more):
    with pytest.raises(SettingError):
        compiled("ONE_COMPARTMENT").solve(times=[1.0], **more)


# ---------------------------------------------------------------- another simulator


def test_libroadrunner_agrees():
    antimony, roadrunner = pytest.importorskip("antimony"), pytest.importorskip("roadrunner")
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString("""
        drug = 10; effect = 1.5 / 0.8; vmax = 3; km = 2; n = 2.7; kin = 1.5; kout = 0.8
        drug' = -vmax * drug^n / (km^n + drug^n)
        effect' = kin * sqrt(drug + 1) - kout * effect * exp(-drug / km)
        at (time >= 1): drug = drug + 5
    """) >= 0
    runner = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-10, 1e-12
    truth = np.asarray(runner.simulate(0, 4, 17, ["drug", "effect"]))
    solved = compiled("SATURABLE").solve(None, None, DAYS, Events.of([(0, 1.0, "drug", 5.0)]), rtol=1e-8, atol=1e-10)
    away = DAYS != 1.0  # at the time of a dose libRoadRunner tells the value after it
    assert solved.values[0][away] == pytest.approx(truth[away], rel=1e-6)
