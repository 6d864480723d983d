"""Whatever cannot be is refused with one clear error through the command and through Python, and one patient's failure is his alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from model.made import VISITORS, WARD
from tocsin.cli import app
from tocsin.errors import ModelError, TocsinError, UnknownIdError
from tocsin.model import load as loading
from tocsin.model import simulate as simulating
from tocsin.model.compile import compile_system
from tocsin.model.course import Course
from tocsin.model.dosing import doses, events, parse
from tocsin.model.load import build, load, load_files
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.simulate import Simulation, simulate

TEXT = """\
model tank()
  unit mg = 1e-3 gram
  unit per_day = 1 / 86400 second
  amount has mg
  loss has per_day
  amount = 0
  amount' = -loss * amount
end
"""
TABLE = """\
outputs = ["amount"]
[parameters]
loss = { value = 0.5, unit = "1/day", meaning = "loss", source = "assumed", status = "assumed", low = 0, high = 9 }
[states]
amount = { unit = "mg", meaning = "amount" }
[assigned]
"""


def refused(*command: str) -> str:
    """What the command says when it refuses: its error is one that Tocsin raises on purpose."""
    told = CliRunner().invoke(app, [*command])
    assert told.exit_code != 0
    assert isinstance(told.exception, TocsinError), told.exception
    return str(told.exception)


# ---------------------------------------------------------------- impossible parameters

@pytest.mark.parametrize(("value", "says"), [
    ("-1", "car_dose (CAR-T cells infused for each kg of body weight) cannot be -1 cell/kg.\n  It lies between 0 and 1e+09."),
    ("1e10", "cannot be 1e+10 cell/kg"), ("nan", "cannot be nan cell/kg"), ("inf", "cannot be inf cell/kg")])
def test_the_simulation_refuses_a_median_that_cannot_be(value: str, says: str) -> None:
    assert says in refused("simulate", "--patients", "2", "--set", f"car_dose={value}")
    with pytest.raises(ModelError) as error:
        simulate(2, seed=1, sets={"car_dose": float(value)})
    assert says in str(error.value)


def test_a_pure_number_has_no_unit_in_its_error() -> None:
    with pytest.raises(ModelError, match=r"engraftment .* cannot be 2\.\n"):
        simulate(2, seed=1, sets={"engraftment": 2.0})


def test_text_for_a_number_is_refused_by_command_and_python() -> None:
    assert "car_dose=many" in refused("simulate", "--set", "car_dose=many")
    assert "weight=heavy" in refused("model", "--parameters", "--set", "weight=heavy")
    with pytest.raises(ModelError, match="car_dose cannot be 'many'; it is a number"):
        simulate(2, seed=1, sets={"car_dose": "many"})  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="making cannot be 'much'"):
        visitors(2).with_values(WARD, making="much")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="making: 'much' holds what is no number"):
        compile_system(WARD).solve({"making": "much"}, times=[1.0])  # type: ignore[dict-item]


def test_a_parameter_that_the_model_does_not_have_is_refused_with_the_nearest() -> None:
    for error in (refused("simulate", "--set", "car_doze=1"), refused("model", "--parameters", "--set", "car_doze=1")):
        assert "car_dose" in error.split("Nearest:")[1]


def test_the_weight_is_no_median_to_set() -> None:
    assert "Give weight_kg (--weight) instead" in refused("simulate", "--set", "weight=13")


@pytest.mark.parametrize("value", ["1.99", "251", "nan"])
def test_the_model_refuses_a_value_out_of_its_bounds(value: str) -> None:
    assert "between 2.0 and 250.0" in refused("model", "--sbml", "--set", f"weight={value}")


@pytest.mark.parametrize(("column", "value", "says"), [
    ("engraftment", 1.01, r"patient virtual-000003: engraftment .* cannot be 1\.01"), ("weight", np.nan, "patient virtual-000003: weight .* cannot be nan kg")])
def test_patients_made_by_hand_are_checked_before_they_are_simulated(column: str, value: float, says: str) -> None:
    who = draw(load(), 4, seed=1)
    table = who.parameters.copy()
    table[2, who.names.index(column)] = value
    wrong = replace(who, parameters=table)
    for start in (lambda: Course.start(load(), wrong), lambda: simulate(4, seed=1, patients=wrong)):
        with pytest.raises(ModelError, match=says):
            start()


def test_patients_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError, match=r"drawn for another model than crs: their parameters differ in making"):
        Course.start(load(), visitors(2))


def test_medians_cannot_be_set_of_patients_that_are_drawn_already() -> None:
    with pytest.raises(ModelError, match="making cannot be set as a median: these patients are drawn already"):
        simulate(2, seed=1, system=WARD, patients=visitors(2), sets={"making": 1.0})


def test_the_solver_itself_names_patient_and_parameter_out_of_bounds() -> None:
    table = np.tile([p.value for p in load().parameters], (3, 1))
    place = load().parameter_names.index("engraftment")
    for value, says in ((1.5, "Patient 1: the parameter engraftment is 1.5, outside its bounds, 0.0001 to 1"),
                        (np.inf, "Patient 1: the parameter engraftment is inf")):
        table[1, place] = value
        with pytest.raises(ModelError, match=says):
            compile_system(load()).solve(table, times=[1.0])
    table[1, place] = 1.0  # a bound is itself allowed
    assert not compile_system(load()).solve(table, times=[1.0]).failures


# ---------------------------------------------------------------- doses

@pytest.mark.parametrize(("text", "says"), [
    ("tocilizumab -8 mg/kg @ day 5", "-8 mg/kg cannot be given"), ("tociluzumab 8 mg/kg @ day 5", "tocilizumab"), ("heparin 5 U @ day 5", "heparin"),
    ("tocilizumab 8 mL @ day 5", "not given in 'mL'"), ("tocilizumab nan mg/kg @ day 5", "cannot be read")])
def test_a_dose_that_cannot_be_given_is_refused_by_command_and_python(text: str, says: str) -> None:
    assert says in refused("simulate", "--patients", "2", "--doses", text)
    course = Course.start(WARD, visitors(2))
    for ask in (lambda: simulate(2, seed=1, doses=text), lambda: course.dose(text)):
        with pytest.raises((ModelError, UnknownIdError), match=says):
            ask()


# ---------------------------------------------------------------- units of a model file

@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], tuple[Path, Path]]:
    def write(text: str, table: str) -> tuple[Path, Path]:
        paths = tmp_path / "mine.ant", tmp_path / "mine.toml"
        paths[0].write_text(text, encoding="utf-8")
        paths[1].write_text(table, encoding="utf-8")
        return paths
    return write


def test_a_model_of_ones_own_is_read(written: Callable[[str, str], tuple[Path, Path]]) -> None:
    assert load_files(*written(TEXT, TABLE)).system.state_names == ("amount",)


@pytest.mark.parametrize(("was", "now", "says"), [
    ("-loss * amount", "-loss", r"mine\.ant: 1 of its equations.*\n  amount \(rate\): s\^-1|amount \(rate\)"),
    ("-loss * amount", "-loss * amount + amount", r"amount \(rate\): .* \+ "),
    ("amount has mg", "amount has per_day", r"mine\.toml: amount: is in mg here and in per_day in mine\.ant, line 4"),
    ("unit mg = 1e-3 gram", "unit mg = 1e-6 gram", r"mine\.toml: amount: is in mg here and in mg in mine\.ant")])
def test_a_unit_mismatch_in_a_model_file_names_the_file_the_name_and_the_units(written, was: str, now: str, says: str) -> None:  # type: ignore[no-untyped-def]
    assert was in TEXT
    with pytest.raises(ModelError, match=says):
        load_files(*written(TEXT.replace(was, now), TABLE))


def test_the_command_prints_the_equation_that_does_not_keep_its_units_and_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "loaded", lambda: build(TEXT.replace("-loss * amount", "-loss"), TABLE))
    told = CliRunner().invoke(app, ["model", "--units"])
    assert told.exit_code == 1
    assert "amount" in told.output
    monkeypatch.setattr(loading, "loaded", lambda: build(TEXT, TABLE))
    assert CliRunner().invoke(app, ["model", "--units"]).exit_code == 0


# ---------------------------------------------------------------- divergence of one patient

def visitors(n: int) -> VirtualPatients:
    return draw(WARD, n, seed=3, population=VISITORS, age_years=40.0, weight_kg=70.0)


DIVERGES = 6
"""Row of the patient whose blow_up, 1 / (1 / fed - t), has its pole on day 4."""


def ward(rows: list[int], fed: float = 0.25) -> Simulation:
    feed = np.zeros(11)
    feed[DIVERGES] = fed
    who = visitors(11).with_values(WARD, fed=feed).only(rows)
    return simulate(len(rows), seed=3, days=6.0, system=WARD, population=VISITORS, patients=who, doses="tocilizumab 8 mg/kg @ day 2")


def test_the_report_names_the_patient_the_time_and_the_cause(tmp_path: Path) -> None:
    found = ward(list(range(11)))
    failure, = found.failures
    assert found.patients.ids[failure.patient] == "virtual-000007"
    assert failure.time == pytest.approx(4.0, abs=0.01)
    assert "no smooth solution" in failure.cause or "not finite" in failure.cause
    found.write(tmp_path)
    assert json.loads((tmp_path / "run.json").read_text())["failures"] == [{"patient": "virtual-000007", "day": failure.time, "cause": failure.cause}]
    values = found.output("il6_blood")[DIVERGES]
    assert np.isfinite(values[found.hours < 24.0 * failure.time]).all()
    assert np.isnan(values[found.hours > 24.0 * failure.time]).all()


def test_the_others_are_to_the_bit_what_they_are_without_him() -> None:
    """Also those who share a register with him: eleven patients fill three registers of four, and his is full."""
    rest = [i for i in range(11) if i != DIVERGES]
    with_, without, well = ward(list(range(11))), ward(rest), ward(list(range(11)), fed=0.0)
    assert (with_.values[rest] == without.values).all()
    assert (with_.values[rest] == well.values[rest]).all()
    assert not well.failures
    columns = [pl.col("patient", "concept").cast(pl.String), "hour", "value", "text", "censored"]
    others = with_.timeline.events.select(columns).filter(pl.col("patient") != "virtual-000007")
    assert others.equals(without.timeline.events.select(columns))


def test_the_command_tells_the_patient_the_day_and_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ward(list(range(11)))

    def made(*_: Any, **__: Any) -> Simulation:
        return found

    monkeypatch.setattr(simulating, "simulate", made)
    told = CliRunner().invoke(app, ["simulate", "--patients", "11"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert f"Failed: patient virtual-000007 at day 4: {found.failures[0].cause}" in " ".join(told.output.split())


def test_no_patient_within_the_bounds_of_the_model_diverges() -> None:
    """Half of them anywhere within the bounds of every parameter, half with a third of the parameters at a bound; all with their doses."""
    system, rng = load(), np.random.default_rng(5)
    usual = np.array([p.value for p in system.parameters])
    low, high = (np.array([p.value if b is None else b for p, b in ((p, getattr(p, side)) for p in system.parameters)]) for side in ("low", "high"))
    lowest = np.where(low > 0, low, high * 1e-6)
    anywhere = np.clip(lowest * (np.maximum(high, lowest) / np.maximum(lowest, 1e-300)) ** rng.random((150, len(usual))), low, high)
    pick = rng.random((150, len(usual)))
    everyone = np.concatenate([anywhere, np.where(pick < 1 / 6, low, np.where(pick > 5 / 6, high, usual))])
    schedule = parse("tocilizumab 8 mg/kg @ day 3; dexamethasone 10 mg q6h x 8 @ day 4; siltuximab 11 mg/kg @ day 5; etoposide 300 mg @ day 6; "
                     "ruxolitinib 10 mg q12h x 6 @ day 7; msc 1e6 cells/kg @ day 8; fluid_bolus 1000 mL @ day 9", tuple(system.drugs))
    given = events(system, doses(schedule, everyone[:, system.parameter_names.index("weight")]), everyone)
    found = compile_system(system).solve(everyone, times=np.arange(0.0, 28.1, 1.0), events=given)
    assert not found.failures
    assert np.isfinite(found.values).all()


def test_the_help_of_simulate_names_every_product_and_disease():
    from tocsin.model.load import products
    from tocsin.model.population import population

    told = " ".join(CliRunner().invoke(app, ["simulate", "--help"], env={"COLUMNS": "200"}).output.split())
    assert [name for name in (*products(), *(d.name for d in population().diseases.values())) if name not in told] == []
