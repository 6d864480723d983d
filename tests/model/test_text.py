"""The text of a model and its table: what is understood, what is refused, and that both tell of the same names."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.antimony_text import read
from tocsin.model.expression import Call, Name, Negative, Number, Operation, calls, names, parse, write
from tocsin.model.load import assumed, build, load, loaded, products
from tocsin.model.system import FUNCTIONS, State

AGREED_OUTPUTS = {"temperature_c", "map_mmhg", "pf_ratio", "il6_blood", "il6_local", "il6_csf", "ifn_gamma", "il10", "crp", "ferritin", "ldh",
                  "car_blood_per_ul", "sil6r", "local_oedema", "ice_drive", "tumour_marrow", "tumour_local"}
DECAY = """\
function saturation(x, half)
  x / (half + x)
end
model decay()
  // @block Decay
  // What is there goes away.
  unit mg = 1e-3 gram
  unit per_day = 1 / 86400 second
  amount has mg
  rate_of has per_day
  half has mg
  share has dimensionless
  share := saturation(amount, half)
  amount = 2 * half
  amount' = -rate_of * amount
end
"""
TABLE = """\
outputs = ["share"]
[references]
someone = "Someone, somewhere."
[parameters]
rate_of = { value = 0.5, unit = "1/day", meaning = "loss", source = "someone", status = "read", low = 0, high = 9 }
half = { value = 3, unit = "mg", meaning = "half", source = "assumed", status = "assumed", cv = 0.2 }
[states]
amount = { unit = "mg", meaning = "amount" }
[assigned]
share = { unit = "1", meaning = "share" }
[drugs]
more = { target = "amount", unit = "mg" }
"""

numbers_ = st.integers(0, 99).map(lambda n: Number(str(n)))
names_ = st.sampled_from(["a", "b_2", "il6"]).map(Name)
trees = st.recursive(numbers_ | names_, lambda inner: (
    st.builds(Operation, st.sampled_from("+-*/^"), inner, inner) | st.builds(Negative, inner)
    | st.builds(Call, st.just("exp"), st.tuples(inner))), max_leaves=12)


@given(trees)
def test_a_tree_written_as_text_is_read_as_the_same_tree(tree):
    assert parse(write(tree)) == tree


@pytest.mark.parametrize(("text", "value"), [
    ("-2^2", -4), ("2^-1", 0.5), ("2^3^2", 512), ("8/4/2", 1), ("1 - 2 - 3", -4), ("2*-3", -6), ("(1 + 2) * 3", 9), (".5e1 + 1e-1", 5.1)])
def test_signs_bind_as_in_mathematics(text, value):
    def of(tree):
        match tree:
            case Number(t):
                return float(t)
            case Negative(inner):
                return -of(inner)
            case Operation(sign, a, b):
                return {"+": lambda x, y: x + y, "-": lambda x, y: x - y, "*": lambda x, y: x * y, "/": lambda x, y: x / y,
                        "^": lambda x, y: x ** y}[sign](of(a), of(b))
    assert of(parse(text)) == pytest.approx(value)


@pytest.mark.parametrize(("text", "why"), [("a +", "the end"), ("a b", "'b'"), ("(a", r"'\)' is missing"), ("a > b", "'>' is not part"), ("", "missing")])
def test_what_is_no_expression_says_why(text, why):
    with pytest.raises(ModelError, match=why):
        parse(text)


def test_a_text_and_its_table_become_a_system_with_functions_written_out():
    system = build(DECAY, TABLE).system
    assert system.states == (State("amount", "mg", "amount", "", "", "2 * half", "-rate_of * amount"),)
    assert system.assigned[0].expression == "amount / (half + amount)"
    assert system.assigned[0].output
    assert system.parameter_names == ("rate_of", "half")
    assert read(DECAY).blocks[0].says == ["What is there goes away."]


@pytest.mark.parametrize(("was", "now", "line", "why"), [
    ("amount' = -rate_of * amount", "amount' = -rate_off * amount", 15, "rate_off is not declared"),
    ("amount' = -rate_of * amount", "amount -> ; rate_of * amount", 15, "is not understood"),
    ("amount' = -rate_of * amount", "amount' = -rate_of * (amount", 15, r"'\)' is missing"),
    ("amount' = -rate_of * amount", "amount' = piecewise(1, amount)", 15, "there is no function piecewise"),
    ("amount' = -rate_of * amount", "amount' = -saturation(amount)", 15, "saturation takes 2 arguments"),
    ("amount = 2 * half", "amount = 2 * half\n  amount = 3 * half", 15, "amount is defined twice"),
    ("amount = 2 * half", "share = 1", 14, "share is defined twice"),
    ("amount = 2 * half\n", "", 14, "no value at the start"),
    ("half has mg", "half has kilo", 11, "half has kilo, a unit that is not defined"),
    ("half has mg", "half has mg\n  half has mg", 12, "declared twice"),
    ("unit mg = 1e-3 gram", "unit mg = 1e-3 stone", 7, "is not a product of"),
    ("x / (half + x)", "x / (half + y)", 3, "names y, which is not one of its arguments"),
    ("end\nmodel", "model", 3, "'end' is missing"),
    ("  share := saturation(amount, half)", "  share := other\n  other := 1\n  other has dimensionless", 13, "assigned only later"),
])
def test_a_line_that_cannot_be_used_is_named_with_its_file_and_number(was, now, line, why):
    assert was in DECAY
    with pytest.raises(ModelError, match=f"^mine.ant, line {line}: .*{why}"):
        build(DECAY.replace(was, now), TABLE, "mine.ant", "mine.toml")


def test_a_model_that_does_not_end_is_refused():
    with pytest.raises(ModelError, match="model is not closed"):
        read(DECAY.removesuffix("end\n"))
    with pytest.raises(ModelError, match="there is no model"):
        read("")


@pytest.mark.parametrize(("was", "now", "why"), [
    ('half = { value = 3, unit = "mg"', 'half = { value = 3, unit = "ng"', "half: is in ng here and in mg in mine.ant, line 11"),
    ('half = { value = 3, unit = "mg"', 'half = { value = 3, unit = "stone"', "'stone', which is not known"),
    ("value = 0.5", "value = 9.5", "rate_of: is 9.5 and must lie between 0 and 9"),
    ("value = 0.5", 'value = "0.5"', "is not a number"),
    ("value = 0.5", "value = nan", "is not a number"),
    ("value = 3,", "value = 0,", "log-normal quantity is above 0"),
    ('status = "read"', 'status = "sure"', "a status is one of"),
    ('source = "someone"', 'source = ""', "is read and names no source"),
    ('source = "someone"', 'source = "nobody"', "cites 'nobody'"),
    ('meaning = "loss"', 'meaning = ""', "has no meaning"),
    ('outputs = ["share"]', 'outputs = ["shares"]', "shares: is an output and neither"),
    ('target = "amount"', 'target = "mount"', "given into 'mount'"),
    ("[states]\namount", "[states]\nother", "amount is not among the states of mine.toml"),
    ("[drugs]", 'extra = { unit = "1", meaning = "x" }\n[drugs]', "extra: is among the assigned"),
    ("[parameters]", "[parameters", "mine.toml: "),
])
def test_a_table_that_cannot_be_used_says_which_name_and_why(was, now, why):
    assert was in TABLE
    with pytest.raises(ModelError, match=why):
        build(DECAY, TABLE.replace(was, now), "mine.ant", "mine.toml")


def test_every_bound_is_itself_allowed():
    assert build(DECAY, TABLE.replace("value = 0.5", "value = 9")).system.parameters[0].value == 9
    assert build(DECAY, TABLE.replace("value = 0.5", "value = 0")).system.parameters[0].value == 0


def test_antimony_loads_the_text_as_it_stands():
    antimony = pytest.importorskip("antimony")
    text = files("tocsin.model").joinpath("text", "crs.ant").read_text(encoding="utf-8")
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    assert set(antimony.getSymbolNamesOfType("crs", 13) or ()) <= set(loaded().text.has)
    sbml = antimony.getSBMLString("crs")
    assert sbml.count("<rateRule ") == len(load().states)
    assert sbml.count("<assignmentRule ") == len(load().assigned)


def test_the_model_of_the_syndrome_keeps_the_agreed_outputs_and_calls_only_plain_functions():
    system = load()
    assert set(system.outputs) == AGREED_OUTPUTS
    expressions = [*(s.rate for s in system.states), *(s.initial for s in system.states), *(a.expression for a in system.assigned)]
    for text in expressions:
        assert {c.function for c in calls(parse(text))} <= set(FUNCTIONS)
        assert "time" not in set(names(parse(text)))   # what happens depends on the state and never on the clock


def test_starts_depend_on_parameters_alone():
    system = load()
    for state in system.states:
        assert set(names(parse(state.initial))) <= set(system.parameter_names), state.name


def test_every_parameter_acts_on_something():
    system = load()
    used = {n for s in system.states for e in (s.rate, s.initial) for n in names(parse(e))}
    used |= {n for a in system.assigned for n in names(parse(a.expression))}
    used |= {n for d in system.drugs.values() for n in names(parse(d.factor))}
    assert set(system.parameter_names) <= used


def test_every_assigned_quantity_acts_on_something_or_is_kept():
    system = load()
    used = {n for s in system.states for n in names(parse(s.rate))} | {n for a in system.assigned for n in names(parse(a.expression))}
    assert {a.name for a in system.assigned} <= used | set(system.outputs)


def test_assumed_parameters_are_those_of_that_status_and_most_of_the_model():
    system = load()
    assert {p.name for p in assumed(system)} == {p.name for p in system.parameters if p.status == "assumed"}
    assert "anakinra_ic50" in {p.name for p in assumed(system)}
    assert "toci_clearance" not in {p.name for p in assumed(system)}


def test_products_change_known_parameters_and_lie_within_their_bounds():
    bounds = {p.name: (p.low, p.high) for p in load().parameters}
    assert {"4-1bb", "cd28"} <= set(products())
    for product in products().values():
        for name, value in product.values.items():
            low, high = bounds[name]
            assert low <= value <= high


def test_another_model_is_unknown():
    with pytest.raises(UnknownIdError, match="crs"):
        load("crz")


def test_the_model_is_read_once():
    assert load() is load()


def test_the_command_prints_each_equation_with_its_meaning_and_its_references():
    shown = CliRunner().invoke(app, ["model"], env={"COLUMNS": "120"}).output
    assert "  flow_size = size^0.75" in shown
    assert "niche = 1 / (1 + (car_effectors / (niche_capacity * size))^2)" in shown
    assert "[kimmel2021]" in shown
    assert "kimmel2021: Kimmel et al." in shown
    assert all(f"  {s.name}' = " in shown for s in load().states)


def test_the_command_prints_parameters_with_their_status_and_counts_them():
    shown = CliRunner().invoke(app, ["model", "--parameters", "--product", "cd28", "--set", "weight=13"], env={"COLUMNS": "120"}).output
    assert f"{len(assumed(load()))} assumed" in shown
    assert "transcribed: moes2022" in shown
    assert "13 kg" in shown
    assert f"{products()['cd28'].values['expansion_rate']:g}/day" in shown


@pytest.mark.parametrize(("arguments", "why"), [
    (["--set", "wieght=13"], "weight"), (["--set", "weight=x"], "NAME=NUMBER"), (["--set", "weight=-1"], "between 2"),
    (["--product", "cd82"], "cd28"), (["--sbml", "--units"], "only one of"), (["-o", "x.xml"], "add one of them"),
    (["--set", "weight=13"], "whatever the values"), (["--units", "--product", "cd28"], "whatever the values")])
def test_the_command_refuses_what_it_cannot_use(arguments, why):
    result = CliRunner().invoke(app, ["model", *arguments])
    assert result.exit_code != 0
    assert why in str(result.exception)
