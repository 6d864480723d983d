"""What the page on auditing shows is what the commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.protocols.audit import VERDICTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGE, flags=re.DOTALL)


def test_the_page_has_its_examples_and_every_verdict():
    assert len(SHOWN) == 2
    assert re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE) == list(VERDICTS)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=["one patient", "a cohort"])
def test_an_example_prints_what_the_page_shows(command: str, output: str):
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == output.splitlines()
