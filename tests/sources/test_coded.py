"""The road that all coded exports share: time zones, anchors, drugs that run, units by row, completeness, reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tocsin.errors import SettingError, SourceError
from tocsin.sources import coded
from tocsin.sources.codes import Codes, Item
from tocsin.sources.entries import STAYS, Export, Table, Trouble, entries
from tocsin.timeline import Timeline

ZERO = datetime(2024, 3, 30, 10)


def export(charted: Sequence[dict[str, Any]], aware: bool = False, stays: Sequence[tuple[Any, ...]] = (), people: Sequence[dict[str, Any]] = (),
           **table: Any) -> Export:
    frame = pl.DataFrame([{"row": at, "patient": "A", **row} for at, row in enumerate(charted, 1)], infer_schema_length=None)
    given = {"rows": len(charted), **table}
    return Export(
        "TEST", (Table("t", entries=entries(frame), **given),), pl.DataFrame(people, schema_overrides={"birth": pl.Datetime("us")}, infer_schema_length=None)
        if people else pl.DataFrame(schema={"patient": pl.String}), pl.DataFrame(stays, schema=dict(STAYS), orient="row"), aware)


def record(charted: Sequence[dict[str, Any]], codes: Codes | None = None, options: dict[str, Any] | None = None, **more: Any) -> Timeline:
    return coded.timeline(export(charted, **more), codes or Codes(), coded.settings(**{"infusion_time": "2024-03-30T10:00", **(options or {})}))


def fever(start: datetime | None, value: float | None = 38.5, **more: Any) -> dict[str, Any]:
    return {"start": start, "code": "loinc:8310-5", "value": value, "unit": "Cel", **more}


def drip(hour: float, action: str, rate: float | None, course: str | None = "1", concept: str = "norepinephrine", unit: str = "ug/min") -> dict[str, Any]:
    return {"start": ZERO + timedelta(hours=hour), "code": f"concept:{concept}", "value": rate, "unit": unit, "action": action, "course": course}


def runs(timeline: Timeline, concept: str = "norepinephrine") -> list[tuple[Any, ...]]:
    return timeline.events.filter(concept=concept).select("hour", "end_hour", "value").rows()


def notes(timeline: Timeline) -> str:
    assert timeline.reading is not None
    return "\n".join(note.sentence() for note in timeline.reading.notes)


def counts(timeline: Timeline) -> tuple[int, int, int, int]:
    assert timeline.reading is not None
    one = timeline.reading.files[0]
    return one.rows, one.used, one.explained, one.quarantined


# ---------------------------------------------------------------- time

def test_across_the_beginning_of_summer_time_an_hour_is_missing_only_on_the_wall():
    after = fever(datetime(2024, 3, 31, 10))  # the night of 30 to 31 March 2024 has 23 hours in Paris
    assert record([after]).events["hour"].to_list() == [24]
    assert record([after], options={"timezone": "Europe/Paris"}).events["hour"].to_list() == [23]
    assert record([after], options={"timezone": "Europe/Paris", "clock": "wall"}).events["hour"].to_list() == [24]
    assert record([after], options={"timezone": "Etc/GMT-1"}).events["hour"].to_list() == [24]


def test_a_time_that_the_clocks_skip_is_in_quarantine_and_one_that_they_show_twice_is_told():
    got = record([fever(datetime(2024, 3, 31, 2, 30)), fever(datetime(2024, 10, 27, 2, 30))], options={"timezone": "Europe/Paris"})
    assert len(got.events) == 1
    assert "skip when summer time begins" in notes(got)
    assert "show twice when summer time ends" in notes(got)
    assert counts(got) == (2, 1, 0, 1)


def test_moments_and_an_infusion_without_a_zone_are_refused():
    with pytest.raises(SourceError, match=r"--timezone Europe/Paris"):
        record([fever(ZERO)], aware=True)
    got = record([fever(datetime(2024, 3, 30, 10))], aware=True, options={"infusion_time": "2024-03-30T10:00+01:00"})
    assert got.events["hour"].to_list() == [1]
    assert got.patients["infusion_time"].to_list() == ["2024-03-30T09:00:00+00:00"]


def test_a_day_without_a_time_of_day_stays_open_by_a_day():
    got = record([fever(datetime(2024, 4, 1), latest=datetime(2024, 4, 2))])
    assert got.events.select("hour", "hour_latest").rows() == [(38, 62)]


def test_what_ends_before_it_begins_is_in_quarantine():
    got = record([{**drip(5, "", 4.0), "action": None, "end": ZERO + timedelta(hours=4)}, fever(ZERO)])
    assert counts(got) == (2, 1, 0, 1)
    assert "ends before it begins" in notes(got)


# ---------------------------------------------------------------- hour 0

def test_the_age_is_that_at_hour_0():
    people = [{"patient": "A", "birth": datetime(2021, 3, 30, 10), "sex": "F"}]
    got = record([fever(ZERO)], people=people)
    assert got.patients.select("age_years", "sex").rows() == [(pytest.approx(3.0, abs=0.01), "female")]
    later = [{"patient": "A", "age_years": 60.0, "age_at": datetime(2022, 3, 30)}]
    assert record([fever(ZERO)], people=later).patients["age_years"].to_list() == [pytest.approx(62.0, abs=0.01)]


def test_patients_without_the_anchor_are_told_and_left_out():
    stays = [("A", "s1", "icu", ZERO, None)]
    got = record([fever(ZERO), fever(ZERO, patient="B")], stays=stays, options={"anchor": "icu_admission", "infusion_time": None})
    assert got.patient_ids == ["A"]
    assert counts(got) == (2, 1, 1, 0)
    assert "1 row of 1 patient without any ICU admission" in notes(got)


def test_by_stay_an_entry_belongs_to_the_stay_that_it_names_or_that_it_lies_in():
    stays = [("A", "s1", "hospital", ZERO, ZERO + timedelta(hours=10)), ("A", "s2", "hospital", ZERO + timedelta(hours=100), None)]
    rows = [fever(ZERO - timedelta(hours=1), stay="s1"), fever(ZERO + timedelta(hours=10)), fever(ZERO + timedelta(hours=11)),
            fever(ZERO + timedelta(hours=99), stay="s2")]
    got = record(rows, stays=stays, options={"anchor": "hospital_admission", "by": "stay", "infusion_time": None})
    assert got.events.select("patient", "hour").rows() == [("A/s1", -1), ("A/s1", 10), ("A/s2", -1)]
    assert counts(got) == (4, 3, 1, 0)


def test_by_stay_what_a_patient_arrives_with_is_part_of_the_stay():
    stays = [("A", "s1", "icu", ZERO, ZERO + timedelta(hours=10)), ("A", "s2", "icu", ZERO + timedelta(hours=100), None)]
    by_stay = {"anchor": "icu_admission", "by": "stay", "infusion_time": None}
    device = {"code": "concept:oxygen_device", "text": "nasal_cannula"}
    rows = [drip(-0.1, "start", 5), drip(2, "change", 9), drip(9, "change", 4), drip(10.2, "stop", 0), drip(80, "start", 7, "2"), drip(101, "stop", 0, "2"),
            {**device, "start": ZERO - timedelta(hours=24)}, {**device, "start": ZERO - timedelta(hours=24.1)}, fever(ZERO - timedelta(hours=1)),
            {"start": ZERO - timedelta(hours=40), "end": ZERO + timedelta(hours=1), "code": "concept:vasopressin", "value": 0.03, "unit": "U/min"},
            {"start": ZERO - timedelta(hours=40), "end": ZERO, "code": "concept:vasopressin", "value": 0.02, "unit": "U/min"}]
    got = record(rows, stays=stays, options=by_stay)
    drips = got.events.filter(concept="norepinephrine").select("patient", pl.col("hour", "end_hour").round(3), "value")
    assert drips.rows() == [("A/s1", -0.1, 2, 5), ("A/s1", 2, 9, 9), ("A/s1", 9, 10.2, 4), ("A/s2", -20, 1, 7)]
    assert got.events.filter(concept="oxygen_device")["hour"].to_list() == [-24]
    assert got.events.filter(concept="vasopressin").select("hour", "end_hour", "value").rows() == [(-40, 1, 0.03)]
    assert counts(got) == (11, 8, 3, 0)


def test_by_stay_a_death_known_by_its_day_belongs_to_the_stay_that_began_on_it():
    died = {"start": datetime(2024, 3, 30), "code": "concept:death", "text": "present"}
    by_stay = {"anchor": "icu_admission", "by": "stay", "infusion_time": None}
    for latest, kept in ((datetime(2024, 3, 31), [(-10, 14)]), (ZERO, [])):
        got = record([{**died, "latest": latest}, fever(ZERO)], stays=[("A", "s1", "icu", ZERO, None)], options=by_stay)
        assert got.events.filter(concept="death").select("hour", "hour_latest").rows() == kept


def test_a_drug_that_goes_on_between_two_stays_is_not_stopped_in_the_second_alone():
    stays = [("A", "s1", "icu", ZERO, ZERO + timedelta(hours=10)), ("A", "s2", "icu", ZERO + timedelta(hours=12), None)]
    rows = [drip(1, "start", 5), drip(11, "change", 9), drip(13, "stop", 0)]
    got = record(rows, stays=stays, options={"anchor": "icu_admission", "by": "stay", "infusion_time": None})
    assert got.events.select("patient", "hour", "end_hour", "value").rows() == [("A/s1", 1, None, 5), ("A/s2", -1, 1, 9)]


def test_an_entry_or_a_stay_without_a_patient_is_no_patient():
    stays = [("A", "s1", "icu", ZERO, None), (None, "s2", "icu", ZERO, None)]
    for by in ("patient", "stay"):
        got = record([fever(ZERO), fever(ZERO, patient=None, stay="s2")], stays=stays, options={"anchor": "icu_admission", "by": by, "infusion_time": None})
        assert len(got.patient_ids) == 1
        assert counts(got) == (2, 1, 0, 1)


@pytest.mark.parametrize(("options", "what"), [
    ({"anchor": "lunch"}, "anchor is one of"), ({"clock": "sun"}, "clock is one of"), ({"by": "ward"}, "by is one of"), ({"index": "0"}, "index is"),
    ({"by": "stay"}, "by stay needs an anchor"), ({"timezone": "Mars/Olympus"}, "no time zone"), ({"complete": ["vitals"]}, "cannot be declared complete"),
    ({"units": {"temperature": "furlong"}}, "not measured in"), ({"infusion_time": "yesterday"}, "cannot be read"),
])
def test_an_option_that_cannot_be_used_is_refused(options: dict[str, Any], what: str):
    with pytest.raises(SettingError, match=what):
        record([fever(ZERO)], options=options)


# ---------------------------------------------------------------- drugs that run

def test_a_change_of_rate_ends_one_interval_and_begins_the_next():
    got = record([drip(0, "start", 5), drip(2, "change", 8), drip(3, "stop", 0)])
    assert runs(got) == [(0, 2, 5), (2, 3, 8)]
    assert counts(got) == (3, 3, 0, 0)


def test_a_hand_over_from_one_bag_to_the_next_leaves_no_gap():
    got = record([drip(0, "start", 5), drip(4, "stop", 0), drip(4, "start", 5, course="2"), drip(9, "stop", 0, course="2")])
    assert runs(got) == [(0, 4, 5), (4, 9, 5)]


def test_bags_that_overlap_are_both_kept_and_told():
    got = record([drip(0, "start", 5), drip(4, "stop", 0), drip(3.5, "start", 6, course="2"), drip(9, "stop", 0, course="2")])
    assert runs(got) == [(0, 4, 5), (3.5, 9, 6)]
    assert "two infusions of norepinephrine" in notes(got)


def test_a_rate_of_0_is_a_pause_and_a_missing_stop_leaves_the_end_open():
    got = record([drip(0, "start", 5), drip(2, "change", 0), drip(3, "change", 4)])
    assert runs(got) == [(0, 2, 5), (3, None, 4)]


def test_of_two_rates_charted_at_one_moment_the_later_row_counts():
    got = record([drip(0, "start", 5), drip(0, "change", 7), drip(3, "stop", None)])
    assert runs(got) == [(0, 3, 7)]


def test_a_running_drug_that_is_counted_by_doses_is_one_dose_in_words():
    got = record([drip(0, "start", 500, concept="heparin", unit="units/hour"), drip(2, "change", 600, concept="heparin", unit="units/hour"),
                  drip(9, "stop", None, concept="heparin", unit="units/hour")])
    assert got.events.select("hour", "end_hour", "value", "text").rows() == [(0, 9, None, "500 units/hour")]


def test_a_dose_that_was_not_given_is_no_event():
    got = record([{"start": ZERO, "code": "rxnorm:612865", "value": 400.0, "unit": "mg", "action": "not_given"},
                  {"start": ZERO, "code": "rxnorm:612865", "value": 400.0, "unit": "mg", "action": "given"}])
    assert got.events.select("concept", "value").rows() == [("tocilizumab", 400)]
    assert counts(got) == (2, 1, 1, 0)


def test_an_amount_in_a_unit_that_is_not_the_drugs_is_given_and_unknown():
    got = record([{"start": ZERO, "code": "rxnorm:612865", "value": 2.0, "unit": "vials"}])
    assert got.events.select("value", "text").rows() == [(None, "2 vials")]
    assert "cannot be converted to mg" in notes(got)


# ---------------------------------------------------------------- codes, units, values

def test_the_unit_of_each_row_counts_and_a_foreign_one_is_in_quarantine():
    rows = [fever(ZERO, 101.3, unit="[degF]"), fever(ZERO + timedelta(hours=1), 38.5), fever(ZERO + timedelta(hours=2), 38.5, unit="mmHg")]
    got = record(rows)
    assert got.events["value"].to_list() == [38.5, 38.5]
    assert counts(got) == (3, 2, 0, 1)


def test_a_mapping_stands_before_the_vocabulary_and_can_leave_a_code_out():
    codes = Codes({"lab:7": Item("ferritin", "ng/mL")}, ignored=frozenset({"loinc:8310-5"}))
    got = record([{"start": ZERO, "code": "lab:7", "value": 900.0}, fever(ZERO)], codes)
    assert got.events.select("concept", "value").rows() == [("ferritin", 900)]
    assert counts(got) == (2, 1, 1, 0)


def test_a_code_that_is_a_device_by_itself_needs_no_words():
    got = record([{"start": ZERO, "code": "snomed:426854004", "text": "Optiflow, left bay"}])
    assert got.events.select("concept", "text", "note").rows() == [("oxygen_device", "high_flow_nasal_cannula", "Optiflow, left bay")]


def test_a_limit_of_detection_keeps_its_sign():
    got = record([{"start": ZERO, "code": "loinc:26881-3", "value": 5000.0, "censored": 1, "unit": "pg/mL"},
                  {"start": ZERO + timedelta(hours=1), "code": "loinc:26881-3", "text": "<1.5", "unit": "pg/mL"}])
    assert got.events.select("value", "censored").rows() == [(5000, 1), (1.5, -1)]


def test_a_negative_patient_id_is_a_name_like_any_other():
    got = record([fever(ZERO, patient="-3210373572193940939")])
    assert got.patient_ids == ["-3210373572193940939"]


def test_weights_of_the_export_serve_rates_per_kilogram():
    rows = [{"start": ZERO - timedelta(hours=5), "code": "loinc:29463-7", "value": 110.0, "unit": "[lb_av]"},
            {**drip(0, "start", 0.1, unit="ug/kg/min")}, drip(2, "stop", None)]
    assert runs(record(rows)) == [(0, 2, pytest.approx(0.1 * 110 * 0.45359237))]


# ---------------------------------------------------------------- the whole

def test_what_the_reader_could_not_read_is_counted_and_told():
    got = record([fever(ZERO)], rows=10, ignored={"LOINC 1-8": 5}, explained={"not measured": 2}, troubles=(Trouble((9, 10), "broken", "mend it"),))
    assert counts(got) == (10, 1, 7, 2)
    assert dict(got.reading.files[0].ignored) == {"LOINC 1-8": 5}
    assert "5 rows about what no scale or protocol here asks for: LOINC 1-8 5" in notes(got)
    assert [note.what for note in got.reading.errors] == ["broken"]


def test_duplicates_are_read_once_and_contradictions_are_both_used():
    got = record([fever(ZERO), fever(ZERO), fever(ZERO, 36.0)])
    assert got.events["value"].to_list() == [36.0, 38.5]
    assert counts(got) == (3, 2, 1, 0)
    assert "two different values of temperature" in notes(got)


def test_a_table_is_complete_for_those_who_have_a_row_in_it():
    present = pl.DataFrame({"patient": ["B"]})
    got = record([fever(ZERO), fever(ZERO, patient="B")], carries=coded.INFUSIONS, present=present)
    assert got.complete.covers("norepinephrine", "B")
    assert not got.complete.covers("norepinephrine", "A")
    assert "continuous infusions with vasopressors: complete for 1 record" in got.complete.sentences()
    both = record([fever(ZERO), fever(ZERO, patient="B")], carries=coded.INFUSIONS, present=present, options={"complete": ["drugs"]})
    assert both.complete.covers("norepinephrine", "A")


def test_facts_and_hour_0_that_our_own_writers_leave_are_read():
    rows = [{"start": ZERO, "code": "tocsin:hour_0"}, {"code": "fact:weight_kg", "value": 50.0}, {"code": "fact:sex", "text": "male"},
            fever(ZERO + timedelta(hours=3))]
    got = record(rows, options={"infusion_time": None})
    assert got.events["hour"].to_list() == [3]
    assert got.patients.select("weight_kg", "sex").rows() == [(50, "male")]
    assert counts(got) == (4, 4, 0, 0)


@pytest.mark.parametrize("column", ["start", "latest", "end"])
def test_a_time_in_a_year_that_no_calendar_has_is_quarantined(column: str):
    strange = pl.Series([-70_000_000_000_000_000], dtype=pl.Int64).cast(pl.Datetime("us"))  # about 250 BC, which Python cannot show
    made = export([fever(ZERO), fever(ZERO)])
    table = made.tables[0]
    odd = table.entries.with_columns(pl.when(pl.col("row") == 2).then(pl.lit(strange).first()).otherwise(column).alias(column))
    got = coded.timeline(Export("TEST", (Table("t", 2, odd),), made.people), Codes(), coded.settings(infusion_time="2024-03-30T10:00"))
    assert counts(got) == (2, 1, 0, 1)
    assert "a time outside the years 1 to 9999" in notes(got)
    born = pl.DataFrame({"patient": ["A"]}).with_columns(pl.lit(strange).first().alias("birth"))
    stay = pl.DataFrame({"patient": ["A"], "stay": ["s"], "kind": ["icu"]}).with_columns(pl.lit(strange).first().alias("start"), pl.lit(ZERO).alias("end"))
    late = Export("TEST", (Table("t", 1, entries(pl.DataFrame([{"row": 1, "patient": "A", **fever(ZERO)}]))),), born, stay)
    assert coded.timeline(late, Codes(), coded.settings(anchor="first_entry")).patients["age_years"].to_list() == [None]
    with pytest.raises(SourceError, match="nobody in these files"):
        coded.timeline(late, Codes(), coded.settings(anchor="icu_admission"))
