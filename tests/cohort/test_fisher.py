"""Fisher's exact test of tables of any size against R's numbers and against every table written out."""

from __future__ import annotations

import json
from itertools import product
from math import comb, factorial, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.cohort.fisher import fisher_exact
from tocsin.errors import CohortError

JOB = [[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]]  # Agresti 2002, job satisfaction; R ?fisher.test gives 0.7827


def every_table(rows: list[int], columns: list[int]):
    """Every table with these margins, column by column."""
    if len(columns) == 1:
        yield [tuple(rows)]
        return
    for part in product(*(range(r + 1) for r in rows)):
        if sum(part) == columns[0]:
            for rest in every_table([r - x for r, x in zip(rows, part, strict=True)], columns[1:]):
                yield [part, *rest]


def slow(table: list[list[int]]) -> float:
    """The definition in whole numbers: tables no more likely than the observed one."""
    rows, columns = [sum(r) for r in table], [sum(c) for c in zip(*table, strict=True)]
    weight = {}
    for t in every_table(rows, columns):
        weight[tuple(t)] = 1 / prod(factorial(x) for c in t for x in c)
    here = 1 / prod(factorial(x) for r in table for x in r)
    return sum(w for w in weight.values() if w <= here * (1 + 1e-7)) / sum(weight.values())


@pytest.mark.parametrize(("table", "p"), [
    ([[3, 1], [1, 3]], 0.4857142857),            # R: TeaTasting
    ([[2, 15], [10, 3]], 0.0005367241191),       # R: Convictions
    ([[8, 1], [2, 9], [5, 7]], 0.0072955086548),  # R 4.2.2
    ([[10, 2], [3, 12]], 0.0018381418166),       # R 4.2.2
])
def test_small_tables_have_the_p_value_of_r(table: list[list[int]], p: float):
    assert fisher_exact(table).p == pytest.approx(p, rel=1e-8)
    assert fisher_exact(np.array(table).T).p == pytest.approx(p, rel=1e-8)


def test_a_four_by_four_table_of_104_has_the_p_value_of_r():
    found = fisher_exact(JOB)
    assert (round(found.p, 4), found.variant, found.error) == (0.7827, "Freeman-Halton", 0.0)


@settings(max_examples=80, derandomize=True, deadline=None, database=None)
@given(st.integers(2, 3), st.integers(2, 4), st.data())
def test_the_walk_finds_what_writing_every_table_out_finds(r: int, c: int, data: st.DataObject):
    table = data.draw(st.lists(st.lists(st.integers(0, 4), min_size=c, max_size=c), min_size=r, max_size=r))
    filled = np.array(table)
    if (filled.sum(axis=0) > 0).sum() < 2 or (filled.sum(axis=1) > 0).sum() < 2:
        assert fisher_exact(table).p is None
        return
    assert fisher_exact(table).p == pytest.approx(slow(table), rel=1e-7)


def test_rows_and_columns_without_patients_do_not_matter():
    assert fisher_exact([[8, 0, 1], [2, 0, 9], [0, 0, 0]]).p == fisher_exact([[8, 1], [2, 9]]).p


def test_a_table_with_too_many_ways_is_sampled_with_its_seed_and_its_error():
    found, again = (fisher_exact(JOB, most_steps=1000, tables=20_000, seed=5) for _ in range(2))
    assert found == again
    assert found.variant == "Monte Carlo, 20000 tables, seed 5"
    assert "sampled" in found.warnings[0]
    assert found.error == pytest.approx((found.p * (1 - found.p) / 20_000) ** 0.5)
    assert abs(found.p - 0.78268) < 4 * found.error


def test_a_sampled_p_value_is_never_zero():
    found = fisher_exact([[50, 0], [0, 50]], most_steps=0, tables=100)
    assert found.p == pytest.approx(1 / 101)
    assert fisher_exact([[50, 0], [0, 50]]).p == pytest.approx(2 / comb(100, 50), rel=1e-6)


@pytest.mark.parametrize("table", [[[1, 2]], [[0, 0], [0, 0]], [[3, 0], [4, 0]]], ids=str)
def test_one_group_or_one_value_is_not_tested(table: list[list[int]]):
    found = fisher_exact(table)
    assert found.p is None
    assert found.not_done


@pytest.mark.parametrize("table", [[1, 2, 3], [[1.5, 2], [3, 4]], [[-1, 2], [3, 4]], [], [[float("nan"), 1], [1, 1]]], ids=str)
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(CohortError):
        fisher_exact(table)


def test_the_tables_of_the_reference_file(shared_data):
    results = json.loads((shared_data("table1_reference") / "reference_R.json").read_text())["results"]
    for name in ("fisher_3x2", "fisher_2x2"):
        assert fisher_exact(results["small"][name]["table"]).p == pytest.approx(results["small"][name]["p"], rel=1e-8)
    vent = results["pn2012"]["MechVent"]
    assert fisher_exact(vent["counts"]).p == pytest.approx(vent["fisher_p"], rel=1e-8)
