"""The label of axicabtagene ciloleucel from memory, one clinical fact a test."""

from __future__ import annotations

from functools import partial

import pytest

from tocsin.cite import Mark
from tocsin.protocols import PROTOCOLS

NEURO = {"ice_score": "10", "consciousness": "awake"}


@pytest.fixture
def label(advise_spec):
    return partial(advise_spec, protocol="yescarta-label", stated=NEURO)


def test_every_rule_says_that_it_is_from_memory():
    assert {r.mark for r in PROTOCOLS["yescarta-label"].rules} == {Mark.MEMORY}


def test_grade_1_that_lasts_asks_for_tocilizumab_after_a_day_and_dexamethasone_after_3(label):
    label("""
        hour | temperature | systolic_bp | ast | alt | bilirubin_total | creatinine | tocilizumab | dexamethasone || Y1.1    | Y1.2
        0    | 39          | 120         | 20  | 20  | 0.6             | 0.8        |             |               || -       | -
        23.9 | 39          | 120         |     |     |                 |            |             |               || -       | -
        24   | 39          | 120         | 20  | 20  | 0.6             | 0.8        |             |               || due     | -
        25   | 39          | 120         |     |     |                 |            | 560         |               || blocked | -
        48   | 39          | 120         | 20  | 20  | 0.6             | 0.8        |             |               || due     | -
        71.9 | 39          | 120         | 20  | 20  | 0.6             | 0.8        |             |               || due     | -
        72   | 39          | 120         | 20  | 20  | 0.6             | 0.8        |             |               || due     | due
        73   | 39          | 120         |     |     |                 |            |             | 10            || due     | blocked
        """)


def test_grade_2_asks_for_tocilizumab_and_dexamethasone_once_a_day(label):
    label("""
        hour | temperature | oxygen_device          | oxygen_flow | tocilizumab | dexamethasone || Y2.1    | Y2.2    | Y3.1
        0    | 38.5        | room_air               |             |             |               || -       | -       | -
        1    | 38.5        | low_flow_nasal_cannula | 2           |             |               || due     | due     | -
        2    | 38.5        |                        |             | 560         | 10            || blocked | blocked | -
        10   | 38.5        | low_flow_nasal_cannula | 2           |             |               || due     | blocked | -
        26   | 38.5        | low_flow_nasal_cannula | 2           |             |               || due     | due     | -
        """, left_out=["systolic_bp"])


def test_grade_3_asks_for_tocilizumab_and_dexamethasone_three_times_a_day(label):
    said = label("""
        hour | temperature | oxygen_device | fio2 | tocilizumab | dexamethasone || Y2.2 | Y3.1    | Y3.2
        0    | 38.5        | venturi_mask  | 0.3  |             |               || due  | -       | -
        1    | 38.5        | venturi_mask  | 0.5  |             |               || -    | due     | due
        2    | 38.5        |               |      | 560         | 10            || -    | blocked | blocked
        9.9  | 38.5        |               |      |             |               || -    | blocked | blocked
        10   | 38.5        |               |      |             |               || -    | due     | due
        """)
    assert said[1]["Y3.2"].formula == "10 mg every 8 h"


def test_grade_4_asks_for_tocilizumab_and_methylprednisolone_1_g_a_day(label):
    said = label("""
        hour | temperature | oxygen_device        | fio2 | tocilizumab | methylprednisolone || Y3.2 | Y4.1    | Y4.2
        0    | 38.5        | venturi_mask         | 0.5  |             |                    || due  | -       | -
        1    | 38.5        | invasive_ventilation | 0.5  |             |                    || -    | due     | due
        2    | 38.5        |                      |      | 560         | 1000               || -    | blocked | blocked
        """)
    assert said[1]["Y4.2"].dose == 1000


def test_care_depends_on_support_and_doses_that_are_not_told(label):
    label("""
        hour | temperature || Y2.1    | Y2.2    | Y3.1    | Y3.2    | Y4.1    | Y4.2
        0    | 38.5        || depends | depends | depends | depends | depends | depends
        24   | 38.5        || depends |         |         |         |         |
        """, complete=(), left_out=["oxygen_device"])
    said = label("""
        hour | temperature | systolic_bp || Y1.1    | Y1.2
        0    | 38.5        | 120         || -       | -
        24   | 38.5        | 120         || depends | -
        48   | 38.5        | 120         || depends | -
        72   | 38.5        | 120         || depends | depends
        """, complete=("devices",))
    assert "tocilizumab" in said[24]["Y1.1"].depends_on
