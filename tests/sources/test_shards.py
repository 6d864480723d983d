"""Records larger than memory: the same grades as in memory, nothing lost or doubled when a run is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from conftest import SharedData
from tocsin.errors import SettingError, SourceError, TimelineError
from tocsin.grading import grade
from tocsin.scales import scale
from tocsin.sources import coded, doors, fhir, fhir_files, meds, meds_shard, shards
from tocsin.sources.batch import STEPS, Progress, grade_to
from tocsin.sources.codes import Codes
from tocsin.timeline import Timeline

QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ZERO = datetime(2150, 3, 1, 8)
CODES = ("LOINC//8310-5//Cel", "LOINC//8310-5//[degF]", "LOINC//8480-6//mm[Hg]", "LOINC//59408-5//%", "LOINC//29463-7//kg", "LOINC//2276-4//ng/mL",
         "TOCSIN//norepinephrine//ug/kg/min", "TOCSIN//oxygen_device//UNK", "LAB//1//x", "LOINC//8310-5")


def rows_of(subject: int, rows: list[tuple[float, str, float | None, str | None]]) -> pl.DataFrame:
    told = [(0.0, "TOCSIN//car_t_infusion//UNK", None, None), *sorted(rows, key=lambda row: row[0])]
    return pl.DataFrame({
        "subject_id": pl.Series([subject] * len(told), dtype=pl.Int64), "time": [ZERO + timedelta(hours=row[0]) for row in told],
        "code": [row[1] for row in told], "numeric_value": pl.Series([row[2] for row in told], dtype=pl.Float32),
        "text_value": pl.Series([row[3] for row in told], dtype=pl.String),
    })


def shards_of(folder: Path, many: int = 4, each: int = 3) -> Path:
    (folder / "data").mkdir(parents=True)
    for shard in range(many):
        frames = [rows_of(100 * shard + who, [
            (float(hour), code, value, None) for hour in range(0, 60, 2)
            for code, value in ((CODES[0], 36.5 + (hour + who) % 4), (CODES[2], 120.0 - 3 * ((hour + shard) % 20)), (CODES[3], 97.0))]) for who in range(each)]
        pl.concat(frames).write_parquet(folder / "data" / f"{shard}.parquet")
    return folder


def steps_of(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(f) for f in sorted(folder.glob("grades-*.parquet"))]).sort("patient", "scale", "start_hour")


def in_memory(timeline: Timeline, *ids: str) -> pl.DataFrame:
    frames = [grade(timeline, one).frame.with_columns(pl.lit(one).alias("scale")) for one in ids]
    return pl.concat([f.select(pl.col(n).cast(kind) for n, kind in STEPS.items()) for f in frames]).sort("patient", "scale", "start_hour")


one_row = st.tuples(st.sampled_from([0.0, 1.0, 1.0, 2.0, 26.5, 2.0]), st.sampled_from(CODES),
                    st.none() | st.sampled_from([38.1, 100.4, 36.6, 99.0, 4000.0, 0.1, 16777217.0, 0.0]),
                    st.sampled_from([None, None, None, "nasal cannula", "unknown"]))


@QUICK
@given(st.lists(st.lists(one_row, max_size=9), min_size=1, max_size=3))
def test_the_quick_road_makes_the_events_of_the_common_road(people: list[list[tuple[float, str, float | None, str | None]]]):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "0.parquet"
        pl.concat([rows_of(7 + who, rows) for who, rows in enumerate(people)]).write_parquet(file)
        quick = meds_shard.read(file, "0.parquet", Codes(), {}, coded.settings())
        common = coded.timeline(meds.export(file, Codes()), Codes(), coded.settings())
    columns = [c for c in common.events.columns if c != "origin"]
    one, two = (t.events.with_columns(pl.col("patient", "concept").cast(pl.String)).select(columns).sort(columns, nulls_last=True) for t in (quick, common))
    assert_frame_equal(one, two)
    assert_frame_equal(quick.patients.sort("patient"), common.patients.sort("patient"))
    a, b = quick.reading.files[0], common.reading.files[0]
    assert (a.rows, a.used, a.explained, a.quarantined, a.events) == (b.rows, b.used, b.explained, b.quarantined, b.events)
    for id_ in ("astct-crs-2019", "lee2014-crs"):
        assert_frame_equal(*(grade(t, id_).frame.sort("patient", maintain_order=True) for t in (quick, common)))


def test_graded_in_shards_a_record_has_the_grades_that_it_has_in_memory(tmp_path: Path):
    data, ids = shards_of(tmp_path / "meds"), ("astct-crs-2019", "lee2014-crs")
    seen: list[tuple[int, int]] = []
    outcome = grade_to(data, tmp_path / "out", [scale(i) for i in ids], told=lambda p: seen.append((p.done, p.shards)))
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(meds.read(data), *ids))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert outcome.progress == Progress(4, 4, 0, 12, 12 * 91, len(steps_of(tmp_path / "out")))
    assert sum(one.rows for one in outcome.files) == 12 * 91
    assert sum(outcome.worst["astct-crs-2019"].values()) == 12


def test_a_killed_run_goes_on_where_it_was_and_loses_or_doubles_nobody(tmp_path: Path):
    data, out = shards_of(tmp_path / "meds", many=6), tmp_path / "out"
    program = (
        "import os, signal, sys; from pathlib import Path; from tocsin.scales import scale; from tocsin.sources import batch\n"
        "def told(p):\n"
        "    if p.done == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"batch.grade_to({str(data)!r}, {str(out)!r}, [scale('astct-crs-2019')], told=told)\n")
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(list(out.glob("shard-*.json"))) == 2
    (out / ".grades-00002.parquet.half").write_bytes(b"half a file")
    before = {f: f.stat().st_mtime_ns for f in out.glob("grades-0000[01].parquet")}
    outcome = grade_to(data, out, [scale("astct-crs-2019")])
    assert (outcome.progress.resumed, outcome.progress.done, outcome.progress.patients) == (2, 6, 18)
    assert before == {f: f.stat().st_mtime_ns for f in before}
    assert_frame_equal(steps_of(out), in_memory(meds.read(data), "astct-crs-2019"))
    assert steps_of(out).group_by("patient", "scale", "start_hour").len()["len"].max() == 1


def test_a_run_killed_at_any_moment_can_be_finished(tmp_path: Path):
    data, out = shards_of(tmp_path / "meds", many=12), tmp_path / "out"
    command = [sys.executable, "-m", "tocsin", "grade", str(data), "-s", "astct-crs-2019", "-o", str(out)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(out.glob("shard-*.json")) and running.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.wait()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    assert "36 patients" in done.stdout
    assert_frame_equal(steps_of(out), in_memory(meds.read(data), "astct-crs-2019"))


def test_a_folder_with_another_run_is_refused_until_it_may_be_thrown_away(tmp_path: Path):
    data, out = shards_of(tmp_path / "meds", many=2), tmp_path / "out"
    grade_to(data, out, [scale("astct-crs-2019")])
    with pytest.raises(SettingError, match=r"another run .*scales(.|\n)*--restart"):
        grade_to(data, out, [scale("lee2014-crs")])
    grade_to(data, out, [scale("lee2014-crs")], restart=True)
    assert steps_of(out)["scale"].unique().to_list() == ["lee2014-crs"]
    (out / "run.json").unlink()
    with pytest.raises(SettingError, match=r"no run\.json"):
        grade_to(data, out, [scale("lee2014-crs")])


def test_a_patient_in_two_shards_is_an_error_and_not_two_courses(tmp_path: Path):
    data = shards_of(tmp_path / "meds", many=2)
    (data / "data" / "again.parquet").write_bytes((data / "data" / "0.parquet").read_bytes())
    with pytest.raises(TimelineError, match="stands in another shard too"):
        grade_to(data, tmp_path / "out", [scale("astct-crs-2019")])


def test_own_parquet_is_graded_in_shards_too(tmp_path: Path):
    record = meds.read(shards_of(tmp_path / "meds", many=1))
    doors.write(record, tmp_path / "record" / "events.parquet", "tocsin")
    (tmp_path / "record" / "events-patients.parquet").unlink()
    grade_to(tmp_path / "record", tmp_path / "out", [scale("astct-crs-2019")])
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(record, "astct-crs-2019"))


def test_a_csv_file_is_not_graded_into_a_folder(tmp_path: Path):
    (tmp_path / "a.csv").write_text("patient,day,temperature\nA,1,39\n")
    with pytest.raises(SettingError, match="read whole"):
        grade_to(tmp_path / "a.csv", tmp_path / "out", [scale("astct-crs-2019")])
    with pytest.raises(SourceError, match="no such file"):
        grade_to(tmp_path / "b", tmp_path / "out", [scale("astct-crs-2019")])


@pytest.mark.parametrize(("name", "sub", "options"), [
    ("mimic4demo_clif", "clif30", {"anchor": "icu_admission"}), ("mimic4demo_clif", "clif30", {"anchor": "hospital_admission", "by": "stay"}),
    ("mimic4demo_meds", "meds", {"anchor": "icu_admission", "mapping": "mimic-iv"}),
])
def test_a_hospital_export_has_the_same_grades_laid_into_shards(
    shared_data: SharedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sub: str, options: dict[str, str]
):
    from tocsin.sources import shards

    monkeypatch.setattr(shards, "ROWS_A_BUCKET", 12_000)
    data = shared_data(name) / sub
    outcome = grade_to(data, tmp_path / "out", [scale("astct-crs-2019")], options=dict(options))
    whole = doors.read(data, **options)
    assert outcome.progress.shards > 2
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(whole, "astct-crs-2019"))
    counts = {one.file: (one.rows, one.used, one.explained, one.quarantined, one.events) for one in whole.reading.files}
    if sub != "meds":
        assert {one.file: (one.rows, one.used, one.explained, one.quarantined, one.events) for one in outcome.files} == counts
    assert not (tmp_path / "out" / "buckets").exists()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["options"]["anchor"] == options["anchor"]


def test_a_given_time_of_infusion_belongs_to_the_shard_of_its_patient(tmp_path: Path):
    data = shards_of(tmp_path / "meds")
    times = {str(100 * shard + who): f"2150-03-01 {9 + who}:00" for shard in range(4) for who in range(3)}
    outcome = grade_to(data, tmp_path / "each", [scale("astct-crs-2019")], options={"infusion_time": times})
    assert outcome.progress.patients == 12
    assert_frame_equal(steps_of(tmp_path / "each"), in_memory(meds.read(data, infusion_time=times), "astct-crs-2019"))
    one = "2150-03-01 10:00"
    grade_to(data, tmp_path / "one", [scale("astct-crs-2019")], options={"infusion_time": one})
    assert_frame_equal(steps_of(tmp_path / "one"), in_memory(meds.read(data, infusion_time=one), "astct-crs-2019"))


def test_a_given_time_of_infusion_belongs_to_the_bucket_of_its_patient(shared_data: SharedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from tocsin.sources import shards

    monkeypatch.setattr(shards, "ROWS_A_BUCKET", 12_000)
    data = shared_data("mimic4demo_clif") / "clif30"
    times = dict(doors.read(data, anchor="icu_admission").patients.select("patient", "infusion_time").iter_rows())
    outcome = grade_to(data, tmp_path / "out", [scale("astct-crs-2019")], options={"infusion_time": times})
    assert outcome.progress.shards > 2
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(doors.read(data, infusion_time=times), "astct-crs-2019"))


def test_facts_without_a_time_leave_a_shard_on_the_quick_road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    static = pl.DataFrame({"subject_id": [7, 7], "time": [None, datetime(1951, 2, 3)], "code": ["GENDER//F", "MEDS_BIRTH"],
                           "numeric_value": [None, None], "text_value": [None, None]}, schema=rows_of(7, []).schema)
    pl.concat([static, rows_of(7, [(1.0, CODES[0], 39.0, None), (2.0, CODES[2], 80.0, None)])]).write_parquet(tmp_path / "0.parquet")
    wanted = meds.read(tmp_path)
    monkeypatch.setattr(meds_shard, "_commonly", lambda *_: pytest.fail("the common road was taken"))
    got = meds_shard.read(tmp_path / "0.parquet", "0.parquet", Codes(), {}, coded.settings())
    assert_frame_equal(grade(got, "astct-crs-2019").frame, grade(wanted, "astct-crs-2019").frame)
    assert got.patients.equals(wanted.patients)


def test_a_shard_whose_patients_have_no_event_gives_the_open_grades_of_memory(tmp_path: Path):
    bare = rows_of(8, []).with_columns(pl.lit("TOCSIN//tocsin:hour_0").alias("code"))
    (tmp_path / "data").mkdir()
    rows_of(7, [(1.0, CODES[0], 39.0, None)]).write_parquet(tmp_path / "data" / "0.parquet")
    bare.write_parquet(tmp_path / "data" / "1.parquet")
    grade_to(tmp_path, tmp_path / "out", [scale("astct-crs-2019"), scale("hscore")])
    wanted = in_memory(meds.read(tmp_path), "astct-crs-2019", "hscore")
    assert wanted["patient"].unique().sort().to_list() == ["7", "8"]
    assert_frame_equal(steps_of(tmp_path / "out"), wanted)


# ---------------------------------------------------------------- every format, cut into buckets

ROWS = [{"patient": f"P{who}", **row} for who in range(12) for row in (
    {"hour": 10 + who, "concept": "temperature", "value": 38.9}, {"hour": 11 + who, "concept": "systolic_bp", "value": 84},
    {"hour": 12, "end_hour": 20, "concept": "norepinephrine", "value": 5}, {"hour": 12, "concept": "oxygen_device", "text": "nasal_cannula"},
    {"hour": 12, "concept": "oxygen_flow", "value": 2}, {"hour": 14, "concept": "tocilizumab", "value": 400},
    {"hour": 24, "hour_latest": 48, "concept": "ferritin", "value": 900.5})]


@pytest.mark.parametrize("form", ["clif", "omop", "fhir", "sdtm"])
@pytest.mark.parametrize("times", [[f"2024-03-{1 + who:02d}T10:00:00" for who in range(12)], [f"2024-03-{1 + who:02d}T10:00:00+01:00" for who in range(12)]])
def test_each_format_has_the_grades_in_buckets_that_it_has_in_memory(form: str, times: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "ROWS_A_BUCKET", 50)
    record = Timeline.from_rows(ROWS, [{"patient": f"P{who}", "weight_kg": 70.0, "infusion_time": when} for who, when in enumerate(times)])
    doors.write(record, tmp_path / form, form)
    outcome = grade_to(tmp_path / form, tmp_path / "out", [scale("astct-crs-2019")], options={"form": form})
    assert outcome.progress.shards > 3
    read = doors.read(tmp_path / form, form)
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(read, "astct-crs-2019"))
    assert_frame_equal(steps_of(tmp_path / "out"), in_memory(record, "astct-crs-2019"))
    counts = {one.file: (one.rows, one.used, one.explained, one.quarantined) for one in outcome.files}
    assert counts == {one.file: (one.rows, one.used, one.explained, one.quarantined) for one in read.reading.files}


def given(who: int, rate: bool) -> dict[str, object]:
    dosage = {"rateQuantity": {"value": 5, "unit": "ug/min", "system": "http://unitsofmeasure.org", "code": "ug/min"}}
    return {"resourceType": "MedicationAdministration", "status": "completed", "subject": {"reference": f"Patient/P{who}"},
            "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "7512" if rate else "612865"}]},
            "effectivePeriod": {"start": "2024-03-01T12:00:00Z", "end": "2024-03-01T14:00:00Z"}, **({"dosage": dosage} if rate else {})}


def test_only_those_with_infusions_are_complete_whichever_bucket_and_piece_they_are_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shards, "ROWS_A_BUCKET", 5)
    monkeypatch.setattr(fhir, "_PIECE", 1)
    monkeypatch.setattr(fhir_files, "_BLOCK", 700)
    data = tmp_path / "fhir"
    data.mkdir()
    (data / "Patient.ndjson").write_text("".join(json.dumps({"resourceType": "Patient", "id": f"P{who}"}) + "\n" for who in range(12)))
    (data / "Given.ndjson").write_text("".join(json.dumps(given(who, who in (4, 9))) + "\n" for who in range(12)))
    plan = shards.plan(data, tmp_path, anchor="first_entry")
    covered = {who for shard in plan.shards for record in shard.read() for who in record.patient_ids if record.complete.covers("norepinephrine", who)}
    whole = doors.read(data, "fhir", anchor="first_entry")
    assert len(plan.shards) > 2
    assert covered == {who for who in whole.patient_ids if whole.complete.covers("norepinephrine", who)} == {"P4", "P9"}


def test_two_runs_into_one_folder_at_once_are_refused(tmp_path: Path):
    data, out = shards_of(tmp_path / "meds", many=2), tmp_path / "out"

    def told(progress: Progress) -> None:
        if progress.done == 1:
            with pytest.raises(SettingError, match="another run is grading into"):
                grade_to(data, out, [scale("astct-crs-2019")], restart=True)

    assert grade_to(data, out, [scale("astct-crs-2019")], told=told).progress.done == 2
    assert grade_to(data, out, [scale("astct-crs-2019")]).progress.resumed == 2


@pytest.mark.parametrize("name", ["mapping", "patients"])
def test_a_run_is_another_when_the_mapping_or_the_table_of_patients_has_changed(tmp_path: Path, name: str):
    data, out, beside = shards_of(tmp_path / "meds", many=2), tmp_path / "out", tmp_path / ("map.toml" if name == "mapping" else "p.csv")
    texts = ("[items]\n", "[ignore]\nitems = [\"LAB//1\"]\n") if name == "mapping" else ("patient,weight_kg\n0,70\n", "patient,weight_kg\n0,80\n")
    beside.write_text(texts[0])
    grade_to(data, out, [scale("astct-crs-2019")], options={name: beside})
    assert grade_to(data, out, [scale("astct-crs-2019")], options={name: beside}).progress.resumed == 2
    beside.write_text(texts[1])
    with pytest.raises(SettingError, match="other: files"):
        grade_to(data, out, [scale("astct-crs-2019")], options={name: beside})


@pytest.mark.parametrize("address", ["postgresql://ann:s3cret@db/cdm", "postgresql://db/cdm?user=ann&password=s3cret", Path("postgresql://ann:s3cret@db/cdm"),
                                     "postgresql://ann:a/s3cret@db/cdm"])
def test_no_password_is_written_into_the_folder(address: str | Path, tmp_path: Path):
    pytest.importorskip("adbc_driver_postgresql")
    with pytest.raises(SourceError) as refused:
        grade_to(address, tmp_path / "out", [scale("astct-crs-2019")])
    assert "s3cret" not in str(refused.value)
    told = (tmp_path / "out" / "run.json").read_text()
    assert "s3cret" not in told
    assert "db/cdm" in told


def test_a_corrected_mapping_or_another_choice_is_another_run(tmp_path: Path):
    data, out, mapping, people = shards_of(tmp_path / "meds", many=2), tmp_path / "out", tmp_path / "ward.toml", tmp_path / "people.csv"
    mapping.write_text('[items]\n"LAB//1" = "crp"\n')
    people.write_text("patient,weight_kg\n0,70\n")
    options = {"mapping": mapping, "patients": people}
    grade_to(data, out, [scale("astct-crs-2019")], options=options, choices={"open": ""})
    assert grade_to(data, out, [scale("astct-crs-2019")], options=options, choices={"open": ""}).progress.resumed == 2
    with pytest.raises(SettingError, match=r"other: options"):
        grade_to(data, out, [scale("astct-crs-2019")], options=options, choices={"open": "devices"})
    for file, text in ((mapping, '[items]\n"LAB//1" = "ferritin"\n'), (people, "patient,weight_kg\n0,71.5\n")):
        before, was = file.read_text(), file.stat().st_mtime_ns
        file.write_text(text)
        with pytest.raises(SettingError, match=r"other: files"):
            grade_to(data, out, [scale("astct-crs-2019")], options=options, choices={"open": ""})
        file.write_text(before)
        os.utime(file, ns=(was, was))
    assert grade_to(data, out, [scale("astct-crs-2019")], options=options, choices={"open": ""}).progress.resumed == 2


def test_assumptions_of_the_command_line_are_part_of_the_run(tmp_path: Path):
    from typer.testing import CliRunner

    from tocsin.cli import app

    data, out = shards_of(tmp_path / "meds", many=1), tmp_path / "out"
    command = ["grade", str(data), "-s", "astct-crs-2019", "-o", str(out)]
    assert CliRunner().invoke(app, command).exit_code == 0
    for more in (["--assume", "unstated-support-absent"], ["--open", "drugs"], ["--age", "40"]):
        with pytest.raises(SettingError, match="another run"):
            CliRunner().invoke(app, [*command, *more], catch_exceptions=False, standalone_mode=False)


def test_of_a_formula_the_highest_values_are_printed_and_the_others_counted(tmp_path: Path):
    from rich.console import Console

    from tocsin.show.lookup import MOST_VALUES, print_highest

    out = Console(width=80, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    counts = {(0.0, float("inf")): 9} | {(value / 10, value / 10): 1 for value in range(2, 112)}
    print_highest(out, scale("easix-2017"), counts)
    lines = [line.split() for line in out.export_text().splitlines()]
    assert ["not", "known", "9"] in lines
    assert f"lower, {110 - MOST_VALUES} different values {110 - MOST_VALUES}".split() in lines
    assert [line[0] for line in lines if line[1:2] == ["index"]] == [f"{value / 10:g}" for value in range(92, 112)]
