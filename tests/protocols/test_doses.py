"""The arithmetic of doses and their limits, over many weights and histories."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.records import ask, record
from tocsin.protocols import PROTOCOLS, advise

TOCILIZUMAB = next(r for r in PROTOCOLS["paper004"].rules if r.code == "C2.8t").dose
SILTUXIMAB = next(r for r in PROTOCOLS["paper004"].rules if r.code == "C2.8ts").dose
LIVER = [{"concept": "ast", "hour": float(h), "value": 300.0} for h in range(0, 121, 24)]
FEVER = [{"concept": "temperature", "hour": float(h), "value": 39.0} for h in range(0, 121, 4)]


@pytest.mark.parametrize(("weight", "dose"), [(10, 120), (29.9, 358.8), (30, 240), (50, 400), (100, 800), (100.1, 800), (140, 800)])
def test_tocilizumab_is_8_mg_per_kg_and_12_below_30_kg_and_never_above_800_mg(weight, dose):
    amount, formula = TOCILIZUMAB.for_weight(weight)
    assert amount == pytest.approx(dose)
    assert ("capped at 800 mg" in formula) == (weight > 100)
    assert formula.startswith("12 mg/kg" if weight < 30 else "8 mg/kg")


def test_without_a_weight_there_is_a_formula_and_no_dose():
    for dose in (TOCILIZUMAB, SILTUXIMAB):
        amount, formula = dose.for_weight(None)
        assert amount is None
        assert "mg/kg x weight" in formula
        assert "the weight is not known" in formula
    assert "below 30 kg: 12 mg/kg" in TOCILIZUMAB.for_weight(None)[1]


EVERY_RULE = [r for p in PROTOCOLS.values() for r in p.rules]
GRADE_3 = [{"concept": c, "hour": float(h), "value": v} for h in range(0, 121, 4)
           for c, v in (("temperature", 39.0), ("systolic_bp", 80.0), ("lvef", 30.0), ("ice_score", 10.0), ("ast", 20.0))]
PRESSOR = [{"concept": "norepinephrine", "hour": 0.0, "end_hour": 130.0, "value": 5.0}]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(given_at=st.lists(st.integers(0, 96), max_size=6, unique=True), at=st.integers(0, 100), weight=st.floats(5, 150))
@pytest.mark.parametrize(("name", "code"), [
    ("asco2021", "A3.3"), ("uf2026", "U3.3"), ("nci2016", "T1"), ("kymriah-label-2017", "K3.1"), ("yescarta-label", "Y2.1")])
def test_tocilizumab_of_a_rival_guideline_is_never_due_within_8_hours_nor_beyond_3_in_24_hours_and_4_in_all(name, code, given_at, at, weight):
    rows = [*GRADE_3, *PRESSOR, *({"concept": "fluid_bolus", "hour": float(h)} for h in range(0, 121, 12)),
            *({"concept": "tocilizumab", "hour": float(h)} for h in given_at)]
    before = [h for h in given_at if h <= at]
    forbidden = any(at - h < 8 for h in before) or sum(at - h < 24 for h in before) >= 3 or len(before) >= 4
    one = next(a for a in advise(record(rows, weight), name, at=at) if a.rule == f"{name}/{code}")
    assert one.status == ("blocked" if forbidden else "due")
    assert one.dose <= 800
    rate = 12 if weight < 30 and name != "nci2016" else 8
    assert one.dose == pytest.approx(min(800, rate * weight))


@given(st.floats(2, 250))
def test_no_dose_is_above_its_cap_and_each_says_its_arithmetic(weight):
    for rule in EVERY_RULE:
        if rule.dose is not None and rule.dose.per_kg is not None:
            amount, formula = rule.dose.for_weight(weight)
            assert amount > 0
            assert rule.dose.cap is None or amount <= rule.dose.cap
            assert f"{weight:g} kg" in formula


@given(st.floats(2, 250), st.floats(80, 800), st.floats(8, 12))
def test_a_hospitals_own_cap_and_rate_are_kept(weight, cap, light):
    from tocsin.protocols import protocol

    own = protocol("paper004", tocilizumab_cap_mg=cap, tocilizumab_light_mg_per_kg=light)
    dose = next(r for r in own.rules if r.code == "C2.8t").dose
    assert dose.for_weight(weight)[0] == pytest.approx(min(cap, weight * (light if weight < 30 else 8)))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(given_at=st.lists(st.integers(0, 96), max_size=6, unique=True), at=st.integers(0, 100),
       weight=st.one_of(st.none(), st.floats(5, 150)))
def test_tocilizumab_is_never_due_while_an_interval_or_a_maximum_forbids_it(given_at, at, weight):
    """6 h between doses, 3 in 24 h, 4 in all."""
    rows = [*LIVER, *FEVER, *({"concept": "tocilizumab", "hour": float(h)} for h in given_at)]
    before = [h for h in given_at if h <= at]
    forbidden = (any(at - h < 6 for h in before) or sum(at - h < 24 for h in before) >= 3 or len(before) >= 4)
    said = ask(rows, at, weight=weight)
    for one in (said["C2.8t"], said["C3.4t"]):
        assert one.status == ("blocked" if forbidden else "due")
        assert bool(one.blocked_by) == forbidden
        assert (one.dose is None) == (weight is None)
        assert one.dose is None or one.dose <= 800
        assert ("weight_kg" in one.depends_on) == (weight is None)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(given_at=st.lists(st.integers(0, 30), max_size=4, unique=True), at=st.integers(0, 30))
def test_dexamethasone_is_due_every_6_hours_and_not_before(given_at, at):
    rows = [*LIVER, *FEVER, *({"concept": "dexamethasone", "hour": float(h), "value": 10.0} for h in given_at)]
    early = any(h <= at and at - h < 6 for h in given_at)
    assert ask(rows, at)["C3.2"].status == ("blocked" if early else "due")


@pytest.mark.parametrize(("at", "status"), [(11.8, "blocked"), (11.9, "due"), (13.0, "due")])
def test_an_interval_is_over_at_its_hour_whatever_the_rounding(at, status):
    """5.9 + 6 = 11.9, and 11.9 - 6 is a little less than 5.9 in binary fractions."""
    doses = [{"concept": "tocilizumab", "hour": 5.9, "value": 560.0}]
    assert ask([*LIVER, *FEVER[:3], *doses], at)["C2.8t"].status == status


@given(weights=st.lists(st.floats(1.0, 300.0) | st.just(float("nan")), min_size=1, max_size=8))
@pytest.mark.parametrize("rule", [r for r in EVERY_RULE if r.dose is not None], ids=lambda r: r.code)
@settings(max_examples=20, deadline=None)
def test_the_doses_of_many_patients_are_those_of_each(rule, weights):
    many = rule.dose.amounts(np.array(weights))
    for weight, amount in zip(weights, many, strict=True):
        alone, _ = rule.dose.for_weight(None if np.isnan(weight) else weight)
        assert (alone is None and np.isnan(amount)) or alone == amount
