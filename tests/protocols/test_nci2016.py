"""The NCI organ triggers, one clinical fact a test: what is due, what is not, what forbids it, what it depends on."""

from __future__ import annotations

from functools import partial

import pytest

STATED = {"lvef": "60", "aptt": "30", "creatine_kinase": "100", "bleeding": "F", "dyspnoea": "F"}
OTHERS = tuple(f"T{i}" for i in range(1, 10))


@pytest.fixture
def nci(advise_spec):
    return partial(advise_spec, protocol="nci2016", stated=STATED, facts={"baseline_creatinine": 1.0})


@pytest.mark.parametrize(("code", "concept", "not_yet", "reached"), [
    ("T1", "lvef", "40", "39"), ("T2", "creatinine", "2.5", "2.51"), ("T7", "aptt", "70", "70.1"), ("T8", "bleeding", "F", "transfused"),
    ("T8", "bleeding", "F", "life_threatening")])
def test_an_organ_beyond_its_limit_asks_for_tocilizumab_whatever_the_grade(nci, code, concept, not_yet, reached):
    said = nci(f"""
        hour | temperature | {concept} || {code}
        0    | 37          | {not_yet} || not_due
        1    | 37          | {reached} || due
        """)
    assert said[1][code].dose == 560
    assert {o for o in OTHERS if said[1][o].status == "due"} == {code}


@pytest.mark.parametrize(("code", "concept"), [("T1", "lvef"), ("T2", "creatinine"), ("T7", "aptt"), ("T8", "bleeding"), ("T9", "creatine_kinase")])
def test_a_trigger_depends_on_a_value_that_was_not_taken(nci, code, concept):
    said = nci(f"""
        hour | temperature || {code}
        0    | 38.5        ||
        60   | 38.5        || depends
        """, left_out=[concept])
    assert concept in said[60][code].depends_on


def test_the_creatinine_trigger_depends_on_a_baseline_that_is_not_told(advise_spec):
    advise_spec("""
        hour | temperature | creatinine || T2
        0    | 38.5        | 3          || depends
        """, protocol="nci2016", stated=STATED)


def test_bleeding_of_an_untold_degree_leaves_tocilizumab_open(nci):
    nci("""
        hour | temperature | bleeding || T8
        0    | 38.5        | present  || depends
        """)


def test_fever_and_a_grade_of_crs_ask_for_nothing(nci):
    said = nci("""
        hour | temperature | oxygen_device          | oxygen_flow || M1
        0    | 40          | low_flow_nasal_cannula | 2           || not_due
        """)
    assert {a.status for a in said[0].values() if a.drug == "tocilizumab"} == {"not_due"}


def test_norepinephrine_above_2_ug_per_minute_for_48_hours_since_its_first_start_with_a_pause(nci):
    nci("""
        hour | temperature | norepinephrine | systolic_bp || T3
        0    | 38.5        | 3 for 10       | 100         || -
        20   | 38.5        |                | 100         || -
        40   | 38.5        | 2 for 2        | 100         || -
        47   | 38.5        | 2.1 for 0.5    | 100         || -
        47.9 | 38.5        | 2.1 for 1      | 100         || -
        48   | 38.5        |                | 100         || due
        50   | 38.5        | 2 for 2        | 100         || -
        """)


def test_a_long_need_of_norepinephrine_depends_on_infusions_that_are_not_told(nci):
    said = nci("""
        hour | temperature | systolic_bp || T3
        0    | 38.5        | 100         ||
        48   | 38.5        | 100         || depends
        """, complete=("devices",))
    assert "norepinephrine" in said[48]["T3"].depends_on


def test_a_pressure_that_norepinephrine_does_not_hold_at_90_mmhg(nci):
    nci("""
        hour | temperature | norepinephrine | systolic_bp || T4
        0    | 38.5        |                | 89          || -
        1    | 38.5        | 1              | 90          || -
        2    | 38.5        |                | 89          || due
        """)
    nci("""
        hour | temperature | norepinephrine | systolic_bp || T4
        0    | 38.5        |                | 89          || depends
        """, complete=("devices",))


def test_inspired_oxygen_above_half_for_2_hours(nci):
    nci("""
        hour | temperature | oxygen_device | fio2 || T5
        0    | 38.5        | venturi_mask  | 0.50 || -
        1    | 38.5        |               | 0.60 || -
        2.9  | 38.5        |               |      || -
        3    | 38.5        |               |      || due
        4    | 38.5        |               | 0.50 || -
        """)
    nci("""
        hour | temperature | oxygen_device           || T5
        0    | 38.5        | high_flow_nasal_cannula || -
        2    | 38.5        |                         || depends
        """)


def test_dyspnoea_on_high_support_threatens_ventilation_and_on_room_air_does_not(nci):
    nci("""
        hour | temperature | oxygen_device   | dyspnoea || T6
        0    | 38.5        | room_air        | T        || -
        1    | 38.5        | non_rebreather  | F        || -
        2    | 38.5        |                 | T        || due
        """)
    nci("""
        hour | temperature | oxygen_device  || T6
        0    | 38.5        | non_rebreather || depends
        """, left_out=["dyspnoea"])


def test_creatine_kinase_beyond_5_limits_of_normal_for_2_days(nci):
    nci("""
        hour | temperature | creatine_kinase || T9
        0    | 38.5        | 1001            || -
        24   | 38.5        | 1001            || -
        47.9 | 38.5        | 1001            || -
        48   | 38.5        |                 || due
        49   | 38.5        | 1000            || -
        """)


@pytest.mark.parametrize(("code", "header", "cell"), [
    ("T1", "lvef", "30"), ("T2", "creatinine", "3"), ("T7", "aptt", "90"), ("T8", "bleeding", "transfused"),
    ("T4", "systolic_bp | norepinephrine", "80 | 1"), ("T6", "dyspnoea | oxygen_device", "T | bipap")])
def test_tocilizumab_is_blocked_for_8_hours(nci, code, header, cell):
    empty = " | ".join("" for _ in cell.split("|"))
    nci(f"""
        hour | temperature | tocilizumab | {header} || {code}
        0    | 38.5        | T           | {cell}   || blocked
        7.9  | 38.5        |             | {cell}   || blocked
        8    | 38.5        |             | {cell}   || due
        9    | 38.5        | T           | {empty}  || blocked
        """)


@pytest.mark.parametrize(("code", "header", "cell"), [
    ("T3", "norepinephrine", "3"), ("T5", "oxygen_device | fio2", "bipap | 0.8"), ("T9", "creatine_kinase", "5000")])
def test_tocilizumab_for_what_lasts_is_blocked_for_8_hours(nci, code, header, cell):
    nci(f"""
        hour | temperature | systolic_bp | tocilizumab | {header} || {code}
        0    | 38.5        | 100         |             | {cell}   || -
        12   | 38.5        | 100         |             | {cell}   ||
        24   | 38.5        | 100         |             | {cell}   ||
        36   | 38.5        | 100         |             | {cell}   ||
        48   | 38.5        | 100         | T           | {cell}   || blocked
        56   | 38.5        | 100         |             | {cell}   || due
        """)


def test_tocilizumab_is_4_to_8_mg_per_kg_by_a_setting_and_at_most_800_mg(nci):
    row = """
        hour | temperature | lvef || T1
        0    | 38.5        | 30   || due
        """
    assert nci(row, weight=120)[0]["T1"].dose == 800
    assert nci(row, weight=20)[0]["T1"].dose == 160
    assert nci(row, settings={"tocilizumab_mg_per_kg": 4})[0]["T1"].dose == 280


def test_methylprednisolone_is_due_when_a_trigger_still_holds_a_day_after_tocilizumab(nci):
    said = nci("""
        hour | temperature | lvef | tocilizumab | methylprednisolone || M1
        0    | 38.5        | 30   | T           |                    || -
        23.9 | 38.5        | 30   |             |                    || -
        24   | 38.5        | 30   |             |                    || due
        25   | 38.5        | 30   |             | 70                 || blocked
        37   | 38.5        | 30   |             |                    || due
        """)
    assert said[24]["M1"].dose == 70
    nci("""
        hour | temperature | lvef || M1
        0    | 38.5        | 30   || -
        24   | 38.5        | 30   || depends
        """, complete=("devices",))


# ---------------------------------------------------------------------------------------------- neurotoxicity
def test_grade_3_neurotoxicity_of_24_hours_asks_for_dexamethasone_and_headache_does_not(nci):
    nci("""
        hour | temperature | confusion | headache || D1
        0    | 37          | severe    | F        || -
        12   | 37          | severe    |          || -
        23.9 | 37          | severe    |          || -
        24   | 37          | severe    |          || due
        25   | 37          | moderate  | severe   || -
        """)
    nci("""
        hour | temperature | headache || D1
        0    | 37          | severe   || -
        24   | 37          | severe   || -
        """)


def test_grade_4_neurotoxicity_asks_for_dexamethasone_at_once(nci):
    said = nci("""
        hour | temperature | encephalopathy   | dexamethasone || D2
        0    | 37          | severe           |               || -
        1    | 37          | life_threatening |               || due
        2    | 37          |                  | 10            || blocked
        8    | 37          |                  |               || due
        """)
    assert said[1]["D2"].formula == "10 mg every 6 h"


def test_a_generalised_seizure_asks_for_dexamethasone_and_a_partial_one_does_not(nci):
    nci("""
        hour | temperature | seizure           | dexamethasone || D3
        0    | 37          | brief_partial     |               || -
        1    | 37          | unspecified       |               || depends
        2    | 37          | brief_generalised |               || due
        3    | 37          |                   | 10            || blocked
        """)


def test_dexamethasone_is_continued_until_grade_1_or_8_doses(nci):
    nci("""
        hour | temperature | confusion | dexamethasone || D4
        0    | 37          | moderate  |               || -
        1    | 37          | moderate  | 10            || blocked
        7    | 37          | moderate  | 10            || blocked
        13   | 37          | moderate  | 10            ||
        19   | 37          | moderate  | 10            ||
        25   | 37          | moderate  | 10            ||
        31   | 37          | moderate  | 10            || blocked
        37   | 37          | mild      |               || -
        37.5 | 37          | moderate  |               || due
        38   | 37          | moderate  | 10            || blocked
        44   | 37          | moderate  |               || due
        44.1 | 37          | moderate  | 10            || -
        """)


def test_a_lasting_grade_3_blocked_within_6_hours_and_open_where_nobody_looked(nci):
    nci("""
        hour | temperature | confusion | dexamethasone || D1
        0    | 37          | severe    |               || -
        12   | 37          | severe    |               || -
        24   | 37          | severe    | 10            || blocked
        30   | 37          | severe    |               || due
        """)
    nci("""
        hour | temperature | dexamethasone || D1      | D2      | D3      | D4
        0    | 37          | T             || -       | depends | depends |
        24   | 37          | T             || depends | depends | depends | depends
        """, complete=("drugs",))


def test_neurotoxicity_put_down_to_icans_counts(nci):
    nci("""
        hour | temperature | encephalopathy         || D2
        0    | 37          | life_threatening@icans || due
        """)
