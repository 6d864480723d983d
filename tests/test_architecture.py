"""The shape of the project: a light import, the rooms and their order, small files, no traces of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tocsin"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("matplotlib", "jinja2", "openpyxl", "numba")
MOST_LINES = 600

# Written in two halves, so that this file does not find itself.
TRACES = {
    "a path of one machine": re.compile(r"(?<![\w.~-])/" + r"(?:work|home|root|Users|mnt|tmp/\w+)/"),
    "a package index": re.compile(r"--(?:extra-)?" + r"index-url|--find-" + r"links|--trusted-" + r"host"),
}


def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def project_files() -> list[Path]:
    """What is, or would be, in version control; without git, what lies in the folders of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        found = (ROOT / name for name in listed.stdout.split("\0") if name)
    else:
        folders = (".ci", "benchmarks", "changelog.d", "docs", "src", "tests")
        found = (*ROOT.glob("*.*"), *(path for folder in folders for path in (ROOT / folder).rglob("*")))
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def text_of(path: Path) -> str | None:
    """The text of a file, or None when it is not text."""
    data = path.read_bytes()
    return None if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def test_importing_tocsin_loads_no_heavy_package():
    code = f"import sys, tocsin; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_every_room_stands_in_the_order_of_rooms_and_no_other_does():
    contracts = {contract["id"]: contract for contract in pyproject()["tool"]["importlinter"]["contracts"]}
    rooms = {p.stem for p in PACKAGE.iterdir() if (p.is_dir() and any(p.glob("*.py"))) or p.suffix == ".py"}
    assert rooms - {"__init__", "__main__"} == set(contracts["rooms"]["layers"])


def test_a_contract_on_outside_packages_covers_every_room_but_the_named_ones():
    contracts = {contract["id"]: contract for contract in pyproject()["tool"]["importlinter"]["contracts"]}
    rooms = {f"tocsin.{room}" for room in contracts["rooms"]["layers"]}
    assert rooms - set(contracts["drawing"]["source_modules"]) == {"tocsin.show"}
    assert rooms - set(contracts["compiling"]["source_modules"]) == {"tocsin.grading", "tocsin.protocols", "tocsin.model"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_source_file_says_what_it_is_and_stays_small(path: Path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module starts with a docstring that says what it holds"
    assert len(text.splitlines()) <= MOST_LINES, "a file this long is two files: ask which"


@pytest.mark.parametrize("what", TRACES)
def test_no_file_holds(what: str):
    found = []
    for path in project_files():
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
            if TRACES[what].search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_constraints_are_names_with_versions_and_nothing_else():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if line and not re.fullmatch(r"#.*|[a-z0-9-]+==[0-9][0-9a-z.]*", line)]
    assert wrong == []


def test_changelog_fragments_are_named_by_what_changed_and_kind():
    names = {path.name for path in (ROOT / "changelog.d").iterdir()} - {"README.md"}
    wrong = [name for name in names if not re.fullmatch(r"[a-z0-9-]+\.(numbers|breaking|added|fixed)\.md", name)]
    assert wrong == []


def test_the_compiled_sweep_is_stale_when_what_it_is_made_of_changes():
    """Numba's cache looks at kernel.py alone; STAMP carries the files it calls, so that a change there changes kernel.py too."""
    import hashlib

    folder = PACKAGE / "grading"
    made_of = b"".join((folder / name).read_bytes() for name in ("kernel_patient.py", "kernel_state.py", "kernel_steps.py", "program.py"))
    expected = hashlib.sha256(made_of).hexdigest()[:16]
    assert f'STAMP = "{expected}"' in (folder / "kernel.py").read_text(encoding="utf-8"), f'write STAMP = "{expected}" in kernel.py'


def test_every_public_name_is_what_it_says_however_it_is_imported():
    """``from tocsin import report`` is the function, also after the module of the same name has been loaded."""
    code = ("import types, tocsin\nfrom tocsin import *\nfrom tocsin import report\nfrom tocsin.show import report as again\n"
            "assert all(not isinstance(getattr(tocsin, n), types.ModuleType) for n in tocsin.__all__)\nassert callable(report) and report is again\n")
    subprocess.run([sys.executable, "-c", code], check=True)
