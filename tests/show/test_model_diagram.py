"""The diagram of the model against the equations: nothing is drawn that they do not say, and nothing they say is left out in silence."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import numpy as np
import pytest
from typer.testing import CliRunner

from tocsin.cli import app
from tocsin.model.evaluate import evaluate
from tocsin.model.expression import names, parse
from tocsin.model.load import load
from tocsin.model.observe import outputs_needed
from tocsin.show.model_diagram import draw_model
from tocsin.show.model_map import ARROWS, BOXES, DRUGS, GIVEN, HEIGHT, LEFT_OUT, LOWERS, TAGS, WIDTH

SAMPLES = 400
MOSTLY = 0.9
"""Of the states tried; where cells crowd each other an arrow may turn."""
OWNER = {**{q: b.id for b in BOXES for q in b.quantities}, **{q: name for name, d in DRUGS.items() for q in d.quantities}}
SPREAD = {"tumour_marrow_positive": 5.0, "tumour_local_positive": 5.0, "car_marrow": 1.0, "car_local": 1.0, "car_blood": 0.1, "car_infused": 0.1,
          "car_primed": 0.1, "dexamethasone": 10.0, "methylprednisolone": 100.0, "steroid_effect": 0.01, "tocilizumab": 3.0, "siltuximab": 3.0,
          "ifn_gamma": 500.0, "il6_blood": 3000.0, "il6_local": 300.0, "il10": 200.0, "il6_csf": 50.0, "sil6r": 75.0, "ruxolitinib": 10.0,
          "anakinra": 50.0, "acetaminophen": 500.0, "etoposide": 50.0}


@cache
def expressions() -> dict[str, str]:
    """The rate of each state and the expression of each assigned quantity."""
    system = load()
    return {**{s.name: s.rate for s in system.states}, **{a.name: a.expression for a in system.assigned}}


@cache
def direct() -> frozenset[tuple[str, str]]:
    """(source, target): a quantity of the source stands in a target's equation, through assigned quantities that stand for no box."""
    assigned = {a.name: set(names(parse(a.expression))) for a in load().assigned}
    found = set()
    for quantity, target in OWNER.items():
        todo, seen = [*names(parse(expressions()[quantity]))], set()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in OWNER:
                found.add((OWNER[name], target))
            else:
                todo += assigned.get(name, set())
    return frozenset(pair for pair in found if pair[0] != pair[1])


def drawn() -> dict[tuple[str, str], str]:
    arrows = {(a.source, a.target): a.effect for a in ARROWS}
    back = {(a.target, a.source): a.effect for a in ARROWS if a.both}
    return {**arrows, **back, **{(d, t.target): t.effect for t in TAGS for d in t.drugs}}


@cache
def sampled() -> dict[str, np.ndarray]:
    """Every name at random states about a patient in the midst of it."""
    system, rng = load(), np.random.default_rng(1)
    values = {p.name: np.full(SAMPLES, p.value) for p in system.parameters}
    values.update({i.name: np.zeros(SAMPLES) for i in system.inputs})
    for s in system.states:
        middle = SPREAD.get(s.name)
        values[s.name] = rng.uniform(0.05, 0.6, SAMPLES) if middle is None else middle * rng.lognormal(0.0, 0.6, SAMPLES)
    return values


def slope(source: str, target: str) -> np.ndarray:
    """How an equation of ``target`` changes when a quantity of ``source`` rises by a little (samples,)."""
    def at(change: float) -> np.ndarray:
        values = dict(sampled())
        if source in values:
            values[source] = values[source] * (1 + change)
        for a in load().assigned:
            values[a.name] = evaluate(a.expression, values) * (1 + change if a.name == source else 1.0)
        return evaluate(expressions()[target], values) * np.ones(SAMPLES)

    return at(1e-6) - at(-1e-6)


def test_every_state_and_every_drug_of_the_model_is_drawn():
    system = load()
    assert [s.name for s in system.states if s.name not in OWNER] == []
    known = {*system.state_names, *(a.name for a in system.assigned)}
    assert [q for q in OWNER if q not in known] == []
    into = {q for d in DRUGS.values() for q in d.quantities}
    given = {g.drug: next(b for b in BOXES if b.id == g.target).quantities for g in GIVEN}
    assert [d for d, how in system.drugs.items() if how.target not in into and how.target not in given.get(d, ())] == []


def test_no_quantity_stands_in_two_boxes():
    everywhere = [q for b in BOXES for q in b.quantities] + [q for d in DRUGS.values() for q in d.quantities]
    assert sorted(everywhere) == sorted(set(everywhere))


def test_every_arrow_is_an_influence_in_the_equations():
    assert sorted(set(drawn()) - direct()) == []


def test_every_influence_in_the_equations_is_drawn_or_left_out_with_a_reason():
    left = {pair for sources, targets, _ in LEFT_OUT for pair in product(sources, targets)}
    assert sorted(direct() - set(drawn()) - left) == []
    assert sorted(left - direct()) == [], "left out, but not in the equations"
    assert sorted(left & set(drawn())) == [], "drawn and left out"
    assert all(len(reason.split()) > 2 for _, _, reason in LEFT_OUT)


@pytest.mark.parametrize(("source", "target"), sorted(drawn()), ids=lambda v: v)
def test_an_arrow_points_the_way_in_which_its_source_acts(source: str, target: str):
    sign = -1.0 if drawn()[source, target] == LOWERS else 1.0
    shares = []
    for a, b in product([q for q, o in OWNER.items() if o == source], [q for q, o in OWNER.items() if o == target]):
        change = sign * slope(a, b)
        if np.any(np.abs(change) > 0):
            shares.append(float((change >= 0).mean()))
    assert shares
    assert min(shares) >= MOSTLY


def test_a_box_is_framed_as_measured_where_the_virtual_ward_measures_it():
    measured = {OWNER[q] for q in outputs_needed()}
    assert measured == {b.id for b in BOXES if b.observed}


def test_no_box_covers_another_and_all_lie_on_the_sheet():
    for k, a in enumerate(BOXES):
        assert a.width / 2 <= a.x <= WIDTH - a.width / 2
        assert a.height / 2 <= a.y <= HEIGHT - a.height / 2
        for b in BOXES[k + 1:]:
            apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
            assert apart, (a.id, b.id)


def test_an_arrow_begins_and_ends_at_its_boxes():
    place = {b.id: b for b in BOXES}
    for a in ARROWS:
        for box, (x, y), begins in ((place[a.source], a.points[0], True), (place[a.target], a.points[-1], False)):
            near = max(abs(x - box.x) - box.width / 2, abs(y - box.y) - box.height / 2)
            branches = begins and sum(p == (x, y) for one in ARROWS for p in one.points) > 1
            assert near <= 0.6 or branches, (a.source, a.target, begins)
    for t in TAGS:
        x, y = t.points[-1]
        assert max(abs(x - place[t.target].x) - place[t.target].width / 2, abs(y - place[t.target].y) - place[t.target].height / 2) <= 0.6, t


def test_words_fit_into_their_boxes():
    figure = draw_model()
    from tocsin.show.cohort.sheet import width_of
    from tocsin.show.model_diagram import BOX_SIZE

    assert [b.id for b in BOXES if max(width_of(w, BOX_SIZE) for w in b.words) > b.width - 1.0] == []
    words = {t.get_text() for t in figure.texts}
    assert {w for b in BOXES for w in b.words} <= words


def test_the_command_writes_the_diagram_by_the_ending_of_its_file(tmp_path):
    out = tmp_path / "model.svg"
    assert CliRunner().invoke(app, ["model", "--diagram", "-o", str(out)]).exit_code == 0
    text = out.read_text(encoding="utf-8")
    assert re.search(r">Local</text>|>oedema<", text)
    again = tmp_path / "again.svg"
    CliRunner().invoke(app, ["model", "--diagram", "-o", str(again)])
    assert again.read_bytes() == out.read_bytes()
    CliRunner().invoke(app, ["model", "--diagram", "-o", str(tmp_path / "m.png")])
    assert (tmp_path / "m.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(("arguments", "why"), [
    (["--diagram"], "-o"), (["--diagram", "-o", "m.jpeg"], "svg"), (["--diagram", "--set", "weight=13", "-o", "m.svg"], "no value changes"),
    (["--diagram", "--units", "-o", "m.svg"], "only one of")])
def test_the_command_says_what_the_diagram_needs(arguments, why):
    result = CliRunner().invoke(app, ["model", *arguments])
    assert result.exit_code != 0
    assert why in str(result.exception)
