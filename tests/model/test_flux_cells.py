"""CAR-T cells and tumour: where cells come from, where they go, and what they kill."""

from __future__ import annotations

import pytest

from model.flux import P, named, rates

# ---------------------------------------------------------------- CAR-T cells

def test_cells_home_then_are_primed_and_of_those_a_share_lives_where_access_lets_them() -> None:
    states = {"car_infused": 2.0, "car_primed": 3.0}
    told, change = named(states, local_access=0.2), rates(states, local_access=0.2)
    assert told["homing"] == pytest.approx(P["home_rate"] * 2.0) == -change["car_infused"]
    assert told["priming"] == pytest.approx(P["prime_rate"] * 3.0)
    assert change["car_primed"] == pytest.approx(told["homing"] - told["priming"])
    assert change["car_marrow"] == pytest.approx(P["engraftment"] * told["priming"] * 0.8)
    assert change["car_local"] == pytest.approx(P["engraftment"] * told["priming"] * 0.2)


def test_antigen_holds_cells_where_it_is() -> None:
    for flux, cells, tumour, leave in (("marrow_to_blood", "car_marrow", "tumour_marrow_positive", "marrow_exit"),
                                       ("local_to_blood", "car_local", "tumour_local_positive", "local_exit")):
        assert named({cells: 2.0})[flux] == pytest.approx(2.0 * P[leave])
        assert named({cells: 2.0, tumour: 1e9})[flux] == pytest.approx(2.0 * P[leave] * (1 - P["retention"]), rel=1e-4)
        assert named({tumour: 1e9})[flux] == 0


def test_cells_enter_the_marrow_from_the_blood_and_the_site_by_access_and_the_call_of_antigen() -> None:
    blood = {"car_blood": 2.0}
    assert named(blood)["blood_to_marrow"] == pytest.approx(2.0 * P["marrow_entry"])
    assert named(blood, local_access=P["access_reference"])["blood_to_local"] == pytest.approx(2.0 * P["local_entry"])
    assert named(blood, local_access=2 * P["access_reference"])["blood_to_local"] == pytest.approx(4.0 * P["local_entry"])
    assert named(blood, local_access=0.0)["blood_to_local"] == 0
    called = named({**blood, "tumour_local_positive": 1e9}, local_access=P["access_reference"])["blood_to_local"]
    assert called == pytest.approx(2.0 * P["local_entry"] * (1 + P["chemotaxis"]), rel=1e-4)


@pytest.mark.parametrize(("signal", "cells", "tumour"), [("antigen_marrow", "car_marrow", "tumour_marrow_positive"),
                                                         ("antigen_local", "car_local", "tumour_local_positive")])
def test_antigen_drives_half_at_its_half_and_less_where_more_cells_share_it(signal: str, cells: str, tumour: str) -> None:
    own = {"weight": P["weight_reference"]}
    assert named({tumour: P["antigen_half"]}, **own)[signal] == pytest.approx(0.5)
    assert named({tumour: P["antigen_half"], cells: 5.0}, **own)[signal] < 0.5
    assert named({cells: 5.0}, **own)[signal] == 0


def test_cells_that_arrive_meet_the_antigen_of_the_place_they_arrive_at() -> None:
    tumour = {"tumour_marrow_positive": 3.0, "car_infused": 2.0, "car_primed": 1.0}
    told = named(tumour, local_access=0.25)
    assert told["antigen_met"] == pytest.approx(0.75 * told["antigen_marrow"])
    assert told["early_contact"] == pytest.approx(3.0 * told["antigen_met"])


@pytest.mark.parametrize(("flux", "cells", "tumour"), [("expansion_marrow", "car_marrow", "tumour_marrow_positive"),
                                                       ("expansion_local", "car_local", "tumour_local_positive")])
def test_cells_grow_at_their_rate_at_full_antigen_and_a_steroid_and_ruxolitinib_slow_them(flux: str, cells: str, tumour: str) -> None:
    full = {cells: 1e-6, tumour: 1e6}
    usual = named(full)[flux]
    assert usual == pytest.approx(P["expansion_rate"] * 1e-6, rel=1e-4)
    for drug in ({"steroid_effect": 1.0}, {"ruxolitinib": 100.0}):
        assert 0 < named({**full, **drug})[flux] < usual
        assert named({**full, **drug})["t_cell_drive"] == pytest.approx(named({**full, **drug})[flux] / usual)


def test_effectors_contract_where_there_is_no_antigen_and_a_steroid_hastens_it() -> None:
    alone, fed = ({"car_marrow": 1.0, "tumour_marrow_positive": t} for t in (0.0, 1e9))
    still = {"marrow_exit": 0.005, "memory_rate": 0.0}
    assert rates(alone, **still)["car_marrow"] == pytest.approx(-P["contraction_rate"] - 0.005)
    assert rates(fed, **still)["car_marrow"] > 0
    usual, hastened = named()["contraction"], named({"steroid_effect": 1e6})["contraction"]
    assert hastened == pytest.approx(usual * (1 + P["steroid_contraction"] * P["steroid_t_cell_max"]), rel=1e-4)


def test_effectors_become_memory_memory_wakes_where_antigen_is_and_is_lost_slowly() -> None:
    assert rates({"car_marrow": 1.0, "car_blood": 2.0, "car_local": 3.0})["car_memory"] == pytest.approx(6.0 * P["memory_rate"])
    assert named({"car_memory": 5.0})["reactivation"] == 0
    woken = {"car_memory": 5.0, "tumour_marrow_positive": 1e9}
    assert named(woken)["reactivation"] == pytest.approx(5.0 * P["reactivation_rate"], rel=1e-4)
    assert rates(woken)["car_memory"] == pytest.approx(-5.0 * P["memory_loss"] - named(woken)["reactivation"])
    assert rates(woken)["car_marrow"] == pytest.approx(named(woken)["reactivation"])


def test_etoposide_kills_effectors_and_macrophages_at_one_rate_and_spares_memory() -> None:
    cells = {"car_marrow": 2.0, "car_local": 3.0, "car_blood": 4.0, "car_memory": 5.0, "macrophage_systemic": 0.5, "macrophage_local": 0.4}
    killed = {**cells, "etoposide": 100.0}
    kill = named(killed)["etoposide_kill"]
    lost = {n: (rates(killed)[n] - rates(cells)[n]) / v for n, v in cells.items()}
    assert [lost[n] for n in cells if n != "car_memory"] == pytest.approx([-kill] * 5)
    assert lost["car_memory"] == pytest.approx(0.0, abs=1e-12)


# ---------------------------------------------------------------- tumour

@pytest.mark.parametrize(("flux", "cells", "tumour"), [("kill_marrow", "car_marrow", "tumour_marrow_positive"),
                                                       ("kill_local", "car_local", "tumour_local_positive")])
def test_what_is_killed_is_what_the_tumour_loses_and_a_steroid_spares_some(flux: str, cells: str, tumour: str) -> None:
    together = {cells: 5.0, tumour: 10.0}
    told = named(together)[flux]
    assert rates({tumour: 10.0})[tumour] - rates(together)[tumour] == pytest.approx(told)
    assert named({cells: 5.0})[flux] == named({tumour: 10.0})[flux] == 0
    assert named({cells: 10.0, tumour: 10.0})[flux] < 2 * told
    assert named({cells: 1e9, tumour: 10.0})[flux] == pytest.approx(10.0 * P["kill_rate"] / P["kill_crowding"], rel=1e-3)
    assert named({cells: 5.0, tumour: 1e12})[flux] == pytest.approx(5.0 * P["kill_rate"], rel=1e-3)
    spared = named({**together, "steroid_effect": 1e6})[flux]
    assert spared == pytest.approx(told * (1 - P["steroid_on_killing"] * P["steroid_t_cell_max"]), rel=1e-4)


@pytest.mark.parametrize("clone", ["tumour_marrow_positive", "tumour_local_positive", "tumour_negative"])
def test_each_clone_grows_until_there_is_no_room_and_its_last_cells_die_out(clone: str) -> None:
    own = {"weight": P["weight_reference"]}
    assert rates({clone: 1.0}, **own)[clone] == pytest.approx(P["tumour_growth"] * (1 - 1 / P["tumour_capacity"]), rel=1e-3)
    full = named({clone: P["tumour_capacity"]}, **own)
    assert full["tumour_room"] == pytest.approx(0.0, abs=1e-9)
    assert rates({clone: 2 * P["tumour_capacity"]}, **own)[clone] < 0
    few = P["extinction_half"] * 1e-3
    assert rates({clone: few}, **own)[clone] / few == pytest.approx(P["tumour_growth"] - P["extinction_rate"], rel=0.01)


# ---------------------------------------------------------------- T-cell cytokine

def test_interferon_comes_from_cells_that_meet_antigen_and_goes_by_itself() -> None:
    engaged = {"car_marrow": 2.0, "tumour_marrow_positive": 1e9}
    own = {"weight": P["weight_reference"], "local_access": 0.0}
    assert named(engaged, **own)["ifn_secretion"] == pytest.approx(2.0 * P["ifn_per_cell"], rel=1e-4)
    early = named({"car_primed": 2.0, "tumour_marrow_positive": 1e9}, **own)["ifn_secretion"]
    assert early == pytest.approx(2.0 * P["ifn_per_cell"] * P["early_secretion"], rel=1e-4)
    local = named({"car_local": 2.0, "tumour_local_positive": 1e9}, **own)["ifn_secretion_local"]
    assert local == pytest.approx(2.0 * P["ifn_per_cell"] * P["local_concentration"], rel=1e-4)
    even = {"ifn_gamma": 50.0, "ifn_gamma_local": 50.0}
    assert named(even)["ifn_exchange"] == 0
    assert rates(even)["ifn_gamma"] == pytest.approx(-50.0 * P["ifn_loss"])
    child = named(engaged, weight=P["weight_reference"] / 2, local_access=0.0)["ifn_secretion"]
    assert child == pytest.approx(2 * named(engaged, **own)["ifn_secretion"], rel=1e-3)   # as many cells in half the volume


def test_engaged_cells_secrete_il10_with_interferon_whichever_place_they_are_in() -> None:
    own = {"weight": P["weight_reference"], "local_access": 0.0}
    rest = {"il10": P["il10_basal"]}
    assert named(rest)["il10_secretion"] == 0
    for cells, tumour in (("car_marrow", "tumour_marrow_positive"), ("car_local", "tumour_local_positive")):
        engaged = {**rest, cells: 2.0, tumour: 1e9}
        assert named(engaged, **own)["il10_secretion"] == pytest.approx(2.0 * P["ifn_per_cell"] * P["il10_per_ifn"], rel=1e-3)
        assert rates(engaged, **own)["il10"] == pytest.approx(named(engaged, **own)["il10_secretion"])


def test_ruxolitinib_takes_its_share_of_the_activity_of_t_cells() -> None:
    assert named({"ruxolitinib": 1e9})["t_cell_drive"] == pytest.approx(1 - P["rux_t_cell_effect"], rel=1e-4)
    assert named({"steroid_effect": 1e6})["t_cell_drive"] == pytest.approx(1 - P["steroid_t_cell_max"], rel=1e-4)


def test_growth_is_halved_where_effectors_fill_the_niche() -> None:
    own = {"weight": P["weight_reference"]}
    assert named({"car_marrow": P["niche_capacity"] / 2, "car_blood": P["niche_capacity"] / 2}, **own)["niche"] == pytest.approx(0.5)


def test_one_effector_keeps_its_number_of_targets_busy_and_half_of_its_killing_is_at_its_half() -> None:
    own = {"weight": P["weight_reference"]}
    busy = {"car_marrow": 4.0, "tumour_marrow_positive": P["antigen_half"] + 4.0 * P["antigen_per_car"]}
    assert named(busy, **own)["antigen_marrow"] == pytest.approx(0.5)
    few = {"car_marrow": 1e-6, "tumour_marrow_positive": P["kill_half"]}
    assert named(few, **own)["kill_marrow"] == pytest.approx(1e-6 * P["kill_rate"] / 2, rel=1e-3)


def test_cells_in_blood_are_counted_with_the_share_of_memory_that_circulates() -> None:
    own = {"weight": P["weight_reference"]}
    one = named({"car_blood": 1.0}, **own)["car_blood_per_ul"]
    assert one == pytest.approx(P["per_ul"] / P["blood_volume_reference"])
    assert named({"car_memory": 1.0}, **own)["car_blood_per_ul"] == pytest.approx(P["memory_in_blood"] * one)


def test_a_clone_dies_out_at_half_speed_at_its_half() -> None:
    alone = rates({"tumour_negative": P["extinction_half"]})["tumour_negative"] / P["extinction_half"]
    assert alone == pytest.approx(P["tumour_growth"] - P["extinction_rate"] / 2, rel=1e-3)
