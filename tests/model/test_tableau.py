"""The coefficients fulfil the order conditions of Rosenbrock methods, derived here from rooted trees and not copied."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest

from tocsin.model.tableau import METHODS, RODAS4, RODAS5P

Tree = tuple  # a tree is the sorted tuple of the trees that hang on its root


def trees(nodes: int) -> list[Tree]:
    """All rooted trees of so many nodes: 1, 1, 2, 4, 9, ..."""
    def forests(total: int, largest: int) -> list[tuple[Tree, ...]]:
        if total == 0:
            return [()]
        found = []
        for size in range(min(total, largest), 0, -1):
            for count in range(1, total // size + 1):
                rest = forests(total - count * size, size - 1)
                found += [(*chosen, *r) for chosen in combinations_with_replacement(trees(size), count) for r in rest]
        return found

    return forests(nodes - 1, nodes - 1)


def density(tree: Tree) -> int:
    return size(tree) * int(np.prod([density(child) for child in tree]))


def size(tree: Tree) -> int:
    return 1 + sum(size(child) for child in tree)


def stages(method, tree: Tree) -> np.ndarray:
    """What each stage contributes: one child is reached through alpha + gamma, several through alpha (Hairer and Wanner, section IV.7)."""
    if not tree:
        return np.ones(method.stages)
    matrix = method.alphas + method.gammas if len(tree) == 1 else method.alphas
    return np.prod([matrix @ stages(method, child) for child in tree], axis=0)


def residuals(method, order: int, weights: np.ndarray) -> list[float]:
    return [float(weights @ stages(method, tree) - 1.0 / density(tree)) for tree in trees(order)]


def embedded(method) -> np.ndarray:
    """The weights without the last stage, whose difference is the error estimate."""
    last = np.zeros((method.stages, method.stages))
    for i, row in enumerate(method.a):
        last[i, :len(row)] = row
    return last[-1] @ method.gammas


def test_the_trees_are_counted_as_they_are_known():
    assert [len(trees(n)) for n in (1, 2, 3, 4, 5, 6)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
def test_every_condition_up_to_the_order_holds_and_one_beyond_it_does_not(method):
    for order in range(1, method.order + 1):
        assert np.abs(residuals(method, order, method.weights)).max() < 1e-12
    assert np.abs(residuals(method, method.order + 1, method.weights)).max() > 1e-6


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
def test_the_error_estimate_is_of_one_order_less(method):
    weights = embedded(method)
    for order in range(1, method.embedded + 1):
        assert np.abs(residuals(method, order, weights)).max() < 1e-12
    assert np.abs(residuals(method, method.embedded + 1, weights)).max() > 1e-6


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
def test_the_last_stages_are_at_the_end_of_the_step_and_take_nothing_of_the_derivative_by_time(method):
    assert method.alpha[-2:] == pytest.approx([1.0, 1.0], abs=1e-12)
    assert method.gamma_sums[-2:] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert method.gamma_sums[0] == pytest.approx(method.gamma)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.name)
def test_a_stiff_component_dies_within_a_step(method):
    """R(z) = 1 + z b (I - z (alpha + gamma))^-1 1 goes to 0 at minus infinity and stays within 1 on the negative axis."""
    beta = method.alphas + method.gammas

    def grows(z: complex) -> float:
        return abs(1 + z * method.weights @ np.linalg.solve(np.eye(method.stages) - z * beta, np.ones(method.stages)))

    assert grows(-1e8) < 1e-6
    assert max(grows(-x) for x in np.logspace(-3, 6, 200)) <= 1.0
    assert max(grows(1j * x) for x in np.logspace(-3, 4, 200)) <= 1.0 + 1e-9


@pytest.mark.parametrize(("method", "order"), [(RODAS5P, 4), (RODAS4, 3)], ids=["rodas5p", "rodas4"])
def test_the_interpolant_has_its_order_at_every_place_of_the_step(method, order):
    """The weights at theta fulfil the conditions with theta^n / density in place of 1 / density."""
    last = np.append(method.a[-1], 1.0)
    h = np.array(method.h)
    for theta in (0.1, 0.37, 0.5, 0.9):
        inner = sum(h[r] * theta**r for r in range(len(h)))
        weights = (theta * (last + (1 - theta) * inner)) @ method.gammas
        for n in range(1, order + 1):
            wrong = [weights @ stages(method, tree) - theta**n / density(tree) for tree in trees(n)]
            assert np.abs(wrong).max() < 1e-10, (theta, n)
