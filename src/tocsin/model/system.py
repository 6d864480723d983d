"""A system of differential equations as data: what the text of a model says, and all that the compiler and the exporters need.

Time is in days.  Expressions are texts in the common subset of Antimony and Python (``+ - * / ^``, numbers, names, and the functions of FUNCTIONS);
they name states, parameters, inputs, assigned quantities that stand before them, and ``time``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

FUNCTIONS = ("exp", "ln", "sqrt")
"""What an expression may call beside the functions that the text defines, which are written out where they are used."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Anything with a name: its unit, what it means, where that comes from (a reference key, or "assumed") and its status.

    ``status``: read (in the source), transcribed (in a faithful transcription), fitted (to named targets), assumed, memory, and, for what is no
    finding, definition (a conversion) or chosen (a patient's or a user's own).
    """

    name: str
    unit: str
    meaning: str
    source: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Parameter(Quantity):
    """A number of the model.  ``cv`` is the coefficient of variation between patients (log-normal; 0: the same in all), within ``low`` and ``high``."""

    value: float = 0.0
    cv: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class State(Quantity):
    """A state: ``initial`` is an expression of parameters, ``rate`` its change in a day; ``positive`` says that it is never below 0."""

    initial: str = "0"
    rate: str = "0"
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Assigned(Quantity):
    """A quantity that follows from the others at every moment; ``output`` says whether results keep it."""

    expression: str = "0"
    output: bool = False


@dataclass(frozen=True, slots=True)
class Input(Quantity):
    """A number that only dosing changes (the rate of an infusion): constant between events, 0 at first."""


@dataclass(frozen=True)
class System:
    """A model.  ``assigned`` are in an order in which each names only earlier ones; ``outputs`` are states and assigned quantities kept in results.

    ``drugs`` maps a drug to how it is given: (target state or input, unit of the dose, factor expression).
    """

    name: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    inputs: tuple[Input, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    outputs: tuple[str, ...] = ()
    drugs: Mapping[str, Dosing] = field(default_factory=dict)

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        """The states in their order, which is that of every array of states."""
        return tuple(s.name for s in self.states)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """The parameters in their order, which is that of every array of parameters."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """The inputs in their order."""
        return tuple(i.name for i in self.inputs)


@dataclass(frozen=True, slots=True)
class Dosing:
    """How a drug enters the model: a dose of one ``unit`` adds ``factor`` (an expression of parameters) to the state ``target``.

    A dose over a time sets the input ``rate_input`` to factor x dose / days for that time; without one it is always given at once.
    """

    target: str
    unit: str
    factor: str = "1"
    rate_input: str = ""
