"""Several scales beside each other: over time for one patient, and the agreement over a cohort."""

from __future__ import annotations

import pytest

from tocsin.cases import read_case
from tocsin.errors import SettingError, UnknownIdError
from tocsin.grading import compare
from tocsin.grading.compare import Comparison
from tocsin.timeline import Timeline

ASTCT, CARTOX = "astct-crs-2019", "cartox-crs-2018"
CLOSED = ("drugs", "devices", "hypotension")
FEVER = {"concept": "temperature", "hour": 0, "end_hour": 48, "value": 39.0}
CALM = [{"concept": concept, "hour": 0, "end_hour": 48, "value": value} for concept, value in (
    ("spo2", 97.0), ("systolic_bp", 120.0), ("ast", 20.0), ("alt", 20.0), ("bilirubin_total", 0.5), ("creatinine", 0.8))]


def record(*patients: list[dict[str, object]], complete=CLOSED) -> Timeline:
    rows = [{**row, "patient": f"P{n}"} for n, chart in enumerate(patients, 1) for row in [FEVER, *CALM, *chart]]
    return Timeline.from_rows(rows, [{"patient": f"P{n}", "age_years": 40.0} for n in range(1, len(patients) + 1)], complete)


def two(*patients: list[dict[str, object]], complete=CLOSED) -> Comparison:
    return compare(record(*patients, complete=complete), [ASTCT, CARTOX])


def ranges(found: Comparison, patient: str = "P1") -> list[tuple[float, list[tuple[int, int]], str]]:
    return [(s.start_hour, [(g.at_least, g.at_most) for g in s.grades], s.verdict) for s in found.stretches(patient)]


NOREPINEPHRINE = {"concept": "norepinephrine", "hour": 6, "end_hour": 12, "value": 4.0}
AST = {"concept": "ast", "hour": 2, "end_hour": 20, "value": 700.0}


def test_a_row_for_each_change_of_any_scale():
    found = two([NOREPINEPHRINE])
    assert ranges(found)[:3] == [(0.0, [(1, 1), (1, 1)], "same"), (6.0, [(3, 3), (2, 2)], "differ"), (12.0, [(1, 1), (1, 1)], "same")]


def test_a_change_of_reasons_alone_is_no_row():
    found = two([{"concept": "oxygen_device", "hour": 6, "end_hour": 20, "text": "nasal_cannula"},
                 {"concept": "oxygen_flow", "hour": 6, "end_hour": 20, "value": 2.0},
                 {"concept": "hypotension", "hour": 8, "end_hour": 10, "text": "present"}])
    assert [start for start, *_ in ranges(found)][:3] == [0.0, 6.0, 20.0]
    second = found.stretches("P1")[1]
    assert set(second.grades[0].because) == {f"{ASTCT}/HYPO2", f"{ASTCT}/HYPOX2"}


def test_the_criteria_that_carry_each_grade_say_why_they_differ():
    found = two([AST])
    differing = next(s for s in found.stretches("P1") if s.verdict == "differ")
    assert [g.because for g in differing.grades] == [(f"{ASTCT}/FEVER1",), (f"{CARTOX}/ORGAN3",)]


def test_ranges_that_overlap_do_not_differ_for_certain():
    found = two([], complete=())
    assert all(verdict == "open" for _, _, verdict in ranges(found))


def test_the_frame_of_steps_has_a_row_for_each_scale_of_each_stretch():
    found = two([NOREPINEPHRINE], [AST])
    assert len(found.steps) == 2 * sum(len(found.stretches(p)) for p in ("P1", "P2"))
    assert found.steps.columns == ["patient", "start_hour", "end_hour", "scale", "at_least", "at_most", "because", "undecided"]


def test_the_highest_grade_of_each_patient_and_what_carries_it():
    found = two([NOREPINEPHRINE], [AST]).highest.rows(named=True)
    assert [(r["patient"], r["scale"], r["at_least"], r["at_most"], r["from_hour"]) for r in found] == [
        ("P1", ASTCT, 3, 3, 6.0), ("P2", ASTCT, 1, 1, 0.0), ("P1", CARTOX, 2, 2, 6.0), ("P2", CARTOX, 3, 3, 2.0)]
    assert [r["because"] for r in found] == [[f"{ASTCT}/HYPO3"], [f"{ASTCT}/FEVER1"], [f"{CARTOX}/HYPO2"], [f"{CARTOX}/ORGAN3"]]


# ---------------------------------------------------------------------------------------------------- agreement
def test_the_table_of_a_pair_counts_whom_both_settle():
    found = two([NOREPINEPHRINE], [AST], [], []).agreement
    (pair,) = found.pairs.rows(named=True)
    assert {k: pair[k] for k in ("patients", "settled", "same", "percent", "surely_differ")} == {
        "patients": 4, "settled": 4, "same": 2, "percent": 50.0, "surely_differ": 2}
    assert (found.settled_by_all, found.same_by_all) == (4, 2)


def test_confidence_limits_need_a_sample():
    small = two([NOREPINEPHRINE], [AST], []).agreement.pairs.row(0, named=True)
    assert small["kappa"] is not None
    assert small["kappa_low"] is None
    large = two(*[[NOREPINEPHRINE]] * 8, *[[AST]] * 2, *[[]] * 10).agreement.pairs.row(0, named=True)
    assert large["kappa_low"] < large["kappa"] < large["kappa_high"]


def test_who_differs_and_by_which_criteria():
    rows = two([NOREPINEPHRINE], [AST], []).agreement.disagreements.rows(named=True)
    assert [(r["patient"], r["first_at_least"], r["second_at_least"], r["first_because"], r["second_because"]) for r in rows] == [
        ("P1", 3, 2, [f"{ASTCT}/HYPO3"], [f"{CARTOX}/HYPO2"]), ("P2", 1, 3, [f"{ASTCT}/FEVER1"], [f"{CARTOX}/ORGAN3"])]


def test_an_undecided_patient_is_counted_with_what_is_not_told():
    found = two([], [AST], complete=("drugs", "hypotension")).agreement
    left = {(r["scale"], r["input"]): (r["undecided"], r["patients_for_input"]) for r in found.undecided.iter_rows(named=True)}
    assert left[ASTCT, "oxygen_device"] == left[CARTOX, "oxygen_device"] == (2, 2)
    assert found.settled_by_all == 0
    assert found.pairs["kappa"][0] is None


def test_a_range_that_excludes_the_other_scale_differs_for_certain_though_not_settled():
    whole = record([AST])
    untold = Timeline(whole.events.filter(whole.events["concept"] != "creatinine"), whole.patients, whole.complete)
    (pair,) = compare(untold, [ASTCT, CARTOX]).agreement.pairs.rows(named=True)
    assert (pair["settled"], pair["surely_differ"]) == (0, 1)


# ---------------------------------------------------------------------------------------------------- what can be compared
def test_every_crs_scale_made_of_criteria_is_compared_by_default():
    found = compare(record([]))
    assert {ASTCT, CARTOX} <= {s.id for s in found.scales}
    assert {s.syndrome for s in found.scales} == {"CRS"}


def test_grades_of_two_syndromes_are_not_compared():
    with pytest.raises(SettingError, match="CRS, ICANS"):
        compare(record([]), [ASTCT, "astct-icans-2019"])


def test_a_scale_that_does_not_exist_is_refused():
    with pytest.raises(UnknownIdError):
        compare(record([]), ["astct"])


def test_a_patient_without_an_entry_is_not_settled():
    empty = Timeline.from_rows([{**FEVER, "patient": "P1"}], [{"patient": "P1"}, {"patient": "P2"}], CLOSED)
    rows = {(r["patient"], r["scale"]): r for r in compare(empty, [ASTCT, CARTOX]).highest.iter_rows(named=True)}
    assert (rows["P2", ASTCT]["at_least"], rows["P2", ASTCT]["at_most"], rows["P2", ASTCT]["undecided"]) == (0, 1, ["temperature"])
    assert rows["P2", CARTOX]["at_most"] > 1


def test_time_after_the_last_entry_leaves_no_highest_grade_open():
    found = two([AST])
    assert found.stretches("P1")[-1].verdict == "open"
    assert [(r["at_least"], r["at_most"]) for r in found.highest.iter_rows(named=True)] == [(1, 1), (3, 3)]


def test_002_cartox_grades_the_liver_that_astct_does_not():
    case = read_case("002")
    found = compare(case.with_complete(case.complete.assuming("unstated-support-absent", "unstated-organ-toxicity-absent")), [ASTCT, CARTOX])
    rows = found.agreement.disagreements.rows(named=True)
    assert [(r["patient"], r["first_at_least"], r["second_at_least"], r["second_because"]) for r in rows] == [
        ("002", 2, 3, [f"{CARTOX}/ORGAN3"])]
