"""Small systems whose solutions are known, or are hard in a known way."""

from __future__ import annotations

from functools import cache

from tocsin.model.compile import compile_system
from tocsin.model.solver import Compiled
from tocsin.model.system import Assigned, Input, Parameter, State, System


def state(name: str, rate: str, initial: str = "0", *, positive: bool = True) -> State:
    return State(name, "1", "made up", initial=initial, rate=rate, positive=positive)


def parameter(name: str, value: float) -> Parameter:
    return Parameter(name, "1", "made up", "assumed", "assumed", value=value)


def system(name: str, states: tuple[State, ...], parameters: dict[str, float], **more) -> System:
    return System(name, states, tuple(parameter(n, v) for n, v in parameters.items()), **more)


DECAY = system("decay", (state("x", "-k * x", "x0"),), {"k": 0.7, "x0": 2.0})
GROWTH = system("growth", (state("x", "k * x^2", "x0"),), {"k": 1.0, "x0": 1.0})
ROBERTSON = system(
    "robertson",
    (state("a", "-k1 * a + k3 * b * c", "1"), state("b", "k1 * a - k3 * b * c - k2 * b^2"), state("c", "k2 * b^2")),
    {"k1": 0.04, "k2": 3e7, "k3": 1e4},
)
VAN_DER_POL = system(
    "van_der_pol", (state("x", "v", "2", positive=False), state("v", "mu * ((1 - x^2) * v - x)", "-0.6", positive=False)), {"mu": 1000.0},
)
LOTKA_VOLTERRA = system(
    "lotka_volterra", (state("prey", "a * prey - b * prey * hunter", "10"), state("hunter", "-c * hunter + d * prey * hunter", "5")),
    {"a": 1.1, "b": 0.4, "c": 0.4, "d": 0.1},
)
ONE_COMPARTMENT = system(
    "one_compartment", (state("amount", "infusion - k * amount"), state("area", "amount / volume")), {"k": 3.0, "volume": 5.0},
    inputs=(Input("infusion", "mg/day", "rate of the infusion"),),
    assigned=(Assigned("concentration", "mg/L", "", expression="amount / volume", output=True),),
    outputs=("amount", "concentration", "area"),
)
WAVE = system("wave", (state("x", "-k * (x - exp(-time)) - exp(-time) + ln(1 + time) * 0", "1", positive=False),), {"k": 50.0})
SATURABLE = system(
    "saturable",
    (state("drug", "-vmax * drug^n / (km^n + drug^n)", "dose"), state("effect", "kin * sqrt(drug + 1) - kout * effect * exp(-drug / km)", "kin / kout")),
    {"vmax": 3.0, "km": 2.0, "n": 2.7, "dose": 10.0, "kin": 1.5, "kout": 0.8},
    outputs=("drug", "effect"),
)


@cache
def compiled(name: str, lanes: int = 4, method: str = "rodas5p") -> Compiled:
    """One of these systems, compiled once in a test run."""
    return compile_system(globals()[name], lanes, method=method)
