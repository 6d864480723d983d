"""Grading Arrow batches: the grades are those in memory wherever the batches are cut, and what cannot be used is refused by name."""

from __future__ import annotations

import pickle
import random
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from records import records
from tocsin.errors import SettingError, SourceError, TimelineError, UnknownIdError
from tocsin.grading import grade
from tocsin.sources import arrow, coded, meds
from tocsin.sources.batch import STEPS, steps_of
from tocsin.sources.clock import in_hours
from tocsin.sources.codes import Codes, Item
from tocsin.sources.whole_patients import whole_patients
from tocsin.timeline import Timeline

pa = pytest.importorskip("pyarrow", reason="pip install 'tocsin[sources]'")

QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
SCALES = ("astct-crs-2019", "hscore")
KEY = ["scale", "patient", "start_hour"]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
ZERO = datetime(2150, 3, 1, 8)


def batches(frame: pl.DataFrame, cuts: Sequence[int] = ()) -> Iterator[Any]:
    """The frame as Arrow batches that end at these rows."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks()
    ends = sorted({min(cut, len(frame)) for cut in cuts} | {len(frame)})
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        yield from table.slice(begin, end - begin).to_batches()


def steps(function: Any, frame: pl.DataFrame, cuts: Sequence[int] = ()) -> pl.DataFrame:
    table = pa.Table.from_batches(function(batches(frame, cuts)), schema=arrow.output_schema())
    return pl.DataFrame(pl.from_arrow(table), schema=STEPS).sort(KEY)


def in_memory(timeline: Timeline, scales: Sequence[str] = SCALES) -> pl.DataFrame:
    return pl.concat([steps_of(grade(timeline, scale)) for scale in scales]).sort(KEY)


def rows(*told: tuple[str, float, str, float]) -> pl.DataFrame:
    return pl.DataFrame(told, orient="row", schema=["patient", "hour", "concept", "value"])


FEVER = rows(("a", 1, "temperature", 39.0), ("a", 5, "systolic_bp", 80.0), ("b", 2, "temperature", 37.0), ("c", 3, "temperature", 38.5))


# ---------------------------------------------------------------- Tocsin's own events

@QUICK
@given(records(), st.lists(st.integers(0, 12), max_size=6), st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_grades_are_those_in_memory_wherever_batches_and_blocks_are_cut(whole: Timeline, cuts: list[int], block: int, chance: random.Random):
    told = whole.events["patient"].unique().to_list()
    record = Timeline(whole.events, whole.patients.filter(pl.col("patient").is_in(told)))
    mixed = record.events[chance.sample(range(len(record.events)), len(record.events))].sort("patient", maintain_order=True)
    frame = mixed.join(record.patients, on="patient", how="left", maintain_order="left")
    assert_frame_equal(steps(arrow.grade_batches(SCALES, rows=block), frame, cuts), in_memory(record))


def test_patient_hour_and_concept_are_enough():
    frame = rows(("a", 3, "norepinephrine", 0)).drop("value").with_columns(hour=pl.lit(3, pl.Int32), patient=pl.lit(17, pl.Int64))
    got = steps(arrow.grade_batches(), frame)
    assert got["patient"].unique().to_list() == ["17"]
    assert_frame_equal(got, in_memory(Timeline(frame.with_columns(pl.col("patient").cast(pl.String))), ["astct-crs-2019"]))


def test_facts_about_the_patient_stand_in_each_of_the_rows():
    child = rows(("a", 1, "temperature", 39.0), ("a", 1, "systolic_bp", 85.0))
    known = steps(arrow.grade_batches(), child.with_columns(age_years=pl.lit(3.0)))
    assert_frame_equal(known, in_memory(Timeline(child, pl.DataFrame({"patient": ["a"], "age_years": [3.0]})), ["astct-crs-2019"]))
    assert not known.equals(steps(arrow.grade_batches(), child))
    with pytest.raises(TimelineError, match="'a' has more than one age_years"):
        steps(arrow.grade_batches(), child.with_columns(age_years=pl.Series([3.0, 4.0])))


def test_what_is_declared_complete_and_the_options_of_grading_are_those_of_grade():
    got = steps(arrow.grade_batches(complete=["drugs", "devices"], from_hour=2.0, carry={"temperature": 1.0}), FEVER)
    wanted = grade(Timeline.from_rows(FEVER.to_dicts(), complete=["drugs", "devices"]), "astct-crs-2019", from_hour=2.0, carry={"temperature": 1.0})
    assert_frame_equal(got, steps_of(wanted).sort(KEY))


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2, 3)])
@pytest.mark.parametrize("block", [1, 100])
def test_a_patient_who_comes_back_is_refused_wherever_the_batches_are_cut(cuts: tuple[int, ...], block: int):
    scattered = rows(("a", 1, "temperature", 39.0), ("b", 1, "temperature", 39.0), ("a", 2, "temperature", 39.0))
    with pytest.raises(TimelineError, match=r"'a' stand in more than one place(.|\n)*repartition\(\"patient\"\)\.sortWithin"):
        steps(arrow.grade_batches(rows=block), scattered, cuts)


@pytest.mark.parametrize(("change", "told"), [
    ({"concept": None}, "no column 'concept'"),
    ({"hour": pl.col("hour").cast(pl.String)}, "'hour' is of type .*string; Tocsin's events have numbers"),
    ({"patient": pl.col("hour").cast(pl.Float64)}, "'patient' is of type double; Tocsin's events have text"),
    ({"censored": pl.lit(0.5)}, "'censored' is of type double; Tocsin's events have whole numbers"),
    ({"developmental_delay": pl.lit(1)}, "'developmental_delay' is of type int32; Tocsin's events have true or false"),
    ({"end_hours": pl.lit(9.0)}, "'end_hours' is neither"),
])
def test_columns_that_cannot_be_used_are_named(change: dict[str, pl.Expr | None], told: str):
    frame = FEVER.drop(n for n, e in change.items() if e is None).with_columns(**{n: e for n, e in change.items() if e is not None})
    with pytest.raises(SourceError, match=told):
        steps(arrow.grade_batches(), frame)


def test_a_row_without_a_patient_or_with_an_unknown_concept_is_refused():
    with pytest.raises(TimelineError, match="1 rows have no patient"):
        steps(arrow.grade_batches(), FEVER.with_columns(pl.col("patient").replace("b", None)))
    with pytest.raises(TimelineError, match="unknown concept 'temprature'"):
        steps(arrow.grade_batches(), FEVER.with_columns(pl.col("concept").replace("systolic_bp", "temprature")))


def test_no_rows_give_no_steps():
    assert list(arrow.grade_batches()(iter(()))) == []
    assert list(arrow.grade_batches()(batches(FEVER.clear()))) == []


def test_what_cannot_be_meant_is_refused_before_anything_runs(tmp_path: Path):
    for wrong, told in (
        ({"form": "fhir"}, "tocsin convert"), ({"anchor": "icu_admission"}, "anchor is for MEDS"), ({"mapping": "mimic-iv"}, "mapping is for MEDS"),
        ({"rows": 0}, "at least 1"), ({"scales": ()}, "no scale"), ({"complete": ["vitals"]}, "cannot be declared complete"),
        ({"colour": 1}, "no option 'colour'"), ({"count": ["csr"]}, "'csr' is not an attribution"), ({"carry": {"temprature": 1}}, "unknown concept"),
        ({"form": "meds", "anchor": "birth"}, "anchor is one of"), ({"settings": {"fever": 1}}, "fever"),
    ):
        with pytest.raises(SettingError, match=told):
            arrow.grade_batches(**wrong)
    with pytest.raises(UnknownIdError, match="astct-crs-2019"):
        arrow.grade_batches("astct-crs-2018")
    with pytest.raises(SourceError, match="no mapping file"):
        arrow.grade_batches(form="meds", mapping=tmp_path / "none.toml")


@pytest.mark.parametrize("options", [{}, {"form": "meds", "mapping": "mimic-iv", "anchor": "icu_admission"}], ids=["tocsin", "meds"])
def test_the_function_travels_as_a_small_pickle(options: dict[str, Any]):
    function = arrow.grade_batches(SCALES, **options)
    travelled = pickle.dumps(function)
    assert len(travelled) < 50_000
    assert pickle.loads(travelled) == function
    assert pickle.loads(pickle.dumps(arrow.count_batches(**options))) == arrow.count_batches(**options)


def test_a_block_is_graded_before_the_rows_of_the_next_are_asked_for():
    many = pl.concat([FEVER.filter(patient="a").with_columns(patient=pl.lit(f"{n:03d}")) for n in range(100)])
    taken = 0

    def counted() -> Iterator[Any]:
        nonlocal taken
        for batch in batches(many, range(3, 200, 3)):
            taken += len(batch)
            yield batch

    first = next(arrow.grade_batches(rows=20)(counted()))
    assert taken == 21
    assert pl.from_arrow(first)["patient"].n_unique() == 10


@QUICK
@given(st.lists(st.integers(1, 7), max_size=12), st.lists(st.integers(0, 60), max_size=8), st.integers(1, 12))
def test_blocks_hold_whole_patients_in_their_order_and_little_more_than_asked_for(lengths: list[int], cuts: list[int], block: int):
    frame = pl.DataFrame({"patient": [str(n) for n, many in enumerate(lengths) for _ in range(many)]}, schema={"patient": pl.String}).with_row_index("at")
    pieces = [pl.DataFrame(pl.from_arrow(batch)) for batch in batches(frame, cuts)]
    got = list(whole_patients(pieces, "patient", block))
    assert_frame_equal(pl.concat([frame.clear(), *got]), frame)
    assert sum(one["patient"].n_unique() for one in got) == len(lengths)
    largest = max((len(piece) for piece in pieces), default=0)
    assert all(len(one) <= block + max(largest, 7) for one in got)


def test_the_output_is_told_alike_to_spark_and_to_arrow():
    named = [column.split()[0] for column in arrow.OUTPUT.split(", ")]
    assert named == arrow.output_schema().names == list(STEPS)
    assert [column.split()[0] for column in arrow.COUNTS.split(", ")] == arrow.counts_schema().names


# ---------------------------------------------------------------- MEDS

def hospital(seed: int, patients: int = 6) -> pl.DataFrame:
    """MEDS of subjects of whom every third was never in intensive care; plain and odd rows, in any order within a subject."""
    chance = random.Random(seed)
    out: list[tuple[int, datetime, str, float | None, str | None]] = []
    for who in range(100, 100 + patients):
        zero = ZERO + timedelta(days=chance.randrange(900))
        mine: list[tuple[int, datetime, str, float | None, str | None]] = [(who, datetime(2090, 1, 1), "MEDS_BIRTH", None, None)]
        if who % 3:
            mine.append((who, zero, "ICU_ADMISSION//MICU", None, None))
        for _ in range(chance.randrange(12)):
            code, value, text = chance.choice([
                ("LOINC//8310-5//Cel", chance.choice([37.0, 38.4, 39.1]), None), ("LOINC//8480-6//mm[Hg]", chance.choice([70.0, 88.0, 120.0]), None),
                ("LAB//999//mg/dL", 4.0, None), ("INFUSION_START//221906", 0.1, None), ("INFUSION_END//221906", 0.0, None),
                ("LOINC//8310-5//Cel", 300.0, None), ("TOCSIN//oxygen_device//UNK", None, "nasal_cannula"), ("LOINC//29463-7//kg", 50.0, None),
            ])
            mine.append((who, zero + timedelta(minutes=10 * chance.randrange(60)), code, value, text))
        out += mine[:1] + chance.sample(mine[1:], len(mine) - 1)
    return pl.DataFrame(out, orient="row", schema={
        "subject_id": pl.Int64, "time": pl.Datetime("us"), "code": pl.String, "numeric_value": pl.Float32, "text_value": pl.String})


MIMIC = Codes({"mimic:221906": Item("norepinephrine", "ug/kg/min")})


def read_whole(frame: pl.DataFrame, folder: Path, codes: Codes = MIMIC, **options: Any) -> Timeline:
    file = folder / "0.parquet"
    frame.write_parquet(file)
    return coded.timeline(meds.export(file, codes), codes, coded.settings(**options))


@pytest.mark.parametrize("anchor", ["icu_admission", "first_entry"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("block", [1, 20, 10**6])
def test_meds_gives_the_grades_in_memory_wherever_it_is_cut(tmp_path: Path, seed: int, block: int, anchor: str):
    frame = hospital(seed)
    function = arrow.grade_batches(SCALES, form="meds", mapping=MIMIC, anchor=anchor, rows=block)
    wanted = in_memory(read_whole(frame, tmp_path, anchor=anchor))
    assert len(wanted)
    for cuts in ((), range(len(frame)), random.Random(seed).sample(range(len(frame)), 5)):
        assert_frame_equal(steps(function, frame, cuts), wanted)


def test_one_record_of_each_stay_is_graded_as_in_memory(tmp_path: Path):
    frame = hospital(1)
    function = arrow.grade_batches(SCALES, form="meds", mapping=MIMIC, anchor="icu_admission", by="stay", rows=10)
    assert_frame_equal(steps(function, frame, range(0, 60, 4)), in_memory(read_whole(frame, tmp_path, anchor="icu_admission", by="stay")))


@pytest.mark.parametrize("time", ["2150-03-01 08:00", {"100": "2150-03-01 08:00", "102": "2150-03-02 09:00", "999": "2150-03-03 10:00"}], ids=["one", "each"])
def test_a_given_time_of_infusion_is_the_hour_0_of_all_who_have_rows_and_of_nobody_else(tmp_path: Path, time: Any):
    frame = hospital(3).filter(pl.col("code").is_in(["LOINC//8310-5//Cel"]))
    whole = read_whole(frame, tmp_path, infusion_time=time)
    told = {str(who) for who in frame["subject_id"]}
    wanted = in_memory(whole).filter(pl.col("patient").is_in(told))
    for block in (1, 10**6):
        got = steps(arrow.grade_batches(SCALES, form="meds", mapping=MIMIC, infusion_time=time, rows=block), frame)
        assert_frame_equal(got, wanted)


def test_times_with_a_zone_are_moments(tmp_path: Path):
    frame = hospital(4)
    aware = frame.with_columns(pl.col("time").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York"))
    function = arrow.grade_batches(SCALES, form="meds", mapping=MIMIC, anchor="icu_admission")
    assert_frame_equal(steps(function, aware), steps(function, frame))
    with pytest.raises(SourceError, match="time zone"):
        steps(arrow.grade_batches(form="meds", infusion_time="2150-03-01 08:00"), aware)


def test_a_temperature_without_a_unit_is_not_guessed_from_part_of_a_record():
    bare = hospital(2).with_columns(pl.col("code").replace("LOINC//8310-5//Cel", "LOINC//8310-5"))
    with pytest.raises(SourceError, match="'LOINC//8310-5' have no unit"):
        steps(arrow.grade_batches(form="meds", anchor="icu_admission"), bare)
    told = arrow.grade_batches(form="meds", anchor="icu_admission", units={"temperature": "degC"})
    mapped = arrow.grade_batches(form="meds", anchor="icu_admission", mapping=Codes({"LOINC//8310-5": Item("temperature", "degC")}))
    assert_frame_equal(steps(told, bare), steps(mapped, bare))


def test_standard_codes_of_local_ones_come_from_the_metadata_of_the_data_set(tmp_path: Path):
    local = hospital(2).with_columns(pl.col("code").replace("LOINC//8310-5//Cel", "VITAL//warm//Cel"))
    (tmp_path / "metadata").mkdir()
    pl.DataFrame({"code": ["VITAL//warm//Cel", "LAB//999//mg/dL"], "parent_codes": [["LOINC/8310-5"], ["LOINC/0-0"]]}).write_parquet(
        tmp_path / "metadata" / "codes.parquet")
    function = arrow.grade_batches(SCALES, form="meds", mapping=MIMIC, anchor="icu_admission", metadata=tmp_path)
    assert set(function.records.parents) == {"VITAL//warm//Cel"}
    assert_frame_equal(steps(function, local), in_memory(read_whole(hospital(2), tmp_path, anchor="icu_admission")))


def test_every_row_is_counted_the_same_wherever_it_is_cut(tmp_path: Path):
    frame = hospital(1)
    whole = read_whole(frame, tmp_path, anchor="icu_admission")
    assert whole.reading is not None
    file = whole.reading.files[0]
    wanted = {"rows": len(frame), "patients": 6, "records": 4, "events": len(whole.events), "rows used": file.used, "rows explained": file.explained,
              "rows in quarantine": file.quarantined, **{f"ignored: {code}": many for code, many in file.ignored.items()}}
    assert file.quarantined
    for block in (1, 10**6):
        [batch] = arrow.count_batches(form="meds", mapping=MIMIC, anchor="icu_admission", rows=block)(batches(frame, range(0, 70, 3)))
        got = dict(pl.DataFrame(pl.from_arrow(batch)).iter_rows())
        errors = {what: got.pop(what) for what in list(got) if what.startswith("error: ")}
        assert got == wanted
        assert sum(errors.values()) == file.quarantined
        assert all("temperature is 300" in what for what in errors)
    [batch] = arrow.count_batches()(batches(FEVER))
    assert dict(pl.DataFrame(pl.from_arrow(batch)).iter_rows()) == {"rows": 4, "patients": 3, "records": 3, "events": 4, "rows used": 4}


def test_a_column_of_meds_that_is_none_is_named():
    with pytest.raises(SourceError, match="no column 'numeric_value'; MEDS events have subject_id"):
        steps(arrow.grade_batches(form="meds"), hospital(0).drop("numeric_value"))
    with pytest.raises(SourceError, match=r"'time' is of type .*string; MEDS events have a time"):
        steps(arrow.grade_batches(form="meds"), hospital(0).with_columns(pl.col("time").cast(pl.String)))


def test_a_moment_is_at_the_same_hour_among_one_row_and_among_many():
    minutes = pl.DataFrame({"span": [timedelta(minutes=m) for m in range(1, 5000)]})
    together = minutes.select(in_hours(pl.col("span")))["span"].to_list()
    alone = [minutes[at].select(in_hours(pl.col("span")))["span"][0] for at in range(0, 4999, 17)]
    assert together == [m / 60 for m in range(1, 5000)]
    assert alone == together[::17]


# ---------------------------------------------------------------- other engines

EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.split("## Without a cluster")[1], flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["pyarrow", "duckdb"])
def test_the_examples_of_the_manual_give_the_grades_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str):
    if "duckdb" in example:
        pytest.importorskip("duckdb", reason="pip install 'tocsin[sources]'")
    monkeypatch.chdir(tmp_path)
    FEVER.write_parquet("events.parquet")
    known: dict[str, Any] = {}
    exec(compile(example, "cluster.md", "exec"), known)
    complete = ["drugs", "devices"] if "complete" in example else []
    wanted = in_memory(Timeline.from_rows(FEVER.to_dicts(), complete=complete), ["astct-crs-2019"])
    assert_frame_equal(pl.DataFrame(pl.from_arrow(known["grades"]), schema=STEPS).sort(KEY), wanted)
