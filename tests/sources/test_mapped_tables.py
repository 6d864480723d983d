"""A CSV file under a mapping file: the hospital's names, units and spellings are read as the vocabulary's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.sources import csv
from tocsin.timeline import Timeline

MAPPING = """
[items]
"HR (monitor)" = "heart_rate"
"Temp (Fahrenheit)" = { concept = "temperature", unit = "degF" }
"Beatmung" = { concept = "oxygen_device", value = "invasive_ventilation" }
"Sauerstoff" = "oxygen_device"
"Leukos" = { concept = "leukocytes", unit = "10^9/L" }

[units]
"GPT/l" = "10^9/L"

[values.oxygen_device]
"O2-Brille" = "nasal_cannula"

[ignore]
items = ["Kommentar", "SpO2 alarm"]
"""


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    path = tmp_path / "ward.toml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def read(tmp_path: Path, ward: Path, text: str) -> Timeline:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    return csv.read(tmp_path / "a.csv", mapping=ward)


def events(timeline: Timeline) -> list[tuple[object, ...]]:
    return timeline.events.select("hour", "concept", "value", "text").sort("hour", "concept").rows()


def test_a_long_table(tmp_path, ward):
    timeline = read(tmp_path, ward, "patient,hour,item,value,unit\n"
                    "1,0,hr (MONITOR),88,bpm\n1,1,Temp (Fahrenheit),100.4,\n1,2,Sauerstoff,O2-Brille,\n1,3,Beatmung,ja,\n"
                    "1,4,Leukos,4.5,GPT/l\n1,5,Leukos,4500,/uL\n1,6,crp,12,mg/L\n1,7,Kommentar,blass,\n")
    assert events(timeline) == [
        (0.0, "heart_rate", 88.0, None), (1.0, "temperature", 38.0, None), (2.0, "oxygen_device", None, "nasal_cannula"),
        (3.0, "oxygen_device", None, "invasive_ventilation"), (4.0, "leukocytes", 4.5, None), (5.0, "leukocytes", 4.5, None), (6.0, "crp", 12.0, None),
    ]
    assert timeline.reading is not None
    assert list(timeline.reading.errors) == []
    (count,) = timeline.reading.files
    assert (count.rows, count.used, count.explained, count.quarantined) == (8, 7, 1, 0)
    assert timeline.reading.settings["a.csv: mapping"] == str(ward)


def test_a_long_table_without_a_column_of_units(tmp_path, ward):
    timeline = read(tmp_path, ward, "patient,hour,item,value\n1,1,Temp (Fahrenheit),101.3\n1,2,spo2,95\n")
    assert events(timeline) == [(1.0, "temperature", 38.5, None), (2.0, "spo2", 95.0, None)]


def test_a_wide_table(tmp_path, ward):
    timeline = read(tmp_path, ward,
                    "patient,hour,HR (monitor),temp (fahrenheit),Sauerstoff,Beatmung,SpO2 alarm,crp\n1,0,88,100.4,O2-Brille,,88,12\n1,1,,,HFNC,ja,,\n")
    assert events(timeline) == [
        (0.0, "crp", 12.0, None), (0.0, "heart_rate", 88.0, None), (0.0, "oxygen_device", None, "nasal_cannula"), (0.0, "temperature", 38.0, None),
        (1.0, "oxygen_device", None, "high_flow_nasal_cannula"), (1.0, "oxygen_device", None, "invasive_ventilation"),
    ]
    assert timeline.reading is not None
    assert list(timeline.reading.errors) == []


def test_a_unit_of_the_row_stands_before_that_of_the_mapping(tmp_path, ward):
    timeline = read(tmp_path, ward, "patient,hour,item,value,unit\n1,0,Temp (Fahrenheit),38.5,degC\n")
    assert events(timeline) == [(0.0, "temperature", 38.5, None)]


def test_a_mapping_without_the_files_names_changes_nothing(tmp_path, ward):
    text = "patient,hour,concept,value,unit\n1,0,crp,12,mg/L\n1,1,oxygen_device,HFNC 40L/60%,\n"
    assert events(read(tmp_path, ward, text)) == events(csv.read(tmp_path / "a.csv"))
