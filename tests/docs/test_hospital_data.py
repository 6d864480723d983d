"""What the pages on hospital data and on large records show is what the commands and the Python print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.sources.doors import CODED, own_options

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("hospital-data", "large-records")}
HOSPITAL, LARGE = PAGES.values()
ENVIRONMENT = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
MAY_EXIT_WITH_1 = "check"  # where a value is in quarantine


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which the examples find the repository's files and write their own."""
    for name in ("src", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def ran(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8", cwd=place, env=ENVIRONMENT, check=False)


@pytest.mark.parametrize(("page", "many"), [("hospital-data", 3), ("large-records", 1)])
def test_the_examples_of_a_page_print_what_it_shows(page: str, many: int, place: Path):
    shown = re.findall(r"```console\ntocsin ([^\n]+)\n```\n\n```text\n(.*?)\n```", PAGES[page], flags=re.DOTALL)
    assert len(shown) == many
    for command, output in shown:
        done = ran(place, "-c", "from tocsin.cli import main; main()", *command.split())
        assert done.returncode == 0 or (command.startswith(MAY_EXIT_WITH_1) and done.returncode == 1), done.stderr
        assert [line.rstrip() for line in done.stdout.rstrip().splitlines()] == output.splitlines()
    for code, output in re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)\n```", PAGES[page], flags=re.DOTALL):
        if "pandas" in code:
            pytest.importorskip("pandas")
        done = ran(place, "-c", code)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == output.splitlines()


@pytest.mark.parametrize("name", CODED)
def test_every_option_of_a_reader_that_the_page_names_exists(name: str):
    title = {"clif": "CLIF", "omop": "OMOP", "fhir": "FHIR", "meds": "MEDS", "sdtm": "SDTM", "redcap": "REDCap"}[name]
    section = HOSPITAL.split(f"### {title}\n")[1].split("\n#")[0]
    named = {option.split(".")[0] for option in re.findall(r"(?:--reader |^\| `)([\w.]+)=", section, flags=re.MULTILINE)}
    assert named == set(own_options(name))
