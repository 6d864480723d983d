"""What the pages on monitoring and on comparing guidelines show is what the commands print, and every status is explained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.test_manual import hooks
from tocsin.protocols import parting
from tocsin.protocols.schedule import SETTINGS, schedule
from tocsin.protocols.watching import STATUS

ROOT = Path(__file__).resolve().parents[2]
MONITORING, COMPARING = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("monitoring.md", "comparing-protocols.md"))
SHOWN = [found for page in (MONITORING, COMPARING) for found in re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", page, flags=re.DOTALL)]


def test_the_pages_have_their_examples_and_every_status():
    assert len(SHOWN) == 4
    assert set(re.findall(r"^\| `(\w+)` \|", MONITORING, flags=re.MULTILINE)) == set(STATUS)
    stances = {parting.ASKS, parting.ALLOWS, parting.DEPENDS_ON, parting.NOT_NOW, parting.NOT_ASKED, parting.NO_RULE}
    assert set(re.findall(r"^\| `(\w+)` \|", COMPARING, flags=re.MULTILINE)) == stances


def test_every_item_and_setting_of_the_schedule_is_in_the_manual():
    page = hooks().monitoring_page()
    assert [i.code for i in schedule().items if f"## `{i.code}`" not in page] == []
    assert [s.name for s in SETTINGS if f"| `{s.name}` |" not in page] == []


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=["monitor", "monitor a cohort", "compare", "compare a cohort"])
def test_an_example_prints_what_the_page_shows(command: str, output: str):
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == output.splitlines()
