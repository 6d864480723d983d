"""How each drug comes and goes, and how much of its effect it has at which concentration."""

from __future__ import annotations

import numpy as np
import pytest

from model.flux import STATES, P, named, rates
from tocsin.model.compile import compile_system
from tocsin.model.dosing import doses, events, parse
from tocsin.model.load import load

# ---------------------------------------------------------------- drugs: how they come and go

@pytest.mark.parametrize(("drug", "clearance", "volume"), [
    ("anakinra", "anakinra_clearance", "anakinra_volume"), ("methylprednisolone", "mp_clearance", "mp_volume"),
    ("dexamethasone", "dex_clearance", "dex_volume"),
    ("ruxolitinib", "rux_clearance", "rux_volume"), ("etoposide", "etoposide_clearance", "etoposide_volume"),
    ("acetaminophen", "acetaminophen_clearance", "acetaminophen_volume")])
def test_a_drug_leaves_in_proportion_to_its_concentration_and_faster_by_weight_in_a_child(drug: str, clearance: str, volume: str) -> None:
    for amount in (1.0, 50.0):
        assert rates({drug: amount})[drug] == pytest.approx(-P[clearance] / P[volume] * amount)
    child = rates({drug: 1.0}, weight=P["weight_reference"] / 16)[drug]
    assert child == pytest.approx(2 * rates({drug: 1.0}, weight=P["weight_reference"])[drug])   # 16 to the power of a quarter


@pytest.mark.parametrize(("depot", "blood", "absorption", "available"), [
    ("anakinra_depot", "anakinra", "anakinra_absorption", "anakinra_available"), ("ruxolitinib_gut", "ruxolitinib", "rux_absorption", "rux_available")])
def test_what_leaves_a_depot_reaches_the_blood_but_for_what_is_lost_on_the_way(depot: str, blood: str, absorption: str, available: str) -> None:
    moving = rates({depot: 10.0})
    assert moving[depot] == pytest.approx(-10.0 * P[absorption])
    assert moving[blood] == pytest.approx(-moving[depot] * P[available])


def test_siltuximab_moves_to_where_it_is_thinner_and_none_is_lost_by_moving() -> None:
    volumes = P["silt_volume"], P["silt_tissue_volume"]
    size = P["weight"] / P["weight_reference"]
    for plasma, tissue in ((100.0, 20.0), (20.0, 100.0), (50.0, 50.0)):
        states = {"siltuximab": plasma * volumes[0] * size, "siltuximab_tissue": tissue * volumes[1] * size}
        flow, change = named(states)["siltuximab_exchange"], rates(states)
        assert np.sign(round(flow, 9)) == np.sign(plasma - tissue)
        assert change["siltuximab_tissue"] == pytest.approx(flow, abs=1e-9)
        lost = P["silt_clearance"] * size**0.75 * plasma
        assert change["siltuximab"] + change["siltuximab_tissue"] == pytest.approx(-lost)


@pytest.mark.parametrize("drug", [d for d, how in load().drugs.items() if how.rate_input])
def test_an_infusion_adds_what_runs_in_and_nothing_else(drug: str) -> None:
    system, model = load(), compile_system(load())
    how = system.drugs[drug]
    row = [p.value for p in system.parameters]
    y = model.initial_states(row)[0]
    inputs = np.zeros(len(system.inputs))
    inputs[system.input_names.index(how.rate_input)] = 12.0
    change = model.rates(0.0, y, row, inputs) - model.rates(0.0, y, row)
    expected = np.zeros(len(change))
    expected[STATES.index(how.target)] = 12.0
    assert change == pytest.approx(expected, abs=1e-9)


def test_the_effect_of_a_steroid_runs_after_its_concentration_in_blood_and_fluid() -> None:
    plasma = named({"dexamethasone": 10.0})["steroid_plasma"]
    assert plasma > 0
    for level, sign in ((0.5, 1), (1.0, 0), (2.0, -1)):
        change = rates({"dexamethasone": 10.0, "steroid_effect": level * plasma, "dexamethasone_csf": level * P["dex_csf_ratio"] * plasma})
        assert np.sign(round(change["steroid_effect"], 12)) == sign
        assert np.sign(round(change["dexamethasone_csf"], 12)) == sign


def test_stromal_cells_die_out_and_their_effect_comes_with_them_and_fades_after() -> None:
    assert rates({"msc": 4.0})["msc"] == pytest.approx(-4.0 * P["msc_loss"])
    assert rates({"msc": 1e9})["msc_effect"] == pytest.approx(P["msc_onset"], rel=1e-6)
    assert rates({"msc": P["msc_half"]})["msc_effect"] == pytest.approx(P["msc_onset"] / 2)
    assert rates({"msc_effect": 0.5})["msc_effect"] == pytest.approx(-0.5 * P["msc_fading"])


@pytest.mark.parametrize(("share", "states", "full"), [
    ("receptor_blocked_blood", lambda: {"tocilizumab": P["toci_kd"] * P["toci_molar_mass"] * P["toci_volume"]}, 1.0),
    ("il1_blocked", lambda: {"anakinra": P["anakinra_ic50"] * P["anakinra_volume"]}, 1.0),
    ("steroid_on_macrophages", lambda: {"steroid_effect": P["steroid_ic50"]}, P["steroid_max"]),
    ("steroid_on_t_cells", lambda: {"steroid_effect": P["steroid_t_cell_ic50"]}, P["steroid_t_cell_max"]),
    ("steroid_in_csf", lambda: {"dexamethasone_csf": P["steroid_ic50"]}, 1.0),
    ("jak_blocked", lambda: {"ruxolitinib": P["rux_ic50"] * P["rux_molar_mass"] * P["rux_volume"]}, 1.0),
    ("etoposide_kill", lambda: {"etoposide": P["etoposide_ec50"] * P["etoposide_volume"]}, P["etoposide_kill_max"]),
    ("antipyretic_effect", lambda: {"acetaminophen": P["acetaminophen_ec50"] * P["acetaminophen_volume"]}, P["antipyretic_max"])])
def test_an_effect_is_half_at_its_half_concentration_nothing_without_and_whole_at_much_more(share: str, states, full: float) -> None:  # type: ignore[no-untyped-def]
    own = {"weight": P["weight_reference"]}
    half = states()
    assert named(half, **own)[share] == pytest.approx(full / 2)
    assert named(dict.fromkeys(half, 0.0), **own)[share] == pytest.approx(0.0, abs=1e-9)
    assert named({n: 1e6 * v for n, v in half.items()}, **own)[share] == pytest.approx(full, rel=1e-4)


def test_tocilizumab_reaches_a_site_in_part_and_cerebrospinal_fluid_hardly() -> None:
    amount = {"tocilizumab": 5.0}
    told = named(amount)
    for place, ratio in (("local", P["toci_local_ratio"]), ("csf", P["toci_csf_ratio"])):
        assert told[f"receptor_blocked_{place}"] == pytest.approx(ratio * told["toci_nm"] / (ratio * told["toci_nm"] + P["toci_kd"]))
    assert told["receptor_blocked_csf"] <= told["receptor_blocked_local"] <= told["receptor_blocked_blood"]


def test_siltuximab_leaves_half_of_il6_free_at_its_dissociation_constant() -> None:
    half = P["silt_kd"] * P["silt_molar_mass"] * P["silt_volume"]
    assert named({"siltuximab": half}, weight=P["weight_reference"])["il6_unbound"] == pytest.approx(0.5)


def test_siltuximab_and_the_effect_of_a_steroid_move_at_their_own_speed() -> None:
    own = {"weight": P["weight_reference"]}
    assert named({"siltuximab": P["silt_volume"]}, **own)["siltuximab_exchange"] == pytest.approx(P["silt_flow"])
    assert rates({"steroid_effect": 1.0})["steroid_effect"] == pytest.approx(-P["steroid_onset"])
    assert rates({"dexamethasone_csf": 1.0})["dexamethasone_csf"] == pytest.approx(-P["dex_csf_turnover"])


def test_methylprednisolone_counts_by_its_strength() -> None:
    one = named({"methylprednisolone": P["mp_volume"]}, weight=P["weight_reference"])
    assert one["methylprednisolone_plasma"] == pytest.approx(1.0)
    assert one["steroid_plasma"] == pytest.approx(1 / P["mp_per_dex"])


def test_the_effect_on_a_childs_dose_goes_by_its_volume() -> None:
    """A dose by weight gives the same concentration at every weight: acetaminophen, ruxolitinib, etoposide and anakinra."""
    for drug, effect in (("acetaminophen", "antipyretic_effect"), ("ruxolitinib", "jak_blocked"), ("etoposide", "etoposide_kill"), ("anakinra", "il1_blocked")):
        child, adult = (named({drug: 1.5 * w}, weight=w)[effect] for w in (14.0, 70.0))
        assert child == pytest.approx(adult)


@pytest.mark.parametrize("weight", [14.0, 70.0])
@pytest.mark.parametrize(("text", "target", "rise"), [
    ("fluid_bolus 300 mL @ day 1", "plasma_volume", lambda w: P["fluid_retained"] * 300 / (P["plasma_reference"] * w / P["weight_reference"])),
    ("intrathecal_dexamethasone 5 mg @ day 1", "dexamethasone_csf", lambda w: 5.0 / (P["csf_volume"] * w / P["weight_reference"])),
    ("msc 2e6 cells/kg @ day 1", "msc", lambda w: 2.0), ("car_t_infusion 2e6 cells/kg @ day 1", "car_infused", lambda w: 2e-3 * w),
    ("acetaminophen 15 mg/kg @ day 1", "acetaminophen", lambda w: 15.0 * w), ("anakinra 2 mg/kg @ day 1", "anakinra_depot", lambda w: 2.0 * w)])
def test_a_dose_adds_what_it_means_to_its_state(text: str, target: str, rise, weight: float) -> None:  # type: ignore[no-untyped-def]
    system = load()
    table = np.array([[weight if p.name == "weight" else p.value for p in system.parameters]])
    told = events(system, doses(parse(text, tuple(system.drugs)), np.array([weight])), table)
    assert [told.names[k] for k in told.target] == [target]
    assert told.amount[0] == pytest.approx(rise(weight))
