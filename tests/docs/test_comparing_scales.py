"""What the page on comparing scales shows is what the commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "comparing-scales.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGE, flags=re.DOTALL)


def test_the_page_has_its_examples():
    assert len(SHOWN) == 4


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[f"{c.split('.')[0]} {i}" for i, (c, _) in enumerate(SHOWN)])
def test_an_example_prints_what_the_page_shows(command: str, output: str):
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == output.splitlines()
