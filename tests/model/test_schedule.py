"""The order of a program's lines may change, what they say may not."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import schedule
from tocsin.model.emit import programs
from tocsin.model.load import load
from tocsin.model.schedule import scheduled

NAMES = re.compile(r"\bv\d+\b")


def most_at_hand(text: str) -> int:
    """The most values that are made and still needed after some line."""
    lines = text.splitlines()
    last = {name: i for i, line in enumerate(lines) for name in NAMES.findall(line.split(" = ")[1])}
    made = [line.split(" = ")[0] for line in lines]
    alive = most = 0
    ends: dict[int, int] = {}
    for i, name in enumerate(made):
        alive += name in last
        if name in last:
            ends[last[name]] = ends.get(last[name], 0) + 1
        alive -= ends.get(i, 0)
        most = max(most, alive)
    return most


@st.composite
def straight_lines(draw: st.DrawFn) -> str:
    """A program as ``emit`` writes them: each line needs inputs and lines above it; some lines are results."""
    lines: list[str] = []
    for i in range(draw(st.integers(1, 60))):
        known = [f"v{k}" for k in range(i)] + ["y[0]", "y[1]", "q[3]", "0.5"]
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        lines.append(f"v{i} = " + draw(st.sampled_from([f"{a} + {b}", f"{a} - {b}", f"{a} * {b}", f"exp({a})", f"-{a}", f"inv({a})"])))
    made = len(lines)
    results = draw(st.lists(st.integers(0, made - 1), min_size=1, max_size=8))
    return "\n".join([*lines, *(f"f[{k}] = v{i}" for k, i in enumerate(results))])


@given(straight_lines())
@settings(max_examples=100, deadline=None)
def test_every_line_is_kept_once_and_follows_those_it_needs(text: str) -> None:
    found = scheduled(text).splitlines()
    assert sorted(found) == sorted(text.splitlines())
    made: set[str] = set()
    for line in found:
        target, right = line.split(" = ")
        assert set(NAMES.findall(right)) <= made
        made.add(target)


@given(straight_lines(), st.lists(st.floats(-2, 2), min_size=3, max_size=3))
@settings(max_examples=50, deadline=None)
def test_lines_in_another_order_say_the_same(text: str, numbers: list[float]) -> None:
    def run(lines: str) -> list[float]:
        f = np.zeros(8)
        names = {"f": f, "y": numbers[:2], "q": [0.0, 0.0, 0.0, numbers[2]], "exp": lambda x: math.exp(min(x, 700.0)), "inv": lambda x: 1.0 / x if x else 1.0}
        exec(lines, {}, names)
        return f.tolist()

    with np.errstate(all="ignore"):
        assert repr(run(scheduled(text))) == repr(run(text))


@pytest.mark.parametrize("name", ["first", "stage"])
def test_a_step_of_the_model_keeps_fewer_values_at_hand_than_by_the_longest_way_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load()
    text = programs(model, model.outputs[:6]).texts[name]
    kept = most_at_hand(scheduled(text))
    monkeypatch.setattr(schedule, "AT_HAND", math.inf)
    assert kept < 0.85 * most_at_hand(scheduled(text))
