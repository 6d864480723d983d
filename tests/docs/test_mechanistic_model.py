"""The page on the mechanistic model: its example in Python runs, and its commands exist."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from tocsin.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "mechanistic-model.md").read_text(encoding="utf-8")


def test_the_example_in_python_runs(tmp_path, monkeypatch, capsys):
    block = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    monkeypatch.chdir(tmp_path)
    exec(compile(block.group(1), "docs/mechanistic-model.md", "exec"), {})
    assert "temperature" in capsys.readouterr().out


def test_every_option_that_the_page_names_exists():
    for command in ("model", "simulate"):
        named = {o for line in re.findall(rf"^tocsin {command}(.*)$", PAGE, re.MULTILINE) for o in re.findall(r"--[a-z-]+", line)}
        told = CliRunner().invoke(app, [command, "--help"]).output
        assert named
        assert [o for o in named if o not in told] == []
