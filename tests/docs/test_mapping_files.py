"""What the page on mapping files shows is what the command prints and what the reader reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.sources import csv, mapping_file
from tocsin.sources.mapping_file import ABOUT, ITEM, SECTIONS
from tocsin.sources.propose import THRESHOLD

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "mapping-files.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGE, flags=re.DOTALL)
EXAMPLES = ROOT / "docs" / "examples"


def test_the_page_has_its_examples():
    assert len(SHOWN) == 2


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=["a proposal", "with the mapping"])
def test_an_example_prints_what_the_page_shows(command: str, output: str):
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == output.splitlines()


def test_the_file_on_the_page_is_the_file_in_the_examples_and_can_be_read():
    ((name, printed),) = re.findall(r"<!-- ([\w.-]+) -->\n```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert (EXAMPLES / name).read_text(encoding="utf-8") == printed
    assert len(mapping_file.codes(EXAMPLES / name).items) == 6


def test_the_ward_is_read_with_its_mapping_and_nothing_is_lost():
    timeline = csv.read(EXAMPLES / "ward-items.csv", mapping=EXAMPLES / "ward-mapping.toml", infusion_time="2025-03-01T00:00")
    assert timeline.reading is not None
    assert list(timeline.reading.errors) == []
    (count,) = timeline.reading.files
    assert (count.rows, count.quarantined) == (130, 0)
    temperature = timeline.events.filter(timeline.events["concept"] == "temperature")["value"]
    assert temperature.is_between(36.0, 39.5).all()


def test_every_section_and_key_of_the_format_is_on_the_page():
    for name in (*SECTIONS, *ABOUT, *ITEM):
        assert f"`{name}`" in PAGE or f"[{name}" in PAGE or f"{name} =" in PAGE, name
    assert f"({THRESHOLD:g})" in PAGE


def test_every_mapping_that_comes_with_tocsin_is_on_the_page():
    for name, file in mapping_file.SHIPPED.items():
        assert f"`--map {name}`" in PAGE
        assert f"sources/maps/{file}" in PAGE
