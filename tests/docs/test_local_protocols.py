"""The page on local protocols shows the files that it speaks of, what the commands print, and Python that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PAGE = (ROOT / "docs" / "local-protocols.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGE, flags=re.DOTALL)
FILES = dict(re.findall(r"<!-- ([\w.-]+) -->\n```\w+\n(.*?)```", PAGE, flags=re.DOTALL))


def test_the_page_shows_every_protocol_of_the_examples():
    protocols = {p.name for p in EXAMPLES.iterdir() if p.is_file() and p.name.startswith(("ward-7", "two_rules"))}
    assert set(FILES) == protocols
    assert len(SHOWN) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_file_on_the_page_is_the_one_in_the_folder(name: str):
    assert FILES[name] == (EXAMPLES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=["toml", "python"])
def test_an_example_prints_what_the_page_shows(command: str, output: str):
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code, *command.split()], capture_output=True, encoding="utf-8", cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    printed = "\n".join(line.rstrip() for line in done.stdout.splitlines())
    first, _, last = output.partition("...\n")
    assert printed.startswith(first)
    assert printed.endswith(last)
    assert "Not expected of any patient" in printed[len(first):len(printed) - len(last)]


def test_the_python_of_the_page_runs(monkeypatch, capsys):
    (code,) = re.findall(r"In Python:\n\n```python\n(.*?)```", PAGE, flags=re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(code, "local-protocols.md", "exec"), {})
    assert "C1.1b is switched off [Formulary decision 4/2024, 2024-04-18]" in capsys.readouterr().out
