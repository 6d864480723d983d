"""Macrophages, IL-1, IL-6 with its signals, IL-10, laboratory values and fever."""

from __future__ import annotations

import pytest

from model.flux import P, Values, named, rates, steroid

# ---------------------------------------------------------------- macrophages, IL-1, IL-6, IL-10

@pytest.mark.parametrize(("drive", "states"), [
    ("macrophage_drive", {"ifn_gamma": 1000.0}), ("macrophage_drive", {"car_marrow": 5.0, "tumour_marrow_positive": 20.0}),
    ("macrophage_drive_local", {"ifn_gamma_local": 1000.0}), ("macrophage_drive_local", {"car_local": 5.0, "tumour_local_positive": 20.0})])
def test_each_of_the_two_drives_of_macrophages_raises_it_and_activates_them(drive: str, states: Values) -> None:
    cells = "macrophage_local" if drive.endswith("local") else "macrophage_systemic"
    other = "macrophage_systemic" if drive.endswith("local") else "macrophage_local"
    assert named(states)[drive] > named()[drive]
    assert rates(states)[cells] > rates()[cells]
    assert rates(states)[other] == pytest.approx(rates()[other])


@pytest.mark.parametrize(("drive", "states"), [
    ("macrophage_drive", {"il1": 1.0}), ("macrophage_drive", {"il6_blood": 5000.0}), ("macrophage_drive_local", {"il1": 1.0}),
    ("macrophage_drive_local", {"il6_local": 5000.0})])
def test_il1_and_trans_signalling_amplify_the_drive_and_cannot_replace_it(drive: str, states: Values) -> None:
    """So that the loop ends in everybody when the cells fall silent."""
    driven = {"ifn_gamma": 1000.0, "ifn_gamma_local": 1000.0}
    assert named({**driven, **states})[drive] > named(driven)[drive]
    assert named(states)[drive] == 0.0


@pytest.mark.parametrize(("drug", "most"), [
    ({"steroid_effect": 1e6}, P["steroid_max"]), ({"ruxolitinib": 1e9}, P["rux_macrophage_effect"]), ({"msc_effect": 1.0}, P["msc_macrophage_effect"])])
def test_each_drug_holds_macrophages_by_its_own_share_and_with_them_il1_and_il6(drug: Values, most: float) -> None:
    assert named()["macrophage_hold"] == pytest.approx(1.0)
    assert named(drug)["macrophage_hold"] == pytest.approx(1 - most, rel=1e-3)
    active = {"macrophage_systemic": 0.8, "macrophage_local": 0.8, "ifn_gamma": 1e4, "ifn_gamma_local": 1e4}
    for made in ("il1", "il6_blood", "il6_local", "macrophage_systemic", "macrophage_local"):
        assert rates({**active, **drug})[made] < rates(active)[made]


def test_il10_above_its_baseline_holds_macrophages_back_by_half_at_its_half() -> None:
    assert named({"il10": P["il10_basal"]})["il10_hold"] == pytest.approx(1.0)
    assert named({"il10": P["il10_basal"] + P["il10_half"]})["il10_hold"] == pytest.approx(0.5)
    driven = {"ifn_gamma": 1e6, "il10": P["il10_basal"] + P["il10_half"]}
    assert rates(driven)["macrophage_systemic"] == pytest.approx(rates({"ifn_gamma": 1e6})["macrophage_systemic"] / 2)


def test_macrophages_calm_down_and_their_competence_returns_after_a_steroid() -> None:
    undriven = rates({"macrophage_systemic": 0.5, "macrophage_local": 0.5, "macrophage_competence": 1e-12})
    for place in ("macrophage_systemic", "macrophage_local"):
        assert undriven[place] == pytest.approx(-0.5 * P["macrophage_calming"], rel=1e-6)
    assert rates()["macrophage_competence"] == pytest.approx(0.0, abs=1e-9)
    assert rates({"macrophage_competence": 0.4})["macrophage_competence"] == pytest.approx(0.6 * P["competence_recovery"])
    assert rates(steroid(0.5))["macrophage_competence"] == pytest.approx(-P["competence_loss"] * P["steroid_max"] / 2)
    weak = rates({"ifn_gamma": 1e4, "macrophage_competence": 0.25})["macrophage_systemic"]
    assert weak == pytest.approx(rates({"ifn_gamma": 1e4})["macrophage_systemic"] / 4)


@pytest.mark.parametrize("made", ["il1", "il6_blood", "il6_local", "il10", "ferritin"])
def test_active_macrophages_make_it_more_than_in_proportion_or_in_proportion_and_resting_ones_do_not(made: str) -> None:
    place = "macrophage_local" if made == "il6_local" else "macrophage_systemic"
    rest, half, full = (rates({place: m})[made] for m in (0.0, 0.5, 1.0))
    assert rest == pytest.approx(0.0, abs=1e-9)   # the others are in balance in health
    assert 0 < half <= full / 2 * (1 + 1e-9)


def test_il1_goes_by_itself_and_anakinra_takes_its_signal_and_not_its_amount() -> None:
    assert rates({"il1": 2.0})["il1"] == pytest.approx(-2.0 * P["il1_loss"])
    assert named({"il1": P["il1_half"]})["il1_signal"] == pytest.approx(0.5)
    blocked = {"il1": 2.0, "anakinra": 1e6}
    assert named(blocked)["il1_signal"] < 1e-2
    assert rates(blocked)["il1"] == rates({"il1": 2.0})["il1"]
    for effect in ("endothelium", "vasodilation", "fever_drive", "macrophage_systemic"):
        assert rates({**blocked, "ifn_gamma": 1000.0})[effect] < rates({"il1": 2.0, "ifn_gamma": 1000.0})[effect]


def test_il6_moves_between_the_site_and_the_blood_and_what_one_loses_the_other_gains() -> None:
    higher, even = {"il6_local": 500.0, "il6_blood": 100.0}, {"il6_local": 100.0, "il6_blood": 100.0}
    assert named(even)["il6_exchange"] == 0
    flow = named(higher)["il6_exchange"]
    assert flow == pytest.approx(400.0 * P["local_exchange"])
    assert rates(higher)["il6_blood"] - rates(even)["il6_blood"] == pytest.approx(flow / P["local_concentration"])
    lost = rates(even)["il6_local"] - rates(higher)["il6_local"] - 400.0 * named()["il6_clearance_local"]
    assert lost == pytest.approx(flow)


def test_an_infiltrated_site_makes_more_il6_up_to_its_factor() -> None:
    def made(cells: float) -> float:
        active = {"macrophage_local": 1.0, "car_local": cells}
        return rates(active)["il6_local"] - rates({"car_local": cells})["il6_local"]

    assert named({"car_local": P["infiltrate_half"]}, weight=P["weight_reference"])["infiltrate"] == pytest.approx(0.5)
    assert made(1e6) == pytest.approx(made(0.0) * (1 + P["il6_local_factor"]), rel=1e-4)
    assert made(0.0) < made(1.0) < made(1e6)


def test_il6_leaves_by_its_receptor_which_tocilizumab_blocks_less_at_the_site_and_siltuximab_replaces() -> None:
    free = named()
    whole = P["il6_loss"] + P["il6_receptor_loss"]
    assert free["il6_clearance_blood"] == free["il6_clearance_local"] == pytest.approx(whole)
    some = named({"tocilizumab": 20.0})
    assert P["il6_loss"] < some["il6_clearance_blood"] < some["il6_clearance_local"] < whole
    assert named({"tocilizumab": 1e9})["il6_clearance_blood"] == pytest.approx(P["il6_loss"], rel=1e-4)
    assert named({"siltuximab": 1e9})["il6_clearance_blood"] == pytest.approx(P["il6_bound_loss"], rel=1e-3)


def test_il6_enters_cerebrospinal_fluid_through_an_open_barrier_is_made_there_and_leaves_slower_under_tocilizumab() -> None:
    ill = {"il6_blood": 1000.0, "macrophage_systemic": 0.5}
    change = {b: rates({**ill, "blood_brain_barrier": b})["il6_csf"] for b in (0.0, 0.5, 1.0)}
    assert change[0.0] < change[0.5] < change[1.0]
    entry = (P["csf_entry"] * P["barrier_opening"] * 1000.0) + 0.5 * P["csf_production"]
    assert change[1.0] - change[0.0] == pytest.approx(entry)
    making = {"blood_brain_barrier": 1.0, "macrophage_systemic": 1.0}
    treated = rates({**making, "dexamethasone_csf": 1e6})["il6_csf"]
    assert rates(making)["il6_csf"] - treated == pytest.approx(P["csf_production"], rel=1e-3)
    quiet = rates({**making, "macrophage_systemic": 0.0})["il6_csf"]
    assert quiet == pytest.approx(treated, rel=1e-2), "an open barrier makes nothing without active macrophages"
    assert rates({"il6_csf": 100.0, "tocilizumab": 1e9})["il6_csf"] > rates({"il6_csf": 100.0})["il6_csf"]
    bound = rates({**ill, "siltuximab": 1e9})["il6_csf"]
    assert rates(ill)["il6_csf"] - bound == pytest.approx(P["csf_entry"] * 1000.0, rel=1e-3)


def test_soluble_receptor_is_at_balance_in_health_and_leaves_slower_bound_to_tocilizumab() -> None:
    assert rates()["sil6r"] == pytest.approx(0.0, abs=1e-9)
    made = P["sil6r_loss"] * P["sil6r_basal"]
    assert rates({"tocilizumab": 1e9})["sil6r"] == pytest.approx(made - P["sil6r_bound_loss"] * P["sil6r_basal"], rel=1e-4)


def test_more_receptor_binds_more_il6_at_the_site_and_tocilizumab_takes_it_away() -> None:
    ill = {"il6_local": 2000.0}
    few, many, blocked = named({**ill, "sil6r": 30.0}), named({**ill, "sil6r": 300.0}), named({**ill, "tocilizumab": 1e9})
    assert few["complex_local"] < many["complex_local"] <= min(many["il6_local_nm"], many["soluble_free_local"])
    assert blocked["complex_local"] < 0.01 * few["complex_local"]
    half = named({**ill, "sil6r": 75.0})
    assert half["trans_signal_local"] == pytest.approx(half["complex_local"] / (half["complex_local"] + half["trans_half"]))
    assert half["trans_half"] == pytest.approx(P["gp130_half"] * (1 + P["sgp130"] / P["sgp130_kd"]))


@pytest.mark.parametrize("signal", ["classic_signal", "fever_signal", "trans_signal", "trans_signal_local", "trans_signal_csf"])
def test_ruxolitinib_takes_every_signal_of_il6_and_that_of_the_brain_in_part(signal: str) -> None:
    ill = {"il6_blood": 2000.0, "il6_local": 2000.0, "il6_csf": 500.0}
    left = named({**ill, "ruxolitinib": 1e9})[signal] / named(ill)[signal]
    assert left == pytest.approx(1 - P["rux_csf_effect"] if signal.endswith("csf") else 0.0, abs=1e-3)


# ---------------------------------------------------------------- laboratory, fever

@pytest.mark.parametrize(("value", "turnover", "states", "limit"), [
    ("crp", "crp_turnover", {"il6_blood": 1e9}, P["crp_other"] + P["crp_max"]), ("crp", "crp_turnover", {"il6_blood": 0.0}, P["crp_other"]),
    ("ferritin", "ferritin_turnover", {"macrophage_systemic": 1.0}, P["ferritin_basal"] + P["ferritin_max"]),
    ("ldh", "ldh_turnover", {"car_marrow": 1e6, "tumour_marrow_positive": 1e9}, P["ldh_basal"] + P["ldh_lysis"]),
    ("ldh", "ldh_turnover", {"car_local": 1e6, "tumour_local_positive": 1e9}, P["ldh_basal"] + P["ldh_lysis"]),
    ("ldh", "ldh_turnover", {"endothelium": 1.0}, P["ldh_basal"] + P["ldh_injury"])])
def test_a_value_goes_to_its_limit_at_its_turnover(value: str, turnover: str, states: Values, limit: float) -> None:
    for there in (0.5 * limit, 2 * limit):
        assert rates({**states, value: there})[value] == pytest.approx(P[turnover] * (limit - there), rel=1e-3)
    assert rates({**states, value: limit})[value] == pytest.approx(0.0, abs=1e-3 * limit)


@pytest.mark.parametrize(("states", "most"), [
    ({"il6_blood": 1e9}, "fever_il6"), ({"ifn_gamma": 1e12}, "fever_ifn"), ({"il1": 1e9}, "fever_il1")])
def test_each_pyrogen_drives_fever_by_its_own_share_and_all_of_them_by_less_than_their_sum(states: Values, most: str) -> None:
    nothing = {"il6_blood": 0.0, "fever_drive": 0.0}
    share = P[most] / (1 + P["fever_floor"] if most == "fever_il6" else 1)
    assert named({**nothing, **states})["pyrogen"] == pytest.approx(share, rel=1e-3)
    assert rates({**nothing, **states})["fever_drive"] == pytest.approx(P["fever_turnover"] * share, rel=1e-3)
    together = named({"il6_blood": 1e9, "ifn_gamma": 1e12, "il1": 1e9})["pyrogen"]
    assert P[most] < together <= 1
    assert together < P["fever_il6"] + P["fever_ifn"] + P["fever_il1"]


def test_a_steroid_takes_from_the_fever_of_interferon_and_tocilizumab_from_that_of_il6() -> None:
    warm = {"ifn_gamma": 1e6, "il6_blood": 0.0}
    assert named({**warm, **steroid(0.9)})["pyrogen"] < named(warm)["pyrogen"]
    assert named({**warm, "tocilizumab": 1e9})["pyrogen"] == named(warm)["pyrogen"]
    il6 = {"il6_blood": 1000.0}
    assert named({**il6, "tocilizumab": 1e9})["pyrogen"] < 0.1 * named(il6)["pyrogen"]


def test_il6_raises_the_set_point_by_what_it_signals_above_health_and_less_than_in_health_does_not_lower_it() -> None:
    healthy = P["il6_basal"] / (P["il6_loss"] + P["il6_receptor_loss"])
    below, there, above = (named({"il6_blood": share * healthy})["pyrogen"] for share in (0.0, 1.0, 3.0))
    assert below == pytest.approx(0.0, abs=1e-9)
    assert there == pytest.approx(0.0, abs=1e-9)
    assert above > 0.01
    for blocked in ({"tocilizumab": 1e9}, {"siltuximab": 1e9}, {"ruxolitinib": 1e9}):
        assert named(blocked)["pyrogen"] == pytest.approx(0.0, abs=1e-9)


def test_temperature_follows_its_set_point_which_is_normal_at_rest() -> None:
    assert rates()["temperature_c"] == pytest.approx(0.0, abs=1e-9)
    point = P["temperature_normal"] + P["temperature_span"] * 0.6
    for there in (point - 1, point, point + 1):
        assert rates({"fever_drive": 0.6, "temperature_c": there})["temperature_c"] == pytest.approx((point - there) / P["temperature_lag"])


@pytest.mark.parametrize(("signal", "states"), [
    ("classic_signal", {"il6_blood": P["classic_half"]}), ("fever_signal", {"il6_blood": P["fever_half"]}), ("trans_signal_csf", {"il6_csf": P["csf_half"]}),
    ("ifn_fever", {"ifn_gamma": P["ifn_fever_half"]})])
def test_a_signal_is_half_at_its_half(signal: str, states: Values) -> None:
    assert named(states)[signal] == pytest.approx(0.5)


def test_ruxolitinib_takes_what_interferon_does_to_macrophages_and_to_fever() -> None:
    driven = {"il6_blood": 0.0, "il6_local": 0.0, "ifn_gamma": 1e5, "ifn_gamma_local": 1e5}
    for effect in ("macrophage_drive", "macrophage_drive_local", "ifn_fever"):
        assert named(driven)[effect] > 0.5
        assert named({**driven, "ruxolitinib": 1e9})[effect] == pytest.approx(0.0, abs=1e-3)


def test_the_answer_of_the_liver_to_il6_is_as_steep_as_its_hill_says() -> None:
    for share in (0.2, 1.0, 5.0):
        power = share ** P["classic_hill"]
        assert named({"il6_blood": share * P["classic_half"]})["classic_signal"] == pytest.approx(power / (1 + power), rel=1e-4)


def test_the_drives_of_macrophages_are_half_at_their_halves_add_up_and_are_amplified_by_their_shares() -> None:
    quiet = {"il6_blood": 0.0, "il6_local": 0.0}
    half = {"ifn_gamma": P["ifn_half"], "ifn_gamma_local": P["ifn_half"]}
    for drive in ("macrophage_drive", "macrophage_drive_local"):
        assert named({**quiet, **half})[drive] == pytest.approx(0.5)
        assert named({**quiet, **half, "il1": P["il1_half"]})[drive] == pytest.approx(0.5 * (1 + P["drive_il1"] / 2))
    trans = named({**half, "il6_blood": 1e4, "il6_local": 3e3})
    assert trans["macrophage_drive"] == pytest.approx(0.5 * (1 + P["drive_trans"] * trans["trans_signal"]))
    assert trans["macrophage_drive_local"] == pytest.approx(0.5 * (1 + P["drive_trans"] * trans["trans_signal_local"]))
    dying = {**quiet, "car_marrow": 5.0, "tumour_marrow_positive": 20.0, "car_local": 5.0, "tumour_local_positive": 20.0}
    told, both = named(dying, weight=P["weight_reference"]), named({**dying, **half}, weight=P["weight_reference"])
    for drive, lysis in (("macrophage_drive", told["kill_marrow"]), ("macrophage_drive_local", P["lysis_local"] * told["kill_local"])):
        assert told[drive] == pytest.approx(P["drive_lysis"] * lysis / (lysis + P["lysis_half"]))
        assert both[drive] == pytest.approx(told[drive] + 0.5)


def test_macrophages_are_activated_and_produce_at_their_rates() -> None:
    driven = {"il6_blood": 0.0, "ifn_gamma": 1e9}
    assert rates(driven)["macrophage_systemic"] == pytest.approx(P["macrophage_activation"], rel=1e-3)
    full = {"macrophage_systemic": 1.0, "macrophage_local": 1.0}
    for made, production in (("il1", "il1_production"), ("il6_blood", "il6_production"), ("il6_local", "il6_production"), ("il10", "il10_production")):
        assert rates(full)[made] == pytest.approx(P[production], rel=1e-3)
    assert rates({"il10": P["il10_basal"] + 10.0})["il10"] == pytest.approx(-10.0 * P["il10_loss"])


def test_il6_and_its_soluble_receptor_are_bound_in_quasi_equilibrium_by_amount() -> None:
    told = named({"il6_blood": P["il6_molar_mass"] * 2.0, "sil6r": P["sil6r_molar_mass"] * 1.5})
    assert (told["il6_blood_nm"], told["soluble_free_blood"]) == pytest.approx((2.0, 1.5))
    assert told["complex_blood"] == pytest.approx(2.0 * 1.5 / (P["il6_receptor_kd"] + 2.0 + 1.5))


def test_il6_leaves_cerebrospinal_fluid_in_part_through_its_receptor() -> None:
    dry = {"il6_blood": 0.0, "il6_csf": 100.0}
    assert rates(dry)["il6_csf"] == pytest.approx(-100.0 * P["csf_exit"])
    assert rates({**dry, "tocilizumab": 1e9})["il6_csf"] == pytest.approx(-100.0 * P["csf_exit"] * (1 - P["csf_receptor_share"]), rel=1e-3)


def test_lysis_gives_half_of_its_ldh_at_its_half_and_a_steroid_its_share_of_the_fever_of_interferon() -> None:
    dying = {"car_marrow": 5.0, "tumour_marrow_positive": 20.0, "ldh": P["ldh_basal"]}
    killed = named(dying, weight=P["weight_reference"])["kill_marrow"]
    assert rates(dying, weight=P["weight_reference"])["ldh"] == pytest.approx(P["ldh_turnover"] * P["ldh_lysis"] * killed / (killed + P["ldh_lysis_half"]))
    warm = {"il6_blood": 0.0, "ifn_gamma": 1e6}
    left = named({**warm, "steroid_effect": 1e6})["pyrogen"] / named(warm)["pyrogen"]
    assert left == pytest.approx(1 - P["fever_steroid"] * P["steroid_max"], rel=1e-3)
