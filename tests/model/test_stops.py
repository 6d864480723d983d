"""A run that is stopped, looked at, dosed and gone on with is the run without a stop."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.toys import LOTKA_VOLTERRA, compiled
from tocsin.errors import ModelError
from tocsin.model.compile import compile_system
from tocsin.model.events import Events
from tocsin.model.solver import Compiled
from tocsin.model.trajectories import State


def with_stops(model: Compiled, table: np.ndarray, times: np.ndarray, events: Events | None = None) -> tuple[State, State]:
    """Where one run ends, and one that is stopped at each time, after it was seen that both tell the same to the last bit."""
    whole = model.solve(table, None, times, events)
    state = model.solve(table, None, times[:1], events).state
    for i in range(1, len(times)):
        part = model.solve(None, None, times[i:i + 1], state=state)
        assert (part.values[:, 0] == whole.values[:, i]).all()
        state = part.state
    return whole.state, state


def test_stop_and_resume_equals_one_run():
    model = compiled("ONE_COMPARTMENT")
    events = Events.of([(p, t, "infusion", 10.0 + p, 0.4) for p in range(6) for t in (0.1, 0.9, 2.2)] + [(3, 1.0, "amount", 7.0)])
    k = np.linspace(1.0, 6.0, 6)
    times = np.arange(0.0, 4.01, 0.25)
    whole = model.solve({"k": k}, None, times, events, rtol=1e-8, atol=1e-10)
    state = model.solve({"k": k}, None, times[:1], events, rtol=1e-8, atol=1e-10).state
    for i in range(1, len(times)):
        part = model.solve(None, None, times[i:i + 1], rtol=1e-8, atol=1e-10, state=state)
        assert part.values[:, 0] == pytest.approx(whole.values[:, i], rel=1e-6, abs=1e-8)
        state = part.state


def test_new_doses_are_told_once_and_never_behind():
    model = compiled("ONE_COMPARTMENT")
    first, second = [(0, 0.5, "amount", 4.0), (0, 1.6, "amount", 1.0)], [(0, 1.0, "amount", 2.0)]
    state = model.solve(None, None, [1.0], Events.of(first)).state
    whole = model.solve(None, None, [2.0], Events.of(first + second))
    assert model.solve(None, None, [2.0], Events.of(second), state=state).values == pytest.approx(whole.values, rel=1e-6)
    with pytest.raises(ModelError, match=r"(?s)Patient 0 stands at day 1, and a dose on day 0\.7 lies behind it.*those told before are kept"):
        model.solve(None, None, [2.0], Events.of([(0, 0.7, "amount", 2.0)]), state=state)
    again = model.solve(None, None, [2.0], Events.of(second), state=state)
    assert again.values == pytest.approx(whole.values, rel=1e-6), "a state is left as it is by what is told of it"


def test_an_infusion_that_runs_at_a_stop_ends_without_being_told_again():
    model = compiled("ONE_COMPARTMENT")
    running = Events.of([(0, 0.5, "infusion", 2.0, 1.0), (1, 0.3, "infusion", 2.0, 0.2)])
    state = model.solve({"k": [3.0, 3.0]}, None, [1.0], running).state
    on = model.solve(None, None, [4.0], Events.of([(1, 1.0, "amount", 1.0)]), state=state)
    assert on.state.inputs[:, 0].tolist() == [0.0, 0.0]
    whole = model.solve({"k": [3.0, 3.0]}, None, [4.0], running)
    assert on["amount"][0, 0] == pytest.approx(whole["amount"][0, 0], rel=1e-5)


def test_a_dose_at_a_stop_a_rounding_after_the_end_of_an_infusion_is_given_once_and_after_the_output():
    """h/24 + 1/24 is for some hours the number below (h + 1)/24."""
    model = compiled("ONE_COMPARTMENT")
    hour = next(h for h in range(100, 400) if h / 24 + 1 / 24 < (h + 1) / 24)
    at = (hour + 1) / 24
    rows = [(0, hour / 24, "infusion", 1.0, 1 / 24), (0, at, "amount", 10.0)]
    whole = model.solve(None, None, [at, at + 0.1], Events.of(rows))
    first = model.solve(None, None, [at], Events.of(rows))
    second = model.solve(None, None, [at + 0.1], state=first.state)
    assert whole["amount"][0, 0] == first["amount"][0, 0] < 1.0
    assert second["amount"][0, 0] == pytest.approx(whole["amount"][0, 1], rel=1e-6)
    assert whole["amount"][0, 1] == pytest.approx((first["amount"][0, 0] + 10.0) * np.exp(-0.3), rel=1e-5)


def test_an_input_that_is_set_when_an_infusion_ends_is_as_set_whichever_was_told_first():
    model = compiled("ONE_COMPARTMENT")
    sets, infused = Events.of([(0, 2.0, "infusion", 7.0)]), Events.of([(0, 1.0, "infusion", 3.0, 1.0)])
    assert model.solve(None, None, [3.0], sets + infused).state.inputs[0, 0] == 7.0
    for early, late in ((sets, infused), (infused, sets)):
        state = model.solve(None, None, [0.5], early).state
        assert model.solve(None, None, [3.0], late, state=state).state.inputs[0, 0] == 7.0


def test_the_states_of_a_patient_that_fails_after_a_stop_are_those_at_its_failure():
    model = compiled("LOTKA_VOLTERRA")
    state = model.solve(None, None, [3.0]).state
    failed = model.solve(None, None, [20.0], state=state, most_steps=5)
    assert failed.failures
    when = failed.state.time[0]
    assert when > 3.0
    assert failed.state.y[0] == pytest.approx(model.solve(None, None, [when], rtol=1e-9, atol=1e-11).state.y[0], rel=1e-4)


@pytest.mark.parametrize("lanes", [1, 4, 8])
def test_a_stop_changes_no_bit_of_a_state_that_no_output_tells_of(lanes):
    model = compile_system(LOTKA_VOLTERRA, lanes, outputs=("hunter",))
    table = np.exp(np.random.default_rng(7).normal(0, 0.1, (19, 4))) * [p.value for p in model.system.parameters]
    times = np.linspace(0.0, 20.0, 61)
    whole, state = with_stops(model, table, times)
    assert (state.y == whole.y).all()


def test_no_patient_may_be_chosen():
    state = compiled("ONE_COMPARTMENT").solve(None, None, [1.0], Events.of([(0, 2.0, "amount", 1.0)])).state
    assert len(state[[]]) == 0


def test_what_lies_ahead_goes_with_the_patients_that_are_chosen():
    model = compiled("ONE_COMPARTMENT")
    rows = [(0, 1.5, "amount", 3.0), (1, 0.5, "infusion", 2.0, 1.0), (2, 1.5, "amount", 5.0)]
    state = model.solve({"k": [1.0, 2.0, 3.0]}, None, [1.0], Events.of(rows)).state
    whole = model.solve(None, None, [2.0], state=state)["amount"][:, 0]
    for chosen in ([2, 0, 2], [1], slice(1, 3), np.array([0, 1, 2])):
        assert model.solve(None, None, [2.0], state=state[chosen])["amount"][:, 0].tolist() == whole[chosen].tolist()


@given(
    stops=st.lists(st.floats(0.01, 3.99), max_size=12, unique=True),
    doses=st.lists(st.tuples(st.integers(0, 4), st.floats(0.0, 3.9), st.floats(0.1, 50.0), st.sampled_from([0.0, 0.3])), max_size=6),
    on_a_stop=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_random_stops_change_nothing(stops, doses, on_a_stop):
    """Also of doses that are told only at the last stop before them, or at the very time of a stop: then the step that went beyond it is taken back."""
    model = compiled("ONE_COMPARTMENT")
    at = sorted(stops)
    if on_a_stop and at:
        doses = [(p, at[k % len(at)], amount, lasts) for k, (p, _, amount, lasts) in enumerate(doses)]
    rows = [(p, t, "infusion" if lasts else "amount", amount, lasts) for p, t, amount, lasts in doses]
    k, fine = np.linspace(0.5, 40.0, 5), {"rtol": 1e-8, "atol": 1e-10}
    whole = model.solve({"k": k}, None, [*at, 4.0], Events.of(rows), **fine)
    state = model.solve({"k": k}, None, [0.0], **fine).state
    for i, (begin, end) in enumerate(pairwise([0.0, *at, 4.0])):
        new = Events.of([row for row in rows if begin <= row[1] < end])
        part = model.solve(None, None, [begin, end] if i % 2 else [end], new, state=state, **fine)
        assert part.values[:, -1] == pytest.approx(whole.values[:, i], rel=1e-6, abs=1e-7)
        assert part.state.y[:, 0] == pytest.approx(part["amount"][:, -1], rel=1e-9, abs=1e-12)
        state = part.state


def test_stops_cost_no_step_and_change_no_bit_where_doses_are_known():
    model = compiled("LOTKA_VOLTERRA")
    table = np.exp(np.random.default_rng(5).normal(0, 0.1, (9, 4))) * [p.value for p in model.system.parameters]
    events = Events.of([(i, 0.3 * i, "prey", 1.0) for i in range(9)])
    times = np.linspace(0.0, 20.0, 81)
    whole, state = with_stops(model, table, times, events)
    assert (state.steps == whole.steps).all()


def test_what_was_computed_of_a_state_cannot_be_written_to():
    state = compiled("ONE_COMPARTMENT").solve(None, [[5.0, 0.0]], [1.0]).state
    with pytest.raises(ValueError, match="read-only"):
        state.y[0, 0] = 3.0


def test_new_parameters_hold_from_the_stop_on():
    model = compiled("ONE_COMPARTMENT")
    state = model.solve({"k": 3.0}, [[10.0, 0.0]], [1.0], rtol=1e-8, atol=1e-10).state
    on = model.solve({"k": 0.5}, None, [2.0], state=state, rtol=1e-8, atol=1e-10)
    assert on["amount"][0, 0] == pytest.approx(10 * np.exp(-3.5), rel=1e-6)


def test_a_state_at_rest_does_not_let_steps_grow_without_bound():
    model = compiled("ONE_COMPARTMENT")
    state = model.solve(None, None, [0.0]).state
    for day in range(1, 400, 7):
        state = model.solve(None, None, [float(day)], state=state).state
    dosed = model.solve(None, None, [400.0], Events.of([(0, 399.0, "amount", 4.0)]), state=state)
    assert dosed["amount"][0, 0] == pytest.approx(4 * np.exp(-3.0), rel=1e-5)


def test_a_state_can_be_forked_into_two_arms():
    model = compiled("ONE_COMPARTMENT")
    state = model.solve({"k": [1.0, 2.0]}, None, [1.0], Events.of([(0, 0.0, "amount", 4.0), (1, 0.0, "amount", 4.0)])).state
    arms = model.solve(None, None, [2.0], Events.of([(2, 1.0, "amount", 4.0)]), state=state[[0, 1, 0]])
    assert arms["amount"][:, 0] == pytest.approx([4 * np.exp(-2), 4 * np.exp(-4), 4 * np.exp(-2) + 4 * np.exp(-1)], rel=1e-5)
    assert (state.time == 1.0).all()
