"""A case as a parameter recipe: what is set, what was given, what its paper states, and which numbers of the model may move.

Recipes are text (``recipes/paper000.toml``); beside each lie the values fitted to its facts (``paper000.fitted.toml``), which
``calibration/cases.py`` writes.  Every number has its status (read, derived, assumed) and its place in the paper.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import isfinite, log
from typing import Any

from tocsin.cases import case
from tocsin.errors import ModelError, UnknownIdError
from tocsin.model.care import policy
from tocsin.model.observe import observing

STATUSES = ("read", "derived", "assumed")
TAKES = ("max", "min", "mean", "last")
"""What is taken of a quantity over the hours of a statement."""
BOUNDS = ("", ">", "<")
WARD = {"care": policy, "observation": observing}
"""The tables of the virtual ward that a statement without a number may be read by: value = "care:map_limit"."""


@dataclass(frozen=True, slots=True)
class Told:
    """One number or name of a recipe, with its unit, status and place in the paper."""

    value: Any
    status: str
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """Doses in the model's own words; ``charted`` says that they stand in the record of the case, ``status`` and ``source`` are of their hours and number.

    ``amount_told``: whether the paper tells how much.
    """

    order: str
    charted: bool
    status: str
    source: str
    amount_told: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of the paper as what a quantity of the model did.

    ``take`` of ``quantity`` over the days ``day``; over that of the days ``against`` where these are given (a ratio).  ``bound`` ">" or "<": only that is
    stated.  ``spread``: the standard deviation of what the statement may mean, of the logarithm where ``logarithmic``; it is met within two of them, or beyond
    its bound.  ``reads``: the number of the virtual ward that stands for one the paper does not give.
    ``above_lowest``: the lowest value over these days is subtracted.
    ``if_missed``: what in the model stands against it, said where it is missed.
    """

    id: str
    quantity: str
    take: str
    day: tuple[float, float]
    value: float
    unit: str
    spread: float
    says: str
    status: str
    source: str
    bound: str = ""
    against: tuple[float, float] | None = None
    logarithmic: bool = False
    reads: str = ""
    if_missed: str = ""
    above_lowest: tuple[float, float] | None = None

    @property
    def spans(self) -> tuple[tuple[float, float], ...]:
        """Every span of days that it looks at."""
        return tuple(s for s in (self.day, self.against, self.above_lowest) if s is not None)

    def __post_init__(self) -> None:
        wrong = self.take not in TAKES or self.bound not in BOUNDS or self.status not in STATUSES or not self.spread > 0
        spans = self.spans
        if wrong or not isfinite(self.value) or any(not 0 <= first < last for first, last in spans) or (self.logarithmic and self.value <= 0):
            raise ModelError(f"the statement {self.id} is impossible: {self.take!r} of {self.quantity} over days {self.day}, {self.bound}{self.value:g} "
                             f"{self.unit}, spread {self.spread:g}, status {self.status!r}.")


@dataclass(frozen=True, slots=True)
class Move:
    """A parameter that may differ from its population; ``cv`` where its variability is another than the table's, and why."""

    name: str
    cv: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Fit:
    """Values fitted to a recipe, as calibration/cases.py wrote them.

    ``digest`` names recipe and model; ``objective`` = ``misfit`` (of the facts) + ``prior``; ``met`` and ``missed`` the ids of facts.
    """

    digest: str
    objective: float
    misfit: float
    prior: float
    seed: int
    candidates: int
    met: tuple[str, ...]
    missed: tuple[str, ...]
    values: Mapping[str, float]


@dataclass(frozen=True)
class Recipe:
    """One case as told above; ``told`` holds weight, age, product, disease and dose of cells by name."""

    case: str
    told: Mapping[str, Told]
    days: float
    seed: int
    given: tuple[Given, ...]
    facts: tuple[Fact, ...]
    moves: tuple[Move, ...]
    panels: tuple[str, ...]
    without: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def schedule(self) -> str:
        """Every dose in one text."""
        return "; ".join(g.order for g in self.given)


TOLD = ("weight_kg", "age_years", "product", "disease", "car_dose")


@cache
def recipe(id: str) -> Recipe:  # noqa: A002 - the id is what it is
    """The recipe of a case; UnknownIdError when there is no such case, ModelError where its text is wrong."""
    name = f"paper{case(id).id}.toml"
    return read(files("tocsin.cases").joinpath("recipes", name).read_text(encoding="utf-8"), name)


def read(text: str, where: str = "recipe") -> Recipe:
    """A recipe from its text; ModelError, naming the file, for what is missing or impossible."""
    try:
        table = tomllib.loads(text)
        told = {name: Told(table[name]["value"], table[name]["status"], table[name]["source"], table[name].get("unit", "")) for name in TOLD}
        given = tuple(Given(d["order"], d["charted"], d["status"], d["source"], d.get("amount_told", True)) for d in table.get("dose", ()))
        facts = tuple(_fact(f) for f in table["fact"])
        moves = tuple(Move(name, m.get("cv"), m.get("reason", "")) for name, m in table["move"].items())
        found = Recipe(table["case"], told, float(table["days"]), int(table["seed"]), given, facts, moves, tuple(table["panels"]),
                       tuple(w.strip() for w in table.get("without", "").split(",") if w.strip()), tuple(table.get("silent", ())))
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{where}: {error}") from None
    except KeyError as error:
        raise ModelError(f"{where}: {error.args[0]!r} is missing.\n  Compare it with the recipes that come with Tocsin.") from None
    for what, status in (*((n, t.status) for n, t in told.items()), *((g.order, g.status) for g in given)):
        if status not in STATUSES:
            raise ModelError(f"{where}: the status of {what!r} is one of {', '.join(STATUSES)}, not {status!r}.")
    for wider in moves:
        if wider.cv is not None and not (wider.reason and wider.cv > 0):
            raise ModelError(f"{where}: {wider.name} has another variability than its table; it is above 0 and says the reason.")
    late = max(f.day[1] for f in facts)
    if late > found.days:
        raise ModelError(f"{where}: a statement is of day {late:g}, but only {found.days:g} days are simulated.")
    return found


def _fact(table: Mapping[str, Any]) -> Fact:
    value = table["value"]
    reads = value if isinstance(value, str) else ""
    logarithmic = "fold" in table
    spread = log(table["fold"]) / 2.0 if logarithmic else table["tolerance"] / 2.0
    against, lowest = table.get("against"), table.get("above_lowest")
    stated = _ward(reads) if reads else float(value)
    return Fact(table["id"], table["quantity"], table["take"], _span(table["day"]), stated, table["unit"], spread, table["says"], table["status"],
                table["source"], table.get("bound", ""), None if against is None else _span(against), logarithmic, reads, table.get("if_missed", ""),
                None if lowest is None else _span(lowest))


def _span(days: list[float]) -> tuple[float, float]:
    first, last = (float(d) for d in days)
    return first, last


def _ward(name: str) -> float:
    table, _, entry = name.partition(":")
    if table not in WARD or entry not in WARD[table]():
        raise UnknownIdError("number of the virtual ward", name, [f"{t}:{e}" for t, numbers in WARD.items() for e in numbers()])
    return WARD[table]()[entry]


def fit_file(id: str) -> str:  # noqa: A002
    """The name of the file of fitted values."""
    return f"paper{id}.fitted.toml"


def fitted(id: str) -> Fit:  # noqa: A002
    """The values fitted to a case; ModelError when there are none."""
    place = files("tocsin.cases").joinpath("recipes", fit_file(case(id).id))
    if not place.is_file():
        raise ModelError(f"case {id} has no fitted values.\n  Write them: python calibration/cases.py --write")
    table = tomllib.loads(place.read_text(encoding="utf-8"))
    return Fit(**{n: table[n] for n in ("digest", "objective", "misfit", "prior", "seed", "candidates")},
               met=tuple(table["met"]), missed=tuple(table["missed"]), values=table["values"])


def fit_text(id: str, fit: Fit) -> str:  # noqa: A002
    """The file of fitted values."""
    names = ", ".join(f'"{n}"' for n in fit.met), ", ".join(f'"{n}"' for n in fit.missed)
    lines = [
        f"# Case {id}: values fitted to the facts of its recipe, written by calibration/cases.py. Not edited by hand.",
        f'digest = "{fit.digest}" # of the recipe and of the model it was fitted with', f"objective = {fit.objective:.6g}",
        f"misfit = {fit.misfit:.6g}", f"prior = {fit.prior:.6g}", f"seed = {fit.seed}", f"candidates = {fit.candidates}",
        f"met = [{names[0]}]", f"missed = [{names[1]}]", "", "[values]", *(f"{n} = {v:.10g}" for n, v in fit.values.items()),
    ]
    return "\n".join(lines) + "\n"
