"""What other tools read: the exported model runs in libRoadRunner and gives the same courses."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from model_runs import every, run
from tocsin.cli import app
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.load import load, loaded, products
from tocsin.model.sbml import SBML, Given, antimony, math, sbml

DOSES = [(0.0, "dexamethasone", 10.0), (5.0, "tocilizumab", 560.0), (6.0, "methylprednisolone", 40.0), *every(12, 3, 7.0, "ruxolitinib", 10.0),
         (8.0, "msc", 1e6), (8.5, "anakinra", 100.0), (9.0, "acetaminophen", 1000.0), (9.5, "fluid_bolus", 500.0), (10.0, "siltuximab", 770.0),
         (10.5, "intrathecal_dexamethasone", 5.0), (11.0, "etoposide", 200.0)]
HOURLY = 1 / 24


def patient(seed: int) -> dict[str, float]:
    """A random patient: every varying parameter log-normal by its own coefficient, kept within its bounds."""
    rng = np.random.default_rng(seed)
    own = {}
    for p in load().parameters:
        if p.cv:
            sigma = np.sqrt(np.log1p(p.cv ** 2))
            drawn = p.value * np.exp(sigma * rng.standard_normal() - sigma ** 2 / 2)
            own[p.name] = float(np.clip(drawn, p.low if p.low is not None else -np.inf, p.high if p.high is not None else np.inf))
    return {**own, "weight": float(rng.uniform(10, 100))}


def roadrun(text: str, days: float, names: list[str]) -> np.ndarray:
    roadrunner = pytest.importorskip("roadrunner")
    runner = roadrunner.RoadRunner(text)
    runner.setIntegrator("cvode")
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-9, 1e-13
    runner.integrator.maximum_num_steps = 100000
    return np.asarray(runner.simulate(0, days, round(days / HOURLY) + 1, names))


@pytest.mark.parametrize("seed", range(4))
def test_libroadrunner_agrees_on_a_random_patient_with_every_drug(seed):
    own = patient(seed)
    names = [*load().outputs]
    told = roadrun(sbml(load(), own, [Given(*d) for d in DOSES]), 14.0, names)
    ours = run(DOSES, 14.0, HOURLY, rtol=1e-9, **own)
    off = np.array([np.abs(told[:, i] - ours[n]) / (np.abs(ours[n]) + 1e-3 * np.abs(ours[n]).max() + 1e-9) for i, n in enumerate(names)])
    at_dose = np.isin(np.round(ours.days * 24).astype(int), [round(d * 24) for d, _, _ in DOSES])   # one tells the value before, one after
    worst = off[:, ~at_dose].max(axis=1)
    assert worst.max() < 1e-4, dict(zip(names, worst, strict=True))


def test_the_antimony_text_with_its_values_runs_as_it_stands():
    antimony_ = pytest.importorskip("antimony")
    assert antimony_.loadAntimonyString(antimony(loaded(), {"weight": 50.0, "tumour_marrow_start": 80.0})) >= 0, antimony_.getLastError()
    told = roadrun(antimony_.getSBMLString("crs"), 10.0, ["crp", "car_marrow"])
    ours = run((), 10.0, HOURLY, rtol=1e-9, weight=50.0, tumour_marrow_start=80.0)
    assert np.allclose(told[:, 0], ours["crp"], rtol=1e-4)
    assert np.allclose(told[:, 1], ours["car_marrow"], rtol=1e-4, atol=1e-6)


def test_an_infusion_gives_what_a_dose_at_once_gives_in_the_end():
    slow = roadrun(sbml(load(), {}, [Given(1.0, "siltuximab", 700.0, 0.5)]), 3.0, ["siltuximab"])[:, 0]
    fast = roadrun(sbml(load(), {}, [Given(1.0, "siltuximab", 700.0)]), 3.0, ["siltuximab"])[:, 0]
    half = round(1.25 / HOURLY)
    assert slow[half] == pytest.approx(350, rel=0.03)
    assert slow[-1] == pytest.approx(fast[-1], rel=0.05)
    assert np.abs(slow[:24]).max() < 1e-12


def test_libsbml_finds_no_error_in_the_export():
    roadrunner = pytest.importorskip("roadrunner")
    assert "error" not in roadrunner.validateSBML(sbml(load(), {}, [Given(1.0, "tocilizumab", 560.0)])).lower()


def test_the_export_names_every_quantity_with_its_unit_meaning_source_and_status():
    root = ElementTree.fromstring(sbml(load()))
    space = {"s": SBML}
    told = {p.attrib["id"]: p for p in root.findall(".//s:parameter", space)}
    defined = {u.attrib["id"] for u in root.findall(".//s:unitDefinition", space)} | {"dimensionless"}
    system = load()
    assert set(told) == {q.name for q in (*system.parameters, *system.states, *system.assigned, *system.inputs)}
    assert {p.attrib["units"] for p in told.values()} <= defined
    note = "".join(told["toci_clearance"].itertext())
    assert "moes2022" in note
    assert "transcribed" in note
    assert float(told["weight"].attrib["value"]) == 70


def test_a_patients_own_values_take_the_place_of_the_tables():
    root = ElementTree.fromstring(sbml(load(), {"weight": 13.5}))
    assert {p.attrib["id"]: p.attrib.get("value") for p in root.iter(f"{{{SBML}}}parameter")}["weight"] == "13.5"


@pytest.mark.parametrize(("expression", "told"), [
    ("1e-12", '<cn type="e-notation">1<sep/>-12</cn>'), ("-x", "<apply><minus/><ci>x</ci></apply>"), ("ln(x)", "<apply><ln/><ci>x</ci></apply>"),
    ("sqrt(2)", "<apply><root/><cn>2</cn></apply>"), ("x^2", "<apply><power/><ci>x</ci><cn>2</cn></apply>")])
def test_an_expression_in_mathml(expression, told):
    assert told in math(expression)


@pytest.mark.parametrize("dose", [Given(1, "tocilizumab", -1), Given(-1, "tocilizumab", 1), Given(1, "tocilizumab", float("nan")),
                                  Given(1, "tocilizumab", 1, -1)])
def test_a_dose_that_cannot_be_given_is_refused(dose):
    with pytest.raises(ModelError, match="0 or more"):
        sbml(load(), {}, [dose])


def test_an_unknown_drug_or_parameter_offers_the_nearest():
    with pytest.raises(UnknownIdError, match="tocilizumab"):
        sbml(load(), {}, [Given(1, "tocilizumb", 1)])
    with pytest.raises(UnknownIdError, match="toci_clearance"):
        sbml(load(), {"toci_clearence": 1})


def test_a_value_out_of_bounds_is_refused_and_the_bound_itself_is_not():
    with pytest.raises(ModelError, match="between 2"):
        sbml(load(), {"weight": 1.99})
    assert 'value="2.0"' in sbml(load(), {"weight": 2.0})


def test_the_command_writes_what_libroadrunner_reads(tmp_path):
    file = tmp_path / "crs.xml"
    result = CliRunner().invoke(app, ["model", "--sbml", "--product", "cd28", "-o", str(file)])
    assert result.exit_code == 0
    told = roadrun(file.read_text(encoding="utf-8"), 1.0, ["prime_rate"])
    assert told[-1, 0] == products()["cd28"].values["prime_rate"]
    assert CliRunner().invoke(app, ["model", "--antimony"]).output.rstrip().endswith("end")
