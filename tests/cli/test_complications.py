"""``tocsin complications`` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files

import pytest

CASE = str(files("tocsin.cases") / "data" / "paper001.csv")


def tocsin(*arguments: str, width: int = 100) -> subprocess.CompletedProcess[str]:
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": str(width), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=environment, check=False)


def test_json_has_a_line_for_each_complication_and_says_that_there_is_no_verdict():
    done = tocsin("complications", CASE, "--at", "192.5", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 10
    assert all("No verdict" in line["note"] for line in lines)
    assert {line["patient"] for line in lines} == {"001"}


def test_some_complications_can_be_asked_for():
    done = tocsin("complications", CASE, "--at", "day8", "--only", "gvhd", "--only", "LOCAL_CRS", "--json")
    assert [json.loads(line)["complication"] for line in done.stdout.splitlines()] == ["GVHD", "LOCAL_CRS"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_attribution_and_origin_are_shown(width: int):
    done = tocsin("complications", CASE, "--at", "192.5", width=width)
    assert done.returncode == 0, done.stderr
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= width
    words = " ".join(done.stdout.split())
    assert "No verdict, no score, no order of likelihood" in words
    assert "put down to local CRS [paper001.csv:40]" in words
    assert words.count("Dyspnoea present on day 8, put down to local CRS [paper001.csv:40]") == 2, "under pulmonary toxicity and local CRS, once each"


@pytest.mark.parametrize(("arguments", "says"), [
    (("--at", "tuesday"), "neither an hour, a day"),
    (("--at", "192", "--only", "sepsis"), "sepsis"),
    (("--at", "192", "--set", "look_back=3"), "there is no setting 'look_back'"),
    (("--at", "192", "--patient", "002"), "002"),
])
def test_what_cannot_be_used_is_said_and_ends_with_2(arguments: tuple[str, ...], says: str):
    done = tocsin("complications", CASE, *arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())


def test_without_a_time_it_is_not_answered():
    assert tocsin("complications", CASE).returncode == 2
