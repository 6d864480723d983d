from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from model.made import VISITORS, WARD
from tocsin.cli import app
from tocsin.errors import ModelError, UnknownIdError
from tocsin.grading import grade
from tocsin.model.course import Course
from tocsin.model.load import load, products
from tocsin.model.patients import VirtualPatients, draw
from tocsin.model.simulate import FILES, NOTICE, Simulation, simulate, used
from tocsin.model.summary import Spread, summary
from tocsin.timeline import Timeline

RUNNING = ("norepinephrine", "epinephrine", "vasopressin")


def visitors(n: int, **more: Any) -> VirtualPatients:
    return draw(WARD, n, seed=3, population=VISITORS, age_years=40.0, weight_kg=70.0, **more)


def run(n: int = 12, **more: Any) -> Simulation:
    return simulate(n, product=None, disease=None, seed=3, days=more.pop("days", 6.0), age_years=40.0, weight_kg=70.0, system=WARD, population=VISITORS, **more)


def plain(timeline: Timeline) -> pl.DataFrame:
    return timeline.events.with_columns(pl.col("patient", "concept").cast(pl.String))


def rows_of(timeline: Timeline, concept: str) -> pl.DataFrame:
    return plain(timeline).filter(pl.col("concept") == concept)


def test_patient_7_of_10_is_patient_7_of_100_from_the_first_day_to_the_last() -> None:
    few, many = run(10), run(100)
    assert np.allclose(few.values[6], many.values[6], rtol=1e-9)
    assert plain(few.timeline.of("virtual-000007")).equals(plain(many.timeline.of("virtual-000007")))


def test_a_run_is_the_same_a_second_time_and_another_seed_is_another_run() -> None:
    assert plain(run(4).timeline).equals(plain(run(4).timeline))
    other = simulate(4, product=None, disease=None, seed=4, days=6.0, system=WARD, population=VISITORS)
    assert not np.allclose(other.output("il6_blood"), run(4).output("il6_blood"))


def test_a_course_that_stops_every_six_hours_is_one_run() -> None:
    schedule = "tocilizumab 8 mg/kg over 9 h @ day 2"  # it runs on over a stop
    whole = run(5, doses=schedule)
    course = Course.start(WARD, whole.patients, schedule=schedule)
    told = []
    for day in np.arange(0.25, 6.01, 0.25):
        course.advance(float(day))
        told.append(plain(course.observe(new=True)))
    assert np.allclose(course.values, whole.values, rtol=1e-4)
    assert (course.hours == whole.hours).all()
    pieces = pl.concat(told).filter(~pl.col("concept").is_in(RUNNING))
    assert len(pieces) == len(plain(whole.timeline).filter(~pl.col("concept").is_in(RUNNING)))
    assert not pieces.select("patient", "hour", "concept").is_duplicated().any()
    assert plain(course.observe()).select("patient", "hour", "concept").equals(plain(whole.timeline).select("patient", "hour", "concept"))


def test_the_model_and_the_record_are_told_of_a_dose_and_fever_falls() -> None:
    without, treated = run(12), run(12, doses="tocilizumab 8 mg/kg @ day 2")
    at = without.hours > 60.0
    assert (treated.output("temperature_c")[:, at] < without.output("temperature_c")[:, at]).all()
    assert np.allclose(treated.output("temperature_c")[:, without.hours <= 48.0], without.output("temperature_c")[:, without.hours <= 48.0], rtol=1e-5)
    assert rows_of(treated.timeline, "tocilizumab").select("hour", "end_hour", "value").unique().rows() == [(48.0, 49.0, 560.0)]


def test_a_dose_at_a_stop_goes_to_those_who_are_named_and_to_no_others() -> None:
    course = Course.start(WARD, visitors(4))
    course.advance(2.0)
    course.dose("tocilizumab 8 mg/kg", ["virtual-000002", "virtual-000004"])
    course.advance(4.0)
    record = rows_of(course.observe(), "tocilizumab")
    assert record.select("patient", "hour").rows() == [("virtual-000002", 48.0), ("virtual-000004", 48.0)]
    temperature = course.values[:, -1, course.names.index("temperature_c")]
    assert max(temperature[1], temperature[3]) < min(temperature[0], temperature[2])


def test_what_is_past_is_past() -> None:
    course = Course.start(WARD, visitors(2))
    with pytest.raises(ModelError, match="advance first"):
        course.observe()
    course.advance(2.0)
    with pytest.raises(ModelError, match=r"day 1 cannot be given: the patients stand at day 2"):
        course.dose("tocilizumab 8 mg/kg @ day 1")
    for day in (2.0, 1.0, 2.001, float("nan"), 4000.0):
        with pytest.raises(ModelError, match="day"):
            course.advance(day)
    with pytest.raises(UnknownIdError, match="virtual-000009"):
        course.dose("tocilizumab 8 mg/kg", ["virtual-000009"])
    with pytest.raises(ModelError, match="number 2"):
        course.dose("tocilizumab 8 mg/kg", np.array([2]))
    course.dose("tocilizumab 8 mg/kg @ day 2")  # now is not past


def test_prophylaxis_comes_before_the_cells_which_come_at_hour_0() -> None:
    early = run(3, doses="tocilizumab 8 mg/kg @ day -1")
    assert early.hours[0] == -24.0
    cells = early.output("car_blood_per_ul")
    assert not cells[:, early.hours <= 0].any()
    assert np.allclose(cells[:, early.hours == 1.0], 200.0 * np.exp(-0.1 / 24), rtol=1e-4)
    assert rows_of(early.timeline, "tocilizumab")["hour"].unique().to_list() == [-24.0]
    assert rows_of(early.timeline, "car_t_infusion").select("hour", "value").rows() == [(0.0, 2.0)] * 3
    assert rows_of(run(3).timeline, "car_t_infusion").select("hour", "value").rows() == [(0.0, 2.0)] * 3


def test_one_patient_that_diverges_is_told_and_the_others_finish() -> None:
    who = visitors(3).with_values(WARD, fed=np.array([0.0, 0.5, 0.0]))  # 1 / (1 / fed - t) has its pole at day 2
    found = simulate(3, seed=3, days=6.0, system=WARD, population=VISITORS, patients=who)
    assert [(f.patient, round(f.time)) for f in found.failures] == [(1, 2)]
    assert found.timeline.of("virtual-000002").events["hour"].max() <= 48.0
    assert found.timeline.of("virtual-000003").events["hour"].max() == 144.0
    assert found.run()["failures"][0]["patient"] == "virtual-000002"  # type: ignore[index]


def test_what_is_written_is_read_and_graded_as_any_record(tmp_path: Path) -> None:
    found = run(8, doses="tocilizumab 8 mg/kg @ day 3")
    paths = found.write(tmp_path, command="tocsin simulate ...")
    assert tuple(p.name for p in paths) == FILES
    back = Timeline.read_parquet(paths[0], paths[1], found.timeline.complete.everywhere)
    for scale in ("astct-crs-2019", "astct-icans-2019"):
        one, two = (grade(t, scale).frame.drop("because") for t in (found.timeline, back))
        assert one.equals(two)
    arrays = np.load(paths[3])
    assert np.allclose(arrays["values"], found.values, rtol=1e-6)
    assert arrays["outputs"].tolist() == list(found.names)
    assert arrays["patients"].tolist() == list(found.patients.ids)
    assert pl.read_csv(paths[2])["parameter_making"].to_list() == pytest.approx(found.patients.values("making").tolist())
    told = json.loads(paths[4].read_text())
    assert told["notice"] == NOTICE
    assert told["command"] == "tocsin simulate ..."
    assert told["doses"] == ["tocilizumab 8 mg/kg (at most 800 mg) IV over 1 h, 1 dose at day 3"]
    assert {a["name"] for a in told["assumed"]} >= {"making", "norepinephrine_gain", "temperature_sd", "assay_il10", "weight_cv"}
    assert "circadian_peak" not in {a["name"] for a in told["assumed"]}  # from memory of a source, not assumed


def test_the_grades_of_virtual_patients_are_settled_until_the_end() -> None:
    found = run(20)
    steps = grade(found.timeline, "astct-crs-2019", until=144.0).frame.filter(pl.col("start_hour") < 144.0)
    assert (steps["at_least"] == steps["at_most"]).all()
    assert steps["at_least"].max() >= 1


def test_the_summary_counts_every_patient_once_and_what_was_measured() -> None:
    found = run(20, doses="tocilizumab 8 mg/kg @ day 2")
    told = summary(found)
    assert sum(told.crs.values()) == sum(told.icans.values()) == 20
    assert told.icans[0] == 20
    assert told.unsettled == 0
    assert told.supported["tocilizumab"] == 20
    fever = rows_of(found.timeline, "temperature").filter(pl.col("value") >= 38.0).group_by("patient").agg(pl.col("hour").min() / 24)
    assert told.onset == Spread.of(fever["hour"].to_numpy())
    assert told.peaks["il6"].most == rows_of(found.timeline, "il6")["value"].max()
    assert told.lows["mean_arterial_pressure"].least == rows_of(found.timeline, "mean_arterial_pressure")["value"].min()


def test_a_median_that_the_caller_sets_is_the_callers_and_no_assumption() -> None:
    assert "making" in {q.name for q in run(2).assumed}
    assert "making" not in {q.name for q in run(2, sets={"making": 300.0}).assumed}
    model, who = load(), draw(load(), 1, seed=1, product="cd28", disease="all-high")
    taken = {p.name: p for p in used(model, who, {"tumour_marrow_start": 7.0})}
    assert (taken["tumour_marrow_start"].value, taken["tumour_marrow_start"].status) == (7.0, "chosen")
    assert taken["early_secretion"].value == products()["cd28"].values["early_secretion"]
    assert taken["tumour_local_start"].value == who.disease.sets[1].value


def test_a_spread_of_nothing_is_nothing() -> None:
    assert Spread.of([]).n == 0
    assert Spread.of([np.nan]).n == 0
    assert (Spread.of([1.0, 3.0]).median, Spread.of([1.0, np.nan]).n) == (2.0, 1)


@pytest.mark.parametrize(("more", "says"), [
    ({"days": 0.0}, "0 days"), ({"days": -1.0}, "-1 days"), ({"days": float("nan")}, "nan days"), ({"days": 1.01}, "whole hour"),
    ({"doses": "tocilizumab -8 mg/kg @ day 5"}, "above 0"), ({"doses": "dexamethasone 10 mg @ day 5"}, "dexamethasone"), ({"n": 0}, "0 virtual patients"),
    ({"sets": {"car_dose": -1.0}}, "car_dose"), ({"doses": "tocilizumab 8 mg/kg @ day 7"}, "ends at day 6"),
])
def test_an_impossible_simulation_is_refused(more: dict[str, Any], says: str) -> None:
    with pytest.raises((ModelError, UnknownIdError), match=says):
        run(**more)


@pytest.mark.slow
def test_the_command_prints_grades_assumptions_and_the_notice_and_writes_what_grade_reads(tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = CliRunner().invoke(app, ["simulate", "--patients", "20", "--product", "cd28", "--disease", "all-high", "--doses", "tocilizumab 8 mg/kg @ day 5",
                                    "--days", "10", "--seed", "2", "--out", str(out)])
    assert told.exit_code == 0, told.output
    text = " ".join(told.output.split())
    assert "tocilizumab 8 mg/kg (at most 800 mg) IV over 1 h, 1 dose at day 5" in text
    assert NOTICE in text
    assert "CRS onset" in text
    assert "tocilizumab 20 (100%)" in text
    assumed = json.loads((out / "run.json").read_text())["assumed"]
    assert f"{len(assumed)} numbers behind this are assumed" in text
    assert "--complete devices,drugs,findings,neurology --at day10" in text
    graded = CliRunner().invoke(app, ["grade", str(out / "timeline.parquet"), "--patients", str(out / "patients.parquet"), "--complete",
                                      "devices,drugs,findings,neurology", "--at", "day10"])
    assert graded.exit_code == 0, graded.output
    assert "20 patients" in graded.output
    for column, name in enumerate(("CRS, ASTCT", "ICANS, ASTCT")):
        table = graded.output.split(name)[1].split("20 patients")[0]
        counts = {int(g): int(n) for g, n in re.findall(r"^(\d) +(\d+) *$", table, re.MULTILINE)}
        assert sum(counts.values()) == 20, "every grade is certain at the end of the record"
        printed = {int(row[0]): int(row[1 + column]) for row in re.findall(r"^(\d) +(\d+) \(\d+%\) +(\d+) \(\d+%\) *$", told.output, re.MULTILINE)}
        assert counts == {g: n for g, n in printed.items() if n}


@pytest.mark.parametrize(("options", "says"), [
    (["--doses", "tociluzumab 8 mg/kg @ day 5"], "tocilizumab"), (["--product", "cd-28"], "cd28"), (["--disease", "all"], "all-high"),
    (["--weight", "heavy"], "--weight"), (["--age", "1..2..3"], "--age"), (["--set", "car_dose=many"], "a number is needed"),
    (["--care", "nothing=1"], "nothing"), (["--seed", "-1"], "seed"),
])
def test_the_command_says_what_is_wrong_with_an_option(options: list[str], says: str) -> None:
    told = CliRunner().invoke(app, ["simulate", "--patients", "2", *options])
    assert told.exit_code != 0
    assert says in str(told.exception) + told.output
