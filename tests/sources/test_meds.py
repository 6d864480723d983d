"""MEDS: what its codes mean, infusions from their starts and ends, and what is written reads back."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from conftest import SharedData
from records import assert_same_record, records
from tocsin.errors import SettingError, SourceError
from tocsin.grading import grade
from tocsin.sources import coded, meds, meds_shard
from tocsin.sources.codes import Codes, Item
from tocsin.timeline import Timeline

QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
MIMIC = Codes({"mimic:221906": Item("norepinephrine", "ug/kg/min"), "mimic:223761": Item("temperature", "degF")})
ZERO = datetime(2150, 3, 1, 8)


def shard(folder: Path, rows: list[tuple[float, str, float | None]], **more: list[object]) -> Path:
    """One shard about subject 7: hours since ZERO (an ICU admission is added there), codes and numbers."""
    told = [(0.0, "ICU_ADMISSION//MICU", None), *rows]
    frame = pl.DataFrame({
        "subject_id": pl.Series([7] * len(told), dtype=pl.Int64), "time": [ZERO + timedelta(hours=h) for h, _, _ in told],
        "code": [c for _, c, _ in told], "numeric_value": pl.Series([v for _, _, v in told], dtype=pl.Float32),
    }).with_columns(**{n: pl.Series([None, *v]) for n, v in more.items()})
    path = folder / "0.parquet"
    frame.write_parquet(path)
    return path


def record(path: Path, codes: Codes = MIMIC, **options: object) -> Timeline:
    return coded.timeline(meds.export(path, codes), codes, coded.settings(**{"anchor": "icu_admission", **options}))


def runs(timeline: Timeline, concept: str = "norepinephrine") -> list[tuple[object, ...]]:
    return timeline.events.filter(concept=concept).select("hour", "end_hour", "value", "text").rows()


def test_a_code_carries_its_unit_as_its_last_part(tmp_path: Path):
    got = record(shard(tmp_path, [(1, "LAB//223761//°F", 100.4), (2, "LOINC//8310-5//Cel", 38.0), (3, "LOINC/8310-5/[degF]", 98.6)]))
    assert got.events.select("hour", "value").rows() == [(1, 38.0), (2, 38.0), (3, 37.0)]


def test_a_32_bit_float_is_the_decimal_that_was_written(tmp_path: Path):
    got = record(shard(tmp_path, [(1, "LOINC//2160-0//mg/dL", 0.7), (2, "LOINC//2160-0//mg/dL", 1.1)]))
    assert got.events["value"].to_list() == [0.7, 1.1]
    assert any("32-bit" in note.what for note in got.reading.notes)


def test_an_infusion_runs_from_its_start_to_its_end_and_changes_of_bag_leave_no_gap(tmp_path: Path):
    rows = [(1, "INFUSION_START//221906", 0.1), (3, "INFUSION_END//221906", 0.0), (3, "INFUSION_START//221906", 0.2),
            (5, "INFUSION_END//221906", 0.0)]
    got = record(shard(tmp_path, rows), weight_kg=50)
    assert runs(got) == [(1, 3, 5.0, None), (3, 5, 10.0, None)]


def test_of_two_bags_at_once_the_drug_ends_with_the_last(tmp_path: Path):
    rows = [(1, "INFUSION_START//221906", 0.1), (2, "INFUSION_START//221906", 0.2), (3, "INFUSION_END//221906", 0.0),
            (9, "INFUSION_END//221906", 0.0)]
    got = record(shard(tmp_path, rows), weight_kg=50)
    assert runs(got) == [(1, 2, 5.0, None), (2, 9, 10.0, None)]


def test_a_bag_that_starts_and_ends_at_one_moment_does_not_run(tmp_path: Path):
    rows = [(1, "INFUSION_START//221906", 0.1), (1, "INFUSION_END//221906", 0.0)]
    assert runs(record(shard(tmp_path, rows), weight_kg=50)) == []


def test_an_infusion_without_an_end_stays_open_and_an_end_without_a_start_is_told(tmp_path: Path):
    got = record(shard(tmp_path, [(1, "INFUSION_END//221906", 0.0), (4, "INFUSION_START//221906", 0.1)]), weight_kg=50)
    assert runs(got) == [(4, None, 5.0, None)]
    assert any("never started" in note.what for note in got.reading.notes)


def test_a_rate_per_kilogram_without_a_weight_is_kept_in_words(tmp_path: Path):
    got = record(shard(tmp_path, [(1, "INFUSION_START//221906", 0.1), (3, "INFUSION_END//221906", 0.0)]))
    assert runs(got) == [(1, 3, None, "0.1 ug/kg/min")]


def test_an_administration_record_tells_given_and_not_given(tmp_path: Path):
    rows = [(1, "MEDICATION//Acetaminophen//Administered", None), (5, "MEDICATION//Acetaminophen//Not Given", None),
            (6, "MEDICATION//Chalk//Administered", None)]
    got = record(shard(tmp_path, rows))
    assert runs(got, "acetaminophen") == [(1, None, None, "present")]
    count = got.reading.files[0]
    assert (count.rows, count.used, count.explained, count.quarantined) == (4, 1, 3, 0)
    assert dict(count.ignored) == {"MEDICATION//Chalk//Administered": 1}


VENTILATION = Codes({"mimic:225792": Item("oxygen_device", text="invasive_ventilation")})


@pytest.mark.parametrize(("steps", "expected"), [
    ([(1, "START"), (5, "END"), (7, "START"), (9, "END")], [(1, 5), (7, 9)]),
    ([(1, "START"), (4, "START"), (5, "END"), (9, "END")], [(1, 5), (4, 9)]),  # the second began before the first had ended
    ([(1, "START"), (2, "START"), (9, "END")], [(1, 9), (2, 9)]),              # one end is told once for both
    ([(1, "START"), (5, "END"), (7, "START")], [(1, 5), (7, None)]),
    ([(1, "END"), (4, "START")], [(4, None)]),
])
def test_a_procedure_runs_from_its_start_to_its_end(tmp_path: Path, steps: list[tuple[float, str]], expected: list[tuple[float, float | None]]):
    rows = [(hour, f"PROCEDURE//{step}//225792", None) for hour, step in steps]
    got = record(shard(tmp_path, rows), VENTILATION)
    assert runs(got, "oxygen_device") == [(a, b, None, "invasive_ventilation") for a, b in expected]
    count = got.reading.files[0]
    assert (count.rows, count.used, count.quarantined) == (len(steps) + 1, len(expected), 0)


def test_a_death_is_told_by_its_code_and_one_at_midnight_only_by_its_day(tmp_path: Path):
    for hour, latest in ((14.5, None), (16.0, 40.0)):  # ZERO is at eight in the morning
        got = record(shard(tmp_path, [(hour, "MEDS_DEATH", None)]))
        assert got.events.select("hour", "hour_latest", "concept", "text").rows() == [(hour, latest, "death", "present")]


def test_infusions_are_complete_for_those_who_have_one_and_for_nobody_else(tmp_path: Path):
    with_one = record(shard(tmp_path, [(1, "INFUSION_START//999", 1.0), (2, "LAB//223761//°F", 99.0)]))
    assert with_one.complete.covers("norepinephrine", "7")
    assert not with_one.complete.covers("tocilizumab", "7")
    without = record(shard(tmp_path, [(2, "LAB//223761//°F", 99.0)]))
    assert not without.complete.covers("norepinephrine", "7")


def test_devices_are_complete_for_those_whose_device_is_told_and_for_nobody_else(tmp_path: Path):
    codes = Codes({"mimic:226732": Item("oxygen_device"), "mimic:221906": Item("norepinephrine", "ug/kg/min")})
    worn = record(shard(tmp_path, [(1, "LAB//226732//UNK", None)], text_value=["Nasal cannula"]), codes)
    assert worn.complete.covers("oxygen_device", "7")
    assert not worn.complete.covers("norepinephrine", "7")
    without_words = record(shard(tmp_path, [(1, "LAB//226732//UNK", None), (2, "INFUSION_START//221906", 0.1)]), codes)
    assert not without_words.complete.covers("oxygen_device", "7")
    assert without_words.complete.covers("norepinephrine", "7")


def test_rows_without_a_time_or_with_an_impossible_value_are_in_quarantine(tmp_path: Path):
    path = shard(tmp_path, [(1, "LOINC//8310-5//Cel", 99.0), (2, "LOINC//8310-5//Cel", 38.0)])
    frame = pl.read_parquet(path)
    pl.concat([frame, frame.tail(1).with_columns(pl.lit(None, pl.Datetime("us")).alias("time"))]).write_parquet(path)
    got = record(path)
    count = got.reading.files[0]
    assert (count.rows, count.used, count.explained, count.quarantined) == (4, 1, 1, 2)
    assert [note.rows for note in got.reading.errors] == [(4,), (2,)]


def test_without_a_car_t_infusion_the_error_says_how_to_give_hour_0(tmp_path: Path):
    with pytest.raises(SourceError, match="--anchor icu_admission"):
        record(shard(tmp_path, [(1, "LOINC//8310-5//Cel", 38.0)]), anchor="car_t_infusion")


def test_the_infusion_is_found_and_the_second_one_can_be_chosen(tmp_path: Path):
    path = shard(tmp_path, [(10, "TOCSIN//car_t_infusion//UNK", None), (20, "LOINC//8310-5//Cel", 38.0), (34, "TOCSIN//car_t_infusion//UNK", None)],
                 text_value=["given", None, "given"])
    hours = {which: record(path, anchor="car_t_infusion", index=which).events.filter(concept="temperature")["hour"][0] for which in ("first", "last", 2)}
    assert hours == {"first": 10, "last": -14, 2: -14}
    with pytest.raises(SettingError, match="index is"):
        record(path, index="middle")


def test_each_stay_can_be_a_record_of_its_own(tmp_path: Path):
    path = shard(tmp_path, [(1, "LOINC//8310-5//Cel", 38.0), (5, "ICU_DISCHARGE//HOME", None), (7, "LOINC//8310-5//Cel", 37.0),
                            (100, "ICU_ADMISSION//MICU", None), (102, "LOINC//8310-5//Cel", 39.0)])
    got = record(path, by="stay")
    assert got.events.select("patient", "hour", "value").rows() == [("7/icu1", 1, 38.0), ("7/icu2", 2, 39.0)]
    assert got.reading.files[0].explained == 4


def test_a_file_that_is_no_meds_says_so(tmp_path: Path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(SourceError, match="no column subject_id"):
        record(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="no Parquet file"):
        record(tmp_path / "y.parquet")
    with pytest.raises(SourceError, match="no Parquet file"):
        meds.shards(tmp_path.parent / "absent")


@QUICK
@given(records(("1", "2", "17")))
def test_what_is_written_reads_back_the_same_with_the_same_grades(timeline: Timeline):
    with tempfile.TemporaryDirectory() as folder:
        meds.write(timeline, folder, [grade(timeline, "astct-crs-2019")])
        got = record(Path(folder), Codes(), anchor="car_t_infusion")
    assert got.reading.errors == []
    assert_same_record(got, timeline)


def test_a_written_data_set_is_one_of_the_standard(tmp_path: Path):
    meds.write(Timeline.from_rows([{"hour": 1, "concept": "temperature", "value": 38.5}]), tmp_path)
    frame = pl.read_parquet(tmp_path / "data" / "train" / "0.parquet")
    kinds = {"subject_id": pl.Int64, "time": pl.Datetime("us"), "code": pl.String, "numeric_value": pl.Float32, "text_value": pl.String}
    assert {name: frame.schema[name] for name in kinds} == kinds
    assert meds.is_meds(tmp_path)
    with pytest.raises(SourceError, match="no whole number"):
        meds.write(Timeline.from_rows([{"patient": "Ann", "hour": 1, "concept": "temperature", "value": 38.5}]), tmp_path)


def test_a_death_is_present_though_its_row_has_neither_number_nor_text_and_at_midnight_it_is_known_by_its_day(tmp_path: Path):
    for hour, latest in ((5.5, None), (16, 40)):  # hour 16 after 8 o'clock is midnight
        for got in (record(shard(tmp_path, [(hour, "MEDS_DEATH", None)])),
                    meds_shard.read(tmp_path / "0.parquet", "0.parquet", MIMIC, {}, coded.settings(anchor="icu_admission"))):
            assert got.events.select("concept", "hour", "hour_latest", "text").rows() == [("death", hour, latest, "present")]


def test_a_disorder_is_present_when_a_code_of_snomed_stands_alone_and_a_charted_item_without_its_words_is_not(tmp_path: Path):
    codes = Codes({"mimic:1": Item("hlh")})
    got = record(shard(tmp_path, [(1, "SNOMED//234437005", None), (2, "LAB//1//UNK", None), (3, "SNOMED//234437005", None), (4, "SNOMED//91175000", None)],
                       text_value=[None, None, "absent", None]), codes)
    assert got.events.select("hour", "concept", "text").rows() == [(1, "hlh", "present"), (3, "hlh", "absent"), (4, "seizure", "unspecified")]


def test_the_deaths_of_the_demo_are_read(shared_data: SharedData):
    got = meds.read(shared_data("mimic4demo_meds") / "meds", mapping="mimic-iv", anchor="icu_admission")
    assert got.events.filter(concept="death")["patient"].n_unique() == 31
