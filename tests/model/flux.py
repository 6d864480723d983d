"""Every quantity and every rate of the disease model at a state: what the tests of its fluxes look at.

What they expect is computed from the model's own parameters by their meaning, or is a direction, a limit or a balance: it holds whatever the values are.
"""

from __future__ import annotations

from functools import cache

from model_runs import lambdified
from tocsin.model.load import load

P = {p.name: p.value for p in load().parameters}
STATES = load().state_names
Values = dict[str, float]
REST: Values = {"car_infused": 0.0, "tumour_marrow_positive": 0.0, "tumour_local_positive": 0.0, "tumour_negative": 0.0}
"""Nobody infused and no tumour; the rest as in health."""


@cache
def _both(states: tuple[tuple[str, float], ...], given: tuple[tuple[str, float], ...]) -> tuple[Values, Values]:
    model = lambdified()
    p = model.parameters(dict(given))
    y = model.start(p)
    for name, value in states:
        y[STATES.index(name)] = value
    return model.named(y, p), dict(zip(STATES, model.rate(0.0, list(y), p), strict=True))


def named(states: Values | None = None, **given: float) -> Values:
    """Every quantity at a state that differs from rest so."""
    return _both(tuple({**REST, **(states or {})}.items()), tuple(given.items()))[0]


def rates(states: Values | None = None, **given: float) -> Values:
    """Every rate there."""
    return _both(tuple({**REST, **(states or {})}.items()), tuple(given.items()))[1]


def steroid(share: float) -> Values:
    """What is at the site of effect where macrophages lose this share of what a glucocorticoid can take away."""
    return {"steroid_effect": P["steroid_ic50"] * (share / (1 - share)) ** (1 / P["steroid_hill"])}
