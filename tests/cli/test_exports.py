"""Exports at the command line: what a data manager sees, and one clear error where something cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIF = str(ROOT / "docs" / "examples" / "clif")
REDCAP = str(ROOT / "docs" / "examples" / "redcap")
ICU = ("--anchor", "icu_admission")


def tocsin(*arguments: str, without: str = "") -> subprocess.CompletedProcess[str]:
    """The command; ``without`` a package, as if it were not installed."""
    code = f"import sys; sys.modules[{without!r}] = None; " if without else ""
    code += "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=environment, check=False)


def refused(*arguments: str, without: str = "") -> str:
    """What is said on standard error by a command that ends with 2."""
    done = tocsin(*arguments, without=without)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("tocsin: ") and " shards, " not in line]
    assert len(said) == 1
    return done.stderr


def test_grading_an_export_prints_how_it_was_read_and_what_it_rests_on():
    done = tocsin("grade", CLIF, *ICU, "--by", "stay", "--scale", "astct-crs-2019")
    assert done.returncode == 0
    assert "hour 0: ICU admission" in done.stdout
    assert "one record is: a stay" in done.stdout
    assert "complete for 2 records" in " ".join(done.stdout.split())
    assert "other drugs: open, so no row means not told" in done.stdout
    assert "1 problem in the input, 1 row in quarantine" in done.stderr


def test_the_machine_output_of_a_check_tells_the_reading_too():
    records = [json.loads(line) for line in tocsin("check", CLIF, *ICU, "--json").stdout.splitlines()]
    assert [r["settings"]["hour 0"] for r in records if r["kind"] == "reading"] == ["ICU admission"]
    groups = {r["group"] for r in records if r["kind"] == "note" and r["level"] == "error"}
    assert groups == {"temperature outside the possible 25-45 degC"}


@pytest.mark.parametrize("files", [
    {}, {"x.parquet": b"junk"}, {"clif_vitals.parquet": b"junk", "clif_patient.parquet": b"junk"}, {"data/train/0.parquet": b"junk"},
    {"a.ndjson": b'{"resourceType":'}, {"dm.xpt": b"junk", "vs.xpt": b"junk"}, {"person.csv": b"person_id\n1\n", "measurement.csv": b"a\n1\n"},
    {"records.csv": b"record_id,redcap_event_name\n1,day_1\n", "other.csv": b"a\n1\n"},
], ids=["empty", "parquet", "clif", "meds", "fhir", "sdtm", "omop", "redcap without a dictionary"])
def test_a_folder_that_cannot_be_read_is_one_error_in_every_road(files: dict[str, bytes], tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    refused("check", str(folder))
    refused("grade", str(folder), "--out", str(tmp_path / "out"))


@pytest.mark.parametrize(("options", "word"), [
    (("--anchor", "nonsense"), "car_t_infusion"), ((*ICU, "--timezone", "Nowhere/City"), "Nowhere/City"), ((*ICU, "--index", "zero"), "index"),
    ((*ICU, "--by", "week"), "stay"), ((*ICU, "--clock", "utc"), "wall"), ((*ICU, "--map", "nosuch"), "mimic-iv"),
    (("--format", "clfi"), "clif"), (("--format", "omop"), "person"), (("--format", "fhir"), "FHIR"), (("--format", "tocsin"), "Parquet"),
    ((*ICU, "--reader", "foo=bar"), "no option 'foo'"), ((*ICU, "--infusion-time", "yesterday"), "yesterday"), ((), "--anchor"),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_an_option_that_cannot_be_used_is_one_error_with_what_can(options: tuple[str, ...], word: str):
    assert word in refused("check", CLIF, *options)


@pytest.mark.parametrize(("option", "word"), [
    ("days=7", "days.NAME=VALUE"), ("days.visit_2=seven", "a number"), ("dictionary.x=y", "dictionary=VALUE"),
])
def test_an_option_of_a_reader_in_the_wrong_shape_says_the_right_one(option: str, word: str):
    assert word in refused("check", REDCAP, "--reader", option)


def test_an_option_of_a_reader_is_a_list_or_a_table_where_the_reader_takes_one():
    done = tocsin("check", REDCAP, "--reader", "missing=-999,-888", "--reader", "days.baseline_arm_1=-5")
    assert done.returncode == 0
    assert "events whose name tells no day" not in done.stdout


def test_an_option_of_exports_is_refused_for_a_table():
    assert "--anchor is for CLIF" in refused("check", str(ROOT / "docs" / "examples" / "chart.csv"), *ICU)


def test_a_package_that_is_missing_is_named_with_the_way_to_install_it(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"resourceType": "Patient", "id": "1"}')
    assert "pip install 'tocsin[sources]'" in refused("check", str(tmp_path), without="orjson")


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path):
    taken = tmp_path / "taken"
    taken.write_text("a file")
    done = tocsin("convert", CLIF, *ICU, "--to", "fhir", "--out", str(taken / "bundle.json"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "taken" in refused("grade", CLIF, *ICU, "--out", str(taken))


def test_redcap_is_refused_before_anything_is_read(tmp_path: Path):
    assert "redcap is read and not written" in refused("convert", CLIF, *ICU, "--to", "redcap", "--out", str(tmp_path / "x"))


def test_a_folder_of_a_run_that_could_not_begin_is_free_for_another(tmp_path: Path):
    out = str(tmp_path / "out")
    refused("grade", CLIF, "--anchor", "nonsense", "--out", out)
    assert "--anchor icu_admission" in refused("grade", CLIF, "--out", out)
    assert [f.name for f in (tmp_path / "out").iterdir()] == [".lock"]
    done = tocsin("grade", CLIF, *ICU, "--out", out)
    assert done.returncode == 0
    assert "temperature outside the possible 25-45 degC" in done.stdout
    assert "hour 0: ICU admission" in done.stdout
    assert "other: options" in refused("grade", CLIF, *ICU, "--by", "stay", "--out", out)


@pytest.mark.parametrize("address", ["postgresql://reader:secret@localhost:1/cdm", "postgresql://localhost:1/cdm?user=reader&password=secret"])
def test_the_password_of_a_database_is_neither_shown_nor_written(address: str, tmp_path: Path):
    pytest.importorskip("adbc_driver_postgresql")
    assert "secret" not in refused("check", address)
    assert "secret" not in refused("grade", address, "--out", str(tmp_path))
    assert "secret" not in (tmp_path / "run.json").read_text()
