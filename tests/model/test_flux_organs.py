"""Endothelium, circulation, lung, the local site and the blood-brain barrier."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from model.flux import P, Values, named, rates, steroid
from tocsin.model.load import load

# ---------------------------------------------------------------- endothelium, circulation, lung, site, brain

@pytest.mark.parametrize(("signal", "share"), [({"il6_blood": 1e5}, "leak_trans"), ({"ifn_gamma": 1e5}, "leak_ifn"), ({"il1": 1.0}, "leak_il1")])
def test_each_signal_activates_endothelium_and_only_as_far_as_its_share(signal: Values, share: str) -> None:
    assert rates(signal)["endothelium"] > rates()["endothelium"]
    assert named(signal)["endothelium_drive"] - named()["endothelium_drive"] <= P[share]
    assert rates(signal, **{share: 0.0})["endothelium"] == pytest.approx(rates(**{share: 0.0})["endothelium"])


@pytest.mark.parametrize(("signal", "share"), [({"il6_blood": 1e5}, "dilation_trans"), ({"macrophage_systemic": 0.8}, "dilation_macrophage"),
                                               ({"il1": 1.0}, "dilation_il1")])
def test_each_signal_widens_vessels_by_its_share(signal: Values, share: str) -> None:
    assert rates(signal)["vasodilation"] > rates()["vasodilation"]
    assert rates(signal, **{share: 0.0})["vasodilation"] == pytest.approx(rates(**{share: 0.0})["vasodilation"])


def test_injury_is_repaired_vessels_narrow_and_water_is_cleared_once_the_signals_are_gone() -> None:
    gone = {"il6_blood": 0.0, "il6_local": 0.0, "il6_csf": 0.0}
    for state, loss in (("endothelium", "leak_repair"), ("vasodilation", "dilation_loss"), ("lung_water", "lung_clearance"),
                        ("local_oedema", "oedema_clearance"), ("blood_brain_barrier", "barrier_repair")):
        assert rates({**gone, state: 0.5})[state] == pytest.approx(-0.5 * P[loss], rel=1e-6)


def test_plasma_leaks_through_injured_endothelium_into_the_lung_and_refills() -> None:
    assert rates({"plasma_volume": 0.8})["plasma_volume"] == pytest.approx(0.2 * P["refill"])
    leaks = [rates({"endothelium": e})["plasma_volume"] for e in (0.0, 0.3, 0.6, 1.0)]
    assert all(more < less for less, more in pairwise(leaks))
    assert leaks[0] == 0
    assert rates({"endothelium": 0.6})["lung_water"] > 0
    assert rates({"endothelium": 0.6, "plasma_volume": 0.5})["lung_water"] == pytest.approx(rates({"endothelium": 0.6})["lung_water"] / 2)


def test_pressure_and_oxygenation_fall_without_end_only_to_0() -> None:
    assert named({"vasodilation": 1.0, "plasma_volume": 0.0})["map_mmhg"] >= 0
    ratios = [named({"lung_water": w})["pf_ratio"] for w in (0.0, 0.5, 1.0, 100.0)]
    assert all(0 < more < less for less, more in pairwise(ratios))


@pytest.mark.parametrize("state", ["endothelium", "local_oedema", "blood_brain_barrier", "vasodilation"])
def test_a_steroid_slows_injury_swelling_widening_and_the_opening_of_the_barrier(state: str) -> None:
    ill = {"il6_blood": 1000.0, "il6_local": 5000.0, "il6_csf": 300.0, "car_local": 10.0, "macrophage_local": 0.8, "macrophage_systemic": 0.8,
           "endothelium": 0.3, "ifn_gamma": 1000.0, state: 0.2}
    assert rates({**ill, **steroid(0.9)})[state] < rates(ill)[state]


def test_a_site_swells_where_cells_infiltrate_it_by_macrophages_and_by_trans_signals() -> None:
    ill = {"il6_local": 5000.0, "macrophage_local": 0.8}
    swells = rates({**ill, "car_local": 10.0})["local_oedema"]
    assert 0 <= rates(ill)["local_oedema"] < 0.5 * swells
    assert rates({**ill, "car_local": 10.0, "il6_local": 0.0})["local_oedema"] < swells
    assert rates({**ill, "car_local": 10.0, "macrophage_local": 0.0})["local_oedema"] < swells
    assert rates({"macrophage_systemic": 0.8, "car_local": 10.0})["local_oedema"] < 0.1 * swells


def test_the_barrier_opens_by_injured_endothelium_and_by_il6_behind_it_and_both_drive_neurotoxicity() -> None:
    for cause in ({"endothelium": 0.5}, {"il6_csf": 500.0}):
        assert rates(cause)["blood_brain_barrier"] > rates()["blood_brain_barrier"]
    assert named({"il6_csf": 500.0})["ice_drive"] > named()["ice_drive"]
    assert named({"blood_brain_barrier": 0.5})["ice_drive"] == pytest.approx(named()["ice_drive"] + 0.5)


def test_endothelium_vessels_and_barrier_answer_to_the_sum_of_their_signals_at_their_onset() -> None:
    told = named({"il6_blood": 3e3, "ifn_gamma": 500.0, "il1": 1.0, "il6_csf": 200.0})
    change = rates({"il6_blood": 3e3, "ifn_gamma": 500.0, "il1": 1.0, "il6_csf": 200.0})
    drive = P["leak_trans"] * told["trans_signal"] + P["leak_ifn"] * told["ifn_fever"] + P["leak_il1"] * told["il1_signal"]
    assert told["endothelium_drive"] == pytest.approx(drive)
    assert change["endothelium"] == pytest.approx(P["leak_onset"] * drive)
    assert change["vasodilation"] == pytest.approx(P["dilation_onset"] * (P["dilation_trans"] * told["trans_signal"] + P["dilation_il1"] * told["il1_signal"]))
    assert change["blood_brain_barrier"] == pytest.approx(P["barrier_onset"] * told["trans_signal_csf"])
    wide = rates({"il6_blood": 0.0, "macrophage_systemic": 0.5})["vasodilation"]
    assert wide == pytest.approx(P["dilation_onset"] * P["dilation_macrophage"] * 0.5)


def test_a_steroid_takes_its_share_of_leak_swelling_and_barrier() -> None:
    ill = {"il6_blood": 3e3, "il6_local": 3e3, "il6_csf": 300.0, "ifn_gamma": 500.0, "car_local": 1e6, "macrophage_local": 0.7}
    held = P["steroid_max"]
    for state, share in (("endothelium", "leak_steroid"), ("blood_brain_barrier", "barrier_steroid"), ("local_oedema", "oedema_steroid")):
        assert rates({**ill, "steroid_effect": 1e6})[state] == pytest.approx((1 - P[share] * held) * rates(ill)[state], rel=1e-3)


def test_injured_endothelium_leaks_plasma_and_wets_the_lung_wholly_at_its_rates() -> None:
    assert rates({"endothelium": 1.0})["plasma_volume"] == pytest.approx(-P["leak_flow"])
    assert rates({"endothelium": 1.0})["lung_water"] == pytest.approx(P["lung_leak"])


def test_stromal_cells_hasten_repair_and_clearance_by_their_factors() -> None:
    gone = {"il6_blood": 0.0}
    for state, loss, rise in (("endothelium", "leak_repair", "msc_repair"), ("lung_water", "lung_clearance", "msc_lung")):
        assert rates({**gone, state: 0.1, "msc_effect": 1.0})[state] - rates({**gone, state: 0.1})[state] == pytest.approx(-0.1 * P[loss] * P[rise])


def test_pressure_falls_by_width_and_volume_and_oxygenation_by_water() -> None:
    assert named()["map_mmhg"] == pytest.approx(P["map_normal"])
    assert named({"vasodilation": 0.5})["map_mmhg"] == pytest.approx(P["map_normal"] * (1 - 0.5 * P["map_dilation"]))
    assert named({"plasma_volume": 0.6})["map_mmhg"] == pytest.approx(P["map_normal"] * (1 - 0.4 * P["map_volume"]))
    assert named({"lung_water": 0.5})["pf_ratio"] == pytest.approx(P["pf_normal"] / (1 + 0.5 * P["pf_water"]))


def test_a_site_swells_at_its_rates_a_little_without_infiltration_and_dries_faster_under_a_steroid() -> None:
    macrophages = {"il6_local": 0.0, "macrophage_local": 1.0}
    whole = P["oedema_onset"] * P["oedema_macrophage"]
    assert rates({**macrophages, "car_local": 1e9})["local_oedema"] == pytest.approx(whole, rel=1e-3)
    assert rates(macrophages)["local_oedema"] == pytest.approx(P["oedema_anywhere"] * whole)
    ill = {"il6_local": 3e3, "car_local": 1e9}
    assert rates(ill)["local_oedema"] == pytest.approx(P["oedema_onset"] * P["oedema_trans"] * named(ill)["trans_signal_local"], rel=1e-3)
    swollen = {"il6_local": 0.0, "local_oedema": 0.5}
    assert rates({**swollen, "steroid_effect": 1e6})["local_oedema"] < rates(swollen)["local_oedema"] < 0


# ---------------------------------------------------------------- nothing is forgotten

def test_every_flux_every_state_and_every_drug_is_named_in_a_test_of_its_physics() -> None:
    system = load()
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_flux*.py"))
    fluxes = [a.name for a in system.assigned if a.unit.endswith("/day") or "/day/" in a.unit]
    assert len(fluxes) > 15
    wanted = {*fluxes, *system.state_names, *(how.target for how in system.drugs.values())}
    assert not {name for name in wanted if f'"{name}"' not in text}
