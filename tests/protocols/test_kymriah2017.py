"""The first label of tisagenlecleucel, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

from functools import partial

import pytest

STATED = {"dyspnoea": "F", "constitutional_symptoms": "F"}


@pytest.fixture
def label(advise_spec):
    return partial(advise_spec, protocol="kymriah-label-2017", stated=STATED)


def test_the_prodrome_is_observed(label):
    label("""
        hour | temperature | constitutional_symptoms || K1.1
        0    | 37          | F                       || -
        1    | 37          | T                       || due
        2    | 38          | F                       || due
        """)
    label("""
        hour | temperature || K1.1
        0    | 37          || depends
        """, left_out=["constitutional_symptoms"])


def test_high_fever_asks_for_antipyretics(label):
    label("""
        hour | temperature | spo2 || K2.1
        0    | 38.9        | 98   || -
        1    | 39          | 98   || due
        8    |             | 98   || depends
        """)


def test_hypoxia_asks_for_oxygen(label):
    label("""
        hour | temperature | spo2 || K2.2
        0    | 38.5        | 90   || -
        1    |             | 89   || due
        6    | 38.5        |      || depends
        """)


def test_a_low_pressure_asks_for_fluid_then_a_vasopressor_then_tocilizumab(label):
    said = label("""
        hour | temperature | systolic_bp | fluid_bolus | norepinephrine | tocilizumab || K2.3 | K2.4 | K3.1
        0    | 38.5        | 90          |             |                |             || -    | -    | -
        1    | 38.5        | 89          |             |                |             || due  | -    | -
        2    | 38.5        | 89          | T           |                |             || due  | due  | -
        3    | 38.5        | 89          | T           | 5              |             || -    | -    | due
        4    | 38.5        | 89          |             |                | 560         || -    | -    | blocked
        11.9 | 38.5        | 89          |             |                |             || -    | -    | blocked
        12   | 38.5        | 89          |             |                |             || -    | -    | due
        13   | 38.5        | 95          |             |                |             || -    | -    | -
        """)
    assert (said[3]["K3.1"].dose, said[3]["K3.1"].route) == (560, "IV over 1 h")


def test_pressure_care_depends_on_a_pressure_that_was_not_taken(label):
    label("""
        hour | temperature | fluid_bolus || K2.3    | K2.4    | K3.1
        0    | 38.5        | T           || depends | depends | depends
        """, left_out=["systolic_bp"], complete=("devices",))


def test_respiratory_distress_asks_for_tocilizumab(label):
    label("""
        hour | temperature | oxygen_device          | oxygen_flow | dyspnoea | tocilizumab || K3.2
        0    | 38.5        | low_flow_nasal_cannula | 2           | F        |             || -
        1    | 38.5        | low_flow_nasal_cannula | 2           | T        |             || due
        2    | 38.5        | venturi_mask           |             | F        |             || due
        3    | 38.5        |                        |             |          | 560         || blocked
        """)
    label("""
        hour | temperature | oxygen_device          | oxygen_flow || K3.2
        0    | 38.5        | low_flow_nasal_cannula | 2           || depends
        """, left_out=["dyspnoea"])


def test_a_third_dose_or_another_agent_is_considered_after_two_doses(label):
    label("""
        hour | temperature | oxygen_device | tocilizumab || K3.3
        0    | 38.5        | venturi_mask  | T           || -
        8    | 38.5        | venturi_mask  | T           || due
        9    | 38.5        | room_air      |             || -
        """)
    label("""
        hour | temperature | oxygen_device || K3.3
        0    | 38.5        | venturi_mask  || depends
        """, complete=("devices", "hypotension"))


def test_no_improvement_12_hours_after_the_first_tocilizumab_asks_for_methylprednisolone(label):
    said = label("""
        hour | temperature | oxygen_device | tocilizumab | methylprednisolone || K4.1
        0    | 38.5        | venturi_mask  | T           |                    || -
        11.9 | 38.5        | venturi_mask  |             |                    || -
        12   | 38.5        | venturi_mask  |             |                    || due
        13   | 38.5        | venturi_mask  |             | 140                || blocked
        37   | 38.5        | venturi_mask  |             |                    || due
        38   | 38.5        | room_air      |             |                    || -
        """)
    assert (said[12]["K4.1"].dose, said[12]["K4.1"].formula) == (140, "2 mg/kg x 70 kg = 140 mg every 24 h")
    label("""
        hour | temperature | oxygen_device || K4.1
        0    | 38.5        | venturi_mask  || -
        12   | 38.5        | venturi_mask  || depends
        """, complete=("devices", "hypotension"))


def test_the_time_to_a_corticosteroid_can_be_set_up_to_18_hours(label):
    label("""
        hour | temperature | oxygen_device | tocilizumab || K4.1
        0    | 38.5        | venturi_mask  | T           || -
        12   | 38.5        | venturi_mask  |             || -
        18   | 38.5        | venturi_mask  |             || due
        """, settings={"steroid_hours": 18})


@pytest.mark.parametrize(("weight", "dose"), [(29.9, 358.8), (30, 240), (120, 800)])
def test_tocilizumab_goes_by_weight(label, weight, dose):
    said = label("""
        hour | temperature | oxygen_device || K3.2
        0    | 38.5        | venturi_mask  || due
        """, weight=weight)
    assert said[0]["K3.2"].dose == pytest.approx(dose)
