"""Units: every equation of the model keeps them, and an equation that does not is found."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import ModelError
from tocsin.model.load import load, loaded
from tocsin.model.system import Assigned, Dosing, Input, Parameter, State, System
from tocsin.model.units import ATOMS, ONE, antimony_unit, check_units, unit

texts = st.lists(st.sampled_from(sorted(ATOMS)), min_size=1, max_size=4)


def system(rate: str = "-k * x", share: str = "x / half", initial: str = "half", **other: object) -> System:
    return System("small", (State("x", "mg", "amount", initial=initial, rate=rate),),
                  (Parameter("k", "1/day", "loss", value=1), Parameter("half", "mg", "half", value=1), Parameter("tiny", "ng", "small", value=1),
                   Parameter("n", "1", "number", value=2)),
                  (Input("given", "mg/day", "infusion"),), (Assigned("share", "1", "share", expression=share),), ("share",), **other)


@given(texts, texts)
def test_what_is_multiplied_and_divided_by_a_unit_is_as_before(a, b):
    one, other = unit("*".join(a)), unit("/".join(["1", *b]))
    assert (one * other / other).same(one)
    assert (one.to(Fraction(2)).to(Fraction(1, 2))).same(one)


@given(texts)
def test_a_unit_divided_by_itself_is_a_pure_number(a):
    assert (unit("*".join(a)) / unit("*".join(a))).same(ONE)


def test_units_of_one_kind_differ_by_their_factor():
    assert not unit("mg/L").same(unit("ng/mL"))
    assert unit("mg/L").same(unit("ug/mL"))
    assert unit("nmol/L").same(unit("pmol/mL"))
    assert unit("g").same(unit("mg*mg/mg/mg*g"))


@pytest.mark.parametrize("text", ["", "mg/", "mg per L", "stone", "mg**2", "2 mg"])
def test_a_unit_that_is_not_understood_is_refused(text):
    with pytest.raises(ModelError, match=r"is not understood|is not known"):
        unit(text)


@pytest.mark.parametrize(("text", "same"), [
    ("1e-12 gram / 1e-3 litre", "pg/mL"), ("1e-12 gram / (1e-3 litre * 86400 second)", "pg/mL/day"), ("1 / 86400 second", "1/day"),
    ("item * litre / (1e-6 litre * 1e9 item)", "cell*L/uL/Gcell"), ("kelvin", "degC"), ("133.322 pascal", "mmHg"), ("1.6666667e-8 katal / litre", "U/L"),
    ("gram^2 / gram", "g")])
def test_antimony_defines_the_units_of_the_table(text, same):
    assert antimony_unit(text).same(unit(same))


def test_each_equation_of_the_model_keeps_its_units():
    assert check_units(load()) == []


def test_a_sound_small_system_has_no_findings():
    assert check_units(system(drugs={"d": Dosing("x", "mg", "1", "given"), "in_ng": Dosing("x", "ng", "half / tiny")})) == []


@pytest.mark.parametrize(("change", "name", "why"), [
    ({"rate": "-x"}, "x (rate)", r"where 1.157e-08 gram second\^-1 is meant"),
    ({"rate": "-k * x + half"}, "x (rate)", r"\+"),
    ({"rate": "given - k * tiny"}, "x (rate)", "-"),
    ({"rate": "-k * x * exp(x)"}, "x (rate)", "exp of 0.001 gram, which is not a pure number"),
    ({"rate": "-k * x * ln(half)"}, "x (rate)", "ln of"),
    ({"share": "x / (tiny + x)"}, "share (assigned)", r"1e-09 gram \+ 0.001 gram"),
    ({"share": "(x / half)^x"}, "share (assigned)", "an exponent that is not a pure number"),
    ({"share": "x^n / half^n"}, "share (assigned)", "to a power that is not written as a number"),
    ({"share": "sqrt(x)"}, "share (assigned)", "gram.1/2"),
    ({"initial": "tiny"}, "x (start)", "1e-09 gram, where 0.001 gram is meant"),
    ({"drugs": {"d": Dosing("x", "ng")}}, "d (dose)", "pure number"),
    ({"drugs": {"d": Dosing("y", "mg")}}, "d (dose)", "not a name of the model"),
])
def test_an_equation_that_does_not_keep_its_units_is_found(change, name, why):
    findings = check_units(system(**change))
    assert len(findings) == 1
    assert findings[0].sentence.startswith(name)
    assert re.search(why, findings[0].sentence)


@pytest.mark.parametrize("sound", ["x^2 / half^2", "((x / half)^2 + 1e-12)^(n / 2)", "sqrt(x * x) / half", "exp(-x / half)", "1 - x / half"])
def test_an_equation_that_keeps_its_units_is_not_found(sound):
    assert check_units(system(share=sound)) == []


@pytest.mark.parametrize("name", ["classic_half", "il6_molar_mass", "cells_to_gcell", "toci_molar_mass", "kill_half", "temperature_lag", "ifn_per_cell"])
def test_a_parameter_in_a_wrong_unit_breaks_the_model(name):
    model = load()
    other = {"pg/mL": "ng/mL"}
    changed = tuple(replace(p, unit=other.get(p.unit, f"{p.unit}*mg")) if p.name == name else p for p in model.parameters)
    assert check_units(replace(model, parameters=changed))


def test_text_and_table_declare_the_same_unit_for_every_name():
    model = loaded()
    for q in (*model.system.parameters, *model.system.states, *model.system.assigned, *model.system.inputs):
        declared = model.text.has[q.name]
        assert unit(q.unit).same(model.text.units.get(declared, ONE)), q.name


def test_the_command_says_that_the_units_hold():
    result = CliRunner().invoke(app, ["model", "--units"])
    assert result.exit_code == 0
    assert "each keeps its units" in result.output
