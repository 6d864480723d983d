from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.made import SYSTEM, people
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.dosing import doses, events, parse
from tocsin.model.evaluate import evaluate
from tocsin.model.load import load
from tocsin.vocabulary import CONCEPTS

DRUGS = tuple(load().drugs)


def test_a_schedule_is_read_with_its_amounts_units_and_times() -> None:
    toci, dex = parse("tocilizumab 8 mg/kg @ day 5; dexamethasone 10 mg q6h x 4 @ day 6", DRUGS)
    assert (toci.drug, toci.amount, toci.unit, toci.hours) == ("tocilizumab", 8.0, "mg/kg", (120.0,))
    assert (toci.route, toci.over_hours, toci.most) == ("IV", 1.0, 800.0)
    assert (dex.drug, dex.hours, dex.most) == ("dexamethasone", (144.0, 150.0, 156.0, 162.0), None)


@pytest.mark.parametrize(("text", "hours"), [
    ("dex 10 mg @ day 5", (120.0,)), ("dex 10 mg @ day 5.25", (126.0,)), ("dex 10 mg @ hour 130", (130.0,)), ("dex 10 mg @ day -1", (-24.0,)),
    ("dex 10 mg @ day 5, 7", (120.0, 168.0)), ("dex 10 mg @ days 0 to 2", (0.0, 24.0, 48.0)), ("dex 10 mg q12h x 2 @ day 1, 3", (24.0, 36.0, 72.0, 84.0)),
    ("DEX 10 mg IV @day 5", (120.0,)), ("dex 0.01 g @ h 6", (6.0,)), ("dex 1e1 mg @ day -30", (-720.0,)),
])
def test_times_are_days_or_hours_one_or_many_and_may_lie_before_the_infusion(text: str, hours: tuple[float, ...]) -> None:
    assert parse(text, DRUGS)[0].hours == hours


def test_an_order_without_a_time_is_given_now() -> None:
    assert parse("toci 8 mg/kg", DRUGS, now=130.0)[0].hours == (130.0,)
    assert parse("dex 10 mg q6h x 2", DRUGS, now=130.0)[0].hours == (130.0, 136.0)


@pytest.mark.parametrize(("text", "says"), [
    ("tocilizumab", "cannot be read"), ("tocilizumab 8 mg/kg", "has no time"), ("tocilizumab -8 mg/kg @ day 5", "-8 mg/kg cannot be given"),
    ("tocilizumab 0 mg/kg @ day 5", "above 0"), ("tocilizumab 1e999 mg/kg @ day 5", "cannot be given"),
    ("tocilizumab 8 mL @ day 5", "tocilizumab is not given in 'mL'"), ("msc 10 mg @ day 5", "msc is not given in 'mg'"),
    ("dexamethasone 10 mg/m2 @ day 1", "body surface"), ("dex 10 mg q6h @ day 1", "how many doses"), ("dex 10 mg x 4 @ day 1", "needs an interval"),
    ("dex 10 mg q0h x 4 @ day 1", "interval of 0 h"), ("dex 10 mg q6h x 0 @ day 1", "0 doses"), ("dex 10 mg q6h x 1001 @ day 1", "1001 doses"),
    ("dex 10 mg @ day five", "'five' is no time"), ("dex 10 mg @ day 5 to 3", "no span of days"), ("dex 10 mg @ day -31", "too early"),
    ("tocilizumab 8 mg/kg over 200 h @ day 5", "between 0 and 168 hours"), ("dex 10 mg @ day nan", "no time"),
])
def test_a_dose_that_cannot_be_is_refused_with_the_cause_and_the_order(text: str, says: str) -> None:
    with pytest.raises(ModelError, match=says) as refused:
        parse(text, DRUGS)
    assert text in str(refused.value)


def test_an_unknown_drug_names_the_nearest_of_the_model() -> None:
    with pytest.raises(UnknownIdError, match=r"Nearest: .*tocilizumab"):
        parse("tociluzumab 8 mg/kg @ day 5", DRUGS)
    with pytest.raises(UnknownIdError):
        parse("heparin 5 U @ day 5", DRUGS)  # a drug of the vocabulary, not of the model


@given(st.floats(2.0, 250.0), st.floats(0.1, 30.0))
@settings(max_examples=60, deadline=None)
def test_a_dose_per_kg_goes_by_weight_and_tocilizumab_ends_at_800_mg(weight: float, rate: float) -> None:
    found = doses(parse(f"tocilizumab {rate!r} mg/kg @ day 5", DRUGS), np.array([weight]))
    assert found.amount[0] == pytest.approx(min(rate * weight, 800.0))
    assert bool(found.capped[0]) == (rate * weight > 800.0)


def test_the_maximum_holds_from_100_kg_on_and_not_at_100_kg() -> None:
    found = doses(parse("tocilizumab 8 mg/kg @ day 5", DRUGS), np.array([99.0, 100.0, 101.0]))
    assert found.amount.tolist() == [792.0, 800.0, 800.0]
    assert found.capped.tolist() == [False, False, True]


def test_a_fixed_dose_is_the_same_at_every_weight_and_cells_are_per_kg() -> None:
    weights = np.array([13.0, 70.0])
    assert doses(parse("dex 10 mg @ day 5", DRUGS), weights).amount.tolist() == [10.0, 10.0]
    assert doses(parse("dex 0.01 g @ day 5", DRUGS), weights).amount.tolist() == pytest.approx([10.0, 10.0])
    assert doses(parse("msc 1e6 cells/kg @ day 17", DRUGS), weights).amount.tolist() == [1e6, 1e6]
    assert doses(parse("msc 7e7 cells @ day 17", DRUGS), weights).amount.tolist() == pytest.approx([7e7 / 13, 1e6])


def test_some_patients_get_a_dose_and_others_none() -> None:
    found = doses(parse("dex 10 mg q6h x 2 @ day 1", DRUGS), np.full(5, 70.0), np.array([3, 1]))
    assert sorted(found.patient.tolist()) == [1, 1, 3, 3]
    assert len(doses((), np.full(5, 70.0))) == 0


def test_the_solver_is_told_amounts_with_their_factor_infused_over_their_time() -> None:
    who = people(2).with_values(SYSTEM, volume=np.array([4.0, 8.0]))
    given_ = doses(parse("dex 10 mg @ day 1; toci 100 mg @ day 2", tuple(SYSTEM.drugs)), who.weight_kg)
    told = events(SYSTEM, given_, who.parameters)
    rows = sorted((int(p), float(t), told.names[k], float(a), round(float(d) * 24, 6))
                  for p, t, k, a, d in zip(told.patient, told.time, told.target, told.amount, told.duration, strict=True))
    assert rows == [(0, 1.0, "steroid", 20.0, 0.0), (0, 2.0, "drug_rate", 100.0, 1.0), (1, 1.0, "steroid", 40.0, 0.0), (1, 2.0, "drug_rate", 100.0, 1.0)]


def test_every_drug_of_the_model_can_be_given_in_the_unit_of_its_concept() -> None:
    who = people(1)
    system = load()
    parameters = np.array([[p.value for p in system.parameters]])
    for drug in DRUGS:
        name = drug.removesuffix("_iv")
        text = f"{name} 1 {CONCEPTS[name].unit} {'IV ' if drug.endswith('_iv') else ''}@ day 1"
        order = parse(text, DRUGS)
        assert order[0].drug == drug
        told = events(system, doses(order, who.weight_kg), parameters)
        assert len(told) == 1
        assert told.amount[0] > 0


def test_anakinra_into_a_vein_is_not_the_one_under_the_skin() -> None:
    assert parse("anakinra 100 mg @ day 1", DRUGS)[0].drug == "anakinra"
    assert parse("anakinra 100 mg IV @ day 1", DRUGS)[0].drug == "anakinra_iv"


@given(st.floats(0.1, 9.0), st.floats(0.1, 9.0))
def test_expressions_are_computed_as_written(a: float, b: float) -> None:
    values = {"a": np.array([a]), "b": np.array([b])}
    assert evaluate("2 * a ^ 2 / (b + 1) - exp(-a) + ln(b) * sqrt(a)", values)[0] == pytest.approx(
        2 * a**2 / (b + 1) - np.exp(-a) + np.log(b) * np.sqrt(a))


@pytest.mark.parametrize("text", ["__import__('os')", "a.real", "[1][0]", "a if a else 1", "lambda: 1", "c", "max(a, 1)", "a +", "'text'"])
def test_an_expression_that_is_not_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="expression"):
        evaluate(text, {"a": np.array([1.0])})
