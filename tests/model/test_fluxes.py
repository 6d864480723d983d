"""The physics of each flux, and the behaviour that the mechanisms must bring about together."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.flux import P
from model_runs import Course, every, lambdified, run
from tocsin.model.load import load

BURDENED = {"tumour_marrow_start": 100.0}
HEALTHY = {"car_dose": 0.0, "tumour_marrow_start": 0.0, "tumour_local_start": 0.0}
COMPARTMENTAL = {"tumour_marrow_start": 0.05, "tumour_local_start": 100.0}
HIDDEN = {"tumour_marrow_start": 100.0, "tumour_local_start": 8.0, "local_access": 0.0005}
CELLS = ("car_infused", "car_primed", "car_marrow", "car_local", "car_blood", "car_memory")

amounts = st.just(0.0) | st.floats(0, 50) | st.floats(50, 1e5)
state_values = st.fixed_dictionaries({s.name: amounts for s in load().states})
FRACTIONS = ("macrophage_competence", "macrophage_systemic", "macrophage_local", "endothelium", "vasodilation", "local_oedema", "blood_brain_barrier",
             "msc_effect", "fever_drive")


def at(given_states: dict[str, float] | None = None, **parameters: float) -> tuple[dict[str, float], dict[str, float]]:
    """Every named quantity, and every rate, at a state (others as at the start)."""
    model = lambdified()
    p = model.parameters(parameters)
    y = model.start(p)
    for name, value in (given_states or {}).items():
        y[model.system.state_names.index(name)] = value
    return model.named(y, p), dict(zip(model.system.state_names, model.rate(0.0, list(y), p), strict=True))


@cache
def course(key: str) -> Course:
    """The courses that several tests look at; drugs are given from the day of fever on."""
    return {
        "burdened": lambda: run(**BURDENED),
        "tocilizumab": lambda: run([(fever_day(), "tocilizumab", 560)], **BURDENED),
        "steroid": lambda: run(every(6, 12, fever_day(), "dexamethasone", 10), **BURDENED),
        "ruxolitinib": lambda: run(every(12, 12, fever_day(), "ruxolitinib", 10), **BURDENED),
        "msc": lambda: run([(fever_day(), "msc", 2e6)], **BURDENED),
        "siltuximab": lambda: run([(fever_day(), "siltuximab", 770)], **BURDENED),
        "etoposide": lambda: run([(fever_day(), "etoposide", 270)], **BURDENED),
        "prophylaxis": lambda: run(every(24, 3, 0.0, "dexamethasone", 10), **BURDENED),
        "compartmental": lambda: run(**COMPARTMENTAL),
        "hidden": lambda: run(**HIDDEN),
        "hidden_toci": lambda: run([(fever_day("hidden"), "tocilizumab", 560)], **HIDDEN),
        "healthy": lambda: run(days=60, every=0.5, **HEALTHY),
    }[key]()


def fever_day(key: str = "burdened") -> float:
    """The day on which fever of 39 degC is half a day old."""
    return float(np.ceil(4 * (course(key).first_day("temperature_c", 39.0) + 0.5)) / 4)


# Fluxes

@settings(max_examples=60, deadline=None)
@given(state_values)
def test_moving_between_places_neither_makes_nor_loses_cells(states):
    """What is not made by expansion or lost by contraction only moves, becomes memory or wakes from it: the count of CAR-T cells follows those two."""
    still = {"expansion_rate": 0.1, "contraction_rate": 0.01, "memory_rate": 0.3, "memory_loss": 0.0, "reactivation_rate": 0.5, "engraftment": 1.0,
             "etoposide_kill_max": 0.0}
    named, rates = at(states, **still)
    made = named["expansion_marrow"] + named["expansion_local"]
    lost = named["contraction"] * ((1 - named["antigen_marrow"]) * states["car_marrow"] + (1 - named["antigen_local"]) * states["car_local"]
                                   + states["car_blood"])
    moved = sum(abs(rates[c]) for c in CELLS) + 1
    assert sum(rates[c] for c in CELLS) == pytest.approx(made - lost, abs=1e-9 * moved)


@settings(max_examples=60, deadline=None)
@given(state_values)
def test_shares_and_signals_stay_between_0_and_1(states):
    named, _ = at(states)
    for name in (
        "receptor_blocked_blood", "receptor_blocked_local", "receptor_blocked_csf", "il6_unbound", "il1_blocked", "jak_blocked", "steroid_on_macrophages",
        "steroid_on_t_cells", "classic_signal", "fever_signal", "trans_signal", "trans_signal_local", "trans_signal_csf", "antigen_marrow", "antigen_local",
        "niche", "t_cell_drive", "il1_signal", "ifn_fever", "antipyretic_effect", "infiltrate", "pyrogen",
    ):
        assert 0 <= named[name] <= 1, name


@settings(max_examples=60, deadline=None)
@given(state_values)
def test_no_more_complex_than_ligand_or_receptor(states):
    named, _ = at(states)
    assert named["complex_blood"] <= min(named["il6_blood_nm"], named["soluble_free_blood"]) + 1e-15


@settings(max_examples=100, deadline=None)
@given(state_values, st.sampled_from(load().state_names))
def test_nothing_is_taken_from_an_empty_state(states, name):
    """Each rate is 0 or more where its own state is 0: no quantity can become negative."""
    shares = {n: min(states[n] / 50, 1.0) for n in FRACTIONS}
    _, rates = at({**states, **shares, "il10": states["il10"] + 5.0, name: 0.0} if name != "il10" else {**states, **shares, name: 0.0})
    assert rates[name] >= -1e-12


@pytest.mark.parametrize("name", FRACTIONS)
@settings(max_examples=30, deadline=None)
@given(states=state_values, drugs=st.booleans())
def test_a_share_never_grows_past_1(name, states, drugs):
    shares = {n: min(states[n] / 50, 1.0) for n in FRACTIONS}
    undosed = {} if drugs else dict.fromkeys((d.target for d in load().drugs.values()), 0.0) | {"steroid_effect": 0.0}
    _, rates = at({**states, **undosed, "plasma_volume": 1.0, **shares, name: 1.0})
    assert rates[name] <= 1e-12


def test_in_a_full_storm_no_share_grows_past_1():
    storm = {"il6_blood": 1e6, "il6_local": 1e6, "il6_csf": 1e6, "ifn_gamma": 1e6, "ifn_gamma_local": 1e6, "il1": 1e6, "car_local": 1e3,
             "macrophage_systemic": 1.0, "macrophage_local": 1.0}
    for name in FRACTIONS:
        assert at({**storm, name: 1.0})[1][name] <= 1e-12, name


def test_without_antigen_nothing_expands_and_no_interferon_is_secreted():
    named, rates = at({"car_marrow": 10.0, "car_local": 10.0, "car_infused": 1.0, "tumour_marrow_positive": 0.0, "tumour_local_positive": 0.0})
    assert named["expansion_marrow"] == named["expansion_local"] == named["ifn_secretion"] == named["ifn_secretion_local"] == 0
    assert rates["ifn_gamma"] == 0


def test_killing_saturates_with_killers_and_with_targets_and_is_nothing_without_either():
    def kill(car: float, tumour: float) -> float:
        return at({"car_marrow": car, "tumour_marrow_positive": tumour})[0]["kill_marrow"]

    assert kill(0, 10) == kill(10, 0) == 0
    assert kill(20, 10) < 2 * kill(10, 10)
    assert kill(10, 20) < 2 * kill(10, 10)
    assert kill(1e6, 10) / 10 == pytest.approx(P["kill_rate"] / P["kill_crowding"], rel=1e-3)   # for each target
    assert kill(10, 1e7) / 10 == pytest.approx(P["kill_rate"], rel=1e-3)   # for each killer


def test_a_clone_without_the_antigen_is_neither_killed_nor_seen():
    without, _ = at({"car_marrow": 10.0, "tumour_marrow_positive": 0.0, "tumour_negative": 50.0})
    assert without["kill_marrow"] == without["antigen_marrow"] == 0
    _, rates = at({"car_marrow": 10.0, "tumour_negative": 50.0})
    assert rates["tumour_negative"] > 0


def test_a_clone_of_ten_cells_dies_out_and_one_of_ten_thousand_grows():
    assert at({"tumour_negative": 1e-8})[1]["tumour_negative"] < 0
    assert at({"tumour_negative": 1e-5})[1]["tumour_negative"] > 0


def test_growth_slows_as_the_niche_fills_and_is_halved_at_its_capacity():
    assert at({"car_marrow": P["niche_capacity"]})[0]["niche"] == pytest.approx(0.5)
    assert at({"car_marrow": P["niche_capacity"] / 1e3})[0]["niche"] > 0.999
    assert at({"car_marrow": P["niche_capacity"] * 10})[0]["niche"] < 0.1


def test_classic_signalling_saturates_before_trans_signalling():
    """At 200 pg/mL most of the classic signal is there and little of the trans signal; at 20 ng/mL trans signalling has caught up."""
    low, high = at({"il6_blood": 200.0})[0], at({"il6_blood": 20000.0})[0]
    assert low["classic_signal"] > 0.5 > 0.2 > low["trans_signal"]
    assert high["trans_signal"] > 0.8


def test_more_soluble_gp130_means_less_trans_signalling_and_the_same_classic_signal():
    few, many = at({"il6_blood": 1000.0}, sgp130=1.0)[0], at({"il6_blood": 1000.0}, sgp130=4.0)[0]
    assert many["trans_signal"] < few["trans_signal"]
    assert many["classic_signal"] == few["classic_signal"]


def test_tocilizumab_blocks_both_signals_in_blood_and_leaves_most_of_that_in_the_nervous_system():
    free, blocked = at({"il6_blood": 1000.0, "il6_csf": 100.0})[0], at({"il6_blood": 1000.0, "il6_csf": 100.0, "tocilizumab": 560.0})[0]
    assert blocked["receptor_blocked_blood"] > 0.99
    assert blocked["classic_signal"] < 0.1 * free["classic_signal"]
    assert blocked["trans_signal"] < 0.05 * free["trans_signal"]
    assert blocked["trans_signal_csf"] > 0.6 * free["trans_signal_csf"]
    assert blocked["il6_clearance_blood"] == pytest.approx(P["il6_loss"], rel=0.05)   # what does not go through the receptor


def test_siltuximab_binds_il6_and_leaves_the_receptor_free():
    named, _ = at({"il6_blood": 1000.0, "siltuximab": 770.0})
    assert named["il6_unbound"] < 0.001
    assert named["receptor_blocked_blood"] == 0
    assert named["classic_signal"] < 0.01


def test_methylprednisolone_counts_as_a_fifth_of_dexamethasone_and_the_steroid_response_is_steep():
    dex, mp = at({"dexamethasone": P["dex_volume"]})[0], at({"methylprednisolone": P["mp_volume"]})[0]
    assert mp["steroid_plasma"] == pytest.approx(dex["steroid_plasma"] / P["mp_per_dex"])
    assert 4 < P["mp_per_dex"] < 7
    most = at({"steroid_effect": 1e3 * P["steroid_ic50"]})[0]["steroid_on_macrophages"]
    assert most == pytest.approx(P["steroid_max"], rel=1e-3)   # a part of the activity is beyond reach
    assert P["steroid_max"] < 1
    assert at({"steroid_effect": P["steroid_ic50"] / 4})[0]["steroid_on_macrophages"] < 0.1 * most
    assert at()[0]["steroid_on_macrophages"] < 1e-12


def test_tocilizumab_is_eliminated_linearly_at_high_and_by_capacity_at_low_concentration():
    high, low = (at({"tocilizumab": c * P["toci_volume"]}, weight=P["weight_reference"])[1]["tocilizumab"] for c in (1e4 * P["toci_km"], 1e-3 * P["toci_km"]))
    assert high == pytest.approx(-(P["toci_clearance"] * 1e4 * P["toci_km"] + P["toci_vmax"]), rel=1e-3)
    assert low == pytest.approx(-(P["toci_clearance"] + P["toci_vmax"] / P["toci_km"]) * 1e-3 * P["toci_km"], rel=0.01)


def test_local_and_systemic_exchange_conserves_interferon():
    named, rates = at({"ifn_gamma": 0.0, "ifn_gamma_local": 120.0, "car_infused": 0.0})
    assert rates["ifn_gamma_local"] == pytest.approx(-named["ifn_exchange"])
    assert rates["ifn_gamma"] * P["local_concentration"] == pytest.approx(named["ifn_exchange"])   # the local site is so much smaller


def test_clearances_grow_with_weight_to_the_power_three_quarters_and_volumes_with_weight():
    child, adult = at({"tocilizumab": 100.0}, weight=17.5), at({"tocilizumab": 100.0}, weight=70.0)
    assert child[0]["toci_plasma"] == pytest.approx(4 * adult[0]["toci_plasma"])
    assert child[0]["flow_size"] == pytest.approx(0.25 ** 0.75)


def test_a_car_dose_of_2e6_a_kg_is_28_cells_a_ul_at_infusion_in_child_and_adult():
    for weight in (13.0, 70.0):
        assert at(weight=weight)[0]["car_blood_per_ul"] == pytest.approx(28.0)


def test_pressure_and_oxygenation_fall_with_their_drives_and_are_normal_without():
    named, _ = at()
    assert (named["map_mmhg"], named["pf_ratio"]) == (P["map_normal"], P["pf_normal"])
    assert at({"vasodilation": 0.5})[0]["map_mmhg"] < P["map_normal"]
    assert at({"plasma_volume": 0.7})[0]["map_mmhg"] < P["map_normal"]
    assert at({"lung_water": 0.5})[0]["pf_ratio"] < P["pf_normal"]


def test_an_antipyretic_lowers_the_set_point_and_nothing_else():
    feverish = {"fever_drive": 0.7}
    cold, hot = at({**feverish, "acetaminophen": 1000.0})[1], at(feverish)[1]
    assert cold["temperature_c"] < hot["temperature_c"]
    assert {n: v for n, v in cold.items() if n not in ("temperature_c", "acetaminophen")} == {
        n: v for n, v in hot.items() if n not in ("temperature_c", "acetaminophen")}


# What the mechanisms bring about together

def test_a_healthy_person_stays_at_baseline_for_60_days():
    c = course("healthy")
    assert np.allclose(c["temperature_c"], P["temperature_normal"], atol=0.05)
    assert np.allclose(c["il6_blood"], P["il6_basal"] / (P["il6_loss"] + P["il6_receptor_loss"]), rtol=0.02)
    assert np.ptp(c["crp"]) < 0.5
    assert c["crp"].max() < 10
    assert np.allclose(c["map_mmhg"], P["map_normal"], atol=0.1)
    assert np.allclose(c["plasma_volume"], 1, atol=1e-3)
    assert np.allclose(c["sil6r"], P["sil6r_basal"], atol=1e-6)


@pytest.mark.parametrize("key", ["burdened", "tocilizumab", "steroid", "compartmental", "hidden", "siltuximab"])
def test_no_state_becomes_negative(key):
    c = course(key)
    assert (c.states.min(axis=0) >= -1e-9 * np.maximum(c.states.max(axis=0), 1.0)).all()


def test_tocilizumab_on_the_fever_day_works_as_it_does_in_patients():
    """Fever falls within 24 h, CRP falls, IL-6 and its soluble receptor in blood rise."""
    c = course("tocilizumab")
    assert c.at("temperature_c", fever_day() - 0.05) > 39
    assert c.at("temperature_c", fever_day() + 1) < c.at("temperature_c", fever_day() - 0.05) - 0.5
    assert c.at("crp", fever_day() + 3) < 0.7 * c.at("crp", fever_day())
    assert c.at("il6_blood", fever_day() + 1) > 2 * c.at("il6_blood", fever_day())
    assert c["il6_blood"].max() > 2 * course("burdened")["il6_blood"].max()
    assert c.at("sil6r", fever_day() + 7) > 3 * c.at("sil6r", fever_day())


@pytest.mark.parametrize("key", ["steroid", "ruxolitinib"])
def test_steroid_and_ruxolitinib_lower_il6(key):
    for day in (fever_day() + 1, fever_day() + 2, fever_day() + 3):
        assert course(key).at("il6_blood", day) < 0.95 * course("burdened").at("il6_blood", day)


def test_car_expansion_hardly_changes_with_tocilizumab_and_not_at_all_with_stromal_cells():
    usual = course("burdened")["car_marrow"].max()
    assert 0.8 < course("tocilizumab")["car_marrow"].max() / usual < 1.25
    assert course("msc")["car_marrow"].max() == pytest.approx(usual, rel=1e-4)


def test_stromal_cells_calm_macrophages_and_endothelium():
    for name in ("macrophage_systemic", "endothelium", "lung_water"):
        assert course("msc").at(name, fever_day() + 3) < 0.9 * course("burdened").at(name, fever_day() + 3)


def test_etoposide_kills_effectors_and_macrophages():
    assert course("etoposide")["car_marrow"].max() < 0.95 * course("burdened")["car_marrow"].max()
    assert course("etoposide").at("macrophage_systemic", fever_day() + 0.5) < 0.9 * course("burdened").at("macrophage_systemic", fever_day() + 0.5)


def test_total_il6_rises_and_its_signal_vanishes_after_siltuximab():
    assert course("siltuximab")["il6_blood"].max() > 3 * course("burdened")["il6_blood"].max()
    assert course("siltuximab").at("classic_signal", fever_day() + 2) < 0.05


def test_prophylactic_dexamethasone_delays_fever_and_softens_the_fall_of_pressure():
    """Three days from infusion, gone from the blood before the syndrome begins, still matter; expansion hardly changes."""
    with_, without = course("prophylaxis"), course("burdened")
    assert with_.first_day("temperature_c", 38.0) > without.first_day("temperature_c", 38.0) + 1
    assert with_["map_mmhg"].min() > without["map_mmhg"].min() + 2
    assert 0.8 < with_["car_marrow"].max() / without["car_marrow"].max() < 1.25


def test_infused_cells_that_meet_antigen_can_bring_fever_before_any_has_divided():
    early, usual = run(days=3, early_secretion=500.0, **BURDENED), run(days=3, early_secretion=0.0, **BURDENED)
    assert early.first_day("temperature_c", 38.0) < 1.5
    assert usual["temperature_c"].max() < 37.5


def test_cells_that_are_primed_sooner_peak_and_bring_fever_sooner():
    late, soon = (run(days=14, **BURDENED, prime_rate=rate) for rate in (0.5, 2.0))
    assert soon.first_day("temperature_c", 38.0) < late.first_day("temperature_c", 38.0) - 0.25
    assert soon.peak_day("car_marrow") < late.peak_day("car_marrow") - 0.25


def test_a_larger_capacity_lets_more_cells_grow():
    assert run(days=14, **BURDENED, niche_capacity=300.0)["car_blood_per_ul"][60:].max() > 1.2 * course("burdened")["car_blood_per_ul"][60:].max()


def test_compartmental_disease_runs_through_local_expansion_overflow_redistribution_and_recovery():
    """The four stages of a syndrome that begins where the disease is."""
    c = course("compartmental")
    fever, damage = c.first_day("temperature_c", 38.0), c.peak_day("endothelium")
    local, overflow, recovery = fever - 0.75, fever + 2.25, damage + 10
    assert c.at("il6_local", local) > 10 * c.at("il6_blood", local)      # 1: local expansion, no fever yet
    assert c.at("car_blood", local) < 0.1 * c["car_blood"].max()
    assert c.at("car_blood", overflow) > 3 * c.at("car_blood", local + 1)  # 2: overflow and surge
    assert c.at("local_oedema", overflow) > 0.3
    assert overflow < damage + 1
    assert c.at("tumour_local", damage) < 0.02 * c.at("tumour_local", local)   # 3: tumour gone, cells in blood and marrow, organs suffer
    assert c.at("map_mmhg", damage) < P["map_normal"] - 10
    assert c.at("map_mmhg", recovery) > c.at("map_mmhg", damage) + 0.7 * (P["map_normal"] - c.at("map_mmhg", damage))   # 4
    assert c.at("temperature_c", recovery) < 37.8


def test_local_swelling_follows_the_systemic_syndrome_where_a_reservoir_was_hidden():
    """The three stages in systemic disease: systemic first; then a site that cells reach late swells while the circulation recovers; then abatement."""
    c = course("hidden")
    systemic, swelling = c.peak_day("il6_blood"), c.peak_day("il6_local")
    assert swelling > systemic + 3
    assert c.at("il6_local", systemic) < 1.3 * c.at("il6_blood", systemic)
    assert c.at("il6_local", swelling) > 4 * c.at("il6_blood", swelling)
    assert c.at("local_oedema", swelling) > 3 * c.at("local_oedema", systemic)
    assert c.at("map_mmhg", swelling) > c["map_mmhg"].min() + 5
    assert c.at("local_oedema", swelling + 8) < 0.3 * c["local_oedema"].max()


def test_swelling_of_a_hidden_site_goes_on_under_tocilizumab_and_yields_to_a_steroid():
    toci, swelling = course("hidden_toci"), course("hidden_toci").peak_day("local_oedema")
    both = run([(fever_day("hidden"), "tocilizumab", 560), *every(12, 4, swelling - 1, "dexamethasone", 10)], **HIDDEN)
    assert swelling > fever_day("hidden") + 3
    assert toci.at("local_oedema", swelling) > 0.2
    assert toci.at("temperature_c", swelling) < 38
    assert both.at("local_oedema", swelling + 1) < 0.6 * toci.at("local_oedema", swelling + 1)
