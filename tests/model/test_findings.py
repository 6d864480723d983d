"""What is found in virtual patients beside vital signs and blood: swelling by its volume, failing organs, cerebrospinal fluid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from model.made import people, trajectory
from tocsin.errors import ModelError
from tocsin.grading import grade
from tocsin.model.observe import TUMOUR_AT_SITE, Lab, lost_of_ice, observe, observing
from tocsin.timeline import Timeline

HOURS = np.arange(73)


def seen(n: int = 1, days: float = 3.0, tumour: object = None, seed: int = 4, **outputs: object) -> Timeline:
    who = people(n, age_years=40.0, weight_kg=70.0)
    if tumour is not None:
        size = np.broadcast_to(np.asarray(tumour, float), (n,))
        who = replace(who, names=(*who.names, TUMOUR_AT_SITE), parameters=np.column_stack([who.parameters, size]))
    values, names, hours = trajectory(n, days, **outputs)
    return observe(values, names, hours, who, seed=seed).timeline


def of(timeline: Timeline, concept: str) -> pl.DataFrame:
    return timeline.events.filter(pl.col("concept").cast(pl.String) == concept)


def told(timeline: Timeline, concept: str) -> list[tuple[object, ...]]:
    return of(timeline, concept).select("hour", "text").rows()


def test_a_swelling_is_told_while_it_lasts_and_when_it_is_gone() -> None:
    swollen = of(seen(tumour=100.0, local_oedema=np.where((HOURS > 10) & (HOURS < 40), 0.5, 0.0)), "lesion_swelling")
    assert swollen.select("hour", "text", "site").rows() == [(11.0, "present", "local site"), (24.0, "present", "local site"), (40.0, "absent", "local site")]


def test_a_large_mass_is_seen_to_swell_at_a_share_at_which_a_small_one_is_not() -> None:
    share = HOURS / 100.0
    first = [told(seen(tumour=size, local_oedema=share), "lesion_swelling")[0][0] for size in (200.0, 50.0, 5.0)]
    how = observing()
    fluid = how["swelling_from"] * how["site_reference"]
    hours = [np.ceil(100.0 * fluid / (how["site_tissue"] + how["ml_per_gcell"] * size)) for size in (200.0, 50.0, 5.0)]
    assert first == hours
    assert hours == sorted(set(hours))


def test_compression_goes_by_the_share_that_is_swollen_whatever_the_size_of_the_mass() -> None:
    for tumour in (5.0, 500.0):
        at = [h for h, text in told(seen(tumour=tumour, local_oedema=HOURS / 80.0), "compression_symptoms") if text == "present"]
        assert at[0] == np.ceil(80.0 * observing()["compression_from"])


def test_organ_failure_is_told_while_a_vasopressor_runs_and_not_for_fever_or_a_bolus() -> None:
    shock = seen(temperature_c=39.5, map_mmhg=np.where(HOURS < 40, 50.0, 88.0))
    runs = of(shock, "norepinephrine")
    found = told(shock, "organ_failure")
    assert found[0] == (runs["hour"].min(), "present")
    assert found[-1] == (runs["end_hour"].max(), "absent")
    assert not told(seen(temperature_c=39.5, map_mmhg=np.where(HOURS == 30, 62.0, 88.0)), "organ_failure")


@pytest.mark.parametrize(("pf", "fails"), [(205.0, False), (199.0, True), (90.0, True)])
def test_a_lung_below_the_limit_fails_and_one_above_it_only_needs_oxygen(pf: float, fails: bool) -> None:
    record = seen(temperature_c=39.5, pf_ratio=pf)
    assert bool(told(record, "organ_failure")) is fails
    assert set(of(record, "oxygen_device")["text"]) != {"room_air"}


def test_an_organ_that_fails_is_organ_damage_to_the_stages_of_local_crs() -> None:
    for pressure, stage in ((88.0, 2), (50.0, 3)):
        steps = grade(seen(temperature_c=39.5, map_mmhg=pressure), "lcrs-stage-compartmental-2021", until=72.0).frame
        assert steps.filter(pl.col("start_hour") < 72.0)["at_least"].max() == stage


# ---------------------------------------------------------------- cerebrospinal fluid


def drive_of(lost: float) -> float:
    """The neurotoxic drive at which that share of the ICE score is lost."""
    how = observing()
    return float(how["ice_half"] * (lost / (1.0 - lost)) ** (1.0 / how["ice_hill"]))


def test_cerebrospinal_fluid_is_taken_once_where_neurotoxicity_has_begun_and_never_without() -> None:
    limit = observing()["puncture_from"]
    ill = np.where(HOURS >= 30, drive_of(limit + 0.05), 0.0)
    taken = of(seen(20, ice_drive=ill, il6_csf=200.0), "csf_il6")
    assert taken["hour"].to_list() == [44.0] * 20  # the next morning, and not again on the day after
    assert taken["value"].mean() == pytest.approx(200.0, rel=0.15)
    assert taken["value"].n_unique() > 10
    for drive in (0.0, drive_of(limit - 0.05)):
        assert not len(of(seen(20, ice_drive=drive, il6_csf=200.0), "csf_il6"))


def test_a_second_neurotoxicity_brings_a_second_lumbar_puncture() -> None:
    hours = np.arange(169)
    ill = np.where((hours >= 30) & (hours < 60) | (hours >= 120), drive_of(0.8), 0.0)
    assert of(seen(days=7.0, ice_drive=ill, il6_csf=50.0), "csf_il6")["hour"].to_list() == [44.0, 140.0]


def test_a_share_lost_is_the_share_that_its_drive_costs() -> None:
    assert lost_of_ice(np.array([drive_of(0.35)]), observing())[0] == pytest.approx(0.35)


def test_a_value_in_cerebrospinal_fluid_has_the_limits_of_its_assay() -> None:
    for level, row in ((1e-3, (1.5, -1)), (1e6, (5000.0, 1))):
        assert of(seen(ice_drive=1.9, il6_csf=level), "csf_il6").select("value", "censored").rows() == [row]


def test_an_assay_of_another_specimen_is_refused() -> None:
    with pytest.raises(ModelError, match=r"il6 is of 'urine'; a specimen is blood or csf"):
        Lab("il6", "il6_blood", "pg/mL", 0.1, 1.0, 10.0, 1, "made", "assumed", specimen="urine")


def test_findings_and_punctures_in_pieces_are_those_of_one_run() -> None:
    hours = np.arange(169)
    values, names, at = trajectory(3, 7.0, ice_drive=0.6 + 0.6 * np.sin(hours / 12), il6_csf=80.0, map_mmhg=60.0 + 25.0 * np.cos(hours / 15),
                                   pf_ratio=260.0 + 120 * np.cos(hours / 11), local_oedema=0.5 + 0.5 * np.sin(hours / 13))
    who = people(3, age_years=40.0)
    whole = observe(values, names, at, who, seed=9).timeline
    care, state, since, parts = None, None, -np.inf, []
    for end in (49, 101, 169):
        piece = observe(values[:, :end], names, at[:end], who, seed=9, care=care, state=state, rows_from=since)
        care, state, since = piece.care, piece.state, at[end - 1] + 1.0
        parts.append(piece.timeline)
    for concept in ("organ_failure", "lesion_swelling", "compression_symptoms", "csf_il6"):
        columns = [pl.col("patient").cast(pl.String), "hour", "value", "text"]
        pieces = pl.concat([of(p, concept).select(columns) for p in parts]).sort("patient", "hour")
        assert len(pieces) > 0
        assert pieces.equals(of(whole, concept).select(columns).sort("patient", "hour"))
