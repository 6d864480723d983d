"""The conformance suite as the tests see it: its runner, its files, and what each file says about each criterion."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tocsin.rules import Constant, Either, Elsewhere, Fact, Predicate
from tocsin.scales import Criterion, Flag, Kind, Scale

FOLDER = Path(__file__).resolve().parents[2] / "conformance"
FILES = {path.stem: path for path in sorted((FOLDER / "vectors").glob("*.json"))}

Vector = dict[str, Any]


def module(name: str) -> ModuleType:
    """A program of the suite, loaded by its path: the folder is no package."""
    full = f"conformance_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
    return sys.modules[full]


@cache
def suite(scale: str) -> dict[str, Any]:
    """The file of a scale as it is, unchecked; empty where there is none."""
    if scale not in FILES:
        return {"vectors": []}
    found: dict[str, Any] = json.loads(FILES[scale].read_text(encoding="utf-8"))
    return found


def vectors(scale: str) -> list[Vector]:
    """The vectors of a scale; none where there is no file."""
    return list(suite(scale)["vectors"])


# ---------------------------------------------------------------- what the vectors of a scale say about a criterion
def met(scale: Scale, criterion: Criterion) -> bool:
    """Some vector expects the criterion among those met."""
    return any(criterion.code in v["expected"].get("because", ()) for v in vectors(scale.id))


def not_met(scale: Scale, criterion: Criterion) -> bool:
    """Some vector expects that the criterion is not among those met."""
    return any(criterion.code in v["expected"].get("not_because", ()) for v in vectors(scale.id))


def unknown(scale: Scale, criterion: Criterion) -> bool:
    """Some vector about the criterion (of a score: about its item) expects an open answer that may hang on it."""
    family = {c.code for c in scale.criteria if c.item == criterion.item} if scale.kind is Kind.SCORE else {criterion.code}
    names = inputs(criterion.predicate)
    return any(_leaves_open(v["expected"], scale, criterion, names) for v in vectors(scale.id) if v["criterion"] in family)


def _leaves_open(expected: dict[str, Any], scale: Scale, criterion: Criterion, names: set[str]) -> bool:
    if criterion.code in expected.get("because", ()):
        return False
    low, high = expected["at_least"], expected["at_most"]
    low, high = float("-inf") if low is None else low, float("inf") if high is None else high
    if names & set(expected.get("undecided", ())):
        return True
    if scale.kind in (Kind.SCORE, Kind.FORMULA) or criterion.grade == 0:
        return bool(low < high)
    return bool(low < criterion.grade <= high)


def inputs(predicate: Predicate) -> set[str]:
    """What may be named as missing for the predicate."""
    out: set[str] = set()
    for leaf in predicate.leaves():
        for name in ("concept", "label", "count", "name"):
            value = getattr(leaf, name, None)
            out |= {value} if isinstance(value, str) else set()
        out |= set(getattr(leaf, "concepts", ()))
        limit = getattr(leaf, "limit", None)
        out |= {limit.name} if hasattr(limit, "name") else set()
        out |= {concept for concept, _ in getattr(leaf, "terms", ())}
    return out


def is_always_known(predicate: Predicate) -> bool:
    """Whether the predicate is true or false whatever is missing: a refinement of what is charted, or an assumption."""
    if isinstance(predicate, Constant | Elsewhere):
        return True
    if isinstance(predicate, Fact):
        return predicate.assume is not None
    below = predicate.children()
    if isinstance(predicate, Either):
        return any(is_always_known(child) for child in below)
    return bool(below) and all(is_always_known(child) for child in below)


def coded(scale: Scale) -> dict[str, Criterion | Flag]:
    """Every criterion and flag of a scale by its code."""
    return {item.code: item for item in (*scale.criteria, *scale.flags)}


def mentioned(vector: Vector) -> set[str]:
    """The codes that a vector speaks of."""
    expected = vector["expected"]
    return {vector["criterion"], *expected.get("because", ()), *expected.get("not_because", ()), *expected.get("flags", ())}


def plain(scale: str) -> Iterator[Vector]:
    """The vectors with default settings: those that show the limits as published."""
    return (v for v in vectors(scale) if not v.get("settings"))
