"""The runner of the suite: how it asks another program, what it compares, and what it says about files that cannot be used."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.suite import FOLDER, module

VECTOR = {
    "id": "HYPO3-one", "criterion": "HYPO3", "says": "One vasopressor is grade 3", "patient": {"age_years": 40}, "complete": ["drugs"],
    "events": [{"concept": "norepinephrine", "hour": 0, "value": 5}], "at_hour": 1, "source": "lee2019:table", "mark": "V",
    "expected": {"at_least": 3, "at_most": 3, "because": ["HYPO3"], "not_because": ["HYPO4"], "undecided": []},
}
RIGHT = {"at_least": 3, "at_most": 3, "because": ["HYPO3", "HYPO2"], "undecided": []}
OPEN = {"at_least": 3, "at_most": 4, "because": ["HYPO3"], "undecided": ["vasopressor"]}

REPLAY = "import json, sys\nasked = sys.stdin.read()\nfor answer in json.loads(sys.argv[1]):\n    print(answer)\n"
ECHO = ("import json, sys\nfor line in sys.stdin:\n    v = json.loads(line)\n    assert 'expected' not in v and v['scale'] == 'toy'\n"
        "    print(json.dumps({'at_least': v['at_hour'], 'at_most': v['at_hour'], 'because': ['HYPO3'], 'undecided': []}), flush=True)\n")


def write(folder: Path, *vectors: object, scale: str = "toy", **top: object) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{scale}.json"
    path.write_text(json.dumps({"suite": "1.0.0", "scale": scale, "scale_version": "1", "vectors": list(vectors), **top}), encoding="utf-8")
    return folder


def program(*answers: object) -> str:
    """A program that gives these answers, whatever it is asked."""
    lines = [a if isinstance(a, str) else json.dumps(a) for a in answers]
    return shlex.join([sys.executable, "-c", REPLAY, json.dumps(lines)])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(FOLDER / "run.py"), *arguments], capture_output=True, text=True, check=False)


def test_a_program_that_answers_every_vector_passes(tmp_path):
    done = run("--vectors", str(write(tmp_path, VECTOR)), "--command", program(RIGHT))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["scale", "version", "vectors", "passed", "failed", "skipped"], ["toy", "1", "1", "1", "0", "0"]]


def test_a_program_is_started_once_and_is_not_given_the_answer(tmp_path):
    second = {**VECTOR, "id": "HYPO3-later", "at_hour": 3}
    done = run("--json", "--vectors", str(write(tmp_path, {**VECTOR, "at_hour": 3}, second)), "--command", shlex.join([sys.executable, "-c", ECHO]))
    assert json.loads(done.stdout)["scales"] == [{"scale": "toy", "version": "1", "vectors": 2, "passed": 2, "failed": 0, "skipped": 0}]


def test_a_failure_says_what_was_expected_what_was_found_and_the_source(tmp_path):
    done = run("--vectors", str(write(tmp_path, VECTOR)), "--command", program(OPEN))
    assert done.returncode == 1
    for words in ("toy HYPO3-one: One vasopressor is grade 3", "expected  3; because HYPO3; not because HYPO4; undecided none",
                  "found     3 to 4; because HYPO3; undecided vasopressor", "at_most is 4, not 3", "undecided is vasopressor, not nothing",
                  "lee2019:table (mark V)"):
        assert words in done.stdout


def test_what_a_program_does_not_support_is_skipped_and_an_error_of_its_own_fails(tmp_path):
    folder = write(tmp_path, VECTOR, {**VECTOR, "id": "second"}, {**VECTOR, "id": "third"})
    done = run("--json", "--vectors", str(folder), "--command", program({"unsupported": True}, {"error": "no such scale"}, "not json"))
    result = json.loads(done.stdout)
    assert result["scales"] == [{"scale": "toy", "version": "1", "vectors": 3, "passed": 0, "failed": 2, "skipped": 1}]
    assert [f["differences"] for f in result["failures"]] == [["no such scale"], ["the answer is not JSON: not json"]]


@pytest.mark.parametrize(("expected", "answer", "wrong"), [
    pytest.param({}, {"at_least": 3.0000000001}, [], id="a number within the tolerance"),
    pytest.param({}, {"at_least": 3.00001}, ["at_least is 3.00001, not 3"], id="a number beyond it"),
    pytest.param({"at_most": None}, {"at_most": None}, [], id="unbounded"),
    pytest.param({"at_most": None}, {}, ["at_most is 3, not unbounded"], id="bounded where unbounded is expected"),
    pytest.param({}, {"at_most": None}, ["at_most is unbounded, not 3"], id="unbounded where a bound is expected"),
    pytest.param({}, {"because": ["HYPO3", "HYPO4"]}, ["HYPO4 must not be met"], id="a criterion that must not be met"),
    pytest.param({}, {"because": ["HYPO2"]}, ["HYPO3 is not among those met (HYPO2)"], id="a criterion that is missing"),
    pytest.param({}, {"because": None}, ["the answer has no list of because", "the answer has no list of because"], id="no list"),
    pytest.param({"undecided": ["spo2"]}, {"undecided": ["spo2"]}, [], id="undecided as expected"),
    pytest.param({"flags": ["sedated"]}, {}, [], id="flags of a program that knows none are not compared"),
    pytest.param({"flags": ["sedated"]}, {"flags": []}, ["sedated is not among those met (none)"], id="a flag that is missing"),
])
def test_what_is_compared(expected, answer, wrong):
    assert module("run").differences({**VECTOR["expected"], **expected}, {**RIGHT, **answer}) == wrong


@pytest.mark.parametrize(("change", "says"), [
    ({"id": None}, "vector 1 (None): 'id' is of the wrong type (null)"),
    ({"grade": 3}, "vector 1 (HYPO3-one): has the unknown field 'grade'; the fields are id, criterion"),
    ({"expected": {"at_least": 3}}, "vector 1 (HYPO3-one): 'expected' has no 'at_most'"),
    ({"expected": {"at_least": 3, "at_most": 3, "because": "HYPO3"}}, "'expected' has 'because': \"HYPO3\", which is not part of an expectation"),
])
def test_a_wrong_vector_gets_one_clear_error(tmp_path, change, says):
    done = run("--vectors", str(write(tmp_path, {**VECTOR, **change})), "--command", program(RIGHT))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("conformance: toy.json, ")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("text", "says"), [
    ("[", "cannot be read as JSON"), ("[]", "is not one JSON object"), ('{"suite": "1.0.0"}', "has no 'scale'"),
    ('{"suite": "2.0.0", "scale": "toy", "scale_version": "1", "vectors": []}', "is written for suite 2.0.0"),
    ('{"suite": "1.0.0", "scale": "toy", "scale_version": "1", "vectors": [3]}', "vector 1: is not a JSON object"),
])
def test_a_wrong_file_gets_one_clear_error(tmp_path, text, says):
    (tmp_path / "toy.json").write_text(text, encoding="utf-8")
    done = run("--vectors", str(tmp_path))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "says"), [
    ("no-such-program-anywhere", "the program cannot be started"),
    (program("starting up", RIGHT), "wrote 2 lines for 1 vectors"),
    (f"{shlex.quote(sys.executable)} -c pass", "stopped before it answered toy HYPO3-one"),
])
def test_a_program_that_cannot_answer_gets_one_clear_error(tmp_path, command, says):
    done = run("--vectors", str(write(tmp_path, VECTOR)), "--command", command)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_program_that_stops_without_reading_gets_one_clear_error():
    done = run("astct-crs-2019", "lee2014-crs", "--command", f"{shlex.quote(sys.executable)} -c pass")
    assert done.returncode == 2
    assert done.stderr.startswith("conformance: the program stopped before it answered")
    assert "Traceback" not in done.stderr


def test_an_answer_without_a_grade_is_told_as_such(tmp_path):
    done = run("--vectors", str(write(tmp_path, VECTOR)), "--command", program({"because": ["HYPO3"], "undecided": []}))
    assert done.returncode == 1
    assert "the answer has no at_least" in done.stdout


def test_a_scale_without_vectors_is_named_with_those_that_have_some(tmp_path):
    done = run("other", "--vectors", str(write(tmp_path, VECTOR)))
    assert done.returncode == 2
    assert "no vectors for other" in done.stderr
    assert "toy" in done.stderr


def test_the_runner_needs_nothing_but_python_to_test_another_program(tmp_path):
    """-I and -S: no installed packages, no user folder."""
    done = subprocess.run([sys.executable, "-I", "-S", str(FOLDER / "run.py"), "--vectors", str(write(tmp_path, VECTOR)), "--command", program(RIGHT)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    alone = subprocess.run([sys.executable, "-I", "-S", str(FOLDER / "run.py"), "--vectors", str(tmp_path)], capture_output=True, text=True, check=False)
    assert alone.returncode == 2
    assert "Tocsin is not installed here" in alone.stderr
