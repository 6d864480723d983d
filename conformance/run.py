"""Runs the conformance vectors against a program that grades, and says where its answers differ.

    python conformance/run.py                                    Tocsin itself, in this process
    python conformance/run.py astct-crs-2019                     one scale
    python conformance/run.py --command "my-grader --json"       another program

The program is started once.  It reads one vector a line on its standard input (JSON, without ``expected``) and writes one answer a line:

    {"at_least": 3, "at_most": 3, "because": ["HYPO3"], "undecided": []}

``at_most`` null is unbounded; ``undecided`` and ``flags`` are compared only where the vector expects them; a program that knows no flags
leaves ``flags`` out.  {"unsupported": true} skips a vector; {"error": "why"} fails it.  Exit status: 0 all passed; 1 some failed;
2 the vectors or the program cannot be used.  Needs Python 3.11 or later, and nothing else unless Tocsin itself is run.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import math
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
SUITE = "1.0.0"
TOLERANCE = 1e-9
"""How far a number may lie from the expected one, relative to it: formulas are computed in another order elsewhere."""

Vector = dict[str, Any]
Answer = dict[str, Any]

FILE_KEYS = {"suite": str, "scale": str, "scale_version": str, "vectors": list}
VECTOR_KEYS = {"id": str, "criterion": str, "says": str, "events": list, "at_hour": (int, float), "expected": dict, "source": str, "mark": str}
OPTIONAL_KEYS = {"patient": dict, "complete": list, "settings": dict}
NAMES = ("because", "not_because", "undecided", "flags")


class SuiteError(Exception):
    """The vectors or the program cannot be used."""


# ---------------------------------------------------------------------------------------------------- vectors
def load(path: Path) -> dict[str, Any]:
    """One file of vectors; SuiteError says what is wrong with it."""
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SuiteError(f"{path.name}: cannot be read as JSON ({error})") from None
    if not isinstance(suite, dict):
        raise SuiteError(f"{path.name}: is not one JSON object with {', '.join(FILE_KEYS)}")
    _check(suite, FILE_KEYS, {"$schema": str}, path.name)
    if suite["suite"].split(".")[0] != SUITE.split(".")[0]:
        raise SuiteError(f"{path.name}: is written for suite {suite['suite']}, and this program runs suite {SUITE}")
    for number, vector in enumerate(suite["vectors"], start=1):
        where = f"{path.name}, vector {number}"
        if not isinstance(vector, dict):
            raise SuiteError(f"{where}: is not a JSON object")
        where += f" ({vector.get('id', 'no id')})"
        _check(vector, VECTOR_KEYS, OPTIONAL_KEYS, where)
        _check_expected(vector["expected"], where)
    return suite


def _check(found: dict[str, Any], required: dict[str, Any], optional: dict[str, Any], where: str) -> None:
    known = required | optional
    for key in required:
        if key not in found:
            raise SuiteError(f"{where}: has no {key!r}")
    for key, value in found.items():
        if key not in known:
            raise SuiteError(f"{where}: has the unknown field {key!r}; the fields are {', '.join(known)}")
        if not isinstance(value, known[key]):
            raise SuiteError(f"{where}: {key!r} is of the wrong type ({json.dumps(value)[:60]})")


def _check_expected(expected: dict[str, Any], where: str) -> None:
    for key in ("at_least", "at_most"):
        if key not in expected:
            raise SuiteError(f"{where}: 'expected' has no {key!r}")
    for key, value in expected.items():
        fits = _is_list_of_names(value) if key in NAMES else value is None or isinstance(value, int | float)
        if key not in (*NAMES, "at_least", "at_most") or not fits:
            raise SuiteError(f"{where}: 'expected' has {key!r}: {json.dumps(value)[:60]}, which is not part of an expectation")


def find(folder: Path, wanted: list[str]) -> list[dict[str, Any]]:
    """The files of vectors in the folder, or those of the scales wanted."""
    paths = {path.stem: path for path in sorted(folder.glob("*.json"))}
    missing = [name for name in wanted if name not in paths]
    if missing or not paths:
        near = difflib.get_close_matches(missing[0], paths, n=3) if missing else []
        few = f"there are: {', '.join(paths) or 'none'}" if len(paths) <= 20 else f"there are vectors for {len(paths)} scales"
        hint = f"; nearest: {', '.join(near)}" if near else f"; {few}"
        raise SuiteError(f"there are no vectors for {missing[0] if missing else 'any scale'} in {folder}{hint}")
    return [load(paths[name]) for name in wanted or paths]


def question(suite: dict[str, Any], vector: Vector) -> Vector:
    """What the program is given: the vector without the answer."""
    return {"suite": suite["suite"], "scale": suite["scale"], "scale_version": suite["scale_version"],
            **{key: value for key, value in vector.items() if key != "expected"}}


# ---------------------------------------------------------------------------------------------------- programs
def ask_tocsin(questions: list[Vector]) -> list[Answer]:
    """The answers of Tocsin, in this process."""
    try:
        from tocsin.grading.vectors import answers
    except ModuleNotFoundError as missing:
        raise SuiteError(f"Tocsin is not installed here ({missing}); name a program to test with --command") from None
    return answers(questions)


def ask_command(command: str, questions: list[Vector]) -> list[Answer]:
    """The answers of a program that reads one vector a line and writes one answer a line."""
    try:
        process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SuiteError(f"the program cannot be started: {error}") from None
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        feeding = threading.Thread(target=_feed, args=(process.stdin, questions), daemon=True)
        feeding.start()
        lines = [line for line in process.stdout if line.strip()]
        feeding.join()
    if len(lines) < len(questions):
        first = questions[len(lines)]
        raise SuiteError(f"the program stopped before it answered {first['scale']} {first['id']}")
    if len(lines) > len(questions):
        raise SuiteError(f"the program wrote {len(lines)} lines for {len(questions)} vectors; its standard output is for answers alone")
    return [_answer(line) for line in lines]


def _feed(stdin: IO[str], questions: list[Vector]) -> None:
    """Write every question; from a thread, so that a program may answer at once or after the last one."""
    with contextlib.suppress(OSError):  # the program has stopped; how many answers it gave is said elsewhere
        for one in questions:
            stdin.write(json.dumps(one) + "\n")
            stdin.flush()
    with contextlib.suppress(OSError):
        stdin.close()


def _answer(line: str) -> Answer:
    try:
        found = json.loads(line)
    except ValueError:
        return {"error": f"the answer is not JSON: {line.strip()[:80]}"}
    return found if isinstance(found, dict) else {"error": f"the answer is not a JSON object: {line.strip()[:80]}"}


# ---------------------------------------------------------------------------------------------------- comparing
def differences(expected: dict[str, Any], answer: Answer) -> list[str]:
    """In what an answer differs from what is expected; empty when it does not."""
    if answer.get("error"):
        return [str(answer["error"])]
    out = [f"{key} is {_shown(answer[key])}, not {_shown(expected[key])}" if key in answer else f"the answer has no {key}"
           for key in ("at_least", "at_most") if key not in answer or not _same(answer[key], expected[key])]
    for key in NAMES:
        given = answer.get("because" if key == "not_because" else key)
        if key not in expected or (key == "flags" and given is None):
            continue
        if given is None or not _is_list_of_names(given):
            out.append(f"the answer has no list of {'because' if key == 'not_because' else key}")
            continue
        names, wanted = set(given), set(expected[key])
        if key == "not_because" and wanted & names:
            out.append(f"{', '.join(sorted(wanted & names))} must not be met")
        elif key == "undecided" and names != wanted:
            out.append(f"undecided is {', '.join(sorted(names)) or 'nothing'}, not {', '.join(sorted(wanted)) or 'nothing'}")
        elif key in ("because", "flags") and wanted - names:
            out.append(f"{', '.join(sorted(wanted - names))} is not among those met ({', '.join(sorted(names)) or 'none'})")
    return out


def _same(given: Any, wanted: float | None) -> bool:
    if given is None or wanted is None or isinstance(given, bool) or not isinstance(given, int | float):
        return given is None and wanted is None
    return math.isclose(given, wanted, rel_tol=TOLERANCE, abs_tol=0.0)


def _shown(value: Any) -> str:
    return "unbounded" if value is None else f"{value:.12g}" if isinstance(value, int | float) else str(value)


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def run(suites: list[dict[str, Any]], ask: Callable[[list[Vector]], list[Answer]]) -> dict[str, Any]:
    """The result of every scale, and every failure with what was expected and found."""
    asked = [(suite, vector) for suite in suites for vector in suite["vectors"]]
    answers = ask([question(suite, vector) for suite, vector in asked])
    scales = {s["scale"]: {"scale": s["scale"], "version": s["scale_version"], "vectors": 0, "passed": 0, "failed": 0, "skipped": 0} for s in suites}
    failures = []
    for (suite, vector), answer in zip(asked, answers, strict=True):
        wrong = [] if answer.get("unsupported") else differences(vector["expected"], answer)
        row = scales[suite["scale"]]
        row["vectors"] += 1
        row["skipped" if answer.get("unsupported") else "failed" if wrong else "passed"] += 1
        if wrong:
            failures.append({"scale": suite["scale"], "id": vector["id"], "criterion": vector["criterion"], "says": vector["says"],
                             "source": vector["source"], "mark": vector["mark"], "expected": vector["expected"], "found": answer, "differences": wrong})
    return {"suite": SUITE, "scales": list(scales.values()), "failures": failures}


# ---------------------------------------------------------------------------------------------------- telling
def table(result: dict[str, Any]) -> str:
    """The result as a table, with the failures below it."""
    head = ("scale", "version", "vectors", "passed", "failed", "skipped")
    rows = [[str(row[key]) for key in head] for row in result["scales"]]
    if len(rows) > 1:
        rows.append(["all", "", *(str(sum(row[key] for row in result["scales"])) for key in head[2:])])
    width = [max(len(row[i]) for row in [list(head), *rows]) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width[i]) if i < 2 else cell.rjust(width[i]) for i, cell in enumerate(row)).rstrip() for row in [list(head), *rows]]
    for failure in result["failures"]:
        lines += ["", f"{failure['scale']} {failure['id']}: {failure['says']}",
                  f"  expected  {_in_words(failure['expected'])}", f"  found     {_in_words(failure['found'])}",
                  *(f"  !         {one}" for one in failure["differences"]), f"  source    {failure['source']} (mark {failure['mark']})"]
    return "\n".join(lines)


def _in_words(answer: dict[str, Any]) -> str:
    if "at_least" not in answer and "at_most" not in answer:
        return json.dumps(answer)
    low, high = _shown(answer.get("at_least")), _shown(answer.get("at_most"))
    parts = [low if low == high else f"{low} to {high}"]
    parts += [f"{key.replace('_', ' ')} {', '.join(map(str, answer[key])) or 'none'}" for key in NAMES if isinstance(answer.get(key), list)]
    return "; ".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Run the suite as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scale", nargs="*", help="only these scales")
    parser.add_argument("--command", help="the program to test; without it Tocsin itself")
    parser.add_argument("--vectors", type=Path, default=HERE / "vectors", metavar="FOLDER", help="where the vectors are (default: beside this file)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    chosen = parser.parse_args(arguments)
    try:
        suites = find(chosen.vectors, chosen.scale)
        result = run(suites, ask_tocsin if chosen.command is None else lambda questions: ask_command(chosen.command, questions))
    except SuiteError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    try:
        print(json.dumps(result) if chosen.json else table(result), flush=True)
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
