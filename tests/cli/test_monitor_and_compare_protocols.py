"""``tocsin monitor`` and ``tocsin compare protocols`` as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files

import pytest

from tocsin.protocols.schedule import schedule
from tocsin.protocols.watching import STATUS

DATA = files("tocsin.cases") / "data"
CASES = [str(DATA / f"paper{number}.csv") for number in ("000", "001", "002")]
SUPPORT = ("--assume", "unstated-support-absent", "--assume", "unstated-organ-toxicity-absent")


def tocsin(*arguments: str, width: int = 100) -> subprocess.CompletedProcess[str]:
    code = "from tocsin.cli import main; main()"
    environment = {**os.environ, "COLUMNS": str(width), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", env=environment, check=False)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---------------------------------------------------------------------------------------------------- monitor
def test_monitor_as_json_is_a_line_for_each_item():
    found = lines(tocsin("monitor", CASES[2], "--at", "day7", "--json"))
    assert [f["item"] for f in sorted(found, key=lambda f: int(f["item"][1:]))] == [i.code for i in schedule().items]
    assert set(found[0]) == {
        "patient", "hour", "item", "what", "status", "overdue_by_hours", "due_hour", "last_hour", "last_hour_latest", "every_hours", "waits_for",
        "depends_on", "when", "cites", "mark", "source_text", "reading"}
    order = [STATUS.index(f["status"]) for f in found]
    assert order == sorted(order, reverse=True)
    assert {f["hour"] for f in found} == {168.0}


def test_monitor_summary_as_json_is_a_line_for_each_item():
    found = lines(tocsin("monitor", *CASES, "--summary", "--json"))
    assert [f["item"] for f in found] == [i.code for i in schedule().items]
    assert set(found[0]) == {"kind", "item", "what", "patients", "patients_missed", "days", "kept", "missed", "open", "overdue_hours", "share_kept"}
    assert all(f["days"] == f["kept"] + f["missed"] + f["open"] for f in found)


def test_monitor_takes_a_setting_and_shows_everything_when_asked():
    few, every = (tocsin("monitor", CASES[2], "--at", "30", *more).stdout for more in ((), ("--all",)))
    assert "CAPD score of a child (M9)" not in few
    assert "CAPD score of a child (M9)" in " ".join(every.split())
    (one,) = [f for f in lines(tocsin("monitor", CASES[2], "--at", "30", "--set", "vitals_hours=6", "--json")) if f["item"] == "M11"]
    assert one["every_hours"] == 6


@pytest.mark.parametrize(("more", "message"), [
    (("--set", "vitals=4"), "no setting 'vitals'"), (("--set", "vitals_hours=0"), "must lie between"), (("--at", "soon"), "neither an hour"),
    (("--summary", "--at", "3"), "leave out --at")])
def test_monitor_refuses_what_it_cannot_use(more: tuple[str, ...], message: str):
    done = tocsin("monitor", CASES[2], *more)
    assert done.returncode == 2
    assert message in done.stderr


# ---------------------------------------------------------------------------------------------------- compare protocols
def test_compare_protocols_as_json_is_a_line_for_each_parting_and_each_first():
    found = lines(tocsin("compare", "protocols", "asco2021", "uf2026", CASES[2], *SUPPORT, "--json"))
    parts, firsts = ([f for f in found if f["kind"] == kind] for kind in ("parting", "first"))
    assert set(parts[0]) == {"kind", "patient", "treatment", "title", "start_hour", "end_hour", "sure", "by_dose", "a", "b"}
    assert set(parts[0]["a"]) == {"protocol", "stance", "rules", "doses", "why", "evidence", "grade", "missing"}
    assert {(p["a"]["protocol"], p["b"]["protocol"]) for p in parts} == {("asco2021", "uf2026")}
    (steroid,) = [f for f in firsts if f["treatment"] == "corticosteroid"]
    assert (steroid["a_hour"], steroid["b_hour"], steroid["hours_between"]) == (168, 24, -144)


def test_compare_protocols_of_a_cohort_as_json_counts_every_patient():
    found = lines(tocsin("compare", "protocols", "asco2021", "uf2026", *CASES, *SUPPORT, "--json"))
    assert found[-1] == {"kind": "protocols", "a": "asco2021", "b": "uf2026", "patients": 3}
    for one in found[:-1]:
        assert one["both"] + one["only_a"] + one["only_b"] + one["neither"] + one["open"] == 3


@pytest.mark.parametrize(("arguments", "message"), [
    (("paper004", "paper004"), "name two guidelines"), (("paper004", "asco"), "no protocol called 'asco'"),
    (("paper004", "asco2021", "--set", "nothing=3"), "has a setting 'nothing'")])
def test_compare_protocols_refuses_what_it_cannot_use(arguments: tuple[str, ...], message: str):
    done = tocsin("compare", "protocols", *arguments[:2], CASES[2], *arguments[2:])
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int):
    for arguments in (("monitor", CASES[2], "--at", "day7"), ("monitor", *CASES, "--summary"), ("compare", "protocols", "asco2021", "uf2026", CASES[2]),
                      ("compare", "protocols", "asco2021", "uf2026", *CASES)):
        done = tocsin(*arguments, *SUPPORT, width=width)
        assert done.returncode == 0, done.stderr
        assert max(len(line) for line in done.stdout.splitlines()) <= width, arguments
