"""What has to be watched: each interval from both sides, what is not told, and the share of days on which it was kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tocsin import monitoring
from tocsin.cite import REFERENCES
from tocsin.errors import SettingError
from tocsin.protocols import Check
from tocsin.protocols.kept import Kept, _days, add, kept
from tocsin.protocols.schedule import SETTINGS, schedule
from tocsin.protocols.watching import STATUS, watch
from tocsin.timeline import Timeline

Row = dict[str, object]
COMPLETE = ("drugs", "devices", "findings", "neurology", "hypotension")
VITALS = {"temperature": 36.8, "heart_rate": 80.0, "respiratory_rate": 16.0, "systolic_bp": 120.0, "spo2": 98.0}
CLOTTING = {"platelets": 150.0, "pt": 13.0, "aptt": 30.0, "fibrinogen": 300.0, "d_dimer": 400.0}
LABS = {"leukocytes": 4.0, "haemoglobin": 11.0, "platelets": 150.0, "creatinine": 0.8, "ast": 20.0, "sodium": 140.0, "pt": 13.0, "aptt": 30.0,
        "crp": 5.0, "ferritin": 300.0}


def at_hour(hour: float, values: dict[str, float], latest: float | None = None) -> list[Row]:
    return [{"concept": c, "hour": hour, "hour_latest": latest, "value": v} for c, v in values.items()]


def text(concept: str, hour: float, words: str = "present", **more: object) -> Row:
    return {"concept": concept, "hour": hour, "text": words, **more}


def record(rows: Iterable[Row], age: float | None = 40, complete: Iterable[str] = COMPLETE) -> Timeline:
    return Timeline.from_rows(list(rows), [{"age_years": age}], complete)


def checks(rows: Iterable[Row], at: float, **options: object) -> dict[str, Check]:
    settings = options.pop("settings", None)
    found = monitoring(record(rows, **options), at=at, settings=settings)  # type: ignore[arg-type]
    return {c.item: c for c in found}


def crs(hour: float, grade: int) -> list[Row]:
    """Fever, for grade 2 hypotension, for grade 3 a vasopressor, charted every 4 h for a day from ``hour`` on."""
    rows = [r for h in range(0, 25, 4) for r in at_hour(hour + h, VITALS | {"temperature": 39.0})]
    rows += [text("oxygen_device", hour + h, "room_air") for h in range(0, 25, 4)]
    rows += [text("hypotension", hour, "present" if grade > 1 else "absent", end_hour=hour + 25)]
    return rows + ([{"concept": "norepinephrine", "hour": hour, "end_hour": hour + 25, "value": 5.0}] if grade > 2 else [])


def icans(hour: float, ice: float) -> list[Row]:
    return [*at_hour(hour, {"ice_score": ice}), text("consciousness", hour, "awake")]


# ---------------------------------------------------------------------------------------------------- hours
@pytest.mark.parametrize(("at", "status", "by"), [(43.9, "done", None), (44, "due", None), (44.9, "due", None), (45, "overdue", 1.0), (50, "overdue", 6.0)])
def test_vital_signs_are_due_4_h_after_the_last_and_overdue_a_quarter_of_that_later(at: float, status: str, by: float | None):
    one = checks(at_hour(40, VITALS), at)["M11"]
    assert (one.status, one.overdue_by_hours, one.due_hour, one.last_hour) == (status, by, 44, 40)


def test_the_interval_of_vital_signs_is_a_setting():
    assert checks(at_hour(40, VITALS), 45.9, settings={"vitals_hours": 6})["M11"].status == "done"
    assert checks(at_hour(40, VITALS), 46, settings={"vitals_hours": 6})["M11"].status == "due"


def test_a_set_of_vital_signs_without_the_saturation_is_not_done_and_says_what_is_lacking():
    rows = [r for r in at_hour(40, VITALS) if r["concept"] != "spo2"]
    one = checks([*at_hour(20, VITALS), *rows], 41)["M11"]
    assert (one.status, one.waits_for, one.due_hour, one.last_hour) == ("overdue", ("spo2",), 24, 20)


def test_a_mean_pressure_serves_for_the_blood_pressure():
    rows = [r for r in at_hour(40, VITALS) if r["concept"] != "systolic_bp"] + at_hour(40, {"mean_arterial_pressure": 80.0})
    assert checks(rows, 41)["M11"].status == "done"


def test_what_is_charted_counts_whatever_it_is_put_down_to():
    rows = [{**r, "attribution": "infection"} for r in at_hour(40, VITALS)]
    assert checks(rows, 41)["M11"].status == "done"


def test_a_row_that_says_unknown_is_no_charting():
    assert checks([*icans(40, 10), text("eeg", 50, "unknown")], 51)["M8"].status == "done"
    assert checks([*icans(40, 8), *icans(50, 8), text("eeg", 50, "unknown")], 51)["M18"].status == "due"
    assert checks([*icans(40, 8), *icans(50, 8), text("eeg", 50, "slow")], 51)["M18"].status == "done"


def test_nothing_after_the_hour_is_looked_at():
    rows = [*at_hour(40, VITALS), *at_hour(60, VITALS), text("discharge", 61)]
    assert checks(rows, 50)["M11"] == checks(at_hour(40, VITALS), 50)["M11"]


# ---------------------------------------------------------------------------------------------------- days
@pytest.mark.parametrize(("at", "status"), [(47.9, "done"), (48, "due"), (71.9, "due"), (72, "overdue")])
def test_daily_bloods_of_day_1_are_due_on_day_2_and_overdue_when_that_day_is_over(at: float, status: str):
    assert checks(at_hour(30, LABS), at)["M13"].status == status


def test_bloods_charted_by_the_day_on_every_day_are_kept_on_every_day():
    rows = [r for d in range(5) for r in at_hour(24.0 * d, LABS, 24.0 * d + 24)]
    found = {k.item: k for k in kept(record(rows), schedule())}
    assert (found["M13"].days, found["M13"].kept, found["M13"].share_kept) == (5, 5, 1.0)


def test_a_day_without_bloods_is_missed():
    rows = [r for d in (0, 1, 3, 4) for r in at_hour(24.0 * d, LABS, 24.0 * d + 24)]
    found = {k.item: k for k in kept(record(rows), schedule())}
    assert (found["M13"].days, found["M13"].kept, found["M13"].missed, found["M13"].open) == (5, 4, 1, 0)


@pytest.mark.parametrize(("at", "status", "missing"), [(60, "depends", ("hour of ice_score",)), (84, "overdue", ())])
def test_a_score_known_only_by_its_day_leaves_the_hour_open_until_the_whole_day_is_too_long_ago(at: float, status: str, missing: tuple[str, ...]):
    """ICE on day 2, at hour 48 to 72: by hour 60 it may be past or to come; it is due at 84 at the latest."""
    rows = [{**r, "hour_latest": 72.0 if r["concept"] == "ice_score" else None} for r in icans(48, 10)]
    one = checks(rows, at + (3 if status == "overdue" else 0))["M8"]
    assert (one.status, one.depends_on) == (status, missing)


# ---------------------------------------------------------------------------------------------------- grades
@pytest.mark.parametrize(("grade", "asked"), [(1, False), (2, True)])
def test_telemetry_is_asked_for_from_crs_grade_2_on(grade: int, asked: bool):
    assert checks(crs(40, grade), 41)["M12"].status == ("due" if asked else "not_asked")


def test_telemetry_that_runs_is_done():
    assert checks([*crs(40, 2), text("telemetry", 40, end_hour=200.0)], 60)["M12"].status == "done"


@pytest.mark.parametrize(("grade", "at", "status"), [(2, 53, "not_asked"), (3, 51, "done"), (3, 52, "due"), (3, 54.9, "due"), (3, 55, "overdue")])
def test_bloods_are_asked_for_every_12_h_in_crs_of_grade_3_and_not_below(grade: int, at: float, status: str):
    assert checks([*crs(40, grade), *at_hour(40, LABS)], at)["M14"].status == status


def test_what_a_grade_asks_for_cannot_be_overdue_longer_than_the_grade_lasts():
    one = checks([*at_hour(2, LABS), *crs(40, 3)], 45)["M14"]
    assert (one.status, one.overdue_by_hours, one.due_hour) == ("overdue", 5.0, 40)


@pytest.mark.parametrize(("fibrinogen", "status"), [(149.0, "due"), (150.0, "not_asked")])
def test_coagulation_is_asked_for_every_12_h_while_fibrinogen_is_below_1_5_g_per_l(fibrinogen: float, status: str):
    rows = [*crs(40, 1), *at_hour(40, CLOTTING | {"fibrinogen": fibrinogen})]
    assert checks(rows, 53)["M16"].status == status


def test_coagulation_is_daily_in_crs_and_fibrinogen_in_moderate_crs():
    assert checks(crs(40, 1), 41)["M15"].status == "due"
    assert checks([*crs(40, 1), *at_hour(40, CLOTTING)], 41)["M15"].status == "done"
    assert checks(crs(40, 1), 41)["M17"].status == "not_asked"
    assert checks(crs(40, 2), 41)["M17"].status == "due"


@pytest.mark.parametrize(("marker", "status"), [("ecg", "done"), ("troponin_i", "done"), ("crp", "due")])
def test_any_of_ecg_echo_and_marker_serves_for_the_heart_in_crs_of_grade_2(marker: str, status: str):
    row = text("ecg", 40) if marker == "ecg" else {"concept": marker, "hour": 40.0, "value": 1.0}
    assert checks([*crs(40, 2), row], 41)["M21"].status == status


@pytest.mark.parametrize(("echo_at", "status"), [(15.9, "overdue"), (16, "done"), (41, "done")])
def test_an_echo_in_the_24_h_before_severe_crs_or_in_it_serves_once(echo_at: float, status: str):
    one = checks([*crs(40, 3), {"concept": "lvef", "hour": echo_at, "value": 60.0}], 55)["M22"]
    assert (one.status, one.due_hour) == (status, None if status == "done" else 40)


@pytest.mark.parametrize(("ice", "eeg", "imaging", "again"), [(10, "not_asked", "not_asked", "not_asked"), (9, "due", "not_asked", "not_asked"),
                                                              (6, "due", "due", "not_asked"), (2, "due", "due", "due")])
def test_eeg_from_icans_grade_1_imaging_from_grade_2_and_again_from_grade_3(ice: float, eeg: str, imaging: str, again: str):
    found = checks(icans(40, ice), 41)
    assert (found["M18"].status, found["M19"].status, found["M20"].status) == (eeg, imaging, again)


def test_imaging_in_persistent_icans_of_grade_3_is_repeated_by_the_third_day():
    rows = [r for h in range(24, 121, 8) for r in icans(h, 1)]
    image = text("imaging", 30, "MRI: normal")
    assert checks([*rows, image], 95.9)["M20"].status == "done"
    assert checks([*rows, image], 96)["M20"].status == "due"
    assert checks([*rows, image], 120)["M20"].status == "overdue"
    assert checks([*rows, image], 120)["M19"].status == "done"


# ---------------------------------------------------------------------------------------------------- who and where
@pytest.mark.parametrize(("age", "ice", "capd"), [(11.9, "not_asked", "due"), (12, "due", "not_asked"), (None, "depends", "depends")])
def test_a_child_below_12_is_screened_by_capd_and_an_untold_age_leaves_it_open(age: float | None, ice: str, capd: str):
    found = checks(at_hour(0, VITALS), 2, age=age)
    assert (found["M8"].status, found["M9"].status) == (ice, capd)
    if age is None:
        assert found["M8"].depends_on == ("age_years",)


def test_after_discharge_a_child_is_screened_daily_and_no_vital_signs_are_asked_for():
    found = checks([*at_hour(0, VITALS), text("discharge", 100)], 101, age=6)
    assert (found["M9"].status, found["M10"].status, found["M11"].status) == ("not_asked", "due", "not_asked")
    assert checks(at_hour(0, VITALS), 101, age=6)["M10"].status == "not_asked"


def test_after_death_nothing_is_asked_for():
    assert {c.status for c in checks([*at_hour(0, VITALS), text("death", 100)], 101).values()} == {"not_asked"}


@pytest.mark.parametrize(("at", "status"), [(671.9, "overdue"), (672, "not_asked")])
def test_vital_signs_are_asked_for_to_day_28(at: float, status: str):
    assert checks(at_hour(0, VITALS), at)["M11"].status == status


@pytest.mark.parametrize(("at", "daily", "signs"), [(167.9, "done", "not_asked"), (168, "not_asked", "due")])
def test_the_certified_facility_sees_the_patient_daily_for_7_days_and_looks_for_signs_to_day_28(at: float, daily: str, signs: str):
    found = checks(at_hour(167, VITALS), at)
    assert (found["M5"].status, found["M6"].status) == (daily, signs)


@pytest.mark.parametrize(("at", "status"), [(503.9, "overdue"), (504, "not_asked")])
def test_crs_is_graded_twice_a_day_for_three_weeks(at: float, status: str):
    assert checks(at_hour(0, VITALS), at)["M7"].status == status
    assert checks(at_hour(490, {"reported_crs_grade": 0.0}), 501)["M7"].status == "done"
    assert checks(at_hour(490, {"reported_crs_grade": 0.0}), 502)["M7"].status == "due"


# ---------------------------------------------------------------------------------------------------- before the infusion, and drugs
def test_an_echo_without_an_ejection_fraction_is_an_echo_and_none_charted_is_none_made():
    assert checks([text("echocardiogram", -20)], 1, complete=())["M2"].status == "done"
    assert checks([text("echocardiogram", -20, "absent")], 1, complete=())["M2"].status == "overdue"
    assert checks([], 1, complete=())["M3"].status == "overdue"


@pytest.mark.parametrize(("doses", "status"), [(1.0, "overdue"), (2.0, "done")])
def test_two_doses_of_tocilizumab_must_be_on_site_before_the_infusion(doses: float, status: str):
    rows = [{"concept": "tocilizumab_on_site", "hour": -5.0, "value": doses}]
    assert checks(rows, 1)["M1"].status == status
    assert checks([], -5)["M1"].status == "due"
    assert checks([], -721)["M1"].status == "not_asked"


@pytest.mark.parametrize(("hour", "status"), [(-721, "overdue"), (-720, "done"), (-1, "done")])
def test_an_echo_in_the_30_days_before_the_infusion_is_the_baseline(hour: float, status: str):
    assert checks([{"concept": "lvef", "hour": float(hour), "value": 60.0}], 1)["M2"].status == status


def test_baseline_ecg_and_chemistry_are_asked_for():
    found = checks([text("ecg", -20), *at_hour(-20, {"creatinine": 0.8, "ast": 20.0})], 1)
    assert (found["M3"].status, found["M4"].status, found["M4"].waits_for) == ("done", "overdue", ("sodium",))


@pytest.mark.parametrize(("complete", "status", "missing"), [(("drugs",), "overdue", ()), ((), "depends", ("levetiracetam",))])
def test_levetiracetam_without_a_row_is_overdue_only_where_the_drugs_are_complete(complete: tuple[str, ...], status: str, missing: tuple[str, ...]):
    one = checks(at_hour(0, VITALS), 20, complete=complete)["M23"]
    assert (one.status, one.depends_on) == (status, missing)


@pytest.mark.parametrize(("at", "status"), [(719, "overdue"), (720, "not_asked")])
def test_levetiracetam_is_given_to_day_30_every_12_h(at: float, status: str):
    given = {"concept": "levetiracetam", "hour": 100.0, "value": 750.0}
    assert checks([given], at)["M23"].status == status
    assert checks([given], 111.9)["M23"].status == "done"
    assert checks([given], 112)["M23"].status == "due"
    assert checks([text("levetiracetam", 100, "absent")], 101)["M23"].status == "overdue"


def test_whether_telemetry_runs_is_not_told_where_findings_are_not_complete():
    one = checks(crs(40, 2), 41, complete=("drugs", "devices", "hypotension"))["M12"]
    assert (one.status, one.depends_on) == ("depends", ("telemetry",))


def test_a_grade_that_cannot_be_told_leaves_what_it_asks_for_open_and_names_what_is_missing():
    one = checks([r for r in crs(40, 1) if r["concept"] not in ("systolic_bp", "oxygen_device", "spo2")], 41, complete=())["M14"]
    assert one.status == "depends"
    assert "norepinephrine" in one.depends_on or "vasopressor" in one.depends_on


def test_an_empty_record_asks_for_what_needs_no_grade_and_leaves_the_rest_open():
    found = checks([], 30, age=None, complete=())
    assert (found["M11"].status, found["M2"].status, found["M14"].status) == ("overdue", "overdue", "depends")
    assert kept(record([]), schedule())[0].days == 0


# ---------------------------------------------------------------------------------------------------- many patients
def test_a_cohort_has_for_each_patient_what_the_patient_has_alone():
    one, other = crs(40, 3), [*at_hour(30, LABS), *icans(44, 4)]
    both = Timeline.from_rows([*({**r, "patient": "a"} for r in one), *({**r, "patient": "b"} for r in other)],
                              [{"patient": p, "age_years": 40} for p in "ab"], COMPLETE)
    together = watch(both, schedule(), 50)
    for name in "ab":
        assert together.checks(name) == watch(both.of(name), schedule(), 50).checks(name)
    frame = together.frame()
    assert set(frame["status"]) <= set(STATUS) - {"not_asked"}
    assert frame.filter((frame["patient"] == "a") & (frame["item"] == "M14"))["overdue_by_hours"].to_list() == [10.0]


def test_the_share_of_days_is_that_of_days_without_anything_overdue():
    """Vital signs every 4 h on day 0 and 2, none from hour 24 to 48."""
    rows = [r for h in (*range(0, 25, 4), *range(48, 72, 4)) for r in at_hour(float(h), VITALS)]
    found = {k.item: k for k in kept(record([*rows, *at_hour(71.9, VITALS)]), schedule())}
    vitals = found["M11"]
    assert (vitals.days, vitals.kept, vitals.missed, vitals.overdue_hours) == (3, 2, 1, 19.0)
    assert add([[vitals], [vitals]]) == [Kept("M11", vitals.what, 2, 2, 6, 4, 2, 0, 38.0)]


def test_the_summary_agrees_with_what_is_said_hour_by_hour():
    rows = [*crs(30, 3), *at_hour(33, LABS), *icans(40, 5), *icans(61, 10)]
    one = record(rows)
    overdue = {k.item: k.overdue_hours for k in kept(one, schedule())}
    steps = [watch(one, schedule(), h / 2 + 0.25) for h in range(2 * 61)]
    for n, item in enumerate(schedule().items):
        if not item.by_day and item.start >= 0:
            assert sum(STATUS[int(w.status[0, n])] == "overdue" for w in steps) / 2 == pytest.approx(overdue[item.code], abs=1.01), item.code


# ---------------------------------------------------------------------------------------------------- the schedule
def test_every_item_has_a_source_that_exists_and_a_decision_says_what_was_chosen():
    for item in schedule().items:
        assert item.cites.split(":")[0] in REFERENCES
        assert item.source_text


def test_every_item_is_named_in_a_spec():
    text_of_this_file = Path(__file__).read_text(encoding="utf-8")
    assert [i.code for i in schedule().items if f'"{i.code}"' not in text_of_this_file] == []


@pytest.mark.parametrize("setting", [s.name for s in SETTINGS])
def test_every_setting_changes_an_item(setting: str):
    one = next(s for s in SETTINGS if s.name == setting)
    other = one.minimum if one.minimum not in (0, one.default) else one.maximum
    assert schedule(**{setting: other}).items != schedule().items


def test_a_setting_that_does_not_exist_and_an_hour_that_is_none_are_refused():
    with pytest.raises(SettingError, match="no setting 'vital_hours'"):
        monitoring(record([]), at=1, settings={"vital_hours": 4})
    with pytest.raises(SettingError, match="number of hours"):
        monitoring(record([]), at=float("nan"))


def test_a_day_counts_once_whether_or_not_a_step_begins_at_its_midnight():
    """What is asked for from hour 0 to 48 and from 48 to 96 is asked for from 0 to 96."""
    whole = SimpleNamespace(patient=np.array([0, 1]), start=np.array([0.0, 10.0]), end=np.array([96.0, 60.0]))
    parted = SimpleNamespace(patient=np.array([0, 0, 1, 1]), start=np.array([0.0, 48.0, 10.0, 48.0]), end=np.array([48.0, 96.0, 48.0, 60.0]))
    apart = SimpleNamespace(patient=np.array([0, 0]), start=np.array([0.0, 72.0]), end=np.array([48.0, 96.0]))
    expected = ([0, 0, 0, 1, 1], [24.0, 48.0, 72.0, 24.0, 48.0])
    for asked in (whole, parted):
        assert tuple(x.tolist() for x in _days(asked)) == expected
    assert _days(apart)[1].tolist() == [24.0]
