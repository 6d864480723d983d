"""The UF Health guide 2026, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

from functools import partial

import pytest

NEURO = {"ice_score": "10", "consciousness": "awake"}


@pytest.fixture
def uf(advise_spec):
    return partial(advise_spec, protocol="uf2026", stated=NEURO)


def test_fever_asks_for_acetaminophen_every_6_hours(uf):
    said = uf("""
        hour | temperature | acetaminophen || U1.1
        0    | 37.9        |               || -
        1    | 38.0        |               || due
        2    |             | 650           || blocked
        7.9  | 38.5        |               || blocked
        8    | 38.5        |               || due
        15   |             |               || depends
        """)
    assert said[1]["U1.1"].dose == 650


@pytest.mark.parametrize(("onset", "status"), [(71, "due"), (73, "not_due")])
def test_crs_that_begins_within_72_hours_of_the_infusion_asks_for_dexamethasone(uf, onset, status):
    uf(f"""
        hour    | temperature | systolic_bp | oxygen_device || U1.2
        0       | 37          | 120         | room_air      || -
        {onset} | 38.5        | 120         | room_air      || {status}
        """)


def test_dexamethasone_of_grade_1_is_given_once_a_day_and_ends_with_grade_2(uf):
    uf("""
        hour | temperature | oxygen_device          | dexamethasone || U1.2    | U2.1
        0    | 38.5        | room_air               | 10            || blocked | -
        23.9 | 38.5        | room_air               |               || blocked | -
        24   | 38.5        | room_air               |               || due     | -
        25   | 38.5        | low_flow_nasal_cannula |               || -       | due
        """, left_out=["systolic_bp"])


def test_fever_of_48_hours_asks_for_tocilizumab_and_icans_forbids_it(uf):
    said = uf("""
        hour | temperature | systolic_bp | oxygen_device | ice_score || U1.3
        0    | 39          | 120         | room_air      | 10        || -
        24   | 39          | 120         | room_air      | 10        || -
        47.9 | 39          | 120         | room_air      | 10        || -
        48   | 39          | 120         | room_air      | 10        || due
        49   | 39          | 120         | room_air      | 9         || blocked
        50   | 37          | 120         | room_air      | 10        || -
        """)
    assert said[49]["U1.3"].blocked_by == ("ICANS: there is ICANS, in which this cell avoids tocilizumab",)


def test_tocilizumab_for_long_fever_depends_on_an_ice_score_that_was_not_taken(advise_spec):
    said = advise_spec("""
        hour | temperature | systolic_bp | oxygen_device || U1.3
        0    | 39          | 120         | room_air      || -
        24   | 39          | 120         | room_air      || -
        48   | 39          | 120         | room_air      || depends
        """, protocol="uf2026", complete=("drugs", "devices", "hypotension"))
    assert "ice_score" in said[48]["U1.3"].depends_on


def test_grade_2_asks_for_dexamethasone_and_for_tocilizumab_12_hours_later(uf):
    said = uf("""
        hour | temperature | oxygen_device          | dexamethasone | tocilizumab || U2.1    | U2.2    | U3.1
        0    | 38.5        | room_air               |               |             || -       | -       | -
        1    | 38.5        | low_flow_nasal_cannula |               |             || due     | -       | -
        2    | 38.5        | low_flow_nasal_cannula | 10            |             || blocked | -       | -
        13.9 | 38.5        | low_flow_nasal_cannula |               |             || blocked | -       | -
        14   | 38.5        | low_flow_nasal_cannula |               |             || due     | due     | -
        15   | 38.5        | low_flow_nasal_cannula |               | 560         || due     | blocked | -
        22.9 | 38.5        | low_flow_nasal_cannula |               |             || due     | blocked | -
        23   | 38.5        | low_flow_nasal_cannula |               |             || due     | due     | -
        38.9 | 38.5        | low_flow_nasal_cannula |               |             || due     | due     | -
        39   | 38.5        | low_flow_nasal_cannula |               |             || -       | due     | due
        """, left_out=["systolic_bp"])
    assert (said[14]["U2.1"].dose, said[14]["U2.2"].dose) == (10, 560)


def test_one_vasopressor_asks_for_intensive_care_dexamethasone_every_6_hours_and_tocilizumab(uf):
    uf("""
        hour | temperature | systolic_bp | norepinephrine | dexamethasone | tocilizumab || U2.1 | U3.1 | U3.2    | U3.3    | U4.1
        0    | 38.5        | 85          |                |               |             || -    | -    | -       | -       | -
        1    | 38.5        | 85          | 5              |               |             || -    | due  | due     | due     | -
        2    | 38.5        |             |                | 10            | 560         || -    | due  | blocked | blocked | -
        7.9  | 38.5        |             |                |               |             || -    | due  | blocked | blocked | -
        8    | 38.5        |             |                |               |             || -    | due  | due     | blocked | -
        10   | 38.5        |             |                |               |             || -    | due  | due     | due     | -
        """)


def test_grade_4_asks_for_dexamethasone_then_methylprednisolone_then_another_agent(uf):
    said = uf("""
        hour | temperature | oxygen_device | dexamethasone | methylprednisolone | tocilizumab || U3.2 | U4.1    | U4.2    | U4.4 | U4.5 | U3.3
        0    | 38.5        | venturi_mask  |               |                    |             || due  | -       | -       | -    | -    | due
        1    | 38.5        | bipap         |               |                    |             || -    | due     | due     | -    | -    | due
        2    | 38.5        | bipap         | 10            |                    |             || -    | blocked | due     | -    | -    | due
        3    | 38.5        | bipap         |               | 1000               |             || -    | -       | blocked | -    | -    | due
        4    | 38.5        | bipap         |               |                    | 560         || -    | -       | blocked | due  | due  | blocked
        """)
    assert said[1]["U4.2"].dose == 1000
    assert (said[4]["U4.4"].dose, said[4]["U4.4"].formula) == (None, "no dose in the source as read")


def test_methylprednisolone_is_given_twice_a_day_when_grade_4_is_refractory(uf):
    uf("""
        hour | temperature | oxygen_device | methylprednisolone || U4.2    | U4.3
        0    | 38.5        | bipap         | 1000               || blocked | -
        12   | 38.5        | bipap         | 1000               || blocked | -
        23   | 38.5        | bipap         |                    || blocked | -
        24   | 38.5        | bipap         |                    || -       | due
        25   | 38.5        | bipap         | 1000               || -       | blocked
        """)


def test_care_depends_on_support_and_doses_that_are_not_told(uf):
    uf("""
        hour | temperature || U1.2    | U2.1    | U3.1    | U3.2    | U3.3    | U4.1    | U4.2    | U4.3    | U4.4    | U4.5
        0    | 38.5        || depends | depends | depends | depends | depends | depends | depends | -       | depends | depends
        24   | 38.5        ||         |         |         |         |         |         |         | depends |         |
        """, complete=(), left_out=["oxygen_device"])
    uf("""
        hour | temperature | oxygen_device          || U2.2
        0    | 38.5        | low_flow_nasal_cannula || -
        11   | 38.5        | low_flow_nasal_cannula || -
        12   | 38.5        | low_flow_nasal_cannula || depends
        """, complete=("devices",))


def test_no_tocilizumab_is_asked_for_in_icans_without_crs(uf):
    uf("""
        hour | temperature | ice_score || U1.3 | U2.2 | U3.3
        0    | 37          | 0         || -    | -    | -
        """)
