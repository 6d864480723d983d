"""The page "Adding a scale": its toy scales are built from the page itself, and their vectors pass and are as complete as ours."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance import limits
from conformance.suite import FILES, FOLDER, is_always_known, met, module, not_met, unknown
from tocsin.grading.vectors import answers
from tocsin.scales import Kind, Scale

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "adding-a-scale.md").read_text(encoding="utf-8")
KINDS = [str(kind) for kind in Kind]


@cache
def toys() -> dict[str, tuple[Scale, Any, dict[str, Any], str]]:
    """The toy of each kind: the scale, what builds it, its file of vectors, and that file as printed."""
    out = {}
    for section in PAGE.split("\n## ")[1:]:
        kind = section.partition("\n")[0].lower()
        if kind in KINDS:
            (code,), (vectors,) = (re.findall(rf"```{name}\n(.*?)```", section, flags=re.DOTALL) for name in ("python", "json"))
            names: dict[str, Any] = {"__name__": f"toy_{kind}"}
            exec(compile(code, f"adding-a-scale.md, {kind}", "exec"), names)
            ((scale_id, build),) = names["BUILDERS"].items()
            scale = build()
            assert scale.id == scale_id
            out[kind] = (scale, build, json.loads(vectors), vectors)
    return out


@pytest.fixture(params=KINDS)
def toy(request, tmp_path, monkeypatch) -> tuple[Scale, Any, dict[str, Any]]:
    """One toy, its file of vectors standing where the registry finds it."""
    scale, build, suite, printed = toys()[request.param]
    path = tmp_path / f"{scale.id}.json"
    path.write_text(printed, encoding="utf-8")
    monkeypatch.setitem(FILES, scale.id, path)
    return scale, build, suite


def test_the_page_has_a_toy_of_each_kind():
    assert {kind: str(scale.kind) for kind, (scale, *_) in toys().items()} == {kind: kind for kind in KINDS}


def test_a_toy_has_a_file_of_vectors_like_any_other(toy, tmp_path):
    scale, _, suite = toy
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(suite)] == []
    assert module("run").load(tmp_path / f"{scale.id}.json") == suite
    assert (suite["scale"], suite["scale_version"]) == (scale.id, scale.version)


def test_the_vectors_of_a_toy_pass(toy):
    scale, build, suite = toy

    def ask(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [answers([q], {scale.id: build(**q.get("settings", {}))})[0] for q in questions]

    result = module("run").run([suite], ask)
    assert result["failures"] == [], module("run").table(result)


def test_no_criterion_and_no_limit_of_a_toy_is_without_a_vector(toy):
    scale, *_ = toy
    assert [c.code for c in scale.criteria if not met(scale, c)] == []
    assert [c.code for c in scale.criteria if not not_met(scale, c)] == []
    assert [c.code for c in scale.criteria if not is_always_known(c.predicate) and not unknown(scale, c)] == []
    assert limits.missing(scale) == []
