"""A system for other tools: SBML Level 3 Version 2 with units, sources and doses, and Antimony text with the values written in.

What is written is rate rules, assignment rules, initial assignments and, for doses, events; no reactions and no compartments, because the equations are
the model.  COPASI and libRoadRunner read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from xml.sax.saxutils import escape, quoteattr

from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.expression import Call, Name, Negative, Number, Operation, Tree, parse
from tocsin.model.load import LoadedModel
from tocsin.model.system import Quantity, System
from tocsin.model.units import unit

SBML = "http://www.sbml.org/sbml/level3/version2/core"
MATHML = "http://www.w3.org/1998/Math/MathML"
SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "divide", "^": "power"}
FUNCTION_NAMES = {"exp": "exp", "ln": "ln", "sqrt": "root"}


@dataclass(frozen=True, slots=True)
class Given:
    """A dose for the exported model: the day, the drug, how much in the unit of the model's table, and the days it runs (0: at once)."""

    day: float
    drug: str
    amount: float
    days: float = 0.0


def sbml(system: System, values: Mapping[str, float] | None = None, doses: Iterable[Given] = ()) -> str:
    """The system as SBML text; ``values`` replace those of the table (a patient's own), ``doses`` become events.

    UnknownIdError for a parameter or drug that the system does not have, ModelError for a number that cannot be used.
    """
    own = checked_values(system, values or {})
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<sbml xmlns="{SBML}" level="3" version="2">',
        f'<model id={quoteattr(system.name)} timeUnits="day">',
        *_units(system), *_parameters(system, own), *_starts(system), *_rules(system), *_events(system, tuple(doses)),
        "</model>", "</sbml>", "",
    ])


def antimony(model: LoadedModel, values: Mapping[str, float] | None = None) -> str:
    """The text of a model with its values written in, so that it runs as it stands where Antimony is read."""
    own = checked_values(model.system, values or {})
    lines = model.text.source.rstrip().splitlines()
    if not lines or lines[-1].strip() != "end":
        raise ModelError(f"{model.text.file}: the model does not close with 'end' on its last line")
    told = [f"  {p.name} = {own[p.name]!r}  // {p.meaning} [{p.unit}; {p.status}{': ' + p.source if p.source else ''}]" for p in model.system.parameters]
    inputs = [f"  {i.name} = 0  // {i.meaning} [{i.unit}]" for i in model.system.inputs]
    return "\n".join([*lines[:-1], "  // Values", *told, *inputs, "", "end", ""])


def checked_values(system: System, values: Mapping[str, float]) -> dict[str, float]:
    """Every parameter's value, those given in place of the table's; UnknownIdError or ModelError for one that cannot be used."""
    known = {p.name: p for p in system.parameters}
    for name, value in values.items():
        if name not in known:
            raise UnknownIdError("parameter", name, known, listed_by="tocsin model --parameters")
        low, high = known[name].low, known[name].high
        if not isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
            raise ModelError(f"{name} is {value:g} {known[name].unit}; it must be a number between {low} and {high}.")
    return {name: float(values.get(name, p.value)) for name, p in known.items()}


def unit_id(text: str) -> str:
    """The id of a unit in SBML: "pg/mL/day" is pg_per_mL_per_day."""
    if text == "1":
        return "dimensionless"
    return "u_" + text.replace("*", "_").replace("1/", "per_").replace("/", "_per_")


def _units(system: System) -> Iterator[str]:
    texts = {q.unit for q in _quantities(system)} | {"day"}
    yield "<listOfUnitDefinitions>"
    for text in sorted(texts - {"1"}):
        of = unit(text)
        name = "day" if text == "day" else unit_id(text)
        yield f'<unitDefinition id="{name}"><listOfUnits><unit kind="dimensionless" exponent="1" scale="0" multiplier="{of.factor!r}"/>'
        for kind, power in of.powers:
            yield f'<unit kind="{kind}" exponent="{float(power):g}" scale="0" multiplier="1"/>'
        yield "</listOfUnits></unitDefinition>"
    yield "</listOfUnitDefinitions>"


def _quantities(system: System) -> Iterator[Quantity]:
    yield from system.parameters
    yield from system.inputs
    yield from system.states
    yield from system.assigned


def _parameters(system: System, own: Mapping[str, float]) -> Iterator[str]:
    fixed = {p.name for p in system.parameters}
    yield "<listOfParameters>"
    for q in _quantities(system):
        value = f' value="{own[q.name]!r}"' if q.name in fixed else ' value="0"' if q in system.inputs else ""
        units = "day" if q.unit == "day" else unit_id(q.unit)
        yield f'<parameter id="{q.name}" name={quoteattr(q.meaning)} units="{units}"{value} constant="{"true" if q.name in fixed else "false"}">'
        said = "; ".join(s for s in (q.meaning, f"unit {q.unit}", f"source {q.source}" if q.source else "", f"status {q.status}" if q.status else "") if s)
        yield f'<notes><p xmlns="http://www.w3.org/1999/xhtml">{escape(said)}</p></notes></parameter>'
    yield "</listOfParameters>"


def _starts(system: System) -> Iterator[str]:
    yield "<listOfInitialAssignments>"
    for s in system.states:
        yield f'<initialAssignment symbol="{s.name}">{math(s.initial)}</initialAssignment>'
    yield "</listOfInitialAssignments>"


def _rules(system: System) -> Iterator[str]:
    yield "<listOfRules>"
    for a in system.assigned:
        yield f'<assignmentRule variable="{a.name}">{math(a.expression)}</assignmentRule>'
    for s in system.states:
        yield f'<rateRule variable="{s.name}">{math(s.rate)}</rateRule>'
    yield "</listOfRules>"


def _events(system: System, doses: tuple[Given, ...]) -> Iterator[str]:
    if not doses:
        return
    yield "<listOfEvents>"
    for number, dose in enumerate(doses):
        if dose.drug not in system.drugs:
            raise UnknownIdError("drug of the model", dose.drug, system.drugs)
        how = system.drugs[dose.drug]
        if not (isfinite(dose.amount) and dose.amount >= 0 and isfinite(dose.day) and dose.day >= 0 and dose.days >= 0):
            raise ModelError(f"{dose.drug} {dose.amount:g} {how.unit} at day {dose.day:g}: a dose and its day are numbers of 0 or more.")
        if dose.days and how.rate_input:
            rate = f"({how.factor}) * {float(dose.amount / dose.days)!r}"
            yield _event(f"dose_{number}_on", dose.day, how.rate_input, f"{how.rate_input} + {rate}")
            yield _event(f"dose_{number}_off", dose.day + dose.days, how.rate_input, f"{how.rate_input} - {rate}")
        else:
            yield _event(f"dose_{number}", dose.day, how.target, f"{how.target} + ({how.factor}) * {float(dose.amount)!r}")
    yield "</listOfEvents>"


def _event(name: str, day: float, variable: str, becomes: str) -> str:
    when = f'<math xmlns="{MATHML}"><apply><geq/>{TIME}<cn>{float(day)!r}</cn></apply></math>'
    return (f'<event id="{name}" useValuesFromTriggerTime="false"><trigger initialValue="false" persistent="true">{when}</trigger>'
            f'<listOfEventAssignments><eventAssignment variable="{variable}">{math(becomes)}</eventAssignment></listOfEventAssignments></event>')


TIME = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">time</csymbol>'


def math(expression: str) -> str:
    """An expression as MathML."""
    return f'<math xmlns="{MATHML}">{_mathml(parse(expression))}</math>'


def _mathml(tree: Tree) -> str:
    match tree:
        case Number(text):
            return _number(text)
        case Name("time"):
            return TIME
        case Name(name):
            return f"<ci>{name}</ci>"
        case Negative(of):
            return f"<apply><minus/>{_mathml(of)}</apply>"
        case Operation(sign, left, right):
            return f"<apply><{SIGNS[sign]}/>{_mathml(left)}{_mathml(right)}</apply>"
        case Call(function, arguments):
            return f"<apply><{FUNCTION_NAMES[function]}/>{''.join(_mathml(a) for a in arguments)}</apply>"


def _number(text: str) -> str:
    mantissa, _, exponent = text.lower().partition("e")
    if exponent:
        return f'<cn type="e-notation">{mantissa}<sep/>{int(exponent)}</cn>'
    return f"<cn>{text}</cn>"
