"""Papilloedema, raised intracranial pressure and cerebral oedema in paper 004, one clinical fact a test."""

from __future__ import annotations

from functools import partial

import pytest

CLEAR = {"ice_score": "10", "cartox10_score": "10", "consciousness": "awake", "temperature": "37", "sodium": "140"}
OPEN = ("drugs", "devices", "hypotension")


@pytest.fixture
def pressure(advise_spec):
    return partial(advise_spec, stated=CLEAR)


def test_papilloedema_of_stage_1_or_2_asks_for_acetazolamide_1000_mg_and_a_lumbar_puncture(pressure):
    said = pressure("""
        hour | papilloedema_stage || P1  | P2 | P3  | P4
        0    | 0                  || -   | -  | -   | -
        1    | 1                  || due | -  | due | -
        2    | 2                  || due | -  | due | -
        3    | 3                  || -   | -  | -   | due
        """)
    assert said[1]["P1"].dose == 1000


def test_acetazolamide_goes_on_every_12_hours(pressure):
    said = pressure("""
        hour | papilloedema_stage | acetazolamide || P1  | P2
        0    | 2                  | 1000          || -   | blocked
        11.9 | 2                  |               || -   | blocked
        12   | 2                  |               || -   | due
        13   | 2                  | 250           || -   | blocked
        36.9 | 2                  |               || -   | due
        37   | 2                  |               || due | -
        """)
    assert (said[12]["P2"].dose, said[12]["P2"].formula) == (None, "250 to 1000 mg every 12 h")


def test_lumbar_puncture_is_blocked_by_cerebral_oedema_and_needs_imaging_first(pressure):
    said = pressure("""
        hour | papilloedema_stage | cerebral_oedema || P3      | P1
        0    | 2                  | none            || due     | due
        1    | 2                  | focal           || blocked | -
        """)
    assert said[1]["P3"].blocked_by == ("LP-OEDEMA: there is cerebral oedema on imaging",)
    said = pressure("""
        hour | papilloedema_stage || P3      | P1      | P4
        0    | 2                  || depends | depends | depends
        """, complete=OPEN)
    assert said[0]["P3"].depends_on == ("cerebral_oedema",)


def test_whether_acetazolamide_goes_on_depends_on_imaging(pressure):
    pressure("""
        hour | papilloedema_stage | acetazolamide || P2
        0    | 2                  | 1000          ||
        12   | 2                  |               || depends
        """, complete=OPEN)


@pytest.mark.parametrize(("column", "below", "value"), [
    ("cerebral_oedema", "none", "focal"), ("cerebral_oedema", "none", "diffuse"), ("papilloedema_stage", "2", "3"), ("csf_pressure", "19.9", "20")])
def test_oedema_or_high_pressure_asks_for_all_that_lowers_it(pressure, column, below, value):
    said = pressure(f"""
        hour | {column} || P4  | P5  | P6  | P6h | P7  | P8
        0    | {below}  || -   | -   | -   | -   | -   | -
        1    | {value}  || due | due | due | due | due | due
        """)
    assert (said[1]["P6"].dose, said[1]["P6"].formula, said[1]["P8"].dose) == (None, "0.5 to 1 g/kg", 1000)


def test_what_lowers_the_pressure_depends_on_imaging_and_on_the_stage(pressure):
    pressure("""
        hour | temperature || P4      | P5      | P6      | P6h     | P7      | P8
        0    | 37          || depends | depends | depends | depends | depends | depends
        """, complete=OPEN)
    pressure("""
        hour | papilloedema || P1      | P4      | P8
        0    | T            || depends | depends | depends
        """)


def test_hypertonic_saline_is_blocked_by_a_high_sodium_and_depends_on_it(pressure):
    said = pressure("""
        hour | cerebral_oedema | sodium || P6h     | P6
        0    | diffuse         | 155    || blocked | due
        1    | diffuse         | 154.9  || due     | due
        """)
    assert [b.split(":")[0] for b in said[0]["P6h"].blocked_by] == ["SODIUM-155"]
    pressure("""
        hour | cerebral_oedema || P6h     | P6
        0    | diffuse         || depends | due
        """, left_out=["sodium"])


def test_methylprednisolone_for_oedema_is_given_once_a_day(pressure):
    pressure("""
        hour | cerebral_oedema | methylprednisolone || P8
        0    | diffuse         |                    || due
        1    | diffuse         | 1000               || blocked
        24.9 | diffuse         |                    || blocked
        25   | diffuse         |                    || due
        """)


def test_from_grade_3_on_the_pressure_may_be_measured_in_intensive_care(pressure):
    pressure("""
        hour | ice_score || P9
        0    | 3         || -
        1    | 2         || due
        """)
    pressure("""
        hour | temperature || P9
        0    | 37          || depends
        """, left_out=["ice_score", "cartox10_score"])
