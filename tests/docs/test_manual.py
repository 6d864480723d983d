"""The manual covers what the code has, and mentions nothing that the code lacks."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changelog.d").glob("*.md")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manual_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs"))  # as MkDocs does
        spec.loader.exec_module(module)
    return module


@cache
def generated() -> frozenset[str]:
    return frozenset({*hooks().pages(), *hooks().pictures()})


def commands() -> set[str]:
    import typer

    from tocsin.cli import app

    return set(typer.main.get_command(app).commands)


def test_every_concept_has_a_heading():
    from tocsin.vocabulary import CONCEPTS

    headings = set(re.findall(r"^### `(\w+)`", hooks().concepts_page(), flags=re.MULTILINE))
    assert headings == set(CONCEPTS)


def test_every_criterion_flag_and_setting_of_every_scale_is_in_the_manual():
    from tocsin.scales import SCALES

    page = hooks().scales_page()
    wanted = set()
    for scale_id, scale in SCALES.items():
        wanted |= {f"{{ #{hooks().anchor(scale_id, item.code)} }}" for item in (*scale.criteria, *scale.flags)}
        wanted |= {f"| `{setting.name}` |" for setting in scale.setting_docs}
    assert {text for text in wanted if text not in page} == set()


def test_every_scale_has_its_number_of_vectors_in_the_manual():
    from conformance.suite import vectors
    from tocsin.scales import SCALES

    rows = dict(re.findall(r"^\| \[`([\w-]+)`\][^|]*\|[^|]*\|[^|]*\| (\d+) \|", hooks().vectors_page(), flags=re.MULTILINE))
    assert {name: int(number) for name, number in rows.items()} == {name: len(vectors(name)) for name in SCALES}


def test_every_rule_of_every_protocol_is_in_the_manual():
    from tocsin.protocols import PROTOCOLS

    pages = hooks().pages()
    wanted = {(name, rule.code) for name, protocol in PROTOCOLS.items() for rule in protocol.rules}
    assert {(name, code) for name, code in wanted if f"| `{code}`{{ #" not in pages[f"reference/protocols/{name}.md"]} == set()


def test_every_command_is_in_the_manual():
    headings = set(re.findall(r"^## tocsin ([\w-]+)", hooks().cli_page(), flags=re.MULTILINE))
    assert headings == commands()


def test_every_citation_in_a_generated_page_leads_to_a_reference():
    from tocsin.cite import REFERENCES

    pages = hooks().pages()
    cited = {key for text in pages.values() for key in re.findall(r"\[([\w-]+)\]\((?:\.\./)?references\.md#", text)}
    assert cited <= set(REFERENCES)


def test_no_two_headings_of_a_page_share_an_address():
    for path, text in hooks().pages().items():
        anchors = re.findall(r"\{ #([\w-]+) \}", text)
        assert sorted(set(anchors)) == sorted(anchors), path


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_commands_shown_in_a_written_page_exist(path: Path):
    blocks = re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    shown = {name for block in blocks for name in re.findall(r"^(?:\S*/)?tocsin (\w+)", block, flags=re.MULTILINE)}
    assert shown <= commands()


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_a_link_to_a_file_in_a_written_page_leads_to_one(path: Path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    lost = [
        link for link in links
        if not (path.parent / link).exists() and not (path.parent == ROOT / "docs" and link in generated())
    ]
    assert lost == []


def test_every_equation_number_and_dose_of_the_model_is_in_the_manual():
    from tocsin.model.load import load

    page, system = hooks().equations_page(), load()
    assert [q.name for q in (*system.states, *system.assigned) if f"`{q.name}`{{ #" not in page] == []
    rows = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(rows) == sorted(system.parameter_names), "each parameter once"
    assert [s.name for s in system.states if f"d {s.name} / dt =" not in page] == []
    assert [d for d in system.drugs if f"| {d.replace('_', ' ')} |" not in page] == []


def test_every_source_on_the_page_of_equations_is_told_in_full():
    page = hooks().equations_page()
    linked = set(re.findall(r"\(#ref-([\w-]+)\)", page))
    told = set(re.findall(r"^`[^`]+`\{ #ref-([\w-]+) \}\n:   \S", page, flags=re.MULTILINE))
    assert linked
    assert linked <= told


def test_an_equation_in_the_manual_is_the_one_of_the_model():
    from tocsin.model.expression import parse, write
    from tocsin.model.load import loaded

    page, text = hooks().equations_page(), loaded().text
    for table, head in ((text.rates, "d {} / dt ="), (text.assigned, "\n{} =")):
        for name, line in table.items():
            shown = page.split(head.format(name), 1)[1].split("\n```")[0].split("\nat the start")[0]
            for sign, plain in (("×", "*"), ("−", "-"), ("²", "^2")):
                shown = shown.replace(sign, plain)
            assert write(parse(" ".join(shown.split()))) == write(line.tree), name


def test_the_contributors_guide_lists_the_rooms_in_their_order():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## The rooms")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == layers


def test_the_glossary_is_in_alphabetical_order():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\*\*(.+)\*\*$", text, flags=re.MULTILINE)
    assert words == sorted(words)
