"""What the page on complications shows is what the command prints, and every sign and setting stands in the manual."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from docs.test_manual import hooks
from tocsin.protocols.complication_signs import SETTINGS, complication_signs
from tocsin.rules import settled

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "which-complication.md").read_text(encoding="utf-8")


def test_the_run_prints_what_the_page_shows():
    [(command, output)] = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGE, flags=re.DOTALL)
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", "from tocsin.cli import main; main()", *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT,
                          env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == output.splitlines()


def test_the_python_example_runs(capsys):
    [code] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    exec(compile(code, "which-complication.md", "exec"), {})
    assert capsys.readouterr().out.startswith("Local CRS ['inflammation at one site")


def test_every_complication_sign_and_setting_is_in_the_manual():
    page = hooks().complications_page()
    signs = [s for one in complication_signs(settled(SETTINGS, {})) for s in (*one.speaks_for, *one.speaks_against)]
    assert [s.says for s in signs if f"| {s.says} |" not in page] == []
    assert [s.name for s in SETTINGS if f"| `{s.name}` |" not in page] == []
