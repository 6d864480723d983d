from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.made import SYSTEM, people, trajectory
from tocsin.errors import ModelError, UnknownIdError
from tocsin.grading import grade
from tocsin.model.care import DEVICES, CareState, policy, pressure_scale, support
from tocsin.model.dosing import doses, parse
from tocsin.model.noise import normal, uniform
from tocsin.model.observe import Observation, labs, lost_of_ice, observe, observing, saturated
from tocsin.timeline import Timeline
from tocsin.vocabulary import CONCEPTS


def seen(n: int = 3, days: float = 3.0, age: float = 40.0, seed: int = 4, text: str = "", **outputs: object) -> Observation:
    who = people(n, age_years=age, weight_kg=70.0 if age >= 18 else None)
    values, names, hours = trajectory(n, days, **outputs)
    return observe(values, names, hours, who, doses(parse(text, tuple(SYSTEM.drugs)), who.weight_kg), seed=seed)


def of(timeline: Timeline, concept: str) -> pl.DataFrame:
    return timeline.events.filter(pl.col("concept").cast(pl.String) == concept)


def grades(timeline: Timeline, scale: str = "astct-crs-2019", until: float = 72.0) -> pl.DataFrame:
    return grade(timeline, scale, until=until).frame.filter(pl.col("start_hour") < until)


# ---------------------------------------------------------------- what Tocsin's own grader says

def test_a_healthy_patient_is_surely_at_grade_0_of_crs_and_icans() -> None:
    healthy = seen(20).timeline
    for scale in ("astct-crs-2019", "astct-icans-2019"):
        steps = grades(healthy, scale)
        assert set(zip(steps["at_least"], steps["at_most"], strict=True)) == {(0, 0)}


def test_a_pressure_of_55_with_fever_is_surely_grade_3_under_a_vasopressor() -> None:
    sick = seen(5, temperature_c=39.5, map_mmhg=55.0).timeline
    steps = grades(sick)
    assert (steps["at_least"] == steps["at_most"]).all()
    assert set(steps.group_by("patient").agg(pl.col("at_least").max())["at_least"]) == {3}
    assert len(of(sick, "norepinephrine"))
    assert not len(of(sick, "epinephrine"))


def test_a_vasopressor_without_fever_is_no_crs() -> None:
    assert set(grades(seen(5, map_mmhg=55.0).timeline)["at_most"]) == {0}


def test_a_fever_alone_is_grade_1_and_with_a_bolus_grade_2() -> None:
    assert set(grades(seen(5, temperature_c=39.5).timeline)["at_least"]) == {1}
    dip = np.where(np.arange(73) == 30, 62.0, 88.0)
    with_bolus = seen(5, temperature_c=39.5, map_mmhg=dip).timeline
    assert len(of(with_bolus, "fluid_bolus")) == 5
    assert not len(of(with_bolus, "norepinephrine"))


@pytest.mark.parametrize(("pf", "grade_"), [(320.0, 1), (300.0, 2), (200.0, 3), (120.0, 4), (70.0, 4)])
def test_the_oxygenation_gives_the_grade_of_its_device(pf: float, grade_: int) -> None:
    steps = grades(seen(4, temperature_c=39.5, pf_ratio=pf).timeline)
    assert set(zip(steps["at_least"], steps["at_most"], strict=True)) == {(grade_, grade_)}


def test_a_pressure_that_no_single_agent_holds_is_grade_4() -> None:
    sick = seen(3, temperature_c=39.5, map_mmhg=30.0).timeline
    assert grades(sick)["at_least"].max() == 4
    assert len(of(sick, "epinephrine"))
    assert len(of(sick, "vasopressin"))


@pytest.mark.parametrize(("drive", "low", "high"), [(0.2, 0, 0), (0.6, 1, 2), (1.2, 2, 3), (1.9, 3, 4)])
def test_the_neurotoxic_drive_gives_icans_that_is_settled(drive: float, low: int, high: int) -> None:
    steps = grades(seen(30, ice_drive=drive).timeline, "astct-icans-2019")
    assert (steps["at_least"] == steps["at_most"]).all()
    assert low <= steps["at_least"].min()
    assert steps["at_least"].max() <= max(high, 3)


def test_a_child_is_tested_by_capd_and_graded_so() -> None:
    child = seen(5, age=6.0, ice_drive=1.5).timeline
    assert not len(of(child, "ice_score"))
    steps = grades(child, "astct-icans-2019")
    assert (steps["at_least"] == steps["at_most"]).all()
    assert steps["at_least"].min() >= 3


def test_at_12_years_the_ice_score_is_used_and_just_below_it_capd() -> None:
    assert len(of(seen(2, age=12.0).timeline, "ice_score"))
    assert len(of(seen(2, age=11.99).timeline, "capd_score"))


@pytest.mark.parametrize("age", [0.5, 3.0, 9.0, 15.0])
def test_a_healthy_child_has_a_childs_pressure_and_no_grade(age: float) -> None:
    child = seen(30, age=age).timeline
    steps = grades(child)
    assert set(zip(steps["at_least"], steps["at_most"], strict=True)) == {(0, 0)}
    assert not len(of(child, "fluid_bolus"))
    assert of(child, "mean_arterial_pressure")["value"].mean() == pytest.approx(88.0 * pressure_scale(policy(), np.array([age]))[0], rel=0.02)


# ---------------------------------------------------------------- what stands in the record

def test_every_value_is_possible_and_of_its_concept_and_every_row_is_virtual() -> None:
    sick = seen(10, temperature_c=40.0, map_mmhg=50.0, pf_ratio=150.0, ice_drive=1.5, local_oedema=0.8, il6_blood=1e5,
                text="tocilizumab 8 mg/kg @ day 1").timeline
    assert set(sick.events["origin"]) == {"virtual"}
    assert set(sick.events["attribution"]) == {"unknown"}
    for (name,), rows in sick.events.with_columns(pl.col("concept").cast(pl.String)).group_by("concept"):
        concept = CONCEPTS[str(name)]
        values = rows["value"].drop_nulls()
        if concept.possible is not None and len(values):
            assert concept.possible[0] <= values.min()
            assert values.max() <= concept.possible[1]
        if concept.values:
            assert set(rows["text"]) <= set(concept.values)
        else:
            assert rows["value"].null_count() == 0


def test_the_record_is_complete_where_absence_can_be_told() -> None:
    assert seen().timeline.complete.everywhere == {"drugs", "devices", "neurology", "findings"}


def test_vital_signs_come_every_four_hours_and_blood_once_a_day_at_six_in_the_morning() -> None:
    healthy = seen(1, 3.0).timeline
    assert of(healthy, "temperature")["hour"].to_list() == [4.0 * i for i in range(19)]
    assert of(healthy, "crp")["hour"].to_list() == [20.0, 44.0, 68.0]


def test_temperature_follows_the_clock_and_the_body() -> None:
    hours = of(seen(400, 4.0).timeline, "temperature").group_by("hour").agg(pl.col("value").mean())
    by_clock = hours.with_columns(((pl.col("hour") + 10) % 24).alias("clock")).group_by("clock").agg(pl.col("value").mean()).sort("clock")
    warmest, coldest = by_clock.sort("value")["clock"][-1], by_clock.sort("value")["clock"][0]
    assert (warmest, coldest) == (18.0, 6.0)
    assert by_clock["value"].max() - by_clock["value"].min() == pytest.approx(0.5, abs=0.05)
    assert by_clock["value"].mean() == pytest.approx(36.8, abs=0.03)


def test_the_pressures_agree_with_each_other() -> None:
    wide = seen(20).timeline.events.with_columns(pl.col("concept").cast(pl.String)).pivot("concept", index=["patient", "hour"], values="value")
    wide = wide.drop_nulls("systolic_bp")
    assert ((wide["systolic_bp"] + 2 * wide["diastolic_bp"]) / 3 - wide["mean_arterial_pressure"]).abs().max() <= 0.5
    assert (wide["systolic_bp"] > wide["diastolic_bp"]).all()


def test_a_value_above_the_ceiling_is_reported_as_above_it_and_one_below_the_limit_as_below() -> None:
    high = of(seen(3, il6_blood=1e5, il10=1e-3).timeline, "il6")
    assert set(zip(high["value"], high["censored"], strict=True)) == {(5000.0, 1)}
    low = of(seen(3, il6_blood=1e5, il10=1e-3).timeline, "il10")
    assert set(zip(low["value"], low["censored"], strict=True)) == {(2.0, -1)}


def test_assay_error_has_the_size_it_is_said_to_have_and_no_bias() -> None:
    values = of(seen(3000, 1.0, il6_blood=100.0).timeline, "il6")["value"]
    assert values.mean() == pytest.approx(100.0, rel=0.02)
    assert values.std() / values.mean() == pytest.approx(0.15, rel=0.05)


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.concept)
def test_each_laboratory_value_is_measured_in_its_own_unit(lab: object) -> None:
    from tocsin.model.load import load
    from tocsin.model.observe import Lab

    assert isinstance(lab, Lab)
    units = {q.name: q.unit for q in (*load().states, *load().assigned)}
    assert units[lab.output] == lab.unit
    if lab.concept != "car_t_count":
        assert CONCEPTS[lab.concept].conversion(lab.unit).factor == lab.factor


def test_doses_stand_in_the_record_with_their_amount_and_duration() -> None:
    toci = of(seen(2, text="tocilizumab 8 mg/kg @ day 1; dex 10 mg q6h x 3 @ day 2").timeline, "tocilizumab")
    assert toci.select("hour", "end_hour", "value").rows() == [(24.0, 25.0, 560.0)] * 2
    dex = of(seen(2, text="tocilizumab 8 mg/kg @ day 1; dex 10 mg q6h x 3 @ day 2").timeline, "dexamethasone")
    assert dex["hour"].to_list() == [48.0, 54.0, 60.0] * 2
    assert dex["value"].unique().to_list() == [10.0]


def test_the_car_t_cells_are_in_the_record_at_hour_0() -> None:
    who = people(2, age_years=40.0)
    values, names, hours = trajectory(2)
    given_ = observe(values, names, hours, who, seed=1, car_dose=np.array([2e6, 1e6])).timeline
    assert of(given_, "car_t_infusion").select("hour", "value").rows() == [(0.0, 2e6), (0.0, 1e6)]


def test_a_seizure_is_over_at_the_next_examination() -> None:
    fits = of(seen(300, ice_drive=1.9).timeline, "seizure")
    assert set(fits["text"]) == {"brief", "none"}
    assert set(fits.filter(pl.col("text") == "none")["hour"] % 12) == {0.0}
    each = fits.group_by("patient", maintain_order=True).agg(pl.col("text").first(), pl.col("hour").first(), pl.len())
    assert set(each["text"]) == {"brief"}
    assert each.filter(pl.col("hour") < 60)["len"].min() >= 2
    assert 0.1 < fits.filter(pl.col("text") == "brief")["patient"].n_unique() / 300 < 0.35  # a hazard of 0.1 a day for three days, at nearly its whole


# ---------------------------------------------------------------- the policy of care

def cared(pressure: object, pf: object = 450.0, hours: int = 72, age: float = 40.0, **changes: float) -> tuple[object, np.ndarray]:
    time = np.arange(float(hours))
    care = policy().changed(**changes)
    low, oxygen = (np.broadcast_to(np.asarray(x, float), (1, hours)) for x in (pressure, pf))
    return support(low, oxygen, time, np.array([70.0]), np.array([age]), care, CareState.fresh(1, care)), time


def test_fluids_come_first_then_norepinephrine_and_then_the_pressure_holds() -> None:
    care, _ = cared(55.0)
    assert care.bolus[0, :3].tolist() == [700.0, 700.0, 0.0]
    assert care.norepinephrine[0, :2].tolist() == [0.0, 0.0]
    assert (care.norepinephrine[0, 2:] > 0).all()
    assert (care.map[0, 2:] >= 65.0 - 1e-9).all()


@pytest.mark.parametrize(("pressure", "treated"), [(65.0, False), (64.9, True)])
def test_a_pressure_at_the_limit_is_not_treated_and_one_below_it_is(pressure: float, treated: bool) -> None:
    care, _ = cared(pressure)
    assert bool(care.bolus.any()) is treated


def test_no_more_boluses_are_given_in_a_day_than_the_policy_allows() -> None:
    for most in (0.0, 1.0, 3.0):
        care, _ = cared(np.tile([60.0, 70.0], 36), bolus_most_a_day=most)
        for start in range(48):
            assert (care.bolus[0, start:start + 24] > 0).sum() <= most


def test_a_vasopressor_stops_only_after_the_pressure_has_been_good_for_hours() -> None:
    care, _ = cared(np.where(np.arange(72) < 24, 55.0, 80.0))
    assert (care.norepinephrine[0, 24:28] > 0).all()
    assert not care.norepinephrine[0, 29:].any()
    relapse, _ = cared(np.where((np.arange(72) < 24) | (np.arange(72) % 4 == 0), 55.0, 80.0))
    assert (relapse.norepinephrine[0, 24:] > 0).all()


def test_a_lower_pressure_needs_no_less_of_a_vasopressor() -> None:
    rates = [cared(p)[0].norepinephrine[0, -1] + cared(p)[0].epinephrine[0, -1] for p in (64.0, 60.0, 50.0, 40.0, 30.0, 20.0)]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1]


@pytest.mark.parametrize(("pf", "device"), [(315.0, 0), (314.9, 1), (210.0, 1), (209.9, 2), (130.0, 2), (129.9, 3), (80.0, 3), (79.9, 4)])
def test_devices_follow_the_oxygenation(pf: float, device: int) -> None:
    care, _ = cared(88.0, pf)
    assert set(care.device[0]) == {device}


def test_support_goes_up_at_once_and_down_after_hours() -> None:
    care, _ = cared(88.0, np.where((np.arange(72) >= 10) & (np.arange(72) < 20), 200.0, 400.0))
    assert care.device[0, 9] == 0
    assert care.device[0, 10] == DEVICES.index("high_flow_nasal_cannula")
    assert care.device[0, 25] == DEVICES.index("high_flow_nasal_cannula")
    assert care.device[0, 26] == 0


def test_a_better_oxygenation_within_the_margin_does_not_step_down() -> None:
    care, _ = cared(88.0, np.where(np.arange(72) < 10, 300.0, 325.0))
    assert (care.device[0] == 1).all()


@given(st.lists(st.floats(20.0, 120.0), min_size=30, max_size=30), st.lists(st.floats(40.0, 500.0), min_size=30, max_size=30), st.integers(1, 29))
@settings(max_examples=40, deadline=None)
def test_care_that_stops_and_goes_on_is_the_care_of_one_run(pressure: list[float], pf: list[float], cut: int) -> None:
    care, low, oxygen = policy(), np.array([pressure]), np.array([pf])
    hours, weight, age = np.arange(30.0), np.array([70.0]), np.array([40.0])
    whole = support(low, oxygen, hours, weight, age, care, CareState.fresh(1, care))
    state = CareState.fresh(1, care)
    parts = [support(low[:, a:b], oxygen[:, a:b], hours[a:b], weight, age, care, state) for a, b in ((0, cut), (cut, 30))]
    both = parts[0].then(parts[1])
    for name in both.ROWS:
        assert (getattr(whole, name) == getattr(both, name)).all()
    assert ((whole.fio2 >= 0.21) & (whole.fio2 <= 1.0)).all()
    assert (whole.flow[whole.device == 1] <= 6.0).all()


def test_a_number_of_the_policy_that_does_not_exist_or_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownIdError, match="map_limit"):
        policy().changed(map_limits=60.0)
    with pytest.raises(UnknownIdError, match=r"bolus_gain.*pf_low_flow"):
        policy().changed(zzz=60.0)
    with pytest.raises(ModelError, match=r"map_limit .* cannot be 20"):
        policy().changed(map_limit=20.0)
    assert policy().changed(map_limit=60.0)["map_limit"] == 60.0


# ---------------------------------------------------------------- noise, pieces, speed

def test_what_is_observed_in_pieces_is_what_is_observed_at_once() -> None:
    who = people(6, age_years=40.0)
    hours = np.arange(97)
    values, names, at = trajectory(6, 4.0, temperature_c=38.0 + np.sin(hours / 9), map_mmhg=60.0 + 15 * np.cos(hours / 7),
                                   pf_ratio=250.0 + 120 * np.cos(hours / 11), ice_drive=0.8, local_oedema=0.4 + 0.3 * np.sin(hours / 13))
    whole = observe(values, names, at, who, seed=9).timeline.events
    care, state, told, parts = None, None, -np.inf, []
    for end in (25, 60, 97):
        piece = observe(values[:, :end], names, at[:end], who, seed=9, care=care, state=state, rows_from=told)
        care, state, told = piece.care, piece.state, at[end - 1] + 1.0
        parts.append(piece.timeline.events)
    running = ("norepinephrine", "epinephrine", "vasopressin")  # an infusion is told in as many rows as there are pieces
    columns = ["patient", "concept", "hour", "value", "text", "censored"]

    def rows(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(~pl.col("concept").cast(pl.String).is_in(running)).select(pl.col(columns[:2]).cast(pl.String), *columns[2:]).sort(columns[:3])

    assert rows(pl.concat(parts)).equals(rows(whole))
    hours_on = [f.filter(pl.col("concept").cast(pl.String) == "norepinephrine").select(((pl.col("end_hour") - pl.col("hour")) * pl.col("value")).sum()).item()
                for f in (pl.concat(parts), whole)]
    assert hours_on[0] == pytest.approx(hours_on[1])


def test_the_measurements_of_a_patient_do_not_depend_on_the_others() -> None:
    def record(n: int) -> pl.DataFrame:
        return seen(n, il6_blood=100.0).timeline.of("virtual-000002").events.with_columns(pl.col("patient", "concept").cast(pl.String))

    assert record(2).equals(record(9))


def test_another_seed_measures_otherwise() -> None:
    assert not of(seen(seed=1).timeline, "crp")["value"].equals(of(seen(seed=2).timeline, "crp")["value"])


def test_the_record_of_a_patient_whose_equations_failed_ends_there_and_the_others_go_on() -> None:
    who = people(2, age_years=40.0)
    values, names, hours = trajectory(2)
    values[0, 30:] = np.nan
    record = observe(values, names, hours, who, seed=1).timeline
    assert record.of("virtual-000001").events["hour"].max() < 30.0
    assert record.of("virtual-000002").events["hour"].max() == 72.0
    assert record.events["value"].is_nan().sum() == 0


def test_noise_is_normal_and_uniform_and_neighbours_are_independent() -> None:
    patients, hours = np.arange(400)[:, None], np.arange(400)[None, :]
    z, u = normal(3, "x", patients, hours), uniform(3, "x", patients, hours)
    assert abs(z.mean()) < 0.01
    assert z.std() == pytest.approx(1.0, abs=0.01)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.05, abs=0.002)
    assert np.histogram(u, 20, (0, 1))[0].std() < 4 * np.sqrt(160000 / 20)
    for other in (normal(3, "y", patients, hours), normal(4, "x", patients, hours), np.roll(z, 1, 0), np.roll(z, 1, 1)):
        assert abs(np.corrcoef(z.ravel(), other.ravel())[0, 1]) < 0.01


def test_missing_outputs_wrong_shapes_and_other_steps_are_refused() -> None:
    who = people(2, age_years=40.0)
    values, names, hours = trajectory(2)
    with pytest.raises(ModelError, match="map_mmhg"):
        observe(values, tuple("other" if n == "map_mmhg" else n for n in names), hours, who, seed=1)
    with pytest.raises(ModelError, match="shape"):
        observe(values[:1], names, hours, who, seed=1)
    with pytest.raises(ModelError, match="one hour apart"):
        observe(values[:, ::2], names, hours[::2], who, seed=1)


@given(st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_more_neurotoxic_drive_never_leaves_more_of_the_ice_score(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert lost_of_ice(np.array([low]), observing())[0] <= lost_of_ice(np.array([high]), observing())[0]


def test_saturation_at_known_oxygen_pressures() -> None:
    assert saturated(np.array([26.86]))[0] == pytest.approx(50.0, abs=0.5)  # P50 of adult blood
    assert saturated(np.array([60.0]))[0] == pytest.approx(90.6, abs=0.5)
    assert saturated(np.array([100.0]))[0] == pytest.approx(97.7, abs=0.3)


def test_every_number_of_care_observation_and_population_cites_what_is_known_or_says_assumed() -> None:
    from tocsin.cite import REFERENCES
    from tocsin.model.load import loaded
    from tocsin.model.numbers import text
    from tocsin.model.population import population

    people_ = population()
    sources = [n.source for n in (*policy().entries, *observing().entries, *people_.body.entries, *people_.assumed)]
    sources += [c.source for c in people_.correlations] + [lab.source for lab in labs()]
    known = {*REFERENCES, *loaded().references, *(key for name in ("care", "observation", "population") for key in text(name)["references"])}
    for source in sources:
        for part in source.split(", ") if ":" in source else ():
            if ":" in part:
                assert part.partition(":")[0] in known, source
        assert source == "assumed" or ":" in source
