"""The three published cases come out as their papers allow, in the open world and under named assumptions."""

from __future__ import annotations

import pytest

from tocsin.cases import read_case
from tocsin.grading import contradictions, grade
from tocsin.protocols import advise, turns
from tocsin.timeline import Timeline

CRS, CARTOX, ICANS = "astct-crs-2019", "cartox-crs-2018", "astct-icans-2019"
SUPPORT, ORGANS = "unstated-support-absent", "unstated-organ-toxicity-absent"


def open_world(case: str) -> Timeline:
    return read_case(case)


def assumed(case: str, *names: str) -> Timeline:
    record = read_case(case)
    return record.with_complete(record.complete.assuming(*(names or (SUPPORT,))))


def on_day(record: Timeline, scale: str, day: float, **options: object) -> tuple[int, int]:
    step = grade(record, scale, **options).at(24.0 * day + 1)
    assert step is not None
    return step["at_least"], step["at_most"]


# ------------------------------------------------------------------------------------------- the child of 000
def test_000_fever_on_day_4_is_1_to_4_because_nothing_else_is_told():
    step = grade(open_world("000"), CRS).at(4 * 24 + 1)
    assert (step["at_least"], step["at_most"]) == (1, 4)
    assert {"systolic_bp", "vasopressor", "oxygen_device"} <= set(step["undecided"])


def test_000_fever_on_day_4_is_1_if_unstated_support_was_absent():
    assert on_day(assumed("000"), CRS, 4) == (1, 1)


def test_000_the_authors_grade_2_on_day_4_contradicts_a_fever_alone():
    record = assumed("000")
    [first, second] = contradictions(record, grade(record, CRS))
    assert (first["hour"], first["reported"], first["derived_at_least"], first["derived_at_most"], first["agrees"]) == (96, 2, 1, 1, False)
    assert first["sentence"] == "Reported grade 2 (not named) contradicts what the record supports by astct-crs-2019: 1."
    assert (second["reported"], second["agrees"]) == (4, True)


def test_000_the_authors_grade_2_lies_within_what_an_open_record_supports():
    record = open_world("000")
    assert [c["agrees"] for c in contradictions(record, grade(record, CRS))] == [True, True]


def test_000_a_contradiction_never_changes_the_grade():
    record = assumed("000")
    bare = record.events.filter(record.events["concept"].cast(str) != "reported_crs_grade")
    assert grade(record, CRS).frame.equals(grade(Timeline(bare, record.patients, record.complete), CRS).frame)


@pytest.mark.parametrize("world", [open_world, assumed])
def test_000_is_grade_4_once_ventilated_surely_from_day_17_and_possibly_from_day_10(world):
    record = world("000")
    steps = [s for s in grade(record, CRS).records() if s["start_hour"] >= 10 * 24 and s["start_hour"] < 17 * 24]
    assert steps
    assert all(s["at_most"] == 4 and s["at_least"] < 4 and "oxygen_device" in s["undecided"] for s in steps)
    for day in (17, 20, 25):
        assert on_day(record, CRS, day) == (4, 4)
    assert "astct-crs-2019/HYPOX4" in grade(record, CRS).at(17 * 24)["because"]


def test_000_low_pressure_on_day_10_is_at_least_2():
    assert on_day(assumed("000"), CRS, 10) == (2, 4)


@pytest.mark.parametrize("world", [open_world, assumed])
def test_000_somnolent_on_day_7_is_icans_2_to_4(world):
    assert on_day(world("000"), ICANS, 7) == (2, 4)


# ------------------------------------------------------------------------------------------ the woman of 001
def test_001_a_temperature_of_37_5_on_day_0_begins_no_crs():
    step = grade(open_world("001"), CRS).at(1)
    assert (step["at_least"], step["at_most"], step["because"]) == (0, 0, ["astct-crs-2019/AFEBRILE0"])


def test_001_is_grade_2_on_day_6_and_2_to_4_where_vasopressors_are_untold():
    assert on_day(assumed("001"), CRS, 6) == (2, 2)
    assert on_day(open_world("001"), CRS, 6) == (2, 4)


def test_001_grade_2_on_day_6_rests_on_asserted_need_and_not_on_the_fall_of_20_mmhg():
    step = grade(assumed("001"), CRS).at(6 * 24 + 1)
    assert {"astct-crs-2019/HYPO2", "astct-crs-2019/HYPOX2"} <= set(step["because"])
    evidence = {e["concept"]: e for e in step["evidence"]}
    assert evidence["hypotension"]["text"] == "present"
    assert evidence["oxygen_device"]["text"] == "low_flow_nasal_cannula"
    assert all(e["origin"].startswith("paper001.csv:") for e in evidence.values())
    assert "pressure_fall" not in evidence
    without = assumed("001")
    rows = without.events.filter(~without.events["concept"].cast(str).is_in(["hypotension", "oxygen_device"]))
    assert on_day(Timeline(rows, without.patients, without.complete), CRS, 6)[0] == 1


def test_001_is_grade_1_to_2_on_day_7_because_the_end_of_the_oxygen_is_not_told():
    step = grade(assumed("001"), CRS).at(7 * 24 + 1)
    assert (step["at_least"], step["at_most"], step["undecided"]) == (1, 2, ["oxygen_device"])


def test_001_high_flow_oxygen_on_day_8_is_grade_3_when_local_crs_is_counted():
    counted = ("crs", "local_crs", "unknown")
    assert on_day(assumed("001"), CRS, 8, count=counted) == (3, 3)


def test_001_day_8_is_graded_as_day_7_when_local_crs_stands_beside_it():
    record = assumed("001")
    assert on_day(record, CRS, 8) == (1, 2)


def test_001_the_local_crs_of_day_8_is_named_as_not_counted():
    assert "astct-crs-2019/counted_elsewhere" in grade(assumed("001"), CRS).at(8 * 24 + 1)["flags"]


def test_001_the_death_of_the_next_year_is_not_grade_5():
    assert max(grade(open_world("001"), CRS).at_least) <= 4


# -------------------------------------------------------------------------------------------- the man of 002
def test_002_on_day_7_is_astct_2_and_cartox_3():
    """Hypotension without a vasopressor; AST 13.4 times the limit, which ASTCT does not count."""
    record = assumed("002", SUPPORT, ORGANS)
    assert on_day(record, CRS, 7) == (2, 2)
    assert on_day(record, CARTOX, 7) == (3, 3)
    because = grade(record, CARTOX).at(7 * 24 + 1)["because"]
    assert "cartox-crs-2018/ORGAN3" in because
    assert "cartox-crs-2018/HYPO3" not in because


def test_002_in_the_open_world_both_are_lower_bounds():
    assert on_day(open_world("002"), CRS, 7)[0] == 2
    assert on_day(open_world("002"), CARTOX, 7)[0] == 3


def test_002_every_grade_says_under_which_assumptions():
    said = next(grade(assumed("002", SUPPORT, ORGANS), CRS).records())["assumptions"]
    assert "drugs: complete, so no row means absent" in said
    assert "drugs: open, so no row means not told" in next(grade(open_world("002"), CRS).records())["assumptions"]


def turn_of_day_7(record: Timeline):
    return next(t for t in turns(record, "paper004") if t.hour == 7 * 24)


def test_002_the_advice_of_day_7_names_what_would_have_been_due():
    turn = turn_of_day_7(assumed("002", SUPPORT, ORGANS))
    due = {a.rule.split("/")[1]: a for a in turn.advice if a.status == "due"}
    assert (turn.grade_at_least, turn.grade_at_most) == (3, 3)
    assert {"C1.1", "C1.2", "C2.1", "C2.8t", "C2.8ts", "C3.1", "C3.2", "C3.4t", "ICU1"} <= set(due)
    assert due["C3.2"].drug == "dexamethasone"
    assert {"R3", "C4.1", "C4.2"} & {a.rule.split("/")[1] for a in turn.advice} == set()


def test_002_the_advice_of_day_7_names_what_was_given():
    """A steroid was asked for; ruxolitinib is the ladder of refractory CRS, which the record leaves open."""
    given = {g.concept: g for g in turn_of_day_7(assumed("002", SUPPORT, ORGANS)).given}
    assert set(given) == {"methylprednisolone", "ruxolitinib"}
    assert (given["methylprednisolone"].verdict, given["methylprednisolone"].rules) == ("asked_for", ("paper004/C2.8d", "paper004/C3.2"))
    assert (given["ruxolitinib"].verdict, given["ruxolitinib"].rules) == ("undecidable", ("paper004/R2",))
    assert all(g.origin.startswith("paper002.csv:") for g in given.values())


def test_002_without_a_weight_doses_stay_formulas():
    record = assumed("002", SUPPORT, ORGANS)
    toci = {a.rule: a for a in advise(record, at=7 * 24 + 1)}["paper004/C3.4t"]
    assert (toci.status, toci.dose, toci.depends_on) == ("due", None, ("weight_kg",))
    assert toci.formula == "8 mg/kg x weight (below 30 kg: 12 mg/kg), at most 800 mg; the weight is not known"


def test_002_with_50_kg_tocilizumab_is_400_mg():
    record = assumed("002", SUPPORT, ORGANS).with_patient_facts(weight_kg=50)
    toci = {a.rule: a for a in advise(record, at=7 * 24 + 1)}["paper004/C3.4t"]
    assert (toci.dose, toci.unit, toci.depends_on) == (400, "mg", ())
    assert toci.formula == "8 mg/kg x 50 kg = 400 mg"


@pytest.mark.parametrize("case", ["000", "001", "002"])
def test_no_case_states_a_weight_so_no_dose_per_kg_is_computed(case):
    for turn in turns(open_world(case), "paper004"):
        assert all(a.dose is None for a in turn.advice if a.drug in ("tocilizumab", "siltuximab"))
