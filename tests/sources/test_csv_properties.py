"""Properties of reading that hold for any record: nothing lost, order and units do not matter, what is written reads back."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from records import FACTS, events
from tocsin.sources.csv import read, write
from tocsin.timeline import Level, Timeline
from tocsin.vocabulary import CONCEPTS, Kind

QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def through(folder: Path, timeline: Timeline) -> Timeline:
    write(timeline, folder / "written.csv")
    return read(folder / "written.csv")


@QUICK
@given(st.lists(events(), min_size=1, max_size=12))
def test_what_is_written_reads_back_the_same(rows: list[dict[str, object]]):
    given_record = Timeline.from_rows(rows, [{"patient": "A", **FACTS}])
    with tempfile.TemporaryDirectory() as folder:
        first = through(Path(folder), given_record)
        second = through(Path(folder), first)
    assert first.reading is not None
    assert first.reading.errors == []
    everything = [c for c in first.events.columns if c != "origin"]
    wanted = given_record.events.select(everything).unique().sort(everything, nulls_last=True)
    assert_frame_equal(first.events.select(everything).sort(everything, nulls_last=True), wanted)
    assert_frame_equal(second.events.select(everything), first.events.select(everything))
    assert_frame_equal(first.patients.filter(patient="A"), given_record.patients.filter(patient="A"))


ROWS = [
    "A,5,crp,12,mg/L", "A,5,crp,14,mg/L", "A,5,crp,12,mg/L", "A,5,SpO2,93-95,%", "A,6,O2 device,NC 3L,", "A,x,crp,1,mg/L",
    "B,2,temp,100.9,",
    "B,3,temp,38,", "B,4,temp,37,", "B,4,temperature,37.0,degC", "B,1,feever,1,", "A,,age,61,", "B,,weight,50,kg", "B,4,toci,8,mg/kg",
    "B,0.5,ferritin,NA,", "B,0.5,ferritin,>5000,ng/mL", "A,5,norepinephrine,stop,", ",5,crp,1,mg/L", "A,7,hypotension,+,",
]


def read_rows(rows: list[str], folder: Path) -> Timeline:
    path = folder / "rows.csv"
    path.write_text("patient,day,concept,value,unit\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return read(path)


@QUICK
@given(st.randoms(use_true_random=False), st.integers(1, len(ROWS)))
def test_the_order_of_the_rows_changes_nothing_but_where_they_stand(rng: random.Random, many: int):
    rows = rng.sample(ROWS, many)
    with tempfile.TemporaryDirectory() as folder:
        one, two = read_rows(rows, Path(folder)), read_rows(rng.sample(rows, many), Path(folder))
    assert_frame_equal(one.events.drop("origin"), two.events.drop("origin"))
    assert_frame_equal(one.patients, two.patients)
    assert one.reading is not None
    assert two.reading is not None
    a, b = one.reading.files[0], two.reading.files[0]
    assert (a.rows, a.used, a.explained, a.quarantined) == (b.rows, b.used, b.explained, b.quarantined)


@QUICK
@given(st.lists(st.lists(st.text("0159.,-<> %xyNCL/#\"\n", max_size=6), min_size=5, max_size=5), min_size=1, max_size=8))
def test_any_rubbish_is_used_explained_or_quarantined_and_never_a_traceback(cells: list[list[str]]):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("patient", "day", "concept", "value", "unit"))
    for row in cells:
        writer.writerow([row[0] or "A", row[1] or "4", row[2] or "crp", *row[3:]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rubbish.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        got = read(path)
    assert got.reading is not None
    one = got.reading.files[0]
    assert one.rows == one.used + one.explained + one.quarantined >= len(cells) - sum(row[0].lstrip().startswith("#") for row in cells)
    told = {row for note in got.reading.notes if note.level is Level.ERROR for row in note.rows}
    assert len(told) >= one.quarantined


SAFE = sorted((c.name, u) for c in CONCEPTS.values() if c.kind is Kind.MEASUREMENT and c.plausible for u, s in c.units.items()
              if u and not s.needs_weight)


@QUICK
@given(st.sampled_from(SAFE), st.floats(0.02, 0.98))
def test_a_change_of_units_gives_the_same_value(pair: tuple[str, str], where: float):
    name, unit = pair
    concept = CONCEPTS[name]
    low, high = concept.plausible or (0, 1)
    value = float(f"{low + where * (high - low):.6g}")
    written = concept.conversion(unit).from_canonical(value)
    with tempfile.TemporaryDirectory() as folder:
        got = read_rows([f"A,5,{name},{written!r},{unit}"], Path(folder))
    assert got.events["value"].to_list() == [pytest.approx(value, rel=1e-10, abs=1e-9)]
    assert got.events["value"][0] == pytest.approx(concept.conversion(unit).to_canonical(written), rel=1e-12)


@pytest.mark.parametrize("fahrenheit", [100.4, 98.6, 101.3, 104.0, 99.5])
def test_fahrenheit_is_converted_exactly_as_the_vocabulary_does(tmp_path: Path, fahrenheit: float):
    got = read_rows([f"A,5,temperature,{fahrenheit},degF"], tmp_path)
    assert got.events["value"].to_list() == [CONCEPTS["temperature"].conversion("degF").to_canonical(fahrenheit)]


def test_splitting_patients_into_files_changes_nothing(tmp_path: Path):
    whole = read_rows([row for row in ROWS if row[0] in "AB"], tmp_path)
    parts = []
    for who in "AB":
        path = tmp_path / f"{who}.csv"
        path.write_text("patient,day,concept,value,unit\n" + "\n".join(r for r in ROWS if r[0] == who) + "\n", encoding="utf-8")
        parts.append(path)
    split = read(*parts)
    assert_frame_equal(whole.events.drop("origin"), split.events.drop("origin"))
    assert_frame_equal(whole.patients, split.patients)


def test_many_rows_are_read_quickly_and_all_counted(tmp_path: Path):
    many = 200_000
    frame = pl.DataFrame({
        "patient": [f"P{i % 50:03d}" for i in range(many)], "hour": [i // 50 / 10 for i in range(many)],
        "concept": [("temperature", "spo2", "crp", "heart_rate")[i % 4] for i in range(many)],
        "value": [("38.5", "95", ">200", "88")[i % 4] for i in range(many)],
        "unit": [("C", "%", "mg/L", "bpm")[i % 4] for i in range(many)],
    })
    frame.write_csv(tmp_path / "many.csv")
    got = read(tmp_path / "many.csv")
    assert got.reading is not None
    one = got.reading.files[0]
    assert (one.rows, one.used, one.events) == (many, many, many)
    assert got.events.filter(concept="crp")["censored"].unique().to_list() == [1]
    assert got.reading.notes == ()
